"""What holds for every format: real files are read, damaged ones are said to be damaged, and no bytes crash it."""

import json
from pathlib import Path

import pytest
from bench import lockfiles as made
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Document, DocumentKind, Pin
from seawall.readers.format import Format
from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS

BY_ID = {item.id: item for item in FORMATS}
SAMPLES = {
    "npm-package-lock": made.package_lock(30, 1),
    "npm-shrinkwrap": made.package_lock(30, 2),
    "pnpm-lock": made.pnpm_lock(30, 3),
    "yarn-lock": made.yarn_lock(30, 4),
    "uv-lock": made.uv_lock(30, 5),
    "poetry-lock": made.poetry_lock(30, 6),
    "requirements": made.requirements(30, 7),
    "cargo-lock": made.cargo_lock(30, 8),
    "go-mod": made.go_mod(30, 9),
    "pylock": made.pylock(30, 10),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


def read(item: Format, data: bytes) -> Document:
    document = item.read(data, "a/b", DEFAULT_LIMITS)
    assert document.path == "a/b"
    for pin in document.pins:
        check(pin)
    return document


def check(pin: Pin) -> None:
    assert pin.name
    assert "@" not in pin.source.host
    assert all(":" in digest for digest in pin.digests)
    assert pin.purl.startswith("pkg:")
    assert len(pin.via) <= DEFAULT_LIMITS.chain


@pytest.mark.parametrize("name", SAMPLES)
def test_a_whole_file_is_read(name: str) -> None:
    document = read(BY_ID[name], SAMPLES[name].encode())
    assert document.problems == ()
    assert len({pin.key for pin in document.pins}) == 30


@pytest.mark.parametrize("name", [n for n in SAMPLES if n not in ("go-mod", "requirements")])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75, 0.97])
def test_a_cut_file_says_so(name: str, share: float) -> None:
    """In the middle of a line; what a format cannot notice at other places is told in its own tests."""
    text = SAMPLES[name].rstrip()
    cut = text[: text.rindex("\n", 0, int(len(text) * share)) + 4]
    assert read(BY_ID[name], cut.encode()).problems


@pytest.mark.parametrize("item", FORMATS, ids=lambda item: item.id)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"\x00" * 50,
        b"\xff\xfe\xff",
        b"{" * 100_000,
        b"[" * 100_000,
        b"- " * 50_000,
        b"a:\n" * 10,
        b"{}",
        b"[]",
        b"null",
    ],
)
def test_hostile_bytes_are_bounded_and_said(item: Format, data: bytes) -> None:
    document = read(item, data)
    if data[:1] in (b"\x00", b"\xff"):
        assert document.problems
    assert not document.pins


@pytest.mark.parametrize("item", FORMATS, ids=lambda item: item.id)
def test_a_file_over_the_bound_is_not_read(item: Format) -> None:
    from dataclasses import replace

    document = item.read(b"#" * 2_000, "a", replace(DEFAULT_LIMITS, file_bytes=1_000))
    assert [str(p.kind) for p in document.problems] == ["too-large"]


@pytest.mark.parametrize("item", FORMATS, ids=lambda item: item.id)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_no_bytes_crash_a_reader(item: Format, data: bytes) -> None:
    read(item, data)


@pytest.mark.parametrize(
    "name", ["npm-package-lock", "bun-lock", "package-json", "cyclonedx", "spdx", "pipfile-lock"]
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON)
def test_wrong_shapes_in_json_do_not_crash(name: str, value: object) -> None:
    for document in (
        value,
        {"lockfileVersion": 3, "packages": value},
        {"lockfileVersion": 1, "dependencies": value, "workspaces": value, "packages": value},
        {
            "lockfileVersion": 2,
            "packages": {"": value, "node_modules/a": value, "node_modules/b": {"version": value}},
        },
        {"bomFormat": "CycloneDX", "components": value, "dependencies": value, "metadata": value},
        {"bomFormat": "CycloneDX", "components": [{"purl": value, "bom-ref": value, "hashes": value}]},
        {"spdxVersion": "SPDX-2.3", "packages": [{"externalRefs": value, "checksums": value}]},
        {"dependencies": value, "devDependencies": value, "workspaces": value, "scripts": value},
        {"_meta": value, "default": value, "develop": {"a": value}},
    ):
        read(BY_ID[name], json.dumps(document).encode())


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda item: item.id)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), value=JSON)
def test_no_installed_file_crashes_an_environment(environment, data: bytes, value: object) -> None:  # type: ignore[no-untyped-def]
    names = [
        "a/package.json",
        ".package-lock.json",
        "a-1.dist-info/METADATA",
        "a-1.dist-info/RECORD",
        "x.pth",
    ]
    for content in (data, json.dumps(value).encode(), json.dumps({"name": value, "version": value}).encode()):
        files = {name: content for name in names if environment.wanted(name)}
        document = environment.read("env", files, DEFAULT_LIMITS)
        assert document.kind is DocumentKind.INSTALLED


CANARY = "not-a-real-secret-4711"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("npm-package-lock", '{"lockfileVersion":3,"packages":{"":{},"node_modules/a":{"version":"1.0.0","resolved":"https://u:%s@registry.example/a/-/a-1.0.0.tgz"}}}'),
        ("package-json", '{"dependencies":{"a":"git+https://u:%s@git.example/a.git","b":"https://h.example/b.tgz?token=%s"}}'),
        ("pnpm-lock", "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies: {}\npackages:\n  a@1.0.0:\n    resolution: {tarball: 'https://u:%s@h.example/a.tgz'}\nsnapshots: {}\n"),
        ("yarn-lock", '# yarn lockfile v1\n\na@^1:\n  version "1.0.0"\n  resolved "https://u:%s@h.example/a/-/a-1.0.0.tgz#abc"\n'),
        ("cargo-lock", 'version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "git+https://u:%s@h.example/a#0123"\n'),
        ("bun-lock", '{"lockfileVersion":1,"workspaces":{"":{}},"packages":{"a":["a@1.0.0","https://u:%s@h.example/a/-/a-1.0.0.tgz",{},""]}}'),
    ],
)  # fmt: skip
def test_a_credential_is_dropped_and_said(name: str, text: str) -> None:
    document = read(BY_ID[name], text.replace("%s", CANARY).encode())
    assert CANARY not in repr(document)
    assert any(entry.source.credential for entry in document.entries)


def test_the_data_of_other_formats_is_no_crash_either() -> None:
    """Every sample through every reader."""
    for item in FORMATS:
        for text in SAMPLES.values():
            read(item, text.encode())
    assert Path(__file__).exists()
