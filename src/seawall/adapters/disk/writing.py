"""What a person asks to be written is written where they said, and nowhere that a scanned tree says."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from seawall.kernel.errors import PolicyError, UsageError


def write_new(path: Path, text: str, tree: Path) -> None:
    """Write `text` to `path`, in place of what was there. Raises UsageError when that cannot be done.

    A link on the way that lies in `tree` or in the directory one stands in is refused: whoever made the tree
    could have made it lead to any file that this person may write.
    """
    leads = _redirected(path, (tree if tree.is_dir() else tree.parent, Path()))
    if leads:
        raise UsageError(f"{path} is not written: {leads} is a link in the tree", "name another file")
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{path} cannot be written: {why}", "name a file in a directory that exists"
        ) from None


def _redirected(path: Path, trees: tuple[Path, ...]) -> Path | None:
    """The first link between one of these directories and the file."""
    place = Path(os.path.abspath(path))  # noqa: PTH100  links are not followed
    tops = {os.path.realpath(tree) for tree in trees}
    below = [place]
    for above in place.parents:
        if os.path.realpath(above) in tops:
            return next((part for part in reversed(below) if part.is_symlink()), None)
        below.append(above)
    return None


def write_once(path: Path, data: bytes) -> bytes:
    """Write a file that only its owner may read, unless it is there already; what it holds then.

    It is there whole or not at all, and of several who write at once one wins. Raises PolicyError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"{path} cannot be written: {error.strerror or error}", "name another place in SEAWALL_DATA"
        ) from None
