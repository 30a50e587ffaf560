import tomllib
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.readers.clients import npmrc
from seawall.readers.clients.editing import set_npmrc, set_pip, set_toml, set_yaml

NPM = partial(set_npmrc, key="min-release-age", value="7")
PIP = partial(set_pip, key="uploaded-prior-to", value="P7D")
BUN = partial(set_toml, path=("install", "minimumReleaseAge"), literal="604800")
UV = partial(set_toml, path=("exclude-newer",), literal='"7 days"')
PYPROJECT = partial(set_toml, path=("tool", "uv", "exclude-newer"), literal='"7 days"')
YARN = partial(set_yaml, key="npmMinimalAgeGate", literal="10080")

OFF = partial(set_yaml, key="enableScripts", literal="false")

CASES = [
    (NPM, "", "min-release-age=7\n"),
    (NPM, "a=1", "a=1\nmin-release-age=7\n"),
    (NPM, "# c\r\nmin-release-age = 1\r\nb=2\r\n", "# c\r\nmin-release-age=7\r\nb=2\r\n"),
    (NPM, "min-release-age=1\nmin-release-age=2\n", "min-release-age=1\nmin-release-age=7\n"),
    (NPM, "a=1\n[s]\nmin-release-age=1\n", "a=1\nmin-release-age=7\n[s]\nmin-release-age=1\n"),
    (PIP, "", "[global]\nuploaded-prior-to = P7D\n"),
    (PIP, "[global]\ncert = x\n", "[global]\nuploaded-prior-to = P7D\ncert = x\n"),
    (PIP, "[list]\na = 1\n", "[list]\na = 1\n[global]\nuploaded-prior-to = P7D\n"),
    (PIP, "[global]\nuploaded_prior_to: P1D\n", "[global]\nuploaded-prior-to = P7D\n"),
    (BUN, "", "[install]\nminimumReleaseAge = 604800\n"),
    (BUN, "a = 1\n", "a = 1\n\n[install]\nminimumReleaseAge = 604800\n"),
    (
        BUN,
        "[install] # x\nexact = true\n\n# tests\n[test]\n",
        "[install] # x\nexact = true\nminimumReleaseAge = 604800\n\n# tests\n[test]\n",
    ),
    (BUN, "[install]\nminimumReleaseAge = 5\n", "[install]\nminimumReleaseAge = 604800\n"),
    (BUN, "install.minimumReleaseAge = 5\n", "install.minimumReleaseAge = 604800\n"),
    (
        BUN,
        "[install.scopes]\na = 'b'\n",
        "[install.scopes]\na = 'b'\n\n[install]\nminimumReleaseAge = 604800\n",
    ),
    (UV, 'a = 1\n[[index]]\nurl = "u"\n', 'a = 1\nexclude-newer = "7 days"\n[[index]]\nurl = "u"\n'),
    (
        PYPROJECT,
        "[project]\nname = 'x'\n",
        "[project]\nname = 'x'\n\n[tool.uv]\nexclude-newer = \"7 days\"\n",
    ),
    (YARN, "", "npmMinimalAgeGate: 10080\n"),
    (YARN, "# c\na: 1\n", "# c\na: 1\nnpmMinimalAgeGate: 10080\n"),
    (YARN, "npmMinimalAgeGate: 1d # one\nb: 2\n", "npmMinimalAgeGate: 10080 # one\nb: 2\n"),
    (YARN, "a: 1\r\nb: 2", "a: 1\r\nb: 2\r\nnpmMinimalAgeGate: 10080\r\n"),
    (YARN, "a: |\n  npmMinimalAgeGate: 1\n", "a: |\n  npmMinimalAgeGate: 1\nnpmMinimalAgeGate: 10080\n"),
    (OFF, "", "enableScripts: false\n"),
    (OFF, "enableScripts: true\n", "enableScripts: false\n"),
    (NPM, "a=1\nb=2\nmin-release-age=1\r\n", "a=1\nb=2\nmin-release-age=7\r\n"),
    (NPM, "a=1\rmin-release-age=1\rb=2", "a=1\rmin-release-age=7\rb=2"),
    (NPM, "a=\x0c\nmin-release-age=1", "a=\x0c\nmin-release-age=7"),
    (NPM, "a=\u2028\n", "a=\u2028\nmin-release-age=7\n"),
    (NPM, "min-release-age=1 ; why\n", "min-release-age=7 ; why\n"),
    (NPM, 'min-release-age = "1" # why\n', "min-release-age=7\n"),
    (BUN, "[install]\nminimumReleaseAge = 5 # why\n", "[install]\nminimumReleaseAge = 604800 # why\n"),
    (UV, 'exclude-newer = "1 # day" # why\n', 'exclude-newer = "7 days" # why\n'),
    (
        PIP,
        "[global]\nuploaded-prior-to = P1D\n[install]\nuploaded-prior-to = P1D\n",
        "[global]\nuploaded-prior-to = P7D\n[install]\nuploaded-prior-to = P7D\n",
    ),
    (
        PIP,
        "[install]\nuploaded-prior-to = P1D\n",
        "[install]\nuploaded-prior-to = P7D\n[global]\nuploaded-prior-to = P7D\n",
    ),
]


@pytest.mark.parametrize(("edit", "before", "after"), CASES)
def test_only_the_setting_changes(edit: Callable[[str], str | None], before: str, after: str) -> None:
    assert edit(before) == after
    assert edit(after) == after, "a second time changes nothing"


@pytest.mark.parametrize(
    ("edit", "before"),
    [
        (BUN, "install = { exact = true }\n"),
        (BUN, "install = 7\n"),
        (BUN, "broken ="),
        (UV, 'x = """\nexclude-newer = "1"\n"""\n'),
        (UV, "exclude-newer = [\n  1,\n]\n"),
        (YARN, "{a: 1}\n"),
        (YARN, "- a\n"),
        (YARN, "a: |\n  text\nnpmMinimalAgeGate:\n  - 1\n"),
        (YARN, "a: [\n"),
        (YARN, "a: 1\n---\nb: 2\n"),
    ],
)
def test_what_cannot_be_changed_alone_is_left_to_a_person(
    edit: Callable[[str], str | None], before: str
) -> None:
    assert edit(before) is None


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab=[];#\n\r\x0c\u2028\ufeff \"'\\-:{}", max_size=60))
def test_an_edit_never_loses_another_setting(text: str) -> None:
    for edit in (NPM, PIP, BUN, UV, YARN):
        changed = edit(text)
        if changed is not None:
            assert edit(changed) == changed
    result = NPM(text)
    if result is not None:
        kept = [(k, v) for k, v, _ in npmrc.settings(text) if k != "min-release-age"]
        assert [(k, v) for k, v, _ in npmrc.settings(result) if k != "min-release-age"] == kept
    edited = BUN(text)
    if edited is not None:
        assert tomllib.loads(edited)["install"]["minimumReleaseAge"] == 604800
