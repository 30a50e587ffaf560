"""What a team allows by name is a list; what is not on it is said, and the policy decides."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.allowed import UNLISTED_NAME, UNLISTED_PUBLISHER, name_allowed, publisher_allowed
from seawall.kernel.asset import package_purl
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.lockfile import DocumentKind, Pin, Requirement
from seawall.kernel.rule import rule


@rule(UNLISTED_NAME, Severity.LOW, signal=True)
def unlisted_name(intake: Intake) -> Iterator[Evidence]:
    """A package that no list of yours names came in without anybody having said yes to it.

    Speaks only where `[names] allow` is set. What lies in the tree itself needs no entry.

    Why: names that a model made up, look-alikes and dependencies of dependencies are names that nobody chose.

    Attack: in 2017 crossenv was installed by people who had meant cross-env; nobody had put it on a list.

    Fix: take a package that the list has, or have this one looked at and put there.
    """
    lists = intake.settings.allowed_names
    seen: set[str] = set()
    documents = [item for item in intake.documents if lists and item.kind is not DocumentKind.SBOM]
    pinned = {(pin.ecosystem, pin.name) for document in documents for pin in document.pins}
    for document in documents:
        asked = [item for item in document.requirements if (item.ecosystem, item.name) not in pinned]
        items: list[Pin | Requirement] = [*document.pins, *asked]
        for item in items:
            if item.source.is_local or name_allowed(lists, item.ecosystem, item.name) is not False:
                continue
            version = item.version if isinstance(item, Pin) else ""
            asset = package_purl(item.ecosystem, item.name, version)
            if asset not in seen:
                seen.add(asset)
                yield Evidence(
                    asset=asset,
                    message=f"{item.name} is not on the list of allowed names",
                    advice="take a package that is on it, or have this one put there",
                    path=item.path,
                    line=item.line,
                    subject=item.name,
                )


@rule(UNLISTED_PUBLISHER, Severity.LOW, signal=True, online=True)
def unlisted_publisher(intake: Intake) -> Iterator[Evidence]:
    """A release by somebody whom your list for its name does not have is not what you agreed to take.

    Speaks only where `[[publishers]]` names the package. Where the registry does not tell who published,
    nobody on the list did.

    Why: a stolen token of one maintainer among twenty, or a new one, publishes as well as the usual one does.

    Attack: axios 1.14.1 was published from a person's account; the release before it came out of a pipeline.

    Fix: find out who it is, from the project and not from the release; then put them on the list.
    """
    lists = intake.settings.allowed_publishers
    seen: set[str] = set()
    for pin in intake.pins() if lists else ():
        facts = intake.releases.get(pin.key)
        if facts is None or pin.purl in seen:
            continue
        seen.add(pin.purl)
        who = facts.published_by
        if publisher_allowed(lists, pin.ecosystem, pin.name, who) is False:
            yield Evidence(
                asset=pin.purl,
                message=f"{pin.name} {pin.version} was published by {who}, who is not on the list for it"
                if who
                else f"nobody tells who published {pin.name} {pin.version}, and there is a list for it",
                advice="find out who it is, and whether the project says so",
                path=pin.path,
                line=pin.line,
            )
