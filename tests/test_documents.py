"""What the documents say is true: commands run, links lead somewhere, options exist."""

import re
import shlex
from pathlib import Path

import pytest

from seawall.cli.main import load, parser_of
from seawall.readers.lockfiles import FORMATS
from seawall.readers.syntax import yaml

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def commands(text: str) -> list[str]:
    """Every line that a reader would type: in console blocks, behind `$ `."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        joined = re.sub(r"\\\n\s*", " ", block)
        found += [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_on_every_page_parse(page: Path) -> None:
    for line in commands(page.read_text()):
        words = shlex.split(line.partition("#")[0] if " #" in line else line)
        if words[:1] != ["seawall"]:
            continue
        rest = words[1:] or ["scan"]
        if rest[0] in ("--version", "--help"):
            continue
        if rest[0].startswith("-"):
            rest = ["scan", *rest]
        parser_of(load(rest[0])).parse_args(
            [w for w in rest[1:] if w not in (">", "|")][: _until_pipe(rest[1:])]
        )


def _until_pipe(words: list[str]) -> int:
    return min([i for i, w in enumerate(words) if w in ("|", ">", "&&", "||")], default=len(words))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for target in re.findall(r"`((?:docs|tests|src|bench|demo)/[\w./-]+\.(?:md|py|toml|json))`", text):
        # "my" is what a reader of CONTRIBUTING.md is about to write.
        assert "my_" in target or (ROOT / target).exists(), f"{page.name} names {target}"


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", page.read_text(), re.MULTILINE):
            assert (target[0] or target[1]) in targets, f"{page.name}: make {target}"


def test_the_action_uses_options_that_exist() -> None:
    from seawall.kernel.limits import DEFAULT_LIMITS

    text = (ROOT / "action.yml").read_text()
    action = yaml.load(text, DEFAULT_LIMITS)
    assert isinstance(action, dict)
    options = set(re.findall(r"--[a-z-]+", parser_of(load("scan")).format_help()))
    script = text[text.index('seawall" scan') :]
    assert set(re.findall(r"(--[a-z-]+)", script)) <= options
    assert "${{ inputs" not in re.sub(r"env:\n(?:\s+[A-Z_]+: .*\n|\s+#.*\n)+", "", text.split("runs:")[1]), (
        "inputs reach a shell through the environment only"
    )


def test_the_hook_runs_for_every_lockfile_name() -> None:
    from seawall.kernel.limits import DEFAULT_LIMITS

    hooks = yaml.load((ROOT / ".pre-commit-hooks.yaml").read_text(), DEFAULT_LIMITS)
    assert isinstance(hooks, list)
    (hook,) = hooks
    assert isinstance(hook, dict)
    pattern = re.compile(str(hook["files"]))
    missing = [
        glob
        for item in FORMATS
        if item.kind == "lockfile"
        for glob in item.globs
        if not any(character in glob for character in "*?[/") and not pattern.search(glob)
    ]
    assert not missing
    words = shlex.split(str(hook["entry"]))
    parser_of(load(words[1])).parse_args(words[2:])
