"""What a well-known action leaves behind and does is told by its name and inputs, without reading its code.

The tables (lending_actions.py: logins, keys and GitHub's own; working_actions.py: what publishes, signs, acts
or installs) were drawn from each action's own metadata and documentation. An action that is not
in it is not harmless, it is unknown: any action can read the job's token and what its step is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

Inputs = Mapping[str, str]
"""The `with` of a step: names in lower case, values as written."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition on the inputs. `given`: one of these is set to something. `unless`: none has this value.

    `given` is (input, value) or (input, "") for any value but none and `false`. An expression may become
    anything, so it counts as given and turns nothing off. `absent`: none of these is given at all.
    """

    given: tuple[tuple[str, str], ...] = ()
    unless: tuple[tuple[str, str], ...] = ()
    absent: tuple[str, ...] = ()

    def holds(self, inputs: Inputs) -> bool:
        """It may hold with these inputs."""
        if any(inputs.get(name, "").strip().lower() == value for name, value in self.unless):
            return False
        if any(_is_given(inputs, name, "") for name in self.absent):
            return False
        return not self.given or any(_is_given(inputs, name, value) for name, value in self.given)


ALWAYS = When()


def given(*names: str) -> When:
    """One of these inputs is set to something."""
    return When(given=tuple((name, "") for name in names))


def equals(name: str, value: str = "true") -> When:
    """This input has this value."""
    return When(given=((name, value),))


def unless(name: str, value: str = "false") -> When:
    """This input has any value but this."""
    return When(unless=((name, value),))


@dataclass(frozen=True, slots=True)
class Left:
    """A credential that lies readable for every later step of the job (R2).

    `kind`: `git`, `registry`, `npmrc`, `settings`, `cloud`, `ssh`, `gpg`, `keychain`, `environment`,
    `network` or `runtime`. `what` is its name where it is none of the given ones (`AWS session`), `where`
    the place. `inputs` are those whose values lie there, `variables` the step's own variables that do.
    `token`: the job's own token does where none of `inputs` is given.
    """

    kind: str
    what: str
    where: str
    inputs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    token: bool = False
    when: When = ALWAYS


@dataclass(frozen=True, slots=True)
class Does:
    """Something that the action does with what it is given.

    `kind` is one of `DEEDS`. `inputs`: those that say what (a path, a command, a name of an artifact).
    `perhaps`: it depends on more than the inputs.
    """

    kind: str
    inputs: tuple[str, ...] = ()
    when: When = ALWAYS
    perhaps: bool = False


DEEDS = {
    "attest": "signs a statement about bytes as this workflow (keyless)",
    "agent": "lets a model act on a prompt, which is its code",
    "branch": "pushes commits or tags",
    "cache": "restores a cache, and saves it when the job ends",
    "cache-restore": "restores a cache",
    "cache-save": "saves a cache",
    "deploy": "changes what runs elsewhere",
    "download": "brings in artifacts of other jobs or runs",
    "execute": "runs an input as code",
    "image": "pushes container images",
    "image-build": "builds container images",
    "install": "brings in a tool or packages; what exactly often floats",
    "package": "publishes packages",
    "pages": "publishes a site",
    "release": "makes releases or uploads to them",
    "shell": "opens the runner to people",
    "sign": "signs bytes with a key or a certificate",
    "tree": "runs scripts and tools of the checked-out tree",
    "upload": "hands artifacts to other jobs and people",
}
"""Every kind of deed, in words."""
PUBLISHING = frozenset(("branch", "deploy", "image", "package", "pages", "release"))
SIGNING = frozenset(("attest", "sign"))


@dataclass(frozen=True, slots=True)
class KnownAction:
    """One action, or one reusable workflow, by its name in lower case without its ref.

    `token` are inputs that carry the job's own token by default. `outputs` are (output, what it is) for those
    that hold a credential; `*` = all. `oidc` tells when it asks for the job's identity. `attack` tells of
    the day on which it was turned against those who use it.
    """

    name: str
    left: tuple[Left, ...] = ()
    does: tuple[Does, ...] = ()
    token: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    oidc: When | None = None
    attack: str = ""

    def leaves(self, inputs: Inputs) -> tuple[Left, ...]:
        """What it leaves behind when it is given these inputs."""
        return tuple(left for left in self.left if left.when.holds(inputs))

    def deeds(self, inputs: Inputs) -> tuple[Does, ...]:
        """What it does when it is given these inputs."""
        return tuple(deed for deed in self.does if deed.when.holds(inputs))

    def identifies(self, inputs: Inputs) -> bool:
        """It may ask for the job's identity (R6) with these inputs."""
        return self.oidc is not None and self.oidc.holds(inputs)


@lru_cache(maxsize=4096)
def known_action(uses: str) -> KnownAction | None:
    """The entry for a `uses` as written, or for its name; None for what is not known, local or an image.

    An action in a directory of a repository has its own entry or that of the repository.
    """
    from .lending_actions import LENDING
    from .working_actions import WORKING

    name = uses.strip().partition("@")[0].strip("/").lower()
    while name.count("/") >= 1:
        found = LENDING.get(name) or WORKING.get(name)
        if found is not None:
            return found
        name = name.rpartition("/")[0]
    return None


def inputs_of(pairs: Mapping[str, str] | tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Inputs with their names in lower case, as GitHub compares them."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return {name.lower(): value for name, value in items}


def checkout_place(ref: str) -> str:
    """Where `actions/checkout` of this ref keeps its credentials."""
    digits = ref.removeprefix("v").partition(".")[0]
    if not digits.isdigit() or len(digits) > 3:
        return "`.git/config`, from v6 on a file in the runner's temporary directory"
    if int(digits) >= 6:
        return "a file in the runner's temporary directory that git includes"
    return "`.git/config` of the checkout"


_RUNNER_OWNERS = frozenset(("actions", "github"))
_VENDORS = frozenset(
    (
        "1password", "anthropics", "aws-actions", "azure", "cloudflare", "docker", "firebaseextended",
        "google-github-actions", "googleapis", "gradle", "hashicorp", "microsoft", "openai",
        "oracle-actions", "pulumi", "redhat-actions", "sigstore", "tailscale",
    )
)  # fmt: skip
_PROJECTS = frozenset(
    (
        "astral-sh", "changesets", "codecov", "denoland", "golangci", "goreleaser", "julia-actions",
        "mamba-org", "ossf", "oven-sh", "pnpm", "pre-commit", "pulumi", "pypa", "pyo3", "r-lib", "ruby",
        "rubygems", "rust-lang", "shivammathur", "slsa-framework", "zizmorcore",
    )
)  # fmt: skip


def rank(uses: str) -> int:
    """Who is behind an action: 0 the runner's own maker, 1 a vendor for its own service, 2 a project for its
    own tool, 3 anybody else. A rank is no proof: actions of every rank were turned bad."""
    owner = uses.strip().partition("/")[0].lower()
    if owner in _RUNNER_OWNERS:
        return 0
    return 1 if owner in _VENDORS else 2 if owner in _PROJECTS else 3


def _is_given(inputs: Inputs, name: str, value: str) -> bool:
    found = inputs.get(name, "").strip().lower()
    if "${{" in found:
        return True
    return found == value if value else found not in ("", "false")
