"""Scripts for tests of what commands do: read as the shell reads them, in a small tree."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from seawall.kernel.code import Code
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach.call import Call
from seawall.kernel.reach.commands import At, Effect, calls_of, codes_of, effects_of
from seawall.kernel.reach.ground import Ground
from seawall.readers.lockfiles import FORMATS
from seawall.readers.syntax.shell import parse_script

SHA = "0123456789abcdef0123456789abcdef01234567"
SHA256 = "0123456789abcdef" * 4


def ground(files: Mapping[str, str]) -> Ground:
    """A tree of these files, lockfiles and manifests read."""
    documents = []
    for path, text in files.items():
        name = path.rpartition("/")[2]
        for form in FORMATS:
            if any(fnmatchcase(path if "/" in glob else name, glob) for glob in form.globs):
                documents.append(form.read(text.encode(), path, DEFAULT_LIMITS))
                break
    return Ground(documents=tuple(documents), files=frozenset(files))


def codes(
    text: str, files: Mapping[str, str] | None = None, *, env: tuple[tuple[str, str], ...] = (),
    step: int = 0, cwd: str = ".", dialect: str = "sh",
) -> tuple[Code, ...]:  # fmt: skip
    """The code items of a script that stands at line 10 of `w.yml`."""
    script = parse_script(text, DEFAULT_LIMITS, dialect)
    return codes_of(script, cwd, ground(files or {}), At("w.yml", 10, step, (), env))


def short(found: tuple[Code, ...]) -> list[str]:
    """`kind name pin runs` of each."""
    return [f"{code.kind} | {code.name} | {code.pin} | {code.runs}" for code in found]


def calls(text: str, cwd: str = ".") -> tuple[Call, ...]:
    """The calls of a script."""
    return calls_of(parse_script(text, DEFAULT_LIMITS), cwd)


def effects(text: str, dialect: str = "sh") -> tuple[Effect, ...]:
    """The effects of a script."""
    return effects_of(parse_script(text, DEFAULT_LIMITS, dialect))
