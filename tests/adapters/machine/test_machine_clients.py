"""What is on a machine is found in a home directory and a PATH of its own; nothing of a tree is started."""

import os
import time
from pathlib import Path

import pytest

from seawall.adapters.machine import clients
from seawall.kernel.client import ECOSYSTEM_OF, Layer, Machine
from seawall.kernel.lockfile import ProblemKind


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    return place


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def says(directory: Path, name: str, words: str, ran: Path | None = None) -> Path:
    """A program that prints `words`, and that leaves the file `ran` behind when it is started."""
    note = f"pwd > {ran}; env >> {ran}; echo $@ >> {ran}\n" if ran else ""
    return program(directory / name, f"#!/bin/sh\n{note}echo '{words}'\n")


def look(path: Path | str, home: Path, tree: Path | None = None, **more: str) -> Machine:
    return clients.look({"PATH": str(path), "HOME": str(home), **more}, tree)


def versions(machine: Machine) -> dict[str, str]:
    return {client.name: client.version for client in machine.clients}


def test_every_client_is_found_and_asked(tmp_path: Path, home: Path) -> None:
    for number, name in enumerate(ECOSYSTEM_OF):
        says(tmp_path / "bin", name, f"{name} version 9.{number}.1 (abc)")
    got = look(tmp_path / "bin", home)
    assert versions(got) == {name: f"9.{number}.1" for number, name in enumerate(ECOSYSTEM_OF)}
    assert {client.path for client in got.clients} == {str(tmp_path / "bin" / name) for name in ECOSYSTEM_OF}


def test_no_client_no_files(tmp_path: Path, home: Path) -> None:
    got = look("", home)
    assert got.clients == ()
    assert [place for place in got.configurations if place.layer is Layer.USER] == []


def test_pip3_is_pip(tmp_path: Path, home: Path) -> None:
    says(tmp_path / "bin", "pip3", "pip 26.3 from somewhere")
    assert versions(look(tmp_path / "bin", home)) == {"pip": "26.3"}


def test_it_is_asked_in_the_root_directory_with_few_variables(tmp_path: Path, home: Path) -> None:
    ran = tmp_path / "ran"
    says(tmp_path / "bin", "uv", "uv 0.13.9", ran)
    look(
        f"{tmp_path}/bin:/usr/bin:/bin",
        home,
        tmp_path / "tree",
        AWS_SECRET_ACCESS_KEY="hidden",
        NODE_OPTIONS="--require evil",
    )
    place, *rest = ran.read_text().splitlines()
    assert place == "/"
    assert rest[-1] == "--version"
    assert "hidden" not in ran.read_text()
    assert "evil" not in ran.read_text()
    assert "YARN_IGNORE_PATH=1" in rest


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh\nexit 1\n",
        "#!/bin/sh\necho 9.9.9; exit 1\n",
        "#!/bin/sh\necho no number\n",
        "#!/nowhere/at/all\n",
        "\x7fELFnot really",
        "",
    ],
)
def test_a_program_that_does_not_tell(tmp_path: Path, home: Path, text: str) -> None:
    program(tmp_path / "bin" / "uv", text)
    (client,) = look(tmp_path / "bin", home).clients
    assert (client.version, client.note) == ("", "it did not tell its version")


def test_a_program_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "_SECONDS", 0.3)
    child = tmp_path / "child"
    program(tmp_path / "bin" / "uv", f"#!/bin/sh\nsleep 300 &\necho $! > {child}\nwait\n")
    (client,) = look(f"{tmp_path}/bin:/usr/bin:/bin", home, tmp_path / "tree").clients[-1:]
    assert client.version == ""
    gone = Path(f"/proc/{child.read_text().strip()}")
    for _ in range(200):
        if not gone.exists() or "Z" in gone.joinpath("stat").read_text().rsplit(")", 1)[1][:3]:
            break
        time.sleep(0.01)
    else:
        pytest.fail("what it started still runs")


def node_package(root: Path, package: str, version: str, name: str) -> Path:
    """A package of node's with one program, and a link to it beside."""
    real = program(root / "lib" / "node_modules" / package / "bin" / f"{name}.js", "#!/bin/false\n")
    (real.parent.parent / "package.json").write_text(f'{{"name": "{package}", "version": "{version}"}}')
    link = root / "bin" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(os.path.relpath(real, link.parent))
    return link


@pytest.mark.parametrize(
    ("package", "name"), [("npm", "npm"), ("pnpm", "pnpm"), ("@yarnpkg/cli-dist", "yarn"), ("bun", "bun")]
)
def test_a_version_that_stands_beside_the_program(
    tmp_path: Path, home: Path, package: str, name: str
) -> None:
    node_package(tmp_path / "usr", package, "12.3.4", name)
    assert versions(look(tmp_path / "usr" / "bin", home)) == {name: "12.3.4"}


def test_a_corepack_shim_is_never_run(tmp_path: Path, home: Path) -> None:
    ran = tmp_path / "ran"
    link = node_package(tmp_path / "usr", "corepack", "0.34.0", "yarn")
    program(link.resolve(), f"#!/bin/sh\ntouch {ran}\necho 9.9.9\n")
    (client,) = look(tmp_path / "usr" / "bin", home).clients
    assert (client.name, client.version) == ("yarn", "")
    assert "corepack" in client.note
    assert not ran.exists()


@pytest.mark.parametrize("manifest", ["[" * 100_000, "[]", '{"name": 7}', '{"name": "npm"', "\xff"])
def test_a_hostile_manifest_above_a_program(tmp_path: Path, home: Path, manifest: str) -> None:
    says(tmp_path / "pkg" / "bin", "npm", "11.19.1")
    (tmp_path / "pkg" / "package.json").write_text(manifest, "latin-1")
    assert versions(look(tmp_path / "pkg" / "bin", home)) == {"npm": "11.19.1"}


@pytest.fixture
def trap(tmp_path: Path) -> tuple[Path, Path]:
    """A tree with every package manager in it; each leaves a file behind when it is started."""
    tree, ran = tmp_path / "tree", tmp_path / "ran"
    for name in ECOSYSTEM_OF:
        for directory in ("node_modules/.bin", ".venv/bin", "."):
            says(tree / directory, name, "99.0.0", ran)
    return tree, ran


def test_nothing_in_the_tree_is_started(
    trap: tuple[Path, Path], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, ran = trap
    says(tmp_path / "bin", "uv", "uv 0.13.9")
    monkeypatch.chdir(tree)
    parts = [
        f"{tree}/node_modules/.bin",
        f"{tree}/.venv/bin",
        ".",
        "node_modules/.bin",
        "",
        f"{tmp_path}/bin",
    ]
    got = look(":".join(parts), home, tree)
    assert versions(got) == {"uv": "0.13.9"}
    assert not ran.exists()
    assert any(note.startswith("npm: ") and "was not started" in note for note in got.notes)


def test_a_link_into_the_tree_is_not_followed_to_a_start(
    trap: tuple[Path, Path], tmp_path: Path, home: Path
) -> None:
    tree, ran = trap
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "npm").symlink_to(tree / "npm")
    (tmp_path / "other").symlink_to(tree / ".venv" / "bin")
    (tmp_path / "alias").symlink_to(tree)
    got = look(f"{tmp_path}/bin:{tmp_path}/other:{tmp_path}/alias", home, tmp_path / "alias")
    assert got.clients == ()
    assert not ran.exists()


def test_settings_in_the_tree_are_not_the_users(trap: tuple[Path, Path], home: Path) -> None:
    tree, _ = trap
    (tree / "npmrc").write_text("registry=https://evil.example/\nmin-release-age=7\n")
    (tree / "pip.conf").write_text("[global]\nindex-url = https://evil.example/\n")
    (tree / "uv.toml").write_text('index-url = "https://evil.example/"\n')
    got = look(
        "",
        home,
        tree,
        npm_config_userconfig=f"{tree}/npmrc",
        npm_config_globalconfig=f"{tree}/npmrc",
        PIP_CONFIG_FILE=f"{tree}/pip.conf",
        UV_CONFIG_FILE=f"{tree}/uv.toml",
    )
    assert "evil.example" not in repr(got)


def test_a_tree_that_holds_the_home_is_the_users_own(tmp_path: Path, home: Path) -> None:
    says(home / ".local" / "bin", "uv", "uv 0.13.9")
    assert versions(look(home / ".local" / "bin", home, tmp_path)) == {"uv": "0.13.9"}


FILES = {
    ".npmrc": "min-release-age=7\n",
    ".config/pnpm/rc": "minimum-release-age=1\n",
    ".config/pnpm/config.yaml": "minimumReleaseAge: 1\n",
    ".yarnrc": "ignore-scripts true\n",
    ".yarnrc.yml": "npmMinimalAgeGate: 7d\n",
    ".bunfig.toml": "[install]\nminimumReleaseAge = 1\n",
    ".pip/pip.conf": "[global]\nuploaded-prior-to = P1D\n",
    ".config/pip/pip.conf": "[global]\nuploaded-prior-to = P7D\n",
    ".config/uv/uv.toml": 'exclude-newer = "7 days"\n',
    ".config/pypoetry/config.toml": "[solver]\nmin-release-age = 7\n",
}


def write(home: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)


def read_files(machine: Machine, home: Path) -> list[str]:
    return [p.path.removeprefix(f"{home}/") for p in machine.configurations if p.path.startswith(f"{home}/")]


def test_every_file_of_the_user_is_read_and_the_winning_one_last(home: Path) -> None:
    write(home, FILES)
    got = look("", home)
    assert read_files(got, home) == list(FILES)
    assert all(place.options for place in got.configurations if place.layer is Layer.USER)


def test_the_variables_that_move_a_file(tmp_path: Path, home: Path) -> None:
    other = tmp_path / "other"
    write(
        other,
        {
            "npmrc": "min-release-age=7\n",
            "global": "min-release-age=1\n",
            "pip.conf": "[global]\nuploaded-prior-to = P7D\n",
            "uv.toml": 'exclude-newer = "7 days"\n',
            "pypoetry/config.toml": "[solver]\nmin-release-age = 7\n",
            "xdg/.bunfig.toml": "[install]\nminimumReleaseAge = 1\n",
            "xdg/pnpm/config.yaml": "minimumReleaseAge: 1\n",
        },
    )
    got = look(
        "",
        home,
        NPM_CONFIG_USERCONFIG=str(other / "npmrc"),
        npm_config_globalconfig=str(other / "global"),
        PIP_CONFIG_FILE=str(other / "pip.conf"),
        UV_CONFIG_FILE=str(other / "uv.toml"),
        POETRY_CONFIG_DIR=str(other / "pypoetry"),
        XDG_CONFIG_HOME=str(other / "xdg"),
    )
    assert read_files(got, other) == [
        "global",
        "npmrc",
        "xdg/pnpm/config.yaml",
        "xdg/.bunfig.toml",
        "pip.conf",
        "uv.toml",
        "pypoetry/config.toml",
    ]


def test_the_variables_that_turn_files_off(home: Path) -> None:
    write(home, FILES)
    got = look("", home, PIP_CONFIG_FILE=os.devnull, UV_NO_CONFIG="1", npm_config_userconfig=os.devnull)
    assert {"pip", "uv", "npmrc"}.isdisjoint(place.format for place in got.configurations)


def test_a_named_file_of_pip_takes_the_place_of_the_users(tmp_path: Path, home: Path) -> None:
    write(home, FILES)
    named = tmp_path / "named.conf"
    got = look("", home, PIP_CONFIG_FILE=str(named))
    assert [p.path for p in got.configurations if p.format == "pip" and str(tmp_path) in p.path] == [
        str(home / ".pip/pip.conf"),
        str(home / ".config/pip/pip.conf"),
    ]
    named.write_text("")
    got = look("", home, PIP_CONFIG_FILE=str(named))
    assert [p.path for p in got.configurations if p.format == "pip" and str(tmp_path) in p.path] == [
        str(named)
    ]


@pytest.mark.parametrize("variable", ["UV_NO_CONFIG", "UV_CONFIG_FILE"])
def test_uv_may_be_kept_from_a_projects_files(tmp_path: Path, home: Path, variable: str) -> None:
    write(tmp_path, {"1": 'exclude-newer = "1 day"\n'})
    assert look("", home, **{variable: str(tmp_path / "1")}).unread == {"uv"}
    assert look("", home).unread == frozenset()


def test_files_of_the_machine(tmp_path: Path, home: Path) -> None:
    node_package(tmp_path / "usr", "npm", "11.19.1", "npm")
    program(tmp_path / "usr" / "bin" / "node", "#!/bin/false\n")
    write(
        tmp_path,
        {
            "usr/lib/node_modules/npm/npmrc": "min-release-age=1\n",
            "usr/etc/npmrc": "min-release-age=2\n",
            "xdg/pip/pip.conf": "[global]\nuploaded-prior-to = P1D\n",
            "xdg/uv/uv.toml": 'exclude-newer = "1 day"\n',
        },
    )
    got = look(tmp_path / "usr" / "bin", home, XDG_CONFIG_DIRS=f"{tmp_path}/none:{tmp_path}/xdg:relative")
    machine = [p.path.removeprefix(f"{tmp_path}/") for p in got.configurations if p.layer is Layer.MACHINE]
    assert [path for path in machine if not path.startswith("/")] == [
        "usr/lib/node_modules/npm/npmrc",
        "usr/etc/npmrc",
        "xdg/pip/pip.conf",
        "xdg/uv/uv.toml",
    ]


def hostile(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "huge":
        path.write_bytes(b"#" * (1024 * 1024 + 1))
    elif kind == "binary":
        path.write_bytes(bytes(range(256)) * 16)
    elif kind == "deep":
        path.write_bytes(b"a: " + b"[" * 50_000)


@pytest.mark.parametrize("kind", ["pipe", "directory", "loop", "endless", "huge", "binary", "deep"])
def test_hostile_files_are_problems_and_never_hang(home: Path, kind: str) -> None:
    for name in FILES:
        hostile(home / name, kind)
    got = look("", home)
    assert read_files(got, home) == list(FILES)
    problems = [problem for place in got.configurations for problem in place.problems]
    if kind in ("pipe", "directory", "endless"):
        assert {problem.message for problem in problems} == {"not a regular file"}
    if kind == "huge":
        assert {problem.kind for problem in problems} == {ProblemKind.TOO_LARGE}
    if kind != "deep":
        assert len(problems) == len(FILES)
    formats = {place.format for place in got.configurations if place.problems}
    assert "unreadable" not in formats, "a client must know which of its files cannot be read"


def test_a_link_is_followed_and_a_dangling_one_is_nothing(tmp_path: Path, home: Path) -> None:
    (tmp_path / "dotfiles").write_text("min-release-age=7\n")
    (home / ".npmrc").symlink_to(tmp_path / "dotfiles")
    (home / ".bunfig.toml").symlink_to(tmp_path / "nowhere")
    assert read_files(look("", home), home) == [".npmrc"]
