"""Rotation is ordered: contain, replace, re-sign, list dependents, revoke all at once, prove, tell.

Revoking comes late: malware has wiped machines when a stolen token stopped working, and a signature that was
revoked before a new one shipped broke whoever still depended on it. One token that was missed led to the next
break-in, so everything is revoked at once. No value of a secret is known here, only its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .exposure import Exposure, Status, Suspicion
from .reach.edge import Confidence, Edge, Target, TargetKind
from .rotation_words import words_for

STEPS = ("contain", "replace", "re-sign", "list dependents", "revoke", "prove", "tell")
"""The steps in their order."""
_BUILT = frozenset((TargetKind.ARTIFACT, TargetKind.CACHE, TargetKind.RELEASE))
_ENDED = frozenset((TargetKind.TOKEN, TargetKind.OIDC))
"""What ended with its job; the sessions that it opened elsewhere are ended when it is replaced."""
_SWITCH = (
    "look for what waits for a revoked token (services, timers, login items) and remove it before step 5"
)


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One thing to do. `step` is one of `STEPS`, in order; `what` names it, `how` says how.

    `kind` is what sort of credential it is, `worth` 0 to 100, `places` where it was in reach, `confidence`
    how surely, `status` the worst of what is known of those places. All but the first three may be empty.
    """

    step: str
    what: str
    how: str
    kind: str = ""
    worth: int = 0
    places: tuple[str, ...] = ()
    confidence: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    """One credential, and the edges to it, the surest first."""

    target: Target
    edges: tuple[Edge, ...]

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(edge.place for edge in self.edges))

    @property
    def confidence(self) -> str:
        return self.edges[0].confidence.value


def built(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """The edges to what is made, signed or published there: artifacts, caches and releases."""
    return tuple(
        edge for edge in edges if edge.target.kind in _BUILT or edge.confidence is Confidence.INTEGRITY
    )


def plan(asked: Suspicion, found: Sequence[Exposure], edges: Sequence[Edge]) -> tuple[PlanItem, ...]:
    """What to do, in order; nothing where nothing is confirmed or possible."""
    taken = [one for one in found if one.status is not Status.EXCLUDED]
    if not taken:
        return ()
    held = _credentials(edges)
    made = built(edges)
    return (
        *_contain(asked, taken, edges),
        *_replace(held, taken),
        *_resign(made),
        *_revoke(asked, held),
        *_prove(held),
        *_tell(made),
    )


def _credentials(edges: Iterable[Edge]) -> tuple[_Held, ...]:
    """Each credential that can have been read, once, what is worth most first."""
    of: dict[tuple[str, str, str], list[Edge]] = {}
    for edge in edges:
        target = edge.target
        if target.kind in _BUILT or edge.confidence is Confidence.INTEGRITY:
            continue
        # A token's permissions differ from job to job; the token of a repository is one all the same.
        scope = "" if target.kind in (TargetKind.TOKEN, TargetKind.OIDC) else target.scope
        of.setdefault((target.kind, scope, target.name), []).append(edge)
    surest = {confidence: place for place, confidence in enumerate(Confidence)}
    held = [
        _Held(
            max((edge.target for edge in mine), key=lambda one: one.worth),
            tuple(sorted(mine, key=lambda edge: surest[edge.confidence])),
        )
        for mine in of.values()
    ]
    return tuple(sorted(held, key=lambda one: (-one.target.worth, one.target.name, one.target.scope)))


def _contain(asked: Suspicion, taken: Sequence[Exposure], edges: Iterable[Edge]) -> Iterator[PlanItem]:
    places = tuple(dict.fromkeys(one.place for one in taken if one.principal.startswith("workload:")))
    if places:
        files = tuple(dict.fromkeys(place.partition("#")[0] for place in places))
        yield PlanItem("contain", "stop these workflows", _stop(files), places=places)
    locks = tuple(one.place for one in taken if not one.principal)
    if locks:
        how = "take no more from them until they are repaired; look at every machine that installed from them"
        yield PlanItem("contain", "stop installing from these files", how, places=locks)
    others = tuple(one.place for one in taken if one.principal and one.place not in places)
    if others:
        how = "build no image and start no tool from these until the package is pinned to a good version"
        yield PlanItem("contain", "stop these builds, editors and agents", how, places=others)
    how = "`gh cache delete --all`, and the package managers' caches on runners that are kept"
    yield PlanItem("contain", "delete caches that these jobs wrote", how)
    if any("runner" in edge.condition or edge.target.name.startswith("runner:") for edge in edges):
        yield PlanItem(
            "contain",
            "isolate runners of your own",
            "take them off the network, make them anew from an image",
        )
    if asked.switch:
        yield PlanItem("contain", "sweep dead-man switches", _SWITCH)
    else:
        how = f"not known of this malware; where a machine is kept, {_SWITCH}"
        yield PlanItem("contain", "sweep machines before anything is revoked", how)


def _stop(files: Sequence[str]) -> str:
    names = ", ".join(file.rpartition("/")[2] for file in files[:4])
    more = f" and {len(files) - 4} more" if len(files) > 4 else ""
    return f"`gh workflow disable` for {names}{more}; cancel what runs; pin the package to a good version"


def _replace(held: Iterable[_Held], taken: Iterable[Exposure]) -> Iterator[PlanItem]:
    status = {one.place: one.status for one in taken}
    for one in held:
        kind, how = words_for(one.target)
        worst = max((status[place] for place in one.places if place in status), default=Status.POSSIBLE)
        yield PlanItem(
            "replace", one.target.name, how, kind, one.target.worth, one.places, one.confidence, worst.word
        )


def _resign(made: Sequence[Edge]) -> Iterator[PlanItem]:
    names = {
        (edge.target.kind.value, edge.target.name): None
        for edge in made
        if edge.target.kind is not TargetKind.CACHE
    }
    for kind, name in names:
        places = tuple(
            dict.fromkeys(
                edge.place for edge in made if (edge.target.kind.value, edge.target.name) == (kind, name)
            )
        )
        how = "build it again from clean sources with the new credentials, sign and publish a new version"
        yield PlanItem("re-sign", f"{kind} {name}", how, places=places)
    if names:
        how = "who vendors, mirrors or pins what was made in that time; the repository does not say"
        yield PlanItem("list dependents", "of what was made there", how)


def _revoke(asked: Suspicion, held: Sequence[_Held]) -> Iterator[PlanItem]:
    held = [one for one in held if one.target.kind not in _ENDED]
    if not held:
        return
    names = ", ".join(dict.fromkeys(one.target.name for one in held))
    before = "after the sweep, " if asked.switch else ""
    how = f"{before}in one sitting, all of them: one that is missed is the way back in"
    yield PlanItem("revoke", names, how, places=())


def _prove(held: Sequence[_Held]) -> Iterator[PlanItem]:
    if held:
        yield PlanItem(
            "prove",
            "old ones are refused, new ones work",
            "use each old one once and keep the refusal (401, revoked by OCSP or CRL)",
        )


def _tell(made: Sequence[Edge]) -> Iterator[PlanItem]:
    whom = (
        "users of what was made there, and whoever depends on it"
        if made
        else "whoever works with this repository"
    )
    yield PlanItem(
        "tell",
        whom,
        "what happened, when, what was in reach, what was done, what they must do, and what is not known",
    )
