"""The firewall beside other registry proxies: cached documents over eight connections, one process each."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from .measure import MEGABYTE, Line
from .registries import ROOT, Running, devpi, free_port, loaded, proxpi, running, upstream, verdaccio
from .upstream import PACKAGE, PROJECT

CONNECTIONS, SECONDS = 8, 4.0
SIMPLE = "accept:application/vnd.pypi.simple.v1+json"
SHORT = "accept:application/vnd.npm.install-v1+json"
FULL = "accept:application/json"
_SETTINGS = """
[listen]
port = {port}
[limits]
requests_per_second = 1000000
[ledger]
durability = "{durability}"
within_seconds = 5
[[upstream]]
ecosystem = "PyPI"
name = "index"
url = "http://127.0.0.1:{behind}/simple/"
[[upstream]]
ecosystem = "npm"
name = "registry"
url = "http://127.0.0.1:{behind}/npm/"
"""


@contextmanager
def firewall(behind: int, place: Path, durability: str = "async") -> Iterator[Running]:
    """`seawall firewall` with policy, advisories and ledger, in enforce mode."""
    from tests.simulators.firewall import index

    data = place / f"firewall-{durability}"
    data.mkdir()
    index(data, datetime.now(UTC))
    port = free_port()
    file = data / "firewall.toml"
    file.write_text(_SETTINGS.format(port=port, behind=behind, durability=durability))
    words = [sys.executable, "-m", "seawall", "firewall", "--config", str(file)]
    settings = {"SEAWALL_DATA": str(data), "HOME": str(place), "PYTHONPATH": str(ROOT)}
    with running(words, port, place, settings, ready="/readyz") as it:
        yield it


@contextmanager
def bare(behind: int, place: Path) -> Iterator[Running]:
    """Bytes of the same lengths from uvicorn, which is what the firewall stands on."""
    del behind
    port = free_port()
    words = [sys.executable, "-m", "bench.bare", str(port)]
    with running(words, port, place, {"PYTHONPATH": str(ROOT)}) as it:
        yield it


Server = Callable[[int, Path], AbstractContextManager[Running]]
Measured = Mapping[str, object]


def lines(place: Path) -> Iterator[Line]:
    """CPU of the server for each request, latencies, and memory, each after the answer was made once."""
    place = place / "firewall"
    place.mkdir()
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    index, packument = f"/pypi/simple/{PROJECT}/", f"/npm/{PACKAGE}"
    with upstream(place) as up:
        ours, peak = _measured(
            firewall, up.port, place, (index, SIMPLE), (packument, SHORT), (packument, FULL)
        )
        floor, _ = _measured(bare, up.port, place, ("/index", SIMPLE), ("/packument", FULL))
        others, _ = _measured(proxpi, up.port, place, (f"/index/{PROJECT}/", SIMPLE))
        more, _ = _measured(devpi, up.port, place, (f"/root/mirror/+simple/{PROJECT}/", SIMPLE))
        last, _ = _measured(verdaccio, up.port, place, (f"/{PACKAGE}", FULL))
    page, short, full = ours
    yield _cpu("a project page of 30 KB", page, others[0], "proxpi", "≤ 120 µs", 120)
    yield _cpu("a project page of 30 KB", page, more[0], "devpi", "", 0)
    yield _cpu("a project page of 30 KB", page, floor[0], "uvicorn alone, as many bytes", "", 0)
    yield _cpu(
        "the packument of 240 releases, as npm installs from",
        short,
        last[0],
        "verdaccio, whole",
        "≤ 300 µs",
        300,
    )
    yield _cpu("the packument of 240 releases, whole", full, last[0], "verdaccio", "≤ 300 µs", 300)
    yield _cpu("the packument of 240 releases, whole", full, floor[1], "uvicorn alone, as many bytes", "", 0)
    for what, mine, other, name in (
        ("a project page", page, others[0], "proxpi"),
        ("a project page", page, more[0], "devpi"),
        ("a packument, whole", full, last[0], "verdaccio"),
    ):
        yield Line(
            f"requests for {what}, per second",
            f"{_rate(mine):,.0f}",
            f"{_rate(other):,.0f} ({name})",
            f"{_rate(mine) / _rate(other):.0f}",
        )
    worst = max(_number(one, "p99") for one in ours)
    yield Line(
        "latency with 8 connections: median, and the 99th percentile (the worst of three documents)",
        f"{_number(page, 'p50'):.1f} ms, {worst:.1f} ms",
        f"{_number(others[0], 'p50'):.1f} ms, {_number(others[0], 'p99'):.1f} ms (proxpi)",
        "",
        "99th < 25 ms",
        worst < 25,
    )
    yield Line(
        "memory of the process after that",
        f"{peak / MEGABYTE:.0f} MB",
        "",
        "",
        "≤ 100 MB",
        peak <= 100 * MEGABYTE,
    )


def _measured(
    server: Server, behind: int, place: Path, *asked: tuple[str, str]
) -> tuple[list[Measured], int]:
    found: list[Measured] = []
    with server(behind, place) as it:
        for path, accept in asked:
            loaded(it, path, 1, 0.3, accept)
            best = min(
                (loaded(it, path, CONNECTIONS, SECONDS, accept) for _ in range(2)), key=lambda m: m["cpu"]
            )
            if set(best["statuses"]) != {"200"}:  # type: ignore[call-overload]
                raise SystemExit(f"{server.__name__} {path}: {best['statuses']}")
            found.append(best)
        return found, it.peak()


def _number(measured: Measured, name: str) -> float:
    return float(measured[name])  # type: ignore[arg-type]


def _rate(measured: Measured) -> float:
    return _number(measured, "requests") / _number(measured, "seconds")


def _cpu(what: str, ours: Measured, other: Measured, name: str, bar: str, most: float) -> Line:
    mine, theirs = _number(ours, "cpu"), _number(other, "cpu")
    return Line(
        f"{what}, policy and ledger on, CPU of the server per request",
        f"{mine:.0f} µs ({_number(ours, 'bytes') / 1000:.0f} KB)",
        f"{theirs:,.0f} µs ({name}, {_number(other, 'bytes') / 1000:.0f} KB)",
        f"{mine / theirs:.2f}",
        bar,
        not bar or mine <= most,
    )
