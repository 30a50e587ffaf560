"""A PyPI page in either form becomes the same offering, and every broken one is one clear error."""

import json
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulators.past import Request, at, serving
from tests.simulators.past_pypi import JSON, PastPypi

from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.readers.registries.pypi_page import read_page
from seawall.readers.registries.pypi_simple import version_in

URL = "https://registry.example/root/simple/some-thing/"
H = "ab" * 32


def read(data: bytes, kind: str = JSON, name: str = "some-thing") -> Offering:
    return read_page(data, kind, URL, name, "first", DEFAULT_LIMITS)


def page(*files: object, **more: object) -> bytes:
    return json.dumps({"meta": {"api-version": "1.4"}, "name": "Some.Thing", "files": files, **more}).encode()


def entry(filename: str = "some_thing-1.0-py3-none-any.whl", **more: object) -> dict:
    return {
        "filename": filename,
        "url": f"https://files.example/p/{filename}",
        "hashes": {"sha256": H},
        **more,
    }


def html(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()


def test_every_field_of_a_json_page() -> None:
    file = entry(
        hashes={"md5": "0" * 32, "sha256": H.upper(), "sha512": "12", "odd": "x"},
        size=10,
        yanked="broken",
        provenance="https://files.example/a",
        **{
            "upload-time": "2026-03-31T00:25:00.123456Z",
            "core-metadata": {"sha256": "cd" * 32},
            "requires-python": ">=3.9",
            "x-new": {"deep": [1]},
        },
    )
    got = read(page(file, **{"project-status": {"status": "archived"}, "_private": 1}))
    (offer,) = got.offers
    assert (offer.version, offer.filename, offer.size) == ("1.0", file["filename"], 10)
    assert offer.digests == (f"sha256:{H}", "md5:" + "0" * 32)
    assert offer.published == datetime(2026, 3, 31, 0, 25, 0, 123456, UTC)
    assert offer.metadata == ("sha256:" + "cd" * 32,)
    assert offer.provenance == "https://files.example/a"
    assert got.raw["files"] == [file]
    assert got.raw["project-status"] == {"status": "archived"}
    assert got.raw["_private"] == 1
    assert (got.ecosystem, got.name, got.origin, got.host) == (
        "PyPI",
        "some-thing",
        "first",
        "registry.example",
    )
    assert got.listing.releases[0].yanked == "broken"
    assert got.listing.releases[0].provenance is True
    assert got.named(file["filename"]) is offer


def test_html_and_json_of_one_index_read_alike() -> None:
    with serving(PastPypi(at("2026-04-01T00:00:00Z"))) as past:
        when = at("2026-03-01T00:00:00Z")
        past.wheel("some-thing", "1.0", when, requires_python=">=3.9,<4", provenance=True)
        past.sdist("some-thing", "1.1", when, yanked="a & b")
        past.sdist("some-thing", "1.2", when, yanked=True)
        past.status["some-thing"] = ("archived", "")
        answers = [
            past.answer(Request("GET", "/simple/some-thing/", "", {"accept": accept}))
            for accept in (JSON, "*/*")
        ]
        one, other = (
            read_page(
                a.body, a.content_type, f"{past.url}/simple/some-thing/", "some-thing", "o", DEFAULT_LIMITS
            )
            for a in answers
        )
    assert [replace(offer, published=None, size=None) for offer in one.offers] == list(other.offers)
    assert len(one.offers) == 3
    assert one.offers[0].provenance == f"{one.offers[0].url}.provenance"
    told = [("requires-python", ">=3.9,<4"), ("yanked", "a & b"), ("yanked", True)]
    for place, (key, value) in enumerate(told):
        assert one.raw["files"][place][key] == other.raw["files"][place][key] == value
    assert other.listing.releases[1].yanked == "a & b"
    assert other.listing.releases[0].published is None
    assert other.raw["project-status"] == {"status": "archived"}
    assert one.offers[0].url == f"{past.url}/files/some-thing/some_thing-1.0-py3-none-any.whl"


def test_html_links() -> None:
    got = read(
        html(
            '<a HREF="../f/some_thing-1.0.zip#sha256=' + H + '" DATA-YANKED data-gpg-sig="true">x</a>'
            '<a href="some-thing-2%2B1.tar.gz?x=1#md5=zz" data-core-metadata="true" data-x="y">x</a>'
            '<a href="some-thing-3.tar.gz" data-requires-python="&gt;=3" data-core-metadata=false>x</a>'
            '<a href="../">up</a><a name="n">no link</a>',
            '<base href="/other/simple/">',
        ),
        "text/html; charset=ISO-8859-1",
    )
    one, two, three = got.offers
    assert one.url == "https://registry.example/other/f/some_thing-1.0.zip"
    assert two.url == "https://registry.example/other/simple/some-thing-2%2B1.tar.gz?x=1"
    assert [offer.version for offer in got.offers] == ["1.0", "2+1", "3"]
    assert (one.digests, two.digests) == ((f"sha256:{H}",), ())
    assert (one.metadata, two.metadata, three.metadata) == (None, (), None)
    files = got.raw["files"]
    assert (files[0]["yanked"], files[0]["gpg-sig"]) == (True, True)
    assert files[1]["_data"] == {"data-x": "y"}
    assert files[2]["requires-python"] == ">=3"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("../../files/a.whl#x", "https://registry.example/root/files/a.whl"),
        ("//files.example/a", "https://files.example/a"),
        ("https://user:secret@files.example:8/a?b#c", "https://files.example:8/a?b"),
        ("https://files.example/a/../b", "https://files.example/a/../b"),
        ("HTTP://Files.Example/a", "http://Files.Example/a"),
        ("https://files.example/ä", ""),
        ("https://files.example/a\nb", "https://files.example/ab"),
        ("file:///etc/passwd", ""),
        ("https://[::1/a", ""),
        ("https://files.example:0/a", ""),
        ("https:///a", "https://registry.example/a"),
        ("javascript:x", ""),
    ],
)
def test_addresses_are_absolute_and_without_userinfo(url: str, clean: str) -> None:
    got = read(page(entry(provenance=url) | {"url": url}))
    assert [offer.url for offer in got.offers] == ([clean] if clean else [])
    assert [offer.provenance for offer in got.offers] == ([clean] if clean else [])
    assert "secret" not in repr(got.raw) + repr(got.offers) + str(got.offers[0].url if got.offers else "")


@pytest.mark.parametrize(
    "filename",
    [
        "other-1.0-py3-none-any.whl",
        "some_thing-1.0-py3-none.whl",
        "some_thing-1.0.win32.exe",
        "some_thing-1.0-py2.7.egg",
        "some_thing-one.tar.gz",
        "../some_thing-1.0.tar.gz",
        "some_thing-1.0/x.tar.gz",
        ".some_thing-1.0.tar.gz",
        "some_thing-1.0\0.tar.gz",
        "some_thing-" + "1" * 300 + ".tar.gz",
        "",
    ],
)
def test_files_that_nobody_can_judge_are_not_offered(filename: str) -> None:
    got = read(page(entry(filename), entry()))
    assert [offer.filename for offer in got.offers] == ["some_thing-1.0-py3-none-any.whl"]
    assert len(got.raw["files"]) == 1


@pytest.mark.parametrize(
    ("filename", "folded", "version"),
    [
        ("x-1.0-2.tar.gz", "x", "1.0.post2"),
        ("x-1-1.0.tar.gz", "x-1", "1.0"),
        ("zope.interface-5.0.zip", "zope-interface", "5.0"),
        ("a--b-1.0.tar.bz2", "a-b", "1.0"),
        ("x-01.0-py3-none-any.whl", "x", "1.0"),
        ("X-1.0RC1-1build-py3-none-any.whl", "x", "1.0rc1"),
        ("x-1.0.tar.gz", "y", ""),
        ("x.tar.gz", "x", ""),
    ],
)
def test_the_version_is_the_one_that_clients_read(filename: str, folded: str, version: str) -> None:
    assert version_in(filename, folded) == version


def test_one_time_is_missing_and_one_is_nonsense() -> None:
    got = read(page(entry(**{"upload-time": "yesterday"}), entry("some_thing-2.tar.gz", size=True)))
    assert [offer.published for offer in got.offers] == [None, None]
    assert [offer.size for offer in got.offers] == [None, None]


BROKEN = {
    "cut short json": (page(entry())[:-5], JSON, "Unterminated|delimiter|Expecting"),
    "cut short html": (
        b"<!DOCTYPE html><html><body><a href='some_thing-1.0.tar.gz'>x</a>",
        "text/html",
        "cut short",
    ),
    "cut in a tag": (b"<a href='some_thing-1.0.tar.gz'>x</a><a hre", "text/html", "cut short"),
    "another project": (page(entry()).replace(b"Some.Thing", b"Other"), JSON, "something else"),
    "a log-in page": (html("<a href='/login'>log in</a>"), "text/html", "none to a file"),
    "api 2": (page(entry(), meta={"api-version": "2.0"}), JSON, "version 2.0"),
    "api 2 in html": (
        html("", '<meta name="pypi:repository-version" content="2.0">'),
        "text/html",
        "version 2.0",
    ),
    "deep": (b'{"files":' + b"[" * 5000 + b"]" * 5000 + b"}", JSON, "deep"),
    "latin-1": (page(entry()).replace(b"Some.Thing", b"Some\xe9"), JSON, "utf-8"),
    "no files": (b'{"name":"some-thing","files":{}}', JSON, "no files"),
    "a list": (b"[]", JSON, "no files"),
    "empty": (b"", JSON, "empty"),
    "NaN": (b'{"name":"some-thing","files":[],"x":NaN}', JSON, "NaN"),
    "half a character": (page(entry(**{"requires-python": "\ud800"})), JSON, "half of a character"),
    "two digests": (page(entry(), entry(hashes={"sha256": "cd" * 32})), JSON, "different digests"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_page_is_one_clear_error(case: str) -> None:
    data, kind, words = BROKEN[case]
    with pytest.raises(OutsideError, match=words) as caught:
        read(data, kind)
    assert caught.value.advice


def test_too_much() -> None:
    small = replace(DEFAULT_LIMITS, response_bytes=100)
    with pytest.raises(OutsideError, match="more than 100 bytes"):
        read_page(page(entry()), JSON, URL, "some-thing", "o", small)
    with pytest.raises(OutsideError, match="200000 files"):
        read(b'{"name":"some-thing","files":[' + b"1," * 200_000 + b"1]}")


@pytest.mark.parametrize(
    "part", ["<a ", "<!--", "<![CDATA[", "</", "&", "<a href='", "<a =\"'", "<!", "<?", "<a x=&amp"]
)
def test_hostile_html_ends_in_time(part: str) -> None:
    started = time.process_time()
    with suppress(OutsideError):
        read((part * 300_000)[:600_000].encode(), "text/html")
    assert time.process_time() - started < 3


@given(st.binary(max_size=300), st.sampled_from([JSON, "text/html", "", "text/html; charset=x"]))
@settings(max_examples=150, deadline=None)
def test_any_bytes(data: bytes, kind: str) -> None:
    with suppress(OutsideError):
        assert read(data, kind).name == "some-thing"


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.just({"sha256": H})
    | st.lists(st.none())
)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["filename", "url", "hashes", "yanked", "upload-time", "size", "core-metadata", "x"]
            ),
            VALUES | st.just("some_thing-1.0.tar.gz"),
        ),
        max_size=3,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_values(files: list) -> None:
    try:
        got = read(page(*files))
    except OutsideError:
        return
    assert len(got.offers) == len(got.raw["files"]) <= len(files)
