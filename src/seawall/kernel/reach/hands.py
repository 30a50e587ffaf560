"""Whose hands lead to a place: who can change what runs there, approve it and start it, as far as files tell.

What no file of the tree tells is not known; it is never taken for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileHands:
    """One file that decides what runs at the place. `what` is `workflow`, `caller`, `action`, `script`,
    `container`, `manifest` or `lockfile`.

    `owners` are those of the code owners' line that decides, () = that line names nobody, None = not known
    (`why` says why). `review` says whether one of them has to agree. `path` and `line` are the evidence.
    """

    file: str
    what: str
    owners: tuple[str, ...] | None = None
    why: str = ""
    review: str = ""
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Approval:
    """Who may let a job with this environment start; `who` None = not known, () = the file names nobody."""

    environment: str
    who: tuple[str, ...] | None = None
    why: str = ""
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class StartHands:
    """One trigger: `who` can pull it, in words; `names` are those people, None = not known.

    `strangers`: people without any access to the repository can.
    """

    trigger: str
    who: str
    strangers: bool = False
    names: tuple[str, ...] | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class PlaceHands:
    """Everything about one place, by its id."""

    place: str
    files: tuple[FileHands, ...] = ()
    approval: Approval | None = None
    starts: tuple[StartHands, ...] = ()


UNNEEDED, NEEDED, UNKNOWN = "unneeded", "needed", "not known"


@dataclass(frozen=True, slots=True)
class Grant:
    """Something that a place was given. `kind` is `permission`, `identity`, `secret` or `environment`.

    `state` is `unneeded` (nothing there uses it) or `not known`; what is needed is not told. `why` is one
    clause.
    """

    place: str
    kind: str
    name: str
    state: str
    why: str
    path: str = ""
    line: int = 0
