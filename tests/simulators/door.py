"""A firewall as its clients see it: registries below one address, a token, denials that say why.

It has one package, `ebb`, in three versions (as `ageing` makes them); 1.2.0 is held back. Everything that
comes is remembered. What lies in its archives is inert.
"""

import base64
import hashlib
import io
import json
import tarfile
from http.server import BaseHTTPRequestHandler
from typing import Any

from .ageing import NAME, OLD, YOUNG, _metadata, tarball, wheel
from .loopback import Answer, Server, say

GOOD = "1.1.0"
TOKEN = "swt_simulated"
DENIAL = {
    "error": f"Seawall: {NAME} {YOUNG} is held back: published an hour ago; allowed now: {GOOD}",
    "policy": ["cooldown"],
    "evidence": [],
    "allowed_from": "2027-01-01 00:00 UTC",
    "allowed_version": GOOD,
    "how_to_exempt": "ask",
}
_NPM = "/npm"
_VERSIONS = (OLD, GOOD)


class GateSimulator(Server):
    """`token`: what has to be sent; empty lets everybody in. `script` is the postinstall of npm's package."""

    def __init__(self, token: str = "", script: str = "") -> None:
        super().__init__()
        self.http.RequestHandlerClass.do_HEAD = self.http.RequestHandlerClass.do_GET  # type: ignore[attr-defined]
        self.token = token
        self.script = script
        self.refused: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self.ready: Answer = say(200, b'{"status": "ready"}')
        self.put("/readyz", self._readiness)
        self.put(f"/pypi/simple/{NAME}/", self._page)
        self.put(f"/npm/{NAME}", self._packument)
        self.put("/-/seawall/refused", lambda handler: self._told(handler, self.refused))
        self.put("/-/seawall/run", lambda handler: self._told(handler, self.runs))
        for version in _VERSIONS:
            file = f"{NAME}-{version}-py3-none-any.whl"
            self.put(f"/pypi/files/{NAME}/{file}", say(200, wheel(version)))
            self.put(f"/pypi/files/{NAME}/{file}.metadata", say(200, _metadata(version)))
            self.put(f"/npm/{NAME}/-/{NAME}-{version}.tgz", say(200, self.tarball(version)))
        body = json.dumps(DENIAL).encode()
        denied = say(403, body, Content_Type="application/json")
        self.put(f"/pypi/files/{NAME}/{NAME}-{YOUNG}-py3-none-any.whl", denied)
        self.put(f"/pypi/files/{NAME}/{NAME}-{YOUNG}-py3-none-any.whl.metadata", denied)
        self.put(f"/npm/{NAME}/-/{NAME}-{YOUNG}.tgz", denied)
        self.fallback = self._guarded(say(404, b'{"error": "nothing"}', Content_Type="application/json"))

    def put(self, path: str, answer: Answer) -> None:
        self.answers[path] = self._guarded(answer)

    def _guarded(self, answer: Answer) -> Answer:
        def guarded(handler: BaseHTTPRequestHandler) -> None:
            if self.token and handler.headers.get("Authorization") != f"Bearer {self.token}":
                say(401, b'{"error": "who?"}', Content_Type="application/json")(handler)
            else:
                answer(handler)

        return guarded

    def tarball(self, version: str) -> bytes:
        if not self.script:
            return tarball(version)
        manifest = json.dumps({"name": NAME, "version": version, "scripts": {"postinstall": self.script}})
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            entry = tarfile.TarInfo("package/package.json")
            entry.size = len(manifest)
            archive.addfile(entry, io.BytesIO(manifest.encode()))
        data = bytearray(file.getvalue())
        data[4:8] = bytes(4)
        return bytes(data)

    def _packument(self, handler: BaseHTTPRequestHandler) -> None:
        versions = {}
        for version in _VERSIONS:
            data = self.tarball(version)
            versions[version] = {
                "name": NAME,
                "version": version,
                "dist": {
                    "tarball": f"{self.url}{_NPM}/{NAME}/-/{NAME}-{version}.tgz",
                    "shasum": hashlib.sha1(data).hexdigest(),
                    "integrity": "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode(),
                },
            }
            if self.script:
                versions[version]["hasInstallScript"] = True  # type: ignore[assignment]
                versions[version]["scripts"] = {"postinstall": self.script}
        document = {
            "name": NAME,
            "dist-tags": {"latest": GOOD},
            "versions": versions,
            "time": dict.fromkeys(_VERSIONS, "2026-01-01T00:00:00.000Z"),
        }
        more = {"npm_notice": f"Seawall holds back {NAME} {YOUNG}"}
        say(200, json.dumps(document).encode(), Content_Type="application/json", **more)(handler)

    def _page(self, handler: BaseHTTPRequestHandler) -> None:
        files = [self._file(version) for version in _VERSIONS]
        young = self._file(YOUNG)
        young["yanked"] = "Seawall: held back"
        document = {
            "meta": {"api-version": "1.1"},
            "name": NAME,
            "versions": [*_VERSIONS],
            "files": [*files, young],
        }
        say(200, json.dumps(document).encode(), Content_Type="application/vnd.pypi.simple.v1+json")(handler)

    def _file(self, version: str) -> dict[str, Any]:
        file = f"{NAME}-{version}-py3-none-any.whl"
        return {
            "filename": file,
            "url": f"../../files/{NAME}/{file}",
            "hashes": {"sha256": hashlib.sha256(wheel(version)).hexdigest()},
            "core-metadata": {"sha256": hashlib.sha256(_metadata(version)).hexdigest()},
            "size": len(wheel(version)),
            "upload-time": "2026-01-01T00:00:00.000Z",
            "requires-python": ">=3.8",
            "yanked": False,
        }

    def _readiness(self, handler: BaseHTTPRequestHandler) -> None:
        self.ready(handler)

    def _told(self, handler: BaseHTTPRequestHandler, kept: list[dict[str, Any]]) -> None:
        length = int(handler.headers.get("Content-Length", "0"))
        kept.append(json.loads(handler.rfile.read(length)))
        say(200, b"{}")(handler)
