"""The page works in a real browser, under its own content security policy; skipped where there is none."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.reports.reach_sample import graph

from seawall.reports import reach_html

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --virtual-time-budget=2000 --dump-dom"
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium on this machine: apt-get install chromium"
)


def dom(tmp_path: Path, fragment: str = "") -> str:
    """What the page has become after its script ran."""
    page = tmp_path / "reach.html"
    page.write_text(reach_html.render(graph(), "my-repo"), encoding="utf-8")
    words = [
        str(BROWSER),
        *QUIET.split(),
        f"--user-data-dir={tmp_path / 'browser'}",
        f"{page.as_uri()}{fragment}",
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=90, check=True)
    return re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL)


def test_every_edge_is_drawn_and_told(tmp_path: Path) -> None:
    shown = dom(tmp_path)
    assert "my-repo: 4 of 4 edges." in shown
    assert shown.count("<tr>") == 5
    assert shown.count('<g class="node') == 8
    assert "APPLE_NOTARY_KEY" in shown
    assert "ci.yml: line 3: not YAML" in shown
    assert "<b>&quot;" not in shown
    assert "&lt;/script&gt;&lt;b&gt;" in shown


def test_what_was_looked_for_and_chosen_is_shown_alone(tmp_path: Path) -> None:
    shown = dom(tmp_path, "#find=axios")
    assert "my-repo: 0 of 4 edges." in shown
    shown = dom(tmp_path, "#find=npm+install&choose=secret/repository/APPLE_NOTARY_KEY")
    assert "my-repo: 2 of 4 edges." in shown
    assert "cut: move `npm install` into a job of its own" in shown
    assert shown.count("<tr>") == 2
