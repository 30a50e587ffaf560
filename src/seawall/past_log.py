"""What git tells of a repository's past is remembered, so that the next scan asks for the new commits only.

A commit never changes, so what was told of it once stays true; whether it is still on a way to a tip is asked
anew. Only a log that git gave whole is remembered.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from seawall import __version__
from seawall.adapters.vcs.git import Change, Git, Log
from seawall.kernel.cache import Cache
from seawall.kernel.history import Commit
from seawall.kernel.limits import Limits

_KIND = "history-log"
_REMEMBERED = timedelta(days=90)
_MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Held:
    tips: tuple[str, ...]
    log: Log


def past_log(
    running: Git,
    tips: Sequence[str],
    claimed: Callable[[str], bool],
    about: Iterable[str],
    limits: Limits,
    cache: Cache,
    now: datetime,
    since: int = 0,
) -> tuple[Log, bool]:
    """The log of everything on a way to `tips`, and whether an earlier one was remembered here.

    With `since` (Unix seconds) only of what landed from then on, and nothing of it is remembered.

    `about` is what `claimed` depends on: where the repository is, which part of it, which formats.
    """
    if since > 0:
        most = limits.history_commits, limits.history_bytes
        return running.log(tips, claimed, *most, since=since), False
    key = hashlib.sha256("\0".join((__version__, *about)).encode("utf-8", "surrogatepass")).hexdigest()
    held = _loaded(cache.cached(_KIND, (key,), now).get(key, b""))
    log = _longer(running, held, tips, claimed, limits) if held else None
    if log is None:
        log = running.log(tips, claimed, limits.history_commits, limits.history_bytes)
    if log.complete and not (held and held.log is log):
        cache.remember(_KIND, {key: _dumped(_Held(tuple(tips), log))}, now + _REMEMBERED)
    return log, held is not None


def _longer(
    running: Git, held: _Held, tips: Sequence[str], claimed: Callable[[str], bool], limits: Limits
) -> Log | None:
    """The log that is held and the commits that came since; None where a branch was taken back or is gone."""
    if set(tips) == set(held.tips):
        return held.log
    new = running.log(tips, claimed, limits.history_commits, limits.history_bytes, without=held.tips)
    reached = {*tips, *(parent for commit in new.commits for parent in commit.parents)}
    commits = (*held.log.commits, *new.commits)
    if not new.complete or not reached >= set(held.tips) or len(commits) > limits.history_commits:
        return None
    return Log(commits, (*held.log.changes, *new.changes), complete=True)


def _dumped(held: _Held) -> bytes:
    commits = [[c.id, c.time, *c.parents] for c in held.log.commits]
    changes = [[c.commit, c.path, c.new, *c.old] for c in held.log.changes]
    return zlib.compress(json.dumps([held.tips, commits, changes]).encode(), 1)


def _loaded(data: bytes) -> _Held | None:
    if not data:
        return None
    try:
        tips, commits, changes = json.loads(zlib.decompressobj().decompress(data, _MOST_BYTES))
        of = {name: Commit(name, tuple(parents), when) for name, when, *parents in commits}
        log = Log(
            tuple(of.values()),
            tuple(
                Change(c, of[c].parents, of[c].time, path, tuple(old), new) for c, path, new, *old in changes
            ),
            complete=True,
        )
        return _Held(tuple(tips), log)
    except (ValueError, TypeError, KeyError, zlib.error):
        return None
