"""Workflows out of a seed, as varied as real ones: languages, matrices, secrets, caches, artifacts, releases.

write(tree, count)      the same files for the same seed and count
"""

import random
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

SEED = 20261125
_PINS = ("@v4", "@v5", "@main", "@8f4b7f84864484a7bf31766abe9204da3cbe65b3", "@1.2.3")
_SETUPS = (
    ("actions/setup-node", "node-version: 22\n          cache: npm"),
    ("actions/setup-python", 'python-version: "3.13"\n          cache: pip'),
    ("astral-sh/setup-uv", "enable-cache: true"),
    ("actions/setup-go", "go-version: stable"),
    ("dtolnay/rust-toolchain", "toolchain: stable"),
)
_INSTALLS = (
    "npm ci",
    "npm install",
    "pip install -r requirements.txt",
    "python -m pip install --upgrade pip build 'pytest>=8'",
    "uv sync --locked",
    "pnpm install --frozen-lockfile",
    "sudo apt-get update && sudo apt-get install -y jq",
    "curl -fsSL https://files.example/install.sh | sh",
    "npx --yes tool@latest build",
    "cargo install --locked cargo-nextest",
)
_RUNS = (
    "npm test -- --ci",
    "make test",
    "tox -e py313",
    "pytest -x --cov | tee log.txt\ntest ${PIPESTATUS[0]} -eq 0",
    'for f in dist/*; do\n  sha256sum "$f" >> sums.txt\ndone',
    'if [ -n "$TOKEN" ]; then\n  echo "//registry.example/:_authToken=$TOKEN" > ~/.npmrc\nfi\nnpm publish',
    'echo "version=$(cat VERSION)" >> "$GITHUB_OUTPUT"',
    'cat <<EOF > notes.md\nRelease ${{ github.ref_name }}\nEOF\ngh release create "$TAG" dist/*',
)
_TRIGGERS = (
    "push:\n    branches: [main]",
    "pull_request:",
    "release:\n    types: [published]",
    "workflow_dispatch:",
    "schedule:\n    - cron: '3 4 * * *'",
    "pull_request_target:\n    types: [opened]",
)
_SECRETS = ("NPM_TOKEN", "PYPI_API_TOKEN", "CODECOV_TOKEN", "APPLE_P12", "SLACK_WEBHOOK", "DEPLOY_KEY")
_PERMISSIONS = ("contents: read", "contents: read", "contents: write", "id-token: write\n  contents: read")
_RUNNERS = ("ubuntu-latest", "ubuntu-latest", "macos-14", "windows-latest", "[self-hosted, gpu]")
_UPLOAD = "      - uses: actions/{}-artifact@v4\n        with:\n          name: dist\n          path: dist\n"


def write(tree: Path, count: int) -> int:
    """`count` workflows below `tree`; their bytes."""
    chance = random.Random(SEED)
    folder = tree / ".github" / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for number in range(count):
        text = "".join(_workflow(chance, number))
        (folder / f"w{number:05}.yml").write_text(text)
        size += len(text)
    (tree / "package.json").write_text('{"name": "x", "scripts": {"test": "vitest run"}}\n')
    (tree / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {}}\n')
    (tree / "Makefile").write_text("test:\n\tpip install pytest\n\tpytest\n")
    return size


def _workflow(chance: random.Random, number: int) -> Iterator[str]:
    yield f"name: Workflow {number}\non:\n"
    for trigger in chance.sample(_TRIGGERS, chance.randint(1, 3)):
        yield f"  {trigger}\n"
    if chance.random() < 0.6:
        yield f"permissions:\n  {chance.choice(_PERMISSIONS)}\n"
    if chance.random() < 0.03:
        yield f"env:\n  CI: 1\n  KEY: ${{{{ secrets.{chance.choice(_SECRETS)} }}}}\n"
    yield "jobs:\n"
    for job in range(chance.choice((1, 1, 2, 2, 4))):
        yield from _job(chance, number, job)


def _job(chance: random.Random, number: int, job: int) -> Iterator[str]:
    yield f"  job{job}:\n"
    yield f"    runs-on: {chance.choice(_RUNNERS)}\n"
    if job:
        yield f"    needs: job{job - 1}\n"
    if chance.random() < 0.2:
        yield "    environment: production\n"
    if chance.random() < 0.3:
        yield "    strategy:\n      matrix:\n        version: [1, 2, 3]\n"
    yield f"    steps:\n      - uses: actions/checkout{chance.choice(_PINS)}\n"
    for _ in range(chance.randint(1, 6)):
        yield from _step(chance, number)
    if chance.random() < 0.2:
        yield _UPLOAD.format(chance.choice(("upload", "download")))


def _step(chance: random.Random, number: int) -> Iterator[str]:
    kind = chance.random()
    if kind < 0.3:
        name, given = chance.choice(_SETUPS)
        yield f"      - uses: {name}{chance.choice(_PINS)}\n        with:\n          {given}\n"
    elif kind < 0.4:
        yield f"      - uses: acme{chance.randint(0, 200)}/action{chance.choice(_PINS)}\n"
        if chance.random() < 0.1:
            yield f"        with:\n          token: ${{{{ secrets.{chance.choice(_SECRETS)} }}}}\n"
    else:
        run = chance.choice(_INSTALLS) if kind < 0.65 else chance.choice(_RUNS)
        yield f"      - name: Step {number}\n        run: |\n{indent(run, ' ' * 10)}\n"
        if chance.random() < 0.07:
            yield f"        env:\n          TOKEN: ${{{{ secrets.{chance.choice(_SECRETS)} }}}}\n"
        if chance.random() < 0.15:
            yield "        if: github.ref == 'refs/heads/main'\n"
