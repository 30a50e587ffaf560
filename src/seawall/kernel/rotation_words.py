"""How each sort of credential is rotated, in a line, going by its kind and its name.

A name is a hint: what is not recognised is rotated where it was made.
"""

from __future__ import annotations

import re

from .reach.edge import Target, TargetKind

_GENERIC = "issue a new one where it was made, put it in place of the old one, then delete the old one there"

# The first pattern that matches the name (upper case, words separated by `_`) decides.
_HOWS: tuple[tuple[str, str, str], ...] = (
    (
        "signing key",
        "GPG|PGP|COSIGN|MINISIGN",
        (
            "make a new key, publish it beside the old one, sign again, then publish the revocation "
            "of the old one"
        ),
    ),
    (
        "code-signing certificate",
        ("NOTAR|SIGNING|CODE_?SIGN|APPLE|P12|PFX|CERT|CSC_|KEYSTORE|PROVISION|ASC_KEY|APP_STORE|SIGNPATH"),
        (
            "request a new certificate or key from its issuer, sign and ship again with it, then have"
            " the old one revoked"
        ),
    ),
    (
        "npm token",
        "NPM|NODE_AUTH",
        "publish as a trusted publisher, or make a granular token; `npm token revoke` the old one",
    ),
    (
        "PyPI token",
        "PYPI|TWINE|UV_PUBLISH|FLIT",
        (
            "publish as a trusted publisher, or make a token for the one project; delete the old one "
            "in the account"
        ),
    ),
    (
        "crates.io token",
        "CARGO|CRATES",
        (
            "publish as a trusted publisher, or make a token for the one crate; revoke the old one in"
            " the account"
        ),
    ),
    (
        "Hugging Face token",
        "HF_TOKEN|HUGGING",
        "make a fine-grained token, delete the old one in the account's settings",
    ),
    (
        "registry login",
        "DOCKER|QUAY|CONTAINER_REGISTRY|REGISTRY_PASS|GHCR",
        (
            "make a new access token with the least rights, delete the old one; look at what was "
            "pushed in the time"
        ),
    ),
    (
        "publishing token",
        (
            "RUBYGEMS|GEM_HOST|NUGET|MAVEN|OSSRH|SONATYPE|VSCE|OVSX|MARKETPLACE|PUBLISH|HOMEBREW|JSR|"
            "SNAPCRAFT|WEBSTORE"
        ),
        ("make a new token for the one project, delete the old one; look at what was published in the time"),
    ),
    (
        "AWS key",
        "AWS|SECRET_ACCESS_KEY",
        (
            "make a second access key, move to it, deactivate then delete the old one; end the role's"
            " sessions that are older than now"
        ),
    ),
    (
        "Google Cloud key",
        "GCP|GCLOUD|GOOGLE_|SERVICE_ACCOUNT",
        "make a new service account key or federate; delete the old key",
    ),
    (
        "Azure secret",
        "AZURE",
        "add a second client secret, move to it, delete the old one; end the sessions",
    ),
    (
        "GitHub App key",
        "APP_PRIVATE_KEY|APP_KEY|APP_PEM",
        "add a second private key to the app, move to it, delete the old one",
    ),
    (
        "SSH key",
        "SSH|DEPLOY_KEY|HOST_KEY",
        "make a new key pair, add it on the hosts, take the old public key out everywhere",
    ),
    (
        "personal access token",
        r"(?:^|_)PAT(?:_|$)|GH_TOKEN|GITHUB_|GIT_TOKEN|BOT_TOKEN|ACCESS_TOKEN",
        (
            "make a fine-grained token with an end date, delete the old one; read the account's and "
            "organisation's audit log"
        ),
    ),
    (
        "API key",
        "OPENAI|ANTHROPIC|CLAUDE|GEMINI|MISTRAL|API_KEY|APIKEY",
        "make a new key, delete the old one; look at what was used in the time",
    ),
    (
        "webhook",
        "SLACK|DISCORD|WEBHOOK|TELEGRAM",
        "make a new address or token for the channel, delete the old one",
    ),
    (
        "database login",
        "DATABASE|DB_|REDIS|POSTGRES|MYSQL|MONGO",
        "make a second login, move to it, drop the old one; end its sessions",
    ),
)
_COMPILED = tuple((kind, re.compile(pattern), how) for kind, pattern, how in _HOWS)


def words_for(target: Target) -> tuple[str, str]:
    """(what sort of credential this is, how it is rotated), going by its kind and its name."""
    if target.kind is TargetKind.TOKEN:
        return (
            "job token",
            "it ended with its job; look at what was pushed, released and approved by it in that time",
        )
    if target.kind is TargetKind.OIDC:
        how = (
            "nothing to replace; end the sessions of the roles that trust it, look at what was published"
            " as this workflow"
        )
        return "workload identity", how
    if target.kind is TargetKind.SIGNING:
        return "signing identity", _HOWS[1][2]
    if target.name == "*":
        how = (
            "every secret that this job is handed: list them (`gh secret list`), and take each as named here"
        )
        return "every secret", how
    folded = target.name.upper().replace("-", "_")
    return next(
        ((kind, how) for kind, pattern, how in _COMPILED if pattern.search(folded)), ("secret", _GENERIC)
    )
