"""What a firewall answers about the files of a release, and by what, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from seawall.kernel.admission import Admission
from seawall.kernel.decision import Outcome

from .denial import written
from .plain import neutral

_WORDS = {
    Outcome.ALLOW: "let in",
    Outcome.WARN: "let in, with a warning",
    Outcome.DENY: "held back",
    Outcome.INCOMPLETE: "held back, because not everything was checked",
}
_FEW, _RULE = 3, 30


def lines(policy: str, admissions: Mapping[str, Admission], instead: str, heard: datetime) -> Iterator[str]:
    """Two spaces in: files with the same answer are told once, then which statements gave it, then all that
    was found and let them.
    """
    groups: dict[object, list[str]] = {}
    for filename, item in admissions.items():
        found = tuple((finding.rule, finding.message) for finding in item.findings)
        groups.setdefault((item.decision, found, item.allowed_from, item.exemption), []).append(filename)
    yield f"  asked for it now, this firewall would say (policy {neutral(policy)}):"
    for names in groups.values():
        yield from _answer(names, admissions[names[0]], instead)
    yield f"    from what the registry said when it was last asked, {written(heard)}"


def _answer(names: list[str], item: Admission, instead: str) -> Iterator[str]:
    more = f" and {len(names) - _FEW} more files" if len(names) > _FEW else ""
    outcome = item.decision.outcome
    yield f"    {neutral(', '.join(names[:_FEW]))}{more}: {_WORDS[outcome]}"
    for by in item.decision.decided_by:
        yield f"      {neutral(by.policy)}: {neutral(by.sentence)}"
    if item.exemption:
        yield f"      by an exemption: {neutral(item.exemption)}"
    if outcome in (Outcome.DENY, Outcome.INCOMPLETE):
        when = f"it would be let in from {written(item.allowed_from)}" if item.allowed_from else ""
        take = f"take {neutral(instead)}" if instead else ""
        if when or take:
            yield f"      {'; until then '.join(part for part in (when, take) if part)}"
    told = [finding for finding in item.findings if not finding.waived]
    if told:
        yield "      what was found of it:"
    for finding in told:
        yield f"        {neutral(finding.rule):<{_RULE}} {neutral(finding.message)}"


def document(
    policy: str, admissions: Mapping[str, Admission], instead: str, heard: datetime
) -> dict[str, object]:
    """The same as JSON-ready values."""
    return {
        "policy": policy,
        "allowed_version": instead or None,
        "registry_asked": heard.isoformat(timespec="seconds"),
        "files": [
            {
                "file": filename,
                "outcome": item.decision.outcome.value,
                "policies": [by.policy for by in item.decision.decided_by],
                "allowed_from": item.allowed_from.isoformat() if item.allowed_from else None,
                "exemption": item.exemption or None,
                "findings": [
                    {"rule": f.rule, "signal": f.signal, "message": f.message, "waived": f.waived or None}
                    for f in item.findings
                ],
            }
            for filename, item in admissions.items()
        ],
    }
