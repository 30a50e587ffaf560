"""Git's own store, and the command lines of GitHub and GitLab, keep a token per host.

Source: git-credential-store(1); the documents of gh (`hosts.yml`), hub and glab.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from seawall.kernel.credential import CredentialFile, Held
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.format import CredentialFormat
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import Draft, begin, listed, literal, table, tables, text
from ._tokens import expiry

_HOST = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::\d+)?\Z|localhost(?::\d+)?\Z")


def read_store(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every host of `git credential-store`. Never raises."""
    draft = begin(data, path, STORE.id, STORE.kind, limits)
    for host, line in draft.parsed(_stored) or ():
        draft.keep(host, line, note="kept as plain text")
    return draft.done()


def _stored(content: str, limits: Limits) -> list[tuple[str, int]]:
    del limits
    found = []
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            parts = urlsplit(line.strip())
            known = parts.hostname if parts.scheme and parts.password is not None else None
        except ValueError:
            known = None
        if not known:
            raise SyntaxFault(ProblemKind.MALFORMED, "", number)
        found.append((known, number))
    return found


def read_github(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every host that gh or hub is logged in to. Never raises."""
    draft = begin(data, path, GITHUB.id, GITHUB.kind, limits)
    content = draft.yaml()
    for host, entry in tables(content):
        users = [user for _, user in tables(entry.get("users"))]
        kept = any(literal(one.get("oauth_token")) for one in (entry, *users))
        _host(draft, host, kept=kept)
    for host, value in table(content).items():
        if any(literal(one.get("oauth_token")) for one in listed(value)):
            _host(draft, str(host), kept=True)
    return draft.done()


def _host(draft: Draft, host: str, *, kept: bool) -> None:
    if kept:
        draft.keep(host if _HOST.match(host) else "", note="kept as plain text")
    elif _HOST.match(host):
        draft.keep(host, held=Held.SESSION, note="kept in a keychain; `gh auth token` tells it")


def read_gitlab(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every host that glab is logged in to. Never raises."""
    draft = begin(data, path, GITLAB.id, GITLAB.kind, limits)
    for host, entry in tables(table(draft.yaml(), "hosts")):
        keys = ("token", "job_token", "oauth2_refresh_token")
        if any(literal(entry.get(key)) and text(entry.get(key)) != "null" for key in keys):
            renews = literal(entry.get("oauth2_refresh_token"))
            draft.keep(host, expires=expiry(entry.get("oauth2_expiry_date")), renews=renews)
    return draft.done()


STORE = CredentialFormat(
    id="git-credentials", kind="git", places=(".git-credentials", ".config/git/credentials"), read=read_store
)
GITHUB = CredentialFormat(
    id="github-hosts", kind="github",
    places=(".config/gh/hosts.yml", ".config/hub", "AppData/Roaming/GitHub CLI/hosts.yml"),
    read=read_github,
)  # fmt: skip
GITLAB = CredentialFormat(
    id="gitlab-hosts", kind="gitlab",
    places=(".config/glab-cli/config.yml", "Library/Application Support/glab-cli/config.yml"),
    read=read_gitlab,
)  # fmt: skip
