"""What a registry says about one release; every value that is not known says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NewDependency:
    """A dependency that the release before did not have; `first_release` is when its name first appeared."""

    name: str
    spec: str
    first_release: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """Facts about one (ecosystem, name, version), each None when the registry did not say.

    Times are aware UTC. `previous` is the release before it in the same line. `digests` are
    `algorithm:<hex>` of every file of the release. `provenance` tells whether the release carries an
    attestation, `provenance_before` whether the release before it did; likewise `publisher`.
    `yanked` is the registry's reason, or "yanked" when it gave none, and None when it is not yanked.
    """

    key: tuple[str, str, str]
    published: datetime | None = None
    first_release: datetime | None = None
    previous: str | None = None
    install_script: bool | None = None
    install_script_before: bool | None = None
    new_dependencies: tuple[NewDependency, ...] | None = None
    provenance: bool | None = None
    provenance_before: bool | None = None
    publisher: str | None = None
    publishers_before: tuple[str, ...] | None = None
    yanked: str | None = None
    digests: tuple[str, ...] = ()
    source: str = ""
