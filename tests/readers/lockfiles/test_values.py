"""A file of too many values is refused before it costs a minute and gigabytes, and nothing else is."""

from dataclasses import replace

import pytest

from seawall.adapters.disk.tree import claimer
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Document, ProblemKind
from seawall.readers.lockfiles import FORMATS

LIMITS = replace(DEFAULT_LIMITS, values=60)
FULL = 100


def read(name: str, text: str) -> Document:
    item = claimer(FORMATS)(name)
    assert item is not None
    return item.read(text.encode(), name, LIMITS)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package-lock.json", '{"lockfileVersion": 3, "packages": {"x": [' + "{}," * FULL + "{}]}}"),
        ("bun.lock", '{"lockfileVersion": 1, "packages": {"x": [' + "[]," * FULL + "]}}"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages: [" + "{}," * FULL + "{}]\n"),
        ("uv.lock", "version = 1\n" + "[[package]]\n" * FULL),
        ("poetry.lock", "".join(f"a{n}.b.c.d = 1\n" for n in range(FULL // 4))),
        ("Cargo.lock", "version = 3\npackage = [" + "1," * FULL + "1]\n"),
    ],
)
def test_too_many_values_are_a_problem(name: str, text: str) -> None:
    document = read(name, text)
    assert not document.pins
    assert [(p.kind, p.message) for p in document.problems] == [(ProblemKind.TOO_MANY, "more than 60 values")]


def test_as_many_as_are_allowed_are_read() -> None:
    packages = ",".join(f'"node_modules/p{n}": {{"version": "1.0.{n}"}}' for n in range(20))
    document = read("package-lock.json", f'{{"lockfileVersion": 3, "packages": {{{packages}}}}}')
    assert len(document.pins) == 20
    assert not document.problems
