"""bun, deno and corepack: JavaScript without npm, and the package managers themselves.

Source: Bun 1.2 (bun install, bun x), Deno 2, Node's Corepack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.shell import Word

from .installs_javascript import created, named, npm_spec, npx, tree, updated
from .options import known, parsed
from .running import Run
from .scene import Scene, code, npm_pin

_BUN = known(
    "--cwd --registry --config -c --backend --cache-dir --network-concurrency --concurrent-scripts "
    "--filter --omit "
    "--linker --minimum-release-age --cpu --os --cafile --ca --tag --otp",
    "--frozen-lockfile --no-save --save --production -p --dev -d -D --development --optional --peer -E "
    "--exact -g --global "
    "--ignore-scripts --trust --force -f --silent --verbose --no-progress --no-summary --no-verify "
    "--dry-run --lockfile-only "
    "--save-text-lockfile --yarn -y --no-cache --only-missing -a --analyze --help -h --prefer-offline",
)


def bun(run: Run, scene: Scene) -> Iterator[Code]:
    """`bun install`, `ci`, `add`, `x`, `create`: scripts of dependencies are off unless trusted."""
    line = parsed(run.args, _BUN)
    verb, words = (line.texts[0], [*line.words[1:], *line.rest]) if line.texts else ("", [])
    if line.has("--help", "-h", "--dry-run"):
        return
    trusted = line.has("--trust")
    if verb in ("install", "i", "ci") and not words:
        fixed = verb == "ci" or line.has("--frozen-lockfile")
        yield from tree(
            run, scene, line, f"bun {verb}", fixed=fixed, locks=("bun.lock", "bun.lockb"), scripts=trusted
        )
    elif verb in ("add", "a", "install", "i"):
        yield from named(run, scene, line, f"bun {verb}", words, scripts=trusted)
    elif verb == "update":
        yield from updated(run, scene, line, "bun update", words, scripts=trusted)
    elif verb == "x":
        yield from bunx(run, scene, parsed(run.args, _BUN, stops=True).rest[1:], "bun x")
    elif verb == "create" and words:
        yield from created(run, scene, "bun create", words[0])


def bunx(run: Run, scene: Scene, args: Sequence[Word], name: str = "bunx") -> Iterator[Code]:
    """`bunx package`."""
    yield from npx(run, scene, args, name, known("-p --package", "--bun --silent --verbose"))


_DENO = known(
    "-c --config --import-map --lock --node-modules-dir --cert --location --seed --v8-flags --ext -n "
    "--name --root "
    "-L --log-level --reload",
    "-A --allow-all --no-check --quiet -q --frozen --no-lock --cached-only --no-prompt "
    "--no-config --no-npm --allow-scripts -r -f --force -g "
    "--global --no-remote",
)


def deno(run: Run, scene: Scene) -> Iterator[Code]:
    """`deno run`, `install`, `x` of `npm:`, `jsr:` or an address."""
    line = parsed(run.args, _DENO)
    if line.texts[:1] and line.texts[0] in ("run", "install", "x", "add", "cache"):
        for word in (*line.words[1:], *line.doubtful):
            text = word.text
            if text.startswith(("npm:", "jsr:")):
                name, pin, ref = npm_spec(text.partition(":")[2].lstrip("/"))
                kind = CodeKind.TOOL if line.texts[0] in ("run", "x") else CodeKind.PACKAGES
                yield code(
                    run,
                    scene,
                    kind,
                    f"deno {line.texts[0]} {text}",
                    pin,
                    ref=ref,
                    ecosystem="npm",
                    packages=[name],
                )
            elif "://" in text:
                yield code(run, scene, CodeKind.SCRIPT, text, Firmness.NONE)
            if line.texts[0] in ("run", "x"):
                return


def corepack(run: Run, scene: Scene) -> Iterator[Code]:
    """`corepack prepare pnpm@9.1.0`, `corepack install`, `corepack use`: the package manager itself."""
    line = parsed(
        run.args, known("--install-directory -o --output", "--activate -g --global --json --cache-only")
    )
    if line.texts[:1] not in (["prepare"], ["install"], ["use"], ["up"]):
        return
    for text in line.texts[1:]:
        name, _, version = text.partition("@")
        plain, plus, digest = version.partition("+")
        hashed = bool(plus) and digest.startswith("sha")
        pin = Firmness.HASH if hashed else npm_pin(plain)
        yield code(
            run, scene, CodeKind.TOOL, f"corepack {line.texts[0]} {text}", pin, ref=plain, ecosystem="npm",
            packages=[name], runs="import",
        )  # fmt: skip
    if len(line.texts) == 1:
        manifest = scene.beside(run.directory, "package.json")
        document = scene.document(manifest)
        named = document.facts.get("package-manager", "") if document else ""
        pin = Firmness.HASH if "+sha" in named else Firmness.VERSION if named else Firmness.FLOATING
        if named:
            yield code(
                run, scene, CodeKind.TOOL, f"corepack {line.texts[0]}", pin, ref=named.partition("@")[2],
                ecosystem="npm", packages=[named.partition("@")[0]], manifests=[manifest], runs="import",
            )  # fmt: skip
