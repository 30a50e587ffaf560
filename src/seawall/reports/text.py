"""The verdict for a tired person: the answer first, worst things first, one thing to do at the end.

At most 25 lines unless everything is asked for. Plain words; colours only where asked.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Outcome
from seawall.kernel.history import Interval
from seawall.kernel.intake import FeedState, Intake
from seawall.kernel.lockfile import DocumentKind
from seawall.kernel.reach.ranking import WORTH_A_WORD, score
from seawall.kernel.reach.words import sentence
from seawall.kernel.verdict import Judged, Verdict

from .groups import Entry, entries
from .plain import neutral, shortened

LINES = 25
_FEW = 2
_ASCII = {ord("·"): "-", ord("…"): "...", ord("→"): "->", ord("–"): "-", ord("—"): "-"}
_KINDS = {
    DocumentKind.LOCKFILE: ("lockfile", "lockfiles"),
    DocumentKind.MANIFEST: ("manifest", "manifests"),
    DocumentKind.INSTALLED: ("environment", "environments"),
    DocumentKind.SBOM: ("bill of materials", "bills of materials"),
}
_STYLE = {Outcome.DENY: "31;1", Outcome.WARN: "33", Outcome.INCOMPLETE: "33", Outcome.ALLOW: "32"}
_WORD = {Outcome.DENY: "DENY", Outcome.WARN: "warn", Outcome.INCOMPLETE: "warn", Outcome.ALLOW: "info"}


@dataclass(frozen=True, slots=True)
class Look:
    """How to write: everything or the worst, colours or none, how wide, beyond ASCII or not."""

    full: bool = False
    color: bool = False
    width: int = 100
    unicode: bool = True


def render(verdict: Verdict, look: Look) -> str:
    """The report, without a newline at the end."""
    head = [*_answer(verdict, look), "", *_came_in(verdict, look)]
    for few in (_FEW, 1):
        tail = [*_past(verdict, look, few), *_open(verdict, look, few), *_next(verdict, look)]
        lines = [*head, *_found(verdict, look, LINES - len(head) - len(tail)), *tail]
        if look.full or len(lines) <= LINES:
            break
    text = "\n".join(lines)
    if look.unicode:
        return text
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _paint(text: str, code: str, look: Look) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if look.color else text


def _answer(verdict: Verdict, look: Look) -> Iterator[str]:
    outcome = verdict.decision.outcome
    unchecked = "; ".join(
        f"not checked for {s.check}: {_run(s.advice)}" for s in verdict.unchecked if s.advice
    )
    if outcome is Outcome.INCOMPLETE:
        for line in _wrapped(unchecked or "not everything could be checked", look.width):
            yield _paint(line, _STYLE[outcome], look)
        return
    intake = verdict.intake
    if outcome is Outcome.ALLOW and not (intake.documents or intake.tools or intake.ground.workflows):
        yield _paint("Allowed: there is nothing here that could be judged.", _STYLE[outcome], look)
        return
    words = {
        Outcome.DENY: "Denied: this must not go in.",
        Outcome.WARN: "Allowed, with something to look at.",
        Outcome.ALLOW: "Allowed: nothing stands against it.",
    }[outcome]
    yield _paint(words, _STYLE[outcome], look)
    if unchecked:
        yield shortened(f"also {unchecked}", look.width)


def _wrapped(text: str, width: int) -> list[str]:
    """Text that is of no use when its end is missing, on as many lines as it takes."""
    return textwrap.wrap(neutral(text), width, break_on_hyphens=False) or [""]


def _run(advice: str) -> str:
    return f"run `{advice}`" if advice.startswith("seawall ") else advice


def _came_in(verdict: Verdict, look: Look) -> Iterator[str]:
    intake = verdict.intake
    kinds = Counter(d.kind for d in intake.documents if d.format not in ("tree", "seawall-toml"))
    packages = Counter(key[0] for key in {pin.key for pin in intake.pins()})
    if all(d.format == "package" for d in intake.documents) and packages:
        # Asked about by name, and read from no file.
        names = ", ".join(f"{pin.name} {pin.version} ({pin.ecosystem})" for pin in intake.pins())
        yield shortened(f"what came in: {names}", look.width)
    elif not kinds and not intake.ground.workflows and not intake.tools:
        yield "what came in: no lockfile, manifest or installed package was found"
    else:
        found = [f"{n} {_KINDS[k][n > 1]}" for k, n in sorted(kinds.items())]
        workflows = len(intake.ground.workflows)
        found += [f"{workflows} workflow{'s' * (workflows > 1)}"] if workflows else []
        tools = len(intake.tools)
        found += [f"{tools} tool file{'s' * (tools > 1)}"] if tools else []
        files = ", ".join(found)
        yield shortened(f"what came in: {files}{_spread(packages, look.width - 14 - len(files))}", look.width)
    yield _advisories(intake, look)
    yield from _in_reach(intake, look)


def _in_reach(intake: Intake, look: Look) -> Iterator[str]:
    """The worst thing that strangers' code can get at, and the change that takes it away."""
    worst = next(iter(intake.reach.edges), None)
    if worst is None or score(worst) < WORTH_A_WORD:
        return
    texts = [sentence(worst), *(f"cut: {cut.words} (seawall reach)" for cut in worst.cuts[:1])]
    room = look.width - 14
    lines = [line for text in texts for line in _wrapped(shortened(text, 2 * room), room)]
    yield from (f"{'' if at else 'in reach:':<14}{line}" for at, line in enumerate(lines))


def _spread(packages: Counter[str], room: int) -> str:
    """How many packages there are, and of what as far as there is room to say it."""
    if not packages:
        return ""
    count = sum(packages.values())
    total = f", {count:,} package{'s' * (count > 1)}"
    for most in range(len(packages), 0, -1):
        kinds = [f"{name or 'other'} {number:,}" for name, number in packages.most_common(most)]
        whole = f"{total} ({' · '.join(kinds)}{' …' * (most < len(packages))})"
        if len(whole) <= room:
            return whole
    return total


def _advisories(intake: Intake, look: Look) -> str:
    """Who answered for what is here, and how old that data is; shorter where there are many."""
    used = {entry.ecosystem for document in intake.documents for entry in document.entries}
    mine = [feed for feed in intake.feeds if not feed.covers or used & set(feed.covers)]
    for joined in (", as of ", " "):
        feeds = " · ".join(f"{f.name}{joined}{_age(f, intake.now)}" for f in mine)
        if len(feeds) <= look.width - 14:
            break
    return shortened(f"advisories:   {feeds or 'none'}", look.width)


def _age(feed: FeedState, now: datetime) -> str:
    """The built-in catalog is a list of the past: its date says enough."""
    try:
        when = datetime.fromisoformat(feed.as_of)
    except ValueError:
        return "an unknown day"
    days = (now - (when if when.tzinfo else when.replace(tzinfo=UTC))).days
    return f"{when.date()}" + (f" ({days} days old)" if days > 1 and feed.covers else "")


def _found(verdict: Verdict, look: Look, room: int) -> Iterator[str]:
    """At most `room` lines unless everything is asked for: a blank one, the entries, how many are left."""
    past = "packages/malware-in-history"
    shown = [j for j in verdict.findings if look.full or _loud(j)]
    shown = [j for j in shown if j.finding.rule != past]
    written = [list(_lines_of(entry, look)) for entry in entries(shown, apart=look.full)]
    notes = [shortened(note, look.width) for note in _notes(verdict)]
    if written or notes:
        yield ""
    room -= 1 + len(notes)
    for at, lines in enumerate(written):
        left = len(written) - at
        if not look.full and at and len(lines) + (left > 1) > room:
            yield f"  and {left} more: --all"
            break
        room -= len(lines)
        yield from lines
    yield from notes


def _notes(verdict: Verdict) -> Iterator[str]:
    waived = sum(1 for j in verdict.findings if j.finding.waived)
    quiet = [f"{waived} waived"] if waived else []
    quiet += [f"{verdict.baselined} already in the baseline"] if verdict.baselined else []
    if quiet:
        yield f"  not counted: {', '.join(quiet)}"
    count = len(verdict.intake.ignored_waivers)
    if count:
        these = "1 waiver in this tree was" if count == 1 else f"{count} waivers in this tree were"
        yield f"  {these} not counted; name a trusted revision with --trust-base"


def _loud(judged: Judged) -> bool:
    return (
        not judged.finding.waived
        and judged.outcome is not Outcome.ALLOW
        and (judged.finding.severity > Severity.INFO or judged.outcome is Outcome.DENY)
    )


def _lines_of(entry: Entry, look: Look) -> Iterator[str]:
    """One line where it is short and about no file, else two; the place stands where there is room."""
    word = _paint(f"{_WORD[entry.outcome]:<4}", _STYLE[entry.outcome], look)
    message, more, fix = neutral(entry.message), entry.more, neutral(entry.fix)
    room = look.width - 7
    place = f" · {_end_of(entry.place, room // 2)}" if entry.place else ""
    if not place and len(message) + len(more) + len(fix) + 2 <= room:
        yield f"  {word} {message}{more}: {fix}"
        return
    if look.full:
        first, *rest = _wrapped(f"{message}{more}{place}", room)
        yield f"  {word} {first}"
        yield from (f"       {line}" for line in rest)
        first, *rest = _wrapped(f"fix: {fix}", room - 5)
        yield f"       {first}"
        yield from (f"            {line}" for line in rest)
        return
    if len(message) + len(more) + len(place) > room:
        if len(fix) + 5 + len(place) <= room:
            message, fix, place = shortened(message, room - len(more)), f"{fix}{place}", ""
        else:
            message = shortened(message, max(10, room - len(more) - len(place)))
    yield f"  {word} {message}{more}{place}"
    yield f"       fix: {shortened(fix, room - 5)}"


def _end_of(place: str, most: int) -> str:
    """The end of a path says more than its beginning."""
    safe = neutral(place)
    return safe if len(safe) <= most else f"...{safe[-(most - 3) :]}"


def _past(verdict: Verdict, look: Look, few: int) -> Iterator[str]:
    intervals = verdict.intake.history
    if intervals:
        yield ""
        yield _paint("what was ever bad here:", "33", look)
    for interval in intervals if look.full else intervals[:few]:
        yield "  " + shortened(_what(interval), look.width - 2)
        yield "       " + shortened(_when(interval), look.width - 7)
    if len(intervals) > few and not look.full:
        yield f"  and {len(intervals) - few} more: --all"
    cut = [s for s in verdict.intake.skipped if not s.required]
    for skipped in cut if look.full else cut[:few]:
        advice = f" ({skipped.advice})" if skipped.advice else ""
        text = f"not looked at: {skipped.check}: {skipped.reason}"
        if look.full:
            yield from _wrapped(f"{text}{advice}", look.width)
        else:  # what to do is worth more than why
            yield shortened(f"{shortened(text, look.width - len(advice))}{advice}", look.width)
    if len(cut) > few and not look.full:
        yield f"and {len(cut) - few} more not looked at: --all"


def _what(interval: Interval) -> str:
    _, name, version = interval.key
    ids = f" ({interval.advisories[0]})" if interval.advisories else ""
    return f"{name} {version}{ids} in {interval.path}"


def _when(interval: Interval) -> str:
    since = f"from {_minute(interval.first_time)} (commit {interval.first_commit[:9]})"
    if interval.removed_commit:
        return f"{since} until {_minute(interval.removed_time)} ({interval.removed_commit[:9]})"
    if interval.gone:
        return f"{since} to {_minute(interval.last_time)}, now on no branch"
    return f"{since} and still at commit {interval.last_commit[:9]}"


def _minute(time: str) -> str:
    """`2026-03-31T00:41:00Z` as people write it."""
    return f"{time[:10]} {time[11:16]} UTC" if len(time) >= 16 else time or "an unknown time"


def _open(verdict: Verdict, look: Look, few: int) -> Iterator[str]:
    if not verdict.gaps:
        return
    yield ""
    yield "which clients are open:"
    for gap in verdict.gaps if look.full else verdict.gaps[:few]:
        yield "  " + shortened(f"{gap.client}: {gap.what}", look.width - 2)
    if len(verdict.gaps) > few and not look.full:
        yield f"  and {len(verdict.gaps) - few} more: seawall setup"


def _next(verdict: Verdict, look: Look) -> Iterator[str]:
    command = verdict.next_command or ("seawall setup" if verdict.gaps else "")
    if command:
        yield ""
        yield _paint("next:", "1", look) + f" {neutral(command)}"
