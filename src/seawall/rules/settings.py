"""What a tree tries to change about how it is judged."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.rule import rule


@rule("packages/waiver-expired", Severity.MEDIUM)
def waiver_expired(intake: Intake) -> Iterator[Evidence]:
    """A waiver ends on its date, and what it covered counts again.

    Why: "we will look at it next month" is how known holes stay open for years.

    Attack: most exploited vulnerabilities are old ones that somebody had decided to live with for a while.

    Fix: repair what it covers, or have a named person extend it with a new reason and date.
    """
    for waiver in intake.settings.waivers:
        if waiver.expires < intake.now.date():
            yield Evidence(
                message=f"the waiver of {waiver.rule} by {waiver.author} ended on {waiver.expires}",
                advice="repair what it covers, or have it extended with a new reason and date",
                asset=waiver.asset,
                path=waiver.path or "seawall.toml",
                line=0 if waiver.path else waiver.line,
                subject=f"{waiver.rule} {waiver.expires} {waiver.fingerprint}",
            )


@rule("packages/exemption-ended", Severity.INFO)
def exemption_ended(intake: Intake) -> Iterator[Evidence]:
    """An exemption ends on its date, and what it let into the firewall is held to the policy again.

    Why: whoever relied on it gets a denial and would not know that it was allowed the day before.

    Attack: an exemption that is forgotten lets in whatever is published under the name next.

    Fix: wait until the release is old enough, take the one before it, or have a named person give the
    exemption in `firewall.toml` a new end.
    """
    for exemption in intake.exemptions:
        if exemption.expires < intake.now.date():
            yield Evidence(
                message=f"the exemption by {exemption.author} ended on {exemption.expires}",
                advice="give it a new end in firewall.toml if it is still wanted",
                asset=exemption.asset,
                subject=exemption.kind,
            )


@rule("settings/changed-with-the-tree", Severity.HIGH)
def changed_with_the_tree(intake: Intake) -> Iterator[Evidence]:
    """A change that brings its own waiver, approval or policy has to be seen by a person.

    Compares `seawall.toml` in the tree with the one at the trusted base revision. What the tree adds does
    not count for this scan; it counts once it is on the base.

    Why: a pull request that could waive its own findings would make every check voluntary.

    Attack: pull requests that edit the checks they have to pass are the ordinary first try against any
    repository whose pipeline takes its configuration from the branch under test.

    Fix: review the change of `seawall.toml` on its own, by somebody who may decide about it.
    """
    for change in intake.settings_changes:
        yield Evidence(
            message=f"this change touches how it is judged: {change.what}",
            advice="have it reviewed on its own, by somebody who may decide about it",
            path=change.path,
            line=change.line,
            subject=change.what,
        )
