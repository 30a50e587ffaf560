"""What is unusual about a release; alone a curiosity, together the picture of an attack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from seawall.kernel.advisory import Severity
from seawall.kernel.asset import package_purl
from seawall.kernel.confusable import confused_with
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.lockfile import DocumentKind, Pin, Requirement
from seawall.kernel.release import ReleaseFacts
from seawall.kernel.rule import rule


def _known(intake: Intake) -> Iterator[tuple[Pin, ReleaseFacts]]:
    seen: set[tuple[tuple[str, str, str], str]] = set()
    for document in intake.documents:
        for pin in document.pins:
            facts = intake.releases.get(pin.key)
            if facts is not None and (pin.key, pin.path) not in seen:
                seen.add((pin.key, pin.path))
                yield pin, facts


def _evidence(pin: Pin, message: str, advice: str, **detail: object) -> Evidence:
    return Evidence(message, advice, asset=pin.purl, path=pin.path, line=pin.line, detail=detail)


@rule("packages/young-release", Severity.INFO, signal=True, online=True)
def young_release(intake: Intake) -> Iterator[Evidence]:
    """A release that is days old has not yet been looked at by anybody else.

    It is young for `young_days` ([cooldown] in seawall.toml, 7), and at least as long as the cooldown.

    Why: nearly all poisoned releases of the past were found and removed within hours or days.

    Attack: axios 1.14.1 lived about three hours, TanStack's 84 versions about four and a half.

    Fix: wait; the clients' own cooldown settings do it for you (`seawall setup`).
    """
    young = timedelta(days=intake.settings.young)
    for pin, facts in _known(intake):
        if facts.published is not None and intake.now - facts.published < young:
            older = facts.previous or "an older one"
            yield _evidence(
                pin,
                f"{pin.name} {pin.version} was published {_age(intake.now - facts.published)} ago",
                f"wait until it is {intake.settings.young} days old, or take {older}",
                published=facts.published.isoformat(),
            )


def _age(age: timedelta) -> str:
    if age < timedelta(0):
        return "less than 0 hours"
    hours = int(age.total_seconds() // 3600)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


@rule("packages/young-name", Severity.INFO, signal=True, online=True)
def young_name(intake: Intake) -> Iterator[Evidence]:
    """A package whose name is days old is nobody's old friend.

    Why: names are registered for an attack shortly before it: look-alikes, names that a model invents,
    names that are internal elsewhere.

    Attack: plain-crypto-js was first published 19 hours before axios 1.14.1 asked for it; torchtriton
    appeared on the public index five days before it was noticed.

    Fix: find out who brought it in and why, and whether the usual name was meant.
    """
    limit = timedelta(days=intake.settings.young_name_days)
    for pin, facts in _known(intake):
        if facts.first_release is not None and intake.now - facts.first_release < limit:
            yield _evidence(
                pin,
                f"{pin.name} first appeared {_age(intake.now - facts.first_release)} ago",
                "find out who brought it in, and whether another name was meant",
                first_release=facts.first_release.isoformat(),
            )


@rule("packages/install-script", Severity.INFO, signal=True)
def install_script(intake: Intake) -> Iterator[Evidence]:
    """A package that runs code while it is installed runs it with your rights.

    What the lockfile or the registry says: `preinstall`, `install`, `postinstall`, `binding.gyp`.

    Why: it runs before any review, test or sandbox, on laptops and in jobs that hold secrets.

    Attack: plain-crypto-js 4.2.1 fetched its trojan in `postinstall`; keyv 6.0.0 gained a `preinstall`.

    Fix: install with scripts off and allow the few packages that need one (`npm config set
    ignore-scripts true`, pnpm's `onlyBuiltDependencies`).
    """
    for document in intake.documents:
        for pin in document.pins:
            facts = intake.releases.get(pin.key)
            new = facts is not None and bool(facts.install_script) and facts.install_script_before is False
            if pin.install_script or (facts is not None and facts.install_script):
                yield _evidence(
                    pin,
                    f"{pin.name} {pin.version} runs code at install time"
                    + (", which the release before it did not" if new else ""),
                    "install with scripts off, and allow those that need one",
                    new=new,
                )


@rule("packages/new-dependency", Severity.INFO, signal=True, online=True)
def new_dependency(intake: Intake) -> Iterator[Evidence]:
    """A release that suddenly needs another package brings somebody else's code with it.

    Why: the smallest poisoned release changes one line: a new dependency that carries the payload.

    Attack: axios 1.14.1 differed from 1.14.0 in one dependency, plain-crypto-js; @mastra/core of June
    2026 in easy-day-js; event-stream of 2018 in flatmap-stream.

    Fix: look at the new dependency: its age, its publisher, whether the code uses it at all.
    """
    for pin, facts in _known(intake):
        if facts.new_dependencies:
            names = ", ".join(item.name for item in facts.new_dependencies[:3])
            ages = [
                (intake.now - item.first_release).days
                for item in facts.new_dependencies
                if item.first_release is not None
            ]
            yield _evidence(
                pin,
                f"{pin.name} {pin.version} needs {names}, which {facts.previous or 'the one before'} did not",
                "look at the new dependency: its age, its publisher, whether it is used at all",
                names=[item.name for item in facts.new_dependencies[:20]],
                youngest_days=min(ages, default=-1),
            )


@rule("packages/provenance-lost", Severity.INFO, signal=True, online=True)
def provenance_lost(intake: Intake) -> Iterator[Evidence]:
    """A release without the attestation that the one before it carried was made in another way.

    Having provenance proves little (TanStack, AsyncAPI and keyv shipped valid ones); losing it is news.

    Why: an attacker with a stolen token publishes from a laptop, past the pipeline that attests.

    Attack: axios 1.14.0 carried an attestation, 1.14.1 did not; so did ultralytics' second wave of 2024.

    Fix: wait for the maintainers to say why; take the release before it.
    """
    for pin, facts in _known(intake):
        if facts.provenance is False and facts.provenance_before is True:
            yield _evidence(
                pin,
                f"{pin.name} {pin.version} has no attestation, {facts.previous or 'the one before'} had one",
                f"take {facts.previous or 'the one before'} until the maintainers say why",
            )


@rule("packages/publisher-changed", Severity.INFO, signal=True, online=True)
def publisher_changed(intake: Intake) -> Iterator[Evidence]:
    """A release by somebody who never published this package before deserves a second look.

    Why: new maintainers are normal; a new account on an old package is also what a takeover looks like.

    Attack: event-stream (2018) by a volunteer who had just been given it; @mastra's releases of June 2026
    by a person instead of the usual pipeline.

    Fix: look at who it is and whether the project says so.
    """
    for pin, facts in _known(intake):
        before = facts.publishers_before
        if facts.publisher and before and facts.publisher not in before:
            yield _evidence(
                pin,
                f"{pin.name} {pin.version} was published by {facts.publisher}, who never did before",
                "look at who it is, and whether the project says so",
            )


@rule("packages/confusable-name", Severity.INFO, signal=True)
def confusable_name(intake: Intake) -> Iterator[Evidence]:
    """A name one slip away from a famous one is often there for those who slip.

    Compares direct dependencies with well-known names: one letter more, less, swapped or replaced, a
    look-alike letter of another script, or the words in another order.

    Why: typing, autocompletion and language models all produce near misses, and attackers register them.

    Attack: in 2017 crossenv posed as cross-env and sent the environment variables of those who slipped
    to its author.

    Fix: check that the name is the one you meant.
    """
    seen: set[tuple[str, str]] = set()
    for document in intake.documents:
        if document.kind is DocumentKind.SBOM:
            continue
        direct = [pin for pin in document.pins if pin.direct]
        items: list[Pin | Requirement] = [*document.requirements, *direct]
        for item in items:
            meant = confused_with(item.ecosystem, item.name)
            if meant and (item.name, document.path) not in seen:
                seen.add((item.name, document.path))
                version = item.version if isinstance(item, Pin) else ""
                yield Evidence(
                    asset=package_purl(item.ecosystem, item.name, version),
                    message=f"{item.name} is one slip away from {meant}",
                    advice=f"check that {item.name} is what you meant",
                    path=item.path,
                    line=item.line,
                    subject=item.name,
                    detail={"meant": meant},
                )


@rule("packages/time-moved", Severity.MEDIUM)
def time_moved(intake: Intake) -> Iterator[Evidence]:
    """A release does not become older than it was: its time never changes on an honest registry.

    A firewall remembers the time that was told of each file when it first saw it, and when it first saw a
    file that the registry then says was there before. The later time counts for every answer.

    Why: whoever can write into a registry's answers, or stands between, makes a fresh file look old and past
    every waiting time.

    Attack: no real one is known; a cooldown is only as good as the clock that it trusts.

    Fix: find out why the registry says another time. After a registry was moved or rebuilt, all its times
    may differ; that is no attack, and files count as young as they were first seen.
    """
    for item in intake.departures:
        then, now = item.sighting.published, item.offer.published
        if not item.moved or then is None or now is None:
            continue
        before = f"it was of {_minute(then)} when it was first seen"
        if then == item.sighting.first:
            before = f"it was not there before {_minute(then)}"
        yield Evidence(
            message=f"{item.offer.filename} is said to be of {_minute(now)}, but {before}",
            advice="the later time counts; find out why the registry says another one",
            asset=item.asset,
            path=item.offer.filename,
        )


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
