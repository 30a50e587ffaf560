"""Archives as registries hold them, packed in memory and always of the same bytes.

What goes in comes from scenarios. Nothing is written to a disk here, and nothing that is packed is run.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping

from seawall.kernel.scenario import PastPackage, PastRelease

_THEN = (2020, 1, 1, 0, 0, 0)


def archives(package: PastPackage, release: PastRelease) -> dict[str, bytes]:
    """Every archive of a release, by file name: an npm tarball, or a wheel and a source archive."""
    if package.ecosystem == "npm":
        filename = f"{package.name.rpartition('/')[2]}-{release.version}.tgz"
        return {filename: _npm(package, release)}
    bare = package.name.replace("-", "_").replace(".", "_")
    found = {}
    if "wheel" in release.kinds:
        found[f"{bare}-{release.version}-py3-none-any.whl"] = _wheel(bare, package, release)
    if "sdist" in release.kinds:
        found[f"{bare}-{release.version}.tar.gz"] = _sdist(bare, package, release)
    return found


def manifest(package: PastPackage, release: PastRelease) -> dict[str, object]:
    """The package.json of a release, as its registry repeats it."""
    made: dict[str, object] = {"name": package.name, "version": release.version, "main": "index.js"}
    for key, value in (
        ("dependencies", release.needs),
        ("optionalDependencies", release.optional),
        ("scripts", release.scripts),
    ):
        if value:
            made[key] = dict(value)
    return made


def _npm(package: PastPackage, release: PastRelease) -> bytes:
    said = json.dumps(manifest(package, release), indent=1).encode()
    return _tarball(
        {f"package/{path}": data for path, data in {"package.json": said, **release.files}.items()}
    )


def _wheel(bare: str, package: PastPackage, release: PastRelease) -> bytes:
    info = f"{bare}-{release.version}.dist-info"
    inside = {
        **release.files,
        **release.only_wheel,
        f"{info}/METADATA": _described(package, release),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in inside.items():
            archive.writestr(zipfile.ZipInfo(path, _THEN), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _sdist(bare: str, package: PastPackage, release: PastRelease) -> bytes:
    root = f"{bare}-{release.version}"
    inside = {"PKG-INFO": _described(package, release), **release.files, **release.only_sdist}
    return _tarball({f"{root}/{path}": data for path, data in inside.items()})


def _described(package: PastPackage, release: PastRelease) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {package.name}", f"Version: {release.version}"]
    lines += [f"Requires-Dist: {name}{spec}" for name, spec in release.needs.items()]
    return "\n".join([*lines, "", ""]).encode()


def _tarball(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), 6, mtime=0)
