"""The real huggingface_hub and its `hf` command, whose process may connect to the firewall and to nothing else.

An audit hook in the client's own process refuses, and writes down, every connection and every look-up of a
name but those to the firewall; xet is on, and the hub offers it for every large file.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall
from tests.simulators.past import at, cut, in_turn, serving, status
from tests.simulators.past_hf import PastHub
from tests.simulators.running_gate import running

from seawall.kernel.origin import Origin

CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[2] / ".clients")) / "bin"
pytestmark = pytest.mark.skipif(not (CLIENTS / "hf").exists(), reason=f"no hf in {CLIENTS}")

NOW = at("2026-11-20T12:00:00Z")
OLD = at("2022-03-02T00:00:00Z")
WEIGHTS = (2).to_bytes(8, "little") + b"{}" + bytes(range(256)) * 2_000
PICKLE = b"\x80\x04N." * 30_000
FILES = {"config.json": b'{"model_type": "bert"}', "model.safetensors": WEIGHTS, "a/vocab.txt": b"the\n"}
WITH_PICKLE = {**FILES, "pytorch_model.bin": PICKLE}

WATCH = """
import os, sys

def watch(event, told):
    if event == "socket.connect":
        place = told[1]
        known = not isinstance(place, tuple) or place[:2] == ("127.0.0.1", {port})
    elif event == "socket.getaddrinfo":
        place = told[0]
        known = place in ("127.0.0.1", None)
    else:
        return
    if not known:
        with open({tried!r}, "a") as file:
            file.write(repr(place) + chr(10))
        raise PermissionError(f"nobody may connect to {{place}}")

sys.addaudithook(watch)
"""


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        return " ".join((self.out + self.err).split())


@dataclass
class Person:
    """Somebody's machine with huggingface_hub on it."""

    place: Path
    gate: RealFirewall
    more: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hooks = self.place / "hooks"
        hooks.mkdir(parents=True)
        port = self.gate.url.rpartition(":")[2]
        text = WATCH.format(port=port, tried=str(self.place / "tried"))
        (hooks / "sitecustomize.py").write_text(text)

    def run(self, *command: str) -> Ran:
        done = subprocess.run(
            [str(CLIENTS / command[0]), *command[1:]],
            env={
                "PATH": f"{CLIENTS}:/usr/bin:/bin",
                "HOME": str(self.place),
                "HF_HOME": str(self.place / "hf"),
                "HF_ENDPOINT": f"{self.gate.url}/hf",
                "HF_HUB_DISABLE_UPDATE_CHECK": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "PYTHONPATH": str(self.place / "hooks"),
                "NO_COLOR": "1",
                **self.more,
            },
            cwd=self.place,
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def python(self, code: str) -> Ran:
        head = "from huggingface_hub import *\nfrom pathlib import Path\n"
        show = (
            "def show(p):\n"
            " print(sorted(str(f.relative_to(p)) for f in Path(p).rglob('*')"
            " if f.is_file() and '.cache' not in f.parts))\n"
        )
        return self.run("python", "-c", head + show + code)

    @property
    def tried(self) -> str:
        """Where else it tried to connect."""
        path = self.place / "tried"
        return path.read_text() if path.exists() else ""

    def has(self, data: bytes) -> bool:
        """Some file in its caches holds exactly that."""
        files = (path for path in self.place.rglob("*") if path.is_file())
        return any(path.stat().st_size == len(data) and path.read_bytes() == data for path in files)


@pytest.fixture
def hub() -> Iterator[PastHub]:
    with serving(PastHub(NOW)) as past:
        past.born["acme"] = OLD
        yield past


@pytest.fixture
def person(tmp_path: Path, hub: PastHub) -> Iterator[Person]:
    origin = Origin("Hugging Face", "hub", hub.url)
    with firewall(tmp_path / "gate", origins=[origin], now=lambda: hub.now) as gate:
        someone = Person(tmp_path / "home", gate)
        yield someone
        assert not someone.tried
    # Native code is not seen by the hook, but whoever asked the hub or its store is.
    agents = {seen.headers.get("user-agent", "") for past in (hub, hub.elsewhere) for seen in past.seen}
    assert not [agent for agent in agents if not agent.startswith("seawall/")]


def test_the_watch_can_see(person: Person) -> None:
    done = person.run("python", "-c", "import socket; socket.create_connection(('192.0.2.1', 9), 1)")
    assert done.code == 1
    assert "192.0.2.1" in person.tried
    (person.place / "tried").unlink()


def test_a_snapshot_of_a_branch(hub: PastHub, person: Person) -> None:
    commit = hub.push("acme/bert", OLD, WITH_PICKLE)
    done = person.python("show(snapshot_download('acme/bert'))")
    assert done.code == 0, done.err
    assert done.out.strip() == str(sorted(WITH_PICKLE))
    assert person.has(WEIGHTS)
    assert person.has(PICKLE)
    assert "pytorch_model.bin is a pickle, as torch.save writes it" in done.words
    taken = {item["file"] for item in person.gate.entries() if item.get("delivery") == "served"}
    assert taken == set(WITH_PICKLE)
    assets = {item["asset"] for item in person.gate.entries() if "huggingface" in str(item.get("asset"))}
    assert assets == {f"pkg:huggingface/acme/bert@{commit}"}


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_one_file_of_a_commit_and_of_a_branch(hub: PastHub, person: Person, kind: str) -> None:
    commit = hub.push("acme/thing", OLD, FILES, kind=kind)
    done = person.python(
        f"for r in ('{commit}', 'main', None):\n"
        f" print(hf_hub_download('acme/thing', 'model.safetensors', revision=r, repo_type='{kind}'))\n"
        f"print(hf_hub_download('acme/thing', 'a/vocab.txt', repo_type='{kind}'))"
    )
    assert done.code == 0, done.err
    assert len(set(done.out.split())) == 2
    assert f"snapshots/{commit}/a/vocab.txt" in done.out
    blob = (
        person.place / "hf" / "hub" / f"{kind}s--acme--thing" / "blobs" / hashlib.sha256(WEIGHTS).hexdigest()
    )
    assert blob.read_bytes() == WEIGHTS


def test_the_command_downloads_and_says_what_it_is_warned_of(hub: PastHub, person: Person) -> None:
    hub.push("acme/bert", OLD, WITH_PICKLE)
    done = person.run("hf", "download", "acme/bert", "--local-dir", "here")
    assert done.code == 0, done.words
    assert (person.place / "here" / "model.safetensors").read_bytes() == WEIGHTS
    assert "Seawall: acme/bert/pytorch_model.bin: " in done.words
    for words in (["models", "info", "acme/bert"], ["download", "acme/bert", "config.json"]):
        assert person.run("hf", *words).code == 0


def test_a_branch_of_a_young_repository(hub: PastHub, person: Person) -> None:
    commit = hub.push("acme/new", NOW - timedelta(days=3), WITH_PICKLE)
    why = "Seawall: acme/new main is held back: acme/new is asked for by main, which can move"
    for done in (
        person.python("snapshot_download('acme/new')"),
        person.run("hf", "download", "acme/new"),
    ):
        assert done.code == 1
        assert why in done.words
        assert f"allowed now: {commit}" in done.words
    done = person.python("hf_hub_download('acme/new', 'config.json')")
    assert "Seawall: acme/new/config.json main is held back" in done.words
    assert not person.has(FILES["config.json"])


def test_a_commit_of_a_young_repository_comes_without_its_pickle(hub: PastHub, person: Person) -> None:
    commit = hub.push("acme/new", NOW - timedelta(days=3), WITH_PICKLE)
    done = person.python(f"show(snapshot_download('acme/new', revision='{commit}'))")
    assert done.code == 0, done.err
    assert done.out.strip() == str(sorted(FILES))
    assert "Seawall leaves out pytorch_model.bin of acme/new: " in done.words
    for again in (
        person.python(f"hf_hub_download('acme/new', 'pytorch_model.bin', revision='{commit}')"),
        person.run("hf", "download", "acme/new", "pytorch_model.bin", "--revision", commit),
    ):
        assert again.code == 1
        assert "is held back: pytorch_model.bin is a pickle, as torch.save writes it" in again.words
        assert "allowed from 2026-12-17 12:00 UTC" in again.words
    assert not person.has(PICKLE)


def test_a_renamed_repository(hub: PastHub, person: Person) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    hub.renamed["model", "gone/bert"] = "acme/bert"
    hub.renamed["model", "bert-base-uncased"] = "acme/bert"
    done = person.run("hf", "download", "gone/bert")
    assert done.code == 1
    assert "gone/bert is acme/bert now" in done.words
    assert person.python(f"show(snapshot_download('gone/bert', revision='{commit}'))").code == 0
    assert person.python("show(snapshot_download('bert-base-uncased'))").out.strip() == str(sorted(FILES))


def test_what_is_gated_or_not_there_raises_what_it_raises_without_us(hub: PastHub, person: Person) -> None:
    hub.push("acme/closed", OLD, FILES)
    hub.push("acme/bert", OLD, FILES)
    hub.repositories["model", "acme/closed"].gated = "manual"
    done = person.python(
        "from huggingface_hub.errors import *\n"
        "def raises(kind, *given, **more):\n"
        " try: hf_hub_download(*given, **more)\n"
        " except kind as error: print(kind.__name__)\n"
        "raises(GatedRepoError, 'acme/closed', 'config.json')\n"
        "raises(RepositoryNotFoundError, 'no/body', 'config.json')\n"
        "raises(RevisionNotFoundError, 'acme/bert', 'config.json', revision='nope')\n"
        "raises(EntryNotFoundError, 'acme/bert', 'nope.json')\n"
        "print(file_exists('acme/bert', 'nope.json'), repo_exists('acme/bert'), repo_exists('no/body'))"
    )
    assert done.code == 0, done.err
    assert done.out.split() == [
        "GatedRepoError",
        "RepositoryNotFoundError",
        "RevisionNotFoundError",
        "EntryNotFoundError",
        *("False", "True", "False"),
    ]


def test_an_interrupted_download_goes_on(hub: PastHub, person: Person) -> None:
    """The firewall's own answer is cut off by the client's death; what is left is asked for as a range."""
    data = WEIGHTS + os.urandom(64) * 200_000
    commit = hub.push("acme/bert", OLD, {"model.safetensors": data})
    digest = hashlib.sha256(data).hexdigest()
    blobs = person.place / "hf" / "hub" / "models--acme--bert" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{digest}.incomplete").write_bytes(data[:5_000_000])
    code = f"print(hf_hub_download('acme/bert', 'model.safetensors', revision='{commit}'))"
    assert person.python(code).code == 0
    assert (blobs / digest).read_bytes() == data


def test_a_hub_that_breaks_off_is_asked_again(hub: PastHub, person: Person) -> None:
    hub.push("acme/bert", OLD, FILES)
    hub.elsewhere.faults["*"] = in_turn(
        cut(100_000), lambda reply, wire: wire.send(reply.head() + reply.body)
    )
    for _ in range(2):
        done = person.python("print(hf_hub_download('acme/bert', 'model.safetensors'))")
        if done.code == 0:
            break
    assert done.code == 0, done.err
    assert person.has(WEIGHTS)


def test_while_the_hub_is_down_a_second_person_is_served(
    hub: PastHub, person: Person, tmp_path: Path
) -> None:
    hub.push("acme/bert", OLD, FILES)
    code = "show(snapshot_download('acme/bert'))"
    assert person.python(code).code == 0
    hub.faults["*"] = status(503)
    hub.elsewhere.faults["*"] = status(503)
    second = Person(tmp_path / "second", person.gate)
    done = second.python(code)
    assert done.code == 0, done.err
    assert done.out.strip() == str(sorted(FILES))
    assert not second.tried


def test_files_are_read_as_a_file_system_too(hub: PastHub, person: Person) -> None:
    hub.push("acme/data", OLD, {"a/part.txt": b"one\n", "b.txt": b"two\n"}, kind="dataset")
    done = person.python(
        "f = HfFileSystem()\n"
        "print(f.ls('datasets/acme/data', detail=False), f.cat('datasets/acme/data/a/part.txt'))\n"
        "print(f.glob('datasets/acme/data/**/*.txt'))"
    )
    assert done.code == 0, done.err
    assert "['datasets/acme/data/a', 'datasets/acme/data/b.txt'] b'one\\n'" in done.out
    assert "['datasets/acme/data/a/part.txt', 'datasets/acme/data/b.txt']" in done.out


def test_search_and_upload_are_refused_with_a_reason(person: Person) -> None:
    done = person.python("list(list_models(search='bert'))")
    assert "Seawall hands out repositories by their names; it neither lists nor searches" in done.words
    done = person.python(
        "upload_file(path_or_fileobj=b'x', path_in_repo='x', repo_id='acme/bert', token=False)"
    )
    assert "Seawall only hands out; upload to the hub itself" in done.words


def test_a_run_takes_pages_and_files_by_its_relay_and_says_what_came_in(tmp_path: Path) -> None:
    with serving(PastHub(datetime.now(UTC))) as hub:
        hub.page = 2
        commit = hub.push("acme/bert", OLD, FILES)
        with running(tmp_path, {"Hugging Face": hub.url}) as gate:
            code = "from huggingface_hub import snapshot_download as s; print(s('acme/bert'))"
            command = ["run", "--firewall", gate.url, "--", str(CLIENTS / "python"), "-c", code]
            done = subprocess.run(
                [sys.executable, "-m", "seawall", *command],
                env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HF_TOKEN": "hf_of_a_login"},
                cwd=tmp_path,
                capture_output=True,
                check=False,
                text=True,
                timeout=100,
            )
            shown = gate.command("ledger", "show", "--format", "jsonl").stdout
            events = [json.loads(line) for line in shown.splitlines()]
    assert done.returncode == 0, done.stderr
    assert f"snapshots/{commit}" in done.stdout
    assert "acme/bert" in done.stderr
    taken = [item for item in events if item.get("action") == "fetch"]
    assert {item["file"] for item in taken} == set(FILES)
    # Also the second page was asked for through the relay, which says for which run.
    assert len({item.get("run") for item in events if "huggingface" in str(item.get("asset"))}) == 1
    assert "hf_of_a_login" not in str(list(hub.seen))
