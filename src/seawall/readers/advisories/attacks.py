"""The catalog of past attacks is read as strictly as foreign data: no edit can quietly empty it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from seawall.kernel.attack import Attack, BadRelease, Catalog
from seawall.kernel.errors import FeedError

SCHEMA = "seawall/attacks/1"


def read_catalog(data: bytes) -> Catalog:
    """The catalog in `data` (JSON, schema `seawall/attacks/1`). Raises FeedError for anything else."""
    try:
        document = json.loads(data)
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']!r}")
        return Catalog(str(document["as_of"]), tuple(_attack(item) for item in document["attacks"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FeedError(
            f"the catalog of attacks cannot be read: {type(error).__name__} {error}", "install Seawall again"
        ) from None


def _attack(item: Mapping[str, object]) -> Attack:
    releases = item["releases"]
    sources = item["sources"]
    if not isinstance(releases, list) or not isinstance(sources, list):
        raise TypeError(f"releases and sources of {item['id']} are lists")
    return Attack(
        id=_text(item["id"]),
        title=_text(item["title"]),
        kind=_text(item["kind"]),
        start=_text(item["start"]),
        end=_text(item["end"]),
        releases=tuple(_release(release) for release in releases),
        summary=_text(item["summary"]),
        confidence=_text(item["confidence"]),
        sources=tuple(_text(source) for source in sources),
    )


def _release(item: Mapping[str, object]) -> BadRelease:
    versions, advisories = item["versions"], item.get("advisories", [])
    if not isinstance(versions, list) or not isinstance(advisories, list):
        raise TypeError(f"versions and advisories of {item['name']} are lists")
    whole = item.get("whole", False)
    if not versions and not whole:
        raise ValueError(f"{item['name']} names no version")
    return BadRelease(
        ecosystem=_text(item["ecosystem"]),
        name=_text(item["name"]),
        versions=tuple(_text(version) for version in versions),
        last_good=_text(item.get("last_good", "")),
        fixed=_text(item.get("fixed", "")),
        whole=bool(whole),
        advisories=tuple(_text(advisory) for advisory in advisories),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value
