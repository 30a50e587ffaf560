"""A corpus of hostile archives: each is refused with one clear fault, and none costs much."""

import gzip
import io
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulators.archives import npm, tarball, wheel

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.containers import tar
from seawall.readers.containers import zip as zips
from seawall.readers.containers.member import Member, link_strays, source_of, strays
from seawall.readers.syntax.fault import SyntaxFault

PLAIN = wheel({"thing/__init__.py": "x = 1\n" * 50, "thing/b.py": "y = 2\n"})


def unzipped(data: bytes, limits=DEFAULT_LIMITS) -> list[Member]:  # type: ignore[no-untyped-def]
    return list(zips.members(source_of(data), lambda *_: True, limits))


def untarred(data: bytes, limits=DEFAULT_LIMITS) -> list[Member]:  # type: ignore[no-untyped-def]
    return list(tar.members(source_of(data), lambda *_: True, limits))


def test_a_plain_wheel_is_read_whole() -> None:
    found = {item.name: item.data for item in unzipped(PLAIN)}
    assert found["thing/b.py"] == b"y = 2\n"
    assert found["thing/__init__.py"] == b"x = 1\n" * 50


def test_a_plain_tarball_is_read_whole() -> None:
    long = "package/" + "d/" * 120 + "x.js"
    found = {item.name: item for item in untarred(tarball({long: "1", "package/y": b"\0" * 5000}, (long,)))}
    assert found[long].data == b"1"
    assert found[long].executable
    assert found["package/y"].size == 5000


def zip_of(*names: str, content: bytes = b"x", **kind: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(names):
            archive.writestr(f"{number:06}", content)
            archive.filelist[-1].filename = name
    return out.getvalue()


def patched(data: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    at = data.index(mark) + offset
    return data[:at] + value + data[at + len(value) :]


def renamed_in_directory() -> bytes:
    at = PLAIN.rindex(b"thing/b.py")
    return PLAIN[:at] + b"thing/c.py" + PLAIN[at + 10 :]


def twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.py", "good")
        archive.writestr("b.py", "bad!")
    return out.getvalue().replace(b"b.py", b"a.py")


def unlisted() -> bytes:
    """An entry that lies in the file and not in the directory: who reads from the front finds it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.py", "good")
        archive.writestr("b.py", "bad!")
        archive.writestr("c.py", "good")
        del archive.filelist[1]
    return out.getvalue()


def overlapping() -> bytes:
    """Two entries share one body, as bombs do that unpack to petabytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.py", "good")
        archive.writestr("b.py", "good")
        archive.filelist[1].header_offset = archive.filelist[0].header_offset
    return out.getvalue()


def zip64_lie() -> bytes:
    return patched(PLAIN, b"PK\5\6", 10, b"\xff\xff")


def claims_more() -> bytes:
    """The directory says 4 GB for each of several members."""
    at, data = 0, bytearray(zip_of(*[f"{n}.txt" for n in range(6)]))
    while (at := data.find(b"PK\1\2", at)) >= 0:
        data[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFF0)
        at += 4
    return bytes(data)


def bomb() -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.py", "w", force_zip64=True) as file,
    ):
        for _ in range(40):
            file.write(bytes(1024 * 1024))
    return out.getvalue()


def lies_about_its_size() -> bytes:
    """The directory says ten bytes and the stream gives megabytes."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(bytes(5_000_000)) + packer.flush()
    head = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 33, 1, len(packed), 10, 4, 0) + b"a.py"
    entry = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 33, 1, len(packed), 10, 4, 0, 0, 0, 0, 0, 0
    )
    body = head + packed
    return body + entry + b"a.py" + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 1, 1, 50, len(body), 0)


ZIPS: tuple[tuple[str, Callable[[], bytes], ProblemKind], ...] = (
    ("no zip", lambda: b"hello", ProblemKind.MALFORMED),
    ("empty", lambda: b"", ProblemKind.MALFORMED),
    ("cut short", lambda: PLAIN[:-40], ProblemKind.TRUNCATED),
    ("something in front", lambda: b"#!/bin/sh\n" + PLAIN, ProblemKind.MALFORMED),
    ("something behind", lambda: PLAIN + b"PK", ProblemKind.MALFORMED),
    ("a second zip behind", lambda: PLAIN + wheel({"a.py": "1"}), ProblemKind.MALFORMED),
    ("two names for one file", renamed_in_directory, ProblemKind.MALFORMED),
    ("two files of one name", twice, ProblemKind.MALFORMED),
    ("two files of one name, written otherwise", lambda: zip_of("a/b.py", "a//b.py"), ProblemKind.MALFORMED),
    ("a file that the directory leaves out", unlisted, ProblemKind.MALFORMED),
    ("two entries over one body", overlapping, ProblemKind.MALFORMED),
    ("encrypted", lambda: patched(PLAIN, b"PK\1\2", 8, b"\1\0"), ProblemKind.UNSUPPORTED),
    ("encrypted in the file only", lambda: patched(PLAIN, b"PK\3\4", 6, b"\1\0"), ProblemKind.MALFORMED),
    ("packed by another method", lambda: patched(PLAIN, b"PK\1\2", 10, b"\x0e\0"), ProblemKind.UNSUPPORTED),
    ("another checksum", lambda: patched(PLAIN, b"PK\1\2", 16, b"\0\0\0\0"), ProblemKind.MALFORMED),
    ("Zip64 that is none", zip64_lie, ProblemKind.MALFORMED),
    ("terabytes", claims_more, ProblemKind.TOO_LARGE),
    ("a size that is a lie", lies_about_its_size, ProblemKind.MALFORMED),
    ("another part of it", lambda: patched(PLAIN, b"PK\5\6", 4, b"\1\0"), ProblemKind.UNSUPPORTED),
    ("a name of another encoding", lambda: PLAIN.replace(b"thing/b.py", b"thing/\xff.py"), ProblemKind.ENCODING),
    ("a name with a line break", lambda: PLAIN.replace(b"thing/b.py", b"thing/\n.py"), ProblemKind.MALFORMED),
    ("one entry less than it says", lambda: patched(PLAIN, b"PK\5\6", 8, b"\2\0\2\0"), ProblemKind.MALFORMED),
)  # fmt: skip


@pytest.mark.parametrize(("what", "make", "kind"), ZIPS, ids=[item[0] for item in ZIPS])
def test_a_hostile_zip_is_refused(what: str, make: Callable[[], bytes], kind: ProblemKind) -> None:
    tight = replace(DEFAULT_LIMITS, archive_bytes=1 << 34)
    with pytest.raises(SyntaxFault) as refused:
        unzipped(make(), tight)
    assert refused.value.kind is kind, refused.value.message


def test_a_member_that_is_too_large_is_not_kept() -> None:
    (member,) = unzipped(bomb(), replace(DEFAULT_LIMITS, archive_member_bytes=1_000_000))
    assert not member.whole
    assert len(member.data) < 1000


def test_too_many_files_are_refused_soon() -> None:
    start = time.process_time()
    with pytest.raises(SyntaxFault) as refused:
        unzipped(zip_of(*[f"{n}" for n in range(3000)]), replace(DEFAULT_LIMITS, archive_members=2000))
    assert refused.value.kind is ProblemKind.TOO_MANY
    assert time.process_time() - start < 5


def block(name: str = "package/a.js", size: int = 0, kind: bytes = b"0", link: str = "") -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.linkname = size, kind, link
    return entry.tobuf(tarfile.USTAR_FORMAT)


def squeezed(*parts: bytes) -> bytes:
    return gzip.compress(b"".join(parts) + bytes(1024), mtime=0)


def pax(**said: str) -> bytes:
    text = b""
    for key, value in said.items():
        record = f" {key.replace('_', '.')}={value}\n".encode()
        length = len(record) + 2
        text += str(length if len(str(length)) == 2 else length + 1).encode() + record
    return block("pax", len(text), b"x") + text + bytes(-len(text) % 512)


def two(first: bytes, second: bytes) -> bytes:
    return squeezed(block(size=4), first.ljust(512, b"\0"), block(size=4), second.ljust(512, b"\0"))


SOUND = npm({"index.js": "1" * 3000})
TARS: tuple[tuple[str, Callable[[], bytes], ProblemKind], ...] = (
    ("no archive", lambda: b"hello", ProblemKind.MALFORMED),
    ("cut short", lambda: SOUND[:-30], ProblemKind.TRUNCATED),
    ("a second stream behind", lambda: SOUND + gzip.compress(b"more"), ProblemKind.MALFORMED),
    ("something behind", lambda: SOUND + b"more", ProblemKind.MALFORMED),
    ("a second tar behind the end", lambda: squeezed(block(), bytes(1024), block("b")), ProblemKind.MALFORMED),
    ("another checksum", lambda: SOUND[:-8] + b"\0" * 8, ProblemKind.MALFORMED),
    ("a header whose sum is wrong", lambda: squeezed(b"q" + block()[1:]), ProblemKind.MALFORMED),
    ("two files of one name", lambda: two(b"good", b"bad!"), ProblemKind.MALFORMED),
    ("a sparse file", lambda: squeezed(block(kind=b"S")), ProblemKind.UNSUPPORTED),
    ("a sparse file by pax", lambda: squeezed(pax(GNU_sparse_map="1,2"), block()), ProblemKind.UNSUPPORTED),
    ("two sizes", lambda: squeezed(pax(size="1024"), block(size=4), bytes(512)), ProblemKind.MALFORMED),
    ("one name for all", lambda: squeezed(pax(path="x").replace(b"x\0\0", b"g\0\0", 0), block(kind=b"V")), ProblemKind.UNSUPPORTED),
    ("a link with content", lambda: squeezed(block(size=4, kind=b"2", link="b"), bytes(512)), ProblemKind.MALFORMED),
    ("larger than there is", lambda: squeezed(block(size=1 << 20), bytes(512)), ProblemKind.TRUNCATED),
    ("a name of another encoding", lambda: squeezed(renamed(b"p/\xff.js")), ProblemKind.ENCODING),
    ("a bzip2 that is none", lambda: b"BZh9" + bytes(100), ProblemKind.MALFORMED),
)  # fmt: skip


def renamed(name: bytes) -> bytes:
    raw = bytearray(block())
    raw[:100] = name.ljust(100, b"\0")
    raw[148:156] = b" " * 8
    raw[148:156] = f"{sum(raw):06o}\0 ".encode()
    return bytes(raw)


@pytest.mark.parametrize(("what", "make", "kind"), TARS, ids=[item[0] for item in TARS])
def test_a_hostile_tar_is_refused(what: str, make: Callable[[], bytes], kind: ProblemKind) -> None:
    with pytest.raises(SyntaxFault) as refused:
        untarred(make())
    assert refused.value.kind is kind, refused.value.message


def test_a_compressed_bomb_stops_at_the_bound() -> None:
    data = squeezed(block("package/zeros.txt", 200_000_000), bytes(200_000_000))
    start = time.process_time()
    with pytest.raises(SyntaxFault) as refused:
        untarred(data, replace(DEFAULT_LIMITS, archive_stream_bytes=10_000_000))
    assert refused.value.kind is ProblemKind.TOO_LARGE
    assert time.process_time() - start < 5


def test_the_same_file_twice_is_one() -> None:
    assert [item.name for item in untarred(two(b"good", b"good"))] == ["package/a.js"]


@pytest.mark.parametrize("name", ["/etc/passwd", "a/../../b", "C:\\x", "..\\b", "\\\\host\\share"])
def test_names_that_lead_out(name: str) -> None:
    assert strays(name)


@pytest.mark.parametrize("name", ["a/..b", "a/b..", "...", "ab:c/d"])
def test_names_that_stay(name: str) -> None:
    assert not strays(name)


def test_links_that_lead_out() -> None:
    assert link_strays("package/a", "../../x")
    assert link_strays("package/a", "/etc/passwd")
    assert not link_strays("package/b/a", "../c")
    (hard,) = untarred(squeezed(block("package/a", kind=b"1", link="/etc/passwd")))
    assert link_strays(hard.name, hard.target)
    (inside,) = untarred(squeezed(block("package/b/a", kind=b"1", link="package/c")))
    assert not link_strays(inside.name, inside.target)


def settled(read: Callable[[bytes], list[Member]], data: bytes) -> str:
    """Why it was refused, or that it was read. Anything else is raised."""
    try:
        return f"{len(read(data))} members"
    except SyntaxFault as fault:
        return fault.message


def broken(data: bytes) -> Iterator[st.SearchStrategy[bytes]]:
    yield st.builds(
        lambda at, byte: data[:at] + bytes([byte]) + data[at + 1 :],
        st.integers(0, len(data) - 1),
        st.integers(0, 255),
    )
    yield st.builds(lambda at: data[:at], st.integers(0, len(data)))
    yield st.builds(
        lambda at, more: data[:at] + more + data[at:], st.integers(0, len(data)), st.binary(max_size=40)
    )


@settings(max_examples=400, deadline=None)
@given(st.one_of(*broken(PLAIN), st.binary(max_size=300)))
def test_a_changed_zip_is_read_or_refused(data: bytes) -> None:
    assert settled(unzipped, data)


@settings(max_examples=400, deadline=None)
@given(st.one_of(*broken(SOUND), *broken(gzip.decompress(SOUND)), st.binary(max_size=300)))
def test_a_changed_tar_is_read_or_refused(data: bytes) -> None:
    assert settled(untarred, data)
    assert settled(untarred, gzip.compress(data, mtime=0))
