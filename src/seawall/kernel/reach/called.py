"""Commands that start the tree's own work: make, just, nox, tox, package.json scripts, scripts and builds.

Source: the manuals of GNU make, just, nox, tox, npm, pnpm, yarn, bun, docker and pre-commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from .call import Call, CallKind
from .clones import cloned, within
from .containers import BUILD
from .downloads import files_fetched
from .inner import docker_words
from .installs_javascript import NPM, scripts_off
from .options import Parsed, known, names, parsed
from .running import UNKNOWN, Run, placed

_MAKE = known(
    "-C --directory -f --file --makefile -I --include-dir -o -W -l --load-average -E --eval -O "
    "--output-sync --debug "
    "--old-file --what-if --assume-new",
    "-B -d -e -i -k -n -p -q -r -R -s -S -t -v -w --always-make --keep-going --silent --quiet "
    "--no-print-directory "
    "--print-directory --ignore-errors --environment-overrides --no-builtin-rules --trace "
    "--warn-undefined-variables -j --jobs",
)
_JUST = known(
    "-f --justfile -d --working-directory --set --shell --shell-arg --dotenv-path --dotenv-filename "
    "--color --chooser "
    "--command-color --tempdir",
    "-q -v --quiet --verbose --yes -n --dry-run --unstable -u --one --no-dotenv -l --list --summary "
    "--highlight "
    "--no-highlight --explain --fmt --check --choose --evaluate --dump --variables --init -e --edit --show",
)
_NOX = known(
    "-f --noxfile -p --pythons --python --extra-python --force-python -P -db --default-venv-backend "
    "--force-venv-backend -fb --envdir --report -t --tags -k --keywords --forcecolor-x",
    "-r -R -x --reuse-existing-virtualenvs --no-venv --stop-on-first-error --error-on-missing-interpreters "
    "--error-on-external-run --install-only --no-install -v --verbose -l --list "
    "--no-stop-on-first-error --forcecolor "
    "--non-interactive --nocolor -N -ts --no-error-on-missing-interpreters --list-sessions --usage",
)
_TOX = known(
    "-e --env -c --conf --root --workdir --result-json --installpkg --override -x -m -f -n --num --runner "
    "--hashseed --discover --skip-env --force-dep --default-runner --parallel -o --temp-x --develop-x",
    "-r --recreate -v -vv -q -p -l --listenvs -a --listenvs-all --notest --sdistonly --pre "
    "--skip-pkg-install "
    "--skip-missing-interpreters --workdir-x -s --no-recreate-pkg --no-recreate-provision --colored "
    "--parallel-live --parallel-no-spinner --exit-and-dump-after --no-provision --fail-fast "
    "--skip-missing-interpreters",
)
_FILES = re.compile(r"(?:[^\s]*/[^\s/]+|[^\s/]+\.(?:sh|bash|zsh|ksh|py|command))\Z")
_TOP = re.compile(r"(?:\$\{?GITHUB_WORKSPACE\}?|\$\{\{\s*github\.workspace\s*\}\})/")
_OUTSIDE = (
    "/usr/",
    "/bin/",
    "/sbin/",
    "/opt/",
    "/etc/",
    "/tmp/",  # noqa: S108
    "/var/",
    "/home/",
    "/root/",
    "/mnt/",
    "/c/",
    "~",
    "/dev/",
    "/snap/",
)
_SHELLS = names("sh bash dash zsh ksh ash")


def calls(runs: Sequence[Run]) -> Iterator[Call]:
    """Every call of the tree's own tasks, in the order of the commands."""
    fetched, folders = files_fetched(runs), cloned(runs)
    for run in runs:
        if run.contained or (folders and within(run, folders)):
            continue  # not the tree's
        finder = _CALLERS.get(run.program)
        yield from finder(run) if finder is not None else _file(run, fetched)


def _call(
    run: Run, kind: CallKind, name: str = "", *, directory: str = "", file: str = "", workspace: str = ""
) -> Call:
    here = placed(run.directory, directory) if directory else run.directory
    return Call(kind, name, here, file, run.command.line, run.command.condition, workspace)


def _make(run: Run) -> Iterator[Call]:
    line = parsed(run.args, _MAKE)
    if line.has("-v", "--version", "--help", "-h", "-n", "-q"):
        return
    directory = "/".join(line.values("-C", "--directory"))
    targets = [t for t in line.texts if "=" not in t and not t.isdigit()] or [""]
    for target in targets:
        yield _call(run, "make", target, directory=directory, file=line.value("-f", "--file", "--makefile"))


def _just(run: Run) -> Iterator[Call]:
    line = parsed(run.args, _JUST, stops=True)
    if line.has(
        "-l",
        "--list",
        "--summary",
        "--version",
        "--help",
        "-h",
        "-V",
        "--fmt",
        "--dump",
        "--evaluate",
        "--show",
        "-n",
    ):
        return
    words = [word.text for word in line.rest if "=" not in word.text]
    plain = [text for text in words if re.fullmatch(r"[A-Za-z_][\w:-]*", text)]
    names = plain if len(plain) == len(words) else plain[:1]
    directory, file = line.value("-d", "--working-directory"), line.value("-f", "--justfile")
    for name in names or [""]:
        yield _call(run, "just", name, directory=directory, file=file)


def _nox(run: Run) -> Iterator[Call]:
    names: list[str] = []
    at, texts = 0, run.texts
    own = texts[: texts.index("--")] if "--" in texts else texts
    while at < len(own):
        text = own[at]
        if text in ("-s", "-e", "--sessions", "--session"):
            while at + 1 < len(own) and not own[at + 1].startswith("-"):
                at += 1
                names.append(own[at])
        elif text.startswith(("--session=", "--sessions=")):
            names.append(text.partition("=")[2])
        elif re.fullmatch(r"-[se]\S+", text):
            names.append(text[2:])
        at += 1
    line = parsed(run.args, _NOX)
    if line.has("-l", "--list", "--list-sessions", "--version", "--help", "-h"):
        return
    for name in names or [""]:
        yield _call(run, "nox", name, file=line.value("-f", "--noxfile"))


def _tox(run: Run) -> Iterator[Call]:
    line = parsed(run.args, _TOX)
    verb = line.texts[0] if line.texts else "run"
    if line.has("-l", "-a", "--listenvs", "--version", "--help", "-h") or verb in (
        "list",
        "l",
        "config",
        "c",
        "quickstart",
        "q",
        "schema",
    ):
        return
    names = [name for value in line.values("-e", "--env") for name in value.split(",") if name]
    for name in names or [""]:
        yield _call(run, "tox", name, file=line.value("-c", "--conf"))


# package.json

_RUN_VERBS = ("run", "run-script", "rum", "urn")
_LIFE = {"test": "test", "t": "test", "tst": "test", "start": "start", "stop": "stop", "restart": "restart"}
_INSTALLS = ("ci", "install", "i", "clean-install", "ic", "install-test", "it")
_PNPM_OWN = names(
    """
    add install i ci update up remove rm uninstall link unlink import rebuild rb prune fetch patch
    patch-commit audit list ls outdated why licenses dlx exec create init publish pack store config get
    set root bin setup env self-update server deploy doctor approve-builds dedupe login logout whoami
    dist-tag view info search version help cache catalog cat-file find-hash ignored-builds patch-remove
    completion recursive start test t run run-script multi m workspaces
    """
)
_YARN_OWN = names(
    """
    add install init publish pack remove upgrade up why info list cache config global link unlink login
    logout owner team tag version versions audit autoclean bin check create dedupe dlx exec explain import
    licenses node npm outdated plugin policies rebuild set stage unplug workspace workspaces help
    generate-lock-entry patch patch-commit search constraints prettify run sdks upgrade-interactive
    """
)
_BUN_OWN = names(
    "add a install i ci update remove rm link unlink x create init build upgrade pm test repl publish "
    "outdated patch exec run audit why info"
)


def _place(line: Parsed) -> str:
    return line.value("--prefix", "-C", "--cwd", "--dir")


def _npm(run: Run) -> Iterator[Call]:
    line = parsed(run.args, NPM)
    verb, words = (line.texts[0], line.texts[1:]) if line.texts else ("", [])
    workspace = "*" if line.has("--workspaces", "-ws") else line.value("-w", "--workspace")
    if line.has("--help", "-h", "--dry-run"):
        return
    name = ""
    if verb in _RUN_VERBS and words:
        name = words[0]
    elif verb in _LIFE:
        name = _LIFE[verb]
    elif verb in ("publish", "pack") or (verb == "version" and words):
        name = verb
    elif verb in _INSTALLS and not words and not line.has("-g", "--global") and not scripts_off(run, line):
        name = "install"
    if name:
        yield _call(run, "npm", name, directory=_place(line), workspace=workspace)
    if verb in ("install-test", "it", "cit", "install-ci-test"):
        yield _call(run, "npm", "test", directory=_place(line), workspace=workspace)


_PNPM = known(
    "-C --dir --filter -F --filter-prod --registry --reporter --loglevel --workspace-concurrency "
    "--prefix --resume-from",
    "-r --recursive -w --workspace-root -s --silent --parallel --stream --if-present --aggregate-output "
    "--no-bail "
    "--frozen-lockfile --ignore-scripts --sequential --report-summary --no-sort --reverse --color --no-color",
)


def _pnpm(run: Run) -> Iterator[Call]:
    line = parsed(run.args, _PNPM, stops=True)
    rest = [word.text for word in line.rest]
    more = (
        parsed(line.rest[1:], _PNPM, stops=True)
        if rest and rest[0] in ("run", "run-script", "recursive", "multi", "m", "install", "i", "ci")
        else None
    )
    verb, words = (rest[0], rest[1:]) if rest else ("", [])
    if more is not None:
        line.options.update(more.options)
        words = [word.text for word in more.rest]
    every = line.has("-r", "--recursive") or verb in ("recursive", "multi", "m")
    workspace = line.value("--filter", "-F", "--filter-prod") or ("*" if every else "")
    yield from _script(run, line, verb, words, workspace, _PNPM_OWN)


def _script(
    run: Run, line: Parsed, verb: str, words: Sequence[str], workspace: str, own: frozenset[str]
) -> Iterator[Call]:
    if verb in (*_RUN_VERBS, "recursive", "multi", "m") and words:
        name = words[1] if words[0] == "run" and len(words) > 1 else words[0]
    elif verb in _LIFE and own is not _BUN_OWN:
        name = _LIFE[verb]
    elif verb in ("publish", "pack"):
        name = verb
    elif verb in ("install", "i", "ci") and not [w for w in words if not w.startswith("-")]:
        name = "" if scripts_off(run, line) or "--ignore-scripts" in run.texts else "install"
    elif verb and verb not in own and not verb.startswith("-"):
        name = verb
    else:
        name = ""
    if name:
        yield _call(run, "npm", name, directory=_place(line), workspace=workspace)


def _yarn(run: Run) -> Iterator[Call]:
    line = parsed(
        run.args,
        known(
            "--cwd --registry --mode --mutex --network-timeout",
            "--silent -s --frozen-lockfile --immutable --ignore-scripts --offline --prefer-offline "
            "--non-interactive --production",
        ),
        stops=True,
    )
    rest = [word.text for word in line.rest]
    if line.has("--version", "-v", "--help", "-h"):
        return
    workspace = ""
    if rest[:1] == ["workspace"] and len(rest) > 2:
        workspace, rest = rest[1], rest[2:]
    elif rest[:1] in (["workspaces"], ["wsrun"]):
        workspace = "*"
        rest = [
            text for text in rest[1:] if not text.startswith("-") and text not in ("foreach", "run", "focus")
        ]
        rest = ["run", *rest] if rest else []
    elif rest[:2] == ["npm", "publish"]:
        rest = ["publish"]
    if not rest:
        rest = [] if workspace else ["install"]
    verb, words = (rest[0], rest[1:]) if rest else ("", [])
    yield from _script(run, line, verb, words, workspace, _YARN_OWN)


_BUN_RUN = known(
    "--cwd --filter --shell",
    "--bun -b --silent --if-present --frozen-lockfile --ignore-scripts --watch --hot",
)


def _bun(run: Run) -> Iterator[Call]:
    line = parsed(run.args, _BUN_RUN, stops=True)
    rest = [word.text for word in line.rest]
    verb, words = (rest[0], rest[1:]) if rest else ("", [])
    if verb == "run":
        words = [word.text for word in parsed(line.rest[1:], _BUN_RUN, stops=True).rest]
    if verb == "run" and words and words[0].endswith((".ts", ".js", ".tsx", ".jsx", ".mjs")):
        return
    if verb.endswith((".ts", ".js", ".tsx", ".jsx", ".mjs")):
        return
    yield from _script(run, line, verb, words, line.value("--filter"), _BUN_OWN)


def _every(run: Run) -> Iterator[Call]:
    """`lerna run build`, `turbo run build lint`: the scripts of these names in all workspaces."""
    words = [text for text in run.texts if not text.startswith("-")]
    if words[:1] == ["run"]:
        for name in words[1:] if run.program == "turbo" else words[1:2]:
            yield _call(run, "npm", name, workspace="*")


def _node(run: Run) -> Iterator[Call]:
    if run.texts[:1] == ["--run"] and len(run.texts) > 1:
        yield _call(run, "npm", run.texts[1])


# Containers, hooks


def _docker(run: Run) -> Iterator[Call]:
    words = docker_words(run.args)
    if words and words[0].text == "compose":
        yield from _compose_words(run, words[1:])
    if not words or words[0].text != "build":
        return
    line = parsed(words[1:], BUILD)
    context = line.texts[0] if line.texts else "."
    file, target = line.value("-f", "--file"), line.value("--target")
    if context == "-":
        fed = (r.target.text for r in run.command.redirects if r.operator == "<")
        file, context = file or next(fed, ""), "."
        if not file:
            return
    if "://" in context or context.startswith("git@") or file == "-":
        return
    if file:
        yield _call(run, "docker-build", target, file=file)
    else:
        yield _call(run, "docker-build", target, directory=context)


_COMPOSE = known(
    "-f --file -p --project-name --profile --env-file --project-directory --ansi --progress --parallel "
    "-t --timeout "
    "--scale --exit-code-from --attach --pull --wait-timeout -e --env -u --user -w --workdir -v "
    "--volume --entrypoint "
    "--build-arg --name -l --label --builder --ssh -m --memory",
    "-d --detach --build --wait --rm -T --no-deps --force-recreate --abort-on-container-exit --no-build "
    "--no-cache -q "
    "--quiet --quiet-pull --remove-orphans -V --renew-anon-volumes --always-recreate-deps --no-start "
    "--no-log-prefix "
    "--compatibility --dry-run -i --interactive --service-ports --use-aliases --push --with-dependencies",
)


def _compose(run: Run) -> Iterator[Call]:
    yield from _compose_words(run, list(run.args))


def _compose_words(run: Run, words: Sequence[object]) -> Iterator[Call]:
    line = parsed(words, _COMPOSE, stops=True)  # type: ignore[arg-type]
    rest = line.rest
    if not rest or rest[0].text not in ("up", "build", "run", "create", "pull", "start", "watch"):
        return
    more = parsed(rest[1:], _COMPOSE, stops=rest[0].text == "run")
    services = [w.text for w in more.rest[:1]] if rest[0].text == "run" else more.texts
    for file in line.values("-f", "--file") or [""]:
        for service in services or [""]:
            yield _call(run, "compose", service, directory=line.value("--project-directory"), file=file)


def _pre_commit(run: Run) -> Iterator[Call]:
    line = parsed(
        run.args,
        known(
            "-c --config --files --from-ref --to-ref -s -o --hook-stage -t --hook-type --color "
            "--commit-msg-filename -j",
            "-a --all-files -v --verbose --show-diff-on-failure --install-hooks -f --overwrite -q "
            "--last-commit",
        ),
    )
    verb = line.texts[0] if line.texts else "run"
    if line.has("--version", "-V", "--help", "-h"):
        return
    if verb == "run":
        yield _call(
            run, "pre-commit", line.texts[1] if len(line.texts) > 1 else "", file=line.value("-c", "--config")
        )
    elif verb in ("install-hooks", "prepare-hooks") or (verb == "install" and line.has("--install-hooks")):
        yield _call(run, "pre-commit", file=line.value("-c", "--config"))


# Files


def _file(run: Run, fetched: frozenset[str]) -> Iterator[Call]:
    """A shell or Python file of the tree, run by its interpreter, by its path, or sourced."""
    file, kind = "", ""
    words = [text for text in run.texts if not text.startswith(("-", "+"))]
    if run.program in _SHELLS:
        if any(re.fullmatch(r"-[a-z]*[cs][a-z]*", text) for text in run.texts):
            return
        file, kind = _script_word(run.texts), "sh"
    elif run.program in ("source", "."):
        file, kind = (words[0], "sh") if words and not words[0].endswith("/activate") else ("", "")
    elif run.program in ("python", "pypy", "coverage"):
        if run.program == "coverage" or any(re.fullmatch(r"-[A-Za-z]*[cm]", text) for text in run.texts):
            return
        file, kind = (words[0], "python") if words and words[0].endswith(".py") else ("", "")
    elif (_TOP.match(run.written) or _FILES.match(run.written)) and not re.search(
        r"(?:^|/)s?bin/|node_modules/", run.written
    ):
        file, kind = run.written, "python" if run.written.endswith(".py") else "sh"
    if not file or file.startswith(("<(", "$(", "`", *_OUTSIDE)) or "://" in file:
        return
    if _normal(run, file) in fetched or file in fetched or run.command.program == "":
        return
    yield _place_file(run, kind, file)


def _script_word(texts: Sequence[str]) -> str:
    skip = False
    for text in texts:
        if skip:
            skip = False
        elif text in ("-o", "+o", "-O", "--rcfile", "--init-file"):
            skip = True
        elif not text.startswith(("-", "+")):
            return text
    return ""


def _normal(run: Run, file: str) -> str:
    from posixpath import join, normpath

    here = run.command.directory
    return normpath(join(here, file)) if here not in ("", UNKNOWN) else normpath(file)


def _place_file(run: Run, kind: str, file: str) -> Call:
    file = file.replace("\\", "/")
    top = _TOP.match(file)
    chosen: CallKind = "python" if kind == "python" else "sh"
    if top:
        return Call(chosen, "", ".", file[top.end() :], run.command.line, run.command.condition)
    return _call(run, chosen, file=file)


_CALLERS: dict[str, Callable[[Run], Iterator[Call]]] = {
    "make": _make,
    "gmake": _make,
    "just": _just,
    "nox": _nox,
    "tox": _tox,
    "npm": _npm,
    "pnpm": _pnpm,
    "yarn": _yarn,
    "bun": _bun,
    "lerna": _every,
    "turbo": _every,
    "node": _node,
    "docker": _docker,
    "podman": _docker,
    "nerdctl": _docker,
    "docker-compose": _compose,
    "pre-commit": _pre_commit,
    "prek": _pre_commit,
}
