"""Write docs/backtest.md: the shipped scenarios under every shipped policy, as of today.

python bench/backtest.py 2026-11-25
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from seawall import __version__
from seawall.adapters.disk.scenarios import shipped_scenarios
from seawall.adapters.disk.shipped import data_bytes
from seawall.backtest import Tried, beside, others
from seawall.decide import chosen_policy
from seawall.kernel.replay import Answer, Entry
from seawall.pricing import price
from seawall.readers.advisories.attacks import read_catalog
from seawall.readers.scenarios.histories import Histories, read_histories
from seawall.reports.backtest import Row, summary

PAGE = Path(__file__).parent.parent / "docs" / "backtest.md"
HEAD = Path(__file__).parent.parent / "docs" / "backtest.head.md"
WORDS = {Answer.DENY: "**denied**", Answer.DELAY: "delayed", Answer.WARN: "warned", Answer.ALLOW: "let in"}
WORDS |= {Answer.INCOMPLETE: "not known", Answer.NONE: "-"}
AT_MERGE = {**WORDS, Answer.ALLOW: "quiet"}


COUNTED = """
**{attacks} attacks, {visible} of which a gate or a merge check could see at all. Gate:
{gate_denied} denied at every moment, {gate_delayed} only delayed. Merge check: {merge_denied}
denied, {merge_warned} warned about. Denied or warned about by one or the other: {stopped} of
{visible} ({percent:.1f} %), {denied} of them denied.** Of the {catalog} entries of the catalog
alone, which the other scenarios add to: {catalog_stopped} of {catalog_visible}
({catalog_percent:.1f} %). The columns are not added up.
"""
BENIGN = """
{benign} benign releases, changes and models; a release is asked about two days after it came and
again after ten. Gate: {benign_denied} denied, {benign_delayed} delayed (let in by time alone),
{benign_warned} warned about. Merge check: {benign_merge_denied} denied, {benign_merge_delayed}
denied while young and not later, {benign_merge_warned} warned about.
"""
WHOSE = """
Two ordinary applications (one of npm: axios, express, eslint, vite, typescript, openai and the MCP
SDK; one of PyPI: fastapi, django, flask, transformers, langchain, openai, scikit-learn and more)
install the newest of everything they bring once a week in the year until {taken}. What registries
said of those releases came with the installs. Files were not looked into; what that adds is
measured in [release-diff](release-diff.md): of 376 comparisons of popular packages none would be
denied at any age.
"""
COST = """
* {price.installs} packages installed; denied outside the cooldown: {price.denied}.
* {price.delayed} of them ({share:.1f} %) are an older release for a while; half of the waits are
  {price.wait_days} days or less.
* {price.updates} updates; exemptions needed: {price.exemptions}.
* {price.fixes} security fixes whose advisory came with them or later (PyPI, until {until}: dated
  advisories of npm were not at hand). Held after it was public: {long}{named}; {short} more until
  they were six hours old. Of {price.fixes_unknown} the record is older than the fix, and when it
  began to name it is not known.
* Held while nobody had said what they repair: {silent}, half of them for {middle:.1f} days or more,
  none for more than {most:.0f}.
"""
BESIDES = """
What clients do besides waiting (pnpm runs no install scripts that nobody allowed, for one) is not
in this table: it is about what is let in.
"""


def joined(text: str, **given: object) -> str:
    """One paragraph, filled in."""
    return " ".join(text.format(**given).split())


def page(rows: Sequence[Row], day: str, histories: Histories) -> Iterator[str]:
    """The whole page."""
    first = rows[0]
    bad = [item for item in first.entries if not item.benign]
    good = [item for item in first.entries if item.benign]
    found = summary(first.entries)
    yield HEAD.read_text()
    yield f"Written by `python bench/backtest.py {day}` with Seawall {__version__}; policy `{first.name}`.\n"
    known = {attack.id for attack in read_catalog(data_bytes("attacks.json")).attacks}
    mine = summary([item for item in bad if item.id in known])
    yield joined(
        COUNTED,
        **found,
        percent=100 * found["stopped"] / found["visible"],
        catalog=mine["attacks"],
        catalog_stopped=mine["stopped"],
        catalog_visible=mine["visible"],
        catalog_percent=100 * mine["stopped"] / mine["visible"],
    )
    yield ""
    yield from table("attack", [item for item in bad if item.visible])
    yield "\nNot stopped, and why:\n"
    yield from (open_one(item) for item in bad if item.visible and not item.stopped)
    yield "\nNothing that a gate or a merge check could have been asked about:\n"
    yield from (f"* `{item.id}`: {item.reason}." for item in bad if not item.visible)
    yield "\n## What only looks like an attack\n"
    yield joined(BENIGN, **found)
    yield ""
    yield from table("benign", good)
    yield ""
    yield from priced(rows, histories, found["visible"])


def open_one(item: Entry) -> str:
    """At which moment it got in."""
    one = next(said for said in item.said if not said.stopped)
    last = ", the last moment at which it was there" if one.late else ""
    answers = f"Gate {WORDS[one.gate]}, merge check {AT_MERGE[one.merge]}, {one.at:%Y-%m-%d %H:%M} UTC{last}"
    return f"* `{item.id}`: {item.title}. {answers}."


def table(title: str, items: Sequence[Entry]) -> Iterator[str]:
    """One row an entry."""
    yield f"| {title} | gate | merge check | seen later | by |"
    yield "| --- | --- | --- | --- | --- |"
    for item in items:
        by = ", ".join(item.by[:4]) + (" …" if len(item.by) > 4 else "")
        seen = ", ".join(item.seen) or "-"
        what = f"`{item.id}`: {item.title}" if item.title else f"`{item.id}`"
        yield f"| {what} | {WORDS[item.gate]} | {AT_MERGE[item.merge]} | {seen} | {by} |"


def priced(rows: Sequence[Row], histories: Histories, visible: int) -> Iterator[str]:
    """The price, and every policy beside the first."""
    own = rows[0].price
    short = [one for one in own.fixes_late if 0 <= one.hours <= 6]
    long = [one for one in own.fixes_late if one not in short]
    silent = sorted(one.hours / 24 for one in own.silent_late)
    named = ", ".join(f"{one.name} {one.version}, {one.hours:.0f} hours" for one in long)
    yield "## The price\n"
    yield joined(WHOSE, taken=f"{histories.taken:%Y-%m-%d}")
    yield COST.format(
        price=own,
        share=100 * own.delayed / own.installs,
        until=histories.advisories_until,
        long=len(long),
        named=f" ({named})" if named else "",
        short=len(short),
        silent=len(silent),
        middle=silent[len(silent) // 2],
        most=silent[-1],
    )
    head = (
        "policy",
        f"gate: denied, of {visible}",
        "delayed",
        "merge check: denied",
        "warned",
        "benign: denied",
        "delayed",
        "installs denied",
        f"fixes held over six hours, of {own.fixes}",
    )
    yield f"| {' | '.join(head)} |"
    yield "| --- " * len(head) + "|"
    names = ("gate_denied", "gate_delayed", "merge_denied", "merge_warned", "benign_denied", "benign_delayed")
    for row in rows:
        found = summary(row.entries)
        held = sum(one.hours > 6 or one.hours < 0 for one in row.price.fixes_late)
        cells = [row.name, *(found[name] for name in names), row.price.denied, held]
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    yield joined(BESIDES)


def main() -> None:
    """Write the page."""
    policy = chosen_policy("default")
    tried = (Tried("default", policy), *others(policy))
    histories = read_histories(data_bytes("histories.json"))
    rows = [
        Row(one.name, entries, price(histories, one.policy, one.settings))
        for one, entries in zip(tried, beside(shipped_scenarios(), tried), strict=True)
    ]
    PAGE.write_text("\n".join(page(rows, sys.argv[1], histories)) + "\n")


if __name__ == "__main__":
    main()
