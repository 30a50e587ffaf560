from dataclasses import replace
from datetime import date

import pytest

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Finding
from seawall.kernel.settings import Waiver
from seawall.kernel.waiver import covers, waived

TODAY = date(2026, 11, 1)
FINDING = Finding(
    "packages/vulnerable", Severity.HIGH, "pkg:npm/%40a/b@1.0.0", "m", "a", "package-lock.json", 3, "f" * 32
)
WAIVER = Waiver("packages/vulnerable", "not reachable", "the web team", date(2026, 11, 1))


@pytest.mark.parametrize(
    ("change", "yes"),
    [
        ({}, True),
        ({"expires": date(2026, 10, 31)}, False),
        ({"rule": "packages/known-malware"}, False),
        ({"asset": "pkg:npm/%40a/b"}, True),
        ({"asset": "pkg:npm/%40a/b@1.0.0"}, True),
        ({"asset": "pkg:npm/%40a/b@1.0.1"}, False),
        ({"asset": "pkg:npm/%40a"}, False),
        ({"path": "package-lock.json"}, True),
        ({"path": "other.json"}, False),
        ({"fingerprint": "f" * 32}, True),
        ({"fingerprint": "e" * 32}, False),
    ],
)
def test_covers_what_it_names_while_it_lasts(change: dict[str, object], yes: bool) -> None:
    assert covers(replace(WAIVER, **change), FINDING, TODAY) is yes  # type: ignore[arg-type]


def test_the_reason_stands_in_the_finding() -> None:
    (got,) = waived([FINDING], [WAIVER], TODAY)
    assert got.waived == "not reachable (the web team, until 2026-11-01)"
    assert waived([FINDING], [], TODAY) == (FINDING,)
