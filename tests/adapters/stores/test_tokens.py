"""Tokens are kept as digests, two live at a time, and refused at once when they are revoked."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seawall.adapters.stores.tokens import TokenStore
from seawall.kernel.errors import StoreError, UsageError
from seawall.kernel.token import digest_of
from seawall.tokens import make, revoke

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TokenStore]:
    made = TokenStore(tmp_path / "gate.db", fresh_seconds=0)
    yield made
    made.close()


def test_a_token_is_found_by_its_digest_and_kept_nowhere(store: TokenStore, tmp_path: Path) -> None:
    secret, token = make(store, "ci-main", NOW, teams=("ml",))
    found = store.find(digest_of(secret))
    assert found == token
    assert found.identity.id == "token:ci-main"
    assert found.identity.teams == ("ml",)
    assert found.identity.kind == "Workload"
    assert (found.expires - found.created).days == 90
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()
    assert (tmp_path / "gate.db").stat().st_mode & 0o77 == 0


def test_two_are_live_while_one_is_changed_for_the_other(store: TokenStore) -> None:
    first, _ = make(store, "ci", NOW)
    second, _ = make(store, "ci", NOW + timedelta(days=80))
    with pytest.raises(UsageError, match="2 live tokens"):
        make(store, "ci", NOW + timedelta(days=81))
    later = NOW + timedelta(days=82)
    (gone,) = revoke(store, "ci", later)
    assert gone.digest == digest_of(first)
    assert store.find(digest_of(first)).ended(later).startswith("the token ci was revoked on 2027-01-22")  # type: ignore[union-attr]
    assert store.find(digest_of(second)).live(later)  # type: ignore[union-attr]
    make(store, "ci", later)


def test_an_expired_one_does_not_count_as_live(store: TokenStore) -> None:
    make(store, "a", NOW, days=1)
    make(store, "a", NOW, days=1)
    make(store, "a", NOW + timedelta(days=2))
    with pytest.raises(UsageError, match="no live token"):
        revoke(store, "b", NOW)


def test_all_of_a_name_are_taken_back(store: TokenStore) -> None:
    make(store, "a", NOW)
    make(store, "a", NOW)
    assert len(revoke(store, "a", NOW, everything=True)) == 2


@pytest.mark.parametrize("name", ["", "A", "a b", "a/b", "-a", "x" * 65, "é"])
def test_a_bad_name_is_refused(store: TokenStore, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a token"):
        make(store, name, NOW)


def test_nobody_joins_the_team_of_forks_by_name(store: TokenStore) -> None:
    with pytest.raises(UsageError, match="team"):
        make(store, "a", NOW, teams=("forks",))


def test_a_proof_counts_once_and_is_forgotten_after_its_time(store: TokenStore) -> None:
    until = NOW + timedelta(minutes=5)
    assert store.use_once(b"x", until, NOW)
    assert not store.use_once(b"x", until, NOW)
    assert not store.use_once(b"x", until, until)
    assert store.use_once(b"x", until, until + timedelta(seconds=1))


def test_what_another_process_revokes_is_seen(store: TokenStore, tmp_path: Path) -> None:
    secret, _ = make(store, "a", NOW)
    other = TokenStore(tmp_path / "gate.db")
    assert other.find(digest_of(secret)).live(NOW)  # type: ignore[union-attr]
    assert store.find(digest_of(secret)).live(NOW)  # type: ignore[union-attr]
    revoke(other, "a", NOW)
    assert not other.find(digest_of(secret)).live(NOW)  # type: ignore[union-attr]
    assert not store.find(digest_of(secret)).live(NOW)  # type: ignore[union-attr]
    other.close()


def test_old_ones_are_forgotten(store: TokenStore) -> None:
    make(store, "a", NOW, days=1)
    assert store.prune(NOW + timedelta(days=80)) == 0
    assert store.prune(NOW + timedelta(days=92)) == 1


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "gate.db") as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        TokenStore(tmp_path / "gate.db")
