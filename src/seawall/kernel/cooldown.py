"""A cooldown holds a release back until it has an age, and every client has its own word and unit for it.

What is known here of each client was measured by running the client (docs/commands/setup.md): the name of the
setting, its unit, the first version that has it, and the order in which one place wins over another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType

from .client import Configuration, Layer, Option

Release = tuple[int, ...]
_ANY: tuple[Layer, ...] = tuple(Layer)
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Setting:
    """How one client is told to wait.

    `since` is the first version that can wait for a number of days, `dates_since` the first that takes a
    fixed date at least. From `default_since` on the client waits `default_days` without being told.
    `all_exempt` is the option that names packages that need not wait.
    """

    client: str
    option: str
    since: Release
    unit: str
    dates_since: Release | None = None
    default_since: Release | None = None
    default_days: float = 0.0
    exempt: str = ""


SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        item.client: item
        for item in (
            Setting("npm", "min-release-age", (11, 10), "days", exempt="min-release-age-exclude"),
            Setting(
                "pnpm",
                "minimum-release-age",
                (10, 16),
                "minutes",
                default_since=(11,),
                default_days=1.0,
                exempt="minimum-release-age-exclude",
            ),
            Setting(
                "yarn",
                "npm-minimal-age-gate",
                (4, 10),
                "minutes",
                default_since=(4, 15),
                default_days=1.0,
                exempt="npm-preapproved-packages",
            ),
            Setting("bun", "minimum-release-age", (1, 3), "seconds"),
            Setting("uv", "exclude-newer", (0, 9, 17), "duration", dates_since=(0,)),
            Setting("pip", "uploaded-prior-to", (26, 1), "P<n>D", dates_since=(26, 0)),
            Setting("poetry", "solver.min-release-age", (2, 4), "days"),
        )
    }
)
"""Every client that has a cooldown, and how it is told."""

_YARN_UNITS_SINCE: Release = (4, 11)
"""Before it yarn took any text for a number of minutes: `7d` was seven minutes."""

_ORDERS: Mapping[str, tuple[tuple[str, tuple[Layer, ...]], ...]] = MappingProxyType(
    {
        "npm": (
            ("npmrc", (Layer.MACHINE,)),
            ("npmrc", (Layer.USER,)),
            ("npmrc", (Layer.PROJECT,)),
            ("npm-environment", _ANY),
        ),
        "pnpm-10": (
            ("pnpm-rc", _ANY),
            ("npmrc", (Layer.MACHINE,)),
            ("npmrc", (Layer.USER,)),
            ("npmrc", (Layer.PROJECT,)),
            ("npm-environment", _ANY),
            ("pnpm-yaml", (Layer.PROJECT,)),
        ),
        "pnpm": (
            ("pnpm-yaml", (Layer.USER,)),
            ("pnpm-yaml", (Layer.PROJECT,)),
            ("pnpm-environment", _ANY),
        ),
        "yarn-1": (
            ("yarnrc-v1", (Layer.USER,)),
            ("yarnrc-v1", (Layer.PROJECT,)),
            ("yarn-environment", _ANY),
        ),
        "yarn": (("yarnrc", (Layer.USER,)), ("yarnrc", (Layer.PROJECT,)), ("yarn-environment", _ANY)),
        "bun": (("bunfig", (Layer.USER,)), ("bunfig", (Layer.PROJECT,))),
        "uv": (
            ("uv", (Layer.MACHINE,)),
            ("uv", (Layer.USER,)),
            ("uv", (Layer.PROJECT,)),
            ("uv-environment", _ANY),
        ),
        "pip": (("pip", (Layer.MACHINE,)), ("pip", (Layer.USER,)), ("pip-environment", _ANY)),
        "poetry": (
            ("poetry", (Layer.USER,)),
            ("poetry", (Layer.PROJECT,)),
            ("poetry-environment", _ANY),
        ),
    }
)
"""Which places a client takes these settings from, from the weakest to the one that wins.

yarn 1 takes registries from an `.npmrc` too, but no other setting; pip reads no file of a project (measured).
"""


@dataclass(frozen=True, slots=True)
class Cooldown:
    """How long one client waits, and who says so.

    `days` is None where nothing makes it wait. `can` is False where this version cannot wait for a number
    of days at all. `fixed` means a date that does not move, `unreadable` that what stands there is not
    understood (by the client neither) or, without a `value`, that the file could not be read here.
    `by_default` means that nobody told it.
    """

    client: str
    version: str
    can: bool
    days: float | None = None
    value: str = ""
    option: str = ""
    where: str = ""
    line: int = 0
    layer: Layer | None = None
    fixed: bool = False
    unreadable: bool = False
    by_default: bool = False
    exempts_all: str = ""


def release(version: str) -> Release:
    """The leading numbers of a version, `(11, 10, 0)`; empty when there is none."""
    found = re.match(r"[vV]?(\d{1,9}(?:\.\d{1,9}){0,3})", version.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def at_least(version: str, since: Release) -> bool:
    """Whether `version` is `since` or later. An unknown version counts as recent."""
    known = release(version)
    return not known or known >= since


def in_order(client: str, version: str, places: Iterable[Configuration]) -> tuple[Configuration, ...]:
    """The places that this client reads, the one that wins last."""
    order = _ORDERS.get(_dialect(client, version), ())
    ranked = [
        (rank, place)
        for place in places
        for rank, (format_, layers) in enumerate(order)
        if place.format == format_ and place.layer in layers
    ]
    ranked.sort(key=lambda pair: pair[0])
    return tuple(place for _, place in ranked)


def _dialect(client: str, version: str) -> str:
    known = release(version)
    if client == "pnpm" and known and known < (11,):
        return "pnpm-10"
    if client == "yarn" and known and known < (2,):
        return "yarn-1"
    return client


def cooldown(client: str, version: str, places: Iterable[Configuration], now: datetime) -> Cooldown:
    """How long this client waits, told by those of `places` that it reads. `now` is aware UTC."""
    setting = SETTINGS.get(client)
    if setting is None or _dialect(client, version) == "yarn-1":
        return Cooldown(client, version, can=False)
    ordered = in_order(client, version, places)
    can = at_least(version, setting.since)
    exempt = _winning(ordered, setting.exempt) if setting.exempt else None
    said = _said(setting, ordered)
    for found in (said, exempt):
        if found and found.option is None and can:
            return _unknown(setting, version, found.place)
    everything = exempt and exempt.option and _is_everything(exempt.option.value)
    exempts_all = exempt.place.path if exempt and everything else ""
    dates = setting.dates_since is not None and at_least(version, setting.dates_since)
    if said is None or said.option is None or not (can or dates):
        waits = setting.default_since is not None and release(version) >= setting.default_since
        days = setting.default_days if waits else None
        return Cooldown(
            client, version, can, days, option=setting.option, by_default=waits, exempts_all=exempts_all
        )
    place, option = said.place, said.option
    held = _held(client, version, option.value, now, is_date=said.name == "before")
    fixed = held is not None and held.fixed
    unreadable = held is None or (not can and not fixed)
    return Cooldown(
        client,
        version,
        can,
        days=None if unreadable or held is None or held.days <= 0 else held.days,
        value=option.value,
        option=said.name,
        where=place.path,
        line=option.line,
        layer=place.layer,
        fixed=fixed,
        unreadable=unreadable,
        exempts_all=exempts_all,
    )


def _unknown(setting: Setting, version: str, place: Configuration) -> Cooldown:
    """A file that the client reads and we cannot may say anything; what stands in weaker places is moot."""
    return Cooldown(
        setting.client,
        version,
        can=True,
        option=setting.option,
        where=place.path,
        layer=place.layer,
        unreadable=True,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """The place that wins, the setting's name there, and what it says; None where it cannot be read."""

    place: Configuration
    name: str
    option: Option | None


def _said(setting: Setting, ordered: Sequence[Configuration]) -> _Said | None:
    """Which place wins for a cooldown, and what it says."""
    names: tuple[str, ...] = (setting.option,)
    if setting.client == "npm":
        names = ("before", setting.option)  # in one place the date wins over the number
    if setting.client == "pip":
        return _said_to_pip(setting.option, ordered)
    return _winning(ordered, *names)


def _said_to_pip(name: str, ordered: Sequence[Configuration]) -> _Said | None:
    """pip's `[install]` of any file wins over `[global]` of every file, and the environment over both."""
    variables = [place for place in ordered if place.layer is Layer.ENVIRONMENT]
    files = [place for place in ordered if place.layer is not Layer.ENVIRONMENT]
    for places, key in ((variables, name), (files, f"install.{name}"), (files, name)):
        found = _winning(places, key)
        if found:
            return _Said(found.place, name, found.option)
    return None


def _winning(ordered: Sequence[Configuration], *names: str) -> _Said | None:
    for place in reversed(ordered):
        if place.problems:
            return _Said(place, names[0], None)
        for name in names:
            if name in place.options:
                return _Said(place, name, place.options[name])
    return None


def _is_everything(patterns: str) -> bool:
    return any(part.strip() in ("*", "**", "**/*", "*/*") for part in patterns.split(","))


@dataclass(frozen=True, slots=True)
class _Held:
    days: float
    fixed: bool = False


def _held(client: str, version: str, value: str, now: datetime, *, is_date: bool) -> _Held | None:
    """What a value means to this client and version; None when the client does not understand it."""
    text = value.strip()
    if is_date:
        return _date(text, now)
    if client == "yarn":
        return _yarn(text, version)
    if client == "pip":
        found = re.fullmatch(r"P(\d{1,6})D", text, re.ASCII)
        return _Held(float(found[1])) if found else _date(text, now)
    if client == "uv":
        if text.lower() == "false":
            return _Held(0.0)
        days = _duration(text)
        return _Held(days) if days is not None else _date(text, now)
    per_day = {"days": 1.0, "minutes": 1440.0, "seconds": _DAY}[SETTINGS[client].unit]
    number = _number(text)
    return None if number is None else _Held(number / per_day)


def _number(text: str) -> float | None:
    found = re.fullmatch(r"\d{1,12}(?:\.\d{1,6})?", text, re.ASCII)
    return float(text) if found else None


def _yarn(text: str, version: str) -> _Held | None:
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|w)?", text, re.ASCII)
    if not found:
        return None
    unit = found[2] or "m"
    if not at_least(version, _YARN_UNITS_SINCE):
        unit = "m"
    seconds = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": _DAY, "w": 7 * _DAY}[unit]
    return _Held(float(found[1]) * seconds / _DAY)


_ISO = re.compile(
    r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?", re.ASCII | re.I
)
_FRIENDLY = re.compile(
    r"(\d{1,9})\s*(w(?:ks?|eeks?)?|d(?:ays?)?|h(?:rs?|ours?)?|m(?:ins?|inutes?)?|s(?:ecs?|econds?)?)\b[\s,]*",
    re.ASCII | re.I,
)
_SECONDS = {"w": 7 * _DAY, "d": _DAY, "h": 3600.0, "m": 60.0, "s": 1.0}


def _duration(text: str) -> float | None:
    """Days of `7 days`, `1 week`, `P7D` or `PT168H` (uv's friendly and ISO 8601 durations)."""
    iso = _ISO.fullmatch(text)
    if iso and any(iso.groups()):
        weights = (7 * _DAY, _DAY, 3600.0, 60.0, 1.0)
        return sum(int(part or 0) * weight for part, weight in zip(iso.groups(), weights, strict=True)) / _DAY
    text = re.sub(r"\s+ago\Z", "", text)
    seconds, at = 0.0, 0
    while at < len(text):
        found = _FRIENDLY.match(text, at)
        if not found:
            return None
        seconds += int(found[1]) * _SECONDS[found[2][0].lower()]
        at = found.end()
    return seconds / _DAY if text else None


def _date(text: str, now: datetime) -> _Held | None:
    """The days from a date or time (RFC 3339) until `now`; a date without a time is the end of that day."""
    try:
        when = datetime.fromisoformat(text)
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            when = datetime.combine(date.fromisoformat(text), datetime.max.time())
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return _Held((now - when).total_seconds() / _DAY, fixed=True)


def told(client: str, days: int) -> str:
    """The value that makes this client wait `days` days, in its own unit and without quotes."""
    written: Mapping[str, Callable[[int], str]] = {
        "days": str,
        "minutes": lambda n: str(n * 1440),
        "seconds": lambda n: str(n * 86_400),
        "duration": lambda n: f"{n} days",
        "P<n>D": lambda n: f"P{n}D",
    }
    return written[SETTINGS[client].unit](days)


@dataclass(frozen=True, slots=True)
class Scripts:
    """Whether installing a package runs its own scripts; None for clients where this is no setting.

    `option` and `where` are what says that they run: both are empty when that is the client's own way, and
    only `option` when the file could not be read.
    """

    run: bool | None
    option: str = ""
    where: str = ""


def scripts(client: str, version: str, places: Iterable[Configuration]) -> Scripts:
    """Whether this client runs scripts. What stands in a file that cannot be read is taken for the worse."""
    ordered = in_order(client, version, places)
    options, turns_off, run = _switches(client, version)
    said = ("", "")
    for option in options:
        found = _winning(ordered, option)
        if found is None:
            continue
        if found.option is None:
            return Scripts(True, "", found.place.path)
        on = found.option.value.strip().lower() in ("true", "1", "yes", "")
        if on is turns_off:
            return Scripts(False)
        run, said = True, (option, found.place.path)
    return Scripts(run, *said)


def _switches(client: str, version: str) -> tuple[tuple[str, ...], bool, bool | None]:
    """The settings about scripts, whether `true` turns them off, and what happens without a setting."""
    if client == "npm":
        return ("ignore-scripts", "strict-allow-scripts"), True, True
    if _dialect(client, version) == "yarn-1":
        return ("ignore-scripts",), True, True
    if client == "yarn":
        return ("enable-scripts",), False, not at_least(version, (4, 14))
    if client == "pnpm" and at_least(version, (10,)):
        return ("dangerously-allow-all-builds",), False, False
    return (("ignore-scripts",), True, True) if client == "pnpm" else ((), False, None)
