"""Each format reads its good sample as the golden text says, and says what is wrong with the hostile one."""

from pathlib import Path

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach.ground import PipelineFile
from seawall.kernel.shell import Script
from seawall.kernel.task import Compose, Dockerfile, HookFile, TaskFile
from seawall.readers.pipelines import FORMATS

SAMPLES = Path(__file__).parents[2] / "data" / "pipelines"
BY_ID = {item.id: item for item in FORMATS}
NAMES = [
    "makefile", "justfile", "noxfile", "tox", "package-scripts", "shell-file", "python-file", "dockerfile",
    "compose", "pre-commit",
]  # fmt: skip


def read(name: str, side: str) -> PipelineFile:
    (sample,) = (path for path in (SAMPLES / name / side).rglob("*") if path.is_file())
    path = sample.relative_to(SAMPLES / name / side).as_posix().removesuffix(".sample")
    return BY_ID[name].read(sample.read_bytes(), path, DEFAULT_LIMITS)


@pytest.mark.parametrize("name", NAMES)
def test_the_good_sample_reads_as_the_golden_text_says(name: str) -> None:
    golden = SAMPLES / name / "golden.txt"
    assert "\n".join(rendered(read(name, "good"))) + "\n" == golden.read_text()


@pytest.mark.parametrize("name", BY_ID)
def test_the_good_sample_is_understood(name: str) -> None:
    said = {str(problem.kind) for problem in read(name, "good").problems}
    assert said <= {"unsupported"}  # what is known only when it runs


@pytest.mark.parametrize("name", BY_ID)
def test_the_hostile_sample_says_what_is_wrong(name: str) -> None:
    found = read(name, "hostile")
    assert found.problems
    assert all(problem.path == found.path for problem in found.problems)


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_a_good_sample_is_kept(name: str) -> None:
    text = repr(read(name, "good"))
    for secret in ("hunter2", "user:secret", "abc123"):
        assert secret not in text


def rendered(file: PipelineFile) -> list[str]:
    if isinstance(file, TaskFile):
        lines = [f"{file.kind} default={file.default!r} includes={file.includes} name={file.name!r}"]
        lines[0] += f" workspaces={file.workspaces}"
        for task in file.tasks:
            lines.append(f"{task.line}: {task.name!r} needs={task.needs} directory={task.directory!r}")
            lines += [f"    sets {one.name}={one.value}" for one in task.env]
            passes = task.passes or ()
            lines += [f"    passes {one}" for one in passes if one not in ("PATH", "HOME") and not plain(one)]
            lines += [f"    installs {one}" for one in task.installs]
            lines += commands(task.script)
    elif isinstance(file, Dockerfile):
        lines = docker(file)
    elif isinstance(file, Compose):
        lines = composed(file)
    else:
        assert isinstance(file, HookFile)
        lines = []
        for one in file.repositories:
            lines.append(f"{one.line}: {one.location} {one.rev} hooks={one.hooks} {one.languages}")
            lines.append(f"    dependencies={one.dependencies} images={one.images}")
            lines += commands(one.script)
    return [*lines, *(f"! {one.line}: {one.kind}: {one.message}" for one in file.problems)]


def plain(name: str) -> bool:
    """What tox passes everywhere."""
    from seawall.readers.pipelines.tox import PASSED

    return name in PASSED


def docker(file: Dockerfile) -> list[str]:
    lines = [f"frontend={file.frontend} arguments={file.arguments}"]
    for stage in file.stages:
        lines.append(f"{stage.line}: FROM {stage.image} AS {stage.name!r} user={stage.user!r}")
        lines.append(f"    arguments={stage.arguments} env={[(one.name, one.value) for one in stage.env]}")
        for layer in stage.layers:
            told = {"fetched": layer.fetched, "checksum": layer.checksum, "image": layer.image,
                    "network": layer.network}  # fmt: skip
            shown = " ".join(f"{key}={value}" for key, value in told.items() if value)
            lines.append(f"  {layer.line}: {layer.instruction} {shown}".rstrip())
            for mount in layer.mounts:
                lines.append(f"      {mount.kind} {mount.source!r} at {mount.target!r} from {mount.image!r}")
            lines += commands(layer.script)
        lines += ["  starts", *commands(stage.starts)]
    return lines


def composed(file: Compose) -> list[str]:
    lines = [f"secrets={[(one.name, one.value) for one in file.secrets]}"]
    for one in file.services:
        lines.append(f"{one.line}: {one.name} image={one.image!r} build={one.builds!r} {one.dockerfile!r}"
                     f" {one.stage!r}")  # fmt: skip
        lines.append(f"    env={[(item.name, item.value) for item in one.env]} files={one.env_files}")
        lines.append(f"    secrets={one.secrets} of the build={one.build_secrets} needs={one.needs}")
        lines.append(f"    privileged={one.privileged} network={one.network!r} profiles={one.profiles}")
        lines += [f"    {item.line}: {item.kind} {item.source!r} at {item.target!r}" for item in one.mounts]
        lines += commands(one.starts)
    return lines


def commands(script: Script) -> list[str]:
    lines = []
    for one in script.commands:
        assigned = [f"{name}={word.text}" for name, word in one.assignments]
        marks = [f"if {one.condition}"] if one.condition else []
        marks += [f"in {one.directory}"] if one.directory else []
        marks += ["substituted"] if one.substituted else []
        marks += [f"reads {one.piped_from}"] if one.piped_from >= 0 else []
        shown = " ".join([*assigned, *one.texts])
        lines.append(f"    {one.line}| {shown}" + (f"   ({'; '.join(marks)})" if marks else ""))
    return lines
