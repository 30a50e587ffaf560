"""A denial says what, why, since when it will be allowed, what is allowed now, and how to ask for more.

npm prints `error` of a 403's JSON body; pip and uv print the reason of the status line or of a yank.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from seawall.kernel.admission import Admission
from seawall.kernel.decision import Outcome

_LONGEST = 300
HOW_TO_EXEMPT = (
    "ask whoever runs this firewall for an exemption: [[exemptions]] in firewall.toml, with a reason, a name"
    " and an end"
)
"""What a person can do about a denial that is wrong for them."""


def denial(name: str, version: str, admission: Admission, best: str) -> bytes:
    """The JSON body of a 403 about one file.

    `best` is the newest version that is let in, empty when there is none. Every text is one line.
    """
    body = {
        "error": reason(name, version, admission, best),
        "policy": [item.policy for item in admission.decision.decided_by],
        "evidence": [
            {"rule": item.rule, "message": one_line(item.message), "advisories": list(item.advisories)}
            for item in admission.findings[:20]
        ],
        "allowed_from": written(admission.allowed_from) if admission.allowed_from else None,
        "allowed_version": best or None,
        "how_to_exempt": HOW_TO_EXEMPT,
    }
    return json.dumps(body, ensure_ascii=True).encode()


def reason(name: str, version: str, admission: Admission, best: str) -> str:
    """One line: what is not handed out and why, when it will be, and what to take instead."""
    held = "cannot be judged" if admission.decision.outcome is Outcome.INCOMPLETE else "is held back"
    parts = [f"Seawall: {name} {version} {held}: {why(admission) or 'no policy allows it'}"]
    if admission.allowed_from:
        parts.append(f"allowed from {written(admission.allowed_from)}")
    if best and best != version:
        parts.append(f"allowed now: {best}")
    return "; ".join(parts)


def why(admission: Admission) -> str:
    """The admission's sentence on one line, without its full stop: more follows it."""
    return one_line(admission.sentence).rstrip(".")


def one_line(text: str) -> str:
    """Printable characters on one line, cut to 300."""
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST].strip()


def written(time: datetime) -> str:
    """`2026-04-07 00:21 UTC`."""
    moment = time.astimezone(UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def failure(error: str, advice: str = "") -> bytes:
    """The JSON body of any other answer that is no package."""
    return json.dumps({"error": f"Seawall: {one_line(error)}", "advice": one_line(advice)}).encode()
