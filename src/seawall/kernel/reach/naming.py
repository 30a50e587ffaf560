"""What an expression names: which credential, under which name, and on which lines one can see it.

Names are followed through the inputs of composite actions, the secrets of called workflows and variables of
the environment, so that a credential keeps the name that the repository gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

from seawall.kernel.pipeline import Setting

from .edge import Line, TargetKind
from .expressions import WHOLE, References, references

EVERY = "*"
CALLER = "caller"
"""The scope of what a workflow is given that only others call."""
TOKEN = "GITHUB_TOKEN"  # noqa: S105  a name

_NOTHING: Mapping[str, tuple[Named, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Named:
    """A credential as one place names it: `name` is the repository's, `*` = every secret it has.

    `lines`: where it is written, then where the caller gave it. `scope` is set where the name alone does not
    tell (an environment of a caller, a credential that a step of the job made).
    """

    kind: TargetKind
    name: str
    lines: tuple[Line, ...]
    scope: str = ""

    @property
    def key(self) -> tuple[TargetKind, str, str]:
        """What makes two names one credential: names of secrets know no case."""
        return self.kind, self.name.upper(), self.scope


Names = Mapping[str, tuple[Named, ...]]


@dataclass(frozen=True, slots=True)
class Given:
    """What names mean at one place. Keys of `inputs`, `secrets` and `outputs` are in lower case.

    `secrets` None: names of secrets are the repository's own. `inherits`: so are those not among `secrets`.
    `outputs` are credentials that steps made, keyed by `step id`. `caller` is the line that gave all this.
    """

    inputs: Names = field(default_factory=lambda: _NOTHING)
    secrets: Names | None = None
    env: Names = field(default_factory=lambda: _NOTHING)
    outputs: Names = field(default_factory=lambda: _NOTHING)
    inherits: bool = False
    scope: str = ""


@lru_cache(maxsize=4096)
def _references(text: str) -> References:
    return references(text)


def refers(text: str) -> References | None:
    """What a text refers to, None when it holds no expression at all."""
    return _references(text) if "${{" in text else None


def named(text: str, path: str, line: int, given: Given) -> tuple[Named, ...]:
    """The credentials that the expressions in `text` name, in a fixed order."""
    found = refers(text)
    if found is None:
        return ()
    here = Line(path, line)
    out = [one for name in sorted(found.secrets - found.tested) for one in _secret(name, here, given)]
    if found.every:
        out += _every(here, given)
    if found.github_token:
        out.append(Named(TargetKind.TOKEN, TOKEN, (here,)))
    for names, kept in ((found.inputs, given.inputs), (found.env, given.env), (found.steps, given.outputs)):
        if kept:
            out += [_here(one, here) for name in sorted(names) for one in _kept(name, kept)]
    return unique(out)


def tested(items: Iterable[Setting], path: str, given: Given) -> tuple[Named, ...]:
    """The secrets that settings only compare with something: they hold whether it is there, not it."""
    out: list[Named] = []
    for item in items:
        found = refers(item.value)
        for name in sorted(found.tested) if found is not None else ():
            out += _secret(name, Line(path, item.line), given)
    return unique(out)


def _kept(name: str, kept: Names) -> tuple[Named, ...]:
    if name == WHOLE:
        return tuple(one for names in kept.values() for one in names)
    return kept.get(name) or kept.get(name.lower()) or ()


def _secret(name: str, here: Line, given: Given) -> tuple[Named, ...]:
    if name.upper() == TOKEN:
        return (Named(TargetKind.TOKEN, TOKEN, (here,)),)
    if given.secrets is not None:
        passed = given.secrets.get(name.lower())
        if passed is not None:
            return tuple(_here(one, here) for one in passed)
        if not given.inherits and not given.scope:
            return ()  # a called workflow has only what it was given
    return (Named(TargetKind.SECRET, name, (here,), given.scope),)


def _every(here: Line, given: Given) -> list[Named]:
    if given.secrets is None or given.inherits:
        return [Named(TargetKind.SECRET, EVERY, (here,))]
    if given.scope == CALLER:  # whoever calls it gives what they like
        return [Named(TargetKind.SECRET, EVERY, (here,), CALLER)]
    return [_here(one, here) for passed in given.secrets.values() for one in passed]


def _here(one: Named, here: Line) -> Named:
    return one if here in one.lines else replace(one, lines=(here, *one.lines))


def unique(names: Iterable[Named]) -> tuple[Named, ...]:
    """Each credential once, its lines together."""
    found: dict[tuple[TargetKind, str, str], Named] = {}
    for one in names:
        known = found.get(one.key)
        if known is None:
            found[one.key] = one
        else:
            more = tuple(line for line in one.lines if line not in known.lines)
            found[one.key] = replace(known, lines=known.lines + more) if more else known
    return tuple(found.values())


def settings(items: Iterable[Setting], path: str, given: Given) -> dict[str, tuple[Named, ...]]:
    """Which credentials each setting holds; those that hold none stand with an empty tuple."""
    return {item.name: named(item.value, path, item.line, given) for item in items}
