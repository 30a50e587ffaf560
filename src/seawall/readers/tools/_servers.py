"""An MCP server is a command with its words and variables, or an address with its headers.

Source: the Model Context Protocol's transports (stdio, streamable HTTP, SSE) and the documents of the
clients: `command`, `args`, `env`, `envFile`, `url`, `httpUrl`, `serverUrl`, `headers`, `headersHelper`,
`type`, `trust`.
"""

from __future__ import annotations

from seawall.kernel.tool import Given, Launch, LaunchKind, Moment
from seawall.readers.syntax import jsonc

from . import _given
from ._draft import Draft, children, text, words

_ADDRESSES = ("httpUrl", "url", "serverUrl")
_OPTIONS = ("trust", "alwaysAllow", "autoApprove", "default_tools_approval_mode")


def keep_servers(draft: Draft, servers: object, prefix: str, moment: Moment = Moment.AGENT) -> None:
    """Keep every server of an object of servers; `prefix` is where it stands (`mcpServers`)."""
    for name, server, line in children(servers):
        _keep(draft, name, server, line, prefix, moment)


def _keep(draft: Draft, name: str, server: jsonc.Object, line: int, prefix: str, moment: Moment) -> None:
    if server.get("disabled") is True or server.get("enabled") is False:
        return
    given = (
        *_given.given_all(server.get("env")),
        *_given.given_all(server.get("headers"), "header"),
        *_given.given_all(server.get("http_headers"), "header"),
        *_named(server, line),
    )
    command = server.get("command")
    if isinstance(command, list):  # opencode and zed write the whole line as a list
        draft.launch(LaunchKind.SERVER, name, line, moment, words(command), given=given)
    elif text(command).strip():
        line_words = (text(command).strip(), *words(server.get("args")))
        draft.launch(LaunchKind.SERVER, name, line, moment, _split(line_words), given=given)
    for key in _ADDRESSES:
        if text(server.get(key)):
            launch = Launch(LaunchKind.SERVER, name[:200], server.lines.get(key, line), moment, given=given)
            draft.remote(launch, text(server.get(key)))
            break
    helper = text(server.get("headersHelper"))
    if helper:
        at = server.lines.get("headersHelper", line)
        draft.launch(LaunchKind.COMMAND, f"{name} headersHelper", at, moment, helper, event="headersHelper")
    for option in _OPTIONS:
        if option in server:
            value = server[option]
            shown = len(value) if isinstance(value, list) else value
            draft.setting(f"{prefix}.{option}", shown, server.lines.get(option, line))


def _split(line_words: tuple[str, ...]) -> tuple[str, ...] | str:
    """Some write the whole line into `command`; a program's own path may hold blanks, so only then."""
    program, *rest = line_words
    if not rest and " " in program and not program.startswith(("/", "C:", "~", ".", "$", '"')):
        return program
    return line_words


def _named(server: jsonc.Object, line: int) -> tuple[Given, ...]:
    """Variables that are named instead of written: Codex' `bearer_token_env_var`, `env_vars`; an env file."""
    found = []
    bearer = text(server.get("bearer_token_env_var"))
    if bearer:
        found.append(Given(bearer, server.lines.get("bearer_token_env_var", line), "header", (bearer,)))
    headers = server.get("env_http_headers")
    if isinstance(headers, jsonc.Object):
        for name, variable in headers.items():
            if isinstance(variable, str):
                found.append(Given(name, headers.lines.get(name, line), "header", (variable,)))
    for name in words(server.get("env_vars")):
        found.append(Given(name, server.lines.get("env_vars", line), "env", (name,)))
    env_file = text(server.get("envFile"))
    if env_file:
        found.append(Given(env_file[:200], server.lines.get("envFile", line), "file"))
    return tuple(found)
