"""A hub that lies, leads elsewhere, is slow or down: what its door takes from it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.simulators.past import (
    Past,
    Reply,
    Request,
    cut,
    in_turn,
    instead,
    redirect,
    serving,
    stall,
    status,
)

from seawall.adapters.http import Patience
from seawall.adapters.origins.heard import HeardStore
from seawall.adapters.origins.hub import HubDoor
from seawall.kernel.errors import OutsideError
from seawall.kernel.origin import Origin


class Told(Past):
    def answer(self, request: Request) -> Reply:
        return Reply(200, json.dumps({"path": request.path, "query": request.query}).encode())


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def past() -> Iterator[Told]:
    with serving(Told()) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(tmp_path: Path, clock: Clock) -> Iterator[HubDoor]:
    made = HubDoor(
        HeardStore(tmp_path, 1_000_000),
        clock=clock,
        authorization=lambda _: "Bearer ours",
        instance="me",
        stale_seconds=1_000.0,
        limit=10_000,
        patience=Patience(connect=1.0, read=1.0, total=2.0, tries=1),
    )
    yield made
    made.close()


def hub(past: Past) -> Origin:
    return Origin("Hugging Face", "hub", past.url)


def test_it_is_asked_with_our_credential_and_our_mark(past: Told, door: HubDoor) -> None:
    said = door.ask(hub(past), f"{past.url}/api/models/a/b?x=1", 0.0)
    assert (said.status, json.loads(said.body)["query"]) == (200, "x=1")
    assert past.seen[0].headers["authorization"] == "Bearer ours"
    assert past.seen[0].headers["seawall-via"] == "me"


def test_what_is_fresh_is_not_asked_for_again_and_then_only_confirmed(
    past: Told, door: HubDoor, clock: Clock
) -> None:
    address = f"{past.url}/api/models/a/b"
    first = door.ask(hub(past), address, 60.0)
    assert door.ask(hub(past), address, 60.0) == first
    assert len(past.seen) == 1
    clock.now += 61
    again = door.ask(hub(past), address, 60.0)
    assert (again.body, again.at) == (first.body, clock.now)
    assert past.seen[1].headers["if-none-match"]


def test_while_it_is_down_what_it_said_last_counts_for_a_while(
    past: Told, door: HubDoor, clock: Clock
) -> None:
    address = f"{past.url}/api/models/a/b"
    first = door.ask(hub(past), address, 0.0)
    for fault in (status(503), status(429), cut(5), status(302)):
        past.faults["*"] = fault
        clock.now += 10
        assert door.ask(hub(past), address, 0.0).body == first.body
        assert door.ask(hub(past), address, 0.0).stale
    clock.now += 2_000
    with pytest.raises(OutsideError):
        door.ask(hub(past), address, 0.0)


def test_a_refusal_counts_at_once_and_is_never_kept(past: Told, door: HubDoor) -> None:
    address = f"{past.url}/api/models/a/b"
    door.ask(hub(past), address, 0.0)
    headers = {"X-Error-Code": "GatedRepo", "X-Error-Message": "no\tentry \xe9" + "x" * 1_000}
    past.faults["*"] = in_turn(instead(Reply(403, b"{}", headers=headers)), status(503))
    refused = door.ask(hub(past), address, 0.0)
    assert (refused.status, refused.code) == (403, "GatedRepo")
    assert refused.message.startswith("noentry x")
    assert len(refused.message) < 300
    assert door.ask(hub(past), address, 0.0).status == 200


def test_no_other_host_is_asked_for_documents(past: Told, door: HubDoor) -> None:
    with serving(Told()) as other:
        with pytest.raises(OutsideError):
            door.ask(hub(past), f"{other.url}/api/models/a/b", 0.0)
        past.faults["*"] = redirect(f"{other.url}/api/models/a/b")
        with pytest.raises(OutsideError):
            door.ask(hub(past), f"{past.url}/api/models/a/b", 0.0)
        with pytest.raises(OutsideError):
            door.post(hub(past), f"{past.url}/api/models/a/b/paths-info/main", b"paths=x")
        assert not other.seen
        assert door.head(hub(past), f"{past.url}/a/b/resolve/main/x").status == 200
        assert "authorization" not in other.seen[0].headers


def test_too_much_is_not_taken(past: Told, door: HubDoor) -> None:
    past.faults["*"] = instead(Reply(200, b"x" * 20_000))
    with pytest.raises(OutsideError, match="more than 10000 bytes"):
        door.ask(hub(past), f"{past.url}/api/models/a/b", 0.0)


@pytest.mark.parametrize(
    ("link", "follows"),
    [
        ('<{url}/next?cursor=1>; rel="next"', "{url}/next?cursor=1"),
        ("</next?cursor=1>; rel=next", "{url}/next?cursor=1"),
        ('<{url}/a>; rel="prev", <{url}/b>; rel="next"', "{url}/b"),
        ('<{url}/a>; rel="prev"', ""),
        ("nonsense", ""),
        ('<{url}/x>; rel="xet-auth"', ""),
    ],
)
def test_the_next_page(past: Told, door: HubDoor, link: str, follows: str) -> None:
    headers = {"Link": link.format(url=past.url)}
    past.faults["*"] = in_turn(instead(Reply(200, b"[]", headers=headers)), status(503))
    for _ in range(2):  # the second time it is what was kept
        said = door.ask(hub(past), f"{past.url}/api/models/a/b/tree/main", 0.0)
        assert said.next == follows.format(url=past.url)


def test_a_slow_hub_is_not_waited_for_where_something_is_at_hand(
    tmp_path: Path, past: Told, clock: Clock
) -> None:
    door = HubDoor(
        HeardStore(tmp_path, 1_000_000),
        clock=clock,
        patience=Patience(connect=1.0, read=20.0, total=20.0, tries=1),
        soon=0.1,
    )
    address = f"{past.url}/api/models/a/b"
    door.ask(hub(past), address, 60.0)
    clock.now += 61
    past.faults["*"] = stall(0.6)
    begun = time.monotonic()
    said = [door.ask(hub(past), address, 60.0) for _ in range(3)]
    assert time.monotonic() - begun < 0.5
    assert {(item.stale, item.coming) for item in said} == {(True, True)}
    assert len(past.seen) == 2
    end = time.monotonic() + 20
    del past.faults["*"]
    while (last := door.ask(hub(past), address, 60.0)).stale:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert (last.at, last.coming) == (clock.now, False)
    clock.now += 86_401
    past.faults["*"] = stall(0.4)
    assert not door.ask(hub(past), address, 60.0).coming, "what is older than a day is waited for"
    door.close()
