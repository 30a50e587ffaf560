"""A second look asks git for new commits only, and comes to the same answer."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.disk.shipped import data_bytes
from seawall.adapters.stores.sqlite import open_store
from seawall.adapters.vcs.git import Git, Log
from seawall.history import intervals
from seawall.kernel.attack import as_advisories
from seawall.kernel.cache import Cache, NoCache
from seawall.kernel.history import Interval
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.matching import match
from seawall.readers.advisories.attacks import read_catalog
from seawall.readers.lockfiles import FORMATS
from simulators.repository import BAD, GOOD, LOCK, Repo

NOW = datetime(2026, 11, 20, tzinfo=UTC)
KNOWN = tuple(as_advisories(read_catalog(data_bytes("attacks.json")).attacks))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commits git told of, one number for each time it was asked."""
    counts: list[int] = []
    plain = Git.log

    def counting(self: Git, *words: object, without: Sequence[str] = ()) -> Log:
        log = plain(self, *words, without=without)  # type: ignore[arg-type]
        counts.append(len(log.commits))
        return log

    monkeypatch.setattr(Git, "log", counting)
    return counts


def look(repo: Repo, cache: Cache) -> tuple[Interval, ...]:
    report = intervals(repo.path, FORMATS, KNOWN, match, DEFAULT_LIMITS, cache, NOW)
    assert report.skipped == ()
    return report.intervals


def test_only_new_commits_are_asked_for(repo: Repo, tmp_path: Path, asked: list[int]) -> None:
    with closing(open_store(tmp_path / "store.db")) as store:
        repo.commit({LOCK: GOOD})
        repo.commit({LOCK: BAD})
        (held,) = look(repo, store)
        assert held.removed_commit == ""
        assert look(repo, store) == (held,)
        removed = repo.commit({LOCK: GOOD})
        (closed,) = look(repo, store)
        assert closed.removed_commit == removed
        assert closed.first_commit == held.first_commit
        assert asked == [2, 1]
        assert look(repo, NoCache()) == (closed,)


def test_a_history_that_was_rewritten_is_read_anew(repo: Repo, tmp_path: Path, asked: list[int]) -> None:
    with closing(open_store(tmp_path / "store.db")) as store:
        repo.commit({LOCK: GOOD})
        repo.commit({LOCK: BAD})
        assert look(repo, store)
        repo.git("reset", "--hard", "--quiet", "HEAD~1")
        repo.git("reflog", "expire", "--expire=now", "--all")
        repo.commit({LOCK: GOOD, "README": "other"})
        assert look(repo, store) == look(repo, NoCache()) == ()
        assert asked[-1] == 2


def test_what_time_did_not_reach_is_looked_at_later(repo: Repo, tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "store.db")) as store:
        for number in range(6):
            repo.commit({LOCK: GOOD + "\n" * number})
        few = replace(DEFAULT_LIMITS, history_blobs=4)
        first = intervals(repo.path, FORMATS, KNOWN, match, few, store, NOW)
        assert [s.reason for s in first.skipped] == [
            "2 older versions of lockfiles were not looked at: too many"
        ]
        second = intervals(repo.path, FORMATS, KNOWN, match, few, store, NOW)
        assert second.skipped == ()


def test_a_damaged_memory_is_no_memory(repo: Repo, tmp_path: Path) -> None:
    class Damaged(NoCache):
        def cached(self, kind: str, keys: Iterable[str], now: datetime) -> dict[str, bytes]:
            return dict.fromkeys(keys, b"damaged") if kind == "history-log" else {}

    repo.commit({LOCK: BAD})
    assert look(repo, Damaged()) == look(repo, NoCache())
