"""Code that runs without anybody importing the package, and was not there before."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.contents import Act, Shape, is_startup
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.release_diff import at_load, new_hooks, new_paths
from seawall.kernel.rule import rule

from .archive import told

_EVERY_START = (".pth", "sitecustomize")


@rule("releases/install-hook", Severity.MEDIUM, signal=True)
def install_hook(intake: Intake) -> Iterator[Evidence]:
    """A release that newly runs code while it is installed or built is looked at first.

    `preinstall`, `install`, `postinstall` (also of packages that it brings along), `binding.gyp`; in source
    archives `setup.py`, `cmdclass`, the build backend and one of the package's own. New is also a hook
    whose command changed, or whose file does something that it did not do before.

    Why: it runs before any review or test, with the rights of whoever installs.

    Attack: Shai-Hulud of September and November 2025 gave hundreds of packages a `postinstall`, later a
    `preinstall`; Nx of August 2025 gained `node telemetry.js`; ua-parser-js of 2021 a `preinstall`.

    Fix: install with scripts off; take the release before until somebody has read what it runs.
    """
    for diff in intake.diffs:
        for hook, what in new_hooks(diff):
            if hook.kind not in _EVERY_START:
                says = f": {hook.code[:120]}" if hook.code else ""
                yield told(
                    diff,
                    f"{hook.kind} in {hook.path} is {what}{says}" if what in ("new", "changed")
                    else f"{hook.kind} in {hook.path}: {what}",
                    f"install with scripts off, or take {diff.previous or 'the release before'}",
                    hook.path,
                    kind=hook.kind,
                )  # fmt: skip


@rule("releases/startup-hook", Severity.HIGH, signal=True)
def startup_hook(intake: Intake) -> Iterator[Evidence]:
    """A wheel that newly runs code at every start of Python reaches programs that never import it.

    A `.pth` file with a line that imports, `sitecustomize`, `usercustomize`, wherever the wheel puts them
    (`*.data/purelib`). Without a release to compare with, one that starts processes, opens connections or
    runs decoded data is told of.

    Why: it runs in pip, pytest, the editor and the job that signs, whoever imports what.

    Attack: litellm 1.82.8 (24 March 2026) brought `litellm_init.pth`, which stole credentials at every start
    of Python.

    Fix: take the release before; where it was installed, remove it and rotate what that machine could read.
    """
    for diff in intake.diffs:
        red = {item.path for item in at_load(diff.new) if item.act in (Act.DECODED, Act.PROCESS, Act.NETWORK)}
        changed = {hook.path for hook, _ in new_hooks(diff)}
        for hook in diff.new.hooks:
            speaks = hook.path in changed or (diff.old is None and hook.path in red)
            if hook.kind in _EVERY_START and speaks:
                yield told(
                    diff,
                    f"{hook.path} runs code at every start of Python: {hook.code[:120]}",
                    f"take {diff.previous or 'another release'}",
                    hook.path,
                )


@rule("releases/startup-file", Severity.MEDIUM, signal=True)
def startup_file(intake: Intake) -> Iterator[Evidence]:
    """A package has no business with the files that agents, editors and CI act on.

    `.claude/`, `.cursor/`, `.mcp.json`, `CLAUDE.md`, `AGENTS.md`, `.vscode/tasks.json`, `.devcontainer`,
    `.husky/`, `.github/workflows` and their like, in a wheel or npm tarball, that the release before did
    not have. Source archives hold whole repositories and are left out.

    Why: an agent or editor that opens the directory takes them for instructions of its user, or runs them.

    Attack: TrapDoor (May 2026) left `CLAUDE.md` and `.cursorrules`; with keyv (August 2026) came
    `.claude/settings.json` and `.vscode/tasks.json` that ran the worm when the directory was opened.

    Fix: leave them out of the package (`files` in package.json); read them before you open the directory.
    """
    for diff in intake.diffs:
        if diff.new.shape is Shape.SDIST:
            continue
        for path in new_paths(diff, filter(is_startup, diff.new.by_path))[:10]:
            yield told(
                diff,
                f"{path} is new: agents, editors or CI act on it",
                "read it before anything opens that directory",
                path,
            )
