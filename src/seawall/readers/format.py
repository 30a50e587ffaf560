"""A format is one frozen value: the file names it claims and the function that reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from seawall.kernel.credential import CredentialFile
from seawall.kernel.limits import Limits
from seawall.kernel.lockfile import Document, DocumentKind
from seawall.kernel.reach.ground import PipelineFile
from seawall.kernel.tool import ToolFile

Read = Callable[[bytes, str, Limits], Document]
"""bytes, path relative to the target (`/`), limits → what the file says. Never raises on any bytes."""


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    `globs` are matched against the file's base name, or against the end of its path when they hold a `/`
    (`requirements/*.txt`); they also serve as git pathspecs. `sniff` recognises the content of a file that
    was named on the command line under any name: it gets the first 4 KiB.
    """

    id: str
    kind: DocumentKind
    ecosystem: str
    globs: tuple[str, ...]
    read: Read
    sniff: Callable[[bytes], bool] = lambda _head: False


@dataclass(frozen=True, slots=True)
class Environment:
    """An installed environment: a directory whose many small files together say what is installed.

    `roots` are the directory's base names (`site-packages`, `node_modules`). `wanted` tells from a path
    relative to the root whether that file is read; `read` gets the root's path relative to the target and
    the wanted files by relative path. Nothing found there is ever imported or run.
    """

    id: str
    ecosystem: str
    roots: tuple[str, ...]
    wanted: Callable[[str], bool]
    read: Callable[[str, Mapping[str, bytes], Limits], Document]


@dataclass(frozen=True, slots=True)
class PipelineFormat:
    """One kind of file that says what runs: a workflow, an action, a Makefile, a Dockerfile …

    `globs` as in `Format`. `read` never raises on any bytes; what was not understood is among the file's
    `problems`.
    """

    id: str
    globs: tuple[str, ...]
    read: Callable[[bytes, str, Limits], PipelineFile]


@dataclass(frozen=True, slots=True)
class ToolFormat:
    """One kind of file that tells an editor, an agent or a dev container what to start, trust and obey.

    `globs` as in `Format`. `read` never raises on any bytes; what was not understood is among the file's
    `problems`.
    """

    id: str
    globs: tuple[str, ...]
    read: Callable[[bytes, str, Limits], ToolFile]


@dataclass(frozen=True, slots=True)
class CredentialFormat:
    """One kind of file in which people keep what opens something.

    `places` are paths below a home directory; `*` stands for one name. `read` never raises on any bytes,
    keeps no value of a credential, and repeats nothing of the file in its problems. `kind` as in
    `Credential.kind`.
    """

    id: str
    kind: str
    places: tuple[str, ...]
    read: Callable[[bytes, str, Limits], CredentialFile]
