"""What a tool is given by name, and whether a credential stands there in so many characters.

No value leaves this file: a credential is seen, counted as one and dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from seawall.kernel.secrecy import (
    is_example,
    known_token,
    names_a_secret,
    variables_in,
    without_tokens,
    without_variables,
)
from seawall.kernel.source import Source, SourceKind, source_from_url
from seawall.kernel.tool import Given

DROPPED = "***"
"""Stands where a literal credential stood."""

_SCHEME = re.compile(r"(?i)\s*(?:bearer|basic|token|apikey)\s+")
_PATHLIKE = re.compile(r"(?:[.~]{0,2}/|[A-Za-z]:[\\/]|file:|op://|vault:|[A-Za-z][\w+.-]*://)")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*\+)?[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LONG_SEGMENT = re.compile(r"(?<=/)(?=[\w=-]*\d)(?=[\w=-]*[A-Za-z])[\w=-]{40,}(?=/|\?|\Z)")
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}://)[^\s/@:$'\"]*:[^\s/@$'\"]+@")
"""In the middle of a word; one that is an address as a whole is taken apart as one."""
_OPTION = re.compile(r"-{1,2}([A-Za-z][\w-]*)(?:=(.*))?\Z", re.DOTALL)
_ASSIGNED = re.compile(r"([A-Za-z_][\w.-]*)[=:]\s*(.*)\Z", re.DOTALL)
_LONGEST = 16_384


def _secret_looking(value: str) -> bool:
    """A value that stands under the name of a secret and is no word, path, number or variable."""
    text = _SCHEME.sub("", without_variables(value), count=1).strip()
    if len(text) < 12 or any(c.isspace() for c in text) or _PATHLIKE.match(text) or is_example(text):
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
    cleaned = _LONG_SEGMENT.sub(DROPPED, without_tokens(text, DROPPED))
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
        return without_tokens(word, DROPPED), (Given("argument", line, "argument", (), True, True),)
    bare = _USERINFO.sub(r"\1", word) if "@" in word else word
    if bare != word:
        return bare, (Given("address", line, "address", variables_in(word), True, True),)
    names = variables_in(word)
    return word, (Given(names[0], line, "argument", names),) if names else ()
