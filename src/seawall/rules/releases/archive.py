"""An archive is judged only when there is one reading of it, and it is what its registry says it is."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.asset import package_name
from seawall.kernel.contents import Shape
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.release_diff import ReleaseDiff
from seawall.kernel.rule import rule


def told(
    diff: ReleaseDiff, message: str, advice: str, path: str = "", line: int = 0, **detail: object
) -> Evidence:
    """Evidence about one file of an archive; its path begins with the archive's own name."""
    where = f"{diff.new.filename}/{path}" if path else diff.new.filename
    return Evidence(
        message, advice, asset=diff.declared.purl, path=where, line=line, subject=message, detail=detail
    )


@rule("releases/unreadable", Severity.HIGH)
def unreadable(intake: Intake) -> Iterator[Evidence]:
    """An archive that unpackers read in different ways, or not at all, is not let in.

    Cut short, encrypted, of too many or too large files, two files of one name, a directory that says
    something else than the files themselves, sparse files, something behind the end.

    Why: what is looked at must be what is installed. Where two readings exist, a scanner takes the harmless
    one and the installer the other.

    Attack: nullifAI (February 2025) packed models so that the scanner gave up and the loader did not; in
    August 2025 PyPI began to refuse wheels whose directory and files differ, after uv was found to read
    them otherwise than pip.

    Fix: take another release, and ask the maintainers to build this one again with usual tools.
    """
    for diff in intake.diffs:
        for fault in diff.new.faults:
            what = f"{fault.path}: {fault.message}" if fault.path else fault.message
            yield told(
                diff,
                f"{diff.new.filename} cannot be judged ({fault.kind}): {what}",
                "take another release; this one has to be built again",
                fault.path,
            )


@rule("releases/outside-root", Severity.CRITICAL)
def outside_root(intake: Intake) -> Iterator[Evidence]:
    """A package writes below its own directory and nowhere else.

    Absolute paths, `..`, links that lead out, devices.

    Why: a file that lands elsewhere overwrites a shell's start-up file, a key, another package.

    Attack: Zip Slip (2018) showed it in hundreds of projects; in 2021 five flaws of node-tar let a package
    write anywhere during `npm install`, with scripts off.

    Fix: do not unpack it, not even to look; take another release.
    """
    for diff in intake.diffs:
        for item in diff.new.outside:
            yield told(
                diff,
                f"{diff.new.filename} would write outside of its place: {item.path[:200]} ({item.message})",
                "do not unpack it; take another release",
            )


@rule("releases/not-what-is-listed", Severity.MEDIUM)
def not_what_is_listed(intake: Intake) -> Iterator[Evidence]:
    """What the archive says about itself is what the registry says about it.

    Compared are name, version, and for npm whether it runs something while it is installed.

    Why: resolvers, lockfiles and scanners go by the registry's document, installers by the archive. npm does
    not compare the two, so a package can hide its scripts and dependencies from whoever looks at the first.

    Attack: manifest confusion (June 2023): the npm registry took any document with any archive.

    Fix: look at the archive's own package.json before you allow it, or take another release.
    """
    for diff in intake.diffs:
        declared, new = diff.declared, diff.new
        if new.faults or not declared.name:
            continue
        same = package_name(declared.ecosystem, new.name) == package_name(declared.ecosystem, declared.name)
        if not same:
            yield told(
                diff,
                f"{new.filename} says that it is {new.name[:80] or 'nothing'}, not {declared.name}",
                "look at its own metadata before you allow it",
            )
        if new.version and not _same_version(new.version, declared.version, new.shape):
            yield told(
                diff,
                f"{new.filename} says that it is version {new.version[:80]}, not {declared.version}",
                "look at its own metadata before you allow it",
            )
        runs = any(hook.path in ("package.json", "binding.gyp") for hook in new.hooks)
        if new.shape is Shape.NPM and declared.install_script is False and runs:
            yield told(
                diff,
                f"{new.filename} runs code while it is installed; the registry says that it does not",
                "look at the scripts in its package.json before you allow it",
            )


def _same_version(one: str, other: str, shape: Shape) -> bool:
    if one == other or not other:
        return True
    if shape is Shape.NPM:
        return one.lstrip("v=").partition("+")[0] == other.partition("+")[0]
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False
