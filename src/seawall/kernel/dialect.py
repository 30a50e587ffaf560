"""A dialect is how one family of clients asks for a name or a file, and how it wants to be answered.

Everything here is a value or a pure function: which path means what, how an upstream document is read, how a
filtered one is written. Fetching, judging, recording and sending are the same for every dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .admission import Admission, Ruling
from .limits import Limits
from .offer import Offering


@dataclass(frozen=True, slots=True)
class Asked:
    """One request below the dialect's prefix.

    `path` begins with `/` and is percent-decoded nowhere; `query` is without `?`. Header names are lower
    case. `base` is the address of the dialect's root as the client wrote it, without the last slash
    (`http://127.0.0.1:8080/npm`); it is one of the firewall's own addresses.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    base: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Document:
    """The client wants what there is under `name`, in the dialect's form `form`."""

    name: str
    form: str


@dataclass(frozen=True, slots=True)
class File:
    """The client wants one file of `name`, or with `aside` what describes it (`metadata`: PEP 658)."""

    name: str
    filename: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """The answer is known without asking anybody. `headers` are (lower-case name, value)."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """The client wants advisories about what it has: (name, versions) pairs; `form` says how to answer."""

    packages: tuple[tuple[str, tuple[str, ...]], ...]
    form: str


Wanted = Document | File | Said | Audit


@dataclass(frozen=True, slots=True)
class Rendered:
    """A filtered document as it goes to the client. `headers` are (lower-case name, value), ASCII only.

    `status` is 200, or 403 where nothing is left and an empty document would tell the client nothing.
    """

    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class Dialect:
    """One registry protocol.

    `prefix` is its room in our address space (`pypi`). `understand` turns a request into what is wanted.
    `address` gives the upstream document's URL for a name, empty for what cannot be a name there.
    `read` makes an offering of (bytes, content type, URL, name, origin name, limits); it raises OutsideError
    for anything else. `render` writes an offering as the ruling lets it through: (offering, ruling, form,
    base). `denial` writes the JSON body of a 403 for its clients, from (offering's name, file name, version,
    admission, ruling). `accept` is sent to the upstream.
    """

    prefix: str
    ecosystem: str
    accept: str
    understand: Callable[[Asked], Wanted]
    address: Callable[[str, str], str]
    read: Callable[[bytes, str, str, str, str, Limits], Offering]
    render: Callable[[Offering, Ruling, str, str], Rendered]
    based: bool = False
    """Answers hold absolute addresses, so they are kept apart for every base."""
    denial_headers: Callable[[Admission], tuple[tuple[str, str], ...]] = lambda _: ()
    version_in: Callable[[str, str], str] = lambda *_: ""
    """The version that a file name of a name stands for, (file name, name); empty where it tells none."""
