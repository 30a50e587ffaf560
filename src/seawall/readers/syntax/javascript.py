"""What a JavaScript source does is found by the words for it; a parser tells words from text and comments.

A bundle of megabytes has few places that matter, so the words are searched first, and only where there are
any the file is parsed and each place is looked at in its tree: is it called, required, or only written down?
A call runs at load when no function encloses it, or only functions that are called where they stand or by
name at load. Needs tree-sitter; without it nothing can be said, and that is an error and not silence.
Source: ECMAScript 2025; Node.js 24 (module names).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from seawall.kernel.contents import Act, Sight
from seawall.kernel.limits import Limits

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_WORDS = re.compile(
    rb"""(?P<process>(?<=['"`])(?:node:)?child_process(?=['"`])|\b(?:exec|spawn)(?:File)?(?:Sync)?\b(?=\s*\()|\bfork\b(?=\s*\())
    |(?P<network>(?<=['"`])(?:node:)?(?:https?|http2|net|tls|dns|dgram|undici|node-fetch|axios)(?=['"`])
       |\b(?:fetch|XMLHttpRequest|WebSocket)\b(?=\s*\()|\bhttps?\b(?=\s*\.\s*(?:get|request)\b))
    |(?P<dynamic>\b(?:eval|Function)\b(?=\s*\()|\b(?:runInThisContext|runInNewContext|runInContext|_compile)\b(?=\s*\()
       |(?<=['"`])(?:node:)?vm(?=['"`]))
    |(?P<environment>\bprocess\s*\.\s*env\b(?=\s*[,)}\]]))
    |(?P<disguised>\brequire\s*\(\s*(?:['"`][^'"`\n]{0,24}['"`]\s*\+|atob\b|Buffer\b|String\b|\[)
       |\b(?:globalThis|global|window|self)\s*\[\s*['"`][^'"`\n]{0,12}['"`]\s*\+)""",
    re.VERBOSE,
)
_PLAIN = (
    b"child_process", b"exec", b"spawn", b"fork", b"http", b"net", b"tls", b"dns", b"dgram", b"undici",
    b"node-fetch", b"axios", b"fetch", b"XMLHttpRequest", b"WebSocket", b"eval", b"Function", b"runIn",
    b"_compile", b"vm", b"process", b"require", b"global", b"window", b"self",
)  # fmt: skip
"""How every word of `_WORDS` begins."""
_DECODING = re.compile(
    rb"\batob\b|\bBuffer\s*\.\s*from\b|\bfromCharCode\b|\bdecodeURIComponent\b|\bunescape\b|\bfromCodePoint\b"
    rb"|\bcreateDecipher(?:iv)?\b|\binflate(?:Sync|Raw)?\b|\bgunzip(?:Sync)?\b|['\"`](?:base64|hex)['\"`]"
)
_STARTUP = re.compile(
    rb"""['"`/\\]\.(?:bashrc|zshrc|profile|bash_profile)\b|LaunchAgents|systemd/user|/etc/cron"""
    rb"""|\.github[/\\]+workflows|['"`/]\.claude\b|['"`/]\.cursor\b|\.vscode[/\\]+tasks\.json|CurrentVersion\\+Run"""
)
_WRITES = re.compile(rb"\b(?:writeFile|appendFile|writeFileSync|appendFileSync|createWriteStream)\b")
_HARVEST = re.compile(rb"(?:stringify|entries|keys|assign)\s*\(\s*(?:\{\s*\}\s*,\s*)?\Z")
_FUNCTIONS = frozenset(
    {
        "function_declaration", "function_expression", "arrow_function", "method_definition",
        "generator_function", "generator_function_declaration", "class_static_block",
    }
)  # fmt: skip
_DECLARED = frozenset({"function_declaration", "generator_function_declaration"})
_MOST_WORDS = 1_500
_MOST_STEPS = 400
_MOST_SIGHTS = 40
_MOST_NAMES = 100
_MOST_CHARACTERS = 120

_IMPORTS = re.compile(
    rb"""(?:\brequire\s*\(\s*|\bfrom\s*|\bimport\s*(?:\(\s*)?)['"`](\.{1,2}/[^'"`\n]{0,300}|\.{1,2})['"`]"""
)


def imports(data: bytes) -> frozenset[str]:
    """The relative paths that the source asks for, as it writes them."""
    return frozenset(found[1].decode("utf-8", "replace") for found in _IMPORTS.finditer(data))


def sights(data: bytes, path: str, limits: Limits) -> tuple[Sight, ...]:
    """What the source at `path` does. Raises ImportError without tree-sitter, and nothing else.

    A file larger than `limits.source_bytes` is searched and not parsed: every word counts, none as at load.
    """
    words = list(islice(_words(data), 10 * _MOST_WORDS))
    persistent = list(_persistence(data, path))
    if not words:
        return tuple(persistent)
    root = _parser().parse(data).root_node if len(data) <= limits.source_bytes else None
    reading = _Reading(data, path, root)
    return tuple(dict.fromkeys([*reading.sights(words), *persistent]))


def _words(data: bytes) -> Iterator[re.Match[bytes]]:
    """The places of words that matter. Plain words are found at a fraction of an expression's cost."""
    places: set[int] = set()
    for plain in _PLAIN:
        at = data.find(plain)
        while at >= 0 and len(places) < 10 * _MOST_WORDS:
            places.add(at - 5 if data[at - 5 : at] == b"node:" else at)
            at = data.find(plain, at + len(plain))
    for at in sorted(places):
        found = _WORDS.match(data, at)
        if found:
            yield found


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_javascript
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_javascript.language()))


def _persistence(data: bytes, path: str) -> Iterator[Sight]:
    if _WRITES.search(data):
        found = _STARTUP.search(data)
        if found:
            yield _sight(Act.PERSISTENCE, path, data, found.start(), at_load=False)


def _sight(act: Act, path: str, data: bytes, at: int, *, at_load: bool) -> Sight:
    start = max(data.rfind(b"\n", 0, at) + 1, at - 40)
    end = data.find(b"\n", at)
    code = data[start : min(end if end >= 0 else len(data), at + 200)].decode("utf-8", "replace").strip()
    return Sight(act, path, data.count(b"\n", 0, at) + 1, code[:_MOST_CHARACTERS], at_load)


@dataclass(slots=True)
class _Reading:
    data: bytes
    path: str
    root: Node | None
    runs: bool = False
    runners: frozenset[bytes] | None = None
    decoded: dict[bytes, bool] = field(default_factory=dict)
    known: dict[str, bool] = field(default_factory=dict)

    def sights(self, words: list[re.Match[bytes]]) -> Iterator[Sight]:
        """At most 40 sights of each act, in the order of the text."""
        self.runs = b"child_process" in self.data
        count: dict[Act, int] = {}
        for number, found in enumerate(words):
            kind = str(found.lastgroup)
            if count.get(_ACTS[kind], 0) >= _MOST_SIGHTS:
                continue
            node = None
            if self.root is None or number >= _MOST_WORDS:
                act = self._unparsed(kind, found[0])
            else:
                node = self.root.descendant_for_byte_range(found.start(), found.end())
                act, node = self._act(kind, found, node) if node is not None else (None, None)
            if act is None or count.get(act, 0) >= _MOST_SIGHTS:
                continue
            count[act] = count.get(act, 0) + 1
            loaded = node is not None and self._at_load(node, 0)
            yield _sight(act, self.path, self.data, found.start(), at_load=loaded)

    def _unparsed(self, kind: str, word: bytes) -> Act | None:
        if kind == "environment" or (kind == "process" and word.startswith(_STARTS) and not self.runs):
            return None
        return _ACTS[kind]

    def _act(self, kind: str, found: re.Match[bytes], node: Node) -> tuple[Act | None, Node | None]:
        if node.type in ("string_fragment", "string", "template_string"):
            # The name of a module: it is required, and what is done with it is another word.
            required = kind in ("process", "network", "dynamic") and self._required(node)
            return (_ACTS[kind] if required else None), None
        act: Act | None = None
        if node.type not in ("comment", "regex_pattern", "jsx_text"):
            act = self._act_of_code(kind, found, node)
        return act, node

    def _act_of_code(self, kind: str, found: re.Match[bytes], node: Node) -> Act | None:
        if kind == "environment":
            before = self.data[max(0, found.start() - 40) : found.start()]
            return Act.ENVIRONMENT if _HARVEST.search(before) else None
        if kind == "process":
            return Act.PROCESS if self.runs and self._is_called(node) else None
        if kind in ("dynamic", "network"):
            return self._called(kind, node)
        return _ACTS[kind]

    def _called(self, kind: str, node: Node) -> Act | None:
        call = self._call_of(node)
        if call is None:
            return None
        if kind != "dynamic":
            return Act.NETWORK
        arguments = call.child_by_field_name("arguments")
        inside = arguments.text or b"" if arguments is not None else b""
        if self._decodes(inside):
            return Act.DECODED
        return None if _GLOBAL_OBJECT.fullmatch(inside) else Act.DYNAMIC

    def _decodes(self, inside: bytes) -> bool:
        head = inside[:20_000]
        if _DECODING.search(head):
            return True
        name = re.match(rb"\(\s*([A-Za-z_$][\w$]{0,60})\s*[()]", head)
        return name is not None and self._decoded(name[1])

    def _decoded(self, name: bytes) -> bool:
        """What is assigned to `name` somewhere comes from a decoder; many names are asked about once each."""
        if name not in self.decoded:
            if len(self.decoded) >= _MOST_NAMES:
                return True  # so many names that are run as code are a disguise of their own
            given = re.compile(rb"(?<![\w$.])" + re.escape(name) + rb"\s*=(?!=)[^;\n]{0,300}")
            found = islice(given.finditer(self.data), _MOST_NAMES)
            self.decoded[name] = any(_DECODING.search(part[0]) for part in found)
        return self.decoded[name]

    def _call_of(self, node: Node) -> Node | None:
        """The call whose function the word is (`eval(…)`, `new Function(…)`, `vm.runInThisContext(…)`)."""
        parent = node.parent
        if parent is not None and parent.type == "member_expression":
            owner = parent.child_by_field_name("object")
            mine = owner == node or (owner is not None and owner.text in _GLOBALS)
            if not mine and node.text in (b"eval", b"Function", b"fetch"):
                return None
            node, parent = parent, parent.parent
        if parent is None or parent.type not in ("call_expression", "new_expression"):
            return None
        called = parent.child_by_field_name("function") or parent.child_by_field_name("constructor")
        return parent if called == node else None

    def _is_called(self, node: Node) -> bool:
        parent = node.parent
        if parent is not None and parent.type == "member_expression":
            owner = parent.child_by_field_name("object")
            if owner is not None and owner.type in ("regex", "string"):
                return False
            if node.text == b"exec" and owner is not None and not self._runs(owner.text or b""):
                return False  # `pattern.exec(text)` is not a process
            node, parent = parent, parent.parent
        return parent is not None and parent.type == "call_expression"

    def _runs(self, owner: bytes) -> bool:
        """Whether a name stands for `child_process`."""
        if self.runners is None:
            self.runners = frozenset(found[1] or found[2] for found in _CALLED.finditer(self.data))
        return owner in self.runners or bool(_RUNNERS.search(owner[-60:]))

    def _required(self, node: Node) -> bool:
        for _ in range(4):
            parent = node.parent
            if parent is None:
                return False
            if parent.type in ("import_statement", "export_statement"):
                return True
            if parent.type == "call_expression":
                called = parent.child_by_field_name("function")
                text = called.text or b"" if called is not None else b""
                return text == b"import" or b"require" in text[-40:]
            node = parent
        return False

    def _at_load(self, node: Node, depth: int) -> bool:
        """No function encloses the node, or only ones that are called at load."""
        step: Node | None = node
        for _ in range(_MOST_STEPS):
            if step is None:
                return True
            if step.type in _FUNCTIONS and not self._runs_at_load(step, depth):
                return False
            step = step.parent
        return False

    def _runs_at_load(self, function: Node, depth: int) -> bool:
        parent: Node | None = function.parent
        inner: Node | None = function
        while parent is not None and parent.type in ("parenthesized_expression", "unary_expression"):
            parent, inner = parent.parent, parent
        if parent is not None and parent.type == "member_expression":
            name = parent.child_by_field_name("property")
            if name is not None and name.text in (b"call", b"apply", b"bind"):
                parent, inner = parent.parent, parent
        if parent is not None and parent.type == "call_expression":
            called = parent.child_by_field_name("function") == inner
            if called:
                return True
        name = function.child_by_field_name("name")
        if parent is not None and parent.type == "variable_declarator":
            name = parent.child_by_field_name("name")
        return name is not None and depth < 3 and self._named_at_load(name.text or b"", depth)

    def _named_at_load(self, name: bytes, depth: int) -> bool:
        key = name.decode("utf-8", "replace")
        if key in self.known or self.root is None:
            return self.known.get(key, False)
        self.known[key] = False
        calls = re.compile(rb"(?<![\w$.])" + re.escape(name) + rb"\s*(?=\()")
        for number, found in enumerate(calls.finditer(self.data)):
            if number >= 40:
                break
            node = self.root.descendant_for_byte_range(found.start(), found.start() + len(name))
            parent = node.parent if node is not None else None
            if parent is not None and parent.type == "call_expression" and self._at_load(parent, depth + 1):
                self.known[key] = True
                break
        return self.known[key]


_ACTS = {
    "process": Act.PROCESS,
    "network": Act.NETWORK,
    "dynamic": Act.DYNAMIC,
    "environment": Act.ENVIRONMENT,
    "disguised": Act.DISGUISED,
}
_STARTS = (b"exec", b"spawn", b"fork")
_GLOBAL_OBJECT = re.compile(
    rb"""\(\s*(?:['"`]\w+['"`]\s*,)?\s*['"`]\s*return """
    rb"""(?:this|typeof [\w.]+|import\([\w"']+\))\s*;?\s*['"`]\s*\)"""
)
"""How a library finds the global object, or imports without its compiler's help."""
_GLOBALS = (b"globalThis", b"global", b"window", b"self")
_CALLED = re.compile(
    rb"""([\w$]+)\s*=\s*(?:[\w$.]+\()?require\(\s*['"`](?:node:)?child_process['"`]"""
    rb"""|\bimport\s+(?:\*\s*as\s+)?([\w$]+)\s+from\s*['"](?:node:)?child_process['"]"""
)
_RUNNERS = re.compile(
    rb"(?:child_process|\bcp|childProcess|child|proc|require\([^)]{0,30}\))\)?\Z", re.IGNORECASE
)
