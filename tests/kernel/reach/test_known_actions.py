"""What known actions leave behind and do, by their inputs; and that the tables keep their own form."""

import re

import pytest

from seawall.kernel.reach.known_actions import (
    DEEDS,
    KnownAction,
    When,
    checkout_place,
    inputs_of,
    known_action,
    rank,
)
from seawall.kernel.reach.lending_actions import LENDING
from seawall.kernel.reach.working_actions import WORKING

ALL = {**LENDING, **WORKING}


def action(uses: str) -> KnownAction:
    found = known_action(uses)
    assert found is not None
    return found


def deeds(uses: str, **inputs: str) -> set[str]:
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return {deed.kind for deed in action(uses).deeds(given)}


def test_names_know_no_case_and_directories_have_their_repositorys_entry() -> None:
    assert action("Docker/Login-Action@v3").name == "docker/login-action"
    assert action("gradle/actions/setup-gradle@v4").name == "gradle/actions"
    assert action("actions/cache/restore@v4").name == "actions/cache/restore"
    assert action("github/codeql-action/init").name == "github/codeql-action"
    for other in (
        "./actions/checkout",
        "$/x",
        "docker://actions/checkout:v1",
        "nobody/nothing@v1",
        "",
        "actions",
    ):
        assert known_action(other) is None, other


def test_checkout_keeps_its_credentials_unless_told_not_to() -> None:
    (left,) = action("actions/checkout@v4").leaves({})
    assert left.kind == "git"
    assert left.token
    assert left.inputs == ("token", "ssh-key")
    assert action("actions/checkout").leaves({"persist-credentials": "False"}) == ()
    assert action("actions/checkout").leaves({"persist-credentials": "${{ inputs.keep }}"})
    assert action("actions/checkout").leaves({"persist-credentials": "true"})


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("v4", "`.git/config` of"), ("v5.0.1", "`.git/config` of"), ("v6", "temporary"), ("v10", "temporary"),
        ("main", "from v6 on"), ("de0fac2e4500dabe0009e67214ff5f5447ce83dd", "from v6 on"),
        ("1234567890123456789012345678901234567890", "from v6 on"),
    ],
)  # fmt: skip
def test_where_checkout_keeps_them(ref: str, words: str) -> None:
    assert words in checkout_place(ref)


def test_a_registrys_token_is_handed_to_later_steps() -> None:
    node = action("actions/setup-node@v4")
    assert node.leaves({"node-version": "22"}) == ()
    (left,) = node.leaves({"registry-url": "https://registry.example"})
    assert left.variables == ("NODE_AUTH_TOKEN",)


def test_caches_by_input() -> None:
    assert "cache" in deeds("actions/setup-python", cache="pip")
    assert "cache" not in deeds("actions/setup-python")
    assert "cache" in deeds("actions/setup-go")
    assert "cache" not in deeds("actions/setup-go", cache="false")
    assert deeds("actions/cache", lookup_only="true") == set()
    assert deeds("actions/cache/restore") == {"cache-restore"}
    node = [d.perhaps for d in action("actions/setup-node").deeds({}) if d.kind == "cache"]
    assert node == [True], "it caches by itself where package.json names a package manager"
    given = [d.perhaps for d in action("actions/setup-node").deeds({"cache": "npm"}) if d.kind == "cache"]
    assert given == [False]
    assert "cache" not in deeds("actions/setup-node", package_manager_cache="false")
    assert deeds("actions/setup-java", cache="maven", cache_read_only="true") == {"install", "cache-restore"}


def test_publishing_by_input() -> None:
    assert deeds("docker/build-push-action") == {"image-build"}
    assert "image" in deeds("docker/build-push-action", push="true")
    assert "image" in deeds("docker/build-push-action", push="${{ github.event_name != 'pull_request' }}")
    assert "image" in deeds("docker/build-push-action", outputs="type=registry")
    assert deeds("changesets/action") == {"branch", "execute"}
    assert "package" in deeds("changesets/action", publish="pnpm release")
    assert deeds("js-devtools/npm-publish", dry_run="true") == set()
    assert "package" in deeds("pyo3/maturin-action", command="upload")
    assert "package" not in deeds("pyo3/maturin-action", command="build")


def test_identity_by_input() -> None:
    publish = action("pypa/gh-action-pypi-publish@release/v1")
    assert publish.identifies({})
    assert not publish.identifies({"password": "${{ secrets.TOKEN }}"})
    assert {deed.kind for deed in publish.deeds({})} == {"package", "attest"}
    aws = action("aws-actions/configure-aws-credentials")
    assert aws.identifies({"role-to-assume": "arn:aws:iam::1:role/x"})
    assert not aws.identifies({"aws-access-key-id": "x"})
    assert not action("actions/checkout").identifies({})


def test_logins_and_keys() -> None:
    assert action("docker/login-action").leaves({})[0].inputs == ("username", "password", "registry-auth")
    assert action("aws-actions/configure-aws-credentials").leaves({"output-env-credentials": "false"}) == ()
    assert action("1password/load-secrets-action").leaves({}) == ()
    assert action("1password/load-secrets-action").leaves({"export-env": "true"})
    assert action("hashicorp/vault-action").leaves({"exportenv": "false"}) == ()
    assert action("apple-actions/import-codesign-certs").leaves({})[0].kind == "keychain"
    assert action("actions/create-github-app-token").outputs == (("token", "app token"),)


def test_inputs_know_no_case() -> None:
    assert inputs_of((("Persist-Credentials", "false"),)) == {"persist-credentials": "false"}
    assert inputs_of({"A": "b"}) == {"a": "b"}


def test_conditions() -> None:
    assert When().holds({})
    assert not When(given=(("a", ""),)).holds({"a": " false "})
    assert When(given=(("a", "x"), ("b", "y"))).holds({"b": "Y"})
    assert not When(absent=("a",)).holds({"a": "${{ x }}"})


def test_ranks() -> None:
    names = ("actions/checkout@v4", "docker/login-action", "pypa/gh-action-pypi-publish", "nobody/x")
    assert [rank(name) for name in names] == [0, 1, 2, 3]


def test_past_attacks_are_told() -> None:
    told = {name for name, one in ALL.items() if one.attack}
    assert {"tj-actions/changed-files", "reviewdog/action-setup", "aquasecurity/trivy-action"} <= told


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_entry_keeps_the_form(name: str) -> None:
    one = ALL[name]
    assert name == one.name == name.lower()
    assert re.fullmatch(r"[a-z0-9_.-]+(/[a-z0-9_.-]+)+", name)
    names = [
        *(n for d in one.does for n in (*d.inputs, *_named(d.when))),
        *(n for left in one.left for n in (*left.inputs, *_named(left.when))),
        *one.token,
        *(_named(one.oidc) if one.oidc else ()),
    ]
    assert all(n == n.lower() for n in names), "inputs are looked up in lower case"
    assert {deed.kind for deed in one.does} <= set(DEEDS)
    assert all(left.what and left.where for left in one.left)


def _named(when: When) -> list[str]:
    return [*(n for n, _ in when.given), *(n for n, _ in when.unless), *when.absent]


def test_no_entry_stands_twice() -> None:
    assert not set(LENDING) & set(WORKING)
    assert len(ALL) >= 100


def test_what_single_projects_publish_with_is_known() -> None:
    assert deeds("mislav/bump-homebrew-formula-action@v3") == {"package"}
    assert deeds("release-plz/action@v0.5") == {"package", "release", "branch", "tree"}
    assert deeds("actions-rs/cargo@v1", command="publish") == {"tree", "package"}
    assert deeds("actions-rs/cargo@v1", command="test") == {"tree"}
    assert deeds("benchmark-action/github-action-benchmark@v1") == set()
    assert deeds("benchmark-action/github-action-benchmark@v1", auto_push="true") == {"branch"}
    (left,) = action("timheuer/base64-to-file@v1").leaves({})
    assert left.inputs == ("encodedstring",)
