"""Locks of actions: GitHub's own in both versions, that of another tool, and what is wrong in them."""

import json
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.pipeline import ActionsLock, LockedAction
from seawall.readers.pipelines import actions_lock

A, B = "a" * 40, "b" * 40
LOCK = f"""\
version: 'v0.0.2'
workflows:
    '.github/workflows/ci.yml':
        - 'actions/checkout@v5.0.1'
        - 'Owner/Tool@main'
dependencies:
    'actions/checkout@v5.0.1':
        ref: 'v5.0.1'
        commit: 'sha1-{A}'
        owner_id: 1
        repo_id: 2
    'owner/tool@main':
        ref: 'main'
        commit: 'sha1-{B}'
        owner_id: 3
        repo_id: 4
        uses:
            - 'actions/checkout@v5.0.1'
"""


def read(text: str, path: str = ".github/workflows/actions.lock") -> ActionsLock:
    return actions_lock.read(dedent(text).encode(), path, DEFAULT_LIMITS)


def test_githubs_own_lock() -> None:
    found = read(LOCK)
    assert found.tool == "gh actions-lock"
    assert found.locked == (
        LockedAction("actions/checkout", "v5.0.1", A, 7),
        LockedAction("owner/tool", "main", B, 12, ("actions/checkout@v5.0.1",)),
    )
    assert found.workflows == ((".github/workflows/ci.yml", ("actions/checkout@v5.0.1", "owner/tool@main")),)
    assert found.problems == ()


def test_its_first_version() -> None:
    key = f"actions/checkout@v4:sha1-{A}"
    found = read(
        f"version: v0.0.1\nworkflows:\n  w.yml: ['{key}']\ndependencies:\n  '{key}': {{tag: v4, commit: 'sha1-{A}'}}"
    )
    assert found.locked == (LockedAction("actions/checkout", "v4", A, 5),)
    assert found.workflows == (("w.yml", ("actions/checkout@v4",)),)
    assert found.problems == ()


def test_a_longer_digest() -> None:
    found = read(LOCK.replace(f"sha1-{A}", f"sha256-{'c' * 64}"))
    assert found.locked[0].commit == "c" * 64


def test_another_tools_lock_names_its_tool() -> None:
    entry = {
        "version": "v4",
        "sha": A,
        "integrity": "sha256-x",
        "dependencies": [{"ref": "o/r@v1", "sha": B}],
    }
    found = read(
        json.dumps({"version": 1, "actions": {"Actions/Checkout": [entry]}}), ".github/actions.lock.json"
    )
    assert found.tool == "gh-actions-lockfile"
    assert found.locked == (LockedAction("actions/checkout", "v4", A, 1, ("o/r@v1",)),)
    assert found.workflows == ()
    assert found.problems == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("v0.0.2", "v1.0.0", 1, "version"),
        (f"sha1-{A}", "sha1-abc", 7, "without a full commit"),
        (f"        commit: 'sha1-{B}'\n", "", 12, "without a full commit"),
        ("    'owner/tool@main':", "    'owner-tool':", 12, "owner/repo@ref"),
        ("        - 'Owner/Tool@main'", "        - 'other/tool@main'", 2, "is not in the lock"),
        ("dependencies:", "other: {}\ndependencies:", 6, "unknown key `other`"),
        ("        repo_id: 4", "        trust: 4", 16, "unknown key `trust`"),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, line: int, words: str) -> None:
    assert old in LOCK
    found = read(LOCK.replace(old, new)).problems
    assert any(problem.line == line and words in problem.message for problem in found), found


@given(st.integers(0, len(LOCK)), st.integers(0, 80), st.sampled_from(["", "[", "- ", "\n", "@", ":"]))
@settings(max_examples=200, deadline=None)
def test_any_damage_is_read(at: int, cut: int, put: str) -> None:
    found = read(LOCK[:at] + put + LOCK[at + cut :])
    assert all(len(item.commit) in (40, 64) for item in found.locked)
