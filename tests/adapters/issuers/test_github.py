"""Strangers' tokens open nothing, whatever they are signed with and whatever they say."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from seawall.adapters.http import Http, Patience
from seawall.adapters.issuers.github import check_trust, of_strangers
from seawall.adapters.issuers.keys import IssuerKeys
from seawall.adapters.stores.tokens import TokenStore
from seawall.kernel.errors import PolicyError
from seawall.kernel.gate_settings import GateSettings, GithubTrust
from seawall.kernel.identity import Identity, Proof
from seawall.servers.firewall.identify import Refusal, identify
from seawall.tokens import Exchanged, exchange
from simulators.issuer import AUDIENCE, OWNER, REPOSITORY, Issuer, signed_with_hmac
from simulators.loopback import say

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
T = NOW.timestamp()


@pytest.fixture(scope="module")
def made() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.close()


@pytest.fixture
def issuer(made: Issuer, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made.publish()
    made.seen.clear()
    return made


class Door:
    """A firewall's exchange with a store of its own."""

    def __init__(self, issuer: Issuer, path: Path) -> None:
        self.trust = GithubTrust(AUDIENCE, issuer.url, repositories=(REPOSITORY,), teams=("ci",))
        self.keys = IssuerKeys(Http(patience=Patience(connect=1, read=1, total=1, tries=1)))
        self.store = TokenStore(path / "gate.db")

    def __call__(self, signed: str, now: datetime = NOW, **trust: Any) -> Exchanged:
        trusts = (replace(self.trust, **trust),)
        return exchange(json.dumps({"token": signed}).encode(), trusts, self.keys.key, self.store, now)


@pytest.fixture
def door(issuer: Issuer, tmp_path: Path) -> Iterator[Door]:
    made = Door(issuer, tmp_path)
    yield made
    made.store.close()
    made.keys.close()


def why(answer: Exchanged) -> str:
    assert answer.identity is None
    return f"{answer.status} {json.loads(answer.body)['error']}"


def test_a_job_gets_a_short_token_and_is_known_by_it(issuer: Issuer, door: Door) -> None:
    answer = door(issuer.signed(issuer.claims(T)))
    assert answer.status == 200
    said = json.loads(answer.body)
    assert said["expires"] == (NOW + timedelta(minutes=60)).isoformat()
    who = identify(
        "203.0.113.9", {"authorization": f"Bearer {said['token']}"}, True, GateSettings(), door.store, NOW
    )
    assert who == Identity(
        "github:222", "Workload", ("ci",), Proof.OIDC, "github-actions", "github:222/4711/1", "a" * 40
    )
    later = NOW + timedelta(minutes=60)
    gone = identify(
        "::1", {"authorization": f"Bearer {said['token']}"}, True, GateSettings(), door.store, later
    )
    assert isinstance(gone, Refusal)


def test_what_a_job_signed_is_not_overwritten_by_headers(issuer: Issuer, door: Door) -> None:
    token = json.loads(door(issuer.signed(issuer.claims(T))).body)["token"]
    said = {"authorization": f"Bearer {token}", "x-seawall-run": "other", "x-seawall-commit": "b" * 40}
    who = identify("::1", said, False, GateSettings(), door.store, NOW)
    assert isinstance(who, Identity)
    assert (who.run, who.commit) == ("github:222/4711/1", "a" * 40)


def test_an_elliptic_key_counts_too(issuer: Issuer, door: Door) -> None:
    assert door(issuer.signed(issuer.claims(T), "curve", "ES256")).status == 200


def test_an_owner_by_id_is_enough(issuer: Issuer, door: Door) -> None:
    assert door(issuer.signed(issuer.claims(T)), repositories=(), owners=(OWNER,)).status == 200


WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "https://other.example"},
    "another audience,": {"aud": [AUDIENCE, "https://other.example"]},
    "another audience ": {"aud": None},
    "is not trusted here": {"repository_id": "333"},
    "not trusted here": {"repository_id": "333", "repository_owner_id": "444"},
    "does not say which repository": {"repository_id": None},
    "does not say which repository ": {"repository_id": 222},
    "does not say which repository  ": {"repository_owner_id": None},
    "has expired": {"exp": int(T) - 31, "iat": int(T) - 100, "nbf": int(T) - 100},
    "does not count yet": {"nbf": int(T) + 60},
    "does not count yet ": {"iat": int(T) + 60, "exp": int(T) + 120},
    "counts for too long": {"exp": int(T) + 90_000},
    "does not say when it counts": {"exp": None},
    "does not say when it counts ": {"nbf": None},
    "does not say when it counts  ": {"iat": None},
    "does not say when it counts   ": {"exp": str(int(T) + 100)},
    "does not say when it counts    ": {"exp": float("inf")},
    "does not say when it counts     ": {"iat": True},
    "no id of its own": {"jti": None},
    "no id of its own ": {"jti": ""},
    "no id of its own  ": {"jti": "x" * 300},
    "is of an issuer that is not trusted": {"iss": "https://issuer.example"},
    "is of an issuer that is not trusted ": {"iss": None},
}


@pytest.mark.parametrize("words", WRONG)
def test_a_good_signature_under_wrong_claims_opens_nothing(words: str, issuer: Issuer, door: Door) -> None:
    said = why(door(issuer.signed(issuer.claims(T, **WRONG[words]))))
    assert said.startswith("401")
    assert words.strip(" ,") in said


def test_a_trailing_slash_is_another_issuer(issuer: Issuer, door: Door) -> None:
    assert "not trusted" in why(door(issuer.signed(issuer.claims(T, iss=f"{issuer.url}/"))))


def test_the_same_names_of_another_owner_open_nothing(issuer: Issuer, door: Door) -> None:
    """`acme/app` was deleted and registered anew: the names are the same, the ids are not."""
    assert "not trusted" in why(
        door(issuer.signed(issuer.claims(T, repository_id="9", repository_owner_id="8")))
    )


def test_a_token_counts_once(issuer: Issuer, door: Door) -> None:
    signed = issuer.signed(issuer.claims(T))
    assert door(signed).status == 200
    assert "used before" in why(door(signed))
    # Another text with the same id is the same proof.
    assert "used before" in why(door(issuer.signed(issuer.claims(T, extra="x"))))
    assert door(issuer.signed(issuer.claims(T, jti="other"))).status == 200


def test_two_firewalls_of_one_store_take_it_once(issuer: Issuer, door: Door, tmp_path: Path) -> None:
    other = Door(issuer, tmp_path)
    signed = issuer.signed(issuer.claims(T))
    assert [door(signed).status, other(signed).status] == [200, 401]
    other.store.close()
    other.keys.close()


def b64(data: Any) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_no_algorithm_confusion(issuer: Issuer, door: Door) -> None:
    claims = issuer.claims(T)
    public = issuer.keys["one"].as_pem(private=False)
    for alg in ("none", "None", "NONE", "", "HS256", "RS256 ", "rs256", "PS256", 5, None, ["RS256"]):
        forged = f"{b64({'alg': alg, 'kid': 'one'})}.{b64(claims)}."
        assert why(door(forged)).startswith("401")
        assert why(door(forged + b64(b"x"))).startswith("401")
    as_secret = signed_with_hmac({"alg": "HS256", "kid": "one"}, claims, public)
    assert "algorithm" in why(door(as_secret))
    # A key of the one kind under the name of the other.
    assert "not for this signature" in why(door(issuer.signed(claims, "curve", "RS256", issuer.keys["one"])))


def test_no_tricks_with_the_key(issuer: Issuer, door: Door) -> None:
    claims = issuer.claims(T)
    mine = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    assert "signature is wrong" in why(door(issuer.signed(claims, "one", "RS256", mine)))
    assert "no key of that name" in why(door(issuer.signed(claims, "two", "RS256", mine)))
    for header in (
        {"jwk": mine.as_dict(private=False)},
        {"jku": "https://keys.example/jwks"},
        {"x5u": "https://keys.example/x"},
        {"x5c": ["AA=="]},
    ):
        assert "its own key" in why(door(issuer.signed(claims, "one", "RS256", mine, **header)))
    for kid in ("../../etc/passwd", "one' OR '1'='1", "x" * 300, "https://keys.example"):
        assert why(door(issuer.signed(claims, kid, "RS256", mine))).startswith("401")
    body = issuer.signed(claims).split(".")[1]
    for header in ({"alg": "RS256"}, {"alg": "RS256", "kid": 5}, {"alg": "RS256", "kid": ["one"]}, []):
        assert why(door(f"{b64(header)}.{body}.{b64(b'x' * 256)}")).startswith("401")
    twice = b64(b'{"alg":"none","alg":"RS256","kid":"one"}')
    assert why(door(f"{twice}.{body}.{b64(b'x')}")).startswith("401")
    assert all(path.startswith("/.well-known/") for path, _ in issuer.seen)


@pytest.mark.parametrize(
    "signed", ["", "a", "a.b", "a.b.c.d", "....", "é.é.é", "x" * 17_000, "[" * 9000, "\0.\0.\0"]
)
def test_what_is_no_token_is_refused_without_asking_anybody(issuer: Issuer, door: Door, signed: str) -> None:
    assert why(door(signed))[:3] in ("400", "401")
    assert issuer.seen == []


def test_a_deep_token_is_refused(issuer: Issuer, door: Door) -> None:
    deep = b64(b"[" * 11_000)
    assert why(door(f"{b64({'alg': 'RS256', 'kid': 'one'})}.{deep}.{b64(b'x')}")).startswith("401")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 5}', b"[" * 30_000, b"x" * 40_000, b"\xff"])
def test_what_is_no_request_is_refused(door: Door, body: bytes) -> None:
    assert exchange(body, (door.trust,), door.keys.key, door.store, NOW).status == 400


def test_without_trust_nothing_is_exchanged(issuer: Issuer, door: Door) -> None:
    body = json.dumps({"token": issuer.signed(issuer.claims(T))}).encode()
    assert exchange(body, (), door.keys.key, door.store, NOW).status == 401


def test_refs_and_environments_are_asked_for(issuer: Issuer, door: Door) -> None:
    main = {"refs": ("refs/heads/main", "refs/tags/v*")}
    assert door(issuer.signed(issuer.claims(T, jti="1")), **main).status == 200
    assert door(issuer.signed(issuer.claims(T, jti="2", ref="refs/tags/v1.0")), **main).status == 200
    assert "not from that ref" in why(door(issuer.signed(issuer.claims(T, ref="refs/heads/x")), **main))
    assert "not from that ref" in why(door(issuer.signed(issuer.claims(T, ref=None)), **main))
    release = {"environments": ("release",)}
    assert "environment" in why(door(issuer.signed(issuer.claims(T)), **release))
    assert "environment" in why(door(issuer.signed(issuer.claims(T, environment="release2")), **release))
    assert door(issuer.signed(issuer.claims(T, jti="3", environment="release")), **release).status == 200


@pytest.mark.parametrize(
    ("claims", "stranger"),
    [
        ({}, False),
        ({"event_name": "schedule"}, False),
        ({"event_name": "merge_group"}, False),
        ({"event_name": "pull_request", "head_ref": "x", "base_ref": "main"}, True),
        ({"event_name": "pull_request_target"}, True),
        ({"event_name": "workflow_run"}, True),
        ({"event_name": "issue_comment"}, True),
        ({"event_name": "something_new"}, True),
        ({"event_name": None}, True),
        ({"event_name": ["push"]}, True),
        ({"head_ref": "x"}, True),
        ({"ref": "refs/pull/5/merge"}, True),
    ],
)
def test_whose_code_cannot_be_told_is_a_strangers(
    issuer: Issuer, door: Door, claims: dict[str, Any], stranger: bool
) -> None:
    said = issuer.claims(T, **claims)
    assert of_strangers(said) is stranger
    answer = door(issuer.signed(said))
    assert answer.identity is not None
    assert answer.identity.fork is stranger
    assert ("forks" in answer.identity.principal.teams) is stranger


def test_a_new_key_is_found_and_an_unknown_one_not_asked_for_again_and_again(
    issuer: Issuer, door: Door
) -> None:
    assert door(issuer.signed(issuer.claims(T))).status == 200
    issuer.keys["fresh"] = RSAKey.generate_key(2048, {"kid": "fresh"}, private=True)
    try:
        signed = issuer.signed(issuer.claims(T, jti="2"), "fresh")
        assert "no key" in why(door(signed))
        issuer.publish()
        asked = len(issuer.seen)
        assert "no key" in why(door(signed))
        assert len(issuer.seen) == asked
        assert door(signed, NOW + timedelta(seconds=31)).status == 200
    finally:
        del issuer.keys["fresh"]


def test_a_key_that_was_taken_back_does_not_count_for_long(issuer: Issuer, door: Door) -> None:
    assert door(issuer.signed(issuer.claims(T))).status == 200
    issuer.publish_keys([issuer.keys["curve"].as_dict(private=False)])
    later = NOW + timedelta(minutes=11)
    assert "no key" in why(door(issuer.signed(issuer.claims(later.timestamp(), jti="2")), later))


def test_an_issuer_that_is_down_lets_nobody_in(issuer: Issuer, door: Door) -> None:
    issuer.answers["/.well-known/jwks"] = say(500)
    assert why(door(issuer.signed(issuer.claims(T)))).startswith("503")
    issuer.answers["/.well-known/jwks"] = say(200, b"x" * 300_000)
    assert why(door(issuer.signed(issuer.claims(T)), NOW)).startswith("503")
    issuer.publish(jwks_uri="https://keys.example/jwks")
    assert "another host" in why(door(issuer.signed(issuer.claims(T)), NOW))
    issuer.publish(issuer="https://other.example")
    assert why(door(issuer.signed(issuer.claims(T)), NOW)).startswith("503")


def test_keys_that_do_not_fit_are_refused(issuer: Issuer, door: Door) -> None:
    one = issuer.keys["one"].as_dict(private=False)
    for change in ({"use": "enc"}, {"alg": "RS512"}, {"kty": "oct"}, {"n": "AQAB"}, {"n": 5}):
        door.keys = IssuerKeys(door.keys._http)
        issuer.publish_keys([{**one, **change}])
        assert why(door(issuer.signed(issuer.claims(T)))).startswith("401")
    for keys in ([one, one], [one] * 65, "x"):
        door.keys = IssuerKeys(door.keys._http)
        issuer.publish_keys(keys)  # type: ignore[arg-type]
        assert why(door(issuer.signed(issuer.claims(T)))).startswith("503")


@pytest.mark.parametrize(
    "change",
    [
        {"audience": ""},
        {"audience": " "},
        {"repositories": ()},
        {"repositories": ("acme/app",)},
        {"owners": ("acme",)},
        {"issuer": "http://issuer.example"},
        {"issuer": ""},
        {"minutes": 0},
        {"minutes": 2000},
    ],
)
def test_trust_that_a_stranger_could_meet_is_refused_at_the_start(door: Door, change: dict[str, Any]) -> None:
    check_trust((door.trust,))
    with pytest.raises(PolicyError):
        check_trust((replace(door.trust, **change),))
