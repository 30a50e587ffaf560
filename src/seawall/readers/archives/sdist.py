"""A source archive runs code when it is built, and pip builds it wherever there is no wheel.

Source: PyPA's source distribution format, PEP 517 (build backends), setuptools' `cmdclass`.
"""

from __future__ import annotations

import re

from seawall.kernel.contents import Contents, Hook, Shape
from seawall.kernel.limits import Limits
from seawall.readers.containers.member import Source
from seawall.readers.syntax import toml
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._draft import Draft, Memory, below_first, described, modules

_CMDCLASS = re.compile(rb"^.*\bcmdclass\b.*$", re.MULTILINE)


def read(source: Source, filename: str, limits: Limits, memory: Memory) -> Contents:
    """The contents of a source archive of Python."""
    draft = Draft(Shape.SDIST, filename, limits, memory, below_first)
    draft.fill(source)
    said = described(draft, "PKG-INFO", "PKG-INFO")
    _hooks(draft)
    return draft.contents(
        name=said.name,
        version=said.version,
        dependencies=said.dependencies,
        elsewhere=said.elsewhere,
        loaded=modules(draft.files) - {"setup.py"},
    )


def _hooks(draft: Draft) -> None:
    setup = draft.texts.get("setup.py")
    if setup is not None:
        draft.hooks.append(Hook("setup.py", "setup.py", "", ("setup.py",)))
        found = _CMDCLASS.search(setup)
        if found:
            code = found[0].decode("utf-8", "replace").strip()[:200]
            draft.hooks.append(Hook("cmdclass", "setup.py", code, ("setup.py",)))
    text = draft.texts.get("pyproject.toml")
    if text is None:
        return
    try:
        document = toml.load(decode(text, draft.limits), draft.limits)
    except SyntaxFault as fault:
        draft.fault(fault, "pyproject.toml")
        return
    system = document.get("build-system") if isinstance(document, dict) else None
    if not isinstance(system, dict):
        return
    backend, own = system.get("build-backend"), system.get("backend-path")
    if isinstance(backend, str):
        draft.hooks.append(Hook("build-backend", "pyproject.toml", backend[:200]))
    if isinstance(own, list) and own:
        runs = tuple(p for p in draft.files if p.endswith(".py") and _below(p, own))
        draft.hooks.append(Hook("backend-path", "pyproject.toml", ", ".join(map(str, own))[:200], runs))


def _below(path: str, places: list[object]) -> bool:
    folders = [str(item).strip("./") for item in places]
    return any(path.startswith(f"{folder}/") if folder else "/" not in path for folder in folders)
