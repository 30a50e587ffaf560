"""Where each package manager is told to wait: the user's file, or the one beside a repository's lockfile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seawall.adapters.machine import files
from seawall.adapters.machine.clients import (
    bun_user_file,
    home_of,
    npm_user_file,
    pip_files_to_write,
    pnpm_directory,
    poetry_user_file,
    uv_user_file,
)
from seawall.gap_words import UPGRADE
from seawall.kernel.client import Configuration
from seawall.kernel.cooldown import SETTINGS, at_least, release, told
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.overview import Use
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

Edit = Callable[[str, str], str | None]
Read = Callable[..., Configuration]
Found = tuple[tuple["Place", ...], tuple[str, ...]]
"""Places, and sentences about the clients that cannot be told."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file in which one client is told one thing: how it is edited and read, and what is to stand there.

    Of a `registry` the value is the address of the client's default registry.
    """

    client: str
    path: Path
    option: str
    edit: Edit
    read: Read
    value: str
    scripts: bool = False
    registry: bool = False


def user_places(
    uses: Iterable[Use], environment: Mapping[str, str], days: int, *, scripts: bool = False
) -> Found:
    """The user's files for those of `uses` that do not wait, or run scripts, and what cannot be told.

    An empty version means that it is not known; such a client is told only where an older one would not be
    upset by it.
    """
    places: list[Place] = []
    left: list[str] = []
    for use in uses:
        if not use.waits:
            refused = _refused(use, _STRICT)
            left += refused
            if not refused:
                places.append(_user_place(use.client, use.version, environment, days))
        if scripts and use.scripts:
            places += _user_scripts(use, environment)
    return tuple(places), tuple(left)


_STRICT = ("uv", "pip")
"""Clients that stop when they meet a value of a newer version: a person's own are not made to."""


def _refused(use: Use, strict: Iterable[str] = ()) -> list[str]:
    name, version = use.client, use.version
    since = SETTINGS[name].since
    if not at_least(version, since):
        wanted = ".".join(str(part) for part in since)
        return [f"{name} {version} cannot be told to wait, {name} {wanted} can: {UPGRADE[name]}"]
    if name in strict and not release(version):
        return [f"{name} is left alone: older ones stop at the setting, and which one runs is not known"]
    return []


def _user_place(client: str, version: str, environment: Mapping[str, str], days: int) -> Place:
    if client == "pnpm":
        return _pnpm(version, environment, days)
    if client == "pip":
        return _pip(pip_files_to_write(environment)[0], days)
    make, path = {
        "npm": (_npmrc, npm_user_file(environment)),
        "yarn": (_yarnrc, home_of(environment) / ".yarnrc.yml"),
        "bun": (_bunfig, bun_user_file(environment)),
        "uv": (_uv, uv_user_file(environment)),
        "poetry": (_poetry, poetry_user_file(environment)),
    }[client]
    return make(path, days)


def _pnpm(version: str, environment: Mapping[str, str], days: int) -> Place:
    if at_least(version, (11,)):
        return _pnpm_yaml(pnpm_directory(environment) / "config.yaml", days)
    # pnpm 10 lets the user's .npmrc win over its own rc, so it is told where it was told before.
    own = npm_user_file(environment)
    data = files.read(own)
    option = SETTINGS["pnpm"].option
    if isinstance(data, bytes) and option in npmrc.read(data, str(own), DEFAULT_LIMITS).options:
        return _pnpm_npmrc(own, days)
    return _pnpm_rc(environment, days)


def _pnpm_rc(environment: Mapping[str, str], days: int) -> Place:
    option = SETTINGS["pnpm"].option
    read = partial(npmrc.read, format_="pnpm-rc")
    path = pnpm_directory(environment) / "rc"
    return Place("pnpm", path, option, partial(_set_npmrc, option), read, told("pnpm", days))


def _pnpm_npmrc(path: Path, days: int) -> Place:
    option = SETTINGS["pnpm"].option
    return Place("pnpm", path, option, partial(_set_npmrc, option), npmrc.read, told("pnpm", days))


def _pnpm_yaml(path: Path, days: int) -> Place:
    edit = partial(_set_yaml, "minimumReleaseAge")
    return Place("pnpm", path, SETTINGS["pnpm"].option, edit, pnpm_config.read, told("pnpm", days))


def _npmrc(path: Path, days: int) -> Place:
    option = SETTINGS["npm"].option
    return Place("npm", path, option, partial(_set_npmrc, option), npmrc.read, told("npm", days))


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


def _pip(path: Path, days: int) -> Place:
    option = SETTINGS["pip"].option
    return Place("pip", path, option, partial(_set_pip, option), pip_conf.read, told("pip", days))


def _poetry(path: Path, days: int) -> Place:
    edit = partial(_set_toml, ("solver", "min-release-age"))
    return Place("poetry", path, SETTINGS["poetry"].option, edit, poetry_config.read, told("poetry", days))


def _no_npm_scripts(path: Path) -> Place:
    edit = partial(_set_npmrc, "ignore-scripts")
    return Place("npm", path, "ignore-scripts", edit, npmrc.read, "true", scripts=True)


def _no_yarn_scripts(path: Path) -> Place:
    edit = partial(_set_yaml, "enableScripts")
    return Place("yarn", path, "enable-scripts", edit, yarn_config.read, "false", scripts=True)


def _user_scripts(use: Use, environment: Mapping[str, str]) -> Iterator[Place]:
    if use.client == "npm":
        yield _no_npm_scripts(npm_user_file(environment))
    if use.client == "yarn" and release(use.version) >= (2,):
        yield _no_yarn_scripts(home_of(environment) / ".yarnrc.yml")


def project_places(root: Path, uses: Iterable[Use], days: int, *, scripts: bool = False) -> Found:
    """The files beside the lockfiles of the repository at `root`, and what cannot be told there."""
    places: list[Place] = []
    left: dict[str, None] = {}
    for use in uses:
        directory = root / use.directory
        if not use.waits and use.client == "pip":
            variable = f"PIP_UPLOADED_PRIOR_TO={told('pip', days)}"
            left[f"pip has no settings file in a repository: set {variable} in CI"] = None
        elif not use.waits:
            refused = _refused(use)
            left.update(dict.fromkeys(refused))
            if not refused:
                places.append(_project_place(use.client, directory, days))
        if scripts and use.scripts and use.client == "npm":
            places.append(_no_npm_scripts(directory / ".npmrc"))
        elif scripts and use.scripts and use.client == "yarn" and release(use.version)[:1] != (1,):
            places.append(_no_yarn_scripts(directory / ".yarnrc.yml"))
    return tuple(places), tuple(left)


def _project_place(client: str, directory: Path, days: int) -> Place:
    own, shared = directory / "uv.toml", directory / "pyproject.toml"
    make, path = {
        "npm": (_npmrc, directory / ".npmrc"),
        "pnpm": (_pnpm_yaml, directory / "pnpm-workspace.yaml"),
        "yarn": (_yarnrc, directory / ".yarnrc.yml"),
        "bun": (_bunfig, directory / "bunfig.toml"),
        # A uv.toml hides what pyproject.toml says to uv.
        "uv": (_uv, own if own.exists() or not shared.exists() else shared),
        "poetry": (_poetry, directory / "poetry.toml"),
    }[client]
    return make(path, days)


def every_user_place(environment: Mapping[str, str], days: int) -> tuple[Place, ...]:
    """Every file of the user that could have been changed."""
    home = home_of(environment)
    return (
        *(_user_place(name, "", environment, days) for name in SETTINGS if name not in ("pnpm", "pip")),
        *(_pip(path, days) for path in pip_files_to_write(environment)),
        _pnpm_yaml(pnpm_directory(environment) / "config.yaml", days),
        _pnpm_rc(environment, days),
        _pnpm_npmrc(npm_user_file(environment), days),
        _no_npm_scripts(npm_user_file(environment)),
        _no_yarn_scripts(home / ".yarnrc.yml"),
    )


def every_project_place(root: Path, directories: Iterable[str], days: int) -> tuple[Place, ...]:
    """Every file of these directories of a repository that could have been changed."""
    places: list[Place] = []
    for name in dict.fromkeys(directories):
        directory = root / name
        places += [
            _project_place(client, directory, days) for client in SETTINGS if client not in ("pip", "uv")
        ]
        places += [_uv(directory / "uv.toml", days), _uv(directory / "pyproject.toml", days)]
        places += [_no_npm_scripts(directory / ".npmrc"), _no_yarn_scripts(directory / ".yarnrc.yml")]
    return tuple(places)


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
