"""An npm document offers one tarball for each version; what points elsewhere than to its own is no offer.

Source: the registry's full package document. The short one (`application/vnd.npm.install-v1+json`) has no
times, so it is never asked for. A version is left out where it is no Semantic Version, calls itself
something else, or has its tarball under the address of another package or of another version of this one:
it would be judged under one name and be something else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import Limits
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.release import Listed
from seawall.readers.syntax.json import deeper_than

from .npm_packument import listing_in, load_packument, mapping

_VERSION = re.compile(
    r"\d{1,16}\.\d{1,16}\.\d{1,16}(?:-?[0-9A-Za-z][0-9A-Za-z.-]*)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII
)
"""A Semantic Version (2.0); the oldest ones in the registry lack the hyphen (`1.0.0beta2`)."""
_LONGEST_VERSION = 256
ATTESTATIONS = "/-/npm/v1/attestations/"
"""Below it lies what attests NAME@VERSION."""
_LONGEST_URL = 4_096
_FILENAME = re.compile(r"[A-Za-z0-9][\w.~+-]{0,300}\.tgz", re.ASCII)


def read_document(
    data: bytes, content_type: str, url: str, name: str, origin: str, limits: Limits
) -> Offering:
    """What `data`, which came from `url`, offers under `name`. Raises OutsideError when it is none."""
    del content_type  # registries say application/json, and some say text/plain
    document = load_packument(data, name)
    if deeper_than(document, limits.nesting):
        raise OutsideError(f"its answer is nested deeper than {limits.nesting} levels", "ask again later")
    listing = listing_in(document, name)
    offers = tuple(_offers(document, listing.releases, url, name))
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Offering(
        "npm", name, origin, urlsplit(url).netloc.rpartition("@")[2], listing, offers, document, digest
    )


def _offers(
    document: Mapping[str, object], releases: tuple[Listed, ...], url: str, name: str
) -> Iterator[Offer]:
    versions = mapping(document.get("versions"))
    own = {usual_filename(name, item.version): item.version for item in releases}
    taken: set[str] = set()
    for listed in releases:
        version, item = listed.version, versions[listed.version]
        if not _is_itself(item, name, version):
            continue
        usual = usual_filename(name, version)
        address = _tarball(
            mapping(mapping(item).get("dist")).get("tarball"), urljoin(f"{url}/", f"-/{usual}")
        )
        if not address or not _is_of(address, name):
            continue
        filename = unquote(address.partition("?")[0].rpartition("/")[2])
        if own.get(filename, version) != version:
            continue
        if filename in taken or not _FILENAME.fullmatch(filename):
            filename = usual
        taken.add(filename)
        attested = _attestations(mapping(mapping(item).get("dist")).get("attestations"), name, version)
        yield Offer(version, filename, address, listed.digests, listed.published, provenance=attested)


def _attestations(value: object, name: str, version: str) -> str:
    """Where the attestations of this version are; empty where they are said to be at no usual place."""
    address = _tarball(mapping(value).get("url"), "")
    usual = f"{ATTESTATIONS}{name}@{version}"
    return address if unquote(urlsplit(address).path).endswith(usual) else ""


def usual_filename(name: str, version: str) -> str:
    """`NAME-VERSION.tgz`, the scope left out."""
    return f"{name.rpartition('/')[2]}-{version}.tgz"


def version_in(filename: str, name: str) -> str:
    """The version in the usual file name of a release of `name`; empty when it is none."""
    before = f"{name.rpartition('/')[2]}-"
    version = filename.removeprefix(before).removesuffix(".tgz")
    return version if usual_filename(name, version) == filename and _VERSION.fullmatch(version) else ""


def _is_itself(item: object, name: str, version: str) -> bool:
    return (
        isinstance(item, dict)
        and len(version) <= _LONGEST_VERSION
        and _VERSION.fullmatch(version) is not None
        and item.get("name", name) == name
        and item.get("version", version) == version
    )


def _tarball(value: object, usual: str) -> str:
    """The address without userinfo and fragment; `usual` where none is said, empty where it is no address."""
    if value is None:
        return usual
    if not isinstance(value, str) or len(value) > _LONGEST_URL or not value.isprintable() or " " in value:
        return ""
    try:
        parts = urlsplit(value)
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme not in ("http", "https") or not host or parts.port == 0:
            return ""
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def _is_of(address: str, name: str) -> bool:
    """In the address of a tarball the package's name stands before `/-/`; other layouts name nobody."""
    before, mark, _ = unquote(urlsplit(address).path).partition("/-/")
    if not mark:
        return True
    *scope, bare = [part.lower() for part in before.split("/")[-2:]]
    scoped = bool(scope) and scope[0].startswith("@")
    return (f"{scope[0]}/{bare}" if scoped else bare) == name.lower()
