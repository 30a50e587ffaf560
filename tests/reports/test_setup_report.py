"""`seawall setup` for a person and for a program."""

import io
import json
from pathlib import Path

import pytest

from seawall.kernel.client import Gap, Layer
from seawall.kernel.cooldown import Cooldown, Scripts
from seawall.kernel.overview import ClientView, Overview, Use
from seawall.reports.setup import as_json, as_text, print_rich

NPM = Cooldown("npm", "11.19.1", True, 7.0, "7", "min-release-age", "/h/.npmrc", 3, Layer.USER)
PNPM = Cooldown("pnpm", "12.21.0", True, 1.0, option="minimum-release-age", by_default=True)
PIP = Cooldown("pip", "23.2.1", False, option="uploaded-prior-to")
UV = Cooldown("uv", "", True, option="exclude-newer")
VIEWS = (
    ClientView("npm", "11.19.1", "/usr/bin/npm", "", ("package-lock.json",), NPM, Scripts(True), True),
    ClientView("pnpm", "12.21.0", "/usr/bin/pnpm", "", (), PNPM, Scripts(False), False),
    ClientView("pip", "23.2.1", "/usr/bin/pip", "", (), PIP, Scripts(None), False),
    ClientView("uv", "", "", "not on this machine", ("uv.lock",), UV, Scripts(None), False),
)
FULL = Overview(
    "/work",
    7,
    VIEWS,
    (("package.json", ("package-lock.json",)), ("pyproject.toml", ()), ("", ("uv.lock",))),
    (".github/workflows/ci.yml",),
    (("npm", "gate.example", "default", "/h/.npmrc"), ("PyPI", "index.example", "default", "")),
    (
        Gap("pnpm", "pnpm waits 1 day", "pnpm config set x", "", "cooldown"),
        Gap("npm", "package-lock.json leads to other.example", "lock again", "package-lock.json", "around"),
    ),
    ("cargo is used here; its settings are not looked at",),
    (),
    (Use("npm", "11.19.1", waits=True), Use("pnpm", "12.21.0"), Use("pip", "23.2.1")),
)
EMPTY = Overview(".", 7, (), (), (), (), (), ())


def test_the_text() -> None:
    assert as_text(FULL).splitlines() == [
        "Package managers: does a release have to be 7 days old?",
        "  npm   11.19.1       yes              min-release-age = 7 in /h/.npmrc:3",
        "  pnpm  12.21.0       no               its own default",
        "  pip   23.2.1        too old to wait  nobody",
        "  uv    ? (not here)  no               nobody",
        "",
        "This repository",
        "  lockfiles: package-lock.json, uv.lock",
        "  without a lockfile: pyproject.toml",
        "  CI: .github/workflows/ci.yml",
        "  registries: gate.example (npm default, from /h/.npmrc), index.example (PyPI default, built in)",
        "  note: cargo is used here; its settings are not looked at",
        "",
        "Not protected (2)",
        "  pnpm waits 1 day",
        "    fix: pnpm config set x",
        "  package-lock.json leads to other.example",
        "    fix: lock again",
        "",
        "Next: seawall setup --fix",
    ]


def test_the_text_about_nothing() -> None:
    assert as_text(EMPTY).splitlines() == [
        "Package managers: does a release have to be 7 days old?",
        "  none was found",
        "",
        "This repository",
        "  no manifest or lockfile",
        "",
        "No gap was found.",
    ]


@pytest.mark.parametrize(
    ("here", "gaps", "step"),
    [
        ((Use("npm", "11.19.1"),), (Gap("npm", "x", "y"),), "seawall setup --fix"),
        ((Use("pip", "23.2.1"),), (Gap("pip", "old", "upgrade"),), ""),
        ((Use("npm", "11.19.1", waits=True),), (Gap("npm", "scripts", "y"),), ""),
        ((), (Gap("uv", "x", "seawall setup --fix --project"),), "seawall setup --fix --project"),
    ],
)
def test_the_next_step_is_only_told_where_it_helps(
    here: tuple[Use, ...], gaps: tuple[Gap, ...], step: str
) -> None:
    text = as_text(Overview(".", 7, (), (), (), (), gaps, (), (), here))
    assert text.endswith(f"Next: {step}") if step else "Next:" not in text


def test_many_ways_past_a_gate_are_counted() -> None:
    many = tuple(Gap("uv", f"uv.lock leads to h{n}.example", "lock again", kind="around") for n in range(30))
    lines = as_text(Overview(".", 7, (), (), (), (), many, ())).splitlines()
    assert lines[-1] == "  24 more that lead past it: --format json"
    assert len(lines) < 25


def test_long_lists_are_cut_and_counted() -> None:
    locks = tuple(("", (f"a{n}/uv.lock",)) for n in range(20))
    long = Overview(".", 7, (), locks, (), (), (), tuple(f"note {n}" for n in range(20)))
    text = as_text(long)
    assert "a5/uv.lock and 14 more" in text
    assert "note 5" in text
    assert "and 14 more notes: --format json" in text


def test_the_json() -> None:
    got = json.loads(as_json(FULL))
    assert got["schema"] == "seawall/setup/1"
    assert (got["target"], got["cooldown_days"]) == ("/work", 7)
    assert got["clients"][0] == {
        "name": "npm",
        "version": "11.19.1",
        "program": "/usr/bin/npm",
        "note": "",
        "used_in": ["package-lock.json"],
        "protected": True,
        "can_wait": True,
        "waits_days": 7.0,
        "setting": "min-release-age",
        "value": "7",
        "where": "/h/.npmrc",
        "line": 3,
        "by_default": False,
        "runs_scripts": True,
    }
    assert got["clients"][2]["runs_scripts"] is None
    assert got["lockfiles"][1] == {"manifest": "pyproject.toml", "lockfiles": []}
    assert got["pipelines"] == [".github/workflows/ci.yml"]
    assert got["registries"][1] == {
        "ecosystem": "PyPI",
        "host": "index.example",
        "role": "default",
        "where": "",
    }
    assert got["gaps"][1]["kind"] == "around"
    assert set(got) == {
        "schema", "target", "cooldown_days", "clients", "lockfiles", "pipelines", "registries", "gaps", "notes",
    }  # fmt: skip


HOSTILE = "a\x1b[31m\u202eb\nc\x07"


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_hostile_acts_on_a_terminal(terminal: bool) -> None:
    told = Cooldown("npm", HOSTILE, True, 7.0, HOSTILE, HOSTILE, HOSTILE, 3)
    hostile = Overview(
        HOSTILE,
        7,
        (ClientView("npm", HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), told, Scripts(True), True),),
        ((HOSTILE, (HOSTILE,)),),
        (HOSTILE,),
        (("npm", HOSTILE, HOSTILE, HOSTILE),),
        (Gap("npm", HOSTILE, HOSTILE, HOSTILE),),
        (HOSTILE,),
    )
    if terminal:
        out = io.StringIO()
        print_rich(hostile, out)
        text = out.getvalue()
    else:
        text = as_text(hostile)
    assert not {"\x1b", "\u202e", "\x07"} & set(text)
    assert len(text.splitlines()) <= 20
    assert {"\x1b", "\u202e", "\x07"}.isdisjoint(as_json(hostile))


def test_the_terminal_shows_the_same() -> None:
    out = io.StringIO()
    print_rich(FULL, out)
    text = out.getvalue()
    for word in (
        "package manager",
        "waits 7 days?",
        "too old to wait",
        "Not protected (2)",
        "fix: lock again",
    ):
        assert word in text


def test_every_field_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "commands" / "setup.md").read_text()
    got = json.loads(as_json(FULL))
    rows = [row for key in ("clients", "lockfiles", "registries", "gaps") for row in got[key]]
    for field in {*got, *(name for row in rows for name in row)}:
        assert f"`{field}`" in page
