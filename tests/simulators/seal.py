"""Whether a command can be sealed on this machine, and why not: told once for every test that seals one."""

import pytest

from seawall.adapters.runners.sealed import Sealed
from seawall.kernel.errors import OutsideError


def _why_not() -> str:
    try:
        Sealed("https://firewall.example").close()
    except OutsideError as error:
        return str(error)
    return ""


WHY = _why_not()
"""Empty where a seal can be had."""

needs_seal = pytest.mark.skipif(bool(WHY), reason=f"no seal can be had here: {WHY}")
BOTH = ["open", pytest.param("sealed", marks=needs_seal)]
"""How a command is run."""
