"""How a ledger stands is what its entries make, and who outside saw that before; the rest is a word."""

from __future__ import annotations

from dataclasses import dataclass, field

from .checkpoint import Checkpoint
from .merkle import EMPTY_ROOT, Head
from .note import Key, Note

_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The witness with that key vouches for the first `size` entries; it said so at `time` (Unix seconds)."""

    key: Key
    size: int
    time: int


@dataclass(frozen=True, slots=True)
class Outside:
    """What a witness or a copy (`kind`) holds: the first `size` entries, -1 when nothing.

    `why` it could not be had, empty when it was.
    """

    name: str
    kind: str
    size: int = -1
    why: str = ""


@dataclass(frozen=True, slots=True)
class Vouched:
    """A checkpoint, and who stands behind it.

    `witnessed` signed it, `copied` keep it. `failed` are sentences about those who did neither because they
    could not be had; `tampered` about those who say that something was changed.
    """

    checkpoint: Checkpoint
    note: Note
    witnessed: tuple[Witnessed, ...] = ()
    copied: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    tampered: tuple[str, ...] = ()


@dataclass(slots=True)
class Standing:
    """What was found when all of a ledger was recomputed.

    `faults` are sentences, each about something that is not as it must be; beyond a hundred they are only
    counted (`more`). `public` is the ledger's key, None when it is not known here. `signed` is how many
    entries it vouches for. `wanted` are the witnesses whose word was looked for, `asked` those outside who
    were asked now.
    """

    public: Key | None
    head: Head = field(default_factory=lambda: Head(0, EMPTY_ROOT))
    signed: int = 0
    checkpoints: int = 0
    wanted: tuple[Key, ...] = ()
    witnessed: tuple[Witnessed, ...] = ()
    asked: tuple[Outside, ...] = ()
    faults: list[str] = field(default_factory=list)
    more: int = 0

    @property
    def failed(self) -> tuple[Outside, ...]:
        """Those who were to be asked and could not be."""
        return tuple(item for item in self.asked if item.why)

    def fault(self, sentence: str) -> None:
        """One more."""
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(sentence)
        else:
            self.more += 1
