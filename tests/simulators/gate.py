"""Offerings, advisories and a gate on them, without a network and without this machine's settings."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seawall.adapters.feeds.index import Filled, Row, build, open_index, row_of
from seawall.adapters.stores.seen import open_seen
from seawall.admit import Gate
from seawall.grounds import Advisories, Grounds, grounds
from seawall.kernel.gate_settings import Exemption
from seawall.kernel.identity import address
from seawall.kernel.intake import FeedState
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.policy.engine import Policy
from seawall.kernel.release import Listed, Listing
from seawall.kernel.rule import Rule
from seawall.kernel.settings import DEFAULTS, Settings
from seawall.rules import RULES

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ME = address("127.0.0.1")


def ago(days: float = 0, hours: float = 0) -> datetime:
    return NOW - timedelta(days=days, hours=hours)


def release(version: str, published: datetime | None, **more: object) -> Listed:
    values = {
        "digests": (f"sha512:{version.encode().hex():0>128}",),
        "dependencies": (("left", "^1"),),
        "install_script": False,
        "provenance": None,
        "publisher": "ann",
        **more,
    }
    return Listed(version, published, **values)  # type: ignore[arg-type]


def npm(name: str, *releases: Listed, digest: str = "sha256:1") -> Offering:
    """An npm package: one file per release."""
    offers = tuple(
        Offer(
            item.version,
            f"{name.rpartition('/')[2]}-{item.version}.tgz",
            f"https://registry.example/{name}/-/{item.version}.tgz",
            item.digests,
            item.published,
        )
        for item in releases
    )
    first = min((item.published for item in releases if item.published), default=None)
    return Offering(
        "npm", name, "main", "registry.example", Listing("npm", name, releases, first), offers, digest=digest
    )


def pypi(name: str, files: Mapping[str, tuple[str, datetime | None]], digest: str = "sha256:1") -> Offering:
    """A PyPI project: file name → (version, upload time)."""
    offers = tuple(
        Offer(
            version, filename, f"https://files.example/{filename}", (f"sha256:{filename.encode().hex()}",), at
        )
        for filename, (version, at) in files.items()
    )
    versions = dict.fromkeys(offer.version for offer in offers)
    releases = []
    for version in versions:
        times = [offer.published for offer in offers if offer.version == version]
        known = [time for time in times if time is not None]
        whole = len(known) == len(times)
        releases.append(
            Listed(version, min(known) if whole else None, last_file=max(known) if whole else None)
        )
    first = min((offer.published for offer in offers if offer.published), default=None)
    listing = Listing("PyPI", name, tuple(releases), first)
    return Offering("PyPI", name, "main", "registry.example", listing, offers, digest=digest)


def advisory(
    name: str, package: str, *events: dict[str, str], ecosystem: str = "npm", **more: object
) -> dict:
    """An OSV record about a range; `events` as in OSV."""
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "SEMVER" if ecosystem == "npm" else "ECOSYSTEM", "events": list(events)}],
    }
    return {
        "id": name,
        "modified": "2026-11-20T00:00:00Z",
        "published": "2026-11-19T00:00:00Z",
        "summary": f"A flaw in {package}",
        "affected": [affected],
        **more,
    }


def malware(name: str, package: str, *versions: str) -> dict:
    affected = {"package": {"ecosystem": "npm", "name": package}, "versions": list(versions)}
    return {"id": name, "modified": "2026-11-24T00:00:00Z", "affected": [affected]}


def write_index(path: Path, records: Iterable[dict] = (), as_of: datetime = NOW) -> None:
    """An index of these records and one about something else, that covers npm and PyPI."""
    rows = []
    for record in (*records, malware("MAL-0000-1", "something-else", "1.0.0")):
        row = row_of(json.dumps(record).encode(), "osv", "x.json", DEFAULT_LIMITS)
        assert isinstance(row, Row), row
        rows.append(row)
    state = FeedState("osv", as_of.isoformat(), len(rows), ("npm", "PyPI"))
    build(rows, [Filled(state)], path)


def ground(
    place: Path,
    records: Iterable[dict] = (),
    settings: Settings = DEFAULTS,
    exemptions: Iterable[Exemption] = (),
    policy: Policy | None = None,
    rules: Iterable[Rule] = RULES,
    as_of: datetime = NOW,
) -> Grounds:
    path = place / "advisories.db"
    write_index(path, records, as_of)
    return grounds(settings, Advisories(open_index(path, any_thread=True)), exemptions, policy, rules)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def gate(
    place: Path, records: Iterable[dict] = (), clock: Callable[[], datetime] | None = None, **more: object
) -> Gate:
    """A gate of its own on a store of its own; `shut` closes both."""
    made = ground(place, records, **more)  # type: ignore[arg-type]
    return Gate(made, open_seen(place / "gate.db"), engine="engine/1", clock=clock or Clock())


def shut(opened: Gate) -> None:
    opened.close()
    opened._seen.close()


def changed(offering: Offering, filename: str, **more: object) -> Offering:
    """The offering with one file that says something else."""
    offers = tuple(replace(o, **more) if o.filename == filename else o for o in offering.offers)
    return replace(offering, offers=offers, digest=offering.digest + "x")
