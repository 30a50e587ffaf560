"""From a cut to the edit that makes it: where in the text it is, and what else has to be so.

What only the tree can tell (a lockfile in step, a variable that a script of the tree reads) is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import basename, dirname
from types import MappingProxyType

from seawall.adapters.disk.tree import Walk, read
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document
from seawall.kernel.pipeline import Action, Step, Workflow
from seawall.kernel.reach.edge import Cut
from seawall.kernel.reach.ground import Ground
from seawall.kernel.reach.mending import setting_at
from seawall.kernel.shell import Command
from seawall.readers.pipelines import edits
from seawall.readers.pipelines.edits import Edit, Source, Unsafe
from seawall.readers.syntax.shell import parse_script

_PROSE = (".md", ".rst", ".txt", ".adoc", ".lock", ".svg", ".ipynb")
_MOST_SEARCHED = 64 * 1024 * 1024
_LARGEST_SEARCHED = 1024 * 1024
_HOOKS = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")
_PIP_FLAGS = frozenset(
    (
        "-q", "--quiet", "-U", "--upgrade", "--no-deps", "--no-cache-dir", "--disable-pip-version-check",
        "--user", "--break-system-packages", "--no-input", "--require-hashes", "--system", "--verbose", "-v",
    )
)  # fmt: skip


@dataclass(slots=True)
class Trees:
    """What a tree's other files say, read when it is asked for."""

    walked: Walk
    limits: Limits
    _mentions: dict[str, str] = field(default_factory=dict)

    def mentions(self, name: str) -> str:
        """The first file, workflows and prose aside, that holds a name; empty when none does."""
        if name not in self._mentions:
            self._mentions[name] = self._search(name)
        return self._mentions[name]

    def _search(self, name: str) -> str:
        wanted = re.compile(rb"(?<![A-Za-z0-9_])" + re.escape(name.encode()) + rb"(?![A-Za-z0-9_])")
        budget = _MOST_SEARCHED
        for path in sorted(self.walked.files):
            if path.startswith(".github/workflows/") or path.lower().endswith(_PROSE):
                continue
            data = read(self.walked.root, path, self.limits)
            if isinstance(data, bytes) and len(data) <= _LARGEST_SEARCHED:
                budget -= len(data)
                if wanted.search(data):
                    return path
            if budget < 0:
                return "more files than were searched"
        return ""

    def document(self, path: str) -> Document | None:
        """A lockfile or manifest of the tree."""
        item = dict(self.walked.claimed).get(path)
        data = read(self.walked.root, path, self.limits) if item is not None else None
        return item.read(data, path, self.limits) if item is not None and isinstance(data, bytes) else None


@dataclass(frozen=True, slots=True)
class Hint:
    """The file as it was read, and the tree around it."""

    file: Workflow | Action
    ground: Ground
    trees: Trees


def edit_for(cut: Cut, source: Source, hint: Hint) -> Edit:
    """The edit that makes a cut. Raises Unsafe with the reason why a person has to."""
    return _MAKERS[cut.id](cut, source, hint)


def _persist(cut: Cut, source: Source, hint: Hint) -> Edit:
    del hint
    return edits.with_entry(source, cut.line, "with", "persist-credentials", "false", said=False)


def _cache_mode(cut: Cut, source: Source, hint: Hint) -> Edit:
    del hint
    return edits.with_job_setting(source, cut.line, ("cache-mode: read",), "cache-mode", "read")


def _permissions(cut: Cut, source: Source, hint: Hint) -> Edit:
    del hint
    lines = ("permissions:", *(f"  {scope}: read" for scope in cut.detail))
    return edits.with_job_setting(source, cut.line, lines, "permissions", dict.fromkeys(cut.detail, "read"))


def _step_env(cut: Cut, source: Source, hint: Hint) -> Edit:
    found = setting_at(hint.file, cut.line) if isinstance(hint.file, Workflow) else None
    if found is None or not cut.detail:
        raise Unsafe("the variable was not found")
    where = hint.trees.mentions(found[0].name)
    if where:
        raise Unsafe(f"{found[0].name} is also named in {where}")
    return edits.with_moved(source, cut.line, int(cut.detail[0]))


def _pin_commit(cut: Cut, source: Source, hint: Hint) -> Edit:
    del hint
    ref, commit = cut.detail
    return edits.with_commit(source, cut.line, ref, commit)


def _ignore_scripts(cut: Cut, source: Source, hint: Hint) -> Edit:
    name, *manifests = cut.detail
    places = {path for path in manifests if basename(path) == "package.json"}
    for file in hint.ground.tasks:
        hooks = [task.name for task in file.tasks if task.name in _HOOKS]
        if file.kind == "npm" and file.path in places and hooks:
            raise Unsafe(f"the `{hooks[0]}` script of {file.path} would not run either")
    words = _verb(name)
    if words[0] not in ("npm", "pnpm", "bun"):
        raise Unsafe(f"which {words[0]} runs it, and what that takes, is not known")
    return _inserted(cut, source, hint, words, ("--ignore-scripts",))


def _npm_ci(cut: Cut, source: Source, hint: Hint) -> Edit:
    name, *manifests = cut.detail
    lock = next((path for path in manifests if basename(path) != "package.json"), "")
    manifest = next((path for path in manifests if basename(path) == "package.json"), "")
    if not lock or not manifest or dirname(lock) != dirname(manifest):
        raise Unsafe("its lockfile does not lie beside its package.json")
    _in_step(hint.trees.document(lock), hint.trees.document(manifest))
    words = _verb(name)
    start, end, command = _located(cut, source, hint, words)
    if any(not text.startswith("-") or "lock" in text for text in command.texts[2:]):
        raise Unsafe("it is given more than options")
    text = source.text[start:end]
    edit = edits.with_script(source, start, end, f"{text[: -len(words[1])]}ci")
    _held(edit, command, (words[0], "ci", *command.texts[2:]), hint)
    return edit


def _in_step(lock: Document | None, manifest: Document | None) -> None:
    locked = lock.locked_from.get(".") if lock and lock.locked_from else None
    if lock is None or manifest is None or locked is None or lock.problems:
        raise Unsafe("whether its lockfile is in step with package.json was not told")
    if {(one.name, one.spec) for one in locked} != {(one.name, one.spec) for one in manifest.requirements}:
        raise Unsafe("its lockfile is not in step with package.json")


def _only_wheels(cut: Cut, source: Source, hint: Hint) -> Edit:
    words = _verb(cut.detail[0])
    _, _, command = _located(cut, source, hint, words)
    rest = list(command.texts)
    rest = rest[rest.index(words[-1]) + 1 :]
    while rest:
        word = rest.pop(0)
        if word in ("-r", "--requirement", "--requirements") and rest:
            rest.pop(0)
        elif word not in _PIP_FLAGS and not word.startswith("--requirement="):
            raise Unsafe("it installs more than files of requirements")
    hashes = () if "--require-hashes" in command.texts else ("--require-hashes",)
    return _inserted(cut, source, hint, words, (*hashes, "--only-binary", ":all:"))


def _verb(name: str) -> tuple[str, ...]:
    """The program and its verb, as a code item is named by them: `npm ci`, `uv pip install`."""
    words = name.split()
    count = 3 if words[:2] == ["uv", "pip"] else 2
    if len(words) < count or any(not re.fullmatch(r"[a-z][a-z0-9-]*", word) for word in words[:count]):
        raise Unsafe("the command is not written plainly")
    return tuple(words[:count])


def _inserted(cut: Cut, source: Source, hint: Hint, words: tuple[str, ...], added: tuple[str, ...]) -> Edit:
    """More options behind the verb of a command."""
    start, end, command = _located(cut, source, hint, words)
    new = source.text[start:end] + "".join(f" {word}" for word in added)
    edit = edits.with_script(source, start, end, new, new.replace(":all:", '":all:"'))
    place = command.texts.index(words[-1]) + 1
    _held(edit, command, (*command.texts[:place], *added, *command.texts[place:]), hint)
    return edit


def _located(cut: Cut, source: Source, hint: Hint, words: tuple[str, ...]) -> tuple[int, int, Command]:
    """(start, end) of the words in the text, and the command that they begin. Raises Unsafe."""
    start = 0
    for _ in range(cut.line - 1):
        start = source.text.find("\n", start) + 1
    line = source.text[start : source.end_of_line(start)]
    pattern = r"\s+".join(re.escape(word) for word in words)
    pattern = pattern.replace("pip", r"pip3?", 1) if words[0] == "pip" else pattern
    found = list(re.finditer(rf"(?<![\w./-]){pattern}(?![\w./-])", line))
    commands = [
        command
        for step in steps_of(hint.file)
        if step.script is not None
        for command in step.script.commands
        if (step.run_line or step.line) + command.line - 1 == cut.line and _begins(command, words)
    ]
    if len(found) != 1 or len(commands) != 1:
        raise Unsafe("the command is not written plainly on that line, or more than once")
    return start + found[0].start(), start + found[0].end(), commands[0]


def _begins(command: Command, words: tuple[str, ...]) -> bool:
    texts = [text.removesuffix("3") if text == "pip3" else text for text in command.texts]
    return any(tuple(texts[at : at + len(words)]) == words for at in range(len(texts)))


def _held(edit: Edit, command: Command, wanted: tuple[str, ...], hint: Hint) -> None:
    """The edited script has the same commands but for this one. Raises Unsafe."""
    for step in steps_of(hint.file):
        if step.script is None or all(one is not command for one in step.script.commands):
            continue
        new = edits.reworded(step.run, edit.rewordings[0])
        after = parse_script(new, hint.trees.limits, step.script.dialect)
        expected = [wanted if one is command else one.texts for one in step.script.commands]
        if [one.texts for one in after.commands] != expected:
            raise Unsafe("the script would be read in another way")
        return


def steps_of(file: Workflow | Action) -> Iterator[Step]:
    """All steps of a file."""
    if isinstance(file, Action):
        yield from file.steps
        return
    for job in file.jobs:
        yield from job.steps


_MAKERS: Mapping[str, Callable[[Cut, Source, Hint], Edit]] = MappingProxyType(
    {
        "persist-credentials": _persist,
        "cache-mode": _cache_mode,
        "permissions": _permissions,
        "step-env": _step_env,
        "pin-commit": _pin_commit,
        "ignore-scripts": _ignore_scripts,
        "npm-ci": _npm_ci,
        "only-wheels": _only_wheels,
    }
)
