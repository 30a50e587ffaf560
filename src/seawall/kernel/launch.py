"""A launch line fetches what it runs, and its words say how firmly that is fixed.

`npx`, `uvx`, `docker run` and their like resolve at every start, without a lockfile; what a tree holds itself
and programs of the machine are not fetched.
Source: the documents of npm exec, pnpm dlx, yarn dlx, bunx, uvx, pipx, docker run, deno run and go run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

from .code import Firmness
from .shell import Command


@dataclass(frozen=True, slots=True)
class Fetched:
    """One thing that a command fetches and runs.

    `kind` is `package`, `git`, `image`, `address` (a file of any host) or `script` (what is piped into a
    shell). `name` is without version and credentials, `ref` as written, `ecosystem` the OSV name where
    there is one. `runner` is the program that fetches it.
    """

    kind: str
    name: str
    pin: Firmness
    ref: str = ""
    ecosystem: str = ""
    runner: str = ""


_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_EXACT = re.compile(r"v?\d+(?:\.\d+)*(?:[-+.]?[0-9A-Za-z][\w.+-]*)?\Z")
_NPM_EXACT = re.compile(r"v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?\Z")
_RANGE = re.compile(r"[\^~<>=*]|\d|x\b")
_NPM_NAME = re.compile(r"(?:@[\w.~-]+/)?[\w.~-]+\Z")
_GIT = re.compile(r"(?:git\+|git:|git@|github:|gitlab:|bitbucket:|gist:)|.*\.git(?:[@#]|\Z)")
_SHORT_GIT = re.compile(r"[\w.-]+/[\w.-]+(?:#.*)?\Z")
_URL = re.compile(r"https?://", re.IGNORECASE)
_LOCAL = (".", "/", "~", "$", "%", "file:", "link:", "workspace:")
_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^\]]*\])?\s*(.*)\Z", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_FETCHERS = frozenset({"curl", "wget", "iwr", "irm", "invoke-webrequest", "invoke-restmethod", "fetch"})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "fish", "iex"})
_INTERPRETERS = _SHELLS | {"python", "python3", "node", "perl", "ruby", "pwsh", "powershell"}
_WRAPPERS: Mapping[str, frozenset[str]] = {
    "env": frozenset({"-u", "-C", "-S"}), "sudo": frozenset({"-u", "-g", "-E"}), "nohup": frozenset(),
    "exec": frozenset(), "time": frozenset(), "command": frozenset(), "nice": frozenset({"-n"}),
    "timeout": frozenset({"-k", "-s"}), "op": frozenset({"--env-file", "--account"}),
    "dotenv": frozenset({"-e", "-f"}), "dotenvx": frozenset({"-f"}), "doppler": frozenset({"-p", "-c"}),
    "mise": frozenset(), "direnv": frozenset(), "infisical": frozenset({"--env"}), "wsl": frozenset(),
}  # fmt: skip
"""Programs that start the rest of the line, with those of their options that take a value."""
_SUBCOMMANDS = frozenset({"run", "exec", "x", "--"})

_NPM_VALUES = frozenset(
    {"--registry", "--cache", "--userconfig", "--prefix", "--loglevel", "-w", "--workspace", "-c", "--call",
     "--shell", "--node-options", "-C", "--dir", "--filter"}
)  # fmt: skip
_UV_VALUES = frozenset(
    {"--python", "-p", "--index", "--index-url", "--default-index", "--extra-index-url", "-i", "-c",
     "--directory", "--project", "--with-requirements", "--with-editable", "--constraints", "--env-file",
     "--cache-dir", "--refresh-package", "--exclude-newer", "--link-mode", "--group", "--extra",
     "--resolution", "--pip-args"}
)  # fmt: skip
_DOCKER_FLAGS = frozenset(
    {"-i", "-t", "-it", "-ti", "-d", "-dit", "--rm", "--init", "--privileged", "--read-only", "--interactive",
     "--tty", "--detach", "--no-healthcheck", "-P", "--publish-all", "--quiet", "-q", "--sig-proxy",
     "--oom-kill-disable"}
)  # fmt: skip


def fetched(command: Command, commands: Sequence[Command] = ()) -> tuple[Fetched, ...]:
    """What the command fetches to run; `commands` are those of its line, to see what is piped into it."""
    words = unwrapped(command.texts)
    if not words:
        return ()
    program = _program(words[0])
    piped = _piped_script(program, words, command, commands)
    if piped:
        return (piped,)
    look = _RUNNERS.get(program)
    return tuple(look(words)) if look else ()


def unwrapped(words: Sequence[str]) -> tuple[str, ...]:
    """The words from the program on that really runs: without `env`, `sudo`, `timeout 5`, `op run --`."""
    rest = list(words)
    for _ in range(5):
        while rest and _ASSIGNMENT.match(rest[0]):
            del rest[0]
        name = _program(rest[0]) if rest else ""
        if name not in _WRAPPERS:
            break
        del rest[0]
        while rest and (
            rest[0].startswith("-")
            or rest[0] in _SUBCOMMANDS
            or _ASSIGNMENT.match(rest[0])
            or (name in ("timeout", "direnv") and re.fullmatch(r"[\d.]+[smh]?|\.", rest[0]))
        ):
            takes = rest[0] in _WRAPPERS[name]
            del rest[: 2 if takes else 1]
    return tuple(rest)


def _program(word: str) -> str:
    name = basename(word.replace("\\", "/")).lower()
    return re.sub(r"\.(?:exe|cmd|ps1|bat)\Z", "", name)


def _piped_script(
    program: str, words: Sequence[str], command: Command, commands: Sequence[Command]
) -> Fetched | None:
    """`curl … | sh`: what comes from there runs, and nothing fixes what comes."""
    if program not in _INTERPRETERS or not 0 <= command.piped_from < len(commands):
        return None
    if any(not w.startswith("-") for w in words[1:]) and program not in _SHELLS:
        return None
    source = unwrapped(commands[command.piped_from].texts)
    if source and _program(source[0]) in _FETCHERS:
        address = next((w for w in source[1:] if not w.startswith("-") and "." in w), "")
        return Fetched("script", address, Firmness.NONE, "", "", _program(source[0]))
    return None


def _npm(words: Sequence[str]) -> Iterator[Fetched]:
    program, rest = _program(words[0]), list(words[1:])
    starters: Mapping[str, tuple[str, ...]] = {
        "npm": ("exec", "x"), "pnpm": ("dlx",), "yarn": ("dlx",), "bun": ("x",),
    }  # fmt: skip
    if program in starters:
        if not rest or rest[0] not in starters[program]:
            return
        del rest[0]
    if any(w in ("--no", "--no-install", "--offline") for w in rest):
        return
    packages: list[str] = []
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in ("-p", "--package"):
            packages.append(value if equals else rest.pop(0) if rest else "")
        elif word == "--":
            continue
        elif word.startswith("-"):
            if not equals and word in _NPM_VALUES and rest:
                del rest[0]
        else:
            packages = packages or [word]
            break
    yield from (item for item in (npm_spec(p, program) for p in packages) if item)


def npm_spec(spec: str, runner: str = "npx") -> Fetched | None:
    """What npm makes of `name`, `name@1.2.3`, `github:o/r#rev` or an address; None where it is local."""
    if "@npm:" in spec:
        spec = spec.partition("@npm:")[2]
    local_archive = spec.endswith((".tgz", ".tar.gz")) and not _URL.match(spec)
    if not spec or spec.startswith(_LOCAL) or local_archive:
        return None
    if _GIT.match(spec) or (_SHORT_GIT.match(spec) and not spec.startswith("@")):
        name, _, ref = spec.partition("#")
        return Fetched("git", name, _git_pin(ref), ref, "npm", runner)
    if _URL.match(spec):
        return Fetched("address", spec.partition("?")[0], Firmness.NONE, "", "npm", runner)
    name, at, ref = spec.rpartition("@")
    if not at or not name:
        name, ref = spec, ""
    if not _NPM_NAME.match(name):
        return None
    return Fetched("package", name, _npm_pin(ref), ref, "npm", runner)


def _npm_pin(ref: str) -> Firmness:
    if _NPM_EXACT.match(ref):
        return Firmness.VERSION
    return Firmness.RANGE if _RANGE.match(ref) else Firmness.FLOATING


def _git_pin(ref: str) -> Firmness:
    if _COMMIT.match(ref.removeprefix("commit:")):
        return Firmness.SHA
    return Firmness.TAG if re.match(r"v?\d", ref) else Firmness.BRANCH


def _python(words: Sequence[str]) -> Iterator[Fetched]:
    program, rest = _program(words[0]), list(words[1:])
    run = program == "pipx" and rest[:1] == ["run"]
    tool = program == "uvx" or run
    while program == "uv" and rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in _UV_VALUES else 1]
    if program == "uv":
        tool = rest[:2] in (["tool", "run"], ["x"]) or rest[:1] == ["x"]
        if not tool and rest[:1] != ["run"]:
            return
        del rest[: 2 if rest[:1] == ["tool"] else 1]
    elif run:
        del rest[0]
    elif program == "pipx":
        return
    found, positional = _python_specs(rest, "--spec" if run else "--from")
    if tool and positional and not any(main for main, _ in found):
        found.append((True, positional))
    for _, spec in found:
        item = python_spec(spec, program)
        if item:
            yield item


def _python_specs(rest: list[str], main: str) -> tuple[list[tuple[bool, str]], str]:
    """((whether it is the package itself, what is asked for) …, the first word that is no option)."""
    found: list[tuple[bool, str]] = []
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in (main, "--from", "--with", "-w"):
            text = value if equals else rest.pop(0) if rest else ""
            found += [(name in (main, "--from"), part.strip()) for part in _listed(text)]
        elif word.startswith("-"):
            if not equals and word in _UV_VALUES and rest:
                del rest[0]
        else:
            return found, word
    return found, ""


def _listed(text: str) -> list[str]:
    return [text] if "://" in text else re.split(r",(?![^\[]*\])(?=\s*[A-Za-z])", text)


def python_spec(spec: str, runner: str = "uvx") -> Fetched | None:
    """What uv makes of `name`, `name==1.2`, `name@1.2`, `git+https://…@rev`; None where it is local."""
    if " @ " in spec:
        spec = spec.split(" @ ", 1)[1].strip()
    if not spec or spec.startswith(_LOCAL) or spec.endswith(".py"):
        return None
    if _GIT.match(spec):
        base = spec.partition("#")[0]
        head, at, ref = base.rpartition("@")
        name = head if at and "/" in head and "/" not in ref else base
        ref = ref if name is head else ""
        return Fetched("git", name, _git_pin(ref), ref, "PyPI", runner)
    if _URL.match(spec):
        hashed = "sha256=" in spec
        return Fetched(
            "address", spec.partition("#")[0], Firmness.HASH if hashed else Firmness.NONE, "", "PyPI", runner
        )
    found = _REQUIREMENT.match(spec)
    if not found:
        return None
    name, rest = found[1], found[2].strip()
    return Fetched("package", name, _python_pin(rest), rest.lstrip("=@ "), "PyPI", runner)


def _python_pin(rest: str) -> Firmness:
    version = rest.lstrip("=@ ")
    if rest.startswith(("==", "@")) and _EXACT.match(version) and "*" not in version:
        return Firmness.VERSION
    return Firmness.FLOATING if not rest or version == "latest" else Firmness.RANGE


def _docker(words: Sequence[str]) -> Iterator[Fetched]:
    rest = list(words[1:])
    while rest and rest[0].startswith("-"):
        del rest[: 2 if "=" not in rest[0] else 1]
    if rest[:1] == ["container"]:
        del rest[0]
    if rest[:1] != ["run"]:
        return
    del rest[0]
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if "=" not in word and word not in _DOCKER_FLAGS and not re.match(r"-[evpwulm]\S", word) and rest:
            del rest[0]
    if rest:
        yield image(rest[0], _program(words[0]))


def image(name: str, runner: str = "docker") -> Fetched:
    """What an image's name says: a digest, a tag, or whatever is newest."""
    bare, at, digest = name.partition("@")
    if at and _DIGEST.match(digest):
        return Fetched("image", bare, Firmness.SHA, digest, "", runner)
    head, slash, last = bare.rpartition("/")
    base, colon, tag = last.partition(":")
    pin = Firmness.TAG if colon and tag not in ("latest", "") else Firmness.FLOATING
    return Fetched("image", f"{head}{slash}{base}", pin, tag, "", runner)


def _deno(words: Sequence[str]) -> Iterator[Fetched]:
    if words[1:2] != ("run",):
        return
    target = next((w for w in words[2:] if not w.startswith("-")), "")
    scheme, _, rest = target.partition(":")
    if scheme in ("npm", "jsr"):
        item = npm_spec(rest.lstrip("/"), "deno")
        if item:
            yield item
    elif _URL.match(target):
        exact = re.search(r"@v?\d+\.\d+\.\d+", target)
        yield Fetched("address", target, Firmness.VERSION if exact else Firmness.NONE, "", "", "deno")


def _go(words: Sequence[str]) -> Iterator[Fetched]:
    target = next((w for w in words[2:] if not w.startswith("-")), "") if words[1:2] == ("run",) else ""
    name, at, ref = target.partition("@")
    if at and "." in name.partition("/")[0]:
        pin = Firmness.VERSION if _NPM_EXACT.match(ref) else Firmness.FLOATING
        yield Fetched("package", name, pin, ref, "Go", "go")


def _nix(words: Sequence[str]) -> Iterator[Fetched]:
    target = next((w for w in words[2:] if not w.startswith("-")), "")
    if words[1:2] in (("run",), ("shell",)) and re.match(r"(?:github|gitlab|git\+https?|sourcehut):", target):
        bare = target.partition("#")[0]
        ref = bare.rpartition("/")[2] if bare.count("/") >= 2 else ""
        yield Fetched("git", bare, _git_pin(ref), ref, "", "nix")


_RUNNERS: Mapping[str, Callable[[Sequence[str]], Iterator[Fetched]]] = {
    "npx": _npm, "pnpx": _npm, "bunx": _npm, "npm": _npm, "pnpm": _npm, "yarn": _npm, "bun": _npm,
    "uvx": _python, "uv": _python, "pipx": _python, "docker": _docker, "podman": _docker, "nerdctl": _docker,
    "deno": _deno, "go": _go, "nix": _nix,
}  # fmt: skip
