"""Parts of simple commands: assignments, redirects, here-documents, and what `cd` and `read` change.

Source: POSIX.1-2024, Shell Command Language 2.7 and 2.9.1; the node types of tree-sitter-bash 0.25.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.shell import Command, Redirect, Word

from .shell_frame import Findings, Frame
from .shell_text import HereDocument, Prepared
from .shell_words import Value, Variables, WordReader, names_in

if TYPE_CHECKING:
    from tree_sitter import Node

_WORKSPACE = re.compile(r"\$\{?GITHUB_WORKSPACE\}?|\$\{\{\s*github\.workspace\s*\}\}")
_MOST_TEXT = 80
_LONGEST_PATH = 4096
_BLANKS = re.compile(r"\s+")


class SimpleParts:
    """What is known at one point of a script, and how parts of a simple command read and change it."""

    def __init__(self, findings: Findings, variables: Variables) -> None:
        self.ready = Prepared(b"", b"")
        self.findings = findings
        self.variables = variables
        self.words = WordReader(self.ready, variables)
        self.directory = ""
        self.stack: list[str] = []
        self.errors: set[tuple[int, int]] = set()

    def line(self, node: Node) -> int:
        """The line on which a node begins."""
        return self.ready.line(node.start_byte)

    def short(self, start: int, end: int) -> str:
        """What was written there, cut short, on one line."""
        text = self.ready.text(start, min(end, start + 4 * _MOST_TEXT))
        short = _BLANKS.sub(" ", text).strip(" ;\n\t")
        return short if len(short) <= _MOST_TEXT else short[: _MOST_TEXT - 1] + "…"

    def assignment(self, node: Node) -> tuple[str, Word]:
        """The name and the value of an assignment."""
        name = next((c for c in node.children if c.type in ("variable_name", "subscript")), None)
        value = node.children[-1] if node.child_count else None
        text = self.ready.text(name.start_byte, name.end_byte) if name else ""
        if value is None or value.type in ("=", "+=") or value == name:
            return text, Word("")
        if value.type == "array":
            words = [w for child in value.children if child.is_named for w in self.words.words(child)]
            literal = all(word.literal for word in words)
            names = tuple(dict.fromkeys(n for word in words for n in word.variables))
            inner = tuple(e for word in words for e in word.expressions)
            return text, Word(" ".join(word.text for word in words), literal, inner, names)
        return text, self.words.word(value)

    def keep(self, assignments: list[tuple[str, Word]], node: Node, frame: Frame) -> None:
        """Remember what assignments without a program set."""
        nodes = [c for c in node.children if c.type == "variable_assignment"] or [node]
        for (name, word), written in zip(assignments, nodes, strict=False):
            self.variables.set(name, self._value(name, word, written), repeated=frame.repeated)

    def _value(self, name: str, word: Word, node: Node) -> Value | None:
        if not word.literal or "[" in name:
            return None
        adds = any(child.type == "+=" for child in node.children)
        last = node.children[-1] if node.child_count else node
        if last.type == "array":
            found = [w.text for child in last.children if child.is_named for w in self.words.words(child)]
            new = Value(tuple(found), array=True)
        else:
            new = Value((word.text,))
        if not adds:
            return new
        before = self.variables.known.get(name)
        if before is None or before.array != new.array:
            return None
        joined = (*before.parts, *new.parts)
        return Value(joined, array=True) if new.array else Value(("".join(joined),))

    def redirect(
        self, node: Node, into: list[Redirect], more: list[Word]
    ) -> tuple[str, int, tuple[str, ...]] | None:
        """One redirect; what it feeds to the command. Words behind its target are the command's own."""
        if node.type == "herestring_redirect":
            word = self.words.word(node.children[-1])
            return word.text + "\n", self.line(node), word.variables
        operator, targets, start = "", [], node.start_byte
        for part in node.children:
            if not part.is_named or part.type == "file_descriptor":
                operator += self.ready.text(part.start_byte, part.end_byte)
                start = part.start_byte
            elif part.type == "ERROR":
                self.broken(part)
            else:
                targets.append(part)
        document = self.ready.documents.get(start)
        for part in targets[1:]:
            more.extend(self.words.words(part))
        if document is not None:
            return self._document(document, node)
        if operator.endswith("&") and targets and targets[0].type == "number":
            into.append(
                Redirect(operator + self.ready.text(targets[0].start_byte, targets[0].end_byte), Word(""))
            )
        else:
            into.append(Redirect(operator, self.words.word(targets[0]) if targets else Word("")))
        return None

    def _document(self, document: HereDocument, node: Node) -> tuple[str, int, tuple[str, ...]]:
        if not document.closed:
            message = "a here-document is never closed: what stands behind it is taken for its text"
            self.findings.problem(ProblemKind.MALFORMED, message, self.line(node))
        return document.text, document.line, names_in(document.text) if document.expands else ()

    def broken(self, node: Node) -> None:
        """A part that the grammar does not know: its lines are read again, plainly."""
        place = (node.start_byte, node.end_byte)
        if place in self.errors:
            return
        self.errors.add(place)
        line = self.line(node)
        last = self.ready.line(max(node.end_byte - 1, node.start_byte))
        self.findings.unread.update(range(line, last + 1))
        # Not what it says: whoever reads of it here may not be meant to read what is written there.
        self.findings.problem(ProblemKind.MALFORMED, "the shell's grammar does not know this part", line)

    def moved(self, command: Command) -> None:
        """What a command changes for those behind it."""
        program = command.program
        if program in ("cd", "pushd"):
            targets = [
                word for word in command.words[1:] if not word.text.startswith("-") or word.text == "-"
            ]
            if program == "pushd":
                self.stack.append(self.directory)
            self.directory = _led(self.directory, targets[0] if targets else Word("~"))
        elif program == "popd":
            self.directory = self.stack.pop() if self.stack else "?"
        elif program in ("read", "mapfile", "readarray", "getopts") or (
            program == "printf" and "-v" in command.texts
        ):
            for word in command.words[1:]:
                self.variables.set(word.text, None, repeated=True)
        elif program in (".", "source", "eval") and not _activates(command):
            for name in list(self.variables.known):
                self.variables.set(name, None, repeated=False)

    def taken(self) -> list[Node]:
        """The substitutions that were met since the last time."""
        inner = list(self.words.substitutions)
        self.words.substitutions.clear()
        return inner


def _activates(command: Command) -> bool:
    return len(command.words) > 1 and command.words[1].text.endswith("/activate")


def _led(here: str, target: Word) -> str:
    """Where `cd` leads. The checkout's top has a name of its own."""
    text = _WORKSPACE.sub("$GITHUB_WORKSPACE", target.text)
    if text.startswith(("/", "~", "$GITHUB_WORKSPACE")):
        known = target.literal or not text.replace("$GITHUB_WORKSPACE", "", 1).count("$")
        return posixpath.normpath(text) if known else "?"
    if not target.literal or text in ("-", "") or here == "?":
        return "?"
    joined = posixpath.normpath(posixpath.join(here, text))
    if len(joined) > _LONGEST_PATH:
        return "?"  # every command keeps its own: no system has such a path
    return "" if joined == "." else joined
