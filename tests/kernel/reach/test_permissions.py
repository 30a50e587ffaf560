"""Which block decides what a job's token may do, and what is assumed where none does."""

import pytest

from seawall.kernel.pipeline import Job, Permissions, Workflow
from seawall.kernel.reach.permissions import Granted, effective, for_fork, starts_for_forks_only


def block(**scopes: str) -> Permissions:
    return Permissions(scopes=tuple((name.replace("_", "-"), level) for name, level in scopes.items()))


def granted(
    workflow: Permissions | None = None, job: Permissions | None = None, caller: Granted | None = None
) -> Granted:
    return effective(Workflow("w.yml", permissions=workflow), Job("j", 1, permissions=job), caller)


def test_a_jobs_block_replaces_the_workflows() -> None:
    found = granted(block(contents="write", packages="write"), block(issues="read"))
    assert dict(found.scopes) == {"issues": "read"}
    assert found.words == "issues:read"


def test_the_workflows_block_holds_where_the_job_has_none() -> None:
    found = granted(block(contents="read", id_token="write", pages="none"))
    assert found.words == "contents:read id-token:write"
    assert found.oidc
    assert found.may("contents", "read")
    assert not found.may("contents")
    assert not found.may("pages", "read")


def test_an_empty_block_grants_nothing() -> None:
    found = granted(block(contents="write"), Permissions())
    assert found.known
    assert found.words == "nothing"


def test_without_a_block_write_is_assumed_and_said() -> None:
    found = granted()
    assert not found.known
    assert found.words == "unknown, assume write"
    assert "not in the tree" in found.why
    assert found.may("contents")
    assert found.may("packages")
    assert not found.oidc, "no default grants an identity"
    assert not found.may("attestations", "read")


@pytest.mark.parametrize(("every", "writes", "oidc"), [("read-all", False, False), ("write-all", True, True)])
def test_shorthands(every: str, writes: bool, oidc: bool) -> None:
    found = granted(Permissions(every))
    assert found.known
    assert found.may("contents", "read")
    assert found.may("contents") is writes
    assert found.oidc is oidc
    assert not found.may("models"), "a scope that can only be read"


def test_an_identity_is_not_read() -> None:
    assert not granted(block(id_token="read")).may("id-token", "read")


def test_a_level_that_is_none_of_them_is_taken_as_the_most() -> None:
    assert granted(block(contents="${{ inputs.level }}")).may("contents")


def test_a_called_workflow_gets_at_most_what_its_caller_has() -> None:
    caller = granted(block(contents="read", packages="write", id_token="write"))
    called = granted(block(contents="write", packages="read", issues="write"), caller=caller)
    assert called.words == "contents:read packages:read"
    assert granted(caller=caller).scopes == caller.scopes
    assert granted(caller=granted()).known is False
    narrowed = granted(block(contents="write", id_token="write"), caller=granted())
    assert dict(narrowed.scopes) == {"contents": "write"}
    assert not narrowed.known


def test_a_forks_token_reads() -> None:
    found = for_fork(granted(block(contents="write", id_token="write")))
    assert dict(found.scopes) == {"contents": "read"}
    assert for_fork(granted()).known


def test_triggers_that_hand_forks_a_reading_token() -> None:
    assert starts_for_forks_only(["pull_request"])
    assert not starts_for_forks_only(["pull_request", "push"])
    assert not starts_for_forks_only(["pull_request_target"])
    assert not starts_for_forks_only([])
