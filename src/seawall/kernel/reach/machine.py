"""On a laptop everything runs as one person, so whatever runs reads what that person's files hold.

What the owner's processes can read is certain; what an agent, a keychain or a helper gives to whoever asks
while the session is open is strong; what a passphrase or a hardware key stands before is conditional. Only a
fence that some configuration shows keeps code from files (R11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from seawall.kernel.code import LOOSENESS, Code, CodeKind, Firmness
from seawall.kernel.credential import Credential, Held
from seawall.kernel.discretion import NO_GUARD, Guard
from seawall.kernel.finding import Skipped
from seawall.kernel.machine import Installed, Inventory

from .edge import Confidence, Cut, Edge, Line, Place, PlaceKind, Reach, Target, TargetKind
from .keys import cuts_of, on_hardware, worth_of
from .ranking import ranked
from .tools import EVERYTHING, FORWARDED, tool_reach
from .worth import name_worth

PLACE = "machine:this"
"""The one place of a machine: it has no other name, so that no report tells one."""

MOST_EDGES = 60_000
_HOME = "a file of this home directory"


def machine_reach(inventory: Inventory, now: datetime) -> Reach:
    """Which code there can get at which credential. `now` tells what has ended."""
    targets = {c: _target(c, expired=c.expired(now)) for c in inventory.credentials}
    named, started, given = _of_tools(inventory, targets)
    installed = (*(Installed(code) for code in started), *inventory.installed)
    edges: dict[tuple[Code, str], Edge] = {(e.code, e.target.id): e for e in given}
    skipped = list(inventory.skipped)
    lying = [_lying(one, target, now) for one, target in targets.items() if one.readable]
    for item in installed:
        if len(edges) >= MOST_EDGES:
            skipped.append(_too_many())
            break
        for edge in _edges(item, lying):
            known = edges.get((edge.code, edge.target.id))
            edges[edge.code, edge.target.id] = _both(known, edge) if known else edge
    codes = dict.fromkeys((*named, *(item.code for item in inventory.installed)))
    return Reach(
        places=(Place(PLACE, PlaceKind.MACHINE, "~"),),
        codes=tuple((PLACE, code) for code in codes),
        edges=ranked(edges.values()),
        skipped=tuple(skipped),
        credentials=inventory.credentials,
    )


def _too_many() -> Skipped:
    why = f"more than {MOST_EDGES:,} pairs of code and credential; the rest is not listed one by one"
    return Skipped("machine", why, "ask for less: --from, --to")


def _target(credential: Credential, *, expired: bool) -> Target:
    scope = credential.path or "environment"
    worth = worth_of(credential, expired=expired)
    return Target(TargetKind.CREDENTIAL, credential.id, scope, worth)


def _of_tools(
    inventory: Inventory, targets: Mapping[Credential, Target]
) -> tuple[tuple[Code, ...], tuple[Code, ...], list[Edge]]:
    """(all code items, those that no fence keeps from files, what is given to which of them by name)."""
    by_name = {(c.name, c.path): t for c, t in targets.items() if c.kind in ("variable", "tool-settings")}
    washed: dict[Code, Code] = {}
    given: list[Edge] = []
    open_: dict[Code, None] = {}
    _, codes, edges = tool_reach(inventory.tools)
    for _, code in codes:
        washed[code] = _washed(code, inventory.guards.get(code.path, NO_GUARD))
    for edge in edges:
        code = washed[edge.code]
        if edge.target == EVERYTHING:
            open_[code] = None
        elif edge.target != FORWARDED:
            target = _given(edge.target, by_name, inventory.guards.get(code.path, NO_GUARD))
            cuts = (
                *_code_cuts(code),
                Cut("per-process", "ask for it at the start, or take it from a keychain"),
            )
            given.append(replace(edge, code=code, place=PLACE, target=target, cuts=cuts))
    return tuple(washed.values()), tuple(open_), given


def _given(target: Target, known: Mapping[tuple[str, str], Target], guard: Guard) -> Target:
    path = target.scope.removeprefix("file:") if target.scope.startswith("file:") else ""
    name = guard.name(target.name)
    found = known.get((name, path))
    return found or Target(target.kind, f"variable/{name}", "environment", name_worth(name))


def _washed(code: Code, guard: Guard) -> Code:
    """The code item without anything that may be no name."""
    note, pin = guard.name(code.note, ""), code.pin
    if note.endswith("of this tree"):
        note, pin = _HOME, Firmness.VERSION
    return replace(
        code,
        name=guard.name(code.name),
        ref=guard.name(code.ref, ""),
        packages=guard.names(code.packages),
        given=guard.names(code.given),
        manifests=(),
        via=(),
        note=note,
        pin=pin,
    )


@dataclass(frozen=True, slots=True)
class _Lying:
    """A credential as it lies there, for whatever code comes to it."""

    credential: Credential
    target: Target
    confidence: Confidence
    condition: str
    lines: tuple[Line, ...]
    cuts: tuple[Cut, ...]


def _lying(credential: Credential, target: Target, now: datetime) -> _Lying:
    confidence, condition = _surely(credential, now)
    lines = (Line(credential.path, credential.line),) if credential.path else ()
    return _Lying(credential, target, confidence, condition, lines, cuts_of(credential))


def _edges(item: Installed, lying: Iterable[_Lying]) -> Iterator[Edge]:
    own, here = _code_cuts(item.code), Line(item.code.path, item.code.line)
    for one in lying:
        if not _let_in(one.credential, item.opened):
            continue
        rule = "R11" if item.opened is not None else "R1" if one.credential.held is Held.VARIABLE else "R2"
        when = "; ".join(part for part in (item.code.condition, one.condition) if part)
        yield Edge(
            item.code, PLACE, one.target, (rule,), one.confidence, when,
            evidence=(here, *one.lines), cuts=(*one.cuts, *own),
        )  # fmt: skip


def _let_in(credential: Credential, opened: Iterable[str] | None) -> bool:
    """Whether a fence lets code to it."""
    if opened is None:
        return True
    path, kind = credential.path, credential.kind
    return any(place in (kind, path) or path.startswith(f"{place}/") for place in opened)


def _surely(credential: Credential, now: datetime) -> tuple[Confidence, str]:
    if credential.expired(now):
        return Confidence.CERTAIN, "it has ended"
    if credential.held is Held.SESSION:
        return Confidence.STRONG, "while it is unlocked or logged in"
    if credential.held is Held.VARIABLE:
        return Confidence.CERTAIN, "where this session starts it"
    if on_hardware(credential):
        return Confidence.CONDITIONAL, "when somebody touches the hardware key"
    if credential.encrypted:
        return Confidence.CONDITIONAL, "when its passphrase is typed while it runs"
    return Confidence.CERTAIN, ""


def _both(one: Edge, other: Edge) -> Edge:
    """What is given by name and lies in a file as well."""
    rules = tuple(dict.fromkeys((*one.rules, *other.rules)))
    evidence = tuple(dict.fromkeys((*one.evidence, *other.evidence)))
    return replace(one, rules=rules, evidence=evidence)


def _code_cuts(code: Code) -> tuple[Cut, ...]:
    """How this code is kept from becoming other code overnight."""
    if LOOSENESS[code.pin] <= LOOSENESS[Firmness.VERSION]:
        return ()
    if code.kind is CodeKind.EXTENSION:
        return (Cut("pin-extension", f"switch off auto-update for {code.name}, or uninstall it", code.path),)
    if code.kind is CodeKind.SCRIPT:
        words = f"fetch {code.name} once, look at it and check it against a digest"
        return (Cut("checksum", words, code.path, code.line),)
    if code.note.startswith("fetched") or code.ecosystem:
        return (Cut("pin-version", f"write the exact version of {code.name}", code.path, code.line),)
    return ()
