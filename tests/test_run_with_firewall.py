"""`seawall run` and the real firewall: who took what, for which run, and what a seal refused, is in the ledger."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulators.issuer import AUDIENCE, OWNER, Issuer
from simulators.past import serving
from simulators.past_pypi import PastPypi
from simulators.running_gate import Running, running
from simulators.seal import needs_seal

NOW = datetime.now(UTC)
CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[1] / ".clients"))
UV = CLIENTS / "bin" / "uv"
pytestmark = pytest.mark.skipif(not UV.exists(), reason=f"no uv in {CLIENTS}: make clients")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.close()


def github(issuer: Issuer) -> str:
    return f'[[identity.github]]\naudience = "{AUDIENCE}"\nissuer = "{issuer.url}"\nowners = ["{OWNER}"]\n'


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Running]:
    with serving(PastPypi(NOW)) as upstream:
        upstream.wheel("ebb", "1.0", NOW - timedelta(days=90))
        with running(
            tmp_path_factory.mktemp("gate"), {"PyPI": upstream.index_url}, more=github(issuer)
        ) as server:
            yield server


def told(gate: Running, place: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    tree = place / "tree"
    tree.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "seawall", "run", "--firewall", gate.url, *words],
        cwd=tree,
        env={
            "PATH": f"{UV.parent}:/usr/bin:/bin",
            "HOME": str(place),
            "SEAWALL_DATA": str(place / "d"),
            **more,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def recorded(gate: Running) -> list[dict[str, Any]]:
    done = gate.command("ledger", "show", "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def token(gate: Running, name: str) -> str:
    done = gate.command("firewall", "token", "add", name)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


INSTALL = ("--", "uv", "pip", "install", "--target", "t", "ebb")


def test_a_token_is_who_took_it(gate: Running, tmp_path: Path) -> None:
    secret = token(gate, "ci-main")
    done = told(gate, tmp_path, "--token-from", "T", *INSTALL, T=secret, UV_PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert "took     ebb 1.0" in done.stderr
    shown = recorded(gate)
    assert any("token:ci-main" in json.dumps(event) and "ebb" in json.dumps(event) for event in shown), shown
    assert secret not in json.dumps(shown) + gate.said()
    assert gate.command("firewall", "token", "revoke", "ci-main").returncode == 0


def test_an_ended_token_is_refused_with_its_name(gate: Running, tmp_path: Path) -> None:
    secret = token(gate, "old")
    gate.command("firewall", "token", "revoke", "old")
    done = told(gate, tmp_path, "--token-from", "T", *INSTALL, T=secret)
    assert done.returncode == 3
    assert "the token old was revoked on" in done.stderr
    assert not (tmp_path / "tree" / "t").exists()


def exchanged(gate: Running, signed: str) -> tuple[int, dict[str, object]]:
    body = json.dumps({"token": signed}).encode()
    asked = urllib.request.Request(f"{gate.url}/-/seawall/token", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_jobs_signed_token_is_exchanged_once(gate: Running, issuer: Issuer) -> None:
    now = datetime.now(UTC).timestamp()
    signed = issuer.signed(issuer.claims(now, jti="e2e"))
    status, said = exchanged(gate, signed)
    assert (status, said["id"], said["fork"]) == (200, "github:222", False)
    assert exchanged(gate, signed)[0] == 401
    assert exchanged(gate, issuer.signed(issuer.claims(now, jti="other", repository_owner_id="5")))[0] == 401
    assert any(event["action"] == "issue" for event in recorded(gate))


def test_where_nobody_is_anonymous_a_job_can_still_ask_for_a_token(tmp_path: Path, issuer: Issuer) -> None:
    more = f"[identity]\nanonymous = false\n{github(issuer)}"
    with serving(PastPypi(NOW)) as upstream:
        upstream.wheel("ebb", "1.0", NOW - timedelta(days=90))
        with running(tmp_path, {"PyPI": upstream.index_url}, more=more) as gate:
            assert told(gate, tmp_path, *INSTALL).returncode == 3
            now = datetime.now(UTC).timestamp()
            status, said = exchanged(gate, issuer.signed(issuer.claims(now, jti="shut")))
            assert status == 200
            # That somebody may ask for a token makes nobody known.
            with pytest.raises(urllib.error.HTTPError, match="401") as caught:
                urllib.request.urlopen(f"{gate.url}/pypi/simple/ebb/", timeout=20)
            caught.value.close()
            done = told(
                gate, tmp_path, "--token-from", "T", *INSTALL, T=str(said["token"]), UV_PYTHON=sys.executable
            )
            assert "took     ebb 1.0" in done.stderr


@needs_seal
def test_what_a_seal_refused_is_in_the_ledger(gate: Running, tmp_path: Path) -> None:
    text = (
        "import socket\ntry: socket.create_connection(('192.0.2.66', 8000), timeout=5)\nexcept OSError: pass"
    )
    done = told(gate, tmp_path, "--sealed", "--", sys.executable, "-c", text)
    assert done.returncode == 0, done.stderr
    assert "refused  a connection to 192.0.2.66 port 8000 (tcp)" in done.stderr
    assert "not in the ledger" not in done.stderr
    (refused,) = [event for event in recorded(gate) if event["action"] == "connect"]
    assert refused["delivery"] == "refused"
    assert "192.0.2.66 8000" in json.dumps(refused)


@needs_seal
def test_uv_installs_sealed(gate: Running, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["ebb"]\n'
    )
    for words in (("uv", "sync"), ("uv", "sync", "--frozen", "--reinstall", "--no-cache")):
        done = told(gate, tmp_path, "--sealed", "--", *words, UV_PYTHON=sys.executable)
        assert done.returncode == 0, done.stderr
        assert "took     ebb 1.0" in done.stderr
        assert "refused" not in done.stderr
    assert f"{gate.url}/pypi/files/ebb/" in (tmp_path / "tree" / "uv.lock").read_text()
    assert shutil.which("uv", path=str(UV.parent))


def test_a_run_is_in_the_ledger_and_one_without_an_end_is_a_gap(gate: Running, tmp_path: Path) -> None:
    done = told(gate, tmp_path, "--format", "json", "--", sys.executable, "-c", "raise SystemExit(3)")
    name = json.loads(done.stdout)["run"]
    shown = gate.command("ledger", "show", "--run", name, "--format", "jsonl")
    mine = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [(item["action"], item["subject"]) for item in mine] == [("run", "began"), ("run", "ended-3")]
    assert {item["names"]["run"] for item in mine} == {name}
    assert "has no end" not in gate.command("ledger", "coverage").stdout
    killed = subprocess.Popen(
        [sys.executable, "-m", "seawall", "run", "--firewall", gate.url, "--", "sleep", "60"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "SEAWALL_DATA": str(tmp_path / "d")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 30
        while "has no end" not in gate.command("ledger", "coverage").stdout:
            assert time.monotonic() < end
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    said = gate.command("ledger", "coverage").stdout
    assert "and has no end: it goes on, or was cut off, and it was not sealed" in said
    (gap,) = json.loads(gate.command("ledger", "coverage", "--format", "json").stdout)["unended"]
    assert (gap["action"], gap["subject"]) == ("run", "began")
