"""Every client is led to one address by its environment, and none of the ways round it is left open there.

A client that cannot be led that way is named in `NOT_LED`. What each variable does was measured with the real
clients (docs/commands/run.md has the table). Sources: the documentation of pip, uv, npm, pnpm, yarn 1 and 4,
bun and huggingface_hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

RUN_HEADER = "x-seawall-run"
COMMIT_HEADER = "x-seawall-commit"
PLACE_HEADER = "x-seawall-place"

MARK = "seawall-run-"
"""Begins the secret part of a relay's path, so that what is left of it in a file can be recognised."""

RELAYED = re.compile(rf"http://(?:[^\s/@\"']{{1,100}}@)?127\.0\.0\.1:\d{{1,5}}/{MARK}[0-9a-f]{{32}}")
"""The address of any relay of any run, with or without what opens it."""

USER = "run"
"""The user's name where a client wants one; the key is the password."""

SIMPLE, NPM, HF = "/pypi/simple/", "/npm/", "/hf"
"""Where below the firewall's address each ecosystem is."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the child of one run finds the firewall: two addresses, each without its last slash.

    `base` is of this run alone, and knowing it is enough. `kept` is the same from run to run, so that what
    clients keep by address is found again; it is opened by `key`, which is of this run alone. Empty: `base`
    does for everything.
    """

    base: str
    kept: str = ""
    key: str = field(default="", repr=False)

    @property
    def lasting(self) -> str:
        """The address by which clients keep what they fetched."""
        return self.kept or self.base

    @property
    def keyed(self) -> str:
        """The same with the key in it, as user and password."""
        return self.kept.replace("://", f"://{USER}:{self.key}@", 1) if self.kept else self.base


@dataclass(frozen=True, slots=True)
class Led:
    """One client and the variables that lead it; the words in braces are filled in by `led`."""

    client: str
    variables: Mapping[str, str]


LED: tuple[Led, ...] = (
    Led(
        "pip",
        MappingProxyType(
            {
                "PIP_INDEX_URL": "{index}",
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            }
        ),
    ),
    Led(
        "uv",
        MappingProxyType(
            {
                "UV_DEFAULT_INDEX": "{index}",
                # Interpreters come from another place; one is fetched only where somebody asks for it.
                "UV_PYTHON_DOWNLOADS": "manual",
            }
        ),
    ),
    Led(
        "npm",
        # yarn 1 reads it too, and has no place for a key that npm and yarn 4 put up with.
        MappingProxyType({"npm_config_registry": "{npm}", "npm_config_replace_registry_host": "always"}),
    ),
    Led("pnpm", MappingProxyType({"pnpm_config_registry": "{kept_npm}"})),
    Led("yarn 1", MappingProxyType({"YARN_REGISTRY": "{npm}"})),
    Led(
        "yarn 4",
        MappingProxyType(
            {
                "YARN_NPM_REGISTRY_SERVER": "{npm_bare}",
                "YARN_UNSAFE_HTTP_WHITELIST": "{host}",
                "YARN_ENABLE_TELEMETRY": "0",
            }
        ),
    ),
    Led("bun", MappingProxyType({"BUN_CONFIG_REGISTRY": "{npm}"})),
    Led(
        "huggingface_hub",
        MappingProxyType(
            {
                "HF_ENDPOINT": "{hf}",
                "HF_HUB_DISABLE_XET": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
                "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            }
        ),
    ),
)

NOT_LED: Mapping[str, str] = MappingProxyType(
    {
        "poetry": "poetry takes its index from pyproject.toml alone",
        "pipenv": "pipenv takes its index from its Pipfile",
        "pdm": "pdm takes its index from pyproject.toml or its own settings",
        "conda": "conda's channels are no registry that the firewall speaks for",
        "cargo": "the firewall does not speak for cargo's registry",
        "go": "the firewall does not speak for Go's module proxy",
    }
)
"""Programs that no environment variable leads, and why."""

_AROUND = re.compile(
    r"PIP_(?:EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|PROXY)"
    r"|UV_(?:INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|OFFLINE_INDEX|INSECURE_HOST)"
    r"|UV_INDEX_.*_(?:USERNAME|PASSWORD)"
    r"|(?i:npm_config_registry|npm_config_replace_registry_host|npm_config_@[^/:]*:registry)"
    r"|(?i:npm_config_//.*|npm_config_userconfig)"
    r"|(?i:pnpm_config_registry|pnpm_config_registries)"
    r"|(?i:yarn_registry)|YARN_NPM_(?:REGISTRY_SERVER|AUTH_TOKEN|AUTH_IDENT|SCOPES|REGISTRIES)"
    r"|BUN_CONFIG_(?:REGISTRY|TOKEN)|HF_(?:ENDPOINT|HUB_OFFLINE)"
)
"""Variables that would lead somewhere else, or hold a credential for such a place."""

_OURS = re.compile(r"SEAWALL_.*|ACTIONS_ID_TOKEN_REQUEST_.*")
"""Variables that are for us: whoever has them can ask for a token in the job's name."""


def led(
    environment: Mapping[str, str],
    door: Door,
    secrets: Iterable[str] = (),
    scopes: Iterable[str] = (),
    *,
    extra_indexes: bool = False,
    npmrc: str = "",
) -> dict[str, str]:
    """`environment` for a child that is to know no registry but the firewall behind `door`.

    `secrets` are names of further variables that are kept from it. `scopes` are npm scopes (`@acme`) that the
    user's own settings send elsewhere; `extra_indexes`: they give pip more indexes. `npmrc` is the file that
    takes the place of the user's (`npmrc_of`). A proxy is not asked for the door.
    """
    hidden = set(secrets)
    kept = {
        name: value
        for name, value in environment.items()
        if name not in hidden and not _OURS.fullmatch(name) and not _AROUND.fullmatch(name)
    }
    host = re.sub(r"\Ahttps?://|[:/].*\Z", "", door.base)
    words = {
        "index": f"{door.keyed}{SIMPLE}",
        "kept_npm": f"{door.lasting}{NPM}",
        "npm": f"{door.base}{NPM}",
        "npm_bare": f"{door.base}{NPM}".rstrip("/"),
        "hf": f"{door.base}{HF}",
        "host": host,
    }
    for client in LED:
        kept.update({name: value.format(**words) for name, value in client.variables.items()})
    kept.update({f"npm_config_{scope}:registry": words["npm"] for scope in scopes})
    if npmrc:
        kept["npm_config_userconfig"] = npmrc
    if extra_indexes:
        # A value wins over `extra-index-url` in a pip.conf, an empty one does not.
        kept["PIP_EXTRA_INDEX_URL"] = words["index"]
    for name in ("NO_PROXY", "no_proxy"):
        others = [part for part in kept.get(name, "").split(",") if part.strip()]
        kept[name] = ",".join(dict.fromkeys([*others, host]))
    return kept


_LEADS = re.compile(
    r"""\s*["']?(?:registry|_[a-z]+|username|email|always-auth|replace-registry-host|userconfig|//.*|@[^=]*:registry)"""
    r"""["']?\s*(?:=|\Z)""",
    re.IGNORECASE,
)
"""A line of an npmrc that says where to ask, or what to say there."""


def npmrc_of(own: str, door: Door, scopes: Iterable[str] = ()) -> str:
    """What stands in for the user's npmrc, whose text is `own`, for a child that is led to `door`.

    npm, pnpm and yarn 1 find their scopes there, and pnpm the key of its registry. A variable with a slash or
    an at-sign in its name would do too, but dash, which is `sh` on Debian, and `make` do not hand one on.
    What says where to ask is left out.
    """
    place = f"{door.base}{NPM}"
    ours = [f"registry={place}", *(f"{scope}:registry={place}" for scope in scopes)]
    if door.kept:
        ours.append(f"{f'{door.kept}{NPM}'.partition(':')[2]}:_authToken={door.key}")
    # Ours first: a section that is open at the end of the file would swallow them.
    return "\n".join([*ours, *(line for line in own.splitlines() if not _LEADS.match(line))]) + "\n"
