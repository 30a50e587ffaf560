"""A conda-lock file lists a release once per platform; here it is one pin with the digests of all.

Source: the conda-lock documentation, unified lockfile `version: 1`. What was asked for is
not recorded, so only what nothing else depends on is known to be direct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.kernel.source import REGISTRY, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode
from seawall.readers.syntax.yaml import Sequence, load

from ._chains import from_parents
from ._draft import Draft, facts, hash_fact, items, local_source, table, text, texts, url_source

_Body = Mapping[str, object]
_ECOSYSTEMS = {"conda": "conda", "pip": "PyPI"}


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a conda-lock.yml says; conda packages by channel, pip packages by the host of their file."""
    draft = Draft(path, limits, "conda")
    try:
        lock = load(decode(data, limits), limits)
    except SyntaxFault as fault:
        draft.fault(fault)
        return draft.document("conda-lock", DocumentKind.LOCKFILE)
    if not isinstance(lock, dict) or not isinstance(lock.get("package"), list):
        draft.problem(ProblemKind.TRUNCATED, "`package`, the list of locked packages, is missing", 1)
        return draft.document("conda-lock", DocumentKind.LOCKFILE)
    if lock.get("version") != "1":
        draft.problem(ProblemKind.UNSUPPORTED, "a conda-lock of another version than 1; read as 1", 1)
    _channels(draft, table(lock.get("metadata")))
    packages = lock["package"]
    lines = packages.lines if isinstance(packages, Sequence) else []
    found: dict[tuple[str, str, str, str], list[Pin]] = {}
    for index, body in enumerate(packages):
        pin = _pin(draft, body, lines[index] if index < len(lines) else 0)
        if pin is not None:
            found.setdefault((pin.ecosystem, pin.name, pin.version, pin.source.host), []).append(pin)
    _complete(draft, packages, table(lock.get("metadata")))
    reach = _reach(draft, packages)
    for pin in map(_merged, found.values()):
        direct, via = reach.get(pin.name, (None, ()))
        draft.entry(replace(pin, direct=direct, via=via))
    metadata = table(lock.get("metadata"))
    hashes = " ".join(f"{k}:{v}" for k, v in table(metadata.get("content_hash")).items())
    return draft.document(
        "conda-lock",
        DocumentKind.LOCKFILE,
        facts(
            version=lock.get("version"),
            content_hash=hashes,
            platforms=" ".join(texts(metadata.get("platforms"))),
            hashes=hash_fact(draft.pins),
        ),
    )


def _channels(draft: Draft, metadata: _Body) -> None:
    for item in items(metadata.get("channels")):
        url = text(table(item).get("url"))
        if "://" in url:
            draft.registries[url_source(url.rstrip("/") + "/", SourceKind.REGISTRY)] = None


def _pin(draft: Draft, body: object, line: int) -> Pin | None:
    if not isinstance(body, dict):
        draft.problem(ProblemKind.MALFORMED, "`package` holds something that is not a mapping", line)
        return None
    ecosystem = _ECOSYSTEMS.get(text(body.get("manager")), "")
    if not ecosystem:
        draft.problem(ProblemKind.TRUNCATED, "a package without `manager`", line)
        return None
    name = draft.name(body.get("name"), line, ecosystem)
    if not name:
        return None
    hashes = [f"{k}:{v}" for k, v in table(body.get("hash")).items() if v is not None]
    category = text(body.get("category")) or "main"
    dev = category in ("dev", "development")
    return Pin(
        ecosystem=ecosystem,
        name=name,
        version=draft.version(body.get("version"), line),
        path=draft.path,
        line=line,
        source=_source(body, ecosystem),
        digests=draft.digests(hashes, line),
        dev=dev,
        optional=body.get("optional") is True and not dev,
    )


def _source(body: _Body, ecosystem: str) -> Source:
    url = text(body.get("url"))
    origin = table(body.get("source"))
    if origin and text(origin.get("type")) == "url":
        return url_source(text(origin.get("url")) or url, SourceKind.URL)
    if url.startswith(("git+", "ssh://")):
        bare, _, revision = url.rpartition("@")
        return url_source(bare or url, SourceKind.GIT, revision if bare else "")
    if "://" not in url or url.startswith("file:"):
        return local_source(url) if url else REGISTRY
    above = url.rsplit("/", 2 if ecosystem == "conda" else 1)[0]
    source = url_source(above + "/", SourceKind.REGISTRY)
    return source if ecosystem == "conda" else replace(source, location=f"{source.scheme}://{source.host}")


def _merged(pins: list[Pin]) -> Pin:
    return replace(
        pins[0],
        digests=tuple(dict.fromkeys(digest for pin in pins for digest in pin.digests)),
        dev=all(pin.dev for pin in pins),
        optional=all(pin.optional for pin in pins),
    )


def _complete(draft: Draft, packages: list[object], metadata: _Body) -> None:
    """What a cut file lacks: fields of its last package, or every package of a platform."""
    last = packages[-1] if packages else None
    if isinstance(last, dict) and not ("hash" in last and isinstance(last.get("optional"), bool)):
        draft.problem(ProblemKind.TRUNCATED, "the last package is incomplete")
    seen = {text(table(body).get("platform")) for body in packages}
    if any(platform not in seen for platform in texts(metadata.get("platforms"))):
        draft.problem(ProblemKind.TRUNCATED, "a platform without any package")


def _reach(draft: Draft, packages: list[object]) -> Mapping[str, tuple[bool | None, tuple[str, ...]]]:
    """Chains within one name space per file: platforms and managers are not told apart."""
    edges: dict[str, list[str]] = {}
    present: dict[tuple[str, str], None] = {}
    wanted: list[tuple[str, str]] = []
    for item in packages:
        body = table(item)
        name, platform = text(body.get("name")), text(body.get("platform"))
        present[(platform, name)] = None
        for target in table(body.get("dependencies")):
            edges.setdefault(name, []).append(target)
            if text(body.get("manager")) == "conda" and not target.startswith("__"):
                wanted.append((platform, target))
    if any(key not in present for key in wanted):
        draft.problem(ProblemKind.TRUNCATED, "a dependency that is not in the lock")
    names = [name for _, name in present]
    return from_parents(edges, names, draft.limits.chain, {})


def _sniff(head: bytes) -> bool:
    return b"content_hash:" in head and b"metadata:" in head


FORMAT = Format(
    "conda-lock",
    DocumentKind.LOCKFILE,
    "conda",
    ("conda-lock.yml", "*.conda-lock.yml", "conda-lock.*.yml", "*-conda-lock.yml"),
    read,
    _sniff,
)
