"""The command line as a person or a pipeline meets it: words in, exit code and streams out."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.adapters.feeds.sync import sync
from seawall.cli.main import main

from .osv import record, zipped


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def first(self) -> str:
        return self.out.splitlines()[0]

    @property
    def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def rules(self) -> set[str]:
        return {f["rule"] for f in self.answer["findings"]}


def run(*words: object, code: int | None = None, capsys: Any) -> Done:
    """In this process, which is quick."""
    capsys.readouterr()
    got = main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert code is None or got == code, (got, out, err)
    return Done(got, out, err)


def start(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "seawall", *map(str, words)],
        check=False,
        **{"capture_output": True, "text": True, "timeout": 60, **more},
    )


def index(path: Path, *records: dict[str, Any], ecosystems: tuple[str, ...] = ("npm",)) -> Path:
    """An advisory index that knows these records, and nothing bad beside."""
    from datetime import UTC, datetime

    for ecosystem in ecosystems:
        place = path.parent / "feeds" / ecosystem
        place.mkdir(parents=True, exist_ok=True)
        mine = [r for r in records if r["affected"][0]["package"]["ecosystem"] == ecosystem]
        mine = mine or [record(f"GHSA-{ecosystem}-0", ecosystem, "nobody-has-this", ("0.0.1",))]
        fresh = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        (place / "all.zip").write_bytes(zipped([{**r, "modified": fresh} for r in mine]))
    sync(str(path.parent / "feeds"), path, (), now=datetime.now(UTC))
    return path
