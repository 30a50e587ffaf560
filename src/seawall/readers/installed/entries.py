"""Files of installers are read for names and versions; what is no name is left out."""

from __future__ import annotations

from collections.abc import Iterable

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.discretion import NO_GUARD
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.machine import Installed
from seawall.readers.syntax import json, toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

Found = tuple[tuple[Installed, ...], tuple[Problem, ...]]
"""What a file says is installed, and what of it was not understood."""

MOST = 2_000
RUN = "when somebody runs it"


def parsed(data: bytes, path: str, limits: Limits, syntax: str = "json") -> tuple[dict[str, object], Found]:
    """The file's table, and the answer for one that cannot be read."""
    try:
        text = decode(data, limits)
        value = toml.load(text, limits) if syntax == "toml" else json.load(text, limits)
    except SyntaxFault as fault:
        return {}, ((), (Problem(path, fault.kind, "it was not understood", fault.line),))
    if isinstance(value, dict):
        return value, ((), ())
    return {}, ((), (Problem(path, ProblemKind.MALFORMED, "it was not understood", 1),))


def tool(
    name: object,
    version: object,
    path: str,
    *,
    ecosystem: str = "",
    kind: CodeKind = CodeKind.TOOL,
    pin: Firmness = Firmness.VERSION,
    when: str = RUN,
    note: str = "",
    line: int = 1,
    packages: Iterable[str] = (),
) -> Code | None:
    """A code item, None where it has no name."""
    known = NO_GUARD.name(name[:200], "") if isinstance(name, str) else ""
    if not known:
        return None
    ref = NO_GUARD.name(version[:60], "") if isinstance(version, str) else ""
    members = tuple(packages) or ((known,) if ecosystem else ())
    return Code(
        kind,
        known,
        pin,
        path,
        line,
        ref=ref,
        ecosystem=ecosystem,
        packages=members,
        condition=when,
        note=note,
    )
