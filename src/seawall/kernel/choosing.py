"""Whoever is refused one version is told of another: the newest that is let in, a final one if possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .admission import Admission
from .comparing import is_final, line_of
from .offer import Offering
from .versions import order


def newest_let_in(offering: Offering, admissions: Mapping[str, Admission]) -> tuple[str, dict[str, str]]:
    """The newest version with a file that is let in, empty without one; and the same for each line.

    Versions that were not taken back count before others, final ones before others, and what the ecosystem
    cannot order does not count.
    """
    rank = order(offering.ecosystem)
    yanked = {item.version for item in offering.listing.releases if item.yanked is not None}
    lines: dict[str, tuple[Any, str]] = {}
    for version in dict.fromkeys(
        offer.version for offer in offering.offers if _in(offer.filename, admissions)
    ):
        place = rank(version)
        if place is None:
            continue
        found = ((version not in yanked, is_final(version), place), version)
        best = lines.get(line_of(version))
        if best is None or found[0] > best[0]:
            lines[line_of(version)] = found
    newest = max(lines.values(), key=lambda item: item[0], default=(None, ""))
    return newest[1], {line: version for line, (_, version) in lines.items()}


def _in(filename: str, admissions: Mapping[str, Admission]) -> bool:
    admission = admissions.get(filename)
    return admission is not None and admission.lets_in
