"""Files that are made to break a reader become problems, in linear time: a hang fails by the suite's limit."""

import json
from dataclasses import replace

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Document
from seawall.readers.lockfiles import FORMATS

BY_ID = {item.id: item for item in FORMATS}
SIZE = 100_000
RUNS = [
    "a", " ", "\t", "[", "{", "(", '"', "'", "\\", '"\\', "a.", '"a".', "- ", "#", ": ", "@", "//", "a/", ",",
    "\n", "\n ", "[[", "[a.b]\n", "--hash=x ", "*a ", "&a ", "? ", "http://a@", "node_modules/", "\r", "\\\n",
    "[[package]]\n", ".tgz\n", "[[/t/", "\x1b[", "pkg:npm/", "a>", "a/\n",
]  # fmt: skip
PREFIXES = [
    "",
    "x = ",
    'x = "',
    "[",
    '{"a": "',
    "a: ",
    "a==1 ",
    "-e ",
    "require ",
    "-r ",
    '"a@^1":\n  version ',
]


def read(name: str, text: str) -> Document:
    return BY_ID[name].read(text.encode("utf-8", "surrogatepass"), "a/b", DEFAULT_LIMITS)


def kinds(document: Document) -> set[str]:
    return {str(problem.kind) for problem in document.problems}


@pytest.mark.parametrize("name", BY_ID)
def test_a_run_of_one_character_costs_one_pass(name: str) -> None:
    for index, run in enumerate(RUNS):
        prefix = PREFIXES[index % len(PREFIXES)]
        for text in (run * (SIZE // len(run)), prefix + run * (SIZE // len(run))):
            assert len(read(name, text).pins) <= 1


@pytest.mark.parametrize("name", BY_ID)
def test_another_encoding_is_said(name: str) -> None:
    text = '{"é": 1}\nname = "é"\n'
    for data in (text.encode("latin-1"), text.encode("utf-32"), b"a\x00b", "﻿x".encode("utf-16-le") + b"\xff"):
        document = BY_ID[name].read(data, "a", DEFAULT_LIMITS)
        assert kinds(document) == {"encoding"}


@pytest.mark.parametrize("name", ["pnpm-lock", "conda-lock", "yarn-lock"])
def test_aliases_that_grow_are_refused(name: str) -> None:
    head = "__metadata:\n  version: 8\n" if name == "yarn-lock" else "lockfileVersion: '9.0'\n"
    bomb = head + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 30):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    assert kinds(read(name, bomb)) == {"too-many"}
    assert kinds(read(name, head + "a: &a [*a]\n")) == {"malformed"}
    assert kinds(read(name, head + "packages: {}\npackages: {}\n")) == {"malformed"}


def test_a_long_chain_of_packages_does_not_cost_its_square() -> None:
    count = 20_000
    packages = {
        f"node_modules/p{i}": {"version": "1.0.0", "dependencies": {f"p{i + 1}": "1"}} for i in range(count)
    }
    lock = {"lockfileVersion": 3, "packages": {"": {"dependencies": {"p0": "1"}}, **packages}}
    document = read("npm-package-lock", json.dumps(lock))
    last = document.pins[-1]
    assert (last.via[0], last.via[-1], len(last.via)) == ("p0", f"p{count - 2}", DEFAULT_LIMITS.chain)


@pytest.mark.parametrize("name", ["npm-package-lock", "yarn-lock", "cargo-lock", "poetry-lock"])
def test_packages_that_need_each_other_end(name: str) -> None:
    text = {
        "npm-package-lock": '{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0","dependencies":{"b":"1"}},"node_modules/b":{"version":"1.0.0","dependencies":{"a":"1"}}}}',
        "yarn-lock": '# yarn lockfile v1\n\na@1:\n  version "1.0.0"\n  dependencies:\n    b "1"\n\nb@1:\n  version "1.0.0"\n  dependencies:\n    a "1"\n',
        "cargo-lock": 'version = 4\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://r.example"\ndependencies = ["b"]\n[[package]]\nname = "b"\nversion = "1.0.0"\nsource = "registry+https://r.example"\ndependencies = ["a"]\n',
        "poetry-lock": '[[package]]\nname = "a"\nversion = "1.0.0"\n[package.dependencies]\nb = "*"\n[[package]]\nname = "b"\nversion = "1.0.0"\n[package.dependencies]\na = "*"\n[metadata]\ncontent-hash = "x"\n',
    }[name]
    assert {pin.name for pin in read(name, text).pins} == {"a", "b"}


NAMES = ["a\nb", "a\x1b[31m", "a\u202eb", "..", "../../x", "@../x", "a\x00", "a\\..\\b", "\ud800", "a b"]


@pytest.mark.parametrize("bad", NAMES, ids=repr)
def test_a_name_that_is_none_is_no_pin(bad: str) -> None:
    quoted = json.dumps(bad)
    files = {
        "npm-package-lock": f'{{"lockfileVersion":3,"packages":{{"":{{}},"node_modules/x":{{"name":{quoted},"version":"1.0.0"}}}}}}',
        "bun-lock": f'{{"lockfileVersion":1,"workspaces":{{"":{{}}}},"packages":{{"x":[{json.dumps(bad + "@1.0.0")},"",{{}},""]}}}}',
        "pipfile-lock": f'{{"_meta":{{}},"default":{{{quoted}:{{"version":"==1.0"}}}}}}',
        "uv-lock": f'version = 1\n[[package]]\nname = {quoted}\nversion = "1.0"\nsource = {{ registry = "https://r.example" }}\n',
        "cargo-lock": f'version = 4\n[[package]]\nname = {quoted}\nversion = "1.0.0"\nsource = "registry+https://r.example"\n',
        "pnpm-lock": f"lockfileVersion: '9.0'\npackages:\n  {json.dumps(bad + '@1.0.0')}: {{resolution: {{integrity: x}}}}\n",
        "go-mod": f"module m\n\nrequire {quoted} v1.0.0\n",
        "cyclonedx": f'{{"bomFormat":"CycloneDX","components":[{{"purl":{json.dumps("pkg:npm/" + bad + "@1.0.0")}}}]}}',
    }
    for name, text in files.items():
        document = read(name, text)
        assert not [p for p in document.pins if not p.name.isprintable() or ".." in p.name.split("/")], name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cargo-lock", "version = 0x" + "f" * 6000),
        ("uv-lock", "version = 0x" + "f" * 6000 + "\nrevision = 0b" + "1" * 20_000),
        ("pdm-lock", "[metadata]\nlock_version = 0x" + "f" * 6000),
        ("pylock", '[[packages]]\nname = "a"\nwheels = [{hashes = {sha256 = 0x' + "f" * 6000 + "}}]"),
        ("poetry-lock", "[metadata]\nlock-version = " + "9" * 6000),
        ("npm-package-lock", '{"lockfileVersion": ' + "9" * 6000 + "}"),
        ("npm-package-lock", '{"lockfileVersion": 1e999}'),
        ("cyclonedx", '{"bomFormat": "CycloneDX", "specVersion": ' + "9" * 4000 + "}"),
    ],
)
def test_a_giant_number_is_no_crash(name: str, text: str) -> None:
    assert not read(name, text).pins


def test_too_many_values_and_entries_are_said() -> None:
    few = replace(DEFAULT_LIMITS, pins_per_document=100, values=1_000, nesting=20)
    lines = "".join(f"a{i}==1\n" for i in range(200)).encode()
    assert len(BY_ID["requirements"].read(lines, "r", few).pins) == 100
    assert "too-many" in kinds(BY_ID["requirements"].read(lines, "r", few))
    keys = json.dumps({f"k{i}": 1 for i in range(2_000)}).encode()
    assert kinds(BY_ID["npm-package-lock"].read(keys, "p", few)) == {"too-many"}
    wrong = ("!\n" * 200).encode()
    assert "too-many" in kinds(BY_ID["requirements"].read(wrong, "r", few))
    for data in (b"[" * 30 + b"]" * 30, b'{"a":' * 30 + b"1" + b"}" * 30):
        assert "too-deep" in kinds(BY_ID["package-json"].read(data, "p", few))
    assert kinds(BY_ID["cargo-lock"].read(b"a" + b".a" * 200 + b" = 1", "c", few)) == {"too-deep"}
    assert kinds(BY_ID["cargo-lock"].read(b'"a"' + b'."a"' * 200 + b" = 1", "c", few)) == {"too-deep"}
    assert kinds(BY_ID["cargo-lock"].read(b"a = " + b"[" * 30 + b"]" * 30, "c", few)) == {"too-deep"}


def test_spdx_3_is_said_to_be_unread() -> None:
    text = '{"@context": "https://spdx.example/rdf/3.0.1/context.jsonld", "@graph": []}'
    assert kinds(read("spdx", text)) == {"unsupported"}


@pytest.mark.parametrize(("name", "text"), [("spdx", '{"spdxVersion":"SPDX-2.3","packages":[{"name":"a"}]}'), ("cyclonedx", '{"bomFormat":"CycloneDX","components":[{"name":"a","version":"1"}]}')])  # fmt: skip
def test_an_sbom_of_which_nothing_can_be_judged_says_so(name: str, text: str) -> None:
    assert kinds(read(name, text)) == {"unsupported"}
