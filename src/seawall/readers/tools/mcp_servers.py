"""Files that only list MCP servers: `.mcp.json`, Claude Desktop's, Cursor's, VS Code's and the like.

Source: the clients' documents. `mcpServers` everywhere, `servers` and `inputs` in VS Code, `mcp` in opencode;
a few write the servers at the top.
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.tool import Given, ToolFile
from seawall.readers.format import ToolFormat
from seawall.readers.syntax import jsonc

from ._draft import begin, child, items, text
from ._servers import keep_servers

_TOOLS = {
    ".mcp.json": "agents",
    "mcp.json": "an agent",
    "claude_desktop_config.json": "Claude Desktop",
    "mcp_config.json": "Windsurf",
    "opencode.json": "opencode",
    "opencode.jsonc": "opencode",
}
_FOLDERS = {
    ".cursor": "Cursor",
    ".vscode": "VS Code",
    ".roo": "Roo Code",
    ".kiro": "Kiro",
    ".amazonq": "Amazon Q",
}
_PLACES = ("mcpServers", "servers", "mcp.servers", "mcp")


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """The servers of the file. Never raises."""
    parts = path.split("/")
    tool = next((_FOLDERS[p] for p in parts[:-1] if p in _FOLDERS), _TOOLS.get(parts[-1], "an agent"))
    draft = begin(data, path, FORMAT.id, tool, limits)
    content = draft.parsed()
    for place in _PLACES:
        keep_servers(draft, child(content, *place.split(".")), place)
    if not any(place.partition(".")[0] in content for place in _PLACES):
        keep_servers(draft, content, "mcpServers")
    for item, line in items(content.get("inputs")):
        if isinstance(item, jsonc.Object) and item.get("password") is True:
            name = f"input:{text(item.get('id'))}"[:200]
            draft.given.append(Given(name, line, "setting", (name,)))
    return draft.done()


FORMAT = ToolFormat(
    id="mcp-servers",
    globs=(
        ".mcp.json", "claude_desktop_config.json", ".cursor/mcp.json", ".vscode/mcp.json", ".roo/mcp.json",
        ".kiro/settings/mcp.json", ".amazonq/mcp.json", ".codeium/windsurf/mcp_config.json",
        ".copilot/mcp-config.json", "opencode.json", "opencode.jsonc",
    ),
    read=read,
)  # fmt: skip
