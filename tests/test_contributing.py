"""CONTRIBUTING.md is followed to the letter in a copy of the source: what it says is enough."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "src" / "seawall", tmp_path / "src" / "seawall", ignore=shutil.ignore_patterns("__pycache__")
    )
    rules = tmp_path / "tests" / "rules"
    rules.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "rules" / "test_rule_trees.py", rules)
    shutil.copytree(ROOT / "tests" / "simulators", tmp_path / "tests" / "simulators")
    return tmp_path


def python(copy: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=copy,
        env={"PYTHONPATH": f"{copy / 'src'}:{copy}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_rule_needs_a_function_and_two_trees(copy: Path) -> None:
    snippet = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert snippet
    code = re.sub(r"^ {3}", "", snippet[1], flags=re.MULTILINE)
    # The reader puts a condition where the dots are.
    code = code.replace(
        "    ...\n        yield", "    if not document.pins:\n            continue\n        yield"
    )
    with (copy / "src" / "seawall" / "rules" / "packages" / "locks.py").open("a") as file:
        file.write("\n\n" + code)
    trees = copy / "tests" / "rules" / "packages" / "my-rule"
    for side, text in (("bad", "a==1.0\n"), ("good", "# nothing yet\n")):
        (trees / side).mkdir(parents=True)
        (trees / side / "requirements.txt").write_text(text)
    said = python(
        copy,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/rules/test_rule_trees.py",
        "-k",
        "my-rule",
    )
    assert "2 passed" in said
    assert "One sentence that somebody could disagree with." in python(
        copy, "-m", "seawall", "explain", "packages/my-rule"
    )


FORMAT = '''"""A list of names and versions."""

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin
from seawall.readers.format import Format
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What the file says. Never raises."""
    try:
        lines = decode(data, limits).splitlines()
    except SyntaxFault as fault:
        return Document(path, "my-lock", DocumentKind.LOCKFILE, "npm", problems=(fault.at(path),))
    pins = tuple(Pin("npm", *line.split(" ", 1), path, n) for n, line in enumerate(lines, 1) if " " in line)
    return Document(path, "my-lock", DocumentKind.LOCKFILE, "npm", pins=pins)


FORMAT = Format(id="my-lock", kind=DocumentKind.LOCKFILE, ecosystem="npm", globs=("my.lock",), read=read)
'''


def test_a_format_needs_a_file_and_a_line(copy: Path) -> None:
    room = copy / "src" / "seawall" / "readers" / "lockfiles"
    (room / "my_lock.py").write_text(FORMAT)
    index = room / "__init__.py"
    text = index.read_text()
    text = text.replace("    node_modules,\n", "    my_lock,\n    node_modules,\n")
    index.write_text(text.replace("    spdx.FORMAT,\n", "    spdx.FORMAT,\n    my_lock.FORMAT,\n"))
    tree = copy / "tree"
    tree.mkdir()
    (tree / "my.lock").write_text("axios 1.14.1\n")
    code = (
        "import sys; from seawall.cli.main import main;"
        "sys.exit(0 if main(['scan', 'tree', '--offline', '--no-history', '--store',"
        f" 'sqlite:///{copy}/store.db', '--format', 'json']) == 1 else 9)"
    )
    assert '"purl": "pkg:npm/axios@1.14.1"' in python(copy, "-c", code)
