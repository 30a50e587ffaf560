"""Settings of a repository that lie in its tree: of the settings app, and rulesets as they are exported.

They say what was meant; whether the forge holds the same is not seen here. Ids of people and teams that are
numbers stay numbers.
Sources: the documentation of the repository settings app (`.github/settings.yml`), GitHub's REST reference of
rulesets and branch protection.
"""

from __future__ import annotations

from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.kernel.ownership import Access, DeclaredEnvironment, ForgeSettings, Protection
from seawall.readers.format import PipelineFormat
from seawall.readers.syntax.yaml import Mapping, Sequence

from ._github import Draft


def read_settings(data: bytes, path: str, limits: Limits) -> ForgeSettings:
    """What a `.github/settings.yml` says; keys that are about something else are passed over."""
    draft = Draft(path, limits)
    body = draft.load(data)
    if body is None:
        return ForgeSettings(path, problems=draft.problems())
    access = None
    if "collaborators" in body or "teams" in body:
        access = (*_access(draft, body, "collaborators"), *_access(draft, body, "teams"))
    return ForgeSettings(
        path,
        tuple(_environments(draft, body)),
        (*_branches(draft, body), *_rulesets(draft, body)),
        access,
        draft.problems(),
    )


def read_ruleset(data: bytes, path: str, limits: Limits) -> ForgeSettings:
    """What one exported ruleset says (JSON, which is read as YAML so that lines are known)."""
    draft = Draft(path, limits)
    body = draft.load(data)
    found = _ruleset(draft, body, 1) if body is not None else None
    return ForgeSettings(path, protections=(found,) if found else (), problems=draft.problems())


def _environments(draft: Draft, body: Mapping) -> Iterator[DeclaredEnvironment]:
    for item, line in draft.entries(body, "environments"):
        reviewers = tuple(
            _person(draft, one, draft.text(one, "type").lower())
            for one, _ in draft.entries(item, "reviewers")
        )
        yield DeclaredEnvironment(draft.text(item, "name"), reviewers, line)


def _person(draft: Draft, body: Mapping, kind: str) -> str:
    for key in ("login", "username", "slug", "name", "id"):
        value = draft.text(body, key)
        if value:
            numbered = value.isdigit()
            if kind == "team":
                return f"team {value}"
            return f"user {value}" if numbered else f"@{value.removeprefix('@')}"
    return "somebody who is not named"


def _access(draft: Draft, body: Mapping, key: str) -> Iterator[Access]:
    for item, line in draft.entries(body, key):
        kind = "team" if key == "teams" else "user"
        yield Access(_person(draft, item, kind), draft.text(item, "permission").lower() or "push", line)


def _branches(draft: Draft, body: Mapping) -> Iterator[Protection]:
    for item, line in draft.entries(body, "branches"):
        rules = draft.mapping(item, "protection")
        if rules is None:
            continue
        reviews = draft.mapping(rules, "required_pull_request_reviews")
        yield Protection(
            "branch",
            (draft.text(item, "name"),),
            _number(draft, reviews, "required_approving_review_count"),
            _flag(draft, reviews, "require_code_owner_reviews"),
            _pushers(draft, rules),
            line=line,
        )


def _pushers(draft: Draft, rules: Mapping) -> tuple[str, ...] | None:
    block = rules.get("restrictions")
    if not isinstance(block, Mapping):
        return None
    people = [f"@{name.removeprefix('@')}" for name in draft.texts(block, "users")]
    teams = [f"team {name}" for name in draft.texts(block, "teams")]
    apps = [f"app {name}" for name in draft.texts(block, "apps")]
    return (*people, *teams, *apps)


def _rulesets(draft: Draft, body: Mapping) -> Iterator[Protection]:
    for item, line in draft.entries(body, "rulesets"):
        found = _ruleset(draft, item, line)
        if found is not None:
            yield found


def _ruleset(draft: Draft, body: Mapping, line: int) -> Protection | None:
    """One ruleset; None for one that is switched off."""
    if draft.text(body, "enforcement") not in ("", "active"):
        return None
    conditions = draft.mapping(body, "conditions")
    names = draft.mapping(conditions, "ref_name") if conditions else None
    parameters = next(
        (
            draft.mapping(rule, "parameters")
            for rule, _ in draft.entries(body, "rules")
            if draft.text(rule, "type") == "pull_request"
        ),
        None,
    )
    return Protection(
        draft.text(body, "target") or "branch",
        draft.texts(names, "include") if names else (),
        _number(draft, parameters, "required_approving_review_count"),
        _flag(draft, parameters, "require_code_owner_review"),
        bypass=tuple(_actor(draft, one) for one, _ in draft.entries(body, "bypass_actors")),
        line=line,
    )


_ROLES = {"1": "maintainers", "2": "who has maintain access", "4": "who has write access", "5": "admins"}


def _actor(draft: Draft, body: Mapping) -> str:
    kind, number = draft.text(body, "actor_type"), draft.text(body, "actor_id")
    if kind == "RepositoryRole":
        return _ROLES.get(number, f"role {number}")
    if kind == "OrganizationAdmin":
        return "owners of the organisation"
    return f"{kind.lower() or 'actor'} {number}".strip()


def _number(draft: Draft, body: Mapping | None, key: str) -> int:
    text = draft.text(body, key) if body is not None else ""
    return int(text) if text.isdigit() and len(text) < 4 else -1


def _flag(draft: Draft, body: Mapping | None, key: str) -> bool | None:
    if body is None or key not in body or isinstance(body[key], Mapping | Sequence):
        return None
    return draft.text(body, key) == "true"


FORMAT = PipelineFormat(
    "repository-settings", (".github/settings.yml", ".github/settings.yaml"), read_settings
)
RULESETS = PipelineFormat("repository-ruleset", (".github/rulesets/*.json",), read_ruleset)
