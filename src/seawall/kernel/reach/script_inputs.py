"""Some actions take a script among their inputs and run it: its commands are the job's as `run` is.

The tables were drawn from each action's own metadata.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScriptInputs:
    """What one action runs. `scripts` are its inputs that are scripts, those in `outside` run on the runner.

    `apart`: in a container or machine of its own. Of a container, `image` is the input that names it,
    `options` the one with its options as of `docker run`, `given` those that list the variables it gets.
    """

    scripts: tuple[str, ...]
    outside: tuple[str, ...] = ()
    apart: bool = False
    image: str = ""
    options: str = ""
    given: tuple[str, ...] = ()
    dialect: str = ""


_MACHINE = ScriptInputs(("prepare", "run"), apart=True, given=("envs",))
_CONTAINER = ScriptInputs(("run",), apart=True, image="image", options="options")
_OTHER_PROCESSOR = ScriptInputs(
    ("setup", "install", "run"), ("setup",), True, "base_image", "dockerrunargs", ("env",)
)
_ACTIONS = {
    "addnab/docker-run-action": _CONTAINER,
    "tj-actions/docker-run": ScriptInputs(("args",), apart=True, image="image", options="options"),
    "uraimo/run-on-arch-action": _OTHER_PROCESSOR,
    "cross-platform-actions/action": ScriptInputs(("run",), apart=True, given=("environment_variables",)),
    "azure/cli": ScriptInputs(("inlinescript",)),
    "azure/powershell": ScriptInputs(("inlinescript",), dialect="pwsh"),
    "bahmutov/npm-install": ScriptInputs(("install-command",)),
    "changesets/action": ScriptInputs(("version", "publish")),
    "cloudflare/wrangler-action": ScriptInputs(("precommands", "postcommands")),
    "codspeedhq/action": ScriptInputs(("run",)),
    "coactions/setup-xvfb": ScriptInputs(("run",)),
    "cypress-io/github-action": ScriptInputs(("install-command", "build", "start", "command")),
    "gabrielbb/xvfb-action": ScriptInputs(("run",)),
    "nick-fields/retry": ScriptInputs(("command", "on_retry_command", "new_command_on_retry")),
    "nick-invision/retry": ScriptInputs(("command", "on_retry_command", "new_command_on_retry")),
    "pyo3/maturin-action": ScriptInputs(("before-script-linux",)),
    "reactivecircus/android-emulator-runner": ScriptInputs(("pre-emulator-launch-script", "script")),
    "wandalen/wretry.action": ScriptInputs(("command",)),
}
_FORKED = {"docker-run-action": _CONTAINER, "run-on-arch-action": _OTHER_PROCESSOR}
"""Actions that are used from copies under other owners too."""


def script_inputs(uses: str) -> ScriptInputs | None:
    """What the action of a `uses` runs of its inputs; None when it is not known to run any."""
    name = uses.strip().partition("@")[0].strip("/").lower()
    owner, _, rest = name.partition("/")
    if owner == "vmactions" and rest.endswith("-vm"):
        return _MACHINE
    return _ACTIONS.get(name) or _FORKED.get(rest)
