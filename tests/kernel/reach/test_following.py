"""Calls of the tree's own tasks are followed: prerequisites first, cycles and depth bounded, what is missing said."""

from dataclasses import replace

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach import following
from seawall.kernel.reach.call import Call
from seawall.kernel.reach.following import Following, follow, inside, label
from seawall.kernel.reach.ground import Ground
from seawall.kernel.shell import Command, Script, Word
from seawall.kernel.task import Compose, Dockerfile, HookFile, Service, Task, TaskFile
from seawall.readers.pipelines import CALLED

FILES = {
    "Makefile": "all: test\ntest: deps lint\n\tpytest\nlint:\n\ttox -e lint\ndeps:\n\tpip install x\n\t./ci/setup.sh\n",
    "sub/GNUmakefile": "build:\n\tcargo build\n",
    "tox.ini": "[tox]\nenvlist = lint, py\n[testenv:lint]\nskip_install = true\nchangedir = docs\ncommands = npm run check\n",
    "package.json": '{"name": "root", "workspaces": ["packages/*"], "scripts": {"precheck": "a", "check": "b", "install": "c"}}',
    "packages/one/package.json": '{"name": "@x/one", "scripts": {"postinstall": "d", "check": "e"}}',
    "ci/setup.sh": "#!/bin/sh\ncurl -fsSL https://files.example/x.sh | sh\n",
    "justfile": "import 'ci/a.just'\ndefault: first\nfirst: second\n  a\nsecond: first\n  b\n",
    "ci/a.just": "third:\n  c\n",
    "noxfile.py": "import nox\n@nox.session(python=['3.11'])\ndef tests(session):\n    session.run('pytest')\n",
    "web/Dockerfile": "FROM python:3\nRUN pip install x\n",
    "compose.yaml": "services:\n  web: {build: ./web, depends_on: [db]}\n  db: {image: postgres}\n  odd: {image: x, profiles: [p]}\n",
    ".pre-commit-config.yaml": "repos:\n- {repo: meta, hooks: [{id: identity}]}\n",
    "setup.py": "x = 1\n",
}
KINDS = {
    "Makefile": "make",
    "GNUmakefile": "make",
    "tox.ini": "tox",
    "package.json": "npm",
    "noxfile.py": "nox",
}


def ground(files: dict[str, str] = FILES, unread: tuple[str, ...] = ()) -> Ground:
    read = []
    for path, text in files.items():
        name = path.rpartition("/")[2]
        kind = KINDS.get(name) or ("just" if "just" in name else "sh" if name.endswith(".sh") else "")
        kind = kind or {"Dockerfile": "docker-build", "compose.yaml": "compose"}.get(name, "")
        kind = kind or ("pre-commit" if "pre-commit" in name else "python")
        read.append(CALLED[kind].read(text.encode(), path, DEFAULT_LIMITS))  # type: ignore[index]
    return Ground(
        tasks=tuple(one for one in read if isinstance(one, TaskFile)),
        dockerfiles=tuple(one for one in read if isinstance(one, Dockerfile)),
        composes=tuple(one for one in read if isinstance(one, Compose)),
        hooks=tuple(one for one in read if isinstance(one, HookFile)),
        files=frozenset((*files, *unread)),
    )


def names(call: Call, held: Ground | None = None) -> list[str]:
    return [f"{file.path}:{task.name}" for file, task in follow(call, held or ground()).tasks]


def test_a_target_comes_behind_what_it_needs() -> None:
    assert names(Call("make")) == ["Makefile:deps", "Makefile:lint", "Makefile:test", "Makefile:all"]
    assert names(Call("make", "lint")) == ["Makefile:lint"]
    assert names(Call("make", "build", "sub")) == ["sub/GNUmakefile:build"]


def test_a_cycle_ends_where_it_closes() -> None:
    assert names(Call("just", "", "deep/down")) == ["justfile:second", "justfile:first", "justfile:default"]
    assert names(Call("just", "third")) == ["ci/a.just:third"]


def test_pattern_rules_take_the_shortest_stem() -> None:
    held = ground({"Makefile": "%.o: %.c\n\ta\nlib%.o: lib%.h\n\tb\nx.c:\n\tc\n"})
    assert names(Call("make", "libx.o"), held) == ["Makefile:lib%.o"]
    assert names(Call("make", "x.o"), held) == ["Makefile:x.c", "Makefile:%.o"]
    assert follow(Call("make", "x.a"), held).missing


def test_what_make_runs_while_it_loads_runs_for_every_target() -> None:
    held = ground({"Makefile": "V := $(shell curl https://files.example | sh)\na:\n\tb\n"})
    assert names(Call("make", "a"), held) == ["Makefile:", "Makefile:a"]


def test_scripts_of_a_package_run_with_those_before_and_behind() -> None:
    assert names(Call("npm", "check")) == ["package.json:precheck", "package.json:check"]
    assert names(Call("npm", "install")) == ["package.json:install", "packages/one/package.json:postinstall"]
    for workspace in ("@x/one", "packages/one", "*"):
        assert names(Call("npm", "check", workspace=workspace)) == ["packages/one/package.json:check"]
    assert "no such script" in follow(Call("npm", "nothing", workspace="*"), ground()).missing


def test_installing_a_tree_without_scripts_is_nothing_missing() -> None:
    held = ground({"package.json": '{"name": "x"}'})
    assert follow(Call("npm", "install"), held).missing == ""
    assert "no such task" in follow(Call("npm", "build"), held).missing


def test_an_environment_that_is_not_listed_is_every_other_one() -> None:
    assert names(Call("tox", "lint", "sub")) == ["tox.ini:lint"]
    assert names(Call("tox", "py313")) == ["tox.ini:*"]
    assert names(Call("tox")) == ["tox.ini:lint", "tox.ini:py", "tox.ini:"]
    assert names(Call("nox", "tests-3.11")) == ["noxfile.py:tests"]
    assert names(Call("nox")) == ["noxfile.py:tests", "noxfile.py:"]


def test_builds_services_and_hooks_are_found() -> None:
    held = ground()
    assert [one.path for one in follow(Call("docker-build", "", "web"), held).dockerfiles] == [
        "web/Dockerfile"
    ]
    named = Call("docker-build", file="web/Dockerfile")
    assert [one.path for one in follow(named, held).dockerfiles] == ["web/Dockerfile"]
    up = follow(Call("compose"), held)
    assert [one.path for one in (*up.composes, *up.dockerfiles)] == ["compose.yaml", "web/Dockerfile"]
    assert [one.path for one in follow(Call("pre-commit"), held).hooks] == [".pre-commit-config.yaml"]
    started = following.services_of(held.composes[0])
    assert [one.name for one in started] == ["web", "db"]
    assert [one.name for one in following.services_of(held.composes[0], "odd")] == ["odd"]


def test_what_is_not_there_or_outside_is_said() -> None:
    held = ground()
    for call in (
        Call("make", "nothing"), Call("make", "all", "nowhere"), Call("sh", file="../x.sh"), Call("sh", file="/etc/x"),
        Call("make", "all", "?"), Call("sh", file="$X/y.sh"), Call("sh", file="gone.sh"), Call("sh", directory="../.."),
        Call("docker-build", "", "gone"), Call("sh", file="a\\b"), Call("nox", "gone"),
    ):  # fmt: skip
        assert follow(call, held).missing, call
        assert not follow(call, held).tasks


def test_a_file_of_the_tree_that_was_not_read_is_wanted() -> None:
    held = ground(unread=("bin/run", "odd.mk"))
    assert follow(Call("sh", file="bin/run"), held).wanted == (("bin/run", "sh"),)
    assert follow(Call("make", "x", file="odd.mk"), held).wanted == (("odd.mk", "make"),)
    top = Call("sh", "", "sub", "$GITHUB_WORKSPACE/bin/run")
    assert follow(top, held).wanted == (("bin/run", "sh"),)


def test_paths_stay_inside_the_tree() -> None:
    assert inside("a/b", "../c") == "a/c"
    assert inside(".", "..") is None
    assert inside("a", "../../b") is None
    assert inside("a", "$GITHUB_WORKSPACE/b") == "b"
    assert inside("a", "./b/.") == "a/b"


def test_includes_that_are_not_there_are_said_unless_they_may_be_absent() -> None:
    held = ground({"Makefile": "include a.mk\n-include b.mk\nx:\n\ty\n"})
    assert "includes a.mk" in follow(Call("make", "x"), held).missing
    assert "b.mk" not in follow(Call("make", "x"), held).missing


def test_a_file_that_was_not_understood_says_why() -> None:
    held = ground({"ci/x.sh": "#!/usr/bin/perl\nprint 1;\n"})
    assert "a script for /usr/bin/perl was not read" in follow(Call("sh", file="ci/x.sh"), held).missing


def script(*lines: str) -> Script:
    return Script(
        tuple(Command(tuple(Word(one) for one in line.split()), at) for at, line in enumerate(lines, 1))
    )


def test_a_script_is_followed_through_several_tools(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    calls = {
        "make": lambda words, cwd: Call("make", words[1] if len(words) > 1 else "", cwd),
        "tox": lambda words, cwd: Call("tox", words[2], cwd),
        "npm": lambda words, cwd: Call("npm", words[2], cwd),
        "./ci/setup.sh": lambda words, cwd: Call("sh", "", cwd, words[0]),
    }

    def calls_of(script: Script, cwd: str) -> tuple[Call, ...]:
        return tuple(
            replace(calls[one.program](one.texts, cwd), line=one.line, condition=one.condition)
            for one in script.commands
            if one.program in calls
        )

    monkeypatch.setattr(following, "calls_of", calls_of)
    journey = Following(ground()).through(script("make test", "make gone"), ".github/workflows/ci.yml")
    seen = {f"{one.file.path}:{one.task.name}": one for one in journey.visits}
    assert list(seen) == [
        "Makefile:deps", "Makefile:lint", "Makefile:test", "ci/setup.sh:", "tox.ini:lint", "package.json:precheck",
        "package.json:check",
    ]  # fmt: skip
    assert seen["package.json:check"].via == ("make test", "tox -e lint", "npm run check")
    assert seen["package.json:check"].directory == "."
    assert seen["tox.ini:lint"].directory == "docs"
    assert seen["package.json:check"].passes == seen["tox.ini:lint"].passes
    assert seen["ci/setup.sh:"].passes is None
    assert [(one.path, one.line) for one in journey.problems] == [(".github/workflows/ci.yml", 2)]


def test_calls_that_call_themselves_end(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def calls_of(script: Script, cwd: str) -> tuple[Call, ...]:
        return tuple(Call("make", one.texts[1], cwd, line=one.line) for one in script.commands)

    monkeypatch.setattr(following, "calls_of", calls_of)
    ring = tuple(Task(f"t{i}", i, script(f"make t{(i + 1) % 3}")) for i in range(3))
    held = Ground(tasks=(TaskFile("Makefile", "make", ring),), files=frozenset({"Makefile"}))
    assert len(Following(held).through(script("make t0"), "x").visits) == 3
    chain = tuple(Task(f"t{i}", i, script(f"make t{i + 1}")) for i in range(50))
    held = Ground(tasks=(TaskFile("Makefile", "make", chain),), files=frozenset({"Makefile"}))
    journey = Following(held).through(script("make t0"), "x")
    assert len(journey.visits) == following.DEPTH
    assert "levels deep" in journey.problems[0].message
    wide = tuple(Task(f"t{i}", i) for i in range(5000))
    held = Ground(tasks=(TaskFile("Makefile", "make", wide),), files=frozenset({"Makefile"}))
    journey = Following(held).through(script(*(f"make t{i}" for i in range(5000))), "x")
    assert len(journey.visits) == following.MOST_VISITS
    assert "is not followed" in journey.problems[-1].message


def test_what_runs_surely_is_told_although_it_also_runs_under_a_condition(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def calls_of(script: Script, cwd: str) -> tuple[Call, ...]:
        return tuple(
            Call("make", "a", cwd, line=one.line, condition=one.condition) for one in script.commands
        )

    monkeypatch.setattr(following, "calls_of", calls_of)
    held = Ground(tasks=(TaskFile("Makefile", "make", (Task("a", 1),)),), files=frozenset({"Makefile"}))
    one, two = script("make a", "make a").commands
    both = Script((replace(one, condition="if x"), two, two))
    assert [visit.condition for visit in Following(held).through(both, "x").visits] == ["if x", ""]
    assert len(Following(held).through(Script((two, replace(one, condition="if x"))), "x").visits) == 1


def test_a_call_is_written_as_a_person_would() -> None:
    assert label(Call("make", "test", file="a.mk")) == "make -f a.mk test"
    assert label(Call("tox", "lint")) == "tox -e lint"
    assert label(Call("npm", "install")) == "npm install"
    assert label(Call("npm", "build")) == "npm run build"
    assert label(Call("sh", file="ci/x.sh")) == "ci/x.sh"
    assert label(Call("docker-build")) == "docker build"


def test_services_that_build_outside_are_said() -> None:
    outside = Compose(
        "compose.yaml", (Service("a", 1, builds="../x"), Service("b", 2, builds="https://git.example/x"))
    )
    held = Ground(composes=(outside,), files=frozenset({"compose.yaml"}))
    assert follow(Call("compose"), held).missing.count("lies outside") == 2
