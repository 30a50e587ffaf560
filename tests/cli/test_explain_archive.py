"""Two archives side by side, as a person asks for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.archives import npm, sdist, wheel

from seawall import examine
from simulators.command_line import Done, run

DOC = (Path(__file__).parent.parent.parent / "docs" / "commands" / "explain.md").read_text()


@pytest.fixture
def explain(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def ask(*words: object, code: int = 0) -> Done:
        return run("explain", *words, code=code, capsys=capsys)

    yield ask
    examine.close()


def described(version: str, **more: object) -> str:
    return json.dumps({"name": "thing", "version": version, **more})


def test_side_by_side_as_the_page_shows_it(explain: Any, tmp_path: Path) -> None:
    old, new = "thing-1.0.0.tgz", "thing-1.0.1.tgz"
    scripts = {"postinstall": "node setup.js"}
    (tmp_path / old).write_bytes(npm({"package.json": described("1.0.0"), "index.js": "1\n"}))
    files = {
        "package.json": described("1.0.1", scripts=scripts),
        "index.js": "1\n",
        "setup.js": "require('child_process').exec('echo hello')",
    }
    (tmp_path / new).write_bytes(npm(files))
    said = explain(new, "--against", old).out.splitlines()
    shown = DOC.partition("```text\nthing-1.0.1.tgz")[2].partition("```")[0].splitlines()
    assert {line for line in shown[1:] if line} <= set(said)
    answer = explain(new, "--against", old, "--format", "json").answer
    assert (answer["schema"], answer["file"], answer["against"]) == ("seawall/archive/1", new, old)
    assert "releases/install-hook" in {item["rule"] for item in answer["findings"]}
    assert {row["about"]: row["now"] for row in answer["compared"]}["hooks"] == "postinstall"


def test_beside_its_source(explain: Any, tmp_path: Path) -> None:
    name = "thing-1.0.1-py3-none-any.whl"
    (tmp_path / name).write_bytes(wheel({"thing/a.py": "x = 1\n", "thing/b.py": "y = 1\n"}))
    tree = tmp_path / "tree"
    (tree / "src" / "thing").mkdir(parents=True)
    (tree / "src" / "thing" / "a.py").write_text("x = 1\n")
    (tree / "src" / "thing" / "link.py").symlink_to("/etc/passwd")
    (tmp_path / "thing-1.0.1.tar.gz").write_bytes(sdist({"thing/a.py": "x = 1\n", "thing/b.py": "y = 1\n"}))
    assert "thing/b.py is not in the source of this version" in explain(name, "--source", "tree").out
    assert "is not in the source" not in explain(name, "--source", "thing-1.0.1.tar.gz").out


def test_alone(explain: Any, tmp_path: Path) -> None:
    (tmp_path / "thing-1.0.1.tgz").write_bytes(npm({"index.js": "1\n"}))
    assert "Nothing in it is unusual beside that" in explain("thing-1.0.1.tgz").out


def test_what_cannot_be_looked_at_is_an_exit_code(explain: Any, tmp_path: Path) -> None:
    (tmp_path / "thing.egg").write_bytes(b"x")
    done = explain("thing.egg", "--against", "thing.egg", code=3)
    assert "not looked at: release diff: thing.egg is no kind of file" in done.out


CUT = npm({"index.js": "1\n" * 3000})[:-40]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("thing-1.0.1.tgz", CUT, "it is cut short"),
        ("thing-1.0.1.tgz", b"", "not a compressed tar"),
        ("thing-1.0.1.tgz", npm({"index.js": "1\n"}) + b"more", "cannot be judged (malformed)"),
        ("thing-1.0.1.tar.gz", sdist({"thing/a.py": "x = 1\n"})[:-20], "it is cut short"),
        ("thing-1.0.1-py3-none-any.whl", wheel({"thing/a.py": "x = 1\n"})[:-10], "no zip, or cut short"),
        ("thing-1.0.1.zip", b"PK", "cannot be judged"),
    ],
)
def test_one_that_cannot_be_read_is_incomplete(
    explain: Any, tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(data)
    done = explain(name, code=3)
    assert says in done.out
    assert "releases/unreadable" in done.out
    assert explain(name, "--format", "json", code=3).answer["complete"] is False


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("thing-1.0.1.tgz", "--against", "cut.tgz"), "comparison: cut.tgz: it is cut short"),
        (("thing-1.0.1.tgz", "--against", "old.egg"), "comparison: old.egg is no kind of file"),
        (
            ("thing-1.0.1.tgz", "--source", "src.tar.gz"),
            "comparison: an npm tarball is not held against its source yet",
        ),
        (("a-1-py3-none-any.whl", "--source", "src.tar.gz"), "comparison: src.tar.gz: it is cut short"),
        (("a-1-py3-none-any.whl", "--source", "old.egg"), "comparison: old.egg is no kind of file"),
    ],
)
def test_what_it_cannot_be_held_against_is_incomplete_too(
    explain: Any, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    (tmp_path / "thing-1.0.1.tgz").write_bytes(npm({"index.js": "1\n"}))
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(wheel({"a.py": "x = 1\n"}))
    (tmp_path / "cut.tgz").write_bytes(CUT)
    (tmp_path / "old.egg").write_bytes(b"x")
    (tmp_path / "src.tar.gz").write_bytes(sdist({"a.py": "x = 1\n"})[:-20])
    assert explain(words[0], "--format", "json").answer["complete"] is True
    assert f"not looked at: {says}" in explain(*words, code=3).out


def test_what_is_no_file(explain: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no file" in explain("gone.tgz", "--against", "x.tgz", code=2).err


def test_names_in_an_archive_do_nothing_to_a_terminal(explain: Any, tmp_path: Path) -> None:
    hostile = {"index.js": "1", "a\u202e\u009bb.js": "eval(atob('x'))"}
    (tmp_path / "thing-1.0.1.tgz").write_bytes(npm(hostile))
    out = explain("thing-1.0.1.tgz").out
    assert "\u202e" not in out
    assert "\u009b" not in out
