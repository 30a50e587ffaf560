"""A filtered page says what upstream said about what is let in, and why the rest is not; no address leads away."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.admission import Admission, Ruling
from seawall.kernel.decision import DecidedBy, Decision, Outcome
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.offer import Offering
from seawall.kernel.policy.facts import Mode
from seawall.readers.registries.pypi_page import read_page
from seawall.reports.simple_index import LONGEST_REASON, as_html, as_json

ALLOW = Admission(Decision(Outcome.ALLOW))
DENY = Admission(
    Decision(Outcome.DENY, (DecidedBy("default/cooldown", "it is <younger> than 7 days"),)),
    allowed_from=datetime(2026, 4, 7, 0, 21, tzinfo=UTC),
)
H = "ab" * 32
OLD, NEW = "thing-1.0+cpu-py3-none-any.whl", "thing-1.1-py3-none-any.whl"


def entry(filename: str, **more: object) -> dict:
    return {
        "filename": filename,
        "url": f"https://someone:secret@files.example/p/{filename}",
        "hashes": {"sha256": H},
        "requires-python": ">=3.9",
        "size": 10,
        "upload-time": "2026-03-31T00:21:00Z",
        "yanked": False,
        "provenance": f"https://someone:secret@files.example/p/{filename}.provenance",
        "core-metadata": {"sha256": H},
        "x-unknown": {"a": 1},
        **more,
    }


def offering(*files: dict, **more: object) -> Offering:
    page = {"meta": {"api-version": "1.4", "_last-serial": 3}, "name": "Thing", "files": files, **more}
    return read_page(
        json.dumps(page).encode(),
        "application/json",
        "https://registry.example/simple/thing/",
        "thing",
        "o",
        DEFAULT_LIMITS,
    )


def ruling(*pairs: tuple[str, Admission], best: str = "1.0") -> Ruling:
    return Ruling(dict(pairs), best=best)


BOTH = offering(
    entry(OLD), entry(NEW), **{"project-status": {"status": "archived", "reason": "a&b"}, "versions": ["9"]}
)
SPLIT = ruling((OLD, ALLOW), (NEW, DENY))


def test_every_field_passes_and_every_address_is_ours() -> None:
    got = json.loads(as_json(BOTH, SPLIT))
    old, new = got["files"]
    address = "../../files/thing/thing-1.0%2Bcpu-py3-none-any.whl"
    assert old == {**entry(OLD), "url": address, "provenance": f"{address}.provenance"}
    assert got["versions"] == ["1.0+cpu", "1.1"]
    assert got["name"] == "thing"
    assert got["meta"] == {"api-version": "1.4", "_last-serial": 3}
    assert got["project-status"] == {"status": "archived", "reason": "a&b"}
    assert (new["provenance"], new["core-metadata"], new["hashes"]) == (None, False, {"sha256": H})


@pytest.mark.parametrize("write", [as_json, as_html])
def test_nothing_leads_to_another_host(write) -> None:  # type: ignore[no-untyped-def]
    page = offering(
        entry(OLD),
        entry(NEW),
        **{
            "alternate-locations": ["https://elsewhere.example/"],
            "meta": {"api-version": "1.4", "tracks": ["https://elsewhere.example/"]},
        },
    )
    text = write(page, SPLIT).decode()
    assert "://" not in text
    assert "secret" not in text


def test_what_is_held_back_is_yanked_with_the_reason() -> None:
    yanked = json.loads(as_json(BOTH, SPLIT))["files"][1]["yanked"]
    for words in (
        "thing 1.1",
        "it is <younger> than 7 days",
        "2026-04-07 00:21 UTC",
        "allowed now: 1.0",
        "exemption",
    ):
        assert words in yanked
    assert "<younger> than" not in as_html(BOTH, SPLIT).decode()
    assert "&lt;younger&gt; than 7 days" in as_html(BOTH, SPLIT).decode()


def test_a_long_reason_is_cut_before_the_way_out() -> None:
    long = replace(DENY, decision=Decision(Outcome.DENY, (DecidedBy("p", "very long\nwords " * 60),)))
    yanked = json.loads(as_json(BOTH, ruling((OLD, ALLOW), (NEW, long))))["files"][1]["yanked"]
    assert len(yanked) <= LONGEST_REASON
    assert "\n" not in yanked
    assert yanked.endswith("allowed now: 1.0; for an exemption ask whoever runs this firewall")


def test_observing_changes_nothing_but_addresses() -> None:
    seen = replace(DENY, mode=Mode.OBSERVE)
    assert as_json(BOTH, ruling((OLD, ALLOW), (NEW, seen))) == as_json(
        BOTH, ruling((OLD, ALLOW), (NEW, ALLOW))
    )


def test_what_nobody_ruled_on_is_not_shown() -> None:
    got = json.loads(as_json(BOTH, ruling((OLD, ALLOW))))
    assert [file["filename"] for file in got["files"]] == [OLD]
    assert got["versions"] == ["1.0+cpu"]


def test_a_young_file_of_an_old_release_is_left_out() -> None:
    added = "thing-1.1-cp311-cp311-linux_x86_64.whl"
    page = offering(entry(OLD), entry(NEW), entry(added))
    got = json.loads(as_json(page, ruling((OLD, ALLOW), (NEW, ALLOW), (added, DENY))))
    assert [(file["filename"], file["yanked"]) for file in got["files"]] == [(OLD, False), (NEW, False)]
    got = json.loads(as_json(page, ruling((OLD, ALLOW), (NEW, DENY), (added, DENY))))
    assert [bool(file["yanked"]) for file in got["files"]] == [False, True, True]


def test_a_yank_of_the_publisher_stays_his() -> None:
    page = offering(entry(OLD, yanked="broken"), entry(NEW, yanked=True))
    got = json.loads(as_json(page, ruling((OLD, ALLOW), (NEW, ALLOW))))
    assert [file["yanked"] for file in got["files"]] == ["broken", True]
    assert 'data-yanked="broken"' in as_html(page, ruling((OLD, ALLOW), (NEW, ALLOW))).decode()


def test_metadata_is_promised_only_where_it_can_be_had() -> None:
    page = offering(
        entry(OLD, **{"core-metadata": False, "data-dist-info-metadata": {"sha256": H}}),
        entry(NEW, **{"core-metadata": True}),
    )
    old, new = json.loads(as_json(page, ruling((OLD, ALLOW), (NEW, ALLOW))))["files"]
    assert (old["core-metadata"], old["data-dist-info-metadata"]) == (False, False)
    assert new["core-metadata"] is True
    html = as_html(page, ruling((OLD, ALLOW), (NEW, ALLOW))).decode()
    assert html.count('data-core-metadata="true"') == html.count("data-core-metadata") == 1


def test_html_reads_back_as_the_same_page() -> None:
    body = as_html(BOTH, SPLIT)
    again = read_page(
        body, "text/html", "http://127.0.0.1:1/pypi/simple/thing/", "thing", "o", DEFAULT_LIMITS
    )
    assert [offer.filename for offer in again.offers] == [OLD, NEW]
    assert again.offers[0].url == "http://127.0.0.1:1/pypi/files/thing/thing-1.0%2Bcpu-py3-none-any.whl"
    assert again.offers[0].digests == (f"sha256:{H}",)
    assert again.offers[0].metadata == (f"sha256:{H}",)
    assert again.offers[1].metadata is None
    assert again.raw["files"][0]["requires-python"] == ">=3.9"
    assert again.raw["files"][1]["yanked"] == json.loads(as_json(BOTH, SPLIT))["files"][1]["yanked"]
    assert again.raw["project-status"] == {"status": "archived", "reason": "a&b"}


def test_html_of_upstream_becomes_json_and_keeps_unknown_attributes_in_html() -> None:
    given_page = (
        f'<html><body><a href="{OLD}#sha256={H}" data-odd="1&quot;" data-gpg-sig="false">x</a></body></html>'
    )
    page = read_page(
        given_page.encode(),
        "text/html",
        "https://registry.example/simple/thing/",
        "thing",
        "o",
        DEFAULT_LIMITS,
    )
    got = json.loads(as_json(page, ruling((OLD, ALLOW))))
    assert got["files"] == [
        {
            "filename": OLD,
            "url": "../../files/thing/thing-1.0%2Bcpu-py3-none-any.whl",
            "hashes": {"sha256": H},
            "yanked": False,
            "gpg-sig": False,
        }
    ]
    assert got["meta"] == {"api-version": "1.1"}
    html = as_html(page, ruling((OLD, ALLOW))).decode()
    assert 'data-odd="1&quot;"' in html
    assert 'data-gpg-sig="false"' in html


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.just(
    "\"><script>'"
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["requires-python", "yanked", "provenance", "gpg-sig", "core-metadata", "hashes", "x"]
        ),
        st.none() | st.booleans() | TEXT | st.dictionaries(TEXT, TEXT, max_size=2),
    ),
    st.dictionaries(st.sampled_from(["status", "reason"]), TEXT),
)
@settings(max_examples=150, deadline=None)
def test_no_value_breaks_out_of_its_attribute(fields: dict, status: dict) -> None:
    page = offering(entry(OLD, **fields), **{"project-status": status})
    json.loads(as_json(page, ruling((OLD, ALLOW))))
    html = as_html(page, ruling((OLD, ALLOW))).decode()
    assert re.findall(r"<(\w+)", html) == [
        "html",
        "head",
        *re.findall("<(meta)", html),
        "title",
        "body",
        "h1",
        "a",
        "br",
    ]


@given(st.dictionaries(TEXT, TEXT, max_size=3))
@settings(max_examples=50, deadline=None)
def test_unknown_html_attributes_are_escaped(others: dict) -> None:
    page = offering(entry(OLD, _data={f"data-{k}": v for k, v in others.items()}))
    html = as_html(page, ruling((OLD, ALLOW))).decode()
    assert html.count("<a ") == 1
    assert "<script" not in html
