"""A justfile says which commands a recipe runs and which recipes come before and after it; none of it is run.

Each line of a recipe is a shell of its own, except where the recipe begins with `#!` or is a `[script]`.
Backticks of assignments run for every recipe and are a task without a name. Source: just's manual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Setting
from seawall.kernel.shell import NO_SCRIPT, Script
from seawall.kernel.task import Task, TaskFile
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._notes import Notes, clean, setting
from ._scripts import dialect_of, joined, script, script_at

_NAME = r"[A-Za-z_][\w-]*"
_RECIPE = re.compile(rf"@?({_NAME})((?:\s[^\n]*?)?):(?!=)(.*)", re.DOTALL)
_ASSIGNMENT = re.compile(rf"(export\s+)?(?:unexport\s+)?({_NAME})\s*:=\s*(.*)", re.DOTALL)
_ALIAS = re.compile(rf"alias\s+({_NAME})\s*:=\s*({_NAME}(?:::{_NAME})*)")
_SETTING = re.compile(r"set\s+([\w-]+)\s*(?::=\s*(.*))?", re.DOTALL)
_IMPORT = re.compile(r"import(\?)?\s+(?:\"([^\"]*)\"|'([^']*)')")
_MODULE = re.compile(rf"mod\??\s+({_NAME})")
_ATTRIBUTE = re.compile(
    r"([\w-]+)\s*(?:[:(]\s*(?:\"([^\"]*)\"|'([^']*)')?(?:\s*,\s*(?:\"([^\"]*)\"|'([^']*)'))?)?"
)
_STRING = re.compile(r"\"\"\"(.*?)\"\"\"|'''(.*?)'''|\"((?:[^\"\\]|\\.)*+)\"|'([^']*+)'", re.DOTALL)
_TOKEN = re.compile(
    r"\s++|(?P<string>\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\]|\\.)*+\"|'[^']*+')"
    r"|(?P<command>```.*?```|`[^`]*+`)|(?P<call>[A-Za-z_][\w-]*+\()|(?P<name>[A-Za-z_][\w-]*+)"
    r"|(?P<mark>[+/(),])|(?P<other>.)",
    re.DOTALL,
)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*+\"?+|'[^']*+'?+|`[^`]*+`?+|#", re.DOTALL)
_BACKTICKS = re.compile(r"```(.*?)```|`([^`]*+)`", re.DOTALL)
_INTERPOLATION = re.compile(r"\{\{\{\{|\{\{(.*?)\}\}", re.DOTALL)
_NEED = re.compile(rf"\(?\s*({_NAME}(?:::{_NAME})*)")
_PLACES = {"justfile_directory(": ".", "justfile_dir(": ".", "source_directory(": ".", "source_dir(": "."}
_SAME = frozenset({"quote(", "trim(", "absolute_path(", "clean(", "canonicalize(", "path_exists("})
_ENVIRONMENT = frozenset({"env_var(", "env(", "env_var_or_default("})
_MOST_VALUE = 4096
_SETTINGS_OF_SHELL = ("shell", "windows-shell")


@dataclass(slots=True)
class _Recipe:
    name: str
    line: int
    needs: tuple[str, ...]
    parameters: frozenset[str]
    attributes: tuple[tuple[str, str, str], ...]
    body: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    notes: Notes
    values: dict[str, str] = field(default_factory=dict)
    exports: list[Setting] = field(default_factory=list)
    aliases: list[Task] = field(default_factory=list)
    recipes: list[_Recipe] = field(default_factory=list)
    includes: dict[str, None] = field(default_factory=dict)
    loaded: list[Script] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


def read(data: bytes, path: str, limits: Limits) -> TaskFile:
    """What a justfile runs. Never raises."""
    notes = Notes(path, limits)
    file = _File(notes)
    try:
        text = decode(data, limits)
    except SyntaxFault as fault:
        notes.fault(fault)
        return TaskFile(path, "just", problems=notes.problems())
    for number, line in _logical(text):
        if not _take(file, number, line):
            break
    named = next((one.name for one in file.recipes if any(a[0] == "default" for a in one.attributes)), "")
    default = named or (file.recipes[0].name if file.recipes else "")
    return TaskFile(path, "just", tuple(_tasks(file)), default, notes.problems(), tuple(file.includes))


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines; one that is not of a recipe goes on while a string, backticks or a bracket in it are open."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        start = at
        line = lines[at].rstrip("\r")
        at += 1
        if line[:1] not in ("", " ", "\t", "#"):
            for mark in ('"""', "'''", "```"):
                if line.count(mark) % 2:
                    end = next((i for i in range(at, len(lines)) if mark in lines[i]), at - 1)
                    line = "\n".join([line, *lines[at : end + 1]])
                    at = end + 1
                    break
            if ":=" in line and (quote := _open_quote(line)):
                end = next((i for i in range(at, len(lines)) if quote in lines[i]), at - 1)
                line = "\n".join([line, *lines[at : end + 1]])
                at = end + 1
            parts = [line]
            opened = _opened(line) if ":=" in line else 0
            while (parts[-1].endswith("\\") or opened > 0) and at < len(lines) and len(parts) < 200:
                parts[-1] = parts[-1].removesuffix("\\")
                parts.append(lines[at].strip())
                opened += _opened(lines[at]) if opened else 0
                at += 1
            line = " ".join(parts)
        yield start + 1, line


def _opened(line: str) -> int:
    """How many brackets the line opens and does not close."""
    bare = _QUOTED.sub("", line)
    return sum(map(bare.count, "{[(")) - sum(map(bare.count, "}])"))


def _open_quote(line: str) -> str:
    """The quote of a string or command that begins on the line and does not end on it."""
    for found in _QUOTED.finditer(line):
        if found[0] == "#":
            return ""
        if len(found[0]) == 1 or found[0][-1] != found[0][0]:
            return found[0][0]
    return ""


def _take(file: _File, number: int, line: str) -> bool:
    if line[:1] in (" ", "\t") or not line.strip():
        if file.recipes and (line.strip() or file.recipes[-1].body):
            file.recipes[-1].body.append((number, line))
        elif line.strip():
            file.notes.malformed("an indented line that belongs to no recipe", number)
        return True
    text = _uncommented(line).strip()
    if text.startswith("["):
        found = _ATTRIBUTE.finditer(text[1:].rstrip("]"))
        file.attributes += [(m[1], m[2] or m[3] or "", m[4] or m[5] or "") for m in found]
        return True
    if text and not _declaration(file, text, number):
        return _recipe(file, text, number)
    return True


def _uncommented(line: str) -> str:
    if "#" not in line:
        return line
    for found in _QUOTED.finditer(line):
        if found[0] == "#":
            return line[: found.start()]
    return line


def _declaration(file: _File, text: str, line: int) -> bool:
    if found := _SETTING.fullmatch(text):
        file.settings[found[1]] = found[2] or "true"
        return True
    if found := _ALIAS.match(text):
        file.aliases.append(Task(found[1], line, needs=(found[2],)))
    elif found := _IMPORT.match(text):
        if len(file.includes) < file.notes.limits.includes:
            file.includes[("-" if found[1] else "") + (found[2] or found[3] or "")] = None
        else:
            file.notes.add(ProblemKind.TOO_MANY, f"more than {file.notes.limits.includes} imports", line)
    elif found := _MODULE.fullmatch(text) or _MODULE.match(text + "\n"):
        if ":" in text and "'" not in text and '"' not in text:
            return False
        file.notes.unsupported(f"the module {found[1][:60]} is not followed", line)
    elif found := _ASSIGNMENT.fullmatch(text):
        _assign(file, found[2], found[3], line, exported=bool(found[1]))
    else:
        return False
    file.attributes.clear()
    return True


def _assign(file: _File, name: str, expression: str, line: int, *, exported: bool) -> None:
    for ran in _BACKTICKS.finditer(expression):
        if not file.notes.full(len(file.loaded), "commands of assignments", line):
            file.loaded.append(script((ran[1] or ran[2] or "").strip("\n"), file.notes, line, _dialect(file)))
    value = _value(file, expression, frozenset())
    if value is not None and len(value) <= _MOST_VALUE:
        file.values[name] = value
    if (exported or "export" in file.settings) and len(file.exports) < 1000:
        file.exports.append(setting(name, value or "", line))


def _recipe(file: _File, text: str, line: int) -> bool:
    found = _RECIPE.fullmatch(text)
    if not found:
        file.notes.malformed("a line that is no recipe, setting or assignment", line)
        return True
    if file.notes.full(len(file.recipes), "recipes", line):
        return False
    name, parameters, rest = found.groups()
    if "'" in parameters or '"' in parameters:  # a default may hold a colon
        parameters, rest = _behind_colon(text[text.index(name) + len(name) :])
    before, _, after = rest.partition("&&")
    needs = [*_needs(before), *_needs(after)]
    names = frozenset(re.findall(rf"[$*+]*({_NAME})", _STRING.sub("", parameters)))
    file.recipes.append(_Recipe(name, line, tuple(needs), names, tuple(file.attributes)))
    file.attributes.clear()
    return True


def _behind_colon(text: str) -> tuple[str, str]:
    for found in re.finditer(r"\"(?:[^\"\\]|\\.)*+\"?+|'[^']*+'?+|:", text):
        if found[0] == ":":
            return text[: found.start()], text[found.end() :]
    return text, ""


def _needs(text: str) -> list[str]:
    """The recipes named: words, and the first word of each bracket (the rest of it are arguments)."""
    bare = _STRING.sub("", text) if "'" in text or '"' in text else text
    return [m[1] for m in _NEED.finditer(re.sub(r"\(\s*([\w:-]+)[^()]*\)", r" \1 ", bare))]


def _dialect(file: _File) -> str:
    for name in _SETTINGS_OF_SHELL[:1]:
        found = _STRING.search(file.settings.get(name, ""))
        if found:
            return dialect_of(next(group for group in found.groups() if group is not None)) or "sh"
    return "sh"


def _tasks(file: _File) -> Iterator[Task]:
    exports = tuple(file.exports)
    if file.loaded:
        yield Task("", file.loaded[0].commands[0].line if file.loaded[0].commands else 1, joined(file.loaded))
    home = file.settings.get("working-directory", "")
    for recipe in file.recipes:
        directory = _value(file, home, frozenset()) if home else ""
        env = list(exports)
        for name, first, second in recipe.attributes:
            if name == "working-directory":
                directory = first
            elif name == "env":
                env.append(setting(first, second, recipe.line))
            elif name == "no-cd":
                file.notes.unsupported("a `[no-cd]` recipe runs where it is called from", recipe.line)
        yield Task(
            recipe.name,
            recipe.line,
            _script(file, recipe),
            recipe.needs,
            env=tuple(env),
            directory=clean(directory or ""),
        )
    yield from file.aliases[:1000]
    if len(file.aliases) > 1000:
        file.notes.add(ProblemKind.TOO_MANY, "more than 1000 aliases", file.aliases[1000].line)


def _script(file: _File, recipe: _Recipe) -> Script:
    body = recipe.body
    while body and not body[-1][1].strip():
        body.pop()
    if not body:
        return NO_SCRIPT
    indent = len(body[0][1]) - len(body[0][1].lstrip())
    texts = [_interpolated(file, line[indent:] if line.strip() else "", recipe) for _, line in body]
    lines = [number for number, _ in body]
    interpreter = next((first for name, first, _ in recipe.attributes if name == "script"), None)
    if texts[0].startswith("#!"):
        interpreter = texts[0][2:]
    if interpreter is not None or texts[0].startswith("#!"):
        words = (interpreter or file.settings.get("script-interpreter", "") or "sh").strip("[]'\" ").split()
        program = words[1] if len(words) > 1 and words[0].endswith("/env") else words[0]
        if program == "-S" and len(words) > 2:
            program = words[2]
        dialect = dialect_of(program)
        if not dialect:
            file.notes.unsupported(f"a recipe in {program[:40]} was not read", recipe.line)
            return NO_SCRIPT
        return script_at("\n".join(texts), file.notes, lines, dialect)
    return joined(_shells(file, texts, lines))


def _shells(file: _File, texts: list[str], lines: list[int]) -> Iterator[Script]:
    dialect = _dialect(file)
    at = 0
    while at < len(texts):
        start = at
        while texts[at].endswith("\\") and at + 1 < len(texts):
            at += 1
        at += 1
        whole = "\n".join(texts[start:at]).lstrip("@- \t?")
        if whole and not whole.startswith("#"):
            yield script_at(whole, file.notes, lines[start:at], dialect)


def _interpolated(file: _File, line: str, recipe: _Recipe) -> str:
    if "{{" not in line:
        return line

    def replaced(found: re.Match[str]) -> str:
        if found[1] is None:
            return "{{"
        value = _value(file, found[1], recipe.parameters)
        if value is not None:
            return value
        name = found[1].strip()
        return "${" + (re.sub(r"\W", "_", name[:60]) or "_") + "}"

    return _INTERPOLATION.sub(replaced, line)


def _value(file: _File, expression: str, parameters: frozenset[str]) -> str | None:
    """What an expression gives where it is constant, with `${NAME}` for the environment; else None."""
    if len(expression) > _MOST_VALUE:
        return None
    parts: list[str] = []
    waiting = ""
    for found in _TOKEN.finditer(expression):
        kind, text = found.lastgroup, found[0]
        if kind == "string":
            inner = _STRING.fullmatch(text)
            value = next((g for g in inner.groups() if g is not None), "") if inner else ""
            parts.append("${" + value + "}" if waiting in _ENVIRONMENT and value.isidentifier() else value)
            if waiting == "env_var_or_default(" or (waiting == "env(" and "," in expression):
                return parts[-1]
        elif kind == "name":
            if text in parameters or text not in file.values:
                return None
            parts.append(file.values[text])
        elif kind == "call":
            if text not in _PLACES and text not in _SAME and text not in _ENVIRONMENT:
                return None
            parts += [_PLACES[text]] if text in _PLACES else []
            waiting = text
        elif text == "/":
            parts.append("/")
        elif kind in ("command", "other") or text == ",":
            return None
    return "".join(parts)


FORMAT = PipelineFormat("justfile", ("justfile", "Justfile", ".justfile", "*.just"), read)
