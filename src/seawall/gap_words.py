"""A gap is told in one sentence that anyone understands, with one thing to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seawall.kernel.client import Gap, Layer
from seawall.kernel.cooldown import SETTINGS, Cooldown, release, told

_SET: Mapping[str, str] = {
    "npm": "npm config set min-release-age {value} --location=user",
    "pnpm": "pnpm config set --global minimumReleaseAge {value}",
    "yarn": "yarn config set --home npmMinimalAgeGate {value}",
    "bun": "put minimumReleaseAge = {value} under [install] in ~/.bunfig.toml",
    "uv": 'put exclude-newer = "{value}" in ~/.config/uv/uv.toml',
    "pip": "pip config set global.uploaded-prior-to {value}",
    "poetry": "poetry config solver.min-release-age {value}",
}
_UPGRADE: Mapping[str, str] = {
    "npm": "npm install --global npm@latest",
    "pnpm": "pnpm self-update",
    "yarn": "yarn set version stable",
    "bun": "bun upgrade",
    "uv": "uv self update",
    "pip": "python -m pip install --upgrade pip",
    "poetry": "poetry self update",
}
_SCRIPTS: Mapping[str, str] = {
    "npm": "npm config set ignore-scripts true --location=user",
    "pnpm": "pnpm config set --global ignore-scripts true",
    "yarn": "yarn config set --home enableScripts false",
}


def cooldown_gap(item: Cooldown, days: int) -> Gap:
    """The gap of a client that waits less than `days` days."""
    named = f"{item.client} {item.version}".strip()
    fix = _SET.get(item.client, "").format(value=told(item.client, days)) if item.client in SETTINGS else ""
    if item.layer is Layer.PROJECT:
        fix = "seawall setup --fix --project"
    elif item.layer is Layer.ENVIRONMENT:
        fix = f"change the environment variable that sets {item.option}"
    if not item.can:
        return Gap(item.client, _too_old(item, named), _UPGRADE.get(item.client, ""), item.where)
    if item.exempts_all:
        what = f"{named} waits, but every package is exempt from it"
        return Gap(item.client, what, f"take the * out of {item.exempts_all}", item.exempts_all)
    if item.unreadable:
        what = f"{named} does not understand {item.option} = {item.value}"
    elif item.days is None and item.where:
        what = f"{named} is told not to wait ({item.option} = {item.value})"
    elif item.days is None:
        what = f"{named} takes a release the minute it is published"
    else:
        by = " unless told otherwise" if item.by_default else ""
        since = " (a date that does not move)" if item.fixed else ""
        what = f"{named} waits {span(item.days)}{by}{since}, not {span(days)}"
    return Gap(item.client, what, fix, item.where)


def _too_old(item: Cooldown, named: str) -> str:
    if item.client == "yarn" and release(item.version)[:1] == (1,):
        return f"{named} cannot wait for a release to age; yarn 4.10 can"
    setting = SETTINGS[item.client]
    since = ".".join(str(part) for part in setting.since)
    if item.unreadable:
        return f"{named} does not understand {item.option} = {item.value}; {item.client} {since} does"
    return f"{named} cannot wait for a release to age; {item.client} {since} can"


def span(days: float) -> str:
    """A time in the largest unit that fits: `7 days`, `1 day`, `12 hours`, `7 minutes`."""
    for size, word in ((1.0, "day"), (1 / 24, "hour"), (1 / 1440, "minute")):
        if days >= size:
            number = int(days / size + 1e-9)
            return f"{number} {word}{'' if number == 1 else 's'}"
    return "less than a minute"


def scripts_gap(client: str, version: str) -> Gap:
    """The gap of a client that runs the install scripts of every package."""
    what = f"{client} {version}".strip() + " runs the install scripts of every package"
    fix = _SCRIPTS.get(client, "")
    if client == "yarn" and release(version)[:1] == (1,):
        fix = "yarn config set ignore-scripts true"
    return Gap(client, what, fix, kind="scripts")


def around_gap(client: str, path: str, host: str, gate: str, scope: str = "", line: int = 0) -> Gap:
    """The gap of a file that names another host than the gate."""
    names = f"{scope} at {host}" if scope else host
    what = f"{path} leads to {names}, past your {gate}"
    where = f"{path}:{line}" if line else path
    return Gap(client, what, f"lock again with {gate} configured, or take the address out", where, "around")


def pipeline_gap(clients: Sequence[str], pipeline: str, days: int) -> Gap:
    """The gap of a CI that has only what the repository says."""
    what = f"CI has only what the repository says, and that does not make {', '.join(clients)} wait"
    fix = "seawall setup --fix --project"
    if list(clients) == ["pip"]:
        fix = f"set PIP_UPLOADED_PRIOR_TO={told('pip', days)} in CI"
    return Gap(clients[0], what, fix, pipeline, "pipeline")
