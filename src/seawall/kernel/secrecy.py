"""What a name or a value tells about being secret. Nothing here keeps a value.

Source: the prefixes that issuers publish for their tokens, so that scanners can find them.
"""

from __future__ import annotations

import re

_KNOWN = re.compile(
    r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{40,255}|glpat-[\w-]{18,64}"
    r"|npm_[A-Za-z0-9]{30,64}|pypi-[\w-]{40,512}|xox[abeprs]-[\w-]{16,255}|xapp-[\w-]{16,255}"
    r"|sk-ant-[\w-]{20,255}|sk-(?=[\w-]{0,60}\d)[\w-]{20,255}|(?:sk|rk)_live_\w{16,255}|A(?:KI|SI)A[0-9A-Z]{16}"
    r"|AIza[\w-]{30,64}|hf_[A-Za-z0-9]{30,64}|SG\.[\w-]{16,64}\.[\w-]{16,64}|dop_v1_[a-f0-9]{40,80}"
    r"|figd_[\w-]{20,80}|lin_api_\w{20,80}|ntn_\w{30,80}|tvly-[\w-]{20,80}|ctx7sk-[\w-]{20,80}"
    r"|AGE-SECRET-KEY-1\w{50,70}|eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,2000}"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY)"
)
_PLACEHOLDER = re.compile(
    r"(?i)your|example|x{4,}|\*{3,}|\.{3}|change.?me|replace|placeholder|dummy|sample|insert|redacted|fake"
    r"|todo|fixme|<[^>]*>|\{\{|-here\b|\bhere\b|12345678|abcdef|localhost|test"
)
_VARIABLE = re.compile(
    r"\$\{(?:env:|localEnv:|containerEnv:)?([A-Za-z_]\w*)(?::?[-?+][^}]*)?\}|\$\{(input:[\w.-]+)\}|\$([A-Za-z_]\w*)"
    r"|%([A-Za-z_]\w*)%|\{env:([A-Za-z_]\w*)\}|\$\{\{?\s*(?:secrets|env)\.([A-Za-z_]\w*)\s*\}?\}"
)
_ORDINARY = frozenset(
    {
        "CLAUDE_PLUGIN_ROOT", "CLAUDE_PROJECT_DIR", "CURSOR_PLUGIN_ROOT", "GEMINI_PROJECT_DIR", "HOME",
        "LANG", "OLDPWD", "PATH", "PWD", "SHELL", "TMPDIR", "USER", "USERPROFILE", "containerWorkspaceFolder",
        "containerWorkspaceFolderBasename", "cwd", "devcontainerId", "execPath", "extensionPath", "file",
        "localWorkspaceFolder", "localWorkspaceFolderBasename", "pathSeparator", "userHome",
        "workspaceFolder", "workspaceFolderBasename", "workspaceRoot",
    }
)  # fmt: skip
"""Variables that tell where things are, and nothing that anybody keeps to himself."""
_LONGEST = 16_384
_SECRET = re.compile(
    r"(?:\A|[_.\-\s]|(?<=[a-z0-9])(?=[A-Z]))"
    r"(?i:tokens?|secrets?|passwords?|passwd|passphrase|pwd|pat|api[_-]?keys?|auth|authorization|bearer|cookie"
    r"|credentials?|private[_-]?key|access[_-]?key|secret[_-]?key|auth[_-]?key|license[_-]?key|key)\Z"
)
_NO_SECRET = re.compile(
    r"(?i:max|min|num|total|public|primary|foreign|sort|cache|partition|host|lang|i18n|shortcut|hot|ssh[_-]?public)"
    r"[_-]?(?:tokens?|keys?)\Z"
)


def names_a_secret(name: str) -> bool:
    """Whether a variable, header or option of this name holds a credential, as names go."""
    return bool(_SECRET.search(name)) and not _NO_SECRET.search(name)


def variables_in(text: str) -> tuple[str, ...]:
    """The names of variables that `text` takes its value from, each once; ordinary places left out."""
    found = (next((g for g in match.groups() if g), "") for match in _VARIABLE.finditer(text[:_LONGEST]))
    return tuple(dict.fromkeys(name for name in found if name and name not in _ORDINARY))


def known_token(text: str) -> bool:
    """Whether a token of a kind that tells itself stands in `text`, and no example of one."""
    return any(not is_example(found[0]) for found in _KNOWN.finditer(text[:_LONGEST]))


def is_example(text: str) -> bool:
    """Whether a value is there to be replaced, and no secret of anybody."""
    return bool(_PLACEHOLDER.search(text)) or (len(set(text)) < 10 and "BEGIN" not in text)


def without_tokens(text: str, instead: str) -> str:
    """`text` with every token of a known kind replaced."""
    return _KNOWN.sub(instead, text)


def without_variables(text: str) -> str:
    """`text` without the variables in it."""
    return _VARIABLE.sub("", text)
