"""The real firewall on loopback in this process, with simulated registries behind it and a clock of its own.

    with firewall(tmp_path, npm=past.npm_url, now=lambda: past.now) as gate:
        gate.url, gate.get("/npm/axios"), gate.entries()

Everything is as `seawall firewall` puts it together, but for the process, its signals and the clock.
`advisories` are OSV records; there is always one about a package that nobody asks for, so that both ecosystems
are covered, and `advised` makes another index while it runs.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3
import uvicorn

from seawall.adapters.feeds.index import Filled, build, row_of
from seawall.adapters.stores.ledger import open_ledger
from seawall.kernel.gate_settings import Exemption, GateSettings, Listen
from seawall.kernel.intake import FeedState
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.origin import Origin
from seawall.record import entries
from seawall.servers.firewall.assembly import Assembled, assemble
from seawall.servers.firewall.phrase import speak_phrases
from seawall.servers.firewall.runner import bases, configured

NOBODYS = {
    "id": "MAL-2020-1",
    "modified": "2020-01-01T00:00:00Z",
    "affected": [
        {"package": {"ecosystem": name, "name": "nobody-asks"}, "versions": ["1.0.0"]}
        for name in ("npm", "PyPI")
    ],
}


def malware(ecosystem: str, name: str, *versions: str, id: str = "MAL-2026-1") -> dict[str, Any]:
    return {
        "id": id,
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "versions": list(versions)}],
    }


def index(data: Path, as_of: datetime, advisories: Sequence[Mapping[str, Any]] = ()) -> None:
    """Make the advisory index anew, as `seawall sync` would."""
    written = as_of.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    records = [NOBODYS, *advisories]
    rows = [
        row_of(json.dumps(item).encode(), "osv", f"{item['id']}.json", DEFAULT_LIMITS) for item in records
    ]
    state = FeedState("osv", written, len(rows), ("npm", "PyPI"), "simulated")
    build(rows, [Filled(state, "2026-01-01T00:00:00Z")], data / "advisories.db", accept_smaller=["osv"])  # type: ignore[arg-type]


class RealFirewall:
    """A firewall that answers. `url` is its address."""

    def __init__(self, assembled: Assembled, url: str, data: Path, now: Callable[[], datetime]) -> None:
        self.assembled, self.url, self.data, self.now = assembled, url, data, now
        self._pool = urllib3.PoolManager(retries=False, timeout=30.0)

    def get(self, path: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._pool.request(method, self.url + path, headers=named)

    def post(self, path: str, body: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._pool.request("POST", self.url + path, body=body, headers=named)

    def advised(self, *advisories: Mapping[str, Any]) -> None:
        """Other advisories are known from now on, as soon as the watcher looks."""
        index(self.data, self.now(), advisories)

    def reloaded(self) -> None:
        """The watcher has looked."""
        self.assembled.gate.reload()

    def entries(self) -> list[dict[str, Any]]:
        """Every entry of the ledger so far, as it was written."""
        self.assembled.record.keep(_nothing(self.now())).result(10)
        store = open_ledger(self.data / "ledger.db")
        try:
            return [dict(item.found) for item in entries(store)][:-1]
        finally:
            store.close()

    def close(self) -> None:
        self._pool.clear()


def _nothing(now: datetime) -> Any:
    from seawall.kernel.event import Action, Event
    from seawall.kernel.identity import Identity

    return Event(int(now.timestamp() * 1000), Action.SERVE, Identity("test"), subject="alive")


@contextmanager
def firewall(
    place: Path,
    *,
    npm: str = "",
    pypi: str = "",
    origins: Sequence[Origin] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    advisories: Sequence[Mapping[str, Any]] | None = (),
    settings: GateSettings | None = None,
    exemptions: Callable[[], Sequence[Exemption]] = tuple,
    authorization: Callable[[Origin], str] = lambda _: "",
) -> Iterator[RealFirewall]:
    """A firewall that keeps its data in `place`. With `advisories` None there is no index."""
    place.mkdir(parents=True, exist_ok=True)
    if advisories is not None:
        index(place, now(), advisories)
    own = [
        Origin(name, label, url)
        for name, label, url in (("npm", "registry", npm), ("PyPI", "index", pypi))
        if url
    ]
    found = replace(settings or GateSettings(fresh_seconds=0.0), origins=(*origins, *own))
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    addresses = bases(Listen(port=0), listener)
    assembled = assemble(
        found, addresses, place, authorization, None, exemptions, clock=lambda: now().timestamp()
    )
    speak_phrases()
    config = configured(assembled.app, Listen())
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    gate = RealFirewall(assembled, addresses[0], place, now)
    try:
        assembled.begin()
        yield gate
    finally:
        gate.close()
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
        assembled.end()
        listener.close()
