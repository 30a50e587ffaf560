"""AWS: profiles with keys in `~/.aws/credentials` and `config`, and what logins leave in its caches.

Source: the AWS CLI's and SDKs' documents of shared configuration, `credential_process`, IAM Identity Center.
"""

from __future__ import annotations

from seawall.kernel.credential import CredentialFile, Held
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import Draft, begin, literal
from ._ini import Section, sections
from ._tokens import expiry, keep_logins

_ENDS = ("x_security_token_expires", "aws_expiration", "expiration", "aws_session_expiration")


def read(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every profile that has keys, or a way to get some. Never raises."""
    draft = begin(data, path, PROFILES.id, PROFILES.kind, limits)
    for section in draft.parsed(sections) or ():
        _profile(draft, section)
    return draft.done()


def _profile(draft: Draft, section: Section) -> None:
    name = section.name.removeprefix("profile ").strip()
    pairs, line = section.pairs, section.line
    if literal(pairs.get("aws_secret_access_key")):
        ends = next((found for key in _ENDS if (found := expiry(pairs.get(key)))), "")
        short = literal(pairs.get("aws_session_token"))
        note = "keys of a session" if short else "keys that do not end by themselves"
        draft.keep(name, section.lines["aws_secret_access_key"], expires=ends, note=note)
    elif "credential_process" in pairs:
        draft.keep(name, line, held=Held.SESSION, note="asked of a program")
    elif section.name.startswith("sso-session "):
        return
    elif "sso_session" in pairs or "sso_start_url" in pairs:
        draft.keep(name, line, held=Held.SESSION, note="a login that ends by itself (SSO)")


def read_cache(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """What a login left behind, and when it ends. Never raises."""
    draft = begin(data, path, CACHE.id, CACHE.kind, limits)
    keep_logins(draft, draft.json(), "login")
    return draft.done()


PROFILES = CredentialFormat(
    id="aws-profiles", kind="aws", places=(".aws/credentials", ".aws/config"), read=read
)
CACHE = CredentialFormat(
    id="aws-login-cache", kind="aws-login",
    places=(".aws/sso/cache/*.json", ".aws/cli/cache/*.json", ".aws/login/cache/*.json"),
    read=read_cache,
)  # fmt: skip
