"""The table of a backtest: for each attack what the gate, the merge check and hindsight would have said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from seawall.kernel.replay import Answer, Entry, Late, Price, Said

from .plain import neutral

SCHEMA = "seawall/backtest/1"

_WORDS = {
    Answer.DENY: "denied",
    Answer.DELAY: "delayed",
    Answer.WARN: "warned",
    Answer.INCOMPLETE: "not known",
    Answer.ALLOW: "let in",
    Answer.NONE: "-",
}
_AT_MERGE = {**_WORDS, Answer.ALLOW: "quiet"}


@dataclass(frozen=True, slots=True)
class Row:
    """One policy in the comparison: its rows, and what it costs."""

    name: str
    entries: tuple[Entry, ...]
    price: Price


def document(row: Row, compared: Sequence[Row] = (), taken: str = "") -> dict[str, object]:
    """The same as JSON-ready values. `taken` is the day of the histories that the price is from."""
    return {
        "schema": SCHEMA,
        "policy": row.name,
        "entries": [_entry(item) for item in row.entries],
        "summary": summary(row.entries),
        "price": {"histories_of": taken, **_price(row.price)},
        "compared": [
            {"policy": one.name, "summary": summary(one.entries), "price": _price(one.price)}
            for one in compared
        ],
    }


def _price(price: Price) -> dict[str, object]:
    return {
        "installs": price.installs,
        "installs_delayed": price.delayed,
        "installs_denied_outside_the_cooldown": price.denied,
        "updates": price.updates,
        "exemptions": price.exemptions,
        "exemptions_per_100_updates": _share(price.exemptions, price.updates),
        "denied_percent": _share(price.denied, price.installs),
        "wait_days": price.wait_days,
        "fixes": price.fixes,
        "fixes_unknown": price.fixes_unknown,
        "fixes_delayed_after_advisory": [_late(one) for one in price.fixes_late],
        "silent_fixes_delayed": [_late(one) for one in price.silent_late],
    }


def _late(one: Late) -> dict[str, object]:
    return {"name": one.name, "version": one.version, "hours": one.hours}


def _share(part: int, whole: int) -> float:
    """In percent."""
    return round(100 * part / whole, 2) if whole else 0.0


def _entry(item: Entry) -> dict[str, object]:
    return {
        "id": item.id,
        "kind": "benign" if item.benign else "attack",
        "gate": item.gate.value,
        "merge_check": item.merge.value,
        "seen": list(item.seen),
        "by": list(item.by),
        "seen_at": item.seen_at.isoformat() if item.seen_at else None,
        "stopped": item.stopped,
        "reason": item.reason,
        "moments": [_moment(one) for one in item.said],
    }


def _moment(said: Said) -> dict[str, object]:
    return {
        "at": said.at.isoformat(),
        "does": said.does,
        "last_moment": said.late,
        "gate": said.gate.value,
        "gate_by": list(said.gate_by),
        "merge_check": said.merge.value,
        "merge_by": list(said.merge_by),
        "signals": list(said.signals),
        "allowed_from": said.allowed_from.isoformat() if said.allowed_from else None,
        "taken": list(said.taken),
    }


def summary(entries: Iterable[Entry]) -> dict[str, int]:
    """How many rows say what; the three answers are never added up."""
    rows = list(entries)
    bad = [item for item in rows if not item.benign]
    good = [item for item in rows if item.benign]
    visible = [item for item in bad if item.visible]
    return {
        "attacks": len(bad),
        "visible": len(visible),
        "gate_denied": sum(item.gate is Answer.DENY for item in visible),
        "gate_delayed": sum(item.gate is Answer.DELAY for item in visible),
        "gate_warned": sum(item.gate is Answer.WARN for item in visible),
        "merge_denied": sum(item.merge is Answer.DENY for item in visible),
        "merge_warned": sum(item.merge is Answer.WARN for item in visible),
        "stopped": sum(item.stopped for item in visible),
        "denied": sum(item.denied for item in visible),
        "seen_later": sum(bool(item.seen) for item in visible),
        "benign": len(good),
        "benign_denied": sum(item.gate is Answer.DENY for item in good),
        "benign_delayed": sum(item.gate is Answer.DELAY for item in good),
        "benign_warned": sum(item.gate is Answer.WARN for item in good),
        "benign_merge_denied": sum(item.merge is Answer.DENY for item in good),
        "benign_merge_delayed": sum(item.merge is Answer.DELAY for item in good),
        "benign_merge_warned": sum(item.merge is Answer.WARN for item in good),
    }


def lines(row: Row, compared: Sequence[Row] = (), taken: str = "") -> Iterator[str]:
    """The tables, the price, and one line that says it all."""
    policy, entries = row.name, row.entries
    bad = [item for item in entries if not item.benign and item.visible]
    unseen = [item for item in entries if not item.benign and not item.visible]
    good = [item for item in entries if item.benign]
    yield f"What the policy {neutral(policy)} says of the past, each moment with what was known then"
    if bad:
        yield ""
        yield from _table("attack", bad)
    open_ones = [item for item in bad if not item.stopped]
    if open_ones:
        yield ""
        yield "Not stopped:"
        yield from (f"  {neutral(item.id)}: {_why(item)}" for item in open_ones)
    if unseen:
        yield ""
        yield "Nothing that a gate or a merge check could have been asked about:"
        yield from (f"  {neutral(item.id)}: {neutral(item.reason)}" for item in unseen)
    if good:
        yield ""
        yield from _table("benign, though it looks odd", good)
    yield ""
    yield from _priced(row.price, taken)
    if compared:
        yield ""
        yield from _beside((row, *compared))
    yield ""
    yield from _summed(entries)


_SIX_HOURS = 6.0


def _priced(price: Price, taken: str) -> Iterator[str]:
    yield f"The price, on what two ordinary applications installed in the year until {taken}:"
    yield (
        f"  {price.installs} packages installed: {price.denied} denied outside the cooldown, "
        f"{price.delayed} ({_share(price.delayed, price.installs)} %) an older release for a while, "
        f"half of them for {price.wait_days} days or less"
    )
    yield f"  {price.updates} updates: {_share(price.exemptions, price.updates)} exemptions per 100"
    short = [one for one in price.fixes_late if 0 <= one.hours <= _SIX_HOURS]
    long = [one for one in price.fixes_late if one not in short]
    silent = [one.hours for one in price.silent_late]
    yield (
        f"  {price.fixes} security fixes with an advisory: {len(long)} delayed after it was public, "
        f"{len(short)} more by at most six hours; {len(silent)} while nobody had said what they were"
        + (f", {max(silent) / 24:.0f} days at most" if silent else "")
    )
    if long:
        yield "    " + ", ".join(f"{one.name} {one.version} ({one.hours:.0f} h)" for one in long[:6])
    if price.fixes_unknown:
        yield f"    of {price.fixes_unknown} more the record is older than the fix: not known"


def _beside(rows: Sequence[Row]) -> Iterator[str]:
    width = max(len(row.name) for row in rows)
    visible = sum(not item.benign and item.visible for item in rows[0].entries)
    yield (
        f"{'compared':<{width}}  gate: denied  delayed   merge check: denied  warned   fixes held"
        "  of benign: denied  delayed"
    )
    for row in rows:
        found = summary(row.entries)
        held = sum(one.hours > _SIX_HOURS or one.hours < 0 for one in row.price.fixes_late)
        yield (
            f"{row.name:<{width}}  {found['gate_denied']:>12}  {found['gate_delayed']:>7}  "
            f"{found['merge_denied']:>19}  {found['merge_warned']:>6}  {held:>11}  "
            f"{found['benign_denied']:>17}  {found['benign_delayed']:>7}"
        )
    yield f"(of {visible} attacks that could be seen; fixes held: more than six hours after their advisory)"


def _table(title: str, items: Sequence[Entry]) -> Iterator[str]:
    width = max(len(title), *(len(neutral(item.id)) for item in items))
    yield f"{title:<{width}}  {'gate':<9}  {'merge check':<11}  {'seen later':<15}  by"
    for item in items:
        seen = ", ".join(item.seen) or "-"
        by = ", ".join(neutral(name) for name in item.by[:2])
        more = f" and {len(item.by) - 2} more" if len(item.by) > 2 else ""
        row = f"{neutral(item.id):<{width}}  {_WORDS[item.gate]:<9}  {_AT_MERGE[item.merge]:<11}  {seen:<15}"
        yield f"{row}  {by}{more}".rstrip()


def _why(item: Entry) -> str:
    """At which moment it got in, and past what."""
    said = next(one for one in item.said if not one.stopped)
    when = f"{said.at:%Y-%m-%d %H:%M} UTC"
    if said.gate is Answer.NONE:
        return f"merged on {when}, and the scan of the change is {_AT_MERGE[said.merge]}"
    merged = "" if said.merge is Answer.NONE else f", and the scan of the change is {_AT_MERGE[said.merge]}"
    last = ", the last moment at which it was there" if said.late else ""
    return f"{_WORDS[said.gate]} at the gate on {when}{last}{merged}"


def _summed(entries: Sequence[Entry]) -> Iterator[str]:
    found = summary(entries)
    if found["attacks"]:
        yield (
            f"Of {found['attacks']} attacks {found['visible']} could be seen before any code ran. "
            f"Gate: {found['gate_denied']} denied, {found['gate_delayed']} only delayed, "
            f"{found['gate_warned']} warned about. Merge check: {found['merge_denied']} denied, "
            f"{found['merge_warned']} warned about. "
            f"By one or the other: {found['stopped']} of {found['visible']}, "
            f"{found['denied']} of them denied."
        )
    if found["benign"]:
        yield (
            f"Of {found['benign']} benign releases and changes the gate denies {found['benign_denied']}, "
            f"delays {found['benign_delayed']} and warns about {found['benign_warned']}; the merge check "
            f"denies {found['benign_merge_denied']}, delays {found['benign_merge_delayed']} and warns about "
            f"{found['benign_merge_warned']}."
        )
