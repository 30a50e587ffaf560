"""A hotfix passes its cooldown only by a reviewed advisory and the usual path; a stolen account does not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from seawall.admit import Gate
from seawall.kernel.admission import Admission
from seawall.kernel.advisory import Severity
from seawall.kernel.errors import OutsideError
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.gate_settings import Exemption
from seawall.kernel.offer import Offering
from seawall.kernel.policy.facts import Mode
from seawall.kernel.release import Listed
from simulators.gate import ME, NOW, advisory, ago, gate, npm, pypi, release, shut

REVIEWED = {"database_specific": {"github_reviewed": True}}
FIXED = ({"introduced": "1.0.0"}, {"fixed": "1.2.1"})
REPAIR = advisory("GHSA-1", "a", *FIXED, **REVIEWED)
APPROVED = Exemption("pkg:npm/a@1.2.1", "we need it", "a-person", date(2026, 12, 1), "hotfix")

Ask = Callable[..., Admission]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    opened: list[Gate] = []

    def asked(offering: Offering, *records: dict, file: str = "a-1.2.1.tgz", **more: object) -> Admission:
        """The answer about the hotfix: from the name's metadata, and about the file alone."""
        place = tmp_path / str(len(opened))
        place.mkdir()
        inside = {key: more.pop(key) for key in ("findings", "skipped") if key in more}
        opened.append(gate(place, records, **more))  # type: ignore[arg-type]
        admission = opened[-1].rule(offering, ME, Mode.ENFORCE, NOW).admissions[file]
        again = opened[-1].admit(offering, file, ME, Mode.ENFORCE, NOW, **inside)  # type: ignore[arg-type]
        assert inside or again == admission
        return again

    yield asked
    for item in opened:
        shut(item)


def line(hours: float = 8, before: Listed | None = None, **more: object) -> Offering:
    """1.2.1 repairs 1.2.0, which stood for months."""
    old = before or release("1.2.0", ago(90))
    return npm("a", release("1.1.0", ago(200)), old, release("1.2.1", ago(hours=hours), **more))


def by(admission: Admission) -> str:
    return f"{admission.decision.outcome.value} {admission.decision.decided_by[0].policy}"


def test_a_genuine_hotfix_passes_after_six_hours(ask: Ask) -> None:
    assert by(ask(line(), REPAIR)) == "allow default/hotfix"
    early = ask(line(hours=2), REPAIR)
    assert by(early) == "deny default/cooldown"
    assert early.allowed_from == ago(hours=2) + timedelta(hours=6)


def test_a_person_may_approve_it_earlier_and_that_is_recorded(ask: Ask) -> None:
    admission = ask(line(hours=2), REPAIR, exemptions=[APPROVED])
    assert by(admission) == "allow default/hotfix"
    assert admission.exemption == "we need it (a-person, until 2026-12-01)"
    late = ask(line(), REPAIR, exemptions=[APPROVED])
    assert (by(late), late.exemption) == ("allow default/hotfix", "")
    # An approval is about a hotfix: it makes none.
    assert by(ask(line(hours=2), exemptions=[APPROVED])) == "deny default/cooldown"
    ended = replace(APPROVED, expires=date(2026, 11, 24))
    assert by(ask(line(hours=2), REPAIR, exemptions=[ended])) == "deny default/cooldown"


def test_a_stolen_account_that_also_writes_the_advisory_does_not_pass(ask: Ask) -> None:
    """Whoever may publish may often write the repository's advisory: only a reviewed one counts."""
    own = advisory("GHSA-2", "a", *FIXED, database_specific={"github_reviewed": False})
    unsaid = advisory("GHSA-3", "a", *FIXED)
    other = advisory("OWN-1", "a", *FIXED, **REVIEWED)
    for record in (own, unsaid, other):
        assert by(ask(line(), record)) == "deny default/cooldown"
    # A reviewed one about another version does not lend it its name.
    elsewhere = advisory("GHSA-4", "a", {"introduced": "1.0.0"}, {"fixed": "1.3.0"}, **REVIEWED)
    assert by(ask(line(), own, elsewhere)) == "deny default/cooldown"


def test_it_has_to_be_the_lowest_fixed_version_of_the_line_in_use(ask: Ask) -> None:
    later = npm("a", release("1.2.0", ago(90)), release("1.2.2", ago(hours=8)))
    assert by(ask(later, REPAIR, file="a-1.2.2.tgz")) == "deny default/cooldown"
    # A new line is not the line in use.
    major = advisory("GHSA-5", "a", {"introduced": "1.0.0"}, {"fixed": "2.0.0"}, **REVIEWED)
    offering = npm("a", release("1.2.0", ago(90)), release("2.0.0", ago(hours=8)))
    assert by(ask(offering, major, file="a-2.0.0.tgz")) == "deny default/cooldown"
    # Nothing was broken in the release before it.
    older = advisory("GHSA-6", "a", {"introduced": "1.0.0"}, {"fixed": "1.2.0"}, **REVIEWED)
    assert by(ask(line(), older)) == "deny default/cooldown"


def test_a_fix_that_another_record_calls_broken_is_no_fix(ask: Ask) -> None:
    still = advisory("GHSA-7", "a", {"introduced": "1.0.0"}, {"fixed": "1.2.9"}, **REVIEWED)
    assert by(ask(line(), REPAIR, still)) == "deny default/cooldown"
    withdrawn = {**REPAIR, "withdrawn": "2026-11-20T00:00:00Z"}
    assert by(ask(line(), withdrawn)) == "deny default/cooldown"


@pytest.mark.parametrize(
    "change",
    [
        {"publisher": "mallory"},
        {"publisher": None},
        {"install_script": True},
        {"install_script": None},
        {"dependencies": (("left", "^1"), ("new", "^1"))},
        {"dependencies": None},
    ],
    ids=str,
)
def test_another_path_or_anything_new_or_unknown_is_no_hotfix(ask: Ask, change: dict) -> None:
    admission = ask(line(**change), REPAIR)
    assert not admission.lets_in
    assert by(admission) in ("deny default/cooldown", "deny default/looks-like-a-takeover")


def test_an_attestation_that_was_there_must_still_be_there(ask: Ask) -> None:
    attested = release("1.2.0", ago(90), provenance=True)
    assert by(ask(line(before=attested, provenance=True), REPAIR)) == "allow default/hotfix"
    assert by(ask(line(before=attested, provenance=True, publisher=None), REPAIR)) == "allow default/hotfix"
    assert not ask(line(before=attested, provenance=False), REPAIR).lets_in
    assert not ask(line(before=attested, provenance=None), REPAIR).lets_in


def test_what_is_found_or_not_looked_at_in_the_file_ends_it(ask: Ask) -> None:
    signal = Finding("packages/new-hook", Severity.INFO, "", "m", "a", "x", 1, "f" * 32, signal=True)
    assert not ask(line(), REPAIR, findings=(signal,)).lets_in
    finding = replace(signal, signal=False, severity=Severity.LOW)
    assert not ask(line(), REPAIR, findings=(finding,)).lets_in
    missed = Skipped("the comparison with 1.2.0", "1.2.0 could not be fetched")
    assert not ask(line(), REPAIR, skipped=(missed,)).lets_in
    assert ask(line(), REPAIR, findings=(), skipped=()).lets_in


def test_python_projects_prove_the_path_by_attestations(ask: Ask) -> None:
    files = {"a-1.2.0.tar.gz": ("1.2.0", ago(90)), "a-1.2.1.tar.gz": ("1.2.1", ago(hours=8))}
    offering = pypi("a", files)
    record = advisory("PYSEC-2026-1", "a", *FIXED, ecosystem="PyPI")
    assert by(ask(offering, record, file="a-1.2.1.tar.gz")) == "deny default/cooldown"
    signed = tuple(replace(item, provenance=True) for item in offering.listing.releases)
    attested = replace(offering, listing=replace(offering.listing, releases=signed))
    assert by(ask(attested, record, file="a-1.2.1.tar.gz")) == "allow default/hotfix"


def test_on_an_index_that_tells_no_publisher_the_record_comes_after_the_files(ask: Ask) -> None:
    """A stolen token and an open record: what is published under the version that it names comes too late."""
    files = {"a-1.2.0.tar.gz": ("1.2.0", ago(90)), "a-1.2.1.tar.gz": ("1.2.1", ago(hours=8))}

    def record(hours: float, **more: object) -> dict:
        then = ago(hours=hours).isoformat()
        return (
            advisory("PYSEC-1", "a", *FIXED, ecosystem="PyPI") | {"published": then, "modified": then} | more
        )

    offering, file = pypi("a", files), "a-1.2.1.tar.gz"
    assert by(ask(offering, record(7), file=file)) == "allow default/hotfix"
    assert by(ask(offering, record(9), file=file)) == "deny default/cooldown", "it named a version to come"
    written = record(9, modified=ago(hours=7).isoformat())
    assert by(ask(offering, written, file=file)) == "deny default/cooldown", "a touched record proves nothing"
    unreviewed = record(7, id="OWN-1")
    assert by(ask(offering, unreviewed, file=file)) == "deny default/cooldown"


def test_a_file_that_was_added_after_the_record_ends_it_for_all(tmp_path: Path) -> None:
    files = {"a-1.2.0.tar.gz": ("1.2.0", ago(90)), "a-1.2.1.tar.gz": ("1.2.1", ago(hours=30))}
    then = ago(hours=20).isoformat()
    record = advisory("PYSEC-1", "a", *FIXED, ecosystem="PyPI") | {"published": then, "modified": then}
    opened = gate(tmp_path, [record])
    assert opened.rule(pypi("a", files), ME, Mode.ENFORCE, NOW).lets_in("a-1.2.1.tar.gz")
    files["a-1.2.1-py3-none-any.whl"] = ("1.2.1", ago(hours=7))
    offering = pypi("a", files)
    assert not any(map(opened.rule(offering, ME, Mode.ENFORCE, NOW).lets_in, list(files)[1:]))
    for file in list(files)[1:]:
        assert by(opened.admit(offering, file, ME, Mode.ENFORCE, NOW)) == "deny default/cooldown"
    shut(opened)


def test_the_first_release_of_a_name_repairs_nothing(ask: Ask) -> None:
    offering = npm("a", release("1.2.1", ago(hours=8)))
    assert by(ask(offering, REPAIR)) == "deny default/cooldown"


def test_strict_wants_a_person_for_every_hotfix(ask: Ask, tmp_path: Path) -> None:
    from seawall.decide import chosen_policy

    strict = chosen_policy("strict")
    assert not ask(line(), REPAIR, policy=strict).lets_in
    admission = ask(line(), REPAIR, policy=strict, exemptions=[APPROVED])
    assert by(admission) == "allow strict/approved-hotfix"
    assert admission.exemption.startswith("we need it")


def test_a_question_about_new_dependencies_that_fails_is_a_check_that_did_not_run(tmp_path: Path) -> None:
    def nobody(*_: object) -> dict:
        raise OutsideError("the registry is silent")

    opened = gate(tmp_path, [REPAIR])
    opened._first_releases = nobody
    fresh = npm(
        "a",
        release("1.2.0", ago(90)),
        release("1.2.1", ago(hours=8)),
        release("2.0.0", ago(1), dependencies=(("left", "^1"), ("new", "^1"))),
    )
    ruling = opened.rule(fresh, ME, Mode.ENFORCE, NOW)
    assert ruling.lets_in("a-1.2.0.tgz")
    assert not ruling.lets_in("a-1.2.1.tgz"), "something about the name is not known"
    shut(opened)
