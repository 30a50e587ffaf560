"""An npm tarball says in its own package.json what runs when it is installed.

The scripts of packages that it brings along (`node_modules/` inside) run too. `prepare` and `prepublish` do
not run for a package from a registry, so they are no hooks here; for a dependency from git they are, and
such a dependency is a matter of its own.
Source: npm's documentation of package.json and scripts (npm 11), npm-packlist, Node.js' module resolution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.comparing import registry_name
from seawall.kernel.contents import Contents, Hook, Shape
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.containers.member import Source
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._draft import Draft, Memory, below_first

_SCRIPTS = ("preinstall", "install", "postinstall")
_NEEDED = ("dependencies", "optionalDependencies")
_BROUGHT = re.compile(r"(?:.+/)?node_modules/(?:@[^/]+/)?[^/]+/package\.json\Z")
_WORD = re.compile(r"[\w@./\\-]+")
_CODE = (".js", ".cjs", ".mjs", ".jsx")
_NOT_LOADED = re.compile(r"(?:^|/)(?:__tests__|tests?|spec|docs?|examples?|benchmarks?|fixtures)/")
_MOST_CODE = 2_000


def read(source: Source, filename: str, limits: Limits, memory: Memory) -> Contents:
    """The contents of an npm tarball."""
    draft = Draft(Shape.NPM, filename, limits, memory, below_first)
    draft.fill(source)
    root = _package(draft, "package.json")
    if "package.json" not in draft.texts and not draft.faults:
        draft.missing("package.json")
    _hooks(draft, "package.json", root)
    for path in list(draft.texts):
        if _BROUGHT.match(path):
            _hooks(draft, path, _package(draft, path))
    wanted = tuple(pair for table in _NEEDED for pair in _pairs(root.get(table)))
    return draft.contents(
        name=_text(root.get("name")),
        version=_text(root.get("version")),
        dependencies=wanted,
        elsewhere=tuple((name, spec) for name, spec in wanted if not registry_name(name, spec)),
        commands=tuple(name for name, _ in _pairs(root.get("bin")))[:100],
        loaded=_loaded(draft, root),
    )


def _package(draft: Draft, path: str) -> dict[str, object]:
    data = draft.texts.get(path)
    if data is None:
        return {}
    try:
        value = json.load(decode(data, draft.limits), draft.limits)
        if not isinstance(value, dict):
            raise SyntaxFault(ProblemKind.MALFORMED, "not an object")
    except SyntaxFault as fault:
        if path == "package.json":
            draft.fault(fault, path)
        return {}
    return value


def _text(value: object) -> str:
    return value[:300] if isinstance(value, str) else ""


def _pairs(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, spec in value.items():
            if isinstance(spec, str):
                yield str(name)[:300], spec[:300]


def _hooks(draft: Draft, path: str, package: dict[str, object]) -> None:
    scripts = dict(_pairs_whole(package.get("scripts")))
    folder = path.removesuffix("package.json")
    for kind in _SCRIPTS:
        if scripts.get(kind, "").strip():
            code = scripts[kind][:_MOST_CODE]
            draft.hooks.append(
                Hook(kind, path, code, tuple(sorted(draft.started(_named(draft, folder, code)))))
            )
    gyp = folder + "binding.gyp"
    builds = gyp in draft.files and package.get("gypfile") is not False
    if builds and not (scripts.get("install") or scripts.get("preinstall")):
        draft.hooks.append(Hook("binding.gyp", gyp, "node-gyp rebuild", (gyp,)))


def _pairs_whole(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield from ((str(name), text) for name, text in value.items() if isinstance(text, str))


def _named(draft: Draft, folder: str, code: str) -> Iterator[str]:
    """Files of the archive that a command names, with or without their ending."""
    for word in _WORD.findall(code)[:200]:
        found = draft.resolved(folder + "package.json", word.replace("\\", "/"))
        if found and found != folder + "package.json":
            yield found


def _loaded(draft: Draft, root: dict[str, object]) -> frozenset[str]:
    """What is reached from where users and Node begin; everything, where that cannot be told."""
    names = [*_strings(root.get("exports")), *_strings(root.get("bin")), *_strings(root.get("imports"))]
    names += [_text(root.get(key)) for key in ("main", "module", "browser", "jsdelivr", "unpkg")]
    if not any(name for name in names) or "index.js" in draft.files:
        names.append("index.js")
    every = frozenset(p for p in draft.files if p.endswith(_CODE) and not _NOT_LOADED.search(p))
    begun = {found for name in names if name and (found := draft.resolved("package.json", name))}
    whole = any("*" in name for name in names) or not root.get("exports")
    # Without `exports` any file may be asked for by its path; then only tests and examples stand aside.
    return every if whole or not begun else draft.started(begun)


def _strings(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
