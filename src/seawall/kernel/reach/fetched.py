"""Scripts and programs that are fetched and run: `curl | sh`, a download that is made executable, a clone.

Nothing fixes what an address answers, unless a checksum that stands in this tree is compared before it runs,
or the address names a commit. A checksum from the same place proves nothing.
Source: curl(1), wget(1), sha256sum(1), git-clone(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from posixpath import basename, join

from seawall.kernel.code import LOOSENESS, Code, CodeKind, Firmness
from seawall.kernel.shell import Script

from .clones import clones
from .downloads import FETCHERS, Download, downloads_of, place_key
from .options import names
from .running import Run
from .scene import Scene, address, code

_SHELLS = names("sh bash dash zsh ksh ash fish")
_INTERPRETERS = _SHELLS | names("python pypy node perl ruby php deno bun pwsh powershell java Rscript lua")
_FILTERS = names(
    "cat tee sed tr gunzip zcat base64 grep egrep awk head tail openssl dos2unix gzip xz xzcat bzip2 "
    "bzcat zstd pv "
    "envsubst sudo iconv"
)
_UNPACKERS = names(
    "tar unzip bsdtar 7z 7za 7zz gunzip gzip xz unxz bunzip2 zstd cpio unsquashfs expand-archive"
)
_INSTALLERS = names(
    "dpkg rpm installer msiexec apt apt-get dnf yum pip uv start-process hdiutil snap flatpak apk gdebi"
)
_MOVERS = ("mv", "cp", "install", "ln", "move-item", "copy-item", "ditto")
_CHECKS = names("sha256sum sha512sum sha384sum sha224sum shasum b2sum gsha256sum gsha512sum b3sum")
_SIGNED = {
    "gpg": "--verify",
    "gpg2": "--verify",
    "gpgv": "",
    "cosign": "verify-blob",
    "minisign": "-V",
    "signify": "-V",
    "slsa-verifier": "",
    "sigstore": "verify",
    "rekor-cli": "verify",
}
_DIGEST = re.compile(r"\b[0-9a-fA-F]{64,128}\b")
_BIN = re.compile(r"(?:/s?bin|/\.local|\.cargo/bin|GITHUB_PATH)(?:/|\Z)")
_MOST = 200
_NEAR = 20
"""A check is for one of the last downloads before it."""


def fetched(script: Script, scene: Scene) -> Iterator[Code]:
    """Everything that a script fetches from an address and runs, unpacks or makes executable."""
    if not any(
        run.program in FETCHERS or run.program in ("git", "gh", "iex", "invoke-expression")
        for run in scene.runs
    ):
        return
    looking = _Looking(script, scene)
    for order, run in enumerate(scene.runs):
        looking.look(order, run)
    for download in looking.downloads:
        if download.use:
            shown = address(download.address)
            yield code(
                download.run, scene, CodeKind.SCRIPT, shown, download.pin, ref=download.ref,
                runs=download.use, note=download.note,
            )  # fmt: skip
    yield from clones(scene)


class _Looking:
    def __init__(self, script: Script, scene: Scene) -> None:
        self.script = script
        self.scene = scene
        self.downloads: list[Download] = []
        self.by_file: dict[str, Download] = {}
        self.by_command: dict[int, Download] = {}
        self.inside: dict[int, list[int]] = {}
        for index, command in enumerate(script.commands):
            if command.inside >= 0:
                self.inside.setdefault(command.inside, []).append(index)
        self.filled: dict[str, int] = {}
        for at, inner in self.inside.items():
            if any(basename(script.commands[i].program) in FETCHERS for i in inner):
                for name, _ in script.commands[at].assignments:
                    self.filled.setdefault(name, at)

    def look(self, order: int, run: Run) -> None:
        if run.program in FETCHERS or (run.program == "gh" and run.texts[:2] == ["release", "download"]):
            if len(self.downloads) < _MOST:
                self._fetch(order, run)
            return
        self._fed(run)
        self._checked(run)
        if self.by_file:
            self._used(run)

    def _fetch(self, order: int, run: Run) -> None:
        for download in downloads_of(run, order):
            self.downloads.append(download)
            self.by_command.setdefault(run.index, download)
            for path in download.files:
                self.by_file[path] = download

    # What is fed to an interpreter or an unpacker

    def _fed(self, run: Run) -> None:
        program, texts = run.program, run.texts
        if program in ("iex", "invoke-expression"):
            self._expression(run)
        source = self._source(run.command.piped_from) if run.command.piped_from >= 0 else None
        if source is not None:
            if (program in _INTERPRETERS and _reads_input(run)) or program in (
                "source",
                ".",
                "iex",
                "invoke-expression",
            ):
                self._runs(source)
            elif program in _UNPACKERS or (program == "tee" and any(_BIN.search(text) for text in texts)):
                source.use = source.use or "import"
            elif program == "tee":
                for text in texts:
                    if not text.startswith("-"):
                        self._at(text, run, source)
        for index in self.inside.get(run.index, ()):
            inner = self.by_command.get(index)
            if inner is None:
                inner = self._later(index)
            if inner is not None and _executes(run):
                self._runs(inner)

    def _later(self, index: int) -> Download | None:
        """A substitution stands behind its command in the order of commands: fetch it first."""
        for order, run in enumerate(self.scene.runs):
            if run.index == index and run.program in FETCHERS:
                found = downloads_of(run, order)
                if found:
                    self.downloads.append(found[0])
                    self.by_command[index] = found[0]
                    return found[0]
        return None

    def _source(self, index: int) -> Download | None:
        for _ in range(10):
            if index < 0:
                return None
            found = self.by_command.get(index)
            if found is not None:
                return found
            command = self.script.commands[index]
            program = basename(command.program)
            if program == "cat" and len(command.words) > 1:
                return self.by_file.get(place_key(command.directory, command.words[1].text))
            if program not in _FILTERS:
                return None
            index = command.piped_from
        return None

    def _expression(self, run: Run) -> None:
        text = " ".join(run.texts)
        found = re.search(r"https?://[^\s'\")]+", text)
        if found and "$" not in found[0]:
            self.downloads.append(Download(found[0], run, 0, use="now"))

    def _runs(self, download: Download) -> None:
        download.use = "now"

    # What is done with a file

    def _at(self, text: str, run: Run, download: Download) -> None:
        key = place_key(run.command.directory, text)
        download.files.append(key)
        self.by_file[key] = download

    def _named(self, run: Run, text: str) -> Download | None:
        return self.by_file.get(place_key(run.command.directory, text)) or self.by_file.get(text)

    def _used(self, run: Run) -> None:
        program, words = run.program, [text for text in run.texts if text and not text.startswith("-")]
        own = self._named(run, run.written)
        if own is not None:
            self._runs(own)
            return
        if program in _INTERPRETERS or program in ("source", "."):
            found = self._named(run, words[0]) if words else None
            if found is not None:
                self._runs(found)
        elif program == "chmod":
            if any("x" in text or text.isdigit() for text in run.texts[:-1]):
                self._mark(run, words, "import")
        elif program in _MOVERS:
            self._moved(run, words)
        elif program in _UNPACKERS:
            self._mark(run, run.texts, "import")
        elif program in _INSTALLERS:
            self._mark(run, words, "now")

    def _mark(self, run: Run, words: Sequence[str], use: str) -> None:
        for text in words:
            found = self._named(run, text.removeprefix("-f").removeprefix("--file="))
            if found is not None and found.use != "now":
                found.use = use

    def _moved(self, run: Run, words: Sequence[str]) -> None:
        if len(words) < 2:
            return
        target = words[-1]
        for text in words[:-1]:
            found = self._named(run, text)
            if found is None:
                continue
            for place in (target, join(target, basename(text))):
                self.by_file[place_key(run.command.directory, place)] = found
            if (run.program == "install" or _BIN.search(target)) and not found.use:
                found.use = "import"

    # Checks

    def _checked(self, run: Run) -> None:
        program, texts = run.program, run.texts
        if program in _CHECKS and (
            {"-c", "--check"} & set(texts) or any(re.fullmatch(r"-[a-z0-9]*c", t) for t in texts)
        ):
            self._compared(run)
        elif program in ("[", "[[", "test", "if") and any(
            basename(self.script.commands[i].program) in (*_CHECKS, "openssl")
            for i in self.inside.get(run.index, ())
        ):
            self._accept(Firmness.HASH, "", _DIGEST.search(" ".join(texts)) is not None or bool(run.args), "")
        elif (program in _SIGNED and (not _SIGNED[program] or _SIGNED[program] in texts)) or (
            program == "gh" and texts[:2] == ["attestation", "verify"]
        ):
            self._accept(Firmness.FLOATING, "a signature is checked before", True, " ".join(texts))

    def _compared(self, run: Run) -> None:
        command = run.command
        text = command.heredoc or ""
        origin = self._source(command.piped_from) if command.piped_from >= 0 else None
        if command.piped_from >= 0:
            feeding = self.script.commands[command.piped_from]
            text = " ".join(feeding.texts[1:]) + (feeding.heredoc or "")
        listed = [t for t in run.texts if not t.startswith("-")]
        lists = [found for t in listed if (found := self._named(run, t))]
        if origin is not None or lists or self._fetched_variable(command.piped_from):
            self._accept(Firmness.NONE, "the checksum comes from the same place", True, text)
            return
        in_tree = [t for t in listed if run.path(t) in self.scene.tree.files]
        known_text = bool(_DIGEST.search(text)) or "$" in text or "${{" in text
        self._accept(Firmness.HASH, "", bool(in_tree) or known_text, "" if in_tree else text)

    def _fetched_variable(self, index: int) -> bool:
        """The text that is compared comes from a variable that was filled by a download."""
        if index < 0:
            return False
        names = {name for word in self.script.commands[index].words for name in word.variables}
        return any(self.filled.get(name, index) < index for name in names)

    def _accept(self, pin: Firmness, note: str, holds: bool, text: str) -> None:
        """The downloads before this check that are not used yet are as firm as the check makes them."""
        if not holds:
            return
        waiting = [d for d in self.downloads[-_NEAR:] if d.use != "now"]
        named = [d for d in waiting if any(_mentions(text, basename(path)) for path in d.files)]
        if not named and _DIGEST.search(text) and "$" not in text:
            return  # it stands there for another file
        for download in named or waiting:
            if LOOSENESS[pin] < LOOSENESS[download.pin]:
                download.pin = pin
            download.note = note


def _mentions(text: str, name: str) -> bool:
    return bool(name) and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text) is not None


def _reads_input(run: Run) -> bool:
    """The interpreter has no script of its own on the line: it runs what it is fed."""
    texts = run.texts
    if "-s" in texts or "-" in texts or "/dev/stdin" in texts:
        return True
    if any(text in ("-c", "-e", "-m", "-jar") for text in texts):
        return False
    plain, skip = [], False
    for text in texts:
        if skip:
            skip = False
        elif text in ("-o", "+o", "-O", "--rcfile"):
            skip = True
        elif re.fullmatch(r"-[a-z]*s", text):
            return True
        elif not text.startswith(("-", "+")):
            plain.append(text)
    return not plain


def _executes(run: Run) -> bool:
    """The output of a substitution on this line is run, and not only read."""
    program, texts = run.program, run.texts
    if program == "eval":
        return True
    if program in _INTERPRETERS or program in ("source", "."):
        words = [text for text in texts if not text.startswith("-")]
        if words and words[0].startswith(("<(", "=(")):
            return True
        runs_text = any(re.fullmatch(r"-[a-z]*c|-e", text) for text in texts)
        return (runs_text and bool(words) and words[0].startswith(("$(", "`"))) or (
            run.command.heredoc or ""
        ).startswith(("$(", "`"))
    return False
