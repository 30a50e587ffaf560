"""What reach makes dangerous: loosely pinned strangers' code beside what is worth stealing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.code import CodeKind
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.lockfile import OURS
from seawall.kernel.outsider import opened_by
from seawall.kernel.reach.edge import Confidence, Edge, TargetKind
from seawall.kernel.reach.ranking import WORTH_A_WORD, assumed, score
from seawall.kernel.reach.words import code_words, place_words, target_words
from seawall.kernel.rule import rule

_SEVERE = ((70.0, Severity.HIGH), (45.0, Severity.MEDIUM), (WORTH_A_WORD, Severity.LOW))
"""An edge's score (value of the target x confidence x looseness of the pin, 0 to 100) and its severity."""

_READ = frozenset((Confidence.CERTAIN, Confidence.STRONG, Confidence.CONDITIONAL))


_SECRETS = (TargetKind.SECRET, TargetKind.SIGNING, TargetKind.CREDENTIAL)
_IDENTITIES = (TargetKind.OIDC, TargetKind.TOKEN)
_RELEASES = (TargetKind.RELEASE, TargetKind.ARTIFACT)


def _per_place(intake: Intake, wanted: Callable[[Edge], bool]) -> Iterator[tuple[str, list[Edge]]]:
    """(place, its wanted edges that are worth a word, worst first) in the order of the worst."""
    found: dict[str, list[Edge]] = {}
    for edge in intake.reach.edges:
        if wanted(edge) and score(edge) >= _SEVERE[-1][0] and not assumed(edge):
            found.setdefault(edge.place, []).append(edge)
    yield from found.items()


_ONLY_ALL = frozenset(("R4′", "R5", "R7", "R10"))
"""The rules of a secret that is there because all are: `every-secret` speaks of those."""


def _family(edge: Edge) -> tuple[TargetKind, ...]:
    """Which of three rules an edge is for; none for those of other rules, and of tools' files."""
    if "#" not in edge.place or _every(edge) or _perhaps_kept(edge):
        return ()
    read = edge.confidence in _READ and not _ONLY_ALL.issuperset(edge.rules)
    if edge.target.kind in _RELEASES:
        return _RELEASES
    families = (_SECRETS, _IDENTITIES) if read else ()
    return next((kinds for kinds in families if edge.target.kind in kinds), ())


def _worst_of(intake: Intake, family: tuple[TargetKind, ...]) -> Iterator[tuple[str, list[Edge]]]:
    """(place, edges) where a family has the worst of what one code item can get at there.

    One item at one place has one finding: that it can also push, or change what is released, is told by it.
    """
    for place, edges in _per_place(intake, lambda edge: bool(_family(edge))):
        worst: dict[tuple[TargetKind, ...], Edge] = {}
        for edge in edges:
            worst.setdefault(_family(edge), edge)
        own = worst.get(family)
        if own is None:
            continue
        told = [other for other, edge in worst.items() if _same(edge, own)]
        if told[0] == family:
            yield place, [edge for edge in edges if _family(edge) in told]


def _perhaps_kept(edge: Edge) -> bool:
    """A label that is not GitHub's: that its machine is kept between jobs is only a guess."""
    return edge.target.name.startswith("runner:") and "of one's own" in edge.condition


def _same(one: Edge, other: Edge) -> bool:
    return (one.code.path, one.code.line, one.code.name) == (
        other.code.path,
        other.code.line,
        other.code.name,
    )


def _severity(edge: Edge) -> Severity:
    return next((severity for least, severity in _SEVERE if score(edge) >= least), Severity.INFO)


_PUBLISHED = {
    "npm": "the npm package", "pypi": "the PyPI package", "crates.io": "the crate", "image": "the image",
    "github-release": "the GitHub release", "git": "what is pushed", "pages": "the site",
    "deploy": "what is deployed",
}  # fmt: skip


def _named(edge: Edge) -> str:
    """A target in the words of a sentence."""
    target = edge.target
    if target.kind is TargetKind.OIDC:
        return "the job's identity (id-token)"
    if target.name.startswith("runner:"):
        return f"the machine {target.name.removeprefix('runner:')}, which later jobs use,"
    if target.kind is TargetKind.RELEASE:
        return _PUBLISHED.get(target.name, f"what is released ({target.name})")
    if target.kind is TargetKind.ARTIFACT:
        return f"the artifact {target.name}"
    return target_words(target)


def _evidence(place: str, edges: list[Edge]) -> Evidence:
    """`TOKEN and 2 more can be read by CODE, in PLACE`."""
    worst = edges[0]
    others = len({edge.target.id for edge in edges}) - 1
    more = f" and {others} more" if others else ""
    verb = "can be changed by" if worst.target.kind in _RELEASES else "in reach of"
    code = code_words(worst.code)
    return Evidence(
        message=f"{_named(worst)}{more} {verb} {code}, in {place_words(place)}",
        advice=worst.cuts[0].words if worst.cuts else "run it where nothing of worth is in reach",
        path=worst.code.path,
        line=worst.code.line,
        severity=_severity(worst),
        subject=place,
        detail={
            "place": place,
            "score": score(worst),
            "targets": sorted({edge.target.id for edge in edges})[:50],
            "confidence": worst.confidence.value,
            "rules": list(worst.rules),
            "condition": worst.condition,
            "cuts": [cut.words for cut in worst.cuts],
        },
    )


@rule("pipelines/secret-in-reach", Severity.MEDIUM)
def secret_in_reach(intake: Intake) -> Iterator[Evidence]:
    """Code that may be other code tomorrow must not run where a secret can be read today.

    One finding per job, for the worst: what the code can get at, how surely, and how loosely it is pinned. A
    job whose strangers' code is held by commit, hash or lockfile says nothing unless much is at stake. Where
    the same code can also push, or change what is released, that is counted here and is no further finding.

    Why: everything in a job shares one machine. A package that was fine yesterday reads the environment, the
    files and the memory of the runner, also of steps before and behind it.

    Attack: on 31 March 2026 a floating tag let axios 1.14.1 run in the job that held OpenAI's signing
    certificate and what it notarizes with. tj-actions in March 2025 dumped the memory of the runners that
    used it.

    Fix: make the cut that is named: move the install into a job without secrets, give a secret to the one
    step that needs it, or hold the code by commit or by a lockfile with hashes.
    """
    for place, edges in _worst_of(intake, _SECRETS):
        yield _evidence(place, edges)


@rule("pipelines/identity-in-reach", Severity.MEDIUM)
def identity_in_reach(intake: Intake) -> Iterator[Evidence]:
    """Code that may be other code tomorrow must not run in a job that can publish, deploy or push.

    Speaks of the job's identity (`id-token: write`) and of a token that was given a permission to write,
    where the same code has not something worse in its reach.
    Where no `permissions:` stand, that the token may write is only assumed: `seawall reach` says so, no
    finding does.

    Why: no key has to be stolen where the job itself may ask for one: trusted publishing, cloud roles and
    pushes to the repository take the job's word.

    Attack: in May 2026 malware inside TanStack's release job read the job's identity out of the runner's
    memory and published 84 versions with valid provenance.

    Fix: let a job of its own publish, which takes the finished bytes and installs nothing; grant the others
    `permissions: contents: read`.
    """
    for place, edges in _worst_of(intake, _IDENTITIES):
        yield _evidence(place, edges)


@rule("pipelines/release-in-reach", Severity.MEDIUM)
def release_in_reach(intake: Intake) -> Iterator[Evidence]:
    """Whoever can change the bytes before they are signed needs no key.

    Speaks where loosely pinned code runs in the job that builds what is then signed, released or published,
    and where that code has not something worse in its reach.

    Why: a signature says who signed, not what was in the room when it was made.

    Attack: the miner in Ultralytics 8.3.41 (December 2024) came out of the project's own trusted build, put
    there through a poisoned cache.

    Fix: build from a lockfile with hashes and with install scripts off; let the job that publishes only take
    what was built, and compare it with a second build.
    """
    for place, edges in _worst_of(intake, _RELEASES):
        yield _evidence(place, edges)


@rule("pipelines/agent-in-reach", Severity.HIGH)
def agent_in_reach(intake: Intake) -> Iterator[Evidence]:
    """An agent that reads what strangers write must hold nothing that a stranger may have.

    Speaks where an AI agent runs in a workflow that anybody can start, with a secret beyond its own key, a
    token that may write, or an identity in its reach.

    Why: to an agent every text is an order. An issue, a comment or a file of a pull request can tell it to
    read its environment and to send it away.

    Attack: in February 2026 the title of an issue made the triage agent of Cline run commands, poison the
    cache and so take the token that published 2.3.0.

    Fix: `permissions: contents: read`, no secret but the agent's own key, no tool that runs commands, and a
    person between what it says and what is done.
    """
    opened = {w.path: opened_by(w) for w in intake.ground.workflows}
    kinds = (TargetKind.SECRET, TargetKind.SIGNING, TargetKind.CREDENTIAL, TargetKind.TOKEN, TargetKind.OIDC)
    for place, edges in _agents(intake, kinds):
        triggers = opened.get(place.partition("#")[0], ())
        if triggers:
            worst = edges[0]
            yield Evidence(
                message=f"an agent in {place_words(place)}, which strangers start ({triggers[0]}),"
                f" can get at {target_words(worst.target)}",
                advice="give it no secret and no permission to write, or let only members start it",
                path=worst.code.path,
                line=worst.code.line,
                subject=place,
                detail={
                    "place": place,
                    "triggers": list(triggers),
                    "targets": [e.target.id for e in edges][:50],
                },
            )


def _agents(intake: Intake, kinds: tuple[TargetKind, ...]) -> Iterator[tuple[str, list[Edge]]]:
    found: dict[str, list[Edge]] = {}
    for edge in intake.reach.edges:
        agent = edge.code.kind is CodeKind.AGENT and edge.confidence in _READ
        if agent and edge.target.kind in kinds and edge.target.worth >= 55 and not _own_key(edge):
            found.setdefault(edge.place, []).append(edge)
    yield from found.items()


def _own_key(edge: Edge) -> bool:
    """The key of the model that the agent talks to: it has to hold that one."""
    name = edge.target.name.upper()
    return edge.target.kind is TargetKind.SECRET and any(
        word in name for word in ("ANTHROPIC", "CLAUDE", "OPENAI", "GEMINI", "CODEX", "CURSOR", "MISTRAL")
    )


@rule("pipelines/every-secret", Severity.MEDIUM)
def every_secret(intake: Intake) -> Iterator[Evidence]:
    """A job that is given every secret at once puts all of them in reach of everything that runs there.

    Speaks of `toJSON(secrets)`, a secret whose name is computed, and `secrets: inherit` to a workflow of
    another repository.

    Why: the job needs one or two; the rest is there only to be taken, those of tomorrow included.

    Attack: with the tokens that it stole, Shai-Hulud (September 2025) pushed a workflow that sent
    `toJSON(secrets)` away.

    Fix: name each secret that is needed.
    """
    for place, edges in _per_place(intake, _every):
        yield _evidence(place, edges)


def _every(edge: Edge) -> bool:
    return edge.target.kind is TargetKind.SECRET and edge.target.name == "*"


@rule("pipelines/not-read", Severity.LOW)
def not_read(intake: Intake) -> Iterator[Evidence]:
    """A workflow that cannot be read hides what runs there, and is nothing that was looked at.

    Why: what the forge reads otherwise than a reviewer does is a hiding place.

    Attack: none is known to us. A key that stands twice shows one job to people and may run another.

    Fix: mend the line that is named; a file that is no workflow belongs elsewhere.
    """
    for workflow in intake.ground.workflows:
        for problem in [p for p in workflow.problems if p.kind not in OURS][:1]:
            yield Evidence(
                message=f"this workflow was not understood: {problem.message}",
                advice="mend the line, so that people and the forge read the same",
                path=problem.path or workflow.path,
                line=problem.line,
                subject=problem.message[:80],
            )
    read = {workflow.path for workflow in intake.ground.workflows}
    for problem in intake.ground.problems:
        whole = problem.path.startswith(".github/workflows") and problem.path not in read
        if whole and problem.kind not in OURS:
            yield Evidence(
                message=f"this workflow was not read: {problem.message}",
                advice="make it a file of its own that can be read, or take it away",
                path=problem.path,
                subject="not read",
            )
