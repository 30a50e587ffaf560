"""Answers about files of models and datasets: whatever fails, nothing is let in for it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from tests.simulators.gate import ME, NOW, Clock, ago, gate, ground, shut

from seawall.admit import Gate
from seawall.grounds import Advisories, grounds
from seawall.hub_judging import rule_on
from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Outcome
from seawall.kernel.errors import StoreError
from seawall.kernel.finding import Evidence, Finding, Skipped
from seawall.kernel.gate_settings import Exemption
from seawall.kernel.hub import HubFile, Kind, Repository
from seawall.kernel.intake import Intake
from seawall.kernel.policy.facts import Mode
from seawall.kernel.rule import rule, rules_in
from seawall.kernel.settings import DEFAULTS, Waiver
from seawall.kernel.sighting import Examined
from seawall.rules import RULES
from seawall.rules.hub import files as hub_files

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLD = Repository(
    Kind.MODEL,
    "acme/bert",
    COMMIT,
    asked="acme/bert",
    revision=COMMIT,
    created=ago(days=900),
    changed=ago(days=400),
    namespace_created=ago(days=2_000),
    gated=False,
    files=(HubFile("model.safetensors", 1, "a" * 40), HubFile("pytorch_model.bin", 1, "b" * 40)),
)
YOUNG = replace(OLD, created=ago(days=3), changed=ago(days=3))


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Gate]:
    made = gate(tmp_path)
    yield made
    shut(made)


def ask(judge: Gate, repository: Repository, mode: Mode = Mode.ENFORCE, at=NOW, inside=MappingProxyType({})):  # type: ignore[no-untyped-def]
    return rule_on(judge, repository, ME, mode, at, inside)


def outcomes(ruling) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {path: item.decision.outcome.value for path, item in ruling.admissions.items()}


def by(ruling, path: str = "model.safetensors") -> list[str]:  # type: ignore[no-untyped-def]
    return [item.policy for item in ruling.admissions[path].decision.decided_by]


def test_an_old_repository_by_commit(judge: Gate) -> None:
    ruling = ask(judge, OLD)
    assert outcomes(ruling) == {"model.safetensors": "allow", "pytorch_model.bin": "warn"}
    assert ruling.best == ""
    assert ruling.until is not None
    assert NOW < ruling.until <= NOW + timedelta(days=1)


def test_the_way_out_of_a_moving_branch_is_its_commit(judge: Gate) -> None:
    ruling = ask(judge, replace(YOUNG, revision="main"))
    assert by(ruling) == ["default/moving-and-young"]
    assert ruling.best == COMMIT
    admission = ruling.admissions["model.safetensors"]
    assert admission.allowed_from == ago(days=3) + timedelta(days=30)
    assert "acme/bert is asked for by main, which can move" in admission.sentence


def test_time_alone_lets_in_what_is_young(judge: Gate) -> None:
    admission = ask(judge, YOUNG).admissions["pytorch_model.bin"]
    then = admission.allowed_from
    assert then is not None
    assert not ask(judge, YOUNG, at=then - timedelta(seconds=1)).lets_in("pytorch_model.bin")
    assert ask(judge, YOUNG, at=then).lets_in("pytorch_model.bin")


@pytest.mark.parametrize("what", ["created", "changed", "namespace_created"])
def test_answers_hold_only_until_an_age_changes(judge: Gate, what: str) -> None:
    born = NOW - timedelta(days=6, hours=23)
    ruling = ask(judge, replace(OLD, **{what: born}))
    assert ruling.until == NOW + timedelta(hours=1)


def test_a_namespace_of_unknown_age_decides_nothing_and_a_repository_s_does(judge: Gate) -> None:
    moving = replace(OLD, revision="main")
    assert ask(judge, replace(moving, namespace_created=None)).lets_in("model.safetensors")
    assert by(ask(judge, replace(moving, created=None))) == ["default/moving-and-young"]
    assert ask(judge, replace(moving, created=None)).admissions["model.safetensors"].allowed_from is None


def test_without_an_index_nothing_is_known(tmp_path: Path) -> None:
    made = gate(tmp_path)
    made._state = (2, grounds(DEFAULTS, Advisories(None, "there is no index")))
    ruling = ask(made, OLD)
    assert set(outcomes(ruling).values()) == {"incomplete"}
    assert "there is no index" in ruling.admissions["model.safetensors"].sentence
    assert ask(made, OLD, Mode.OBSERVE).lets_in("model.safetensors")
    shut(made)


def test_an_index_that_breaks_is_no_allow(judge: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StoreError("the index is torn", "seawall sync")

    monkeypatch.setattr(Advisories, "about", broken)
    assert set(outcomes(ask(judge, OLD)).values()) == {"incomplete"}


def test_a_rule_that_fails_is_no_allow(tmp_path: Path) -> None:
    @rule("hub/of-tomorrow", Severity.LOW)
    def fails(_: Intake) -> Iterator[Evidence]:
        """Fails."""
        raise ZeroDivisionError
        yield

    made = gate(tmp_path, rules=(*RULES, *rules_in_function(fails)))
    assert set(outcomes(ask(made, OLD)).values()) == {"incomplete"}
    shut(made)


def rules_in_function(judge) -> tuple:  # type: ignore[no-untyped-def,type-arg]
    return (judge.__seawall_rule__,)


def test_the_look_up_cannot_be_switched_off_in_silence(tmp_path: Path) -> None:
    made = gate(tmp_path, settings=replace(DEFAULTS, disabled_rules=("hub/known-bad",)))
    assert set(outcomes(ask(made, OLD)).values()) == {"incomplete"}
    shut(made)


def test_another_rule_can(tmp_path: Path) -> None:
    made = gate(tmp_path, settings=replace(DEFAULTS, disabled_rules=("hub/runs-code",)))
    assert outcomes(ask(made, OLD))["pytorch_model.bin"] == "allow"
    shut(made)


def test_a_clock_that_went_back_knows_no_age(tmp_path: Path) -> None:
    clock = Clock()
    made = gate(tmp_path, clock=clock)
    assert ask(made, OLD).lets_in("model.safetensors")
    assert set(outcomes(ask(made, OLD, at=NOW - timedelta(days=2))).values()) == {"incomplete"}
    shut(made)


def test_a_clock_that_is_ahead_of_the_hub_knows_no_age(tmp_path: Path) -> None:
    opened = gate(tmp_path)
    ahead = Gate(
        opened._state[1], opened._seen, clock=Clock(), ahead=lambda _: {("Hugging Face", "hub"): 86_400.0}
    )
    late = rule_on(ahead, OLD, ME, Mode.ENFORCE, NOW, origin="hub")
    assert outcomes(late)["model.safetensors"] == "incomplete"
    fine = rule_on(opened, OLD, ME, Mode.ENFORCE, NOW, origin="hub")
    assert outcomes(fine)["model.safetensors"] == "allow"
    shut(opened)


def test_what_the_catalog_names_is_known_without_any_feed(judge: Gate) -> None:
    bad = replace(OLD, name="glockr1/ballr7", asked="glockr1/ballr7")
    ruling = ask(judge, bad)
    assert by(ruling)[0] == "default/known-bad-repository"
    assert ruling.admissions["model.safetensors"].advisories == ("nullifai-hf-2025-02",)
    assert ask(judge, replace(bad, kind=Kind.DATASET)).lets_in("model.safetensors")


def exemption(**more: object) -> Exemption:
    told = {
        "asset": f"pkg:huggingface/acme/bert@{COMMIT}",
        "reason": "read by ann",
        "author": "ann",
        "expires": date(2026, 12, 1),
        **more,
    }
    return Exemption(**told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "works"),
    [
        ({}, True),
        ({"asset": "pkg:huggingface/acme/bert"}, True),
        ({"asset": f"pkg:huggingface/acme/bert@{'f' * 40}"}, False),
        ({"asset": f"pkg:huggingface/datasets/acme/bert@{COMMIT}"}, False),
        ({"expires": date(2026, 11, 24)}, False),
        ({"kind": "hotfix"}, False),
    ],
)
def test_an_exemption_lets_a_young_pickle_in(tmp_path: Path, given: dict[str, object], works: bool) -> None:
    made = gate(tmp_path, exemptions=[exemption(**given)])
    admission = ask(made, YOUNG).admissions["pytorch_model.bin"]
    assert admission.lets_in is works
    assert admission.exemption == ("read by ann (ann, until 2026-12-01)" if works else "")
    assert ask(made, OLD).admissions["pytorch_model.bin"].exemption == ""
    shut(made)


def test_no_exemption_covers_what_is_known_to_be_bad(tmp_path: Path) -> None:
    bad = replace(YOUNG, name="glockr1/ballr7", asked="glockr1/ballr7")
    made = gate(tmp_path, exemptions=[exemption(asset="pkg:huggingface/glockr1/ballr7")])
    assert not ask(made, bad).lets_in("model.safetensors")
    shut(made)


def test_a_waiver_with_a_date_silences_the_hub_s_mark(tmp_path: Path) -> None:
    flagged = replace(OLD, files=(replace(OLD.files[0], level="unsafe"),))
    waiver = Waiver("hub/flagged-by-hub", "known noise", "ann", date(2026, 12, 1), OLD.purl)
    for waivers, lets_in in (((), False), ((waiver,), True)):
        place = tmp_path / str(lets_in)
        place.mkdir()
        made = gate(place, settings=replace(DEFAULTS, waivers=waivers))
        assert ask(made, flagged).lets_in("model.safetensors") is lets_in
        shut(made)


def found(rule_id: str, severity: Severity) -> Finding:
    return Finding(rule_id, severity, OLD.purl, "it opens a shell", "", "pytorch_model.bin", 0, rule_id)


def test_a_deep_scan_has_its_place(judge: Gate) -> None:
    """Serious findings block, what could not be scanned is never a pass, and no finding is one."""
    path = "pytorch_model.bin"

    def with_scan(*findings: Finding, skipped: tuple[Skipped, ...] = ()) -> list[str]:
        inside = {path: Examined(path, COMMIT, "", "scan/1", findings, skipped)}
        return by(ask(judge, OLD, inside=inside), path)

    assert with_scan(found("models/shell", Severity.CRITICAL)) == ["default/blocked-file"]
    assert "default/other-about-models" in with_scan(found("models/odd", Severity.MEDIUM))
    assert with_scan() == ["default/runs-code"]
    answer = with_scan(skipped=(Skipped("the scan", "encrypted", required=True),))
    assert answer == ["default/not-scannable"]
    assert with_scan(found("hub/gone-rule", Severity.CRITICAL)) == ["default/runs-code"]


def test_many_files_cost_few_questions(judge: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    import seawall.hub_judging as judging

    asked: list[int] = []
    real = judging.decide_all

    def counted(policy, questions, known):  # type: ignore[no-untyped-def]
        asked.append(len(questions))
        return real(policy, questions, known)

    monkeypatch.setattr(judging, "decide_all", counted)
    many = tuple(HubFile(f"{n}.parquet", 1, "a" * 40) for n in range(5_000))
    ruling = ask(judge, replace(OLD, kind=Kind.DATASET, files=many))
    assert set(outcomes(ruling).values()) == {Outcome.ALLOW.value}
    assert sum(asked) == 1


def test_a_strict_policy_wants_commits_and_no_pickles(tmp_path: Path) -> None:
    from seawall.decide import chosen_policy

    made = gate(tmp_path, policy=chosen_policy("strict"))
    assert outcomes(ask(made, OLD)) == {"model.safetensors": "allow", "pytorch_model.bin": "deny"}
    moving = ask(made, replace(OLD, revision="main"))
    assert by(moving) == ["strict/moving-revision"]
    assert moving.best == COMMIT
    shut(made)


def test_hub_rules_say_nothing_where_there_is_no_repository(tmp_path: Path) -> None:
    intake = Intake(documents=(), now=NOW)
    for item in (*rules_in(hub_files),):
        assert list(item.judge(intake)) == []
    assert ground(tmp_path).rules
