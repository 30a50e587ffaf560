"""A name is repeated only where it can be nothing but a name.

A damaged or hostile file can hold a secret where a name belongs. So a text that has the form of a secret is
no name, and neither is one that shares six characters in a row with anything in its file that has that form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .secrecy import known_token

_RUN = re.compile(r"[A-Za-z0-9]{6,}")
_NAME = re.compile(r"[\w@.:/+~%$ ()#*,=\\\[\]{}&'|;!?<>\"^-]{1,200}\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_JUMBLED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9].*[0-9])(?=.*[0-9]+[A-Za-z])")
"""Both cases, two digits and more, and a letter behind one: a part of a token rather than a word."""

_NUMBERED = re.compile(r"[A-Za-z]?[a-z]{3,24}[0-9]{1,4}")
"""A word with a number behind it: `cluster2024`."""

_SHARED = 6
_MOST = 2_000_000
_LONGEST_WORD = 40

WITHHELD = "(name withheld)"


def looks_secret(run: str) -> bool:
    """Whether a run of letters and digits has the form of a secret rather than that of a word."""
    if len(run) < 10:
        return bool(_JUMBLED.match(run))
    digits = sum(character.isdigit() for character in run)
    if digits == len(run):
        return len(run) > 16
    if digits:
        return not _NUMBERED.fullmatch(run)
    mixed = run != run.lower() and run != run.upper() and not _camel(run)
    return (mixed and len(run) >= 16) or len(run) > _LONGEST_WORD


def _camel(run: str) -> bool:
    """`ModelContextProtocol` is written by people: words of three letters and more."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", run)
    return "".join(parts) == run and len(run) / len(parts) >= 4


class Guard:
    """What must not be repeated of one text. It never shows itself."""

    __slots__ = ("_secret",)

    def __init__(self, text: str = "") -> None:
        self._secret: set[str] = set()
        left = _MOST
        for found in _RUN.finditer(text):
            run = found[0]
            if looks_secret(run):
                folded = run.lower()[:left]
                left -= len(folded)
                self._secret.update(folded[i : i + _SHARED] for i in range(len(folded) - _SHARED + 1))
            if left <= 0:
                break

    def __repr__(self) -> str:
        return "Guard()"

    def shows(self, text: str) -> bool:
        """Whether `text` shows a part of what must not be repeated."""
        folded = text.lower()
        return any(folded[i : i + _SHARED] in self._secret for i in range(len(folded) - _SHARED + 1))

    def name(self, text: str, instead: str = WITHHELD) -> str:
        """`text` where it is nothing but a name, else `instead`."""
        if not text:
            return text
        plain = _NAME.match(text) and not _UUID.search(text) and not known_token(text)
        secret = any(looks_secret(found[0]) for found in _RUN.finditer(text))
        return instead if not plain or secret or self.shows(text) else text

    def names(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Those of the texts that are names."""
        return tuple(kept for text in texts if (kept := self.name(text, "")))


NO_GUARD = Guard()
