import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.errors import OutsideError
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.readers.registries.npm_document import read_document
from simulators.past import at, serving
from simulators.past_npm import PastNpm, axios_day

URL = "https://registry.example/axios"


def read(document: object, name: str = "axios", url: str = URL) -> Offering:
    return read_document(json.dumps(document).encode(), "application/json", url, name, "main", DEFAULT_LIMITS)


def packument(name: str = "axios", **versions: object) -> dict[str, object]:
    """`_1_0_0={…}` is version 1.0.0."""
    return {"name": name, "versions": {key[1:].replace("_", "."): item for key, item in versions.items()}}


def tarball(url: str) -> dict[str, object]:
    return {"dist": {"tarball": url}}


def test_one_offer_for_each_version() -> None:
    with serving(PastNpm(at("2026-03-31T02:00:00Z"))) as past:
        axios_day(past)
        got = read(past.full("axios"))
    assert [(o.version, o.filename) for o in got.offers][-2:] == [
        ("1.14.1", "axios-1.14.1.tgz"),
        ("0.30.4", "axios-0.30.4.tgz"),
    ]
    young = got.named("axios-1.14.1.tgz")
    assert young is not None
    assert young.published == datetime(2026, 3, 31, 0, 21, 58, tzinfo=UTC)
    assert young.url == f"{past.url}/axios/-/axios-1.14.1.tgz"
    assert [d.partition(":")[0] for d in young.digests] == ["sha512", "sha1"]
    assert (got.ecosystem, got.name, got.origin, got.host) == ("npm", "axios", "main", "registry.example")
    assert got.raw["readme"] == "# axios\n"
    assert len(got.listing.releases) == len(got.offers) == 7
    assert got.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://registry.example/-/npm/v1/attestations/axios@1.0.0", True),
        ("https://registry.example/npm/-/npm/v1/attestations/axios@1.0.0", True),
        ("https://registry.example/-/npm/v1/attestations/axios@1.0.1", False),
        ("https://registry.example/evil/-/evil-1.0.0.tgz", False),
        ("file:///-/npm/v1/attestations/axios@1.0.0", False),
        (7, False),
    ],
)
def test_attestations_are_asked_for_at_their_usual_place_only(url: object, taken: bool) -> None:
    (offer,) = read(packument(_1_0_0={"dist": {"attestations": {"url": url}}})).offers
    assert offer.provenance == (url if taken else "")


def test_a_scope_is_not_in_the_file_name() -> None:
    got = read(packument("@s/n", _1_0_0={}), "@s/n", "https://registry.example/@s%2fn")
    assert [(o.filename, o.url) for o in got.offers] == [
        ("n-1.0.0.tgz", "https://registry.example/@s%2fn/-/n-1.0.0.tgz")
    ]


@pytest.mark.parametrize("time", [None, 7, "yesterday", "0001-01-01T00:00:00+14:00", ""])
def test_a_time_that_is_missing_or_none_is_not_known(time: object) -> None:
    document = packument(_1_0_0={}) | {"time": {"1.0.0": time} if time is not None else {}}
    assert read(document).offers[0].published is None


@pytest.mark.parametrize(
    "url",
    [
        "https://registry.example/axios/-/axios-1.0.0.tgz",
        "https://registry.example/some/path/axios/-/axios-1.0.0.tgz#sha1",
        "https://user:secret@registry.example/axios/-/axios-1.0.0.tgz",
        "https://files.example/download/axios/1.0.0/axios-1.0.0.tgz",
    ],
)
def test_layouts_of_tarball_addresses(url: str) -> None:
    (offer,) = read(packument(_1_0_0=tarball(url))).offers
    assert offer.filename == "axios-1.0.0.tgz"
    assert "secret" not in offer.url
    assert "#" not in offer.url


@pytest.mark.parametrize(
    "url",
    [
        "https://registry.example/evil/-/evil-6.6.6.tgz",
        "https://registry.example/@s/axios/-/axios-1.0.0.tgz",
        "https://registry.example/not-axios/-/axios-1.0.0.tgz",
        "https://registry.example/axios/-/axios-2.0.0.tgz",  # of another version
        "file:///etc/passwd",
        "git+ssh://git@files.example/x",
        "https:///axios-1.0.0.tgz",
        "https://[::1/axios-1.0.0.tgz",
        "https://registry.example:0/axios.tgz",
        "https://registry.example/a b.tgz",
        "x" * 5_000,
        "",
        7,
        {"href": "x"},
    ],
)
def test_what_points_elsewhere_is_no_offer(url: str) -> None:
    got = read(packument(_1_0_0=tarball(url), _2_0_0={}))
    assert [offer.version for offer in got.offers] == ["2.0.0"]


def test_old_prereleases_lack_the_hyphen() -> None:
    assert len(read({"name": "axios", "versions": {"1.0.0beta2": {}, "1.0.0-rc.1+b.1": {}}}).offers) == 2


def test_an_old_file_name_is_kept_and_stays_alone() -> None:
    """Old releases have files that are not called as their version is now; locked installs ask for them."""
    old = tarball("https://registry.example/axios/-/axios-1.0.0beta.tgz")
    got = read(packument(_1_0_0=old, _2_0_0=old, _3_0_0=tarball("https://files.example/0a1b2c")))
    assert [o.filename for o in got.offers] == ["axios-1.0.0beta.tgz", "axios-2.0.0.tgz", "axios-3.0.0.tgz"]


@pytest.mark.parametrize(
    "version", ["", "1.0", "latest", "__proto__", "1.0.0/../../x", "1" * 300, "1.0.0 ", "01٠.0.0"]
)
def test_what_is_no_version_is_no_offer(version: str) -> None:
    document = {"name": "axios", "versions": {version: {}, "2.0.0": {}}, "__proto__": {"x": 1}}
    assert [offer.version for offer in read(document).offers] == ["2.0.0"]


@pytest.mark.parametrize("item", [None, 7, "x", [], {"version": "2.0.0"}, {"name": "evil"}])
def test_a_version_that_calls_itself_something_else_is_no_offer(item: object) -> None:
    assert read(packument(_1_0_0=item)).offers == ()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b'{"name":"other"}', b'{"name":["axios"]}', b"\xff", b"<html>",
        b'{"name":"axios","x":NaN}', b'{"name":"axios","x":1e999}', b'{"name":"axios","x":' + b"9" * 5_000 + b"}",
        b'{"name":"axios","x":' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"name":"axios","x":' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_nonsense_is_an_error_of_the_outside(data: bytes) -> None:
    with pytest.raises(OutsideError):
        read_document(data, "", URL, "axios", "main", DEFAULT_LIMITS)


def test_fifty_thousand_versions_and_no_more() -> None:
    many = {"name": "axios", "versions": {f"1.{n}.0": {} for n in range(50_000)}}
    assert len(read(many).offers) == 50_000
    many["versions"]["2.0.0"] = {}  # type: ignore[index]
    with pytest.raises(OutsideError):
        read(many)


@pytest.mark.parametrize(
    ("dist", "kept"),
    [
        ({"integrity": "sha1-qqqqqqqqqqqqqqqqqqqqqqqqqqo= sha512-" + "A" * 86 + "=="}, ["sha512", "sha1"]),
        ({"integrity": "sha512-AAAA md5-AAAA sha512-?? x"}, []),
        ({"shasum": "AB" * 20}, ["sha1"]),
        ({"shasum": "٠" * 40}, []),
        ({"shasum": "ab"}, []),
        ({"integrity": 7, "shasum": None}, []),
    ],
)
def test_digests(dist: dict[str, object], kept: list[str]) -> None:
    (offer,) = read(packument(_1_0_0={"dist": dist})).offers
    assert [digest.partition(":")[0] for digest in offer.digests] == kept


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_wrong_shapes_never_crash(value: object) -> None:
    for document in (
        {"name": "axios", "versions": value, "time": value, "dist-tags": value},
        {"name": "axios", "versions": {"1.0.0": value}, "time": {"1.0.0": value}},
        packument(_1_0_0={"dist": value, "scripts": value, "_npmUser": value, "dependencies": value}),
        packument(_1_0_0={"dist": {"tarball": value, "integrity": value, "shasum": value}}),
    ):
        names = [offer.filename for offer in read(document).offers]
        assert len(set(names)) == len(names)


@given(st.text(max_size=40))
def test_any_address_of_a_tarball(url: str) -> None:
    for offer in read(packument(_1_0_0=tarball(f"https://{url}"))).offers:
        assert "/" not in offer.filename
        assert "@" not in offer.url.partition("//")[2].partition("/")[0]
