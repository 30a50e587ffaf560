import json
from contextlib import suppress
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.canonical import canonical
from seawall.kernel.event import Action, Delivery, Event
from seawall.kernel.graph import Relation
from seawall.kernel.identity import Identity, Proof
from seawall.kernel.known import Known
from seawall.kernel.leaf import (
    LEAF_BYTES,
    UNFIT,
    Pseudonyms,
    fitted,
    leaf,
    names_in,
    pseudonym,
    read_leaf,
)
from seawall.kernel.ledger import Gap, Period, gaps_between, rfc3339
from seawall.kernel.policy.facts import Mode

SALT = "0123456789abcdef" * 2
TIME = 1_764_077_100_123
WHO = Identity("github:1234", proof=Proof.OIDC, place="runner-7", run="991", commit="c" * 40)
NAMES = Pseudonyms("a" * 32, "b" * 32, "c" * 32, "d" * 32)
FULL = Event(
    time=TIME,
    action=Action.FETCH,
    identity=WHO,
    asset="pkg:npm/%40scope/name@1.14.0?repository_url=registry.example#sub",
    file="name-1.14.0.tgz",
    digest="sha512:" + "0a" * 64,
    size=123_456,
    delivery=Delivery.SERVED,
    outcome="allow",
    policies=("default/old-enough", "default/kept"),
    mode=Mode.OBSERVE,
    policy="sha256:" + "1b" * 32,
    facts="sha256:" + "2c" * 32,
    advisories="2026-11-25T10:00:00Z",
    against=("GHSA-xxxx-yyyy-zzzz", "MAL-2026-1"),
    client="npm/11.21.0",
    origin="npm-public",
    subject="started",
    needs=("pkg:npm/follow-redirects", "pkg:npm/form-data"),
)


def test_a_leaf_is_the_canonical_json_of_what_happened() -> None:
    data = leaf(replace(FULL, identity=replace(WHO, fork=True)), NAMES, SALT)
    assert json.loads(data) == {
        "action": "fetch",
        "advisories": "2026-11-25T10:00:00Z",
        "against": ["GHSA-xxxx-yyyy-zzzz", "MAL-2026-1"],
        "asset": "pkg:npm/%40scope/name@1.14.0",
        "client": "npm/11.21.0",
        "commit": "d" * 32,
        "delivery": "served",
        "digest": "sha512:" + "0a" * 64,
        "facts": "sha256:" + "2c" * 32,
        "file": "name-1.14.0.tgz",
        "fork": True,
        "kind": "Workload",
        "mode": "observe",
        "needs": ["pkg:npm/follow-redirects", "pkg:npm/form-data"],
        "origin": "npm-public",
        "outcome": "allow",
        "place": "b" * 32,
        "policies": ["default/old-enough", "default/kept"],
        "policy": "sha256:" + "1b" * 32,
        "proof": "oidc",
        "run": "c" * 32,
        "salt": SALT,
        "size": 123_456,
        "subject": "started",
        "time": TIME,
        "v": 1,
        "who": "a" * 32,
    }
    assert canonical(json.loads(data)) == data
    assert names_in(read_leaf(data)) == NAMES


def test_what_is_empty_is_left_out() -> None:
    data = leaf(Event(TIME, Action.SERVE, Identity("seawall")), Pseudonyms("a" * 32), SALT)
    assert set(json.loads(data)) == {"action", "kind", "mode", "proof", "salt", "time", "v", "who"}


def test_pseudonyms_are_of_their_key_and_their_kind() -> None:
    one = pseudonym(b"k" * 32, "who", "x")
    assert one == pseudonym(b"k" * 32, "who", "x")
    assert len({one, pseudonym(b"k" * 32, "place", "x"), pseudonym(b"l" * 32, "who", "x")}) == 3
    # RFC 2104 over "who", a zero byte and the name, cut to 128 bits.
    assert pseudonym(b"\x0b" * 32, "who", "github:1") == "9c5e48542684db88d0b06d361e752a07"


TEXT = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(categories=("Cs",)), min_size=1, max_size=3),
    st.sampled_from([
        "", "none", "/home/somebody/x", "../x", 'a"b', "a\\b", "a\nb", "pkg:npm/a?b=/home/x", "?", "#",
        "pkg:pypi/x@1", "sha256:" + "a" * 64, UNFIT, "x" * 70_000, "2026-11-25", "enforce", "a, b", "\x00", "é",
    ]),
)  # fmt: skip
EVENTS = st.builds(
    Event,
    time=st.integers(-(2**70), 2**70),
    action=st.sampled_from(Action),
    identity=st.builds(
        Identity,
        id=TEXT,
        kind=TEXT,
        place=TEXT,
        run=TEXT,
        commit=TEXT,
        proof=st.sampled_from(Proof),
        fork=st.booleans(),
    ),
    asset=TEXT,
    file=TEXT,
    digest=TEXT,
    size=st.integers(-(2**70), 2**70),
    delivery=st.sampled_from(Delivery),
    outcome=TEXT,
    policies=st.lists(TEXT, max_size=80).map(tuple),
    mode=st.sampled_from(Mode),
    policy=TEXT,
    facts=TEXT,
    advisories=TEXT,
    against=st.lists(TEXT, max_size=80).map(tuple),
    client=TEXT,
    origin=TEXT,
    subject=TEXT,
    needs=st.lists(TEXT, max_size=6).map(tuple),
)


@given(EVENTS)
def test_every_event_has_a_leaf_and_every_leaf_is_read(event: Event) -> None:
    data = leaf(event, NAMES, SALT)
    found = read_leaf(data)
    assert canonical(found) == data
    written, read = Known(), Known()
    written.add_event(7, event, NAMES)
    read.add_leaf(7, found)
    for part in ("edges", "coverage", "periods", "spans"):
        assert getattr(written, part) == getattr(read, part)


CANARY = "Jo Canary"


@pytest.mark.parametrize("name", [f.name for f in fields(Event)])
def test_no_field_lets_free_text_through(name: str) -> None:
    value = getattr(FULL, name)
    canaries: dict[type, object] = {str: CANARY, tuple: (CANARY, CANARY)}
    if type(value) in canaries:
        data = leaf(replace(FULL, **{name: canaries[type(value)]}), NAMES, SALT)
        assert b"Canary" not in data
        assert UNFIT.encode() in data
        read_leaf(data)


@pytest.mark.parametrize("name", ["id", "place", "run", "commit", "kind", "teams"])
def test_no_name_of_an_identity_is_in_a_leaf(name: str) -> None:
    value = (CANARY,) if name == "teams" else CANARY
    assert b"Canary" not in leaf(replace(FULL, identity=replace(WHO, **{name: value})), NAMES, SALT)


def test_what_does_not_fit_is_replaced() -> None:
    assert fitted("client", "pip/26.3") == "pip/26.3"
    assert fitted("client", "pip/26.3 (of Jo)") == UNFIT
    assert fitted("file", "/home/jo/x.whl") == fitted("file", "/home/jo/x.whl")
    assert fitted("file", "/home/jo/x.whl").startswith("unfit:")
    assert fitted("file", "/home/jo/x.whl") != fitted("file", "/home/jo/y.whl")
    assert fitted("asset", "pkg:pypi/x@1?download_url=https://files.example/home/jo") == "pkg:pypi/x@1"
    assert fitted("origin", "jo's registry") == UNFIT


def test_a_leaf_has_room_for_the_longest_of_everything() -> None:
    long = "pkg:npm/" + "x" * 900
    event = replace(
        FULL,
        asset=long,
        file="f" * 255,
        policies=tuple(f"{n:03d}" + "p" * 93 for n in range(100)),
        against=tuple(f"{n:03d}" + "a" * 61 for n in range(100)),
        needs=tuple(f"{long}{n}" for n in range(100)),
    )
    data = leaf(event, NAMES, SALT)
    found = read_leaf(data)
    assert len(data) <= LEAF_BYTES
    needs, cut = found["needs"], found["needs_cut"]
    assert isinstance(needs, list)
    assert len(needs) + int(str(cut)) == 100
    policies = found["policies"]
    assert isinstance(policies, list)
    assert policies[-1] == UNFIT  # says that there were more


GOOD = leaf(FULL, NAMES, SALT)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Expecting value"),
        (b"[1]", "not an object"),
        (b"[" * 70_000, "70000 bytes"),
        (b"[" * 30_000, "."),
        (b"{}", "without action"),
        (GOOD[:-1], "."),
        (GOOD + b" ", "not canonical"),
        (GOOD.replace(b'"v":1', b'"v":2'), "version 2"),
        (GOOD.replace(b'"v":1', b'"v":true'), "whose v"),
        (GOOD.replace(b'"v":1', b'"v":1,"v":1'), "not canonical"),
        (GOOD.replace(b'"size"', b'"sizes"'), "whose sizes"),
        (GOOD.replace(b'"started"', b'"Jo Canary"'), "whose subject"),
        (GOOD.replace(b'"started"', b'["started"]'), "whose subject"),
        (GOOD.replace(b":123456,", b":1.5,"), "whose size"),
        (GOOD.replace(b":123456,", b":-5,"), "whose size"),
        (GOOD.replace(b'"a' + b"a" * 31, b'"A' + b"a" * 31), "whose who"),
        (b"\xff" + GOOD, "."),
    ],
)
def test_bytes_of_others_are_not_a_leaf(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_leaf(data)


@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_reading_is_total(junk: bytes, at: int) -> None:
    for data in (junk, GOOD[:at] + junk + GOOD[at:], GOOD[:at] + junk):
        with suppress(ValueError):
            assert canonical(read_leaf(data)) == data


# --- What entries say together


def test_the_edges_of_a_served_file() -> None:
    known = Known()
    known.add_event(3, FULL, NAMES)
    known.add_event(4, replace(FULL, time=TIME + 50), NAMES)
    known.add_event(5, replace(FULL, time=TIME - 50), NAMES)
    asset = "pkg:npm/%40scope/name@1.14.0"
    assert set(known.edges) == {
        (f"who:{NAMES.who}", Relation.TOOK, asset),
        (f"run:{NAMES.run}", Relation.TOOK, asset),
        (f"run:{NAMES.run}", Relation.RAN_AT, f"place:{NAMES.place}"),
        (f"run:{NAMES.run}", Relation.BUILT, f"commit:{NAMES.commit}"),
        (asset, Relation.DEPENDS_ON, "pkg:npm/follow-redirects"),
        (asset, Relation.DEPENDS_ON, "pkg:npm/form-data"),
    }
    for seen in known.edges.values():
        assert (seen.first, seen.last, seen.entry, seen.count) == (TIME - 50, TIME + 50, 3, 3)
    (place,) = known.coverage
    assert place == ("npm/11.21.0", NAMES.place, NAMES.who)


@pytest.mark.parametrize("delivery", [d for d in Delivery if d is not Delivery.SERVED])
def test_only_what_was_served_was_taken(delivery: Delivery) -> None:
    known = Known()
    known.add_event(0, replace(FULL, delivery=delivery), NAMES)
    known.add_event(1, replace(FULL, action=Action.METADATA), NAMES)
    assert Relation.TOOK not in {relation for _, relation, _ in known.edges}


def test_without_a_run_it_is_the_place_that_took_it() -> None:
    known = Known()
    known.add_event(0, FULL, Pseudonyms("a" * 32, "b" * 32))
    assert {source for source, relation, _ in known.edges if relation == Relation.TOOK} == {
        f"who:{'a' * 32}",
        f"place:{'b' * 32}",
    }


def test_when_the_firewall_ran() -> None:
    known = Known()
    says = [("started", 10), ("alive", 20), ("started", 50), ("alive", 60), ("stopped", 70), ("alive", 90)]
    for entry, (word, time) in enumerate(says):
        known.add_event(entry, Event(time, Action.SERVE, Identity("seawall"), subject=word), NAMES)
    assert known.periods == [Period(0, 10, 20), Period(2, 50, 70, True), Period(5, 90, 90)]
    assert gaps_between(known.periods) == [Gap(20, 50, False), Gap(70, 90, True)]
    assert not known.coverage


def test_times_are_rfc_3339() -> None:
    assert rfc3339(TIME) == "2025-11-25T13:25:00.123Z"
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"
