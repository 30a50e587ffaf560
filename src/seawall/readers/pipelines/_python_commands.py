"""Programs that a Python source starts with literal words, read from its syntax tree; nothing of it is run.

`subprocess` and `os.system` everywhere, and what a nox session object runs and installs. A word that is not
literal stands as `${NAME}`. Calls of functions of the same file are followed where the session is given to
them.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from posixpath import join, normpath

from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Setting
from seawall.kernel.shell import Script
from seawall.readers.syntax.fault import SyntaxFault

from ._notes import Notes, setting
from ._scripts import command, script_at, word_of

_MOST_SOURCE = 256 * 1024
"""Characters; a syntax tree takes up to eight hundred bytes for each of them."""

_MOST_CHARACTERS = 120
_MOST_TEXT = 10_000
_MOST_WORDS = 10_000
_MOST_LOOKS = 500_000
_DEPTH = 4
_DEEPEST = 20
_SAME = frozenset({"str", "Path", "pathlib.Path", "os.fspath"})
_PROCESS = frozenset(
    {
        "subprocess.run",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "subprocess.Popen",
    }
)
_TEXT = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def parse(text: str, notes: Notes) -> ast.Module:
    """The syntax tree of `text`. Raises SyntaxFault."""
    if len(text) > min(_MOST_SOURCE, notes.limits.source_bytes):
        raise SyntaxFault(ProblemKind.TOO_LARGE, f"{len(text)} characters; at most {_MOST_SOURCE} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise SyntaxFault(
            ProblemKind.MALFORMED, "not Python as this Python reads it", error.lineno or 0
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxFault(ProblemKind.TOO_DEEP, f"not read as Python: {type(error).__name__}") from None


@dataclass(slots=True)
class Source:
    """One Python file: the constants and functions of its module."""

    notes: Notes
    constants: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, Definition] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    looks: int = 0

    def learn(self, tree: ast.Module) -> None:
        """Notes what the module defines; a name that is assigned twice is no constant."""
        twice: set[str] = set()
        for node in tree.body:
            if isinstance(node, Definition):
                self.functions[node.name] = node
            elif isinstance(node, ast.Import):
                self.names.update({one.asname: one.name for one in node.names if one.asname})
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                self.names.update({one.asname or one.name: f"{node.module}.{one.name}" for one in node.names})
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
                if isinstance(target, ast.Name):
                    twice |= {target.id} & self.constants.keys()
                    self.constants[target.id] = node.value
        for name in twice:
            del self.constants[name]

    def dotted(self, node: ast.expr) -> str:
        """`subprocess.run` for `sp.run`; empty for what is not a plain name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute) and len(parts) < 10:
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.names.get(node.id, node.id), *reversed(parts)])

    def text(self, node: ast.expr, depth: int = 0) -> str:
        """The text of an expression, with `${NAME}` for every part that is not constant."""
        self.looks += 1
        if isinstance(node, ast.Constant):
            found = str(node.value) if isinstance(node.value, str | int | float) else ""
        elif depth > _DEEPEST or self.looks > _MOST_LOOKS:
            found = "${deep}"
        elif isinstance(node, ast.JoinedStr):
            found = "".join(self.text(one, depth + 1) for one in node.values)
        elif isinstance(node, ast.FormattedValue):
            found = self.text(node.value, depth + 1)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
            middle = "/" if isinstance(node.op, ast.Div) else ""
            found = self.text(node.left, depth + 1) + middle + self.text(node.right, depth + 1)
        elif isinstance(node, ast.Name) and isinstance(self._constant(node), ast.Constant | ast.JoinedStr):
            found = self.text(self.constants[node.id], depth + 1)
        elif isinstance(node, ast.Call) and node.args and self.dotted(node.func) in _SAME:
            found = self.text(node.args[0], depth + 1)
        else:
            found = unknown(node)
        return found[:_MOST_TEXT]

    def texts(self, nodes: Iterable[ast.expr], depth: int = 0) -> list[str]:
        """The texts of arguments; lists, starred lists and constants that are lists are opened."""
        found: list[str] = []
        for node in nodes:
            found += self._opened(node, depth)
            if len(found) > _MOST_WORDS:
                break
        return found

    def _opened(self, node: ast.expr, depth: int) -> list[str]:
        self.looks += 1
        if depth > _DEEPEST or self.looks > _MOST_LOOKS:
            return ["${deep}"]
        inside: list[ast.expr] | None = None
        if isinstance(node, ast.Starred):
            inside = [] if _attribute(node.value) == "posargs" else [node.value]
        elif isinstance(node, ast.List | ast.Tuple):
            inside = node.elts
        elif isinstance(node, ast.Name) and isinstance(self._constant(node), ast.List | ast.Tuple):
            inside = [self.constants[node.id]]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and self._is_list(node.left):
            inside = [node.left, node.right]
        elif isinstance(node, ast.Call) and _attribute(node.func) == "split":
            return self.text(node.args[0] if node.args else getattr(node.func, "value", node)).split()
        return [self.text(node)] if inside is None else self.texts(inside, depth + 1)

    def _constant(self, node: ast.Name) -> ast.expr | None:
        return self.constants.get(node.id)

    def _is_list(self, node: ast.expr) -> bool:
        node = (self._constant(node) or node) if isinstance(node, ast.Name) else node
        return isinstance(node, ast.List | ast.Tuple)


def unknown(node: ast.AST) -> str:
    """How a part that is known only when it runs stands in a word."""
    name = node.id if isinstance(node, ast.Name) else _attribute(node)
    return "${" + (name if name.isidentifier() and name.isascii() else "python") + "}"


def _attribute(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""


@dataclass(slots=True)
class Reading:
    """What a body of statements starts, in the order in which it stands. `session` is the name of the object
    that runs commands, empty where there is none; `installer` the words before what is installed."""

    source: Source
    session: str = ""
    installer: tuple[str, ...] = ("python", "-m", "pip", "install")
    directory: str = ""
    scripts: list[Script] = field(default_factory=list)
    installs: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    env: list[Setting] = field(default_factory=list)
    entered: set[str] = field(default_factory=set)

    def read(self, body: Sequence[ast.stmt], depth: int = 0, condition: str = "") -> None:
        """Takes the statements, those of nested blocks under their conditions."""
        waiting = [(one, condition) for one in reversed(body)]
        while waiting:
            node, under = waiting.pop()
            further, own = _blocks(node, under)
            for call in _calls(own):
                self._call(call, depth, under)
            if isinstance(node, ast.Assign):
                self._assigned(node)
            waiting += reversed(further)

    def _assigned(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and _attribute(target.value) == "env":
            self.env.append(
                setting(self.source.text(target.slice), self.source.text(node.value), node.lineno)
            )

    def _call(self, call: ast.Call, depth: int, condition: str) -> None:
        function = call.func
        name = self.source.dotted(function)
        if self.session and name.startswith(self.session + ".") and name.count(".") == 1:
            self._of_session(name.partition(".")[2], call, condition)
        elif name in _PROCESS or name in _TEXT:
            self._process(name, call, condition)
        elif isinstance(function, ast.Name) and function.id in self.source.functions:
            self._enter(function.id, call, depth, condition)

    def _enter(self, name: str, call: ast.Call, depth: int, condition: str) -> None:
        given = next(
            (at for at, one in enumerate(call.args) if isinstance(one, ast.Name) and one.id == self.session),
            None,
        )
        if name in self.entered or depth >= _DEPTH or (self.session and given is None):
            return
        self.entered.add(name)
        function = self.source.functions[name]
        outer = self.session
        if given is not None and given < len(function.args.args):
            self.session = function.args.args[given].arg
        self.read(function.body, depth + 1, condition)
        self.session = outer

    def _of_session(self, method: str, call: ast.Call, condition: str) -> None:
        words = self.source.texts(call.args)
        line = call.lineno
        if method in ("run", "run_always", "run_install"):
            if words:
                self._add(words, call, condition)
        elif method == "install":
            self.installs += words
            self._add([*self.installer, *words], call, condition)
        elif method == "conda_install":
            self.installs += words
            self._add(["conda", "install", "--yes", *words], call, condition)
        elif method in ("chdir", "cd") and words:
            self.directory = normpath(join(self.directory, words[0])) if "$" not in words[0] else "?"
        elif method == "notify" and words:
            self.needs.append(words[0])
        else:
            return
        if method != "notify" and any("${" in word for word in words):
            self.source.notes.unsupported("a command has words that are known only when it runs", line)

    def _add(self, words: list[str], call: ast.Call, condition: str) -> None:
        made = command(words, self.source.notes, call.lineno, condition, self.directory)
        given = next((one.value for one in call.keywords if one.arg == "env"), None)
        if made.commands and isinstance(given, ast.Dict):
            pairs = zip(given.keys, given.values, strict=True)
            assigned = [
                (self.source.text(key), word_of(self.source.text(value)))
                for key, value in pairs
                if key is not None
            ]
            made = replace(made, commands=(replace(made.commands[0], assignments=tuple(assigned[:1000])),))
        self.scripts.append(made)

    def _process(self, name: str, call: ast.Call, condition: str) -> None:
        if not call.args:
            return
        first = call.args[0]
        shell = any(one.arg == "shell" and getattr(one.value, "value", True) for one in call.keywords)
        words = self.source.texts([first])
        if name in _TEXT or shell:
            text = self.source.text(first) if len(words) <= 1 else " ".join(words)
            found = script_at(text, self.source.notes, [call.lineno])
            self.scripts.append(
                replace(
                    found,
                    commands=tuple(replace(c, condition=c.condition or condition) for c in found.commands),
                )
            )
            if "${" in text:
                self.source.notes.unsupported(
                    "a command has words that are known only when it runs", call.lineno
                )
            return
        self._add(words, call, condition)
        if any("${" in word for word in words):
            self.source.notes.unsupported("a command has words that are known only when it runs", call.lineno)


def _blocks(node: ast.stmt, condition: str) -> tuple[list[tuple[ast.stmt, str]], list[ast.AST]]:
    """The statements inside a statement with their conditions, and the parts of its own."""
    if isinstance(node, Definition | ast.ClassDef):
        return [], []
    inside: list[tuple[ast.stmt, str]] = []
    own: list[ast.AST] = []
    test = ""
    if isinstance(node, ast.If | ast.While):
        test = f"{'if' if isinstance(node, ast.If) else 'while'} {_written(node.test)}"
    elif isinstance(node, ast.For | ast.AsyncFor):
        test = "for each"
    for name, value in ast.iter_fields(node):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            under = "else of " + test if name == "orelse" and test else test
            both = f"{condition} and {under}" if condition and under else condition or under
            inside += [(one, both[:300]) for one in value]
        elif name == "handlers":
            inside += [(one, condition) for handler in value for one in handler.body]
        elif name == "cases":
            inside += [(one, condition or "match") for case in value for one in case.body]
        elif isinstance(value, list):
            own += [one for one in value if isinstance(one, ast.AST)]
        elif isinstance(value, ast.AST):
            own.append(value)
    return inside, own


def _written(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:_MOST_CHARACTERS]
    except (RecursionError, ValueError):
        return "…"


def _calls(roots: Iterable[ast.AST]) -> Iterator[ast.Call]:
    """The calls in expressions, in the order in which they stand."""
    found: list[ast.Call] = []
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            found.append(node)
        waiting += ast.iter_child_nodes(node)
    return iter(sorted(found, key=lambda one: (one.lineno, one.col_offset)))
