"""A young release is a hotfix only where somebody else than its publisher says that it repairs the line.

Whoever has taken a package over can publish a version, and often write the repository's advisory too. So it
must be the lowest fixed version in the line of the release before it, named by a reviewed advisory,
published in the way that the line was published before, and nothing about it may be unknown. Where an index
tells nobody who publishes, the record must have been written when the very files were there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from seawall.grounds import moment
from seawall.kernel.advisory import Advisory, Affected, Match
from seawall.kernel.asset import package_name
from seawall.kernel.comparing import line_of
from seawall.kernel.intake import Key
from seawall.kernel.matching import is_affected
from seawall.kernel.policy.facts import NO_HOTFIX, Hotfix
from seawall.kernel.release import ReleaseFacts
from seawall.kernel.versions import lowest_fixed, order

ONE_DOCUMENT = frozenset({"npm"})
"""Ecosystems whose metadata says what a release runs and needs; elsewhere only its files do."""


def hotfix(
    release: ReleaseFacts,
    advisories: Sequence[Advisory],
    matches: Mapping[Key, tuple[Match, ...]],
    *,
    skipped: bool,
    approved: bool,
    last_file: datetime | None = None,
) -> Hotfix:
    """What is proven about a young release. `skipped`: some check about it did not run.

    `matches` are those of the release and of the one before it. `last_file`: when its last file came.
    """
    repairs = [] if release.key in matches else list(_that_it_repairs(release, advisories))
    if not repairs:
        return NO_HOTFIX
    return Hotfix(
        lowest_fixed=True,
        reviewed_source=any(advisory.reviewed for advisory in repairs),
        usual_path=usual_path(release) or _reviewed_as_it_is(release, repairs, last_file),
        signals_checked=not skipped and _known(release),
        approved=approved,
    )


def usual_path(release: ReleaseFacts) -> bool:
    """It was published as the line was published before, and that is known.

    Either it carries an attestation as the release before did, or an account published it that did so before;
    in no case was an attestation lost. Unknown is not usual.
    """
    attested = release.provenance is True and release.provenance_before is True
    lost = release.provenance_before is True and release.provenance is not True
    if release.publisher:
        return not lost and release.publisher in (release.publishers_before or ())
    return attested


def _reviewed_as_it_is(
    release: ReleaseFacts, repairs: Iterable[Advisory], last_file: datetime | None
) -> bool:
    """On an index that tells nobody who publishes: reviewers first published a record after these files came.

    What it calls fixed are then these files, and not what somebody may still publish under that version. An
    attestation that was lost is never usual, and a file that was added later ends it for the whole release.
    """
    if release.key[0] in ONE_DOCUMENT or last_file is None or release.published_by:
        return False
    if release.provenance_before is True and release.provenance is not True:
        return False
    # When it was changed later proves nothing: records are touched for many reasons, and nobody looks again.
    written = (moment(one.published) for one in repairs if one.reviewed and one.published)
    return any(time >= last_file for time in written)


def _known(release: ReleaseFacts) -> bool:
    if release.previous is None:
        return False
    if release.key[0] not in ONE_DOCUMENT:
        return True
    return release.install_script is not None and release.new_dependencies is not None


def _that_it_repairs(release: ReleaseFacts, advisories: Iterable[Advisory]) -> Iterator[Advisory]:
    """Advisories by which the release before it is affected and this is the lowest fixed one of its line."""
    ecosystem, name, version = release.key
    before = release.previous
    if before is None or line_of(before) != line_of(version):
        return
    for advisory in advisories:
        if advisory.malicious or advisory.withdrawn:
            continue
        mine = [
            item
            for item in advisory.affected
            if item.ecosystem == ecosystem and package_name(ecosystem, item.name) == name
        ]
        if any(is_affected(item, before) for item in mine) and _lowest(mine, ecosystem, before, version):
            yield advisory


def _lowest(affected: Sequence[Affected], ecosystem: str, before: str, version: str) -> bool:
    rank = order(ecosystem)
    fixed = [text for item in affected for r in item.ranges for kind, text in r.events if kind == "fixed"]
    sound = [text for text in fixed if all(is_affected(item, text) is False for item in affected)]
    lowest = lowest_fixed(sound, before, rank)
    return bool(lowest) and rank(lowest) == rank(version)
