"""A witness is asked for its signature, and its answer is believed only as far as its key goes.

Source: C2SP tlog-witness, `add-checkpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from seawall.adapters.http import Http, Patience
from seawall.kernel.checkpoint import parse_size
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.note import NotANote, Signature, parse_signatures
from seawall.kernel.witnessing import Ask

PATIENCE = Patience(connect=3.0, read=10.0, total=20.0)
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness said. `signatures` when it signed (200); `size` is what it signed last (409), else -1;
    `refused` are its words when it saw that something was changed (422)."""

    signatures: tuple[Signature, ...] = ()
    size: int = -1
    refused: str = ""


def ask_witness(http: Http, url: str, ask: Ask) -> Reply:
    """Ask the witness at `url` (its submission prefix). Raises OutsideError when it gave no usable answer."""
    address = url.rstrip("/") + "/add-checkpoint"
    # Asking twice does no harm: the second time it says that it signed already.
    answer = http.request("POST", address, body=ask.data, limit=_MOST_BYTES, repeatable=True)
    try:
        if answer.status == 200:
            return Reply(parse_signatures(answer.body))
        if answer.status == 409:
            return Reply(size=parse_size(answer.body.decode("ascii", "replace").strip()))
    except NotANote as error:
        raise OutsideError(f"the witness {url} answered nonsense: {error}", _LOOK) from None
    said = answer.body[:200].decode("utf-8", "replace").strip()
    if answer.status == 422:
        return Reply(refused=said or "the proof does not hold")
    raise OutsideError(
        f"the witness {url} answered {answer.status}: {said}", _ADVICE.get(answer.status, _LOOK)
    )


def last_witnessed(http: Http, url: str, origin: str) -> bytes:
    """The last checkpoint of that log that the witness signed, empty when none. Raises OutsideError."""
    address = f"{url.rstrip('/')}/{sha256(origin.encode()).hexdigest()}/checkpoint"
    answer = http.request("GET", address, limit=DEFAULT_LIMITS.note_bytes)
    if answer.status == 404:
        return b""
    if answer.status != 200:
        raise OutsideError(f"the witness {url} answered {answer.status}", _LOOK)
    return answer.body


_LOOK = "ask whoever runs it"
_ADVICE = {
    403: "it must be started with the key of this ledger: --log VKEY",
    404: "it must be started with the key of this ledger: --log VKEY; or its address is wrong",
}
