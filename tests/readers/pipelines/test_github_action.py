"""Actions: composite, JavaScript and container ones, and what is wrong with them."""

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.pipeline import Action, Setting
from seawall.readers.pipelines import github_action

COMPOSITE = """\
name: build
inputs:
  token:
    description: why
    default: ${{ github.token }}
  level:
    required: true
outputs:
  path: {value: '${{ steps.a.outputs.p }}'}
runs:
  using: composite
  steps:
    - id: a
      shell: bash
      run: |
        make
        npm ci
    - uses: actions/checkout@v4
    - run: Get-Item x
      shell: pwsh
      working-directory: sub
"""


def read(text: str) -> Action:
    return github_action.read(dedent(text).encode(), "a/action.yml", DEFAULT_LIMITS)


def test_a_composite_action() -> None:
    found = read(COMPOSITE)
    assert (found.name, found.using) == ("build", "composite")
    assert found.inputs == (Setting("token", "${{ github.token }}", 3), Setting("level", "", 6))
    assert found.outputs == (Setting("path", "${{ steps.a.outputs.p }}", 9),)
    assert [step.run_line for step in found.steps] == [16, 0, 19]
    assert found.steps[0].script is not None
    assert [command.line for command in found.steps[0].script.commands] == [1, 2]
    assert found.steps[2].script is not None
    assert found.steps[2].script.dialect == "pwsh"
    assert found.steps[2].directory == "sub"


def test_a_javascript_action() -> None:
    found = read("name: x\nruns: {using: node24, main: m.js, pre: p.js, post: q.js, post-if: success()}")
    assert found.using == "node24"
    assert found.entry == ("m.js", "p.js", "q.js")
    assert found.problems == ()


def test_a_container_action() -> None:
    found = read("""\
        name: x
        runs:
          using: docker
          image: docker://registry.example/x:1
          entrypoint: /e.sh
          args: ['${{ inputs.a }}']
          env: {TOKEN: '${{ inputs.token }}'}
        """)
    assert found.image == "docker://registry.example/x:1"
    assert found.entry == ("/e.sh",)
    assert found.env == (Setting("TOKEN", "${{ inputs.token }}", 7),)
    assert found.problems == ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: x", 1, "no action"),
        ("runs: x", 1, "`runs` is not a mapping"),
        ("runs: {main: x}", 1, "without `using`"),
        ("name: x\nruns:\n  using: composite\n  steps:\n    - run: x", 5, "needs `shell`"),
        ("secrets: {A: b}\nruns: {using: node24, main: x}", 1, "unknown key `secrets`"),
        ("inputs: [a]\nruns: {using: node24, main: x}", 1, "`inputs` is not a mapping"),
        ("inputs:\n  a: b\nruns: {using: node24, main: x}", 2, "`inputs.a` is not a mapping"),
        ("", 1, "empty"),
    ],
)
def test_what_is_wrong_is_told(text: str, line: int, words: str) -> None:
    found = read(text).problems
    assert any(problem.line == line and words in problem.message for problem in found), found


@given(
    st.integers(0, len(COMPOSITE)), st.integers(0, 60), st.sampled_from(["", "[", "- ", "\n", "x: *y", "\t"])
)
@settings(max_examples=200, deadline=None)
def test_any_damage_is_read(at: int, cut: int, put: str) -> None:
    assert isinstance(read(COMPOSITE[:at] + put + COMPOSITE[at + cut :]), Action)
