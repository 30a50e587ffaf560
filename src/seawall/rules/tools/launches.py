"""What tools fetch at every start, and from whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from seawall.kernel.advisory import Severity
from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.launch import fetched, from_git, subject
from seawall.kernel.reach.ground import Ground
from seawall.kernel.rule import rule
from seawall.kernel.tool import Launch, LaunchKind, Moment, ToolFile

_LOOSE = frozenset({Firmness.FLOATING, Firmness.RANGE, Firmness.NONE})
_UNASKED = frozenset({Moment.FOLDER, Moment.AGENT, Moment.HOST})


@rule("tools/unpinned-launch", Severity.MEDIUM)
def unpinned_launch(intake: Intake) -> Iterator[Evidence]:
    """A tool that is fetched anew at every start is whatever its publisher made of it this morning.

    Looks at the launch lines of MCP servers, hooks, tasks and dev containers: npx, bunx, pnpm and yarn dlx,
    uvx, uv run --with, pipx run, docker run, deno, go run, and scripts piped into a shell, without an exact
    version or digest. No lockfile is asked by any of them. Quiet about what a lockfile of the tree
    holds, and no more than information about what a person starts by hand or what runs in a container.

    Why: the agent that starts it hands it tokens, files and the right to act, and nobody sees the update.

    Attack: postmark-mcp was a harmless mail server for 15 versions; version 1.0.16 (17 September 2025) sent
    a copy of every mail to a stranger. Whoever launched it by name alone had it at the next start. Nx Console
    ran `npx nx@latest` in every editor on the day (26 August 2025) on which the newest nx was malware.

    Fix: write the exact version (`npx -y NAME@1.2.3`, `uvx NAME==1.2.3`) or the image's digest, and raise it
    on purpose, with a cooldown.
    """
    ground = Ground(documents=intake.documents, files=intake.files)
    for file in intake.tools:
        seen: set[tuple[str, str]] = set()
        for launch in file.launches:
            for code in fetched(launch, file.path, ground):
                name = subject(code)
                if from_git(code) or code.pin not in _LOOSE or (launch.name, name) in seen:
                    continue
                seen.add((launch.name, name))
                yield _evidence(code, launch, file, _severity(code, launch, file, intake))


def _evidence(code: Code, launch: Launch, file: ToolFile, severity: Severity) -> Evidence:
    name = subject(code)
    what, advice = _words(code)
    told = f" ({code.ref})" if code.ref else ""
    return Evidence(
        message=f"the {launch.kind} {launch.name!r} starts {what.format(name=name)}{told}",
        advice=advice,
        path=file.path,
        line=launch.line,
        severity=severity,
        subject=f"{launch.kind} {launch.name} {name}",
        detail={"fetched": name, "ref": code.ref, "by": code.name, "starts": str(launch.moment)},
    )


def _words(code: Code) -> tuple[str, str]:
    if code.kind is CodeKind.IMAGE:
        return "whatever image {name} is now", "pin the image by its digest"
    if code.kind is CodeKind.SCRIPT:
        return "a script of {name}, unread", "take a release by version and digest instead of piping it"
    if code.pin is Firmness.NONE:
        return "a file of {name}, fixed by nothing", "use a release by its exact version"
    return "whatever is the newest {name}", "write the exact version into the line"


def _severity(code: Code, launch: Launch, file: ToolFile, intake: Intake) -> Severity:
    if launch.moment is Moment.CONTAINER:
        return Severity.INFO
    if launch.moment is Moment.ASKED:
        return Severity.LOW if code.kind is CodeKind.SCRIPT else Severity.INFO
    if code.kind is CodeKind.SCRIPT and launch.moment in _UNASKED:
        return Severity.HIGH
    if launch.kind is not LaunchKind.SERVER and code.ecosystem == "npm" and _has_manifest(file.path, intake):
        return Severity.INFO  # npx takes what is installed here, and the bare name is often a program's
    if code.pin is Firmness.RANGE or launch.moment not in _UNASKED:
        return Severity.LOW
    return Severity.MEDIUM


def _has_manifest(path: str, intake: Intake) -> bool:
    """Whether a `package.json` lies in the file's directory or above it."""
    folder = dirname(path)
    while folder:
        if f"{folder}/package.json" in intake.files:
            return True
        folder = dirname(folder)
    return "package.json" in intake.files


_LOOPBACK = re.compile(
    r"(?:localhost|[\w.-]+\.localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\]|host\.docker\.internal)(?::\d+)?\Z"
)
_PRIVATE = re.compile(
    r"(?:10(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}|169\.254(?:\.\d+){2}"
    r"|\[f[cde][^\]]*\]|[\w-]+|[\w.-]+\.(?:local|lan|internal|home|corp|intranet|test))(?::\d+)?\Z"
)
_HTTP = re.compile(r"http://([^/?#\s]+)", re.IGNORECASE)


@rule("tools/plain-http", Severity.HIGH)
def plain_http(intake: Intake) -> Iterator[Evidence]:
    """A server that is spoken to in plain text can be read and replaced by anybody on the way.

    Looks at the addresses of MCP servers, model endpoints and web hooks, also where they are an argument.
    This machine itself is passed over; names and addresses of a local network count less.

    Why: the answers of a tool are instructions to the agent, and the headers hold its token.

    Attack: CVE-2025-6514 (July 2025): mcp-remote ran a command of the operating system that a server's
    answer named. Over http anyone between the two is that server.

    Fix: use https, or a tunnel that ends on this machine.
    """
    for file in intake.tools:
        for launch in file.launches:
            for host in dict.fromkeys(_plain_hosts(launch)):
                private = _PRIVATE.match(host)
                yield Evidence(
                    message=f"the {launch.kind} {launch.name!r} is spoken to over plain http at {host}",
                    advice="use https: anyone on the way can read it and answer in its place",
                    path=file.path,
                    line=launch.line,
                    severity=Severity.LOW if private else None,
                    subject=f"{launch.name} {host}",
                    detail={"host": host},
                )


def _plain_hosts(launch: Launch) -> Iterator[str]:
    hosts = [launch.address.host] if launch.address.scheme == "http" else []
    if launch.kind is LaunchKind.SERVER:
        for command in launch.commands:
            hosts += [m[1].rpartition("@")[2] for t in command.texts[1:] if (m := _HTTP.match(t))]
    for host in hosts:
        if host and "$" not in host and "{" not in host and not _LOOPBACK.match(host.lower()):
            yield host.lower()
