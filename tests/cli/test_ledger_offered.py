"""At the first start of a firewall a person at a terminal is asked who signs the ledger; nobody else ever is."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

OFFER = """
import sys
from seawall.cli.command import Streams
from seawall.cli.ledger_signed import offer_set_up
offer_set_up(Streams(sys.stdout, sys.stderr))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path


def offered(place: Path, answers: str, *, terminal: bool = True) -> tuple[str, Path]:
    """What was printed, and where the settings would be."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SEAWALL")},
        "SEAWALL_DATA": str(place / "data"),
        "XDG_CONFIG_HOME": str(place / "config"),
    }
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", OFFER]
    with subprocess.Popen(
        words,
        env=environment,
        stdin=theirs if terminal else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs if terminal else subprocess.STDOUT,
        text=True,
    ) as running:
        os.write(ours, answers.encode())
        out, _ = running.communicate(timeout=30)
    os.close(theirs)
    os.close(ours)
    assert running.returncode == 0
    return out, place / "config" / "seawall" / "ledger.toml"


def test_yes_sets_it_up(place: Path) -> None:
    out, settings = offered(place, "y\nledger.example/first\n\n\n")
    assert out.startswith("ledger.example/first: set up in ")
    assert settings.exists()
    assert offered(place, "y\n")[0] == "", "it is set up, so nobody is asked"


def test_no_is_an_answer(place: Path) -> None:
    out, settings = offered(place, "\n")
    assert (out, settings.exists()) == ("", False)


def test_who_has_a_ledger_was_asked_before(place: Path) -> None:
    (place / "data" / "ledger.db").touch()
    out, settings = offered(place, "y\nledger.example/late\n\n\n")
    assert (out, settings.exists()) == ("", False)


def test_nobody_is_asked_without_a_terminal(place: Path) -> None:
    out, settings = offered(place, "", terminal=False)
    assert (out, settings.exists()) == ("", False)
