"""An event is one line of the ledger: who did what to which asset, what was decided, and on what grounds.

An `Event` holds names as they are. What is written down holds none of them: `record.py` turns `who`, `place`,
`run` and `commit` into pseudonyms under a key that lies outside the ledger and can be deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .identity import Identity
from .policy.facts import Mode


class Action(StrEnum):
    """What was done or asked for."""

    LIST = "list"  # the files of one name
    FETCH = "fetch"  # one file
    METADATA = "metadata"  # what describes one file (PEP 658), or a model's or dataset's information
    AUDIT = "audit"  # advisories about what somebody has
    CONNECT = "connect"  # a connection that went round the gate
    RUN = "run"  # a command under `seawall run` began or ended
    ISSUE = "issue"  # a token was handed out or taken back
    SERVE = "serve"  # the firewall started, is alive, or stopped: what coverage is made of
    SETTINGS = "settings"  # policy, advisories, upstreams or exemptions changed
    ERASE = "erase"  # the key of a principal was deleted


class Delivery(StrEnum):
    """What went out. Only `served` confirms that somebody has it."""

    OFFERED = "offered"
    SERVED = "served"
    PARTIAL = "partial"
    REFUSED = "refused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Event:
    """`time` is Unix time in milliseconds. Empty text = there is none.

    `asset` is a purl, `file` a file name, `digest` that of the bytes (`sha256:<hex>`) or, for `list`, of the
    set that was offered. `outcome` is an `Outcome` value. `policies` are the ids that decided. `policy`,
    `facts` are digests; `advisories` says as of when the advisories were (RFC 3339). For `serve` and
    `settings`, `facts` is the digest of settings and exemptions, and `digest` that of what is known of the
    feeds. `client` is the first product of the user agent (`pip/26.3`), one of those that are known, else
    `other`. `subject` is a short word or digest that the action needs (`started`, `alive`, `stopped`; a host
    that was refused is given as `place`; `stale` for a document that its registry could not confirm), never
    free text.
    """

    time: int
    action: Action
    identity: Identity
    asset: str = ""
    file: str = ""
    digest: str = ""
    size: int = 0
    delivery: Delivery = Delivery.NONE
    outcome: str = ""
    policies: tuple[str, ...] = ()
    mode: Mode = Mode.ENFORCE
    policy: str = ""
    facts: str = ""
    advisories: str = ""
    against: tuple[str, ...] = ()  # ids of advisories that speak against it
    client: str = ""
    origin: str = ""  # the configured registry it came from; `cache` is never an origin
    subject: str = ""  # of a file: the digest of the exemption that let it in
    needs: tuple[str, ...] = field(default=(), repr=False)  # purls (mostly without version) it depends on
