"""A PyPI index is asked in JSON (PEP 691); one that knows HTML only cannot tell when a file was published."""

from __future__ import annotations

import re

from seawall.adapters.http import Response
from seawall.kernel.asset import pypi_name
from seawall.kernel.errors import OutsideError
from seawall.kernel.release import Listing
from seawall.readers.registries.pypi_simple import read_project

from .kind import Kind

_JSON = "application/vnd.pypi.simple.v1+json"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LONGEST = 200


def _address(base: str, name: str) -> str:
    folded = pypi_name(name)
    if len(folded) > _LONGEST or not _NAME.fullmatch(folded):
        return ""
    return f"{base.rstrip('/')}/{folded}/"


def _read(response: Response, name: str) -> Listing:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if "html" in kind:
        raise OutsideError(
            "it answers in HTML only, which does not tell when anything was published or taken back",
            "ask whoever runs it for the JSON form of the simple API (PEP 691)",
        )
    return read_project(response.body, name)


PYPI = Kind("PyPI", f"{_JSON}, text/html;q=0.01", _address, _read)
