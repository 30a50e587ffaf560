"""pyproject.toml asks in several dialects at once; here they are one list of requirements.

Source: the pyproject.toml specification (PEP 621), dependency groups (PEP 735), build requirements
(PEP 518), and the documentation of uv, Poetry and PDM for their own tables.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from seawall.kernel.asset import pypi_name
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, ProblemKind, Requirement
from seawall.kernel.source import REGISTRY, WORKSPACE, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._draft import Draft, clean, facts, items, local_source, table, text, texts, url_source
from ._pep508 import Wanted, only_version, parse, source_of

_Table = Mapping[str, object]
_POETRY_EXACT = re.compile(r"\s*(?:===?|=)?\s*(\d[^\s,|*]*)\s*\Z")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*+)"?+|\'([^\'\n]*+)\'?+')
_SNIFF = re.compile(rb"^\[(?:project|build-system|tool\.(?:poetry|uv|pdm)|dependency-groups)\b", re.MULTILINE)


@dataclass(slots=True)
class _Manifest:
    draft: Draft
    content: str
    sources: dict[str, Source] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    strings: dict[str, deque[int]] = field(default_factory=dict)

    def line_of(self, written: str) -> int:
        """The line where `written` stands between quotes, the next one each time; 0 if nowhere."""
        if not self.strings:
            at, line = 0, 1
            for found in _STRING.finditer(self.content):
                line += self.content.count("\n", at, found.start())
                at = found.start()
                self.strings.setdefault(found[1] if found[1] is not None else found[2], deque()).append(line)
        places = self.strings.get(written)
        if not places:
            return 0
        return places.popleft() if len(places) > 1 else places[0]

    def line_of_key(self, key: str) -> int:
        """The first line that gives `key` a value, 0 if none does."""
        if not self.keys:
            for number, line in enumerate(self.content.splitlines(), 1):
                self.keys.setdefault(line.partition("=")[0].strip().strip("\"'"), number)
        return self.keys.get(key, 0)


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a pyproject.toml asks for. `[tool.uv.sources]` and Poetry's tables change where from.

    Included dependency groups are read where they stand. `facts`: `private` is `true` where the project is
    not a package (no build system, `package = false`, `package-mode = false`, a private classifier);
    `dynamic` names the fields that something else fills in.
    """
    draft = Draft(path, limits)
    try:
        content = decode(data, limits)
        project = toml.load(content, limits) if content.strip() else {}
    except SyntaxFault as fault:
        draft.fault(fault)
        return draft.document("pyproject", DocumentKind.MANIFEST)
    manifest = _Manifest(draft, content)
    tool = table(project.get("tool"))
    _uv_sources(manifest, table(tool.get("uv")))
    _standard(manifest, project)
    _uv(manifest, table(tool.get("uv")))
    _pdm(manifest, table(tool.get("pdm")))
    _poetry(manifest, table(tool.get("poetry")), project)
    return draft.document("pyproject", DocumentKind.MANIFEST, _facts(project, tool))


def _facts(project: _Table, tool: _Table) -> Mapping[str, str]:
    own = table(project.get("project"))
    uv, poetry = table(tool.get("uv")), table(tool.get("poetry"))
    private = (
        ("build-system" not in project and bool(own) and not poetry)
        or uv.get("package") is False
        or poetry.get("package-mode") is False
        or any(c.startswith("Private ::") for c in texts(own.get("classifiers")))
    )
    return facts(
        name=own.get("name") or poetry.get("name"),
        private="true" if private and uv.get("package") is not True else "",
        dynamic=",".join(texts(own.get("dynamic"))),
        requires_python=own.get("requires-python"),
    )


def _standard(manifest: _Manifest, project: _Table) -> None:
    own = table(project.get("project"))
    _all(manifest, own.get("dependencies"), "main", "project.dependencies")
    for group in _groups(manifest, own.get("optional-dependencies"), "project.optional-dependencies"):
        _all(manifest, group, "optional", "project.optional-dependencies")
    for group in _groups(manifest, project.get("dependency-groups"), "dependency-groups"):
        _all(manifest, group, "dev", "dependency-groups")
    _all(manifest, table(project.get("build-system")).get("requires"), "build", "build-system.requires")


def _groups(manifest: _Manifest, value: object, where: str) -> Iterator[object]:
    if value is not None and not isinstance(value, dict):
        manifest.draft.problem(ProblemKind.MALFORMED, f"`{where}` is not a table")
    yield from table(value).values()


def _all(manifest: _Manifest, value: object, group: str, where: str) -> None:
    if value is not None and not isinstance(value, list):
        manifest.draft.problem(ProblemKind.MALFORMED, f"`{where}` is not an array")
    for item in items(value):
        if manifest.draft.full():
            return
        if isinstance(item, str):
            _one(manifest, item, group, where)
        elif not (isinstance(item, dict) and "include-group" in item):
            manifest.draft.problem(ProblemKind.MALFORMED, f"`{where}` holds something that is no requirement")


def _one(manifest: _Manifest, written: str, group: str, where: str) -> None:
    line = manifest.line_of(written)
    bare = written.removeprefix("-e ").strip()
    wanted = parse(bare)
    if wanted is None and written.startswith("-e "):  # PDM: `-e file:///…#egg=name`
        place, _, egg = bare.partition("#egg=")
        wanted = Wanted(manifest.draft.name(egg, line), "", "", source_of(place)) if egg else None
    if wanted is None:
        manifest.draft.problem(
            ProblemKind.MALFORMED, f"`{where}` holds something that is no requirement", line
        )
        return
    if wanted.source is REGISTRY:
        wanted = replace(wanted, source=manifest.sources.get(wanted.name, REGISTRY))
    _put(manifest, wanted, group, line, exact=bool(wanted.version))


def _put(manifest: _Manifest, wanted: Wanted, group: str, line: int, *, exact: bool) -> None:
    draft = manifest.draft
    if wanted.name and not draft.full():
        draft.requirements.append(
            Requirement(
                "PyPI",
                wanted.name,
                wanted.spec,
                draft.path,
                line,
                wanted.source,
                exact,
                (),
                group,
                wanted.marker,
            )
        )


def _uv_sources(manifest: _Manifest, uv: _Table) -> None:
    indexes: dict[str, Source] = {}
    for item in items(uv.get("index")):
        url = text(table(item).get("url"))
        if url:
            source = _index(url)
            manifest.draft.registries[source] = None
            indexes[text(table(item).get("name"))] = source
    for url in (text(uv.get("index-url")), *texts(uv.get("extra-index-url")), *texts(uv.get("find-links"))):
        if url:
            manifest.draft.registries[_index(url)] = None
    for name, value in table(uv.get("sources")).items():
        for option in value if isinstance(value, list) else [value]:
            source = _uv_source(table(option), indexes)
            known = manifest.sources.get(pypi_name(name))
            if known is None or known.kind is SourceKind.REGISTRY:
                manifest.sources[pypi_name(name)] = source


def _index(url: str) -> Source:
    return url_source(url, SourceKind.REGISTRY) if "://" in url else local_source(url)


def _uv_source(option: _Table, indexes: Mapping[str, Source]) -> Source:
    if option.get("workspace") is True:
        return WORKSPACE
    if isinstance(git := option.get("git"), str):
        return url_source(git, SourceKind.GIT, _revision(option))
    if isinstance(url := option.get("url"), str):
        return url_source(url, SourceKind.URL)
    if isinstance(path := option.get("path"), str):
        return local_source(path)
    named = indexes.get(text(option.get("index")), REGISTRY)
    return replace(named, credential=False) if named.credential else named


def _revision(option: _Table) -> str:
    return next((v for k in ("rev", "tag", "branch") if isinstance(v := option.get(k), str)), "")


def _uv(manifest: _Manifest, uv: _Table) -> None:
    _all(manifest, uv.get("dev-dependencies"), "dev", "tool.uv.dev-dependencies")
    for key in ("constraint-dependencies", "override-dependencies", "build-constraint-dependencies"):
        _all(manifest, uv.get(key), "constraint", f"tool.uv.{key}")


def _pdm(manifest: _Manifest, pdm: _Table) -> None:
    for group in _groups(manifest, pdm.get("dev-dependencies"), "tool.pdm.dev-dependencies"):
        _all(manifest, group, "dev", "tool.pdm.dev-dependencies")
    _named_registries(manifest, pdm)


def _named_registries(manifest: _Manifest, tool: _Table) -> dict[str, Source]:
    found = {}
    for item in items(tool.get("source")):
        url = text(table(item).get("url"))
        if url:
            source = _index(url)
            manifest.draft.registries[source] = None
            found[text(table(item).get("name"))] = replace(source, credential=False)
    return found


def _poetry(manifest: _Manifest, poetry: _Table, project: _Table) -> None:
    indexes = _named_registries(manifest, poetry)
    own = table(project.get("project"))
    standard = "dependencies" in own and "dependencies" not in texts(own.get("dynamic"))
    _poetry_table(manifest, poetry.get("dependencies"), "main", indexes, only_enriches=standard)
    _poetry_table(manifest, poetry.get("dev-dependencies"), "dev", indexes)
    for name, group in table(poetry.get("group")).items():
        kind = "main" if name == "main" else "dev"
        _poetry_table(manifest, table(group).get("dependencies"), kind, indexes)


def _poetry_table(
    manifest: _Manifest,
    value: object,
    group: str,
    indexes: Mapping[str, Source],
    *,
    only_enriches: bool = False,
) -> None:
    draft = manifest.draft
    if value is not None and not isinstance(value, dict):
        draft.problem(ProblemKind.MALFORMED, "a table of Poetry dependencies that is none")
    asked: dict[str, list[int]] = {}
    if only_enriches:
        for index, item in enumerate(draft.requirements):
            asked.setdefault(item.name, []).append(index)
    for key, options in table(value).items():
        if key.lower() == "python":
            continue
        line = manifest.line_of_key(key)
        name = draft.name(key, line)
        for option in options if isinstance(options, list) else [options]:
            if only_enriches:
                _enrich(draft, asked.get(name, []), _poetry_source(table(option), indexes))
            elif isinstance(option, str | dict):
                body: _Table = {"version": option} if isinstance(option, str) else option
                wanted = _poetry_wanted(name, body, indexes)
                optional = group == "main" and body.get("optional") is True
                exact = bool(only_version(wanted.spec) or _POETRY_EXACT.match(wanted.spec))
                _put(manifest, wanted, "optional" if optional else group, line, exact=exact)
            else:
                draft.problem(ProblemKind.MALFORMED, "a Poetry dependency that is none", line)


def _enrich(draft: Draft, asked: list[int], source: Source) -> None:
    if source is not REGISTRY:
        for index in asked:
            item = draft.requirements[index]
            if item.group == "main" and item.source is REGISTRY:
                draft.requirements[index] = replace(item, source=source)


def _poetry_wanted(name: str, body: _Table, indexes: Mapping[str, Source]) -> Wanted:
    spec = clean(text(body.get("version")))
    return Wanted(name, spec, clean(text(body.get("markers"))), _poetry_source(body, indexes))


def _poetry_source(body: _Table, indexes: Mapping[str, Source]) -> Source:
    if isinstance(git := body.get("git"), str):
        return url_source(git, SourceKind.GIT, _revision(body))
    if isinstance(url := body.get("url"), str):
        return url_source(url, SourceKind.URL)
    for key in ("path", "file"):
        if isinstance(path := body.get(key), str):
            return local_source(path)
    return indexes.get(text(body.get("source")), REGISTRY)


def _sniff(head: bytes) -> bool:
    return bool(_SNIFF.search(head))


FORMAT = Format("pyproject", DocumentKind.MANIFEST, "PyPI", ("pyproject.toml",), read, _sniff)
