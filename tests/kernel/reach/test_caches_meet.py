"""Which job's cache another one can restore: by reference, system and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.kernel.reach.small_trees import edge, said, tree

WRITER = """
on: {on}
permissions: {{}}
jobs:
  fill:
    runs-on: {system}
    needs: [{needs}]
    steps:
      - uses: {action}
        with: {{{given}}}
      - run: npm install loose
"""
READER = """
on: {on}
permissions: {{}}
jobs:
  release:
    runs-on: {system}
    steps:
      - uses: {action}
        with: {{{given}}}
      - run: npm test
        env: {{KEY: "${{{{ secrets.KEY }}}}"}}
"""
NODE = {"action": "actions/setup-node@v4", "given": "cache: npm", "system": "ubuntu-latest", "needs": ""}


def _said(tmp_path: Path, writer: dict[str, str], reader: dict[str, str]) -> tuple[str, str]:
    files = {"a.yml": WRITER.format(**NODE | writer), "b.yml": READER.format(**NODE | reader)}
    return said(tree(tmp_path, files), "cache:", "KEY", "#release")


@pytest.mark.parametrize(
    ("writer", "reader", "meets"),
    [
        ("push", "push", True),
        ("schedule", "release", True),
        ("{push: {branches: [main]}}", "{push: {tags: ['v*']}}", True),
        ("{push: {tags: ['v*']}}", "push", True),
        ("{push: {tags: ['v*']}}", "{push: {tags: ['v*']}}", True),
        ("{push: {tags: ['v*']}}", "{push: {branches: [main]}}", False),
        ("{push: {tags: ['v*']}}", "workflow_dispatch", False),
        ("release", "{push: {branches: [main]}}", False),
        ("pull_request", "push", False),
        ("pull_request", "pull_request", True),
        ("[pull_request, push]", "release", True),
    ],
)
def test_references(tmp_path: Path, writer: str, reader: str, meets: bool) -> None:
    found = _said(tmp_path, {"on": writer}, {"on": reader})
    assert bool(found[0]) is meets, found


@pytest.mark.parametrize(
    ("writer", "reader", "given", "meets"),
    [
        ("ubuntu-latest", "ubuntu-24.04-arm", "", True),
        ("ubuntu-latest", "macos-14", "", False),
        ("windows-2025", "ubuntu-latest", "", False),
        ("own-label", "macos-14", "", True),
        ("${{ matrix.os }}", "macos-14", "", True),
        ("ubuntu-latest", "macos-14", "key: deps, path: x", True),
        ("ubuntu-latest", "macos-14", "'key': '${{ runner.os }}-x', path: x", False),
        ("ubuntu-latest", "windows-2025", "key: deps, path: x", False),
    ],
)
def test_systems(tmp_path: Path, writer: str, reader: str, given: str, meets: bool) -> None:
    more = {"on": "push"} | ({"action": "actions/cache@v4", "given": given} if given else {})
    found = _said(tmp_path, {"system": writer, **more}, {"system": reader, **more})
    assert bool(found[0]) is meets, found


def test_a_job_that_waits_fills_the_cache_of_a_tag_too_late(tmp_path: Path) -> None:
    jobs = READER.format(on="{push: {tags: ['v*']}}", **NODE) + WRITER.format(
        on="x", **NODE | {"needs": "release"}
    ).partition("jobs:\n")[2]  # fmt: skip
    assert said(tree(tmp_path, {"a.yml": jobs}), "cache:", "KEY", "#release") == ("", "")
    branch = jobs.replace("{push: {tags: ['v*']}}", "push")
    assert said(tree(tmp_path, {"a.yml": branch}), "cache:", "KEY", "#release")[0]


def test_a_cache_of_rust_belongs_to_its_job(tmp_path: Path) -> None:
    rust = {"action": "Swatinem/rust-cache@v2", "on": "push", "given": ""}
    assert _said(tmp_path, rust, rust) == ("", "")
    shared = rust | {"given": "shared-key: all"}
    assert _said(tmp_path, shared, shared)[0]
    reach = tree(tmp_path, {"a.yml": WRITER.format(**NODE | rust)})
    assert edge(reach, "npm install loose", "rust-cache of fill", "#fill") is not None


def test_whose_runs_restore_it_is_told(tmp_path: Path) -> None:
    reach = tree(tmp_path, {"a.yml": WRITER.format(**NODE | {"on": "{push: {tags: ['v*']}}"})})
    found = edge(reach, "npm install loose", "setup-node npm", "#fill")
    assert found is not None
    assert found.condition == "for later runs of the same tag that restore this key"
