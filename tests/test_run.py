"""`seawall run`: the child knows the relay and none of our secrets; what came in and what did not is told."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from seawall.adapters.runners.sealed import Sealed
from seawall.kernel.errors import OutsideError
from simulators.door import DENIAL, TOKEN, GateSimulator
from simulators.loopback import Server, say

ROOT = Path(__file__).parents[1]


@pytest.fixture
def gate() -> Iterator[GateSimulator]:
    made = GateSimulator(TOKEN)
    yield made
    made.close()


class Ran:
    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def environment(home: Path, **more: str) -> dict[str, str]:
    (home / "home").mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home / "home"),
        "SEAWALL_DATA": str(home / "data"),
        "LC_ALL": "C.UTF-8",
        **more,
    }


def seawall(place: Path, *words: object, **more: str) -> Ran:
    """`seawall run WORDS` as a process of its own in `place`/tree, with nothing on its standard input."""
    tree = place / "tree"
    tree.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "run", *map(str, words)],
        cwd=tree,
        env=environment(place, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(done)


def child(text: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", text)


FETCH = (
    "import os, sys, urllib.request, urllib.error\n"
    "for path in sys.argv[1:]:\n"
    "    try: urllib.request.urlopen(os.environ['BUN_CONFIG_REGISTRY'] + path).read()\n"
    "    except urllib.error.HTTPError: pass\n"
)


def test_the_child_knows_the_relay_and_no_secret(gate: GateSimulator, tmp_path: Path) -> None:
    secret = {
        "MY_TOKEN": TOKEN,
        "SEAWALL_SOMETHING": "x",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "signed",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/",
        "UV_INDEX": "https://other.example/simple",
        "npm_config_@acme:registry": "https://other.example/",
        "NPM_CONFIG_REGISTRY": "https://other.example/",
        "KEPT": "yes",
    }
    ran = seawall(
        tmp_path, "--firewall", gate.url, "--token-from", "MY_TOKEN", *child("import os, json; print(json.dumps(dict(os.environ)))"), **secret
    )  # fmt: skip
    assert ran.code == 0, ran.err
    told = ran.answer
    assert told["KEPT"] == "yes"
    assert not any(TOKEN in value or "other.example" in value or value == "signed" for value in told.values())
    assert not any(name.startswith(("SEAWALL_", "ACTIONS_ID")) for name in told)
    own = told["HF_ENDPOINT"].removesuffix("/hf")
    kept = told["pnpm_config_registry"].removesuffix("/npm/")
    for base in (own, kept):
        assert base.startswith("http://127.0.0.1:")
        assert len(base.rpartition("/")[2]) > 40
    key = urlsplit(told["PIP_INDEX_URL"]).password or ""
    assert told["PIP_INDEX_URL"] == f"{kept.replace('//', f'//run:{key}@')}/pypi/simple/"
    assert len({key, own[-32:], kept[-32:]}) == 3
    assert "127.0.0.1" in told["NO_PROXY"]
    assert gate.url not in told.values()


def test_what_came_in_and_what_was_denied_is_told(gate: GateSimulator, tmp_path: Path) -> None:
    words = (*child(FETCH), "ebb", "ebb/-/ebb-1.0.0.tgz", "ebb/-/ebb-1.2.0.tgz", "ebb/-/ebb-1.0.0.tgz")
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *words, T=TOKEN)
    assert ran.code == 0
    assert "1 file came in, 1 denied" in ran.err
    assert f"denied   ebb 1.2.0: {DENIAL['error']}" in ran.err
    assert "held     Seawall holds back ebb 1.2.0" in ran.err
    assert "took     ebb 1.0.0" in ran.err
    assert TOKEN not in ran.err + ran.out
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", "--format", "json", *words, T=TOKEN)
    answer = ran.answer
    assert answer["schema"] == "seawall/run/1"
    assert [item["version"] for item in answer["taken"]] == ["1.0.0"]
    assert answer["denied"][0]["allowed_version"] == "1.1.0"
    assert answer["exit_code"] == 0


def test_its_beginning_and_its_end_are_told_and_nothing_of_the_command(
    gate: GateSimulator, tmp_path: Path
) -> None:
    words = ("--firewall", gate.url, "--token-from", "T", *child("raise SystemExit(7)  # canary-word"))
    ran = seawall(tmp_path, *words, T=TOKEN)
    assert (ran.code, "not in the ledger" in ran.err) == (7, False)
    assert gate.runs == [
        {"schema": "seawall/run/1", "did": "began", "sealed": False, "around": False},
        {"schema": "seawall/run/1", "did": "ended", "exit_code": 7},
    ]
    named = {headers["x-seawall-run"] for path, headers in gate.seen if path == "/-/seawall/run"}
    assert len(named) == 1
    (tmp_path / "tree" / "uv.lock").write_text(
        LOCK.format(index="https://index.example/simple", files="https://f.example/a")
    )
    seawall(tmp_path, "--allow-around", *words, T=TOKEN)
    assert [item.get("around") for item in gate.runs[2:]] == [True, None]


def test_a_run_that_could_not_start_did_not_begin(gate: GateSimulator, tmp_path: Path) -> None:
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", "--", "no-such-program", T=TOKEN)
    assert (ran.code, gate.runs) == (2, [])


def test_a_firewall_that_does_not_write_it_down_is_named(gate: GateSimulator, tmp_path: Path) -> None:
    gate.put("/-/seawall/run", say(503, b"{}"))
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *child("print(1)"), T=TOKEN)
    assert ran.code == 0
    assert "that this run began is not in the ledger: the firewall answered 503" in ran.err
    assert "how this run ended is not in the ledger" in ran.err


def test_the_run_the_commit_and_the_runner_go_with_it(gate: GateSimulator, tmp_path: Path) -> None:
    ci = {
        "GITHUB_RUN_ID": "77",
        "GITHUB_REPOSITORY": "acme/app",
        "GITHUB_SHA": "a" * 40,
        "RUNNER_NAME": "runner-4",
    }
    seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *child(FETCH), "ebb", T=TOKEN, **ci)
    headers = next(headers for path, headers in gate.seen if path == "/npm/ebb")
    assert headers["x-seawall-run"] == "acme/app/77/1"
    assert headers["x-seawall-commit"] == "a" * 40
    assert headers["x-seawall-place"] == "runner-4"
    assert headers["authorization"] == f"Bearer {TOKEN}"


def test_the_place_is_the_same_each_time_and_another_for_somebody_else(
    gate: GateSimulator, tmp_path: Path
) -> None:
    words = (
        "--firewall",
        gate.url,
        "--token-from",
        "T",
        *child("import os; print(os.environ['pnpm_config_registry'], os.environ['HF_ENDPOINT'])"),
    )

    def places() -> list[str]:
        return [word.rpartition("seawall-run-")[2] for word in seawall(tmp_path, *words, T=TOKEN).out.split()]

    first, second = places(), places()
    assert first[0] == second[0]
    assert first[1] != second[1], "what nobody keeps by address has another one each time"
    assert (tmp_path / "data" / "run.key").stat().st_mode & 0o77 == 0
    (tmp_path / "data" / "run.key").unlink()
    assert places()[0] != first[0]


@pytest.mark.parametrize("code", [0, 1, 3, 42])
def test_the_code_is_the_childs(gate: GateSimulator, tmp_path: Path, code: int) -> None:
    ran = seawall(
        tmp_path, "--firewall", gate.url, "--token-from", "T", *child(f"raise SystemExit({code})"), T=TOKEN
    )
    assert ran.code == code
    assert "0 files came in" in ran.err


def refused(ran: Ran, tree: Path) -> str:
    assert not (tree / "ran").exists(), "the command was started"
    return ran.err


RAN = child("open('ran', 'w')")


def test_a_firewall_that_does_not_serve_us_is_said_before_anything_is_started(
    gate: GateSimulator, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    ran = seawall(tmp_path, "--firewall", url, *RAN)
    assert (ran.code, "does not answer" in refused(ran, tree)) == (3, True)
    ran = seawall(tmp_path, "--firewall", gate.url, *RAN)
    assert (ran.code, "does not let us in" in refused(ran, tree)) == (3, True)
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *RAN, T="wrong")
    assert (ran.code, "does not let us in" in refused(ran, tree)) == (3, True)
    gate.ready = say(503, json.dumps({"reasons": ["no advisories"]}).encode())
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *RAN, T=TOKEN)
    assert (ran.code, "not ready: no advisories" in refused(ran, tree)) == (3, True)
    gate.ready = say(404)
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *RAN, T=TOKEN)
    assert (ran.code, "no firewall of Seawall" in refused(ran, tree)) == (3, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "no command"),
        (("--",), "no command"),
        (("--", "nothing-of-that-name"), "no program"),
        (("--token-from", "NONE", *RAN), "NONE is empty"),
        (("--oidc", "a", *RAN), "cannot sign"),
        (("--oidc", "a", "--token-from", "T", *RAN), "do not go together"),
        (("--token-from", "BAD", *RAN), "characters"),
    ],
)
def test_what_cannot_be_done_is_said(
    gate: GateSimulator, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    ran = seawall(tmp_path, "--firewall", gate.url, *words, T=TOKEN, BAD="a\nb")
    assert ran.code == 2
    assert why in refused(ran, tmp_path / "tree")


@pytest.mark.parametrize(
    "url", ["firewall", "ftp://x", "http://", "http://a:b@127.0.0.1", "http://127.0.0.1/?x", "http://[::1"]
)
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    assert seawall(tmp_path, "--firewall", url, *RAN).code == 2


def test_no_token_over_plain_http_to_another_machine(tmp_path: Path) -> None:
    ran = seawall(tmp_path, "--firewall", "http://192.0.2.1:8080", "--token-from", "T", *RAN, T=TOKEN)
    assert ran.code == 2
    assert "https" in ran.err


def test_a_jobs_signed_token_is_exchanged(gate: GateSimulator, tmp_path: Path) -> None:
    runner = Server()
    try:
        runner.answers["/sign"] = say(200, b'{"value": "signed.by.runner"}')
        exchanged = {"token": TOKEN, "expires": "", "id": "github:1", "fork": False}
        gate.answers["/-/seawall/token"] = say(200, json.dumps(exchanged).encode())
        job = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{runner.url}/sign?a=b",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job",
        }
        words = (
            "--firewall",
            gate.url,
            "--oidc",
            "https://fw.example/x",
            *child(FETCH),
            "ebb/-/ebb-1.0.0.tgz",
        )
        ran = seawall(tmp_path, *words, **job)
        assert "took     ebb 1.0.0" in ran.err
        path, headers = runner.seen[0]
        assert path == "/sign?a=b&audience=https%3A%2F%2Ffw.example%2Fx"
        assert headers["authorization"] == "bearer job"
        gate.answers["/-/seawall/token"] = say(401, b'{"error": "not trusted here"}')
        ran = seawall(tmp_path, *words, **job)
        assert ran.code == 3
        assert "gave no token: not trusted here" in ran.err
    finally:
        runner.close()


def test_a_signal_goes_on_to_the_child(gate: GateSimulator, tmp_path: Path) -> None:
    text = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'ended in peace\\n'), sys.exit(9)))\n"
        "print('begun', flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "seawall", "run", "--firewall", gate.url, "--token-from", "T", *child(text)],
        cwd=tmp_path,
        env=environment(tmp_path, T=TOKEN),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (9, "ended in peace\n"), err
    assert "ended with 9" in err


def test_a_child_that_a_signal_ends(gate: GateSimulator, tmp_path: Path) -> None:
    ran = seawall(
        tmp_path,
        "--firewall",
        gate.url,
        "--token-from",
        "T",
        *child("import os; os.kill(os.getpid(), 9)"),
        T=TOKEN,
    )
    assert ran.code == 137


def test_the_relay_answers_nobody_else(gate: GateSimulator, tmp_path: Path) -> None:
    text = (
        "import os, urllib.request, urllib.error\n"
        "base = os.environ['HF_ENDPOINT'].removesuffix('/hf')\n"
        "host = base.rpartition('/')[0]\n"
        "def status(url, **more):\n"
        "    try: return urllib.request.urlopen(urllib.request.Request(url, **more)).status\n"
        "    except urllib.error.HTTPError as error: return error.code\n"
        "print(status(base + '/npm/ebb'), status(host + '/npm/ebb'), status(base[:-1] + 'g/npm/ebb'),\n"
        "  status(base + '//other.example/'), status(base + '/npm/ebb', method='PUT', data=b''),\n"
        "  status(base + '/npm/ebb', headers={'Authorization': 'Bearer own', 'X-Seawall-Run': 'forged'}))"
    )
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *child(text), T=TOKEN)
    assert ran.out.split() == ["200", "404", "404", "404", "501", "200"]
    assert all("forged" not in headers.get("x-seawall-run", "") for _, headers in gate.seen)


def test_the_address_that_stays_is_opened_by_this_runs_key_alone(gate: GateSimulator, tmp_path: Path) -> None:
    """What is left of a run in caches, logs and lockfiles opens nothing, and neither does its key later."""
    text = (
        "import base64, os, sys, urllib.request, urllib.error\n"
        "from urllib.parse import urlsplit\n"
        "kept, key = os.environ['pnpm_config_registry'], urlsplit(os.environ['PIP_INDEX_URL']).password\n"
        "rc = open(os.environ['npm_config_userconfig']).read()\n"
        "assert f':_authToken={key}\\n' in rc and os.stat(os.environ['npm_config_userconfig']).st_mode & 0o77 == 0\n"
        "pair = lambda text: 'Basic ' + base64.b64encode(text.encode()).decode()\n"
        "def status(said):\n"
        "    headers = {'Authorization': said} if said else {}\n"
        "    try: return urllib.request.urlopen(urllib.request.Request(kept + 'ebb', headers=headers)).status\n"
        "    except urllib.error.HTTPError as error: return error.code\n"
        "before = open('key').read() if os.path.exists('key') else key[::-1]\n"
        "open('key', 'w').write(key)\n"
        "print(*map(status, [f'Bearer {key}', pair(f'run:{key}'), '', 'Bearer ', f'Bearer {before}',\n"
        "    pair(f'run:{before}'), pair(f'other:{key}'), 'Bearer \xe4', key]), os.environ['npm_config_userconfig'])"
    )
    for _ in range(2):
        gate.seen.clear()
        ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *child(text), T=TOKEN)
        assert ran.out.split()[:-1] == ["200", "200", *["403"] * 7], ran.err
        asked = [headers for path, headers in gate.seen if path == "/npm/ebb"]
        assert [headers["authorization"] for headers in asked] == [f"Bearer {TOKEN}"] * 2
        assert not Path(ran.out.split()[-1]).parent.exists()


def test_npms_documents_lead_to_the_relay(gate: GateSimulator, tmp_path: Path) -> None:
    text = (
        "import json, os, urllib.request\n"
        "registry = os.environ['BUN_CONFIG_REGISTRY']\n"
        "said = json.load(urllib.request.urlopen(registry + 'ebb'))\n"
        "print(all(v['dist']['tarball'].startswith(registry) for v in said['versions'].values()))"
    )
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *child(text), T=TOKEN)
    assert ran.out == "True\n"


def test_a_firewall_that_breaks_off_is_not_the_whole_file(gate: GateSimulator, tmp_path: Path) -> None:
    def cut(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 10)

    gate.put("/npm/ebb/-/ebb-1.0.0.tgz", cut)
    text = (
        "import os, urllib.request, http.client\n"
        "try: urllib.request.urlopen(os.environ['BUN_CONFIG_REGISTRY'] + 'ebb/-/ebb-1.0.0.tgz').read()\n"
        "except (http.client.IncompleteRead, ConnectionError): print('cut')"
    )
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *child(text), T=TOKEN)
    assert ran.out == "cut\n"


LOCK = """version = 1
requires-python = ">=3.9"

[[package]]
name = "ebb"
version = "1.1.0"
source = {{ registry = "{index}" }}
wheels = [
    {{ url = "{files}/ebb-1.1.0-py3-none-any.whl", hash = "sha256:00", size = 713 }},
]
"""


def test_a_lockfile_that_names_other_hosts_is_refused_and_can_be_fixed(
    gate: GateSimulator, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    lock = tree / "uv.lock"
    lock.write_text(LOCK.format(index="https://index.example/simple", files="https://files.example/a/b"))
    words = ("--firewall", gate.url, "--token-from", "T")
    ran = seawall(tmp_path, *words, *RAN, T=TOKEN)
    assert ran.code == 2
    said = refused(ran, tree)
    assert "uv.lock leads to index.example" in said
    assert "uv.lock leads to files.example" in said
    assert "--fix-locks" in said
    ran = seawall(tmp_path, *words, "--allow-around", "--format", "json", *RAN, T=TOKEN)
    assert ran.code == 0
    assert ran.answer["around"] == ["uv.lock leads to index.example", "uv.lock leads to files.example"]
    (tree / "ran").unlink()
    ran = seawall(tmp_path, *words, "--fix-locks", *RAN, T=TOKEN)
    assert ran.code == 0
    assert "is led to" in ran.err
    assert lock.read_text() == LOCK.format(
        index=f"{gate.url}/pypi/simple/", files=f"{gate.url}/pypi/files/ebb"
    )


def test_a_lock_is_of_no_interest_to_another_client(gate: GateSimulator, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "uv.lock").write_text(
        LOCK.format(index="https://index.example/simple", files="https://f.example/a")
    )
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "npm").write_text("#!/bin/sh\nexit 0\n")
    (bin_ / "npm").chmod(0o755)
    path = f"{bin_}:{os.environ['PATH']}"
    ran = seawall(
        tmp_path, "--firewall", gate.url, "--token-from", "T", "--", "npm", "ci", T=TOKEN, PATH=path
    )
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("name", "text", "host"),
    [
        ("requirements.txt", "--extra-index-url https://x.example/simple\nebb==1\n", "x.example"),
        ("requirements.txt", "ebb @ https://x.example/ebb-1-py3-none-any.whl\n", "x.example"),
        ("requirements.txt", "ebb @ git+https://x.example/ebb@" + "a" * 40 + "\n", "x.example"),
        ("pyproject.toml", '[[tool.uv.index]]\nname = "x"\nurl = "https://x.example/simple"\n', "x.example"),
        (".npmrc", "@acme:registry=https://x.example/\n", "x.example"),
        ("package.json", '{"dependencies": {"a": "https://x.example/a.tgz"}}', "x.example"),
        ("yarn.lock", '# yarn lockfile v1\n\n\nebb@^1:\n  version "1.0.0"\n  resolved "https://x.example/ebb/-/ebb-1.0.0.tgz#aa"\n', "x.example"),
    ],
)  # fmt: skip
def test_every_way_round_is_named(
    gate: GateSimulator, tmp_path: Path, name: str, text: str, host: str
) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / name).write_text(text)
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *RAN, T=TOKEN)
    assert ran.code == 2, ran.err
    assert host in refused(ran, tmp_path / "tree")
    assert name in ran.err


def test_a_client_that_no_variable_leads(gate: GateSimulator, tmp_path: Path) -> None:
    tree, bin_ = tmp_path / "tree", tmp_path / "bin"
    tree.mkdir()
    bin_.mkdir()
    (bin_ / "poetry").write_text("#!/bin/sh\nexit 0\n")
    (bin_ / "poetry").chmod(0o755)
    words = ("--firewall", gate.url, "--token-from", "T", "--", "poetry", "install")
    path = f"{bin_}:{os.environ['PATH']}"
    ran = seawall(tmp_path, *words, T=TOKEN, PATH=path)
    assert (ran.code, "poetry takes its index from pyproject.toml alone" in ran.err) == (2, True)
    source = (
        f'[[tool.poetry.source]]\nname = "seawall"\nurl = "{gate.url}/pypi/simple/"\npriority = "primary"\n'
    )
    (tree / "pyproject.toml").write_text(source)
    assert seawall(tmp_path, *words, T=TOKEN, PATH=path).code == 0


def test_what_a_run_that_was_cut_off_left_is_put_right(gate: GateSimulator, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    old = "http://127.0.0.1:23456/seawall-run-" + "0f" * 16
    (tree / "uv.lock").write_text(LOCK.format(index=f"{old}/pypi/simple/", files=f"{old}/pypi/files/ebb"))
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *RAN, T=TOKEN)
    assert ran.code == 0, ran.err
    assert "cut off" in ran.err
    assert old not in (tree / "uv.lock").read_text()
    assert f"{gate.url}/pypi/simple/" in (tree / "uv.lock").read_text()


def test_locks_name_the_relay_only_while_it_runs(gate: GateSimulator, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    lock = tree / "uv.lock"
    lock.write_text(LOCK.format(index=f"{gate.url}/pypi/simple/", files=f"{gate.url}/pypi/files/ebb"))
    lock.chmod(0o640)
    before = lock.read_bytes()
    (tree / "requirements.txt").write_text(f"--index-url {gate.url}/pypi/simple/\nebb\n")
    (tree / "requirements.txt").chmod(0o644)
    (tree / "poetry.lock").write_text(f'url = "{gate.url}/pypi/simple/"\n')
    text = (
        "import os\nbase = os.environ['pnpm_config_registry'].removesuffix('/npm/')\n"
        "text, more = open('uv.lock').read(), open('requirements.txt').read()\n"
        "own, mode = os.environ['HF_ENDPOINT'].removesuffix('/hf'), os.stat('requirements.txt').st_mode & 0o777\n"
        f"print(base + '/pypi/simple/' in text, {gate.url!r} in text + more)\n"
        "print(os.environ['UV_DEFAULT_INDEX'] in more, oct(mode), own in open('poetry.lock').read())\n"
        "print(os.stat('uv.lock').st_mode & 0o777 == 0o640)\n"
        "starred = base.replace('//', '//run:****@') + '/pypi/simple/'\n"
        "open('sub-requirements.txt', 'w').write(f'--index-url {starred}\\n-i {own}/pypi/simple/\\n')\n"
        "os.makedirs('sub')\nopen('sub/package-lock.json', 'w').write(base + '/npm/x')\n"
        "open('notes.md', 'w').write(base)\nos.symlink('notes.md', 'yarn.lock')"
    )
    ran = seawall(tmp_path, "--firewall", gate.url, "--token-from", "T", *child(text), T=TOKEN)
    assert ran.out == "True False\nTrue 0o644 True\nTrue\n", ran.err
    assert lock.read_bytes() == before
    assert (tree / "requirements.txt").read_text() == f"--index-url {gate.url}/pypi/simple/\nebb\n"
    assert (tree / "requirements.txt").stat().st_mode & 0o777 == 0o644
    index = f"{gate.url}/pypi/simple/"
    assert (tree / "sub-requirements.txt").read_text() == f"--index-url {index}\n-i {index}\n"
    assert lock.stat().st_mode & 0o777 == 0o640
    assert (tree / "sub" / "package-lock.json").read_text() == f"{gate.url}/npm/x"
    assert "changed  sub/package-lock.json" in ran.err
    assert "changed  uv.lock" not in ran.err
    assert (tree / "notes.md").read_text().startswith("http://127.0.0.1:"), (
        "no lockfile, and linked to by one"
    )


def no_seal() -> str:
    try:
        Sealed("https://firewall.example").close()
    except OutsideError as error:
        return str(error)
    return ""


WHY = no_seal()


@pytest.mark.skipif(bool(WHY), reason=f"no seal can be had here: {WHY}")
def test_sealed_what_an_install_script_tries_is_refused_and_recorded(
    gate: GateSimulator, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "uv.lock").write_text(
        LOCK.format(index="https://index.example/simple", files="https://f.example/a")
    )
    text = (
        "import socket, sys\n"
        "for host in ('192.0.2.66', 'sfrclak.example'):\n"
        "    try: socket.create_connection((host, 8000), timeout=5)\n"
        "    except OSError as error: print(type(error).__name__)\n"
        "sys.exit(4)"
    )
    words = ("--firewall", gate.url, "--token-from", "T", "--sealed")
    ran = seawall(tmp_path, *words, *child(text), T=TOKEN)
    assert ran.code == 4, ran.err
    assert ran.out.split() == ["ConnectionRefusedError", "gaierror"]
    assert "refused  a connection to 192.0.2.66 port 8000 (tcp)" in ran.err
    assert "refused  a connection to sfrclak.example (dns" in ran.err
    assert "nothing got through" in ran.err
    (told,) = gate.refused
    assert told["schema"] == "seawall/refused/1"
    assert {"host": "192.0.2.66", "port": 8000, "protocol": "tcp", "times": 1} in told["refused"]
    ran = seawall(tmp_path, *words, "--format", "json", *child(text), T=TOKEN)
    assert ran.answer["sealed"] is True
    assert any(item["host"] == "sfrclak.example" for item in ran.answer["refused"])


@pytest.mark.skipif(bool(WHY), reason=f"no seal can be had here: {WHY}")
def test_sealed_and_the_relay_is_still_there(gate: GateSimulator, tmp_path: Path) -> None:
    words = ("--firewall", gate.url, "--token-from", "T", "--sealed", *child(FETCH), "ebb/-/ebb-1.0.0.tgz")
    ran = seawall(tmp_path, *words, T=TOKEN)
    assert "took     ebb 1.0.0" in ran.err, ran.err
    assert gate.refused == []


@pytest.mark.skipif(bool(WHY), reason=f"no seal can be had here: {WHY}")
def test_nothing_is_left_when_we_are_killed(gate: GateSimulator, tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    text = f"import time; open({str(mark)!r}, 'w'); time.sleep(300)"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "seawall",
            "run",
            "--firewall",
            gate.url,
            "--token-from",
            "T",
            "--sealed",
            *child(text),
        ],
        cwd=tmp_path,
        env=environment(tmp_path, T=TOKEN),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < end:
        threading.Event().wait(0.02)
    process.kill()
    process.wait()

    def left() -> bool:
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(mark).encode() in place.read_bytes():
                    return True
            except OSError:
                continue
        return False

    while left() and time.monotonic() < end:
        threading.Event().wait(0.02)
    assert not left()
