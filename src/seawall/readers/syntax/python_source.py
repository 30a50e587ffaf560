"""What a Python source does when it is imported is read from its syntax tree; nothing of it is ever run.

Followed are the statements of the module, class bodies, decorators, defaults, and functions of the same file
that those call or hand to a thread. Names are resolved through imports, plain assignments, `getattr` with a
text and `__import__`, and texts put together from pieces are put together. What decoded or fetched data
flows into is followed by name within the file. A source that this Python cannot parse may be one for another
Python, so it is searched line by line instead.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from seawall.kernel.contents import Act, Sight
from seawall.kernel.limits import Limits

_MODULES = (b"requests", b"httpx", b"aiohttp", b"urllib3", b"socket", b"ftplib", b"smtplib", b"pty", b"os as")
_WORDS = (
    b"subprocess", b"urlopen", b"urlretrieve", b"HTTPConnection", b"HTTPSConnection", b"__import__", b"popen",
    b"import_module", b"FunctionType", b"builtins", b"pty.spawn", b"create_subprocess_", b"from os import",
    b"os.system", b"os.exec", b"os.spawn", b"os.posix_spawn", b"os.startfile", b"getattr(__", b"getattr(os",
    b"globals()[", b"LaunchAgents", b"LaunchDaemons", b"systemd/user", b"/etc/cron", b"CurrentVersion",
    b"sitecustomize", b".bashrc", b".zshrc", b".claude/", b".cursor/", b".vscode/tasks", b".github/workflows",
    b".pth", b"autostart", b"import\t", b"from\t", b"import  ", b"from  ",
    *(before + name for name in _MODULES for before in (b"import ", b"from ", b", ")),
)  # fmt: skip
"""Without one of these, `exec` and `eval`, a source does nothing that is looked for. Finding plain words
costs a fraction of what an expression does."""
_RUNS_TEXT = re.compile(rb"(?<![.\w])(?:exec|eval)\b")
_PROCESS = re.compile(
    r"(?:subprocess\.(?:Popen|run|call|check_call|check_output|getoutput|getstatusoutput)"
    r"|os\.(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?|startfile|posix_spawnp?)|pty\.spawn"
    r"|asyncio\.create_subprocess_(?:exec|shell))\Z"
)
_NETWORK = re.compile(
    r"(?:socket\.(?:socket|create_connection|getaddrinfo|gethostbyname)|urllib\.request\.(?:urlopen|urlretrieve)"
    r"|urllib2\.urlopen|urllib\.urlopen|(?:requests|httpx)\.(?:get|post|put|request|head|delete|Session|Client)"
    r"|http\.client\.HTTPS?Connection|urllib3\.(?:PoolManager|request)|aiohttp\.(?:ClientSession|request)"
    r"|ftplib\.FTP|smtplib\.SMTP(?:_SSL)?)\Z"
)
_FETCHED = re.compile(r"(?:urllib\.request\.urlopen|(?:requests|httpx)\.(?:get|post|request))\Z")
_DYNAMIC = frozenset({"exec", "eval", "builtins.exec", "builtins.eval"})
_DECODERS = re.compile(
    r"(?:base64\.\w*decode|(?:zlib|gzip|bz2|lzma)\.decompress|binascii\.(?:unhexlify|a2b_\w+)|codecs\.decode"
    r"|bytes\.fromhex|bytearray\.fromhex|marshal\.loads)\Z"
)
_DECODING_TEXT = re.compile(
    r"(?:exec|eval)\s*\(.{0,80}?(?:b64decode|b85decode|decompress|fromhex)", re.DOTALL
)
_STARTS = ("Thread", "Timer", "Process", "register", "run", "submit", "map")
_STARTUP = re.compile(
    r"\.(?:bashrc|zshrc|profile|bash_profile)\b|LaunchAgents|LaunchDaemons|systemd/user|/etc/cron|autostart"
    r"|CurrentVersion\\+Run|\.pth\Z|sitecustomize|\.claude/|\.cursor/|\.vscode/tasks\.json|\.github/workflows"
)
_WRITES = frozenset({"open", "write_text", "write_bytes", "writelines", "copy", "copyfile", "move"})
_LINES = re.compile(
    r"^[ \t]{0,4}(?:\w+\s*=\s*)?(?:(?P<process>(?:subprocess\.\w+|os\.(?:system|popen))\()"
    r"|(?P<network>(?:urllib\.request\.urlopen|requests\.(?:get|post))\()"
    r"|(?P<decoded>exec\(.{0,200}(?:b64decode|decompress|fromhex|urlopen))|(?P<dynamic>exec\())",
    re.MULTILINE,
)
_LOOKED_AT = (
    ast.Call, ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
)  # fmt: skip
_LEAVES = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_MOST_CHARACTERS = 120
_MOST_SIGHTS = 40
"""Of one act in one file, at load and else."""


def sights(data: bytes, path: str, limits: Limits) -> tuple[Sight, ...]:
    """What the source at `path` does. Never raises for what is in it."""
    runs_text = (b"exec" in data or b"eval" in data) and _RUNS_TEXT.search(data)
    if not runs_text and not any(word in data for word in _WORDS):
        return ()
    lines = data.decode("utf-8", "replace").splitlines()
    if len(data) > limits.source_bytes:
        return tuple(_searched(lines, path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return tuple(_searched(lines, path))
    return tuple(_Reading(tree, path, lines).sights())


def _searched(lines: list[str], path: str) -> Iterator[Sight]:
    acts = {"process": Act.PROCESS, "network": Act.NETWORK, "decoded": Act.DECODED, "dynamic": Act.DYNAMIC}
    for number, line in enumerate(lines, 1):
        found = _LINES.match(line[:10_000])
        if found:
            outer = not line.startswith((" ", "\t"))
            yield Sight(acts[str(found.lastgroup)], path, number, _cut(line), outer)


def _cut(line: str) -> str:
    return line.strip()[:_MOST_CHARACTERS]


@dataclass(slots=True)
class _Reading:
    tree: ast.Module
    path: str
    lines: list[str]
    names: dict[str, str] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = field(default_factory=dict)
    tainted: set[str] = field(default_factory=set)
    decodes: bool = False

    def sights(self) -> Iterator[Sight]:
        """The sights, those at load first."""
        everything = [node for node in _nodes(self.tree) if isinstance(node, _LOOKED_AT)]
        for node in everything:
            self._learn(node)
        self._taint(everything)
        loaded = self._loaded()
        count: dict[tuple[Act, bool], int] = {}
        seen: set[tuple[Act, int]] = set()
        calls = [node for node in everything if isinstance(node, ast.Call)]
        for node in sorted(calls, key=lambda item: (id(item) not in loaded, item.lineno)):
            act = self._act(node)
            mark = (act, id(node) in loaded) if act else None
            if act and mark and (act, node.lineno) not in seen and count.get(mark, 0) < _MOST_SIGHTS:
                seen.add((act, node.lineno))
                count[mark] = count.get(mark, 0) + 1
                code = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
                yield Sight(act, self.path, node.lineno, _cut(code), mark[1])

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for item in node.names:
                self.names[item.asname or item.name.split(".")[0]] = (
                    item.name if item.asname else item.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for item in node.names:
                self.names[item.asname or item.name] = f"{node.module}.{item.name}"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.functions.setdefault(node.name, node)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and isinstance(
                node.value, ast.Name | ast.Attribute | ast.Call | ast.Subscript
            ):
                called = self.name(node.value)
                if called and called != target.id:
                    self.names.setdefault(target.id, called)

    def name(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for, empty when it stands for none that is known."""
        parts: list[str] = []
        for _ in range(20):
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Name):
                parts.append(self.names.get(node.id, node.id))
                break
            elif isinstance(node, ast.Subscript) and (key := _text(node.slice)):
                parts.append(key)
                node = node.value
            elif isinstance(node, ast.Call):
                base, rest = self._called(node)
                if not base:
                    return ""
                parts.append(base)
                if rest is None:
                    break
                node = rest
            else:
                return ""
        dotted = ".".join(reversed(parts))
        for prefix in ("builtins.", "__builtins__.", "globals.__builtins__."):
            dotted = dotted.removeprefix(prefix)
        return dotted

    def _called(self, node: ast.Call) -> tuple[str, ast.AST | None]:
        """What a call gives: a module by its name, or an attribute by its text."""
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if (function == "__import__" or "import_module" in (function, attribute)) and node.args:
            return _text(node.args[0]), None
        if function == "getattr" and len(node.args) >= 2:
            return _text(node.args[1]), node.args[0]
        if function in ("globals", "vars") and not node.args:
            return "builtins", None
        return "", None

    def _taint(self, everything: Sequence[ast.AST]) -> None:
        self.decodes = any(isinstance(n, ast.Call) and self._decodes(n) for n in everything)
        assigned = [n for n in everything if isinstance(n, ast.Assign)] if self.decodes else []
        for _ in range(3):
            before = len(self.tainted)
            for node in assigned:
                if self._is_tainted(node.value):
                    targets = (t for target in node.targets for t in ast.walk(target))
                    self.tainted |= {t.id for t in targets if isinstance(t, ast.Name)}
            if len(self.tainted) == before:
                return

    def _decodes(self, call: ast.Call) -> bool:
        return _is_decoder(self.name(call.func))

    def _is_tainted(self, value: ast.AST) -> bool:
        return any(
            (isinstance(n, ast.Call) and self._decodes(n))
            or (isinstance(n, ast.Name) and n.id in self.tainted)
            for n in _nodes(value)
        )

    def _act(self, call: ast.Call) -> Act | None:
        called = self.name(call.func)
        if not called and isinstance(call.func, ast.Attribute):
            called = f"?.{call.func.attr}"  # a method of something whose name is not known
        act = _act_of(called)
        if act is Act.DYNAMIC:
            if call.args and self.decodes and any(self._is_tainted(item) for item in call.args):
                act = Act.DECODED
            elif not call.args or _text(call.args[0]):
                act = None
        elif act is Act.PROCESS:
            inside = [t for item in call.args for n in _nodes(item) if (t := _text(n))]
            act = Act.DECODED if any(_DECODING_TEXT.search(text) for text in inside) else Act.PROCESS
        elif act is Act.PERSISTENCE and not self._names_startup(call):
            act = None
        return act

    def _names_startup(self, call: ast.Call) -> bool:
        return any(_STARTUP.search(text) for n in _nodes(call) if (text := _text(n)) and len(text) < 300)

    def _loaded(self) -> set[int]:
        """The ids of all nodes that run when the module is imported."""
        loaded: set[int] = set()
        waiting: list[ast.AST] = list(self.tree.body)
        entered: set[str] = set()
        while waiting:
            node = waiting.pop()
            loaded.add(id(node))
            if isinstance(node, ast.Call):
                for name in self._starts(node):
                    if name not in entered:
                        entered.add(name)
                        waiting.extend(_body(self.functions[name]))
            if isinstance(node, _DEFINITIONS):
                if not isinstance(node, ast.Lambda):
                    waiting.extend(node.decorator_list)
                waiting.extend([*node.args.defaults, *(d for d in node.args.kw_defaults if d)])
            elif isinstance(node, ast.If) and _not_at_import(node.test):
                waiting.extend(node.orelse)
            else:
                waiting.extend(ast.iter_child_nodes(node))
        return loaded

    def _starts(self, call: ast.Call) -> Iterator[str]:
        """Functions of this file that a call runs, or hands to a thread, a timer, an exit hook."""
        called = call.func
        if isinstance(called, ast.Name) and called.id in self.functions:
            yield called.id
        last = self.name(called).rpartition(".")[2]
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Call):
            maker = called.value.func
            if isinstance(maker, ast.Name) and maker.id in self.functions and called.attr in self.functions:
                yield called.attr
        if last in _STARTS:
            for value in (*call.args, *(item.value for item in call.keywords)):
                if isinstance(value, ast.Name) and value.id in self.functions:
                    yield value.id


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node below `tree`, in no order; at half the cost of `ast.walk`."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in node._fields:
            value = getattr(node, name, None)
            if value.__class__ is list:
                waiting += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
                waiting.append(value)


@lru_cache(maxsize=16_384)
def _act_of(called: str) -> Act | None:
    """What a call of that name is, before its arguments are looked at."""
    if called in _DYNAMIC or called == "types.FunctionType":
        return Act.DYNAMIC
    if _PROCESS.search(called):
        return Act.PROCESS
    if _NETWORK.search(called):
        return Act.NETWORK
    return Act.PERSISTENCE if called.rpartition(".")[2] in _WRITES else None


@lru_cache(maxsize=16_384)
def _is_decoder(called: str) -> bool:
    return bool(_DECODERS.search(called) or _FETCHED.search(called))


def _body(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.AST]:
    if isinstance(node, ast.ClassDef):
        made = ("__init__", "__new__", "__post_init__")
        return [s for f in node.body if isinstance(f, ast.FunctionDef) and f.name in made for s in f.body]
    return list(node.body)


def _not_at_import(test: ast.AST) -> bool:
    words = {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    words |= {n.attr for n in ast.walk(test) if isinstance(n, ast.Attribute)}
    if words == {"__name__"} and isinstance(test, ast.Compare):
        return isinstance(test.ops[0], ast.Eq)
    return "TYPE_CHECKING" in words and not isinstance(test, ast.UnaryOp | ast.BoolOp)


def _text(node: ast.AST) -> str:
    """The text that a constant, or constants put together, give; empty for anything else."""
    parts: list[str] = []
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Constant) and isinstance(one.value, str | bytes):
            parts.append(one.value if isinstance(one.value, str) else one.value.decode("utf-8", "replace"))
        elif isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add):
            waiting += [one.right, one.left]
        elif isinstance(one, ast.JoinedStr):
            waiting += [v for v in reversed(one.values) if isinstance(v, ast.Constant)]
        else:
            return ""
    return "".join(parts)
