"""A clock that was ahead once: everything is unjudged, until a person says that the clock is right now."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.simulators.firewall import firewall
from tests.simulators.past import serving
from tests.simulators.past_npm import PastNpm

NOW = datetime.now(UTC).replace(microsecond=0)
OLD = NOW - timedelta(days=400)


def checked(place: Path, *options: str) -> tuple[int, dict]:
    environment = {
        **os.environ,
        "SEAWALL_DATA": str(place),
        "HOME": str(place),
        "XDG_CONFIG_HOME": str(place),
    }
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "firewall", "check", "--format", "json", *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_a_clock_that_was_ahead_is_accepted_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "firewall.toml").write_text("")
    clock = [NOW + timedelta(days=900)]
    with serving(PastNpm(NOW)) as npm:
        npm.publish("pkg", "1.0.0", OLD)
        npm.publish("late", "1.0.0", OLD)
        with firewall(tmp_path, npm=npm.npm_url, now=lambda: clock[0]) as gate:
            # Its advisories are of then, too: they are fetched again when the clock is right.
            assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 200
            clock[0] = NOW
            gate.advised()
            assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 403
            assert gate.get("/readyz").status == 503
            code, told = checked(tmp_path)
            assert code == 3
            assert any("--accept-clock" in why for why in told["missing"])
            code, told = checked(tmp_path, "--accept-clock")
            assert (code, told["missing"]) == (0, [])
            end = time.monotonic() + 20
            while gate.get("/readyz").status != 200:
                assert time.monotonic() < end
                time.sleep(0.05)
            for path in ("/npm/pkg/-/pkg-1.0.0.tgz", "/npm/late/-/late-1.0.0.tgz"):
                assert gate.get(path).status == 200
            # It is guarded again from here on.
            clock[0] = NOW - timedelta(hours=1)
            assert gate.get("/npm/pkg/-/pkg-1.0.0.tgz").status == 403


def test_it_goes_with_check_only(tmp_path: Path) -> None:
    environment = {**os.environ, "SEAWALL_DATA": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "seawall", "firewall", "--accept-clock"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "goes with check" in done.stderr
