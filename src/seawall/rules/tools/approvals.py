"""Settings with which a tree takes the question away that stands before an action."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.pipeline import Setting
from seawall.kernel.rule import rule
from seawall.kernel.tool import ToolFile


@dataclass(frozen=True, slots=True)
class _Guard:
    """A setting that lowers a guard when its value matches."""

    name: re.Pattern[str]
    value: re.Pattern[str]
    what: str
    severity: Severity = Severity.HIGH


def _guard(name: str, value: str, what: str, severity: Severity = Severity.HIGH) -> _Guard:
    return _Guard(re.compile(f"(?:{name})\\Z"), re.compile(f"(?:{value})\\Z", re.IGNORECASE), what, severity)


_EVERYTHING = r"\*|\*:\*|(?:Bash|Shell|run_shell_command|ShellTool)(?:\((?:|\*|:\*|\*:\*|\*\*)\))?"
_ANY_COMMAND = r"\*|/\^?\.?[*+]?\$?/[a-z]*|/\^?\(?\.[*+]\)?\$?/[a-z]*|\.\*"
_COMMANDS = "every command runs without a question"
_TOOLS = "every tool runs without a question"
_SERVERS = "a server's tools run without a question"
_NO_FENCE = "commands run outside a sandbox"

_GUARDS = (
    # Claude Code, and agents' and commands' own heads
    _guard(r"(?:permissions\.)?defaultMode|permissionMode", "bypassPermissions", _TOOLS),
    _guard("dangerouslySkipPermissions|claudeCode.allowDangerouslySkipPermissions", "true", _TOOLS),
    _guard("claudeCode.initialPermissionMode", "bypassPermissions", _TOOLS),
    _guard("skipDangerousModePermissionPrompt", "true", "the last warning is off", Severity.MEDIUM),
    _guard("enableAllProjectMcpServers", "true", "every server of the tree starts unasked", Severity.MEDIUM),
    _guard("enabledMcpjsonServers", ".+", "a server of the tree starts unasked", Severity.INFO),
    _guard("permissions.allow|tools.allowed|allowedTools", _EVERYTHING, _COMMANDS, Severity.MEDIUM),
    _guard("allowed-tools", _EVERYTHING, f"{_COMMANDS} while it works", Severity.INFO),
    _guard("sandbox.enabled|chat.agent.sandbox.enabled", "false", _NO_FENCE, Severity.INFO),
    # Cursor
    _guard("mcpAllowlist|terminalAllowlist", _EVERYTHING, _TOOLS),
    _guard("approvalMode", "unrestricted|never|yolo|auto", _TOOLS),
    _guard("sandbox.mode", "disabled|off|none", _NO_FENCE, Severity.MEDIUM),
    # VS Code and its extensions
    _guard("chat.tools.autoApprove|chat.tools.global.autoApprove", "true", _TOOLS),
    _guard("chat.tools.terminal.autoApprove", _ANY_COMMAND, _COMMANDS),
    _guard("chat.permissions.default", "autopilot|autoapprove|bypass.*", _TOOLS),
    _guard("geminicodeassist.agentYoloMode|cline.autoApproveAll|augment.autoApprove", "true", _TOOLS),
    _guard("(?:roo-cline|kilo-code).allowedCommands", r"\*", _COMMANDS),
    _guard("task.allowAutomaticTasks", "on|true", "tasks of folders start unasked", Severity.MEDIUM),
    _guard("security.workspace.trust.enabled", "false", "folders are trusted unasked", Severity.MEDIUM),
    _guard("security.workspace.trust.untrustedFiles", "open", "untrusted files open unasked", Severity.LOW),
    _guard("extensions.verifySignature", "false", "extensions are not verified", Severity.MEDIUM),
    _guard("http.proxyStrictSSL", "false", "certificates are not checked", Severity.LOW),
    # Codex
    _guard("approval_policy", "never", "commands run without a question", Severity.MEDIUM),
    _guard("sandbox_mode|default_permissions", ":?danger-(?:full-access|no-sandbox)", _NO_FENCE),
    _guard("sandbox_workspace_write.network_access", "true", "commands reach the network", Severity.INFO),
    _guard(r"profiles\..*\.approval_policy", "never", "a profile asks no question", Severity.LOW),
    _guard(r"profiles\..*\.sandbox_mode", "danger-full-access", "a profile has no sandbox", Severity.LOW),
    _guard(r"mcp_servers\.default_tools_approval_mode", "auto|approve|never", _SERVERS, Severity.MEDIUM),
    # Gemini CLI, and servers wherever they stand
    _guard(r"(?:mcpServers|mcp_servers|mcp.servers|servers)\.trust", "true", _SERVERS, Severity.MEDIUM),
    _guard(r"mcpServers\.(?:alwaysAllow|autoApprove)", r"(?!0\Z)\d+|true", _SERVERS, Severity.INFO),
    _guard("general.defaultApprovalMode", "yolo", _TOOLS),
    _guard("general.defaultApprovalMode", "auto_edit|autoEdit", "files change unasked", Severity.INFO),
    _guard("tools.autoAccept|autoAccept", "true", "tools thought safe run unasked", Severity.LOW),
)
"""A guard names its setting by the whole dotted name and its value whatever the case."""


@rule("tools/approval-off", Severity.HIGH)
def approval_off(intake: Intake) -> Iterator[Evidence]:
    """A tree must not answer for the person who opens it: who switches approval off decides alone.

    Looks at the settings of Claude Code, Cursor, VS Code, Codex, Gemini CLI and agents' own heads: permission
    modes, allow-lists that allow everything, trusted servers, sandboxes that are off. In a dev container,
    which is a fence of its own, such settings are information.

    Why: one hidden instruction in a page, an issue or a package is then enough to run any command.

    Attack: CVE-2025-53773 (August 2025): an instruction hidden in a source file made Copilot write
    `"chat.tools.autoApprove": true` into `.vscode/settings.json`, and from then on it ran what it was told.
    The s1ngularity malware started AI tools with the flags that skip every question.

    Fix: take the setting out of the tree; who wants it can set it on a machine that holds nothing.
    """
    for file in intake.tools:
        seen: set[str] = set()
        for setting in file.settings:
            guard = next(
                (g for g in _GUARDS if g.name.match(setting.name) and g.value.match(setting.value)), None
            )
            if guard and setting.name + setting.value not in seen:
                seen.add(setting.name + setting.value)
                yield _evidence(guard, setting, file)


def _lowered(setting: Setting) -> _Guard | None:
    found = (g for g in _GUARDS if g.name.match(setting.name) and g.value.match(setting.value))
    return next(found, None)


def _evidence(guard: _Guard, setting: Setting, file: ToolFile) -> Evidence:
    contained = file.format.startswith("devcontainer")
    return Evidence(
        message=f"{guard.what}: {setting.name} = {setting.value[:60]}",
        advice="take it out of the tree; who wants it can set it where nothing can be lost",
        path=file.path,
        line=setting.line,
        severity=Severity.INFO if contained else guard.severity,
        subject=f"{setting.name} {setting.value}",
        detail={"setting": setting.name, "tool": file.tool},
    )
