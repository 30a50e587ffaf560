"""Azure's command line keeps tokens of accounts and secrets of service principals.

Source: the documents of the Azure CLI (MSAL token cache, `service_principal_entries`). The `.bin` files are
encrypted for the user (Windows) and are named only.
"""

from __future__ import annotations

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import begin, listed, literal, table, tables
from ._tokens import expiry, keep_logins


def read(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """The tokens of each kind. Never raises."""
    draft = begin(data, path, TOKENS.id, TOKENS.kind, limits)
    content = draft.json()
    if isinstance(content, list):  # accessTokens.json, before 2022
        keep_logins(draft, content, "access token")
        return draft.done()
    renewing = [item for _, item in tables(table(content, "RefreshToken")) if literal(item.get("secret"))]
    if renewing:
        draft.keep("login", renews=True, note="it renews itself")
        return draft.done()
    for _, item in tables(table(content, "AccessToken")):
        if literal(item.get("secret")):
            draft.keep("access token", expires=expiry(item.get("expires_on")))
    return draft.done()


def read_principals(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every service principal that has a secret here. Never raises."""
    draft = begin(data, path, PRINCIPALS.id, PRINCIPALS.kind, limits)
    for item in listed(draft.json()):
        if any(literal(item.get(key)) for key in ("client_secret", "accessToken", "secret", "certificate")):
            draft.keep("service principal", note="a secret that does not end by itself")
    return draft.done()


TOKENS = CredentialFormat(
    id="azure-tokens", kind="azure",
    places=(".azure/msal_token_cache.json", ".azure/accessTokens.json", ".azure/msal_http_cache.json"),
    read=read,
)  # fmt: skip
PRINCIPALS = CredentialFormat(
    id="azure-principals", kind="azure", places=(".azure/service_principal_entries.json",),
    read=read_principals,
)  # fmt: skip
