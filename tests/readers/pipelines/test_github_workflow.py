"""Workflows: every shape that GitHub allows, the lines of scripts, and what is wrong told without a crash."""

import time
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.pipeline import Job, Permissions, Setting, Step, Trigger, Workflow
from seawall.readers.pipelines import github_workflow

PATH = ".github/workflows/w.yml"


def read(text: str | bytes) -> Workflow:
    data = text if isinstance(text, bytes) else dedent(text).encode()
    return github_workflow.read(data, PATH, DEFAULT_LIMITS)


def sound(text: str) -> Workflow:
    found = read(text)
    assert found.problems == ()
    return found


def one_job(body: str, name: str = "j") -> Job:
    return sound(f"on: push\njobs:\n  {name}:\n" + _indented(body, 4)).jobs[0]


def steps_of(body: str, head: str = "runs-on: ubuntu-latest\n") -> tuple[Step, ...]:
    return one_job(head + "steps:\n" + _indented(body, 2)).steps


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line + "\n" if line else "\n" for line in dedent(text).strip("\n").split("\n"))


def told(text: str | bytes) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in read(text).problems]


GOLDEN = """\
name: release
on:
  push:
    tags: ['v*']
permissions:
  contents: read
env:
  CI: true
defaults:
  run:
    working-directory: app
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - name: install
        run: |
          npm ci

          npm run build
      - run: pip install -r requirements.txt
        env:
          TOKEN: ${{ secrets.TOKEN }}
      - run: |

          make test
      - run: >-
          make
          lint
      - run:
          make docs
      - run: "make a
          b"
      - if: ${{ github.ref == 'refs/heads/main' }}
        shell: bash
        run: |-
          # why
          make publish
"""


def test_lines_of_a_whole_file() -> None:
    found = sound(GOLDEN)
    assert found.name == "release"
    assert found.triggers == (Trigger("push", (("tags", ("v*",)),), 3),)
    assert found.permissions == Permissions("", (("contents", "read"),), 5)
    assert found.env == (Setting("CI", "true", 8),)
    assert found.directory == "app"
    (job,) = found.jobs
    assert (job.id, job.line, job.runs_on) == ("build", 13, ("ubuntu-latest",))
    assert [step.line for step in job.steps] == [16, 19, 24, 27, 30, 33, 35, 37]
    assert [step.run_line for step in job.steps] == [0, 21, 24, 28, 30, 34, 35, 40]
    assert [step.index for step in job.steps] == list(range(8))
    assert job.steps[0].inputs == (Setting("persist-credentials", "false", 18),)
    assert job.steps[2].env == (Setting("TOKEN", "${{ secrets.TOKEN }}", 26),)
    assert job.steps[7].condition == "github.ref == 'refs/heads/main'"
    assert job.steps[7].shell == "bash"


def test_commands_stand_on_lines_of_the_file() -> None:
    lines = GOLDEN.split("\n")
    seen = []
    for step in sound(GOLDEN).jobs[0].steps:
        for command in step.script.commands if step.script else ():
            line = step.run_line + command.line - 1
            seen.append((line, command.texts[0]))
            if step.run_line != 30:  # a folded text has no line of its own
                assert command.texts[0] in lines[line - 1]
    assert [line for line, _ in seen] == [21, 23, 24, 29, 30, 34, 35, 41]


def test_an_alias_to_a_script_stands_where_its_text_stands() -> None:
    first, second = steps_of("- run: &s |\n    make\n- run: *s")
    assert (first.run_line, second.run_line) == (7, 7)
    assert first.script is second.script


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("on: push", ["push"]),
        ("on: [push, pull_request]", ["push", "pull_request"]),
        ("'on':\n  push:\n  pull_request_target:\n    types: [opened]", ["push", "pull_request_target"]),
    ],
)
def test_forms_of_triggers(text: str, names: list[str]) -> None:
    found = sound(text + "\njobs: {j: {steps: [{run: x}]}}")
    assert [trigger.name for trigger in found.triggers] == names
    assert found.triggered_by(names[-1], "other")
    assert not found.triggered_by("other")


def test_filters() -> None:
    found = sound("""\
        on:
          schedule:
            - cron: '0 1 * * *'
            - {cron: '0 2 * * *', timezone: Europe/Berlin}
          workflow_run: {workflows: [CI], types: completed}
          workflow_dispatch:
            inputs: {level: {type: choice, options: [a]}}
        jobs: {j: {steps: [{run: x}]}}
        """)
    assert [dict(trigger.filters) for trigger in found.triggers] == [
        {"cron": ("0 1 * * *", "0 2 * * *"), "timezone": ("Europe/Berlin",)},
        {"workflows": ("CI",), "types": ("completed",)},
        {"inputs": ("level",)},
    ]


def test_a_called_workflow() -> None:
    found = sound("""\
        on:
          workflow_call:
            inputs:
              level: {type: string, required: true}
              other:
            secrets:
              TOKEN: {required: true}
              MAYBE:
            outputs:
              version: {value: '${{ jobs.j.outputs.v }}'}
        cache-mode: read
        jobs: {j: {steps: [{run: x}], cache-mode: none}}
        """)
    assert found.called_inputs == (Setting("level", "required", 4), Setting("other", "", 5))
    assert found.called_secrets == (Setting("TOKEN", "required", 7), Setting("MAYBE", "", 8))
    assert found.called_outputs == (Setting("version", "${{ jobs.j.outputs.v }}", 10),)
    assert (found.cache_mode, found.jobs[0].cache_mode) == ("read", "none")


def test_calling_a_workflow() -> None:
    call = one_job("uses: ./.github/workflows/x.yml\nneeds: [a]\nwith: {level: high}\nsecrets: inherit")
    assert call.uses == "./.github/workflows/x.yml"
    assert call.inherits
    assert call.secrets == ()
    assert call.needs == ("a",)
    assert call.inputs == (Setting("level", "high", 6),)
    named = one_job("uses: o/r/.github/workflows/x.yml@v1\nsecrets:\n  A: ${{ secrets.B }}")
    assert not named.inherits
    assert named.secrets == (Setting("A", "${{ secrets.B }}", 6),)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ubuntu-latest", ("ubuntu-latest",)),
        ("[self-hosted, linux]", ("self-hosted", "linux")),
        ("{group: big, labels: [a, b]}", ("group:big", "a", "b")),
        ("{group: big}", ("group:big",)),
        ("${{ matrix.os }}", ("${{ matrix.os }}",)),
        ("${{ fromJSON(inputs.runner) }}", ("${{ fromJSON(inputs.runner) }}",)),
    ],
)
def test_forms_of_runs_on(text: str, wanted: tuple[str, ...]) -> None:
    assert one_job(f"runs-on: {text}\nsteps: [{{run: x}}]").runs_on == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("permissions: {}", Permissions(line=4)),
        ("permissions: read-all", Permissions("read-all", line=4)),
        ("permissions: write-all", Permissions("write-all", line=4)),
        ("permissions:\n  id-token: write\n  pages: none", Permissions("", (("id-token", "write"), ("pages", "none")), 4)),
        ("name: x", None),
    ],
)  # fmt: skip
def test_forms_of_permissions(text: str, wanted: Permissions | None) -> None:
    assert one_job(f"{text}\nsteps: [{{run: x}}]").permissions == wanted


@pytest.mark.parametrize("value", ["", "admin", "[contents]", "${{ inputs.p }}"])
def test_permissions_that_are_none_are_not_taken_for_an_empty_block(value: str) -> None:
    found = read(f"on: push\npermissions: {value}\njobs: {{j: {{steps: [{{run: x}}]}}}}")
    assert found.permissions is None
    assert [problem.line for problem in found.problems] == [2]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("prod", "prod"), ("{name: prod, url: x}", "prod"), ("${{ inputs.env }}", "${{ inputs.env }}"),
        ("{name: '${{ inputs.env }}', deployment: false}", "${{ inputs.env }}"),
    ],
)  # fmt: skip
def test_forms_of_environment(text: str, wanted: str) -> None:
    assert one_job(f"environment: {text}\nsteps: [{{run: x}}]").environment == wanted


def test_containers_and_services() -> None:
    job = one_job("""\
        container:
          image: registry.example/x:1
          credentials: {username: u, password: '${{ secrets.P }}'}
          env: {A: b}
          volumes: ['/var/run/docker.sock:/var/run/docker.sock']
          options: --privileged
        services:
          db: postgres:16
          cache: {image: redis, ports: [1]}
        steps: [{run: x}]
        """)
    assert job.container is not None
    assert job.container.credentials[1] == Setting("password", "${{ secrets.P }}", 6)
    assert job.container.volumes == ("/var/run/docker.sock:/var/run/docker.sock",)
    assert job.container.options == "--privileged"
    assert [(one.name, one.image, one.line) for one in job.services] == [
        ("db", "postgres:16", 11),
        ("cache", "redis", 12),
    ]
    assert one_job("container: node:22\nsteps: [{run: x}]").container is not None
    assert one_job("container: ''\nsteps: [{run: x}]").container is None


def test_matrix() -> None:
    job = one_job("""\
        strategy:
          fail-fast: false
          matrix:
            os: [ubuntu-latest, windows-latest]
            python: ['3.11', 3.12]
            extra: ${{ fromJSON(needs.a.outputs.m) }}
            include: [{os: macos-14, python: '3.13'}]
            exclude: [{os: windows-latest}]
        steps: [{run: x}]
        """)
    assert dict(job.matrix) == {
        "os": ("ubuntu-latest", "windows-latest"),
        "python": ("3.11", "3.12"),
        "extra": ("${{ fromJSON(needs.a.outputs.m) }}",),
        "include": ("{os: macos-14, python: 3.13}",),
        "exclude": ("{os: windows-latest}",),
    }
    whole = one_job("strategy:\n  matrix: ${{ fromJSON(needs.a.outputs.m) }}\nsteps: [{run: x}]")
    assert whole.matrix == (("", ("${{ fromJSON(needs.a.outputs.m) }}",)),)


@pytest.mark.parametrize(
    ("head", "step", "dialect"),
    [
        ("runs-on: ubuntu-latest", "", "sh"),
        ("runs-on: windows-2025", "", "pwsh"),
        ("runs-on: [self-hosted, Windows]", "", "pwsh"),
        ("runs-on: windows-2025", "shell: bash", "sh"),
        ("runs-on: windows-2025", "shell: cmd", "cmd"),
        ("runs-on: ubuntu-latest", "shell: pwsh", "pwsh"),
        ("runs-on: ubuntu-latest", "shell: python3 {0}", "python"),
        ("runs-on: ubuntu-latest", "shell: bash -euo pipefail {0}", "sh"),
        ("runs-on: ubuntu-latest", "shell: /usr/bin/env bash", "sh"),
        ("runs-on: ubuntu-latest", "shell: ${{ matrix.shell }}", "sh"),
        ("runs-on: windows-2025\ndefaults: {run: {shell: bash}}", "", "sh"),
        ("runs-on: windows-2025\ncontainer: x", "", "sh"),
        ("runs-on: '${{ matrix.os }}'\nstrategy: {matrix: {os: [windows-2022, windows-2025]}}", "", "pwsh"),
        ("runs-on: '${{ matrix.os }}'\nstrategy: {matrix: {include: [{os: windows-2022}]}}", "", "pwsh"),
        ("runs-on: '${{ matrix.os }}'\nstrategy: {matrix: {os: [windows-2022, ubuntu-24.04]}}", "", "sh"),
        (
            "runs-on: '${{ matrix.os }}'\nstrategy: {matrix: {os: [windows-2022, ubuntu-24.04]}}",
            "if: runner.os == 'Windows'", "pwsh",
        ),
        (
            "runs-on: '${{ matrix.os }}'\nstrategy: {matrix: {os: [windows-2022, ubuntu-24.04]}}",
            "if: ${{ !startsWith(matrix.os, 'windows') }}", "sh",
        ),
        ("runs-on: '${{ matrix.os }}'", "if: startsWith(matrix.os, 'windows')", "pwsh"),
        ("runs-on: ubuntu-latest", "if: runner.os == 'Windows'", "sh"),
        (
            "runs-on: '${{ matrix.job.os }}'\nstrategy: {matrix: {job: [{target: x, os: windows-2022}, {os: windows-11-arm}]}}",
            "", "pwsh",
        ),
        ("runs-on: '${{ matrix.job.os }}'\nstrategy: {matrix: {job: [{os: windows-2022}, {os: macos-14}]}}", "", "sh"),
        (
            ("runs-on: '${{ matrix.a == ''arm64'' && format(''{0}-{1}'', matrix.os, matrix.a) || matrix.os }}'\n"
            "strategy: {matrix: {os: [windows], a: [amd64], include: [{os: windows, a: arm64}]}}"),
            "", "pwsh",
        ),
        ("runs-on: '${{ inputs.x && ''windows-2025'' || ''ubuntu-24.04'' }}'", "", "sh"),
        ("runs-on: '${{ matrix.os }}'", "if: endsWith(matrix.target, 'pc-windows-msvc')", "pwsh"),
        ("runs-on: '${{ matrix.os }}'", "if: matrix.target != 'x86_64-pc-windows-msvc'", "sh"),
    ],
)  # fmt: skip
def test_which_shell_reads_a_script(head: str, step: str, dialect: str) -> None:
    text = f"on: push\njobs:\n  j:\n{_indented(head, 4)}    steps:\n      - run: x\n"
    found = read(text + (f"        {step}\n" if step else ""))
    script = found.jobs[0].steps[0].script
    assert script is not None
    assert script.dialect == dialect


@pytest.mark.parametrize(
    ("runs_on", "script", "dialect"),
    [
        ("${{ matrix.os }}", '$ErrorActionPreference = "Stop"', "pwsh"),
        ("${{ matrix.os }}", "Invoke-WebRequest -Uri https://files.example/x.exe -OutFile x.exe", "pwsh"),
        ("${{ matrix.os }}", "echo x >> $env:GITHUB_PATH", "pwsh"),
        ("${{ matrix.os }}", "x=$(curl https://files.example/Get-Started)", "sh"),
        ("ubuntu-latest", "echo '$env:X'", "sh"),
    ],
)
def test_a_script_that_may_be_of_windows_tells_by_its_words(runs_on: str, script: str, dialect: str) -> None:
    text = f"on: push\njobs:\n  j:\n    runs-on: {runs_on}\n    steps:\n      - run: |\n          {script}\n"
    found = read(text).jobs[0].steps[0].script
    assert found is not None
    assert found.dialect == dialect


def test_a_shell_that_nobody_reads_is_told() -> None:
    text = "on: push\njobs:\n  j:\n    steps:\n      - run: |\n          x\n        shell: perl {0}"
    (problem,) = read(text).problems
    assert problem.line == 6
    assert problem.path == PATH
    assert "perl" in problem.message


def test_the_workflows_default_shell_and_directory() -> None:
    found = sound(
        "on: push\ndefaults: {run: {shell: python, working-directory: a}}\njobs:\n"
        "  j: {defaults: {run: {working-directory: b}}, steps: [{run: x, working-directory: c}]}"
    )
    (job,) = found.jobs
    assert (found.shell, found.directory, job.shell, job.directory) == ("python", "a", "", "b")
    assert job.steps[0].directory == "c"
    assert job.steps[0].script is not None
    assert job.steps[0].script.dialect == "python"


def test_steps_beside_others() -> None:
    steps = steps_of("""\
        - run: server
          background: true
          id: server
        - parallel:
            - run: a
            - uses: o/r@v1
              with: {t: '${{ secrets.T }}'}
        - wait-all:
        - run: b
          continue-on-error: ${{ matrix.try }}
        """)
    assert [step.index for step in steps] == [0, 1, 2, 3, 4]
    assert [step.background for step in steps] == [True, True, True, False, False]
    assert steps[2].inputs == (Setting("t", "${{ secrets.T }}", 12),)
    assert (steps[3].run, steps[3].uses) == ("", "")
    assert [step.continues for step in steps] == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("always()", "always()"), ("${{ always() }}", "always()"), ("true", "true"), ("'${{ a }} && ${{ b }}'", "${{ a }} && ${{ b }}"),
        ("|\n      a ||\n      b", "a || b"),
    ],
)  # fmt: skip
def test_conditions(written: str, kept: str) -> None:
    found = sound(f"on: push\njobs:\n  j:\n    if: {written}\n    steps: [{{run: x}}]")
    assert found.jobs[0].condition == kept


def test_one_expression_for_a_whole_block() -> None:
    (step,) = steps_of("- run: x\n  env: ${{ fromJSON(secrets.ALL) }}")
    assert step.env == (Setting("", "${{ fromJSON(secrets.ALL) }}", 7),)


def test_what_should_be_text_is_written_out_so_that_nothing_hides_in_it() -> None:
    found = read(
        "on: push\njobs:\n  j:\n    steps:\n      - uses: o/r@v1\n        with:\n          a: [x, {b: '${{ secrets.S }}'}]"
    )
    assert found.jobs[0].steps[0].inputs == (Setting("a", "[x, {b: ${{ secrets.S }}}]", 7),)
    assert [(problem.line, problem.message) for problem in found.problems] == [(7, "`with.a` is not a text")]


def test_anchors_are_followed_and_merge_keys_refused() -> None:
    found = read("""\
        on: push
        jobs:
          a:
            env: &env {A: b}
            steps: &steps [{run: x}]
          b:
            env: *env
            steps: *steps
          c:
            env:
              <<: *env
            steps: *steps
          d:
            <<: {steps: [{run: y}]}
        """)
    assert [job.env for job in found.jobs[:2]] == [(Setting("A", "b", 4),)] * 2
    assert [len(job.steps) for job in found.jobs] == [1, 1, 1, 0]
    assert any("merge keys" in problem.message and problem.line == 14 for problem in found.problems)
    assert any(problem.line == 11 for problem in found.problems)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("on: push\njobs: {j: {steps: [{run: x}]}}\nsecret-place: {A: 1}", 3, "unknown key `secret-place`"),
        ("on: push\njobs:\n  j:\n    vault: x\n    steps: [{run: x}]", 4, "unknown key `vault` in a job"),
        (
            "on: push\njobs:\n  j:\n    steps:\n      - {run: x, secrets: y}",
            5,
            "unknown key `secrets` in a step",
        ),
        ("true: push\njobs: {j: {steps: [{run: x}]}}", 1, "unknown key `true`"),
        ("jobs: {j: {steps: [{run: x}]}}", 1, "without a trigger"),
        ("on: push", 1, "without `jobs`"),
        ("on: push\njobs: [a]", 2, "`jobs` is not a mapping"),
        ("on: push\njobs:\n  j: x", 3, "`jobs.j` is not a mapping"),
        ("on: push\njobs:\n  j: {}", 3, "exactly one of `steps` and `uses`"),
        ("on: push\njobs:\n  j:\n    steps: x", 4, "`steps` is not a list"),
        ("on: push\njobs:\n  j:\n    steps:\n      - x", 5, "an item of `steps`"),
        ("on: push\njobs:\n  j:\n    steps:\n      - {name: x}", 5, "exactly one of `uses` and `run`"),
        (
            "on: push\njobs:\n  j:\n    steps:\n      - {uses: a@b, run: x}",
            5,
            "exactly one of `uses` and `run`",
        ),
        ("on: push\njobs:\n  j:\n    env: x\n    steps: [{run: x}]", 4, "`env` is not a mapping"),
        ("on: push\ncache-mode: all\njobs: {j: {steps: [{run: x}]}}", 2, "`cache-mode`"),
        (
            "on: push\npermissions: {contents: admin}\njobs: {j: {steps: [{run: x}]}}",
            2,
            "permissions.contents",
        ),
        ("on: push\njobs: {j: {steps: [{run: x}]}}\n---\njobs: {}", 1, "more than one YAML document"),
        ("on: push\non: pull_request\njobs: {}", 2, "stands twice"),
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("- a", 1, "not a mapping"),
        ("on: push\njobs: {", 3, "not YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, words: str) -> None:
    assert any(at == line and words in message for at, message in told(text)), told(text)


def test_the_rest_is_still_read() -> None:
    found = read("on: push\njobs:\n  a: x\n  b:\n    env: [1]\n    steps:\n      - x\n      - run: make")
    assert [job.id for job in found.jobs] == ["b"]
    assert [step.run for step in found.jobs[0].steps] == ["make"]
    assert len(found.problems) == 3


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\x00\xfe", ProblemKind.ENCODING),
        (b"on: push\0", ProblemKind.ENCODING),
        (b"\x89PNG\r\n\x1a\n", ProblemKind.ENCODING),
        (b"a: \x01", ProblemKind.MALFORMED),
        (b"on: push\njobs: " + b"[" * 5_000, ProblemKind.TOO_DEEP),
        (b"#" * (DEFAULT_LIMITS.pipeline_bytes + 1), ProblemKind.TOO_LARGE),
    ],
)
def test_bytes_that_are_no_workflow_are_one_problem(data: bytes, kind: ProblemKind) -> None:
    found = read(data)
    assert [problem.kind for problem in found.problems] == [kind]
    assert found.jobs == ()


def test_utf_16_with_a_mark_is_read() -> None:
    data = "on: push\njobs: {j: {steps: [{run: x}]}}".encode("utf-16")
    assert read(data).jobs[0].id == "j"


def _bomb() -> str:
    levels = "".join(
        f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return "a: &a [x,x,x,x,x,x,x,x,x]\n" + levels


@pytest.mark.parametrize(
    "text",
    [
        _bomb(),
        "on: push\njobs:\n a:\n  steps: &s\n" + "  - run: pip install x\n" * 100 + "".join(f" j{i}: {{steps: *s}}\n" for i in range(30_000)),
        "on: push\njobs:\n a:\n  steps:\n  - run: &s '" + "x//a:b@" * 100_000 + "'\n" + "  - run: *s\n" * 50_000,
        "on: push\njobs:\n a:\n  steps: [{run: x}]\n  env:\n   A: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"   {new.upper()}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcde", "bcdef", strict=True)),
        "on: push\njobs:\n a:\n  steps:\n  - if: '" + "${{ " * 300_000 + "'\n    run: x",
        "on: push\njobs:\n a:\n  steps:\n  - run: x\n    name: '" + "//a:" * 400_000 + "'",
    ],
    ids=["bomb", "aliased steps", "aliased text", "written out", "expressions", "userinfo"],
)  # fmt: skip
def test_hostile_files_cost_little(text: str) -> None:
    began = time.process_time()
    found = read(text)
    assert time.process_time() - began < 20
    assert found.problems or found.jobs


def test_so_many_problems_are_counted_not_listed() -> None:
    found = read("on: push\njobs: {j: {steps: [{run: x}]}}\n" + "".join(f"k{i}: 1\n" for i in range(500)))
    assert len(found.problems) < 100
    assert any("more is wrong" in problem.message for problem in found.problems)
    same = read("on: push\njobs:\n" + "".join(f"  j{i}: {{steps: [{{}}]}}\n" for i in range(50)))
    assert [problem.message for problem in same.problems] == [
        "a step needs exactly one of `uses` and `run` (50 times)"
    ]


def test_credentials_in_urls_are_left_out() -> None:
    found = sound("""\
        on: push
        env:
          INDEX: https://user:hunter2hunter2@registry.example/simple
          KEEP: https://x:${{ secrets.T }}@registry.example/
          SSH: ssh://git@registry.example/a
        jobs:
          j:
            container: {image: 'registry.example/x', options: '--env U=https://t0kent0kent0kent0ken@files.example/'}
            steps:
              - run: git clone https://me:hunter2hunter2@files.example/a.git && pip install x
              - uses: o/r@v1
                with: {url: 'https://a:hunter2hunter2@files.example/b@c'}
        """)
    assert "hunter2" not in repr(found)
    assert "t0ken" not in repr(found)
    assert found.env[1].value == "https://x:${{ secrets.T }}@registry.example/"
    assert found.env[2].value == "ssh://git@registry.example/a"
    assert found.jobs[0].steps[1].inputs[0].value == "https://files.example/b@c"
    assert found.jobs[0].steps[0].run.startswith("git clone https://files.example/a.git")


def test_messages_repeat_no_value() -> None:
    found = read(
        "on: push\npermissions: s3cr3t\ncache-mode: s3cr3t\njobs:\n  j: s3cr3t\n  k: {steps: s3cr3t, env: s3cr3t}"
    )
    assert len(found.problems) == 5
    assert all("s3cr3t" not in problem.message for problem in found.problems)


def test_a_small_bound_is_kept() -> None:
    small = replace(DEFAULT_LIMITS, pipeline_bytes=50)
    (problem,) = github_workflow.read(b"on: push\n" * 20, PATH, small).problems
    assert problem.kind is ProblemKind.TOO_LARGE


_LINES = [
    "on: push", "on:", "jobs:", "  j:", "    steps:", "      - run: |", "          make", "      - uses: a/b@v1",
    "        with:", "          x: ${{ secrets.A }}", "    env: &e", "      A: b", "    env: *e", "    permissions:",
    "      contents: write", "    strategy: {matrix: {os: [a]}}", "    runs-on: ${{ matrix.os }}", "    container:",
    "    services: [", "  ]", "\t", "    secrets: inherit", "permissions: {}", "---", "? a", ": b", "- - -", "'", '"', "!!str x",
    "<<: *e", "    parallel:", "      - parallel: [{run: x}]", "%YAML 1.2", "# é", "    environment: {name: [x]}",
]  # fmt: skip


@given(st.lists(st.sampled_from(_LINES), max_size=25).map("\n".join))
@settings(max_examples=300, deadline=None)
def test_any_lines_are_read(text: str) -> None:
    found = read(text.encode())
    assert isinstance(found, Workflow)
    assert found.problems or found.jobs
    for job in found.jobs:
        assert [step.index for step in job.steps] == list(range(len(job.steps)))


@given(
    st.integers(0, len(GOLDEN) - 1),
    st.integers(0, 40),
    st.sampled_from(["", "[", "- ", ": ", "\n", "{a: &x *x}", "\t", "'", "é", "\x00"]),
)
@settings(max_examples=300, deadline=None)
def test_any_damage_to_a_sound_file_is_read(at: int, cut: int, put: str) -> None:
    found = read((GOLDEN[:at] + put + GOLDEN[at + cut :]).encode())
    assert isinstance(found, Workflow)
    count = GOLDEN.count("\n") + 3
    assert all(0 <= problem.line <= count for problem in found.problems)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read(data: bytes) -> None:
    found = github_workflow.read(data, PATH, DEFAULT_LIMITS)
    assert found.problems or found.jobs
