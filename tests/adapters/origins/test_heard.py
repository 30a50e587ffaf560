"""What is kept of registries' answers is whole or not there, and never more than its bound."""

import hashlib
from pathlib import Path

import pytest

from seawall.adapters.origins.heard import HeardStore, Kept


def kept(body: bytes, at: float = 5.0) -> Kept:
    return Kept(
        200, at, "https://registry.example/a", "x/y", '"e"', "", body, hashlib.sha256(body).hexdigest()
    )


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_what_is_put_is_had_again(tmp_path: Path) -> None:
    HeardStore(tmp_path, 10_000).put("k", kept(b"a\nb"))
    store = HeardStore(tmp_path, 10_000)
    assert store.get("k") == kept(b"a\nb")
    store.confirmed("k", 9.0)
    assert store.get("k") == kept(b"a\nb", at=9.0)
    store.forget("k")
    assert store.get("k") is None
    store.confirmed("k", 9.0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:20],
        lambda data: b"",
        lambda data: data.replace(b"200", b"500"),
        lambda data: data.replace(b"body", b"bodY"),
        lambda data: b"[1]\nbody",
        lambda data: b"\xff\xfe\x00",
        lambda data: b"[" * 100_000,
    ],
)
def test_what_is_damaged_is_not_there(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    store = HeardStore(tmp_path, 10_000)
    store.put("k", kept(b"body"))
    (path,) = files(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert store.get("k") is None
    assert files(tmp_path) == []


def test_the_bound_holds_and_the_least_used_goes(tmp_path: Path) -> None:
    store = HeardStore(tmp_path, 6_000)
    for name in "abc":
        store.put(name, kept(b"x" * 1_500))
    assert store.get("a")
    store.put("d", kept(b"x" * 1_500))
    assert [name for name in "abcd" if store.get(name)] == ["a", "c", "d"]
    store.put("large", kept(b"x" * 7_000))
    assert store.get("large") is None
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 6_000
    smaller = HeardStore(tmp_path, 2_000)
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 2_000
    assert len([name for name in "abcd" if smaller.get(name)]) == 1


def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / ".half").write_bytes(b"x")
    HeardStore(tmp_path, 1_000)
    assert files(tmp_path) == []


def test_a_place_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    store = HeardStore(tmp_path, 10_000)
    for number in range(256):
        (tmp_path / f"{number:02x}").write_bytes(b"in the way")
    store.put("k", kept(b"body"))
    assert store.get("k") is None
