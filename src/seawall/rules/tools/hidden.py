"""What the files of agents hold that the people who read them do not see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.rule import rule
from seawall.kernel.tool import Passage, Trick

_SEVERITIES = {
    Trick.TAGS: Severity.HIGH,
    Trick.SELECTORS: Severity.HIGH,
    Trick.BIDI: Severity.HIGH,
    Trick.RUN: Severity.HIGH,
    Trick.SPLIT: Severity.MEDIUM,
    Trick.STRAY: Severity.INFO,
}


@rule("tools/hidden-text", Severity.HIGH)
def hidden_text(intake: Intake) -> Iterator[Evidence]:
    """Text that an agent reads and a person cannot see is there for one of them only.

    Counts tag characters, runs of variation selectors, controls that turn the direction of text around, and
    characters of no width, in every file of agents, editors and dev containers; in JSON also where they are
    written as escapes. Emoji, flags, scripts that need joiners, text from right to left and a mark at the
    beginning of the file are passed over; a few stray characters of no width are information. What is hidden
    is counted and never repeated.

    Why: a reviewer approves what the screen shows, and the model obeys what the file holds.

    Attack: the Rules File Backdoor (March 2025) carried instructions in rule files of Cursor and Copilot
    with such characters. TrapDoor (May 2026) had packages write `.cursorrules` and `CLAUDE.md`.

    Fix: find out who brought it in, remove the characters, and treat the file as written by a stranger.
    """
    for file in intake.tools:
        for hidden in file.hidden:
            yield Evidence(
                message=f"holds {hidden.count} {hidden.trick}",
                advice="find out who brought them in, and remove them",
                path=file.path,
                line=hidden.line,
                severity=_SEVERITIES[hidden.trick],
                subject=hidden.trick.name,
                detail={"kind": hidden.trick.name.lower(), "count": hidden.count},
            )


_OVERRIDE = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|other|any"
    r"|system|safety|these|those|your)\b.{0,30}\b(?:instructions?|rules?|prompts?|guidelines?|directions?"
    r"|polic(?:y|ies)|restrictions?)"
    r"|\b(?:do not|don't|never|must not|without)\s+(?:ever\s+)?(?:tell(?:ing)?|inform(?:ing)?|notify(?:ing)?"
    r"|alert(?:ing)?|mention(?:ing)?|reveal(?:ing)?|disclos(?:e|ing)|show(?:ing)?|report(?:ing)?|ask(?:ing)?"
    r"|explain(?:ing)?)\b.{0,50}\b(?:users?|humans?|developers?|anyone|anybody|owner|person|reviewers?"
    r"|this instruction)"
    r"|\b(?:secretly|silently|covertly|stealthily|quietly)\b.{0,30}\b(?:run|execute|send|post|upload|add|insert"
    r"|install|fetch|download|include|append|copy|write|call|commit|push)"
    r"|\b(?:hide|conceal)\b.{0,30}\b(?:from the (?:user|human|developer)|this (?:action|step|from))",
    re.IGNORECASE | re.DOTALL,
)
_EXFILTRATE = re.compile(
    r"\b(?:send|post|upload|exfiltrate|forward|transmit|leak|copy|e-?mail)\b.{0,80}\b(?:tokens?|secrets?"
    r"|credentials?|passwords?|api[ _-]?keys?|private keys?|ssh keys?|environment variables"
    r"|env(?:ironment)? vars|\.env\b|id_rsa|\.aws)"
    r"|\b(?:cat|read|open|print|collect|gather|find)\b.{0,40}(?:~/\.ssh|id_rsa|id_ed25519"
    r"|\.aws/credentials|\.npmrc|\.netrc|\.git-credentials)"
    r"|\b(?:curl|wget)\b[^\n]{0,200}(?:\s-d\b|--data|\s-F\b|-X\s*POST|\$\()"
    r"|\b(?:curl|wget|irm|iwr)\b[^\n]{0,200}\|\s*(?:sudo\s+)?(?:ba|z)?(?:sh|iex|python3?|node)\b",
    re.IGNORECASE | re.DOTALL,
)
_COMMANDS = re.compile(
    r"\b(?:run|execute|fetch|download|install|invoke|call|eval|curl|wget|npx|uvx)\b.{0,80}(?:https?://|`[^`]+`"
    r"|\.sh\b|\.py\b|\.js\b|\bcommand|\bscript|\bshell)",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESSES = re.compile(
    r"\b(?:you (?:must|should|are|will|shall|have to|need to)|always"
    r"|(?:ai|llm|coding)\s*(?:assistant|agent|model)s?\b"
    r"|(?:claude|copilot|cursor|gemini|codex|chatgpt|assistant|agents?|model)\s*[:,]"
    r"|<\s*/?\s*(?:important|system|instructions?)\b|system prompt|as an ai\b"
    r"|before (?:answering|doing anything))",
    re.IGNORECASE,
)
_WHERE = {
    "comment": "a comment",
    "reference": "a link definition that nothing uses",
    "collapsed": "a collapsed block",
    "unseen": "text that is styled away",
    "aside": "text that is pushed out of the window",
    "encoded": "a command that decodes what it runs",
}


@rule("tools/hidden-instructions", Severity.HIGH)
def hidden_instructions(intake: Intake) -> Iterator[Evidence]:
    """An instruction that stands where only the agent looks is not meant for you.

    Looks into comments, unused link definitions, collapsed blocks, text styled away or pushed out of the
    window of instruction files, rules and skills, for words that take instructions back, keep something
    from the user, send credentials away, or tell an agent to fetch and run. Also, in plain sight, commands
    that decode what they run: nobody can read those either. The words are never repeated here.

    Why: the rendered page is reviewed, the source is obeyed.

    Attack: CamoLeak (CVE-2025-59145) hid instructions to Copilot in comments of pull requests and had it
    send private code away. The skills of ClawHavoc (January 2026) had a "prerequisite", a base64 command.

    Fix: remove it, find out who brought it in, and look at what agents did in this tree since.
    """
    for file in intake.tools:
        for passage in file.passages:
            why, severity = _told(passage)
            if why:
                yield Evidence(
                    message=f"{_WHERE[passage.where]} {why}",
                    advice="remove it, and find out who brought it in",
                    path=file.path,
                    line=passage.line,
                    severity=severity,
                    subject=f"{passage.where} {why}",
                    detail={"where": passage.where},
                )


def _told(passage: Passage) -> tuple[str, Severity]:
    """What the passage does, in words, and how bad that is; an empty text when it is harmless."""
    if passage.where == "encoded":
        return "stands in what agents read", Severity.HIGH
    text = passage.text
    if _OVERRIDE.search(text):
        return "takes instructions back or keeps something from the user", Severity.HIGH
    if _EXFILTRATE.search(text) and (passage.where != "collapsed" or _ADDRESSES.search(text)):
        return "tells to run what a stranger holds, or to send secrets away", Severity.HIGH
    if passage.where != "collapsed" and _COMMANDS.search(text) and _ADDRESSES.search(text):
        return "tells an agent to run something", Severity.MEDIUM
    return "", Severity.INFO
