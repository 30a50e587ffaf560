"""One setting is changed in a file of settings, and nothing else: proven by reading the result again.

An edit answers the new text, or None where it could not be made without touching something else (an inline
table, a flow mapping, a file that cannot be read): then a person has to do it. Line ends and comments stay
as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.syntax import toml, yaml
from seawall.readers.syntax.fault import SyntaxFault

from . import npmrc, pip_conf


@dataclass(slots=True)
class _Lines:
    """The lines of a text without what ends them, and beside each what ends it; `end` is for new ones."""

    bare: list[str]
    ends: list[str]
    end: str = "\n"

    def put(self, number: int, content: str) -> None:
        """Replace one line, keeping how it ends."""
        self.bare[number] = content

    def insert(self, number: int, content: str) -> None:
        """Put a new line before line `number`; the line before that gets an end if it has none."""
        if number and not self.ends[number - 1]:
            self.ends[number - 1] = self.end
        self.bare.insert(number, content)
        self.ends.insert(number, self.end)

    def text(self) -> str:
        return "".join(line + end for line, end in zip(self.bare, self.ends, strict=True))


def _lines(text: str) -> _Lines:
    parts = re.split(r"(\r\n|\n|\r)", text)
    bare, ends = parts[0::2], [*parts[1::2], ""]
    if not bare[-1]:
        bare.pop()
        ends.pop()
    return _Lines(bare, ends, ends[0] if ends and ends[0] else "\n")


_COMMENT = re.compile(r"[^#;\"']*(?:\"[^\"]*\"|'[^']*'|[^\s#;\"']+)(?P<comment>\s+#.*)?")
_INI_COMMENT = re.compile(r"[^#;\"']*?(?P<comment>\s+[#;].*)?")


def _with_comment(new: str, old: str, pattern: re.Pattern[str] = _COMMENT) -> str:
    """`new` with the comment that ends `old`."""
    found = pattern.fullmatch(old)
    return new + (found["comment"] or "") if found else new


def set_npmrc(text: str, key: str, value: str) -> str | None:
    """`key=value` in an `.npmrc` or pnpm `rc`: the last line that sets it is changed, or one is added."""
    before = [(k, v) for k, v, _ in npmrc.settings(text)]
    lines = _lines(text)
    at = [number for k, _, number in npmrc.settings(text) if k == key]
    if at:
        old = lines.bare[at[-1] - 1]
        lines.put(at[-1] - 1, _with_comment(f"{key}={value}", old, _INI_COMMENT))
    else:
        lines.insert(_first_header(lines.bare), f"{key}={value}")
    result = lines.text()
    after = [(k, v) for k, v, _ in npmrc.settings(result)]
    rest = [pair for pair in before if pair[0] != key]
    good = [pair for pair in after if pair[0] != key] == rest and dict(after).get(key) == value
    return result if good else None


def set_pip(text: str, key: str, value: str) -> str | None:
    """`key = value` in a `pip.conf`: in `[global]`, which is added if there is none.

    Where `[install]` has the key it is changed there too, for it wins over `[global]`.
    """
    result = _set_in_section(text, "global", key, value)
    if result is not None and any((s, k) == ("install", key) for s, k, _, _ in pip_conf.settings(result)):
        return _set_in_section(result, "install", key, value)
    return result


def _set_in_section(text: str, section: str, key: str, value: str) -> str | None:
    wanted = (section, key)
    before = [(s, k, v) for s, k, v, _ in pip_conf.settings(text)]
    lines = _lines(text)
    at = [number for s, k, _, number in pip_conf.settings(text) if (s, k) == wanted]
    pattern = re.compile(rf"\[{section}\]")
    header = next((n for n, line in enumerate(lines.bare) if pattern.match(line)), None)
    if at:
        lines.put(at[-1] - 1, f"{key} = {value}")
    elif header is not None:
        lines.insert(header + 1, f"{key} = {value}")
    else:
        lines.insert(len(lines.bare), f"[{section}]")
        lines.insert(len(lines.bare), f"{key} = {value}")
    result = lines.text()
    after = [(s, k, v) for s, k, v, _ in pip_conf.settings(result)]
    rest = [item for item in before if item[:2] != wanted]
    good = [item for item in after if item[:2] != wanted] == rest and (*wanted, value) in after
    return result if good else None


def set_toml(text: str, path: tuple[str, ...], literal: str) -> str | None:
    """`path[-1] = literal` in the table `path[:-1]`, which is added if there is none."""
    content = _toml(text)
    if content is None:
        return None
    *tables, key = path
    lines = _lines(text)
    start, stop = _table_span(lines.bare, tables)
    own = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
    at = [n for n in range(start, stop) if own.match(lines.bare[n])]
    dotted = _dotted(lines.bare, path) if tables else []
    if dotted:
        lines.put(dotted[0], _with_comment(f"{'.'.join(path)} = {literal}", lines.bare[dotted[0]]))
    elif at:
        lines.put(at[0], _with_comment(f"{key} = {literal}", lines.bare[at[0]]))
    elif not tables or start > 0:
        lines.insert(_last_setting(lines.bare, start, stop), f"{key} = {literal}")
    else:
        _add_table(lines, f"[{'.'.join(tables)}]", f"{key} = {literal}")
    result = lines.text()
    after, value = _toml(result), _toml(f"v = {literal}")
    if after is None or value is None or _taken(after, path) != value["v"]:
        return None
    # A table that is only there for our setting is no other difference.
    return result if _pruned(after) == _pruned(content, path) else None


def _add_table(lines: _Lines, header: str, setting: str) -> None:
    if lines.bare and lines.bare[-1].strip():
        lines.insert(len(lines.bare), "")
    lines.insert(len(lines.bare), header)
    lines.insert(len(lines.bare), setting)


def _toml(text: str) -> dict[str, object] | None:
    try:
        return toml.load(text, DEFAULT_LIMITS)
    except SyntaxFault:
        return None


def _taken(content: dict[str, object], path: tuple[str, ...]) -> object:
    """Take the value at `path` out of `content`; None when it is not there."""
    inner: object = content
    for step in path[:-1]:
        inner = inner.get(step) if isinstance(inner, dict) else None
    return inner.pop(path[-1], None) if isinstance(inner, dict) else None


def _pruned(content: dict[str, object], path: tuple[str, ...] = ()) -> dict[str, object]:
    if path:
        _taken(content, path)
    return {k: v for k, v in ((k, _without_empty(v)) for k, v in content.items()) if v != {}}


def _without_empty(value: object) -> object:
    return _pruned(dict(value)) if isinstance(value, dict) else value


def _table_span(lines: list[str], tables: list[str]) -> tuple[int, int]:
    """The lines of a table's own settings; (0, 0) when it has no header of its own."""
    header = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
    starts = [n for n, line in enumerate(lines) if re.match(r"\s*\[", line)]
    if not tables:
        return 0, min(starts, default=len(lines))
    for n in starts:
        found = header.fullmatch(lines[n])
        if found and [part.strip().strip("\"'") for part in found[1].split(".")] == tables:
            return n + 1, min((other for other in starts if other > n), default=len(lines))
    return 0, 0


def _dotted(lines: list[str], path: tuple[str, ...]) -> list[int]:
    wanted = re.compile(r"\s*" + r"\s*\.\s*".join(re.escape(part) for part in path) + r"\s*=")
    return [n for n, line in enumerate(lines) if wanted.match(line)]


def _last_setting(lines: list[str], start: int, stop: int) -> int:
    """Behind the last line of the span that is not empty and no comment for what comes after it."""
    while stop > start and (not lines[stop - 1].strip() or lines[stop - 1].lstrip().startswith("#")):
        stop -= 1
    return stop


def set_yaml(text: str, key: str, literal: str) -> str | None:
    """`key: literal` at the top level of a YAML file of settings."""
    before = _yaml(text)
    if before is None:
        return None
    lines = _lines(text)
    own = re.compile(rf"[\"']?{re.escape(key)}[\"']?\s*:")
    at = [n for n, line in enumerate(lines.bare) if own.match(line)]
    if at:
        lines.put(at[-1], _with_comment(f"{key}: {literal}", lines.bare[at[-1]]))
    else:
        lines.insert(len(lines.bare), f"{key}: {literal}")
    result = lines.text()
    after = _yaml(result)
    if after is None or after.pop(key, None) != _WORDS.get(literal, literal):
        return None
    before.pop(key, None)
    return result if after == before else None


_WORDS = {"true": True, "false": False}
"""What the YAML reader makes of a literal."""


def _yaml(text: str) -> dict[str, object] | None:
    try:
        documents = yaml.load_all(text, DEFAULT_LIMITS)
    except SyntaxFault:
        return None
    if not documents or documents == [None]:
        return {}
    content = documents[0]
    return dict(content) if len(documents) == 1 and isinstance(content, dict) else None


def _first_header(lines: list[str]) -> int:
    return next((n for n, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
