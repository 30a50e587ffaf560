from datetime import UTC, datetime, timedelta

from seawall.kernel.release import NewDependency, ReleaseFacts
from seawall.reports.release import document, lines

NOW = datetime(2026, 3, 31, 3, 0, tzinfo=UTC)
THE_DAY = ReleaseFacts(
    key=("npm", "fetching", "1.14.1"),
    published=NOW - timedelta(hours=2),
    first_release=NOW - timedelta(days=4000),
    previous="1.14.0",
    install_script=True,
    install_script_before=False,
    new_dependencies=(NewDependency("plain-crypt-js", "^4.2.1", NOW - timedelta(hours=19)),),
    provenance=False,
    provenance_before=True,
    publisher="some\x1b[31mbody",
    publishers_before=("pipeline",),
    yanked="malware",
    source="registry.example",
)


def test_a_takeover_in_sentences() -> None:
    text = "\n".join(lines(THE_DAY, NOW))
    for part in (
        "registry.example says:",
        "published 2026-03-31 01:00 UTC (2 hours ago)",
        "(4000 days ago)",
        "taken back by its maintainers: malware",
        "compared with 1.14.0:",
        "which that one did not",
        "has no attestation, which that one had",
        r"published by some\u{1b}[31mbody, who never did before",
        "newly needs plain-crypt-js, which first appeared 2026-03-30 08:00 UTC (19 hours ago)",
    ):
        assert part in text
    assert "not known" not in text
    assert "\x1b" not in text


def test_what_is_not_known_is_not_said_to_be_good() -> None:
    text = "\n".join(lines(ReleaseFacts(("npm", "a", "1"), previous="0.9", digests=("sha1:00",)), NOW))
    assert "does not say when this was published" in text
    assert "not known: install scripts, attestations, publishers, new dependencies" in text


def test_the_same_for_programs() -> None:
    got = document(THE_DAY)
    assert got["published"] == "2026-03-31T01:00:00Z"
    assert got["new_dependencies"] == [
        {"name": "plain-crypt-js", "spec": "^4.2.1", "first_release": "2026-03-30T08:00:00Z"}
    ]
    unknown = document(ReleaseFacts(("npm", "a", "1")))
    assert unknown["published"] is None
    assert unknown["new_dependencies"] is None


def test_who_published_is_named_as_a_list_would_name_it() -> None:
    key = ("npm", "a", "1")
    assert "    published by ann" in list(lines(ReleaseFacts(key, publisher="ann"), NOW))
    known = ReleaseFacts(key, publisher="ann", publisher_known=True)
    assert "    published by ann, as settled releases before it were" in list(lines(known, NOW))
    pipe = ReleaseFacts(key, pipeline="github/oidc:1", publisher_known=False, previous="0.9")
    told = "    published by the pipeline github/oidc:1, as no settled release before it was"
    assert told in list(lines(pipe, NOW))
    assert (document(pipe)["pipeline"], document(pipe)["publisher_known"]) == ("github/oidc:1", False)
