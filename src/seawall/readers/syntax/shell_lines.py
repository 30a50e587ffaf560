"""Where no grammar reads a script, its plain command lines are recognised one by one, and that is said.

PowerShell and cmd have grammars of their own; a plain command line looks alike in all of them. So do lines of
a shell script around an error. Conditions, variables and functions are not understood here.
Source: about_Parsing (PowerShell 7); cmd.exe's `^`, `&`, `|`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.shell import Command, Word

from .shell_text import expressions_in
from .shell_words import names_in

_TOKEN = re.compile(
    r"""\s+|(?P<stop>\|\||&&|[|;&])|"(?P<double>(?:[^"\\`]|[\\`].)*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'|;&]+)|."""
)
_HEADS = re.compile(
    r"^(?:(?:if|elif|elseif|while|until|for|foreach|then|else|do|try|catch|finally|!|\{|\}|\(|\)|@|call|\(\()\s*)+",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"^(?:\}\s*)?(?:if|elseif|while|foreach|for|switch|until)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*(?=\{)",
    re.I,
)
"""A condition in brackets before a block, as PowerShell writes it."""
_BLOCKS = ("{", "}", "(", ")")
_ASSIGNED = re.compile(r"^\$(?:[A-Za-z]+:)?[A-Za-z_]\w*\s*=\s*(?![=])")
_PROGRAM = re.compile(r"^(?:[.\\/~]|[A-Za-z]:[\\/])?[A-Za-z0-9_$%{}./\\+:()-]*[A-Za-z0-9_}]\Z")
_COMMENTS = {"pwsh": ("#",), "cmd": ("rem ", "::", "@rem "), "sh": ("#",)}
_JOINS = {"pwsh": "`", "cmd": "^", "sh": "\\"}
_MOST_LINE = 16 * 1024


def plain_commands(text: str, dialect: str, first: int = 1) -> Iterator[Command]:
    """The commands of plain lines, each with its own line. Indices of pipes count from the first one."""
    count = 0
    for number, line in _joined(text, dialect, first):
        fed = -1
        for words, piped in _split(line):
            if words:
                yield Command(words=words, line=number, piped_from=fed)
                fed = count if piped else -1
                count += 1
            else:
                fed = -1


def _joined(text: str, dialect: str, first: int) -> Iterator[tuple[int, str]]:
    """Logical lines: a mark at the end joins the next one. Comments and block comments are left out."""
    mark, comments = _JOINS[dialect], _COMMENTS[dialect]
    parts: list[str] = []
    start, comment = first, False
    for number, line in enumerate(text.split("\n"), first):
        bare = line.strip()
        if dialect == "pwsh" and (comment or bare.startswith("<#")):
            comment = "#>" not in bare
            continue
        if not parts:
            start = number
            if bare.lower().startswith(comments):
                continue
        stripped = line.rstrip()
        if stripped.endswith(mark):
            parts.append(stripped[:-1])
            continue
        yield start, "".join([*parts, stripped])[:_MOST_LINE]
        parts = []
    if parts:
        yield start, "".join(parts)[:_MOST_LINE]


def _split(line: str) -> Iterator[tuple[tuple[Word, ...], bool]]:
    """The words of each command of a line, and whether it is piped into the next."""
    line = _HEADS.sub("", _ASKED.sub("", line.strip()))
    line = _ASSIGNED.sub("", line)
    spans = dict(_expression_spans(line))
    words: list[Word] = []
    current: list[str] = []
    at = 0

    def flush() -> None:
        if current:
            words.append(_word("".join(current)))
            current.clear()

    while at < len(line):
        if at in spans:
            current.append(line[at : spans[at]])
            at = spans[at]
            continue
        found = _TOKEN.match(line, at)
        if not found:
            break
        end = (
            next((start for start in spans if at < start < found.end()), found.end())
            if spans
            else found.end()
        )
        at = end if found["bare"] else found.end()
        if found["stop"]:
            flush()
            yield _commanded(words), found["stop"] == "|"
            words = []
        elif found["bare"] is not None:
            current.append(line[found.start() : at])
        elif found["double"] is not None or found["single"] is not None:
            current.append(found["double"] if found["double"] is not None else found["single"])
        else:
            flush()
        if words and words[-1].text in _BLOCKS:
            yield _commanded(words[:-1]), False
            words = []
    flush()
    if words and words[-1].text in _BLOCKS:
        words.pop()
    yield _commanded(words), False


def _expression_spans(line: str) -> list[tuple[int, int]]:
    if "${{" not in line:
        return []
    data = line.encode("utf-8", "replace")
    return [
        (len(data[:start].decode("utf-8", "replace")), len(data[:end].decode("utf-8", "replace")))
        for start, end in expressions_in(data)[:50]
    ]


def _word(text: str) -> Word:
    spans = _expression_spans(text)
    inner = tuple(text[start + 3 : end - 2].strip() for start, end in spans)
    names = names_in(text)
    literal = not inner and not names and "$" not in text and "%" not in text
    return Word(text, literal, inner, names)


def _commanded(words: list[Word]) -> tuple[Word, ...]:
    """The words, if the first can be a program."""
    while words and words[0].text in ("&", ".", "call", "@"):
        words = words[1:]
    if not words or not _PROGRAM.match(words[0].text):
        return ()
    return tuple(words)
