"""The real zizmor is asked about copies; a stand-in shows what it is started with and what its failures become."""

import contextlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.adapters.runners.zizmor import ask, program
from seawall.kernel.advisory import Severity
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.pipelines.zizmor_report import read_report
from seawall.readers.syntax.fault import SyntaxFault

PATH = ".github/workflows/ci.yml"
WORKFLOW = b"""on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/thing@v1 # zizmor: ignore[unpinned-uses]
"""


def stand_in(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "zizmor"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_real_one_names_the_line_and_obeys_no_comment() -> None:
    zizmor = program()
    assert zizmor is not None
    answer = ask({PATH: WORKFLOW}, DEFAULT_LIMITS, zizmor)
    assert answer.skipped == ()
    found = {note.rule: note for note in answer.notes}
    assert found["zizmor/unpinned-uses"].path == PATH
    assert found["zizmor/unpinned-uses"].line == 7
    assert found["zizmor/unpinned-uses"].severity is Severity.HIGH


def test_settings_beside_the_workflows_change_nothing() -> None:
    zizmor = program()
    assert zizmor is not None
    silence = b"rules:\n  unpinned-uses:\n    disable: true\n"
    alone = ask({PATH: WORKFLOW}, DEFAULT_LIMITS, zizmor)
    beside = ask(
        {PATH: WORKFLOW, "zizmor.yml": silence, ".github/zizmor.yml": silence}, DEFAULT_LIMITS, zizmor
    )
    assert beside.notes == alone.notes


def test_it_is_started_alone_with_nothing_in_its_environment(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    zizmor = stand_in(
        tmp_path,
        f"files = sorted(os.path.join(d, f) for d, _, fs in os.walk('.') for f in fs)\n"
        f"open({str(seen)!r}, 'w').write(json.dumps([sys.argv[1:], sorted(os.environ), files]))\nprint('[]')",
    )
    assert ask({PATH: WORKFLOW}, DEFAULT_LIMITS, zizmor).notes == ()
    text = seen.read_text()
    assert '"--offline", "--no-config", "--no-ignores"' in text
    assert "./.github/workflows/ci.yml" in text
    assert not any(word in text for word in ("GH_TOKEN", "GITHUB", "SEAWALL", "SSH_"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit('fatal: no audit was performed')", "it ended with 1: fatal: no audit was performed"),
        ("print('nothing that is JSON')", "its report cannot be read"),
        ("time.sleep(30)", "it took longer than"),
    ],
)
def test_what_it_cannot_say_is_said(tmp_path: Path, body: str, said: str) -> None:
    answer = ask({PATH: WORKFLOW}, DEFAULT_LIMITS, stand_in(tmp_path, body), seconds=2.0)
    assert answer.notes == ()
    assert said in answer.skipped[0].reason


def test_a_report_without_end_is_not_kept(tmp_path: Path) -> None:
    few = replace(DEFAULT_LIMITS, response_bytes=1000)
    endless = stand_in(tmp_path, "while True: print('[' * 500)")
    answer = ask({PATH: WORKFLOW}, few, endless)
    assert "its report is longer than 1000 bytes" in answer.skipped[0].reason


def test_one_file_that_it_cannot_read_does_not_silence_it_about_the_others() -> None:
    zizmor = program()
    assert zizmor is not None
    others = {
        ".github/workflows/wide.yml": WORKFLOW.decode().encode("utf-16"),
        ".github/workflows/\udcff.yml": WORKFLOW,
        ".github/workflows/large.yml": WORKFLOW + b"# x\n" * 200_000,
    }
    answer = ask({PATH: WORKFLOW, **others}, DEFAULT_LIMITS, zizmor)
    assert {note.path for note in answer.notes} == {PATH}
    assert sorted(one.reason for one in answer.skipped) == [
        "it was not given .github/workflows/large.yml: larger than 262144 bytes",
        "it was not given .github/workflows/wide.yml and 1 more: no UTF-8",
    ]


def test_it_is_given_so_much_at_once(tmp_path: Path) -> None:
    large = WORKFLOW + b"#" * 200_000
    files = {f".github/workflows/w{n:02}.yml": large for n in range(20)}
    (left,) = ask(files, DEFAULT_LIMITS, stand_in(tmp_path, "print('[]')")).skipped
    said = "it was not given .github/workflows/w15.yml and 4 more: all are more than 3145728 bytes"
    assert left.reason == said


def test_nothing_is_started_for_nothing(tmp_path: Path) -> None:
    assert ask({}, DEFAULT_LIMITS, tmp_path / "missing").skipped == ()
    assert ask({PATH: b""}, DEFAULT_LIMITS, tmp_path / "missing").skipped[0].check == "zizmor"


@given(st.binary() | st.text().map(str.encode) | st.builds(lambda n: b"[" * n, st.integers(0, 300)))
def test_a_report_of_anything_is_notes_or_one_fault(data: bytes) -> None:
    with contextlib.suppress(SyntaxFault):
        read_report(data, DEFAULT_LIMITS)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda c: st.lists(c) | st.dictionaries(
    st.sampled_from(["ident", "locations", "symbolic", "kind", "key", "Local", "determinations", "concrete"]), c)))  # fmt: skip
def test_a_report_of_any_shape_is_read(value: object) -> None:
    import json

    read_report(json.dumps([value]).encode(), DEFAULT_LIMITS)
