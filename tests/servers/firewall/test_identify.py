"""Who asks: an address, a live token, or nobody."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.adapters.stores.tokens import TokenStore
from seawall.kernel.errors import PolicyError
from seawall.kernel.gate_settings import GateSettings, Listen
from seawall.kernel.identity import Identity
from seawall.servers.firewall.identify import Refusal, check_proxies, identify
from seawall.tokens import make, revoke

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OPEN = GateSettings()
FAR, NEAR = "203.0.113.9", "127.0.0.1"


def basic(user: str, password: str = "") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TokenStore]:
    made = TokenStore(tmp_path / "gate.db")
    yield made
    made.close()


def test_an_address_is_known_by_itself() -> None:
    assert identify(FAR, {}, False, OPEN, None, NOW) == Identity(f"address:{FAR}", place=FAR)


def test_without_a_token_nobody_is_served_where_that_is_said() -> None:
    found = identify(NEAR, {}, True, replace(OPEN, anonymous=False), None, NOW)
    assert isinstance(found, Refusal)
    assert found.status == 401
    assert dict(found.headers)["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "send",
    [
        lambda t: f"Bearer {t}",
        lambda t: f"bearer  {t} ",
        lambda t: basic("__token__", t),
        basic,
        lambda t: basic(t, "x"),
    ],
)
def test_every_way_in_which_clients_send_a_token(store: TokenStore, send) -> None:  # type: ignore[no-untyped-def]
    secret, _ = make(store, "ci", NOW, teams=("ml",))
    found = identify(FAR, {"authorization": send(secret)}, True, OPEN, store, NOW)
    assert isinstance(found, Identity)
    assert (found.id, found.teams, found.place) == ("token:ci", ("ml",), FAR)


@pytest.mark.parametrize(
    "said",
    [
        "Bearer swt_nobody",
        "Bearer ",
        "Basic !!!",
        "Basic",
        basic("", ""),
        "Digest x",
        "Bearer " + "x" * 600,
        "Basic " + "A" * 4096,
        basic("a", "b"),
        "x",
    ],
)
def test_what_is_no_token_is_refused_and_never_repeated(store: TokenStore, said: str) -> None:
    found = identify(NEAR, {"authorization": said}, False, OPEN, store, NOW)
    assert isinstance(found, Refusal)
    assert found.status == 401
    word = said.partition(" ")[2].strip()
    assert len(word) < 3 or word not in found.body.decode()


@given(st.text(max_size=300))
def test_no_header_is_a_crash(said: str) -> None:
    assert isinstance(identify(NEAR, {"authorization": said}, False, OPEN, None, NOW), Identity | Refusal)


def test_an_ended_token_is_named_with_its_time(store: TokenStore) -> None:
    secret, _ = make(store, "ci", NOW, days=1)
    said = {"authorization": f"Bearer {secret}"}
    found = identify(FAR, said, True, OPEN, store, NOW + timedelta(days=1))
    assert isinstance(found, Refusal)
    answer = json.loads(found.body)
    assert answer["error"].startswith("the token ci expired on 2026-11-02 12:00 UTC")
    assert secret not in found.body.decode()
    revoke(store, "ci", NOW)
    found = identify(FAR, said, True, OPEN, store, NOW)
    assert isinstance(found, Refusal)
    assert "the token ci was revoked on 2026-11-01" in found.error


def test_no_token_over_plain_http_from_elsewhere(store: TokenStore) -> None:
    secret, _ = make(store, "ci", NOW)
    said = {"authorization": f"Bearer {secret}"}
    found = identify(FAR, said, False, OPEN, store, NOW)
    assert isinstance(found, Refusal)
    assert found.status == 403
    assert "revoke it" in found.advice
    for near in (NEAR, "127.8.9.1", "::1", "::ffff:127.0.0.1"):
        assert isinstance(identify(near, said, False, OPEN, store, NOW), Identity), near


RUN = {"x-seawall-run": "acme/app/77", "x-seawall-commit": "a" * 40, "x-seawall-place": "runner-4"}


def test_what_is_said_of_a_run_counts_with_a_token_or_here(store: TokenStore) -> None:
    secret, _ = make(store, "ci", NOW)
    known = identify(FAR, {**RUN, "authorization": f"Bearer {secret}"}, True, OPEN, store, NOW)
    assert isinstance(known, Identity)
    assert (known.run, known.commit, known.place) == ("acme/app/77", "a" * 40, "runner-4")
    here = identify(NEAR, RUN, False, OPEN, store, NOW)
    assert isinstance(here, Identity)
    assert here.run == "acme/app/77"
    assert identify(FAR, RUN, True, OPEN, store, NOW) == Identity(f"address:{FAR}", place=FAR)


@pytest.mark.parametrize("word", ["a b", "<x>", "x" * 201, "\n", "", "-x", "é"])
def test_what_is_no_word_is_not_believed(word: str) -> None:
    found = identify(NEAR, {"x-seawall-run": word}, False, OPEN, None, NOW)
    assert isinstance(found, Identity)
    assert found.run == ""


BEHIND = replace(OPEN, listen=Listen(proxies=("10.0.0.0/8", "127.0.0.1")))


@pytest.mark.parametrize(
    ("client", "forwarded", "host"),
    [
        ("10.1.1.1", "203.0.113.9", "203.0.113.9"),
        ("10.1.1.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("10.1.1.1", "203.0.113.9, 10.2.2.2", "203.0.113.9"),
        ("10.1.1.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.1.1.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.1.1.1", "nonsense", "10.1.1.1"),
        ("10.1.1.1", "6.6.6.6, nonsense", "10.1.1.1"),
        ("10.1.1.1", "", "10.1.1.1"),
        ("203.0.113.7", "6.6.6.6", "203.0.113.7"),
        ("10.1.1.1", ",".join(["10.0.0.1"] * 5000), "10.0.0.1"),
    ],
)
def test_forwarded_headers_count_from_listed_proxies_only(client: str, forwarded: str, host: str) -> None:
    found = identify(client, {"x-forwarded-for": forwarded}, False, BEHIND, None, NOW)
    assert isinstance(found, Identity)
    assert found.id == f"address:{host}"


def test_without_listed_proxies_nobody_forwards() -> None:
    found = identify("10.1.1.1", {"x-forwarded-for": "127.0.0.1"}, False, OPEN, None, NOW)
    assert isinstance(found, Identity)
    assert found.id == "address:10.1.1.1"


def test_a_token_behind_a_proxy_needs_https_up_to_the_proxy(store: TokenStore) -> None:
    secret, _ = make(store, "ci", NOW)
    said = {"authorization": f"Bearer {secret}", "x-forwarded-for": FAR}
    assert isinstance(identify("10.1.1.1", said, True, BEHIND, store, NOW), Refusal)
    assert isinstance(
        identify("10.1.1.1", {**said, "x-forwarded-proto": "https"}, False, BEHIND, store, NOW), Identity
    )
    assert isinstance(
        identify(FAR, {**said, "x-forwarded-proto": "https"}, False, BEHIND, store, NOW), Refusal
    )
    # A proxy on this machine that does not say for whom it asks makes nobody local.
    del said["x-forwarded-for"]
    assert isinstance(identify(NEAR, said, False, BEHIND, store, NOW), Refusal)


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    check_proxies(BEHIND)
    with pytest.raises(PolicyError, match="no address"):
        check_proxies(replace(OPEN, listen=Listen(proxies=("proxy.example",))))
