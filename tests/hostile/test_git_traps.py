"""A booby-trapped repository: every program that git could be told to run writes a marker, and none may.

Where a trap can be sprung by an ordinary git command, that is shown first, so that the test means something.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.cli.main import main
from simulators.repository import BAD, GOOD, LOCK, Repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("CI", raising=False)
    repo = Repo(tmp_path / "repo")
    repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    return repo


def trap(repo: Repo, then: str = "cat") -> Path:
    """A program in the tree that says that it ran, and then does what a filter would."""
    file = repo.path / "trap"
    file.write_text(f"#!/bin/sh\necho sprung >> {marker(repo)}\n{then}\n")
    file.chmod(0o755)
    return file


def marker(repo: Repo) -> Path:
    return repo.path.parent / "SPRUNG"


def history(repo: Repo, target: Path | None = None) -> tuple[int, str]:
    """How many intervals a scan finds, and what it says it could not look at."""
    report = repo.path.parent / "report.json"
    main(["scan", str(target or repo.path), "--offline", "--report", f"json={report}"])
    answer = json.loads(report.read_text())
    return len(answer["history"]), "; ".join(
        s["reason"] for s in answer["skipped"] if "history" in s["check"]
    )


CONFIGURATION: dict[str, list[tuple[str, str]]] = {
    "fsmonitor": [("core.fsmonitor", "TRAP")],
    "hooks": [("core.hooksPath", "HOOKS")],
    "external diff": [("diff.external", "TRAP")],
    "diff driver": [("diff.x.command", "TRAP"), ("diff.x.textconv", "TRAP")],
    "text conversion": [("diff.x.textconv", "TRAP"), ("diff.x.cachetextconv", "true")],
    "filter": [("filter.x.clean", "TRAP"), ("filter.x.smudge", "TRAP"), ("filter.x.required", "true")],
    "filter process": [("filter.x.process", "TRAP")],
    "pager": [("core.pager", "TRAP"), ("pager.log", "TRAP"), ("pager.cat-file", "TRAP")],
    "alias": [("alias.log", "!TRAP"), ("alias.cat-file", "!TRAP")],
    "ssh": [("core.sshCommand", "TRAP"), ("remote.origin.url", "ssh://git@host.example/x")],
    "credentials": [("credential.helper", "!TRAP"), ("remote.origin.url", "https://host.example/x")],
    "editor": [("core.editor", "TRAP"), ("sequence.editor", "TRAP"), ("core.askPass", "TRAP")],
    "signature": [("log.showSignature", "true"), ("gpg.program", "TRAP"), ("gpg.ssh.program", "TRAP")],
    "include": [("include.path", "../included")],
    "upload pack": [("remote.origin.uploadpack", "TRAP"), ("remote.origin.url", "."), ("remote.origin.promisor", "true")],
    "alternate refs": [("core.alternateRefsCommand", "TRAP")],
    "work tree": [("core.worktree", "/"), ("core.fsmonitor", "TRAP")],
    "external protocol": [("protocol.ext.allow", "always"), ("remote.origin.url", "ext::TRAP"),
                          ("remote.origin.promisor", "true"), ("extensions.partialClone", "origin")],
}  # fmt: skip

SPRINGS: dict[str, list[str]] = {
    "fsmonitor": ["status"],
    "external diff": ["log", "-p", "--ext-diff"],
    "text conversion": ["log", "-p"],
    "filter": ["add", "--renormalize", "."],
    "alias": ["x"],
    "include": ["status"],
}


def arm(repo: Repo, name: str) -> None:
    program = trap(repo)
    hooks = repo.path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change"):
        shutil.copy(program, hooks / hook)
    (repo.path / "included").write_text(f"[core]\n\tfsmonitor = {program}\n")
    (repo.path / ".gitattributes").write_text(f"{LOCK} diff=x filter=x\n*.json diff=x\n")
    for key, value in (*CONFIGURATION[name], ("alias.x", f"!{program}")):
        written = value.replace("TRAP", str(program)).replace("HOOKS", str(hooks))
        with (repo.path / ".git" / "config").open("a") as file:
            section, _, option = key.rpartition(".")
            first, _, rest = section.partition(".")
            head = f'[{first} "{rest}"]' if rest else f"[{first}]"
            file.write(f'{head}\n\t{option} = "{written}"\n')


@pytest.mark.parametrize("name", CONFIGURATION)
def test_the_trees_git_configuration_runs_nothing(repo: Repo, name: str) -> None:
    arm(repo, name)
    if name in SPRINGS:
        repo.git(*SPRINGS[name], check=False)
        assert marker(repo).exists(), "this trap cannot be sprung, so it shows nothing"
        marker(repo).unlink()
    assert history(repo) == (1, "")
    assert not marker(repo).exists()


def test_hooks_in_the_usual_place_are_not_run(repo: Repo) -> None:
    program = trap(repo)
    for hook in (
        "post-checkout",
        "pre-commit",
        "reference-transaction",
        "post-index-change",
        "fsmonitor-watchman",
    ):
        shutil.copy(program, repo.path / ".git" / "hooks" / hook)
    assert history(repo) == (1, "")
    assert not marker(repo).exists()


def test_a_partial_clone_fetches_nothing(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = Repo(tmp_path / "clone")
    shutil.rmtree(clone.path)
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo.path}", str(clone.path))
    program = trap(clone, "exit 1")
    clone.git("config", "remote.origin.uploadpack", str(program))
    clone.git("cat-file", "-p", f"HEAD:{LOCK}", check=False)
    assert marker(clone).exists()
    marker(clone).unlink()
    count, why = history(clone)
    assert count == 0
    assert "2 older versions of lockfiles are not in this clone" in why
    assert not marker(clone).exists()


def test_objects_that_are_borrowed_are_read(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--shared", str(repo.path), str(tmp_path / "borrower"))
    assert (tmp_path / "borrower/.git/objects/info/alternates").exists()
    assert history(repo, tmp_path / "borrower") == (1, "")


def test_replaced_objects_hide_nothing(repo: Repo) -> None:
    bad = repo.git("rev-parse", f"HEAD~1:{LOCK}")
    good = repo.git("rev-parse", f"HEAD:{LOCK}")
    repo.git("replace", bad, good)
    assert "1.14.1" not in repo.git("show", f"HEAD~1:{LOCK}")
    assert history(repo) == (1, "")


def test_grafts_hide_nothing(repo: Repo) -> None:
    (repo.path / ".git" / "info" / "grafts").write_text(repo.git("rev-parse", "HEAD") + "\n")
    assert repo.git("rev-list", "--count", "HEAD") == "1"
    assert history(repo) == (1, "")


def secret(tmp_path: Path) -> Repo:
    """Another repository of this person, which the tree must not lead into."""
    other = Repo(tmp_path / "secret")
    other.commit({LOCK: BAD})
    return other


def another(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / LOCK).write_text(GOOD)
    return tree


def test_a_git_file_that_points_elsewhere_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    other, tree = secret(tmp_path), another(tmp_path)
    (tree / ".git").write_text(f"gitdir: {other.path}/.git\n")
    count, why = history(repo, tree)
    assert count == 0
    assert "does not point back" in why


def test_a_git_link_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    other, tree = secret(tmp_path), another(tmp_path)
    (tree / ".git").symlink_to(other.path / ".git")
    assert history(repo, tree) == (0, ".git is a link; it could lead into any repository of this machine")


def test_a_git_directory_that_says_it_belongs_elsewhere_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    other, tree = secret(tmp_path), another(tmp_path)
    (tree / ".git").mkdir()
    (tree / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tree / ".git" / "commondir").write_text(f"{other.path}/.git\n")
    count, why = history(repo, tree)
    assert count == 0
    assert "does not know of it" in why


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("plant", [pipe, endless])
@pytest.mark.parametrize(
    "name", ["packed-refs", "shallow", "commondir", "logs/HEAD", "config", "info/grafts"]
)
def test_odd_files_in_the_git_directory_are_not_waited_for(
    repo: Repo, name: str, plant: Callable[[Path], None]
) -> None:
    plant(repo.path / ".git" / name)
    assert history(repo)[0] == 1


@pytest.mark.parametrize("plant", [pipe, endless])
def test_odd_things_in_the_place_of_refs_and_of_git_itself(
    repo: Repo, tmp_path: Path, plant: Callable[[Path], None]
) -> None:
    plant(repo.path / ".git" / "HEAD")
    plant(repo.path / ".git" / "refs" / "heads" / "odd")
    assert history(repo)[0] == 1
    tree = another(tmp_path)
    plant(tree / ".git")
    assert history(repo, tree)[0] == 0


def test_no_files_are_left_or_changed(repo: Repo) -> None:
    def state() -> dict[str, float]:
        return {str(p): p.lstat().st_mtime_ns for p in repo.path.rglob("*")}

    before = state()
    history(repo)
    assert state() == before


def test_a_tree_that_lies_beside_git_commands(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that could be taken for options or revisions are only names."""
    for name in ("--upload-pack=x", "-c core.pager=x", "HEAD", "--all"):
        (repo.path / name).write_text("x")
    monkeypatch.chdir(repo.path)
    assert history(repo, Path()) == (1, "")
