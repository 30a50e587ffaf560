"""Commands that log in, import keys or write a client's settings: a credential stays behind on the machine.

Source: security(1), gpg(1), ssh-add(1), docker-login(1), npm-config(1); the command references of the clouds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .inner import docker_words
from .running import Run

_Rule = tuple[tuple[str, ...], str, str]
"""Words that a command begins with, the effect's kind and its detail; an empty detail is the next word."""

_RULES: dict[str, tuple[_Rule, ...]] = {
    "helm": ((("registry", "login"), "docker-login", ""),),
    "crane": ((("auth", "login"), "docker-login", ""),),
    "oras": ((("login",), "docker-login", ""),),
    "regctl": ((("registry", "login"), "docker-login", ""),),
    "az": ((("login",), "cloud-login", "azure"), (("acr", "login"), "docker-login", "azurecr")),
    "gcloud": (
        (("auth", "configure-docker"), "docker-login", "gcr"),
        (("auth", "login"), "cloud-login", "gcp"),
        (("auth", "activate-service-account"), "cloud-login", "gcp"),
        (("auth", "application-default"), "cloud-login", "gcp"),
    ),
    "aws": (
        (("configure",), "cloud-login", "aws"),
        (("sso", "login"), "cloud-login", "aws"),
        (("sts", "assume-role"), "cloud-login", "aws"),
        (("sts", "assume-role-with-web-identity"), "cloud-login", "aws"),
        (("eks", "update-kubeconfig"), "cloud-login", "aws"),
    ),
    "kubectl": ((("config", "set-credentials"), "cloud-login", "kubernetes"),),
    "vault": ((("login",), "cloud-login", "vault"),),
    "doctl": ((("auth",), "cloud-login", "digitalocean"),),
    "fly": ((("auth",), "cloud-login", "fly"),),
    "flyctl": ((("auth",), "cloud-login", "fly"),),
    "heroku": ((("login",), "cloud-login", "heroku"), (("container:login",), "docker-login", "heroku")),
    "ibmcloud": ((("login",), "cloud-login", "ibm"),),
    "pulumi": ((("login",), "cloud-login", "pulumi"),),
    "tailscale": ((("up",), "cloud-login", "tailscale"), (("login",), "cloud-login", "tailscale")),
    "op": ((("signin",), "cloud-login", "1password"),),
    "infisical": ((("login",), "cloud-login", "infisical"),),
    "npm": ((("login",), "registry-login", "npm"), (("adduser",), "registry-login", "npm")),
    "pnpm": ((("login",), "registry-login", "npm"),),
    "yarn": ((("login",), "registry-login", "npm"), (("npm", "login"), "registry-login", "npm")),
    "cargo": ((("login",), "registry-login", "crates.io"),),
    "hf": (
        (("auth", "login"), "registry-login", "huggingface"),
        (("login",), "registry-login", "huggingface"),
    ),
    "huggingface-cli": ((("login",), "registry-login", "huggingface"),),
    "gh": (
        (("auth", "login"), "registry-login", "github"),
        (("auth", "setup-git"), "registry-login", "github"),
    ),
    "gem": ((("signin",), "registry-login", "rubygems"),),
    "security": ((("import",), "keychain-import", "login.keychain"),),
    "import-pfxcertificate": (((), "keychain-import", "certificate store"),),
}
_OPTIONED: dict[str, tuple[frozenset[str], str, str]] = {
    "gpg": (frozenset(("--import",)), "gpg-import", "gpg keyring"),
    "gpg2": (frozenset(("--import",)), "gpg-import", "gpg keyring"),
    "certutil": (frozenset(("-importpfx", "-addstore")), "keychain-import", "certificate store"),
    "xcrun": (frozenset(("store-credentials",)), "keychain-import", "notarytool"),
    "notarytool": (frozenset(("store-credentials",)), "keychain-import", "notarytool"),
}
_SETTINGS: dict[str, tuple[_Rule, ...]] = {
    "npm": ((("config", "set"), "npmrc", ".npmrc"), (("set",), "npmrc", ".npmrc")),
    "pnpm": ((("config", "set"), "npmrc", ".npmrc"), (("set",), "npmrc", ".npmrc")),
    "yarn": ((("config", "set"), "npmrc", ".yarnrc.yml"),),
    "poetry": ((("config",), "registry-login", "pypi"),),
    "pdm": ((("config",), "registry-login", "pypi"),),
    "pip": ((("config", "set"), "registry-login", "pypi"),),
    "dotnet": (
        (("nuget", "add", "source"), "registry-login", "nuget"),
        (("nuget", "update", "source"), "registry-login", "nuget"),
    ),
    "nuget": ((("sources",), "registry-login", "nuget"), (("setapikey",), "registry-login", "nuget")),
    "bundle": (
        (("config",), "registry-login", "rubygems"),
        (("set", "config"), "registry-login", "rubygems"),
    ),
}
_SECRET_SETTING = re.compile(r"(?i)auth|token|password|passwd|userconfig|http-basic|credential|apikey")
_SSH_ASKS = frozenset(("-l", "-L", "-D", "-d"))


def logged_in(run: Run) -> Iterator[tuple[str, str]]:
    """(kind, detail) of every credential that this command leaves on the machine."""
    words = [text for text in run.texts if text and not text.startswith("-")]
    if run.program == "ssh-add" and not _SSH_ASKS & set(run.texts):
        yield "ssh-add", words[0] if words else "-"
    elif run.program in ("docker", "podman", "nerdctl", "skopeo", "buildah"):
        inner = [word.text for word in docker_words(run.args)]
        if inner[:1] == ["login"]:
            yield "docker-login", _registry(inner[1:])
    elif run.program == "git" and _git(run, words):
        yield "registry-login", "git"
    option = _OPTIONED.get(run.program)
    if option and option[0] & {text.lower() for text in run.texts}:
        yield option[1:]
    yield from _ruled(run, words)


def _ruled(run: Run, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start, kind, detail in _RULES.get(run.program, ()):
        if tuple(words[: len(start)]) == start:
            named = words[len(start)] if len(words) > len(start) else ""
            keychain = _behind(run.texts, "-k") or _behind(run.texts, "-certstorelocation")
            yield kind, (keychain or detail) if kind == "keychain-import" else detail or named
            return
    held = any(word.variables or word.expressions for word in run.args)
    for start, kind, detail in _SETTINGS.get(run.program, ()):
        if tuple(words[: len(start)]) == start and (held or _SECRET_SETTING.search(" ".join(run.texts))):
            if kind != "npmrc" or _SECRET_SETTING.search(" ".join(run.texts)):
                yield kind, detail
            return


def _git(run: Run, words: Sequence[str]) -> bool:
    text = " ".join(run.texts)
    held = any(word.variables or word.expressions for word in run.args)
    if "config" in words[:2] and re.search(r"(?i)extraheader|insteadof|credential\.helper", text):
        return held or "credential.helper" in text.lower()
    return (
        held
        and list(words[:2]) in (["remote", "set-url"], ["remote", "add"])
        and bool(re.search(r"://[^/\s]*@", text))
    )


def _behind(texts: Sequence[str], option: str) -> str:
    folded = [text.lower() for text in texts]
    return texts[folded.index(option) + 1] if option in folded[:-1] else ""


def _registry(texts: Sequence[str]) -> str:
    """The registry of a `docker login`: its last word, if no option takes it."""
    skip, found = False, ""
    for text in texts:
        if skip:
            skip = False
        elif text in ("-u", "--username", "-p", "--password", "--authfile"):
            skip = True
        elif not text.startswith("-"):
            found = text
    return found
