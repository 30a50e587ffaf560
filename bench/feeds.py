"""50,000 packages against 200,000 generated records: how long the index takes to make and to ask."""

import json
import random
import sqlite3
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from . import lockfiles
from .lockfiles import WORDS
from .measure import MEGABYTE, Cost, Line, in_turn, output, run
from .startup import Turn

SHARES = {"npm": 140_000, "PyPI": 40_000, "crates.io": 10_000, "Go": 10_000}
RECORDS = sum(SHARES.values())
PINS = 50_000


def record(number: int, ecosystem: str, rng: random.Random) -> bytes:
    """One OSV record of ordinary size and shape; one in eight is about a name that lockfiles here hold."""
    name = named(number, rng)
    if ecosystem == "Go":
        name = f"module.example/{name}"
    malicious = number % 10 == 0
    events = [{"introduced": "0"}, {"fixed": f"{number % 3}.{number % 7}.1"}]
    ranges = [{"type": "ECOSYSTEM" if ecosystem == "PyPI" else "SEMVER", "events": events}]
    affected = {
        "package": {"ecosystem": ecosystem, "name": name, "purl": f"pkg:generic/{name}"},
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


def named(number: int, rng: random.Random) -> str:
    """The name that a record is about."""
    if number % 8 == 1:
        return "-".join(rng.sample(WORDS, 3))
    return f"{rng.choice(WORDS)}-{rng.choice(WORDS)}-{number % 60_000}"


def write(root: Path) -> None:
    """The records as the public bucket holds them: `ECOSYSTEM/all.zip`."""
    rng, first = random.Random(7), 0
    for ecosystem, count in SHARES.items():
        path = root / ecosystem / "all.zip"
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(first, first + count):
                archive.writestr(f"{number}.json", record(number, ecosystem, rng))
        first += count


def index_in(place: Path) -> Path:
    """Where the index of these records lies once `lines` went by."""
    return place / "index-of-all.db"


def lines(place: Path) -> Iterator[Line]:
    """Build and ask in processes of their own, so that their time and memory are theirs."""
    feed, index = place / "feed", index_in(place)
    write(feed)
    built, limit = in_turn(
        2, lambda: _build(feed, index), lambda: run([sys.executable, "-m", "bench.feeds", "limit", str(feed)])
    )
    for what, mine, other in (("wall", built.wall, limit.wall), ("CPU", built.cpu, limit.cpu)):
        yield Line(
            f"index of {RECORDS:,} records made by `seawall sync`, records per second of {what} time",
            f"{RECORDS / mine:,.0f}",
            f"{RECORDS / other:,.0f} (one process that unpacks and parses them, no more)",
            f"{mine / other:.2f} of its time",
            "≥ 20,000" if what == "wall" else "",
            RECORDS / mine >= 20_000,
        )
    asked = in_turn(3, lambda: run([sys.executable, "-m", "bench.feeds", "ask", str(index)], memory=True))[0]
    yield _question(index)
    yield _whole_scan(place, index)
    for what, cost in (("making", built), ("asking", asked)):
        yield Line(
            f"memory of {what} it, all processes",
            f"{cost.peak / MEGABYTE:.0f} MB",
            bar="≤ 300 MB",
            met=cost.peak <= 300 * MEGABYTE,
        )


def _build(feed: Path, index: Path) -> Cost:
    index.unlink(missing_ok=True)
    return run(
        [sys.executable, "-m", "seawall", "sync", "--from", str(feed), "--index", str(index)], memory=True
    )


def _question(index: Path) -> Line:
    found = [json.loads(output([sys.executable, "-m", "bench.feeds", "ask", str(index)])) for _ in range(3)]
    mine, rows = min(f["seconds"] for f in found), min(f["limit"] for f in found)
    return Line(
        f"{PINS:,} packages against it, {found[0]['matches']:,.0f} of them hit, after start, wall",
        f"{mine:.2f} s",
        f"{rows:.2f} s (the same rows read from SQLite)",
        f"{mine / rows:.1f}",
        "≤ 1 s",
        mine <= 1,
    )


def _whole_scan(place: Path, index: Path) -> Line:
    tree = place / "many"
    tree.mkdir()
    (tree / "package-lock.json").write_text(lockfiles.package_lock(PINS, 3))
    turn = Turn(place)
    words = ("scan", str(tree), "--offline", "--no-history")
    whole, without = in_turn(
        2, lambda: turn.run(*words, "--index", str(index), memory=True), lambda: turn.run(*words)
    )
    return Line(
        f"the whole scan of a package-lock.json of {PINS:,} packages against it, CPU",
        f"{whole.cpu:.2f} s, {whole.peak / MEGABYTE:.0f} MB",
        f"{without.cpu:.2f} s (the same scan with no index)",
        f"{whole.cpu / without.cpu:.2f}",
    )


def _ask(index_path: Path) -> dict[str, float]:
    """One package in twenty is one that advisories are about, as in ordinary trees."""
    from seawall.adapters.feeds.index import open_index

    rng = random.Random(7)
    known = [named(number, rng) for number in range(PINS)]
    keys = [("npm", name if n % 20 == 0 else f"{name}-other", f"{n % 9}.0.1") for n, name in enumerate(known)]
    start = time.perf_counter()
    index = open_index(index_path)
    assert index is not None
    found = index.compare(keys).matches
    taken = time.perf_counter() - start
    return {
        "seconds": taken,
        "limit": _rows(index_path, [name for _, name, _ in keys]),
        "matches": len(found),
    }


def _rows(index_path: Path, names: list[str]) -> float:
    """Seconds to read what the index holds about these names, by plain SQL."""
    start = time.perf_counter()
    connection = sqlite3.connect(index_path)
    for part in (names[at : at + 400] for at in range(0, len(names), 400)):
        marks = ",".join("?" * len(part))
        question = f"SELECT * FROM affected WHERE ecosystem = 'npm' AND name IN ({marks})"
        connection.execute(question, part).fetchall()
    connection.close()
    return time.perf_counter() - start


def _main(words: list[str]) -> None:
    if words[0] == "limit":
        for path in sorted(Path(words[1]).glob("*/all.zip")):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    json.loads(archive.read(name))
    else:
        print(json.dumps(_ask(Path(words[1]))))


if __name__ == "__main__":
    _main(sys.argv[1:])
