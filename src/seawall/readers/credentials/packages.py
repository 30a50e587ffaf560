"""Package managers that keep tokens in files of their own: cargo, gem, poetry, uv.

Source: the Cargo book (credentials.toml), RubyGems' guides (`~/.gem/credentials`), poetry's and uv's
documents of authentication.
"""

from __future__ import annotations

import re

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.format import CredentialFormat
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import begin, host_of, listed, literal, table, tables, text

_GEM = re.compile(r'\s*:?"?([\w.:/-]{1,120}?)"?:\s+(\S+)\s*\Z')


def read_cargo(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every registry that cargo has a token for. Never raises."""
    draft = begin(data, path, CARGO.id, CARGO.kind, limits)
    content = draft.toml()
    if any(literal(table(content, "registry").get(key)) for key in ("token", "secret-key")):
        draft.keep("default registry")
    for name, entry in tables(content.get("registries")):
        if any(literal(entry.get(key)) for key in ("token", "secret-key")):
            draft.keep(name)
    return draft.done()


def read_gem(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every key of `gem push`. Never raises."""
    draft = begin(data, path, GEM.id, GEM.kind, limits)
    for name, line in draft.parsed(_gem_keys) or ():
        draft.keep(host_of(name) if "/" in name else name, line)
    return draft.done()


def _gem_keys(content: str, limits: Limits) -> list[tuple[str, int]]:
    del limits
    found = []
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip() or line.startswith(("---", "#")):
            continue
        pair = _GEM.match(line)
        if pair is None:
            raise SyntaxFault(ProblemKind.MALFORMED, "", number)
        found.append((pair[1], number))
    return found


def read_poetry(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every repository that poetry has a password or token for. Never raises."""
    draft = begin(data, path, POETRY.id, POETRY.kind, limits)
    content = draft.toml()
    for name, entry in tables(content.get("http-basic")):
        if literal(entry.get("password")):
            draft.keep(name, note="a password")
    for name, token in table(content, "pypi-token").items():
        if literal(token):
            draft.keep(str(name), note="a token for uploads")
    return draft.done()


def read_uv(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every service that uv is logged in to. Never raises."""
    draft = begin(data, path, UV.id, UV.kind, limits)
    for entry in listed(draft.toml().get("credential")):
        if any(literal(entry.get(key)) for key in ("password", "token")):
            draft.keep(host_of(text(entry.get("service"))))
    return draft.done()


CARGO = CredentialFormat(
    id="cargo-credentials", kind="cargo", places=(".cargo/credentials.toml", ".cargo/credentials"),
    read=read_cargo,
)  # fmt: skip
GEM = CredentialFormat(
    id="gem-credentials", kind="rubygems", places=(".gem/credentials", ".local/share/gem/credentials"),
    read=read_gem,
)  # fmt: skip
POETRY = CredentialFormat(
    id="poetry-auth", kind="python-index",
    places=(".config/pypoetry/auth.toml", "Library/Application Support/pypoetry/auth.toml",
            "AppData/Roaming/pypoetry/auth.toml"),
    read=read_poetry,
)  # fmt: skip
UV = CredentialFormat(
    id="uv-credentials", kind="python-index", places=(".local/share/uv/credentials/credentials.toml",),
    read=read_uv,
)  # fmt: skip
