"""What a client of a hub asks for: every address that the library builds, and nothing else."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.hub_offering import Wanted
from seawall.kernel.hub import Kind
from seawall.servers.firewall.hf_asked import Info, PathsInfo, Refs, Refused, Resolve, Tree, asked_for

BERT = Wanted(Kind.MODEL, "acme/bert")
MAIN = Wanted(Kind.MODEL, "acme/bert", "main")


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/api/models/acme/bert", Info(BERT)),
        ("/api/models/gpt2", Info(Wanted(Kind.MODEL, "gpt2"))),
        ("/api/models/gpt2/revision/main", Info(Wanted(Kind.MODEL, "gpt2", "main"))),
        ("/api/models/gpt2/refs", Refs(Wanted(Kind.MODEL, "gpt2"))),
        (
            "/api/models/acme/bert/revision/refs%2Fpr%2F1",
            Info(Wanted(Kind.MODEL, "acme/bert", "refs/pr/1")),
        ),
        ("/api/datasets/acme/d/tree/main", Tree(Wanted(Kind.DATASET, "acme/d", "main"), "")),
        ("/api/datasets/acme/d/tree/main/a%2Fb", Tree(Wanted(Kind.DATASET, "acme/d", "main"), "a/b")),
        ("/api/spaces/acme/s/refs", Refs(Wanted(Kind.SPACE, "acme/s"))),
        ("/acme/bert/resolve/main/a/b%20c.json", Resolve(MAIN, "a/b c.json")),
        ("/gpt2/resolve/main/x", Resolve(Wanted(Kind.MODEL, "gpt2", "main"), "x")),
        ("/datasets/squad/resolve/main/x", Resolve(Wanted(Kind.DATASET, "squad", "main"), "x")),
        ("/spaces/acme/s/resolve/v1/x", Resolve(Wanted(Kind.SPACE, "acme/s", "v1"), "x")),
    ],
)
def test_what_the_library_asks(path: str, asked: object) -> None:
    assert asked_for("GET", path) == asked
    assert asked_for("HEAD", path) == asked
    refused = asked_for("POST", path)
    assert isinstance(refused, Refused)
    assert refused.status == 405


def test_single_paths_are_asked_for_in_a_form() -> None:
    assert asked_for("POST", "/api/models/acme/bert/paths-info/main") == PathsInfo(MAIN)
    assert isinstance(asked_for("GET", "/api/models/acme/bert/paths-info/main"), Refused)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/models",
        "/api/models/",
        "/api/models/..%2f..",
        "/api/models/a/b/c/d",
        "/api/models/acme/bert/revision/",
        "/api/models/acme/bert/revision/..",
        "/api/models/acme/bert/revision/-x",
        "/api/models/acme/bert/tree/main/..",
        "/api/models/acme/bert/commits/main",
        "/api/models/acme/bert/xet-read-token/main",
        "/api/users/acme/overview",
        "/acme/bert/resolve/main/",
        "/acme/bert/resolve/main/a/../b",
        "/acme/bert/resolve/main/a%00b",
        "/acme/bert/resolve/main/a%5cb",
        "/a/b/c/resolve/main/x",
        "/resolve/main/x",
        "/acme/bert/raw/main/x",
        "/%2e%2e/bert/resolve/main/x",
    ],
)
def test_everything_else_is_refused(path: str) -> None:
    assert isinstance(asked_for("GET", path), Refused)


@given(st.text(max_size=80), st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "BREW"]))
def test_any_path_is_understood_or_refused(path: str, method: str) -> None:
    for address in (f"/{path}", f"/{quote(path)}", f"/acme/bert/resolve/main/{quote(path)}"):
        asked = asked_for(method, address)
        if isinstance(asked, Resolve):
            assert ".." not in asked.path.split("/")
            assert not asked.path.startswith("/")
            assert "\0" not in asked.path
