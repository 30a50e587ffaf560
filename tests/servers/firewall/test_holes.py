"""Holes that other gates have, each tried over HTTP against a registry that may lie. docs/gate.md lists them."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.firewall import RealFirewall, firewall, malware
from tests.simulators.past import Past, at, cut, redirect, reset, serving, stall, status, wrong
from tests.simulators.past_npm import PastNpm
from tests.simulators.past_pypi import PastPypi

from seawall.kernel.errors import StoreError
from seawall.kernel.gate_settings import Exemption, GateSettings
from seawall.kernel.origin import Origin
from seawall.record import Trouble

NOW = at("2026-06-01T00:00:00Z")
OLD, YOUNG = NOW - timedelta(days=400), NOW - timedelta(hours=2)
JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture
def pypi() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        yield server


@pytest.fixture
def npm() -> Iterator[PastNpm]:
    with serving(PastNpm(NOW)) as server:
        yield server


@pytest.fixture
def gate(pypi: PastPypi, npm: PastNpm, tmp_path: Path) -> Iterator[RealFirewall]:
    with firewall(tmp_path, npm=npm.npm_url, pypi=pypi.index_url, now=lambda: pypi.now) as server:
        yield server


def page(gate: RealFirewall, name: str) -> dict:
    answer = gate.get(f"/pypi/simple/{name}/", accept=JSON)
    assert answer.status == 200, answer.data
    return json.loads(answer.data)


def file_of(gate: RealFirewall, name: str, filename: str):  # type: ignore[no-untyped-def]
    return gate.get(f"/pypi/files/{name}/{filename}")


def why(answer) -> str:  # type: ignore[no-untyped-def]
    return json.loads(answer.data)["error"]


def test_dist_tags_follow_versions_and_not_times(npm: PastNpm, gate: RealFirewall) -> None:
    npm.publish("pkg", "2.0.0", OLD)
    npm.publish("pkg", "1.9.9", OLD + timedelta(days=100))  # a fix of the older line came later
    npm.publish("pkg", "2.0.1", YOUNG)
    npm.tag("pkg", "latest", "2.0.1", YOUNG)
    found = json.loads(gate.get("/npm/pkg").data)
    assert found["dist-tags"]["latest"] == "2.0.0"


def test_what_clients_wait_by_passes_through(pypi: PastPypi, npm: PastNpm, gate: RealFirewall) -> None:
    item = pypi.wheel("ebb", "1.0", OLD, requires_python=">=3.9", needs=["tide"])
    npm.publish("pkg", "1.0.0", OLD)
    found = page(gate, "ebb")
    (file,) = found["files"]
    assert found["versions"] == ["1.0"]
    assert (file["upload-time"], file["size"], file["requires-python"]) == (
        OLD.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), len(item.data), ">=3.9",
    )  # fmt: skip
    assert file["core-metadata"]["sha256"] == hashlib.sha256(item.described).hexdigest()
    assert gate.get(f"/pypi/files/ebb/{item.filename}.metadata").data == item.described
    for kind in ("application/json", "application/vnd.npm.install-v1+json"):
        assert "1.0.0" in json.loads(gate.get("/npm/pkg", accept=kind).data)["time"]


@pytest.mark.parametrize("time", [None, "", "soon", "2026-13-99"])
def test_without_a_time_it_is_denied_for_that_reason(
    npm: PastNpm, gate: RealFirewall, time: str | None
) -> None:
    npm.publish("pkg", "1.0.0", OLD).time = time
    answer = gate.get("/npm/pkg/-/pkg-1.0.0.tgz")
    assert answer.status == 403
    assert "age-unknown" in json.loads(answer.data)["policy"][0]


def test_a_time_that_moved_is_found(npm: PastNpm, gate: RealFirewall) -> None:
    release = npm.publish("pkg", "1.0.0", YOUNG)
    assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 403
    release.time = (OLD).isoformat()
    answer = gate.get("/npm/pkg/-/pkg-1.0.0.tgz")
    assert answer.status == 403, "the age that was first told counts"


def test_a_wheel_that_is_added_to_an_old_release_is_young(pypi: PastPypi, gate: RealFirewall) -> None:
    old = pypi.wheel("ebb", "1.0", OLD)
    new = pypi.wheel("ebb", "1.0", YOUNG, tag="cp311-cp311-manylinux_2_28_x86_64")
    assert file_of(gate, "ebb", old.filename).status == 200
    answer = file_of(gate, "ebb", new.filename)
    assert answer.status == 403
    assert json.loads(answer.data)["allowed_from"]


def test_other_bytes_under_a_known_name_are_denied(pypi: PastPypi, gate: RealFirewall) -> None:
    item = pypi.wheel("ebb", "1.0", OLD)
    assert file_of(gate, "ebb", item.filename).status == 200
    item.data += b" "
    item.digest = hashlib.sha256(item.data).hexdigest()
    answer = file_of(gate, "ebb", item.filename)
    assert answer.status == 403
    assert "digest-drift" in json.loads(answer.data)["policy"][0]


def test_bytes_that_are_not_what_was_promised_never_leave(pypi: PastPypi, gate: RealFirewall) -> None:
    item = pypi.wheel("ebb", "1.0", OLD)
    pypi.faults["*/files/*"] = wrong(b"x" * len(item.data))
    answer = file_of(gate, "ebb", item.filename)
    assert answer.status == 502
    assert b"x" * 40 not in answer.data
    del pypi.faults["*/files/*"]
    assert file_of(gate, "ebb", item.filename).data == item.data


def test_a_large_file_that_proves_wrong_is_cut_before_its_end(pypi: PastPypi, tmp_path: Path) -> None:
    item = pypi.wheel("ebb", "1.0", OLD, files={"ebb/blob.bin": bytes(range(256)) * 12_000})
    settings = GateSettings(fresh_seconds=0.0, hold_bytes=100_000)
    with firewall(tmp_path, pypi=pypi.index_url, now=lambda: pypi.now, settings=settings) as gate:
        pypi.faults["*/files/*"] = wrong(item.data[:-1] + b"!")
        with pytest.raises(Exception, match=r"(?i)incomplete|connection|read"):
            gate.get(f"/pypi/files/ebb/{item.filename}")
        del pypi.faults["*/files/*"]
        assert gate.get(f"/pypi/files/ebb/{item.filename}").data == item.data
        told = [e["delivery"] for e in gate.entries() if e["action"] == "fetch"]
    assert told == ["refused", "served"]


def test_ranges_come_from_what_is_here_and_verified(pypi: PastPypi, gate: RealFirewall) -> None:
    item = pypi.wheel("ebb", "1.0", OLD)
    path = f"/pypi/files/ebb/{item.filename}"
    part = gate.get(path, range="bytes=10-19")
    assert (part.status, part.data) == (206, item.data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(item.data)}"
    assert gate.get(path, range="bytes=-4").data == item.data[-4:]
    assert gate.get(path, range=f"bytes={len(item.data)}-").status == 416
    assert gate.get(path, range="bytes=0-1,3-4").data == item.data
    told = [e["delivery"] for e in gate.entries() if e["action"] == "fetch"]
    assert told == ["partial", "partial", "served"]


def test_an_exemption_lets_in_until_it_ends_and_is_named(npm: PastNpm, tmp_path: Path) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    npm.publish("pkg", "1.0.1", YOUNG)
    exempt = Exemption("pkg:npm/pkg@1.0.1", "we wrote it", "the build team", NOW.date())
    with firewall(tmp_path, npm=npm.npm_url, now=lambda: npm.now, exemptions=lambda: [exempt]) as gate:
        assert gate.get("/npm/pkg/-/pkg-1.0.1.tgz").status == 200
        assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 200
        used = [e.get("subject", "") for e in gate.entries() if e["action"] == "fetch"]
    told = f"we wrote it (the build team, until {NOW.date()})"
    assert used == [f"sha256:{hashlib.sha256(told.encode()).hexdigest()}", ""]
    ended = replace(exempt, expires=(NOW - timedelta(days=1)).date())
    with firewall(tmp_path / "b", npm=npm.npm_url, now=lambda: npm.now, exemptions=lambda: [ended]) as gate:
        assert gate.get("/npm/pkg/-/pkg-1.0.1.tgz").status == 403


def test_no_index_is_mirrored_because_one_name_is_missing(pypi: PastPypi, gate: RealFirewall) -> None:
    pypi.wheel("ebb", "1.0", OLD)
    assert gate.get("/pypi/simple/nowhere/").status == 404
    assert gate.get("/npm/nowhere").status == 404
    gate.get("/pypi/simple/")
    assert {one.path for one in pypi.seen} == {"/simple/nowhere/"}


def test_without_advisories_nothing_is_handed_out(npm: PastNpm, tmp_path: Path) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    with firewall(tmp_path, npm=npm.npm_url, now=lambda: npm.now, advisories=None) as gate:
        answer = gate.get("/npm/pkg/-/pkg-1.0.0.tgz")
        assert answer.status == 403
        assert "cannot be judged" in why(answer)
        assert gate.get("/readyz").status == 503
        gate.advised()
        gate.reloaded()
        assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 200


def test_a_change_of_advisories_counts_for_what_is_cached(npm: PastNpm, tmp_path: Path) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    settings = GateSettings(fresh_seconds=600.0)
    with firewall(tmp_path, npm=npm.npm_url, now=lambda: npm.now, settings=settings) as gate:
        for _ in range(2):
            assert "1.0.0" in json.loads(gate.get("/npm/pkg").data)["versions"]
        assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 200
        gate.advised(malware("npm", "pkg", "1.0.0"))
        gate.reloaded()
        assert gate.get("/npm/pkg").status == 403
        assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 403


def test_a_ledger_that_was_removed_does_not_begin_anew_in_silence(npm: PastNpm, tmp_path: Path) -> None:
    def notes() -> str:
        with firewall(tmp_path, npm=npm.npm_url, now=lambda: npm.now) as gate:
            gate.get("/npm/pkg")
            return " ".join(json.loads(gate.get("/readyz").data)["notes"])

    assert "begins anew" not in notes() + notes()
    (tmp_path / "ledger.db").write_bytes(b"")
    assert "begins anew" in notes()


def test_a_ledger_that_cannot_be_written_hands_out_nothing(npm: PastNpm, gate: RealFirewall) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    assert gate.get("/npm/pkg").status == 200
    gate.assembled.record._fail(Trouble(StoreError("the disk is full", "make room")))
    for path in ("/npm/pkg", "/npm/pkg/-/pkg-1.0.0.tgz", "/npm/other"):
        answer = gate.get(path)
        assert answer.status == 503
        assert "the disk is full" in why(answer)
    assert gate.get("/readyz").status == 503
    assert gate.get("/healthz").status == 200


def test_an_internal_name_is_never_asked_of_anybody_else(npm: PastNpm, tmp_path: Path) -> None:
    with serving(PastNpm(NOW)) as internal:
        internal.publish("@acme/tool", "1.0.0", OLD)
        npm.publish("@acme/tool", "9.9.9", OLD)
        npm.publish("@acme/other", "9.9.9", OLD)
        npm.publish("public", "1.0.0", OLD)
        own = Origin("npm", "internal", internal.npm_url, owns=("@acme/*",))
        with firewall(tmp_path, origins=(own,), npm=npm.npm_url, now=lambda: NOW) as gate:
            assert list(json.loads(gate.get("/npm/@acme%2ftool").data)["versions"]) == ["1.0.0"]
            assert gate.get("/npm/@acme/other").status == 404
            internal.faults["*"] = status(503)
            assert gate.get("/npm/@acme/third").status == 502
            del internal.faults["*"]
            assert gate.get("/npm/public").status == 200
        assert {one.path for one in npm.seen} == {"/public"}


def test_upstream_down_serves_what_is_held(pypi: PastPypi, npm: PastNpm, gate: RealFirewall) -> None:
    item = pypi.wheel("ebb", "1.0", OLD)
    assert file_of(gate, "ebb", item.filename).status == 200
    pypi.faults["*"] = reset()
    assert [f["filename"] for f in page(gate, "ebb")["files"]] == [item.filename]
    assert file_of(gate, "ebb", item.filename).data == item.data
    assert gate.get("/pypi/simple/never-heard/").status == 502


@pytest.mark.parametrize("fault", [cut(20), status(500), redirect("http://elsewhere.example/x")])
def test_a_lying_upstream_is_an_error_and_no_package(npm: PastNpm, gate: RealFirewall, fault: object) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    npm.faults["*.tgz"] = fault  # type: ignore[assignment]
    answer = gate.get("/npm/pkg/-/pkg-1.0.0.tgz")
    assert answer.status == 502
    assert json.loads(answer.data)["error"].startswith("Seawall: ")


def test_a_loop_is_seen(gate: RealFirewall) -> None:
    answer = gate.get("/npm/pkg", seawall_via=gate.assembled.desk.instance)
    assert answer.status == 508


def test_a_flood_is_slowed_down_and_counted(npm: PastNpm, tmp_path: Path) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    settings = GateSettings(requests_per_second=1.0)
    with firewall(tmp_path, npm=npm.npm_url, now=lambda: NOW, settings=settings) as gate:
        answers = [gate.get("/npm/pkg").status for _ in range(60)]
        assert answers.count(429) >= 5
        assert answers[:40] == [200] * 40


def test_a_forwarded_address_counts_from_listed_proxies_only(npm: PastNpm, gate: RealFirewall) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    gate.get("/npm/pkg")
    gate.get("/npm/pkg", x_forwarded_for="203.0.113.9")
    who = {e["who"] for e in gate.entries() if e["action"] == "list"}
    assert len(who) == 1


def test_many_ask_at_once_and_the_upstream_is_asked_once(npm: PastNpm, gate: RealFirewall) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    answers: list[int] = []
    asking = [
        threading.Thread(target=lambda: answers.append(gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status))
        for _ in range(20)
    ]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert answers == [200] * 20
    assert len([one for one in npm.seen if one.path.endswith(".tgz")]) == 1


def test_an_unknown_credential_is_refused(gate: RealFirewall) -> None:
    answer = gate.get("/npm/pkg", authorization="Bearer swt_nobody")
    assert answer.status == 401
    assert "swt_nobody" not in answer.data.decode()


def test_a_stalled_upstream_does_not_hold_the_others(
    pypi: PastPypi, npm: PastNpm, gate: RealFirewall
) -> None:
    npm.publish("pkg", "1.0.0", OLD)
    pypi.faults["*"] = stall()
    waiting = threading.Thread(target=lambda: gate.get("/pypi/simple/ebb/"), daemon=True)
    waiting.start()
    assert gate.get("/npm/pkg").status == 200
    pypi.faults["*"] = reset()
    assert isinstance(pypi, Past)
