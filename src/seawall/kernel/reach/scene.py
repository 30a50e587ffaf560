"""The scene of a command is the tree around it: which lockfile lies beside it, and what that one holds.

Source: where each tool looks for its lockfile: its own directory, or the workspace's above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from seawall.kernel.code import LOOSENESS, Code, CodeKind, Firmness
from seawall.kernel.lockfile import Document, Pin, Requirement
from seawall.kernel.source import SourceKind, source_from_url

from .ground import Ground
from .running import UNKNOWN, Run

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z", re.IGNORECASE)
_VERSION_LIKE = re.compile(r"v?\d+(?:\.\d+)*(?:[-+._]?[0-9A-Za-z][0-9A-Za-z.+_-]*)?\Z")
_EXACT_NPM = re.compile(r"[=v]?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?\Z")
_MOST_NAME = 160
_MOST_INCLUDES = 50


@dataclass(frozen=True, slots=True)
class Where:
    """Where a script's codes stand: file, line of its first line, step, and the tasks that lead there."""

    path: str
    line: int
    step: int
    via: tuple[str, ...]
    ci: bool


@dataclass(slots=True)
class Tree:
    """The files and documents of a ground by path, made once for each ground."""

    files: frozenset[str]
    documents: dict[str, Document] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """What installs are judged by: the tree, where the script stands, and all programs that it runs.

    `own` are names of images that the script builds itself.
    """

    tree: Tree
    where: Where
    runs: tuple[Run, ...]
    own: frozenset[str] = frozenset()

    def beside(self, directory: str, *names: str) -> str:
        """The path of the first of these files in the directory or the nearest one above; empty if none."""
        if directory == UNKNOWN:
            return ""
        while True:
            for name in names:
                path = normpath(join(directory, name))
                if path in self.tree.files:
                    return path
            if directory in (".", ""):
                return ""
            directory = dirname(directory) or "."

    def document(self, path: str) -> Document | None:
        """What a file of the tree says, if it was read."""
        return self.tree.documents.get(path)

    def below(self, directory: str, ending: str) -> tuple[str, ...]:
        """The files of a directory with this ending, not those of its folders."""
        start = "" if directory in (".", "") else f"{directory}/"
        return tuple(
            sorted(f for f in self.tree.files if f.endswith(ending) and dirname(f) == start.rstrip("/"))
        )


_last: list[tuple[Ground, Tree]] = []


def tree_of(ground: Ground) -> Tree:
    """The tree of a ground; the last one is kept, since a scan asks for the same one again and again."""
    if _last and _last[0][0] is ground:
        return _last[0][1]
    tree = Tree(ground.files, {document.path: document for document in ground.documents})
    _last[:] = [(ground, tree)]
    return tree


def code(
    run: Run,
    scene: Scene,
    kind: CodeKind,
    name: str,
    pin: Firmness,
    *,
    ref: str = "",
    ecosystem: str = "",
    packages: Iterable[str] = (),
    manifests: Iterable[str] = (),
    runs: str = "now",
    note: str = "",
) -> Code:
    """A code item of this command, at its line of the file."""
    short = cleaned(name)
    return Code(
        kind,
        short if len(short) <= _MOST_NAME else f"{short[: _MOST_NAME - 1]}…",
        pin,
        scene.where.path,
        scene.where.line + run.command.line - 1 if scene.where.line else run.command.line,
        scene.where.step,
        ref,
        ecosystem,
        tuple(dict.fromkeys(cleaned(package) for package in packages)),
        tuple(dict.fromkeys(manifests)),
        runs,
        run.contained,
        scene.where.via,
        run.command.condition,
        f"{note}; is given {' '.join(run.given)}".strip("; ") if run.contained and run.given else note,
        given=run.given if run.contained else (),
    )


_CREDENTIAL = re.compile(r"(?<=://)[^/@\s]*@")
_SECRET_QUERY = re.compile(
    r"(?i)([?&](?:[\w-]*(?:token|key|secret|sig|signature|password|auth)[\w-]*))=[^&\s]*"
)


def cleaned(text: str) -> str:
    """The text without what stands before `@` in an address, and without secret-looking query values."""
    return _SECRET_QUERY.sub(r"\1=…", _CREDENTIAL.sub("", text)) if "://" in text else text


def loosest(pins: Iterable[Firmness]) -> Firmness:
    """The loosest of some; a commit when there is none."""
    return max(pins, key=LOOSENESS.__getitem__, default=Firmness.SHA)


def switched(env: Mapping[str, str], *names: str) -> bool | None:
    """A switch in the environment (`UV_FROZEN=1`), under any of these names; None when it is not set."""
    folded = {name.lower(): value.lower() for name, value in env.items()} if names else {}
    for name in names:
        value = folded.get(name.lower())
        if value is not None:
            return value in ("1", "true", "yes", "on", "y", "t")
    return None


def named_value(env: Mapping[str, str], name: str) -> str:
    """A value in the environment, empty when it is not set."""
    return env.get(name, "")


# How firmly a text fixes what it names


def python_pin(spec: str) -> Firmness:
    """Of a version specifier (PEP 440) behind a name."""
    spec = spec.strip()
    if re.fullmatch(r"={2,3}\s*(?:[^*,\s]+|\$\{\{[^*,]*\}\})", spec):
        return Firmness.VERSION
    return Firmness.RANGE if re.search(r"<|~=|==.*\*|==", spec) else Firmness.FLOATING


def npm_pin(spec: str) -> Firmness:
    """Of what stands behind the `@` of an npm package; a variable there may be anything."""
    if "$" in spec:
        return Firmness.FLOATING
    if _EXACT_NPM.match(spec):
        return Firmness.VERSION
    if not spec or spec in ("*", "x") or re.fullmatch(r"[a-z][\w.-]*", spec, re.IGNORECASE):
        return Firmness.FLOATING
    return Firmness.FLOATING if re.fullmatch(r">=?\s*[\w.-]+", spec) else Firmness.RANGE


def ref_pin(ref: str) -> Firmness:
    """Of a git reference: a commit, a tag by its looks, or else a branch."""
    if _COMMIT.match(ref):
        return Firmness.SHA
    return Firmness.TAG if ref and _VERSION_LIKE.match(ref.removeprefix("refs/tags/")) else Firmness.BRANCH


def address_pin(address: str) -> tuple[Firmness, str]:
    """Of an address that is installed from: (how firmly, the reference)."""
    text, _, fragment = address.partition("#")
    if text.startswith(("git+", "git:", "git@", "ssh://")) or text.endswith(".git"):
        ref = text.rpartition("@")[2] if text.count("@") and "/" not in text.rpartition("@")[2] else ""
        ref = ref or ("" if "=" in fragment else fragment)
        return ref_pin(ref), ref
    digest = re.search(r"(?:sha(?:256|384|512)|md5)=[0-9a-f]{32,}", fragment)
    if digest:
        return Firmness.HASH, digest[0]
    commit = re.search(r"/([0-9a-f]{40})(?:[./]|\Z)", text)
    return (Firmness.SHA, commit[1]) if commit else (Firmness.NONE, "")


def entry_pin(entry: Pin | Requirement) -> Firmness:
    """Of one entry of a requirements file or manifest."""
    if entry.digests:
        return Firmness.HASH
    if entry.source.kind is SourceKind.GIT:
        return ref_pin(entry.source.revision)
    if entry.source.kind is SourceKind.URL or entry.source.is_local:
        return Firmness.NONE if entry.source.kind is SourceKind.URL else Firmness.SHA
    if isinstance(entry, Pin) or entry.exact:
        return Firmness.VERSION
    return python_pin(entry.spec) if entry.ecosystem == "PyPI" else npm_pin(entry.spec)


def document_pin(scene: Scene, path: str) -> tuple[Firmness, tuple[str, ...]]:
    """Of all that a requirements file asks for, with the files it includes; floating when it was not read."""
    pins: list[Firmness] = []
    seen: list[str] = []
    waiting = [path]
    while waiting and len(seen) < _MOST_INCLUDES:
        current = waiting.pop()
        if current in seen:
            continue
        seen.append(current)
        document = scene.document(current)
        if document is None:
            pins.append(Firmness.FLOATING)
            continue
        pins.extend(entry_pin(entry) for entry in document.entries if not _limits(entry))
        for include in document.includes:
            if include.relation == "requirement":
                waiting.append(_included(scene, current, include.target))
    return loosest(pins), tuple(seen)


def _limits(entry: Pin | Requirement) -> bool:
    return isinstance(entry, Requirement) and entry.group == "constraint"


def _included(scene: Scene, path: str, target: str) -> str:
    beside = normpath(join(dirname(path), target))
    return beside if beside in scene.tree.files or target not in scene.tree.files else target


def manifest_pin(document: Document | None, groups: Iterable[str] = ("main",)) -> Firmness | None:
    """The loosest of what a manifest asks for in these groups; None when it asks for nothing."""
    if document is None:
        return Firmness.FLOATING
    wanted = frozenset(groups)
    pins = [entry_pin(r) for r in document.requirements if r.group in wanted and not r.source.is_local]
    return loosest(pins) if pins else None


def address(text: str) -> str:
    """An address without credentials, as it may be shown."""
    return source_from_url(text, SourceKind.URL).location or text
