"""Whose code can get at which credential of a machine, how surely, and what takes it away."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.adapters.machine.laptop import canary

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.credential import Credential, Held
from seawall.kernel.discretion import Guard
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.machine import Installed, Inventory
from seawall.kernel.reach.asked import asked
from seawall.kernel.reach.edge import Confidence, Edge, PlaceKind, Reach
from seawall.kernel.reach.gathered import gathered
from seawall.kernel.reach.keys import KEYS, cuts_of, worth_of
from seawall.kernel.reach.machine import MOST_EDGES, PLACE, machine_reach
from seawall.readers.tools import mcp_servers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = Credential("aws", "default", "~/.aws/credentials", 2, mode="0600")
TOOL = Installed(
    Code(CodeKind.TOOL, "ruff", Firmness.VERSION, "~/r.toml", 1, condition="when somebody runs it")
)


def extension(name: str, pin: Firmness = Firmness.FLOATING) -> Installed:
    return Installed(Code(CodeKind.EXTENSION, name, pin, f"~/.vscode/extensions/{name}/package.json", 1))


def reach(*credentials: Credential, installed: tuple[Installed, ...] = (TOOL,), servers: str = "") -> Reach:
    path = "~/.cursor/mcp.json"
    tools = (mcp_servers.FORMAT.read(servers.encode(), path, DEFAULT_LIMITS),) if servers else ()
    found = Inventory(credentials, tools, installed, guards={path: Guard(servers)})
    return machine_reach(found, NOW)


def only(found: Reach) -> Edge:
    (edge,) = found.edges
    return edge


def test_a_machine_is_one_place_without_a_name() -> None:
    (place,) = reach(PLAIN).places
    assert (place.id, place.kind, place.file) == (PLACE, PlaceKind.MACHINE, "~")


def test_a_file_that_lies_open_is_certain() -> None:
    edge = only(reach(PLAIN))
    assert (edge.target.name, edge.target.scope, edge.target.kind) == (
        "aws/default",
        "~/.aws/credentials",
        "credential",
    )
    assert (edge.confidence, edge.rules, edge.condition) == (
        Confidence.CERTAIN,
        ("R2",),
        "when somebody runs it",
    )
    assert [(line.path, line.line) for line in edge.evidence] == [("~/r.toml", 1), ("~/.aws/credentials", 2)]


@pytest.mark.parametrize(
    ("change", "confidence", "words"),
    [
        ({"held": Held.SESSION}, Confidence.STRONG, "unlocked"),
        ({"held": Held.VARIABLE, "path": ""}, Confidence.CERTAIN, "this session"),
        ({"encrypted": True}, Confidence.CONDITIONAL, "passphrase"),
        ({"note": "sk-x, useless without the hardware key"}, Confidence.CONDITIONAL, "touches"),
        ({"encrypted": False}, Confidence.CERTAIN, "runs it"),
        ({"expires": "2025-12-31T00:00:00Z"}, Confidence.CERTAIN, "has ended"),
    ],
)  # fmt: skip
def test_what_stands_before_it_tells_how_surely(
    change: dict[str, object], confidence: Confidence, words: str
) -> None:
    edge = only(reach(replace(PLAIN, **change)))  # type: ignore[arg-type]
    assert edge.confidence is confidence
    assert words in edge.condition


def test_a_variable_is_given_by_the_environment() -> None:
    edge = only(reach(Credential("variable", "NPM_TOKEN", "", held=Held.VARIABLE)))
    assert (edge.rules, edge.target.id, edge.target.worth) == (
        ("R1",), "credential/environment/variable/NPM_TOKEN", 95,
    )  # fmt: skip


def test_what_its_owner_cannot_read_is_out_of_reach() -> None:
    assert reach(replace(PLAIN, readable=False)).edges == ()


def test_what_has_ended_is_worth_little_and_what_renews_is_not() -> None:
    ended = replace(PLAIN, expires="2025-12-31T00:00:00Z")
    assert only(reach(ended)).target.worth == 2
    assert only(reach(replace(ended, renews=True))).target.worth == 85
    assert only(reach(replace(PLAIN, expires="2026-01-02T00:00:00Z"))).target.worth == 85
    assert only(reach(replace(PLAIN, expires="nonsense"))).target.worth == 85


def test_a_fence_lets_in_what_its_configuration_says() -> None:
    fenced = replace(TOOL, opened=("~/.aws",))
    other = Credential("npm", "registry.example", "~/.npmrc", 1)
    variable = Credential("variable", "A_TOKEN", "", held=Held.VARIABLE)
    edge = only(reach(PLAIN, other, variable, installed=(fenced,)))
    assert (edge.target.name, edge.rules) == ("aws/default", ("R11",))
    assert reach(PLAIN, installed=(replace(TOOL, opened=("~/.aw",)),)).edges == ()
    assert reach(PLAIN, installed=(replace(TOOL, opened=()),)).edges == ()


def test_a_fence_may_let_to_an_agent() -> None:
    agent = Credential("ssh-agent", "agent of the session", "", held=Held.SESSION)
    edge = only(reach(PLAIN, agent, installed=(replace(TOOL, opened=("ssh-agent",)),)))
    assert (edge.target.name, edge.confidence) == ("ssh-agent/agent of the session", Confidence.STRONG)


SERVERS = """{"mcpServers": {
  "files": {"command": "npx", "args": ["-y", "@scope/files"], "env": {"FILES_TOKEN": "CANARY"}},
  "boxed": {"command": "docker", "args": ["run", "-i", "--rm", "-e", "BOX_TOKEN", "img/server:1.2"]},
  "wide": {"command": "docker", "args": ["run", "-v", "/:/host", "img/wide:1.2"]},
  "far": {"url": "https://far.example/mcp", "headers": {"Authorization": "Bearer ${FAR_TOKEN}"}}}}""".replace(
    "CANARY", canary(1)
)


def test_servers_read_what_no_fence_keeps_from_them() -> None:
    literal = Credential("tool-settings", "FILES_TOKEN", "~/.cursor/mcp.json", 2)
    found = reach(PLAIN, literal, installed=(), servers=SERVERS)
    by_code = {
        name: {(e.target.name, e.rules) for e in found.edges if e.code.name == name}
        for name in ("@scope/files", "img/server", "img/wide", "far.example")
    }
    assert by_code == {
        "@scope/files": {("aws/default", ("R2",)), ("tool-settings/FILES_TOKEN", ("R1", "R2"))},
        "img/server": {("variable/BOX_TOKEN", ("R1",))},
        "img/wide": {("aws/default", ("R2",)), ("tool-settings/FILES_TOKEN", ("R2",))},
        "far.example": {("variable/FAR_TOKEN", ("R1",))},
    }
    assert {code.name for _, code in found.codes} == set(by_code)
    assert all(edge.place == PLACE for edge in found.edges)


def test_a_variable_that_a_tool_names_is_that_of_the_session() -> None:
    variable = Credential("variable", "FAR_TOKEN", "", held=Held.VARIABLE)
    found = reach(variable, installed=(), servers=SERVERS)
    assert {e.code.name for e in found.edges if e.target.name == "variable/FAR_TOKEN"} == {
        "@scope/files", "img/wide", "far.example",
    }  # fmt: skip


def test_names_in_tools_that_may_be_secrets_are_withheld() -> None:
    secret = canary(2)
    text = f'{{"mcpServers": {{"x": {{"command": "npx", "args": ["{secret}"], "env": {{"{secret}_TOKEN": "$A"}}}}}}}}'
    found = reach(PLAIN, installed=(), servers=text)
    assert found.edges
    assert secret[:6] not in repr(found)
    assert "(name withheld)" in {code.name for _, code in found.codes}


def test_the_worst_comes_first() -> None:
    found = reach(
        PLAIN, Credential("kaggle", "key", "~/.kaggle/kaggle.json"), installed=(TOOL, extension("a.b"))
    )
    assert (found.edges[0].code.name, found.edges[0].target.name) == ("a.b", "aws/default")


def test_cuts_are_the_credentials_and_then_the_codes() -> None:
    edge = only(reach(replace(PLAIN, owner_only=False), installed=(extension("a.b"),)))
    assert [cut.id for cut in edge.cuts] == ["short-lived", "close-file", "pin-extension"]
    assert "chmod 600 ~/.aws/credentials" in edge.cuts[1].words
    script = Installed(Code(CodeKind.SCRIPT, "https://x.example", Firmness.NONE, "~/.bashrc", 3))
    assert [cut.id for cut in only(reach(PLAIN, installed=(script,))).cuts] == ["short-lived", "checksum"]


def test_cuts_of_keys() -> None:
    key = Credential("ssh-key", "k", "~/.ssh/k", 1, encrypted=False)
    assert [(c.id, c.path) for c in cuts_of(key)] == [("encrypt-key", "~/.ssh/k")]
    assert "~/.ssh/k" in cuts_of(key)[0].words
    assert [c.id for c in cuts_of(replace(key, encrypted=True))] == ["hardware"]
    assert cuts_of(replace(key, note="sk, useless without the hardware key")) == ()
    assert cuts_of(Credential("docker", "x", "~/.docker/config.json", held=Held.SESSION)) == ()


def test_every_kind_has_its_worth_and_its_cut() -> None:
    for kind, key in KEYS.items():
        assert 0 < key.worth <= 100, kind
        assert key.words
        assert worth_of(Credential(kind, "x", "~/x"), expired=False) > 2
    assert worth_of(Credential("unheard-of", "x", "~/x"), expired=False) == 70


def test_a_question_narrows_credentials_too() -> None:
    other = Credential("npm", "registry.example", "~/.npmrc", 1)
    found = asked(reach(PLAIN, other), "", "npm/*")
    assert [one.id for one in found.credentials] == ["npm/registry.example"]
    assert asked(reach(PLAIN, other), "nobody", "").credentials == ()


def test_pairs_are_bounded_and_that_is_told() -> None:
    credentials = tuple(replace(PLAIN, name=str(n)) for n in range(300))
    found = reach(*credentials, installed=tuple(extension(f"a.n{n}") for n in range(250)))
    assert MOST_EDGES <= len(found.edges) <= MOST_EDGES + 300
    assert [item.check for item in found.skipped] == ["machine"]


def test_pictures_show_kinds_of_code() -> None:
    literal = Credential("tool-settings", "FILES_TOKEN", "~/.cursor/mcp.json", 2)
    many = tuple(extension(f"a.n{n}") for n in range(60))
    whole = reach(PLAIN, literal, installed=(*many, extension("a.pinned", Firmness.VERSION)), servers=SERVERS)
    found = gathered(whole)
    names = {(e.code.name, e.target.name) for e in found.edges}
    assert names == {
        ("any of 60 extensions", "aws/default"), ("any of 60 extensions", "tool-settings/FILES_TOKEN"),
        ("a.pinned", "aws/default"), ("a.pinned", "tool-settings/FILES_TOKEN"),
        ("@scope/files", "aws/default"), ("@scope/files", "tool-settings/FILES_TOKEN"),
        ("img/wide", "aws/default"), ("img/wide", "tool-settings/FILES_TOKEN"),
        ("img/server", "variable/BOX_TOKEN"), ("far.example", "variable/FAR_TOKEN"),
    }  # fmt: skip
    group = next(e for e in found.edges if e.code.name == "any of 60 extensions")
    assert len(group.code.packages) == 60
    assert [cut.id for cut in group.cuts] == ["short-lived"] or group.target.name != "aws/default"
    assert gathered(Reach()) == Reach()
