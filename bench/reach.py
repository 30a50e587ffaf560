"""`seawall reach` over real workflows, beside zizmor on the very same files, and over ever more of them.

The real ones are those of `python -m bench.corpus`: fetched once, never part of this repository. zizmor gets
the files that it reads (workflows, actions, settings of Dependabot), in one call; Seawall the same files in
one process, tree after tree, with its report as JSON. Both have read the files before.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import corpus, workflows
from .measure import Cost, Line, in_turn, output, run

OURS = """
import sys
from pathlib import Path
from seawall.kernel.unburdened import unburdened
from seawall.reach import of_tree
from seawall.reports import reach_json
with unburdened():
    for tree in sys.argv[1:]:
        sys.stdout.write(reach_json.render(of_tree(Path(tree))))
"""
ZIZMOR = (
    "--offline", "--no-config", "--no-ignores", "--no-progress", "--quiet", "--color=never",
    "--format=json-v1", "--no-exit-codes", "--collect=all", "--",
)  # fmt: skip
TIMES = 5


def lines(place: Path) -> Iterator[Line]:
    """The corpus beside zizmor, then what the tree's other files add, then how it grows."""
    real = corpus.trees()
    copies = [_copied(tree, place / "workflows" / tree.name) for tree in real]
    yield from _beside_zizmor(copies)
    yield _with_all_files(real)
    yield from _growth(place)


def zizmor() -> Path:
    """The zizmor beside this Python (extra `zizmor`)."""
    found = Path(sys.executable).with_name("zizmor")
    if not found.exists():
        raise SystemExit("there is no zizmor beside this Python: pip install 'seawall[zizmor]'")
    return found


def _copied(tree: Path, target: Path) -> Path:
    """The files of a tree that zizmor reads too."""
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        workflow = name.startswith(".github/workflows/") and path.suffix in (".yml", ".yaml")
        if path.is_file() and (workflow or path.name in ("action.yml", "action.yaml", "dependabot.yml")):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)
    target.mkdir(parents=True, exist_ok=True)
    return target


def _ours(*trees: Path) -> list[str]:
    return [sys.executable, "-c", OURS, *map(str, trees)]


def _beside_zizmor(trees: list[Path]) -> Iterator[Line]:
    files = [path for tree in trees for path in tree.rglob("*") if path.is_file()]
    theirs_command = [str(zizmor()), *ZIZMOR, *map(str, trees)]
    what = f"reach over {len(files)} workflows and actions of {len(trees)} projects"
    edges, places = _told(output(_ours(*trees)))
    asked = subprocess.run(theirs_command, capture_output=True, check=True)  # what it warns of is left out
    notes = len(json.loads(asked.stdout))
    yield Line(
        f"{what}: what is told", f"{edges:,} edges from {places:,} places", f"{notes:,} findings (zizmor)"
    )
    ours, theirs = in_turn(
        TIMES, lambda: run(_ours(*trees), memory=True), lambda: run(theirs_command, memory=True)
    )
    yield _compared(f"{what}, wall", ours.wall, theirs.wall, "≤ 3", 3.0)
    yield _compared(f"{what}, CPU", ours.cpu, theirs.cpu)
    yield _memory(f"{what}, memory", ours, f"{theirs.peak / 1e6:.0f} MB (zizmor)")


def _told(text: str) -> tuple[int, int]:
    """(edges, places) of reports that stand one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    edges = places = 0
    while at < len(text):
        report, at = decoder.raw_decode(text, at)
        edges, places = edges + len(report["edges"]), places + len(report["places"])
        while at < len(text) and text[at].isspace():
            at += 1
    return edges, places


def _compared(what: str, mine: float, other: float, bar: str = "", most: float = 0.0) -> Line:
    ratio = mine / other
    return Line(
        what, f"{mine:.2f} s", f"{other:.2f} s (zizmor)", f"{ratio:.2f}", bar, not bar or ratio <= most
    )


def _memory(what: str, cost: Cost, against: str = "") -> Line:
    return Line(what, f"{cost.peak / 1e6:.0f} MB", against, "", "≤ 300 MB", cost.peak <= 300e6)


def _with_all_files(trees: tuple[Path, ...]) -> Line:
    """Task files, container files, scripts and manifests too: what a job starts is followed into them."""
    (cost,) = in_turn(2, lambda: run(_ours(*trees)))
    return Line("the same projects with all of their files, CPU", f"{cost.cpu:.2f} s")


def _growth(place: Path) -> Iterator[Line]:
    small, large = place / "thousand", place / "ten-thousand"
    workflows.write(small, 1_000)
    size = workflows.write(large, 10_000)
    few, many = in_turn(2, lambda: run(_ours(small), memory=True), lambda: run(_ours(large), memory=True))
    ratio = many.cpu / few.cpu
    what = f"reach over 10,000 generated workflows, {size / 1e6:.0f} MB"
    yield Line(
        f"{what}, CPU", f"{many.cpu:.1f} s", f"{few.cpu:.1f} s (1,000 of them)", f"{ratio:.1f}", "≤ 11.5",
        ratio <= 11.5,
    )  # fmt: skip
    yield Line(f"{what}, memory", f"{many.peak / 1e6:.0f} MB", f"{few.peak / 1e6:.0f} MB (1,000 of them)")
