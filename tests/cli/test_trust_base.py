"""What a tree says about how it is judged: it may only tighten, and a pull request cannot waive itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.kernel.advisory import Severity
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.settings import DEFAULTS, Settings
from seawall.readers.settings.seawall_toml import LAYOUT
from seawall.trust import own_settings, trust
from simulators.command_line import Done, index, run
from simulators.repository import BAD, GOOD, LOCK, Repo

WAIVER = """[[waivers]]
rule = "packages/known-malware"
reason = "it is fine"
author = "whoever opened the pull request"
expires = 2999-01-01
"""
LENIENT = """@id("x/anything")
@advice("Nothing is looked at.")
permit (principal, action, resource);
@id("x/never")
@advice("Never.")
forbid (principal, action in [Action::"keep", Action::"fetch"], resource) when { context.age_days == -7 };
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CI", "SEAWALL_STORE", "SEAWALL_TRUST_BASE", "SEAWALL_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "data").mkdir()
    index(tmp_path / "data" / "advisories.db")
    return tmp_path


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.commit({LOCK: GOOD, "package.json": "{}"})
    repo.git("checkout", "-q", "-b", "change")
    monkeypatch.chdir(repo.path)
    return repo


@pytest.fixture
def seawall(capsys: pytest.CaptureFixture[str]) -> Any:
    def scan(*words: object, code: int | None = None) -> Done:
        return run("scan", "--offline", "--no-history", *words, code=code, capsys=capsys)

    return scan


# A pull request


def test_a_pull_request_cannot_waive_itself(repo: Repo, seawall: Any) -> None:
    repo.commit({LOCK: BAD, "seawall.toml": WAIVER})
    for words in ((), ("--trust-base", "main")):
        done = seawall(*words, "--format", "json", code=1)
        assert done.answer["ignored_waivers"][0]["author"] == "whoever opened the pull request"
        assert not any(f["waived"] for f in done.answer["findings"])
    assert "settings/changed-with-the-tree" in done.rules
    assert "1 waiver in this tree was not counted" in seawall(code=1).out


def test_what_the_base_waives_is_waived(repo: Repo, seawall: Any) -> None:
    repo.git("checkout", "-q", "main")
    repo.commit({"seawall.toml": WAIVER})
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({LOCK: BAD})
    done = seawall("--trust-base", "main", "--format", "json", code=0)
    assert done.answer["ignored_waivers"] == []
    (finding,) = [f for f in done.answer["findings"] if f["rule"] == "packages/known-malware"]
    assert finding["waived"].startswith("it is fine")
    assert done.answer["decision"] == "warn", "waived malware stays in sight"
    assert "settings/changed-with-the-tree" not in done.rules
    seawall(code=1)


@pytest.mark.parametrize("revision", ["main", "refs/heads/main", "heads/main", "HEAD", "v1", "COMMIT"])
def test_how_a_revision_may_be_named(repo: Repo, seawall: Any, revision: str) -> None:
    repo.git("tag", "-a", "v1", "-m", "x")
    name = repo.git("rev-parse", "main") if revision == "COMMIT" else revision
    seawall("--trust-base", name, code=0)


def test_a_branch_of_a_remote(repo: Repo, seawall: Any, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("clone", "-q", str(repo.path), str(place / "clone"))
    monkeypatch.chdir(place / "clone")
    seawall("--trust-base", "origin/main", code=0)


@pytest.mark.parametrize(
    "revision",
    ["nothing", "--upload-pack=touch RAN", "-x", "main:x", "main..change", "@{upstream}", "main^", "\x1b[31m",
     "0" * 40, "f" * 40, "../main", "refs/heads/../heads/main"],
)  # fmt: skip
def test_a_revision_that_is_none_stops_everything(repo: Repo, seawall: Any, revision: str) -> None:
    repo.commit({LOCK: BAD})
    done = seawall(f"--trust-base={revision}", code=2)
    assert done.out == ""
    assert "revision" in done.err
    assert "\x1b" not in done.err
    assert not (repo.path / "RAN").exists()


def test_a_base_that_a_shallow_clone_does_not_have(
    repo: Repo, seawall: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = repo.git("rev-parse", "main")
    repo.commit({LOCK: BAD, "seawall.toml": WAIVER})
    repo.git("clone", "-q", "--depth", "1", "-b", "change", f"file://{repo.path}", str(place / "clone"))
    monkeypatch.chdir(place / "clone")
    done = seawall("--trust-base", base, code=2)
    assert "is not in this clone" in done.err
    assert "fetch-depth: 0" in done.err


def test_a_base_without_a_repository(seawall: Any, place: Path) -> None:
    tree = place / "tree"
    tree.mkdir()
    done = seawall(tree, "--trust-base", "main", code=2)
    assert "there is no git repository" in done.err


def test_the_base_from_the_environment(repo: Repo, seawall: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({LOCK: BAD, "seawall.toml": WAIVER})
    monkeypatch.setenv("SEAWALL_TRUST_BASE", "main")
    assert "settings/changed-with-the-tree" in seawall("--format", "json", code=1).rules


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("", WAIVER, "a waiver of packages/known-malware was added"),
        (WAIVER, "", "a waiver of packages/known-malware was taken out"),
        (WAIVER, WAIVER.replace("2999", "3000"), "a waiver of packages/known-malware was added"),
        ("", "[policy]\nuse = 'observe'\n", "policy was changed"),
        ("[rules]\nrequire = ['packages/vulnerable']\n", "", "required_rules was changed"),
        ("[policy]\ndeny_severity = 'low'\n", "", "deny_severity was changed"),
        ("[cooldown]\ndays = 30\n", "[cooldown]\ndays = 20\n", "cooldown_days was changed"),
    ],
)
def test_a_change_of_how_it_is_judged_is_a_finding(
    repo: Repo, seawall: Any, before: str, after: str, what: str
) -> None:
    repo.git("checkout", "-q", "main")
    repo.commit({"seawall.toml": before})
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({"seawall.toml": after})
    done = seawall("--trust-base", "main", "--format", "json")
    messages = [
        f["message"] for f in done.answer["findings"] if f["rule"] == "settings/changed-with-the-tree"
    ]
    assert f"this change touches how it is judged: {what}" in messages


def test_the_base_of_one_file_is_the_one_beside_it(repo: Repo, seawall: Any) -> None:
    repo.git("checkout", "-q", "main")
    repo.commit({"seawall.toml": WAIVER, LOCK: BAD})
    done = seawall(LOCK, "--trust-base", "main", "--format", "json", code=0)
    assert "settings/changed-with-the-tree" not in done.rules


def test_a_settings_file_of_the_tree_that_cannot_be_read_is_a_finding(
    repo: Repo, seawall: Any, place: Path
) -> None:
    (place / "outside.toml").write_text("[policy]\nuse = 'strict'\n")
    (repo.path / "seawall.toml").symlink_to(place / "outside.toml")
    done = seawall("--format", "json")
    assert [f["path"] for f in done.answer["findings"] if f["rule"] == "packages/unreadable"] == [
        "seawall.toml"
    ]


# Only tighter

LOOSE: dict[str, str] = {
    "policy": "[policy]\nuse = 'observe'\n",
    "deny_severity": "[policy]\ndeny_severity = 'critical'\n",
    "warn_severity": "[policy]\nwarn_severity = 'critical'\n",
    "cooldown_days": "[cooldown]\ndays = 0\n",
    "young_name_days": "[cooldown]\nname_days = 0\n",
    "young_days": "[cooldown]\nyoung_days = 0\n",
    "stale_days": "[advisories]\nstale_days = 3650\n",
    "known_registries": "[registries]\nknown = ['evil.example']\n",
    "disabled_rules": "[rules]\ndisable = ['packages/known-malware']\n",
    "required_rules": "[rules]\nrequire = []\n",
    "exclude": "[scan]\nexclude = ['**']\n",
    "require_tool_approval": "[tools]\nrequire_approval = false\n",
}
TIGHT: dict[str, tuple[str, object]] = {
    "policy": ("[policy]\nuse = 'strict'\n", "strict"),
    "deny_severity": ("[policy]\ndeny_severity = 'low'\n", Severity.LOW),
    "warn_severity": ("[policy]\nwarn_severity = 'info'\n", Severity.INFO),
    "cooldown_days": ("[cooldown]\ndays = 99\n", 99),
    "young_name_days": ("[cooldown]\nname_days = 99\n", 99),
    "young_days": ("[cooldown]\nyoung_days = 99\n", 99),
    "stale_days": ("[advisories]\nstale_days = 1\n", 1),
    "required_rules": ("[rules]\nrequire = ['packages/young-release']\n", ("packages/young-release",)),
    "require_tool_approval": ("[tools]\nrequire_approval = true\n", True),
}
OWN = Settings(deny_severity=Severity.HIGH, disabled_rules=("packages/young-release",))


def test_every_setting_is_here() -> None:
    # An allow-list stands beside yours and can only narrow it (tests/kernel/test_allowed.py). An approval counts
    # on the base, as a waiver does, and never in the tree (tests/test_tool_approvals.py).
    assert {*LOOSE, "allowed_names", "approved_tools"} == {setting.field for setting in LAYOUT}


@pytest.mark.parametrize("key", LOOSE)
@pytest.mark.parametrize("where", ["tree", "base", "both"])
def test_no_setting_of_a_tree_loosens(key: str, where: str) -> None:
    text = LOOSE[key].encode()
    tree = text if where in ("tree", "both") else None
    base = text if where in ("base", "both") else None
    assert trust(OWN, tree, base, has_base=True, limits=DEFAULT_LIMITS).settings == OWN
    assert trust(OWN, tree, None, has_base=False, limits=DEFAULT_LIMITS).settings == OWN


@pytest.mark.parametrize("key", TIGHT)
def test_a_setting_of_a_tree_tightens(key: str) -> None:
    text, value = TIGHT[key]
    got = trust(OWN, text.encode(), None, has_base=False, limits=DEFAULT_LIMITS).settings
    assert getattr(got, key) == value
    if key == "required_rules":
        assert got.disabled_rules == ()


@pytest.mark.parametrize(
    "text",
    ["[store]\nurl = 'sqlite:////tmp/x'\n", "store = 'x'\n", "[upstreams]\nnpm = 'https://evil.example'\n",
     "[feeds]\nosv = 'https://evil.example'\n", "[notifiers]\nslack = 'x'\n", "[policy]\nfile = 'x.cedar'\n",
     "[policy]\nuse = 'lenient.cedar'\n", "[scan]\nindex = 'x.db'\n", "[registries]\nupstream = ['x']\n"],
)  # fmt: skip
def test_a_tree_never_sets_where_things_are(repo: Repo, seawall: Any, place: Path, text: str) -> None:
    before = sorted(str(p) for p in place.rglob("*") if "data" not in p.parts)
    repo.commit({"lenient.cedar": LENIENT, "x.cedar": LENIENT, LOCK: BAD})
    (repo.path / "seawall.toml").write_text(text)
    done = seawall("--format", "json", code=1)
    assert done.answer["policy"] == "default"
    assert [f["name"] for f in done.answer["feeds"]] == ["osv:npm", "built-in catalog"]
    after = {str(p) for p in place.rglob("*") if "data" not in p.parts and ".git" not in p.parts}
    assert after - set(before) == {str(repo.path / n) for n in ("lenient.cedar", "x.cedar", "seawall.toml")}


def test_the_command_line_wins_over_ones_own_settings_and_a_tree_over_neither(
    repo: Repo, seawall: Any, place: Path
) -> None:
    file = place / "home" / ".config" / "seawall" / "seawall.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[policy]\nuse = 'strict'\n")
    assert seawall("--format", "json").answer["policy"] == "strict"
    assert seawall("--format", "json", "--policy", "observe").answer["policy"] == "observe"
    (repo.path / "seawall.toml").write_text("[policy]\nuse = 'default'\n")
    assert seawall("--format", "json", "--policy", "observe").answer["policy"] == "default"
    assert seawall("--format", "json").answer["policy"] == "strict"


# Files of the tree that somebody names


def test_a_policy_file_in_the_tree_comes_from_the_base(repo: Repo, seawall: Any) -> None:
    repo.git("checkout", "-q", "main")
    repo.commit({"policies/ours.cedar": LENIENT.replace("-7", "-1")})
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({"policies/ours.cedar": LENIENT})
    done = seawall("--policy", "policies/ours.cedar", "--trust-base", "main", "--format", "json", code=1)
    assert done.answer["decided_by"][0]["policy"] == "x/never"
    seawall("--policy", "policies/ours.cedar", code=0)


def test_a_policy_file_that_the_base_does_not_have(repo: Repo, seawall: Any) -> None:
    repo.commit({"ours.cedar": LENIENT})
    done = seawall("--policy", "ours.cedar", "--trust-base", "main", code=2)
    assert "the policy file ours.cedar does not exist at main" in done.err


def test_in_ci_a_tree_brings_nothing_of_its_own(
    repo: Repo, seawall: Any, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    repo.commit({"ours.cedar": LENIENT, "base.json": '{"findings": []}', "ours.toml": ""})
    (place / "ours.cedar").write_text(LENIENT)
    monkeypatch.setenv("CI", "true")
    for words in (("--policy", "ours.cedar"), ("--baseline", repo.path / "base.json")):
        done = seawall(*words, code=2)
        assert "in CI that tree must not judge itself" in done.err
        assert "--trust-base REF" in done.err
        seawall(*words, "--trust-base", "HEAD", code=0)
    seawall("--policy", place / "ours.cedar", code=0)
    monkeypatch.setenv("SEAWALL_CONFIG", "ours.toml")
    assert "the settings file ours.toml lies in the tree" in seawall(code=2).err
    monkeypatch.setenv("CI", "false")
    seawall("--policy", "ours.cedar", code=0)


def test_the_whole_repository_counts_as_the_tree(
    repo: Repo, seawall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({"ours.cedar": LENIENT, f"web/{LOCK}": GOOD})
    monkeypatch.setenv("CI", "1")
    seawall("web", "--policy", "ours.cedar", code=2)
    monkeypatch.chdir(repo.path / "web")
    seawall("--policy", "../ours.cedar", code=2)
    seawall("--policy", "../ours.cedar", "--trust-base", "HEAD", code=0)


def test_a_link_takes_no_file_out_of_the_tree(
    repo: Repo, seawall: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one in the tree that leads out, nor one outside that leads in."""
    (place / "elsewhere.cedar").write_text(LENIENT)
    (repo.path / "link.cedar").symlink_to(place / "elsewhere.cedar")
    (repo.path / "folder").symlink_to(place)
    repo.commit({"ours.cedar": LENIENT})
    (place / "inward.cedar").symlink_to(repo.path / "ours.cedar")
    monkeypatch.setenv("CI", "1")
    for name in ("link.cedar", "folder/elsewhere.cedar", place / "inward.cedar"):
        seawall("--policy", name, code=2)
        seawall("--policy", name, "--trust-base", "main", code=2)


def test_a_baseline_in_the_tree_comes_from_the_base(repo: Repo, seawall: Any) -> None:
    repo.commit({LOCK: BAD})
    findings = seawall("--format", "json", code=1).answer["findings"]
    repo.commit({"base.json": json.dumps({"findings": findings})})
    assert "does not exist at main" in seawall("--baseline", "base.json", "--trust-base", "main", code=2).err
    seawall("--baseline", "base.json", "--trust-base", "HEAD", code=0)


def test_ones_own_policy_file_lies_beside_ones_own_settings(repo: Repo, seawall: Any, place: Path) -> None:
    """Not in the directory one happens to stand in, which may be a stranger's tree."""
    repo.commit({"ours.cedar": LENIENT, LOCK: BAD})
    file = place / "home" / ".config" / "seawall" / "seawall.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[policy]\nuse = 'ours.cedar'\n")
    assert "cannot be read" in seawall(code=2).err
    (file.parent / "ours.cedar").write_text(LENIENT.replace("-7", "-1"))
    assert seawall("--format", "json", code=1).answer["decided_by"][0]["policy"] == "x/never"


def test_a_shipped_policy_needs_no_file() -> None:
    assert own_settings([("/x/s.toml", b"[policy]\nuse = 'strict'\n")], DEFAULT_LIMITS).policy == "strict"
    assert (
        own_settings([("/x/s.toml", b"[policy]\nuse = 'a.cedar'\n")], DEFAULT_LIMITS).policy == "/x/a.cedar"
    )
    assert own_settings([], DEFAULT_LIMITS) == DEFAULTS
