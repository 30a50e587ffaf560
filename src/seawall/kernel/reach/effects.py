"""What commands leave behind for whoever comes later: variables, files with credentials, logins, releases.

Source: GitHub's workflow commands; what logs in, signs and publishes: logins.py, publishing.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from posixpath import basename

from seawall.kernel.shell import Command, Script, Word

from .effect import Effect
from .logins import logged_in
from .options import names
from .publishing import published, signed
from .running import Run, runs_of

_GITHUB = {
    "GITHUB_ENV": "github-env",
    "GITHUB_PATH": "github-path",
    "GITHUB_OUTPUT": "github-output",
    "GITHUB_STATE": "",
}
_FILE_COMMAND = re.compile(r"\bGITHUB_(ENV|PATH|OUTPUT)\b")
_OLD_COMMAND = re.compile(r"::(set-output|set-env|add-path)(?: name=([\w-]+))?::")
_NAME = re.compile(r"^\s*\"?([A-Za-z_][\w.-]*)(?:=|<<)", re.MULTILINE)
_WRITES = frozenset((">", ">>", ">|", "1>", "1>>", "&>", "&>>"))
_WRITERS = names("out-file add-content set-content tee-object")
_NPMRC = re.compile(r"(?:^|/)\.(?:npmrc|yarnrc(?:\.yml)?)\Z|\bNPM_CONFIG_USERCONFIG\b")
_LOGIN_FILES = {
    ".pypirc": "registry-login", ".netrc": "registry-login", "_netrc": "registry-login",
    ".git-credentials": "registry-login", "credentials.toml": "registry-login",
    "nuget.config": "registry-login", "settings.xml": "registry-login", "config.json": "docker-login",
    "pip.conf": "registry-login",
}  # fmt: skip
_DECODES = re.compile(r"-d|-D|--decode|-decode")
_SECRET = re.compile(r"\bsecrets\b|\bgithub\.token\b", re.IGNORECASE)
_DULL = frozenset(
    (
        "GITHUB_ENV",
        "GITHUB_PATH",
        "GITHUB_OUTPUT",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_STATE",
        "HOME",
        "RUNNER_TEMP",
        "GITHUB_WORKSPACE",
        "PATH",
    )
)


@dataclass(slots=True)
class _Look:
    script: Script
    inside: dict[int, list[int]] = field(default_factory=dict)

    def uses(self, index: int, *, depth: int = 4) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The variables and expressions of a command, of what feeds it and of what is substituted into it."""
        names: dict[str, None] = {}
        inner: dict[str, None] = {}
        waiting = [(index, depth)]
        while waiting:
            at, left = waiting.pop()
            command = self.script.commands[at]
            for word in _words(command):
                names.update(dict.fromkeys(word.variables))
                inner.update(dict.fromkeys(word.expressions))
            names.update(dict.fromkeys(command.heredoc_variables))
            if command.heredoc:
                found = re.findall(r"\$\{\{(.{0,400}?)\}\}", command.heredoc, re.DOTALL)
                inner.update(dict.fromkeys(text.strip() for text in found))
            if left:
                if command.piped_from >= 0:
                    waiting.append((command.piped_from, left - 1))
                waiting.extend((other, left - 1) for other in self.inside.get(at, ())[:20])
        kept = tuple(name for name in names if name not in _DULL)
        return kept, tuple(inner)


def _words(command: Command) -> Iterator[Word]:
    yield from command.words
    for _, word in command.assignments:
        yield word
    for redirect in command.redirects:
        yield redirect.target


def effects(script: Script) -> Iterator[Effect]:
    """Every effect of a script's commands, in their order."""
    look = _Look(script)
    for index, command in enumerate(script.commands):
        if command.inside >= 0:
            look.inside.setdefault(command.inside, []).append(index)
    by_command: dict[int, list[Run]] = {}
    for run in runs_of(script, "."):
        by_command.setdefault(run.index, []).append(run)
    traced = set(script.traces)
    for index, command in enumerate(script.commands):
        if command.line in traced:
            traced.discard(command.line)
            yield Effect("trace", "set -x", (), command.line)
        found = dict.fromkeys([*_written(look, index), *_done(by_command.get(index, ()))])
        if found:
            names, inner = look.uses(index)
            for kind, detail in found:
                yield Effect(kind, detail, names, command.line, inner)
    for line in sorted(traced):
        yield Effect("trace", "set -x", (), line)


# What is written where


def _written(look: _Look, index: int) -> Iterator[tuple[str, str]]:
    command = look.script.commands[index]
    for target in _targets(look, index):
        github = _FILE_COMMAND.search(target)
        if github:
            for name in _names(look, index):
                yield _GITHUB[f"GITHUB_{github[1]}"], name
        else:
            yield from _file(look, index, target)
    for text in (
        command.texts[1:] if command.program in ("echo", "printf", "write-output", "write-host") else ()
    ):
        for found in _OLD_COMMAND.finditer(text):
            kind = {"set-output": "github-output", "set-env": "github-env", "add-path": "github-path"}[
                found[1]
            ]
            yield kind, found[2] or ""


def _targets(look: _Look, index: int) -> Iterator[str]:
    command = look.script.commands[index]
    for redirect in command.redirects:
        if redirect.operator in _WRITES and redirect.target.text not in (
            "/dev/null",
            "/dev/stdout",
            "/dev/stderr",
            "",
        ):
            yield redirect.target.text
    texts = command.texts
    if "tee" in texts[:3]:
        yield from (text for text in texts[texts.index("tee") + 1 :] if not text.startswith("-"))
    program = command.program.lower()
    if program in _WRITERS:
        yield from (text for text in texts[1:] if not text.startswith("-"))
    elif look.script.dialect != "sh" and (">>" in texts or ">" in texts):
        at = texts.index(">>") if ">>" in texts else texts.index(">")
        yield from texts[at + 1 : at + 2]
    if program in ("openssl", "gpg", "base64", "certutil"):
        for at, text in enumerate(texts[:-1]):
            if text in ("-out", "--output", "-o"):
                yield texts[at + 1]


def _content(look: _Look, index: int) -> tuple[str, ...]:
    """The texts that a command writes: its own words, its here-document, or what feeds it."""
    command = look.script.commands[index]
    found: list[str] = []
    for _ in range(4):
        if command.heredoc is not None:
            found.append(command.heredoc)
        if basename(command.program) in ("echo", "printf", "write-output"):
            found.extend(text for text in command.texts[1:] if not re.fullmatch(r"-[neE]+", text))
        if command.piped_from < 0:
            break
        command = look.script.commands[command.piped_from]
    return tuple(found)


def _names(look: _Look, index: int) -> Sequence[str]:
    names = [name for text in _content(look, index) for name in _NAME.findall(text)]
    return list(dict.fromkeys(names))[:50] or [""]


def _file(look: _Look, index: int, target: str) -> Iterator[tuple[str, str]]:
    """A file that is given a credential, as far as words tell: variables, secrets, or something decoded."""
    names, inner = look.uses(index)
    decodes = _decodes(look, index)
    secret = any(_SECRET.search(text) for text in inner)
    if not names and not secret and not decodes:
        return
    base = basename(target.replace("\\", "/")).lower()
    if _NPMRC.search(target):
        yield "npmrc", target
    elif base in _LOGIN_FILES and (base != "config.json" or ".docker" in target):
        yield _LOGIN_FILES[base], target
    elif decodes:
        yield "decode", target
    elif basename(look.script.commands[index].program) in (
        "echo",
        "printf",
        "cat",
        "tee",
        "sudo",
        "out-file",
        "set-content",
        "add-content",
        "write-output",
    ):
        yield "secret-file", target


def _decodes(look: _Look, index: int) -> bool:
    command = look.script.commands[index]
    for _ in range(4):
        name = basename(command.program)
        texts = command.texts
        if name in ("base64", "openssl", "certutil", "gbase64", "xxd") and any(
            _DECODES.fullmatch(t) or t in ("-r", "-di") for t in texts[1:]
        ):
            return True
        if name in ("gpg", "gpg2") and ({"-d", "--decrypt"} & set(texts)):
            return True
        if name in ("age", "sops", "ansible-vault", "git-crypt") and (
            {"-d", "--decrypt", "decrypt", "unlock"} & set(texts)
        ):
            return True
        if command.piped_from < 0:
            return False
        command = look.script.commands[command.piped_from]
    return False


# What programs do


def _done(runs: Sequence[Run]) -> Iterator[tuple[str, str]]:
    for run in runs:
        yield from logged_in(run)
        signs = signed(run)
        if signs:
            yield "sign", signs
        for name in published(run):
            yield "publish", name
