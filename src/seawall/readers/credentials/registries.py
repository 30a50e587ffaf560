"""Docker, Podman and their kin keep a login per registry, in the file or with a helper.

Source: Docker's document of `config.json` (`auths`, `credsStore`, `credHelpers`) and containers-auth.json(5).
"""

from __future__ import annotations

from seawall.kernel.credential import CredentialFile, Held
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import begin, host_of, literal, table, tables, text
from ._tokens import jwt_expiry

_KEYS = ("auth", "identitytoken", "registrytoken", "password")


def read(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every registry that something is kept for. Never raises."""
    draft = begin(data, path, FORMAT.id, FORMAT.kind, limits)
    content = table(draft.json())
    helpers = {**{host: text(value) for host, value in table(content, "credHelpers").items()}}
    store = text(content.get("credsStore"))
    for address, entry in tables(content.get("auths")):
        host = host_of(address)
        if any(literal(entry.get(key)) for key in _KEYS):
            ends = next((found for key in _KEYS if (found := jwt_expiry(entry.get(key)))), "")
            draft.keep(host, expires=ends, note="kept in the file: base64 is no encryption")
        elif store and host not in helpers:
            helpers[host] = store
    for host in helpers:
        draft.keep(host_of(host), held=Held.SESSION, note="kept by a helper, which answers whoever asks")
    return draft.done()


FORMAT = CredentialFormat(
    id="docker-config", kind="docker",
    places=(".docker/config.json", ".config/containers/auth.json", ".config/helm/registry/config.json"),
    read=read,
)  # fmt: skip
