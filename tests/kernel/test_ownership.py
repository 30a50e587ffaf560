"""Patterns of CODEOWNERS mean what GitHub's documentation says that they mean, and the last line decides."""

import re
import time
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.ownership import OwnerLine, Owners, owned, owners_file

CASES = [
    ("*", "a", True), ("*", "a/b.c", True),
    ("*.js", "x.js", True), ("*.js", "a/b/x.js", True), ("*.js", "x.jsx", False), ("*.JS", "x.js", False),
    ("/build/logs/", "build/logs/a", True), ("/build/logs/", "build/logs/a/b", True),
    ("/build/logs/", "x/build/logs/a", False), ("/build/logs/", "build/logs", False),
    ("docs/*", "docs/a.md", True), ("docs/*", "docs/a/b.md", False), ("docs/*", "x/docs/a.md", False),
    ("apps/", "apps/a", True), ("apps/", "x/apps/a/b", True), ("apps/", "x/apps", False),
    ("/docs/", "docs/a/b", True), ("/docs/", "x/docs/a", False),
    ("**/logs", "build/logs/a", True), ("**/logs", "logs/a", True), ("**/logs", "x/y/logs", True),
    ("**/logs", "catalogs/a", False), ("/apps/github", "apps/github/a", True),
    ("/apps/github", "apps/github", True), ("/apps/github", "apps/githubx", False),
    ("/scripts/", "scripts/a", True), ("a/**/b", "a/b", True), ("a/**/b", "a/x/y/b/c", True),
    ("a/**", "a/x/y", True), ("/*", "a", True), ("/*", "a/b", False), ("/", "a", False), ("a?c", "abc", True),
    ("a?c", "a/c", False), (".github/workflows/", ".github/workflows/w.yml", True),
    ("lib/*.py", "lib/a.py", True), ("lib/*.py", "lib/x/a.py", False),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "path", "wanted"), CASES)
def test_a_pattern_is_meant_for_these_files(pattern: str, path: str, *, wanted: bool) -> None:
    assert owned(pattern, path) is wanted


def test_the_last_line_that_matches_decides() -> None:
    lines = (OwnerLine("*", ("@acme/all",), 1), OwnerLine("/a/", ("@dev-one",), 2), OwnerLine("/a/b", (), 3))
    file = Owners("CODEOWNERS", lines)
    assert [line and line.line for line in map(file.line_for, ("x", "a/x", "a/b"))] == [1, 2, 3]
    assert Owners("CODEOWNERS", lines[1:]).line_for("x") is None


def test_one_of_three_places_counts() -> None:
    files = [Owners("docs/CODEOWNERS"), Owners("CODEOWNERS"), Owners("x/CODEOWNERS")]
    found = owners_file(files)
    assert found is not None
    assert found.path == "CODEOWNERS"
    assert owners_file(files[2:]) is None


def test_a_hostile_pattern_takes_no_time() -> None:
    begun = time.perf_counter()
    assert not owned("a*" * 2_000 + "b", "a" * 2_000)
    assert not owned("**/a/" * 1_000 + "b", "a/" * 2_000 + "c")
    assert time.perf_counter() - begun < 10


NAMES = st.text(st.sampled_from("ab*?"), min_size=1, max_size=6)


@given(NAMES, st.text(st.sampled_from("ab"), min_size=1, max_size=6))
def test_one_segment_is_matched_as_a_glob(pattern: str, name: str) -> None:
    if "**" not in pattern:
        assert owned(f"/{pattern}", name) == bool(re.match(translate(pattern), name))
