"""Cursor's `hooks.json`, `permissions.json` and `cli.json`, and Copilot's hooks, which have the same shape.

Source: Cursor's references of hooks (https://cursor.com/docs/agent/hooks), of permissions and of its command
line, and GitHub's of Copilot's hooks (`.github/hooks/*.json`).
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.tool import ToolFile
from seawall.readers.format import ToolFormat

from ._draft import begin, child, items, keep_settings
from ._hooks import keep_hooks

_LISTS = ("mcpAllowlist", "terminalAllowlist", "permissions.allow")


def read_hooks(data: bytes, path: str, limits: Limits) -> ToolFile:
    """The hooks of the file. Never raises."""
    tool = "Copilot" if ".github/" in path else "Cursor"
    draft = begin(data, path, HOOKS.id, tool, limits)
    keep_hooks(draft, draft.parsed().get("hooks"))
    return draft.done()


def read_permissions(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What may run unasked. Never raises."""
    draft = begin(data, path, PERMISSIONS.id, "Cursor", limits)
    content = draft.parsed()
    for name in _LISTS:
        *above, key = name.split(".")
        for item, line in items(child(content, *above).get(key)):
            if isinstance(item, str):
                draft.setting(name, item, line)
    keep_settings(draft, content, ("approvalMode", "sandbox.mode"))
    return draft.done()


HOOKS = ToolFormat(id="cursor-hooks", globs=(".cursor/hooks.json", ".github/hooks/*.json"), read=read_hooks)
PERMISSIONS = ToolFormat(
    id="cursor-permissions",
    globs=(".cursor/permissions.json", ".cursor/cli.json", ".cursor/cli-config.json"),
    read=read_permissions,
)
