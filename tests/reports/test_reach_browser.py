"""The page works in a real browser, under its own content security policy; skipped where there is none."""

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.reports.reach_sample import graph

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.credential import Credential
from seawall.kernel.machine import Installed, Inventory
from seawall.kernel.reach.edge import Reach
from seawall.kernel.reach.hands import Approval, FileHands, Grant, PlaceHands, StartHands
from seawall.kernel.reach.machine import machine_reach
from seawall.reports import reach_html

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --virtual-time-budget=2000 --dump-dom"
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium on this machine: apt-get install chromium"
)


def dom(tmp_path: Path, fragment: str = "", found: Reach | None = None) -> str:
    """What the page has become after its script ran."""
    page = tmp_path / "reach.html"
    page.write_text(reach_html.render(found or graph(), "my-repo"), encoding="utf-8")
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


def test_a_machine_shows_its_credentials(tmp_path: Path) -> None:
    kept = (
        Credential("vault", "<b>token</b>", "~/.vault-token", 1, mode="0644", owner_only=False),
        Credential(
            "ssh-key", "id", "~/.ssh/id", 1, mode="0600", encrypted=True, expires="2099-01-01T00:00:00Z"
        ),
    )
    tool = Installed(Code(CodeKind.TOOL, "ruff", Firmness.VERSION, "~/r.toml", 1))
    found = machine_reach(Inventory(kept, installed=(tool,)), datetime(2026, 1, 1, tzinfo=UTC))
    shown = dom(tmp_path, found=found)
    row = "<td>vault/&lt;b&gt;token&lt;/b&gt;</td><td>~/.vault-token:1</td><td>certain</td>"
    assert f"{row}<td>0644 (others can read it)</td><td>-</td>" in shown
    assert "<td>conditional</td><td>0600</td><td>2099-01-01T00:00:00Z</td><td>encrypted</td>" in shown
    assert "Credentials, named and never read out" not in dom(tmp_path)


def test_people_and_needless_grants_are_tables_of_their_own(tmp_path: Path) -> None:
    file = ".github/workflows/release.yml"
    place = f"{file}#sign"
    hands = PlaceHands(
        place,
        (FileHands(file, "workflow", ("@acme/release-team",)), FileHands("<i>.sh", "script", why="no line")),
        Approval("npm"),
        (StartHands("push", "who can push", names=()),),
    )
    grants = (Grant(place, "permission", "packages:write", "unneeded", "no step uses packages", file, 7),)
    shown = dom(tmp_path, found=replace(graph(), people=(hands,), unneeded=grants))
    assert shown.count("<tr>") == 5 + 5 + 2
    assert "@acme/release-team" in shown
    assert "<td>not known (no line)</td>" in shown
    assert "changed by: &lt;i&gt;.sh" in shown
    assert "no step uses packages" in shown
    assert "Who leads there" not in dom(tmp_path)
