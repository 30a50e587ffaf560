"""`.npmrc` is an INI file in which the last line wins, and npm, pnpm, bun and yarn 1 read it.

Source: npm's documentation of `.npmrc` and its `ini` package: `;` and `#` begin a comment, `key[] = value`
appends, `${NAME}` is a variable of the environment, a key without `=` is true. `min_release_age` and
`minReleaseAge` are no keys (measured: npm and pnpm pass over them). Credentials belong to a host
and path: `//registry.example/npm/:_authToken=…`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from seawall.kernel.client import Configuration, Layer, Role
from seawall.kernel.limits import Limits
from seawall.readers.syntax.fault import SyntaxFault

from ._draft import NO_VARIABLES, Draft, decoded, hyphened, lines_of

_SECRET_KEY = re.compile(r"//(?P<prefix>.+?)/?:(?P<key>_authToken|_auth|_password)\Z")
_SCOPE = re.compile(r"(?P<scope>@[^/\s:]+):registry\Z")


def read(
    data: bytes,
    path: str,
    limits: Limits,
    layer: Layer = Layer.USER,
    variables: Mapping[str, str] = NO_VARIABLES,
    *,
    format_: str = "npmrc",
) -> Configuration:
    """What an `.npmrc` or a pnpm `rc` (`format_` is then `pnpm-rc`) says. Never raises."""
    draft = Draft(path, format_, layer, variables)
    client = "pnpm" if format_ == "pnpm-rc" else "npm"
    try:
        text = decoded(data, limits)
    except SyntaxFault as fault:
        return draft.fault(fault)
    registry: tuple[str, int] | None = None
    scopes: dict[str, tuple[str, int]] = {}
    for key, value, line in settings(text):
        scoped = _SCOPE.match(key)
        secret = _SECRET_KEY.match(draft.expanded(key))
        if key == "registry":
            registry = (value, line)
        elif scoped:
            scopes[scoped["scope"]] = (value, line)
        elif secret:
            draft.credential(key, f"{secret['prefix']}/")
        elif key.endswith("[]") and key == hyphened(key):
            _append(draft, key[:-2], value, line)
        elif key == hyphened(key):
            draft.option(key, value, line)
    if registry:
        draft.upstream(client, registry[0], Role.DEFAULT, key="registry", line=registry[1])
    for scope, (value, line) in scopes.items():
        draft.upstream(client, value, Role.SCOPE, key=f"{scope}:registry", line=line, scope=scope)
    return draft.done()


def _append(draft: Draft, key: str, value: str, line: int) -> None:
    before = draft.options.get(hyphened(key))
    draft.option(key, f"{before.value}, {value}" if before else value, line)


def settings(text: str) -> Iterator[tuple[str, str, int]]:
    """(key, value, line) of every setting before the first `[section]`; npm reads none in a section."""
    for number, raw in enumerate(lines_of(text), 1):
        line = raw.strip()
        if line.startswith("["):
            return
        if not line or line.startswith((";", "#")):
            continue
        key, found, value = line.partition("=")
        yield _bare(key), _bare(value) if found else "true", number


def _bare(text: str) -> str:
    """A key or value without quotes, comment and escapes, as the `ini` package reads it."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        if text[0] == "'":
            return text[1:-1]
        try:
            loaded = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return loaded if isinstance(loaded, str) else text
    text = re.sub(r"(?<!\\)[;#].*", "", text).strip()
    return re.sub(r"\\([;#\\])", r"\1", text)


def secret(data: bytes, key: str, limits: Limits, variables: Mapping[str, str] = NO_VARIABLES) -> str:
    """The value of one key, for the moment in which it is needed; empty when it is not there."""
    try:
        text = decoded(data, limits)
    except SyntaxFault:
        return ""
    found = [value for name, value, _ in settings(text) if name == key]
    return Draft("", "npmrc", Layer.USER, variables).expanded(found[-1]) if found else ""
