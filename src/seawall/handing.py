"""A file is handed out only after its name was judged, its bytes verified, and what is in it looked at.

Blocking; called from worker threads. In this order: the answer about the file as its registry describes it,
the bytes (from the cache, or fetched and verified), the comparison with the release before, the answer again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seawall.adapters.origins.fetch import Fetcher
from seawall.adapters.stores.blobs import Arrival, Blob, Blobs
from seawall.admit import Gate
from seawall.examine import CHECK, Examined, Subject, examine
from seawall.kernel.admission import Admission
from seawall.kernel.comparing import previous_in_line
from seawall.kernel.dialect import Dialect, File
from seawall.kernel.errors import OutsideError
from seawall.kernel.finding import Skipped
from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.identity import Identity
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.origin import Origin
from seawall.kernel.policy.facts import Mode
from seawall.kernel.versions import order
from seawall.offering import Offerer, Shelf, UnknownNameError

_METADATA = "metadata"
_COMPARED_BYTES = 96 * 1024 * 1024
"""A file larger than this is looked at by itself; the one before it is not fetched to compare."""


class NoSuchFileError(OutsideError):
    """The registry does not list that file under that name."""


@dataclass(frozen=True, slots=True)
class Denied:
    """A file that is not handed out."""

    name: str
    version: str
    admission: Admission
    best: str
    origin: str
    digest: str = ""
    size: int = 0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that may be handed out: `path` when all of it is here and verified, else the `arrival` of one
    too large to wait for, whose last block waits for `Hander.settled`.

    `size` is -1 while it is not known. `shelf` is what the answer is from.
    """

    name: str
    version: str
    admission: Admission
    origin: str
    digest: str
    size: int
    offer: Offer
    path: Path | None = None
    arrival: Arrival | None = None
    needs: tuple[str, ...] = ()
    shelf: Shelf | None = field(default=None, repr=False, compare=False)


class Hander:
    """What is needed to hand out files. Safe to share between threads."""

    def __init__(
        self,
        offerer: Offerer,
        gate: Gate,
        fetcher: Fetcher,
        blobs: Blobs,
        settings: GateSettings,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._offerer = offerer
        self._gate = gate
        self._fetcher = fetcher
        self._blobs = blobs
        self._settings = settings
        self._origins = {(item.ecosystem, item.name): item for item in settings.origins}
        self._now = now

    def prepare(self, dialect: Dialect, wanted: File, identity: Identity, mode: Mode) -> Prepared | Denied:
        """The file, or why it is not handed out.

        Raises UnknownNameError, NoSuchFileError, TamperedError where the bytes are not what the registry says
        they are, and OutsideError where they cannot be had.
        """
        found = self._found(dialect, wanted, identity, mode)
        if isinstance(found, Denied):
            return found
        shelf, offer, admission = found
        if not wanted.aside:
            return self._whole(dialect, shelf, offer, admission, identity, mode)
        if wanted.aside == _METADATA and not self._known_inside(shelf, offer):
            # A resolver that reads this locks the file: what is in it must be known first.
            whole = self._whole(dialect, shelf, offer, admission, identity, mode)
            if isinstance(whole, Prepared):
                whole = self.settled(dialect, whole, identity, mode)
            if isinstance(whole, Denied):
                return whole
            admission = whole.admission
        return self._beside(dialect, shelf, offer, admission, wanted.aside)

    def at_hand(self, dialect: Dialect, wanted: File, identity: Identity, mode: Mode) -> Prepared | None:
        """The file, if everything about it is known and here already; None where anything has to be done."""
        shelf = self._offerer.ready(self._offerer.key(dialect, wanted.name, identity, mode))
        offer = shelf.offers.get(wanted.filename) if shelf else None
        admission = shelf.admission(wanted.filename) if shelf else None
        if shelf is None or offer is None or admission is None or not admission.lets_in:
            return None
        meant = offer if not wanted.aside else _described(offer) if wanted.aside == _METADATA else None
        if meant is None or self._to_compare(offer):
            return None
        blob = self._blobs.held(meant.digests)
        return _prepared(shelf, offer, admission, blob=blob) if blob else None

    def still(self, prepared: Prepared, dialect: Dialect, identity: Identity, mode: Mode) -> bool:
        """What was at hand a moment ago would be found just so now. Nobody waits for that."""
        shelf = self._offerer.ready(self._offerer.key(dialect, prepared.name, identity, mode))
        return shelf is not None and shelf is prepared.shelf and not self._to_compare(prepared.offer)

    def _found(
        self, dialect: Dialect, wanted: File, identity: Identity, mode: Mode
    ) -> tuple[Shelf, Offer, Admission] | Denied:
        """What is offered under that file name, if it may be handed out as its registry describes it."""
        try:
            shelf = self._offerer.shelf(dialect, wanted.name, identity, mode)
        except UnknownNameError:
            removed = self._removed(dialect, wanted, identity, mode)
            if removed is None:
                raise
            return removed
        offer, admission = shelf.offers.get(wanted.filename), shelf.admission(wanted.filename)
        if offer is None or admission is None:
            removed = self._removed(dialect, wanted, identity, mode, shelf)
            if removed is None:
                raise NoSuchFileError(
                    f"{shelf.origin} lists no file {wanted.filename[:200]} of {wanted.name}"
                )
            return removed
        return (shelf, offer, admission) if admission.lets_in else _denied(shelf, offer, admission)

    def _whole(
        self,
        dialect: Dialect,
        shelf: Shelf,
        offer: Offer,
        admission: Admission,
        identity: Identity,
        mode: Mode,
    ) -> Prepared | Denied:
        """The file itself: fetched if it is not here, and looked into."""
        blob = self._blobs.held(offer.digests)
        if blob is None:
            arrival = self._arrival(dialect.ecosystem, shelf.origin, offer)
            if not arrival.wait(most=self._settings.hold_bytes):
                return _prepared(shelf, offer, admission, arrival=arrival)
            blob = arrival.blob()
            # It took time to come: what is known of it may be worse by now.
            shelf = self._offerer.shelf(dialect, shelf.name, identity, mode)
            offer, admission = _unchanged(shelf, offer)
            if not admission.lets_in:
                return _denied(shelf, offer, admission, blob)
        return self._looked_at(dialect, shelf, offer, admission, blob, identity, mode)

    def settled(
        self, dialect: Dialect, prepared: Prepared, identity: Identity, mode: Mode
    ) -> Prepared | Denied:
        """The answer about a file that was sent while it came, now that all of it is here.

        Raises TamperedError where its digest is wrong, OutsideError where it did not come.
        """
        if prepared.arrival is None:
            return prepared
        prepared.arrival.wait()
        shelf = self._offerer.shelf(dialect, prepared.name, identity, mode)
        admission = shelf.admission(prepared.offer.filename)
        if admission is None or not admission.lets_in:
            return _denied(shelf, prepared.offer, admission or prepared.admission)
        blob = prepared.arrival.blob()
        return self._looked_at(dialect, shelf, prepared.offer, admission, blob, identity, mode)

    def _removed(
        self, dialect: Dialect, wanted: File, identity: Identity, mode: Mode, shelf: Shelf | None = None
    ) -> Denied | None:
        """The denial of a file that is not there any more, by whatever advisories call malware.

        None where they do not, or where the answer does not bind: then it is just not there.
        """
        version = dialect.version_in(wanted.filename, wanted.name)
        if not version:
            return None
        ecosystem = dialect.ecosystem
        admission = self._gate.unlisted(ecosystem, wanted.name, version, wanted.filename, identity, mode)
        if admission is None or admission.lets_in:
            return None
        best, origin = (shelf.ruling.instead_of(version), shelf.origin) if shelf else ("", "")
        return Denied(wanted.name, version, admission, best, origin)

    def _looked_at(
        self,
        dialect: Dialect,
        shelf: Shelf,
        offer: Offer,
        admission: Admission,
        blob: Blob,
        identity: Identity,
        mode: Mode,
    ) -> Prepared | Denied:
        name, filename = shelf.name, offer.filename
        if self._to_compare(offer) and not self._gate.examined(
            dialect.ecosystem, name, filename, blob.sha256
        ):
            offering = self._offerer.offering(dialect, shelf.name)
            examined, whole = self._examined(dialect, offering, offer, blob)
            admission = self._gate.admit(
                offering,
                offer.filename,
                identity,
                mode,
                self._now(),
                findings=examined.findings,
                skipped=examined.skipped,
            )
            if whole:
                self._gate.keep_verdict(
                    offering, filename, blob.sha256, examined.findings, examined.skipped, examined.summary
                )
            if not admission.lets_in:
                return _denied(shelf, offer, admission, blob)
        return _prepared(shelf, offer, admission, blob=blob)

    def _known_inside(self, shelf: Shelf, offer: Offer) -> bool:
        """The answer about the file needs no look into it, or comes from one."""
        if not self._to_compare(offer):
            return True
        blob = self._blobs.held(offer.digests)
        named = (digest[7:] for digest in offer.digests if digest.startswith("sha256:"))
        sha256 = blob.sha256 if blob else next(named, "")
        return bool(sha256) and self._gate.examined(shelf.ecosystem, shelf.name, offer.filename, sha256)

    def _to_compare(self, offer: Offer) -> bool:
        if offer.published is None:
            return True
        return self._now() - offer.published < timedelta(days=self._settings.compare_days)

    def _examined(
        self, dialect: Dialect, offering: Offering, offer: Offer, blob: Blob
    ) -> tuple[Examined, bool]:
        """What is in the file, beside the release before it and, for a wheel, beside its sdist.

        False where something to compare with is there and could not be had: that is a check that did not
        run, and nothing to remember.
        """
        before: Offer | None = None
        source: Offer | None = None
        if blob.size <= _COMPARED_BYTES:
            listed = previous_in_line(offering.listing, offer.version, order(offering.ecosystem))
            before = like(offer, offering.offers, listed.version) if listed else None
            source = sdist_of(offer, offering.offers)
        others = [self._other(dialect, offering, other) if other else None for other in (before, source)]
        missed = [
            other
            for other, found in zip((before, source), others, strict=True)
            if other is not None and found is None
        ]
        examined = examine(subject_of(offering, offer, blob), *others)
        skipped = tuple(_not_compared(other) for other in missed)
        return replace(examined, skipped=(*examined.skipped, *skipped)), not missed

    def _other(self, dialect: Dialect, offering: Offering, offer: Offer) -> Subject | None:
        """Another file to compare with; None where it cannot be had."""
        blob = self._blobs.held(offer.digests)
        if blob is None:
            try:
                arrival = self._arrival(dialect.ecosystem, offering.origin, offer)
                if not arrival.wait(most=_COMPARED_BYTES):
                    return None
                blob = arrival.blob()
            except OutsideError:
                return None
        return subject_of(offering, offer, blob)

    def _arrival(self, ecosystem: str, origin: str, offer: Offer) -> Arrival:
        return self._blobs.arrive(self._fetcher, self._origin(ecosystem, origin), offer)

    def _origin(self, ecosystem: str, name: str) -> Origin:
        return self._origins[ecosystem, name]

    def _beside(
        self, dialect: Dialect, shelf: Shelf, offer: Offer, admission: Admission, aside: str
    ) -> Prepared:
        """What describes a file (PEP 658) or attests it (PEP 740), with digests and a place of its own."""
        beside = _described(offer) if aside == _METADATA else _attested(offer)
        if beside is None:
            raise NoSuchFileError(f"{shelf.origin} has no {aside} of {offer.filename}")
        blob = self._blobs.held(beside.digests)
        if blob is None:
            arrival = self._arrival(dialect.ecosystem, shelf.origin, beside)
            arrival.wait()
            blob = arrival.blob()
        return _prepared(shelf, offer, admission, blob=blob)


def _unchanged(shelf: Shelf, offer: Offer) -> tuple[Offer, Admission]:
    """The same file as it is offered now. Raises OutsideError when it is not the same any more."""
    now, admission = shelf.offers.get(offer.filename), shelf.admission(offer.filename)
    if now is None or admission is None or now.digests != offer.digests:
        raise OutsideError(f"{shelf.origin} changed what it says of {offer.filename} just now", "ask again")
    return now, admission


def _described(offer: Offer) -> Offer | None:
    if offer.metadata is None:
        return None
    name = f"{offer.filename}.metadata"
    return Offer(offer.version, name, f"{offer.url}.metadata", offer.metadata, offer.published)


def _attested(offer: Offer) -> Offer | None:
    """No digest of it is known: it can only be asked for anew."""
    if not offer.provenance:
        return None
    name = f"{offer.filename}.provenance"
    return Offer(offer.version, name, offer.provenance, published=offer.published)


def _not_compared(other: Offer) -> Skipped:
    return Skipped(CHECK, f"{other.filename}, to compare with, cannot be had now", "ask again", required=True)


def like(offer: Offer, offers: Iterable[Offer], version: str) -> Offer | None:
    """The file of another version that is most like `offer`: same kind and tags, else same kind."""
    others = [item for item in offers if item.version == version]
    same = [item for item in others if _kind(item.filename) == _kind(offer.filename)]
    tagged = [item for item in same if _tags(item) == _tags(offer)]
    return next(iter(tagged or same), None)


def _kind(filename: str) -> str:
    return "wheel" if filename.endswith(".whl") else "source"


def _tags(offer: Offer) -> str:
    """What stands in a wheel's name behind its version."""
    return offer.filename.partition(f"-{offer.version}-")[2]


def sdist_of(offer: Offer, offers: Iterable[Offer]) -> Offer | None:
    """The source archive of a wheel's release."""
    if _kind(offer.filename) != "wheel":
        return None
    return next(
        (o for o in offers if o.version == offer.version and o.filename.endswith((".tar.gz", ".zip"))), None
    )


def subject_of(offering: Offering, offer: Offer, blob: Blob) -> Subject:
    """A file that is here as something to look into."""
    return Subject(
        path=blob.path,
        filename=offer.filename,
        ecosystem=offering.ecosystem,
        name=offering.name,
        version=offer.version,
        sha256=blob.sha256,
        install_script=next(
            (item.install_script for item in offering.listing.releases if item.version == offer.version), None
        ),
    )


def _denied(shelf: Shelf, offer: Offer, admission: Admission, blob: Blob | None = None) -> Denied:
    return Denied(
        name=shelf.name,
        version=offer.version,
        admission=admission,
        best=shelf.ruling.instead_of(offer.version),
        origin=shelf.origin,
        digest=f"sha256:{blob.sha256}" if blob else next(iter(offer.digests), ""),
        size=blob.size if blob else offer.size or 0,
    )


def _prepared(
    shelf: Shelf,
    offer: Offer,
    admission: Admission,
    *,
    blob: Blob | None = None,
    arrival: Arrival | None = None,
) -> Prepared:
    return Prepared(
        name=shelf.name,
        version=offer.version,
        admission=admission,
        origin=shelf.origin,
        digest=f"sha256:{blob.sha256}" if blob else next(iter(offer.digests), ""),
        size=blob.size if blob else -1,
        offer=offer,
        path=blob.path if blob else None,
        arrival=arrival,
        needs=shelf.needs.get(offer.version, ()),
        shelf=shelf,
    )
