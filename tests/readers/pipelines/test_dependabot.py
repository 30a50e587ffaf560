"""What update robots were told: dependabot whole, renovate without its presets."""

from textwrap import dedent

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.pipeline import Update, Updates
from seawall.readers.pipelines import dependabot


def read(text: str) -> Updates:
    return dependabot.read(dedent(text).encode(), ".github/dependabot.yml", DEFAULT_LIMITS)


def renovate(text: str) -> Updates:
    return dependabot.read_renovate(text.encode(), "renovate.json", DEFAULT_LIMITS)


def test_dependabot() -> None:
    found = read("""\
        version: 2
        registries:
          own:
            type: npm-registry
            url: https://user:hunter2hunter2@registry.example
            token: ${{secrets.NPM_TOKEN}}
        updates:
          - package-ecosystem: github-actions
            directory: /
            cooldown: {default-days: 7, semver-major-days: 30}
          - package-ecosystem: npm
            directories: [/a, /b]
            registries: '*'
            insecure-external-code-execution: allow
        """)
    assert found.updates == (
        Update("github-actions", ("/",), 7, 8),
        Update("npm", ("/a", "/b"), -1, 11, runs_code=True),
    )
    assert found.registries == ("own",)
    assert found.secrets == ("NPM_TOKEN",)
    assert found.robot == "dependabot"
    assert found.problems == ()
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("updates: []", 1, "another version"),
        ("version: 2\nupdates: x", 2, "`updates` is not a list"),
        ("version: 2\nsecrets: x", 2, "unknown key `secrets`"),
        ("version: 2\nregistries: {a: b}", 2, "`registries.a`"),
        (
            "version: 2\nupdates:\n  - {package-ecosystem: npm, cooldown: {default-days: soon}}",
            3,
            "whole days",
        ),
        ("[", 2, "not YAML"),
    ],
)
def test_what_is_wrong_is_told(text: str, line: int, words: str) -> None:
    found = read(text).problems
    assert any(abs(problem.line - line) <= 1 and words in problem.message for problem in found), found


def test_no_days_are_no_cooldown() -> None:
    found = read("version: 2\nupdates:\n  - {package-ecosystem: npm, cooldown: {default-days: 0}}")
    assert found.updates[0].cooldown == -1


def test_renovate() -> None:
    found = renovate("""\
{
  // why
  "extends": ["config:recommended"],
  "enabledManagers": ["npm", "github-actions"],
  "minimumReleaseAge": "2 weeks",
  "hostRules": [{"token": "{{ secrets.NPM_TOKEN }}"}]
}""")
    assert found.robot == "renovate"
    assert found.updates == (Update("npm", ("/",), 14, 4), Update("github-actions", ("/",), 14, 4))
    assert found.secrets == ("NPM_TOKEN",)
    assert [(problem.line, problem.message) for problem in found.problems] == [
        (3, "presets (`extends`) are not read")
    ]


@pytest.mark.parametrize(
    ("age", "days"), [("3 days", 3), ("12 hours", -1), ("1 month", 30), ("soon", -1), ("36 hours", 1)]
)
def test_how_long_renovate_waits(age: str, days: int) -> None:
    found = renovate('{"minimumReleaseAge": "' + age + '"}')
    assert found.updates[0].cooldown == days
    assert found.updates[0].ecosystem == "*"
    assert bool(found.problems) is (age == "soon")


@pytest.mark.parametrize("text", ["", "[]", "{", "{'a': 1}", '{"minimumReleaseAge": 3}'])
def test_what_is_no_renovate_file_is_one_problem(text: str) -> None:
    assert len(renovate(text).problems) == 1
