"""A dialect behind a server of a few lines, so that real clients can be tried before anything else is there.

It asks the simulated upstream in this process, so an upstream that listens nowhere is still one it can ask:
whatever a client gets, it got here. `denied` are (name, version), or file names; it knows no other policy.
"""

import json
from datetime import UTC, datetime

from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.decision import DecidedBy, Decision, Outcome
from seawall.kernel.dialect import Asked, Dialect, Document, File, Said
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.kernel.versions import order
from seawall.reports.denial import denial

from .past import Past, Reply, Request

DENY = Admission(
    Decision(Outcome.DENY, (DecidedBy("default/cooldown", "it is younger than 7 days"),)),
    allowed_from=datetime(2026, 4, 7, 0, 21, tzinfo=UTC),
)
ALLOW = Admission(Decision(Outcome.ALLOW))


class SmallGate(Past):
    def __init__(self, dialect: Dialect, upstream: Past) -> None:
        self.dialect, self.upstream = dialect, upstream
        self.denied: set[tuple[str, str] | str] = set()
        super().__init__(upstream.now)

    @property
    def base(self) -> str:
        return f"{self.url}/{self.dialect.prefix}"

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(f"/{self.dialect.prefix}")
        wanted = self.dialect.understand(
            Asked(request.method, path, request.query, request.headers, self.base)
        )
        if isinstance(wanted, Said):
            return Reply(wanted.status, wanted.body, wanted.content_type, dict(wanted.headers))
        offering = self.offering(wanted.name) if isinstance(wanted, Document | File) else None
        if offering is None:
            return Reply(404)
        ruling = self.ruling(offering)
        if isinstance(wanted, Document):
            made = self.dialect.render(offering, ruling, wanted.form, self.base)
            return Reply(made.status, made.body, made.content_type, dict(made.headers))
        assert isinstance(wanted, File)
        offer = offering.named(wanted.filename)
        if offer is None:
            return Reply(404)
        admission = ruling.admissions[offer.filename]
        if not admission.lets_in:
            return self.refuse(
                denial(offering.name, offer.version, admission, ruling.instead_of(offer.version))
            )
        url = offer.url.removeprefix(self.upstream.url) + (f".{wanted.aside}" if wanted.aside else "")
        return self.upstream.answer(Request("GET", url, "", {}))

    def refuse(self, body: bytes) -> Reply:
        return Reply(403, body, phrase=json.loads(body)["error"])

    def offering(self, name: str) -> Offering | None:
        address = self.dialect.address(f"{self.upstream.url}/simple", name)
        asked = Request("GET", address.removeprefix(self.upstream.url), "", {"accept": self.dialect.accept})
        said = self.upstream.answer(asked)
        if said.status != 200:
            return None
        return self.dialect.read(said.body, said.content_type, address, name, "first", DEFAULT_LIMITS)

    def ruling(self, offering: Offering) -> Ruling:
        allowed = [o.version for o in offering.offers if (offering.name, o.version) not in self.denied]
        best = max(allowed, key=order(self.dialect.ecosystem), default="")
        held = {o.filename for o in offering.offers if o.version not in allowed or o.filename in self.denied}
        return Ruling({o.filename: DENY if o.filename in held else ALLOW for o in offering.offers}, best=best)
