"""Whether a text shows a canary: its first six characters, any eight, backwards, in base64 or in hex."""

import base64
import re
from collections.abc import Iterable
from functools import lru_cache

_START = re.compile(r"Zq\d{3}J")
_BETWEEN = re.compile(r"[^A-Za-z0-9+/=]+")
"""No form of a canary holds such a character."""

_BACKWARDS = re.compile(r"J\d{3}qZ")


def leaks(text: str, canaries: Iterable[str]) -> list[str]:
    """Every form of a canary that `text` shows. Parts that stand there many times are looked at once."""
    parts = set(_BETWEEN.split(text))
    whole = "\n".join(sorted(parts))
    grams = {part[at : at + 8] for part in parts for at in range(len(part) - 7)}
    return [*_START.findall(whole), *_BACKWARDS.findall(whole), *(grams & _forms(tuple(canaries)))]


@lru_cache(maxsize=8)
def _forms(canaries: tuple[str, ...]) -> frozenset[str]:
    """Eight characters in a row of every canary in every form."""
    found = set()
    for canary in canaries:
        for shift in range(3):
            encoded = base64.b64encode(b"x" * shift + canary.encode()).decode().rstrip("=")
            found |= _grams(encoded[4 if shift else 0 : -4])
        for form in (canary, canary[::-1], canary.upper(), canary.encode().hex()):
            found |= _grams(form)
    return frozenset(found)


def _grams(text: str) -> set[str]:
    return {text[at : at + 8] for at in range(len(text) - 7)}
