"""What a release newly does when it is loaded, as far as its text shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.contents import Act, Sight, Trace
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.release_diff import (
    ReleaseDiff,
    decoded,
    gained_anywhere,
    gained_at_load,
    new_marks,
)
from seawall.kernel.rule import rule

from .archive import told

_LOADING = frozenset({Act.PROCESS, Act.NETWORK, Act.DYNAMIC, Act.PERSISTENCE, Act.ENVIRONMENT, Act.DISGUISED})
_USING = frozenset({Act.PERSISTENCE, Act.ENVIRONMENT, Act.DISGUISED})


def _one_each(sights: Iterable[Sight]) -> list[Sight]:
    """The first sight of every act."""
    first: dict[Act, Sight] = {}
    for item in sights:
        first.setdefault(item.act, item)
    return list(first.values())


def _of(diff: ReleaseDiff, item: Sight, message: str) -> Evidence:
    return told(
        diff,
        message,
        f"read {item.path}:{item.line}, or take {diff.previous or 'another release'}",
        item.path,
        item.line,
        act=item.act.value,
    )


@rule("releases/import-behaviour", Severity.MEDIUM, signal=True)
def import_behaviour(intake: Intake) -> Iterator[Evidence]:
    """A package that newly starts processes or opens connections as soon as it is loaded is not what it was.

    Told of is what no file of the release before did at load: a process, a connection, text that is run as
    code, a write to where things start by themselves; and, loaded or not, a package that newly reads the
    whole environment or puts the name of what it calls together from pieces. Python is read as a syntax
    tree of every module, JavaScript of every file that is reached from the package's entries.

    Why: blocking install scripts stops a third of the attacks; the others wait for the first import.

    Attack: telnyx 4.87.1 (March 2026) fetched its second stage when `telnyx` was imported; mistralai 2.4.6
    and durabletask 1.4.1 (May 2026) did the same.

    Fix: read the lines that are named; take the release before until somebody has.
    """
    for diff in intake.diffs:
        loading = (item for item in gained_at_load(diff) if item.act in _LOADING)
        using = (item for item in gained_anywhere(diff) if item.act in _USING)
        for item in _one_each([*loading, *using]):
            when = "as soon as it is loaded" if item.at_load else "when it is used"
            yield _of(diff, item, f"newly {item.act.value} {when}: {item.path}:{item.line}")


@rule("releases/new-ability", Severity.INFO, signal=True)
def new_ability(intake: Intake) -> Iterator[Evidence]:
    """A package that newly can start processes, open connections or run text as code can do more harm.

    Why: alone this is what features look like; with other signals it says what a takeover is for.

    Attack: flatmap-stream (event-stream, 2018) brought decryption and `_compile` into a package that only
    handled streams.

    Fix: nothing alone; look at the lines that are named when something else is odd.
    """
    for diff in intake.diffs:
        for item in _one_each(gained_anywhere(diff)):
            if item.act not in _USING and item.act is not Act.DECODED:
                yield _of(diff, item, f"newly {item.act.value} somewhere: {item.path}:{item.line}")


@rule("releases/decoded-code", Severity.HIGH, signal=True)
def decoded_code(intake: Intake) -> Iterator[Evidence]:
    """Code that a program decodes or fetches and then runs is code that nobody was meant to read.

    `exec`, `eval`, `Function` or `python -c` of what base64, zlib, hex, marshal, a cipher or an HTTP answer
    gave. Compared with the release before where there is one; without one, only what happens at load.

    Why: honest packages ship what they run.

    Attack: litellm 1.82.7 (March 2026) ran a base64 text from `proxy_server.py`; flatmap-stream (2018)
    decrypted its payload with the description of the package that used it.

    Fix: decode it without running it; take the release before until it is explained.
    """
    for diff in intake.diffs:
        for item in decoded(diff)[:5]:
            when = "as soon as it is loaded" if item.at_load else "when it is used"
            yield _of(diff, item, f"runs what it has decoded or fetched, {when}: {item.path}:{item.line}")


@rule("releases/credential-hunting", Severity.HIGH, signal=True)
def credential_hunting(intake: Intake) -> Iterator[Evidence]:
    """A file that newly names many places where credentials lie is looking for them.

    Four and more of `.npmrc`, `.aws/credentials`, `id_rsa`, metadata addresses, wallets, token names and
    their like in one file that did not name them before; or a coding agent told to ask for no permission.

    Why: what an attack takes is written in it, however it got in.

    Attack: Nx "s1ngularity" (August 2025) told Claude, Gemini and Q with their permission checks switched off
    to list the user's secrets; Shai-Hulud (September 2025) brought TruffleHog.

    Fix: take the release before; where this one ran, rotate what it names.
    """
    for diff in intake.diffs:
        for mark in new_marks(diff, (Trace.SECRETS, Trace.AGENTS))[:5]:
            yield told(
                diff,
                f"{mark.path}:{mark.line} names {mark.trace.value} ({mark.note})"
                if mark.trace is Trace.SECRETS
                else f"{mark.path}:{mark.line} has {mark.trace.value} ({mark.note})",
                f"take {diff.previous or 'another release'}",
                mark.path,
                mark.line,
            )
