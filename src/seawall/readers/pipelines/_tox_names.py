"""Names of tox environments: braces are written out, and factors say which lines an environment gets.

Source: tox's "Generative environments" and "Factors and factor-conditional settings".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MOST_NAMES = 2_000
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
class Fitting:
    """What one line says to an environment. `cost` counts the combinations of factors that were looked at."""

    text: str
    factors: str = ""
    cost: int = 1


def for_environment(line: str, name: str) -> Fitting:
    """The line without its factors where the environment gets it, else no text; `*` gets every line."""
    found = _FACTORS.match(line)
    if not found:
        return Fitting(line)
    if name == "*":
        return Fitting(found[2], found[1])
    factors = set(name.split("-"))
    alternatives = names(found[1])
    for alternative in alternatives:
        parts = alternative.split("-")
        if all((part[1:] not in factors) if part.startswith("!") else part in factors for part in parts):
            return Fitting(found[2], cost=len(alternatives))
    return Fitting("", cost=len(alternatives))
