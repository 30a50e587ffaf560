"""What commands of a job do with secrets: send them away, print them, or run what nobody can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.pipeline import Job, Setting, Step, Workflow
from seawall.kernel.reach.expressions import references
from seawall.kernel.rule import rule
from seawall.kernel.shell import Command, Script, Word

_WRAPPERS = frozenset(
    {"sudo", "env", "command", "exec", "nohup", "time", "timeout", "nice", "stdbuf", "setsid"}
)
_SENDERS = frozenset(
    {"curl", "wget", "nc", "ncat", "netcat", "socat", "http", "https", "xh", "telnet", "openssl"}
)
_INTERPRETERS = frozenset(
    {
        "sh",
        "bash",
        "dash",
        "zsh",
        "ksh",
        "python",
        "python3",
        "node",
        "perl",
        "ruby",
        "php",
        "eval",
        "source",
        ".",
    }
)
_DATA = re.compile(
    r"-(?:d|F|T)|--(?:data(?:-\w+)?|json|form(?:-string)?|upload-file|post-data|post-file|body-data)"
)
_DATA_IN_WORD = re.compile(
    r"-(?:d|F|T).+|--(?:data(?:-\w+)?|json|form(?:-string)?|post-data|body-data)=.+", re.DOTALL
)
_MOST_FEEDING = 64
_MEMORY = re.compile(r"/proc/(?:\*|\d+|self|\$\w+|\$\{\w+\}|\$\(.*\))/(?:environ|mem|maps)|Runner\.Worker")


@dataclass(frozen=True, slots=True)
class _Place:
    """One script of one step, and the names under which secrets are in its environment.

    `inside` are the commands that stand in the words of another, by that other's place in the script.
    """

    workflow: Workflow
    job: Job
    step: Step
    script: Script
    secrets: dict[str, str]
    inside: dict[int, list[int]]

    def line(self, command: Command) -> int:
        return self.step.run_line + command.line - 1 if self.step.run_line else self.step.line


def _places(intake: Intake) -> Iterator[_Place]:
    for workflow in intake.ground.workflows:
        for job in workflow.jobs:
            for step in job.steps:
                if step.script is not None and step.script.commands:
                    given = (*workflow.env, *job.env, *step.env)
                    secrets, inside = dict(_secret_names(given)), _inside(step.script)
                    yield _Place(workflow, job, step, step.script, secrets, inside)


def _inside(script: Script) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for at, command in enumerate(script.commands):
        if command.inside >= 0 and command.inside != at:
            found.setdefault(command.inside, []).append(at)
    return found


def _secret_names(given: tuple[Setting, ...]) -> Iterator[tuple[str, str]]:
    """(variable, secret) for every variable that holds one."""
    for item in given:
        found = references(item.value)
        names = sorted(found.secrets) or (
            ["*"] if found.every else ["GITHUB_TOKEN"] if found.github_token else []
        )
        if names:
            yield item.name, names[0]


def _bare(command: Command) -> tuple[Word, ...]:
    """The words without the programs that only start another one, and their options."""
    words, at = command.words, 0
    while at < len(words) and words[at].text.rpartition("/")[2] in _WRAPPERS:
        at += 1
        while at < len(words) and _of_wrapper(words[at].text):
            at += 1
    return words[at:]


def _of_wrapper(text: str) -> bool:
    return text.startswith("-") or "=" in text or text.isdigit()


def _program(command: Command) -> str:
    words = _bare(command)
    name = words[0].text.rpartition("/")[2] if words else ""
    return re.sub(r"[\d.]+\Z", "", name) if name.startswith("python") else name


def _secrets_in(word: Word, place: _Place) -> set[str]:
    """The secrets that a word becomes, by expression or by variable."""
    found = {place.secrets[name] for name in word.variables if name in place.secrets}
    for expression in word.expressions:
        refers = references("${{" + expression + "}}")
        found |= refers.secrets | ({"*"} if refers.every else set())
    return found - {"GITHUB_TOKEN"}


@rule("pipelines/secrets-sent-out", Severity.CRITICAL)
def secrets_sent_out(intake: Intake) -> Iterator[Evidence]:
    """A job that sends several secrets, or all that it holds, to a host is a harvester.

    Speaks of the environment, the runner's memory or all secrets handed to a program that sends, and of two
    or more secrets in the body of one request. One secret in a header or a body is how services are used.

    Why: whoever can change a workflow can read everything that it is given; this is what that looks like in a
    merge request, before it runs.

    Attack: GhostAction in September 2025 added workflows that posted the secrets of repositories: 3,325
    of them, PyPI tokens among them. megalodon did the same in May 2026, behind base64.

    Fix: do not merge it. If it ran, treat every secret of the repository as taken.
    """
    for place in _places(intake):
        for index, command in enumerate(place.script.commands):
            what = _sent(index, command, place)
            if what:
                yield Evidence(
                    message=f"job {place.job.id} sends {what} away",
                    advice="do not merge it; if it ran, rotate every secret of the repository",
                    path=place.workflow.path,
                    line=place.line(command),
                    subject=f"{place.job.id} {place.step.index} {what}",
                    detail={"job": place.job.id, "what": what},
                )


def _sent(index: int, command: Command, place: _Place) -> str:
    if _program(command) not in _SENDERS:
        return ""
    fed = _fed_by(index, place)
    if any(map(_dumps_environment, fed)):
        return "its whole environment"
    if any(_reads_memory(item) for item in (*fed, command)):
        return "the memory of the runner"
    names: set[str] = set()
    for word in _body(command):
        names |= _secrets_in(word, place)
    for item in fed:
        for word in item.words:
            names |= _secrets_in(word, place)
    if "*" in names:
        return "every secret"
    return f"{len(names)} secrets" if len(names) > 1 else ""


def _fed_by(index: int, place: _Place) -> list[Command]:
    """The commands whose output reaches this one: through pipes, and from inside its words."""
    commands = place.script.commands
    found: list[Command] = []
    pending = [index]
    while pending and len(found) < _MOST_FEEDING:
        at = pending.pop()
        before = commands[at].piped_from
        more = [before] if 0 <= before < len(commands) else []
        more += place.inside.get(at, ())[:_MOST_FEEDING]
        pending += more
        found += [commands[other] for other in more]
    return found


def _dumps_environment(command: Command) -> bool:
    words = [word.text for word in _bare(command)] or [word.text for word in command.words]
    whole = [word.text for word in command.words]
    if whole and whole[0] == "env" and len(whole) == 1:
        return True
    return words[:1] in (["printenv"], ["set"], ["export"]) and len(words) == 1


def _reads_memory(command: Command) -> bool:
    return any(_MEMORY.search(word.text) for word in command.words)


def _body(command: Command) -> Iterator[Word]:
    """The words that a sender puts into a request's body or address."""
    words = _bare(command)[1:]
    for before, word in zip((Word(""), *words), words, strict=False):
        text = word.text
        if _DATA.fullmatch(before.text) or _DATA_IN_WORD.fullmatch(text) or "://" in text:
            yield word
    if command.heredoc is not None and command.heredoc_variables:
        yield Word(command.heredoc, False, (), command.heredoc_variables)


@rule("pipelines/decoded-code", Severity.HIGH)
def decoded_code(intake: Intake) -> Iterator[Evidence]:
    """A job that decodes a text and runs the result hides what it does from whoever reviews it.

    Speaks where the output of `base64 -d` or the like goes to an interpreter, `eval` or `source`. Decoding a
    certificate or a key into a file is silent.

    Why: a reviewer sees one line of letters; what runs is behind it.

    Attack: megalodon in May 2026 replaced a `ci.yml`, with a stolen collaborator's credential, by a harvester
    of secrets in base64.

    Fix: write the commands out, or keep them in a script of the repository.
    """
    for place in _places(intake):
        for index, command in enumerate(place.script.commands):
            if _program(command) in _INTERPRETERS and any(map(_decodes, _fed_by(index, place))):
                yield Evidence(
                    message=f"job {place.job.id} runs what it decodes",
                    advice="write the commands out, or keep them in a script of the repository",
                    path=place.workflow.path,
                    line=place.line(command),
                    subject=f"{place.job.id} {place.step.index}",
                    detail={"job": place.job.id},
                )


def _decodes(command: Command) -> bool:
    words = [word.text for word in _bare(command)]
    program = words[0].rpartition("/")[2] if words else ""
    if program in ("base64", "base32", "gbase64"):
        return any(word in ("-d", "-D", "--decode", "-di", "-id") for word in words[1:])
    if program == "openssl":
        return words[1:2] in (["base64"], ["enc"]) and "-d" in words
    return program == "xxd" and any(word.startswith("-r") or word == "-p" for word in words[1:])


@rule("pipelines/traced-secret", Severity.LOW)
def traced_secret(intake: Intake) -> Iterator[Evidence]:
    """A shell that traces its commands prints what they get, and logs live longer than secrets should.

    Speaks where `set -x` is on in a step that has a secret in its environment and uses it.

    Why: the forge hides a secret in logs only as it was written: one that was decoded, cut or quoted is
    printed as it is.

    Attack: the tj-actions attack of March 2025 took secrets through nothing but the public logs of builds.

    Fix: leave `-x` out of that step, or write `set +x` before the secret is used.
    """
    for place in _places(intake):
        lines = (c.line for c in place.script.commands if any(_secrets_in(word, place) for word in c.words))
        last = max(lines, default=0) if place.script.traces else 0
        for line in place.script.traces:
            if last >= line:
                yield Evidence(
                    message=f"job {place.job.id} traces commands that are given a secret",
                    advice="leave out `set -x`, or `set +x` before the secret is used",
                    path=place.workflow.path,
                    line=place.step.run_line + line - 1 if place.step.run_line else place.step.line,
                    subject=f"{place.job.id} {place.step.index}",
                    detail={"job": place.job.id},
                )
                break
