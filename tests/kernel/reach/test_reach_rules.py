"""Each reach rule inside one job leads where it says, and nowhere else. `tool` is code of somebody else."""

from pathlib import Path

import pytest
from tests.kernel.reach.small_trees import HEAD, edge, job, said, tree

TOOL = "- uses: acme/tool@v1\n"
SECRET_STEP = "- run: echo\n  env:\n    TOKEN: ${{ secrets.TOKEN }}\n"


# R0: the token


def test_r0_every_step_has_the_token_with_what_the_job_grants(tmp_path: Path) -> None:
    reach = job(tmp_path, TOOL, "permissions:\n  packages: write\n")
    found = edge(reach, "tool", "GITHUB_TOKEN")
    assert found is not None
    assert (found.rules, str(found.confidence)) == (("R0",), "certain")
    assert found.target.scope == "packages:write"


def test_r0_without_a_block_write_is_assumed(tmp_path: Path) -> None:
    found = edge(job(tmp_path, TOOL, head="on: push\n"), "tool", "GITHUB_TOKEN")
    assert found is not None
    assert found.target.scope == "unknown, assume write"
    assert found.cuts[0].id == "permissions"


def test_r0_an_empty_block_grants_nothing(tmp_path: Path) -> None:
    reach = job(tmp_path, TOOL + "- uses: actions/checkout@v4\n", "permissions: {}\n")
    assert edge(reach, "tool", "GITHUB_TOKEN") is None


# R1: the step's own environment


@pytest.mark.parametrize(
    ("steps", "more", "head"),
    [
        (TOOL + "  env:\n    X: ${{ secrets.TOKEN }}\n", "", HEAD),
        (TOOL + "  with:\n    key: ${{ secrets.TOKEN }}\n", "", HEAD),
        (TOOL, "env:\n  X: ${{ secrets.TOKEN }}\n", HEAD),
        (TOOL, "", HEAD + "env:\n  X: ${{ secrets.TOKEN }}\n"),
        (TOOL, "container:\n  image: debian:12\n  credentials:\n    username: u\n    password: ${{ secrets.TOKEN }}\n", HEAD),
        (TOOL, "services:\n  db:\n    image: postgres:16\n    env:\n      PW: ${{ secrets.TOKEN }}\n", HEAD),
        (TOOL + "  with:\n    key: ${{ env.X }}\n", "env:\n  X: ${{ secrets['TOKEN'] }}\n", HEAD),
    ],
)  # fmt: skip
def test_r1_what_a_step_is_given_is_certain(tmp_path: Path, steps: str, more: str, head: str) -> None:
    assert said(job(tmp_path, steps, more, head), "tool", "TOKEN") == ("R1 R4", "certain")


def test_r1_a_jobs_variable_replaces_the_workflows(tmp_path: Path) -> None:
    head = HEAD + "env:\n  X: ${{ secrets.TOKEN }}\n"
    assert edge(job(tmp_path, TOOL, "env:\n  X: none\n", head), "tool", "TOKEN") is None


@pytest.mark.parametrize(
    ("passes", "said_so"), [("TOKEN", "certain"), ("TO*", "certain"), ("OTHER", "strong")]
)
def test_r1_a_task_that_passes_few_variables_hides_the_rest(
    tmp_path: Path, passes: str, said_so: str
) -> None:
    tox = f"[testenv:ship]\ndeps = twine\npassenv = {passes}\ncommands = python -c pass\n"
    step = "- run: tox -e ship\n  env:\n    TOKEN: ${{ secrets.TOKEN }}\n"
    reach = job(tmp_path, step, **{"x__tox.ini": "", ".__tox.ini": tox})
    assert said(reach, "twine", "TOKEN")[1] == said_so


# R2: what earlier steps left


def test_r2_a_checkout_leaves_the_token(tmp_path: Path) -> None:
    found = edge(job(tmp_path, "- uses: actions/checkout@v4\n" + TOOL), "tool", "GITHUB_TOKEN")
    assert found is not None
    assert found.rules == ("R0", "R2")
    cut = next(cut for cut in found.cuts if cut.id == "persist-credentials")
    assert cut.mechanical
    assert cut.line == found.evidence[-1].line


def test_r2_a_checkout_that_does_not_persist_leaves_nothing(tmp_path: Path) -> None:
    steps = "- uses: actions/checkout@v4\n  with:\n    persist-credentials: false\n" + TOOL
    assert said(job(tmp_path, steps), "tool", "GITHUB_TOKEN") == ("R0", "certain")


def test_r2_a_login_leaves_the_password_for_later_steps_only(tmp_path: Path) -> None:
    login = "- uses: docker/login-action@v3\n  with:\n    password: ${{ secrets.TOKEN }}\n"
    assert said(job(tmp_path / "a", login + TOOL), "tool", "TOKEN") == ("R2 R4", "certain")
    assert said(job(tmp_path / "b", TOOL + login), "tool", "TOKEN") == ("R3 R4", "strong")


def test_r2_a_keychain_is_certain_after_the_import_and_its_password_is_not(tmp_path: Path) -> None:
    load = (
        "- uses: apple-actions/import-codesign-certs@v3\n  with:\n    p12-file-base64: ${{ secrets.CERT }}\n"
    )
    after = job(tmp_path / "a", load + TOOL)
    assert said(after, "tool", "keychain") == ("R2", "certain")
    assert said(after, "tool", "CERT") == ("R4", "strong")
    assert said(job(tmp_path / "b", TOOL + load), "tool", "keychain") == ("R3", "strong")


DECODE = 'echo "$TOKEN" > key.pem'


@pytest.mark.parametrize(
    ("script", "between", "confidence"),
    [
        (DECODE, "", "certain"),
        (f"{DECODE}; rm key.pem", "", "strong"),
        (DECODE, "- run: rm -f key.pem\n", "strong"),
        (DECODE, "- run: rm -f other.pem\n", "certain"),
        (DECODE, "- run: if [ -n x ]; then rm key.pem; fi\n", "certain"),
    ],
)
def test_r2_ends_where_a_step_takes_it_away(
    tmp_path: Path, script: str, between: str, confidence: str
) -> None:
    step = f"- run: {script}\n  env:\n    TOKEN: ${{{{ secrets.TOKEN }}}}\n"
    assert said(job(tmp_path, step + between + TOOL), "tool", "TOKEN")[1] == confidence


def test_r2_a_keychain_that_was_deleted_is_gone(tmp_path: Path) -> None:
    load = "- run: security import c.p12 -k b.keychain\n"
    gone = "- run: security delete-keychain b.keychain\n"
    assert said(job(tmp_path / "a", load + TOOL + gone), "tool", "keychain") == ("R2", "certain")
    assert edge(job(tmp_path / "b", load + gone + TOOL), "tool", "keychain") is None


# R3: later steps


def test_r3_a_process_that_stayed_reads_later_steps(tmp_path: Path) -> None:
    assert said(job(tmp_path, TOOL + SECRET_STEP), "tool", "TOKEN") == ("R3 R4", "strong")


def test_r3_does_not_look_back(tmp_path: Path) -> None:
    assert said(job(tmp_path, SECRET_STEP + TOOL), "tool", "TOKEN") == ("R4", "strong")


# R3′: a later command imports it

INSTALL = "- run: npm install left-pad\n"


def _with_token(command: str) -> str:
    return f"- run: {command}\n  env:\n    TOKEN: ${{{{ secrets.TOKEN }}}}\n"


@pytest.mark.parametrize("command", ["npm test", "node build.js", "npx left-pad", "make dist", "./ci.sh"])
def test_r3_import_a_later_command_that_loads_the_package_is_certain(tmp_path: Path, command: str) -> None:
    rules, confidence = said(job(tmp_path, INSTALL + _with_token(command)), "npm install", "TOKEN")
    assert (rules, confidence) == ("R3 R3′ R4", "certain")


@pytest.mark.parametrize(
    "command",
    ["security import c.p12", "codesign -s X app", "gh release list", "pip list", "npx other@7", "uvx x"],
)
def test_r3_import_a_system_tool_loads_no_package(tmp_path: Path, command: str) -> None:
    assert said(job(tmp_path, INSTALL + _with_token(command)), "npm install", "TOKEN") == ("R3 R4", "strong")


def test_r3_import_alone_counts_where_an_install_runs_nothing(tmp_path: Path) -> None:
    install = "- run: npm install --ignore-scripts left-pad\n  env:\n    OWN: ${{ secrets.OWN }}\n"
    reach = job(tmp_path, install + _with_token("npm test"))
    assert said(reach, "npm install", "TOKEN") == ("R3′ R4", "certain")
    assert said(reach, "npm install", "OWN") == ("R4", "strong")


def test_r3_import_what_nothing_imports_is_conditional(tmp_path: Path) -> None:
    found = edge(
        job(tmp_path, "- run: npm install --ignore-scripts left-pad\n" + SECRET_STEP), "npm install", "TOKEN"
    )
    assert found is not None
    assert (found.rules, str(found.confidence)) == (("R4",), "conditional")
    assert "only if something imports it" in found.condition


# R4, R4′: the runner's memory


def test_r4_prime_a_secret_of_another_job_is_bound(tmp_path: Path) -> None:
    text = HEAD + (
        "jobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: acme/tool@v1\n"
        "  other:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ secrets.TOKEN }}\n"
    )
    assert said(tree(tmp_path, {"w.yml": text}), "tool", "TOKEN") == ("R4′", "bound")


def test_r4_prime_a_secret_of_another_jobs_environment_is_out_of_reach(tmp_path: Path) -> None:
    text = HEAD + (
        "jobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: acme/tool@v1\n"
        "  other:\n    environment: release\n    runs-on: ubuntu-latest\n"
        "    steps:\n      - run: echo ${{ secrets.TOKEN }}\n"
    )
    reach = tree(tmp_path, {"w.yml": text})
    assert edge(reach, "tool", "TOKEN") is None
    assert not [one for one in reach.edges if one.target.name == "TOKEN"]


# R5: all secrets at once


@pytest.mark.parametrize("text", ["${{ toJSON(secrets) }}", "${{ secrets[matrix.name] }}"])
def test_r5_all_secrets_are_in_reach_of_every_step(tmp_path: Path, text: str) -> None:
    steps = TOOL + f"- run: echo\n  env:\n    ALL: {text}\n"
    found = edge(job(tmp_path, steps), "tool", "*")
    assert found is not None
    assert "R5" in found.rules
    assert (str(found.confidence), found.target.scope) == ("certain", "repository")


def test_r5_a_secret_by_its_name_widens_nothing(tmp_path: Path) -> None:
    assert edge(job(tmp_path, TOOL + SECRET_STEP), "tool", "*") is None


# R6: identity


def test_r6_an_identity_is_there_for_every_step(tmp_path: Path) -> None:
    reach = job(tmp_path, TOOL, "permissions:\n  id-token: write\n")
    assert said(reach, "tool", "id-token") == ("R6", "certain")
    assert edge(reach, "tool", "id-token").target.worth == 70  # type: ignore[union-attr]


def test_r6_an_identity_beside_a_publish_step_is_worth_more(tmp_path: Path) -> None:
    steps = TOOL + "- uses: pypa/gh-action-pypi-publish@release/v1\n"
    assert (
        edge(job(tmp_path, steps, "permissions:\n  id-token: write\n"), "tool", "id-token").target.worth == 95
    )  # type: ignore[union-attr]


def test_r6_no_identity_where_none_is_granted(tmp_path: Path) -> None:
    assert edge(job(tmp_path / "a", TOOL), "tool", "id-token") is None
    assert edge(job(tmp_path / "b", TOOL, head="on: push\n"), "tool", "id-token") is None


# R7: environments


def test_r7_an_environments_secret_is_there_after_approval(tmp_path: Path) -> None:
    found = edge(job(tmp_path, TOOL + SECRET_STEP, "environment: release\n"), "tool", "TOKEN")
    assert found is not None
    assert "R7" in found.rules
    assert found.target.scope == "environment:release"
    assert found.condition == "after approval of environment release, where it demands one"


def test_r7_a_secret_that_others_name_too_is_the_repositorys(tmp_path: Path) -> None:
    text = HEAD + (
        "jobs:\n  build:\n    environment: release\n    runs-on: ubuntu-latest\n"
        "    steps:\n      - uses: acme/tool@v1\n        with:\n          t: ${{ secrets.TOKEN }}\n"
        "  other:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ secrets.TOKEN }}\n"
    )
    found = edge(tree(tmp_path, {"w.yml": text}), "tool", "TOKEN")
    assert found is not None
    assert "R7" not in found.rules
    assert found.target.scope == "repository"


# R12: machines that stay


def test_r12_a_machine_of_ones_own_stays(tmp_path: Path) -> None:
    text = (
        HEAD + "jobs:\n  build:\n    runs-on: [self-hosted, linux]\n    steps:\n      - uses: acme/tool@v1\n"
    )
    assert said(tree(tmp_path, {"w.yml": text}), "tool", "runner:self-hosted,linux") == ("R12", "conditional")


@pytest.mark.parametrize("label", ["ubuntu-latest", "ubuntu-24.04-arm", "macos-14", "depot-ubuntu-22.04"])
def test_r12_a_hosted_machine_is_thrown_away(tmp_path: Path, label: str) -> None:
    text = HEAD + f"jobs:\n  build:\n    runs-on: {label}\n    steps:\n      - uses: acme/tool@v1\n"
    assert not [one for one in tree(tmp_path, {"w.yml": text}).edges if "R12" in one.rules]


@pytest.mark.parametrize("label", ["big", "{group: gpu}"])
def test_r12_a_label_of_ones_own_may_be_such_a_machine(tmp_path: Path, label: str) -> None:
    text = HEAD + f"jobs:\n  build:\n    runs-on: {label}\n    steps:\n      - uses: acme/tool@v1\n"
    (found,) = [one for one in tree(tmp_path, {"w.yml": text}).edges if "R12" in one.rules]
    assert found.condition.endswith("is a machine of one's own that is kept between jobs")


# R13: what gates


def test_r13_a_steps_if_makes_its_code_conditional(tmp_path: Path) -> None:
    found = edge(job(tmp_path, TOOL + "  if: matrix.os == 'mac'\n" + SECRET_STEP), "tool", "TOKEN")
    assert found is not None
    assert (str(found.confidence), found.condition) == ("conditional", "if matrix.os == 'mac'")


def test_r13_an_if_that_lets_all_through_is_none(tmp_path: Path) -> None:
    found = edge(job(tmp_path, TOOL + "  if: ${{ always() }}\n" + SECRET_STEP), "tool", "TOKEN")
    assert found is not None
    assert (str(found.confidence), found.condition) == ("strong", "")


def test_r13_a_jobs_if_and_the_secrets_if_stay_beside(tmp_path: Path) -> None:
    steps = TOOL + SECRET_STEP.replace(
        "- run: echo", "- run: echo\n  if: startsWith(github.ref, 'refs/tags/')"
    )
    found = edge(job(tmp_path, steps, "if: github.event_name == 'push'\n"), "tool", "TOKEN")
    assert found is not None
    assert str(found.confidence) == "strong"
    assert found.condition == "if github.event_name == 'push' and if startsWith(github.ref, 'refs/tags/')"


@pytest.mark.parametrize(
    ("triggers", "forks"),
    [
        ("pull_request", True),
        ("[push, pull_request]", False),
        ("pull_request_target", False),
        ("workflow_run", False),
    ],
)
def test_r13_a_forks_pull_request_gets_no_secret(tmp_path: Path, triggers: str, forks: bool) -> None:
    head = f"on: {triggers}\npermissions:\n  contents: read\n"
    found = edge(job(tmp_path, TOOL + SECRET_STEP, head=head), "tool", "TOKEN")
    assert found is not None
    assert ("only for branches of this repository" in found.condition) is forks
    assert str(found.confidence) == "strong"


def test_r2_a_file_that_an_action_decodes_lies_there(tmp_path: Path) -> None:
    steps = """
        - uses: timheuer/base64-to-file@v1
          with: {fileName: key.jks, encodedString: "${{ secrets.KEYSTORE }}"}
        - run: npm install loose
        """
    assert said(job(tmp_path, steps), "npm install loose", "KEYSTORE") == ("R2 R4", "certain")


@pytest.mark.parametrize(
    ("condition", "reached"),
    [
        ("github.event.pull_request.user.login == 'dependabot[bot]'", True),
        ("github.event.pull_request.head.repo.full_name == github.repository", False),
        ("${{ !github.event.pull_request.head.repo.fork }}", False),
        ("github.event.pull_request.head.repo.full_name != github.repository", True),
        ("github.event.pull_request.head.repo.full_name == github.repository || x", True),
    ],
)
def test_r13_the_head_of_a_branch_of_the_repository_is_no_strangers(
    tmp_path: Path, condition: str, reached: bool
) -> None:
    steps = """
        - uses: actions/checkout@v4
          with: {ref: "${{ github.event.pull_request.head.sha }}"}
        - run: make
          env: {KEY: "${{ secrets.KEY }}"}
        """
    head = "on: pull_request_target\npermissions: {}\n"
    found = job(tmp_path, steps, f'if: "{condition}"\n', head)
    assert bool(said(found, "head of the pull request", "KEY")[0]) is reached
