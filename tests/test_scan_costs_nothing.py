"""A tree without pipelines and tools pays nothing for those who read them; the cheap look misses no format."""

import subprocess
import sys
from pathlib import Path

import pytest

from seawall.kernel.pipeline import may_run
from seawall.kernel.tool import may_be_tool
from seawall.readers.pipelines import FORMATS as PIPELINES
from seawall.readers.tools import FORMATS as TOOLS

PLACES = ("github-workflow", "dockerfile", "compose", "pre-commit")
"""The formats that make a place where something runs (seawall/running.py)."""


def names(globs: tuple[str, ...]) -> list[str]:
    return [f"{above}{glob.replace('*', 'x')}" for glob in globs for above in ("", "a/b/")]


@pytest.mark.parametrize("path", [name for item in TOOLS for name in names(item.globs)])
def test_no_file_of_a_tool_is_missed(path: str) -> None:
    assert may_be_tool(path)


@pytest.mark.parametrize(
    "path", [name for item in PIPELINES if item.id in PLACES for name in names(item.globs)]
)
def test_no_place_where_something_runs_is_missed(path: str) -> None:
    assert may_run(path)


@pytest.mark.parametrize(
    "path", ["package.json", "src/app.py", "Makefile", "requirements/dev.txt", "uv.lock"]
)
def test_ordinary_files_are_neither(path: str) -> None:
    assert not may_run(path)
    assert not may_be_tool(path)


def test_a_plain_tree_calls_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    code = (
        "import sys; from seawall.cli.main import main;"
        f"main(['scan', {str(tmp_path)!r}, '--offline', '--no-history', '--format', 'json']);"
        "print(sorted(m for m in sys.modules if m.startswith(('seawall.readers.pipelines.', 'seawall.readers.tools.',"
        " 'seawall.kernel.reach.commands', 'seawall.kernel.reach.reaching', 'tree_sitter'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
