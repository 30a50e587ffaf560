"""A lockfile that is led to the firewall changes in its addresses and in nothing else."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.relocking import relocked

FW = "http://127.0.0.1:8080"
UV = """version = 1
[[package]]
name = "ebb"
version = "1.1.0"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://files.example/p/aa/ebb-1.1.0.tar.gz", hash = "sha256:1", size = 1 }
wheels = [
    { url = "https://files.example/p/bb/ebb-1.1.0-py3-none-any.whl#x", hash = "sha256:2", size = 2 },
]

[[package]]
name = "fork"
version = "2"
source = { git = "https://git.example/fork?rev=abc#abc" }

[[package]]
name = "direct"
version = "3"
source = { url = "https://direct.example/direct-3.tar.gz" }
sdist = { hash = "sha256:3" }
"""


def test_uv() -> None:
    new = relocked("uv-lock", UV, FW)
    assert new is not None
    ebb, fork, direct = tomllib.loads(new)["package"]
    assert ebb["source"] == {"registry": f"{FW}/pypi/simple/"}
    assert ebb["sdist"]["url"] == f"{FW}/pypi/files/ebb/ebb-1.1.0.tar.gz"
    assert ebb["wheels"][0]["url"] == f"{FW}/pypi/files/ebb/ebb-1.1.0-py3-none-any.whl"
    assert (ebb["sdist"]["hash"], ebb["wheels"][0]["hash"]) == ("sha256:1", "sha256:2")
    old = tomllib.loads(UV)["package"]
    assert (fork, direct) == (old[1], old[2])


def test_pylock() -> None:
    text = (
        'lock-version = "1.0"\n[[packages]]\nname = "ebb"\nversion = "1.1.0"\nindex = "https://index.example/simple"\n'
        'wheels = [{ url = "https://files.example/a/ebb-1.1.0-py3-none-any.whl", hashes = { sha256 = "1" } }]\n'
        '[[packages]]\nname = "fork"\nvcs = { type = "git", url = "https://git.example/fork", commit-id = "a" }\n'
    )
    new = relocked("pylock", text, FW)
    assert new is not None
    ebb, fork = tomllib.loads(new)["packages"]
    assert ebb["index"] == f"{FW}/pypi/simple/"
    assert ebb["wheels"][0]["url"] == f"{FW}/pypi/files/ebb/ebb-1.1.0-py3-none-any.whl"
    assert fork["vcs"]["url"] == "https://git.example/fork"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            '  resolved "https://registry.example/ebb/-/ebb-1.0.0.tgz#aa01"\n',
            f'  resolved "{FW}/npm/ebb/-/ebb-1.0.0.tgz#aa01"\n',
        ),
        (
            '  resolved "https://registry.example/npm/@acme/x/-/x-1.0.0.tgz#aa01"\n',
            f'  resolved "{FW}/npm/@acme/x/-/x-1.0.0.tgz#aa01"\n',
        ),
        ('  resolved "https://git.example/x.tgz#aa01"\n', '  resolved "https://git.example/x.tgz#aa01"\n'),
        ('  version "1.0.0"\n', '  version "1.0.0"\n'),
    ],
)
def test_yarn(old: str, new: str) -> None:
    assert (
        relocked("yarn-lock-v1", f"# yarn lockfile v1\n\nebb@^1:\n{old}", FW)
        == f"# yarn lockfile v1\n\nebb@^1:\n{new}"
    )


def test_requirements() -> None:
    text = "--index-url https://i.example/simple\n--extra-index-url=https://u:p@x.example/simple  # why\r\nebb==1 --hash=sha256:1\n"
    assert relocked("requirements", text, FW) == (
        f"--index-url {FW}/pypi/simple/\n--extra-index-url={FW}/pypi/simple/  # why\r\nebb==1 --hash=sha256:1\n"
    )


def test_what_nobody_can_lead() -> None:
    assert relocked("package-json", "{}", FW) is None
    assert relocked("poetry-lock", "", FW) is None


@given(
    st.text(max_size=400), st.sampled_from(["uv-lock", "pylock", "yarn-lock-v1", "requirements", "bun-lock"])
)
def test_what_names_no_address_stays_as_it_is(text: str, format_: str) -> None:
    plain = text.replace("http", "").replace("index-url", "").replace("-i", "")
    assert relocked(format_, plain, FW) == plain
