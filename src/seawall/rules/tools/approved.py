"""Files of tools that a person looked at, and whether they still are what that person saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.rule import rule


@rule("tools/changed-since-approved", Severity.HIGH)
def changed_since_approved(intake: Intake) -> Iterator[Evidence]:
    """An approval is for the bytes that somebody saw; after a change it is worth nothing.

    Compares files of agents, editors and dev containers with `[tools] approved` in your own `seawall.toml`,
    or in that of the trusted base. What stands in the tree under judgement approves nothing. With `[tools]
    require_approval = true` a file that nobody approved is a finding too.

    Why: tools ask once, remember the name, and start whatever stands under it later.

    Attack: MCPoison (CVE-2025-54136, July 2025): Cursor asked once for an MCP server; whoever could change
    its command in the repository afterwards ran code on every machine, without a question.

    Fix: look at what changed, then write the new digest (it is in this finding) where approvals are kept.
    """
    approved: dict[str, set[str]] = defaultdict(set)
    for approval in intake.settings.approved_tools:
        approved[approval.path].add(approval.digest)
    required = intake.settings.require_tool_approval
    for file in intake.tools:
        if not file.digest or file.digest in approved.get(file.path, ()):
            continue
        if file.path in approved or required:
            changed = file.path in approved
            yield Evidence(
                message="is not what was approved any more" if changed else "was approved by nobody",
                advice=f"look at it, then approve {file.digest} in your own settings or on the trusted base",
                path=file.path,
                severity=None if changed else Severity.MEDIUM,
                subject="changed" if changed else "not approved",
                detail={"digest": file.digest},
            )


@rule("tools/unreadable", Severity.LOW)
def unreadable(intake: Intake) -> Iterator[Evidence]:
    """A tool file that cannot be read here may well be read by the tool.

    Cut, malformed, oversized, too deeply nested or wrongly encoded files of agents, editors and dev
    containers, keys that stand twice, and links that leave the tree.

    Why: parsers differ. What one refuses or reads last, another takes or reads first.

    Attack: broken archives made Picklescan skip the malicious part of the nullifAI models of 2025; a
    settings file with two `hooks` keys does the same to whoever looks at one of them.

    Fix: repair it, or leave it out with `--exclude` if it is broken on purpose.
    """
    for file in intake.tools:
        for problem in file.problems:
            large = problem.kind in (ProblemKind.TOO_LARGE, ProblemKind.TOO_MANY, ProblemKind.TOO_DEEP)
            yield Evidence(
                message=f"not read ({problem.kind}): {problem.message}",
                advice="repair it, or leave it out with --exclude if it is broken on purpose",
                path=problem.path,
                line=problem.line,
                severity=Severity.MEDIUM if large else None,
                subject=f"{problem.kind} {problem.message}",
                detail={"kind": str(problem.kind)},
            )
