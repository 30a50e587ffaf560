"""A gap is told in one sentence that anyone understands, with one thing to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from seawall.kernel.client import Gap, Layer
from seawall.kernel.cooldown import SETTINGS, Cooldown, Scripts, release, told

_SET: Mapping[str, str] = {
    "npm": "npm config set min-release-age {value} --location=user",
    "pnpm": "pnpm config set --global minimumReleaseAge {value}",
    "yarn": "yarn config set --home npmMinimalAgeGate {value}",
    "bun": "put minimumReleaseAge = {value} under [install] in ~/.bunfig.toml",
    "uv": 'put exclude-newer = "{value}" in ~/.config/uv/uv.toml',
    "pip": "pip config set global.uploaded-prior-to {value}",
    "poetry": "poetry config solver.min-release-age {value}",
}
UPGRADE: Mapping[str, str] = {
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


def consequences(changed: Iterable[tuple[str, bool]]) -> tuple[str, ...]:
    """What will surprise a person after these (client, whether it was about scripts) were told something."""
    told_now = set(changed)
    return tuple(sentence for key, sentence in _CONSEQUENCES.items() if key in told_now)


_CONSEQUENCES: Mapping[tuple[str, bool], str] = MappingProxyType(
    {
        (
            "uv",
            False,
        ): "uv: before 0.9.17 it stops at this setting, and `uv sync --locked` stops until `uv lock`",
        ("npm", True): "npm: what a package must build for itself: npm rebuild NAME --ignore-scripts=false",
        (
            "yarn",
            True,
        ): 'yarn: to let a package build itself: "dependenciesMeta": {"NAME": {"built": true}}',
    }
)


def cooldown_gap(item: Cooldown, days: int, *, here: bool = True) -> Gap:
    """The gap of a client that waits less than `days` days. `here`: it is on this machine."""
    named = f"{item.client} {item.version}".strip()
    if not item.can:
        return Gap(item.client, _too_old(item, named), UPGRADE.get(item.client, ""), item.where)
    if item.exempts_all:
        what = f"{named} waits, but every package is exempt from it"
        return Gap(item.client, what, f"take the * out of {item.exempts_all}", item.exempts_all)
    if item.unreadable and not item.value:
        what = f"{named} reads {item.where}, and what that says cannot be known"
        return Gap(item.client, what, f"correct {item.where}, or take it away", item.where)
    return Gap(item.client, _waits_too_little(item, named, days), _fix(item, days, here=here), item.where)


def _waits_too_little(item: Cooldown, named: str, days: int) -> str:
    setting = SETTINGS[item.client]
    if item.unreadable:
        return f"{named} does not understand {item.option} = {item.value}"
    if item.days is None and item.where:
        return f"{named} is told not to wait ({item.option} = {item.value})"
    if item.days is None and setting.default_since and not release(item.version):
        later = f"later ones wait {span(setting.default_days)}, not {span(days)}"
        return f"{named} before {_written(setting.default_since)} takes a release at once; {later}"
    if item.days is None:
        return f"{named} takes a release the minute it is published"
    by = " unless told otherwise" if item.by_default else ""
    since = " (a date that does not move)" if item.fixed else ""
    return f"{named} waits {span(item.days)}{by}{since}, not {span(days)}"


def _fix(item: Cooldown, days: int, *, here: bool) -> str:
    value = told(item.client, days)
    if item.layer is Layer.ENVIRONMENT:
        return f"change the environment variable that sets {item.option}"
    if item.option == "before":
        return f"take before out of {item.where}; then: seawall setup --fix"
    if item.client == "pip" and not here:
        return f"set PIP_UPLOADED_PRIOR_TO={value} where it runs"
    if item.layer is Layer.PROJECT or not here:
        return "seawall setup --fix --project"
    return _SET[item.client].format(value=value)


def _written(version: Sequence[int]) -> str:
    return ".".join(str(part) for part in version)


def _too_old(item: Cooldown, named: str) -> str:
    if item.client == "yarn" and release(item.version)[:1] == (1,):
        return f"{named} cannot wait for a release to age; yarn 4.10 can"
    setting = SETTINGS[item.client]
    since = _written(setting.since)
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


def scripts_gap(client: str, version: str, said: Scripts) -> Gap:
    """The gap of a client that runs the install scripts of every package."""
    what = f"{client} {version}".strip() + " runs the install scripts of every package"
    if said.option:
        fix = f"take {said.option} out of {said.where}"
        return Gap(client, f"{what}, told by {said.where}", fix, said.where, "scripts")
    if said.where:
        what = f"{client} reads {said.where}, and what that says of install scripts cannot be known"
        return Gap(client, what, f"correct {said.where}, or take it away", said.where, "scripts")
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
