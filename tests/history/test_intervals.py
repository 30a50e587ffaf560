"""Every interval in which a bad version was locked, in repositories that are made here with fixed dates."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.disk.shipped import data_bytes
from seawall.adapters.stores.sqlite import open_store
from seawall.history import HistoryReport, intervals
from seawall.kernel.attack import as_advisories
from seawall.kernel.cache import Cache, NoCache
from seawall.kernel.history import Interval
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.matching import match
from seawall.readers.advisories.attacks import read_catalog
from seawall.readers.lockfiles import FORMATS
from simulators.repository import BAD, GOOD, LOCK, Repo, package_lock, time_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)
KNOWN = tuple(as_advisories(read_catalog(data_bytes("attacks.json")).attacks))
AXIOS = ("npm", "axios", "1.14.1")


def look(target: Path, limits: Limits = DEFAULT_LIMITS, cache: Cache | None = None) -> HistoryReport:
    return intervals(target, FORMATS, KNOWN, match, limits, cache or NoCache(), NOW)


def found(target: Path, path: str = LOCK) -> list[Interval]:
    report = look(target)
    assert report.skipped == ()
    assert {i.key for i in report.intervals} <= {AXIOS}
    return [i for i in report.intervals if i.path == path]


def reasons(report: HistoryReport) -> str:
    return "; ".join(s.reason for s in report.skipped)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def days(intervals_: Sequence[Interval]) -> list[tuple[str, str, str]]:
    return [(i.first_time, i.last_time, i.removed_time) for i in intervals_]


def test_an_interval_that_is_closed(repo: Repo) -> None:
    repo.commit({LOCK: GOOD})
    first = repo.commit({LOCK: BAD})
    last = repo.commit({"README": "still bad"})
    removed = repo.commit({LOCK: GOOD})
    (interval,) = found(repo.path)
    assert interval == Interval(
        AXIOS,
        LOCK,
        first,
        time_of(2),
        last,
        time_of(3),
        removed,
        time_of(4),
        interval.advisories,
    )
    assert "MAL-2026-2307" in interval.advisories


def test_an_interval_that_is_open_ends_at_the_tip(repo: Repo) -> None:
    first = repo.commit({LOCK: BAD})
    tip = repo.commit({"README": "still bad"})
    (interval,) = found(repo.path)
    assert (interval.first_commit, interval.last_commit) == (first, tip)
    assert interval.last_time == time_of(2)
    assert (interval.removed_commit, interval.removed_time, interval.gone) == ("", "", False)


def test_what_comes_back_is_a_second_interval(repo: Repo) -> None:
    for text in (GOOD, BAD, GOOD, BAD, GOOD):
        repo.commit({LOCK: text})
    assert days(found(repo.path)) == [
        (time_of(2), time_of(2), time_of(3)),
        (time_of(4), time_of(4), time_of(5)),
    ]


def test_a_lockfile_that_is_deleted_ends_its_interval(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    removed = repo.commit({LOCK: None, "x": "y"})
    (interval,) = found(repo.path)
    assert interval.removed_commit == removed


def test_a_lockfile_that_moves_has_an_interval_at_each_path(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    moved = repo.commit({LOCK: None, f"web/{LOCK}": BAD})
    assert [(i.path, i.first_commit, i.removed_commit) for i in look(repo.path).intervals] == [
        (f"web/{LOCK}", moved, ""),
        (LOCK, found(repo.path)[0].first_commit, moved),
    ]


def test_a_branch_that_was_merged_is_one_interval_with_its_trunk(repo: Repo) -> None:
    repo.commit({LOCK: GOOD})
    repo.git("checkout", "-q", "-b", "feature")
    first = repo.commit({LOCK: BAD})
    repo.git("checkout", "-q", "main")
    repo.commit({"a": "main goes on"})
    repo.git("merge", "-q", "--no-ff", "feature", "-m", "m")
    repo.day += 1
    last = repo.commit({"b": "still bad"})
    removed = repo.commit({LOCK: GOOD})
    repo.git("branch", "-q", "-d", "feature")
    (interval,) = found(repo.path)
    assert (interval.first_commit, interval.last_commit, interval.removed_commit) == (first, last, removed)


def test_a_merge_that_keeps_the_trunks_lockfile_ends_the_interval(repo: Repo) -> None:
    repo.commit({LOCK: GOOD})
    repo.git("checkout", "-q", "-b", "feature")
    repo.commit({LOCK: BAD})
    last = repo.commit({"c": "still bad on the branch"})
    repo.git("checkout", "-q", "main")
    repo.commit({LOCK: package_lock(axios="1.13.0")})
    repo.git("merge", "-q", "--no-ff", "-s", "ours", "feature", "-m", "m")
    merge = repo.git("rev-parse", "HEAD")
    repo.git("branch", "-q", "-D", "feature")
    (interval,) = found(repo.path)
    assert (interval.last_commit, interval.removed_commit, interval.gone) == (last, merge, False)


def test_two_branches_apart_are_two_intervals(repo: Repo) -> None:
    repo.commit({LOCK: GOOD})
    for name in ("one", "two"):
        repo.git("checkout", "-q", "-b", name, "main")
        repo.commit({LOCK: BAD})
        repo.commit({LOCK: GOOD})
    assert days(found(repo.path)) == [
        (time_of(2), time_of(2), time_of(3)),
        (time_of(4), time_of(4), time_of(5)),
    ]


def test_a_branch_that_was_never_merged_counts(repo: Repo) -> None:
    repo.commit({LOCK: GOOD})
    repo.git("checkout", "-q", "-b", "side")
    tip = repo.commit({LOCK: BAD})
    repo.git("checkout", "-q", "main")
    (interval,) = found(repo.path)
    assert (interval.last_commit, interval.removed_commit, interval.gone) == (tip, "", False)


def test_only_a_tag_still_holds_it(repo: Repo) -> None:
    repo.commit({LOCK: GOOD})
    repo.git("checkout", "-q", "--detach")
    tip = repo.commit({LOCK: BAD})
    repo.git("tag", "-a", "v1", "-m", "released")
    repo.git("checkout", "-q", "main")
    (interval,) = found(repo.path)
    assert (interval.last_commit, interval.gone) == (tip, False)


def test_a_branch_that_was_deleted_is_remembered_by_this_clone(repo: Repo) -> None:
    repo.commit({LOCK: GOOD})
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({LOCK: BAD})
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "side")
    (interval,) = found(repo.path)
    assert interval.gone
    assert days([interval]) == [(time_of(2), time_of(2), "")]


def test_amended_commits_are_not_counted_again(repo: Repo) -> None:
    repo.commit({LOCK: GOOD})
    repo.commit({LOCK: BAD})
    for message in "abc":
        repo.git("commit", "-q", "--amend", "-m", message)
    repo.commit({LOCK: GOOD})
    assert days(found(repo.path)) == [(time_of(2), time_of(2), time_of(3))]


def test_commits_that_were_thrown_away_and_pruned_do_no_harm(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    log = repo.path / ".git" / "logs" / "HEAD"
    log.write_text(log.read_text() + f"{'1' * 40} {'2' * 40} A <a@example.invalid> 1 +0000\tcheckout\n")
    assert len(found(repo.path)) == 1


def test_authors_times_count_not_those_of_whoever_committed(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    assert "2026-06" in repo.git("log", "-1", "--format=%cI")
    assert days(found(repo.path)) == [(time_of(1), time_of(1), "")]


def test_only_what_lies_under_the_target_counts(repo: Repo) -> None:
    repo.commit({LOCK: BAD, f"web/{LOCK}": BAD, f"webshop/{LOCK}": BAD})
    (interval,) = look(repo.path / "web").intervals
    assert interval.path == LOCK


def test_a_text_that_names_a_bad_version_is_nothing(repo: Repo) -> None:
    overrides = "lockfileVersion: '9.0'\noverrides:\n  axios: '>=1.14.1'\n  '@webassemblyjs/*@1.14.1': '-'\n"
    prose = package_lock(notes="1.0.0").replace('"sample"', '"not axios 1.14.1"')
    package = package_lock(axios="1.14.0", other="1.14.1")
    repo.commit({"pnpm-lock.yaml": overrides, LOCK: prose, "README.md": "axios 1.14.1", "a/" + LOCK: package})
    report = look(repo.path)
    assert report.intervals == ()
    assert report.skipped == ()


def test_escapes_hide_nothing(repo: Repo) -> None:
    repo.commit({LOCK: BAD.replace("axios", "axi\\u006fs")})
    assert len(found(repo.path)) == 1


def test_one_content_under_two_names_is_judged_as_each_of_them(repo: Repo) -> None:
    repo.commit({"a/uv.lock": BAD, "z/bun.lock": BAD})
    repo.commit({LOCK: BAD})
    assert [i.path for i in look(repo.path).intervals] == [LOCK]


def test_what_is_no_file_is_no_lockfile(repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit({"x": "y"})
    (repo.path / LOCK).symlink_to("somewhere")
    repo.git("submodule", "add", "-q", str(other.path), "sub/yarn.lock")
    repo.commit()
    report = look(repo.path)
    assert (report.intervals, report.skipped) == ((), ())


def test_a_second_look_remembers(repo: Repo, tmp_path: Path) -> None:
    repo.commit({LOCK: BAD})
    store = open_store(tmp_path / "s.db")
    first = look(repo.path, cache=store)
    again = look(repo.path, cache=store)
    assert first.intervals == again.intervals != ()
    store.close()


def test_a_directory_without_a_repository_has_no_history(tmp_path: Path) -> None:
    assert look(tmp_path) == HistoryReport()


def test_a_repository_without_commits_has_an_empty_history(repo: Repo) -> None:
    (repo.path / LOCK).write_text(BAD)
    report = look(repo.path)
    assert (report.intervals, report.skipped) == ((), ())


def test_a_head_that_was_never_born_beside_other_branches(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    repo.git("checkout", "-q", "--orphan", "empty")
    assert len(found(repo.path)) == 1


def test_sha256(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo", "--object-format=sha256")
    repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    (interval,) = found(repo.path)
    assert len(interval.removed_commit) == 64


def test_a_worktree(repo: Repo, tmp_path: Path) -> None:
    repo.commit({LOCK: BAD})
    repo.git("worktree", "add", "-q", str(tmp_path / "side"))
    (interval,) = found(tmp_path / "side")
    assert interval.removed_commit == ""


def test_a_worktree_with_relative_links(repo: Repo, tmp_path: Path) -> None:
    repo.commit({LOCK: BAD})
    repo.git("worktree", "add", "-q", str(tmp_path / "side"))
    own = repo.path / ".git" / "worktrees" / "side"
    (own / "gitdir").write_text("../../../../side/.git\n")
    (tmp_path / "side" / ".git").write_text("gitdir: ../repo/.git/worktrees/side\n")
    assert len(found(tmp_path / "side")) == 1


def test_a_submodule_has_a_history_of_its_own(repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit({LOCK: BAD})
    repo.commit({"a": "b"})
    repo.git("submodule", "add", "-q", str(other.path), "sub")
    repo.commit()
    assert len(found(repo.path / "sub")) == 1
    assert look(repo.path).intervals == ()


def test_packed_refs_and_packed_objects(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    repo.git("branch", "other")
    repo.commit({LOCK: GOOD})
    repo.git("gc", "-q")
    assert (repo.path / ".git" / "packed-refs").exists()
    assert len(found(repo.path)) == 1


def test_a_shallow_clone_says_so(repo: Repo, tmp_path: Path) -> None:
    repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    repo.commit({"a": "b"})
    repo.git("clone", "-q", "--depth", "2", f"file://{repo.path}", str(tmp_path / "shallow"))
    report = look(tmp_path / "shallow")
    assert report.intervals == ()
    assert reasons(report) == "this clone is shallow, cut at 1 commits"
    assert report.skipped[0].advice == "git fetch --unshallow"


def test_a_partial_clone_is_not_completed_and_says_so(repo: Repo, tmp_path: Path) -> None:
    repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo.path}", str(clone))
    report = look(clone)
    assert report.intervals == ()
    assert "2 older versions of lockfiles are not in this clone" in reasons(report)


def test_too_many_commits_are_said(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    for text in (GOOD, BAD, GOOD):
        repo.commit({LOCK: text})
    report = look(repo.path, replace(DEFAULT_LIMITS, history_commits=2))
    assert days(report.intervals) == [(time_of(3), time_of(3), time_of(4))]
    assert reasons(report) == "only the newest 2 commits were looked at: too many"


def test_what_was_held_before_the_bound_is_still_found(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    report = look(repo.path, replace(DEFAULT_LIMITS, history_commits=1))
    assert days(report.intervals) == [(time_of(1), time_of(1), time_of(2))]


def test_too_many_and_too_large_versions_are_said(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    few = look(repo.path, replace(DEFAULT_LIMITS, history_blobs=1))
    assert few.intervals == ()
    assert reasons(few) == "1 older versions of lockfiles were not looked at: too many"
    small = look(repo.path, replace(DEFAULT_LIMITS, file_bytes=10))
    assert reasons(small) == "2 older versions of lockfiles are too large to be read"
    bytes_ = look(repo.path, replace(DEFAULT_LIMITS, history_bytes=500))
    assert "were not looked at: too many" in reasons(bytes_)


def test_a_log_that_is_too_long_is_cut_and_said(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    report = look(repo.path, replace(DEFAULT_LIMITS, history_bytes=10))
    assert report.intervals == ()
    assert "git could not read all of it" in reasons(report)


def test_no_time_is_said(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    report = look(repo.path, replace(DEFAULT_LIMITS, history_seconds=0.0))
    assert "out of time" in reasons(report) or report.intervals


def test_a_corrupt_object_is_said_and_the_rest_is_read(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    name = repo.git("rev-parse", f"HEAD:{LOCK}")
    file = repo.path / ".git" / "objects" / name[:2] / name[2:]
    file.chmod(0o644)
    file.write_bytes(b"rubbish")
    report = look(repo.path)
    assert len(report.intervals) == 1
    assert "1 older versions of lockfiles" in reasons(report)


def test_a_commit_that_is_missing_is_said(repo: Repo) -> None:
    first = repo.commit({LOCK: BAD})
    repo.commit({LOCK: GOOD})
    (repo.path / ".git" / "objects" / first[:2] / first[2:]).unlink()
    assert "git could not read all of it" in reasons(look(repo.path))


def test_a_branch_that_leads_nowhere_does_not_hide_the_others(repo: Repo) -> None:
    repo.commit({LOCK: BAD})
    (repo.path / ".git" / "refs" / "heads" / "broken").write_text("3" * 40 + "\n")
    report = look(repo.path)
    assert len(report.intervals) == 1
    assert reasons(report) == "1 branches or tags lead to nothing that is here"


def test_without_git_it_is_said(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    from seawall.adapters.vcs import git

    repo.commit({LOCK: BAD})
    monkeypatch.setattr(git, "_USUAL", "/nowhere")
    monkeypatch.setenv("PATH", "")
    report = look(repo.path)
    assert [(s.reason, s.advice, s.required) for s in report.skipped] == [
        ("git is not installed", "install git", False)
    ]


def test_the_git_of_the_machine_is_found_in_path_but_never_that_of_the_tree(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seawall.adapters.vcs import git

    repo.commit({LOCK: BAD})
    real = shutil.which("git")
    assert real
    trap = repo.path / "web" / "bin" / "git"
    trap.parent.mkdir(parents=True)
    trap.write_text(f"#!/bin/sh\ntouch {repo.path}/RAN\n")
    trap.chmod(0o755)
    monkeypatch.setattr(git, "_USUAL", "/nowhere")
    monkeypatch.chdir(trap.parent)
    monkeypatch.setenv("PATH", f".:{trap.parent}:bin::")
    assert reasons(look(repo.path / "web")) == "git is not installed"
    monkeypatch.setenv("PATH", f".:{trap.parent}:{Path(real).parent}")
    assert len(found(repo.path)) == 1
    assert not (repo.path / "RAN").exists()


def test_a_name_that_is_not_utf_8(repo: Repo) -> None:
    folder = os.fsencode(repo.path) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102
    with open(folder + b"/package-lock.json", "w") as file:  # noqa: PTH123
        file.write(BAD)
    repo.commit()
    (interval,) = look(repo.path).intervals
    assert interval.path == "caf\udce9/package-lock.json"


def test_a_line_break_in_a_directory(repo: Repo) -> None:
    repo.commit({f"a\nb/{LOCK}": BAD})
    repo.commit({f"a\nb/{LOCK}": GOOD})
    (interval,) = look(repo.path).intervals
    assert interval.removed_time == time_of(2)


def test_history_needs_no_configuration_of_the_person(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({LOCK: BAD})
    broken = repo.path.parent / "broken"
    broken.write_text("[core\n")
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, str(broken))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nowhere")
    monkeypatch.setenv("GIT_TRACE", str(repo.path / "TRACE"))
    assert subprocess.run(["git", "status"], capture_output=True, check=False).returncode
    assert len(found(repo.path)) == 1
    assert not (repo.path / "TRACE").exists()
