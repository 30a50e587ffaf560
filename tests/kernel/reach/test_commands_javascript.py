"""npm, npx, pnpm, yarn, bun, deno and corepack: what comes in, how firmly, and whether its scripts run."""

from __future__ import annotations

import json

import pytest
from tests.kernel.reach.scripts import SHA, codes, short

MANIFEST = json.dumps({"name": "own", "devDependencies": {"eslint": "^9.0.0", "typescript": "5.0.0"}})
LOCK = json.dumps(
    {
        "name": "own", "lockfileVersion": 3,
        "packages": {"": {"devDependencies": {"eslint": "^9.0.0"}}, "node_modules/eslint": {"version": "9.1.0", "dev": True}},
    }
)  # fmt: skip
BARE = {"package.json": MANIFEST}
LOCKED = {"package.json": MANIFEST, "package-lock.json": LOCK}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("npm ci", ["packages | npm ci | lockfile | now"]),
        ("npm clean-install", ["packages | npm clean-install | lockfile | now"]),
        ("npm ci --ignore-scripts", ["packages | npm ci | lockfile | import"]),
        ("npm ci --ignore-scripts=true", ["packages | npm ci | lockfile | import"]),
        ("npm ci --ignore-scripts=false", ["packages | npm ci | lockfile | now"]),
        ("npm_config_ignore_scripts=true npm ci", ["packages | npm ci | lockfile | import"]),
        ("NPM_CONFIG_IGNORE_SCRIPTS=true npm ci", ["packages | npm ci | lockfile | import"]),
        ("npm install", ["packages | npm install | lockfile | now"]),
        ("npm i", ["packages | npm i | lockfile | now"]),
        ("npm install --no-package-lock", ["packages | npm install | range | now"]),
        ("npm install foo", ["packages | npm install foo | floating | now"]),
        ("npm install foo@1.2.3", ["packages | npm install foo@1.2.3 | version | now"]),
        ("npm install foo@latest", ["packages | npm install foo@latest | floating | now"]),
        ("npm install foo@^1", ["packages | npm install foo@^1 | range | now"]),
        ("npm install foo@1", ["packages | npm install foo@1 | range | now"]),
        ("npm install foo@$V", ["packages | npm install foo@$V | floating | now"]),
        ("npm install -g @s/foo@1.2.3", ["packages | npm install -g @s/foo@1.2.3 | version | now"]),
        ("npm install @s/foo", ["packages | npm install @s/foo | floating | now"]),
        ("npm install --save-dev --registry https://registry.example foo", ["packages | npm install foo | floating | now"]),
        ("npm install --prefix sub foo", ["packages | npm install foo | floating | now"]),
        ("npm install --omit dev foo --loglevel verbose", ["packages | npm install foo | floating | now"]),
        ("npm install alias@npm:foo@1.2.3", ["packages | npm install alias@npm:foo@1.2.3 | version | now"]),
        (f"npm install files/x#{SHA}", [f"packages | npm install files/x#{SHA} | sha | now"]),
        ("npm install github:files/x#v1.0.0", ["packages | npm install github:files/x#v1.0.0 | tag | now"]),
        ("npm install git+https://files.example/x.git", ["packages | npm install git+https://files.example/x.git | branch | now"]),
        ("npm install https://files.example/x.tgz", ["packages | npm install https://files.example/x.tgz | none | now"]),
        ("npm install ./packages/x", ["packages | npm install ./packages/x | range | now"]),
        ("npm install --brand-new value foo", ["packages | npm install foo | floating | now"]),
        ("npm install --brand-new foo", ["packages | npm install … | floating | now"]),
        ("npm install ${{ inputs.package }}", ["packages | npm install ${{ inputs.package }} | floating | now"]),
        ("npm update", ["packages | npm update | range | now"]),
        ("npm audit fix", ["packages | npm audit fix | range | now"]),
        ("npm rebuild", ["packages | npm rebuild | lockfile | now"]),
        ("cat x | xargs npm install -g", ["packages | npm install -g … | floating | now"]),
        ("npm create vite@latest x", ["tool | npm create vite@latest | floating | now"]),
        ("npm init @s x", ["tool | npm init @s | floating | now"]),
        ("npm exec foo", ["tool | npm exec foo | floating | now"]),
        ("npm exec --yes -- foo@1.2.3 x", ["tool | npm exec foo@1.2.3 | version | now"]),
        ("npx foo", ["tool | npx foo | floating | now"]),
        ("npx --yes foo@1.2.3 x y", ["tool | npx foo@1.2.3 | version | now"]),
        ("npx -y -p @s/foo@1.2.3 -p bar foo", ["tool | npx @s/foo@1.2.3 bar | floating | now"]),
        ("npx --package=foo@1.2.3 foo", ["tool | npx foo@1.2.3 | version | now"]),
        ("npx eslint .", ["tool | npx eslint | lockfile | now"]),
        ("npx eslint@9 .", ["tool | npx eslint@9 | range | now"]),
        ("npx $TOOL", ["tool | npx $TOOL | floating | now"]),
        ("npx github:files/x", ["tool | npx github:files/x | branch | now"]),
        ("sudo npm install -g foo", ["packages | npm install -g foo | floating | now"]),
    ],
)  # fmt: skip
def test_npm(text: str, expected: list[str]) -> None:
    assert short(codes(text, LOCKED)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "npm test", "npm run build", "npm --version", "npm pack", "npm publish", "npm config set x y", "npm install --help",
        "npm ci --dry-run", "npm install --package-lock-only", "npm audit", "npm ls", "npm view foo", "npm whoami",
        "npx --no-install foo", "npx --no foo", "npx --version", "npx ./x.tgz", "npm init -y", "npm uninstall foo",
        "pnpm run x", "pnpm test", "pnpm --version", "pnpm exec eslint", "pnpm build", "pnpm install --lockfile-only",
        "pnpm publish", "pnpm store prune", "yarn build", "yarn run x", "yarn --version", "yarn npm publish",
        "yarn workspace a build", "yarn cache clean", "bun run x", "bun test", "bun --version", "bun x.ts", "bun build x",
        "corepack enable", "corepack disable", "deno test", "deno run x.ts", "deno fmt", "node x.js", "npm cache clean --force",
    ],
)  # fmt: skip
def test_what_brings_nothing_in(text: str) -> None:
    assert short(codes(text, LOCKED)) == []


def test_a_lock_above_counts_and_one_elsewhere_does_not() -> None:
    tree = {**LOCKED, "packages/a/package.json": MANIFEST}
    [code] = codes("cd packages/a; npm ci", tree)
    assert code.manifests == ("package-lock.json", "packages/a/package.json")
    [code] = codes("npm install --prefix packages/a", tree)
    assert (code.pin, code.manifests[0]) == ("lockfile", "package-lock.json")
    apart = {
        "package.json": MANIFEST,
        "packages/a/package.json": MANIFEST,
        "packages/a/package-lock.json": LOCK,
    }
    assert codes("npm install", apart)[0].pin == "range"
    assert "rewrite" in codes("npm install", LOCKED)[0].note
    assert codes("npm ci", LOCKED)[0].note == ""


def test_without_a_lock() -> None:
    assert short(codes("npm install", BARE)) == ["packages | npm install | range | now"]
    assert short(codes("npm ci", BARE)) == ["packages | npm ci | lockfile | now"]
    assert short(codes("npm install", {"package.json": '{"name": "own"}'})) == []
    assert short(codes("npm install", {"package.json": '{"dependencies": {"a": "*"}}'})) == [
        "packages | npm install | floating | now"
    ]


@pytest.mark.parametrize(
    ("text", "manager", "expected"),
    [
        ("pnpm install", "pnpm@10.1.0", ["packages | pnpm install | lockfile | import"]),
        ("pnpm install", "pnpm@9.1.0", ["packages | pnpm install | lockfile | now"]),
        ("pnpm install", "", ["packages | pnpm install | lockfile | now"]),
        ("pnpm install --ignore-scripts", "", ["packages | pnpm install | lockfile | import"]),
        ("pnpm i --frozen-lockfile", "pnpm@10.1.0", ["packages | pnpm i | lockfile | import"]),
        (
            "pnpm install --dangerously-allow-all-builds",
            "pnpm@10.1.0",
            ["packages | pnpm install | lockfile | import"],
        ),
        ("pnpm -C sub add foo@1.2.3", "pnpm@10.1.0", ["packages | pnpm add foo@1.2.3 | version | import"]),
        ("pnpm --filter a add foo", "pnpm@9.0.0", ["packages | pnpm add foo | floating | now"]),
        ("pnpm dlx foo", "", ["tool | pnpm dlx foo | floating | now"]),
        ("pnpm dlx --package foo@1.2.3 x", "", ["tool | pnpm dlx foo@1.2.3 | version | now"]),
        ("pnpx foo@1.2.3", "", ["tool | pnpx foo@1.2.3 | version | now"]),
        ("pnpm update", "pnpm@10.0.0", ["packages | pnpm update | range | import"]),
        ("pnpm create vite", "", ["tool | pnpm create vite | floating | now"]),
        ("corepack pnpm install", "pnpm@10.0.0", ["packages | pnpm install | lockfile | import"]),
    ],
)
def test_pnpm(text: str, manager: str, expected: list[str]) -> None:
    manifest = json.dumps(
        {"devDependencies": {"a": "^1"}, **({"packageManager": manager} if manager else {})}
    )
    tree = {"package.json": manifest, "pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}
    assert short(codes(text, tree)) == (
        [e.replace("| import", "| now") for e in expected] if "dangerously" in text else expected
    )


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        ("yarn", {"yarn.lock": ""}, ["packages | yarn | lockfile | now"]),
        ("yarn install --frozen-lockfile", {"yarn.lock": ""}, ["packages | yarn install | lockfile | now"]),
        ("yarn install --immutable", {}, ["packages | yarn install | lockfile | now"]),
        (
            "yarn --frozen-lockfile --ignore-scripts",
            {"yarn.lock": ""},
            ["packages | yarn | lockfile | import"],
        ),
        ("yarn", {}, ["packages | yarn | range | now"]),
        (
            "yarn install --mode skip-build",
            {"yarn.lock": ""},
            ["packages | yarn install | lockfile | import"],
        ),
        ("YARN_ENABLE_SCRIPTS=false yarn", {"yarn.lock": ""}, ["packages | yarn | lockfile | import"]),
        ("yarn add foo@1.2.3", {}, ["packages | yarn add foo@1.2.3 | version | now"]),
        ("yarn global add foo", {}, ["packages | yarn global add foo | floating | now"]),
        ("yarn dlx foo", {}, ["tool | yarn dlx foo | floating | now"]),
        ("yarn dlx -p foo@1.2.3 bar", {}, ["tool | yarn dlx foo@1.2.3 | version | now"]),
        ("yarn up foo", {}, ["packages | yarn up foo | range | now"]),
        ("yarn create vite", {}, ["tool | yarn create vite | floating | now"]),
        ("yarn workspaces focus", {"yarn.lock": ""}, ["packages | yarn install | lockfile | now"]),
        ("bun install", {"bun.lock": ""}, ["packages | bun install | lockfile | import"]),
        ("bun install --frozen-lockfile", {}, ["packages | bun install | lockfile | import"]),
        ("bun ci", {"bun.lock": ""}, ["packages | bun ci | lockfile | import"]),
        ("bun install", {}, ["packages | bun install | range | import"]),
        ("bun add foo@1.2.3", {}, ["packages | bun add foo@1.2.3 | version | import"]),
        ("bun add --trust foo", {}, ["packages | bun add foo | floating | now"]),
        ("bunx foo", {}, ["tool | bunx foo | floating | now"]),
        ("bun x foo@1.2.3", {}, ["tool | bun x foo@1.2.3 | version | now"]),
        ("deno run -A npm:cowsay@1.6.0", {}, ["tool | deno run npm:cowsay@1.6.0 | version | now"]),
        ("deno run https://files.example/x.ts", {}, ["script | https://files.example/x.ts | none | now"]),
        ("deno install --global npm:foo", {}, ["packages | deno install npm:foo | floating | now"]),
        (
            "corepack prepare pnpm@9.1.0 --activate",
            {},
            ["tool | corepack prepare pnpm@9.1.0 | version | import"],
        ),
        (
            "corepack prepare pnpm@latest --activate",
            {},
            ["tool | corepack prepare pnpm@latest | floating | import"],
        ),
        (
            "corepack use pnpm@9.1.0+sha512.abc",
            {},
            ["tool | corepack use pnpm@9.1.0+sha512.abc | hash | import"],
        ),
    ],
)
def test_yarn_bun_deno_corepack(text: str, files: dict[str, str], expected: list[str]) -> None:
    assert short(codes(text, {**BARE, **files})) == expected


def test_a_pipeline_is_stricter_than_a_laptop() -> None:
    berry = {**BARE, "yarn.lock": "", ".yarnrc.yml": ""}
    assert codes("yarn install", berry)[0].note == ""
    assert "rewrite" in codes("yarn install", berry, step=-1)[0].note
    pnpm = {**BARE, "pnpm-lock.yaml": ""}
    assert "rewrite" not in codes("pnpm install", pnpm)[0].note
    assert "rewrite" in codes("pnpm install", pnpm, step=-1)[0].note
    assert "rewrite" not in codes("pnpm install", pnpm, step=-1, env=(("CI", "true"),))[0].note
    assert "rewrite" in codes("pnpm install --no-frozen-lockfile", pnpm)[0].note


def test_what_is_asked_for_by_name() -> None:
    [code] = codes("npm i -g @s/foo@1.2.3 bar")
    assert (code.packages, code.ecosystem, code.manifests) == (("@s/foo", "bar"), "npm", ())
    [code] = codes("npx foo@1.2.3")
    assert (code.packages, code.ref) == (("foo",), "1.2.3")
    [code] = codes("npm create vite")
    assert code.packages == ("create-vite",)


ROOT = json.dumps({"devDependencies": {"@vscode/vsce": "3.3.2", "@napi-rs/cli": "^3"}})


def test_npx_takes_the_program_of_a_package_of_another_name_from_the_folders_above() -> None:
    files = {"package.json": ROOT, "package-lock.json": LOCK, "apps/x/package.json": MANIFEST}
    for text in ("npx vsce publish", "npx napi build", "npx eslint", "npx tsc"):
        (found,) = codes(text, files, cwd="apps/x")
        assert (str(found.pin), found.manifests) == ("lockfile", ("package-lock.json",)), text
    assert [str(one.pin) for one in codes("npx napi build", {"package.json": ROOT})] == ["range"]
    assert [str(one.pin) for one in codes("npx ng build", files)] == ["floating"]


def test_an_input_that_holds_options_is_no_package() -> None:
    files = {"package.json": MANIFEST, "pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}
    (found,) = codes("pnpm install ${{ inputs.install-args }}", files)
    assert (found.name, str(found.pin)) == ("pnpm install", "lockfile")
