"""What one run took in, for a person and as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator

from seawall.kernel.run import Summary, Wanted

from .plain import neutral

_MOST = 40


def as_text(summary: Summary) -> str:
    """Plain lines, the bad ones first."""
    return "\n".join(neutral(line) for line in _lines(summary)) + "\n"


def _lines(summary: Summary) -> Iterator[str]:
    taken, denied = summary.taken, summary.denied
    yield f"seawall run: {_count(len(taken), 'file')} came in, {len(denied)} denied"
    for item in denied[:_MOST]:
        yield f"  denied   {_named(item.wanted)}: {item.reason}"
    yield from _more(len(denied))
    for notice in summary.notices[:_MOST]:
        yield f"  held     {notice}"
    for attempt, times in summary.attempts[:_MOST]:
        where = attempt.host if attempt.protocol == "dns" else f"{attempt.host} port {attempt.port}"
        often = "" if times == 1 else f", {times} times"
        yield f"  refused  a connection to {where} ({attempt.protocol}{often})"
    yield from _more(len(summary.attempts))
    for what in summary.around[:_MOST]:
        yield f"  around   {what}" + (" (nothing got through)" if summary.sealed else " (it was allowed)")
    for name in taken[:_MOST]:
        yield f"  took     {_named(name)}"
    yield from _more(len(taken))
    for path in summary.fixed:
        yield f"  changed  {path}: names {summary.firewall}, not this run's relay"
    for problem in summary.problems:
        yield f"  problem  {problem}"
    if summary.code:
        yield f"  {shlex.join(summary.command[:1])} ended with {summary.code}"


def _named(wanted: Wanted) -> str:
    if not wanted.filename:
        return wanted.name
    if not wanted.version:
        return f"{wanted.name} {wanted.filename}"
    return f"{wanted.name} {wanted.version}" + (
        f" {wanted.filename}" if wanted.ecosystem == "Hugging Face" else ""
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _more(number: int) -> Iterable[str]:
    return [f"  … and {number - _MOST} more"] if number > _MOST else []


def as_json(summary: Summary) -> str:
    """`seawall/run/1`."""
    answer = {
        "schema": "seawall/run/1",
        "command": list(summary.command),
        "exit_code": summary.code,
        "firewall": summary.firewall,
        "run": summary.run,
        "sealed": summary.sealed,
        "taken": [_wanted(item) for item in summary.taken],
        "denied": [
            {**_wanted(item.wanted), "reason": item.reason, "allowed_version": item.allowed_version or None}
            for item in summary.denied
        ],
        "notices": list(summary.notices),
        "refused": [
            {"host": item.host, "port": item.port, "protocol": item.protocol, "times": times}
            for item, times in summary.attempts
        ],
        "around": list(summary.around),
        "lockfiles": list(summary.fixed),
        "problems": list(summary.problems),
    }
    return json.dumps(answer, indent=2)


def _wanted(item: Wanted) -> dict[str, str]:
    return {
        "ecosystem": item.ecosystem,
        "name": item.name,
        "version": item.version,
        "filename": item.filename,
    }
