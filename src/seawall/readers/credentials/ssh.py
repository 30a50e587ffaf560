"""A private key tells openly whether it is encrypted, and of which type it is.

Source: OpenSSH's PROTOCOL.key (`openssh-key-v1`), RFC 7468 and RFC 1421 (`Proc-Type`), PuTTY's key format;
ssh_config(5) for the hosts that a key is for.
"""

from __future__ import annotations

import base64
import binascii
import re

from seawall.kernel.credential import CredentialFile
from seawall.kernel.discretion import Guard
from seawall.kernel.limits import Limits
from seawall.readers.format import CredentialFormat

from ._draft import Draft, begin

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----\r?\n(.*?)-----END ", re.DOTALL)
_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_KIND = r"(?:sk-)?(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-nistp(?:256|384|521))(?:@openssh\.com)?"
_PUTTY = re.compile(rf"PuTTY-User-Key-File-\d: ({_KIND})\r?\nEncryption: ([a-z0-9-]{{1,40}})\r?\n")
_TYPE = re.compile(rf"{_KIND}\Z".encode())
_PUBLIC = re.compile(rf"({_KIND}) [A-Za-z0-9+/=]+(?: ([^\r\n]{{1,200}}))?\r?\n?\Z")
_MAGIC = b"openssh-key-v1\0"
_OPTION = re.compile(r"[ \t]*([A-Za-z]+)[ \t=]+(.*?)[ \t\r]*\Z")
_HARDWARE = "useless without the hardware key"


def read(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """The private key of the file, nothing for any other file. Never raises."""
    draft = Draft(path, FORMAT.id, FORMAT.kind, limits)
    name = path.rpartition("/")[2]
    if b"PRIVATE KEY" not in data[:65_536] and not data.startswith(b"PuTTY-User-Key-File"):
        return draft.done()
    draft = begin(data, path, FORMAT.id, FORMAT.kind, limits)
    putty, pem = _PUTTY.match(draft.text), _PEM.search(draft.text)
    if putty:
        draft.keep(name, 1, encrypted=putty[2] != "none", note=_kind(putty[1]))
    elif pem:
        line = draft.text.count("\n", 0, pem.start()) + 1
        encrypted, kind = _pem(pem[1], pem[2])
        draft.keep(name, line, encrypted=encrypted, note=_kind(kind))
    elif _BEGINS.search(draft.text) or draft.text.startswith("PuTTY"):
        draft.broken()
    return draft.done()


def _kind(kind: str) -> str:
    return f"{kind}, {_HARDWARE}" if kind.startswith("sk-") else kind


def _pem(label: str, body: str) -> tuple[bool | None, str]:
    """(whether it is encrypted, its type)."""
    if label == "OPENSSH PRIVATE KEY":
        return _openssh(body)
    if label == "ENCRYPTED PRIVATE KEY":
        return True, ""
    kind = label.removesuffix(" PRIVATE KEY").removesuffix("PRIVATE KEY").lower()
    return "Proc-Type: 4,ENCRYPTED" in body[:200], kind if kind in ("rsa", "dsa", "ec") else ""


def _openssh(body: str) -> tuple[bool | None, str]:
    try:
        data = base64.b64decode("".join(body.split())[:8_192], validate=False)
    except (ValueError, binascii.Error):
        return None, ""
    if not data.startswith(_MAGIC):
        return None, ""
    rest = data[len(_MAGIC) :]
    cipher, rest = _string(rest)
    for _ in range(2):  # the key derivation and its options
        _, rest = _string(rest)
    public, _ = _string(rest[4:])
    kind, _ = _string(public)
    if not re.fullmatch(rb"[a-z0-9@.-]{3,60}", cipher):
        return None, ""
    return cipher != b"none", kind.decode("ascii") if _TYPE.match(kind) else ""


def _string(data: bytes) -> tuple[bytes, bytes]:
    """(a string that its length stands before, what is behind it)."""
    size = int.from_bytes(data[:4], "big")
    return (b"", b"") if size > len(data) - 4 else (data[4 : 4 + size], data[4 + size :])


def public_comment(data: bytes) -> str:
    """The comment of a public key up to its `@`, which is where people and machines stand."""
    text = data[:16_384].decode("utf-8", "replace")
    found = _PUBLIC.match(text)
    comment = (found[2] or "") if found else ""
    return Guard(text.replace(comment, "") if comment else text).name(comment.partition("@")[0].strip(), "")


def hosts_by_key(data: bytes, limits: Limits) -> dict[str, tuple[str, ...]]:
    """Which hosts of an ssh configuration use which key: names by the base name of its file."""
    draft = begin(data, "", FORMAT.id, FORMAT.kind, limits)
    found: dict[str, list[str]] = {}
    hosts: tuple[str, ...] = ()
    for line in draft.text.split("\n")[:20_000]:
        option = _OPTION.match(line)
        key = option[1].lower() if option else ""
        if option and key == "host":
            hosts = draft.guard.names(option[2].split()[:20])
        elif option and key == "match":
            hosts = ()
        elif option and key == "identityfile" and hosts:
            name = option[2].strip('"').rpartition("/")[2]
            found.setdefault(name, []).extend(hosts)
    return {name: tuple(dict.fromkeys(names))[:6] for name, names in found.items()}


FORMAT = CredentialFormat(
    id="private-key", kind="ssh-key", places=(".ssh/*", "*.pem", "*.key", "*.ppk"), read=read
)
