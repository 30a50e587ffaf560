"""Looking again looks at what changed only, and finds what a first look finds."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS as LIMITS
from seawall.kernel.pipeline import Workflow
from seawall.kernel.reach.again import Again, outline
from seawall.kernel.reach.ground import Ground
from seawall.kernel.reach.reaching import Around, Looking, reach_of
from seawall.readers.lockfiles import requirements
from seawall.readers.pipelines import github_workflow, makefile


def _workflow(name: str, step: str) -> Workflow:
    text = (
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    env:\n      T: ${{ secrets.T }}\n"
        f"    steps:\n      - run: {step}\n"
    )
    found = github_workflow.FORMAT.read(text.encode(), f".github/workflows/{name}.yml", LIMITS)
    assert isinstance(found, Workflow)
    return found


A, B, C = _workflow("a", "npm install a"), _workflow("b", "make all"), _workflow("c", "npm install c")


def _makefile(package: str) -> Ground:
    file = makefile.FORMAT.read(f"all:\n\tnpm install {package}\n".encode(), "Makefile", LIMITS)
    return Ground(workflows=(A, B, C), tasks=(file,), files=frozenset({"Makefile"}))  # type: ignore[arg-type]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The workflows that were looked at."""
    found: list[str] = []
    plain = Looking.views

    def views(self: Looking, workflow: Workflow, around: Around, problems: list[object]) -> object:
        found.append(workflow.path[-5])
        return plain(self, workflow, around, problems)  # type: ignore[arg-type]

    monkeypatch.setattr(Looking, "views", views)
    return found


def test_only_what_changed_is_looked_at(looked: list[str]) -> None:
    again, first = Again(), _makefile("x")
    changed = replace(first, workflows=(A, B, _workflow("c", "npm install d")))
    other = replace(_makefile("y"), workflows=changed.workflows)
    fewer = replace(other, workflows=other.workflows[1:])
    for ground, expected in ((first, "abc"), (first, ""), (changed, "c"), (other, "b"), (fewer, "")):
        looked.clear()
        found = again.reach(ground, LIMITS)
        assert "".join(looked) == expected
        assert found == reach_of(ground, LIMITS)


def test_what_any_job_may_ask_makes_all_of_them_be_looked_at(looked: list[str]) -> None:
    again, first = Again(), _makefile("x")
    again.reach(first, LIMITS)
    document = requirements.FORMAT.read(b"a==1\n", "requirements.txt", LIMITS)
    looked.clear()
    again.reach(replace(first, documents=(document,)), LIMITS)
    assert "".join(looked) == "abc"
    again.forget()
    looked.clear()
    again.reach(replace(first, documents=(document,)), LIMITS)
    assert "".join(looked) == "abc"


def test_an_environment_that_another_job_gives_a_secret_counts() -> None:
    text = "on: push\njobs:\n  p:\n    environment: prod\n    steps:\n      - run: x\n        env: {T: '${{ secrets.T }}'}\n"
    other = github_workflow.FORMAT.read(text.encode(), ".github/workflows/d.yml", LIMITS)
    again = Again()
    assert isinstance(other, Workflow)
    for workflows in ((A,), (A, other), (A,)):
        ground = Ground(workflows=workflows, actions=MappingProxyType({}))
        assert again.reach(ground, LIMITS) == reach_of(ground, LIMITS)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (b"a==1\n", b"# moved\na==2\n", True),
        (b"a==1\n", b"a>=1\n", False),
        (b"a==1\n", b"b==1\n", False),
        (b"a==1\n", b"a==1\n-r more.txt\n", False),
        (b"a==1 --hash=sha256:" + b"0" * 64, b"a==2 --hash=sha256:" + b"1" * 64, True),
        (b"a==1 --hash=sha256:" + b"0" * 64, b"a==1\n", False),
    ],
)
def test_of_a_manifest_counts_how_firmly_each_name_is_fixed(before: bytes, after: bytes, same: bool) -> None:
    one, two = (requirements.FORMAT.read(data, "requirements.txt", LIMITS) for data in (before, after))
    assert (outline(one) == outline(two)) is same
