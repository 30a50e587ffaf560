"""Files made to be heavy: what is too much is refused, in bounded time and memory, and the report says so.

The bounds are those of `kernel/limits.py`: 64 MiB, 200,000 packages and six million values in one file.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from .measure import Line
from .startup import Turn

FULL = 64 * 1024 * 1024
SECONDS = 30
BYTES = 2_000_000_000


def _largest_lock() -> str:
    """What is read to the end: 64 MiB, close to 200,000 packages."""
    packages = {
        f"node_modules/package-{number}": {
            "version": f"1.{number}.0",
            "resolved": f"https://registry.example/package-{number}/-/package-{number}-1.{number}.0.tgz",
            "integrity": "sha512-" + "A" * 86 + "==",
            "dependencies": {f"package-{number + 1}": "^1.0.0"},
        }
        for number in range(200_000)
    }
    text = json.dumps({"lockfileVersion": 3, "packages": packages}, indent=0)
    return text if len(text) <= FULL else _shortened(packages, len(text))


def _shortened(packages: dict[str, dict[str, object]], size: int) -> str:
    keep = int(len(packages) * FULL / size * 0.98)
    return json.dumps({"lockfileVersion": 3, "packages": dict(list(packages.items())[:keep])}, indent=0)


def _many_pins() -> str:
    return "".join(f"package-{number}==1.{number}.0\n" for number in range(250_000))


def _dense_yaml() -> str:
    head = 'lockfileVersion: "9.0"\npackages: ['
    return head + "{}," * ((FULL - 100) // 3) + "{}]\n"


def _go_mod() -> str:
    return "module a.example/b\nrequire (\n" + "a.example/b v1.0.0\n" * ((FULL - 100) // 19) + ")\n"


CASES: tuple[tuple[str, str, Callable[[], str], str], ...] = (
    ("the largest package-lock.json that is read, 64 MiB", "package-lock.json", _largest_lock, ""),
    ("requirements.txt of 250,000 packages", "requirements.txt", _many_pins, "too-many"),
    (
        "package-lock.json one byte too large",
        "package-lock.json",
        lambda: " " * (FULL + 1),
        "too-large",
    ),
    (
        "64 MiB of empty objects in JSON",
        "package-lock.json",
        lambda: '{"packages":{"x":[' + "{}," * ((FULL - 100) // 3) + "{}]}}",
        "too-many",
    ),
    ("64 MiB of empty mappings in YAML", "pnpm-lock.yaml", _dense_yaml, "too-many"),
    (
        "64 MiB of empty tables in TOML",
        "uv.lock",
        lambda: "version = 1\n" + "[[package]]\n" * ((FULL - 100) // 12),
        "too-many",
    ),
    ("64 MiB of go.mod lines", "go.mod", _go_mod, "too-many"),
)


def lines(place: Path) -> Iterator[Line]:
    """One run each: bounds are looked at, not ratios."""
    turn = Turn(place)
    for number, (what, name, make, said) in enumerate(CASES):
        tree = place / f"hostile-{number}"
        tree.mkdir()
        (tree / name).write_text(make())
        size = (tree / name).stat().st_size / 1e6
        report = place / f"hostile-{number}.json"
        cost = turn.run(
            "scan", str(tree), "--offline", "--no-history", "--report", f"json={report}", memory=True
        )
        document = json.loads(report.read_text())
        told = any(f"({said})" in finding["message"] for finding in document["findings"])
        count = len(document["assets"])
        sound = told if said else bool(count)
        yield Line(
            f"{what} ({size:.0f} MB), with its JSON report: CPU and memory",
            f"{cost.cpu:.1f} s, {cost.peak / 1e6:.0f} MB"
            + (f", said to be {said}" if said and told else "")
            + (f", {count:,} packages" if count else ""),
            bar=f"≤ {SECONDS} s, ≤ {BYTES / 1e9:.0f} GB, said",
            met=sound and cost.cpu <= SECONDS and cost.peak <= BYTES,
        )
        (tree / name).unlink()
