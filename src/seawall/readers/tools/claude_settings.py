"""Claude Code reads `.claude/settings.json` and `settings.local.json`.

Source: Claude Code's references of settings, hooks, permissions and plugins: `permissions`, `hooks`, `env`,
`enableAllProjectMcpServers`, `enabledPlugins`, `extraKnownMarketplaces`, and settings that name a command.
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.tool import LaunchKind, Moment, Reference, ReferenceKind, ToolFile
from seawall.readers.format import ToolFormat
from seawall.readers.syntax import jsonc

from . import _given
from ._draft import Draft, begin, child, items, keep_settings, text
from ._hooks import keep_hooks
from ._servers import keep_servers
from ._sources import marketplace

_APPROVALS = (
    "permissions.defaultMode", "defaultMode", "enableAllProjectMcpServers",
    "skipDangerousModePermissionPrompt", "dangerouslySkipPermissions", "sandbox.enabled",
    "sandbox.allowUnsandboxedCommands", "disableAllHooks",
)  # fmt: skip
_AT_THE_START = (
    "apiKeyHelper", "awsAuthRefresh", "awsCredentialExport", "gcpAuthRefresh", "otelHeadersHelper",
    "proxyAuthHelper",
)  # fmt: skip
_LATER = ("statusLine", "subagentStatusLine", "fileSuggestion")


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What the file says. Never raises."""
    draft = begin(data, path, FORMAT.id, "Claude Code", limits)
    content = draft.parsed()
    keep_settings(draft, content, _APPROVALS)
    for item, line in items(child(content, "permissions").get("allow")):
        draft.setting("permissions.allow", item, line)
    for item, line in items(content.get("enabledMcpjsonServers")):
        draft.setting("enabledMcpjsonServers", item, line)
    keep_hooks(draft, content.get("hooks"))
    keep_servers(draft, content.get("mcpServers"), "mcpServers")
    draft.given += _given.given_all(content.get("env"))
    _commands(draft, content)
    _plugins(draft, content)
    return draft.done()


def _commands(draft: Draft, content: jsonc.Object) -> None:
    for name in _AT_THE_START:
        if text(content.get(name)):
            line = content.lines.get(name, 0)
            draft.launch(LaunchKind.COMMAND, name, line, Moment.AGENT, text(content[name]), event=name)
    for name in _LATER:
        command = text(child(content, name).get("command"))
        if command:
            line = child(content, name).lines.get("command", 0)
            draft.launch(LaunchKind.COMMAND, name, line, Moment.EVENT, command, event=name)


def _plugins(draft: Draft, content: jsonc.Object) -> None:
    markets = child(content, "extraKnownMarketplaces")
    for name in markets:
        entry = child(markets, name)
        draft.references.append(marketplace(name, entry.get("source"), markets.lines.get(name, 0)))
    enabled = child(content, "enabledPlugins")
    for name, on in enabled.items():
        if on:
            plugin, _, market = name.partition("@")
            draft.references.append(
                Reference(ReferenceKind.PLUGIN, plugin[:200], enabled.lines.get(name, 0), owner=market[:200])
            )


FORMAT = ToolFormat(
    id="claude-settings", globs=(".claude/settings.json", ".claude/settings.local.json"), read=read
)
