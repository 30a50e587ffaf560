"""A scenario is written as TOML by whoever has read a public report; docs/scenarios.md says how.

An unknown key is a problem and never passed over: a scenario that says more than is understood would be
judged by less than it says. There is no key for a rule, a policy, an outcome or a control.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from seawall.kernel.advisory import Advisory, Affected, VersionRange
from seawall.kernel.asset import package_name
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.scenario import Moment, Notice, Scenario, Take, Want
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._hub import repository
from ._packages import package
from ._values import Beside, Refused, Table, array, flag, pairs, refuse_unknown, table, texts, time, word

_TOP = frozenset({"title", "about", "sources", "kind", "package", "repository", "advisory", "take"})
_ADVISORY = frozenset({
    "id", "at", "malware", "ecosystem", "name", "versions", "introduced", "fixed", "severity", "reviewed",
    "summary",
})  # fmt: skip
_TAKE = frozenset({"at", "does", "wants", "files", "before", "note"})
_ECOSYSTEMS = {"npm": "npm", "pypi": "PyPI", "hugging face": "Hugging Face", "huggingface": "Hugging Face"}
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where the tables of a file begin."""

    text: str

    def of(self, header: str, index: int) -> int:
        found = toml.array_lines(self.text, header)
        return found[index] if index < len(found) else 0


def read(data: bytes, path: str, name: str, limits: Limits, beside: Beside) -> Scenario | Problem:
    """The scenario in `data`, called `name`; a Problem with its line where it cannot be used."""
    try:
        text = decode(data, limits)
        content = toml.load(text, limits)
    except SyntaxFault as fault:
        return fault.at(path)
    try:
        return _scenario(content, name, _Lines(text), beside)
    except Refused as refusal:
        return Problem(path, ProblemKind.MALFORMED, str(refusal), refusal.line)


def _scenario(content: Table, name: str, lines: _Lines, beside: Beside) -> Scenario:
    refuse_unknown(content, _TOP, "a scenario")
    kind = word(content, "kind", "attack")
    if kind not in ("attack", "benign"):
        raise Refused('kind must be "attack" or "benign"')
    word(content, "about", "")
    found = Scenario(
        id=name,
        title=word(content, "title", ""),
        sources=tuple(texts(content, "sources")),
        benign=kind == "benign",
        packages=tuple(_each(content, "package", lines, lambda item: package(item, beside))),
        repositories=tuple(_each(content, "repository", lines, lambda item: repository(item, beside))),
        notices=tuple(_each(content, "advisory", lines, _notice)),
        takes=tuple(_each(content, "take", lines, lambda item: _take(item, beside))),
    )
    if not found.takes:
        raise Refused("there is no [[take]] in it: when would a team have taken it?", 1)
    names = [(item.ecosystem, item.name) for item in found.packages]
    twice = next((pair for pair in names if names.count(pair) > 1), None)
    if twice:
        raise Refused(f"{twice[1]} stands in two [[package]] tables; put its releases together", 1)
    return found


_T = TypeVar("_T")


def _each(content: Table, key: str, lines: _Lines, make: Callable[[Table], _T]) -> Iterator[_T]:
    items = array(content, key)
    if len(items) > _MOST:
        raise Refused(f"more than {_MOST} [[{key}]]", lines.of(key, _MOST))
    for index, item in enumerate(items):
        try:
            yield make(item)
        except Refused as refusal:
            line = refusal.line or lines.of(key, index)
            raise Refused(f"[[{key}]] {index + 1}: {refusal}", line) from None


def _notice(item: Table) -> Notice:
    refuse_unknown(item, _ADVISORY, "an advisory")
    at = time(item, "at")
    ecosystem = word(item, "ecosystem")
    name = package_name(_ecosystem(ecosystem), word(item, "name"))
    versions = tuple(texts(item, "versions"))
    fixed, introduced = word(item, "fixed", ""), word(item, "introduced", "")
    ranges: tuple[VersionRange, ...] = ()
    if fixed or introduced or not versions:
        events = [("introduced", introduced or "0"), *([("fixed", fixed)] if fixed else [])]
        ranges = (VersionRange("ECOSYSTEM", tuple(events)),)
    advisory = Advisory(
        id=word(item, "id", "") or f"advisory-{name}-{at:%Y%m%d%H%M}",
        affected=(Affected(_ecosystem(ecosystem), name, versions, ranges),),
        summary=word(item, "summary", ""),
        malicious=flag(item, "malware"),
        published=at.isoformat(),
        label=word(item, "severity", ""),
        feed="scenario",
        reviewed=flag(item, "reviewed"),
    )
    return Notice(at, advisory)


def _ecosystem(text: str) -> str:
    return _ECOSYSTEMS.get(text.lower(), text)


def _take(item: Table, beside: Beside) -> Take:
    refuse_unknown(item, _TAKE, "a moment")
    word(item, "note", "")
    does = word(item, "does")
    if does not in list(Moment):
        raise Refused(f"does must be one of {', '.join(Moment)}")
    before = item.get("before")
    return Take(
        at=time(item, "at"),
        does=Moment(does),
        wants=tuple(_wants(item)),
        files=pairs(item, "files", beside),
        before=None if before is None else pairs(item, "before", beside),
    )


def _wants(item: Table) -> Iterator[Want]:
    for ecosystem, asked in table(item, "wants").items():
        if not isinstance(asked, list) or not all(isinstance(one, str) and one for one in asked):
            raise Refused('wants must be as in { npm = ["axios@^1.14.0"], PyPI = ["litellm>=1.80"] }')
        for one in asked:
            yield want(_ecosystem(ecosystem), one)


def want(ecosystem: str, asked: str) -> Want:
    """`axios@^1.14.0`, `@scope/name`, `litellm>=1.80`, `acme/bert@main` as a name and a range."""
    if ecosystem == "PyPI":
        end = next((at for at, letter in enumerate(asked) if letter in "<>=!~ [;"), len(asked))
        spec = asked[end:].partition(";")[0]
        return Want(ecosystem, package_name(ecosystem, asked[:end]), spec.rpartition("]")[2].strip())
    at = asked.find("@", 1)
    name, spec = (asked, "") if at < 0 else (asked[:at], asked[at + 1 :])
    return Want(ecosystem, name, spec)
