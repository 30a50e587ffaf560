"""A git repository of its own in a directory, with fixed dates and nobody's settings."""

import json
import os
import subprocess
from pathlib import Path

WHEN = "2026-03-{:02d}T09:00:00Z"


class Repo:
    """`day` is the author's date of the next commit; it moves on by one with each.

    `landed`: the committer's is the same, and not later for all of them.
    """

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        self.day = 1
        self.landed = False
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *words: str, check: bool = True) -> str:
        when = WHEN.format(self.day)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Sample",
            "GIT_AUTHOR_EMAIL": "sample@example.invalid",
            "GIT_COMMITTER_NAME": "Sample",
            "GIT_COMMITTER_EMAIL": "sample@example.invalid",
            "GIT_AUTHOR_DATE": when,
            # Whoever rebases, cherry-picks or merges commits later than the author wrote.
            "GIT_COMMITTER_DATE": when if self.landed else "2026-06-01T00:00:00Z",
            "GIT_ALLOW_PROTOCOL": "file",
        }
        words = ("-c", "protocol.file.allow=always", *words)
        done = subprocess.run(
            ["git", *words],
            cwd=self.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def put(self, name: str, content: str | bytes | None) -> None:
        path = self.path / name
        if content is None:
            path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes | None] | None = None, message: str = "x") -> str:
        for name, content in (files or {}).items():
            self.put(name, content)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "--no-verify", "-m", message)
        self.day += 1
        return self.git("rev-parse", "HEAD")


def time_of(day: int) -> str:
    return WHEN.format(day)


def package_lock(**versions: str) -> str:
    """A lockfile of npm's version 3; `_` in a name is a `-`."""
    packages: dict[str, object] = {"": {"name": "sample", "version": "1.0.0"}}
    for name, version in versions.items():
        packages[f"node_modules/{name.replace('_', '-')}"] = {
            "version": version,
            "integrity": "sha512-" + "A" * 86 + "==",
        }
    return json.dumps({"name": "sample", "lockfileVersion": 3, "packages": packages}, indent=2) + "\n"


LOCK = "package-lock.json"
BAD = package_lock(axios="1.14.1")
GOOD = package_lock(axios="1.14.0")
