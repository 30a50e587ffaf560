"""Whose process is at the other end of a connection, and what the relay answers another user."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from seawall.adapters.runners import peer
from seawall.adapters.runners.peer import NOBODY, is_ours, owner
from seawall.adapters.runners.relay import Relay
from simulators.door import GateSimulator

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
NOT_US = 65_534


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def relay() -> Iterator[Relay]:
    gate = GateSimulator()
    made = Relay(gate.url, path="0a" * 16)
    yield made
    made.close()
    gate.close()


@linux
def test_it_is_us(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
        assert owner(accepted) == os.geteuid()
        assert is_ours(accepted)


@linux
def test_over_a_socket_of_the_other_family(listener: socket.socket) -> None:
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        except OSError:
            pytest.skip("no IPv6 here")
        with listener.accept()[0] as accepted:
            assert owner(accepted) == os.geteuid()


@linux
def test_what_is_closed_belongs_to_nobody(listener: socket.socket) -> None:
    """The kernel says root of a socket that no process holds any more."""
    other = socket.create_connection(listener.getsockname())
    with listener.accept()[0] as accepted:
        other.close()
        assert owner(accepted) == NOBODY
        assert not is_ours(accepted)


@linux
@as_root
def test_it_is_somebody_else(listener: socket.socket) -> None:
    os.seteuid(NOT_US)
    try:
        other = socket.create_connection(listener.getsockname())
    finally:
        os.seteuid(0)
    with other, listener.accept()[0] as accepted:
        assert owner(accepted) == NOT_US
        assert not is_ours(accepted)


def test_where_nobody_tells_everybody_is_ours(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer.sys, "platform", "darwin")
    with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
        assert owner(accepted) is None
        assert is_ours(accepted)


ASK = """
import os, socket, sys
os.setuid(int(sys.argv[3]))
with socket.socket() as one:  # nothing is imported any more: it may not be readable
    one.connect(("127.0.0.1", int(sys.argv[1])))
    one.sendall(f"GET {sys.argv[2]}/npm/ebb HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n".encode())
    said = b"".join(iter(lambda: one.recv(65536), b"")).decode()
print(said.partition(" ")[2])
"""


def asked_by(relay: Relay, user: int) -> str:
    """What a process below this one gets, as `user`."""
    parts = urlsplit(relay.base)
    words = [sys.executable, "-c", ASK, str(parts.port), parts.path, str(user)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@linux
@as_root
def test_a_process_of_the_command_may_be_another_user(relay: Relay) -> None:
    assert asked_by(relay, NOT_US).startswith("200 ")


@linux
@as_root
def test_another_users_process_is_refused_though_it_knows_the_address(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "_users_below", lambda _: set())
    assert asked_by(relay, NOT_US).startswith("403 ")
    assert "another user's command" in asked_by(relay, NOT_US)
    assert asked_by(relay, 0).startswith("200 ")


def test_a_stranger_is_refused_and_the_address_is_not_looked_at(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for whoever runs the tests: the kernel's word is another one."""
    monkeypatch.setattr(peer, "owner", lambda _: NOT_US)
    monkeypatch.setattr(peer, "_users_below", lambda _: {NOT_US + 1})
    parts = urlsplit(relay.base)
    for path in (f"{parts.path}/npm/ebb", "/"):
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=20)
        try:
            connection.request("GET", path)
            assert connection.getresponse().status == 403
        finally:
            connection.close()


@pytest.mark.parametrize("data", [b"", b"\0" * 15, b"\0" * 40, b"\0" * 4 + b"\2\0" + b"\0" * 14])
def test_an_answer_that_is_none(
    data: bytes, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Diagnosis:
        def __enter__(self) -> "Diagnosis":
            return self

        def __exit__(self, *_: object) -> None: ...

        def settimeout(self, _: float) -> None: ...

        def bind(self, _: object) -> None: ...

        def send(self, _: bytes) -> None: ...

        def recv(self, _: int) -> bytes:
            return data

    with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
        monkeypatch.setattr(peer.socket, "socket", lambda *_: Diagnosis())
        assert owner(accepted) is None
