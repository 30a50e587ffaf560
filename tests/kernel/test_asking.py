from types import MappingProxyType

import pytest

from seawall.kernel.asking import Registries, registries, route, to_ask
from seawall.kernel.client import Configuration, Layer, Machine, Option, Project, Role, Upstream
from seawall.kernel.intake import Upstreams
from seawall.kernel.lockfile import Document, DocumentKind, Pin, Requirement
from seawall.kernel.release import Wanted
from seawall.kernel.source import REGISTRY, UNKNOWN, WORKSPACE, Source, SourceKind

HOSTS = Upstreams(
    MappingProxyType({"npm": frozenset({"npm.example", "acme.example"}), "PyPI": frozenset({"pypi.example"})})
)


def at(host: str) -> Source:
    return Source(SourceKind.REGISTRY, f"https://{host}", host, "https")


def pin(name: str, source: Source = REGISTRY, ecosystem: str = "npm", **more: object) -> Pin:
    return Pin(ecosystem, name, "1.0.0", "f", source=source, **more)  # type: ignore[arg-type]


def document(*entries: Pin | Requirement, kind: DocumentKind = DocumentKind.LOCKFILE) -> Document:
    pins = tuple(e for e in entries if isinstance(e, Pin))
    requirements = tuple(e for e in entries if isinstance(e, Requirement))
    return Document("f", "x", kind, "npm", pins, requirements)


def test_what_matters_comes_first() -> None:
    entries = (pin("deep"), pin("top", direct=True), pin("scripted", install_script=True), pin("bad"))
    got, skipped = to_ask([document(*entries)], HOSTS, {("npm", "bad", "1.0.0")})
    assert [want.key[1] for want in got] == ["scripted", "bad", "top", "deep"]
    assert skipped == ()


def test_only_what_comes_from_a_registry_is_asked_about() -> None:
    entries = (
        pin("here", WORKSPACE),
        pin("unknown", UNKNOWN),
        pin("git", Source(SourceKind.GIT, "https://git.example/a", "git.example")),
        pin("file", Source(SourceKind.URL, "https://npm.example/a.tgz", "npm.example")),
        pin("path", Source(SourceKind.PATH, "../a")),
    )
    assert to_ask([document(*entries)], HOSTS) == ((), ())


def test_what_comes_from_a_strangers_host_is_told_to_nobody() -> None:
    got, (skipped,) = to_ask([document(pin("inner", at("corp.example")), pin("a", at("npm.example")))], HOSTS)
    assert got == (Wanted(("npm", "a", "1.0.0"), frozenset({"npm.example"})),)
    assert "1 package (inner)" in skipped.reason
    assert not skipped.required


def test_one_place_that_is_ours_is_enough() -> None:
    got, skipped = to_ask([document(pin("a", at("corp.example"))), document(pin("a"))], HOSTS)
    assert [want.key[1] for want in got] == ["a"]
    assert skipped == ()


def test_a_manifest_does_not_give_away_what_comes_from_elsewhere() -> None:
    asks = document(
        Requirement("npm", "inner", "1.0.0", "package.json", exact=True), kind=DocumentKind.MANIFEST
    )
    assert to_ask([asks], HOSTS)[0]
    assert to_ask([asks, document(pin("inner", at("corp.example")))], HOSTS)[0] == ()


def test_exact_requirements_are_asked_about_and_constraints_are_not() -> None:
    entries = (
        Requirement("PyPI", "a", "==1.0", "f", exact=True),
        Requirement("PyPI", "b", ">=1.0", "f"),
        Requirement("PyPI", "c", "==1.0", "f", exact=True, group="constraint"),
    )
    got, _ = to_ask([document(*entries, kind=DocumentKind.MANIFEST)], HOSTS)
    assert [want.key for want in got] == [("PyPI", "a", "1.0")]


def test_other_ecosystems_are_named_once() -> None:
    entries = (pin("serde", ecosystem="crates.io"), pin("m", ecosystem="Go"), pin("n", ecosystem="Go"))
    got, (skipped,) = to_ask([document(*entries)], HOSTS)
    assert got == ()
    assert skipped.check == "registry facts (Go, crates.io)"


def upstream(host: str, role: Role = Role.DEFAULT, scope: str = "", ecosystem: str = "npm") -> Upstream:
    client = "npm" if ecosystem == "npm" else "pip"
    return Upstream(ecosystem, client, f"https://{host}/", role, scope, where="f", host=host)


NPM, GATE, ACME = (
    upstream("npm.example"),
    upstream("gate.example"),
    upstream("acme.example", Role.SCOPE, "@acme"),
)
PYPI = upstream("pypi.example", ecosystem="PyPI")
CORP = upstream("corp.example", Role.EXTRA, ecosystem="PyPI")
PUBLIC = frozenset({"npm.example", "pypi.example"})


def known(*upstreams: Upstream, elsewhere: frozenset[str] = frozenset()) -> Registries:
    grouped = {e: tuple(u for u in upstreams if u.ecosystem == e) for e in ("npm", "PyPI")}
    return Registries(grouped, PUBLIC, elsewhere)


@pytest.mark.parametrize(
    ("name", "hosts", "expected"),
    [
        ("a", (), "npm.example"),
        ("a", ("npm.example",), "npm.example"),
        ("@acme/a", (), "acme.example"),
        ("@acme/a", ("npm.example",), "acme.example"),
        ("@other/a", (), "npm.example"),
        # An unscoped name that its lockfile takes from the internal registry.
        ("a", ("acme.example",), "acme.example"),
        ("a", ("stranger.example",), ""),
        ("@sent/a", (), ""),
    ],
)
def test_npm_names_go_to_one_registry(name: str, hosts: tuple[str, ...], expected: str) -> None:
    got = route(
        Wanted(("npm", name, "1"), frozenset(hosts)), known(NPM, ACME, elsewhere=frozenset({"@sent"}))
    )
    assert [item.host for item in got] == ([expected] if expected else [])


def test_a_gate_is_asked_for_what_lockfiles_took_from_the_public_registry() -> None:
    want = Wanted(("npm", "a", "1"), frozenset({"npm.example"}))
    assert [item.host for item in route(want, known(GATE, ACME))] == ["gate.example"]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ((), ["corp.example", "pypi.example"]),
        (("pypi.example",), ["pypi.example"]),
        (("corp.example",), ["corp.example"]),
        (("stranger.example",), []),
    ],
)
def test_indexes_in_order_the_public_one_last(hosts: tuple[str, ...], expected: list[str]) -> None:
    got = route(Wanted(("PyPI", "a", "1"), frozenset(hosts)), known(PYPI, CORP))
    assert [item.host for item in got] == expected


def test_what_a_tree_sends_elsewhere_is_known() -> None:
    mine = Configuration("m", "npmrc", Layer.USER, upstreams=(ACME,))
    theirs = Configuration(
        ".npmrc",
        "npmrc",
        Layer.PROJECT,
        upstreams=(ACME, upstream("evil.example", Role.SCOPE, "@sent"), GATE),
    )
    got = registries(Machine(configurations=(mine,), built_in=(NPM, PYPI)), Project((theirs,)))
    assert got.scopes_elsewhere == {"@sent"}
    assert got.public == PUBLIC
    assert [item.host for item in got.upstreams["npm"]] == ["npm.example", "acme.example"]


@pytest.mark.parametrize(
    ("value", "expected"), [("1", []), ("true", []), ("0", ["pypi.example"]), ("", ["pypi.example"])]
)
def test_a_pip_without_an_index_asks_nobody(value: str, expected: list[str]) -> None:
    options = {"no-index": Option(value)}
    place = Configuration("environment", "pip-environment", Layer.ENVIRONMENT, options, (PYPI,))
    got = registries(Machine(configurations=(place,), built_in=(NPM, PYPI)), Project())
    assert [item.host for item in got.upstreams["PyPI"]] == expected
    assert [item.host for item in got.upstreams["npm"]] == ["npm.example"]
