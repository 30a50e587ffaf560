"""Names of tox environments: braces are written out, and factors say which lines an environment gets.

Source: tox's "Generative environments" and "Factors and factor-conditional settings".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MOST_NAMES = 2_000
_MOST_COMBINED = 400_000
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,4})-(\d{1,4})\Z")
_FACTORS = re.compile(r"([!\w.{},-]+):\s+(\S.*)")


@lru_cache(maxsize=1024)
def names(text: str) -> tuple[str, ...]:
    """The names in a list: separated by commas and blanks outside braces, `py{38,39}-{a,b}` is four."""
    found: dict[str, None] = {}
    for word in _split(text[:20_000]):
        for name in written_out(word):
            found[name] = None
            if len(found) >= MOST_NAMES:
                return tuple(found)
    return tuple(found)


def _split(text: str) -> list[str]:
    words, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth <= 0 and (character == "," or character.isspace()):
            words.append(text[start:at])
            start = at + 1
    words.append(text[start:])
    return [word.strip() for word in words if word.strip()]


def written_out(word: str) -> list[str]:
    """`a{b,c}` is `ab` and `ac`; `{10-12}` is a range. At most MOST_NAMES."""
    found = [""]
    at = 0
    for braces in _BRACES.finditer(word):
        choices = [one for part in braces[1].split(",") for one in _range(part.strip())]
        before = word[at : braces.start()]
        if len(found) * max(len(choices), 1) > MOST_NAMES:
            return [one + before for one in found]
        found = [one + before + choice for one in found for choice in choices]
        at = braces.end()
    return [one + word[at:] for one in found]


def _range(part: str) -> list[str]:
    bounds = _RANGE.match(part)
    if not bounds or int(bounds[2]) - int(bounds[1]) not in range(200):
        return [part]
    return [str(number) for number in range(int(bounds[1]), int(bounds[2]) + 1)]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a setting. `alternatives` are (factors it wants, factors it does not want)."""

    number: int
    text: str
    rest: str
    factors: str
    alternatives: tuple[tuple[frozenset[str], frozenset[str]], ...]

    def fits(self, own: frozenset[str]) -> bool:
        """Whether an environment of these factors gets it."""
        return any(wanted <= own and not unwanted & own for wanted, unwanted in self.alternatives)


class Conditional:
    """The lines of one setting, found by the factors that they want: some have 10,000 and 1,000 names.

    `cut` is the line behind which they are not read, as their factors combine too often; 0 = none.
    """

    def __init__(self, lines: Sequence[tuple[int, str]]) -> None:
        self.cut = 0
        self._lines: list[_Line] = []
        combined = 0
        for number, text in lines:
            self._lines.append(_parsed(number, text))
            combined += len(self._lines[-1].alternatives)
            if combined > _MOST_COMBINED:
                self.cut = number
                break
        often = Counter(
            factor for line in self._lines for wanted, _ in line.alternatives for factor in wanted
        )
        self._by_factor: dict[str, list[int]] = {}
        self._always: list[int] = []
        for index, line in enumerate(self._lines):
            rarest = {
                min(wanted, key=lambda one: (often[one], one), default="") for wanted, _ in line.alternatives
            }
            if not line.factors or "" in rarest:
                self._always.append(index)
            else:
                for factor in rarest:
                    self._by_factor.setdefault(factor, []).append(index)

    def of(self, name: str) -> list[tuple[int, str, str]]:
        """(line, what it says, factors) of the lines that the environment gets; `*` gets every line."""
        if name == "*":
            return [(line.number, line.rest, line.factors) for line in self._lines]
        own = frozenset(name.split("-"))
        some = {index for factor in own for index in self._by_factor.get(factor, ())}
        found = (self._lines[index] for index in sorted([*self._always, *some]))
        return [(line.number, line.rest, "") for line in found if not line.factors or line.fits(own)]


def _parsed(number: int, text: str) -> _Line:
    found = _FACTORS.match(text)
    if not found:
        return _Line(number, text, text, "", ())
    return _Line(number, text, found[2], found[1], _alternatives(found[1]))


@lru_cache(maxsize=4096)
def _alternatives(factors: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    split = [alternative.split("-") for alternative in names(factors)]
    return tuple(
        (
            frozenset(part for part in parts if not part.startswith("!")),
            frozenset(part[1:] for part in parts if part.startswith("!")),
        )
        for parts in split
    )
