"""What is found in a home directory with something of every kind, and in hostile ones."""

import os
from pathlib import Path

import pytest
from tests.adapters.machine.laptop import laptop
from tests.adapters.machine.leaks import leaks

from seawall.adapters.machine.inventory import inventory
from seawall.adapters.machine.kept_credentials import variables
from seawall.kernel.credential import Held
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.machine import Inventory
from seawall.readers.credentials import FORMATS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return path


def look(home: Path, environment: dict[str, str] | None = None) -> Inventory:
    return inventory(home, DEFAULT_LIMITS, environment)


def test_everything_on_a_laptop_is_found(home: Path) -> None:
    it = laptop()
    it.write(home)
    found = look(home)
    ids = {f"{one.id} {one.path}" for one in found.credentials}
    for wanted in (
        "npm/registry.example ~/.npmrc", "npm/files.example ~/.npmrc", "npm/yarn.example ~/.yarnrc.yml",
        "npm/bun.example ~/.bunfig.toml", "pypi/pypi ~/.pypirc", "python-index/pip.example ~/.config/pip/pip.conf",
        "python-index/uv.example ~/.config/uv/uv.toml", "browser/Firefox ~/.mozilla/firefox",
        "keychain/GNOME keyrings ~/.local/share/keyrings", "chat/Slack ~/.config/Slack",
        "wallet/Electrum ~/.electrum/wallets", "gpg/keys ~/.gnupg/private-keys-v1.d",
        "tool-settings/FILES_TOKEN ~/.config/Claude/claude_desktop_config.json",
        "tool-settings/password ~/.cursor/mcp.json", "tool-settings/X_API_KEY ~/.codex/config.toml",
        "dotenv/SHELL_TOKEN ~/.bashrc", "ssh-key/server.pem ~/server.pem", "cloud/accessTokens ~/.pulumi/credentials.json",
    ):  # fmt: skip
        assert wanted in ids
    assert not [one for one in ids if "by-variable" in one]
    assert all(one.mode == "0600" for one in found.credentials if one.held is Held.FILE and one.line)
    names = {item.code.name: item for item in found.installed}
    assert set(names) >= {
        "a.one", "a.two", "left", "@scope/right", "ruff", "tox", "fd-find", "helper", "org.e.App", "org.e.Wide",
        "some-plugin", "~/.cargo/env", "~/.nvm/nvm.sh", "starship",
    }  # fmt: skip
    assert "a.old" not in names
    assert names["org.e.App"].opened == ("~/.aws",)
    assert names["org.e.Wide"].opened is None
    assert names["a.one"].code.pin == "floating"
    assert names["a.two"].code.pin == "version"
    assert [item.check for item in found.skipped] == ["~/.config/fish/config.fish"]
    assert not leaks(repr(found), it.canaries)


def test_keys_know_their_hosts_and_comments(home: Path) -> None:
    laptop().write(home)
    keys = {one.name: one for one in look(home).credentials if one.kind == "ssh-key"}
    assert keys["id_ed25519"].scope == "hosts: build-host, deploy-host"
    assert keys["id_ed25519"].note == "ssh-ed25519, release"
    assert keys["id_locked"].encrypted is True


def test_an_empty_home_holds_nothing(home: Path) -> None:
    assert look(home) == Inventory()


@pytest.mark.parametrize("kind", ["directory", "pipe", "outside", "huge", "binary", "empty", "loop", "cut"])
def test_hostile_things_in_place_of_every_file(home: Path, kind: str) -> None:
    it = laptop()
    for path, text in it.files.items():
        place = home / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            continue
        if kind == "directory":
            place.mkdir()
        elif kind == "pipe":
            os.mkfifo(place)
        elif kind == "outside":
            place.symlink_to("/etc/shadow")
        elif kind == "loop":
            place.symlink_to(place.name)
        elif kind == "huge":
            with place.open("wb") as file:
                file.truncate(64 * 1024 * 1024)
        else:
            data = {"binary": b"\x00\xff\xfe" * 50, "empty": b"", "cut": text.encode()[: len(text) // 2]}[
                kind
            ]
            place.write_bytes(data)
    found = look(home)
    assert not leaks(repr(found), it.canaries)
    told = {item.check.partition(":")[0] for item in found.skipped}
    if kind not in ("empty", "cut"):
        for place in (".aws/credentials", ".npmrc", ".kube/config", ".claude.json", ".bashrc", ".netrc"):
            assert f"~/{place}" in told or kind == "binary", (place, told)
    if kind in ("pipe", "outside", "loop", "huge"):
        assert not [one for one in found.credentials if one.line]


def test_a_directory_of_too_many_names_is_told(home: Path) -> None:
    folder = home / ".ssh"
    folder.mkdir()
    for number in range(5_005):
        (folder / f"k{number}").touch()
    assert ["~/.ssh" for item in look(home).skipped if item.check == "~/.ssh"] == ["~/.ssh"]


def test_variables_tell_their_names_only() -> None:
    secret = laptop().canaries[0]
    environment = {
        "SOME_API_KEY": secret, "GH_TOKEN": secret, "PWD": "/x", "EMPTY_TOKEN": "", "COLOUR": "blue", "GPG_KEY": "x",
        "SSH_AUTH_SOCK": f"/tmp/{secret}", f"{secret}_TOKEN": "x",
    }  # fmt: skip
    found = list(variables(environment))
    assert [one.id for one in found] == [
        "ssh-agent/agent of the session", "variable/GH_TOKEN", "variable/SOME_API_KEY", "variable/a variable",
    ]  # fmt: skip
    assert not leaks(repr(found), [secret])


def test_variables_that_name_files_are_followed_inside_only(home: Path, tmp_path: Path) -> None:
    text = "[default]\naws_secret_access_key = abc\n"
    (home / "mine").write_text(text)
    (tmp_path / "outside").write_text(text)
    found = look(
        home,
        {"AWS_SHARED_CREDENTIALS_FILE": str(home / "mine"), "AWS_CONFIG_FILE": str(tmp_path / "outside")},
    )
    assert [(one.id, one.path) for one in found.credentials] == [("aws/default", "~/mine")]
    assert [item.check for item in found.skipped] == ["$AWS_CONFIG_FILE"]


def test_the_session_of_somebody_else_is_not_looked_at(home: Path) -> None:
    os.environ["SEAWALL_TEST_TOKEN"] = "x"
    try:
        assert look(home).credentials == ()
    finally:
        del os.environ["SEAWALL_TEST_TOKEN"]


def test_an_override_opens_the_fence_of_a_flatpak(home: Path) -> None:
    laptop().write(home)
    override = home / ".local/share/flatpak/overrides/org.e.App"
    override.parent.mkdir(parents=True)
    override.write_text("[Context]\nfilesystems=home\n")
    (one,) = (item for item in look(home).installed if item.code.name == "org.e.App")
    assert one.opened is None
    assert not one.code.contained


def test_homebrew_is_read_from_the_machine(home: Path, tmp_path: Path) -> None:
    (tmp_path / "opt/homebrew/Cellar/jq/1.7").mkdir(parents=True)
    found = inventory(home, DEFAULT_LIMITS, {}, tmp_path)
    assert [(i.code.name, i.code.ref, i.code.note) for i in found.installed] == [("jq", "1.7", "Homebrew")]


def test_every_place_is_relative_and_bounded() -> None:
    for item in FORMATS:
        for place in item.places:
            assert not place.startswith(("/", "~"))
            assert place.count("*") <= 2
            assert ".." not in place
