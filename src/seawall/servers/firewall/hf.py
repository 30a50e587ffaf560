"""The room for `huggingface_hub`: models, datasets and spaces, by `HF_ENDPOINT`.

Whatever the hub offers to fetch elsewhere (redirects to large files, xet) is followed by us: a client is
never told of another host, so it opens no connection but to this one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from seawall.handing import Denied
from seawall.hub_handing import Handed, HubHander, denied, told
from seawall.hub_offering import HubOfferer, HubRefusal, HubShelf, Wanted
from seawall.kernel.admission import Admission
from seawall.kernel.asset import package_purl
from seawall.kernel.decision import Outcome
from seawall.kernel.dialect import Said
from seawall.kernel.event import Action, Delivery, Event
from seawall.kernel.hub import ECOSYSTEM, HubFile, Repository
from seawall.readers.registries.hub_info import info_for
from seawall.reports.denial import denial, reason

from .desk import Desk
from .files import send_file
from .hf_asked import Info, PathsInfo, Refs, Refused, Resolve, Tree, asked_for
from .phrase import ToldStatus
from .request import Message, Request

PREFIX = "hf"
_DOCUMENTS, _FILES = f"{PREFIX} documents", f"{PREFIX} files"
_BYTES = "application/octet-stream"
_NAMED = 3
_LONGEST = 800
_DOTS = str.maketrans("·…–—", "-.--")

Headers = tuple[tuple[str, str], ...]


class HubRoom:
    """Everything below `/hf`."""

    def __init__(self, desk: Desk, offerer: HubOfferer, hander: HubHander) -> None:
        self._desk = desk
        self._offerer = offerer
        self._hander = hander

    async def serve(self, request: Request) -> None:
        """Answer, whatever it is."""
        asked = asked_for(request.method, request.path)
        if isinstance(asked, Refused):
            if request.method not in ("GET", "HEAD"):
                await request.body()
            await request.say(_said(asked.status, asked.message))
            return
        try:
            match asked:
                case Info():
                    await self._info(request, asked.wanted)
                case Tree():
                    await self._tree(request, asked)
                case PathsInfo():
                    await self._paths_info(request, asked.wanted)
                case Refs():
                    await self._refs(request, asked.wanted)
                case Resolve():
                    await self._resolve(request, asked)
        except HubRefusal as refusal:
            event = self._event(request, _action(request, asked), None, asked.wanted)
            await self._desk.noted(
                replace(event, file=asked.path if isinstance(asked, Resolve) else "", outcome="")
            )
            await request.say(_handed_on(refusal))

    async def _info(self, request: Request, wanted: Wanted) -> None:
        shelf, body = await self._once(request, "info", wanted, self._told, request, wanted)
        if await self._shut(request, shelf, Action.METADATA):
            return
        await self._document(request, shelf, body, Action.METADATA)

    def _told(self, request: Request, wanted: Wanted) -> tuple[HubShelf, bytes]:
        shelf = self._offerer.shelf(wanted, request.identity, request.mode)
        return shelf, info_for(shelf.raw, shelf.lets_in)

    async def _tree(self, request: Request, asked: Tree) -> None:
        shelf, body, follows = await self._once(
            request,
            "tree",
            (asked, request.query),
            self._offerer.tree,
            asked.wanted,
            request.identity,
            request.mode,
            asked.path,
            request.query,
        )
        if await self._shut(request, shelf, Action.LIST):
            return
        link = f'<{request.base}{request.path}?{follows}>; rel="next"' if follows else ""
        await self._document(request, shelf, body, Action.LIST, (("link", link),) if link else ())

    async def _paths_info(self, request: Request, wanted: Wanted) -> None:
        try:
            form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10_000)
        except ValueError:
            await request.say(_said(400, "Seawall takes at most 10,000 paths at once"))
            return
        expand = form.get("expand", [""])[0].lower() == "true"
        shelf, body = await self._desk.work(
            _DOCUMENTS, self._named, request, wanted, form.get("paths", []), expand
        )
        if not await self._shut(request, shelf, Action.LIST):
            await self._document(request, shelf, body, Action.LIST)

    def _named(
        self, request: Request, wanted: Wanted, paths: list[str], expand: bool
    ) -> tuple[HubShelf, bytes]:
        shelf = self._offerer.shelf(wanted, request.identity, request.mode)
        return shelf, self._offerer.paths_info(shelf, paths, expand=expand)

    async def _refs(self, request: Request, wanted: Wanted) -> None:
        body, origin = await self._desk.work(_DOCUMENTS, self._offerer.refs, wanted, request.query)
        event = self._event(request, Action.LIST, None, wanted)
        await self._desk.noted(replace(event, delivery=Delivery.OFFERED, origin=origin.name))
        await request.say(Said(200, body))

    async def _resolve(self, request: Request, asked: Resolve) -> None:
        began = time.monotonic()
        about = (asked.wanted, asked.path, request.identity, request.mode)
        if request.method == "HEAD":
            shelf, file, admission = await self._once(request, "head", asked, self._hander.described, *about)
            await self._described(request, shelf, file, admission)
            return
        handed: Handed = await self._once(request, "file", asked, self._hander.prepare, *about)
        self._desk.metrics.seconds.labels(PREFIX, "file").observe(time.monotonic() - began)
        event = self._of(request, Action.FETCH, handed.shelf, handed.answer.admission)
        event = replace(
            event, file=asked.path, digest=handed.digest or handed.answer.digest, size=handed.file.size or 0
        )
        if isinstance(handed.answer, Denied):
            await self._refuse(request, event, handed.answer)
            return
        settle = partial(
            self._hander.settled,
            asked.wanted,
            asked.path,
            identity=request.identity,
            mode=request.mode,
        )
        more = _about(handed.shelf.repository, handed.file, handed.answer.admission)
        await send_file(self._desk, _FILES, _telling(request, more), handed.answer, event, settle, _BYTES)

    async def _described(
        self, request: Request, shelf: HubShelf, file: HubFile, admission: Admission
    ) -> None:
        event = replace(
            self._of(request, Action.METADATA, shelf, admission),
            file=file.path,
            digest=next(iter(file.digests), ""),
            size=file.size or 0,
        )
        if not admission.lets_in:
            await self._refuse(request, event, denied(shelf, file, admission))
            return
        await self._desk.noted(replace(event, delivery=Delivery.OFFERED))
        headers: Headers = (
            ("content-type", _BYTES),
            ("etag", f'"{file.etag}"'),
            ("accept-ranges", "bytes"),
            *((("content-length", str(file.size)),) if file.size is not None else ()),
            *_about(shelf.repository, file, admission),
        )
        await request.start(200, _encoded(headers))
        await request.block(b"", more=False)

    async def _refuse(self, request: Request, event: Event, about: Denied) -> None:
        await self._desk.noted(replace(event, delivery=Delivery.REFUSED))
        await request.say(_denied(about))

    async def _shut(self, request: Request, shelf: HubShelf, action: Action) -> bool:
        """Where not one file is let in, that is said at once: an empty list would tell nobody why."""
        admission = shelf.shut
        if admission is None:
            return False
        repository = shelf.repository
        about = Denied(
            told(repository),
            repository.revision or repository.commit,
            admission,
            shelf.ruling.best,
            shelf.origin.name,
        )
        await self._refuse(request, self._of(request, action, shelf, admission), about)
        return True

    async def _document(
        self, request: Request, shelf: HubShelf, body: bytes, action: Action, more: Headers = ()
    ) -> None:
        event = self._of(request, action, shelf, _worst(shelf))
        if shelf.stale:
            self._desk.told_stale(PREFIX, shelf.origin.name)
            event = replace(event, subject="stale")
        await self._desk.noted(replace(event, delivery=Delivery.OFFERED, digest=shelf.ruling.digest))
        self._desk.metrics.requests.labels(PREFIX, "document", "made").inc()
        left_out = _left_out(shelf)
        topic = f"seawall {shelf.repository.title}"
        warned: Headers = (("x-hf-warning", f"{topic}; {left_out}"),) if left_out else ()
        headers = (("x-repo-commit", shelf.repository.commit), *more, *warned)
        await request.say(Said(200, body, headers=headers))

    async def _once(self, request: Request, word: str, asked: object, do: Any, *given: object) -> Any:
        """One answer for all who ask the same at the same time, and are judged alike."""
        kind = _FILES if word == "file" else _DOCUMENTS
        desk = self._desk
        key = (PREFIX, word, asked, desk.gate.class_of(request.identity), request.mode, desk.gate.generation)
        return await desk.once(kind, key, do, *given)

    def _event(
        self, request: Request, action: Action, repository: Repository | None, wanted: Wanted | None = None
    ) -> Event:
        asset = repository.purl if repository else package_purl(ECOSYSTEM, wanted.title) if wanted else ""
        return Event(
            time=int(self._desk.clock() * 1000),
            action=action,
            identity=request.identity,
            asset=asset,
            delivery=Delivery.NONE,
            mode=request.mode,
            client=request.client,
        )

    def _of(self, request: Request, action: Action, shelf: HubShelf, admission: Admission | None) -> Event:
        """The event of one answer; how it was delivered is filled in when that is known."""
        about = self._desk.gate.describe()
        event = replace(
            self._event(request, action, shelf.repository),
            origin=shelf.origin.name,
            policy=about.policy,
            advisories=about.advisories,
        )
        if admission is None:
            return replace(event, outcome=Outcome.ALLOW.value)
        outcome = admission.decision.outcome.value
        self._desk.metrics.decisions.labels(PREFIX, outcome, request.mode.value).inc()
        return replace(
            event,
            outcome=outcome,
            policies=tuple(item.policy for item in admission.decision.decided_by),
            facts=admission.facts,
            against=admission.advisories,
        )


def _action(request: Request, asked: Info | Tree | PathsInfo | Refs | Resolve) -> Action:
    if isinstance(asked, Resolve):
        return Action.METADATA if request.method == "HEAD" else Action.FETCH
    return Action.METADATA if isinstance(asked, Info) else Action.LIST


def _worst(shelf: HubShelf) -> Admission | None:
    """The worst answer among the files; None where there are none."""
    answers: Mapping[str, Admission] = shelf.ruling.admissions
    return max(answers.values(), key=lambda item: item.decision.outcome.rank, default=None)


def _left_out(shelf: HubShelf) -> str:
    """Which files are left out, for the person."""
    paths = [path for path, item in shelf.ruling.admissions.items() if not item.lets_in]
    if not paths:
        return ""
    named = ", ".join(paths[:_NAMED]) + (f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else "")
    why = shelf.ruling.admissions[paths[0]].sentence
    return _ascii(f"Seawall leaves out {named} of {told(shelf.repository)}: {why}")


def _about(repository: Repository, file: HubFile, admission: Admission) -> Headers:
    """What a client wants to know of a file besides its bytes; a warning reaches the person."""
    large: Headers = (
        (("x-linked-etag", f'"{file.sha256}"'), ("x-linked-size", str(file.size or 0))) if file.sha256 else ()
    )
    warned: Headers = ()
    if admission.decision.outcome is Outcome.WARN:
        # The library shows each topic of a warning once; a file is a topic.
        text = f"Seawall: {told(repository, file.path)}: {admission.sentence}"
        warned = (("x-hf-warning", f"{_ascii(file.path).replace(';', ',')}; {_ascii(text)}"),)
    return (("x-repo-commit", repository.commit), *large, *warned)


def _telling(request: Request, headers: Headers) -> Request:
    """The request with `headers` added to whatever answer begins well."""
    send = request.send

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in (200, 206, 304):
            message = {**message, "headers": [*message["headers"], *_encoded(headers)]}
        await send(message)

    return replace(request, send=adding)


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]


def _ascii(text: str) -> str:
    """One line for a header."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST])
    return plain.translate(_DOTS).encode("ascii", "replace").decode().strip()


def _said(status: int, message: str, code: str = "", more: Headers = ()) -> Said:
    """A refusal whose reason `huggingface_hub` shows: it reads these two headers."""
    headers: Headers = (("x-error-message", _ascii(message)), *more)
    if code:
        headers = (("x-error-code", code), *headers)
    return Said(ToldStatus(status, message), json.dumps({"error": message}).encode(), headers=headers)


def _handed_on(refusal: HubRefusal) -> Said:
    """The hub's own refusal. Without a code of its own a client would guess what is wrong."""
    more: Headers = (("x-repo-commit", refusal.commit),) if refusal.commit else ()
    message = refusal.message or f"the hub refuses ({refusal.status})"
    return _said(refusal.status, message, refusal.code, more)


def _denied(about: Denied) -> Said:
    """A denial. The library leaves out of the body what it has from the header, if both are the same."""
    text = reason(about.name, about.version, about.admission, about.best).translate(_DOTS)
    body = json.loads(denial(about.name, about.version, about.admission, about.best))
    body["error"] = _ascii(text)
    return Said(
        ToldStatus(403, text), json.dumps(body).encode(), headers=(("x-error-message", body["error"]),)
    )
