"""How PyPI's clients ask and are answered; every path gets an answer, and no path reaches anything but a name."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.simulators.past import at, serving
from tests.simulators.past_pypi import PastPypi
from tests.simulators.small_gate import SmallGate

from seawall.kernel.dialect import Asked, Document, File, Said
from seawall.servers.firewall.pypi import PYPI, negotiated

BASE = "http://127.0.0.1:8080/pypi"
PIP = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
UV = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


def ask(path: str, method: str = "GET", accept: str = PIP):  # type: ignore[no-untyped-def]
    return PYPI.understand(Asked(method, path, "", {"accept": accept}, BASE))


def said(path: str, method: str = "GET", accept: str = PIP) -> tuple[int, str]:
    answer = ask(path, method, accept)
    assert isinstance(answer, Said)
    return answer.status, json.loads(answer.body)["error"] if answer.body else dict(answer.headers)[
        "location"
    ]


def test_pages_and_files() -> None:
    assert ask("/simple/some-thing/") == Document("some-thing", "json")
    assert ask("/simple/some-thing/", "HEAD") == Document("some-thing", "json")
    assert ask("/files/some-thing/some_thing-1.0.tar.gz") == File("some-thing", "some_thing-1.0.tar.gz")
    assert ask("/files/Some_Thing/a-1%2Bcpu-py3-none-any.whl") == File(
        "some-thing", "a-1+cpu-py3-none-any.whl"
    )
    assert ask("/files/x/x-1.whl.metadata") == File("x", "x-1.whl", "metadata")
    assert ask("/files/x/x-1.whl.provenance") == File("x", "x-1.whl", "provenance")


@pytest.mark.parametrize("path", ["/simple/some-thing", "/simple/Some.Thing/", "/simple/some__thing"])
def test_other_spellings_lead_to_the_folded_name(path: str) -> None:
    assert said(path) == (301, f"{BASE}/simple/some-thing/")


@pytest.mark.parametrize(
    ("path", "method", "status", "words"),
    [
        ("/simple/", "GET", 404, "list of all projects is not kept"),
        ("/simple", "GET", 404, "list of all projects"),
        ("/legacy/", "POST", 405, "upload to the index itself"),
        ("/", "POST", 405, "only hands out"),
        ("/simple/x/", "DELETE", 405, "only hands out"),
        ("/x/json", "GET", 404, "JSON API of before"),
        ("/x/1.0/json", "GET", 404, "JSON API of before"),
        ("/", "GET", 404, "no page"),
        ("", "GET", 400, "malformed"),
        ("/simple/-x-/", "GET", 404, "no name"),
        ("/simple/x/y/", "GET", 404, "list of all"),
        ("/simple/%2e%2e/", "GET", 400, "malformed"),
        ("/simple/../simple/x/", "GET", 400, "malformed"),
        ("/simple/x%2fy/", "GET", 400, "malformed"),
        ("/simple//x/", "GET", 400, "malformed"),
        ("//simple/x/", "GET", 400, "malformed"),
        ("/simple/x%00/", "GET", 400, "malformed"),
        ("/simple/%ff/", "GET", 400, "malformed"),
        ("/simple/ä/", "GET", 404, "no name"),
        ("/simple/" + "x" * 10_000 + "/", "GET", 400, "malformed"),
        ("/simple/" + "x" * 300 + "/", "GET", 404, "no name"),
        ("/files/x/", "GET", 404, "no file"),
        ("/files/x/.metadata", "GET", 404, "no file"),
        ("/files/x/..%5cx", "GET", 400, "malformed"),
        ("/files/x/y/z", "GET", 404, "no page"),
    ],
)
def test_everything_else_is_said_in_a_sentence(path: str, method: str, status: int, words: str) -> None:
    got, error = said(path, method)
    assert (got, words in error) == (status, True), error


def test_refused_methods_name_the_allowed_ones() -> None:
    assert ("allow", "GET, HEAD") in ask("/legacy/", "POST").headers


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PIP, "json"),
        (UV, "json"),
        ("", "text"),
        ("*/*", "text"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text"),
        ("application/vnd.pypi.simple.latest+json", "json"),
        ("Application/VND.pypi.simple.v1+JSON ; q=1.0", "json"),
        ("application/vnd.pypi.simple.v1+html", "html"),
        ("application/vnd.pypi.simple.v2+json, application/vnd.pypi.simple.v1+html;q=0.1", "html"),
        ("application/vnd.pypi.simple.v1+json;q=0, text/html;q=0.5", "text"),
        ("application/vnd.pypi.simple.v1+json;q=nan, text/html;q=0.001", "text"),
        ("text/*;q=0.5, application/vnd.pypi.simple.v1+json;q=0.4", "text"),
        ("*/*;q=0.1, application/vnd.pypi.simple.v1+json", "json"),
        ("application/json", ""),
        ("*/*;q=0", ""),
        ("application/vnd.pypi.simple.v2+json", ""),
    ],
)
def test_the_form_is_negotiated(accept: str, form: str) -> None:
    assert negotiated(accept) == form


def test_nothing_acceptable_is_said() -> None:
    assert said("/simple/x/", accept="application/json")[0] == 406


PIECES = st.sampled_from(
    ["/", "//", "simple", "files", "x", "..", ".", "%2e%2e", "%2f", "%5c", "%00", "\0", "%ff", "%", "é", "\ud800", "?", "#", "@", "x.metadata", " ", "json"]
)  # fmt: skip


@given(
    st.lists(PIECES | st.text(max_size=5), max_size=8).map("".join),
    st.sampled_from(["GET", "HEAD", "POST", "BREW"]),
)
@example("/" * 10_000, "GET")
@example("/simple/" + "%61" * 4_000 + "/", "GET")
@settings(max_examples=400, deadline=None)
def test_understanding_is_total(path: str, method: str) -> None:
    for start in ("", "/", "/simple/", "/files/x/"):
        wanted = ask(start + path, method)
        match wanted:
            case Said():
                assert wanted.status in (301, 400, 404, 405, 406)
            case Document(name, _):
                assert (
                    PYPI.address("https://registry.example/simple", name)
                    == f"https://registry.example/simple/{name}/"
                )
            case File(name, filename, aside):
                assert PYPI.address("https://registry.example", name)
                assert not {*filename} & {*"/\\%\0?#"}
                assert aside in ("", "metadata", "provenance")
            case _:
                raise AssertionError(wanted)


@given(st.text(max_size=60) | st.sampled_from(["q=" * 300, ",;" * 300]))
@settings(max_examples=200, deadline=None)
def test_any_accept_header_gets_a_form_or_none(accept: str) -> None:
    assert negotiated(accept) in ("json", "html", "text", "")


# Real clients against the dialect, behind a server of a few lines.

CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[3] / ".clients")) / "bin"
needs_clients = pytest.mark.skipif(
    not (CLIENTS / "uv").exists(), reason="no package managers in .clients (make clients)"
)
DAY = at("2026-02-01T00:00:00Z")


@pytest.fixture
def gate() -> Iterator[SmallGate]:
    with serving(PastPypi(at("2026-04-01T00:00:00Z"))) as upstream:
        for version in ("1.0", "1.1", "1.2"):
            upstream.wheel("litellm", version, DAY)
            upstream.sdist("litellm", version, DAY)
        with serving(SmallGate(PYPI, upstream)) as server:
            server.denied = {("litellm", "1.2")}
            yield server


def run(gate: SmallGate, home: Path, *command: str) -> tuple[int, str]:
    index = f"{gate.base}/simple/"
    done = subprocess.run(
        [str(CLIENTS / command[0]), *command[1:]],
        cwd=home,
        env={
            "PATH": f"{CLIENTS}:/usr/bin:/bin",
            "HOME": str(home),
            "NO_COLOR": "1",
            "PIP_INDEX_URL": index,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_DEFAULT_INDEX": index,
            "UV_NO_CACHE": "1",
            "UV_HTTP_RETRIES": "0",
            "UV_PYTHON": str(CLIENTS / "python3"),
            "UV_PYTHON_DOWNLOADS": "never",
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )
    return done.returncode, done.stdout + done.stderr


TOOLS = {"pip": ("pip", "install", "--target", "t"), "uv": ("uv", "pip", "install", "--target", "t")}


@needs_clients
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("html", [False, True], ids=["json", "html"])
def test_a_real_client_falls_back_to_what_is_allowed(
    gate: SmallGate, tmp_path: Path, tool: str, html: bool
) -> None:
    gate.upstream.html_only = html  # type: ignore[attr-defined]
    code, text = run(gate, tmp_path, *TOOLS[tool], "litellm")
    assert code == 0, text
    assert [path.name for path in (tmp_path / "t").glob("*.dist-info")] == ["litellm-1.1.dist-info"]
    assert not gate.upstream.seen  # whatever the client got, it got from the gate


@needs_clients
@pytest.mark.parametrize("tool", TOOLS)
def test_a_pin_of_what_is_held_back_fails(gate: SmallGate, tmp_path: Path, tool: str) -> None:
    """The reason stands in the status line (servers/firewall/phrase.py): both print it."""
    code, text = run(gate, tmp_path, *TOOLS[tool], "litellm==1.2")
    assert code != 0
    for words in ("403", "younger than 7 days", "allowed from 2026-04-07 00:21 UTC", "allowed now: 1.1"):
        assert words in " ".join(text.split())
    assert not list(tmp_path.glob("t/*.dist-info"))


@needs_clients
def test_uv_tells_the_reason_where_nothing_else_would_do(gate: SmallGate, tmp_path: Path) -> None:
    code, text = run(gate, tmp_path, *TOOLS["uv"], "litellm>=1.2")
    assert code == 1
    for words in (
        "held back",
        "younger than 7 days",
        "allowed from 2026-04-07 00:21 UTC",
        "allowed now: 1.1",
    ):
        assert words in " ".join(text.split())


@needs_clients
def test_pip_names_what_it_left_out(gate: SmallGate, tmp_path: Path) -> None:
    code, text = run(gate, tmp_path, *TOOLS["pip"], "litellm>=1.2")
    assert code == 1
    assert "Ignored the following yanked versions: 1.2" in text
