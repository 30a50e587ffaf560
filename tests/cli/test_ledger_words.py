"""What was recorded is shown, verified, proved and exported as a person and an outsider meet it."""

import base64
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.adapters.witnesses.memory import Memory
from seawall.kernel.event import Action, Event
from seawall.kernel.identity import Identity
from seawall.servers.witness import Witness
from simulators.command_line import Done, run
from simulators.growing_log import witness_signer
from simulators.recorded import CANARIES, JOB, START, events, record
from simulators.witness_thread import listening

ROOT = Path(__file__).parent.parent.parent
VERIFIER = ROOT / "docs" / "verify_ledger.py"
Ask = Callable[..., Done]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "data"
    monkeypatch.setenv("SEAWALL_DATA", str(place))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SEAWALL_STORE", raising=False)
    monkeypatch.delenv("SEAWALL_LEDGER_KEY", raising=False)
    record(place, events())
    return place


@pytest.fixture
def ledger(data: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def ask(*words: object, code: int = 0) -> Done:
        return run("ledger", *words, code=code, capsys=capsys)

    return ask


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Any]:
    """A witness that knows the ledger as soon as that has a key."""
    memory = Memory(tmp_path / "witness")
    place = Witness(witness_signer(), {}, memory)
    with listening(place) as url:
        yield type(
            "At",
            (),
            {"url": url, "key": place.signer.key, "place": place, "words": (url, place.signer.key.text)},
        )
    memory.close()


def set_up(ledger: Ask, witness: Any, *more: object) -> str:
    """The public key of a ledger that has a witness and one checkpoint."""
    from seawall.kernel.note import parse_key

    made = ledger(
        "init", "--origin", "ledger.example/t", "--witness", *witness.words, *more, "--format", "json"
    ).answer
    key: str = made["key"]
    witness.place.logs = {"ledger.example/t": [parse_key(key)]}
    ledger("checkpoint")
    return key


def outsider(*words: object, code: int = 0) -> str:
    """The verifier as somebody runs it who has nothing else of ours."""
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def test_without_anyone_outside_every_verify_says_so(ledger: Ask) -> None:
    done = ledger("verify")
    assert done.first.startswith("sound: ")
    assert "13 entries" in done.first
    assert "never witnessed: there is no witness, so this is only this machine's word" in done.out
    assert "copies: none" in done.out
    assert "no key" in done.out
    made = ledger("init", "--origin", "ledger.example/t")
    assert "can rewrite all of it unseen" in made.out
    assert "never signed by ledger.example/t" in ledger("verify").out


def test_set_up_sign_and_verify(ledger: Ask, witness: Any, data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    set_up(ledger, witness, "--copy", copy)
    key = tmp_path / "config" / "seawall" / "ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert not list(data.glob("*.key"))
    done = ledger("verify")
    assert re.search(r"^witnessed to entry 12 at 20\S+Z by witness\.example/w$", done.out, re.M)
    assert "signed up to entry 12 by ledger.example/t" in done.out
    assert f"copy: {copy} holds 13 entries" in done.out
    record(data, events(5))
    done = ledger("verify")
    assert re.search(
        r"^witnessed to entry 12 at \S+ by witness\.example/w; after that only this machine's word$",
        done.out,
        re.M,
    )
    answer = ledger("verify", "--format", "json").answer
    assert (answer["schema"], answer["sound"], answer["entries"]) == ("seawall/ledger-verify/1", True, 19)
    assert answer["witnessed"][0]["entries"] == answer["signed"] == 13
    assert [item["kind"] for item in answer["outside"]] == ["witness", "copy"]
    done = ledger("checkpoint", "--format", "json").answer
    assert (done["entries"], len(done["witnessed"]), done["copied"]) == (19, 1, [str(copy)])


def test_the_first_checkpoint_sets_up(ledger: Ask, tmp_path: Path) -> None:
    done = ledger("checkpoint", "--copy", tmp_path / "copy")
    assert "signed: 13 entries of seawall-ledger/" in done.out
    assert "its public key" in done.err
    assert ledger("verify", "--checkpoint", tmp_path / "copy").code == 0


def test_a_key_beside_the_ledger_is_refused(ledger: Ask, data: Path) -> None:
    done = ledger("init", "--key", data / "k", code=2)
    assert "beside the ledger" in done.err
    assert not (data / "k").exists()
    ledger("init", "--key", data / "k", "--key-beside-ledger")
    assert (data / "k").exists()
    assert "set up before" in ledger("init", "--origin", "other", code=2).err


def test_a_key_that_others_can_read_signs_nothing(ledger: Ask, tmp_path: Path) -> None:
    ledger("init")
    (tmp_path / "config" / "seawall" / "ledger.key").chmod(0o644)
    assert "by others" in ledger("checkpoint", code=2).err


def test_a_key_from_the_environment(ledger: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seawall.adapters.signers.ed25519 import new_secret_key

    monkeypatch.setenv("SEAWALL_LEDGER_KEY", new_secret_key("ledger.example/env").text)
    assert ledger("checkpoint", "--format", "json").answer["origin"] == "ledger.example/env"
    assert not (tmp_path / "config" / "seawall" / "ledger.key").exists()
    monkeypatch.delenv("SEAWALL_LEDGER_KEY")
    assert "no key" in ledger("checkpoint", code=2).err


def test_who_is_down_is_said(ledger: Ask, witness: Any, tmp_path: Path) -> None:
    set_up(ledger, witness)
    gone = witness_signer("gone.example")
    done = ledger(
        "checkpoint",
        "--witness",
        "http://127.0.0.1:9",
        gone.key.text,
        "--copy",
        tmp_path / "no" / "dir",
        code=3,
    )
    assert done.out.count("failed: ") == 2
    assert "witnessed at" in done.out
    ledger("init", "--witness", "http://127.0.0.1:9", gone.key.text)
    assert "not asked: the witness gone.example" in ledger("verify", code=3).out
    assert "never witnessed by gone.example" in ledger("verify", "--offline").out


def test_many_checkpoints_of_one_size_stay_one(ledger: Ask, witness: Any, data: Path) -> None:
    set_up(ledger, witness)
    for _ in range(3):
        note = ledger("checkpoint", "--format", "json").answer["checkpoint"]
    assert note.count("\n— ") == 2
    for _ in range(40):
        record(data, events(1))
        ledger("checkpoint")
    assert ledger("verify", "--format", "json").answer["checkpoints"] == 41


def test_set_up_asks_a_person(data: Path, witness: Any, tmp_path: Path) -> None:
    """On a terminal, with nothing said: the name, a witness and a place are asked for."""
    ours, theirs = pty.openpty()
    answers = ["ledger.example/asked", *witness.words, str(tmp_path / "copy")]
    words = [sys.executable, "-m", "seawall", "ledger", "init"]
    with subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True) as running:
        os.write(ours, "".join(f"{line}\n" for line in answers).encode())
        out, _ = running.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert running.returncode == 0
    assert out.startswith("ledger.example/asked: set up in ")
    assert f"witness: {witness.url} (witness.example/w)" in out
    assert f"copy: {tmp_path}/copy" in out


def test_wrong_words(ledger: Ask, tmp_path: Path) -> None:
    for words, said in (
        (("verify", "--checkpoint", tmp_path / "none"), "name the file"),
        (("verify", "--witness-key", "x"), "no public key"),
        (("verify", "--key", "x"), "no public key"),
        (("verify", "--checkpoint", VERIFIER), "whose ledger"),
        (("verify", "--witness-key", witness_signer().key.text), "whose ledger"),
        (("prove",), "which entry"),
        (("prove", 1, "--asset", "x"), "which entry"),
        (("prove", 1), "not set up"),
        (("export", "--format", "tiles"), "directory"),
        (("show", "--since", "yesterday"), "no time"),
        (("show", "--who", "nobody"), "nobody is known"),
        (("erase", "nobody"), "nobody is known"),
        (("init", "--witness", "ftp://x", "x"), "https"),
        (("init", "--copy", ""), "place"),
        (("init", "--origin", "a b"), "cannot be a name"),
        (("witness", "--state", tmp_path / "s", "--log", "x"), "no public key"),
        (("witness", "--state", tmp_path / "s", "--log", "x", "--listen", "0.0.0.0:1"), "needs TLS"),
        ((), "required"),
        (("frobnicate",), "invalid choice"),
    ):
        done = ledger(*words, code=2)
        assert said in done.err, words
    ledger("init")
    assert "no checkpoint" in ledger("prove", 1, code=2).err
    assert "no entry" in ledger("prove", 99, code=2).err
    ledger("verify", "--ledger", tmp_path / "none.db", code=4)


def test_show(ledger: Ask) -> None:
    done = ledger("show")
    lines = done.out.splitlines()
    assert len(lines) == 13
    assert (
        "fetch  pkg:npm/package-0@1.0.0  package-0-1.0.0.tgz  allow served  by token:canary-anna" in lines[1]
    )
    assert [
        row["index"]
        for row in ledger("show", "--asset", "pkg:npm/package-1", "--format", "json").answer["entries"]
    ] == [2, 9]
    assert len(ledger("show", "--asset", "pkg:npm/package-1@1.1.0").out.splitlines()) == 1
    for who in ("token:canary-anna", "run-canary-991"):
        assert len(ledger("show", "--who", who).out.splitlines()) == 4
    assert len(ledger("show", "--who", "host-canary-7.corp.example").out.splitlines()) == 8
    rows = [json.loads(line) for line in ledger("show", "--format", "jsonl", "--last", "2").out.splitlines()]
    assert [row["index"] for row in rows] == [11, 12]
    assert rows[1]["names"]["who"] == "address:10.99.88.77"
    assert len(ledger("show", "--who", rows[1]["who"]).out.splitlines()) == 4
    since, until = "2025-11-24T16:00:05Z", "2025-11-24T16:00:07Z"
    assert [
        row["time"] - START
        for row in ledger("show", "--since", since, "--until", until, "--format", "json").answer["entries"]
    ] == [5000, 6000, 7000]
    assert len(ledger("show", "--until", "2025-11-24").out.splitlines()) == 13
    assert ledger("show", "--since", "2025-11-25").out == ""
    assert len(ledger("show", "--action", "serve").out.splitlines()) == 1
    assert len(ledger("show", "--last", "3").out.splitlines()) == 3


def test_coverage(ledger: Ask, data: Path) -> None:
    record(data, [event for event in events(1) if event.subject])
    done = ledger("coverage")
    assert re.search(
        r"^npm/11\.21\.0\s+token:canary-anna at host-canary-7\.corp\.example: 4 since 2025-11-24T16:00:01",
        done.out,
        re.M,
    )
    assert "what was never recorded is never excluded" in done.out.splitlines()[-1]
    answer = ledger("coverage", "--format", "json").answer
    assert [row["client"] for row in answer["clients"]] == ["npm/11.21.0", "pip/26.3", "uv/0.9.0"]
    assert "never excluded" in answer["note"]
    assert answer["periods"]


def of_run(subject: str, at: int, run: str = "acme/app/7", who: Identity = JOB) -> Event:
    return Event(START + at, Action.RUN, replace(who, run=run), subject=subject, client="seawall")


def test_a_run_without_an_end_is_a_gap(ledger: Ask, data: Path) -> None:
    told = [
        ("began", "acme/app/7"),
        ("began-sealed", "acme/app/8"),
        ("began-around", "acme/app/7"),
        ("ended-0", "acme/app/7"),
        ("ended-1", "acme/app/9"),
    ]
    record(data, [of_run(subject, 20_000 + at, run) for at, (subject, run) in enumerate(told)])
    out = ledger("coverage").out
    first, second = re.findall(r"^GAP run .*", out, re.M)
    assert re.fullmatch(
        r"GAP run acme/app/7 of \S+ began at \S+ and has no end: .*, and it was not sealed", first
    )
    assert re.fullmatch(r"GAP run acme/app/8 of \S+ began at \S+ and has no end: .*, or was cut off", second)
    answer = ledger("coverage", "--format", "json").answer
    assert [item["subject"] for item in answer["unended"]] == ["began", "began-sealed"]
    shown = ledger("show", "--run", "acme/app/7", "--action", "run", "--format", "json").answer["entries"]
    assert [item["subject"] for item in shown] == ["began", "began-around", "ended-0"]
    assert "nobody is known" in ledger("show", "--run", JOB.place, code=2).err
    ledger("verify")


def test_erase(ledger: Ask, data: Path) -> None:
    before = ledger("show", "--who", "token:canary-anna", "--format", "json").answer["entries"]
    done = ledger("erase", "token:canary-anna", "--format", "json").answer
    assert done["erased"] == 2
    assert done["entry"] == 13
    for file in data.iterdir():
        assert b"canary-anna" not in file.read_bytes(), file
    assert "nobody is known" in ledger("show", "--who", "token:canary-anna", code=2).err
    assert "nobody is known" in ledger("erase", "token:canary-anna", code=2).err
    rows = ledger("show", "--who", before[0]["who"], "--format", "json").answer["entries"]
    assert [row["index"] for row in rows] == [row["index"] for row in before]
    assert "who" not in rows[0].get("names", {})
    (row,) = ledger("show", "--action", "erase", "--format", "json").answer["entries"]
    assert row["subject"] == f"who:{before[0]['who']}"
    ledger("verify")


def test_erase_waits_for_nobody(ledger: Ask, data: Path) -> None:
    from seawall.record import open_record

    held = open_record(data)
    try:
        assert "another process" in ledger("erase", "token:canary-anna", code=4).err
    finally:
        held.close()
    assert "canary-anna" in ledger("show").out


def test_nothing_that_is_handed_out_names_anybody(
    ledger: Ask, witness: Any, data: Path, tmp_path: Path
) -> None:
    key = set_up(ledger, witness, "--copy", tmp_path / "copy")
    outputs = [
        ledger("export", "--format", kind, "--with-leaves", *more).out
        for kind, more in (("jsonl", ()), ("tiles", ("--to", tmp_path / "t")))
    ]
    outputs += [ledger("prove", 3, "--with-leaves").out, ledger("prove", 3, "--format", "tlog-proof").out]
    outputs += [ledger("verify").out, ledger("verify", "--format", "json").out, ledger("checkpoint").out]
    files = [path for top in ("t", "witness") for path in (tmp_path / top).rglob("*") if path.is_file()]
    everything = "\n".join(
        [
            *outputs,
            *(
                path.read_bytes().decode("latin-1")
                for path in (*files, tmp_path / "copy", data / "ledger.db")
            ),
        ]
    )
    assert "pkg:npm/package-3@1.3.0" in everything
    assert key in everything or "ledger.example/t" in everything
    for name in CANARIES:
        assert name not in everything
    plain = ledger("export").out
    assert "pkg:" not in plain
    assert "package" not in plain


@pytest.mark.parametrize("whole", [(), ("--with-leaves",)])
def test_an_outsider_verifies_an_export(
    ledger: Ask, witness: Any, tmp_path: Path, data: Path, whole: tuple[str, ...]
) -> None:
    key = set_up(ledger, witness, "--copy", tmp_path / "kept")
    shutil.copy(tmp_path / "kept", tmp_path / "old")
    record(data, events(600))
    ledger("checkpoint")
    ledger("export", "--to", tmp_path / "e.jsonl", *whole)
    ledger("export", "--format", "tiles", "--to", tmp_path / "tiles", *whole)
    for place in ("e.jsonl", "tiles"):
        said = outsider(
            tmp_path / place, "--key", key, "--witness", witness.key.text, "--checkpoint", tmp_path / "old"
        )
        assert "614 entries; every checkpoint holds" in said
        assert "the first 614 entries were witnessed at" in said
        assert "All of it holds." in said
        assert "owner's word only" in outsider(tmp_path / place, "--key", key)
    record(data, events(2))
    ledger("export", "--to", tmp_path / "more.jsonl", *whole)
    assert "614 entries" not in outsider(tmp_path / "more.jsonl", "--key", key).splitlines()[0]
    assert "; nobody signed the last 3" in outsider(tmp_path / "more.jsonl", "--key", key)
    assert (tmp_path / "tiles" / "tile" / "0" / "002.p" / "102").stat().st_size == 102 * 32
    assert (tmp_path / "tiles" / "tile" / "1" / "000.p" / "2").exists()
    assert (tmp_path / "tiles" / "tile" / "entries").exists() == bool(whole)


def test_an_outsider_verifies_a_proof(ledger: Ask, witness: Any, tmp_path: Path, data: Path) -> None:
    key = set_up(ledger, witness)
    record(data, events(30))
    assert "no checkpoint" in ledger("prove", 20, code=2).err
    ledger("checkpoint")
    for index in (0, 12, 43):
        for more in ((), ("--with-leaves",)):
            (tmp_path / "p.json").write_text(ledger("prove", index, *more).out)
            said = outsider(tmp_path / "p.json", "--key", key, "--witness", witness.key.text)
            assert f"entry {index} is in the ledger of 44 entries" in said
    done = ledger("prove", "--asset", "pkg:npm/package-2")
    assert "entries are about pkg:npm/package-2" in done.err
    assert done.answer["index"] == 43 - 43 % 7 - 4 or done.answer["index"] > 30
    bundle = json.loads((tmp_path / "p.json").read_text())
    other = witness_signer("w.example").key.text
    for change in (
        {"index": 42}, {"index": -1}, {"hash": base64.b64encode(bytes(32)).decode()}, {"proof": bundle["proof"][:-1]}, {"leaf": "{}"},
        {"proof": [*bundle["proof"], bundle["proof"][0]]}, {"checkpoint": bundle["checkpoint"].replace("\n44\n", "\n45\n")},
        {"index": "43"}, {"proof": None}, {"checkpoint": None},
    ):  # fmt: skip
        (tmp_path / "p.json").write_text(json.dumps({**bundle, **change}))
        outsider(tmp_path / "p.json", "--key", key, code=5)
    # A "leaf" and a "sibling" of other lengths that join to the same bytes as the two true ones.
    (tmp_path / "p.json").write_text(ledger("prove", 0).out)
    split = json.loads((tmp_path / "p.json").read_text())
    joined = base64.b64decode(split["hash"]) + base64.b64decode(split["proof"][0])
    parts = [base64.b64encode(part).decode() for part in (joined[:16], joined[16:])]
    outsider(tmp_path / "p.json", "--key", key)
    (tmp_path / "p.json").write_text(
        json.dumps({**split, "hash": parts[0], "proof": [parts[1], *split["proof"][1:]]})
    )
    assert "not 32 bytes" in outsider(tmp_path / "p.json", "--key", key, code=5)
    (tmp_path / "p.json").write_text(json.dumps(bundle))
    outsider(tmp_path / "p.json", "--key", key, "--witness", other, code=5)
    outsider(tmp_path / "p.json", "--key", other, code=5)
    outsider(tmp_path / "none", "--key", key, code=2)


def test_a_tlog_proof_is_as_it_is_specified(ledger: Ask, witness: Any) -> None:
    set_up(ledger, witness)
    text = ledger("prove", 5, "--format", "tlog-proof").out
    head, _, note = text.partition("\n\n")
    first, extra, index, *proof = head.split("\n")
    bundle = ledger("prove", 5).answer
    assert (first, extra, index) == ("c2sp.org/tlog-proof@v1", f"extra {bundle['hash']}", "index 5")
    assert (proof, note) == (bundle["proof"], bundle["checkpoint"])


def test_check_and_backup(ledger: Ask, data: Path, tmp_path: Path) -> None:
    assert ledger("check", "--format", "json").answer["ledger"]["entries"] == 13
    assert f"sound: {data}/ledger.db, 13 entries" in ledger("check").out
    ledger("backup", tmp_path / "copy.db", "--of", "ledger")
    assert "13 entries" in ledger("verify", "--ledger", tmp_path / "copy.db").out
    assert "no store" in ledger("backup", tmp_path / "other.db", code=4).err


def sql(data: Path, *statements: str) -> None:
    connection = sqlite3.connect(data / "ledger.db")
    with connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, statement
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE leaves SET data = replace(data, 'package-3', 'package-4') WHERE position = 4",
        "DELETE FROM leaves WHERE position = 5", "DELETE FROM leaves WHERE position = 0", "DELETE FROM leaves WHERE position = 12",
        "UPDATE leaves SET position = 99 WHERE position = 3", "INSERT INTO leaves SELECT 13, data FROM leaves WHERE position = 12",
        "INSERT INTO leaves SELECT -1, data FROM leaves WHERE position = 12", "UPDATE leaves SET data = '' WHERE position = 2",
        "UPDATE head SET size = 12", "UPDATE head SET size = 14", "UPDATE head SET root = zeroblob(32)", "DELETE FROM head",
        "UPDATE edges SET until = until + 1 WHERE rowid IN (SELECT 1) OR source = (SELECT min(source) FROM edges)",
        "DELETE FROM edges WHERE target = (SELECT max(target) FROM edges)", "UPDATE edges SET entry = 0", "UPDATE edges SET relation = 'built'",
        "INSERT INTO edges SELECT target, 'took', source, since, until, entry FROM edges LIMIT 1",
        "UPDATE nodes SET name = name || 'x' WHERE id = (SELECT max(target) FROM edges)",
        "UPDATE coverage SET count = count + 1 WHERE client LIKE 'npm%'", "DELETE FROM coverage WHERE client LIKE 'pip%'",
        "UPDATE periods SET since = since - 1000", "DELETE FROM periods", "UPDATE spans SET first = first + 1", "DELETE FROM spans",
        "INSERT INTO tiles VALUES (0, 7, zeroblob(8192))", "UPDATE checkpoints SET note = replace(note, char(10) || '13' || char(10), char(10) || '12' || char(10))",
        "UPDATE checkpoints SET note = x'00'",
    ],
)  # fmt: skip
def test_whatever_is_changed_is_found(ledger: Ask, witness: Any, data: Path, statement: str) -> None:
    set_up(ledger, witness)
    ledger("verify", "--offline")
    sql(
        data,
        "UPDATE edges SET until = until" if "rowid" in statement else statement,
        *([statement.replace("rowid IN (SELECT 1) OR ", "")] if "rowid" in statement else []),
    )
    done = ledger("verify", "--offline", code=5)
    assert "TAMPERED" in done.out + done.err or "no head" in done.err


def test_a_name_that_was_put_in_the_place_of_another_is_found(ledger: Ask, data: Path) -> None:
    connection = sqlite3.connect(data / "names.db")
    with connection:
        connection.execute("UPDATE names SET name = 'token:innocent' WHERE name = 'token:canary-anna'")
    connection.close()
    assert "is not the one that it was made of" in ledger("verify", code=5).out


def test_what_is_cut_off_is_found_by_whoever_saw_it(
    ledger: Ask, witness: Any, data: Path, tmp_path: Path
) -> None:
    """The ledger is replaced by a sound one: an older backup, and one with another story."""
    shutil.copytree(data, tmp_path / "older")
    record(data, events(3))
    key = set_up(ledger, witness, "--copy", tmp_path / "copy")
    other = tmp_path / "other"
    record(other, events(20))
    for forged, said in ((tmp_path / "older", "there are only 13"), (other, "are not those that it is of")):
        shutil.rmtree(data)
        shutil.copytree(forged, data)
        done = ledger("verify", code=5)
        assert (
            f"the witness witness.example/w: {'it is of 17' if 'only' in said else 'the first 17'}"
            in done.out
        )
        assert f"the copy {tmp_path}/copy: " in done.out
        assert said in done.out
        assert ledger("verify", "--offline").code == 0, "alone nothing can be seen"
        assert said in ledger("verify", "--offline", "--checkpoint", tmp_path / "copy", code=5).out
        done = ledger("checkpoint", code=5)
        assert "TAMPERED: the witness" in done.out
        assert "TAMPERED: the copy" in done.out
        ledger("export", "--to", tmp_path / "e.jsonl")
        outsider(tmp_path / "e.jsonl", "--key", key, "--witness", witness.key.text, code=5)
        outsider(tmp_path / "e.jsonl", "--key", key, "--checkpoint", tmp_path / "copy", code=5)
        outsider(tmp_path / "e.jsonl", "--key", key, code=0)
        (tmp_path / "e.jsonl").unlink()


def test_a_witness_that_never_signed_is_not_passed_over(ledger: Ask, witness: Any) -> None:
    set_up(ledger, witness)
    stranger = witness_signer("stranger.example").key.text
    assert "never witnessed by stranger.example" in ledger("verify", "--witness-key", stranger, code=5).out
    assert "witnessed to entry 12" in ledger("verify", "--witness-key", witness.key.text).out


def test_another_key_signed_nothing(ledger: Ask, witness: Any) -> None:
    set_up(ledger, witness)
    from simulators.growing_log import GrowingLog

    done = ledger("verify", "--key", GrowingLog("ledger.example/t").signer.key.text, "--offline", code=5)
    assert "not signed by the key of this ledger" in done.out
