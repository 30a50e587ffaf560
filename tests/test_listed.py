"""Whatever is written is listed, and whatever is listed has its page and its tests."""

import importlib
import re
from pathlib import Path

import pytest

from seawall.cli.main import COMMANDS, help_of, load
from seawall.kernel.reach.keys import KEYS
from seawall.kernel.rule import rules_in
from seawall.readers.credentials import FORMATS as CREDENTIALS
from seawall.readers.format import CredentialFormat, Environment, Format, PipelineFormat
from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS
from seawall.readers.pipelines import FORMATS as PIPELINES
from seawall.readers.settings.seawall_toml import LAYOUT
from seawall.rules import RULES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "seawall"
DOCS = ROOT / "docs"


def modules(folder: Path) -> list[str]:
    files = [p for p in folder.rglob("*.py") if p.name != "__init__.py"]
    return [".".join(("seawall", *p.relative_to(PACKAGE).with_suffix("").parts)) for p in files]


def test_every_format_is_listed_once() -> None:
    found = {
        value.id
        for name in modules(PACKAGE / "readers" / "lockfiles")
        for value in vars(importlib.import_module(name)).values()
        for value in (value if isinstance(value, tuple) else (value,))
        if isinstance(value, Format)
    }
    assert found == {f.id for f in FORMATS}
    assert len(FORMATS) == len(found)


def test_every_environment_is_listed_once() -> None:
    found = {
        value.id
        for name in modules(PACKAGE / "readers" / "lockfiles")
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, Environment)
    }
    assert found == {e.id for e in ENVIRONMENTS}


def test_every_format_of_pipelines_is_listed_once() -> None:
    found = {
        value.id
        for name in modules(PACKAGE / "readers" / "pipelines")
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, PipelineFormat)
    }
    assert found == {f.id for f in PIPELINES}
    assert len(PIPELINES) == len(found)


@pytest.mark.parametrize("item", PIPELINES, ids=lambda item: item.id)
def test_every_format_of_pipelines_has_a_good_and_a_hostile_sample(item: PipelineFormat) -> None:
    place = ROOT / "tests" / "data" / "pipelines" / item.id
    for side in ("good", "hostile"):
        samples = [path for path in (place / side).rglob("*") if path.is_file()]
        assert len(samples) == 1, f"{place / side} holds {len(samples)} samples"


def test_every_tool_format_is_listed_once() -> None:
    from seawall.readers import tools
    from seawall.readers.format import ToolFormat

    found = [
        value
        for name in modules(PACKAGE / "readers" / "tools")
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, ToolFormat)
    ]
    assert {f.id for f in found} == {f.id for f in tools.FORMATS}
    assert len(tools.FORMATS) == len({f.id for f in found})
    text = (DOCS / "formats.md").read_text()
    assert all(f"| `{f.id}` | tool |" in text for f in tools.FORMATS)


def test_every_format_of_credentials_is_listed_once_and_documented() -> None:
    found = {
        item.id
        for name in modules(PACKAGE / "readers" / "credentials")
        for value in vars(importlib.import_module(name)).values()
        for item in (value if isinstance(value, tuple) else (value,))
        if isinstance(item, CredentialFormat)
    }
    assert found == {f.id for f in CREDENTIALS}
    assert len(CREDENTIALS) == len(found)
    text = (DOCS / "machine.md").read_text()
    for item in CREDENTIALS:
        assert f"`{item.id}`" in text
        assert item.kind in KEYS, "a kind without worth and cut"
        for place in item.places:
            assert f"`~/{place}`" in text, place


def test_every_rule_is_asked() -> None:
    found = {
        rule.id for name in modules(PACKAGE / "rules") for rule in rules_in(importlib.import_module(name))
    }
    assert found == {rule.id for rule in RULES}
    assert len(RULES) == len(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_its_page_and_its_trees(rule) -> None:  # type: ignore[no-untyped-def]
    text = rule.documentation
    assert rule.claim.endswith("."), "the first line is a sentence"
    for section in ("Why:", "Attack:", "Fix:"):
        assert section in text, f"{rule.id} does not say {section}"
    for side in ("bad", "good"):
        assert (ROOT / "tests" / "rules" / rule.id / side).is_dir(), f"{rule.id} has no {side} tree"


def test_every_tree_belongs_to_a_rule() -> None:
    ids = {rule.id for rule in RULES}
    for family in (p for p in (ROOT / "tests" / "rules").iterdir() if p.is_dir() and p.name != "__pycache__"):
        for case in family.iterdir():
            assert f"{family.name}/{case.name}" in ids


def test_every_command_is_listed_and_documented() -> None:
    written = {
        p.stem for p in (PACKAGE / "cli").glob("*.py") if re.search(r"^COMMAND = ", p.read_text(), re.M)
    }
    assert written == {name for name, _, _ in COMMANDS}
    for name, _, summary in COMMANDS:
        command = load(name)
        assert command.name == name
        assert summary
        page = DOCS / "commands" / f"{name}.md"
        assert page.is_file(), f"{page} is missing"
        options = re.findall(r"--[a-z][a-z-]+", "".join(help_of(command)))
        text = page.read_text()
        missing = [option for option in sorted(set(options) - {"--help"}) if f"{option}" not in text]
        assert not missing, f"docs/commands/{name}.md does not tell of {', '.join(missing)}"


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text()
    for setting in LAYOUT:
        assert f"`{setting.key}`" in text, setting
        assert setting.meaning in text, setting


def test_every_setting_of_the_firewall_is_documented() -> None:
    from seawall.readers.settings.firewall_toml import LAYOUT

    text = (DOCS / "firewall-settings.md").read_text()
    for key in LAYOUT:
        assert f"| `{key.table}` | `{key.key}` |" in text, key
        assert f"| {key.meaning} |" in text, key


def test_every_error_and_exit_code_is_documented() -> None:
    from seawall.kernel import errors

    text = (DOCS / "exit-codes.md").read_text()
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, Exception):
            assert name in text, name
            assert f"`{value.exit_code}`" in text, name


def test_every_skip_directory_of_the_walk_is_documented() -> None:
    from seawall.adapters.disk import tree

    text = (DOCS / "commands" / "scan.md").read_text()
    for name in tree.NOT_ENTERED:
        assert f"`{name}`" in text, name
