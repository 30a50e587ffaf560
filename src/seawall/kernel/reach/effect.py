"""An effect is what a command leaves behind or makes: a credential in a file, a signature, a release."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effect:
    """What a command leaves behind or makes, at its line of the script.

    `kind` is `github-env`, `github-path`, `github-output`, `secret-file`, `keychain-import`, `gpg-import`,
    `ssh-add`, `docker-login`, `npmrc`, `registry-login`, `cloud-login`, `sign`, `publish`, `decode` or
    `trace`. `detail`: the variable, file, registry, cloud or tool. `variables` are the names that the command
    uses, `expressions` the inner texts of the GitHub expressions in it.
    """

    kind: str
    detail: str
    variables: tuple[str, ...]
    line: int
    expressions: tuple[str, ...] = ()
