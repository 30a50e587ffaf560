"""npm's protocol: what npm, pnpm, yarn and bun ask a registry, and how they are answered.

Source: npm/registry (docs/REGISTRY-API.md, docs/responses/package-metadata.md) and the clients themselves.
Only what installing needs is here. Searching, logging in and publishing go to the registry itself; an audit
is answered from our own advisories. The registry's signing keys are not handed on: `npm audit signatures`
takes them from elsewhere, and several registries may stand behind one address.
"""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from seawall.adapters.registries.npm import NPM as REGISTRY
from seawall.kernel.admission import Ruling
from seawall.kernel.dialect import Asked, Audit, Dialect, Document, File, Rendered, Said, Wanted
from seawall.kernel.errors import UsageError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.readers.registries.npm_audit import read_bulk, read_tree
from seawall.readers.registries.npm_document import read_document, usual_filename, version_in
from seawall.reports import packument
from seawall.reports.denial import failure

from .phrase import ToldStatus

FULL, ABBREVIATED, TAGS, MANIFEST = "full", "abbreviated", "tags", "manifest:"
BULK, QUICK = "bulk", "quick"
_AUDITS = {
    ("-", "npm", "v1", "security", "advisories", "bulk"): BULK,
    ("-", "npm", "v1", "security", "audits", "quick"): QUICK,
    ("-", "npm", "v1", "security", "audits"): QUICK,
}
_PING = ("-", "ping")
_ATTESTATIONS = ("-", "npm", "v1", "attestations")
_PACKAGE_TAGS = ("-", "package")
_MOST_PARTS = 12
_SPEC = re.compile(r"[^\x00-\x20/\\\x7f]{1,256}")
_FILENAME = re.compile(r"[A-Za-z0-9][\w.~+-]{0,300}\.tgz", re.ASCII)
_HANDS_OUT = "this firewall only hands out packages"
_ITSELF = "do that at the registry itself: --registry=<its address>"


def understand(asked: Asked) -> Wanted:
    """What a request below `/npm` wants; whatever cannot be had here is said in a sentence."""
    parts = _parts(asked.path)
    if parts is None:
        return _no(400, "the address is malformed")
    if asked.method not in ("GET", "HEAD"):
        return _sent(asked, parts)
    if parts[:1] == ("-",):
        return _service(parts)
    name, rest = _name(parts)
    return _of_package(name, rest, asked.headers.get("accept", "")) or _no(
        404, "no package is at this address"
    )


def _of_package(name: str, rest: tuple[str, ...], accept: str) -> Wanted | None:
    """What is wanted of a package: `NAME`, `NAME/VERSION`, `NAME/TAG`, `NAME/-/FILE`, `@S/N/-/@S/FILE`."""
    wanted: Wanted | None = None
    match (name, rest):
        case ("", _):
            pass
        case (_, ()):
            wanted = Document(name, ABBREVIATED if packument.SHORT_TYPE in accept else FULL)
        case (_, (spec,)) if spec != "-" and _SPEC.fullmatch(spec):
            wanted = Document(name, f"{MANIFEST}{spec}")
        case (_, ("-", *scope, filename)) if _FILENAME.fullmatch(filename):
            if not scope or scope == name.split("/")[:-1]:
                wanted = File(name, filename)
    return wanted


def _parts(path: str) -> tuple[str, ...] | None:
    """The decoded parts of a path, the last slash left out; None where it is no clean path."""
    raw = path.strip("/").split("/") if path.startswith("/") else [""]
    if len(raw) > _MOST_PARTS:
        return None
    try:
        parts = tuple(unquote(part, errors="strict") for part in raw)
    except UnicodeDecodeError:
        return None
    clean = all(
        part and part not in (".", "..") and part.isprintable() and "\\" not in part for part in parts
    )
    return parts if clean else None


def _name(parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The package's name and what follows; the name is empty where it is none."""
    if parts[0].startswith("@") and "/" not in parts[0]:
        name, rest = "/".join(parts[:2]), parts[2:]
    else:
        name, rest = parts[0], parts[1:]
    return (name, rest) if REGISTRY.address("", name) else ("", ())


def _sent(asked: Asked, parts: tuple[str, ...]) -> Wanted:
    if asked.method == "POST" and parts in _AUDITS:
        return _audit(asked, _AUDITS[parts])
    return _no(405, _HANDS_OUT, _ITSELF, (("allow", "GET, HEAD"),))


def _service(parts: tuple[str, ...]) -> Wanted:
    if parts == _PING:
        return Said(200, b"{}")
    if parts[:2] == _PACKAGE_TAGS and parts[-1] == "dist-tags" and len(parts) > 3:
        name, rest = _name(parts[2:-1])
        return Document(name, TAGS) if name and not rest else _no(404, "that is no name of a package")
    if parts[:4] == _ATTESTATIONS:
        before, _, version = "/".join(parts[4:]).rpartition("@")
        name, rest = _name(tuple(before.split("/"))) if before else ("", ())
        filename = usual_filename(name, version)
        if name and not rest and _FILENAME.fullmatch(filename):
            return File(name, filename, "attestations")
    return _no(404, _HANDS_OUT, _ITSELF)


def _no(status: int, error: str, advice: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Said:
    said = f"{error}; {advice}" if advice else error
    return Said(status, failure(said, advice), headers=headers)


def _audit(asked: Asked, form: str) -> Wanted:
    read = read_bulk if form == BULK else read_tree
    try:
        return Audit(read(asked.body, asked.headers.get("content-encoding", ""), DEFAULT_LIMITS), form)
    except UsageError as error:
        return _no(400, str(error), error.advice)


def render(offering: Offering, ruling: Ruling, form: str, base: str) -> Rendered:
    """The document in one of its forms, with `npm-notice` where something newer is held back.

    npm prints a notice only of an answer that it may not keep (measured with npm 11.21).
    """
    if not packument.let_in(offering, ruling) and packument.held(offering, ruling):
        return _denied(packument.nothing_left(offering, ruling))
    if form.startswith(MANIFEST):
        return _manifest(offering, ruling, form.removeprefix(MANIFEST), base)
    if form == TAGS:
        return Rendered(packument.tags(offering, ruling), "application/json")
    said = packument.notice(offering, ruling)
    headers = (("npm-notice", said), ("cache-control", "no-store")) if said else ()
    if form == ABBREVIATED:
        return Rendered(packument.short(offering, ruling, base), packument.SHORT_TYPE, headers)
    return Rendered(packument.full(offering, ruling, base), "application/json", headers)


def _denied(body: bytes) -> Rendered:
    """npm and yarn print the body's `error`, pnpm only the status line."""
    return Rendered(body, "application/json", status=ToldStatus(403, str(json.loads(body)["error"])))


def _manifest(offering: Offering, ruling: Ruling, wanted: str, base: str) -> Rendered:
    body = packument.manifest(offering, ruling, base, wanted)
    if body is not None:
        return Rendered(body, "application/json")
    refused = packument.refusal(offering, ruling, wanted)
    if refused is not None:
        return _denied(refused)
    return Rendered(failure(f"{offering.name} has no {wanted}"), "application/json", status=404)


NPM = Dialect(
    prefix="npm",
    ecosystem="npm",
    accept="application/json",
    understand=understand,
    address=REGISTRY.address,
    read=read_document,
    render=render,
    based=True,
    version_in=version_in,
)
