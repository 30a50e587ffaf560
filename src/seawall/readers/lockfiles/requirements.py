"""A requirements file is read as pip reads it: lines are joined, stripped of comments, then split into
requirement and options. A line that fixes one version is a pin, everything else is a requirement.

`# via` comments, as pip-compile and uv write them, tell direct from transitive.
Source: pip's "Requirements File Format" and its behaviour; `# via` as pip-tools and uv write it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, unquote

from seawall.kernel.asset import pypi_name
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Include, Pin, ProblemKind, Requirement
from seawall.kernel.source import REGISTRY, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._chains import ancestors, names, reached
from ._draft import Draft, clean, facts, hash_fact, local_source, url_source
from ._pep508 import Wanted, archive_name, archive_version, digests_of, parse, source_of

_VIA = re.compile(r"\s*#\s+via(?:\s+(.*))?$")
_VIA_MORE = re.compile(r"\s*#\s{2,}(\S.*)$")
_EGG_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_HASHES_ONLY = re.compile(r"--hash(?:=|\s+)[^\s'\"\\]+(?:\s+--hash(?:=|\s+)[^\s'\"\\]+)*\s*\Z")
_HASH = re.compile(r"--hash(?:=|\s+)(\S+)")
_ENTRY_LIKE = re.compile(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*(?:===?|>=|<=|~=|!=|<|>)\s*[\w.*]+", re.ASCII)
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar", ".tar.lz")

_TAKES_VALUE = {
    "-r": "requirement",
    "--requirement": "requirement",
    "-c": "constraint",
    "--constraint": "constraint",
    "-e": "editable",
    "--editable": "editable",
    "-i": "index",
    "--index-url": "index",
    "--pypi-url": "index",
    "--extra-index-url": "extra",
    "-f": "find",
    "--find-links": "find",
    "--hash": "hash",
    "--trusted-host": "trusted",
    "--no-binary": "",
    "--only-binary": "",
    "--use-feature": "",
    "--all-releases": "",
    "--only-final": "",
    "--global-option": "",
    "--install-option": "",
    "-C": "",
    "--config-setting": "",
    "--config-settings": "",
}
_FLAGS = ("--no-index", "--pre", "--prefer-binary", "--require-hashes", "--use-wheel", "--no-use-wheel")
_OPTIONS = (*_TAKES_VALUE, *_FLAGS)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line as pip sees it: joined, without comment. `comment` is what stood behind the `#`."""

    number: int
    text: str
    comment: str


@dataclass(slots=True)
class _File:
    """A requirements file while it is being read."""

    draft: Draft
    constraint: bool
    index: Source = REGISTRY
    trusted: int = 0
    no_index: bool = False
    exported: bool = False
    via: dict[int, list[str]] = field(default_factory=dict)
    last: int = -1
    final: Pin | Requirement | None = None
    collecting: bool = False


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a requirements file says; one named `constraints*` is read as constraints.

    `kind` is a lockfile when every package from a registry is fixed (or some carry a digest, which makes
    pip ask it of all), else a manifest. `direct` is None in a file without `# via` comments.
    """
    constraint = "constraint" in path.rpartition("/")[2].lower()
    return _read(data, path, limits, constraint=constraint)


def read_constraints(data: bytes, path: str, limits: Limits) -> Document:
    """What a file named by pip's `-c` says: it limits and installs nothing, so it holds no pin."""
    return _read(data, path, limits, constraint=True)


def _read(data: bytes, path: str, limits: Limits, *, constraint: bool) -> Document:
    file = _File(Draft(path, limits), constraint)
    draft = file.draft
    try:
        content = decode(data, limits)
    except SyntaxFault as fault:
        draft.fault(fault)
        return _document(file)
    file.exported = "uv export" in content[:1000]
    for line in _lines(content):
        if draft.full():
            break
        if line.text:
            file.collecting = False
            _take(file, line)
        if line.comment:
            _note_via(file, line.comment)
    if content.rstrip(" \t").endswith("\\"):
        draft.problem(
            ProblemKind.TRUNCATED, "the last line goes on, but the file ends", content.count("\n") + 1
        )
    return _document(file)


def _document(file: _File) -> Document:
    draft = file.draft
    _complete(file)
    _apply_index(file)
    _apply_via(file)
    pins = draft.pins
    loose = any(r.source.kind is SourceKind.REGISTRY for r in draft.requirements)
    hashed = any(pin.digests for pin in pins)
    kind = DocumentKind.LOCKFILE if pins and (hashed or not loose) else DocumentKind.MANIFEST
    return draft.document(
        "constraints" if file.constraint else "requirements",
        kind,
        facts(
            hashes=hash_fact(pins),
            trusted_hosts=file.trusted or "",
            no_index="true" if file.no_index else "",
        ),
    )


def _complete(file: _File) -> None:
    """pip asks a digest of every package if one has any, so a last one without was cut off."""
    final = file.final
    if final is None or final.digests or final.source is not REGISTRY:
        return
    if any(pin.digests for pin in file.draft.pins):
        message = "the last package has no digest, though others have"
        file.draft.problem(ProblemKind.TRUNCATED, message, final.line)


def _lines(content: str) -> Iterator[_Line]:
    joined: list[str] = []
    first = 0
    for number, raw in enumerate(content.splitlines(), 1):
        commented = "#" in raw and _comment_at(raw) >= 0
        if not commented and raw.endswith("\\"):
            first = first or number
            joined.append(raw.strip("\\"))
            continue
        # A comment ends a joined line; the blank keeps it apart from what stands before it.
        joined.append(f" {raw}" if commented else raw)
        yield _line(first or number, "".join(joined))
        joined, first = [], 0
    if joined:
        yield _line(first, "".join(joined))


def _line(number: int, joined: str) -> _Line:
    at = _comment_at(joined) if "#" in joined else -1
    if at < 0:
        return _Line(number, joined.strip(), "")
    return _Line(number, joined[:at].strip(), joined[at:])


def _comment_at(line: str) -> int:
    """Where the comment begins: at a `#` that is the first character or stands behind a blank."""
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return at


def _take(file: _File, line: _Line) -> None:
    wanted, options = _split(line.text)
    file.last = -1
    if not wanted:
        _options(file, options, line.number)
        return
    if not options or _HASHES_ONLY.match(options):
        hashes = _HASH.findall(options)
    else:
        hashes = [v for kind, v in _parsed(file, options, line.number) if kind == "hash"]
    _requirement(file, wanted, hashes, line.number)


def _split(line: str) -> tuple[str, str]:
    """Requirement and options: the options begin at the first word that starts with a dash."""
    if line.startswith("-"):
        return "", line
    at = line.find(" -")
    if at < 0:
        return line, ""
    return line[:at].strip(), line[at + 1 :]


def _parsed(file: _File, options: str, number: int) -> Iterator[tuple[str, str]]:
    """(kind, value) of every option, as optparse takes them: `-rX`, `-r X`, `--long=X`, `--lon X`."""
    rest = iter(_words(file, options, number))
    for word in rest:
        flag, value = _option(word)
        if not flag:
            kind = ProblemKind.MALFORMED if word.startswith("-") else ProblemKind.UNSUPPORTED
            file.draft.problem(kind, "an option that pip does not take in a file", number)
            continue
        if flag in _FLAGS:
            yield flag, ""
            continue
        if value is None:
            value = next(rest, None)
        if value is None:
            file.draft.problem(ProblemKind.TRUNCATED, f"{flag} without its value", number)
            return
        yield _TAKES_VALUE[flag], value


def _words(file: _File, options: str, number: int) -> list[str]:
    """As a shell splits them. The library takes the square of a word's length, so long ones are refused."""
    if not any(character in options for character in "'\"\\"):
        return options.split()
    if len(options) > file.draft.limits.text_field:
        file.draft.problem(ProblemKind.TOO_LARGE, "a line of options with quotes that is too long", number)
        return []
    try:
        return shlex.split(options)
    except ValueError:
        file.draft.problem(ProblemKind.MALFORMED, "a line with an open quote", number)
        return []


def _option(word: str) -> tuple[str, str | None]:
    """The option's full name, empty when pip has none such, and its value if it is in the same word."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        matches = [name] if name in _OPTIONS else [o for o in _OPTIONS if o.startswith(name)]
        flag = matches[0] if len(matches) == 1 else ""
        return flag, value if equals else None
    if word[:2] in _TAKES_VALUE:
        return word[:2], word[2:] or None
    return "", None


def _options(file: _File, options: str, number: int) -> None:
    for kind, value in _parsed(file, options, number):
        if kind in ("requirement", "constraint"):
            _include(file, value, kind, number)
        elif kind == "editable":
            _direct(file, value, [], number)
        elif kind == "index":
            file.index = url_source(value, SourceKind.REGISTRY)
            file.draft.registries[file.index] = None
        elif kind == "extra":
            file.draft.registries[url_source(value, SourceKind.REGISTRY)] = None
        elif kind == "find":
            place = url_source(value, SourceKind.URL) if "://" in value else local_source(value)
            file.draft.registries[place] = None
        elif kind == "trusted":
            file.trusted += 1
        elif kind == "--no-index":
            file.no_index = True


def _include(file: _File, target: str, relation: str, number: int) -> None:
    draft = file.draft
    if len(draft.includes) >= draft.limits.includes:
        draft.problem(ProblemKind.TOO_MANY, f"more than {draft.limits.includes} included files", number)
        return
    if "://" in target:
        source = url_source(target, SourceKind.URL)
        draft.registries[source] = None
        target = source.location
    draft.includes.append(Include(target, relation, number))


def _requirement(file: _File, wanted: str, hashes: list[str], number: int) -> None:
    if len(wanted) > file.draft.limits.text_field:
        file.draft.problem(ProblemKind.TOO_LARGE, "a requirement that is too long", number)
        return
    found = parse(wanted)
    if found is None or (found.source is REGISTRY and _is_archive(wanted)):
        if not _is_place(wanted):
            file.draft.problem(ProblemKind.MALFORMED, "a line that is not a requirement", number)
            return
        _direct(file, wanted, hashes, number)
        return
    _put(file, found, hashes, number)


def _is_archive(wanted: str) -> bool:
    return wanted.split(";", 1)[0].rstrip().lower().endswith(_ARCHIVES)


def _is_place(wanted: str) -> bool:
    """Whether pip would take it for a URL or a local path rather than a name."""
    bare = wanted.split(" ;", 1)[0].strip()
    if " " in bare and "://" in bare:
        return False
    return bare.startswith(".") or "/" in bare or "\\" in bare or _is_archive(bare)


def _direct(file: _File, place: str, hashes: list[str], number: int) -> None:
    """A URL, a repository or a path, as `-e` or on a line of its own; `name @ url` comes here after `-e`."""
    bare, _, marker = place.partition("; ") if "://" in place else place.partition(";")
    named = parse(bare)
    if named is not None and named.source is not REGISTRY:
        _put(file, named, hashes, number)
        return
    bare, _, fragment = bare.strip().partition("#")
    egg = parse_qs(fragment).get("egg", [""])[0]
    match = _EGG_NAME.match(unquote(egg))
    if "://" not in bare and not bare.startswith("file:"):
        bare = _without_extras(bare)
    name = pypi_name(match[0]) if match else archive_name(bare)
    version = archive_version(bare, name) if name else ""
    place_of = Wanted(name, "", clean(marker.strip()), source_of(bare), version, digests_of(f"#{fragment}"))
    _put(file, place_of, hashes, number)


def _without_extras(path: str) -> str:
    """`./here` of `./here[one,two]`."""
    if not path.endswith("]"):
        return path
    start = path.find("[", path.rfind("]", 0, -1) + 1)
    return path[:start] if start >= 0 else path


def _put(file: _File, wanted: Wanted, hashes: list[str], number: int) -> None:
    draft = file.draft
    digests = draft.digests([*hashes, *wanted.digests], number) if hashes or wanted.digests else ()
    version = draft.version(wanted.version, number) if wanted.version else ""
    if version and not file.constraint:
        file.last = len(draft.pins)
        pin = Pin("PyPI", wanted.name, version, draft.path, number, wanted.source, digests)
        draft.pins.append(pin)
        file.final = pin
        return
    group = "constraint" if file.constraint else "main"
    asked = Requirement(
        ecosystem="PyPI",
        name=wanted.name,
        spec=wanted.spec,
        path=draft.path,
        line=number,
        source=wanted.source,
        exact=bool(version),
        digests=digests,
        group=group,
        marker=wanted.marker,
    )
    draft.requirements.append(asked)
    file.final = asked


def _apply_index(file: _File) -> None:
    """Packages by name come from the file's own index, if it names exactly one."""
    draft, index = file.draft, file.index
    if index is REGISTRY or sum(s.kind is SourceKind.REGISTRY for s in draft.registries) != 1:
        return
    source = Source(index.kind, index.location, index.host, index.scheme)
    draft.pins = [replace(p, source=source) if p.source is REGISTRY else p for p in draft.pins]
    draft.requirements = [
        replace(r, source=source) if r.source is REGISTRY else r for r in draft.requirements
    ]


def _note_via(file: _File, comment: str) -> None:
    """Collects the names of a `# via` comment, on its own line or on the requirement's."""
    if file.last < 0:
        return
    start = _VIA.match(comment)
    if start:
        file.collecting = start[1] is None
        file.via.setdefault(file.last, []).extend((start[1] or "").split(", ") if start[1] else [])
        return
    more = _VIA_MORE.match(comment) if file.collecting else None
    if more:
        file.via[file.last].append(more[1].strip())
    else:
        file.collecting = False


def _apply_via(file: _File) -> None:
    """`direct` and `via` from the comments; nothing, if the file has none.

    What is named with a file (`-r x.in`, `name (pyproject.toml)`) is the project, and so is any name that
    is not in the file if uv exported it from a lock; pip-compile leaves out some packages it has.
    """
    pins = file.draft.pins
    present = {pin.name for pin in pins}
    below: dict[str, list[str]] = {}
    direct: dict[str, None] = {}
    indirect: set[str] = set()
    for index, said in file.via.items():
        name = pins[index].name
        for word in filter(None, map(str.strip, said)):
            parent = pypi_name(word)
            if parent in present:
                below.setdefault(parent, []).append(name)
                indirect.add(name)
            elif word.startswith("-r") or word.endswith(")") or file.exported:
                direct[name] = None
    if not file.via:
        return
    reach = reached(direct, lambda name: below.get(name, ()))
    for index, pin in enumerate(pins):
        if pin.name in direct:
            pins[index] = replace(pin, direct=True)
        elif pin.name in indirect:
            chain = names(ancestors(reach, pin.name), file.draft.limits.chain)
            pins[index] = replace(pin, direct=False, via=chain)


def _sniff(head: bytes) -> bool:
    """Whether the first entries look like requirements: the name of such a file says nothing."""
    lines = [s for s in (raw.strip() for raw in head.decode("utf-8", "replace").splitlines()) if s]
    entries = [s for s in lines if not s.startswith("#")][:3]
    options = ("-r ", "-c ", "-e ", "-i ", "--hash", "--index-url", "--extra-index-url", "--find-links")
    return bool(entries) and all(_ENTRY_LIKE.match(s) or s.startswith(options) for s in entries)


FORMAT = Format(
    "requirements",
    DocumentKind.LOCKFILE,
    "PyPI",
    (
        "requirements*.txt",
        "*requirements.txt",
        "requirements*.in",
        "*requirements.in",
        "requirements/*.txt",
        "requirements/*.in",
    ),
    read,
    _sniff,
)
CONSTRAINTS = Format(
    "constraints",
    DocumentKind.MANIFEST,
    "PyPI",
    ("constraints*.txt", "*constraints.txt", "constraints*.in"),
    read_constraints,
)
