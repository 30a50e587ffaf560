"""A tree of the shell's grammar is walked once, in the order of the text, without recursion.

What a command's words mean depends on what stands before it: constants, `cd`, branches, pipes. Each frame of
the walk knows these, and leaving it takes back what is not sure any more.
Source: POSIX.1-2024, Shell Command Language 2.9; the node types of tree-sitter-bash 0.25.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.shell import Command, Redirect, Word

from .shell_frame import Findings, Frame, Pipe
from .shell_simple import SimpleParts
from .shell_text import Prepared
from .shell_words import Variables, names_in

if TYPE_CHECKING:
    from tree_sitter import Node

_REDIRECTS = ("file_redirect", "herestring_redirect", "heredoc_redirect")
_BODIES = ("do_group", "compound_statement", "subshell")
_STATEMENTS = ("subshell", "compound_statement", "command", "function_definition", "if_statement")
"""What is no argument: the grammar lost its way where it finds one there."""
_TESTS = frozenset(
    {"test", "[", "which", "type", "hash", "grep", "egrep", "fgrep", "rg", "diff", "cmp", "pgrep", "false",
     "nc", "getent", "id"}
)  # fmt: skip
"""Programs whose failing is an answer and no mistake."""
_ASKING_GIT = ("diff", "diff-index", "rev-parse", "show-ref", "ls-remote", "merge-base", "show")


Item = Callable[[], None]


class Walk(SimpleParts):
    """Walks the trees of one text, part by part. `spoken` is told of every command that was added."""

    def __init__(
        self,
        findings: Findings,
        variables: Variables,
        base: Frame,
        spoken: Callable[[int, Frame, str, tuple[int, ...]], None],
    ) -> None:
        super().__init__(findings, variables)
        self.base = base
        self.spoken = spoken
        self.waiting: list[Item] = []

    def run(self, part: Prepared, root: Node) -> None:
        """Every command of one part of the text, in its order."""
        self.ready = self.words.ready = part
        self._later([self._visit(child, self.base) for child in root.children])
        while self.waiting and not self.findings.full:
            self.waiting.pop()()
        self.waiting.clear()
        for node in _errors(root):
            self.broken(node)
        self.errors.clear()

    def _later(self, items: list[Item]) -> None:
        self.waiting.extend(reversed(items))

    def _visit(self, node: Node, frame: Frame) -> Item:
        return lambda: self._at(node, frame)

    def _at(self, node: Node, frame: Frame) -> None:
        self.words.repeated = frame.repeated
        if frame.depth > self.findings.limits.nesting:
            message = f"nested deeper than {self.findings.limits.nesting}"
            self.findings.problem(ProblemKind.TOO_DEEP, message, self.line(node))
            return
        if node.is_missing:
            message = f"{node.type} is missing"
            self.findings.problem(ProblemKind.MALFORMED, message, self.line(node))
            return
        visit = _VISITS.get(node.type)
        if visit:
            visit(self, node, frame)
        elif node.is_named and node.child_count and node.type != "comment":
            self._children(node, frame.in_all())

    def _children(self, node: Node, frame: Frame) -> None:
        self._later([self._visit(child, frame) for child in node.children])

    def _scope(self, items: list[Item], *, restores: bool) -> list[Item]:
        """The items in a frame of their own: a branch (`restores` False) or a subshell."""
        mark: list[tuple[int, str]] = []

        def enter() -> None:
            mark.append((len(self.variables.journal), self.directory))

        def leave() -> None:
            journal, directory = mark[0]
            self.variables.leave(journal, restores=restores)
            if restores:
                self.directory = directory
            elif self.directory != directory:
                self.directory = "?"

        return [enter, *items, leave]

    # Simple commands

    def _command(self, node: Node, frame: Frame) -> None:
        words: list[Word] = []
        lines: list[int] = []
        assignments: list[tuple[str, Word]] = []
        redirects: list[Redirect] = []
        fed = frame.heredoc
        for child in node.children:
            kind = child.type
            lines.extend([self.line(child)] * (len(words) - len(lines)))
            if kind == "variable_assignment":
                assignments.append(self.assignment(child))
            elif kind in _REDIRECTS:
                fed = self.redirect(child, redirects, words) or fed
            elif kind == "command_name":
                for inner in child.children:
                    words.extend(() if inner.is_missing else self.words.words(inner))
            elif kind == "ERROR" or kind in _STATEMENTS:
                self.broken(child)
                self._later([self._visit(child, frame.in_all())])
            elif child.is_named and kind != "comment":
                words.extend(self.words.words(child))
                lines.extend([self.line(child)] * (len(words) - len(lines)))
        if not words and assignments:
            self.keep(assignments, node, frame)
        self._add(node, frame, words, assignments, redirects, fed, tuple(lines))

    def _add(
        self,
        node: Node,
        frame: Frame,
        words: list[Word],
        assignments: list[tuple[str, Word]],
        redirects: list[Redirect],
        fed: tuple[str, int, tuple[str, ...]] | None,
        lines: tuple[int, ...] = (),
    ) -> None:
        inner = self.taken()
        text, line, names = fed or (None, 0, ())
        command = Command(
            words=(*words, *frame.more),
            line=self.line(node),
            assignments=tuple(assignments),
            redirects=(*redirects, *frame.tail, *frame.all),
            piped_from=frame.fed_by,
            heredoc=text,
            heredoc_line=line,
            heredoc_variables=names,
            condition=frame.condition,
            function=frame.function,
            substituted=frame.substituted,
            inside=frame.inside,
            within=frame.within,
            directory=self.directory,
        )
        index = self.findings.add(command)
        if index < 0:
            return
        pipe = frame.pipe
        while pipe:
            pipe.last = index
            pipe = pipe.above
        self._substituted(inner, frame, index)
        self.waiting.append(lambda: self._added(index, frame, lines))

    def _added(self, index: int, frame: Frame, lines: tuple[int, ...]) -> None:
        command = self.findings.commands[index]
        if command.words:
            self.moved(command)
            self.spoken(index, frame, self.directory, lines)

    def _substituted(self, nodes: list[Node], frame: Frame, index: int) -> None:
        below = Frame(
            condition=frame.condition,
            function=frame.function,
            repeated=frame.repeated,
            substituted=True,
            inside=index,
            within=frame.within,
            depth=frame.depth + 1,
        )
        for node in reversed(nodes):
            items = [self._visit(child, below) for child in node.children]
            self._later(self._scope(items, restores=True))

    def _assigned(self, node: Node, frame: Frame) -> None:
        nodes = [node] if node.type == "variable_assignment" else node.children
        assignments = [self.assignment(child) for child in nodes if child.type == "variable_assignment"]
        self.keep(assignments, node, frame)
        self._add(node, frame, [], assignments, [], frame.heredoc)

    def _declaration(self, node: Node, frame: Frame) -> None:
        words: list[Word] = []
        assignments = []
        for child in node.children:
            if child.type == "variable_assignment":
                assignments.append(self.assignment(child))
            elif child.type == "ERROR":
                self.broken(child)
            elif child.is_named or not words:
                words.extend(self.words.words(child) if child.is_named else [Word(child.type)])
        if assignments:
            self.keep(assignments, node, frame)
        self._add(node, frame, words, assignments, [], frame.heredoc)
        if words and words[0].text == "unset":
            for word in words[1:]:
                self.variables.set(word.text, None, repeated=frame.repeated)

    def _test(self, node: Node, frame: Frame) -> None:
        self.words.look(node)
        text = self.ready.text(node.start_byte, node.end_byte)[:1_000]
        opening = "[[" if text.startswith("[[") else "["
        spans = self.ready.expressions(node.start_byte, node.end_byte)
        inner = tuple(self.ready.text(start + 3, end - 2).strip() for start, end in spans)
        rest = Word(text[len(opening) :].strip(" ]"), False, inner, names_in(text))
        self._add(node, frame, [Word(opening), rest], [], [], frame.heredoc)

    # Redirects

    def _redirected(self, node: Node, frame: Frame) -> None:
        redirects: list[Redirect] = []
        more: list[Word] = []
        fed = frame.heredoc
        bodies = []
        for child in node.children:
            if child.type in _REDIRECTS:
                fed = self.redirect(child, redirects, more) or fed
            else:
                bodies.append(child)
        self._substituted(self.taken(), frame, len(self.findings.commands))
        if not bodies:
            self._add(node, frame, [], [], redirects, fed)
            return
        tail = (*redirects, *frame.tail)
        inner = replace(frame, tail=tail, heredoc=fed, more=(*more, *frame.more))
        self._later([self._visit(body, inner) for body in bodies])

    # What holds other commands

    def _list(self, node: Node, frame: Frame) -> None:
        parts = [child for child in node.children if child.is_named]
        operator = next((child.type for child in node.children if child.type in ("&&", "||")), "")
        if not parts:
            return
        first = frame.before_last() if len(parts) > 1 else frame
        items = [self._visit(parts[0], first)]
        for left, right in pairwise(parts):
            below = frame if right is parts[-1] else first
            if operator == "||" or self._asks(left):
                below = below.under(f"{self.short(node.start_byte, left.end_byte)} {operator}")
                items.extend(self._scope([self._visit(right, below)], restores=False))
            else:
                items.append(self._visit(right, below))
        self._later(items)

    def _asks(self, node: Node) -> bool:
        """The command is a question: its failing is nothing unusual."""
        while node.type in ("list", "pipeline", "redirected_statement") and node.child_count:
            named = [child for child in node.children if child.is_named and child.type not in _REDIRECTS]
            if not named:
                return False
            if node.type == "list" and any(child.type == "||" for child in node.children):
                return self._asks_flat(named)
            node = named[-1]
        return self._asks_one(node)

    def _asks_flat(self, nodes: list[Node]) -> bool:
        return any(self._asks_one(node) for node in nodes)

    def _asks_one(self, node: Node) -> bool:
        if node.type in ("test_command", "negated_command"):
            return True
        if node.type != "command":
            return node.type == "compound_statement" and node.children[0].type == "(("
        words = self.ready.text(node.start_byte, min(node.end_byte, node.start_byte + 200)).split()
        words = [word for word in words if "=" not in word]
        name = words[0] if words else ""
        if name == "command":
            return any(word in ("-v", "-V") for word in words[1:3])
        if name == "git":
            return any(word in _ASKING_GIT for word in words[1:4])
        return name in _TESTS

    def _pipeline(self, node: Node, frame: Frame) -> None:
        parts = [child for child in node.children if child.is_named]
        pipe = Pipe(above=frame.pipe)
        before = replace(frame.before_last(), pipe=pipe)
        items: list[Item] = []
        for number, part in enumerate(parts):
            below = replace(frame, pipe=pipe) if part is parts[-1] else before
            items.append(self._piped(part, below, pipe, first=number == 0))
        self._later(items)

    def _piped(self, part: Node, frame: Frame, pipe: Pipe, *, first: bool) -> Item:
        def go() -> None:
            inner = frame if first else replace(frame, fed_by=pipe.last)
            self._later(self._scope([self._visit(part, inner)], restores=True))

        return go

    def _if(self, node: Node, frame: Frame) -> None:
        frame = frame.in_all()
        self._later(list(self._branches(node, frame, "if", frame)))

    def _branches(self, node: Node, frame: Frame, word: str, asking: Frame) -> Iterator[Item]:
        """`if COND then BODY (elif …) (else …)`: the condition runs, the bodies may."""
        then = next((child for child in node.children if child.type == "then"), None)
        asked = self._asked(node)
        body: list[Item] = []
        rest: list[Item] = []
        other = frame.under(f"else of {word} {asked}")
        for child in node.children[1:]:
            if then is None or child.start_byte < then.start_byte:
                yield self._visit(child, asking)
            elif child.type == "elif_clause":
                rest.extend(self._branches(child, frame, "elif", other))
                other = other.under(f"else of elif {self._asked(child)}")
            elif child.type == "else_clause":
                rest.extend(self._scope([self._visit(c, other) for c in child.children], restores=False))
            else:
                body.append(self._visit(child, frame.under(f"{word} {asked}")))
        yield from self._scope(body, restores=False)
        yield from rest

    def _asked(self, node: Node) -> str:
        """What an `if` or `elif` asks, as few words as written."""
        then = next((child for child in node.children if child.type == "then"), None)
        start = node.children[0].end_byte if node.child_count else node.start_byte
        return self.short(start, then.start_byte if then else node.end_byte)

    def _loop(self, node: Node, frame: Frame) -> None:
        frame = replace(frame.in_all(), repeated=True)
        body = [child for child in node.children if child.type in _BODIES]
        head = [child for child in node.children if child.type not in _BODIES]
        stop = body[0].start_byte if body else node.end_byte
        asked = self.short(node.start_byte, stop)
        below = frame if self._always(node) else frame.under(asked)
        if node.type == "for_statement":
            for child in head:
                if child.type == "variable_name":
                    name = self.ready.text(child.start_byte, child.end_byte)
                    self.variables.set(name, None, repeated=True)
            for child in head[2:]:
                if child.is_named:
                    self.words.words(child)
            self._substituted(self.taken(), frame, -1)
            asking: list[Item] = []
        else:
            asking = [self._visit(child, frame) for child in head]
        items = self._scope([self._visit(child, below) for child in body], restores=False)
        self._later([*asking, *items])

    def _always(self, node: Node) -> bool:
        """A loop over a list of words that is written out runs at least once."""
        if node.type != "for_statement" or node.children[0].type != "for":
            return False
        words = [c for c in node.children[3:] if c.is_named and c.type not in _BODIES]
        return bool(words) and all(c.type in ("word", "number", "raw_string") for c in words)

    def _case(self, node: Node, frame: Frame) -> None:
        frame = frame.in_all()
        items = [child for child in node.children if child.type == "case_item"]
        word = node.child_by_field_name("value")
        asked = self.short(word.start_byte, word.end_byte) if word else ""
        if word:
            self.words.words(word)
            self._substituted(self.taken(), frame, -1)
        todo: list[Item] = []
        for item in items:
            close = next((n for n, child in enumerate(item.children) if child.type == ")"), -1)
            pattern = self.short(item.start_byte, item.children[close].start_byte) if close >= 0 else ""
            below = frame.under(f"case {asked} in {pattern}")
            body = [self._visit(child, below) for child in item.children[close + 1 :]]
            todo.extend(self._scope(body, restores=False))
        todo.extend(self._visit(child, frame) for child in node.children if child.type == "ERROR")
        self._later(todo)

    def _function(self, node: Node, frame: Frame) -> None:
        name = next((c for c in node.children if c.type == "word"), None)
        called = self.ready.text(name.start_byte, name.end_byte) if name else ""
        below = replace(frame.in_all().under(f"{called}()"), function=called, repeated=True)
        body = [self._visit(child, below) for child in node.children if child is not name and child.is_named]
        directory = self.directory

        def back() -> None:
            self.directory = directory

        self._later([*self._scope(body, restores=False), back])

    def _subshell(self, node: Node, frame: Frame) -> None:
        below = frame.in_all()
        items = [self._visit(child, below) for child in node.children]
        self._later(self._scope(items, restores=True))

    def _compound(self, node: Node, frame: Frame) -> None:
        if node.child_count and node.children[0].type == "((":
            self.words.look(node)
            self._substituted(self.taken(), frame, -1)
            return
        self._children(node, frame.in_all())

    def _negated(self, node: Node, frame: Frame) -> None:
        self._children(node, frame)

    # Errors, and what moves the script

    def _error(self, node: Node, frame: Frame) -> None:
        self.broken(node)
        self._children(node, frame.in_all())


def _errors(root: Node) -> Iterator[Node]:
    """The errors of a tree, where a statement or a word hides them too."""
    waiting = [root] if root.has_error else []
    while waiting:
        node = waiting.pop()
        if node.type == "ERROR":
            yield node
        waiting.extend(child for child in node.children if child.has_error)


_VISITS: dict[str, Callable[[Walk, Node, Frame], None]] = {
    "command": Walk._command,
    "variable_assignment": Walk._assigned,
    "variable_assignments": Walk._assigned,
    "declaration_command": Walk._declaration,
    "unset_command": Walk._declaration,
    "test_command": Walk._test,
    "redirected_statement": Walk._redirected,
    "list": Walk._list,
    "pipeline": Walk._pipeline,
    "if_statement": Walk._if,
    "for_statement": Walk._loop,
    "c_style_for_statement": Walk._loop,
    "while_statement": Walk._loop,
    "case_statement": Walk._case,
    "function_definition": Walk._function,
    "subshell": Walk._subshell,
    "compound_statement": Walk._compound,
    "negated_command": Walk._negated,
    "ERROR": Walk._error,
}
