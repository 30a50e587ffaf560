"""One value of a workflow is changed in its text; comments, order, quotes and line ends stay as they are."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.pipelines import edits
from seawall.readers.pipelines.edits import Edit, Source, Unsafe
from seawall.readers.syntax.yaml import load_all

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HEAD = "on: push  # now\njobs:\n  build:  # the job\n    runs-on: ubuntu-latest # newest\n    steps:\n"


def source(text: str) -> Source:
    return Source(text, DEFAULT_LIMITS)


def made(text: str, edit: Edit) -> str:
    """The edited text, which says what was meant and nothing else."""
    after = edits.applied(text, [edit])
    before = load_all(text, DEFAULT_LIMITS)[0]
    assert load_all(after, DEFAULT_LIMITS)[0] == edits.changed(before, [edit])
    return after


def off(text: str, line: int = 6) -> str:
    edit = edits.with_entry(source(text), line, "with", "persist-credentials", "false", said=False)
    return made(text, edit)


STEPS = {
    "without with": (
        "      - uses: a/b@v1 # why\n        id: x\n",
        "      - uses: a/b@v1 # why\n        with:\n          persist-credentials: false\n        id: x\n",
    ),
    "named first": (
        "      - name: get\n        uses: 'a/b@v1'\n",
        "      - name: get\n        uses: 'a/b@v1'\n        with:\n          persist-credentials: false\n",
    ),
    "wide dash": (
        "      -   uses: a/b@v1\n",
        "      -   uses: a/b@v1\n          with:\n            persist-credentials: false\n",
    ),
    "with, last on one line": (
        "      - uses: a/b@v1\n        with:\n            ref: main # r\n            # end\n",
        (
            "      - uses: a/b@v1\n        with:\n            ref: main # r\n            persist-credentials: false\n"
            "            # end\n"
        ),
    ),
    "with, last is a block": (
        "      - uses: a/b@v1\n        with:\n          path: |\n            x\n\n      - run: y\n",
        (
            "      - uses: a/b@v1\n        with:\n          persist-credentials: false\n"
            "          path: |\n            x\n\n      - run: y\n"
        ),
    ),
    "empty with": (
        "      - uses: a/b@v1\n        with: # nothing\n      - run: y\n",
        "      - uses: a/b@v1\n        with: # nothing\n          persist-credentials: false\n      - run: y\n",
    ),
    "flow with": (
        "      - uses: a/b@v1\n        with: {ref: main}  # r\n",
        "      - uses: a/b@v1\n        with: {ref: main, persist-credentials: false}  # r\n",
    ),
    "empty flow with": (
        "      - uses: a/b@v1\n        with: {}\n",
        "      - uses: a/b@v1\n        with: {persist-credentials: false}\n",
    ),
    "flow step": (
        "      - {uses: a/b@v1}\n",
        "      - {uses: a/b@v1, with: {persist-credentials: false}}\n",
    ),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_input_is_added_to_a_step(name: str, end: str) -> None:
    before, after = (f"{HEAD}{text}".replace("\n", end) for text in STEPS[name])
    assert off(before) == after


def test_the_last_line_of_a_file_may_have_no_end() -> None:
    text = f"{HEAD}      - uses: a/b@v1"
    assert off(text) == f"{text}\n        with:\n          persist-credentials: false"


REFUSED = {
    "anchor": "      - &c\n        uses: a/b@v1\n      - *c\n",
    "shared with": "      - uses: a/b@v1\n        with: &w\n          x: y\n      - uses: c/d@v1\n        with: *w\n",
    "an expression for all": "      - uses: a/b@v1\n        with: ${{ fromJSON('{}') }}\n",
    "set already": "      - uses: a/b@v1\n        with:\n          Persist-Credentials: true\n",
    "two steps on one line": "      [{uses: a/b@v1}, {uses: a/b@v1}]\n",
    "two things named alike": "      - uses: a/b@v1\n        with: [x]\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_plain_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(Unsafe) as reason:
        off(f"{HEAD}{REFUSED[name]}", 7 if name == "anchor" else 6)
    assert len(str(reason.value)) > 8


@pytest.mark.parametrize("text", ["a: [", "just text", "", "a: 1\rb: 2\r", "? [x]\n: y\n"])
def test_what_is_no_yaml_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Unsafe):
        source(text).step(1)


def test_a_job_gets_a_setting_behind_what_it_runs_on() -> None:
    text = f"{HEAD}      - run: x\n"
    edit = edits.with_job_setting(source(text), 3, ("cache-mode: read",), "cache-mode", "read")
    assert made(text, edit).splitlines()[3:5] == [
        "    runs-on: ubuntu-latest # newest",
        "    cache-mode: read",
    ]


def test_a_job_that_runs_on_several_lines_gets_it_first() -> None:
    text = "jobs:\n  build:\n    # a word\n    runs-on:\n      - a\n      - b\n    steps: []\n"
    lines = ("permissions:", "  contents: read")
    edit = edits.with_job_setting(source(text), 2, lines, "permissions", {"contents": "read"})
    assert made(text, edit) == text.replace(
        "    runs-on", "    permissions:\n      contents: read\n    runs-on"
    )


@pytest.mark.parametrize(
    "text",
    ["jobs:\n  build: {runs-on: x, steps: []}\n", "jobs:\n  build:\n    cache-mode: write\n    steps: []\n",
     "jobs:\n  build: &j\n    runs-on: x\n  other: *j\n", "jobs:\n  build: text\n"],
)  # fmt: skip
def test_a_job_that_is_odd_is_left(text: str) -> None:
    with pytest.raises(Unsafe):
        edits.with_job_setting(source(text), 2, ("cache-mode: read",), "cache-mode", "read")


PINS = {
    "plain": ("uses: a/b@v1", f"uses: a/b@{COMMIT} # v1"),
    "comment": ("uses: a/b@v1  # keep", f"uses: a/b@{COMMIT} # v1  # keep"),
    "quoted": ('uses: "a/b@v1"', f'uses: "a/b@{COMMIT}" # v1'),
}


@pytest.mark.parametrize("name", PINS)
def test_an_action_is_named_by_its_commit(name: str) -> None:
    before, after = (f"{HEAD}      - {text}\n" for text in PINS[name])
    assert made(before, edits.with_commit(source(before), 6, "v1", COMMIT)) == after


def test_a_flow_step_is_pinned_without_a_comment_and_a_called_workflow_with_one() -> None:
    flow = f"{HEAD}      - {{uses: a/b@v1, id: x}}\n"
    assert f"{{uses: a/b@{COMMIT}, id: x}}" in made(flow, edits.with_commit(source(flow), 6, "v1", COMMIT))
    call = "jobs:\n  call:\n    uses: a/b/.github/workflows/w.yml@v1\n"
    after = made(call, edits.with_commit(source(call), 2, "v1", COMMIT))
    assert after.endswith(f"uses: a/b/.github/workflows/w.yml@{COMMIT} # v1\n")


def test_a_folded_use_is_left() -> None:
    text = f"{HEAD}      - uses: >-\n          a/b@v1\n"
    with pytest.raises(Unsafe):
        edits.with_commit(source(text), 6, "v1", COMMIT)


def script(text: str, old: str, new: str, plain: str = "") -> str:
    start = text.index(old)
    return made(text, edits.with_script(source(text), start, start + len(old), new, plain))


@pytest.mark.parametrize(
    "run",
    ["run: npm ci && x", "run: 'npm ci && x'", 'run: "npm ci && x"', "run: |\n          a\n          npm ci # c\n",
     "run: |2-\n           npm ci\n\n"],
)  # fmt: skip
def test_a_command_in_a_script_is_changed(run: str) -> None:
    text = f"{HEAD}      - name: s\n        {run}\n        id: x\n"
    assert script(text, "npm ci", "npm ci --ignore-scripts") == text.replace(
        "npm ci", "npm ci --ignore-scripts"
    )


def test_what_would_end_an_unquoted_value_is_written_another_way_there() -> None:
    bare = f"{HEAD}      - run: pip install -r r.txt\n"
    assert '--only-binary ":all:" -r' in script(
        bare, "pip install", "pip install --only-binary :all:", 'pip install --only-binary ":all:"'
    )
    block = f"{HEAD}      - run: |\n          pip install -r r.txt\n"
    assert "--only-binary :all: -r" in script(
        block, "pip install", "pip install --only-binary :all:", 'pip install --only-binary ":all:"'
    )


@pytest.mark.parametrize(
    "run",
    [
        "run: >\n          npm ci\n",
        'run: "a\n          npm ci"',
        "run: &a npm ci",
        'run: "\\x6epm ci npm ci"',
    ],
)
def test_a_script_that_is_folded_shared_or_escaped_is_left_or_changed_rightly(run: str) -> None:
    text = f"{HEAD}      - {run}\n"
    start = text.rindex("npm ci")
    try:
        edit = edits.with_script(source(text), start, start + 6, "npm ci --ignore-scripts")
    except Unsafe:
        return
    after = load_all(edits.applied(text, [edit]), DEFAULT_LIMITS)[0]
    assert after != edits.changed(load_all(text, DEFAULT_LIMITS)[0], [edit])  # so the caller refuses it


ENV = dedent("""\
    env:
      ALL: x
      ONE: ${{ secrets.ONE }} # the key
    jobs:
      build:
        runs-on: u
        env:
          # only this
          TWO: "${{ secrets.TWO }}"
        steps:
          - name: a
            run: |
              use $TWO
          - uses: a/b@v1
            env:
              X: y
    """)


def test_a_variable_moves_to_one_step_with_its_comment_and_its_quotes() -> None:
    after = made(ENV, edits.with_moved(source(ENV), 3, 14))
    assert "ONE" not in after.split("jobs:")[0]
    assert after.endswith("          X: y\n          ONE: ${{ secrets.ONE }} # the key\n")
    after = made(ENV, edits.with_moved(source(ENV), 9, 11))
    assert "    # only this\n" in after
    assert '        env:\n          TWO: "${{ secrets.TWO }}"\n        run: |\n' in after
    assert after.count("env:") == 3


def test_a_variable_of_a_flow_mapping_or_of_several_lines_stays() -> None:
    flow = "jobs:\n  b:\n    env: {A: x}\n    steps:\n      - run: y\n"
    block = "jobs:\n  b:\n    env:\n      A: |\n        x\n    steps:\n      - run: y\n"
    for text, line in ((flow, 3), (block, 4)):
        with pytest.raises(Unsafe):
            edits.with_moved(source(text), line, text.count("\n"))


def test_two_changes_of_the_same_characters_are_refused() -> None:
    text = f"{HEAD}      - uses: a/b@v1\n"
    edit = edits.with_commit(source(text), 6, "v1", COMMIT)
    with pytest.raises(Unsafe):
        edits.applied(text, [edit, edit])


KEYS = st.sampled_from(["name", "id", "if", "shell", "env", "with", "ünicode"])
VALUES = st.sampled_from(["x", "'y z'", '"ü€𝒳"', "{a: b}", "[1, 2]", "", "|\n            x\n            y\n"])


@given(
    st.dictionaries(KEYS, VALUES, max_size=5),
    st.integers(0, 5),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_any_step_gets_the_input_and_nothing_else_or_is_refused(
    others: dict[str, str], place: int, end: str, comment: bool
) -> None:
    entries = [f"{key}: {value}" for key, value in others.items()]
    entries.insert(place, "uses: a/b@v1" + "  # ü" * comment)
    steps = "      - " + "\n        ".join(entry.rstrip("\n") for entry in entries) + "\n      - run: z\n"
    text = f"{HEAD}{steps}".replace("\n", end)
    before = load_all(text, DEFAULT_LIMITS)[0]
    try:
        edit = edits.with_entry(source(text), 6, "with", "persist-credentials", "false", said=False)
    except Unsafe:
        assert others.get("with") not in (None, "", "{a: b}")
        return
    after = edits.applied(text, [edit])
    assert load_all(after, DEFAULT_LIMITS)[0] == edits.changed(before, [edit])
