"""Who took a bad version is answered three ways: confirmed, possible, or excluded by evidence.

Confirmed: a lockfile, also a past one, or the line itself names the bad version, and what runs there obeys
it. Excluded: only where that is shown; a lock without it for all of the time, an exact other version, a
commit. Everything else is possible, "cannot tell" among it. Times are Unix seconds, None = not bounded.
Source: docs/commands/trace.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .code import Code, CodeKind, Firmness
from .exposure import ACTIONS, FAR, Bad, Exposure, Locked, Past, Proof, Span, Status, Suspicion, about, is_bad
from .matching import is_affected
from .reach.edge import Edge, Place, Reach

_LOCKED = frozenset((Firmness.LOCKFILE, Firmness.HASH, Firmness.VERSION))
_REWRITES = "may rewrite"
_OF_FILES = 3
_ALONE = frozenset(("npm", "pnpm", "corepack", "yarn"))
"""Programs on npm's registry that hold all that they need inside of themselves: they bring nothing along."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    status: Status
    proof: tuple[Proof, ...]
    weight: int = 0
    since: int | None = None
    until: int | None = None


def exposures(asked: Suspicion, past: Past) -> tuple[Exposure, ...]:
    """What is known about each lockfile and each place, the worst first."""
    past = replace(past, bad=(*past.bad, *_seen(asked, past)))
    found = [*_of_files(asked, past), *_of_places(asked, past)]
    return tuple(sorted(found, key=lambda one: (-one.status, -one.weight, one.place)))


def _seen(asked: Suspicion, past: Past) -> Iterator[Bad]:
    """What the branch's own lockfiles held of it and is not among the bad spans."""
    known = {(one.path, one.key) for one in past.bad}
    for one in past.locks:
        for key in one.held if one.lock and one.touches(asked.start, asked.end) else ():
            if (one.path, key) not in known and is_bad(asked, key):
                yield Bad(one.path, key, one.commit, one.start, one.end, one.end_commit)


def in_reach(found: Iterable[Exposure], reach: Reach) -> tuple[Edge, ...]:
    """The edges of what may have run, in the order of `reach`: worst first."""
    ran = {
        (one.place, code.kind, code.name)
        for one in found
        if one.status is not Status.EXCLUDED
        for code in one.codes
    }
    return tuple(edge for edge in reach.edges if (edge.place, edge.code.kind, edge.code.name) in ran)


def _of_files(asked: Suspicion, past: Past) -> Iterator[Exposure]:
    by_path: dict[str, list[Bad]] = defaultdict(list)
    for one in past.bad:
        if one.touches(asked.start, FAR):
            by_path[one.path].append(one)
    for path, spans in by_path.items():
        since, until = _joined(asked, spans)
        proof = tuple(_locked(one) for one in spans)
        yield Exposure(Status.CONFIRMED, path, "", since, until, proof, weight=_OF_FILES)
    standing: dict[str, list[Locked]] = defaultdict(list)
    for lock in past.locks:
        if lock.lock and lock.touches(asked.start, asked.end):
            standing[lock.path].append(lock)
    for path, locks in standing.items():
        if path in by_path or not _suits(asked, locks):
            continue
        shown = _excluding(asked, locks, past.whole)
        if shown:
            yield Exposure(Status.EXCLUDED, path, "", asked.since, asked.until, shown)


def _suits(asked: Suspicion, locks: Iterable[Locked]) -> bool:
    ecosystems = {one.ecosystem for one in asked.suspects}
    return any(one.ecosystem in ecosystems for one in locks)


def _joined(asked: Suspicion, spans: Sequence[Bad]) -> tuple[int | None, int | None]:
    """From when to when the bad version may have been installed by these locks."""
    starts = [-FAR if one.start is None else one.start for one in spans]
    ends = [FAR if one.end is None else one.end for one in spans]
    since, until = max(min(starts), asked.start), max(ends)
    if asked.until is not None and since <= asked.until:
        until = min(until, asked.until)
    return (None if since == -FAR else since), (None if until == FAR else until)


def _locked(one: Bad) -> Proof:
    words = f"locked {one.key[1]} {one.key[2]}"
    return Proof(words, one.path, 0, one.commit, one.start, one.end, one.end_commit)


def _excluding(asked: Suspicion, locks: Sequence[Locked], whole: bool) -> tuple[Proof, ...]:
    """The evidence that these, one behind the other, kept it out for all of the time; nothing where not."""
    if not whole or any(lock.unread for lock in locks):
        return ()
    ordered = sorted(locks, key=lambda one: -FAR if one.start is None else one.start)
    covered = asked.start
    for lock in ordered:
        if lock.start is not None and lock.start > covered:
            return ()
        covered = max(covered, FAR if lock.end is None else lock.end)
    if covered < asked.end or any(is_bad(asked, key) is not False for one in ordered for key in one.held):
        return ()
    return tuple(_kept(asked, one) for one in ordered)


def _kept(asked: Suspicion, one: Locked) -> Proof:
    held = [f"{name} {version}" for _, name, version in one.held]
    asks = [f"{name}{spec}" for _, name, spec in one.asked]
    names = ", ".join(dict.fromkeys(item.name for item in asked.suspects[:3]))
    words = f"held {', '.join(held[:4])}" if held else f"held no {names}"
    words = words if held or not asks else f"asked for {', '.join(asks[:4])}, which does not admit it"
    return Proof(words, one.path, 0, one.commit, one.start, one.end, one.end_commit)


def _of_places(asked: Suspicion, past: Past) -> Iterator[Exposure]:
    of: dict[str, list[tuple[Code, _Verdict]]] = defaultdict(list)
    known = _known(asked, past)
    for place, code in past.reach.codes:
        span = past.lived.get((place, code), (None, None))
        during = _during(asked, span)
        verdict = _judged(during, code, past, known, FAR if span[1] is None else span[1])
        if verdict:
            since = during.since if verdict.since is None else verdict.since
            until = during.until if verdict.until is None else verdict.until
            of[place].append((code, replace(verdict, since=since, until=until)))
    places = {place.id: place for place in past.reach.places}
    for place, pairs in of.items():
        yield _exposure(asked, place, places.get(place), pairs)


def _during(asked: Suspicion, span: Span) -> Suspicion:
    """The part of the window in which a thing was there."""
    since, until = span
    start = asked.start if since is None else max(asked.start, since)
    end = asked.end if until is None else min(asked.end, until)
    return replace(
        asked, since=None if start == -FAR else start, until=None if end == FAR else max(start, end)
    )


def _exposure(
    asked: Suspicion, id: str, place: Place | None, pairs: Sequence[tuple[Code, _Verdict]]
) -> Exposure:
    worst = max((verdict.status, verdict.weight) for _, verdict in pairs)
    mine = sorted(pairs, key=lambda pair: (-pair[1].status, -pair[1].weight))
    decisive = [verdict for _, verdict in mine if verdict.status is worst[0]]
    proof = tuple(dict.fromkeys(one for verdict in decisive for one in verdict.proof))
    since = min((asked.start if v.since is None else v.since for v in decisive), default=asked.start)
    until = max((asked.end if v.until is None else v.until for v in decisive), default=asked.end)
    codes = tuple(code for code, verdict in mine if verdict.status is not Status.EXCLUDED)
    principal = f"workload:{id}" if place is None or place.job else id
    return Exposure(
        worst[0],
        id,
        principal,
        None if since == -FAR else since,
        None if until == FAR else until,
        proof,
        codes,
        worst[1],
    )


def _known(asked: Suspicion, past: Past) -> frozenset[tuple[str, str]]:
    """The packages in question that the repository is known to depend on, by any of its files."""
    held = {key[:2] for one in past.locks for key in (*one.held, *one.asked)}
    held |= {one.key[:2] for one in past.bad}
    return frozenset(pair for pair in held if about(asked, *pair))


def _judged(
    asked: Suspicion, code: Code, past: Past, known: frozenset[tuple[str, str]], gone: int
) -> _Verdict | None:
    """What is known about one code item, taken out at `gone`; None where it brings in nothing of the kind."""
    if code.kind in (CodeKind.ACTION, CodeKind.WORKFLOW):
        return _of_action(asked, code)
    if not code.ecosystem or not any(one.ecosystem == code.ecosystem for one in asked.suspects):
        return None
    named = [name for name in code.packages if about(asked, code.ecosystem, name)]
    if named:
        return _of_named(asked, code, named[0])
    if code.manifests:
        return _of_manifests(asked, code, past, known, gone)
    if code.ecosystem == "npm" and code.packages and _ALONE.issuperset(code.packages):
        return None
    return _unsure(code, known)


def _here(code: Code, words: str) -> Proof:
    return Proof(words, code.path, code.line)


def _of_action(asked: Suspicion, code: Code) -> _Verdict | None:
    own = code.name.lower()
    mine = [
        one
        for one in asked.suspects
        if one.ecosystem == ACTIONS and (own == one.name.lower() or own.startswith(f"{one.name.lower()}/"))
    ]
    if not mine:
        return None
    said = f"{code.name}@{code.ref}"
    if any(code.ref in one.versions or is_affected(one, code.ref) for one in mine):
        return _Verdict(Status.CONFIRMED, (_here(code, f"runs {said}"),))
    if code.pin is Firmness.SHA:
        return _Verdict(Status.EXCLUDED, (_here(code, f"runs {said}, another commit"),))
    return _Verdict(Status.POSSIBLE, (_here(code, f"runs {said}, a name that its owner can move"),), 2)


def _of_named(asked: Suspicion, code: Code, name: str) -> _Verdict:
    alone = len(code.packages) == 1
    if code.pin is Firmness.VERSION and alone:
        bad = is_bad(asked, (code.ecosystem, name, code.ref.lstrip("=v")))
        if bad:
            return _Verdict(Status.CONFIRMED, (_here(code, f"{code.name} asks for exactly that version"),))
        if bad is False:
            return _Verdict(Status.EXCLUDED, (_here(code, f"{code.name} asks for another exact version"),))
    if alone and code.ref and not _may_be(asked, code.ecosystem, name, code.ref):
        return _Verdict(Status.EXCLUDED, (_here(code, f"{code.name}: its range does not admit it"),))
    return _Verdict(Status.POSSIBLE, (_here(code, f"{code.name} asks for {name}, {code.pin}"),), 2)


def _of_manifests(
    asked: Suspicion, code: Code, past: Past, known: frozenset[tuple[str, str]], gone: int
) -> _Verdict:
    """What a lockfile, or a file of requirements, makes of an install."""
    start, end = asked.start, asked.end
    files = [one for one in past.locks if one.path in code.manifests and one.touches(start, end)]
    obeyed = code.pin in _LOCKED
    bad = [one for one in past.bad if one.path in code.manifests and one.touches(start, gone)]
    if bad and obeyed:
        since, until = _joined(asked, bad)
        late = asked.until is not None and since is not None and since > asked.until
        proof = (_here(code, f"{code.name} installs what is locked"), *map(_locked, bad))
        return _Verdict(Status.POSSIBLE if late else Status.CONFIRMED, proof, 2, since, until)
    locks = [one for one in files if one.lock]
    if obeyed and locks and _REWRITES not in code.note:
        shown = _each_excluding(asked, locks, past.whole)
        if shown:
            return _Verdict(Status.EXCLUDED, (_here(code, f"{code.name} obeys it"), *shown))
    fixed = [key for one in files for key in one.held]
    if any(is_bad(asked, key) for key in fixed):
        return _Verdict(Status.CONFIRMED, (_here(code, f"{code.name} asks for exactly that version"),))
    return _open(asked, code, files, known, obeyed=obeyed, past_whole=past.whole)


def _each_excluding(asked: Suspicion, locks: Sequence[Locked], whole: bool) -> tuple[Proof, ...]:
    """As `_excluding`, for one file or several of which each has to."""
    by_path: dict[str, list[Locked]] = defaultdict(list)
    for one in locks:
        by_path[one.path].append(one)
    found = [_excluding(asked, mine, whole) for mine in by_path.values()]
    return tuple(proof for proofs in found for proof in proofs) if all(found) else ()


def _open(
    asked: Suspicion,
    code: Code,
    files: Sequence[Locked],
    known: frozenset[tuple[str, str]],
    *,
    obeyed: bool,
    past_whole: bool,
) -> _Verdict:
    """Nothing shows that it was kept out."""
    asks = [(one, key) for one in files for key in one.asked if about(asked, key[0], key[1])]
    admitted = [pair for pair in asks if _may_be(asked, *pair[1])]
    if admitted:
        one, (_, name, spec) = admitted[0]
        words = f"asks for {name} {spec or 'in any version'}, which admits it"
        proof = Proof(words, one.path, 0, one.commit, one.start, one.end, one.end_commit)
        return _Verdict(Status.POSSIBLE, (_here(code, f"{code.name}, {code.pin}"), proof), 2)
    shown = _each_excluding(asked, files, past_whole) if files and all(map(_says, files)) else ()
    if shown and code.ecosystem == "PyPI":
        # One environment holds one version of a name: another one, or a range without it, keeps it out.
        return _Verdict(Status.EXCLUDED, (_here(code, code.name), *shown))
    locks = [one for one in files if one.lock]
    if obeyed and locks and _each_excluding(asked, locks, past_whole):
        why = "its lockfile held no such version, but the command may rewrite that"
        return _unsure(code, known, why)
    if obeyed:
        return _unsure(code, known, "what its lockfile held all the time is not known")
    return _unsure(code, known)


def _says(one: Locked) -> bool:
    """It was read, and says which versions of a package in question it takes."""
    return not one.unread and bool(one.held or one.asked)


def _unsure(code: Code, known: frozenset[tuple[str, str]], why: str = "") -> _Verdict:
    names = [name for ecosystem, name in sorted(known) if ecosystem == code.ecosystem]
    if why:
        words = f"{code.name}: {why}"
    elif names:
        words = f"{code.name} ({code.pin}): {names[0]} is among this repository's dependencies"
    else:
        words = f"{code.name} ({code.pin}): not known whether it was among what this install brought"
    return _Verdict(Status.POSSIBLE, (_here(code, words),), 1 if names else 0)


def _may_be(asked: Suspicion, ecosystem: str, name: str, spec: str) -> bool:
    """Whether a range admits one of the bad versions; True where that cannot be told."""
    mine = about(asked, ecosystem, name)
    if not spec.strip() or any(not one.versions or one.ranges for one in mine):
        return True
    return any(admits(ecosystem, spec, version) is not False for one in mine for version in one.versions)


def admits(ecosystem: str, spec: str, version: str) -> bool | None:
    """Whether a range as its ecosystem writes it admits a version; None where that cannot be told."""
    try:
        if ecosystem == "PyPI":
            from packaging.specifiers import SpecifierSet

            return SpecifierSet(spec).contains(version, prereleases=True)
        if ecosystem == "npm":
            # Imported where used: it brings importlib.metadata along.
            from semantic_version import NpmSpec, Version

            return bool(NpmSpec(spec).match(Version(version)))
    except ValueError:
        return None
    return None
