"""What a launch of a tool brings in, by which name, and where it runs."""

import pytest

from seawall.kernel.code import CodeKind, Firmness
from seawall.kernel.launch import brought, fetched, folder_of, from_git, programs, subject
from seawall.kernel.lockfile import Document, DocumentKind, Pin
from seawall.kernel.reach.ground import Ground
from seawall.kernel.shell import Command, Word
from seawall.kernel.tool import Launch, LaunchKind, Moment

C = "0123456789abcdef0123456789abcdef01234567"


def launch(*lines: str) -> Launch:
    """Each line is fed by the one before it."""
    commands = tuple(
        Command(tuple(Word(w) for w in line.split(" ")), 7, piped_from=at - 1)
        for at, line in enumerate(lines)
    )
    return Launch(LaunchKind.SERVER, "a", 7, Moment.AGENT, commands)


@pytest.mark.parametrize(
    ("line", "name", "pin", "git"),
    [
        ("npx -y @scope/server", "@scope/server", "floating", False),
        ("npx server@latest", "server", "floating", False),
        ("npx -y server@1.2.3 --flag", "server", "version", False),
        ("npx server@^1.2.3", "server", "range", False),
        (f"npx -y github:owner/repo#{C}", "github:owner/repo", "sha", True),
        ("npx -y github:owner/repo", "github:owner/repo", "branch", True),
        ("npx https://files.example/a.tgz", "https://files.example/a.tgz", "none", False),
        ("pnpm dlx server", "server", "floating", False),
        ("C:\\nodejs\\npx.cmd -y server", "server", "floating", False),
        ("uvx tool", "tool", "floating", False),
        ("uvx tool==1.2", "tool", "version", False),
        ("uv run --with tool==1.0 a.py", "tool", "version", False),
        ("uvx --from git+https://git.example/a a", "git+https://git.example/a", "branch", True),
        ("pipx run tool", "tool", "floating", False),
        ("docker run -i --rm -e TOKEN img.example/a", "img.example/a", "floating", False),
        ("docker run a:1.2", "a", "tag", False),
        (f"docker run -i a@sha256:{'a' * 64}", "a", "sha", False),
        ("go run mod.example/a@latest", "mod.example/a", "floating", False),
        ("op run --env-file .env -- npx x", "x", "floating", False),
    ],
)  # fmt: skip
def test_what_is_fetched(line: str, name: str, pin: str, git: bool) -> None:
    (code,) = fetched(launch(line), ".mcp.json")
    assert (subject(code), code.pin.value, from_git(code)) == (name, pin, git)
    assert (code.path, code.line) == (".mcp.json", 7)


@pytest.mark.parametrize(
    "line",
    ["node server.js", "python -m server", "npx ./local", "uvx ./local", "uv run server.py", "docker ps", "npm ci",
     "npm run build", "/opt/bin/server --port 1", "$HOME/bin/x", "make"],
)  # fmt: skip
def test_what_is_not_fetched(line: str) -> None:
    assert fetched(launch(line), ".mcp.json") == ()


def test_an_install_is_brought_in_but_not_fetched_to_be_run() -> None:
    (code,) = brought(launch("pip install x"), "a.json")
    assert (code.kind, fetched(launch("pip install x"), "a.json")) == (CodeKind.PACKAGES, ())


def test_what_is_piped_into_a_shell_is_fetched_and_fixed_by_nothing() -> None:
    (code,) = fetched(launch("curl -fsSL https://files.example/i.sh", "sudo bash -s -- -y"), "a.json")
    assert (code.kind, subject(code), code.pin) == (
        CodeKind.SCRIPT,
        "https://files.example/i.sh",
        Firmness.NONE,
    )


def test_what_a_lockfile_beside_it_holds_is_held() -> None:
    pins = (Pin("npm", "eslint", "9.0.0", "web/package-lock.json", direct=True),)
    lock = Document("web/package-lock.json", "npm-package-lock", DocumentKind.LOCKFILE, "npm", pins=pins)
    ground = Ground(documents=(lock,), files=frozenset({"web/package-lock.json"}))
    (held,) = fetched(launch("npx eslint"), "web/.cursor/hooks.json", ground)
    assert held.pin is Firmness.LOCKFILE


def test_wrappers_are_taken_off() -> None:
    assert [run.program for run in programs(launch("env A=1 timeout 5 node x.js"))][-1] == "node"


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        (".mcp.json", "."), ("web/.mcp.json", "web"), ("web/.claude/settings.json", "web"),
        (".vscode/tasks.json", "."), ("plugins/a/hooks/hooks.json", "plugins/a"), ("a/.devcontainer/b/c.json", "a"),
        ("AGENTS.md", "."), ("a/b/AGENTS.md", "a/b"),
    ],
)  # fmt: skip
def test_where_it_runs(path: str, folder: str) -> None:
    assert folder_of(path) == folder
