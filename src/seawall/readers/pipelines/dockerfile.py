"""A Dockerfile says what an image is made from, and what its build runs, fetches and is given.

Values of ARG and ENV are kept only where they say nothing secret. Source: the Dockerfile reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Setting
from seawall.kernel.shell import NO_SCRIPT, Script
from seawall.kernel.task import Dockerfile, Layer, Mount, Stage
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._docker_text import Instruction, directives, instructions
from ._notes import Notes, clean, setting
from ._scripts import command, dialect_of, joined, script, script_at

_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=((?:\"[^\"]*\"|'[^']*'|[^\s\"'])*))?(?:\s+|\Z)")
_CONTINUED = re.compile(r"\\\n")
_PAIR = re.compile(
    r"([A-Za-z_][\w.-]*)(?:=((?:\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\.|[^\s\"'\\])*+))?", re.DOTALL
)
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?([-+])([^{}]*))?\}|(\w+))")
_ADDRESS = re.compile(r"(?:https?|git|ssh)://|git@")
_HEREDOC_ONLY = re.compile(r"(?:<<-?\s*[\"']?[\w.]+[\"']?\s*)+\Z")
_SILENT = frozenset({"LABEL", "EXPOSE", "VOLUME", "WORKDIR", "STOPSIGNAL", "MAINTAINER"})


@dataclass(slots=True)
class _Stage:
    image: str
    name: str
    line: int
    layers: list[Layer] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    env: list[Setting] = field(default_factory=list)
    starts: dict[str, Script] = field(default_factory=dict)
    user: str = ""
    dialect: str = "sh"


@dataclass(slots=True)
class _File:
    notes: Notes
    stages: list[_Stage] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    layers: int = 0
    full: bool = False


def read(data: bytes, path: str, limits: Limits) -> Dockerfile:
    """What a Dockerfile builds from and runs. Never raises."""
    notes = Notes(path, limits)
    file = _File(notes)
    if path.endswith(".dockerignore"):  # `Dockerfile.dockerignore` is what its build leaves out
        return Dockerfile(path)
    try:
        lines = decode(data, limits).replace("\r\n", "\n").split("\n")
    except SyntaxFault as fault:
        notes.fault(fault)
        return Dockerfile(path, problems=notes.problems())
    told = directives(lines)
    for one in instructions(lines, "`" if told.get("escape") == "`" else "\\"):
        if file.full:
            break
        _take(file, one)
    if not file.stages and not notes.problems():
        notes.add(ProblemKind.TRUNCATED, "no FROM in it")
    return Dockerfile(
        path, tuple(_stage(one) for one in file.stages), clean(told.get("syntax", "")),
        notes.problems(), tuple(file.arguments),
    )  # fmt: skip


def _stage(stage: _Stage) -> Stage:
    entry, behind = stage.starts.get("ENTRYPOINT"), stage.starts.get("CMD")
    if entry and behind and len(behind.commands) == 1 and entry.commands:
        last = entry.commands[-1]
        whole = replace(last, words=(*last.words, *behind.commands[0].words))
        stage.starts["ENTRYPOINT"] = replace(entry, commands=(*entry.commands[:-1], whole))
        del stage.starts["CMD"]
    return Stage(
        stage.image, stage.name, stage.line, tuple(stage.layers), tuple(stage.arguments), tuple(stage.env),
        joined(stage.starts.values()), stage.user,
    )  # fmt: skip


def _take(file: _File, one: Instruction) -> None:
    for heredoc in one.heredocs:
        if not heredoc.closed:
            file.notes.add(
                ProblemKind.TRUNCATED, f"the here-document {heredoc.name[:60]} has no end", one.line
            )
    if one.word == "FROM":
        _from(file, one)
    elif one.word == "ARG":
        _argument(file, one)
    elif not file.stages:
        file.notes.malformed("an instruction before the first FROM", one.line)
    elif one.word in ("RUN", "COPY", "ADD", "ONBUILD"):
        file.layers += 1
        file.full = file.notes.full(file.layers - 1, "layers", one.line)
        stage = file.stages[-1]
        stage.layers.append(_layer(file, stage, one))
    else:
        _setting(file, file.stages[-1], one)


def _from(file: _File, one: Instruction) -> None:
    _, rest = _flags(one.text)
    words = rest.replace("\\\n", " ").split()
    if not words:
        file.notes.malformed("FROM without an image", one.line)
        return
    name = words[2] if len(words) > 2 and words[1].upper() == "AS" else ""
    image = _filled(words[0], file.defaults)
    if "$" in image:
        file.notes.unsupported(
            f"FROM {clean(image)[:100]}: the image is known only when it is built", one.line
        )
    file.full = file.notes.full(len(file.stages), "stages", one.line)
    file.stages.append(_Stage(clean(image), name[:200], one.line))


def _filled(text: str, defaults: Mapping[str, str]) -> str:
    """`text` with the defaults of arguments; `${NAME:-text}` is the text where there is no default."""

    def value(found: re.Match[str]) -> str:
        known = defaults.get(found[1] or found[4])
        if found[2] == "+":
            return found[3] if known else ""
        return known or (found[3] if found[2] == "-" else "") or found[0]

    return _VARIABLE.sub(value, text)[:4096]


def _argument(file: _File, one: Instruction) -> None:
    for name, value in _pairs(one.text):
        if not file.stages:
            file.arguments.append(name)
            if value:
                file.defaults[name] = _filled(value, file.defaults)
        elif len(file.stages[-1].arguments) < 1000:
            file.stages[-1].arguments.append(name)
        else:
            file.notes.add(ProblemKind.TOO_MANY, "more than 1000 arguments in one stage", one.line)
            return


def _pairs(text: str) -> list[tuple[str, str]]:
    found = _PAIR.finditer(_CONTINUED.sub(" ", text))
    return [(m[1], _unquoted(m[2] or "")) for m in found]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0] else value


def _setting(file: _File, stage: _Stage, one: Instruction) -> None:
    if one.word == "ENV":
        first = one.text.split(None, 1)
        spaced = len(first) == 2 and "=" not in first[0]
        pairs = [(first[0], first[1])] if spaced else _pairs(one.text)
        if len(stage.env) > 1000:
            file.notes.add(ProblemKind.TOO_MANY, "more than 1000 variables in one stage", one.line)
            return
        stage.env += [setting(name, value, one.line) for name, value in pairs]
    elif one.word == "USER":
        stage.user = clean(one.text.strip())[:200]
    elif one.word == "SHELL":
        words = _exec_form(one.text, file.notes)
        stage.dialect = (dialect_of(words[0]) if words else "") or "sh"
    elif one.word in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
        _, text = _flags(one.text)
        text = re.sub(r"\ACMD\s+|\ANONE\s*\Z", "", text) if one.word == "HEALTHCHECK" else text
        stage.starts[one.word] = _script(file.notes, stage, text, one)
    elif one.word not in _SILENT:
        what = f"the instruction {one.word[:20]}" if one.word else "a line that is no instruction"
        file.notes.malformed(f"{what} is not known", one.line)


def _layer(file: _File, stage: _Stage, one: Instruction) -> Layer:
    word, text = one.word, one.text
    if word == "ONBUILD":
        inner, _, text = text.partition(" ")
        word = f"ONBUILD {inner.upper()[:20]}"
    flags, rest = _flags(text)
    told = dict(flags)
    if word.endswith("RUN"):
        mounts = tuple(_mount(value, one.line) for name, value in flags if name == "mount")
        if told.get("security") == "insecure":
            file.notes.unsupported("a RUN with --security=insecure is not contained", one.line)
        return Layer(
            word, one.line, _run(file.notes, stage, text, rest, one), mounts, network=told.get("network", "")
        )
    layer = Layer(word, one.line, image=_filled(clean(told.get("from", "")), {}))
    sources = [part for part in rest.replace("\\\n", " ").split() if _ADDRESS.match(part)]
    if word.endswith("ADD") and sources:
        layer = replace(layer, fetched=clean(sources[0]), checksum=told.get("checksum", "")[:200])
    if word.endswith("ADD") and len(sources) > 1:
        file.notes.unsupported("an ADD of more than one address: only the first is followed", one.line)
    return layer


def _flags(text: str) -> tuple[list[tuple[str, str]], str]:
    """The `--name=value` words at the beginning, and what stands behind them."""
    flags: list[tuple[str, str]] = []
    at = len(text) - len(text.lstrip())
    while True:
        while text.startswith("\\\n", at):
            at += 2
        found = _FLAG.match(text, at)
        if not found:
            return flags, text[at:]
        flags.append((found[1], _unquoted(found[2] or "")))
        at = found.end()


def _mount(value: str, line: int) -> Mount:
    """One `--mount`; without a type it is a bind mount."""
    told = {key.strip(): item for key, _, item in (part.partition("=") for part in value.split(","))}
    kind = told.get("type", "bind")
    source = told.get("id") or told.get("source") or told.get("src") or ""
    if kind == "ssh":
        source = source or "default"
    target = told.get("target") or told.get("dst") or told.get("destination") or ""
    if kind == "secret" and not source:
        source = target.rpartition("/")[2]
    return Mount(
        kind[:20], clean(source), clean(target), line, clean(told.get("from", "")), told.get("env", "")[:200]
    )


def _run(notes: Notes, stage: _Stage, text: str, rest: str, one: Instruction) -> Script:
    skipped = text[: len(text) - len(rest)].count("\n")
    lines = one.lines[skipped:] or one.lines
    body = "".join(heredoc.text + "\n" for heredoc in one.heredocs)
    if one.heredocs and _HEREDOC_ONLY.match(rest):
        first = one.heredocs[0]
        dialect = stage.dialect
        if body.startswith("#!"):
            words = body[2:200].partition("\n")[0].split()
            program = words[1] if len(words) > 1 and words[0].endswith("/env") else (words or [""])[0]
            dialect = dialect_of(program)
            if not dialect:
                notes.unsupported(f"a here-document for {program[:40]} was not read", first.line)
                return NO_SCRIPT
        return script(body, notes, first.line, dialect)
    if one.heredocs:
        places = list(lines)
        whole = rest
        for heredoc in one.heredocs:
            count = heredoc.text.count("\n") + 1 if heredoc.text else 0
            places += [heredoc.line + at for at in range(count + 1)]
            whole += f"\n{heredoc.text}\n{heredoc.name}" if heredoc.text else f"\n{heredoc.name}"
        return script_at(whole, notes, places, stage.dialect)
    return _script(notes, stage, rest, one, lines)


def _script(notes: Notes, stage: _Stage, text: str, one: Instruction, lines: tuple[int, ...] = ()) -> Script:
    words = _exec_form(text, notes)
    if words is not None:
        return command(words, notes, one.line)
    return script_at(text, notes, lines or one.lines, stage.dialect)


def _exec_form(text: str, notes: Notes) -> list[str] | None:
    """The words of `["a", "b"]`; None when it is no such list, which makes it shell text."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.load(_CONTINUED.sub(" ", text), notes.limits)
    except SyntaxFault:
        return None
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


FORMAT = PipelineFormat(
    "dockerfile",
    ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile", "Containerfile.*"),
    read,
)
