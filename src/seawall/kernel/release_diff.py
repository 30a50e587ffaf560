"""What is new in a release is what no file of the one before it had.

Comparing by kind, and not line by line, keeps a release quiet that moved its code or was bundled anew, and
speaks where a package that never opened a connection begins to. A hook is looked at more closely: it
counts as new when what it says changed, or when the file that it runs does something it did not do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .asset import package_purl
from .contents import Act, Contents, Held, Hook, Mark, Shape, Sight, Trace


@dataclass(frozen=True, slots=True)
class Declared:
    """What the registry says about the file: its name, version and, None = not said, what it needs."""

    ecosystem: str
    name: str
    version: str
    dependencies: tuple[str, ...] | None = None
    install_script: bool | None = None

    @property
    def purl(self) -> str:
        """The package version that it is said to be."""
        return package_purl(self.ecosystem, self.name, self.version)


@dataclass(frozen=True, slots=True, eq=False)
class ReleaseDiff:
    """One archive, beside the release before it and the source of the same version, as far as there are.

    `previous` is the version of `old`.
    """

    declared: Declared
    new: Contents
    old: Contents | None = None
    source: Contents | None = None
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison: what it is about, how it was and how it is; empty = nothing."""

    about: str
    before: str
    now: str
    lines: tuple[str, ...] = field(default=())


def is_active(contents: Contents, path: str) -> bool:
    """The file is loaded by whoever uses the package, or runs by itself."""
    return path in contents.loaded or any(path == h.path or path in h.runs for h in contents.hooks)


def active(contents: Contents) -> Iterator[Sight]:
    """What is done by code that is loaded or runs by itself."""
    hooked = _hooked(contents)
    return (item for item in contents.sights if item.path in contents.loaded or item.path in hooked)


def at_load(contents: Contents) -> Iterator[Sight]:
    """What is done as soon as the package is loaded or installed."""
    return (item for item in active(contents) if item.at_load)


def _hooked(contents: Contents) -> frozenset[str]:
    return frozenset(path for hook in contents.hooks for path in (hook.path, *hook.runs))


def new_hooks(diff: ReleaseDiff) -> tuple[tuple[Hook, str], ...]:
    """Hooks that the release before did not have in this way, each with what is new about it."""
    if diff.old is None:
        return ()
    before = {(item.kind, _place(item)): item for item in diff.old.hooks}
    found = []
    for hook in diff.new.hooks:
        was = before.get((hook.kind, _place(hook)))
        if was is None:
            found.append((hook, "new"))
        elif was.code != hook.code and hook.kind not in ("setup.py", "cmdclass"):
            found.append((hook, "changed"))
        elif gained := _gained_by(diff.old, was, diff.new, hook):
            found.append((hook, f"what it runs newly {' and '.join(act.value for act in gained)}"))
    return tuple(found)


def _place(hook: Hook) -> str:
    """Where a hook stands, without what changes from release to release."""
    return hook.path if hook.kind in (".pth", "sitecustomize") else hook.path.rpartition("node_modules/")[2]


def _gained_by(old: Contents, was: Hook, new: Contents, hook: Hook) -> list[Act]:
    before = {item.act for item in old.sights if item.path in (was.path, *was.runs)}
    now = {item.act for item in new.sights if item.path in (hook.path, *hook.runs)}
    return sorted(now - before)


def gained_at_load(diff: ReleaseDiff) -> tuple[Sight, ...]:
    """What loading or installing the package newly does; nothing where there is no release before."""
    if diff.old is None:
        return ()
    before = {item.act for item in at_load(diff.old)}
    return tuple(item for item in at_load(diff.new) if item.act not in before and _changed(diff, item.path))


def gained_anywhere(diff: ReleaseDiff) -> tuple[Sight, ...]:
    """What the package's code newly does when it is used: acts that no file of the old one had."""
    if diff.old is None:
        return ()
    before = {item.act for item in diff.old.sights}
    return tuple(item for item in active(diff.new) if item.act not in before)


def decoded(diff: ReleaseDiff) -> tuple[Sight, ...]:
    """Where decoded or fetched data is run, in files that did not; without a release before, at load."""
    if diff.old is None:
        return tuple(item for item in at_load(diff.new) if item.act is Act.DECODED)
    before = {mark for item in diff.old.sights if item.act is Act.DECODED for mark in (item.path, item.code)}
    return tuple(
        item
        for item in active(diff.new)
        if item.act is Act.DECODED and _changed(diff, item.path) and before.isdisjoint((item.path, item.code))
    )


def new_marks(diff: ReleaseDiff, traces: Iterable[Trace], *, alone: bool = False) -> tuple[Mark, ...]:
    """Marks of these kinds in changed files, of a kind that the file did not have before.

    `alone`: they speak without a release before, too.
    """
    wanted = frozenset(traces)
    marks = [item for item in diff.new.marks if item.trace in wanted]
    if diff.old is None:
        return tuple(marks) if alone else ()
    here = {(item.trace, item.path) for item in diff.old.marks}
    kinds = {item.trace for item in diff.old.marks}
    return tuple(
        item
        for item in marks
        if _changed(diff, item.path)
        and (item.trace, item.path) not in here
        and (item.trace not in kinds or item.path in diff.old.by_path)
    )


def _changed(diff: ReleaseDiff, path: str) -> bool:
    """The file is another than in the release before."""
    if diff.old is None:
        return True
    was, now = diff.old.by_path.get(path), diff.new.by_path.get(path)
    return was is None or now is None or not now.digest or was.digest != now.digest


def new_natives(diff: ReleaseDiff) -> tuple[Held, ...]:
    """Machine code of a kind that the release before did not hold at all."""
    if diff.old is None:
        return ()
    before = {item.native for item in diff.old.files}
    return tuple(item for item in diff.new.files if item.native and item.native not in before)


def new_paths(diff: ReleaseDiff, wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of `wanted` that the release before did not hold."""
    if diff.old is None:
        return ()
    return tuple(path for path in wanted if path not in diff.old.by_path)


def flattened(diff: ReleaseDiff) -> tuple[Held, ...]:
    """Code that had ordinary lines before and is one long line now."""
    if diff.old is None:
        return ()
    found = []
    for item in diff.new.files:
        was = diff.old.by_path.get(item.path)
        if item.code and was and 0 < was.longest < 1_000 and item.longest > 10_000 and item.size > was.size:
            found.append(item)
    return tuple(found)


def not_in_source(diff: ReleaseDiff) -> tuple[Held, ...]:
    """Code that the source does not hold, file by file: of a wheel, or of a source archive beside a tree.

    A wheel holds files in other places than its source (`src/`), so contents are compared, and a file that
    tools write at build time (a version, a protocol's stub) does not count.
    """
    source = diff.source
    if source is None or diff.new.shape is Shape.NPM:
        return ()
    held = {item.digest for item in source.files if item.digest}
    return tuple(
        item
        for item in diff.new.files
        if item.code and item.size > 0 and item.digest not in held and not _generated(item.path)
    )


def _generated(path: str) -> bool:
    name = path.rpartition("/")[2]
    return (
        "version" in name
        or name in ("__about__.py", "_build_info.py", "__config__.py")
        or name.endswith(("_pb2.py", "_pb2_grpc.py"))
        or ".dist-info/" in path
    )


def rows(diff: ReleaseDiff) -> tuple[Row, ...]:
    """What a person looks at, side by side: the old release (empty where there is none) and the new one."""
    old, new = diff.old, diff.new
    made = [
        Row("version", diff.previous or (old.version if old else ""), diff.declared.version or new.version),
        Row("files", str(len(old.files)) if old else "", str(len(new.files))),
        Row("unpacked", _megabytes(old), _megabytes(new)),
        Row("code", str(_code(old)) if old else "", str(_code(new)), _named(diff)),
        Row("hooks", _hook_words(old), _hook_words(new), tuple(f"{h.kind}: {w}" for h, w in new_hooks(diff))),
        Row(
            "at load", _acts(at_load(old)) if old else "", _acts(at_load(new)), _places(gained_at_load(diff))
        ),
        Row(
            "when used", _acts(active(old)) if old else "", _acts(active(new)), _places(gained_anywhere(diff))
        ),
        Row("odd text", _traces(old), _traces(new), _marked(diff)),
        Row("machine code", _natives(old), _natives(new)),
        Row("commands", ", ".join(old.commands[:8]) if old else "", ", ".join(new.commands[:8])),
        Row(
            "dependencies",
            str(len(old.dependencies)) if old else "",
            str(len(new.dependencies)),
            _needs(diff),
        ),
    ]
    if diff.source is not None:
        strange = not_in_source(diff)
        made.append(
            Row("not in its source", "", str(len(strange)), tuple(item.path for item in strange[:10]))
        )
    faults = tuple(f"{item.path} {item.message}".strip() for item in (*new.faults, *new.outside))
    if faults:
        made.append(Row("cannot be read", "", str(len(faults)), faults[:10]))
    return tuple(made)


def _megabytes(contents: Contents | None) -> str:
    return f"{contents.size / 1e6:.2f} MB" if contents else ""


def _code(contents: Contents) -> int:
    return sum(item.code for item in contents.files)


def _named(diff: ReleaseDiff) -> tuple[str, ...]:
    """Code files that came and went, and how many changed."""
    if diff.old is None:
        return ()
    mine, theirs = diff.new.by_path, diff.old.by_path
    came = [f"+ {p}" for p in sorted(mine.keys() - theirs.keys()) if mine[p].code]
    went = [f"- {p}" for p in sorted(theirs.keys() - mine.keys()) if theirs[p].code]
    changed = sum(item.code and item.path in theirs and _changed(diff, item.path) for item in diff.new.files)
    more = [f"{len(came) + len(went) - 10} more"] if len(came) + len(went) > 10 else []
    return (f"{changed} changed", *(came + went)[:10], *more)


def _hook_words(contents: Contents | None) -> str:
    return ", ".join(sorted({item.kind for item in contents.hooks})) if contents else ""


def _acts(sights: Iterable[Sight]) -> str:
    return ", ".join(sorted({item.act.value for item in sights}))


def _places(sights: Iterable[Sight]) -> tuple[str, ...]:
    first: dict[Act, Sight] = {}
    for item in sights:
        first.setdefault(item.act, item)
    return tuple(f"{i.path}:{i.line} {i.act.value}: {i.code}" for i in first.values())


def _traces(contents: Contents | None) -> str:
    return ", ".join(sorted({item.trace.value for item in contents.marks})) if contents else ""


def _marked(diff: ReleaseDiff) -> tuple[str, ...]:
    return tuple(f"{m.path}:{m.line} {m.trace.value} ({m.note})" for m in new_marks(diff, Trace)[:10])


def _natives(contents: Contents | None) -> str:
    return ", ".join(sorted({item.native for item in contents.files if item.native})) if contents else ""


def _needs(diff: ReleaseDiff) -> tuple[str, ...]:
    before = {name for name, _ in diff.old.dependencies} if diff.old else set()
    return tuple(f"+ {name} {spec}" for name, spec in diff.new.dependencies if name not in before)[:10]
