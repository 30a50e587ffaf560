"""What runs because somebody opened a folder, started an agent or built a container."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seawall.kernel.advisory import Severity
from seawall.kernel.code import Firmness
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.launch import fetched, programs
from seawall.kernel.reach.running import Run
from seawall.kernel.rule import rule
from seawall.kernel.tool import Launch, LaunchKind, Moment, ToolFile

_FETCHERS = frozenset({"curl", "wget", "iwr", "irm", "invoke-webrequest", "nc", "ncat"})
_INTERPRETERS = frozenset(
    {"node", "python", "python3", "bun", "deno", "perl", "ruby", "php", "bash", "sh", "zsh"}
)
_INLINE = frozenset({"-e", "-c", "-r", "-p", "--eval", "--print", "eval"})
_NO_SCRIPT = re.compile(
    r"(?i).*\.(?:woff2?|ttf|otf|eot|png|jpe?g|gif|ico|svg|css|pdf|md|txt|dat|bin|log|tmp)\Z"
)
_HIDDEN_HOME = re.compile(
    r"(?:.*/)?\.(?:vscode|claude|cursor|github|git|idea|npm|config|cache|local|husky)/(?!hooks/)"
)
_DECODES = re.compile(r"(?i)base64|atob|fromCharCode|frombase64|-enc(?:odedcommand)?\b|\bhidden\b|https?://")


@rule("tools/starts-by-itself", Severity.MEDIUM)
def starts_by_itself(intake: Intake) -> Iterator[Evidence]:
    """Opening a folder or starting an agent in it must not run what the folder brings along.

    Tasks with `runOn: folderOpen`, hooks of agents, commands that settings name (`apiKeyHelper`, `notify`,
    `discoveryCommand`). What starts with the folder or the session is a finding; hooks of later events are
    information. One that downloads, decodes, hides its output, holds its code in the line, or runs a file
    that is no script or lies in a hidden folder is severe at any moment.

    Why: reading somebody's code was harmless once; now the editor and the agent run some of it first.

    Attack: on 4 August 2026 the main branches of keyv and cacheable got a `SessionStart` hook in
    `.claude/settings.json` and a `folderOpen` task in `.vscode/tasks.json` that ran the worm for everybody
    who opened them. Lures of fake job interviews did the same with tasks all through 2025.

    Fix: take it out; what has to be prepared can be a task that a person starts.
    """
    for file in intake.tools:
        seen: set[tuple[str, str]] = set()
        for launch in file.launches:
            shown = _shown(launch)
            if _by_itself(launch) and (launch.event, shown) not in seen:
                seen.add((launch.event, shown))
                yield _evidence(launch, file, shown)


def _by_itself(launch: Launch) -> bool:
    if launch.kind is LaunchKind.SERVER or launch.name.endswith(" headersHelper"):
        return False
    return launch.moment in (Moment.FOLDER, Moment.AGENT, Moment.EVENT)


def _evidence(launch: Launch, file: ToolFile, shown: str) -> Evidence:
    why = alarming(launch)
    severity = Severity.INFO if launch.moment is Moment.EVENT else Severity.LOW
    if launch.moment is Moment.FOLDER:
        severity = Severity.MEDIUM
    what = f", and {why}" if why else ""
    return Evidence(
        message=f"{launch.event or launch.name} runs {shown} {launch.moment}{what}",
        advice="take it out of the tree, or read it and approve the file by its digest",
        path=file.path,
        line=launch.line,
        severity=Severity.HIGH if why else severity,
        subject=f"{launch.event} {launch.name} {shown}",
        detail={"event": launch.event, "starts": str(launch.moment), "tool": file.tool},
    )


def _shown(launch: Launch) -> str:
    """The program and its first word, as much as a person needs to find it."""
    if not launch.commands:
        return launch.address.host or "a request"
    words = launch.commands[0].texts[:2]
    told = " ".join(word[:60] for word in words).replace("\n", " ")
    return f"`{told}`" + (" …" if len(launch.commands) > 1 or len(launch.commands[0].texts) > 2 else "")


def alarming(launch: Launch) -> str:
    """Why a launch is more than a nuisance, in words that complete "and …"; empty when it is not."""
    if any(code.pin is Firmness.NONE for code in fetched(launch, "")):
        return "it runs what it downloads"
    for run in programs(launch):
        why = _alarming(run, launch)
        if why:
            return why
    return "it asks that nothing of it be shown" if launch.quiet and launch.moment is Moment.FOLDER else ""


def _alarming(run: Run, launch: Launch) -> str:
    early = launch.moment is not Moment.EVENT
    if run.program in _FETCHERS and early:
        return "it speaks to the network"
    if run.program in _INTERPRETERS:
        return _interpreted(run.texts, launch)
    if run.program in ("powershell", "pwsh") and _DECODES.search(" ".join(run.texts)):
        return "it hides what it runs"
    return "it decodes what it runs" if run.program == "base64" and early else ""


def _interpreted(words: Sequence[str], launch: Launch) -> str:
    inline = next((i for i, word in enumerate(words) if word in _INLINE), -1)
    if inline >= 0:
        code = " ".join(words[inline + 1 :])
        long = len(code) > 300 and launch.moment is not Moment.EVENT
        return "its code stands in the line itself" if long or _DECODES.search(code) else ""
    script = next((word for word in words if not word.startswith("-")), "")
    if _NO_SCRIPT.match(script):
        return "it runs a file that is no script by its name"
    if launch.moment is Moment.FOLDER and _HIDDEN_HOME.match(script):
        return "it runs a file in a hidden folder"
    return ""


@rule("tools/host-command", Severity.MEDIUM)
def host_command(intake: Intake) -> Iterator[Evidence]:
    """A container that is there to keep code away from the machine must not begin with a command on it.

    The `initializeCommand` of a dev container runs on the host, as the person who opens the folder, at
    every start and before there is any container.

    Why: people open foreign repositories in containers because they do not trust them.

    Attack: no public attack through this key is known to us; lures of 2025 used editor tasks, which is the
    same door: the folder's own settings run a command on the laptop when it is opened.

    Fix: do it inside (`onCreateCommand`), or have the person run it.
    """
    for file in intake.tools:
        for launch in file.launches:
            if launch.moment is Moment.HOST:
                why = alarming(launch)
                yield Evidence(
                    message=f"{launch.event} runs {_shown(launch)} {launch.moment}"
                    + (f", and {why}" if why else ""),
                    advice="do it inside the container (onCreateCommand), or have a person run it",
                    path=file.path,
                    line=launch.line,
                    severity=Severity.HIGH if why else None,
                    subject=f"{launch.name} {_shown(launch)}",
                    detail={"event": launch.event},
                )
