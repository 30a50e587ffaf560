import io
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.adapters.feeds.archive import Member, entries, members
from seawall.kernel.errors import FeedError
from seawall.kernel.limits import DEFAULT_LIMITS, Limits
from seawall.kernel.lockfile import Problem, ProblemKind


def made(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def read(path: Path, limits: Limits = DEFAULT_LIMITS) -> list[Member | Problem]:
    return list(members(path, entries(path, limits), limits))


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_it_reads_what_the_standard_library_wrote(tmp_path: Path, how: int) -> None:
    files = {f"{n}.json": b"{}" * n for n in range(300)} | {
        "sub/é.json": b"x",
        "../up.json": b"y",
        "no.txt": b"",
    }
    path = made(tmp_path / "a.zip", files, how)
    found = [m for m in read(path) if isinstance(m, Member)]
    assert {m.name: m.data for m in found} == {n: d for n, d in files.items() if n.endswith(".json")}


def test_zip64_and_what_stands_before_or_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.json", "w", force_zip64=True) as file:
        file.write(b"large")
    assert [m.data for m in read(path) if isinstance(m, Member)] == [b"large"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"a comment " * 1000
    assert len(read(path)) == 1


def test_more_than_65535_files(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        one = zipfile.ZipInfo("a.json")
        archive.writestr(one, b"")
        archive.filelist *= 66_000
    assert len(entries(path, DEFAULT_LIMITS)) == 66_000
    with pytest.raises(FeedError, match="more than 100 files"):
        entries(path, replace(DEFAULT_LIMITS, zip_members=100))


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(tmp_path: Path, how: int) -> None:
    (found,) = read(made(tmp_path / "a.zip", {"a.json": b"{}"}, how))
    assert isinstance(found, Problem)
    assert found.kind is ProblemKind.UNSUPPORTED


def test_a_bomb(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", {"a.json": b"0" * 7_000_000, "b.json": b"{}"})
    bomb, good = read(path)
    assert isinstance(bomb, Problem)
    assert bomb.kind is ProblemKind.TOO_LARGE
    assert "200 to 1" in bomb.message
    assert isinstance(good, Member)
    with pytest.raises(FeedError, match="unpacks to more than"):
        entries(path, replace(DEFAULT_LIMITS, zip_bytes=1_000_000))
    (small, _) = read(path, replace(DEFAULT_LIMITS, record_bytes=1000))
    assert isinstance(small, Problem)


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", {"a.json": b"0" * 5000})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\1\2")
    for size in (0, 10, 4999, 5001, 2**31):
        data[at + 24 : at + 28] = struct.pack("<I", size)
        path.write_bytes(data)
        (found,) = read(path)
        assert isinstance(found, Problem)


def test_a_changed_byte_is_seen(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", {"a.json": b'{"id": "GHSA-1"}'}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"GHSA-1", b"GHSA-2"))
    (found,) = read(path)
    assert isinstance(found, Problem)
    assert "checksum" in found.message


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all" * 100, b"PK\5\6" + b"\xff" * 18, b"PK\5\6"])
def test_no_zip(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(FeedError):
        read(tmp_path / "a.zip")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FeedError):
        read(tmp_path / "a.zip")


WHOLE = io.BytesIO()
with zipfile.ZipFile(WHOLE, "w", zipfile.ZIP_DEFLATED) as _archive:
    for _n in range(20):
        _archive.writestr(f"{_n}.json", b'{"id": "%d"}' % _n * 20)


@given(st.integers(0, len(WHOLE.getvalue()) - 1), st.binary(min_size=1, max_size=4), st.booleans())
def test_any_damage_is_a_problem_or_a_feed_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, patch: bytes, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("z") / "a.zip"
    data = WHOLE.getvalue()
    path.write_bytes(data[:at] if cut else data[:at] + patch + data[at + len(patch) :])
    try:
        found = read(path)
    except FeedError:
        return
    for member in found:
        if isinstance(member, Member):
            assert member.data[:8] == b'{"id": "'
    if cut:
        pytest.fail("a cut zip was taken for a whole one")
