"""An allow-list names what may be used; where there is one, whatever it does not name is not allowed.

Lists never add up: where several speak about a thing, each of them has to allow it. So one more list, such as
a scanned tree's, can only narrow what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from .asset import PURL_TYPE_TO_ECOSYSTEM, package_name

Named = tuple[str, str]
"""(ecosystem, name); a name that ends in `*` stands for all names that begin so."""

UNLISTED_NAME = "packages/unlisted-name"
UNLISTED_PUBLISHER = "packages/unlisted-publisher"
"""The rules that say what is not on a list."""

_NAMED = re.compile(r"pkg:([a-z]+)/([^?#*\s]*)(\*?)")


@dataclass(frozen=True, slots=True)
class Publishers:
    """Who may publish what `asset` names: accounts and pipelines as the registry writes them.

    An entry that ends in `*` stands for all that begin so.
    """

    asset: Named
    allow: tuple[str, ...]


def named(text: str) -> Named:
    """What `pkg:npm/@acme/*` or `pkg:pypi/requests` names. Raises ValueError where it names nothing."""
    found = _NAMED.fullmatch(text)
    ecosystem = PURL_TYPE_TO_ECOSYSTEM.get(found[1], "") if found else ""
    if found is None or not ecosystem or not (found[2] or found[3]):
        raise ValueError("must be such as pkg:npm/left-pad, pkg:npm/@acme/* or pkg:pypi/*")
    if ecosystem == "Hugging Face":
        raise ValueError("is about packages; models and datasets are not asked about here")
    name = unquote(found[2])
    if "@" in name[1:]:
        raise ValueError("is about a name, so it has no version")
    if ecosystem == "Maven":
        name = name.replace("/", ":", 1)
    return ecosystem, package_name(ecosystem, name) + found[3]


def name_allowed(lists: Sequence[Sequence[Named]], ecosystem: str, name: str) -> bool | None:
    """Every list names it. None where there is no list."""
    if not lists:
        return None
    return all(any(_covers(asset, ecosystem, name) for asset in one) for one in lists)


def publisher_allowed(
    lists: Iterable[Publishers], ecosystem: str, name: str, publisher: str | None
) -> bool | None:
    """Every list about that name names who published. None where there is no list about it.

    A publisher that nobody told is on no list.
    """
    mine = [item for item in lists if _covers(item.asset, ecosystem, name)]
    if not mine:
        return None
    return bool(publisher) and all(any(_matches(who, publisher or "") for who in item.allow) for item in mine)


def _covers(asset: Named, ecosystem: str, name: str) -> bool:
    return asset[0] == ecosystem and _matches(asset[1], package_name(ecosystem, name))


def _matches(wanted: str, text: str) -> bool:
    return text.startswith(wanted[:-1]) if wanted.endswith("*") else text == wanted
