"""What the advisories say about what is here, and how far they can be trusted to say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from seawall.kernel.advisory import Match, Severity
from seawall.kernel.asset import package_purl
from seawall.kernel.finding import Evidence
from seawall.kernel.history import Interval
from seawall.kernel.intake import FeedState, Intake, Key
from seawall.kernel.rule import rule


@dataclass(frozen=True, slots=True)
class _Use:
    """One place where one package version is named as something that is, or would be, installed."""

    key: Key
    path: str
    line: int
    via: tuple[str, ...]


def _uses(intake: Intake) -> Iterator[_Use]:
    for document in intake.documents:
        for pin in document.pins:
            if pin.key in intake.matches:
                yield _Use(pin.key, pin.path, pin.line, pin.via)
        for wanted in document.requirements:
            key = wanted.key
            if key is not None and wanted.group != "constraint" and key in intake.matches:
                yield _Use(key, wanted.path, wanted.line, ())


def _matches(intake: Intake, *, malicious: bool) -> Iterator[tuple[_Use, Match]]:
    for use in _uses(intake):
        for match in intake.matches[use.key]:
            if match.malicious is malicious:
                yield use, match


def _through(use: _Use) -> str:
    return f", through {' > '.join(use.via)}" if use.via else ""


@rule("packages/known-malware", Severity.CRITICAL)
def known_malware(intake: Intake) -> Iterator[Evidence]:
    """A package version that an advisory calls malicious must never be installed.

    Looks at every pinned and every exactly required version, in lockfiles, installed environments and
    SBOMs, direct or not. Text that merely names a bad version (an override, a comment) is nothing.

    Why: malware in a dependency runs with everything the job, laptop or server can reach, usually at
    install time and before any test.

    Attack: on 31 March 2026 axios 1.14.1 and 0.30.4 pulled in plain-crypto-js, whose install script
    fetched a remote-access trojan. They were live for about three hours.

    Fix: go back to the last good version and lock it. Treat every machine that installed the bad one as
    compromised: what it could read has been read. `seawall explain PURL` shows the advisory.
    """
    for use, match in _matches(intake, malicious=True):
        _, name, version = use.key
        good = intake.last_good.get(use.key) or match.fixed_in
        back = f"go to {name} {good}" if good else f"remove {name}"
        yield Evidence(
            message=f"{name} {version} is known malware ({match.ids[0]}){_through(use)}",
            advice=f"{back}; treat what installed it as compromised, rotate its secrets",
            asset=package_purl(*use.key),
            path=use.path,
            line=use.line,
            severity=Severity.CRITICAL,
            advisories=match.ids,
            fixed_in=good,
            subject=match.ids[0],
            detail={"summary": match.summary, "feed": match.feed},
        )


@rule("packages/malware-in-history", Severity.CRITICAL)
def malware_in_history(intake: Intake) -> Iterator[Evidence]:
    """A tree that once locked malware may already have run it, however clean it is today.

    Every interval in which a lockfile in the git history held a known bad version is reported with its
    commits and author times.

    Why: removing the version from the lockfile does not take back what ran. Whoever built in between has
    to know, and has to rotate.

    Attack: the axios releases of 31 March 2026 were gone after three hours; the question "did we have
    them, and from when to when?" is the first one that everybody had to answer.

    Fix: find out what ran in the interval (CI runs, laptops), and rotate what it could read. The history
    cannot be repaired, so this stays until a waiver says that it was dealt with.
    """
    for interval in intake.history:
        _, name, version = interval.key
        ids = interval.advisories or ("no id",)
        still = "" if interval.removed_commit else " and still does at the tip of a branch"
        still = ", now on no branch" if interval.gone else still
        yield Evidence(
            message=(
                f"{interval.path} locked {name} {version} ({ids[0]}) from {interval.first_time}"
                f" ({interval.first_commit[:9]}) to {interval.removed_time or interval.last_time}"
                f" ({(interval.removed_commit or interval.last_commit)[:9]}){still}"
            ),
            advice="find what was built in between, and rotate what those jobs and laptops could read",
            asset=package_purl(*interval.key),
            path=interval.path,
            advisories=interval.advisories,
            subject=interval.first_commit,
            detail=_interval_detail(interval),
        )


def _interval_detail(interval: Interval) -> dict[str, object]:
    return {
        "first_commit": interval.first_commit,
        "first_time": interval.first_time,
        "last_commit": interval.last_commit,
        "last_time": interval.last_time,
        "removed_commit": interval.removed_commit,
        "removed_time": interval.removed_time,
    }


@rule("packages/vulnerable", Severity.MEDIUM)
def vulnerable(intake: Intake) -> Iterator[Evidence]:
    """A version with a published vulnerability should move to the lowest version that has the fix.

    The severity is the CVSS base score of the advisory (v4 before v3 before v2), else the publisher's
    word, else medium. The fix named is the lowest one on the line in use, so that it is a small step.

    Why: the flaw and often the exploit are public. The lowest fixed version changes the least.

    Attack: known flaws are the door of the ordinary attacker; CVE-2025-55182 (React Server Components)
    was exploited within days of its advisory.

    Fix: update to the version named. If none exists, look at the advisory for a way round, or write a
    waiver with a reason and an expiry.
    """
    for use, match in _matches(intake, malicious=False):
        _, name, version = use.key
        summary = f": {match.summary}" if match.summary else ""
        known = f"update {name} to {match.fixed_in}"
        fix = known if match.fixed_in else f"no fixed version of {name} is known"
        yield Evidence(
            message=f"{name} {version} has {match.ids[0]}{summary}{_through(use)}",
            advice=fix,
            asset=package_purl(*use.key),
            path=use.path,
            line=use.line,
            severity=match.severity,
            advisories=match.ids,
            fixed_in=match.fixed_in,
            subject=match.ids[0],
            detail={"score": match.score, "feed": match.feed},
        )


@rule("packages/stale-advisories", Severity.MEDIUM)
def stale_advisories(intake: Intake) -> Iterator[Evidence]:
    """Advisory data that is older than a few days does not know this week's malware.

    Speaks when everything that could answer for an ecosystem in use is older than `stale_days` (7).

    Why: most malicious releases are found within hours or days; a scan against last month's data calls
    them clean.

    Attack: the advisory for axios 1.14.1 (MAL-2026-2307) was published on the day of the attack.

    Fix: `seawall sync`, or let the scan ask online.
    """
    for feed, ecosystems in _stale(intake):
        names, days = ", ".join(ecosystems), _days(intake, feed)
        yield Evidence(
            message=f"the advisories for {names} are {days} days old ({feed.name})",
            advice="run `seawall sync`",
            subject=feed.name,
            detail={"as_of": feed.as_of},
        )


def _stale(intake: Intake) -> Iterator[tuple[FeedState, list[str]]]:
    used = {pin.ecosystem for document in intake.documents for pin in document.pins}
    newest: dict[str, FeedState] = {}
    for feed in intake.feeds:
        for ecosystem in feed.covers:
            if ecosystem not in newest or _time(feed.as_of) > _time(newest[ecosystem].as_of):
                newest[ecosystem] = feed
    for feed in dict.fromkeys(newest.values()):
        if _days(intake, feed) > intake.settings.stale_days:
            mine = sorted(e for e, f in newest.items() if f is feed and e in used)
            if mine:
                yield feed, mine


def _days(intake: Intake, feed: FeedState) -> int:
    return (intake.now - _time(feed.as_of)).days


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
