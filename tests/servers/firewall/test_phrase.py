"""The reason of a refusal goes out in the status line, and nothing in it can become a header."""

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from seawall.servers.firewall.phrase import ToldStatus, speak_phrases

REASON = "Seawall: x 1.2 is held back: it’s “young” · wait…\r\nSet-Cookie: x\tä"


@pytest.fixture
def port() -> Iterator[int]:
    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        status = ToldStatus(403, REASON) if scope["path"] == "/denied" else 403
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    speak_phrases()
    speak_phrases()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()


def test_the_status_line_says_why(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    said = []
    for path in ("/denied", "/else"):
        connection.request("GET", path)
        answer = connection.getresponse()
        said.append((answer.status, answer.reason, answer.read(), answer.headers["set-cookie"]))
    connection.close()
    assert said == [
        (403, 'Seawall: x 1.2 is held back: it\'s "young" - wait.??Set-Cookie: x??', b"{}", None),
        (403, "Forbidden", b"{}", None),
    ]


@given(st.text())
def test_any_phrase_is_one_short_ascii_line(phrase: str) -> None:
    told = ToldStatus(403, phrase)
    assert told == 403
    assert told.line.startswith(b"HTTP/1.1 403 ")
    assert told.line.endswith(b"\r\n")
    assert all(32 <= byte < 127 for byte in told.line[:-2])
    assert len(told.line) < 450
