"""pip, uv pip, pipx and uvx: what they install, how firmly it is fixed, and when its code runs.

A source distribution runs its build when it is installed or downloaded, so `now` is the rule; only
`--only-binary :all:` (uv: `--no-build`) makes it `import`. Hashes do not hold what a build asks for.
Source: the manuals of pip 26 (pip install, pip download, Build System Interface), uv 0.9 and pipx 1.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from posixpath import basename, normpath

from seawall.kernel.asset import pypi_name
from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.lockfile import Document
from seawall.kernel.shell import Word

from .inner import UV
from .options import Known, Parsed, known, names, parsed
from .running import Run
from .scene import (
    Scene,
    address_pin,
    code,
    document_pin,
    loosest,
    manifest_pin,
    named_value,
    python_pin,
    switched,
)

_NAME = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?\s*(.*)\Z", re.DOTALL)
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz")
PIP = known(
    "-r --requirement -c --constraint --build-constraint -e --editable --group -t --target --platform "
    "--python-version --implementation --abi --root --prefix --src --upgrade-strategy -C --config-settings "
    "--config-setting --global-option --install-option --build-option --no-binary --only-binary "
    "--progress-bar "
    "--root-user-action --report -i --index-url --pypi-url --extra-index-url -f --find-links --log --proxy "
    "--retries --timeout --exists-action --trusted-host --cert --client-cert --cache-dir --keyring-provider "
    "--use-feature --use-deprecated --python -d --dest --destination-directory -w --wheel-dir --exclude "
    "--path "
    "--format --uploaded-prior-to --requirements-from-script --all-releases --only-final",
    "-U --upgrade -q --quiet -v --verbose --pre --user --force-reinstall --no-deps --no-dependencies "
    "--no-cache-dir --no-build-isolation --use-pep517 --no-use-pep517 --no-input --isolated --require-hashes "
    "--disable-pip-version-check --no-warn-script-location --break-system-packages -I --ignore-installed "
    "--no-index --prefer-binary --dry-run --compile --no-compile --no-clean --ignore-requires-python "
    "--no-warn-conflicts --check-build-dependencies --require-virtualenv --debug --no-color --no-user "
    "--no-python-version-warning -h --help -V --version",
)
_UV_PIP = Known(
    UV.values
    | names(
        "-r --requirements --requirement -e --editable --target --prefix --no-binary --only-binary "
        "--annotation-style --python-version --python-platform --no-build-package"
    ),
    (UV.flags | names("--break-system-packages --user --all-extras --no-cache-dir --no-deps -y"))
    - frozenset(("--no-binary",)),
)
_INSTALLING = ("install", "download", "wheel", "sync")
_ALL = (":all:", "*")


@dataclass(slots=True)
class _Asked:
    """What one command line asks for."""

    pins: list[Firmness] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ref: str = ""
    own: list[str] = field(default_factory=list)

    def add(self, pin: Firmness, shown: str) -> None:
        self.pins.append(pin)
        self.shown.append(shown)

    def fits(self) -> bool:
        return bool(self.pins)


def pip(run: Run, scene: Scene) -> Iterator[Code]:
    """`pip install`, `pip download`, `pip wheel`."""
    line = parsed(run.args, PIP)
    if line.words and line.words[0].text in ("install", "download", "wheel"):
        yield from _pip(run, scene, line, "pip")


def uv_pip(run: Run, scene: Scene, args: Sequence[Word]) -> Iterator[Code]:
    """`uv pip install`, `uv pip sync`."""
    line = parsed(args, _UV_PIP)
    if line.words and line.words[0].text in ("install", "sync"):
        yield from _pip(run, scene, line, "uv pip")


def _pip(run: Run, scene: Scene, line: Parsed, tool: str) -> Iterator[Code]:
    if line.has("--dry-run", "--help", "-h", "--version"):
        return
    verb = line.words[0].text
    asked = _Asked()
    words = [*line.words[1:], *line.rest]
    files = [*line.values("-r", "--requirement", "--requirements")]
    if verb == "sync":
        files, words = [*files, *(word.text for word in words)], []
    if "PIP_REQUIREMENT" in run.env:
        files.extend(run.env["PIP_REQUIREMENT"].split())
    for path in files:
        _file(run, scene, asked, path)
    limits = [
        *line.values("-c", "--constraint", "--constraints"),
        *named_value(run.env, "PIP_CONSTRAINT").split(),
    ]
    constraints = _constraints(run, scene, limits)
    for word in words:
        _word(asked, word, constraints)
    for path in line.values("-e", "--editable"):
        _target(asked, path, "-e ")
    for group in line.values("--group"):
        asked.add(_group_pin(run, scene), f"--group {group}")
    _doubtful(run, asked, line)
    yield from _codes(run, scene, line, asked, f"{tool} {verb}")


def _doubtful(run: Run, asked: _Asked, line: Parsed) -> None:
    if asked.fits() or asked.own:
        return
    if line.doubtful or run.piped or len(line.words) + len(line.rest) < len(run.args) - 1:
        asked.add(Firmness.FLOATING, "…")
        asked.notes.append("names come from a pipe" if run.piped else "what is asked for was not understood")


def _codes(run: Run, scene: Scene, line: Parsed, asked: _Asked, tool: str) -> Iterator[Code]:
    wheels = _wheels_only(run, line)
    runs = "import" if wheels else "now"
    no_deps = line.has("--no-deps", "--no-dependencies") or bool(switched(run.env, "PIP_NO_DEPS"))
    isolated = not line.has("--no-build-isolation")
    for path in asked.own:
        yield from _own(run, scene, path, tool, no_deps=no_deps, isolated=isolated)
    if not asked.fits():
        return
    pin = loosest(asked.pins)
    hashed = line.has("--require-hashes") or bool(switched(run.env, "PIP_REQUIRE_HASHES"))
    if hashed:
        pin = Firmness.HASH
    if pin is Firmness.HASH and not wheels:
        asked.notes.append("build dependencies of source distributions are not held by hashes")
    if pin is Firmness.VERSION and not no_deps and not asked.manifests:
        asked.notes.append("its dependencies are not fixed")
    if line.has("--no-index") or line.value("-i", "--index-url", "--default-index"):
        source = "from local files only" if line.has("--no-index") else "from an index of its own"
        asked.notes.append(source)
    yield code(
        run, scene, CodeKind.PACKAGES, f"{tool} {' '.join(asked.shown)}", pin, ref=asked.ref,
        ecosystem="PyPI", packages=asked.packages, manifests=asked.manifests, runs=runs,
        note="; ".join(dict.fromkeys(asked.notes)),
    )  # fmt: skip


def _wheels_only(run: Run, line: Parsed) -> bool:
    values = [*line.values("--only-binary"), named_value(run.env, "PIP_ONLY_BINARY")]
    if switched(run.env, "UV_NO_BUILD") or line.has("--no-build"):
        return True
    return any(value in _ALL for value in values)


def _file(run: Run, scene: Scene, asked: _Asked, path: str) -> None:
    """A requirements file, or a project's own file that uv reads as one."""
    place = _place(run, scene, path)
    if place and basename(place) in ("pyproject.toml", "setup.py", "setup.cfg"):
        asked.manifests.append(place)
        asked.add(manifest_pin(scene.document(place)) or Firmness.SHA, f"-r {path}")
        return
    if not place or (place not in scene.tree.files and scene.document(place) is None):
        asked.add(Firmness.NONE if "://" in path else Firmness.FLOATING, f"-r {path}")
        asked.notes.append(f"{path} is not in the tree")
        return
    pin, files = document_pin(scene, place)
    if scene.document(place) is None:
        asked.notes.append(f"{path} was not read")
    asked.manifests.extend(files)
    asked.add(pin, f"-r {path}")


def _place(run: Run, scene: Scene, path: str) -> str:
    """The file of the tree. A path of a container's own is taken for the file of that name beside."""
    place = run.path(path)
    if place and place in scene.tree.files:
        return place
    beside = run.path(basename(path)) if path.startswith("/") else ""
    return beside if beside in scene.tree.files else place


def _constraints(run: Run, scene: Scene, paths: Sequence[str]) -> frozenset[str]:
    """The names that constraint files fix to one version."""
    documents = [scene.document(_place(run, scene, path)) for path in paths]
    return frozenset(
        pypi_name(entry.name) for document in documents if document for entry in document.entries if entry.key
    )


def _word(asked: _Asked, word: Word, constraints: frozenset[str]) -> None:
    text = word.text
    if not text:
        return
    found = _NAME.match(text)
    named = bool(found and found[2].startswith("@"))
    if not named and (_is_path(text) or "://" in text or text.startswith(("git+", "git@"))):
        _target(asked, text, "")
        return
    if not found or not word.literal:
        asked.packages.append(text)
        asked.add(
            python_pin(found[2]) if found and "=" in found[2] and not word.variables else Firmness.FLOATING,
            text,
        )
        asked.notes.append("what is asked for is known only when it runs")
        return
    name, spec = found[1], found[2].partition(";")[0].strip()
    asked.packages.append(name)
    if spec.startswith("@"):
        pin, asked.ref = address_pin(spec[1:].strip())
        asked.add(pin, text)
        return
    pin = python_pin(spec)
    if pin is not Firmness.VERSION and pypi_name(name) in constraints:
        pin = Firmness.VERSION
    asked.ref = spec.lstrip("=") if pin is Firmness.VERSION else asked.ref
    asked.add(pin, text)


def _is_path(text: str) -> bool:
    plain = text.partition("[")[0]
    return (
        plain in (".", "..") or plain.startswith(("./", "../", "/", "~", "$GITHUB_WORKSPACE", "file:"))
        or plain.endswith(_ARCHIVES) or ("/" in plain and "://" not in plain and "@" not in plain)
    )  # fmt: skip


def _target(asked: _Asked, text: str, option: str) -> None:
    """A path or address behind `install` or `-e`."""
    if "://" in text or text.startswith(("git+", "git@")):
        pin, ref = address_pin(text)
        asked.ref = ref or asked.ref
        egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", text)
        asked.packages.append(egg[1] if egg else text.partition("#")[0])
        asked.add(pin, option + text.partition("#")[0])
        return
    plain = text.partition("[")[0].removeprefix("file:")
    if plain.endswith(_ARCHIVES) or "*" in plain:
        asked.add(Firmness.FLOATING, option + text)
        asked.notes.append("a local archive: its dependencies are not fixed")
        return
    asked.own.append(text.removeprefix("file:"))


def _own(run: Run, scene: Scene, path: str, tool: str, *, no_deps: bool, isolated: bool) -> Iterator[Code]:
    """The tree itself: its dependencies come in by its manifest's ranges, and so does what builds it."""
    place = run.path(path.partition("[")[0])
    manifest = normpath(f"{place}/pyproject.toml") if place else ""
    document = scene.document(manifest)
    manifests = [manifest] if document else []
    groups = ("main", "optional") if "[" in path else ("main",)
    unknown = document is None or "dependencies" in document.facts.get("dynamic", "")
    pin = Firmness.FLOATING if unknown else manifest_pin(document, groups)
    if no_deps or pin is None:
        if isolated:
            yield from building(run, scene, f"{tool} {path}", document, manifests)
        return
    wanted = _builders(document) if isolated else []
    built = f"; {', '.join(wanted)} builds it and is held by nothing" if wanted else ""
    yield code(
        run, scene, CodeKind.PACKAGES, f"{tool} {path}", pin, ecosystem="PyPI", manifests=manifests,
        note=f"its dependencies, by the ranges of the manifest{built}",
    )  # fmt: skip


def _builders(document: Document | None) -> list[str]:
    wanted = [r.name for r in document.requirements if r.group == "build"] if document else []
    return wanted or ["setuptools"]


def building(
    run: Run, scene: Scene, name: str, document: Document | None, manifests: Sequence[str]
) -> Iterator[Code]:
    """What building the tree's own package asks for: no lockfile holds it."""
    pin = manifest_pin(document, ("build",)) if document else None
    yield code(
        run, scene, CodeKind.PACKAGES, f"{name} (build requirements)", pin or Firmness.FLOATING,
        ecosystem="PyPI", packages=_builders(document), manifests=manifests, runs="build",
        note="what builds the package; no lockfile holds it",
    )  # fmt: skip


def _group_pin(run: Run, scene: Scene) -> Firmness:
    document = scene.document(run.path("pyproject.toml"))
    return manifest_pin(document, ("dev",)) or Firmness.FLOATING


def setup_py(run: Run, scene: Scene) -> Iterator[Code]:
    """`python setup.py install`, `develop`, `test`: the old way, which fetches what the package asks for."""
    texts = run.texts
    if texts[:1] and basename(texts[0]) == "setup.py" and {"install", "develop", "test"} & set(texts[1:]):
        verb = next(text for text in texts[1:] if text in ("install", "develop", "test"))
        yield code(
            run, scene, CodeKind.PACKAGES, f"python setup.py {verb}", Firmness.FLOATING, ecosystem="PyPI",
            note="its dependencies, by the ranges of the manifest",
        )  # fmt: skip


# Tools in environments of their own


def tool_pin(text: str) -> tuple[str, Firmness, str]:
    """(name, how firmly, version) of `tool`, `tool==1.2`, `tool@1.2`, `tool@latest` or an address."""
    if "://" in text or text.startswith("git+"):
        pin, ref = address_pin(text)
        return text.partition("#")[0], pin, ref
    found = _NAME.match(text)
    if not found:
        return text, Firmness.FLOATING, ""
    spec = found[2].strip()
    if spec.startswith("@") and "/" not in spec:
        version = spec[1:].strip()
        exact = bool(re.match(r"v?\d", version))
        return found[1], Firmness.VERSION if exact else Firmness.FLOATING, version if exact else ""
    if spec.startswith("@"):
        pin, ref = address_pin(spec[1:].strip())
        return found[1], pin, ref
    pin = python_pin(spec)
    return found[1], pin, spec.lstrip("=") if pin is Firmness.VERSION else ""


def uvx(run: Run, scene: Scene, args: Sequence[Word], name: str = "uvx") -> Iterator[Code]:
    """`uvx tool`, `uv tool run`: resolved anew, no lockfile holds it."""
    line = parsed(args, UV, stops=True)
    if not line.rest and not line.value("--from"):
        return
    asked = line.value("--from") or line.rest[0].text
    literal = bool(line.value("--from")) or line.rest[0].literal
    extra = [t for value in line.values("--with", "-w") for t in value.split(",") if t]
    files = line.values("--with-requirements")
    found = [tool_pin(text) for text in (asked, *extra)]
    pins = [pin if literal or n else Firmness.FLOATING for n, (_, pin, _) in enumerate(found)]
    pins += [document_pin(scene, run.path(path))[0] for path in files]
    yield code(
        run, scene, CodeKind.TOOL, f"{name} {asked}", loosest(pins), ref=found[0][2], ecosystem="PyPI",
        packages=[n for n, _, _ in found], note="its dependencies are resolved anew",
    )  # fmt: skip


_PIPX = known(
    "--spec --python --index-url -i --pip-args --with --path --suffix --preinstall --backend",
    "--force -f --include-deps --verbose -v --quiet -q --no-cache --pypackages --editable -e "
    "--system-site-packages "
    "--include-apps --global",
)


def pipx(run: Run, scene: Scene) -> Iterator[Code]:
    """`pipx run`, `pipx install`, `pipx inject`."""
    words = parsed(run.args, _PIPX, stops=True).rest
    verb = words[0].text if words else ""
    if verb == "run":
        line = parsed(words[1:], _PIPX, stops=True)
        if not line.rest and not line.value("--spec"):
            return
        asked = line.value("--spec") or line.rest[0].text
        found = [tool_pin(text) for text in (asked, *line.values("--with"))]
        yield code(
            run, scene, CodeKind.TOOL, f"pipx run {asked}", loosest(pin for _, pin, _ in found),
            ref=found[0][2], ecosystem="PyPI", packages=[name for name, _, _ in found],
            note="its dependencies are resolved anew",
        )  # fmt: skip
    elif verb in ("install", "inject", "upgrade", "upgrade-all", "reinstall", "reinstall-all"):
        line = parsed(words[1:], _PIPX)
        yield from tools(run, scene, f"pipx {verb}", line.texts, line.value("--spec"))


def tools(run: Run, scene: Scene, name: str, words: Sequence[str], spec: str = "") -> Iterator[Code]:
    """Tools that are installed for good, each with an environment of its own."""
    asked = [spec] if spec else [word for word in words if not _is_path(word)]
    found = [tool_pin(text) for text in asked]
    pins = [pin for _, pin, _ in found] or [Firmness.FLOATING]
    yield code(
        run, scene, CodeKind.PACKAGES, " ".join((name, *(asked or words))), loosest(pins),
        ref=found[0][2] if len(found) == 1 else "", ecosystem="PyPI", packages=[n for n, _, _ in found],
        note="its dependencies are resolved anew",
    )  # fmt: skip
