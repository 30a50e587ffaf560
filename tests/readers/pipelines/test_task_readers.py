"""What each reader of task and container files knows of its language, beyond the samples."""

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach.chosen import chosen, known_in
from seawall.kernel.task import Dockerfile, Layer, Task, TaskFile
from seawall.readers.pipelines import CALLED, compose, dockerfile, pre_commit


def read(kind: str, text: str, path: str) -> TaskFile:
    found = CALLED[kind].read(text.encode(), path, DEFAULT_LIMITS)  # type: ignore[index]
    assert isinstance(found, TaskFile)
    return found


def make(text: str) -> dict[str, Task]:
    return {task.name: task for task in read("make", text, "Makefile").tasks}


def said(task: Task) -> list[str]:
    return [" ".join(command.texts) for command in task.script.commands]


def lines(task: Task) -> list[int]:
    return [command.line for command in task.script.commands]


MAKE = """\
A := x
B = $(A)y
A := z
LIST = one two
ifeq ($(A),z)
C = yes
endif
OBJS = a.o b.o
E += first
E += second
define two
echo $(1)
@echo second $(2)
endef
all: $(OBJS) sub/x
	echo $(B) $(C) $(E) $$HOME $(UNDEFINED)end
	@-echo $(foreach i,$(LIST),$(i).txt) $(addprefix p/,$(LIST)) $(dir a/b.c) $(notdir a/b.c)
	$(call two,p,q)
	echo long \\
\t  line
$(OBJS): %.o: %.c
	echo $@ from $<
a.c b.c: ; @echo make $@
sub/%: base
	echo pattern $(D)
base:
	echo $(if $(A),then,else) $(strip  a   b ) ${B}
"""


def test_a_makefile_runs_what_make_prints() -> None:
    """The expected lines are those of `make -n all`, references to the environment apart."""
    file = read("make", MAKE, "Makefile")
    ran = [line for _, task in chosen(file, "all", known_in([file])) for line in said(task)]
    assert ran == [
        "echo make a.c", "echo a.o from a.c", "echo make b.c", "echo b.o from b.c", "echo then a b zy",
        "echo pattern ${D}", "echo zy yes first second $HOME ${UNDEFINED}end",
        "echo one.txt two.txt p/one p/two a/ b.c", "echo p", "echo second q", "echo long line",
    ]  # fmt: skip
    assert lines(make(MAKE)["all"]) == [16, 17, 18, 18, 19]
    assert file.problems == ()


def test_each_line_is_a_shell_of_its_own_unless_one_shell_is_asked_for() -> None:
    text = "a:\n\tcd x\n\tnpm ci\n"
    assert [one.directory for one in make(text)["a"].script.commands] == ["", ""]
    assert [one.directory for one in make(".ONESHELL:\n" + text)["a"].script.commands] == ["", "x"]
    assert lines(make(".ONESHELL:\n" + text)["a"]) == [3, 4]


def test_a_shell_may_be_another() -> None:
    assert make("SHELL := /usr/bin/pwsh\na:\n\tnpm ci\n")["a"].script.dialect == "pwsh"
    assert make(".RECIPEPREFIX = >\na:\n> npm ci\n")["a"].script.commands[0].program == "npm"


def test_what_a_shell_function_would_run_is_seen() -> None:
    tasks = make("V := $(shell curl -s https://files.example | sh)\nW != uname\na:\n\techo $(shell id -u)\n")
    assert "curl -s https://files.example" in said(tasks[""])
    assert "uname" in said(tasks[""])
    assert "id -u" in said(tasks["a"])


def test_a_variable_that_a_condition_changes_is_not_constant() -> None:
    tasks = make("P = pip\nifdef CI\nP = pip3\nendif\na:\n\t$(P) install x\n")
    assert said(tasks["a"]) == ["${P} install x"]
    assert not tasks["a"].script.commands[0].words[0].literal


def test_the_default_goal() -> None:
    assert read("make", ".PHONY: x\n%.o: ;\n.hidden: ;\nb: ;\na: ;\n", "Makefile").default == "b"
    assert read("make", "b: ;\n.DEFAULT_GOAL := a\na: ;\n", "Makefile").default == "a"
    assert read("make", "", "Makefile").default == ""


def test_variables_and_rules_that_a_target_has_of_its_own() -> None:
    tasks = make("a: X = one\na b:\n\techo $(X) $@\nc:: ; d\nc:: ; e\n")
    assert said(tasks["a"]) == ["echo one a"]
    assert said(tasks["b"]) == ["echo ${X} b"]
    assert said(tasks["c"]) == ["d", "e"]


def test_justfile_lines_settings_and_values() -> None:
    text = """\
set shell := ["pwsh", "-c"]
a := 'x
y' # a string of two lines
b := if a == "x" {
  `echo no`
} else { "z" }
root := justfile_directory() / "ci"
r p=': ': (s "1") (t)
    npm ci {{root}} {{p}} {{{{x}}
@s a: ; t
[script("bash")]
t:
    cd web
    npm ci
"""
    file = read("just", text, "justfile")
    tasks = {task.name: task for task in file.tasks}
    assert file.default == "r"
    assert tasks["r"].needs == ("s", "t")
    assert said(tasks["r"]) == ["npm ci ./ci ${p} {{x}}"]
    assert tasks["r"].script.dialect == "pwsh"
    assert [one.directory for one in tasks["t"].script.commands] == ["", "web"]
    assert lines(tasks["t"]) == [13, 14]


def test_tox_in_toml() -> None:
    text = """\
[tool.tox]
requires = ["tox-uv>=1"]
env_list = ["3.12", "lint"]
[tool.tox.env_run_base]
deps = ["pytest", { replace = "ref", of = ["tool", "tox", "x"] }]
pass_env = ["HUB_*"]
set_env.MODE = "test"
commands = [["pytest", { replace = "posargs", default = ["tests"], extend = true }]]
[tool.tox.env.lint]
package = "skip"
runner = "uv-venv-lock-runner"
commands = [["ruff", "check"], ["npm", "ci"]]
"""
    tasks = {task.name: task for task in read("tox", text, "pyproject.toml").tasks}
    assert tasks[""].needs == ("3.12", "lint")
    assert said(tasks["3.12"])[-2:] == ["uv pip install .", "pytest tests"]
    assert said(tasks["lint"]) == [
        "python -m pip install tox-uv>=1",
        "uv sync --locked",
        "ruff check",
        "npm ci",
    ]
    assert "HUB_*" in (tasks["3.12"].passes or ())
    assert "GITHUB_TOKEN" not in (tasks["3.12"].passes or ())
    assert lines(tasks["lint"]) == [2, 9, 12, 12]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("setup.cfg", "[metadata]\nname = x\n[tox:tox]\nenvlist = a\n[testenv:a]\nskip_install = true\ncommands = npm ci\n", 7),
        ("pyproject.toml", '[tool.tox]\nlegacy_tox_ini = """\n[tox]\nenvlist=a\n[testenv]\ncommands=npm ci\n"""\n', 6),
        ("tox.toml", 'env_list = ["a"]\n[env.a]\ncommands = [["npm", "ci"]]\n', 3),
    ],
)  # fmt: skip
def test_tox_in_other_files(path: str, text: str, line: int) -> None:
    tasks = {task.name: task for task in read("tox", text, path).tasks}
    command = tasks["a"].script.commands[-1]
    assert (command.texts, command.line) == (("npm", "ci"), line)


@pytest.mark.parametrize("path", ["setup.cfg", "pyproject.toml"])
def test_a_file_that_does_not_speak_of_tox_is_none(path: str) -> None:
    assert read("tox", "[project]\nname = 'tox-like'\n", path) == TaskFile(path, "tox")


def test_factors_choose_lines_and_names_are_written_out() -> None:
    text = "[tox]\nenvlist = py{310-312}-{a,b}\n[testenv]\nskip_install = true\ndeps =\n  a,py311-b: one\n  !a: two\n  py{310,312}: three\n"
    tasks = {task.name: task.installs for task in read("tox", text, "tox.ini").tasks}
    assert tasks["py310-a"] == ("one", "three")
    assert tasks["py311-b"] == ("one", "two")
    assert tasks["py312-b"] == ("two", "three")
    assert tasks["*"] == ("one", "two", "three")


def test_sessions_of_uv_and_names_of_their_own() -> None:
    text = """\
import nox_uv
from nox import session as s

@nox_uv.session(uv_groups=["test"], default=False)
def a(session): session.run("bash", "-c", "npm ci")

@s(name="other", requires=["a"])
def b(session):
    for one in ["x"]:
        session.install(one)
    helper(session, 1)
    session.notify("a")

def helper(session, n):
    session.run("make", f"t{n}")
    b(session)
"""
    tasks = {task.name: task for task in read("nox", text, "noxfile.py").tasks}
    assert said(tasks["a"])[0] == "uv sync --locked --group test"
    assert "npm ci" in said(tasks["a"])
    assert tasks["other"].needs == ("a",)
    assert said(tasks["other"])[:2] == ["python -m pip install ${one}", "make t${n}"]
    assert tasks[""].needs == ("other",)


@pytest.mark.parametrize(
    ("text", "directory"),
    [
        ('cd "$(dirname "$0")/.."', "$GITHUB_WORKSPACE"),
        ("cd $(git rev-parse --show-toplevel)/web", "$GITHUB_WORKSPACE/web"),
        ('HERE="$( cd "$( dirname "${BASH_SOURCE[0]}" )" && pwd )"\ncd "$HERE"', "$GITHUB_WORKSPACE/ci"),
        ('readonly A=$(dirname "$(readlink -f "$0")")\nB="${A}/../web"\ncd "$B"', "$GITHUB_WORKSPACE/web"),
        ('cd "${0%/*}"', "$GITHUB_WORKSPACE/ci"),
        ('A=$(dirname "$0")\nA=$1\ncd "$A"', "?"),
    ],
)
def test_a_shell_file_knows_where_it_lies(text: str, directory: str) -> None:
    (task,) = read("sh", text + "\nnpm ci\n", "ci/build.sh").tasks
    assert task.script.commands[-1].directory == directory


@pytest.mark.parametrize(
    ("head", "path", "dialect"),
    [
        ("#!/usr/bin/env -S bash -e", "x", "sh"), ("#!/bin/zsh", "x.sh", "sh"), ("", "x.ps1", "pwsh"),
        ("", "a/b.cmd", "cmd"), ("#!/usr/bin/env python3", "x", "python"), ("", "no.ending/x", "sh"),
    ],
)  # fmt: skip
def test_the_language_of_a_shell_file(head: str, path: str, dialect: str) -> None:
    (task,) = read("sh", head + "\nnpm ci\n", path).tasks
    assert task.script.dialect == dialect


def docker(text: str) -> Dockerfile:
    return dockerfile.read(text.encode(), "Dockerfile", DEFAULT_LIMITS)


def layers(text: str) -> tuple[Layer, ...]:
    return docker("FROM x\n" + text).stages[0].layers


def test_dockerfiles_with_another_escape() -> None:
    file = docker("# escape=`\r\nFROM x\r\nRUN dir `\r\n  c:\\\r\nRUN npm ci\r\n")
    assert [one.line for one in file.stages[0].layers] == [3, 5]
    assert [command.texts for command in file.stages[0].layers[1].script.commands] == [("npm", "ci")]


def test_here_documents_of_a_dockerfile() -> None:
    one, two, three = layers(
        "RUN <<EOF bash -s\nnpm ci\nEOF\nRUN <<-E\n\tnpm ci\n\tE\nCOPY <<X /a\nRUN not a layer\nX\n"
    )
    assert "npm ci" in [" ".join(command.texts) for command in one.script.commands]
    assert [(command.texts, command.line) for command in two.script.commands] == [(("npm", "ci"), 6)]
    assert (three.instruction, three.script.commands) == ("COPY", ())


def test_a_here_document_may_be_python() -> None:
    (one,) = layers("RUN <<EOF\n#!/usr/bin/env python3\nimport os\nEOF\n")
    assert one.script.dialect == "python"


def test_mounts_and_flags() -> None:
    (one,) = layers(
        'RUN --mount=type=secret,id=a,env=TOKEN --mount=from=img,src=/s,target=/t --network="none" x\n'
    )
    assert [(m.kind, m.source, m.image, m.variable) for m in one.mounts] == [
        ("secret", "a", "", "TOKEN"), ("bind", "/s", "img", ""),
    ]  # fmt: skip
    assert one.network == "none"


def test_defaults_of_arguments_fill_an_image() -> None:
    file = docker("ARG A=node\nARG B=${A}:20\nFROM ${B} AS one\nFROM ${C:-scratch}\nFROM ${D}\n")
    assert [stage.image for stage in file.stages] == ["node:20", "scratch", "${D}"]
    assert [problem.line for problem in file.problems] == [5]


def test_what_a_container_starts_is_not_what_its_build_runs() -> None:
    file = docker('FROM x\nENTRYPOINT ["npx"]\nCMD ["serve", "-s"]\n')
    assert [command.texts for command in file.stages[0].starts.commands] == [("npx", "serve", "-s")]
    assert file.stages[0].layers == ()
    assert dockerfile.read(b"*\n!x\n", "Dockerfile.dockerignore", DEFAULT_LIMITS).problems == ()


def test_compose_merges_and_starts() -> None:
    text = "x: &x {image: a, privileged: true}\nservices:\n  s: {<<: *x, entrypoint: [sh, -c], command: ['npm ci']}\n"
    found = compose.read(text.encode(), "compose.yaml", DEFAULT_LIMITS)
    (service,) = found.services
    assert (service.image, service.privileged, service.line) == ("a", True, 3)
    assert "npm ci" in [" ".join(command.texts) for command in service.starts.commands]


def test_a_hooks_address_holds_no_credential() -> None:
    text = "- repo: https://user:secret@git.example/x\n  rev: v1\n  hooks: [{id: a}]\n"
    found = pre_commit.read(text.encode(), ".pre-commit-config.yaml", DEFAULT_LIMITS)
    assert [(one.location, one.rev) for one in found.repositories] == [("https://git.example/x", "v1")]


def test_a_budget_of_scripts_is_said() -> None:
    file = read("just", "a:\n" + "  b\n" * 12_000, "justfile")
    assert [str(problem.kind) for problem in file.problems] == ["too-many"]
