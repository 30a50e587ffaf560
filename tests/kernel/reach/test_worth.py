"""What a secret is worth by its name: settings that only sound like keys are worth little."""

from __future__ import annotations

import pytest

from seawall.kernel.reach.worth import name_worth


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("S3_SECRET_ACCESS_KEY", "S3_ENDPOINT"),
        ("MINISIGN_KEY", "CARGO_REGISTRY_TOKEN"),
        ("CARGO_REGISTRY_TOKEN", "CARGO_AUDIT_OPTIONS"),
        ("AUR_KEY", "SOMETHING"),
        ("DOCKERHUB_TOKEN", "DOCKERHUB_ORG"),
        ("GPG_KEY", "GPG_KEY_NAME"),
        ("DATABASE_URL", "SITE_URL"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_S3_BUCKET"),
        ("SOMETHING", "SLACK_WEBHOOK"),
    ],
)
def test_worth_by_name(more: str, less: str) -> None:
    assert name_worth(more) > name_worth(less)
