import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.adapters.disk.tree import Walk, read, read_documents, walk
from seawall.kernel.errors import TargetError
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Document, DocumentKind, Include, Problem, ProblemKind
from seawall.readers.format import Environment, Format


def reads(data: bytes, path: str, limits: Limits) -> Document:
    lines = data.decode("utf-8", "replace").splitlines()
    includes = tuple(Include(line[3:], "requirement") for line in lines if line.startswith("-r "))
    return Document(
        path, "req", DocumentKind.LOCKFILE, "PyPI", includes=includes, facts={"size": str(len(data))}
    )


def reads_environment(root: str, files: Mapping[str, bytes], limits: Limits) -> Document:
    return Document(root, "env", DocumentKind.INSTALLED, "npm", facts={"files": " ".join(sorted(files))})


REQ = Format(
    "req", DocumentKind.LOCKFILE, "PyPI", ("*requirements*.txt", "req/*.in"), reads, lambda h: b"==" in h
)
LOCK = Format("lock", DocumentKind.LOCKFILE, "npm", ("the.lock",), reads)
ENV = Environment("env", "npm", ("node_modules",), lambda p: p.endswith("package.json"), reads_environment)


def look(target: Path, limits: Limits = DEFAULT_LIMITS, exclude: tuple[str, ...] = ()) -> Walk:
    return walk(target, (REQ, LOCK), (ENV,), limits, exclude)


def make(root: Path, *paths: str, text: str = "a==1\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def test_finds_what_formats_claim(tmp_path: Path) -> None:
    make(
        tmp_path,
        "the.lock",
        "a/b/requirements-dev.txt",
        "a/req/base.in",
        "other.txt",
        ".git/the.lock",
        "a/the.lock",
    )
    got = look(tmp_path)
    assert [(path, item.id) for path, item in got.claimed] == [
        ("a/b/requirements-dev.txt", "req"),
        ("a/req/base.in", "req"),
        ("a/the.lock", "lock"),
        ("the.lock", "lock"),
    ]
    assert "other.txt" in got.files
    assert not any(path.startswith(".git") for path in got.files)


def test_an_environment_is_one_document(tmp_path: Path) -> None:
    make(
        tmp_path,
        "web/node_modules/a/package.json",
        "web/node_modules/a/node_modules/b/package.json",
        "web/node_modules/a/the.lock",
    )
    (document,) = read_documents(look(tmp_path), DEFAULT_LIMITS)
    assert document.path == "web/node_modules"
    assert document.facts["files"] == "a/node_modules/b/package.json a/package.json"
    (itself,) = read_documents(look(tmp_path / "web" / "node_modules"), DEFAULT_LIMITS)
    assert itself.path == "."


@pytest.mark.parametrize(
    ("glob", "left"),
    [
        ("a/", ["the.lock", "x/y/the.lock"]),
        ("*.lock", []),
        ("/the.lock", ["a/the.lock", "x/y/the.lock"]),
        ("x/**", ["a/the.lock", "the.lock"]),
        ("x/*/the.lock", ["a/the.lock", "the.lock"]),
        ("**/y", ["a/the.lock", "the.lock"]),
        ("?", ["the.lock"]),
        ("nothing", ["a/the.lock", "the.lock", "x/y/the.lock"]),
    ],
)
def test_exclusions(tmp_path: Path, glob: str, left: list[str]) -> None:
    make(tmp_path, "the.lock", "a/the.lock", "x/y/the.lock")
    assert [path for path, _ in look(tmp_path, exclude=(glob,)).claimed] == left


def test_includes_are_read_once_and_only_inside(tmp_path: Path) -> None:
    make(tmp_path / "t", "requirements.txt", text="-r odd.name\n-r ../outside.txt\n-r missing\n")
    make(tmp_path / "t", "odd.name", text="-r deeper/odd2\n-r requirements.txt\n")
    make(tmp_path / "t", "deeper/odd2", text="-r ../odd.name\n")
    make(tmp_path, "outside.txt", text="secret==1\n")
    got = [d.path for d in read_documents(look(tmp_path / "t"), DEFAULT_LIMITS)]
    assert got == ["requirements.txt", "odd.name", "deeper/odd2"]


def test_a_file_as_target_by_name_by_content_or_not_at_all(tmp_path: Path) -> None:
    make(tmp_path, "the.lock", "renamed.bak")
    make(tmp_path, "photo.png", text="nothing")
    assert [i.id for _, i in look(tmp_path / "the.lock").claimed] == ["lock"]
    assert [i.id for _, i in look(tmp_path / "renamed.bak").claimed] == ["req"]
    assert look(tmp_path / "photo.png").problems[0].kind is ProblemKind.UNSUPPORTED


def test_no_target_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="No such file"):
        look(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TargetError, match="neither"):
        look(tmp_path / "pipe")


def problem(root: Path, path: str, limits: Limits = DEFAULT_LIMITS) -> ProblemKind:
    got = read(root, path, limits)
    assert isinstance(got, Problem)
    return got.kind


def test_links_never_lead_out(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    make(tree, "real.lock", "dir/x.lock")
    make(tmp_path, "secret")
    (tree / "inside.lock").symlink_to("real.lock")
    (tree / "abs.lock").symlink_to(tmp_path / "secret")
    (tree / "up.lock").symlink_to("../secret")
    (tree / "twice.lock").symlink_to("inside.lock")
    (tree / "loop.lock").symlink_to("loop.lock")
    (tree / "nowhere.lock").symlink_to("missing")
    (tree / "door").symlink_to(tmp_path)
    (tree / "through.lock").symlink_to("door/secret")
    assert read(tree, "inside.lock", DEFAULT_LIMITS) == b"a==1\n"
    assert problem(tree, "abs.lock") is ProblemKind.OUTSIDE
    assert problem(tree, "up.lock") is ProblemKind.OUTSIDE
    assert problem(tree, "twice.lock") is ProblemKind.OUTSIDE
    assert problem(tree, "loop.lock") is ProblemKind.OUTSIDE
    assert problem(tree, "nowhere.lock") is ProblemKind.UNREADABLE
    assert problem(tree, "through.lock") is ProblemKind.UNREADABLE
    assert problem(tree, "door/secret") is ProblemKind.UNREADABLE
    assert problem(tree, "../secret") is ProblemKind.UNREADABLE
    assert "door/secret" not in look(tree).files


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "the.lock")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s.lock"))
    assert look(tmp_path).files == frozenset()
    done = threading.Event()
    threading.Thread(target=lambda: (problem(tmp_path, "the.lock"), done.set()), daemon=True).start()
    assert done.wait(5), "reading a FIFO hangs"
    assert problem(tmp_path, "s.lock") is ProblemKind.UNREADABLE
    server.close()


def test_bounds_are_named_and_not_silent(tmp_path: Path) -> None:
    make(tmp_path, "the.lock", "a/b/c/the.lock", "x1", "x2", "x3")
    tight = replace(DEFAULT_LIMITS, file_bytes=4)
    assert problem(tmp_path, "the.lock", tight) is ProblemKind.TOO_LARGE
    many = look(tmp_path, replace(DEFAULT_LIMITS, tree_files=3))
    assert [p.kind for p in many.problems] == [ProblemKind.TOO_MANY]
    deep = look(tmp_path, replace(DEFAULT_LIMITS, tree_depth=1))
    assert [p.kind for p in deep.problems] == [ProblemKind.TOO_DEEP]
    assert [p.kind for d in read_documents(deep, DEFAULT_LIMITS) for p in d.problems] == [
        ProblemKind.TOO_DEEP
    ]


def test_odd_names(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff\n\x1brequirements.txt"
    Path(os.fsdecode(odd)).write_bytes(b"a==1\n")
    (document,) = read_documents(look(tmp_path), DEFAULT_LIMITS)
    assert document.facts["size"] == "5"


def test_a_directory_that_goes_away_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/the.lock", "b/the.lock")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("/a"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    got = look(tmp_path)
    assert [(p.path, p.kind) for p in got.problems] == [("a/", ProblemKind.UNREADABLE)]
    assert [path for path, _ in got.claimed] == ["b/the.lock"]


def test_a_directory_in_the_place_of_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").mkdir()
    got = read(tmp_path, "seawall.toml", DEFAULT_LIMITS)
    assert isinstance(got, Problem)
    assert got.kind is ProblemKind.UNREADABLE


@pytest.mark.parametrize("name", [".github", ".github/workflows"])
def test_a_link_in_the_place_of_what_tells_what_runs_is_said(name: str, tmp_path: Path) -> None:
    tree, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    (elsewhere / "workflows").mkdir(parents=True)
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).symlink_to(elsewhere)
    (tree / "docs").symlink_to(elsewhere)
    found = walk(tree, (), (), DEFAULT_LIMITS)
    assert [(problem.path, "not entered" in problem.message) for problem in found.problems] == [(name, True)]
