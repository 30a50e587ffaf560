"""The real firewall in a process of its own, asked as its clients ask it.

    with running(tmp_path, {"PyPI": past.index_url}) as gate:
        gate.url            # http://127.0.0.1:PORT, https with a certificate in `more`
        gate.said()         # what it wrote to its log so far
        gate.events()       # what is in its ledger

It gets a data directory, a home and settings of its own, an index with `records` (and a harmless one for every
ecosystem), and its upstreams by ecosystem. It ends with the block, and must end cleanly.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .command_line import index

_LISTENS = re.compile(r"listens on (https?://\S+)")


@dataclass
class Running:
    url: str
    place: Path
    process: "subprocess.Popen[str]"
    environment: Mapping[str, str]
    log: list[str] = field(default_factory=list)

    def said(self) -> str:
        return "".join(self.log)

    def command(self, *words: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Another `seawall` command with the same data and settings."""
        return subprocess.run(
            [sys.executable, "-m", "seawall", *words],
            env=dict(self.environment),
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def events(self) -> list[dict[str, Any]]:
        done = self.command("ledger", "export", "--format", "jsonl")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


def settings(upstreams: Mapping[str, str], more: str = "") -> str:
    tables = [
        f'[[upstream]]\necosystem = "{ecosystem}"\nname = "first-{number}"\nurl = "{url}"\n'
        for number, (ecosystem, url) in enumerate(upstreams.items())
    ]
    return "\n".join([*tables, more])


@contextmanager
def running(
    place: Path,
    upstreams: Mapping[str, str],
    *,
    mode: str = "enforce",
    records: tuple[dict[str, Any], ...] = (),
    more: str = "",
    environment: Mapping[str, str] = {},
    timeout: float = 30.0,
) -> Iterator[Running]:
    """`more` is further text of firewall.toml."""
    home = place / "firewall"
    (home / "data").mkdir(parents=True)
    config = home / "firewall.toml"
    config.write_text(settings(upstreams, more))
    index(home / "data" / "advisories.db", *records, ecosystems=("PyPI", "npm"))
    own = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(home),
        "SEAWALL_DATA": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "seawall",
            "firewall",
            "--listen",
            "127.0.0.1:0",
            "--config",
            str(config),
            "--mode",
            mode,
        ],
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    gate = Running("", home, process, own)
    ready = threading.Event()
    readers = [
        threading.Thread(target=_read, args=(stream, gate, ready))
        for stream in (process.stdout, process.stderr)
    ]
    for reader in readers:
        reader.start()
    try:
        assert ready.wait(timeout), f"it did not start: {gate.said()}"
        assert gate.url, f"it did not start: {gate.said()}"
        yield gate
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"it did not end: {gate.said()}") from None
        finally:
            for reader in readers:
                reader.join()
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()
    assert process.returncode == 0, gate.said()


def _read(stream: Any, gate: Running, ready: threading.Event) -> None:
    for line in stream:
        gate.log.append(line)
        found = _LISTENS.search(line)
        if found:
            gate.url = found[1]
            ready.set()
    ready.set()
