from types import MappingProxyType

from seawall.kernel.client import (
    Configuration,
    CredentialPlace,
    Layer,
    Machine,
    Role,
    Upstream,
    registry_urls,
    upstreams,
)

NPM = Upstream("npm", "npm", "https://npm.example/", host="npm.example")
PYPI = Upstream("PyPI", "pip", "https://pypi.example/simple/", host="pypi.example")
FILES = Upstream("PyPI", "pip", "https://files.example/", Role.FILES, host="files.example")


def item(
    client: str, host: str, role: Role = Role.DEFAULT, scope: str = "", ecosystem: str = "npm"
) -> Upstream:
    return Upstream(ecosystem, client, f"https://{host}/r/", role, scope, "", "somewhere", host=host)


def machine(*found: Upstream, credentials: tuple[CredentialPlace, ...] = ()) -> Machine:
    place = Configuration("f", "npmrc", Layer.USER, MappingProxyType({}), found, credentials)
    return Machine((), (place,), (NPM, PYPI, FILES))


def test_nothing_configured_leaves_what_is_built_in_and_no_gate() -> None:
    got = upstreams(machine())
    assert got.hosts == {"npm": {"npm.example"}, "PyPI": {"pypi.example", "files.example"}}
    assert got.gates == {"npm": frozenset(), "PyPI": frozenset()}


def test_a_gate_is_a_default_in_place_of_the_built_in_one() -> None:
    got = upstreams(machine(item("npm", "gate.example"), item("npm", "acme.example", Role.SCOPE, "@acme")))
    assert got.hosts["npm"] == {"npm.example", "gate.example", "acme.example"}
    assert got.gates["npm"] == {"gate.example"}
    named_anyway = upstreams(machine(item("npm", "npm.example")))
    assert not named_anyway.gates["npm"]


def test_extra_indexes_are_hosts_but_no_gates() -> None:
    got = upstreams(machine(item("pip", "extra.example", Role.EXTRA, ecosystem="PyPI")))
    assert "extra.example" in got.hosts["PyPI"]
    assert not got.gates["PyPI"]


def test_a_local_directory_is_no_host() -> None:
    local = Upstream("PyPI", "pip", "file:///opt/wheels", Role.FILES, where="x")
    assert "" not in upstreams(machine(local)).hosts["PyPI"]
    assert registry_urls(machine(local))["PyPI"] == (PYPI,)


def test_registries_in_order_the_default_and_then_the_scopes() -> None:
    got = registry_urls(
        machine(
            item("npm", "old.example"),
            item("npm", "gate.example"),
            item("npm", "acme.example", Role.SCOPE, "@acme"),
            item("yarn", "yarn.example"),
        )
    )
    assert [(u.host, u.scope) for u in got["npm"]] == [("gate.example", ""), ("acme.example", "@acme")]
    assert got["PyPI"] == (PYPI,)


def test_the_built_in_default_is_asked_only_where_no_other_is_given() -> None:
    extra = item("pip", "extra.example", Role.EXTRA, ecosystem="PyPI")
    assert [u.host for u in registry_urls(machine(extra))["PyPI"]] == ["pypi.example", "extra.example"]
    uv = item("uv", "gate.example", ecosystem="PyPI")
    assert [u.host for u in registry_urls(machine(uv, extra))["PyPI"]] == ["gate.example", "extra.example"]


def test_credentials_are_found_by_host_and_path_and_the_closest_comes_first() -> None:
    places = (
        CredentialPlace("f", "//gate.example/:_authToken", "gate.example/"),
        CredentialPlace("f", "//gate.example/r/:_authToken", "gate.example/r/"),
        CredentialPlace("f", "//gate.example.evil.example/:_authToken", "gate.example.evil.example/"),
        CredentialPlace("f", "//gate.example/rest/:_authToken", "gate.example/rest/"),
    )
    got = registry_urls(machine(item("npm", "gate.example"), credentials=places))["npm"][0]
    assert [place.prefix for place in got.credentials] == ["gate.example/r/", "gate.example/"]


def test_an_upstream_does_not_show_its_address() -> None:
    assert "secret-path" not in repr(
        Upstream("npm", "npm", "https://h.example/secret-path/", host="h.example")
    )
