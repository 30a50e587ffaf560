"""`firewall.toml` says only what is written in `LAYOUT`; anything else in it is an error, never ignored.

It lies with the firewall and never in a repository. No message repeats a value of the file: a person may have
written a credential where an address belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from seawall.kernel.client import KEYRING, CredentialPlace
from seawall.kernel.gate_settings import Exemption, GateSettings, GithubTrust, Listen, ModeFor
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.origin import Origin
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from . import _firewall_values as value
from ._firewall_values import Refused
from ._lines import Lines

FILE_NAME = "firewall.toml"
DEFAULTS = GateSettings()


@dataclass(frozen=True, slots=True)
class FirewallFile:
    """What one file says: the settings, whether it names upstreams, and what is wrong with it."""

    path: str
    settings: GateSettings = DEFAULTS
    names_upstreams: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file: where it stands, which field it sets, what it takes and means.

    `table` in double brackets may stand any number of times.
    """

    table: str
    key: str
    field: str
    read: Callable[[object], object]
    meaning: str
    needed: bool = False


LAYOUT: tuple[Key, ...] = (
    Key(
        "[listen]",
        "host",
        "host",
        value.text,
        "the address to listen on; any but loopback needs a certificate",
    ),
    Key("[listen]", "port", "port", value.port, "the port to listen on; 0 is any that is free"),
    Key("[listen]", "urls", "urls", value.own_urls, "further addresses under which clients reach it"),
    Key("[listen]", "certificate", "certificate", value.file, "its certificate and chain, a PEM file"),
    Key("[listen]", "key", "key", value.file, "the certificate's key, a PEM file"),
    Key(
        "[listen]", "client_ca", "client_ca", value.file, "clients need a certificate of this CA, a PEM file"
    ),
    Key(
        "[listen]", "proxies", "proxies", value.networks, "addresses or networks whose X-Forwarded-For counts"
    ),
    Key(
        "[mode]",
        "default",
        "mode",
        value.mode,
        "enforce, or observe: nothing is blocked, everything recorded",
    ),
    Key("[[mode.for]]", "mode", "mode", value.mode, "the mode for whoever matches", needed=True),
    Key("[[mode.for]]", "who", "who", value.text, "a pattern of who asks (token:ci-*), or team:NAME"),
    Key("[[mode.for]]", "path", "path", value.path, "a pattern of request paths (/npm/@acme/*)"),
    Key("[[upstream]]", "ecosystem", "ecosystem", value.ecosystem, "npm, PyPI or Hugging Face", needed=True),
    Key("[[upstream]]", "name", "name", value.name, "how metrics and the ledger call it", needed=True),
    Key(
        "[[upstream]]", "url", "url", value.url, "https, or http on this machine; no credential", needed=True
    ),
    Key("[[upstream]]", "owns", "owns", value.texts, "patterns of names that nobody else is asked about"),
    Key("[[upstream]]", "files", "files", value.hosts, "the only other hosts that its files may come from"),
    Key(
        "[[upstream]]",
        "credentials",
        "credentials",
        value.credentials,
        "where its credential is kept: `{ variable = NAME }`, `{ file = PATH, key = KEY }` or"
        " `{ keyring = USER, service = NAME }`",
    ),
    Key(
        "[[exemptions]]",
        "asset",
        "asset",
        value.purl,
        "a purl; without a version, every version",
        needed=True,
    ),
    Key("[[exemptions]]", "reason", "reason", value.text, "why", needed=True),
    Key("[[exemptions]]", "author", "author", value.text, "who decided it", needed=True),
    Key("[[exemptions]]", "expires", "expires", value.day, "the last day on which it counts", needed=True),
    Key(
        "[[exemptions]]",
        "kind",
        "kind",
        value.exemption,
        "cooldown: its age does not matter; hotfix: in its first six hours too",
        needed=True,
    ),
    Key("[identity]", "anonymous", "anonymous", value.flag, "false: whoever has no token is refused"),
    Key("[[identity.github]]", "audience", "audience", value.text, "tokens must be made for it", needed=True),
    Key("[[identity.github]]", "issuer", "issuer", value.url, "who signs them and has the keys", needed=True),
    Key("[[identity.github]]", "owners", "owners", value.ids, "ids of owners whose jobs are known"),
    Key("[[identity.github]]", "repositories", "repositories", value.ids, "ids of repositories"),
    Key("[[identity.github]]", "refs", "refs", value.texts, "only jobs on these refs"),
    Key(
        "[[identity.github]]", "environments", "environments", value.texts, "only jobs in these environments"
    ),
    Key("[[identity.github]]", "teams", "teams", value.texts, "the teams that such a job belongs to"),
    Key("[[identity.github]]", "minutes", "minutes", value.minutes, "so long a token of ours lives"),
    Key(
        "[ledger]",
        "durability",
        "durability",
        value.durability,
        "closed: no durable entry, no package; async: entries are durable a little later",
    ),
    Key("[ledger]", "within_seconds", "within_seconds", value.seconds, "how much later, with async"),
    Key("[cache]", "size", "cache_bytes", value.size, "files that are kept, for example 20 GiB"),
    Key("[cache]", "documents", "heard_bytes", value.size, "registries' documents that are kept"),
    Key(
        "[cache]",
        "hold",
        "hold_bytes",
        value.size,
        "up to this size a file is verified before its first byte",
    ),
    Key(
        "[cache]",
        "fresh_seconds",
        "fresh_seconds",
        value.seconds,
        "a younger document is not asked for again",
    ),
    Key(
        "[cache]",
        "stale_seconds",
        "stale_seconds",
        value.seconds,
        "so long one counts while its upstream is down",
    ),
    Key("[limits]", "file", "file_bytes", value.size, "the largest file that is fetched"),
    Key("[limits]", "document", "document_bytes", value.size, "the largest document that is fetched"),
    Key(
        "[limits]",
        "connections",
        "connections",
        value.count,
        "to one host at once, documents and files apart",
    ),
    Key(
        "[limits]",
        "requests_per_second",
        "requests_per_second",
        value.seconds,
        "more than this from one who asks is refused for a moment",
    ),
    Key(
        "[compare]",
        "days",
        "compare_days",
        value.days,
        "files of younger releases are compared with the release before",
    ),
)
"""Every key there is, in the order in which it is documented."""

_MAKE: Mapping[str, Callable[..., object]] = {
    "[[mode.for]]": ModeFor,
    "[[upstream]]": Origin,
    "[[exemptions]]": Exemption,
    "[[identity.github]]": GithubTrust,
}
_FIELD = {
    "[[mode.for]]": "modes",
    "[[upstream]]": "origins",
    "[[exemptions]]": "exemptions",
    "[[identity.github]]": "github",
}
_ALONE = {key.table.strip("[]"): key.table for key in LAYOUT if not key.table.startswith("[[")}


def read(data: bytes, path: str, limits: Limits) -> FirewallFile:
    """The settings in `data`. Never raises: what cannot be used is in `problems` and sets nothing."""
    try:
        return _Reader(path, *_loaded(data, limits)).whole()
    except SyntaxFault as fault:
        return FirewallFile(path, problems=(fault.at(path),))


def read_frozen(data: bytes, path: str, limits: Limits) -> FirewallFile:
    """The upstreams in `data` as they were written down once, at the time `frozen`. Never raises."""
    try:
        return _Reader(path, *_loaded(data, limits)).frozen()
    except SyntaxFault as fault:
        return FirewallFile(path, problems=(fault.at(path),))


def _loaded(data: bytes, limits: Limits) -> tuple[dict[str, object], str]:
    text = decode(data, replace(limits, file_bytes=min(limits.file_bytes, 1024 * 1024)))
    return toml.load(text, limits), text


class _Reader:
    """One file, and what is wrong with it so far."""

    def __init__(self, path: str, table: dict[str, object], text: str) -> None:
        self._path = path
        self._table = table
        self._lines = Lines(text)
        self._problems: list[Problem] = []

    def whole(self) -> FirewallFile:
        """Everything that `LAYOUT` has."""
        found: dict[str, Any] = {}
        for name, content in self._table.items():
            if f"[[{name}]]" in _MAKE:
                found[_FIELD[f"[[{name}]]"]] = self._array(f"[[{name}]]", content)
            elif name not in _ALONE:
                self._refuse(f"[{name[:80]}] is not a table that {FILE_NAME} has", self._lines.table(name))
            elif not isinstance(content, dict):
                self._refuse(f"{name} must be a table, [{name}]", self._lines.key("", 0, name))
            elif name == "listen":
                found["listen"] = self._listen(content)
            else:
                found |= self._single(name, content)
        settings = GateSettings(**found)
        self._names(settings.origins)
        return self._file(settings)

    def frozen(self) -> FirewallFile:
        """Upstreams and a time, and nothing else."""
        for name in self._table.keys() - {"frozen", "upstream"}:
            self._refuse(f"{name[:80]} does not belong into this file", self._lines.table(name))
        at = self._table.get("frozen")
        if not isinstance(at, datetime) or at.tzinfo is None:
            self._refuse("frozen must be a time with its zone", self._lines.key("", 0, "frozen"))
            at = None
        origins: Any = self._array("[[upstream]]", self._table.get("upstream", []))
        self._names(origins)
        return self._file(GateSettings(origins=origins, frozen=at))

    def _file(self, settings: GateSettings) -> FirewallFile:
        problems = tuple(self._problems)
        return FirewallFile(self._path, settings, "upstream" in self._table, problems)

    def _listen(self, content: Mapping[str, object]) -> Listen:
        listen = Listen(**self._single("listen", content))
        if bool(listen.certificate) != bool(listen.key):
            self._refuse("[listen] needs certificate and key, or neither", self._lines.table("listen"))
        if listen.client_ca and not listen.certificate:
            self._refuse("[listen] client_ca needs certificate and key", self._lines.table("listen"))
        return listen

    def _single(self, name: str, content: Mapping[str, object]) -> dict[str, Any]:
        """The fields that one table sets; arrays of tables inside it are read too."""
        found: dict[str, Any] = {}
        plain = {}
        for key, item in content.items():
            inner = f"[[{name}.{key}]]"
            if inner in _MAKE:
                found[_FIELD[inner]] = self._array(inner, item)
            else:
                plain[key] = item
        return found | self._fields(_ALONE[name], 0, plain, _ALONE[name])

    def _array(self, table: str, content: object) -> tuple[object, ...]:
        name = table.strip("[]")
        if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
            self._refuse(f"{name} must be written as {table}", self._lines.table(name))
            return ()
        made = (self._item(table, place, item) for place, item in enumerate(content))
        return tuple(item for item in made if item is not None)

    def _item(self, table: str, place: int, content: Mapping[str, object]) -> object:
        name = table.strip("[]")
        line = self._lines.table(name, place)
        words = f"{name} {place + 1}:"
        before = len(self._problems)
        fields = self._fields(table, place, content, words)
        for key in LAYOUT:
            if key.table == table and key.needed and key.key not in content:
                self._refuse(f"{words} {key.key!r} is missing: {key.meaning}", line)
        lacking = _lacking(table, fields)
        if lacking and len(self._problems) == before:
            self._refuse(f"{words} {lacking}", line)
        if len(self._problems) > before:
            return None
        if table == "[[exemptions]]":
            fields["line"] = line
        return _MAKE[table](**fields)

    def _fields(self, table: str, place: int, content: Mapping[str, object], words: str) -> dict[str, Any]:
        known = {key.key: key for key in LAYOUT if key.table == table}
        found: dict[str, Any] = {}
        for name, item in content.items():
            line = self._lines.key(table.strip("[]"), place, name)
            if name not in known:
                self._refuse(f"{words} has no setting {name[:80]!r}", line)
                continue
            try:
                found[known[name].field] = known[name].read(item)
            except Refused as refusal:
                self._refuse(f"{words} {name} {refusal}", line)
        return found

    def _names(self, origins: Sequence[Origin]) -> None:
        seen: set[tuple[str, str]] = set()
        for origin in origins:
            if (origin.ecosystem, origin.name) in seen:
                self._refuse(f"two upstreams of {origin.ecosystem} are called {origin.name!r}", 0)
            seen.add((origin.ecosystem, origin.name))

    def _refuse(self, what: str, line: int) -> None:
        self._problems.append(Problem(self._path, ProblemKind.MALFORMED, what, line))


def _lacking(table: str, fields: Mapping[str, Any]) -> str:
    """What one entry needs besides what every entry needs."""
    if table == "[[identity.github]]" and not (fields.get("owners") or fields.get("repositories")):
        return "needs 'owners' or 'repositories': else the jobs of anybody would be known"
    if table == "[[mode.for]]" and not (fields.get("who") or fields.get("path")):
        return "needs 'who' or 'path'; for everything there is default under [mode]"
    return ""


def written(origins: Sequence[Origin], at: datetime) -> str:
    """The text of which `read_frozen` makes the same origins and time again."""
    return "\n".join(_written(origins, at)) + "\n"


def _written(origins: Sequence[Origin], at: datetime) -> Iterator[str]:
    yield "# What the clients were set up with when the firewall began. It is read instead of their settings,"
    yield "# for these now lead to the firewall. Change it here, or name upstreams in firewall.toml."
    yield f"frozen = {at.isoformat(timespec='seconds')}"
    for origin in origins:
        yield from ("", "[[upstream]]")
        for key in ("ecosystem", "name", "url"):
            yield f"{key} = {value.quoted(getattr(origin, key))}"
        for key in ("owns", "files"):
            if getattr(origin, key):
                yield f"{key} = [{', '.join(map(value.quoted, getattr(origin, key)))}]"
        if origin.credentials:
            yield f"credentials = [{', '.join(map(_place, origin.credentials))}]"


def _place(place: CredentialPlace) -> str:
    if not place.where:
        return f"{{ variable = {value.quoted(place.key)} }}"
    if place.where == KEYRING:
        service = f", service = {value.quoted(place.prefix)}" if place.prefix else ""
        return f"{{ keyring = {value.quoted(place.key)}{service} }}"
    return f"{{ file = {value.quoted(place.where)}, key = {value.quoted(place.key)} }}"
