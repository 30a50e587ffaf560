"""The npm dialect behind a server of a few lines, with audits."""

import json
from dataclasses import replace
from pathlib import Path

from seawall.audit import audit
from seawall.kernel.dialect import Asked, Audit
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.servers.firewall.npm import NPM

from .past import Reply, Request
from .past_npm import PastNpm
from .small_gate import SmallGate


class NpmGate(SmallGate):
    """Audits are answered from the index at `index`."""

    upstream: PastNpm

    def __init__(self, upstream: PastNpm) -> None:
        self.index: Path | None = None
        super().__init__(NPM, upstream)

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/npm")
        wanted = NPM.understand(
            Asked(request.method, path, request.query, request.headers, self.base, request.body)
        )
        if isinstance(wanted, Audit):
            said = audit(wanted, self.index)
            return Reply(said.status, said.body)
        reply = super().answer(request)
        told = reply.status == 403
        return replace(reply, phrase=json.loads(reply.body)["error"]) if told else reply

    def offering(self, name: str) -> Offering | None:
        if not self.upstream.shown(name):
            return None
        body = json.dumps(self.upstream.full(name)).encode()
        url = NPM.address(self.upstream.url, name)
        return NPM.read(body, "application/json", url, name, "first", DEFAULT_LIMITS)
