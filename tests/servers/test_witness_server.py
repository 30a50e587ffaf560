"""A witness over HTTP: what it signs, what it refuses, and what it remembers whatever happens to it."""

import os
import socket
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from seawall.adapters.http import Http, Patience
from seawall.adapters.signers.ed25519 import signed_by
from seawall.adapters.witnesses.asking import ask_witness
from seawall.adapters.witnesses.memory import Memory
from seawall.kernel.checkpoint import parse as parse_checkpoint
from seawall.kernel.errors import OutsideError, StoreError, UsageError
from seawall.kernel.note import COSIGNATURE, parse, parse_signatures
from seawall.kernel.witnessing import Ask
from seawall.servers.witness import Witness, is_loopback, parse_listen
from simulators.growing_log import GrowingLog, witness_signer
from simulators.witness_thread import listening


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog(size=10)


@pytest.fixture
def place(log: GrowingLog, tmp_path: Path) -> Iterator[Any]:
    memory = Memory(tmp_path / "state")
    signer = witness_signer()
    witness = Witness(signer, {log.origin: [log.signer.key]}, memory)
    with listening(witness) as url, urllib3.PoolManager(retries=False) as http:

        def post(data: bytes, path: str = "/add-checkpoint", **headers: str) -> Any:
            return http.request("POST", url + path, body=data, headers=headers or None)

        yield SimpleNamespace(
            url=url,
            post=post,
            get=lambda path: http.request("GET", url + path),
            key=signer.key,
            witness=witness,
        )
    memory.close()


def test_a_log_that_only_grows_is_signed(place: Any, log: GrowingLog) -> None:
    answer = place.post(log.ask(0).data)
    assert answer.status == 200
    (line,) = parse_signatures(answer.data)
    (signed,) = signed_by(log.note().signed(line), [place.key])
    assert signed.key.kind == COSIGNATURE
    assert signed.time > 1_700_000_000
    log.grow("x", "y")
    assert place.post(log.ask(10).data).status == 200
    # The same once more is signed once more.
    assert place.post(log.ask(12).data).status == 200


def test_the_last_checkpoint_can_be_looked_up(place: Any, log: GrowingLog) -> None:
    path = f"/{sha256(log.origin.encode()).hexdigest()}/checkpoint"
    assert place.get(path).status == 404
    stranger = GrowingLog()
    asked = log.ask(0)
    asked = Ask(asked.old, asked.proof, asked.note.signed(stranger.signer.sign(asked.note.text)))
    place.post(asked.data)
    note = parse(place.get(path).data)
    assert note.text == log.note().text
    assert len(signed_by(note, [log.signer.key, place.key])) == len(note.signatures) == 2


def test_who_does_not_know_the_size_is_told(place: Any, log: GrowingLog) -> None:
    place.post(log.ask(0).data)
    log.grow("x")
    answer = place.post(log.ask(0).data)
    assert (answer.status, answer.data, answer.headers["content-type"]) == (409, b"10\n", "text/x.tlog.size")
    assert place.post(log.ask(10).data).status == 200


def test_going_back_is_refused(place: Any, log: GrowingLog) -> None:
    place.post(log.ask(0).data)
    for old in (0, 5):
        assert place.post(log.ask(old, 5).data).status == 409
    assert place.post(log.ask(10, 5).data).status == 400
    assert place.witness.memory.last(log.origin)[1].size == 10


def test_a_fork_is_refused_whatever_the_proof(place: Any, log: GrowingLog) -> None:
    place.post(log.ask(0).data)
    log.leaves[3] = bytes(32)
    assert place.post(log.ask(10).data).status == 422
    log.grow("x")
    assert place.post(log.ask(10).data).status == 422
    assert place.post(Ask(10, (), log.note()).data).status == 422
    path = f"/{sha256(log.origin.encode()).hexdigest()}/checkpoint"
    assert parse_checkpoint(parse(place.get(path).data).text).size == 10


def test_whoever_did_not_sign_is_refused(place: Any, log: GrowingLog) -> None:
    unknown = GrowingLog("other.example")
    assert place.post(unknown.ask(0).data).status == 404
    same_name = GrowingLog(log.origin)
    assert place.post(same_name.ask(0).data).status == 403
    body = log.ask(0)
    wrong = type(body.note.signatures[0])(log.origin, log.signer.key.id, bytes(64))
    assert place.post(Ask(0, (), type(body.note)(body.note.text, (wrong,))).data).status == 403
    assert place.post(Ask(0, (), body.note.signed(wrong)).data).status == 403
    assert place.witness.memory.last(log.origin) is None


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"old 0\n\n", b"old 0\n\nx\n\n", b"\x00" * 100, b"old 1\n" * 70 + b"\n"]
)
def test_what_is_no_request(place: Any, data: bytes) -> None:
    assert place.post(data).status == 400


def test_requests_are_bounded(place: Any, log: GrowingLog) -> None:
    assert place.post(b"x" * 300_000).status == 413
    assert place.post(log.ask(0).data, path="/other").status == 404
    assert place.get("/../../etc/passwd").status == 404
    assert place.get("/lock").status == 404
    host, port = place.url.removeprefix("http://").split(":")
    for request, status in (
        (b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"DELETE / HTTP/1.1\r\n\r\n", b"501"),
    ):
        with socket.create_connection((host, int(port)), timeout=5) as sock:
            sock.sendall(request)
            assert status in sock.recv(1000)


def test_a_connection_is_used_again(place: Any, log: GrowingLog) -> None:
    with urllib3.HTTPConnectionPool("127.0.0.1", int(place.url.rpartition(":")[2]), maxsize=1) as pool:
        for size in (2, 5, 9):
            old = 0 if size == 2 else {5: 2, 9: 5}[size]
            assert pool.request("POST", "/add-checkpoint", body=log.ask(old, size).data).status == 200
        assert pool.num_connections == 1


def test_at_once_only_one_wins(place: Any, log: GrowingLog) -> None:
    place.post(log.ask(0).data)
    log.grow(*map(str, range(40)))
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: statuses.append(place.witness.add_checkpoint(log.ask(10, 11 + n).data, 1).status))
        for n in range(30)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(statuses)) == [200, 409]
    assert statuses.count(200) == 1


def test_what_was_signed_is_remembered(log: GrowingLog, tmp_path: Path) -> None:
    for number in range(2):
        memory = Memory(tmp_path)
        witness = Witness(witness_signer(), {log.origin: [log.signer.key]}, memory)
        assert witness.add_checkpoint(log.ask(0).data, 1).status == (409 if number else 200)
        memory.close()


def test_a_witness_without_its_memory_does_not_sign(log: GrowingLog, tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    witness = Witness(witness_signer(), {log.origin: [log.signer.key]}, memory)
    path = tmp_path / sha256(log.origin.encode()).hexdigest()
    other = GrowingLog("other.example").note().data
    for spoiled in (b"", b"x", log.note().data[:-20], other):
        path.write_bytes(spoiled)
        with pytest.raises(StoreError):
            witness.add_checkpoint(log.ask(0).data, 1)
    memory.close()


def test_two_processes_never_share_a_memory(tmp_path: Path) -> None:
    first = Memory(tmp_path)
    with pytest.raises(StoreError, match="another witness"):
        Memory(tmp_path)
    first.close()
    Memory(tmp_path).close()


def test_a_full_disk_signs_nothing(log: GrowingLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(tmp_path)
    witness = Witness(witness_signer(), {log.origin: [log.signer.key]}, memory)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with listening(witness) as url, monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with urllib3.PoolManager(retries=False) as http:
            answer = http.request("POST", url + "/add-checkpoint", body=log.ask(0).data)
        assert answer.status == 500
        assert "—" not in answer.data.decode()
    memory.close()


def test_the_client_of_a_witness(place: Any, log: GrowingLog) -> None:
    http = Http(patience=Patience(tries=1))
    reply = ask_witness(http, place.url + "/", log.ask(0))
    assert signed_by(log.note().signed(*reply.signatures), [place.key])
    assert ask_witness(http, place.url, log.ask(4)).size == 10
    log.leaves[0] = bytes(32)
    assert "proof" in ask_witness(http, place.url, log.ask(10)).refused
    with pytest.raises(OutsideError, match="404"):
        ask_witness(http, place.url, GrowingLog("other.example").ask(0))
    with pytest.raises(OutsideError, match="404"):
        ask_witness(http, place.url + "/wrong", log.ask(0))
    http.close()


def test_addresses_to_listen_on() -> None:
    assert parse_listen("127.0.0.1:7380") == ("127.0.0.1", 7380)
    assert parse_listen("[::1]:1") == ("::1", 1)
    for wrong in ("", "7380", ":7380", "localhost:7380", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1"):
        with pytest.raises(UsageError):
            parse_listen(wrong)
    assert is_loopback("127.0.0.9")
    assert not is_loopback("0.0.0.0")
