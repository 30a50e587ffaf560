"""Every gap is one sentence and one thing to do, and the thing to do is right."""

import re

import pytest

from seawall.gap_words import around_gap, consequences, cooldown_gap, pipeline_gap, scripts_gap, span
from seawall.kernel.client import Layer
from seawall.kernel.cooldown import SETTINGS, Cooldown, Scripts

NEWEST = {
    "npm": "11.19.1",
    "pnpm": "12.21.0",
    "yarn": "4.18.1",
    "bun": "1.4.5",
    "uv": "0.13.9",
    "pip": "26.3",
    "poetry": "2.5.1",
}


def untold(client: str, **more: object) -> Cooldown:
    option = SETTINGS[client].option
    return Cooldown(client, NEWEST[client], can=True, option=option, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("client", "fix"),
    [
        ("npm", "npm config set min-release-age 7 --location=user"),
        ("pnpm", "pnpm config set --global minimumReleaseAge 10080"),
        ("yarn", "yarn config set --home npmMinimalAgeGate 10080"),
        ("bun", "put minimumReleaseAge = 604800 under [install] in ~/.bunfig.toml"),
        ("uv", 'put exclude-newer = "7 days" in ~/.config/uv/uv.toml'),
        ("pip", "pip config set global.uploaded-prior-to P7D"),
        ("poetry", "poetry config solver.min-release-age 7"),
    ],
)
def test_an_untold_client(client: str, fix: str) -> None:
    gap = cooldown_gap(untold(client), 7)
    assert gap.what == f"{client} {NEWEST[client]} takes a release the minute it is published"
    assert gap.fix == fix
    assert gap.kind == "cooldown"


@pytest.mark.parametrize("client", SETTINGS)
def test_a_client_that_is_not_here_is_told_in_the_repository(client: str) -> None:
    gap = cooldown_gap(Cooldown(client, "", can=True, option=SETTINGS[client].option), 7, here=False)
    wanted = (
        "set PIP_UPLOADED_PRIOR_TO=P7D where it runs" if client == "pip" else "seawall setup --fix --project"
    )
    assert gap.fix == wanted


def test_what_is_not_known_is_not_claimed() -> None:
    gap = cooldown_gap(Cooldown("pnpm", "", can=True, option="minimum-release-age"), 7)
    assert gap.what == "pnpm before 11 takes a release at once; later ones wait 1 day, not 7 days"


@pytest.mark.parametrize(
    ("item", "what", "fix"),
    [
        (
            untold("pnpm", days=1.0, by_default=True),
            "pnpm 12.21.0 waits 1 day unless told otherwise, not 7 days",
            "pnpm config set --global minimumReleaseAge 10080",
        ),
        (
            untold("npm", days=3.0, value="3", where="/h/.npmrc", layer=Layer.USER),
            "npm 11.19.1 waits 3 days, not 7 days",
            "npm config set min-release-age 7 --location=user",
        ),
        (
            untold("npm", value="0", where=".npmrc", layer=Layer.PROJECT),
            "npm 11.19.1 is told not to wait (min-release-age = 0)",
            "seawall setup --fix --project",
        ),
        (
            untold("pip", value="soon", where="environment", layer=Layer.ENVIRONMENT, unreadable=True),
            "pip 26.3 does not understand uploaded-prior-to = soon",
            "change the environment variable that sets uploaded-prior-to",
        ),
        (
            untold("uv", days=2.0, value="2026-05-18", where="/h/uv.toml", layer=Layer.USER, fixed=True),
            "uv 0.13.9 waits 2 days (a date that does not move), not 7 days",
            'put exclude-newer = "7 days" in ~/.config/uv/uv.toml',
        ),
        (
            Cooldown(
                "npm", "11.19.1", True, 2.0, "2026-05-18", "before", "/h/.npmrc", 1, Layer.USER, fixed=True
            ),
            "npm 11.19.1 waits 2 days (a date that does not move), not 7 days",
            "take before out of /h/.npmrc; then: seawall setup --fix",
        ),
        (
            untold("npm", days=7.0, value="7", where="/h/.npmrc", exempts_all="/h/.npmrc"),
            "npm 11.19.1 waits, but every package is exempt from it",
            "take the * out of /h/.npmrc",
        ),
        (
            untold("npm", where=".npmrc", layer=Layer.PROJECT, unreadable=True),
            "npm 11.19.1 reads .npmrc, and what that says cannot be known",
            "correct .npmrc, or take it away",
        ),
        (
            Cooldown("npm", "10.9.0", can=False),
            "npm 10.9.0 cannot wait for a release to age; npm 11.10 can",
            "npm install --global npm@latest",
        ),
        (
            Cooldown("yarn", "1.22.22", can=False),
            "yarn 1.22.22 cannot wait for a release to age; yarn 4.10 can",
            "yarn set version stable",
        ),
        (
            Cooldown(
                "pip", "26.0", False, value="P7D", option="uploaded-prior-to", where="f", unreadable=True
            ),
            "pip 26.0 does not understand uploaded-prior-to = P7D; pip 26.1 does",
            "python -m pip install --upgrade pip",
        ),
    ],
)
def test_what_is_said_and_what_to_do(item: Cooldown, what: str, fix: str) -> None:
    gap = cooldown_gap(item, 7)
    assert (gap.what, gap.fix) == (what, fix)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (7, "7 days"),
        (1, "1 day"),
        (1.5, "1 day"),
        (0.5, "12 hours"),
        (1 / 24, "1 hour"),
        (7 / 1440, "7 minutes"),
        (0.0001, "less than a minute"),
        (0, "less than a minute"),
    ],
)
def test_span(days: float, words: str) -> None:
    assert span(days) == words


@pytest.mark.parametrize(
    ("client", "version", "fix"),
    [
        ("npm", "11.19.1", "npm config set ignore-scripts true --location=user"),
        ("pnpm", "9.1.0", "pnpm config set --global ignore-scripts true"),
        ("yarn", "4.13.0", "yarn config set --home enableScripts false"),
        ("yarn", "1.22.22", "yarn config set ignore-scripts true"),
    ],
)
def test_scripts_that_run_by_default(client: str, version: str, fix: str) -> None:
    gap = scripts_gap(client, version, Scripts(True))
    assert gap.what == f"{client} {version} runs the install scripts of every package"
    assert (gap.fix, gap.kind, gap.where) == (fix, "scripts", "")


def test_scripts_that_a_file_turns_on() -> None:
    gap = scripts_gap("pnpm", "10.1.0", Scripts(True, "dangerously-allow-all-builds", "pnpm-workspace.yaml"))
    assert gap.what == "pnpm 10.1.0 runs the install scripts of every package, told by pnpm-workspace.yaml"
    assert gap.fix == "take dangerously-allow-all-builds out of pnpm-workspace.yaml"
    unknown = scripts_gap("npm", "11", Scripts(True, "", ".npmrc"))
    assert unknown.what == "npm reads .npmrc, and what that says of install scripts cannot be known"
    assert unknown.fix == "correct .npmrc, or take it away"


def test_around_and_pipeline() -> None:
    gap = around_gap("uv", "uv.lock", "other.example", "gate.example")
    assert gap.what == "uv.lock leads to other.example, past your gate.example"
    assert (gap.where, gap.kind) == ("uv.lock", "around")
    scoped = around_gap("npm", ".npmrc", "other.example", "gate.example", "@acme", 5)
    assert "@acme at other.example" in scoped.what
    assert scoped.where == ".npmrc:5"
    many = pipeline_gap(["npm", "pip"], ".gitlab-ci.yml", 7)
    assert many.what == "CI has only what the repository says, and that does not make npm, pip wait"
    assert many.fix == "seawall setup --fix --project"
    assert pipeline_gap(["pip"], ".gitlab-ci.yml", 3).fix == "set PIP_UPLOADED_PRIOR_TO=P3D in CI"


def test_surprises_are_told_once_and_only_where_they_wait() -> None:
    assert consequences([("npm", False), ("pip", False)]) == ()
    (only,) = consequences([("uv", False), ("uv", False)])
    assert "uv lock" in only
    assert len(consequences([("npm", True), ("yarn", True), ("uv", True)])) == 2


def test_no_sentence_has_a_word_that_only_we_know() -> None:
    items = [untold(client) for client in SETTINGS]
    gaps = [cooldown_gap(item, 7) for item in items] + [scripts_gap("npm", "11", Scripts(True))]
    for gap in gaps:
        assert len(gap.what) <= 100
        assert not re.search(r"(?i)purl|cedar|principal|cooldown|ecosystem", f"{gap.what} {gap.fix}")
