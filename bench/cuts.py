"""Every mechanical cut of the corpus is made, and held against what it was to change.

    python -m bench.cuts [DIRECTORY]     (default: .bench/corpus)

Each tree is copied, cut with the diff that `seawall reach --fix` prints (applied by git), and looked at
again. Counts go to stdout; the first thing that does not hold ends it. What is held stands in
tests/test_cutting.py.
"""

import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.test_cutting import soundly_cut

from bench.corpus import PLACE


def main(place: Path) -> None:
    """Cut all trees of the corpus."""
    made: Counter[str] = Counter()
    left: Counter[str] = Counter()
    edges = gone = weaker = files = 0
    begun = time.perf_counter()
    for tree in sorted(path for path in place.iterdir() if path.is_dir()):
        with tempfile.TemporaryDirectory() as folder:
            top = Path(folder) / tree.name
            shutil.copytree(tree, top)
            found = soundly_cut(top)
        made.update(cut.id for file in found.files for cut in file.cuts)
        left.update(one.cut.id for one in found.left)
        edges, gone, weaker = edges + found.edges, gone + found.gone, weaker + found.weaker
        files += len(found.files)
    for name in sorted({*made, *left}):
        print(f"{name:<20} made {made[name]:>4}   left {left[name]:>4}")
    seconds = time.perf_counter() - begun
    print(f"{files} files; of {edges} edges {gone} are no more, {weaker} are weaker; {seconds:.1f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
