"""A defect in Seawall itself is told as one, and never looks like an answer."""

import pytest

from seawall.cli import main as door
from seawall.cli.command import Command


def test_a_defect_is_no_denial(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object) -> int:
        raise KeyError("hunter2")

    monkeypatch.setattr(door, "load", lambda word: Command(word, "", lambda parser: None, broken))
    assert door.main(["scan"]) == 70
    said = capsys.readouterr()
    assert "a defect in Seawall itself: KeyError at test_defect.py:" in said.err
    assert "hunter2" not in said.err
    assert not said.out
    monkeypatch.setenv("SEAWALL_DEBUG", "1")
    with pytest.raises(KeyError):
        door.main(["scan"])
