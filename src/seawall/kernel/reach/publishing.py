"""Commands that sign and commands that publish: where bytes of the job become bytes of its users.

Source: the command references of the tools named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from .inner import docker_words
from .running import Run

_DRY = ("--dry-run", "--dryrun", "-n-dry", "--help", "-h", "--snapshot")
_ALWAYS_SIGN = (
    "codesign",
    "productsign",
    "jarsigner",
    "apksigner",
    "debsign",
    "rpmsign",
    "azuresigntool",
    "smctl",
    "electron-notarize",
    "rcodesign",
    "jsign",
)
_SIGN_WORDS = {
    "signtool": ("sign",),
    "osslsigncode": ("sign",),
    "cosign": ("sign", "sign-blob", "attest", "attest-blob"),
    "minisign": ("-S",),
    "tauri": ("signer",),
    "signify": ("-S",),
    "sigstore": ("sign",),
    "notation": ("sign",),
    "gpg": (
        "--detach-sign",
        "-b",
        "--sign",
        "-s",
        "--clearsign",
        "--clear-sign",
        "-ab",
        "-sab",
        "--detach-sig",
    ),
    "gpg2": (
        "--detach-sign",
        "-b",
        "--sign",
        "-s",
        "--clearsign",
        "--clear-sign",
        "-ab",
        "-sab",
        "--detach-sig",
    ),
    "notarytool": ("submit",),
    "rpm": ("--addsign", "--resign"),
    "trusted-signing-cli": ("",),
    "npm-x": (),
}
_PUBLISH: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "npm": ((("publish",), "npm"), (("stage", "publish"), "npm"), (("dist-tag", "add"), "npm")),
    "pnpm": ((("publish",), "npm"), (("-r", "publish"), "npm")),
    "yarn": ((("publish",), "npm"), (("npm", "publish"), "npm")),
    "bun": ((("publish",), "npm"),),
    "lerna": ((("publish",), "npm"),),
    "changeset": ((("publish",), "npm"),),
    "napi": ((("prepublish",), "npm"), (("pre-publish",), "npm")),
    "nx": ((("release",), "npm"),),
    "vp": ((("pm", "publish"), "npm"),),
    "jsr": ((("publish",), "jsr"),),
    "electron-builder": ((("--publish",), "github-release"), (("-p",), "github-release")),
    "electron-forge": ((("publish",), "github-release"),),
    "semantic-release": (((), "release"),),
    "release-it": (((), "release"),),
    "twine": ((("upload",), "pypi"),),
    "uv": ((("publish",), "pypi"),),
    "poetry": ((("publish",), "pypi"),),
    "pdm": ((("publish",), "pypi"),),
    "hatch": ((("publish",), "pypi"),),
    "flit": ((("publish",), "pypi"),),
    "maturin": ((("publish",), "pypi"), (("upload",), "pypi")),
    "cargo": (
        (("publish",), "crates.io"),
        (("release",), "crates.io"),
        (("workspaces", "publish"), "crates.io"),
    ),
    "release-plz": ((("release",), "crates.io"),),
    "gem": ((("push",), "rubygems"),),
    "pod": ((("trunk", "push"), "cocoapods"),),
    "mix": ((("hex.publish",), "hex"),),
    "dart": ((("pub", "publish"), "pub"),),
    "flutter": ((("pub", "publish"), "pub"),),
    "wingetcreate": ((("update",), "winget"), (("submit",), "winget"), (("new",), "winget")),
    "goreleaser": ((("release",), "github-release"), ((), "")),
    "gh": (
        (("release", "create"), "github-release"),
        (("release", "upload"), "github-release"),
        (("release", "edit"), "github-release"),
    ),
    "hub": ((("release", "create"), "github-release"),),
    "dotnet": ((("nuget", "push"), "nuget"),),
    "nuget": ((("push",), "nuget"),),
    "choco": ((("push",), "chocolatey"),),
    "vsce": ((("publish",), "vscode"),),
    "ovsx": ((("publish",), "openvsx"),),
    "helm": ((("push",), "helm"),),
    "oras": ((("push",), "image"), (("attach",), "image")),
    "crane": ((("push",), "image"), (("copy",), "image"), (("tag",), "image"), (("append",), "image")),
    "skopeo": ((("copy",), "image"),),
    "ko": ((("build",), "image"), (("publish",), "image"), (("apply",), "image")),
    "hf": ((("upload",), "huggingface"), (("upload-large-folder",), "huggingface")),
    "huggingface-cli": ((("upload",), "huggingface"),),
    "anaconda": ((("upload",), "anaconda"),),
    "snapcraft": ((("upload",), "snap"), (("push",), "snap"), (("release",), "snap")),
    "fastlane": (((), "app-store"),),
    "altool": ((("--upload-app",), "app-store"),),
    "eas": ((("submit",), "app-store"),),
    "mike": ((("deploy",), "pages"),),
    "mkdocs": ((("gh-deploy",), "pages"),),
    "gh-pages": (((), "pages"),),
    "wrangler": (
        (("deploy",), "cloudflare"),
        (("publish",), "cloudflare"),
        (("pages", "deploy"), "cloudflare"),
    ),
    "vercel": ((("deploy",), "vercel"), ((), "vercel")),
    "netlify": ((("deploy",), "netlify"),),
    "firebase": ((("deploy",), "firebase"),),
    "fly": ((("deploy",), "fly"),),
    "flyctl": ((("deploy",), "fly"),),
    "serverless": ((("deploy",), "deploy"),),
    "sls": ((("deploy",), "deploy"),),
    "cdk": ((("deploy",), "deploy"),),
    "sam": ((("deploy",), "deploy"),),
    "terraform": ((("apply",), "deploy"),),
    "tofu": ((("apply",), "deploy"),),
    "pulumi": ((("up",), "deploy"),),
    "kubectl": ((("apply",), "deploy"), (("rollout",), "deploy")),
    "gcloud": (
        (("app", "deploy"), "deploy"),
        (("run", "deploy"), "deploy"),
        (("functions", "deploy"), "deploy"),
    ),
    "git": ((("push",), "git"),),
}
_JAVA = {"mvn": "maven", "mvnw": "maven", "gradle": "maven", "gradlew": "maven", "sbt": "maven"}
_CLOUD = re.compile(r"(?:s3|gs|b2|r2|az|https?)://|(?:[\w.-]+@)?[\w.-]{2,}:(?![\\/]{2})|\$")
_COPIES = {
    "aws": r"\bs3(?:api)? (?:cp|sync|mv|put-object)\b",
    "gsutil": r"\b(?:cp|rsync)\b",
    "gcloud": r"\bstorage (?:cp|rsync)\b",
    "rclone": r"\b(?:copy|sync|copyto)\b",
    "az": r"\bstorage blob upload",
    "scp": r"",
    "rsync": r"",
    "b2": r"\b(?:upload-file|file upload|sync)\b",
    "s3cmd": r"\b(?:put|sync)\b",
}


def signed(run: Run) -> str:
    """The tool with which this command signs, empty when it does not."""
    texts = run.texts
    program = run.program
    if program == "xcrun" and texts[:1]:
        program, texts = texts[0], texts[1:]
    if program in _ALWAYS_SIGN:
        looks = {
            "-v",
            "-vv",
            "--verify",
            "-dv",
            "-d",
            "--display",
            "-verify",
            "verify",
            "--check-signature",
            "-dvv",
        }
        signs = {"-s", "--sign", "sign", "-f", "--force"} & set(texts)
        return program if signs or not looks & set(texts) else ""
    words = _SIGN_WORDS.get(program)
    said = {text[:2] for text in texts} if program == "minisign" else set(texts)
    if words is not None and (not words or set(words) & said):
        return program
    if (
        program == "git"
        and texts[:1] in (["tag"], ["commit"])
        and {"-s", "--sign", "-S", "--gpg-sign", "-u"} & set(texts[1:])
    ):
        return "git" if texts[0] == "tag" or "-S" in texts or "--gpg-sign" in texts else ""
    if program in ("dotnet", "nuget") and "sign" in texts[:2]:
        return "nuget"
    if program == "helm" and texts[:1] == ["package"] and "--sign" in texts:
        return "helm"
    return ""


def published(run: Run) -> Iterator[str]:
    """What this command publishes to (`npm`, `pypi`, `image`, `github-release` …)."""
    texts = run.texts
    if any(text in _DRY or (text.startswith("--dry-run=") and text != "--dry-run=false") for text in texts):
        return
    program = run.program
    if program == "xcrun" and texts[:1]:
        program, texts = texts[0], texts[1:]
    if program in ("docker", "podman", "nerdctl", "buildah"):
        words = [word.text for word in docker_words(run.args)]
        if (
            words[:1] == ["push"]
            or (words[:1] in (["build"], ["bake"]) and _pushes(words))
            or words[:2] == ["imagetools", "create"]
        ):
            yield "image"
        return
    if program in _JAVA and any(
        re.match(r":?[\w:-]*(?:deploy|publish|uploadArchives|closeAndRelease)", t) for t in texts
    ):
        yield _JAVA[program]
        return
    joined = " ".join(texts)
    if program in _COPIES and re.search(_COPIES[program], joined) and _outward(texts):
        yield "deploy" if program in ("scp", "rsync") else "storage"
    else:
        yield from _listed(program, texts)


def _listed(program: str, texts: list[str]) -> Iterator[str]:
    """What the table says of a program and its plain words."""
    if program == "electron-builder" and ("never" in texts or "--publish=never" in texts):
        return
    plain = list(_plain(texts))
    if program == "yarn" and ("npm", "publish") in pairwise(plain):
        plain = ["npm", "publish"]
    if program in _RUNNERS and plain[:1] and plain[0] in _OF_NPM:
        program, plain = plain[0], plain[1:]
    for words, name in _PUBLISH.get(program, ()):
        if plain[: len(words)] == list(words) or (
            words and words[0].startswith("-") and set(words) <= set(texts)
        ):
            if name and not (program == "git" and _only_looks(texts)):
                yield name
            return


_RUNNERS = frozenset(("pnpm", "yarn", "bun"))
"""They run a package's program by its name alone."""
_OF_NPM = frozenset(
    (
        "changeset", "lerna", "semantic-release", "release-it", "vsce", "ovsx", "wrangler", "vercel",
        "netlify", "firebase", "gh-pages", "napi", "nx", "jsr", "electron-builder", "electron-forge",
    )
)  # fmt: skip
_TAKES_VALUE = frozenset(
    (
        "-C", "--prefix", "--filter", "-F", "--dir", "-R", "--repo", "--cwd", "--workspace",
        "--manifest-path", "--registry", "--userconfig", "--project",
    )
)  # fmt: skip


def _plain(texts: list[str]) -> Iterator[str]:
    """The words that are no option and no value of one; a toolchain (`+nightly`) is none either."""
    skips = False
    for text in texts:
        if skips or text.startswith(("-", "+")):
            skips = not skips and text in _TAKES_VALUE
        else:
            yield text


def _pushes(words: list[str]) -> bool:
    return "--push" in words or any("type=registry" in word or "push=true" in word for word in words)


def _outward(texts: list[str]) -> bool:
    """What is copied goes to a cloud: its last place is one, or the command only uploads."""
    if "put-object" in texts or "upload" in " ".join(texts) or "upload-file" in texts:
        return True
    places = [text for text in texts if not text.startswith("-")]
    return bool(places) and bool(_CLOUD.match(places[-1]))


def _only_looks(texts: list[str]) -> bool:
    return "-n" in texts
