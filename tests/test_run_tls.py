"""`seawall run` to a firewall that listens with TLS under a CA of one's own: open, sealed, with a token.

The CA is made here; whoever runs the command names it with SSL_CERT_FILE, as for every other client.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from simulators.past import serving
from simulators.past_npm import PastNpm
from simulators.past_pypi import PastPypi
from simulators.running_gate import Running, running
from simulators.seal import BOTH, needs_seal

NOW = datetime.now(UTC)
CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[1] / ".clients"))
BIN = CLIENTS / "npm" / "node_modules" / ".bin"
needs_clients = pytest.mark.skipif(
    not ((BIN / "npm").exists() and (CLIENTS / "bin" / "uv").exists()), reason=f"no npm and uv in {CLIENTS}"
)
PROJECT = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["ebb"]\n'


def authority(place: Path) -> None:
    """`ca.pem`, and `own.pem` with `own.key` that it signed for localhost and 127.0.0.1."""
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("ca", "own")}
    names = {name: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in keys}
    for name, key in keys.items():
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[name])
            .issuer_name(names["ca"])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(hours=1))
            .not_valid_after(NOW + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(keys["ca"].public_key()), critical=False
            )
        )
        if name == "ca":
            usage = x509.KeyUsage(
                digital_signature=False, content_commitment=False, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                encipher_only=False, decipher_only=False,
            )  # fmt: skip
            builder = builder.add_extension(usage, critical=True)
        else:
            hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        made = builder.sign(keys["ca"], SHA256())
        (place / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (place / f"{name}.key").write_bytes(secret)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    authority(made)
    return made


@pytest.fixture(scope="module")
def gate(place: Path) -> Iterator[Running]:
    listen = f'[listen]\ncertificate = "{place}/own.pem"\nkey = "{place}/own.key"\n'
    more = f"{listen}[identity]\nanonymous = false\n"
    with serving(PastPypi(NOW)) as pypi, serving(PastNpm(NOW)) as npm:
        pypi.wheel("ebb", "1.0", NOW - timedelta(days=90))
        npm.publish("ebb", "1.0.0", NOW - timedelta(days=90), by="ann")
        upstreams = {"PyPI": pypi.index_url, "npm": npm.npm_url}
        with running(place, upstreams, more=more) as server:
            assert server.url.startswith("https://")
            yield server


@pytest.fixture(scope="module")
def token(gate: Running) -> str:
    done = gate.command("firewall", "token", "add", "ci")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Desk:
    """A tree and a home; `run` is `seawall run` with the token in T and our CA for SSL_CERT_FILE."""

    def __init__(self, gate: Running, root: Path, ca: Path, token: str) -> None:
        self.gate, self.root, self.tree, self.token = gate, root, root / "tree", token
        self.tree.mkdir(parents=True)
        self.told = {
            "PATH": f"{BIN}:{CLIENTS / 'bin'}:/usr/bin:/bin",
            "HOME": str(root),
            "SEAWALL_DATA": str(root / "data"),
            "SSL_CERT_FILE": str(ca),
            "T": token,
            "UV_PYTHON": sys.executable,
            "npm_config_update_notifier": "false",
        }

    def run(self, mode: str, *command: str, code: int = 0) -> dict[str, Any]:
        sealed = ["--sealed"] if mode == "sealed" else []
        words = ["--firewall", self.gate.url, "--token-from", "T", "--format", "json", *sealed, "--"]
        done = subprocess.run(
            [sys.executable, "-m", "seawall", "run", *words, *command],
            cwd=self.tree,
            env=self.told,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        self.err = done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        assert self.token not in done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        return found


@pytest.fixture
def desk(gate: Running, tmp_path: Path, place: Path, token: str) -> Desk:
    return Desk(gate, tmp_path, place / "ca.pem", token)


@needs_clients
@pytest.mark.parametrize("mode", BOTH)
def test_npm_fetches_locks_and_installs_again(desk: Desk, mode: str) -> None:
    (desk.tree / "package.json").write_text('{"private": true, "dependencies": {"ebb": "^1.0.0"}}')
    quiet = ("--no-audit", "--no-fund")
    answer = desk.run(mode, "npm", "install", *quiet)
    assert [item["name"] for item in answer["taken"]] == ["ebb"]
    lock = desk.tree / "package-lock.json"
    assert f"{desk.gate.url}/npm/ebb/-/ebb-1.0.0.tgz" in lock.read_text()
    answer = desk.run(mode, "npm", "ci", *quiet, "--cache", str(desk.root / "empty"))
    assert [item["name"] for item in answer["taken"]] == ["ebb"]
    assert (answer["refused"], answer["problems"], answer["sealed"]) == ([], [], mode == "sealed")


@needs_clients
@pytest.mark.parametrize("mode", BOTH)
def test_uv_fetches_locks_and_installs_again(desk: Desk, mode: str) -> None:
    (desk.tree / "pyproject.toml").write_text(PROJECT)
    for words in (("uv", "sync"), ("uv", "sync", "--frozen", "--reinstall", "--no-cache")):
        answer = desk.run(mode, *words)
        assert [item["name"] for item in answer["taken"]] == ["ebb"]
        assert (answer["refused"], answer["problems"]) == ([], [])
    assert f"{desk.gate.url}/pypi/files/ebb/" in (desk.tree / "uv.lock").read_text()


@needs_seal
def test_what_a_seal_refused_is_told_over_tls(desk: Desk) -> None:
    """The firewall's own address is refused inside as well: there only the relay is."""
    port = int(desk.gate.url.rpartition(":")[2])
    text = (
        "import socket, sys\n"
        f"for place in (('192.0.2.66', 8000), ('127.0.0.1', {port})):\n"
        "    try: socket.create_connection(place, timeout=5)\n"
        "    except ConnectionRefusedError: continue\n"
        "    sys.exit(9)\n"
    )
    answer = desk.run("sealed", sys.executable, "-c", text)
    assert answer["problems"] == []
    shown = desk.gate.command("ledger", "show", "--run", answer["run"], "--format", "jsonl").stdout
    events = [json.loads(line) for line in shown.splitlines()]
    refused = {event["names"]["place"] for event in events if event["action"] == "connect"}
    assert refused == {"192.0.2.66 8000", f"127.0.0.1 {port}"}
    assert [e["subject"] for e in events if e["action"] == "run"] == ["began-sealed", "ended-0"]


@pytest.mark.parametrize("mode", BOTH)
def test_a_firewall_that_nobody_vouches_for_is_not_spoken_to(desk: Desk, mode: str, place: Path) -> None:
    """Neither its certificate alone nor the machine's own roots: nothing starts, and no token was sent."""
    authority(desk.root)
    for name in (str(desk.root / "ca.pem"), ""):
        desk.told["SSL_CERT_FILE"] = name
        desk.run(mode, sys.executable, "-c", "open('ran', 'w')", code=3)
        assert "does not answer" in desk.err
        assert "certificate" in desk.err
        assert "SSL_CERT_FILE" in desk.err
    assert not (desk.tree / "ran").exists()
