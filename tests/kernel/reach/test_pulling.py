"""What scripts take from outsiders, and near misses; drawn from what other scanners' test inputs show."""

from pathlib import Path

import pytest
from tests.kernel.reach.small_trees import job, said, tree

from seawall.kernel.reach.edge import Reach

OUTSIDE = "on: pull_request_target\npermissions:\n  contents: write\n"
COMMENT = OUTSIDE.replace("pull_request_target", "issue_comment")
AFTER = OUTSIDE.replace("pull_request_target", "workflow_run")
BUILD = "- run: npm run build\n"
HEAD = "head of the pull request"


def run(*lines: str, env: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"- run: |\n{body}" + (f"  env:\n    {env}\n" if env else "")


def head_is_code(reach: Reach) -> bool:
    return any(code.name == HEAD for _, code in reach.codes)


@pytest.mark.parametrize(
    "step",
    [
        run("gh pr checkout 12"),
        run('gh pr checkout "$NUMBER"'),
        run(
            "git fetch origin $BRANCH",
            "git merge --no-edit origin/$BRANCH",
            env="BRANCH: ${{ github.head_ref }}",
        ),
        run("git checkout ${{ github.event.pull_request.head.sha }}"),
        run('git pull origin "$GITHUB_HEAD_REF"'),
        run("git fetch origin pull/${{ github.event.number }}/head:pr", "git switch pr"),
        run('git fetch origin "pull/$NUMBER/merge"', "git -C . checkout FETCH_HEAD"),
        run("git fetch origin refs/pull/7/head && git reset --hard FETCH_HEAD"),
    ],
)
def test_a_head_that_git_or_gh_brings_in_is_code_of_outsiders(tmp_path: Path, step: str) -> None:
    reach = job(tmp_path, step + BUILD, head=OUTSIDE)
    assert said(reach, HEAD, "GITHUB_TOKEN")[1] == "certain"


@pytest.mark.parametrize(
    "step",
    [
        run("git fetch origin pull/7/head:pr", "git diff main...pr"),  # looked at, never in the working tree
        run("git checkout main"),
        run("git fetch origin main", "git checkout FETCH_HEAD"),
        run("gh pr view 12"),
        run("gh pr diff 12 --patch"),
        run("git merge origin/$BRANCH", env="BRANCH: ${{ github.ref_name }}"),
        run("git log pull/7/head"),
    ],
)
def test_what_is_only_looked_at_is_none(tmp_path: Path, step: str) -> None:
    assert not head_is_code(job(tmp_path, step + BUILD, head=OUTSIDE))


def test_a_run_of_the_repository_itself_has_no_outsiders(tmp_path: Path) -> None:
    step = run("gh pr checkout 12")
    assert not head_is_code(job(tmp_path / "a", step + BUILD, head=OUTSIDE.replace("_target", "")))
    assert not head_is_code(
        job(tmp_path / "b", step + BUILD, head=OUTSIDE.replace("pull_request_target", "push"))
    )


def test_a_head_that_nothing_runs_is_conditional(tmp_path: Path) -> None:
    reach = job(tmp_path, run("gh pr checkout 12", "cat README.md"), head=OUTSIDE)
    assert said(reach, HEAD, "GITHUB_TOKEN")[1] == "conditional"


CHECKOUT = "- uses: actions/checkout@v4\n  with:\n    ref: ${{ REF }}\n"


@pytest.mark.parametrize(
    ("ref", "confidence"),
    [
        ("fromJSON(steps.pr.outputs.data).head.ref", "certain"),
        ("fromJSON(steps.pr.outputs.data).head.sha", "certain"),
        # It may be the head or not: the step that says is not understood.
        ("steps.pr.outputs.ref", "conditional"),
        ("needs.find.outputs.sha", "conditional"),
        ("github.event.repository.default_branch", ""),
        ("inputs.branch", ""),
    ],
)
def test_a_ref_that_a_step_found_may_be_the_head(tmp_path: Path, ref: str, confidence: str) -> None:
    reach = job(tmp_path, CHECKOUT.replace("REF", ref) + BUILD, head=COMMENT)
    assert said(reach, HEAD, "GITHUB_TOKEN")[1] == confidence


@pytest.mark.parametrize(
    ("download", "then", "confidence"),
    [
        ('gh run download "${{ github.event.workflow_run.id }}" --name tool --dir foo', "./foo/tool", "certain"),
        ("gh run download 12 -n tool", "bash ./build.sh", "certain"),
        ("gh run download 12 -n tool -D foo && unzip foo/tool.zip", "./bar/cmd", "certain"),
        ("gh run download 12 -n tool -D foo", "./bar/cmd", ""),
        ("gh run download 12 -n tool -D foo", "cat foo/report.md", ""),
        ('gh run download "$GITHUB_RUN_ID" -n tool', "./tool", ""),
        ("gh run view 12 --log", "./tool", ""),
    ],
)  # fmt: skip
def test_an_artifact_of_another_run_is_code_where_it_is_run(
    tmp_path: Path, download: str, then: str, confidence: str
) -> None:
    reach = job(tmp_path, run(download) + run(then), head=AFTER)
    found = [edge for edge in reach.edges if edge.code.kind == "artifact"]
    assert [str(edge.confidence) for edge in found] == ([confidence] if confidence else [])


def test_source_in_a_folder_runs_where_something_works_in_it(tmp_path: Path) -> None:
    checkout = CHECKOUT.replace("REF", "github.event.pull_request.head.sha") + "    path: theirs/\n"
    for name, then, confidence in (
        ("a", "- run: cd theirs && npm ci\n", "certain"),
        ("b", "- run: npm ci\n  working-directory: theirs/web\n", "certain"),
        ("c", "- run: npx eslint ./theirs/src\n", "certain"),
        ("d", "- run: node scripts/count.js --out=theirs/x\n", "certain"),
        ("e", "- run: npm ci\n", "conditional"),
        ("f", "- run: cat theirs/README.md\n", "conditional"),
        ("g", "- run: node other/theirs.js\n", "conditional"),
    ):
        reach = job(tmp_path / name, checkout + then, head=OUTSIDE)
        assert said(reach, HEAD, "GITHUB_TOKEN")[1] == confidence, name


def test_a_program_is_no_folder_of_its_name(tmp_path: Path) -> None:
    """`npm publish` runs npm, also where an artifact was unpacked into `npm/`."""
    upload = "- run: make\n- uses: actions/upload-artifact@v4\n  with:\n    name: dist\n- run: npm install left-pad\n"
    text = f"""on: push
permissions:
  contents: read
jobs:
  make:
    runs-on: ubuntu-latest
    steps:
      {upload.strip().replace(chr(10), chr(10) + "      ")}
  publish:
    needs: make
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with:
          name: dist
          path: npm
      - run: npm publish
"""
    reach = tree(tmp_path, {"w.yml": text})
    assert not [code for _, code in reach.codes if code.kind == "artifact"]
