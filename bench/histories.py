"""Release histories of what ordinary installs bring, out of the caches that they left: times and flags only.

    npm install --cache CACHE --before=DATE …        # npm then asks for documents with times, and keeps them
    SEAWALL_DATA=DATA seawall firewall --mode observe, and pip install through it
    python bench/histories.py CACHE DATA ADVISORIES.zip DATE > src/seawall/data/histories.json

Left out are addresses, digests, people (accounts are numbers) and pre-releases. Nobody is asked here.
"""

import base64
import json
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seawall.kernel.comparing import is_final
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.release import Listed, Listing
from seawall.readers.registries.npm_packument import listing_in
from seawall.readers.registries.pypi_page import read_page

START = datetime(2020, 1, 1, tzinfo=UTC)
LAST = timedelta(days=375)
FIXES_SINCE = datetime(2022, 9, 1, tzinfo=UTC)
"""Advisories with dates are at hand for PyPI until October 2024; histories with one go back as far."""
KEPT_BEFORE = 3


def npm_documents(cache: Path) -> Iterator[dict]:
    """Every full package document in npm's cache."""
    for index in sorted((cache / "_cacache" / "index-v5").rglob("*")):
        for line in index.read_text().splitlines() if index.is_file() else ():
            entry = json.loads(line.partition("\t")[2]) if "\t" in line else {}
            if not entry.get("integrity") or entry["key"].endswith(".tgz"):
                continue
            algorithm, _, value = entry["integrity"].partition("-")
            digest = base64.b64decode(value).hex()
            path = cache / "_cacache" / "content-v2" / algorithm / digest[:2] / digest[2:4] / digest[4:]
            try:
                document = json.loads(path.read_bytes())
            except (OSError, ValueError):
                continue
            if isinstance(document, dict) and "time" in document and "versions" in document:
                yield document


def pypi_pages(data: Path) -> Iterator[Listing]:
    """Every project page that the firewall heard."""
    for path in sorted((data / "heard").rglob("*")):
        if not path.is_file():
            continue
        head, _, body = path.read_bytes().partition(b"\n")
        told = json.loads(head)
        name = told["url"].rstrip("/").rpartition("/")[2]
        if "simple" in told["type"] and told["status"] == 200:
            yield read_page(body, told["type"], told["url"], name, "", DEFAULT_LIMITS).listing


def minutes(then: datetime) -> int:
    """Since the beginning of 2020."""
    return int((then - START).total_seconds() // 60)


def packed(listing: Listing, since: datetime, names: dict[str, int]) -> dict | None:
    """One package; publishers become numbers in the order of their first release here."""
    found = [r for r in listing.releases if r.published and is_final(r.version)]
    found.sort(key=lambda r: r.published)
    late = [r for r in found if r.published >= since]
    kept = [r for r in found if r.published < since][-KEPT_BEFORE:] + late
    if not kept:
        return None
    people: dict[str, int] = {}
    rows = []
    before: list[int] | None = None
    for item in kept:
        needs = sorted(names.setdefault(name, len(names)) for name, _ in item.dependencies or ())
        rows.append([item.version, minutes(item.published), flags(item), who(item, people)])
        if item.last_file and item.last_file != item.published:
            rows[-1].append(minutes(item.last_file))
        if listing.ecosystem == "npm" and needs != before:
            rows[-1] += [None] * (5 - len(rows[-1])) + [needs]
            before = needs
    born = listing.first_release or kept[0].published
    return {"ecosystem": listing.ecosystem, "name": listing.name, "born": minutes(born), "releases": rows}


def flags(item: Listed) -> int:
    """1 attested, 2 nobody says whether, 4 runs at install, 8 published by a pipeline, 16 yanked."""
    attested = 2 if item.provenance is None else int(bool(item.provenance))
    return attested | 4 * bool(item.install_script) | 8 * bool(item.pipeline) | 16 * (item.yanked is not None)


def who(item: Listed, people: dict[str, int]) -> int:
    """A number for whoever published it; -1 where nobody says."""
    name = item.published_by
    return -1 if name is None else people.setdefault(name, len(people))


def advisories(archive: Path, names: set[str], since: datetime) -> Iterator[list]:
    """[name, published, events] of reviewed records about these PyPI packages, once they had a fix."""
    with zipfile.ZipFile(archive) as opened:
        for member in sorted(opened.namelist()):
            record = json.loads(opened.read(member))
            if record.get("withdrawn") or record["id"].startswith("MAL-"):
                continue
            published = datetime.fromisoformat(record.get("published") or record["modified"])
            published = published if published.tzinfo else published.replace(tzinfo=UTC)
            if published < since:
                continue
            for item in record.get("affected", ()):
                events = [
                    [kind, text]
                    for bounds in item.get("ranges", ())
                    if bounds["type"] == "ECOSYSTEM"
                    for event in bounds["events"]
                    for kind, text in event.items()
                ]
                if item["package"]["name"].lower() in names and any(kind == "fixed" for kind, _ in events):
                    yield [item["package"]["name"].lower(), minutes(published), events]


def main() -> None:
    """Write it all to standard output."""
    cache, data, records, taken = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    now = datetime.fromisoformat(taken).replace(tzinfo=UTC)
    names: dict[str, int] = {}
    documents = {d["name"]: d for d in npm_documents(cache)}
    listings = [listing_in(document, name) for name, document in sorted(documents.items())]
    pages = list(pypi_pages(data))
    flaws = list(advisories(records, {page.name for page in pages}, FIXES_SINCE))
    repaired = {name for name, *_ in flaws}
    found = [packed(listing, now - LAST, names) for listing in listings]
    found += [packed(p, FIXES_SINCE if p.name in repaired else now - LAST, names) for p in pages]
    packages = [item for item in found if item]
    made = {
        "schema": "seawall/histories/1",
        "taken": taken,
        "names": list(names),
        "packages": packages,
        "advisories": flaws,
        "advisories_until": "2024-10-10",
    }
    json.dump(made, sys.stdout, separators=(",", ":"))


main()
