"""Of all that could be done next, one command is named: the one that takes away the worst thing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from seawall.kernel.decision import Outcome
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.lockfile import Document
from seawall.kernel.verdict import Judged

_BY_FORMAT = {
    "npm-package-lock": "npm install {name}@{version} --ignore-scripts",
    "npm-shrinkwrap": "npm install {name}@{version} --ignore-scripts",
    "pnpm-lock": "pnpm update {name}@{version} --ignore-scripts",
    "yarn-lock-v1": "yarn upgrade {name}@{version} --ignore-scripts",
    "yarn-lock-berry": "yarn up {name}@{version} --mode=skip-build",
    "bun-lock": "bun add {name}@{version} --ignore-scripts",
    "package-json": "npm install {name}@{version} --ignore-scripts",
    "uv-lock": "uv lock --upgrade-package {name}=={version}",
    "poetry-lock": "poetry update {name} --lock",
    "pdm-lock": "pdm update --no-sync {name}",
    "cargo-lock": "cargo update -p {name} --precise {version}",
    "go-mod": "go get {name}@v{version}",
}

_PLAIN = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._/+-]*")
"""What may stand in a command that a person will paste: nothing that a shell would read."""


def next_command(
    findings: Sequence[Judged], unchecked: Sequence[Skipped], documents: Iterable[Document]
) -> str:
    """One command line, or nothing when nothing has to be done.

    A denied finding comes first, then the missing data, then the worst warning that a command can mend.
    """
    formats = {document.path: document.format for document in documents}
    open_ones = [j for j in findings if not j.finding.waived and not j.finding.signal]
    for wanted in (Outcome.DENY, Outcome.INCOMPLETE, Outcome.WARN):
        if wanted is Outcome.INCOMPLETE:
            if any("seawall sync" in s.advice for s in unchecked):
                return "seawall sync"
            continue
        for judged in open_ones:
            command = _command(judged.finding, formats) if judged.outcome is wanted else ""
            if command:
                return command
    return ""


def _command(finding: Finding, formats: dict[str, str]) -> str:
    if finding.rule in ("packages/known-malware", "packages/vulnerable") and finding.fixed_in:
        template = _BY_FORMAT.get(formats.get(finding.path, ""), "")
        name = _name(finding.asset)
        if template and _PLAIN.fullmatch(name) and _PLAIN.fullmatch(finding.fixed_in):
            return _in(finding.path, template.format(name=name, version=finding.fixed_in))
    if finding.rule == "packages/stale-advisories":
        return "seawall sync"
    if finding.rule in ("packages/known-malware", "packages/malware-in-history"):
        return f"seawall explain {finding.advisories[0]}" if finding.advisories else ""
    return ""


def _name(asset: str) -> str:
    """`pkg:npm/%40scope/name@1` → `@scope/name`."""
    body = asset.partition(":")[2].partition("/")[2].partition("?")[0]
    return body.rpartition("@")[0].replace("%40", "@") if "@" in body else body.replace("%40", "@")


def _in(path: str, command: str) -> str:
    place = path.rpartition("/")[0]
    return f"cd {_quoted(place)} && {command}" if place else command


def _quoted(text: str) -> str:
    """A path of a stranger's tree, safe to paste into a shell."""
    return shlex.quote(text)
