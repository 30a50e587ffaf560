"""A PyPI index that shows what had been published by `now`: JSON (PEP 691, 700) and HTML (PEP 503).

    past = PastPypi(now=at("2026-03-01T00:00:00Z"))
    past.wheel("litellm", "1.0", at("2026-02-01T00:00:00Z"), needs=["idna>=3"], provenance=True)
    past.sdist("litellm", "1.0", at("2026-02-01T00:00:00Z"))
    past.wheel("litellm", "1.1", at("2026-03-01T08:00:00Z"), gone=at("2026-03-01T11:00:00Z"))
    past.status["litellm"] = ("quarantined", "reported")                    # PEP 792

`index_url` is what clients are given; pages `/simple/NAME/`, files `/files/NAME/FILENAME`, beside them
`.metadata` (PEP 658) and `.provenance` (PEP 740). An old index: `html_only`, `hashes`, `times`, `metadata`,
`versions` = False. The distributions are real and inert: one module, and for an sdist a build backend in the tree
that needs nothing and copies a wheel. Their bytes are the same in every run.
"""

import base64
import gzip
import hashlib
import html
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from seawall.kernel.asset import pypi_name

from .past import Past, Reply, Request

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
_BACKEND = """\
import pathlib, shutil
NAME = {wheel!r}
def build_wheel(directory, config_settings=None, metadata_directory=None):
    shutil.copy(pathlib.Path(__file__).with_name(NAME), directory)
    return NAME
"""
_PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@dataclass(slots=True)
class Item:
    """One file. `gone` is when the index took it away; `more` are further fields of the page."""

    version: str
    filename: str
    data: bytes = field(repr=False)
    at: datetime
    gone: datetime | None = None
    described: bytes | None = field(default=None, repr=False)
    requires_python: str = ""
    yanked: bool | str = False
    provenance: bool = False
    digest: str = ""
    more: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.digest = self.digest or hashlib.sha256(self.data).hexdigest()


class PastPypi(Past):
    """`projects` by folded name; change an `Item` to let the past be another one."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.projects: dict[str, list[Item]] = {}
        self.status: dict[str, tuple[str, str]] = {}
        self.html_only = False
        self.hashes = self.times = self.metadata = self.versions = True
        self.files_url = "../../files"
        super().__init__(now)

    @property
    def index_url(self) -> str:
        return f"{self.url}/simple/"

    def wheel(self, name: str, version: str, when: datetime, **given: object) -> Item:
        """`needs` and `files` (path in the wheel → bytes) go in, `tag` into its name; the rest is Item's."""
        filename, data, described = build_wheel(name, version, *_taken(given))
        return self.put(name, Item(version, filename, data, when, described=described, **given))  # type: ignore[arg-type]

    def sdist(self, name: str, version: str, when: datetime, **given: object) -> Item:
        filename, data = build_sdist(name, version, *_taken(given))
        return self.put(name, Item(version, filename, data, when, **given))  # type: ignore[arg-type]

    def put(self, name: str, item: Item) -> Item:
        self.projects.setdefault(pypi_name(name), []).append(item)
        return item

    def shown(self, name: str) -> list[Item]:
        """What is there now."""
        return [
            i for i in self.projects.get(name, []) if i.at <= self.now and not (i.gone and i.gone <= self.now)
        ]

    def answer(self, request: Request) -> Reply:
        if request.method not in ("GET", "HEAD"):
            return Reply(405)
        room, _, rest = request.path.lstrip("/").partition("/")
        if room == "simple" and rest:
            return self._page(request, rest.rstrip("/"))
        if room == "files" and rest.count("/") == 1:
            return self._file(*rest.split("/"))
        return Reply(404)

    def _page(self, request: Request, name: str) -> Reply:
        if name != pypi_name(name) or not request.path.endswith("/"):
            return Reply(301, headers={"Location": f"/simple/{pypi_name(name)}/"})
        if not any(item.at <= self.now for item in self.projects.get(name, [])):
            return Reply(404, b"404 Not Found", "text/plain; charset=UTF-8")
        shown = self.shown(name)
        if self.html_only:
            return Reply(body=self._html(name, shown), content_type="text/html; charset=utf-8")
        if JSON in request.headers.get("accept", ""):
            return Reply(body=self._json(name, shown), content_type=JSON, headers={"Vary": "Accept"})
        return Reply(body=self._html(name, shown), content_type=HTML, headers={"Vary": "Accept"})

    def _json(self, name: str, shown: Sequence[Item]) -> bytes:
        page: dict[str, object] = {
            "meta": {"api-version": "1.4", "_last-serial": 7},
            "name": name,
            "files": [self._entry(name, item) for item in shown],
        }
        if self.versions:
            page["versions"] = sorted({item.version for item in shown})
        if name in self.status:
            state, reason = self.status[name]
            page["project-status"] = {"status": state, "reason": reason}
        return json.dumps(page).encode()

    def _entry(self, name: str, item: Item) -> dict[str, object]:
        url = f"{self.files_url}/{name}/{item.filename}"
        entry: dict[str, object] = {
            "filename": item.filename,
            "url": url,
            "hashes": {"sha256": item.digest} if self.hashes else {},
            "requires-python": item.requires_python or None,
            "yanked": item.yanked,
            "size": len(item.data),
            "provenance": f"{self.url}/files/{name}/{item.filename}.provenance" if item.provenance else None,
        }
        if self.times:
            entry["upload-time"] = item.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if self.metadata:
            digest = item.described is not None and {"sha256": hashlib.sha256(item.described).hexdigest()}
            entry["core-metadata"] = entry["data-dist-info-metadata"] = digest
        return entry | dict(item.more)

    def _html(self, name: str, shown: Sequence[Item]) -> bytes:
        status = self.status.get(name)
        state = f'<meta name="pypi:project-status" content="{status[0]}">' if status else ""
        lines = [f'<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.4">{state}']
        lines.append(f"<title>Links for {name}</title></head><body><h1>Links for {name}</h1>")
        for item in shown:
            said = {"href": f"{self.files_url}/{name}/{item.filename}"}
            if self.hashes:
                said["href"] += f"#sha256={item.digest}"
            if item.requires_python:
                said["data-requires-python"] = item.requires_python
            if item.yanked is not False:
                said["data-yanked"] = "" if item.yanked is True else item.yanked
            if self.metadata and item.described is not None:
                said["data-core-metadata"] = f"sha256={hashlib.sha256(item.described).hexdigest()}"
            if item.provenance:
                said["data-provenance"] = f"{self.url}/files/{name}/{item.filename}.provenance"
            told = " ".join(f'{key}="{html.escape(value)}"' for key, value in said.items())
            lines.append(f"<a {told}>{item.filename}</a><br />")
        return "\n".join([*lines, "</body></html>"]).encode()

    def _file(self, name: str, filename: str) -> Reply:
        for item in self.shown(name):
            if filename == item.filename:
                return Reply(body=item.data, content_type="application/octet-stream")
            if filename == f"{item.filename}.metadata" and item.described is not None and self.metadata:
                return Reply(body=item.described, content_type="application/octet-stream")
            if filename == f"{item.filename}.provenance" and item.provenance:
                body = {"version": 1, "attestation_bundles": [{"publisher": {"kind": "GitHub"}}]}
                return Reply(
                    body=json.dumps(body).encode(), content_type="application/vnd.pypi.integrity.v1+json"
                )
        return Reply(404)


def _taken(given: dict) -> tuple[Sequence[str], Mapping[str, bytes], str, str]:
    return (
        given.pop("needs", ()),
        given.pop("files", {}),
        given.pop("tag", "py3-none-any"),
        str(given.get("requires_python", "")),
    )


def build_wheel(
    name: str, version: str, needs: Sequence[str], files: Mapping[str, bytes], tag: str, python: str
) -> tuple[str, bytes, bytes]:
    """(file name, its bytes, its METADATA)."""
    bare = pypi_name(name).replace("-", "_")
    described = _described(name, version, needs, python)
    inside = {
        f"{bare}.py": f"version = {version!r}\n".encode(),
        **files,
        f"{bare}-{version}.dist-info/METADATA": described,
        f"{bare}-{version}.dist-info/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: past\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
        ),
    }
    record = "".join(f"{path},sha256={_b64(data)},{len(data)}\n" for path, data in inside.items())
    inside[f"{bare}-{version}.dist-info/RECORD"] = f"{record}{bare}-{version}.dist-info/RECORD,,\n".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in inside.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), data)
    return f"{bare}-{version}-{tag}.whl", out.getvalue(), described


def build_sdist(
    name: str, version: str, needs: Sequence[str], files: Mapping[str, bytes], tag: str, python: str
) -> tuple[str, bytes]:
    bare = pypi_name(name).replace("-", "_")
    wheel, data, described = build_wheel(name, version, needs, files, tag, python)
    inside = {
        "PKG-INFO": described,
        "pyproject.toml": _PROJECT.encode(),
        "backend.py": _BACKEND.format(wheel=wheel).encode(),
        f"{bare}.py": f"version = {version!r}\n".encode(),
        **files,
        wheel: data,
    }
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, content in inside.items():
            member = tarfile.TarInfo(f"{bare}-{version}/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return f"{bare}-{version}.tar.gz", out.getvalue()


def _described(name: str, version: str, needs: Sequence[str], python: str) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Summary: inert"]
    lines += [f"Requires-Python: {python}"] if python else []
    return "\n".join([*lines, *(f"Requires-Dist: {need}" for need in needs), "", ""]).encode()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
