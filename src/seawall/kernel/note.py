"""A signed note is a text and lines that say who vouches for it; what is not exactly one is refused.

Only the form stands here: who can sign or check a signature is in `adapters/signers/`. Source: C2SP
signed-note (format, key ids, verifier keys). The secret form of a key is that of Go's `sumdb/note`, the only
one in wide use: `PRIVATE+KEY+NAME+ID+BASE64(type || 32-byte seed)`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from .limits import DEFAULT_LIMITS, Limits

ED25519 = 0x01
"""The signature is over the note's text as it stands."""
COSIGNATURE = 0x04
"""The signature is a time and a signature over that time and the text (C2SP tlog-cosignature)."""

_SECRET = "PRIVATE+KEY+"  # noqa: S105 - the mark, not one
_DASH = "\N{EM DASH} "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_HEX = re.compile(r"[0-9a-f]{8}")
_KEY_BYTES = 32


class NotANote(ValueError):
    """The bytes are not what the specification says. `str(error)` is one clause without those bytes."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key as others know it: its name, what kind of signatures it makes, and its 32 bytes."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell this key from others of its name."""
        return hashlib.sha256(_name(self.name).encode() + bytes([0x0A, self.kind]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The verifier key ("vkey"): `NAME+ID+BASE64`."""
        return f"{self.name}+{self.id.hex()}+{_to_text(bytes([self.kind]) + self.public)}"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A private key in its text form. `id` is what the text says; whoever has the public key compares it."""

    name: str
    kind: int
    id: bytes
    seed: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """`PRIVATE+KEY+NAME+ID+BASE64`. Never printed and never logged."""
        return f"{_SECRET}{self.name}+{self.id.hex()}+{_to_text(bytes([self.kind]) + self.seed)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. `value` is what follows the key id, whatever the kind of key makes of it."""

    name: str
    id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {_to_text(self.id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """`text` ends in a newline. Nothing here says that any signature is right."""

    text: str
    signatures: tuple[Signature, ...] = ()

    @property
    def data(self) -> bytes:
        """The note as it is sent and stored."""
        return (self.text + "\n" + "".join(item.line for item in self.signatures)).encode()

    def by(self, key: Key) -> tuple[Signature, ...]:
        """The signatures that say they are of that key: same name and same id."""
        return tuple(item for item in self.signatures if item.name == key.name and item.id == key.id)

    def signed(self, *more: Signature) -> Note:
        """This note with further signatures, which take the place of older ones of the same keys."""
        keys = {(item.name, item.id) for item in more}
        kept = [item for item in self.signatures if (item.name, item.id) not in keys]
        return Note(self.text, (*kept, *dict.fromkeys(more)))


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Note:
    """The note in `data`. Raises NotANote.

    At most `limits.note_bytes` bytes and `limits.note_signatures` signatures: enough for 16 of the largest
    kind that is specified, which every verifier must take.
    """
    text, found, signatures = _text(data, limits).rpartition("\n\n")
    if not found:
        raise NotANote("there is no empty line between a text and its signatures")
    return Note(text + "\n", signature_lines(signatures, limits))


def signature_lines(text: str, limits: Limits = DEFAULT_LIMITS) -> tuple[Signature, ...]:
    """Signature lines as they end a note, and as a witness answers. Raises NotANote; none is an error."""
    if not text.endswith("\n"):
        raise NotANote("the last signature line has no newline")
    lines = text[:-1].split("\n")
    if len(lines) > limits.note_signatures:
        raise NotANote(f"more than {limits.note_signatures} signatures")
    return tuple(map(_signature, lines))


def parse_signatures(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Signature, ...]:
    """The same, from bytes that came from outside."""
    return signature_lines(_text(data, limits), limits)


def parse_key(text: str) -> Key:
    """The verifier key in `text`. Raises NotANote, also for a kind of key that is not known here."""
    name, id_, material = _parts(text)
    key = Key(_name(name), *_material(material))
    if key.id != id_:
        raise NotANote("its id does not belong to its name and key")
    return key


def parse_secret_key(text: str) -> SecretKey:
    """The private key in `text`. Raises NotANote, whose words never repeat any of it."""
    if not text.startswith(_SECRET):
        raise NotANote("it does not begin with PRIVATE+KEY+")
    name, id_, material = _parts(text.removeprefix(_SECRET))
    kind, seed = _material(material)
    return SecretKey(_name(name), kind, id_, seed)


def _text(data: bytes, limits: Limits) -> str:
    if len(data) > limits.note_bytes:
        raise NotANote(f"more than {limits.note_bytes} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise NotANote("it is not UTF-8") from None
    if _CONTROL.search(text):
        raise NotANote("there is a control character in it")
    return text


def _signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise NotANote("a signature line does not begin with a dash and a space")
    name, found, value = line.removeprefix(_DASH).partition(" ")
    if not found:
        raise NotANote("a signature line has no signature")
    data = _from_text(value)
    if len(data) <= 4:
        raise NotANote("a signature is too short")
    return Signature(_name(name), data[:4], data[4:])


def _name(name: str) -> str:
    if not name or "+" in name or any(character.isspace() for character in name):
        raise NotANote("a key's name is empty, or has a space or a plus in it")
    if _CONTROL.search(name) or any(0xD800 <= ord(character) < 0xE000 for character in name):
        raise NotANote("a key's name has a character in it that is no text")
    return name


def _parts(text: str) -> tuple[str, bytes, str]:
    if len(text) > DEFAULT_LIMITS.text_field:
        raise NotANote("it is too long for a key")
    parts = text.split("+", 2)
    if len(parts) != 3 or not _HEX.fullmatch(parts[1]):
        raise NotANote("a key is written NAME+ID+KEY, its id as 8 hexadecimal digits")
    return parts[0], bytes.fromhex(parts[1]), parts[2]


def _material(text: str) -> tuple[int, bytes]:
    data = _from_text(text)
    if data[:1] not in (bytes([ED25519]), bytes([COSIGNATURE])):
        raise NotANote("it is of a kind that is not known here")
    if len(data) != 1 + _KEY_BYTES:
        raise NotANote(f"its key is not {_KEY_BYTES} bytes long")
    return data[0], data[1:]


def _to_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_text(text: str) -> bytes:
    """Base64 in its one right spelling: two texts never mean the same bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or _to_text(data) != text:
        raise NotANote("there is something in it that is not base64")
    return data
