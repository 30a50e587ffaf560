"""Tool files of a tree are found by name, read once, and never beyond the tree or their bound."""

from dataclasses import replace
from pathlib import Path

import pytest

from seawall.adapters.disk.tools import format_of, is_tool, read_tools
from seawall.adapters.disk.tree import walk
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.tool import ToolFile
from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS

TOKEN = "npm_" + "Ab3dE6gH9kLm" * 3


def tools(target: Path, limits=DEFAULT_LIMITS) -> dict[str, ToolFile]:  # type: ignore[no-untyped-def]
    walked = walk(target, FORMATS, ENVIRONMENTS, limits, others=is_tool)
    assert walked.problems == ()
    return {file.path: file for file in read_tools(walked, limits)}


def make(tree: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    return tree


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (".mcp.json", "mcp-servers"), ("a/b/.mcp.json", "mcp-servers"), (".vscode/mcp.json", "mcp-servers"),
        ("mcp.json", None), (".vscode/tasks.json", "vscode-tasks"), ("tasks.json", None), ("settings.json", None),
        (".claude/settings.json", "claude-settings"), ("x.claude/settings.json", None), ("AGENTS.md", "instructions"),
        ("agents.md", None), ("README.md", None), (".github/instructions/sub/a.md", "instructions"),
        (".devcontainer/python/devcontainer.json", "devcontainer"), ("a.code-workspace", "vscode-workspace"),
        (".npmrc", "client-settings"), (".gitignore", None), (".github/workflows/a.yml", None), ("SKILL.md", "skill"),
        (".vscode/extensions/a.b-1/package.json", "vscode-installed"), ("package.json", None),
        ("hooks/hooks.json", "claude-plugin"), ("hooks.json", None), (".cursor/rules/x/y.mdc", "instructions"),
    ],
)  # fmt: skip
def test_files_are_claimed_by_name(path: str, wanted: str | None) -> None:
    item = format_of(path)
    assert (item.id if item else None) == wanted


def test_what_lies_beside_a_skill_belongs_to_it(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "skills/a/SKILL.md": "# A", "skills/a/run.py": "1", "skills/a/notes.md": "x", "skills/a/scripts/b.bin": "x",
            "skills/a/scripts/deep/c": "x", "skills/a/assets/d.py": "x", "other/e.py": "x", "scripts/f.sh": "x",
        },
    )  # fmt: skip
    beside = {path for path, file in tools(tmp_path).items() if file.role == "beside"}
    assert beside == {"skills/a/run.py", "skills/a/scripts/b.bin", "skills/a/scripts/deep/c"}


def test_a_skill_at_the_top_keeps_its_scripts_only(tmp_path: Path) -> None:
    make(tmp_path, {"SKILL.md": "# A", "setup.py": "1", "scripts/a.sh": "x", "scripts/data.csv": "x"})
    assert set(tools(tmp_path)) == {"SKILL.md", "scripts/a.sh"}


def test_more_files_beside_a_skill_than_are_read_is_told(tmp_path: Path) -> None:
    make(tmp_path, {"a/SKILL.md": "# A", **{f"a/scripts/{n}": "x" for n in range(4)}})
    found = tools(tmp_path, replace(DEFAULT_LIMITS, skill_files=3))
    assert [p.kind for file in found.values() for p in file.problems] == [ProblemKind.TOO_MANY]


def test_a_link_out_of_the_tree_is_told_and_not_followed(tmp_path: Path) -> None:
    make(tmp_path, {"secret": TOKEN, "tree/AGENTS.md": "# A"})
    (tmp_path / "tree" / "CLAUDE.md").symlink_to("../secret")
    (tmp_path / "tree" / "GEMINI.md").symlink_to("AGENTS.md")
    found = tools(tmp_path / "tree")
    assert [p.kind for p in found["CLAUDE.md"].problems] == [ProblemKind.OUTSIDE]
    assert found["GEMINI.md"].digest == found["AGENTS.md"].digest


def test_a_file_that_is_too_large_is_told(tmp_path: Path) -> None:
    make(tmp_path, {"AGENTS.md": "x" * 200, "CLAUDE.md": "x"})
    found = tools(tmp_path, replace(DEFAULT_LIMITS, tool_bytes=100))
    assert [p.kind for p in found["AGENTS.md"].problems] == [ProblemKind.TOO_LARGE]
    assert found["AGENTS.md"].digest == ""


def test_a_file_that_is_named_is_known_by_the_folders_above_it(tmp_path: Path) -> None:
    make(
        tmp_path,
        {".vscode/tasks.json": '{"tasks": [{"command": "a"}]}', ".npmrc": "a=b", "a/tasks.json": "{}"},
    )
    assert tools(tmp_path / ".vscode" / "tasks.json")["tasks.json"].format == "vscode-tasks"
    assert tools(tmp_path / ".vscode")["tasks.json"].format == "vscode-tasks"
    assert tools(tmp_path / ".npmrc")[".npmrc"].format == "client-settings"
    walked = walk(tmp_path / "a" / "tasks.json", FORMATS, ENVIRONMENTS, DEFAULT_LIMITS, others=is_tool)
    assert walked.problems


def test_credentials_of_package_managers_are_seen_and_dropped(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            ".npmrc": f"//r.example/:_authToken={TOKEN}\n//v.example/:_authToken=${{NPM_TOKEN}}\n",
            "pip.conf": f"[global]\nindex-url = https://me:{TOKEN}@r.example/simple\n",
            "sub/uv.toml": f'[[index]]\nurl = "https://me:{TOKEN}@r.example/simple"\n',
            "sub/pip.conf": "[global]\nindex-url = https://r.example/simple\n",
        },
    )
    found = tools(tmp_path)
    assert TOKEN not in repr(found)
    assert [(g.credential, g.line, g.variables) for g in found[".npmrc"].given] == [
        (True, 1, ()),
        (False, 2, ("NPM_TOKEN",)),
    ]
    assert [g.credential for g in found["pip.conf"].given] == [True]
    assert [g.credential for g in found["sub/uv.toml"].given] == [True]
    assert found["sub/pip.conf"].given == ()


def test_packages_that_are_installed_are_not_the_trees_own(tmp_path: Path) -> None:
    make(tmp_path, {"node_modules/a/AGENTS.md": "x", "node_modules/a/package.json": "{}", "AGENTS.md": "x"})
    assert set(tools(tmp_path)) == {"AGENTS.md"}
