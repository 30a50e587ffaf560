"""A file that a person names counts as it lies there, unless the change under review could have written it.

Policy files, baselines and settings may lie in the tree that is scanned. With a trusted revision they are
read there. In CI without one they are refused: what is scanned would decide about itself. On a person's own
machine they are read as they lie, because that person looks at them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from seawall.adapters.vcs.git import read_at
from seawall.adapters.vcs.repository import work_tree
from seawall.kernel.errors import UsageError

_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ground:
    """What is scanned (`root` is a directory), the revision that is trusted, if any, and if this is CI."""

    root: Path
    revision: str = ""
    ci: bool = False


def top_of(root: Path) -> Path:
    """The work tree that `root` lies in, else `root` itself, without links."""
    return work_tree(root) or root.resolve()


def inside(path: Path, top: Path) -> str:
    """The path of a file below `top`, empty when it lies elsewhere.

    The name counts as well as where it leads: a link in the tree does not take a file out of it.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100  `..` is taken off, links are not followed
    for above in place.parents:
        if Path(os.path.realpath(above)) == top:
            return place.relative_to(above).as_posix()
    real = Path(os.path.realpath(path))
    return real.relative_to(top).as_posix() if real.is_relative_to(top) else ""


def named_bytes(path: Path, ground: Ground, what: str) -> bytes:
    """The content of the file that a person named as `what` ("policy", "baseline", "settings").

    Raises UsageError when it cannot be read, or must not count.
    """
    top = top_of(ground.root)
    within = inside(path, top)
    if within and ground.revision:
        data = read_at(top, ground.revision, within, _MOST)
        if data is None:
            raise UsageError(
                f"the {what} {path} does not exist at {ground.revision}", "commit it there first"
            )
        return data
    if within and ground.ci:
        raise UsageError(
            f"the {what} {path} lies in the tree that is scanned, and in CI that tree must not judge itself",
            "name the revision whose files count (--trust-base REF), or keep the file outside the tree",
        )
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"the {what} {path} cannot be read: {why}", f"name a {what} that can be read"
        ) from None
    if len(data) > _MOST:
        raise UsageError(f"the {what} {path} is larger than {_MOST} bytes", f"name another {what}")
    return data
