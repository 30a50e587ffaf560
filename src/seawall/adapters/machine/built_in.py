"""What clients use when nobody configures anything is taken from their makers' own constants, never from us.

npm's registry and PyPI's index: what packageurl derives as the address of a package. yarn's registry: the
literal host among the patterns by which packageurl knows npm packages. PyPI's file host: the constant in
pip's source, read as text from the pip beside this Python, the one bundled with it, or the user's own. What
cannot be derived is a note, and its host stays unknown (docs/decisions/0003-default-upstreams.md).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from seawall.kernel.client import Role, Upstream

_INDEX_SOURCE = "pip/_internal/models/index.py"
_LARGEST = 256 * 1024


def built_in(pip_roots: Iterable[Path] = ()) -> tuple[tuple[Upstream, ...], tuple[str, ...]]:
    """The built-in upstreams, npm's registry and PyPI's index first, and notes on what is not known.

    `pip_roots` are `site-packages` directories in which the user's own pip lies.
    """
    found: list[Upstream] = []
    notes: list[str] = []
    npm, pypi = _package_address("pkg:npm/a@1.0.0"), _package_address("pkg:pypi/a@1.0.0")
    if npm:
        found.append(_upstream("npm", "npm", f"{npm}/", Role.DEFAULT))
    if pypi:
        found.append(_upstream("PyPI", "pip", f"{pypi}/simple/", Role.DEFAULT))
    if not (npm and pypi):
        notes.append("the installed packageurl names no default registry, so none is assumed")
    yarn = _yarn_host()
    if yarn:
        found.append(_upstream("npm", "yarn", f"https://{yarn}/", Role.EXTRA))
    else:
        notes.append("yarn's default registry is not known, so its host counts as a stranger's")
    files = _file_host(pip_roots, urlsplit(pypi).netloc)
    if files:
        found.append(_upstream("PyPI", "pip", f"https://{files}/", Role.FILES))
    else:
        notes.append("no pip was found here that names PyPI's file host, so that host counts as a stranger's")
    return tuple(found), tuple(notes)


def _upstream(ecosystem: str, client: str, url: str, role: Role) -> Upstream:
    return Upstream(ecosystem, client, url, role, host=urlsplit(url).netloc.lower())


def _package_address(purl: str) -> str:
    """Scheme and host under which packageurl would look for a package."""
    from packageurl.contrib import purl2url

    download = purl2url.get_download_url(purl)  # type: ignore[no-untyped-call]
    url = download or purl2url.get_repo_url(purl) or ""  # type: ignore[no-untyped-call]
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme == "https" and parts.netloc else ""


def _yarn_host() -> str:
    """The one registry host that packageurl knows npm packages by besides npm's own."""
    from packageurl.contrib.url2purl import purl_router, url2purl

    for pattern in purl_router.route_map:
        literal = re.fullmatch(r"https\?://(registry\.[a-z0-9-]+\\?\.[a-z]+)/\.\*", pattern)
        if literal:
            host = literal[1].replace("\\", "")
            package = url2purl(f"https://{host}/a/-/a-1.0.0.tgz")  # type: ignore[no-untyped-call]
            if package is not None and package.to_string() == "pkg:npm/a@1.0.0":
                return host
    return ""


def _file_host(pip_roots: Iterable[Path], index_host: str) -> str:
    return next((host for source in _sources(pip_roots) if (host := file_host(source, index_host))), "")


def _sources(pip_roots: Iterable[Path]) -> Iterator[str]:
    """pip's own file of constants, from every pip that is at hand; nothing of it is imported."""
    spec = find_spec("pip")
    roots = [Path(place).parent for place in (spec.submodule_search_locations or [])] if spec else []
    for root in (*roots, *pip_roots):
        path = root / _INDEX_SOURCE
        try:
            if path.is_file() and path.stat().st_size <= _LARGEST:
                yield path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    yield from _bundled()


def _bundled() -> Iterator[str]:
    import zipfile

    spec = find_spec("ensurepip")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for wheel in sorted(Path(place).glob("_bundled/pip-*.whl")):
            try:
                with zipfile.ZipFile(wheel) as archive:
                    if archive.getinfo(_INDEX_SOURCE).file_size <= _LARGEST:
                        yield archive.read(_INDEX_SOURCE).decode()
            except (OSError, KeyError, ValueError, zipfile.BadZipFile):
                continue


def file_host(source: str, index_host: str) -> str:
    """The file host that pip's source gives to the index at `index_host`; empty when it gives none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        texts = [v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)]
        if len(texts) == 2 and urlsplit(texts[0]).netloc == index_host and index_host:
            return texts[1].lower() if re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", texts[1]) else ""
    return ""
