"""Google Cloud: application default credentials, those of accounts, and keys of service accounts.

Source: the documents of Application Default Credentials (`type` says what a file is) and of gcloud.
"""

from __future__ import annotations

from seawall.kernel.credential import CredentialFile, Held
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import begin, literal, table, text

_TYPES = {
    "authorized_user": "a person's login; it renews itself",
    "service_account": "a service account's key, which does not end by itself",
    "impersonated_service_account": "a person's login that acts as a service account",
    "external_account": "federated: nothing that opens anything is kept here",
    "external_account_authorized_user": "a person's login; it renews itself",
}


def read(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """The one credential of the file. Never raises."""
    draft = begin(data, path, FORMAT.id, FORMAT.kind, limits)
    content = table(draft.json())
    kind = text(content.get("type"))
    if kind not in _TYPES:
        if content and not draft.problems:
            draft.broken()
        return draft.done()
    source = table(content, "source_credentials") or content
    kept = any(literal(source.get(key)) for key in ("refresh_token", "private_key", "client_secret"))
    draft.keep(
        kind,
        held=Held.FILE if kept else Held.SESSION,
        renews=literal(source.get("refresh_token")),
        scope=text(content.get("quota_project_id")) or text(content.get("project_id")),
        note=_TYPES[kind],
    )
    return draft.done()


FORMAT = CredentialFormat(
    id="gcloud", kind="gcloud",
    places=(
        ".config/gcloud/application_default_credentials.json", ".config/gcloud/legacy_credentials/*/adc.json",
        "AppData/Roaming/gcloud/application_default_credentials.json",
        "AppData/Roaming/gcloud/legacy_credentials/*/adc.json",
    ),
    read=read,
)  # fmt: skip
