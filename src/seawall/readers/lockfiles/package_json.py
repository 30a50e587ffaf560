"""package.json says what a project asks for; overrides only say what it does not want, and are no request.

Source: npm's "package.json" page; `workspaces` also as pnpm, yarn and bun read it.
"""

from __future__ import annotations

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Include, ProblemKind
from seawall.readers.format import Format
from seawall.readers.syntax import json
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.json import KeyLines
from seawall.readers.syntax.text import decode

from ._draft import Draft, facts, table, text, texts
from ._npm import ECOSYSTEM, GROUPS, requirement

_HOOKS = ("preinstall", "install", "postinstall", "prepare", "prepublish")


def read(data: bytes, path: str, limits: Limits) -> Document:
    """What a package.json asks for. Never raises."""
    draft = Draft(path, limits, ECOSYSTEM)
    known = facts()
    try:
        content = decode(data, limits)
        manifest = json.load(content, limits)
        if not isinstance(manifest, dict):
            raise SyntaxFault(ProblemKind.MALFORMED, "a manifest is an object", 1)
        _read_tables(manifest, content, draft)
        for target in _workspaces(manifest):
            draft.includes.append(Include(target, "workspace"))
        scripts = table(manifest.get("scripts"))
        known = facts(
            name=manifest.get("name"),
            version=manifest.get("version"),
            private="true" if manifest.get("private") is True else "",
            package_manager=manifest.get("packageManager"),
            install_scripts=" ".join(hook for hook in _HOOKS if text(scripts.get(hook))),
        )
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document("package-json", DocumentKind.MANIFEST, known)


def _read_tables(manifest: dict[str, object], content: str, draft: Draft) -> None:
    order = [key for key in manifest if key in GROUPS]
    for key in order:
        value = manifest[key]
        if not isinstance(value, dict):
            draft.problem(ProblemKind.MALFORMED, f"`{key}` is not an object")
            continue
        lines = KeyLines(content)
        lines.line_of(key)
        for name, spec in value.items():
            if draft.full():
                return
            line = lines.line_of(name)
            found = requirement(name, spec, draft.path, line, GROUPS[key])
            if found:
                draft.requirements.append(found)
            else:
                draft.problem(ProblemKind.MALFORMED, f"`{key}` holds something that is no dependency", line)


def _workspaces(manifest: dict[str, object]) -> list[str]:
    value = manifest.get("workspaces")
    if isinstance(value, dict):
        value = value.get("packages")
    return texts(value)[:1000]


FORMAT = Format("package-json", DocumentKind.MANIFEST, ECOSYSTEM, ("package.json",), read)
