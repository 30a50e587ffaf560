"""Words of a command line are options, values of options, or what it is about; guessing makes wrong names.

An option that a tool is not known to have may take a value: the word behind it is doubtful, and never a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from seawall.kernel.shell import Word

_MAY_BE_OPTIONS = ("ARG", "OPT", "FLAG", "PARAM")


@dataclass(frozen=True, slots=True)
class Known:
    """The options that a tool is known to have: those that take a value, and those that do not."""

    values: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    def __or__(self, other: Known) -> Known:
        return Known(self.values | other.values, self.flags | other.flags)


def known(values: str = "", flags: str = "") -> Known:
    """From two lists of options, separated by blanks."""
    return Known(frozenset(values.split()), frozenset(flags.split()))


@dataclass(slots=True)
class Parsed:
    """One command line. `options` hold every value in order, flags an empty text.

    `words` are what it is about, `rest` those behind `--`; `doubtful` are words behind unknown options.
    """

    options: dict[str, list[str]] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    rest: list[Word] = field(default_factory=list)
    doubtful: list[Word] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """One of these options is given, and not with `=false`."""
        return any(value.lower() != "false" for name in names for value in self.options.get(name, ()))

    def value(self, *names: str) -> str:
        """The last value of the first of these options that is given."""
        return next((self.options[name][-1] for name in names if self.options.get(name)), "")

    def values(self, *names: str) -> list[str]:
        """All values of these options."""
        return [value for name in names for value in self.options.get(name, ())]

    @property
    def texts(self) -> list[str]:
        """The words as plain texts."""
        return [word.text for word in self.words]


def parsed(args: Sequence[Word], options: Known, *, stops: bool = False) -> Parsed:
    """The parts of a command line. `stops`: everything from the first plain word on is left in `rest`."""
    found = Parsed()
    at = 0
    while at < len(args):
        word = args[at]
        text = word.text
        at += 1
        if text == "--":
            found.rest.extend(args[at:])
            break
        if not text.startswith("-") or text == "-":
            if _may_be_options(word):
                continue
            if stops:
                found.rest.extend(args[at - 1 :])
                break
            found.words.append(word)
            continue
        at += _option(text, args[at : at + 1], options, found)
    return found


def _option(text: str, following: Sequence[Word], options: Known, found: Parsed) -> int:
    """Takes one option; how many words behind it belong to it."""
    name, equals, value = text.partition("=")
    if equals:
        found.options.setdefault(name, []).append(value)
        return 0
    if text in options.flags:
        found.options.setdefault(text, []).append("")
        return 0
    if text in options.values:
        found.options.setdefault(text, []).append(following[0].text if following else "")
        return len(following)
    if not text.startswith("--") and len(text) > 2:
        return _cluster(text, following, options, found)
    found.options.setdefault(text, []).append("")
    if following and not following[0].text.startswith("-"):
        found.doubtful.append(following[0])
        return 1
    return 0


def _cluster(text: str, following: Sequence[Word], options: Known, found: Parsed) -> int:
    """`-rfile`, `-qU`, `-yq`: letters are options until one takes the rest as its value."""
    for place in range(1, len(text)):
        letter = f"-{text[place]}"
        if letter in options.values:
            rest = text[place + 1 :].removeprefix("=")
            found.options.setdefault(letter, []).append(rest or (following[0].text if following else ""))
            return 0 if rest else len(following)
        if letter not in options.flags:
            found.options.setdefault(text, []).append("")
            doubtful = not any(f"-{other}" in options.flags for other in text[1:place])
            if doubtful and following and not following[0].text.startswith("-"):
                found.doubtful.append(following[0])
                return 1
            return 0
        found.options.setdefault(letter, []).append("")
    return 0


def _may_be_options(word: Word) -> bool:
    """A word that is only a variable or input named as one that holds options (`$PIP_ARGS`)."""
    if word.literal or not word.text.startswith("$"):
        return False
    inner = (*word.variables, *word.expressions)
    alone = len(inner) == 1 and (not word.expressions or word.text.endswith("}}"))
    return alone and any(part in inner[0].upper() for part in _MAY_BE_OPTIONS)


def names(text: str) -> frozenset[str]:
    """Names from a list separated by blanks."""
    return frozenset(text.split())
