"""Files and dependencies that a release has and the one before it, or its own source, has not."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.release_diff import new_natives
from seawall.kernel.release_diff import not_in_source as strangers
from seawall.kernel.rule import rule

from .archive import told

_MEGABYTE = 1_000_000


@rule("releases/native-code", Severity.LOW, signal=True)
def native_code(intake: Intake) -> Iterator[Evidence]:
    """A package that newly carries machine code carries what no reviewer of its source has read.

    ELF, PE, Mach-O, WebAssembly and Python bytecode, by their first bytes and not by their names, of a kind
    that the release before did not hold.

    Why: a program that is started from a script does whatever it likes, and no diff shows it.

    Attack: eslint-config-prettier 8.10.1 (July 2025) brought `node-gyp.dll` and started it with rundll32.

    Fix: find out what it was built from; prefer a release without it.
    """
    for diff in intake.diffs:
        found = new_natives(diff)
        for kind in sorted({item.native for item in found}):
            first = next(item for item in found if item.native == kind)
            yield told(
                diff,
                f"{first.path} is {kind} code, of which the release before held none",
                "find out what it was built from",
                first.path,
                kind=kind,
            )


@rule("releases/not-in-source", Severity.MEDIUM, signal=True)
def not_in_source(intake: Intake) -> Iterator[Evidence]:
    """Code in a wheel that the source archive of the same version does not hold came in while it was built.

    Compared by content, file by file; version files and protocol stubs that tools write are left out.

    Why: reviews, tags and commits show the source. What is installed is the wheel.

    Attack: ultralytics 8.3.41 (December 2024): a poisoned build cache put a miner into the release that no
    commit showed; telnyx 4.87.1 and litellm 1.82.8 (March 2026) were uploaded without any commit.

    Fix: build the wheel from its source and compare; take the release before.
    """
    for diff in intake.diffs:
        found = strangers(diff)
        for item in found[:5]:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            yield told(
                diff,
                f"{item.path} is not in the source of this version{more}",
                "build it from its source and compare",
                item.path,
                files=len(found),
            )


@rule("releases/size-jump", Severity.INFO, signal=True)
def size_jump(intake: Intake) -> Iterator[Evidence]:
    """A release several times as large as the one before holds something that was not there.

    Three times as large and at least a megabyte more, unpacked.

    Why: payloads are bundles of megabytes; alone it is a curiosity.

    Attack: TanStack's releases of May 2026 grew by a `router_init.js` of 2.3 MB; Shai-Hulud brought a
    `bundle.js` of over 3 MB.

    Fix: look at what the large new files are.
    """
    for diff in intake.diffs:
        if diff.old is None:
            continue
        before, now = diff.old.size, diff.new.size
        if now > 3 * before and now - before > _MEGABYTE:
            yield told(
                diff,
                f"{now / _MEGABYTE:.1f} MB unpacked, {before / _MEGABYTE:.1f} MB before",
                "look at what the large new files are",
                before=before,
                now=now,
            )


@rule("releases/direct-dependency", Severity.MEDIUM, signal=True)
def direct_dependency(intake: Intake) -> Iterator[Evidence]:
    """A dependency from git or an address goes round every control of the registry.

    Why: such a dependency has no age, no advisory and no fixed content, and npm runs its `prepare` script.

    Attack: TanStack's 84 versions of May 2026 named an optional dependency on a commit in a fork, whose
    `prepare` ran the worm.

    Fix: take the release before; ask for a dependency that is published.
    """
    for diff in intake.diffs:
        before = {name for name, _ in diff.old.elsewhere} if diff.old else None
        for name, spec in diff.new.elsewhere[:20]:
            if before is not None and name not in before:
                yield told(
                    diff,
                    f"newly needs {name[:100]} from {_without_credential(spec)[:120]}",
                    f"take {diff.previous or 'another release'}",
                    dependency=name[:100],
                )


def _without_credential(spec: str) -> str:
    """The place without what stands before an `@` in it."""
    head, slashes, rest = spec.partition("://")
    host, slash, path = rest.partition("/")
    return f"{head}{slashes}{host.rpartition('@')[2]}{slash}{path}".partition("?")[0]
