"""What a tool is given by name, and whether a credential stands there in so many characters.

No value leaves this file: a credential is seen, counted as one and dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from seawall.kernel.source import Source, SourceKind, source_from_url
from seawall.kernel.tool import Given, names_a_secret

DROPPED = "***"
"""Stands where a literal credential stood."""

_KNOWN = re.compile(
    r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{40,255}|glpat-[\w-]{18,64}"
    r"|npm_[A-Za-z0-9]{30,64}|pypi-[\w-]{40,512}|xox[abeprs]-[\w-]{16,255}|xapp-[\w-]{16,255}"
    r"|sk-ant-[\w-]{20,255}|sk-[\w-]{20,255}|(?:sk|rk)_live_\w{16,255}|A(?:KI|SI)A[0-9A-Z]{16}"
    r"|AIza[\w-]{30,64}|hf_[A-Za-z0-9]{30,64}|SG\.[\w-]{16,64}\.[\w-]{16,64}|dop_v1_[a-f0-9]{40,80}"
    r"|figd_[\w-]{20,80}|lin_api_\w{20,80}|ntn_\w{30,80}|tvly-[\w-]{20,80}|ctx7sk-[\w-]{20,80}"
    r"|AGE-SECRET-KEY-1\w{50,70}|eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,2000}"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY)"
)
_PLACEHOLDER = re.compile(
    r"(?i)your|example|x{4,}|\*{3,}|\.{3}|change.?me|replace|placeholder|dummy|sample|insert|redacted|fake"
    r"|todo|fixme|<[^>]*>|\{\{|-here\b|\bhere\b|12345678|abcdef|localhost|test"
)
_VARIABLE = re.compile(
    r"\$\{(?:env:|localEnv:|containerEnv:)?([A-Za-z_]\w*)(?::?[-?+:][^}]*)?\}|\$\{(input:[\w.-]+)\}|\$([A-Za-z_]\w*)"
    r"|%([A-Za-z_]\w*)%|\{env:([A-Za-z_]\w*)\}|\$\{\{?\s*(?:secrets|env)\.([A-Za-z_]\w*)\s*\}?\}"
)
_ORDINARY = frozenset(
    {
        "CLAUDE_PLUGIN_ROOT", "CLAUDE_PROJECT_DIR", "CURSOR_PLUGIN_ROOT", "GEMINI_PROJECT_DIR", "HOME",
        "LANG", "OLDPWD", "PATH", "PWD", "SHELL", "TMPDIR", "USER", "USERPROFILE", "containerWorkspaceFolder",
        "containerWorkspaceFolderBasename", "cwd", "devcontainerId", "execPath", "extensionPath", "file",
        "localWorkspaceFolder", "localWorkspaceFolderBasename", "pathSeparator", "userHome",
        "workspaceFolder", "workspaceFolderBasename", "workspaceRoot",
    }
)  # fmt: skip
"""Variables that tell where things are, and nothing that anybody keeps to himself."""

_SCHEME = re.compile(r"(?i)\s*(?:bearer|basic|token|apikey)\s+")
_PATHLIKE = re.compile(r"(?:[.~]{0,2}/|[A-Za-z]:[\\/]|file:|op://|vault:|[A-Za-z][\w+.-]*://)")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*\+)?[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LONG_SEGMENT = re.compile(r"(?<=/)(?=[\w=-]*\d)(?=[\w=-]*[A-Za-z])[\w=-]{40,}(?=/|\?|\Z)")
_OPTION = re.compile(r"-{1,2}([A-Za-z][\w-]*)(?:=(.*))?\Z", re.DOTALL)
_ASSIGNED = re.compile(r"([A-Za-z_][\w.-]*)[=:]\s*(.*)\Z", re.DOTALL)
_LONGEST = 16_384


def variables_in(text: str) -> tuple[str, ...]:
    """The names of variables that `text` takes its value from, each once; ordinary places left out."""
    found = (next((g for g in match.groups() if g), "") for match in _VARIABLE.finditer(text[:_LONGEST]))
    return tuple(dict.fromkeys(name for name in found if name and name not in _ORDINARY))


def known_token(text: str) -> bool:
    """Whether a token of a kind that tells itself stands in `text`, and no example of one."""
    return any(not _example(found[0]) for found in _KNOWN.finditer(text[:_LONGEST]))


def _example(text: str) -> bool:
    return bool(_PLACEHOLDER.search(text)) or (len(set(text)) < 10 and "BEGIN" not in text)


def _secret_looking(value: str) -> bool:
    """A value that stands under the name of a secret and is no word, path, number or variable."""
    text = _SCHEME.sub("", _VARIABLE.sub("", value), count=1).strip()
    if len(text) < 12 or any(c.isspace() for c in text) or _PATHLIKE.match(text) or _example(text):
        return False
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)


def given(name: str, value: object, line: int, via: str = "env") -> Given:
    """What `name` gets. The value is looked at and dropped."""
    text = value if isinstance(value, str) else ""
    text = text[:_LONGEST]
    surely = known_token(text) or (_is_address(text) and source_from_url(text, SourceKind.URL).credential)
    named = names_a_secret(name) and _secret_looking(text)
    return Given(name[:200], line, via, variables_in(text), surely or named, surely)


def given_all(names: object, via: str = "env") -> tuple[Given, ...]:
    """The same for every entry of an object of names, with the lines that it knows."""
    if not isinstance(names, dict):
        return ()
    lines = getattr(names, "lines", {})
    return tuple(given(str(name), value, lines.get(name, 0), via) for name, value in names.items())


def _is_address(text: str) -> bool:
    return bool(_URL.match(text))


def address(text: str, line: int) -> tuple[Source, tuple[Given, ...]]:
    """A server's address without what is secret in it, and what it is given there."""
    text = text.strip()[:_LONGEST]
    cleaned = _LONG_SEGMENT.sub(DROPPED, _KNOWN.sub(DROPPED, text))
    source = source_from_url(cleaned, SourceKind.URL)
    source = replace(source, credential=source.credential or cleaned != text)
    names = variables_in(text)
    if not (source.credential or names):
        return source, ()
    return source, (Given("address", line, "address", names, source.credential, source.credential),)


def kept(words: Sequence[str], line: int) -> tuple[tuple[str, ...], tuple[Given, ...]]:
    """The words without literal credentials, and what is given among them (`--token X`, `-e NAME=X`)."""
    out: list[str] = []
    found: list[Given] = []
    option = ""
    for word in words:
        text, one = _kept(word[:_LONGEST], option, line)
        out.append(text)
        found += one
        option = _next_option(word)
    return tuple(out), tuple(found)


def _next_option(word: str) -> str:
    """The name of the option whose value the next word is, if this word is one."""
    option = _OPTION.match(word)
    return option[1] if option and option[2] is None else ""


def _kept(word: str, option: str, line: int) -> tuple[str, Iterable[Given]]:
    named = _OPTION.match(word) if word.startswith("-") else _ASSIGNED.match(word)
    if named and named[2] is not None and not _is_address(word):
        one = given(named[1], named[2], line, "argument")
        kept_word = word[: named.start(2)] + DROPPED if one.credential else word
        return kept_word, (one,) if one.credential or one.variables else ()
    if option and names_a_secret(option):
        one = given(option, word, line, "argument")
        return (DROPPED if one.credential else word), (one,)
    if _is_address(word):
        source, found = address(word, line)
        return (source.location if source.credential else word), found
    return _plain(word, option, line)


def _plain(word: str, option: str, line: int) -> tuple[str, Iterable[Given]]:
    if option in ("e", "env") and re.fullmatch(r"[A-Za-z_]\w*", word):
        return word, (Given(word, line, "argument", (word,)),)
    if known_token(word):
        return _KNOWN.sub(DROPPED, word), (Given("argument", line, "argument", (), True, True),)
    names = variables_in(word)
    return word, (Given(names[0], line, "argument", names),) if names else ()
