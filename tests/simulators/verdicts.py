"""Verdicts made by hand, plain ones and ones in which every text is hostile."""

from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from seawall.kernel.advisory import Match, Severity
from seawall.kernel.client import Gap
from seawall.kernel.decision import DecidedBy, Decision, Outcome
from seawall.kernel.finding import Finding, Skipped, fingerprint
from seawall.kernel.history import Interval
from seawall.kernel.intake import FeedState, Intake
from seawall.kernel.lockfile import Document, DocumentKind, Pin
from seawall.kernel.settings import Waiver
from seawall.kernel.verdict import Judged, Verdict

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)

ESCAPES = "\x1b[31mred\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x9b2J\r\b\x00\x7f"
BIDI = "\u202eevil\u2066x\u200b\u200d\ufeff\u00ad\U000e0041"
NO_TEXT = "caf\udce9"
MARKUP = "|`]<img src=x onerror=alert(1)>[a](https://evil.example)@everyone #1 GH-1 www.evil.example a@b.example\n\n# h\n* x"
HOSTILE = f"{ESCAPES}{BIDI}{NO_TEXT}{MARKUP}"

DANGEROUS = [
    *map(chr, (*range(10), *range(11, 32), *range(0x7F, 0xA0))),
    *"\u202e\u2066\u200b\u200d\ufeff\u00ad\U000e0041\udce9",
]
"""What no report may hold as it is (line feeds between lines are ours)."""


def finding(rule: str = "packages/vulnerable", **more: Any) -> Finding:
    fields: dict[str, Any] = {
        "severity": Severity.HIGH,
        "asset": "pkg:npm/left@1.0.0",
        "message": "left 1.0.0 has GHSA-1: a flaw",
        "advice": "update left to 1.0.1",
        "path": "package-lock.json",
        "line": 7,
        "advisories": ("GHSA-1", "CVE-2026-1"),
        "fixed_in": "1.0.1",
        **more,
    }
    name = fingerprint(rule, fields["asset"], fields["path"], fields["message"])
    return Finding(rule=rule, fingerprint=name, **fields)


def judged(outcome: Outcome = Outcome.WARN, rule: str = "packages/vulnerable", **more: Any) -> Judged:
    return Judged(finding(rule, **more), outcome, "default/odd")


def interval(**more: Any) -> Interval:
    fields: dict[str, Any] = {
        "key": ("npm", "axios", "1.14.1"),
        "path": "web/package-lock.json",
        "first_commit": "a" * 40,
        "first_time": "2026-03-31T00:41:00Z",
        "last_commit": "b" * 40,
        "last_time": "2026-03-31T05:00:00Z",
        "removed_commit": "c" * 40,
        "removed_time": "2026-03-31T07:12:00Z",
        "advisories": ("MAL-2026-2307",),
        **more,
    }
    return Interval(**fields)


def lockfile(*pins: Pin, path: str = "package-lock.json") -> Document:
    return Document(path, "npm-package-lock", DocumentKind.LOCKFILE, "npm", pins=pins)


PIN = Pin("npm", "left", "1.0.0", "package-lock.json", 7, digests=("sha512:" + "ab" * 64,), direct=True)
MATCH = Match(PIN.key, ("GHSA-1", "CVE-2026-1"), malicious=False, severity=Severity.HIGH, score=7.5, summary="a flaw",
              fixed_in="1.0.1", feed="osv:npm")  # fmt: skip


def verdict(outcome: Outcome = Outcome.WARN, **more: Any) -> Verdict:
    """`findings`, `history`, `skipped`, `documents`, `feeds`, `matches`, `ignored` go where they belong."""
    intake = Intake(
        documents=more.pop("documents", (lockfile(PIN),)),
        now=NOW,
        matches=MappingProxyType(more.pop("matches", {PIN.key: (MATCH,)})),
        history=more.pop("history", ()),
        feeds=more.pop("feeds", (FeedState("osv:npm", "2026-11-19T00:00:00Z", 9, ("npm",)),)),
        skipped=more.pop("skipped", ()),
        ignored_waivers=more.pop("ignored", ()),
    )
    return Verdict(
        target=more.pop("target", "."),
        intake=intake,
        findings=more.pop("findings", (judged(),)),
        decision=more.pop("decision", Decision(outcome, (DecidedBy("default/odd", "Look at it."),))),
        unchecked=tuple(s for s in intake.skipped if s.required),
        version="1.2.3",
        **more,
    )


def hostile(outcome: Outcome = Outcome.DENY) -> Verdict:
    """Every text that can come from outside holds everything that acts, hides or is markup."""
    pin = Pin("npm", HOSTILE, HOSTILE, HOSTILE, 3, digests=(f"sha512:{HOSTILE}", HOSTILE), via=(HOSTILE,))
    match = Match(pin.key, (HOSTILE, HOSTILE + "2"), malicious=True, severity=Severity.CRITICAL, score=None,
                  summary=HOSTILE, fixed_in=HOSTILE, feed=HOSTILE)  # fmt: skip
    texts = {"asset": HOSTILE, "message": HOSTILE, "advice": HOSTILE, "path": HOSTILE, "fixed_in": HOSTILE,
             "advisories": (HOSTILE,), "detail": {"code": HOSTILE, HOSTILE: [HOSTILE]}}  # fmt: skip
    return verdict(
        outcome,
        target=HOSTILE,
        documents=(Document(HOSTILE, "npm-package-lock", DocumentKind.LOCKFILE, HOSTILE, pins=(pin,)), lockfile(PIN)),
        matches={pin.key: (match,)},
        findings=(
            judged(outcome, **texts),
            judged(outcome, **{**texts, "asset": ""}),
            judged(Outcome.WARN, "packages/odd", **{**texts, "waived": HOSTILE}),
        ),
        history=(
            interval(key=("npm", HOSTILE, HOSTILE), path=HOSTILE, first_time=HOSTILE, removed_time=HOSTILE, advisories=(HOSTILE,)),
            interval(path=HOSTILE, removed_commit="", last_time=HOSTILE, gone=True),
        ),
        feeds=(FeedState(HOSTILE, HOSTILE, 1, (HOSTILE,), HOSTILE), FeedState("x", "2026-11-19", 1, ())),
        skipped=(Skipped(HOSTILE, HOSTILE, HOSTILE, required=True), Skipped(HOSTILE, HOSTILE)),
        ignored=(Waiver(HOSTILE, HOSTILE, HOSTILE, date(2027, 1, 1), HOSTILE),),
        gaps=(Gap(client=HOSTILE, kind="cooldown", what=HOSTILE, fix=HOSTILE, where=HOSTILE),),
        decision=Decision(outcome, (DecidedBy(HOSTILE, HOSTILE),)),
        next_command=HOSTILE,
        policy=HOSTILE,
    )  # fmt: skip
