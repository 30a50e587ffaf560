"""What a secret is worth by its name: settings that only sound like keys are worth little."""

from __future__ import annotations

import pytest

from seawall.kernel.code import Code, CodeKind, Firmness
from seawall.kernel.reach.edge import Target, TargetKind
from seawall.kernel.reach.words import code_words, target_words
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


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("contents:write id-token:write packages:read", "GITHUB_TOKEN [contents:write]"),
        ("contents:read", "GITHUB_TOKEN [contents:read]"),
        ("id-token:write", "GITHUB_TOKEN"),
        ("unknown, assume write", "GITHUB_TOKEN [unknown, assume write]"),
    ],
)
def test_words_of_a_token(scope: str, words: str) -> None:
    assert target_words(Target(TargetKind.TOKEN, "GITHUB_TOKEN", scope)) == words


def test_words_of_an_identity_and_of_code() -> None:
    assert target_words(Target(TargetKind.OIDC, "id-token", "job")) == "id-token"
    via = (".github/workflows/a.yml#build", "docker/build-push-action@" + "ab" * 20)
    artifact = Code(CodeKind.ARTIFACT, "dist", Firmness.FLOATING, "a.yml", 1, via=via)
    assert (
        code_words(artifact)
        == "artifact dist (floating, through a.yml › build → docker/build-push-action@ababababa)"
    )
    image = Code(CodeKind.IMAGE, "a/b", Firmness.TAG, "a.yml", 1, ref="1.2")
    assert code_words(image) == "a/b:1.2 (tag)"
