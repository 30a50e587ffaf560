"""Cuts are made where they break nothing that can be seen, said where they are not, and made once."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from seawall.cli.main import main
from seawall.cutting import Cutting, carry_out, cutting, files_of
from seawall.kernel.errors import UsageError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach.edge import Reach
from seawall.reach import ReachOrder, of_tree, reach
from seawall.readers.pipelines import github_workflow
from seawall.reports import reach_cuts

CASES = Path(__file__).parent / "reach_cases"
WORKFLOW = ".github/workflows/w.yml"
HEAD = "on: push\npermissions:\n  contents: read\n"


def put(top: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = top / (name if "/" in name or name != "w.yml" else WORKFLOW)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dedent(text).encode())


def job(top: Path, steps: str, more: str = "", head: str = HEAD) -> None:
    """One job `build` with these steps, each line of them and of `more` at its own indentation."""
    body = "".join(f"    {line}\n" for line in dedent(more).splitlines())
    body += "    steps:\n" + "".join(f"      {line}\n" for line in dedent(steps).strip("\n").splitlines())
    put(top, {"w.yml": f"{head}jobs:\n  build:\n    runs-on: ubuntu-latest\n{body}"})


def cut(top: Path, code: str = "", credential: str = "") -> Cutting:
    return cutting(ReachOrder(top), code, credential)


def after(top: Path, path: str = WORKFLOW) -> str:
    """The file's text once everything is cut, as it is where nothing is."""
    found = {file.path: file.after for file in cut(top).files}
    return found.get(path, (top / path).read_bytes()).decode()


def why(top: Path, name: str) -> str:
    return "; ".join(left.why for left in cut(top).left if left.cut.id == name)


CHECKOUT = "- uses: actions/checkout@v4\n"
SIMPLE = CHECKOUT + "- run: pip install x\n"


def test_a_checkout_keeps_no_credentials_where_nothing_needs_them(tmp_path: Path) -> None:
    job(tmp_path, CHECKOUT + "- run: pip install x\n")
    text = after(tmp_path)
    assert "      - uses: actions/checkout@v4\n        with:\n          persist-credentials: false\n" in text


@pytest.mark.parametrize(
    "later",
    ["- run: git push origin main", "- run: |\n    cd x\n    git fetch --tags", "- run: make release",
     "- uses: stefanzweifel/git-auto-commit-action@v5", "- run: npx semantic-release",
     "- run: git submodule update --init", "- run: mkdocs gh-deploy"],
)  # fmt: skip
def test_a_checkout_whose_credentials_a_later_step_works_with_is_left(tmp_path: Path, later: str) -> None:
    put(tmp_path, {"Makefile": "release:\n\tgit push --tags\n"})
    job(tmp_path, CHECKOUT + later + "\n- run: pip install x\n")
    assert "persist-credentials" not in after(tmp_path)
    assert "works with git" in why(tmp_path, "persist-credentials")


def test_a_checkout_in_an_action_of_the_tree_is_changed_there(tmp_path: Path) -> None:
    action = "name: x\nruns:\n  using: composite\n  steps:\n    - uses: actions/checkout@v4\n"
    put(tmp_path, {".github/actions/get/action.yml": action})
    job(tmp_path, "- uses: ./.github/actions/get\n- run: pip install x\n")
    assert after(tmp_path, ".github/actions/get/action.yml").endswith(
        "with:\n        persist-credentials: false\n"
    )


def test_an_action_that_others_may_use_is_left(tmp_path: Path) -> None:
    put(
        tmp_path, {"get/action.yml": "runs:\n  using: composite\n  steps:\n    - uses: actions/checkout@v4\n"}
    )
    job(tmp_path, "- uses: ./get\n- run: pip install x\n")
    assert not cut(tmp_path).files
    assert "other repositories" in why(tmp_path, "persist-credentials")


def test_a_job_only_restores_its_cache(tmp_path: Path) -> None:
    cache = "- uses: actions/cache@v4\n  with:\n    path: x\n    key: k\n- run: npx tool\n"
    job(tmp_path, cache)
    assert "runs-on: ubuntu-latest\n    cache-mode: read\n" in after(tmp_path)


def test_a_job_that_other_repositories_may_call_is_left(tmp_path: Path) -> None:
    cache = "- uses: actions/cache@v4\n  with:\n    path: x\n    key: k\n- run: npx tool\n"
    job(tmp_path, cache, head="on: [push, workflow_call]\n")
    assert not cut(tmp_path).files
    assert "other repositories" in why(tmp_path, "cache-mode")
    assert "other repositories" in why(tmp_path, "permissions")


def test_permissions_are_written_where_every_step_is_known_to_read(tmp_path: Path) -> None:
    steps = CHECKOUT + "- uses: dorny/paths-filter@v3\n- run: pytest\n- run: pip install x\n"
    job(tmp_path, steps, head="on: push\n")
    assert "    permissions:\n      contents: read\n      pull-requests: read\n" in after(tmp_path)


@pytest.mark.parametrize(
    ("step", "said"),
    [("- uses: who/knows@v1", "who/knows"), ("- run: gh release create v1", "contents"),
     ("- uses: softprops/action-gh-release@v2", "contents"), ("- run: git push", "contents"),
     ("- run: node x.js\n  env:\n    T: ${{ github.token }}", "node"), ("- uses: actions/stale@v9", "issues"),
     ("- run: |\n    ./own --publish", "own")],
)  # fmt: skip
def test_permissions_of_what_writes_or_is_not_known_are_left(tmp_path: Path, step: str, said: str) -> None:
    job(tmp_path, CHECKOUT + step + "\n", head="on: push\n")
    assert "permissions:" not in after(tmp_path)
    assert said in why(tmp_path, "permissions")


def test_permissions_that_are_there_are_not_written_again(tmp_path: Path) -> None:
    job(tmp_path, CHECKOUT + "- run: pytest\n")
    assert after(tmp_path).count("permissions:") == 1


ENV = "env:\n  OURS_KEY: ${{ secrets.OURS_KEY }} # for the upload\n"
USES = '- run: pip install x\n- name: send\n  run: send "$OURS_KEY"\n'


def test_a_secret_of_the_job_moves_to_the_step_that_uses_it(tmp_path: Path) -> None:
    job(tmp_path, USES, ENV)
    text = after(tmp_path)
    assert text.index("- name: send") < text.index("OURS_KEY: ${{ secrets.OURS_KEY }} # for the upload")
    assert text.count("OURS_KEY: ") == 1
    found = of_tree(tmp_path)
    carry_out(cut(tmp_path))
    assert _says(found, "OURS_KEY") == {"R1 R4"}
    assert _says(of_tree(tmp_path), "OURS_KEY") == {"R3 R4"}


def _says(found: Reach, target: str) -> set[str]:
    return {
        " ".join(edge.rules)
        for edge in found.edges
        if edge.target.name == target and edge.code.name.startswith("pip")
    }


def test_a_secret_of_the_workflow_moves_too(tmp_path: Path) -> None:
    job(tmp_path, USES, head=HEAD + ENV)
    text = after(tmp_path)
    assert "env:" not in text.partition("jobs:")[0]
    assert "        env:\n          OURS_KEY: ${{ secrets.OURS_KEY }} # for the upload\n" in text


@pytest.mark.parametrize(
    ("steps", "more", "said"),
    [(USES + "- run: echo $OURS_KEY\n", ENV, "2 steps"), ("- run: npx x\n", ENV, "no step"),
     (USES + "- if: env.OURS_KEY != ''\n  run: a\n", ENV, "2 steps"),
     (USES, ENV + "container:\n  image: x:1\n  options: ${{ env.OURS_KEY }}\n", "an expression"),
     (USES.replace("OURS_KEY", "NPM_TOKEN"), ENV.replace("OURS_KEY", "NPM_TOKEN"), "without naming"),
     (USES + "- uses: ./.github/actions/a\n", ENV, "actions of the tree"),
     (USES.replace("send", "read"), ENV, "tests/keys.py")],
)  # fmt: skip
def test_a_secret_that_something_else_may_use_stays(tmp_path: Path, steps: str, more: str, said: str) -> None:
    if said == "tests/keys.py":
        put(tmp_path, {"tests/keys.py": "import os\nos.environ['OURS_KEY']\n"})
    job(tmp_path, steps, more)
    assert after(tmp_path) == (tmp_path / WORKFLOW).read_text()
    assert said in why(tmp_path, "step-env")


SCRIPTS = {
    "one line": ("run: npm ci", "run: npm ci --ignore-scripts"),
    "chained": ("run: cd a && npm ci && npm test", "run: cd a && npm ci --ignore-scripts && npm test"),
    "block": ("run: |\n    set -e\n    npm install left # l", "run: |\n    set -e\n    npm install --ignore-scripts left # l"),
    "twice": (
        "run: |\n    npm ci\n    npm install -g x",
        "run: |\n    npm ci --ignore-scripts\n    npm install --ignore-scripts -g x",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_runs_while_npm_installs(tmp_path: Path, name: str) -> None:
    before, then = SCRIPTS[name]
    put(tmp_path, {"package.json": '{"name": "a"}', "a/package.json": "{}"})
    job(tmp_path, f"- {before}\n", "env:\n  PNPM_HOME: ${{ secrets.S }}\n")
    wanted = "".join(f"      {line}\n" for line in f"- {then}".splitlines())
    assert after(tmp_path).endswith(wanted)


@pytest.mark.parametrize(
    ("run", "said"),
    [("run: npm ci; npm ci", "more than once"), ("run: >\n    npm ci", "plainly"),
     ("run: npm --prefix a ci", "plainly"), ("run: echo npm ci; npm ci", "more than once"),
     ("run: &a npm ci", "anchor"), ("run: make js", "Makefile")],
)  # fmt: skip
def test_a_command_that_is_not_plain_is_left(tmp_path: Path, run: str, said: str) -> None:
    put(tmp_path, {"package.json": "{}", "Makefile": "js:\n\tnpm ci\n"})
    job(tmp_path, f"- {run}\n", "env:\n  S: ${{ secrets.S }}\n")
    assert "--ignore-scripts" not in after(tmp_path)
    assert said in why(tmp_path, "ignore-scripts")


def test_an_install_that_runs_the_trees_own_scripts_is_left(tmp_path: Path) -> None:
    put(tmp_path, {"package.json": '{"scripts": {"prepare": "tsc"}}'})
    job(tmp_path, "- run: npm ci\n", "env:\n  S: ${{ secrets.S }}\n")
    assert "--ignore-scripts" not in after(tmp_path)
    assert "`prepare`" in why(tmp_path, "ignore-scripts")


LOCK = {
    "lockfileVersion": 3,
    "packages": {
        "": {"dependencies": {"left": "^1.0.0"}},
        "node_modules/left": {"version": "1.0.0", "resolved": "https://files.example/left-1.0.0.tgz"},
    },
}


def test_npm_install_becomes_npm_ci_where_the_lock_is_in_step(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"package-lock.json": json.dumps(LOCK), "package.json": '{"dependencies": {"left": "^1.0.0"}}'},
    )
    job(tmp_path, "- run: npm install --no-audit\n", "env:\n  S: ${{ secrets.S }}\n")
    assert after(tmp_path).endswith("- run: npm ci --ignore-scripts --no-audit\n")
    put(tmp_path, {"package.json": '{"dependencies": {"left": "^2.0.0"}}'})
    assert after(tmp_path).endswith("- run: npm install --ignore-scripts --no-audit\n")
    assert "not in step" in why(tmp_path, "npm-ci")


HASHED = "left==1.0 --hash=sha256:" + "a" * 64 + "\n"


def test_wheels_only_where_every_requirement_has_its_hash(tmp_path: Path) -> None:
    put(tmp_path, {"requirements.txt": HASHED})
    job(tmp_path, "- run: python -m pip install -q -r requirements.txt\n", "env:\n  S: ${{ secrets.S }}\n")
    assert 'pip install --require-hashes --only-binary ":all:" -q -r requirements.txt\n' in after(tmp_path)
    job(tmp_path, "- run: |\n    pip install -r requirements.txt\n", "env:\n  S: ${{ secrets.S }}\n")
    assert "pip install --require-hashes --only-binary :all: -r requirements.txt\n" in after(tmp_path)
    put(tmp_path, {"requirements.txt": HASHED + "right\n"})
    assert not cut(tmp_path).files


def test_what_installs_more_than_hashed_requirements_is_left(tmp_path: Path) -> None:
    put(tmp_path, {"requirements.txt": HASHED, "pyproject.toml": "[project]\nname = 'a'\n"})
    job(tmp_path, "- run: pip install -r requirements.txt -e .\n", "env:\n  S: ${{ secrets.S }}\n")
    assert "--only-binary" not in after(tmp_path)


LOCKED = json.dumps(
    {"version": 1, "actions": {"acme/tool": [{"version": "v1", "sha": "ab" * 20, "integrity": "x"}]}}
)


def test_an_action_is_pinned_to_the_commit_that_a_lock_of_the_tree_tells(tmp_path: Path) -> None:
    put(tmp_path, {".github/workflows/actions.lock.json": LOCKED})
    job(tmp_path, "- uses: acme/tool@v1 # ours\n- uses: acme/other@v1\n", "env:\n  S: ${{ secrets.S }}\n")
    assert f"uses: acme/tool@{'ab' * 20} # v1 # ours\n" in after(tmp_path)
    assert "uses: acme/other@v1\n" in after(tmp_path)


def test_only_what_was_asked_for_is_cut(tmp_path: Path) -> None:
    job(tmp_path, CHECKOUT + "- run: npm ci\n", "env:\n  S: ${{ secrets.S }}\n")
    put(tmp_path, {"package.json": "{}"})
    assert {one.id for file in cut(tmp_path, credential="S").files for one in file.cuts} == {"ignore-scripts"}
    assert not cut(tmp_path, code="checkout").files
    both = {"ignore-scripts", "persist-credentials"}
    assert {one.id for file in cut(tmp_path, code="npm").files for one in file.cuts} == both


def test_one_workflow_that_is_named_is_cut_alone(tmp_path: Path) -> None:
    job(tmp_path, SIMPLE)
    put(tmp_path, {".github/workflows/o.yml": (tmp_path / WORKFLOW).read_text()})
    assert [file.path for file in cut(tmp_path / WORKFLOW).files] == [WORKFLOW]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "crlf", "utf-16"])
def test_marks_and_line_ends_stay(tmp_path: Path, encoding: str) -> None:
    job(tmp_path, SIMPLE + "# ü\n")
    text = (tmp_path / WORKFLOW).read_text()
    data = text.replace("\n", "\r\n").encode() if encoding == "crlf" else text.encode(encoding)
    (tmp_path / WORKFLOW).write_bytes(data)
    found = cut(tmp_path)
    if encoding == "utf-16":
        assert not found.files
        assert found.left[0].why == "it is not UTF-8"
        return
    (file,) = found.files
    assert file.after.startswith(data[:40])
    assert (file.after.count(b"\r\n") == file.after.count(b"\n")) == (encoding == "crlf")
    _git_takes(tmp_path, found)


def _git(top: Path, *words: str, data: bytes = b"") -> bytes:
    home = {"HOME": str(top), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=false", *words], cwd=top, input=data, capture_output=True, timeout=60,
        env=home, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _git_takes(top: Path, found: Cutting) -> None:
    """git applies the diff, and what comes out are the bytes that were meant."""
    if not found.files:
        return
    _git(top, "init", "-q")
    _git(top, "apply", "--whitespace=nowarn", data=reach_cuts.diff(files_of(found)))
    for file in found.files:
        assert (top / file.path).read_bytes() == file.after


@pytest.mark.parametrize("name", sorted(path.parent.name for path in CASES.glob("*/tree")))
def test_the_cases_worked_by_hand_are_cut_soundly(tmp_path: Path, name: str) -> None:
    top = tmp_path / "tree"
    shutil.copytree(CASES / name / "tree", top)
    soundly_cut(top)


def soundly_cut(top: Path) -> Cutting:
    """All cuts of a tree: other steps are the same values, the edges shrink, git takes it, and it is done."""
    before = of_tree(top)
    old = {path: (top / path).read_bytes() for path in _workflows(top)}
    found = cut(top)
    _git_takes(top, found)
    for path, data in old.items():
        _only_meant(path, data, (top / path).read_bytes(), found)
    then = of_tree(top)
    assert not {one.reason.partition(": ")[2] for one in then.skipped} - {
        one.reason.partition(": ")[2] for one in before.skipped
    }
    assert len(then.edges) == len(before.edges) - found.gone + len(_new(before, then))
    assert not cut(top).files
    return found


def _workflows(top: Path) -> list[str]:
    folder = top / ".github" / "workflows"
    return [f".github/workflows/{path.name}" for path in folder.iterdir() if path.suffix in (".yml", ".yaml")]


def _new(before: Reach, then: Reach) -> list[object]:
    """Edges that were not there before: a code item or a target that is named differently now."""

    def names(found: Reach) -> list[object]:
        return [
            (
                e.place,
                e.target.kind,
                e.target.name,
                e.code.kind,
                e.code.name,
                e.code.path,
                e.code.step,
                e.code.via,
            )
            for e in found.edges
        ]

    known = names(before)
    return [one for one in names(then) if one not in known]


def _only_meant(path: str, old: bytes, new: bytes, found: Cutting) -> None:
    cuts = [one for file in found.files if file.path == path for one in file.cuts]
    before, then = (github_workflow.read(data, path, DEFAULT_LIMITS) for data in (old, new))
    assert [one.message for one in before.problems] == [one.message for one in then.problems]
    pairs = [
        (one, two)
        for first, second in zip(before.jobs, then.jobs, strict=True)
        for one, two in zip(first.steps, second.steps, strict=True)
    ]
    changed = sum(
        (one.uses, one.run, _plain(one.inputs), _plain(one.env), one.condition, one.name, one.id)
        != (two.uses, two.run, _plain(two.inputs), _plain(two.env), two.condition, two.name, two.id)
        for one, two in pairs
    )
    assert changed <= sum(one.id not in ("cache-mode", "permissions") for one in cuts)
    if not cuts:
        assert old == new


def _plain(items: object) -> list[tuple[str, str]]:
    return [(one.name, one.value) for one in items]  # type: ignore[attr-defined]


def test_a_link_is_not_followed_and_a_changed_file_is_not_written(tmp_path: Path) -> None:
    job(tmp_path, SIMPLE)
    found = cut(tmp_path)
    real = tmp_path / WORKFLOW
    text = real.read_bytes()
    real.write_bytes(text + b"# more\n")
    with pytest.raises(UsageError, match="changed since"):
        carry_out(found)
    real.rename(tmp_path / "w")
    real.symlink_to(tmp_path / "w")
    (tmp_path / "w").write_bytes(text)
    with pytest.raises(UsageError):
        carry_out(found)
    assert (tmp_path / "w").read_bytes() == text
    assert real.is_symlink()


def test_nothing_is_written_when_one_of_several_files_was_changed(tmp_path: Path) -> None:
    job(tmp_path, SIMPLE)
    text = (tmp_path / WORKFLOW).read_text()
    put(tmp_path, {".github/workflows/z.yml": text})
    found = cut(tmp_path)
    assert len(found.files) == 2
    (tmp_path / ".github/workflows/z.yml").write_text(text + "# more\n")
    with pytest.raises(UsageError, match="changed since"):
        carry_out(found)
    assert (tmp_path / WORKFLOW).read_text() == text


def test_a_linked_directory_is_not_entered(tmp_path: Path) -> None:
    job(tmp_path, SIMPLE)
    found = cut(tmp_path)
    folder = tmp_path / ".github" / "workflows"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError):
        carry_out(found)
    assert b"persist" not in (tmp_path / "elsewhere" / "w.yml").read_bytes()


def test_the_mode_stays_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    job(tmp_path, SIMPLE)
    (tmp_path / WORKFLOW).chmod(0o640)
    carry_out(cut(tmp_path))
    assert (tmp_path / WORKFLOW).stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (tmp_path / WORKFLOW).parent.iterdir()] == ["w.yml"]


def _run(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["reach", *words])
    out, err = capfd.readouterr()
    return code, out, err


def test_the_command_shows_a_diff_and_writes_only_when_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    job(tmp_path, SIMPLE)
    text = (tmp_path / WORKFLOW).read_text()
    code, out, err = _run(capfd, str(tmp_path), "--fix")
    assert (code, (tmp_path / WORKFLOW).read_text()) == (0, text)
    assert out.startswith(f"--- a/{WORKFLOW}\n+++ b/{WORKFLOW}\n@@")
    assert "persist-credentials: the token" in err
    code, out, _ = _run(capfd, str(tmp_path), "--fix", "--format", "json")
    (file,) = json.loads(out)
    assert set(file) == {"path", "diff", "cuts"}
    assert file["cuts"][0]["id"] == "persist-credentials"
    code, _, err = _run(capfd, str(tmp_path), "--fix", "--write")
    assert code == 2
    assert "nobody can be asked" in err
    assert (tmp_path / WORKFLOW).read_text() == text
    code, _, err = _run(capfd, str(tmp_path), "--fix", "--write", "--yes")
    assert (code, f"changed {WORKFLOW}" in err) == (0, True)
    assert "persist-credentials: false" in (tmp_path / WORKFLOW).read_text()
    code, out, err = _run(capfd, str(tmp_path), "--fix")
    assert (code, out) == (0, "")
    assert "nothing that a program can cut" in err


@pytest.mark.parametrize(
    "words",
    [("--write",), ("--yes",), ("--fix", "--yes"), ("--fix", "--format", "html"), ("--fix", "--at", "HEAD")],
)
def test_options_that_do_not_go_together(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    job(tmp_path, SIMPLE)
    code, out, _ = _run(capfd, str(tmp_path), *words)
    assert (code, out) == (2, "")


def test_what_is_left_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    job(tmp_path, SIMPLE + "- run: git push\n")
    _, out, err = _run(capfd, str(tmp_path), "--fix")
    assert out == ""
    assert f"left: {WORKFLOW}:8: set `persist-credentials: false`" in err


def test_a_name_that_git_would_misread_is_quoted() -> None:
    text = reach_cuts.diff([('a "b" ü.yml', b"x\n", b"y")]).decode()
    assert text.startswith('--- "a/a \\"b\\" \\303\\274.yml"\n+++ "b/a ')
    assert text.endswith("-x\n+y\n\\ No newline at end of file\n")


def test_a_report_says_which_cuts_a_program_can_make(tmp_path: Path) -> None:
    job(tmp_path, SIMPLE)
    found = reach(ReachOrder(tmp_path), datetime(2026, 11, 25, tzinfo=UTC))
    cuts = {cut for edge in found.edges for cut in edge.cuts}
    assert {one.id for one in cuts if one.mechanical} == {"persist-credentials"}


def test_many_cuts_of_one_file_are_made_at_once(tmp_path: Path) -> None:
    steps = SIMPLE + "- run: |\n    npm install -g a\n    npm install -g b\n"
    put(tmp_path, {"package.json": "{}"})
    job(tmp_path, steps * 20)
    (file,) = cut(tmp_path).files
    assert len(file.cuts) == 60
    soundly_cut(tmp_path)


def test_what_was_not_understood_is_counted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    job(tmp_path, SIMPLE + "- run: ./missing.sh\n")
    _, _, err = _run(capfd, str(tmp_path), "--fix")
    assert "1 parts were not understood" in err
