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
        DOCS / "firewall-settings.md": firewall_settings_page(),
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
        shown = str(value).lower() if isinstance(value, bool) else getattr(value, "word", value)
        texts = isinstance(shown, str) and not isinstance(value, bool)
        default = "[]" if value == () else f'"{shown}"' if texts else str(shown)
        lines.append(f"| `[{setting.table}]` | `{setting.key}` | `{default}` | {setting.meaning} |")
    return "\n".join(lines) + "\n"


def firewall_settings_page() -> str:
    """Every key of firewall.toml with its default."""
    from seawall.readers.settings.firewall_toml import DEFAULTS, LAYOUT

    lines = [(DOCS / "firewall-settings.head.md").read_text().rstrip(), ""]
    lines += ["| table | setting | default | meaning |", "| --- | --- | --- | --- |"]
    for key in LAYOUT:
        if key.table.startswith("[["):
            default = "needed" if key.needed else ""
        else:
            value = getattr(DEFAULTS.listen if key.table == "[listen]" else DEFAULTS, key.field)
            default = f"`{firewall_default(value)}`"
        lines.append(f"| `{key.table}` | `{key.key}` | {default} | {key.meaning} |")
    return "\n".join(lines) + "\n"


def firewall_default(value: object) -> str:
    """A default as it would be written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        units = [(1024**3, "GiB"), (1024**2, "MiB")]
        unit = next(((size, word) for size, word in units if value >= size and not value % size), None)
        return f'"{value // unit[0]} {unit[1]}"' if unit else str(value)
    if isinstance(value, float):
        return f"{value:g}" if value < 1e6 and value % 1 else f"{value:.0f}"
    return "[]" if value == () else f'"{value}"'


def formats_page() -> str:
    """Every format with the file names it claims."""
    from seawall.readers import tools
    from seawall.readers.lockfiles import ENVIRONMENTS, FORMATS
    from seawall.readers.pipelines import FORMATS as PIPELINES

    lines = [(DOCS / "formats.head.md").read_text().rstrip(), "", "| format | kind | ecosystem | files |"]
    lines.append("| --- | --- | --- | --- |")
    for item in FORMATS:
        names = ", ".join(f"`{glob}`" for glob in item.globs)
        lines.append(f"| `{item.id}` | {item.kind} | {item.ecosystem or 'any'} | {names} |")
    for tool in tools.FORMATS:
        names = ", ".join(f"`{glob}`" for glob in tool.globs) or "scripts beside a skill"
        lines.append(f"| `{tool.id}` | tool | any | {names} |")
    for place in ENVIRONMENTS:
        names = ", ".join(f"`{root}/`" for root in place.roots)
        lines.append(f"| `{place.id}` | installed | {place.ecosystem} | {names} |")
    for pipeline in PIPELINES:
        names = ", ".join(f"`{glob}`" for glob in pipeline.globs) or "whatever a command names"
        lines.append(f"| `{pipeline.id}` | pipeline | any | {names} |")
    return "\n".join(lines) + "\n"


def command_pages() -> dict[Path, str]:
    """Every command's page with its options brought up to date; the rest of the page is written by hand."""
    from seawall.cli.main import COMMANDS, help_of, load

    pages = {}
    for name, _, summary in COMMANDS:
        path = DOCS / "commands" / f"{name}.md"
        text = path.read_text() if path.exists() else f"# seawall {name}\n\n{summary}\n\n{START}\n{END}\n"
        told = "\n\n".join(part.rstrip() for part in help_of(load(name)))
        block = f"{START}\n\n```text\n{told}\n```\n\n{END}"
        pages[path] = re.sub(f"{re.escape(START)}.*?{re.escape(END)}", lambda _: block, text, flags=re.DOTALL)  # noqa: B023
    return pages


if __name__ == "__main__":
    sys.exit(main())
