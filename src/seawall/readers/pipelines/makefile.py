"""A Makefile says which commands a target runs and which targets come before it; none of it is run.

Both branches of a conditional are read, and commands keep it as their condition. Each line of a recipe is a
shell of its own unless `.ONESHELL` stands in the file. `$(shell …)` outside recipes runs for every target and
is a task without a name. Source: GNU make's manual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Setting
from seawall.kernel.shell import Script
from seawall.kernel.task import Task, TaskFile
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._make_text import Variables
from ._notes import Notes, setting
from ._scripts import dialect_of, joined, script, script_at

_PREFIXES = "@-+ \t"
_CONDITIONAL = re.compile(r"(ifeq|ifneq|ifdef|ifndef|else|endif)\b(.*)")
_DEFINE = re.compile(r"(?:override[ \t]+|export[ \t]+)*define[ \t]+(\S+)[ \t]*([:+?!]*=)?")
_INCLUDE = re.compile(r"(-include|sinclude|include)[ \t]+(.*)")
_MODIFIER = re.compile(r"(?:override|export|private|unexport)[ \t]+")
_ASSIGNMENT = re.compile(r"([^\s:#=!?+][^\s:#=!?+]*)[ \t]*(:{1,3}=|\?=|\+=|!=|=)[ \t]*(.*)", re.DOTALL)
_SPECIAL = re.compile(r"\.[A-Z_]+\Z")
_LOADS = re.compile(r"(?:vpath|load|-load|undefine)\b")
_SHELL = re.compile(r"\$[({]shell[ \t]")
_AUTOMATIC = re.compile(r"\$[({]?[@<^+]")
_MOST_NEEDS = 1_000_000
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a recipe, continuations in it, with the conditionals around it."""

    number: int
    text: str
    condition: str


@dataclass(slots=True)
class _Rule:
    targets: list[str]
    needs: tuple[str, ...]
    line: int
    pattern: str = ""
    double: bool = False
    recipe: list[_Line] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    notes: Notes
    variables: Variables
    rules: list[_Rule] = field(default_factory=list)
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    exports: list[Setting] = field(default_factory=list)
    includes: dict[str, None] = field(default_factory=dict)
    loaded: list[_Line] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    rule: _Rule | None = None
    targets: int = 0
    one_shell: bool = False
    prefix: str = "\t"
    goal: str = ""


def read(data: bytes, path: str, limits: Limits) -> TaskFile:
    """What a Makefile runs. Never raises."""
    notes = Notes(path, limits)
    file = _File(notes, Variables(notes))
    try:
        text = decode(data, limits)
    except SyntaxFault as fault:
        notes.fault(fault)
        return TaskFile(path, "make", problems=notes.problems())
    lines = text.split("\n")
    for number, line in _logical(lines, file):
        if not _take(file, number, line):
            break
    if file.conditions:
        notes.add(ProblemKind.TRUNCATED, "a conditional is not closed", len(lines))
    tasks = tuple(_tasks(file))
    default = file.goal or file.variables.value(".DEFAULT_GOAL").strip() or _first(file)
    return TaskFile(path, "make", tasks, default, notes.problems(), tuple(file.includes))


def _logical(lines: list[str], file: _File) -> Iterator[tuple[int, str]]:
    """Lines with their continuations: of recipes as written, of everything else joined by a blank."""
    at = 0
    while at < len(lines):
        start = at
        recipe = file.rule is not None and lines[at].startswith(file.prefix)
        parts = [lines[at].rstrip("\r")]
        while _continues(parts[-1]) and at + 1 < len(lines):
            at += 1
            following = lines[at].rstrip("\r")
            parts.append(following.removeprefix(file.prefix) if recipe else following.lstrip())
        at += 1
        if recipe:
            yield start + 1, "\n".join(parts)
            continue
        whole = " ".join(part[:-1] if _continues(part) else part for part in parts)
        defined = _DEFINE.match(whole.strip())
        if defined:
            at = _define(lines, at, file, defined, start + 1)
        else:
            yield start + 1, whole


def _continues(line: str) -> bool:
    return line.endswith("\\") and (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _define(lines: list[str], at: int, file: _File, defined: re.Match[str], line: int) -> int:
    """Takes a `define` up to its `endef`; the line after it."""
    depth, start = 1, at
    while at < len(lines):
        word = lines[at].strip()
        if word.startswith("endef"):
            depth -= 1
            if not depth:
                break
        elif _DEFINE.match(word):
            depth += 1
        at += 1
    if depth:
        file.notes.add(ProblemKind.TRUNCATED, "a `define` is not closed", line)
    body = "\n".join(one.rstrip("\r") for one in lines[start:at])
    file.variables.assign(defined[1], defined[2] or "=", body, conditional=bool(file.conditions), line=line)
    file.rule = None
    return at + 1


def _take(file: _File, number: int, line: str) -> bool:
    """Takes one logical line; False when no more are taken."""
    if file.rule is not None and line.startswith(file.prefix):
        file.rule.recipe.append(_Line(number, line[len(file.prefix) :], " and ".join(file.conditions)))
        return True
    text = _uncommented(line).strip()
    conditional, included = _CONDITIONAL.match(text), _INCLUDE.match(text)
    if conditional:
        _condition(file, conditional[1], conditional[2].strip(), number)
    elif included:
        _include(file, included[1] != "include", included[2], number)
    elif text and not _LOADS.match(text):
        return _statement(file, text, number)
    return True


def _statement(file: _File, text: str, line: int) -> bool:
    bare = text
    while found := _MODIFIER.match(bare):
        bare = bare[found.end() :]
    if _assign(file, bare, line, exported=text.startswith("export")) or bare != text:
        return True
    return _rule(file, text, line)


def _uncommented(line: str) -> str:
    at = line.find("#")
    while at > 0 and line[at - 1] == "\\":
        at = line.find("#", at + 1)
    return line if at < 0 else line[:at]


def _condition(file: _File, word: str, rest: str, line: int) -> None:
    if word == "endif":
        if file.conditions:
            file.conditions.pop()
        else:
            file.notes.malformed("an `endif` without its conditional", line)
    elif word == "else":
        if not file.conditions:
            file.notes.malformed("an `else` without its conditional", line)
            return
        file.conditions[-1] = (rest or "else of " + file.conditions[-1].removeprefix("else of "))[
            :_MOST_CHARACTERS
        ]
    elif len(file.conditions) >= file.notes.limits.nesting:
        file.notes.add(
            ProblemKind.TOO_DEEP, f"conditionals deeper than {file.notes.limits.nesting} levels", line
        )
    else:
        file.conditions.append(f"{word} {rest}"[:_MOST_CHARACTERS])


def _include(file: _File, optional: bool, rest: str, line: int) -> None:
    file.rule = None
    for name in file.variables.expand(rest).split():
        if "$" in name or "*" in name or "?" in name:
            file.notes.unsupported(f"includes {name[:100]}, which is known only when it runs", line)
        elif len(file.includes) < file.notes.limits.includes:
            file.includes[f"-{name}" if optional else name] = None
        else:
            file.notes.add(ProblemKind.TOO_MANY, f"more than {file.notes.limits.includes} includes", line)
            return


def _assign(file: _File, text: str, line: int, *, exported: bool) -> bool:
    found = _ASSIGNMENT.match(text)
    if not found or "$" in found[1]:
        return False
    name, operator, value = found.groups()
    file.rule = None
    conditional = bool(file.conditions)
    if operator == "!=" or (operator in (":=", "::=", ":::=") and _SHELL.search(value)):
        ran = f"{name}=$(shell {value})" if operator == "!=" else f"{name}={value}"
        file.loaded.append(_Line(line, ran, " and ".join(file.conditions)))
    if name == ".RECIPEPREFIX":
        file.prefix = value[:1] or "\t"
    file.variables.assign(name, operator, value, conditional=conditional, line=line)
    if exported:
        file.exports.append(setting(name, file.variables.value(name), line))
    return True


def _rule(file: _File, text: str, line: int) -> bool:
    """Takes `targets: needs ; command`, or a variable of its own that a target has."""
    file.rule = None
    head, recipe = _split(text, ";")
    before, rest = _split(head, ":")
    if rest is None:
        _bare(file, text, line)
        return True
    double = rest.startswith(":")
    rest = rest.removeprefix(":").removeprefix("=")
    targets = file.variables.expand(before.removesuffix("&")).split()
    own = _ASSIGNMENT.match(_MODIFIER.sub("", rest.strip()))
    if own and "$" not in own[1]:
        for target in targets[:1000]:
            file.own.setdefault(target, {})[own[1]] = file.variables.expand(own[3])
        return True
    pattern, needed = _split(rest, ":")
    needs = file.variables.expand(pattern if needed is None else needed).replace("|", " ").split()
    if ".ONESHELL" in targets:
        file.one_shell = True
    targets = [one for one in targets if not _SPECIAL.match(one)]
    file.targets += len(targets)
    if file.notes.full(file.targets - 1, "targets", line):
        return False
    file.rule = _Rule(targets, tuple(needs), line, "" if needed is None else pattern.strip(), double)
    if recipe and recipe.strip():
        file.rule.recipe.append(_Line(line, recipe.strip(), " and ".join(file.conditions)))
    file.rules.append(file.rule)
    return True


def _bare(file: _File, text: str, line: int) -> None:
    """A line that is neither: a reference that runs something, or nothing that make would take."""
    if text.startswith(("export", "unexport")):
        return
    if "$" in text:
        if _SHELL.search(text):
            file.loaded.append(_Line(line, text, " and ".join(file.conditions)))
        elif file.variables.expand(text).strip():
            file.notes.unsupported("a line that is known only when it runs", line)
    else:
        file.notes.malformed("a line that is no rule and no assignment", line)


def _split(text: str, mark: str) -> tuple[str, str | None]:
    """`text` before and behind the first `mark` outside references; None when there is none."""
    depth = 0
    for at, character in enumerate(text):
        if character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        elif character == mark and depth <= 0 and (not at or text[at - 1] != "\\"):
            return text[:at], text[at + 1 :]
    return text, None


def _first(file: _File) -> str:
    for rule in file.rules:
        for target in rule.targets:
            if "%" not in target and (not target.startswith(".") or "/" in target):
                return target
    return ""


def _tasks(file: _File) -> Iterator[Task]:
    exports = tuple(file.exports[:1000])
    if file.loaded:
        yield Task("", file.loaded[0].number, _script(file, file.loaded, {}), env=exports)
    by_target: dict[str, list[_Rule]] = {}
    for rule in file.rules:
        for target in dict.fromkeys(rule.targets):
            by_target.setdefault(target, []).append(rule)
    shared: dict[int, Script] = {}
    spent = 0
    for target, rules in by_target.items():
        needs = rules[0].needs
        if len(rules) > 1 or rules[0].pattern:
            every = (_need(need, rule.pattern, target) for rule in rules for need in rule.needs)
            needs = tuple(dict.fromkeys(islice(every, _MOST_NEEDS - spent)))
            spent += sum(len(rule.needs) for rule in rules)
        if spent >= _MOST_NEEDS:
            file.notes.add(ProblemKind.TOO_MANY, f"more than {_MOST_NEEDS} prerequisites", rules[0].line)
            return
        told = [rule for rule in rules if rule.recipe]
        together = any(rule.double or rule.recipe[0].condition for rule in told)
        told = told if together else told[-1:]
        line = (told or rules)[-1].line
        spent += len(told) if together else 0
        found = joined(_recipe(file, rule, target, needs, shared) for rule in told)
        yield Task(target, line, found, needs, env=exports)


def _need(need: str, pattern: str, target: str) -> str:
    """What a target of a static pattern rule needs: the stem put where the percent sign stands."""
    before, percent, after = pattern.partition("%")
    if not percent or "%" not in need or not (target.startswith(before) and target.endswith(after)):
        return need
    return need.replace("%", target[len(before) : len(target) - len(after)], 1)


def _recipe(
    file: _File, rule: _Rule, target: str, needs: tuple[str, ...], shared: dict[int, Script]
) -> Script:
    """The script of a rule for one target; rules of many targets that do not name them share it."""
    own = file.own.get(target, {})
    named = any(_AUTOMATIC.search(line.text) for line in rule.recipe)
    alone = len(rule.targets) == 1 or bool(own) or (named and len(rule.targets) <= 50)
    if not alone and id(rule) in shared:
        return shared[id(rule)]
    local = dict(own)
    if alone and "%" not in target:
        local["@"] = target
    if alone and "%" not in target and len(needs) <= 1000:
        local.update({"^": " ".join(needs), "<": needs[0] if needs else ""})
    found = _script(file, rule.recipe, local)
    if not alone:
        shared[id(rule)] = found
    return found


def _script(file: _File, lines: list[_Line], local: Mapping[str, str]) -> Script:
    dialect = dialect_of((file.variables.value("SHELL").split() or ["sh"])[0]) or "sh"
    if file.one_shell and lines:
        texts, places = [], []
        for line in lines:
            expanded = file.variables.expand(line.text, local).lstrip(_PREFIXES)
            texts.append(expanded)
            places += _places(line, expanded)
        return script_at("\n".join(texts), file.notes, places, dialect)
    return joined(_shells(file, lines, local, dialect))


def _shells(file: _File, lines: list[_Line], local: Mapping[str, str], dialect: str) -> Iterator[Script]:
    """Each line as a script; a variable of several lines is as many shells."""
    for line in lines:
        expanded = file.variables.expand(line.text, local)
        if expanded.count("\n") == line.text.count("\n"):
            found = script(expanded.lstrip(_PREFIXES), file.notes, line.number, dialect)
            yield _under(found, line.condition)
            continue
        whole = ""
        for part in expanded.split("\n"):
            whole = f"{whole}\n{part}" if whole else part
            if not _continues(part):
                found = script_at(whole.lstrip(_PREFIXES), file.notes, [line.number], dialect)
                yield _under(found, line.condition)
                whole = ""
        if whole:
            yield _under(
                script_at(whole.lstrip(_PREFIXES), file.notes, [line.number], dialect), line.condition
            )


def _places(line: _Line, expanded: str) -> list[int]:
    count = expanded.count("\n") + 1
    same = count == line.text.count("\n") + 1
    return [line.number + (index if same else 0) for index in range(count)]


def _under(found: Script, condition: str) -> Script:
    """The script's commands under the conditional around them, their own behind it."""
    if not condition:
        return found
    commands = (
        replace(one, condition=f"{condition} and {one.condition}" if one.condition else condition)
        for one in found.commands
    )
    return replace(found, commands=tuple(commands))


FORMAT = PipelineFormat("makefile", ("Makefile", "makefile", "GNUmakefile", "*.mk"), read)
