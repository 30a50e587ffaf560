"""Real workflows to look at: what source archives of well-known projects carry of their repositories.

    python -m bench.corpus [DIRECTORY]     (default: .bench/corpus)

`corpus.txt` names the archives by version and digest. They are fetched from the index that this user's pip
is set to, and of each only the files that say what runs (`.github/`, task files, container files, lockfiles,
shell scripts, and what lies at the top) are written, below DIRECTORY/NAME-VERSION. Nothing is unpacked whole,
built or run. A second call fetches nothing again.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seawall.adapters.disk.tree import claimer
from seawall.adapters.http import Http, Patience
from seawall.adapters.machine.clients import look
from seawall.kernel.client import registry_urls
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offer
from seawall.readers.containers.member import Kind, source_of
from seawall.readers.containers.tar import members
from seawall.readers.lockfiles import FORMATS as LOCKFILES
from seawall.readers.pipelines import FORMATS as PIPELINES
from seawall.readers.registries.pypi_page import read_page

PLACE = Path(__file__).parent.parent / ".bench" / "corpus"
LIST = Path(__file__).parent / "corpus.txt"
_LINE = re.compile(r"([a-z0-9-]+)==(\S+) --hash=sha256:([0-9a-f]{64})")
_LARGEST = 1024 * 1024
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    version: str
    digest: str


def entries() -> Iterator[Entry]:
    for line in LIST.read_text().splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            raise SystemExit(f"{LIST}: not NAME==VERSION --hash=sha256:…: {line!r}")
        yield Entry(*found.groups())


def trees(place: Path = PLACE) -> tuple[Path, ...]:
    """The directories of the corpus, made where they are missing."""
    return tuple(_tree(entry, place) for entry in entries())


def _tree(entry: Entry, place: Path) -> Path:
    tree = place / f"{entry.name}-{entry.version}"
    done = tree.with_name(f".{tree.name}.done")
    if not done.exists():
        print(f"fetching {entry.name} {entry.version}", file=sys.stderr)
        _unpack(_archive(entry), tree)
        done.touch()
    return tree


def _archive(entry: Entry) -> bytes:
    index = registry_urls(look(os.environ, Path.cwd()))["PyPI"][0].url.rstrip("/")
    http = Http(patience=Patience(total=300.0))
    page = http.request("GET", f"{index}/{entry.name}/", headers={"accept": _ACCEPT})
    offering = read_page(
        page.body, page.headers.get("content-type", ""), page.url, entry.name, "pypi", DEFAULT_LIMITS
    )
    offer = next((o for o in offering.offers if f"sha256:{entry.digest}" in o.digests), None)
    if offer is None:
        raise SystemExit(f"{index} has no file of {entry.name} with the digest in {LIST}")
    return _bytes(offer, entry, http)


def _bytes(offer: Offer, entry: Entry, http: Http) -> bytes:
    data = http.request("GET", offer.url, limit=256 * 1024 * 1024).body
    if hashlib.sha256(data).hexdigest() != entry.digest:
        raise SystemExit(f"{offer.filename}: not the bytes that {LIST} names")
    return data


def _unpack(data: bytes, tree: Path) -> None:
    claims = claimer((*PIPELINES, *LOCKFILES))  # type: ignore[type-var]

    def wanted(name: str, size: int) -> bool:
        path = name.partition("/")[2]
        named = path.startswith(".github/") or "/" not in path or path.endswith(".sh")
        return size <= _LARGEST and (named or claims(path) is not None)

    for member in members(source_of(data), wanted, DEFAULT_LIMITS):
        path = member.name.partition("/")[2]
        if member.kind is not Kind.FILE or not member.whole or ".." in path.split("/"):
            continue
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(member.data)


if __name__ == "__main__":
    for tree in trees(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE):
        found = list((tree / ".github" / "workflows").glob("*.y*ml"))
        print(f"{tree.name}: {len(found)} workflows")
