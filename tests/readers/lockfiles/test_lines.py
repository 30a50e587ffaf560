"""The line of a pin is where the file names it, for every pin of every public lockfile."""

import pytest

import compare_syft
from compare_syft import Case
from seawall.kernel.asset import pypi_name
from seawall.kernel.lockfile import Document, Pin

CASES = [case for case in compare_syft.cases() if case.listed]
BLOCKS = ("[[package]]", "[[packages]]")


def named_at(lines: list[str], pin: Pin) -> bool:
    """Whether the block that begins at the pin's line names the package, and one line is enough otherwise."""
    first = lines[pin.line - 1]
    if first.strip() in BLOCKS:
        return pypi_name(lines[pin.line].partition("=")[2].strip(' "')) == pypi_name(pin.name)
    if pin.path.endswith("conda-lock.yml"):
        block = "\n".join(lines[pin.line - 1 :]).partition("\n- ")[0]
        return first.startswith("- ") and f"name: {pin.name}\n" in pypi_name_or_same(block, pin)
    return pypi_name(pin.name) in pypi_name(first.replace("%40", "@").replace("%2F", "/"))


def pypi_name_or_same(block: str, pin: Pin) -> str:
    return block.replace("_", "-").lower() if pin.ecosystem == "PyPI" else block


def alias(lines: list[str], pin: Pin) -> bool:
    """An alias is locked under its own name, with the real one in the same entry."""
    return any(pin.name in line for line in lines[pin.line - 1 : pin.line + 3])


def check(document: Document, text: str) -> None:
    lines = text.split("\n")
    replaced = {line.rpartition("=> ")[2].split()[0] for line in lines if "=> " in line}  # go.mod
    wrong = [
        pin
        for pin in document.pins
        if not (named_at(lines, pin) or alias(lines, pin) or pin.name in replaced)
    ]
    assert not wrong, [(pin.name, pin.line, lines[pin.line - 1]) for pin in wrong[:5]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_line_is_exact(case: Case) -> None:
    for document in compare_syft.documents(case):
        check(document, case.files[document.path].decode())
        assert all(pin.line for pin in document.pins)


@pytest.mark.parametrize("name", ["npm-v3-warehouse", "npm-v3-ethena"])
def test_a_key_is_not_taken_for_a_wish_of_the_same_name(name: str) -> None:
    """The line holds the entry itself, which begins an object or a list, and not `"name": "^1.0.0"`."""
    case = next(case for case in CASES if case.name == name)
    lines = case.files[case.main].decode().split("\n")
    for pin in compare_syft.documents(case)[0].pins:
        assert lines[pin.line - 1].partition('":')[2].lstrip()[0] in "{["
