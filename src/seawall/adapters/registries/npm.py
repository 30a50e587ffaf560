"""npm's registry is asked for the whole document of a name: the short one knows no times and no publishers.

Source: the registry's API, `GET /NAME`, the slash of a scoped name written as `%2f`.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from seawall.adapters.http import Response
from seawall.kernel.release import Listing
from seawall.readers.registries.npm_packument import read_packument

from .kind import Kind

_NAME = re.compile(r"(?:@[a-z0-9~_-][\w.~-]*/)?[a-z0-9~][\w.~!'()*-]*", re.ASCII | re.IGNORECASE)
_LONGEST = 214


def _address(base: str, name: str) -> str:
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        return ""
    return f"{base.rstrip('/')}/{quote(name, safe='@/').replace('/', '%2f')}"


def _read(response: Response, name: str) -> Listing:
    return read_packument(response.body, name)


NPM = Kind("npm", "application/json", _address, _read)
