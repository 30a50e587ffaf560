"""Cargo.lock, go.mod, go.sum, CycloneDX and SPDX."""

import json

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.source import SourceKind
from seawall.readers.lockfiles import cargo_lock, cyclonedx, go_mod, spdx

CARGO = f"""version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["a", "b 2.0.0"]

[[package]]
name = "a"
version = "1.0.0"
source = "registry+https://registry.example/index"
checksum = "{"ab" * 32}"
dependencies = ["b 1.0.0"]

[[package]]
name = "b"
version = "1.0.0"
source = "registry+https://registry.example/index"

[[package]]
name = "b"
version = "2.0.0"
source = "git+https://git.example/b?branch=main#{"1" * 40}"
"""


def test_cargo() -> None:
    document = cargo_lock.read(CARGO.encode(), "Cargo.lock", DEFAULT_LIMITS)
    by = {pin.key[1:]: pin for pin in document.pins}
    assert set(by) == {("a", "1.0.0"), ("b", "1.0.0"), ("b", "2.0.0")}
    assert (by["a", "1.0.0"].direct, by["a", "1.0.0"].digests) == (True, ("sha256:" + "ab" * 32,))
    assert (by["b", "1.0.0"].direct, by["b", "1.0.0"].via) == (False, ("a",))
    source = by["b", "2.0.0"].source
    assert (source.kind, source.host, source.revision) == (SourceKind.GIT, "git.example", "1" * 40)


def test_cargo_cut_between_two_tables_is_noticed() -> None:
    cut = CARGO[: CARGO.rindex("[[package]]")]
    document = cargo_lock.read(cut.encode(), "Cargo.lock", DEFAULT_LIMITS)
    assert [str(p.kind) for p in document.problems] == ["truncated"]


def test_go_mod() -> None:
    text = """module m.example/app

go 1.22

require m.example/one v1.0.0
require (
	m.example/two v2.0.0+incompatible // indirect
	m.example/gone v0.0.0
	m.example/local v1.0.0
)

replace m.example/gone v0.0.0 => m.example/new v1.5.0
replace m.example/local => ../local
exclude m.example/bad v6.6.6
"""
    document = go_mod.read(text.encode(), "go.mod", DEFAULT_LIMITS)
    by = {pin.name: pin for pin in document.pins}
    assert {n: p.version for n, p in by.items()} == {
        "m.example/one": "v1.0.0",
        "m.example/two": "v2.0.0+incompatible",
        "m.example/new": "v1.5.0",
        "m.example/local": "v1.0.0",
    }
    assert (by["m.example/one"].direct, by["m.example/two"].direct, by["m.example/two"].line) == (
        True,
        False,
        7,
    )
    assert by["m.example/local"].source.kind is SourceKind.PATH
    open_block = go_mod.read(text[: text.index(")")].encode(), "go.mod", DEFAULT_LIMITS)
    assert [str(p.kind) for p in open_block.problems] == ["truncated"]


def test_go_sum_counts_and_names_nothing() -> None:
    line = "m.example/one v1.0.0 h1:" + "A" * 43 + "=\n"
    document = go_mod.read_sum(
        (line + line.replace("v1.0.0", "v1.0.0/go.mod")).encode(), "go.sum", DEFAULT_LIMITS
    )
    assert (document.facts["entries"], document.pins, document.problems) == ("2", (), ())
    assert go_mod.read_sum(line[:30].encode(), "go.sum", DEFAULT_LIMITS).problems


def test_cyclonedx() -> None:
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {"component": {"bom-ref": "root", "name": "app"}},
        "components": [
            {
                "bom-ref": "a",
                "name": "a",
                "purl": "pkg:npm/%40s/a@1.0.0",
                "hashes": [{"alg": "SHA-256", "content": "AB" * 32}],
            },
            {
                "bom-ref": "b",
                "name": "b",
                "purl": "pkg:pypi/Foo_Bar@2.0",
                "components": [{"name": "c", "purl": "pkg:maven/g/c@3"}],
            },
            {"name": "os"},
            {"name": "x", "purl": "no purl"},
        ],
        "dependencies": [{"ref": "root", "dependsOn": ["a"]}, {"ref": "a", "dependsOn": ["b"]}],
    }
    document = cyclonedx.read(json.dumps(bom, indent=1).encode(), "bom.json", DEFAULT_LIMITS)
    by = {pin.name: pin for pin in document.pins}
    assert {n: (p.ecosystem, p.version) for n, p in by.items()} == {
        "@s/a": ("npm", "1.0.0"),
        "foo-bar": ("PyPI", "2.0"),
        "g:c": ("Maven", "3"),
    }
    assert (by["@s/a"].direct, by["foo-bar"].via, by["@s/a"].digests) == (
        True,
        ("a",),
        ("sha256:" + "ab" * 32,),
    )
    assert [p.message for p in document.problems] == ["a component whose purl is none"]


def test_spdx() -> None:
    document = {
        "spdxVersion": "SPDX-2.3",
        "packages": [
            {
                "name": "a",
                "versionInfo": "1.0.0",
                "checksums": [{"algorithm": "SHA256", "checksumValue": "ab" * 32}],
                "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:npm/a@1.0.0"}],
            },
            {"name": "image", "externalRefs": [{"referenceType": "cpe23Type", "referenceLocator": "x"}]},
        ],
    }
    got = spdx.read(json.dumps(document).encode(), "x.spdx.json", DEFAULT_LIMITS)
    assert [(p.key, p.digests) for p in got.pins] == [(("npm", "a", "1.0.0"), ("sha256:" + "ab" * 32,))]
    other = spdx.read(b'{"spdxVersion":"SPDX-9"}', "x.spdx.json", DEFAULT_LIMITS)
    assert [str(p.kind) for p in other.problems] == ["unsupported"]
