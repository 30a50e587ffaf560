"""A JSON value has one canonical text, so that two who hash it get the same digest (RFC 8785, JCS).

Members are in the order of their names as UTF-16, there is no white space, strings are escaped as little as
JSON allows, and numbers are written as ECMAScript writes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from json.encoder import encode_basestring

from .limits import DEFAULT_LIMITS

LARGEST_INTEGER = 2**53
"""Beyond it two readers may take the same digits for different numbers (RFC 8785, 3.2.2.3)."""


def canonical(value: object) -> bytes:
    """The canonical bytes of a JSON value made of dict, list, tuple, str, int, float, bool and None.

    Raises ValueError for everything else: other types, integers beyond 2^53, NaN and infinities, half
    characters (lone surrogates), names that are not strings, and what is nested too deep.
    """
    return _text(value, DEFAULT_LIMITS.nesting).encode()


def json_string(value: str) -> str:
    """A string as JCS writes it, quotes included. Half characters are found when it is encoded."""
    return encode_basestring(value)


def _text(value: object, depth: int) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError(f"{value} is beyond 2^53; write it as a string")
        return str(int(value))
    if isinstance(value, float):
        return number(value)
    if depth == 0:
        raise ValueError("nested too deep")
    if isinstance(value, list | tuple):
        return f"[{','.join([_text(item, depth - 1) for item in value])}]"
    if isinstance(value, Mapping):
        members = [f"{_name(name)}:{_text(value[name], depth - 1)}" for name in sorted(value, key=_utf16)]
        return f"{{{','.join(members)}}}"
    raise ValueError(f"{type(value).__name__} is not JSON")


def _utf16(name: object) -> bytes:
    if not isinstance(name, str):
        raise ValueError(f"a member's name is a string, not {type(name).__name__}")
    return name.encode("utf-16-be")


def _name(name: str) -> str:
    return encode_basestring(name)


def number(value: float) -> str:
    """A double as ECMAScript writes it (Number::toString, radix 10): `repr`'s digits in another dress."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    # The value is 0.DIGITS times 10^point.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return sign + digits[0] + (f".{digits[1:]}" if count > 1 else "") + power
