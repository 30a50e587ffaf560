"""Gemini CLI and its relatives read `.gemini/settings.json`.

Source: Gemini CLI's configuration reference: `mcpServers` with `trust`, `tools.autoAccept` (before it
`autoAccept`), `tools.allowed`, `tools.discoveryCommand`, `tools.callCommand`, `mcp.serverCommand`,
`general.defaultApprovalMode`, `security.folderTrust`, `hooks`.
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.tool import LaunchKind, Moment, ToolFile
from seawall.readers.format import ToolFormat

from ._draft import begin, deep, items, keep_settings
from ._hooks import keep_hooks
from ._servers import keep_servers

_APPROVALS = (
    "autoAccept", "tools.autoAccept", "general.defaultApprovalMode", "security.folderTrust.enabled",
    "security.enablePermanentToolApproval", "folderTrust",
)  # fmt: skip
_COMMANDS = (
    "tools.discoveryCommand", "tools.callCommand", "toolDiscoveryCommand", "toolCallCommand",
    "mcp.serverCommand", "mcpServerCommand",
)  # fmt: skip


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What the file says. Never raises."""
    draft = begin(data, path, FORMAT.id, "Gemini CLI", limits)
    content = draft.parsed()
    keep_settings(draft, content, _APPROVALS)
    for name in ("tools.allowed", "allowedTools"):
        allowed, _ = deep(content, name)
        for item, line in items(allowed):
            draft.setting(name, item, line)
    for name in _COMMANDS:
        command, line = deep(content, name)
        if isinstance(command, str):
            draft.launch(LaunchKind.COMMAND, name, line, Moment.AGENT, command, event=name)
    keep_servers(draft, content.get("mcpServers"), "mcpServers")
    keep_hooks(draft, content.get("hooks"))
    return draft.done()


FORMAT = ToolFormat(id="gemini-settings", globs=(".gemini/settings.json", ".qwen/settings.json"), read=read)
