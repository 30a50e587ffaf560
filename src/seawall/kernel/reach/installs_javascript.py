"""npm, pnpm and yarn: what they install, whether a lockfile holds it, and whether install scripts run.

npm and yarn 1 run install scripts unless they are switched off; pnpm 10 and bun do not run those of
dependencies. `npx` and its like resolve without a lockfile, unless the package is installed already.
Source: npm 11 (npm-ci, npm-install, npm-exec), pnpm 10, Yarn 1 and 4, Bun 1.2, Node's Corepack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from posixpath import dirname

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.lockfile import Document
from seawall.kernel.shell import Word

from .inner import NPX, PNPM, YARN_DLX
from .npm_programs import brought_by
from .options import Known, Parsed, known, parsed
from .running import Run
from .scene import Scene, address_pin, code, loosest, manifest_pin, npm_pin, ref_pin, switched

NPM = known(
    "-w --workspace --registry --tag --omit --include --only --also --loglevel --cache --userconfig "
    "--globalconfig "
    "--prefix -C --otp --access --script-shell --node-options --auth-type --before --depth --fetch-retries "
    "--fetch-timeout --fetch-retry-mintimeout --fetch-retry-maxtimeout --https-proxy --proxy --location "
    "--lockfile-version --maxsockets --message -m --network-timeout --noproxy --save-prefix --scope "
    "--user-agent "
    "--install-strategy --cpu --os --libc --target --arch --target_arch --disturl --runtime --call -c "
    "--package "
    "--allow-git --min-release-age --expect-results --preid --tag-version-prefix --sbom-format",
    "-g --global -D --save-dev -P --save-prod -O --save-optional -E --save-exact -S --save --no-save -B "
    "--save-bundle --ignore-scripts --no-audit --audit --no-fund --fund --legacy-peer-deps --force -f "
    "--prefer-offline "
    "--prefer-online --offline --no-optional --production --no-package-lock --package-lock-only "
    "--package-lock "
    "--silent -s --quiet -q --verbose -d -dd -ddd --no-progress --progress --strict-peer-deps --unsafe-perm "
    "--foreground-scripts --no-bin-links --dry-run --if-present --workspaces -ws "
    "--include-workspace-root -y --yes "
    "--json --engine-strict --no-update-notifier --no-shrinkwrap --install-links --global-style "
    "--legacy-bundling "
    "--build-from-source --no-color --color --help -h --version -v --no-engine-strict "
    "--no-git-tag-version --parseable "
    "-a --all -l --long --no-dry-run --provenance",
)
_PNPM = Known(
    PNPM.values
    | known(
        "--prefix --registry --tag --store-dir --virtual-store-dir --modules-dir --lockfile-dir "
        "--loglevel --reporter "
        "--network-concurrency --child-concurrency --package-import-method --hoist-pattern "
        "--public-hoist-pattern "
        "--node-linker --only --save-catalog-name --cpu --os --libc --allow-build --otp --access "
        "--publish-branch",
    ).values,
    PNPM.flags
    | known(
        "",
        "-D -P -O -E -S -g -d -f --save-dev --save-prod --save-optional --save-exact --save-peer --save "
        "--global "
        "--frozen-lockfile --no-frozen-lockfile --prefer-frozen-lockfile --no-prefer-frozen-lockfile "
        "--ignore-scripts "
        "--prod --dev --no-optional --offline --prefer-offline --force --shamefully-hoist "
        "--strict-peer-dependencies "
        "--no-strict-peer-dependencies --fix-lockfile --lockfile-only --no-lockfile --ignore-workspace "
        "--workspace "
        "--no-color --color --help -h --version -v --latest --use-store-server --side-effects-cache "
        "--merge-git-branch-lockfiles "
        "--dangerously-allow-all-builds --hoist --no-hoist --no-verify-store-integrity --trust-lockfile "
        "--no-git-checks",
    ).flags,
)
_YARN = known(
    "--cwd --registry --modules-folder --cache-folder --network-timeout --network-concurrency --mutex "
    "--mode --use-yarnrc "
    "--preferred-cache-folder --prod --proxy --https-proxy --otp --tag --access --new-version --message "
    "--config",
    "--frozen-lockfile --immutable --no-immutable --check-cache --immutable-cache --ignore-scripts "
    "--production --prefer-offline "
    "--offline --non-interactive --silent -s --pure-lockfile --no-lockfile --ignore-engines "
    "--ignore-optional --force "
    "--check-files --flat --har --inline-builds --json --refresh-lockfile --verbose --no-progress "
    "--ignore-platform -D --dev "
    "-P --peer -O --optional -E --exact -T --tilde -C --caret -W --ignore-workspace-root-check -i "
    "--cached --skip-builds "
    "--no-bin-links --link-duplicates --focus --no-default-rc --no-node-version-check -v --version -h "
    "--help -A --all --prefer-dev",
)
_NPM_INSTALLS = (
    "install",
    "i",
    "in",
    "ins",
    "inst",
    "insta",
    "instal",
    "isnt",
    "isnta",
    "isntal",
    "isntall",
    "add",
)
_NPM_CLEAN = (
    "ci",
    "clean-install",
    "ic",
    "install-clean",
    "isntall-clean",
    "cit",
    "install-ci-test",
    "sit",
    "clean-install-test",
)
_NPM_TESTS = ("install-test", "it")
_NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_MAY_REWRITE = "the command may rewrite the lockfile"
_SPEC = re.compile(r"(@[^/@\s]+/[^@\s]+|[^@\s]+?)(?:@(.*))?\Z", re.DOTALL)
_ALIAS = re.compile(r"[\w@/.-]+@npm:(.+)\Z")
_GIT = ("git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "ssh://")
_LOCAL = (".", "/", "~", "file:", "link:", "workspace:")
_MOST_SHOWN = 12


def npm_spec(text: str) -> tuple[str, Firmness, str]:
    """(name, how firmly, version or reference) of a package as npm takes it; name empty for a local path."""
    alias = _ALIAS.match(text)
    text = alias[1] if alias else text
    if "://" not in text and (text.startswith(_LOCAL) or text.endswith((".tgz", ".tar.gz"))):
        return "", Firmness.SHA, ""
    if text.startswith(_GIT) or "://" in text or re.fullmatch(r"[\w.-]+/[\w.-]+(?:#.*)?", text):
        ref = text.partition("#")[2]
        if text.startswith("http") and not text.partition("#")[0].endswith(".git"):
            return text, *address_pin(text)
        return text.partition("#")[0], ref_pin(ref), ref
    found = _SPEC.match(text)
    if not found:
        return text, Firmness.FLOATING, ""
    spec = (found[2] or "").strip()
    pin = npm_pin(spec)
    return found[1], pin, spec


def scripts_off(run: Run, line: Parsed) -> bool:
    """Install scripts are switched off on this line or in its environment."""
    if any(value.lower() == "false" for value in line.values("--ignore-scripts")):
        return False
    if line.has("--ignore-scripts") or "--no-scripts" in line.options:
        return True
    set_ = switched(run.env, "npm_config_ignore_scripts", "pnpm_config_ignore_scripts", "YARN_IGNORE_SCRIPTS")
    enabled = switched(run.env, "YARN_ENABLE_SCRIPTS")
    return bool(set_) or enabled is False


def npm(run: Run, scene: Scene) -> Iterator[Code]:
    """`npm ci`, `install`, `update`, `exec`, `init`."""
    line = parsed(run.args, NPM)
    verb, words = (line.texts[0], line.words[1:]) if line.texts else ("", [])
    if line.has("--dry-run", "--help", "-h", "--version", "-v") or line.has("--package-lock-only"):
        return
    words = [*words, *line.rest]
    bare = not words and not line.doubtful and not line.has("-g", "--global")
    if verb in _NPM_CLEAN or (bare and verb in (*_NPM_INSTALLS, *_NPM_TESTS)):
        fixed = verb in _NPM_CLEAN
        yield from tree(run, scene, line, f"npm {verb}", fixed=fixed, piped=verb in _NPM_INSTALLS)
    elif verb in _NPM_INSTALLS:
        yield from named(run, scene, line, f"npm {verb}", words)
    elif verb in ("update", "up", "upgrade", "rebuild", "rb", "audit", "dedupe"):
        if verb != "audit" or (words[:1] and words[0].text == "fix"):
            yield from updated(run, scene, line, f"npm {verb}", words)
    elif verb in ("exec", "x"):
        rest = parsed(run.args, NPX, stops=True).rest[1:]
        yield from npx(run, scene, rest, "npm exec")
    elif verb in ("init", "create", "innit") and words:
        yield from created(run, scene, f"npm {verb}", words[0])


def _directory(run: Run, line: Parsed) -> str:
    given = line.value("--prefix", "-C", "--cwd", "--dir")
    return (run.path(given) or "?") if given else run.directory


def tree(
    run: Run,
    scene: Scene,
    line: Parsed,
    name: str,
    *,
    fixed: bool,
    piped: bool = False,
    locks: Sequence[str] = _NPM_LOCKS,
    scripts: bool = True,
    note: str = "",
) -> Iterator[Code]:
    """An install of all that the manifest and its lockfile name."""
    if piped and run.piped:
        yield from named(run, scene, line, name, [])
        return
    directory = _directory(run, line)
    lock = scene.beside(directory, *locks)
    manifest = scene.beside(directory, "package.json")
    document = scene.document(manifest)
    unlocked = line.has("--no-package-lock", "--no-lockfile", "--no-shrinkwrap")
    locked = (bool(lock) and not unlocked) or fixed
    pin = Firmness.LOCKFILE if locked else _ranged(document)
    if pin is None:
        return
    off = scripts_off(run, line) or not scripts
    notes = [note, "" if fixed or not lock else _MAY_REWRITE, "" if locked else "no lockfile holds it"]
    yield code(
        run, scene, CodeKind.PACKAGES, name, pin, ecosystem="npm",
        manifests=[p for p in (lock, manifest) if p], runs="import" if off else "now",
        note="; ".join(filter(None, notes)),
    )  # fmt: skip


def _ranged(document: Document | None) -> Firmness | None:
    pin = manifest_pin(document, ("main", "dev", "optional", "peer")) if document else Firmness.RANGE
    return Firmness.RANGE if pin in (Firmness.VERSION, Firmness.SHA, Firmness.HASH) else pin


def named(
    run: Run, scene: Scene, line: Parsed, name: str, words: Sequence[Word], *, scripts: bool = True
) -> Iterator[Code]:
    """An install of packages that stand on the line."""
    found = [(npm_spec(word.text), word) for word in words]
    outside = [(spec, word) for spec, word in found if spec[0] or not word.literal]
    if not outside and not (line.doubtful or run.piped):
        if found:
            yield from _local(run, scene, line, name, [word.text for word in words], scripts=scripts)
        return
    pins = [Firmness.FLOATING if not word.literal and not spec[2] else spec[1] for spec, word in outside]
    shown = [word.text for _, word in outside[:_MOST_SHOWN]] or ["…"]
    flag = " -g" if line.has("-g", "--global") else ""
    yield code(
        run, scene, CodeKind.PACKAGES, f"{name}{flag} {' '.join(shown)}",
        loosest(pins or [Firmness.FLOATING]), ref=outside[0][0][2] if len(outside) == 1 else "",
        ecosystem="npm", packages=[spec[0] or word.text for spec, word in outside],
        runs="import" if scripts_off(run, line) or not scripts else "now",
        note="its dependencies are not fixed" if outside else "what is asked for was not understood",
    )  # fmt: skip


def _local(
    run: Run, scene: Scene, line: Parsed, name: str, words: Sequence[str], *, scripts: bool
) -> Iterator[Code]:
    """A folder or archive of this tree: its dependencies come in by its ranges."""
    yield code(
        run, scene, CodeKind.PACKAGES, f"{name} {' '.join(words)}", Firmness.RANGE, ecosystem="npm",
        runs="import" if scripts_off(run, line) or not scripts else "now",
        note="the dependencies of what is installed from here",
    )  # fmt: skip


def updated(
    run: Run, scene: Scene, line: Parsed, name: str, words: Sequence[Word], *, scripts: bool = True
) -> Iterator[Code]:
    """An install that goes past the lockfile, or builds again what is there."""
    manifest = scene.beside(_directory(run, line), "package.json")
    rebuilds = "rebuild" in name or name.endswith(" rb")
    pin = Firmness.LOCKFILE if rebuilds else Firmness.RANGE
    yield code(
        run, scene, CodeKind.PACKAGES, " ".join((name, *(word.text for word in words))), pin,
        ecosystem="npm",
        packages=[spec[0] for word in words if (spec := npm_spec(word.text))[0] and "audit" not in name],
        manifests=[manifest] if manifest else [],
        runs="import" if scripts_off(run, line) or not scripts else "now",
        note="" if rebuilds else "past the lockfile",
    )  # fmt: skip


def created(run: Run, scene: Scene, name: str, word: Word) -> Iterator[Code]:
    """`npm create vite` runs `create-vite`; `npm init @scope` runs `@scope/create`."""
    package, pin, ref = npm_spec(word.text)
    if not package:
        return
    scope, slash, rest = package.partition("/")
    made = (
        f"create-{package}" if not package.startswith("@") else f"{scope}/create{'-' + rest if slash else ''}"
    )
    yield code(
        run, scene, CodeKind.TOOL, f"{name} {word.text}", pin, ref=ref, ecosystem="npm", packages=[made]
    )


def npx(
    run: Run, scene: Scene, args: Sequence[Word], name: str = "npx", options: Known = NPX
) -> Iterator[Code]:
    """A package that is fetched, if it is not there, and run at once."""
    line = parsed(args, options, stops=True)
    if line.has("--no-install", "--no"):
        return
    asked = [Word(text) for text in line.values("-p", "--package")] or line.rest[:1]
    if not asked:
        return
    found = [npm_spec(word.text) for word in asked]
    if all(not package for package, _, _ in found):
        return
    lock = _installed(run, scene, found) if name in ("npx", "npm exec", "bunx", "bun x") else ""
    ranges = _ranges(run, scene) if name in ("npx", "npm exec", "bunx", "bun x") else {}
    pins = [
        Firmness.FLOATING
        if not word.literal
        else pin
        if spec
        else ranges.get(brought_by(package, ranges), pin)
        for word, (package, pin, spec) in zip(asked, found, strict=True)
    ]
    note = "the lockfile's, if it was installed before" if lock else "no lockfile holds it"
    yield code(
        run, scene, CodeKind.TOOL, f"{name} {' '.join(word.text for word in asked)}",
        Firmness.LOCKFILE if lock else loosest(pins), ref=found[0][2], ecosystem="npm",
        packages=[package for package, _, _ in found if package], manifests=[lock] if lock else [], note=note,
    )  # fmt: skip


def _manifests(run: Run, scene: Scene) -> list[Document]:
    """The manifests beside and above: what any of them installs is found from here."""
    found: list[Document] = []
    directory, path = run.directory, scene.beside(run.directory, "package.json")
    while path:
        document = scene.document(path)
        found += [document] if document else []
        directory = dirname(path)
        path = scene.beside(dirname(directory) or ".", "package.json") if directory else ""
    return found


def _ranges(run: Run, scene: Scene) -> dict[str, Firmness]:
    """How firmly the manifests ask for their packages: they are taken where they are installed."""
    return {r.name: npm_pin(r.spec) for one in reversed(_manifests(run, scene)) for r in one.requirements}


def _installed(run: Run, scene: Scene, found: Sequence[tuple[str, Firmness, str]]) -> str:
    """The lockfile beside that holds all of these as direct dependencies, empty when none does."""
    lock = scene.beside(run.directory, *_NPM_LOCKS, "pnpm-lock.yaml", "yarn.lock", "bun.lock")
    document, manifests = scene.document(lock), _manifests(run, scene)
    if not lock or any(spec for _, _, spec in found):
        return ""
    asked = (
        {r.name for manifest in manifests for r in manifest.requirements}
        if manifests
        else {p.name for p in (document.pins if document else ()) if p.direct}
    )
    return lock if all(brought_by(package, asked) for package, _, _ in found) else ""


# pnpm


def _pnpm_major(run: Run, scene: Scene) -> int:
    manifest = scene.document(scene.beside(run.directory, "package.json"))
    named = manifest.facts.get("package-manager", "") if manifest else ""
    found = re.match(r"pnpm@(\d+)", named)
    return int(found[1]) if found else 0


def pnpm(run: Run, scene: Scene) -> Iterator[Code]:
    """`pnpm install`, `add`, `dlx`, `update`, `create`."""
    line = parsed(run.args, _PNPM)
    verb, words = (line.texts[0], [*line.words[1:], *line.rest]) if line.texts else ("", [])
    if line.has("--help", "-h", "--version", "-v", "--lockfile-only"):
        return
    major = _pnpm_major(run, scene)
    scripts = major < 10 or line.has("--dangerously-allow-all-builds")
    note = "" if major or scripts_off(run, line) else "pnpm before 10 runs install scripts"
    if verb in ("install", "i", "ci", "install-test", "it") and not words:
        frozen = line.has("--frozen-lockfile") or (scene.where.ci and not line.has("--no-frozen-lockfile"))
        lock = scene.beside(_directory(run, line), "pnpm-lock.yaml")
        fixed = line.has("--frozen-lockfile") or verb == "ci" or (frozen and bool(lock))
        yield from tree(
            run,
            scene,
            line,
            f"pnpm {verb}",
            fixed=fixed,
            locks=("pnpm-lock.yaml",),
            scripts=scripts,
            note=note,
        )
    elif verb in ("add", "install", "i"):
        yield from named(run, scene, line, f"pnpm {verb}", words, scripts=scripts)
    elif verb in ("update", "up", "upgrade", "rebuild", "rb"):
        yield from updated(run, scene, line, f"pnpm {verb}", words, scripts=scripts)
    elif verb == "dlx":
        rest = parsed(run.args, PNPM, stops=True).rest[1:]
        yield from npx(run, scene, rest, "pnpm dlx", PNPM | YARN_DLX)
    elif verb == "create" and words:
        yield from created(run, scene, "pnpm create", words[0])


# yarn


def yarn(run: Run, scene: Scene) -> Iterator[Code]:
    """`yarn`, `yarn install`, `add`, `global add`, `dlx`, `up`."""
    line = parsed(run.args, _YARN)
    texts = line.texts
    verb, words = (texts[0], [*line.words[1:], *line.rest]) if texts else ("install", [])
    if line.has("--help", "-h", "--version", "-v"):
        return
    if verb == "workspaces" and [w.text for w in words[:1]] == ["focus"]:
        verb, words = "install", []
    if verb == "install" and not words:
        berry = _is_berry(run, scene, line)
        fixed = line.has("--frozen-lockfile", "--immutable", "--pure-lockfile") or bool(
            switched(run.env, "YARN_ENABLE_IMMUTABLE_INSTALLS")
        )
        lock = scene.beside(_directory(run, line), "yarn.lock")
        fixed = fixed or (berry and scene.where.ci and bool(lock) and not line.has("--no-immutable"))
        off = line.value("--mode") == "skip-build" or line.has("--skip-builds")
        shown = "yarn install" if texts else "yarn"
        yield from tree(run, scene, line, shown, fixed=fixed, locks=("yarn.lock",), scripts=not off)
    elif verb == "global" and words and words[0].text == "add":
        yield from named(run, scene, line, "yarn global add", words[1:])
    elif verb == "add":
        yield from named(run, scene, line, "yarn add", words)
    elif verb in ("up", "upgrade", "upgrade-interactive", "dedupe"):
        yield from updated(run, scene, line, f"yarn {verb}", words)
    elif verb == "dlx":
        rest = parsed(run.args, known("--cwd"), stops=True).rest[1:]
        yield from npx(run, scene, rest, "yarn dlx", YARN_DLX)
    elif verb == "create" and words:
        yield from created(run, scene, "yarn create", words[0])


def _is_berry(run: Run, scene: Scene, line: Parsed) -> bool:
    directory = _directory(run, line)
    if scene.beside(directory, ".yarnrc.yml"):
        return True
    manifest = scene.document(scene.beside(directory, "package.json"))
    return bool(manifest and re.match(r"yarn@[2-9]", manifest.facts.get("package-manager", "")))
