"""Some tools run another program: `uv run pytest`, `docker run IMAGE pip install x`, `npx nx build`.

For each, where the inner command begins; a container shows what it lets in.
Source: the command references of the tools named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seawall.kernel.shell import Word

from .options import Known, Parsed, known, parsed


@dataclass(frozen=True, slots=True)
class Inner:
    """The words of an inner command. `elsewhere`: not in this directory. `given`: variables let in."""

    words: tuple[Word, ...]
    contained: bool = False
    given: tuple[str, ...] = ()
    elsewhere: bool = False


Finder = Callable[[Sequence[Word]], Inner | None]

UV = known(
    "--extra --group --no-extra --no-group --only-group --env-file --with --with-editable "
    "--with-requirements "
    "-w --package -p --python --index --default-index -i --index-url --extra-index-url -f --find-links "
    "--index-strategy --keyring-provider -P --upgrade-package --upgrade-group --resolution "
    "--prerelease "
    "--fork-strategy --exclude-newer --exclude-newer-package --link-mode -C --config-setting "
    "--config-settings "
    "--config-settings-package --no-build-isolation-package --no-build-package --no-binary-package "
    "--refresh-package --reinstall-package --cache-dir --color --python-platform --project --directory "
    "--config-file --allow-insecure-host --from -c --constraints --constraint -b --build-constraints "
    "--build-constraint --overrides --override --torch-backend --preview-features --no-install-package "
    "--no-editable-package --script --python-version -o --output-file --publish-url --token -t",
    "--all-extras --all-groups --no-dev --dev --only-dev --no-editable --inexact --exact --isolated "
    "--active "
    "--no-sync --locked --frozen --all-packages --no-project --no-default-groups --no-index --upgrade "
    "-U "
    "--no-build-isolation --no-sources --reinstall --compile-bytecode --no-build --no-binary "
    "--no-cache -n "
    "--refresh --managed-python --no-managed-python --no-python-downloads -q -v --quiet --verbose "
    "--offline "
    "--no-progress --no-config --no-env-file --native-tls --preview --no-preview -m --module "
    "--gui-script "
    "--no-install-project --no-install-workspace --no-install-local --check --dry-run -s --force --lfs "
    "--system --no-verify-hashes --require-hashes --no-deps --strict --help -h --version -V "
    "--python-downloads-json-url",
)
UV_RUN = Known(UV.values - {"--script"}, UV.flags | {"--script"})
NPX = known(
    "-p --package -c --call -w --workspace --registry --cache --userconfig --prefix --loglevel "
    "--node-options -n "
    "--shell --script-shell",
    "-y --yes --no --no-install -q --quiet --workspaces --ignore-existing --prefer-offline "
    "--prefer-online "
    "--offline --silent -s --ignore-scripts --legacy-peer-deps",
)
PNPM = known(
    "-C --dir --filter -F --registry --reporter --loglevel --package --workspace-concurrency "
    "--allow-build "
    "--store-dir --config",
    "-r --recursive -w --workspace-root --silent -s --parallel --stream --if-present "
    "--aggregate-output "
    "--no-bail -c --shell-mode --fail-if-no-match",
)
YARN_DLX = known("-p --package", "-q --quiet")
DOCKER_RUN = known(
    "-v --volume --mount --volumes-from -e --env --env-file -w --workdir --name --network --net -p "
    "--publish -u "
    "--user --entrypoint --platform --pull -h --hostname -l --label --label-file --cpus -m --memory "
    "--gpus "
    "--shm-size --ulimit --device --cap-add --cap-drop --security-opt --restart --ipc --pid --uts "
    "--userns "
    "--add-host --dns --expose --log-driver --log-opt --tmpfs --runtime --stop-timeout --stop-signal "
    "--cidfile "
    "--cgroupns --cpuset-cpus --memory-swap --health-cmd --health-interval --health-timeout "
    "--health-retries "
    "--isolation --annotation --group-add --ip --link --mac-address --network-alias --storage-opt "
    "--sysctl -a "
    "--attach -c --cpu-shares --detach-keys --init-path --arch --os --secret --authfile",
    "-i -t -d --rm --privileged --init --interactive --tty --detach -P --publish-all --read-only "
    "--no-healthcheck "
    "--oom-kill-disable --sig-proxy -q --quiet --tls-verify --replace",
)
_COMPOSE = known(
    "-f --file -p --project-name --profile --env-file --project-directory --ansi --progress "
    "--parallel -e --env "
    "-u --user -w --workdir --name --entrypoint -v --volume -l --label --pull --index --timeout -t",
    "--rm -T -d --detach -i --build --no-deps --no-TTY --service-ports --use-aliases --quiet-pull "
    "--compatibility",
)
_MOUNTS = ("-v", "--volume", "--mount")
_SHARED = ("--volumes-from", "--device", "--secret")
_OPEN = ("--privileged", "--pid", "--ipc", "--userns")


def inner_of(finder: Finder, texts: Sequence[str], args: Sequence[Word]) -> Inner | None:
    """What `finder` finds; None when help or a version is asked for."""
    if texts[:1] in (["--help"], ["--version"], ["-h"], ["help"], []):
        return None
    return finder(args)


def _behind(options: Known, *path: str) -> Finder:
    """`tool [options] PATH … [options] command`: the command behind these words."""

    def find(args: Sequence[Word]) -> Inner | None:
        rest: Sequence[Word] = args
        for step in path:
            rest = parsed(rest, options, stops=True).rest
            if not rest or rest[0].text not in step.split("|"):
                return None
            rest = rest[1:]
        words = parsed(rest, options, stops=True).rest
        return Inner(tuple(words)) if words else None

    return find


def _first(*finders: Finder) -> Finder:
    def find(args: Sequence[Word]) -> Inner | None:
        return next((found for finder in finders if (found := finder(args))), None)

    return find


def _only_shown(mount: str) -> bool:
    """A folder of the checkout that the container may read and not write; any other mount opens it."""
    source, _, rest = mount.partition(":")
    fields = dict(part.partition("=")[::2] for part in mount.split(","))
    if "=" in mount.partition(":")[0]:  # --mount type=bind,source=…,readonly
        source, read_only = (
            fields.get("source", fields.get("src", "")),
            bool({"readonly", "ro"} & fields.keys()),
        )
    else:
        read_only = "ro" in rest.rpartition(":")[2].split(",")
    inside = re.match(r"(?:\$PWD|\$\{PWD\}|\$\(pwd\)|\$GITHUB_WORKSPACE|\.)/[\w./-]*\w\Z", source)
    return read_only and inside is not None and ".." not in source and "/.git" not in source


def docker_place(line: Parsed) -> tuple[bool, tuple[str, ...]]:
    """Whether `docker run` shows the container nothing of this machine, and the variables it gives it."""
    closed = not line.has(*_OPEN, *_SHARED) and all(map(_only_shown, line.values(*_MOUNTS)))
    given = tuple(dict.fromkeys(value.partition("=")[0] for value in line.values("-e", "--env")))
    files = tuple(f"@{path}" for path in line.values("--env-file"))
    return closed, (*given, *files)


def _docker(args: Sequence[Word]) -> Inner | None:
    words = docker_words(args)
    if not words:
        return None
    verb, rest = words[0].text, words[1:]
    if verb == "compose":
        return _compose(rest)
    if verb not in ("run", "exec", "create"):
        return None
    line = parsed(rest, DOCKER_RUN, stops=True)
    closed, given = docker_place(line)
    entry = line.value("--entrypoint")
    inner = line.rest[1:]
    if entry:
        inner = [Word(entry), *inner]
    return Inner(tuple(inner), contained=closed and verb != "exec", given=given)


_DOCKER_TOP = known("--context -c --config -H --host -l --log-level", "-D --debug --tls --tlsverify")


def docker_words(args: Sequence[Word]) -> list[Word]:
    """The words of a docker command from its verb on; `container run` and `image pull` lose their group."""
    words = parsed(args, _DOCKER_TOP, stops=True).rest
    if words and words[0].text in ("container", "image", "buildx", "builder") and len(words) > 1:
        words = words[1:]
    return words


def _compose(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, _COMPOSE, stops=True).rest
    if not rest or rest[0].text not in ("run", "exec"):
        return None
    inner = parsed(rest[1:], _COMPOSE, stops=True).rest[1:]
    return Inner(tuple(inner)) if inner else None


def _uv(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, UV, stops=True).rest
    verb = rest[0].text if rest else ""
    if verb == "run":
        line = parsed(rest[1:], UV_RUN, stops=True)
        module = [Word("python"), Word("-m")] if line.has("-m", "--module") else []
        script = [Word("python")] if line.has("-s", "--script", "--gui-script") and not module else []
        return Inner((*module, *script, *line.rest)) if line.rest else None
    if verb == "tool" and len(rest) > 1 and rest[1].text == "run":
        return _uvx(rest[2:])
    return None


def _uvx(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, UV, stops=True).rest
    return Inner((_bare(rest[0]), *rest[1:])) if rest else None


def _bare(word: Word) -> Word:
    """The program of a package as asked for: its name without version and scope."""
    text = word.text
    if text.startswith("@"):
        scope, _, name = text[1:].partition("/")
        text = _SCOPED.get(f"@{scope}/{name.partition('@')[0]}", name.partition("@")[0] or text)
    else:
        for mark in ("@", "==", ">", "<", "~", "["):
            text = text.partition(mark)[0]
    return Word(_BINARIES.get(text, text) or word.text, word.literal, word.expressions, word.variables)


_SCOPED = {
    "@anthropic-ai/claude-code": "claude",
    "@openai/codex": "codex",
    "@google/gemini-cli": "gemini",
    "@github/copilot": "copilot",
    "@qwen-code/qwen-code": "qwen",
    "@sourcegraph/amp": "amp",
    "@angular/cli": "ng",
    "@changesets/cli": "changeset",
}
_BINARIES = {"opencode-ai": "opencode", "aider-chat": "aider", "typescript": "tsc"}


def _npx(args: Sequence[Word]) -> Inner | None:
    line = parsed(args, NPX, stops=True)
    if not line.rest:
        return None
    return Inner((_bare(line.rest[0]), *line.rest[1:]))


def _npm(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, NPX, stops=True).rest
    return _npx(rest[1:]) if rest and rest[0].text in ("exec", "x") else None


def _pnpm(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, PNPM, stops=True).rest
    if not rest or rest[0].text not in ("exec", "dlx"):
        return None
    inner = parsed(rest[1:], PNPM, stops=True).rest
    return Inner((_bare(inner[0]), *inner[1:])) if inner else None


def _dlx(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, PNPM | YARN_DLX, stops=True).rest
    return Inner((_bare(rest[0]), *rest[1:])) if rest else None


def _yarn(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, known("--cwd"), stops=True).rest
    if not rest or rest[0].text not in ("dlx", "exec"):
        return None
    return _dlx(rest[1:])


def _bun(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, known("--cwd", "--bun -b --silent"), stops=True).rest
    return _dlx(rest[1:]) if rest and rest[0].text == "x" else None


def _pipx(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, known("", "-q -v --quiet --verbose"), stops=True).rest
    if not rest or rest[0].text != "run":
        return None
    options = known(
        "--spec --python --index-url -i --pip-args --with --path", "--no-cache --pypackages --verbose"
    )
    inner = parsed(rest[1:], options, stops=True).rest
    return Inner((_bare(inner[0]), *inner[1:])) if inner else None


def _find(args: Sequence[Word]) -> Inner | None:
    for at, word in enumerate(args):
        if word.text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((n for n in range(at + 1, len(args)) if args[n].text in (";", "+", "\\;")), len(args))
            return Inner(tuple(args[at + 1 : end]))
    return None


def _corepack(args: Sequence[Word]) -> Inner | None:
    if args and args[0].text.partition("@")[0] in ("pnpm", "yarn", "npm", "pnpx", "npx", "yarnpkg"):
        return Inner((Word(args[0].text.partition("@")[0]), *args[1:]))
    return None


def _hatch(args: Sequence[Word]) -> Inner | None:
    rest = parsed(args, known("-e --env -p --project", "-q -v"), stops=True).rest
    if not rest or rest[0].text != "run" or len(rest) < 2:
        return None
    return Inner(tuple(rest[1:])) if ":" not in rest[1].text else None


def _su(args: Sequence[Word]) -> Inner | None:
    line = parsed(args, known("-u --user", "-l"), stops=True)
    return Inner(tuple(line.rest)) if line.has("-u", "--user") and line.rest else None


def _nix(args: Sequence[Word]) -> Inner | None:
    for at, word in enumerate(args[:-1]):
        if word.text in ("-c", "--command") and args[0].text in ("develop", "shell"):
            return Inner(tuple(args[at + 1 :]))
    return None


def _after(verbs: str, own: int) -> Finder:
    """`tool exec NAME -- command`: behind `--`, or behind so many words of the tool's own."""

    def find(args: Sequence[Word]) -> Inner | None:
        words = [word for word in args if word.text == "--" or not word.text.startswith("-")]
        if not words or words[0].text not in verbs.split("|"):
            return None
        dashes = next((at for at, word in enumerate(args) if word.text == "--"), -1)
        return Inner(tuple(args[dashes + 1 :] if dashes > 0 else words[1 + own :]))

    return find


_CONDA = known(
    "-n --name -p --prefix --cwd", "--no-capture-output --live-stream -v -q --dev --debug-wrapper-scripts"
)
_PIXI = known(
    "-e --environment --manifest-path -x --executable -s --spec -c --channel --with -w",
    "--frozen --locked -q -v",
)
_RUNNERS = known(
    "-p -C -P --project --directory -e --env",
    "-q -v -n --quiet --verbose --no-interaction -s --site-packages",
)

INNER: dict[str, Finder] = {
    "uv": _uv,
    "uvx": _uvx,
    "poetry": _behind(_RUNNERS, "run"),
    "pdm": _behind(_RUNNERS, "run"),
    "rye": _behind(_RUNNERS, "run"),
    "pipenv": _behind(_RUNNERS, "run"),
    "hatch": _hatch,
    "pipx": _pipx,
    "conda": _behind(_CONDA, "run"),
    "mamba": _behind(_CONDA, "run"),
    "micromamba": _behind(_CONDA, "run"),
    "pixi": _first(_behind(_PIXI, "run"), _behind(_PIXI, "exec|x")),
    "bundle": _behind(known("--gemfile", "--keep-file-descriptors"), "exec"),
    "npx": _npx,
    "npm": _npm,
    "pnpm": _pnpm,
    "pnpx": _dlx,
    "yarn": _yarn,
    "bun": _bun,
    "bunx": _dlx,
    "corepack": _corepack,
    "docker": _docker,
    "podman": _docker,
    "nerdctl": _docker,
    "docker-compose": _compose,
    "find": _find,
    "runuser": _su,
    "nix": _nix,
    "mise": _after("exec|x", 1),
    "direnv": _after("exec", 1),
    "nvm": _after("exec", 1),
    "devbox": _after("run", 0),
    "aws-vault": _after("exec", 1),
    "busybox": lambda args: Inner(tuple(args)),
}
