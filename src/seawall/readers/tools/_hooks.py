"""A hook is a command that an agent runs at one of its events, whoever wrote it.

Two shapes: events hold matchers that hold hooks (Claude Code, Gemini CLI, Codex), or events hold the hooks
themselves (Cursor, Copilot). Both are read wherever they stand.
Source: the hook references of Claude Code, Gemini CLI, Codex, Cursor and GitHub Copilot CLI.
"""

from __future__ import annotations

from seawall.kernel.tool import Launch, LaunchKind, Moment
from seawall.readers.syntax import jsonc

from . import _given
from ._draft import Draft, items, text

_AT_THE_START = frozenset({"sessionstart", "setup", "workspaceopen", "instructionsloaded", "beforeagent"})
_COMMANDS = ("command", "bash", "powershell", "windows", "linux", "osx")


def keep_hooks(draft: Draft, hooks: object, deepest: int = 2) -> None:
    """Keep every command and address of an object of events."""
    if not isinstance(hooks, jsonc.Object):
        return
    for event, entries in hooks.items():
        _keep(draft, event, entries, hooks.lines.get(event, 0), deepest)


def moment_of(event: str) -> Moment:
    """When hooks of the event run."""
    return Moment.AGENT if event.replace("_", "").lower() in _AT_THE_START else Moment.EVENT


def _keep(draft: Draft, event: str, entries: object, line: int, deepest: int) -> None:
    if isinstance(entries, jsonc.Object):
        _hook(draft, event, entries, line)
    for entry, at in items(entries):
        if not isinstance(entry, jsonc.Object):
            continue
        _hook(draft, event, entry, at)
        if deepest:
            _keep(draft, event, entry.get("hooks"), at, deepest - 1)


def _hook(draft: Draft, event: str, hook: jsonc.Object, line: int) -> None:
    given = (*_given.given_all(hook.get("env")), *_given.given_all(hook.get("headers"), "header"))
    for key in _COMMANDS:
        command = hook.get(key)
        if isinstance(command, str | list):
            at = hook.lines.get(key, line)
            draft.launch(LaunchKind.HOOK, event, at, moment_of(event), command, event=event, given=given)
    url = text(hook.get("url"))
    if url:
        at = hook.lines.get("url", line)
        launch = Launch(LaunchKind.HOOK, event[:200], at, moment_of(event), given=given, event=event)
        draft.remote(launch, url)
