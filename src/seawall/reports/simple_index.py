"""A filtered project page is the index's own words about what is let in, and a reason for all the rest.

A release of which nothing is let in stays on the page as yanked (PEP 592), with a reason that clients print;
only an exact pin selects it, and then neither it nor its metadata is handed out. Where other files of the
release are let in, the one that is not is left out: uv writes every file of a release into its lock, and
installs the best of them although it is yanked. Every address is one of ours and relative:
`../../files/NAME/FILENAME`. Source: PEP 691 and 700 (JSON), PEP 503 and 629 (HTML).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import quote

from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.offer import Offer, Offering

from .denial import reason, why

LONGEST_REASON = 300
_ASK = "; for an exemption ask whoever runs this firewall"
_METADATA = ("core-metadata", "dist-info-metadata", "data-dist-info-metadata")
_OTHER_INDEXES = ("alternate-locations", "_alternate-locations")
"""PEP 708 names the same project elsewhere: ways round the firewall, which is all that its clients know."""
_ATTRIBUTE = re.compile(r"data-[a-z0-9-]{1,60}\Z")

File = Mapping[str, object]


def as_json(offering: Offering, ruling: Ruling) -> bytes:
    """The page in JSON, ASCII only."""
    page = {key: value for key, value in offering.raw.items() if key not in _OTHER_INDEXES}
    meta = page.get("meta")
    told = dict(meta) if isinstance(meta, dict) else {}
    told.pop("tracks", None)
    shown = list(files(offering, ruling))
    for file in shown:
        file.pop("_data", None)
    ruled = (offer.version for offer in offering.offers if offer.filename in ruling.admissions)
    page |= {
        "meta": {**told, "api-version": _api(told)},
        "name": offering.name,
        "versions": list(dict.fromkeys(ruled)),
        "files": shown,
    }
    return json.dumps(page, separators=(",", ":"), allow_nan=False).encode("ascii")


def as_html(offering: Offering, ruling: Ruling) -> bytes:
    """The page in HTML, UTF-8."""
    name = escape(offering.name)
    lines = [
        '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.0">',
        f"{_status(offering)}<title>Links for {name}</title></head><body><h1>Links for {name}</h1>",
        *(_link(file) for file in files(offering, ruling)),
        "</body></html>\n",
    ]
    return "\n".join(lines).encode()


def files(offering: Offering, ruling: Ruling) -> Iterator[dict[str, object]]:
    """What is said of each file that is on the page, in the index's order."""
    alive = {offer.version for offer in offering.offers if ruling.lets_in(offer.filename)}
    said = offering.raw.get("files")
    offers = {offer.filename: offer for offer in offering.offers}
    reasons: dict[tuple[str, int], str] = {}
    for file in said if isinstance(said, list) else ():
        offer = offers.get(file["filename"])
        admission = ruling.admissions.get(file["filename"])
        if offer is None or admission is None:
            continue
        if admission.lets_in:
            yield _file(offering.name, offer, file, "")
        elif offer.version not in alive:
            held = _reason(offering.name, offer, admission, ruling.instead_of(offer.version), reasons)
            yield _file(offering.name, offer, file, held)


def _file(name: str, offer: Offer, file: File, held: str) -> dict[str, object]:
    address = f"../../files/{name}/{quote(offer.filename, safe='')}"
    made = {**file, "url": address}
    if file.get("provenance"):
        made["provenance"] = f"{address}.provenance" if offer.provenance and not held else None
    if held or offer.metadata is None:
        for key in _METADATA:
            if made.get(key):
                made[key] = False
    if held:
        made["yanked"] = held
    return made


def _reason(
    name: str, offer: Offer, admission: Admission, best: str, known: dict[tuple[str, int], str]
) -> str:
    """One line of at most 300 characters; what is too long is cut in the sentence, not in the way out."""
    key = (offer.version, id(admission))
    if key not in known:
        text = reason(name, offer.version, admission, best) + _ASK
        sentence = why(admission)
        over = len(text) - LONGEST_REASON
        if over > 0:
            kept = sentence[: max(0, len(sentence) - over - 1)]
            text = text.replace(sentence, f"{kept}…", 1)[:LONGEST_REASON]
        known[key] = text
    return known[key]


def _api(meta: Mapping[str, object]) -> str:
    """What the page says of itself; at least 1.1, because it has `versions`."""
    said = meta.get("api-version")
    return said if isinstance(said, str) and said not in ("1", "1.0") else "1.1"


def _status(offering: Offering) -> str:
    status = offering.raw.get("project-status")
    if not isinstance(status, dict):
        return ""
    named = (("pypi:project-status", "status"), ("pypi:project-status-reason", "reason"))
    return "".join(
        f'<meta name="{meta}" content="{escape(value)}">'
        for meta, key in named
        if isinstance(value := status.get(key), str) and value
    )


def _link(file: File) -> str:
    hashes = file.get("hashes")
    known = {k: v for k, v in hashes.items() if isinstance(v, str)} if isinstance(hashes, dict) else {}
    best = next((kind for kind in ("sha256", "sha512", "sha384", *known) if kind in known), "")
    told = {
        "href": f"{file['url']}#{best}={known[best]}" if best else str(file["url"]),
        **dict(_attributes(file)),
    }
    said = " ".join(f'{name}="{escape(value)}"' for name, value in told.items())
    return f"<a {said}>{escape(str(file['filename']))}</a><br />"


def _attributes(file: File) -> Iterator[tuple[str, str]]:
    for key in ("requires-python", "provenance"):
        value = file.get(key)
        if isinstance(value, str) and value:
            yield f"data-{key}", value
    yanked = file.get("yanked")
    if yanked:
        yield "data-yanked", yanked if isinstance(yanked, str) else ""
    described = next((value for key in _METADATA if (value := file.get(key))), None)
    if described:
        # Both names: clients of before PEP 714 know the second only.
        for name in ("data-core-metadata", "data-dist-info-metadata"):
            yield name, _digest(described)
    if "gpg-sig" in file:
        yield "data-gpg-sig", "true" if file["gpg-sig"] else "false"
    others = file.get("_data")
    for name, value in others.items() if isinstance(others, dict) else ():
        if isinstance(value, str) and _ATTRIBUTE.match(name):
            yield name, value


def _digest(described: object) -> str:
    if isinstance(described, dict):
        for kind, value in described.items():
            if isinstance(value, str):
                return f"{kind}={value}"
    return "true"
