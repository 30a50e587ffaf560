"""VS Code's files of a folder: tasks, launch configurations, settings, extensions; and whole workspaces.

Source: VS Code's documents of each of them; Cursor, Windsurf and VSCodium read the same files.
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.tool import ToolFile
from seawall.readers.format import ToolFormat

from ._draft import begin, child
from ._servers import keep_servers
from ._vscode import keep_editor_settings, keep_extensions, keep_launches, keep_tasks

_TOOL = "VS Code"


def read_tasks(data: bytes, path: str, limits: Limits) -> ToolFile:
    """The tasks. Never raises."""
    draft = begin(data, path, TASKS.id, _TOOL, limits)
    keep_tasks(draft, draft.parsed())
    return draft.done()


def read_launch(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What debuggers are started with. Never raises."""
    draft = begin(data, path, LAUNCH.id, _TOOL, limits)
    keep_launches(draft, draft.parsed())
    return draft.done()


def read_settings(data: bytes, path: str, limits: Limits) -> ToolFile:
    """Settings that can lower a guard. Never raises."""
    draft = begin(data, path, SETTINGS.id, _TOOL, limits)
    keep_editor_settings(draft, draft.parsed())
    return draft.done()


def read_extensions(data: bytes, path: str, limits: Limits) -> ToolFile:
    """Recommended and unwanted extensions. Never raises."""
    draft = begin(data, path, EXTENSIONS.id, _TOOL, limits)
    content = draft.parsed()
    keep_extensions(draft, content.get("recommendations"), "recommends")
    keep_extensions(draft, content.get("unwantedRecommendations"), "unwanted")
    return draft.done()


def read_workspace(data: bytes, path: str, limits: Limits) -> ToolFile:
    """All of the above in one file. Never raises."""
    draft = begin(data, path, WORKSPACE.id, _TOOL, limits)
    content = draft.parsed()
    keep_tasks(draft, child(content, "tasks"))
    keep_launches(draft, child(content, "launch"))
    keep_editor_settings(draft, child(content, "settings"))
    keep_servers(draft, child(content, "mcp", "servers"), "mcp.servers")
    extensions = child(content, "extensions")
    keep_extensions(draft, extensions.get("recommendations"), "recommends")
    keep_extensions(draft, extensions.get("unwantedRecommendations"), "unwanted")
    return draft.done()


def read_extension(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What an installed extension brings along. Never raises."""
    draft = begin(data, path, INSTALLED.id, _TOOL, limits)
    content = draft.parsed()
    for key in ("extensionPack", "extensionDependencies"):
        keep_extensions(draft, content.get(key), "pulls-in")
    return draft.done()


TASKS = ToolFormat(id="vscode-tasks", globs=(".vscode/tasks.json",), read=read_tasks)
LAUNCH = ToolFormat(id="vscode-launch", globs=(".vscode/launch.json",), read=read_launch)
SETTINGS = ToolFormat(id="vscode-settings", globs=(".vscode/settings.json",), read=read_settings)
EXTENSIONS = ToolFormat(id="vscode-extensions", globs=(".vscode/extensions.json",), read=read_extensions)
WORKSPACE = ToolFormat(id="vscode-workspace", globs=("*.code-workspace",), read=read_workspace)
INSTALLED = ToolFormat(
    id="vscode-installed",
    globs=tuple(
        f"{folder}/extensions/*/package.json"
        for folder in (".vscode", ".vscode-server", ".cursor", ".cursor-server", ".windsurf", ".vscode-oss")
    ),
    read=read_extension,
)
