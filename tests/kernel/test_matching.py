from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.advisory import Advisory, Affected, Match, Severity, VersionRange
from seawall.kernel.matching import Key, compare, match

LEFT = ("npm", "left", "1.0.0")
HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def span(*events: tuple[str, str]) -> tuple[VersionRange, ...]:
    return (VersionRange("SEMVER", events),)


EVER = span(("introduced", "0"))
BEFORE_2 = span(("introduced", "0"), ("fixed", "2.0.0"))


def about(name: str = "GHSA-1", **more: Any) -> Advisory:
    place = {k: more.pop(k) for k in ("ecosystem", "package", "versions", "ranges") if k in more}
    affected = Affected(
        place.get("ecosystem", "npm"),
        place.get("package", "left"),
        place.get("versions", ()),
        place.get("ranges", ()),
    )
    return Advisory(name, (affected,), **more)


def one(*advisories: Advisory, key: Key = LEFT) -> Match:
    (found,) = match([key], advisories)[key]
    return found


def test_exact_versions_and_ranges() -> None:
    assert one(about(versions=("1.0.0",))).ids == ("GHSA-1",)
    assert one(about(ranges=BEFORE_2)).fixed_in == "2.0.0"
    assert match([LEFT], [about(versions=("1.0.1",))]) == {}
    assert match([("npm", "left", "2.0.0")], [about(ranges=BEFORE_2)]) == {}
    assert match([("npm", "right", "1.0.0")], [about(ranges=BEFORE_2)]) == {}
    assert match([("PyPI", "left", "1.0.0")], [about(ranges=EVER)]) == {}


def test_withdrawn_matches_nothing() -> None:
    assert match([LEFT], [about(ranges=EVER, withdrawn="2026-01-01T00:00:00Z")]) == {}


def test_introduced_0_beside_versions_means_those_versions() -> None:
    malware = about("MAL-1", versions=("1.0.1",), ranges=EVER, malicious=True)
    assert match([LEFT], [malware]) == {}
    assert one(malware, key=("npm", "left", "1.0.1")).malicious
    assert one(about("MAL-2", ranges=EVER, malicious=True)).malicious
    ended = about(versions=("0.1.0",), ranges=BEFORE_2)
    assert one(ended).ids == ("GHSA-1",)


def test_spelling_of_names() -> None:
    record = about(ecosystem="PyPI", package="Some.Thing", versions=("1.0",))
    assert one(record, key=("PyPI", "some_thing", "1.0.0"))
    assert match([("npm", "Left", "1.0.0")], [about(ranges=EVER)]) == {}


def test_spelling_of_versions() -> None:
    assert one(about(ecosystem="PyPI", versions=("1.0.0",)), key=("PyPI", "left", "1.0"))
    assert one(about(ecosystem="Go", versions=("1.0.0",)), key=("Go", "left", "v1.0.0"))
    assert match([("Maven", "left", "1.0")], [about(ecosystem="Maven", versions=("1.0.0",))]) == {}


def test_records_of_one_flaw_are_one_match() -> None:
    pysec = about("PYSEC-1", ranges=BEFORE_2, aliases=("CVE-1",), published="2026-02-01")
    ghsa = about("GHSA-1", ranges=BEFORE_2, aliases=("CVE-1",), summary="why", published="2026-01-01")
    other = about("GHSA-2", ranges=BEFORE_2)
    assert one(pysec, ghsa).ids == ("GHSA-1", "PYSEC-1", "CVE-1")
    assert one(pysec, ghsa).summary == "why"
    assert one(pysec, ghsa).published == "2026-01-01"
    assert len(match([LEFT], [pysec, ghsa, other])[LEFT]) == 2


def test_two_flaws_are_joined_by_a_third_record() -> None:
    a = about("A-1", ranges=EVER, aliases=("X-1",))
    b = about("B-1", ranges=EVER, aliases=("X-2",))
    c = about("C-1", ranges=EVER, aliases=("X-1", "X-2"))
    assert len(match([LEFT], [a, b])[LEFT]) == 2
    assert set(one(a, b, c).ids) == {"A-1", "B-1", "C-1", "X-1", "X-2"}


def test_malware_is_critical_and_comes_first() -> None:
    flaw = about("GHSA-9", ranges=EVER, vectors=(("CVSS_V3", HIGH),))
    malware = about("MAL-9", versions=("1.0.0",), malicious=True)
    first, second = match([LEFT], [flaw, malware])[LEFT]
    assert (first.malicious, first.severity) == (True, Severity.CRITICAL)
    assert (second.malicious, second.score) == (False, 9.8)
    alias = about("MAL-9", versions=("1.0.0",), malicious=True, aliases=("GHSA-9",))
    assert one(flaw, alias).malicious


@pytest.mark.parametrize(
    ("vectors", "label", "severity", "score"),
    [
        ((("CVSS_V3", HIGH),), "", Severity.CRITICAL, 9.8),
        ((("CVSS_V3", "CVSS:3.0/AV:N/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"),), "", Severity.LOW, 2.6),
        ((("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P/A:P"),), "", Severity.HIGH, 7.5),
        ((("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),), "", 4, 9.3),
        ((("CVSS_V3", "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"),), "HIGH", Severity.INFO, 0.0),
        ((("CVSS_V3", "nonsense"), ("CVSS_V4", "CVSS:4.0/AV:N")), "", Severity.MEDIUM, None),
        ((), "MODERATE", Severity.MEDIUM, None),
        ((), "Important", Severity.HIGH, None),
        ((), "who knows", Severity.MEDIUM, None),
        ((), "", Severity.MEDIUM, None),
        ((("Ubuntu", "low"),), "LOW", Severity.LOW, None),
    ],
)
def test_severity(
    vectors: tuple[tuple[str, str], ...], label: str, severity: Severity, score: float | None
) -> None:
    found = one(about(ranges=EVER, vectors=vectors, label=label))
    assert (found.severity, found.score) == (severity, score)


def test_the_fixed_version_is_one_that_every_record_calls_fixed() -> None:
    early = about("GHSA-1", ranges=span(("introduced", "0"), ("fixed", "1.0.1")), aliases=("CVE-1",))
    late = about("PYSEC-1", ranges=span(("introduced", "0"), ("fixed", "1.2.0")), aliases=("CVE-1",))
    never = about("X-1", ranges=EVER, aliases=("CVE-1",))
    assert one(early).fixed_in == "1.0.1"
    assert one(early, late).fixed_in == "1.2.0"
    assert one(early, never).fixed_in == ""


def test_the_fixed_version_is_of_the_line_in_use() -> None:
    ranges = (
        *span(("introduced", "0"), ("fixed", "1.4.0")),
        *span(("introduced", "2.0.0"), ("fixed", "2.1.0")),
    )
    assert one(about(ranges=ranges)).fixed_in == "1.4.0"
    assert one(about(ranges=ranges), key=("npm", "left", "2.0.5")).fixed_in == "2.1.0"


def test_what_cannot_be_compared_is_unknown_and_not_clean() -> None:
    odd = ("npm", "left", "not-a-version")
    found = compare([odd, LEFT], [about(ranges=BEFORE_2)])
    assert odd not in found.matches
    assert found.unknown == {odd: ("GHSA-1",)}
    (skipped,) = found.skipped()
    assert skipped.required
    assert "GHSA-1" in skipped.reason
    assert "left not-a-version" in skipped.check
    maven = ("Maven", "left", "1.0")
    assert compare([maven], [about(ecosystem="Maven", ranges=BEFORE_2)]).unknown == {maven: ("GHSA-1",)}
    listed = about(ecosystem="Maven", ranges=BEFORE_2, versions=("0.9",))
    assert compare([maven], [listed]).unknown == {}
    assert one(about(ranges=EVER), key=odd).ids == ("GHSA-1",)


NAMES = st.sampled_from(["left", "right"])
VERSIONS = st.sampled_from(["0.1.0", "1.0.0", "1.1.0", "1.2.0", "2.0.0", "2.0.0-rc.1", "3.0.0"])
ORDER = ["0.1.0", "1.0.0", "1.1.0", "1.2.0", "2.0.0-rc.1", "2.0.0", "3.0.0"]
EVENTS = st.tuples(VERSIONS, st.sampled_from(["fixed", "last_affected", ""]), VERSIONS).map(
    lambda t: (("introduced", t[0]), *(((t[1], t[2]),) if t[1] else ()))
)
ADVISORIES = st.lists(
    st.builds(
        lambda n, p, v, e, w, a: about(
            f"GHSA-{n}",
            package=p,
            versions=tuple(v),
            ranges=tuple(VersionRange("SEMVER", x) for x in e),
            withdrawn=w,
            aliases=tuple(a),
        ),
        st.integers(0, 5),
        NAMES,
        st.lists(VERSIONS, max_size=2),
        st.lists(EVENTS, max_size=2),
        st.sampled_from(["", "", "2026-01-01"]),
        st.lists(st.sampled_from(["CVE-1", "CVE-2", "GHSA-1"]), max_size=2),
    ),
    max_size=6,
)


def naive(key: Key, advisories: list[Advisory]) -> set[str]:
    """The ids of records about `key`, by places in a list instead of an order of versions."""
    place = ORDER.index(key[2])
    found = set()
    for record in advisories:
        for affected in record.affected:
            if record.withdrawn or affected.name != key[1]:
                continue
            hit = key[2] in affected.versions
            for bounds in affected.ranges:
                start = ORDER.index(bounds.events[0][1])
                end = len(ORDER)
                if len(bounds.events) == 2:
                    kind, text = bounds.events[1]
                    end = ORDER.index(text) + (kind == "last_affected")
                # An end below the start ends nothing: the events are taken in the order of versions.
                hit = hit or (start <= place < end) or (end <= start <= place and _backwards(bounds))
            if hit:
                found.add(record.id)
    return found


def _backwards(bounds: VersionRange) -> bool:
    (_, start), (_, end) = bounds.events
    return ORDER.index(end) < ORDER.index(start)


@given(ADVISORIES, st.lists(st.tuples(st.just("npm"), NAMES, VERSIONS), max_size=4))
def test_it_says_what_a_naive_reading_says(advisories: list[Advisory], keys: list[Key]) -> None:
    found = match(keys, advisories)
    for key in keys:
        matches = found.get(key, ())
        ids = {name for item in matches for name in item.ids if name.startswith("GHSA-")}
        direct = naive(key, advisories)
        assert direct <= ids
        aliases = {alias for record in advisories for alias in record.aliases}
        assert ids <= direct | aliases
        everything = [name for item in matches for name in item.ids]
        assert len(everything) == len(set(everything)), "one flaw is one match"
