"""Where Hugging Face's own library would ask is taken from its settings or its constant, never from us.

The constant is read as text from an installed `huggingface_hub`; nothing of it is imported
(docs/decisions/0003-default-upstreams.md).
"""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from seawall.kernel.client import CredentialPlace, Role, Upstream
from seawall.kernel.source import clean_address

from .clients import home_of
from .files import read

ECOSYSTEM = "Hugging Face"
_PROGRAMS = ("hf", "huggingface-cli", "python3", "python")
_SOURCE = "huggingface_hub/constants.py"


def hugging_face(environment: Mapping[str, str] = os.environ) -> tuple[Upstream | None, str]:
    """The hub that the library would ask, None where that is not known; and a note why.

    `HF_ENDPOINT` counts first. An address that holds a credential is not understood, so it has an empty URL.
    """
    given = environment.get("HF_ENDPOINT", "").strip()
    if given:
        address, host = ("", "") if "@" in given else clean_address(given)
        return _upstream(address, host, "HF_ENDPOINT", environment), ""
    for path in _sources(environment):
        data = read(path)
        address = default_endpoint(data) if isinstance(data, bytes) else ""
        if address:
            return _upstream(address, clean_address(address)[1], "", environment), ""
    return None, "no huggingface_hub was found here that names its hub, so none is asked"


def default_endpoint(source: bytes) -> str:
    """The default address in the library's file of constants; empty when it has none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in tree.body:
        names = (
            [t.id for t in node.targets if isinstance(t, ast.Name)] if isinstance(node, ast.Assign) else []
        )
        value = node.value if isinstance(node, ast.Assign) else None
        if names == ["_HF_DEFAULT_ENDPOINT"] and isinstance(value, ast.Constant):
            text = value.value if isinstance(value.value, str) else ""
            return text if text.startswith("https://") and clean_address(text)[1] else ""
    return ""


def _upstream(url: str, host: str, where: str, environment: Mapping[str, str]) -> Upstream:
    credentials = [CredentialPlace("", "HF_TOKEN")] if environment.get("HF_TOKEN") else []
    token = _token_file(environment)
    if token.is_file():
        credentials.append(CredentialPlace(str(token), ""))
    return Upstream(
        ECOSYSTEM,
        "huggingface_hub",
        url,
        Role.DEFAULT,
        where=where,
        credentials=tuple(credentials),
        host=host,
    )


def _token_file(environment: Mapping[str, str]) -> Path:
    """Source: huggingface_hub's reference of environment variables."""
    given = environment.get("HF_TOKEN_PATH")
    if given:
        return Path(given).expanduser()
    cache = environment.get("XDG_CACHE_HOME")
    base = Path(cache) if cache else home_of(environment) / ".cache"
    home = environment.get("HF_HOME")
    return (Path(home).expanduser() if home else base / "huggingface") / "token"


def _sources(environment: Mapping[str, str]) -> Iterator[Path]:
    """The file of constants of every copy of the library that is at hand, the user's before ours."""
    for program in _PROGRAMS:
        found = shutil.which(program, path=environment.get("PATH", ""))
        if found and Path(found).is_absolute():
            for prefix in dict.fromkeys(
                (Path(found).parent.parent, Path(os.path.realpath(found)).parent.parent)
            ):
                yield from (root / _SOURCE for root in sorted(prefix.glob("lib/python3*/site-packages")))
    spec = find_spec("huggingface_hub")
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Path(place) / "constants.py"
