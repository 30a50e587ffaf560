"""Repositories that a script clones, and of which it then runs, builds or installs something.

Source: git-clone(1), git-checkout(1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from posixpath import basename, normpath

from seawall.kernel.code import Code, CodeKind

from .downloads import place_key
from .options import known, names, parsed
from .running import UNKNOWN, Run, placed
from .scene import Scene, code, ref_pin

_CLONE = known(
    "-b --branch --depth -o --origin -c --config --reference -j --jobs --filter --separate-git-dir -u "
    "--upload-pack "
    "--template --shallow-since --revision --server-option --bundle-uri",
    "--recursive --recurse-submodules -q --quiet -v --verbose --single-branch --no-single-branch --bare "
    "--mirror -n "
    "--no-checkout --shallow-submodules --no-tags --sparse --progress -l -s --local --shared "
    "--dissociate --tags",
)
_MOST = 20
_LOOKING = names(
    "git cd ls cat echo rm mv cp mkdir grep find pushd popd test [ [[ du head tail diff wc touch tar "
    "zip rsync export printf"
)


def clones(scene: Scene) -> Iterator[Code]:
    """Repositories that are cloned and of which something is then run, built or installed."""
    found = 0
    for order, run in enumerate(scene.runs):
        words = _git(run)
        if words[:1] != ["clone"] or found >= _MOST:
            continue
        found += 1
        line = parsed(run.args[run.texts.index("clone") + 1 :], _CLONE)
        if not line.texts or "github.repository" in line.texts[0] or line.texts[0].startswith((".", "file:")):
            continue
        source = line.texts[0]
        folder = line.texts[1] if len(line.texts) > 1 else basename(source.rstrip("/")).removesuffix(".git")
        place = place_key(run.command.directory, folder)
        later = scene.runs[order + 1 :]
        used = any(_inside(other, place, folder) for other in later)
        if not used and any(_published(other) for other in later):
            continue  # what is only changed and pushed is data
        ref = line.value("--revision") or _checked_out(later, place, folder) or line.value("-b", "--branch")
        pin = ref_pin(ref)
        yield code(
            run, scene, CodeKind.SOURCE, source.removeprefix("git+"), pin, ref=ref,
            runs="now" if used else "import",
            manifests=[] if used or run.directory == UNKNOWN else [placed(run.directory, folder)],
            note="" if ref else "its default branch",
        )  # fmt: skip


_GIT = known("-C -c --git-dir --work-tree", "--no-pager -p")


def _published(run: Run) -> bool:
    return _git(run)[:1] in (["push"], ["commit"])


def _git(run: Run) -> list[str]:
    """The words of a git command from its verb on."""
    if run.program == "git":
        return [word.text for word in parsed(run.args, _GIT, stops=True).rest]
    return run.texts[1:] if run.program == "gh" and run.texts[:2] == ["repo", "clone"] else []


def _inside(run: Run, place: str, folder: str) -> bool:
    """The command runs something of the folder: from in it, or by a path below it."""
    if run.program in _LOOKING:
        return False
    here = normpath(run.command.directory) if run.command.directory else "."
    if here == place or here.startswith(f"{place}/"):
        return True
    words = (run.written, *run.texts)
    return any(text.removeprefix("./") == folder or f"{folder}/" in text for text in words)


def _checked_out(runs: Sequence[Run], place: str, folder: str) -> str:
    """The reference that is checked out in the clone afterwards."""
    for run in runs:
        words = _git(run)
        here = normpath(run.command.directory) if run.command.directory else "."
        inside = here == place or folder in run.texts
        if inside and words[:1] in (["checkout"], ["reset"], ["switch"]):
            named = [word for word in words[1:] if not word.startswith("-")]
            if named:
                return named[0].removeprefix("origin/")
    return ""


def cloned(runs: Sequence[Run]) -> frozenset[str]:
    """The folders, as seen from where the script starts, into which it clones other repositories."""
    found: set[str] = set()
    for run in runs:
        words = _git(run)
        if words[:1] == ["clone"] and len(found) < _MOST:
            line = parsed(run.args[run.texts.index("clone") + 1 :], _CLONE)
            if line.texts:
                found.add(_folder(run, line.texts))
    return frozenset(found)


def _folder(run: Run, words: Sequence[str]) -> str:
    name = words[1] if len(words) > 1 else basename(words[0].rstrip("/")).removesuffix(".git")
    return place_key(run.command.directory, name)


def within(run: Run, folders: frozenset[str]) -> bool:
    """The command runs in one of these folders, or a file of one."""
    here = normpath(run.command.directory) if run.command.directory else "."
    first = next((text for text in (run.written, *run.texts) if "/" in text and not text.startswith("-")), "")
    places = (here, place_key(run.command.directory, first)) if first else (here,)
    return any(place == folder or place.startswith(f"{folder}/") for place in places for folder in folders)
