"""A token is shown once, listed without itself, and revoked."""

import json
from argparse import ArgumentParser
from io import StringIO
from pathlib import Path

import pytest

from seawall.cli import firewall_token
from seawall.cli.command import Streams
from seawall.kernel.errors import UsageError


def said(place: Path, *words: str) -> tuple[str, str]:
    parser = ArgumentParser()
    firewall_token.arguments(parser)
    streams = Streams(StringIO(), StringIO())
    assert firewall_token.run(parser.parse_args(words), streams, place) == 0
    return streams.out.getvalue(), streams.err.getvalue()  # type: ignore[attr-defined]


def test_from_the_first_to_the_last_day(tmp_path: Path) -> None:
    assert said(tmp_path, "list")[0] == "no tokens\n"
    out, err = said(tmp_path, "add", "ci-main", "--team", "ml", "--days", "30")
    secret = out.strip()
    assert secret.startswith("swt_")
    assert len(secret) == 47
    assert "shown this once" in err
    listed = said(tmp_path, "list")[0]
    assert secret not in listed
    assert listed.splitlines()[1].split()[:3] == ["ci-main", "workload", "ml"]
    assert "until" in listed
    assert said(tmp_path, "revoke", "ci-main")[0].startswith("revoked ci-main")
    assert "revoked on" in said(tmp_path, "list")[0]
    with pytest.raises(UsageError, match="no live token"):
        said(tmp_path, "revoke", "ci-main")


def test_as_json(tmp_path: Path) -> None:
    made = json.loads(said(tmp_path, "add", "me", "--person", "--format", "json")[0])
    assert (made["schema"], made["kind"], made["live"]) == ("seawall/token/1", "Person", True)
    (listed,) = json.loads(said(tmp_path, "list", "--format", "json")[0])["tokens"]
    assert "token" not in listed
    assert listed["id"] == "token:me"
    said(tmp_path, "add", "me", "--person")
    gone = json.loads(said(tmp_path, "revoke", "me", "--all", "--format", "json")[0])
    assert len(gone["revoked"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("add",),
        ("revoke",),
        ("list", "x"),
        ("add", "A"),
        ("add", "a", "--days", "0"),
        ("add", "a", "--days", "999"),
    ],
)
def test_what_cannot_be_done(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        said(tmp_path, *words)
