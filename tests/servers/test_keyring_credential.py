"""A firewall whose upstream's credential is in the operator's keyring: it gets in, and the value is nowhere else."""

import base64
import os
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators.past import serving, status
from tests.simulators.past_pypi import PastPypi
from tests.simulators.running_gate import Running, running

NOW = datetime.now(UTC)
CANARY = "canary-kept-in-a-keyring"
EXPECTED = f"Basic {base64.b64encode(f'ci:{CANARY}'.encode()).decode()}"
FILE = "/pypi/files/ebb/ebb-1.0-py3-none-any.whl"


@pytest.fixture
def upstream() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        server.wheel("ebb", "1.0", NOW - timedelta(days=90))
        server.choose = lambda asked: None if asked.headers.get("authorization") == EXPECTED else status(401)
        yield server


def command(place: Path, does: str) -> Path:
    """A directory with a `keyring` in it that writes down its words."""
    place.mkdir()
    program = place / "keyring"
    program.write_text(f'#!/bin/sh\necho "$@" >> {place}/asked\n{does}')
    program.chmod(0o755)
    return place


def table(upstream: PastPypi, place: str) -> str:
    address = f'url = "{upstream.index_url}"\ncredentials = [{place}]\n'
    return f'[[upstream]]\necosystem = "PyPI"\nname = "corp"\n{address}'


def asked(gate: Running, path: str) -> bytes:
    with urllib.request.urlopen(f"{gate.url}{path}", timeout=20) as answer:
        found: bytes = answer.read()
    return found


def test_it_gets_in_and_the_value_is_nowhere_else(upstream: PastPypi, tmp_path: Path) -> None:
    desk = command(tmp_path / "desk", f'[ "$2 $3" = "corp ci" ] && echo {CANARY} && exit 0\nexit 1\n')
    place = '{ keyring = "ci", service = "corp" }'
    told = {"PATH": f"{desk}:/usr/bin:/bin"}
    with running(tmp_path, {}, more=table(upstream, place), environment=told) as gate:
        assert b"ebb-1.0" in asked(gate, "/pypi/simple/ebb/")
        assert asked(gate, FILE)
        checked = gate.command("firewall", "check", "--config", str(gate.place / "firewall.toml"))
        assert "gets the credential in the keyring, of ci" in checked.stdout
        shown = (
            gate.command("ledger", "export", "--format", "jsonl").stdout + asked(gate, "/metrics").decode()
        )
        process = Path(f"/proc/{gate.process.pid}")
        public = b"".join(
            (process / name).read_bytes() for name in ("cmdline", "environ") if process.exists()
        )
        said = gate.said() + checked.stdout + checked.stderr + shown
    kept = [path for path in gate.place.rglob("*") if path.is_file()]
    everything = said.encode() + public + b"".join(path.read_bytes() for path in kept)
    everything += (desk / "asked").read_bytes()
    assert len(kept) > 3
    for word in (CANARY, EXPECTED.partition(" ")[2]):
        assert word.encode() not in everything
    # Once at the start, and once by the check.
    assert (desk / "asked").read_text() == "get corp ci\n" * 2
    assert {seen.headers.get("authorization") for seen in upstream.seen} == {EXPECTED}


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("", "there is no keyring command on PATH"),
        ("exit 1\n", "the keyring has no password for ci under corp"),
        (
            f'echo "keyring.errors.KeyringLocked: {CANARY}" >&2; exit 1\n',
            "the keyring gave no password: it is locked",
        ),
    ],
)
def test_what_is_missing_stops_the_start(upstream: PastPypi, tmp_path: Path, does: str, says: str) -> None:
    told = {"PATH": f"{command(tmp_path / 'desk', does)}:/usr/bin:/bin" if does else str(tmp_path)}
    place = '{ keyring = "ci", service = "corp" }'
    with (
        pytest.raises(AssertionError, match="it did not start") as caught,
        running(tmp_path, {}, more=table(upstream, place), environment=told),
    ):
        pass
    said = str(caught.value)
    assert f"the upstream corp of PyPI keeps its credential in a keyring: {says}" in said
    assert CANARY not in said
    assert not upstream.seen


def test_none_is_started_from_the_project_one_stands_in(
    upstream: PastPypi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (tmp_path / "project" / "deep").mkdir()
    desk = command(tmp_path / "project" / "bin", f"echo {CANARY}\n")
    monkeypatch.chdir(tmp_path / "project" / "deep")
    told = {"PATH": f"{desk}{os.pathsep}/usr/bin:/bin"}
    with (
        pytest.raises(AssertionError, match="it did not start") as caught,
        running(tmp_path, {}, more=table(upstream, '{ keyring = "ci" }'), environment=told),
    ):
        pass
    assert f"outside of {tmp_path / 'project'}" in str(caught.value)
    assert not (desk / "asked").exists()
