"""cargo, rustup, go, gem, bundle, dotnet and others: what they install or build, and what fixes it.

`cargo` obeys a Cargo.lock that lies beside, but `cargo install` only with `--locked`. `go` checks every
module against go.sum; building runs nothing of theirs, testing and running does.
Source: The Cargo Book; Go Modules Reference; RubyGems and Bundler guides; .NET CLI; Composer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.shell import Word

from .options import Known, known, names, parsed
from .running import Run
from .scene import Scene, cleaned, code, loosest, ref_pin

_CARGO = known(
    "-p --package --exclude -j --jobs --profile -F --features --target --target-dir --manifest-path "
    "--message-format "
    "--color --config -Z --bin --example --test --bench --version --vers --git --branch --tag --rev "
    "--path --root "
    "--index --registry --lockfile-path -C --token --allow-dirty --out-dir --artifact-dir --timings "
    "--features-set "
    "--strategies --github-token --pkg-url --pkg-fmt --bin-dir --install-path",
    "--locked --frozen --offline --release -r --workspace --all --all-features --no-default-features "
    "--lib --bins "
    "--tests --examples --benches --all-targets -v --verbose -q --quiet --keep-going --no-run "
    "--no-fail-fast --doc -f "
    "--force --debug --list --no-track -n --dry-run -y --no-confirm --no-deps --open --fix "
    "--no-symlinks -h --help -V",
)
_CARGO_BUILDS = names(
    "build b check c test t run r bench doc d rustc rustdoc clippy fix publish package nextest "
    "tarpaulin llvm-cov "
    "miri udeps hack make ndk dist zigbuild xtask audit-build component wasi expand rdme semver-checks "
    "mutants criterion "
    "lambda tauri leptos dylint careful fuzz"
)
_CARGO_NOTHING_RUN = ("fetch", "vendor", "metadata", "tree", "update", "generate-lockfile")


def cargo(run: Run, scene: Scene) -> Iterator[Code]:
    """`cargo install`, `binstall`, and everything that builds."""
    args = run.args[1:] if run.first.startswith("+") else run.args
    line = parsed(_own(args), _CARGO)
    verb, words = (line.texts[0], line.words[1:]) if line.texts else ("", [])
    if line.has("--help", "-h", "--list", "-V") or (line.has("--dry-run") and verb != "publish"):
        return
    if verb in ("install", "binstall") and not line.value("--path"):
        git = line.value("--git")
        found = [_crate(word.text) for word in words]
        version = line.value("--version", "--vers")
        if git:
            pin = (
                ref_pin(line.value("--rev"))
                if line.value("--rev")
                else Firmness.TAG
                if line.value("--tag")
                else Firmness.BRANCH
            )
            ref = line.value("--rev", "--tag", "--branch")
        else:
            pins = [_cargo_pin(version or own) for _, own in found]
            pin, ref = (
                loosest(pins or [Firmness.FLOATING]),
                version or (found[0][1] if len(found) == 1 else ""),
            )
        shown = [git] if git else [word.text for word in words]
        note = (
            ""
            if line.has("--locked") or verb == "binstall"
            else "its dependencies are resolved anew without --locked"
        )
        yield code(
            run, scene, CodeKind.PACKAGES, f"cargo {verb} {' '.join(shown)}", pin, ref=ref,
            ecosystem="crates.io", packages=[name for name, _ in found] or shown, note=note,
        )  # fmt: skip
    elif verb in _CARGO_BUILDS or verb in _CARGO_NOTHING_RUN or verb == "install":
        yield from _cargo_tree(
            run, scene, line.value("--manifest-path", "--path"), verb, line.has("--locked", "--frozen")
        )
    elif verb == "add":
        names = [_crate(word.text)[0] for word in words]
        yield code(
            run, scene, CodeKind.PACKAGES, f"cargo add {' '.join(names)}", Firmness.FLOATING,
            ecosystem="crates.io", packages=names, runs="import",
        )  # fmt: skip


def _own(args: tuple[Word, ...]) -> tuple[Word, ...]:
    """Without what stands behind `--`: that is for the program that is built."""
    at = next((n for n, word in enumerate(args) if word.text == "--"), len(args))
    return args[:at]


def _crate(text: str) -> tuple[str, str]:
    name, _, version = text.partition("@")
    return name, version


def _cargo_pin(version: str) -> Firmness:
    if re.fullmatch(r"=?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?", version):
        return Firmness.VERSION
    return Firmness.RANGE if version and version != "*" and "$" not in version else Firmness.FLOATING


def _cargo_tree(run: Run, scene: Scene, manifest: str, verb: str, fixed: bool) -> Iterator[Code]:
    place = run.path(manifest) if manifest else run.directory
    directory = dirname(place) or "." if manifest.endswith(".toml") else place or "?"
    own = scene.beside(directory, "Cargo.toml")
    lock = scene.beside(directory, "Cargo.lock")
    if not own and not lock:
        return
    locked = fixed or (bool(lock) and verb not in ("install", "update", "generate-lockfile"))
    note = (
        "" if fixed else "Cargo.lock may be rewritten without --locked" if locked else "no lockfile holds it"
    )
    yield code(
        run, scene, CodeKind.PACKAGES, f"cargo {verb}", Firmness.LOCKFILE if locked else Firmness.RANGE,
        ecosystem="crates.io", manifests=[path for path in (lock, own) if path],
        runs="import" if verb in _CARGO_NOTHING_RUN else "now", note=note,
    )  # fmt: skip


def rustup(run: Run, scene: Scene) -> Iterator[Code]:
    """`rustup toolchain install nightly`, `rustup update`, `rustup component add`."""
    line = parsed(
        run.args,
        known("--profile -c --component -t --target --toolchain", "--no-self-update --force -q -v -y"),
    )
    texts = line.texts
    if texts[:2] in (["toolchain", "install"], ["toolchain", "add"]) or texts[:1] in (
        ["install"],
        ["update"],
        ["default"],
    ):
        names = [text for text in texts if text not in ("toolchain", "install", "update", "add", "default")]
        exact = bool(names) and all(re.match(r"\d+\.\d+\.\d+|nightly-\d{4}", name) for name in names)
        yield code(
            run, scene, CodeKind.TOOL, f"rustup {' '.join(texts)}",
            Firmness.VERSION if exact else Firmness.FLOATING, ref=names[0] if len(names) == 1 else "",
            runs="import",
        )  # fmt: skip


_GO = known(
    "-o -p -mod -modfile -tags -ldflags -gcflags -asmflags -buildmode -buildvcs -compiler -covermode "
    "-coverpkg "
    "-coverprofile -exec -run -bench -benchtime -count -cpu -timeout -fuzz -fuzztime -parallel -C "
    "-overlay -pgo -pkgdir "
    "-toolexec -installsuffix -skip -shuffle -vet -outputdir -json-file",
    "-v -x -race -a -n -i -u -t -d -trimpath -short -cover -json -failfast -modcacherw -work -msan "
    "-asan -benchmem -linkshared -insecure",
)
_GO_RUNS = ("test", "run", "generate", "tool")
_GO_BUILDS = ("build", "install", "vet", "list")


def go(run: Run, scene: Scene) -> Iterator[Code]:
    """`go install x@v`, `go get`, `go run`, `go build`, `go test`, `go mod download`."""
    line = parsed(run.args, _GO)
    verb, words = (line.texts[0], [word.text for word in line.words[1:]]) if line.texts else ("", [])
    remote = [word for word in words if _is_module(word)]
    if verb == "run" and remote[:1] != words[:1]:
        remote = []
    if (
        verb in ("install", "get", "run")
        and remote
        and any("@" in word for word in remote[: 1 if verb == "run" else None])
    ):
        remote = remote[:1] if verb == "run" else remote
        pins = [_go_pin(word) for word in remote]
        kind = CodeKind.TOOL if verb == "run" else CodeKind.PACKAGES
        yield code(
            run, scene, kind, f"go {verb} {' '.join(remote)}", loosest(pins), ecosystem="Go",
            ref=remote[0].partition("@")[2] if len(remote) == 1 else "",
            packages=[word.partition("@")[0] for word in remote], runs="now" if verb == "run" else "import",
        )  # fmt: skip
    elif verb == "get" and remote:
        yield code(
            run, scene, CodeKind.PACKAGES, f"go get {' '.join(remote)}", Firmness.FLOATING, ecosystem="Go",
            packages=remote, runs="import",
        )  # fmt: skip
    elif verb in (*_GO_RUNS, *_GO_BUILDS) or (
        verb == "mod" and words[:1] in (["download"], ["tidy"], ["vendor"])
    ):
        shown = f"go {verb} {words[0]}" if verb == "mod" else f"go {verb}"
        yield from _go_tree(run, scene, shown, "now" if verb in _GO_RUNS else "import", line.value("-C"))


def _is_module(word: str) -> bool:
    first = word.partition("/")[0]
    return (
        "." in first and not word.startswith((".", "/", "-")) and not word.partition("@")[0].endswith(".go")
    )


def _go_pin(word: str) -> Firmness:
    version = word.partition("@")[2]
    if "$" in version:
        return Firmness.FLOATING
    if re.match(r"v\d+\.\d+\.\d+", version):
        return Firmness.VERSION
    if re.fullmatch(r"[0-9a-f]{40}", version):
        return Firmness.SHA
    if version in ("", "latest", "upgrade", "patch"):
        return Firmness.FLOATING
    return Firmness.RANGE if re.match(r"v\d|[<>]", version) else Firmness.BRANCH


def _go_tree(run: Run, scene: Scene, name: str, runs: str, place: str) -> Iterator[Code]:
    directory = (run.path(place) or "?") if place else run.directory
    manifest = scene.beside(directory, "go.mod")
    if not manifest:
        return
    total = scene.beside(dirname(manifest) or ".", "go.sum")
    document = scene.document(manifest)
    if document is not None and not document.entries and not total:
        return
    yield code(
        run, scene, CodeKind.PACKAGES, name, Firmness.LOCKFILE if total else Firmness.VERSION,
        ecosystem="Go", manifests=[path for path in (total, manifest) if path], runs=runs,
        note="" if total else "no go.sum lies beside",
    )  # fmt: skip


_GEM = known(
    "-v --version -s --source -i --install-dir -n --bindir -P --trust-policy -p --http-proxy --platform "
    "-g --file --without "
    "--document -B --bulk-threshold -m --minimal-deps-x",
    "-N --no-document --no-doc --conservative --user-install -f --force -l --local -r --remote -q "
    "--quiet -V --verbose "
    "--pre --prerelease --no-ri --no-rdoc -E --env-shebang --ignore-dependencies --default -w --wrappers",
)


def gem(run: Run, scene: Scene) -> Iterator[Code]:
    """`gem install`, `gem update`."""
    line = parsed(run.args, _GEM)
    if line.texts[:1] not in (["install"], ["i"], ["update"]):
        return
    words = [word for word in line.texts[1:] if not word.endswith(".gem")]
    system = line.texts[0] == "update" and line.has("--system")
    if not words and not system and line.texts[0] != "update":
        return
    version = line.value("-v", "--version")
    pins = [_gem_pin(word.partition(":")[2] or version) for word in words] or [Firmness.FLOATING]
    yield code(
        run, scene, CodeKind.PACKAGES, f"gem {line.texts[0]} {' '.join(words)}".strip(), loosest(pins),
        ref=version, ecosystem="RubyGems", packages=[word.partition(":")[0] for word in words],
    )  # fmt: skip


def _gem_pin(version: str) -> Firmness:
    if re.fullmatch(r"=?\s*\d+(?:\.[\w-]+)*", version):
        return Firmness.VERSION
    return Firmness.RANGE if re.search(r"~>|<", version) else Firmness.FLOATING


def bundle(run: Run, scene: Scene) -> Iterator[Code]:
    """`bundle`, `bundle install`, `update`, `add`."""
    line = parsed(
        run.args,
        known(
            "-j --jobs --gemfile --path --without --with --retry -v --version",
            "--deployment --frozen --local --quiet -q --force --full-index --no-cache --system --help",
        ),
    )
    verb = line.texts[0] if line.texts else "install"
    if (
        line.has("--help")
        or (not line.texts and "--version" in line.options)
        or verb not in ("install", "update", "add", "i")
    ):
        return
    own = scene.beside(run.directory, "Gemfile")
    lock = scene.beside(run.directory, "Gemfile.lock")
    locked = bool(lock) and verb in ("install", "i")
    pin = Firmness.LOCKFILE if locked or line.has("--deployment", "--frozen") else Firmness.RANGE
    yield code(
        run, scene, CodeKind.PACKAGES, f"bundle {' '.join(line.texts) or 'install'}", pin,
        ecosystem="RubyGems", packages=line.texts[1:] if verb == "add" else (),
        manifests=[path for path in (lock, own) if path],
    )  # fmt: skip


_TOOLS: dict[str, tuple[tuple[str, ...], str, Known]] = {
    "dotnet": (
        ("tool", "install"),
        "NuGet",
        known(
            "--version --tool-path --configfile --add-source --framework -v",
            "-g --global --local --prerelease",
        ),
    ),
    "composer": (
        ("require",),
        "Packagist",
        known("-d --working-dir", "--dev --no-interaction -n -q --no-progress"),
    ),
    "cabal": (
        ("install",),
        "Hackage",
        known("--installdir --constraint -w", "--lib --overwrite-policy=always"),
    ),
    "stack": (("install",), "Hackage", known("--resolver", "--system-ghc")),
    "luarocks": (("install",), "", known("--tree --server", "--local")),
    "opam": (("install",), "opam", known("--switch -j", "-y --yes")),
    "mix": (("archive.install",), "Hex", known("", "--force")),
    "cpanm": ((), "CPAN", known("-l --local-lib --mirror", "-n --notest --quiet -q --sudo")),
    "helm": (("plugin", "install"), "", known("--version")),
    "gh": (("extension", "install"), "", known("--pin", "--force")),
    "krew": (("install",), "", known()),
}


def other(run: Run, scene: Scene) -> Iterator[Code]:
    """Tools of other languages that install by name."""
    verbs, ecosystem, options = _TOOLS[run.program]
    line = parsed(run.args, options)
    if tuple(line.texts[: len(verbs)]) != verbs:
        return
    words = line.texts[len(verbs) :]
    if not words:
        return
    version = line.value("--version", "--pin")
    exact = bool(version) or all(re.search(r"[@:=]v?\d+\.\d+", word) for word in words)
    yield code(
        run, scene, CodeKind.PACKAGES, " ".join((run.program, *verbs, *words)),
        Firmness.VERSION if exact else Firmness.FLOATING, ref=version, ecosystem=ecosystem,
        packages=[cleaned(word) for word in words],
    )  # fmt: skip


def composer(run: Run, scene: Scene) -> Iterator[Code]:
    """`composer install` by its lockfile; `composer require`."""
    words = [word.text for word in run.args if not word.text.startswith("-")]
    if words[:1] in (["install"], ["update"]):
        lock = scene.beside(run.directory, "composer.lock")
        pin = Firmness.LOCKFILE if lock and words[0] == "install" else Firmness.RANGE
        scripts = "--no-scripts" not in run.texts or "--no-plugins" not in run.texts
        yield code(
            run, scene, CodeKind.PACKAGES, f"composer {words[0]}", pin, ecosystem="Packagist",
            manifests=[lock] if lock else [], runs="now" if scripts else "import",
        )  # fmt: skip
    else:
        yield from other(run, scene)


def dotnet(run: Run, scene: Scene) -> Iterator[Code]:
    """`dotnet tool install`, `dotnet restore` and what restores on its way."""
    words = [word.text for word in run.args if not word.text.startswith("-")]
    if (
        words[:1] in (["restore"], ["build"], ["test"], ["publish"], ["run"], ["pack"])
        and "--no-restore" not in run.texts
    ):
        lock = scene.beside(run.directory, "packages.lock.json")
        locked = bool(lock) and "--locked-mode" in run.texts
        pin = Firmness.LOCKFILE if locked else Firmness.VERSION
        yield code(
            run, scene, CodeKind.PACKAGES, f"dotnet {words[0]}", pin, ecosystem="NuGet",
            manifests=[lock] if lock else [], note="" if locked else "transitive packages are not fixed",
        )  # fmt: skip
    else:
        yield from other(run, scene)


OTHERS = tuple(_TOOLS)
