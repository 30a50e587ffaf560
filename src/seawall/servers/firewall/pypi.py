"""PyPI's protocol: what pip, uv, poetry and pdm ask an index, and how they are answered.

Source: the simple repository API (PEP 503, 691), with the files under an address that names their project, so
that a locked install that asks for nothing but the file can be judged. Nothing else of PyPI is here: uploads,
searches (XML-RPC) and the JSON of before the simple API go to the index itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from seawall.adapters.registries.pypi import PYPI as REGISTRY
from seawall.kernel.admission import Ruling
from seawall.kernel.asset import pypi_name
from seawall.kernel.dialect import Asked, Dialect, Document, File, Rendered, Said, Wanted
from seawall.kernel.offer import Offering
from seawall.readers.registries.pypi_page import read_page
from seawall.readers.registries.pypi_simple import version_in
from seawall.reports import simple_index
from seawall.reports.denial import failure

JSON, HTML, TEXT = "json", "html", "text"
TYPES = {
    JSON: "application/vnd.pypi.simple.v1+json",
    HTML: "application/vnd.pypi.simple.v1+html",
    TEXT: "text/html; charset=utf-8",
}
_FORMS = {
    "application/vnd.pypi.simple.v1+json": JSON,
    "application/vnd.pypi.simple.latest+json": JSON,
    "application/vnd.pypi.simple.v1+html": HTML,
    "application/vnd.pypi.simple.latest+html": HTML,
    "text/html": TEXT,
}
_PREFERRED = (TEXT, JSON, HTML)
"""Where the client does not care: HTML, as every client ever understood it."""
_ASIDES = ("metadata", "provenance")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!~-]{0,254}\Z")
_LONGEST_PATH = 1024
_LONGEST_ACCEPT = 1024
_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z", re.ASCII)


def understand(asked: Asked) -> Wanted:
    """What a request below `/pypi` wants; whatever cannot be had here is said in a sentence."""
    if asked.method not in ("GET", "HEAD"):
        said = "this firewall only hands out packages; upload to the index itself"
        return Said(405, failure(said), headers=(("allow", "GET, HEAD"),))
    parts = _parts(asked.path)
    if parts is None:
        return _no(400, "the address is malformed")
    match parts:
        case ["simple", name, *rest] if name and rest in ([], [""]):
            return _page(asked, name, whole=bool(rest))
        case ["files", name, filename]:
            return _file(name, filename)
        case ["simple", *_]:
            said = "the list of all projects is not kept here; ask for one"
        case [_, "json"] | [_, _, "json"]:
            said = "the JSON API of before the simple API is not served here"
        case _:
            said = "no page is at this address"
    return _no(404, f"{said}: /pypi/simple/NAME/")


def _parts(path: str) -> list[str] | None:
    """The decoded parts of a path; None where it is no clean one. An empty last part is its last slash."""
    if not path.startswith("/") or len(path) > _LONGEST_PATH:
        return None
    try:
        parts = [unquote_to_bytes(part).decode() for part in path[1:].split("/")]
    except UnicodeError:
        return None
    clean = all(
        part not in (".", "..") and part.isprintable() and not {*part} & {"/", "\\"} for part in parts
    )
    return parts if clean and all(parts[:-1]) else None


def _page(asked: Asked, name: str, *, whole: bool) -> Wanted:
    folded = pypi_name(name)
    if not REGISTRY.address("", folded):
        return _no(404, "that is no name of a project")
    if not whole or folded != name:
        return Said(301, headers=(("location", f"{asked.base}/simple/{folded}/"),))
    form = negotiated(asked.headers.get("accept", "")[:_LONGEST_ACCEPT])
    return Document(folded, form) if form else _no(406, f"a project page comes as {', '.join(_FORMS)}")


def _file(name: str, filename: str) -> Wanted:
    folded = pypi_name(name)
    bare, _, aside = filename.rpartition(".")
    if aside not in _ASIDES:
        bare, aside = filename, ""
    if not REGISTRY.address("", folded) or not _FILENAME.match(bare):
        return _no(404, "no file is at this address")
    return File(folded, bare, aside)


def _no(status: int, error: str) -> Said:
    return Said(status, failure(error))


@lru_cache(maxsize=1024)
def negotiated(accept: str) -> str:
    """The form that an Accept header asks for (RFC 9110, 12.5.1; PEP 691); empty when none will do."""
    if not accept.strip():
        return TEXT
    wanted: dict[str, float] = {}
    others = 0.0
    for item in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((_quality(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
        if kind in _FORMS:
            form = _FORMS[kind]
            wanted[form] = max(quality, wanted.get(form, 0.0))
        elif kind == "*/*":
            others = max(others, quality)
        elif kind == "text/*":
            wanted.setdefault(TEXT, quality)
    for form in _PREFERRED:
        wanted.setdefault(form, others)
    best = max(_PREFERRED, key=lambda form: wanted[form])
    return best if wanted[best] > 0 else ""


def _quality(text: str) -> float:
    return float(text) if _QUALITY.match(text) else 0.0


def render(offering: Offering, ruling: Ruling, form: str, _base: str) -> Rendered:
    """The page in one of its forms. What is held back stays on it, marked as yanked with the reason."""
    write = simple_index.as_json if form == JSON else simple_index.as_html
    return Rendered(write(offering, ruling), TYPES[form])


PYPI = Dialect(
    prefix="pypi",
    ecosystem="PyPI",
    accept="application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
    understand=understand,
    address=REGISTRY.address,
    read=read_page,
    render=render,
    version_in=version_in,
)
