"""Registries as they were: documents of one moment are written and read as any registry's are.

Nothing that was published later is in them, and nothing that had been taken away. Hosts and addresses are
placeholders; nobody is asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from seawall.kernel.errors import OutsideError
from seawall.kernel.hub import Kind, Repository
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.kernel.scenario import PastPackage, PastRelease, PastRepository, Scenario
from seawall.packing import archives, manifest
from seawall.readers.registries.hub_info import read_info
from seawall.readers.registries.npm_document import read_document
from seawall.readers.registries.pypi_page import read_page

HOST = "registry.example"
_HOOKS = ("preinstall", "install", "postinstall")
_LARGE = 64 * 1024
ASKED = ("npm", "PyPI")
"""The ecosystems of packages of which documents can be written, and which a firewall here hands out."""


class PastRegistries:
    """The registries of one scenario. Archives are packed once and kept."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._archives: dict[tuple[str, str, str], dict[str, bytes]] = {}
        self._offerings: dict[tuple[str, str, tuple[str, ...]], Offering] = {}

    def files(self, package: PastPackage, release: PastRelease) -> Mapping[str, bytes]:
        """The archives of a release by file name."""
        key = (package.ecosystem, package.name, release.version)
        if key not in self._archives:
            self._archives[key] = archives(package, release)
        return self._archives[key]

    def offering(self, ecosystem: str, name: str, now: datetime) -> Offering | None:
        """What was offered under a name then; None where the name was not there."""
        package = self._scenario.package(ecosystem, name)
        there = package.there(now) if package else ()
        if package is None or not there or ecosystem not in ASKED:
            return None
        key = (ecosystem, name, tuple(item.version for item in there))
        if key not in self._offerings:
            self._offerings[key] = self._read(package, there, now)
        return self._offerings[key]

    def _read(self, package: PastPackage, there: Sequence[PastRelease], now: datetime) -> Offering:
        if package.ecosystem == "npm":
            data = json.dumps(self._packument(package, there, now)).encode()
            url = f"https://{HOST}/{package.name}"
            return read_document(data, "application/json", url, package.name, "past", DEFAULT_LIMITS)
        data = json.dumps(self._page(package, there)).encode()
        kind = "application/vnd.pypi.simple.v1+json"
        url = f"https://{HOST}/simple/{package.name}/"
        return read_page(data, kind, url, package.name, "past", DEFAULT_LIMITS)

    def _packument(
        self, package: PastPackage, there: Sequence[PastRelease], now: datetime
    ) -> dict[str, object]:
        born = package.first(now)
        return {
            "name": package.name,
            "dist-tags": {"latest": there[-1].version},
            "time": {
                **({"created": born.isoformat()} if born else {}),
                **{item.version: item.at.isoformat() for item in there},
            },
            "versions": {item.version: self._version(package, item) for item in there},
        }

    def _version(self, package: PastPackage, release: PastRelease) -> dict[str, object]:
        (filename, data), *_ = self.files(package, release).items()
        dist: dict[str, object] = {
            "tarball": f"https://{HOST}/{package.name}/-/{filename}",
            "integrity": integrity(data),
        }
        if release.attested:
            url = f"https://{HOST}/-/npm/v1/attestations/{package.name}@{release.version}"
            dist["attestations"] = {"url": url, "provenance": {"predicateType": "provenance"}}
        made = {**manifest(package, release), "dist": dist}
        if any(release.scripts.get(hook) for hook in _HOOKS) or "binding.gyp" in release.files:
            made["hasInstallScript"] = True
        if release.pipeline:
            trusted = {"id": release.pipeline, "oidcConfigId": "oidc:1"}
            made["_npmUser"] = {"name": release.by or "pipeline", "trustedPublisher": trusted}
        elif release.by:
            made["_npmUser"] = {"name": release.by}
        return made

    def _page(self, package: PastPackage, there: Sequence[PastRelease]) -> dict[str, object]:
        files: list[dict[str, object]] = [
            {
                "filename": filename,
                "url": f"https://{HOST}/files/{package.name}/{filename}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
                "size": len(data),
                "upload-time": item.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "yanked": False,
                "provenance": f"https://{HOST}/integrity/{filename}" if item.attested else None,
            }
            for item in there
            for filename, data in self.files(package, item).items()
        ]
        if package.born is not None and package.born < min(item.at for item in there):
            files.append(_long_ago(package.name, package.born))
        versions = [item.version for item in there]
        return {"meta": {"api-version": "1.4"}, "name": package.name, "files": files, "versions": versions}


def _long_ago(name: str, born: datetime) -> dict[str, object]:
    """The file with which a name began, where a scenario tells only when. An index says no other birthday."""
    filename = f"{name.replace('-', '_')}-0.0.0a0.tar.gz"
    return {
        "filename": filename,
        "url": f"https://{HOST}/files/{name}/{filename}",
        "hashes": {"sha256": hashlib.sha256(filename.encode()).hexdigest()},
        "upload-time": born.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": "long ago",
    }


def integrity(data: bytes) -> str:
    """The digest of a file as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def repository_at(past: PastRepository, asked: str, revision: str, now: datetime) -> Repository | None:
    """A hub's repository as it was then, asked for by a name and a revision; None where it was not there."""
    commits = past.there(now)
    if not commits:
        return None
    newest = commits[-1]
    siblings = []
    for path, data in newest.files.items():
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        item: dict[str, object] = {"rfilename": path, "size": len(data), "blobId": blob}
        if len(data) > _LARGE:
            item["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        siblings.append(item)
    commit = hashlib.sha1(f"{past.name} {newest.at}".encode(), usedforsecurity=False).hexdigest()
    told = {
        "id": past.name,
        "sha": commit,
        "createdAt": (past.created or commits[0].at).isoformat(),
        "lastModified": newest.at.isoformat(),
        "gated": past.gated,
        "siblings": siblings,
        "config": {"auto_map": dict.fromkeys(past.code, "code")} if past.code else {},
        "securityRepoStatus": {
            "scansDone": True,
            "filesWithIssues": [{"path": path, "level": level} for path, level in newest.flags.items()],
        },
    }
    fixed = commit if revision == "commit" else revision
    try:
        found, _ = read_info(json.dumps(told).encode(), Kind(past.kind), asked, fixed, DEFAULT_LIMITS)
    except OutsideError:
        return None
    return found
