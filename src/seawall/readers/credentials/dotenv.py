"""A `.env` file in the top of a home directory is a list of variables, of which only names are kept."""

from __future__ import annotations

import re

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.kernel.secrecy import known_token, names_a_secret
from seawall.readers.format import CredentialFormat

from ._draft import begin, literal

_PAIR = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]{0,119})\s*=\s*(.*?)\s*\Z")


def read(data: bytes, path: str, limits: Limits) -> CredentialFile:
    """Every variable that holds a credential, by its name or by the form of its value. Never raises."""
    draft = begin(data, path, FORMAT.id, FORMAT.kind, limits)
    for number, line in enumerate(draft.text.split("\n"), 1):
        pair = _PAIR.match(line)
        if pair and literal(pair[2]) and (names_a_secret(pair[1]) or known_token(pair[2])):
            draft.keep(pair[1], number)
    return draft.done()


FORMAT = CredentialFormat(id="dotenv", kind="dotenv", places=(".env", ".env.*", "*.env"), read=read)
