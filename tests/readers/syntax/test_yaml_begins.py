"""The line on which a YAML text begins, for every way to write one; and aliases that weigh too much."""

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.yaml import Mapping, load


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("k: a", 1),
        ("k: 'a'", 1),
        ('k: "a\n  b"', 1),
        ("k:\n  a", 2),
        ("k:\n\n  'a'", 3),
        ("k: |\n  a\n", 2),
        ("k: |-\n  a", 2),
        ("k: |+\n\n  a\n\n", 2),
        ("k: |2\n   a", 2),
        ("k: | # why\n  a", 2),
        ("k:\n  |\n  a", 3),
        ("k: &x |\n  a", 2),
        ("k: !!str |\n  a", 2),
        ("k: >\n  a\n  b", 1),
        ("k: >-\n\n  a", 1),
        ("k: {a: b}", 1),
        ("k:", 1),
        ("x: &a |\n  a\nk: *a", 2),
        ("x: &a b\nk: *a", 1),
        ("x: &a >\n  b\nk: *a", 3),
        ("k: |\r\n  a\r\n", 2),
    ],
)
def test_where_a_text_begins(text: str, line: int) -> None:
    body = load(text, DEFAULT_LIMITS)
    assert isinstance(body, Mapping)
    assert body.begins("k") == line


def test_aliases_weigh_by_their_text() -> None:
    text = "a: &a '" + "x" * 100_000 + "'\nb: [" + ", ".join(["*a"] * 2_000) + "]"
    with pytest.raises(SyntaxFault) as caught:
        load(text, DEFAULT_LIMITS)
    assert caught.value.kind is ProblemKind.TOO_MANY
    short = "a: &a 'x'\nb: [" + ", ".join(["*a"] * 2_000) + "]"
    assert load(short, DEFAULT_LIMITS)
