"""Reach at a revision is reach of its checkout, out of git's objects and without the tree's settings."""

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.vcs.objects import tree_at
from seawall.kernel.errors import UsageError
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.reach.edge import Reach
from seawall.reach import ReachOrder, at_revision, of_tree, reach
from simulators.repository import Repo

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 25, tzinfo=UTC)
TEXT = "on: push\npermissions: {}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    env:\n      T: ${{ secrets.T }}\n    steps:\n"
WORKFLOW = ".github/workflows/w.yml"
TOOLS = '{"mcpServers": {"files": {"command": "npx", "args": ["-y", "@example/files"], "env": {"KEY": "${KEY}"}}}}'
CLAUDE = '{"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "npx -y start-me"}]}]}}'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def steps(*commands: str) -> str:
    return TEXT + "".join(f"      - run: {command}\n" for command in commands)


def at(place: Path, revision: str, limits: Limits = DEFAULT_LIMITS) -> Reach:
    """Without what only a revision can say."""
    found = at_revision(place, revision, limits)
    assert len({edge.commit for edge in found.edges}) <= 1
    return replace(found, edges=tuple(replace(edge, commit="") for edge in found.edges))


def checked_out(repo: Repo, revision: str, place: Path) -> Path:
    repo.git("worktree", "add", "-q", "--detach", str(place), revision)
    return place


def everything(repo: Repo) -> None:
    """A tree with all that a tree can hold."""
    outside = repo.path.parent / "outside.sh"
    outside.write_text("npm install outside\n")
    repo.commit(
        {
            WORKFLOW: steps(
                "bash ci/go", "bash linked.sh", "bash out.sh", "bash lost.sh", "bash twice.sh", "bash through/go",
                "make all", "pip install -r requirements.txt", "bash module/run.sh", "bash big.sh", "npm ci",
                "bash caches/__pycache__/x.sh", "bash missing.sh", "docker build -f Dockerfile .",
            ),
            "templates/.github/workflows/sample.yml": steps("npm install never"),
            ".github/actions/own/action.yml": "runs:\n  using: composite\n  steps:\n    - run: npx own\n      shell: bash\n",
            "ci/go": "npm install a\n./ci/more.sh\n",
            "ci/more.sh": "npm install b\n",
            "Makefile": "all:\n\tcurl https://files.example/x | sh\n",
            "requirements.txt": "left==1.0\n",
            "package.json": '{"name": "x", "scripts": {"build": "vite"}}',
            "package-lock.json": "{}",
            "big.sh": "# " + "x" * 6_000 + "\nnpm install big\n",
            "caches/__pycache__/x.sh": "npm install cached\n",
            "vendor/node_modules/left/package.json": '{"name": "left"}',
            "vendor/node_modules/left/Makefile": "all:\n\tnpm install vendored\n",
            "Dockerfile": "FROM node:20\nRUN npm install c\n",
            ".mcp.json": TOOLS,
            ".claude/settings.json": CLAUDE,
            ".claude/skills/one/SKILL.md": "---\nname: one\ndescription: d\n---\nrun scripts/x.py\n",
            ".claude/skills/one/scripts/x.py": "import os\n",
            "deep/" * 70 + "Makefile": "all:\n\tnpm install deep\n",
        }
    )  # fmt: skip
    for name, target in {
        "linked.sh": "ci/more.sh",
        "out.sh": str(outside),
        "up.sh": "../outside.sh",
        "lost.sh": "nowhere.sh",
        "twice.sh": "linked.sh",
        "through": "ci",
        "itself.sh": "itself.sh",
        "folder.sh": "ci",
        "by.sh": "through/more.sh",
    }.items():
        (repo.path / name).symlink_to(target)
    inner = Repo(repo.path.parent / "inner")
    inner.commit({"run.sh": "npm install inner\n"})
    repo.git("submodule", "add", "-q", str(inner.path), "module")
    repo.commit()


def test_a_tree_with_all_that_a_tree_can_hold(repo: Repo, tmp_path: Path) -> None:
    everything(repo)
    place = checked_out(repo, "HEAD", tmp_path / "place")
    assert at(repo.path, "HEAD") == of_tree(place)
    limits = Limits(file_bytes=5_000)
    found = at(repo.path, "HEAD", limits)
    assert found == of_tree(place, limits)
    assert {code.packages[0] for _, code in found.codes if code.packages} >= {"a", "b"}
    said = " ".join(one.reason for one in found.skipped)
    for words in ("leads out of the tree", "at most 5000 are read", "deeper than 64", "never run"):
        assert words in said


def test_every_revision_of_a_history_with_renames(repo: Repo, tmp_path: Path) -> None:
    script = "npm install a\n" * 20
    states: list[dict[str, str | bytes | None]] = [
        {WORKFLOW: steps("bash a.sh"), "a.sh": script},
        {"a.sh": None, "b.sh": script},
        {WORKFLOW: steps("bash b.sh", "pip install x")},
        {WORKFLOW: None, ".github/workflows/new.yml": steps("bash b.sh")},
        {"b.sh": None},
    ]
    commits = [repo.commit(files) for files in states]
    repo.git("tag", "v1", commits[1])
    repo.git("branch", "side", commits[2])
    names = [*commits, "HEAD", "HEAD~3", "main^", "v1", "side", "refs/heads/side~1", commits[0][:9]]
    seen = []
    for number, name in enumerate(names):
        found = at(repo.path, name)
        assert found == of_tree(checked_out(repo, name, tmp_path / f"place{number}")), name
        seen.append(found)
    assert seen[0] != seen[1] != seen[2] != seen[3] != seen[4]
    assert seen[6] == seen[1]


def test_a_part_of_a_repository_that_is_a_top_of_its_own(repo: Repo, tmp_path: Path) -> None:
    repo.commit(
        {f"part/{WORKFLOW}": steps("make all"), "part/Makefile": "all:\n\tnpm install x\n", "Makefile": ""}
    )
    part = checked_out(repo, "HEAD", tmp_path / "place") / "part"
    (part / "Makefile").unlink()
    found = reach(ReachOrder(part, at="HEAD"), NOW)
    assert [code.packages for _, code in found.codes] == [("x",)]
    assert at(repo.path / "part", "HEAD") == of_tree(repo.path / "part")


def test_a_bare_repository_is_looked_at_without_being_asked_for_a_revision(
    repo: Repo, tmp_path: Path
) -> None:
    everything(repo)
    bare = tmp_path / "bare.git"
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    (bare / "config").unlink()
    assert at(bare, "HEAD") == at(repo.path, "HEAD")
    found = reach(ReachOrder(bare), NOW)
    assert {edge.commit for edge in found.edges} == {repo.git("rev-parse", "HEAD")}


def test_each_edge_says_the_commit(repo: Repo) -> None:
    first = repo.commit({WORKFLOW: steps("npm install x")})
    repo.commit({WORKFLOW: None})
    found = reach(ReachOrder(repo.path, at="HEAD~1"), NOW)
    assert {edge.commit for edge in found.edges} == {first}
    assert not reach(ReachOrder(repo.path), NOW).edges


def test_nothing_that_a_tree_configures_is_run(repo: Repo, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    repo.commit({WORKFLOW: steps("npm install x"), ".gitattributes": "* filter=bad diff=bad\n"})
    for key in ("filter.bad.smudge", "filter.bad.process", "core.fsmonitor", "core.sshCommand", "diff.bad.textconv",
                "core.pager", "core.alternateRefsCommand"):  # fmt: skip
        repo.git("config", key, f"touch {mark}")
    hook = repo.path / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    assert at(repo.path, "HEAD").edges
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "",
        "-h",
        "--all",
        "HEAD~99",
        "HEAD~",
        "main:w.yml",
        "@{1}",
        "HEAD^{tree}",
        "v1\nHEAD",
        "dead",
    ],
)
def test_what_is_no_revision_is_an_error(repo: Repo, name: str) -> None:
    repo.commit({WORKFLOW: steps("npm install x")})
    if name == "HEAD~":
        repo.git("update-ref", "-d", "HEAD")
    with pytest.raises(UsageError, match="no revision"):
        at_revision(repo.path, name, DEFAULT_LIMITS)


def test_without_a_repository_there_is_no_revision(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    with pytest.raises(UsageError, match="no git repository"):
        at_revision(tmp_path / "w", "HEAD", DEFAULT_LIMITS)


def test_what_is_not_in_the_clone_is_said(repo: Repo) -> None:
    repo.commit({WORKFLOW: steps("bash x.sh"), "x.sh": "npm install x\n"})
    blob = repo.git("rev-parse", "HEAD:x.sh")
    (repo.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    found = at(repo.path, "HEAD")
    assert [one.reason for one in found.skipped] == ["x.sh: its content is not in this clone"]


def test_a_tree_larger_than_a_bound_is_cut_and_said(repo: Repo) -> None:
    repo.commit({f"d/{number}": "" for number in range(30)})
    with tree_at(repo.path, "HEAD", (), (), Limits(tree_files=10)) as (walked, _):
        assert len(walked.files) == 10
        assert {problem.message for problem in walked.problems} == {
            "more than 10 files; the rest was not seen",
            "git could not list all of the tree",
        }


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone")
def test_this_repository_is_the_same_from_its_objects(tmp_path: Path) -> None:
    place = tmp_path / "place"
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    words = ["git", "-c", "safe.directory=*", "clone", "-q", "--shared", str(ROOT), str(place)]
    subprocess.run(words, check=True, env=clean, timeout=60)
    assert at(ROOT, "HEAD") == of_tree(place)
