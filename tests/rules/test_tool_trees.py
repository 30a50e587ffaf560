"""Every rule about tools speaks about each file of its bad tree, one of every format, and of no other tree.

A file of the bad tree that is only there so that another means something is in `COMPANIONS`.
"""

from pathlib import Path

import pytest
from tests.rules.test_rule_trees import HERE, findings

from seawall.kernel.advisory import Severity
from seawall.rules.tools import TOOLS

IDS = [rule.id for rule in TOOLS]
COMPANIONS = {"seawall.toml"}


def files(tree: Path) -> set[str]:
    found = (p.relative_to(tree).as_posix() for p in tree.rglob("*") if p.is_file())
    return {name for name in found if name not in COMPANIONS}


@pytest.mark.parametrize("rule", IDS)
def test_every_file_of_the_bad_tree_is_told(rule: str) -> None:
    told = {f.path for f in findings(rule, "bad") if f.severity > Severity.INFO}
    assert files(HERE / rule / "bad") - told == set()


@pytest.mark.parametrize("rule", IDS)
def test_every_finding_has_a_line_where_the_format_has_one(rule: str) -> None:
    whole = {"tools/changed-since-approved", "tools/unreadable"}
    missing = [f.path for f in findings(rule, "bad") if not f.line and rule not in whole]
    assert missing == []
