"""A checkpoint is kept as a file of a branch of its own in somebody's git repository, one commit each time.

Nothing is ever forced: a branch that was rewound or taken over refuses the next commit. git runs in a
repository of our own that is thrown away; the user's own credentials for that place are used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from seawall.kernel.errors import OutsideError, UsageError
from seawall.kernel.limits import DEFAULT_LIMITS

BRANCH = "refs/heads/seawall-ledger"
FILE = "checkpoint"
_SECONDS = 60.0
_PASSED = (
    "PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "SSL_CERT_FILE",
    "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy",
)  # fmt: skip
_LOOK = "look at the repository, or name another with: seawall ledger init --copy git:PLACE"


def read_branch(place: str) -> bytes:
    """The newest copy in the repository at `place` (a path or URL), empty when there is none."""
    with _repository(place) as git:
        return git.show() if git.fetch() else b""


def write_branch(place: str, data: bytes, when: int) -> None:
    """Add a commit with `data`, dated `when` (Unix seconds). Raises OutsideError when it is not taken."""
    with _repository(place) as git:
        parent = git.fetch()
        blob = git.run("hash-object", "-w", "--stdin", given=data).decode().strip()
        tree = git.run("mktree", given=f"100644 blob {blob}\t{FILE}\n".encode()).decode().strip()
        words = ("-p", parent) if parent else ()
        commit = git.run("commit-tree", tree, *words, "-m", "A checkpoint of the ledger", when=when)
        git.run("push", "--quiet", "--", place, f"{commit.decode().strip()}:{BRANCH}")


class _Git:
    def __init__(self, program: str, directory: Path, place: str) -> None:
        self._program, self._directory, self._place = program, directory, place

    def fetch(self) -> str:
        """The commit that the branch is at, brought here; empty when there is no such branch."""
        found = self.run("ls-remote", "--", self._place, BRANCH).decode().split()
        if not found:
            return ""
        self.run("fetch", "--quiet", "--depth=1", "--no-tags", "--", self._place, f"{BRANCH}:{BRANCH}")
        return self.run("rev-parse", "--verify", BRANCH).decode().strip()

    def show(self) -> bytes:
        return self.run("cat-file", "blob", f"{BRANCH}:{FILE}")[: DEFAULT_LIMITS.note_bytes + 1]

    def run(self, *words: str, given: bytes = b"", when: int = 0) -> bytes:
        try:
            done = subprocess.run(
                [self._program, "--no-pager", *words],
                cwd=self._directory,
                env=_environment(os.environ, when),
                input=given,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutsideError(f"git did not end: {type(error).__name__}", _LOOK) from None
        if done.returncode:
            # git's own words may repeat an address with a credential in it.
            raise OutsideError(f"git {words[0]} failed for a copy of the ledger ({done.returncode})", _LOOK)
        return done.stdout


@contextmanager
def _repository(place: str) -> Iterator[_Git]:
    program = shutil.which("git")
    if not program:
        raise UsageError("a copy in a git repository needs git", "install git, or name another kind of copy")
    if not place or place.startswith("-"):
        raise UsageError(f"{place!r} is no repository", "write git:PATH or git:URL")
    with tempfile.TemporaryDirectory(prefix="seawall-copy-") as directory:
        git = _Git(program, Path(directory), place)
        git.run("init", "--quiet", "--bare", ".")
        yield git


def _environment(given: Mapping[str, str], when: int) -> dict[str, str]:
    date = f"{when} +0000"
    return {name: given[name] for name in _PASSED if name in given} | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "GIT_ALLOW_PROTOCOL": "file:https:ssh",
        "GIT_AUTHOR_NAME": "seawall",
        "GIT_AUTHOR_EMAIL": "seawall@localhost",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": "seawall",
        "GIT_COMMITTER_EMAIL": "seawall@localhost",
        "GIT_COMMITTER_DATE": date,
    }
