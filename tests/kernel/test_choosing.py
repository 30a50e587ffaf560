"""The version that is named instead is let in, not taken back, final, and the newest as versions are ordered."""

from dataclasses import replace

from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.choosing import newest_let_in
from seawall.kernel.decision import Decision, Outcome
from seawall.kernel.offer import Offering
from simulators.gate import ago, npm, release

ALL = ("0.30.2", "0.30.3", "1.9.0", "1.10.0", "1.11.0", "2.0.0-rc.1", "odd")
OFFERING = npm("a", *(release(version, ago(n)) for n, version in enumerate(ALL)))


def admissions(*denied: str) -> dict[str, Admission]:
    return {
        offer.filename: Admission(Decision(Outcome.DENY if offer.version in denied else Outcome.ALLOW))
        for offer in OFFERING.offers
    }


def yanked(*versions: str) -> Offering:
    releases = tuple(
        replace(item, yanked="broken" if item.version in versions else None)
        for item in OFFERING.listing.releases
    )
    return replace(OFFERING, listing=replace(OFFERING.listing, releases=releases))


def newest(offering: Offering, given: dict[str, Admission]) -> str:
    return newest_let_in(offering, given)[0]


def instead(given: dict[str, Admission], version: str) -> str:
    best, best_of = newest_let_in(OFFERING, given)
    return Ruling(given, best=best, best_of=best_of).instead_of(version)


def test_the_newest_is_by_version_and_not_by_time() -> None:
    assert newest(OFFERING, admissions()) == "1.11.0"
    assert newest(OFFERING, admissions("1.11.0")) == "1.10.0"


def test_what_was_taken_back_and_what_is_not_final_comes_last() -> None:
    assert newest(yanked("1.11.0"), admissions()) == "1.10.0"
    assert newest(OFFERING, admissions("0.30.2", "0.30.3", "1.9.0", "1.10.0", "1.11.0")) == "2.0.0-rc.1"
    assert newest(yanked(*ALL), admissions()) == "1.11.0"


def test_nothing_that_is_let_in_is_no_version() -> None:
    assert newest(OFFERING, admissions(*ALL)) == ""
    assert newest(OFFERING, {}) == ""


def test_in_the_line_of_what_was_refused_if_there_is_one() -> None:
    assert instead(admissions("0.30.3"), "0.30.3") == "0.30.2"
    assert instead(admissions("1.11.0"), "1.11.0") == "1.10.0"
    assert instead(admissions("0.30.2", "0.30.3"), "0.30.3") == "1.11.0"
