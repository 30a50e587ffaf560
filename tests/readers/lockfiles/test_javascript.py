"""What the lockfiles of npm, pnpm, yarn and bun say of a package besides its name."""

import json

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Document, Pin
from seawall.kernel.source import SourceKind
from seawall.readers.lockfiles import bun_lock, node_modules, npm_lock, package_json, pnpm_lock, yarn_lock

SRI = "sha512-" + "AAAA" * 21 + "AA=="
HEX = "sha512:" + "00" * 64


def pins(document: Document) -> dict[str, Pin]:
    return {pin.name: pin for pin in document.pins}


def npm(packages: dict[str, object], version: int = 3) -> Document:
    text = json.dumps({"lockfileVersion": version, "packages": packages}, indent=1)
    return npm_lock.read(text.encode(), "package-lock.json", DEFAULT_LIMITS)


def test_npm_tells_through_whom_a_package_came() -> None:
    got = pins(
        npm(
            {
                "": {"dependencies": {"a": "^1"}, "devDependencies": {"d": "^1"}},
                "node_modules/a": {"version": "1.0.0", "integrity": SRI, "dependencies": {"b": "^2"}},
                "node_modules/a/node_modules/b": {"version": "2.0.0", "dependencies": {"c": "*"}},
                "node_modules/c": {"version": "3.0.0", "hasInstallScript": True},
                "node_modules/d": {
                    "version": "1.0.0",
                    "dev": True,
                    "resolved": "git+ssh://git@git.example/d.git#abc",
                },
            }
        )
    )
    assert (got["a"].direct, got["a"].via, got["a"].digests) == (True, (), (HEX,))
    assert (got["c"].direct, got["c"].via, got["c"].install_script) == (False, ("a", "b"), True)
    assert got["d"].dev
    assert (got["d"].source.kind, got["d"].source.host, got["d"].source.revision) == (
        SourceKind.GIT,
        "git.example",
        "abc",
    )
    assert got["a"].line == 12


def test_npm_workspaces_links_and_aliases() -> None:
    document = npm(
        {
            "": {"workspaces": ["packages/*"]},
            "packages/w": {"name": "w", "version": "0.0.1", "dependencies": {"nick": "npm:real@^1"}},
            "node_modules/w": {"resolved": "packages/w", "link": True},
            "node_modules/nick": {"name": "real", "version": "1.2.3"},
        }
    )
    got = pins(document)
    assert set(got) == {"real"}
    assert got["real"].direct
    assert document.locked_from is not None
    (asked,) = document.locked_from["packages/w"]
    assert (asked.name, asked.spec) == ("real", "^1")


def test_npm_version_1_does_not_know_what_was_asked_for() -> None:
    lock = {
        "lockfileVersion": 1,
        "dependencies": {
            "a": {"version": "1.0.0", "requires": {"b": "^1"}, "dependencies": {"b": {"version": "1.5.0"}}},
            "b": {"version": "2.0.0", "dev": True},
            "g": {"version": "git+https://git.example/g.git#0123"},
        },
    }
    document = npm_lock.read(json.dumps(lock).encode(), "package-lock.json", DEFAULT_LIMITS)
    assert {p.key[1:] for p in document.pins} == {("a", "1.0.0"), ("b", "1.5.0"), ("b", "2.0.0")}
    assert pins(document)["a"].direct is True
    assert pins(document)["b"].direct is None
    assert [(r.name, r.source.host) for r in document.requirements] == [("g", "git.example")]


def test_npm_of_the_future_is_not_guessed() -> None:
    document = npm_lock.read(b'{"lockfileVersion": 9}', "package-lock.json", DEFAULT_LIMITS)
    assert [str(p.kind) for p in document.problems] == ["unsupported"]


PNPM_9 = f"""lockfileVersion: '9.0'
overrides:
  axios@1.14.1: 1.14.0
importers:
  .:
    dependencies:
      a:
        specifier: ^1.0.0
        version: 1.0.0(peer@2.0.0)
    devDependencies:
      d:
        specifier: ^1.0.0
        version: 1.0.0
packages:
  a@1.0.0:
    resolution: {{integrity: {SRI}}}
  '@s/b@1.0.0':
    resolution: {{tarball: https://codeload.example/s/b/tar.gz/{"1" * 40}}}
    version: 1.0.0
  d@1.0.0:
    resolution: {{integrity: {SRI}}}
  peer@2.0.0:
    resolution: {{integrity: {SRI}}}
snapshots:
  a@1.0.0(peer@2.0.0):
    dependencies:
      '@s/b': 1.0.0
      peer: 2.0.0
  '@s/b@1.0.0': {{}}
  d@1.0.0: {{}}
  peer@2.0.0: {{}}
"""


def test_pnpm_9() -> None:
    got = pins(pnpm_lock.read(PNPM_9.encode(), "pnpm-lock.yaml", DEFAULT_LIMITS))
    assert set(got) == {"a", "@s/b", "d", "peer"}
    assert (got["a"].direct, got["a"].dev, got["a"].line) == (True, False, 15)
    assert (got["d"].direct, got["d"].dev) == (True, True)
    assert (got["@s/b"].via, got["@s/b"].source.kind) == (("a",), SourceKind.GIT)
    assert got["peer"].digests == (HEX,)


def test_an_override_is_no_exposure() -> None:
    document = pnpm_lock.read(PNPM_9.encode(), "pnpm-lock.yaml", DEFAULT_LIMITS)
    assert "axios" not in repr(document.pins) + repr(document.requirements)


def test_pnpm_5_and_6_write_keys_in_other_ways() -> None:
    five = "lockfileVersion: 5.4\nspecifiers:\n  '@s/a': ^1\ndependencies:\n  '@s/a': 1.0.0_peer@2.0.0\npackages:\n"
    five += "  /@s/a/1.0.0_peer@2.0.0:\n    resolution: {integrity: x}\n    dependencies:\n      b: 2.0.0\n"
    five += "  /b/2.0.0:\n    resolution: {integrity: x}\n    dev: true\n    requiresBuild: true\n"
    six = "lockfileVersion: '6.0'\ndependencies:\n  '@s/a':\n    specifier: ^1\n    version: 1.0.0(peer@2.0.0)\npackages:\n"
    six += "  /@s/a@1.0.0(peer@2.0.0):\n    resolution: {integrity: x}\n    dependencies:\n      b: 2.0.0\n"
    six += "  /b@2.0.0:\n    resolution: {integrity: x}\n    dev: true\n    requiresBuild: true\n"
    for text in (five, six):
        document = pnpm_lock.read(text.encode(), "pnpm-lock.yaml", DEFAULT_LIMITS)
        got = pins(document)
        assert document.problems == ()
        assert {p.key[1:] for p in document.pins} == {("@s/a", "1.0.0"), ("b", "2.0.0")}
        assert (got["@s/a"].direct, got["b"].via, got["b"].dev, got["b"].install_script) == (
            True,
            ("@s/a",),
            True,
            True,
        )


def test_pnpm_cut_between_two_packages_is_noticed() -> None:
    cut = PNPM_9[: PNPM_9.index("  d@1.0.0:\n    resolution")]
    document = pnpm_lock.read(cut.encode(), "pnpm-lock.yaml", DEFAULT_LIMITS)
    assert {str(p.kind) for p in document.problems} == {"truncated"}


def test_yarn_1() -> None:
    text = f"""# yarn lockfile v1


"@s/a@^1.0.0", "@s/a@~1.0":
  version "1.0.0"
  resolved "https://registry.example/@s/a/-/a-1.0.0.tgz#{"ab" * 20}"
  integrity {SRI}
  dependencies:
    nick "npm:real@^2"

"nick@npm:real@^2":
  version "2.0.0"
  resolved "https://registry.example/real/-/real-2.0.0.tgz#{"ab" * 20}"
"""
    got = pins(yarn_lock.read(text.encode(), "yarn.lock", DEFAULT_LIMITS))
    assert set(got) == {"@s/a", "real"}
    assert (got["@s/a"].direct, got["@s/a"].source.host, got["@s/a"].digests) == (
        True,
        "registry.example",
        (HEX,),
    )
    assert (got["real"].via, got["real"].digests) == (("@s/a",), ("sha1:" + "ab" * 20,))


def test_yarn_berry() -> None:
    text = """__metadata:
  version: 8

"a@npm:^1.0.0":
  version: 1.0.0
  resolution: "a@npm:1.0.0"
  dependencies:
    b: "npm:^2.0.0"
  checksum: 10c0/abc
  linkType: hard

"b@npm:^2.0.0":
  version: 2.0.0
  resolution: "b@patch:b@npm%3A2.0.0#./b.patch"
  linkType: hard

"root@workspace:.":
  version: 0.0.0-use.local
  resolution: "root@workspace:."
  dependencies:
    a: "npm:^1.0.0"
  linkType: soft
"""
    document = yarn_lock.read(text.encode(), "yarn.lock", DEFAULT_LIMITS)
    got = pins(document)
    assert {n: p.version for n, p in got.items()} == {"a": "1.0.0", "b": "2.0.0"}
    assert (got["a"].direct, got["b"].via) == (True, ("a",))
    assert document.locked_from is not None
    assert [(r.name, r.spec) for r in document.locked_from["."]] == [("a", "^1.0.0")]


def test_bun() -> None:
    text = """{
  "lockfileVersion": 1,
  "workspaces": {
    "": { "name": "root", "dependencies": { "a": "^1.0.0", }, },
    "packages/w": { "name": "w", "dependencies": { "b": "^1.0.0", }, },
  },
  "packages": {
    "a": ["a@1.0.0", "", { "dependencies": { "b": "^2.0.0" } }, "%s"],
    "a/b": ["b@2.0.0", "", {}, "%s"],
    "b": ["b@1.0.0", "https://registry.example/", {}, "%s"],
    "w": ["w@workspace:packages/w"],
    "g": ["g@github:owner/g#0123abc", {}, "owner-g-0123abc"],
  }
}
""".replace("%s", SRI)
    document = bun_lock.read(text.encode(), "bun.lock", DEFAULT_LIMITS)
    assert document.problems == ()
    by = {pin.key[1:]: pin for pin in document.pins}
    assert set(by) == {("a", "1.0.0"), ("b", "2.0.0"), ("b", "1.0.0")}
    assert (by["b", "2.0.0"].via, by["b", "1.0.0"].direct, by["a", "1.0.0"].line) == (("a",), True, 8)
    assert [(r.name, r.source.host, r.source.revision) for r in document.requirements] == [
        ("g", "github.com", "0123abc")
    ]


def test_a_manifest() -> None:
    manifest = {
        "name": "app",
        "private": True,
        "workspaces": {"packages": ["packages/*"]},
        "scripts": {"postinstall": "node x.js", "test": "x"},
        "dependencies": {
            "a": "1.2.3",
            "b": "^1",
            "g": "owner/repo#v1",
            "u": "https://h.example/u.tgz",
            "p": "file:../p",
        },
        "devDependencies": {"nick": "npm:@s/real@2.0.0", "w": "workspace:*"},
        "overrides": {"axios": "1.14.1"},
    }
    text = json.dumps(manifest, indent=1)
    document = package_json.read(text.encode(), "package.json", DEFAULT_LIMITS)
    got = {r.name: r for r in document.requirements}
    assert set(got) == {"a", "b", "g", "u", "p", "@s/real", "w"}
    assert (got["a"].exact, got["b"].exact, got["a"].key) == (True, False, ("npm", "a", "1.2.3"))
    assert {n: got[n].source.kind.value for n in "gupw"} == {
        "g": "git",
        "u": "url",
        "p": "path",
        "w": "workspace",
    }
    assert (got["@s/real"].spec, got["@s/real"].group) == ("2.0.0", "dev")
    assert document.facts["private"] == "true"
    assert document.facts["install-scripts"] == "postinstall"
    assert [i.target for i in document.includes] == ["packages/*"]


def test_installed_packages_are_what_their_manifests_say() -> None:
    files = {
        "a/package.json": b'{"name":"a","version":"1.0.0","scripts":{"postinstall":"x"}}',
        "@s/b/package.json": b'{"name":"@s/b","version":"2.0.0"}',
        "@s/b/node_modules/c/package.json": b'{"name":"c","version":"3.0.0"}',
        "@s/b/node_modules/c/binding.gyp": b"",
        ".pnpm/d@4.0.0/node_modules/d/package.json": b'{"name":"d","version":"4.0.0"}',
        "broken/package.json": b'{"name":',
        ".package-lock.json": json.dumps({"packages": {"node_modules/a": {"integrity": SRI}}}).encode(),
    }
    assert all(node_modules.wanted(path) for path in files)
    assert not node_modules.wanted("a/lib/package.json")
    assert not node_modules.wanted("a/index.js")
    document = node_modules.read("node_modules", files, DEFAULT_LIMITS)
    got = pins(document)
    assert {n: p.version for n, p in got.items()} == {
        "a": "1.0.0",
        "@s/b": "2.0.0",
        "c": "3.0.0",
        "d": "4.0.0",
    }
    assert (got["a"].install_script, got["c"].install_script, got["d"].install_script) == (True, True, False)
    assert got["a"].digests == (HEX,)
    assert len(document.problems) == 1
