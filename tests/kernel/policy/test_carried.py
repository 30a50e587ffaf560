"""What a request carries says to the statements exactly what the facts say, and nothing mistyped gets by."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.adapters.disk.shipped import policy_text, schema_text
from seawall.kernel.decision import Outcome
from seawall.kernel.policy import engine
from seawall.kernel.policy.carried import INTAKE, RARE
from seawall.kernel.policy.engine import EVALUATION_ERROR, Policy, answers_to, decide, load_policy
from seawall.kernel.policy.facts import FACT_NAMES, Answer, Facts, Hotfix, Mode, Principal, Question, package
from seawall.kernel.settings import POLICY_STRICTNESS

CLEAN = Facts(malware_checked=True, vulnerabilities_checked=True, age_days=400, age_hours=9600)
EVERY_WAY = """
@id("own/all")
permit (principal, action, resource)
when { context.mode == Mode::"enforce" || context.mode == Mode::"observe" };

@id("own/answers")
@advice("Said in every way.")
forbid (principal, action in [Action::"keep", Action::"fetch"], resource)
when { context.direct != Answer::"unknown" && Answer::"yes" == context.publisher_known }
unless { context.direct == Answer::"no" && context.publisher_known != Answer::"no" };

@id("own/parts")
@advice("One part of a record, and whether it is there at all.")
forbid (principal, action in [Action::"keep", Action::"fetch"], resource)
when { context.hotfix.approved && (if context has malware_in_past then context.dev else true) }
when { !context.exempt_from_cooldown || context["malware_in_past"] };

@id("own/values")
@outcome("warn")
@advice("An answer as a value.")
forbid (principal, action in [Action::"keep", Action::"fetch"], resource)
when { [Answer::"yes", Answer::"no"].contains(context.name_allowed) || context.name_allowed == Answer::"yes" };

@id("own/two")
@outcome("warn")
@advice("Two answers, held against each other and against words.")
forbid (principal, action in [Action::"keep", Action::"fetch"], resource)
when { context.install_script == context.provenance_lost && context.provenance_lost == Answer::"no" }
when { context.install_script_new == Answer::"yes" || context.publisher == "yes" };

@id("own/record")
@outcome("warn")
@advice("A record that is spelt like an expression.")
forbid (principal, action in [Action::"keep", Action::"fetch"], resource)
when { {"==": {"left": context.dev, "right": true}, ".": "context"} has "." && context.dev };
"""


def policy(text: str) -> Policy:
    return load_policy("own.cedar", text, schema_text())


POLICIES = {
    **{name: load_policy(name, policy_text(name), schema_text()) for name in POLICY_STRICTNESS},
    "own": policy(EVERY_WAY),
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int": st.one_of(st.integers(-1, 9), st.integers(29, 31)),
    "frozenset[str]": st.frozensets(
        st.sampled_from(["packages/young-release", "packages/vulnerable", "packages/new"]), max_size=2
    ),
    "Answer": st.sampled_from(Answer),
    "Mode": st.sampled_from(Mode),
    "str": st.sampled_from(["yes", "npm", ""]),
    "Hotfix": st.one_of(st.just(Hotfix()), st.builds(Hotfix, *[st.booleans()] * 5)),
}


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Some differ from what is clean, and the others do not."""
    names = draw(st.sets(st.sampled_from(FACT_NAMES)))
    return replace(CLEAN, **{i.name: draw(VALUES[str(i.type)]) for i in fields(Facts) if i.name in names})


def about(facts: Facts, action: str = "keep") -> Question:
    return Question(facts, action, package("pkg:npm/a@1", "npm", "a", "1"))


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=120)
@given(facts(), st.sampled_from(INTAKE))
def test_what_is_carried_is_answered_as_all_facts_are(name: str, given: Facts, action: str) -> None:
    question = about(given, action)
    (written,) = answers_to(POLICIES[name], [engine._request(question)])
    assert engine._answers(POLICIES[name], [question]) == [written]


@pytest.mark.parametrize("action", INTAKE)
@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_here_is_asked_in_both_forms(name: str, action: str) -> None:
    """Else the properties hold because everything is asked as it was written."""
    for rare in (False, True):
        assert engine._realm(POLICIES[name], action, rare) is not None


WRONG: list[object] = [
    *(None, "x", "yes", "enforce", 0, 1, 1.5, (1,), b"no", 2**80, float("nan"), object()),
    *(True, False, Answer.NO, Mode.ENFORCE, Hotfix(), frozenset({1})),
    Hotfix(approved="no"),  # type: ignore[arg-type]
]
WRONG_INSIDE = WRONG[-2:]


@pytest.mark.parametrize("name", [*POLICY_STRICTNESS])
@pytest.mark.parametrize("action", INTAKE)
def test_a_fact_that_is_not_of_its_type_is_a_denial_wherever_it_is_looked_at(name: str, action: str) -> None:
    loaded = POLICIES[name]
    assert decide(loaded, about(CLEAN, action)).outcome is Outcome.ALLOW
    for fact in loaded.asks(action):
        value = getattr(CLEAN, fact)
        for wrong in WRONG:
            if type(wrong) is not type(value) or any(wrong is other for other in WRONG_INSIDE):
                (answer,) = engine._answers(loaded, [about(replace(CLEAN, **{fact: wrong}), action)])
                said = (answer.outcome, answer.decided_by[-1].policy)
                assert said == (Outcome.DENY, EVALUATION_ERROR), (fact, wrong)


def test_a_question_without_anything_rare_carries_nothing_about_it() -> None:
    carried = engine._carried(POLICIES["default"], "fetch")
    assert carried is not None
    rare, context = carried.context(CLEAN)
    assert not rare
    assert not RARE & set(context)
    assert {"malware", "malware_checked", "unchecked", "age_hours"} <= set(context)
    rare, context = carried.context(replace(CLEAN, publisher_allowed=Answer.NO))
    assert rare
    assert context["publisher_allowed_is_no"] is True
    assert context["hotfix_is_approved"] is False
    assert not carried.context(replace(CLEAN, publisher_allowed=Answer.YES))[0]


def test_a_fact_that_is_looked_at_in_another_way_is_carried_as_it_is() -> None:
    carried = engine._carried(POLICIES["own"], "keep")
    assert carried is not None
    _, context = carried.context(replace(CLEAN, hotfix=Hotfix(approved=True)))
    assert context["name_allowed"] == {"type": "Answer", "id": "unknown"}
    assert context["malware_in_past"] is False
    assert context["mode_is_enforce"] is True
    assert "malware_in_past" in carried.context(CLEAN)[1]
    whole = policy('@id("w") permit (principal, action, resource) when { context == context };')
    assert engine._carried(whole, "keep") is None


def test_rare_and_other_questions_asked_together_get_their_own_answers() -> None:
    own = policy(
        '@id("own/hotfix") permit (principal in Team::"leads", action == Action::"fetch", resource)'
        " when { context.hotfix.approved };"
        '@id("own/a") permit (principal, action == Action::"fetch", resource is Package)'
        ' when { resource.name == "a" };'
    )
    leads = Principal("Person", "p", ("leads",))
    fixes = replace(CLEAN, hotfix=Hotfix(approved=True))
    a, b = package("pkg:npm/a@1", "npm", "a", "1"), package("pkg:npm/b@1", "npm", "b", "1")
    questions = [
        Question(given, "fetch", resource, who)
        for given in (CLEAN, fixes)
        for resource in (a, b)
        for who in (Principal("Person", "q"), leads)
    ]
    answers = engine.decide_all(own, questions)
    allowed = [answer.outcome is Outcome.ALLOW for answer in answers]
    assert allowed == [True, True, False, False, True, True, False, True]
