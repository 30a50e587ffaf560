import gzip
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from seawall.adapters.http import Http, Patience
from seawall.kernel.errors import OutsideError
from simulators.loopback import Answer, Server, in_turn, say, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as made:
        yield made


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(patience=Patience(connect=1, read=1, total=2, tries=3))
    yield client
    client.close()


def test_an_answer(server: Server, http: Http) -> None:
    server.answers["/a"] = say(200, b"hello", ETag="x")
    got = http.request("GET", f"{server.url}/a")
    assert (got.status, got.body, got.headers["etag"]) == (200, b"hello", "x")
    assert server.seen[0][1]["user-agent"].startswith("seawall/")


def test_it_tries_again_and_waits_as_told(server: Server, http: Http) -> None:
    server.answers["/a"] = in_turn(say(503), say(429, Retry_After="1"), say(200, b"ok"))
    start = time.monotonic()
    assert http.request("GET", f"{server.url}/a").body == b"ok"
    assert time.monotonic() - start >= 1


def test_a_storm_of_429_ends_with_the_429(server: Server, http: Http) -> None:
    server.answers["/a"] = say(429, Retry_After="900")
    assert http.request("GET", f"{server.url}/a").status == 429
    assert len(server.seen) == 1


def test_nobody_there_fails_fast(http: Http) -> None:
    start = time.monotonic()
    with pytest.raises(OutsideError, match=r"127\.0\.0\.1:9 cannot be reached"):
        http.request("GET", "http://127.0.0.1:9/")
    assert time.monotonic() - start < 3


def test_an_endless_body_is_cut(server: Server, http: Http) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            return

    server.answers["/a"] = endless
    with pytest.raises(OutsideError, match="more than 1000 bytes"):
        http.request("GET", f"{server.url}/a", limit=1000)


def test_a_gzip_bomb_is_cut(server: Server, http: Http) -> None:
    server.answers["/a"] = say(200, gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip")
    with pytest.raises(OutsideError, match="more than 1000000 bytes"):
        http.request("GET", f"{server.url}/a", limit=1_000_000)


def test_a_bomb_below_the_limit_is_cut_before_it_is_large(server: Server, http: Http) -> None:
    server.answers["/bomb"] = say(200, gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip")
    with pytest.raises(OutsideError, match="grows more than 100 times"):
        http.request("GET", f"{server.url}/bomb", limit=60_000_000)
    server.answers["/dense"] = say(200, gzip.compress(b"0" * 4_000_000), Content_Encoding="gzip")
    assert len(http.request("GET", f"{server.url}/dense", limit=60_000_000).body) == 4_000_000


def test_a_slow_body_is_cut(server: Server, http: Http) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    server.answers["/a"] = slow
    start = time.monotonic()
    with pytest.raises(OutsideError, match=r"too slow|did not answer|broke off"):
        Http(patience=Patience(connect=1, read=0.5, total=1.5, tries=1)).request("GET", f"{server.url}/a")
    assert time.monotonic() - start < 12


def test_a_redirect_carries_no_credential_to_another_host(server: Server, http: Http) -> None:
    other = Server()
    other.answers["/b"] = say(200, b"there")
    server.answers["/a"] = say(302, Location=f"{other.url}/b")
    server.answers["/same"] = say(302, Location="/c")
    server.answers["/c"] = say(200)
    headers = {"Authorization": "Bearer not-a-real-token"}
    assert http.request("GET", f"{server.url}/a", headers=headers).body == b"there"
    assert "authorization" not in other.seen[0][1]
    http.request("GET", f"{server.url}/same", headers=headers)
    assert server.seen[-1][1]["authorization"] == headers["Authorization"]
    other.close()


def test_circles_end(server: Server, http: Http) -> None:
    server.answers["/a"] = say(302, Location="/a")
    with pytest.raises(OutsideError, match="in circles"):
        http.request("GET", f"{server.url}/a")


@pytest.mark.parametrize("location", ["", "file:///etc/passwd", "ftp://x/"])
def test_a_redirect_to_nowhere(server: Server, http: Http, location: str) -> None:
    server.answers["/a"] = say(302, Location=location)
    with pytest.raises(OutsideError, match="nowhere"):
        http.request("GET", f"{server.url}/a")


def test_no_credential_in_any_message(http: Http) -> None:
    for url in (
        "http://ci:not-a-real-password@127.0.0.1:9/x?token=not-a-real-password",
        "ftp://ci:not-a-real-password@h/",
    ):
        with pytest.raises(OutsideError) as caught:
            http.request("GET", url)
        assert "not-a-real" not in str(caught.value) + caught.value.advice


def test_download(server: Server, http: Http, tmp_path: Path) -> None:
    server.answers["/f"] = say(200, b"data" * 1000)
    server.answers["/gone"] = say(404)
    assert http.download(f"{server.url}/f", tmp_path / "f", 10_000) == 4000
    assert (tmp_path / "f").read_bytes() == b"data" * 1000
    with pytest.raises(OutsideError, match="answered 404"):
        http.download(f"{server.url}/gone", tmp_path / "g", 10_000)
    with pytest.raises(OutsideError, match="more than 10 bytes"):
        http.download(f"{server.url}/f", tmp_path / "h", 10)


def test_a_broken_download_leaves_no_file_and_a_passing_fault_is_tried_again(
    server: Server, http: Http, tmp_path: Path
) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 10)

    server.answers["/f"] = in_turn(say(503), cut, say(200, b"whole"))
    server.answers["/cut"] = cut
    assert http.download(f"{server.url}/f", tmp_path / "f", 10_000) == 5
    with pytest.raises(OutsideError, match="broke off"):
        http.download(f"{server.url}/cut", tmp_path / "c", 10_000)
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def drip(text: bytes) -> Answer:
    """One byte each tenth of a second: every single wait is short."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        try:
            for byte in text:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    return answer


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.0 200 OK\r\nX: " + b"y" * 200,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 200,
    ],
    ids=["headers", "chunk size"],
)
def test_dripping_is_cut_at_the_deadline(server: Server, text: bytes) -> None:
    head, _, _ = text.partition(b"X: ") if b"X: " in text else (text.rstrip(b"0"), b"", b"")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        drip(text[len(head) :])(handler)

    server.answers["/a"] = answer
    start = time.monotonic()
    with pytest.raises(OutsideError, match=r"in time|too slow"):
        Http(patience=Patience(connect=1, read=1, total=0.8)).request("GET", f"{server.url}/a")
    assert time.monotonic() - start < 2


def test_a_silent_name_server_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(1) or [])
    start = time.monotonic()
    with pytest.raises(OutsideError, match="host\\.example cannot be reached: the name server"):
        Http(patience=Patience(connect=0.2)).request("GET", "https://host.example/")
    assert time.monotonic() - start < 0.9


def test_many_addresses_that_swallow_packets_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    class Hole(socket.socket):
        def connect(self, address: object) -> None:
            time.sleep(self.gettimeout() or 0)
            raise TimeoutError("timed out")

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443))] * 16
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    monkeypatch.setattr(socket, "socket", Hole)
    start = time.monotonic()
    with pytest.raises(OutsideError, match="cannot be reached"):
        Http(patience=Patience(connect=1.2)).request("GET", "https://host.example/")
    assert time.monotonic() - start < 2


def test_only_what_asks_is_asked_twice(server: Server, http: Http) -> None:
    server.answers["/a"] = say(503)
    assert http.request("POST", f"{server.url}/a", body=b"x").status == 503
    assert len(server.seen) == 1
    assert http.request("POST", f"{server.url}/a", body=b"x", repeatable=True).status == 503
    assert len(server.seen) == 4


def test_a_date_to_come_back_counts_from_the_servers_own_clock(server: Server, http: Http) -> None:
    far = say(429, Retry_After="Mon, 01 Jan 2035 01:00:00 GMT", Date="Mon, 01 Jan 2035 00:00:00 GMT")
    server.answers["/far"] = far
    assert http.request("GET", f"{server.url}/far").status == 429
    assert len(server.seen) == 1


def test_a_password_in_the_address_goes_to_its_host_only(server: Server, http: Http) -> None:
    other = Server()
    other.answers["/b"] = say(200)
    server.answers["/a"] = say(200)
    server.answers["/away"] = say(302, Location=f"{other.url}/b")
    url = server.url.replace("http://", "http://ci:not-a-real-password@")
    answer = http.request("GET", f"{url}/a")
    assert server.seen[0][1]["authorization"] == "Basic Y2k6bm90LWEtcmVhbC1wYXNzd29yZA=="
    assert "not-a-real" not in answer.url
    http.request("GET", f"{url}/away", headers={"X-Token": "not-a-real-token", "Accept": "a/b"})
    assert not {"authorization", "x-token"} & set(other.seen[0][1])
    assert other.seen[0][1]["accept"] == "a/b"
    other.close()


def test_what_was_sent_to_one_host_is_not_sent_to_another(server: Server, http: Http) -> None:
    server.answers["/a"] = say(307, Location="http://localhost:9/b")
    with pytest.raises(OutsideError, match="what was sent to it"):
        http.request("POST", f"{server.url}/a", body=b"a list of what we use")


def test_a_redirect_never_leaves_https_or_this_machine_for_plain_http(server: Server, http: Http) -> None:
    server.answers["/a"] = say(302, Location="http://mirror.example/x")
    with pytest.raises(OutsideError, match="plain http"):
        http.request("GET", f"{server.url}/a")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for(server: Server, http: Http, encoding: str) -> None:
    server.answers["/a"] = say(200, b"xx", Content_Encoding=encoding)
    with pytest.raises(OutsideError, match="nobody asked for"):
        http.request("GET", f"{server.url}/a")


def test_gzip_in_members_and_cut_short(server: Server, http: Http) -> None:
    whole = gzip.compress(b"one") + gzip.compress(b"two")
    server.answers["/a"] = say(200, whole, Content_Encoding="gzip")
    assert http.request("GET", f"{server.url}/a").body == b"onetwo"
    server.answers["/cut"] = say(200, whole[:-9], Content_Encoding="gzip")
    server.answers["/not"] = say(200, b"not gzip at all", Content_Encoding="gzip")
    for path in ("/cut", "/not"):
        with pytest.raises(OutsideError, match="broke off"):
            http.request("GET", server.url + path)


@pytest.fixture
def tls(server: Server) -> Iterator[Server]:
    import ssl

    made = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "localhost.pem")
    made.http.socket = context.wrap_socket(made.http.socket, server_side=True)
    made.url = made.url.replace("http://", "https://")
    made.answers["/a"] = say(200, b"secret")
    yield made
    made.close()


CERTIFICATES = Path(__file__).parent.parent / "data" / "http"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_server_is_trusted_by_the_roots_that_are_named(
    tls: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(name, str(CERTIFICATES / "localhost-root.pem"))
    assert Http().request("GET", f"{tls.url}/a").body == b"secret"


def test_a_server_that_nobody_vouches_for(tls: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OutsideError, match=r"cannot be trusted.*certificate"):
        Http().request("GET", f"{tls.url}/a")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/roots.pem")
    with pytest.raises(OutsideError, match="SSL_CERT_FILE names"):
        Http().request("GET", f"{tls.url}/a")


def test_https_is_not_left_for_http(tls: Server, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "localhost-root.pem"))
    tls.answers["/r"] = say(302, Location="http://mirror.example/a")
    with pytest.raises(OutsideError, match="plain http"):
        Http().request("GET", f"{tls.url}/r")


def test_a_proxy_is_asked_and_its_password_told_to_nobody_else(
    server: Server, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url.replace("http://", "http://me:not-a-real-password@"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.answers["http://host.example/a"] = say(200, b"through the proxy")
    assert http.request("GET", "http://host.example/a").body == b"through the proxy"
    assert server.seen[0][1]["proxy-authorization"].startswith("Basic ")
    monkeypatch.setenv("http_proxy", "http://me:not-a-real-password@127.0.0.1:9")
    with pytest.raises(OutsideError, match="proxy") as caught:
        http.request("GET", "http://host.example/a")
    assert "not-a-real" not in str(caught.value)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.answers["/direct"] = say(200, b"direct")
    assert http.request("GET", f"{server.url}/direct").body == b"direct"


def test_many_threads_share_one_client(server: Server, http: Http) -> None:
    from concurrent.futures import ThreadPoolExecutor

    server.answers["/a"] = say(200, b"x" * 1000)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: http.request("GET", f"{server.url}/a"), range(40)))
    assert {len(answer.body) for answer in answers} == {1000}
