"""A firewall is put together from its settings, and taken apart again without losing what it wrote down."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from seawall import examine
from seawall.adapters.issuers.keys import IssuerKeys
from seawall.adapters.origins.circuit import Circuits
from seawall.adapters.origins.dates import Dates
from seawall.adapters.origins.fetch import Authorization, Fetcher
from seawall.adapters.origins.heard import HeardStore
from seawall.adapters.origins.hub import HubDoor
from seawall.adapters.stores.blobs import Blobs
from seawall.adapters.stores.seen import open_seen
from seawall.adapters.stores.tokens import TokenStore
from seawall.admit import Gate, open_gate
from seawall.grounds import Places
from seawall.handing import Hander
from seawall.hub_handing import HubHander
from seawall.hub_inspecting import look_into
from seawall.hub_offering import HubOfferer
from seawall.kernel.errors import SeawallError
from seawall.kernel.event import Action, Event
from seawall.kernel.gate_settings import Exemption, GateSettings
from seawall.kernel.identity import Identity
from seawall.offering import Names, Offerer
from seawall.record import LEDGER_FILE, Record, Trouble, open_record
from seawall.vouching import is_set_up, ledger_settings, settings_path, vouch

from .app import Firewall, Room
from .desk import Desk, Identify
from .hf import PREFIX as HUB_PREFIX
from .hf import HubRoom
from .identify import Refusal, check_proxies, identify
from .npm import NPM
from .posted import own_answers
from .pypi import PYPI
from .room import RegistryRoom

GATE_FILE = "gate.db"
INDEX_FILE = "advisories.db"
DIALECTS = (PYPI, NPM)
"""Every registry protocol that is spoken."""

LOG = logging.getLogger("seawall.firewall")
OURSELVES = Identity("seawall", kind="Workload")
EMPTIED = (
    "the ledger begins anew, although names of earlier entries are known: it was emptied or removed;"
    " put a backup in its place, or find out who did that"
)
UNSIGNED = "the ledger is signed by nobody: seawall ledger init"
_LOOK = 0.4
_ALIVE = 300.0
_VOUCH = 300.0


@dataclass(slots=True)
class Assembled:
    """A firewall that is ready to serve. Call `begin` when it does and `end` when it is over."""

    app: Firewall
    desk: Desk
    gate: Gate
    record: Record
    ledger: Path
    closing: list[Callable[[], None]] = field(default_factory=list)
    _trouble: Trouble | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Write down that it serves, and watch for changes of what it decides by."""
        self._say("started")
        self._look_for_a_signer()
        for note in self.desk.notes:
            LOG.warning(note)
        for do in (self._watch, self._be_vouched_for):
            thread = threading.Thread(target=do, name=f"seawall-{do.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Write down that it stopped, and give everything back."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
        self.desk.close()
        try:
            self._say("stopped")
        except SeawallError as error:
            LOG.error("the end was not written down", extra={"why": str(error)})
        for close in reversed(self.closing):
            close()
        if lost := self.record.backlog:
            LOG.error("events were never written down, because the ledger failed", extra={"why": str(lost)})
        self._vouch()

    def _say(self, subject: str, action: Action = Action.SERVE) -> None:
        about = self.gate.describe()
        self.record.note(
            Event(
                time=int(self.desk.clock() * 1000),
                action=action,
                identity=OURSELVES,
                digest=about.feeds,
                policy=about.policy,
                facts=about.settings,
                advisories=about.advisories,
                mode=self.desk.settings.mode,
                subject=subject,
            )
        )

    def _watch(self) -> None:
        alive, broken, resumed = time.monotonic(), "", 0
        while not self._stop.wait(_LOOK):
            try:
                if self.gate.reload():
                    LOG.info("what is decided by has changed", extra={"generation": self.gate.generation})
                    self._say("changed", Action.SETTINGS)
                before, broken = broken, self.gate.describe().broken
                if broken and broken != before:
                    LOG.error("what was changed cannot be used, so the old counts", extra={"why": broken})
                self._look_for_a_signer()
                resumed = self._say_resumed(resumed)
                if time.monotonic() - alive >= _ALIVE:
                    alive = time.monotonic()
                    self._say("alive")
            except SeawallError as error:
                LOG.error("not reloaded", extra={"why": str(error), "advice": error.advice})
            except Exception:
                LOG.exception("a defect in Seawall itself")

    def _say_resumed(self, before: int) -> int:
        """A ledger that failed and goes on says so itself: of the time between nothing can be excluded."""
        if trouble := self.record.failed:
            if trouble != self._trouble:
                LOG.error("the ledger cannot be written", extra={"why": str(trouble)})
            self._trouble = trouble
            return before
        self._trouble = None
        if self.record.resumed != before:
            self._say("resumed")
            LOG.warning("the ledger is written again")
        return self.record.resumed

    def _look_for_a_signer(self) -> None:
        """It is said for as long as it is so: without a signature a ledger is this machine's word alone."""
        self.desk.notes = (
            *((EMPTIED,) if self.record.begins_anew else ()),
            *(() if is_set_up() else (UNSIGNED,)),
        )

    def _be_vouched_for(self) -> None:
        while not self._stop.wait(_VOUCH):
            self._vouch()

    def _vouch(self) -> None:
        """Have the ledger signed, witnessed and copied as it was set up; nothing where it was not.

        A witness may keep us waiting, so this has a thread of its own.
        """
        try:
            self._sign()
        except SeawallError as error:
            LOG.error("the ledger is not signed", extra={"why": str(error), "advice": error.advice})

    def _sign(self) -> None:
        found = ledger_settings(settings_path())
        if found is None:
            return
        made = vouch(self.ledger, found, datetime.fromtimestamp(self.desk.clock(), UTC))
        for why in (*made.failed, *made.tampered):
            LOG.error("the ledger is not vouched for", extra={"why": why})
        LOG.info("the ledger is signed", extra={"entries": made.checkpoint.size})


def assemble(
    settings: GateSettings,
    bases: tuple[str, ...],
    data: Path,
    authorization: Authorization,
    firewall_file: Path | None,
    exemptions: Callable[[], Iterable[Exemption]],
    clock: Callable[[], float] = time.time,
) -> Assembled:
    """A firewall that keeps what it knows in `data`. `firewall_file` is watched for changed exemptions.

    Raises PolicyError, StoreError or TamperedError: it does not begin on anything broken.
    """
    instance = secrets.token_hex(8)

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    check_proxies(settings)
    with ExitStack() as opened:
        record = open_record(data, within=settings.within_seconds)
        opened.callback(record.close)
        seen = open_seen(data / GATE_FILE)
        opened.callback(seen.close)
        tokens = TokenStore(data / GATE_FILE)
        opened.callback(tokens.close)
        dates = Dates(clock)
        heard = HeardStore(data / "heard", settings.heard_bytes)
        fetcher = Fetcher(
            heard,
            clock=clock,
            authorization=authorization,
            stale_seconds=settings.stale_seconds,
            document_bytes=settings.document_bytes,
            circuits=Circuits(settings.connections),
            instance=instance,
            dates=dates,
        )
        opened.callback(fetcher.close)
        names = Names()
        gate = open_gate(
            Places(index=data / INDEX_FILE, firewall=firewall_file, exemptions=exemptions),
            seen,
            engine=examine.ENGINE,
            first_releases=names,
            clock=now,
            ahead=dates.ahead,
        )
        opened.callback(gate.close)
        opened.callback(examine.close)
        blobs = Blobs(data / "files", settings.cache_bytes, settings.file_bytes)
        offerer = Offerer(fetcher, gate, settings.origins, settings.fresh_seconds, clock=clock)
        names.ask(offerer, {dialect.ecosystem: dialect for dialect in DIALECTS})
        desk = Desk(
            settings=settings,
            gate=gate,
            offerer=offerer,
            hander=Hander(offerer, gate, fetcher, blobs, settings, now),
            record=record,
            identify=_identifier(settings, tokens),
            bases=bases,
            instance=instance,
            clock=clock,
        )
        keys = IssuerKeys()
        opened.callback(keys.close)
        desk.own.update(own_answers(settings, keys.key, tokens, record, now))
        rooms: dict[str, Room] = {dialect.prefix: RegistryRoom(desk, dialect) for dialect in DIALECTS}
        door = HubDoor(
            heard,
            clock=clock,
            authorization=authorization,
            stale_seconds=settings.stale_seconds,
            limit=settings.document_bytes,
            circuits=Circuits(settings.connections),
            instance=instance,
            dates=dates,
        )
        opened.callback(door.close)
        hub = HubOfferer(door, gate, settings.origins, settings.fresh_seconds, clock=clock)
        hands = HubHander(hub, gate, fetcher, blobs, settings, look_into, now)
        rooms[HUB_PREFIX] = HubRoom(desk, hub, hands)
        return Assembled(
            Firewall(desk, rooms), desk, gate, record, data / LEDGER_FILE, [opened.pop_all().close]
        )


def _identifier(settings: GateSettings, tokens: TokenStore) -> Identify:
    def who(host: str, headers: Mapping[str, str], tls: bool, now: float) -> Identity | Refusal:
        return identify(host, headers, tls, settings, tokens, datetime.fromtimestamp(now, UTC))

    return who
