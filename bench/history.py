"""The walk through a history: 500 commits of a lockfile of 300 KB, against git handing out the same bytes."""

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import lockfiles
from .feeds import index_in
from .measure import Cost, Line, in_turn, minus
from .startup import Turn

COMMITS = 500
PACKAGES = 650
FILE = "package-lock.json"
BAD = ("axios", "1.14.1")
"""Locked for twenty commits in the middle, so that the walk has something to find."""


def write(place: Path) -> float:
    """A repository whose lockfile changes a little in every commit; the file's mean size in bytes."""
    stream = place.with_suffix(".stream")
    sizes = []
    text = lockfiles.package_lock(PACKAGES, 11)
    every = lockfiles.names(PACKAGES, 11)
    rng = random.Random(5)
    with stream.open("wb") as out:
        for number in range(COMMITS):
            name = rng.choice(every)
            old = f'"node_modules/{name}": {{\n      "version": "'
            at = text.index(old) + len(old)
            text = text[:at] + f"{number % 9}.{number}.0" + text[text.index('"', at) :]
            data = (_with_bad(text) if 240 <= number < 260 else text).encode()
            sizes.append(len(data))
            when = 1_700_000_000 + number * 3_600
            out.write(f"commit refs/heads/main\ncommitter Sample <s@example.invalid> {when} +0000\n".encode())
            out.write(f"data 4\nstep\nM 644 inline {FILE}\ndata {len(data)}\n".encode() + data + b"\n")
    git(["init", "-q", "-b", "main", str(place)])
    with stream.open("rb") as source:
        subprocess.run(["git", "-C", str(place), "fast-import", "--quiet"], stdin=source, check=True)
    git(["-C", str(place), "reset", "-q", "--hard", "main"])
    stream.unlink()
    return sum(sizes) / len(sizes)


def _with_bad(text: str) -> str:
    return text.replace(
        '"packages": {', f'"packages": {{"node_modules/{BAD[0]}": {{"version": "{BAD[1]}"}},', 1
    )


def git(words: list[str]) -> None:
    """Git, without anybody's settings."""
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *words], check=True, capture_output=True, env={**os.environ, **quiet})


def lines(place: Path) -> Iterator[Line]:
    """The walk is what a scan takes more than one with `--no-history`, with nothing remembered."""
    tree = place / "repository"
    size = write(tree)
    ids = place / "blobs"
    found = _git_output(tree, "log", "--all", "--raw", "--no-abbrev", "--format=")
    ids.write_text("".join(f"{line.split()[3]}\n" for line in found.splitlines() if line.startswith(":")))
    for what, more in (
        ("catalog of attacks", ()),
        ("20,000 malicious packages of the index", ("--index", str(index_in(place)))),
    ):
        yield from _walk(place, tree, ids, size, what, more)


def _walk(
    place: Path, tree: Path, ids: Path, size: float, what: str, more: tuple[str, ...]
) -> Iterator[Line]:
    turn = Turn(place)
    words = ("scan", str(tree), "--offline", *more)
    report = turn.report(*words)
    complete = not any(item["check"].startswith("history") for item in report["skipped"])
    hit = any(BAD[0] in item["asset"] for item in report["history"])
    whole, without, limit = in_turn(
        2, lambda: turn.run(*words), lambda: turn.run(*words, "--no-history"), lambda: _limit(tree, ids)
    )
    mine = minus(whole, without)
    for name, ours, theirs in (("wall", mine.wall, limit.wall), ("CPU", mine.cpu, limit.cpu)):
        yield Line(
            f"history of {COMMITS} commits of a lockfile of {size / 1000:.0f} KB for the {what}, {name}",
            f"{COMMITS / ours:,.0f} commits and versions/s" + ("" if complete and hit else " (not complete)"),
            f"{COMMITS / theirs:,.0f} (`git log --raw` and `git cat-file --batch` alone)",
            f"{ours / theirs:.1f} of its time",
            "whole, and what was bad is found" if name == "wall" else "",
            complete and hit,
        )


def _limit(tree: Path, ids: Path) -> Cost:
    from .measure import run

    script = 'git -C "$0" log --all --raw --no-abbrev --format=%H && git -C "$0" cat-file --batch < "$1"'
    return run(["sh", "-c", script, str(tree), str(ids)])


def _git_output(tree: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(tree), *words], check=True, capture_output=True, text=True)
    return done.stdout
