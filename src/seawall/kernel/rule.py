"""A rule is a small function from an intake to evidence; its docstring is its page.

    @rule("packages/known-malware", Severity.CRITICAL)
    def known_malware(intake: Intake) -> Iterator[Evidence]:
        \"\"\"A package that an advisory calls malicious must not be installed. …\"\"\"

The docstring's first line is the claim; then sections `Why:`, `Attack:` (the real one it would have
stopped) and `Fix:`. The engine turns evidence into findings; the rule never decides.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType

from .advisory import Severity
from .finding import Evidence, Finding, fingerprint
from .intake import Intake

Judge = Callable[[Intake], Iterable[Evidence]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One check. A `signal` is alone neither printed nor denied; policies combine signals.

    `online` rules look at registry facts and say nothing where those were not asked for.
    """

    id: str
    severity: Severity
    judge: Judge
    signal: bool = False
    online: bool = False

    @property
    def documentation(self) -> str:
        """The rule's page, plain text."""
        return inspect.getdoc(self.judge) or ""

    @property
    def claim(self) -> str:
        """The first sentence of the page."""
        return self.documentation.partition("\n")[0]


_ATTRIBUTE = "__seawall_rule__"


def rule(
    id: str, severity: Severity, *, signal: bool = False, online: bool = False
) -> Callable[[Judge], Judge]:
    """Mark a function as a rule; the family's file is then found by `rules_in`."""

    def mark(judge: Judge) -> Judge:
        setattr(judge, _ATTRIBUTE, Rule(id, severity, judge, signal, online))
        return judge

    return mark


def rules_in(module: ModuleType) -> tuple[Rule, ...]:
    """Every rule that `module` defines, in the order in which they stand in the file."""
    found = [getattr(value, _ATTRIBUTE, None) for value in vars(module).values()]
    return tuple(item for item in found if isinstance(item, Rule))


def judge(rules: Iterable[Rule], intake: Intake) -> tuple[Finding, ...]:
    """All findings of all rules, worst first, then by rule, path and line; exact repeats are one."""
    found: dict[str, Finding] = {}
    for item in rules:
        for finding in _findings(item, intake):
            found.setdefault(finding.fingerprint, finding)
    return tuple(sorted(found.values(), key=_order))


def _findings(item: Rule, intake: Intake) -> Iterator[Finding]:
    for evidence in item.judge(intake):
        yield Finding(
            rule=evidence.under or item.id,
            severity=item.severity if evidence.severity is None else evidence.severity,
            asset=evidence.asset,
            message=evidence.message,
            advice=evidence.advice,
            path=evidence.path,
            line=evidence.line,
            fingerprint=fingerprint(
                evidence.under or item.id, evidence.asset, evidence.path, evidence.subject
            ),
            signal=item.signal,
            advisories=evidence.advisories,
            fixed_in=evidence.fixed_in,
            detail=evidence.detail,
        )


def _order(finding: Finding) -> tuple[int, bool, str, str, int, str]:
    return (
        -finding.severity,
        finding.signal,
        finding.rule,
        finding.path,
        finding.line,
        finding.asset,
    )
