"""What is not proven is not allowed, whatever the policy and whatever is missing from the question."""

import re
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.adapters.disk.shipped import policy_text, schema_text
from seawall.kernel.decision import DecidedBy, Outcome
from seawall.kernel.errors import PolicyError
from seawall.kernel.finding import Skipped
from seawall.kernel.policy import engine
from seawall.kernel.policy.engine import Policy, answers_to, decide, decide_all, load_policy, told_apart
from seawall.kernel.policy.facts import (
    FACT_NAMES,
    Answer,
    Facts,
    Hotfix,
    Mode,
    Principal,
    Question,
    document,
    package,
)
from seawall.kernel.settings import POLICY_STRICTNESS
from seawall.rules import RULES

CLEAN = Facts(malware_checked=True, vulnerabilities_checked=True)
SHIPPED = {name: load_policy(name, policy_text(name), schema_text()) for name in POLICY_STRICTNESS}
CARELESS = """
@id("careless/all")
permit (principal, action, resource);

@id("careless/young")
@advice("Too young.")
forbid (principal, action in [Action::"fetch", Action::"keep"], resource)
when { context.age_days >= 0 && context.age_days < context.cooldown_days };
"""


def policy(text: str, name: str = "own.cedar") -> Policy:
    return load_policy(name, text, schema_text())


IDS = st.frozensets(st.sampled_from([rule.id for rule in RULES] + ["pipelines/new"]), max_size=5)
NUMBERS = st.one_of(st.just(-1), st.integers(0, 40))
SEVERITIES = st.integers(-1, 4)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    drawn = {
        item.name: draw(
            {
                "bool": st.booleans(),
                "int": SEVERITIES if item.name.startswith("worst") else NUMBERS,
                "frozenset[str]": IDS,
                "Answer": st.sampled_from(Answer),
                "Mode": st.sampled_from(Mode),
                "str": st.sampled_from(["npm", "PyPI", ""]),
                "Hotfix": st.builds(Hotfix, *[st.booleans()] * 5),
            }[str(item.type)]
        )
        for item in fields(Facts)
    }
    for name in ("cooldown_days", "young_name_days", "young_days"):
        drawn[name] = max(drawn[name], 0)
    for name in ("deny_severity", "warn_severity"):
        drawn[name] = min(max(drawn[name], 0), 4)
    if draw(st.booleans()):
        drawn |= {"malware_checked": True, "vulnerabilities_checked": True, "unchecked": frozenset()}
    return Facts(**drawn)


ACTIONS = st.sampled_from(["keep", "fetch"])


def about(facts: Facts, action: str = "keep") -> Question:
    return Question(facts, action, package("pkg:npm/a@1", "npm", "a", "1"))


# ── the schema and the facts are one ──────────────────────────────────────────────────────────────────


def test_the_facts_are_the_schema_s_attributes_in_its_order() -> None:
    body = schema_text().partition("type Intake = {")[2].partition("};")[0]
    assert tuple(re.findall(r"^  (\w+):", body, re.M)) == FACT_NAMES


def test_the_schema_is_about_one_page() -> None:
    assert len(schema_text().splitlines()) <= 140


@pytest.mark.parametrize(
    ("action", "resource"), [("keep", package("p")), ("keep", document("a/b")), ("fetch", package("p"))]
)
def test_a_clean_and_checked_thing_is_allowed(action: str, resource: object) -> None:
    old = replace(CLEAN, age_days=400, age_hours=9600)
    for loaded in SHIPPED.values():
        answer = decide(loaded, Question(old, action, resource))  # type: ignore[arg-type]
        assert answer.outcome is Outcome.ALLOW
        assert answer.decided_by


# ── nothing that is missing or mistyped is ever allowed ───────────────────────────────────────────────


def raw(context: dict[str, object]) -> dict[str, object]:
    return {
        "principal": {"type": "Workload", "id": "w"},
        "action": {"type": "Action", "id": "keep"},
        "resource": {"type": "Package", "id": "p"},
        "context": context,
    }


WRONG = [None, "x", 1.5, [], {}, [1], {"type": "Answer", "id": "Yes"}, {"type": "Team", "id": "yes"}, 2**80]


@pytest.mark.parametrize("loaded", [*SHIPPED.values(), policy(CARELESS)], ids=lambda p: p.name)
def test_without_any_one_fact_or_with_a_wrong_one_nothing_is_allowed(loaded: Policy) -> None:
    whole = CLEAN.context()
    assert answers_to(loaded, [raw(whole)])[0].outcome is Outcome.ALLOW
    broken = [{k: v for k, v in whole.items() if k != name} for name in whole]
    for name, value in whole.items():
        for wrong in [*WRONG, 1, True]:
            right = wrong == value and type(wrong) is type(value)
            same_shape = type(wrong) is type(value) and type(value) in (bool, int, str)
            if not right and not same_shape and not (wrong == [] and isinstance(value, list)):
                broken.append({**whole, name: wrong})
    broken.append({**whole, "unheard_of": True})
    for answer in answers_to(loaded, [raw(context) for context in broken]):
        assert answer.outcome is Outcome.DENY
        assert answer.decided_by[-1].policy == engine.EVALUATION_ERROR


def test_a_request_that_the_engine_cannot_even_take_does_not_decide_about_its_neighbours() -> None:
    good, bad = raw(CLEAN.context()), raw(CLEAN.context())
    bad["resource"] = {"type": "Package", "id": "\ud800"}
    worse = {"principal": 3}
    answers = answers_to(SHIPPED["default"], [good, bad, worse, good])
    assert [a.outcome for a in answers] == [Outcome.ALLOW, Outcome.DENY, Outcome.DENY, Outcome.ALLOW]


def test_names_that_are_no_text_can_still_be_asked_about() -> None:
    question = Question(CLEAN, resource=document("a\udcff/package-lock.json"))
    assert decide(SHIPPED["default"], question).outcome is Outcome.ALLOW


def test_an_error_while_evaluating_denies_although_a_permit_holds() -> None:
    careless = policy(
        '@id("a") permit (principal, action, resource);'
        '@id("b") @advice("x.") forbid (principal, action == Action::"keep", resource)'
        " when { context.age_days * 9223372036854775807 > 1 };"
    )
    answer = decide(careless, about(replace(CLEAN, age_days=3)))
    assert answer.outcome is Outcome.DENY
    assert answer.decided_by[0].policy == engine.EVALUATION_ERROR


def test_an_error_in_a_warning_denies_too() -> None:
    careless = policy(
        '@id("a") permit (principal, action, resource);'
        '@id("b") @outcome("warn") @advice("x.") forbid (principal, action == Action::"keep", resource)'
        " when { context.age_days * 9223372036854775807 > 1 };"
    )
    assert decide(careless, about(replace(CLEAN, age_days=3))).outcome is Outcome.DENY


# ── incomplete ────────────────────────────────────────────────────────────────────────────────────────


def test_unchecked_is_incomplete_and_says_what_and_why() -> None:
    skipped = Skipped("malware and vulnerabilities (npm)", "no data", "seawall sync", required=True)
    question = replace(about(replace(CLEAN, unchecked=frozenset({skipped.check}))), unchecked=(skipped,))
    answer = decide(SHIPPED["default"], question)
    assert answer.outcome is Outcome.INCOMPLETE
    sentence = "Not checked: malware and vulnerabilities (npm) (no data). Run: seawall sync"
    assert answer.decided_by == (DecidedBy("policy/not-checked", sentence),)


def test_a_fresh_vector_of_facts_is_incomplete() -> None:
    for loaded in SHIPPED.values():
        assert decide(loaded, about(Facts())).outcome is Outcome.INCOMPLETE


def test_what_no_permit_is_about_is_denied_and_not_incomplete() -> None:
    only_npm = policy(
        '@id("npm") permit (principal, action == Action::"keep", resource)'
        ' when { context.ecosystem == "npm" };'
    )
    answer = decide(only_npm, about(replace(CLEAN, ecosystem="PyPI")))
    assert (answer.outcome, answer.decided_by[0].policy) == (Outcome.DENY, "policy/not-permitted")


# ── properties of the shipped policies ────────────────────────────────────────────────────────────────


@settings(max_examples=70)
@given(facts(), ACTIONS)
def test_malware_is_always_denied(given: Facts, action: str) -> None:
    question = about(replace(given, malware=True), action)
    for name in ("default", "strict"):
        answer = decide(SHIPPED[name], question)
        assert answer.outcome is Outcome.DENY
        assert f"{name}/malware" in [by.policy for by in answer.decided_by]
    assert decide(SHIPPED["observe"], question).outcome in (Outcome.WARN, Outcome.INCOMPLETE)


@settings(max_examples=70)
@given(facts(), ACTIONS)
def test_the_three_policies_stand_in_order(given: Facts, action: str) -> None:
    """observe never denies, and what default denies it at least warns about; strict is never looser."""
    observe, default, strict = (decide(SHIPPED[n], about(given, action)) for n in POLICY_STRICTNESS)
    assert observe.outcome is not Outcome.DENY
    assert strict.outcome.rank >= default.outcome.rank
    if default.outcome in (Outcome.DENY, Outcome.WARN):
        assert observe.outcome.rank >= Outcome.WARN.rank


@settings(max_examples=70)
@given(facts(), ACTIONS, st.integers(0, 4), st.integers(0, 4), st.integers(0, 30))
def test_tighter_settings_never_loosen(
    given: Facts, action: str, deny: int, warn: int, cooldown: int
) -> None:
    tighter = replace(
        given,
        deny_severity=min(deny, given.deny_severity),
        warn_severity=min(warn, given.warn_severity),
        cooldown_days=max(cooldown, given.cooldown_days),
        young_days=max(cooldown, given.young_days),
    )
    for loaded in SHIPPED.values():
        before, after = decide_all(loaded, [about(given, action), about(tighter, action)])
        assert after.outcome.rank >= before.outcome.rank


@settings(max_examples=70)
@given(facts(), ACTIONS)
def test_without_its_checks_nothing_is_allowed(given: Facts, action: str) -> None:
    for lacking in (
        replace(given, malware_checked=False),
        replace(given, vulnerabilities_checked=False),
        replace(given, unchecked=frozenset({"history"})),
    ):
        for loaded in SHIPPED.values():
            answer = decide(loaded, about(lacking, action))
            assert answer.outcome in (Outcome.DENY, Outcome.INCOMPLETE)


@settings(max_examples=70)
@given(facts())
def test_a_gate_never_hands_out_what_is_of_unknown_age(given: Facts) -> None:
    unknown = replace(given, age_days=-1, age_hours=-1)
    for name in ("default", "strict"):
        assert decide(SHIPPED[name], about(unknown, "fetch")).outcome is Outcome.DENY


@settings(max_examples=100)
@given(IDS)
def test_what_is_only_to_know_never_warns(notes: frozenset[str]) -> None:
    for loaded in SHIPPED.values():
        assert decide(loaded, about(replace(CLEAN, notes=notes))).outcome is Outcome.ALLOW


@pytest.mark.parametrize("rule", [r.id for r in RULES if not r.signal] + ["models/unwritten"])
def test_every_finding_is_at_least_a_warning(rule: str) -> None:
    """Also one of a rule that no policy has heard of. Malware and vulnerabilities have facts of their own."""
    facts: dict[str, dict[str, Any]] = {
        "packages/known-malware": {"malware": True},
        "packages/malware-in-history": {"malware_in_past": True},
        "packages/vulnerable": {"worst_vulnerability": 1},
    }
    found = replace(CLEAN, findings=frozenset({rule}), **facts.get(rule, {}))
    for loaded in SHIPPED.values():
        assert decide(loaded, about(found)).outcome.rank >= Outcome.WARN.rank


def test_people_are_spoken_to_in_plain_words() -> None:
    jargon = re.compile(r"cedar|purl|principal|resource|context|forbid|permit\b|entity", re.I)
    for name, loaded in SHIPPED.items():
        for item in loaded.statements:
            assert item.id.startswith(f"{name}/")
            assert item.advice.endswith((".", "`."))
            assert not jargon.search(item.advice), item.advice
            assert len(item.advice) <= 110
    assert not any(jargon.search(sentence) for sentence in engine.BUILT_IN.values())


def test_observe_holds_no_denial() -> None:
    assert {s.outcome for s in SHIPPED["observe"].statements} == {Outcome.ALLOW, Outcome.WARN}


# ── answers are shared only where they must be equal ──────────────────────────────────────────────────


def test_equal_facts_are_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    whole = engine._evaluate

    def counting(realm, requests, store):  # type: ignore[no-untyped-def]
        asked.append(len(requests))
        return whole(realm, requests, store)

    monkeypatch.setattr(engine, "_evaluate", counting)
    questions = [Question(CLEAN, resource=package(f"pkg:npm/p{i}@1")) for i in range(1000)]
    answers = decide_all(SHIPPED["default"], questions)
    assert asked == [1]
    assert len(answers) == 1000


def test_only_what_a_policy_looks_at_is_told_apart() -> None:
    default = SHIPPED["default"]
    assert "age_hours" in default.asks("fetch")
    assert "age_hours" not in default.asks("keep")
    assert {"malware", "waived", "youngest_new_dependency_days"} <= set(default.asks("keep"))
    whole = policy(
        '@id("w") permit (principal, action == Action::"keep", resource) when { context == context };'
    )
    assert whole.asks("keep") == FACT_NAMES
    assert whole.asks("fetch") == ()
    nested = policy(
        '@id("w") permit (principal, action == Action::"keep", resource)'
        ' when { if context has dev then [context.direct].contains(Answer::"yes")'
        " else context.hotfix.approved };"
    )
    assert nested.asks("keep") == ("direct", "dev", "hotfix")


@settings(max_examples=40)
@given(st.lists(facts(), min_size=2, max_size=8), ACTIONS)
def test_answers_are_the_same_together_and_alone(many: list[Facts], action: str) -> None:
    for loaded in (*SHIPPED.values(), policy(CARELESS)):
        questions = [about(given, action) for given in many]
        requests = [engine._request(question) for question in questions]
        alone = answers_to(loaded, requests)
        together = decide_all(loaded, questions)
        for one, other in zip(alone, together, strict=True):
            assert one == other or other.outcome is Outcome.INCOMPLETE


def test_a_policy_may_name_packages_and_then_answers_are_not_shared() -> None:
    own = policy(
        CARELESS + '@id("own/no-left-pad") @advice("We do not use left-pad.")'
        ' forbid (principal, action, resource is Package) when { resource.name == "left-pad" };'
        '@id("own/beta") @outcome("warn") @advice("A beta.")'
        ' forbid (principal, action, resource is Package) when { resource.version like "*-beta*" };'
    )
    assert own.names_resources
    assert not own.names_principals
    names = [("left-pad", "1.0.0"), ("right-pad", "1.0.0"), ("right-pad", "2.0.0-beta.1")]
    answers = decide_all(own, [Question(CLEAN, resource=package(f"{n}@{v}", "npm", n, v)) for n, v in names])
    assert [a.outcome for a in answers] == [Outcome.DENY, Outcome.ALLOW, Outcome.WARN]
    assert not any(SHIPPED[name].names_resources for name in SHIPPED)


def test_a_policy_may_name_teams() -> None:
    own = policy(
        CARELESS + '@id("own/interns") @advice("Ask your lead.")'
        ' forbid (principal in Team::"interns", action, resource);'
    )
    assert own.names_principals
    people = [Principal("Person", "a", ("interns",)), Principal("Person", "b", ("leads",))]
    answers = decide_all(own, [Question(CLEAN, principal=person) for person in people])
    assert [a.outcome for a in answers] == [Outcome.DENY, Outcome.ALLOW]


def test_no_question_is_no_answer() -> None:
    assert decide_all(SHIPPED["default"], []) == ()


# ── a policy that is not sound does not start ─────────────────────────────────────────────────────────

GOOD = '@id("a/b")\n@advice("x.")\nforbid (principal, action, resource);\n'


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "own.cedar: ", "empty"),
        ("// only a comment; and another\n\n", "own.cedar: ", "empty"),
        (GOOD, "own.cedar: ", "no permit"),
        (
            "\n\n" + GOOD + '\n// why;\n@id("c") permit (principal, action, resource)',
            "own.cedar:8",
            "end of in",
        ),
        ('@id("c")\npermit (principal,\n  action resource);', "own.cedar:3", "resource"),
        (GOOD + '@id("a/b") permit (principal, action, resource);', "own.cedar:4", "line 1"),
        ("permit (principal, action, resource);", "own.cedar:1", "no @id"),
        ('@id("x") forbid (principal, action, resource);', "own.cedar:1", "no @advice"),
        ('@id("x") @advice("  ") forbid (principal, action, resource);', "own.cedar:1", "no @advice"),
        ('@id("x") @outcome("warn") permit (principal, action, resource);', "own.cedar:1", "on a permit"),
        ('@id("x") @outcome("wran") @advice("y") forbid (principal, action, resource);', ":1", "'wran'"),
        ('@id("x") @advise("y") permit (principal, action, resource);', "own.cedar:1", "@advise"),
        ('@id("x") permit (principal == ?principal, action, resource);', "own.cedar:1", "slot"),
        (
            GOOD + '@id("x") permit (principal, action == Action::"keep", resource)\n'
            "when { context.ag_days > 3 };",
            "own.cedar:5",
            "ag_days",
        ),
        ('@id("x") permit (principal, action == Action::"kep", resource);', "own.cedar:1", "kep"),
        (
            '@id("x") permit (principal, action == Action::"keep", resource) when { Answer::"Yes" == 1 };',
            "own.cedar:1",
            "Yes",
        ),
        ('@id("x") permit (principal, action, resource) when { "a };', "own.cedar:1", "token"),
        (";", "own.cedar:1", "unexpected"),
        ("\x00", "own.cedar:1", ""),
        ("(" * 100_000, "own.cedar:1", ""),
    ],
)
def test_an_unsound_policy_says_where_and_what(text: str, where: str, what: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(text)
    assert where in str(caught.value)
    assert what in str(caught.value)
    assert caught.value.advice
    assert caught.value.exit_code == 2


def test_semicolons_in_strings_and_comments_end_nothing() -> None:
    loaded = policy(
        '// first; second\n@id("a") // here; too\n@advice("one; \\"two\\" // three")\n'
        "permit (principal, action, resource);\n"
    )
    assert [(s.id, s.line, s.advice) for s in loaded.statements] == [("a", 2, 'one; "two" // three')]


@settings(max_examples=70)
@given(st.text(alphabet='permit forbid(),;{}"@/\\\n context.age_days<3 é', max_size=80))
def test_no_text_does_more_than_raise_a_policy_error(text: str) -> None:
    with suppress(PolicyError):
        assert policy(text).statements


def test_a_text_that_is_too_long_is_not_parsed() -> None:
    with pytest.raises(PolicyError, match="at most"):
        policy(GOOD * 50_000)


def test_the_digest_changes_with_the_text_and_with_the_schema() -> None:
    one = policy(CARELESS)
    assert policy(CARELESS).digest == one.digest
    assert policy(CARELESS + "// more").digest != one.digest
    assert load_policy("own.cedar", CARELESS, schema_text() + "\n").digest != one.digest


# ── who published ─────────────────────────────────────────────────────────────────────────────────────

TRUSTED = """
@id("own/usual")
@advice("Published by those who always do.")
permit (principal, action == Action::"fetch", resource)
when { context.publisher_known == Answer::"yes" && context.name_allowed == Answer::"yes" }
when { context.publisher == "ann" || context.publisher like "github/*" };
"""


def test_a_policy_may_ask_who_published() -> None:
    own = policy(TRUSTED)
    known = replace(CLEAN, publisher_known=Answer.YES, name_allowed=Answer.YES)
    for who, outcome in (
        ("ann", Outcome.ALLOW),
        ("github/oidc:1", Outcome.ALLOW),
        ("mallory", Outcome.DENY),
        ("", Outcome.DENY),
        ("\u202eann", Outcome.DENY),
        ("\ud800", Outcome.DENY),
    ):
        assert decide(own, about(replace(known, publisher=who), "fetch")).outcome is outcome, who
    for missing in (
        replace(known, publisher_known=Answer.UNKNOWN),
        replace(known, name_allowed=Answer.UNKNOWN),
    ):
        assert decide(own, about(replace(missing, publisher="ann"), "fetch")).outcome is Outcome.DENY


@pytest.mark.parametrize("name", SHIPPED)
def test_an_answer_is_shared_by_all_publishers_where_no_statement_asks_for_them(name: str) -> None:
    one, other = (about(replace(CLEAN, publisher=who), "fetch") for who in ("ann", "mallory"))
    assert told_apart(SHIPPED[name], one) == told_apart(SHIPPED[name], other)
    assert told_apart(policy(TRUSTED), one) != told_apart(policy(TRUSTED), other)
    unlisted = about(replace(CLEAN, publisher_allowed=Answer.NO), "fetch")
    assert told_apart(SHIPPED[name], one) != told_apart(SHIPPED[name], unlisted)
