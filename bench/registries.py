"""Other registry proxies, each started as its makers say, in one process and with the simulator behind it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".bench" / "peers" / "bin"
NODE = ROOT / ".clients" / "bin"
VERDACCIO = ROOT / ".bench" / "peers" / "npm" / "node_modules" / ".bin" / "verdaccio"


@dataclass(frozen=True)
class Running:
    """A server under measurement: its process and its port."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu(self) -> float:
        """CPU seconds so far of the process and of all below it that live."""
        return sum(_ticks(pid) for pid in family(self.process.pid)) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> int:
        """Bytes: the high-water marks of all its processes together."""
        return sum(_high_water(pid) for pid in family(self.process.pid))


def family(pid: int) -> Iterator[int]:
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            yield from family(int(child))


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _high_water(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    words: Sequence[str], port: int, place: Path, environment: Mapping[str, str] = {}, ready: str = "/"
) -> Iterator[Running]:
    """The server while the block runs; it is ready when it answers anything at all at `ready`."""
    with (place / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            list(words),
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            cwd=place,
            start_new_session=True,
        )
    try:
        _await(f"http://127.0.0.1:{port}{ready}", process, place / f"{port}.log")
        yield Running(process, port)
    finally:
        # Some leave a process behind that serves on.
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended: {log.read_text()[-800:]}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing answers at {url}: {log.read_text()[-800:]}")


@contextmanager
def upstream(place: Path) -> Iterator[Running]:
    port = free_port()
    with running(
        [sys.executable, "-m", "bench.upstream", str(port)], port, place, {"PYTHONPATH": str(ROOT)}
    ) as it:
        yield it


@contextmanager
def proxpi(behind: int, place: Path) -> Iterator[Running]:
    port = free_port()
    words = [
        str(PEERS / "gunicorn"),
        "proxpi.server:app",
        "-w",
        "1",
        "--threads",
        "8",
        "-b",
        f"127.0.0.1:{port}",
    ]
    settings = {"PROXPI_INDEX_URL": f"http://127.0.0.1:{behind}/simple/"}
    with running(words, port, place, settings) as it:
        yield it


@contextmanager
def devpi(behind: int, place: Path) -> Iterator[Running]:
    port = free_port()
    data = place / "devpi"
    words = ["--serverdir", str(data), "--no-root-pypi"]
    subprocess.run([str(PEERS / "devpi-init"), *words], check=True, capture_output=True, cwd=place)
    serve = [
        str(PEERS / "devpi-server"),
        "--serverdir",
        str(data),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with running(serve, port, place, ready="/+api") as it:
        login = _sent(port, "POST", "/+login", {"user": "root", "password": ""})
        import base64

        secret = base64.b64encode(f"root:{login['result']['password']}".encode()).decode()  # type: ignore[index]
        mirror = {"type": "mirror", "mirror_url": f"http://127.0.0.1:{behind}/simple/", "volatile": True}
        _sent(port, "PUT", "/root/mirror", mirror, {"X-Devpi-Auth": secret})
        yield it


@contextmanager
def verdaccio(behind: int, place: Path) -> Iterator[Running]:
    port = free_port()
    settings = {
        "storage": str(place / "verdaccio"),
        "uplinks": {"up": {"url": f"http://127.0.0.1:{behind}/npm", "maxage": "60m"}},
        "packages": {"**": {"access": "$all", "proxy": "up"}},
        "log": {"type": "stdout", "level": "error"},
        "web": {"enable": False},
    }
    file = place / "verdaccio.yaml"
    file.write_text(json.dumps(settings))
    words = [str(NODE / "node"), str(VERDACCIO.resolve()), "-c", str(file), "-l", f"127.0.0.1:{port}"]
    with running(words, port, place, ready="/-/ping") as it:
        yield it


def _sent(
    port: int, method: str, path: str, body: Mapping[str, object], headers: Mapping[str, str] = {}
) -> dict[str, object]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        json.dumps(body).encode(),
        {"content-type": "application/json", "accept": "application/json", **headers},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, object] = json.load(answer)
    return found


def loaded(server: Running, path: str, connections: int, seconds: float, *headers: str) -> dict[str, object]:
    """What `bench.load` saw, and `cpu` µs of the server for each request."""
    words = [
        sys.executable,
        "-m",
        "bench.load",
        "127.0.0.1",
        str(server.port),
        path,
        str(connections),
        str(seconds),
    ]
    before = server.cpu()
    done = subprocess.run([*words, *headers], check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{path}: {done.stderr[-500:]}")
    found: dict[str, object] = json.loads(done.stdout)
    found["cpu"] = (server.cpu() - before) / float(found["requests"]) * 1e6  # type: ignore[arg-type]
    return found
