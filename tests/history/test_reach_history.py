"""Since when each edge of reach is there, what is gone, and what was live: in repositories made here."""

import json
import subprocess
import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.stores.sqlite import open_store
from seawall.cli.main import main
from seawall.kernel.cache import Cache, NoCache
from seawall.kernel.graph import Edge as GraphEdge
from seawall.kernel.graph import Relation
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.reach.edge import Edge, Reach
from seawall.kernel.reach.lived import as_graph, code_variant, variant
from seawall.past_reach import PastReach, dumped, loaded
from seawall.reach import ReachOrder, at_revision, reach
from seawall.reach_history import ReachHistory, history
from seawall.reach_lives import live, reach_with_history, since_when
from simulators.repository import Repo, time_of
from test_axios_day_reach import PACKAGE, WORKFLOW

NOW = datetime(2026, 11, 25, tzinfo=UTC)
FILE = ".github/workflows/release.yml"
REPAIRED = WORKFLOW.replace("npm install\n", "npm ci --ignore-scripts\n")
ENOUGH = replace(DEFAULT_LIMITS, history_seconds=120.0, history_seconds_again=120.0)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    made.landed = True
    return made


def small(*steps: str, env: str = "T: ${{ secrets.T }}", on: str = "push") -> str:
    lines = "".join(f"      - {step}\n" for step in steps)
    return f"on: {on}\npermissions: {{}}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    env:\n      {env}\n    steps:\n{lines}"


def told(repo: Repo, cache: Cache | None = None, limits: Limits = ENOUGH) -> ReachHistory:
    return history(repo.path, limits, cache or NoCache(), NOW)


def whole(repo: Repo, limits: Limits = ENOUGH) -> Reach:
    return since_when(reach(ReachOrder(repo.path), NOW), told(repo, limits=limits))


def lives(edges: Iterable[Edge]) -> set[tuple[str, str, str, str]]:
    """(code, target, since, until), days only."""
    return {(e.code.name, e.target.name, e.since[8:10], e.until[8:10]) for e in edges}


def days_of(edges: Iterable[Edge], target: str) -> set[tuple[str, str, str]]:
    return {(code, since, until) for code, name, since, until in lives(edges) if name == target}


# The axios day


@pytest.fixture
def axios(repo: Repo) -> tuple[Repo, list[str]]:
    """Days: 1 no pipeline, 2 an install beside secrets, 3 something else, 4 repaired, 5 something else."""
    states: list[dict[str, str | bytes | None]] = [
        {"package.json": PACKAGE, "src/main.js": "1"},
        {FILE: WORKFLOW},
        {"src/main.js": "2"},
        {FILE: REPAIRED, "package-lock.json": "{}"},
        {"README": "x"},
    ]
    return repo, [repo.commit(files) for files in states]


def test_what_is_repaired_at_head_is_found_with_its_window(axios: tuple[Repo, list[str]]) -> None:
    repo, commits = axios
    found = whole(repo)
    assert not [edge for edge in found.edges if edge.code.name == "npm install"]
    past = {edge.target.name: edge for edge in found.past if edge.code.name == "npm install"}
    assert past.keys() >= {"APPLE_NOTARY_KEY", "APPLE_CERT_P12", "APPLE_CERT_PASSWORD", "keychain", "app"}
    edge = past["APPLE_NOTARY_KEY"]
    assert (edge.since, edge.since_commit) == (time_of(2), commits[1])
    assert (edge.until, edge.until_commit) == (time_of(4), commits[3])
    assert edge.commit == commits[2], "the last at which it was so"
    assert as_graph(edge) == GraphEdge(
        f"code:packages/npm install in {FILE}#sign", Relation.REACHES, f"credential:{edge.target.id}",
        time_of(2), time_of(4), confidence="certain", condition=edge.condition, rules=edge.rules,
    )  # fmt: skip
    assert (str(edge.confidence), edge.code.pin, edge.ref) == ("certain", "range", "")
    assert found.past[0].target.worth == 100, "the worst first"
    checkout = next(e for e in found.edges if e.code.name == "actions/checkout")
    assert (checkout.since, checkout.since_commit, checkout.until) == (time_of(2), commits[1], "")
    assert checkout.commit == commits[4]
    assert found.skipped == reach(ReachOrder(repo.path), NOW).skipped


def test_what_was_live_on_a_day(axios: tuple[Repo, list[str]]) -> None:
    repo, commits = axios

    def on(day: int) -> Reach:
        since = datetime(2026, 3, day, 12, tzinfo=UTC)
        return live(repo.path, since, since.replace(hour=18), NoCache(), NOW, ENOUGH)

    assert not on(1).edges
    (edge,) = [e for e in on(3).edges if (e.code.name, e.target.name) == ("npm install", "APPLE_NOTARY_KEY")]
    assert (edge.since_commit, edge.until_commit) == (commits[1], commits[3])
    assert (".github/workflows/release.yml#sign", edge.code) in on(3).codes
    assert {place.id for place in on(3).places} == {f"{FILE}#sign", f"{FILE}#publish"}
    assert not [e for e in on(5).edges if e.code.name == "npm install"]
    assert [e for e in on(5).edges if e.code.name.startswith("npm ci")]


def test_it_is_the_same_in_a_bare_clone(axios: tuple[Repo, list[str]], tmp_path: Path) -> None:
    repo, _ = axios
    bare = tmp_path / "bare.git"
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    one = reach_with_history(ReachOrder(repo.path, limits=ENOUGH), NOW, tmp_path / "a.db")
    two = reach_with_history(ReachOrder(bare, limits=ENOUGH), NOW, tmp_path / "b.db")
    assert one == two
    assert one.past


# Lines of commits


def test_an_edge_that_comes_back_has_two_lives(repo: Repo) -> None:
    for step in ("run: npm install a", "run: echo", "run: npm install a", "run: npm install a  # x"):
        repo.commit({FILE: small(step)})
    found = whole(repo)
    assert days_of(found.edges, "T") == {("npm install a", "03", "")}
    assert days_of(found.past, "T") == {("npm install a", "01", "02")}


def test_lines_versions_and_conditions_do_not_make_another_edge(repo: Repo) -> None:
    repo.commit({FILE: small("uses: acme/tool@v1")})
    repo.commit({FILE: "# moved\n\n" + small("uses: acme/tool@v2")})
    repo.commit({FILE: small("uses: acme/tool@v2\n        if: github.ref == 'x'")})
    found = whole(repo)
    assert days_of(found.edges, "T") == {("acme/tool", "01", "")}
    assert not days_of(found.past, "T")
    line = told(repo).lines[0][1]
    stood = [life for life in line.edges if life.what.target.name == "T"]
    assert len({life.what.condition for life in stood}) == len(stood) == 2
    pins = {(life.what[1].ref, life.removed is None) for life in line.codes}
    assert pins == {("v1", False), ("v2", True)}


def test_how_it_was_pinned_then_is_told(repo: Repo) -> None:
    for ref in ("v1", "0" * 40, "v2"):
        repo.commit({FILE: small(f"uses: acme/tool@{ref}")})
    since = datetime(2026, 3, 1, 12, tzinfo=UTC)
    found = live(repo.path, since, since, NoCache(), NOW, ENOUGH)
    assert {(e.code.ref, e.since[8:10], e.until[8:10]) for e in found.edges if e.target.name == "T"} == {
        ("v1", "01", "02")
    }
    found = live(repo.path, since, since.replace(day=2, hour=8), NoCache(), NOW, ENOUGH)
    assert {e.code.ref for e in found.edges if e.target.name == "T"} == {"v1"}
    found = live(repo.path, since, since.replace(day=3), NoCache(), NOW, ENOUGH)
    assert {e.code.ref for e in found.edges if e.target.name == "T"} == {"v1", "0" * 40, "v2"}


def test_what_a_branch_held_counts_from_the_merge_on(repo: Repo) -> None:
    repo.commit({"README": "1"})
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({FILE: small("run: npm install a")})
    repo.commit({FILE: small("run: npm install a", "run: npm install b")})
    repo.git("checkout", "-q", "main")
    repo.commit({"README": "2"})
    repo.git("merge", "-q", "--no-ff", "-m", "x", "side")
    merge = repo.git("rev-parse", "HEAD")
    found = whole(repo)
    assert {edge.since_commit for edge in found.edges} == {merge}
    assert days_of(found.edges, "T") == {("npm install a", "05", ""), ("npm install b", "05", "")}


def test_what_was_written_long_before_it_landed_counts_until_it_landed(repo: Repo) -> None:
    repo.landed = False
    repo.commit({FILE: small("run: npm install a")})
    repo.commit({FILE: small("run: echo")})
    (edge,) = [edge for edge in whole(repo).past if edge.target.name == "T"]
    assert (edge.since, edge.until) == (time_of(1), "2026-06-01T00:00:00Z")


def test_tags_beside_the_branch_are_told_by_their_name(repo: Repo) -> None:
    repo.commit({FILE: small("run: npm install a")})
    repo.git("checkout", "-q", "-b", "old")
    repo.commit({FILE: small("run: npm install a", "run: npm install b")})
    repo.git("tag", "v0.1")
    last = repo.commit({"README": "x"})
    repo.git("tag", "-a", "-m", "x", "v0.2")
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "old")
    repo.commit({FILE: small("run: echo")})
    found = whole(repo)
    assert days_of(found.past, "T") == {("npm install a", "01", "04"), ("npm install b", "02", "")}
    (edge,) = [edge for edge in found.past if edge.code.name == "npm install b" and edge.target.name == "T"]
    assert (edge.ref, edge.commit) == ("v0.2", last)
    day = datetime(2026, 3, 5, tzinfo=UTC)
    stood = live(repo.path, day, day, NoCache(), NOW, ENOUGH)
    assert ("npm install b", "v0.2") in {(e.code.name, e.ref) for e in stood.edges}


def test_what_is_not_committed_has_no_beginning(repo: Repo) -> None:
    repo.commit({FILE: small("run: npm install a")})
    repo.put(FILE, small("run: npm install a", "run: npm install b"))
    found = whole(repo)
    assert days_of(found.edges, "T") == {("npm install a", "01", ""), ("npm install b", "", "")}
    assert {e.commit == "" for e in found.edges if e.code.name == "npm install b"} == {True}


def test_tools_of_editors_and_agents_have_a_past_too(repo: Repo) -> None:
    server = {"command": "npx", "args": ["-y", "@example/files"], "env": {"KEY": "${KEY}"}}
    repo.commit({".mcp.json": json.dumps({"mcpServers": {"files": server}})})
    repo.commit({".mcp.json": json.dumps({"mcpServers": {}})})
    found = whole(repo)
    assert {(edge.target.name, edge.since, edge.until) for edge in found.past} >= {
        ("KEY", time_of(1), time_of(2))
    }
    assert {edge.place for edge in found.past} <= {place.id for place in found.past_places}


# Told anew only where something changed, and the same as if told whole


CHANGES: list[dict[str, str | bytes | None]] = [
    {FILE: small("run: make all", "uses: ./own", "run: bash ci/go", "run: npm ci"), "package.json": '{"name": "x"}'},
    {"Makefile": "all:\n\tnpm install a\n"},
    {"Makefile": "all:\n\tnpm install a\nother:\n\tnpm install never\n"},
    {"own/action.yml": "runs:\n  using: composite\n  steps:\n    - run: npx own\n      shell: bash\n"},
    {"ci/go": "./further\n"},
    {"ci/further": "npm install c\n", "further": "npm install d\n"},
    {"requirements.txt": "left==1.0\n", FILE: small("run: pip install -r requirements.txt", "run: make all")},
    {"requirements.txt": "left==1.1\n"},
    {"requirements.txt": "left>=1.1\n"},
    {".github/workflows/second.yml": small("run: npm install e", on="workflow_dispatch", env="T: x")},
    {".github/workflows/second.yml": small("run: npm install e\n        env: {T: '${{ secrets.T }}'}")
     .replace("runs-on", "environment: prod\n    runs-on")},
    {"package-lock.json": "{}", FILE: small("run: npm ci", "run: make all")},
    {"Makefile": None},
    {"GNUmakefile": "all:\n\tnpm install f\n"},
    {".github/workflows/called.yml": small("run: npm install g", on="workflow_call"),
     ".github/workflows/second.yml": "on: push\njobs:\n  c:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n"},
    {".github/workflows/called.yml": small("run: npm install h", on="workflow_call")},
    {".github/workflows/second.yml": None},
    {"Dockerfile": "FROM node:20\nRUN npm install i\n", FILE: small("run: docker build .", "run: make all")},
    {"Dockerfile": "FROM node:21\nRUN npm install j\n"},
    {".mcp.json": '{"mcpServers": {"a": {"command": "npx", "args": ["-y", "k"]}}}'},
    {"sub/.github/workflows/x.yml": small("run: npm install never")},
]  # fmt: skip


def test_at_each_commit_it_is_what_the_whole_tree_says(repo: Repo) -> None:
    commits = [repo.commit(files) for files in CHANGES]
    (repo.path / "GNUmakefile").unlink()
    (repo.path / "real.mk").write_text("all:\n\tnpm install linked\n")
    (repo.path / "GNUmakefile").symlink_to("real.mk")
    commits.append(repo.commit())
    commits.append(repo.commit({"real.mk": "all:\n\tnpm install changed\n"}))
    line = told(repo).lines[0][1]
    assert (line.commits, line.cut) == (len(commits), "")
    assert line.told < len(commits), "some changed nothing that matters"
    order = {commit: at for at, commit in enumerate(commits)}
    for at, commit in enumerate(commits):
        expected = at_revision(repo.path, commit, DEFAULT_LIMITS)
        assert _at(line.edges, order, at) == {variant(edge) for edge in expected.edges}, at
        assert _at(line.codes, order, at) == {code_variant(pair) for pair in expected.codes}, at


def _at(kept: object, order: dict[str, int], at: int) -> set[object]:
    found = set()
    for life in kept:  # type: ignore[attr-defined]
        first = order[life.first.commit] if life.first else 0
        removed = order[life.removed.commit] if life.removed else len(order)
        if first <= at < removed:
            found.add(kept.key(life.what))  # type: ignore[attr-defined]
    return found


# Remembered


def test_the_next_look_goes_on_from_what_is_remembered(repo: Repo, tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    states = CHANGES[:8]
    for files in states[:5]:
        repo.commit(files)
    first = told(repo, store)
    assert _lives(told(repo, store)) == _lives(first)
    for files in states[5:]:
        repo.commit(files)
    again = told(repo, store)
    fresh = told(repo)
    store.close()
    assert _lives(again) == _lives(fresh)
    assert _lives(first) != _lives(fresh)
    assert again.lines[0][1].commits == fresh.lines[0][1].commits


def test_a_revision_is_remembered_beside_head(repo: Repo, tmp_path: Path) -> None:
    for files in CHANGES[:3]:
        repo.commit(files)
    store = open_store(tmp_path / "store.db")
    head = told(repo, store)
    older = history(repo.path, ENOUGH, store, NOW, "HEAD~1")
    assert older.lines[0][1].commits == 2
    assert _lives(told(repo, store)) == _lives(head)
    assert _lives(history(repo.path, ENOUGH, store, NOW, "HEAD~1")) == _lives(older)
    store.close()


def test_a_branch_that_was_taken_back_is_told_anew(repo: Repo, tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db")
    repo.commit({FILE: small("run: npm install a")})
    repo.commit({FILE: small("run: npm install b")})
    told(repo, store)
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit({FILE: small("run: npm install c")})
    again = told(repo, store)
    store.close()
    assert _lives(again) == _lives(told(repo))


def test_a_look_that_was_cut_says_so_and_the_next_goes_deeper(repo: Repo, tmp_path: Path) -> None:
    for files in CHANGES[:10]:
        repo.commit(files)
    store = open_store(tmp_path / "store.db")
    few = replace(ENOUGH, history_commits=3)
    cut = told(repo, store, few)
    (said,) = cut.skipped
    assert "3 commits back: too many commits" in said.reason
    line = cut.lines[0][1]
    assert line.commits == 3
    assert {life.first for life in line.whole} >= {None}
    assert all(edge.since == "" for edge in since_when(Reach(), cut).past if edge.since_commit == "")
    deeper = told(repo, store, few)
    assert deeper.lines[0][1].commits == 5
    for _ in range(4):
        deeper = told(repo, store, few)
    store.close()
    assert deeper.skipped == ()
    assert _lives(deeper) == _lives(told(repo))


def test_out_of_time_is_said_and_nothing_is_made_up(repo: Repo) -> None:
    repo.commit({FILE: small("run: npm install a")})
    repo.commit({FILE: small("run: echo")})
    found = told(repo, limits=replace(DEFAULT_LIMITS, history_seconds=0.0))
    assert any("out of time" in one.reason for one in found.skipped)
    assert found.lines[0][1].commits <= 1


def test_a_shallow_clone_says_that_it_is_one(repo: Repo, tmp_path: Path) -> None:
    for files in CHANGES[:4]:
        repo.commit(files)
    repo.git("clone", "-q", "--depth", "2", f"file://{repo.path}", str(tmp_path / "clone"))
    found = history(tmp_path / "clone", ENOUGH, NoCache(), NOW)
    assert ["shallow" in one.reason for one in found.skipped] == [True]
    assert {life.first is None for life in found.lines[0][1].whole} >= {True}


def test_without_a_repository_that_is_said(tmp_path: Path) -> None:
    found = reach_with_history(ReachOrder(tmp_path), NOW, tmp_path / "store.db")
    assert ["there is no git repository" in one.reason for one in found.skipped] == [True]


@pytest.mark.parametrize("data", [b"", b"x", b"\x78\x9c\x03\x00\x00\x00\x00\x01", b"[]" * 10])
def test_what_is_kept_and_damaged_is_nothing(data: bytes) -> None:
    assert loaded(data) is None


def test_what_is_kept_comes_back_as_it_was(axios: tuple[Repo, list[str]]) -> None:
    line = told(axios[0]).lines[0][1]
    data = dumped(line)
    again = loaded(data)
    assert again is not None
    assert dumped(again) == data
    assert _of(again) == _of(line)
    assert again.places == line.places


def _lives(found: ReachHistory) -> object:
    return [(name, _of(past)) for name, past in found.lines]


def _of(past: PastReach) -> object:
    return [
        {(kept.key(life.what), life.last.commit, life.first, life.removed) for life in kept}
        for kept in (past.whole, past.edges, past.codes)
    ]


# Without --history


def test_the_commit_is_said_where_what_was_read_is_committed(repo: Repo) -> None:
    head = repo.commit({FILE: small("run: bash x.sh"), "x.sh": "npm install a\n", "src/a.c": "1"})

    def commits() -> set[str]:
        return {edge.commit for edge in reach(ReachOrder(repo.path), NOW).edges}

    assert commits() == {head}
    repo.put("src/a.c", "2")
    repo.put("notes", "x")
    assert commits() == {head}, "nobody asked for these"
    repo.put("x.sh", "npm install b\n")
    assert commits() == {""}
    repo.put("x.sh", "npm install a\n")
    repo.put("package.json", "{}")
    assert commits() == {""}, "it would be looked at"
    repo.put("package.json", None)
    repo.put("src/a.c", None)
    assert commits() == {""}, "a file of HEAD's is missing"


# As a person sees it


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["reach", *words]) == 0
    return capsys.readouterr().out


def test_the_report_says_since_when_and_what_is_gone(
    axios: tuple[Repo, list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    repo, commits = axios
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    text = _printed(capsys, "--history", str(repo.path))
    assert f"since 2026-03-02 ({commits[1][:7]})  npx create-dmg" in text
    assert "no longer in reach: " in text
    assert f"    2026-03-02 ({commits[1][:7]}) – 2026-03-04 ({commits[3][:7]})" in text
    assert "no longer" not in _printed(capsys, str(repo.path))
    document = json.loads(
        _printed(capsys, "--history", "--format", "json", "--to", "APPLE_*", str(repo.path))
    )
    gone = [edge for edge in document["edges"] if edge["until"]]
    assert {edge["code"]["name"] for edge in gone} == {"npm install"}
    assert {edge["since_commit"] for edge in gone} == {commits[1]}
    assert {edge["until_commit"] for edge in gone} == {commits[3]}
    assert {edge["ref"] for edge in document["edges"]} == {None}
    assert {edge["commit"] for edge in document["edges"] if not edge["until"]} == {commits[4]}
    plain = json.loads(_printed(capsys, "--format", "json", str(repo.path)))
    assert {edge["since"] for edge in plain["edges"]} == {None}
    assert {edge["commit"] for edge in plain["edges"]} == {commits[4]}
    for kind in ("mermaid", "html"):
        assert _printed(capsys, "--history", "--format", kind, str(repo.path))


def test_a_place_that_is_no_more_is_named_all_the_same(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repo.commit({FILE: small("run: npm install a")})
    repo.commit({FILE: None})
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path / "data"))
    document = json.loads(_printed(capsys, "--history", "--format", "json", str(repo.path)))
    assert (
        {edge["place"] for edge in document["edges"]}
        == {f"{FILE}#j"}
        == {one["id"] for one in document["places"]}
    )
    assert "0 places where code runs" in _printed(capsys, "--history", str(repo.path))


# Hostile repositories


def test_nothing_that_a_repository_configures_is_run_and_no_credential_is_kept(
    repo: Repo, tmp_path: Path
) -> None:
    mark, canary = tmp_path / "mark", "hunter2canary"
    repo.commit({FILE: small(f"run: pip install git+https://me:{canary}@files.example/x.git")})
    repo.commit({FILE: small("run: echo"), ".gitattributes": "* diff=bad filter=bad\n"})
    for key in ("diff.bad.textconv", "diff.bad.command", "filter.bad.smudge", "core.fsmonitor", "core.pager",
                "log.showSignature", "gpg.program", "diff.external", "core.hooksPath"):  # fmt: skip
        repo.git("config", key, "true" if key == "log.showSignature" else f"touch {mark}")
    store = open_store(tmp_path / "store.db")
    found = since_when(reach(ReachOrder(repo.path), NOW), told(repo, store))
    kept = dumped(told(repo, store).lines[0][1])
    store.close()
    assert not mark.exists()
    assert days_of(found.past, "T")
    assert canary not in repr(found)
    assert canary.encode() not in zlib.decompress(kept)


def test_what_is_lost_of_a_repository_is_said(repo: Repo) -> None:
    for files in CHANGES[:6]:
        repo.commit(files)
    tree = repo.git("rev-parse", "HEAD~3^{tree}")
    (repo.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    found = told(repo)
    assert [
        ("nothing before" in one.reason, "git could not read all" in one.reason) for one in found.skipped
    ] == [(True, True)]
    assert 0 < found.lines[0][1].commits < 6
    assert {life.first for life in found.lines[0][1].whole} >= {None}


def test_times_that_are_no_times_are_told_as_none(repo: Repo) -> None:
    repo.commit({FILE: small("run: npm install a")})
    raw = repo.git("cat-file", "commit", "HEAD").replace("> 1772", "> 99999999991772")
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"], cwd=repo.path, input=raw,
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.strip()  # fmt: skip
    repo.git("update-ref", "HEAD", made)
    found = whole(repo)
    assert {edge.since for edge in found.edges} <= {"", time_of(1)}
    assert live(repo.path, NOW, NOW, NoCache(), NOW, ENOUGH).edges is not None
