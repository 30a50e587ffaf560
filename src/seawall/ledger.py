"""The ledger is recomputed from its entries, and whoever can vouch for it is asked what they saw.

`verify` takes no stored hash at its word: every leaf is hashed again, every tile and the head follow from
that, and every checkpoint, kept here or by others, must hold for the entries that it covers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.errors import OutsideError, TamperedError
from seawall.kernel.ledger_settings import CopyAt, LedgerSettings
from seawall.kernel.note import Key, Note
from seawall.kernel.standing import Outside, Standing, Witnessed
from seawall.ledger_check import Advance, check
from seawall.vouching import read_copy, read_note, signed_by_all

if TYPE_CHECKING:
    from seawall.adapters.http import Http
    from seawall.adapters.stores.ledger import LedgerStore
    from seawall.adapters.stores.names import NameStore


@dataclass(frozen=True, slots=True)
class _Claim:
    """Somebody says what the first entries are."""

    where: str
    checkpoint: Checkpoint
    note: Note


def verify(
    store: LedgerStore,
    settings: LedgerSettings | None,
    given: Mapping[str, bytes],
    witness_keys: Sequence[Key],
    http: Http | None,
    advance: Advance = lambda _done, _total: None,
    names: NameStore | None = None,
) -> Standing:
    """Recompute all of it. `given` are checkpoints from elsewhere by where they are from.

    `witness_keys` are asked for besides those of the settings. `http` None: nobody outside is asked.
    `names`, where they are still kept, must be those that the pseudonyms were made of.
    """
    standing = Standing(settings.public if settings else None)
    claims = list(_claims(store, settings, given, http, standing))
    checked = check(store, {claim.checkpoint.size for claim in claims}, advance)
    standing.head, roots = checked.head, checked.roots
    standing.faults = [*checked.faults, *standing.faults]
    standing.more = checked.more
    for hidden in names.faults() if names else ():
        standing.fault(f"the name of pseudonym {hidden} is not the one that it was made of")
    for claim in claims:
        size = claim.checkpoint.size
        if size not in roots:
            standing.fault(f"{claim.where}: it is of {size} entries, and there are only {standing.head.size}")
        elif roots[size] != claim.checkpoint.root:
            standing.fault(f"{claim.where}: the first {size} entries are not those that it is of")
    held = [claim for claim in claims if roots.get(claim.checkpoint.size) == claim.checkpoint.root]
    standing.signed = max((claim.checkpoint.size for claim in held), default=0)
    keys = [*(witness.key for witness in settings.witnesses), *witness_keys] if settings else witness_keys
    standing.wanted = tuple(dict.fromkeys(keys))
    standing.witnessed = tuple(_witnessed(held, standing.wanted))
    return standing


def _claims(
    store: LedgerStore,
    settings: LedgerSettings | None,
    given: Mapping[str, bytes],
    http: Http | None,
    standing: Standing,
) -> Iterator[_Claim]:
    """Every checkpoint that this ledger's key signed, wherever it is; others are faults."""
    kept = store.checkpoints()
    standing.checkpoints = len(kept)
    if settings is None:
        return
    outside = tuple(_outside(settings, http))
    found = [(f"the checkpoint of {size} entries", data) for size, data in kept]
    found += [*given.items(), *((f"the {state.kind} {state.name}", data) for state, data in outside if data)]
    claims = {}
    for where, data in found:
        try:
            claims[where] = _Claim(where, *read_note(data, settings, where))
        except TamperedError as error:
            standing.fault(str(error))
        else:
            yield claims[where]
    standing.asked = tuple(
        Outside(state.name, state.kind, held.checkpoint.size if held else -1, state.why)
        for state, _ in outside
        for held in (claims.get(f"the {state.kind} {state.name}"),)
    )


def _outside(settings: LedgerSettings, http: Http | None) -> Iterator[tuple[Outside, bytes]]:
    """What those outside say, as they say it."""
    from seawall.adapters.witnesses.asking import last_witnessed

    def witness(url: str) -> Callable[[Http], bytes]:
        return lambda http: last_witnessed(http, url, settings.origin)

    def copy(at: CopyAt) -> Callable[[Http], bytes]:
        return lambda http: read_copy(at, http)

    places = [(item.key.name, "witness", witness(item.url)) for item in settings.witnesses]
    places += [(item.text, "copy", copy(item)) for item in settings.copies]
    for name, kind, ask in places:
        if http is None:
            yield Outside(name, kind, why="it was not asked (--offline)"), b""
            continue
        try:
            yield Outside(name, kind), ask(http)
        except OutsideError as error:
            yield Outside(name, kind, why=str(error)), b""


def _witnessed(held: Iterable[_Claim], keys: Iterable[Key]) -> Iterator[Witnessed]:
    """The most that each witness vouches for; the newest checkpoints are looked at first."""
    newest = sorted(held, key=lambda claim: claim.checkpoint.size, reverse=True)
    for key in keys:
        for claim in newest:
            signed = signed_by_all(claim.note, [key])
            if signed:
                yield Witnessed(key, claim.checkpoint.size, signed[0].time)
                break
