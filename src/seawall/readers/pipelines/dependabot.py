"""What an update robot was told: where it looks, how long it waits, and which registries it logs in to.

Sources: GitHub's reference of dependabot.yml; Renovate's documentation of `minimumReleaseAge`, `hostRules`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Update, Updates
from seawall.kernel.reach.expressions import references
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax import jsonc
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode
from seawall.readers.syntax.yaml import Mapping

from ._github import Draft

_TOP = frozenset(("version", "updates", "registries", "enable-beta-ecosystems", "multi-ecosystem-groups"))
_DAYS = ("default-days", "semver-major-days", "semver-minor-days", "semver-patch-days")
_AGE = re.compile(r"\s*(\d{1,4})\s*(minute|hour|day|week|month|year)s?\s*\Z")
_IN_DAYS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}
_RENOVATE_SECRET = re.compile(r"\{\{\s*secrets\.([A-Za-z0-9_]+)\s*\}\}")


def read(data: bytes, path: str, limits: Limits) -> Updates:
    """What a `dependabot.yml` says."""
    draft = Draft(path, limits)
    body = draft.load(data)
    if body is None:
        return Updates(path, problems=draft.problems())
    draft.unknown_keys(body, _TOP, "the settings")
    if draft.text(body, "version") != "2":
        draft.problem(
            ProblemKind.UNSUPPORTED, "another version than 2; read as 2", body.lines.get("version", 1)
        )
    registries: list[str] = []
    secrets: set[str] = set()
    for name, registry, _ in draft.named(body, "registries"):
        registries.append(name)
        for key in registry:
            secrets |= references(draft.text(registry, key)).secrets
    updates = tuple(_update(draft, item, line) for item, line in draft.entries(body, "updates"))
    return Updates(path, updates, tuple(registries), tuple(sorted(secrets)), problems=draft.problems())


def _update(draft: Draft, body: Mapping, line: int) -> Update:
    return Update(
        ecosystem=draft.text(body, "package-ecosystem"),
        directories=draft.texts(body, "directory") + draft.texts(body, "directories"),
        cooldown=_cooldown(draft, body),
        line=line,
        runs_code=draft.text(body, "insecure-external-code-execution") == "allow",
    )


def _cooldown(draft: Draft, body: Mapping) -> int:
    """Days it waits at least; -1 when it does not."""
    block = draft.mapping(body, "cooldown")
    if block is None:
        return -1
    texts = [draft.text(block, key) for key in _DAYS if key in block]
    days = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 5]
    if len(days) < len(texts):
        draft.wrong("cooldown", "in whole days", body.lines["cooldown"])
    return min(days, default=-1) or -1


def read_renovate(data: bytes, path: str, limits: Limits) -> Updates:
    """What a `renovate.json` itself says; its presets stand elsewhere and are told as not read."""
    draft = Draft(path, limits)
    try:
        body = jsonc.load(decode(data, limits), limits)
    except SyntaxFault as fault:
        draft.problem(fault.kind, fault.message, fault.line)
        return Updates(path, robot="renovate", problems=draft.problems())
    if not isinstance(body, jsonc.Object):
        draft.problem(ProblemKind.MALFORMED, "the file is not an object", 1)
        return Updates(path, robot="renovate", problems=draft.problems())
    if body.get("extends"):
        draft.problem(ProblemKind.UNSUPPORTED, "presets (`extends`) are not read", body.lines["extends"])
    managers = body.get("enabledManagers")
    names = [name for name in managers if isinstance(name, str)] if isinstance(managers, list) else ["*"]
    waits = _age(draft, body)
    updates = tuple(Update(name, ("/",), waits, body.lines.get("enabledManagers", 1)) for name in names)
    secrets = sorted(
        {name for text in _texts(body.get("hostRules")) for name in _RENOVATE_SECRET.findall(text)}
    )
    return Updates(path, updates, (), tuple(secrets), "renovate", draft.problems())


def _age(draft: Draft, body: jsonc.Object) -> int:
    value = body.get("minimumReleaseAge")
    if value is None:
        return -1
    match = _AGE.match(value) if isinstance(value, str) else None
    if match is None:
        draft.wrong("minimumReleaseAge", "a time as `3 days`", body.lines["minimumReleaseAge"])
        return -1
    return int(int(match[1]) * _IN_DAYS[match[2]]) or -1


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


FORMAT = PipelineFormat("dependabot", (".github/dependabot.yml", ".github/dependabot.yaml"), read)
RENOVATE = PipelineFormat("renovate", ("renovate.json", ".renovaterc", ".renovaterc.json"), read_renovate)
