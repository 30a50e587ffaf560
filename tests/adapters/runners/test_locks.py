"""Lockfiles name the relay while a command runs; what opens it can be kept from other users meanwhile."""

import stat
from pathlib import Path

import pytest

from seawall.adapters.runners.locks import Swap, heal
from seawall.kernel.leading import Door

FIREWALL = "https://firewall.example:8443"
HERE = "http://127.0.0.1:4711/seawall-run-"
DOOR = Door(HERE + "0a" * 16, HERE + "1b" * 16, "2c" * 16)
FILES = {
    "package-lock.json": DOOR.base,
    "yarn.lock": DOOR.base,
    "poetry.lock": DOOR.base,
    "requirements-dev.txt": DOOR.keyed,
    "uv.lock": DOOR.lasting,
    "pnpm-lock.yaml": DOOR.lasting,
    "pylock.dev.toml": DOOR.lasting,
}
"""Which address each client asks by: the key is in its settings, in the address, or not needed."""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_what_stands_in_a_file_meanwhile_and_afterwards(tmp_path: Path, name: str, private: bool) -> None:
    path = tmp_path / name
    before = f'"{FIREWALL}/npm/ebb" and {FIREWALL}/pypi/simple/ and {FIREWALL}/other\n'
    path.write_text(before)
    path.chmod(0o644)
    swap = Swap(tmp_path, FIREWALL, DOOR, private)
    swap.put_in()
    put = FILES[name]
    assert path.read_text() == f'"{put}/npm/ebb" and {put}/pypi/simple/ and {FIREWALL}/other\n'
    assert mode(path) == (0o600 if private and put != DOOR.lasting else 0o644)
    assert swap.take_out() == ((), ())
    assert (path.read_text(), mode(path)) == (before, 0o644)
    swap.put_in()
    path.write_text(path.read_text() + f"{DOOR.keyed}/pypi/simple/ {DOOR.base}/npm/x\n")
    assert swap.take_out() == ((name,), ())
    assert path.read_text() == f"{before}{FIREWALL}/pypi/simple/ {FIREWALL}/npm/x\n"
    assert mode(path) == 0o644


@pytest.mark.parametrize("address", [DOOR.base, DOOR.kept, DOOR.keyed, DOOR.keyed.replace(DOOR.key, "****")])
def test_what_a_run_that_was_cut_off_left(tmp_path: Path, address: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"-i {address}/pypi/simple/\n")
    assert heal(tmp_path, FIREWALL) == ("requirements.txt",)
    assert path.read_text() == f"-i {FIREWALL}/pypi/simple/\n"
