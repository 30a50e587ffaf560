"""A filtered packument is upstream's own words about what is let in, and a reason for all the rest.

Two forms: the full document, and the one that installs need (`application/vnd.npm.install-v1+json`), which is
made of it as the registry does, with `time` left in so that a client's own cooldown works. What is not let in
stands in `policyRestrictions`, which npm (pick-manifest) prints for whoever asks for just that version, and
nowhere else. Every address is one of ours.
Source: npm/registry, docs/responses/package-metadata.md; npm-pick-manifest.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.comparing import line_of
from seawall.kernel.dist_tags import LATEST, is_prerelease, moved
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.versions import order

from .denial import denial, reason

SHORT_TYPE = "application/vnd.npm.install-v1+json"
_INSTALL_FIELDS = (
    "name", "version", "deprecated", "dependencies", "optionalDependencies", "devDependencies",
    "bundleDependencies", "bundledDependencies", "peerDependencies", "peerDependenciesMeta",
    "acceptDependencies", "bin", "directories", "dist", "engines", "funding", "cpu", "os", "libc",
    "_hasShrinkwrap", "hasInstallScript",
)  # fmt: skip
_NOT_HANDED_ON = frozenset({"policyRestrictions", "stagedVersions"})
"""Further places where npm looks for versions: nobody has judged what upstream says there."""
_HOOKS = ("preinstall", "install", "postinstall")
_RANK = order("npm")
Held = list[tuple[str, Admission]]
"""(version, why it is not handed out), the highest version first."""
_LONGEST_NOTICE = 400
_FEW = 20
_ASK = "; for an exemption ask whoever runs this firewall"
_PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u00b7": "-"}
)


def full(offering: Offering, ruling: Ruling, base: str) -> bytes:
    """The full document, below `base`."""
    rest = {key: value for key, value in offering.raw.items() if key not in _NOT_HANDED_ON}
    return _written({**rest, **_filtered(offering, ruling, base)})


def short(offering: Offering, ruling: Ruling, base: str) -> bytes:
    """The document that installs need, below `base`."""
    made = _filtered(offering, ruling, base)
    versions = {version: _for_install(item) for version, item in made["versions"].items()}
    times = _mapping(offering.raw.get("time"))
    modified = offering.raw.get("modified", times.get("modified"))
    head = {"name": offering.name, **({"modified": modified} if modified else {})}
    return _written({**head, **made, "versions": versions})


def manifest(offering: Offering, ruling: Ruling, base: str, wanted: str) -> bytes | None:
    """One version, or what a tag names, as it stands in the full document; None when that is not let in."""
    version = _tags(offering, ruling).get(wanted, wanted)
    offer = let_in(offering, ruling).get(version)
    return _written(_version(offering, offer, base)) if offer else None


def refusal(offering: Offering, ruling: Ruling, wanted: str) -> bytes | None:
    """The body of a 403 for one version or upstream tag; None where nobody holds it back."""
    said = _mapping(offering.raw.get("dist-tags")).get(wanted, wanted)
    admission = dict(held(offering, ruling)).get(said) if isinstance(said, str) else None
    latest = _tags(offering, ruling).get(LATEST, "")
    instead = _instead(said, let_in(offering, ruling), latest)
    return denial(offering.name, said, admission, instead) if admission else None


def tags(offering: Offering, ruling: Ruling) -> bytes:
    """The tags alone."""
    return _written(_tags(offering, ruling))


def let_in(offering: Offering, ruling: Ruling) -> dict[str, Offer]:
    """The offers that are handed out, by version."""
    return {offer.version: offer for offer in offering.offers if ruling.lets_in(offer.filename)}


def held(offering: Offering, ruling: Ruling) -> Held:
    """Those that are not handed out."""
    found = [
        (offer.version, ruling.admissions[offer.filename])
        for offer in offering.offers
        if offer.filename in ruling.admissions and not ruling.lets_in(offer.filename)
    ]
    return sorted(found, key=lambda pair: _RANK(pair[0]) or ((), False, ()), reverse=True)


def notice(offering: Offering, ruling: Ruling) -> str:
    """One ASCII line about what is newer than anything that is let in; empty when nothing is.

    npm prints it (`npm-notice`) once for every document, so it speaks only of what somebody would otherwise
    have got: releases above `latest`, and those that wait at the head of another line.
    """
    allowed = let_in(offering, ruling)
    latest = _tags(offering, ruling).get(LATEST, "")
    missed = list(_missed(offering, held(offering, ruling), latest, allowed))
    if not missed:
        return ""
    (version, admission), *others = missed
    more = f"; also held back: {', '.join(v for v, _ in others[:3])}" if others else ""
    more += f" and {len(others) - 3} more" if len(others) > 3 else ""
    end = ascii_line(f"{more}{_ASK}")
    start = ascii_line(reason(offering.name, version, admission, _instead(version, allowed, latest)))
    return start[: _LONGEST_NOTICE - len(end)].rstrip() + end


def ascii_line(text: str) -> str:
    """`text` as a header may hold it: printable ASCII on one line."""
    plain = text.translate(_PLAIN).encode("ascii", "replace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in plain)


def nothing_left(offering: Offering, ruling: Ruling) -> bytes:
    """The body of a 403 for a name of which nothing is let in: why its highest version is not."""
    (version, admission), *others = held(offering, ruling)
    body = json.loads(denial(offering.name, version, admission, ""))
    if others:
        body["error"] += "; no other version of it is let in either"
    return _written(body)


def _missed(
    offering: Offering, restricted: Held, latest: str, allowed: Collection[str]
) -> Iterator[tuple[str, Admission]]:
    tags = _mapping(offering.raw.get("dist-tags"))
    said = {version for version in tags.values() if isinstance(version, str)}
    heads: dict[str, Any] = {}
    for rank, version in sorted((_RANK(version), version) for version in allowed):
        heads[line_of(version)] = rank
    for version, admission in restricted:
        rank = _RANK(version)
        if is_prerelease(version):
            missed = version == tags.get(LATEST)
        elif not latest or rank > _RANK(latest):
            missed = True
        else:
            waits = admission.allowed_from is not None or version in said
            missed = waits and rank > heads.get(line_of(version), ())
        if missed:
            yield version, admission


def _instead(version: str, allowed: Collection[str], latest: str) -> str:
    """What to take in place of a version: the one below it in its line, else the latest."""
    return moved({"": version}, allowed, ()).get("", latest)


def _filtered(offering: Offering, ruling: Ruling, base: str) -> dict[str, Any]:
    raw = offering.raw
    allowed = let_in(offering, ruling)
    all_versions = _mapping(raw.get("versions"))
    times = _mapping(raw.get("time"))
    made: dict[str, Any] = {
        "dist-tags": _tags(offering, ruling),
        "versions": {version: _version(offering, offer, base) for version, offer in allowed.items()},
        "time": {key: time for key, time in times.items() if key in allowed or key not in all_versions},
    }
    restricted = held(offering, ruling)
    if restricted:
        made["policyRestrictions"] = {
            "message": _reasons(offering.name, restricted, allowed, made["dist-tags"].get(LATEST, "")),
            "versions": {version: {"name": offering.name, "version": version} for version, _ in restricted},
        }
    return made


def _reasons(name: str, restricted: Held, allowed: Collection[str], latest: str) -> str:
    """A line for each reason and line of releases, with the versions that it holds back."""
    groups: dict[tuple[object, ...], Held] = {}
    for version, admission in restricted:
        group = (line_of(version), admission.sentence, admission.allowed_from)
        groups.setdefault(group, []).append((version, admission))
    shown = list(groups.values())[:_FEW]
    instead = moved({held_back[0][0]: held_back[0][0] for held_back in shown}, allowed, ())
    lines = []
    for held_back in shown:
        first, admission = held_back[0]
        versions = ", ".join(version for version, _ in held_back[:_FEW])
        versions += f" and {len(held_back) - _FEW} more" if len(held_back) > _FEW else ""
        lines.append(reason(name, versions, admission, instead.get(first, latest)))
    if len(groups) > _FEW:
        lines.append(f"and {len(groups) - _FEW} more reasons for others")
    return "\n".join(lines)


def _tags(offering: Offering, ruling: Ruling) -> dict[str, str]:
    versions = _mapping(offering.raw.get("versions"))
    allowed = let_in(offering, ruling)
    unwanted = {version for version in allowed if _mapping(versions.get(version)).get("deprecated")}
    return moved(_mapping(offering.raw.get("dist-tags")), allowed, unwanted)


def _version(offering: Offering, offer: Offer, base: str) -> dict[str, Any]:
    item = _mapping(_mapping(offering.raw.get("versions")).get(offer.version))
    dist = _mapping(item.get("dist"))
    changed = {**dist, "tarball": f"{base}/{offering.name}/-/{offer.filename}"}
    attested = dist.get("attestations")
    if isinstance(attested, dict):
        url = f"{base}/-/npm/v1/attestations/{offering.name}@{offer.version}"
        changed["attestations"] = {**attested, "url": url}
    elif attested is not None:
        del changed["attestations"]
    return {**item, "name": offering.name, "version": offer.version, "dist": changed}


def _for_install(item: Mapping[str, Any]) -> dict[str, Any]:
    kept = {field: item[field] for field in _INSTALL_FIELDS if field in item}
    if any(_mapping(item.get("scripts")).get(hook) for hook in _HOOKS):
        kept["hasInstallScript"] = True
    return kept


def _written(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
