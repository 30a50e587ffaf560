"""The parts of VS Code's files that stand in several: tasks, launch configurations, settings, extensions.

Source: VS Code's documents of tasks (schema 2.0.0), debugging, settings, agents' approvals and extensions.
"""

from __future__ import annotations

import re

from seawall.kernel.code import Firmness
from seawall.kernel.tool import LaunchKind, Moment, Reference, ReferenceKind
from seawall.readers.syntax import jsonc

from . import _given
from ._draft import Draft, child, deep, items, keep_settings, text, words
from ._servers import keep_servers

_SYSTEMS = ("windows", "osx", "linux")
_NAME = re.compile(r"[A-Za-z0-9][\w-]*\.[\w.-]+(?:@[\w.+-]+)?\Z")

APPROVALS = (
    "chat.tools.autoApprove", "chat.tools.global.autoApprove", "chat.tools.terminal.enableAutoApprove",
    "chat.permissions.default", "chat.agent.sandbox.enabled", "chat.mcp.autostart", "chat.mcp.access",
    "security.workspace.trust.enabled", "security.workspace.trust.untrustedFiles", "task.allowAutomaticTasks",
    "claudeCode.allowDangerouslySkipPermissions", "claudeCode.initialPermissionMode",
    "geminicodeassist.agentYoloMode", "github.copilot.chat.agent.autoFix", "extensions.autoUpdate",
    "extensions.verifySignature", "npm.autoDetect", "git.autofetch", "http.proxyStrictSSL",
    "roo-cline.autoApprovalEnabled", "cline.autoApproveAll", "augment.autoApprove",
)  # fmt: skip
"""Settings that say what happens without a question."""

_LISTS = ("roo-cline.allowedCommands", "kilo-code.allowedCommands")


def keep_tasks(draft: Draft, content: jsonc.Object) -> None:
    """Keep every task; one with `runOn: folderOpen` starts when the folder is opened."""
    for task, line in items(content.get("tasks")):
        if not isinstance(task, jsonc.Object):
            continue
        event = text(child(task, "runOptions").get("runOn")) or text(
            child(content, "runOptions").get("runOn")
        )
        moment = Moment.FOLDER if event == "folderOpen" else Moment.ASKED
        name = text(task.get("label")) or text(task.get("taskName")) or text(task.get("script"))
        for variant in (task, *(child(task, system) for system in _SYSTEMS)):
            _task(draft, variant, task, name, variant.line or line, moment, event)


def _task(
    draft: Draft, variant: jsonc.Object, task: jsonc.Object, name: str, line: int, moment: Moment, event: str
) -> None:
    given = _given.given_all(child(variant, "options", "env"))
    command = variant.get("command")
    if isinstance(command, jsonc.Object):
        command = command.get("value")
    if text(variant.get("type")) == "npm" and text(variant.get("script")):
        command = f"npm run {text(variant.get('script'))}"
    if not text(command):
        return
    at = variant.lines.get("command", line)
    args = [a if isinstance(a, str) else text(child(a).get("value")) for a in _list(variant.get("args"))]
    kind = text(variant.get("type")) or text(task.get("type"))
    whole = (text(command), *args) if kind == "process" or args else text(command)
    shown = child(task, "presentation")
    quiet = task.get("hide") is True or text(shown.get("reveal")) == "never" or shown.get("close") is True
    draft.launch(LaunchKind.TASK, name, at, moment, whole, event=event, given=given, quiet=quiet)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def keep_launches(draft: Draft, content: jsonc.Object) -> None:
    """Keep what a debugger is started with: a person has to ask for it."""
    for item, line in items(content.get("configurations")):
        if isinstance(item, jsonc.Object):
            given = _given.given_all(item.get("env"))
            program = text(item.get("runtimeExecutable")) or text(item.get("program"))
            whole = (program, *words(item.get("runtimeArgs")), *words(item.get("args")))
            if program:
                draft.launch(LaunchKind.TASK, text(item.get("name")), line, Moment.ASKED, whole, given=given)
            else:
                draft.given += given


def keep_editor_settings(draft: Draft, content: jsonc.Object) -> None:
    """Keep approvals, servers and what terminals are given."""
    keep_settings(draft, content, APPROVALS)
    for name in ("chat.tools.terminal.autoApprove", "chat.tools.urls.autoApprove"):
        allowed, _ = deep(content, name)
        if isinstance(allowed, jsonc.Object):
            for pattern, value in allowed.items():
                if value is True or (isinstance(value, jsonc.Object) and value.get("approve") is True):
                    draft.setting(name, pattern, allowed.lines.get(pattern, 0))
    for name in _LISTS:
        found, _ = deep(content, name)
        for item, line in items(found):
            draft.setting(name, item, line)
    servers, _ = deep(content, "mcp.servers")
    keep_servers(draft, servers, "mcp.servers")
    for system in _SYSTEMS:
        given, _ = deep(content, f"terminal.integrated.env.{system}")
        draft.given += _given.given_all(given)


def keep_extensions(draft: Draft, found: object, relation: str) -> None:
    """Keep every extension of a list. One with a minus in front is one that is left out."""
    for item, line in items(found):
        name = text(item).strip()
        if _NAME.match(name):
            bare, _, version = name.partition("@")
            pin = Firmness.VERSION if version[:1].isdigit() else Firmness.FLOATING
            draft.references.append(
                Reference(ReferenceKind.EXTENSION, bare[:200], line, pin, version[:100], relation)
            )
