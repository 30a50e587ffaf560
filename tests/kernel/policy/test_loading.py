"""A file of a model or dataset is let in on known facts only: what is missing or mistyped never allows."""

import re
from dataclasses import replace

import pytest

from seawall.adapters.disk.shipped import schema_text
from seawall.decide import chosen_policy
from seawall.kernel.decision import Outcome
from seawall.kernel.policy.engine import answers_to, decide, seen_by_policy
from seawall.kernel.policy.loading import LOAD, LOADED_NAMES, TRAIN, Loaded, LoadQuestion, Verdict, weights
from seawall.readers.settings.policy_cases import CLEAN_LOADED

POLICIES = ("default", "strict", "observe")


def request(action: str, context: dict[str, object]) -> dict[str, object]:
    kind = "Dataset" if action == TRAIN else "Model"
    return {
        "principal": {"type": "Workload", "id": "ci"},
        "action": {"type": "Action", "id": action},
        "resource": {"type": kind, "id": "pkg:huggingface/a/b@c"},
        "context": context,
    }


def test_the_facts_are_the_schema_s_attributes_in_its_order() -> None:
    body = schema_text().partition("type Loaded = {")[2].partition("};")[0]
    assert tuple(re.findall(r"^  (\w+):", body, re.M)) == LOADED_NAMES


@pytest.mark.parametrize("action", [LOAD, TRAIN])
@pytest.mark.parametrize("name", POLICIES)
def test_whatever_is_missing_or_mistyped_is_denied(name: str, action: str) -> None:
    policy = chosen_policy(name)
    whole = CLEAN_LOADED.context()
    wrong: list[dict[str, object]] = []
    for fact in LOADED_NAMES:
        wrong.append({key: value for key, value in whole.items() if key != fact})
        wrong.extend({**whole, fact: other} for other in (None, {"a": 1}, 1.5))
        wrong.append({**whole, fact: "text" if not isinstance(whole[fact], str) else 3})
    (good, *bad) = answers_to(policy, [request(action, item) for item in (whole, *wrong)])
    assert good.outcome is Outcome.ALLOW
    assert {item.outcome for item in bad} == {Outcome.DENY}


@pytest.mark.parametrize("name", POLICIES)
def test_fresh_facts_let_nothing_in(name: str) -> None:
    answer = decide(chosen_policy(name), LoadQuestion(Loaded(), weights(LOAD, "p")))
    assert answer.outcome.rank >= Outcome.INCOMPLETE.rank


def test_an_answer_is_shared_only_by_what_the_policy_cannot_tell_apart() -> None:
    policy = chosen_policy("default")
    one = LoadQuestion(CLEAN_LOADED, weights(LOAD, "p"))
    same = replace(one, facts=replace(CLEAN_LOADED, gated=CLEAN_LOADED.renamed, cooldown_days=7))
    other = replace(one, facts=replace(CLEAN_LOADED, verdict=Verdict.BLOCK))
    assert seen_by_policy(policy, one) == seen_by_policy(policy, same)
    assert seen_by_policy(policy, one) != seen_by_policy(policy, other)
    assert {"known_bad", "digest_fixed", "repository_age_days"} <= set(policy.asks(LOAD))
    assert "malware_checked" not in policy.asks(TRAIN)
    assert "known_bad" not in policy.asks("fetch")


def test_a_policy_that_says_nothing_of_models_lets_none_in(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "own.cedar"
    file.write_text(
        '@id("own/all") permit (principal, action == Action::"keep", resource) when { !context.malware };'
    )
    answer = decide(chosen_policy(str(file)), LoadQuestion(CLEAN_LOADED, weights(LOAD, "p")))
    assert answer.outcome is Outcome.DENY


def test_an_allow_list_can_name_a_namespace(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "own.cedar"
    file.write_text(
        '@id("own/ours") permit (principal, action == Action::"load", resource)'
        ' when { resource.namespace == "acme" && context.digest_fixed };'
    )
    policy = chosen_policy(str(file))
    ours, theirs = (LoadQuestion(CLEAN_LOADED, weights(LOAD, n, n, "m", "c")) for n in ("acme", "other"))
    assert decide(policy, ours).outcome is Outcome.ALLOW
    assert decide(policy, theirs).outcome is Outcome.DENY
