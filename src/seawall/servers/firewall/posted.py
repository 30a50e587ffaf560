"""What is sent to the firewall itself: a proof for a short token, how a run went, and what a seal refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from seawall.adapters.issuers.github import KeyFor, check_trust
from seawall.adapters.stores.tokens import TokenStore
from seawall.kernel.dialect import Said
from seawall.kernel.errors import UsageError
from seawall.kernel.event import Action, Delivery, Event
from seawall.kernel.gate_settings import GateSettings, GithubTrust
from seawall.kernel.identity import Identity
from seawall.record import Record
from seawall.tokens import exchange

from .request import Request

TOKEN_PATH = "/-/seawall/token"  # noqa: S105 - where one is had
REFUSED_PATH = "/-/seawall/refused"
RUN_PATH = "/-/seawall/run"
_LARGEST = 256 * 1024
_DURABLE = 30.0
_MOST = 1_000
_HOST = re.compile(r"[0-9A-Za-z_.:*-]{1,253}")
_PROTOCOL = re.compile(r"tcp|udp|dns|icmp|ip [0-9]{1,3}")


def refusals(body: bytes, who: Identity, now: datetime) -> tuple[Event, ...]:
    """One event for each destination that a sealed command tried and did not reach.

    `{"schema": "seawall/refused/1", "refused": [{"host", "port", "protocol", "times"}]}`, at most 1,000. The
    place of an event is the destination; who tried is whoever tells it. Raises UsageError for anything else.
    """
    content = _content(body)
    items = content.get("refused")
    if content.get("schema") != "seawall/refused/1" or not isinstance(items, list) or len(items) > _MOST:
        raise UsageError("what was sent is no list of refused connections", "send seawall/refused/1")
    return tuple(_event(item, who, now) for item in items)


def ran(body: bytes, who: Identity, now: datetime) -> Event:
    """A command under `seawall run` began, or ended with an exit code from 0 to 255.

    `{"schema": "seawall/run/1", "did": "began", "sealed", "around"}` or `{"did": "ended", "exit_code"}`.
    Which run it was is said as with every request; nothing of the command line is taken. `around`: something
    may have gone past the firewall. Raises UsageError for anything else.
    """
    content = _content(body)
    did = content.get("did") if content.get("schema") == "seawall/run/1" else None
    sealed, around, code = (content.get(name) for name in ("sealed", "around", "exit_code"))
    if did == "began" and isinstance(sealed, bool) and isinstance(around, bool) and code is None:
        words = [word for word, true in (("sealed", sealed), ("around", around)) if true]
        return _of_run("-".join(("began", *words)), who, now)
    if did == "ended" and type(code) is int and 0 <= code <= 255:
        return _of_run(f"ended-{code}", who, now)
    raise UsageError("what was sent does not tell of a run", "send seawall/run/1")


def _of_run(subject: str, who: Identity, now: datetime) -> Event:
    return Event(int(now.timestamp() * 1000), Action.RUN, who, subject=subject, client="seawall")


def _content(body: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(body) if len(body) <= _LARGEST else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UsageError(
            "what was sent is nothing that is told here", "send seawall/run/1 or seawall/refused/1"
        )
    return content


def _event(item: object, who: Identity, now: datetime) -> Event:
    said = item if isinstance(item, dict) else {}
    host, port, protocol = said.get("host"), said.get("port"), said.get("protocol")
    good = (
        isinstance(host, str)
        and _HOST.fullmatch(host)
        and isinstance(protocol, str)
        and _PROTOCOL.fullmatch(protocol)
        and isinstance(port, int)
        and 0 <= port <= 65_535
    )
    if not good:
        raise UsageError("a refused connection has no host, port or protocol", "send seawall/refused/1")
    return Event(
        time=int(now.timestamp() * 1000),
        action=Action.CONNECT,
        identity=replace(who, place=f"{host} {port}"),
        delivery=Delivery.REFUSED,
        outcome="deny",
        subject=str(protocol),
        client="seawall",
    )


def exchanger(
    trusts: Sequence[GithubTrust], key_for: KeyFor, store: TokenStore, note: Callable[[Event], object]
) -> Callable[[bytes, datetime], Said]:
    """Answers a `POST /-/seawall/token`; every token that is given is written down by `note` first.

    Raises PolicyError at once for trust that a stranger could meet.
    """
    check_trust(trusts)

    def answer(body: bytes, now: datetime) -> Said:
        given = exchange(body, trusts, key_for, store, now)
        if given.identity is not None:
            note(issued(given.identity, now, "exchanged"))
        return Said(given.status, given.body, headers=(("cache-control", "no-store"),))

    return answer


def issued(who: Identity, now: datetime, subject: str) -> Event:
    """A token was made (`made`, `exchanged`) or taken back (`revoked`) for `who`."""
    return Event(int(now.timestamp() * 1000), Action.ISSUE, who, subject=subject, client="seawall")


def own_answers(
    settings: GateSettings, key_for: KeyFor, store: TokenStore, record: Record, now: Callable[[], datetime]
) -> dict[tuple[str, str], Callable[[Request, bytes], Said]]:
    """What answers a `POST` to the firewall itself. An event is durable before its answer is given.

    Without `settings.github` nothing is exchanged. Raises PolicyError for trust that a stranger could meet.
    """

    def keep(event: Event) -> None:
        record.keep(event).result(_DURABLE)

    def refused(request: Request, body: bytes) -> Said:
        events = refusals(body, request.identity, now())
        for done in [record.keep(event) for event in events]:
            done.result(_DURABLE)
        return Said(200, json.dumps({"recorded": len(events)}).encode())

    def told(request: Request, body: bytes) -> Said:
        keep(ran(body, request.identity, now()))
        return Said(200, b'{"recorded": 1}')

    found: dict[tuple[str, str], Callable[[Request, bytes], Said]] = {
        ("POST", REFUSED_PATH): refused,
        ("POST", RUN_PATH): told,
    }
    if settings.github:
        give = exchanger(settings.github, key_for, store, keep)
        found["POST", TOKEN_PATH] = lambda _request, body: give(body, now())
    return found
