"""Whose approval of a tool's file counts: a person's own and the trusted base's, never the tree's."""

from pathlib import Path

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.settings import DEFAULTS, Settings, tightened
from seawall.kernel.tool import Approval
from seawall.readers.settings.seawall_toml import read
from seawall.trust import approvals_here, own_settings, trust

DIGEST = "sha256:" + "ab" * 32
TREE = f'[tools]\napproved = [{{ path = ".mcp.json", digest = "{DIGEST}" }}]\n'.encode()
APPROVAL = Approval(".mcp.json", DIGEST)


def test_a_tree_approves_nothing() -> None:
    for has_base in (True, False):
        got = trust(DEFAULTS, TREE, None, has_base=has_base, limits=DEFAULT_LIMITS)
        assert got.settings.approved_tools == ()


def test_a_change_that_brings_its_own_approval_is_named() -> None:
    got = trust(DEFAULTS, TREE, None, has_base=True, limits=DEFAULT_LIMITS)
    assert [c.what for c in got.changes] == ["approved_tools was changed"]


def test_the_trusted_base_approves_beside_the_person() -> None:
    own = Settings(approved_tools=(Approval("AGENTS.md", DIGEST),))
    got = trust(own, TREE, TREE, has_base=True, limits=DEFAULT_LIMITS)
    assert got.settings.approved_tools == (Approval("AGENTS.md", DIGEST), APPROVAL)
    assert got.changes == ()


def test_own_files_add_up() -> None:
    got = own_settings([("machine", TREE), ("user", TREE.replace(b".mcp.json", b"a"))], DEFAULT_LIMITS)
    assert [a.path for a in got.approved_tools] == [".mcp.json", "a"]


def test_a_tree_may_only_ask_for_more() -> None:
    asks = Settings(require_tool_approval=True)
    given = frozenset({"require_tool_approval"})
    assert tightened(DEFAULTS, asks, given).require_tool_approval
    assert tightened(asks, DEFAULTS, given).require_tool_approval


def test_an_approval_with_a_whole_path_is_for_one_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    here = tmp_path / "work" / "a"
    own = Settings(
        approved_tools=(
            Approval("~/work/a/.mcp.json", "1"),
            Approval(str(tmp_path / "work" / "b" / ".mcp.json"), "2"),
            Approval(str(here / ".cursor" / "mcp.json"), "3"),
            Approval("AGENTS.md", "4"),
        )
    )
    found = approvals_here(own, here).approved_tools
    assert [(a.path, a.digest) for a in found] == [
        (".mcp.json", "1"),
        (".cursor/mcp.json", "3"),
        ("AGENTS.md", "4"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'approved = "a"',
        'approved = ["a"]',
        'approved = [{ path = "a" }]',
        'approved = [{ path = "a", digest = "sha256:ab" }]',
        'approved = [{ path = "a", digest = "md5:' + "a" * 32 + '" }]',
        'approved = [{ path = "", digest = "' + DIGEST + '" }]',
        'approved = [{ path = "a", digest = "' + DIGEST + '", by = "me" }]',
        'require_approval = "yes"',
        "require = true",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    got = read(f"[tools]\n{text}\n".encode(), "seawall.toml", DEFAULT_LIMITS)
    assert got.problems
    assert got.given == frozenset()
