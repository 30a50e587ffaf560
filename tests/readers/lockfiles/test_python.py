"""What the lockfiles and manifests of Python say of a package besides its name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Reference

from seawall.kernel.asset import pypi_name
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Document, DocumentKind, Pin, Requirement
from seawall.kernel.source import SourceKind
from seawall.readers.lockfiles import FORMATS, _pep508, site_packages

FILES = Path(__file__).parent.parent.parent / "data" / "lockfiles" / "python"
BY_ID = {item.id: item for item in FORMATS}
SHA = "ab" * 32


def read(name: str, text: str, path: str = "a") -> Document:
    return BY_ID[name].read(text.encode(), path, DEFAULT_LIMITS)


def stored(name: str, path: str) -> Document:
    document = BY_ID[name].read((FILES / path).read_bytes(), path, DEFAULT_LIMITS)
    assert document.problems == ()
    return document


def pins(document: Document) -> dict[str, Pin]:
    return {pin.name: pin for pin in document.pins}


def asked(document: Document) -> dict[str, Requirement]:
    return {item.name: item for item in document.requirements}


def test_uv_tells_every_way() -> None:
    document = stored("uv-lock", "workspace/uv.lock")
    got = pins(document)
    assert (got["requests"].direct, got["requests"].via, got["requests"].line) == (True, (), 208)
    assert (got["typing-extensions"].direct, got["typing-extensions"].via) == (
        False,
        ("pytest", "exceptiongroup"),
    )
    assert (got["tomli"].dev, got["click"].optional, got["idna"].dev) == (True, True, False)
    assert {pin.version for pin in document.pins if pin.name == "numpy"} == {"1.26.4", "2.1.0"}
    assert got["vendored"].source.kind is SourceKind.PATH
    assert [host.host for host in got["certifi"].files_from] == ["files.example"]
    assert document.locked_from is not None
    assert {place: len(wishes) for place, wishes in document.locked_from.items()} == {
        ".": 9,
        "pkgs/child": 1,
        "pkgs/sib": 2,
        "vend": 1,
    }


@pytest.mark.parametrize(
    ("path", "version"), [("poetry-1.3/poetry.lock", "2.0"), ("poetry-2/poetry.lock", "2.1")]
)
def test_poetry(path: str, version: str) -> None:
    document = stored("poetry-lock", path)
    got = pins(document)
    assert document.facts["version"] == version
    assert (got["requests"].direct, got["certifi"].direct, got["certifi"].via) == (True, None, ("requests",))
    assert (got["click"].optional, got["iniconfig"].dev, len(got["certifi"].digests)) == (True, True, 2)


def test_pdm_names_hosts_only_where_urls_are_static() -> None:
    plain, static = (pins(stored("pdm-lock", f"pdm/{name}.lock")) for name in ("pdm", "static-urls"))
    assert (plain["idna"].source.host, static["idna"].source.host) == ("", "files.example")
    assert (plain["colorama"].dev, plain["colorama"].via) == (True, ("click",))
    assert plain["vendored"].source.kind is SourceKind.PATH


def test_pylock_pipfile_and_conda() -> None:
    pip = stored("pylock", "pip-lock.pylock.toml")
    assert (pip.facts["created-by"], len(pip.pins), asked(pip)["vendored"].source.kind) == (
        "pip",
        7,
        SourceKind.PATH,
    )
    pipfile = pins(stored("pipfile-lock", "Pipfile.lock"))
    assert (pipfile["iniconfig"].dev, pipfile["idna"].dev, pipfile["idna"].direct) == (True, False, None)
    assert pipfile["idna"].source.host == "registry.example"
    conda = stored("conda-lock", "conda-lock.yml")
    got = pins(conda)
    assert (got["python"].ecosystem, got["idna"].ecosystem, len(got["python"].digests)) == (
        "conda",
        "PyPI",
        4,
    )
    assert (got["pytest"].dev, got["libgcc"].via) == (True, ("pytest", "python"))


def test_pyproject_in_all_dialects() -> None:
    uv = asked(stored("pyproject", "workspace/pyproject.toml"))
    assert (uv["requests"].exact, uv["idna"].exact, uv["idna"].marker) == (
        True,
        False,
        "sys_platform == 'win32'",
    )
    assert (uv["child"].source.kind, uv["vendored"].source.kind) == (SourceKind.WORKSPACE, SourceKind.PATH)
    assert (uv["click"].group, uv["pytest"].group, uv["setuptools"].group) == ("optional", "dev", "build")
    assert asked(stored("pyproject", "pdm/pyproject.toml"))["vendored"].group == "dev"
    poetry = stored("pyproject", "poetry-2/pyproject.toml")
    assert (asked(poetry)["pytest"].exact, asked(poetry)["pytest"].line) == (True, 12)


def test_every_wish_of_a_manifest_has_its_own_line() -> None:
    text = '[project]\nname = "p"\ndependencies = [\n  "a>=1",\n  \'b\',\n  # "c"\n  "c",\n]\n[dependency-groups]\nx = ["a>=1"]\n'
    assert [(r.name, r.line) for r in read("pyproject", text).requirements] == [
        ("a", 4),
        ("b", 5),
        ("c", 6),
        ("a", 10),
    ]


REQUIREMENTS = f"""--index-url https://user:not-a-real-password@idx.example/simple
-r base.txt
--constraint=cons.txt
Flask[async,dotenv]==2.0.1 ; python_version < "3.9" \\
    --hash=sha256:{SHA} \\
    --hash=sha512:{SHA * 2}
-e git+https://git.example/a/b.git@v1#egg=b&subdirectory=x
-e ./local[extra]
c @ https://files.example/c-1.0-py3-none-any.whl#sha256={SHA}
https://files.example/d-1.0.tar.gz#sha256={SHA}
g @ git+https://${{TOKEN}}@git.example/g.git@1234
h>=2,<3  # a comment
../outside/i-1.0.zip
"""


def test_requirements() -> None:
    document = read("requirements", REQUIREMENTS, "requirements.txt")
    got, wishes = pins(document), asked(document)
    assert (got["flask"].version, got["flask"].line) == ("2.0.1", 4)
    assert got["flask"].digests == (f"sha256:{SHA}", f"sha512:{SHA * 2}")
    assert (got["c"].source.kind, got["c"].digests) == (SourceKind.URL, (f"sha256:{SHA}",))
    assert (got["d"].version, got["d"].digests, got["d"].line) == ("1.0", (f"sha256:{SHA}",), 10)
    assert (wishes["b"].source.revision, wishes["b"].source.host) == ("v1", "git.example")
    assert (wishes["g"].source.kind, wishes["g"].source.credential) == (SourceKind.GIT, False)
    assert (wishes["h"].spec, got["i"].source.kind) == (">=2,<3", SourceKind.PATH)
    assert [(i.target, i.relation, i.line) for i in document.includes] == [
        ("base.txt", "requirement", 2),
        ("cons.txt", "constraint", 3),
    ]
    (index,) = document.registries
    assert (index.host, index.credential) == ("idx.example", True)
    assert "not-a-real-password" not in repr(document)
    assert got["flask"].source.host == "idx.example"


def test_requirements_options_as_pip_splits_them() -> None:
    text = f'a==1 --global-option="x y" --hash=sha256:{SHA}\nb==1 --hash \'sha256:{SHA}\'\nc==1 --no-such\nd==1 --hash="\n'
    document = read("requirements", text)
    assert [len(pin.digests) for pin in document.pins] == [1, 1, 0, 0]
    assert [str(p.kind) for p in document.problems] == ["malformed", "malformed", "truncated"]
    long = 'a==1 --global-option="' + "x" * 10_000 + '"\n'
    assert [str(p.kind) for p in read("requirements", long).problems] == ["too-large"]


def test_via_comments_tell_direct_from_transitive() -> None:
    document = stored("requirements", "uv-export.requirements.txt")
    got = pins(document)
    assert (got["requests"].direct, got["certifi"].direct, got["certifi"].via) == (True, False, ("requests",))
    assert document.kind is DocumentKind.LOCKFILE


def test_a_file_that_includes_itself_ends() -> None:
    document = read("requirements", "-r requirements.txt\n" * 500, "requirements.txt")
    assert len(document.includes) == DEFAULT_LIMITS.includes
    assert [str(p.kind) for p in document.problems] == ["too-many"]


def test_installed_packages_and_their_hooks() -> None:
    files = {
        "a_b-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: a.b\nVersion: 1.0\nRequires-Dist: c>=1\n\nName: x\n",
        "a_b-1.0.dist-info/INSTALLER": b"pip\n",
        "a_b-1.0.dist-info/REQUESTED": b"",
        "a_b-1.0.dist-info/RECORD": b"hook.pth,,\n",
        "c-2.0.dist-info/METADATA": b"Name: c\nVersion: 2.0\n",
        "c-2.0.dist-info/INSTALLER": b"pip\n",
        "c-2.0.dist-info/direct_url.json": b'{"url": "https://git.example/c", "vcs_info": {"vcs": "git", "commit_id": "0123"}}',
        "hook.pth": b"# paths\nimport os; os.system('x')\n",
        "paths.pth": b"../elsewhere\n",
    }
    document = site_packages.read("site-packages", files, DEFAULT_LIMITS)
    got = pins(document)
    assert (got["a-b"].direct, got["c"].direct, got["c"].via) == (True, False, ("a-b",))
    assert (got["c"].source.kind, got["c"].source.revision) == (SourceKind.GIT, "0123")
    assert [(h.path, h.line, h.owner) for h in document.hooks] == [("site-packages/hook.pth", 2, "a-b")]


WORD = st.text("abAB19.-_", min_size=1, max_size=6)
CLAUSE = st.tuples(
    st.sampled_from(["==", ">=", "<", "~=", "!=", "===", ">", "=", "=="]),
    st.text("0129.*abrcdevpost+!", max_size=8),
)
LINE = st.builds(
    lambda name, extra, clauses, blank, tail: (
        name + extra + blank + ("," + blank).join(a + blank + b for a, b in clauses) + tail
    ),
    WORD,
    st.sampled_from(["", "[x]", "[x,y]", "[]", " [x]"]),
    st.lists(CLAUSE, max_size=3),
    st.sampled_from(["", " ", "\t"]),
    st.sampled_from(["", " ", "; python_version<'3'", ";", "; x", " @ https://h.example/a"]),
)


@given(line=LINE)
def test_plain_requirements_are_read_as_the_reference_reads_them(line: str) -> None:
    found = _pep508.parse(line)
    try:
        reference = Reference(line)
    except InvalidRequirement:
        assert found is None
        return
    assert found is not None
    assert found.name == pypi_name(reference.name)
    if not reference.url:
        assert str(Reference(f"x{found.spec}").specifier) == str(reference.specifier)
    assert bool(found.marker) == bool(reference.marker)
