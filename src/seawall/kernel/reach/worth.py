"""What losing a target costs, 0 to 100, by its kind, its name and what it may do.

A name is a hint, never a proof: a secret that says nothing is worth the middle. The order was drawn from what
stolen credentials were used for: signing keys and publish rights reach every user, cloud and deploy keys the
company, a token the repository, a read-only token little.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .edge import Target, TargetKind

_UNKNOWN = 50

# The first pattern that matches the name (upper case, words separated by `_`) decides.
_NAMES: tuple[tuple[int, str], ...] = (
    (
        10,
        r"CODECOV|COVERALLS|COVERAGE|ANALYTICS|CODACY|SONAR|DEEPSOURCE|SENTRY_DSN|PERCY|CHROMATIC|CODSPEED|BENCHER",
    ),
    (15, r"SLACK|DISCORD|TEAMS_WEBHOOK|WEBHOOK|TELEGRAM|MATTERMOST|MAIL|SMTP|TWITTER|MASTODON|BLUESKY"),
    (
        100,
        (
            r"NOTAR|SIGNING|CODE_?SIGN|APPLE|P12|PFX|MACOS_CERT|MAC_CERT|WINDOWS_CERT|CSC_|CERTIFICATE"
            r"|GPG|PGP|COSIGN|MINISIGN|KEYSTORE|PROVISION|ASC_KEY|APP_STORE|_CERT\b|^CERT_|AUTHENTICODE|SIGNPATH"
        ),
    ),
    (
        95,
        (
            r"NPM|NODE_AUTH|PYPI|TWINE|UV_PUBLISH|FLIT|POETRY_PYPI|RUBYGEMS|GEM_HOST|CARGO|CRATES|NUGET|MAVEN"
            r"|OSSRH|SONATYPE|CENTRAL_|GRADLE_PUBLISH|VSCE|OVSX|OPEN_VSX|MARKETPLACE|HEX_API|PACKAGIST|COCOAPODS"
            r"|CHROME_WEB_STORE|WEBSTORE|JSR|PUBLISH|HOMEBREW|TAP_TOKEN|WINGET|CHOCO|SNAPCRAFT|FLATHUB|DOCKERHUB"
            r"|DOCKER_|(?:^|_)AUR(?:_|$)|QUAY|CONTAINER_REGISTRY|REGISTRY_PASS|HF_TOKEN|HUGGING"
        ),
    ),
    (85, r"APP_PRIVATE_KEY|APP_KEY|PRIVATE_KEY|APP_PEM|BOT_KEY|CLIENT_SECRET"),
    (
        85,
        (
            r"AWS|AZURE|GCP|GCLOUD|GOOGLE_|SERVICE_ACCOUNT|CLOUDFLARE|CF_API|DIGITALOCEAN|DO_TOKEN|FLY_|VERCEL"
            r"|NETLIFY|HEROKU|RAILWAY|TERRAFORM|TF_API|PULUMI|VAULT|KUBE|K8S|OCI_|ALIYUN|MODAL|DATABASE_URL|DB_"
            r"|SECRET_ACCESS_KEY|(?:^|_)(?:S3|R2|B2|MINIO)_"
        ),
    ),
    (80, r"SSH|DEPLOY|KNOWN_HOSTS|HOST_KEY"),
    (80, r"(?:^|_)PAT(?:_|$)|GH_TOKEN|GITHUB_PAT|GIT_TOKEN|BOT_TOKEN|RELEASE|ACCESS_TOKEN|ADMIN|PERSONAL"),
    (60, r"OPENAI|ANTHROPIC|CLAUDE|GEMINI|MISTRAL|COHERE|API_KEY|APIKEY"),
    (
        25,
        (
            r"(?:^|_)(?:USER|USERNAME|LOGIN|EMAIL|ACCOUNT_ID|TEAM_ID|APP_ID|CLIENT_ID|REGION|URL|HOST|ID|ENDPOINT"
            r"|PROVIDER|BUCKET|PREFIX|DOMAIN|PORT|OPTIONS|FLAGS|CHANNEL|PROJECT|NAME|REPO|REPOSITORY|ORG|VERSION)$"
        ),
    ),
)
_PATTERNS = tuple((worth, re.compile(pattern)) for worth, pattern in _NAMES)

_WRITES = {
    "contents": 75, "packages": 75, "actions": 65, "attestations": 55, "deployments": 55, "pages": 55,
    "pull-requests": 40,
}  # fmt: skip
_OTHER = 25
_MACHINE = 50
_ASSUMED = 55
"""Write that no file grants: the repository's default, which since 2023 begins as read only."""
_KINDS = {
    TargetKind.SIGNING: 100,
    TargetKind.RELEASE: 90,
    TargetKind.ARTIFACT: 65,
    TargetKind.CACHE: 35,
    TargetKind.OIDC: 70,
    TargetKind.CREDENTIAL: 70,
}
LESSER_RELEASES = {
    "git": 55,
    "pages": 55,
    "deploy": 75,
    "netlify": 55,
    "vercel": 70,
    "cloudflare": 70,
    "firebase": 70,
}
"""What is published and worth less than a package, an image or a release that people install."""
_ADDRESS_WITH_PASSWORD = re.compile(r"(?:DB|DATABASE|REDIS|MONGO|POSTGRES|MYSQL|AMQP|WEBHOOK|SQL).*UR[LI]$")
_HARMLESS_ID = re.compile(_NAMES[-1][1])


def name_worth(name: str) -> int:
    """What a secret of this name is worth, going by its name alone."""
    folded = name.upper().replace("-", "_")
    if name == "*":
        return 90
    if _HARMLESS_ID.search(folded) and not _ADDRESS_WITH_PASSWORD.search(folded):
        return 25
    return next((worth for worth, pattern in _PATTERNS if pattern.search(folded)), _UNKNOWN)


def token_worth(scope: str) -> int:
    """What a job's own token is worth with these permissions (`contents:write packages:read`)."""
    if "assume write" in scope:
        return _ASSUMED
    granted = [part.partition(":") for part in scope.split()]
    written = [
        _WRITES.get(name, _OTHER) for name, _, level in granted if level == "write" and name != "id-token"
    ]
    return max(written, default=15)


def weighed(target: Target, publishes: bool = False) -> Target:
    """The target with its worth. `publishes`: an identity (OIDC) stands beside a step that publishes."""
    if target.kind is TargetKind.SECRET:
        worth = name_worth(target.name)
    elif target.kind is TargetKind.TOKEN:
        worth = token_worth(target.scope)
    elif target.kind is TargetKind.OIDC and publishes:
        worth = 95
    elif target.name.startswith("runner:"):
        worth = _MACHINE
    elif target.kind is TargetKind.RELEASE:
        worth = LESSER_RELEASES.get(target.name, _KINDS[TargetKind.RELEASE])
    else:
        worth = _KINDS[target.kind]
    return replace(target, worth=worth)
