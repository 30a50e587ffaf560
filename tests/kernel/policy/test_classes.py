"""What stands for many facts has the answer of each of them, also as time goes on."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.adapters.disk.shipped import schema_text
from seawall.decide import chosen_policy
from seawall.kernel.policy.classes import CLAMPED, Classes, classes_of
from seawall.kernel.policy.engine import decide, load_policy
from seawall.kernel.policy.facts import Answer, Facts, Hotfix, Question, package

OWN = """
@id("own/some")
permit (principal, action == Action::"fetch", resource)
when { 3 < context.age_days && context.age_hours != 100 }
unless { context.worst_finding == 2 || context.name_age_days <= context.age_days };

@id("own/sum")
@advice("Counted together.")
forbid (principal, action == Action::"fetch", resource)
when { context.worst_vulnerability + context.worst_finding > 5 };

@id("own/minus")
@outcome("warn")
@advice("A negative literal.")
forbid (principal, action == Action::"fetch", resource)
when { context.youngest_new_dependency_days > -1 && context.youngest_new_dependency_days < 9 };
"""
POLICIES = {
    **{name: chosen_policy(name) for name in ("observe", "default", "strict")},
    "own": load_policy("own.cedar", OWN, schema_text()),
}

ages = st.one_of(st.integers(-1, 12), st.integers(90, 110), st.integers(0, 40_000))
severities = st.integers(-1, 4)
signals = st.frozensets(
    st.sampled_from(["packages/young-release", "packages/provenance-lost", "packages/new-dependency"])
)
facts = st.builds(
    Facts,
    malware_checked=st.sampled_from([True, True, True, False]),
    vulnerabilities_checked=st.just(True),
    malware=st.sampled_from([False, False, True]),
    worst_vulnerability=severities,
    worst_finding=severities,
    signals=signals,
    age_days=ages,
    age_hours=ages,
    name_age_days=ages,
    youngest_new_dependency_days=ages,
    install_script_new=st.sampled_from(list(Answer)),
    exempt_from_cooldown=st.booleans(),
    hotfix=st.one_of(st.just(Hotfix()), st.builds(Hotfix, *[st.booleans()] * 5)),
    cooldown_days=st.integers(0, 14),
    young_name_days=st.integers(0, 40),
    young_days=st.integers(0, 20),
    deny_severity=st.integers(0, 4),
    warn_severity=st.integers(0, 4),
)


def ask(name: str, about: Facts) -> object:
    return decide(POLICIES[name], Question(about, "fetch", package("pkg:npm/a@1", "npm", "a", "1")))


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=150)
@given(facts)
def test_what_stands_for_the_facts_has_the_same_answer(name: str, about: Facts) -> None:
    alike = classes_of(POLICIES[name], "fetch").of(about)
    assert ask(name, alike) == ask(name, about)
    assert classes_of(POLICIES[name], "fetch").of(alike) == alike


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=80)
@given(facts, st.sampled_from(CLAMPED[:4]), st.integers(0, 300))
def test_before_the_next_change_nothing_changes(name: str, about: Facts, number: str, step: int) -> None:
    classes = classes_of(POLICIES[name], "fetch")
    change = classes.next_change(number, about)
    later = getattr(about, number) + step
    if getattr(about, number) >= 0 and (change is None or later < change):
        assert ask(name, replace(about, **{number: later})) == ask(name, about)


def test_the_classes_of_the_default_policy_are_few() -> None:
    classes = classes_of(POLICIES["default"], "fetch")
    seen = {classes.of(Facts(age_days=days, age_hours=days * 24)) for days in range(3_000)}
    assert len(seen) == 3  # in its first hours, below seven days, and older
    assert classes.next_change("age_hours", Facts(age_hours=2)) == 6
    assert classes.next_change("age_days", Facts(age_days=2)) == 7
    assert classes.next_change("age_days", Facts(age_days=7)) is None
    assert classes.next_change("age_days", Facts()) is None


def test_what_is_not_only_compared_is_left_as_it_is() -> None:
    classes = classes_of(POLICIES["own"], "fetch")
    assert "worst_vulnerability" not in classes.cuts
    assert "worst_finding" not in classes.cuts
    assert classes.next_change("age_hours", Facts(age_hours=99)) == 100
    assert classes.next_change("age_hours", Facts(age_hours=100)) == 101
    assert classes.next_change("age_hours", Facts(age_hours=101)) is None


def test_a_policy_that_takes_the_context_as_a_value_is_told_nothing_less() -> None:
    text = '@id("a") permit (principal, action == Action::"fetch", resource) when { context == context };'
    classes = classes_of(load_policy("own", text, schema_text()), "fetch")
    about = Facts(age_days=123)
    assert classes == Classes()
    assert classes.of(about) is about
    assert classes.next_change("age_days", about) == 124
