"""A pre-commit configuration says which repositories' hooks run at a commit, and which commands of the tree.

Source: pre-commit's configuration reference.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.shell import Script
from seawall.kernel.source import SourceKind, source_from_url
from seawall.kernel.task import HookFile, HookRepository
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax import yaml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._notes import Notes, clean, words
from ._scripts import command, joined

_NOT_RUN = frozenset({"fail", "pygrep"})
"""Their `entry` is a text, no command."""
_MOST_HOOKS = 1_000


def read(data: bytes, path: str, limits: Limits) -> HookFile:
    """What a pre-commit configuration runs. Never raises."""
    notes = Notes(path, limits)
    try:
        value = yaml.load(decode(data, limits), limits)
        repositories = value.get("repos") if isinstance(value, dict) else value
        if not isinstance(repositories, list):
            raise SyntaxFault(ProblemKind.MALFORMED, "it names no list of `repos`", 1)
    except SyntaxFault as fault:
        notes.fault(fault)
        return HookFile(path, problems=notes.problems())
    return HookFile(path, tuple(_repositories(repositories, notes)), notes.problems())


def _repositories(value: list[object], notes: Notes) -> Iterator[HookRepository]:
    lines = value.lines if isinstance(value, yaml.Sequence) else []
    for index, one in enumerate(value):
        line = lines[index] if index < len(lines) else 0
        if notes.full(index, "repositories", line):
            return
        if not isinstance(one, dict) or not isinstance(one.get("repo"), str):
            notes.malformed("an entry without `repo`", line)
            continue
        line = one.lines.get("repo", line) if isinstance(one, yaml.Mapping) else line
        yield _repository(one, line, notes)


def _repository(value: dict[str, object], line: int, notes: Notes) -> HookRepository:
    location = str(value["repo"])
    if location not in ("local", "meta", "builtin"):
        location = clean(source_from_url(location, SourceKind.GIT).location)
    rev = value.get("rev")
    hooks: list[str] = []
    languages: list[str] = []
    dependencies: list[str] = []
    images: list[str] = []
    scripts: list[Script] = []
    listed = value.get("hooks")
    for hook in listed if isinstance(listed, list) else []:
        if len(hooks) >= _MOST_HOOKS:
            notes.add(ProblemKind.TOO_MANY, f"more than {_MOST_HOOKS} hooks of one repository", line)
            break
        if not isinstance(hook, dict) or not isinstance(hook.get("id"), str):
            notes.malformed("a hook without `id`", line)
            continue
        language = hook.get("language")
        hooks.append(clean(str(hook["id"])))
        languages.append(language[:40] if isinstance(language, str) else "")
        dependencies += [clean(one) for one in words(hook.get("additional_dependencies"))[:_MOST_HOOKS]]
        if location == "local":
            _local(hook, line, notes, scripts, images)
    return HookRepository(
        location, clean(rev) if isinstance(rev, str) else "", line, tuple(hooks), tuple(dependencies),
        joined(scripts), tuple(languages), tuple(images),
    )  # fmt: skip


def _local(
    hook: dict[str, object], line: int, notes: Notes, scripts: list[Script], images: list[str]
) -> None:
    """What a hook of the tree itself runs: a command, or an image."""
    entry, language = _entry(hook), hook.get("language")
    at = hook.lines.get("entry", line) if isinstance(hook, yaml.Mapping) else line
    if language == "docker_image":
        words_of_image = [one for at, one in enumerate(entry) if not _is_option(entry, at)]
        images += [clean(one) for one in words_of_image[:1]]
    elif language == "docker":
        notes.unsupported("a hook that builds an image from this tree is not followed", at)
    elif language not in _NOT_RUN:
        scripts.append(command(entry, notes, at))


def _is_option(entry: list[str], at: int) -> bool:
    """An option of `docker run`, or its value (`--entrypoint /bin/sh`)."""
    before = entry[at - 1] if at else ""
    return entry[at].startswith("-") or (before.startswith("-") and "=" not in before)


def _entry(hook: dict[str, object]) -> list[str]:
    """The words of `entry` and `args`; pre-commit splits them as a shell does and runs no shell."""
    entry = hook.get("entry")
    if not isinstance(entry, str):
        return []
    try:
        found = shlex.split(entry[:10_000])
    except ValueError:
        found = entry[:10_000].split()
    return [*found, *words(hook.get("args"))[:_MOST_HOOKS]]


FORMAT = PipelineFormat("pre-commit", (".pre-commit-config.yaml", ".pre-commit-config.yml"), read)
