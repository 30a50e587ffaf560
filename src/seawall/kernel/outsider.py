"""Outsiders start some workflows, write some texts and propose some code: which, is written down here once.

Source: GitHub's documentation of the events that trigger workflows, and of untrusted input in scripts.
"""

from __future__ import annotations

import re

from .pipeline import Workflow

PRIVILEGED = (
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "issues",
    "discussion",
    "discussion_comment",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_comment",
    "gollum",
    "fork",
    "watch",
)
"""Triggers that anybody with an account can set off, and that run with the repository's secrets and token."""

_TEXT = re.compile(
    r"\bgithub\s*\.\s*(?:head_ref"
    r"|event\s*\.\s*(?:issue\.(?:title|body)|discussion\.(?:title|body)|comment\.body|review\.body"
    r"|review_comment\.body|pull_request\.(?:title|body|head\.(?:ref|label|repo\.default_branch))"
    r"|pages\.\*\.page_name|head_commit\.(?:message|author\.(?:name|email)|committer\.(?:name|email))"
    r"|commits(?:\.\*|\[\d+\])\.(?:message|author\.(?:name|email))"
    r"|workflow_run\.(?:head_branch|display_title|head_commit\.(?:message|author\.(?:name|email)))))\b",
    re.IGNORECASE,
)
_INDEX = re.compile(r"\[\s*'([A-Za-z0-9_-]+)'\s*\]")
_CODE = re.compile(
    r"github\.(?:head_ref|event\.(?:pull_request\.head\.(?:sha|ref|repo\.full_name)|workflow_run\.head_(?:sha|branch)"
    r"|pull_request\.merge_commit_sha|number|issue\.number|workflow_run\.pull_requests))|refs/pull/",
    re.IGNORECASE,
)


def opened_by(workflow: Workflow) -> tuple[str, ...]:
    """The workflow's triggers that anybody can set off with its secrets at hand."""
    return tuple(trigger.name for trigger in workflow.triggers if trigger.name in PRIVILEGED)


def outsider_text(expression: str) -> str:
    """The part of a GitHub expression that an outsider writes (`github.event.issue.title`), or nothing.

    `github['event']['issue']` is read as `github.event.issue`.
    """
    found = _TEXT.search(_INDEX.sub(r".\1", expression))
    return found[0] if found else ""


def outsider_code(reference: str) -> bool:
    """A `ref` or `repository` of a checkout names what an outsider proposes."""
    return bool(_CODE.search(_INDEX.sub(r".\1", reference)))
