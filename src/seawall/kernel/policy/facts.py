"""What a policy is asked about is a vector of plain facts; what is not known is said, never left out.

The field names of `Facts` are the attributes of `Intake` in seawall.cedarschema, one for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from seawall.kernel.advisory import Severity
from seawall.kernel.allowed import name_allowed, publisher_allowed
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.release import ReleaseFacts
from seawall.kernel.settings import DEFAULTS, Settings

UNKNOWN_NUMBER = -1
"""What a number says when it is not known, and a severity when there is nothing to rate."""

_MALWARE = "packages/known-malware"
_PAST = "packages/malware-in-history"
_VULNERABLE = "packages/vulnerable"


class Answer(StrEnum):
    """A question that was asked, or was not."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Mode(StrEnum):
    """Whether the answer binds whoever asked."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


@dataclass(frozen=True, slots=True)
class Hotfix:
    """What a gate has proven about a young release that repairs something; nothing, unless it says so."""

    lowest_fixed: bool = False
    reviewed_source: bool = False
    usual_path: bool = False
    signals_checked: bool = False
    approved: bool = False


NO_HOTFIX = Hotfix()
"""Nothing is proven."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a policy may ask about one package version or file; a fresh one is unchecked.

    Ages in whole days or hours, severities 0 to 4 as in `Severity`; -1 is "not known" or "none".
    The sets hold rule ids; `unchecked` holds the names of required checks that did not run.
    """

    malware_checked: bool = False
    vulnerabilities_checked: bool = False
    unchecked: frozenset[str] = frozenset()
    malware: bool = False
    malware_in_past: bool = False
    worst_vulnerability: int = UNKNOWN_NUMBER
    worst_finding: int = UNKNOWN_NUMBER
    findings: frozenset[str] = frozenset()
    serious: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()
    signals: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()
    age_days: int = UNKNOWN_NUMBER
    age_hours: int = UNKNOWN_NUMBER
    name_age_days: int = UNKNOWN_NUMBER
    youngest_new_dependency_days: int = UNKNOWN_NUMBER
    install_script: Answer = Answer.UNKNOWN
    install_script_new: Answer = Answer.UNKNOWN
    provenance_lost: Answer = Answer.UNKNOWN
    publisher_changed: Answer = Answer.UNKNOWN
    publisher: str = ""
    publisher_known: Answer = Answer.UNKNOWN
    publisher_allowed: Answer = Answer.UNKNOWN
    name_allowed: Answer = Answer.UNKNOWN
    ecosystem: str = ""
    direct: Answer = Answer.UNKNOWN
    dev: bool = False
    exempt_from_cooldown: bool = False
    hotfix: Hotfix = NO_HOTFIX
    cooldown_days: int = DEFAULTS.cooldown_days
    young_name_days: int = DEFAULTS.young_name_days
    young_days: int = DEFAULTS.young
    deny_severity: int = int(DEFAULTS.deny_severity)
    warn_severity: int = int(DEFAULTS.warn_severity)
    mode: Mode = Mode.ENFORCE

    def context(self) -> dict[str, object]:
        """The same facts as Cedar takes them: JSON-ready, every attribute there."""
        return {name: as_cedar(value) for name, value in zip(FACT_NAMES, _ALL(self), strict=True)}

    def missing(self) -> tuple[str, ...]:
        """The names of what was not checked, in words."""
        if self.unchecked:
            return tuple(sorted(self.unchecked))
        asked = (("malware", self.malware_checked), ("vulnerabilities", self.vulnerabilities_checked))
        return tuple(name for name, checked in asked if not checked)


FACT_NAMES: tuple[str, ...] = tuple(item.name for item in fields(Facts))
"""Every attribute that a policy may ask about, in the order of the schema."""


_ALL = attrgetter(*FACT_NAMES)
_PLAIN = frozenset({bool, int, str})


def as_cedar(value: object) -> object:
    """The value of a fact as Cedar takes it, JSON-ready."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, StrEnum):
        return {"type": type(value).__name__, "id": value.value}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Hotfix):
        return {item.name: getattr(value, item.name) for item in fields(Hotfix)}
    return value


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on: its kind in the schema, its name, and the attributes that kind has there."""

    kind: str = "Document"
    id: str = ""
    attributes: tuple[tuple[str, str], ...] = (("path", ""),)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: `Person` or `Workload`, and the teams it belongs to."""

    kind: str = "Workload"
    id: str = "seawall"
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """May this principal do this to that, given these facts? `unchecked` says why facts are missing."""

    facts: Facts
    action: str = "keep"
    resource: Resource = field(default_factory=Resource)
    principal: Principal = field(default_factory=Principal)
    unchecked: tuple[Skipped, ...] = ()


def package(purl: str, ecosystem: str = "", name: str = "", version: str = "") -> Resource:
    """A package version as something to ask about."""
    return Resource("Package", purl, (("ecosystem", ecosystem), ("name", name), ("version", version)))


def document(path: str) -> Resource:
    """A file of a tree, or with an empty path the tree itself, as something to ask about."""
    return Resource("Document", path, (("path", path),))


def answer(value: bool | None) -> Answer:
    """None is "nobody said"."""
    return Answer.UNKNOWN if value is None else Answer.YES if value else Answer.NO


def gather(
    findings: Iterable[Finding],
    settings: Settings,
    *,
    unchecked: Iterable[Skipped] = (),
    release: ReleaseFacts | None = None,
    now: datetime | None = None,
    ecosystem: str = "",
    name: str = "",
    direct: bool | None = None,
    dev: bool = False,
    exempt: bool = False,
    hotfix: Hotfix = NO_HOTFIX,
    mode: Mode = Mode.ENFORCE,
) -> Facts:
    """The facts about one package or file: what was found there, what its registry says, what is set.

    Whoever calls vouches that malware and vulnerabilities were looked up, unless an `unchecked` names them.
    `release` counts only together with `now`; without a `name` no list of names is
    asked. `exempt`, `hotfix` and `mode` are what a gate knows besides.
    """
    found = tuple(findings)
    names = frozenset(item.check for item in unchecked)
    return Facts(
        malware_checked=not any("malware" in name for name in names),
        vulnerabilities_checked=not any("vulnerabilities" in name for name in names),
        unchecked=names,
        **_found(found),  # type: ignore[arg-type]
        **_released(release, now, found, settings),  # type: ignore[arg-type]
        name_allowed=answer(name_allowed(settings.allowed_names, ecosystem, name) if name else None),
        ecosystem=ecosystem,
        direct=answer(direct),
        dev=dev,
        exempt_from_cooldown=exempt,
        hotfix=hotfix,
        mode=mode,
        cooldown_days=settings.cooldown_days,
        young_name_days=settings.young_name_days,
        young_days=settings.young,
        deny_severity=int(settings.deny_severity),
        warn_severity=int(settings.warn_severity),
    )


def _found(findings: tuple[Finding, ...]) -> dict[str, object]:
    vulnerable = others = UNKNOWN_NUMBER
    rated: set[str] = set()
    serious: set[str] = set()
    notes: set[str] = set()
    signals: set[str] = set()
    quiet: set[str] = set()
    open_rules: set[str] = set()
    for f in findings:
        if f.waived:
            quiet.add(f.rule)
        elif f.signal:
            signals.add(f.rule)
        else:
            open_rules.add(f.rule)
            severity = int(f.severity)
            if f.rule == _VULNERABLE:
                vulnerable = max(vulnerable, severity)
            else:
                others = max(others, severity)
            (rated if severity > Severity.INFO else notes).add(f.rule)
            if severity >= Severity.HIGH:
                serious.add(f.rule)
    return {
        "malware": _MALWARE in open_rules,
        "malware_in_past": _PAST in open_rules,
        "worst_vulnerability": vulnerable,
        "worst_finding": others,
        "findings": frozenset(rated),
        "serious": frozenset(serious),
        "notes": frozenset(notes),
        "signals": frozenset(signals),
        "waived": frozenset(quiet),
    }


def _released(
    release: ReleaseFacts | None, now: datetime | None, findings: tuple[Finding, ...], settings: Settings
) -> dict[str, object]:
    scripted = True if any(f.rule == "packages/install-script" for f in findings) else None
    if release is None or now is None:
        return {"install_script": answer(scripted)}
    age = _age(release.published, now)
    new = [_days(_age(item.first_release, now)) for item in release.new_dependencies or ()]
    script = release.install_script if scripted is None else scripted
    return {
        "age_days": _days(age),
        "age_hours": UNKNOWN_NUMBER if age is None else int(age / timedelta(hours=1)),
        "name_age_days": _days(_age(release.first_release, now)),
        "youngest_new_dependency_days": min((n for n in new if n >= 0), default=UNKNOWN_NUMBER),
        "install_script": answer(script),
        "install_script_new": answer(_gained(script, release.install_script_before)),
        "provenance_lost": answer(_gained(release.provenance_before, release.provenance)),
        "publisher_changed": answer(_stranger(release)),
        "publisher": release.published_by or "",
        "publisher_known": answer(release.publisher_known),
        "publisher_allowed": answer(
            publisher_allowed(settings.allowed_publishers, *release.key[:2], release.published_by)
        ),
    }


def _gained(now: bool | None, before: bool | None) -> bool | None:
    """True where there is one and there was none; None where either is not known and it matters."""
    if now is False or before is True:
        return False
    return None if now is None or before is None else True


def _stranger(release: ReleaseFacts) -> bool | None:
    if not release.publisher or not release.publishers_before:
        return None
    return release.publisher not in release.publishers_before


def _age(then: datetime | None, now: datetime) -> timedelta | None:
    """A time that has not come yet is as young as can be, not unknown."""
    return None if then is None else max(now - then, timedelta(0))


def _days(age: timedelta | None) -> int:
    return UNKNOWN_NUMBER if age is None else age.days
