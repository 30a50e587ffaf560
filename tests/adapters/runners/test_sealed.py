"""A sealed command reaches the relay and nothing else, and what it tried is told."""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.adapters.runners.relay import Relay
from seawall.adapters.runners.sealed import Sealed
from seawall.adapters.runners.watch import Watch, attempt
from seawall.kernel.errors import OutsideError
from seawall.kernel.run import Attempt
from simulators.door import GateSimulator

ROOT = Path(__file__).parents[3]
PYTHON = sys.executable


def why_not() -> str:
    try:
        Sealed("https://firewall.example").close()
    except OutsideError as error:
        return str(error)
    return ""


WHY = why_not()
needs_a_seal = pytest.mark.skipif(bool(WHY), reason=f"no seal can be had here: {WHY}")


@dataclass
class Ended:
    code: int
    out: str
    attempts: dict[Attempt, int]
    missed: int = 0


@pytest.fixture
def gate() -> Iterator[GateSimulator]:
    made = GateSimulator()
    yield made
    made.close()


def sealed(gate: GateSimulator, tmp_path: Path, *command: str, **environment: str) -> Ended:
    """What a command inside does; it writes to the file that OUT names."""
    out = tmp_path / "out"
    seal = Sealed(gate.url)
    relay = Relay(gate.url, "", {}, seal.listener, seal.also)
    try:
        told = {"PATH": os.environ["PATH"], "OUT": str(out), "BASE": relay.base, **environment}
        code = seal.run(command, told)
    finally:
        seal.close()
        relay.close()
    return Ended(code, out.read_text() if out.exists() else "", seal.watch.attempts, seal.watch.missed)


def python(gate: GateSimulator, tmp_path: Path, text: str, **environment: str) -> Ended:
    before = "import os, socket, sys\nout = open(os.environ['OUT'], 'w')\n"
    return sealed(gate, tmp_path, PYTHON, "-c", before + text, **environment)


@needs_a_seal
def test_the_relay_is_reached_and_nothing_else_is(gate: GateSimulator, tmp_path: Path) -> None:
    text = """
import urllib.request
print(urllib.request.urlopen(os.environ["BASE"] + "/pypi/simple/ebb/").status, file=out)
for family, address in ((socket.AF_INET, ("192.0.2.7", 443)), (socket.AF_INET6, ("2001:db8::7", 8443))):
    try:
        socket.socket(family).connect(address)
    except ConnectionRefusedError:
        print("refused", file=out)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.sendto(b"secret", ("192.0.2.8", 9999))
try:
    socket.getaddrinfo("drop.example", 443)
except socket.gaierror:
    print("no name", file=out)
"""
    done = python(gate, tmp_path, text)
    assert (done.code, done.out.split("\n")[:4]) == (0, ["200", "refused", "refused", "no name"])
    assert done.attempts[Attempt("192.0.2.7", 443, "tcp")] == 1
    assert done.attempts[Attempt("2001:db8::7", 8443, "tcp")] == 1
    assert done.attempts[Attempt("192.0.2.8", 9999, "udp")] == 1
    assert any(item.host == "drop.example" and item.protocol == "dns" for item in done.attempts)
    assert not any(item.host == "127.0.0.1" for item in done.attempts)


@needs_a_seal
def test_the_firewalls_own_address_is_the_relay_too(gate: GateSimulator, tmp_path: Path) -> None:
    """A lockfile that names it works inside."""
    text = (
        "import urllib.request\nprint(urllib.request.urlopen(os.environ['FW'] + '/npm/ebb').status, file=out)"
    )
    assert python(gate, tmp_path, text, FW=gate.url).out == "200\n"


@needs_a_seal
def test_the_loopback_outside_is_another_one(gate: GateSimulator, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        text = f"""
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5)
    print("connected", file=out)
except ConnectionRefusedError:
    print("refused", file=out)
"""
        done = python(gate, tmp_path, text)
    assert done.out == "refused\n"
    assert done.attempts == {Attempt("127.0.0.1", port, "tcp"): 1}


@needs_a_seal
def test_servers_that_a_command_starts_for_itself_are_no_attempts(
    gate: GateSimulator, tmp_path: Path
) -> None:
    """A connection that is had, and one that is reset with data on the way, go nowhere else."""
    text = """
import struct
with socket.create_server(("127.0.0.1", 0)) as own:
    for reset in (False, True):
        one = socket.create_connection(own.getsockname())
        other, _ = own.accept()
        other.sendall(b"x")
        if reset:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
        other.close()
print("done", file=out)
"""
    done = python(gate, tmp_path, text)
    assert (done.out, done.attempts) == ("done\n", {})


@needs_a_seal
def test_a_flood_hides_nothing(gate: GateSimulator, tmp_path: Path) -> None:
    """Thousands of attempts to one place leave room for another; if they came too fast, that is known."""
    text = """
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(20_000):
    udp.sendto(b"x", ("192.0.2.8", 9999))
try:
    socket.create_connection(("192.0.2.66", 443), timeout=5)
except OSError:
    pass
"""
    done = python(gate, tmp_path, text)
    assert done.attempts.get(Attempt("192.0.2.66", 443, "tcp")) == 1 or done.missed
    assert done.attempts[Attempt("192.0.2.8", 9999, "udp")] + done.missed >= 20_000


@needs_a_seal
def test_nothing_that_would_lead_out_can_be_had(gate: GateSimulator, tmp_path: Path) -> None:
    """Sockets in the file system and to the hypervisor, packets, namespaces, other processes, the terminal."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        door.listen()
        text = f"""
import ctypes, fcntl
def tried(what, do):
    try:
        do()
        print(what, "done", file=out)
    except OSError as error:
        print(what, error.errno, file=out)
def called(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")
tried("unix", lambda: socket.socket(socket.AF_UNIX).connect({str(tmp_path / "door")!r}))
tried("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
tried("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
tried("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
tried("io_uring", lambda: called(425, 1, 0))
tried("first", lambda: os.open("/proc/1/ns/net", os.O_RDONLY))
tried("type", lambda: fcntl.ioctl(0, 0x5412, b"x"))
tried("outside", lambda: os.kill({os.getpid()}, 0))
tried("kernel", lambda: open("/proc/sys/kernel/core_pattern", "w"))
tried("pair", lambda: socket.socketpair())
print(os.readlink("/proc/self/ns/net"), os.readlink("/proc/self/ns/user"), file=out)
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")], file=out)
"""
        done = python(gate, tmp_path, text)
    said = dict(line.rsplit(" ", 1) for line in done.out.splitlines()[:10])
    assert said["unix"] == said["vsock"] == said["packet"] == "97"
    assert said["raw"] in ("1", "13")
    assert said["io_uring"] == "38"
    assert said["first"] in ("13", "2")
    assert said["type"] == "1"
    assert said["outside"] in ("3", "1")
    assert said["kernel"] in ("30", "13")
    assert said["pair"] == "done"
    net, user = done.out.splitlines()[10].split()
    assert net != str(Path("/proc/self/ns/net").readlink())
    assert user != str(Path("/proc/self/ns/user").readlink())
    held = eval(done.out.splitlines()[11])
    kept = sum(1 << bit for bit in (0, 1, 3, 4, 5, 6, 7, 8, 31))
    assert all(int(word, 16) & ~kept == 0 for word in held)


@needs_a_seal
def test_a_nested_namespace_opens_nothing(gate: GateSimulator, tmp_path: Path) -> None:
    text = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0x10000000), file=out)
try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
except OSError as error:
    print(error.errno, file=out)
try:
    socket.create_connection(("192.0.2.9", 80), timeout=5)
except OSError as error:
    print(type(error).__name__, file=out)
"""
    done = python(gate, tmp_path, text)
    assert done.out.split()[1:] == ["97", "ConnectionRefusedError"]
    assert Attempt("192.0.2.9", 80, "tcp") in done.attempts


@needs_a_seal
def test_files_keep_their_owner_and_the_code_is_the_commands(gate: GateSimulator, tmp_path: Path) -> None:
    done = sealed(gate, tmp_path, "sh", "-c", "echo here > made; echo $OUT > $OUT; exit 7", PWD=str(tmp_path))
    made = Path("made")
    try:
        assert done.code == 7
        assert made.stat().st_uid == os.geteuid()
        assert made.stat().st_gid == os.getegid()
    finally:
        made.unlink()


@needs_a_seal
def test_a_signal_ends_it_and_nothing_is_left(gate: GateSimulator, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = f"""
import subprocess, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", {str(mark)!r}])
open({str(mark)!r}, "w").close()
time.sleep(600)
"""

    def end() -> None:
        while not mark.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end).start()
    done = python(gate, tmp_path, text)
    assert done.code == 128 + signal.SIGTERM
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert str(mark).encode() not in place.read_bytes()
        except OSError:
            continue


@needs_a_seal
def test_a_program_that_is_not_there(gate: GateSimulator, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no program 'nothing-of-that-name'"):
        sealed(gate, tmp_path, "nothing-of-that-name")


@needs_a_seal
@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can become somebody else"
)
def test_it_works_for_whoever_is_not_root(tmp_path: Path) -> None:
    system = next((p for p in ("/usr/bin/python3",) if Path(p).exists()), None)
    if (
        system is None
        or subprocess.run(
            [system, "-c", "import sys; assert sys.version_info > (3, 11)"], check=False
        ).returncode
    ):
        pytest.skip("no Python of the system that is new enough")
    packages = next(Path(sys.prefix).glob("lib/python3*/site-packages"))
    code = (
        "import os\nfrom seawall.adapters.runners.sealed import Sealed\n"
        "s = Sealed('http://127.0.0.1:8080')\n"
        "c = s.run(['sh', '-c', 'id -u; exec 3<>/dev/tcp/192.0.2.1/80 || curl -sm3 192.0.2.1'], {'PATH': '/usr/bin:/bin'})\n"
        "s.close()\nprint(c, s.watch.attempts)"
    )
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", system, "-B", "-c", code],
        env={"PYTHONPATH": f"{ROOT / 'src'}:{packages}", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        cwd="/",
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("65534\n"), done.stderr


def test_where_it_cannot_be_had_it_says_so_and_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(OutsideError, match="cannot be had on darwin"):
        Sealed("http://127.0.0.1:1")


def test_a_step_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    inside = tmp_path / "inside.py"
    inside.write_text(
        "import socket, sys\ns = socket.socket(fileno=int(sys.argv[1]))\ns.recv(9)\n"
        's.sendall(b\'{"error": "a user namespace: Operation not permitted (EPERM)"}\\n\')\n'
    )
    monkeypatch.setattr("seawall.adapters.runners.sealed.INSIDE", inside)
    with pytest.raises(OutsideError, match="a user namespace: Operation not permitted") as caught:
        Sealed("http://127.0.0.1:1")
    assert "nothing was started" in caught.value.advice
    inside.write_text("")
    with pytest.raises(OutsideError, match="ended"):
        Sealed("http://127.0.0.1:1")


def ipv4(protocol: int, rest: bytes, to: str = "192.0.2.1", source: str = "0.0.0.0") -> bytes:
    ends = (socket.inet_aton(source), socket.inet_aton(to))
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(rest), 0, 0, 64, protocol, 0, *ends) + rest


def tcp(port: int, flags: int, number: int = 0) -> bytes:
    return struct.pack("!HHIIBBHHH", 4711, port, number, 0, 0x50, flags, 0, 0, 0)


class Packets(socket.socket):
    """Stands for the packet socket: what is sent to the other end leaves it."""

    def recvfrom(self, *_: object) -> tuple[bytes, tuple[object, ...]]:  # type: ignore[override]
        return super().recv(65_536), ("lo", 0x0800, socket.PACKET_OUTGOING)


def test_more_places_than_are_kept_are_missed_and_counted() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    watch = Watch(Packets(fileno=ours.detach()), most=2)
    with theirs:
        for host in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"):
            theirs.send(ipv4(6, tcp(443, 0x02), host))
        watch.close()
    assert watch.attempts == {Attempt("192.0.2.1", 443, "tcp"): 2, Attempt("192.0.2.2", 443, "tcp"): 1}
    assert watch.missed == 1


def test_what_a_packet_says() -> None:
    assert attempt(ipv4(6, tcp(443, 0x02))) == Attempt("192.0.2.1", 443, "tcp")
    assert attempt(ipv4(6, tcp(443, 0x12))) is None
    assert attempt(ipv4(6, tcp(443, 0x14))) is None
    assert attempt(ipv4(6, tcp(443, 0x02), "127.0.0.1")) is None
    assert attempt(ipv4(6, tcp(443, 0x14), "127.0.0.1", "127.0.0.2")) == Attempt("127.0.0.2", 4711, "tcp")
    assert attempt(ipv4(6, tcp(443, 0x14, 7), "127.0.0.1", "127.0.0.2")) is None
    assert attempt(ipv4(6, tcp(443, 0x04), "127.0.0.1", "127.0.0.2")) is None
    query = b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\4drop\7example\0" + b"\0\1\0\1"
    assert attempt(ipv4(17, struct.pack("!HHHH", 1, 53, 0, 0) + query, "127.0.0.1")) == Attempt(
        "drop.example", 53, "dns"
    )
    assert attempt(ipv4(17, struct.pack("!HHHH", 1, 53, 0, 0) + b"\0" * 11)) == Attempt(
        "192.0.2.1", 53, "udp"
    )
    assert attempt(ipv4(17, struct.pack("!HHHH", 1, 53, 0, 0) + b"\0" * 12 + b"\3a\nb\0")) == Attempt(
        "192.0.2.1", 53, "udp"
    )
    assert attempt(ipv4(1, b"\x08\0\0\0")) == Attempt("192.0.2.1", 0, "icmp")
    assert attempt(ipv4(1, b"\x03\3\0\0")) is None
    assert attempt(ipv4(132, b"x")) == Attempt("192.0.2.1", 0, "ip 132")


@given(st.binary(max_size=120))
def test_no_packet_is_a_crash(packet: bytes) -> None:
    found = attempt(packet)
    assert found is None or (found.host and found.host.isprintable())
