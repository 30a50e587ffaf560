"""The witness as a process: it says where it is, ends when told, and is killed at the worst moment."""

import datetime
import ipaddress
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from seawall.adapters.http import Http, Patience
from seawall.adapters.signers.ed25519 import signed_by
from seawall.adapters.witnesses.asking import ask_witness
from seawall.kernel.errors import OutsideError
from seawall.kernel.note import Key, parse_key
from seawall.kernel.witnessing import Ask
from simulators.growing_log import GrowingLog

# Killed as soon as what is signed is on the disk, or as soon as half of it is.
KILLED = """
import os, sys
from seawall.adapters.witnesses.memory import Memory
from pathlib import Path
keep, rename = Memory.keep, Path.rename
def then_die(*words):
    keep(*words)
    os.kill(os.getpid(), 9)
def die(*words):
    os.kill(os.getpid(), 9)
if sys.argv.pop(1) == "after":
    Memory.keep = then_die
else:
    Path.rename = die
from seawall.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def process(
    state: Path, log: GrowingLog, *more: object, when: str = ""
) -> Iterator[tuple[subprocess.Popen[str], str, Key]]:
    words = [
        "ledger",
        "witness",
        "--listen",
        "127.0.0.1:0",
        "--state",
        str(state),
        "--log",
        log.signer.key.text,
        *map(str, more),
    ]
    start = ["-c", KILLED, when] if when else ["-m", "seawall"]
    with subprocess.Popen(
        [sys.executable, *start, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout
            line = running.stdout.readline()
            assert line, running.stderr.read() if running.stderr else ""
            url, key = line.split()
            yield running, url, parse_key(key)
        finally:
            if running.poll() is None:
                running.kill()


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http(patience=Patience(tries=1))
    yield http
    http.close()


def test_it_ends_when_told_and_remembers(tmp_path: Path, http: Http) -> None:
    log = GrowingLog(size=8)
    with process(tmp_path, log, "--name", "witness.example/p") as (running, url, key):
        assert key.name == "witness.example/p"
        reply = ask_witness(http, url, log.ask(0))
        assert signed_by(log.note().signed(*reply.signatures), [key])
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=15) == 0
    assert (tmp_path / "witness.key").stat().st_mode & 0o777 == 0o600
    with process(tmp_path, log) as (running, url, again):
        assert again == key
        assert ask_witness(http, url, log.ask(0)).size == 8
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=15) == 0


def test_an_idle_connection_does_not_keep_it(tmp_path: Path) -> None:
    log = GrowingLog(size=8)
    with process(tmp_path, log) as (running, url, _), urllib3.PoolManager(retries=False) as pool:
        assert pool.request("GET", url + "/").status == 404
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=8) == 0


def test_killed_after_it_wrote_down_what_it_signs(tmp_path: Path, http: Http) -> None:
    log = GrowingLog(size=8)
    with process(tmp_path, log, when="after") as (running, url, key):
        with pytest.raises(OutsideError):
            ask_witness(http, url, log.ask(0))
        assert running.wait(timeout=15) == -signal.SIGKILL
    fork = GrowingLog(log.origin)
    fork.signer, fork.leaves = log.signer, [bytes(32)] * 8
    with process(tmp_path, log) as (_, url, again):
        assert again == key
        assert ask_witness(http, url, fork.ask(0)).size == 8
        assert ask_witness(http, url, Ask(8, (), fork.note())).refused, (
            "nobody has the signature, but it was given"
        )
        assert ask_witness(http, url, log.ask(8)).signatures


def test_killed_while_it_writes(tmp_path: Path, http: Http) -> None:
    log = GrowingLog(size=8)
    with process(tmp_path, log) as (_, url, _key):
        ask_witness(http, url, log.ask(0, 5))
    with process(tmp_path, log, when="before") as (running, url, _key):
        with pytest.raises(OutsideError):
            ask_witness(http, url, log.ask(5))
        assert running.wait(timeout=15) == -signal.SIGKILL
    with process(tmp_path, log) as (_, url, _key):
        assert ask_witness(http, url, log.ask(0)).size == 5
        assert ask_witness(http, url, log.ask(5)).signatures


def certificate(place: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "witness")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (place / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (place / "key.pem").write_bytes(secret)
    return place / "cert.pem", place / "key.pem"


def test_over_tls(tmp_path: Path, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    log = GrowingLog(size=8)
    cert, secret = certificate(tmp_path)
    more = ("--certificate", cert, "--certificate-key", secret)
    with process(tmp_path / "state", log, *more) as (running, url, key):
        assert url.startswith("https://127.0.0.1:")
        with pytest.raises(OutsideError):
            ask_witness(http, url, log.ask(0))
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        trusting = Http(patience=Patience(tries=1))
        assert signed_by(log.note().signed(*ask_witness(trusting, url, log.ask(0)).signatures), [key])
        with urllib3.PoolManager(retries=False) as plain, pytest.raises(urllib3.exceptions.HTTPError):
            plain.request("GET", url.replace("https", "http") + "/")
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=15) == 0
        trusting.close()
    assert (tmp_path / "state" / "witness.key").exists()
