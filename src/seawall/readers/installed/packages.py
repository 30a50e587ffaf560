"""Global tools: npm packages, uv tools, pipx environments, cargo's binaries, plugins of Claude Code.

They stay as they are until somebody renews them, so their pin is a version; what they need may float.
Source: package.json; uv's `uv-receipt.toml`; pipx' `pipx_metadata.json`; cargo's `.crates.toml`; Claude
Code's `installed_plugins.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.code import Firmness
from seawall.kernel.limits import Limits
from seawall.kernel.machine import Installed
from seawall.kernel.tool import Moment

from .entries import MOST, Found, parsed, tool

_CRATE = re.compile(r"([\w.-]{1,100}) (\d[\w.+-]{0,60}) \(([a-z]+)\+")
_EXACT = re.compile(r"==\s*([\w.+!-]+)\Z")
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


def read_node(data: bytes, path: str, limits: Limits) -> Found:
    """A package of npm that is installed globally. Never raises."""
    content, wrong = parsed(data, path, limits)
    code = tool(content.get("name"), content.get("version"), path, ecosystem="npm", note="npm, global")
    return ((Installed(code),), ()) if code else wrong


def read_uv(data: bytes, path: str, limits: Limits) -> Found:
    """A tool of `uv tool install`, with what was asked to be beside it. Never raises."""
    content, wrong = parsed(data, path, limits, "toml")
    table = content.get("tool")
    asked = table.get("requirements") if isinstance(table, dict) else None
    found = []
    for item in asked[:MOST] if isinstance(asked, list) else []:
        if isinstance(item, dict):
            exact = _EXACT.match(str(item.get("specifier", "")))
            code = tool(item.get("name"), exact[1] if exact else "", path, ecosystem="PyPI", note="uv tool")
            found += [Installed(code)] if code else []
    return tuple(found), wrong[1]


def read_pipx(data: bytes, path: str, limits: Limits) -> Found:
    """An environment of pipx: its package, and those injected into it. Never raises."""
    content, wrong = parsed(data, path, limits)
    injected = content.get("injected_packages")
    entries = [content.get("main_package"), *(injected.values() if isinstance(injected, dict) else ())]
    found = []
    for item in entries[:MOST]:
        if isinstance(item, dict):
            code = tool(item.get("package"), item.get("package_version"), path, ecosystem="PyPI", note="pipx")
            found += [Installed(code)] if code else []
    return tuple(found), wrong[1]


def read_cargo(data: bytes, path: str, limits: Limits) -> Found:
    """Everything that `cargo install` brought. Never raises."""
    content, wrong = parsed(data, path, limits, "toml")
    table = content.get("v1")
    found = []
    for key in list(table)[:MOST] if isinstance(table, dict) else []:
        crate = _CRATE.match(str(key))
        code = tool(crate[1], crate[2], path, ecosystem="crates.io", note="cargo install") if crate else None
        found += [Installed(code)] if code else []
    return tuple(found), wrong[1]


def read_plugins(data: bytes, path: str, limits: Limits) -> Found:
    """The plugins of Claude Code that are installed. Never raises."""
    content, wrong = parsed(data, path, limits)
    plugins = content.get("plugins")
    found = []
    for name, value in list(plugins.items())[:MOST] if isinstance(plugins, dict) else []:
        item = next(_entries(value), {})
        fixed = isinstance(item.get("gitCommitSha"), str) and _COMMIT.match(str(item["gitCommitSha"]))
        plugin, _, market = str(name).partition("@")
        code = tool(
            plugin,
            item.get("version"),
            path,
            pin=Firmness.VERSION if fixed else Firmness.FLOATING,
            when=str(Moment.AGENT),
            note="a plugin of Claude Code" + (", of a marketplace" if market else ""),
        )
        found += [Installed(code)] if code else []
    return tuple(found), wrong[1]


def _entries(value: object) -> Iterator[dict[str, object]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item
