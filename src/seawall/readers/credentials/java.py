"""Maven keeps passwords per server, Gradle under names of its user's choice.

Source: Maven's settings reference (`servers/server`, and `{…}` for what is encrypted with a master password);
Gradle's document of `gradle.properties`. XML is read event by event; a document type is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.secrecy import names_a_secret
from seawall.readers.format import CredentialFormat
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import begin, literal

_PROPERTY = re.compile(r"\s*([\w.\-]{1,120})\s*[=:]\s*(.*?)\s*\Z")
_SECRETS = ("password", "passphrase", "privateKey")


@dataclass(slots=True)
class _Server:
    """One `<server>`: its id, and which of its secrets stand there (never what they are)."""

    line: int
    id: str = ""
    plain: set[str] = field(default_factory=set)
    encrypted: set[str] = field(default_factory=set)


def read_maven(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every server that a password or key stands for. Never raises."""
    draft = begin(data, path, MAVEN.id, MAVEN.kind, limits)
    for server in draft.parsed(_servers) or ():
        if server.plain or server.encrypted:
            sealed = "sealed with Maven's master password, which lies on this machine too"
            note = "a password as plain text" if server.plain else sealed
            draft.keep(server.id, server.line, note=note)
    return draft.done()


def _servers(content: str, limits: Limits) -> list[_Server]:
    found: list[_Server] = []
    path: list[str] = []
    text: list[str] = []
    parser = expat.ParserCreate()

    def refuse(*_: object) -> NoReturn:
        raise SyntaxFault(ProblemKind.MALFORMED, "")

    def begins(name: str, _attributes: object) -> None:
        path.append(name.rpartition(":")[2])
        text.clear()
        if len(path) > limits.nesting:
            raise SyntaxFault(ProblemKind.TOO_DEEP, "")
        if path[-2:] == ["servers", "server"]:
            found.append(_Server(parser.CurrentLineNumber))

    def ends(_name: str) -> None:
        if path[-3:-1] == ["servers", "server"] and found:
            _take(found[-1], path[-1], "".join(text).strip())
        path.pop()
        text.clear()

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begins
    parser.EndElementHandler = ends
    parser.CharacterDataHandler = text.append
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise SyntaxFault(ProblemKind.MALFORMED, "", error.lineno) from None
    return found


def _take(server: _Server, name: str, value: str) -> None:
    if name == "id":
        server.id = value
    elif name in _SECRETS and value and not value.startswith("${"):
        sealed = name != "privateKey" and re.fullmatch(r"[^{}]*\{[^{}]+\}[^{}]*", value)
        (server.encrypted if sealed else server.plain).add(name)


def read_gradle(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every property whose name tells of a secret. Never raises."""
    draft = begin(data, path, GRADLE.id, GRADLE.kind, limits)
    for number, line in enumerate(draft.text.split("\n"), 1):
        pair = _PROPERTY.match(line) if not line.lstrip().startswith(("#", "!")) else None
        if pair and names_a_secret(pair[1]) and literal(pair[2]):
            draft.keep(pair[1], number)
    return draft.done()


MAVEN = CredentialFormat(id="maven-settings", kind="maven", places=(".m2/settings.xml",), read=read_maven)
GRADLE = CredentialFormat(
    id="gradle-properties", kind="gradle", places=(".gradle/gradle.properties",), read=read_gradle
)
