"""A file that is one token, or a few: HashiCorp, Hugging Face, Kaggle, databases.

Source: the documents of Vault, Terraform (`credentials.tfrc.json`), huggingface_hub, Kaggle, PostgreSQL
(the password file), MySQL (option files).
"""

from __future__ import annotations

import re

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import begin, literal, table, tables
from ._ini import sections
from ._tokens import jwt_expiry, keep_logins

_BLOCK = re.compile(r'^\s*credentials\s+"([\w.:-]{1,120})"\s*\{([^}]*)\}', re.MULTILINE)
_TOKEN = re.compile(r'\btoken\s*=\s*"[^"]+"')
_PASSWORD_LINE = re.compile(
    r"((?:[^:\\\n]|\\.)*):((?:[^:\\\n]|\\.)*):((?:[^:\\\n]|\\.)*):((?:[^:\\\n]|\\.)*):(.+)\Z"
)


def _token(data: bytes, path: str, limits: Limits, format_: str, kind: str) -> CredentialFile:
    draft = begin(data, path, format_, kind, limits)
    content = draft.text.strip()
    if draft.problems or not content:
        return draft.done()
    if len(content.split()) > 1:
        draft.broken()
    else:
        draft.keep("token", 1, expires=jwt_expiry(content))
    return draft.done()


def read_vault(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Vault's token. Never raises."""
    return _token(data, path, limits, VAULT.id, VAULT.kind)


def read_hub(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Hugging Face's token. Never raises."""
    return _token(data, path, limits, HUB.id, HUB.kind)


def read_hub_stored(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every token that Hugging Face's command line keeps by a name. Never raises."""
    draft = begin(data, path, HUB_STORED.id, HUB_STORED.kind, limits)
    for section in draft.parsed(sections) or ():
        if literal(section.pairs.get("hf_token")):
            draft.keep(section.name, section.line)
    return draft.done()


def read_terraform(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every host that Terraform has a token for. Never raises."""
    draft = begin(data, path, TERRAFORM.id, TERRAFORM.kind, limits)
    if path.endswith(".json"):
        for host, entry in tables(table(draft.json(), "credentials")):
            if literal(entry.get("token")):
                draft.keep(host, expires=jwt_expiry(entry.get("token")))
        return draft.done()
    for block in _BLOCK.finditer(draft.text):
        if _TOKEN.search(block[2]):
            draft.keep(block[1], draft.text.count("\n", 0, block.start(1)) + 1)
    return draft.done()


def read_kaggle(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Kaggle's key. Never raises."""
    draft = begin(data, path, KAGGLE.id, KAGGLE.kind, limits)
    keep_logins(draft, draft.json(), "key")
    return draft.done()


def read_pgpass(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every database that a password stands for. Never raises."""
    draft = begin(data, path, PGPASS.id, PGPASS.kind, limits)
    for number, line in enumerate(draft.text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            found = _PASSWORD_LINE.match(line.strip())
            if found is None:
                draft.broken(line=number)
                return draft.done()
            draft.keep(f"{found[1]}/{found[3]}", number, note="a password")
    return draft.done()


VAULT = CredentialFormat(id="vault-token", kind="vault", places=(".vault-token",), read=read_vault)
HUB = CredentialFormat(
    id="hugging-face-token", kind="hugging-face", places=(".huggingface/token", ".cache/huggingface/token"),
    read=read_hub,
)  # fmt: skip
HUB_STORED = CredentialFormat(
    id="hugging-face-stored", kind="hugging-face", places=(".cache/huggingface/stored_tokens",),
    read=read_hub_stored,
)  # fmt: skip
TERRAFORM = CredentialFormat(
    id="terraform", kind="terraform", places=(".terraform.d/credentials.tfrc.json", ".terraformrc"),
    read=read_terraform,
)  # fmt: skip
KAGGLE = CredentialFormat(
    id="kaggle", kind="kaggle", places=(".kaggle/kaggle.json", ".config/kaggle/kaggle.json"), read=read_kaggle
)
PGPASS = CredentialFormat(id="pgpass", kind="database", places=(".pgpass",), read=read_pgpass)
