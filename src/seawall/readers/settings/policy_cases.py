"""Tests of a policy are written as TOML: what is the case, and what should the answer be?

    policy = "default"                    # a shipped policy, or a file beside this one

    [[case]]
    name = "known malware is denied"
    expect = "deny"
    by = ["default/malware"]              # may be left out
    facts = { malware = true, findings = ["packages/known-malware"] }

A case begins with a package that was checked and about which nothing was found; with `action = "load"` or
`"train"` it begins with a file of a model or dataset. `facts` says what is different. An unknown fact or a
value of another type is a problem, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Outcome
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.policy.engine import Asks
from seawall.kernel.policy.facts import (
    Answer,
    Facts,
    Hotfix,
    Principal,
    Question,
    Resource,
    document,
    package,
)
from seawall.kernel.policy.loading import LOAD, TRAIN, Loaded, LoadQuestion, Verdict, weights
from seawall.kernel.policy.trial import Case
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

CLEAN = Facts(malware_checked=True, vulnerabilities_checked=True)
"""What every case begins with."""

CLEAN_LOADED = Loaded(
    verdict=Verdict.PASS,
    unchecked=frozenset(),
    digest_fixed=True,
    renamed=Answer.NO,
    gated=Answer.NO,
    age_days=1_000,
    repository_age_days=1_000,
    namespace_age_days=1_000,
)
"""What every case about `load` and `train` begins with: an old repository, asked for by commit."""

_KEYS = frozenset({"name", "expect", "by", "facts", "action", "package", "repository", "document", "teams"})
_SEVERITIES = frozenset({"worst_vulnerability", "worst_finding", "deny_severity", "warn_severity"})
_LONG = 2**63


@dataclass(frozen=True, slots=True)
class CasesFile:
    """The cases of one file, the policy that they are for, and what is wrong with the file."""

    path: str
    policy: str = "default"
    cases: tuple[Case, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Refused(Exception):
    pass


def read(data: bytes, path: str, limits: Limits) -> CasesFile:
    """The cases in `data`. Never raises: what cannot be used is in `problems`."""
    try:
        text = decode(data, limits)
        table = toml.load(text, limits)
    except SyntaxFault as fault:
        return CasesFile(path, problems=(fault.at(path),))
    problems: list[Problem] = []

    def refuse(what: str, line: int) -> None:
        problems.append(Problem(path, ProblemKind.MALFORMED, what, line))

    policy = table.get("policy", "default")
    if not isinstance(policy, str) or not policy:
        refuse("policy must be the name of a shipped policy or a file", 1)
        policy = "default"
    for unknown in sorted(set(table) - {"policy", "case"}):
        refuse(f"{unknown!r} means nothing here; cases are written as [[case]]", 1)
    cases = tuple(_cases(table.get("case", []), toml.array_lines(text, "case"), refuse))
    if not cases and not problems:
        refuse("there is no [[case]] in it", 1)
    return CasesFile(path, policy, cases, tuple(problems))


def _cases(value: object, lines: list[int], refuse: Callable[[str, int], None]) -> list[Case]:
    if not isinstance(value, list):
        refuse("cases must be written as [[case]]", 1)
        return []
    found = []
    for index, item in enumerate(value):
        line = lines[index] if index < len(lines) else 0
        try:
            found.append(_case(item, line))
        except _Refused as refusal:
            refuse(f"case {index + 1}: {refusal}", line)
    return found


def _case(item: object, line: int) -> Case:
    if not isinstance(item, dict):
        raise _Refused("must be a table")
    unknown = sorted(set(item) - _KEYS)
    if unknown:
        raise _Refused(f"{unknown[0]!r} means nothing here; known are {', '.join(sorted(_KEYS))}")
    facts = item.get("facts", {})
    if not isinstance(facts, dict):
        raise _Refused("facts must be a table")
    expect = item.get("expect")
    if expect not in list(Outcome):
        raise _Refused(f"expect must be one of {', '.join(Outcome)}")
    action = _word(item.get("action", "keep"), "action")
    principal = Principal(teams=tuple(sorted(_words(item.get("teams", []), "teams"))))
    question: Asks
    if action in (LOAD, TRAIN):
        loaded = replace(CLEAN_LOADED, **_given(CLEAN_LOADED, facts))  # type: ignore[arg-type]
        question = LoadQuestion(loaded, _weights(action, item), action, principal)
    else:
        told = replace(CLEAN, **_given(CLEAN, facts))  # type: ignore[arg-type]
        question = Question(told, action, _resource(item), principal)
    name = _word(item.get("name", f"case in line {line}"), "name")
    return Case(name, question, Outcome(expect), tuple(_words(item.get("by", []), "by")), line)


def _given(clean: Facts | Loaded, facts: Mapping[str, object]) -> dict[str, object]:
    return {name: _fact(clean, name, value) for name, value in facts.items()}


def _weights(action: str, item: Mapping[str, object]) -> Resource:
    about = item.get("repository", {})
    if not isinstance(about, dict) or set(about) - {"namespace", "name", "revision"}:
        raise _Refused("repository must be a table with namespace, name and revision")
    parts = [_word(about.get(key, ""), key) for key in ("namespace", "name", "revision")]
    return weights(action, "/".join(parts), *parts)


def _resource(item: Mapping[str, object]) -> Resource:
    about = item.get("package")
    if about is None:
        path = item.get("document")
        return document(_word(path, "document")) if path is not None else package("")
    if not isinstance(about, dict) or set(about) - {"ecosystem", "name", "version"}:
        raise _Refused("package must be a table with ecosystem, name and version")
    parts = [_word(about.get(key, ""), key) for key in ("ecosystem", "name", "version")]
    return package("/".join(parts), *parts)


def _fact(clean: Facts | Loaded, name: str, value: object) -> object:
    """`value` as the fact `name` takes it; severities may be words."""
    if name not in {item.name for item in fields(clean)}:
        raise _Refused(f"there is no fact {name!r}")
    known = getattr(clean, name)
    if isinstance(known, StrEnum):
        if value not in list(type(known)):
            raise _Refused(f"{name} must be one of {', '.join(type(known))}")
        return type(known)(str(value))
    if isinstance(known, frozenset):
        return frozenset(_words(value, name))
    if isinstance(known, Hotfix):
        return _hotfix(value)
    if isinstance(known, bool):
        return _flag(value, name)
    if isinstance(known, int):
        return _number(value, name)
    return _word(value, name)


def _hotfix(value: object) -> Hotfix:
    known = {item.name for item in fields(Hotfix)}
    if not isinstance(value, dict) or set(value) - known:
        raise _Refused(f"hotfix must be a table of {', '.join(sorted(known))}")
    return Hotfix(**{name: _flag(given, name) for name, given in value.items()})


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise _Refused(f"{name} must be true or false")
    return value


def _number(value: object, name: str) -> int:
    words = {item.word: int(item) for item in Severity} | {"none": -1}
    if name in _SEVERITIES and isinstance(value, str) and value in words:
        return words[value]
    if isinstance(value, bool) or not isinstance(value, int) or not -_LONG <= value < _LONG:
        raise _Refused(f"{name} must be a whole number")
    return value


def _word(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _Refused(f"{name} must be a text")
    return value


def _words(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Refused(f"{name} must be a list of texts")
    return list(value)
