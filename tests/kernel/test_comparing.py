from datetime import UTC, datetime

import pytest
from packaging.version import Version

from seawall.kernel.comparing import facts_of, line_of, previous_in_line, registry_name
from seawall.kernel.release import Listed, Listing

DAY = [datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 29)]


def listing(*releases: Listed) -> Listing:
    return Listing("npm", "axios", releases, DAY[0])


def test_lines() -> None:
    assert line_of("1.14.1") == line_of("v1.0") == "1"
    assert line_of("0.30.4") == "0.30"
    assert line_of("0.31.0") == "0.31"
    assert line_of("weird") == "weird"


@pytest.mark.parametrize(
    ("version", "before"), [("1.14.1", "1.14.0"), ("0.30.4", "0.30.3"), ("2.0.0", "1.14.1"), ("0.30.3", None)]
)
def test_the_one_before_is_of_the_same_line(version: str, before: str | None) -> None:
    all_of_them = listing(*(Listed(v) for v in ("0.30.3", "1.14.0", "0.30.4", "1.14.1", "2.0.0")))
    got = previous_in_line(all_of_them, version, Version)
    assert (got.version if got else None) == before


def test_a_later_release_is_not_the_one_before() -> None:
    releases = listing(Listed("1.0.0", DAY[1]), Listed("1.0.1", DAY[9]), Listed("1.0.2", DAY[5]))
    got = previous_in_line(releases, "1.0.2", Version)
    assert got is not None
    assert got.version == "1.0.0"


def test_the_axios_day() -> None:
    base = (("follow-redirects", "^1"), ("form-data", "^4"))
    good = Listed("1.14.0", DAY[1], (), base, False, True, "the-pipeline")
    bad = Listed("1.14.1", DAY[9], (), (*base, ("plain-crypto-js", "^4.2.1")), False, False, "a-person")
    facts = facts_of(listing(good, bad), "1.14.1", Version, {"plain-crypto-js": DAY[8]}, "npm")
    assert facts.previous == "1.14.0"
    assert facts.new_dependencies is not None
    assert [(d.name, d.first_release) for d in facts.new_dependencies] == [("plain-crypto-js", DAY[8])]
    assert (facts.provenance, facts.provenance_before) == (False, True)
    assert (facts.publisher, facts.publishers_before) == ("a-person", ("the-pipeline",))


def test_what_is_not_known_stays_unknown() -> None:
    facts = facts_of(listing(Listed("1.0.0"), Listed("1.0.1")), "1.0.1", Version, {}, "npm")
    assert facts.new_dependencies is None
    assert facts.published is None
    assert facts.publishers_before is None
    missing = facts_of(listing(), "9.9.9", Version, {}, "npm")
    assert missing.published is None
    assert missing.digests == ()


def test_two_bad_releases_in_a_day_are_both_compared_with_what_had_stood() -> None:
    base = (("follow-redirects", "^1"),)
    more = (*base, ("plain-crypto-js", "^4.2.1"))
    good = Listed("1.14.0", DAY[1], (), base, False, True, "the-pipeline")
    first = Listed("1.14.1", DAY[20], (), more, False, False, "a-person")
    second = Listed("1.14.2", DAY[21], (), more, False, False, "a-person")
    facts = facts_of(listing(good, first, second), "1.14.2", Version, {}, "npm")
    assert facts.previous == "1.14.0"
    assert facts.new_dependencies
    assert facts.provenance_before is True
    assert facts.publishers_before == ("the-pipeline",)


def test_a_release_that_was_taken_back_is_not_what_to_compare_with() -> None:
    taken = Listed("1.14.0", DAY[2], yanked="broken")
    found = facts_of(
        listing(Listed("1.13.0", DAY[1]), taken, Listed("1.14.1", DAY[20])), "1.14.1", Version, {}, ""
    )
    assert found.previous == "1.13.0"


def test_a_pre_release_does_not_prepare_the_ground() -> None:
    good, trial = Listed("1.14.0", DAY[1]), Listed("1.14.1-beta.0", DAY[12])
    final, next_trial = Listed("1.14.1", DAY[20]), Listed("1.14.2-beta.1", DAY[27])
    all_of_them = listing(good, trial, final, next_trial)

    def order(version: str) -> Version:
        return Version(version.replace("-beta.", "b"))

    assert facts_of(all_of_them, "1.14.1", order, {}, "npm").previous == "1.14.0"
    assert facts_of(all_of_them, "1.14.2-beta.1", order, {}, "npm").previous == "1.14.1"


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ("^1.0.0", "a"),
        (">=1 <2 || 3", "a"),
        ("npm:real@^1", "real"),
        ("npm:@acme/real@^1", "@acme/real"),
        ("npm:real", "real"),
        ("git+https://git.example/a.git", ""),
        ("owner/repo#commit", ""),
        ("github:owner/repo", ""),
        ("https://files.example/a.tgz", ""),
        ("file:../a", ""),
        ("workspace:*", ""),
        ("", "a"),
    ],
)
def test_the_name_that_a_registry_knows(spec: str, asked: str) -> None:
    assert registry_name("a", spec) == asked


def test_what_comes_from_a_commit_is_as_old_as_the_release() -> None:
    good = Listed("1.0.0", DAY[1], (), ())
    bad = Listed("1.0.1", DAY[20], (), (("setup", "github:somebody/router#79ac49e"),))
    facts = facts_of(listing(good, bad), "1.0.1", Version, {}, "npm")
    assert facts.new_dependencies is not None
    assert facts.new_dependencies[0].first_release == DAY[20]


def by(day: int, publisher: str | None = None, pipeline: str | None = None) -> Listed:
    return Listed(f"1.{day}.0", DAY[day], publisher=publisher, pipeline=pipeline)


@pytest.mark.parametrize(
    ("before", "this", "known"),
    [
        ((by(1, "ann"),), by(20, "ann"), True),
        ((by(1, "ann"),), by(20, "bob"), False),
        ((by(1, "ann"), by(19, "bob")), by(20, "bob"), False),
        ((by(1, "ann"), by(19, "bob")), by(27, "bob"), True),
        ((by(1, pipeline="x/1"),), by(20, pipeline="x/1"), True),
        ((by(1, pipeline="x/1"),), by(20, pipeline="x/2"), False),
        ((by(1, pipeline="x/1"),), by(20, "ann"), False),
        ((by(1), by(2, "ann")), by(20, "bob"), None),
        ((by(1), by(2, "ann")), by(20, "ann"), True),
        ((by(1, "ann"),), by(20), None),
        ((), by(20, "ann"), False),
    ],
)
def test_whoever_published_before_and_settled_is_known(
    before: tuple[Listed, ...], this: Listed, known: bool | None
) -> None:
    got = facts_of(listing(*before, this), this.version, Version, {}, "")
    assert got.publisher_known is known
    assert got.published_by == this.published_by
