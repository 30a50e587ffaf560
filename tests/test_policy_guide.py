"""The policy guide's examples are run, so that they stay true."""

import io
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from seawall.cli.command import Streams
from seawall.cli.main import parser_of
from seawall.cli.policy import COMMAND
from seawall.kernel.policy.facts import FACT_NAMES
from seawall.kernel.settings import POLICY_STRICTNESS

GUIDE = (Path(__file__).parent.parent / "docs" / "policy.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def run(*words: str) -> tuple[int, str]:
    out = io.StringIO()
    code = COMMAND.run(parser_of(COMMAND).parse_args(words), Streams(out, io.StringIO()))
    return code, out.getvalue()


def test_every_command_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (policy,) = blocks("cedar")
    (cases,) = [block for block in blocks("toml") if "[[case]]" in block]
    (tmp_path / "acme.cedar").write_text(policy)
    (tmp_path / "acme.toml").write_text(cases)
    said = []
    for block in blocks("console"):
        for command, shown in re.findall(r"^\$ seawall policy (.*)\n((?:[^$\n].*\n)*)", block, re.M):
            code, text = run(*shlex.split(command))
            assert code == 0, text
            assert not shown or text == shown
            said.append(text)
    assert said[0].startswith("allow:")
    assert said[1].startswith("deny:")
    assert len(said) == 4


def test_the_guide_knows_what_there_is() -> None:
    assert all(f"| `{name}` |" in GUIDE for name in POLICY_STRICTNESS)
    used = set(re.findall(r"context\.(\w+)", GUIDE))
    assert used <= set(FACT_NAMES)
    settings = [tomllib.loads(block) for block in blocks("toml") if "[policy]" in block]
    assert settings[0]["policy"]["use"] in POLICY_STRICTNESS
