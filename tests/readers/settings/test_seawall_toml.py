from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.advisory import Severity
from seawall.kernel.allowed import Publishers, name_allowed, publisher_allowed
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.settings import DEFAULTS, tightened
from seawall.kernel.tool import Approval
from seawall.readers.settings.seawall_toml import LAYOUT, SettingsFile, read

FULL = b"""
[policy]
use = "strict"
deny_severity = "high"
warn_severity = "medium"
[cooldown]
days = 3
name_days = 60
young_days = 10
[advisories]
stale_days = 2
[names]
allow = ["pkg:npm/@acme/*", "pkg:pypi/Requests"]
[registries]
known = ["Registry.example:8443"]
[rules]
disable = ["packages/yanked"]
require = ["packages/vulnerable"]
[scan]
exclude = ["vendor/**"]
[[waivers]]
rule = "packages/vulnerable"
asset = "pkg:npm/minimist"
reason = "only used at build time"
author = "the build team"
expires = 2027-01-31
[[publishers]]
asset = "pkg:npm/left"
allow = ["ann"]
[tools]
approved = [{ path = "./.mcp.json", digest = "SHA256:%s" }]
require_approval = true
""" % (b"AB" * 32)


def load(data: bytes) -> SettingsFile:
    return read(data, "seawall.toml", DEFAULT_LIMITS)


def test_every_setting_is_read() -> None:
    got = load(FULL)
    assert got.problems == ()
    assert got.given == {s.field for s in LAYOUT} | {"waivers", "allowed_publishers"}
    assert got.settings.cooldown_days == 3
    assert (got.settings.young_days, got.settings.young) == (10, 10)
    assert got.settings.deny_severity is Severity.HIGH
    assert got.settings.known_registries == ("registry.example:8443",)
    assert got.settings.approved_tools == (Approval(".mcp.json", "sha256:" + "ab" * 32),)
    assert got.settings.require_tool_approval
    waiver = got.settings.waivers[0]
    assert (waiver.expires, waiver.line) == (date(2027, 1, 31), 21)
    assert got.settings.allowed_names == ((("npm", "@acme/*"), ("PyPI", "requests")),)
    assert got.settings.allowed_publishers == (Publishers(("npm", "left"), ("ann",)),)


def test_an_empty_file_sets_nothing() -> None:
    assert load(b"") == SettingsFile("seawall.toml")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[polcy]\nuse='x'", 1, "not a table"),
        ("[policy]\nuze='x'", 2, "no setting 'uze'"),
        ("[cooldown]\ndays = -1", 2, "whole number of days"),
        ("[cooldown]\ndays = true", 2, "whole number of days"),
        ("[policy]\ndeny_severity = 'awful'", 2, "must be one of info"),
        ("[registries]\nknown = ['https://x/y']", 2, "must be hosts"),
        ("[[waivers]]\nrule='a'\nreason='b'\nexpires=2027-01-01", 1, "needs 'author'"),
        ("[[waivers]]\nrule='a'\nreason='b'\nauthor='c'", 1, "needs 'expires'"),
        ("[[waivers]]\nrule='a'\nreason='b'\nauthor='c'\nexpires='soon'", 1, "needs 'expires'"),
        (
            "[[waivers]]\nrule='a'\nreason='b'\nauthor='c'\nexpires=2027-01-01\nrules='x'",
            1,
            "no setting 'rules'",
        ),
        ("waivers = 3", 0, "[[waivers]]"),
        ("[names]\nallow = ['left-pad']", 2, "must be such as pkg:npm/left-pad"),
        ("[names]\nallow = ['pkg:npm/a@1']", 2, "no version"),
        ("[names]\nallow = 'pkg:npm/a'", 2, "list of texts"),
        ("[publishers]\n'pkg:npm/a' = ['ann']", 0, "[[publishers]]"),
        ("[[publishers]]\nasset='pkg:npm/a'", 1, "needs 'asset' and 'allow'"),
        ("[[publishers]]\nasset='a'\nallow=['ann']", 1, "asset must be such as"),
        ("[[publishers]]\nasset='pkg:npm/a'\nallow=['']", 1, "list of texts"),
        ("[[publishers]]\nasset='pkg:npm/a'\nallow=['a']\nby='b'", 1, "and nothing else"),
        ("[policy\nuse='x'", 1, "not TOML"),
        ("policy = 3", 1, "not a table"),
    ],
)
def test_what_cannot_be_used_is_named_and_sets_nothing(text: str, line: int, words: str) -> None:
    got = load(text.encode())
    assert [p.line for p in got.problems] == [line]
    assert words in got.problems[0].message
    assert got.settings == DEFAULTS


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    load(data)


@given(st.text(max_size=60))
def test_no_value_raises(text: str) -> None:
    for setting in LAYOUT:
        load(f"[{setting.table}]\n{setting.key} = {text}".encode("utf-8", "replace"))


def test_a_tree_only_tightens() -> None:
    loose = load(
        b"[policy]\nuse='observe'\ndeny_severity='critical'\n[cooldown]\ndays=0\n[advisories]\nstale_days=900\n"
        b"[registries]\nknown=['evil.example']\n[rules]\ndisable=['packages/known-malware']\n"
        b"[scan]\nexclude=['**']\n[[waivers]]\nrule='packages/known-malware'\nreason='x'\nauthor='y'\n"
        b"expires=2099-01-01\n"
    )
    assert not loose.problems
    assert tightened(DEFAULTS, loose.settings, loose.given) == DEFAULTS
    tight = load(b"[policy]\nuse='strict'\ndeny_severity='low'\n[cooldown]\ndays=30\n")
    got = tightened(DEFAULTS, tight.settings, tight.given)
    assert (got.policy, got.deny_severity, got.cooldown_days) == ("strict", Severity.LOW, 30)


def test_a_tree_s_lists_stand_beside_your_own() -> None:
    """Whatever the tree allows, your own list has to allow too; and a list where there was none only denies."""
    own = load(b"[names]\nallow=['pkg:npm/a']\n[[publishers]]\nasset='pkg:npm/a'\nallow=['ann']\n")
    tree = load(b"[names]\nallow=['pkg:npm/*']\n[[publishers]]\nasset='pkg:npm/*'\nallow=['*']\n")
    got = tightened(own.settings, tree.settings, tree.given)
    assert name_allowed(got.allowed_names, "npm", "a") is True
    assert name_allowed(got.allowed_names, "npm", "b") is False
    assert publisher_allowed(got.allowed_publishers, "npm", "a", "mallory") is False
    assert tightened(got, tree.settings, tree.given) == got
    alone = tightened(DEFAULTS, own.settings, own.given)
    assert name_allowed(alone.allowed_names, "npm", "b") is False
