"""What editors, agents and dev containers start runs as the person who uses them, and reads what they can.

A server, hook or task is given some credentials by name (R1). Beside that it reads whatever the machine
holds, which is one target, `*`, until the machine itself is looked at. What runs in a container reads what
the container is given, and the machine's where the container has a way out (R11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from seawall.kernel.code import LOOSENESS, Code, CodeKind, Firmness
from seawall.kernel.launch import brought, programs, subject
from seawall.kernel.secrecy import names_a_secret
from seawall.kernel.tool import Given, Launch, LaunchKind, Moment, Reference, ReferenceKind, ToolFile

from .edge import Confidence, Cut, Edge, Line, Place, PlaceKind, Target, TargetKind

ToolReach = tuple[tuple[Place, ...], tuple[tuple[str, Code], ...], tuple[Edge, ...]]
"""Places, code items with their place, edges."""

EVERYTHING = Target(TargetKind.CREDENTIAL, "*", "machine")
"""Whatever the machine holds that opens this."""

FORWARDED = Target(TargetKind.CREDENTIAL, "git credentials", "machine")
"""What editors hand into a dev container unasked: the credential helper and the agent of ssh."""

_KINDS = {
    LaunchKind.SERVER: CodeKind.SERVER,
    LaunchKind.HOOK: CodeKind.HOOK,
    LaunchKind.TASK: CodeKind.TOOL,
    LaunchKind.COMMAND: CodeKind.TOOL,
}
_FOLDERS = ("vscode-tasks", "vscode-launch", "vscode-extensions", "vscode-workspace", "devcontainer")
_INTERPRETERS = frozenset(
    {"node", "python", "python3", "bun", "deno", "bash", "sh", "zsh", "ruby", "perl", "tsx"}
)
_IN_TREE = (
    ".", "$CLAUDE_PROJECT_DIR", "${CLAUDE_PROJECT_DIR}", "${CLAUDE_PLUGIN_ROOT}", "$GEMINI_PROJECT_DIR",
    "${workspaceFolder}", "${CURSOR_PLUGIN_ROOT}",
)  # fmt: skip
_PINNED = Cut("pin-version", "write the exact version or digest into the line")
_FETCHED = "fetched at every start"
_LOOK = "this must not start by itself: take it out, or approve the file by its digest"


def tool_reach(files: Iterable[ToolFile]) -> ToolReach:
    """Places, code items and edges of all these files, in their order."""
    places: list[Place] = []
    codes: list[tuple[str, Code]] = []
    edges: dict[Edge, None] = {}
    for file in files:
        items = [*_of_launches(file), *_of_references(file), *_of_skill(file)]
        if not items:
            continue
        place = _place(file)
        places.append(place)
        for code, moment, given, remote in items:
            codes.append((place.id, code))
            edges.update(dict.fromkeys(_edges(code, moment, given, file, place.id, remote=remote)))
    return tuple(places), tuple(codes), tuple(edges)


_Item = tuple[Code, str, tuple[Given, ...], bool]
"""A code item, when it runs, what it is given, and whether it runs on another machine."""


def _place(file: ToolFile) -> Place:
    kind = PlaceKind.FOLDER if file.format.startswith(_FOLDERS) else PlaceKind.AGENT
    moments = dict.fromkeys(str(launch.moment) for launch in file.launches)
    return Place(f"{kind}:{file.path}", kind, file.path, triggers=tuple(moments))


def _of_launches(file: ToolFile) -> Iterator[_Item]:
    for launch in file.launches:
        given = (*launch.given, *file.given)
        remote = not launch.commands
        for code in _codes(launch, file):
            yield code, str(launch.moment), given, remote


def _codes(launch: Launch, file: ToolFile) -> Iterator[Code]:
    kind, contained = _KINDS[launch.kind], launch.moment is Moment.CONTAINER
    if not launch.commands:
        yield Code(
            kind, launch.address.host or launch.name, Firmness.NONE, file.path, launch.line,
            condition=str(launch.moment), note="runs elsewhere; its answers steer the agent",
        )  # fmt: skip
        return
    found = [code for code in brought(launch, file.path) if code.packages or code.kind is not CodeKind.TOOL]
    for code in found:
        called = kind if code.kind in (CodeKind.TOOL, CodeKind.IMAGE) else code.kind
        yield replace(
            code,
            kind=called,
            name=subject(code),
            contained=contained or code.contained,
            condition=str(launch.moment),
            note=_FETCHED,
        )
    if not found:
        name, pin, note = _program(launch)
        yield Code(
            kind, name, pin, file.path, launch.line,
            contained=contained, condition=str(launch.moment), note=note,
        )  # fmt: skip


def _program(launch: Launch) -> tuple[str, Firmness, str]:
    """(name, pin, note) of a launch that fetches nothing: a file of the tree, or a program of the machine."""
    runs = programs(launch)
    if not runs:
        return launch.name, Firmness.NONE, ""
    run = runs[-1]
    candidates = run.texts[:2] if run.program in _INTERPRETERS else [run.written]
    for word in candidates:
        relative = not word.startswith(("/", "~", "-", "$", "http"))
        a_file = "/" in word or (word != run.written and "." in word)
        if word.startswith(_IN_TREE) or (relative and a_file):
            return word, Firmness.SHA, "a file of this tree"
    return run.written, Firmness.FLOATING, "whatever this machine has under the name"


_WHEN = {
    "recommends": "when somebody installs it",
    "pulls-in": "when the editor starts",
    "installs": str(Moment.AGENT),
}
_REFERENCES = {
    ReferenceKind.EXTENSION: CodeKind.EXTENSION,
    ReferenceKind.PLUGIN: CodeKind.TOOL,
    ReferenceKind.SKILL: CodeKind.AGENT,
    ReferenceKind.FEATURE: CodeKind.IMAGE,
    ReferenceKind.IMAGE: CodeKind.IMAGE,
}


def _of_references(file: ToolFile) -> Iterator[_Item]:
    inside = file.format.startswith("devcontainer")
    markets = {r.name: r for r in file.references if r.kind is ReferenceKind.MARKETPLACE}
    for item in file.references:
        if item.relation not in _WHEN or item.kind not in _REFERENCES:
            continue
        moment = str(Moment.CONTAINER) if inside else _WHEN[item.relation]
        pinned = markets.get(item.owner, item)
        code = Code(
            _REFERENCES[item.kind], item.name, pinned.pin, file.path, item.line,
            ref=pinned.ref, contained=inside, condition=moment, note=_from(item, pinned),
        )  # fmt: skip
        yield code, moment, file.given, False


def _from(item: Reference, pinned: Reference) -> str:
    if item.kind is ReferenceKind.PLUGIN:
        return f"from the marketplace {item.owner or 'of its tool'}"
    return f"comes along with {pinned.owner}" if pinned.owner else ""


def _of_skill(file: ToolFile) -> Iterator[_Item]:
    if file.format == "skill":
        moment = str(Moment.EVENT)
        note = "instructions and scripts of this tree"
        code = Code(CodeKind.AGENT, file.path, Firmness.SHA, file.path, 1, condition=moment, note=note)
        yield code, moment, (), False


def _edges(
    code: Code, moment: str, given: Iterable[Given], file: ToolFile, place: str, *, remote: bool
) -> Iterator[Edge]:
    cuts = tuple(_cuts(code, moment, file))
    here = Line(code.path, code.line)
    for one in given:
        for target in _targets(one, file):
            lines = (here, Line(file.path, one.line))
            yield Edge(code, place, target, ("R1",), Confidence.CERTAIN, moment, evidence=lines, cuts=cuts)
    if remote:
        return
    if not code.contained:
        yield Edge(
            code,
            place,
            EVERYTHING,
            ("R1", "R13"),
            Confidence.CONDITIONAL,
            moment,
            evidence=(here,),
            cuts=cuts,
        )
        return
    openings = [s for s in file.settings if s.name == "mounts" or (s.name, s.value) == ("privileged", "true")]
    for opening in openings[:1]:
        lines = (here, Line(file.path, opening.line))
        closed = Cut("close-container", f"take {opening.value} out of the container", file.path, opening.line)
        yield Edge(
            code,
            place,
            EVERYTHING,
            ("R11",),
            Confidence.CONDITIONAL,
            moment,
            evidence=lines,
            cuts=(closed, *cuts),
        )
    when = f"{moment}, where the editor forwards them"
    rules = ("R11", "R13")
    yield Edge(code, place, FORWARDED, rules, Confidence.CONDITIONAL, when, evidence=(here,), cuts=cuts)


def _targets(one: Given, file: ToolFile) -> Iterator[Target]:
    """The credentials among what is given: by the name of the variable, or of what holds it literally."""
    for variable in one.variables:
        name = one.name if variable.startswith("input:") and one.name != variable else variable
        if names_a_secret(variable) or names_a_secret(one.name) or one.via in ("header", "address"):
            yield Target(TargetKind.CREDENTIAL, name, "machine")
    if one.credential:
        yield Target(TargetKind.CREDENTIAL, one.name, f"file:{file.path}")


def _cuts(code: Code, moment: str, file: ToolFile) -> Iterator[Cut]:
    if LOOSENESS[code.pin] > LOOSENESS[Firmness.VERSION] and code.note == _FETCHED:
        yield Cut(_PINNED.id, _PINNED.words, code.path, code.line)
    if moment in (str(Moment.FOLDER), str(Moment.HOST)) or (
        moment == str(Moment.AGENT) and code.kind in (CodeKind.HOOK, CodeKind.TOOL)
    ):
        yield Cut("remove-start", _LOOK, file.path, code.line)
