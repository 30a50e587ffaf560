"""The container or machine in which an action runs the scripts that it is given, and what it is shown there.

A container that mounts the workspace or anything else of the runner is not contained, as with `docker run`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from seawall.kernel.code import Code
from seawall.kernel.shell import Word

from .inner import DOCKER_RUN, docker_place
from .options import parsed
from .script_inputs import script_inputs
from .using import image_code

_NAMED = re.compile(r"(?m)^\s*-?\s*([A-Za-z_]\w*)\s*(?:[:=].*)?$")


@dataclass(frozen=True, slots=True)
class Box:
    """`inside` are the inputs whose scripts run in it, `given` the variables it gets, `image` what it is."""

    inside: tuple[str, ...] = ()
    contained: bool = False
    given: tuple[str, ...] = ()
    image: str = ""


NO_BOX = Box()


def box_of(uses: str, value: Callable[[str], str]) -> Box:
    """Where the action of a `uses` with these inputs runs its scripts."""
    known = script_inputs(uses)
    if known is None or not known.apart:
        return NO_BOX
    options = [Word(text.strip("\"'")) for text in value(known.options).split()] if known.options else []
    closed, given = docker_place(parsed(options, DOCKER_RUN))
    listed = " ".join(value(name) for name in known.given)
    named = listed.split() if ":" not in listed and "=" not in listed else []
    for name in known.given:
        named += _NAMED.findall(value(name))
    inside = tuple(name for name in known.scripts if name not in known.outside)
    image = value(known.image) if known.image else ""
    return Box(inside, closed, tuple(dict.fromkeys((*given, *named))), image.removeprefix("docker://"))


def image_of(box: Box, path: str, line: int, top: int, via: tuple[str, ...]) -> tuple[Code, ...]:
    """The image of a box, where its inputs name one."""
    if not box.image:
        return ()
    code = image_code(box.image, path, line, top, contained=box.contained)
    return (replace(code, via=via, given=box.given if box.contained else ()),)


def boxed(codes: tuple[Code, ...], box: Box) -> tuple[Code, ...]:
    """What a script brings into the box."""
    return tuple(replace(code, contained=True, given=(*code.given, *box.given)) for code in codes)
