"""Whom the firewall asks: what the clients are set up with, in an order that keeps internal names internal."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from seawall.kernel.client import (
    LOCAL,
    Configuration,
    CredentialPlace,
    Layer,
    Machine,
    Option,
    Role,
    Upstream,
)
from seawall.kernel.origin import Origin, route
from seawall.kernel.origins_of import Unusable, origins_of

NPM = Upstream("npm", "npm", "https://npm.example/", host="npm.example")
PYPI = Upstream("PyPI", "pip", "https://pypi.example/simple/", host="pypi.example")
HUB = Upstream("Hugging Face", "huggingface_hub", "https://hub.example", host="hub.example")
CANARY = "not-a-real-token-3e1"


def told(client: str, host: str = "corp.example", role: Role = Role.DEFAULT, **more: object) -> Upstream:
    values = {"url": f"https://{host}/r/", "host": host, "where": "/home/me/conf", "line": 3, **more}
    ecosystem = "PyPI" if client in ("pip", "uv", "poetry") else "npm"
    return Upstream(ecosystem, client, role=role, **values)  # type: ignore[arg-type]


def machine(*found: Upstream, **more: object) -> Machine:
    place = Configuration("/home/me/conf", "x", Layer.USER, upstreams=found, **more)  # type: ignore[arg-type]
    return Machine((), (place,), (NPM, PYPI), ("a note",))


def names(*found: Upstream, ecosystem: str = "PyPI") -> list[str]:
    return [item.name for item in origins_of(machine(*found))[0] if item.ecosystem == ecosystem]


def test_what_clients_come_with() -> None:
    origins, notes = origins_of(machine(), HUB)
    assert origins == (
        Origin("npm", "npm", NPM.url),
        Origin("PyPI", "pypi", PYPI.url),
        Origin("Hugging Face", "huggingface", HUB.url),
    )
    assert notes == ("a note",)


def test_a_scope_owns_its_names() -> None:
    found = machine(told("npm", "acme.example", Role.SCOPE, scope="@acme"))
    origins, _ = origins_of(found)
    assert [(item.name, item.owns) for item in origins if item.ecosystem == "npm"] == [
        ("acme", ("@acme/*",)),
        ("npm", ()),
    ]
    assert [item.name for item in route("npm", "@acme/x", origins)] == ["acme"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([told("pip", "corp.example", Role.EXTRA)], ["corp.example", "pypi"]),
        (
            [told("uv", "one.example", Role.EXTRA, line=2), told("uv", "two.example", Role.EXTRA, line=1)],
            ["two.example", "one.example", "pypi"],
        ),
        ([told("pip", "mirror.example")], ["mirror.example"]),
        (
            [told("pip", "mirror.example"), told("pip", "pypi.example", Role.EXTRA)],
            ["mirror.example", "pypi.example"],
        ),
        (
            [told("pip", "mirror.example"), told("pip", "corp.example", Role.EXTRA)],
            ["corp.example", "mirror.example"],
        ),
    ],
)
def test_internal_indexes_come_before_public_ones(found: list[Upstream], expected: list[str]) -> None:
    assert names(*found) == expected


def test_names_are_words_and_each_is_there_once() -> None:
    found = names(
        told("uv", "one.example", Role.EXTRA, name="Team Index"),
        told("uv", "two.example:8443", Role.EXTRA, name="team-index", url="https://two.example:8443/"),
        told("uv", "three.example", Role.EXTRA, name="cache"),
        told("uv", "four.example", Role.EXTRA, name="..."),
    )
    assert sorted(found) == ["pypi", "registry", "registry-2", "team-index", "team-index-2"]


def test_places_of_credentials_go_along() -> None:
    place = CredentialPlace("/home/me/.npmrc", "//corp.example/r/:_authToken", "corp.example/r/")
    found = machine(told("npm", "corp.example"), credentials=(place,))
    (npm, _), _ = origins_of(found)
    assert npm.credentials == (CredentialPlace(place.where, place.key),)
    origins, _ = origins_of(machine(told("uv", "corp.example", Role.EXTRA, name="my-index")))
    assert [item.credentials for item in origins if item.name == "my-index"] == [
        (CredentialPlace("", "UV_INDEX_MY_INDEX_PASSWORD"),)
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "", "host": ""},
        {"url": "http://corp.example/"},
        {"url": "https://${HOST}/", "host": "${host}"},
        {"url": "https://corp.example/?x=y"},
    ],
)
@pytest.mark.parametrize("role", [Role.DEFAULT, Role.EXTRA])
def test_who_cannot_be_asked_is_not_left_out_in_silence(wrong: dict[str, str], role: Role) -> None:
    """Its names would fall through to the others."""
    with pytest.raises(Unusable, match=r"/home/me/conf:3 names a registry for pip") as caught:
        origins_of(machine(replace(told("pip", role=role), **wrong)))  # type: ignore[arg-type]
    assert "corp.example" not in str(caught.value)


def test_on_this_machine_plain_http_is_spoken() -> None:
    assert names(told("pip", "127.0.0.1:9", url="http://127.0.0.1:9/simple/")) == ["127.0.0.1-9"]


def test_what_is_not_asked_is_said() -> None:
    origins, notes = origins_of(
        machine(
            told("pip", "", Role.FILES, url=LOCAL),
            told("pip", "links.example", Role.FILES),
            told("uv", "own.example", Role.EXPLICIT, name="own"),
        )
    )
    assert [item.name for item in origins] == ["npm", "pypi"]
    assert len(notes) == 4
    assert "only for packages that name it" in notes[-1]


def test_a_pip_that_asks_nobody_stays_so() -> None:
    options = MappingProxyType({"no-index": Option("true")})
    assert [item.ecosystem for item in origins_of(machine(options=options))[0]] == ["npm"]
