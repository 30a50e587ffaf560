"""go.mod names the modules of a build; go.sum only vouches for contents, of more modules than are built.

Source: the Go Modules Reference. A `replace` changes what is really built: another module, another version,
or a directory. go.sum names more than is built, so its lines are no packages; they vouch for those of go.mod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind, Pin, ProblemKind
from seawall.kernel.source import REGISTRY, Source, SourceKind
from seawall.readers.format import Format
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.text import decode

from ._draft import Draft, facts

ECOSYSTEM = "Go"

_MODULE = re.compile(r"(?!.*/\.)[A-Za-z0-9][A-Za-z0-9._~/!+-]*\Z")
_VERSION = re.compile(r"v\d[0-9A-Za-z.+-]*\Z")
_H1 = re.compile(r"h1:[A-Za-z0-9+/]{43}=\Z")
_KNOWN = frozenset({"module", "go", "toolchain", "godebug", "exclude", "retract", "tool", "ignore"})


@dataclass(slots=True)
class _Mod:
    required: list[tuple[str, str, int, bool]] = field(default_factory=list)
    replaced: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)


def read(data: bytes, path: str, limits: Limits) -> Document:
    """The modules that a go.mod requires, after its replacements. Never raises."""
    draft = Draft(path, limits, ECOSYSTEM)
    try:
        mod = _Mod()
        for verb, words, line, indirect in _lines(decode(data, limits), draft):
            _take(mod, verb, words, line, indirect, draft)
        for name, version, line, indirect in mod.required:
            new = mod.replaced.get((name, version)) or mod.replaced.get((name, "")) or (name, version)
            built, source = (new, REGISTRY) if new[1] else ((name, version), Source(SourceKind.PATH, new[0]))
            draft.entry(Pin(ECOSYSTEM, *built, path, line, source, direct=not indirect))
    except SyntaxFault as fault:
        draft.fault(fault)
    return draft.document("go-mod", DocumentKind.LOCKFILE, facts())


def _lines(content: str, draft: Draft) -> Iterator[tuple[str, list[str], int, bool]]:
    """(directive, words, line, marked as indirect) of every line, those in blocks too."""
    block, opened = "", 0
    seen = False
    for number, raw in enumerate(content.splitlines(), 1):
        code, _, comment = raw.partition("//")
        words = code.split()
        if not words:
            continue
        seen = True
        if block and words == [")"]:
            block = ""
        elif block:
            yield block, words, number, comment.strip().startswith("indirect")
        elif words[-1] == "(" or words[-1].endswith("("):
            block, opened = words[0].rstrip("("), number
        else:
            yield words[0], words[1:], number, comment.strip().startswith("indirect")
    if block:
        draft.problem(ProblemKind.TRUNCATED, f"the block `{block[:20]} (` is not closed", opened)
    if not seen:
        raise SyntaxFault(ProblemKind.TRUNCATED, "the file is empty", 1)


def _take(mod: _Mod, verb: str, words: list[str], line: int, indirect: bool, draft: Draft) -> None:
    words = [word.strip('"`') for word in words]
    if verb == "require" and len(words) >= 2 and _MODULE.match(words[0]) and _VERSION.match(words[1]):
        mod.required.append((words[0], words[1], line, indirect))
    elif verb == "replace" and "=>" in words:
        at = words.index("=>")
        old, new = words[:at], words[at + 1 :]
        if old and new:
            mod.replaced[old[0], old[1] if len(old) > 1 else ""] = (new[0], new[1] if len(new) > 1 else "")
    elif verb not in _KNOWN:
        draft.problem(ProblemKind.MALFORMED, "a line that is not understood", line)


def read_sum(data: bytes, path: str, limits: Limits) -> Document:
    """The digests that a go.sum vouches for, of modules whose code was once fetched. Never raises.

    It names more than is built, so its entries are not counted as taken in; `vouched` holds them for the
    pins of the go.mod beside it. The digest of a module's go.mod alone is none of its code.
    """
    draft = Draft(path, limits, ECOSYSTEM)
    entries = 0
    vouched: dict[tuple[str, str], dict[str, None]] = {}
    try:
        for number, line in enumerate(decode(data, limits).splitlines(), 1):
            words = line.split()
            if not words:
                continue
            if len(words) != 3 or not _H1.match(words[2]):
                kind = ProblemKind.TRUNCATED if number == 1 or len(words) < 3 else ProblemKind.MALFORMED
                draft.problem(kind, "a line that is not `module version h1:digest`", number)
                continue
            entries += 1
            if entries > limits.pins_per_document:
                draft.problem(ProblemKind.TOO_MANY, f"more than {limits.pins_per_document} lines", number)
                break
            if not words[1].endswith("/go.mod"):
                vouched.setdefault((words[0], words[1]), {})[words[2]] = None
    except SyntaxFault as fault:
        draft.fault(fault)
    document = draft.document("go-sum", DocumentKind.LOCKFILE, facts(entries=entries))
    return replace(document, vouched=MappingProxyType({key: tuple(found) for key, found in vouched.items()}))


FORMAT = Format("go-mod", DocumentKind.LOCKFILE, ECOSYSTEM, ("go.mod",), read)
SUM = Format("go-sum", DocumentKind.LOCKFILE, ECOSYSTEM, ("go.sum",), read_sum)
