"""The relay over TLS, under a path, and with a firewall that misbehaves."""

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from seawall.adapters.runners.relay import Relay, address_of
from seawall.kernel.errors import UsageError
from simulators.loopback import Server, say
from simulators.past import serving
from simulators.past_pypi import PastPypi

NOW = datetime.now(UTC)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def ask(url: str, method: str = "GET", **more: Any) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), **more)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def certificate(place: Path) -> tuple[Path, Path]:
    """A self-signed one for 127.0.0.1 and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "firewall")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = place / "c.pem", place / "k.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return public, private


def test_over_tls_only_to_whom_is_trusted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, private = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    server.answers["/npm/a"] = say(200, b"hello")
    url = server.url.replace("http:", "https:")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    server.http.handle_error = lambda *_: None  # type: ignore[method-assign]
    relay = Relay(url, "secret")
    assert ask(f"{relay.base}/npm/a")[0] == 502
    relay.close()
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    relay = Relay(url, "secret")
    assert ask(f"{relay.base}/npm/a")[::2] == (200, b"hello")
    assert server.seen[-1][1]["authorization"] == "Bearer secret"
    relay.close()


def test_what_a_child_sends_is_passed_on_without_what_is_a_claim(server: Server) -> None:
    body: list[bytes] = []

    def post(handler: BaseHTTPRequestHandler) -> None:
        body.append(handler.rfile.read(int(handler.headers["Content-Length"])))
        say(201, b"{}", Set_Cookie="a=b", X_Kept="yes")(handler)

    server.answers["/fw/npm/-/npm/v1/security/advisories/bulk"] = post
    relay = Relay(f"{server.url}/fw/", "secret", {"x-seawall-run": "run/1"})
    sent = {
        "Authorization": "Bearer own",
        "Cookie": "c",
        "X-Seawall-Commit": "forged",
        "X-Forwarded-For": "127.0.0.1",
        "X-Other": "kept",
        "npm-command": "audit",
    }
    status, headers, _ = ask(
        f"{relay.base}/npm/-/npm/v1/security/advisories/bulk?a=b", "POST", body=b"gz\0", headers=sent
    )
    assert status == 201
    assert headers["x-kept"] == "yes"
    assert "set-cookie" not in headers
    path, got = server.seen[0]
    assert path == "/fw/npm/-/npm/v1/security/advisories/bulk?a=b"
    assert got["authorization"] == "Bearer secret"
    assert got["x-seawall-run"] == "run/1"
    assert got["x-other"] == "kept"
    assert not {"cookie", "x-seawall-commit", "x-forwarded-for"} & got.keys()
    assert body == [b"gz\0"]
    relay.close()


def test_on_a_connection_that_is_kept_every_question_is_asked_once() -> None:
    """An answer that was read to its end and not closed made the next question be asked twice."""
    with serving(PastPypi(NOW)) as server:
        item = server.wheel("ebb", "1.0", NOW)
        relay = Relay(server.url, "", {})
        parts = urlsplit(relay.base)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            for _ in range(3):
                connection.request("GET", f"{parts.path}/files/ebb/{item.filename}")
                assert connection.getresponse().read() == item.data
            assert len(server.seen) == 3
        finally:
            connection.close()
            relay.close()


def test_no_redirect_is_followed(server: Server) -> None:
    server.answers["/a"] = say(302, Location="http://192.0.2.1/secret")
    server.answers["/b"] = say(302, Location=f"{server.url}/npm/c")
    relay = Relay(server.url, "secret")
    assert ask(f"{relay.base}/a")[1]["location"] == "http://192.0.2.1/secret"
    assert ask(f"{relay.base}/b")[1]["location"] == f"{relay.base}/npm/c"
    assert len(server.seen) == 2
    relay.close()


def test_a_chunked_answer_comes_whole_or_broken(server: Server) -> None:
    def chunked(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")
        handler.close_connection = True

    server.answers["/hf/a"] = chunked
    relay = Relay(server.url)
    assert ask(f"{relay.base}/hf/a")[::2] == (200, b"hello")
    relay.close()


def test_a_denial_without_a_reason_is_one_all_the_same(server: Server) -> None:
    for number, body in enumerate((b"", b"[]", b"x" * 99_999, json.dumps({"error": "a\nb" * 999}).encode())):
        server.answers[f"/npm/a/-/a-{number}.tgz"] = say(403, body)
    relay = Relay(server.url)
    for number in range(4):
        assert ask(f"{relay.base}/npm/a/-/a-{number}.tgz")[0] == 403
    reasons = [item.reason for item in relay.passages]
    assert reasons[:3] == ["denied without a reason"] * 3
    assert "\n" not in reasons[3]
    assert len(reasons[3]) <= 300
    relay.close()


def test_many_at_once(server: Server) -> None:
    server.answers["/npm/a/-/a-1.tgz"] = say(200, b"x" * 100_000)
    relay = Relay(server.url, "secret")
    sizes: list[int] = []

    def fetch() -> None:
        for _ in range(5):
            sizes.append(len(ask(f"{relay.base}/npm/a/-/a-1.tgz")[2]))

    threads = [threading.Thread(target=fetch) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [100_000] * 80
    assert len(relay.passages) == 80
    relay.close()


def test_a_body_that_is_too_large_or_of_unknown_size(server: Server) -> None:
    relay = Relay(server.url)
    assert ask(f"{relay.base}/npm/a", "POST", headers={"Content-Length": "99999999999"})[0] == 413
    assert (
        ask(f"{relay.base}/npm/a", "POST", headers={"Transfer-Encoding": "chunked"}, body=b"0\r\n\r\n")[0]
        == 411
    )
    assert server.seen == []
    relay.close()


def test_addresses() -> None:
    assert address_of("https://fw.example:8443/x/") == "https://fw.example:8443/x"
    for bad in ("fw", "file:///x", "http://u@h", "http://h/?q", "http://h/#f", "http://h x", "http://h:0"):
        with pytest.raises(UsageError):
            address_of(bad)
