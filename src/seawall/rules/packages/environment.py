"""What an installed environment does before anybody asked it to."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.advisory import Severity
from seawall.kernel.finding import Evidence
from seawall.kernel.intake import Intake
from seawall.kernel.lockfile import StartupHook
from seawall.kernel.rule import rule

_EXPECTED = frozenset(
    {
        ("setuptools", "distutils-precedence.pth"),
        ("virtualenv", "_virtualenv.pth"),
        ("pytest-cov", "pytest-cov.pth"),
        ("coverage", "a1_coverage.pth"),
    }
)
"""(owner, file name) of start-up hooks whose work is known and needed."""
_MADE_BY_CLIENTS = ("_virtualenv.pth",)
"""Written by virtualenv and uv into every environment, and so listed in no RECORD."""


@rule("packages/startup-hook", Severity.HIGH)
def startup_hook(intake: Intake) -> Iterator[Evidence]:
    """Code that runs at every start of Python has to belong to a package that needs it.

    A `.pth` file with a line that imports, `sitecustomize.py` and `usercustomize.py` in an installed
    environment. Namespace and editable installs and a few well-known tools write such files too; they
    are information only. A file that no installed package lists as its own is the worst kind.

    Why: such a file runs in every Python process of the environment, also in those that never import the
    package: pip, pytest, the IDE, the signing script.

    Attack: litellm 1.82.8 (24 March 2026) carried `litellm_init.pth`, 34,628 bytes that stole
    credentials at every start of Python.

    Fix: find out which package brought it (`seawall explain` names it), remove both, rotate what that
    environment could read.
    """
    for document in intake.documents:
        for hook in document.hooks:
            severity = _severity(hook)
            owner = f"installed by {hook.owner}" if hook.owner else "listed by no installed package"
            yield Evidence(
                message=f"runs code at every start of Python, {owner}: {hook.code}",
                advice="find out what brought it, remove both, and rotate what this environment could read",
                path=hook.path,
                line=hook.line,
                severity=severity,
                detail={"kind": hook.kind, "owner": hook.owner},
            )


def _severity(hook: StartupHook) -> Severity:
    name = hook.path.rpartition("/")[2]
    if (hook.owner, name) in _EXPECTED or name in _MADE_BY_CLIENTS:
        return Severity.INFO
    if hook.owner and (name.startswith("__editable__") or name.endswith("-nspkg.pth")):
        return Severity.INFO
    return Severity.MEDIUM if hook.owner else Severity.HIGH
