"""Whose code runs for a person: tools' settings, extensions, global tools, start-up files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from seawall.kernel.code import CodeKind, Firmness
from seawall.kernel.credential import Credential
from seawall.kernel.discretion import Guard
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.machine import Installed
from seawall.kernel.tool import Given, ToolFile
from seawall.readers.clients import npmrc
from seawall.readers.format import ToolFormat
from seawall.readers.installed import flatpak, packages, start_up, vscode_extension
from seawall.readers.installed.entries import Found, tool
from seawall.readers.tools import (
    claude_plugin,
    claude_settings,
    claude_user,
    codex_config,
    gemini_settings,
    instructions,
    mcp_servers,
    vscode,
)

from .home import Kept
from .kept_credentials import DOTENV, Keeping

_SETTINGS = (".config", "Library/Application Support", "AppData/Roaming")
_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
_LARGE = 8 * 1024 * 1024


def _tool_places() -> Iterator[tuple[str, ToolFormat]]:
    for base in _SETTINGS:
        yield f"{base}/Claude/claude_desktop_config.json", mcp_servers.FORMAT
        for editor in _EDITORS:
            yield f"{base}/{editor}/User/mcp.json", mcp_servers.FORMAT
            yield f"{base}/{editor}/User/tasks.json", vscode.TASKS
            yield f"{base}/{editor}/User/settings.json", vscode.SETTINGS
    for place in (
        ".cursor/mcp.json", ".vscode/mcp.json", ".codeium/windsurf/mcp_config.json",
        ".copilot/mcp-config.json",
        ".config/opencode/opencode.json", ".config/opencode/opencode.jsonc", ".kiro/settings/mcp.json",
        ".aws/amazonq/mcp.json", ".lmstudio/mcp.json", ".mcp.json",
    ):  # fmt: skip
        yield place, mcp_servers.FORMAT
    yield ".claude.json", claude_user.FORMAT
    yield ".claude/settings.json", claude_settings.FORMAT
    yield ".claude/settings.local.json", claude_settings.FORMAT
    yield ".claude/skills/*/SKILL.md", instructions.SKILL
    yield ".claude/agents/*.md", instructions.INSTRUCTIONS
    yield ".claude/commands/*.md", instructions.INSTRUCTIONS
    yield ".claude/CLAUDE.md", instructions.INSTRUCTIONS
    yield ".claude/plugins/cache/*/*/*/hooks/hooks.json", claude_plugin.FORMAT
    yield ".claude/plugins/cache/*/*/*/.claude-plugin/plugin.json", claude_plugin.FORMAT
    yield ".claude/plugins/cache/*/*/*/.mcp.json", mcp_servers.FORMAT
    yield ".codex/config.toml", codex_config.FORMAT
    yield ".codex/AGENTS.md", instructions.INSTRUCTIONS
    yield ".codex/skills/*/SKILL.md", instructions.SKILL
    yield ".gemini/settings.json", gemini_settings.FORMAT
    yield ".gemini/extensions/*/gemini-extension.json", mcp_servers.FORMAT
    yield ".qwen/settings.json", gemini_settings.FORMAT


TOOLS = tuple(_tool_places())
"""(place, format) of the settings of editors and agents that belong to a person."""

_EXTENSIONS = tuple(
    f"{folder}/extensions"
    for folder in (
        ".vscode", ".vscode-insiders", ".vscode-server", ".vscode-server-insiders", ".cursor",
        ".cursor-server", ".windsurf", ".windsurf-server", ".vscode-oss", ".vscodium-server", ".positron",
    )
)  # fmt: skip
_NODE = (
    ".npm-global/lib/node_modules", ".npm-packages/lib/node_modules", ".local/lib/node_modules",
    ".nvm/versions/node/*/lib/node_modules", ".local/share/fnm/node-versions/*/installation/lib/node_modules",
    ".volta/tools/image/packages/*/lib/node_modules", ".local/share/pnpm/global/5/node_modules",
    ".bun/install/global/node_modules", ".asdf/installs/nodejs/*/lib/node_modules",
    "AppData/Roaming/npm/node_modules",
)  # fmt: skip
_BOUNDED = frozenset({"npm", "corepack"})
"""What comes with node itself is the machine's, and not a tool that somebody added."""

_FILES: tuple[tuple[str, Callable[[bytes, str, Limits], Found]], ...] = (
    (".local/share/uv/tools/*/uv-receipt.toml", packages.read_uv),
    (".local/share/pipx/venvs/*/pipx_metadata.json", packages.read_pipx),
    (".local/pipx/venvs/*/pipx_metadata.json", packages.read_pipx),
    (".cargo/.crates.toml", packages.read_cargo),
    (".claude/plugins/installed_plugins.json", packages.read_plugins),
)
_PLUGINS = (
    (".local/share/JetBrains/*", "JetBrains"),
    ("Library/Application Support/JetBrains/*/plugins", "JetBrains"),
    ("AppData/Roaming/JetBrains/*/plugins", "JetBrains"),
)
_NO_PLUGINS = frozenset({"Toolbox", "consentOptions", "Daemon", "PrivacyPolicy", "acp-agents"})
_FLATPAK = ".local/share/flatpak"
_CELLARS = ("opt/homebrew/Cellar", "home/linuxbrew/.linuxbrew/Cellar", "usr/local/Cellar")
_START_UP = (
    ".bashrc", ".bash_profile", ".bash_login", ".profile", ".bash_aliases", ".zshenv", ".zprofile", ".zshrc",
    ".zlogin", ".envrc",
)  # fmt: skip
_NOT_READ = (".config/fish/config.fish", ".config/nushell/config.nu")


def keep_tools(keeping: Keeping) -> tuple[tuple[ToolFile, ...], dict[str, Guard]]:
    """The settings of editors and agents, and what of each must not be repeated."""
    found: list[ToolFile] = []
    guards: dict[str, Guard] = {}
    for place, item in TOOLS:
        for path in keeping.matching(place):
            large = item is claude_user.FORMAT
            kept = keeping.read(path, _LARGE if large else keeping.limits.tool_bytes)
            if kept is None:
                continue
            limits = replace(keeping.limits, tool_bytes=_LARGE) if large else keeping.limits
            file = item.read(kept.data, f"~/{path}", limits)
            guard = Guard(kept.data.decode("utf-8", "replace"))
            guards[file.path] = guard
            keeping.problems += [replace(one, message="it was not understood") for one in file.problems]
            keeping.add(tuple(_literal(file, guard)), kept.seen)
            found.append(file)
    return tuple(found), guards


def _literal(file: ToolFile, guard: Guard) -> Iterator[Credential]:
    """The credentials that stand in a tool's settings in so many characters."""
    given: dict[str, Given] = {}
    for one in (*file.given, *(one for launch in file.launches for one in launch.given)):
        if one.credential:
            given.setdefault(guard.name(one.name, "an argument"), one)
    for name, one in given.items():
        yield Credential("tool-settings", name, file.path, one.line, note=f"given to a tool as {one.via}")


def keep_installed(keeping: Keeping, system: Path | None) -> tuple[Installed, ...]:
    """Everything that is installed for the person, and with `system` what Homebrew holds."""
    found = [*_extensions(keeping), *_node(keeping), *_plugins(keeping), *_start_up(keeping)]
    found += _flatpaks(keeping)
    for place, reader in _FILES:
        for path in keeping.matching(place):
            found += _read(keeping, path, reader)
    if system is not None:
        found += _brew(system)
    return tuple(dict.fromkeys(found))


def _read(keeping: Keeping, path: str, reader: Callable[[bytes, str, Limits], Found]) -> Sequence[Installed]:
    kept = keeping.read(path)
    if kept is None:
        return ()
    found, problems = reader(kept.data, f"~/{path}", keeping.limits)
    keeping.problems += problems
    return found


def _extensions(keeping: Keeping) -> Iterator[Installed]:
    for folder in _EXTENSIONS:
        names = _names(keeping, folder)
        if not names:
            continue
        listed, gone = keeping.read(f"{folder}/extensions.json"), keeping.read(f"{folder}/.obsolete")
        pinned = vscode_extension.pinned_in(listed.data, keeping.limits) if listed else frozenset()
        obsolete = vscode_extension.obsolete_in(gone.data, keeping.limits) if gone else frozenset()
        reader = partial(vscode_extension.read, pinned=pinned)
        for name in names:
            if name not in obsolete and not name.startswith(".") and name != "extensions.json":
                yield from _read(keeping, f"{folder}/{name}/package.json", reader)


def _names(keeping: Keeping, folder: str) -> list[str]:
    names, problem = keeping.home.names(folder)
    if problem:
        keeping.problems.append(replace(problem, path=f"~/{folder}"))
    return names


def _node(keeping: Keeping) -> Iterator[Installed]:
    for place in (*_NODE, *_npm_prefix(keeping)):
        for folder in keeping.matching(place):
            for name in _names(keeping, folder):
                inner = _names(keeping, f"{folder}/{name}") if name.startswith("@") else [""]
                for scoped in inner:
                    full = f"{name}/{scoped}" if scoped else name
                    if full not in _BOUNDED and not full.startswith("."):
                        path = f"{folder}/{full}/package.json"
                        yield from _read(keeping, path, packages.read_node)


def _npm_prefix(keeping: Keeping) -> Iterator[str]:
    """Where npm was told to install globally, if that is below the home directory."""
    kept = keeping.home.read(".npmrc", keeping.limits.tool_bytes)
    text = kept.data.decode("utf-8", "replace") if isinstance(kept, Kept) else ""
    for key, value, _ in npmrc.settings(text):
        for start in ("~/", "${HOME}/", "$HOME/"):
            rest = value.removeprefix(start).strip("/")
            if key == "prefix" and value.startswith(start) and "*" not in rest:
                place = f"{rest}/lib/node_modules"
                if place not in _NODE:
                    yield place


def _plugins(keeping: Keeping) -> Iterator[Installed]:
    for place, owner in _PLUGINS:
        for folder in keeping.matching(place):
            if folder.rpartition("/")[2] in _NO_PLUGINS:
                continue
            for name in _names(keeping, folder):
                code = tool(
                    name, "", f"~/{folder}/{name}", kind=CodeKind.EXTENSION, pin=Firmness.FLOATING,
                    when="when the editor starts", note=f"a plug-in of {owner}; its archive is not opened",
                )  # fmt: skip
                if code is not None:
                    yield Installed(code)


def _flatpaks(keeping: Keeping) -> Iterator[Installed]:
    """Applications of the user, with what the user's overrides let them into beside that."""
    for path in keeping.matching(f"{_FLATPAK}/app/*/*/*/active/metadata"):
        name = path.removeprefix(f"{_FLATPAK}/app/").partition("/")[0]
        found = (keeping.read(f"{_FLATPAK}/overrides/{one}") for one in ("global", name))
        given = [one.data for one in found if one is not None]
        yield from _read(keeping, path, partial(flatpak.read, overrides=given))


def _brew(system: Path) -> Iterator[Installed]:
    """Homebrew's formulae, by the names of their directories."""
    from .home import Home

    for place in _CELLARS:
        folder = system / place
        if not folder.is_dir():
            continue
        with Home(folder) as cellar:
            names, _ = cellar.names("")
            for name in names:
                versions, _ = cellar.names(name, 50) if cellar.seen(name) else ([], None)
                version = versions[-1] if versions else ""
                code = tool(name, version, f"/{place}/{name}", note="Homebrew")
                if code is not None:
                    yield Installed(code)


def _start_up(keeping: Keeping) -> Iterator[Installed]:
    for path in _START_UP:
        kept = keeping.read(path, keeping.limits.script_bytes)
        if kept is None:
            continue
        codes, credentials, problems = start_up.read(kept.data, f"~/{path}", keeping.limits)
        keeping.add(tuple(replace(one, kind=DOTENV) for one in credentials), kept.seen)
        keeping.problems += problems
        yield from codes
    for path in _NOT_READ:
        if keeping.home.seen(path) is not None:
            message = "start-up files of this shell are not read"
            keeping.problems.append(Problem(f"~/{path}", ProblemKind.UNSUPPORTED, message))
