"""Instruction files are text that agents obey: rules, agents, commands, and skills with what is beside them.

Source: the agents.md convention; the documents of Claude Code (memory, subagents, commands, skills), Cursor
(rules), GitHub Copilot (instructions, prompts, agents), Gemini CLI (context files) and Windsurf.
"""

from __future__ import annotations

import re

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.tool import LaunchKind, Moment, ToolFile
from seawall.readers.format import ToolFormat
from seawall.readers.syntax import jsonc

from ._draft import Draft, begin, items, text
from ._front_matter import front_matter
from ._hooks import keep_hooks
from ._passages import passages
from ._servers import keep_servers

_APPROVALS = ("permissionMode", "permission-mode")
_TOOLS = ("allowed-tools", "allowedTools")
_RUN_AT_ONCE = re.compile(r"(?<![\w`])!`([^`\n]{1,2000})`")
_DIVIDE = re.compile(r",\s*(?![^()]*\))|\s+(?![^()]*\))")
_OWNERS = (
    (".claude/", "Claude Code"), (".cursor/", "Cursor"), (".github/", "Copilot"), (".gemini/", "Gemini CLI"),
    (".codex/", "Codex"), (".windsurf/", "Windsurf"), (".agents/", "agents"),
)  # fmt: skip
_NAMES = {
    "CLAUDE.md": "Claude Code", "CLAUDE.local.md": "Claude Code", "GEMINI.md": "Gemini CLI",
    "AGENTS.md": "agents", "AGENTS.override.md": "Codex", ".cursorrules": "Cursor", "SKILL.md": "agents",
    ".windsurfrules": "Windsurf", ".clinerules": "Cline", ".goosehints": "Goose",
}  # fmt: skip


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What the file tells an agent that is not in plain sight, and what its head sets. Never raises."""
    return _read(data, path, limits, INSTRUCTIONS.id)


def read_skill(data: bytes, path: str, limits: Limits) -> ToolFile:
    """The same for a skill. Never raises."""
    return _read(data, path, limits, SKILL.id)


def _read(data: bytes, path: str, limits: Limits, format_: str) -> ToolFile:
    draft = begin(data, path, format_, _tool(path), limits, "instructions")
    draft.passages = passages(draft.text)
    head = front_matter(draft.text, limits)
    for key in _APPROVALS:
        if text(head.get(key)):
            draft.setting("permissionMode", head[key], head.lines.get(key, 0))
    for key in _TOOLS:
        for tool, line in _listed(head, key):
            draft.setting("allowed-tools", tool, line)
    keep_hooks(draft, head.get("hooks"))
    _servers(draft, head)
    if "!`" in draft.text and ("/commands/" in f"/{path}" or format_ == SKILL.id):
        _at_once(draft)
    return draft.done()


def _tool(path: str) -> str:
    folder = next((owner for part, owner in _OWNERS if f"/{part}" in f"/{path}"), "")
    return folder or _NAMES.get(path.rpartition("/")[2], "Cursor" if path.endswith(".mdc") else "agents")


def _listed(head: jsonc.Object, key: str) -> list[tuple[str, int]]:
    line = head.lines.get(key, 0)
    if isinstance(head.get(key), str):
        return [(word, line) for word in _DIVIDE.split(text(head[key])) if word][:100]
    return [(text(item), at) for item, at in items(head.get(key))][:100]


def _servers(draft: Draft, head: jsonc.Object) -> None:
    """An agent's servers are an object, or a list of objects and of names of servers known elsewhere."""
    keep_servers(draft, head.get("mcpServers"), "mcpServers")
    for item, _ in items(head.get("mcpServers")):
        keep_servers(draft, item, "mcpServers")


def _at_once(draft: Draft) -> None:
    """A command file's ``!`…` `` is run before the agent reads the rest."""
    counted, line = 0, 1
    for number, found in enumerate(_RUN_AT_ONCE.finditer(draft.text)):
        if number >= 200:
            return
        line += draft.text.count("\n", counted, found.start())
        counted = found.start()
        draft.launch(LaunchKind.COMMAND, "!`…`", line, Moment.ASKED, found[1], event="!")


def read_beside(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What lies beside a skill: its digest, and what is hidden in it. What is no text is no fault here."""
    draft = begin(data, path, BESIDE.id, "agents", limits, role="beside")
    if draft.problems and draft.problems[0].kind is ProblemKind.ENCODING:
        draft.problems.clear()
    return draft.done()


INSTRUCTIONS = ToolFormat(
    id="instructions",
    globs=(
        "AGENTS.md", "AGENTS.override.md", "CLAUDE.md", "CLAUDE.local.md", "GEMINI.md", ".cursorrules",
        ".windsurfrules", ".clinerules", ".goosehints", "*.mdc", ".github/copilot-instructions.md",
        ".github/instructions/*.md", ".github/prompts/*.md", ".github/agents/*.md", ".github/chatmodes/*.md",
        ".claude/agents/*.md", ".claude/commands/*.md", ".claude/rules/*.md", ".claude/output-styles/*.md",
        ".cursor/rules/*.md", ".cursor/commands/*.md", ".cursor/agents/*.md", ".clinerules/*.md",
        ".windsurf/rules/*.md", ".windsurf/workflows/*.md", ".gemini/commands/*.toml", ".codex/prompts/*.md",
        ".roo/rules/*.md", ".kiro/steering/*.md", ".amazonq/rules/*.md", ".junie/guidelines.md",
    ),
    read=read,
)  # fmt: skip
SKILL = ToolFormat(id="skill", globs=("SKILL.md",), read=read_skill)
BESIDE = ToolFormat(id="beside-skill", globs=(), read=read_beside)
"""Claims no name: these files are found by the skill that they lie beside."""
