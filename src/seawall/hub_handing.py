"""A file of a model or dataset is handed out only when it was judged, and is what its commit says it is.

Blocking; called from worker threads. In this order: the answer about the file by what the hub says, the
bytes (from the cache, or fetched and verified), what was first seen of it, a look into it, the answer again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seawall.adapters.origins.fetch import Fetcher
from seawall.adapters.stores.blobs import Blob, Blobs
from seawall.admit import Gate
from seawall.handing import Denied, Prepared
from seawall.hub_inspecting import Inspect, Looked
from seawall.hub_judging import rule_on
from seawall.hub_offering import INSPECTOR, HubOfferer, HubRefusal, HubShelf, Wanted, offering_of, seen_name
from seawall.kernel.admission import Admission
from seawall.kernel.errors import OutsideError
from seawall.kernel.finding import Skipped
from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.hub import ECOSYSTEM, HubFile, Kind, Repository
from seawall.kernel.identity import Identity
from seawall.kernel.offer import Offering
from seawall.kernel.policy.facts import Mode
from seawall.kernel.sighting import Examined

_WAIT_BYTES = 16 * 1024 * 1024
"""A client waits ten seconds for the first byte, so a larger file is sent while it comes."""
_MOST_GATED = 10_000
_CANNOT = Skipped("a look into the file", "it failed", "look at the log of the firewall", required=True)
LOG = logging.getLogger("seawall.firewall")


@dataclass(frozen=True, slots=True)
class Handed:
    """The answer about one file; `digest` is `sha256:<hex>` of its bytes, as far as that is known."""

    shelf: HubShelf
    file: HubFile
    answer: Prepared | Denied
    digest: str = ""


class HubHander:
    """What is needed to hand out files of hubs. Safe to share between threads."""

    def __init__(
        self,
        offerer: HubOfferer,
        gate: Gate,
        fetcher: Fetcher,
        blobs: Blobs,
        settings: GateSettings,
        inspect: Inspect,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._offerer = offerer
        self._gate = gate
        self._fetcher = fetcher
        self._blobs = blobs
        self._hold = min(settings.hold_bytes, _WAIT_BYTES)
        self._fresh = timedelta(seconds=settings.fresh_seconds)
        self._let_in: dict[tuple[str, str], datetime] = {}
        self._inspect = inspect
        self._now = now

    def described(
        self, wanted: Wanted, path: str, identity: Identity, mode: Mode
    ) -> tuple[HubShelf, HubFile, Admission]:
        """The file as the hub describes it, and the answer about it; nothing is fetched.

        Raises HubRefusal where the hub or its repository does not have it, OutsideError, StoreError.
        """
        shelf = self._offerer.with_file(wanted, identity, mode, path)
        file, admission = shelf.files.get(path), shelf.admission(path)
        if file is None or admission is None:
            raise HubRefusal(404, "EntryNotFound", "Entry not found", shelf.repository.commit)
        if not file.digests:
            raise OutsideError(
                f"{shelf.origin.name} tells no digest of {told(shelf.repository, path)}",
                "ask the hub itself, or another mirror",
            )
        if shelf.repository.gated and admission.lets_in:
            self._gated(shelf, path)
        return shelf, file, admission

    def prepare(self, wanted: Wanted, path: str, identity: Identity, mode: Mode) -> Handed:
        """The file, or why it is not handed out.

        Raises HubRefusal, TamperedError where the bytes are not what the commit says they are, and
        OutsideError where they cannot be had.
        """
        shelf, file, admission = self.described(wanted, path, identity, mode)
        if not admission.lets_in:
            return Handed(shelf, file, denied(shelf, file, admission), _sha256(file))
        offering = offering_of(shelf, file, self._offerer.address(shelf, path))
        blob = self._blobs.held(file.digests)
        if blob is None:
            arrival = self._blobs.arrive(self._fetcher, shelf.origin, offering.offers[0])
            try:
                arrived = arrival.wait(most=self._hold)
            except OutsideError:
                self._pass_on(shelf, path)
                raise
            if not arrived:
                coming = replace(_prepared(shelf, file, offering, admission), arrival=arrival)
                return Handed(shelf, file, coming, _sha256(file))
            blob = arrival.blob()
        looked_at = self._looked_at(shelf, file, offering, blob, identity, mode)
        return Handed(shelf, file, looked_at, f"sha256:{blob.sha256}")

    def settled(
        self, wanted: Wanted, path: str, prepared: Prepared, identity: Identity, mode: Mode
    ) -> Prepared | Denied:
        """The answer about a file that was sent while it came, now that all of it is here.

        Raises as `prepare` does.
        """
        if prepared.arrival is None:
            return prepared
        prepared.arrival.wait()
        shelf, file, admission = self.described(wanted, path, identity, mode)
        if not admission.lets_in:
            return denied(shelf, file, admission)
        if file.digests != prepared.offer.digests:
            raise OutsideError(f"{shelf.repository.title} changed while {path} was sent", "ask again")
        offering, blob = offering_of(shelf, file, prepared.offer.url), prepared.arrival.blob()
        found = self._looked_at(shelf, file, offering, blob, identity, mode)
        return replace(found, digest=f"sha256:{blob.sha256}")

    def _looked_at(
        self,
        shelf: HubShelf,
        file: HubFile,
        offering: Offering,
        blob: Blob,
        identity: Identity,
        mode: Mode,
    ) -> Prepared | Denied:
        admission = shelf.ruling.admissions[file.path]
        repository, name = shelf.repository, seen_name(shelf.repository)
        drift = self._gate.noticed(offering, self._now()).findings.get(file.path, ())
        if drift or not self._gate.examined(ECOSYSTEM, name, file.path, blob.sha256, INSPECTOR):
            found, skipped = self._looked_into(repository, file, blob.path)
            mine = Examined(file.path, repository.commit, "", INSPECTOR, (*drift, *found), skipped)
            if mine.findings or skipped:
                whole = {**self._examined(name), file.path: mine}
                origin = shelf.origin.name
                ruling = rule_on(self._gate, repository, identity, mode, self._now(), whole, origin)
                admission = ruling.admissions[file.path]
            if _CANNOT not in skipped:
                self._gate.keep_verdict(offering, file.path, blob.sha256, found, skipped, engine=INSPECTOR)
        if not admission.lets_in:
            return replace(denied(shelf, file, admission), digest=f"sha256:{blob.sha256}", size=blob.size)
        return replace(_prepared(shelf, file, offering, admission), path=blob.path, size=blob.size)

    def _looked_into(self, repository: Repository, file: HubFile, path: Path) -> Looked:
        """Whatever goes wrong in there, it is said, and is never a pass."""
        try:
            return self._inspect(repository, file, path, self._now())
        except Exception:
            LOG.exception("a file of a hub could not be looked into")
            return (), (_CANNOT,)

    def _examined(self, name: str) -> dict[str, Examined]:
        _, examined = self._gate.seen_of(ECOSYSTEM, name)
        return {item.filename: item for item in examined if item.engine == INSPECTOR}

    def _gated(self, shelf: HubShelf, path: str) -> None:
        """Whose owner chooses whom to let in is asked for anew: that its bytes are here gives nobody a right.

        Raises HubRefusal where the hub does not let us in. While it is down, what is here is handed out.
        """
        key, now = (shelf.origin.name, shelf.repository.title), self._now()
        until = self._let_in.get(key)
        if until is not None and now < until:
            return
        self._pass_on(shelf, path)
        if len(self._let_in) > _MOST_GATED:
            self._let_in.clear()
        self._let_in[key] = now + self._fresh

    def _pass_on(self, shelf: HubShelf, path: str) -> None:
        """Raise the hub's own refusal where that is why a file did not come: it is gated, or gone."""
        try:
            said = self._offerer.door.head(shelf.origin, self._offerer.address(shelf, path))
        except OutsideError:
            return
        if said.status in (401, 403, 404):
            raise HubRefusal(said.status, said.code, said.message, shelf.repository.commit)


def _sha256(file: HubFile) -> str:
    return f"sha256:{file.sha256}" if file.sha256 else ""


def denied(shelf: HubShelf, file: HubFile, admission: Admission) -> Denied:
    """The file is not handed out."""
    repository = shelf.repository
    return Denied(
        name=told(repository, file.path),
        version=repository.revision or repository.commit,
        admission=admission,
        best=shelf.ruling.best,
        origin=shelf.origin.name,
        digest=next(iter(file.digests), ""),
        size=file.size or 0,
    )


def told(repository: Repository, path: str = "") -> str:
    """How a person is told of a file of a repository."""
    kind = "" if repository.kind is Kind.MODEL else f"{repository.kind} "
    return f"{kind}{repository.name}{f'/{path}' if path else ''}"


def _prepared(shelf: HubShelf, file: HubFile, offering: Offering, admission: Admission) -> Prepared:
    """`digest` is the tag under which clients keep their copy, as the hub gives it."""
    return Prepared(
        name=told(shelf.repository, file.path),
        version=shelf.repository.commit,
        admission=admission,
        origin=shelf.origin.name,
        digest=file.etag,
        size=file.size if file.size is not None else -1,
        offer=offering.offers[0],
    )
