"""An AI team's project on the day of the axios attack: scanned while it is hit, and after its repair.

Everything here is inert: the lockfiles name the bad versions, nothing is installed or fetched. The sample
repository is made anew in .demo/ with its own dates and without your git settings.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
PROJECT = HERE / ".demo" / "assistant"
DIGEST = "sha512-" + "A" * 86 + "=="

MANIFEST = {
    "name": "assistant",
    "version": "0.4.0",
    "private": True,
    "dependencies": {"axios": "^1.13.0", "zod": "^4.1.0"},
}
PYPROJECT = """[project]
name = "assistant-server"
version = "0.4.0"
requires-python = ">=3.11"
dependencies = ["litellm>=1.80", "pydantic>=2"]
"""


def package_lock(axios: str, extra: dict[str, str]) -> str:
    """A lockfile of npm's version 3 with the given axios and what it brings."""
    packages: dict[str, object] = {"": {k: MANIFEST[k] for k in ("name", "version", "dependencies")}}
    for name, version in {"axios": axios, "zod": "4.1.12", "follow-redirects": "1.15.11", **extra}.items():
        entry: dict[str, object] = {"version": version, "integrity": DIGEST}
        if name == "axios":
            entry["dependencies"] = {"follow-redirects": "^1.15.6", **{n: f"^{v}" for n, v in extra.items()}}
        if name in extra:
            entry["hasInstallScript"] = True
        packages[f"node_modules/{name}"] = entry
    document = {"name": "assistant", "version": "0.4.0", "lockfileVersion": 3, "packages": packages}
    return json.dumps(document, indent=2) + "\n"


def requirements(litellm: str) -> str:
    """A locked requirements file."""
    lines = (("litellm", litellm), ("pydantic", "2.12.4"))
    return "".join(f"{name}=={version} \\\n    --hash=sha256:{'0' * 64}\n" for name, version in lines)


def git(*words: str, when: str = "2026-03-01T09:00:00Z") -> None:
    """Run git in the sample project with fixed dates and no configuration of yours."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(PROJECT),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Sample",
        "GIT_AUTHOR_EMAIL": "sample@example.invalid",
        "GIT_COMMITTER_NAME": "Sample",
        "GIT_COMMITTER_EMAIL": "sample@example.invalid",
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_DATE": when,
    }
    subprocess.run(["git", *words], cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)


def commit(when: str, message: str, files: dict[str, str]) -> None:
    """Write the files and commit them at that time."""
    for name, text in files.items():
        path = PROJECT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git("add", "-A")
    git("commit", "-q", "-m", message, when=when)


def scan(title: str) -> int:
    """Print what a person would type and see."""
    print(f"\n$ seawall scan {PROJECT.relative_to(HERE)} --offline    # {title}\n", flush=True)
    words = [sys.executable, "-m", "seawall", "scan", str(PROJECT.relative_to(HERE)), "--offline"]
    done = subprocess.run(words, cwd=HERE, check=False)
    print(f"\n(exit code {done.returncode})", flush=True)
    return done.returncode


def main() -> int:
    """Make the project, scan it while it is hit and after its repair; 0 when both answers are as expected."""
    shutil.rmtree(PROJECT, ignore_errors=True)
    PROJECT.mkdir(parents=True)
    git("init", "-q", "-b", "main")
    base = {"package.json": json.dumps(MANIFEST, indent=2) + "\n", "server/pyproject.toml": PYPROJECT}
    commit(
        "2026-03-10T09:00:00Z",
        "A first version",
        {
            **base,
            "package-lock.json": package_lock("1.13.6", {}),
            "server/requirements.txt": requirements("1.82.6"),
        },
    )
    commit(
        "2026-03-31T00:41:00Z",
        "Update dependencies",
        {"package-lock.json": package_lock("1.14.1", {"plain-crypto-js": "4.2.1"})},
    )
    hit = scan("while it is hit")
    commit(
        "2026-03-31T07:12:00Z",
        "Go back to axios 1.14.0",
        {"package-lock.json": package_lock("1.14.0", {})},
    )
    after = scan("after the repair: the lockfile is clean, its history is not")
    return 0 if (hit, after) == (1, 3) else 1


if __name__ == "__main__":
    sys.exit(main())
