"""Which commands work with a remote repository through git, and which of them write to it.

Source: git's manual, and the documentation of the tools that push for their users.
"""

from __future__ import annotations

from collections.abc import Sequence

_READS = frozenset(("fetch", "pull", "clone", "ls-remote", "submodule", "lfs"))
_PUSHING = frozenset(
    (
        "semantic-release", "release-it", "lerna", "changeset", "standard-version", "bumpversion",
        "bump2version", "bump-my-version", "cz", "mike", "gh-pages", "ghp-import", "git-cliff", "goreleaser",
        "doctr", "vsce", "release-please", "auto", "nerdbank-gitversioning",
    )
)  # fmt: skip
"""Programs that push with git when they are told to."""
_PUSHES_WITH = {
    "npm": frozenset(("version",)),
    "cargo": frozenset(("release",)),
    "mkdocs": frozenset(("gh-deploy",)),
    "mvn": frozenset(("release:perform", "release:prepare")),
    "gradle": frozenset(("release",)),
    "gradlew": frozenset(("release",)),
    "rake": frozenset(("release",)),
}
_GH_READS = frozenset(("checkout", "clone", "sync"))


def with_git(program: str, words: Sequence[str]) -> tuple[str, bool]:
    """(how a command works with a remote repository, whether it may write to it); empty = it does not."""
    if program == "git":
        if "push" in words:
            return "`git push`", True
        verb = next((word for word in words if word in _READS), "")
        verb = verb or ("remote update" if "remote" in words and "update" in words else "")
        return (f"`git {verb}`" if verb else ""), False
    if program in _PUSHING or not _PUSHES_WITH.get(program, frozenset()).isdisjoint(words):
        return f"`{program}`", True
    return ("`gh`" if program == "gh" and not _GH_READS.isdisjoint(words) else ""), False
