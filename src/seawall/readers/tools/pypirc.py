"""`.pypirc` says where releases are uploaded to, and too often with which password.

Source: the Python packaging specification of the `.pypirc` file: INI, one section an index.
"""

from __future__ import annotations

import re

from seawall.kernel.limits import Limits
from seawall.kernel.secrecy import known_token
from seawall.kernel.tool import Given, ToolFile
from seawall.readers.format import ToolFormat

from . import _given
from ._draft import begin

_PAIR = re.compile(r"(?i)(password|repository|username)[ \t]*[=:][ \t]*(.*)\Z")


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """Which sections hold a password. Never raises."""
    draft = begin(data, path, FORMAT.id, "twine and other uploaders", limits)
    section = ""
    for number, raw in enumerate(draft.text.split("\n"), 1):
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[] \t")[:100]
            continue
        pair = _PAIR.match(line)
        if not pair or not pair[2]:
            continue
        key = pair[1].lower()
        one = _given.given(f"{section}.{key}", pair[2], number, "setting")
        if key == "password" and not one.variables and "%" not in pair[2]:
            surely = known_token(pair[2])
            draft.given.append(Given(f"{section}.password", number, "setting", (), True, surely))
        elif key == "repository":
            _, found = _given.address(pair[2], number)
            draft.given += found
    return draft.done()


FORMAT = ToolFormat(id="pypirc", globs=(".pypirc",), read=read)
