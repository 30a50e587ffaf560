"""Where a package comes from is a fact of its own, and no credential ever travels inside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit


class SourceKind(StrEnum):
    """How a client would fetch this package."""

    REGISTRY = "registry"
    GIT = "git"
    URL = "url"
    PATH = "path"
    WORKSPACE = "workspace"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Source:
    """Where one package comes from.

    `location`: URL without userinfo, query secrets or fragment, or a path as written. `host`: lower-case
    `host[:port]`, empty when the file names none. `revision`: git commit, tag or branch as written.
    `credential`: the file carried userinfo or a token here (the value itself is dropped at the reader).
    """

    kind: SourceKind
    location: str = ""
    host: str = ""
    scheme: str = ""
    revision: str = ""
    credential: bool = False

    @property
    def is_local(self) -> bool:
        """It lies beside what asks for it, and is nobody else's."""
        return self.kind in (SourceKind.PATH, SourceKind.WORKSPACE)


REGISTRY = Source(SourceKind.REGISTRY)
WORKSPACE = Source(SourceKind.WORKSPACE)
UNKNOWN = Source(SourceKind.UNKNOWN)

_SECRET_PARAMETER = re.compile(
    r"(?i)(token|secret|password|passwd|pwd|api[-_]?key|auth|signature|sig|credential|private)"
)
_SCP_GIT = re.compile(r"(?:[\w.~-]+@)?([\w.-]+):(?!//)([\w.~/+-].*)\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_ADDRESS = re.compile(
    r"https?://(?:[^/?#\\\s]*@)?"
    r"(?:(?:[\w.-]|\$\{\w+\})+|\[[0-9a-f:.]+\])(?::\d{1,5})?"
    r"(?:/(?:(?!%40)[^@?#\\\s\"'<>])*)?(?:\?(?:(?!%40)[^@#\\\s\"'<>])*)?(?:\#(?:(?!%40)[^@\\\s])*)?",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\$\{[^}]*\}|\$[A-Za-z_]\w*|%\w+%")


def source_from_url(url: str, kind: SourceKind, revision: str = "") -> Source:
    """A `Source` for `url` with userinfo, fragment and secret-looking query parameters removed.

    `credential` is true when a literal password or token was removed; a bare user name as in
    `ssh://git@host`, or a variable such as `${TOKEN}`, is removed too but is not a credential.
    Never raises: what cannot be parsed as a URL loses everything up to its last `@`.
    """
    text = url.strip()
    prefix = ""
    if text.startswith(("git+", "hg+", "svn+", "bzr+")):
        prefix, text = text.split("+", 1)
        prefix += "+"
    if "://" not in text:
        scp = _SCP_GIT.match(text)
        if scp and kind is SourceKind.GIT:
            return Source(kind, f"ssh://{scp[1]}/{scp[2]}", scp[1].lower(), "ssh", revision)
        return Source(kind, text.rsplit("@", 1)[-1] if "@" in text else text, "", "", revision)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return _unparsed(text, kind, revision)
    if not parts.scheme or ("@" in text and not parts.netloc):
        return _unparsed(text, kind, revision)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    netloc = host + (f":{port}" if port else "")
    query, secret_query = _clean_query(parts.query)
    credential = secret_query or _is_credential(parts.username, parts.password)
    scheme = parts.scheme.lower()
    location = prefix + urlunsplit((scheme, netloc, parts.path, query, ""))
    return Source(kind, location, netloc, scheme, revision, credential)


def _unparsed(text: str, kind: SourceKind, revision: str) -> Source:
    """A source for what is no URL; whatever may be userinfo is left out."""
    before, _, rest = text.partition("://")
    bare = rest.rsplit("@", 1)[-1].split("#", 1)[0]
    if not _SCHEME.fullmatch(before):
        return Source(kind, bare, "", "", revision, "@" in text)
    return Source(kind, f"{before}://{bare}", "", before.lower(), revision, "@" in rest)


def clean_address(text: str) -> tuple[str, str]:
    """(address, host) of an http or https URL that certainly holds no credential, else two empty texts.

    Userinfo, fragment and secret-looking query parameters are removed. Where one cannot be sure what is
    userinfo (an `@` behind the host may end a password that holds a slash; a backslash is a slash to some
    clients), nothing is kept. `${NAME}` may stand in a host. A token that is a part of the path is kept.
    """
    if not _ADDRESS.fullmatch(text):
        return "", ""
    source = source_from_url(text, SourceKind.REGISTRY)
    return (source.location, source.host) if source.host else ("", "")


def _is_credential(username: str | None, password: str | None) -> bool:
    if password:
        return not _VARIABLE.fullmatch(password)
    return bool(username) and len(username or "") >= 16 and not _VARIABLE.fullmatch(username or "")


def _clean_query(query: str) -> tuple[str, bool]:
    if not query:
        return "", False
    kept, removed = [], False
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if _SECRET_PARAMETER.search(name):
            removed = removed or bool(value and not _VARIABLE.fullmatch(value))
        else:
            kept.append(part)
    return "&".join(kept), removed
