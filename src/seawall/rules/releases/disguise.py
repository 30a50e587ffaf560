"""Text that is made so that people do not read it."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.contents import Trace
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.release_diff import flattened, new_marks
from seawall.kernel.rule import rule

from .archive import told

_OBFUSCATED = (Trace.RENAMED, Trace.ESCAPED, Trace.BLOB, Trace.PUSHED)


@rule("releases/obfuscated", Severity.HIGH, signal=True)
def obfuscated(intake: Intake) -> Iterator[Evidence]:
    """Code that was readable and is not any more has something to hide.

    Names of an obfuscator (`_0x3fa2`), plain letters written as escapes, a long encoded blob, code pushed
    out of the window behind blanks, an ordinary file that became one long line. Minified bundles are none of
    these; compared with the release before.

    Why: obfuscators are used where a reader would object.

    Attack: chalk, debug and 16 more (8 September 2025) carried a wallet drainer as one line of `_0x` names at
    the end of index.js; AsyncAPI (July 2026) 15,000 characters behind 700 blanks.

    Fix: take the release before, and ask the maintainers why.
    """
    for diff in intake.diffs:
        for mark in new_marks(diff, _OBFUSCATED)[:5]:
            yield told(
                diff,
                f"{mark.path}:{mark.line} has {mark.trace.value} ({mark.note}), which is new",
                f"take {diff.previous or 'another release'}",
                mark.path,
                mark.line,
            )
        for item in flattened(diff)[:5]:
            yield told(
                diff,
                f"{item.path} had ordinary lines and now has one of {item.longest} characters",
                f"take {diff.previous or 'another release'}",
                item.path,
            )


@rule("releases/hidden-text", Severity.HIGH, signal=True)
def hidden_text(intake: Intake) -> Iterator[Evidence]:
    """Source with characters that nobody sees says something else than it shows.

    Runs of twelve and more variation selectors, tags or zero-width characters, and characters that reorder
    a line, in code and in files that agents read. Without a release to compare with, only the runs.

    Why: editors and reviews show nothing, the interpreter or the agent reads it all.

    Attack: GlassWorm (October 2025) hid its loader in variation selectors that editors show as nothing;
    Trojan Source (2021) reordered lines.

    Fix: take the release before; no honest source needs them.
    """
    for diff in intake.diffs:
        found = (*new_marks(diff, (Trace.INVISIBLE,), alone=True), *new_marks(diff, (Trace.REORDERED,)))
        for mark in found[:5]:
            yield told(
                diff,
                f"{mark.path}:{mark.line} has {mark.trace.value} ({mark.note})",
                f"take {diff.previous or 'another release'}",
                mark.path,
                mark.line,
            )
