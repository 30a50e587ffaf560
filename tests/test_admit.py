"""Every file is judged by its own time, digest and findings, and by what was seen of it before."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.adapters.disk.shipped import schema_text
from seawall.admit import Gate
from seawall.kernel.admission import Ruling
from seawall.kernel.advisory import Severity
from seawall.kernel.decision import Outcome
from seawall.kernel.errors import StoreError
from seawall.kernel.finding import Evidence, Finding, Skipped
from seawall.kernel.gate_settings import Exemption
from seawall.kernel.identity import Identity
from seawall.kernel.intake import Intake
from seawall.kernel.offer import Offer, Offering
from seawall.kernel.policy.engine import load_policy
from seawall.kernel.policy.facts import Mode
from seawall.kernel.release import Listed, Listing
from seawall.kernel.rule import Rule
from seawall.kernel.settings import DEFAULTS, Waiver
from seawall.rules import RULES
from simulators.gate import ME, NOW, Clock, advisory, ago, changed, gate, malware, npm, pypi, release, shut

Make = Callable[..., Gate]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    opened: list[Gate] = []

    def made(*records: dict, **more: object) -> Gate:
        place = tmp_path / str(len(opened))
        place.mkdir()
        opened.append(gate(place, records, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield made
    for item in opened:
        shut(item)


def rule(opened: Gate, offering: Offering, **more: object) -> Ruling:
    return opened.rule(offering, **{"identity": ME, "mode": Mode.ENFORCE, "now": NOW, **more})  # type: ignore[arg-type]


def outcomes(ruling: Ruling) -> dict[str, str]:
    return {
        name: f"{item.decision.outcome.value} {item.decision.decided_by[0].policy}"
        for name, item in ruling.admissions.items()
    }


AXIOS = npm(
    "axios",
    release("0.30.3", ago(60), provenance=True),
    release("1.14.0", ago(4), provenance=True),
    release("1.13.9", ago(40), provenance=True),
    release(
        "1.14.1", ago(hours=7), provenance=False, dependencies=(("left", "^1"), ("plain-crypto-js", "^4"))
    ),
)


def test_what_is_old_enough_is_let_in_and_what_is_young_is_not(make: Make) -> None:
    ruling = rule(make(), AXIOS)
    assert outcomes(ruling) == {
        "axios-0.30.3.tgz": "allow default/old-enough",
        "axios-1.14.0.tgz": "deny default/cooldown",
        "axios-1.13.9.tgz": "allow default/old-enough",
        "axios-1.14.1.tgz": "deny default/malware",
    }
    assert ruling.best == "1.13.9"
    young = ruling.admissions["axios-1.14.0.tgz"]
    assert young.allowed_from == ago(4) + timedelta(days=7)
    assert ruling.until == ago(4) + timedelta(days=7)
    # The built-in catalog knows it; time does not help.
    assert ruling.admissions["axios-1.14.1.tgz"].allowed_from is None
    assert ruling.admissions["axios-1.14.1.tgz"].advisories


def test_the_answer_changes_at_until_and_not_before(make: Make) -> None:
    opened = make()
    ruling = rule(opened, AXIOS)
    assert ruling.until is not None
    before = rule(opened, AXIOS, now=ruling.until - timedelta(seconds=1))
    after = rule(opened, AXIOS, now=ruling.until)
    assert outcomes(before) == outcomes(ruling)
    assert after.lets_in("axios-1.14.0.tgz")
    assert after.digest != ruling.digest
    assert after.best == "1.14.0"


RED = (
    Finding(
        "releases/decoded-code", Severity.INFO, "pkg:npm/a@2.0.0", "odd", "", "x.js", 1, "f", signal=True
    ),
)


@pytest.mark.parametrize(
    ("cooldown", "young", "plain", "odd"),
    [
        (7, 7, "deny default/cooldown", "deny default/looks-like-a-takeover"),
        (0, 7, "allow default/old-enough", "deny default/looks-like-a-takeover"),
        (1, 7, "allow default/old-enough", "deny default/looks-like-a-takeover"),
        (0, 2, "allow default/old-enough", "allow default/old-enough"),
        (0, 0, "allow default/old-enough", "allow default/old-enough"),
        (7, 0, "deny default/cooldown", "deny default/looks-like-a-takeover"),
    ],
)
def test_what_is_young_and_odd_is_denied_without_a_cooldown_too(
    make: Make, cooldown: int, young: int, plain: str, odd: str
) -> None:
    settings = replace(DEFAULTS, cooldown_days=cooldown, young_days=young)
    opened = make(settings=settings)
    offering = npm("a", release("1.0.0", ago(90)), release("2.0.0", ago(3)))
    assert outcomes(rule(opened, offering))["a-2.0.0.tgz"] == plain
    admission = opened.admit(offering, "a-2.0.0.tgz", ME, Mode.ENFORCE, NOW, findings=RED)
    decision = admission.decision
    assert odd in {f"{decision.outcome.value} {item.policy}" for item in decision.decided_by}
    if odd.startswith("deny"):
        days = max(cooldown, young)
        assert admission.allowed_from == ago(3) + timedelta(days=days)
        opened.keep_verdict(offering, "a-2.0.0.tgz", "ab" * 32, findings=RED)
        ruling = rule(opened, offering)
        assert ruling.until is not None
        assert ruling.until <= ago(3) + timedelta(days=days)
        assert rule(opened, offering, now=ago(3) + timedelta(days=days)).lets_in("a-2.0.0.tgz")
        assert not rule(opened, offering, now=ago(3) + timedelta(days=days, seconds=-1)).lets_in(
            "a-2.0.0.tgz"
        )


HIDES = (
    replace(RED[0], rule="releases/install-hook", fingerprint="g"),
    *RED,
)


def test_what_hides_what_it_runs_is_denied_at_any_age_until_an_exemption_names_it(make: Make) -> None:
    offering = npm("a", release("1.0.0", ago(90)), release("2.0.0", ago(60)))
    denied = make().admit(offering, "a-2.0.0.tgz", ME, Mode.ENFORCE, NOW, findings=HIDES)
    assert [item.policy for item in denied.decision.decided_by] == ["default/hides-what-it-runs"]
    assert denied.allowed_from is None, "time does not help"
    named = Exemption("pkg:npm/a@2.0.0", "we read it", "two of us", date(2027, 1, 1))
    let_in = make(exemptions=(named,)).admit(offering, "a-2.0.0.tgz", ME, Mode.ENFORCE, NOW, findings=HIDES)
    assert let_in.lets_in
    assert "we read it" in let_in.exemption
    other = replace(named, asset="pkg:npm/a@1.0.0")
    assert (
        not make(exemptions=(other,))
        .admit(offering, "a-2.0.0.tgz", ME, Mode.ENFORCE, NOW, findings=HIDES)
        .lets_in
    )
    young = npm("a", release("1.0.0", ago(90)), release("2.0.0", ago(2)))
    assert (
        not make(exemptions=(named,))
        .admit(young, "a-2.0.0.tgz", ME, Mode.ENFORCE, NOW, findings=HIDES)
        .lets_in
    ), "while it is young nobody's word is enough"


def test_a_file_that_is_added_to_an_old_release_is_young(make: Make) -> None:
    project = pypi(
        "tool",
        {
            "tool-1.0.tar.gz": ("1.0", ago(400)),
            "tool-1.0-py3-none-any.whl": ("1.0", ago(400)),
            "tool-1.0-cp313-cp313-linux_x86_64.whl": ("1.0", ago(hours=2)),
            "tool-2.0.tar.gz": ("2.0", ago(90)),
        },
    )
    ruling = rule(make(), project)
    assert [name for name in ruling.admissions if not ruling.lets_in(name)] == [
        "tool-1.0-cp313-cp313-linux_x86_64.whl"
    ]
    late = ruling.admissions["tool-1.0-cp313-cp313-linux_x86_64.whl"]
    assert late.allowed_from == ago(hours=2) + timedelta(days=7)
    assert "published 2 hours ago" in late.findings[0].message
    assert not any(
        item.rule == "packages/young-release" for item in ruling.admissions["tool-1.0.tar.gz"].findings
    )


def test_files_of_one_young_release_are_allowed_from_their_own_times(make: Make) -> None:
    files = {
        f"tool-1.0-cp3{n}-cp3{n}-linux_x86_64.whl": ("1.0", ago(hours=30, days=n / 1000)) for n in range(60)
    }
    ruling = rule(make(), pypi("tool", files))
    assert {a.allowed_from for a in ruling.admissions.values()} == {
        at + timedelta(days=7) for _, at in files.values()
    }


def test_without_a_time_nothing_is_let_in_and_that_is_the_reason(make: Make) -> None:
    ruling = rule(make(), npm("a", release("1.0.0", None), release("0.9.0", ago(90))))
    assert outcomes(ruling)["a-1.0.0.tgz"] == "deny default/age-unknown"
    assert ruling.admissions["a-1.0.0.tgz"].allowed_from is None
    project = pypi("tool", {"tool-1.0.tar.gz": ("1.0", None), "tool-1.0-py3-none-any.whl": ("1.0", ago(50))})
    ruling = rule(make(), project)
    assert outcomes(ruling) == {
        "tool-1.0.tar.gz": "deny default/age-unknown",
        "tool-1.0-py3-none-any.whl": "allow default/old-enough",
    }


def test_another_digest_than_the_first_one_is_another_file(make: Make) -> None:
    opened = make()
    old = npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(60)))
    assert rule(opened, old).lets_in("a-1.0.0.tgz")
    other = changed(old, "a-1.0.0.tgz", digests=("sha512:" + "b" * 128,))
    ruling = rule(opened, other, now=NOW + timedelta(hours=1))
    assert outcomes(ruling)["a-1.0.0.tgz"] == "deny default/digest-drift"
    assert ruling.lets_in("a-1.1.0.tgz")
    # It stays so, and the first one is still the first.
    assert not rule(opened, other, now=NOW + timedelta(days=30)).lets_in("a-1.0.0.tgz")
    assert rule(opened, old, now=NOW + timedelta(days=30)).lets_in("a-1.0.0.tgz")


def test_a_time_that_moves_back_does_not_make_a_file_older(make: Make) -> None:
    opened = make()
    young = npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(2)))
    rule(opened, young)
    moved = changed(young, "a-1.1.0.tgz", published=ago(50))
    admission = rule(opened, moved).admissions["a-1.1.0.tgz"]
    assert admission.decision.outcome is Outcome.DENY
    assert admission.allowed_from == ago(2) + timedelta(days=7)
    assert [item.rule for item in admission.findings if not item.signal] == ["packages/time-moved"]


def test_a_file_that_appears_after_it_is_said_to_have_come_is_as_old_as_that(make: Make) -> None:
    opened = make()
    rule(opened, npm("a", release("1.0.0", ago(90)), digest="sha256:one"))
    later = NOW + timedelta(days=3)
    backdated = npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(30)), digest="sha256:two")
    for _ in range(2):
        admission = rule(opened, backdated, now=later).admissions["a-1.1.0.tgz"]
        assert admission.decision.outcome is Outcome.DENY
        assert admission.allowed_from == later + timedelta(days=7)
        assert "was not there before" in admission.sentence


def test_observe_lets_everything_in_and_decides_the_same(make: Make) -> None:
    opened = make()
    watched = rule(opened, AXIOS, mode=Mode.OBSERVE)
    assert outcomes(watched) == outcomes(rule(opened, AXIOS))
    assert all(map(watched.lets_in, watched.admissions))
    assert watched.best == "1.14.1"


def test_a_vulnerability_is_a_warning_and_names_its_advisory(make: Make) -> None:
    opened = make(advisory("GHSA-1", "a", {"introduced": "0"}, {"fixed": "1.1.0"}))
    ruling = rule(opened, npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(60))))
    assert outcomes(ruling) == {
        "a-1.0.0.tgz": "warn default/vulnerability",
        "a-1.1.0.tgz": "allow default/old-enough",
    }
    assert ruling.admissions["a-1.0.0.tgz"].advisories == ("GHSA-1",)
    assert ruling.lets_in("a-1.0.0.tgz")


def test_malware_is_denied_by_versions_alone(make: Make) -> None:
    """`introduced: 0` beside exact versions means those versions (GATE 10); withdrawn means nothing."""
    record = malware("MAL-1", "a", "1.0.0")
    record["affected"][0]["ranges"] = [{"type": "SEMVER", "events": [{"introduced": "0"}]}]
    gone = {**malware("MAL-2", "a", "1.1.0"), "withdrawn": "2026-11-24T00:00:00Z"}
    ruling = rule(make(record, gone), npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(60))))
    assert outcomes(ruling) == {
        "a-1.0.0.tgz": "deny default/malware",
        "a-1.1.0.tgz": "allow default/old-enough",
    }


def test_a_version_that_cannot_be_compared_is_incomplete_and_its_neighbours_are_not(make: Make) -> None:
    opened = make(advisory("GHSA-1", "a", {"introduced": "0"}, {"fixed": "1.0.0"}))
    ruling = rule(opened, npm("a", release("no-version", ago(90)), release("1.1.0", ago(60))))
    assert outcomes(ruling) == {
        "a-no-version.tgz": "incomplete policy/not-checked",
        "a-1.1.0.tgz": "allow default/old-enough",
    }


def exemption(**more: object) -> Exemption:
    values = {
        "asset": "pkg:npm/axios@1.14.0",
        "reason": "we wrote it",
        "author": "a-person",
        "expires": date(2026, 12, 1),
        **more,
    }
    return Exemption(**values)  # type: ignore[arg-type]


def test_an_exemption_lets_in_what_is_young_and_is_told(make: Make) -> None:
    ruling = rule(make(exemptions=[exemption()]), AXIOS)
    admission = ruling.admissions["axios-1.14.0.tgz"]
    assert admission.decision.outcome is Outcome.ALLOW
    assert admission.exemption == "we wrote it (a-person, until 2026-12-01)"
    assert ruling.admissions["axios-1.13.9.tgz"].exemption == ""
    assert ruling.until is not None
    assert ruling.until <= NOW.replace(day=1, month=12) + timedelta(hours=12)


def test_an_exemption_that_is_not_needed_is_not_used(make: Make) -> None:
    opened = make(exemptions=[exemption(asset="pkg:npm/axios")])
    assert rule(opened, AXIOS).admissions["axios-1.13.9.tgz"].exemption == ""


def test_no_exemption_lets_malware_in(make: Make) -> None:
    for kind in ("cooldown", "hotfix"):
        opened = make(exemptions=[exemption(asset="pkg:npm/axios", kind=kind)])
        admission = rule(opened, AXIOS).admissions["axios-1.14.1.tgz"]
        assert (admission.decision.outcome, admission.exemption) == (Outcome.DENY, "")


def test_an_exemption_that_ended_covers_nothing_and_that_is_said(make: Make) -> None:
    opened = make(exemptions=[exemption(expires=date(2026, 11, 24))])
    admission = rule(opened, AXIOS).admissions["axios-1.14.0.tgz"]
    assert admission.decision.outcome is Outcome.DENY
    assert any("ended on 2026-11-24" in item.message for item in admission.findings)
    assert any("ended on 2026-11-24" in note for note in opened.describe().notes)
    # Its last day counts.
    assert rule(make(exemptions=[exemption(expires=NOW.date())]), AXIOS).lets_in("axios-1.14.0.tgz")


def test_an_exemption_that_names_no_package_is_refused(make: Make) -> None:
    with pytest.raises(Exception, match="names no package"):
        make(exemptions=[exemption(asset="axios")])


BAD = Finding("packages/known-malware", Severity.CRITICAL, "", "it phones home", "x", "a.js", 1, "f" * 32)
ODD = Finding("packages/new-hook", Severity.INFO, "", "a new hook", "x", "a.js", 1, "e" * 32, signal=True)


def test_what_is_found_in_a_file_counts_at_once_and_in_later_metadata(make: Make) -> None:
    opened = make()
    offering = npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(60)))
    first = opened.generation
    assert opened.admit(offering, "a-1.1.0.tgz", ME, Mode.ENFORCE, NOW).lets_in
    assert not opened.admit(offering, "a-1.1.0.tgz", ME, Mode.ENFORCE, NOW, findings=(BAD,)).lets_in
    assert rule(opened, offering).lets_in("a-1.1.0.tgz"), "nothing was kept"
    opened.keep_verdict(offering, "a-1.1.0.tgz", "ab" * 32, (BAD,))
    assert opened.generation > first
    assert outcomes(rule(opened, offering)) == {
        "a-1.0.0.tgz": "allow default/old-enough",
        "a-1.1.0.tgz": "deny default/malware",
    }
    assert opened.examined("npm", "a", "a-1.1.0.tgz", "ab" * 32)
    assert not opened.examined("npm", "a", "a-1.1.0.tgz", "cd" * 32)
    assert not opened.examined("npm", "b", "a-1.1.0.tgz", "ab" * 32), "what is new depends on the name"
    seen, examined = opened.seen_of("npm", "a")
    assert seen.files["a-1.1.0.tgz"].digests[-1] == "sha256:" + "ab" * 32
    assert [item.findings for item in examined] == [(BAD,)]


def test_a_signal_that_changes_no_answer_makes_nothing_be_decided_again(make: Make) -> None:
    opened = make()
    offering = npm("a", release("1.0.0", ago(90)), release("1.1.0", ago(60)))
    rule(opened, offering)
    before = opened.generation
    opened.keep_verdict(offering, "a-1.1.0.tgz", "ab" * 32, (ODD,), (Skipped("the source", "there is none"),))
    assert opened.generation == before
    assert ODD in rule(opened, offering).admissions["a-1.1.0.tgz"].findings
    # Where something fails just then, nobody can say that the answers are the same.
    opened._seen.of_name = lambda *_: (_ for _ in ()).throw(StoreError("locked"))  # type: ignore[method-assign]
    opened.keep_verdict(offering, "a-1.0.0.tgz", "cd" * 32, (BAD,))
    assert opened.generation == before + 1
    # The same news in the name of a policy that looks at everybody is news for somebody.
    named = make(policy=load_policy("own.cedar", OWN, schema_text()))
    rule(named, offering)
    named.keep_verdict(offering, "a-1.1.0.tgz", "ab" * 32, (ODD,))
    assert named.generation == before + 1


def test_a_clean_look_into_a_file_changes_no_answer(make: Make) -> None:
    opened = make()
    offering = npm("a", release("1.0.0", ago(90)))
    rule(opened, offering)
    before = opened.generation
    opened.keep_verdict(offering, "a-1.0.0.tgz", "ab" * 32)
    assert opened.generation == before
    assert opened.examined("npm", "a", "a-1.0.0.tgz", "ab" * 32)


def test_what_could_not_be_looked_at_is_incomplete_if_required_and_looked_at_again(make: Make) -> None:
    clock = Clock()
    opened = make(clock=clock)
    offering = npm("a", release("1.0.0", ago(90)))
    missed = (Skipped("what is in it", "too large", required=True),)
    admission = opened.admit(offering, "a-1.0.0.tgz", ME, Mode.ENFORCE, NOW, skipped=missed)
    assert admission.decision.outcome is Outcome.INCOMPLETE
    opened.keep_verdict(offering, "a-1.0.0.tgz", "ab" * 32, skipped=missed)
    assert outcomes(rule(opened, offering)) == {"a-1.0.0.tgz": "incomplete policy/not-checked"}
    assert opened.examined("npm", "a", "a-1.0.0.tgz", "ab" * 32)
    clock.now += timedelta(hours=2)
    assert not opened.examined("npm", "a", "a-1.0.0.tgz", "ab" * 32)


def test_a_file_that_is_not_offered_is_no_answer(make: Make) -> None:
    with pytest.raises(StoreError, match="has no file"):
        make().admit(AXIOS, "axios-9.tgz", ME, Mode.ENFORCE, NOW)


def test_a_rule_that_fails_makes_the_answer_incomplete(make: Make) -> None:
    def broken(_: Intake) -> Iterator[Evidence]:
        yield from ()
        raise KeyError("x")

    rules = (*RULES, Rule("packages/broken", Severity.LOW, broken))
    ruling = rule(make(rules=rules), npm("a", release("1.0.0", ago(90))))
    assert outcomes(ruling) == {"a-1.0.0.tgz": "incomplete policy/not-checked"}
    assert "packages/broken (the rule failed: KeyError)" in ruling.admissions["a-1.0.0.tgz"].sentence


def test_a_required_rule_that_is_switched_off_makes_the_answer_incomplete(make: Make) -> None:
    settings = replace(DEFAULTS, disabled_rules=("packages/known-malware",))
    ruling = rule(make(settings=settings), npm("a", release("1.0.0", ago(90))))
    assert outcomes(ruling) == {"a-1.0.0.tgz": "incomplete policy/not-checked"}


def test_an_ecosystem_without_advisories_is_incomplete(make: Make) -> None:
    offering = npm("a", release("1.0.0", ago(90)))
    other = replace(offering, ecosystem="crates.io", listing=replace(offering.listing, ecosystem="crates.io"))
    assert outcomes(rule(make(), other)) == {"a-1.0.0.tgz": "incomplete policy/not-checked"}


def test_a_clock_that_goes_back_makes_everything_incomplete(make: Make) -> None:
    opened = make()
    offering = npm("a", release("1.0.0", ago(90)))
    assert rule(opened, offering, now=NOW).lets_in("a-1.0.0.tgz")
    assert rule(opened, offering, now=NOW - timedelta(minutes=4)).lets_in("a-1.0.0.tgz")
    late = rule(opened, offering, now=NOW - timedelta(minutes=6))
    assert outcomes(late) == {"a-1.0.0.tgz": "incomplete policy/not-checked"}
    assert "the clock of this machine says" in opened.describe().reasons[-1]
    assert rule(opened, offering, now=NOW + timedelta(minutes=1)).lets_in("a-1.0.0.tgz")
    assert opened.describe().reasons == ()


def test_the_newest_time_outlives_the_process(make: Make) -> None:
    opened = make()
    offering = npm("a", release("1.0.0", ago(90)))
    rule(opened, offering, now=NOW + timedelta(days=2))
    again = Gate(opened._state[1], opened._seen)
    assert not rule(again, offering, now=NOW + timedelta(days=1)).lets_in("a-1.0.0.tgz")


def test_stale_advisories_are_a_warning_and_a_reason_not_to_be_ready(make: Make) -> None:
    opened = make(as_of=ago(9))
    ruling = rule(opened, npm("a", release("1.0.0", ago(90))))
    assert outcomes(ruling) == {"a-1.0.0.tgz": "warn default/old-advisories"}
    assert "seawall sync" in opened.describe().reasons[0]
    fresh = make(as_of=ago(6))
    ruling = rule(fresh, npm("a", release("1.0.0", ago(90))))
    assert outcomes(ruling) == {"a-1.0.0.tgz": "allow default/old-enough"}
    assert ruling.until == ago(6) + timedelta(days=8)


def test_a_waiver_of_the_operator_counts_until_it_ends(make: Make) -> None:
    waiver = Waiver("packages/vulnerable", "not reachable", "a-person", date(2026, 12, 1), "pkg:npm/a")
    opened = make(advisory("GHSA-1", "a", {"introduced": "0"}), settings=replace(DEFAULTS, waivers=(waiver,)))
    offering = npm("a", release("1.0.0", ago(90)))
    assert outcomes(rule(opened, offering)) == {"a-1.0.0.tgz": "allow default/old-enough"}
    later = NOW + timedelta(days=7)
    assert outcomes(rule(opened, offering, now=later)) == {"a-1.0.0.tgz": "warn default/vulnerability"}


OWN = """
@id("own/team")
permit (principal in Team::"trusted", action == Action::"fetch", resource)
when { context.malware_checked && context.unchecked.isEmpty() };
"""


def test_a_policy_that_names_principals_answers_each_by_itself(make: Make) -> None:
    opened = make(policy=load_policy("own.cedar", OWN, schema_text()))
    offering = npm("a", release("1.0.0", ago(90)))
    one, other = Identity("token:one", teams=("trusted",)), Identity("token:two")
    assert opened.class_of(one) != opened.class_of(other)
    assert rule(opened, offering, identity=one).lets_in("a-1.0.0.tgz")
    assert not rule(opened, offering, identity=other).lets_in("a-1.0.0.tgz")
    assert not rule(opened, offering, identity=replace(one, teams=())).lets_in("a-1.0.0.tgz")
    plain = make()
    assert plain.class_of(one) == plain.class_of(other) == "Workload"


def test_an_allowing_policy_does_not_make_unchecked_allowed(make: Make) -> None:
    careless = '@id("a") permit (principal, action, resource);'
    opened = make(policy=load_policy("own.cedar", careless, schema_text()))
    late = rule(opened, npm("a", release("1.0.0", ago(90))), now=NOW)
    assert late.lets_in("a-1.0.0.tgz")
    assert not rule(opened, npm("a", release("1.0.0", ago(90))), now=ago(1)).lets_in("a-1.0.0.tgz")


def test_a_look_alike_name_is_a_signal_on_every_version(make: Make) -> None:
    ruling = rule(make(), npm("axois", release("1.0.0", ago(12)), release("1.1.0", ago(10))))
    assert set(outcomes(ruling).values()) == {"warn default/look-alike"}


def test_a_new_dependency_is_dated_for_young_releases_only(make: Make) -> None:
    opened = make()
    asked: list[tuple[str, list[str]]] = []

    def first(ecosystem: str, names: list[str]) -> dict[str, object]:
        asked.append((ecosystem, names))
        return {"fresh": ago(1)}

    opened._first_releases = first  # type: ignore[assignment]
    offering = npm(
        "a",
        release("1.0.0", ago(90)),
        release("1.1.0", ago(60), dependencies=(("left", "^1"), ("older", "^1"))),
        release("1.2.0", ago(2), dependencies=(("left", "^1"), ("older", "^1"), ("fresh", "^1"))),
    )
    assert outcomes(rule(opened, offering))["a-1.2.0.tgz"] == "deny default/looks-like-a-takeover"
    assert asked == [("npm", ["fresh"])]


def test_three_hundred_versions_are_a_handful_of_evaluations(make: Make) -> None:
    opened = make()
    many = npm("a", *(release(f"1.{n}.0", ago(3000 - 9 * n)) for n in range(300)))
    ruling = rule(opened, many)
    assert len(ruling.admissions) == 300
    assert len(opened._state[1].decided) <= 4
    assert len({item.facts for item in ruling.admissions.values()}) <= 4


names = st.text(max_size=12) | st.sampled_from(
    ["a", "@s/a", "..", "\ud800", "a\0b", "a" * 400, "A.b_c", "\r"]
)
versions = st.sampled_from(
    ["1.0.0", "1.0", "v1", "\ud800", "", "1.0.0+x", "99999999999999999999.1.1", "x" * 300]
)
times = st.sampled_from([None, ago(90), ago(2), ago(-400), ago(739_000)])


@given(
    names,
    st.sampled_from(["npm", "PyPI", "Other"]),
    st.lists(st.tuples(versions, names, times, st.sampled_from([(), ("sha1:aa",), ("x",)])), max_size=6),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_registry_says_is_answered_and_only_what_is_old_is_let_in(
    shared: Gate, name: str, ecosystem: str, files: list
) -> None:
    offers = tuple(
        Offer(version, filename, "https://x.example/", d, at) for version, filename, at, d in files
    )
    listed = tuple(Listed(version, at, publisher=name) for version, _, at, _ in files[:4])
    offering = Offering(ecosystem, name, "main", "x.example", Listing(ecosystem, name, listed), offers)
    ruling = rule(shared, offering)
    assert set(ruling.admissions) == {offer.filename for offer in offers}
    for offer in offers:
        if ruling.lets_in(offer.filename):
            assert ecosystem != "Other"
            assert all(o.published and o.published <= ago(7) for o in offers if o.filename == offer.filename)


@pytest.fixture
def shared(make: Make) -> Gate:
    return make()
