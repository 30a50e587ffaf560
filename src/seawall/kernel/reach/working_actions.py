"""Known actions that work with what they are given: publish, sign, let a model act, install, cache.

Drawn from the actions' own metadata and documentation as of November 2026. An entry names only what matters
for reach: where bytes go, whose identity is used, where code of others comes in.
"""

from __future__ import annotations

from .further_actions import FURTHER
from .known_actions import ALWAYS, Does, KnownAction, Left, When, equals, given, unless

_INSTALL = (Does("install"),)
_CACHE_INPUT = Does("cache", ("cache",), given("cache"))
_TOKEN = ("token",)
_GITHUB_TOKEN = ("github-token",)
_GITHUB_TOKEN_ = ("github_token",)


def _installer(name: str, *deeds: Does, token: tuple[str, ...] = (), attack: str = "") -> KnownAction:
    return KnownAction(name, does=(*_INSTALL, *deeds), token=token, attack=attack)


_FILES = ("files",)

PUBLISHERS: tuple[KnownAction, ...] = (
    KnownAction(
        "pypa/gh-action-pypi-publish",
        does=(
            Does("package", ("packages-dir", "packages_dir")),
            Does("attest", ("packages-dir",), When((), (("attestations", "false"),), ("password",))),
        ),
        oidc=When(absent=("password",)),
    ),
    KnownAction(
        "js-devtools/npm-publish",
        does=(Does("package", ("package",), unless("dry-run", "true")),),
        oidc=When(absent=("token",)),
    ),
    KnownAction("rubygems/release-gem", does=(Does("package"), Does("tree"), Does("branch")), oidc=ALWAYS),
    KnownAction(
        "changesets/action",
        does=(
            Does("package", ("publish", "publish-script"), given("publish", "publish-script")),
            Does("branch"),
            Does("execute", ("publish", "version", "publish-script", "version-script")),
        ),
        token=_GITHUB_TOKEN,
        oidc=given("publish", "publish-script"),
    ),
    KnownAction(
        "cycjimmy/semantic-release-action", does=(Does("package"), Does("release"), *_INSTALL), oidc=ALWAYS
    ),
    KnownAction(
        "pyo3/maturin-action",
        does=(
            *_INSTALL,
            Does("tree"),
            Does("package", ("command",), When((("command", "publish"), ("command", "upload")))),
        ),
        token=_TOKEN,
    ),
    KnownAction("softprops/action-gh-release", does=(Does("release", _FILES),), token=_TOKEN),
    KnownAction("ncipollo/release-action", does=(Does("release", ("artifacts", "artifact")),), token=_TOKEN),
    KnownAction("svenstaro/upload-release-action", does=(Does("release", ("file",)),), token=("repo_token",)),
    KnownAction(
        "goreleaser/goreleaser-action",
        does=(
            *_INSTALL,
            Does("tree", when=unless("install-only", "true")),
            Does("release", when=unless("install-only", "true")),
        ),
    ),
    KnownAction("googleapis/release-please-action", does=(Does("release"), Does("branch")), token=_TOKEN),
    KnownAction(
        "google-github-actions/release-please-action", does=(Does("release"), Does("branch")), token=_TOKEN
    ),
    KnownAction(
        "docker/build-push-action",
        does=(
            Does("image-build", ("context", "file", "secrets", "build-args", "ssh")),
            Does("image", ("tags",), When((("push", "true"), ("outputs", "")))),
            Does("cache", ("cache-to", "cache-from"), given("cache-to")),
        ),
        token=_GITHUB_TOKEN,
    ),
    KnownAction(
        "depot/build-push-action",
        does=(
            Does("image-build", ("context", "file", "secrets", "build-args")),
            Does("image", ("tags",), When((("push", "true"), ("outputs", "")))),
        ),
        token=_GITHUB_TOKEN,
        oidc=ALWAYS,
    ),
    KnownAction(
        "docker/bake-action",
        does=(
            Does("image-build", ("files", "targets", "set")),
            Does("image", ("targets",), When((("push", "true"), ("set", "")))),
        ),
        token=_GITHUB_TOKEN,
    ),
    KnownAction("peter-evans/create-pull-request", does=(Does("branch", ("branch",)),), token=_TOKEN),
    KnownAction("stefanzweifel/git-auto-commit-action", does=(Does("branch", ("branch",)),)),
    KnownAction("endbug/add-and-commit", does=(Does("branch", when=unless("push")),), token=_GITHUB_TOKEN_),
    KnownAction("ad-m/github-push-action", does=(Does("branch", ("branch",)),), token=_GITHUB_TOKEN_),
    KnownAction(
        "peaceiris/actions-gh-pages",
        (Left("ssh", "deploy key", "`~/.ssh/github`", ("deploy_key",), when=given("deploy_key")),),
        (Does("pages", ("publish_dir",)), Does("branch", ("publish_branch",))),
    ),
    KnownAction(
        "jamesives/github-pages-deploy-action",
        (Left("ssh", "deploy key", "the SSH agent", ("ssh-key",), when=given("ssh-key")),),
        (Does("pages", ("folder",)), Does("branch", ("branch",))),
        token=_TOKEN,
    ),
    KnownAction(
        "cloudflare/wrangler-action",
        does=(
            Does("deploy", ("command",)),
            *_INSTALL,
            Does("execute", ("precommands", "postcommands"), given("precommands", "postcommands")),
        ),
    ),
    KnownAction("appleboy/ssh-action", does=(Does("deploy", ("script",)),)),
    KnownAction("pulumi/actions", does=(Does("deploy", ("command",)), Does("tree")), token=_GITHUB_TOKEN),
    KnownAction(
        "slsa-framework/slsa-github-generator",
        does=(Does("attest"), Does("release", (), given("upload-assets"))),
        oidc=ALWAYS,
    ),
)

SIGNERS: tuple[KnownAction, ...] = (
    _installer("sigstore/cosign-installer"),
    KnownAction(
        "sigstore/gh-action-sigstore-python", does=(*_INSTALL, Does("attest", ("inputs",))), oidc=ALWAYS
    ),
    KnownAction("azure/trusted-signing-action", does=(Does("sign", ("files", "files-folder")),), oidc=ALWAYS),
    KnownAction(
        "azure/artifact-signing-action", does=(Does("sign", ("files", "files-folder")),), oidc=ALWAYS
    ),
    KnownAction(
        "signpath/github-action-submit-signing-request",
        does=(Does("sign", ("github-artifact-id",)),),
        token=_GITHUB_TOKEN,
    ),
    KnownAction("dlemstra/code-sign-action", does=(Does("sign", ("files", "folder")),)),
    KnownAction(
        "samuelmeuli/action-electron-builder",
        does=(
            Does("tree"),
            Does("sign", ("mac_certs", "windows_certs"), given("mac_certs", "windows_certs")),
            Does("release", when=given("release")),
        ),
    ),
    KnownAction(
        "tauri-apps/tauri-action",
        does=(Does("tree"), Does("sign", perhaps=True), Does("release", when=given("tagname", "releaseid"))),
    ),
)

AGENTS: tuple[KnownAction, ...] = (
    KnownAction(
        "anthropics/claude-code-action",
        does=(Does("agent", ("prompt", "claude_args", "settings", "trigger_phrase")), *_INSTALL),
        outputs=(("github_token", "app token"),),
        oidc=ALWAYS,
    ),
    KnownAction(
        "anthropics/claude-code-base-action",
        does=(Does("agent", ("prompt", "prompt_file")), *_INSTALL),
        oidc=given("anthropic_federation_rule_id"),
    ),
    KnownAction("openai/codex-action", does=(Does("agent", ("prompt", "prompt-file")), *_INSTALL)),
    KnownAction(
        "google-github-actions/run-gemini-cli",
        (
            Left(
                "cloud",
                "Google Cloud credentials",
                "a file in the workspace (`gha-creds-*.json`)",
                when=given("gcp_workload_identity_provider"),
            ),
        ),
        (Does("agent", ("prompt",)), *_INSTALL),
        oidc=given("gcp_workload_identity_provider"),
    ),
    KnownAction("qodo-ai/pr-agent", does=(Does("agent"),)),
    KnownAction("sst/opencode", does=(Does("agent", ("prompt",)), *_INSTALL), oidc=ALWAYS),
    KnownAction("anomalyco/opencode", does=(Does("agent", ("prompt",)), *_INSTALL), oidc=ALWAYS),
)

_TJ = "March 2025 (CVE-2025-30066): its tags were moved to code that printed the runner's memory into logs"
_REVIEWDOG = (
    "March 2025 (CVE-2025-30154): its tag was moved to code that printed the runner's memory into logs"
)
_TRIVY = "March 2026: its tags were moved to code that carried off the job's secrets"

TOOLS: tuple[KnownAction, ...] = (
    _installer(
        "astral-sh/setup-uv",
        Does("cache", when=When((), (("enable-cache", "false"), ("save-cache", "false")))),
        token=_GITHUB_TOKEN,
    ),
    _installer("astral-sh/ruff-action", token=_GITHUB_TOKEN),
    _installer(
        "pnpm/action-setup",
        Does("execute", ("run_install",), When((("run_install", ""),), (("run_install", "null"),))),
    ),
    _installer("oven-sh/setup-bun", token=_TOKEN),
    _installer("denoland/setup-deno", _CACHE_INPUT),
    _installer("ruby/setup-ruby", Does("cache", when=given("bundler-cache")), token=_TOKEN),
    _installer(
        "gradle/actions",
        Does("cache", when=When((), (("cache-disabled", "true"), ("cache-read-only", "true")))),
        token=_GITHUB_TOKEN,
    ),
    _installer("gradle/gradle-build-action", Does("cache", when=unless("cache-disabled", "true"))),
    KnownAction(
        "swatinem/rust-cache",
        does=(
            Does("cache", ("key", "shared-key"), unless("save-if")),
            Does("cache-restore", ("key", "shared-key"), equals("save-if", "false")),
        ),
    ),
    _installer("dtolnay/rust-toolchain"),
    _installer("actions-rust-lang/setup-rust-toolchain", Does("cache", when=unless("cache"))),
    _installer("taiki-e/install-action"),
    _installer(
        "jdx/mise-action",
        Does("cache", when=When((), (("cache", "false"), ("cache_save", "false")))),
        Does("tree"),
        token=_GITHUB_TOKEN_,
    ),
    _installer("extractions/setup-just", token=_GITHUB_TOKEN),
    _installer("subosito/flutter-action", _CACHE_INPUT),
    _installer(
        "mamba-org/setup-micromamba", Does("cache", when=given("cache-environment", "cache-downloads"))
    ),
    _installer("conda-incubator/setup-miniconda"),
    _installer("docker/setup-buildx-action", Does("cache", when=unless("cache-binary"))),
    _installer("docker/setup-qemu-action", Does("cache", when=unless("cache-image"))),
    KnownAction("docker/metadata-action", token=_GITHUB_TOKEN),
    KnownAction("pypa/cibuildwheel", does=(Does("tree"), *_INSTALL)),
    KnownAction("pre-commit/action", does=(Does("tree"), Does("install"), Does("cache"))),
    _installer(
        "golangci/golangci-lint-action",
        Does("cache", when=unless("skip-cache", "true")),
        token=_GITHUB_TOKEN,
    ),
    KnownAction(
        "codecov/codecov-action",
        does=_INSTALL,
        oidc=given("use_oidc"),
        attack="April 2021: the uploader it fetched sent the job's variables to strangers",
    ),
    KnownAction("coverallsapp/github-action", does=_INSTALL, token=_GITHUB_TOKEN),
    KnownAction("super-linter/super-linter", does=(Does("tree"),)),
    KnownAction("github/super-linter", does=(Does("tree"),)),
    KnownAction("ossf/scorecard-action", token=("repo_token",), oidc=given("publish_results")),
    KnownAction("zizmorcore/zizmor-action", does=_INSTALL, token=_TOKEN),
    KnownAction("step-security/harden-runner", token=_TOKEN, oidc=given("policy")),
    _installer(
        "aquasecurity/trivy-action",
        Does("cache", when=unless("cache")),
        token=("token-setup-trivy",),
        attack=_TRIVY,
    ),
    _installer("aquasecurity/setup-trivy", Does("cache", when=given("cache")), token=_TOKEN, attack=_TRIVY),
    KnownAction("tj-actions/changed-files", token=_TOKEN, attack=_TJ),
    _installer("reviewdog/action-setup", attack=_REVIEWDOG),
    KnownAction(
        "dawidd6/action-download-artifact",
        does=(Does("download", ("name", "workflow", "run_id", "path")),),
        token=_GITHUB_TOKEN_,
    ),
    KnownAction("dorny/paths-filter", token=_TOKEN),
    KnownAction(
        "nick-fields/retry", does=(Does("execute", ("command", "on_retry_command", "new_command_on_retry")),)
    ),
    KnownAction("mxschmitt/action-tmate", does=(Does("shell"),), token=_GITHUB_TOKEN),
    KnownAction("csexton/debugger-action", does=(Does("shell"),)),
)

WORKING = {action.name: action for table in (PUBLISHERS, SIGNERS, AGENTS, TOOLS, FURTHER) for action in table}
"""By name in lower case."""
