"""What one step leaves behind, makes, signs, publishes, hands over and stores: what its neighbours feel.

Known actions tell by a table (known_actions.py), commands by what they do (commands.py). A variable is
followed to the credential that the step's environment put into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from seawall.kernel.code import Code

from .commands import Effect
from .edge import Line, TargetKind
from .naming import Named, Names, named, unique
from .pulling import downloaded, pulled
from .steps import Piece, Run


@dataclass(frozen=True, slots=True)
class Left:
    """Credentials that can be read after the step, and where one sees that.

    `file`: the file they lie in as written, or `registry` for a login; empty = not known, or no file.
    """

    names: tuple[Named, ...]
    line: Line
    file: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A credential that no secret names: a keychain with a certificate in it, a cloud session."""

    kind: TargetKind
    name: str
    scope: str
    line: Line


@dataclass(frozen=True, slots=True)
class Event:
    """Bytes are signed, published or handed over. `name`: what is made (`npm`, an artifact's name).

    Of a download, `apart`: each artifact comes into a folder of its own name.
    """

    name: str
    line: Line
    directory: str = ""
    foreign: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """Everything that one step does beyond itself. `brings` are code items that an action's inputs
    name; `runs_tree`: it runs scripts and tools of the tree."""

    left: tuple[Left, ...] = ()
    makes: tuple[Made, ...] = ()
    signs: tuple[Event, ...] = ()
    publishes: tuple[Event, ...] = ()
    uploads: tuple[Event, ...] = ()
    downloads: tuple[Event, ...] = ()
    saves: tuple[Event, ...] = ()
    restores: tuple[Event, ...] = ()
    brings: tuple[Code, ...] = ()
    agent: bool = False
    runs_tree: bool = False

    def __bool__(self) -> bool:
        return self != _NOTHING


_NOTHING = Deed()
_LEAVING = frozenset(
    ("github-env", "secret-file", "decode", "docker-login", "npmrc", "registry-login", "cloud-login")
)
_MAKING = {
    "keychain-import": (TargetKind.SIGNING, "keychain"),
    "gpg-import": (TargetKind.SIGNING, "gpg keyring"),
    "ssh-add": (TargetKind.CREDENTIAL, "ssh-agent"),
    "cloud-login": (TargetKind.CREDENTIAL, "cloud session"),
}


def deed_of(run: Run, job_env: Names) -> Deed:
    """What a step does beyond itself."""
    if run.step.uses:
        from .acting import deed_of_action

        deed = deed_of_action(run)
        return _both(deed, _of_scripts(run, job_env)) if run.effects else deed
    return _of_scripts(run, job_env)


def _both(first: Deed, second: Deed) -> Deed:
    """What an action does of itself, and what the scripts do that it is given."""
    return replace(
        first,
        left=(*first.left, *second.left),
        makes=(*first.makes, *second.makes),
        signs=(*first.signs, *second.signs),
        publishes=tuple(dict.fromkeys((*first.publishes, *second.publishes))),
    )


def _of_scripts(run: Run, job_env: Names) -> Deed:
    found = run.effects
    held = {**job_env, **run.env}
    return Deed(
        left=tuple(left for effect, piece in found if (left := _left(effect, piece, run, held))),
        makes=tuple(made for effect, piece in found if (made := _made(effect, piece))),
        signs=_events(found, "sign"),
        publishes=_events(found, "publish"),
        brings=tuple(pulled(run)),
        downloads=tuple(Event(name, line, folder, foreign=True) for name, line, folder in downloaded(run)),
    )


def _line(effect: Effect, piece: Piece) -> Line:
    return Line(piece.path, piece.line + effect.line - 1)


def _events(found: tuple[tuple[Effect, Piece], ...], kind: str) -> tuple[Event, ...]:
    return tuple(Event(effect.detail, _line(effect, piece)) for effect, piece in found if effect.kind == kind)


def _left(effect: Effect, piece: Piece, run: Run, held: Names) -> Left | None:
    if effect.kind not in _LEAVING:
        return None
    names = used_names(effect, piece, run, held)
    file = {"docker-login": "registry", "github-env": ""}.get(effect.kind, effect.detail)
    return Left(names, _line(effect, piece), file) if names else None


def _made(effect: Effect, piece: Piece) -> Made | None:
    if effect.kind not in _MAKING:
        return None
    kind, name = _MAKING[effect.kind]
    if effect.kind == "cloud-login" and effect.detail:
        name = f"{effect.detail} session"
    return Made(kind, name, "job", _line(effect, piece))


def used_names(
    effect: Effect, piece: Piece, run: Run, held: Mapping[str, tuple[Named, ...]]
) -> tuple[Named, ...]:
    """The credentials that the command of an effect uses, by its variables and its expressions."""
    found = [one for variable in effect.variables for one in held.get(variable, ())]
    if effect.expressions:
        here = _line(effect, piece)
        text = " ".join(f"${{{{ {inner} }}}}" for inner in effect.expressions)
        found += named(text, here.path, here.line, run.given)
    return unique(found)


def outputs_of(run: Run) -> tuple[Named, ...]:
    """The credentials that a script writes to its step's outputs."""
    if not (run.env or run.spoken or run.given.env):
        return ()
    held = {**run.given.env, **run.env}
    return unique(
        one
        for effect, piece in run.effects
        if effect.kind == "github-output"
        for one in used_names(effect, piece, run, held)
    )


def minted_by(run: Run) -> tuple[Named, ...]:
    """The credentials that a known action makes and hands on in its outputs."""
    from .acting import minted

    return minted(run)
