"""tox settings say what each environment installs and runs, and which variables reach it; nothing is run.

From tox.ini, setup.cfg, tox.toml and pyproject.toml. An environment `*` stands for every name that has no
settings of its own. Source: tox 4's configuration reference.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Setting
from seawall.kernel.shell import Script
from seawall.kernel.task import Task, TaskFile
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._ini import Lines, sections
from ._notes import Notes, clean, setting, table, words
from ._scripts import command, joined
from ._tox_names import MOST_NAMES, Conditional, names, written_out

PASSED = (
    "CC", "CFLAGS", "CURL_CA_BUNDLE", "CXX", "FORCE_COLOR", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG",
    "LANGUAGE", "LDFLAGS", "LD_LIBRARY_PATH", "NETRC", "NO_COLOR", "NO_PROXY", "PATH", "PIP_*",
    "PKG_CONFIG*", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "TERM", "TMPDIR", "UV_*", "VIRTUALENV_*",
    "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
"""What tox passes to every environment without being told (`pass_env`, default)."""
_REFERENCE = re.compile(r"\{(?:\[([^\]{}]*)\])?([^{}]*)\}")
_ALIASES = {
    "envlist": "env_list", "setenv": "set_env", "passenv": "pass_env", "changedir": "change_dir",
    "usedevelop": "use_develop", "skipsdist": "no_package", "whitelist_externals": "allowlist_externals",
}  # fmt: skip
_PLACES = {"toxinidir": ".", "tox_root": ".", "/": "/", "envpython": "python", "env_python": "python"}
_TRUE = frozenset({"true", "1", "yes", "on"})
_DEPTH = 8
_MOST_EXPANDED = 2 * 1024 * 1024
_PREFIX = re.compile(r"\A(?:[-!]\s*)+")
_COMMANDS = ("commands_pre", "commands", "commands_post")
_WRITTEN = re.compile(r"^[ \t]*\[+\s*([^\[\]\n]+?)\s*\]+|^[ \t]*([\w-]+)[ \t]*=", re.MULTILINE)


_NOTHING: Lines = []


@dataclass(slots=True)
class _Settings:
    """One environment's settings over those that it takes from; values are lines of text."""

    own: list[Mapping[str, Lines]]
    line: int

    def lines(self, key: str) -> Lines:
        return next((one[key] for one in self.own if key in one), _NOTHING)

    def word(self, key: str) -> str:
        found = self.lines(key)
        return found[0][1].strip() if found else ""


@dataclass(slots=True)
class _Tox:
    notes: Notes
    core: Mapping[str, Lines]
    sections: dict[str, dict[str, Lines]]
    starts: Mapping[str, int]
    base: str = "testenv"
    prefix: str = "testenv:"
    spent: int = 0
    installer: tuple[str, ...] = ("python", "-m", "pip", "install")
    packaged: bool = True
    own: dict[str, str] = field(default_factory=dict)
    conditional: dict[int, tuple[Lines, Conditional]] = field(default_factory=dict)


def read(data: bytes, path: str, limits: Limits) -> TaskFile:
    """What tox would run. A file that does not speak of tox has no tasks. Never raises."""
    notes = Notes(path, limits)
    if b"tox" not in data and b"t\0o\0x" not in data and not path.endswith(("tox.ini", "tox.toml")):
        return TaskFile(path, "tox")
    tasks: tuple[Task, ...] = ()
    try:
        text = decode(data, limits)
        tox = _toml(text, path, notes) if path.endswith(".toml") else _ini(text, path, notes)
        tasks = tuple(_tasks(tox)) if tox else ()
    except SyntaxFault as fault:
        notes.fault(fault)
    return TaskFile(path, "tox", tasks, problems=notes.problems())


def _ini(text: str, path: str, notes: Notes) -> _Tox | None:
    found, starts = sections(text, notes if path.endswith("tox.ini") else Notes(path, notes.limits))
    return _from_ini(found, starts, notes, "tox:tox" if path.endswith(".cfg") else "tox")


def _from_ini(
    found: dict[str, dict[str, Lines]], starts: dict[str, int], notes: Notes, core: str
) -> _Tox | None:
    if core not in found and not any(name.startswith("testenv") for name in found):
        return None
    for values in found.values():
        for old, new in _ALIASES.items():
            if old in values:
                values.setdefault(new, values[old])
    return _Tox(notes, found.get(core, {}), found, starts)


def _toml(text: str, path: str, notes: Notes) -> _Tox | None:
    """The same from TOML; a value is one line of text per item, at the line of its key."""
    document = toml.load(text, notes.limits)
    own = path.endswith("tox.toml")
    settings = document if own else table(table(document.get("tool")).get("tox"))
    if not settings:
        return None
    legacy = settings.get("legacy_tox_ini")
    lines = _written_lines(text)
    before = "" if own else "tool.tox."
    if isinstance(legacy, str):
        found, starts = sections(legacy, notes)
        shift = lines.get((before[:-1], "legacy_tox_ini"), 1)
        shift -= not text.split("\n")[shift - 1].rstrip().endswith(('"""', "'''"))  # else it begins below
        moved = {
            name: {key: [(at + shift, one) for at, one in value] for key, value in values.items()}
            for name, values in found.items()
        }
        return _from_ini(moved, {name: at + shift for name, at in starts.items()}, notes, "tox")
    return _native(settings, lines, before, notes)


def _native(
    settings: Mapping[str, object], lines: Mapping[tuple[str, str], int], before: str, notes: Notes
) -> _Tox:
    found: dict[str, dict[str, Lines]] = {}
    starts: dict[str, int] = {}
    tables = {"env_run_base": ("env_run_base", table(settings.get("env_run_base")))}
    for name, value in table(settings.get("env")).items():
        tables[f"env:{name}"] = (f"env.{name}", table(value))
    for name, (header, values) in tables.items():
        starts[name] = lines.get((before + header, ""), 0)
        found[name] = {
            _ALIASES.get(key, key): _flat(value, lines.get((before + header, key), starts[name]), notes)
            for key, value in values.items()
        }
    core = {
        _ALIASES.get(key, key): _flat(value, lines.get((before.rstrip("."), key), 1), notes)
        for key, value in settings.items()
        if key not in ("env", "env_run_base", "env_pkg_base")
    }
    return _Tox(notes, core, found, starts, "env_run_base", "env:")


def _flat(value: object, line: int, notes: Notes) -> Lines:
    """A TOML value as lines: a list of words is one command line, a table `NAME=value` lines."""
    if isinstance(value, str | bool | int | float):
        return [(line, value if isinstance(value, str) else str(value).lower())]
    if isinstance(value, dict):
        return (
            _replaced(value, line, notes)
            if "replace" in value
            else [(line, f"{key}={one}") for key, one in value.items() if isinstance(one, str)]
        )
    found: Lines = []
    for one in value if isinstance(value, list) else []:
        if isinstance(one, list):
            inner = [_flat(word, line, notes) for word in one]
            found.append((line, shlex.join(text for part in inner for _, text in part)))
        else:
            found += _flat(one, line, notes)
    return found


def _replaced(value: Mapping[str, object], line: int, notes: Notes) -> Lines:
    kind, name = value.get("replace"), value.get("name")
    if kind == "env" and isinstance(name, str):
        return [(line, "{env:" + name + "}")]
    of = value.get("of")
    if kind == "ref" and isinstance(of, list) and all(isinstance(one, str) for one in of) and len(of) > 1:
        section = "env_run_base" if of[0] == "env_run_base" else ":".join(of[:-1])
        return [(line, "{[" + section + "]" + str(of[-1]) + "}")]
    if kind == "ref" and isinstance(value.get("env"), str):
        return [(line, "{[env:" + str(value["env"]) + "]" + str(value.get("key")) + "}")]
    if kind != "posargs":
        notes.unsupported(f"`replace = {str(kind)[:40]}` is known only when it runs", line)
        return []
    return [(line, one) for one in words(value.get("default"))]


def _written_lines(text: str) -> dict[tuple[str, str], int]:
    """The line of each table (key "") and of each key in it."""
    found: dict[tuple[str, str], int] = {}
    header, line, at = "", 1, 0
    for match in _WRITTEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        if match[1] is not None:
            header = match[1].replace('"', "").replace("'", "")
            found.setdefault((header, ""), line)
        else:
            found.setdefault((header, match[2]), line)
    return found


def _tasks(tox: _Tox) -> Iterator[Task]:
    tox.packaged = _word(tox.core, "no_package") not in _TRUE
    required = [text for _, text in tox.core.get("requires", [])]
    if any(re.match(r"tox-uv\b", one) for one in required):
        tox.installer = ("uv", "pip", "install")
    listed = names(" ".join(text for _, text in tox.core.get("env_list", []))) or ("py",)
    settings: dict[str, _Settings] = {}
    base = tox.sections.get(tox.base, {})
    for section, values in tox.sections.items():
        if section.startswith(tox.prefix):
            for name in written_out(section.removeprefix(tox.prefix).replace(" ", "")):
                for one in name.split(","):
                    settings[one] = _Settings(
                        [values, *_bases(tox, values), base], tox.starts.get(section, 0)
                    )
    for name in listed:
        settings.setdefault(name, _Settings([base], tox.starts.get(tox.base, 0)))
    settings["*"] = _Settings([base], tox.starts.get(tox.base, 0))
    if len(listed) >= MOST_NAMES or any(text.count("{") > 11 for _, text in tox.core.get("env_list", [])):
        tox.notes.add(ProblemKind.TOO_MANY, f"more than {MOST_NAMES} environments are listed")
    first = tox.core.get("env_list") or [(1, "")]
    yield Task("", first[0][0], needs=tuple(listed))
    for count, (name, own) in enumerate(settings.items()):
        if tox.notes.full(count, "environments", own.line):
            return
        yield _task(tox, name, own, tox.core.get("requires", []))


def _bases(tox: _Tox, values: Mapping[str, Lines]) -> list[Mapping[str, Lines]]:
    wanted = [one for _, text in values.get("base", []) for one in re.split(r"[,\s]+", text) if one]
    return [tox.sections[one] for one in wanted if one in tox.sections]


def _word(values: Mapping[str, Lines], key: str) -> str:
    found = values.get(key)
    return found[0][1].strip().lower() if found else ""


def _task(tox: _Tox, name: str, own: _Settings, required: Lines) -> Task:
    tox.own = {"envname": name, "env_name": name} if name != "*" else {}
    scripts: list[Script] = []
    if required:
        scripts += [
            command(["python", "-m", "pip", "install", *_split(text)], tox.notes, line)
            for line, text in required
        ]
    dependencies = _lines(tox, name, own.lines("deps"))
    scripts += list(_installs(tox, own, dependencies))
    for key in _COMMANDS:
        scripts += _ran(tox, _lines(tox, name, own.lines(key)))
    passed = [
        one
        for _, text, _ in _lines(tox, name, own.lines("pass_env"))
        for one in re.split(r"[,\s]+", text)
        if one
    ]
    changed = _lines(tox, name, own.lines("change_dir"))
    return Task(
        name, own.line, joined(scripts), (), tuple(clean(text) for _, text, _ in dependencies),
        tuple(_environment(tox, name, own)), clean(changed[0][1]) if changed else "",
        tuple(dict.fromkeys((*PASSED, *passed))),
    )  # fmt: skip


def _installs(tox: _Tox, own: _Settings, dependencies: list[tuple[int, str, str]]) -> Iterator[Script]:
    """What tox installs: `deps`, dependency groups, and the project itself with its dependencies."""
    if "lock" in own.word("runner"):
        yield command(["uv", "sync", "--locked"], tox.notes, own.line)
        return
    custom = _split(own.word("install_command").replace("{opts}", ""))
    installer = [one for one in custom if one != "{packages}"] or [*tox.installer]
    for line, text, factors in dependencies:
        yield command([*installer, *_split(text)], tox.notes, line, factors)
    for line, text in own.lines("dependency_groups"):
        yield command(
            [*installer, *(word for one in text.split() for word in ("--group", one))], tox.notes, line
        )
    if tox.packaged and own.word("skip_install").lower() not in _TRUE and own.word("package") != "skip":
        extras = ",".join(one for _, text in own.lines("extras") for one in re.split(r"[,\s]+", text) if one)
        yield command([*installer, f".[{extras}]" if extras else "."], tox.notes, own.line)


def _ran(tox: _Tox, lines: list[tuple[int, str, str]]) -> Iterator[Script]:
    for line, text, factors in lines:
        split = _split(_PREFIX.sub("", text))
        if split and tox.notes.takes_script(len(text), line):
            yield command(split, tox.notes, line, factors)


def _environment(tox: _Tox, name: str, own: _Settings) -> Iterator[Setting]:
    for line, text, _ in _lines(tox, name, own.lines("set_env")):
        if text.startswith("file|"):
            tox.notes.unsupported(f"variables from {text[5:100]} are not read", line)
            continue
        key, equals, value = text.partition("=")
        if equals:
            yield setting(key.strip(), value.strip(), line)


def _split(text: str) -> list[str]:
    """Words as tox splits them; what is not closed is split at blanks."""
    if len(text) > 64 * 1024:
        return text.split()[:10_000]
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _lines(tox: _Tox, name: str, lines: Lines, depth: int = 0) -> list[tuple[int, str, str]]:
    """(line, text, factors) of the lines that an environment gets, references replaced."""
    found: list[tuple[int, str, str]] = []
    mark = id(lines)
    if mark not in tox.conditional:
        tox.conditional[mark] = (lines, Conditional(lines))
        if cut := tox.conditional[mark][1].cut:
            tox.notes.add(ProblemKind.TOO_MANY, "factors combine too often; the rest was not read", cut)
    for line, text, factors in tox.conditional[mark][1].of(name):
        tox.spent += 1
        if tox.spent > _MOST_EXPANDED:
            tox.notes.add(
                ProblemKind.TOO_MANY, "environments have too many lines; the rest was not read", line
            )
            break
        wanted = text.strip()
        whole = _REFERENCE.fullmatch(wanted)
        target = _target(tox, whole[1], whole[2]) if whole and whole[1] is not None else None
        if target is not None and depth < _DEPTH:
            found += _lines(tox, name, target, depth + 1)
        elif wanted:
            found.append((line, _expanded(tox, wanted, line), factors))
    return found


def _target(tox: _Tox, section: str, key: str) -> Lines | None:
    values = tox.core if section in ("tox", "tox:tox") else tox.sections.get(section, {})
    return values.get(_ALIASES.get(key, key).replace("-", "_"))


def _expanded(tox: _Tox, text: str, line: int) -> str:
    """`text` with references replaced, inner ones first, a bounded number of times."""
    for _ in range(_DEPTH):
        if "{" not in text or tox.spent > _MOST_EXPANDED:
            break
        after = _REFERENCE.sub(lambda found: _reference(tox, found, line), text)[:64_000]
        tox.spent += len(after)
        if after == text:
            break
        text = after
    return text.replace("\x01", "{").replace("\x02", "}")


def _reference(tox: _Tox, found: re.Match[str], line: int) -> str:
    section, name = found[1], found[2]
    kind, _, rest = name.partition(":")
    if section is not None:
        target = _target(tox, section, name)
        if target is None:
            tox.notes.unsupported(f"{{[{section[:40]}]{name[:40]}}} leads nowhere", line)
        return " ".join(text for _, text in target or [])
    if kind == "posargs":
        return rest
    if kind == "env":
        return "$\x01" + re.sub(r"\W", "_", rest.partition(":")[0]) + "\x02"
    if name in _PLACES:
        return _PLACES[name]
    return tox.own.get(name) or "$\x01" + (re.sub(r"\W", "_", name) or "_") + "\x02"


FORMAT = PipelineFormat("tox", ("tox.ini", "tox.toml", "setup.cfg", "pyproject.toml"), read)
