import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from seawall.adapters.registries.answer import RegistryAnswer
from seawall.adapters.registries.facts import Asker, ask
from seawall.kernel.asking import Registries
from seawall.kernel.cache import NoCache
from seawall.kernel.client import Role, Upstream
from seawall.kernel.intake import Key
from seawall.kernel.release import Wanted
from simulators.loopback import in_turn, say
from simulators.registry import JSON, Registry, packument, sha256, sri

NOW = datetime(2026, 3, 31, 3, 0, tzinfo=UTC)
SECRET = "Bearer canary-of-the-registry"


class Memory:
    """A cache that keeps everything until it is over."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], tuple[bytes, datetime]] = {}

    def cached(self, kind: str, keys: Iterable[str], now: datetime) -> dict[str, bytes]:
        found = {key: self.held[kind, key] for key in keys if (kind, key) in self.held}
        return {key: data for key, (data, until) in found.items() if until > now}

    def remember(self, kind: str, values: Mapping[str, bytes], until: datetime) -> None:
        self.held.update({(kind, key): (value, until) for key, value in values.items()})


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Registry]:
    made = Registry()
    yield made
    made.close()


def npm(server: Registry, scope: str = "") -> Upstream:
    role = Role.SCOPE if scope else Role.DEFAULT
    return Upstream("npm", "npm", server.npm_url, role, scope, where="x", host=server.host)


def pypi(server: Registry, role: Role = Role.DEFAULT) -> Upstream:
    return Upstream("PyPI", "pip", server.index_url, role, where="x", host=server.host)


def asked(*keys: Key, upstreams: Iterable[Upstream], public: str = "", **more: object) -> RegistryAnswer:
    by_ecosystem: dict[str, tuple[Upstream, ...]] = {}
    for item in upstreams:
        by_ecosystem[item.ecosystem] = (*by_ecosystem.get(item.ecosystem, ()), item)
    known = Registries(by_ecosystem, frozenset({public}), more.pop("scopes_elsewhere", frozenset()))  # type: ignore[arg-type]
    given: dict = {"authorization": lambda _: "", "cache": NoCache(), "now": NOW, "seconds": 5.0, **more}
    wanted = [Wanted(key, given.pop("hosts", frozenset())) for key in keys]
    return ask(wanted, Asker(known, **given))


def reasons(answer: RegistryAnswer) -> str:
    assert not any(item.required for item in answer.skipped)
    return "\n".join(f"{item.check}: {item.reason}" for item in answer.skipped)


def the_day(registry: Registry) -> Key:
    """A release like axios 1.14.1, of a package that does not exist."""
    needs = {"follow": "^1.0.0"}
    registry.npm["fetching"] = packument(
        "fetching",
        {
            "1.14.0": {
                "at": "2026-03-20T00:00:00Z",
                "by": "pipeline",
                "attested": True,
                "dependencies": needs,
            },
            "1.14.1": {
                "at": "2026-03-31T00:21:58Z",
                "by": "somebody",
                "dependencies": {**needs, "plain-crypt-js": "^4.2.1"},
                "scripts": {"postinstall": "node x"},
            },
        },
        created="2014-08-29T23:08:36Z",
    )
    registry.npm["plain-crypt-js"] = packument(
        "plain-crypt-js", {"4.2.1": {"at": "2026-03-30T08:00:00Z", "scripts": {"postinstall": "node x"}}}
    )
    return ("npm", "fetching", "1.14.1")


def test_everything_that_npm_says(registry: Registry) -> None:
    key = the_day(registry)
    answer = asked(key, upstreams=[npm(registry)])
    facts = answer.releases[key]
    assert answer.skipped == ()
    assert facts.published == datetime(2026, 3, 31, 0, 21, 58, tzinfo=UTC)
    assert facts.first_release == datetime(2014, 8, 29, 23, 8, 36, tzinfo=UTC)
    assert (facts.previous, facts.source) == ("1.14.0", registry.host)
    assert (facts.provenance, facts.provenance_before) == (False, True)
    assert (facts.publisher, facts.publishers_before) == ("somebody", ("pipeline",))
    assert (facts.install_script, facts.install_script_before) == (True, False)
    assert facts.new_dependencies is not None
    (new,) = facts.new_dependencies
    assert (new.name, new.first_release) == ("plain-crypt-js", datetime(2026, 3, 30, 8, tzinfo=UTC))
    assert sri("fetching 1.14.1").startswith("sha512-")
    assert [digest.partition(":")[0] for digest in facts.digests] == ["sha512"]


def test_a_name_is_asked_once_for_all_its_versions(registry: Registry) -> None:
    key = the_day(registry)
    answer = asked(
        key, ("npm", "fetching", "1.14.0"), ("npm", "plain-crypt-js", "4.2.1"), upstreams=[npm(registry)]
    )
    assert len(answer.releases) == 3
    assert sorted(registry.asked) == ["/npm/fetching", "/npm/plain-crypt-js"]
    assert registry.seen[0][1]["user-agent"].startswith("seawall/")


def test_many_excuses_are_few_lines(registry: Registry) -> None:
    keys = [("npm", f"p{n}", "1.0.0") for n in range(40)]
    for n in range(40):
        registry.answers[f"/npm/p{n}"] = say(200 if n % 2 else 404, b"{")
    assert len(asked(*keys, upstreams=[npm(registry)]).skipped) == 2
    for n in range(40):
        document = packument(f"p{n}", {"1.0.0": {"at": "2020-01-01T00:00:00Z"}})
        registry.answers[f"/npm/p{n}"] = in_turn(say(460 + n), say(200, json.dumps(document).encode()))
    assert len(asked(*keys, upstreams=[npm(registry)]).skipped) <= 9


def test_a_scope_is_asked_at_its_own_registry_only(registry: Registry, other: Registry) -> None:
    other.npm["@acme/inner"] = packument("@acme/inner", {"1.0.0": {"at": "2026-01-01T00:00:00Z"}})
    keys = [("npm", "@acme/inner", "1.0.0"), ("npm", "@acme/gone", "1.0.0")]
    answer = asked(*keys, upstreams=[npm(registry), npm(other, "@acme")])
    assert answer.releases[keys[0]].source == other.host
    assert sorted(other.asked) == ["/npm/@acme%2Fgone", "/npm/@acme%2Finner"]
    assert registry.asked == []
    assert "1 package (@acme/gone)" in reasons(answer)


def test_a_scope_that_the_tree_sends_elsewhere_is_asked_nowhere(registry: Registry) -> None:
    key = ("npm", "@acme/inner", "1.0.0")
    answer = asked(key, upstreams=[npm(registry)], scopes_elsewhere=frozenset({"@acme"}))
    assert registry.asked == []
    assert "told to nobody" in reasons(answer)


def the_project(registry: Registry) -> Key:
    old, new = "thing-1.0.0-py3-none-any.whl", "thing-1.0.1-py3-none-any.whl"
    registry.project(
        "thing",
        {
            old: {"at": "2025-01-01T00:00:00Z", "attested": True},
            new: {"at": "2026-03-30T00:00:00Z", "yanked": "not by us"},
        },
        needs={old: ["idn>=3"], new: ["idn>=3", "Fresh_Name", "elsewhere @ https://files.example/e.whl"]},
    )
    registry.project("fresh-name", {"fresh_name-1.tar.gz": {"at": "2026-03-29T00:00:00Z"}})
    return ("PyPI", "thing", "1.0.1")


def test_everything_that_an_index_says(registry: Registry) -> None:
    key = the_project(registry)
    answer = asked(key, upstreams=[pypi(registry)])
    facts = answer.releases[key]
    assert answer.skipped == ()
    assert (facts.previous, facts.yanked) == ("1.0.0", "not by us")
    assert (facts.provenance, facts.provenance_before) == (False, True)
    assert facts.digests == (f"sha256:{sha256('thing-1.0.1-py3-none-any.whl')}",)
    assert facts.new_dependencies is not None
    ages = {item.name: item.first_release for item in facts.new_dependencies}
    assert ages["fresh-name"] == datetime(2026, 3, 29, tzinfo=UTC)
    # What comes from an address is as old as the release: nobody has seen it for longer.
    assert ages["elsewhere"] == facts.published
    assert "/simple/elsewhere/" not in registry.asked
    assert all(JSON in headers["accept"] for path, headers in registry.seen if path.startswith("/simple"))


def test_a_version_is_found_however_it_is_written(registry: Registry) -> None:
    the_project(registry)
    answer = asked(("PyPI", "thing", "1.0"), upstreams=[pypi(registry)])
    assert answer.releases["PyPI", "thing", "1.0"].published == datetime(2025, 1, 1, tzinfo=UTC)


def test_a_file_added_to_an_old_release_makes_it_young(registry: Registry) -> None:
    files = {
        "a-1.0.tar.gz": {"at": "2020-01-01T00:00:00Z"},
        "a-1.0-py3-none-any.whl": {"at": "2026-03-30T00:00:00Z"},
        "a-1.1.tar.gz": {"at": "2020-02-01T00:00:00Z"},
    }
    registry.project("a", files)
    answer = asked(("PyPI", "a", "1.0"), ("PyPI", "a", "1.1"), upstreams=[pypi(registry)])
    assert answer.releases["PyPI", "a", "1.0"].published == datetime(2026, 3, 30, tzinfo=UTC)
    assert answer.releases["PyPI", "a", "1.1"].previous == "1.0"


def test_the_first_index_that_knows_a_name_answers_and_the_public_one_is_last(
    registry: Registry, other: Registry
) -> None:
    other.project("inner", {"inner-1.tar.gz": {"at": "2020-01-01T00:00:00Z"}})
    registry.project("inner", {"inner-1.tar.gz": {"at": "2026-03-30T00:00:00Z"}})
    registry.project("outer", {"outer-1.tar.gz": {"at": "2020-01-01T00:00:00Z"}})
    keys = [("PyPI", "inner", "1"), ("PyPI", "outer", "1")]
    upstreams = [pypi(registry), pypi(other, Role.EXTRA)]
    answer = asked(*keys, upstreams=upstreams, public=registry.host)
    assert [answer.releases[key].source for key in keys] == [other.host, registry.host]
    assert registry.asked == ["/simple/outer/"]
    # The file may have come from either.
    assert all(answer.releases[key].digests == () for key in keys)
    assert "digests were not compared" in reasons(answer)


def test_the_index_that_a_file_names_is_the_only_one(registry: Registry, other: Registry) -> None:
    registry.project("a", {"a-1.tar.gz": {"at": "2020-01-01T00:00:00Z"}})
    upstreams = [pypi(registry), pypi(other, Role.EXTRA)]
    answer = asked(("PyPI", "a", "1"), upstreams=upstreams, hosts=frozenset({registry.host}))
    assert answer.releases["PyPI", "a", "1"].digests
    assert answer.skipped == ()
    assert other.asked == []


@pytest.mark.parametrize("status", [401, 403, 500])
def test_an_index_that_fails_hands_nothing_on_to_the_next(
    registry: Registry, other: Registry, status: int
) -> None:
    registry.project("inner", {"inner-1.tar.gz": {"at": "2020-01-01T00:00:00Z"}})
    other.answers["/simple/inner/"] = say(status)
    answer = asked(("PyPI", "inner", "1"), upstreams=[pypi(registry), pypi(other)], public=registry.host)
    assert answer.releases == {}
    assert str(status) in reasons(answer)
    assert registry.asked == []


def test_an_index_in_html_only_is_said_and_not_guessed_from(registry: Registry) -> None:
    the_project(registry)
    registry.html_only = True
    answer = asked(("PyPI", "thing", "1.0.1"), upstreams=[pypi(registry)])
    assert answer.releases == {}
    assert "HTML only" in reasons(answer)
    assert answer.skipped[0].advice


def test_what_was_answered_is_not_asked_again_within_the_hour(registry: Registry) -> None:
    keys = [the_day(registry), the_project(registry)]
    cache = Memory()
    upstreams = [npm(registry), pypi(registry)]
    first = asked(*keys, upstreams=upstreams, cache=cache)
    count = len(registry.seen)
    again = asked(*keys, upstreams=upstreams, cache=cache, now=NOW + timedelta(minutes=50))
    assert again == first
    assert len(registry.seen) == count


def test_later_it_is_asked_only_whether_anything_changed(registry: Registry) -> None:
    key = the_day(registry)
    cache = Memory()
    first = asked(key, upstreams=[npm(registry)], cache=cache)
    registry.seen.clear()
    again = asked(key, upstreams=[npm(registry)], cache=cache, now=NOW + timedelta(hours=2))
    assert again == first
    # The age of a name never changes; the newest state of a release may.
    assert registry.asked == ["/npm/fetching"]
    assert "if-none-match" in registry.seen[0][1]
    registry.npm["fetching"]["versions"]["1.14.1"]["scripts"] = {}
    changed = asked(key, upstreams=[npm(registry)], cache=cache, now=NOW + timedelta(hours=4))
    assert changed.releases[key].install_script is False


def test_what_a_release_newly_needs_is_read_once(registry: Registry) -> None:
    key = the_project(registry)
    cache = Memory()
    asked(key, upstreams=[pypi(registry)], cache=cache)
    registry.pypi["thing"]["files"][1]["yanked"] = False
    registry.seen.clear()
    again = asked(key, upstreams=[pypi(registry)], cache=cache, now=NOW + timedelta(hours=2))
    assert again.releases[key].yanked is None
    assert again.releases[key].new_dependencies
    assert registry.asked == ["/simple/thing/"]


def test_another_version_of_a_kept_name_is_asked_for(registry: Registry) -> None:
    key = the_day(registry)
    cache = Memory()
    asked(("npm", "fetching", "1.14.0"), upstreams=[npm(registry)], cache=cache)
    answer = asked(key, upstreams=[npm(registry)], cache=cache)
    assert answer.releases[key].published


def test_an_unknown_name_is_remembered_for_an_hour(registry: Registry) -> None:
    cache = Memory()
    key = ("npm", "nobody", "1.0.0")
    for hours in (0, 0.5, 2):
        answer = asked(key, upstreams=[npm(registry)], cache=cache, now=NOW + timedelta(hours=hours))
        assert "does not know it" in reasons(answer)
    assert len(registry.seen) == 2


def test_where_the_registry_cannot_be_had_what_it_said_earlier_counts(registry: Registry) -> None:
    key = the_day(registry)
    cache = Memory()
    first = asked(key, upstreams=[npm(registry)], cache=cache)
    registry.answers["/npm/fetching"] = say(403)
    again = asked(key, upstreams=[npm(registry)], cache=cache, now=NOW + timedelta(days=2))
    assert again.releases[key] == replace(first.releases[key], digests=())
    assert "what was said earlier is used" in reasons(again)


def test_another_registry_has_its_own_memory(registry: Registry, other: Registry) -> None:
    key = the_day(registry)
    cache = Memory()
    asked(key, upstreams=[npm(registry)], cache=cache)
    assert "does not know" in reasons(asked(key, upstreams=[npm(other)], cache=cache))


def test_nothing_is_kept_but_facts(registry: Registry) -> None:
    key = the_day(registry)
    registry.npm["fetching"]["readme"] = "long " * 1000
    secret_path = Upstream("npm", "npm", f"{registry.npm_url}", where="x", host=registry.host)
    cache = Memory()
    asked(key, upstreams=[secret_path], cache=cache, authorization=lambda _: SECRET)
    text = " ".join(key for _, key in cache.held) + "".join(data.decode() for data, _ in cache.held.values())
    assert "long" not in text
    assert "canary" not in text
    assert "/npm/" not in text
    assert all(len(data) < 2000 for data, _ in cache.held.values())


def test_spoiled_memory_is_asked_anew(registry: Registry) -> None:
    key = the_day(registry)
    cache = Memory()
    first = asked(key, upstreams=[npm(registry)], cache=cache)
    for spoiled in (b"", b"[]", b"{}", b'{"asked":3}', b"\xff", b"[" * 100_000):
        cache.held = {place: (spoiled, until) for place, (_, until) in cache.held.items()}
        assert asked(key, upstreams=[npm(registry)], cache=cache) == first


def test_a_release_that_is_gone_is_said(registry: Registry) -> None:
    the_day(registry)
    answer = asked(("npm", "fetching", "1.14.9"), upstreams=[npm(registry)])
    assert "1 package (fetching 1.14.9)" in reasons(answer)
    assert "does not list this release" in reasons(answer)
    facts = answer.releases["npm", "fetching", "1.14.9"]
    assert (facts.published, facts.digests) == (None, ())


def test_without_times_the_age_is_unknown_and_said(registry: Registry) -> None:
    key = the_day(registry)
    for time_ in ({}, {"1.14.1": 3}, {"1.14.1": "soon"}, {"1.14.1": "0001-01-01T00:00:00+14:00"}, [], None):
        registry.npm["fetching"]["time"] = time_
        answer = asked(key, upstreams=[npm(registry)])
        assert answer.releases[key].published is None
        assert "does not say when it was published" in reasons(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"name":"another","versions":{},"files":[]}',
        b'{"name":"fetching","versions":{"1.14.1"',
        b'{"name":"fetching","versions":' + b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_a_lying_registry(registry: Registry, body: bytes) -> None:
    registry.answers["/npm/fetching"] = say(200, body)
    registry.answers["/simple/fetching/"] = say(200, body, Content_Type=JSON)
    for key, upstream in (
        (("npm", "fetching", "1.14.1"), npm(registry)),
        (("PyPI", "fetching", "1.14.1"), pypi(registry)),
    ):
        answer = asked(key, upstreams=[upstream])
        assert answer.releases == {}
        assert len(answer.skipped) == 1
        assert reasons(answer)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        return


def huge(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**12))
    handler.end_headers()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (huge, "more than"),
        (say(302, Location="/npm/fetching"), "circles"),
        (say(302, Location="http://registry.example/fetching"), "plain http"),
        (say(429, Retry_After="600"), "429"),
        (say(200, b"x", Content_Encoding="br"), "encoding"),
    ],
)
def test_a_hostile_answer(registry: Registry, answer, why: str) -> None:  # type: ignore[no-untyped-def]
    registry.answers["/npm/fetching"] = answer
    got = asked(("npm", "fetching", "1.14.1"), upstreams=[npm(registry)])
    assert got.releases == {}
    assert why in reasons(got)


def test_time_is_up_and_what_matters_was_asked_first(registry: Registry) -> None:
    key = the_day(registry)
    registry.fallback = endless
    for name in ("fetching", "plain-crypt-js"):
        registry.answers[f"/npm/{name}"] = say(200, json.dumps(registry.npm[name]).encode())
    late = [("npm", f"slow-{n}", "1.0.0") for n in range(40)]
    cache = Memory()
    # The others never end by themselves: that this comes back at all is the deadline's doing.
    answer = asked(key, *late, upstreams=[npm(registry)], seconds=2.0, cache=cache)
    assert set(answer.releases) == {key}
    assert "40 packages (slow-0, slow-1, slow-2 and 37 more): there was no time left to ask" in reasons(
        answer
    )
    assert "run it again" in answer.skipped[0].advice
    assert len(cache.held) >= 1


def test_at_most_eight_questions_at_once_and_progress_is_told(registry: Registry) -> None:
    names = [f"p{n}" for n in range(60)]
    registry.npm = {n: packument(n, {"1.0.0": {"at": "2020-01-01T00:00:00Z"}}) for n in names}
    told: list[tuple[int, int]] = []
    answer = asked(
        *(("npm", n, "1.0.0") for n in names),
        upstreams=[npm(registry)],
        advance=lambda done, total: told.append((done, total)),
    )
    assert len(answer.releases) == 60
    assert registry.most <= 8
    assert told[-1] == (60, 60)


@pytest.mark.parametrize("status", [429, 500])
def test_a_registry_that_fails_is_left_in_peace(registry: Registry, status: int) -> None:
    registry.fallback = say(status, Retry_After="600")
    keys = [("npm", f"p{n}", "1.0.0") for n in range(500)]
    answer = asked(*keys, upstreams=[npm(registry)])
    assert "500 packages" in reasons(answer)
    assert len(registry.seen) < 40


def test_one_fault_among_many_answers_is_no_reason_to_stop(registry: Registry) -> None:
    the_day(registry)
    registry.answers["/npm/broken"] = say(200, b"{")
    registry.answers["/npm/fetching"] = in_turn(say(503), registry.fallback)
    keys = [("npm", "broken", "1.0.0"), ("npm", "fetching", "1.14.1")]
    assert set(asked(*keys, upstreams=[npm(registry)]).releases) == {keys[1]}


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "-/whoami",
        "a/b/c",
        "@a/../b",
        "a?x=1",
        "a#b",
        "a b",
        "",
        ".",
        "..",
        "_all_docs",
        "a" * 300,
        "@/a",
    ],
)
def test_a_name_that_is_none_is_not_asked(registry: Registry, name: str) -> None:
    keys = [("npm", name, "1.0.0"), ("PyPI", name, "1.0.0")]
    answer = asked(*keys, upstreams=[npm(registry), pypi(registry)])
    assert [path for path in registry.asked if path not in ("/simple/-all-docs/",)] == []
    assert len(answer.skipped) == 2


def test_large_answers_are_read_one_after_the_other(registry: Registry) -> None:
    names = [f"p{n}" for n in range(4)]
    for name in names:
        registry.npm[name] = packument(name, {"1.0.0": {"at": "2020-01-01T00:00:00Z"}})
        registry.npm[name]["readme"] = "x" * (5 * 1024 * 1024)
    answer = asked(*(("npm", name, "1.0.0") for name in names), upstreams=[npm(registry)])
    assert len(answer.releases) == 4


def test_odd_but_lawful_names_are_asked(registry: Registry) -> None:
    for name in ("JSONStream", "@types/node", "lodash.merge", "fs-extra", "a~b"):
        registry.npm[name] = packument(name, {"1.0.0": {"at": "2020-01-01T00:00:00Z"}})
        assert asked(("npm", name, "1.0.0"), upstreams=[npm(registry)]).releases


def test_nobody_to_ask_is_said() -> None:
    answer = asked(("npm", "a", "1.0.0"), upstreams=[])
    assert "no registry of yours" in reasons(answer)


def test_a_host_that_nobody_answers_at_is_said() -> None:
    nobody = Upstream("npm", "npm", "http://127.0.0.1:9/", where="x", host="127.0.0.1:9")
    answer = asked(*(("npm", f"p{n}", "1.0.0") for n in range(300)), upstreams=[nobody])
    assert "127.0.0.1:9 cannot be reached" in reasons(answer)


def test_a_credential_goes_to_its_own_registry_only(registry: Registry, other: Registry) -> None:
    """Not to another registry, not to a host of files, and no redirect carries it."""
    key, project = the_day(registry), the_project(registry)
    other.npm["@acme/inner"] = packument("@acme/inner", {"1.0.0": {"at": "2026-01-01T00:00:00Z"}})
    files = f"http://localhost:{other.http.server_port}/files"
    for item in registry.pypi["thing"]["files"]:
        other.metadata[item["filename"]] = registry.metadata[item["filename"]]
        item["url"] = f"{files}/{item['filename']}"
    registry.answers["/npm/moved"] = say(302, Location=f"http://localhost:{other.http.server_port}/npm/moved")
    answer = asked(
        key,
        project,
        ("npm", "@acme/inner", "1.0.0"),
        ("npm", "moved", "1.0.0"),
        upstreams=[npm(registry), npm(other, "@acme"), pypi(registry)],
        authorization=lambda upstream: SECRET if upstream.host == registry.host else "",
    )
    assert registry.seen
    assert all(headers.get("authorization") == SECRET for _, headers in registry.seen)
    assert len(other.seen) == 2
    assert not any("authorization" in headers for _, headers in other.seen)
    assert "canary" not in repr(answer)


def test_links_of_an_index_lead_nowhere_dangerous(registry: Registry, other: Registry) -> None:
    key = the_project(registry)
    place = f"localhost:{other.http.server_port}"
    for link in (
        f"http://{place}/x",
        f"https://user:pw@{place}/x",
        "file:///etc/passwd",
        "http://[",
        "ftp://a/b",
    ):
        for item in registry.pypi["thing"]["files"]:
            item["url"] = link
        answer = asked(key, upstreams=[pypi(registry)])
        assert answer.releases[key].new_dependencies is None
        assert answer.releases[key].published
    assert other.seen == []


def test_what_cannot_be_known_of_new_dependencies_is_said(registry: Registry) -> None:
    key = the_project(registry)
    registry.answers["/files/thing-1.0.0-py3-none-any.whl.metadata"] = say(403)
    answer = asked(key, upstreams=[pypi(registry)])
    assert answer.releases[key].new_dependencies is None
    assert "what it newly needs is not known" in reasons(answer)
    npm_key = the_day(registry)
    registry.answers["/npm/plain-crypt-js"] = say(403)
    answer = asked(npm_key, upstreams=[npm(registry)])
    assert answer.releases[npm_key].new_dependencies
    assert "whose age is not known" in reasons(answer)
