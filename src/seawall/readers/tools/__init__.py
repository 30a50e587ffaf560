"""Settings of developer and agent tools: one file per format."""

from __future__ import annotations

from seawall.readers.format import ToolFormat

from . import (
    claude_plugin,
    claude_settings,
    claude_user,
    codex_config,
    cursor,
    devcontainer,
    gemini_settings,
    instructions,
    mcp_servers,
    pypirc,
    vscode,
)

FORMATS: tuple[ToolFormat, ...] = (
    mcp_servers.FORMAT,
    claude_settings.FORMAT,
    claude_user.FORMAT,
    claude_plugin.FORMAT,
    cursor.HOOKS,
    cursor.PERMISSIONS,
    vscode.TASKS,
    vscode.LAUNCH,
    vscode.SETTINGS,
    vscode.EXTENSIONS,
    vscode.WORKSPACE,
    vscode.INSTALLED,
    codex_config.FORMAT,
    gemini_settings.FORMAT,
    devcontainer.FORMAT,
    devcontainer.LOCK,
    devcontainer.FEATURE,
    instructions.SKILL,
    instructions.INSTRUCTIONS,
    instructions.BESIDE,
    pypirc.FORMAT,
)
"""Every format of tools that is read, in the order in which they claim files."""
