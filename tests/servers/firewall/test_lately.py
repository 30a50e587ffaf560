"""What went out a moment ago goes out from memory: the same answer, the same event, while it may."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall, malware
from tests.simulators.past import at, serving
from tests.simulators.past_pypi import Item, PastPypi

from seawall.handing import Prepared
from seawall.kernel.admission import Admission
from seawall.kernel.decision import Decision, Outcome
from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.offer import Offer
from seawall.servers.firewall import lately
from seawall.servers.firewall.lately import KEPT_SECONDS, SMALL, Lately

NOW = at("2026-06-01T00:00:00Z")
OLD = NOW - timedelta(days=400)


def prepared(size: int) -> Prepared:
    admission = Admission(Decision(Outcome.ALLOW, ()))
    return Prepared("ebb", "1.0", admission, "index", "sha256:0", size, Offer("1.0", "ebb", ""))


# ── by itself ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_small_file_is_here_for_a_minute() -> None:
    kept, one = Lately(), prepared(3)
    kept.put("a", one, b"abc", 100.0)
    found = kept.get("a", 100.0 + KEPT_SECONDS - 1)
    assert found is not None
    assert found[0] is one
    assert found[1].first == b"abc"
    assert kept.get("b", 100.0) is None
    assert kept.get("a", 100.0 + KEPT_SECONDS) is None
    assert kept.get("a", 100.0) is None, "it was let go"


@pytest.mark.parametrize(
    ("size", "data"),
    [(SMALL + 1, b"x" * (SMALL + 1)), (4, b"abc"), (0, b""), (-1, b"abc")],
    ids=["large", "part", "empty", "unknown size"],
)
def test_only_all_of_a_small_file_is_kept_and_what_was_there_is_not_any_more(size: int, data: bytes) -> None:
    kept = Lately()
    kept.put("a", prepared(3), b"abc", 1.0)
    kept.put("a", prepared(size), data, 2.0)
    assert kept.get("a", 2.0) is None


def test_it_is_bounded_in_bytes_and_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "_MOST_BYTES", 8)
    monkeypatch.setattr(lately, "_MOST", 3)
    by_bytes, by_number = Lately(), Lately()
    for number in range(5):
        by_bytes.put(number, prepared(4), b"abcd", 1.0)
        by_number.put(number, prepared(1), b"a", 1.0)
    assert [by_bytes.get(n, 1.0) is not None for n in range(5)] == [False] * 3 + [True] * 2
    assert [by_number.get(n, 1.0) is not None for n in range(5)] == [False] * 2 + [True] * 3
    for _ in range(5):
        by_bytes.put("same", prepared(4), b"abcd", 1.0)
    assert by_bytes.get(4, 1.0) is not None, "what is put in the place of another counts once"


# ── in a firewall ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pypi() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        yield server


@pytest.fixture
def item(pypi: PastPypi) -> Item:
    return pypi.wheel("ebb", "1.0", OLD)


@pytest.fixture
def gate(pypi: PastPypi, item: Item, tmp_path: Path) -> Iterator[RealFirewall]:
    with firewall(
        tmp_path, pypi=pypi.index_url, now=lambda: NOW, settings=GateSettings(durability="closed")
    ) as server:
        yield server


def emptied(tmp_path: Path) -> int:
    """Throw every file out of the cache."""
    files = [path for path in tmp_path.rglob("sha256/*/*") if path.is_file()]
    for path in files:
        path.unlink()
    return len(files)


@pytest.mark.parametrize("beside", ["", ".metadata"])
def test_the_same_file_and_the_same_event_without_the_disk(
    pypi: PastPypi, gate: RealFirewall, item: Item, tmp_path: Path, beside: str
) -> None:
    path, data = f"/pypi/files/ebb/{item.filename}{beside}", item.described if beside else item.data
    answers = [gate.get(path) for _ in range(2)]
    asked = len(pypi.seen)
    assert emptied(tmp_path)
    answers.append(gate.get(path))
    assert [answer.data for answer in answers] == [data] * 3
    assert {answer.headers["etag"] for answer in answers} == {answers[0].headers["etag"]}
    assert len(pypi.seen) == asked, "nobody was asked again"
    before, last = gate.entries()[-2:]
    assert last["delivery"] == "served"
    same = ("action", "asset", "file", "digest", "size", "outcome", "policy", "facts")
    assert [last.get(key) for key in same] == [before.get(key) for key in same]


def test_a_head_and_a_tag_that_is_known_are_answered_as_ever(gate: RealFirewall, item: Item) -> None:
    path = f"/pypi/files/ebb/{item.filename}"
    tag = [gate.get(path) for _ in range(2)][1].headers["etag"]
    known = gate.get(path, **{"If-None-Match": tag})
    assert (known.status, known.data) == (304, b"")
    assert gate.entries()[-1]["delivery"] == "offered"
    head = gate.get(path, "HEAD")
    assert (head.status, head.data, head.headers["content-length"]) == (200, b"", str(len(item.data)))
    assert gate.entries()[-1]["delivery"] == "offered"
    part = gate.get(path, Range="bytes=2-4")
    assert (part.status, part.data) == (206, item.data[2:5])
    assert gate.entries()[-1]["delivery"] == "partial"


def test_what_proves_bad_goes_out_no_more(gate: RealFirewall, item: Item) -> None:
    path = f"/pypi/files/ebb/{item.filename}"
    for beside in ("", "", ".metadata", ".metadata"):
        assert gate.get(path + beside).status == 200
    gate.advised(malware("PyPI", "ebb", "1.0"))
    gate.reloaded()
    assert [gate.get(path + beside).status for beside in ("", ".metadata")] == [403, 403]
    assert [entry["delivery"] for entry in gate.entries()[-2:]] == ["refused", "refused"]


def test_whatever_was_prepared_by_another_answer_is_prepared_anew(gate: RealFirewall, item: Item) -> None:
    """Only the very answer that is in force now counts, not one that says the same."""
    from seawall.kernel.dialect import File
    from seawall.kernel.identity import address
    from seawall.kernel.policy.facts import Mode
    from seawall.servers.firewall.pypi import PYPI

    hander, me = gate.assembled.desk.hander, address("127.0.0.1")
    assert gate.get(f"/pypi/files/ebb/{item.filename}").status == 200
    found = hander.at_hand(PYPI, File("ebb", item.filename, ""), me, Mode.ENFORCE)
    assert found is not None
    assert found.shelf is not None
    assert hander.still(found, PYPI, me, Mode.ENFORCE)
    assert not hander.still(replace(found, shelf=replace(found.shelf)), PYPI, me, Mode.ENFORCE)
    assert not hander.still(replace(found, shelf=None), PYPI, me, Mode.ENFORCE)
    young = replace(found.offer, published=NOW - timedelta(hours=2))
    assert not hander.still(replace(found, offer=young), PYPI, me, Mode.ENFORCE)
