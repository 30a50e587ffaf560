"""Tiny trees that go through the real readers, and the one edge that a test speaks of."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from seawall.kernel.reach.edge import Edge, Reach
from seawall.reach import of_tree

HEAD = "on: push\npermissions:\n  contents: read\n"


def tree(top: Path, files: dict[str, str]) -> Reach:
    """The reach of a tree with these files; a name without `/` is a workflow."""
    for name, text in files.items():
        path = top / (
            name
            if "/" in name or name in ("package.json", "Makefile", "Dockerfile")
            else f".github/workflows/{name}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return of_tree(top)


def job(top: Path, steps: str, more: str = "", head: str = HEAD, **files: str) -> Reach:
    """The reach of one job `build` with these steps; `more` are further keys of the job."""
    body = indent(dedent(more), "    ") + "    steps:\n" + indent(dedent(steps).strip("\n"), "      ") + "\n"
    text = f"{head}jobs:\n  build:\n    runs-on: ubuntu-latest\n{body}"
    return tree(top, {"w.yml": text, **{name.replace("__", "/"): text for name, text in files.items()}})


def edge(reach: Reach, code: str, target: str, place: str = "#build") -> Edge | None:
    """The edge of a code item (by a part of its name) to a target (by its name), None when there is none."""
    found = [
        one
        for one in reach.edges
        if _meant(one, code) and one.target.name == target and one.place.endswith(place)
    ]
    assert len(found) < 2, [(one.code, one.target) for one in found]
    return found[0] if found else None


def said(reach: Reach, code: str, target: str, place: str = "#build") -> tuple[str, str]:
    """(rules, confidence) of that edge, both empty when there is none."""
    found = edge(reach, code, target, place)
    return (" ".join(found.rules), str(found.confidence)) if found else ("", "")


def _meant(one: Edge, code: str) -> bool:
    """`artifact:dist` names a kind as well."""
    kind, mark, name = code.partition(":")
    return name in one.code.name and str(one.code.kind) == kind if mark else code in one.code.name
