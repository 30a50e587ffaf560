"""Images that commands pull and run. A run is contained when it is shown nothing of the machine around it.

Source: docker(1), podman(1), the OCI image references.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.shell import Command

from .inner import DOCKER_RUN, docker_place, docker_words
from .options import known, parsed
from .running import Run, program_name
from .scene import Scene, code
from .using import image_firmness

_BUILD = known(
    "-t --tag -f --file --build-arg --target --platform --label --secret --ssh --cache-from --cache-to "
    "-o --output "
    "--progress --network --iidfile --metadata-file --builder --add-host --shm-size --ulimit --cgroup-parent "
    "--build-context --annotation --attest --allow --provenance-mode --isolation -m --memory --cpus --format",
    "--push --load --no-cache --pull -q --quiet --rm --force-rm --squash --compress --provenance --sbom "
    "--check -D",
)
_PULL = known("--platform --authfile --creds --arch --os", "-a --all-tags -q --quiet --disable-content-trust")


def docker(run: Run, scene: Scene) -> Iterator[Code]:
    """`docker run`, `docker create`, `docker pull`."""
    words = docker_words(run.args)
    verb = words[0].text if words else ""
    if verb in ("run", "create"):
        line = parsed(words[1:], DOCKER_RUN, stops=True)
        if not line.rest or line.has("--help"):
            return
        image = line.rest[0]
        closed, given = docker_place(line)
        if image.text in scene.own or image.text.startswith("-"):
            return
        yield _image(
            run,
            scene,
            image.text,
            literal=image.literal or bool(image.expressions),
            now=True,
            closed=closed,
            given=given,
        )
    elif verb == "pull":
        line = parsed(words[1:], _PULL)
        for word in line.words:
            yield _image(run, scene, word.text, literal=word.literal, now=False)


def _image(
    run: Run,
    scene: Scene,
    text: str,
    *,
    literal: bool,
    now: bool,
    closed: bool = False,
    given: tuple[str, ...] = (),
) -> Code:
    name, ref, pin = image_firmness(text)
    if not literal and pin is not Firmness.SHA:
        pin = Firmness.FLOATING
    found = code(run, scene, CodeKind.IMAGE, name, pin, ref=ref, runs="now" if now else "import")
    if not closed:
        return found
    from dataclasses import replace

    note = f"is given {' '.join(given)}" if given else ""
    return replace(found, contained=True, given=given, note=note)


def built(runs: Sequence[Run]) -> frozenset[str]:
    """Names of images that these commands build: they are the tree's own."""
    found: set[str] = set()
    for run in runs:
        if run.program in ("docker", "podman", "nerdctl"):
            words = docker_words(run.args)
            if words and words[0].text == "build":
                found.update(parsed(words[1:], _BUILD).values("-t", "--tag"))
            elif words and words[0].text == "tag" and len(words) == 3 and words[1].text in found:
                found.add(words[2].text)
    return frozenset(found)


def made_here(commands: Iterable[Command]) -> frozenset[str]:
    """The names of images that commands of `docker build` give to what they make."""
    found: set[str] = set()
    for command in commands:
        words = [word for word in command.words if word.text != "sudo"]
        if words and program_name(words[0]) in ("docker", "podman", "nerdctl"):
            inner = docker_words(words[1:])
            if inner and inner[0].text == "build":
                found.update(parsed(inner[1:], _BUILD).values("-t", "--tag"))
    return frozenset(found)


def apptainer(run: Run, scene: Scene) -> Iterator[Code]:
    """`apptainer run docker://IMAGE`: it sees the home directory, so it is not contained."""
    verb = run.first
    if verb in ("run", "exec", "pull", "build", "shell"):
        for text in run.texts[1:]:
            if text.startswith(("docker://", "oras://", "library://")):
                yield _image(
                    run, scene, text.partition("://")[2], literal=True, now=verb in ("run", "exec", "shell")
                )
                return


BUILD = _BUILD
