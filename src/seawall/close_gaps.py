"""Closing a gap means writing the client's own setting: shown first, made in one step, and taken back whole.

What is planned is computed from what stands in the files; nothing is written before `carry_out`. A plan that
was carried out once is empty the second time.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from seawall.adapters.machine import files
from seawall.adapters.machine.clients import (
    bun_user_file,
    npm_user_file,
    pip_user_files,
    pnpm_directory,
    poetry_user_file,
    uv_user_file,
)
from seawall.kernel.client import Configuration, Layer
from seawall.kernel.cooldown import SETTINGS, at_least, cooldown, release, told
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.settings import DEFAULTS
from seawall.readers.clients import (
    bunfig,
    editing,
    npmrc,
    pip_conf,
    pnpm_config,
    poetry_config,
    uv_toml,
    yarn_config,
)
from seawall.readers.settings.seawall_toml import FILE_NAME, LAYOUT
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

Edit = Callable[[str, str], str | None]
Read = Callable[..., Configuration]

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Place:
    """A file in which one client is told one thing: how it is edited and read, and what is to stand there."""

    client: str
    path: Path
    option: str
    edit: Edit
    read: Read
    value: str
    scripts: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One file that is to be changed. `diff` shows only the lines that change: other lines hold secrets."""

    clients: tuple[str, ...]
    file: files.Standing
    after: bytes
    diff: str

    @property
    def note(self) -> str:
        """What a person must know before saying yes; empty when there is nothing."""
        return f"{self.file.path} is a link: {self.file.target} is what changes" if self.file.linked else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be changed, and what cannot be done without a person, as sentences."""

    changes: tuple[Change, ...]
    left: tuple[str, ...] = ()


def plan(places: Iterable[Place], days: int, inside: Path | None = None) -> Plan:
    """The changes that make every one of `places` say what it should. Raises UsageError on a bad file.

    A place that already makes its client wait `days` days or longer is left as it is. `inside` is a
    tree: no link may lead out of it.
    """
    by_file: dict[Path, list[Place]] = {}
    for place in places:
        by_file.setdefault(place.path, []).append(place)
    changes, left = [], []
    for path, group in by_file.items():
        change = _change(files.standing(path, inside), group, days)
        if isinstance(change, str):
            left.append(change)
        elif change is not None:
            changes.append(change)
    return Plan(tuple(changes), tuple(left))


def _change(file: files.Standing, group: Sequence[Place], days: int) -> Change | str | None:
    before = file.data or b""
    wanted = [place for place in group if not _good(place, before, days)]
    after = _edited(before, [(place, place.value) for place in wanted])
    if after is None:
        said = "; ".join(f"{place.option} = {place.value}" for place in wanted)
        return f"{file.path}: it cannot be changed safely by a program; put {said} there by hand"
    if after == before:
        return None
    clients = tuple(dict.fromkeys(place.client for place in wanted))
    return Change(clients, file, after, _diff(file, before, after))


def _edited(before: bytes, edits: Sequence[tuple[Place, str]]) -> bytes | None:
    """`before` with every edit made, None when one of them cannot be made."""
    encoding = "utf-16" if before.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        text: str | None = decode(before, DEFAULT_LIMITS)
    except SyntaxFault:
        return None
    for place, value in edits:
        text = place.edit(text, value) if text is not None else None
    if text is None or not edits:
        return before if not edits else None
    mark = _BOM if before.startswith(b"\xef\xbb\xbf") else ""
    return (mark + text).encode(encoding)


def _good(place: Place, data: bytes, days: int) -> bool:
    """Whether this file by itself already says enough."""
    layer = Layer.USER
    configuration = place.read(data, str(place.path), DEFAULT_LIMITS, layer)
    option = configuration.options.get(place.option)
    if option is None:
        return False
    if place.scripts:
        return option.value == place.value
    version = ".".join(str(part) for part in SETTINGS[place.client].since)
    if configuration.format in ("pnpm-rc", "npmrc") and place.client == "pnpm":
        version = "10.16"
    elif place.client == "pnpm":
        version = "11"
    # The clock only matters for fixed dates, and a date never counts as good here.
    held = cooldown(place.client, version, (configuration,), datetime(1970, 1, 1, tzinfo=UTC))
    return held.days is not None and held.days >= days and not held.fixed


def _diff(file: files.Standing, before: bytes, after: bytes) -> str:
    """A unified diff without context, and with the old value left out unless it is a plain one."""
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (before, after))
    name = str(file.target)
    lines = difflib.unified_diff(
        old, new, name if file.data is not None else "/dev/null", name, n=0, lineterm=""
    )
    return "\n".join(line if _showable(line) else f"{line[:1]}(a line that is not shown)" for line in lines)


_OURS = re.compile(
    r"[-+]\s*[\"']?[\w.-]{3,60}[\"']?\s*[=:]\s*[\"']?[\w .:+-]{0,40}[\"']?|[-+]\s*\[[\w.]{1,40}\]|[-+]"
)


def _showable(line: str) -> bool:
    return line.startswith(("--- ", "+++ ", "@@")) or bool(_OURS.fullmatch(line))


def carry_out(change: Change) -> None:
    """Make one change, keeping the file's mode and its first version beside it. Raises UsageError."""
    private = change.file.path.name.endswith("npmrc")
    files.replace(change.file, change.after, private=private)


def undo(places: Iterable[Place], inside: Path | None = None) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Put back every file that was changed and not touched since: (restored, sentences about the others)."""
    by_file: dict[Path, list[Place]] = {}
    for place in places:
        by_file.setdefault(files.standing(place.path, inside).target, []).append(place)
    restored, left = [], []
    for target, group in by_file.items():
        kept = files.read(files.backup_of(target))
        if not isinstance(kept, bytes):
            continue
        if _only_ours(kept, files.read(target), group):
            files.restore(target)
            restored.append(target)
        else:
            left.append(f"{target} was changed since; its first version is {files.backup_of(target)}")
    return tuple(restored), tuple(left)


def _only_ours(first: bytes, now: object, group: Sequence[Place]) -> bool:
    """Whether `now` is `first` and the settings that we write, with whatever values stand there now."""
    if not isinstance(now, bytes):
        return False
    edits = []
    for place in group:
        option = place.read(now, str(place.path), DEFAULT_LIMITS, Layer.USER).options.get(place.option)
        old = place.read(first, str(place.path), DEFAULT_LIMITS, Layer.USER).options.get(place.option)
        if option is not None and (old is None or old.value != option.value):
            edits.append((place, option.value))
    return now == first or _edited(first, edits) == now


def user_places(
    versions: Mapping[str, str], environment: Mapping[str, str], days: int, *, scripts: bool = False
) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    """The user's files for the clients in `versions` (name to installed version), and what cannot be told.

    An empty version means that it is not known; such a client is told only where an older one would not be
    upset by it.
    """
    places = [place for place in _user_files(versions, environment, days) if _wanted(place, versions)]
    if scripts:
        places += _script_places(versions, environment)
    return tuple(places), tuple(_left(versions))


def _left(versions: Mapping[str, str]) -> Iterator[str]:
    for name, version in versions.items():
        if not at_least(version, SETTINGS[name].since):
            yield f"{name} {version} cannot be told to wait: it is older than {_since(name)}"
        elif name in _STRICT and not release(version):
            yield f"{name} is left alone: older ones stop at the setting, and which one runs is not known"


_STRICT = ("uv", "pip")
"""Clients that refuse to start when they meet a value of a newer version."""


def every_place(environment: Mapping[str, str], days: int, root: Path | None = None) -> tuple[Place, ...]:
    """Every file that could have been changed for the user, or in the repository at `root`."""
    newest = {name: ".".join(str(part) for part in (*item.since, 0)) for name, item in SETTINGS.items()}
    if root is not None:
        return project_places(root, newest, days, scripts=True)[0]
    older, _ = user_places({**newest, "pnpm": "10.16"}, environment, days, scripts=True)
    return (*older, _pnpm("11", environment, days), _pnpm_elsewhere(environment, days))


def _pnpm_elsewhere(environment: Mapping[str, str], days: int) -> Place:
    """pnpm 10 is told in its `rc` or in `.npmrc`: the one of the two that `_pnpm` does not name now."""
    chosen = _pnpm("10.16", environment, days)
    if chosen.path.name == "rc":
        return _npmrc("pnpm", npm_user_file(environment), days)
    rc = partial(npmrc.read, format_="pnpm-rc")
    path = pnpm_directory(environment) / "rc"
    return Place("pnpm", path, chosen.option, chosen.edit, rc, chosen.value)


def _wanted(place: Place, versions: Mapping[str, str]) -> bool:
    if place.client not in versions:
        return False
    version = versions[place.client]
    if place.client in _STRICT and not release(version):
        return False
    return at_least(version, SETTINGS[place.client].since)


def _since(name: str) -> str:
    return ".".join(str(part) for part in SETTINGS[name].since)


def _user_files(versions: Mapping[str, str], environment: Mapping[str, str], days: int) -> Iterator[Place]:
    yield _npmrc("npm", npm_user_file(environment), days)
    yield _pnpm(versions.get("pnpm", ""), environment, days)
    yield _yarnrc(_home_file(environment, ".yarnrc.yml"), days)
    yield _bunfig(bun_user_file(environment), days)
    yield _uv(uv_user_file(environment), days)
    yield _pip(environment, days)
    yield _poetry(poetry_user_file(environment), days)


def _home_file(environment: Mapping[str, str], name: str) -> Path:
    from seawall.adapters.machine.clients import home_of

    return home_of(environment) / name


def _npmrc(client: str, path: Path, days: int) -> Place:
    option = SETTINGS[client].option
    edit = partial(_set_npmrc, option)
    return Place(client, path, option, edit, npmrc.read, told(client, days))


def _pnpm(version: str, environment: Mapping[str, str], days: int) -> Place:
    option, value = SETTINGS["pnpm"].option, told("pnpm", days)
    if at_least(version, (11,)):
        path = pnpm_directory(environment) / "config.yaml"
        return Place("pnpm", path, option, partial(_set_yaml, "minimumReleaseAge"), pnpm_config.read, value)
    # pnpm 10 lets the user's .npmrc win over its own rc, so it is told where it was told before.
    own = npm_user_file(environment)
    data = files.read(own)
    if isinstance(data, bytes) and option in npmrc.read(data, str(own), DEFAULT_LIMITS).options:
        return _npmrc("pnpm", own, days)
    rc = partial(npmrc.read, format_="pnpm-rc")
    path = pnpm_directory(environment) / "rc"
    return Place("pnpm", path, option, partial(_set_npmrc, option), rc, value)


def _yarnrc(path: Path, days: int) -> Place:
    edit = partial(_set_yaml, "npmMinimalAgeGate")
    return Place("yarn", path, SETTINGS["yarn"].option, edit, yarn_config.read, told("yarn", days))


def _bunfig(path: Path, days: int) -> Place:
    edit = partial(_set_toml, ("install", "minimumReleaseAge"))
    return Place("bun", path, SETTINGS["bun"].option, edit, bunfig.read, told("bun", days))


def _uv(path: Path, days: int) -> Place:
    keys = ("tool", "uv", "exclude-newer") if path.name == "pyproject.toml" else ("exclude-newer",)
    edit = partial(_set_toml_text, keys)
    return Place("uv", path, SETTINGS["uv"].option, edit, uv_toml.read, told("uv", days))


def _pip(environment: Mapping[str, str], days: int) -> Place:
    old, new = pip_user_files(environment)
    path = old if old.is_file() and not new.is_file() else new
    option = SETTINGS["pip"].option
    return Place("pip", path, option, partial(_set_pip, option), pip_conf.read, told("pip", days))


def _poetry(path: Path, days: int) -> Place:
    edit = partial(_set_toml, ("solver", "min-release-age"))
    return Place("poetry", path, SETTINGS["poetry"].option, edit, poetry_config.read, told("poetry", days))


def _script_places(versions: Mapping[str, str], environment: Mapping[str, str]) -> Iterator[Place]:
    if "npm" in versions:
        edit = partial(_set_npmrc, "ignore-scripts")
        path = npm_user_file(environment)
        yield Place("npm", path, "ignore-scripts", edit, npmrc.read, "true", scripts=True)
    if "yarn" in versions and release(versions["yarn"]) >= (2,):
        edit = partial(_set_yaml, "enableScripts")
        path = _home_file(environment, ".yarnrc.yml")
        yield Place("yarn", path, "enable-scripts", edit, yarn_config.read, "false", scripts=True)


def project_places(
    root: Path, clients: Mapping[str, str], days: int, *, scripts: bool = False
) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    """The files of the repository at `root` for the clients used in it, and what cannot be told there."""
    found: dict[str, Place] = {
        "npm": _npmrc("npm", root / ".npmrc", days),
        "pnpm": Place(
            "pnpm",
            root / "pnpm-workspace.yaml",
            SETTINGS["pnpm"].option,
            partial(_set_yaml, "minimumReleaseAge"),
            pnpm_config.read,
            told("pnpm", days),
        ),
        "yarn": _yarnrc(root / ".yarnrc.yml", days),
        "bun": _bunfig(root / "bunfig.toml", days),
        "uv": _uv(root / "uv.toml" if (root / "uv.toml").exists() else root / "pyproject.toml", days),
        "poetry": _poetry(root / "poetry.toml", days),
    }
    places = [place for name, place in found.items() if _wanted(place, clients) and name in clients]
    if scripts and "npm" in clients:
        edit = partial(_set_npmrc, "ignore-scripts")
        places.append(Place("npm", root / ".npmrc", "ignore-scripts", edit, npmrc.read, "true", scripts=True))
    left = list(_left({name: version for name, version in clients.items() if name != "pip"}))
    if "pip" in clients:
        left.append("pip has no settings file in a repository: set PIP_UPLOADED_PRIOR_TO in CI")
    return tuple(places), tuple(left)


def _set_npmrc(key: str, text: str, value: str) -> str | None:
    return editing.set_npmrc(text, key, value)


def _set_pip(key: str, text: str, value: str) -> str | None:
    return editing.set_pip(text, key, value)


def _set_yaml(key: str, text: str, value: str) -> str | None:
    return editing.set_yaml(text, key, value)


def _set_toml(keys: tuple[str, ...], text: str, value: str) -> str | None:
    return editing.set_toml(text, keys, value)


def _set_toml_text(keys: tuple[str, ...], text: str, value: str) -> str | None:
    return editing.set_toml(text, keys, f'"{value}"')


def write_settings(directory: Path) -> Path:
    """Write a `seawall.toml` in which every setting stands with its default, commented out.

    Raises UsageError when there is one already, or it cannot be written.
    """
    path = directory / FILE_NAME
    files.create(path, default_settings().encode())
    return path


def default_settings() -> str:
    """The text of that file."""
    lines = [
        "# Settings of Seawall for this repository: docs/settings.md tells what each means.",
        "# What stands here may only make your own settings stricter; take a # away to use a line.",
    ]
    table = ""
    for setting in LAYOUT:
        if setting.table != table:
            table = setting.table
            lines += ["", f"# [{table}]"]
        value = getattr(DEFAULTS, setting.field)
        shown = getattr(value, "word", value)
        text = "[]" if value == () else f'"{shown}"' if isinstance(shown, str) else str(shown)
        lines += [f"# {setting.meaning}", f"# {setting.key} = {text}"]
    lines += [
        "",
        "# A waiver is a named person's decision to live with one finding until a date.",
        "# [[waivers]]",
        '# rule = "packages/vulnerable"',
        '# reason = "why"',
        '# author = "who"',
        "# expires = 2030-01-31",
    ]
    return "\n".join(lines) + "\n"
