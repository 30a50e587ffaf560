"""A registry for measurements: a PyPI project with a page of about 30 KB, and a packument like that of axios.

    python -m bench.upstream PORT

Everything is generated; the times are long ago, so that a cooldown holds nothing back.
"""

import base64
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROJECT, FILES = "evenly", 72
PACKAGE, RELEASES = "axion", 240
JSON = "application/vnd.pypi.simple.v1+json"
_LONG_AGO = datetime(2019, 3, 1, tzinfo=UTC)


def digest(text: str, algorithm: str = "sha256") -> bytes:
    return hashlib.new(algorithm, text.encode()).digest()


def project(base: str) -> dict[str, object]:
    """A project page as PEP 691 writes it, of about 30 KB."""
    files = []
    for number in range(FILES):
        filename = f"{PROJECT}-1.{number}.0-py3-none-any.whl"
        files.append(
            {
                "filename": filename,
                "url": f"{base}/files/{filename}",
                "hashes": {"sha256": digest(filename).hex()},
                "requires-python": ">=3.9",
                "size": 40_000 + number,
                "upload-time": (_LONG_AGO + timedelta(days=20 * number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "yanked": False,
                "core-metadata": {"sha256": digest(f"{filename}.metadata").hex()},
                "provenance": None,
            }
        )
    versions = [f"1.{number}.0" for number in range(FILES)]
    return {"meta": {"api-version": "1.1"}, "name": PROJECT, "versions": versions, "files": files}


def page(base: str) -> bytes:
    """The same as HTML."""
    found = project(base)
    lines = [
        f'<a href="{f["url"]}#sha256={f["hashes"]["sha256"]}" data-requires-python="&gt;=3.9"'
        f' data-core-metadata="sha256={f["core-metadata"]["sha256"]}">{f["filename"]}</a><br />'
        for f in found["files"]  # type: ignore[attr-defined]
    ]
    return (
        "<!DOCTYPE html><html><head><title>Links</title></head><body>" + "\n".join(lines) + "</body></html>"
    ).encode()


def packument(base: str) -> dict[str, object]:
    """A full packument with as many releases and dependencies as a large old package has."""
    versions, times = {}, {"created": _LONG_AGO.isoformat(), "modified": "2025-06-01T00:00:00.000Z"}
    for number in range(RELEASES):
        version = f"{number // 40}.{number % 40}.0"
        name = f"{PACKAGE}-{version}"
        times[version] = (_LONG_AGO + timedelta(days=9 * number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        versions[version] = {
            "name": PACKAGE,
            "version": version,
            "description": "A client for requests that nobody sends, with many options " * 3,
            "main": "index.js",
            "scripts": {f"task{n}": f"tool --option {n} --with another" for n in range(20)},
            "repository": {"type": "git", "url": f"git+https://code.example/{PACKAGE}.git"},
            "keywords": ["xhr", "http", "ajax", "promise", "node"],
            "license": "MIT",
            "dependencies": {"follows": "^1.15.6", "form-part": "^4.0.0", "proxy-env": "^1.1.0"},
            "devDependencies": {f"dev-{n}": f"^{n}.1.2" for n in range(60)},
            "browser": {"./lib/platform/node/index.js": "./lib/platform/browser/index.js"},
            "_id": f"{PACKAGE}@{version}",
            "_nodeVersion": "20.10.0",
            "_npmVersion": "10.2.3",
            "_npmUser": {"name": "releaser", "email": "releaser@mail.example"},
            "maintainers": [{"name": f"keeper{n}", "email": f"k{n}@mail.example"} for n in range(4)],
            "dist": {
                "shasum": digest(name, "sha1").hex(),
                "tarball": f"{base}/npm/{PACKAGE}/-/{name}.tgz",
                "fileCount": 80,
                "integrity": "sha512-" + base64.b64encode(digest(name, "sha512")).decode(),
                "unpackedSize": 2_000_000,
                "signatures": [
                    {"keyid": "SHA256:x", "sig": base64.b64encode(digest(name, "sha512")).decode()}
                ],
            },
        }
    return {
        "_id": PACKAGE,
        "_rev": "1-x",
        "name": PACKAGE,
        "dist-tags": {"latest": version},
        "versions": versions,
        "time": times,
        "readme": "A client.\n" * 800,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        found: tuple[bytes, str] | None = None
        if self.path.startswith(f"/simple/{PROJECT}"):
            wants_json = JSON in self.headers.get("accept", "")
            found = (json.dumps(project(base)).encode(), JSON) if wants_json else (page(base), "text/html")
        elif self.path.startswith(f"/npm/{PACKAGE}") and "/-/" not in self.path:
            found = (json.dumps(packument(base)).encode(), "application/json")
        elif self.path in ("/simple/", "/simple"):
            found = (f'<!DOCTYPE html><a href="/simple/{PROJECT}/">{PROJECT}</a>'.encode(), "text/html")
        body, kind = found or (b"{}", "application/json")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()
