"""An offer is one file that a registry would hand out; an offering is everything it has under one name.

A registry's document (an npm packument, a PyPI project page) becomes an `Offering`; each of its files is
judged by itself, because a file that is added to an old release is young. What is handed on to a client is
made from `raw`, so that every field that the registry sent and nobody judged passes through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from .release import Listing


@dataclass(frozen=True, slots=True)
class Offer:
    """One file of one release. None = the registry did not say.

    `filename` is unique within its name (npm: `NAME-VERSION.tgz` without scope). `url` is absolute and
    without userinfo. `digests` are `algorithm:<lower-case hex>`, the strongest first. `published` is aware
    UTC. `size` in bytes. `metadata` are the digests of the file that describes it (PEP 658/714), None where
    there is no such file.
    """

    version: str
    filename: str
    url: str = field(repr=False)
    digests: tuple[str, ...] = ()
    published: datetime | None = None
    size: int | None = None
    metadata: tuple[str, ...] | None = None
    provenance: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Offering:
    """All files that one registry has under one name.

    `origin` is the name of the configured registry that answered, `host` its host. `listing` is the same as
    releases, for rules; `raw` is the document as it was parsed (JSON), for handing on. `digest` is
    `sha256:<hex>` of the bytes that came.
    """

    ecosystem: str
    name: str
    origin: str
    host: str
    listing: Listing
    offers: tuple[Offer, ...]
    raw: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    digest: str = ""

    def named(self, filename: str) -> Offer | None:
        """The offer with that file name."""
        return next((item for item in self.offers if item.filename == filename), None)
