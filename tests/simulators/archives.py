"""Archives as they are published, made in memory; what is bad about them is text and never run."""

import gzip
import io
import json
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from seawall.kernel.contents import Contents
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.release_diff import Declared, ReleaseDiff
from seawall.readers.archives import Memory, read, shape_of
from seawall.readers.containers.member import source_of

Files = Mapping[str, str | bytes]


def as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def wheel(files: Files, name: str = "thing", version: str = "1.0.1") -> bytes:
    out = io.BytesIO()
    info = f"{name}-{version}.dist-info"
    described = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, value in {**described, **files}.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), as_bytes(value))
    return out.getvalue()


def tarball(files: Files, executable: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path, value in files.items():
            entry = tarfile.TarInfo(path)
            data = as_bytes(value)
            entry.size = len(data)
            entry.mode = 0o755 if path in executable else 0o644
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def sdist(files: Files, name: str = "thing", version: str = "1.0.1") -> bytes:
    root = f"{name}-{version}"
    described = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
    return tarball({f"{root}/{path}": value for path, value in {**described, **files}.items()})


def npm(files: Files, name: str = "thing", version: str = "1.0.1") -> bytes:
    described = {"package.json": json.dumps({"name": name, "version": version})}
    return tarball({f"package/{path}": value for path, value in {**described, **files}.items()})


def packed(filename: str, files: Files, name: str, version: str) -> bytes:
    if filename.endswith(".whl"):
        return wheel(files, name, version)
    return (npm if filename.endswith(".tgz") else sdist)(files, name, version)


def contents(ecosystem: str, filename: str, data: bytes) -> Contents:
    shape = shape_of(ecosystem, filename)
    assert shape
    return read(source_of(data), shape, filename, DEFAULT_LIMITS, Memory())


def diff_of(file: Path) -> ReleaseDiff:
    """The comparison that a `release.toml` describes.

    Tables `new`, `old` and `source` hold path = text; a value `hex:…` is bytes, `zeros:N` so many of them. `cut` shortens the new
    archive to that many bytes.
    """
    case = tomllib.loads(file.read_text())
    name, version = case.get("name", "thing"), case.get("version", "1.0.1")

    def made(table: str, filename: str, of: str) -> Contents | None:
        if table not in case:
            return None
        files = {path: _value(text) for path, text in case[table].items()}
        data = packed(filename, files, case.get("calls_itself", name) if table == "new" else name, of)
        return contents(case["ecosystem"], filename, data[: case.get("cut")] if table == "new" else data)

    new = made("new", case["filename"], version)
    assert new
    return ReleaseDiff(
        Declared(case["ecosystem"], name, version, install_script=case.get("install_script")),
        new,
        made("old", case["filename"], "1.0.0"),
        made("source", f"{name}-{version}.tar.gz", version),
        "1.0.0" if "old" in case else "",
    )


def _value(text: str) -> str | bytes:
    if text.startswith("zeros:"):
        return bytes(int(text[6:]))
    return bytes.fromhex(text[4:]) if text.startswith("hex:") else text
