"""What `seawall scan` answers, with which exit code, and what it says when it cannot."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main
from simulators.command_line import Done, index, run, start
from simulators.osv import record
from simulators.repository import BAD, GOOD, LOCK, package_lock

VULNERABLE = record(
    "GHSA-left-0001", "npm", "left", ("1.0.0",),
    severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N"}],
    ranges=[{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}],
)  # fmt: skip


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing was set up, and a tree."""
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CI", "SEAWALL_STORE", "SEAWALL_TRUST_BASE", "SEAWALL_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "package.json").write_text('{"name": "sample", "dependencies": {}}')
    return tree


@pytest.fixture
def seawall(capsys: pytest.CaptureFixture[str]) -> Any:
    def scan(*words: object, code: int | None = None) -> Done:
        return run("scan", *words, code=code, capsys=capsys)

    return scan


@pytest.fixture
def data(place: Path) -> Path:
    return index(place / "data" / "advisories.db", VULNERABLE)


# The four answers


def test_clean_is_said_only_with_data(tree: Path, seawall: Any, data: Path) -> None:
    (tree / LOCK).write_text(GOOD)
    done = seawall(tree, "--offline", code=0)
    assert done.first == "Allowed: nothing stands against it."


def test_without_data_the_first_line_says_what_was_not_checked(tree: Path, seawall: Any) -> None:
    (tree / LOCK).write_text(GOOD)
    done = seawall(tree, "--offline", code=3)
    assert done.first == "not checked for malware and vulnerabilities (npm): run `seawall sync`"
    assert "nothing stands against" not in done.out
    assert done.out.rstrip().endswith("next: seawall sync")


def test_data_for_one_ecosystem_is_none_for_another(tree: Path, seawall: Any, data: Path) -> None:
    (tree / LOCK).write_text(GOOD)
    (tree / "go.mod").write_text("module a\n\ngo 1.22\n\nrequire example.com/x v1.0.0\n")
    done = seawall(tree, "--offline", code=3)
    assert done.first == "not checked for malware and vulnerabilities (Go): run `seawall sync`"


def test_a_version_that_cannot_be_compared_is_not_clean(tree: Path, seawall: Any, place: Path) -> None:
    """An advisory is about the package; whether about this version nobody can tell."""
    bounds = [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}]}]
    known = index(place / "odd.db", record("GHSA-odd", "npm", "left-pad", ranges=bounds))
    lock = {
        "lockfileVersion": 3,
        "packages": {"": {}, "node_modules/left-pad": {"version": "latest-and-greatest"}},
    }
    (tree / "package-lock.json").write_text(json.dumps(lock))
    (tree / "package.json").unlink(missing_ok=True)
    done = seawall(tree, "--offline", "--no-history", "--index", known, code=3)
    assert done.first.startswith(
        "not checked for malware and vulnerabilities of left-pad latest-and-greatest"
    )


def test_a_denial_stays_one_without_data(tree: Path, seawall: Any) -> None:
    (tree / LOCK).write_text(BAD)
    done = seawall(tree, "--offline", code=1)
    assert done.first == "Denied: this must not go in."
    assert done.out.splitlines()[1].startswith("also not checked for malware and vulnerabilities (npm)")


def test_a_warning_is_zero_unless_asked(tree: Path, seawall: Any, data: Path) -> None:
    (tree / LOCK).write_text(package_lock(left="1.0.0"))
    done = seawall(tree, "--offline", code=0)
    assert done.first == "Allowed, with something to look at."
    assert "fix: update left to 1.0.1" in done.out
    seawall(tree, "--offline", "--fail-on", "warn", code=1)
    seawall(tree, "--offline", "--fail-on", "deny", code=0)


def test_incomplete_is_three_whatever_fails(tree: Path, seawall: Any) -> None:
    (tree / LOCK).write_text(GOOD)
    seawall(tree, "--offline", "--fail-on", "warn", code=3)


@pytest.mark.parametrize("policy", ["observe", "default", "strict"])
def test_no_policy_calls_it_clean_without_data(tree: Path, seawall: Any, policy: str) -> None:
    (tree / LOCK).write_text(GOOD)
    done = seawall(tree, "--offline", "--policy", policy, "--format", "json")
    assert done.answer["decision"] in ("incomplete", "deny")
    assert done.code in (3, 1)


def test_a_tree_without_packages_needs_no_data(tree: Path, seawall: Any) -> None:
    (tree / "package.json").unlink()
    done = seawall(tree, "--offline", code=0)
    assert "no lockfile, manifest or installed package was found" in done.out


# What is left out


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["--rule", "packages/lockfile-missing"], ["malware", "vulnerabilities"]),
        (["--only", "settings"], ["malware", "vulnerabilities"]),
        (["--rule", "packages/known-malware"], ["vulnerabilities"]),
        (["--rule", "packages/vulnerable", "--rule", "packages/known-malware"], []),
        (["--only", "packages"], []),
    ],
)
def test_a_required_check_that_is_left_out_is_said(
    tree: Path, seawall: Any, data: Path, words: list[str], missing: list[str]
) -> None:
    (tree / LOCK).write_text(GOOD)
    done = seawall(tree, "--offline", "--format", "json", *words, code=3 if missing else 0)
    assert [s["check"] for s in done.answer["skipped"] if s["required"]] == missing
    assert done.answer["decision"] == ("incomplete" if missing else "allow")


def test_a_required_check_that_is_switched_off_is_said(
    tree: Path, seawall: Any, data: Path, place: Path
) -> None:
    own(place, '[rules]\ndisable = ["packages/vulnerable"]\n')
    (tree / LOCK).write_text(GOOD)
    done = seawall(tree, "--offline", code=3)
    assert done.first == "not checked for vulnerabilities: take packages/vulnerable out of [rules] disable"


def test_only_what_was_asked_for_is_judged(tree: Path, seawall: Any) -> None:
    (tree / LOCK).write_text(BAD)
    done = seawall(tree, "--offline", "--format", "json", "--rule", "packages/known-malware", code=1)
    assert done.rules == {"packages/known-malware"}


def test_an_unknown_rule_is_an_error(tree: Path, seawall: Any) -> None:
    done = seawall(tree, "--rule", "packages/misspelt", code=2)
    assert (
        done.err
        == "seawall: 'packages/misspelt' is neither a rule nor a family of rules\n  docs/rules.md lists them all\n"
    )


@pytest.mark.parametrize("glob", ["web", "web/", "/web", "**/web/**", "web/*.json", "w?b"])
def test_what_is_excluded_is_not_looked_at(tree: Path, seawall: Any, data: Path, glob: str) -> None:
    (tree / LOCK).write_text(GOOD)
    (tree / "web").mkdir()
    (tree / "web" / LOCK).write_text(BAD)
    seawall(tree, "--offline", code=1)
    seawall(tree, "--offline", "--exclude", glob, code=0)


# Baseline


def test_what_a_baseline_holds_is_counted_and_not_shown(
    tree: Path, seawall: Any, data: Path, place: Path
) -> None:
    (tree / LOCK).write_text(package_lock(left="1.0.0"))
    seawall(tree, "--offline", "--report", f"json={place}/base.json", code=0)
    done = seawall(tree, "--offline", "--baseline", place / "base.json", "--fail-on", "warn", code=0)
    assert "already in the baseline" in done.out
    (tree / LOCK).write_text(package_lock(left="1.0.0", axios="1.14.1"))
    seawall(tree, "--offline", "--baseline", place / "base.json", code=1)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"findings": 1}', '{"findings": [1]}', "[" * 100_000])
def test_a_baseline_that_is_none(tree: Path, seawall: Any, place: Path, text: str) -> None:
    (place / "b.json").write_text(text)
    done = seawall(tree, "--offline", "--baseline", place / "b.json", code=2)
    assert "is no report of --format json" in done.err
    done = seawall(tree, "--offline", "--baseline", place / "nothing", code=2)
    assert "cannot be read: No such file or directory" in done.err


# Waivers of one's own


def own(place: Path, text: str) -> None:
    file = place / "home" / ".config" / "seawall" / "seawall.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def waiver(expires: str, rule: str = "packages/vulnerable") -> str:
    return f"""[[waivers]]
rule = "{rule}"
asset = "pkg:npm/left"
reason = "only our own input gets there"
author = "the web team"
expires = {expires}
"""


def test_a_waiver_counts_until_its_day(tree: Path, seawall: Any, data: Path, place: Path) -> None:
    (tree / LOCK).write_text(package_lock(left="1.0.0"))
    own(place, waiver("2999-01-01"))
    done = seawall(tree, "--offline", "--fail-on", "warn", "--format", "json", code=0)
    (finding,) = [f for f in done.answer["findings"] if f["rule"] == "packages/vulnerable"]
    assert finding["waived"] == "only our own input gets there (the web team, until 2999-01-01)"
    assert "not counted: 1 waived" in seawall(tree, "--offline").out


def test_a_waiver_that_ended_counts_no_more_and_is_named(
    tree: Path, seawall: Any, data: Path, place: Path
) -> None:
    (tree / LOCK).write_text(package_lock(left="1.0.0"))
    own(place, waiver("2020-01-01"))
    done = seawall(tree, "--offline", "--fail-on", "warn", "--format", "json", code=1)
    assert {"packages/vulnerable", "packages/waiver-expired"} <= done.rules
    assert all(not f["waived"] for f in done.answer["findings"])


@pytest.mark.parametrize("missing", ["reason", "author", "expires"])
def test_a_waiver_needs_its_reason_author_and_day(
    tree: Path, seawall: Any, place: Path, missing: str
) -> None:
    lines = [line for line in waiver("2999-01-01").splitlines() if not line.startswith(missing)]
    own(place, "\n".join(lines))
    done = seawall(tree, "--offline", code=2)
    assert f"needs '{missing}'" in done.err


def test_settings_that_are_named_and_cannot_be_read(
    tree: Path, seawall: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAWALL_CONFIG", str(place / "nothing.toml"))
    done = seawall(tree, "--offline", code=2)
    assert "cannot be read: No such file or directory" in done.err
    assert "correct SEAWALL_CONFIG" in done.err


# Targets


def test_one_file(tree: Path, seawall: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / LOCK).write_text(BAD)
    done = seawall(tree / LOCK, "--offline", "--format", "json", code=1)
    assert {a["path"] for a in done.answer["assets"]} == {LOCK}
    monkeypatch.chdir(tree)
    seawall(LOCK, "--offline", code=1)


def test_one_workflow(tree: Path, seawall: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = tree / ".github" / "workflows" / "w.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        "on: push\npermissions: {}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    env:\n"
        "      NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n    steps:\n      - run: npm install\n"
    )
    whole = "in reach:     NPM_TOKEN (certain) by npm install (range) in w.yml › j"
    assert whole in seawall(workflow, "--offline").out
    monkeypatch.chdir(workflow.parent)
    assert whole in seawall("w.yml", "--offline").out


def test_one_file_that_nobody_can_read(tree: Path, seawall: Any) -> None:
    (tree / "notes.txt").write_text("hello")
    done = seawall(tree / "notes.txt", "--offline")
    assert "no format that is known here" in done.out
    assert "Allowed: nothing stands against it." not in done.out


def test_a_package_by_its_name(seawall: Any, data: Path) -> None:
    done = seawall("pkg:npm/axios@1.14.1", "--offline", code=1)
    assert "what came in: axios 1.14.1 (npm)" in done.out
    assert "go to axios 1.14.0" in done.out
    assert done.out.rstrip().endswith("next: seawall explain MAL-2026-2307")
    assert seawall("pkg:npm/axios@1.14.0", "--offline", code=0).first.startswith("Allowed")
    assert "left 1.0.0 has GHSA-left-0001" in seawall("pkg:npm/left@1.0.0", "--offline", code=0).out


@pytest.mark.parametrize(
    ("purl", "asset"),
    [
        ("pkg:npm/%40ctrl/tinycolor@4.1.1", "pkg:npm/%40ctrl/tinycolor@4.1.1"),
        ("pkg:pypi/LiteLLM@1.82.8", "pkg:pypi/litellm@1.82.8"),
    ],
)
def test_names_as_their_ecosystem_writes_them(seawall: Any, purl: str, asset: str) -> None:
    done = seawall(purl, "--offline", "--format", "json", code=1)
    assert [a["purl"] for a in done.answer["assets"]] == [asset]
    assert done.answer["target"] == purl


def test_a_package_without_data_is_not_clean(seawall: Any) -> None:
    seawall("pkg:npm/axios@1.14.0", "--offline", code=3)
    done = seawall("pkg:deb/debian/openssl@3.0.1", "--offline", code=3)
    assert done.first.startswith("not checked for malware and vulnerabilities (Debian)")


@pytest.mark.parametrize(
    ("purl", "says"),
    [
        ("pkg:npm/axios", "names no version"),
        ("pkg:", "is no package URL"),
        ("pkg:npm", "is no package URL"),
        ("pkg:npm/\x1b[31m", "names no version"),
    ],
)
def test_a_name_that_is_none(seawall: Any, purl: str, says: str) -> None:
    done = seawall(purl, "--offline", code=2)
    assert says in done.err
    assert "\x1b" not in done.err


def test_a_target_that_is_not_there(place: Path, seawall: Any) -> None:
    done = seawall(place / "nowhere", "--offline", code=2)
    assert done.out == ""
    assert "No such file or directory" in done.err
    os.mkfifo(place / "pipe")
    assert "is neither a directory nor a file" in seawall(place / "pipe", "--offline", code=2).err


def test_a_path_in_the_place_of_a_command(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    (tree / LOCK).write_text(GOOD)
    done = run(f"./{LOCK}", code=2, capsys=capsys)
    assert f"to look at ./{LOCK}, write: seawall scan ./{LOCK}" in done.err


def test_alone_it_scans_where_one_stands(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    (tree / LOCK).write_text(BAD)
    assert "axios 1.14.1 is known malware" in run("--offline", code=1, capsys=capsys).out


# Words


@pytest.mark.parametrize(
    "words",
    [
        ["--offline", "--registry"],
        ["--format", "pdf"],
        ["--fail-on", "allow"],
        ["--report", "json"],
        ["--report", "pdf=x"],
        ["--policy", "lenient"],
        ["--index", "/nowhere/x.db"],
        ["--offl"],
        ["--\x1b[31m"],
        ["a", "b"],
    ],
)
def test_words_that_make_no_sense(tree: Path, seawall: Any, words: list[str]) -> None:
    done = seawall(tree, *words, code=2)
    assert done.out == ""
    assert done.err.startswith("seawall: ")
    assert "\x1b" not in done.err
    assert 1 <= len(done.err.splitlines()) <= 2


# Reports


def test_a_report_is_written_beside_what_is_printed(tree: Path, seawall: Any, place: Path) -> None:
    (tree / LOCK).write_text(BAD)
    kinds = ("text", "json", "sarif", "cyclonedx", "markdown")
    words = [word for kind in kinds for word in ("--report", f"{kind}={place}/{kind}.out")]
    seawall(tree, "--offline", *words, code=1)
    for kind in kinds:
        text = (place / f"{kind}.out").read_text()
        assert "axios" in text
        assert "\x1b" not in text


def test_a_report_that_cannot_be_written_is_one_clear_error(tree: Path, seawall: Any, place: Path) -> None:
    done = seawall(tree, "--offline", "--report", f"json={place}/no/such/place.json", code=2)
    assert "cannot be written: No such file or directory" in done.err
    assert done.out == ""


@pytest.mark.parametrize("link", ["out.json", "out"])
def test_a_link_in_the_tree_does_not_say_where_a_report_goes(
    tree: Path, seawall: Any, place: Path, link: str
) -> None:
    outside = place / "outside"
    outside.mkdir()
    (outside / "out.json").write_text("precious")
    (tree / link).symlink_to(outside / link if link.endswith("json") else outside)
    file = tree / link if link.endswith("json") else tree / link / "out.json"
    done = seawall(tree, "--offline", "--report", f"json={file}", code=2)
    assert "is a link in the tree" in done.err
    assert (outside / "out.json").read_text() == "precious"


def test_a_link_of_ones_own_may_lead_anywhere(tree: Path, seawall: Any, place: Path) -> None:
    (place / "latest.json").symlink_to(place / "real.json")
    seawall(tree, "--offline", "--report", f"json={place}/latest.json")
    assert json.loads((place / "real.json").read_text())["schema"] == "seawall/scan/1"


# Streams


def test_a_reader_that_goes_away_is_no_defect(tree: Path) -> None:
    (tree / LOCK).write_text(BAD)
    reader, writer = os.pipe()
    os.close(reader)
    done = start("scan", tree, "--offline", capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("closing", "code"), [("<&-", 1), (">&-", 1), ("2>&-", 1), ("<&- >&- 2>&-", 1), (">/dev/full", 3)]
)
def test_streams_that_are_closed_or_full(tree: Path, closing: str, code: int) -> None:
    (tree / LOCK).write_text(BAD)
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m seawall scan {tree} --offline {closing}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_terminal_that_knows_no_unicode(tree: Path) -> None:
    (tree / LOCK).write_text(BAD)
    for kind in ("text", "markdown", "json"):
        done = start(
            "scan", tree, "--offline", "--format", kind, env={**os.environ, "PYTHONIOENCODING": "ascii"}
        )
        assert done.returncode == 1
        assert done.stdout.isascii()
        assert done.stderr == ""


# Store and index


def test_a_store_that_is_corrupt(tree: Path, seawall: Any, place: Path) -> None:
    file = place / "data" / "seawall.db"
    file.write_bytes(b"this is no database" * 100)
    done = seawall(tree, "--offline", code=4)
    assert done.out == ""
    assert f"mv {file} {file}.corrupt" in done.err


def test_a_store_that_is_damaged_further_in(tree: Path, seawall: Any, place: Path) -> None:
    (tree / LOCK).write_text(GOOD)
    seawall(tree, "--offline", code=3)
    file = place / "data" / "seawall.db"
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)
    from seawall.adapters.stores.sqlite import open_store
    from seawall.kernel.errors import StoreError

    with pytest.raises(StoreError, match="corrupt"):
        open_store(file).check()


def test_a_store_of_a_newer_seawall(tree: Path, seawall: Any, place: Path) -> None:
    seawall(tree, "--offline")
    with sqlite3.connect(place / "data" / "seawall.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    done = seawall(tree, "--offline", code=4)
    assert "was written by a newer Seawall" in done.err
    assert "update Seawall" in done.err


def test_a_store_that_is_locked(
    tree: Path, place: Path, monkeypatch: pytest.MonkeyPatch, seawall: Any
) -> None:
    from seawall.adapters.stores import sqlite

    file = place / "data" / "seawall.db"
    real = sqlite3.connect
    monkeypatch.setattr(sqlite.sqlite3, "connect", lambda *a, **k: real(*a, **{**k, "timeout": 0.05}))
    holder = real(file)
    holder.execute("BEGIN EXCLUSIVE")
    done = seawall(tree, "--offline", code=4)
    assert "locked" in done.err
    holder.close()


def test_an_index_that_is_corrupt_or_cut(tree: Path, seawall: Any, place: Path, data: Path) -> None:
    whole = data.read_bytes()
    for broken in (b"rubbish" * 1000, whole[: len(whole) // 2]):
        data.write_bytes(broken)
        done = seawall(tree, "--offline", code=4)
        assert f"rm {data}; seawall sync" in done.err


def test_where_the_store_is(tree: Path, seawall: Any, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seawall(tree, "--offline", "--store", f"sqlite:///{place}/a.db")
    assert (place / "a.db").exists()
    monkeypatch.setenv("SEAWALL_STORE", f"sqlite:///{place}/b.db")
    seawall(tree, "--offline")
    assert (place / "b.db").exists()
    monkeypatch.chdir(place)
    seawall(tree, "--offline", "--store", "sqlite:///c.db")
    assert (place / "c.db").exists()
    for url in ("sqlite://x", "postgres://x/y", "x.db", "sqlite:///"):
        done = seawall(tree, "--offline", "--store", url, code=2)
        assert "write sqlite:///PATH" in done.err
    assert not (place / "data" / "seawall.db").exists()


def test_a_store_that_was_named_must_be_usable(tree: Path, seawall: Any) -> None:
    done = seawall(tree, "--offline", "--store", "sqlite:////proc/nowhere/s.db", code=4)
    assert "cannot be opened" in done.err


def as_nobody(work: Callable[[], int]) -> int:
    """The exit code of `work`, done by a user who may write nowhere here."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_place_that_cannot_be_written_is_done_without(
    tree: Path, place: Path, seawall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / LOCK).write_text(BAD)
    seawall(tree, "--offline", code=1)
    for folder in (place, *place.parents):
        if any(part.startswith("pytest-") for part in folder.parts):
            folder.chmod(0o755)
    for path in (place, tree, place / "home", place / "data"):
        path.chmod(0o555)
    (place / "data" / "seawall.db").chmod(0o444)
    words = ["scan", str(tree), "--offline"]
    assert as_nobody(lambda: main(words)) == 1
    monkeypatch.setenv("SEAWALL_DATA", str(place / "data" / "new"))
    assert as_nobody(lambda: main(words)) == 1
    monkeypatch.setenv("SEAWALL_STORE", f"sqlite:///{place}/data/seawall.db")
    assert as_nobody(lambda: main(words)) == 4


def test_a_defect_is_neither_a_denial_nor_a_traceback(
    tree: Path, seawall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seawall import scan as module

    def broken(*_: object) -> None:
        raise KeyError("\x1b[31m secret of the tree")

    monkeypatch.setattr(module, "judge_tree", broken)
    done = seawall(tree, "--offline", code=70)
    assert "a defect in Seawall itself: KeyError" in done.err
    assert "secret" not in done.err
    assert "Traceback" not in done.err


def test_a_tree_s_list_of_names_counts_once_for_each_name(tree: Path, seawall: Any, data: Path) -> None:
    (tree / LOCK).write_text(package_lock(left_pad="1.3.0"))
    (tree / "package.json").write_text('{"name": "sample", "dependencies": {"left-pad": "*"}}')
    (tree / "seawall.toml").write_text('[names]\nallow = ["pkg:npm/@acme/*"]\n')
    done = seawall(tree, "--offline", code=0)
    assert done.out.count("warn left-pad is not on the list of allowed names") == 1
    assert "DENY left-pad is not on the list" in seawall(tree, "--offline", "--policy", "strict", code=1).out
    (tree / "seawall.toml").write_text('[names]\nallow = ["pkg:npm/left-pad"]\n')
    assert "is not on the list" not in seawall(tree, "--offline", code=0).out
