"""A kubeconfig names users, and how each of them proves itself: a token, a certificate, or a program.

Source: the Kubernetes documents of kubeconfig files (`users`, `contexts`).
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict

from seawall.kernel.credential import CredentialFile, Held
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import Draft, begin, listed, literal, table, text
from ._tokens import certificate_expiry, expiry, jwt_expiry


def read(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every user that has something here. Never raises."""
    draft = begin(data, path, FORMAT.id, FORMAT.kind, limits)
    content = table(draft.yaml())
    contexts: dict[str, list[str]] = defaultdict(list)
    for item in listed(content.get("contexts")):
        contexts[text(table(item, "context").get("user"))].append(text(item.get("name")))
    lines = getattr(content, "lines", {})
    for item in listed(content.get("users")):
        name = text(item.get("name"))
        line = getattr(item, "line", 0) or lines.get("users", 0)
        _user(draft, name, table(item, "user"), line, contexts.get(name, []))
    return draft.done()


def _user(draft: Draft, name: str, user: dict[str, object], line: int, contexts: list[str]) -> None:
    scope = ", ".join(draft.guard.names(contexts)[:4])
    scope = f"contexts: {scope}" if scope else ""
    provider = table(user, "auth-provider", "config")
    if literal(user.get("token")):
        draft.keep(name, line, expires=jwt_expiry(user["token"]), scope=scope, note="a token")
    elif literal(user.get("client-key-data")) or literal(user.get("client-key")):
        note = "a certificate's key" if "client-key-data" in user else "a certificate's key, in another file"
        draft.keep(name, line, expires=_certificate(user), scope=scope, note=note)
    elif literal(user.get("password")):
        draft.keep(name, line, scope=scope, note="a password")
    elif any(literal(provider.get(key)) for key in ("access-token", "id-token", "refresh-token")):
        ends = expiry(provider.get("expiry")) or jwt_expiry(provider.get("id-token"))
        draft.keep(name, line, expires=ends, renews=literal(provider.get("refresh-token")), scope=scope)
    elif isinstance(user.get("exec"), dict) or literal(user.get("tokenFile")):
        note = "asked of a program" if "exec" in user else "a token in another file"
        draft.keep(name, line, held=Held.SESSION, scope=scope, note=note)


def _certificate(user: dict[str, object]) -> str:
    try:
        data = base64.b64decode(text(user.get("client-certificate-data"))[:65_536], validate=False)
    except (ValueError, binascii.Error):
        return ""
    return certificate_expiry(data) if data else ""


FORMAT = CredentialFormat(id="kubeconfig", kind="kubernetes", places=(".kube/config",), read=read)
