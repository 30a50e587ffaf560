"""What a tired person sees: at most 25 lines, the worst first, one thing to do at the end."""

import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.kernel.advisory import Severity
from seawall.kernel.client import Gap
from seawall.kernel.decision import Outcome
from seawall.kernel.finding import Skipped
from seawall.kernel.settings import Waiver
from seawall.kernel.verdict import Verdict
from seawall.reports.text import LINES, Look, render
from simulators.repository import BAD, LOCK
from simulators.verdicts import DANGEROUS, hostile, interval, judged, verdict

UNCHECKED = Skipped("malware and vulnerabilities (npm)", "no data", "seawall sync", required=True)


def gap(number: int = 1) -> Gap:
    return Gap(f"client{number}", "takes a release the minute it is published", "npm config set …")


def crowded(outcome: Outcome = Outcome.DENY) -> Verdict:
    """Much of everything."""
    findings = [
        judged(
            outcome,
            asset=f"pkg:npm/p{n}@1.0.0",
            message=f"p{n} 1.0.0 " + "is bad " * 40,
            path=f"{n}/{'d/' * 60}lock",
        )
        for n in range(60)
    ]
    waiver = Waiver("packages/vulnerable", "x", "y", __import__("datetime").date(2027, 1, 1))
    return verdict(
        outcome,
        findings=(*findings, judged(waived="because")),
        history=tuple(interval(path=f"{n}/{LOCK}") for n in range(9)),
        gaps=tuple(map(gap, range(9))),
        skipped=(UNCHECKED, *(Skipped(f"check {n}", "a reason " * 30) for n in range(9))),
        ignored=(waiver, waiver),
        baselined=3,
        next_command="cd 'a b' && npm install left@1.0.1",
    )  # fmt: skip


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("without", ["", "findings", "history", "gaps", "next_command"])
def test_it_is_never_longer_than_it_says(outcome: Outcome, without: str) -> None:
    full = crowded(outcome)
    changed = {"history": None, "": None}.get(without, "" if without == "next_command" else ())
    short = full if changed is None else replace(full, **{without: changed})
    assert len(render(short, Look()).splitlines()) <= LINES


@pytest.mark.parametrize("outcome", Outcome)
def test_at_least_one_finding_is_always_named(outcome: Outcome) -> None:
    lines = render(crowded(outcome), Look()).splitlines()
    if outcome is not Outcome.ALLOW:
        assert any("p0 1.0.0 is bad" in line for line in lines)
        assert any(re.fullmatch(r"  and \d+ more: --all", line) for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_it_keeps_to_the_width(width: int) -> None:
    for line in render(crowded(), Look(width=width)).splitlines():
        assert len(line) <= width or line.startswith("next:"), line


@pytest.mark.parametrize("width", [40, 60, 100])
def test_whoever_asks_for_everything_reads_every_word(width: int) -> None:
    """And within the terminal."""
    found = crowded()
    lines = render(found, Look(full=True, width=width)).splitlines()
    text = " ".join("\n".join(lines).split())
    for one in found.findings:
        assert " ".join(one.finding.message.split()) in text
        assert " ".join(one.finding.advice.split()) in text
    assert max(map(len, lines[: lines.index("") + 1])) <= width


def test_how_many_were_not_looked_at_is_said() -> None:
    skipped = tuple(Skipped(f"part {n}", "too large", "mend it") for n in range(5))
    found = crowded()
    text = render(replace(found, intake=replace(found.intake, skipped=skipped)), Look())
    assert "not looked at: part 0: too large (mend it)" in text
    assert re.search(r"and [34] more not looked at: --all", text)


def test_everything_is_shown_when_asked() -> None:
    text = render(crowded(), Look(full=True))
    for n in range(60):
        assert f"p{n} 1.0.0" in text
    assert "client8" in text
    assert "check 8" in text
    assert "more: --all" not in text


def test_the_order_of_the_answer() -> None:
    text = render(crowded(), Look())
    parts = [
        "Denied",
        "what came in:",
        "advisories:",
        "DENY",
        "what was ever bad here:",
        "which clients are open:",
        "next:",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert text.splitlines()[0] == "Denied: this must not go in."
    assert text.splitlines()[-1] == "next: cd 'a b' && npm install left@1.0.1"


def test_incomplete_comes_first_and_is_never_called_clean() -> None:
    text = render(verdict(Outcome.INCOMPLETE, skipped=(UNCHECKED,), findings=()), Look())
    assert text.splitlines()[0] == "not checked for malware and vulnerabilities (npm): run `seawall sync`"
    assert "Allowed" not in text


def test_a_denial_says_also_what_was_not_checked() -> None:
    lines = render(verdict(Outcome.DENY, skipped=(UNCHECKED,)), Look()).splitlines()
    assert lines[1] == "also not checked for malware and vulnerabilities (npm): run `seawall sync`"


def test_every_finding_has_its_fix_within_two_lines() -> None:
    lines = render(verdict(), Look()).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  warn"))
    assert lines[at] == "  warn left 1.0.0 has GHSA-1: a flaw · package-lock.json:7"
    assert lines[at + 1] == "       fix: update left to 1.0.1"


def test_signals_and_notes_are_shown_only_when_asked() -> None:
    quiet = (
        judged(Outcome.ALLOW, "packages/young-release", signal=True, message="left is young"),
        judged(Outcome.WARN, "packages/odd", severity=Severity.INFO, message="left is a note"),
    )
    for text in ("left is young", "left is a note"):
        assert text not in render(verdict(Outcome.ALLOW, findings=quiet), Look())
        assert text in render(verdict(Outcome.ALLOW, findings=quiet), Look(full=True))


def test_a_signal_that_policy_denies_is_shown() -> None:
    loud = (judged(Outcome.DENY, "packages/young-release", signal=True, message="left is young"),)
    assert "left is young" in render(verdict(Outcome.DENY, findings=loud), Look())


def test_an_interval_in_words() -> None:
    def when(**more: object) -> str:
        return (
            render(verdict(history=(interval(**more),)), Look())
            .split("ever bad here:\n")[1]
            .splitlines()[1]
            .strip()
        )

    assert when() == "from 2026-03-31 00:41 UTC (commit aaaaaaaaa) until 2026-03-31 07:12 UTC (ccccccccc)"
    assert when(removed_commit="").endswith("and still at commit bbbbbbbbb")
    assert when(removed_commit="", gone=True).endswith("to 2026-03-31 05:00 UTC, now on no branch")
    assert when(first_time="").startswith("from an unknown time")


def test_nothing_acts_on_a_terminal_or_hides() -> None:
    for look in (Look(), Look(full=True), Look(unicode=False)):
        text = render(hostile(), look)
        assert not [c for c in DANGEROUS if c in text]
        assert "\\u{1b}" in text
        text.encode("utf-8")


def test_without_unicode_it_is_readable() -> None:
    text = render(crowded(), Look(unicode=False))
    assert text.isascii()
    assert "\\x" not in text
    assert " - " in text
    odd = verdict(findings=(judged(message="zażółć 1.0 is odd"),))
    assert "za\\u017c\\xf3\\u0142\\u0107 1.0" in render(odd, Look(unicode=False))


def test_colour_is_used_only_when_asked() -> None:
    assert "\x1b" not in render(crowded(), Look())
    coloured = render(crowded(), Look(color=True))
    assert "\x1b[31;1mDENY\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]+m", "", coloured) == render(crowded(), Look())


JARGON = re.compile(
    r"(?i)\b(purl|principal|cedar|sarif|intake|fingerprint|ecosystem|artifact|cvss|osv id)\b|pkg:"
)


def test_no_jargon() -> None:
    assert not JARGON.search(render(crowded(), Look(full=True)))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / LOCK).write_text(BAD)
    return tmp_path / "tree"


def on_a_terminal(tree: Path, **more: str) -> str:
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    environment |= {"SEAWALL_DATA": str(tree.parent / "data"), "COLUMNS": "80", "TERM": "xterm", **more}
    process = subprocess.Popen(
        [sys.executable, "-m", "seawall", "scan", str(tree), "--offline"],
        stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    os.close(theirs)
    found = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        found += part
    assert process.wait() == 1
    os.close(ours)
    return found.decode()


def test_on_a_terminal(tree: Path) -> None:
    assert "\x1b[31;1mDenied" in on_a_terminal(tree)
    plain = on_a_terminal(tree, NO_COLOR="1")
    assert "\x1b" not in plain
    assert "Denied: this must not go in." in plain
    assert max(len(line) for line in plain.splitlines()) <= 80
    assert "\x1b" not in on_a_terminal(tree, TERM="dumb")
