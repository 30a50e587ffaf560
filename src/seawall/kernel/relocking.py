"""A lockfile can be led to the firewall without resolving anew: its addresses change, its digests do not.

What is written is what the client would have written with the firewall as its registry. What does not come
from a registry (git, direct addresses) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from .leading import NPM, SIMPLE

_PACKAGE = re.compile(r'name\s*=\s*"([^"]+)"')
_REGISTRY = re.compile(r'(\bregistry\s*=\s*)"https?://[^"]+"')
_URL = re.compile(r'(\burl\s*=\s*)"https?://[^"]*/([^"/?#]+)(?:[?#][^"]*)?"')
_RESOLVED = re.compile(
    r'(?P<before>^\s+resolved |")"?(?P<url>https?://[^/"\s]+/(?:[^"\s#]*?/)?'
    r"(?P<name>(?:@[^/\"\s]+/)?[^/\"\s@]+)/-/(?P<file>[^/\"\s#]+\.tgz))(?P<rest>(?:#[0-9a-f]+)?\")"
)
_OPTION = re.compile(r"^(\s*(?:--index-url|--extra-index-url|-i)(?:\s+|=))\S+")


def relocked(format_: str, text: str, firewall: str) -> str | None:
    """The text of a lockfile of that format led to `firewall`; None where a person has to do it."""
    write = _WRITERS.get(format_)
    return write(text, firewall) if write is not None else None


def _uv(text: str, firewall: str) -> str:
    """`[[package]]` by `[[package]]`; only those whose source is a registry."""
    parts = re.split(r"(?m)^(?=\[\[package\]\])", text)
    return "".join(part if not _REGISTRY.search(part) else _uv_package(part, firewall) for part in parts)


def _uv_package(part: str, firewall: str) -> str:
    found = _PACKAGE.search(part)
    if found is None:
        return part
    part = _REGISTRY.sub(rf'\g<1>"{firewall}{SIMPLE}"', part)
    return _URL.sub(rf'\g<1>"{firewall}/pypi/files/{found[1]}/\g<2>"', part)


def _pylock(text: str, firewall: str) -> str:
    parts = re.split(r"(?m)^(?=\[\[packages\]\])", text)
    return "".join(part if not _from_index(part) else _pylock_package(part, firewall) for part in parts)


def _from_index(part: str) -> bool:
    return "[packages.vcs]" not in part and "[packages.archive]" not in part and "vcs = {" not in part


def _pylock_package(part: str, firewall: str) -> str:
    found = _PACKAGE.search(part)
    if found is None:
        return part
    part = re.sub(r'(?m)(^index\s*=\s*)"https?://[^"]+"', rf'\g<1>"{firewall}{SIMPLE}"', part)
    return _URL.sub(rf'\g<1>"{firewall}/pypi/files/{found[1]}/\g<2>"', part)


def _yarn(text: str, firewall: str) -> str:
    return "".join(_tarball(line, firewall) for line in text.splitlines(keepends=True))


def _tarball(line: str, firewall: str) -> str:
    def led(found: re.Match[str]) -> str:
        opening = '"' if found["before"] != '"' else ""
        return f"{found['before']}{opening}{firewall}{NPM}{found['name']}/-/{found['file']}{found['rest']}"

    return _RESOLVED.sub(led, line)


def _requirements(text: str, firewall: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(_OPTION.sub(rf"\g<1>{firewall}{SIMPLE}", line) for line in lines)


_WRITERS: Mapping[str, Callable[[str, str], str]] = MappingProxyType(
    {
        "uv-lock": _uv,
        "pylock": _pylock,
        "yarn-lock-v1": _yarn,
        "bun-lock": _yarn,
        "requirements": _requirements,
    }
)
