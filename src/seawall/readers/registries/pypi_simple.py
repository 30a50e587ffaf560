"""A PyPI index says of every file when it came, its digest, whether it was yanked and whether it is attested.

Source: the simple repository API in JSON (PEP 691, PEP 700 upload-time, PEP 592 yanked, PEP 658 metadata,
PEP 740 provenance). It speaks of files; a release is all files of one version. It came with its first file,
and is as young as its last one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.parser import BytesHeaderParser

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from seawall.kernel.errors import OutsideError
from seawall.kernel.release import Listed, Listing

_MOST_FILES = 200_000
_LONGEST = 200
_TRY = "ask again later, or look at the index that your pip or uv is set up to use"


def read_project(data: bytes, name: str) -> Listing:
    """The releases in `data`. Raises OutsideError when it is no answer of the JSON API about `name`."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise OutsideError("its answer is not JSON", _TRY) from None
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise OutsideError("its answer holds no files", _TRY)
    if canonicalize_name(str(document.get("name"))) != canonicalize_name(name):
        raise OutsideError("its answer is about something else", _TRY)
    if len(document["files"]) > _MOST_FILES:
        raise OutsideError(f"its answer lists more than {_MOST_FILES} files", _TRY)
    files: dict[str, list[Mapping[str, object]]] = defaultdict(list)
    for item in document["files"]:
        version = _version(item) if isinstance(item, dict) else ""
        if version:
            files[version].append(item)
    releases = tuple(_listed(version, items) for version, items in files.items())
    first = min((r.published for r in releases if r.published is not None), default=None)
    return Listing("PyPI", canonicalize_name(name), releases, first)


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


def _version(item: Mapping[str, object]) -> str:
    filename = item.get("filename")
    if not isinstance(filename, str):
        return ""
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""


def _listed(version: str, items: Sequence[Mapping[str, object]]) -> Listed:
    times = [_time(item.get("upload-time")) for item in items]
    known = [time for time in times if time is not None]
    yanked = [item.get("yanked") for item in items]
    provenance = [item["provenance"] for item in items if "provenance" in item]
    digests = [_digest(item.get("hashes")) for item in items]
    return Listed(
        version=version,
        # One file without a time makes the age of the release unknown: it could be the newest.
        published=min(known) if all(times) else None,
        last_file=max(known) if all(times) else None,
        digests=tuple(digest for digest in digests if digest),
        provenance=all(provenance) if len(provenance) == len(items) else None,
        yanked=_reason(yanked) if all(yanked) else None,
        metadata=_metadata(items),
    )


def _reason(yanked: Sequence[object]) -> str:
    return next((text[:_LONGEST] for text in yanked if isinstance(text, str) and text), "yanked")


def _metadata(items: Sequence[Mapping[str, object]]) -> str:
    for item in items:
        url = item.get("url")
        if isinstance(url, str) and (item.get("core-metadata") or item.get("dist-info-metadata")):
            return f"{url.partition('#')[0]}.metadata"
    return ""


def _digest(hashes: object) -> str:
    value = hashes.get("sha256") if isinstance(hashes, dict) else None
    return f"sha256:{value.lower()}" if isinstance(value, str) and value else ""


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        return time and (time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
