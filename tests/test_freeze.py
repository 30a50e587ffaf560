"""The clients are looked at once; after that what they said then counts, and the firewall never asks itself."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.freeze import FROZEN, authorization, came_through_us, config_path, exemptions, settings
from seawall.kernel.client import CredentialPlace
from seawall.kernel.errors import PolicyError
from seawall.kernel.origin import Origin
from seawall.kernel.policy.facts import Mode

NOW = datetime(2026, 11, 25, 13, 25, tzinfo=UTC)
LATER = datetime(2026, 12, 1, tzinfo=UTC)
CANARY = "not-a-real-token-6v4"
CONSTANTS = '_HF_DEFAULT_ENDPOINT = "https://hub.example"\nraise SystemExit("it was run")\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it but what a test puts there."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("seawall.freeze.MACHINE", tmp_path / "etc" / "firewall.toml")
    monkeypatch.setattr("seawall.adapters.machine.hugging_face.find_spec", lambda _: None)
    return tmp_path


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_clients_are_looked_at_once(home: Path) -> None:
    put(
        home / ".npmrc",
        "registry=https://corp.example/npm/\n@acme:registry=https://acme.example/\n"
        f"//corp.example/npm/:_authToken={CANARY}\n",
    )
    put(
        home / ".config/pip/pip.conf",
        f"[global]\nextra-index-url = https://ci:{CANARY}@index.example/simple/\n",
    )
    found, notes = settings(NOW)
    assert found.frozen == NOW
    assert [(item.ecosystem, item.name, item.owns) for item in found.origins] == [
        ("npm", "acme", ("@acme/*",)),
        ("npm", "corp.example", ()),
        ("PyPI", "index.example", ()),
        ("PyPI", "pypi", ()),
    ]
    file = home / "data" / FROZEN
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert CANARY not in file.read_text() + repr(found) + str(notes)
    assert any("written to" in note for note in notes)
    assert any("none owns a name" in note for note in notes)
    assert any("gets the credential in" in note and ".npmrc" in note for note in notes)
    # What `setup --fix` does: the clients' registry is the firewall from now on.
    put(home / ".npmrc", "registry=http://127.0.0.1:8080/npm/\n")
    put(home / ".config/pip/pip.conf", "[global]\nindex-url = http://127.0.0.1:8080/pypi/simple/\n")
    again, notes = settings(LATER)
    assert (again.origins, again.frozen) == (found.origins, NOW)
    assert f"upstreams: {file}" in notes


def test_credentials_are_read_where_they_are_kept_in_the_moment_of_a_request(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npmrc = put(
        home / ".npmrc", "registry=https://corp.example/npm/\n//corp.example/npm/:_authToken=${TOKEN}\n"
    )
    found, _ = settings(NOW)
    npm = found.origins[0]
    read = authorization()
    assert read(npm) == ""
    monkeypatch.setenv("TOKEN", CANARY)
    assert read(npm) == f"Bearer {CANARY}"
    put(npmrc, "registry=http://127.0.0.1:8080/npm/\n//corp.example/npm/:_authToken=another\n")
    assert read(npm) == "Bearer another"


@pytest.mark.parametrize(
    ("place", "variables", "files", "expected"),
    [
        (("", "T"), {"T": CANARY}, {}, f"Bearer {CANARY}"),
        (("", "T"), {"T": "me:pw"}, {}, "Basic bWU6cHc="),
        (("", "T"), {"T": "a\r\nX: y"}, {}, ""),
        (("", "T"), {}, {}, ""),
        (("", "T"), {"T": "https://me:pw@corp.example/x"}, {}, "Basic bWU6cHc="),
        (("", "T"), {"T": f"https://me:{CANARY}@other.example/x"}, {}, ""),
        (
            ("", "UV_INDEX_X_PASSWORD"),
            {"UV_INDEX_X_PASSWORD": "pw", "UV_INDEX_X_USERNAME": "me"},
            {},
            "Basic bWU6cHc=",
        ),
        (("~/token", ""), {}, {"token": f"{CANARY}\n"}, f"Bearer {CANARY}"),
        (("~/none", ""), {}, {}, ""),
        (
            ("~/.npmrc", "//corp.example/:_authToken"),
            {},
            {".npmrc": "//corp.example/:_authToken=t"},
            "Bearer t",
        ),
        (("~/.npmrc", "//corp.example/:_authToken"), {}, {".npmrc": "//o.example/:_authToken=t"}, ""),
    ],
)
def test_where_a_credential_can_be_kept(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: tuple[str, str],
    variables: dict[str, str],
    files: dict[str, str],
    expected: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name, text in files.items():
        put(home / name, text)
    for url, wanted in (("https://corp.example/npm/", expected), ("http://corp.example/npm/", "")):
        origin = Origin("npm", "corp", url, credentials=(CredentialPlace(*place),))
        assert authorization()(origin) == wanted


def test_netrc_counts_for_python_packages_only(home: Path) -> None:
    put(home / ".netrc", "machine corp.example login me password pw\n").chmod(0o600)
    assert authorization()(Origin("PyPI", "corp", "https://corp.example/simple/")) == "Basic bWU6cHc="
    assert authorization()(Origin("npm", "corp", "https://corp.example/")) == ""
    assert authorization()(Origin("PyPI", "corp", "https://other.example/simple/")) == ""


def test_a_file_that_names_upstreams_is_all_there_is(home: Path) -> None:
    put(home / ".npmrc", "registry=https://corp.example/npm/\n")
    put(
        home / ".config/seawall/firewall.toml",
        '[listen]\nport = 9000\ncertificate = "~/a.pem"\nkey = "/b.pem"\n[mode]\ndefault = "observe"\n'
        '[[upstream]]\necosystem = "npm"\nname = "a"\nurl = "https://registry.example/"\n',
    )
    found, notes = settings(NOW)
    assert [item.name for item in found.origins] == ["a"]
    assert (found.listen.port, found.mode, found.frozen) == (9000, Mode.OBSERVE, None)
    assert found.listen.certificate == str(home / "a.pem")
    assert notes == (f"settings: {home}/.config/seawall/firewall.toml",)
    assert not (home / "data").exists()
    found, _ = settings(NOW, listen="[::1]:1234", mode="enforce")
    assert (found.listen.host, found.listen.port, found.mode) == ("::1", 1234, Mode.ENFORCE)


def test_which_file_counts(home: Path) -> None:
    assert config_path() is None
    machine = put(home / "etc" / "firewall.toml", "")
    assert config_path() == machine
    user = put(home / ".config/seawall/firewall.toml", "")
    assert config_path() == user
    named = put(home / "mine.toml", "")
    assert config_path("~/mine.toml") == named
    with pytest.raises(PolicyError, match="no file"):
        config_path("~/none.toml")


@pytest.mark.parametrize(
    "text", ["[listne]\n", "[mode]\ndefault = 'off'\n", "[[exemptions]]\nasset = 'a'\n", "["]
)
def test_a_bad_file_stops_the_start(home: Path, text: str) -> None:
    path = put(home / "f.toml", text)
    for attempt in (lambda: settings(NOW, config=str(path)), lambda: exemptions(path)):
        with pytest.raises(PolicyError, match=r"f\.toml") as caught:
            attempt()
        assert caught.value.exit_code == 2
    assert not (home / "data").exists()


def test_exemptions_are_read_as_they_are_now(home: Path) -> None:
    assert exemptions(None) == ()
    path = put(home / "f.toml", "")
    assert exemptions(path) == ()
    put(
        path,
        "[[exemptions]]\nasset = 'pkg:npm/a'\nreason = 'r'\nauthor = 'a'\nexpires = 2027-01-01\nkind = 'cooldown'\n",
    )
    assert [item.asset for item in exemptions(path)] == ["pkg:npm/a"]


def test_what_was_frozen_and_cannot_be_read_stops_the_start(home: Path) -> None:
    """Looking at the clients again would find the firewall itself."""
    path = put(home / "data" / FROZEN, "frozen = 1\n")
    with pytest.raises(PolicyError, match="frozen must be") as caught:
        settings(NOW)
    assert "remove it while" in caught.value.advice
    assert path.read_text() == "frozen = 1\n"


@pytest.mark.parametrize(
    ("listen", "registry"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/npm/"),
        ("127.0.0.1:8080", "http://localhost:8080/npm/"),
        ("localhost:8080", "http://[::1]:8080/npm/"),
        ("0.0.0.0:8080", "http://127.0.0.2:8080/npm/"),
        ("127.0.0.1:1", "https://firewall.example/npm/"),
        ("127.0.0.1:1", "https://FIREWALL.example:443/npm/"),
    ],
)
def test_it_does_not_ask_itself(home: Path, listen: str, registry: str) -> None:
    path = put(home / "f.toml", '[listen]\nurls = ["https://firewall.example"]\n')
    put(home / ".npmrc", f"registry={registry}\n")
    with pytest.raises(PolicyError, match="is this firewall itself"):
        settings(NOW, config=str(path), listen=listen)
    named = put(
        home / "g.toml",
        f'{path.read_text()}[[upstream]]\necosystem = "npm"\nname = "a"\nurl = "{registry}"\n',
    )
    with pytest.raises(PolicyError, match="is this firewall itself"):
        settings(NOW, config=str(named), listen=listen)


def test_another_port_of_this_machine_is_not_itself(home: Path) -> None:
    put(home / ".npmrc", "registry=http://127.0.0.1:4873/\n")
    assert settings(NOW)[0].origins[0].url == "http://127.0.0.1:4873/"


@pytest.mark.parametrize("listen", ["8080", "host:", ":8080", "host:port", "host:99999"])
def test_an_address_that_is_none(home: Path, listen: str) -> None:
    with pytest.raises(PolicyError, match="--listen"):
        settings(NOW, listen=listen)


def test_a_request_that_came_through_us() -> None:
    assert came_through_us("abc", "abc")
    assert came_through_us("one, abc", "abc")
    assert not came_through_us("abcd", "abc")
    assert not came_through_us("", "")
    assert not came_through_us("abc", "")


def test_a_client_that_cannot_be_followed_stops_the_start(home: Path) -> None:
    put(home / ".npmrc", "registry=http://corp.example/npm/\n")
    with pytest.raises(PolicyError, match="without TLS") as caught:
        settings(NOW)
    assert "[[upstream]]" in caught.value.advice
    assert not (home / "data").exists()


def test_the_hub_of_hugging_face(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, notes = settings(NOW)
    assert any("no huggingface_hub was found" in note for note in notes)
    (home / "data" / FROZEN).unlink()
    put(home / "lib/python3.11/site-packages/huggingface_hub/constants.py", CONSTANTS)
    put(home / "bin/hf", "#!/bin/sh\n").chmod(0o755)
    put(home / ".cache/huggingface/token", CANARY)
    found, _ = settings(NOW)
    hub = found.origins[-1]
    assert (hub.ecosystem, hub.name, hub.url) == ("Hugging Face", "huggingface", "https://hub.example")
    assert authorization()(hub) == f"Bearer {CANARY}"
    (home / "data" / FROZEN).unlink()
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    monkeypatch.setenv("HF_TOKEN", "of-the-variable")
    hub = settings(NOW)[0].origins[-1]
    assert (hub.name, hub.url) == ("mirror.example", "https://mirror.example")
    assert authorization()(hub) == "Bearer of-the-variable"
    (home / "data" / FROZEN).unlink()
    monkeypatch.setenv("HF_ENDPOINT", f"https://me:{CANARY}@mirror.example")
    with pytest.raises(PolicyError, match="HF_ENDPOINT") as caught:
        settings(NOW)
    assert CANARY not in str(caught.value)


def test_a_data_directory_that_cannot_be_written(home: Path) -> None:
    put(home / "data", "in the way")
    with pytest.raises(PolicyError, match="cannot be"):
        settings(NOW)


@pytest.mark.parametrize(
    ("place", "text", "lost"),
    [
        (".npmrc", f"registry=https://ci:{CANARY}@corp.example/npm/\n", True),
        (".npmrc", f"registry=https://corp.example/npm/\n//corp.example/npm/:_authToken={CANARY}\n", False),
        (".config/pip/pip.conf", f"[global]\nindex-url = https://ci:{CANARY}@corp.example/simple/\n", True),
        (".config/pip/pip.conf", f"[global]\nextra-index-url = https://ci:{CANARY}@i.example/s/\n", False),
    ],
)
def test_a_credential_that_would_go_with_its_line_is_told_of(
    home: Path, place: str, text: str, lost: bool
) -> None:
    put(home / place, text)
    notes = "\n".join(settings(NOW)[1])
    assert ("is part of its address" in notes) is lost
    assert CANARY not in notes
