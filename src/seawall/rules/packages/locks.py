"""How firmly a tree fixes what it takes in: locks, digests, ranges, and files that cannot be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from posixpath import basename, dirname, join, normpath

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake, Key
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind, Requirement
from seawall.kernel.rule import rule
from seawall.kernel.sighting import agrees
from seawall.kernel.source import SourceKind

_CARRIES_DIGESTS = frozenset(
    {
        "npm-package-lock",
        "npm-shrinkwrap",
        "pnpm-lock",
        "yarn-lock-v1",
        "bun-lock",
        "uv-lock",
        "poetry-lock",
        "pdm-lock",
        "pylock",
        "pipfile-lock",
        "cargo-lock",
        "requirements",
    }
)
_ONE_FILE = ("npm", "crates.io", "Go")
"""Ecosystems in which a release is one file, so that two digests of one algorithm contradict each other."""


@rule("packages/digest-drift", Severity.CRITICAL)
def digest_drift(intake: Intake) -> Iterator[Evidence]:
    """One name, one version and two digests means that somebody swapped the file.

    Compares the digests in every lockfile with each other and, where the registry was asked, with the
    digests of the release there. A firewall compares those of every file with the ones that it first saw
    under that file name. Only digests of the same algorithm are compared.

    Why: a released file never changes on an honest registry; a lockfile with another digest points at
    something else, whatever its name says.

    Attack: a lockfile edited in a pull request to point `resolved` and `integrity` at the attacker's
    archive looks like noise in review; the name and version stay the same.

    Fix: do not install. Lock again from the registry and compare; find out who changed the line.
    """
    first: dict[tuple[Key, str], tuple[str, Pin]] = {}
    for pin in _locked_from_registry(intake):
        known = _by_algorithm(intake.releases[pin.key].digests) if pin.key in intake.releases else {}
        for algorithm, digests in _by_algorithm(pin.digests).items():
            if known.get(algorithm) and not digests & known[algorithm]:
                yield _drift(pin, algorithm, "the registry's file has another one")
            if pin.ecosystem not in _ONE_FILE:
                continue
            before = first.setdefault((pin.key, algorithm), (min(digests), pin))
            if before[0] not in digests:
                yield _drift(pin, algorithm, f"{before[1].path}:{before[1].line} has another one")
    for item in intake.departures:
        how = agrees(item.sighting, item.offer)
        if how:
            first_seen = f"{item.sighting.first:%Y-%m-%d %H:%M} UTC"
            yield Evidence(
                message=f"{item.offer.filename} is not the file that was first seen on {first_seen}: {how}",
                advice="do not install it; ask the registry and the maintainers why it changed",
                asset=item.asset,
                path=item.offer.filename,
            )


def _drift(pin: Pin, algorithm: str, why: str) -> Evidence:
    return Evidence(
        message=f"{pin.name} {pin.version}: its {algorithm} digest here is not the only one; {why}",
        advice="do not install; lock again from the registry, compare, and find who changed the line",
        asset=pin.purl,
        path=pin.path,
        line=pin.line,
        subject=algorithm,
        detail={"digests": list(pin.digests[:8])},
    )


def _locked_from_registry(intake: Intake) -> Iterator[Pin]:
    for document in intake.documents:
        if document.kind is DocumentKind.LOCKFILE:
            for pin in document.pins:
                if pin.digests and pin.source.kind is SourceKind.REGISTRY:
                    yield pin


def _by_algorithm(digests: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for digest in digests:
        found[digest.partition(":")[0]].add(digest)
    return found


@rule("packages/digest-missing", Severity.LOW)
def digest_missing(intake: Intake) -> Iterator[Evidence]:
    """A lock without digests fixes a name, not the bytes that will be installed.

    A file in which some packages have a digest and others have none is worse than one that never has
    any: somebody took them out, or the tool could not know. One finding per file.

    Why: without a digest, a registry, mirror, cache or proxy can hand over other bytes under the same
    name and version, and the client cannot notice.

    Attack: Codecov's uploader of 2021 was swapped on the server for months; the checksum that was
    published beside it showed it to the first person who compared.

    Fix: `uv pip compile --generate-hashes`, or lock again with a client that records digests.
    """
    for document in intake.documents:
        if document.kind is not DocumentKind.LOCKFILE or document.format not in _CARRIES_DIGESTS:
            continue
        candidates = [p for p in document.pins if p.source.kind is SourceKind.REGISTRY]
        missing = [p for p in candidates if not p.digests]
        if not missing:
            continue
        some = len(missing) < len(candidates)
        yield Evidence(
            message=f"{len(missing)} of {len(candidates)} locked packages have no digest"
            + (f" ({', '.join(p.name for p in missing[:3])} …)" if some else ""),
            advice=_how_to_hash(document),
            path=document.path,
            line=missing[0].line,
            severity=Severity.MEDIUM if some else Severity.INFO,
            detail={"missing": len(missing), "packages": len(candidates)},
        )


def _how_to_hash(document: Document) -> str:
    if document.format == "requirements":
        return "lock with digests: uv pip compile --generate-hashes"
    return "lock again with the current version of the client"


@rule("packages/unlocked-range", Severity.LOW)
def unlocked_range(intake: Intake) -> Iterator[Evidence]:
    """A range without a lock lets whoever publishes next decide what runs here.

    Speaks of requirements files that are installed as they are and hold ranges or bare names. Manifests
    beside a lockfile, constraint files, `.in` files that are compiled into a lock, beside them or below, and
    files from which a `pyproject.toml` beside them takes its dependencies are nothing.

    Why: a floating range takes a poisoned release minutes after it was published.

    Attack: the axios releases of 31 March 2026 reached OpenAI's signing workflow through a version that
    was not fixed, three hours before they were gone.

    Fix: `uv pip compile requirements.in -o requirements.txt --generate-hashes`, and install that.
    """
    compiled, libraries = _compiled(intake), _filled_from_files(intake)
    for document in intake.documents:
        if document.format != "requirements" or _compiled_elsewhere(document, compiled):
            continue
        if dirname(document.path) in libraries:
            continue
        loose = [r for r in document.requirements if _loose(r)]
        if loose:
            names = ", ".join(r.name for r in loose[:3])
            more = f" and {len(loose) - 3} more" if len(loose) > 3 else ""
            yield Evidence(
                message=f"{names}{more}: any newer release is taken unseen",
                advice="lock it: uv pip compile --generate-hashes",
                path=document.path,
                line=loose[0].line,
                detail={"ranges": len(loose)},
            )


def _loose(item: Requirement) -> bool:
    return (
        not item.exact
        and item.group != "constraint"
        and item.source.kind is SourceKind.REGISTRY
        and bool(item.name)
    )


def _filled_from_files(intake: Intake) -> frozenset[str]:
    """Directories of packages whose dependencies stand elsewhere: a requirements file there is a manifest."""
    return frozenset(
        dirname(document.path)
        for document in intake.documents
        if document.format == "pyproject" and "dependencies" in document.facts.get("dynamic", "").split(",")
    )


def _compiled(intake: Intake) -> frozenset[str]:
    """What locks here are compiled from: `a/b` for `a/b.txt` and `a/out/b.txt`, `a/` for a pylock in it."""
    found = set()
    for path in intake.files:
        place, name = dirname(path), basename(path)
        if name.endswith(".txt"):
            found |= {join(place, name[:-4]), join(dirname(place), name[:-4])}
    found |= {f"{dirname(d.path)}/" for d in intake.documents if d.format == "pylock"}
    return frozenset(found)


def _compiled_elsewhere(document: Document, compiled: frozenset[str]) -> bool:
    stem, _, suffix = document.path.rpartition(".")
    return suffix == "in" and (stem in compiled or f"{dirname(stem)}/" in compiled)


@rule("packages/lockfile-missing", Severity.MEDIUM)
def lockfile_missing(intake: Intake) -> Iterator[Evidence]:
    """An application without a lockfile installs something else every day.

    A manifest with dependencies and no lockfile beside it or above it. Libraries (a package that is
    published) are mentioned as information only: their users' lockfiles decide.

    Why: what was tested is not what is deployed, nothing can be traced back afterwards, and the newest
    release of every dependency runs on the day it is published.

    Attack: without a lockfile nobody can say whether the three hours of axios 1.14.1 hit a build.

    Fix: `npm install --package-lock-only`, `pnpm install --lockfile-only`, `uv lock`; commit the result.
    """
    locked = _locked_directories(intake)
    for document in intake.documents:
        if document.kind is not DocumentKind.MANIFEST or document.format == "requirements":
            continue
        wanted = [r for r in document.requirements if r.group in ("main", "dev", "optional")]
        if not wanted or _covered(document, locked):
            continue
        application = document.facts.get("private") == "true"
        yield Evidence(
            message=f"{_counted(len(wanted))} and no lockfile: every install may be another one",
            advice=_how_to_lock(document.ecosystem),
            path=document.path,
            line=wanted[0].line,
            severity=Severity.MEDIUM if application else Severity.INFO,
            detail={"dependencies": len(wanted)},
        )


def _counted(dependencies: int) -> str:
    return "1 dependency" if dependencies == 1 else f"{dependencies} dependencies"


def _how_to_lock(ecosystem: str) -> str:
    command = {"npm": "npm install --package-lock-only", "PyPI": "uv lock"}.get(ecosystem, "lock it")
    return f"{command}, and commit the lockfile"


def _locked_directories(intake: Intake) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for document in intake.documents:
        if document.kind is DocumentKind.LOCKFILE:
            found[document.ecosystem].add(dirname(document.path))
    return {ecosystem: frozenset(places) for ecosystem, places in found.items()}


def _covered(document: Document, locked: Mapping[str, frozenset[str]]) -> bool:
    places = locked.get(document.ecosystem, frozenset())
    place = dirname(document.path)
    while place not in places:
        if not place:
            return False
        place = dirname(place)
    return True


@rule("packages/lockfile-out-of-step", Severity.MEDIUM)
def lockfile_out_of_step(intake: Intake) -> Iterator[Evidence]:
    """A lockfile that does not answer its manifest is resolved anew by whoever installs next.

    Compares what the lockfile recorded of its manifest with the manifest beside it, by name and range,
    where the format records it (npm, pnpm, bun, uv). Peers that a client installs of its own accord, and
    requirements that something else fills in at build time, are left out of it.

    Why: clients repair such a lockfile silently, by taking the newest release; strict installs fail.

    Attack: resolution on a build machine at the wrong hour is how most victims of axios 1.14.1 got it.

    Fix: lock again and commit both files together; install with `npm ci`, `uv sync --locked`.
    """
    manifests = {d.path: d for d in intake.documents if d.kind is DocumentKind.MANIFEST}
    for document in intake.documents:
        for place, recorded in (document.locked_from or {}).items():
            name = "package.json" if document.ecosystem == "npm" else "pyproject.toml"
            path = normpath(join(dirname(document.path), place, name))
            manifest = manifests.get(path)
            difference = _difference(recorded, manifest) if manifest else ""
            if difference:
                yield Evidence(
                    message=f"does not answer {path}: {difference}",
                    advice="lock again, and commit both files together",
                    path=document.path,
                    line=1,
                    subject=path,
                )


def _difference(recorded: Iterable[Requirement], manifest: Document) -> str:
    groups = {r.group for r in recorded}
    asked = [r for r in manifest.requirements if r.group in groups or r.group in ("main", "dev")]
    unclear = _not_comparable(recorded, manifest)
    was = {name: specs for name, specs in _specs(recorded).items() if name not in unclear}
    now = {name: specs for name, specs in _specs(asked).items() if name not in unclear}
    added = sorted(now.keys() - was.keys())
    removed = sorted(was.keys() - now.keys())
    changed = sorted(n for n in now.keys() & was.keys() if now[n] != was[n])
    words = [
        f"{label} {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
        for label, names in (
            ("not locked:", added),
            ("no longer asked for:", removed),
            ("range changed:", changed),
        )
        if names
    ]
    return "; ".join(words)


_DYNAMIC = {"dependencies": "main", "optional-dependencies": "optional"}


def _not_comparable(recorded: Iterable[Requirement], manifest: Document) -> set[str]:
    """Names that lock and manifest cannot both say: overridden, a peer, filled in at build time."""
    peers = {r.name for r in manifest.requirements if r.group == "peer"}
    dynamic = {_DYNAMIC.get(name, "") for name in manifest.facts.get("dynamic", "").split(",")}
    asked = {r.name for r in manifest.requirements if r.group not in ("peer", "constraint", "build")}
    return {
        r.name
        for r in recorded
        if r.source.kind is SourceKind.UNKNOWN
        or (r.name in peers and r.name not in asked)
        or r.group in dynamic
    }


def _specs(items: Iterable[Requirement]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.group in ("constraint", "build", "peer"):
            continue
        # Another source than a registry is written differently in a manifest and in its lock.
        found[item.name].add(_plain(item) if item.source.kind is SourceKind.REGISTRY else "")
    return {name: frozenset(specs) for name, specs in found.items()}


def _plain(item: Requirement) -> str:
    if item.ecosystem != "PyPI":
        return item.spec.strip()
    try:
        return ",".join(sorted(str(part) for part in SpecifierSet(item.spec)))
    except InvalidSpecifier:
        return item.spec.strip()


@rule("packages/yanked", Severity.LOW, online=True)
def yanked(intake: Intake) -> Iterator[Evidence]:
    """A release that its own maintainers took back should not be what you ship.

    Why: yanking is how a maintainer says "do not use this one", for a broken build, a leaked file or an
    intrusion; a lockfile goes on installing it.

    Attack: after account takeovers the registry or the maintainer yanks first and writes an advisory
    later; the yank is the earlier signal.

    Fix: move to the next release of the line; the registry's reason is in the finding.
    """
    for document in intake.documents:
        for pin in document.pins:
            facts = intake.releases.get(pin.key)
            if facts is not None and facts.yanked is not None:
                yield Evidence(
                    message=f"{pin.name} {pin.version} was taken back by its maintainers: {facts.yanked}",
                    advice=f"move to the next release of {pin.name}",
                    asset=pin.purl,
                    path=pin.path,
                    line=pin.line,
                )


@rule("packages/unreadable", Severity.HIGH)
def unreadable(intake: Intake) -> Iterator[Evidence]:
    """A file that cannot be read says nothing, and nothing is not "clean".

    Cut, malformed, oversized, too deeply nested or wrongly encoded files, and links that leave the tree.

    Why: a scanner that shrugs at a broken lockfile can be blinded by breaking it.

    Attack: broken archives made Picklescan skip the malicious part of the nullifAI models of 2025.

    Fix: repair or remove the file; a fixture that is broken on purpose can be left out with `--exclude`.
    """
    for document in intake.documents:
        for problem in document.problems:
            outside = problem.kind is ProblemKind.OUTSIDE
            manifest = document.kind is DocumentKind.MANIFEST
            yield Evidence(
                message=f"not read ({problem.kind}): {problem.message}",
                advice="repair it, or leave it out with --exclude if it is broken on purpose",
                path=problem.path,
                line=problem.line,
                severity=Severity.LOW if outside or manifest else Severity.HIGH,
                subject=f"{problem.kind} {problem.message}",
                detail={"kind": str(problem.kind), "asset_kind": str(document.kind)},
            )
