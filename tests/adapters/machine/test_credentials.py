"""Every place that keeps a credential gives it for its own host, in the moment of a request, and to no other."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from seawall.adapters.machine.clients import look
from seawall.adapters.machine.credentials import Credential, credential_for
from seawall.kernel.client import CredentialPlace, Machine, Upstream, registry_urls

CANARY = "canary-of-the-machine"


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def given(home: Path, **variables: str) -> Mapping[str, str]:
    """An environment that knows nothing but this home and these variables."""
    return {"HOME": str(home), "PATH": "", "XDG_CONFIG_DIRS": str(home / "none"), **variables}


def machine(environment: Mapping[str, str]) -> Machine:
    return look(environment)


def first(environment: Mapping[str, str], ecosystem: str, host: str) -> str:
    """What would be sent to the upstream at that host, empty when nothing would."""
    here = machine(environment)
    upstream = next(item for item in registry_urls(here)[ecosystem] if item.host == host)
    found = credential_for(upstream, here, environment)
    assert found is None or found.host == host
    assert CANARY not in repr((here, upstream, found)) + str(found)
    return found.authorization if found else ""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (f"//corp.example/npm/:_authToken={CANARY}", f"Bearer {CANARY}"),
        (f"//corp.example/:_authToken={CANARY}", f"Bearer {CANARY}"),
        (f"//corp.example/npm/:_auth={encoded('me:' + CANARY)}", basic(f"me:{CANARY}")),
        (
            f"//corp.example/npm/:username=me\n//corp.example/npm/:_password={encoded(CANARY)}",
            basic(f"me:{CANARY}"),
        ),
        ("//corp.example/npm/:_authToken=${NPM_TOKEN}", f"Bearer {CANARY}"),
        ("//corp.example/npm/:_authToken=${NOT_SET}", ""),
        (f"//corp.example/other/:_authToken={CANARY}", ""),
        (f"//corp.example.evil.example/npm/:_authToken={CANARY}", ""),
        (f"//evil.example/:_authToken={CANARY}", ""),
        (f"_authToken={CANARY}", ""),
    ],
)
def test_npmrc(tmp_path: Path, lines: str, expected: str) -> None:
    (tmp_path / ".npmrc").write_text(f"registry=https://corp.example/npm/\n{lines}\n")
    environment = given(tmp_path, NPM_TOKEN=CANARY)
    assert first(environment, "npm", "corp.example") == expected


def test_userinfo_in_a_registrys_address(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text(f"registry=https://me:{CANARY}@corp.example/npm/\n")
    assert first(given(tmp_path), "npm", "corp.example") == basic(f"me:{CANARY}")


def test_a_scope_has_its_own(tmp_path: Path) -> None:
    text = f"@acme:registry=https://corp.example/npm/\n//corp.example/npm/:_authToken={CANARY}\n"
    (tmp_path / ".npmrc").write_text(text)
    environment = given(tmp_path)
    default = registry_urls(machine(environment))["npm"][0]
    assert first(environment, "npm", "corp.example") == f"Bearer {CANARY}"
    assert credential_for(default, machine(environment), environment) is None


def test_variables_of_npm(tmp_path: Path) -> None:
    environment = given(
        tmp_path,
        npm_config_registry="https://corp.example/npm/",
        **{"npm_config_//corp.example/npm/:_authToken": CANARY},
    )
    assert first(environment, "npm", "corp.example") == f"Bearer {CANARY}"


def test_yarnrc(tmp_path: Path) -> None:
    (tmp_path / ".yarnrc.yml").write_text(
        f"npmRegistryServer: https://corp.example/\nnpmRegistries:\n"
        f"  //corp.example:\n    npmAuthToken: {CANARY}\n"
    )
    assert first(given(tmp_path), "npm", "corp.example") == f"Bearer {CANARY}"


def test_bunfig(tmp_path: Path) -> None:
    (tmp_path / ".bunfig.toml").write_text(
        f'[install]\nregistry = {{ url = "https://corp.example/", token = "{CANARY}" }}\n'
    )
    assert first(given(tmp_path), "npm", "corp.example") == f"Bearer {CANARY}"


@pytest.mark.parametrize("section", ["global", "install"])
def test_pip_conf(tmp_path: Path, section: str) -> None:
    place = tmp_path / ".config" / "pip"
    place.mkdir(parents=True)
    (place / "pip.conf").write_text(f"[{section}]\nindex-url = https://me:{CANARY}%21@corp.example/simple/\n")
    assert first(given(tmp_path), "PyPI", "corp.example") == basic(f"me:{CANARY}!")


def test_uv_toml(tmp_path: Path) -> None:
    place = tmp_path / ".config" / "uv"
    place.mkdir(parents=True)
    (place / "uv.toml").write_text(
        f'[[index]]\nname = "corp"\nurl = "https://me:{CANARY}@corp.example/simple/"\ndefault = true\n'
    )
    assert first(given(tmp_path), "PyPI", "corp.example") == basic(f"me:{CANARY}")


def test_variables_of_uv_for_a_named_index(tmp_path: Path) -> None:
    place = tmp_path / ".config" / "uv"
    place.mkdir(parents=True)
    (place / "uv.toml").write_text('[[index]]\nname = "my-corp"\nurl = "https://corp.example/simple/"\n')
    environment = given(tmp_path, UV_INDEX_MY_CORP_USERNAME="me", UV_INDEX_MY_CORP_PASSWORD=CANARY)
    assert first(environment, "PyPI", "corp.example") == basic(f"me:{CANARY}")
    assert first(given(tmp_path), "PyPI", "corp.example") == ""


@pytest.mark.parametrize(
    "variable", ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL"]
)
def test_addresses_in_variables(tmp_path: Path, variable: str) -> None:
    environment = given(tmp_path, **{variable: f"https://me:{CANARY}@corp.example/simple/"})
    assert first(environment, "PyPI", "corp.example") == basic(f"me:{CANARY}")


def test_netrc_of_that_host_only_and_never_its_default(tmp_path: Path) -> None:
    environment = given(tmp_path, PIP_INDEX_URL="https://corp.example/simple/")
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine corp.example login me password {CANARY}\n")
    assert first(environment, "PyPI", "corp.example") == basic(f"me:{CANARY}")
    netrc.write_text(f"machine evil.example login me password x\ndefault login me password {CANARY}\n")
    assert first(environment, "PyPI", "corp.example") == ""
    netrc.write_text("machine corp.example login")
    assert first(environment, "PyPI", "corp.example") == ""


def test_a_registry_of_npm_is_not_asked_with_a_netrc(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine corp.example login me password {CANARY}\n")
    environment = given(tmp_path, npm_config_registry="https://corp.example/npm/")
    assert first(environment, "npm", "corp.example") == ""


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://corp.example/npm/", False),
        ("https://corp.example/npm/", True),
        ("http://localhost/npm/", True),
        ("http://127.0.0.1/npm/", True),
        ("ftp://corp.example/npm/", False),
    ],
)
def test_nothing_goes_over_plain_http_but_on_this_machine(url: str, sent: bool) -> None:
    host = url.partition("://")[2].partition("/")[0]
    upstream = Upstream(
        "npm", "npm", url, where="x", host=host, credentials=(CredentialPlace("", "A_AUTH_TOKEN"),)
    )
    found = credential_for(upstream, Machine(), {"A_AUTH_TOKEN": CANARY})
    assert (found is not None) is sent


def test_a_place_that_is_not_the_machines_is_not_read(tmp_path: Path) -> None:
    """A tree's own .npmrc gives no credential, even where an upstream points at it."""
    file = tmp_path / ".npmrc"
    file.write_text(f"//corp.example/:_authToken={CANARY}\n")
    place = CredentialPlace(str(file), "//corp.example/:_authToken", "corp.example/")
    upstream = Upstream(
        "npm", "npm", "https://corp.example/", where="x", host="corp.example", credentials=(place,)
    )
    assert credential_for(upstream, Machine(), {}) is None


@pytest.mark.parametrize("secret", ["", ":", "${OPEN}", "a\r\nX-Injected: 1", "a\x00b", "a\nb"])
def test_what_would_break_a_header_is_no_credential(secret: str) -> None:
    place = CredentialPlace("", "A_AUTH_TOKEN")
    upstream = Upstream(
        "npm", "npm", "https://corp.example/", where="x", host="corp.example", credentials=(place,)
    )
    assert credential_for(upstream, Machine(), {"A_AUTH_TOKEN": secret}) is None


def test_a_credential_does_not_show_itself() -> None:
    credential = Credential("corp.example", f"Bearer {CANARY}")
    assert CANARY not in f"{credential} {credential!r} {[credential]}"
    assert "corp.example" in str(credential)


@pytest.mark.parametrize(
    "lines",
    [
        "//corp.example/npm/:username=me\n//corp.example/npm/:_password=%%%no-base64%%%",
        "registry=https://[corp.example/npm/",
        "//corp.example/npm/:_auth=",
    ],
)
def test_what_cannot_be_read_is_no_credential(tmp_path: Path, lines: str) -> None:
    (tmp_path / ".npmrc").write_text(f"registry=https://corp.example/npm/\n{lines}\n")
    here = machine(given(tmp_path))
    for upstream in registry_urls(here)["npm"]:
        assert credential_for(upstream, here, given(tmp_path)) is None


def test_a_file_that_is_gone_or_no_file_gives_none(tmp_path: Path) -> None:
    file = tmp_path / ".npmrc"
    file.write_text(f"registry=https://corp.example/npm/\n//corp.example/npm/:_authToken={CANARY}\n")
    environment = given(tmp_path)
    here = machine(environment)
    upstream = registry_urls(here)["npm"][0]
    file.unlink()
    assert credential_for(upstream, here, environment) is None
    file.mkdir()
    assert credential_for(upstream, here, environment) is None


def test_a_user_and_password_in_bunfig(tmp_path: Path) -> None:
    (tmp_path / ".bunfig.toml").write_text(
        f'[install]\nregistry = {{ url = "https://corp.example/", username = "me", password = "{CANARY}" }}\n'
    )
    assert first(given(tmp_path), "npm", "corp.example") == basic(f"me:{CANARY}")


def test_a_registry_with_userinfo_in_bunfig(tmp_path: Path) -> None:
    text = f'[install]\nregistry = "https://me:{CANARY}@corp.example/"\n'
    (tmp_path / ".bunfig.toml").write_text(text)
    assert first(given(tmp_path), "npm", "corp.example") == basic(f"me:{CANARY}")
