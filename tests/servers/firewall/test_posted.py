"""What a seal refused and when a run began and ended become events, and nothing else does."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.stores.tokens import TokenStore
from seawall.kernel.errors import PolicyError, UsageError
from seawall.kernel.event import Action, Delivery, Event
from seawall.kernel.gate_settings import GithubTrust
from seawall.kernel.identity import Identity
from seawall.kernel.leaf import Pseudonyms, leaf
from seawall.servers.firewall.posted import exchanger, ran, refusals

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
WHO = Identity("token:ci", place="runner-4", run="acme/app/7", commit="a" * 40)


def body(*items: object, schema: str = "seawall/refused/1") -> bytes:
    return json.dumps({"schema": schema, "refused": list(items)}).encode()


def test_each_destination_is_an_event_of_whoever_tells_it() -> None:
    one = {"host": "192.0.2.66", "port": 8000, "protocol": "tcp", "times": 3}
    name = {"host": "drop.example", "port": 53, "protocol": "dns", "times": 1}
    events = refusals(body(one, name), WHO, NOW)
    assert [e.identity.place for e in events] == ["192.0.2.66 8000", "drop.example 53"]
    assert all(
        (e.action, e.delivery, e.outcome) == (Action.CONNECT, Delivery.REFUSED, "deny") for e in events
    )
    assert all((e.identity.id, e.identity.run) == ("token:ci", "acme/app/7") for e in events)
    assert [e.subject for e in events] == ["tcp", "dns"]


GOOD = {"host": "h.example", "port": 1, "protocol": "tcp"}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 99_999,
        b" " * 300_000,
        body(schema="x"),
        body(*[GOOD] * 1001),
        body(5),
        body({**GOOD, "host": "a b"}),
        body({**GOOD, "host": "x" * 300}),
        body({**GOOD, "host": 5}),
        body({**GOOD, "port": -1}),
        body({**GOOD, "port": 70_000}),
        body({**GOOD, "port": "1"}),
        body({**GOOD, "protocol": "x\n"}),
        body({"host": "a"}),
    ],
)
def test_anything_else_is_refused(sent: bytes) -> None:
    with pytest.raises(UsageError):
        refusals(sent, WHO, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TokenStore]:
    made = TokenStore(tmp_path / "gate.db")
    yield made
    made.close()


def test_an_exchange_without_ids_does_not_start(store: TokenStore) -> None:
    noted: list[Event] = []
    loose = GithubTrust("https://fw.example", "https://issuer.example")
    with pytest.raises(PolicyError, match="numeric ids"):
        exchanger((loose,), lambda *_: None, store, noted.append)


def test_an_exchange_that_fails_gives_and_records_nothing(store: TokenStore) -> None:
    noted: list[Event] = []
    trust = GithubTrust("https://fw.example", "https://issuer.example", owners=("1",))
    said = exchanger((trust,), lambda *_: None, store, noted.append)(b'{"token": "a.b.c"}', NOW)
    assert said.status == 401
    assert ("cache-control", "no-store") in said.headers
    assert noted == []
    assert store.all() == ()


def of_run(**said: object) -> bytes:
    return json.dumps({"schema": "seawall/run/1", **said}).encode()


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ({"did": "began", "sealed": False, "around": False}, "began"),
        ({"did": "began", "sealed": True, "around": False}, "began-sealed"),
        ({"did": "began", "sealed": False, "around": True}, "began-around"),
        ({"did": "ended", "exit_code": 0}, "ended-0"),
        ({"did": "ended", "exit_code": 137}, "ended-137"),
        ({"did": "ended", "exit_code": 1, "command": "npm ci --token=canary"}, "ended-1"),
    ],
)
def test_a_run_is_told_in_words_of_ours(said: dict[str, object], subject: str) -> None:
    event = ran(of_run(**said), WHO, NOW)
    assert (event.action, event.subject, event.identity) == (Action.RUN, subject, WHO)
    assert json.loads(leaf(event, Pseudonyms("0" * 32), "1" * 32))["subject"] == subject
    assert b"canary" not in leaf(event, Pseudonyms("0" * 32), "1" * 32)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b" " * 300_000,
        body(),
        of_run(),
        of_run(did="began"),
        of_run(did="began", sealed="yes", around=False),
        of_run(did="began", sealed=True, around=False, exit_code=0),
        of_run(did="ended"),
        of_run(did="ended", exit_code=256),
        of_run(did="ended", exit_code=-1),
        of_run(did="ended", exit_code=True),
        of_run(did="ended", exit_code="0"),
        of_run(did="npm ci"),
        of_run(schema="x", did="ended", exit_code=0),
    ],
)
def test_anything_else_tells_of_no_run(sent: bytes) -> None:
    with pytest.raises(UsageError):
        ran(sent, WHO, NOW)
