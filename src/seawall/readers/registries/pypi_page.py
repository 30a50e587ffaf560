"""A project page of a PyPI index, in JSON or HTML, is one offering, and all it says of a file is kept.

Source: PEP 503 (HTML), 691 (JSON), 592 (yanked), 629 (version of the API), 658/714 (metadata), 700 (versions,
size, upload-time), 740 (provenance), 792 (status). An HTML page becomes the JSON that says the same. A file
whose name does not tell a version of this project (an egg, an installer of long ago, a stranger's file) is
not in the offering: nobody could judge it, and no client of today takes it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urljoin, urlsplit, urlunsplit

from seawall.kernel.asset import pypi_name
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import Limits
from seawall.kernel.offer import Offer, Offering
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.json import load
from seawall.readers.syntax.text import decode

from .pypi_html import html_page
from .pypi_simple import TRY, Entry, checked_page, instant, releases, version_in

_HEX = {
    "sha512": 128, "sha3_512": 128, "blake2b": 128, "sha384": 96, "sha3_384": 96,
    "sha256": 64, "sha3_256": 64, "blake2s": 64, "sha224": 56, "sha1": 40, "md5": 32,
}  # fmt: skip
"""Digests that are known, the strongest first, and how many hexadecimal digits they have."""
_RANK = {name: place for place, name in enumerate(_HEX)}
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_DIGITS = re.compile(r"[0-9a-f]+\Z")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!~-]{0,254}\Z")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[1-9]\d{0,4})?/[A-Za-z0-9._+!~/-]*\Z")
_URL = re.compile(r"[!-~]{1,4096}\Z")
_TEXTS = {"text/html", "application/xhtml+xml", "application/vnd.pypi.simple.v1+html"}
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_-]+)", re.IGNORECASE)


def read_page(data: bytes, content_type: str, url: str, name: str, origin: str, limits: Limits) -> Offering:
    """The offering in `data`, which `url` answered about `name` with that Content-Type.

    Raises OutsideError: neither JSON nor HTML, cut short, too large or too deep, about another name, of
    another major version of the API, or at odds with itself.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if len(data) > limits.response_bytes:
        raise OutsideError(f"its answer has more than {limits.response_bytes} bytes", TRY)
    folded = pypi_name(name)
    try:
        if kind in _TEXTS or (not kind.endswith("json") and data.lstrip()[:1] == b"<"):
            document: object = html_page(_html_text(data, content_type, limits), folded)
        else:
            document = load(decode(data, limits), limits)
    except SyntaxFault as fault:
        raise OutsideError(f"its answer cannot be read: {fault.message}", TRY) from None
    page, files = checked_page(document, folded)
    _refuse_version(page.get("meta"))
    return _offering(page, files, url, folded, origin, f"sha256:{hashlib.sha256(data).hexdigest()}")


def _html_text(data: bytes, content_type: str, limits: Limits) -> str:
    """HTML in ASCII, UTF-8 or, where the header says so, Latin-1: what indexes use."""
    said = _CHARSET.search(content_type)
    if said and said[1].lower() in ("iso-8859-1", "latin-1", "latin1", "windows-1252"):
        return decode(data.decode("latin-1").encode(), limits)
    return decode(data, limits)


def _refuse_version(meta: object) -> None:
    said = meta.get("api-version") if isinstance(meta, dict) else None
    if isinstance(said, str) and said.partition(".")[0] != "1":
        raise OutsideError(f"it speaks version {said[:20]} of the simple API; version 1 is understood", TRY)


def _offering(
    page: Mapping[str, object], files: Sequence[Entry], url: str, folded: str, origin: str, digest: str
) -> Offering:
    base = urljoin(url, str(page["_base"])) if page.get("_base") else url
    offers: dict[str, Offer] = {}
    kept: dict[str, dict[str, object]] = {}
    known: list[tuple[str, Entry, datetime | None]] = []
    for item in files:
        read = _offer(item, base, folded)
        if read is None:
            continue
        before = offers.setdefault(read.filename, read)
        if before is not read:
            _refuse_contradiction(before, read)
            continue
        kept[read.filename] = made = {**item, "url": read.url}
        if made.get("provenance"):
            made["provenance"] = read.provenance or None
        known.append((read.version, kept[read.filename], read.published))
    raw = {key: value for key, value in page.items() if key not in ("files", "_base")}
    raw["files"] = list(kept.values())
    return Offering(
        "PyPI",
        folded,
        origin,
        urlsplit(url).netloc.rpartition("@")[2],
        releases(folded, known),
        tuple(offers.values()),
        raw,
        digest,
    )


def _refuse_contradiction(one: Offer, other: Offer) -> None:
    if one.digests != other.digests:
        raise OutsideError(
            f"its page names {one.filename} twice, with different digests",
            "tell whoever runs the index: one of the two is not the file that was published",
        )


def _offer(item: object, base: str, folded: str) -> Offer | None:
    if not isinstance(item, dict):
        return None
    filename, url = item.get("filename"), item.get("url")
    if not isinstance(filename, str) or not isinstance(url, str) or not _FILENAME.match(filename):
        return None
    version, address = version_in(filename, folded), _absolute(url, base)
    if not version or not address:
        return None
    size, provenance = item.get("size"), item.get("provenance")
    described = item.get("core-metadata", item.get("dist-info-metadata", item.get("data-dist-info-metadata")))
    return Offer(
        version,
        filename,
        address,
        _digests(item.get("hashes")),
        instant(item.get("upload-time")),
        size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        _digests(described) if described else None,
        _absolute(provenance, base) if isinstance(provenance, str) and provenance else "",
    )


def _digests(hashes: object) -> tuple[str, ...]:
    """Digests of a known kind and the right length, the strongest first."""
    if not isinstance(hashes, dict):
        return ()
    usual = hashes.get("sha256")
    if len(hashes) == 1 and isinstance(usual, str) and _SHA256.match(usual):
        return (f"sha256:{usual}",)
    found = [
        (_RANK[kind], f"{kind}:{value.lower()}")
        for kind, value in hashes.items()
        if isinstance(value, str) and len(value) == _HEX.get(kind) and _DIGITS.match(value.lower())
    ]
    return tuple(text for _, text in sorted(found))


def _absolute(url: str, base: str) -> str:
    """The address without userinfo and fragment; empty when it is none that can be fetched over HTTP."""
    if _PLAIN_URL.match(url) and "/." not in url:
        return url
    try:
        parts = urlsplit(urljoin(base, url.strip()))
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return ""
    clean = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
    return clean if _URL.match(clean) else ""
