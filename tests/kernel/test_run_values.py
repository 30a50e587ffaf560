"""Which file a request asks for, by its path alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.run import Passage, Summary, Wanted, denied_at, one_line, wanted


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/pypi/files/ebb/ebb-1.1.0-py3-none-any.whl", Wanted("PyPI", "ebb", "1.1.0", "ebb-1.1.0-py3-none-any.whl")),
        ("/pypi/files/ebb/ebb-1.1.0-1-py3-none-any.whl", Wanted("PyPI", "ebb", "1.1.0", "ebb-1.1.0-1-py3-none-any.whl")),
        ("/pypi/files/a-b/a_b-1.0rc1.tar.gz", Wanted("PyPI", "a-b", "1.0rc1", "a_b-1.0rc1.tar.gz")),
        ("/pypi/files/a-b/a-b-1.0.zip", Wanted("PyPI", "a-b", "1.0", "a-b-1.0.zip")),
        ("/pypi/files/ebb/other", Wanted("PyPI", "ebb", "", "other")),
        ("/npm/ebb/-/ebb-1.0.0.tgz", Wanted("npm", "ebb", "1.0.0", "ebb-1.0.0.tgz")),
        ("/npm/@acme/x/-/x-1.0.0-rc.1.tgz", Wanted("npm", "@acme/x", "1.0.0-rc.1", "x-1.0.0-rc.1.tgz")),
        ("/npm/@acme%2fx/-/x-1.0.0.tgz", Wanted("npm", "@acme/x", "1.0.0", "x-1.0.0.tgz")),
        ("/npm/ebb/-/other.tgz", Wanted("npm", "ebb", "", "other.tgz")),
        ("/hf/acme/m/resolve/main/a/b.bin", Wanted("Hugging Face", "acme/m", "main", "a/b.bin")),
        ("/hf/datasets/acme/d/resolve/main/x", Wanted("Hugging Face", "datasets/acme/d", "main", "x")),
        ("/pypi/files/ebb/ebb-1.1.0-py3-none-any.whl.metadata", None),
        ("/pypi/simple/ebb/", None),
        ("/npm/ebb", None),
        ("/npm/-/npm/v1/security/advisories/bulk", None),
        ("/readyz", None),
        ("/npm/" + "a" * 3000 + "/-/a.tgz", None),
    ],
)  # fmt: skip
def test_the_file_in_a_path(path: str, found: Wanted | None) -> None:
    assert wanted(path) == found


@pytest.mark.parametrize(
    ("path", "name", "version"),
    [
        ("/pypi/files/ebb/ebb-1.2.0-py3-none-any.whl.metadata", "ebb", "1.2.0"),
        ("/pypi/files/ebb/ebb-1.2.0-py3-none-any.whl", "ebb", "1.2.0"),
        ("/pypi/simple/ebb/", "ebb", ""),
        ("/npm/ebb", "ebb", ""),
        ("/npm/@acme%2fx", "@acme/x", ""),
    ],
)
def test_what_a_denial_is_about(path: str, name: str, version: str) -> None:
    found = denied_at(path)
    assert found is not None
    assert (found.name, found.version) == (name, version)
    assert denied_at("/npm/-/npm/v1/security/advisories/bulk") is None
    assert denied_at("/readyz") is None


@given(st.text(max_size=200))
def test_no_path_is_a_crash(rest: str) -> None:
    for prefix in ("", "/pypi/files/", "/npm/", "/hf/"):
        wanted(prefix + rest)
        denied_at(prefix + rest)


def test_a_summary_counts_each_file_once() -> None:
    a, b = Wanted("npm", "a", "1", "a-1.tgz"), Wanted("npm", "b", "1", "b-1.tgz")
    done = Summary(
        ("npm",),
        0,
        (Passage(a, 200), Passage(a, 200), Passage(b, 403, reason="no"), Passage(b, 403, reason="no")),
    )
    assert done.taken == (a,)
    assert [item.wanted for item in done.denied] == [b]


def test_foreign_text_is_one_line() -> None:
    assert one_line("a\n\x1b[31mb\u202e") == "a  [31mb"
