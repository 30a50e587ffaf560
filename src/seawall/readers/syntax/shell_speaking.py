"""Some commands are given a script: `bash -c`, `eval`, a here-document, a file written before.

Source: POSIX.1-2024 `sh`, `eval`, `trap`; su(1), script(1), flock(1), nix-shell(1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from posixpath import basename, normpath

from seawall.kernel.shell import Command

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "busybox"})
_PRINTERS = frozenset(
    {"echo", "printf", "cat", "grep", "egrep", "sed", "awk", "git", "which", "command", "type", "export"}
)
_STARTERS = frozenset(
    {"sudo", "doas", "env", "exec", "command", "time", "nohup", "nice", "timeout", "stdbuf", "unshare",
     "chroot", "docker", "podman", "xvfb-run", "arch", "setarch", "ionice",
     "busybox", "gosu", "su-exec", "runuser"}
)  # fmt: skip
_SCRIPT_OPTION = re.compile(r"-[A-Za-z]*c[A-Za-z]*\Z")
_OPTIONS_WITH_VALUE = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
_SAYING = {
    "su": ("-c", "--command"),
    "runuser": ("-c", "--command"),
    "script": ("-c", "--command"),
    "flock": ("-c", "--command"),
    "sg": ("-c",),
    "nix-shell": ("--run", "--command"),
}
_MOST_WRITTEN = 200


@dataclass(frozen=True, slots=True)
class Spoken:
    """A script that a command runs, and the line on which it begins.

    `word`: the index of the word that holds it, -1 = it is no word of the command.
    """

    text: str
    line: int
    dialect: str = "sh"
    word: int = -1


@dataclass(slots=True)
class Written:
    """Files that the script wrote itself from a here-document or a plain text, by path."""

    files: dict[str, Spoken] = field(default_factory=dict)

    def note(self, commands: Sequence[Command], index: int) -> None:
        """Remember what this command writes, if that is written out."""
        command = commands[index]
        target = next(
            (
                r.target.text
                for r in command.redirects
                if r.operator in (">", ">|", "1>") and r.target.literal
            ),
            "",
        )
        if "tee" in command.texts[:2]:
            target = next((word.text for word in command.words[1:] if _is_path(word.text)), "")
        if not target or len(self.files) >= _MOST_WRITTEN:
            return
        text = _output(commands, index)
        key = normpath(target)
        if text is None:
            self.files.pop(key, None)
        else:
            self.files[key] = text


def _is_path(text: str) -> bool:
    return not text.startswith("-") and text != "tee"


def _output(commands: Sequence[Command], index: int) -> Spoken | None:
    """What a command prints, when that is plain to see."""
    command = commands[index]
    name = basename(command.program)
    if command.heredoc is not None and name in ("cat", "tee", "sudo"):
        return Spoken(command.heredoc, command.heredoc_line)
    if name in ("echo", "printf") and all(word.literal or word.expressions for word in command.words):
        words = [t for t in command.texts[1:] if not re.fullmatch(r"-[neE]+", t)]
        text = " ".join(words)
        return Spoken(
            text.replace("\\n", "\n") if name == "printf" or "-e" in command.texts else text, command.line
        )
    if name == "tee" and command.piped_from >= 0:
        return _output(commands, command.piped_from)
    return None


def spoken_by(
    commands: Sequence[Command], index: int, written: Written, lines: Sequence[int]
) -> Spoken | None:
    """The script that this command is given, None when it is given none that is written out.

    `lines` are those of the command's words.
    """
    found = _spoken(commands, index, written)
    if found is not None and 0 <= found.word < len(lines):
        return replace(found, line=lines[found.word])
    return found


def _spoken(commands: Sequence[Command], index: int, written: Written) -> Spoken | None:
    command = commands[index]
    texts = command.texts
    name = basename(texts[0])
    if name == "eval":
        joined = " ".join(texts[1:])
        return Spoken(joined, command.line, word=1) if not joined.startswith(("$(", "`")) else None
    if name == "trap" and len(texts) > 2 and not texts[1].startswith("-"):
        return Spoken(texts[1], command.line, word=1)
    if name in _SAYING:
        return _said(command, _SAYING[name])
    return _to_shell(commands, index, written)


def _said(command: Command, options: tuple[str, ...]) -> Spoken | None:
    texts = command.texts
    for at, text in enumerate(texts[1:-1], 1):
        if text in options:
            return Spoken(texts[at + 1], command.line, word=at + 1)
    return None


def _to_shell(commands: Sequence[Command], index: int, written: Written) -> Spoken | None:
    command = commands[index]
    texts = command.texts
    name = basename(texts[0])
    if name in _PRINTERS:
        return None
    for at, text in enumerate(texts):
        word = basename(text.replace("\\", "/")).lower().removesuffix(".exe")
        if word in _SHELLS:
            direct = at == 0 or name in _STARTERS
            return _given(commands, index, at + 1, written, direct=direct)
        if word in ("pwsh", "powershell", "cmd"):
            return _windows(command, at, word)
        if at == 0 and texts[0] not in (".", "source") and name not in _STARTERS and len(texts) > 64:
            return None
    if texts[0] in (".", "source") and len(texts) > 1:
        return written.files.get(normpath(texts[1]))
    first = next(
        (t for t in texts if basename(t) not in _STARTERS and not t.startswith("-") and "=" not in t), ""
    )
    return written.files.get(normpath(first)) if "/" in first else None


def _given(
    commands: Sequence[Command], index: int, at: int, written: Written, *, direct: bool
) -> Spoken | None:
    command = commands[index]
    texts = command.texts
    reads_input = False
    while at < len(texts):
        text = texts[at]
        if _SCRIPT_OPTION.match(text):
            rest = [n for n in range(at + 1, len(texts)) if not _is_option(texts[n])]
            if not rest or _fetched(texts[rest[0]]):
                return None
            return Spoken(texts[rest[0]], command.line, word=rest[0])
        if text in ("-s", "-", "--") or (text.startswith("-") and text.endswith("s") and text[1:2] != "-"):
            reads_input = True
        elif text in _OPTIONS_WITH_VALUE:
            at += 1
        elif not _is_option(text) and not reads_input:
            return written.files.get(normpath(text)) if direct else None
        at += 1
    return _input(commands, index) if direct else None


def _is_option(text: str) -> bool:
    return text.startswith(("-", "+"))


def _fetched(text: str) -> bool:
    return text.startswith(("$(", "`"))


def _input(commands: Sequence[Command], index: int) -> Spoken | None:
    command = commands[index]
    if command.heredoc is not None:
        return Spoken(command.heredoc, command.heredoc_line)
    if command.piped_from >= 0:
        return _output(commands, command.piped_from)
    return None


def _windows(command: Command, at: int, word: str) -> Spoken | None:
    texts = command.texts
    for number in range(at + 1, len(texts) - 1):
        option = texts[number].lower()
        if word == "cmd" and option in ("/c", "/k"):
            return Spoken(" ".join(texts[number + 1 :]), command.line, "cmd", number + 1)
        if word != "cmd" and option in ("-command", "-c"):
            return Spoken(" ".join(texts[number + 1 :]), command.line, "pwsh", number + 1)
    return None


def traces(command: Command) -> bool:
    """The command makes its shell print every command with its values: `set -x`, `bash -x script`."""
    texts = command.texts
    name = basename(command.program)
    if name == "set":
        return _switched_on(texts[1:])
    for at, text in enumerate(texts[:4]):
        if basename(text) in _SHELLS and name not in _PRINTERS and (at == 0 or name in _STARTERS):
            options = []
            for option in texts[at + 1 :]:
                if not option.startswith("-") or option == "--":
                    break
                options.append(option)
            return _switched_on(options)
    return False


def _switched_on(options: Sequence[str]) -> bool:
    for at, option in enumerate(options):
        if option == "--":
            return False
        if re.fullmatch(r"-[A-Za-z]*x[A-Za-z]*", option):
            return True
        if re.fullmatch(r"-[A-Za-z]*o", option) and options[at + 1 : at + 2] and options[at + 1] == "xtrace":
            return True
    return False
