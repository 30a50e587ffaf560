import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest

from seawall.adapters.feeds.osv_api import FeedAnswer, ask
from seawall.kernel.cache import NoCache
from seawall.kernel.intake import Key
from seawall.kernel.matching import match
from simulators.loopback import in_turn, say
from simulators.osv import Osv, record

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FLAW = record(
    "GHSA-aaaa-bbbb-cccc",
    "npm",
    "left",
    ("1.0.0",),
    ranges=[{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}],
)
MALWARE = record("MAL-2026-1", "PyPI", "some-thing", ("6.6.6",))


class Memory:
    """A cache that keeps everything."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], bytes] = {}

    def cached(self, kind: str, keys: Iterable[str], now: datetime) -> dict[str, bytes]:
        return {key: self.held[kind, key] for key in keys if (kind, key) in self.held}

    def remember(self, kind: str, values: Mapping[str, bytes], until: datetime) -> None:
        assert until > NOW
        self.held.update({(kind, key): value for key, value in values.items()})


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[Osv]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Osv([FLAW, MALWARE])
    yield made
    made.close()


def asked(osv: Osv, *keys: Key, **more: object) -> FeedAnswer:
    return ask(keys, more.pop("cache", NoCache()), NOW, base=osv.url, **more)  # type: ignore[arg-type]


def test_what_it_says(osv: Osv) -> None:
    keys = (("npm", "left", "1.0.0"), ("npm", "right", "1.0.0"), ("PyPI", "Some_Thing", "6.6.6"))
    answer = asked(osv, *keys)
    found = match(keys, answer.advisories)
    assert {key: found[key][0].ids for key in found} == {
        keys[0]: ("GHSA-aaaa-bbbb-cccc",),
        keys[2]: ("MAL-2026-1",),
    }
    assert found[keys[0]][0].fixed_in == "1.0.1"
    assert answer.skipped == ()
    (state,) = answer.feeds
    assert (state.name, state.as_of, state.covers) == ("osv.dev", "2026-03-01T00:00:00Z", ("PyPI", "npm"))
    assert state.records == 2
    assert state.origin == osv.url


def test_nothing_to_ask_opens_no_connection(osv: Osv) -> None:
    assert asked(osv, ("conda", "x", "1"), ("npm", "x", "")) == FeedAnswer((), ())
    assert osv.seen == []


def test_batches_of_a_thousand_each_version_once(osv: Osv) -> None:
    keys = [("npm", f"p{n}", "1.0.0") for n in range(2500)]
    answer = asked(osv, *keys, *keys[:10])
    assert answer.skipped == ()
    assert len(osv.queries) == 2500
    assert osv.asked("querybatch") == 3


def test_every_page_is_read(osv: Osv) -> None:
    osv.page = 2
    many = [record(f"GHSA-{n}", "npm", "left", ("2.0.0",)) for n in range(7)]
    osv.records.update({item["id"]: item for item in many})
    answer = asked(osv, ("npm", "left", "2.0.0"), ("npm", "right", "1.0.0"))
    assert {a.id for a in answer.advisories} == {item["id"] for item in many}
    assert osv.asked("querybatch") == 4


def test_pages_without_end(osv: Osv) -> None:
    osv.answers["/v1/querybatch"] = say(200, b'{"results":[{"next_page_token":"again"}]}')
    answer = asked(osv, ("npm", "left", "1.0.0"))
    assert answer.skipped[0].required
    assert "pages" in answer.skipped[0].reason
    assert osv.asked("querybatch") <= 50


def test_one_refused_question_does_not_hide_the_others(osv: Osv) -> None:
    keys = [
        *(("npm", f"p{n}", "1.0.0") for n in range(20)),
        ("npm", "bad", "1.0.0"),
        ("npm", "left", "1.0.0"),
    ]
    answer = asked(osv, *keys)
    assert [a.id for a in answer.advisories] == ["GHSA-aaaa-bbbb-cccc"]
    (skipped,) = answer.skipped
    assert skipped.required
    assert "1 package version:" in skipped.reason
    assert answer.feeds[0].covers == ()


def test_a_record_is_fetched_once_until_it_changes(osv: Osv) -> None:
    cache, key = Memory(), ("npm", "left", "1.0.0")
    first = asked(osv, key, cache=cache)
    again = asked(osv, key, cache=cache)
    assert first == again
    assert osv.asked("/v1/vulns/") == 1
    osv.records[FLAW["id"]] = {**FLAW, "modified": "2026-02-02T00:00:00Z", "summary": "worse"}
    assert asked(osv, key, cache=cache).advisories[0].summary == "worse"
    assert osv.asked("/v1/vulns/") == 2


def test_a_spoiled_cache_is_asked_around(osv: Osv) -> None:
    cache, key = Memory(), ("npm", "left", "1.0.0")
    first = asked(osv, key, cache=cache)
    other = json.dumps(MALWARE).encode()
    for spoiled in (b"", b"{", b"[]", other):
        cache.held = dict.fromkeys(cache.held, spoiled)
        assert asked(osv, key, cache=cache).advisories == first.advisories


def test_a_record_that_is_named_but_not_delivered_still_counts(osv: Osv) -> None:
    key = ("npm", "left", "9.9.9")
    osv.also[key] = ["MAL-2026-9", "GHSA-gone"]
    answer = asked(osv, key)
    found = match([key], answer.advisories)[key]
    assert {m.ids[0]: m.malicious for m in found} == {"MAL-2026-9": True, "GHSA-gone": False}
    (skipped,) = answer.skipped
    assert skipped.required
    assert "GHSA-gone, MAL-2026-9" in skipped.reason


def test_where_versions_have_no_order_here_the_service_is_believed(osv: Osv) -> None:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0.Final"}]}]
    osv.records["GHSA-m"] = record("GHSA-m", "Maven", "org:thing", ranges=ranges)
    key = ("Maven", "org:thing", "1.0.Final")
    osv.also[key] = ["GHSA-m"]
    assert match([key], asked(osv, key).advisories)[key][0].ids == ("GHSA-m",)


def test_go_versions_are_asked_without_their_v(osv: Osv) -> None:
    asked(osv, ("Go", "example.org/m", "v1.2.3"))
    assert osv.queries[0]["version"] == "1.2.3"


def test_nobody_there_is_said_quickly() -> None:
    start = time.monotonic()
    keys = [("npm", f"p{n}", "1.0.0") for n in range(9000)]
    answer = ask(keys, NoCache(), NOW, base="http://127.0.0.1:9")
    assert time.monotonic() - start < 3
    assert answer.feeds == ()
    (skipped,) = answer.skipped
    assert skipped.required
    assert "127.0.0.1:9 cannot be reached" in skipped.reason
    assert "9000 package versions" in skipped.reason


def test_a_storm_of_429_is_left_in_peace(osv: Osv) -> None:
    osv.answers["/v1/querybatch"] = say(429, Retry_After="600")
    answer = asked(osv, *[("npm", f"p{n}", "1.0.0") for n in range(9000)])
    assert answer.skipped[0].required
    assert "429" in answer.skipped[0].reason
    assert len(osv.seen) <= 4


def test_a_passing_fault_is_outlived(osv: Osv) -> None:
    osv.answers["/v1/querybatch"] = in_turn(say(503), osv.answers["/v1/querybatch"])
    assert asked(osv, ("npm", "left", "1.0.0")).skipped == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"results":{}}',
        b'{"results":[]}',
        b'{"results":[{},{}]}',
        b'{"results":[[]]}',
        b'{"results":[{"vulns":{}}]}',
        b'{"results":[{"vulns":[3]}]}',
        b'{"results":[{"vulns":[{"id":3}]}]}',
        b'{"results":[{"vulns":[{"id":"../../etc/passwd"}]}]}',
        b'{"results":' + b"[" * 100_000,
    ],
)
def test_a_lying_server(osv: Osv, body: bytes) -> None:
    osv.answers["/v1/querybatch"] = say(200, body)
    answer = asked(osv, ("npm", "left", "1.0.0"))
    assert any(s.required for s in answer.skipped)
    assert "npm" not in {e for feed in answer.feeds for e in feed.covers}
    assert not osv.asked("passwd")


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b'{"id":"GHSA-other"}', b"[" * 100_000])
def test_a_lying_record(osv: Osv, body: bytes) -> None:
    osv.answers["/v1/vulns/GHSA-aaaa-bbbb-cccc"] = say(200, body)
    key = ("npm", "left", "1.0.0")
    answer = asked(osv, key)
    assert match([key], answer.advisories)[key][0].ids == ("GHSA-aaaa-bbbb-cccc",)
    assert any(s.required for s in answer.skipped)


def test_a_server_that_never_ends(osv: Osv) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    osv.answers["/v1/querybatch"] = endless
    start = time.monotonic()
    answer = asked(osv, ("npm", "left", "1.0.0"), seconds=1.0)
    assert time.monotonic() - start < 2
    assert answer.skipped[0].required


def test_what_we_use_is_not_told_to_another_host(osv: Osv) -> None:
    osv.answers["/v1/querybatch"] = say(307, Location="http://localhost:9/v1/querybatch")
    answer = asked(osv, ("npm", "left", "1.0.0"))
    assert "another host" in answer.skipped[0].reason
