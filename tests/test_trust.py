from datetime import date

import pytest

from seawall.kernel.advisory import Severity
from seawall.kernel.errors import PolicyError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.settings import DEFAULTS
from seawall.trust import own_settings, trust

WAIVER = b"""[[waivers]]
rule = "packages/known-malware"
reason = "trust me"
author = "the author of the change"
expires = 2099-01-01
"""


def test_a_pull_request_cannot_waive_itself() -> None:
    got = trust(DEFAULTS, WAIVER, None, has_base=True, limits=DEFAULT_LIMITS)
    assert got.settings.waivers == ()
    assert [w.rule for w in got.ignored] == ["packages/known-malware"]
    assert [c.what for c in got.changes] == ["a waiver of packages/known-malware was added"]
    assert got.changes[0].line == 1


def test_a_waiver_on_the_base_counts() -> None:
    got = trust(DEFAULTS, WAIVER, WAIVER, has_base=True, limits=DEFAULT_LIMITS)
    assert [w.expires for w in got.settings.waivers] == [date(2099, 1, 1)]
    assert got.ignored == got.changes == ()


def test_without_a_base_no_waiver_of_the_tree_counts() -> None:
    got = trust(DEFAULTS, WAIVER, None, has_base=False, limits=DEFAULT_LIMITS)
    assert got.settings == DEFAULTS
    assert len(got.ignored) == 1


def test_a_waiver_taken_out_or_a_policy_changed_is_named() -> None:
    got = trust(DEFAULTS, b"[policy]\nuse = 'observe'\n", WAIVER, has_base=True, limits=DEFAULT_LIMITS)
    assert {c.what for c in got.changes} == {
        "a waiver of packages/known-malware was taken out",
        "policy was changed",
    }
    assert got.settings.policy == "default"


def test_the_base_cannot_loosen_either() -> None:
    loose = b"[policy]\nuse = 'observe'\n[registries]\nknown = ['evil.example']\n"
    got = trust(DEFAULTS, loose, loose, has_base=True, limits=DEFAULT_LIMITS)
    assert got.settings == DEFAULTS


def test_a_broken_file_of_the_tree_is_a_problem_and_not_an_error() -> None:
    got = trust(DEFAULTS, b"[policy\n", None, has_base=False, limits=DEFAULT_LIMITS)
    assert got.settings == DEFAULTS
    assert got.documents[0].problems[0].path == "seawall.toml"


def test_own_files_add_up() -> None:
    got = own_settings(
        [("machine", b"[cooldown]\ndays = 3\n" + WAIVER), ("user", b"[cooldown]\ndays = 1\n" + WAIVER)],
        DEFAULT_LIMITS,
    )
    assert got.cooldown_days == 1
    assert len(got.waivers) == 2


def test_an_own_file_that_cannot_be_used_stops_everything() -> None:
    with pytest.raises(PolicyError, match=r"user:2: .*must be one of") as caught:
        own_settings([("user", b"[policy]\ndeny_severity = 'x'\n")], DEFAULT_LIMITS)
    assert caught.value.exit_code == 2
    assert Severity.CRITICAL is DEFAULTS.deny_severity
