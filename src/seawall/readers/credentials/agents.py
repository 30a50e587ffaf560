"""Agents keep the logins of the models that they speak to: JSON with tokens, and when they end.

Source: the documents of Codex, Claude Code, Gemini CLI, Cursor and GitHub Copilot, as far as they tell.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import begin
from ._tokens import jwt_expiry, keep_logins


def _read(data: bytes, path: str, limits: Limits, *, format_: str, kind: str) -> CredentialFile:
    draft = begin(data, path, format_, kind, limits)
    if draft.text.lstrip()[:1] in ("{", "["):
        keep_logins(draft, draft.json())
    elif len(draft.text.split()) == 1 and not draft.problems:
        draft.keep("token", 1, expires=jwt_expiry(draft.text))
    elif draft.text.strip() and not draft.problems:
        draft.broken()
    return draft.done()


def _format(id: str, kind: str, *places: str) -> CredentialFormat:
    read: Callable[[bytes, str, Limits], CredentialFile] = partial(_read, format_=id, kind=kind)
    return CredentialFormat(id, kind, places, read)


FORMATS = (
    _format("codex-auth", "openai", ".codex/auth.json"),
    _format("openai-files", "openai", ".openai/*", ".config/openai/*"),
    _format("claude-login", "claude", ".claude/.credentials.json"),
    _format("anthropic-files", "claude", ".config/anthropic/*", ".anthropic/*"),
    _format("gemini-login", "gemini", ".gemini/oauth_creds.json", ".gemini/mcp-oauth-tokens.json"),
    _format("cursor-login", "cursor", ".config/cursor/auth.json", ".cursor/auth.json"),
    _format(
        "copilot-login", "copilot", ".config/github-copilot/hosts.json", ".config/github-copilot/apps.json",
        "AppData/Local/github-copilot/hosts.json", "AppData/Local/github-copilot/apps.json",
    ),
)  # fmt: skip
