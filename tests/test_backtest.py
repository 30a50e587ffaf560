"""What was published later is not seen, and nothing is known by its name: only what could be observed counts."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.simulators.past import at

from seawall.adapters.disk.scenarios import shipped_scenarios
from seawall.backtest import Tried, backtest, beside, others
from seawall.decide import chosen_policy
from seawall.kernel.advisory import Advisory, Affected
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.replay import Answer, Entry
from seawall.kernel.scenario import (
    Moment,
    Notice,
    PastPackage,
    PastRelease,
    Scenario,
    Take,
    Want,
)
from seawall.kernel.settings import DEFAULTS
from seawall.past_gate import catalog_at
from seawall.past_registries import PastRegistries
from seawall.past_taking import fits, taken
from seawall.past_tree import launched
from seawall.readers.advisories.attacks import read_catalog
from seawall.readers.scenarios.scenario_toml import read

SHORT = 60_000
MINUTE = timedelta(minutes=1)


def entry(scenario: Scenario, policy: str = "default") -> Entry:
    return backtest([scenario], chosen_policy(policy))[0]


def told(text: str) -> Scenario:
    found = read(text.encode(), "x.toml", "x", DEFAULT_LIMITS, lambda _: b"")
    assert isinstance(found, Scenario), found
    return found


ATTACK = """
[[package]]
ecosystem = "npm"
name = "thing"
born = 2019-01-01T00:00:00Z

[[package.release]]
version = "1.0.0"
at = 2026-02-01T10:00:00Z
by = "the-author"

[[package.release]]
version = "1.0.1"
at = 2026-03-01T10:00:00Z
gone = 2026-03-20T10:00:00Z
by = "the-author"
bad = true

[[advisory]]
at = 2026-03-02T12:00:00Z
malware = true
ecosystem = "npm"
name = "thing"
versions = ["1.0.1"]

[[take]]
does = "install"
at = 2026-03-01T12:00:00Z
wants = { npm = ["thing@^1.0.0"] }
"""


def test_a_cooldown_denies_what_an_advisory_names_in_time() -> None:
    found = entry(told(ATTACK))
    assert (found.gate, found.seen) == (Answer.DENY, ("ledger", "history"))
    assert [one.late for one in found.said] == [False, True]
    assert found.said[1].at == at("2026-03-02T11:59:00Z")
    assert found.by[:1] == ("default/cooldown",)


def test_what_is_bad_for_longer_than_a_cooldown_is_only_delayed() -> None:
    found = entry(told(ATTACK.replace("2026-03-02T12", "2026-03-19T12")))
    assert found.gate is Answer.DELAY
    assert not found.stopped


def test_an_advisory_changes_what_is_seen_later_and_not_the_gate() -> None:
    """One minute after the moment it is not known at the moment; a minute before it, it is."""
    silent = told(ATTACK.split("[[advisory]]", maxsplit=1)[0] + "[[take]]" + ATTACK.split("[[take]]")[1])
    later = told(ATTACK.replace("at = 2026-03-02T12:00:00Z", "at = 2026-03-01T12:01:00Z"))
    before = told(ATTACK.replace("at = 2026-03-02T12:00:00Z", "at = 2026-03-01T11:59:00Z"))
    answers = [entry(scenario) for scenario in (silent, later, before)]
    first = [item.said[0] for item in answers]
    assert first[0].gate_by == first[1].gate_by == ("default/cooldown",)
    assert "default/malware" in first[2].gate_by
    assert first[0].merge_by == first[1].merge_by
    assert (first[1].merge, first[2].merge) == (Answer.ALLOW, Answer.DENY)
    assert [bool(item.seen) for item in answers] == [False, True, True]


def test_the_shipped_catalog_is_not_known_before_it_was_written() -> None:
    from seawall.adapters.disk.shipped import data_bytes

    catalog = read_catalog(data_bytes("attacks.json"))
    written = at(catalog.as_of)
    assert not catalog_at(catalog, written - MINUTE).attacks
    assert catalog_at(catalog, written).attacks
    day = ATTACK.replace('"thing"', '"axios"').replace('"thing@^1', '"axios@^1').replace('"1.0.', '"1.14.')
    found = entry(told(day.replace("^1.0.0", "^1.14.0")))
    assert found.said[0].taken == ("axios 1.14.1",)
    assert found.said[0].gate_by == ("default/cooldown",), "the catalog knows this version; nobody did then"


def test_nothing_that_was_published_later_is_offered() -> None:
    scenario = told(ATTACK)
    registries = PastRegistries(scenario)
    offering = registries.offering("npm", "thing", at("2026-03-01T09:59:00Z"))
    assert offering is not None
    assert [item.version for item in offering.listing.releases] == ["1.0.0"]
    assert registries.offering("npm", "thing", at("2026-01-01T00:00:00Z")) is None
    gone = registries.offering("npm", "thing", at("2026-03-20T10:00:00Z"))
    assert gone is not None
    assert [item.version for item in gone.listing.releases] == ["1.0.0"]


def test_whoever_is_held_back_gets_the_release_before() -> None:
    scenario = told(ATTACK)
    bare = taken(scenario, scenario.takes[0].wants, scenario.takes[0].at, lambda _package, _release: True)
    held = taken(scenario, scenario.takes[0].wants, scenario.takes[0].at, lambda _p, r: not r.bad)
    nothing = taken(scenario, scenario.takes[0].wants, scenario.takes[0].at, lambda _p, _r: False)
    assert [r.version for _, r in bare.releases] == ["1.0.1"]
    assert [r.version for _, r in held.releases] == ["1.0.0"]
    assert nothing.missing == "thing ^1.0.0"
    assert not nothing.bad


def test_ranges_are_those_of_their_ecosystem() -> None:
    assert fits("npm", "1.14.1", "^1.14.0")
    assert not fits("npm", "2.0.0", "^1.14.0")
    assert fits("PyPI", "1.82.7", ">=1.80,<2")
    assert not fits("PyPI", "1.79", ">=1.80")
    assert fits("npm", "9.9.9", "latest")
    assert fits("npm", "1.0.0", "")
    assert not fits("npm", "1.0.0", "not 1 range >")


def test_a_launch_line_is_what_is_asked_for() -> None:
    files = {".mcp.json": b'{"mcpServers": {"a": {"command": "npx", "args": ["-y", "thing@1.0.1"]}}}'}
    assert launched(files) == (Want("npm", "thing", "1.0.1"),)
    scenario = told(ATTACK)
    take = Take(scenario.takes[0].at, Moment.LAUNCH, files={".mcp.json": files[".mcp.json"]})
    found = entry(replace(scenario, takes=(take,)))
    assert found.gate is Answer.DENY
    assert found.seen == ("ledger",), "a launch leaves no lockfile"


def test_a_lockfile_that_is_merged_is_asked_for_by_exact_versions() -> None:
    def lock(version: str) -> dict[str, bytes]:
        return {"requirements.txt": f"thing=={version} --hash=sha256:{'0' * 64}\n".encode()}

    scenario = told(
        ATTACK.replace('"npm"', '"PyPI"').replace('{ npm = ["thing@^1.0.0"]', '{ PyPI = ["thing"]')
    )
    take = Take(scenario.takes[0].at, Moment.MERGE, files=lock("1.0.1"), before=lock("1.0.0"))
    found = entry(replace(scenario, takes=(take,)))
    assert found.said[0].taken == ("thing 1.0.1",)
    assert found.gate is Answer.DENY
    assert found.seen == ("ledger", "history")


def test_what_comes_from_no_registry_here_is_named_with_its_reason() -> None:
    found = entry(told(ATTACK.replace('"npm"', '"Debian"').replace("{ npm", "{ Debian")))
    assert (found.gate, found.merge, found.visible) == (Answer.NONE, Answer.NONE, False)
    assert "Debian" in found.reason
    nothing = Scenario("x", (Take(at("2026-01-01T00:00:00Z"), Moment.MERGE),))
    assert entry(nothing).reason == "nothing was taken in: no package, no file of a tree"


def test_a_change_is_not_blamed_for_what_was_there_before() -> None:
    flow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: a/b@v1\n      - run: x\n        env: {K: '${{ secrets.NPM_TOKEN }}'}\n"
    files = {".github/workflows/a.yml": flow.encode()}
    when = at("2026-01-01T00:00:00Z")
    fresh = Scenario("x", (Take(when, Moment.MERGE, files=files),))
    same = Scenario("x", (Take(when, Moment.MERGE, files={**files, "b.txt": b""}, before=files),))
    assert entry(fresh).merge is Answer.WARN
    assert "pipelines/secret-in-reach" in entry(fresh).by
    assert entry(same).merge is Answer.ALLOW


def test_a_hub_is_asked_about_the_repository_as_it_was() -> None:
    young = """
[[repository]]
name = "acme/bert"
created = 2026-03-01T00:00:00Z
born = 2026-02-28T00:00:00Z

[[repository.commit]]
at = 2026-03-01T00:00:00Z
files = { "pytorch_model.bin" = { like = "a pickle", bytes = 5000 } }
bad = true

[[take]]
does = "load"
at = 2026-03-02T00:00:00Z
wants = { "Hugging Face" = ["acme/bert@main"] }
"""
    found = entry(told(young))
    assert found.gate in (Answer.DENY, Answer.DELAY)
    assert any(name.startswith("default/") for name in found.by)
    assert entry(told(young.replace("at = 2026-03-02", "at = 2026-02-02"))).gate is Answer.NONE
    flagged = young.replace("bad = true", 'flags = { "pytorch_model.bin" = "unsafe" }')
    assert "default/flagged-by-the-hub" in entry(told(flagged)).by


def row(item: Entry) -> tuple[object, ...]:
    return (item.gate, item.merge, item.seen, item.by, item.visible, item.stopped, item.benign)


def shortened(scenario: Scenario) -> Scenario:
    """Large outlines cut, so that nobody waits for their obfuscated megabytes."""

    def cut(files: Mapping[str, bytes]) -> dict[str, bytes]:
        return {path: data[:SHORT] for path, data in files.items()}

    packages = tuple(
        replace(p, releases=tuple(replace(r, files=cut(r.files)) for r in p.releases))
        for p in scenario.packages
    )
    takes = tuple(replace(t, files=cut(t.files)) for t in scenario.takes)
    return replace(scenario, packages=packages, takes=takes)


def renamed(scenario: Scenario) -> Scenario:
    """Every package under another name, everywhere; without title, sources, ids of anything."""
    names = {p.name: other(p.name) for p in scenario.packages}

    def text(data: bytes) -> bytes:
        for name in sorted(names, key=len, reverse=True):
            data = data.replace(name.encode(), names[name].encode())
        return data

    def keys(group: Mapping[str, str]) -> dict[str, str]:
        return {names.get(name, name): spec for name, spec in group.items()}

    def advisory(item: Advisory) -> Advisory:
        affected = tuple(
            Affected(a.ecosystem, names.get(a.name, a.name), a.versions, a.ranges) for a in item.affected
        )
        return replace(item, id="x", aliases=(), summary="", affected=affected)

    packages = tuple(
        PastPackage(
            p.ecosystem,
            names[p.name],
            tuple(replace(r, needs=keys(r.needs), optional=keys(r.optional)) for r in p.releases),
            p.born,
        )
        for p in scenario.packages
    )
    takes = tuple(
        replace(
            t,
            wants=tuple(Want(w.ecosystem, names.get(w.name, w.name), w.spec) for w in t.wants),
            files={path: text(data) for path, data in t.files.items()},
            before=None if t.before is None else {path: text(data) for path, data in t.before.items()},
        )
        for t in scenario.takes
    )
    notices = tuple(Notice(n.at, advisory(n.advisory)) for n in scenario.notices)
    return replace(scenario, id="x", title="", sources=(), packages=packages, takes=takes, notices=notices)


def other(name: str) -> str:
    scope, slash, bare = name.rpartition("/")
    return f"{'@q' + digest(scope) if slash else ''}{slash}w{digest(bare)}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


@pytest.fixture(scope="module")
def shipped() -> list[Scenario]:
    return [shortened(item) for item in shipped_scenarios()]


def test_the_table_is_the_same_without_names_ids_titles_and_prose(shipped: list[Scenario]) -> None:
    tried = [Tried("default", chosen_policy("default"))]
    plain, bare = (
        next(iter(beside(scenarios, tried))) for scenarios in (shipped, [renamed(item) for item in shipped])
    )
    different = [one.id for one, two in zip(plain, bare, strict=True) if row(one) != row(two)]
    assert different == []


def test_who_is_bad_is_counted_and_never_judged(shipped: list[Scenario]) -> None:
    """With nobody called bad, every release is answered as before."""

    def good(scenario: Scenario) -> Scenario:
        packages = tuple(
            replace(p, releases=tuple(replace(r, bad=False) for r in p.releases)) for p in scenario.packages
        )
        return replace(scenario, packages=packages)

    chosen = [item for item in shipped if not item.benign and item.packages][:8]
    tried = [Tried("default", chosen_policy("default"))]
    plain, without = (next(iter(beside(scenarios, tried))) for scenarios in (chosen, map_all(good, chosen)))
    for one, two in zip(plain, without, strict=True):
        mine = [(s.at, s.gate_by, s.signals, s.taken) for s in one.said if not s.late]
        assert mine == [(s.at, s.gate_by, s.signals, s.taken) for s in two.said]


def map_all(change: Callable[[Scenario], Scenario], scenarios: Iterable[Scenario]) -> list[Scenario]:
    return [change(item) for item in scenarios]


def test_every_replayable_entry_of_the_catalog_has_its_scenario(shipped: list[Scenario]) -> None:
    bad = [item for item in shipped if not item.benign]
    good = [item for item in shipped if item.benign]
    assert len(bad) >= 39
    assert len(good) >= 30
    for item in bad:
        assert any(r.bad for p in item.packages for r in p.releases) or any(t.files for t in item.takes), (
            item.id
        )
    assert not [item.id for item in good if any(r.bad for p in item.packages for r in p.releases)]


def test_clients_that_only_wait_are_asked_at_the_gate_only() -> None:
    scenario = told(ATTACK)
    found = {one.name: row_ for one, row_ in zip(tried_all(), beside([scenario], tried_all()), strict=True)}
    assert found["npm 11 as it comes"][0].gate is Answer.ALLOW
    assert found["pnpm 11 as it comes"][0].gate is Answer.DELAY
    assert found["a plain cooldown of 7 days"][0].gate is Answer.DENY
    assert found["a plain cooldown of 7 days"][0].merge is Answer.NONE
    assert found["default, and no cooldown"][0].gate is Answer.ALLOW
    assert found["observe"][0].gate is Answer.WARN


def tried_all() -> tuple[Tried, ...]:
    return others(chosen_policy("default"))


def test_a_benign_release_is_delayed_or_let_in_and_told_which() -> None:
    benign = told(
        'kind = "benign"\n' + ATTACK.replace("bad = true\n", "").replace("gone = 2026-03-20T10:00:00Z\n", "")
    )
    benign = replace(benign, notices=())
    young = entry(benign)
    assert (young.gate, young.said[0].allowed_from) == (Answer.DELAY, at("2026-03-08T10:00:00Z"))
    old = replace(benign, takes=(replace(benign.takes[0], at=at("2026-03-12T12:00:00Z")),))
    assert entry(old).gate is Answer.ALLOW
    assert DEFAULTS.cooldown_days == 7


def test_a_package_that_the_scenario_does_not_tell_of_is_left_out() -> None:
    release = PastRelease("1.0.0", at("2020-01-01T00:00:00Z"), needs={"unknown": "^1"})
    scenario = Scenario("x", (), (PastPackage("npm", "thing", (release,)),))
    found = taken(
        scenario,
        (Want("npm", "thing"), Want("npm", "nobody")),
        at("2026-01-01T00:00:00Z"),
        lambda _p, _r: True,
    )
    assert [package.name for package, _ in found.releases] == ["thing"]
    assert not found.missing
