"""A checkpoint is signed, witnessed and copied; who says that something was changed is heard."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from seawall.adapters.http import Http, Patience
from seawall.adapters.signers.ed25519 import Signer, signed_by
from seawall.adapters.stores.ledger import LedgerStore, open_ledger
from seawall.adapters.witnesses.memory import Memory
from seawall.kernel.errors import PolicyError, TamperedError, UsageError
from seawall.kernel.ledger import Group
from seawall.kernel.ledger_settings import LedgerSettings, WitnessAt, copy_at, witness_at
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.merkle import leaf_hash
from seawall.kernel.note import Note
from seawall.readers.settings.ledger_toml import read, written
from seawall.servers.witness import Witness
from seawall.vouching import checkpoint_now, read_copy, signer_for
from simulators.growing_log import GrowingLog, witness_signer
from simulators.loopback import Server, say, serving
from simulators.witness_thread import listening

NOW = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)


def grow(store: LedgerStore, count: int) -> None:
    """Entries that mean nothing: here only their hashes count."""
    before, edge = store.head(), store.edge()
    leaves = [f'{{"n":{n}}}'.encode() for n in range(before.size, before.size + count)]
    edge.extend(map(leaf_hash, leaves))
    store.append(Group(before, edge.edge.head(), leaves, edge.changed()))


class Team:
    """A ledger with its settings, and a witness."""

    def __init__(self, path: Path, url: str, witness: Witness, log: GrowingLog) -> None:
        self.store = open_ledger(path, write=True)
        self.store.claim()
        self.witness, self.signer = witness, log.signer
        self.at = WitnessAt(url, witness.signer.key)
        self.settings = LedgerSettings(log.origin, log.signer.key, witnesses=(self.at,))
        self.http = Http(patience=Patience(connect=1, tries=1))

    def vouch(self, **more: Any) -> Any:
        return checkpoint_now(self.store, replace(self.settings, **more), self.signer, NOW, self.http)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    log = GrowingLog("ledger.example/a")
    memory = Memory(tmp_path / "state")
    witness = Witness(witness_signer(), {log.origin: [log.signer.key]}, memory)
    with listening(witness) as url:
        team = Team(tmp_path / "ledger.db", url, witness, log)
        yield team
        team.store.close()
        team.http.close()
    memory.close()


def test_a_checkpoint_is_witnessed(team: Team) -> None:
    for count in (0, 3, 300):
        grow(team.store, count)
        done = team.vouch()
        assert (done.failed, done.tampered) == ((), ())
        assert [s.key for s in done.witnessed] == [team.witness.signer.key]
        assert done.checkpoint.size == team.store.head().size
    assert [size for size, _ in team.store.checkpoints()] == [0, 3, 303]
    assert team.store.checkpoints()[-1][1] == done.note.data
    assert len(signed_by(done.note, [team.signer.key, team.witness.signer.key])) == 2


def test_the_same_again_adds_a_newer_signature_and_no_entry(team: Team) -> None:
    grow(team.store, 5)
    team.vouch()
    done = team.vouch()
    assert [size for size, _ in team.store.checkpoints()] == [5]
    assert [s.key for s in done.witnessed] == [team.witness.signer.key]


def test_a_ledger_that_forgot_where_the_witness_stands_is_told(team: Team) -> None:
    grow(team.store, 4)
    team.vouch()
    with team.store._connection:
        team.store._connection.execute("DELETE FROM checkpoints")
    grow(team.store, 4)
    assert team.vouch().witnessed


def test_a_witness_that_cannot_be_had_is_said(team: Team) -> None:
    grow(team.store, 4)
    gone = WitnessAt("http://127.0.0.1:9", witness_signer("gone.example").key)
    done = team.vouch(witnesses=(gone, team.at))
    assert len(done.failed) == 1
    assert "127.0.0.1:9" in done.failed[0]
    assert [s.key.name for s in done.witnessed] == ["witness.example/w"]


def test_a_witness_with_another_key_does_not_count(team: Team) -> None:
    grow(team.store, 4)
    for name in ("witness.example/w", "other.example"):
        done = team.vouch(witnesses=(WitnessAt(team.at.url, witness_signer(name).key),))
        assert "did not sign with the key" in done.failed[0]
        assert done.witnessed == ()


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"nonsense"), (200, b""), (409, b"x"), (409, b"2\n"), (500, b""), (302, b"")]
)
def test_a_lying_witness(team: Team, status: int, body: bytes) -> None:
    grow(team.store, 4)
    with serving() as server:
        server.answers["/add-checkpoint"] = say(status, body)
        done = team.vouch(witnesses=(WitnessAt(server.url, team.at.key),))
    assert len(done.failed) == 1
    assert done.witnessed == ()


def test_what_a_witness_sends_beside_its_signature_is_left_out(team: Team) -> None:
    grow(team.store, 4)
    asked = team.vouch()
    mine = asked.note.by(team.at.key)[0].line
    stranger = witness_signer("stranger.example").cosign(asked.note.text, 1).line
    with serving() as server:
        server.answers["/add-checkpoint"] = say(200, (stranger + mine).encode())
        done = team.vouch(witnesses=(WitnessAt(server.url, team.at.key),))
    assert {s.name for s in done.note.signatures} == {"ledger.example/a", "witness.example/w"}


def cut(store: LedgerStore, size: int) -> None:
    """As somebody would who can write the file: the ledger ends at `size`, and looks sound."""
    leaves = [data for _, data in store.leaves(0, size)]
    rewrite(store, leaves)


def rewrite(store: LedgerStore, leaves: list[bytes]) -> None:
    with store._connection:
        for table in ("leaves", "tiles", "head", "checkpoints"):
            store._connection.execute(f"DELETE FROM {table}")
    edge = store.edge()
    before = store.head()
    edge.extend(map(leaf_hash, leaves))
    store.append(Group(before, edge.edge.head(), leaves, edge.changed()))


def test_a_ledger_that_was_cut_is_told_by_its_witness(team: Team) -> None:
    grow(team.store, 9)
    team.vouch()
    cut(team.store, 6)
    done = team.vouch()
    assert done.tampered == ("the witness witness.example/w signed 9 entries, and the ledger has only 6",)
    assert done.witnessed == ()


def test_a_ledger_that_was_forked_is_told_by_its_witness(team: Team) -> None:
    grow(team.store, 9)
    team.vouch()
    rewrite(team.store, [f"other {n}".encode() for n in range(12)])
    done = team.vouch()
    assert "are not those of this ledger" in done.tampered[0]
    assert done.witnessed == ()


def test_a_ledger_that_lacks_what_it_signed_signs_nothing(team: Team) -> None:
    grow(team.store, 9)
    kept = team.vouch().note
    cut(team.store, 6)
    team.store.keep_checkpoint(9, kept.data)
    with pytest.raises(TamperedError, match="9 entries were signed, and the ledger has only 6"):
        team.vouch()
    forged = kept.data.replace(b"\n9\n", b"\n6\n")
    with team.store._connection:
        team.store._connection.execute("DELETE FROM checkpoints")
    team.store.keep_checkpoint(6, forged)
    with pytest.raises(TamperedError, match="not what was signed"):
        team.vouch()


def test_a_witness_that_forgot_does_not_count(team: Team) -> None:
    grow(team.store, 9)
    team.vouch()
    for file in team.witness.memory.directory.iterdir():
        if len(file.name) == 64:
            file.unlink()
    grow(team.store, 1)
    done = team.vouch()
    assert done.failed == (
        "the witness witness.example/w signed 9 entries and says that it signed 0: it forgot",
    )
    assert done.witnessed == ()


def test_two_who_sign_at_once_are_no_alarm(team: Team, tmp_path: Path) -> None:
    """While one asks, the ledger grows and another gets its newer checkpoint witnessed and copied."""
    grow(team.store, 5)
    copy = copy_at(str(tmp_path / "copy"))
    newer: list[Any] = []

    def slow(handler: Any) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        if not newer:
            grow(team.store, 5)
            newer.append(team.vouch(copies=(copy,)))
        answer = team.witness.add_checkpoint(body, 1)
        say(answer.status, answer.body)(handler)

    # A second connection, as a second process has one.
    first = open_ledger(team.store.path, write=True)
    with serving() as server:
        server.answers["/add-checkpoint"] = slow
        settings = replace(team.settings, witnesses=(WitnessAt(server.url, team.at.key),), copies=(copy,))
        done = checkpoint_now(first, settings, team.signer, NOW, team.http)
    first.close()
    assert newer[0].witnessed
    assert done.tampered == ()
    assert done.failed == ("the witness witness.example/w has signed a newer checkpoint meanwhile",)
    assert b"\n10\n" in read_copy(copy, team.http)


def file_place(tmp_path: Path, _: Server) -> str:
    return str(tmp_path / "copy")


def git_place(tmp_path: Path, _: Server) -> str:
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "copies.git")], check=True)
    return f"git:{tmp_path}/copies.git"


def http_place(_: Path, server: Server) -> str:
    held: list[bytes] = []

    def answer(handler: Any) -> None:
        if handler.command == "PUT":
            held[:] = [handler.rfile.read(int(handler.headers["content-length"]))]
        say(200 if held else 404, held[0] if held and handler.command == "GET" else b"")(handler)

    server.answers["/copy"] = answer
    server.http.RequestHandlerClass.do_PUT = server.http.RequestHandlerClass.do_GET  # type: ignore[attr-defined]
    return server.url + "/copy"


@pytest.mark.parametrize("make", [file_place, git_place, http_place])
def test_a_copy_shows_what_was_changed(
    team: Team, tmp_path: Path, make: Callable[[Path, Server], str]
) -> None:
    with serving() as server:
        copy = copy_at(make(tmp_path, server))
        assert read_copy(copy, team.http) == b""
        for count in (4, 0, 300):
            grow(team.store, count)
            done = team.vouch(copies=(copy,))
            assert done.copied == (copy.text,)
            assert read_copy(copy, team.http) == done.note.data
        cut(team.store, 6)
        done = team.vouch(copies=(copy,), witnesses=())
        assert done.tampered == (
            f"the copy {copy.text} says: 304 entries were signed, and the ledger has only 6",
        )
        rewrite(team.store, [b"x"] * 400)
        done = team.vouch(copies=(copy,), witnesses=())
        assert "not those that were signed" in done.tampered[0]
        assert b"\n304\n" in read_copy(copy, team.http), "the evidence is still there"


def test_a_copy_that_is_something_else_is_not_written_over(team: Team, tmp_path: Path) -> None:
    grow(team.store, 3)
    other = tmp_path / "precious"
    for content in (b"my thesis", GrowingLog("ledger.example/a", 2).note().data):
        other.write_bytes(content)
        done = team.vouch(copies=(copy_at(str(other)),))
        assert "not what was signed" in done.tampered[0]
        assert other.read_bytes() == content


@pytest.mark.parametrize("place", ["{}/no/such/place", "git:{}/none.git", "http://127.0.0.1:9/x"])
def test_a_place_that_cannot_be_had_is_said(team: Team, tmp_path: Path, place: str) -> None:
    grow(team.store, 3)
    done = team.vouch(copies=(copy_at(place.format(tmp_path)),))
    assert len(done.failed) == 1
    assert done.witnessed


def test_git_runs_no_program_that_an_address_names(team: Team, tmp_path: Path) -> None:
    grow(team.store, 1)
    for place in (f"ext::touch {tmp_path}/RAN", f"--upload-pack=touch {tmp_path}/RAN"):
        try:
            team.vouch(copies=(copy_at(f"git:{place}"),))
        except ValueError:
            continue
    assert not (tmp_path / "RAN").exists()


def signer_settings(signer: Signer, key: str) -> LedgerSettings:
    return LedgerSettings(signer.key.name, signer.key, key)


def test_the_key_is_the_one_that_was_set_up(tmp_path: Path) -> None:
    from seawall.adapters.signers.ed25519 import new_secret_key, signer_of
    from seawall.adapters.signers.key_file import write_key

    secret, other = new_secret_key("a"), new_secret_key("a")
    signer = signer_of(secret.text, "here")
    write_key(tmp_path / "k", secret.text)
    settings = signer_settings(signer, str(tmp_path / "k"))
    assert signer_for(settings, {}).key == signer.key
    assert signer_for(replace(settings, key=""), {"SEAWALL_LEDGER_KEY": secret.text}).key == signer.key
    with pytest.raises(UsageError, match="not the one of this ledger"):
        signer_for(settings, {"SEAWALL_LEDGER_KEY": other.text})
    with pytest.raises(UsageError, match="no key"):
        signer_for(replace(settings, key=""), {})


def test_settings_are_read_as_written() -> None:
    signer = GrowingLog("ledger.example/a").signer
    settings = LedgerSettings(
        "ledger.example/a",
        signer.key,
        '/some where/"quoted"/k',
        (witness_at("https://w.example/x/", witness_signer().key.text),),
        (copy_at("git:/srv/copies.git"), copy_at("https://c.example/x"), copy_at("/mnt/b/checkpoint")),
    )
    assert read(written(settings).encode(), "ledger.toml", DEFAULT_LIMITS) == settings


@pytest.mark.parametrize(
    "line",
    ["", "origin = 1", 'origin = ""', "more = 1", "[[witness]]\nurl = 'https://x'", "witness = 1", "[[copy]]\nplaces = 'x'", "= 1",
     "[[witness]]\nurl = 'ftp://x'\nkey = 'W'", "[[witness]]\nurl = 'https://u:p@x'\nkey = 'W'", "[[witness]]\nurl = 'https://x'\nkey = 'L'",
     "[[copy]]\nplace = 'git:-x'", "[[copy]]\nplace = ''", "public = 'W'"],
)  # fmt: skip
def test_settings_that_are_none(line: str) -> None:
    log, witness = GrowingLog("a").signer.key.text, witness_signer().key.text
    text = (
        f"origin = 'a'\npublic = '{log}'\n"
        if line[:6] not in ("", "origin", "public")
        else f"origin = 'a'\n{line}\n"
    )
    text += line.replace("'W'", f"'{witness}'").replace("'L'", f"'{log}'") + "\n"
    with pytest.raises(PolicyError, match=r"ledger\.toml"):
        read(text.encode(), "ledger.toml", DEFAULT_LIMITS)


def test_a_note_keeps_each_signature_once() -> None:
    log = GrowingLog("a", 2)
    note = log.note()
    assert Note(note.text).signed(*note.signatures, *note.signatures) == note
