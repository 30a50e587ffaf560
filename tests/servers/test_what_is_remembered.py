"""A firewall in a process of its own, and the commands that a person asks afterwards: who took it, by what was decided.

What came out of the cache counts like what was fetched, and advisories that went back are not taken.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.osv import record, zipped
from tests.simulators.past import serving
from tests.simulators.past_pypi import PastPypi
from tests.simulators.running_gate import Running, running

NOW = datetime.now(UTC)


@pytest.fixture
def upstream() -> Iterator[PastPypi]:
    with serving(PastPypi(NOW)) as server:
        server.wheel("ebb", "1.0", NOW - timedelta(days=90))
        yield server


@pytest.fixture
def gate(upstream: PastPypi, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, {"PyPI": upstream.index_url}) as server:
        yield server


def take(gate: Running, **headers: str) -> int:
    asked = urllib.request.Request(f"{gate.url}/pypi/files/ebb/ebb-1.0-py3-none-any.whl", headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=20) as found:
            found.read()
            return int(found.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def shown(gate: Running, *words: str) -> list[dict[str, Any]]:
    done = gate.command("ledger", "show", "--format", "jsonl", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_who_took_it_also_out_of_the_cache(gate: Running, upstream: PastPypi) -> None:
    names = ("ci-main", "ann", "bob")
    for name in names:
        secret = gate.command("firewall", "token", "add", name).stdout.strip()
        assert take(gate, authorization=f"Bearer {secret}") == 200
    assert len([path for path in upstream.asked if path.startswith("/files/")]) == 1
    told = gate.command("ledger", "show", "--asset", "pkg:pypi/ebb@1.0")
    assert told.returncode == 0, told.stderr
    for name in names:
        assert f"token:{name}" in told.stdout
    served = [row for row in shown(gate, "--asset", "pkg:pypi/ebb") if row["action"] == "fetch"]
    assert [row["delivery"] for row in served] == ["served"] * 3
    assert len({row["digest"] for row in served}) == 1
    assert shown(gate, "--asset", "pkg:pypi/tide") == []


def sync(gate: Running, records: list[dict[str, Any]], *words: str) -> Any:
    feed = gate.place / "data" / "feeds" / "PyPI"
    (feed / "all.zip").write_bytes(zipped(records))
    return gate.command("sync", "--from", str(feed.parent), *words)


def until(gate: Running, status: int) -> None:
    end = time.monotonic() + 10
    while take(gate) != status:
        assert time.monotonic() < end, gate.said()
        time.sleep(0.05)


def test_a_feed_that_went_back_is_refused_and_what_counted_is_written_down(gate: Running) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    others = [record(f"MAL-2026-{n}", "PyPI", f"bad-{n}", ("1",), modified=now) for n in range(100)]
    known = record("MAL-2026-999", "PyPI", "ebb", ("1.0",), modified=now)
    assert take(gate) == 200
    done = sync(gate, [*others, known])
    assert done.returncode == 0, done.stderr
    until(gate, 403)
    # Cut short, and then with everything older than it was: neither replaces what is there.
    assert sync(gate, others[:90]).returncode != 0
    earlier = [{**item, "modified": "2026-01-01T00:00:00Z"} for item in others]
    refused = sync(gate, earlier)
    assert refused.returncode == 3
    assert "went back in time" in refused.stderr
    assert "--accept-smaller" in refused.stderr
    assert take(gate) == 403
    changed = [row for row in shown(gate, "--action", "settings") if row.get("subject") == "changed"]
    started = [row for row in shown(gate, "--action", "serve") if row.get("subject") == "started"]
    digests = [row["digest"] for row in (*started, *changed)]
    assert all(digest.startswith("sha256:") for digest in digests)
    assert len(digests) == len(set(digests)) == 2, "only the advisories that were taken changed what counts"
