"""Real files cut at many places: what is missing is noticed wherever the format lets it be."""

import pytest

import compare_syft
from compare_syft import Case
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.lockfiles import FORMATS

CUTS = 16
SILENT = {"requirements.txt", "go.mod", "go.sum"}
"""Lists of lines, in which a file that ends early is a shorter file."""
AT_MOST = {"Cargo.lock": 2, "pylock.toml": 2, "yarn.lock": 2, "pdm.lock": 1}
"""Cuts per file that leave a whole file: between two packages, with nothing ahead that is asked for."""


def read(name: str, data: bytes) -> bool:
    item = next(f for f in FORMATS if any(_fits(name, glob) for glob in f.globs))
    return bool(item.read(data, name, DEFAULT_LIMITS).problems)


def _fits(name: str, glob: str) -> bool:
    return name.endswith(glob.lstrip("*")) if glob.startswith("*") else name == glob


@pytest.mark.parametrize(
    "case",
    [c for c in compare_syft.cases() if c.main not in SILENT and len(c.files[c.main]) < 150_000],
    ids=lambda case: case.name,
)
def test_a_cut_is_noticed(case: Case) -> None:
    data = case.files[case.main]
    missed = [at for at in range(1, CUTS) if not read(case.main, data[: len(data) * at // CUTS])]
    assert len(missed) <= AT_MOST.get(case.main, 0)
