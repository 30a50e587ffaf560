"""Findings and registry facts become one vector, in which nothing is left out and nothing is guessed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from seawall.kernel.advisory import Severity
from seawall.kernel.allowed import Publishers
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.policy.facts import Answer, Facts, gather
from seawall.kernel.release import NewDependency, ReleaseFacts
from seawall.kernel.settings import DEFAULTS, Settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = ("npm", "a", "1.0.0")


def finding(
    rule: str, severity: Severity = Severity.MEDIUM, *, signal: bool = False, waived: str = ""
) -> Finding:
    return Finding(
        f"packages/{rule}", severity, "pkg:npm/a@1.0.0", "m", "a", "p", 1, rule, signal=signal, waived=waived
    )


def about(release: ReleaseFacts, *findings: Finding) -> Facts:
    return gather(findings, DEFAULTS, release=release, now=NOW)


def test_nothing_found_is_clean_and_unknown() -> None:
    facts = gather((), DEFAULTS)
    assert facts == Facts(malware_checked=True, vulnerabilities_checked=True)
    assert facts.missing() == ()
    assert facts.worst_vulnerability == facts.worst_finding == facts.age_days == -1


def test_findings_fall_into_their_sets() -> None:
    facts = gather(
        (
            finding("known-malware", Severity.CRITICAL),
            finding("malware-in-history", Severity.CRITICAL),
            finding("vulnerable", Severity.HIGH),
            finding("vulnerable", Severity.LOW),
            finding("exotic-source"),
            finding("digest-missing", Severity.INFO),
            finding("young-name", Severity.INFO, signal=True),
        ),
        DEFAULTS,
    )
    assert (facts.malware, facts.malware_in_past) == (True, True)
    assert (facts.worst_vulnerability, facts.worst_finding) == (Severity.HIGH, Severity.CRITICAL)
    names = {n: {r.removeprefix("packages/") for r in getattr(facts, n)} for n in ("findings", "serious")}
    assert names["findings"] == {"known-malware", "malware-in-history", "vulnerable", "exotic-source"}
    assert names["serious"] == {"known-malware", "malware-in-history", "vulnerable"}
    assert facts.notes == {"packages/digest-missing"}
    assert facts.signals == {"packages/young-name"}


def test_waived_findings_and_signals_are_named_and_count_for_nothing() -> None:
    facts = gather(
        (
            finding("known-malware", Severity.CRITICAL, waived="false alarm"),
            finding("vulnerable", Severity.CRITICAL, waived="not reachable"),
            finding("young-release", Severity.INFO, signal=True, waived="ours"),
        ),
        DEFAULTS,
    )
    assert facts.waived == {"packages/known-malware", "packages/vulnerable", "packages/young-release"}
    assert not facts.malware
    assert facts.worst_vulnerability == -1
    assert not facts.findings | facts.serious | facts.notes | facts.signals


def test_what_was_not_checked_is_said() -> None:
    both = gather(
        (), DEFAULTS, unchecked=(Skipped("malware and vulnerabilities (npm)", "no data", required=True),)
    )
    assert (both.malware_checked, both.vulnerabilities_checked) == (False, False)
    other = gather((), DEFAULTS, unchecked=(Skipped("history", "no git", required=True),))
    assert (other.malware_checked, other.missing()) == (True, ("history",))
    assert Facts().missing() == ("malware", "vulnerabilities")


def test_settings_come_along() -> None:
    facts = gather(
        (), Settings(cooldown_days=3, deny_severity=Severity.HIGH), direct=True, dev=True, ecosystem="npm"
    )
    assert (facts.cooldown_days, facts.deny_severity) == (3, 3)
    assert (facts.direct, facts.dev, facts.ecosystem) == (Answer.YES, True, "npm")


@pytest.mark.parametrize(
    ("age", "days", "hours"),
    [
        (timedelta(days=6, hours=23), 6, 167),
        (timedelta(days=7), 7, 168),
        (timedelta(minutes=59), 0, 0),
        (timedelta(hours=-5), 0, 0),
    ],
)
def test_ages_are_whole_and_the_future_is_as_young_as_can_be(age: timedelta, days: int, hours: int) -> None:
    facts = about(ReleaseFacts(KEY, published=NOW - age, first_release=NOW - age))
    assert (facts.age_days, facts.age_hours, facts.name_age_days) == (days, hours, days)


def test_without_registry_facts_or_a_clock_ages_are_unknown() -> None:
    facts = gather((), DEFAULTS, release=ReleaseFacts(KEY, published=NOW))
    assert (facts.age_days, facts.age_hours) == (-1, -1)


def test_the_youngest_new_dependency_of_known_age() -> None:
    new = (
        NewDependency("x", "1"),
        NewDependency("y", "1", NOW - timedelta(days=400)),
        NewDependency("z", "1", NOW),
    )
    assert about(ReleaseFacts(KEY, new_dependencies=new)).youngest_new_dependency_days == 0
    assert about(ReleaseFacts(KEY, new_dependencies=new[:1])).youngest_new_dependency_days == -1
    assert about(ReleaseFacts(KEY)).youngest_new_dependency_days == -1


@pytest.mark.parametrize(
    ("now", "before", "script", "gained"),
    [
        (True, False, "yes", "yes"),
        (True, True, "yes", "no"),
        (True, None, "yes", "unknown"),
        (False, False, "no", "no"),
        (None, None, "unknown", "unknown"),
        (None, False, "unknown", "unknown"),
    ],
)
def test_install_scripts(now: bool | None, before: bool | None, script: str, gained: str) -> None:
    facts = about(ReleaseFacts(KEY, install_script=now, install_script_before=before))
    assert (facts.install_script, facts.install_script_new) == (script, gained)


def test_a_lockfile_may_know_of_an_install_script_that_the_registry_does_not_tell() -> None:
    signal = finding("install-script", Severity.INFO, signal=True)
    assert about(ReleaseFacts(KEY, install_script_before=False), signal).install_script_new == "yes"
    assert gather((signal,), DEFAULTS).install_script == "yes"


@pytest.mark.parametrize(
    ("now", "before", "lost"),
    [
        (False, True, "yes"),
        (True, True, "no"),
        (False, False, "no"),
        (None, True, "unknown"),
        (False, None, "unknown"),
    ],
)
def test_provenance(now: bool | None, before: bool | None, lost: str) -> None:
    assert about(ReleaseFacts(KEY, provenance=now, provenance_before=before)).provenance_lost == lost


@pytest.mark.parametrize(
    ("who", "before", "changed"),
    [
        ("a", ("b",), "yes"),
        ("a", ("a", "b"), "no"),
        ("a", (), "unknown"),
        ("a", None, "unknown"),
        (None, ("b",), "unknown"),
    ],
)
def test_publishers(who: str | None, before: tuple[str, ...] | None, changed: str) -> None:
    assert about(ReleaseFacts(KEY, publisher=who, publishers_before=before)).publisher_changed == changed


def test_who_published_and_what_lists_say_of_it() -> None:
    lists = replace(
        DEFAULTS,
        allowed_names=((("npm", "a"),),),
        allowed_publishers=(Publishers(("npm", "a"), ("ann", "x/*")),),
    )

    def told(release: ReleaseFacts | None, name: str = "a") -> tuple[str, ...]:
        facts = gather((), lists, release=release, now=NOW, ecosystem="npm", name=name)
        return (facts.publisher, facts.publisher_known, facts.publisher_allowed, facts.name_allowed)

    key = ("npm", "a", "1.0.0")
    assert told(ReleaseFacts(key, publisher="ann", publisher_known=True)) == ("ann", "yes", "yes", "yes")
    assert told(ReleaseFacts(key, pipeline="x/1", publisher_known=False)) == ("x/1", "no", "yes", "yes")
    assert told(ReleaseFacts(key, publisher="bob")) == ("bob", "unknown", "no", "yes")
    assert told(ReleaseFacts(key)) == ("", "unknown", "no", "yes")
    assert told(ReleaseFacts(("npm", "b", "1")), "b") == ("", "unknown", "unknown", "no")
    assert told(None) == ("", "unknown", "unknown", "yes")
    assert told(None, "") == ("", "unknown", "unknown", "unknown")
