"""Reach as one HTML file that asks nobody for anything: a picture to click through, and the table behind it.

The graph is inside as JSON, escaped so that nothing in it can end its element, and is shown as text only.
A content security policy forbids every connection.
"""

from __future__ import annotations

import base64
import hashlib
import json

from seawall.kernel.reach.edge import Reach
from seawall.kernel.reach.words import code_label, place_words, target_words

from .plain import neutral, neutral_all
from .reach_json import document
from .reach_page import PAGE, SCRIPT, STYLE
from .reach_text import CONFIDENCES


def render(reach: Reach, target: str) -> str:
    """The whole page."""
    found = document(reach)
    shown = {
        "target": target,
        "edges": [
            {
                "code": code_label(edge.code),
                "place": place_words(edge.place),
                "target": target_words(edge.target),
                "id": edge.target.id,
            }
            for edge in reach.edges
        ],
        "confidences": {confidence.value: words for confidence, words in CONFIDENCES.items()},
        "graph": found,
    }
    data = (
        json.dumps(neutral_all(shown)).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(SCRIPT)}'; style-src 'sha256-{_digest(STYLE)}';"
        " base-uri 'none'; form-action 'none'"
    )
    title = neutral(target).replace("&", "&amp;").replace("<", "&lt;")
    parts = {"POLICY": policy, "TITLE": title, "STYLE": STYLE, "SCRIPT": SCRIPT, "DATA": data}
    page = PAGE
    for name in ("POLICY", "TITLE", "STYLE", "SCRIPT", "DATA"):
        before, _, behind = page.partition(f"@{name}@")
        page = before + parts[name] + behind
    return page


def _digest(text: str) -> str:
    """The hash by which a browser knows an inline element (Content Security Policy Level 3)."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
