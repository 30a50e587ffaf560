"""Whose settings count: your own set, a trusted revision waives, a tree as it lies there only tightens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from seawall.judging import Trust
from seawall.kernel.errors import PolicyError
from seawall.kernel.intake import SettingsChange
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Problem
from seawall.kernel.settings import DEFAULTS, POLICY_STRICTNESS, Settings, Waiver, tightened
from seawall.readers.settings.seawall_toml import FILE_NAME, SettingsFile, read


def own_settings(files: Iterable[tuple[str, bytes]], limits: Limits) -> Settings:
    """The settings of the machine's and the user's own files, the later ones winning, waivers added up.

    Raises PolicyError when one of them cannot be used: nothing may be decided on half of a settings file.
    """
    settings = DEFAULTS
    for path, data in files:
        found = read(data, path, limits)
        for problem in found.problems:
            where = f"{path}:{problem.line}" if problem.line else path
            raise PolicyError(
                f"{where}: {problem.message}", "correct the file; docs/settings.md lists every key"
            )
        changes = {name: getattr(found.settings, name) for name in found.given}
        changes["waivers"] = (*settings.waivers, *found.settings.waivers)
        changes["approved_tools"] = (*settings.approved_tools, *found.settings.approved_tools)
        if "policy" in changes and changes["policy"] not in POLICY_STRICTNESS:
            # Beside the settings that name it: never what happens to lie in the directory one stands in.
            named = Path(found.settings.policy).expanduser()
            changes["policy"] = str(Path(path).absolute().parent / named)
        settings = replace(settings, **changes)
    return settings


def trust(
    own: Settings, tree: bytes | Problem | None, base: bytes | None, has_base: bool, limits: Limits
) -> Trust:
    """The settings in force for a tree whose `seawall.toml` is `tree` and, at the trusted revision, `base`.

    With a trusted revision its waivers and approvals count and differences from it are named. Without one the
    tree's waivers are listed as not counted, and its approvals are none.
    """
    if isinstance(tree, Problem):
        here = SettingsFile(FILE_NAME, problems=(tree,))
    else:
        here = read(tree, FILE_NAME, limits) if tree is not None else SettingsFile(FILE_NAME)
    there = read(base, FILE_NAME, limits) if base is not None else SettingsFile(FILE_NAME)
    settings = tightened(own, there.settings, there.given) if has_base else own
    settings = tightened(settings, here.settings, here.given)
    if has_base:
        settings = replace(
            settings,
            waivers=(*settings.waivers, *there.settings.waivers),
            approved_tools=(*settings.approved_tools, *there.settings.approved_tools),
        )
    counted = {_identity(w) for w in there.settings.waivers} if has_base else set()
    ignored = tuple(w for w in here.settings.waivers if _identity(w) not in counted)
    changes = tuple(_changes(there, here)) if has_base else ()
    return Trust(settings, ignored, changes, tuple(_document(here)))


def approvals_here(settings: Settings, root: Path) -> Settings:
    """The settings with their approvals told by paths relative to `root`; those of other places are left out.

    A person's own settings serve many trees: an approval with a whole path (`~/work/a/.mcp.json`) is for one.
    """
    top = Path(root).absolute()
    here = []
    for approval in settings.approved_tools:
        path = Path(approval.path).expanduser() if approval.path.startswith("~") else Path(approval.path)
        if not path.is_absolute():
            here.append(approval)
        elif path.is_relative_to(top):
            here.append(replace(approval, path=path.relative_to(top).as_posix()))
    return replace(settings, approved_tools=tuple(here))


def _identity(waiver: Waiver) -> Waiver:
    return replace(waiver, line=0)


def _changes(there: SettingsFile, here: SettingsFile) -> Iterator[SettingsChange]:
    before = {_identity(w) for w in there.settings.waivers}
    after = {_identity(w) for w in here.settings.waivers}
    for waiver in here.settings.waivers:
        if _identity(waiver) not in before:
            about = f" for {waiver.asset}" if waiver.asset else ""
            yield SettingsChange(FILE_NAME, waiver.line, f"a waiver of {waiver.rule}{about} was added")
    for waiver in there.settings.waivers:
        if _identity(waiver) not in after:
            yield SettingsChange(FILE_NAME, 0, f"a waiver of {waiver.rule} was taken out")
    for name in sorted((there.given | here.given) - {"waivers"}):
        old, new = getattr(there.settings, name), getattr(here.settings, name)
        if old != new:
            yield SettingsChange(FILE_NAME, 0, f"{name} was changed")


def _document(file: SettingsFile) -> Iterator[Document]:
    if file.problems:
        yield Document(
            FILE_NAME,
            "seawall-toml",
            DocumentKind.MANIFEST,
            "",
            problems=file.problems,
            facts=MappingProxyType({}),
        )
