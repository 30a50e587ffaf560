import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.decision import DecidedBy, Decision, Outcome
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.kernel.policy.facts import Mode
from seawall.readers.registries.npm_document import read_document
from seawall.reports import packument
from simulators.past import at, serving
from simulators.past_npm import PastNpm, axios_day

BASE = "http://127.0.0.1:8080/npm"
ALLOWED = Admission(Decision(Outcome.ALLOW))
UNTIL = datetime(2026, 4, 7, 0, 21, 58, tzinfo=UTC)


def held_back(why: str, until: datetime | None = None, mode: Mode = Mode.ENFORCE) -> Admission:
    return Admission(Decision(Outcome.DENY, (DecidedBy("cooldown", why),)), mode, allowed_from=until)


def offering(document: Mapping[str, object]) -> Offering:
    name = str(document["name"])
    return read_document(
        json.dumps(document).encode(), "", f"https://registry.example/{name}", name, "main", DEFAULT_LIMITS
    )


def ruling(offered: Offering, **held: Admission) -> Ruling:
    """`_1_0_0=…` is about version 1.0.0."""
    said = {key[1:].replace("_", "."): admission for key, admission in held.items()}
    return Ruling({o.filename: said.get(o.version, ALLOWED) for o in offered.offers})


@pytest.fixture(scope="module")
def axios() -> Offering:
    with serving(PastNpm(at("2026-03-31T02:00:00Z"))) as past:
        axios_day(past)
        return offering(past.full("axios"))


@pytest.fixture(scope="module")
def day(axios: Offering) -> Ruling:
    young = held_back("it is younger than 7 days \u2013 wait", UNTIL)
    return ruling(axios, _1_14_1=young, _0_30_4=young)


def test_what_is_held_back_is_not_there(axios: Offering, day: Ruling) -> None:
    got = json.loads(packument.full(axios, day, BASE))
    assert "1.14.1" not in got["versions"]
    assert "1.14.1" not in got["time"]
    assert {"created", "modified", "1.14.0"} < set(got["time"])
    assert got["dist-tags"] == {"latest": "1.14.0", "legacy": "0.30.3"}
    assert got["readme"] == "# axios\n"
    assert got["policyRestrictions"]["versions"].keys() == {"1.14.1", "0.30.4"}
    assert got["policyRestrictions"]["message"] == (
        "Seawall: axios 1.14.1 is held back: it is younger than 7 days \u2013 wait; "
        "allowed from 2026-04-07 00:21 UTC; allowed now: 1.14.0\n"
        "Seawall: axios 0.30.4 is held back: it is younger than 7 days \u2013 wait; "
        "allowed from 2026-04-07 00:21 UTC; allowed now: 0.30.3"
    )


def test_everything_else_is_as_upstream_said_it(axios: Offering) -> None:
    got = json.loads(packument.full(axios, ruling(axios), BASE))
    before: dict[str, Any] = json.loads(json.dumps(axios.raw))
    for version, item in before["versions"].items():
        item["dist"]["tarball"] = f"{BASE}/axios/-/axios-{version}.tgz"
        if "attestations" in item["dist"]:
            item["dist"]["attestations"]["url"] = f"{BASE}/-/npm/v1/attestations/axios@{version}"
    assert got == before


def test_no_address_but_ours(axios: Offering, day: Ruling) -> None:
    host = axios.offers[0].url.split("/")[2]
    for body in (packument.full(axios, day, BASE), packument.short(axios, day, BASE)):
        assert host.encode() not in body


def test_the_short_form_is_what_the_registry_makes_of_it(axios: Offering) -> None:
    with serving(PastNpm(at("2026-03-31T02:00:00Z"))) as past:
        axios_day(past)
        theirs = json.loads(json.dumps(past.short("plain-crypto-js")))
        got = offering(past.full("plain-crypto-js"))
    ours = json.loads(packument.short(got, ruling(got), past.url))
    assert set(ours.pop("time")) == {"created", "modified", "4.2.0", "4.2.1"}
    assert ours == theirs
    assert ours["versions"]["4.2.1"]["hasInstallScript"] is True


def test_a_scope_in_addresses() -> None:
    got = offering({"name": "@s/n", "versions": {"1.0.0": {"dist": {"attestations": "x", "shasum": "y"}}}})
    made = json.loads(packument.short(got, ruling(got), BASE))
    assert made["versions"]["1.0.0"]["dist"] == {"shasum": "y", "tarball": f"{BASE}/@s/n/-/n-1.0.0.tgz"}


def test_other_places_where_npm_looks_are_not_handed_on() -> None:
    evil = {"versions": {"1.0.0": {"dist": {"tarball": "https://files.example/x.tgz"}}}}
    got = offering(
        {"name": "a", "versions": {"2.0.0": {}}, "stagedVersions": evil, "policyRestrictions": evil}
    )
    assert b"files.example" not in packument.full(got, ruling(got), BASE)


def test_one_version(axios: Offering, day: Ruling) -> None:
    for wanted, version in (("1.14.0", "1.14.0"), ("latest", "1.14.0"), ("legacy", "0.30.3")):
        body = packument.manifest(axios, day, BASE, wanted)
        assert body is not None
        assert json.loads(body)["version"] == version
    assert packument.manifest(axios, day, BASE, "1.14.1") is None
    assert packument.manifest(axios, day, BASE, "9.9.9") is None
    refused = packument.refusal(axios, day, "1.14.1")
    assert refused is not None
    assert json.loads(refused)["allowed_version"] == "1.14.0"
    assert packument.refusal(axios, day, "9.9.9") is None


def test_the_notice(axios: Offering, day: Ruling) -> None:
    assert packument.notice(axios, day) == (
        "Seawall: axios 1.14.1 is held back: it is younger than 7 days - wait; allowed from "
        "2026-04-07 00:21 UTC; allowed now: 1.14.0; also held back: 0.30.4; "
        "for an exemption ask whoever runs this firewall"
    )
    assert packument.notice(axios, ruling(axios)) == ""


def test_the_notice_is_about_what_somebody_would_have_got(axios: Offering) -> None:
    """An old release that is held back for good is nothing new."""
    assert packument.notice(axios, ruling(axios, _0_30_2=held_back("it is vulnerable"))) == ""
    assert packument.notice(axios, ruling(axios, _1_13_6=held_back("it is vulnerable"))) == ""


def test_the_notice_is_one_short_line_of_ascii(axios: Offering) -> None:
    nasty = held_back("\x1b[31m\r\nset-cookie: x\u202e \u2019" + "long " * 200, UNTIL)
    said = packument.notice(axios, ruling(axios, _1_14_1=nasty))
    assert said.isascii()
    assert said.isprintable()
    assert len(said) <= 400
    assert said.endswith("whoever runs this firewall")


def test_many_reasons_are_cut() -> None:
    got = offering({"name": "a", "versions": {f"1.{n}.0": {} for n in range(200)}})
    held = {f"_1_{n}_0": held_back(f"reason {n if n < 100 else 100}") for n in range(200)}
    said = json.loads(packument.full(got, ruling(got, **held), BASE))["policyRestrictions"]
    lines = said["message"].splitlines()
    assert len(lines) == 21
    assert "1.199.0" in lines[0]
    assert "and 80 more" in lines[0]
    assert len(said["versions"]) == 200


def test_nothing_is_left() -> None:
    got = offering({"name": "a", "versions": {"1.0.0": {}, "1.10.0": {}, "1.9.0": {}}})
    why = held_back("it is malware")
    body = json.loads(packument.nothing_left(got, ruling(got, _1_0_0=why, _1_10_0=why, _1_9_0=why)))
    assert (
        body["error"]
        == "Seawall: a 1.10.0 is held back: it is malware; no other version of it is let in either"
    )
    assert body["allowed_version"] is None


def test_whoever_only_observes_gets_everything(axios: Offering) -> None:
    watched = ruling(axios, _1_14_1=held_back("young", mode=Mode.OBSERVE))
    got = json.loads(packument.full(axios, watched, BASE))
    assert "1.14.1" in got["versions"]
    assert "policyRestrictions" not in got
    assert packument.notice(axios, watched) == ""


def test_twenty_thousand_versions_take_seconds_and_not_minutes() -> None:
    got = offering(
        {"name": "a", "dist-tags": {"latest": "0.5.0"}, "versions": {f"{n}.0.0": {} for n in range(50_000)}}
    )
    waits = held_back("young", UNTIL)
    half = Ruling({o.filename: waits if place % 2 else ALLOWED for place, o in enumerate(got.offers)})
    began = time.process_time()
    packument.short(got, half, BASE)
    packument.notice(got, half)
    assert time.process_time() - began < 15


def test_a_file_that_nobody_has_judged_is_not_there(axios: Offering) -> None:
    assert json.loads(packument.full(axios, Ruling({}), BASE))["versions"] == {}
