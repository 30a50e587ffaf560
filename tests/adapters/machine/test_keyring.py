"""The operator's keyring is asked with fixed words, without our environment, and what it answers is shown nowhere.

The commands here do what `keyring` 25.7 does: a password on standard output; 1 and no word for no entry; a
traceback for what went wrong. `test_the_real_command` holds that against the real one.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from seawall.adapters.machine import keyring
from seawall.adapters.machine.credentials import credential_at
from seawall.adapters.machine.keyring import Keyring
from seawall.kernel.client import KEYRING, CredentialPlace
from seawall.kernel.errors import OutsideError

CANARY = "canary-of-the-keyring"
URL = "https://corp.example:8443/simple/"
FULL = f'[ "$2 $3" = "{URL} ci" ] && echo "{CANARY}" && exit 0\nexit 1\n'
TRACEBACK = 'echo "Traceback (most recent call last):" >&2; echo "{}: {}" >&2; exit 1\n'


class Desk:
    """A directory of PATH with a `keyring` in it that writes down how it was started."""

    def __init__(self, place: Path, does: str = FULL) -> None:
        self.bin, self.log = place / "bin", place / "log.txt"
        self.bin.mkdir(parents=True)
        self.does(does)

    def does(self, text: str) -> None:
        program = self.bin / "keyring"
        program.write_text(f'#!/bin/sh\n{{ echo "$@"; pwd; env; }} >> {self.log}\n{text}')
        program.chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": "/nonexistent", **more}

    @property
    def asked(self) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if line.startswith("get ")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def failure(of: Keyring, *services: str) -> OutsideError:
    with pytest.raises(OutsideError) as caught:
        of.password(services or (URL,), "ci")
    assert CANARY not in str(caught.value) + caught.value.advice + repr(caught.value)
    return caught.value


def test_it_is_asked_with_fixed_words_and_hardly_any_variables(desk: Desk) -> None:
    told = desk.environment(
        SEAWALL_STORE="secret-of-ours", AWS_SECRET_ACCESS_KEY="k", PYTHON_KEYRING_BACKEND="some.Backend",
        PYTHONPATH="/tmp/evil", LD_PRELOAD="evil.so", XDG_RUNTIME_DIR="/run/user/1",
    )  # fmt: skip
    assert Keyring(told).password((URL,), "ci") == CANARY
    said = desk.log.read_text()
    assert desk.asked == [f"get {URL} ci"]
    assert said.splitlines()[1] == "/"
    names = {line.partition("=")[0] for line in said.splitlines()[2:]}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {
        "PATH", "HOME", "PYTHONSAFEPATH", "PYTHON_KEYRING_BACKEND", "XDG_RUNTIME_DIR",
    }  # fmt: skip


def test_the_next_service_is_asked_where_the_first_has_nothing(desk: Desk) -> None:
    desk.does(f'[ "$2" = corp.example:8443 ] && echo "{CANARY}" && exit 0\nexit 1\n')
    ring = Keyring(desk.environment())
    assert ring.password((URL, "corp.example:8443"), "ci") == CANARY
    assert desk.asked == [f"get {URL} ci", "get corp.example:8443 ci"]


def test_without_the_command_it_says_what_to_do(tmp_path: Path) -> None:
    error = failure(Keyring({"PATH": str(tmp_path)}))
    assert "no keyring command on PATH" in str(error)
    assert "pipx install keyring" in error.advice
    assert "no keyring command" in str(failure(Keyring({})))


def test_none_is_started_from_the_project(desk: Desk, tmp_path: Path) -> None:
    """Neither one whose directory lies in it, nor a link from elsewhere into it."""
    error = failure(Keyring(desk.environment(), keep_out=desk.bin.parent))
    assert "outside of" in str(error)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "keyring").symlink_to(desk.bin / "keyring")
    failure(Keyring({"PATH": str(linked)}, keep_out=desk.bin.parent))
    failure(Keyring({"PATH": f"bin:{os.path.relpath(desk.bin)}"}))
    assert desk.asked == []
    other = Desk(tmp_path / "own")
    search = f"{desk.bin}:{other.bin}:/usr/bin:/bin"
    assert Keyring({"PATH": search}, keep_out=desk.bin.parent).password((URL,), "ci") == CANARY
    assert (desk.asked, other.asked) == ([], [f"get {URL} ci"])
    assert str(desk.bin) not in other.log.read_text()


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("exit 1\n", f"has no password for ci under {URL}"),
        ("exit 0\n", "has no password for ci"),
        (TRACEBACK.format("keyring.errors.KeyringLocked", CANARY), "it is locked"),
        (TRACEBACK.format("keyring.errors.InitError", CANARY), "could not be opened"),
        (TRACEBACK.format("keyring.errors.NoKeyringError", CANARY), "no backend"),
        (TRACEBACK.format("EOFError", "EOF when reading a line"), "wants somebody to type"),
        (TRACEBACK.format("RuntimeError", CANARY), "it ended with 1"),
        (f"echo {CANARY} >&2; exit 7\n", "it ended with 7"),
        (f"printf '{CANARY}\\nX: y'\n", "is no password"),
        (f"printf '{CANARY}\\377'\n", "is no password"),
        (f"printf '%070000d{CANARY}' 1\n", "is no password"),
    ],
)
def test_what_went_wrong_is_said_without_its_words(desk: Desk, does: str, says: str) -> None:
    desk.does(does)
    error = failure(Keyring(desk.environment()))
    assert says in str(error)
    assert error.advice


def test_one_that_does_not_answer_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "_SECONDS", 0.3)
    desk.does("sleep 60 & echo $! >> $0.pid; wait\n")
    assert "did not answer" in str(failure(Keyring(desk.environment())))
    left = Path(f"/proc/{(desk.bin / 'keyring.pid').read_text().strip()}/stat")
    end = time.monotonic() + 20  # it was killed; whoever collects it may take a moment
    while left.exists() and left.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < end
        threading.Event().wait(0.01)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_it_is_asked_anew_after_minutes(desk: Desk) -> None:
    clock, notes = Clock(), []
    ring = Keyring(desk.environment(), note=notes.append, clock=clock)
    for _ in range(3):
        assert ring.password((URL,), "ci") == CANARY
    assert len(desk.asked) == 1
    clock.now += 301
    desk.does("echo changed\n")
    assert ring.password((URL,), "ci") == "changed"
    clock.now += 301
    desk.does(TRACEBACK.format("keyring.errors.KeyringLocked", "x"))
    assert [ring.password((URL,), "ci") for _ in range(2)] == ["changed"] * 2
    assert len(notes) == 1
    assert "it is locked" in notes[0]
    clock.now += 301
    desk.does("exit 1\n")
    assert "has no password" in str(failure(ring))
    count = len(desk.asked)
    failure(ring)
    assert len(desk.asked) == count, "a missing entry is not asked for with every request"
    clock.now += 31
    desk.does(FULL)
    assert ring.password((URL,), "ci") == CANARY


def test_many_at_once_start_one_command(desk: Desk) -> None:
    ring = Keyring(desk.environment())
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(ring.password((URL,), "ci"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CANARY] * 12
    assert len(desk.asked) == 1


@pytest.mark.parametrize(
    ("ecosystem", "password", "expected"),
    [
        ("PyPI", "pw", "Basic Y2k6cHc="),
        ("PyPI", "p w:x", "Basic Y2k6cCB3Ong="),
        ("npm", "tok", "Bearer tok"),
        ("Hugging Face", "tok", "Bearer tok"),
        ("npm", "me:pw", "Basic bWU6cHc="),
    ],
)
def test_how_it_is_sent(desk: Desk, ecosystem: str, password: str, expected: str) -> None:
    desk.does(f"echo '{password}'\n")
    places = (CredentialPlace(KEYRING, "ci"),)
    ring = Keyring(desk.environment())
    found = credential_at(places, ecosystem, URL, desk.environment(), keyring=ring)
    assert found is not None
    assert (found.host, found.authorization) == ("corp.example:8443", expected)
    assert password not in repr(found) + str(found) + repr(ring)


@pytest.mark.parametrize("password", ["two words", "käse", ":"])
def test_what_no_header_can_hold_is_no_credential(desk: Desk, password: str) -> None:
    desk.does(f"printf '{password}'\n")
    places = (CredentialPlace(KEYRING, "ci"),)
    with pytest.raises(OutsideError, match="is no credential") as caught:
        credential_at(places, "npm", URL, desk.environment(), keyring=Keyring(desk.environment()))
    assert password not in str(caught.value) or password == ":"


def test_a_service_of_its_own_and_places_before_it(desk: Desk) -> None:
    desk.does(f'[ "$2" = poetry-repository-corp ] && echo "{CANARY}" && exit 0\nexit 1\n')
    told = desk.environment(CORP="from-a-variable")
    places = (CredentialPlace(KEYRING, "ci", "poetry-repository-corp"), CredentialPlace("", "CORP"))
    found = credential_at(places, "npm", URL, told, keyring=Keyring(told))
    assert found is not None
    assert found.authorization == "Bearer from-a-variable"
    assert desk.asked == []
    found = credential_at(places[:1], "npm", URL, told, keyring=Keyring(told))
    assert found is not None
    assert found.authorization == f"Bearer {CANARY}"
    # Where it would go in the clear it is not even asked for.
    assert credential_at(places[:1], "npm", "http://corp.example/", told, keyring=Keyring(told)) is None


@pytest.mark.online
def test_the_real_command(tmp_path: Path) -> None:
    """The package `keyring` with a file for a keyring, in an environment that is thrown away."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "v")], check=True, timeout=120)
    place = tmp_path / "v" / "bin"
    done = subprocess.run(
        [place / "python", "-m", "pip", "install", "-q", "keyring==25.7.0", "keyrings.alt==5.0.2"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"keyring cannot be had here: {done.stderr.splitlines()[-1:]}")
    told = {
        "PATH": f"{place}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
    }
    subprocess.run(
        [place / "keyring", "set", "corp.example:8443", "ci"], input=CANARY, text=True, env=told, check=True, timeout=60
    )  # fmt: skip
    assert Keyring(told).password((URL, "corp.example:8443"), "ci") == CANARY
    assert "has no password" in str(failure(Keyring(told), "elsewhere.example"))
    error = failure(Keyring({**told, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}))
    assert "no backend" in str(error)
