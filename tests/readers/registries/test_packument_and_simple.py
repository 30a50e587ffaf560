import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.errors import OutsideError
from seawall.readers.registries.npm_packument import read_packument
from seawall.readers.registries.pypi_simple import read_dependencies, read_project

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def test_a_packument() -> None:
    digest = base64.b64encode(b"\x01" * 64).decode()
    document = {
        "name": "axios",
        "time": {"created": "2014-08-29T23:08:36.810Z", "1.14.1": "2026-03-31T00:21:58.168Z"},
        "versions": {
            "1.14.1": {
                "dependencies": {"plain-crypto-js": "^4.2.1"},
                "dist": {"integrity": f"sha512-{digest}", "shasum": "ab" * 20},
                "_npmUser": {"name": "somebody"},
                "scripts": {"test": "x"},
            },
            "1.14.0": {"dist": {"attestations": {"url": "x"}}, "scripts": {"postinstall": "node x"}},
        },
    }
    got = read_packument(json.dumps(document).encode(), "axios")
    bad, good = got.releases
    assert got.first_release == datetime(2014, 8, 29, 23, 8, 36, 810000, UTC)
    assert bad.published == datetime(2026, 3, 31, 0, 21, 58, 168000, UTC)
    assert bad.digests == ("sha512:" + "01" * 64, "sha1:" + "ab" * 20)
    assert (bad.provenance, bad.publisher, bad.install_script) == (False, "somebody", False)
    assert (good.provenance, good.install_script, good.published) == (True, True, None)


@pytest.mark.parametrize(
    "hook", [{"gypfile": True}, {"hasInstallScript": True}, {"scripts": {"preinstall": "x"}}]
)
def test_what_runs_at_install(hook: dict[str, object]) -> None:
    got = read_packument(json.dumps({"name": "a", "versions": {"1.0.0": hook}}).encode(), "a")
    assert got.releases[0].install_script is True


def file(name: str, **more: object) -> dict[str, object]:
    return {"filename": name, "url": f"https://files.example/{name}", "hashes": {"sha256": "AB" * 32}, **more}


def test_a_project() -> None:
    document = {
        "name": "LiteLLM",
        "files": [
            file("litellm-1.82.8.tar.gz", **{"upload-time": "2026-03-24T10:52:00Z", "yanked": "malware"}),
            file(
                "litellm-1.82.8-py3-none-any.whl",
                **{"upload-time": "2026-03-24T10:50:00Z", "yanked": True, "core-metadata": True},
            ),
            file(
                "litellm-1.82.6.tar.gz", **{"upload-time": "2026-03-20T00:00:00Z", "provenance": "https://x"}
            ),
            file("not-a-release.exe"),
        ],
    }
    got = read_project(json.dumps(document).encode(), "litellm")
    bad, good = got.releases
    assert (bad.version, bad.published) == ("1.82.8", datetime(2026, 3, 24, 10, 50, tzinfo=UTC))
    assert bad.yanked == "malware"
    assert bad.metadata == "https://files.example/litellm-1.82.8-py3-none-any.whl.metadata"
    assert bad.digests == ("sha256:" + "ab" * 32,) * 2
    assert (good.provenance, good.yanked, bad.provenance) == (True, None, None)


def test_one_file_without_a_time_makes_the_age_unknown() -> None:
    document = {
        "name": "a",
        "files": [
            file("a-1.tar.gz"),
            file("a-1-py3-none-any.whl", **{"upload-time": "2026-01-01T00:00:00Z"}),
        ],
    }
    assert read_project(json.dumps(document).encode(), "a").releases[0].published is None


def test_dependencies() -> None:
    text = b"Metadata-Version: 2.1\nName: a\nRequires-Dist: Foo_Bar>=1\n"
    text += b"Requires-Dist: x; extra == 'y'\nRequires-Dist: ???\n"
    assert read_dependencies(text) == (("foo-bar", ">=1"), ("x", ""))
    assert read_dependencies(b"nothing") is None


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"name":"other","files":[]}', b"<html>", b"\xff"]
)
def test_nonsense_is_an_error_of_the_outside(data: bytes) -> None:
    for read in (read_packument, read_project):
        with pytest.raises(OutsideError):
            read(data, "axios")


@given(JSON)
def test_wrong_shapes_never_crash(value: object) -> None:
    for document in (
        {"name": "a", "versions": value, "time": value},
        {"name": "a", "versions": {"1": value}, "time": {"1": value}},
        {
            "name": "a",
            "versions": {"1": {"dist": value, "scripts": value, "_npmUser": value, "dependencies": value}},
        },
    ):
        read_packument(json.dumps(document).encode(), "a")
    for entry in (
        value,
        {"filename": "a-1.tar.gz", "hashes": value, "url": value, "upload-time": value, "yanked": value},
    ):
        read_project(json.dumps({"name": "a", "files": [entry]}).encode(), "a")


@given(st.binary(max_size=120))
def test_metadata_never_crashes(data: bytes) -> None:
    read_dependencies(data)


def packument(**releases: object) -> bytes:
    return json.dumps(
        {"name": "a", "versions": {k.replace("_", "."): v for k, v in releases.items()}}
    ).encode()


def test_a_mirror_that_leaves_attestations_out_says_nothing_about_them() -> None:
    assert read_packument(packument(_1={"dist": {}}), "a").releases[0].provenance is None


def test_a_trusted_pipeline_is_no_account() -> None:
    """A project that moves its releases into a pipeline has not been taken over by it."""
    user = {"name": "The Pipeline", "trustedPublisher": {"id": "x", "oidcConfigId": "oidc:1"}}
    got = read_packument(packument(_1={"_npmUser": user}), "a").releases[0]
    assert (got.publisher, got.pipeline, got.published_by) == (None, "x/oidc:1", "x/oidc:1")


@pytest.mark.parametrize(
    ("user", "who"),
    [
        ({"name": "ann"}, "ann"),
        ({"name": "ann\n"}, None),
        ({"name": "\ud800"}, None),
        ({"name": 3}, None),
        ({"name": "ann", "trustedPublisher": {"id": "x"}}, "x/"),
        ({"name": "ann", "trustedPublisher": {"id": "x\u202e"}}, None),
        ({"name": "ann", "trustedPublisher": True}, None),
        ("ann", None),
    ],
)
def test_who_published_is_printable_or_not_known(user: object, who: str | None) -> None:
    assert read_packument(packument(_1={"_npmUser": user}), "a").releases[0].published_by == who


def test_texts_are_cut() -> None:
    item = {"_npmUser": {"name": "x" * 10_000}, "dependencies": {"b": "1" * 10_000, "c" * 10_000: "1"}}
    got = read_packument(packument(_1=item), "a").releases[0]
    assert len(got.publisher or "") < 300
    assert got.dependencies is not None
    assert [(name, len(spec) < 300) for name, spec in got.dependencies] == [("b", True)]
    document = {"name": "a", "files": [file("a-1.tar.gz", yanked="y" * 10_000)]}
    assert len(read_project(json.dumps(document).encode(), "a").releases[0].yanked or "") < 300


def test_a_time_that_no_calendar_holds_is_unknown() -> None:
    for time in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        data = json.dumps({"name": "a", "versions": {"1": {}}, "time": {"1": time}}).encode()
        assert read_packument(data, "a").releases[0].published is None
        document = {"name": "a", "files": [file("a-1.tar.gz", **{"upload-time": time})]}
        assert read_project(json.dumps(document).encode(), "a").releases[0].published is None


def test_the_last_file_of_a_release_is_known() -> None:
    document = {
        "name": "a",
        "files": [
            file("a-1.tar.gz", **{"upload-time": "2020-01-01T00:00:00Z"}),
            file("a-1-py3-none-any.whl", **{"upload-time": "2026-01-01T00:00:00Z"}),
        ],
    }
    got = read_project(json.dumps(document).encode(), "a").releases[0]
    assert (got.published, got.last_file) == (
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_requirement_by_address_keeps_its_address() -> None:
    text = b"Name: a\nRequires-Dist: b @ https://files.example/b.whl\n"
    assert read_dependencies(text) == (("b", "https://files.example/b.whl"),)
