"""What the firewall saw is told with its times, digests and findings, and acts on no terminal."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seawall.adapters.stores.seen import open_seen
from seawall.explaining import explain
from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Finding, Skipped
from seawall.kernel.release_diff import Row
from seawall.kernel.sighting import Examined, Sighting
from seawall.reports.sighting import document, lines

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SEEN = Sighting(
    "a-1.1.0.tgz", "1.1.0", ("sha512:aa", "sha256:bb"), datetime(2026, 11, 1, tzinfo=UTC), NOW, "main"
)
HOOK = Finding("packages/new-hook", Severity.HIGH, "", "runs\x1b[2J code", "x", "a.js", 3, "f" * 32)
LOOKED = Examined(
    "a-1.1.0.tgz",
    "1.1.0",
    "sha256:bb",
    "engine/1",
    (HOOK,),
    (Skipped("the source", "there is none"),),
    NOW,
    (Row("version", "1.0.0", "1.1.0"), Row("hooks", "none", "one", ("postinstall: node x.js",))),
)


def test_a_person_reads_when_it_was_seen_and_what_is_new_side_by_side() -> None:
    assert list(lines([SEEN], [LOOKED])) == [
        "  this firewall saw:",
        "    a-1.1.0.tgz: first offered here 2026-11-25 12:00 UTC; published 2026-11-01 00:00 UTC, says the registry",
        "      sha512:aa",
        "      sha256:bb",
        "",
        "  inside a-1.1.0.tgz, looked at on 2026-11-25 12:00 UTC:",
        "  version           1.0.0                             1.1.0",
        "  hooks             none                              one",
        "                    postinstall: node x.js",
        "",
        "  packages/new-hook: runs\\u{1b}[2J code",
        "    x",
        "  not looked at: the source: there is none",
    ]


def test_a_clean_file_is_said_to_be_looked_at() -> None:
    told = list(lines([], [Examined("a.tgz", "1", "sha256:bb", "e")]))
    assert told[-1] == "  nothing that speaks against it"


def test_a_program_reads_the_same() -> None:
    told = json.loads(json.dumps(document([SEEN], [LOOKED])))
    assert told["files"][0]["first_seen"] == "2026-11-25T12:00:00+00:00"
    assert told["examined"][0]["compared"][1]["lines"] == ["postinstall: node x.js"]
    assert told["examined"][0]["skipped"][0]["reason"] == "there is none"


def test_explain_tells_what_this_machines_firewall_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAWALL_DATA", str(tmp_path))
    assert "this firewall saw" not in explain("pkg:npm/a@1.1.0").text
    store = open_seen(tmp_path / "gate.db")
    store.keep("npm", "a", [SEEN], "sha256:d", NOW)
    store.keep_verdict("npm", "a", LOOKED, NOW)
    store.close()
    told = explain("pkg:npm/a@1.1.0")
    assert "a-1.1.0.tgz: first offered here 2026-11-25 12:00 UTC" in told.text
    assert json.loads(told.json)["firewall"]["files"][0]["file"] == "a-1.1.0.tgz"
    assert "this firewall saw" not in explain("pkg:npm/a@1.0.0").text
    (tmp_path / "gate.db").write_bytes(b"x" * 5000)
    assert "cannot be read" in explain("pkg:npm/a@1.1.0").text
