"""Command lines of many services keep a token in a small file of JSON, YAML, TOML or INI.

Their own shapes differ little: an object in which the name of a key tells of a secret.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import Draft, begin
from ._ini import sections
from ._tokens import keep_logins


def _ini(draft: Draft) -> object:
    return {section.name or "default": dict(section.pairs) for section in draft.parsed(sections) or ()}


_SYNTAXES: dict[str, Callable[[Draft], object]] = {
    "json": Draft.json, "yaml": Draft.yaml, "toml": Draft.toml, "ini": _ini,
}  # fmt: skip


def _read(data: bytes, path: str, limits: Limits, *, format_: str, kind: str, syntax: str) -> CredentialFile:
    draft = begin(data, path, format_, kind, limits)
    if not draft.problems:
        keep_logins(draft, _SYNTAXES[syntax](draft))
    return draft.done()


def _format(id: str, kind: str, syntax: str, *places: str) -> CredentialFormat:
    read: Callable[[bytes, str, Limits], CredentialFile]
    read = partial(_read, format_=id, kind=kind, syntax=syntax)
    return CredentialFormat(id, kind, places, read)


FORMATS = (
    _format("pulumi", "cloud", "json", ".pulumi/credentials.json"),
    _format("vercel", "cloud", "json", ".local/share/com.vercel.cli/auth.json", ".vercel/auth.json"),
    _format("netlify", "cloud", "json", ".config/netlify/config.json", ".netlify/config.json"),
    _format("firebase", "cloud", "json", ".config/configstore/firebase-tools.json"),
    _format("fly", "cloud", "yaml", ".fly/config.yml"),
    _format("digitalocean", "cloud", "yaml", ".config/doctl/config.yaml"),
    _format(
        "wrangler", "cloud", "toml", ".wrangler/config/default.toml",
        ".config/.wrangler/config/default.toml",
    ),
    _format("modal", "cloud", "toml", ".modal.toml"),
    _format("s3cmd", "cloud", "ini", ".s3cfg"),
    _format("boto", "cloud", "ini", ".boto"),
    _format("rclone", "cloud", "ini", ".config/rclone/rclone.conf"),
    _format("databricks", "cloud", "ini", ".databrickscfg"),
    _format("oracle-cloud", "cloud", "ini", ".oci/config"),
    _format("mysql", "database", "ini", ".my.cnf"),
    _format("composer", "packages", "json", ".composer/auth.json", ".config/composer/auth.json"),
    _format("bitwarden", "password-store", "json", ".config/Bitwarden CLI/data.json"),
)  # fmt: skip
