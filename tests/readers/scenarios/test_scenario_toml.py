"""A scenario that cannot be used is one clear line; a hostile one too, and never a crash."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Problem, ProblemKind
from seawall.kernel.scenario import Moment, Scenario, Want
from seawall.readers.scenarios.outline import LIKE, made
from seawall.readers.scenarios.scenario_toml import read, want

TAKE = '[[take]]\ndoes = "install"\nat = 2026-03-01T11:00:00Z\nwants = { npm = ["thing@^1.0.0"] }\n'
PACKAGE = """
[[package]]
ecosystem = "npm"
name = "thing"

[[package.release]]
version = "1.0.0"
at = 2026-02-01T10:00:00Z
"""


def beside(path: str) -> bytes | Problem:
    return Problem(path, ProblemKind.UNREADABLE, "No such file or directory") if path != "x.txt" else b"hello"


def ask(text: str | bytes) -> Scenario | Problem:
    data = text.encode() if isinstance(text, str) else text
    return read(data, "day.toml", "day", DEFAULT_LIMITS, beside)


def scenario(text: str) -> Scenario:
    found = ask(text)
    assert isinstance(found, Scenario), found
    return found


def test_a_release_has_what_the_one_before_it_had() -> None:
    more = (
        'scripts = { postinstall = "node x.js" }\nfiles = { "x.js" = "1;\\n", "y.js" = { file = "x.txt" } }\n\n'
        '[[package.release]]\nversion = "1.0.1"\nat = 2026-02-02T10:00:00+01:00\nwithout = ["y.js"]\nbad = true\n'
    )
    first, second = scenario(PACKAGE + more + TAKE).packages[0].releases
    assert first.files["y.js"] == b"hello"
    assert set(second.files) == {"index.js", "x.js"}
    assert second.scripts == {"postinstall": "node x.js"}
    assert (first.bad, second.bad) == (False, True)
    assert second.at.isoformat() == "2026-02-02T09:00:00+00:00"


def test_moments_and_what_is_asked_for() -> None:
    take = scenario(TAKE + 'files = { "a/b.txt" = "x" }\n').takes[0]
    assert (take.does, take.wants, take.before) == (Moment.INSTALL, (Want("npm", "thing", "^1.0.0"),), None)
    assert want("npm", "@a/b") == Want("npm", "@a/b", "")
    assert want("npm", "@a/b@1.x") == Want("npm", "@a/b", "1.x")
    assert want("PyPI", "Lite_LLM[proxy]>=1.80,<2 ; python_version > '3'") == Want(
        "PyPI", "lite-llm", ">=1.80,<2"
    )
    assert want("Hugging Face", "acme/bert@main") == Want("Hugging Face", "acme/bert", "main")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no [[take]]"),
        ("x = ", 1, "not TOML"),
        ('rule = "packages/young"\n' + TAKE, 0, "'rule' means nothing in a scenario"),
        ('stopped_alone_by = ["cooldown-7d"]\n' + TAKE, 0, "'stopped_alone_by' means nothing"),
        (TAKE + 'outcome = "deny"\n', 1, "[[take]] 1: 'outcome' means nothing in a moment"),
        ('kind = "worm"\n' + TAKE, 0, 'kind must be "attack" or "benign"'),
        (TAKE.replace("Z", ""), 1, "at must be a moment with its offset"),
        (TAKE.replace("install", "hope"), 1, "does must be one of install, merge, launch, load"),
        (TAKE.replace('["thing@^1.0.0"]', "3"), 1, "wants must be as in"),
        (TAKE + PACKAGE + PACKAGE, 1, "thing stands in two"),
        (TAKE + PACKAGE.replace("at = 2026-02-01T10:00:00Z", ""), 6, "thing, release 1: at is missing"),
        (TAKE + PACKAGE + "gone = 2026-01-01T00:00:00Z\n", 6, "gone must be later than at"),
        (TAKE + PACKAGE + 'files = { "../x" = "" }\n', 6, "'../x' is no path inside"),
        (TAKE + PACKAGE + 'files = { "/x" = "" }\n', 6, "'/x' is no path inside"),
        (TAKE + PACKAGE + 'files = { x = { file = "../../etc/passwd" } }\n', 6, "does not lie beside"),
        (TAKE + PACKAGE + 'files = { x = { file = "no.txt" } }\n', 6, "no.txt: No such file"),
        (TAKE + PACKAGE + 'files = { x = { like = "malware" } }\n', 6, "nothing is known that looks like"),
        (TAKE + PACKAGE + "files = { x = { bytes = 99999999999 } }\n", 6, "bytes must be a number up to"),
        (TAKE + PACKAGE.replace("1.0.0", "1.0"), 6, "'1.0' is no version of npm"),
        (TAKE + PACKAGE + 'archives = ["egg"]\n', 6, "archives are sdist and wheel"),
        (TAKE + "[[repository]]\nname = 'a/b'\n", 5, "a/b has no [[repository.commit]]"),
        (TAKE + "[[advisory]]\nat = 2026-01-01T00:00:00Z\n", 5, "[[advisory]] 1: ecosystem is missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_with_its_line(text: str, line: int, said: str) -> None:
    found = ask(text)
    assert isinstance(found, Problem)
    assert said in found.message
    assert "\n" not in found.message
    assert found.line == line


def test_bytes_that_are_no_text_and_nests_are_problems() -> None:
    for data in (b"\xff\xfe\x00", b"a = " + b"[" * 5_000, b"a." * 5_000 + b"b = 1", b"at = 0000-00-00"):
        assert isinstance(ask(data), Problem)


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_whatever_stands_in_it_is_a_scenario_or_a_problem(text: str | bytes) -> None:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    assert isinstance(ask(data), Scenario | Problem)
    assert isinstance(ask(TAKE.encode() + data), Scenario | Problem)


@pytest.mark.parametrize("like", LIKE)
def test_an_outline_has_the_size_that_it_says_and_is_the_same_each_time(like: str) -> None:
    one = made("begun\n", like, 50_000)
    assert one == made("begun\n", like, 50_000)
    assert one.startswith(b"begun\n")
    assert 49_900 <= len(one) <= 50_100


def test_an_outline_without_a_likeness_is_padded_with_nothing() -> None:
    assert made("x", "", 5) == b"x\n\n\n\n"
    assert made("x", "", 0) == b"x"


def test_what_the_page_shows_can_be_used() -> None:
    page = Path(__file__).parents[3] / "docs" / "scenarios.md"
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    assert len(blocks) == 2
    assert scenario(blocks[0]).packages[0].releases[1].bad
    assert scenario(blocks[1] + TAKE).repositories[0].code == ("AutoModel",)


def test_the_page_names_everything_that_a_file_may_look_like() -> None:
    page = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text().replace("\n", " ")
    assert [like for like in LIKE if like not in page] == []
