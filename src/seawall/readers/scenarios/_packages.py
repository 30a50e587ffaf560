"""A package and its releases: each release has what the one before it had, and what is said of it besides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from seawall.kernel.asset import package_name
from seawall.kernel.scenario import PastPackage, PastRelease
from seawall.kernel.versions import order

from ._values import (
    Beside,
    Refused,
    Table,
    array,
    flag,
    maybe_time,
    pairs,
    refuse_unknown,
    texts,
    time,
    word,
    words,
)

_PACKAGE = frozenset({"ecosystem", "name", "born", "release"})
_RELEASE = frozenset({
    "version", "at", "gone", "by", "pipeline", "attested", "scripts", "needs", "optional", "files", "without",
    "only_wheel", "only_sdist", "archives", "bad", "note",
})  # fmt: skip
_MOST_RELEASES = 2_000
_KINDS = frozenset({"wheel", "sdist"})


def package(item: Table, beside: Beside) -> PastPackage:
    """One [[package]]. Raises Refused."""
    refuse_unknown(item, _PACKAGE, "a package")
    said = word(item, "ecosystem")
    ecosystem = {"npm": "npm", "pypi": "PyPI"}.get(said.lower(), said)
    name = package_name(ecosystem, word(item, "name"))
    found = array(item, "release")
    if not found:
        raise Refused(f"{name} has no [[package.release]]")
    if len(found) > _MOST_RELEASES:
        raise Refused(f"{name} has more than {_MOST_RELEASES} releases")
    releases: list[PastRelease] = []
    for index, one in enumerate(found):
        before = releases[-1] if releases else None
        try:
            releases.append(_release(one, before, first_files(ecosystem, name), beside))
            _refuse_version(ecosystem, releases[-1].version)
        except Refused as refusal:
            raise Refused(f"{name}, release {index + 1}: {refusal}", refusal.line) from None
    versions = [one.version for one in releases]
    twice = next((version for version in versions if versions.count(version) > 1), None)
    if twice:
        raise Refused(f"{name} has {twice} twice")
    return PastPackage(ecosystem, name, tuple(releases), maybe_time(item, "born"))


_SEMANTIC = re.compile(r"\d{1,16}\.\d{1,16}\.\d{1,16}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)


def _refuse_version(ecosystem: str, version: str) -> None:
    """A registry offers no release whose version it cannot read, and then nobody is asked about it."""
    wrong = ecosystem == "npm" and not _SEMANTIC.fullmatch(version)
    if wrong or (ecosystem == "PyPI" and order(ecosystem)(version) is None):
        raise Refused(f"{version[:40]!r} is no version of {ecosystem}")


def first_files(ecosystem: str, name: str) -> Mapping[str, bytes]:
    """What a package holds of which nothing is said: one small module."""
    if ecosystem == "npm":
        return {"index.js": b"module.exports = x => x + 1;\n"}
    bare = name.replace("-", "_").replace(".", "_")
    return {f"{bare}/__init__.py": b"def f(x):\n    return x + 1\n"}


def _release(
    item: Table, before: PastRelease | None, first: Mapping[str, bytes], beside: Beside
) -> PastRelease:
    refuse_unknown(item, _RELEASE, "a release")
    word(item, "note", "")
    at, gone = time(item, "at"), maybe_time(item, "gone")
    if gone is not None and gone <= at:
        raise Refused("gone must be later than at")
    kinds = frozenset(texts(item, "archives")) or _KINDS
    if not kinds <= _KINDS:
        raise Refused(f"archives are {' and '.join(sorted(_KINDS))}")
    kept = {
        path: data
        for path, data in (before.files if before else first).items()
        if path not in texts(item, "without")
    }
    return PastRelease(
        version=word(item, "version"),
        at=at,
        gone=gone,
        by=word(item, "by", ""),
        pipeline=word(item, "pipeline", ""),
        attested=flag(item, "attested"),
        scripts=words(item, "scripts") if "scripts" in item or not before else before.scripts,
        needs=words(item, "needs") if "needs" in item or not before else before.needs,
        optional=words(item, "optional") if "optional" in item or not before else before.optional,
        files=MappingProxyType({**kept, **pairs(item, "files", beside)}),
        only_wheel=pairs(item, "only_wheel", beside),
        only_sdist=pairs(item, "only_sdist", beside),
        kinds=kinds,
        bad=flag(item, "bad"),
    )
