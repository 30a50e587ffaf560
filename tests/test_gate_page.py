"""docs/gate.md names tests that exist and are run; docs/clients.md is about the clients that are installed here."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOLES = 25
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows(page: str) -> list[list[str]]:
    """The cells of the page's table, without its head."""
    lines = [line for line in (ROOT / "docs" / page).read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines[2:]]


def skipped(marks: list[ast.expr]) -> bool:
    """`pytest.mark.skip`, or `skipif` and `xfail` with a constant for a condition or none."""
    for mark in marks:
        call = mark if isinstance(mark, ast.Call) else None
        name = ast.unparse(call.func if call else mark)
        if name.endswith("mark.skip"):
            return True
        if name.endswith(("mark.skipif", "mark.xfail")):
            condition = call.args[0] if call and call.args else None
            if condition is None or isinstance(condition, ast.Constant):
                return True
    return False


def run_in(tree: ast.Module) -> set[str]:
    """The tests of a file that are not skipped whatever happens."""
    marks: list[ast.expr] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            marks += node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    if skipped(marks):
        return set()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {
        item.name
        for item in functions
        if item.name.startswith("test_") and not skipped(item.decorator_list) and not _begins_with_skip(item)
    }


def _begins_with_skip(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    body = [node for node in function.body if not _is_text(node)]
    return bool(body) and isinstance(body[0], ast.Expr) and ast.unparse(body[0]).startswith("pytest.skip(")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@cache
def named_in(path: str) -> frozenset[str]:
    file = ROOT / path
    return frozenset(run_in(ast.parse(file.read_text()))) if file.is_file() else frozenset()


def test_there_is_a_row_for_every_hole() -> None:
    assert [row[0] for row in rows("gate.md")] == [str(number) for number in range(1, HOLES + 1)]
    for row in rows("gate.md"):
        assert len(row) == 4
        assert all(len(cell) > 10 for cell in row[1:])


@pytest.mark.parametrize("number", range(1, HOLES + 1))
def test_every_row_names_tests_that_exist_and_are_run(number: int) -> None:
    cell = rows("gate.md")[number - 1][3]
    named = TEST.findall(cell)
    assert named
    assert "<br>".join(f"`{path}::{name}`" for path, name in named) == cell
    missing = [f"{path}::{name}" for path, name in named if name not in named_in(path)]
    assert not missing


def test_a_test_that_is_skipped_is_none() -> None:
    text = (
        "import pytest\n@pytest.mark.skip\ndef test_a(): ...\n@pytest.mark.skip('why')\ndef test_b(): ...\n"
        "@pytest.mark.skipif(True, reason='x')\ndef test_c(): ...\ndef test_d():\n 'text'\n pytest.skip('x')\n"
        "@pytest.mark.skipif(not HERE, reason='x')\ndef test_e(): ...\ndef test_f(): ...\ndef helper(): ...\n"
    )
    assert run_in(ast.parse(text)) == {"test_e", "test_f"}
    assert run_in(ast.parse("pytestmark = [pytest.mark.slow, pytest.mark.skip('x')]\n" + text)) == set()


def test_the_page_of_clients_is_about_those_that_are_installed_here() -> None:
    """Whoever updates one runs tests/servers/test_matrix.py anew and writes the page (it says how)."""
    python, node = ("pip", "uv", "poetry"), ("npm", "pnpm", "yarn")
    found = rows("clients.md")
    assert [(row[0], row[2]) for row in found] == [
        (tool, situation) for tool in (*python, *node) for situation in ("fresh", "locked", "foreign URL")
    ]
    assert {row[3] for row in found} == {"passed"}
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements/clients.txt").read_text(), re.M))
    packages = json.loads((ROOT / "requirements/npm-clients/package-lock.json").read_text())["packages"]
    pins.update({tool: packages[f"node_modules/{tool}"]["version"] for tool in node})
    assert {row[0]: row[1] for row in found} == {tool: pins[tool] for tool in (*python, *node)}
