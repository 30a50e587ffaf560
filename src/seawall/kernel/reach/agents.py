"""AI agents that a command starts. The prompt is code: whoever writes into it decides what runs.

Source: the command references of Claude Code, Codex, Gemini CLI, Copilot CLI, Cursor, aider, OpenCode, Goose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seawall.kernel.code import Code, CodeKind, Firmness

from .running import Run
from .scene import Scene, code


@dataclass(frozen=True, slots=True)
class _Agent:
    """`starts`: words or options that make it work on a prompt. `else_`: any plain word is a prompt.

    `idle` are verbs that start no work.
    """

    starts: tuple[str, ...]
    else_: bool = True
    idle: tuple[str, ...] = ()


_IDLE = (
    "login",
    "logout",
    "mcp",
    "config",
    "update",
    "upgrade",
    "doctor",
    "install",
    "completion",
    "auth",
    "help",
    "plugin",
    "setup-token",
    "migrate-installer",
    "extensions",
    "features",
    "sandbox",
    "models",
    "status",
    "whoami",
    "ls",
)
_AGENTS: dict[str, _Agent] = {
    "claude": _Agent(("-p", "--print"), idle=_IDLE),
    "codex": _Agent(("exec", "e", "review"), idle=_IDLE),
    "gemini": _Agent(("-p", "--prompt", "-i", "--prompt-interactive"), idle=_IDLE),
    "qwen": _Agent(("-p", "--prompt"), idle=_IDLE),
    "aider": _Agent(
        ("-m", "--message", "--msg", "-f", "--message-file", "--yes", "--yes-always"), else_=True
    ),
    "cursor-agent": _Agent(("-p", "--print"), idle=_IDLE),
    "copilot": _Agent(("-p", "--prompt"), idle=_IDLE),
    "opencode": _Agent(("run",), else_=False),
    "goose": _Agent(("run",), else_=False),
    "amp": _Agent(("-x", "--execute"), else_=False),
    "crush": _Agent(("run",), else_=False),
    "droid": _Agent(("exec",), else_=False),
    "auggie": _Agent(("-p", "--print"), else_=True, idle=_IDLE),
    "kiro-cli": _Agent(("chat",), else_=False),
    "q": _Agent(("chat",), else_=False),
    "openhands": _Agent(("-t", "--task", "-f", "--file", "--headless"), else_=False),
    "cline": _Agent(("-p", "task"), else_=True, idle=_IDLE),
    "swe-agent": _Agent(("run", "run-batch"), else_=False),
    "sweagent": _Agent(("run", "run-batch"), else_=False),
    "mini": _Agent(("-t", "--task"), else_=False),
}
PROGRAMS = tuple(_AGENTS)
_UNASKED = (
    "--dangerously-skip-permissions", "--yolo", "-y", "--full-auto",
    "--dangerously-bypass-approvals-and-sandbox", "--allow-all-tools", "--allow-all", "--yes-always",
    "--yes", "--force", "--trust-all-tools", "-a", "--no-interactive",
)  # fmt: skip
_MODES = ("bypassPermissions", "danger-full-access", "yolo", "acceptEdits", "never")


def agent(run: Run, scene: Scene) -> Iterator[Code]:
    """An agent at work on a prompt."""
    kind = _AGENTS[run.program]
    texts = run.texts
    words = [text for text in texts if not text.startswith("-")]
    if not texts and not (run.piped or run.command.heredoc is not None):
        return
    if any(text in ("--version", "--help", "-h", "-V", "-v") for text in texts[:1]):
        return
    starts = next((text for text in texts if text.partition("=")[0] in kind.starts), "")
    if not starts and (words[:1] and words[0] in kind.idle):
        return
    if not starts and not (kind.else_ and (words or run.piped or run.command.heredoc is not None)):
        return
    shown = f"{run.program} {starts.partition('=')[0]}" if starts else run.program
    yield code(run, scene, CodeKind.AGENT, shown, Firmness.NONE, note="; ".join(_notes(run)))


def _notes(run: Run) -> Iterator[str]:
    inner = list(dict.fromkeys(e for word in run.args for e in word.expressions))
    names = list(dict.fromkeys(n for word in run.args for n in word.variables))
    if inner:
        yield f"its prompt holds {', '.join(inner[:5])}"
    if names:
        yield f"its prompt holds {', '.join(f'${name}' for name in names[:5])}"
    if run.piped:
        yield "it is fed by a pipe"
    open_ = [text for text in run.texts if text.partition("=")[0] in _UNASKED]
    open_ += [text for text in run.texts if text.rpartition("=")[2] in _MODES]
    if open_:
        yield f"it does not ask before it acts ({' '.join(open_[:3])})"
