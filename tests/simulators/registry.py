"""An npm registry, a PyPI index and its host of files, simulated on this machine from their documentation.

npm: `GET /npm/NAME` is the full packument. PyPI: `GET /simple/NAME/` in JSON (PEP 691, 700, 592, 658, 740),
or only in HTML where `html_only`; `GET /files/NAME.metadata`. Both answer 304 to the ETag they gave out.
"""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

from .loopback import Server, say

JSON = "application/vnd.pypi.simple.v1+json"


def sri(text: str) -> str:
    """The digest of a release's file, as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def packument(name: str, releases: dict[str, dict], created: str = "") -> dict:
    """`releases`: version → what it says, with `at` (its time), `by` (who published), `attested`."""
    versions, times = {}, {"created": created} if created else {}
    for version, given in releases.items():
        said = dict(given)
        at, by, attested = said.pop("at", ""), said.pop("by", ""), said.pop("attested", False)
        dist = {"integrity": sri(f"{name} {version}"), "tarball": f"https://files.example/{name}.tgz"}
        if attested:
            dist["attestations"] = {"url": "https://registry.example/x"}
        times |= {version: at} if at else {}
        user = {"_npmUser": {"name": by, "email": "x@mail.example"}} if by else {}
        versions[version] = {"name": name, "version": version, "dist": dist, **user, **said}
    return {"name": name, "time": times, "versions": versions}


class Registry(Server):
    """`npm` and `pypi` hold answers by name; `asked` are the paths; `most` is how many came in at once."""

    def __init__(self) -> None:
        super().__init__()
        self.npm: dict[str, dict] = {}
        self.pypi: dict[str, dict] = {}
        self.metadata: dict[str, str] = {}
        self.html_only = False
        self.most = 0
        self._open = 0
        self._lock = threading.Lock()
        self.fallback = self._answer

    @property
    def npm_url(self) -> str:
        return f"{self.url}/npm/"

    @property
    def index_url(self) -> str:
        return f"{self.url}/simple/"

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def asked(self) -> list[str]:
        return [path for path, _ in self.seen]

    def project(self, name: str, files: dict[str, dict], needs: dict[str, list[str]] | None = None) -> None:
        """`files`: file name → `at`, `yanked`, `attested`; `needs`: file name → its requirements."""
        items = []
        for filename, given in files.items():
            item: dict = {
                "filename": filename,
                "url": f"../../files/{filename}",
                "hashes": {"sha256": sha256(filename)},
                "yanked": given.get("yanked", False),
                "provenance": "https://index.example/p" if given.get("attested") else None,
            }
            if "at" in given:
                item["upload-time"] = given["at"]
            if needs and filename in needs:
                item["core-metadata"] = {"sha256": "00"}
                lines = [f"Requires-Dist: {need}" for need in needs[filename]]
                self.metadata[filename] = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", *lines, ""])
            items.append(item)
        self.pypi[name] = {"meta": {"api-version": "1.1"}, "name": name, "files": items}

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self._open += 1
            self.most = max(self.most, self._open)
        try:
            self._found(handler)(handler)
        finally:
            with self._lock:
                self._open -= 1

    def _found(self, handler: BaseHTTPRequestHandler):  # type: ignore[no-untyped-def]
        room, _, rest = handler.path.lstrip("/").partition("/")
        if room == "npm" and unquote(rest) in self.npm:
            return self._document(handler, self.npm[unquote(rest)], "application/json")
        if room == "simple" and rest.rstrip("/") in self.pypi:
            if self.html_only or JSON not in handler.headers["accept"]:
                return say(200, b"<!DOCTYPE html><a href='x'>x</a>", Content_Type="text/html; charset=utf-8")
            return self._document(handler, self.pypi[rest.rstrip("/")], JSON)
        if room == "files" and rest.removesuffix(".metadata") in self.metadata:
            return say(200, self.metadata[rest.removesuffix(".metadata")].encode())
        return say(404, b'{"error":"Not found"}')

    def _document(self, handler: BaseHTTPRequestHandler, document: dict, kind: str):  # type: ignore[no-untyped-def]
        body = json.dumps(document).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if handler.headers["if-none-match"] == etag:
            return say(304, ETag=etag)
        return say(200, body, Content_Type=kind, ETag=etag)
