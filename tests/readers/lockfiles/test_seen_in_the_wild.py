"""What public repositories write that no specification says."""

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Document
from seawall.kernel.source import SourceKind
from seawall.readers.lockfiles import FORMATS

INTEGRITY = "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng=="
TWO_DOCUMENTS = f"""---
lockfileVersion: '9.0'
importers:
  .:
    configDependencies: {{}}
    packageManagerDependencies:
      pnpm: {{specifier: 12.0.0, version: 12.0.0}}
packages:
  pnpm@12.0.0:
    resolution: {{integrity: {INTEGRITY}}}
snapshots:
  pnpm@12.0.0: {{}}

---
lockfileVersion: '9.0'
importers:
  .:
    devDependencies:
      is-number: {{specifier: ^7.0.0, version: 7.0.0}}
      node: {{specifier: 'runtime:26.7.0', version: 'runtime:26.7.0'}}
packages:
  is-number@7.0.0:
    resolution: {{integrity: {INTEGRITY}}}
  node@runtime:26.7.0:
    hasBin: true
    resolution:
      type: variations
      variants:
        - resolution:
            archive: tarball
            integrity: sha256-aiblNEH7fhCX+gsZYWAAoDCpuWFW6xWg/iJoLP3xmtI=
            type: binary
            url: https://files.example/node-v26.7.0-aix-ppc64.tar.gz
          targets: [{{cpu: ppc64, os: aix}}]
        - resolution:
            archive: tarball
            integrity: sha256-fuZZp3aOZBu/1TYJQGYLjo/QBS93SI82VWK6xSL8FdQ=
            type: binary
            url: https://files.example/node-v26.7.0-darwin-arm64.tar.gz
          targets: [{{cpu: arm64, os: darwin}}]
    version: 26.7.0
snapshots:
  is-number@7.0.0: {{}}
  node@runtime:26.7.0: {{}}
"""


def read(text: str, path: str) -> Document:
    item = next(f for f in FORMATS if path in f.globs)
    return item.read(text.encode(), path, DEFAULT_LIMITS)


def test_pnpm_keeps_its_own_lock_in_front_of_the_projects() -> None:
    document = read(TWO_DOCUMENTS, "pnpm-lock.yaml")
    assert document.problems == ()
    assert {(pin.name, pin.version) for pin in document.pins} == {
        ("pnpm", "12.0.0"),
        ("is-number", "7.0.0"),
        ("node", "26.7.0"),
    }
    assert document.locked_from is not None
    assert [(r.name, r.spec) for r in document.locked_from["."] if r.source.kind is SourceKind.REGISTRY] == [
        ("is-number", "^7.0.0")
    ]


def test_a_runtime_has_a_digest_for_each_platform() -> None:
    (node,) = (pin for pin in read(TWO_DOCUMENTS, "pnpm-lock.yaml").pins if pin.name == "node")
    assert len(node.digests) == 2
    assert all(digest.startswith("sha256:") for digest in node.digests)


def test_a_name_of_a_local_package_may_be_longer_than_the_registry_takes() -> None:
    name = "@sample/long" + "a" * 230
    document = read(f'{{"dependencies": {{"{name}": "file:./long"}}}}', "package.json")
    assert document.problems == ()
    assert [r.name for r in document.requirements] == [name]
