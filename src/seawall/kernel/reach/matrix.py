"""A text that names values of the matrix is each of the texts that its legs make of it (R13).

`include` and `exclude` stand in the matrix as rendered texts (`{os: ubuntu-24.04, image: debian:12}`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.pipeline import Job

MOST_TEXTS = 20
_NAMED = re.compile(r"\$\{\{\s*matrix\.([\w-]+)(?:\.([\w-]+))?\s*\}\}")


def texts_of(text: str, job: Job) -> tuple[tuple[str, str], ...]:
    """(text, condition) for every leg that makes another text; the text as it is where that is not known.

    The condition is empty where all legs make the same.
    """
    found = _NAMED.findall(text)
    if not found:
        return ((text, ""),)
    made = {text: ""}
    for axis, key in dict.fromkeys(found):
        values, everywhere = _values(axis, key, job)
        if not values or len(values) * len(made) > MOST_TEXTS:
            return ((text, ""),)
        name = f"matrix.{axis}.{key}" if key else f"matrix.{axis}"
        alone = len(values) == 1 and everywhere
        made = {
            _filled(old, axis, key, value): " and ".join(
                part for part in (condition, "" if alone else f"where {name} is {value}") if part
            )
            for old, condition in made.items()
            for value in values
        }
    return tuple(made.items())


def _filled(text: str, axis: str, key: str, value: str) -> str:
    return _NAMED.sub(lambda found: value if (found[1], found[2] or "") == (axis, key) else found[0], text)


def _values(axis: str, key: str, job: Job) -> tuple[list[str], bool]:
    """The values of an axis, or of one key of its values, and whether every leg has one."""
    axes = dict(job.matrix)
    written = axes.get(axis, ())
    included = axes.get("include", ())
    if any("${{" in text for text in (*written, *included, *axes.get("", ()))):
        return [], False
    own = list(written) if not key else [value for text in written for value in _rendered(text, key)]
    more = [value for text in included for value in _rendered(text, key or axis)]
    every = len(own) == len(written) if written else len(more) == len(included) and set(axes) == {"include"}
    return list(dict.fromkeys((*own, *more))), every


def _rendered(text: str, key: str) -> Iterator[str]:
    for found in re.finditer(rf"[{{ ]{re.escape(key)}: ([^,{{}}\[\]]+)", text):
        if found[1].strip():
            yield found[1].strip()
