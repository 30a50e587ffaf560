"""`.netrc` holds passwords by host, and curl, git, pip, wandb and many others read it.

Source: GNU inetutils' manual of the `.netrc` file: words divided by blanks, `macdef` up to an empty line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.format import CredentialFormat
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import begin

_WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|\S+')
_WITH_VALUE = frozenset({"login", "password", "account", "user", "port"})


def read(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every host that a password stands for. Never raises."""
    draft = begin(data, path, FORMAT.id, FORMAT.kind, limits)
    for host, line in draft.parsed(_hosts) or ():
        kind = "wandb" if host.startswith("api.wandb.") else ""
        draft.keep(host or "any host", line, kind=kind, note="a password")
    return draft.done()


def _hosts(text: str, limits: Limits) -> list[tuple[str, int]]:
    del limits
    found: list[tuple[str, int]] = []
    host: str | None = None
    words = _words(text)
    for word, line in words:
        if word == "machine":
            host = next(words, ("", 0))[0].strip('"')
        elif word == "default":
            host = ""
        elif word in _WITH_VALUE and host is not None:
            value, at = next(words, ("", 0))
            if word == "password" and value:
                found.append((host, at))
        else:
            raise SyntaxFault(ProblemKind.MALFORMED, "", line)
    return found


def _words(text: str) -> Iterator[tuple[str, int]]:
    macro = False
    for number, line in enumerate(text.split("\n"), 1):
        if macro:
            macro = bool(line.strip())
            continue
        if line.lstrip().startswith("#"):
            continue
        for match in _WORD.finditer(line):
            if match[0] == "macdef":
                macro = True
                break
            yield match[0], number


FORMAT = CredentialFormat(id="netrc", kind="netrc", places=(".netrc", "_netrc"), read=read)
