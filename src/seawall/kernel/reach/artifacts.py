"""R9: what one job hands to another is code where that one runs it, a release where it publishes it.

Code of the first job alters the bytes; the second job's credentials stay unread, but sign or publish them.
Within one job the same holds for everything that runs before bytes are signed or published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from posixpath import normpath

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.shell import Command

from .caches import own_action
from .deeds import Event
from .edge import Confidence, Edge, Line, Target, TargetKind
from .importing import program_name, program_of
from .joining import joined
from .matrix import texts_of
from .naming import refers
from .reachable import Found, Runner
from .view import View, loosest
from .worth import weighed

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}|\$\{?\w+\}?")
_MOST_HANDED = 200
"""So many pairs of an upload and a download one workflow can have."""
_INSTALLS = frozenset(("install", "add", "i", "-i", "exec", "run"))
"""Words after which a package manager takes in what is named."""
_MANAGERS = frozenset(
    ("pip", "pipx", "uv", "npm", "pnpm", "yarn", "cargo", "gem", "dpkg", "apt", "apt-get", "brew", "python")
)
_INTERPRETERS = frozenset(("python", "node", "bash", "sh", "zsh", "ruby", "perl", "pwsh", "source", "."))
_TASKS = frozenset(("make", "just", "tox", "nox", "pytest"))


@dataclass(frozen=True, slots=True)
class Handed:
    """An artifact that one job uploads and another downloads."""

    giver: View
    given: Event
    given_order: int
    taker: View
    taken: Event
    taken_order: int


def handed(views: Sequence[View]) -> list[Handed]:
    """All artifacts that jobs of one run hand to one another."""
    ups = [
        (view, order, event) for view in views for order, deed in view.deeds.items() for event in deed.uploads
    ]
    downs = [
        (view, order, event)
        for view in views
        for order, deed in view.deeds.items()
        for event in deed.downloads
    ]
    found: list[Handed] = []
    for taker, taken_order, taken in downs:
        for giver, given_order, given in ups:
            if giver.id != taker.id and not taken.foreign and same_name(given.name, taken.name):
                found.append(Handed(giver, given, given_order, taker, taken, taken_order))
                if len(found) >= _MOST_HANDED:
                    return found
    return found + list(_of_others(views, downs, found))[:_MOST_HANDED]


def _of_others(
    views: Sequence[View], downs: Sequence[tuple[View, int, Event]], found: Sequence[Handed]
) -> Iterator[Handed]:
    """What no job of the tree uploads comes from a workflow of others that the job waits for."""
    known = {(one.taker.id, one.taken) for one in found}
    for taker, order, taken in downs:
        if taken.foreign or (taker.id, taken) in known:
            continue
        for giver in views:
            job = giver.entry.job
            if (
                job.uses
                and job.id in taker.entry.job.needs
                and giver.entry.workflow is taker.entry.workflow
                and giver.entry.chain == taker.entry.chain
            ):
                line = Line(giver.entry.workflow.path, job.line)
                yield Handed(giver, Event(taken.name or "artifact", line), 0, taker, taken, order)


def same_name(given: str, taken: str) -> bool:
    """Whether an upload of this name can be meant by a download; expressions may be anything."""
    if not taken:
        return True
    one, other = _glob(given), _glob(taken)
    return fnmatchcase(one, other) or fnmatchcase(other, one)


def _glob(name: str) -> str:
    return re.sub(r"\*+", "*", _EXPRESSION.sub("*", name)) or "artifact"


def executed(one: Handed) -> frozenset[int]:
    """The runs of the taker in which the artifact's bytes are run, installed or imported."""
    place = one.taken.directory
    place = "." if not place or place.startswith(("${{ github.workspace", "$GITHUB_WORKSPACE")) else place
    places = [place]
    if one.taken.apart and one.given is not one.taken:
        names = [name for name, _ in texts_of(one.given.name or "artifact", one.giver.entry.job)]
        places = [normpath(f"{place}/{_glob(name)}") for name in names]
    return frozenset(
        run.order
        for run in one.taker.course.runs
        if run.order > one.taken_order
        for piece in run.pieces
        if any(_touches(command, at) for command in piece.script.commands for at in places)
    )


def _touches(command: Command, place: str) -> bool:
    """The command runs, installs or sources something of the folder `place`."""
    words = command.texts
    if not words:
        return False
    program = program_of(command)
    if place == ".":  # unpacked over the workspace: each of its files may be one of the artifact's
        return program.startswith("./") or program in _TASKS or bool(_script_of(program, words))
    folder = normpath(place)
    # A program without a slash is looked for elsewhere, even where a folder has its name.
    if ("/" in words[0] and _within(words[0], folder)) or _within(_script_of(program, words), folder):
        return True
    taking = program in _MANAGERS and not _INSTALLS.isdisjoint(words)
    return taking and any(_within(word, folder) for word in words[1:])


def _script_of(program: str, words: Sequence[str]) -> str:
    """The file that an interpreter is told to run, empty when it is none."""
    if program not in _INTERPRETERS:
        return ""
    rest = list(words)
    while rest and program_name(rest.pop(0)) != program:
        continue
    first = next((word for word in rest if not word.startswith("-")), "")
    return "" if {"-m", "-c", "-e"} & set(rest[: rest.index(first)] if first else rest) else first


def _within(path: str, folder: str) -> bool:
    if not path:
        return False
    own, wanted = normpath(path).split("/"), folder.split("/")
    return len(own) >= len(wanted) and all(
        part == name or ("*" in part + name and (fnmatchcase(part, name) or fnmatchcase(name, part)))
        for part, name in zip(own, wanted, strict=False)
    )


def foreign_code(view: View) -> list[Code]:
    """Code of a job that others than the runner's owner wrote."""
    return [who.code for who in view.runners if not own_action(who.code)]


def as_code(pairs: Sequence[Handed], views: Sequence[View]) -> Iterator[tuple[View, Runner]]:
    """R9: artifacts and outputs of a job with foreign code that another job runs are code there."""
    done: set[tuple[str, str, str]] = set()
    for one in pairs:
        codes, runs = foreign_code(one.giver), executed(one)
        mark = (one.taker.id, one.giver.id, one.given.name)
        if not codes or not runs or mark in done:
            continue
        done.add(mark)
        run = one.taker.run(one.taken_order)
        code = Code(
            CodeKind.ARTIFACT, one.given.name or "artifact", loosest(codes), one.taken.line.path,
            one.taken.line.line, run.top if run else -1, runs="import", via=(one.giver.id,),
            note=f"made in {one.giver.id}",
        )  # fmt: skip
        yield one.taker, Runner(code, one.taken_order, frozenset(), runs, through="R9")
    yield from _foreign(views)
    yield from _outputs(views)


def _foreign(views: Sequence[View]) -> Iterator[tuple[View, Runner]]:
    """Artifacts of another run, whose makers this file does not show."""
    for view in views:
        for order, deed in view.deeds.items():
            for event in deed.downloads:
                runs = (
                    executed(Handed(view, event, order, view, event, order)) if event.foreign else frozenset()
                )
                if runs:
                    run = view.run(order)
                    code = Code(
                        CodeKind.ARTIFACT, event.name or "artifact", Firmness.NONE, event.line.path,
                        event.line.line, run.top if run else -1, runs="import", note="made in another run",
                    )  # fmt: skip
                    yield view, Runner(code, order, frozenset(), runs, through="R9")


def _outputs(views: Sequence[View]) -> Iterator[tuple[View, Runner]]:
    """A job's outputs that another writes into the text of a script: whoever sets them writes commands."""
    by_job = {(view.entry.workflow.path, view.entry.job.id): view for view in views}
    for view in views:
        seen: set[str] = set()
        for run in view.course.runs:
            found = refers(run.step.run) if "needs" in run.step.run and "${{" in run.step.run else None
            for name in sorted(found.needs) if found else ():
                giver = by_job.get((view.entry.workflow.path, name))
                codes = foreign_code(giver) if giver is not None else []
                if giver is None or not codes or name in seen or giver.id == view.id:
                    continue
                seen.add(name)
                code = Code(
                    CodeKind.ARTIFACT, f"outputs of {name}", loosest(codes), run.path,
                    _needs_line(run.step.run, name, run.step.run_line), run.top, via=(giver.id,),
                    note="written into the text of a script",
                )  # fmt: skip
                yield view, Runner(code, run.order, frozenset((run.order,)), through="R9")


def _needs_line(text: str, name: str, first: int) -> int:
    lines = text.splitlines()
    return first + next((at for at, line in enumerate(lines) if f"needs.{name}" in line), 0)


def altered(view: View, pairs: Sequence[Handed]) -> Iterator[Edge]:
    """R9: what a job signs, publishes or hands on for that, code that ran before could have altered."""
    for order, target, lines in _outcomes(view, pairs):
        found = [Found("R9", Confidence.INTEGRITY, lines)]
        for who in view.runners:
            if who.order <= order and not _harmless(who, order):
                run = view.run(order)
                yield joined(
                    view, who, target, found, (f"if {run.condition}" if run and run.condition else "",)
                )


def _harmless(who: Runner, order: int) -> bool:
    """It cannot have changed what lies in the job: a container apart from it, source that did not run yet."""
    return who.apart or (who.code.kind is CodeKind.SOURCE and who.first > order)


def _outcomes(view: View, pairs: Sequence[Handed]) -> Iterator[tuple[int, Target, tuple[Line, ...]]]:
    """(order of the run, what is made, lines that show it)."""
    scope = view.entry.workflow.path
    # What publishes and attests in one step is told by what it publishes.
    signed = [
        (order, event) for order, deed in view.deeds.items() if not deed.publishes for event in deed.signs
    ]
    for order, event in signed:
        later = [(at, up) for at, deed in view.deeds.items() for up in deed.uploads if at >= order]
        for _, up in later:
            yield order, _artifact(up.name, scope), (event.line, up.line)
        if not later:
            yield order, _artifact(f"signed by {event.name or 'a step'}", scope), (event.line,)
    for order, deed in view.deeds.items():
        for event in deed.publishes:
            yield (
                order,
                weighed(Target(TargetKind.RELEASE, event.name or "release", "repository")),
                (event.line,),
            )
    for one in pairs:
        if one.giver is view:
            yield from _through(one, scope)


def _through(one: Handed, scope: str) -> Iterator[tuple[int, Target, tuple[Line, ...]]]:
    lines = (one.given.line, one.taken.line)
    shipped = False
    for order, deed in one.taker.deeds.items():
        if order < one.taken_order:
            continue
        for event in (*deed.signs, *deed.publishes):
            shipped = True
            if event in deed.publishes:
                target = weighed(Target(TargetKind.RELEASE, event.name or "release", "repository"))
                yield one.given_order, target, (*lines, event.line)
    if shipped:
        yield one.given_order, _artifact(one.given.name, scope), lines


def _artifact(name: str, scope: str) -> Target:
    return weighed(Target(TargetKind.ARTIFACT, name or "artifact", scope))
