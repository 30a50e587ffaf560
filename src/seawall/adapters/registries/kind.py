"""A kind of registry is an address for every name, and a reader of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seawall.adapters.http import Response
from seawall.kernel.release import Listing


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of registry is asked.

    `address` gives the URL for a name below a registry's own, empty when the name cannot be one there (names
    come from strangers' files). `read` raises OutsideError for an answer that cannot be used.
    """

    ecosystem: str
    accept: str
    address: Callable[[str, str], str]
    read: Callable[[Response, str], Listing]
