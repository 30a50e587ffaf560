"""uv, poetry, pdm, hatch, pipenv, conda and pixi: projects whose dependencies a lockfile may hold.

Source: the manuals of uv 0.9 (Locking and syncing), Poetry 2, PDM 2, Hatch 1, Pipenv, conda 25, pixi.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from posixpath import dirname

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.shell import Word

from .inner import UV, UV_RUN
from .installs_python import building, tool_pin, tools, uv_pip, uvx
from .options import Known, Parsed, known, parsed
from .running import Run
from .scene import Scene, code, document_pin, loosest, manifest_pin, switched

_REWRITES = "the command may rewrite the lockfile where it is out of step"
_UV = Known(
    UV.values | frozenset(("-r", "--requirements", "--rev", "--tag", "--branch", "--optional")), UV.flags
)


def uv(run: Run, scene: Scene) -> Iterator[Code]:
    """`uv sync`, `uv run`, `uv tool`, `uv pip`, `uv add`, `uv build`."""
    words = parsed(run.args, UV, stops=True).rest
    verb, rest = (words[0].text, words[1:]) if words else ("", [])
    if verb == "pip":
        yield from uv_pip(run, scene, rest)
    elif verb == "tool" and rest:
        yield from _uv_tool(run, scene, rest)
    elif verb == "run":
        yield from _uv_run(run, scene, rest)
    elif verb in ("sync", "lock", "add", "remove", "build"):
        yield from _uv_project(run, scene, verb, parsed(rest, _UV))
    elif verb in ("self", "python") and rest and rest[0].text in ("update", "install"):
        version = next((w.text for w in rest[1:] if not w.text.startswith("-")), "")
        pin = Firmness.VERSION if version.count(".") == 2 else Firmness.FLOATING
        yield code(
            run,
            scene,
            CodeKind.TOOL,
            f"uv {verb} {rest[0].text} {version}".strip(),
            pin,
            ref=version,
            runs="import",
        )


def _uv_tool(run: Run, scene: Scene, rest: Sequence[Word]) -> Iterator[Code]:
    verb = rest[0].text
    if verb == "run":
        yield from uvx(run, scene, rest[1:], "uv tool run")
    elif verb in ("install", "upgrade"):
        line = parsed(rest[1:], UV)
        yield from tools(run, scene, f"uv tool {verb}", line.texts, line.value("--from"))


def _uv_run(run: Run, scene: Scene, rest: Sequence[Word]) -> Iterator[Code]:
    line = parsed(rest, UV_RUN, stops=True)
    if line.has("--help", "-h"):
        return
    extra = [text for value in line.values("--with", "-w") for text in value.split(",") if text]
    if extra or line.values("--with-requirements"):
        found = [tool_pin(text) for text in extra]
        pins = [pin for _, pin, _ in found]
        pins += [document_pin(scene, run.path(path))[0] for path in line.values("--with-requirements")]
        yield code(
            run, scene, CodeKind.PACKAGES, f"uv run --with {','.join(extra)}", loosest(pins),
            ecosystem="PyPI", packages=[name for name, _, _ in found],
            ref=found[0][2] if len(found) == 1 else "", note="no lockfile holds it",
        )  # fmt: skip
    file = line.rest[0].text if line.rest else ""
    skips = line.has("--no-project", "--no-sync") or switched(run.env, "UV_NO_SYNC", "UV_NO_PROJECT")
    project = not skips and not _script(line) and scene.beside(_directory(run, line), "pyproject.toml")
    if project:
        yield from _uv_sync(run, scene, "uv run", line)
    elif _script(line):
        yield code(
            run, scene, CodeKind.PACKAGES, f"uv run {file}", Firmness.FLOATING, ecosystem="PyPI",
            note="the script may name its own dependencies",
        )  # fmt: skip


def _script(line: Parsed) -> bool:
    return line.has("-s", "--script") and not line.has("-m", "--module")


def _directory(run: Run, line: Parsed) -> str:
    given = line.value("--project", "--directory")
    return (run.path(given) or "?") if given else run.directory


def _uv_sync(run: Run, scene: Scene, name: str, line: Parsed) -> Iterator[Code]:
    directory = _directory(run, line)
    lock = scene.beside(directory, "uv.lock")
    manifest = scene.beside(directory, "pyproject.toml")
    fixed = line.has("--locked", "--frozen") or bool(switched(run.env, "UV_LOCKED", "UV_FROZEN"))
    wheels = line.has("--no-build") or bool(switched(run.env, "UV_NO_BUILD"))
    groups = ("main", "dev", "optional")
    upgrades = line.has("--upgrade", "-U", "--upgrade-package", "-P")
    locked = bool(lock) or fixed
    pin = Firmness.LOCKFILE if locked else manifest_pin(scene.document(manifest), groups)
    if pin is None:
        return
    if upgrades and not fixed:
        pin = manifest_pin(scene.document(manifest), groups) or Firmness.FLOATING
    yield code(
        run, scene, CodeKind.PACKAGES, name, pin if locked else _loose(pin), ecosystem="PyPI",
        manifests=[path for path in (lock, manifest) if path], runs="import" if wheels else "now",
        note="" if fixed or not lock else _REWRITES,
    )  # fmt: skip


def _loose(pin: Firmness) -> Firmness:
    return Firmness.RANGE if pin in (Firmness.SHA, Firmness.HASH, Firmness.VERSION) else pin


def _uv_project(run: Run, scene: Scene, verb: str, line: Parsed) -> Iterator[Code]:
    if line.has("--help", "-h", "--dry-run"):
        return
    if verb == "add":
        found = [tool_pin(text) for text in line.texts]
        files = line.values("-r", "--requirements")
        pins = [p for _, p, _ in found] + [document_pin(scene, run.path(path))[0] for path in files]
        yield code(
            run, scene, CodeKind.PACKAGES, " ".join(("uv add", *line.texts)),
            loosest(pins or [Firmness.FLOATING]), ecosystem="PyPI", packages=[name for name, _, _ in found],
        )  # fmt: skip
    elif verb == "build":
        place = run.path(line.texts[0]) if line.texts else run.path(".")
        manifest = scene.beside(place or "?", "pyproject.toml")
        if not line.has("--no-build-isolation"):
            yield from building(
                run, scene, "uv build", scene.document(manifest), [manifest] if manifest else []
            )
    elif verb == "sync" and line.value("--script"):
        yield code(run, scene, CodeKind.PACKAGES, "uv sync --script", Firmness.FLOATING, ecosystem="PyPI")
    else:
        yield from _uv_sync(run, scene, f"uv {verb}", line)


# Poetry, PDM, Hatch, Pipenv, Rye

_POETRY = known(
    "--with --without --only -E --extras -C --directory -P --project --group -G --source --platform --python "
    "-p --repository -r -u --username --format -f --output -o --to --allow-prereleases",
    "--no-root --sync --all-extras --all-groups --no-dev --dev -D --no-interaction -n -q -v -vv -vvv "
    "--quiet --verbose "
    "--no-ansi --ansi --no-cache --no-plugins --dry-run --compile --only-root --no-directory --lock "
    "--editable -e "
    "--build --help -h --version -V --remove-untracked",
)
_PDM = known(
    "-p --project -G --group --with --without -L --lockfile --venv --python -k --skip --override "
    "--config-setting -C -S "
    "--strategy --index",
    "-d --dev --prod --production --no-self --no-editable --no-isolation --frozen-lockfile --no-lock "
    "--check -q -v "
    "--no-default --fail-fast -x --clean --dry-run -g --global --no-sync --update-reuse --update-all -u "
    "-h --help "
    "--no-cache -n --non-interactive -dG",
)
_PIPENV = known(
    "--python -r --requirements -i --index --extra-pip-args --pypi-mirror --categories --three "
    "--site-packages",
    "-d --dev --deploy --system --ignore-pipfile --skip-lock --pre --keep-outdated -e --editable -v -q "
    "--verbose "
    "--quiet --clear -h --help --dev-only --selective-upgrade --two",
)


def poetry(run: Run, scene: Scene) -> Iterator[Code]:
    """`poetry install`, `sync`, `add`, `update`, `build`, `self add`."""
    line = parsed(run.args, _POETRY)
    verb, words = (line.texts[0], line.texts[1:]) if line.texts else ("", [])
    if line.has("--dry-run", "--help", "-h", "--version", "-V"):
        return
    directory = run.path(line.value("-C", "--directory", "-P", "--project") or ".") or "?"
    if verb in ("install", "sync"):
        yield from _locked(run, scene, f"poetry {verb}", directory, "poetry.lock", groups=("main", "dev"))
    elif verb in ("update", "lock"):
        yield from _ranges(run, scene, f"poetry {verb}", directory)
    elif verb == "add" or (verb == "self" and words[:1] == ["add"]):
        names = words[1:] if verb == "self" else words
        yield from tools(run, scene, "poetry self add" if verb == "self" else "poetry add", names)
    elif verb == "build":
        yield from _builds(run, scene, "poetry build", directory)


def _builds(run: Run, scene: Scene, name: str, directory: str) -> Iterator[Code]:
    manifest = scene.beside(directory, "pyproject.toml")
    document = scene.document(manifest)
    if document and any(r.group == "build" for r in document.requirements):
        yield from building(run, scene, name, document, [manifest])


def _locked(
    run: Run, scene: Scene, name: str, directory: str, lock: str, *, groups: Sequence[str], note: str = ""
) -> Iterator[Code]:
    """An install that obeys a lockfile beside it, and else the manifest's ranges."""
    path = scene.beside(directory, lock)
    if not path:
        yield from _ranges(run, scene, name, directory, groups)
        return
    manifest = scene.beside(dirname(path) or ".", "pyproject.toml", "Pipfile")
    yield code(
        run, scene, CodeKind.PACKAGES, name, Firmness.LOCKFILE, ecosystem="PyPI",
        manifests=[p for p in (path, manifest) if p], note=note,
    )  # fmt: skip


def _ranges(
    run: Run, scene: Scene, name: str, directory: str, groups: Sequence[str] = ("main", "dev")
) -> Iterator[Code]:
    manifest = scene.beside(directory, "pyproject.toml", "Pipfile")
    pin = manifest_pin(scene.document(manifest), groups) if manifest else Firmness.RANGE
    if pin is None:
        return
    yield code(
        run, scene, CodeKind.PACKAGES, name, _loose(pin), ecosystem="PyPI",
        manifests=[manifest] if manifest else [], note="no lockfile holds it",
    )  # fmt: skip


def pdm(run: Run, scene: Scene) -> Iterator[Code]:
    """`pdm install`, `sync`, `add`, `update`, `build`."""
    line = parsed(run.args, _PDM)
    verb, words = (line.texts[0], line.texts[1:]) if line.texts else ("install", [])
    if line.has("--dry-run", "--help", "-h") or (not run.args):
        return
    directory = run.path(line.value("-p", "--project") or ".") or "?"
    if verb in ("install", "sync"):
        frozen = verb == "sync" or line.has("--frozen-lockfile", "--no-lock", "--check")
        note = "" if frozen else _REWRITES
        yield from _locked(
            run, scene, f"pdm {verb}", directory, "pdm.lock", groups=("main", "dev"), note=note
        )
    elif verb in ("update", "lock"):
        yield from _ranges(run, scene, f"pdm {verb}", directory)
    elif verb == "add":
        yield from tools(run, scene, "pdm add", words)
    elif verb == "build":
        yield from _builds(run, scene, "pdm build", directory)


def pipenv(run: Run, scene: Scene) -> Iterator[Code]:
    """`pipenv install`, `sync`, `update`."""
    line = parsed(run.args, _PIPENV)
    verb, words = (line.texts[0], line.texts[1:]) if line.texts else ("", [])
    if verb in ("install", "sync") and not words and not line.values("-r", "--requirements"):
        fixed = verb == "sync" or line.has("--deploy", "--ignore-pipfile")
        if line.has("--skip-lock"):
            yield from _ranges(run, scene, "pipenv install --skip-lock", run.directory)
            return
        note = "" if fixed else _REWRITES
        yield from _locked(
            run, scene, f"pipenv {verb}", run.directory, "Pipfile.lock", groups=("main", "dev"), note=note
        )
    elif verb == "install":
        yield from tools(run, scene, "pipenv install", words or line.values("-r", "--requirements"))
    elif verb in ("update", "upgrade", "lock"):
        yield from _ranges(run, scene, f"pipenv {verb}", run.directory)


def hatch(run: Run, scene: Scene) -> Iterator[Code]:
    """`hatch run`, `test`, `fmt`, `env create`: environments without a lockfile; `hatch build`."""
    words = parsed(
        run.args, known("-e --env -p --project --data-dir --cache-dir --config", "-v -q"), stops=True
    ).rest
    verb = words[0].text if words else ""
    if {"--help", "-h"} & {word.text for word in words[1:2]}:
        return
    if verb in ("run", "test", "fmt", "shell", "check") or (
        verb == "env" and [w.text for w in words[1:2]] in (["create"], ["run"])
    ):
        shown = " ".join(word.text for word in words[:2])
        manifest = scene.beside(run.directory, "pyproject.toml", "hatch.toml")
        yield code(
            run, scene, CodeKind.PACKAGES, f"hatch {shown}", Firmness.FLOATING, ecosystem="PyPI",
            manifests=[manifest] if manifest else [],
            note="the environment's dependencies; no lockfile holds them",
        )  # fmt: skip
    elif verb == "build":
        yield from _builds(run, scene, "hatch build", run.directory)


def rye(run: Run, scene: Scene) -> Iterator[Code]:
    """`rye sync`, `rye install`."""
    words = [word.text for word in run.args if not word.text.startswith("-")]
    if words[:1] == ["sync"]:
        yield from _locked(run, scene, "rye sync", run.directory, "requirements.lock", groups=("main", "dev"))
    elif words[:1] in (["install"], ["add"]):
        yield from tools(run, scene, f"rye {words[0]}", words[1:])


def build(run: Run, scene: Scene) -> Iterator[Code]:
    """`python -m build`: builds in an environment of its own, with what the manifest asks for."""
    line = parsed(
        run.args,
        known(
            "-o --outdir -C --config-setting --installer -D",
            "-s --sdist -w --wheel -x -n --no-isolation -v -h --help --version -V",
        ),
    )
    if line.has("-n", "--no-isolation", "-h", "--help", "--version", "-V"):
        return
    place = run.path(line.texts[0] if line.texts else ".")
    manifest = scene.beside(place or "?", "pyproject.toml")
    yield from building(
        run, scene, "python -m build", scene.document(manifest), [manifest] if manifest else []
    )


# Conda

_CONDA = known(
    "-n --name -p --prefix -f --file -c --channel --solver --repodata-fn --subdir --platform "
    "--experimental --log-level "
    "--revision --category -r --root-prefix --channel-priority --rc-file --retry-clean-cache --kind -e",
    "-y --yes -q --quiet -v --verbose --override-channels --no-deps --only-deps --freeze-installed "
    "--update-deps -S "
    "--no-channel-priority --strict-channel-priority --use-local --offline --force-reinstall --copy -d "
    "--dry-run "
    "--json --dev --prune --no-default-packages --all -a --update-all --no-update-deps --no-pin --clobber -C "
    "--no-rc --no-env --relax-channel-priority --micromamba --mamba",
)
_CONDA_SPEC = re.compile(r"(?:[\w./-]+::)?([A-Za-z0-9_.-]+)\s*(.*)\Z")


def conda(run: Run, scene: Scene) -> Iterator[Code]:
    """conda, mamba and micromamba: `install`, `create`, `update`, `env create`."""
    line = parsed(run.args, _CONDA)
    words = list(line.texts)
    prefix = words.pop(0) if words[:1] == ["env"] else ""
    verb = words.pop(0) if words else ""
    if verb not in ("install", "create", "update", "upgrade") or line.has("--dry-run", "-d"):
        return
    shown = f"{run.program} {prefix + ' ' if prefix else ''}{verb}"
    files = line.values("-f", "--file")
    if prefix and not files and not words:
        files = ["environment.yml"]
    pins = [conda_pin(text) for text in words]
    names = [found[1] for text in words if (found := _CONDA_SPEC.match(text))]
    pins += [_conda_file(run, scene, path) for path in files]
    if line.doubtful and not pins:
        pins = [Firmness.FLOATING]
    if not pins:
        return
    wanted = " ".join((shown, *words, *(f"-f {path}" for path in files)))
    yield code(
        run, scene, CodeKind.PACKAGES, wanted, loosest(pins), ecosystem="conda", packages=names,
        manifests=[place for path in files if (place := run.path(path))],
    )  # fmt: skip


def conda_pin(text: str) -> Firmness:
    """Of `name`, `name=1.2` (a prefix of the version), `name==1.2`, `name=1.2=build`, `name>=1`."""
    found = _CONDA_SPEC.match(text)
    spec = found[2] if found else ""
    if re.fullmatch(r"==[^*,]+|=[^=*,]+=[^*,]+", spec) or re.fullmatch(r"=\d+\.\d+\.\d+[^*,]*", spec):
        return Firmness.VERSION
    return Firmness.RANGE if "<" in spec or re.match(r"=[^=]", spec) else Firmness.FLOATING


def _conda_file(run: Run, scene: Scene, path: str) -> Firmness:
    place = run.path(path)
    document = scene.document(place)
    if "lock" in path.rpartition("/")[2]:
        return Firmness.LOCKFILE
    if document is None or not document.entries:
        return Firmness.FLOATING
    return document_pin(scene, place)[0]


def conda_lock(run: Run, scene: Scene) -> Iterator[Code]:
    """`conda-lock install`."""
    words = [word.text for word in run.args]
    if "install" in words:
        lock = scene.beside(run.directory, "conda-lock.yml")
        yield code(
            run, scene, CodeKind.PACKAGES, "conda-lock install", Firmness.LOCKFILE, ecosystem="conda",
            manifests=[lock] if lock else [],
        )  # fmt: skip


def pixi(run: Run, scene: Scene) -> Iterator[Code]:
    """`pixi install`, `run`, `exec`, `add`, `global install`."""
    options = known(
        "-e --environment --manifest-path -s --spec -c --channel --with -w -x --platform -p --color "
        "--feature -f",
        "--frozen --locked -q -v --as-is --no-install --all -a --clean-env --skip-deps",
    )
    words = parsed(run.args, options, stops=True).rest
    verb = words[0].text if words else ""
    line = parsed(words[1:], options, stops=verb in ("run", "exec", "x"))
    if verb in ("install", "i", "run", "r", "shell", "update") and not line.has("--as-is", "--no-install"):
        lock = scene.beside(run.directory, "pixi.lock")
        pin = (
            Firmness.LOCKFILE
            if (lock and verb != "update") or line.has("--frozen", "--locked")
            else Firmness.RANGE
        )
        note = "" if line.has("--frozen", "--locked") or not lock else _REWRITES
        yield code(
            run,
            scene,
            CodeKind.PACKAGES,
            f"pixi {verb}",
            pin,
            ecosystem="conda",
            manifests=[lock] if lock else [],
            note=note,
        )
    elif verb in ("exec", "x"):
        asked = line.values("-s", "--spec", "--with", "-w") or [w.text for w in line.rest[:1]]
        if asked:
            yield code(
                run,
                scene,
                CodeKind.TOOL,
                f"pixi exec {' '.join(asked)}",
                loosest(map(conda_pin, asked)),
                ecosystem="conda",
                packages=asked,
            )
    elif verb in ("add", "global") and line.texts[:1] != ["list"]:
        names = [text for text in line.texts if text not in ("install", "add", "update", "upgrade")]
        if names:
            yield code(
                run,
                scene,
                CodeKind.PACKAGES,
                f"pixi {verb} {' '.join(names)}",
                loosest(map(conda_pin, names)),
                ecosystem="conda",
                packages=names,
            )
