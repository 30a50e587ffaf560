"""The gate: what deciding about a name costs when nothing of it was decided before."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .measure import Line, seconds

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
VERSIONS, FLAWS, VECTORS, RUNS = 300, 12, 100, 40
_numbers = itertools.count()


def lines(place: Path) -> Iterator[Line]:
    """CPU time of this process. Cold: a new store, a new policy cache; parsers and imports are warm."""
    place = place / "admit"
    place.mkdir(exist_ok=True)
    yield from _vectors()
    yield from _names(place)


def _vectors() -> Iterator[Line]:
    import cedarpy

    from seawall.decide import chosen_policy
    from seawall.kernel.policy.classes import classes_of
    from seawall.kernel.policy.engine import decide_all
    from seawall.kernel.policy.facts import Hotfix, Question, package

    nothing = Hotfix()
    for name, hotfix, what in (
        ("default", nothing, ""),
        ("strict", nothing, ""),
        ("default", Hotfix(lowest_fixed=True), ", something rare known of each"),
    ):
        policy = chosen_policy(name)
        classes = classes_of(policy, "fetch")
        rows = [_facts(number, hotfix) for number in range(VECTORS)]
        resource = package("pkg:npm/name@1.0.0", "npm", "name", "1.0.0")

        def cold(facts=rows, policy=policy, classes=classes, resource=resource) -> None:  # type: ignore[no-untyped-def]
            known: dict[object, object] = {}
            for item in facts:
                decide_all(policy, (Question(classes.of(item), "fetch", resource),), known)
            assert len(known) == VECTORS

        requests = [
            {
                "principal": {"type": "Workload", "id": "seawall"},
                "action": {"type": "Action", "id": "fetch"},
                "resource": {"type": "Package", "id": resource.id},
                "context": classes.of(item).context(),
            }
            for item in rows
        ]
        nobody = cedarpy.Entities.from_json_str("[]", policy._schema)

        def alone(requests=requests, policy=policy, nobody=nobody) -> None:  # type: ignore[no-untyped-def]
            for request in requests:
                cedarpy.is_authorized_batch([request], policy._every, nobody, policy._schema)

        runs = [(seconds(cold, 1), seconds(alone, 1)) for _ in range(RUNS)]
        took, theirs = (min(found) / VECTORS * 1e6 for found in zip(*runs, strict=True))
        yield Line(
            f"one cold decision of the gate by the policy `{name}`, each with other facts{what}, CPU",
            f"{took:.0f} µs",
            f"{theirs:.0f} µs (cedarpy alone, the same request)",
            f"{took / theirs:.2f}",
            bar="≤ 250 µs",
            met=took <= 250,
        )


def _facts(number: int, hotfix):  # type: ignore[no-untyped-def]
    from seawall.kernel.policy.facts import Facts

    signals = ("young-release", "provenance-lost", "publisher-changed", "install-script", "new-dependency")
    return Facts(
        malware_checked=True,
        vulnerabilities_checked=True,
        signals=frozenset(f"packages/{s}" for bit, s in enumerate(signals) if number >> bit & 1),
        findings=frozenset({"packages/vulnerable"}) if number % 3 == 0 else frozenset(),
        worst_vulnerability=2 if number % 3 == 0 else -1,
        age_hours=number * 24,
        age_days=number,
        hotfix=hotfix,
        deny_severity=number,
    )


def _names(place: Path) -> Iterator[Line]:
    from seawall.adapters.feeds.index import open_index
    from seawall.adapters.stores.seen import SeenStore, open_seen
    from seawall.admit import Gate
    from seawall.grounds import Advisories, grounds
    from seawall.kernel.identity import address
    from seawall.kernel.policy.facts import Mode
    from seawall.kernel.settings import DEFAULTS

    _index(place / "advisories.db")
    offering, me = _offering(), address("127.0.0.1")
    opened: list[tuple[Gate, SeenStore]] = []

    def new() -> Gate:
        advisories = Advisories(open_index(place / "advisories.db", any_thread=True))
        store = open_seen(place / f"gate{next(_numbers)}.db")
        opened.append((Gate(grounds(DEFAULTS, advisories), store), store))
        return opened[-1][0]

    def measured(gates: list[Gate]) -> float:
        # The first gate warms what is kept for the whole process: versions that were parsed, statements.
        return seconds(lambda: gates.pop().rule(offering, me, Mode.ENFORCE, NOW), len(gates)) * 1e3

    measured([new()])
    first = measured([new() for _ in range(7)])
    yield Line(
        f"judging an npm name with {VERSIONS} versions and {FLAWS} advisories for the first time, CPU",
        f"{first:.1f} ms",
        bar="≤ 60 ms",
        met=first <= 60,
    )
    gate = new()
    gate.rule(offering, me, Mode.ENFORCE, NOW)
    evaluated = len(gate._state[1].decided)
    again = measured([gate] * 7)
    yield Line(
        f"judging it again ({evaluated} answers of the policy are known, every file was seen), CPU",
        f"{again:.1f} ms",
    )
    one = offering.offers[-1].filename
    file = seconds(lambda: gate.admit(offering, one, me, Mode.ENFORCE, NOW), 7) * 1e3
    yield Line("judging one file of it, with what was found inside, CPU", f"{file:.1f} ms")
    plain = replace(offering, name="nobody", listing=replace(offering.listing, name="nobody"))
    quiet = seconds(lambda: gate.rule(plain, me, Mode.ENFORCE, NOW), 7) * 1e3
    yield Line(f"judging {VERSIONS} versions that no advisory is about, CPU", f"{quiet:.1f} ms")
    for made, store in opened:
        made.close()
        store.close()


def _offering():  # type: ignore[no-untyped-def]
    from seawall.kernel.offer import Offer, Offering
    from seawall.kernel.release import Listed, Listing

    listed, offers = [], []
    for number in range(VERSIONS):
        version = f"{number // 100}.{number // 10 % 10}.{number % 10}"
        at = NOW - timedelta(days=(VERSIONS - number) * 10 - 8)
        digests = (f"sha512:{number:0128x}", f"sha1:{number:040x}")
        needs = (("follow-redirects", "^1.15.6"), ("form-data", "^4.0.0"), ("proxy-from-env", "^1.1.0"))
        listed.append(Listed(version, at, digests, needs, False, True))
        url = f"https://registry.example/axios/-/axios-{version}.tgz"
        offers.append(Offer(version, f"axios-{version}.tgz", url, digests, at))
    listing = Listing("npm", "axios", tuple(listed), NOW - timedelta(days=4000))
    return Offering("npm", "axios", "main", "registry.example", listing, tuple(offers), digest="sha256:1")


def _index(path: Path) -> None:
    from seawall.adapters.feeds.index import Filled, build, row_of
    from seawall.kernel.intake import FeedState
    from seawall.kernel.limits import DEFAULT_LIMITS

    rows = []
    for number in range(FLAWS):
        fixed = f"{number // 5}.{number % 5 + 1}.0"
        events = [{"introduced": "0"}, {"fixed": fixed}]
        package = {"ecosystem": "npm", "name": "axios"}
        record = {
            "id": f"GHSA-{number:04d}-xxxx-yyyy",
            "aliases": [f"CVE-2026-{number}"],
            "modified": "2026-11-01T00:00:00Z",
            "summary": f"A flaw, number {number}",
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"}],
            "affected": [{"package": package, "ranges": [{"type": "SEMVER", "events": events}]}],
        }
        row = row_of(json.dumps(record).encode(), "osv", "x.json", DEFAULT_LIMITS)
        rows.append(row)
    build(rows, [Filled(FeedState("osv", NOW.isoformat(), FLAWS, ("npm", "PyPI")))], path)  # type: ignore[arg-type]
