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
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NoReturn

from seawall.kernel.errors import OutsideError
from seawall.kernel.release import Listed, Listing

_HOOKS = ("preinstall", "install", "postinstall")
_MOST_RELEASES = 50_000
_LONGEST = 214
"""Characters that npm allows in a name; nothing longer is a name, a version or a range."""
_BYTES = {"sha512": 64, "sha384": 48, "sha256": 32, "sha1": 20}
"""Digests that mean something, the strongest first, and how long each is."""
_LONGEST_INTEGRITY = 2_048


def read_packument(data: bytes, name: str) -> Listing:
    """The releases in `data`. Raises OutsideError when it is no packument, or one of another package."""
    return listing_in(load_packument(data, name), name)


def load_packument(data: bytes, name: str) -> dict[str, Any]:
    """The packument of `name` as parsed JSON, which can be written again. Raises OutsideError."""
    try:
        document = json.loads(data, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise OutsideError("its answer is not JSON", _TRY) from None
    if not isinstance(document, dict) or document.get("name") != name:
        raise OutsideError("its answer is about something else", _TRY)
    if len(mapping(document.get("versions"))) > _MOST_RELEASES:
        raise OutsideError(f"its answer lists more than {_MOST_RELEASES} releases", _TRY)
    return document


def listing_in(document: Mapping[str, object], name: str) -> Listing:
    """The releases that a packument lists, in its order."""
    times = mapping(document.get("time"))
    versions = mapping(document.get("versions"))
    releases = tuple(_listed(version, mapping(item), times) for version, item in versions.items())
    if not any(item.provenance for item in releases):
        releases = tuple(replace(item, provenance=None) for item in releases)
    return Listing("npm", name, releases, _first(times, releases))


def mapping(value: object) -> Mapping[str, object]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


_TRY = "ask again later, or look at the registry that your npm is set up to use"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number that no JSON can hold")
    return value


def _first(times: Mapping[str, object], releases: tuple[Listed, ...]) -> datetime | None:
    known = [_time(times.get("created")), *(item.published for item in releases)]
    return min((time for time in known if time is not None), default=None)


def _listed(version: str, item: Mapping[str, object], times: Mapping[str, object]) -> Listed:
    dist = mapping(item.get("dist"))
    return Listed(
        version=version,
        published=_time(times.get(version)),
        digests=_digests(dist),
        dependencies=tuple(_dependencies(item)),
        install_script=runs_at_install(item) or bool(item.get("gypfile")),
        provenance=bool(dist.get("attestations")),
        publisher=_publisher(mapping(item.get("_npmUser"))),
        pipeline=_pipeline(mapping(mapping(item.get("_npmUser")).get("trustedPublisher"))),
    )


def _publisher(user: Mapping[str, object]) -> str | None:
    """The account that published; None for a pipeline that the owners trust, which is no account."""
    return None if user.get("trustedPublisher") else _word(user.get("name"))


def _pipeline(trusted: Mapping[str, object]) -> str | None:
    """`github/oidc:…`: whose pipeline, and which of those that the owners of the name have set up."""
    whose, which = _word(trusted.get("id")), _word(trusted.get("oidcConfigId"))
    return f"{whose}/{which or ''}" if whose else None


def _word(value: object) -> str | None:
    if not isinstance(value, str) or not value or not value.isprintable():
        return None
    return value[:_LONGEST]


def runs_at_install(item: Mapping[str, object]) -> bool:
    """A version says that it runs something when it is installed."""
    scripts = mapping(item.get("scripts"))
    return bool(item.get("hasInstallScript") or any(scripts.get(hook) for hook in _HOOKS))


def _dependencies(item: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for group in ("dependencies", "optionalDependencies"):
        for name, spec in mapping(item.get(group)).items():
            if len(name) <= _LONGEST:
                yield name, spec[:_LONGEST] if isinstance(spec, str) else ""


def _digests(dist: Mapping[str, object]) -> tuple[str, ...]:
    """`algorithm:<hex>`, the strongest first; what is no digest of a known length is left out."""
    found: dict[str, list[str]] = {}
    integrity = dist.get("integrity")
    for part in integrity[:_LONGEST_INTEGRITY].split() if isinstance(integrity, str) else ():
        algorithm, _, value = part.partition("?")[0].partition("-")
        try:
            digest = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(digest) == _BYTES.get(algorithm):
            found.setdefault(algorithm, []).append(digest.hex())
    shasum = dist.get("shasum")
    if isinstance(shasum, str) and _is_sha1(shasum):
        found.setdefault("sha1", []).append(shasum.lower())
    return tuple(
        dict.fromkeys(f"{algorithm}:{value}" for algorithm in _BYTES for value in found.get(algorithm, ()))
    )


def _is_sha1(text: str) -> bool:
    return len(text) == 2 * _BYTES["sha1"] and set(text) <= set("0123456789abcdefABCDEF")


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        return time and (time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
