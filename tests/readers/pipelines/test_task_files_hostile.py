"""Task and container files that are made to break a reader become problems, in linear time, and never raise."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach.ground import PipelineFile
from seawall.readers.pipelines import CALLED

FORMATS = {item.id: item for item in CALLED.values()}
PATHS = {
    "makefile": "Makefile", "justfile": "justfile", "noxfile": "noxfile.py", "tox": "tox.ini",
    "package-scripts": "package.json", "shell-file": "ci/run.sh", "python-file": "ci/run.py",
    "dockerfile": "Dockerfile", "compose": "compose.yaml", "pre-commit": ".pre-commit-config.yaml",
}  # fmt: skip
SIZE = 20_000
RUNS = [
    "a", " ", "\t", "\n\t", "[", "{", "(", '"', "'", "\\", "\\\n", "$", "$(", "${", "$$", ":", "=", ": ;", "a: b\n\tc\n",
    "\n", "\r", "#", "# \n", "- ", "<<A ", "`", "{{", "}}", "\u2028", "ifdef X\n", "define x\n", "endif\n", "A=$(A)$(B)\n",
    "include x\n", "[x]\n", "{[x]y}", "a{b,c}", "FROM x\n", "RUN a\\\n#b\n", "--mount=x ", "$(call x,", ",", "f(", "x: a\n",
]  # fmt: skip
STARTS = [
    "",
    "a:\n\t",
    "FROM x\nRUN ",
    '{"scripts": {"a": "',
    "services:\n  a:\n    ",
    "[tox]\nenvlist = ",
    "x := '",
]
MANY = {
    "makefile": "".join(f"t{i}: t{i - 1}\n\techo $@\n" for i in range(100_000)),
    "justfile": "".join(f"t{i}: t{i - 1}\n  echo a\n" for i in range(100_000)),
    "tox": "[tox]\nenvlist = a\n" + "".join(f"[testenv:t{i}]\ncommands = x\n" for i in range(100_000)),
    "dockerfile": "FROM x\n" + "RUN a\n" * 100_000,
    "package-scripts": '{"scripts": {' + ",".join(f'"t{i}": "a"' for i in range(100_000)) + "}}",
    "compose": "services:\n"
    + "".join(f"  s{i}: {{image: x, depends_on: [s{i - 1}]}}\n" for i in range(30_000)),
    "pre-commit": "repos:\n" + "- {repo: meta, hooks: []}\n" * 30_000,
}


def read(name: str, data: bytes | str, path: str = "") -> PipelineFile:
    text = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return FORMATS[name].read(text, path or PATHS[name], DEFAULT_LIMITS)


def kinds(file: PipelineFile) -> set[str]:
    return {str(problem.kind) for problem in file.problems}


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_of_one_text_costs_one_pass(name: str) -> None:
    for index, run in enumerate(RUNS):
        start = STARTS[index % len(STARTS)]
        for text in (run * (SIZE // len(run)), start + run * (SIZE // len(run))):
            before = time.process_time()
            read(name, text)
            assert time.process_time() - before < 5, (run, start)


@pytest.mark.parametrize("name", FORMATS)
def test_bytes_that_are_no_text_are_said(name: str) -> None:
    for data in (
        "name: \u00e9".encode("latin-1"),
        b"a\x00b: tox",
        b"\x7fELF\x02\x01" + bytes(range(256)),
        b"\xff\xfe\xd8",
    ):
        assert kinds(read(name, data)) == {"encoding"}


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_file_does_nothing(name: str) -> None:
    for data in (b"", b"\n\n", b"\xef\xbb\xbf"):
        assert not [task for task in getattr(read(name, data), "tasks", ()) if task.script.commands]


@pytest.mark.parametrize("name", FORMATS)
def test_every_cut_of_a_file_is_read(name: str) -> None:
    text = {
        "makefile": "A = $(B)\ndefine x\n\ty\nendef\nifdef Z\na: b ; c\n\td \\\n\te\nendif\n",
        "dockerfile": 'FROM a AS b\nRUN --mount=type=secret,id=x <<E\ncurl x | sh\nE\nCMD ["a", "b"]\n',
    }.get(name, "a := 'b' # tox\n[tox]\nx: &a {b: [c, *a]}\n\ty \\\n{{z}}\nimport os\nos.system('a')\n")
    for end in range(len(text)):
        read(name, text[:end])


@pytest.mark.parametrize("name", FORMATS)
def test_ten_megabytes_are_read_or_refused_in_seconds(name: str) -> None:
    before = time.process_time()
    file = read(name, ("# tox " + "x" * 90 + "\n") * 105_000)
    assert time.process_time() - before < 20
    assert not [task for task in getattr(file, "tasks", ()) if task.script.commands]


@pytest.mark.parametrize("name", MANY)
def test_more_tasks_than_are_taken_are_said(name: str) -> None:
    before = time.process_time()
    assert "too-many" in kinds(read(name, MANY[name]))
    assert time.process_time() - before < 30


def test_variables_that_double_end() -> None:
    levels = "".join(f"A{i} = $(A{i + 1})$(A{i + 1})\n" for i in range(60))
    file = read("makefile", levels + "A60 = x\na:\n\techo $(A0)\n")
    assert "unsupported" in kinds(file)
    bomb = "ARG a0=xxxxxxxx\n" + "".join(f"ARG a{i}=${{a{i - 1}}}${{a{i - 1}}}\n" for i in range(1, 60))
    assert len(repr(read("dockerfile", bomb + "FROM $a59\n"))) < 20_000
    lists = "A0 = []\n" + "".join(f"A{i} = [{','.join([f'*A{i - 1}'] * 100)}]\n" for i in range(1, 9))
    session = "import nox\n@nox.session\ndef x(session):\n    session.run(*A8)\n"
    assert "unsupported" in kinds(read("noxfile", lists + session))
    sections = "".join(f"[s{i}]\nk =\n" + f"  {{[s{i + 1}]k}}\n" * 10 for i in range(12))
    assert "too-many" in kinds(read("tox", "[tox]\n" + sections + "[testenv]\ndeps = {[s0]k}\n"))


@pytest.mark.parametrize("name", FORMATS)
@given(
    data=st.one_of(
        st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))
    )
)
@settings(max_examples=60, deadline=None)
def test_no_bytes_raise(name: str, data: bytes) -> None:
    for path in {PATHS[name], "tox.toml" if name == "tox" else PATHS[name], "x.cfg"}:
        file = read(name, data, path)
        assert all(problem.path == path for problem in file.problems)


WORDS = st.sampled_from([
    "a", "b:", "$(A)", "${B}", "$$", "\n", "\n\t", "\n  ", "\\\n", "define x\n", "endef\n", "ifdef X\n", "else\n", "endif\n",
    " := ", " = ", "|", "&&", "{{b}}", "'", '"', "`", "<<E\n", "E\n", "FROM a\n", "RUN ", "ARG x=1\n", "ENV a=b\n", "[tox]\n",
    "[testenv]\n", "deps = ", "{[tox]x}", "{posargs:y}", "a{1-3}", "commands =\n  ", "@", "#", "import x\n", "def f(s):\n s.run()",
])  # fmt: skip


@pytest.mark.parametrize("name", ["makefile", "justfile", "dockerfile", "tox", "noxfile", "shell-file"])
@given(words=st.lists(WORDS, max_size=40))
@settings(max_examples=80, deadline=None)
def test_no_text_of_its_own_words_raises(name: str, words: list[str]) -> None:
    file = read(name, "".join(words))
    top = "".join(words).count("\n") + 1
    for task in getattr(file, "tasks", ()):
        assert all(0 <= command.line <= top for command in task.script.commands)
        assert all(command.piped_from < len(task.script.commands) for command in task.script.commands)
