"""A hostile file is looked into elsewhere; whatever goes wrong there is said, and is never a pass."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.archives import npm, sdist, wheel

from seawall import examine as verb
from seawall.adapters.disk.shipped import policy_text, schema_text
from seawall.adapters.runners import examiner, looking
from seawall.adapters.runners.examiner import Examiners
from seawall.examine import CHECK, ENGINE, Examined, Subject, examine
from seawall.kernel.decision import Outcome
from seawall.kernel.policy import facts as asked
from seawall.kernel.policy.engine import decide, load_policy
from seawall.kernel.policy.facts import gather
from seawall.kernel.settings import DEFAULTS

PACKAGE = '{"name": "thing", "version": "%s", "scripts": {"postinstall": "node x.js"}}'


@pytest.fixture(scope="module")
def workers() -> Iterator[Examiners]:
    pool = Examiners(workers=1, seconds=20)
    yield pool
    pool.close()


def subject(folder: Path, data: bytes, filename: str = "thing-1.0.1.tgz", version: str = "1.0.1") -> Subject:
    path = folder / f"{version}-{filename}"
    path.write_bytes(data)
    ecosystem = "npm" if filename.endswith(".tgz") else "PyPI"
    return Subject(path, filename, ecosystem, "thing", version, sha256(data).hexdigest())


def unchecked(answer: Examined) -> str:
    """The reason, once the policy is known to treat it as not checked."""
    (only,) = answer.skipped
    assert only.check == CHECK
    assert only.required
    assert not answer.findings
    facts = replace(gather((), DEFAULTS, unchecked=answer.skipped), age_days=99, age_hours=2400)
    policy = load_policy("default", policy_text("default"), schema_text())
    thing = asked.package("pkg:npm/thing@1", "npm", "thing", "1")
    assert decide(policy, asked.Question(facts, "fetch", thing, unchecked=answer.skipped)).outcome in (
        Outcome.INCOMPLETE,
        Outcome.DENY,
    )
    return only.reason


def test_what_is_new_is_found_by_a_worker(tmp_path: Path, workers: Examiners) -> None:
    new = subject(tmp_path, npm({"package.json": PACKAGE % "1.0.1", "x.js": "eval(atob('eA=='))"}))
    old = subject(tmp_path, npm({"index.js": "1"}, version="1.0.0"), "thing-1.0.0.tgz", "1.0.0")
    found = examine(new, old, examiners=workers, side_by_side=True)
    assert not found.skipped
    assert {item.rule for item in found.findings} == {"releases/install-hook", "releases/decoded-code"}
    assert all(item.asset == "pkg:npm/thing@1.0.1" and item.signal for item in found.findings)
    rows = {row.about: row for row in found.summary}
    assert (rows["version"].before, rows["version"].now) == ("1.0.0", "1.0.1")
    assert (rows["hooks"].before, rows["hooks"].now) == ("", "postinstall")


def test_what_an_unchanged_file_did_before_is_not_new(tmp_path: Path, workers: Examiners) -> None:
    """The quick look sees only the changed file; the finding has to hold against all of them."""
    files = {"a.js": "fetch('http://files.example')", "b.js": "1"}
    old = subject(tmp_path, npm(files, version="1.0.0"), "thing-1.0.0.tgz", "1.0.0")
    new = subject(tmp_path, npm({**files, "b.js": "fetch('http://files.example/b')"}))
    assert examine(new, old, examiners=workers).findings == ()
    assert examine(new, old, examiners=workers).summary == ()
    fresh = subject(tmp_path, npm({**files, "b.js": "require('child_process')"}))
    assert {f.rule for f in examine(fresh, old, examiners=workers).findings} == {"releases/new-ability"}


def test_a_wheel_is_looked_at_beside_its_source(tmp_path: Path, workers: Examiners) -> None:
    new = subject(tmp_path, wheel({"thing/a.py": "x = 2\n"}), "thing-1.0.1-py3-none-any.whl")
    source = subject(tmp_path, sdist({"thing/a.py": "x = 1\n"}), "thing-1.0.1.tar.gz")
    assert {f.rule for f in examine(new, None, source, examiners=workers).findings} == {
        "releases/not-in-source"
    }


def test_an_archive_that_cannot_be_read_is_a_finding(tmp_path: Path, workers: Examiners) -> None:
    found = examine(subject(tmp_path, b"no archive"), examiners=workers)
    assert {item.rule for item in found.findings} == {"releases/unreadable"}


def test_an_old_one_that_cannot_be_read_is_said(tmp_path: Path, workers: Examiners) -> None:
    new = subject(tmp_path, npm({"index.js": "1"}))
    found = examine(new, subject(tmp_path, b"broken", version="1.0.0"), examiners=workers)
    assert [item.check for item in found.skipped] == ["comparison"]


def test_bytes_that_changed_are_not_judged(tmp_path: Path, workers: Examiners) -> None:
    new = subject(tmp_path, npm({"index.js": "1"}))
    new.path.write_bytes(npm({"index.js": "2"}))
    assert "not the file that was verified" in unchecked(examine(new, examiners=workers))


def test_a_file_that_is_not_there(tmp_path: Path, workers: Examiners) -> None:
    new = replace(subject(tmp_path, b""), path=tmp_path / "gone.tgz")
    assert "No such file" in unchecked(examine(new, examiners=workers))


def test_a_link_is_not_followed(tmp_path: Path, workers: Examiners) -> None:
    new = subject(tmp_path, npm({"index.js": "1"}))
    link = tmp_path / "link.tgz"
    link.symlink_to(new.path)
    unchecked(examine(replace(new, path=link), examiners=workers))


def test_a_kind_of_file_that_nobody_reads(tmp_path: Path, workers: Examiners) -> None:
    new = replace(subject(tmp_path, b"MZ", "thing.exe"), ecosystem="PyPI")
    assert "no kind of file" in unchecked(examine(new, examiners=workers))


def test_one_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    slow = "import os\n" + "os.system(" * 40 + "1" + ")" * 40 + "\n"
    files = {f"thing/{n}.py": slow + f"x = {n}\n" + "os.system(x)\n" * 30_000 for n in range(60)}
    pool = Examiners(workers=1, seconds=0.2)
    try:
        new = subject(tmp_path, wheel(files), "thing-1.0.1-py3-none-any.whl")
        start = time.monotonic()
        assert unchecked(examine(new, examiners=pool))
        assert time.monotonic() - start < 30
        # The next question is answered by another worker.
        small = subject(tmp_path, npm({"index.js": "1"}))
        pool._seconds = 20
        assert not examine(small, examiners=pool).skipped
    finally:
        pool.close()


def test_a_worker_that_dies_gives_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiner.sys, "executable", "/bin/false")
    pool = Examiners(workers=1)
    try:
        assert unchecked(examine(subject(tmp_path, npm({})), examiners=pool))
    finally:
        pool.close()


def test_one_that_died_unasked_is_replaced(tmp_path: Path) -> None:
    pool = Examiners(workers=1)
    try:
        new = subject(tmp_path, npm({}))
        examine(new, examiners=pool)
        (worker,) = pool._all
        worker._process.kill()
        worker._process.wait()
        assert not examine(new, examiners=pool).skipped
    finally:
        pool.close()


def test_without_the_parser_nothing_is_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, where the library can be hidden: the worker's loop over one question."""
    import socket
    import sys

    from seawall.readers.syntax import javascript

    monkeypatch.setitem(sys.modules, "tree_sitter_javascript", None)
    monkeypatch.setattr(looking, "_renounce", lambda: None)
    monkeypatch.setattr(looking.resource, "setrlimit", lambda *_: None)
    javascript._parser.cache_clear()
    new = subject(tmp_path, npm({"index.js": "eval(x)"}))
    ours, theirs = socket.socketpair()
    loop = threading.Thread(target=looking.main, args=[[str(theirs.detach())]])
    loop.start()
    pool = Examiners(workers=0)
    worker = object.__new__(examiner._Worker)
    worker.looks, worker._door = 0, ours
    monkeypatch.setattr(examiner._Worker, "lives", True)
    pool._idle.put(worker)
    try:
        assert "install seawall[firewall]" in unchecked(examine(new, examiners=pool))
    finally:
        ours.close()
        loop.join(20)
        pool.close()
        javascript._parser.cache_clear()


def test_no_worker_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiner.sys, "executable", str(tmp_path / "nothing"))
    assert unchecked(examine(subject(tmp_path, npm({})), examiners=Examiners(workers=1)))


def test_nobody_waits_for_ever(tmp_path: Path) -> None:
    pool = Examiners(workers=0, patience=0.01)
    assert "no worker was free" in unchecked(examine(subject(tmp_path, npm({})), examiners=pool))


def test_after_the_end_nothing_is_looked_at(tmp_path: Path) -> None:
    pool = Examiners(workers=1)
    pool.close()
    assert "shut down" in unchecked(examine(subject(tmp_path, npm({})), examiners=pool))


@pytest.mark.parametrize("answer", [{}, {"findings": [{}], "rows": [], "unread": []}, {"findings": 1}])
def test_an_answer_that_is_none(
    answer: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Examiners(workers=1)
    monkeypatch.setattr(pool, "ask", lambda *_: answer)
    unchecked(examine(subject(tmp_path, npm({})), examiners=pool))


def test_many_threads_share_the_workers(tmp_path: Path, workers: Examiners) -> None:
    new = subject(tmp_path, npm({"index.js": "1"}))
    answers: list[Examined] = []
    threads = [
        threading.Thread(target=lambda: answers.append(examine(new, examiners=workers))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [item.skipped for item in answers] == [()] * 6


def test_no_descriptor_is_left_open(tmp_path: Path, workers: Examiners) -> None:
    new = subject(tmp_path, npm({"index.js": "1"}))
    examine(new, new, examiners=workers)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        examine(new, new, examiners=workers)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_worker_can_do_nothing_else(tmp_path: Path) -> None:
    """In a process like a worker: no file is written, no process started, memory has an end."""
    import subprocess
    import sys

    tried = (
        "import sys; from seawall.adapters.runners.looking import _renounce; _renounce()\n"
        f"try:\n    open({str(tmp_path / 'x')!r}, 'w').write('y' * 9999)\nexcept OSError as e: print(e.errno)\n"
        "try:\n    bytearray(4 << 30)\nexcept MemoryError: print('memory')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", tried], capture_output=True, text=True, timeout=60, check=False
    )
    assert (tmp_path / "x").stat().st_size == 0
    assert "memory" in done.stdout


def test_the_shared_workers_are_ended_and_begin_again(tmp_path: Path) -> None:
    new = subject(tmp_path, npm({"index.js": "1"}))
    try:
        assert not examine(new).skipped
        verb.close()
        assert not examine(new).skipped
    finally:
        verb.close()


def test_the_engine_names_what_a_verdict_depends_on() -> None:
    assert all(word in ENGINE for word in ("release-diff/", "seawall/", "python/", "javascript/"))
    assert looking.MOST_FILES == 3
