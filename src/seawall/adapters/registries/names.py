"""One question about a name tells of all its releases; two more tell what a release newly needs (PEP 658)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from seawall.adapters.http import Response
from seawall.kernel.client import Upstream
from seawall.kernel.comparing import facts_of, new_dependencies, pair
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import Limits
from seawall.kernel.release import Listed, NewDependency, ReleaseFacts
from seawall.kernel.versions import order
from seawall.readers.registries.pypi_simple import read_dependencies

from .conversation import Conversation, NotThereError
from .kept import Kept, key_of
from .kind import Kind

_LARGE = 4 * 1024 * 1024
_VERSIONS = 50
"""So many versions of one name are kept from earlier answers."""


@dataclass(frozen=True, slots=True)
class Name:
    """A package's name, and whom to ask about it."""

    kind: Kind
    name: str
    route: tuple[Upstream, ...]

    @property
    def key(self) -> str:
        """What it is kept under."""
        return key_of(self.kind.ecosystem, self.name, self.route)


@dataclass(frozen=True, slots=True)
class Pair:
    """A release and the one before it, whose metadata have still to be read from these two addresses."""

    name: Name
    upstream: Upstream
    version: str
    this: Listed
    before: Listed
    addresses: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said about a name, and what has still to be asked."""

    kept: Kept
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a name: these versions, by `now`. `old` is what is kept from an earlier answer."""

    name: Name
    versions: tuple[str, ...]
    now: datetime
    old: Kept | None = None
    until: float = field(default=0.0, compare=False)


def hear(talk: Conversation, question: Question, limits: Limits) -> Heard:
    """What the first registry that knows the name says. Raises OutsideError when it cannot be had.

    Only a registry that does not know the name hands on to the next one: were a silent one passed over,
    whoever can silence it could answer in its place.
    """
    name, old = question.name, question.old
    for upstream in name.route:
        etag = _etag(old, upstream, question.versions)
        try:
            answer = talk.get(
                upstream,
                name.kind.address(upstream.url, name.name),
                name.kind.accept,
                limit=limits.response_bytes,
                etag=etag,
                until=question.until,
            )
        except NotThereError:
            continue
        if answer.status == 304 and old:
            return Heard(replace(old, asked=question.now))
        try:
            with talk.large if len(answer.body) > _LARGE else nullcontext():
                return _compared(question, upstream, answer)
        except OutsideError as error:
            raise OutsideError(f"{upstream.host}: {error}", error.advice) from None
        except (ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
            raise OutsideError(f"{upstream.host}: its answer cannot be read") from None
    return Heard(Kept(question.now, there=False))


def _etag(old: Kept | None, upstream: Upstream, versions: Sequence[str]) -> str:
    return old.etag if old and old.host == upstream.host and old.there and old.knows(versions) else ""


def _compared(question: Question, upstream: Upstream, answer: Response) -> Heard:
    name, old = question.name, question.old
    listing = name.kind.read(answer, name.name)
    rank = order(name.kind.ecosystem)
    source = urlsplit(answer.url).netloc.lower()
    facts: dict[str, ReleaseFacts] = {}
    missing: set[str] = set()
    pairs: list[Pair] = []
    earlier: Mapping[str, ReleaseFacts] = old.facts if old else {}
    for version in dict.fromkeys((*question.versions, *list(earlier)[:_VERSIONS])):
        found = facts_of(listing, version, rank, {}, source)
        # An index's own spelling of the name is not the one it was asked by.
        found = replace(found, key=(name.kind.ecosystem, name.name, version))
        this, before = pair(listing, version, rank)
        if this is None:
            missing.add(version)
            continue
        facts[version] = _carried(found, earlier.get(version))
        if facts[version].new_dependencies is None and before is not None:
            pairs += _pairs(name, upstream, answer.url, (version, this, before))
    etag = answer.headers.get("etag", "")
    kept = Kept(
        question.now,
        upstream.host,
        etag if len(etag) <= 200 and etag.isprintable() else "",
        first=listing.first_release,
        facts=facts,
        missing=frozenset(missing),
        open=frozenset(item.version for item in pairs),
    )
    return Heard(kept, tuple(pairs))


def _carried(found: ReleaseFacts, earlier: ReleaseFacts | None) -> ReleaseFacts:
    """What a release newly needs does not change as long as its files and the one before it do not."""
    same = earlier and (earlier.digests, earlier.previous) == (found.digests, found.previous)
    if earlier is None or not same or found.new_dependencies is not None:
        return found
    return replace(found, new_dependencies=earlier.new_dependencies)


def _pairs(name: Name, upstream: Upstream, page: str, found: tuple[str, Listed, Listed]) -> list[Pair]:
    version, this, before = found
    addresses = (_address(page, this.metadata), _address(page, before.metadata))
    if not all(addresses):
        return []
    return [Pair(name, upstream, version, this, before, addresses)]


def _address(page: str, link: str) -> str:
    """The whole address of a link on an index's page, empty when it may not be followed.

    Only over https, or at the index itself; and never with a user name in it, which would be shown.
    """
    if not link:
        return ""
    try:
        whole, home = urlsplit(urljoin(page, link)), urlsplit(page)
        own = (whole.scheme, whole.netloc) == (home.scheme, home.netloc)
        good = whole.hostname and whole.port != 0 and "@" not in whole.netloc
    except ValueError:
        return ""
    return whole.geturl() if good and (whole.scheme == "https" or own) else ""


def newly_needed(talk: Conversation, asked: Pair, limits: Limits) -> tuple[NewDependency, ...] | None:
    """What the release needs and the one before it did not; None when its metadata do not tell.

    Raises OutsideError.
    """
    both: list[Any] = []
    for address in asked.addresses:
        answer = talk.get(asked.upstream, address, "*/*", limit=limits.record_bytes)
        try:
            both.append(read_dependencies(answer.body))
        except (ValueError, TypeError, RecursionError, MemoryError):
            return None
    this, before = both
    return new_dependencies(
        replace(asked.this, dependencies=this), replace(asked.before, dependencies=before), {}
    )
