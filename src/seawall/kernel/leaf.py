"""A leaf says what happened without saying who: names are pseudonyms, and there is no free text.

A leaf is the canonical JSON (RFC 8785) of an event. `who`, `place`, `run` and `commit` are the first 128 bits
of HMAC-SHA256 under the key of the principal, in hex; without the key, which lies elsewhere and can be
deleted, they name nobody. `salt` is random (128 bit), so that the digest of a leaf does not betray a name
and a time that can be guessed. Members that are empty are left out. Every other text is of a narrow
alphabet; what does not fit, a hostile client's doing or a defect, is replaced and never stops the recording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from hmac import digest as hmac_digest

from .canonical import LARGEST_INTEGER
from .event import Action, Delivery, Event

VERSION = 1
"""`v` of a leaf; a reader refuses what is newer."""

LEAF_BYTES = 65_535
"""The longest entry that a tile of entries can hold (C2SP tlog-tiles: a 16-bit length)."""

UNFIT = "unfit"
"""Stands for a text that is not of its field's alphabet; for asset and file `unfit:<hex of its SHA-256>`."""

LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999; other times are written as 0."""

_NEEDS_BYTES = 32 * 1024
_MOST_IDS = 64
_HELD = 16_384

_DIGEST = r"[a-z0-9]{2,16}:[0-9a-f]{16,128}"
_ALPHABET = {
    "action": "|".join(Action),
    "advisories": r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?)?",
    "against": r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}",
    "asset": r"[a-z][a-z0-9.+-]{0,31}:[A-Za-z0-9._~%:/@+!$&'()*,;=-]{1,1000}",
    "client": r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}(?:/[A-Za-z0-9][A-Za-z0-9.+_-]{0,31})?",
    "delivery": "|".join(Delivery),
    "digest": _DIGEST,
    "facts": _DIGEST,
    "file": r"[A-Za-z0-9._][A-Za-z0-9._~%/@+!,=-]{0,254}",
    "kind": r"Person|Workload",
    "mode": r"enforce|observe",
    "origin": r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    "outcome": r"allow|warn|deny|incomplete",
    "policies": r"[A-Za-z0-9][A-Za-z0-9._/-]{0,95}",
    "policy": _DIGEST,
    "proof": r"address|token|oidc",
    "subject": rf"[a-z0-9][a-z0-9-]{{0,31}}|{_DIGEST}",
}
_FITS = {name: re.compile(pattern).fullmatch for name, pattern in _ALPHABET.items()}
_QUALIFIERS = re.compile(r"[?#].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The pseudonyms of one event, 32 hex digits each; empty where the event has no such name."""

    who: str
    place: str = ""
    run: str = ""
    commit: str = ""


def pseudonym(key: bytes, kind: str, name: str) -> str:
    """The pseudonym of a name; `kind` (who, place, run, commit) keeps equal names of two kinds apart."""
    return hmac_digest(key, f"{kind}\0{name}".encode(errors="surrogatepass"), "sha256")[:16].hex()


def leaf(event: Event, names: Pseudonyms, salt: str) -> bytes:
    """The bytes of the entry that records `event`; `salt` is 32 random hex digits. Any event has a leaf.

    Members are written in their canonical order; most texts repeat, and are looked up ready-made.
    """
    who, one = event.identity, _member
    delivery = "" if event.delivery is Delivery.NONE else event.delivery
    time = event.time if 0 <= event.time <= LATEST else 0
    commit, place, run = _hex("commit", names.commit), _hex("place", names.place), _hex("run", names.run)
    text = (
        f'{{"action":"{event.action}"{one("advisories", event.advisories)}{_list("against", event.against)}'
        f"{one('asset', event.asset)}{one('client', event.client)}{commit}{one('delivery', delivery)}"
        f"{one('digest', event.digest)}{one('facts', event.facts)}{one('file', event.file)}"
        f"{_FORK if who.fork else ''}{one('kind', who.kind)}{one('mode', event.mode)}{_needs(event.needs)}"
        f"{one('origin', event.origin)}{one('outcome', event.outcome)}{place}"
        f"{_list('policies', event.policies)}{one('policy', event.policy)}{one('proof', who.proof)}{run}"
        f',"salt":"{salt}"{_size(event.size)}{one("subject", event.subject)},"time":{time},"v":{VERSION}'
        f"{_hex('who', names.who)}}}"
    )
    return text.encode()


@lru_cache(maxsize=_HELD)
def fitted(name: str, value: str) -> str:
    """`value` as it stands in a leaf's member `name`: itself, without a purl's qualifiers, or `UNFIT`."""
    short = _QUALIFIERS.sub("", value) if name == "asset" else value  # they may name a host or a path
    if not value or _FITS[name](short):
        return short
    if name in ("asset", "file"):
        return f"{UNFIT}:{sha256(value.encode(errors='surrogatepass')).hexdigest()[:32]}"
    return UNFIT


@lru_cache(maxsize=1_024)
def fitted_needs(needs: tuple[str, ...]) -> tuple[str, ...]:
    """The first of `needs` that a leaf has room for, as they stand in it."""
    kept, room = [], _NEEDS_BYTES
    for need in needs:
        text = fitted("asset", need) or UNFIT
        room -= len(text) + 3
        if room < 0:
            break
        kept.append(text)
    return tuple(kept)


def read_leaf(data: bytes) -> dict[str, object]:
    """The members of a leaf, each of its kind and alphabet.

    Raises ValueError when these bytes are not what `leaf` writes: then somebody else wrote them.
    """
    if len(data) > LEAF_BYTES:
        raise ValueError(f"a leaf of {len(data)} bytes")
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("a leaf is not an object")
    version = found.get("v")
    if type(version) is int and version > VERSION:
        raise ValueError(f"a leaf of version {version}, and this Seawall knows {VERSION}")
    lacking = _REQUIRED - found.keys()
    if lacking:
        raise ValueError(f"a leaf without {min(lacking)}")
    for name, value in found.items():
        if not _is_right(name, value):
            raise ValueError(f"a leaf whose {name} is not one")
    # Of texts of a narrow alphabet, whole numbers and `true` this makes RFC 8785, at a third of the time.
    if _encoded(found).encode() != data:
        raise ValueError("a leaf that is not canonical")
    return found


def names_in(found: Mapping[str, object]) -> Pseudonyms:
    """The pseudonyms in a leaf that was read."""
    return Pseudonyms(*(str(found.get(kind, "")) for kind in ("who", "place", "run", "commit")))


_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_FORK = ',"fork":true'
_HEX = re.compile(r"[0-9a-f]{32}").fullmatch
_LISTS = {"against": "against", "policies": "policies", "needs": "asset"}
_LARGEST = {"time": LATEST, "size": LARGEST_INTEGER, "v": VERSION, "needs_cut": LARGEST_INTEGER}
_REQUIRED = frozenset({"action", "mode", "proof", "salt", "time", "v", "who"})


def _is_right(name: str, value: object) -> bool:
    if name in _LISTS:
        return isinstance(value, list) and bool(value) and all(_is_text(_LISTS[name], x) for x in value)
    if name in _LARGEST:
        return type(value) is int and 0 <= value <= _LARGEST[name]
    if name == "fork":
        return value is True
    if name in ("who", "place", "run", "commit", "salt"):
        return isinstance(value, str) and _HEX(value) is not None
    return name in _FITS and _is_text(name, value)


def _is_text(name: str, value: object) -> bool:
    return isinstance(value, str) and _is_written(name, value)


@lru_cache(maxsize=_HELD)
def _is_written(name: str, value: str) -> bool:
    return _FITS[name](value) is not None or _UNFIT(value) is not None


_UNFIT = re.compile(rf"{UNFIT}(?::[0-9a-f]{{32}})?").fullmatch


@lru_cache(maxsize=_HELD)
def _member(name: str, value: str) -> str:
    return f',"{name}":"{fitted(name, value)}"' if value else ""


@lru_cache(maxsize=_HELD)
def _list(name: str, values: tuple[str, ...]) -> str:
    """Beyond the most that are written the last one is `UNFIT`."""
    texts = [fitted(_LISTS[name], value) or UNFIT for value in values[:_MOST_IDS]]
    if len(values) > _MOST_IDS:
        texts[-1] = UNFIT
    return _strings(name, texts)


@lru_cache(maxsize=1_024)
def _needs(needs: tuple[str, ...]) -> str:
    kept = fitted_needs(needs)
    cut = f',"needs_cut":{len(needs) - len(kept)}' if len(kept) < len(needs) else ""
    return _strings("needs", kept) + cut


def _strings(name: str, texts: Sequence[str]) -> str:
    inner = '","'.join(texts)
    return f',"{name}":["{inner}"]' if texts else ""


def _hex(name: str, value: str) -> str:
    return f',"{name}":"{value}"' if value else ""


def _size(size: int) -> str:
    return f',"size":{size}' if 0 < size <= LARGEST_INTEGER else ""
