"""A witness signs what it sees only if nothing that it signed before has changed since.

What is asked of a witness, and what it must answer, as values; keys, files and sockets stand elsewhere.
Source: C2SP tlog-witness, `add-checkpoint`.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from .checkpoint import Checkpoint, parse_hash, parse_size
from .limits import DEFAULT_LIMITS, Limits
from .merkle import EMPTY_ROOT, Head, consistent
from .note import NotANote, Note, parse

LONGEST_PROOF = 63
"""More lines than this prove nothing: no ledger has 2^63 entries."""
_OLD = re.compile(r"old (\S+)")


@dataclass(frozen=True, slots=True)
class Ask:
    """Please sign `note`: it begins with the `old` entries that you signed last, as `proof` shows."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    @property
    def data(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}", *(base64.b64encode(item).decode() for item in self.proof), "", ""]
        return "\n".join(lines).encode() + self.note.data


@dataclass(frozen=True, slots=True)
class Refusal:
    """The status of HTTP that says what is wrong, and words for whoever runs the log."""

    status: int
    why: str


def parse_ask(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Ask:
    """The request in `data`. Raises NotANote."""
    head, found, note = data[: limits.note_bytes].partition(b"\n\n")
    if not found:
        raise NotANote("there is no empty line before the checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NotANote("the lines before the checkpoint are not ASCII") from None
    old = _OLD.fullmatch(first)
    if not old:
        raise NotANote("the first line is not `old` and a size")
    if len(lines) > LONGEST_PROOF:
        raise NotANote(f"more than {LONGEST_PROOF} lines of proof")
    rest = note + data[limits.note_bytes :]
    return Ask(parse_size(old[1]), tuple(map(parse_hash, lines)), parse(rest, limits))


def refusal(ask: Ask, new: Checkpoint, last: Head | None) -> Refusal | None:
    """Why a witness that signed `last` of this log must not sign `new`; None when it may.

    `new` is what stands in `ask.note`, signed by the log; `last` is None when nothing was signed before.
    """
    if ask.old > new.size:
        return Refusal(400, "the old size is larger than the checkpoint's")
    known = last or Head(0, EMPTY_ROOT)
    if ask.old != known.size:
        return Refusal(409, f"{known.size}\n")
    if new.size == 0 and new.root != EMPTY_ROOT:
        return Refusal(422, "an empty ledger has the root of the empty tree")
    if not consistent(known, Head(new.size, new.root), ask.proof):
        return Refusal(422, "the proof does not show that nothing was changed")
    return None
