"""Which package managers are here, and what they are told, found without ever running one inside a tree.

A version is read from the files beside the program where that is possible; else the program is asked with
`--version`, in `/`, with an environment of a few variables and for a few seconds. A corepack shim is never
run: what it starts is decided by a project, and it may download it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from seawall.kernel.client import ECOSYSTEM_OF, Configuration, InstalledClient, Layer, Machine
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Problem
from seawall.readers.clients import (
    bunfig,
    npmrc,
    pip_conf,
    pnpm_config,
    poetry_config,
    uv_toml,
    yarn_config,
)
from seawall.readers.clients import (
    environment as variables,
)

from .built_in import built_in
from .files import read

Read = Callable[[bytes, str, Limits, Layer, Mapping[str, str]], Configuration]
_SECONDS = 2.5
_VERSION = re.compile(r"\b(\d+\.\d+[\w.+-]*)")
_NODE_NAMES = frozenset({"npm", "pnpm", "yarn", "@yarnpkg/cli-dist", "bun", "corepack"})
_read_pnpm_rc = partial(npmrc.read, format_="pnpm-rc")


def look(
    environment: Mapping[str, str] = os.environ, keep_out: Path | None = None, limits: Limits = DEFAULT_LIMITS
) -> Machine:
    """The machine's clients and everything that the machine, the user and the environment tell them.

    `keep_out` is a tree in which no program is started and from which no setting is taken; one that holds
    the home directory is the user's own and is not kept out.
    """
    if _inside(home_of(environment), keep_out):
        keep_out = None
    with ThreadPoolExecutor(max_workers=len(ECOSYSTEM_OF)) as pool:
        clients = tuple(c for c in pool.map(lambda n: _client(n, environment, keep_out), ECOSYSTEM_OF) if c)
    places = [
        configuration
        for path, layer, reader in _places(environment, clients)
        if not _inside(path, keep_out)
        for configuration in _read_place(path, layer, reader, environment, limits)
    ]
    found, notes = built_in(_pip_roots(clients, environment))
    notes = (*notes, *_in_the_tree(environment, keep_out))
    told_by_one = environment.get("UV_NO_CONFIG") or environment.get("UV_CONFIG_FILE")
    unread = frozenset({"uv"} if told_by_one else ())
    return Machine(clients, (*places, *variables.read(environment)), found, notes, unread)


def own_settings(
    environment: Mapping[str, str], limits: Limits = DEFAULT_LIMITS
) -> tuple[Configuration, ...]:
    """What the machine's and the user's files tell the clients, without starting one to ask its version."""
    return tuple(
        configuration
        for path, layer, reader in _places(environment, ())
        for configuration in _read_place(path, layer, reader, environment, limits)
    )


def _in_the_tree(environment: Mapping[str, str], keep_out: Path | None) -> Iterator[str]:
    """Sentences about the clients that a person would run here and that lie in the tree itself."""
    for name in ECOSYSTEM_OF if keep_out is not None else ():
        program = shutil.which(name, path=environment.get("PATH", ""))
        if program and _inside(Path(program), keep_out):
            yield f"{name}: {program} lies in this tree, so it was not started; its version is not known"


def npmrc_text(environment: Mapping[str, str]) -> str:
    """The user's own npmrc as it is, empty when there is none; for whoever puts another in its place."""
    data = read(npm_user_file(environment))
    return data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else ""


def _read_place(
    path: Path, layer: Layer, reader: Read, environment: Mapping[str, str], limits: Limits
) -> Iterator[Configuration]:
    data = read(path) if str(path) != os.devnull else None
    if isinstance(data, Problem):
        yield replace(reader(b"", str(path), limits, layer, {}), problems=(data,))
    elif data is not None:
        yield reader(data, str(path), limits, layer, environment)


def home_of(environment: Mapping[str, str]) -> Path:
    """The user's home directory."""
    given = environment.get("HOME")
    return Path(given) if given else Path.home()


def config_home(environment: Mapping[str, str]) -> Path:
    """`XDG_CONFIG_HOME`, or `.config` in the home directory."""
    given = environment.get("XDG_CONFIG_HOME")
    return Path(given) if given else home_of(environment) / ".config"


def npm_user_file(environment: Mapping[str, str]) -> Path:
    """The user's `.npmrc`."""
    given = next((v for k, v in environment.items() if k.lower() == "npm_config_userconfig" and v), "")
    return Path(given).expanduser() if given else home_of(environment) / ".npmrc"


def pnpm_directory(environment: Mapping[str, str]) -> Path:
    """Where pnpm keeps the user's `rc` and `config.yaml`."""
    if sys.platform == "darwin" and not environment.get("XDG_CONFIG_HOME"):
        return home_of(environment) / "Library" / "Preferences" / "pnpm"
    return config_home(environment) / "pnpm"


def bun_user_file(environment: Mapping[str, str]) -> Path:
    """The user's `.bunfig.toml`."""
    given = environment.get("XDG_CONFIG_HOME")
    return (Path(given) if given else home_of(environment)) / ".bunfig.toml"


def pip_user_files(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The user's `pip.conf`, the older place first."""
    old, new = home_of(environment) / ".pip" / "pip.conf", config_home(environment) / "pip" / "pip.conf"
    if sys.platform == "darwin":
        mac = home_of(environment) / "Library" / "Application Support" / "pip"
        new = mac / "pip.conf" if mac.is_dir() else new
    return old, new


def pip_files_to_write(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a person's setting for pip can stand, the place to write it to first."""
    old, new = pip_user_files(environment)
    first, other = (old, new) if old.is_file() and not new.is_file() else (new, old)
    given = environment.get("PIP_CONFIG_FILE")
    named = (Path(given).expanduser(),) if given and Path(given).expanduser().is_file() else ()
    return (*named, first, other)


def uv_user_file(environment: Mapping[str, str]) -> Path:
    """The user's `uv.toml`: `UV_CONFIG_FILE`, where it is set, is then the only file that uv reads."""
    given = environment.get("UV_CONFIG_FILE")
    if given:
        return Path(given).expanduser()
    return config_home(environment) / "uv" / "uv.toml"


def poetry_user_file(environment: Mapping[str, str]) -> Path:
    """The user's `config.toml` of poetry."""
    given = environment.get("POETRY_CONFIG_DIR")
    if given:
        return Path(given) / "config.toml"
    if sys.platform == "darwin":
        return home_of(environment) / "Library" / "Application Support" / "pypoetry" / "config.toml"
    return config_home(environment) / "pypoetry" / "config.toml"


def _places(
    environment: Mapping[str, str], clients: Sequence[InstalledClient]
) -> Iterator[tuple[Path, Layer, Read]]:
    """Every file of settings, those that win later in the order."""
    yield from ((path, Layer.MACHINE, npmrc.read) for path in _npm_machine_files(environment, clients))
    yield npm_user_file(environment), Layer.USER, npmrc.read
    yield pnpm_directory(environment) / "rc", Layer.USER, _read_pnpm_rc
    yield pnpm_directory(environment) / "auth.ini", Layer.USER, _read_pnpm_rc
    yield pnpm_directory(environment) / "config.yaml", Layer.USER, pnpm_config.read
    yield home_of(environment) / ".yarnrc", Layer.USER, yarn_config.read_v1
    yield home_of(environment) / ".yarnrc.yml", Layer.USER, yarn_config.read
    yield bun_user_file(environment), Layer.USER, bunfig.read
    yield from ((path, layer, pip_conf.read) for path, layer in _pip_files(environment, clients))
    yield from ((path, layer, uv_toml.read) for path, layer in _uv_files(environment))
    yield poetry_user_file(environment), Layer.USER, poetry_config.read


def _npm_machine_files(environment: Mapping[str, str], clients: Sequence[InstalledClient]) -> Iterator[Path]:
    program = next((client.path for client in clients if client.name == "npm"), "")
    if program:
        package = next((p for p in Path(os.path.realpath(program)).parents if p.name == "npm"), None)
        if package is not None:
            yield package / "npmrc"
    given = next((v for k, v in environment.items() if k.lower() == "npm_config_globalconfig" and v), "")
    if given:
        yield Path(given).expanduser()
        return
    node = shutil.which("node", path=environment.get("PATH", ""))
    if node:
        prefix = environment.get("PREFIX") or Path(os.path.realpath(node)).parent.parent
        yield Path(prefix) / "etc" / "npmrc"


def _pip_files(
    environment: Mapping[str, str], clients: Sequence[InstalledClient]
) -> Iterator[tuple[Path, Layer]]:
    given = environment.get("PIP_CONFIG_FILE")
    if given == os.devnull:
        return
    for directory in _system_directories(environment):
        yield directory / "pip" / "pip.conf", Layer.MACHINE
    yield Path("/etc/pip.conf"), Layer.MACHINE
    named = Path(given).expanduser() if given else None
    if named is None or not named.exists():
        # Measured: a file that is named and there takes the place of the user's.
        yield from ((path, Layer.USER) for path in pip_user_files(environment))
    program = next((client.path for client in clients if client.name == "pip"), "")
    if program:
        yield Path(program).parent.parent / "pip.conf", Layer.USER
    if named is not None:
        yield named, Layer.USER


def _uv_files(environment: Mapping[str, str]) -> Iterator[tuple[Path, Layer]]:
    if environment.get("UV_NO_CONFIG"):
        return
    if environment.get("UV_CONFIG_FILE"):
        yield uv_user_file(environment), Layer.USER
        return
    system = [directory / "uv" / "uv.toml" for directory in _system_directories(environment)]
    # uv takes the first of the system's files that is there.
    first = next((path for path in (*system, Path("/etc/uv/uv.toml")) if path.is_file()), None)
    if first is not None:
        yield first, Layer.MACHINE
    yield uv_user_file(environment), Layer.USER


def _system_directories(environment: Mapping[str, str]) -> list[Path]:
    given = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [Path(part) for part in given.split(":") if part.startswith("/")]


def _client(name: str, environment: Mapping[str, str], keep_out: Path | None) -> InstalledClient | None:
    search = os.pathsep.join(_search_path(environment, keep_out))
    program = shutil.which(name, path=search) or (name == "pip" and shutil.which("pip3", path=search)) or ""
    if not program or _inside(Path(os.path.realpath(program)), keep_out):
        return None
    package, version = _written_version(name, _behind_shim(Path(program), environment))
    if package == "corepack":
        return InstalledClient(name, "", program, "corepack: every project decides which version runs")
    if not version:
        version = _asked_version(program, environment, search)
    note = "" if version else "it did not tell its version"
    return InstalledClient(name, version, program, note)


def _search_path(environment: Mapping[str, str], keep_out: Path | None) -> Iterator[str]:
    """The directories of PATH that are absolute and outside the tree that is looked at."""
    for part in environment.get("PATH", "").split(os.pathsep):
        if Path(part).is_absolute() and not _inside(Path(os.path.realpath(part)), keep_out):
            yield part


def _inside(path: Path, tree: Path | None) -> bool:
    return tree is not None and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(tree))


def _written_version(name: str, program: Path) -> tuple[str, str]:
    """(package, version) from a `package.json` above the program, or from pip's records beside its Python."""
    real = Path(os.path.realpath(program))
    for directory in list(real.parents)[:4]:
        data = read(directory / "package.json")
        if isinstance(data, bytes):
            found = _manifest(data)
            if found.get("name") in _NODE_NAMES:
                return found["name"], found.get("version", "")
    for root in _site_packages(program):
        for record in sorted(root.glob(f"{name}-*.dist-info")):
            version = record.name.removesuffix(".dist-info").partition("-")[2]
            if _VERSION.fullmatch(version):
                return name, version
    return "", ""


def _behind_shim(program: Path, environment: Mapping[str, str]) -> Path:
    """What a pyenv shim starts where no project says otherwise; any other program itself.

    Starting the shim to ask it takes a third of a second. Source: pyenv's README, "Understanding shims".
    """
    root = program.parent.parent
    if program.parent.name != "shims" or not (root / "versions").is_dir():
        return program
    written = read(root / "version")
    chosen = environment.get("PYENV_VERSION") or (
        written.decode("utf-8", "replace") if isinstance(written, bytes) else ""
    )
    for version in chosen.replace(":", " ").split():
        behind = root / "versions" / version / "bin" / program.name
        if "/" not in version and not version.startswith(".") and behind.is_file():
            return behind
    return program


def _manifest(data: bytes) -> dict[str, str]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in content.items() if isinstance(v, str)} if isinstance(content, dict) else {}


def _site_packages(program: Path) -> Iterator[Path]:
    """The packages of the Python that a script's first line names."""
    data = read(program)
    if not isinstance(data, bytes) or not data.startswith(b"#!"):
        return
    line = data.splitlines()[0][2:].decode("utf-8", "replace").strip()
    python = Path(line.split(" ")[0])
    if python.is_absolute() and python.name.startswith("python"):
        yield from sorted(python.parent.parent.glob("lib/python3*/site-packages"))
        # Debian keeps what its own package manager installs apart.
        yield from sorted(python.parent.parent.glob("lib/python3/dist-packages"))


def _pip_roots(clients: Sequence[InstalledClient], environment: Mapping[str, str]) -> list[Path]:
    programs = [_behind_shim(Path(c.path), environment) for c in clients if c.name == "pip" and c.path]
    return [root for program in programs for root in _site_packages(program)]


def _asked_version(program: str, environment: Mapping[str, str], search: str) -> str:
    own = {
        "PATH": search,
        "HOME": str(home_of(environment)),
        "LC_ALL": "C",
        "COREPACK_ENABLE_NETWORK": "0",
        "NO_UPDATE_NOTIFIER": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "YARN_IGNORE_PATH": "1",
        "npm_config_manage_package_manager_versions": "false",
        "npm_config_update_notifier": "false",
        "pnpm_config_pm_on_fail": "ignore",
    }
    found = _VERSION.search(_answer([program, "--version"], own)[:500].decode("utf-8", "replace"))
    return found[1] if found else ""


def _answer(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """What a program says, nothing when it fails; after a few seconds it and all it started are ended."""
    try:
        with subprocess.Popen(
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return b""
    except (OSError, ValueError, subprocess.SubprocessError):
        return b""
    return said if process.returncode == 0 else b""
