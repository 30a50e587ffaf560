"""A registry on this machine that has one package, `ebb`: an old release, one of three days, one of an hour.

It speaks npm's protocol under `/npm/` (full and abbreviated documents: only the full one has times) and the
simple API under `/simple/` (JSON with `upload-time`, PEP 691 and 700), so that real clients can be asked what
they take. What lies in its archives is inert.
"""

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

from .loopback import Server, say

NAME = "ebb"
AGES = {"1.0.0": timedelta(days=400), "1.1.0": timedelta(days=3), "1.2.0": timedelta(hours=1)}
OLD, *_, YOUNG = AGES
_ABBREVIATED = "application/vnd.npm.install-v1+json"
_SIMPLE = "application/vnd.pypi.simple.v1+json"


class Ageing(Server):
    """`npm` and `index` are what a client is given as its registry."""

    def __init__(self, *, scripts: bool = False) -> None:
        super().__init__()
        now = datetime.now(UTC)
        self.npm = f"{self.url}/npm/"
        self.index = f"{self.url}/simple/"
        self.times = {version: _written(now - age) for version, age in AGES.items()}
        self.answers[f"/npm/{NAME}"] = self._packument
        self.answers[f"/simple/{NAME}/"] = self._project
        for version in AGES:
            self.answers[f"/npm/{NAME}/-/{NAME}-{version}.tgz"] = say(200, tarball(version, scripts=scripts))
            self.answers[f"/files/{_wheel_name(version)}"] = say(200, wheel(version))
            self.answers[f"/files/{_wheel_name(version)}.metadata"] = say(200, _metadata(version))
        self._scripts = scripts

    def taken(self) -> list[str]:
        """The versions whose files were fetched, in order and each once."""
        files = [path for path, _ in self.seen if path.endswith((".tgz", ".whl"))]
        return list(dict.fromkeys(v for path in files for v in AGES if f"-{v}" in path))

    def _packument(self, handler: BaseHTTPRequestHandler) -> None:
        short = _ABBREVIATED in handler.headers.get("Accept", "")
        document = {
            "name": NAME,
            "dist-tags": {"latest": YOUNG},
            "modified": self.times[YOUNG],
            "versions": {version: self._manifest(version) for version in AGES},
        }
        if not short:
            document["time"] = {"created": self.times[OLD], "modified": self.times[YOUNG], **self.times}
        kind = _ABBREVIATED if short else "application/json"
        say(200, json.dumps(document).encode(), Content_Type=kind)(handler)

    def _manifest(self, version: str) -> dict:
        data = tarball(version, scripts=self._scripts)
        return {
            "name": NAME,
            "version": version,
            **(
                {"scripts": {"postinstall": "echo ran > ran"}, "hasInstallScript": True}
                if self._scripts
                else {}
            ),
            "dist": {
                "tarball": f"{self.npm}{NAME}/-/{NAME}-{version}.tgz",
                "shasum": hashlib.sha1(data).hexdigest(),
                "integrity": "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode(),
            },
        }

    def _project(self, handler: BaseHTTPRequestHandler) -> None:
        files = [
            {
                "filename": _wheel_name(version),
                "url": f"{self.url}/files/{_wheel_name(version)}",
                "hashes": {"sha256": hashlib.sha256(wheel(version)).hexdigest()},
                "core-metadata": {"sha256": hashlib.sha256(_metadata(version)).hexdigest()},
                "size": len(wheel(version)),
                "upload-time": self.times[version],
                "requires-python": ">=3.8",
            }
            for version in AGES
        ]
        document = {
            "meta": {"api-version": "1.1"},
            "name": NAME,
            "versions": list(AGES),
            "files": files,
        }
        say(200, json.dumps(document).encode(), Content_Type=_SIMPLE)(handler)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tarball(version: str, *, scripts: bool = False) -> bytes:
    """An npm package: a manifest and an empty module, always the same bytes."""
    manifest: dict = {"name": NAME, "version": version, "main": "index.js"}
    if scripts:
        manifest["scripts"] = {"postinstall": "echo ran > ran"}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=9) as archive:
        for name, data in (("package.json", json.dumps(manifest).encode()), ("index.js", b"\n")):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    data = bytearray(file.getvalue())
    data[4:8] = bytes(4)  # gzip's own time
    return bytes(data)


def _wheel_name(version: str) -> str:
    return f"{NAME}-{version}-py3-none-any.whl"


def _metadata(version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n".encode()


def wheel(version: str) -> bytes:
    """A wheel with an empty module, always the same bytes."""
    info = f"{NAME}-{version}.dist-info"
    parts = {
        f"{NAME}.py": b"\n",
        f"{info}/METADATA": _metadata(version),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*parts, f"{info}/RECORD"))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in {**parts, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
    return file.getvalue()
