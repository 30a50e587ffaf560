"""A gap is closed by the client's own setting: shown, written in one step, and taken back exactly."""

import os
import stat
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.machine.clients import look
from seawall.close_gaps import Plan, carry_out, default_settings, plan, undo, write_settings
from seawall.gap_places import (
    Place,
    every_project_place,
    every_user_place,
    project_places,
    user_places,
)
from seawall.kernel.client import Machine
from seawall.kernel.cooldown import SETTINGS, cooldown, scripts
from seawall.kernel.errors import UsageError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.overview import Use
from seawall.kernel.settings import DEFAULTS
from seawall.readers.settings.seawall_toml import LAYOUT, read

CANARY = "canary-8d21f0"
NOW = datetime(2026, 5, 20, tzinfo=UTC)
NEWEST = {
    "npm": "11.19.1",
    "pnpm": "12.21.0",
    "yarn": "4.18.1",
    "bun": "1.4.5",
    "uv": "0.13.9",
    "pip": "26.3",
    "poetry": "2.5.1",
}
FILES = {
    "npm": ".npmrc",
    "pnpm": ".config/pnpm/config.yaml",
    "yarn": ".yarnrc.yml",
    "bun": ".bunfig.toml",
    "uv": ".config/uv/uv.toml",
    "pip": ".config/pip/pip.conf",
    "poetry": ".config/pypoetry/config.toml",
}
WITH_SECRETS = {
    "npm": f"; mine\n//a.example/:_authToken={CANARY}\n",
    "pnpm": "# mine\nregistries:\n  default: https://a.example/\n",
    "yarn": f"# mine\nnpmAuthToken: {CANARY}\n",
    "bun": f'# mine\n[install]\nregistry = {{ url = "https://a.example", token = "{CANARY}" }}\n',
    "uv": f'# mine\nindex-url = "https://u:{CANARY}@a.example/simple"\n',
    "pip": f"# mine\n[global]\nindex-url = https://u:{CANARY}@a.example/simple\n",
    "poetry": "# mine\n[virtualenvs]\nin-project = true\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    return place


def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": ""}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())


def snapshot(root: Path) -> dict[str, tuple[int, bytes | str | None]]:
    """Every path below `root`: its mode, and its bytes or where it leads."""
    found: dict[str, tuple[int, bytes | str | None]] = {}
    for path in sorted(root.rglob("*")):
        content: bytes | str | None = None
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(root))] = (stat.S_IMODE(path.lstat().st_mode), content)
    return found


def uses(names: Iterable[str] = NEWEST, **more: object) -> list[Use]:
    return [Use(name, NEWEST[name], **more) for name in names]  # type: ignore[arg-type]


def fix(places: Iterable[Place], inside: Path | None = None, days: int = 7) -> Plan:
    wanted = plan(places, days, inside)
    for change in wanted.changes:
        carry_out(change)
    return wanted


def fix_user(home: Path, found: Iterable[Use] | None = None, **more: bool) -> Plan:
    places, _ = user_places(uses() if found is None else found, environment(home), 7, **more)
    return fix(places)


def told(home: Path) -> Machine:
    return look(environment(home))


@pytest.mark.parametrize("before", [{}, WITH_SECRETS], ids=["no files", "files with secrets"])
def test_after_it_every_client_waits_and_undo_leaves_no_trace(home: Path, before: dict[str, str]) -> None:
    write(home, {FILES[name]: text for name, text in before.items()})
    first = snapshot(home)
    wanted = fix_user(home)
    assert {change.places[0].client for change in wanted.changes} == set(NEWEST)
    assert wanted.left == ()
    for name, version in NEWEST.items():
        assert cooldown(name, version, told(home).configurations, NOW).days == 7, name
    for name, text in before.items():
        now = (home / FILES[name]).read_text()
        assert [line for line in now.splitlines() if line in text.splitlines()] == text.splitlines()
    assert not plan(user_places(uses(), environment(home), 7)[0], 7).changes, "a second time does nothing"
    restored, left = undo(every_user_place(environment(home), 7))
    assert len(restored) == len(NEWEST)
    assert left == ()
    assert snapshot(home) == first
    assert undo(every_user_place(environment(home), 7)) == ((), ())


def test_a_diff_shows_no_secret_and_all_that_changes(home: Path) -> None:
    write(home, {FILES[name]: text for name, text in WITH_SECRETS.items()})
    write(home, {".npmrc": f"min-release-age=1 ; {CANARY}\n//a.example/:_authToken={CANARY}"})
    wanted = plan(user_places(uses(), environment(home), 7)[0], 7)
    everything = "\n".join(change.diff for change in wanted.changes)
    assert CANARY not in everything
    npm = next(change for change in wanted.changes if change.places[0].client == "npm").diff.splitlines()
    path = str(home / ".npmrc")
    assert npm == [
        f"--- {path}",
        f"+++ {path}",
        "@@ -1 +1 @@",
        "-min-release-age=1  # ...",
        "+min-release-age=7  # ...",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "min-release-age=npm_abcdefghijklmnopqrstuvwxyz0123456789",
        "min-release-age=https://u:canary@a.example",
        "//a.example/:_authToken=canary",
    ],
)
def test_a_line_that_is_not_plainly_ours_is_not_shown(home: Path, line: str) -> None:
    write(home, {".npmrc": f"{line}\n"})
    (change,) = plan(user_places(uses(["npm"]), environment(home), 7)[0], 7).changes
    assert line.split("=")[1] not in change.diff


def test_a_new_file_is_shown_as_new(home: Path) -> None:
    (change,) = plan(user_places(uses(["uv"]), environment(home), 7)[0], 7).changes
    path = str(home / FILES["uv"])
    assert change.diff.splitlines() == [
        "--- /dev/null",
        f"+++ {path}",
        "@@ -0,0 +1 @@",
        '+exclude-newer = "7 days"',
    ]
    assert not (home / ".config").exists(), "a plan writes nothing"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_bytes_that_are_not_ours_stay(home: Path, end: str) -> None:
    text = f"\ufeff; comment{end}a=1{end}min-release-age=1{end}b=2"
    write(home, {".npmrc": text})
    (home / ".npmrc").chmod(0o640)
    fix_user(home, uses(["npm"]))
    assert (home / ".npmrc").read_bytes().decode() == text.replace("age=1", "age=7")
    assert stat.S_IMODE((home / ".npmrc").stat().st_mode) == 0o640


def test_a_stricter_setting_is_left_alone(home: Path) -> None:
    write(home, {".npmrc": "min-release-age=30\n", FILES["uv"]: 'exclude-newer = "1 month"\n'})
    wanted = fix_user(home, uses(["npm", "uv"]))
    assert [change.places[0].client for change in wanted.changes] == ["uv"]
    assert (home / ".npmrc").read_text() == "min-release-age=30\n"
    waiting = [Use("npm", "11.19.1", waits=True)]
    assert user_places(waiting, environment(home), 7) == ((), ()), "told elsewhere, told already"


def test_a_date_that_does_not_move_is_replaced(home: Path) -> None:
    write(home, {FILES["uv"]: 'exclude-newer = "2020-01-01"\n'})
    fix_user(home, uses(["uv"]))
    assert (home / FILES["uv"]).read_text() == 'exclude-newer = "7 days"\n'


@pytest.mark.parametrize(
    ("client", "version", "sentence"),
    [
        (
            "npm",
            "10.9.0",
            "npm 10.9.0 cannot be told to wait, npm 11.10 can: npm install --global npm@latest",
        ),
        ("yarn", "1.22.22", "yarn 1.22.22 cannot be told to wait, yarn 4.10 can: yarn set version stable"),
        ("uv", "0.9.16", "uv 0.9.16 cannot be told to wait, uv 0.9.17 can: uv self update"),
        ("uv", "", "uv is left alone: older ones stop at the setting, and which one runs is not known"),
        ("pip", "", "pip is left alone: older ones stop at the setting, and which one runs is not known"),
    ],
)
def test_who_cannot_be_told(home: Path, client: str, version: str, sentence: str) -> None:
    assert user_places([Use(client, version)], environment(home), 7) == ((), (sentence,))


def test_pnpm_10_is_told_where_it_reads(home: Path) -> None:
    pnpm = [Use("pnpm", "10.34.9")]
    fix_user(home, pnpm)
    assert (home / ".config/pnpm/rc").read_text() == "minimum-release-age=10080\n"
    write(home, {".npmrc": "minimum-release-age=5\n"})
    fix_user(home, pnpm)
    assert (home / ".npmrc").read_text() == "minimum-release-age=10080\n", "it wins over the rc"
    assert cooldown("pnpm", "10.34.9", told(home).configurations, NOW).days == 7
    restored, _ = undo(every_user_place(environment(home), 7))
    assert sorted(path.name for path in restored) == [".npmrc", "rc"]
    assert (home / ".npmrc").read_text() == "minimum-release-age=5\n"


def test_pip_is_told_in_the_file_that_is_there_and_in_the_section_that_wins(home: Path) -> None:
    write(home, {".pip/pip.conf": "[install]\nuploaded-prior-to = P1D\n"})
    fix_user(home, uses(["pip"]))
    assert not (home / ".config").exists()
    assert cooldown("pip", "26.3", told(home).configurations, NOW).days == 7


def test_where_the_environment_names_the_one_file_it_is_written(home: Path, tmp_path: Path) -> None:
    write(tmp_path, {"pip.conf": "", "uv.toml": ""})
    named = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "UV_CONFIG_FILE": str(tmp_path / "uv.toml")}
    around = {**environment(home), **named}
    fix(user_places(uses(["pip", "uv"]), around, 7)[0])
    assert snapshot(home) == {}
    for name in ("pip", "uv"):
        assert cooldown(name, NEWEST[name], look(around).configurations, NOW).days == 7
    assert len(undo(every_user_place(around, 7))[0]) == 2


def test_scripts_are_turned_off_only_when_asked(home: Path) -> None:
    running = [Use("npm", "11.19.1", scripts=True), Use("yarn", "4.13.0", scripts=True), Use("bun", "1.4.5")]
    fix_user(home, running)
    assert "scripts" not in (home / ".npmrc").read_text()
    fix_user(home, running, scripts=True)
    assert (home / ".npmrc").read_text() == "min-release-age=7\nignore-scripts=true\n"
    assert (home / ".yarnrc.yml").read_text() == "npmMinimalAgeGate: 10080\nenableScripts: false\n"
    places = told(home).configurations
    assert scripts("npm", "11.19.1", places).run is False
    assert scripts("yarn", "4.13.0", places).run is False
    undo(every_user_place(environment(home), 7))
    assert snapshot(home) == {}


def test_undo_in_any_order_of_writing(home: Path) -> None:
    fix_user(home, [Use("npm", "11.19.1", waits=True, scripts=True)], scripts=True)
    fix_user(home, uses(["npm"]))
    assert (home / ".npmrc").read_text() == "ignore-scripts=true\nmin-release-age=7\n"
    assert undo(every_user_place(environment(home), 7))[1] == ()
    assert snapshot(home) == {}


def test_undo_leaves_what_someone_touched_since(home: Path) -> None:
    write(home, {".npmrc": "a=1\n"})
    fix_user(home, uses(["npm", "uv"]))
    with (home / ".npmrc").open("a") as file:
        file.write("b=2\n")
    restored, left = undo(every_user_place(environment(home), 7))
    assert [path.name for path in restored] == ["uv.toml"]
    assert left == (f"{home}/.npmrc was changed since; its first version is {home}/.npmrc.seawall-backup",)
    assert (home / ".npmrc").read_text() == "a=1\nmin-release-age=7\nb=2\n"


def test_undo_of_a_file_that_is_gone(home: Path) -> None:
    write(home, {".npmrc": "a=1\n"})
    fix_user(home, uses(["npm"]))
    (home / ".npmrc").unlink()
    restored, left = undo(every_user_place(environment(home), 7))
    assert restored == ()
    assert "changed since" in left[0]


def test_undo_after_the_days_changed(home: Path) -> None:
    fix_user(home, uses(["npm"]))
    places, _ = user_places(uses(["npm"]), environment(home), 30)
    fix(places, days=30)
    assert (home / ".npmrc").read_text() == "min-release-age=30\n"
    assert len(undo(every_user_place(environment(home), 7))[0]) == 1
    assert snapshot(home) == {}


def hostile(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "huge":
        path.write_bytes(b"#\n" * 600_000)
    elif kind == "binary":
        path.write_bytes(bytes(range(256)))
    else:
        path.write_bytes("min-release-age=1\n".encode("utf-16"))


@pytest.mark.parametrize("kind", ["pipe", "directory", "endless", "loop", "huge", "binary", "utf-16"])
def test_one_hostile_file_does_not_keep_the_others_open(home: Path, kind: str) -> None:
    hostile(home / ".npmrc", kind)
    wanted = fix_user(home, uses(["npm", "uv"]))
    assert [change.places[0].client for change in wanted.changes] == ["uv"]
    (sentence,) = wanted.left
    assert sentence.startswith(f"{home}/.npmrc: ")
    restored, _ = undo(every_user_place(environment(home), 7))
    assert [path.name for path in restored] == ["uv.toml"]


def test_what_a_program_cannot_change_alone_is_said(home: Path) -> None:
    write(home, {".bunfig.toml": "install = { exact = true }\n"})
    (sentence,) = fix_user(home, uses(["bun"])).left
    assert "put minimum-release-age = 604800 there by hand" in sentence
    assert (home / ".bunfig.toml").read_text() == "install = { exact = true }\n"


def test_a_link_is_named_before_anyone_says_yes(home: Path, tmp_path: Path) -> None:
    write(tmp_path, {"dotfiles/npmrc": "a=1\n"})
    (home / ".npmrc").symlink_to("../dotfiles/npmrc")
    (change,) = fix_user(home, uses(["npm"])).changes
    assert change.note == f"{home}/.npmrc is a link: {tmp_path}/dotfiles/npmrc is what changes"
    assert (home / ".npmrc").is_symlink()
    assert (tmp_path / "dotfiles/npmrc").read_text() == "a=1\nmin-release-age=7\n"
    undo(every_user_place(environment(home), 7))
    assert snapshot(tmp_path / "dotfiles") == {"npmrc": (0o644, b"a=1\n")}


PROJECT = {
    "npm": ".npmrc",
    "pnpm": "pnpm-workspace.yaml",
    "yarn": ".yarnrc.yml",
    "bun": "bunfig.toml",
    "uv": "pyproject.toml",
    "poetry": "poetry.toml",
}


def test_in_a_repository_the_files_beside_the_lockfiles_are_written(tmp_path: Path) -> None:
    write(tmp_path, {"back/pyproject.toml": '[project]\nname = "x"\n', "front/.npmrc": "a=1\n"})
    (tmp_path / "front").joinpath("x").mkdir()
    first = snapshot(tmp_path)
    found = [
        Use("npm", "11.19.1", "front", "front/package-lock.json"),
        Use("npm", "11.19.1", "other", "other/package-lock.json", waits=True),
        Use("uv", "", "back", "back/uv.lock"),
        Use("pip", "", "", "requirements.txt"),
        Use("pip", "", "docs", "docs/requirements.txt"),
    ]
    places, left = project_places(tmp_path, found, 7)
    assert left == ("pip has no settings file in a repository: set PIP_UPLOADED_PRIOR_TO=P7D in CI",)
    fix(places, tmp_path)
    assert (tmp_path / "front/.npmrc").read_text() == "a=1\nmin-release-age=7\n"
    assert tomllib.loads((tmp_path / "back/pyproject.toml").read_text())["tool"]["uv"] == {
        "exclude-newer": "7 days"
    }
    assert not (tmp_path / "other").exists()
    restored, _ = undo(every_project_place(tmp_path, ["", "front", "back"], 7), tmp_path)
    assert len(restored) == 2
    assert snapshot(tmp_path) == first


def test_every_client_in_a_repository(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = "x"\n'})
    places, _ = project_places(tmp_path, uses(PROJECT), 7)
    fix(places, tmp_path)
    assert {path for path in snapshot(tmp_path) if "seawall" not in path} == set(PROJECT.values())
    undo(every_project_place(tmp_path, [""], 7), tmp_path)
    assert set(snapshot(tmp_path)) == {"pyproject.toml"}


def test_a_uv_toml_is_written_where_it_hides_the_pyproject(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "uv.toml": "offline = false\n"})
    (place,), _ = project_places(tmp_path, uses(["uv"]), 7)
    assert place.path.name == "uv.toml"
    (bare,), _ = project_places(tmp_path / "none", uses(["uv"]), 7)
    assert bare.path.name == "uv.toml"


def test_scripts_in_a_repository(tmp_path: Path) -> None:
    found = [
        Use("npm", "11.19.1", waits=True, scripts=True),
        Use("yarn", "4.13.0", "a", waits=True, scripts=True),
        Use("yarn", "1.22.22", "b", waits=True, scripts=True),
    ]
    (tmp_path / "a").mkdir()
    places, left = project_places(tmp_path, found, 7, scripts=True)
    fix(places, tmp_path)
    assert left == ()
    assert (tmp_path / ".npmrc").read_text() == "ignore-scripts=true\n"
    assert (tmp_path / "a/.yarnrc.yml").read_text() == "enableScripts: false\n"
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["front/.npmrc", ".npmrc"])
@pytest.mark.parametrize("target", ["/outside", "relative"])
def test_nothing_outside_a_hostile_repository_is_written(tmp_path: Path, name: str, target: str) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    write(tree, {"front/x": "", "a": ""})
    write(outside, {"secret": "theirs\n"})
    path = tree / name
    path.symlink_to(
        outside / "secret" if target == "/outside" else os.path.relpath(outside / "new", path.parent)
    )
    before = snapshot(outside)
    found = [Use("npm", "11.19.1", "front" if "/" in name else "", "package-lock.json")]
    wanted = fix(project_places(tree, found, 7)[0], tree)
    assert wanted.changes == ()
    assert "leads out of" in wanted.left[0]
    write(tree, {f"{name}.seawall-backup": "theirs\n"})
    _, left = undo(every_project_place(tree, ["", "front"], 7), tree)
    assert any("leads out of" in sentence for sentence in left)
    assert snapshot(outside) == before


def test_a_hostile_mark_takes_away_nothing_but_our_own_setting(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree, {"a/.npmrc": "min-release-age=7\n", "a/.npmrc.seawall-absent": "9"})
    write(tree, {"uv.toml": "offline = true\n", "uv.toml.seawall-absent": "9"})
    undo(every_project_place(tree, ["", "a"], 7), tree)
    assert (tree / "uv.toml").exists()
    assert (tree / "a").is_dir(), "in a repository no directory was made by us"


def test_a_kept_version_that_is_a_link_is_not_put_back(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree, {".npmrc": "min-release-age=7\n"})
    (tmp_path / "empty").write_text("")
    (tree / ".npmrc.seawall-backup").symlink_to("../empty")
    restored, _ = undo(every_project_place(tree, [""], 7), tree)
    assert restored == ()
    assert not (tree / ".npmrc").is_symlink()


def test_a_commented_settings_file(tmp_path: Path) -> None:
    assert write_settings(tmp_path) == tmp_path / "seawall.toml"
    text = (tmp_path / "seawall.toml").read_text()
    assert text == default_settings()
    assert tomllib.loads(text) == {}
    with pytest.raises(UsageError, match="there already"):
        write_settings(tmp_path)
    assert (tmp_path / "seawall.toml").read_text() == text


def test_every_setting_is_in_it_with_its_default() -> None:
    lines = default_settings().splitlines()
    bare = [
        line.removeprefix("# ")
        for line in lines
        if line.startswith(("# [", "#")) and ("=" in line or "[" in line)
    ]
    bare = [line for line in bare if line.startswith("[") or "=" in line.split(" ")[1:2]]
    until = bare.index("[[waivers]]")
    found = read("\n".join(bare[:until]).encode(), "seawall.toml", DEFAULT_LIMITS)
    assert found.problems == ()
    assert replace(found.settings, allowed_names=()) == DEFAULTS
    assert found.given == {setting.field for setting in LAYOUT}
    whole = read("\n".join(bare).encode(), "seawall.toml", DEFAULT_LIMITS)
    assert [waiver.author for waiver in whole.settings.waivers] == ["who"]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_client_has_its_places(name: str, tmp_path: Path) -> None:
    assert name in NEWEST
    assert any(place.client == name for place in every_user_place({"HOME": str(tmp_path)}, 7))
