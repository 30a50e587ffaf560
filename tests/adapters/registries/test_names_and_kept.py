"""Whatever a registry answers, facts or an OutsideError come of it, and facts survive being kept."""

import json
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.adapters.http import Response
from seawall.adapters.registries import REGISTRIES
from seawall.adapters.registries.kept import Kept, read, written
from seawall.adapters.registries.names import Name, Question, hear
from seawall.kernel.asking import ASKED
from seawall.kernel.client import Upstream
from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.release import NewDependency, ReleaseFacts

NOW = datetime(2026, 3, 31, tzinfo=UTC)
NPM, PYPI = REGISTRIES
TIMES = st.sampled_from(
    ["2026-03-01T00:00:00Z", "2999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "soon", "", "2026-03-01"]
)
VERSIONS = st.sampled_from(
    ["1.0.0", "1.0.1", "1.0.1-beta.1", "1.0", "v1", "x", "", "1" * 400, "9999999999.1.0"]
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | TIMES | VERSIONS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | VERSIONS, inner, max_size=3)
    ),
    max_leaves=8,
)
RELEASE = st.dictionaries(
    st.sampled_from(["dist", "scripts", "_npmUser", "dependencies", "gypfile", "optionalDependencies"]), ODD
)
FILE = st.fixed_dictionaries(
    {
        "filename": st.sampled_from(["a-1.0.tar.gz", "a-1.0.1-py3-none-any.whl", "a-1.0.whl", "../a", ""])
        | ODD
    },
    optional=dict.fromkeys(("url", "hashes", "yanked", "provenance", "core-metadata", "upload-time"), ODD),
)


class Says:
    """A conversation in which everything is answered with the same document."""

    def __init__(self, document: object, content_type: str = "application/json") -> None:
        headers = {"content-type": content_type, "etag": '"x"'}
        self.answer = Response(
            200, MappingProxyType(headers), json.dumps(document).encode(), "https://r.example/a"
        )

    def get(self, *_: object, **__: object) -> Response:
        return self.answer


def heard(kind: Any, document: object) -> Kept | None:
    upstream = Upstream(kind.ecosystem, "npm", "https://r.example/", where="x", host="r.example")
    question = Question(Name(kind, "a", (upstream,)), ("1.0.0", "1.0.1", "1.0", "x"), NOW)
    try:
        return hear(Says(document), question, DEFAULT_LIMITS).kept  # type: ignore[arg-type]
    except OutsideError:
        return None


def test_every_ecosystem_that_is_asked_has_its_kind_of_registry() -> None:
    assert {kind.ecosystem for kind in REGISTRIES} == ASKED


@given(st.dictionaries(VERSIONS, RELEASE | ODD, max_size=4), st.dictionaries(VERSIONS, TIMES | ODD) | ODD)
def test_any_packument(versions: object, times: object) -> None:
    kept = heard(NPM, {"name": "a", "versions": versions, "time": times})
    assert kept is None or read(written(kept), "npm", "a") == kept


@given(st.lists(FILE, max_size=4) | ODD)
def test_any_project(files: object) -> None:
    kept = heard(PYPI, {"name": "a", "files": files})
    assert kept is None or read(written(kept), "PyPI", "a") == kept


@given(ODD)
def test_any_answer(document: object) -> None:
    for kind in REGISTRIES:
        heard(kind, document)


def test_everything_survives_being_kept() -> None:
    facts = ReleaseFacts(
        key=("npm", "a", "1.0.0"),
        published=NOW,
        first_release=NOW,
        previous="0.9.0",
        install_script=True,
        install_script_before=False,
        new_dependencies=(NewDependency("b", "^1", NOW), NewDependency("c", "*")),
        provenance=False,
        provenance_before=True,
        publisher="somebody",
        publishers_before=("another",),
        pipeline="x/oidc:1",
        publisher_known=False,
        yanked="no",
        digests=("sha512:00",),
        source="r.example",
    )
    kept = Kept(NOW, "r.example", '"x"', True, NOW, {"1.0.0": facts}, frozenset({"2"}), frozenset({"1.0.0"}))
    assert read(written(kept), "npm", "a") == kept


@pytest.mark.parametrize("missing", ["asked", "facts", "there", "open"])
def test_an_entry_of_another_shape_is_none(missing: str) -> None:
    document = json.loads(written(Kept(NOW)))
    del document[missing]
    assert read(json.dumps(document).encode(), "npm", "a") is None


@given(st.binary(max_size=60))
def test_bytes_that_are_no_entry(data: bytes) -> None:
    assert read(data, "npm", "a") is None
