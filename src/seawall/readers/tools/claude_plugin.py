"""A plugin of Claude Code brings servers, hooks and commands; a marketplace lists plugins.

Source: Claude Code's references of plugins (`.claude-plugin/plugin.json`, `hooks/hooks.json`) and of
marketplaces (`.claude-plugin/marketplace.json`).
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.tool import ToolFile
from seawall.readers.format import ToolFormat
from seawall.readers.syntax import jsonc

from ._draft import begin, items, text
from ._hooks import keep_hooks
from ._servers import keep_servers
from ._sources import offered


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What the plugin, its hooks or the marketplace say. Never raises."""
    draft = begin(data, path, FORMAT.id, "Claude Code", limits)
    content = draft.parsed()
    keep_hooks(draft, content.get("hooks"))
    keep_servers(draft, content.get("mcpServers"), "mcpServers")
    for item, line in items(content.get("plugins")):
        if isinstance(item, jsonc.Object):
            at = item.lines.get("source", line)
            draft.references.append(offered(text(item.get("name")), item.get("source"), at))
            keep_hooks(draft, item.get("hooks"))
            keep_servers(draft, item.get("mcpServers"), "mcpServers")
    return draft.done()


FORMAT = ToolFormat(
    id="claude-plugin",
    globs=(".claude-plugin/plugin.json", ".claude-plugin/marketplace.json", "hooks/hooks.json"),
    read=read,
)
