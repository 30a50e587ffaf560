"""What tools reach: what they are given by name, and whatever the machine holds that opens them."""

import json

from seawall.adapters.disk.tools import format_of
from seawall.kernel.code import CodeKind, Firmness
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach.edge import Confidence, Edge, PlaceKind
from seawall.kernel.reach.tools import tool_reach
from seawall.kernel.tool import ToolFile

TOKEN = "ghp_" + "Ab3dE6gH9k" * 3 + "Zq7w2x"


def read(path: str, content: object) -> ToolFile:
    item = format_of(path)
    assert item is not None
    data = content if isinstance(content, str) else json.dumps(content, indent=1)
    return item.read(data.encode(), path, DEFAULT_LIMITS)


def shown(edges: tuple[Edge, ...]) -> list[tuple[str, str, str, tuple[str, ...], str]]:
    return [(e.code.name, e.target.name, e.target.scope, e.rules, str(e.confidence)) for e in edges]


def test_a_server_reaches_what_it_is_given_and_what_the_machine_holds() -> None:
    server = {
        "command": "npx",
        "args": ["-y", "mail"],
        "env": {"GITHUB_TOKEN": "${GITHUB_TOKEN}", "MODE": "${MODE}"},
    }
    places, codes, edges = tool_reach([read(".mcp.json", {"mcpServers": {"m": server}})])
    assert [(p.id, p.kind) for p in places] == [("agent:.mcp.json", PlaceKind.AGENT)]
    ((place, code),) = codes
    assert (place, code.kind, code.name, code.pin) == (
        "agent:.mcp.json",
        CodeKind.SERVER,
        "mail",
        Firmness.FLOATING,
    )
    assert (code.ecosystem, code.packages, code.line) == ("npm", ("mail",), 3)
    assert shown(edges) == [
        ("mail", "GITHUB_TOKEN", "machine", ("R1",), "certain"),
        ("mail", "*", "machine", ("R1", "R13"), "conditional"),
    ]
    assert {e.condition for e in edges} == {"when the agent starts"}
    assert [(line.path, line.line) for line in edges[0].evidence] == [(".mcp.json", 3), (".mcp.json", 10)]
    assert [c.id for c in edges[0].cuts] == ["pin-version"]


def test_a_literal_token_is_a_target_of_its_own() -> None:
    server = {"command": "./mail", "env": {"GITHUB_TOKEN": TOKEN}}
    _, ((_, code),), edges = tool_reach([read(".mcp.json", {"mcpServers": {"m": server}})])
    assert (code.name, code.pin, code.note) == ("./mail", Firmness.SHA, "a file of this tree")
    assert ("./mail", "GITHUB_TOKEN", "file:.mcp.json", ("R1",), "certain") in shown(edges)
    assert TOKEN not in repr(edges)


def test_a_server_elsewhere_reaches_what_it_is_given_alone() -> None:
    server = {"url": "https://mail.example/mcp", "headers": {"Authorization": "Bearer ${MAIL}"}}
    _, ((_, code),), edges = tool_reach([read(".cursor/mcp.json", {"mcpServers": {"m": server}})])
    assert (code.name, code.pin) == ("mail.example", Firmness.NONE)
    assert shown(edges) == [("mail.example", "MAIL", "machine", ("R1",), "certain")]


def test_a_task_that_starts_with_the_folder_reaches_the_machine() -> None:
    task = {"label": "t", "command": "node x.js", "runOptions": {"runOn": "folderOpen"}}
    places, codes, edges = tool_reach([read(".vscode/tasks.json", {"tasks": [task]})])
    assert places[0].id == "folder:.vscode/tasks.json"
    assert codes[0][1].kind is CodeKind.TOOL
    assert [(e.target.name, e.condition, e.confidence) for e in edges] == [
        ("*", "when somebody opens this folder", Confidence.CONDITIONAL)
    ]
    assert [c.id for c in edges[0].cuts] == ["remove-start"]


def test_variables_of_the_file_reach_all_that_starts_there() -> None:
    content = {"env": {"API_KEY": "${API_KEY}"}, "hooks": {"Stop": [{"hooks": [{"command": "./a.sh"}]}]}}
    _, codes, edges = tool_reach([read(".claude/settings.json", content)])
    assert codes[0][1].kind is CodeKind.HOOK
    assert ("./a.sh", "API_KEY", "machine", ("R1",), "certain") in shown(edges)


def test_a_container_holds_the_machine_away_unless_it_has_a_way_out() -> None:
    plain = {"postCreateCommand": "npx -y a", "remoteEnv": {"GH_TOKEN": "${localEnv:GH_TOKEN}"}}
    _, ((_, code),), edges = tool_reach([read("devcontainer.json", plain)])
    assert code.contained
    assert {e.target.name for e in edges} == {"GH_TOKEN", "git credentials"}
    opened = plain | {"mounts": ["source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind"]}
    _, _, edges = tool_reach([read("devcontainer.json", opened)])
    (way,) = (e for e in edges if e.target.name == "*")
    assert (way.rules, way.cuts[0].id) == (("R11",), "close-container")


def test_a_command_on_the_host_reaches_the_machine() -> None:
    _, ((_, code),), edges = tool_reach([read("devcontainer.json", {"initializeCommand": "make x"})])
    assert not code.contained
    assert [e.target.name for e in edges] == ["*"]


def test_extensions_plugins_and_skills_are_code_too() -> None:
    files = [
        read(".vscode/extensions.json", {"recommendations": ["a.b"], "unwantedRecommendations": ["c.d"]}),
        read(".claude/settings.json", {
            "enabledPlugins": {"p@t": True},
            "extraKnownMarketplaces": {"t": {"source": {"source": "github", "repo": "o/r", "ref": "v1"}}},
        }),
        read("skills/a/SKILL.md", "# A"),
        read("AGENTS.md", "# Rules"),
    ]  # fmt: skip
    places, codes, _ = tool_reach(files)
    assert [(c.kind, c.name, c.pin) for _, c in codes] == [
        (CodeKind.EXTENSION, "a.b", Firmness.FLOATING),
        (CodeKind.TOOL, "p", Firmness.TAG),
        (CodeKind.AGENT, "skills/a/SKILL.md", Firmness.SHA),
    ]
    assert [p.file for p in places] == [
        ".vscode/extensions.json",
        ".claude/settings.json",
        "skills/a/SKILL.md",
    ]


def test_a_prompted_secret_is_named_by_its_variable() -> None:
    content = {"servers": {"m": {"command": "m", "env": {"MAIL_KEY": "${input:k}"}}}}
    _, _, edges = tool_reach([read(".vscode/mcp.json", content)])
    assert [e.target.name for e in edges] == ["MAIL_KEY", "*"]


def test_nothing_is_reached_where_nothing_starts() -> None:
    assert tool_reach([read("AGENTS.md", "# Rules"), read(".mcp.json", "{}")]) == ((), (), ())
