"""Make the cuts that a program can make: as a diff, and into the files when a person says so.

Every edit is held against what it was meant to change: the file has to read as before but for that, and the
script's other commands have to be the same. What is not sure is left, with the reason. Cuts are made in
rounds until none is left to make, so that a tree that was cut once gives an empty diff.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from seawall.adapters.disk.tree import Walk, read, walk
from seawall.adapters.disk.writing import replace_in_tree
from seawall.cut_edits import Hint, Trees, edit_for
from seawall.kernel.errors import TargetError, UsageError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Problem
from seawall.kernel.pipeline import Action, Workflow
from seawall.kernel.reach.asked import asked
from seawall.kernel.reach.edge import Confidence, Cut, Edge, Reach
from seawall.kernel.reach.ground import Ground
from seawall.kernel.reach.reaching import reach_of
from seawall.reach import ReachOrder, ground_from, only, top_of
from seawall.readers.lockfiles import ENVIRONMENTS
from seawall.readers.lockfiles import FORMATS as LOCKFILES
from seawall.readers.pipelines import edits, github_action, github_workflow
from seawall.readers.pipelines.edits import Edit, Source, Unsafe
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode
from seawall.readers.syntax.yaml import load_all

_ROUNDS = 12
_SUREST = {confidence: place for place, confidence in enumerate(Confidence)}
_BOM = b"\xef\xbb\xbf"

CLAIMS: Mapping[str, str] = MappingProxyType(
    {
        "persist-credentials": "the token does not stay on the disk; what is handed it still has it",
        "cache-mode": "the job saves no cache: another one has to fill it, or every run works without",
        "step-env": "only that step is given it; the runner's memory still holds it while the job runs",
        "ignore-scripts": "nothing runs while it installs; what later steps import still does. Packages that "
        "build themselves have to be built by name (`npm rebuild NAME`)",
        "permissions": "the job's token only reads",
        "npm-ci": "the install fails where the lockfile is not in step, in place of rewriting it",
        "only-wheels": "nothing is built while it installs; a package without a wheel is refused",
        "pin-commit": "its owner cannot change it any more; it still reaches what it reached",
    }
)
"""What each cut does, and what stays."""


@dataclass(frozen=True, slots=True)
class Mended:
    """One file with its cuts. `before` are the very bytes that were read."""

    path: str
    before: bytes
    after: bytes
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """A cut that a person has to make, and why."""

    cut: Cut
    why: str


@dataclass(frozen=True, slots=True)
class Cutting:
    """What would be changed below `root`. Of `edges`, `gone` are no more and `weaker` are less sure then.

    `skipped` is how much was not understood, and so not cut.
    """

    root: Path
    files: tuple[Mended, ...] = ()
    left: tuple[Left, ...] = ()
    edges: int = 0
    gone: int = 0
    weaker: int = 0
    skipped: int = 0


_Cutting = tuple[Cut, Edit]


@dataclass(slots=True)
class _File:
    before: bytes
    text: str
    cuts: list[Cut] = field(default_factory=list)

    @property
    def after(self) -> bytes:
        return (_BOM if self.before.startswith(_BOM) else b"") + self.text.encode()


def cutting(order: ReachOrder, code: str = "", credential: str = "") -> Cutting:
    """The cuts of the edges that are asked for, as `seawall reach` asks. Raises TargetError for no target."""
    if not order.target.exists():
        raise TargetError(f"{order.target} does not exist", "name a directory, or a workflow in one")
    top = top_of(order.target)
    walked = walk(top, LOCKFILES, ENVIRONMENTS, order.limits, order.exclude)
    ground = ground_from(walked, order.limits)
    file = order.target.resolve()
    path = file.relative_to(top).as_posix() if file.is_file() else ""
    work = _Work(order, walked, ground, path, code, credential)
    return work.done()


def carry_out(found: Cutting) -> None:
    """Write every changed file, each whole or not at all. Raises UsageError where one was changed since.

    All are looked at before the first is written.
    """
    for file in found.files:
        if read(found.root, file.path, DEFAULT_LIMITS) != file.before:
            raise UsageError(
                f"{file.path} was changed since it was read", "nothing was changed; run it again"
            )
    for file in found.files:
        replace_in_tree(found.root, file.path, file.before, file.after)


class _Work:
    """The rounds over one tree."""

    def __init__(
        self, order: ReachOrder, walked: Walk, ground: Ground, path: str, code: str, credential: str
    ) -> None:
        self.limits = order.limits
        self.walked, self.ground, self.path = walked, ground, path
        self.code, self.credential = code, credential
        self.trees = Trees(walked, order.limits)
        self.files: dict[str, _File] = {}
        self.left: list[Left] = []
        self.waits: set[tuple[str, str, str]] = set()

    def done(self) -> Cutting:
        first = self.found()
        now = first
        told: list[Left] = []
        for _ in range(_ROUNDS):
            self.left = []
            more = self.round(*now)
            # Lines are to be those of the files as they are: later rounds only tell what waited for them.
            told += self.left if now is first else [one for one in self.left if _named(one.cut) in self.waits]
            if not more:
                break
            now = self.found()
        files = tuple(
            Mended(path, one.before, one.after, tuple(one.cuts))
            for path, one in sorted(self.files.items())
            if one.cuts
        )
        gone, weaker = _compared(first[1].edges, now[1].edges)
        left = tuple(dict.fromkeys(told))
        return Cutting(
            self.walked.root, files, left, len(first[1].edges), gone, weaker, len(first[1].skipped)
        )

    def found(self) -> tuple[Reach, Reach]:
        """(all of reach, what of it was asked for)."""
        whole = reach_of(self.ground, self.limits)
        part = only(whole, self.path) if self.path else whole
        return whole, asked(part, self.code, self.credential)

    def round(self, whole: Reach, part: Reach) -> bool:
        """Makes the cuts that can be made now; false when there was none."""
        refused = {_key(cut): cut.left for edge in whole.edges for cut in edge.cuts if cut.left}
        cuts = {_key(cut): cut for edge in part.edges for cut in edge.cuts if cut.mechanical or cut.left}
        self.left += [Left(cut, refused[key]) for key, cut in cuts.items() if key in refused]
        by_path: dict[str, list[Cut]] = {}
        for key, cut in cuts.items():
            if key not in refused:
                by_path.setdefault(cut.path, []).append(cut)
        made = [self.file(path, some) for path, some in sorted(by_path.items())]
        return any(made)

    def file(self, path: str, cuts: Sequence[Cut]) -> bool:
        try:
            file = self.files.get(path) or self.opened(path)
            source = Source(file.text, self.limits)
            values = load_all(file.text, self.limits)[0]
            now = self.read(path, file.text)
        except Unsafe as reason:
            self.left += [Left(cut, str(reason)) for cut in cuts]
            return False
        hint = Hint(now, self.ground, self.trees)
        tried: list[_Cutting] = []
        for cut in sorted(cuts, key=lambda one: (one.line, one.id, one.words)):
            try:
                tried.append((cut, edit_for(cut, source, hint)))
            except Unsafe as reason:
                self.left.append(Left(cut, str(reason)))
        kept = self.settled(path, file.text, values, tried)
        if not kept:
            return False
        file.text = edits.applied(file.text, [edit for _, edit in kept])
        file.cuts += [cut for cut, _ in kept]
        self.files[path] = file
        self.put(path, self.read(path, file.text))
        return True

    def settled(self, path: str, text: str, values: object, tried: list[_Cutting]) -> list[_Cutting]:
        """Those of the edits that say what was meant, and together; halved until each is judged."""
        if not tried:
            return []
        try:
            self.sound(path, text, values, [edit for _, edit in tried])
            return tried
        except Unsafe as reason:
            if len(tried) == 1:
                self.left.append(Left(tried[0][0], str(reason)))
                return []
        half = len(tried) // 2
        first = self.settled(path, text, values, tried[:half])
        second = self.settled(path, text, values, tried[half:])
        try:
            self.sound(path, text, values, [edit for _, edit in (*first, *second)])
            return [*first, *second]
        except Unsafe:  # two changes of one script: the second waits for the next round
            self.waits |= {_named(cut) for cut, _ in second}
            return first

    def opened(self, path: str) -> _File:
        """The file's bytes, which have to be those that the ground was read from."""
        data = read(self.walked.root, path, self.limits)
        if isinstance(data, Problem):
            raise Unsafe(data.message)
        try:
            text = decode(data, self.limits)
        except SyntaxFault as fault:
            raise Unsafe(fault.message) from None
        if not data.removeprefix(_BOM) == text.encode():
            raise Unsafe("it is not UTF-8")
        if self.read(path, text) != self.known(path):
            raise Unsafe("it was changed while it was looked at")
        return _File(data, text)

    def read(self, path: str, text: str) -> Workflow | Action:
        if path.startswith(".github/workflows/"):
            return github_workflow.read(text.encode(), path, self.limits)
        return github_action.read(text.encode(), path, self.limits)

    def known(self, path: str) -> Workflow | Action | None:
        files: tuple[Workflow | Action, ...] = (*self.ground.workflows, *self.ground.actions.values())
        return next((one for one in files if one.path == path), None)

    def put(self, path: str, now: Workflow | Action) -> None:
        if isinstance(now, Workflow):
            same = tuple(now if one.path == path else one for one in self.ground.workflows)
            self.ground = replace(self.ground, workflows=same)
        else:
            actions = {key: now if one.path == path else one for key, one in self.ground.actions.items()}
            self.ground = replace(self.ground, actions=MappingProxyType(actions))

    def sound(self, path: str, text: str, values: object, some: Sequence[Edit]) -> None:
        """The text with these edits says what was meant and nothing else. Raises Unsafe."""
        after = edits.applied(text, some)
        try:
            found = load_all(after, self.limits)[0]
        except (SyntaxFault, IndexError):
            raise Unsafe("the file would not be read any more") from None
        if found != edits.changed(values, some):
            raise Unsafe("more than was meant would change")
        was, now = self.read(path, text), self.read(path, after)
        if _problems(now) - _problems(was):
            raise Unsafe("the file would be read with new problems")


def _problems(file: Workflow | Action) -> Counter[tuple[str, str]]:
    return Counter((one.kind.value, one.message) for one in file.problems)


def _key(cut: Cut) -> tuple[str, str, int, tuple[str, ...]]:
    detail = cut.detail if cut.id in ("ignore-scripts", "npm-ci", "only-wheels") else ()
    return cut.id, cut.path, cut.line, detail


def _named(cut: Cut) -> tuple[str, str, str]:
    """What stays of a cut when lines move."""
    return cut.id, cut.path, cut.words


def _compared(before: Iterable[Edge], after: Iterable[Edge]) -> tuple[int, int]:
    """(edges that are no more, edges that are weaker); lines move, so they do not count."""
    now: dict[tuple[object, ...], Edge] = {_same(edge): edge for edge in after}
    gone = weaker = 0
    for edge in before:
        other = now.get(_same(edge))
        if other is None:
            gone += 1
        elif _weight(other) < _weight(edge):
            weaker += 1
    return gone, weaker


def _same(edge: Edge) -> tuple[object, ...]:
    code = edge.code
    return (
        edge.place,
        edge.target.kind,
        edge.target.name,
        code.kind,
        code.name,
        code.path,
        code.step,
        code.via,
    )


def _weight(edge: Edge) -> tuple[int, int, int, int]:
    granted = edge.target.scope.count(":write") + 99 * edge.target.scope.startswith("unknown")
    return -_SUREST[edge.confidence], len(edge.rules), granted, len(edge.evidence)


def files_of(found: Cutting) -> tuple[tuple[str, bytes, bytes], ...]:
    """(path, before, after) of every file, for whoever shows the difference."""
    return tuple((file.path, file.before, file.after) for file in found.files)
