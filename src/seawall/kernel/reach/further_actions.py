"""Known actions of single projects that publish, sign, decode keys or make tokens in many release pipelines.

Drawn from the actions' own metadata and documentation as of November 2026.
"""

from __future__ import annotations

from .known_actions import Does, KnownAction, Left, When, given, unless

_TOKEN = ("token",)
_GITHUB_TOKEN = ("github-token",)
_PUBLISHES = When((("command", "publish"), ("command", "version-or-publish")))
_PACKAGE = (Does("package"),)


def _publisher(name: str, *more: Does, token: tuple[str, ...] = ()) -> KnownAction:
    return KnownAction(name, does=(*_PACKAGE, *more), token=token)


FURTHER: tuple[KnownAction, ...] = (
    _publisher("mislav/bump-homebrew-formula-action"),
    _publisher("dawidd6/action-homebrew-bump-formula"),
    _publisher("vedantmgoyal9/winget-releaser"),
    _publisher("vedantmgoyal2009/winget-releaser"),
    _publisher("zokugun/github-actions-aur-releaser"),
    _publisher("ksxgithub/github-actions-deploy-aur"),
    _publisher("flatpak/flatpak-github-actions/flat-manager"),
    _publisher("snapcore/action-publish"),
    _publisher("haaleo/publish-vscode-extension"),
    _publisher("katyo/publish-crates"),
    _publisher("r0adkll/upload-google-play"),
    _publisher("release-plz/action", Does("release"), Does("branch"), Does("tree")),
    KnownAction(
        "jbolda/covector/packages/action",
        does=(Does("package", when=_PUBLISHES), Does("release", when=_PUBLISHES), Does("tree")),
        token=_TOKEN,
    ),
    KnownAction("nwtgck/actions-netlify", does=(Does("deploy"),), token=_GITHUB_TOKEN),
    KnownAction("jsmrcaga/action-netlify-deploy", does=(Does("deploy"), Does("tree"))),
    KnownAction("benchmark-action/github-action-benchmark", does=(Does("branch", when=given("auto-push")),)),
    KnownAction("release-drafter/release-drafter", does=(Does("release"),), token=_TOKEN),
    KnownAction("yesolutions/mirror-action", does=(Does("branch"),)),
    KnownAction("tauri-apps/create-pull-request", does=(Does("branch"),), token=_TOKEN),
    KnownAction("r0adkll/sign-android-release", does=(Does("sign"),)),
    KnownAction(
        "actions-rs/cargo", does=(Does("tree"), Does("package", when=When((("command", "publish"),))))
    ),
    KnownAction("codspeedhq/action", does=(Does("install"), Does("tree")), token=_TOKEN),
    KnownAction("addnab/docker-run-action", does=(Does("tree"),)),
    KnownAction("electron/github-app-auth-action", outputs=(("token", "app token"),)),
    KnownAction("cachix/cachix-action", does=(Does("install"), Does("tree"))),
    KnownAction("peter-evans/repository-dispatch", token=_TOKEN),
    KnownAction("peter-evans/create-or-update-comment", token=_TOKEN),
    KnownAction("marocchino/sticky-pull-request-comment", token=("github_token",)),
    KnownAction("hmarr/auto-approve-action", token=_GITHUB_TOKEN),
    KnownAction(
        "timheuer/base64-to-file",
        (Left("settings", "decoded file", "a file in the runner's temporary directory", ("encodedstring",)),),
    ),
    KnownAction("taiki-e/checkout-action"),
    KnownAction("lukka/run-vcpkg", does=(Does("install"), Does("tree"))),
    KnownAction("moonrepo/setup-rust", does=(Does("install"), Does("cache", when=unless("cache")))),
    KnownAction("rustdesk-org/run-on-arch-action", does=(Does("tree"),)),
    KnownAction("uraimo/run-on-arch-action", does=(Does("tree"),)),
)
