"""What really runs stands behind wrappers: `sudo -E env X=1 timeout 60 pip install x` runs pip.

Every command of a script becomes the programs that it starts, outermost first, each with its own arguments,
the variables it is given and the directory it runs in.
Source: the manuals of sudo, env, timeout, xargs, find and of the tools named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from posixpath import basename, join, normpath

from seawall.kernel.shell import Command, Script, Word

from .inner import INNER, Inner, inner_of
from .options import Known, known, names

TOP = "$GITHUB_WORKSPACE"
UNKNOWN = "?"
_DEEPEST = 8
_VERSIONED = re.compile(r"(python|pypy|pip|ruby|gem|node)w?[\d.]*\Z")
_ENDINGS = (".exe", ".cmd", ".bat", ".ps1")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)\Z", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_NAMED_BY_VARIABLE = names(
    "sudo pip python npm npx pnpm yarn uv cargo conda mamba docker podman poetry node go make curl"
)
_LEFT_OVERS = names("! { ( if then else elif do while until time builtin noglob")
"""Words of the grammar before a command, where a line was read without it."""

_WRAPPERS: dict[str, Known] = {
    "sudo": known(
        "-u -g -h -p -C -D -R -T -U -r -t --user --group --host --prompt --chdir --close-from --chroot",
        "-E -H -n -S -k -K -b -i -s -A --preserve-env --set-home --non-interactive --stdin --login",
    ),
    "doas": known("-u -C", "-n -s"),
    "env": known("-u --unset -C --chdir", "-i - --ignore-environment -0 -v"),
    "nohup": known(),
    "nice": known("-n --adjustment"),
    "ionice": known("-c -n -p --class --classdata"),
    "stdbuf": known("-i -o -e --input --output --error"),
    "command": known("", "-p"),
    "exec": known("-a", "-c -l"),
    "time": known("-f -o --format --output", "-p -v -l -a"),
    "setsid": known("", "-c -f -w"),
    "unbuffer": known(),
    "chronic": known(),
    "caffeinate": known("-t -w", "-d -i -m -s -u"),
    "arch": known("-e", "-x86_64 -arm64 -i386 -64 -32"),
    "setarch": known(),
    "xvfb-run": known(
        "-s -n -e -f -w -p --server-args --server-num --error-file --auth-file --wait --xauth-protocol",
        "-a -l --auto-servernum --listen-tcp",
    ),
    "dbus-run-session": known("--config-file --dbus-daemon"),
    "xargs": known(
        "-n -P -I -L -s -d -E -a --max-args --max-procs --replace --max-lines --max-chars --delimiter "
        "--arg-file",
        "-0 -r -t -x -p --null --no-run-if-empty --verbose",
    ),
    "watch": known("-n --interval"),
    "cross-env": known(),
    "dotenv": known("-f -e -p"),
    "op": known("--env-file --account", "--no-masking"),
    "doppler": known("-t -p -c --token --project --config"),
    "strace": known("-e -o -p -s", "-f -ff -c"),
    "valgrind": known(),
    "winpty": known(),
    "wine": known(),
    "wine64": known(),
    "retry": known("-t -d -n --tries --delay --max", "-v"),
    "travis_retry": known(),
    "wsl": known("-d -u --cd --distribution --user"),
    "rosetta": known(),
}
_WITH_WORDS = {"timeout": 1, "chroot": 1, "gosu": 1, "su-exec": 1, "flock": 1, "setarch": 1, "scl": 2}
"""Wrappers with so many words of their own before the command."""
_WITH_WORDS_OPTIONS = {
    "timeout": known("-s -k --signal --kill-after", "--preserve-status --foreground -v --verbose"),
    "flock": known("-w -E --timeout --conflict-exit-code", "-n -x -s -e -o -F"),
}
_SUBCOMMANDS = {"op": "run", "doppler": "run"}


@dataclass(frozen=True, slots=True)
class Run:
    """One program as it runs. `program` is its base name in small letters, versions taken off (`pip`).

    `written` is its name as written. `index` is its command's. `env` are variables that it surely is given.
    `directory` is relative to the tree's top, `.` = the top, `?` = not known or outside. `contained`: it runs
    in a container that is given nothing but `given` variables. `under` are the programs that start it.
    """

    program: str
    written: str
    args: tuple[Word, ...]
    command: Command
    index: int
    env: Mapping[str, str]
    directory: str
    contained: bool = False
    given: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    piped: bool = False

    @property
    def texts(self) -> list[str]:
        """The arguments as plain texts."""
        return [word.text for word in self.args]

    @property
    def first(self) -> str:
        """The first argument, empty when there is none."""
        return self.args[0].text if self.args else ""

    def path(self, text: str) -> str:
        """A path of the command relative to the tree's top; empty when it is outside or not known."""
        found = placed(self.directory, text.replace("\\", "/"))
        return "" if found == UNKNOWN else found


Env = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Kept:
    """The last answers of `runs_of`, bounded by their runs. A script that is kept keeps its identity."""

    most: int
    answers: dict[tuple[int, str, Env], tuple[Script, tuple[Run, ...]]] = field(default_factory=dict)
    size: int = 0

    def put(self, key: tuple[int, str, Env], script: Script, runs: tuple[Run, ...]) -> None:
        if self.size > self.most:
            self.answers, self.size = {}, 0
        self.answers[key] = script, runs
        self.size += len(runs) + 1


_KEPT = _Kept(20_000)


@dataclass(slots=True)
class _Walk:
    env: dict[str, str]
    cwd: str
    contained: dict[int, Run] = field(default_factory=dict)


def placed(start: str, directory: str) -> str:
    """`directory` seen from `start`, relative to the tree's top; `?` when it is outside or not known."""
    if directory.startswith(TOP):
        start, directory = ".", directory[len(TOP) :].lstrip("/")
    if UNKNOWN in (directory, start) or directory.startswith(("/", "~")) or "$" in directory:
        return UNKNOWN
    found = normpath(join(start or ".", directory))
    return UNKNOWN if found.startswith("..") else found


def runs_of(script: Script, cwd: str, env: Env = ()) -> tuple[Run, ...]:
    """Every program that the script's commands start, in their order.

    What a script calls, brings in and leaves behind is asked one after the other, so answers are kept for a
    while.
    """
    known_env = tuple(item for item in env if "${{" not in item[1])
    key = (id(script), cwd or ".", known_env)
    kept = _KEPT.answers.get(key)
    if kept is not None and kept[0] is script:
        return kept[1]
    found = _runs_of(script, cwd or ".", known_env)
    _KEPT.put(key, script, found)
    return found


def _runs_of(script: Script, cwd: str, env: Env) -> tuple[Run, ...]:
    walk = _Walk(dict(env), cwd)
    found: list[Run] = []
    for index, command in enumerate(script.commands):
        _export(command, walk)
        if not command.words:
            continue
        outer = walk.contained.get(command.within)
        first = _first(command, index, walk)
        if outer is not None:
            first = replace(first, contained=outer.contained, given=outer.given, under=outer.under)
        last = first
        for run in _unwrapped(first):
            found.append(run)
            last = run
        if last.contained:
            walk.contained[index] = last
    return tuple(found)


def _export(command: Command, walk: _Walk) -> None:
    """Constants that the script exports, or sets for a variable that was exported before."""
    exports = command.program in ("export", "declare", "typeset")
    if command.condition or command.substituted or (command.words and not exports):
        return
    for name, word in command.assignments:
        if exports or name in walk.env:
            # A new one: what ran before keeps the environment that it had.
            walk.env = {other: value for other, value in walk.env.items() if other != name}
            if word.literal:
                walk.env[name] = word.text


def _first(command: Command, index: int, walk: _Walk) -> Run:
    words = command.words
    if walk.env and not all(word.literal for word in words):
        words = tuple(_filled(word, walk.env) for word in words)
    own = {name: word.text for name, word in command.assignments if word.literal}
    return Run(
        "",
        "",
        words,
        command,
        index,
        {**walk.env, **own} if own else walk.env,
        placed(walk.cwd, command.directory),
        piped=command.piped_from >= 0,
    )


def _filled(word: Word, env: Mapping[str, str]) -> Word:
    """The word with variables of the step's environment replaced, where all of them are known."""
    if word.literal or not word.variables or not any(name in env for name in word.variables):
        return word
    text = _VARIABLE.sub(lambda found: env.get(found[1] or found[2], found[0])[:1_000], word.text)
    literal = not word.expressions and "$" not in text and "`" not in text
    return replace(word, text=text, literal=literal)


def _unwrapped(run: Run) -> Iterator[Run]:
    """`run` holds all words in `args`; yields each program with the words that are its own."""
    waiting, count = [run], 0
    while waiting and count < _DEEPEST:
        current = _without_wrappers(waiting.pop())
        count += 1
        if not current.args:
            return
        named = _named(current)
        yield named
        for inner in _started(named):
            waiting.append(inner)


def _started(run: Run) -> Iterator[Run]:
    finder = INNER.get(run.program)
    if finder is None:
        return
    inner: Inner | None = inner_of(finder, run.texts, run.args)
    if inner is None or not inner.words:
        return
    yield replace(
        run,
        args=inner.words,
        under=(*run.under, run.program),
        contained=run.contained or inner.contained,
        given=(*run.given, *inner.given),
        directory=UNKNOWN if inner.elsewhere else run.directory,
    )


def _without_wrappers(run: Run) -> Run:
    for _ in range(_DEEPEST):
        if not run.args:
            return run
        name = program_name(run.args[0])
        if run.args[0].text in _LEFT_OVERS and len(run.args) > 1:
            run = replace(run, args=run.args[1:])
        elif name in _WRAPPERS or name in _WITH_WORDS:
            inner = _behind(name, run)
            if inner is None:
                return run
            run = inner
        else:
            return run
    return run


def _behind(name: str, run: Run) -> Run | None:
    """The command behind a wrapper; None when there is none (`command -v x`, `sudo -v`)."""
    options = _WITH_WORDS_OPTIONS.get(name) or _WRAPPERS.get(name) or Known()
    args, at = run.args, 1
    env: dict[str, str] = {}
    skip = _WITH_WORDS.get(name, 0)
    directory = run.directory
    if name in _SUBCOMMANDS:
        if len(args) < 2 or args[1].text != _SUBCOMMANDS[name]:
            return None
        at = 2
    while at < len(args):
        text = args[at].text
        assigned = _ASSIGNED.match(text)
        if text == "--":
            at += 1
            break
        if text.startswith("-") and len(text) > 1:
            if name == "command" and text in ("-v", "-V"):
                return None
            if text in options.values:
                if text in ("-C", "--chdir", "-D") and at + 1 < len(args):
                    directory = placed(directory, args[at + 1].text)
                at += 1
        elif assigned and name in ("env", "sudo", "cross-env", "doas"):
            env[assigned[1]] = assigned[2]
        elif skip:
            skip -= 1
        else:
            break
        at += 1
    if at >= len(args):
        return None
    return replace(
        run,
        args=args[at:],
        env={**run.env, **env} if env else run.env,
        directory=directory,
        under=(*run.under, name),
        piped=run.piped or name == "xargs",
    )


def program_name(word: Word) -> str:
    """The base name of a program, small, without ending and version; `$PIP` is pip."""
    return _program_name(word.text)


@lru_cache(maxsize=4096)
def _program_name(written: str) -> str:
    text = written.replace("\\", "/")
    variable = _VARIABLE.fullmatch(text)
    if variable:
        name = (variable[1] or variable[2]).lower()
        return name if name in _NAMED_BY_VARIABLE else text
    # An escaped `.\\tool.exe` of a shell that knows no `\\` as a separator.
    name = basename(text).lower()
    name = name.lstrip(".") if name.endswith(".exe") else name
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    found = _VERSIONED.match(name)
    return found[1] if found else name


def _named(run: Run) -> Run:
    word = run.args[0]
    name = program_name(word)
    rest = run.args[1:]
    if name in ("python", "pypy", "py") or (name.startswith("$") and rest and rest[0].text == "-m"):
        module = _module(rest)
        if module is not None:
            at, module_name = module
            under = (*run.under, "python")
            return replace(run, program=module_name, written=module_name, args=rest[at + 1 :], under=under)
        name = "python"
    # Written out, since this is done for every command of a tree: `replace` takes five times as long.
    return Run(
        name, word.text, rest, run.command, run.index, run.env, run.directory,
        run.contained, run.given, run.under, run.piped,
    )  # fmt: skip


_PYTHON_VALUES = frozenset(("-W", "-X", "--check-hash-based-pycs"))
_MODULES = {"pre_commit": "pre-commit", "pip3": "pip", "conda_lock": "conda-lock", "huggingface_hub": "hf"}


def _module(args: tuple[Word, ...]) -> tuple[int, str] | None:
    """The place and name of the module behind `-m`, None when a script or code is run."""
    at = 0
    while at < len(args):
        text = args[at].text
        if text == "-m" and at + 1 < len(args):
            name = args[at + 1].text
            return at + 1, _MODULES.get(name, name.lower())
        if text in _PYTHON_VALUES or re.fullmatch(r"-3?\.\d+", text):
            at += 1 if text in _PYTHON_VALUES else 0
        elif not text.startswith("-") or text in ("-", "-c") or "c" in text[1:2]:
            return None
        at += 1
    return None
