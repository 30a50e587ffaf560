"""Reach costs what a tree holds, not more: bombs end at a bound, and what was left out is said."""

import time
from pathlib import Path

import pytest
from tests.kernel.reach.small_trees import HEAD, job, tree

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach import reaching
from seawall.kernel.reach.calls import MOST_CALLS
from seawall.kernel.reach.ground import Ground
from seawall.kernel.reach.reaching import MOST_EDGES, reach_of
from seawall.readers.pipelines.github_workflow import FORMAT

CALL = "  j{n}:\n    uses: ./.github/workflows/w{to}.yml\n    secrets: inherit\n"
CALLED = "on:\n  workflow_call:\njobs:\n"


def _took(begin: float) -> float:
    return time.process_time() - begin


def test_workflows_that_call_one_another_many_times_end(tmp_path: Path) -> None:
    files = {f"w{n}.yml": CALLED + "".join(CALL.format(n=i, to=n + 1) for i in range(20)) for n in range(9)}
    files["w9.yml"] = CALLED + "  j:\n    runs-on: x\n    steps:\n      - uses: acme/tool@v1\n"
    files["top.yml"] = HEAD + "jobs:\n" + "".join(CALL.format(n=i, to=0) for i in range(20))
    begin = time.process_time()
    reach = tree(tmp_path, files)
    assert _took(begin) < 20
    assert any("calls of workflows" in one.reason for one in reach.skipped)


def test_workflows_that_call_each_other_in_a_circle_end(tmp_path: Path) -> None:
    top = HEAD + "jobs:\n" + CALL.format(n=0, to=1)
    reach = tree(
        tmp_path,
        {
            "top.yml": top,
            "w1.yml": CALLED + CALL.format(n=0, to=2),
            "w2.yml": CALLED + CALL.format(n=0, to=1),
        },
    )
    assert any("in a circle" in one.reason for one in reach.skipped)


def test_actions_that_multiply_end(tmp_path: Path) -> None:
    head = "name: x\nruns:\n  using: composite\n  steps:\n"
    actions = {f"a{n}/action.yml": head + f"    - uses: ./a{n + 1}\n" * 20 for n in range(7)}
    actions["a7/action.yml"] = head + "    - uses: acme/tool@v1\n"
    steps = "- uses: ./a0\n"
    begin = time.process_time()
    tree(tmp_path, actions)
    reach = job(tmp_path, steps)
    assert _took(begin) < 20
    assert any("more than 1000 steps" in one.reason for one in reach.skipped)


def test_edges_are_bounded_and_it_is_said(tmp_path: Path) -> None:
    steps = "".join(f"- uses: acme/tool{n}@v1\n  with:\n    k: ${{{{ secrets.S{n} }}}}\n" for n in range(200))
    reach = job(tmp_path, steps)
    assert len(reach.edges) <= MOST_EDGES + 1
    assert any(f"more than {MOST_EDGES} edges" in one.reason for one in reach.skipped)


def test_a_matrix_costs_nothing(tmp_path: Path) -> None:
    axis = ", ".join(str(n) for n in range(250))
    more = f"strategy:\n  matrix:\n    a: [{axis}]\n    b: [{axis}]\n    c: [{axis}]\n"
    assert len(job(tmp_path, "- uses: acme/tool@v1\n", more).edges) == 1


def _ground(count: int) -> Ground:
    text = HEAD + (
        "env:\n  X: ${{ secrets.A }}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/checkout@v4\n      - uses: actions/cache@v4\n        with:\n          key: same\n"
        "      - uses: acme/tool@v1\n        with:\n          k: ${{ secrets.B }}\n"
        "      - uses: actions/upload-artifact@v4\n  ship:\n    needs: build\n    runs-on: ubuntu-latest\n"
        "    steps:\n      - uses: actions/download-artifact@v4\n      - uses: acme/ship@v1\n"
    )
    one = FORMAT.read(text.encode(), "", DEFAULT_LIMITS)
    made = [
        type(one)(
            f".github/workflows/w{n}.yml", one.name, one.triggers, one.permissions, one.env, jobs=one.jobs
        )
        for n in range(count)
    ]
    return Ground(workflows=tuple(made), files=frozenset(item.path for item in made))


def test_many_workflows_cost_as_much_each_as_few() -> None:
    few, many = _ground(60), _ground(600)
    reach_of(few, DEFAULT_LIMITS)
    begin = time.process_time()
    small = reach_of(few, DEFAULT_LIMITS)
    first = _took(begin)
    begin = time.process_time()
    large = reach_of(many, DEFAULT_LIMITS)
    second = _took(begin)
    assert len(large.edges) == 10 * len(small.edges)
    assert second < 30 * first, "ten times as many cost no more than thirty times as much"


def test_edges_are_bounded_for_the_whole_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "MOST_IN_TREE", 10)
    step = "permissions: {}\njobs:\n  j:\n    runs-on: x\n    env: {K: '${{ secrets.K }}'}\n    steps:\n"
    files = {f"w{n}.yml": "on: push\n" + step + "      - uses: acme/tool@v1\n" * 6 for n in range(9)}
    reach = tree(tmp_path, files)
    left = [one.reason for one in reach.skipped if "edges in this tree" in one.reason]
    assert 10 < len(reach.edges) < 30
    assert 0 < len(left) < 9


def test_calls_of_workflows_are_bounded_for_the_whole_tree(tmp_path: Path) -> None:
    """Many workflows that each stay below their own bound are no way round it."""
    calls = "".join(CALL.format(n=n, to=n) for n in range(350))
    files = {f"w{n}.yml": CALLED + "  j:\n    runs-on: x\n    steps: []\n" for n in range(350)}
    files |= {f"top{n}.yml": HEAD + "jobs:\n" + calls for n in range(20)}
    begin = time.process_time()
    reach = tree(tmp_path, files)
    assert _took(begin) < 20
    cut = [one.reason for one in reach.skipped if f"than {MOST_CALLS} in this tree" in one.reason]
    assert len(cut) == 20 - MOST_CALLS // 350


def test_many_jobs_that_hold_secrets_of_their_own_cost_what_they_hold(tmp_path: Path) -> None:
    """Each has an environment of its own, so that none is open to another, however many there are."""
    jobs = "".join(
        f"  j{n}:\n    runs-on: x\n    environment: e{n}\n    env:\n      K: ${{{{ secrets.S{n} }}}}\n"
        "    steps:\n      - uses: acme/tool@v1\n"
        for n in range(4_000)
    )
    begin = time.process_time()
    reach = tree(tmp_path, {"w.yml": HEAD + "jobs:\n" + jobs})
    assert _took(begin) < 15
    assert "bound" not in {edge.confidence.value for edge in reach.edges}
