"""An npm registry that shows what had been published by `now`: full and abbreviated packuments, tarballs, keys.

    past = PastNpm(now=at("2026-03-31T00:25:00Z"))
    past.publish("axios", "1.14.0", at("2026-03-27T19:01:40Z"), by="releases", attested=True)
    past.publish("axios", "1.14.1", at("2026-03-31T00:21:58Z"), gone=at("2026-03-31T03:15:00Z"),
                 needs={"plain-crypto-js": "^4.2.1"})
    past.tag("axios", "legacy", "0.30.3", at("2026-02-18T17:00:00Z"))

`npm_url` is what clients are given. `latest` is the release that came last unless a tag says otherwise. Lies:
`Release.integrity`, `Release.data` (changed after it was announced), `Release.time` (None = none said, a text =
that one), `Release.more` (any field). `axios_day` is 31 March 2026. Every tarball is inert: the same bytes in
every run, an empty module, and scripts that are given to it, of which `calls` and `marks` make harmless ones.
"""

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote

from .past import Past, Reply, Request, at

SHORT = "application/vnd.npm.install-v1+json"
_INSTALL_FIELDS = frozenset(
    {
        *("name", "version", "deprecated", "dependencies", "optionalDependencies", "devDependencies", "dist"),
        *("bundleDependencies", "peerDependencies", "peerDependenciesMeta", "bin", "directories", "engines"),
        *("cpu", "os", "libc", "funding", "_hasShrinkwrap", "hasInstallScript"),
    }
)
_HOOKS = ("preinstall", "install", "postinstall")
_ATTESTATIONS = "-/npm/v1/attestations/"
_PROVENANCE = "https://slsa.dev/provenance/v1"
_SAID = "as it was"


@dataclass(slots=True)
class Release:
    """`gone` is when the registry took it away; `more` overrides fields of its manifest, `dist` of its dist."""

    name: str
    version: str
    at: datetime
    data: bytes = field(repr=False)
    manifest: Mapping[str, object]
    gone: datetime | None = None
    by: str = ""
    attested: bool = False
    time: str | None = _SAID
    integrity: str = ""
    more: Mapping[str, object] = field(default_factory=dict)
    dist: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.integrity = self.integrity or sri(self.data)

    @property
    def filename(self) -> str:
        return f"{self.name.rpartition('/')[2]}-{self.version}.tgz"


class PastNpm(Past):
    """`releases` by name, in the order in which they came; change one to let the past be another one."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.releases: dict[str, list[Release]] = {}
        self.tags: dict[str, list[tuple[str, str, datetime]]] = {}
        self.abbreviates = True
        super().__init__(now)

    @property
    def npm_url(self) -> str:
        return f"{self.url}/"

    def publish(self, name: str, version: str, when: datetime, **given: object) -> Release:
        """`needs`, `scripts`, `files` (path → bytes) and `manifest` go into the tarball; the rest is Release's."""
        made = {
            "name": name,
            "version": version,
            "main": "index.js",
            **given.pop("manifest", {}),  # type: ignore[dict-item]
        }
        for key, where in (("needs", "dependencies"), ("scripts", "scripts")):
            if key in given:
                made[where] = given.pop(key)
        data = tarball(made, given.pop("files", {}))  # type: ignore[arg-type]
        release = Release(name, version, when, data, made, **given)  # type: ignore[arg-type]
        self.releases.setdefault(name, []).append(release)
        return release

    def tag(self, name: str, tag: str, version: str, when: datetime) -> None:
        self.tags.setdefault(name, []).append((tag, version, when))

    def shown(self, name: str) -> list[Release]:
        """What is there now."""
        return [
            r for r in self.releases.get(name, []) if r.at <= self.now and not (r.gone and r.gone <= self.now)
        ]

    def answer(self, request: Request) -> Reply:
        path = unquote(request.path).strip("/")
        if path.startswith(_ATTESTATIONS):
            return self._attested(*path.removeprefix(_ATTESTATIONS).rsplit("@", 1))
        name, mark, filename = path.partition("/-/")
        if request.method not in ("GET", "HEAD"):
            return Reply(405, b'{"error":"method not allowed"}')
        if mark:
            found = next((r for r in self.shown(name) if r.filename == filename), None)
            return Reply(body=found.data, content_type="application/octet-stream") if found else _nothing()
        if not self.shown(name):
            return _nothing()
        if self.abbreviates and SHORT in request.headers.get("accept", ""):
            return Reply(body=_written(self.short(name)), content_type=SHORT, headers={"Vary": "Accept"})
        return Reply(body=_written(self.full(name)), headers={"Vary": "Accept"})

    def _attested(self, name: str, version: str = "") -> Reply:
        found = next((r for r in self.shown(name) if r.version == version and r.attested), None)
        if found is None:
            return _nothing()
        entry = {"integratedTime": str(int(found.at.timestamp()))}
        bundle = {"verificationMaterial": {"tlogEntries": [entry]}}
        return Reply(body=_written({"attestations": [{"predicateType": _PROVENANCE, "bundle": bundle}]}))

    def full(self, name: str) -> dict[str, object]:
        """The full packument of `name` as of now."""
        shown = self.shown(name)
        times = {r.version: written(r.at) if r.time is _SAID else r.time for r in shown}
        ever = [r.at for r in self.releases[name] if r.at <= self.now]
        return {
            "_id": name,
            "_rev": "7-0",
            "name": name,
            "dist-tags": self._tags(name, shown),
            "versions": {r.version: self._entry(r) for r in shown},
            "time": {
                "created": written(min(ever)),
                "modified": written(max(ever)),
                **{version: time for version, time in times.items() if time is not None},
            },
            "maintainers": [{"name": "somebody", "email": "somebody@mail.example"}],
            "readme": f"# {name}\n",
            "description": f"{name}, and nothing in it",
        }

    def short(self, name: str) -> dict[str, object]:
        """The abbreviated packument: no times, and of every version what an install needs."""
        whole = self.full(name)
        versions = {
            version: {key: value for key, value in item.items() if key in _INSTALL_FIELDS}
            for version, item in whole["versions"].items()  # type: ignore[attr-defined]
        }
        return {
            "name": name,
            "modified": whole["time"]["modified"],  # type: ignore[index]
            "dist-tags": whole["dist-tags"],
            "versions": versions,
        }

    def _tags(self, name: str, shown: list[Release]) -> dict[str, str]:
        there = {r.version for r in shown}
        said = {tag: version for tag, version, when in self.tags.get(name, []) if when <= self.now}
        said = {tag: version for tag, version in said.items() if version in there}
        return {"latest": shown[-1].version, **said}

    def _entry(self, release: Release) -> dict[str, object]:
        scripts = release.manifest.get("scripts") or {}
        runs = any(hook in scripts for hook in _HOOKS)  # type: ignore[operator]
        dist: dict[str, object] = {
            "integrity": release.integrity,
            "shasum": hashlib.sha1(release.data).hexdigest(),
            "tarball": f"{self.url}/{release.name}/-/{release.filename}",
            "fileCount": 2,
            "unpackedSize": len(release.data),
            "signatures": [{"keyid": "SHA256:none", "sig": "AA=="}],
        }
        if release.attested:
            dist["attestations"] = {
                "url": f"{self.url}/-/npm/v1/attestations/{release.name}@{release.version}",
                "provenance": {"predicateType": _PROVENANCE},
            }
        return {
            **release.manifest,
            "_id": f"{release.name}@{release.version}",
            **(
                {"_npmUser": {"name": release.by, "email": f"{release.by}@mail.example"}}
                if release.by
                else {}
            ),
            **({"hasInstallScript": True} if runs else {}),
            "dist": {**dist, **release.dist},
            **release.more,
        }


def axios_day(
    past: PastNpm, hook: str = "", *, axios: str = "axios", dropper: str = "plain-crypto-js"
) -> None:
    """axios as it was around 31 March 2026, with what it needs, each package inert.

    `hook` is the postinstall script of plain-crypto-js 4.2.1. Under other names nobody knows of it yet, as on
    that day: the built-in catalog does. Times: that catalog (axios-npm-2026-03).
    """
    usual = {"follow-redirects": "^1.15.11", "form-data": "^4.0.5", "proxy-from-env": "^2.1.0"}
    old = at("2025-11-01T12:00:00Z")
    for name, version in (
        ("follow-redirects", "1.15.11"),
        ("form-data", "4.0.5"),
        ("proxy-from-env", "2.1.0"),
    ):
        past.publish(name, version, old, by=f"{name}-team")
    for version, when in (
        ("0.30.2", "2025-09-30T10:00:00Z"),
        ("1.13.5", "2026-02-08T10:00:00Z"),
        ("0.30.3", "2026-02-18T17:19:00Z"),
        ("1.13.6", "2026-02-27T10:00:00Z"),
        ("1.14.0", "2026-03-20T19:01:40Z"),
    ):
        past.publish(axios, version, at(when), by="releases", attested=version[0] == "1", needs=usual)
    past.tag(axios, "latest", "1.14.0", at("2026-03-20T19:01:40Z"))
    past.tag(axios, "legacy", "0.30.3", at("2026-02-18T17:19:00Z"))
    removed, gone = at("2026-03-31T03:15:00Z"), at("2026-03-31T03:29:00Z")
    past.publish(dropper, "4.2.0", at("2026-03-30T05:57:32Z"), by="stranger", gone=gone)
    scripts = {"postinstall": hook} if hook else {"postinstall": "node setup.js"}
    past.publish(
        dropper, "4.2.1", at("2026-03-30T23:59:12Z"), by="stranger", gone=gone,
        scripts=scripts, files={"setup.js": b"// inert\n"},
    )  # fmt: skip
    needs = {**usual, dropper: "^4.2.1"}
    for version, tag, when in (
        ("1.14.1", "latest", "2026-03-31T00:21:58Z"),
        ("0.30.4", "legacy", "2026-03-31T01:00:57Z"),
    ):
        past.publish(axios, version, at(when), by="taken-over", gone=removed, needs=needs)
        past.tag(axios, tag, version, at(when))
    past.tag(axios, "latest", "1.14.0", removed)
    past.tag(axios, "legacy", "0.30.3", removed)


def calls(port: int) -> str:
    """A script that opens a connection to this machine's `port` if it can, and ends either way."""
    code = f"s = require('net').connect({port}, '127.0.0.1', () => s.end('ran', () => s.destroy()))"
    return f"node -e \"const {code}; s.on('error', () => {{}})\""


def marks(path: str) -> str:
    """A script that writes a file."""
    return f"node -e \"require('fs').writeFileSync('{path}', 'ran')\""


def tarball(manifest: Mapping[str, object], files: Mapping[str, bytes] = {}) -> bytes:
    """An npm package, always the same bytes."""
    packed = io.BytesIO()
    inside = {"package.json": json.dumps(manifest, indent=1).encode(), "index.js": b"\n", **files}
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in inside.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), 9, mtime=0)


def sri(data: bytes) -> str:
    """The digest of a file, as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def written(moment: datetime) -> str:
    """`2026-03-31T00:21:58.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(document: object) -> bytes:
    return json.dumps(document).encode()


def _nothing() -> Reply:
    return Reply(404, b'{"error":"Not found"}')
