"""Where each package manager of a person is told which registry it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seawall.adapters.machine import files
from seawall.adapters.machine.clients import (
    bun_user_file,
    home_of,
    npm_user_file,
    pip_files_to_write,
    uv_user_file,
)
from seawall.gap_places import Found, Place
from seawall.kernel.client import Layer, Role
from seawall.kernel.cooldown import release
from seawall.kernel.leading import HF, NPM, SIMPLE
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.overview import Use
from seawall.readers.clients import bunfig, editing, npmrc, pip_conf, uv_toml, yarn_config
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault


def registry_places(uses: Sequence[Use], firewall: str, environment: Mapping[str, str]) -> Found:
    """The files of the clients that are here, and sentences about those that have to be told otherwise.

    pnpm and yarn 1 read the registry from npm's file, so that is written for them too.
    """
    names = {use.client for use in uses}
    berry = any(use.client == "yarn" and release(use.version) >= (2,) for use in uses)
    every = every_registry_place(firewall, environment)
    wanted = {"npm"} if names & {"npm", "pnpm", "yarn"} else set()
    wanted |= names & {"pip", "uv", "bun"}
    wanted |= {"yarn"} if berry and firewall.startswith("https://") else set()
    left = [f"for huggingface_hub: export HF_ENDPOINT={firewall}{HF} HF_HUB_DISABLE_IMPLICIT_TOKEN=1"]
    if "poetry" in names:
        source = f"poetry source add --priority=primary seawall {firewall}{SIMPLE}"
        left.append(f"poetry is told in each project: {source}")
    if berry and not firewall.startswith("https://"):
        left.append(
            "yarn takes a registry over plain http only with unsafeHttpWhitelist: put both there by hand"
        )
    first: dict[str, Place] = {}
    for place in every:
        if place.client in wanted:
            first.setdefault(place.client, place)
    if "uv" in first and _has_indexes(first["uv"]):
        left.append(f"{first['uv'].path} names indexes: make {firewall}{SIMPLE} the default one by hand")
        del first["uv"]
    for client, place in list(first.items()):
        if _holds_credential(place):
            left.append(
                f"{place.path}: its {place.option} holds a credential, which the firewall may need: keep that"
                f" elsewhere (docs/firewall-settings.md: credentials), then put {place.value} there by hand"
            )
            del first[client]
    return tuple(first.values()), tuple(left)


def _holds_credential(place: Place) -> bool:
    """The setting that would be replaced holds a credential for another registry than the firewall."""
    data = files.read(place.path)
    if not isinstance(data, bytes):
        return False
    found = place.read(data, str(place.path), DEFAULT_LIMITS, Layer.USER)
    return any(
        credential.with_address
        for item in found.upstreams
        if item.role is Role.DEFAULT and item.url != place.value
        for credential in item.credentials
    )


def every_registry_place(firewall: str, environment: Mapping[str, str]) -> tuple[Place, ...]:
    """Every file of the user that could have been changed."""
    index, npm = f"{firewall}{SIMPLE}", f"{firewall}{NPM}"
    yarn = home_of(environment) / ".yarnrc.yml"
    return (
        Place("npm", npm_user_file(environment), "registry", _npmrc, npmrc.read, npm, registry=True),
        *(
            Place("pip", path, "index-url", _pip, pip_conf.read, index, registry=True)
            for path in pip_files_to_write(environment)
        ),
        Place("uv", uv_user_file(environment), "index-url", _uv, uv_toml.read, index, registry=True),
        Place("yarn", yarn, "npmRegistryServer", _yarnrc, yarn_config.read, npm.rstrip("/"), registry=True),
        Place("bun", bun_user_file(environment), "registry", _bunfig, bunfig.read, npm, registry=True),
    )


def _has_indexes(place: Place) -> bool:
    data = files.read(place.path)
    if not isinstance(data, bytes):
        return False
    try:
        return "index" in toml.load(data.decode("utf-8", "replace"), DEFAULT_LIMITS)
    except SyntaxFault:
        return False


def _npmrc(text: str, value: str) -> str | None:
    return editing.set_npmrc(text, "registry", value)


def _pip(text: str, value: str) -> str | None:
    return editing.set_pip(text, "index-url", value)


def _uv(text: str, value: str) -> str | None:
    return editing.set_toml(text, ("index-url",), f'"{value}"')


def _yarnrc(text: str, value: str) -> str | None:
    return editing.set_yaml(text, "npmRegistryServer", value)


def _bunfig(text: str, value: str) -> str | None:
    return editing.set_toml(text, ("install", "registry"), f'"{value}"')
