"""The table says what was answered, at which moment something got in, and adds nothing up."""

import json

from tests.simulators.past import at

from seawall.kernel.replay import Answer, Entry, Late, Price, Said
from seawall.reports.backtest import Row, document, lines, summary

WHEN = at("2026-03-01T12:00:00Z")
PRICE = Price(
    100, 10, 1, 50, 2, 3.0, 4, 1, (Late("a", "1", 150.0), Late("b", "2", 3.0)), (Late("c", "3", 24.0),)
)


def said(gate: Answer, merge: Answer, *, late: bool = False) -> Said:
    return Said(WHEN, "install", gate, merge, ("x/policy",), ("x/rule",), late=late)


ENTRIES = (
    Entry("held", "", False, (said(Answer.DENY, Answer.ALLOW),), ("ledger",)),
    Entry("late", "", False, (said(Answer.DENY, Answer.ALLOW), said(Answer.ALLOW, Answer.ALLOW, late=True))),
    Entry("warned", "", False, (said(Answer.NONE, Answer.WARN),)),
    Entry("unseen", "", False, (said(Answer.NONE, Answer.NONE),), reason="it came as a letter"),
    Entry("odd \x1b[31m", "", True, (said(Answer.DELAY, Answer.DENY), said(Answer.ALLOW, Answer.ALLOW))),
)
ROW = Row("mine", ENTRIES, PRICE)


def test_three_answers_are_counted_apart() -> None:
    found = summary(ENTRIES)
    assert (found["attacks"], found["visible"]) == (4, 3)
    assert (found["gate_denied"], found["gate_delayed"], found["merge_warned"], found["stopped"]) == (
        1,
        1,
        1,
        2,
    )
    assert (found["benign_delayed"], found["benign_denied"], found["benign_merge_delayed"]) == (1, 0, 1)


def test_the_text_says_where_it_got_in_and_what_it_costs() -> None:
    text = "\n".join(lines(ROW, (Row("other", ENTRIES, PRICE),), "2026-11-25"))
    assert "late: let in at the gate on 2026-03-01 12:00 UTC, the last moment at which it was there" in text
    assert "unseen: it came as a letter" in text
    assert "\x1b" not in text
    assert "1 denied outside the cooldown, 10 (10.0 %)" in text
    assert "4.0 exemptions per 100" in text
    assert "1 delayed after it was public, 1 more by at most six hours" in text
    assert "a 1 (150 h)" in text
    assert "By one or the other: 2 of 3, 1 of them denied." in text
    assert max(map(len, text.splitlines())) < 230


def test_the_json_has_what_others_rely_on() -> None:
    made = json.loads(json.dumps(document(ROW, (ROW,), "2026-11-25")))
    assert made["schema"] == "seawall/backtest/1"
    first = made["entries"][0]
    assert {"id", "gate", "merge_check", "seen", "by"} <= set(first)
    assert (first["gate"], first["merge_check"], first["seen"]) == ("deny", "allow", ["ledger"])
    assert first["by"] == ["x/policy", "x/rule"]
    assert made["price"]["exemptions_per_100_updates"] == 4.0
    assert made["price"]["fixes_delayed_after_advisory"][0] == {"name": "a", "version": "1", "hours": 150.0}
    assert made["compared"][0]["policy"] == "mine"
