"""A registry for measurements: a PyPI project with a page of about 30 KB, and a packument like that of axios.

    python -m bench.upstream PORT

Everything is generated; the times are long ago, so that a cooldown holds nothing back.
"""

import base64
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

PROJECT, FILES = "evenly", 72
WHOLE, PARTS = "whole", 78
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


def distributions() -> dict[str, tuple[str, bytes, bytes]]:
    """name → (file name, wheel, its METADATA): one that needs 78 others of about 150 KB each."""
    from tests.simulators.past_pypi import build_wheel

    parts = [f"part-{number:02}" for number in range(PARTS)]
    made = {}
    for name in parts:
        stem = name.replace("-", "_")
        text = "".join(f"VALUE_{n} = {digest(f'{name}{n}').hex()!r}\n" for n in range(200)).encode()
        files = {f"{stem}/module_{n}.py": text for n in range(18)}
        made[name] = build_wheel(name, "1.0", (), files, "py3-none-any", "")
    made[WHOLE] = build_wheel(WHOLE, "1.0", parts, {}, "py3-none-any", "")
    return made


def small_page(base: str, name: str, filename: str, wheel: bytes, metadata: bytes) -> dict[str, object]:
    """The project page of one distribution."""
    file = {
        "filename": filename,
        "url": f"{base}/files/{filename}",
        "hashes": {"sha256": hashlib.sha256(wheel).hexdigest()},
        "size": len(wheel),
        "upload-time": "2020-01-01T00:00:00.000000Z",
        "yanked": False,
        "core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()},
    }
    return {"meta": {"api-version": "1.1"}, "name": name, "versions": ["1.0"], "files": [file]}


Answer = tuple[bytes, str]


def answers(base: str) -> dict[str, Answer]:
    """Every path and what lies there, finished."""
    octets = "application/octet-stream"
    found: dict[str, Answer] = {
        f"/simple/{PROJECT}/": (json.dumps(project(base)).encode(), JSON),
        f"/npm/{PACKAGE}": (json.dumps(packument(base)).encode(), "application/json"),
        "/simple/": (f'<!DOCTYPE html><a href="/simple/{PROJECT}/">{PROJECT}</a>'.encode(), "text/html"),
    }
    for name, (filename, wheel, metadata) in distributions().items():
        page_of = json.dumps(small_page(base, name, filename, wheel, metadata)).encode()
        found[f"/simple/{name}/"] = (page_of, JSON)
        found[f"/files/{filename}"] = (wheel, octets)
        found[f"/files/{filename}.metadata"] = (metadata, octets)
    return found


class Upstream:
    """Sends finished bytes, so that what is measured behind it is not its slowness."""

    def __init__(self, base: str) -> None:
        self._answers = answers(base)
        self._html = page(base)

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        path = scope["path"]
        body, kind = self._answers.get(path) or self._answers.get(f"{path}/") or (b"{}", "")
        accept = dict(scope["headers"]).get(b"accept", b"").decode()
        if path.startswith(f"/simple/{PROJECT}") and JSON not in accept:
            body, kind = self._html, "text/html"
        headers = [(b"content-type", (kind or "text/plain").encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200 if kind else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    import uvicorn

    port = int(sys.argv[1])
    uvicorn.run(
        Upstream(f"http://127.0.0.1:{port}"),
        port=port,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_config=None,
    )
