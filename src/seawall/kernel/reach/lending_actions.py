"""Known actions that lend credentials: logins, keys, vaults and tokens, and the runner maker's own actions.

Drawn from the actions' own metadata and documentation as of November 2026. An entry names only what matters
for reach: what stays readable, what comes in, what is made with whose identity.
"""

from __future__ import annotations

from .known_actions import ALWAYS, Does, KnownAction, Left, When, equals, given, unless

_INSTALL = (Does("install"),)
_CACHE_INPUT = Does("cache", ("cache",), given("cache"))
_TOKEN = ("token",)
_GITHUB_TOKEN = ("github-token",)


def _login(name: str, *inputs: str, what: str = "registry login", oidc: When | None = None) -> KnownAction:
    left = Left("registry", what, "the container client's settings (`~/.docker/config.json`)", inputs)
    return KnownAction(name, (left,), oidc=oidc)


def _minter(name: str, oidc: When | None = None) -> KnownAction:
    """An action that exchanges a key or the job's identity for a token."""
    return KnownAction(name, outputs=(("token", "app token"),), oidc=oidc)


GITHUB: tuple[KnownAction, ...] = (
    KnownAction(
        "actions/checkout",
        (
            Left(
                "git",
                "git credentials",
                "`.git/config`, from v6 on the runner's temporary directory",
                ("token", "ssh-key"),
                token=True,
                when=unless("persist-credentials"),
            ),
        ),
        token=_TOKEN,
    ),
    KnownAction(
        "actions/setup-node",
        (
            Left(
                "npmrc",
                "npm registry token",
                "the environment of later steps, which `.npmrc` reads",
                variables=("NODE_AUTH_TOKEN",),
                when=given("registry-url"),
            ),
        ),
        (
            *_INSTALL,
            _CACHE_INPUT,
            Does("cache", (), When((), (("package-manager-cache", "false"),), ("cache",)), perhaps=True),
        ),
        token=_TOKEN,
    ),
    KnownAction("actions/setup-python", does=(*_INSTALL, _CACHE_INPUT), token=_TOKEN),
    KnownAction("actions/setup-go", does=(*_INSTALL, Does("cache", when=unless("cache"))), token=_TOKEN),
    KnownAction(
        "actions/setup-java",
        (
            Left(
                "gpg",
                "GPG key",
                "a keyring of the runner",
                ("gpg-private-key",),
                when=given("gpg-private-key"),
            ),
        ),
        (
            *_INSTALL,
            Does("cache", ("cache",), When((("cache", ""),), (("cache-read-only", "true"),))),
            Does("cache-restore", ("cache",), equals("cache-read-only")),
        ),
        token=_TOKEN,
    ),
    KnownAction(
        "actions/setup-dotnet",
        (
            Left(
                "settings",
                "NuGet token",
                "a NuGet.config beside the workspace",
                variables=("NUGET_AUTH_TOKEN",),
                when=given("source-url"),
            ),
        ),
        (*_INSTALL, _CACHE_INPUT),
    ),
    KnownAction(
        "actions/cache",
        does=(Does("cache", ("key", "path", "restore-keys"), unless("lookup-only", "true")),),
    ),
    KnownAction("actions/cache/restore", does=(Does("cache-restore", ("key", "path", "restore-keys")),)),
    KnownAction("actions/cache/save", does=(Does("cache-save", ("key", "path")),)),
    KnownAction("actions/upload-artifact", does=(Does("upload", ("name", "path")),)),
    KnownAction("actions/upload-artifact/merge", does=(Does("upload", ("name", "pattern")),)),
    KnownAction(
        "actions/download-artifact",
        does=(Does("download", ("name", "pattern", "artifact-ids", "path", "run-id")),),
    ),
    KnownAction("actions/upload-pages-artifact", does=(Does("upload", ("name", "path")),)),
    KnownAction("actions/configure-pages", token=_TOKEN),
    KnownAction("actions/deploy-pages", does=(Does("pages", ("artifact_name",)),), token=_TOKEN, oidc=ALWAYS),
    KnownAction("actions/jekyll-build-pages", does=(Does("tree"),), token=_TOKEN),
    KnownAction("actions/github-script", does=(Does("execute", ("script",)),), token=_GITHUB_TOKEN),
    KnownAction(
        "actions/attest",
        does=(Does("attest", ("subject-path", "subject-name")),),
        token=_GITHUB_TOKEN,
        oidc=ALWAYS,
    ),
    KnownAction(
        "actions/attest-build-provenance",
        does=(Does("attest", ("subject-path", "subject-name")),),
        token=_GITHUB_TOKEN,
        oidc=ALWAYS,
    ),
    KnownAction(
        "actions/attest-sbom",
        does=(Does("attest", ("subject-path", "subject-name")),),
        token=_GITHUB_TOKEN,
        oidc=ALWAYS,
    ),
    KnownAction("actions/create-github-app-token", outputs=(("token", "app token"),)),
    KnownAction("actions/create-release", does=(Does("release"),)),
    KnownAction("actions/upload-release-asset", does=(Does("release", ("asset_path",)),)),
    KnownAction("actions/ai-inference", does=(Does("agent", ("prompt", "prompt-file")),), token=_TOKEN),
    KnownAction("actions/labeler", token=("repo-token",)),
    KnownAction("actions/stale", token=("repo-token",)),
    KnownAction("actions/first-interaction", token=("repo-token",)),
    KnownAction("actions/add-to-project"),
    KnownAction("actions/dependency-review-action", token=("repo-token",)),
    KnownAction("github/codeql-action", does=(Does("install"),), token=_TOKEN),
    KnownAction("github/codeql-action/autobuild", does=(Does("tree"),), token=_TOKEN),
    KnownAction("github/codeql-action/upload-sarif", token=_TOKEN),
)

_AWS_KEYS = ("aws-access-key-id", "aws-secret-access-key", "aws-session-token")
_ENVIRONMENT = "the environment of later steps (`$GITHUB_ENV`)"

LOGINS: tuple[KnownAction, ...] = (
    _login("docker/login-action", "username", "password", "registry-auth"),
    _login("azure/docker-login", "username", "password"),
    _login("redhat-actions/podman-login", "username", "password"),
    _login("aws-actions/amazon-ecr-login", what="ECR login"),
    KnownAction(
        "aws-actions/configure-aws-credentials",
        (Left("cloud", "AWS session", _ENVIRONMENT, _AWS_KEYS, when=unless("output-env-credentials")),),
        outputs=(("aws-secret-access-key", "AWS session"), ("aws-session-token", "AWS session")),
        oidc=When((("role-to-assume", ""),), (("force-skip-oidc", "true"),)),
    ),
    KnownAction(
        "aws-actions/aws-secretsmanager-get-secrets",
        (Left("environment", "secrets of AWS Secrets Manager", _ENVIRONMENT),),
    ),
    KnownAction(
        "google-github-actions/auth",
        (
            Left(
                "cloud",
                "Google Cloud credentials",
                "a file in the workspace (`gha-creds-*.json`) that later steps are pointed to",
                ("credentials_json",),
                when=unless("create_credentials_file"),
            ),
        ),
        outputs=(
            ("auth_token", "Google Cloud token"),
            ("access_token", "Google Cloud token"),
            ("id_token", "Google Cloud token"),
        ),
        oidc=given("workload_identity_provider"),
    ),
    KnownAction("google-github-actions/setup-gcloud", does=_INSTALL),
    KnownAction(
        "google-github-actions/get-secretmanager-secrets",
        (
            Left(
                "environment",
                "secrets of Google Secret Manager",
                _ENVIRONMENT,
                when=given("export_to_environment"),
            ),
        ),
        outputs=(("*", "secret of Google Secret Manager"),),
    ),
    KnownAction(
        "azure/login",
        (Left("cloud", "Azure session", "the Azure CLI's settings (`~/.azure`)", ("creds",)),),
        oidc=unless("auth-type", "identity"),
    ),
    KnownAction(
        "hashicorp/vault-action",
        (
            Left("environment", "secrets of Vault", _ENVIRONMENT, when=unless("exportenv")),
            Left("environment", "Vault token", _ENVIRONMENT, ("token",), when=given("exporttoken")),
        ),
        outputs=(("*", "secret of Vault"),),
        oidc=equals("method", "jwt"),
    ),
    KnownAction(
        "1password/load-secrets-action",
        (Left("environment", "secrets of 1Password", _ENVIRONMENT, when=given("export-env")),),
        _INSTALL,
        outputs=(("*", "secret of 1Password"),),
    ),
    KnownAction(
        "1password/load-secrets-action/configure",
        (
            Left(
                "environment",
                "1Password service account token",
                _ENVIRONMENT,
                ("service-account-token", "connect-token"),
            ),
        ),
    ),
    KnownAction(
        "tailscale/github-action",
        (
            Left(
                "network", "private network (Tailscale)", "the runner's network", ("authkey", "oauth-secret")
            ),
        ),
        _INSTALL,
        oidc=given("audience"),
    ),
    KnownAction(
        "webfactory/ssh-agent",
        (
            Left(
                "ssh", "SSH agent", "the agent's socket, which every later step may ask", ("ssh-private-key",)
            ),
        ),
    ),
    KnownAction("shimataro/ssh-key-action", (Left("ssh", "SSH key", "`~/.ssh`", ("key", "config")),)),
    KnownAction(
        "crazy-max/ghaction-import-gpg",
        (
            Left(
                "gpg", "GPG key", "the agent and the keyring (`~/.gnupg`)", ("gpg_private_key", "passphrase")
            ),
        ),
    ),
    KnownAction(
        "apple-actions/import-codesign-certs",
        (
            Left(
                "keychain",
                "keychain",
                "a keychain that is unlocked until the job ends",
                ("p12-file-base64", "p12-password", "keychain-password"),
            ),
        ),
        outputs=(("keychain-password", "keychain password"),),
    ),
    KnownAction("apple-actions/download-provisioning-profiles"),
    KnownAction(
        "hashicorp/setup-terraform",
        (
            Left(
                "settings",
                "Terraform token",
                "`~/.terraformrc`",
                ("cli_config_credentials_token",),
                when=given("cli_config_credentials_token"),
            ),
        ),
        _INSTALL,
    ),
    KnownAction(
        "crazy-max/ghaction-github-runtime",
        (Left("runtime", "runtime token (cache and artifacts)", _ENVIRONMENT),),
        token=_GITHUB_TOKEN,
    ),
    _minter("tibdex/github-app-token"),
    _minter("getsentry/action-github-app-token"),
    _minter("peter-murray/workflow-application-token-action"),
    _minter("octo-sts/action", oidc=ALWAYS),
    KnownAction("rust-lang/crates-io-auth-action", outputs=(("token", "registry token"),), oidc=ALWAYS),
    KnownAction(
        "rubygems/configure-rubygems-credentials",
        (Left("registry", "registry token", _ENVIRONMENT, ("api-token",)),),
        oidc=When((), (("trusted-publisher", "false"),), ("api-token",)),
    ),
)

LENDING = {action.name: action for table in (GITHUB, LOGINS) for action in table}
"""By name in lower case."""
