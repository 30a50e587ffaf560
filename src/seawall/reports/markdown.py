"""The verdict for a pull request: the answer, a table of what stands against it, the rest folded away.

What comes from outside cannot become markup: every character that Markdown, HTML, a mention or an automatic
link could be made of is written as a character reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.decision import Outcome
from seawall.kernel.verdict import Judged, Verdict

from .plain import neutral, shortened

_ROWS = 20
_MARKUP = re.compile(r"[^A-Za-z0-9 .,;()+=-]")
_ISSUE = re.compile(r"(?i)\b(GH)-(?=\d)")
_TITLE = {
    Outcome.DENY: "Seawall: denied",
    Outcome.WARN: "Seawall: allowed, with something to look at",
    Outcome.INCOMPLETE: "Seawall: not everything could be checked",
    Outcome.ALLOW: "Seawall: allowed",
}


def render(verdict: Verdict) -> str:
    """The comment, without a newline at the end."""
    return "\n".join([f"### {_TITLE[verdict.decision.outcome]}", "", *_body(verdict)])


def _safe(text: str, most: int = 200) -> str:
    """`text` as plain words. `www.` and addresses cannot be linked, `@name` and `#1` cannot call anybody.

    Mentions are looked for in the finished page, where a character reference is the character again: only
    something between the two keeps them apart.
    """
    escaped = _MARKUP.sub(_reference, shortened(text, most))
    return _ISSUE.sub("\\1&#45;<!-- -->", escaped.replace("www.", "www&#46;"))


def _reference(found: re.Match[str]) -> str:
    apart = "<!-- -->" if found[0] in "@#" else ""
    return f"&#{ord(found[0])};{apart}"


def _body(verdict: Verdict) -> Iterator[str]:
    for skipped in verdict.unchecked:
        way_out = f": `{_code(skipped.advice)}`" if skipped.advice.strip() else ""
        yield f"Not checked for {_safe(skipped.check)}{way_out}."
        yield ""
    shown = [j for j in verdict.findings if j.outcome is not Outcome.ALLOW and not j.finding.waived]
    if shown:
        yield "| | what | where | fix |"
        yield "| --- | --- | --- | --- |"
        yield from (_row(judged) for judged in shown[:_ROWS])
        if len(shown) > _ROWS:
            yield ""
            yield f"and {len(shown) - _ROWS} more"
        yield ""
    if verdict.intake.history:
        yield "<details><summary>What was ever bad here</summary>"
        yield ""
        for interval in verdict.intake.history[:_ROWS]:
            until = interval.removed_time or "now"
            words = (
                f"{interval.key[1]} {interval.key[2]} in {interval.path}, {interval.first_time} to {until}"
            )
            yield f"* {_safe(words, 300)}"
        yield ""
        yield "</details>"
        yield ""
    feeds = ", ".join(f"{f.name} as of {f.as_of[:10]}" for f in verdict.intake.feeds)
    yield f"Advisories: {_safe(feeds or 'none', 300)}."
    if verdict.next_command:
        yield f"Next: `{_code(verdict.next_command)}`"


def _code(text: str) -> str:
    return neutral(text).replace("`", "'")


def _row(judged: Judged) -> str:
    finding = judged.finding
    where = f"{finding.path}:{finding.line}" if finding.line else finding.path
    word = "**deny**" if judged.outcome is Outcome.DENY else "warn"
    return f"| {word} | {_safe(finding.message)} | {_safe(where)} | {_safe(finding.advice)} |"
