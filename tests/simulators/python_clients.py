"""Real pip, uv and poetry that know one index and nothing else of this machine.

`.clients/bin` beside the sources, or `SEAWALL_CLIENTS`. Each run has a home and caches of its own, no network
but loopback in its settings, and a project whose only index is the one given.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .past_pypi import Item

CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[2] / ".clients")) / "bin"
MISSING = next(
    (
        f"no {name} in {CLIENTS}"
        for name in ("pip", "uv", "poetry", "python3")
        if not (CLIENTS / name).exists()
    ),
    "",
)


@dataclass(frozen=True)
class Ran:
    code: int
    text: str

    @property
    def words(self) -> str:
        """What was printed, on one line."""
        return " ".join(self.text.split())


@dataclass(frozen=True)
class Desktop:
    """Somebody's machine: `place` is empty at first, `index` is the address of a simple index."""

    place: Path
    index: str

    def run(self, *command: str, **more: str) -> Ran:
        done = subprocess.run(
            [str(CLIENTS / command[0]), *command[1:]],
            cwd=self.place,
            env={
                "PATH": f"{CLIENTS}:/usr/bin:/bin",
                "HOME": str(self.place),
                "NO_COLOR": "1",
                "PIP_INDEX_URL": self.index,
                "PIP_NO_CACHE_DIR": "1",
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_RETRIES": "0",
                "UV_CACHE_DIR": str(self.place / "uv-cache"),
                "UV_DEFAULT_INDEX": self.index,
                "UV_HTTP_RETRIES": "0",
                "UV_PYTHON": str(CLIENTS / "python3"),
                "UV_PYTHON_DOWNLOADS": "never",
                "POETRY_CACHE_DIR": str(self.place / "poetry-cache"),
                "POETRY_CONFIG_DIR": str(self.place / "poetry-config"),
                "POETRY_VIRTUALENVS_IN_PROJECT": "true",
                "POETRY_REQUESTS_MAX_RETRIES": "0",
                **more,
            },
            capture_output=True,
            check=False,
            text=True,
            timeout=150,
        )
        return Ran(done.returncode, done.stdout + done.stderr)

    def project(self, *needs: str) -> None:
        listed = ", ".join(f'"{need}"' for need in needs)
        (self.place / "pyproject.toml").write_text(
            f'[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = [{listed}]\n'
            f'[[tool.uv.index]]\nname = "one"\nurl = "{self.index}"\ndefault = true\n'
            f'[[tool.poetry.source]]\nname = "one"\nurl = "{self.index}"\npriority = "primary"\n'
            "[tool.poetry]\npackage-mode = false\n"
        )

    def installed(self) -> set[str]:
        """`name-version` of everything in the project's environment and in `t`."""
        found = {*self.place.glob("t/*.dist-info"), *self.place.glob(".venv/lib/*/site-packages/*.dist-info")}
        return {path.name.removesuffix(".dist-info") for path in found}

    def read(self, name: str) -> str:
        """A file of the project; addresses are cut down to the file that they name, and poetry's digest of its
        settings, which hold the address of the index, is left out."""
        text = re.sub(r"https?://[^\s\"']*/", "", (self.place / name).read_text())
        return re.sub(r"content-hash = .*", "", text)


def fresh(desk: Desktop, tool: str, need: str) -> Ran:
    """Resolve and install, with no lock."""
    if tool == "pip":
        return desk.run("pip", "install", "--target", "t", need)
    desk.project(need)
    if tool == "uv":
        return desk.run("uv", "sync")
    done = desk.run("poetry", "lock", "-n")
    return desk.run("poetry", "install", "-n") if done.code == 0 else done


def lock(desk: Desktop, tool: str, projects: Mapping[str, Sequence[Item]]) -> None:
    """Write a lock of ebb 1.2 and tide 1.0; `projects` are those of the upstream."""
    if tool == "pip":
        lines = []
        for name, version in (("ebb", "1.2"), ("tide", "1.0")):
            digests = [item.digest for item in projects[name] if item.version == version]
            lines.append(f"{name}=={version} " + " ".join(f"--hash=sha256:{digest}" for digest in digests))
        (desk.place / "requirements.txt").write_text("\n".join(lines) + "\n")
        return
    desk.project("ebb")
    done = desk.run("uv", "lock") if tool == "uv" else desk.run("poetry", "lock", "-n")
    assert done.code == 0, done.text


def install_locked(desk: Desktop, tool: str) -> Ran:
    """With fresh caches, as on another machine."""
    for name in ("uv-cache", "poetry-cache"):
        place = desk.place / name
        if place.exists():
            place.rename(desk.place / f"{name}-old")
    if tool == "pip":
        return desk.run("pip", "install", "--target", "t", "--require-hashes", "-r", "requirements.txt")
    return desk.run("uv", "sync", "--frozen") if tool == "uv" else desk.run("poetry", "install", "-n")
