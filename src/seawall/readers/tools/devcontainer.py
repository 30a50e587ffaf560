"""A dev container is built and started from `devcontainer.json`; one command in it runs on the host.

Source: the Development Containers specification: `initializeCommand` (host), `onCreateCommand`,
`updateContentCommand`, `postCreateCommand`, `postStartCommand`, `postAttachCommand` (container), `features`
and their lockfile, `containerEnv`, `remoteEnv`, `mounts`, `runArgs`, `customizations`.
"""

from __future__ import annotations

import re

from seawall.kernel.code import Firmness
from seawall.kernel.limits import Limits
from seawall.kernel.tool import LaunchKind, Moment, Reference, ReferenceKind, ToolFile
from seawall.readers.format import ToolFormat
from seawall.readers.syntax import jsonc

from . import _given
from ._draft import Draft, begin, child, children, items, keep_settings, text
from ._servers import keep_servers
from ._vscode import keep_editor_settings, keep_extensions

_IN_CONTAINER = (
    "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand",
)  # fmt: skip
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_EXACT = re.compile(r"\d+\.\d+\.\d+\Z")


def read(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What is built and started. Never raises."""
    draft = begin(data, path, FORMAT.id, "dev container", limits)
    content = draft.parsed()
    _commands(draft, content, "initializeCommand", Moment.HOST)
    for name in _IN_CONTAINER:
        _commands(draft, content, name, Moment.CONTAINER)
    _taken(draft, content)
    for name in ("containerEnv", "remoteEnv"):
        draft.given += _given.given_all(content.get(name))
    editor = child(content, "customizations", "vscode")
    keep_extensions(draft, editor.get("extensions"), "installs")
    keep_extensions(draft, content.get("extensions"), "installs")
    keep_servers(draft, child(editor, "mcp", "servers"), "mcp.servers", Moment.CONTAINER)
    keep_editor_settings(draft, child(editor, "settings"))
    keep_settings(draft, content, ("privileged", "remoteUser"))
    _openings(draft, content)
    return draft.done()


def _commands(draft: Draft, content: jsonc.Object, name: str, moment: Moment) -> None:
    """One command is a shell line, a list of words, or an object of either, which run side by side."""
    command, line = content.get(name), content.lines.get(name, 0)
    if isinstance(command, jsonc.Object):
        for part, inner in command.items():
            at = command.lines.get(part, line)
            draft.launch(LaunchKind.COMMAND, f"{name}.{part}", at, moment, inner, event=name)
    else:
        draft.launch(LaunchKind.COMMAND, name, line, moment, command, event=name)


def _taken(draft: Draft, content: jsonc.Object) -> None:
    image = text(content.get("image"))
    if image:
        draft.references.append(_of(ReferenceKind.IMAGE, image, content.lines.get("image", 0)))
    features = child(content, "features")
    for name in features:
        if not name.startswith((".", "/")):
            draft.references.append(_of(ReferenceKind.FEATURE, name, features.lines.get(name, 0)))


def _of(kind: ReferenceKind, name: str, line: int) -> Reference:
    if _DIGEST.search(name):
        bare, _, ref = name.partition("@")
        return Reference(kind, bare[:300], line, Firmness.SHA, ref)
    head, slash, last = name.rpartition("/")
    bare, colon, ref = last.partition(":")
    if name.startswith(("http://", "https://")):
        source, _ = _given.address(name, line)
        return Reference(kind, source.location[:300], line, Firmness.NONE, source=source)
    exact = bool(_EXACT.match(ref))
    pin = Firmness.VERSION if exact else Firmness.TAG if colon and ref != "latest" else Firmness.FLOATING
    return Reference(kind, f"{head}{slash}{bare}"[:300], line, pin, ref[:100])


def _openings(draft: Draft, content: jsonc.Object) -> None:
    """Ways from the container to the machine: the socket of Docker, the home directory, all privileges."""
    for name in ("runArgs", "mounts"):
        for item, line in items(content.get(name)):
            shown = text(item) or " ".join(f"{k}={v}" for k, v in child(item).items() if isinstance(v, str))
            if shown == "--privileged":
                draft.setting("privileged", True, line)
            elif "docker.sock" in shown:
                draft.setting("mounts", "docker.sock", line)
            elif re.search(r"(?:source|src)=(?:\$\{localEnv:(?:HOME|USERPROFILE)\}|~)[^,]*", shown):
                draft.setting("mounts", "home", line)
    if "docker-outside-of-docker" in " ".join(child(content, "features")):
        draft.setting("mounts", "docker.sock", content.lines.get("features", 0))


def read_lock(data: bytes, path: str, limits: Limits) -> ToolFile:
    """Which features are locked, and to what. Never raises."""
    draft = begin(data, path, LOCK.id, "dev container", limits)
    for name, entry, line in children(draft.parsed().get("features")):
        digest = text(entry.get("integrity")) or text(entry.get("resolved"))
        pin = Firmness.HASH if "sha256:" in digest else Firmness.FLOATING
        bare = name.split("@")[0]
        head, slash, last = bare.rpartition("/")
        draft.references.append(
            Reference(
                ReferenceKind.FEATURE, f"{head}{slash}{last.partition(':')[0]}"[:300], line, pin,
                last.partition(":")[2][:100], "locks",
            )
        )  # fmt: skip
    return draft.done()


def read_feature(data: bytes, path: str, limits: Limits) -> ToolFile:
    """What a feature of this tree starts. Never raises."""
    draft = begin(data, path, FEATURE.id, "dev container", limits)
    content = draft.parsed()
    for name in _IN_CONTAINER:
        _commands(draft, content, name, Moment.CONTAINER)
    draft.given += _given.given_all(content.get("containerEnv"))
    keep_extensions(draft, child(content, "customizations", "vscode").get("extensions"), "installs")
    keep_settings(draft, content, ("privileged",))
    return draft.done()


FORMAT = ToolFormat(id="devcontainer", globs=("devcontainer.json", ".devcontainer.json"), read=read)
LOCK = ToolFormat(
    id="devcontainer-lock", globs=("devcontainer-lock.json", ".devcontainer-lock.json"), read=read_lock
)
FEATURE = ToolFormat(id="devcontainer-feature", globs=("devcontainer-feature.json",), read=read_feature)
