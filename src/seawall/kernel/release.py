"""What a registry says about one release; every value that is not known says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """One package version that a registry is to be asked about.

    `hosts` are those that files name as the registry it comes from, none where they leave it to the client.
    """

    key: tuple[str, str, str]
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NewDependency:
    """A dependency that the release before did not have; `first_release` is when its name first appeared.

    One that comes from elsewhere (git, an address) has no name in a registry: nobody has seen it for longer
    than the release itself, so it counts as old as that.
    """

    name: str
    spec: str
    first_release: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One release as a registry lists it, before it is compared with the others. None = it did not say.

    `published` is when its first file came, `last_file` when its last one did, None where a release is one
    file. `publisher` is the account that published it; where that was a pipeline which the owners let
    publish, `pipeline` names that one instead. `dependencies` are (name, range) of what an install brings;
    `metadata` is where more can be asked (PEP 658), empty when nowhere.
    """

    version: str
    published: datetime | None = None
    digests: tuple[str, ...] = ()
    dependencies: tuple[tuple[str, str], ...] | None = None
    install_script: bool | None = None
    provenance: bool | None = None
    publisher: str | None = None
    pipeline: str | None = None
    yanked: str | None = None
    metadata: str = ""
    last_file: datetime | None = None

    @property
    def published_by(self) -> str | None:
        """The account or the pipeline."""
        return self.publisher or self.pipeline or None


@dataclass(frozen=True, slots=True)
class Listing:
    """Every release of one name that a registry knows, and when the name first appeared there."""

    ecosystem: str
    name: str
    releases: tuple[Listed, ...]
    first_release: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """Facts about one (ecosystem, name, version), each None when the registry did not say.

    Times are aware UTC. `published` is when the last file of the release came: a file that is added to an
    old release is young. `previous` is the release before it in the same line that it is compared with
    (kernel/comparing.py). `digests` are
    `algorithm:<hex>` of every file of the release. `provenance` tells whether the release carries an
    attestation, `provenance_before` whether the release before it did; likewise `publisher`. `pipeline`
    is what published instead of an account; `publisher_known`: the same account or pipeline had published a
    settled release of this name before.
    `yanked` is the registry's reason, or "yanked" when it gave none, and None when it is not yanked.
    `source` is the host that answered.
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
    pipeline: str | None = None
    publisher_known: bool | None = None
    yanked: str | None = None
    digests: tuple[str, ...] = ()
    source: str = ""

    @property
    def published_by(self) -> str | None:
        """The account or the pipeline."""
        return self.publisher or self.pipeline or None
