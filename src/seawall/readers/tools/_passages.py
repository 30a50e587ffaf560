"""Parts of an instruction file that people who read it do not see are taken out of it, to be judged.

Comments of HTML and of Markdown, collapsed blocks, text styled away, text pushed out of the window, and
commands that decode what they run.
Source: CommonMark 0.31 (HTML blocks, link reference definitions); GitHub's rendering of `<details>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.tool import Passage

_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_REFERENCE = re.compile(
    r"^ {0,3}\[(?://|comment|_|\s*|#|note|hidden|:|\.)\]:\s*\S{0,200}[ \t]{1,9}[\"'(](.{1,4000})",
    re.MULTILINE,
)
_DETAILS = re.compile(
    r"<details(?![^<>]{0,200}\bopen\b)[^<>]{0,200}>(.*?)(?:</details>|\Z)", re.DOTALL | re.IGNORECASE
)
_UNSEEN = re.compile(
    r"<(\w{1,20})\b[^<>]{0,600}?(?:(?<![\w-])hidden(?=[\s>=/])|style\s?=\s?[\"'][^\"'<>]{0,300}?(?:"
    r"display\s?:\s?none|visibility\s?:\s?hidden|opacity\s?:\s?0(?![.\d]{0,9}[1-9])|font-size\s?:\s?0"
    r"|(?<![\w-])color\s?:\s?(?:white|transparent|#fff(?:fff)?\b|rgba?\(\s?255\s?,\s?255\s?,\s?255))"
    r"|(?<![\w-])color\s?=\s?[\"']?(?:white|#fff(?:fff)?)\b)[^<>]{0,600}>([^<]{1,4000})",
    re.IGNORECASE,
)
_MATH = re.compile(r"\\color\{(?:white|#fff(?:fff)?)\}([^$\\]{1,2000})", re.IGNORECASE)
_ASIDE = re.compile(r"[^\s|][ \t\u00a0]{160,4000}([^\s|][^\n]{0,2000})")
_ENCODED = re.compile(
    r"base64\s(?:-d|-D|--decode)\b[^\n]{0,300}?\|\s?(?:sudo\s)?(?:ba|z|da)?sh\b"
    r"|\b(?:ba|z)?sh\s(?:-c\s)?[\"']?(?:<\(|\$\(|`)[^\n]{0,300}?base64\s(?:-d|-D|--decode)\b"
    r"|\bxxd\s-r[^\n]{0,200}?\|\s?(?:ba|z)?sh\b"
    r"|\b(?:powershell|pwsh)(?:\.exe)?\s[^\n]{0,200}?-e(?:nc|ncodedcommand)?\s[A-Za-z0-9+/=]{40}"
    r"|\b(?:eval|exec)\(\s?(?:atob|base64\.b64decode|Buffer\.from)\s?\(",
    re.IGNORECASE,
)
_MOST = 500
_CUT = 4_000


def passages(text: str) -> tuple[Passage, ...]:
    """Every such part, at most 500 of each sort, each cut to 4,000 characters."""
    small = text.lower()
    found = [passage for where, pattern in _SORTS for passage in _found(where, pattern, text, small)]
    return tuple(sorted(found, key=lambda p: (p.line, p.where)))


_SORTS = (
    ("comment", _COMMENT),
    ("reference", _REFERENCE),
    ("collapsed", _DETAILS),
    ("unseen", _UNSEEN),
    ("unseen", _MATH),
    ("aside", _ASIDE),
    ("encoded", _ENCODED),
)
_MUST_HOLD: dict[re.Pattern[str], tuple[str, ...]] = {
    _COMMENT: ("<!--",),
    _REFERENCE: ("]:",),
    _DETAILS: ("<details",),
    _UNSEEN: ("hidden", "style", "color"),
    _MATH: ("\\color",),
    _ASIDE: (" " * 20, "\t" * 20, "\u00a0" * 20),
    _ENCODED: ("base64", "xxd", "powershell", "pwsh", "atob", "buffer.from"),
}
"""What stands in the small letters of a text that a slow pattern can match at all."""


def _found(where: str, pattern: re.Pattern[str], text: str, small: str) -> Iterator[Passage]:
    if not any(word in small for word in _MUST_HOLD[pattern]):
        return
    counted, line = 0, 1
    for number, match in enumerate(pattern.finditer(text)):
        if number >= _MOST:
            return
        line += text.count("\n", counted, match.start())
        counted = match.start()
        inner = match[match.lastindex] if match.lastindex else match[0]
        if inner.strip():
            yield Passage(where, line, inner[:_CUT])
