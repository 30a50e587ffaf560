"""A scan of tools' files starts nothing that is configured there, and repeats no token that stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TREES = Path(__file__).parent / "rules" / "tools"
LITERAL = TREES / "literal-secret" / "bad"

WATCHED = """
import sys
seen = []
def watch(event, args):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn"):
        seen.append(str(args[0]))
    elif event == "socket.connect":
        seen.append("socket")
sys.addaudithook(watch)
from seawall.cli.main import main
code = main(["scan", sys.argv[1], "--offline", "--format", "json"])
print("SEEN", sorted(set(seen)), file=sys.stderr)
sys.exit(0 if code in (0, 1) else code)
"""


def environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "SEAWALL_DATA": str(home / "data"),
        "PATH": os.environ["PATH"],
        "PYTHONWARNINGS": "ignore",
    }


def make(tree: Path, marker: Path) -> None:
    command = f"touch {marker}"
    hook = {"hooks": [{"type": "command", "command": command}]}
    server = {"command": "touch", "args": [str(marker)]}
    task = {"label": "a", "type": "shell", "command": command, "runOptions": {"runOn": "folderOpen"}}
    files: dict[str, object] = {
        ".mcp.json": {"mcpServers": {"a": server}},
        ".vscode/mcp.json": {"servers": {"a": server}},
        ".cursor/mcp.json": {"mcpServers": {"a": server}},
        ".cursor/hooks.json": {"hooks": {"sessionStart": [{"command": command}]}},
        ".vscode/tasks.json": {"version": "2.0.0", "tasks": [task]},
        ".claude/settings.json": {"hooks": {"SessionStart": [hook]}, "apiKeyHelper": command},
        ".gemini/settings.json": {"mcpServers": {"a": server}, "tools": {"discoveryCommand": command}},
        ".devcontainer/devcontainer.json": {"initializeCommand": command, "postCreateCommand": command},
    }
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(json.dumps(content))
    (tree / ".codex").mkdir()
    (tree / ".codex" / "config.toml").write_text(f'notify = ["touch", "{marker}"]\n')
    (tree / "CLAUDE.md").write_text(f"!`{command}`\n")


def test_nothing_that_is_configured_is_started(tmp_path: Path) -> None:
    tree, marker = tmp_path / "tree", tmp_path / "marker"
    tree.mkdir()
    make(tree, marker)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tree)],
        env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not marker.exists()
    found = {f["rule"] for f in json.loads(done.stdout)["findings"]}
    assert {"tools/starts-by-itself", "tools/host-command"} <= found
    (seen,) = re.findall(r"^SEEN (.*)$", done.stderr, re.MULTILINE)
    started = {Path(name).name for name in re.findall(r"'([^']+)'", seen)}
    # git, and the package managers of this machine, which are asked for their versions.
    assert started <= {"git", "npm", "pnpm", "yarn", "bun", "uv", "pip", "pip3", "python3", "poetry", "node"}
    assert "socket" not in started


@pytest.mark.parametrize("shape", ["text", "json", "sarif"])
def test_no_report_repeats_a_token(shape: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "scan", str(LITERAL), "--offline", "--no-history", "--format", shape],
        env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert "tools/literal-secret" in done.stdout or "password or token" in done.stdout
    held = "\n".join(p.read_text() for p in LITERAL.rglob("*") if p.is_file())
    tokens = set(re.findall(r"[A-Za-z0-9]{16,}", held))
    tokens = {t for t in tokens if any(c.isdigit() for c in t) and any(c.isupper() for c in t)}
    assert len(tokens) >= 10
    assert not [t for t in tokens if t in done.stdout or t in done.stderr]
