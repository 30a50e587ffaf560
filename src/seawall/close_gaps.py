"""Closing a gap means writing the client's own setting: shown first, made in one step, and taken back whole.

What is planned is computed from what stands in the files; nothing is written before `carry_out`. A plan that
was carried out once is empty the second time.
"""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

from seawall.adapters.machine import files
from seawall.gap_places import Place
from seawall.kernel.client import Configuration, Layer, Role
from seawall.kernel.cooldown import SETTINGS, cooldown
from seawall.kernel.errors import UsageError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.settings import DEFAULTS
from seawall.readers.settings.seawall_toml import FILE_NAME, LAYOUT
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode


@dataclass(frozen=True, slots=True)
class Change:
    """One file that is to be changed. `diff` shows only the lines that change: other lines hold secrets."""

    places: tuple[Place, ...]
    file: files.Standing
    after: bytes
    diff: str

    @property
    def note(self) -> str:
        """What a person must know before saying yes; empty when there is nothing."""
        return f"{self.file.path} is a link: {self.file.target} is what changes" if self.file.linked else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be changed, and what cannot be done without a person, as sentences."""

    changes: tuple[Change, ...]
    left: tuple[str, ...] = ()


def plan(places: Iterable[Place], days: int, inside: Path | None = None) -> Plan:
    """The changes that make every one of `places` say what it should.

    A place that already makes its client wait `days` days or longer is left as it is. `inside` is a
    tree: no link may lead out of it. A file that cannot be read is left to a person; the others are changed.
    """
    changes, left = [], []
    for path, group in _by_path(places).items():
        try:
            change = _change(files.standing(path, inside), group, days)
        except UsageError as error:
            left.append(f"{error}; {error.advice}")
            continue
        if isinstance(change, str):
            left.append(change)
        elif change is not None:
            changes.append(change)
    return Plan(tuple(changes), tuple(left))


def _by_path(places: Iterable[Place]) -> dict[Path, list[Place]]:
    grouped: dict[Path, list[Place]] = {}
    for place in places:
        grouped.setdefault(place.path, []).append(place)
    return grouped


def _change(file: files.Standing, group: Sequence[Place], days: int) -> Change | str | None:
    before = file.data or b""
    wanted = [place for place in group if not _good(place, before, days)]
    if not wanted:
        return None
    after = _edited(before, [(place, place.value) for place in wanted])
    if after is None:
        said = "; ".join(f"{place.option} = {place.value}" for place in wanted)
        return f"{file.path}: it cannot be changed safely by a program; put {said} there by hand"
    if after == before:
        return None
    return Change(tuple(wanted), file, after, _diff(file, before, after))


def _edited(before: bytes, edits: Sequence[tuple[Place, str]]) -> bytes | None:
    """`before` with every edit made, None when one of them cannot be made."""
    if before.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    try:
        text: str | None = decode(before, DEFAULT_LIMITS)
    except SyntaxFault:
        return None
    for place, value in edits:
        text = place.edit(text, value) if text is not None else None
    if text is None:
        return None
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    return mark + text.encode()


def _good(place: Place, data: bytes, days: int) -> bool:
    """Whether this file by itself already says enough."""
    configuration = place.read(data, str(place.path), DEFAULT_LIMITS, Layer.USER)
    said = _said(place, configuration)
    if said is None:
        return False
    if place.scripts or place.registry:
        return said == place.value
    version = ".".join(str(part) for part in SETTINGS[place.client].since)
    if configuration.format in ("pnpm-rc", "npmrc") and place.client == "pnpm":
        version = "10.16"
    elif place.client == "pnpm":
        version = "11"
    # The clock only matters for fixed dates, and a date never counts as good here.
    held = cooldown(place.client, version, (configuration,), datetime(1970, 1, 1, tzinfo=UTC))
    return held.days is not None and held.days >= days and not held.fixed


def _said(place: Place, configuration: Configuration) -> str | None:
    """What stands there now; an address that holds a credential is told without it."""
    if place.registry:
        urls = [item.url for item in configuration.upstreams if item.role is Role.DEFAULT]
        return urls[-1] if urls else None
    option = configuration.options.get(place.option)
    return option.value if option is not None else None


def _diff(file: files.Standing, before: bytes, after: bytes) -> str:
    """A unified diff without context in which only the settings that we write are shown."""
    old, new = (decode(data, DEFAULT_LIMITS).splitlines() for data in (before, after))
    name = str(file.target)
    lines = difflib.unified_diff(
        old, new, name if file.data is not None else "/dev/null", name, n=0, lineterm=""
    )
    return "\n".join(_shown(line) for line in lines)


_OURS = re.compile(
    r"(?P<shown>[-+]\s*[\"']?(?:[a-z]+\.){0,2}(?:min-release-age|minimum-release-age|minimumReleaseAge"
    r"|npmMinimalAgeGate|exclude-newer|uploaded[-_]prior[-_]to|ignore-scripts|enableScripts)[\"']?"
    r"\s*[=:]\s*[\"']?[\w .:+-]{0,24}[\"']?"
    r"|\+(?:registry|index-url|npmRegistryServer)\s*[=:]\s*[\"']?https?://[\w.:/\[\]-]{1,200}[\"']?"
    r"|[-+]\s*\[(?:global|install|solver|tool\.uv)\]|[-+])"
    r"(?P<comment>\s+[#;].*)?"
)


def _shown(line: str) -> str:
    if line.startswith(("--- ", "+++ ", "@@")):
        return line
    found = _OURS.fullmatch(line)
    if not found:
        return f"{line[:1]}(a line that is not shown)"
    return found["shown"].rstrip() + ("  # ..." if found["comment"] else "")


def carry_out(change: Change) -> None:
    """Make one change, keeping the file's mode and its first version beside it. Raises UsageError."""
    private = change.file.path.name.endswith("npmrc")
    files.replace(change.file, change.after, private=private)


def undo(places: Iterable[Place], inside: Path | None = None) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Put back every file that was changed and not touched since: (restored, sentences about the others)."""
    by_target: dict[Path, list[Place]] = {}
    left = []
    for path, group in _by_path(places).items():
        try:
            by_target.setdefault(files.target_of(path, inside), []).extend(group)
        except UsageError as error:
            left.append(f"{error}; {error.advice}")
    restored = []
    for target, group in by_target.items():
        first = files.first_version(target)
        if first is None:
            continue
        if _only_ours(first.data or b"", files.read(target), group):
            # A tree may say that we made directories; in a tree we make none.
            files.restore(target, replace(first, directories=0) if inside else first)
            restored.append(target)
        else:
            left.append(f"{target} was changed since; its first version is {files.backup_of(target)}")
    return tuple(restored), tuple(left)


def _only_ours(first: bytes, now: object, group: Sequence[Place]) -> bool:
    """Whether `now` is `first` and the settings that we write, with whatever values stand there now."""
    if not isinstance(now, bytes):
        return False
    edits = []
    for place in group:
        said = _said(place, place.read(now, str(place.path), DEFAULT_LIMITS, Layer.USER))
        old = _said(place, place.read(first, str(place.path), DEFAULT_LIMITS, Layer.USER))
        if said is not None and said != old:
            edits.append((place, said))
    # They may have been written at different times, in any order.
    return now == first or any(_edited(first, order) == now for order in permutations(edits[:4]) if order)


def write_settings(directory: Path) -> Path:
    """Write a `seawall.toml` in which every setting stands with its default, commented out.

    Raises UsageError when there is one already, or it cannot be written.
    """
    path = directory / FILE_NAME
    files.create(path, default_settings().encode())
    return path


def default_settings() -> str:
    """The text of that file."""
    lines = [
        "# Settings of Seawall for this repository: docs/settings.md tells what each means.",
        "# What stands here may only make your own settings stricter; take a # away to use a line.",
    ]
    table = ""
    for setting in LAYOUT:
        if setting.table != table:
            table = setting.table
            lines += ["", f"# [{table}]"]
        value = getattr(DEFAULTS, setting.field)
        shown = getattr(value, "word", value)
        text = "[]" if value == () else f'"{shown}"' if isinstance(shown, str) else str(shown)
        text = text.lower() if isinstance(value, bool) else text
        if setting.field == "allowed_names":  # an empty list allows nothing, which is not the default
            text = '["pkg:npm/@acme/*"]'
        lines += [f"# {setting.meaning}", f"# {setting.key} = {text}"]
    lines += [
        "",
        "# A waiver is a named person's decision to live with one finding until a date.",
        "# [[waivers]]",
        '# rule = "packages/vulnerable"',
        '# reason = "why"',
        '# author = "who"',
        "# expires = 2030-01-31",
    ]
    return "\n".join(lines) + "\n"
