"""What is new in a release is known only by comparing it with one that people had time to look at.

Who has taken a package over often publishes twice within a day, or a pre-release first. Compared with that,
nothing is new: so a release is compared with the one before it in its line that had stood for a cooldown
and was not taken back, and a final one with a final one, as far as there are such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .release import Listed, Listing, NewDependency, ReleaseFacts
from .settings import DEFAULTS

SETTLED = timedelta(days=DEFAULTS.cooldown_days)
"""For so long a release must have stood to be what another one is compared with."""

_LINE = re.compile(r"v?(?:\d+!)?(\d+)(?:\.(\d+))?")
_BEFORE_FINAL = re.compile(r"\A[v=]?\d+(?:\.\d+)*-|\d(?:a|b|c|rc)\d|\.dev\d")
_ELSEWHERE = re.compile(r"[:/]")

Order = Callable[[str], Any]
"""version → something that sorts as the ecosystem does, None when it is no version there."""


def line_of(version: str) -> str:
    """Releases of one line replace each other: the major version, below 1.0 the minor one."""
    found = _LINE.match(version)
    if not found:
        return version
    return f"0.{found[2] or 0}" if found[1] == "0" else found[1]


def is_final(version: str) -> bool:
    """No pre-release, as far as its text tells."""
    return not _BEFORE_FINAL.search(version)


def previous_in_line(listing: Listing, version: str, order: Order) -> Listed | None:
    """The highest release below `version` that is not yanked, final if it is, settled, and of its line.

    What cannot be had of these four is left out, the line first. A release published after it does not
    count: it cannot have been there before.
    """
    this = _find(listing, version, order)
    mark = order(version)
    if mark is None:
        return None
    published = this.published if this else None
    ranked = [(order(item.version), item) for item in listing.releases if item.version != version]
    older = [(rank, item) for rank, item in ranked if rank is not None and rank < mark]
    older = [pair for pair in older if not _after(pair[1].published, published)]
    older = _narrowed(older, lambda item: item.yanked is None)
    if is_final(version):
        older = _narrowed(older, lambda item: is_final(item.version))
    older = _narrowed(older, lambda item: _settled(item.published, published))
    older = _narrowed(older, lambda item: line_of(item.version) == line_of(version))
    return max(older, key=lambda pair: pair[0])[1] if older else None


def _narrowed(ranked: list[tuple[Any, Listed]], wanted: Callable[[Listed], bool]) -> list[tuple[Any, Listed]]:
    """Those that are wanted, or all where none is."""
    return [pair for pair in ranked if wanted(pair[1])] or ranked


def _after(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other


def _settled(one: datetime | None, other: datetime | None) -> bool:
    return one is None or other is None or other - one >= SETTLED


def _find(listing: Listing, version: str, order: Order) -> Listed | None:
    exact = next((item for item in listing.releases if item.version == version), None)
    if exact or listing.ecosystem != "PyPI":
        return exact
    # 1.0 and 1.0.0 are one version there, and an index writes it its own way.
    mark = order(version)
    return next((i for i in listing.releases if mark is not None and order(i.version) == mark), None)


def pair(listing: Listing, version: str, order: Order) -> tuple[Listed | None, Listed | None]:
    """The release of that version as it is listed, and the one that it is compared with."""
    this = _find(listing, version, order)
    return this, previous_in_line(listing, version, order) if this else None


def facts_of(
    listing: Listing, version: str, order: Order, first_releases: Mapping[str, datetime | None], source: str
) -> ReleaseFacts:
    """Everything that the registry says about one release, compared with the one before it.

    `first_releases` tells when the names of new dependencies first appeared, as far as it was asked.
    A version that the registry does not list gives facts without values.
    """
    key = (listing.ecosystem, listing.name, version)
    this, before = pair(listing, version, order)
    if this is None:
        return ReleaseFacts(key, first_release=listing.first_release, source=source)
    return ReleaseFacts(
        key=key,
        published=this.last_file or this.published,
        first_release=listing.first_release,
        previous=before.version if before else None,
        install_script=this.install_script,
        install_script_before=before.install_script if before else None,
        new_dependencies=new_dependencies(this, before, first_releases),
        provenance=this.provenance,
        provenance_before=before.provenance if before else None,
        publisher=this.publisher,
        publishers_before=_publishers(listing, this),
        pipeline=this.pipeline,
        publisher_known=publisher_known(this, first_published(listing.releases)),
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


def new_dependencies(
    this: Listed, before: Listed | None, first_releases: Mapping[str, datetime | None]
) -> tuple[NewDependency, ...] | None:
    """What `this` needs and `before` did not; None when one of them is not known."""
    names = new_names(this, before)
    if names is None:
        return None
    specs = dict(this.dependencies or ())
    return tuple(
        NewDependency(
            name,
            specs[name],
            first_releases.get(name) if registry_name(name, specs[name]) else this.published,
        )
        for name in names
    )


def registry_name(name: str, spec: str) -> str:
    """The name under which a registry knows a dependency, empty when it comes from elsewhere.

    `npm:real@^1` stands for another package; git, an address, a path are in no registry.
    """
    if spec.startswith("npm:"):
        real, _, _ = spec[4:].rpartition("@")
        return real or spec[4:]
    return "" if _ELSEWHERE.search(spec) else name


def _publishers(listing: Listing, this: Listed) -> tuple[str, ...] | None:
    if this.publisher is None or this.published is None:
        return None
    before = [
        item
        for item in listing.releases
        if item.publisher and item.published is not None and item.published < this.published
    ]
    settled = [item for item in before if _settled(item.published, this.published)]
    return tuple(sorted({item.publisher for item in settled or before if item.publisher}))


def first_published(releases: Iterable[Listed]) -> dict[str | None, datetime]:
    """When each account or pipeline first published here; under None, when one that is not told did."""
    first: dict[str | None, datetime] = {}
    for item in releases:
        if item.published is not None:
            who = item.published_by
            first[who] = min(first.get(who, item.published), item.published)
    return first


def publisher_known(this: Listed, first: Mapping[str | None, datetime]) -> bool | None:
    """Whoever published `this` had published a release here that had settled by then.

    None where that is not told, or where one that settled does not tell by whom it was.
    """
    who, published = this.published_by, this.published
    if who is None or published is None:
        return None
    if published - first[who] >= SETTLED:
        return True
    return None if None in first and published - first[None] >= SETTLED else False
