"""What a home directory keeps that opens something: files by their places, and stores that are named only.

Settings of package managers are read by the readers that `setup` uses. Browsers, keychains and wallets are
not opened: that they are there is what is told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from seawall.kernel.client import Configuration
from seawall.kernel.credential import Credential, CredentialFile, Held
from seawall.kernel.discretion import NO_GUARD, Guard
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.secrecy import names_a_secret
from seawall.readers.clients import bunfig, npmrc, pip_conf, poetry_config, uv_toml, yarn_config
from seawall.readers.credentials import FORMATS, dotenv, ssh
from seawall.readers.format import CredentialFormat
from seawall.readers.tools import pypirc

from .home import Home, Kept, Seen

_NPM_KEY = re.compile(r"(?://(.+?)/?:)?(_authToken|_auth|_password)\Z")
_NPM_PLACES = (".npmrc", ".config/pnpm/rc", ".config/pnpm/auth.ini", "Library/Preferences/pnpm/rc")
_CLIENTS = (
    ((".config/pip/pip.conf", ".pip/pip.conf", "Library/Application Support/pip/pip.conf",
      "AppData/Roaming/pip/pip.ini"), pip_conf.read, "python-index"),
    ((".config/uv/uv.toml", "AppData/Roaming/uv/uv.toml"), uv_toml.read, "python-index"),
    ((".config/pypoetry/config.toml", "Library/Application Support/pypoetry/config.toml"),
     poetry_config.read, "python-index"),
    ((".yarnrc.yml",), yarn_config.read, "npm"),
    ((".bunfig.toml", ".config/.bunfig.toml"), bunfig.read, "npm"),
)  # fmt: skip

_STORES: tuple[tuple[str, str, str, str], ...] = (
    (".config/google-chrome", "browser", "Chrome", "profiles"),
    (".config/chromium", "browser", "Chromium", "profiles"),
    (".config/BraveSoftware/Brave-Browser", "browser", "Brave", "profiles"),
    (".config/microsoft-edge", "browser", "Edge", "profiles"),
    (".config/vivaldi", "browser", "Vivaldi", "profiles"),
    (".mozilla/firefox", "browser", "Firefox", "profiles"),
    ("Library/Application Support/Google/Chrome", "browser", "Chrome", "profiles"),
    ("Library/Application Support/Firefox", "browser", "Firefox", "profiles"),
    ("Library/Application Support/BraveSoftware/Brave-Browser", "browser", "Brave", "profiles"),
    ("Library/Application Support/Arc", "browser", "Arc", "profiles"),
    ("AppData/Local/Google/Chrome/User Data", "browser", "Chrome", "profiles"),
    ("AppData/Local/Microsoft/Edge/User Data", "browser", "Edge", "profiles"),
    ("AppData/Roaming/Mozilla/Firefox", "browser", "Firefox", "profiles"),
    ("Library/Keychains", "keychain", "Apple keychains", ""),
    (".local/share/keyrings", "keychain", "GNOME keyrings", ""),
    (".local/share/kwalletd", "keychain", "KDE wallet", ""),
    ("AppData/Local/Microsoft/Credentials", "keychain", "Windows credentials", ""),
    (".local/share/python_keyring/keyring_pass.cfg", "keychain", "Python keyring", "a file"),
    (".password-store", "password-store", "pass", "encrypted for GPG keys"),
    (".config/op", "password-store", "1Password", ""),
    (".config/1Password", "password-store", "1Password", ""),
    (".config/keepassxc", "password-store", "KeePassXC", ""),
    (".config/Slack", "chat", "Slack", "tokens and cookies of the desktop application"),
    (".config/discord", "chat", "Discord", "tokens of the desktop application"),
    ("Library/Application Support/Slack", "chat", "Slack", "tokens and cookies of the desktop application"),
    ("Library/Application Support/discord", "chat", "Discord", "tokens of the desktop application"),
    ("AppData/Roaming/Slack", "chat", "Slack", "tokens and cookies of the desktop application"),
    ("AppData/Roaming/discord", "chat", "Discord", "tokens of the desktop application"),
    (".config/gcloud/credentials.db", "gcloud", "accounts", "not opened"),
    (".config/gcloud/access_tokens.db", "gcloud", "access tokens", "not opened"),
    (".azure/msal_token_cache.bin", "azure", "login", "encrypted for the user"),
    (
        ".config/Code/User/globalStorage/state.vscdb",
        "keychain",
        "VS Code",
        "secrets of extensions, not opened",
    ),
    (".config/Cursor/User/globalStorage/state.vscdb", "cursor", "login", "not opened"),
    (".bitcoin/wallet.dat", "wallet", "Bitcoin", ""),
    (".electrum/wallets", "wallet", "Electrum", ""),
    (".ethereum/keystore", "wallet", "Ethereum", ""),
    (".config/solana/id.json", "wallet", "Solana", "a key as plain text"),
    (".config/Exodus", "wallet", "Exodus", ""),
)
"""(place, kind, name, note) of what is named because it is there, and not opened."""

_PLAIN_STORES = frozenset({"wallet", "gcloud"})
_ELSEWHERE: tuple[tuple[str, str, str], ...] = (
    ("AWS_SHARED_CREDENTIALS_FILE", "aws-profiles", ""),
    ("AWS_CONFIG_FILE", "aws-profiles", ""),
    ("GOOGLE_APPLICATION_CREDENTIALS", "gcloud", ""),
    ("CLOUDSDK_CONFIG", "gcloud", "application_default_credentials.json"),
    ("KUBECONFIG", "kubeconfig", ""),
    ("DOCKER_CONFIG", "docker-config", "config.json"),
    ("NETRC", "netrc", ""),
    ("PGPASSFILE", "pgpass", ""),
    ("HF_TOKEN_PATH", "hugging-face-token", ""),
    ("CARGO_HOME", "cargo-credentials", "credentials.toml"),
    ("GH_CONFIG_DIR", "github-hosts", "hosts.yml"),
)
"""(variable, format, file below it): variables that say that a file lies elsewhere."""

_NO_SECRET = frozenset({"PWD", "OLDPWD", "GPG_KEY", "PYTHON_GPG_KEY"})
_MOST_VARIABLES = 200


@dataclass(slots=True)
class Keeping:
    """What was found so far."""

    home: Home
    limits: Limits
    credentials: list[Credential]
    problems: list[Problem]

    def read(self, path: str, most: int = 0) -> Kept | None:
        """A file's bytes, None where there is none or it cannot be read, which is then told."""
        found = self.home.read(path, most or self.limits.tool_bytes)
        if isinstance(found, Problem):
            self.problems.append(replace(found, path=f"~/{path}"))
            return None
        return found

    def matching(self, place: str) -> Iterator[str]:
        """The paths that a place stands for."""
        problems: list[Problem] = []
        yield from self.home.matching(place, problems)
        self.problems += [replace(one, path=f"~/{one.path}") for one in problems]

    def add(self, credentials: tuple[Credential, ...], seen: Seen) -> None:
        """Keep credentials of one file."""
        self.credentials += [
            replace(one, mode=seen.mode, owner_only=seen.owner_only, readable=seen.readable)
            for one in credentials
        ]


def keep_files(keeping: Keeping) -> None:
    """Every file of a known place, once."""
    done: set[str] = set()
    for item in FORMATS:
        for place in item.places:
            for path in keeping.matching(place):
                if path not in done and not _is_directory(keeping.home, path, place):
                    done.add(path)
                    _file(keeping, path, item)


def _is_directory(home: Home, path: str, place: str) -> bool:
    """A directory that a pattern met by chance is nothing; one in the place of a file is told."""
    if "*" not in place.rpartition("/")[2]:
        return False
    seen = home.seen(path)
    return seen is not None and seen.directory


def _file(keeping: Keeping, path: str, item: CredentialFormat) -> None:
    kept = keeping.read(path)
    if kept is not None:
        found: CredentialFile = item.read(kept.data, f"~/{path}", keeping.limits)
        keeping.add(found.credentials, kept.seen)
        keeping.problems += found.problems


def keep_elsewhere(keeping: Keeping, environment: Mapping[str, str], home: Path) -> None:
    """Files that variables name, where they lie in the home directory; else it is said that they do not."""
    formats = {item.id: item for item in FORMATS}
    known = {one.path for one in keeping.credentials}
    for variable, format_, below in _ELSEWHERE:
        for given in environment.get(variable, "").split(":" if variable == "KUBECONFIG" else "\0"):
            if not given:
                continue
            named = home / given[2:] if given.startswith("~/") else Path(given)
            place = Path(os.path.normpath(named.absolute() / below))
            try:
                path = place.relative_to(os.path.normpath(home.absolute())).as_posix()
            except ValueError:
                keeping.problems.append(_outside(f"${variable}"))
                continue
            if f"~/{path}" not in known:
                known.add(f"~/{path}")
                _file(keeping, path, formats[format_])


def _outside(what: str) -> Problem:
    return Problem(
        what, ProblemKind.OUTSIDE, "it names a file outside the home directory, which was not read"
    )


def keep_clients(keeping: Keeping) -> None:
    """Tokens in the settings of package managers."""
    for path in _NPM_PLACES:
        kept = keeping.read(path)
        if kept is not None:
            keeping.add(tuple(_npm(kept.data, f"~/{path}")), kept.seen)
    for places, reader, kind in _CLIENTS:
        for path in places:
            kept = keeping.read(path)
            if kept is not None:
                text = kept.data.decode("utf-8", "replace")
                found = _places(reader(kept.data, f"~/{path}", keeping.limits), kind, Guard(text))
                keeping.add(tuple(found), kept.seen)
    kept = keeping.read(".pypirc")
    if kept is not None:
        guard = Guard(kept.data.decode("utf-8", "replace"))
        given = pypirc.FORMAT.read(kept.data, "~/.pypirc", keeping.limits).given
        names = ((one.name.rpartition(".")[0], one.line) for one in given if one.credential)
        found = (Credential("pypi", guard.name(name, "an index"), "~/.pypirc", line) for name, line in names)
        keeping.add(tuple(dict.fromkeys(found)), kept.seen)


def _npm(data: bytes, path: str) -> Iterator[Credential]:
    text = data.decode("utf-8", "replace")
    guard = Guard(text)
    for key, value, line in npmrc.settings(text):
        found = _NPM_KEY.match(key)
        if found and value and not value.startswith("${"):
            name = guard.name((found[1] or "").partition("/")[0], "")
            note = "a password" if found[2] == "_password" else ""
            yield Credential("npm", name or "a registry", path, line, note=note)


def _places(told: Configuration, kind: str, guard: Guard) -> Iterator[Credential]:
    """Every place of a credential that a configuration tells of, without those of variables."""
    found: dict[str, int] = {}
    for upstream in told.upstreams:
        for place in upstream.credentials:
            found.setdefault(upstream.host or upstream.name or place.key, upstream.line)
    for place in told.credentials:
        found.setdefault(place.prefix.partition("/")[0] or place.key, 0)
    for name, line in found.items():
        yield Credential(kind, guard.name(name, "an index"), told.path, line)


def keep_ssh(keeping: Keeping) -> None:
    """What keys are called and for which hosts they are, from the files beside them."""
    config = keeping.read(".ssh/config")
    hosts = ssh.hosts_by_key(config.data, keeping.limits) if config else {}
    for number, one in enumerate(keeping.credentials):
        if one.kind != "ssh-key" or not one.path.startswith("~/.ssh/"):
            continue
        file = one.path.rpartition("/")[2]
        public = keeping.read(f".ssh/{file}.pub")
        comment = ssh.public_comment(public.data) if public else ""
        scope = f"hosts: {', '.join(hosts[file])}" if file in hosts else ""
        note = ", ".join(part for part in (one.note, comment) if part)
        keeping.credentials[number] = replace(one, scope=scope, note=note)


def keep_stores(keeping: Keeping) -> None:
    """Stores that are named because they are there; GPG keys are counted."""
    for place, kind, name, note in _STORES:
        seen = keeping.home.seen(place)
        if seen is not None:
            held = Held.FILE if kind in _PLAIN_STORES and "encrypted" not in note else Held.SESSION
            keeping.add((Credential(kind, name, f"~/{place}", held=held, note=note),), seen)
    for pattern in ("*.p12", "*.pfx", "*.kdbx"):
        for path in keeping.matching(pattern):
            seen = keeping.home.seen(path)
            if seen is not None and not seen.directory:
                kind = "password-store" if pattern == "*.kdbx" else "ssh-key"
                name = NO_GUARD.name(path, "a file")
                keeping.add((Credential(kind, name, f"~/{path}", encrypted=True, note="not opened"),), seen)
    names, problem = keeping.home.names(".gnupg/private-keys-v1.d")
    if problem:
        keeping.problems.append(replace(problem, path="~/.gnupg/private-keys-v1.d"))
    keys = [name for name in names if name.endswith(".key")]
    seen = keeping.home.seen(".gnupg/private-keys-v1.d") if keys else None
    if seen is not None:
        note = f"{len(keys)} private key{'s' * (len(keys) != 1)}; gpg-agent signs while it remembers"
        one = Credential("gpg", "keys", "~/.gnupg/private-keys-v1.d", held=Held.SESSION, note=note)
        keeping.add((one,), seen)


def variables(environment: Mapping[str, str]) -> Iterator[Credential]:
    """The session's variables whose names tell of a credential, and its agents. Values are not looked at."""
    if environment.get("SSH_AUTH_SOCK"):
        note = "it signs for whoever can reach its socket"
        yield Credential("ssh-agent", "agent of the session", "", held=Held.SESSION, note=note)
    named = [
        name for name in sorted(environment)
        if environment[name] and names_a_secret(name) and name not in _NO_SECRET
    ]  # fmt: skip
    for name in named[:_MOST_VARIABLES]:
        yield Credential("variable", NO_GUARD.name(name, "a variable"), "", held=Held.VARIABLE)


DOTENV = dotenv.FORMAT.kind
"""What stands in start-up files of a shell is of the same kind as what stands in a `.env` file."""
