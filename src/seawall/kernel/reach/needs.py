"""What a known action may use of the job's token is told by its own documentation.

The most that it may ask for with the inputs it is given: an action that is not in the table is not harmless,
it is unknown. Drawn from the actions' documentation as of November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

from .known_actions import ALWAYS, Inputs, KnownAction, When, equals, given, unless

Needed = tuple[tuple[str, When], ...]
"""(`scope:level`, when) pairs."""


def _always(*grants: str) -> Needed:
    return tuple((grant, ALWAYS) for grant in grants)


_NONE: Needed = ()
_READS = _always("contents:read")
_RELEASES = _always("contents:write")
_PUSHES = _always("contents:write", "pull-requests:write")
_ATTESTS = (*_always("attestations:write", "contents:read"), ("packages:write", given("push-to-registry")))
_IMAGES = _always("packages:write", "contents:read")
_COMMENTS = ("comment-summary-in-pr", "")
_AGENTS = _always("contents:write", "pull-requests:write", "issues:write", "actions:read")

_NOTHING_ASKED = """
actions/cache actions/cache/restore actions/cache/save actions/upload-artifact actions/upload-artifact/merge
actions/upload-pages-artifact actions/create-github-app-token actions/add-to-project
actions/jekyll-build-pages aws-actions/configure-aws-credentials aws-actions/amazon-ecr-login
aws-actions/aws-secretsmanager-get-secrets google-github-actions/auth google-github-actions/setup-gcloud
google-github-actions/get-secretmanager-secrets azure/login azure/docker-login hashicorp/vault-action
1password/load-secrets-action 1password/load-secrets-action/configure hashicorp/setup-terraform
webfactory/ssh-agent crazy-max/ghaction-import-gpg apple-actions/import-codesign-certs
apple-actions/download-provisioning-profiles rust-lang/crates-io-auth-action
rubygems/configure-rubygems-credentials pypa/gh-action-pypi-publish js-devtools/npm-publish
tibdex/github-app-token getsentry/action-github-app-token peter-murray/workflow-application-token-action
sigstore/cosign-installer azure/trusted-signing-action azure/artifact-signing-action
dlemstra/code-sign-action appleboy/ssh-action swatinem/rust-cache dtolnay/rust-toolchain
actions-rust-lang/setup-rust-toolchain taiki-e/install-action extractions/setup-just
subosito/flutter-action mamba-org/setup-micromamba conda-incubator/setup-miniconda
docker/setup-buildx-action docker/setup-qemu-action docker/metadata-action pypa/cibuildwheel
pre-commit/action aquasecurity/setup-trivy reviewdog/action-setup codecov/codecov-action
coverallsapp/github-action step-security/harden-runner denoland/setup-deno
pnpm/action-setup tailscale/github-action redhat-actions/podman-login
shimataro/ssh-key-action octo-sts/action timheuer/base64-to-file electron/github-app-auth-action
haaleo/publish-vscode-extension r0adkll/sign-android-release r0adkll/upload-google-play
snapcore/action-publish ksxgithub/github-actions-deploy-aur katyo/publish-crates codspeedhq/action
actions-rs/cargo lukka/run-vcpkg moonrepo/setup-rust cachix/cachix-action
crazy-max/ghaction-github-runtime
"""
_CONTENT_READ = """
actions/checkout actions/setup-node actions/setup-python actions/setup-go actions/setup-java
actions/setup-dotnet astral-sh/setup-uv astral-sh/ruff-action oven-sh/setup-bun ruby/setup-ruby
jdx/mise-action
"""

NEEDS: dict[str, Needed] = {
    **dict.fromkeys(_NOTHING_ASKED.split(), _NONE),
    **dict.fromkeys(_CONTENT_READ.split(), _READS),
    "actions/download-artifact": (("actions:read", given("run-id")),),
    "actions/configure-pages": (("pages:write", given("enablement")), ("pages:read", ALWAYS)),
    "actions/deploy-pages": _always("pages:write", "actions:read"),
    "actions/attest": _ATTESTS,
    "actions/attest-build-provenance": _ATTESTS,
    "actions/attest-sbom": _ATTESTS,
    "actions/create-release": _RELEASES,
    "actions/upload-release-asset": _RELEASES,
    "actions/ai-inference": _always("models:read", "contents:read"),
    "actions/labeler": _always("contents:read", "pull-requests:write", "issues:write"),
    "actions/stale": (
        *_always("issues:write", "pull-requests:write", "actions:write"),
        ("contents:write", given("delete-branch")),
    ),
    "actions/first-interaction": _always("issues:write", "pull-requests:write"),
    "actions/dependency-review-action": (
        *_READS,
        ("pull-requests:write", When((_COMMENTS,), (("comment-summary-in-pr", "never"),))),
    ),
    "github/codeql-action": _always(
        "security-events:write", "contents:read", "actions:read", "packages:read"
    ),
    "docker/login-action": _always("packages:write"),
    "docker/build-push-action": _IMAGES,
    "docker/bake-action": _IMAGES,
    "depot/build-push-action": _IMAGES,
    "rubygems/release-gem": _RELEASES,
    "changesets/action": _PUSHES,
    "cycjimmy/semantic-release-action": _always("contents:write", "issues:write", "pull-requests:write"),
    "pyo3/maturin-action": _NONE,
    "softprops/action-gh-release": (*_RELEASES, ("discussions:write", given("discussion_category_name"))),
    "ncipollo/release-action": (*_RELEASES, ("discussions:write", given("discussioncategory"))),
    "svenstaro/upload-release-action": _RELEASES,
    "googleapis/release-please-action": _always("contents:write", "issues:write", "pull-requests:write"),
    "google-github-actions/release-please-action": _always(
        "contents:write", "issues:write", "pull-requests:write"
    ),
    "peter-evans/create-pull-request": _PUSHES,
    "stefanzweifel/git-auto-commit-action": _RELEASES,
    "endbug/add-and-commit": _RELEASES,
    "ad-m/github-push-action": _RELEASES,
    "peaceiris/actions-gh-pages": _RELEASES,
    "jamesives/github-pages-deploy-action": _RELEASES,
    "cloudflare/wrangler-action": (("deployments:write", given("githubtoken")),),
    "pulumi/actions": _always("pull-requests:write", "contents:read"),
    "sigstore/gh-action-sigstore-python": (("contents:write", unless("release-signing-artifacts")),),
    "signpath/github-action-submit-signing-request": _always("actions:read", "contents:read"),
    "samuelmeuli/action-electron-builder": _RELEASES,
    "tauri-apps/tauri-action": _RELEASES,
    "anthropics/claude-code-action": _AGENTS,
    "google-github-actions/run-gemini-cli": _AGENTS,
    "qodo-ai/pr-agent": _AGENTS,
    "sst/opencode": _AGENTS,
    "anomalyco/opencode": _AGENTS,
    "gradle/actions": (
        ("contents:write", given("dependency-graph")),
        ("pull-requests:write", given("add-job-summary-as-pr-comment")),
        ("contents:read", ALWAYS),
    ),
    "gradle/gradle-build-action": (("contents:write", given("dependency-graph")),),
    "golangci/golangci-lint-action": _always("contents:read", "pull-requests:read", "checks:write"),
    "super-linter/super-linter": _always(
        "contents:read", "packages:read", "statuses:write", "issues:write", "pull-requests:write"
    ),
    "github/super-linter": _always(
        "contents:read", "packages:read", "statuses:write", "issues:write", "pull-requests:write"
    ),
    "release-drafter/release-drafter": _PUSHES,
    "release-plz/action": _PUSHES,
    "tauri-apps/create-pull-request": _PUSHES,
    "taiki-e/checkout-action": _READS,
    "hmarr/auto-approve-action": _always("pull-requests:write"),
    "marocchino/sticky-pull-request-comment": _always("pull-requests:write", "issues:write"),
    "peter-evans/create-or-update-comment": _always("pull-requests:write", "issues:write"),
    "peter-evans/repository-dispatch": _RELEASES,
    "benchmark-action/github-action-benchmark": (
        *_always("contents:write", "pull-requests:write"),
        ("deployments:write", ALWAYS),
    ),
    "nwtgck/actions-netlify": _always(
        "deployments:write", "pull-requests:write", "issues:write", "statuses:write", "contents:write"
    ),
    "ossf/scorecard-action": _always(
        "security-events:write", "contents:read", "actions:read", "issues:read", "pull-requests:read",
        "checks:read",
    ),
    "zizmorcore/zizmor-action": _always("security-events:write", "contents:read", "actions:read"),
    "aquasecurity/trivy-action": (*_READS, ("security-events:write", equals("format", "sarif"))),
    "tj-actions/changed-files": _always("contents:read", "pull-requests:read"),
    "dorny/paths-filter": _always("contents:read", "pull-requests:read"),
    "dawidd6/action-download-artifact": _always("actions:read", "pull-requests:read"),
}  # fmt: skip
"""By the name of a known action; one that runs what it is given has no entry."""


def needs_of(known: KnownAction, inputs: Inputs) -> Mapping[str, str] | None:
    """Scope → level of all that this action may use with these inputs; None where that is not known."""
    repository = "/".join(known.name.split("/")[:2])
    needed = NEEDS.get(known.name, NEEDS.get(repository))
    if needed is None:
        return None
    found: dict[str, str] = {}
    for grant, when in needed:
        if when.holds(inputs):
            scope, _, level = grant.partition(":")
            if found.get(scope) != "write":
                found[scope] = level
    return found
