"""A PyPI index says of every file when it came, its digest, whether it was yanked and whether it is attested.

Source: the simple repository API in JSON (PEP 691, PEP 700 upload-time, PEP 592 yanked, PEP 658 metadata,
PEP 740 provenance). It speaks of files; a release is all files of one version. It came with its first file,
and is as young as its last one.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from seawall.kernel.asset import pypi_name
from seawall.kernel.errors import OutsideError
from seawall.kernel.release import Listed, Listing

Entry = Mapping[str, object]
"""What the index says of one file (PEP 691)."""

MOST_FILES = 200_000
TRY = "ask again later, or look at the index that your pip or uv is set up to use"

_LONGEST = 200
_SDIST = re.compile(r"\.(?:tar\.gz|zip|tar\.bz2|tgz|tar\.xz|tar|tbz|txz|tlz|tar\.lz|tar\.lzma|tar\.zst)\Z")
"""What pip or uv builds from; the index takes only the first two today."""
_NORMAL = re.compile(r"(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8}))*\Z", re.ASCII)


def read_project(data: bytes, name: str) -> Listing:
    """The releases in `data`. Raises OutsideError when it is no answer of the JSON API about `name`."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise OutsideError("its answer is not JSON", TRY) from None
    folded = pypi_name(name)
    known = []
    for item in checked_page(document, folded)[1]:
        filename = item.get("filename") if isinstance(item, dict) else None
        version = version_in(filename, folded) if isinstance(filename, str) else ""
        if version:
            known.append((version, item, instant(item.get("upload-time"))))
    return releases(folded, known)


def checked_page(document: object, folded: str) -> tuple[Entry, Sequence[Entry]]:
    """A parsed page and its list of files. Raises OutsideError when it is none about `folded`."""
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise OutsideError("its answer holds no files", TRY)
    named = document.get("name")
    if not isinstance(named, str) or pypi_name(named) != folded:
        raise OutsideError("its answer is about something else", TRY)
    page: Entry = document
    files: list[Entry] = document["files"]
    if len(files) > MOST_FILES:
        raise OutsideError(f"its answer lists more than {MOST_FILES} files", TRY)
    return page, files


def releases(folded: str, known: Iterable[tuple[str, Entry, datetime | None]]) -> Listing:
    """(version, what the index says of a file, its time), grouped by release."""
    files: dict[str, list[tuple[Entry, datetime | None]]] = defaultdict(list)
    for version, item, time in known:
        files[version].append((item, time))
    listed = tuple(
        _listed(version, [item for item, _ in items], [time for _, time in items])
        for version, items in files.items()
    )
    first = min((r.published for r in listed if r.published is not None), default=None)
    return Listing("PyPI", folded, listed, first)


def read_dependencies(data: bytes) -> tuple[tuple[str, str], ...] | None:
    """(name, range or address) of every requirement in a METADATA file (PEP 566), None when it is none.

    What extras need is in it: somebody installs them.
    """
    try:
        headers = BytesHeaderParser().parsebytes(data)
    except (ValueError, LookupError):
        return None
    if not headers.get("Name"):
        return None
    found = []
    for line in headers.get_all("Requires-Dist", []):
        try:
            requirement = Requirement(str(line))
        except InvalidRequirement:
            continue
        spec = requirement.url or str(requirement.specifier)
        found.append((canonicalize_name(requirement.name), spec[:_LONGEST]))
    return tuple(dict.fromkeys(found))


def version_in(filename: str, folded: str) -> str:
    """The version that pip and uv read out of a file name in the project `folded`; empty when none.

    A wheel has its fields (PEP 427). In the name of an sdist the version begins behind the first `-` that
    has the project's name before it: `x-1.0-2.tar.gz` is x 1.0-2, not x-1.0 2.
    """
    if filename.endswith(".whl"):
        fields = filename[:-4].split("-")
        if len(fields) in (5, 6) and pypi_name(fields[0]) == folded:
            return _normal(fields[1])
        return ""
    stem = _SDIST.sub("", filename)
    if stem == filename:
        return ""
    at = stem.find("-", len(folded))
    if pypi_name(stem[: len(folded)]) == folded and at == len(folded):
        return _normal(stem[at + 1 :])
    places = (place for place, letter in enumerate(stem) if letter == "-")
    found = next((place for place in places if pypi_name(stem[:place]) == folded), -1)
    return _normal(stem[found + 1 :]) if found >= 0 else ""


@lru_cache(maxsize=65_536)
def _normal(text: str) -> str:
    """The version as PEP 440 writes it, or empty."""
    if _NORMAL.match(text):
        return text
    try:
        return str(Version(text.replace("_", "-"))) if len(text) <= _LONGEST else ""
    except InvalidVersion:
        return ""


def _listed(version: str, items: Sequence[Entry], times: Sequence[datetime | None]) -> Listed:
    known = [time for time in times if time is not None]
    yanked = [item.get("yanked") for item in items]
    provenance = [item["provenance"] for item in items if "provenance" in item]
    whole = len(known) == len(times)
    return Listed(
        version=version,
        # One file without a time makes the age of the release unknown: it could be the newest.
        published=min(known) if whole else None,
        last_file=max(known) if whole else None,
        digests=tuple(digest for item in items if (digest := _digest(item.get("hashes")))),
        provenance=all(provenance) if len(provenance) == len(items) else None,
        yanked=_reason(yanked) if all(yanked) else None,
        metadata=_metadata(items),
    )


def _reason(yanked: Sequence[object]) -> str:
    return next((text[:_LONGEST] for text in yanked if isinstance(text, str) and text), "yanked")


def _metadata(items: Sequence[Entry]) -> str:
    for item in items:
        url = item.get("url")
        if isinstance(url, str) and (item.get("core-metadata") or item.get("dist-info-metadata")):
            return f"{url.partition('#')[0]}.metadata"
    return ""


def _digest(hashes: object) -> str:
    value = hashes.get("sha256") if isinstance(hashes, dict) else None
    return f"sha256:{value.lower()}" if isinstance(value, str) and value else ""


def instant(value: object) -> datetime | None:
    """Aware UTC of an RFC 3339 time, None for anything else."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        return time and (time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
