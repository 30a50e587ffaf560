"""Write the documents that are made from the code: rules, settings, and the options of every command.

`python docs/generate.py` writes them, `--check` only says which are out of date (exit 1).
"""

import os
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
START, END = "<!-- options: written by make docs -->", "<!-- end of options -->"


def main() -> int:
    """Write or check; the exit code."""
    os.environ["COLUMNS"] = "100"
    wanted = {
        DOCS / "rules.md": rules_page(),
        DOCS / "settings.md": settings_page(),
        DOCS / "formats.md": formats_page(),
    }
    wanted.update(command_pages())
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(DOCS.parent)} is out of date: run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path])
        print(f"wrote {path.relative_to(DOCS.parent)}")
    return 0


def rules_page() -> str:
    """Every rule with its docstring, findings first, then signals."""
    from seawall.rules import RULES

    lines = [
        "# Rules",
        "",
        "Written from the rules' own docstrings by `make docs`; `seawall explain RULE` shows the same text.",
        "A *finding* stands alone. A *signal* is a curiosity alone: it is printed with `--all` only, and",
        "policy combines signals.",
        "",
        "| rule | severity | |",
        "| --- | --- | --- |",
    ]
    ordered = sorted(RULES, key=lambda rule: (rule.signal, -rule.severity, rule.id))
    for rule in ordered:
        kind = "signal" if rule.signal else "finding"
        online = ", asks the registry" if rule.online else ""
        lines.append(f"| [{rule.id}](#{anchor(rule.id)}) | {rule.severity.word} | {kind}{online} |")
    for rule in ordered:
        lines += ["", f"## {rule.id}", "", markdown(rule.documentation)]
    return "\n".join(lines) + "\n"


def anchor(title: str) -> str:
    """The anchor that a heading gets on the usual hosts."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def markdown(docstring: str) -> str:
    """A docstring as Markdown: its sections in bold."""
    return re.sub(r"^(Why|Attack|Fix):", r"**\1.**", docstring, flags=re.MULTILINE)


def settings_page() -> str:
    """Every setting with its default."""
    from seawall.kernel.settings import DEFAULTS
    from seawall.readers.settings.seawall_toml import LAYOUT

    lines = [(DOCS / "settings.head.md").read_text().rstrip(), "", "| table | setting | default | meaning |"]
    lines.append("| --- | --- | --- | --- |")
    for setting in LAYOUT:
        value = getattr(DEFAULTS, setting.field)
        shown = getattr(value, "word", value)
        default = "[]" if value == () else f'"{shown}"' if isinstance(shown, str) else str(shown)
        lines.append(f"| `[{setting.table}]` | `{setting.key}` | `{default}` | {setting.meaning} |")
    return "\n".join(lines) + "\n"


def formats_page() -> str:
    """Every format with the file names it claims."""
    from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS

    lines = [(DOCS / "formats.head.md").read_text().rstrip(), "", "| format | kind | ecosystem | files |"]
    lines.append("| --- | --- | --- | --- |")
    for item in FORMATS:
        names = ", ".join(f"`{glob}`" for glob in item.globs)
        lines.append(f"| `{item.id}` | {item.kind} | {item.ecosystem or 'any'} | {names} |")
    for place in ENVIRONMENTS:
        names = ", ".join(f"`{root}/`" for root in place.roots)
        lines.append(f"| `{place.id}` | installed | {place.ecosystem} | {names} |")
    return "\n".join(lines) + "\n"


def command_pages() -> dict[Path, str]:
    """Every command's page with its options brought up to date; the rest of the page is written by hand."""
    from seawall.cli.main import COMMANDS, load, parser_of

    pages = {}
    for name, _, summary in COMMANDS:
        path = DOCS / "commands" / f"{name}.md"
        text = path.read_text() if path.exists() else f"# seawall {name}\n\n{summary}\n\n{START}\n{END}\n"
        block = f"{START}\n\n```text\n{parser_of(load(name)).format_help().rstrip()}\n```\n\n{END}"
        pages[path] = re.sub(f"{re.escape(START)}.*?{re.escape(END)}", lambda _: block, text, flags=re.DOTALL)  # noqa: B023
    return pages


if __name__ == "__main__":
    sys.exit(main())
