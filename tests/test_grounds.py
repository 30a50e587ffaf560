"""What is decided by is replaced whole or not at all, while questions are being answered."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from seawall.adapters.stores.seen import SeenStore, open_seen
from seawall.admit import Gate, open_gate
from seawall.grounds import Places
from seawall.kernel.decision import Outcome
from seawall.kernel.errors import PolicyError
from seawall.kernel.gate_settings import Exemption
from seawall.kernel.policy.facts import Mode
from simulators.gate import ME, NOW, ago, malware, npm, release, write_index

OFFERING = npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(10)))
YOUNG = npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(2)))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path))
    monkeypatch.setenv("SEAWALL_CONFIG", str(tmp_path / "seawall.toml"))
    (tmp_path / "seawall.toml").write_text("")
    return tmp_path


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[SeenStore]:
    store = open_seen(tmp_path / "gate.db")
    yield store
    store.close()


@pytest.fixture
def opened(place: Path, seen: SeenStore) -> Iterator[Gate]:
    write_index(place / "advisories.db")
    gate = open_gate(Places(place / "advisories.db"), seen)
    yield gate
    gate.close()


def lets_in(gate: Gate, filename: str = "a-1.1.0.tgz", offering: object = OFFERING) -> bool:
    return gate.rule(offering, ME, Mode.ENFORCE, NOW).lets_in(filename)  # type: ignore[arg-type]


def test_nothing_that_changed_is_nothing_read(opened: Gate) -> None:
    assert not opened.reload()
    assert opened.generation == 1
    assert lets_in(opened)


def test_settings_that_change_count_at_once(opened: Gate, place: Path) -> None:
    before = opened.describe()
    (place / "seawall.toml").write_text("[cooldown]\ndays = 30\n")
    assert opened.reload()
    assert not opened.reload()
    assert not lets_in(opened)
    assert lets_in(opened, "a-1.0.0.tgz")
    after = opened.describe()
    assert (after.generation, after.settings != before.settings, after.policy) == (2, True, before.policy)


def test_a_policy_that_cannot_be_used_changes_nothing_and_is_said(opened: Gate, place: Path) -> None:
    (place / "seawall.toml").write_text('[policy]\nuse = "own.cedar"\n')
    assert not opened.reload()
    assert "own.cedar: cannot be read" in opened.describe().notes[0]
    (place / "own.cedar").write_text("permit everything;")
    (place / "seawall.toml").write_text('# again\n[policy]\nuse = "own.cedar"\n')
    assert not opened.reload()
    assert lets_in(opened)
    assert opened.generation == 1
    (place / "own.cedar").write_text(
        '@id("own/none") permit (principal, action == Action::"fetch", resource) when { context.age_days > 50 };'
    )
    (place / "seawall.toml").write_text('# and again\n[policy]\nuse = "own.cedar"\n')
    assert opened.reload()
    assert opened.describe().notes == ()
    assert not lets_in(opened)
    # Now the policy's own file is watched.
    (place / "own.cedar").write_text(
        '@id("own/some") permit (principal, action == Action::"fetch", resource) when { context.age_days > 5 };'
    )
    assert opened.reload()
    assert lets_in(opened)
    (place / "own.cedar").write_text("broken")
    assert not opened.reload()
    assert lets_in(opened)


def test_a_gate_does_not_begin_on_a_broken_policy_or_settings(place: Path, seen: SeenStore) -> None:
    (place / "seawall.toml").write_text('[policy]\nuse = "own.cedar"\n')
    (place / "own.cedar").write_text("permit everything;")
    with pytest.raises(PolicyError, match="own"):
        open_gate(Places(), seen)
    (place / "seawall.toml").write_text("[nonsense]\n")
    with pytest.raises(PolicyError, match="nonsense"):
        open_gate(Places(), seen)


def test_new_advisories_count_at_once_and_broken_ones_never(opened: Gate, place: Path) -> None:
    index = place / "advisories.db"
    write_index(index, [malware("MAL-1", "a", "1.1.0")])
    assert opened.reload()
    assert not lets_in(opened)
    for broken in (b"", b"x" * 4096, index.read_bytes()[:-4096]):
        other = place / "other.db"
        other.write_bytes(broken)
        other.replace(index)
        assert not opened.reload()
        assert "advisory index" in opened.describe().notes[0]
        assert not lets_in(opened)
        assert lets_in(opened, "a-1.0.0.tgz")
    index.unlink()
    assert not opened.reload()
    assert "no advisory index" in opened.describe().notes[0]
    assert lets_in(opened, "a-1.0.0.tgz")


@pytest.mark.parametrize("broken", [None, b"", b"x" * 8192])
def test_without_advisories_a_gate_begins_and_lets_nothing_in(
    place: Path, seen: SeenStore, broken: bytes | None
) -> None:
    if broken is not None:
        (place / "advisories.db").write_bytes(broken)
    gate = open_gate(Places(place / "advisories.db"), seen)
    ruling = gate.rule(OFFERING, ME, Mode.ENFORCE, NOW)
    assert {item.decision.outcome for item in ruling.admissions.values()} == {Outcome.INCOMPLETE}
    assert "no advisory data" in gate.describe().reasons[0]
    assert gate.describe().advisories == ""
    write_index(place / "advisories.db")
    assert gate.reload()
    assert lets_in(gate)
    assert gate.describe().advisories == NOW.isoformat()
    gate.close()


def test_exemptions_are_read_again_with_their_file(place: Path, seen: SeenStore) -> None:
    write_index(place / "advisories.db")
    held: list[Exemption] = []
    file = place / "firewall.toml"
    file.write_text("")

    def read() -> list[Exemption]:
        if "broken" in file.read_text():
            raise PolicyError("firewall.toml:1: not TOML", "correct it")
        return list(held)

    gate = open_gate(Places(place / "advisories.db", file, read), seen)
    assert not lets_in(gate, offering=YOUNG)
    held.append(Exemption("pkg:npm/a", "r", "a-person", date(2027, 1, 1)))
    file.write_text("changed")
    assert gate.reload()
    assert lets_in(gate, offering=YOUNG)
    file.write_text("broken now")
    held.clear()
    assert not gate.reload()
    assert lets_in(gate, offering=YOUNG)
    gate.close()


def test_answers_given_while_everything_changes_are_whole(opened: Gate, place: Path) -> None:
    """Old or new, never half: a ruling whose index was closed under it is made again."""
    done = threading.Event()
    wrong: list[object] = []

    def ask() -> None:
        while not done.is_set():
            ruling = opened.rule(OFFERING, ME, Mode.ENFORCE, NOW)
            if ruling.generation == opened.generation and not ruling.lets_in("a-1.0.0.tgz"):
                wrong.append(ruling)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(12):
        write_index(place / "advisories.db", as_of=NOW + timedelta(seconds=turn))
        assert opened.reload()
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_the_ledger_holds_of_the_feeds_tells_one_record_from_another(
    place: Path, seen: SeenStore
) -> None:
    """A record that was swapped for one of the same id and time, in a feed of the same time and size."""
    index = place / "advisories.db"
    write_index(index, [malware("MAL-1", "b", "1.0.0")])
    gate = open_gate(Places(index=index), seen, clock=lambda: NOW)
    before = gate.describe().feeds
    write_index(index, [malware("MAL-1", "b", "2.0.0")])
    assert gate.reload()
    swapped = gate.describe().feeds
    assert swapped != before
    write_index(index, [malware("MAL-1", "b", "1.0.0")])
    assert gate.reload()
    assert gate.describe().feeds == before
    gate.close()
