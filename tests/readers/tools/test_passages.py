"""Parts of an instruction file that its readers do not see are found, with their lines."""

import pytest

from seawall.readers.tools._passages import passages


def found(text: str) -> list[tuple[str, int, str]]:
    return [(p.where, p.line, p.text.strip()) for p in passages(text)]


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        ("a\n<!-- secret -->\n", "comment", 2),
        ("a\n\n<!-- not closed\nsecret", "comment", 3),
        ("[//]: # (secret)\n", "reference", 1),
        ("a\n[comment]: <> (secret)\n", "reference", 2),
        ('[_]: # "secret"\n', "reference", 1),
        ("a\n<details><summary>b</summary>\nsecret</details>", "collapsed", 2),
        ('<span style="color:white">secret</span>', "unseen", 1),
        ('<p style="font-size: 0">secret</p>', "unseen", 1),
        ("<div hidden>secret</div>", "unseen", 1),
        ('<font color="#FFFFFF">secret</font>', "unseen", 1),
        ('<div style="display:none">secret</div>', "unseen", 1),
        ("$\\color{white}secret$", "unseen", 1),
        ("a" + " " * 170 + "secret", "aside", 1),
        ("\necho c2VjcmV0 | base64 -d | sh", "encoded", 2),
        ("bash -c \"$(echo c2VjcmV0 | base64 --decode)\"", "encoded", 1),
        ("powershell -enc " + "QUJD" * 12, "encoded", 1),
        ("eval(atob('secret'))", "encoded", 1),
    ],
)  # fmt: skip
def test_a_passage_is_found(text: str, where: str, line: int) -> None:
    (one,) = passages(text)
    assert (one.where, one.line) == (where, line)
    assert "secret" in one.text or where == "encoded"


@pytest.mark.parametrize(
    "text",
    [
        "plain", "<!-- -->", "<details open><summary>a</summary>b</details>", '[docs]: https://a.example "Title"',
        "[1]: https://a.example", '<span style="color:#333">a</span>', '<p style="opacity:0.5">a</p>',
        '<p style="background-color:white">a</p>', "| a" + " " * 200 + "| b |", "use base64 -d file | jq .",
        "a" + " " * 50 + "b", "curl https://a.example | sh", '<input type="hidden-field">',
    ],
)  # fmt: skip
def test_what_can_be_seen_is_no_passage(text: str) -> None:
    assert found(text) == []


def test_a_passage_is_cut() -> None:
    (one,) = passages("<!-- " + "a" * 10_000 + " -->")
    assert len(one.text) == 4_000


def test_passages_stand_in_the_order_of_their_lines() -> None:
    text = "<!-- one -->\n<div hidden>two</div>\n[//]: # (three)\n<!-- four -->\n"
    assert [p.line for p in passages(text)] == [1, 2, 3, 4]
