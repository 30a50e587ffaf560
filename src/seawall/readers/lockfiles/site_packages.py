"""What is installed is read from the records beside the code, and nothing there is ever imported.

Source: the core metadata, recording installed projects (RECORD, INSTALLER, REQUESTED) and direct URL
specifications; `site` of the standard library for `.pth` lines, sitecustomize and usercustomize; PEP 829
for `.start` files (Python 3.15).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from seawall.kernel.asset import pypi_name
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind, StartupHook
from seawall.kernel.source import REGISTRY, UNKNOWN, WORKSPACE, Source, SourceKind
from seawall.readers.format import Environment
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._chains import ancestors, names, reached
from ._draft import Draft, clean, facts, local_source, table, text, url_source

_INFO_FILES = frozenset({"METADATA", "RECORD", "direct_url.json", "INSTALLER", "REQUESTED"})
_EGG_FILES = frozenset({"PKG-INFO", "installed-files.txt"})
_CUSTOMIZE = re.compile(r"(site|user)customize(?:\.[A-Za-z0-9_-]+)*\.(?:py|pyc|so|pyd)\Z")
_CUSTOMIZE_PACKAGE = re.compile(r"(site|user)customize/__init__(?:\.[A-Za-z0-9_-]+)*\.(?:py|pyc|so|pyd)\Z")
_RECORD_HOOK = re.compile(
    rb"^\"?((?:\./)?[^,\"\r\n/]*\.(?:pth|start)"
    rb"|(?:\./)?(?:site|user)customize[^,\"\r\n]{0,80})\"?"
    rb"(?:,([^,\r\n]{0,120}))?",
    re.MULTILINE,
)
_DIRECTORY = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]*(?:-[A-Za-z0-9._]+)*?)-(?P<version>[0-9][^-]*)")
_WANTS = re.compile(
    r"^Requires-Dist:[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)([^\r\n]*)", re.MULTILINE | re.IGNORECASE
)
_FIELD = re.compile(r"^(Name|Version):[ \t]*([^\r\n]*)", re.MULTILINE | re.IGNORECASE)
_CODE_CHARACTERS = 120
_HEAD_BYTES = 1024 * 1024

_Files = Mapping[str, bytes]


@dataclass(slots=True)
class _Installed:
    """One distribution, as its own files describe it."""

    place: str
    name: str
    version: str
    line: int
    wants: tuple[str, ...]
    files: dict[str, bytes]
    metadata: str


def wanted(path: str) -> bool:
    """Whether the file at `path`, relative to the root, is read."""
    parts = path.split("/")
    if len(parts) == 1:
        name = parts[0]
        return name.endswith((".pth", ".start", ".egg-info")) or bool(_CUSTOMIZE.match(name))
    if len(parts) == 2:
        if parts[0].endswith(".dist-info"):
            return parts[1] in _INFO_FILES
        if parts[0].endswith(".egg-info"):
            return parts[1] in _EGG_FILES
        return bool(_CUSTOMIZE_PACKAGE.match(path))
    return len(parts) == 3 and parts[0].endswith(".egg") and parts[1:] == ["EGG-INFO", "PKG-INFO"]


def read(root: str, files: _Files, limits: Limits) -> Document:
    """What an environment holds. `direct` is what its installer was asked for, where it says so.

    A start-up file belongs to the distribution whose RECORD lists it with the digest that it has; a
    RECORD whose digest is another one speaks of another file, so that file has no owner. An editable
    installation has the source kind workspace; a package from conda has an unknown one.
    """
    draft = Draft(root, limits)
    installed = [i for place, group in _places(files).items() if (i := _installed(draft, place, group))]
    reach = _reach(draft, installed)
    for item in installed:
        if draft.full():
            break
        draft.entry(_pin(draft, item, *reach.get(item.name, (None, ()))))
    owners = _owners(installed, files)
    for path in sorted(files):
        hook = _hook(root, path, files[path], owners)
        if hook is not None:
            draft.hooks.append(hook)
    return draft.document("site-packages", DocumentKind.INSTALLED, facts(hooks=len(draft.hooks) or ""))


def _places(files: _Files) -> dict[str, dict[str, bytes]]:
    """The files of every distribution, by its directory (or its single `.egg-info` file)."""
    found: dict[str, dict[str, bytes]] = {}
    for path in sorted(files):
        place, _, name = path.partition("/")
        if place.endswith((".dist-info", ".egg-info", ".egg")):
            found.setdefault(place, {})[name.rpartition("/")[2] or "PKG-INFO"] = files[path]
    return found


def _installed(draft: Draft, place: str, files: dict[str, bytes]) -> _Installed | None:
    kind = "METADATA" if place.endswith(".dist-info") else "PKG-INFO"
    path = f"{place}/{kind}"
    stem = _DIRECTORY.match(place.removesuffix(".dist-info").removesuffix(".egg-info").removesuffix(".egg"))
    head = _head(files[kind]) if kind in files else ""
    found = {m[1].lower(): (m[2].strip(), m.start()) for m in reversed(list(_FIELD.finditer(head)))}
    name, at = found.get("name", ("", 0))
    version, at = found.get("version", ("", at))
    if not name or not version:
        if not stem:
            draft.problem(
                ProblemKind.MALFORMED, f"an installed package without name and version: {clean(path)}"
            )
            return None
        draft.problem(ProblemKind.TRUNCATED, f"an installed package without readable metadata: {clean(path)}")
        name, version = stem["name"], stem["version"]
    elif stem and pypi_name(stem["name"]) != pypi_name(name):
        draft.problem(ProblemKind.MALFORMED, f"a directory and its metadata name two packages: {clean(path)}")
    line = head.count("\n", 0, at) + 1 if head else 0
    checked = draft.name(name, line)
    release = draft.version(version, line)
    wants = tuple(pypi_name(m[1]) for m in _WANTS.finditer(head) if "extra" not in m[2].partition(";")[2])
    return _Installed(place, checked, release, line, wants, files, kind) if checked and release else None


def _head(data: bytes) -> str:
    """The header fields of a metadata file, without its description."""
    head = data[:_HEAD_BYTES].replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    return head.decode("utf-8", "replace").removeprefix("\ufeff")


def _reach(draft: Draft, installed: list[_Installed]) -> Mapping[str, tuple[bool | None, tuple[str, ...]]]:
    """pip and uv leave REQUESTED where a package was asked for by name; other installers say nothing."""
    requested = [i.name for i in installed if "REQUESTED" in i.files]
    if not requested:
        return MappingProxyType({})
    below = {i.name: i.wants for i in installed}
    parents = reached(requested, lambda name: [n for n in below[name] if n in below])
    asked = set(requested)
    found: dict[str, tuple[bool | None, tuple[str, ...]]] = {}
    for item in installed:
        says_so = item.files.get("INSTALLER", b"").strip() in (b"pip", b"uv")
        direct = True if item.name in asked else False if says_so else None
        found[item.name] = (direct, names(ancestors(parents, item.name), draft.limits.chain))
    return found


def _pin(draft: Draft, item: _Installed, direct: bool | None, via: tuple[str, ...]) -> Pin:
    source, digests = _source(draft, item)
    return Pin(
        ecosystem="PyPI",
        name=item.name,
        version=item.version,
        path=f"{draft.path}/{item.place}/{item.metadata}",
        line=item.line,
        source=source,
        digests=digests,
        direct=direct,
        via=via,
    )


def _source(draft: Draft, item: _Installed) -> tuple[Source, tuple[str, ...]]:
    if item.files.get("INSTALLER", b"").strip() == b"conda":
        return UNKNOWN, ()  # conda leaves the path of its build machine in direct_url.json
    data = item.files.get("direct_url.json")
    if data is None:
        return REGISTRY, ()
    try:
        origin = table(json.load(decode(data, draft.limits), draft.limits))
    except SyntaxFault as fault:
        where = clean(f"{item.place}/direct_url.json")
        draft.problem(fault.kind, f"{where}: {clean(fault.message)}", fault.line)
        return UNKNOWN, ()
    url = text(origin.get("url"))
    if isinstance(vcs := origin.get("vcs_info"), dict):
        return url_source(url, SourceKind.GIT, text(vcs.get("commit_id"))), ()
    if isinstance(directory := origin.get("dir_info"), dict):
        return (WORKSPACE if directory.get("editable") is True else local_source(url)), ()
    archive = table(origin.get("archive_info"))
    hashes = [f"{k}:{v}" for k, v in table(archive.get("hashes")).items()]
    if not hashes and isinstance(old := archive.get("hash"), str):
        hashes = [old.replace("=", ":", 1)]
    place = local_source(url) if url.startswith("file:") else url_source(url, SourceKind.URL)
    return place, draft.digests(hashes)


def _owners(installed: list[_Installed], files: _Files) -> dict[str, str]:
    """Owner by path of every start-up file; a RECORD that proves its digest goes before one without."""
    proven: dict[str, str] = {}
    claimed: dict[str, str] = {}
    for item in installed:
        for match in _RECORD_HOOK.finditer(item.files.get("RECORD", b"")):
            path = match[1].decode("utf-8", "replace").removeprefix("./")
            if path in files:
                digest = (match[2] or b"").decode("ascii", "replace").strip()
                if not digest:
                    claimed.setdefault(path, item.name)
                elif _has_digest(files[path], digest):
                    proven.setdefault(path, item.name)
        for name in item.files.get("installed-files.txt", b"").splitlines():
            path = name.decode("utf-8", "replace").strip().removeprefix("../")
            if path in files and "-info/" not in path:
                claimed.setdefault(path, item.name)
    return {**claimed, **proven}


def _has_digest(data: bytes, recorded: str) -> bool:
    algorithm, _, digest = recorded.partition("=")
    if algorithm not in ("sha256", "sha384", "sha512"):
        return False
    own = hashlib.new(algorithm, data).digest()
    return base64.urlsafe_b64encode(own).rstrip(b"=").decode() == digest.rstrip("=")


def _hook(root: str, path: str, data: bytes, owners: Mapping[str, str]) -> StartupHook | None:
    custom = _CUSTOMIZE.match(path) or _CUSTOMIZE_PACKAGE.match(path)
    if custom:
        kind, found = f"{custom[1]}customize", _first_statement(path, data)
    elif "/" not in path and path.endswith(".pth"):
        kind, found = "pth", _first_import(data)
    elif "/" not in path and path.endswith(".start"):
        kind, found = "start", _first_statement(path, data)
    else:
        return None
    if found is None:
        return None
    line, code = found
    return StartupHook(f"{root}/{path}", line, kind, owners.get(path, ""), _shown(code))


def _shown(code: str) -> str:
    """The code without its longer literals: payloads and secrets are nothing to repeat."""
    return clean(_LITERAL.sub(r"\1…\1", code))[:_CODE_CHARACTERS]


_LITERAL = re.compile(r"""(["'])[^"']{9,}(?:["']|\Z)""")


def _lines(data: bytes) -> list[str]:
    """As `site` splits them: UTF-8 with or without a mark, else bytes as they are; every kind of break."""
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        content = data.decode("latin-1")
    return content.splitlines()


def _first_import(data: bytes) -> tuple[int, str] | None:
    """The first line that `site` would execute; all other lines only name directories."""
    for number, line in enumerate(_lines(data), 1):
        if line.startswith(("import ", "import\t")):
            return number, line.rstrip()
    return None


def _first_statement(path: str, data: bytes) -> tuple[int, str] | None:
    """The first line that is neither blank nor comment; a compiled file is code as a whole."""
    if not path.endswith((".py", ".start")):
        return 0, "compiled code"
    for number, line in enumerate(_lines(data), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            return number, line.strip()
    return None


ENVIRONMENT = Environment("site-packages", "PyPI", ("site-packages", "dist-packages"), wanted, read)
