"""What is new in a release is known only by comparing it with the one before it in its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .release import Listed, Listing, NewDependency, ReleaseFacts

_LINE = re.compile(r"v?(?:\d+!)?(\d+)(?:\.(\d+))?")

Order = Callable[[str], Any]
"""version → something that sorts as the ecosystem does, None when it is no version there."""


def line_of(version: str) -> str:
    """Releases of one line replace each other: the major version, below 1.0 the minor one."""
    found = _LINE.match(version)
    if not found:
        return version
    return f"0.{found[2] or 0}" if found[1] == "0" else found[1]


def previous_in_line(listing: Listing, version: str, order: Order) -> Listed | None:
    """The highest release below `version` in its line, else the highest below it at all.

    A release published after it does not count: it cannot have been there before.
    """
    this = _find(listing, version)
    mark = order(version)
    if mark is None:
        return None
    below = [(order(item.version), item) for item in listing.releases if item.version != version]
    older = [
        (rank, item)
        for rank, item in below
        if rank is not None and rank < mark and not _after(item.published, this.published if this else None)
    ]
    same = [pair for pair in older if line_of(pair[1].version) == line_of(version)]
    return max(same or older, key=lambda pair: pair[0])[1] if older else None


def _after(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other


def _find(listing: Listing, version: str) -> Listed | None:
    return next((item for item in listing.releases if item.version == version), None)


def facts_of(
    listing: Listing, version: str, order: Order, first_releases: Mapping[str, datetime | None], source: str
) -> ReleaseFacts:
    """Everything that the registry says about one release, compared with the one before it.

    `first_releases` tells when the names of new dependencies first appeared, as far as it was asked.
    A version that the registry does not list gives facts without values.
    """
    key = (listing.ecosystem, listing.name, version)
    this = _find(listing, version)
    if this is None:
        return ReleaseFacts(key, first_release=listing.first_release, source=source)
    before = previous_in_line(listing, version, order)
    return ReleaseFacts(
        key=key,
        published=this.published,
        first_release=listing.first_release,
        previous=before.version if before else None,
        install_script=this.install_script,
        install_script_before=before.install_script if before else None,
        new_dependencies=_new(this, before, first_releases),
        provenance=this.provenance,
        provenance_before=before.provenance if before else None,
        publisher=this.publisher,
        publishers_before=_publishers(listing, this),
        yanked=this.yanked,
        digests=this.digests,
        source=source,
    )


def new_names(this: Listed, before: Listed | None) -> tuple[str, ...] | None:
    """Names that `this` needs and `before` did not; None when one of them is not known."""
    if before is None or this.dependencies is None or before.dependencies is None:
        return None
    known = {name for name, _ in before.dependencies}
    return tuple(name for name, _ in this.dependencies if name not in known)


def _new(
    this: Listed, before: Listed | None, first_releases: Mapping[str, datetime | None]
) -> tuple[NewDependency, ...] | None:
    names = new_names(this, before)
    if names is None:
        return None
    specs = dict(this.dependencies or ())
    return tuple(NewDependency(name, specs[name], first_releases.get(name)) for name in names)


def _publishers(listing: Listing, this: Listed) -> tuple[str, ...] | None:
    if this.publisher is None or this.published is None:
        return None
    before = {
        item.publisher
        for item in listing.releases
        if item.publisher and item.published is not None and item.published < this.published
    }
    return tuple(sorted(before))
