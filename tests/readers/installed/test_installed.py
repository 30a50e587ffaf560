"""What installers leave is read for names, versions and when it starts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.machine.laptop import canary
from tests.adapters.machine.leaks import leaks

from seawall.kernel.code import CodeKind, Firmness
from seawall.kernel.limits import DEFAULT_LIMITS as LIMITS
from seawall.readers.installed import flatpak, packages, start_up, vscode_extension

READERS = [
    vscode_extension.read, packages.read_node, packages.read_uv, packages.read_pipx, packages.read_cargo,
    packages.read_plugins, flatpak.read, start_up.read,
]  # fmt: skip


def test_an_extension() -> None:
    content = {
        "publisher": "Acme", "name": "lint", "version": "1.2.3", "activationEvents": ["onLanguage:x", "*"],
        "extensionPack": ["acme.more"], "extensionDependencies": [f"a.n{n}" for n in range(6)],
    }  # fmt: skip
    ((one,), problems) = vscode_extension.read(json.dumps(content).encode(), "~/p", LIMITS)
    assert problems == ()
    code = one.code
    assert (code.kind, code.name, code.ref, code.pin) == (
        CodeKind.EXTENSION,
        "Acme.lint",
        "1.2.3",
        Firmness.FLOATING,
    )
    assert code.condition == "when the editor starts"
    assert code.note == "brings along acme.more, a.n0, a.n1, a.n2 and 3 more"
    (pinned, _) = vscode_extension.read(json.dumps(content).encode(), "~/p", LIMITS, frozenset({"acme.lint"}))
    assert pinned[0].code.pin is Firmness.VERSION


def test_what_an_editor_lists() -> None:
    text = b'[{"identifier": {"id": "A.b"}, "metadata": {"pinned": true}}, {"identifier": {"id": "c.d"}}, 5]'
    assert vscode_extension.pinned_in(text, LIMITS) == {"a.b"}
    assert vscode_extension.obsolete_in(b'{"a.b-1": true}', LIMITS) == {"a.b-1"}
    for odd in (b"", b"[", b"5", b"\xff"):
        assert vscode_extension.pinned_in(odd, LIMITS) == frozenset()
        assert vscode_extension.obsolete_in(odd, LIMITS) == frozenset()


def test_global_tools() -> None:
    def names(found: packages.Found) -> list[tuple[str, str, str]]:
        return [(item.code.name, item.code.ref, item.code.ecosystem) for item in found[0]]

    assert names(packages.read_node(b'{"name": "@a/b", "version": "1.0.0"}', "~/p", LIMITS)) == [
        ("@a/b", "1.0.0", "npm")
    ]
    uv = b'[tool]\nrequirements = [{name = "ruff", specifier = "==0.9"}, {name = "x", specifier = ">1"}]\n'
    assert names(packages.read_uv(uv, "~/p", LIMITS)) == [("ruff", "0.9", "PyPI"), ("x", "", "PyPI")]
    pipx = {
        "main_package": {"package": "tox", "package_version": "4.1"},
        "injected_packages": {"y": {"package": "tox-uv", "package_version": "1.0"}},
    }
    assert names(packages.read_pipx(json.dumps(pipx).encode(), "~/p", LIMITS)) == [
        ("tox", "4.1", "PyPI"), ("tox-uv", "1.0", "PyPI"),
    ]  # fmt: skip
    cargo = b'[v1]\n"fd-find 9.0.0 (registry+https://index.example)" = ["fd"]\n"odd" = []\n'
    assert names(packages.read_cargo(cargo, "~/p", LIMITS)) == [("fd-find", "9.0.0", "crates.io")]


def test_plugins_of_an_agent() -> None:
    commit = "a" * 40
    content = {"plugins": {"one@m": [{"version": "1.0", "gitCommitSha": commit}], "two": {"version": "2.0"}}}
    found, _ = packages.read_plugins(json.dumps(content).encode(), "~/p", LIMITS)
    assert [(i.code.name, i.code.pin) for i in found] == [
        ("one", Firmness.VERSION),
        ("two", Firmness.FLOATING),
    ]


@pytest.mark.parametrize(
    ("filesystems", "opened"),
    [("", ()), ("xdg-download;", ()), ("~/.aws:ro;!home;", ("~/.aws",)), ("home;", None), ("host:ro", None),
     ("xdg-config/git", ("~/.config/git",)), ("xdg-data;/mnt/x/", ("~/.local/share", "/mnt/x")), ("~/", None),
     ("/", None)],
)  # fmt: skip
def test_flatpaks_are_fenced_in_as_they_say(filesystems: str, opened: tuple[str, ...] | None) -> None:
    text = f"[Application]\nname=org.e.App\n[Context]\nfilesystems={filesystems}\n"
    ((one,), _) = flatpak.read(text.encode(), "~/p", LIMITS)
    assert one.opened == opened
    assert one.code.contained is (opened is not None)


def test_holes_in_the_fence_of_a_flatpak() -> None:
    def opened(text: str, *overrides: bytes) -> tuple[str, ...] | None:
        ((one,), _) = flatpak.read(
            f"[Application]\nname=org.e.App\n{text}".encode(), "~/p", LIMITS, overrides
        )
        return one.opened

    assert opened("[Context]\nsockets=x11;ssh-auth;gpg-agent;\n") == ("ssh-agent", "gpg")
    assert opened("[Context]\nsockets=session-bus;\n") is None
    assert opened("[Session Bus Policy]\norg.freedesktop.Flatpak=talk\n") is None
    assert opened("[Session Bus Policy]\norg.freedesktop.secrets=talk\norg.x=own\n") == ("keychain",)
    assert opened("[System Bus Policy]\norg.freedesktop.secrets=talk\n") == ()
    assert opened("", b"[Context]\nfilesystems=home;\n") is None
    assert opened("", b"[Context]\nfilesystems=~/.aws;\n", b"[Application]\nname=other\n") == ("~/.aws",)


SHELL = f"""\
. "$HOME/.cargo/env"
[ -s ~/.nvm/nvm.sh ] && source ~/.nvm/nvm.sh
eval "$(starship init bash)"
export A_TOKEN={canary(1)}
B_SECRET="{canary(2)}"
export C_TOKEN="$(pass show c)" D_KEY=$OTHER PATH_KEY=/a/long/path
curl -fsSL https://me:{canary(3)}@get.example/install.sh | sh
source <(curl -s -H "Authorization: {canary(4)}" https://x.example/c)
alias x='y'
"""


def test_start_up_files() -> None:
    pytest.importorskip("tree_sitter_bash")
    items, credentials, problems = start_up.read(SHELL.encode(), "~/.bashrc", LIMITS)
    assert problems == ()
    found = {(i.code.name, i.code.line) for i in items}
    assert found >= {("~/.cargo/env", 1), ("~/.nvm/nvm.sh", 2), ("starship", 3)}
    script = [i.code for i in items if i.code.line == 7]
    assert [(c.kind, c.pin) for c in script] == [(CodeKind.SCRIPT, Firmness.NONE)]
    assert all(i.code.condition == "when a shell starts" for i in items)
    assert [(c.name, c.line) for c in credentials] == [("A_TOKEN", 4), ("B_SECRET", 5)]
    assert not leaks(repr((items, credentials)), [canary(n) for n in (1, 2, 3, 4)])


def test_without_the_grammar_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from seawall.readers.syntax import shell

    monkeypatch.setattr(shell, "_parser", lambda: None)
    _, _, problems = start_up.read(SHELL.encode(), "~/.bashrc", LIMITS)
    assert "seawall[reach]" in problems[0].message


@pytest.mark.parametrize("read", READERS, ids=lambda r: f"{r.__module__}.{r.__name__}")
@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"5", b"{", b"[]", b"{}", b'{"name": 5, "publisher": [], "plugins": 3, "tool": "x"}',
             b'{"name": "\\u0000"}', b"[" * 100_000, b"x" * 100_000, b"[v1]\n" + b'"a" = 1\n' * 5],
    ids=range(11),
)  # fmt: skip
def test_hostile_files_give_an_answer(read: object, data: bytes) -> None:
    found = read(data, "~/p", LIMITS)  # type: ignore[operator]
    assert isinstance(found, tuple)


@given(st.binary(max_size=300), st.sampled_from(READERS))
def test_any_bytes_give_an_answer(data: bytes, read: object) -> None:
    read(data, "~/p", LIMITS)  # type: ignore[operator]
