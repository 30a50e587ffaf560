"""A command ends where its line ends, also where the grammar overlooks it."""

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.syntax.shell import parse_script


def _told(text: str) -> list[tuple[str, int]]:
    return [
        (" ".join(command.texts), command.line) for command in parse_script(text, DEFAULT_LIMITS).commands
    ]


@pytest.mark.parametrize("after", ["echo key > f", "# a remark\necho key > f", "\necho key > f"])
def test_a_redirected_command_behind_a_long_pipeline_is_its_own(after: str) -> None:
    told = _told(f"echo a | base64 -d | gpg --import\n{after}\nnpm ci\n")
    assert [command for command, _ in told] == ["echo a", "base64 -d", "gpg --import", "echo key", "npm ci"]
    assert told[3][1] == 2 + after.count("\n")


def test_a_condition_behind_a_long_pipeline_is_kept() -> None:
    script = parse_script("a | b | tee x\nif grep T x > y; then\n  npm install z\nfi\n", DEFAULT_LIMITS)
    assert script.commands[-1].texts == ("npm", "install", "z")
    assert script.commands[-1].condition
    assert not script.problems


def test_an_escaped_end_of_line_ends_nothing() -> None:
    assert _told("a | b | c --one \\\n  --two > f\n") == [("a", 1), ("b", 1), ("c --one --two", 1)]
