"""What `seawall setup` finds: which clients wait, what goes round a gate, what CI has."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from seawall.kernel.client import (
    LOCAL,
    Configuration,
    Gap,
    InstalledClient,
    Layer,
    Machine,
    Option,
    Project,
    Role,
    Upstream,
    registry_urls,
)
from seawall.kernel.cooldown import SETTINGS, told
from seawall.kernel.errors import TargetError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Document, DocumentKind, Problem, ProblemKind
from seawall.kernel.overview import ClientView, Overview
from seawall.kernel.settings import Settings
from seawall.readers.lockfiles import FORMATS
from seawall.setup import CLIENT_OF, client_gaps, look, overview

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
BY_ID = {item.id: item for item in FORMATS}
BUILT_IN = (
    Upstream("npm", "npm", "https://registry.example/", host="registry.example"),
    Upstream("PyPI", "pip", "https://index.example/simple/", host="index.example"),
    Upstream("PyPI", "pip", "https://files.example/", Role.FILES, host="files.example"),
)
NPM = InstalledClient("npm", "11.19.1", "/usr/bin/npm")
UV = InstalledClient("uv", "0.13.9", "/usr/bin/uv")

NPM_LOCK = """{"name": "a", "lockfileVersion": 3, "packages": {
  "": {"dependencies": {"ebb": "1"}},
  "node_modules/ebb": {"version": "1.0.0", "resolved": "https://HOST/ebb/-/ebb-1.0.0.tgz",
    "integrity": "sha512-aaaa"}}}"""
YARN_LOCK = """# yarn lockfile v1

ebb@1:
  version "1.0.0"
  resolved "https://HOST/ebb/-/ebb-1.0.0.tgz#abc"
"""
BERRY_LOCK = """__metadata:
  version: 8

"ebb@npm:1":
  version: 1.0.0
  resolution: "ebb@npm:1.0.0"
  checksum: 10c0/abc
  languageName: node
  linkType: hard
"""
UV_LOCK = """version = 1
requires-python = ">=3.11"

[[package]]
name = "ebb"
version = "1.0.0"
source = { registry = "https://HOST/simple" }
wheels = [{ url = "https://FILES/ebb-1.0.0-py3-none-any.whl", hash = "sha256:aa", size = 1 }]
"""


def read(format_: str, path: str, text: str) -> Document:
    return BY_ID[format_].read(text.encode(), path, DEFAULT_LIMITS)


def npm_lock(path: str = "package-lock.json", host: str = "registry.example") -> Document:
    return read("npm-package-lock", path, NPM_LOCK.replace("HOST", host))


def uv_lock(path: str = "uv.lock", host: str = "index.example", files: str = "files.example") -> Document:
    return read("uv-lock", path, UV_LOCK.replace("HOST", host).replace("FILES", files))


def place(format_: str, path: str, layer: Layer = Layer.PROJECT, **options: str) -> Configuration:
    told = {k.replace("_", "-"): Option(v, 3) for k, v in options.items()}
    return Configuration(path, format_, layer, MappingProxyType(told))


def upstream(client: str, host: str, role: Role = Role.DEFAULT, scope: str = "", url: str = "") -> Upstream:
    ecosystem = "PyPI" if client in ("pip", "uv", "poetry") else "npm"
    address = url or (f"https://{host}/" if host else "")
    return Upstream(ecosystem, client, address, role, scope, "", "somewhere", 5, host=host)


def with_upstreams(format_: str, path: str, *found: Upstream, layer: Layer = Layer.PROJECT) -> Configuration:
    return Configuration(path, format_, layer, upstreams=found)


def gate(client: str = "npm") -> Configuration:
    format_ = {"npm": "npmrc", "uv": "uv"}[client]
    return with_upstreams(format_, "/home/x", upstream(client, "gate.example"), layer=Layer.USER)


def machine(*clients: InstalledClient, told: tuple[Configuration, ...] = ()) -> Machine:
    return Machine(clients, told, BUILT_IN)


def see(
    found: Machine, *documents: Document, project: Project | None = None, settings: Settings | None = None
) -> Overview:
    return overview(found, documents, settings or Settings(), NOW, project or Project())


def view(got: Overview, name: str) -> ClientView:
    (one,) = [client for client in got.clients if client.name == name]
    return one


def gaps(got: Overview, kind: str) -> list[Gap]:
    return [gap for gap in got.gaps if gap.kind == kind]


def test_nothing_here_is_no_gap() -> None:
    got = see(machine())
    assert (got.clients, got.gaps, got.lockfiles, got.pipelines, got.uses) == ((), (), (), (), ())


def test_an_untold_client_is_a_gap_and_a_told_one_is_none() -> None:
    got = see(machine(NPM, UV, told=(place("uv", "/home/uv.toml", Layer.USER, exclude_newer="7 days"),)))
    assert [(v.name, v.protected) for v in got.clients] == [("npm", False), ("uv", True)]
    assert [gap.client for gap in gaps(got, "cooldown")] == ["npm"]
    assert [(use.client, use.waits) for use in got.here] == [("npm", False), ("uv", True)]


@pytest.mark.parametrize(("days", "protected"), [(0, True), (3, True), (7, True), (8, False)])
def test_how_long_is_the_persons_own_setting(days: int, protected: bool) -> None:
    said = (place("npmrc", "/home/.npmrc", Layer.USER, min_release_age="7"),)
    got = see(machine(NPM, told=said), settings=Settings(cooldown_days=days))
    assert view(got, "npm").protected is protected
    assert bool(gaps(got, "cooldown")) is not protected
    assert not gaps(see(machine(NPM), settings=Settings(cooldown_days=0)), "cooldown")


def test_a_client_that_only_the_repository_uses_is_named_with_what_it_locks() -> None:
    got = see(machine(NPM), uv_lock("a/uv.lock"), uv_lock("b/uv.lock"))
    uv = view(got, "uv")
    assert (uv.path, uv.note, uv.used_in) == ("", "not on this machine", ("a/uv.lock", "b/uv.lock"))
    assert [client.name for client in got.clients] == ["uv", "npm"], "those that are used here come first"
    (gap,) = [gap for gap in gaps(got, "cooldown") if gap.client == "uv"]
    assert gap.fix == "seawall setup --fix --project"


def test_the_weakest_of_several_directories_counts() -> None:
    project = Project((place("npmrc", "a/.npmrc", min_release_age="0"),))
    said = (place("npmrc", "/home/.npmrc", Layer.USER, min_release_age="9"),)
    locks = (npm_lock("a/package-lock.json"), npm_lock("b/package-lock.json"))
    got = see(machine(NPM, told=said), *locks, project=project)
    assert not view(got, "npm").protected
    assert view(got, "npm").cooldown.where == "a/.npmrc"
    (gap,) = gaps(got, "cooldown")
    assert gap.fix == "seawall setup --fix --project"
    assert gap.where == "a/.npmrc"


def test_a_project_is_not_asked_about_clients_that_are_not_used_in_it() -> None:
    project = Project((place("npmrc", ".npmrc", min_release_age="9"),))
    got = see(machine(NPM, UV), uv_lock(), project=project)
    assert not view(got, "npm").protected


def test_a_project_that_the_environment_hides_tells_nobody() -> None:
    project = Project((place("uv", "uv.toml", exclude_newer="7 days"),))
    assert view(see(machine(UV), uv_lock(), project=project), "uv").protected
    hidden = Machine((UV,), (), BUILT_IN, unread=frozenset({"uv"}))
    assert not view(see(hidden, uv_lock(), project=project), "uv").protected


def test_the_nearest_file_above_a_lockfile_is_the_one_that_is_read() -> None:
    project = Project(
        (
            place("yarnrc", ".yarnrc.yml", npm_minimal_age_gate="9d"),
            place("yarnrc", "a/.yarnrc.yml", npm_minimal_age_gate="1d"),
            place("yarnrc", "a/b/.yarnrc.yml", npm_minimal_age_gate="8d"),
        )
    )
    for where, waits in (("", True), ("a", False), ("a/b", True), ("a/b/c", True), ("ab", True)):
        lock = read("yarn-lock", f"{where}/yarn.lock".lstrip("/"), BERRY_LOCK)
        yarn = InstalledClient("yarn", "4.18.1", "/usr/bin/yarn")
        assert view(see(machine(yarn), lock, project=project), "yarn").protected is waits, where


@pytest.mark.parametrize(
    ("client", "format_", "path"),
    [
        ("npm", "npmrc", ".npmrc"),
        ("pnpm", "pnpm-yaml", "pnpm-workspace.yaml"),
        ("bun", "bunfig", "bunfig.toml"),
        ("poetry", "poetry", "poetry.toml"),
    ],
)
def test_most_clients_read_no_file_above_their_lockfile(client: str, format_: str, path: str) -> None:
    option = SETTINGS[client].option
    told_it = Configuration(path, format_, Layer.PROJECT, MappingProxyType({option: Option(told(client, 7))}))
    use = Document("a/lock", {v: k for k, v in CLIENT_OF.items()}[client], DocumentKind.LOCKFILE, "npm")
    assert not view(see(machine(), use, project=Project((told_it,))), client).protected
    beside = replace(told_it, path=f"a/{path}")
    assert view(see(machine(), use, project=Project((beside,))), client).protected


def test_yarn_adds_up_the_files_above() -> None:
    above = place("yarnrc", ".yarnrc.yml", npm_minimal_age_gate="9d")
    nearer = place("yarnrc", "a/.yarnrc.yml", enable_scripts="true")
    yarn = InstalledClient("yarn", "4.18.1", "/usr/bin/yarn")
    got = see(machine(yarn), read("yarn-lock", "a/yarn.lock", BERRY_LOCK), project=Project((nearer, above)))
    assert view(got, "yarn").protected
    assert view(got, "yarn").scripts.run


def test_uv_takes_the_nearest_file_that_says_anything_to_it() -> None:
    above = place("uv", "uv.toml", exclude_newer="7 days")
    silent = Configuration("a/pyproject.toml", "pyproject", Layer.PROJECT)
    nearer = place("uv", "a/pyproject.toml")
    assert view(see(machine(UV), uv_lock("a/uv.lock"), project=Project((above, silent))), "uv").protected
    assert not view(see(machine(UV), uv_lock("a/uv.lock"), project=Project((nearer, above))), "uv").protected


def test_pip_reads_no_file_of_a_tree() -> None:
    project = Project((place("pip", "pip.conf", uploaded_prior_to="P7D"),))
    lock = read("requirements", "requirements.txt", "ebb==1.0.0\n")
    pip = InstalledClient("pip", "26.3", "/usr/bin/pip")
    assert not view(see(machine(pip), lock, project=project), "pip").protected


def test_an_unreadable_file_of_the_tree_is_a_gap() -> None:
    said = (place("npmrc", "/home/.npmrc", Layer.USER, min_release_age="7"),)
    problem = Problem(".npmrc", ProblemKind.ENCODING, "not valid utf-8 at byte 2", 1)
    project = Project((Configuration(".npmrc", "npmrc", Layer.PROJECT, problems=(problem,)),))
    got = see(machine(NPM, told=said), npm_lock(), project=project)
    assert not view(got, "npm").protected
    (gap,) = gaps(got, "cooldown")
    assert ".npmrc" in gap.what
    assert any("not valid utf-8" in note for note in got.notes)


@pytest.mark.parametrize(
    ("installed", "declared", "version", "can"),
    [
        ("1.22.22", "", "1.22.22", False),
        ("4.18.1", "", "1", False),
        ("", "", "1", False),
        ("4.18.1", "yarn@1.22.19", "1.22.19", False),
    ],
)
def test_a_lock_of_yarn_1_is_yarn_1s(installed: str, declared: str, version: str, can: bool) -> None:
    found = machine(InstalledClient("yarn", installed, "/usr/bin/yarn")) if installed else machine()
    project = Project(
        declared=(InstalledClient("yarn", declared.split("@")[1], "package.json", "packageManager"),)
        if declared
        else ()
    )
    lock = read("yarn-lock", "yarn.lock", YARN_LOCK.replace("HOST", "registry.example"))
    yarn = view(see(found, lock, project=project), "yarn")
    assert (yarn.version, yarn.cooldown.can) == (version, can)


def test_a_lock_of_later_yarn_is_not_yarn_1s() -> None:
    found = machine(InstalledClient("yarn", "1.22.22", "/usr/bin/yarn"))
    lock = read("yarn-lock", "yarn.lock", BERRY_LOCK)
    assert view(see(found, lock), "yarn").cooldown.version == ""
    declared = (InstalledClient("yarn", "4.9.2", ".yarnrc.yml", "yarnPath"),)
    assert view(see(found, lock, project=Project(declared=declared)), "yarn").cooldown.version == "4.9.2"


def test_a_lock_of_yarn_that_cannot_be_read_is_still_yarns() -> None:
    got = see(machine(), read("yarn-lock", "yarn.lock", "\0"))
    assert view(got, "yarn").used_in == ("yarn.lock",)


def test_a_manifest_without_a_lockfile_is_a_use() -> None:
    manifest = read("package-json", "package.json", '{"dependencies": {"ebb": "1"}}')
    assert view(see(machine(), manifest), "npm").used_in == ("package.json",)
    declared = Project(declared=(InstalledClient("pnpm", "10.12.1", "package.json", "packageManager"),))
    assert view(see(machine(), manifest, project=declared), "pnpm").used_in == ("package.json",)
    assert [c.name for c in see(machine(), manifest, npm_lock()).clients] == ["npm"]
    inner = read("package-json", "packages/a/package.json", '{"dependencies": {"ebb": "1"}}')
    assert view(see(machine(), inner, npm_lock()), "npm").used_in == ("package-lock.json",)


def test_without_a_gate_nothing_goes_round_one() -> None:
    project = Project((with_upstreams("npmrc", ".npmrc", upstream("npm", "other.example")),))
    assert not gaps(see(machine(NPM), npm_lock(host="other.example"), project=project), "around")


def test_npm_puts_the_gate_in_the_place_of_its_own_registry_and_of_no_other() -> None:
    found = machine(NPM, told=(gate(),))
    assert not gaps(see(found, npm_lock()), "around")
    assert not gaps(see(found, npm_lock(host="gate.example")), "around")
    (gap,) = gaps(see(found, npm_lock(host="other.example")), "around")
    assert (gap.client, gap.where) == ("npm", "package-lock.json")
    assert "other.example" in gap.what
    assert "gate.example" in gap.what


def test_uv_and_yarn_1_go_straight_to_what_the_lock_names() -> None:
    found = machine(UV, told=(gate("uv"),))
    assert {gap.what.split()[3].rstrip(",") for gap in gaps(see(found, uv_lock()), "around")} == {
        "index.example",
        "files.example",
    }
    assert not gaps(see(found, uv_lock(host="gate.example", files="gate.example")), "around")
    lock = read("yarn-lock", "yarn.lock", YARN_LOCK.replace("HOST", "registry.example"))
    assert len(gaps(see(machine(told=(gate(),)), lock), "around")) == 1


def test_settings_of_the_tree_that_lead_round_the_gate() -> None:
    project = Project(
        (
            with_upstreams(
                "npmrc",
                ".npmrc",
                upstream("npm", "gate.example"),
                upstream("npm", "other.example", Role.SCOPE, "@acme"),
                upstream("npm", ""),
                upstream("npm", "", Role.FILES, url=LOCAL),
            ),
            with_upstreams("uv", "pyproject.toml", upstream("uv", "torch.example", Role.EXTRA)),
        )
    )
    found = gaps(see(machine(NPM, told=(gate(),)), project=project), "around")
    assert [(gap.client, gap.where) for gap in found] == [("npm", ".npmrc:5"), ("npm", ".npmrc:5")]
    assert "@acme at other.example" in found[0].what
    assert "cannot be understood" in found[1].what, "what we cannot read may lead anywhere"


def test_a_client_whose_registry_is_the_gate_is_asked_there_and_nowhere_else() -> None:
    """After set-up the client's registry is the firewall: nothing may fall back to what is built in."""
    found = machine(NPM, told=(gate(),))
    assert [item.host for item in registry_urls(found)["npm"]] == ["gate.example"]
    again = see(found, npm_lock())
    assert ("npm", "gate.example", "default", "somewhere") in again.registries
    assert not [row for row in again.registries if row[1] == "registry.example"]
    assert not gaps(again, "around")


def test_ci_has_only_what_the_repository_says() -> None:
    said = (place("npmrc", "/home/.npmrc", Layer.USER, min_release_age="7"),)
    found = machine(NPM, told=said)
    files = frozenset({".github/workflows/ci.yml", "package-lock.json"})
    got = see(found, npm_lock(), project=Project(files=files))
    assert view(got, "npm").protected
    (gap,) = gaps(got, "pipeline")
    assert (gap.where, gap.fix) == (".github/workflows/ci.yml", "seawall setup --fix --project")
    assert [(use.client, use.waits) for use in got.uses] == [("npm", False)]
    told_here = (place("npmrc", ".npmrc", min_release_age="7"),)
    assert not gaps(see(found, npm_lock(), project=Project(told_here, files=files)), "pipeline")
    assert not gaps(see(found, npm_lock()), "pipeline"), "no CI, no gap"
    assert not gaps(see(found, project=Project(files=files)), "pipeline"), "CI that installs nothing"


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        (".gitlab-ci.yml", True),
        (".github/workflows/a.yaml", True),
        (".forgejo/workflows/a.yml", True),
        ("Jenkinsfile", True),
        ("docs/.gitlab-ci.yml", False),
        (".github/workflows/README.md", False),
        ("my.github/workflows/a.yml", False),
    ],
)
def test_what_a_pipeline_is(path: str, is_one: bool) -> None:
    assert see(machine(), project=Project(files=frozenset({path}))).pipelines == ((path,) if is_one else ())


def test_scripts() -> None:
    (gap,) = gaps(see(machine(NPM)), "scripts")
    assert gap.fix == "npm config set ignore-scripts true --location=user"
    off = (place("npmrc", "/home/.npmrc", Layer.USER, ignore_scripts="true"),)
    assert not gaps(see(machine(NPM, told=off)), "scripts")
    on = Project((place("npmrc", ".npmrc", ignore_scripts="false"),))
    (gap,) = gaps(see(machine(NPM, told=off), npm_lock(), project=on), "scripts")
    assert (gap.where, gap.fix) == (".npmrc", "take ignore-scripts out of .npmrc")
    assert not gaps(see(machine(UV)), "scripts")


def test_lockfiles_stand_beside_their_manifests() -> None:
    manifest = read("package-json", "app/package.json", '{"dependencies": {"ebb": "1"}}')
    other = read("pyproject", "pyproject.toml", '[project]\nname = "a"\ndependencies = ["ebb"]\n')
    got = see(machine(), manifest, npm_lock(), other, uv_lock("tools/uv.lock"))
    assert got.lockfiles == (
        ("app/package.json", ("package-lock.json",)),
        ("pyproject.toml", ()),
        ("", ("tools/uv.lock",)),
    )


def test_notes_are_about_what_could_not_be_known() -> None:
    found = Machine((InstalledClient("yarn", "", "/y", "corepack: every project decides"),), (), (), ("one",))
    lock = read("cargo-lock", "Cargo.lock", 'version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\n')
    got = see(found, lock, project=Project(notes=("two",)))
    assert got.notes == (
        "one",
        "two",
        "yarn: corepack: every project decides",
        "cargo is used here; its settings are not looked at",
    )


def test_what_scan_tells_is_the_same() -> None:
    found, lock = machine(NPM, UV), npm_lock()
    got = client_gaps(found, (lock,), Settings(), NOW, Project())
    assert got == tuple(gap for gap in see(found, lock).gaps if gap.kind in ("cooldown", "scripts"))
    assert [gap.kind for gap in got] == ["cooldown", "cooldown", "scripts"]


def test_a_scan_names_what_leads_round_the_gate_where_no_rule_does() -> None:
    asks = read("requirements", "requirements.txt", "--index-url https://other.example/simple\nebb==1.0\n")
    found = machine(UV, told=(gate("uv"),))
    told = client_gaps(found, (asks, uv_lock()), Settings(), NOW, Project())
    assert [(gap.kind, gap.where) for gap in told][:1] == [("around", "requirements.txt")]
    assert "other.example" in told[0].what
    assert not [gap for gap in told if "uv.lock" in gap.where and gap.kind == "around"], "a rule speaks of it"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    return {"HOME": str(home), "PATH": "", "XDG_CONFIG_HOME": str(home / ".config")}


def test_look_reads_machine_and_tree(tmp_path: Path, world: dict[str, str]) -> None:
    tree = tmp_path / "tree"
    (tree / "node_modules" / "ebb").mkdir(parents=True)
    (tree / "package-lock.json").write_text(NPM_LOCK)
    (tree / "node_modules" / "ebb" / "package-lock.json").write_text(NPM_LOCK)
    (tree / "node_modules" / "ebb" / ".npmrc").write_text("min-release-age=99\n")
    (Path(world["HOME"]) / ".npmrc").write_text("min-release-age=7\n")
    _, got = look(tree, NOW, world)
    assert view(got, "npm").used_in == ("package-lock.json",)
    assert view(got, "npm").protected


def test_what_the_person_excludes_is_not_looked_at(tmp_path: Path, world: dict[str, str]) -> None:
    tree = tmp_path / "tree"
    for directory in ("app", "fixtures"):
        (tree / directory).mkdir(parents=True)
        (tree / directory / "package-lock.json").write_text(NPM_LOCK)
    own = tmp_path / "seawall.toml"
    own.write_text('[scan]\nexclude = ["fixtures"]\n')
    (tree / "seawall.toml").write_text('[scan]\nexclude = ["app"]\n')
    _, got = look(tree, NOW, {**world, "SEAWALL_CONFIG": str(own)})
    assert view(got, "npm").used_in == ("app/package-lock.json",)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_look_wants_a_directory(tmp_path: Path, world: dict[str, str], name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetError):
        look(tmp_path / name, NOW, world)
