"""The reach rules that join jobs: caches, artifacts, called workflows, actions of the tree, container builds."""

from pathlib import Path

import pytest
from tests.kernel.reach.small_trees import HEAD, edge, job, said, tree

TOOL = "      - uses: acme/tool@v1\n"
CACHE = "      - uses: actions/cache@v4\n        with:\n          path: x\n          key: deps-${{ hashFiles('a.lock') }}\n"
RUNNER = "    runs-on: ubuntu-latest\n"


def _jobs(*bodies: str, head: str = HEAD) -> dict[str, str]:
    return {"w.yml": head + "jobs:\n" + "".join(bodies)}


def _job(name: str, steps: str, more: str = "") -> str:
    return f"  {name}:\n{RUNNER}{more}    steps:\n{steps}"


# R8: caches


def test_r8_a_saved_cache_is_in_reach_of_all_code_of_its_job(tmp_path: Path) -> None:
    found = edge(tree(tmp_path, _jobs(_job("build", TOOL + CACHE))), "tool", "deps-")
    assert found is not None
    assert (found.rules, str(found.confidence)) == (("R8",), "conditional")
    assert found.cuts[0].id == "cache-mode"


@pytest.mark.parametrize(
    ("head", "more"),
    [
        (HEAD, "    cache-mode: read\n"),
        (HEAD + "cache-mode: none\n", ""),
        ("on: pull_request_target\npermissions:\n  contents: read\n", ""),
    ],
)
def test_r8_a_job_that_may_only_read_the_cache_writes_none(tmp_path: Path, head: str, more: str) -> None:
    reach = tree(tmp_path, _jobs(_job("build", TOOL + CACHE, more), head=head))
    assert edge(reach, "tool", "deps-") is None


def test_r8_low_trust_that_is_given_write_writes(tmp_path: Path) -> None:
    head = "on: pull_request_target\npermissions:\n  contents: read\ncache-mode: write\n"
    assert said(tree(tmp_path, _jobs(_job("build", TOOL + CACHE), head=head)), "tool", "deps-")[0] == "R8"


def test_r8_restoring_alone_writes_nothing(tmp_path: Path) -> None:
    steps = TOOL + CACHE.replace("actions/cache@", "actions/cache/restore@")
    assert edge(tree(tmp_path, _jobs(_job("build", steps))), "tool", "deps-") is None


def test_r8_a_job_that_restores_what_a_looser_job_saved_runs_its_code(tmp_path: Path) -> None:
    publish = CACHE + "      - run: make\n        env:\n          T: ${{ secrets.T }}\n"
    reach = tree(tmp_path, _jobs(_job("loose", TOOL + CACHE), _job("build", publish)))
    found = edge(reach, "deps-", "T")
    assert found is not None
    assert (str(found.code.kind), str(found.code.pin)) == ("cache", "tag")
    assert (found.rules, str(found.confidence)) == (("R3′", "R4", "R8"), "conditional")
    assert "where .github/workflows/w.yml#loose wrote the cache" in found.condition


def test_r8_a_cache_of_another_key_brings_nothing(tmp_path: Path) -> None:
    publish = (
        CACHE.replace("deps-", "other-") + "      - run: make\n        env:\n          T: ${{ secrets.T }}\n"
    )
    reach = tree(tmp_path, _jobs(_job("loose", TOOL + CACHE), _job("build", publish)))
    assert not [one for one in reach.edges if one.code.kind == "cache"]


# R9: artifacts and outputs

UP = "      - uses: actions/upload-artifact@v4\n        with:\n          name: dist\n          path: dist\n"
DOWN = (
    "      - uses: actions/download-artifact@v4\n        with:\n          name: dist\n          path: dist\n"
)
PUBLISH = "      - uses: pypa/gh-action-pypi-publish@release/v1\n"
RELEASE = "pypi"


def test_r9_what_is_published_elsewhere_is_altered_and_its_key_stays_unread(tmp_path: Path) -> None:
    files = _jobs(
        _job("build", TOOL + UP),
        _job(
            "ship",
            DOWN + PUBLISH + "        with:\n          password: ${{ secrets.KEY }}\n",
            "    environment: pypi\n",
        ),
    )
    reach = tree(tmp_path, files)
    assert said(reach, "tool", RELEASE) == ("R9", "integrity")
    assert said(reach, "tool", "dist") == ("R9", "integrity")
    assert edge(reach, "tool", "KEY") is None
    assert not [one for one in reach.edges if one.code.kind == "artifact"]


def test_r9_what_nobody_publishes_is_no_release(tmp_path: Path) -> None:
    reach = tree(tmp_path, _jobs(_job("build", TOOL + UP), _job("other", DOWN + "      - run: ls dist\n")))
    assert not [one for one in reach.edges if "R9" in one.rules]


@pytest.mark.parametrize(
    "command", ["./dist/run", "pip install dist/*.whl", "python dist/main.py", "bash dist/go.sh"]
)
def test_r9_what_is_executed_elsewhere_is_code_there(tmp_path: Path, command: str) -> None:
    use = DOWN + f"      - run: {command}\n        env:\n          T: ${{{{ secrets.T }}}}\n"
    reach = tree(tmp_path, _jobs(_job("make", TOOL + UP), _job("build", use)))
    found = edge(reach, "artifact:dist", "T")
    assert found is not None
    assert (str(found.code.kind), found.code.via) == ("artifact", (".github/workflows/w.yml#make",))
    assert (found.rules, str(found.confidence)) == (("R3′", "R4", "R9"), "certain")


@pytest.mark.parametrize(
    "command", ["python tools/list.py dist", "ls dist", "tar tf dist/x.tgz", "twine check dist/*"]
)
def test_r9_what_is_only_looked_at_is_no_code(tmp_path: Path, command: str) -> None:
    reach = tree(tmp_path, _jobs(_job("make", TOOL + UP), _job("build", DOWN + f"      - run: {command}\n")))
    assert not [one for one in reach.codes if one[1].kind == "artifact"]


def test_r9_what_only_the_runners_owner_built_is_not_foreign(tmp_path: Path) -> None:
    use = DOWN + "      - run: ./dist/run\n"
    reach = tree(
        tmp_path, _jobs(_job("make", "      - uses: actions/checkout@v4\n" + UP), _job("build", use))
    )
    assert not [one for one in reach.codes if one[1].kind == "artifact"]


def test_r9_artifacts_in_a_circle_end(tmp_path: Path) -> None:
    one = TOOL + DOWN + "      - run: ./dist/run\n" + UP
    reach = tree(tmp_path, _jobs(*(_job(f"j{n}", one) for n in range(8)), _job("build", one)))
    assert len([code for _, code in reach.codes if code.kind == "artifact"]) == 72


def test_r9_in_one_job_what_ran_before_a_publish_alters_it(tmp_path: Path) -> None:
    before, after = (
        tree(tmp_path / "a", _jobs(_job("build", TOOL + PUBLISH))),
        tree(tmp_path / "b", _jobs(_job("build", PUBLISH + TOOL))),
    )
    assert said(before, "tool", RELEASE) == ("R9", "integrity")
    assert edge(after, "tool", RELEASE) is None


def test_r9_an_output_in_the_text_of_a_script_is_code(tmp_path: Path) -> None:
    make = _job("make", TOOL, "    outputs:\n      v: ${{ steps.x.outputs.v }}\n")
    use = "      - run: echo ${{ needs.make.outputs.v }}\n        env:\n          T: ${{ secrets.T }}\n"
    safe = "      - run: echo $V\n        env:\n          T: ${{ secrets.T }}\n          V: ${{ needs.make.outputs.v }}\n"
    needs = "    needs: make\n"
    assert said(tree(tmp_path / "a", _jobs(make, _job("build", use, needs))), "outputs of make", "T") == (
        "R1 R4 R9",
        "certain",
    )
    assert edge(tree(tmp_path / "b", _jobs(make, _job("build", safe, needs))), "outputs of make", "T") is None


# R10: called workflows, actions of the tree

CALLED = "on:\n  workflow_call:\n    secrets:\n      key:\njobs:\n" + _job(
    "build", TOOL + "        with:\n          k: ${{ secrets.key }}\n          o: ${{ secrets.OTHER }}\n"
)


def _caller(more: str, permissions: str = "") -> str:
    return HEAD + permissions + "jobs:\n  call:\n    uses: ./.github/workflows/called.yml\n" + more


def test_r10_a_called_workflow_has_what_it_is_given_under_the_callers_name(tmp_path: Path) -> None:
    caller = _caller("    secrets:\n      key: ${{ secrets.REAL }}\n")
    reach = tree(tmp_path, {"w.yml": caller, "called.yml": CALLED})
    found = edge(reach, "tool", "REAL")
    assert found is not None
    assert found.place == ".github/workflows/called.yml#build"
    assert (found.rules, str(found.confidence)) == (("R1", "R4", "R10"), "certain")
    assert ".github/workflows/w.yml" in {line.path for line in found.evidence}
    assert edge(reach, "tool", "OTHER") is None
    assert edge(reach, "tool", "key") is None


def test_r10_its_token_may_no_more_than_the_callers(tmp_path: Path) -> None:
    called = CALLED.replace("jobs:\n", "permissions: write-all\njobs:\n")
    reach = tree(tmp_path, {"w.yml": _caller(""), "called.yml": called})
    assert edge(reach, "tool", "GITHUB_TOKEN").target.scope == "contents:read"  # type: ignore[union-attr]


def test_r10_inherited_secrets_are_all_of_them(tmp_path: Path) -> None:
    reach = tree(tmp_path, {"w.yml": _caller("    secrets: inherit\n"), "called.yml": CALLED})
    found = edge(reach, "tool", "*")
    assert found is not None
    assert (found.rules, str(found.confidence)) == (("R5", "R10"), "certain")
    assert found.cuts[0].id == "drop-inherit"
    assert said(reach, "tool", "OTHER") == ("R1 R4 R10", "certain")


def test_r10_the_callers_environment_stays_with_the_caller(tmp_path: Path) -> None:
    caller = _caller("", "env:\n  X: ${{ secrets.MINE }}\n")
    assert edge(tree(tmp_path, {"w.yml": caller, "called.yml": CALLED}), "tool", "MINE") is None


def test_r10_a_workflow_of_others_has_what_it_is_given(tmp_path: Path) -> None:
    text = (
        HEAD
        + "jobs:\n  build:\n    uses: acme/flows/.github/workflows/x.yml@main\n    secrets:\n      k: ${{ secrets.K }}\n"
    )
    reach = tree(tmp_path, {"w.yml": text})
    found = edge(reach, "acme/flows", "K")
    assert found is not None
    assert (str(found.code.kind), str(found.code.pin), str(found.confidence)) == (
        "workflow",
        "branch",
        "certain",
    )
    assert said(reach, "acme/flows", "GITHUB_TOKEN") == ("R0", "certain")


def test_r10_what_only_others_call_has_what_they_give(tmp_path: Path) -> None:
    found = edge(tree(tmp_path, {"called.yml": CALLED}), "tool", "key")
    assert found is not None
    assert found.target.scope == "caller"


def test_r10_an_action_of_the_tree_is_part_of_the_job(tmp_path: Path) -> None:
    action = """\
        name: x
        inputs:
          secret:
        runs:
          using: composite
          steps:
            - uses: acme/inner@v2
              with:
                k: ${{ inputs.secret }}
    """
    steps = "- uses: ./.github/actions/x\n  with:\n    secret: ${{ secrets.KEY }}\n"
    reach = job(tmp_path, steps, **{".github__actions__x__action.yml": action})
    found = edge(reach, "acme/inner", "KEY")
    assert found is not None
    assert (found.code.path, found.code.via) == (".github/actions/x/action.yml", ("./.github/actions/x",))
    assert "R1" in found.rules
    assert len(reach.codes) == 1


@pytest.mark.parametrize(("repository", "name"), [("", "acme/inner"), ("acme/other", "acme/other/x")])
def test_r10_an_action_in_a_checkout_is_of_that_repository(
    tmp_path: Path, repository: str, name: str
) -> None:
    action = "name: x\nruns:\n  using: composite\n  steps:\n    - uses: acme/inner@v2\n"
    where = f"    repository: {repository}\n" if repository else ""
    steps = f"- uses: actions/checkout@v4\n  with:\n    path: here\n{where}- uses: ./here/x\n"
    files = {} if repository else {"x__action.yml": action}
    reach = job(tmp_path, steps, **files)
    assert edge(reach, f"action:{name}", "GITHUB_TOKEN") is not None
    assert not reach.skipped


def test_r10_all_secrets_of_whoever_calls(tmp_path: Path) -> None:
    called = CALLED.replace("${{ secrets.key }}", "${{ toJSON(secrets) }}")
    found = edge(tree(tmp_path, {"called.yml": called}), "tool", "*")
    assert found is not None
    assert found.target.scope == "caller"


def test_r10_actions_that_use_themselves_end_and_it_is_said(tmp_path: Path) -> None:
    action = "name: x\nruns:\n  using: composite\n  steps:\n    - uses: ./x\n    - uses: ./x\n    - uses: acme/inner@v2\n"
    reach = job(tmp_path, "- uses: ./x\n", **{"x__action.yml": action})
    assert edge(reach, "acme/inner", "GITHUB_TOKEN") is not None
    assert any("uses itself" in one.reason for one in reach.skipped)


def test_r10_what_is_not_in_the_tree_is_said(tmp_path: Path) -> None:
    reach = job(tmp_path, "- uses: ./nowhere\n")
    assert any("./nowhere" in one.reason for one in reach.skipped)


# R11: containment

DOCKERFILE = "FROM debian:12\nARG TOKEN\nRUN echo\n"


def test_r11_a_build_sees_its_arguments_and_nothing_of_the_job(tmp_path: Path) -> None:
    steps = (
        "- uses: docker/build-push-action@v6\n  with:\n    push: true\n    tags: x\n"
        "    build-args: |\n      T=${{ secrets.GIVEN }}\n"
    )
    reach = job(tmp_path, steps, "env:\n  X: ${{ secrets.KEPT }}\n", Dockerfile=DOCKERFILE)
    found = edge(reach, "debian", "GIVEN")
    assert found is not None
    assert found.code.contained
    assert (found.rules, str(found.confidence)) == (("R11",), "conditional")
    assert edge(reach, "debian", "KEPT") is None
    assert edge(reach, "debian", "GITHUB_TOKEN") is None
    assert said(reach, "debian", "image") == ("R9", "integrity")


def test_r11_a_mounted_secret_is_seen_by_the_layer_that_mounts_it(tmp_path: Path) -> None:
    dockerfile = "FROM debian:12\nRUN --mount=type=secret,id=t npm install one\nRUN npm install two\n"
    run = "- run: docker build --secret id=t,env=TOKEN -t x .\n  env:\n    TOKEN: ${{ secrets.TOKEN }}\n"
    reach = job(tmp_path, run, Dockerfile=dockerfile)
    assert said(reach, "npm install one", "TOKEN") == ("R11", "conditional")
    assert edge(reach, "npm install two", "TOKEN") is None
    assert edge(reach, "npm install one", "GITHUB_TOKEN") is None


def test_r11_a_container_has_the_variables_it_is_handed(tmp_path: Path) -> None:
    run = "- run: docker run -e TOKEN alpine:3\n  env:\n    TOKEN: ${{ secrets.TOKEN }}\n    OWN: ${{ secrets.OWN }}\n"
    reach = job(tmp_path, run)
    assert said(reach, "alpine", "TOKEN") == ("R11", "conditional")
    assert edge(reach, "alpine", "OWN") is None


def test_r11_a_jobs_container_is_not_contained(tmp_path: Path) -> None:
    reach = job(tmp_path, "- run: echo\n  env:\n    T: ${{ secrets.T }}\n", "container: debian:12\n")
    assert said(reach, "debian", "T") == ("R1 R4", "certain")


def test_r11_a_service_sees_its_own_settings_only(tmp_path: Path) -> None:
    more = "env:\n  X: ${{ secrets.KEPT }}\nservices:\n  db:\n    image: postgres\n    env:\n      PW: ${{ secrets.PW }}\n"
    reach = job(tmp_path, "- run: echo\n", more)
    assert said(reach, "postgres", "PW") == ("R11", "conditional")
    assert edge(reach, "postgres", "KEPT") is None


@pytest.mark.parametrize(
    ("given", "command", "runs"),
    [
        ("", "./ci/release.sh", False),
        ("", "./app-linux/tool", True),
        ("", "app-*/tool", True),
        ("pattern: app-*", "bash ci/release.sh", False),
        ("{pattern: app-*, merge-multiple: true}", "./ci/release.sh", True),
        ("name: app-linux", "./ci/release.sh", True),
        ("{path: got}", "./got/app-linux/tool", True),
        ("{path: got}", "./got/other/tool", False),
    ],
)
def test_r9_artifacts_without_a_name_lie_in_folders_of_their_own(
    tmp_path: Path, given: str, command: str, runs: bool
) -> None:
    text = f"""
        on: push
        permissions: {{}}
        jobs:
          make:
            runs-on: ubuntu-latest
            steps:
              - run: npm install loose
              - uses: actions/upload-artifact@v4
                with: {{name: app-linux, path: out}}
          take:
            runs-on: ubuntu-latest
            needs: make
            steps:
              - uses: actions/download-artifact@v4
                with:
                  {given}
              - run: {command}
                env: {{KEY: "${{{{ secrets.KEY }}}}"}}
        """
    found = said(tree(tmp_path, {"w.yml": text}), "artifact:app-linux", "KEY", "#take")
    assert bool(found[0]) is runs
