"""A room answers for one registry protocol: documents, files, what stands beside them, and audits."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Hashable
from contextlib import suppress
from functools import partial

from seawall.audit import audit
from seawall.handing import Denied, NoSuchFileError, Prepared
from seawall.kernel.admission import Ruling
from seawall.kernel.asset import package_purl
from seawall.kernel.decision import Outcome
from seawall.kernel.dialect import Audit, Dialect, Document, File, Rendered, Said
from seawall.kernel.event import Action, Delivery, Event
from seawall.offering import Shelf, UnknownNameError
from seawall.reports.denial import denial, failure, reason

from .app import listed
from .desk import LOCAL, Desk
from .files import Opened, ThrownOutError, same, send_file
from .lately import Held, Lately
from .phrase import ToldStatus
from .request import Request
from .views import View, view_of

_BESIDE = {
    "metadata": "text/plain; charset=utf-8",
    "provenance": "application/vnd.pypi.integrity.v1+json",
    "attestations": "application/json",
}
"""What stands beside a file, and the Content-Type it has."""
_TRIES = 3
_PACKED_FROM = 1_000
_LEVEL = 6


class RegistryRoom:
    """Everything below one dialect's prefix."""

    def __init__(self, desk: Desk, dialect: Dialect) -> None:
        self._desk = desk
        self._dialect = dialect
        self._lately = Lately()
        self._documents, self._files = f"{dialect.prefix} documents", f"{dialect.prefix} files"

    async def serve(self, request: Request) -> None:
        """Answer, whatever it is."""
        wanted = self._dialect.understand(request.asked(await self._sent(request)))
        match wanted:
            case Said():
                await request.say(wanted)
            case Document():
                await self._document(request, wanted)
            case File():
                await self._file(request, wanted)
            case Audit():
                await self._audit(request, wanted)

    async def _sent(self, request: Request) -> bytes:
        return b"" if request.method in ("GET", "HEAD") else await request.body()

    async def _document(self, request: Request, wanted: Document) -> None:
        packed = "gzip" in request.headers.get("accept-encoding", "")
        flight = (
            self._dialect.prefix,
            wanted.name,
            wanted.form,
            request.base if self._dialect.based else "",
            self._desk.gate.class_of(request.identity),
            request.mode,
            packed,
        )
        began = time.monotonic()
        try:
            view = await self._desk.once(self._documents, flight, self._view, request, wanted, packed)
        except UnknownNameError as error:
            await self._desk.noted(self._event(request, Action.LIST, wanted.name, Delivery.NONE))
            await request.say(Said(404, failure(str(error))))
            return
        self._desk.metrics.seconds.labels(self._dialect.prefix, "document").observe(time.monotonic() - began)
        if request.key is not None:
            self._desk.views.put(request.key, view)
        self._desk.record.note(
            listed(view, request.identity, request.mode, request.client, self._desk.clock())
        )
        self._desk.counted_ready(view)
        if same(request.headers.get("if-none-match", ""), view.etag.decode()):
            await request.start(304, view.unchanged["headers"])
            await request.block(b"", more=False)
            return
        await request.start(view.start["status"], view.start["headers"])
        await request.block(view.body["body"] if request.method != "HEAD" else b"", more=False)

    def _view(self, request: Request, wanted: Document, packed: bool) -> View:
        rendered, shelf = self._desk.offerer.written(
            self._dialect, wanted.name, wanted.form, request.base, request.identity, request.mode
        )
        return self._finished(rendered, shelf, packed)

    def _finished(self, rendered: Rendered, shelf: Shelf, packed: bool) -> View:
        body, ruling = rendered.body, shelf.ruling
        headers = [
            (b"content-type", rendered.content_type.encode("latin-1")),
            (b"vary", b"accept, accept-encoding"),
            (b"cache-control", b"no-cache"),
            *(
                (name.encode("latin-1"), value.encode("latin-1", "replace"))
                for name, value in rendered.headers
            ),
        ]
        etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + (b"-z" if packed else b"") + b'"'
        if packed and len(body) >= _PACKED_FROM:
            body = gzip.compress(body, _LEVEL, mtime=0)
            headers.append((b"content-encoding", b"gzip"))
        if shelf.stale:
            self._desk.told_stale(self._dialect.prefix, shelf.origin)
        about = self._desk.gate.describe()
        outcome, policies = worst(ruling)
        return view_of(
            body,
            etag,
            tuple(headers),
            status=rendered.status,
            generation=ruling.generation,
            made=shelf.made,
            until=shelf.until,
            asset=shelf.purl,
            digest=ruling.digest,
            origin=shelf.origin,
            outcome=outcome,
            policies=policies,
            policy=about.policy,
            advisories=about.advisories,
            room=self._dialect.prefix,
            refused=rendered.status != 200,
            stale=shelf.stale,
        )

    async def _file(self, request: Request, wanted: File) -> None:
        for _ in range(_TRIES):
            with suppress(ThrownOutError):
                await self._handed(request, wanted)
                return
        await self._handed(request, wanted)

    async def _handed(self, request: Request, wanted: File) -> None:
        began = time.monotonic()
        key = (wanted, self._desk.gate.class_of(request.identity), request.mode)
        at_hand = self._of_late(key, request)
        if at_hand is None:
            at_hand = await self._desk.work(LOCAL, self._at_hand, request, wanted)
            if at_hand is not None:
                self._lately.put(key, at_hand[0], at_hand[1].first, began)
        if at_hand is not None:
            self._counted(request, at_hand[0])
            await self._sent_on(request, wanted, *at_hand)
            return
        flight = ("file", self._dialect.prefix, *key, self._desk.gate.generation)
        try:
            prepared = await self._desk.once(
                self._files,
                flight,
                self._desk.hander.prepare,
                self._dialect,
                wanted,
                request.identity,
                request.mode,
            )
        except (UnknownNameError, NoSuchFileError) as error:
            await self._desk.noted(
                self._event(request, Action.FETCH, wanted.name, Delivery.NONE, wanted.filename)
            )
            await request.say(Said(404, failure(str(error))))
            return
        self._desk.metrics.seconds.labels(self._dialect.prefix, "file").observe(time.monotonic() - began)
        self._counted(request, prepared)
        if isinstance(prepared, Denied):
            await self._denied(request, wanted, prepared)
            return
        await self._sent_on(request, wanted, prepared, None)

    def _counted(self, request: Request, answer: Prepared | Denied) -> None:
        outcome = answer.admission.decision.outcome.value
        self._desk.metrics.decisions.labels(self._dialect.prefix, outcome, request.mode.value).inc()

    def _of_late(self, key: Hashable, request: Request) -> tuple[Prepared, Opened | Held] | None:
        """The file as it went out a moment ago, if it still may; a part of one is read from disk."""
        found = None if "range" in request.headers else self._lately.get(key, time.monotonic())
        if found is None:
            return None
        still = self._desk.hander.still(found[0], self._dialect, request.identity, request.mode)
        return found if still else None

    def _at_hand(self, request: Request, wanted: File) -> tuple[Prepared, Opened | Held] | None:
        """The file with its first block, in one step, if it is here and may go out as it is."""
        prepared = self._desk.hander.at_hand(self._dialect, wanted, request.identity, request.mode)
        if prepared is None or prepared.path is None:
            return None
        try:
            return prepared, Opened(prepared.path)
        except FileNotFoundError:
            return None

    async def _sent_on(
        self, request: Request, wanted: File, prepared: Prepared, opened: Opened | Held | None
    ) -> None:
        settle = partial(
            self._desk.hander.settled, self._dialect, identity=request.identity, mode=request.mode
        )
        kind_of_bytes = _BESIDE.get(wanted.aside, "application/octet-stream")
        try:
            event = self._of(request, wanted, prepared)
            await send_file(self._desk, self._files, request, prepared, event, settle, kind_of_bytes, opened)
        finally:
            if opened is not None:
                opened.close()

    async def _denied(self, request: Request, wanted: File, denied: Denied) -> None:
        await self._desk.noted(self._of(request, wanted, denied))
        about = (denied.name, denied.version, denied.admission, denied.best)
        headers = self._dialect.denial_headers(denied.admission)
        await request.say(Said(ToldStatus(403, reason(*about)), denial(*about), headers=headers))

    def _of(self, request: Request, wanted: File, about: Prepared | Denied) -> Event:
        """The event of one file; how it was delivered is filled in when that is known."""
        described = self._desk.gate.describe()
        admission = about.admission
        return Event(
            time=int(self._desk.clock() * 1000),
            action=Action.METADATA if wanted.aside else Action.FETCH,
            identity=request.identity,
            asset=package_purl(self._dialect.ecosystem, about.name, about.version),
            file=wanted.filename,
            digest=about.digest,
            size=about.size,
            delivery=Delivery.REFUSED if isinstance(about, Denied) else Delivery.NONE,
            outcome=admission.decision.outcome.value,
            policies=tuple(item.policy for item in admission.decision.decided_by),
            mode=request.mode,
            policy=described.policy,
            facts=admission.facts,
            advisories=described.advisories,
            against=admission.advisories,
            client=request.client,
            origin=about.origin,
            needs=tuple(package_purl(self._dialect.ecosystem, name) for name in about.needs),
            subject=_exempted(admission.exemption),
        )

    def _event(
        self, request: Request, action: Action, name: str, delivery: Delivery, filename: str = ""
    ) -> Event:
        return Event(
            time=int(self._desk.clock() * 1000),
            action=action,
            identity=request.identity,
            asset=package_purl(self._dialect.ecosystem, name),
            file=filename,
            delivery=delivery,
            mode=request.mode,
            client=request.client,
        )

    async def _audit(self, request: Request, wanted: Audit) -> None:
        said = await self._desk.work(LOCAL, self._audited, wanted)
        await self._desk.noted(
            Event(
                time=int(self._desk.clock() * 1000),
                action=Action.AUDIT,
                identity=request.identity,
                delivery=Delivery.OFFERED,
                mode=request.mode,
                client=request.client,
                size=len(wanted.packages),
            )
        )
        await request.say(said)

    def _audited(self, wanted: Audit) -> Said:
        return audit(wanted)


def _exempted(exemption: str) -> str:
    """The digest of the exemption that was used, as it is told: `REASON (AUTHOR, until DATE)`."""
    return f"sha256:{hashlib.sha256(exemption.encode()).hexdigest()}" if exemption else ""


def worst(ruling: Ruling) -> tuple[str, tuple[str, ...]]:
    """The worst outcome among all files of a name, and the policies that came to it."""
    worst_of = Outcome.ALLOW
    policies: dict[str, None] = {}
    for admission in ruling.admissions.values():
        outcome = admission.decision.outcome
        if outcome.rank > worst_of.rank:
            worst_of, policies = outcome, {}
        if outcome is worst_of and outcome is not Outcome.ALLOW:
            policies.update(dict.fromkeys(item.policy for item in admission.decision.decided_by))
    return worst_of.value, tuple(policies)
