"""`seawall.toml` says only what is written in `LAYOUT`; anything else in it is an error, never ignored.

The reader does not know whose file it is. Whoever asked decides what counts: a user's own file may set
everything, a scanned tree's file only tightens (`kernel/settings.tightened`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeVar

from seawall.kernel.advisory import Severity
from seawall.kernel.allowed import Named, Publishers, named
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.settings import DEFAULTS, Settings, Waiver
from seawall.kernel.tool import Approval
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

FILE_NAME = "seawall.toml"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What one file sets: the values, the names of the fields that it gives, and what is wrong with it."""

    path: str
    settings: Settings = DEFAULTS
    given: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


class _Refused(Exception):
    pass


def _days(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 3650:
        raise _Refused("must be a whole number of days from 0 to 3650")
    return value


def _severity(value: object) -> Severity:
    words = {s.word: s for s in Severity}
    if not isinstance(value, str) or value.lower() not in words:
        raise _Refused(f"must be one of {', '.join(words)}")
    return words[value.lower()]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Refused("must be a text that is not empty")
    return value.strip()


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise _Refused("must be a list of texts")
    return tuple(v.strip() for v in value)


def _hosts(value: object) -> tuple[str, ...]:
    hosts = tuple(v.lower() for v in _texts(value))
    for host in hosts:
        if "/" in host or "@" in host or " " in host:
            raise _Refused(f"must be hosts such as registry.example or registry.example:8443, not {host!r}")
    return hosts


def _named(value: object) -> Named:
    try:
        return named(_text(value))
    except ValueError as error:
        raise _Refused(f"{error}: {value!r} does not") from None


def _names(value: object) -> tuple[tuple[Named, ...], ...]:
    """One list; it may be empty, and then no name is allowed."""
    return (tuple(_named(text) for text in _texts(value)),)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Refused("must be true or false")
    return value


def _approvals(value: object) -> tuple[Approval, ...]:
    if not isinstance(value, list):
        raise _Refused("must be a list of { path, digest }")
    return tuple(_approval(item) for item in value)


def _approval(item: object) -> Approval:
    if not isinstance(item, dict) or set(item) != {"path", "digest"}:
        raise _Refused("needs 'path' and 'digest' in every entry, and nothing else")
    path, digest = _text(item["path"]), _text(item["digest"]).lower()
    if not _DIGEST.fullmatch(digest):
        raise _Refused("needs a digest such as sha256:… with 64 hexadecimal digits")
    return Approval(path.removeprefix("./"), digest)


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the file: where it stands, which field of `Settings` it sets, and what it means."""

    table: str
    key: str
    field: str
    read: Callable[[object], object]
    meaning: str


LAYOUT: tuple[Setting, ...] = (
    Setting("policy", "use", "policy", _text, "observe, default, strict, or the path of a policy file"),
    Setting(
        "policy",
        "deny_severity",
        "deny_severity",
        _severity,
        "a vulnerability this severe or worse is denied",
    ),
    Setting(
        "policy",
        "warn_severity",
        "warn_severity",
        _severity,
        "a vulnerability this severe or worse is a warning",
    ),
    Setting("cooldown", "days", "cooldown_days", _days, "a release younger than this many days is held back"),
    Setting(
        "cooldown",
        "young_days",
        "young_days",
        _days,
        "what is odd about a release is denied while it is younger than this, without a cooldown too",
    ),
    Setting("cooldown", "name_days", "young_name_days", _days, "a package name younger than this is young"),
    Setting("advisories", "stale_days", "stale_days", _days, "advisory data older than this is stale"),
    Setting("names", "allow", "allowed_names", _names, "the only names that are allowed; left out, all are"),
    Setting("registries", "known", "known_registries", _hosts, "hosts accepted besides your clients' own"),
    Setting(
        "tools",
        "approved",
        "approved_tools",
        _approvals,
        "files of agents and editors that somebody looked at, each as `{ path, digest }`",
    ),
    Setting(
        "tools",
        "require_approval",
        "require_tool_approval",
        _yes_or_no,
        "whether a file of an agent or editor has to be approved",
    ),
    Setting("rules", "disable", "disabled_rules", _texts, "rules that are not asked"),
    Setting("rules", "require", "required_rules", _texts, "rules that nobody may switch off"),
    Setting("scan", "exclude", "exclude", _texts, "paths that are left out, as globs"),
)
"""Every setting there is, in the order in which it is documented."""

_WRITTEN_APART = frozenset({"waivers", "publishers"})
"""Tables of which there may be several."""

_WAIVER_TEXTS = ("rule", "reason", "author", "asset", "path", "fingerprint")


def read(data: bytes, path: str, limits: Limits) -> SettingsFile:
    """The settings in `data`. Never raises: what cannot be used is in `problems` and sets nothing."""
    try:
        text = decode(data, limits)
        table = toml.load(text, limits)
    except SyntaxFault as fault:
        return SettingsFile(path, problems=(fault.at(path),))
    problems: list[Problem] = []

    def refuse(what: str, line: int) -> None:
        problems.append(Problem(path, ProblemKind.MALFORMED, what, line))

    values = dict(_values(table, text, refuse))
    waivers = tuple(_waivers(table.get("waivers", []), toml.array_lines(text, "waivers"), refuse))
    if waivers:
        values["waivers"] = waivers
    lists = tuple(_publishers(table.get("publishers", []), toml.array_lines(text, "publishers"), refuse))
    if lists:
        values["allowed_publishers"] = lists
    settings = Settings(**values)  # type: ignore[arg-type]
    return SettingsFile(path, settings, frozenset(values), tuple(problems))


Refuse = Callable[[str, int], None]
_T = TypeVar("_T")


def _values(table: Mapping[str, object], text: str, refuse: Refuse) -> Iterator[tuple[str, object]]:
    known = {(s.table, s.key): s for s in LAYOUT}
    tables = {s.table for s in LAYOUT}
    for name, content in table.items():
        if name in _WRITTEN_APART:
            continue
        if name not in tables or not isinstance(content, dict):
            refuse(f"[{name}] is not a table that seawall.toml has", _line(text, name))
            continue
        for key, value in content.items():
            setting = known.get((name, key))
            if setting is None:
                refuse(f"[{name}] has no setting {key!r}", _line(text, key))
                continue
            try:
                yield setting.field, setting.read(value)
            except _Refused as refusal:
                refuse(f"[{name}] {key} {refusal}", _line(text, key))


def _line(text: str, word: str) -> int:
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip(" \t[").startswith(word):
            return number
    return 0


def _publishers(value: object, lines: list[int], refuse: Refuse) -> Iterator[Publishers]:
    return _tables("publishers", value, lines, refuse, _list_of_publishers)


def _list_of_publishers(item: object, line: int) -> Publishers:
    del line
    if not isinstance(item, dict) or set(item) != {"asset", "allow"}:
        raise _Refused("needs 'asset' and 'allow', and nothing else")
    asset = _text(item["asset"])
    try:
        return Publishers(named(asset), _texts(item["allow"]))
    except ValueError as error:
        raise _Refused(f"asset {error}") from None


def _waivers(value: object, lines: list[int], refuse: Refuse) -> Iterator[Waiver]:
    return _tables("waivers", value, lines, refuse, _waiver)


def _tables(
    name: str, value: object, lines: list[int], refuse: Refuse, read: Callable[[object, int], _T]
) -> Iterator[_T]:
    if not isinstance(value, list):
        refuse(f"{name} must be written as [[{name}]]", 0)
        return
    for index, item in enumerate(value):
        line = lines[index] if index < len(lines) else 0
        try:
            yield read(item, line)
        except _Refused as refusal:
            refuse(f"{name[:-1]} {index + 1}: {refusal}", line)


def _waiver(item: object, line: int) -> Waiver:
    if not isinstance(item, dict):
        raise _Refused("must be a table")
    unknown = set(item) - {*_WAIVER_TEXTS, "expires"}
    if unknown:
        raise _Refused(f"has no setting {sorted(unknown)[0]!r}")
    texts: Mapping[str, str] = MappingProxyType({n: _waiver_text(item.get(n, ""), n) for n in _WAIVER_TEXTS})
    for needed in ("rule", "reason", "author"):
        if not texts[needed]:
            raise _Refused(f"needs {needed!r}: who accepts what, and why")
    expires = item.get("expires")
    if isinstance(expires, datetime):
        expires = expires.date()
    if not isinstance(expires, date):
        raise _Refused("needs 'expires' as a date such as 2027-01-31")
    return Waiver(**texts, expires=expires, line=line)


def _waiver_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _Refused(f"{name} must be a text")
    return value.strip()
