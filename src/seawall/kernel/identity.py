"""Who asks is known by address, by a token or by what a CI system signed, never by what anyone can write."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .policy.facts import Principal


class Proof(StrEnum):
    """How it is known who asks."""

    ADDRESS = "address"
    TOKEN = "token"  # noqa: S105 - the word, not one
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, from where, and for which run.

    `kind` is `Person` or `Workload`. `id` is a stable name (`token:ci-main`, `github:REPOSITORY_ID`,
    `address:127.0.0.1`). `place` is the host or runner as far as it is known, `run` one CI run or one
    `seawall run`, `commit` what was being built. `fork`: the run belongs to code of strangers.
    """

    id: str
    kind: str = "Workload"
    teams: tuple[str, ...] = ()
    proof: Proof = Proof.ADDRESS
    place: str = ""
    run: str = ""
    commit: str = ""
    fork: bool = False

    @property
    def principal(self) -> Principal:
        """The same as policies know it; a fork's run is in the team `forks`."""
        teams = (*self.teams, "forks") if self.fork else self.teams
        return Principal(self.kind, self.id, teams)


def address(host: str) -> Identity:
    """Somebody of whom only the address is known."""
    return Identity(f"address:{host}", place=host)
