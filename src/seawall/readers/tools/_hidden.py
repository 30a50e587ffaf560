r"""Characters that nobody sees are counted, except where writing needs them.

Emoji are made with joiners, selectors and (flags) tags; Persian, Arabic and the scripts of South Asia need
joiners, those of South-East Asia spaces of no width; text from right to left needs marks and, in balance,
embeddings. All that is passed over.
Source: Unicode 16, chapters 9, 12, 16 and 23; UTS 51 (emoji); UAX 9 (bidi); Trojan Source (CVE-2021-42574).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from seawall.kernel.tool import Hidden, Trick

_ANY = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,8}\U000e007f")
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")
_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_OVERRIDES = re.compile("[\u202d\u202e]")
_OPENS, _CLOSES = "\u202a\u202b\u2066\u2067\u2068", "\u202c\u2069"
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_NO_WIDTH = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164"
    "\ufeff\uffa0"
)
_ONE = re.compile(f"[{_NO_WIDTH}]")
_RUN = re.compile(f"[{_NO_WIDTH}]{{4,}}")
_SPLIT = re.compile(f"(?<=[A-Za-z])[{_NO_WIDTH}](?=[A-Za-z])")
_SOFT_HYPHEN = "\u00ad"
_JOINERS = "\u200c\u200d"
_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\ufe0f\u20e3\U0001f000-\U0001faff]")
_JOINING = re.compile(
    "[\u0600-\u0fff\u1000-\u109f\u1780-\u18af\u1900-\u1aaf\u1b00-\u1bff\ua800-\uabff\ufb1d-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00011fff]"
)
_NO_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")
_MANY_SPLITS = 3


def hidden(text: str, *, escapes: bool = False) -> tuple[Hidden, ...]:
    r"""What is hidden in `text`, one value a trick. `escapes`: JSON's `\u200b` counts as the character."""
    if escapes and "\\u" in text:
        text = _unescaped(text)
    if not _ANY.search(text):
        return ()
    counts: Counter[Trick] = Counter()
    first: dict[Trick, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if _ANY.search(line):
            for trick, count in _of_line(line.lstrip("\ufeff") if number == 1 else line):
                counts[trick] += count
                first.setdefault(trick, number)
    if 0 < counts[Trick.SPLIT] < _MANY_SPLITS:
        counts[Trick.STRAY] += counts.pop(Trick.SPLIT)
        first[Trick.STRAY] = min(first.get(Trick.STRAY, first[Trick.SPLIT]), first[Trick.SPLIT])
    return tuple(Hidden(trick, first[trick], counts[trick]) for trick in Trick if counts.get(trick))


def _unescaped(text: str) -> str:
    """Only what is no ASCII is put in place, so that lines and quotes stay what they are."""
    changed = _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if int(m[1], 16) > 0x7F else m[0], text)
    return changed.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _of_line(line: str) -> Iterator[tuple[Trick, int]]:
    line = _FLAG.sub("", line)
    if tags := len(_TAGS.findall(line)):
        yield Trick.TAGS, tags
    if runs := sum(map(len, _SELECTORS.findall(line))):
        yield Trick.SELECTORS, runs
    if turned := _turned(line):
        yield Trick.BIDI, turned
    if runs := sum(map(len, _RUN.findall(line))):
        yield Trick.RUN, runs
    else:
        yield from _single(line)


def _turned(line: str) -> int:
    controls = _CONTROLS.findall(line)
    if not controls:
        return 0
    balanced = sum(c in _OPENS for c in controls) == sum(c in _CLOSES for c in controls)
    ordinary = _RIGHT_TO_LEFT.search(line) and balanced and not _OVERRIDES.search(line)
    return 0 if ordinary else len(controls)


def _single(line: str) -> Iterator[tuple[Trick, int]]:
    splits = len(_SPLIT.findall(line.replace(_SOFT_HYPHEN, "")))
    stray = sum(1 for found in _ONE.finditer(line) if not _needed(line, found.start())) - splits
    if splits:
        yield Trick.SPLIT, splits
    if stray > 0:
        yield Trick.STRAY, stray


def _needed(line: str, at: int) -> bool:
    """Whether writing needs the character at `at`."""
    character, around = line[at], line[max(0, at - 1) : at] + line[at + 1 : at + 2]
    if character == _SOFT_HYPHEN or "\u17b4" <= character <= "\u180f":
        return True
    if character in _JOINERS:
        return bool(_EMOJI.search(around) or _JOINING.search(around))
    if character in "\u200e\u200f\u061c":
        return bool(_RIGHT_TO_LEFT.search(line))
    if character in "\u200b\u2060":
        return bool(_NO_SPACES.search(around))
    return character == "\u3164" and bool(re.search("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]", around))
