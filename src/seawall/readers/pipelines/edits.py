"""An edit changes one value of a workflow or action in its text and leaves every other character alone.

Each function finds its place by the line that a reader told, and answers with splices of the text and with
the same change of the values that it stands for, so that whoever applies it can hold one against the other.
What cannot be changed without guessing is refused with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seawall.kernel.limits import Limits
from seawall.readers.syntax.fault import SyntaxFault
from seawall.readers.syntax.yaml_marks import Marked, Path, everything, marked


class Unsafe(Exception):
    """The text cannot be changed there by a program; the message says why, in one clause."""


@dataclass(frozen=True, slots=True)
class Splice:
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """The value at `path` becomes `value`; None = the entry goes."""

    path: Path
    value: object | None


@dataclass(frozen=True, slots=True)
class Rewording:
    """`old`, which stands at `at` in the script at `path`, becomes `new`; one script may get several."""

    path: Path
    at: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One cut in the text, and what it does to the values."""

    splices: tuple[Splice, ...]
    changes: tuple[Change, ...] = ()
    rewordings: tuple[Rewording, ...] = ()


class Source:
    """A text with the places of its values. Raises Unsafe for a text that is no YAML as we read it."""

    def __init__(self, text: str, limits: Limits) -> None:
        if "\r" in text.replace("\r\n", ""):
            raise Unsafe("its lines end in a way that is not edited")
        try:
            self.top = marked(text, limits)
        except SyntaxFault as fault:
            raise Unsafe(fault.message) from None
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.values = tuple(everything(self.top))
        self._steps: dict[int, list[tuple[Path, Marked, bool]]] = {}
        for path, one, shared in self.values:
            if path and isinstance(path[-1], int) and path[-2:-1] in (("steps",), ("parallel",)):
                self._steps.setdefault(one.line, []).append((path, one, shared))

    def end_of_line(self, index: int) -> int:
        """Where the line of `index` ends, its line break not counted."""
        end = self.text.find("\n", index)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > index and self.text[end - 1] == "\r" else end

    def start_of_line(self, index: int) -> int:
        """Where the line of `index` begins."""
        return self.text.rfind("\n", 0, index) + 1

    def step(self, line: int) -> tuple[Path, Marked]:
        """The step that begins on a line."""
        found = [item for item in self._steps.get(line, ()) if item[1].kind == "mapping"]
        return self._only(found, "a step of this line was not found")

    def job(self, line: int) -> tuple[Path, Marked]:
        """The job whose name stands on a line."""
        jobs = self.top.get("jobs")
        found: list[tuple[Path, Marked, bool]] = []
        for key, value in jobs.items if jobs is not None and jobs.kind == "mapping" else ():
            if key is not None and key.line == line and jobs is not None:
                shared = value.shared or jobs.shared or value.kind == "alias"
                found.append((("jobs", key.value), value, shared))
        return self._only(found, "the job was not found")

    def _only(self, found: Sequence[tuple[Path, Marked, bool]], missing: str) -> tuple[Path, Marked]:
        if len(found) != 1:
            raise Unsafe(missing if not found else "more than one stands on this line")
        path, one, shared = found[0]
        if shared or any(value.shared for _, value in one.items):
            raise Unsafe("it is an anchor or an alias, so that other places would change too")
        if one.kind != "mapping":
            raise Unsafe("it is no mapping")
        return path, one

    def lines(self, *lines: str) -> str:
        """These lines, each behind a line break."""
        return "".join(self.newline + line for line in lines)


def with_entry(source: Source, line: int, block: str, key: str, value: str, said: object) -> Edit:
    """The step of a line gets `key: value` in its `with` or `env`; `said` is what a reader reads there."""
    path, step = source.step(line)
    return Edit(*_entry(source, path, step, block, key, value, said))


def _entry(
    source: Source, path: Path, step: Marked, block: str, key: str, value: str, said: object
) -> tuple[tuple[Splice, ...], tuple[Change, ...]]:
    pair = f"{key}: {value}"
    held = step.entry(block)
    if held is None:
        return (_new_block(source, step, block, pair),), (Change((*path, block), {key: said}),)
    name, body = held
    if body.kind == "scalar" and body.start == body.end and not body.style and step.style == "block":
        column = " " * (step.column + 2)
        at = source.end_of_line(name.end)
        return (Splice(at, at, source.lines(column + pair)),), (Change((*path, block), {key: said}),)
    if body.kind != "mapping":
        raise Unsafe(f"its `{block}` is no mapping")
    if any(item is not None and item.value.lower() == key.lower() for item, _ in body.items):
        raise Unsafe(f"it sets `{key}` itself")
    return (_into(source, body, pair),), (Change((*path, block, key), said),)


def _new_block(source: Source, step: Marked, block: str, pair: str) -> Splice:
    """A `with` or `env` of its own, behind the line that says what the step runs."""
    if step.style == "flow":
        return _into(source, step, f"{block}: {{{pair}}}")
    indent = " " * step.column
    main = step.entry("uses") or step.entry("run")
    if main is None:
        raise Unsafe("it has neither `uses` nor `run`")
    if main[1].simple:
        at = source.end_of_line(main[1].end)
        return Splice(at, at, source.lines(f"{indent}{block}:", f"{indent}  {pair}"))
    at = main[0].start
    return Splice(at, at, f"{block}:{source.newline}{indent}  {pair}{source.newline}{indent}")


def _into(source: Source, body: Marked, pair: str) -> Splice:
    """One more entry of a mapping: the last one, or the first where the last takes more than a line."""
    if not body.items:
        return Splice(body.start + 1, body.start + 1, pair)
    first, last = body.items[0][0], body.items[-1][1]
    if body.style == "flow":
        return Splice(last.end, last.end, f", {pair}")
    if first is None:
        raise Unsafe("it is no mapping")
    if last.simple and last.end > last.start:
        at = source.end_of_line(last.end)
        return Splice(at, at, source.lines(" " * first.column + pair))
    return Splice(first.start, first.start, pair + source.newline + " " * first.column)


def with_job_setting(source: Source, line: int, lines: Sequence[str], key: str, said: object) -> Edit:
    """The job of a line gets a new key; `lines` are its lines as written, the first one `key: …`."""
    path, job = source.job(line)
    if job.style == "flow":
        raise Unsafe("the job is written on one line")
    if job.entry(key) is not None:
        raise Unsafe(f"it sets `{key}` itself")
    indent = " " * job.column
    runs_on = job.get("runs-on")
    if runs_on is not None and runs_on.simple and runs_on.end > runs_on.start:
        at = source.end_of_line(runs_on.end)
        splice = Splice(at, at, source.lines(*(indent + one for one in lines)))
    else:
        first = job.items[0][0]
        if first is None:
            raise Unsafe("it is no mapping")
        joined = (source.newline + indent).join(lines)
        splice = Splice(first.start, first.start, joined + source.newline + indent)
    return Edit((splice,), (Change((*path, key), said),))


def with_commit(source: Source, line: int, ref: str, commit: str) -> Edit:
    """What the step or job of a line uses is named by its commit; the ref stays as a comment behind it."""
    try:
        path, one = source.step(line)
    except Unsafe:
        path, one = source.job(line)
    uses = one.get("uses")
    if uses is None or not uses.simple or uses.kind != "scalar" or not uses.value.endswith(f"@{ref}"):
        raise Unsafe("its `uses` is not written on one line")
    written = source.text[uses.start : uses.end]
    at = written.rfind(f"@{ref}")
    if at < 0 or len(written) - at - len(ref) > 2:
        raise Unsafe("its `uses` is not written plainly")
    start = uses.start + at + 1
    value = f"{uses.value.removesuffix(ref)}{commit}"
    splices = [Splice(start, start + len(ref), commit)]
    if one.style == "block":
        splices.append(Splice(uses.end, uses.end, f" # {ref}"))
    return Edit(tuple(splices), (Change((*path, "uses"), value),))


def with_script(source: Source, start: int, end: int, new: str, plain: str = "") -> Edit:
    """`text[start:end]`, a part of one script, becomes `new`; `plain` where the script stands unquoted."""
    found = [
        (path, one, shared)
        for path, one, shared in source.values
        if path[-1:] == ("run",) and one.kind == "scalar" and one.start <= start and end <= one.end
    ]
    if len(found) != 1:
        raise Unsafe("the script was not found")
    path, one, shared = found[0]
    if shared:
        raise Unsafe("the script has an anchor, so that other places would change too")
    if one.style == ">" or (one.style != "|" and not one.simple):
        raise Unsafe("the script is folded over several lines")
    old, new = source.text[start:end], (plain or new) if not one.style else new
    at = -1
    for _ in range(source.text[one.start : start].count(old) + 1):
        at = one.value.find(old, at + 1)
        if at < 0:
            raise Unsafe("the script is written with escapes")
    return Edit((Splice(start, end, new),), (), (Rewording(path, at, old, new),))


def with_moved(source: Source, line: int, step_line: int) -> Edit:
    """The variable of a line, of a job's or workflow's `env`, becomes one of a single step."""
    found = [
        (path, key, value, body, shared)
        for path, body, shared in source.values
        if path[-1:] == ("env",) and body.kind == "mapping" and len(path) in (1, 3)
        for key, value in body.items
        if key is not None and key.line == line
    ]
    if len(found) != 1:
        raise Unsafe("the variable was not found")
    path, key, value, body, shared = found[0]
    if shared or value.shared or body.style == "flow" or not value.simple or value.kind != "scalar":
        raise Unsafe("the variable is not written on a line of its own")
    taken = [_line_of(source, key.start)]
    changes = [Change((*path, key.value), None)]
    if len(body.items) == 1:
        owner = source.top if len(path) == 1 else source.top.get("jobs")
        owner = owner.get(str(path[1])) if owner is not None and len(path) == 3 else owner
        name = owner.entry("env") if owner is not None else None
        if name is None:
            raise Unsafe("the variable was not found")
        taken.insert(0, _line_of(source, name[0].start))
        changes = [Change(path, None)]
    written = source.text[key.start : source.end_of_line(value.end)]
    comment = source.text[value.end : source.end_of_line(value.end)]
    step_path, step = source.step(step_line)
    shown = written if step.style == "block" else written.removesuffix(comment)
    pair = shown.partition(":")[2].strip()
    splices, more = _entry(source, step_path, step, "env", key.value, pair, value.value)
    return Edit((*taken, *splices), (*changes, *more))


def _line_of(source: Source, index: int) -> Splice:
    """The whole line of a key goes."""
    start, end = source.start_of_line(index), source.end_of_line(index)
    if source.text[start:index].strip():
        raise Unsafe("the variable is not written on a line of its own")
    while source.text[end : end + 1] in ("\r", "\n"):
        end += 1
        if source.text[end - 1] == "\n":
            break
    return Splice(start, end, "")


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits made. Raises Unsafe where two of them change the same characters."""
    splices = [splice for edit in edits for splice in edit.splices]
    order = sorted(range(len(splices)), key=lambda at: (splices[at].start, splices[at].end, at))
    parts: list[str] = []
    done = 0
    for at in order:
        splice = splices[at]
        if splice.start < done:
            raise Unsafe("two changes meet there")
        parts += [text[done : splice.start], splice.new]
        done = splice.end
    return "".join(parts) + text[done:]


def changed(value: object, edits: Sequence[Edit]) -> object:
    """The values with all edits made; what shared a value before has one of its own. Raises Unsafe."""
    copy = _copied(value)
    wordings = sorted(
        (one for edit in edits for one in edit.rewordings), key=lambda one: one.at, reverse=True
    )
    for one in wordings:
        text = str(found_at(copy, one.path))
        _change(copy, Change(one.path, reworded(text, one)))
    for edit in edits:
        for change in edit.changes:
            _change(copy, change)
    return copy


def reworded(text: str, one: Rewording) -> str:
    """A script with one rewording made. Raises Unsafe where the script is another one."""
    if text[one.at : one.at + len(one.old)] != one.old:
        raise Unsafe("the script is not the one that was read")
    return text[: one.at] + one.new + text[one.at + len(one.old) :]


def found_at(top: object, path: Path) -> object:
    """The value at a path. Raises Unsafe."""
    for part in path:
        listed = isinstance(top, list) and isinstance(part, int) and part < len(top)
        if not listed and not (isinstance(top, dict) and part in top):
            raise Unsafe("its place was not found")
        top = top[part]  # type: ignore[index]
    return top


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _change(top: object, change: Change) -> None:
    *way, last = change.path
    for part in way:
        if isinstance(top, dict) and part in top:
            if top[part] is None:
                top[part] = {}
            top = top[part]
        elif isinstance(top, list) and isinstance(part, int) and part < len(top):
            top = top[part]
        else:
            raise Unsafe("its place was not found")
    if not isinstance(top, dict):
        raise Unsafe("its place was not found")
    if change.value is None:
        top.pop(last, None)
    elif isinstance(change.value, dict) and isinstance(top.get(last), dict):
        top[last].update(change.value)
    else:
        top[last] = change.value
