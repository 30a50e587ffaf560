r"""What comes from outside is shown as what it is, never as what it does to a terminal or to a reader's eye.

Control characters, terminal escapes, bidirectional and invisible characters, tags and lone surrogates
become `\u{…}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_HIDDEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1 controls, escape among them
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers
    "\u200b-\u200f\u2028-\u202f\u205f-\u206f"  # zero width, separators, bidirectional controls
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"  # fillers, variation selectors, byte-order mark, specials
    "\ud800-\udfff"  # lone surrogates: bytes that are no UTF-8
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # musical controls, tags and more selectors
    "]"
)


def neutral(text: str) -> str:
    r"""`text` on one line, with everything that would act or hide written out as `\u{…}`."""
    return _HIDDEN.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)


def neutral_all(value: object) -> object:
    """The same for every string in nested lists and mappings, keys included."""
    return _everywhere(value, neutral)


def as_text(value: object) -> object:
    """Every string in nested lists and mappings as found, but for bytes that are no text."""
    return _everywhere(value, lambda text: _NO_TEXT.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text))


_NO_TEXT = re.compile("[\ud800-\udfff]")


def _everywhere(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(str(key)): _everywhere(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_everywhere(item, change) for item in value]
    return value


def shortened(text: str, width: int) -> str:
    """`text` neutral and cut to `width` characters."""
    safe = neutral(text)
    return safe if len(safe) <= width else safe[: max(1, width - 3)] + "..."
