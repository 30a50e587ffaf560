"""What was found about one thing is asked as one question; the worst answer is the decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seawall.adapters.disk.shipped import schema_text
from seawall.decide import chosen_policy, decide_findings
from seawall.kernel.advisory import Severity
from seawall.kernel.allowed import Publishers
from seawall.kernel.decision import Outcome
from seawall.kernel.errors import PolicyError
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.finding import fingerprint as mark
from seawall.kernel.intake import Intake
from seawall.kernel.lockfile import Document, DocumentKind, Pin
from seawall.kernel.policy.engine import load_policy, outcome_of_finding
from seawall.kernel.release import NewDependency, ReleaseFacts
from seawall.kernel.rule import judge
from seawall.kernel.settings import DEFAULTS, Settings
from seawall.kernel.source import WORKSPACE
from seawall.rules import RULES

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DEFAULT, STRICT, OBSERVE = (chosen_policy(name) for name in ("default", "strict", "observe"))
NO_DATA = Skipped("malware and vulnerabilities (npm)", "no data", "seawall sync", required=True)


def finding(rule: str, severity: Severity = Severity.MEDIUM, asset: str = "", **more: object) -> Finding:
    values: dict[str, object] = {"path": "package-lock.json", "line": 1, **more}
    name = rule if "/" in rule else f"packages/{rule}"
    print_ = mark(name, asset, str(values["path"]), "")
    return Finding(name, severity, asset, "m", "a", fingerprint=print_, **values)  # type: ignore[arg-type]


def intake(*pins: Pin, releases: tuple[ReleaseFacts, ...] = (), settings: Settings = DEFAULTS) -> Intake:
    document = Document("package-lock.json", "npm-package-lock", DocumentKind.LOCKFILE, "npm", pins)
    return Intake((document,), NOW, releases={r.key: r for r in releases}, settings=settings)


def pin(name: str, version: str = "1.0.0", **more: object) -> Pin:
    return Pin("npm", name, version, "package-lock.json", 1, **more)  # type: ignore[arg-type]


def test_nothing_found_is_allowed_and_the_decision_says_by_what() -> None:
    decision, judged = decide_findings((), (), intake(pin("a"), pin("b")), DEFAULT)
    assert decision.outcome is Outcome.ALLOW
    assert [by.policy for by in decision.decided_by] == ["default/kept"]
    assert judged == ()


def test_an_empty_tree_has_an_answer_too() -> None:
    assert decide_findings((), (), Intake((), NOW), DEFAULT)[0].outcome is Outcome.ALLOW
    assert decide_findings((), (NO_DATA,), Intake((), NOW), DEFAULT)[0].outcome is Outcome.INCOMPLETE


def test_unchecked_is_incomplete_and_a_denial_stays_one() -> None:
    tree = intake(pin("a"))
    decision, _ = decide_findings((), (NO_DATA,), tree, DEFAULT)
    assert decision.outcome is Outcome.INCOMPLETE
    assert "seawall sync" in decision.decided_by[0].sentence
    bad = finding("known-malware", Severity.CRITICAL, "pkg:npm/a@1.0.0")
    odd = finding("exotic-source")
    decision, judged = decide_findings((bad, odd), (NO_DATA,), tree, DEFAULT)
    assert decision.outcome is Outcome.DENY
    assert [j.outcome for j in judged] == [Outcome.DENY, Outcome.WARN]
    assert decide_findings((odd,), (NO_DATA,), tree, DEFAULT)[0].outcome is Outcome.INCOMPLETE
    assert decide_findings((bad,), (NO_DATA,), tree, OBSERVE)[0].outcome is Outcome.INCOMPLETE


def test_no_policy_makes_unchecked_better_than_incomplete() -> None:
    careless = load_policy("own", '@id("a") permit (principal, action, resource);', schema_text())
    assert decide_findings((), (NO_DATA,), intake(pin("a")), careless)[0].outcome is Outcome.INCOMPLETE


def test_the_worst_answer_decides_and_every_policy_is_named_once() -> None:
    found = (
        finding("vulnerable", Severity.MEDIUM, "pkg:npm/a@1.0.0"),
        finding("vulnerable", Severity.CRITICAL, "pkg:npm/b@1.0.0"),
        finding("vulnerable", Severity.CRITICAL, "pkg:npm/c@1.0.0"),
        finding("digest-missing", Severity.INFO),
        finding("exotic-source", Severity.LOW),
    )
    decision, judged = decide_findings(found, (), intake(pin("a"), pin("b"), pin("c")), DEFAULT)
    assert decision.outcome is Outcome.DENY
    assert [by.policy for by in decision.decided_by] == ["default/severe-vulnerability"]
    assert [(j.outcome.value, j.policy.partition("/")[2]) for j in judged] == [
        ("deny", "severe-vulnerability"),
        ("deny", "severe-vulnerability"),
        ("warn", "vulnerability"),
        ("warn", "source"),
        ("allow", "kept"),
    ]


def test_every_finding_comes_back_once() -> None:
    found = tuple(finding("unreadable", path=f"{n}/package-lock.json") for n in range(20))
    _, judged = decide_findings(found, (), intake(), DEFAULT)
    assert {j.finding.fingerprint for j in judged} == {f.fingerprint for f in found}
    assert len(judged) == 20


def test_a_waived_finding_decides_nothing_but_waived_malware_is_shown() -> None:
    waived = finding("vulnerable", Severity.CRITICAL, "pkg:npm/a@1.0.0", waived="not reachable (us, until …)")
    decision, judged = decide_findings((waived,), (), intake(pin("a")), STRICT)
    assert (decision.outcome, judged[0].outcome) == (Outcome.ALLOW, Outcome.ALLOW)
    bad = finding("known-malware", Severity.CRITICAL, "pkg:npm/a@1.0.0", waived="false alarm (us, until …)")
    for policy in (DEFAULT, STRICT, OBSERVE):
        decision, judged = decide_findings((bad,), (), intake(pin("a")), policy)
        assert (decision.outcome, judged[0].outcome) == (Outcome.WARN, Outcome.WARN)
        assert judged[0].policy.endswith("/malware-waived")


def test_one_waiver_does_not_cover_another_package() -> None:
    found = (
        finding("known-malware", Severity.CRITICAL, "pkg:npm/a@1.0.0", waived="false alarm"),
        finding("known-malware", Severity.CRITICAL, "pkg:npm/b@1.0.0"),
    )
    assert decide_findings(found, (), intake(pin("a"), pin("b")), DEFAULT)[0].outcome is Outcome.DENY


AXIOS = ReleaseFacts(
    ("npm", "axios", "1.14.1"),
    published=NOW - timedelta(hours=2),
    first_release=NOW - timedelta(days=4000),
    previous="1.14.0",
    new_dependencies=(NewDependency("plain-crypto-js", "^4", NOW - timedelta(hours=19)),),
    provenance=False,
    provenance_before=True,
)


def signals(*releases: ReleaseFacts) -> tuple[tuple[Finding, ...], Intake]:
    tree = intake(*(pin(r.key[1], r.key[2], direct=True) for r in releases), releases=releases)
    return judge([r for r in RULES if r.signal], tree), tree


def test_signals_that_are_nothing_alone_deny_together() -> None:
    """axios 1.14.1 on the morning of the attack, before any advisory knew it."""
    found, tree = signals(AXIOS)
    decision, judged = decide_findings(found, (), tree, DEFAULT)
    assert decision.outcome is Outcome.DENY
    assert [by.policy for by in decision.decided_by] == ["default/looks-like-a-takeover"]
    assert {j.finding.rule for j in judged if j.outcome is Outcome.DENY} == {
        "packages/young-release",
        "packages/new-dependency",
        "packages/provenance-lost",
    }
    for one in found:
        assert outcome_of_finding(DEFAULT, one, DEFAULTS).outcome is Outcome.ALLOW


def test_a_signal_that_adds_nothing_is_not_blamed() -> None:
    found, tree = signals(replace(AXIOS, provenance=True, first_release=NOW - timedelta(days=20)))
    _, judged = decide_findings(found, (), tree, DEFAULT)
    by_rule = {j.finding.rule: j.outcome for j in judged}
    assert by_rule["packages/young-name"] is Outcome.ALLOW
    assert by_rule["packages/young-release"] is by_rule["packages/new-dependency"] is Outcome.DENY


def test_young_alone_is_nothing_here() -> None:
    found, tree = signals(ReleaseFacts(("npm", "a", "1.0.0"), published=NOW - timedelta(hours=2)))
    assert [f.rule for f in found] == ["packages/young-release"]
    assert decide_findings(found, (), tree, DEFAULT)[0].outcome is Outcome.ALLOW
    assert decide_findings(found, (), tree, STRICT)[0].outcome is Outcome.DENY


def test_signals_of_two_packages_are_not_put_together() -> None:
    young = ReleaseFacts(("npm", "a", "1.0.0"), published=NOW - timedelta(hours=2))
    lost = ReleaseFacts(
        ("npm", "b", "2.0.0"), published=NOW - timedelta(days=99), provenance=False, provenance_before=True
    )
    found, tree = signals(young, lost)
    assert len(found) == 2
    assert decide_findings(found, (), tree, DEFAULT)[0].outcome is Outcome.ALLOW


def test_a_user_s_policy_may_look_at_facts_without_any_finding() -> None:
    own = load_policy(
        "own",
        '@id("all") permit (principal, action, resource);'
        '@id("old") @outcome("warn") @advice("Years old.")'
        ' forbid (principal, action == Action::"keep", resource) when { context.age_days > 1000 };'
        '@id("gpl") @advice("Not ours to ship.") forbid (principal, action, resource is Package)'
        ' when { resource.name == "@acme/secret" };',
        schema_text(),
    )
    old = ReleaseFacts(("npm", "a", "1.0.0"), published=NOW - timedelta(days=2000))
    assert decide_findings((), (), intake(pin("a"), releases=(old,)), own)[0].outcome is Outcome.WARN
    assert decide_findings((), (), intake(pin("a")), own)[0].outcome is Outcome.ALLOW
    assert decide_findings((), (), intake(pin("a"), pin("@acme/secret")), own)[0].outcome is Outcome.DENY


def test_a_name_is_known_to_policy_also_where_no_file_pins_it() -> None:
    own = load_policy(
        "own",
        '@id("all") permit (principal, action, resource);'
        '@id("it") @advice("That one.") forbid (principal, action, resource is Package)'
        ' when { resource.name == "@acme/x" && resource.version == "1.0.0+b"'
        ' && resource.ecosystem == "npm" };',
        schema_text(),
    )
    found = finding("malware-in-history", Severity.CRITICAL, "pkg:npm/%40acme/x@1.0.0%2Bb")
    assert decide_findings((found,), (), intake(), own)[0].outcome is Outcome.DENY


@pytest.mark.parametrize(
    ("ecosystem", "name", "version", "purl"),
    [
        ("npm", "@acme/X", "1.0.0+b", "pkg:npm/%40acme/x@1.0.0%2Bb"),
        ("Maven", "org.acme:x", "1", "pkg:maven/org.acme/x@1"),
        ("Go", "github.com/acme/x", "v1.0.0", "pkg:golang/github.com/acme/x@v1.0.0"),
        ("PyPI", "zope-interface", "1.0", "pkg:pypi/zope-interface@1.0"),
    ],
)
def test_how_a_package_is_used_reaches_the_policy(ecosystem: str, name: str, version: str, purl: str) -> None:
    own = load_policy(
        "own",
        '@id("all") permit (principal, action, resource);'
        '@id("direct") @advice("Ours.") forbid (principal, action == Action::"keep", resource)'
        ' when { context.direct == Answer::"yes" && context.worst_vulnerability >= 2 };',
        schema_text(),
    )
    used = Pin(ecosystem, name, version, "lock", 1, direct=True)
    assert used.purl == purl
    found = finding("vulnerable", Severity.MEDIUM, purl)
    for direct, outcome in ((True, Outcome.DENY), (False, Outcome.ALLOW)):
        assert decide_findings((found,), (), intake(replace(used, direct=direct)), own)[0].outcome is outcome


def test_the_settings_reach_the_policy() -> None:
    found = finding("vulnerable", Severity.MEDIUM, "pkg:npm/a@1.0.0")
    for severity, outcome in ((Severity.MEDIUM, Outcome.DENY), (Severity.HIGH, Outcome.WARN)):
        tree = intake(pin("a"), settings=Settings(deny_severity=severity))
        assert decide_findings((found,), (), tree, DEFAULT)[0].outcome is outcome


def test_many_lockfiles_with_the_same_signals_stay_cheap() -> None:
    found, tree = signals(AXIOS)
    many = tuple(
        replace(f, path=f"{n}/package-lock.json", fingerprint=f"{n}{f.rule}")
        for n in range(200)
        for f in found
    )
    _, judged = decide_findings(many, (), tree, DEFAULT)
    assert sum(j.outcome is Outcome.DENY for j in judged) == 600


def test_a_policy_file_is_read_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "own.cedar"
    file.write_text('\ufeff@id("all") permit (principal, action, resource);', encoding="utf-8")
    assert chosen_policy(str(file)).name == str(file)
    for bad in (tmp_path / "none.cedar", tmp_path):
        with pytest.raises(PolicyError, match="cannot be read"):
            chosen_policy(str(bad))


def listed(*names: str, **more: object) -> Settings:
    lists = (tuple(("npm", name) for name in names),)
    return replace(DEFAULTS, allowed_names=lists, **more)  # type: ignore[arg-type]


def test_a_name_that_is_not_on_the_list_is_what_is_denied_and_nothing_else_about_it() -> None:
    tree = intake(pin("a"), pin("b"), pin("own", source=WORKSPACE), settings=listed("a"))
    found = (*judge(RULES, tree), finding("exotic-source", asset="pkg:npm/b@1.0.0"))
    unlisted = [f for f in found if f.rule == "packages/unlisted-name"]
    assert [f.asset for f in unlisted] == ["pkg:npm/b@1.0.0"]
    decision, judged = decide_findings(found, (), tree, STRICT)
    assert (decision.outcome, decision.decided_by[0].policy) == (Outcome.DENY, "strict/name-not-listed")
    assert {j.finding.rule: j.policy for j in judged}["packages/unlisted-name"] == "strict/name-not-listed"
    assert {j.finding.rule: j.policy for j in judged}["packages/exotic-source"] == "strict/source"
    assert decide_findings(found, (), tree, DEFAULT)[0].outcome is Outcome.WARN


def test_a_list_counts_also_where_nobody_asks_the_rule_about_it() -> None:
    tree = intake(pin("a"), pin("b"), settings=listed("a"))
    assert decide_findings((), (), tree, STRICT)[0].decided_by[0].policy == "strict/name-not-listed"
    assert decide_findings((), (), intake(pin("a"), settings=listed("a")), STRICT)[0].outcome is Outcome.ALLOW


def test_a_publisher_who_is_not_on_the_list_is_denied_where_the_registry_was_asked() -> None:
    lists = replace(DEFAULTS, allowed_publishers=(Publishers(("npm", "a"), ("ann",)),))
    by = ReleaseFacts(("npm", "a", "1.0.0"), published=NOW - timedelta(days=90), publisher="mallory")
    tree = intake(pin("a"), releases=(by,), settings=lists)
    decision, judged = decide_findings(judge(RULES, tree), (), tree, DEFAULT)
    assert (decision.outcome, judged[0].policy) == (Outcome.DENY, "default/publisher-not-listed")
    assert judged[0].finding.rule == "packages/unlisted-publisher"
    good = intake(pin("a"), releases=(replace(by, publisher="ann"),), settings=lists)
    assert decide_findings(judge(RULES, good), (), good, DEFAULT)[0].outcome is Outcome.ALLOW
    unasked = intake(pin("a"), settings=lists)
    assert decide_findings(judge(RULES, unasked), (), unasked, DEFAULT)[0].outcome is Outcome.ALLOW
