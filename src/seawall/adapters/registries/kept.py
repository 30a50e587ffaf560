"""Of what a registry said only the facts are kept, never the whole answer and never an address.

An address may hold a token in its path, so the key of an entry holds a digest of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from seawall.kernel.client import Upstream
from seawall.kernel.release import NewDependency, ReleaseFacts

CACHED = "registry-facts/2"
"""The kind under which entries stand in the cache."""

FRESH = timedelta(hours=1)
"""So long an answer counts as the newest state: a release may be taken back at any time."""

KEPT = timedelta(days=30)
"""So long an answer is kept: for an ETag, for what never changes, and for when the registry cannot be had."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of one name: when it was asked, who answered, and the facts of some of its versions.

    `there` is False for a name that is not known there; `missing` are versions that are not listed; `open`
    are those of which it has still to be read what they newly need.
    """

    asked: datetime
    host: str = ""
    etag: str = ""
    there: bool = True
    first: datetime | None = None
    facts: Mapping[str, ReleaseFacts] = field(default_factory=lambda: MappingProxyType({}))
    missing: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()

    def knows(self, versions: Sequence[str]) -> bool:
        """Nothing more has to be asked about these versions."""
        known = (self.facts.keys() | self.missing) - self.open
        return not self.there or known.issuperset(versions)

    def fresh(self, now: datetime) -> bool:
        """It counts as the newest state."""
        return timedelta(0) <= now - self.asked < FRESH


def key_of(ecosystem: str, name: str, route: Sequence[Upstream]) -> str:
    """Under which an entry stands: the same name is another one at another registry."""
    places = "\n".join(item.url for item in route)
    return f"{ecosystem} {name} {hashlib.sha256(places.encode()).hexdigest()[:32]}"


def written(kept: Kept) -> bytes:
    """The entry as bytes."""
    document = {
        "asked": kept.asked.isoformat(),
        "host": kept.host,
        "etag": kept.etag,
        "there": kept.there,
        "first": _text(kept.first),
        "missing": sorted(kept.missing),
        "open": sorted(kept.open),
        "facts": {version: _plain(facts) for version, facts in kept.facts.items()},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def read(data: bytes, ecosystem: str, name: str) -> Kept | None:
    """The entry in `data`; None when it is none, as if it had never been kept."""
    try:
        document = json.loads(data)
        asked = _time(document["asked"])
        if asked is None:
            return None
        return Kept(
            asked,
            str(document["host"]),
            str(document["etag"]),
            document["there"] is True,
            _time(document["first"]),
            {v: _facts((ecosystem, name, v), item) for v, item in document["facts"].items()},
            frozenset(map(str, document["missing"])),
            frozenset(map(str, document["open"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


_TIMES = ("published", "first_release")
_PLAIN = (
    "previous", "install_script", "install_script_before", "provenance", "provenance_before",
    "publisher", "pipeline", "publisher_known", "yanked", "source",
)  # fmt: skip


def _plain(facts: ReleaseFacts) -> dict[str, Any]:
    new = facts.new_dependencies
    return {
        **{name: _text(getattr(facts, name)) for name in _TIMES},
        **{name: getattr(facts, name) for name in _PLAIN},
        "digests": facts.digests,
        "publishers_before": facts.publishers_before,
        "new_dependencies": new
        if new is None
        else [(item.name, item.spec, _text(item.first_release)) for item in new],
    }


def _facts(key: tuple[str, str, str], item: Mapping[str, Any]) -> ReleaseFacts:
    new, before = item["new_dependencies"], item["publishers_before"]
    values: dict[str, Any] = {name: item[name] for name in _PLAIN}
    values.update({name: _time(item[name]) for name in _TIMES})
    if new is not None:
        new = tuple(NewDependency(name, spec, _time(first)) for name, spec, first in new)
    return ReleaseFacts(
        key=key,
        digests=tuple(item["digests"]),
        publishers_before=None if before is None else tuple(before),
        new_dependencies=new,
        **values,
    )


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(text: object) -> datetime | None:
    time = datetime.fromisoformat(text) if isinstance(text, str) else None
    return time if time is None or time.tzinfo else None
