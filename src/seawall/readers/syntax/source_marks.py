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

_PLACES = re.compile(
    rb"\.aws[/\\]+credentials|\.ssh[/\\]+id_|\bid_rsa\b|\bid_ed25519\b|\.npmrc\b|\.pypirc\b|\.netrc\b|\.git-credentials"
    rb"|\.docker[/\\]+config\.json|\.kube[/\\]+config|gcloud[/\\]+application_default_credentials"
    rb"|169\.254\.169\.254|metadata\.google\.internal|169\.254\.170\.2|\.vault-token"
    rb"|Login Data\b|Local State\b|wallet\.dat|\.electrum|Exodus[/\\]|solana[/\\]+id\.json|\.bash_history"
    rb"|\bNPM_TOKEN\b|\bGITHUB_TOKEN\b|\bAWS_SECRET_ACCESS_KEY\b|\bANTHROPIC_API_KEY\b|ghp_\[|npm_\[A-Za-z"
    rb"|trufflehog|gitleaks"
)
_AGENTS = re.compile(
    rb"--dangerously-skip-permissions|--trust-all-tools|[\"'`]--yolo\b|--dangerously-bypass-approvals"
    rb"|--allow-dangerously-skip-permissions"
)
_MANY_SECRETS = 4
_MANY_NAMES = 40
_MANY_ESCAPES = 300
_FEW = 20


def marks(data: bytes, path: str) -> Iterator[Mark]:
    """Every kind of mark at most once per file, at its first place. `data` is the file as it lies."""
    at = 0 if data[:1] != b"\xef" else 3
    found = _INVISIBLE.search(data, at)
    if found:
        count = len(found[0].decode("utf-8", "replace"))
        yield _mark(Trace.INVISIBLE, path, data, found.start(), f"{count} in a row")
    found = _REORDERED.search(data)
    if found:
        yield _mark(Trace.REORDERED, path, data, found.start(), f"{len(_REORDERED.findall(data))} of them")
    found = _PUSHED.search(data)
    if found:
        yield _mark(Trace.PUSHED, path, data, found.end(), f"behind {found.end() - found.start() - 1} blanks")
    yield from _encoded(data, path)
    yield from _hunting(data, path)


def _encoded(data: bytes, path: str) -> Iterator[Mark]:
    first = _RENAMED.search(data)
    if first:
        names = set(_RENAMED.findall(data, first.start(), first.start() + 400_000))
        if len(names) >= _MANY_NAMES:
            yield _mark(Trace.RENAMED, path, data, first.start(), f"{len(names)} of them")
    escapes = _ESCAPED.findall(data)
    if len(escapes) >= _MANY_ESCAPES and sum(map(len, escapes)) * _FEW > len(data):
        found = _ESCAPED.search(data)
        yield _mark(Trace.ESCAPED, path, data, found.start() if found else 0, f"{len(escapes)} of them")
    for found in _BLOB.finditer(data):
        blob = found[1]
        if blob.startswith(_KNOWN_BLOBS) or _DATA.search(data, max(0, found.start(1) - 100), found.start(1)):
            continue
        if len(set(blob)) > _FEW:
            yield _mark(Trace.BLOB, path, data, found.start(), f"{len(blob)} characters")
            return


def _hunting(data: bytes, path: str) -> Iterator[Mark]:
    places = {found[0]: found.start() for found in _PLACES.finditer(data)}
    if len(places) >= _MANY_SECRETS:
        words = ", ".join(sorted(word.decode("ascii", "replace") for word in places)[:6])
        yield _mark(Trace.SECRETS, path, data, min(places.values()), f"{len(places)} of them: {words}")
    found = _AGENTS.search(data)
    if found:
        yield _mark(Trace.AGENTS, path, data, found.start(), found[0].decode().strip("\"'`"))


def _mark(trace: Trace, path: str, data: bytes, at: int, note: str) -> Mark:
    return Mark(trace, path, data.count(b"\n", 0, at) + 1, note)
