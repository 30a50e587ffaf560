"""An hour after a poisoned release: pip through the firewall, and what was written down.

A small registry on this machine stands for the public one; every package in it is inert. The firewall, pip
and the ledger are real. Everything is made anew in .demo/.
"""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent.parent
PLACE = HERE / ".demo" / "gate"
NAME = "tidewatch"
NOW = datetime.now(UTC)
AGES = {"1.4.0": timedelta(days=120), "1.4.1": timedelta(days=30), "1.4.2": timedelta(hours=1)}
POISON = b"import os; os.environ.setdefault('TIDEWATCH', '1')  # in the attack of 2026: exec(base64...)\n"
SIMPLE = "application/vnd.pypi.simple.v1+json"


def wheel(version: str) -> bytes:
    """An inert wheel; the youngest brings a file that Python runs at every start."""
    stem = f"{NAME}-{version}"
    files = {f"{NAME}/__init__.py": f"version = {version!r}\n".encode()}
    if version == "1.4.2":
        files[f"{NAME}.pth"] = POISON
    files[f"{stem}.dist-info/METADATA"] = (
        f"Metadata-Version: 2.4\nName: {NAME}\nVersion: {version}\n".encode()
    )
    files[f"{stem}.dist-info/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    lines = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in files.items()]
    files[f"{stem}.dist-info/RECORD"] = "\n".join([*lines, f"{stem}.dist-info/RECORD,,", ""]).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), data)
    return made.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


WHEELS = {f"{NAME}-{version}-py3-none-any.whl": (version, wheel(version)) for version in AGES}


class Registry(BaseHTTPRequestHandler):
    """The simple API for one name (PEP 691, 700)."""

    def do_GET(self) -> None:
        """A project page, or a wheel."""
        filename = self.path.rpartition("/")[2]
        if self.path == f"/simple/{NAME}/":
            self._send(json.dumps(self._page()).encode(), SIMPLE)
        elif filename in WHEELS:
            self._send(WHEELS[filename][1], "application/octet-stream")
        else:
            self.send_error(404)

    def _page(self) -> dict[str, object]:
        files = [
            {
                "filename": filename,
                "url": f"/files/{filename}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
                "size": len(data),
                "upload-time": (NOW - AGES[version]).isoformat().replace("+00:00", "Z"),
            }
            for filename, (version, data) in WHEELS.items()
        ]
        return {"meta": {"api-version": "1.1"}, "name": NAME, "versions": list(AGES), "files": files}

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def advisories() -> Path:
    """A directory of advisories, as `seawall sync` takes it: one old one for each ecosystem."""
    place = PLACE / "advisories"
    for ecosystem in ("PyPI", "npm"):
        record = {
            "id": f"MAL-2020-{ecosystem}",
            "modified": NOW.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "affected": [{"package": {"ecosystem": ecosystem, "name": "nobody-asks"}, "versions": ["1.0.0"]}],
        }
        (place / ecosystem).mkdir(parents=True)
        (place / ecosystem / f"MAL-2020-{ecosystem}.json").write_text(json.dumps(record))
    return place


def main() -> int:
    """0 when the young release was kept out three times and the ledger is sound."""
    shutil.rmtree(PLACE, ignore_errors=True)
    (PLACE / "home").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(PLACE / "home"),
        "SEAWALL_DATA": str(PLACE / "data"),
        "PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/simple/",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_NO_INPUT": "1",
    }
    run(["seawall", "sync", "--from", str(advisories())], environment, quiet=True)
    firewall = subprocess.Popen(
        ["seawall", "firewall", "--listen", "127.0.0.1:0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert firewall.stdout is not None
        address = firewall.stdout.readline().split()[-1]
        return session(address, environment)
    finally:
        firewall.terminate()
        firewall.communicate(timeout=30)
        server.shutdown()
        server.server_close()


def session(address: str, environment: dict[str, str]) -> int:
    """What a person would type, and what comes of it."""
    to = ["pip", "install", "--quiet", "--target", str(PLACE / "installed")]
    through = {**environment, "PIP_INDEX_URL": f"{address}/pypi/simple/"}
    say(f"{NAME} 1.4.2 was published an hour ago. It brings a .pth file, which Python runs at every start.")
    say("pip asks the firewall for the newest:")
    free = run([*to, NAME], through)
    print(f"  installed: {', '.join(sorted(p.name for p in (PLACE / 'installed').glob('*.dist-info')))}")
    say("somebody pins the poisoned one:")
    pinned = run([*to, "--upgrade", f"{NAME}==1.4.2"], through)
    say("a lockfile with digests names it, as `pip install --require-hashes` does it in CI:")
    lock = PLACE / "requirements.txt"
    digest = hashlib.sha256(WHEELS[f"{NAME}-1.4.2-py3-none-any.whl"][1]).hexdigest()
    lock.write_text(f"{NAME}==1.4.2 --hash=sha256:{digest}\n")
    locked = run([*to, "--upgrade", "--require-hashes", "-r", str(lock)], through)
    say("who took what, and is that still what was written down?")
    shown = run(["seawall", "ledger", "show"], environment)
    sound = run(["seawall", "ledger", "verify"], environment)
    good = free == shown == sound == 0 and pinned != 0 and locked != 0
    return 0 if good and not (PLACE / "installed" / f"{NAME}.pth").exists() else 1


def say(text: str) -> None:
    """A line of our own."""
    print(f"\n# {text}", flush=True)


def run(words: list[str], environment: dict[str, str], *, quiet: bool = False) -> int:
    """Run it as a person would; its words first."""
    if not quiet:
        shown = " ".join(
            str(Path(word).relative_to(HERE)) if word.startswith(str(HERE)) else word for word in words
        )
        print(f"$ {shown}", flush=True)
    done = subprocess.run(
        words, check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if not quiet or done.returncode:
        print("".join(f"  {line}\n" for line in done.stdout.splitlines() if line.strip()), end="", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
