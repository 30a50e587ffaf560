"""What each kind of credential on a machine opens, what losing it costs, and how it is had out of reach.

Costs are on the scale of worth.py: what reaches every user of a package or image stands above the company's
clouds and clusters, these above one person's accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from seawall.kernel.credential import Credential, Held

from .edge import Cut
from .worth import name_worth


@dataclass(frozen=True, slots=True)
class Key:
    """`title` as people call it, `worth` 0 to 100, and the cut's id and words."""

    title: str
    worth: int
    cut: str
    words: str


_REMOVE = "remove-token"
_SHORT = "short-lived"
_KEYCHAIN = "keychain"
_CLOUD = "log in for hours in place of keeping a token, and revoke this one"

KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "aws": Key("AWS", 85, _SHORT, "log in with `aws sso login`, and delete these keys"),
        "aws-login": Key("AWS login", 80, _SHORT, "`aws sso logout` when the work is done"),
        "gcloud": Key(
            "Google Cloud", 85, _SHORT,
            "`gcloud auth application-default revoke` when the work is done; impersonate in place of a key",
        ),
        "azure": Key("Azure", 85, _SHORT, "`az logout` when the work is done; federate in place of a secret"),
        "kubernetes": Key(
            "Kubernetes", 85, _SHORT, "let an exec plug-in ask for a token of minutes, and delete this one"
        ),
        "cloud": Key("cloud", 80, _SHORT, _CLOUD),
        "terraform": Key("Terraform", 85, _SHORT, "`terraform logout` when the work is done"),
        "vault": Key("Vault", 90, _SHORT, "ask for a token of minutes; `vault token revoke -self`"),
        "docker": Key(
            "container registry", 90, _KEYCHAIN, "set `credsStore` to the system's keychain and log in again"
        ),
        "npm": Key(
            "npm", 95, _REMOVE, "publish from CI as a trusted publisher, and `npm token revoke`"
        ),
        "pypi": Key("PyPI", 95, _REMOVE, "publish from CI as a trusted publisher, and revoke the token"),
        "python-index": Key("package index", 70, _KEYCHAIN, "keep it in a keyring in place of a file"),
        "packages": Key("package registry", 80, _REMOVE, "publish from CI, and revoke the token"),
        "cargo": Key("crates", 95, _REMOVE, "publish from CI as a trusted publisher, and `cargo logout`"),
        "rubygems": Key("RubyGems", 95, _REMOVE, "publish from CI as a trusted publisher"),
        "maven": Key("Maven", 85, _REMOVE, "deploy from CI, and delete the password here"),
        "gradle": Key("Gradle", 80, _REMOVE, "publish from CI, and delete the property here"),
        "hugging-face": Key("Hugging Face", 85, _SHORT, "make the token read-only and for one repository"),
        "kaggle": Key("Kaggle", 40, _REMOVE, "expire the key when the work is done"),
        "wandb": Key("Weights & Biases", 50, _REMOVE, "give the key to the one run that needs it"),
        "netrc": Key("password", 70, _KEYCHAIN, "keep it with a credential helper in place of `.netrc`"),
        "git": Key("git", 80, _KEYCHAIN, "set `credential.helper` to the system's keychain"),
        "github": Key("GitHub", 85, _KEYCHAIN, "`gh auth login` again: it uses the keychain"),
        "gitlab": Key("GitLab", 85, _KEYCHAIN, "`glab auth login --use-keyring`"),
        "ssh-key": Key("SSH key", 80, "encrypt-key", "`ssh-keygen -p -f {path}` gives it a passphrase"),
        "ssh-agent": Key("SSH agent", 80, "ask-first", "`ssh-add -c` asks before each use, `-t 1h` forgets"),
        "gpg": Key("GPG keys", 95, "ask-first", "keep signing keys on a hardware key"),
        "database": Key("database", 70, _SHORT, "use a login that ends in place of a password"),
        "dotenv": Key("variable", 50, "per-process", "give it to the one process that needs it"),
        "variable": Key("variable", 50, "per-process", "give it to the one process that needs it"),
        "tool-settings": Key(
            "tool's settings", 60, "per-process", "give it to this one server by a prompt or from a keychain"
        ),
        "openai": Key("OpenAI", 60, _SHORT, "log out when the work is done, and cap what it may spend"),
        "claude": Key("Claude", 60, _SHORT, "log out when the work is done, and cap what it may spend"),
        "gemini": Key("Gemini", 60, _SHORT, "log out when the work is done, and cap what it may spend"),
        "cursor": Key("Cursor", 60, _SHORT, "log out when the work is done"),
        "copilot": Key("Copilot", 60, _SHORT, "log out when the work is done"),
        "browser": Key("browser", 85, "own-profile", "keep a profile of its own for accounts that matter"),
        "keychain": Key("keychain", 90, "lock", "lock it when it is not used"),
        "password-store": Key("password store", 90, "lock", "lock it when it is not used"),
        "chat": Key("chat", 55, _REMOVE, "sign out of devices that nobody uses"),
        "wallet": Key("wallet", 80, "hardware", "keep it on a hardware wallet"),
    }
)  # fmt: skip
"""By `Credential.kind`."""

_NAMED = frozenset({"variable", "dotenv", "tool-settings", "gradle"})
_UNKNOWN = Key("credential", 70, _REMOVE, "remove it, or keep it in a keychain")
_HARDWARE = "hardware key"
_PUTTY = "`puttygen {path} -P` gives it a passphrase"
_ENDED = 2


def worth_of(credential: Credential, *, expired: bool) -> int:
    """What losing it costs. What is known by the name of a variable counts as its name does."""
    if expired:
        return _ENDED
    key = KEYS.get(credential.kind, _UNKNOWN)
    return name_worth(credential.name) if credential.kind in _NAMED else key.worth


def cuts_of(credential: Credential) -> tuple[Cut, ...]:
    """What has it out of reach, the best first; then what keeps others on the machine from it."""
    key = KEYS.get(credential.kind, _UNKNOWN)
    found = []
    if on_hardware(credential):
        return ()
    if credential.kind == "ssh-key" and credential.encrypted:
        found.append(Cut("hardware", "keep it on a hardware key (`ed25519-sk`)", credential.path))
    elif credential.held is Held.FILE or credential.kind not in ("docker", "git", "github", "gitlab"):
        words = _PUTTY if credential.path.endswith(".ppk") else key.words
        words = words.replace("{path}", credential.path)
        found.append(Cut(key.cut, words, credential.path, credential.line))
    if not credential.owner_only and credential.held is Held.FILE:
        words = f"`chmod 600 {credential.path}`: others on this machine can read it"
        found.append(Cut("close-file", words, credential.path))
    return tuple(found)


def on_hardware(credential: Credential) -> bool:
    """It does nothing unless somebody touches a key of hardware."""
    return _HARDWARE in credential.note
