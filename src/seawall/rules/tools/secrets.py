"""Credentials that stand in the files of tools."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.rule import rule
from seawall.kernel.tool import Given, ToolFile

_WORDS = {
    "env": "the variable {name}",
    "header": "the header {name}",
    "argument": "the argument {name}",
    "address": "the address of a server",
    "setting": "{name}",
    "file": "{name}",
}


@rule("tools/literal-secret", Severity.HIGH)
def literal_secret(intake: Intake) -> Iterator[Evidence]:
    """A token that is written into a tool's settings belongs to everybody who can read the file.

    Looks at variables, headers, arguments and addresses of servers, hooks, tasks and dev containers, and at
    `.npmrc`, `.pypirc`, `pip.conf` and `uv.toml` of the tree. A value that has the form of a known kind of
    token is sure; one that only stands under the name of a secret counts less, and in a dev container less
    again. The value is dropped while reading and appears in no report. Variables are no finding.

    Why: these files are committed, copied between machines, and read by every agent that works there.

    Attack: the s1ngularity malware (26 August 2025) had the AI tools of its victims list the files in which
    tokens and keys stand, and published what they found.

    Fix: revoke it, then give the tool a variable (`${NAME}`), the editor's input prompt, or a keychain.
    """
    for file in intake.tools:
        seen: set[tuple[str, str]] = set()
        for one in (*file.given, *(given for launch in file.launches for given in launch.given)):
            if one.credential and (one.name, one.via) not in seen:
                seen.add((one.name, one.via))
                yield Evidence(
                    message=f"a password or token stands in {_WORDS[one.via].format(name=one.name)}",
                    advice="revoke it, and give the new one by a variable or from a keychain",
                    path=file.path,
                    line=one.line,
                    severity=_severity(one, file),
                    subject=f"{one.via} {one.name}",
                    detail={"name": one.name, "given_by": one.via},
                )


def _severity(one: Given, file: ToolFile) -> Severity | None:
    if one.surely:
        return None
    return Severity.LOW if file.format.startswith("devcontainer") else Severity.MEDIUM
