"""What `seawall` says in five strangers' published projects, word for word.

The trees hold only the lockfiles, manifests and settings of those repositories, hosts replaced. After a change that
is meant, look at `SEAWALL_GOLDEN=write python -m pytest tests/test_golden.py` and at the diff.
"""

import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.feeds.sync import sync
from seawall.reports.text import LINES, Look, render
from seawall.scan import Order, scan

HERE = Path(__file__).parent / "golden"
NAMES = sorted(path.name for path in HERE.iterdir() if (path / "tree").is_dir())
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WRITE = os.environ.get("SEAWALL_GOLDEN") == "write"
JARGON = re.compile(
    r"\b(principal|purl|cedar|sbom|osv record|fingerprint|attestation|provenance|intake|ledger|schema|enum|null)\b",
    re.IGNORECASE,
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without package managers, whose person knows the hosts that stand in for the real ones."""
    for name in list(os.environ):
        if re.match(r"(?i)(npm|pnpm|yarn|pip|uv|poetry|seawall|xdg|bun)_|CI$", name):
            monkeypatch.delenv(name)
    settings = tmp_path / "seawall.toml"
    settings.write_text('[registries]\nknown = ["registry.example", "files.example"]\n')
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "home"))
    monkeypatch.setenv("SEAWALL_CONFIG", str(settings))
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    sync(str(HERE / "advisories"), tmp_path / "data" / "advisories.db", now=NOW)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_word_for_word(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = place / name
    shutil.copytree(HERE / name / "tree", tree)
    monkeypatch.chdir(tree)
    said = render(scan(Order(Path(), offline=True), NOW), Look()) + "\n"
    expected = HERE / name / "expected.txt"
    if WRITE:
        expected.write_text(said)
    assert said == expected.read_text()
    assert len(said.splitlines()) <= LINES
    assert not JARGON.search(said)


def test_there_are_five() -> None:
    assert len(NAMES) == 5
