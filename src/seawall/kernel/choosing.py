"""Whoever is refused one version is told of another: the newest that is let in, a final one if possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .admission import Admission
from .comparing import is_final, line_of
from .offer import Offering
from .versions import order


def newest_let_in(offering: Offering, admissions: Mapping[str, Admission]) -> str:
    """The newest version with a file that is let in, empty without one.

    Versions that were not taken back count before others, final ones before others, and what the ecosystem
    cannot order does not count.
    """
    return _newest(offering, admissions, lambda _: True)


def newest_in_line(offering: Offering, admissions: Mapping[str, Admission], version: str) -> str:
    """The same among the versions that may stand for `version`: those of its line, else all."""
    line = line_of(version)
    return _newest(offering, admissions, lambda other: line_of(other) == line) or newest_let_in(
        offering, admissions
    )


def _newest(offering: Offering, admissions: Mapping[str, Admission], counts: Callable[[str], bool]) -> str:
    rank = order(offering.ecosystem)
    yanked = {item.version for item in offering.listing.releases if item.yanked is not None}
    best: tuple[Any, str] | None = None
    for version in dict.fromkeys(
        offer.version for offer in offering.offers if _in(offer.filename, admissions)
    ):
        place = rank(version)
        if place is None or not counts(version):
            continue
        key = (version not in yanked, is_final(version), place)
        if best is None or key > best[0]:
            best = (key, version)
    return best[1] if best else ""


def _in(filename: str, admissions: Mapping[str, Admission]) -> bool:
    admission = admissions.get(filename)
    return admission is not None and admission.lets_in
