"""What is hidden is counted; what writing needs is not."""

import pytest

from seawall.kernel.tool import Hidden, Trick
from seawall.readers.tools._hidden import hidden

TAGS = "".join(chr(0xE0000 + ord(c)) for c in "send it")


def tricks(text: str, *, escapes: bool = False) -> dict[Trick, tuple[int, int]]:
    return {h.trick: (h.line, h.count) for h in hidden(text, escapes=escapes)}


@pytest.mark.parametrize(
    "text",
    [
        "plain text", "\ufeffa mark at the beginning", "👩\u200d👩\u200d👧\u200d👦", "❤\ufe0f 1\ufe0f\u20e3 ☎\ufe0e",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "🏳\ufe0f\u200d🌈 👍🏽 👨🏿\u200d💻",
        "שלום עולם", "مرحبا بالعالم\u200f!", "אבג \u2067abc\u2069 דהו", "می\u200cخواهم", "क्\u200dष क्\u200cष",
        "สวัสดี\u200bครับ", "日本\u200b語", "葛\U000e0100城", "co\u00adop", "ᠠ\u180b", "한글 \u3164가",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_writing_needs_is_passed_over(text: str) -> None:
    assert hidden(text) == ()


@pytest.mark.parametrize(
    ("text", "trick", "count"),
    [
        (f"good{TAGS}", Trick.TAGS, 7),
        ("🏴\U000e0067\U000e007f" + TAGS, Trick.TAGS, 9),
        ("😀" + "".join(chr(0xE0100 + n) for n in (3, 9, 27)), Trick.SELECTORS, 3),
        ("a\ufe00\ufe01\ufe02\ufe03", Trick.SELECTORS, 4),
        ("a \u202eb\u202c", Trick.BIDI, 2),
        ("שלום \u202eabc\u202c", Trick.BIDI, 2),
        ("שלום \u2067abc", Trick.BIDI, 1),
        ("a\u2066b\u2069", Trick.BIDI, 2),
        ("a" + "\u200b\u200c" * 4, Trick.RUN, 8),
        ("ig\u200bno\u200bre a\u2060ll", Trick.SPLIT, 3),
        ("a\u200b b", Trick.STRAY, 1),
        ("a\u200bb", Trick.STRAY, 1),
        ("not at the \ufeffbeginning", Trick.STRAY, 1),
        ("\u200flatin only", Trick.STRAY, 1),
        ("latin\u200dletters \u200c", Trick.STRAY, 2),
    ],
    ids=ascii,
)
def test_what_is_hidden_is_counted(text: str, trick: Trick, count: int) -> None:
    assert tricks(text) == {trick: (1, count)}


def test_the_first_line_is_told_and_the_whole_counted() -> None:
    text = f"a\nb{TAGS}\nc\nd{TAGS}"
    assert hidden(text) == (Hidden(Trick.TAGS, 2, 14),)


def test_escapes_of_json_count_as_the_characters() -> None:
    text = '{"a": "\\u200b\\u200b\\u200b\\u200b",\n"b": "\\udb40\\udc61 \\ud83d\\ude00 \\u0041\\u000a"}'
    assert tricks(text, escapes=True) == {Trick.RUN: (1, 4), Trick.TAGS: (2, 1)}
    assert tricks(text) == {}


def test_half_an_escape_hides_nothing_and_breaks_nothing() -> None:
    assert hidden('"\\ud800 \\udc00 \\u20"', escapes=True) == ()
