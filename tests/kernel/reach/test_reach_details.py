"""Small things that hand-worked cases brought to light, each where it holds and where it does not."""

from pathlib import Path

import pytest
from tests.kernel.reach.small_trees import job, said, tree

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach.expressions import references
from seawall.kernel.reach.running import runs_of
from seawall.kernel.reach.using import action_firmness
from seawall.readers.syntax.shell import parse_script


@pytest.mark.parametrize(
    ("text", "tested"),
    [
        ("${{ secrets.A }}", ""),
        ("${{ secrets.A != '' }}", "A"),
        ("${{ secrets['A'] == null }}", "A"),
        ("${{ !secrets.A }}", "A"),
        ("${{ contains(secrets.A, 'x') }}", "A"),
        ("${{ secrets.A && 'yes' || 'no' }}", "A"),
        ("${{ secrets.A != '' && secrets.B || secrets.C }}", "A"),
        ("${{ secrets.A || secrets.B }}", ""),
        ("${{ github.ref == 'main' && secrets.A || secrets.B }}", ""),
        ("${{ format('{0}', secrets.A != '') }}", ""),  # not looked into: rather too much than too little
        ("${{ fromJSON(secrets.A).key }}", ""),
        ("${{ secrets.A != '' }} and ${{ secrets.A }}", ""),
    ],
)
def test_a_secret_that_is_only_compared_does_not_come_out(text: str, tested: str) -> None:
    assert " ".join(references(text).tested) == tested


def test_a_compared_secret_is_in_the_runners_memory_only(tmp_path: Path) -> None:
    step = "- uses: acme/tool@v1\n  env:\n    HAS: ${{ secrets.TOKEN != '' }}\n"
    assert said(job(tmp_path / "a", step), "tool", "TOKEN") == ("R4", "strong")
    given = step.replace(" != ''", "")
    assert said(job(tmp_path / "b", given), "tool", "TOKEN") == ("R1 R4", "certain")


def test_what_is_exported_later_was_not_there_before() -> None:
    text = "pip install a\nexport PIP_REQUIRE_HASHES=1\npip install b\nunset X\nexport PIP_REQUIRE_HASHES=0\npip install c\n"
    runs = [run for run in runs_of(parse_script(text, DEFAULT_LIMITS, "sh"), ".") if run.program == "pip"]
    assert [run.env.get("PIP_REQUIRE_HASHES") for run in runs] == [None, "1", "0"]


def test_the_same_script_in_other_surroundings_is_taken_apart_anew() -> None:
    script = parse_script("cd web && npm ci\n", DEFAULT_LIMITS, "sh")
    assert {run.directory for run in runs_of(script, "a") if run.program == "npm"} == {"a/web"}
    assert {run.directory for run in runs_of(script, "b") if run.program == "npm"} == {"b/web"}
    (npm,) = (run for run in runs_of(script, "b", (("CI", "1"),)) if run.program == "npm")
    assert npm.env == {"CI": "1"}


@pytest.mark.parametrize(
    ("mount", "contained"),
    [
        ('-v "$PWD/dist:/dist:ro"', True),
        ("-v ./dist:/dist:ro,z", True),
        ("--mount type=bind,source=$GITHUB_WORKSPACE/dist,target=/d,readonly", True),
        ('-v "$PWD/dist:/dist"', False),
        ('-v "$PWD:/src:ro"', False),  # the credentials of the checkout lie in it
        ('-v "$PWD/.git:/git:ro"', False),
        ("-v /var/run/docker.sock:/var/run/docker.sock:ro", False),
        ('-v "$PWD/../x:/x:ro"', False),
        ("--privileged", False),
        ("--volumes-from other:ro", False),
        ("", True),
    ],
)
def test_a_container_that_is_only_shown_a_folder_is_contained(
    tmp_path: Path, mount: str, contained: bool
) -> None:
    reach = job(tmp_path, f"- run: docker run --rm {mount} tools/image:1 true\n")
    (code,) = (code for _, code in reach.codes)
    assert code.contained is contained
    assert said(reach, "tools/image", "GITHUB_TOKEN")[1] == ("" if contained else "certain")


@pytest.mark.parametrize(
    ("ref", "pin"), [("v1", "tag"), ("1.2.3", "tag"), ("release/v1", "branch"), ("release-1", "branch"), ("main", "branch")]
)  # fmt: skip
def test_a_branch_that_looks_like_a_release_is_a_branch(ref: str, pin: str) -> None:
    assert action_firmness("acme/tool", ref, frozenset()) == pin


def test_npm_publishes_without_a_script_of_that_name(tmp_path: Path) -> None:
    package = '{"name": "x", "version": "1.0.0", "scripts": {"build": "tsc"}}'
    reach = job(tmp_path, "- run: npm publish\n- run: npm run missing\n", **{"package.json": package})
    assert [item.reason.partition(": ")[2] for item in reach.skipped] == [
        "`npm run missing` is called, and package.json holds no such task"
    ]


def test_a_tool_of_its_own_environment_is_loaded_by_nobody_else(tmp_path: Path) -> None:
    steps = "- run: {}\n- run: uv run --script x.py\n  env:\n    KEY: ${{{{ secrets.KEY }}}}\n"
    assert said(job(tmp_path / "a", steps.format("uvx tool")), "uvx tool", "KEY")[1] == "strong"
    assert said(job(tmp_path / "b", steps.format("pip install tool")), "pip install", "KEY")[1] == "certain"


@pytest.mark.parametrize(
    "name", ["action.yml", "compose.yaml", "docker-compose.yml", "conda-lock.yml", "pnpm-lock.yaml"]
)
def test_a_workflow_may_have_any_name(tmp_path: Path, name: str) -> None:
    text = "on: push\npermissions: {contents: write}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: acme/tool@v1\n"
    reach = tree(tmp_path, {f".github/workflows/{name}": text})
    assert said(reach, "tool", "GITHUB_TOKEN", "#a") == ("R0", "certain")
    assert not reach.skipped
