"""A simple index in HTML says the same as one in JSON, in attributes of its links.

Source: PEP 503 with 592, 629, 658, 714, 740 and 792; the JSON keys are those of PEP 691. The file name is the
last part of the link's address, as pip and uv read it. Attributes that nobody knows are kept under `_data`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import unquote

from seawall.kernel.errors import OutsideError

from .pypi_simple import MOST_FILES, TRY, version_in

_HASH = re.compile(r"[#&](sha512|sha384|sha256|sha224|sha1|md5)=([0-9A-Fa-f]+)")
_OLD = (".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg", ".sig", ".asc")
_KNOWN = {
    "data-requires-python": "requires-python",
    "data-yanked": "yanked",
    "data-core-metadata": "core-metadata",
    "data-dist-info-metadata": "dist-info-metadata",
    "data-gpg-sig": "gpg-sig",
    "data-provenance": "provenance",
}
_META = {"pypi:project-status": "status", "pypi:project-status-reason": "reason"}


def html_page(text: str, folded: str) -> dict[str, object]:
    """The page as PEP 691 would have it, and `_base` where it has one. Raises OutsideError.

    A page that opens `<html>` or `<body>` and does not close it is cut short. One with links of which none
    is a file of this project is some other page (a log-in, an error).
    """
    reader = _Links()
    reader.feed(text)
    # Without close(): it would go through a hostile rest again from each of its characters on.
    if "<" in reader.rawdata or reader.open:
        raise OutsideError("its page is cut short", TRY)
    files = [entry for anchor in reader.anchors if (entry := _entry(anchor))]
    if reader.anchors and not any(_is_file(str(entry["filename"]), folded) for entry in files):
        raise OutsideError(f"its page has links, but none to a file of {folded}", TRY)
    page: dict[str, object] = {
        "meta": {"api-version": reader.meta.get("pypi:repository-version", "1.0")},
        "name": folded,
        "files": files,
    }
    status = {key: reader.meta[said] for said, key in _META.items() if said in reader.meta}
    if status:
        page["project-status"] = status
    if reader.base:
        page["_base"] = reader.base
    return page


class _Links(HTMLParser):
    """Collects anchors, `<base>` and the `<meta>` of the simple API."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: list[Mapping[str, str | None]] = []
        self.meta: dict[str, str] = {}
        self.base = ""
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            if len(self.anchors) >= MOST_FILES:
                raise OutsideError(f"its page has more than {MOST_FILES} links", TRY)
            self.anchors.append(dict(reversed(attrs)))
        elif tag == "meta":
            said = dict(attrs)
            self.meta.setdefault(said.get("name") or "", said.get("content") or "")
        elif tag == "base":
            self.base = self.base or dict(attrs).get("href") or ""
        elif tag in ("html", "body"):
            self.open = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("html", "body"):
            self.open = False


def _entry(anchor: Mapping[str, str | None]) -> dict[str, object] | None:
    href = (anchor.get("href") or "").strip()
    address, mark, fragment = href.partition("#")
    filename = unquote(address.partition("?")[0].rpartition("/")[2])
    if not filename:
        return None
    entry: dict[str, object] = {
        "filename": filename,
        "url": address,
        "hashes": {kind: value.lower() for kind, value in _HASH.findall(mark + fragment)},
        "yanked": False,
    }
    others = {}
    for attribute, value in anchor.items():
        key = _KNOWN.get(attribute)
        if key:
            entry[key] = _value(key, value or "")
        elif attribute.startswith("data-"):
            others[attribute] = value or ""
    if others:
        entry["_data"] = others
    return entry


def _value(key: str, text: str) -> object:
    if key == "yanked":
        return text or True
    if key == "gpg-sig":
        return text.lower() == "true"
    if key.endswith("metadata"):
        kind, mark, value = text.partition("=")
        return {kind.lower(): value.lower()} if mark else text.lower() != "false"
    return text


def _is_file(filename: str, folded: str) -> bool:
    return bool(version_in(filename, folded)) or filename.lower().endswith(_OLD)
