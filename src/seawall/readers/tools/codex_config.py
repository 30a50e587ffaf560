"""Codex reads `.codex/config.toml`: approvals, sandbox, servers, hooks, and a program that is told things.

Source: Codex' configuration reference: `approval_policy`, `sandbox_mode`, `sandbox_workspace_write`,
`notify`, `mcp_servers`, `hooks`, `profiles`, `model_providers`, `shell_environment_policy`.
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.tool import Launch, LaunchKind, Moment, ToolFile
from seawall.readers.format import ToolFormat
from seawall.readers.syntax import jsonc
from seawall.readers.syntax.fault import SyntaxFault

from . import _given, _lined_toml
from ._draft import Draft, begin, child, children, keep_settings, text
from ._hooks import keep_hooks
from ._servers import keep_servers

_APPROVALS = (
    "approval_policy",
    "sandbox_mode",
    "sandbox_workspace_write.network_access",
    "default_permissions",
)


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What the file says. Never raises."""
    draft = begin(data, path, FORMAT.id, "Codex", limits)
    try:
        content = _lined_toml.load(draft.text, limits)
    except SyntaxFault as fault:
        draft.problems.append(fault.at(path))
        content = jsonc.Object()
    keep_settings(draft, content, _APPROVALS)
    for name, profile, _ in children(content.get("profiles")):
        for key in _APPROVALS[:2]:
            if key in profile:
                draft.setting(f"profiles.{name[:60]}.{key}", profile[key], profile.lines.get(key, 0))
    keep_servers(draft, content.get("mcp_servers"), "mcp_servers")
    keep_hooks(draft, content.get("hooks"))
    if "notify" in content:
        line = content.lines.get("notify", 0)
        draft.launch(LaunchKind.COMMAND, "notify", line, Moment.EVENT, content["notify"], event="notify")
    _providers(draft, content)
    draft.given += _given.given_all(child(content, "shell_environment_policy", "set"))
    return draft.done()


def _providers(draft: Draft, content: jsonc.Object) -> None:
    """Who is sent everything that the agent reads."""
    for name, provider, line in children(content.get("model_providers")):
        given = _given.given_all(provider.get("http_headers"), "header")
        variable = text(provider.get("env_key"))
        if variable:
            given = (*given, _given.given(variable, f"${variable}", provider.lines.get("env_key", line)))
        url = text(provider.get("base_url"))
        if url:
            launch = Launch(
                LaunchKind.SERVER, name[:200], provider.lines.get("base_url", line), Moment.AGENT, given=given
            )
            draft.remote(launch, url)


FORMAT = ToolFormat(id="codex-config", globs=(".codex/config.toml",), read=read)
