"""Jobs of real workflows that hold a value, that run unlocked code, and both: docs/census.md.

    python -m bench.census [YYYY-MM-DD]     (the day that the page names; default: today)

The corpus is that of `python -m bench.corpus`, whose archives are named by version and digest, so the same
command counts the same. What each column means stands in the page, below in `HEAD`.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from seawall.kernel.code import LOOSENESS, Code, CodeKind, Firmness
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Problem
from seawall.kernel.reach.calls import called_paths, entries
from seawall.kernel.reach.cuts import at_code
from seawall.kernel.reach.edge import TargetKind
from seawall.kernel.reach.ground import Ground
from seawall.kernel.reach.holding import Holding
from seawall.kernel.reach.known_actions import known_action
from seawall.kernel.reach.reachable import Runner
from seawall.kernel.reach.reaching import reach_of, secret_environments
from seawall.kernel.reach.steps import Run, Tree
from seawall.kernel.reach.view import View, view_of
from seawall.reach import ground_of

from .corpus import trees

PAGE = Path(__file__).parent.parent / "docs" / "census.md"
LOCKED = LOOSENESS[Firmness.LOCKFILE]
_REFERRED = (CodeKind.ACTION, CodeKind.AGENT, CodeKind.WORKFLOW)
_IMAGES = (CodeKind.IMAGE,)
_OWN_SOURCE = (CodeKind.ARTIFACT, CodeKind.CACHE)
"""What another job of the same tree made: counted there."""


@dataclass(slots=True)
class Job:
    """One job, all ways in which it is started taken together."""

    place: str
    named: bool = False
    identity: bool = False
    writes: bool = False
    unsaid: bool = False
    installs: bool = False
    moving: bool = False
    own_tags: bool = False
    together: bool = False
    unpinned: bool = False
    secret_apart: bool = True

    @property
    def holds(self) -> bool:
        """A secret by name, or an identity."""
        return self.named or self.identity

    @property
    def loose(self) -> bool:
        return self.installs or self.moving


@dataclass(slots=True)
class Count:
    """What one project holds."""

    name: str
    files: int = 0
    workflows: int = 0
    actions: int = 0
    others: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)


def count(tree: Path) -> Count:
    """Everything about one project."""
    ground = ground_of(tree, DEFAULT_LIMITS)
    tasks = (ground.tasks, ground.dockerfiles, ground.composes, ground.hooks, ground.locks, ground.updates)
    files = [p for p in (tree / ".github" / "workflows").glob("*") if p.suffix in (".yml", ".yaml")]
    found = Count(tree.name, len(files), len(ground.workflows), len(ground.actions), sum(map(len, tasks)))
    for view in views_of(ground):
        _take(found.jobs.setdefault(view.id, Job(view.id)), view)
    found.said = Counter(reason(item.reason) for item in reach_of(ground, DEFAULT_LIMITS).skipped)
    return found


def views_of(ground: Ground) -> Iterator[View]:
    """Every job of a tree as each of its starts has it."""
    tree = Tree(ground, DEFAULT_LIMITS)
    environments, called = secret_environments(ground.workflows), called_paths(tree)
    problems: list[Problem] = []
    for workflow in ground.workflows:
        for entry in entries(workflow, tree, called, problems):
            yield view_of(entry, tree, environments)


def _take(job: Job, view: View) -> None:
    values = [one for one in view.holdings if one.target.kind in (TargetKind.SECRET, TargetKind.OIDC)]
    secrets = [one for one in values if one.target.kind is TargetKind.SECRET]
    job.named |= bool(secrets)
    job.identity |= len(values) > len(secrets)
    for one in view.holdings:
        if one.target.kind is TargetKind.TOKEN:
            job.unsaid |= "assume" in one.target.scope
            job.writes |= ":write" in one.target.scope
    loose = [who for who in view.runners if is_loose(who.code)]
    installs = [who for who in loose if who.code.kind not in _REFERRED]
    job.installs |= bool(installs)
    job.moving |= any(not by_github(who.code) for who in loose if who.code.kind in _REFERRED)
    job.own_tags |= any(by_github(who.code) for who in loose if who.code.kind in _REFERRED)
    outside = [who for who in loose if not by_github(who.code)]
    met = [who for who in outside if any(meet(who, one, view) for one in values)]
    job.together |= bool(met)
    job.unpinned |= any(not tuple(at_code(who.code, view)) for who in met)
    job.secret_apart &= not any(
        one.everywhere or set(who.own) & one.steps.keys() for who in installs for one in secrets
    )


def is_loose(code: Code) -> bool:
    """Looser than a lockfile, not shut in a container, and not an image or what the tree itself made."""
    return LOOSENESS[code.pin] > LOCKED and not code.contained and code.kind not in (*_IMAGES, *_OWN_SOURCE)


def by_github(code: Code) -> bool:
    """An action by who owns the runner."""
    return code.kind is CodeKind.ACTION and code.name.lower().startswith(("actions/", "github/"))


def meet(who: Runner, what: Holding, view: View) -> bool:
    """The code runs in the very process that is given the value: no splitting of the job parts them."""
    running = (*who.own, *who.imported)
    if what.target.kind is TargetKind.OIDC:
        return any(asks(run) for order in running if (run := view.run(order)) is not None)
    return bool(what.everywhere and running) or any(order in what.steps for order in running)


def asks(run: Run) -> bool:
    """A step that asks for the job's identity: a known action does, or a command that publishes."""
    if run.step.uses:
        known = known_action(run.step.uses)
        return known is not None and known.identifies({i.name.lower(): i.value for i in run.step.inputs})
    return any(effect.kind in ("publish", "sign") for effect, _ in run.effects)


def reason(text: str) -> str:
    """A reason without the names that stand in it."""
    text = re.sub(r"^\S+?(?::\d+)?: ", "", text)
    text = re.sub(r"`[^`]*`", "`…`", text)
    for pattern, words in _REASONS:
        if re.search(pattern, text):
            return words
    return text[:80]


_REASONS = (
    (r"is called, and .* not there", "a task or script that is called is not among the files at hand"),
    (r"which is not in the tree", "an action or workflow of the tree is not among the files at hand"),
    (r"which was not read|builds .*", "a container file that is built is not among the files at hand"),
    (r"known only when it runs|leads out of the tree", "where a command runs is known only when it runs"),
    (r"not parsed by a grammar", "a script for PowerShell or cmd was read line by line"),
    (r"scripts for .* are not read", "a script for another shell (`script`, `msys`, `tcl` …)"),
    (r"shell's grammar|is missing", "a part of a script that the shell's grammar does not know"),
    (r"samples", "workflows that do not lie at the top of the repository: they do not run"),
    (r"holds no such task|needs `…`", "a task that is called has no such name there"),
    (r"not YAML|unknown key|stands twice", "YAML that GitHub would not take either"),
)

HEAD = """# Census: values and unlocked code in one job

Written by `python -m bench.census {date}` on {date}; nothing here is edited by hand. The corpus:
{projects} well-known Python projects (`bench/corpus.txt`: source archives by version and digest, fetched
by `python -m bench.corpus`; none of it is part of this repository). {read} of {workflows} workflow files
were read, with {jobs} jobs, {actions} actions and {others} other files (tasks, container files, hooks,
locks of actions, update robots). Nothing was run.

**Holds a value**: the job names a secret (its environment's too, where it declares one), or has
`id-token: write`. A job token that may write is counted beside it. **Runs unlocked code**: an install,
tool, script from the net, hook or source that is looser than a lockfile (an exact version without one is
looser: what it depends on floats), or an action or workflow by a tag or branch. GitHub's own actions
(`actions/…`, `github/…`) are left out and counted beside. Images, and what runs inside an image build,
are left out.
"""
TABLE = """
| jobs | number | of | share |
| --- | --- | --- | --- |
"""
CUTS = """
**After the cuts.** `seawall reach` names for each edge what removes it. Splitting a job, or moving an
install to where no value lies yet (`split-job`, `move-install`), parts all code from a value that does
not run in the process that is given it. So what remains after these two are the jobs in which unlocked
code *is* the code that is given the value: an action by tag that gets the secret or asks for the
identity, a package that is imported by the command with the secret in its environment, or anything at all
where the secret is in the environment of the whole job. These need cuts at the code, which change no
structure: `pin-commit`, `lock`, `checksum`. What cannot be pinned, such as the head of a pull request,
remains. Nobody applied the cuts to these projects: the numbers are what the graph says would remain.
"""


def rows(jobs: Sequence[Job]) -> Iterator[tuple[str, int, int]]:
    """(what, how many, of how many)."""
    holds, both = [j for j in jobs if j.holds], [j for j in jobs if j.holds and j.loose]
    with_installs = [j for j in jobs if j.named and j.installs]
    yield "hold a value", len(holds), len(jobs)
    yield "name a secret", sum(j.named for j in jobs), len(jobs)
    yield "have `id-token: write`", sum(j.identity for j in jobs), len(jobs)
    yield "beside: a token that may write", sum(j.writes for j in jobs), len(jobs)
    yield "beside: no `permissions` said, so write must be assumed", sum(j.unsaid for j in jobs), len(jobs)
    yield "run unlocked code", sum(j.loose for j in jobs), len(jobs)
    yield "unlocked installs, tools, scripts, sources", sum(j.installs for j in jobs), len(jobs)
    yield "others' actions or workflows by tag or branch", sum(j.moving for j in jobs), len(jobs)
    yield "beside: GitHub's own actions by tag", sum(j.own_tags for j in jobs), len(jobs)
    yield "**both: hold a value and run unlocked code**", len(both), len(holds)
    yield "both, by unlocked installs", sum(j.installs for j in both), len(holds)
    yield "both, by actions or workflows by tag or branch", sum(j.moving for j in both), len(holds)
    apart = sum(j.secret_apart for j in with_installs)
    yield (
        "name a secret and install unlocked: no installing step is given a secret",
        apart,
        len(with_installs),
    )
    yield "**both, after `split-job` and `move-install`**", sum(j.together for j in both), len(holds)
    yield "both, after `pin-commit`, `lock` and `checksum` too", sum(j.unpinned for j in both), len(holds)


def page(counts: Sequence[Count], date: str) -> str:
    """The whole page, the same for the same corpus and day."""
    jobs = [job for one in counts for job in one.jobs.values()]
    text = HEAD.format(
        date=date,
        projects=len(counts),
        read=f"{sum(c.workflows for c in counts):,}",
        workflows=f"{sum(c.files for c in counts):,}",
        jobs=f"{len(jobs):,}",
        actions=sum(c.actions for c in counts),
        others=sum(c.others for c in counts),
    )
    text += TABLE + "".join(f"| {what} | {n} | {of} | {_share(n, of)} |\n" for what, n, of in rows(jobs))
    text += CUTS + _read(counts) + "\n## By project\n\n"
    text += (
        "| project | workflows | jobs | hold a value | run unlocked code | both | after split and move |\n"
    )
    text += "| --- | --- | --- | --- | --- | --- | --- |\n"
    return text + "".join(map(_project, counts))


def _read(counts: Sequence[Count]) -> str:
    said = sum((c.said for c in counts), Counter[str]())
    text = (
        "\n## What was not understood, and why\n\nSource archives leave files out that workflows call. "
        f"{sum(said.values())} remarks remain, each with its file and line in `skipped`:\n\n"
        "| reason | times |\n| --- | --- |\n"
    )
    return text + "".join(
        f"| {why} | {n} |\n" for why, n in sorted(said.items(), key=lambda x: (-x[1], x[0]))
    )


def _project(one: Count) -> str:
    jobs = list(one.jobs.values())
    both = [job for job in jobs if job.holds and job.loose]
    cells = (
        one.name, one.workflows, len(jobs), sum(j.holds for j in jobs), sum(j.loose for j in jobs), len(both),
        sum(j.together for j in both),
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |\n"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def summary(counts: Iterable[Count]) -> Mapping[str, tuple[int, int]]:
    """The rows by their words."""
    return {what: (n, of) for what, n, of in rows([job for one in counts for job in one.jobs.values()])}


def main() -> None:
    """Count, write the page, print the table."""
    date = sys.argv[1] if len(sys.argv) > 1 else datetime.now(UTC).date().isoformat()
    counts = [count(tree) for tree in trees()]
    PAGE.write_text(page(counts, date))
    for what, (n, of) in summary(counts).items():
        print(f"{n:5} of {of:5}  {_share(n, of):>5}  {what.strip('*')}")


if __name__ == "__main__":
    main()
