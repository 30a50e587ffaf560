"""What a known action does, in the words of deeds.py: its inputs lead to the credentials they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.code import Code, CodeKind, Firmness

from .deeds import Deed, Event, Left, Made
from .edge import Line, TargetKind
from .known_actions import PUBLISHING, SIGNING, Does, KnownAction, known_action
from .known_actions import Left as Lying
from .naming import TOKEN, Named, unique
from .pulling import HEAD, NAME, NOTE
from .steps import Run
from .using import action_firmness

_KEPT_INSIDE = {"keychain": TargetKind.SIGNING, "gpg": TargetKind.SIGNING, "ssh": TargetKind.CREDENTIAL}
"""Kinds whose key can be used from where it lies, but not read there."""
_WORDS = {"release": "github-release", "branch": "git"}
_REGISTRIES = (
    ("pypi", "pypi"),
    ("maturin", "pypi"),
    ("npm", "npm"),
    ("changesets", "npm"),
    ("gem", "rubygems"),
    ("homebrew", "homebrew"),
    ("winget", "winget"),
    ("-aur", "aur"),
    ("flat-manager", "flathub"),
    ("snapcore", "snap"),
    ("vscode", "vscode"),
    ("crates", "crates.io"),
    ("release-plz", "crates.io"),
    ("actions-rs/cargo", "crates.io"),
    ("google-play", "app-store"),
)
"""What a name of a publishing action holds, and where it publishes."""
_HASHED = re.compile(r"\$\{\{[^}]*hashFiles.*|\$\{\{\s*github\.(?:sha|run_id|run_number).*", re.DOTALL)
_TREE = frozenset(("tree", "execute"))
_BY_JOB = "swatinem/rust-cache"
OF_JOB = "of this job"
"""In the name of a cache whose key holds the job's own id, as that action's does without `shared-key`."""


def deed_of_action(run: Run) -> Deed:
    """What the known action of a step does, nothing for one that is not known."""
    known = _known(run)
    if known is None:
        return Deed()
    inputs = _inputs(run)
    here = Line(run.path, run.line)
    does = known.deeds(inputs)
    lying = known.leaves(inputs)
    return Deed(
        left=tuple(left for one in lying if (left := _left(one, run, here))),
        makes=tuple(made for one in lying if (made := _made(one, run, here))),
        signs=(Event(known.name, here),) if any(one.kind in SIGNING for one in does) else (),
        publishes=tuple(_published(does, known.name, here)),
        uploads=tuple(
            Event(run.value("name", "artifact"), here, run.value("path"))
            for one in does
            if one.kind == "upload"
        ),
        downloads=tuple(_downloads(does, known.name, run, here)),
        saves=tuple(_cached(does, ("cache", "cache-save"), known.name, run, here)),
        restores=tuple(_cached(does, ("cache", "cache-restore"), known.name, run, here)),
        brings=tuple(_brought(known.name, run)),
        agent=any(one.kind == "agent" for one in does),
        runs_tree=known.name != "actions/github-script" and any(one.kind in _TREE for one in does),
    )


def minted(run: Run) -> tuple[Named, ...]:
    """The credentials that a known action hands on in its outputs."""
    known = _known(run)
    if known is None or not run.step.id:
        return ()
    here = Line(run.path, run.line)
    words = dict.fromkeys(what for _, what in known.outputs)
    return tuple(Named(TargetKind.CREDENTIAL, f"{what} of {run.step.id}", (here,), "job") for what in words)


def _known(run: Run) -> KnownAction | None:
    return known_action(run.step.uses) if run.used and run.used.kind == "action" else None


def _inputs(run: Run) -> dict[str, str]:
    return {item.name.lower(): item.value for item in run.step.inputs}


def _held(lying: Lying, run: Run) -> tuple[Named, ...]:
    wanted = {name.lower() for name in lying.inputs}
    found = [one for name, names in run.inputs.items() if name.lower() in wanted for one in names]
    found += [one for name in lying.variables for one in run.env.get(name, ()) or run.given.env.get(name, ())]
    return unique(found)


def _left(lying: Lying, run: Run, here: Line) -> Left | None:
    if lying.kind in ("keychain", "gpg") or (lying.kind == "ssh" and "agent" in lying.where):
        return None
    names = _held(lying, run)
    if not names and lying.token and not any(run.value(name) for name in lying.inputs):
        names = (Named(TargetKind.TOKEN, TOKEN, (here,)),)
    return Left(names, here) if names else None


def _made(lying: Lying, run: Run, here: Line) -> Made | None:
    kind = _KEPT_INSIDE.get(lying.kind, TargetKind.CREDENTIAL)
    if (
        lying.token
        or lying.kind in ("npmrc", "registry", "settings")
        or (lying.kind in ("cloud", "environment") and _held(lying, run))
    ):
        return None
    return Made(kind, lying.what, "job", here)


def _published(does: tuple[Does, ...], name: str, here: Line) -> Iterator[Event]:
    for kind in dict.fromkeys(one.kind for one in does if one.kind in PUBLISHING):
        yield Event(_registry(name) if kind == "package" else _WORDS.get(kind, kind), here)


def _registry(name: str) -> str:
    return next((where for part, where in _REGISTRIES if part in name), "package")


def _downloads(does: tuple[Does, ...], name: str, run: Run, here: Line) -> Iterator[Event]:
    if any(one.kind == "download" for one in does):
        foreign = name.startswith("dawidd6/") or bool(run.value("run-id") or run.value("run_id"))
        named = run.value("name") or run.value("artifact-ids")
        apart = not named and run.value("merge-multiple").lower() in ("", "false")
        yield Event(run.value("name") or run.value("pattern"), here, run.value("path"), foreign, apart)


def _cached(
    does: tuple[Does, ...], kinds: tuple[str, ...], name: str, run: Run, here: Line
) -> Iterator[Event]:
    names: dict[str, None] = {}
    for one in does:
        if one.kind not in kinds or one.perhaps:
            continue
        if name.startswith("actions/cache"):
            names[key_prefix(run.value("key"))] = None
        else:
            given = next((value for at in one.inputs if (value := run.value(at))), "")
            own = OF_JOB if name == _BY_JOB and not run.value("shared-key") else ""
            names[" ".join((name.partition("/")[2] or name, own, given)).replace("  ", " ").strip()] = None
    # One action has one cache: a doubtful entry beside a sure one says nothing more.
    yield from (Event(text, here) for text in list(names)[:1])


def key_prefix(key: str) -> str:
    """What is fixed of a key as written: all before the part that changes with every content."""
    return _HASHED.sub("", " ".join(key.split())) or key


def _brought(name: str, run: Run) -> Iterator[Code]:
    """Source that `actions/checkout` takes from elsewhere: another repository, or a pull request's head."""
    if name != "actions/checkout":
        return
    repository, ref = run.value("repository"), run.value("ref")
    # Source that lies in a folder of its own comes in by that folder.
    folder = tuple(part for part in (run.value("path"),) if part and part != "." and "${{" not in part)
    if HEAD.search(ref) or HEAD.search(repository):
        yield Code(
            CodeKind.SOURCE, NAME, Firmness.NONE, run.path, run.line, run.top, ref,
            manifests=folder, runs="import", note=NOTE,
        )  # fmt: skip
    elif repository and "github.repository" not in repository:
        pin = action_firmness(repository, ref, frozenset()) if ref else Firmness.FLOATING
        yield Code(
            CodeKind.SOURCE,
            repository,
            pin,
            run.path,
            run.line,
            run.top,
            ref,
            manifests=folder,
            runs="import",
        )
    elif "steps." in ref or "needs." in ref:
        yield Code(
            CodeKind.SOURCE, NAME, Firmness.NONE, run.path, run.line, run.top, ref, manifests=folder,
            runs="import", condition=f"where {ref} is the head of a pull request", note=NOTE,
        )  # fmt: skip
