"""Exposures of values: nothing is excluded but by locks that cover all of the window, and plans keep their order."""

from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.advisory import Affected
from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.exposure import Bad, Locked, Past, Status, Suspicion
from seawall.kernel.reach.edge import Confidence, Edge, Place, PlaceKind, Reach, Target, TargetKind
from seawall.kernel.rotation import STEPS, plan
from seawall.kernel.trace import admits, exposures, in_reach

ASKED = Suspicion("pkg:npm/bad@1.0.0", (Affected("npm", "bad", ("1.0.0",)),), 100, 200)
PLACE = ".github/workflows/a.yml#j"
CODE = Code(
    CodeKind.PACKAGES,
    "npm ci",
    Firmness.LOCKFILE,
    "a.yml",
    7,
    ecosystem="npm",
    manifests=("package-lock.json",),
)
GOOD = ("npm", "bad", "0.9.0")


def locked(start: int | None, end: int | None, version: str = "0.9.0", unread: str = "") -> Locked:
    held = (("npm", "bad", version),)
    return Locked("package-lock.json", "c" * 40, start, end, held=held, unread=unread, ecosystem="npm")


def reach() -> Reach:
    target = Target(TargetKind.SECRET, "NPM_TOKEN", "repository", 95)
    token = Target(TargetKind.TOKEN, "GITHUB_TOKEN", "contents:write", 75)
    edges = (
        Edge(CODE, PLACE, target, ("R1",), Confidence.CERTAIN),
        Edge(CODE, PLACE, target, ("R4",), Confidence.STRONG),
        Edge(CODE, PLACE, token, ("R0",), Confidence.CERTAIN),
    )
    place = Place(PLACE, PlaceKind.JOB, ".github/workflows/a.yml", "j")
    return Reach(places=(place,), codes=((PLACE, CODE),), edges=edges)


def status(past: Past) -> Status:
    (found,) = (one for one in exposures(ASKED, past) if one.place == PLACE)
    return found.status


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=6))
def test_locks_exclude_exactly_where_they_cover_every_second(spans: list[tuple[int, int]]) -> None:
    locks = tuple(locked(min(pair), max(pair)) for pair in spans)
    moments = [at / 2 for at in range(200, 401)]
    covered = all(any(min(s) <= at <= max(s) for s in spans) for at in moments)
    assert (status(Past(locks, (), reach())) is Status.EXCLUDED) == covered


def test_one_that_was_not_read_or_a_walk_that_was_cut_excludes_nothing() -> None:
    assert status(Past((locked(None, None),), (), reach())) is Status.EXCLUDED
    assert status(Past((locked(None, None, unread="too large"),), (), reach())) is Status.POSSIBLE
    assert status(Past((locked(None, None),), (), reach(), whole=False)) is Status.POSSIBLE


def test_what_the_branch_held_is_confirmed_though_no_other_walk_saw_it() -> None:
    assert status(Past((locked(None, None, "1.0.0"),), (), reach())) is Status.CONFIRMED


def test_a_bad_span_counts_only_while_the_code_was_there() -> None:
    bad = (Bad("package-lock.json", ("npm", "bad", "1.0.0"), "c" * 40, 120, 130),)
    locks = (locked(None, 119), locked(131, None))
    here = Past(locks, bad, reach(), lived={(PLACE, CODE): (110, None)})
    later = Past(locks, bad, reach(), lived={(PLACE, CODE): (140, None)})
    assert status(here) is Status.CONFIRMED
    assert status(later) is Status.EXCLUDED


def test_only_what_may_have_run_is_in_reach() -> None:
    past = Past((locked(None, None),), (), reach())
    assert in_reach(exposures(ASKED, past), past.reach) == ()
    bad = Past((locked(None, None, "1.0.0"),), (), reach())
    assert in_reach(exposures(ASKED, bad), bad.reach) == bad.reach.edges


def test_a_plan_names_each_credential_once_and_revokes_no_token_that_ended() -> None:
    past = Past((locked(None, None, "1.0.0"),), (), reach())
    found = exposures(ASKED, past)
    items = plan(ASKED, found, in_reach(found, past.reach))
    assert [one.what for one in items if one.step == "replace"] == ["NPM_TOKEN", "GITHUB_TOKEN"]
    (revoked,) = (one for one in items if one.step == "revoke")
    assert revoked.what == "NPM_TOKEN"
    numbers = [STEPS.index(one.step) for one in items]
    assert numbers == sorted(numbers)
    assert plan(ASKED, (), ()) == ()


def test_ranges_are_read_as_their_ecosystem_writes_them() -> None:
    assert admits("npm", "^1.7.0", "1.14.1") is True
    assert admits("npm", "~1.7.0", "1.14.1") is False
    assert admits("PyPI", ">=1,<2", "1.5") is True
    assert admits("npm", "latest", "1.0.0") is None
    assert admits("Go", "v1", "v1.0.0") is None
