"""Plain text stays on this machine; with a certificate it is TLS, and a client's certificate is asked for."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from seawall.kernel.errors import OutsideError, UsageError
from seawall.kernel.gate_settings import Listen
from seawall.servers.firewall.runner import bases, configured, is_loopback, listening


def certificate(place: Path, name: str) -> tuple[str, str]:
    """(certificate, key) of one that vouches for itself, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    files = place / f"{name}.pem", place / f"{name}.key"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(files[0]), str(files[1])


async def hello(scope: Any, _receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": scope["scheme"].encode().ljust(5)})


@contextmanager
def served(listen: Listen) -> Iterator[str]:
    listener = listening(listen)
    (*_, address) = bases(listen, listener)
    server = uvicorn.Server(configured(hello, listen))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        listener.close()


def trusting(ca: str, own: tuple[str, str] | None = None) -> urllib3.PoolManager:
    context = ssl.create_default_context(cafile=ca)
    if own:
        context.load_cert_chain(*own)
    return urllib3.PoolManager(ssl_context=context, retries=False, timeout=5.0)


def test_with_a_certificate_it_is_tls(tmp_path: Path) -> None:
    own = certificate(tmp_path, "firewall")
    with served(Listen(port=0, certificate=own[0], key=own[1])) as address:
        assert address.startswith("https://localhost:")
        with trusting(own[0]) as client:
            assert client.request("GET", address).data == b"https"
        with (
            urllib3.PoolManager(retries=False, timeout=5.0) as plain,
            pytest.raises(urllib3.exceptions.HTTPError),
        ):
            plain.request("GET", address.replace("https", "http", 1))


def test_a_client_without_a_certificate_is_not_let_in_where_one_is_asked_for(tmp_path: Path) -> None:
    own, known, stranger = (certificate(tmp_path, name) for name in ("firewall", "known", "stranger"))
    listen = Listen(port=0, certificate=own[0], key=own[1], client_ca=known[0])
    with served(listen) as address:
        with trusting(own[0], known) as client:
            assert client.request("GET", address).status == 200
        for wrong in (None, stranger):
            with trusting(own[0], wrong) as client, pytest.raises(urllib3.exceptions.HTTPError):
                client.request("GET", address)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "firewall.example", ""])
def test_plain_text_stays_on_this_machine(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(UsageError, match="plain text"):
        listening(Listen(host=host, port=0))


def test_a_port_that_is_taken_is_said() -> None:
    with listening(Listen(port=0)) as first, pytest.raises(OutsideError, match="cannot be listened on"):
        listening(Listen(port=first.getsockname()[1]))
