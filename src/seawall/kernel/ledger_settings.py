"""What a team says about its ledger: its name and key, who witnesses it, and who keeps copies.

These are values of `ledger.toml`, which lies with the person's or machine's settings, never with the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .note import COSIGNATURE, Key, NotANote, parse_key


@dataclass(frozen=True, slots=True)
class WitnessAt:
    """A witness: where it is asked, and the key that its signatures are checked with."""

    url: str
    key: Key


class CopyKind(StrEnum):
    """What kind of place a copy is in."""

    FILE = "file"
    GIT = "git"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class CopyAt:
    """A place that only keeps a copy: a file, a git repository (path or URL), or an address."""

    kind: CopyKind
    place: str

    @property
    def text(self) -> str:
        """As it is written: `git:PLACE`, a URL, or a path."""
        return f"git:{self.place}" if self.kind is CopyKind.GIT else self.place


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Everything in `ledger.toml`.

    `origin` names the ledger in every checkpoint, `public` is the key that its checkpoints are signed with,
    `key` the path of the file with the private one, empty when it comes from the environment.
    """

    origin: str
    public: Key
    key: str = ""
    witnesses: tuple[WitnessAt, ...] = ()
    copies: tuple[CopyAt, ...] = ()


def witness_at(url: str, key: str) -> WitnessAt:
    """A witness as it is written. Raises ValueError with a clause that says what is wrong."""
    if not url.startswith(("https://", "http://")):
        raise ValueError("a witness's address begins with https:// (or http:// on this machine)")
    if "@" in url.split("/")[2]:
        raise ValueError("a witness's address has no user name or password in it")
    try:
        found = parse_key(key)
    except NotANote as error:
        raise ValueError(f"the witness's key cannot be used: {error}") from None
    if found.kind != COSIGNATURE:
        raise ValueError("the key is not that of a witness (it signs no time)")
    return WitnessAt(url.rstrip("/"), found)


def copy_at(text: str) -> CopyAt:
    """A place for copies as it is written. Raises ValueError with a clause that says what is wrong."""
    if not text or any(character < " " for character in text):
        raise ValueError("a place for copies is a path, a URL, or git: and a path or URL")
    if text.startswith("git:"):
        place = text.removeprefix("git:")
        if not place or place.startswith("-"):
            raise ValueError("behind git: stands the path or URL of a repository")
        return CopyAt(CopyKind.GIT, place)
    if text.startswith(("https://", "http://")):
        return CopyAt(CopyKind.HTTP, text)
    return CopyAt(CopyKind.FILE, text.removeprefix("file:"))
