"""`seawall reach --machine`: no canary is in any output, error or report, whatever the files hold."""

import io
import json
import os
import random
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.machine.laptop import Laptop, laptop
from tests.adapters.machine.leaks import leaks
from tests.readers.credentials.test_hostile_credential_files import mutated

from seawall.cli.main import main
from seawall.cli.reach import FORMATS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    for name in list(os.environ):
        if name != "PATH":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return path


def run(*words: str) -> tuple[int, str]:
    """(exit code, everything that was written)."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["reach", *words])
    return code, out.getvalue() + err.getvalue()


@pytest.fixture
def filled(home: Path) -> Laptop:
    it = laptop()
    it.write(home)
    return it


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("more", [(), ("--all",), ("--to", "npm/*"), ("--from", "ruff", "--all")], ids=str)
def test_no_output_holds_a_canary(
    filled: Laptop, monkeypatch: pytest.MonkeyPatch, kind: str, more: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SOME_TOKEN", filled.canaries[0])
    code, said = run("--machine", "--format", kind, "--report", f"{kind}=report", *more)
    assert code == 0
    for text in (said, Path("report").read_text()):
        assert not leaks(text, filled.canaries)
        assert "npm/registry.example" in text or "ruff" in more


def test_the_table_of_a_laptop(filled: Laptop, home: Path) -> None:
    (home / ".vault-token").chmod(0o644)
    home.chmod(0o755)
    _, said = run("--machine", "--all")
    rows = {line.split()[0]: line for line in said.splitlines() if line.startswith("  ") and line.strip()}
    assert "certain" in rows["aws/default"]
    assert "600 " in rows["aws/default"]
    assert "644!" in rows["vault/token"]
    assert "conditional" in rows["ssh-key/id_locked"]
    assert "strong" in rows["browser/Firefox"]
    assert "has ended" in rows["aws/work"]
    assert "renews" in rows["azure/login"]
    assert "2099-01-01" in rows["kubernetes/admin"]
    assert "given to @scope/server-files" in said
    assert "others on this machine can read the file" in said
    assert "worst:" in said
    assert "not looked at: ~/.config/fish/config.fish" in said


def test_json_has_the_inventory(filled: Laptop) -> None:
    _, said = run("--machine", "--format", "json")
    found = json.loads(said)
    assert found["schema"] == "seawall/reach/1"
    assert [place["id"] for place in found["places"]] == ["machine:this"]
    one = next(c for c in found["credentials"] if c["kind"] == "aws" and c["name"] == "default")
    assert one == {
        "kind": "aws", "name": "default", "path": "~/.aws/credentials", "line": 3, "held": "file", "mode": "0600",
        "owner_only": True, "readable": True, "expires": None, "renews": False, "encrypted": None, "scope": "",
        "note": "keys that do not end by themselves",
    }  # fmt: skip
    edges = [e for e in found["edges"] if e["target"]["name"] == "aws/default"]
    assert {e["confidence"] for e in edges} == {"certain"}
    assert {e["code"]["kind"] for e in edges} == {"script", "tool", "hook", "server", "extension", "agent"}
    assert {e["target"]["scope"] for e in edges} == {"~/.aws/credentials"}


def test_a_home_that_is_named_has_no_session(
    filled: Laptop, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "x")
    assert "variable/SOME_TOKEN" in run("--machine", "--all")[1]
    assert "variable/SOME_TOKEN" in run("--machine", str(home), "--all")[1]
    other = tmp_path / "other"
    other.mkdir()
    filled.write(other)
    said = run("--machine", str(other), "--all")[1]
    assert "variable/SOME_TOKEN" not in said
    assert "aws/default" in said


def test_the_host_is_in_no_report(filled: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    import platform
    import socket

    assert filled.files
    monkeypatch.setattr(socket, "gethostname", lambda: "nodename-of-ours")
    monkeypatch.setattr(platform, "node", lambda: "nodename-of-ours")
    monkeypatch.setenv("HOSTNAME", "nodename-of-ours")
    assert "nodename" not in run("--machine", "--format", "json")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("--machine", "none"),
        ("--machine", "--exclude", "x"),
        ("--machine", "--fix"),
        ("--machine", "--at", "HEAD"),
        (".x", "--machine"),
    ],
)
def test_wrong_calls(home: Path, words: tuple[str, ...]) -> None:
    assert home.is_dir()
    code, said = run(*words)
    assert code == 2
    assert "home directory" in said or "--machine" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
def test_the_home_of_somebody_else_has_to_be_named(filled: Laptop, home: Path) -> None:
    os.chown(home, 65534, 65534)
    code, said = run("--machine")
    assert code == 2
    assert "belongs to somebody else" in said
    code, said = run("--machine", str(home))
    assert code == 0
    assert not leaks(said, filled.canaries)


def test_an_empty_home(home: Path) -> None:
    for kind in FORMATS:
        code, said = run("--machine", str(home), "--format", kind)
        assert code == 0
        assert said


def test_nothing_is_started_and_no_socket_opened(filled: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    import subprocess

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was started or asked")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(os, "posix_spawn", refuse)
    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(socket, "socket", refuse)
    assert filled.files
    assert run("--machine")[0] == 0


@given(st.integers(0, 2**32))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_makes_an_output_hold_a_canary(home: Path, seed: int) -> None:
    it, dice = laptop(), random.Random(seed)
    it.files = {path: mutated(text, dice) for path, text in it.files.items()}
    it.write(home)
    for words in (("--format", "json"), ("--all",)):
        code, said = run("--machine", *words)
        assert code == 0
        assert not leaks(said, it.canaries)
