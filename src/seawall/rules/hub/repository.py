"""A name on a hub is worth what its owner is worth: how old it is, whose it was, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.rule import rule


@rule("hub/known-bad", Severity.CRITICAL)
def known_bad(intake: Intake) -> Iterator[Evidence]:
    """A repository that an advisory calls malicious is not handed out.

    Why: hubs mark what they find and mostly leave it there to be downloaded, and copies stay in caches.

    Attack: nullifAI (February 2025): two repositories with broken archives whose pickles opened a reverse
    shell before the scanner gave up. In May 2026 Open-OSS/privacy-filter posed as a model of OpenAI and was
    fetched 244,000 times in 18 hours.

    Fix: delete every copy; treat every machine that loaded it as compromised, and rotate what it could read.
    """
    repository = intake.repository
    for key in repository.keys if repository else ():
        for match in intake.matches.get(key, ()):
            if not match.malicious or not repository:
                continue
            yield Evidence(
                f"{key[1]} is known to be malicious: {match.ids[0]}",
                "delete every copy, and rotate what the machines that loaded it could read",
                asset=repository.purl,
                advisories=match.ids,
                subject=match.ids[0],
            )


@rule("hub/young-repository", Severity.LOW, signal=True)
def young_repository(intake: Intake) -> Iterator[Evidence]:
    """A repository that was made a few days ago has been looked at by nobody.

    Why: what is malicious is mostly found within weeks; until then it is as good as its newest visitor.

    Attack: baller423 and about a hundred others (February 2024) uploaded models whose pickles opened reverse
    shells; Open-OSS/privacy-filter (May 2026) led the list of trending models within a day of its making.

    Fix: wait, or take the repository of whoever made the model, by commit.
    """
    repository = intake.repository
    if repository is None or repository.created is None:
        return
    age = intake.now - repository.created
    if age < timedelta(days=intake.settings.young_name_days):
        yield Evidence(
            f"{repository.title} was made {max(age.days, 0)} days ago",
            "wait, or take the repository of whoever made the model",
            asset=repository.purl,
        )


@rule("hub/young-namespace", Severity.LOW, signal=True)
def young_namespace(intake: Intake) -> Iterator[Evidence]:
    """An account that was made a few days ago may have taken somebody else's name.

    Why: the name of a deleted account can be registered again, and everything that names its models by
    `author/model` then takes what the new owner puts there.

    Attack: model namespace reuse (September 2025): names of deleted authors were registered again, and cloud
    catalogs served what stood there; a reverse shell was shown. PoisonGPT (July 2023) took a name one letter
    from a known one.

    Fix: ask for the commit that you have always used, and find out who owns the name now.
    """
    repository = intake.repository
    if repository is None or repository.namespace_created is None:
        return
    age = intake.now - repository.namespace_created
    if age < timedelta(days=intake.settings.young_name_days):
        yield Evidence(
            f"the account of {repository.title} was made {max(age.days, 0)} days ago",
            "find out who owns the name now, and ask for the commit that you have always used",
            asset=repository.purl,
        )


@rule("hub/renamed", Severity.LOW, signal=True)
def renamed(intake: Intake) -> Iterator[Evidence]:
    """A repository that answers under another name can lose its old name to a stranger.

    Names without namespace, from the hub's first years, are its own, and moving them is no danger.

    Why: the hub leads the old name to the new one only until somebody registers the old account again.

    Attack: model namespace reuse (September 2025) took over names that were left behind like this.

    Fix: use the new name everywhere, with a commit.
    """
    repository = intake.repository
    if repository is not None and repository.renamed:
        yield Evidence(
            f"{repository.asked} is {repository.name} now",
            f"use {repository.name}, and the commit {repository.commit}",
            asset=repository.purl,
        )


@rule("hub/floating-revision", Severity.LOW, signal=True)
def floating_revision(intake: Intake) -> Iterator[Evidence]:
    """A branch or tag is whatever its owner makes it; a commit is always the same files.

    Why: whoever takes over an account, or its token, changes what the next start of every server loads.

    Attack: model namespace reuse (September 2025) worked because deployments named models without a commit.

    Fix: give the commit as `revision`; the denial and `hf models info` tell it.
    """
    repository = intake.repository
    if repository is not None and repository.floating:
        asked = repository.revision or "its default branch"
        yield Evidence(
            f"{repository.title} is asked for by {asked}, which can move",
            f"ask for revision={repository.commit}",
            asset=repository.purl,
        )
