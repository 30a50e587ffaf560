"""A thousand faults in everything that a gate leans on, alone and together: not one of them opens it."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from seawall.adapters.feeds.index import open_index
from seawall.adapters.stores.seen import SeenStore, open_seen
from seawall.admit import Gate
from seawall.decide import chosen_policy
from seawall.grounds import Advisories, Grounds, grounds
from seawall.kernel.decision import Outcome
from seawall.kernel.errors import SeawallError, StoreError
from seawall.kernel.finding import Evidence
from seawall.kernel.identity import Identity
from seawall.kernel.intake import Intake
from seawall.kernel.offer import Offering
from seawall.kernel.policy.facts import Mode
from seawall.kernel.settings import DEFAULTS
from simulators.gate import ME, NOW, advisory, ago, npm, release, write_index

FAULTS = 1_000
POLICY = chosen_policy("default")
REPAIR = advisory(
    "GHSA-1", "a", {"introduced": "1.2.0"}, {"fixed": "1.2.1"}, database_specific={"github_reviewed": True}
)
OFFERING = npm("a", release("1.1.0", ago(90)), release("1.2.0", ago(60)), release("1.2.1", ago(hours=8)))


@dataclass
class World:
    """What a gate leans on, to be broken."""

    place: Path
    ground: Grounds
    seen: SeenStore
    offering: Offering
    who: Identity = ME
    now: object = NOW
    made: Gate | None = None


Fault = Callable[[World, random.Random], None]


def raises(error: Exception) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


def no_index(world: World, rng: random.Random) -> None:
    world.ground = replace(world.ground, advisories=Advisories(None, "it is gone"))


def an_index_that_fails(world: World, rng: random.Random) -> None:
    """Its connection says what SQLite says when a file is locked, cut or damaged."""
    errors = [
        sqlite3.OperationalError("database is locked"),
        sqlite3.DatabaseError("database disk image is malformed"),
        sqlite3.OperationalError("disk I/O error"),
        ValueError("not text"),
    ]
    index = world.ground.advisories._index
    assert index is not None
    world.ground.advisories._index = type(index)(
        SimpleNamespace(execute=raises(rng.choice(errors)), close=index.close),  # type: ignore[arg-type]
        index.path,
    )


def a_closed_index(world: World, rng: random.Random) -> None:
    world.ground.advisories.close()


def damaged_records(world: World, rng: random.Random) -> None:
    other = sqlite3.connect(world.place / "advisories.db")
    with other:
        other.execute("UPDATE records SET data = ?", (rng.randbytes(rng.randrange(40)),))
    other.close()


def an_index_about_other_ecosystems(world: World, rng: random.Random) -> None:
    advisories = world.ground.advisories
    advisories.states = tuple(replace(state, covers=("PyPI",)) for state in advisories.states)


def stale_advisories(world: World, rng: random.Random) -> None:
    advisories = world.ground.advisories
    as_of = rng.choice([ago(9).isoformat(), ago(900).isoformat(), "", "yesterday"])
    advisories.states = tuple(replace(state, as_of=as_of) for state in advisories.states)


def advisories_of_the_future(world: World, rng: random.Random) -> None:
    """This machine's clock is behind the one that fetched them."""
    advisories = world.ground.advisories
    as_of = (NOW + timedelta(minutes=rng.randrange(6, 10_000))).isoformat()
    advisories.states = tuple(replace(state, as_of=as_of) for state in advisories.states)


def a_closed_store(world: World, rng: random.Random) -> None:
    world.seen.close()


def a_store_that_fails(world: World, rng: random.Random) -> None:
    method = rng.choice(["of_name", "keep", "examined"])
    setattr(world.seen, method, raises(StoreError("the store is locked")))


def a_store_without_a_table(world: World, rng: random.Random) -> None:
    other = sqlite3.connect(world.place / "gate.db")
    with other:
        other.execute(f"DROP TABLE {rng.choice(['seen_file', 'seen_name', 'examined'])}")
    other.close()


def a_store_full_of_nonsense(world: World, rng: random.Random) -> None:
    other = sqlite3.connect(world.place / "gate.db")
    said = rng.choice(["", "{}", "[]", '{"findings":[{}],"skipped":[]}', '{"findings":1,"skipped":2}'])
    with other:
        for name in ("a-1.1.0.tgz", "a-1.2.1.tgz"):
            row = ("npm", "a", name, "d", "engine/1", "1", said, 0.0)
            other.execute("INSERT INTO examined VALUES (?,?,?,?,?,?,?,?)", row)
    other.close()


def a_store_that_cannot_be_written(world: World, rng: random.Random) -> None:
    world.seen._connection.execute("PRAGMA query_only = 1")


def a_rule_that_fails(world: World, rng: random.Random) -> None:
    error = rng.choice([KeyError("x"), ValueError("x"), RecursionError(), TypeError("x"), StoreError("x")])
    broken = rng.choice(world.ground.rules)

    def judge(_: Intake) -> Iterator[Evidence]:
        yield from ()
        raise error

    rules = tuple(replace(r, judge=judge) if r.id == broken.id else r for r in world.ground.rules)
    world.ground = replace(world.ground, rules=rules)


def a_required_rule_less(world: World, rng: random.Random) -> None:
    gone = rng.choice(["packages/known-malware", "packages/vulnerable"])
    world.ground = replace(world.ground, rules=tuple(r for r in world.ground.rules if r.id != gone))


def a_policy_that_cannot_be_evaluated(world: World, rng: random.Random) -> None:
    part, value = rng.choice([("_every", None), ("_every", ""), ("_every", object()), ("_schema", object())])
    # Without a schema's text nothing can be left out of it, so that the broken part is what is asked.
    policy = replace(world.ground.policy, **{part: value, "_schema_text": ""})
    world.ground = replace(world.ground, policy=policy)


def a_principal_that_the_schema_does_not_know(world: World, rng: random.Random) -> None:
    world.who = Identity("x", kind=rng.choice(["", "Robot", "Person\0", "Team", "é"]))


def a_clock_that_goes_back(world: World, rng: random.Random) -> None:
    world.seen.keep_newest(NOW + timedelta(minutes=rng.randrange(6, 600_000)))


def a_registry_without_times(world: World, rng: random.Random) -> None:
    offers = tuple(replace(offer, published=None) for offer in world.offering.offers)
    world.offering = replace(world.offering, offers=offers)


def other_digests(world: World, rng: random.Random) -> None:
    Gate(world.ground, world.seen).rule(world.offering, ME, Mode.ENFORCE, NOW)
    offers = tuple(
        replace(o, digests=(f"sha512:{rng.getrandbits(512):0128x}",)) for o in world.offering.offers
    )
    world.offering = replace(world.offering, offers=offers)


FAULT_KINDS: tuple[Fault, ...] = (
    no_index,
    an_index_that_fails,
    a_closed_index,
    damaged_records,
    an_index_about_other_ecosystems,
    stale_advisories,
    advisories_of_the_future,
    a_closed_store,
    a_store_that_fails,
    a_store_without_a_table,
    a_store_full_of_nonsense,
    a_store_that_cannot_be_written,
    a_rule_that_fails,
    a_required_rule_less,
    a_policy_that_cannot_be_evaluated,
    a_principal_that_the_schema_does_not_know,
    a_clock_that_goes_back,
    a_registry_without_times,
    other_digests,
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index and a store to be copied and broken."""
    place = tmp_path_factory.mktemp("sound")
    write_index(place / "advisories.db", [REPAIR])
    open_seen(place / "gate.db").close()
    return place


def build_world(sound: Path, place: Path) -> World:
    shutil.copytree(sound, place)
    advisories = Advisories(open_index(place / "advisories.db", any_thread=True))
    made = grounds(DEFAULTS, advisories, policy=POLICY)
    seen = open_seen(place / "gate.db")
    seen._connection.execute("PRAGMA synchronous = OFF")  # these worlds need not outlive a power cut
    return World(place, made, seen, OFFERING)


def answers(world: World, filename: str) -> list[object]:
    """From the metadata and about the file; an error is no answer and hands nothing out."""
    gate = Gate(world.ground, world.seen, engine="engine/1")
    found: list[object] = []
    for ask in (
        lambda: gate.rule(world.offering, world.who, Mode.ENFORCE, NOW).admissions[filename],
        lambda: gate.admit(world.offering, filename, world.who, Mode.ENFORCE, NOW),
    ):
        try:
            found.append(ask())
        except SeawallError as error:
            found.append(error)
    return found


def silent(answer: object) -> bool:
    """It hands something out and says nothing of what is wrong."""
    if isinstance(answer, SeawallError):
        return False
    outcome = answer.decision.outcome  # type: ignore[attr-defined]
    if outcome is Outcome.WARN:
        return all(item.rule != "packages/stale-advisories" for item in answer.findings)  # type: ignore[attr-defined]
    return outcome is Outcome.ALLOW


def test_without_a_fault_both_files_are_let_in(sound: Path, tmp_path: Path) -> None:
    world = build_world(sound, tmp_path / "world")
    for name in ("a-1.1.0.tgz", "a-1.2.1.tgz"):
        assert all(item.lets_in for item in answers(world, name))  # type: ignore[attr-defined]
    world.ground.advisories.close()
    world.seen.close()


@pytest.mark.parametrize("part", range(10))
def test_a_hundred_faults_and_no_silent_allow(sound: Path, tmp_path: Path, part: int) -> None:
    rng = random.Random(part)
    happened = 0
    # Each world is broken anew for every kind of answer, so that a memory of it cannot help.
    while happened < FAULTS // 10:
        count = rng.choice([1, 1, 1, 2, 3])
        kinds = rng.sample(FAULT_KINDS, count)
        world = build_world(sound, tmp_path / f"world{happened}")
        index = world.ground.advisories
        try:
            for kind in kinds:
                try:
                    kind(world, rng)
                except (SeawallError, sqlite3.Error, AssertionError, AttributeError):
                    continue  # an earlier fault left nothing to break
            filename = rng.choice(["a-1.1.0.tgz", "a-1.2.1.tgz"])
            for answer in answers(world, filename):
                assert not silent(answer), f"{[k.__name__ for k in kinds]}: {answer}"
        finally:
            index.close()
            world.ground.advisories.close()
            world.seen.close()
        happened += count


def test_the_faults_are_faults(sound: Path, tmp_path: Path) -> None:
    """Each kind alone changes the answer, so that none of the thousand was an idle one."""
    for number, kind in enumerate(FAULT_KINDS):
        world = build_world(sound, tmp_path / f"w{number}")
        index = world.ground.advisories
        kind(world, random.Random(1))
        assert not silent(answers(world, "a-1.1.0.tgz")[0]), kind.__name__
        index.close()
        world.ground.advisories.close()
        world.seen.close()
