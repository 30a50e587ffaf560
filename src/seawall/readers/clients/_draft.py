"""A configuration is drafted setting by setting, and what is not about packages coming in is left out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from urllib.parse import urlsplit

from seawall.kernel.client import (
    ECOSYSTEM_OF,
    LOCAL,
    Configuration,
    CredentialPlace,
    Layer,
    Option,
    Role,
    Upstream,
)
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.source import clean_address
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

KEPT = frozenset(
    {
        "before",
        "dangerously-allow-all-builds",
        "enable-scripts",
        "exclude-newer",
        "exclude-newer-package",
        "ignore-scripts",
        "min-release-age",
        "min-release-age-exclude",
        "minimum-release-age",
        "minimum-release-age-exclude",
        "minimum-release-age-excludes",
        "minimum-release-age-strict",
        "no-index",
        "npm-minimal-age-gate",
        "npm-preapproved-packages",
        "only-built-dependencies",
        "solver.min-release-age",
        "solver.min-release-age-exclude",
        "strict-allow-scripts",
        "strict-dep-builds",
        "uploaded-prior-to",
        "install.uploaded-prior-to",
        "yarn-path",
    }
)
"""The settings that are kept. No other value leaves a reader, so nothing private can."""

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_VARIABLE = re.compile(r"(?<!\\)\$\{([A-Za-z_]\w*)(\?|:?-[^}]*)?\}")
_AGE = re.compile(r"(?i:true|false|yes|no|[-+]?(?:\d|P[\dT])[\w .:+-]{0,39})?")
_PATTERNS = re.compile(r"(?:[\w@*.,+ ^<>=|!~-]|(?<=[\w*.~-])/)*")
_HARMLESS = re.compile(r"(?i:true|false|P?\d{1,9}(?: ?[a-z]{1,7})?)")
_LISTS = re.compile(r"(?:excludes?|packages?|dependencies|yarn-path)\Z")
_SCOPE = re.compile(r"@[\w.~-]{1,100}")
_NAME = re.compile(r"[\w .-]{1,100}")
_CAMEL = re.compile(r"[a-z]+(?:[A-Z][a-z0-9]*)*")
_BREAK = re.compile(r"\r\n|\n|\r")
_LOCAL = re.compile(r"file:|[./~]|[A-Za-z]:[\\/]")
_LONGEST = 200
_LONGEST_ADDRESS = 2_000
_UPSTREAMS = 500
_SAFE_TO_QUOTE = (ProblemKind.TOO_LARGE, ProblemKind.TOO_DEEP, ProblemKind.TOO_MANY, ProblemKind.ENCODING)
_NOT_SHOWN = "(a value that is not shown)"


@dataclass(slots=True)
class Draft:
    """A configuration in the making. `variables` are put in place of `${NAME}`; a project gets none."""

    path: str
    format: str
    layer: Layer
    variables: Mapping[str, str] = field(default_factory=lambda: NO_VARIABLES)
    options: dict[str, Option] = field(default_factory=dict)
    upstreams: list[Upstream] = field(default_factory=list)
    credentials: list[CredentialPlace] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def option(self, name: str, value: object, line: int = 0) -> None:
        """Keep one setting if it is one of those that matter; a later one replaces an earlier one."""
        key = hyphened(name)
        if key in KEPT:
            self.options[key] = Option(self._shown(key, value), line)

    def _shown(self, key: str, value: object) -> str:
        written = worded(value).rsplit("/", 1)[-1] if key == "yarn-path" else worded(value)
        text = self.expanded(written)
        if text != written and not _HARMLESS.fullmatch(text):
            return _NOT_SHOWN  # the variable may be anything, a token too
        # Neither pattern lets an address through, which could hold a credential.
        pattern = _PATTERNS if _LISTS.search(key) else _AGE
        return text[:_LONGEST] if pattern.fullmatch(text) else _NOT_SHOWN

    def upstream(
        self,
        client: str,
        url: object,
        role: Role,
        *,
        key: str,
        line: int = 0,
        scope: str = "",
        name: str = "",
        credentials: Iterable[CredentialPlace] = (),
    ) -> None:
        """Keep one upstream without its credential, and the place of the credential if there is one.

        Of an address that is not certainly free of credentials, and of a local one, nothing is kept.
        """
        if not isinstance(url, str) or not url.strip() or len(self.upstreams) >= _UPSTREAMS:
            return
        text = self.expanded(url.strip())
        address, host = clean_address(text) if len(text) <= _LONGEST_ADDRESS else ("", "")
        places = list(credentials)
        if has_userinfo(text):
            places.insert(0, self.credential(key))
        where = key if self.layer is Layer.ENVIRONMENT else self.path
        self.upstreams.append(
            Upstream(
                ECOSYSTEM_OF[client],
                client,
                LOCAL if _LOCAL.match(text) else address,
                role,
                scope if not scope or _SCOPE.fullmatch(scope) else "@(not shown)",
                name if _NAME.fullmatch(name) else "",
                where,
                line,
                tuple(places),
                host,
            )
        )

    def credential(self, key: str, prefix: str = "") -> CredentialPlace:
        """The place of a credential; one with a prefix is remembered for every upstream under it.

        `prefix` is host and path. One that might hold a credential itself is not remembered.
        """
        where = "" if self.layer is Layer.ENVIRONMENT else self.path
        host, slash, path = prefix.partition("/")
        place = CredentialPlace(where, key, host.lower() + slash + path)
        address = f"https://{place.prefix}"
        if prefix and clean_address(address)[0] == address:
            self.credentials.append(place)
        return place

    def expanded(self, text: str) -> str:
        """`text` with the variables that are known; `$` and braces stay where one is not."""
        if not self.variables:
            return text
        return _VARIABLE.sub(lambda m: self.variables.get(m[1], _otherwise(m)), text)

    def fault(self, fault: SyntaxFault) -> Configuration:
        """An empty configuration that says what is wrong with its file, without a word out of it."""
        message = fault.message if fault.kind in _SAFE_TO_QUOTE else "it is not written as it should be"
        problem = Problem(self.path, fault.kind, message, fault.line)
        return Configuration(self.path, self.format, self.layer, problems=(problem,))

    def done(self) -> Configuration:
        """The configuration."""
        return Configuration(
            self.path,
            self.format,
            self.layer,
            MappingProxyType(dict(self.options)),
            tuple(self.upstreams),
            tuple(dict.fromkeys(self.credentials)),
            tuple(self.problems),
        )


def _otherwise(found: re.Match[str]) -> str:
    rest = found[2] or ""
    return rest.lstrip(":")[1:] if rest.lstrip(":").startswith("-") else "" if rest == "?" else found[0]


def hyphened(name: str) -> str:
    """`minimumReleaseAge`, `MINIMUM_RELEASE_AGE` and `minimum-release-age` are one name."""
    if not name.isupper():
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return name.replace("_", "-").lower()


def is_camel(name: str) -> bool:
    """Whether a key is written as the YAML of pnpm and yarn wants it; another spelling they do not know."""
    return bool(_CAMEL.fullmatch(name))


def lines_of(text: str) -> list[str]:
    """The lines of `text` as package managers divide them: at line feeds and carriage returns only."""
    return _BREAK.split(text)


def worded(value: object) -> str:
    """A value of TOML or YAML as one text: lists and the names of a table joined with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return ", ".join(str(name) for name in list(value)[:50])
    if isinstance(value, list):
        return ", ".join(str(item) for item in value[:50] if isinstance(item, str | int | float))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def has_userinfo(url: str) -> bool:
    """Whether an address carries a user name or password."""
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return "@" in url


def plain_scope(name: str) -> str:
    """`name` with its `@`; empty when it is none that may be shown."""
    scope = f"@{name.lstrip('@')}"
    return scope if _SCOPE.fullmatch(scope) else ""


def key_line(text: str, key: str, after: int = 0) -> int:
    """The first line at which `key` is given a value in TOML text, 0 when it is not found."""
    wanted = re.compile(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=", re.MULTILINE)
    found = wanted.search(text, after)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def decoded(data: bytes, limits: Limits) -> str:
    """The text of a file of settings, which a person wrote: it needs less room than a lockfile.

    Raises SyntaxFault, for UTF-16 too: of the package managers bun alone reads it (measured).
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SyntaxFault(ProblemKind.ENCODING, "UTF-16, which package managers do not read")
    return decode(data, replace(limits, file_bytes=min(limits.file_bytes, 1024 * 1024)))


def table(value: object) -> Mapping[str, object]:
    """`value` if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: object) -> list[Mapping[str, object]]:
    """The tables of an array; anything else in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """The texts of an array, or the words of one text."""
    if isinstance(value, str):
        return value.split()
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
