"""An npm packument says of every version when it came, by whom, and what it runs and needs.

Source: the npm registry's full package document (`application/json`): `time`, and of every version `dist`
(`integrity`, `shasum`, `attestations`), `scripts`, `gypfile`, `hasInstallScript`, `_npmUser`.
A deprecation is advice, not a withdrawal, and counts for nothing here. Where no release of a name has an
attestation or a publisher, the registry may be a mirror that leaves them out: that is unknown, not "none".
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from seawall.kernel.errors import OutsideError
from seawall.kernel.release import Listed, Listing

_HOOKS = ("preinstall", "install", "postinstall")
_MOST_RELEASES = 50_000
_LONGEST = 214
"""Characters that npm allows in a name; nothing longer is a name, a version or a range."""


def read_packument(data: bytes, name: str) -> Listing:
    """The releases in `data`. Raises OutsideError when it is no packument, or one of another package."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise OutsideError("its answer is not JSON", _TRY) from None
    if not isinstance(document, dict) or document.get("name") != name:
        raise OutsideError("its answer is about something else", _TRY)
    times = _mapping(document.get("time"))
    versions = _mapping(document.get("versions"))
    if len(versions) > _MOST_RELEASES:
        raise OutsideError(f"its answer lists more than {_MOST_RELEASES} releases", _TRY)
    releases = tuple(_listed(version, _mapping(item), times) for version, item in versions.items())
    if not any(item.provenance for item in releases):
        releases = tuple(replace(item, provenance=None) for item in releases)
    return Listing("npm", name, releases, _first(times, releases))


_TRY = "ask again later, or look at the registry that your npm is set up to use"


def _first(times: Mapping[str, object], releases: tuple[Listed, ...]) -> datetime | None:
    known = [_time(times.get("created")), *(item.published for item in releases)]
    return min((time for time in known if time is not None), default=None)


def _listed(version: str, item: Mapping[str, object], times: Mapping[str, object]) -> Listed:
    dist = _mapping(item.get("dist"))
    return Listed(
        version=version,
        published=_time(times.get(version)),
        digests=tuple(_digests(dist)),
        dependencies=tuple(_dependencies(item)),
        install_script=_runs_at_install(item),
        provenance=bool(dist.get("attestations")),
        publisher=_publisher(_mapping(item.get("_npmUser"))),
    )


def _publisher(user: Mapping[str, object]) -> str | None:
    """The account that published; None for a pipeline that the owners trust, which is no account."""
    name = user.get("name")
    if not isinstance(name, str) or not name or user.get("trustedPublisher"):
        return None
    return name[:_LONGEST]


def _runs_at_install(item: Mapping[str, object]) -> bool:
    scripts = _mapping(item.get("scripts"))
    return bool(
        item.get("hasInstallScript") or item.get("gypfile") or any(scripts.get(hook) for hook in _HOOKS)
    )


def _dependencies(item: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for group in ("dependencies", "optionalDependencies"):
        for name, spec in _mapping(item.get(group)).items():
            if len(name) <= _LONGEST:
                yield name, spec[:_LONGEST] if isinstance(spec, str) else ""


def _digests(dist: Mapping[str, object]) -> Iterator[str]:
    integrity = dist.get("integrity")
    for part in integrity.split() if isinstance(integrity, str) else ():
        algorithm, _, value = part.partition("-")
        try:
            yield f"{algorithm}:{base64.b64decode(value, validate=True).hex()}"
        except (binascii.Error, ValueError):
            continue
    shasum = dist.get("shasum")
    if isinstance(shasum, str) and shasum:
        yield f"sha1:{shasum.lower()}"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        return time and (time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
