"""The simulated index is one that a real pip installs from, wheels and sdists alike."""

import json
import subprocess
import sys
from pathlib import Path

from tests.simulators.past import Request, at, serving
from tests.simulators.past_pypi import JSON, PastPypi

PIP = Path(__file__).parents[2] / ".clients" / "bin" / "pip"


def page(past: PastPypi, path: str, accept: str = JSON):  # type: ignore[no-untyped-def]
    return past.answer(Request("GET", path, "", {"accept": accept}))


def test_it_shows_what_had_been_published() -> None:
    with serving(PastPypi(at("2026-02-01T00:00:00Z"))) as past:
        past.wheel("Some.Thing", "1.0", at("2026-02-02T00:00:00Z"))
        past.wheel("Some.Thing", "1.1", at("2026-02-03T00:00:00Z"), gone=at("2026-02-03T03:00:00Z"))
        assert page(past, "/simple/some-thing/").status == 404
        seen = []
        for when in ("2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z", "2026-02-03T03:00:00Z"):
            past.now = at(when)
            seen.append(json.loads(page(past, "/simple/some-thing/").body)["versions"])
        assert seen == [["1.0"], ["1.0", "1.1"], ["1.0"]]
        assert page(past, "/files/some-thing/some_thing-1.1-py3-none-any.whl").status == 404
        assert page(past, "/simple/Some.Thing/").headers["Location"] == "/simple/some-thing/"


def test_pip_takes_a_wheel_and_builds_an_sdist(tmp_path: Path) -> None:
    with serving(PastPypi(at("2026-03-01T00:00:00Z"))) as past:
        past.wheel("outer", "1.0", at("2026-02-02T00:00:00Z"), needs=["inner>=2"])
        past.sdist("inner", "2.0", at("2026-02-02T00:00:00Z"))
        pip = [str(PIP)] if PIP.exists() else [sys.executable, "-m", "pip"]
        done = subprocess.run(
            [*pip, "wheel", "outer", "--no-cache-dir", "-w", str(tmp_path), "-i", past.index_url],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            capture_output=True,
            check=False,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        assert sorted(p.name for p in tmp_path.glob("*.whl")) == [
            "inner-2.0-py3-none-any.whl",
            "outer-1.0-py3-none-any.whl",
        ]
