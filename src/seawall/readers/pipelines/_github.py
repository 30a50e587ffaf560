"""What a file of GitHub's says is taken value by value; what has another shape than it should is told.

A wrong shape never hides anything: it becomes a problem with its line, and its text is kept where text goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.pipeline import Container, Setting
from seawall.kernel.shell import Script
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode
from seawall.readers.syntax.yaml import Mapping, Sequence, load_all

_KINDS_OF_PROBLEM = 60
# Credentials before a host in a URL: a name with a password, or one as long as a token.
_USERINFO = re.compile(r"(?<=//)(?:[^\s/@:$'\"<>{}]*:[^\s/@$'\"<>{}]+|[^\s/@:$'\"<>{}]{16,})@")
_SHOWN = 60


@dataclass(slots=True)
class Draft:
    """One file while it is being read. `scripts` are those parsed so far: equal texts are parsed once."""

    path: str
    limits: Limits
    scripts: dict[tuple[str, str], Script] = field(default_factory=dict)
    _rendered: int = 0
    _problems: dict[tuple[ProblemKind, str], list[int]] = field(default_factory=dict)

    def problem(self, kind: ProblemKind, message: str, line: int = 0) -> None:
        """Notes what was not understood; the same sentence is kept once, with its count."""
        key = (kind, message)
        if key not in self._problems and len(self._problems) >= _KINDS_OF_PROBLEM:
            key = (ProblemKind.TOO_MANY, "more is wrong with this file than is listed")
        self._problems.setdefault(key, []).append(line)

    def wrong(self, what: str, wanted: str, line: int) -> None:
        """Notes that `what` is not what it should be."""
        self.problem(ProblemKind.MALFORMED, f"`{what}` is not {wanted}", line)

    def problems(self) -> tuple[Problem, ...]:
        """Everything noted so far, in the order of the lines at which it was seen first."""
        found = []
        for (kind, message), lines in self._problems.items():
            times = f" ({len(lines)} times)" if len(lines) > 1 else ""
            found.append(Problem(self.path, kind, message + times, lines[0]))
        return tuple(sorted(found, key=lambda problem: problem.line))

    def load(self, data: bytes) -> Mapping | None:
        """The mapping that the file is; None, with the problem, when it is none."""
        limits = replace(
            self.limits,
            file_bytes=min(self.limits.file_bytes, self.limits.pipeline_bytes),
            values=min(self.limits.values, self.limits.pipeline_bytes),
        )
        try:
            documents = load_all(decode(data, limits), limits)
        except SyntaxFault as fault:
            self.problem(fault.kind, fault.message, fault.line)
            return None
        if not documents or documents == [None]:
            self.problem(ProblemKind.TRUNCATED, "the file is empty", 1)
            return None
        if len(documents) > 1:
            self.problem(ProblemKind.MALFORMED, "more than one YAML document; only the first is read", 1)
        if isinstance(documents[0], Mapping):
            return documents[0]
        self.problem(ProblemKind.MALFORMED, "the file is not a mapping", 1)
        return None

    def unknown_keys(self, body: Mapping, known: frozenset[str], what: str) -> None:
        """Notes every key that is not known, so that nothing hides behind it."""
        for key in body:
            if key in known:
                continue
            if key == "<<":
                self.problem(ProblemKind.UNSUPPORTED, "GitHub knows no merge keys (`<<`)", body.lines[key])
            else:
                shown = key[:_SHOWN].encode("unicode_escape").decode()
                self.problem(
                    ProblemKind.UNSUPPORTED, f"unknown key `{shown}` in {what}: not read", body.lines[key]
                )

    def render(self, value: object) -> str:
        """Any value as one text: scalars as written, nothing as empty, lists and mappings on one line.

        Credentials in URLs are left out here, and so they are nowhere.
        """
        if isinstance(value, str):
            return without_userinfo(value)
        parts: list[str] = []
        self._render(value, parts)
        return without_userinfo("".join(parts))

    def _render(self, value: object, parts: list[str]) -> None:
        if self._rendered > self.limits.pipeline_bytes:
            self.problem(ProblemKind.TOO_MANY, "aliases and nested values are too large to be written out")
            return
        if isinstance(value, Mapping | Sequence):
            entries: Iterable[tuple[str, object]] = (
                ((f"{key}: ", item) for key, item in value.items())
                if isinstance(value, Mapping)
                else (("", item) for item in value)
            )
            parts.append("{" if isinstance(value, Mapping) else "[")
            for place, (lead, item) in enumerate(entries):
                parts.append((", " if place else "") + lead)
                self._rendered += len(lead) + 2
                self._render(item, parts)
                if self._rendered > self.limits.pipeline_bytes:
                    break
            parts.append("}" if isinstance(value, Mapping) else "]")
            return
        text = value if isinstance(value, str) else "" if value is None else str(value).lower()
        self._rendered += len(text)
        parts.append(text)

    def text(self, body: Mapping, key: str) -> str:
        """The text at `key`, empty when there is none; a list or mapping there is told and written out."""
        value = body.get(key)
        if value is None:
            return ""
        if isinstance(value, Mapping | Sequence):
            self.wrong(key, "a text", body.lines[key])
        return self.render(value)

    def texts(self, body: Mapping, key: str) -> tuple[str, ...]:
        """One text or a list of texts."""
        return tuple(text for text, _ in self.texts_with_lines(body, key))

    def texts_with_lines(self, body: Mapping, key: str) -> tuple[tuple[str, int], ...]:
        """The same with the line of each."""
        value = body.get(key)
        if value is None:
            return ()
        if not isinstance(value, Sequence):
            return ((self.text(body, key), body.lines[key]),)
        found = []
        for item, line in zip(value, value.lines, strict=True):
            if isinstance(item, Mapping | Sequence):
                self.wrong(key, "a list of texts", line)
            found.append((self.render(item), line))
        return tuple(found)

    def mapping(self, body: Mapping, key: str) -> Mapping | None:
        """The mapping at `key`; anything else there but nothing is told."""
        value = body.get(key)
        if value is None or isinstance(value, Mapping):
            return value
        self.wrong(key, "a mapping", body.lines[key])
        return None

    def settings(self, body: Mapping, key: str) -> tuple[Setting, ...]:
        """Names with values: `env`, `with`, `secrets`, `outputs`, `credentials`."""
        value = body.get(key)
        if value is None:
            return ()
        if not isinstance(value, Mapping):
            text, line = self.render(value), body.lines[key]
            if not is_expression(text):
                self.wrong(key, "a mapping", line)
            return (Setting("", text, line),)
        found = []
        for name, item in value.items():
            if isinstance(item, Mapping | Sequence):
                self.wrong(f"{key}.{name[:_SHOWN]}", "a text", value.lines[name])
            found.append(Setting(name, self.render(item), value.lines[name]))
        return tuple(found)

    def named(self, body: Mapping, key: str) -> Iterator[tuple[str, Mapping, int]]:
        """(name, mapping, line) of each entry at `key`; an entry that is no mapping is told."""
        block = self.mapping(body, key)
        for name, item in (block or {}).items():
            line = block.lines[name] if block else 0
            if isinstance(item, Mapping):
                yield name, item, line
            else:
                self.wrong(f"{key}.{name[:_SHOWN]}", "a mapping", line)

    def entries(self, body: Mapping, key: str) -> Iterator[tuple[Mapping, int]]:
        """(mapping, line) of each item of the list at `key`; what is no mapping is told."""
        value = body.get(key)
        if value is None:
            return
        if not isinstance(value, Sequence):
            self.wrong(key, "a list", body.lines[key])
            return
        for item, line in zip(value, value.lines, strict=True):
            if isinstance(item, Mapping):
                yield item, line
            else:
                self.problem(ProblemKind.MALFORMED, f"an item of `{key}` is not a mapping", line)

    def container(self, body: Mapping, key: str, name: str = "") -> Container | None:
        """A container written as a text or a mapping; None when there is none."""
        value, line = body.get(key), body.lines.get(key, 0)
        if value is None or value == "":
            return None
        if not isinstance(value, Mapping):
            return Container(self.text(body, key), name, line=line)
        self.unknown_keys(value, _CONTAINER, "a container")
        return Container(
            image=self.text(value, "image"),
            name=name,
            env=self.settings(value, "env"),
            credentials=self.settings(value, "credentials"),
            volumes=self.texts(value, "volumes"),
            options=self.text(value, "options"),
            line=line,
        )


_CONTAINER = frozenset(
    ("image", "env", "credentials", "volumes", "options", "ports", "entrypoint", "command")
)


def without_userinfo(text: str) -> str:
    """The text without literal credentials in its URLs; variables and expressions stay."""
    return _USERINFO.sub("", text) if "@" in text and "//" in text else text


def is_expression(text: str) -> bool:
    """The whole text is one GitHub expression."""
    text = text.strip()
    return text.startswith("${{") and text.endswith("}}") and "${{" not in text[3:]


def is_true(text: str) -> bool:
    """It is, or may turn out to be, true."""
    return text.strip().lower() == "true" or "${{" in text


def condition(text: str) -> str:
    """An `if` without the `${{ }}` around all of it, on one line."""
    text = " ".join(text.split())
    return text[3:-2].strip() if is_expression(text) else text


Dialect = Callable[[str, str, str], str]
"""The step's own `shell`, empty for none, its condition and its script → the dialect that it is read as."""
