"""Real npm, pnpm and yarn 1, each in a directory, a home and a cache of its own, with one registry.

    client = NpmClients(tmp_path, gate_url)
    done = client.run("npm", "install", "axios")        # in client.project
    done.code, done.text

They are those of `.clients` (make clients), or of the directory that SEAWALL_CLIENTS names.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CLIENTS = Path(os.environ.get("SEAWALL_CLIENTS", Path(__file__).parents[2] / ".clients"))
TOOLS = ("npm", "pnpm", "yarn")
LOCKFILES = {"npm": "package-lock.json", "pnpm": "pnpm-lock.yaml", "yarn": "yarn.lock"}
ADD = {"npm": ("install",), "pnpm": ("add",), "yarn": ("add",)}
LOCKED = {
    "npm": ("ci",),
    "pnpm": ("install", "--frozen-lockfile"),
    "yarn": ("install", "--frozen-lockfile"),
}
_BIN = CLIENTS / "npm" / "node_modules" / ".bin"
HERE = (CLIENTS / "bin" / "node").exists() and all((_BIN / tool).exists() for tool in TOOLS)


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    text: str

    @property
    def words(self) -> str:
        """What it said, on one line."""
        return " ".join(self.text.split())


class NpmClients:
    """`project` is where it works. `settings` are npm's, in npm's spelling; `more` are further variables."""

    def __init__(self, where: Path, registry: str, **settings: str) -> None:
        self.where, self.registry, self.settings = where, registry, settings
        self.more: dict[str, str] = {}
        self.project = where / "project"
        self.project.mkdir(parents=True)
        (where / "home").mkdir()
        self.write("package.json", {"name": "project", "version": "1.0.0", "license": "MIT"})

    def write(self, name: str, document: dict) -> None:
        (self.project / name).write_text(json.dumps(document))

    def run(self, tool: str, *words: str) -> Done:
        done = subprocess.run(
            [str(_BIN / tool), *words],
            cwd=self.project,
            env=self._environment(),
            capture_output=True,
            check=False,
            text=True,
            timeout=100,
        )
        return Done(done.returncode, done.stdout + done.stderr)

    def add(self, tool: str, *what: str) -> Done:
        return self.run(tool, *ADD[tool], *what)

    def locked(self, tool: str) -> Done:
        """Install what the lockfile says, into nothing."""
        return self.run(tool, *LOCKED[tool])

    def lock(self, tool: str) -> str:
        return (self.project / LOCKFILES[tool]).read_text()

    def takes_over(self, other: "NpmClients") -> None:
        """The other's project without what is installed there: a fresh checkout of it."""
        shutil.rmtree(self.project)
        shutil.copytree(other.project, self.project, ignore=shutil.ignore_patterns("node_modules"))

    def installed(self) -> dict[str, str]:
        """Name → version of what lies in node_modules, one level deep and pnpm's own store."""
        found = {}
        for path in (self.project / "node_modules").rglob("package.json"):
            manifest = json.loads(path.read_text())
            found[manifest["name"]] = manifest["version"]
        return dict(sorted(found.items()))

    def _environment(self) -> dict[str, str]:
        where = str(self.where)
        common = {
            "PATH": f"{_BIN}:{CLIENTS / 'bin'}:/usr/bin:/bin",
            "HOME": f"{where}/home",
            "XDG_DATA_HOME": f"{where}/home/data",
            "CI": "1",
            "NO_COLOR": "1",
            "npm_config_registry": self.registry,
            "npm_config_cache": f"{where}/npm-cache",
            "npm_config_fetch_retries": "0",
            "npm_config_update_notifier": "false",
            "npm_config_audit": "false",
            "npm_config_fund": "false",
            "pnpm_config_registry": self.registry,
            "pnpm_config_store_dir": f"{where}/pnpm-store",
            "pnpm_config_cache_dir": f"{where}/pnpm-cache",
            "pnpm_config_fetch_retries": "0",
            "YARN_REGISTRY": self.registry,
            "YARN_CACHE_FOLDER": f"{where}/yarn-cache",
        }
        return {**common, **{f"npm_config_{key}": value for key, value in self.settings.items()}, **self.more}
