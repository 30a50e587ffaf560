"""50,000 packages against 200,000 generated records: how long the index takes to make and to ask."""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .lockfiles import WORDS
from .measure import Line

RECORDS = 200_000
PINS = 50_000


def record(number: int, rng: random.Random) -> bytes:
    """One OSV record of ordinary size and shape."""
    name = f"{rng.choice(WORDS)}-{rng.choice(WORDS)}-{number % 60_000}"
    malicious = number % 10 == 0
    ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": f"{number % 9}.{number % 7}.1"}]}]
    affected = {
        "package": {"ecosystem": "npm", "name": name, "purl": f"pkg:npm/{name}"},
        "ranges": [] if malicious else ranges,
        "versions": [f"{number % 9}.0.{i}" for i in range(3 if malicious else 12)],
        "database_specific": {"source": "https://advisories.example/" + name},
    }
    document = {
        "schema_version": "1.7.0",
        "id": f"{'MAL' if malicious else 'GHSA'}-2026-{number}",
        "modified": f"2026-0{number % 9 + 1}-01T00:00:00Z",
        "published": "2026-01-01T00:00:00Z",
        "aliases": [f"CVE-2026-{number}"],
        "summary": f"A flaw in {name}",
        "details": "Something can be done with it that should not be possible. " * 6,
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [affected],
        "references": [{"type": "WEB", "url": "https://advisories.example/" + name}],
        "database_specific": {"severity": "HIGH", "cwe_ids": ["CWE-79"]},
    }
    return json.dumps(document).encode()


def _write(path: Path) -> None:
    rng = random.Random(7)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(RECORDS):
            archive.writestr(f"{number}.json", record(number, rng))


def _child(words: list[str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.feeds", *words], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def lines() -> Iterator[Line]:
    """Build and ask in processes of their own, so that their memory is theirs."""
    with tempfile.TemporaryDirectory() as place:
        feed = Path(place) / "npm" / "all.zip"
        feed.parent.mkdir()
        _write(feed)
        limit = _child(["limit", str(feed)])["seconds"]
        built = _child(["build", str(feed.parent.parent), f"{place}/index.db"])
        asked = _child(["ask", f"{place}/index.db"])
    rate = RECORDS / built["seconds"]
    yield Line(
        f"index of {RECORDS:,} records",
        f"{rate:,.0f} records/s",
        f"{RECORDS / limit:,.0f} (unpacking and parsing alone)",
        f"{built['seconds'] / limit:.2f}",
        "≥ 20,000 records/s",
        rate >= 20_000,
    )
    yield Line(
        f"{PINS:,} packages against it, after start",
        f"{asked['seconds']:.2f} s",
        f"{asked['limit']:.2f} s (reading the same rows)",
        f"{asked['seconds'] / asked['limit']:.1f}",
        "≤ 1 s",
        asked["seconds"] <= 1,
    )
    peak = max(built["peak"], asked["peak"])
    yield Line("memory of both, peak", f"{peak:.0f} MiB", "", "", "≤ 300 MB", peak <= 286)


def _main(words: list[str]) -> dict[str, float]:
    from seawall.adapters.feeds.index import open_index

    start = time.perf_counter()
    more: dict[str, float] = {}
    if words[0] == "limit":
        with zipfile.ZipFile(words[1]) as archive:
            for name in archive.namelist():
                json.loads(archive.read(name))
    elif words[0] == "build":
        from seawall.adapters.feeds.sync import sync

        sync(words[1], Path(words[2]), ("npm",))
    else:
        rng = random.Random(7)
        known = [f"{rng.choice(WORDS)}-{rng.choice(WORDS)}-{n % 60_000}" for n in range(PINS)]
        # One package in twenty has advisories, as in ordinary trees.
        keys = [
            ("npm", name if n % 20 == 0 else f"{name}-other", f"{n % 9}.0.1") for n, name in enumerate(known)
        ]
        start = time.perf_counter()
        index = open_index(Path(words[1]))
        assert index is not None
        rows = list(index.about({(e, n) for e, n, _ in keys}))
        more["limit"] = time.perf_counter() - start
        start = time.perf_counter()
        found = index.matches(keys)
        more["matches"] = len(found)
        more["rows"] = len(rows)
    more["seconds"] = time.perf_counter() - start
    more["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return more


if __name__ == "__main__":
    print(json.dumps(_main(sys.argv[1:])))
