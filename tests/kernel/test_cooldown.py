from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.client import Configuration, Layer, Option
from seawall.kernel.cooldown import SETTINGS, Scripts, at_least, cooldown, release, scripts, told
from seawall.kernel.lockfile import Problem, ProblemKind

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
FORMATS = {
    "npm": "npmrc",
    "pnpm": "pnpm-yaml",
    "yarn": "yarnrc",
    "bun": "bunfig",
    "uv": "uv",
    "pip": "pip",
    "poetry": "poetry",
}
NEWEST = {
    "npm": "11.19.1",
    "pnpm": "11.2.0",
    "yarn": "4.18.1",
    "bun": "1.4.5",
    "uv": "0.13.9",
    "pip": "26.3",
    "poetry": "2.5.1",
}


def place(format_: str, layer: Layer = Layer.USER, path: str = "file", **options: str) -> Configuration:
    return Configuration(
        path,
        format_,
        layer,
        MappingProxyType({k.replace("__", ".").replace("_", "-"): Option(v, 3) for k, v in options.items()}),
    )


def runs_scripts(client: str, version: str, places: tuple[Configuration, ...]) -> bool | None:
    return scripts(client, version, places).run


def one(client: str, value: str, version: str = "") -> tuple[float | None, bool, bool]:
    option = SETTINGS[client].option
    configuration = Configuration("f", FORMATS[client], Layer.USER, MappingProxyType({option: Option(value)}))
    got = cooldown(client, version or NEWEST[client], (configuration,), NOW)
    return got.days, got.unreadable, got.fixed


@pytest.mark.parametrize("client", SETTINGS)
@pytest.mark.parametrize("days", [1, 7, 30])
def test_what_we_write_is_what_the_client_waits(client: str, days: int) -> None:
    assert one(client, told(client, days)) == (days, False, False)


@pytest.mark.parametrize("client", SETTINGS)
def test_nobody_told_it(client: str) -> None:
    got = cooldown(client, NEWEST[client], (), NOW)
    assert got.can
    assert got.days == (1.0 if client in ("pnpm", "yarn") else None)
    assert got.by_default is (client in ("pnpm", "yarn"))


@pytest.mark.parametrize(
    ("client", "old"),
    [
        ("npm", "11.9.0"),
        ("pnpm", "10.15.1"),
        ("yarn", "4.9.4"),
        ("bun", "1.2.23"),
        ("uv", "0.9.16"),
        ("pip", "26.0"),
        ("poetry", "2.3.4"),
        ("yarn", "1.22.22"),
    ],
)
def test_a_version_before_the_setting_cannot_wait(client: str, old: str) -> None:
    places = [place(format_, x="y") for format_ in FORMATS.values()]
    got = cooldown(client, old, places, NOW)
    assert (got.can, got.days) == (False, None)


def test_a_setting_that_an_old_client_ignores_counts_for_nothing() -> None:
    assert one("npm", "7", "10.9.0") == (None, False, False)
    assert not cooldown("npm", "10.9.0", (place("npmrc", min_release_age="7"),), NOW).can


def test_yarn_before_4_11_reads_days_as_minutes() -> None:
    days, unreadable, _ = one("yarn", "7d", "4.10.3")
    assert days == pytest.approx(7 / 1440)
    assert not unreadable
    assert one("yarn", "7d", "4.11.0")[0] == 7
    assert one("yarn", "1w")[0] == 7
    assert one("yarn", "10080", "4.10.0")[0] == 7


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("7 days", 7),
        ("1 week", 7),
        ("7d", 7),
        ("P7D", 7),
        ("P1W", 7),
        ("PT168H", 7),
        ("1 week ago", 7),
        ("24 hours", 1),
        ("1 day 12 hours", 1.5),
    ],
)
def test_durations_of_uv(value: str, days: float) -> None:
    assert one("uv", value) == (days, False, False)


@pytest.mark.parametrize(
    ("client", "value"),
    [
        ("uv", "7"),
        ("uv", "1 month"),
        ("uv", "soon"),
        ("npm", '"5"'),
        ("npm", "seven"),
        ("npm", "-1"),
        ("pip", "7"),
        ("pip", "PT7D"),
        ("bun", "x"),
        ("pnpm", "7d"),
        ("poetry", ""),
    ],
)
def test_a_value_that_the_client_does_not_understand_protects_nobody(client: str, value: str) -> None:
    assert one(client, value)[:2] == (None, True)


@pytest.mark.parametrize(("client", "value"), [("uv", "false"), ("npm", "0"), ("pnpm", "0"), ("yarn", "0")])
def test_told_not_to_wait(client: str, value: str) -> None:
    assert one(client, value)[0] is None


@pytest.mark.parametrize("client", ["uv", "pip"])
def test_a_fixed_date_holds_back_what_came_after_it(client: str) -> None:
    old, young = NOW - timedelta(days=30), NOW + timedelta(days=1)
    assert one(client, old.isoformat()) == (30, False, True)
    assert one(client, young.isoformat())[0] is None
    assert one(client, "2026-05-10")[2]


def test_pip_26_0_takes_only_a_date() -> None:
    assert one("pip", "P7D", "26.0") == (None, True, False)
    assert one("pip", "2026-05-01T00:00:00Z", "26.0")[0] == pytest.approx(19.5)


def test_uv_before_0_9_17_takes_only_a_date() -> None:
    assert one("uv", "7 days", "0.9.16")[1]
    assert one("uv", "2026-05-01T00:00:00Z", "0.9.16")[2]


def test_npm_later_places_win_and_a_date_wins_in_one_place() -> None:
    user = place("npmrc", Layer.USER, "user", min_release_age="7")
    project = place("npmrc", Layer.PROJECT, "project", min_release_age="0")
    environment = place("npm-environment", Layer.ENVIRONMENT, "environment", min_release_age="3")
    assert cooldown("npm", "11.10", (user,), NOW).days == 7
    assert cooldown("npm", "11.10", (project, user), NOW).where == "project"
    assert cooldown("npm", "11.10", (project, user), NOW).days is None
    assert cooldown("npm", "11.10", (environment, project, user), NOW).days == 3
    dated = place("npmrc", Layer.USER, "user", min_release_age="7", before="2026-05-19T12:00:00Z")
    assert cooldown("npm", "11.10", (dated,), NOW).days == 1


def test_pnpm_10_and_11_read_different_places() -> None:
    rc = place("pnpm-rc", Layer.USER, "rc", minimum_release_age="1440")
    user = place("npmrc", Layer.USER, ".npmrc", minimum_release_age="2880")
    variable = place("npm-environment", Layer.ENVIRONMENT, "environment", minimum_release_age="4320")
    workspace = place("pnpm-yaml", Layer.PROJECT, "pnpm-workspace.yaml", minimum_release_age="5760")
    config = place("pnpm-yaml", Layer.USER, "config.yaml", minimum_release_age="7200")
    newer = place("pnpm-environment", Layer.ENVIRONMENT, "environment", minimum_release_age="8640")
    every = (newer, config, workspace, variable, user, rc)
    assert cooldown("pnpm", "10.34.9", (rc,), NOW).days == 1
    assert cooldown("pnpm", "10.34.9", (user, rc), NOW).days == 2
    assert cooldown("pnpm", "10.34.9", (variable, user, rc), NOW).days == 3
    assert cooldown("pnpm", "10.34.9", every, NOW).days == 4
    assert cooldown("pnpm", "11.0.0", (rc, user, variable), NOW).by_default
    assert cooldown("pnpm", "11.0.0", (config, rc), NOW).days == 5
    assert cooldown("pnpm", "11.0.0", every, NOW).days == 6


def test_pip_install_section_wins_over_every_global_one() -> None:
    machine = place("pip", Layer.MACHINE, "machine", install__uploaded_prior_to="P1D")
    user = place("pip", Layer.USER, "user", uploaded_prior_to="P9D")
    assert cooldown("pip", "26.1", (machine, user), NOW).days == 1
    variable = place("pip-environment", Layer.ENVIRONMENT, "environment", uploaded_prior_to="P3D")
    assert cooldown("pip", "26.1", (machine, user, variable), NOW).days == 3


def test_a_star_in_the_exceptions_exempts_everything() -> None:
    places = (place("npmrc", min_release_age="7", min_release_age_exclude="@acme/*, *"),)
    assert cooldown("npm", "11.19", places, NOW).exempts_all == "file"
    places = (place("npmrc", min_release_age="7", min_release_age_exclude="@acme/*"),)
    assert cooldown("npm", "11.19", places, NOW).exempts_all == ""


def test_scripts() -> None:
    assert runs_scripts("npm", "11.19", ()) is True
    assert runs_scripts("npm", "11.19", (place("npmrc", ignore_scripts="true"),)) is False
    assert runs_scripts("npm", "11.19", (place("npmrc", strict_allow_scripts="true"),)) is False
    off = place("npmrc", Layer.PROJECT, ignore_scripts="false")
    assert runs_scripts("npm", "11.19", (place("npmrc", ignore_scripts="true"), off)) is True
    assert runs_scripts("yarn", "4.13.0", ()) is True
    assert runs_scripts("yarn", "4.14.1", ()) is False
    assert runs_scripts("yarn", "4.13.0", (place("yarnrc", enable_scripts="false"),)) is False
    assert runs_scripts("yarn", "1.22.22", ()) is True
    assert runs_scripts("yarn", "1.22.22", (place("yarnrc-v1", ignore_scripts="true"),)) is False
    assert runs_scripts("yarn", "1.22.22", (place("npmrc", ignore_scripts="true"),)) is True
    assert runs_scripts("pnpm", "9.1.0", ()) is True
    assert runs_scripts("pnpm", "10.1.0", ()) is False
    assert runs_scripts("bun", "1.4", ()) is None


def test_who_says_that_scripts_run() -> None:
    off = place("npmrc", Layer.PROJECT, ".npmrc", ignore_scripts="false")
    assert scripts("npm", "11.19", (off,)) == Scripts(True, "ignore-scripts", ".npmrc")
    assert scripts("npm", "11.19", ()) == Scripts(True)
    all_builds = place("pnpm-yaml", path="config.yaml", dangerously_allow_all_builds="true")
    assert scripts("pnpm", "11.2", (all_builds,)).where == "config.yaml"
    hidden = unreadable("npmrc", Layer.PROJECT, ".npmrc")
    assert scripts("npm", "11.19", (hidden,)) == Scripts(True, "", ".npmrc")


def unreadable(format_: str, layer: Layer, path: str) -> Configuration:
    return Configuration(path, format_, layer, problems=(Problem(path, ProblemKind.ENCODING, "not UTF-8"),))


@pytest.mark.parametrize("client", SETTINGS)
def test_a_file_that_cannot_be_read_may_say_anything(client: str) -> None:
    """A tree may hide `min-release-age=0` behind a byte that we refuse and the client does not."""
    format_ = FORMATS[client]
    option = SETTINGS[client].option
    good = Configuration("user", format_, Layer.USER, MappingProxyType({option: Option(told(client, 7))}))
    layer = Layer.USER if client == "pip" else Layer.PROJECT
    got = cooldown(client, NEWEST[client], (good, unreadable(format_, layer, "hidden")), NOW)
    assert (got.days, got.unreadable, got.where, got.value) == (None, True, "hidden", "")
    other = unreadable("something else", layer, "other")
    assert cooldown(client, NEWEST[client], (good, other), NOW).days == 7


def test_what_wins_over_an_unreadable_file_is_known_but_not_who_is_exempt() -> None:
    hidden = unreadable("npmrc", Layer.PROJECT, ".npmrc")
    environment = place("npm-environment", Layer.ENVIRONMENT, "environment", min_release_age="7")
    assert cooldown("npm", "11.19", (hidden, environment), NOW).where == ".npmrc"
    told_uv = place("uv-environment", Layer.ENVIRONMENT, "environment", exclude_newer="7 days")
    assert cooldown("uv", "0.13", (unreadable("uv", Layer.PROJECT, "uv.toml"), told_uv), NOW).days == 7


def test_an_unreadable_file_is_taken_for_the_worse_about_scripts() -> None:
    good = place("npmrc", ignore_scripts="true")
    assert runs_scripts("npm", "11.19", (good, unreadable("npmrc", Layer.PROJECT, ".npmrc"))) is True
    assert runs_scripts("yarn", "4.14.1", (unreadable("yarnrc", Layer.PROJECT, ".yarnrc.yml"),)) is True
    assert runs_scripts("pnpm", "10.1.0", (unreadable("pnpm-yaml", Layer.PROJECT, "w"),)) is True


def test_versions() -> None:
    assert release("v11.10.0-rc.1") == (11, 10, 0)
    assert release("corepack") == ()
    assert at_least("11.10", (11, 10))
    assert not at_least("11.9.9", (11, 10))
    assert at_least("", (99,))


@given(st.sampled_from(list(SETTINGS)), st.text(max_size=60), st.text(max_size=12))
def test_no_value_and_no_version_stops_it(client: str, value: str, version: str) -> None:
    one(client, value, version)
