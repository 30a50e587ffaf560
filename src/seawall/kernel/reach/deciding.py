"""A script's condition that compares a variable with a text is decided where the workflow sets the variable.

One script serves several systems (`if [[ "$OS_NAME" == "osx" ]]`); a job runs only its own part. What the
script itself sets, what an expression makes, and every other condition stays open.
Source: bash(1), conditional expressions and `case`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from seawall.kernel.pipeline import Setting
from seawall.kernel.shell import Script

_PARTS = re.compile(r"; | and ")
_TEST = re.compile(
    r"(?P<other>else of )?(?:if|elif) (?:\[\[?|test) \"?\$\{?(?P<name>[A-Za-z_]\w*)\}?\"? (?P<sign>!=|==?) "
    r"(?P<quote>[\"']?)(?P<value>[\w.-]*)(?P=quote)(?: \]\]?)?\Z"
)
_CASE = re.compile(r"case \"?\$\{?(?P<name>[A-Za-z_]\w*)\}?\"? in (?P<pattern>[\w.*|\"' -]+)\Z")


def known_values(settings: Iterable[Setting], scripts: Iterable[Script]) -> dict[str, str]:
    """The variables whose value is written in the workflow and set by none of the scripts."""
    found: dict[str, str] = {}
    for item in settings:
        found.pop(item.name, None)
        if "${{" not in item.value:
            found[item.name] = item.value
    for script in scripts if found else ():
        for command in script.commands:
            for name, _ in command.assignments:
                found.pop(name, None)
            if command.program in ("read", "export", "declare", "local", "unset", "getopts"):
                for word in command.words[1:]:
                    found.pop(word.text.partition("=")[0], None)
    return found


def impossible(condition: str, values: Mapping[str, str]) -> bool:
    """One part of the condition cannot hold with these values."""
    return bool(values) and any(_holds(part, values) is False for part in _PARTS.split(condition))


def _holds(part: str, values: Mapping[str, str]) -> bool | None:
    test = _TEST.match(part)
    if test and test["name"] in values:
        same = values[test["name"]] == test["value"]
        return (same is (test["sign"] != "!=")) is (test["other"] is None)
    case = _CASE.match(part)
    if case and case["name"] in values:
        patterns = [one.strip().strip("\"'") for one in case["pattern"].split("|")]
        return any(fnmatchcase(values[case["name"]], one) for one in patterns)
    return None
