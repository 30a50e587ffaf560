"""The ledger's key signs how it stands, witnesses sign that nothing was changed, others keep a copy.

What was signed is kept before anyone else is asked, so that the key never signs two versions of one ledger.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.adapters.disk.places import config_directory
from seawall.adapters.http import Http
from seawall.kernel.checkpoint import Checkpoint
from seawall.kernel.checkpoint import parse as parse_checkpoint
from seawall.kernel.errors import (
    OutsideError,
    PolicyError,
    SeawallError,
    StoreError,
    TamperedError,
    UsageError,
)
from seawall.kernel.ledger_settings import CopyAt, CopyKind, LedgerSettings, WitnessAt
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.merkle import consistency_proof, root_of
from seawall.kernel.note import Key, NotANote, Note, Signature, parse
from seawall.kernel.standing import Vouched, Witnessed
from seawall.kernel.witnessing import Ask

if TYPE_CHECKING:
    from seawall.adapters.signers.ed25519 import Signed, Signer
    from seawall.adapters.stores.ledger import LedgerStore

SETTINGS = "ledger.toml"
_NOT_SET_UP = "set it up with: seawall ledger init"


def settings_path(given: str = "", environment: Mapping[str, str] = os.environ) -> Path:
    """Where the ledger's settings lie: as given, else in the directory of the person's settings."""
    return Path(given).expanduser() if given else config_directory(environment) / SETTINGS


def is_set_up(environment: Mapping[str, str] = os.environ) -> bool:
    """There is a file with settings of the ledger; what stands in it was not looked at."""
    try:
        return settings_path(environment=environment).exists()
    except OSError:
        return False


def ledger_settings(path: Path) -> LedgerSettings | None:
    """The settings at `path`, None when there are none. Raises PolicyError."""
    from seawall.readers.settings.ledger_toml import read

    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PolicyError(f"{path} cannot be read: {error.strerror}", "make it readable") from None
    return read(data, str(path), DEFAULT_LIMITS)


def signer_for(settings: LedgerSettings, environment: Mapping[str, str] = os.environ) -> Signer:
    """The ledger's key: from the environment, else its file. Raises UsageError when it is another one."""
    from seawall.adapters.signers.ed25519 import signer_of
    from seawall.adapters.signers.key_file import VARIABLE, from_environment, read_key

    given = from_environment(environment)
    if not given and not settings.key:
        raise UsageError(f"there is no key: {VARIABLE} is not set and no file is named", _NOT_SET_UP)
    where = VARIABLE if given else settings.key
    signer = signer_of(given or read_key(Path(settings.key)), where)
    if signer.key != settings.public:
        raise UsageError(
            f"the key in {where} is not the one of this ledger ({settings.public.text})",
            "use the key that it was set up with; a new key means a new ledger",
        )
    return signer


def checkpoint_now(
    store: LedgerStore, settings: LedgerSettings, signer: Signer, now: datetime, http: Http
) -> Vouched:
    """Sign how the ledger stands, have it witnessed and copied, and keep the note in the store.

    Raises TamperedError when the ledger does not hold what was signed before: then nothing is signed.
    """
    with store.snapshot():
        head = store.head()
        kept = kept_notes(store, settings)
        _refuse_changed(store, kept)
        checkpoint = Checkpoint(settings.origin, head.size, head.root)
        note = next((note for held, note in kept if held == checkpoint), Note(checkpoint.text))
        note = note.signed(signer.sign(checkpoint.text))
    store.keep_checkpoint(head.size, note.data)
    failed: list[str] = []
    tampered: list[str] = []
    for witness in settings.witnesses:
        with _told(failed, tampered):
            note = note.signed(*_witnessed(store, kept, checkpoint, note, settings.public, witness, http))
    store.keep_checkpoint(head.size, note.data)
    copied = []
    for copy in settings.copies:
        with _told(failed, tampered):
            _copied(store, settings, note, head.size, copy, now, http)
            copied.append(copy.text)
    signed = signed_by_all(note, [witness.key for witness in settings.witnesses])
    witnessed = tuple(Witnessed(item.key, head.size, item.time) for item in signed)
    return Vouched(checkpoint, note, witnessed, tuple(copied), tuple(failed), tuple(tampered))


def vouch(ledger: Path, settings: LedgerSettings, now: datetime) -> Vouched:
    """`checkpoint_now` with everything that it needs: what a firewall calls every now and then, in a thread.

    It has its own connection, so the ledger may be written meanwhile. Raises as `checkpoint_now` and
    `signer_for` do, and StoreError when there is no ledger.
    """
    from seawall.adapters.stores.ledger import open_ledger
    from seawall.adapters.witnesses.asking import PATIENCE

    if not ledger.exists():
        raise StoreError(f"there is no ledger at {ledger}", "a firewall makes one: seawall firewall")
    signer = signer_for(settings)
    store, http = open_ledger(ledger, write=True), Http(patience=PATIENCE)
    try:
        return checkpoint_now(store, settings, signer, now, http)
    finally:
        store.close()
        http.close()


def kept_notes(store: LedgerStore, settings: LedgerSettings) -> list[tuple[Checkpoint, Note]]:
    """What was signed lately, oldest first. Raises TamperedError for one that is not of the ledger's key."""
    return [
        read_note(data, settings, f"the checkpoint of {size} entries in {store.path}")
        for size, data in store.checkpoints(_LATELY)
    ]


_LATELY = 32
"""So many checkpoints are looked at to find what a witness signed last; it can tell what is older."""


def read_note(data: object, settings: LedgerSettings, where: str) -> tuple[Checkpoint, Note]:
    """A checkpoint of this ledger, signed by its key. Raises TamperedError; `where` says which one."""
    from seawall.adapters.signers.ed25519 import WrongSignature, signed_by

    try:
        note = parse(data if isinstance(data, bytes) else b"")
        checkpoint = parse_checkpoint(note.text)
        if not signed_by(note, [settings.public]):
            raise WrongSignature("it is not signed by the key of this ledger")
        if checkpoint.origin != settings.origin:
            raise WrongSignature(f"it is of another ledger: {checkpoint.origin}")
    except (NotANote, WrongSignature) as error:
        raise TamperedError(f"{where} is not what was signed: {error}", _EVIDENCE) from None
    return checkpoint, note


_EVIDENCE = "keep it, it is evidence; look with: seawall ledger verify"


def signed_by_all(note: Note, keys: Sequence[Key]) -> tuple[Signed, ...]:
    """Those of the keys whose signatures are there and right; a wrong one counts as none."""
    from seawall.adapters.signers.ed25519 import WrongSignature, signed_by

    found: list[Signed] = []
    for key in keys:
        with suppress(WrongSignature):
            found += signed_by(note, [key])
    return tuple(found)


def changed_since(store: LedgerStore, checkpoint: Checkpoint) -> str:
    """What is not as the checkpoint says, empty when all is. Takes the tiles' word for the entries."""
    size = store.head().size
    if checkpoint.size > size:
        return f"{checkpoint.size} entries were signed, and the ledger has only {size}"
    if root_of(checkpoint.size, store.hash_of) != checkpoint.root:
        return f"its first {checkpoint.size} entries are not those that were signed"
    return ""


def _refuse_changed(store: LedgerStore, kept: Iterable[tuple[Checkpoint, Note]]) -> None:
    for checkpoint, _ in list(kept)[-1:]:
        changed = changed_since(store, checkpoint)
        if changed:
            raise TamperedError(f"{store.path}: {changed}", f"nothing was signed; {_EVIDENCE}")


def _witnessed(
    store: LedgerStore,
    kept: Sequence[tuple[Checkpoint, Note]],
    new: Checkpoint,
    note: Note,
    public: Key,
    witness: WitnessAt,
    http: Http,
) -> tuple[Signature, ...]:
    """The witness's signatures. Raises OutsideError, or TamperedError when it knows another ledger."""
    from seawall.adapters.witnesses.asking import ask_witness

    own, name = Note(note.text, note.by(public)), witness.key.name
    signed = max((was.size for was, held in kept if signed_by_all(held, [witness.key])), default=0)
    old = signed
    for _ in range(3):
        if old > new.size:
            raise _ahead(store, old, name)
        reply = ask_witness(http, witness.url, Ask(old, consistency_proof(old, new.size, store.hash_of), own))
        if reply.refused:
            raise TamperedError(f"the witness {name} signed {old} entries that are not those of this ledger")
        if reply.signatures:
            return _believed(note, reply.signatures, witness)
        if reply.size < signed:
            raise OutsideError(
                f"the witness {name} signed {signed} entries and says that it signed {reply.size}: it forgot",
                "a witness without its memory must not go on under its key",
            )
        old = reply.size
    raise OutsideError(f"the witness {witness.url} does not say which size it signed last")


def _ahead(store: LedgerStore, old: int, name: str) -> SeawallError:
    """A witness knows more entries than we just signed: they are gone, or came in this moment."""
    size = store.head().size
    if old <= size:
        return OutsideError(f"the witness {name} has signed a newer checkpoint meanwhile")
    return TamperedError(f"the witness {name} signed {old} entries, and the ledger has only {size}")


def _believed(note: Note, answer: Iterable[Signature], witness: WitnessAt) -> tuple[Signature, ...]:
    """What of an answer is the witness's own signature. Raises OutsideError when nothing is."""
    said = Note(note.text, tuple(answer))
    if not signed_by_all(said, [witness.key]):
        raise OutsideError(f"the witness {witness.url} did not sign with the key {witness.key.text}")
    return said.by(witness.key)


def read_copy(copy: CopyAt, http: Http) -> bytes:
    """The newest copy there, empty when there is none yet. Raises OutsideError."""
    from seawall.adapters.vcs.copying import read_branch
    from seawall.adapters.witnesses.copies import read_file, read_url

    readers: dict[CopyKind, Callable[[], bytes]] = {
        CopyKind.FILE: lambda: read_file(Path(copy.place).expanduser()),
        CopyKind.GIT: lambda: read_branch(copy.place),
        CopyKind.HTTP: lambda: read_url(http, copy.place),
    }
    return readers[copy.kind]()


def _copied(
    store: LedgerStore,
    settings: LedgerSettings,
    note: Note,
    size: int,
    copy: CopyAt,
    now: datetime,
    http: Http,
) -> None:
    """Put a copy there, unless what is there is not of this ledger, or of one that went on."""
    from seawall.adapters.vcs.copying import write_branch
    from seawall.adapters.witnesses.copies import write_file, write_url

    held = read_copy(copy, http)
    if held == note.data:
        return
    if held:
        there = read_note(held, settings, f"the copy {copy.text}")[0]
        changed = changed_since(store, there)
        if changed:
            raise TamperedError(f"the copy {copy.text} says: {changed}")
        if there.size > size:
            return  # somebody else made a newer one meanwhile
    if copy.kind is CopyKind.FILE:
        write_file(Path(copy.place).expanduser(), note.data)
    elif copy.kind is CopyKind.GIT:
        write_branch(copy.place, note.data, int(now.timestamp()))
    else:
        write_url(http, copy.place, note.data)


class _told:  # noqa: N801 - a context, like suppress
    """One who cannot be had does not keep the others from being asked."""

    def __init__(self, failed: list[str], tampered: list[str]) -> None:
        self._failed, self._tampered = failed, tampered

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, TamperedError):
            self._tampered.append(str(error))
        elif isinstance(error, (OutsideError, UsageError)):
            self._failed.append(str(error))
        return isinstance(error, SeawallError) and error.exit_code != 4
