"""Each format of tools by an example: what is started, when, given what, and at which line."""

import json

import pytest

from seawall.adapters.disk.tools import format_of
from seawall.kernel.code import Firmness
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.tool import Given, Launch, LaunchKind, Moment, ToolFile
from seawall.readers.tools import FORMATS

TOKEN = "ghp_" + "Ab3dE6gH9k" * 3 + "Zq7w2x"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def read(path: str, content: object) -> ToolFile:
    item = format_of(path)
    assert item is not None
    assert item in FORMATS
    data = content if isinstance(content, str) else json.dumps(content, indent=1)
    found = item.read(data.encode(), path, DEFAULT_LIMITS)
    assert found.problems == ()
    return found


def words(launch: Launch) -> list[str]:
    return [" ".join(command.texts) for command in launch.commands]


def shown(file: ToolFile) -> list[tuple[str, str, str, int]]:
    return [
        (str(x.kind), x.moment.name, " ; ".join(words(x)) or x.address.location, x.line)
        for x in file.launches
    ]


def settings(file: ToolFile) -> list[tuple[str, str, int]]:
    return [(s.name, s.value, s.line) for s in file.settings]


def test_servers_have_commands_variables_and_addresses() -> None:
    file = read(
        ".mcp.json",
        """{
  "mcpServers": {
    "local": {"command": "npx", "args": ["-y", "a@1.0.0"], "env": {
      "API_TOKEN": "${API_TOKEN}", "MODE": "x"}},
    "remote": {"type": "http",
      "url": "https://user:pw123456@mail.example/mcp?api_key=abc",
      "headers": {"Authorization": "Bearer ${MAIL}"}},
    "off": {"command": "b", "disabled": true},
    "whole": {"command": "uvx mail --port 1"}
  }
}""",
    )
    assert shown(file) == [
        ("server", "AGENT", "npx -y a@1.0.0", 3),
        ("server", "AGENT", "https://mail.example/mcp", 6),
        ("server", "AGENT", "uvx mail --port 1", 9),
    ]
    local, remote, _ = file.launches
    assert local.given == (Given("API_TOKEN", 4, "env", ("API_TOKEN",)), Given("MODE", 4))
    assert remote.given[0] == Given("Authorization", 7, "header", ("MAIL",))
    assert remote.given[1].credential
    assert remote.address.host == "mail.example"


def test_vs_code_asks_for_what_it_is_given() -> None:
    file = read(
        ".vscode/mcp.json",
        {
            "inputs": [{"type": "promptString", "id": "key", "password": True}],
            "servers": {
                "a": {"command": "a", "env": {"KEY": "${input:key}"}, "envFile": "${workspaceFolder}/.env"}
            },
        },
    )
    assert file.tool == "VS Code"
    assert file.given == (Given("input:key", 3, "setting", ("input:key",)),)
    assert [(g.name, g.via, g.variables) for g in file.launches[0].given] == [
        ("KEY", "env", ("input:key",)),
        ("${workspaceFolder}/.env", "file", ()),
    ]


def test_a_task_starts_when_the_folder_is_opened_or_when_asked() -> None:
    file = read(
        ".vscode/tasks.json",
        """{
  // a comment
  "tasks": [
    {"label": "watch", "type": "npm", "script": "watch", "runOptions": {"runOn": "folderOpen"}},
    {"label": "b", "type": "shell", "command": "make", "args": ["all", {"value": "x y", "quoting": "strong"}],
     "windows": {"command": "nmake"}, "presentation": {"reveal": "never"}},
  ],
}""",
    )
    assert shown(file) == [
        ("task", "FOLDER", "npm run watch", 4),
        ("task", "ASKED", "make all x y", 5),
        ("task", "ASKED", "nmake", 6),
    ]
    assert [x.quiet for x in file.launches] == [False, True, True]


def test_a_workspace_holds_all_of_it() -> None:
    file = read(
        "a.code-workspace",
        {
            "tasks": {"tasks": [{"label": "t", "command": "t"}]},
            "launch": {"configurations": [{"name": "l", "program": "l.js", "env": {"TOKEN": TOKEN}}]},
            "settings": {
                "chat.tools.autoApprove": True,
                "security": {"workspace": {"trust": {"enabled": False}}},
            },
            "extensions": {"recommendations": ["a.b", "not an id"], "unwantedRecommendations": ["c.d"]},
            "mcp": {"servers": {"s": {"command": "s"}}},
        },
    )
    assert [x.name for x in file.launches] == ["t", "l", "s"]
    assert {(s.name, s.value) for s in file.settings} == {
        ("chat.tools.autoApprove", "true"),
        ("security.workspace.trust.enabled", "false"),
    }
    assert [(r.name, r.relation) for r in file.references] == [("a.b", "recommends"), ("c.d", "unwanted")]
    assert file.launches[1].given[0].surely


def test_claude_settings_name_hooks_commands_plugins_and_modes() -> None:
    file = read(
        ".claude/settings.json",
        {
            "permissions": {"defaultMode": "bypassPermissions", "allow": ["Bash(*)", "Read"]},
            "hooks": {
                "SessionStart": [{"hooks": [{"type": "command", "command": "a && b"}]}],
                "Stop": [{"matcher": "*", "hooks": [{"type": "http", "url": "https://h.example/x"}]}],
            },
            "statusLine": {"type": "command", "command": "s"},
            "apiKeyHelper": "k",
            "enabledPlugins": {"p@team": True, "q@team": False},
            "extraKnownMarketplaces": {
                "team": {"source": {"source": "github", "repo": "o/r", "ref": "main"}},
                "fixed": {"source": {"source": "git", "url": "https://git.example/r", "sha": COMMIT}},
            },
        },
    )
    assert [(x.kind, x.event, x.moment, words(x)) for x in file.launches] == [
        (LaunchKind.HOOK, "SessionStart", Moment.AGENT, ["a", "b"]),
        (LaunchKind.HOOK, "Stop", Moment.EVENT, []),
        (LaunchKind.COMMAND, "apiKeyHelper", Moment.AGENT, ["k"]),
        (LaunchKind.COMMAND, "statusLine", Moment.EVENT, ["s"]),
    ]
    assert [(r.name, r.pin, r.owner) for r in file.references] == [
        ("team", Firmness.BRANCH, ""),
        ("fixed", Firmness.SHA, ""),
        ("p", Firmness.FLOATING, "team"),
    ]
    assert settings(file)[:3] == [
        ("permissions.defaultMode", "bypassPermissions", 3),
        ("permissions.allow", "Bash(*)", 5),
        ("permissions.allow", "Read", 6),
    ]


def test_codex_settings_know_their_lines() -> None:
    file = read(
        ".codex/config.toml",
        """approval_policy = "never"
notify = ["python3", "n.py"]

[mcp_servers."my server"]
command = "npx"
args = ["-y", "a"]
bearer_token_env_var = "B"

[mcp_servers.other.env]
TOKEN = "x"

[mcp_servers.other]
command = "o"

[profiles.wild]
sandbox_mode = "danger-full-access"

[[hooks.PreToolUse]]
matcher = "x"

[[hooks.PreToolUse.hooks]]
type = "command"
command = "h"
""",
    )
    assert shown(file) == [
        ("server", "AGENT", "npx -y a", 4),
        ("server", "AGENT", "o", 9),
        ("hook", "EVENT", "h", 23),
        ("command", "EVENT", "python3 n.py", 2),
    ]
    assert settings(file) == [
        ("approval_policy", "never", 1),
        ("profiles.wild.sandbox_mode", "danger-full-access", 16),
    ]
    assert file.launches[0].given == (Given("B", 7, "header", ("B",)),)


def test_gemini_settings_nested_or_dotted() -> None:
    file = read(
        ".gemini/settings.json",
        {"tools": {"discoveryCommand": "d", "autoAccept": True}, "mcpServers": {"a": {"httpUrl": "https://a.example", "trust": True}}},
    )  # fmt: skip
    assert [(x.event, words(x)) for x in file.launches] == [("tools.discoveryCommand", ["d"]), ("", [])]
    assert {(s.name, s.value) for s in file.settings} == {
        ("tools.autoAccept", "true"),
        ("mcpServers.trust", "true"),
    }


def test_a_dev_container_tells_host_from_container() -> None:
    file = read(
        ".devcontainer/devcontainer.json",
        {
            "image": "img.example/a:1.2.3",
            "features": {"f.example/o/x:1": {}, "f.example/o/y@sha256:" + "a" * 64: {}, "./own": {}},
            "initializeCommand": ["a", "b"],
            "postCreateCommand": {"one": "npm ci", "two": ["c"]},
            "remoteEnv": {"GH_TOKEN": "${localEnv:GH_TOKEN}"},
            "runArgs": ["--privileged"],
            "mounts": [
                "source=/var/run/docker.sock,target=/x,type=bind",
                {"source": "${localEnv:HOME}", "type": "bind"},
            ],
            "customizations": {
                "vscode": {"extensions": ["a.b@1.0.0"], "settings": {"chat.tools.autoApprove": True}}
            },
        },
    )
    assert [(x.name, x.moment.name, words(x)) for x in file.launches] == [
        ("initializeCommand", "HOST", ["a b"]),
        ("postCreateCommand.one", "CONTAINER", ["npm ci"]),
        ("postCreateCommand.two", "CONTAINER", ["c"]),
    ]
    assert [(r.name, r.pin) for r in file.references] == [
        ("img.example/a", Firmness.VERSION),
        ("f.example/o/x", Firmness.TAG),
        ("f.example/o/y", Firmness.SHA),
        ("a.b", Firmness.VERSION),
    ]
    assert {(s.name, s.value) for s in file.settings} == {
        ("chat.tools.autoApprove", "true"),
        ("privileged", "true"),
        ("mounts", "docker.sock"),
        ("mounts", "home"),
    }
    assert file.given[0].variables == ("GH_TOKEN",)


def test_heads_of_agents_and_commands_are_read() -> None:
    file = read(
        ".claude/commands/a.md",
        "---\nallowed-tools: Bash(git add:*), Bash(*), Read\n---\nStatus: !`git status`\n",
    )
    assert [s.value for s in file.settings] == ["Bash(git add:*)", "Bash(*)", "Read"]
    assert shown(file) == [("command", "ASKED", "git status", 4)]
    rule = read(
        ".cursor/rules/a.mdc",
        "---\nglobs: *.ts\nalwaysApply: true\npermissionMode: bypassPermissions\n---\nx",
    )
    assert settings(rule) == [("permissionMode", "bypassPermissions", 4)]


@pytest.mark.parametrize(
    ("path", "tool"),
    [
        ("AGENTS.md", "agents"), ("sub/CLAUDE.md", "Claude Code"), ("GEMINI.md", "Gemini CLI"), (".cursorrules", "Cursor"),
        ("a.mdc", "Cursor"), (".github/copilot-instructions.md", "Copilot"), ("x/SKILL.md", "agents"),
        (".github/instructions/a.instructions.md", "Copilot"), (".claude/agents/deep/a.md", "Claude Code"),
        (".windsurf/rules/a.md", "Windsurf"), (".claude/skills/a/SKILL.md", "Claude Code"),
    ],
)  # fmt: skip
def test_instruction_files_know_whose_they_are(path: str, tool: str) -> None:
    file = read(path, "# Rules\n")
    assert (file.tool, file.role) == (tool, "instructions")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (".mcp.json", {"mcpServers": {"a": {"command": "a", "args": ["--token", TOKEN], "env": {"T": TOKEN}}}}),
        (".mcp.json", {"mcpServers": {"a": {"url": f"https://u:{TOKEN}@a.example/x?token={TOKEN}"}}}),
        (".mcp.json", {"mcpServers": {"a": {"url": f"https://a.example/{TOKEN}/x"}}}),
        (".mcp.json", {"mcpServers": {"a": {"url": "x", "headers": {"Authorization": f"Bearer {TOKEN}"}}}}),
        (".claude/settings.json", {"hooks": {"Stop": [{"hooks": [{"command": f"curl -H 'X: {TOKEN}' a"}]}]}}),
        (".claude/settings.json", {"env": {"API_KEY": TOKEN}, "permissions": {"allow": [f"Bash(x {TOKEN})"]}}),
        (".vscode/tasks.json", {"tasks": [{"command": f"TOKEN={TOKEN} make", "options": {"env": {"A": TOKEN}}}]}),
        (".vscode/settings.json", {"chat.permissions.default": TOKEN}),
        (".codex/config.toml", f'notify = ["a", "--key={TOKEN}"]\n[mcp_servers.a]\ncommand = "a"\nhttp_headers = {{ X = "{TOKEN}" }}\n'),
        (".pypirc", f"[a]\npassword = {TOKEN}\nrepository = https://u:{TOKEN}@a.example/\n"),
        (".devcontainer/devcontainer.json", {"containerEnv": {"A": TOKEN}, "initializeCommand": f"echo {TOKEN}"}),
    ],
)  # fmt: skip
def test_no_value_of_a_credential_leaves_a_reader(path: str, content: object) -> None:
    file = read(path, content)
    assert TOKEN not in repr(file)
    assert (
        any(g.credential for g in (*file.given, *(g for x in file.launches for g in x.given)))
        or file.settings
    )


def test_a_password_in_an_address_in_the_middle_of_a_word_is_dropped() -> None:
    task = {"command": "curl https://u:hunter2@a.example | sh", "args": ["https://a.example/@scope"]}
    (launch,) = read(".vscode/tasks.json", {"tasks": [task]}).launches
    assert launch.commands[0].texts == ("curl https://a.example | sh", "https://a.example/@scope")
    assert launch.given[0].credential
