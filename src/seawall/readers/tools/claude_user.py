"""Claude Code keeps servers of a person, and of each project, in `~/.claude.json`.

Source: Claude Code's documents of MCP scopes (`mcpServers` at the top is the user's, below `projects` a
project's local ones). The file grows with use, so a large one is read by a faster parser, without lines.
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.tool import ToolFile
from seawall.readers.format import ToolFormat
from seawall.readers.syntax import json, jsonc
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import Draft, begin, children
from ._servers import keep_servers

_LARGE = 256 * 1024


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """The servers. Never raises."""
    draft = begin(data, path, FORMAT.id, "Claude Code", limits)
    content = _large(draft, limits) if len(draft.text) > _LARGE else draft.parsed()
    keep_servers(draft, content.get("mcpServers"), "mcpServers")
    for _, project, _ in children(content.get("projects")):
        keep_servers(draft, project.get("mcpServers"), "mcpServers")
    return draft.done()


def _large(draft: Draft, limits: Limits) -> jsonc.Object:
    """Only what is read here, as the other parser gives it; the text is not looked through."""
    try:
        value = json.load(draft.text, limits)
    except SyntaxFault as fault:
        draft.problems.append(fault.at(draft.path))
        value = None
    draft.text = ""
    found = jsonc.Object(1)
    if isinstance(value, dict):
        found["mcpServers"] = _lined(value.get("mcpServers"))
        projects = value.get("projects")
        if isinstance(projects, dict):
            found["projects"] = _lined({k: _servers(v) for k, v in projects.items()})
    return found


def _servers(project: object) -> dict[str, object]:
    return {"mcpServers": project.get("mcpServers")} if isinstance(project, dict) else {}


def _lined(value: object) -> object:
    """The same as objects and arrays that know lines; all are 0, which says unknown."""
    if isinstance(value, dict):
        found = jsonc.Object()
        for key, item in value.items():
            found[str(key)] = _lined(item)
            found.lines[str(key)] = 0
        return found
    if isinstance(value, list):
        array = jsonc.Array()
        array.extend(_lined(item) for item in value)
        array.lines.extend([0] * len(value))
        return array
    return value


FORMAT = ToolFormat(id="claude-user", globs=(".claude.json",), read=read)
