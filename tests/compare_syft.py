"""What syft says of the stored public lockfiles, and the table of differences in docs/compared-with-syft.md.

    python tests/compare_syft.py --ask     run syft (on the PATH, or named by SYFT) on every stored file
    python tests/compare_syft.py --write   write the table from what is stored and what our readers say

The tests need no syft: its answers are stored beside the files, as `name version` lines. Where syft does not
read a format, the stored list was made by `listed` below, a few lines for each such format that share nothing
with our readers.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml

from seawall.kernel.asset import pypi_name
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Document
from seawall.readers.lockfiles import FORMATS

ROOT = Path(__file__).parent.parent
PLACE = ROOT / "tests" / "data" / "lockfiles" / "public"
PAGE = ROOT / "docs" / "compared-with-syft.md"
START, END = "<!-- table: written by tests/compare_syft.py -->", "<!-- end of table -->"
NOT_READ = ("uv.lock", "pdm.lock", "pylock.toml", "bun.lock", "conda-lock.yml")
SHOWN = 12

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Case:
    """One stored file (or go.mod with its go.sum) and the list that it is compared with."""

    name: str
    files: dict[str, bytes]
    listed: frozenset[Pair]

    @property
    def main(self) -> str:
        return min(self.files)

    @property
    def by_syft(self) -> bool:
        return self.main not in NOT_READ


def cases() -> list[Case]:
    found = []
    for folder in sorted(PLACE.iterdir()):
        if folder.is_dir():
            files = {p.name.removesuffix(".gz"): gzip.decompress(p.read_bytes()) for p in folder.glob("*.gz")}
            answer = folder / "listed.txt"
            lines = answer.read_text().splitlines() if answer.exists() else []
            pairs = frozenset(
                (name, version) for name, _, version in (line.rpartition(" ") for line in lines)
            )
            found.append(Case(folder.name, files, pairs))
    return found


@cache
def documents(case: Case) -> tuple[Document, ...]:
    """What our readers say of the case's files."""
    found = []
    for name, data in sorted(case.files.items()):
        item = next(f for f in FORMATS if any(fnmatchcase(name, glob) for glob in f.globs))
        found.append(item.read(data, name, DEFAULT_LIMITS))
    return tuple(found)


def ours(case: Case) -> frozenset[Pair]:
    return frozenset((pin.name, pin.version) for document in documents(case) for pin in document.pins)


def asked(case: Case, syft: str) -> frozenset[Pair]:
    """syft reads package-lock.json only under that name, so a shrinkwrap is given to it as one."""
    with tempfile.TemporaryDirectory() as place:
        for name, data in case.files.items():
            (Path(place) / name.replace("npm-shrinkwrap", "package-lock")).write_bytes(data)
        settings = {"SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_JAVASCRIPT_INCLUDE_DEV_DEPENDENCIES": "true"}
        command = [syft, f"dir:{place}", "-q", "--select-catalogers", "+sbom-cataloger", "-o", "syft-json"]
        done = subprocess.run(command, capture_output=True, check=True, env=os.environ | settings)
    return frozenset(
        (pypi_name(item["name"]) if item["type"] == "python" else item["name"], item["version"])
        for item in json.loads(done.stdout)["artifacts"]
    )


def listed(case: Case) -> frozenset[Pair]:
    data = case.files[case.main]
    if case.main == "bun.lock":
        text = re.sub(r",(\s*[}\]])", r"\1", data.decode())
        entries = (entry[0].rpartition("@") for entry in json.loads(text)["packages"].values())
        return frozenset((name, version) for name, _, version in entries if ":" not in version)
    if case.main == "conda-lock.yml":
        packages = yaml.safe_load(data)["package"]
        return frozenset((p["name"], str(p["version"])) for p in packages)
    lock = tomllib.loads(data.decode())
    packages = lock.get("package") or lock["packages"]
    own = ("editable", "virtual")
    return frozenset(
        (pypi_name(p["name"]), p["version"])
        for p in packages
        if "version" in p and not any(kind in p.get("source", {}) for kind in own)
    )


def differences() -> dict[str, dict[str, object]]:
    """Why, by case: `only_ours` and `only_theirs` are names with versions, or a number where they are many."""
    loaded: dict[str, dict[str, object]] = tomllib.loads((PLACE / "differences.toml").read_text())
    return loaded


def table() -> str:
    known = differences()
    lines = ["| file | compared with | ours | theirs | only ours | only theirs | why |"]
    lines.append("| --- | --- | ---: | ---: | --- | --- | --- |")
    for case in cases():
        mine, theirs = ours(case), case.listed
        other = "syft" if case.by_syft else "plain listing"
        why = known.get(case.name, {}).get("why", "")
        more, less = (shown(pairs) for pairs in (mine - theirs, theirs - mine))
        lines.append(
            f"| `{case.name}/{case.main}` | {other} | {len(mine)} | {len(theirs)} | {more} | {less} | {why} |"
        )
    return "\n".join(lines)


def shown(pairs: frozenset[Pair]) -> str:
    if not pairs:
        return "0"
    names = sorted(f"{name} {version}" for name, version in pairs)
    tail = " …" if len(names) > SHOWN else ""
    return f"{len(names)}: " + ", ".join(f"`{name}`" for name in names[:SHOWN]) + tail


def page() -> str:
    return re.sub(
        f"{re.escape(START)}.*?{re.escape(END)}",
        lambda _: f"{START}\n\n{table()}\n\n{END}",
        PAGE.read_text(),
        flags=re.DOTALL,
    )


def main() -> int:
    if "--ask" in sys.argv[1:]:
        syft = os.environ.get("SYFT") or shutil.which("syft")
        if not syft:
            sys.exit("syft is not on the PATH; name it by SYFT")
        for case in cases():
            pairs = asked(case, syft) if case.by_syft else listed(case)
            lines = sorted(f"{name} {version}\n" for name, version in pairs)
            (PLACE / case.name / "listed.txt").write_text("".join(lines))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
