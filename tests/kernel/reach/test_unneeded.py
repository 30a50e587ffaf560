"""A grant is called needless where nothing can use it, and not known where something may."""

from pathlib import Path

import pytest
from small_trees import tree

from seawall.reach import of_tree

CHECKOUT = "- uses: actions/checkout@v4\n"
SAFE = "- uses: actions/checkout@v4\n  with:\n    persist-credentials: false\n"


def grants(top: Path, steps: str, permissions: str = "{}", more: str = "", **files: str) -> dict[str, str]:
    """`kind name` → state, of one job with these steps and permissions."""
    body = "".join(f"      {line}\n" for line in steps.strip("\n").splitlines())
    keys = "".join(f"    {line}\n" for line in more.splitlines())
    text = f"on: push\npermissions: {permissions}\njobs:\n  build:\n    runs-on: u\n{keys}    steps:\n{body}"
    tree(top, {"w.yml": text, **{name.replace("__", "/"): text for name, text in files.items()}})
    found = of_tree(top, people=True).unneeded or ()
    return {f"{one.kind} {one.name}": one.state for one in found}


def state(top: Path, steps: str, permission: str) -> str:
    scope, _, level = permission.partition(":")
    kind = "identity" if scope == "id-token" else "permission"
    found = grants(top, steps, f"{{{scope}: {level}}}")
    return found.get(f"{kind} {permission}", "needed")


@pytest.mark.parametrize(
    ("steps", "permission", "wanted"),
    [(SAFE + "- run: pytest", "packages:write", "unneeded"),
     (SAFE + "- run: pytest", "contents:write", "unneeded"),
     (CHECKOUT + "- run: python release.py", "contents:write", "not known"),
     (CHECKOUT + "- run: git push", "contents:write", "needed"),
     (CHECKOUT + "- run: mkdocs gh-deploy", "contents:write", "needed"),
     (CHECKOUT + "- run: uv run mike deploy 1", "contents:write", "needed"),
     ("- run: gh release create v1", "contents:write", "needed"),
     ("- run: gh pr list", "pull-requests:write", "unneeded"),
     ("- run: gh pr comment 1", "pull-requests:write", "needed"),
     ("- run: gh api /x", "issues:write", "not known"),
     ("- uses: who/knows@v1", "issues:write", "not known"),
     ("- uses: actions/github-script@v7", "issues:write", "not known"),
     ("- uses: actions/stale@v9", "issues:write", "needed"),
     ("- uses: actions/stale@v9", "packages:write", "unneeded"),
     ("- uses: softprops/action-gh-release@v2", "contents:write", "needed"),
     ("- run: node x.js\n  env:\n    T: ${{ github.token }}", "issues:write", "not known"),
     ("- run: echo hi\n  env:\n    T: ${{ github.token }}", "issues:write", "unneeded"),
     ("- uses: ./missing", "issues:write", "not known"),
     (SAFE + "- run: make", "contents:write", "unneeded"),
     (CHECKOUT + "- run: make", "contents:write", "not known")],
)  # fmt: skip
def test_permissions(tmp_path: Path, steps: str, permission: str, wanted: str) -> None:
    assert state(tmp_path, steps, permission) == wanted


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [("- run: pytest", "unneeded"), ("- run: python x.py", "not known"), ("- run: cosign sign x", "needed"),
     ("- run: uv publish", "needed"), ("- run: uv run python x.py", "not known"),
     ("- uses: pypa/gh-action-pypi-publish@v1", "needed"),
     ("- uses: pypa/gh-action-pypi-publish@v1\n  with:\n    password: x", "unneeded"),
     ("- uses: aws-actions/configure-aws-credentials@v4\n  with:\n    role-to-assume: x", "needed"),
     ("- run: curl $ACTIONS_ID_TOKEN_REQUEST_URL", "needed"), ("- uses: who/knows@v1", "not known")],
)  # fmt: skip
def test_the_jobs_identity(tmp_path: Path, steps: str, wanted: str) -> None:
    assert state(tmp_path, steps, "id-token:write") == wanted


def test_all_permissions_at_once(tmp_path: Path) -> None:
    assert grants(tmp_path, SAFE + "- run: pytest", "write-all") == {"permission write-all": "unneeded"}
    assert grants(tmp_path, "- uses: who/knows@v1", "read-all") == {"permission read-all": "not known"}


def test_what_reads_is_not_blamed_and_what_is_assumed_neither(tmp_path: Path) -> None:
    assert not grants(tmp_path, "- run: pytest", "{contents: read}")
    tree(tmp_path, {"w.yml": "on: push\njobs:\n  build:\n    runs-on: u\n    steps:\n      - run: pytest\n"})
    assert of_tree(tmp_path, people=True).unneeded == ()


ENV = "env:\n  KEY: ${{ secrets.KEY }}"


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [("- run: echo hi", "unneeded"), ('- run: echo "$KEY"', "needed"), ("- run: pytest", "not known"),
     ("- uses: who/knows@v1", "not known"), ("- run: echo ${{ env.KEY }}", "needed"),
     ("- if: env.KEY != ''\n  run: echo", "needed"), ("- run: aws s3 ls", "not known"),
     ("- run: |\n    cat <<X\n    $KEY\n    X", "needed")],
)  # fmt: skip
def test_a_secret_in_a_variable_of_the_job(tmp_path: Path, steps: str, wanted: str) -> None:
    assert grants(tmp_path, steps, more=ENV).get("secret KEY", "needed") == wanted


def test_a_secret_in_a_variable_of_a_step(tmp_path: Path) -> None:
    step = "- run: %s\n  env:\n    KEY: ${{ secrets.KEY }}\n"
    assert grants(tmp_path, step % "echo hi") == {"secret KEY": "unneeded"}
    assert grants(tmp_path, step % "echo $KEY") == {}


def test_a_secret_that_a_workflow_or_an_action_of_the_tree_does_not_take(tmp_path: Path) -> None:
    call = (
        "on: push\npermissions: {}\njobs:\n  call:\n    uses: ./.github/workflows/c.yml\n    secrets:\n"
        "      A: ${{ secrets.A }}\n      B: ${{ secrets.B }}\n"
    )
    callee = (
        "on: workflow_call\njobs:\n  build:\n    runs-on: u\n    steps:\n"
        "      - run: echo ${{ secrets.A }}\n      - uses: ./act\n        with:\n          one: ${{ secrets.A }}\n"
        "          two: ${{ secrets.A }}\n"
    )
    action = "runs:\n  using: composite\n  steps:\n    - run: echo ${{ inputs.one }}\n      shell: bash\n"
    tree(tmp_path, {"w.yml": call, "c.yml": callee, "act/action.yml": action})
    found = of_tree(tmp_path, people=True).unneeded or ()
    assert {(one.place.partition("#")[2], one.name, one.state, one.line) for one in found} == {
        ("call", "B", "unneeded", 8),
        ("build", "two of ./act", "unneeded", 10),
    }


def test_an_environment_of_which_nothing_is_named(tmp_path: Path) -> None:
    more = "environment: prod"
    assert grants(tmp_path, "- run: echo", more=more) == {"environment prod": "unneeded"}
    assert grants(tmp_path, "- run: echo ${{ secrets.A }}", more=more) == {}
    assert grants(tmp_path, "- run: echo ${{ vars.A }}", more=more) == {}
    assert "environment prod" not in grants(tmp_path, "- run: cosign x", "{id-token: write}", more)
