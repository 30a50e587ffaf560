r"""What a source tries to hide shows in its bytes, whatever language it is in.

Each mark is something that people and tools that write code do not do: plain letters written as escapes,
code pushed out of the window behind blanks, characters that nobody sees. Minified code is none of them.
Source: Trojan Source (CVE-2021-42574); Unicode 16 chapter 23 (variation selectors, tags).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.contents import Mark, Trace

# In UTF-8, so that a file is searched as it lies: U+202A–202E and U+2066–2069.
_REORDERED = re.compile(rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
# Variation selectors and their supplement, tags, zero width, invisible operators, two fillers.
_INVISIBLE = re.compile(
    rb"(?:\xef\xb8[\x80-\x8f]|\xf3\xa0[\x80-\x87][\x80-\xbf]|\xe2\x80[\x8b-\x8f]|\xe2\x81[\xa0-\xa4]"
    rb"|\xe3\x85\xa4|\xef\xbe\xa0){12,}"
)
_RENAMED = re.compile(rb"\b_0x[0-9a-f]{4,6}\b")
_ESCAPED = re.compile(rb"\\x[2-7][0-9A-Fa-f]|\\u00[2-7][0-9A-Fa-f]|\\u\{[2-7][0-9A-Fa-f]\}")
_BLOB = re.compile(rb"""["'`]([A-Za-z0-9+/_-]{3000,}={0,2})["'`]""")
_DATA = re.compile(rb"(?:data:[\w/+.;=-]{0,80}base64,|sourceMappingURL=\S{0,80})\Z")
_PUSHED = re.compile(rb"[^\s\x00][ \t]{160,}(?=[A-Za-z_$(\[!;~+'\"])")
_KNOWN_BLOBS = (
    b"iVBOR", b"/9j/", b"R0lGOD", b"AGFzbQ", b"d09G", b"AAEAAAA", b"T1RUT", b"UklGR", b"PHN2Zy", b"PD94bW",
    b"AAABAA", b"SUQz", b"JVBERi",
)  # fmt: skip
"""How images, fonts, sounds, pages and WebAssembly begin in base64."""

_PLACES = (
    b".aws/credentials", b".ssh/id_", b"id_rsa", b"id_ed25519", b".npmrc", b".pypirc", b".netrc",
    b".git-credentials", b".docker/config.json", b".kube/config", b"application_default_credentials",
    b"169.254.169.254", b"metadata.google.internal", b"169.254.170.2", b".vault-token", b"Login Data",
    b"Local State", b"wallet.dat", b".electrum", b"solana/id.json", b".bash_history", b".zsh_history",
    b"NPM_TOKEN", b"GITHUB_TOKEN", b"AWS_SECRET_ACCESS_KEY", b"ghp_[", b"npm_[A-Za-z", b"trufflehog",
    b"secretsmanager", b"ANTHROPIC_API_KEY", b"MetaMask", b"keystore", b".config/gh/hosts",
)  # fmt: skip
_AGENTS = (
    b"--dangerously-skip-permissions", b"--trust-all-tools", b"'--yolo", b'"--yolo', b"`--yolo",
    b"--dangerously-bypass-approvals",
)  # fmt: skip
_BLANKS = 160
_LONG = 3_000
_MANY_SECRETS = 4
_MANY_NAMES = 40
_MANY_ESCAPES = 300
_FEW = 20


def marks(data: bytes, path: str) -> Iterator[Mark]:
    """Every kind of mark at most once per file, at its first place. `data` is the file as it lies."""
    if not data.isascii():
        found = _INVISIBLE.search(data, 3 if data[:1] == b"\xef" else 0)
        if found:
            count = len(found[0].decode("utf-8", "replace"))
            yield _mark(Trace.INVISIBLE, path, data, found.start(), f"{count} in a row")
        found = _REORDERED.search(data)
        if found:
            count = len(_REORDERED.findall(data))
            yield _mark(Trace.REORDERED, path, data, found.start(), f"{count} of them")
    if b" " * _BLANKS in data or b"\t" * _BLANKS in data:
        found = _PUSHED.search(data)
        if found:
            yield _mark(Trace.PUSHED, path, data, found.end(), f"behind {len(found[0]) - 1} blanks")
    yield from _encoded(data, path)
    yield from _hunting(data, path)


def _encoded(data: bytes, path: str) -> Iterator[Mark]:
    at = data.find(b"_0x")
    if at >= 0:
        names = set(_RENAMED.findall(data, at, at + 400_000))
        if len(names) >= _MANY_NAMES:
            yield _mark(Trace.RENAMED, path, data, at, f"{len(names)} of them")
    if data.count(b"\\x") + data.count(b"\\u") >= _MANY_ESCAPES:
        escapes = _ESCAPED.findall(data)
        if len(escapes) >= _MANY_ESCAPES and sum(map(len, escapes)) * _FEW > len(data):
            found = _ESCAPED.search(data)
            yield _mark(Trace.ESCAPED, path, data, found.start() if found else 0, f"{len(escapes)} of them")
    if len(data) > _LONG and max(map(len, data.split(b"\n"))) > _LONG:
        yield from _blob(data, path)


def _blob(data: bytes, path: str) -> Iterator[Mark]:
    for found in _BLOB.finditer(data):
        blob = found[1]
        if blob.startswith(_KNOWN_BLOBS) or _DATA.search(data, max(0, found.start(1) - 100), found.start(1)):
            continue
        if len(set(blob)) > _FEW:
            yield _mark(Trace.BLOB, path, data, found.start(), f"{len(blob)} characters")
            return


def _hunting(data: bytes, path: str) -> Iterator[Mark]:
    places = {word: at for word in _PLACES if (at := data.find(word)) >= 0}
    if len(places) >= _MANY_SECRETS:
        words = ", ".join(sorted(word.decode() for word in places)[:6])
        yield _mark(Trace.SECRETS, path, data, min(places.values()), f"{len(places)} of them: {words}")
    for word in _AGENTS:
        at = data.find(word)
        if at >= 0:
            yield _mark(Trace.AGENTS, path, data, at, word.decode().strip("\"'`"))
            return


def _mark(trace: Trace, path: str, data: bytes, at: int, note: str) -> Mark:
    return Mark(trace, path, data.count(b"\n", 0, at) + 1, note)
