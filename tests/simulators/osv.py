"""The OSV service and its bucket, simulated on this machine from their documentation.

`POST /v1/querybatch` and `GET /v1/vulns/ID` (https://google.github.io/osv.dev/api/), and the bucket's
`ECOSYSTEM/all.zip`, `ECOSYSTEM/ID.json`, `ECOSYSTEM/modified_id.csv`. The real service compares versions;
this one says that a record is about a version when the record lists it, or when a test says so in `also`.
"""

import io
import json
import re
import zipfile
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

from .loopback import Server, say

KNOWN = {"npm", "PyPI", "crates.io", "Go", "Maven", "NuGet"}


def record(name: str, ecosystem: str, package: str, versions: tuple[str, ...] = (), **more: object) -> dict:
    """One OSV record. `more` are further fields of it; `ranges` is put into its `affected`."""
    affected: dict = {"package": {"ecosystem": ecosystem, "name": package}, "versions": list(versions)}
    if "ranges" in more:
        affected["ranges"] = more.pop("ranges")
    return {
        "schema_version": "1.7.0",
        "id": name,
        "modified": "2026-01-02T03:04:05Z",
        "published": "2026-01-01T00:00:00Z",
        "summary": f"A flaw in {package}",
        "affected": [affected],
        **more,
    }


def zipped(records: list[dict]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in records:
            archive.writestr(f"{item['id']}.json", json.dumps(item))
    return file.getvalue()


class Osv(Server):
    """The service at `url` and the bucket at `bucket`."""

    def __init__(self, records: list[dict] | None = None, page: int = 1000) -> None:
        super().__init__()
        self.records: dict[str, dict] = {item["id"]: item for item in records or []}
        self.also: dict[tuple[str, str, str], list[str]] = {}
        self.page = page
        self.queries: list[dict] = []
        self.bucket = f"{self.url}/bucket"
        self.answers["/v1/querybatch"] = self._batch
        self.fallback = self._other

    def asked(self, path: str) -> int:
        """How often a path that matches this was asked."""
        return sum(1 for seen, _ in self.seen if re.search(path, seen))

    def _batch(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        queries = body["queries"]
        self.queries += queries
        bad = [q for q in queries if q["package"]["ecosystem"] not in KNOWN or q["package"]["name"] == "bad"]
        if len(queries) > 1000 or bad:
            say(400, b'{"code":3,"message":"Invalid query."}')(handler)
            return
        say(200, json.dumps({"results": [self._result(q) for q in queries]}).encode())(handler)

    def _result(self, query: dict) -> dict:
        package, version = query["package"], query["version"]
        place = (package["ecosystem"], package["name"], version)
        names = [
            item["id"]
            for item in self.records.values()
            for affected in item["affected"]
            if affected["package"] == package and version in affected["versions"]
        ]
        names = sorted(set(names) | set(self.also.get(place, ())))
        start = int(query.get("page_token") or 0)
        mine = names[start : start + self.page]
        result: dict = {}
        if mine:
            result["vulns"] = [{"id": n, "modified": self._modified(n)} for n in mine]
        if start + self.page < len(names):
            result["next_page_token"] = str(start + self.page)
        return result

    def _modified(self, name: str) -> str:
        return self.records[name]["modified"] if name in self.records else "2026-01-01T00:00:00Z"

    def _other(self, handler: BaseHTTPRequestHandler) -> None:
        path = unquote(handler.path)
        if path.startswith("/v1/vulns/"):
            found = self.records.get(path.removeprefix("/v1/vulns/"))
            (say(200, json.dumps(found).encode()) if found else say(404))(handler)
            return
        parts = path.strip("/").split("/")
        mine = [r for r in self.records.values() if _in(r, parts[1])] if len(parts) == 3 else []
        if parts[0] != "bucket" or not mine:
            say(404)(handler)
        elif parts[2] == "all.zip":
            say(200, zipped(mine))(handler)
        elif parts[2] == "modified_id.csv":
            newest = sorted(mine, key=lambda r: r["modified"], reverse=True)
            say(200, "".join(f"{r['modified']},{r['id']}\n" for r in newest).encode())(handler)
        else:
            one = {f"{r['id']}.json": r for r in mine}.get(parts[2])
            (say(200, json.dumps(one).encode()) if one else say(404))(handler)


def _in(item: dict, ecosystem: str) -> bool:
    return any(a["package"]["ecosystem"] == ecosystem for a in item["affected"])
