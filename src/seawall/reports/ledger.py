"""What a ledger says, and what is said of it, in words for people and in JSON for programs."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from seawall.kernel.ledger import Coverage, Gap, Period, rfc3339
from seawall.kernel.ledger_settings import LedgerSettings
from seawall.kernel.standing import Standing, Vouched, Witnessed

ONLY_HERE = "after that only this machine's word"


def standing_lines(standing: Standing, where: str) -> Iterator[str]:
    """`seawall ledger verify` for a person."""
    size = standing.head.size
    count = len(standing.faults) + standing.more
    if count:
        yield f"TAMPERED: {where}: {count} {'thing is' if count == 1 else 'things are'} not as they must be"
        yield from (f"  {sentence}" for sentence in standing.faults)
        if standing.more:
            yield f"  … and {standing.more} more"
    else:
        yield f"sound: {where}, {_entries(size)}, root {_root(standing)}"
    if standing.public is None:
        yield "no key: whose signatures to look for is not known; name it with --key, or: seawall ledger init"
    elif standing.signed:
        yield f"signed up to entry {standing.signed - 1:,} by {standing.public.name}"
    else:
        yield f"never signed by {standing.public.name}: make a checkpoint"
    yield from _witness_lines(standing)
    yield from _outside_lines(standing)


def _witness_lines(standing: Standing) -> Iterator[str]:
    for item in standing.witnessed:
        if item.size:
            tail = f"; {ONLY_HERE}" if item.size < standing.head.size else ""
            yield f"witnessed to entry {item.size - 1:,} at {_when(item.time)} by {item.key.name}{tail}"
        else:
            yield f"witnessed while it was empty, at {_when(item.time)}, by {item.key.name}; {ONLY_HERE}"
    for key in standing.wanted:
        if key not in {item.key for item in standing.witnessed}:
            yield f"never witnessed by {key.name}"
    if not standing.wanted:
        yield "never witnessed: there is no witness, so this is only this machine's word"


def _outside_lines(standing: Standing) -> Iterator[str]:
    copies = [item for item in standing.asked if item.kind != "witness"]
    for item in standing.asked:
        if item.why:
            yield f"not asked: the {item.kind} {item.name}: {item.why}"
        elif item.kind != "witness":
            yield f"copy: {item.name} holds {_entries(item.size) if item.size >= 0 else 'nothing yet'}"
    if not copies:
        yield "copies: none"


def standing_values(standing: Standing) -> dict[str, object]:
    """The same for a program."""
    return {
        "schema": "seawall/ledger-verify/1",
        "sound": not standing.faults,
        "entries": standing.head.size,
        "root": _root(standing),
        "checkpoints": standing.checkpoints,
        "key": standing.public.text if standing.public else None,
        "signed": standing.signed,
        "witnesses": [key.text for key in standing.wanted],
        "witnessed": [_witnessed(item) for item in standing.witnessed],
        "outside": [
            {"name": item.name, "kind": item.kind, "entries": max(item.size, 0), "failed": item.why or None}
            for item in standing.asked
        ],
        "faults": standing.faults,
        "more_faults": standing.more,
    }


def vouched_lines(vouched: Vouched, settings: LedgerSettings) -> Iterator[str]:
    """`seawall ledger checkpoint` for a person."""
    yield f"signed: {_entries(vouched.checkpoint.size)} of {vouched.checkpoint.origin}"
    yield from (f"witnessed at {_when(item.time)} by {item.key.name}" for item in vouched.witnessed)
    yield from (f"copied to {place}" for place in vouched.copied)
    yield from (f"TAMPERED: {sentence}" for sentence in vouched.tampered)
    yield from (f"failed: {sentence}" for sentence in vouched.failed)
    if not settings.witnesses:
        yield "never witnessed: there is no witness, so this is only this machine's word"
    if not settings.witnesses and not settings.copies:
        yield "  name one with: seawall ledger init --witness URL VKEY, or --copy PLACE"


def vouched_values(vouched: Vouched) -> dict[str, object]:
    """The same for a program."""
    return {
        "schema": "seawall/ledger-checkpoint/1",
        "origin": vouched.checkpoint.origin,
        "entries": vouched.checkpoint.size,
        "checkpoint": vouched.note.data.decode(),
        "witnessed": [_witnessed(item) for item in vouched.witnessed],
        "copied": list(vouched.copied),
        "failed": list(vouched.failed),
        "tampered": list(vouched.tampered),
    }


def _by_which(found: Mapping[str, object]) -> str:
    """What was decided by from then on: enough of each digest to tell whether it became another one."""
    words = {"policy": "policy", "facts": "settings", "digest": "feeds"}
    told = [
        f"{word} {str(found[key]).removeprefix('sha256:')[:8]}"
        for key, word in words.items()
        if found.get(key)
    ]
    as_of = found.get("advisories")
    return ", ".join((*told, f"advisories of {as_of}") if as_of else told)


def entry_line(index: int, found: Mapping[str, object], names: Mapping[str, str]) -> str:
    """One entry for a person."""
    who = names.get("who") or f"who:{str(found['who'])[:8]}"
    place = names.get("place", "")
    time = found["time"]
    parts = [f"{index:>8}", rfc3339(time) if isinstance(time, int) else "", str(found["action"])]
    parts += [str(found.get(key, "")) for key in ("asset", "file", "subject")]
    parts += [" ".join(str(found[key]) for key in ("outcome", "delivery") if found.get(key))]
    parts.append(_by_which(found) if found["action"] in ("serve", "settings") else "")
    parts.append("(observed only)" if found.get("mode") == "observe" else "")
    parts.append(f"by {who}" + (f" at {place}" if place and place not in who else ""))
    return "  ".join(part for part in parts if part)


def entry_values(index: int, found: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """One entry for a program: its members as they are, and the names that are still known."""
    return {"index": index, **found, **({"names": dict(names)} if names else {})}


Begun = tuple[int, Mapping[str, object], Mapping[str, str]]
"""The entry with which a run began that has no end: its number, its members, and the names still known."""


def coverage_lines(
    clients: Sequence[tuple[Coverage, str, str]],
    periods: Sequence[Period],
    gaps: Sequence[Gap],
    never: str,
    runs: Sequence[Begun] = (),
) -> Iterator[str]:
    """`seawall ledger coverage` for a person. `clients` come with the names of their who and place.

    `runs` are those that began and of which no end was recorded.
    """
    if not clients:
        yield "no client has reported"
    for row, who, place in clients:
        yield (
            f"{row.client or 'other':<14} {who or row.who[:8]}"
            + (f" at {place}" if place and place not in who else "")
            + f": {row.count:,} since {row.first}, last {row.last}"
        )
    for period in periods:
        state = "" if period.stopped else ", not stopped since"
        yield f"recorded from {rfc3339(period.since)} to {rfc3339(period.until)}{state}"
    for gap in gaps:
        how = "it was stopped" if gap.clean else "it was not stopped, but ended"
        yield f"GAP from {rfc3339(gap.since)} to {rfc3339(gap.until)}: {how}"
    for _, found, names in runs:
        who = names.get("who") or str(found["who"])[:8]
        run = names.get("run") or str(found.get("run", ""))[:8] or "without a name"
        time = found["time"]
        since = rfc3339(time) if isinstance(time, int) else ""
        how = "" if "sealed" in _words(found) else ", and it was not sealed"
        yield f"GAP run {run} of {who} began at {since} and has no end: it goes on, or was cut off{how}"
    yield never


def _words(found: Mapping[str, object]) -> list[str]:
    return str(found.get("subject", "")).split("-")


def coverage_values(
    clients: Sequence[tuple[Coverage, str, str]],
    periods: Sequence[Period],
    gaps: Sequence[Gap],
    never: str,
    runs: Sequence[Begun] = (),
) -> dict[str, object]:
    """The same for a program."""
    return {
        "schema": "seawall/ledger-coverage/1",
        "clients": [
            {
                "client": row.client or "other", "who": row.who, "place": row.place, "since": row.first,
                "last": row.last, "count": row.count, "entry": row.entry,
                "names": {"who": who or None, "place": place or None},
            }
            for row, who, place in clients
        ],
        "periods": [_span(item.since, item.until, item.stopped) for item in periods],
        "gaps": [_span(item.since, item.until, item.clean) for item in gaps],
        "unended": [entry_values(*item) for item in runs],
        "note": never,
    }  # fmt: skip


def _span(since: int, until: int, stopped: bool) -> dict[str, object]:
    return {"since": rfc3339(since), "until": rfc3339(until), "stopped": stopped}


def _witnessed(item: Witnessed) -> dict[str, object]:
    return {"witness": item.key.name, "key": item.key.text, "entries": item.size, "at": _when(item.time)}


def _entries(size: int) -> str:
    return "1 entry" if size == 1 else f"{size:,} entries"


def _root(standing: Standing) -> str:
    return base64.b64encode(standing.head.root).decode()


def _when(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return "a time that is none"
