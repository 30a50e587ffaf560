"""What a GitHub Actions job says of itself counts when its issuer signed it for us, a moment ago, once.

Any workflow of anybody can have a token for any audience, and a name can be taken over; so a token counts by
numeric ids alone. Sources: RFC 7519, RFC 7515, RFC 8725; GitHub's reference of OIDC claims.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from seawall.kernel.errors import PolicyError, UsageError
from seawall.kernel.gate_settings import GithubTrust
from seawall.kernel.identity import Identity, Proof

KeyFor = Callable[[str, str, float], Mapping[str, object] | None]
"""(issuer, kid, Unix time) → the JSON Web Key, or None."""

LARGEST = 16 * 1024
"""Bytes of a signed token that is looked at."""

LEEWAY = 30
"""Seconds that two clocks may differ."""

LONGEST_LIFE = 3_600
"""Seconds from `iat` to `exp` of a token that counts; GitHub's live five minutes."""

_ALGORITHMS = {"RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "ES256": "EC", "ES384": "EC", "ES512": "EC"}
_RSA_BYTES = 256
_FROM_OUTSIDE = frozenset({"jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip", "cty"})
_OWN_EVENTS = frozenset(
    {"push", "schedule", "workflow_dispatch", "repository_dispatch", "release", "merge_group", "deployment"}
)
"""Events that only somebody with write access can cause, on code that was accepted."""

_ID = re.compile(r"[0-9]{1,20}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}")


class Unproven(UsageError):
    """A token proves nothing to us; the message says why, and holds nothing of the token."""


def check_trust(trusts: Sequence[GithubTrust]) -> None:
    """Raise PolicyError for trust that a stranger could meet: without audience or without numeric ids."""
    for trust in trusts:
        if not trust.audience.strip():
            raise PolicyError(
                "identity.github.audience is empty", "name this firewall: any other token could be sent"
            )
        ids = (*trust.owners, *trust.repositories)
        if not ids or not all(_ID.fullmatch(item) for item in ids):
            raise PolicyError(
                "identity.github needs owners or repositories as numeric ids, for names can be taken over",
                'for example owners = ["1234567"]; the API of the code host tells them',
            )
        parts = urlsplit(trust.issuer)
        if not parts.hostname or not (parts.scheme == "https" or _here(parts.hostname)):
            raise PolicyError(
                "identity.github.issuer has to be an https address", "correct it in firewall.toml"
            )
        if not 1 <= trust.minutes <= 24 * 60:
            raise PolicyError("identity.github.minutes has to be 1 to 1440", "correct it in firewall.toml")


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def proven(
    signed: str, trusts: Sequence[GithubTrust], key_for: KeyFor, now: float
) -> tuple[Identity, GithubTrust, str, float]:
    """Who a signed token proves, by which trust, its `iss` and `jti` in one text, and until when it counts.

    Whether it was used before is the caller's question. Raises Unproven when it proves nothing, and
    OutsideError when the issuer's keys cannot be had.
    """
    if not trusts:
        raise Unproven("this firewall exchanges no tokens", "set [[identity.github]] in firewall.toml")
    if len(signed) > LARGEST:
        raise Unproven("the token is too large", "send the job's own token")
    header, body = _parts(signed)
    algorithm, kid = _header(header)
    issuer = _json(body).get("iss")
    mine = [trust for trust in trusts if trust.issuer == issuer]
    if not mine:
        raise Unproven("the token is of an issuer that is not trusted here", _FIX)
    key = key_for(mine[0].issuer, kid, now)
    if key is None:
        raise Unproven("the issuer has no key of that name", _FIX)
    claims = _verified(signed, key, algorithm)
    if claims.get("iss") != mine[0].issuer:
        raise Unproven("the token is of an issuer that is not trusted here", _FIX)
    until, jti = _timely(claims, now)
    trust = _trusted(claims, mine)
    return _identity(claims, trust), trust, f"{mine[0].issuer} {jti}", until


_FIX = "send the token that the job's own code host made for this firewall's audience"


def _parts(signed: str) -> tuple[bytes, bytes]:
    parts = signed.split(".")
    if len(parts) != 3 or not all(re.fullmatch(r"[A-Za-z0-9_-]+", part) for part in parts):
        raise Unproven("what was sent is no signed token", _FIX)
    try:
        header, body = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts[:2])
    except (NotBase64, ValueError):
        raise Unproven("what was sent is no signed token", _FIX) from None
    return header, body


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _json(data: bytes) -> dict[str, object]:
    try:
        content = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Unproven("what was sent is no signed token", _FIX)
    return content


def _header(data: bytes) -> tuple[str, str]:
    header = _json(data)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise Unproven("the token is not signed with an algorithm that counts", _FIX)
    if not isinstance(kid, str) or not 0 < len(kid) <= 200:
        raise Unproven("the token does not name its key", _FIX)
    if _FROM_OUTSIDE & header.keys():
        raise Unproven("the token brings its own key or asks for an extension", _FIX)
    return algorithm, kid


def _verified(signed: str, key: Mapping[str, object], algorithm: str) -> dict[str, object]:
    """The claims, when `key` is a public key for exactly that algorithm and signed them."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    kind = _ALGORITHMS[algorithm]
    if (
        key.get("kty") != kind
        or key.get("use", "sig") != "sig"
        or key.get("alg", algorithm) != algorithm
        or "d" in key
    ):
        raise Unproven("the issuer's key of that name is not for this signature", _FIX)
    public: Any = {name: value for name, value in key.items() if name in ("kty", "n", "e", "crv", "x", "y")}
    try:
        found: Any = RSAKey.import_key(public) if kind == "RSA" else ECKey.import_key(public)
        if kind == "RSA" and found.raw_value.key_size < _RSA_BYTES * 8:
            raise Unproven("the issuer's key is too short", _FIX)
        token = jwt.decode(signed, found, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError, KeyError):
        raise Unproven("the token's signature is wrong", _FIX) from None
    return dict(token.claims)


def _timely(claims: Mapping[str, object], now: float) -> tuple[float, str]:
    """(`exp` with its leeway, `jti`) of claims that count now."""
    times = [claims.get(name) for name in ("iat", "nbf", "exp")]
    if not all(isinstance(t, int | float) and not isinstance(t, bool) and 0 < t < 1e11 for t in times):
        raise Unproven("the token does not say when it counts (iat, nbf, exp)", _FIX)
    issued, begins, ends = (float(str(t)) for t in times)
    if now >= ends + LEEWAY:
        raise Unproven("the token has expired", "ask for a new one: each counts for a few minutes")
    if begins > now + LEEWAY or issued > now + LEEWAY:
        raise Unproven("the token does not count yet", "correct this machine's clock, or the job's")
    if ends - issued > LONGEST_LIFE:
        raise Unproven("the token counts for too long", _FIX)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 200:
        raise Unproven("the token has no id of its own (jti)", _FIX)
    return ends + LEEWAY, jti


def _trusted(claims: Mapping[str, object], trusts: Sequence[GithubTrust]) -> GithubTrust:
    audience = claims.get("aud")
    repository, owner = _text(claims, "repository_id"), _text(claims, "repository_owner_id")
    if not _ID.fullmatch(repository) or not _ID.fullmatch(owner):
        raise Unproven("the token does not say which repository it is for (repository_id)", _FIX)
    fitting = [trust for trust in trusts if audience in (trust.audience, [trust.audience])]
    if not fitting:
        raise Unproven("the token is for another audience", _FIX)
    for trust in fitting:
        if (repository in trust.repositories or owner in trust.owners) and _placed(claims, trust):
            return trust
    raise Unproven(
        f"repository {repository} of owner {owner} is not trusted here, or not from that ref or environment",
        "add its numeric id to [[identity.github]] in firewall.toml if it should be",
    )


def _placed(claims: Mapping[str, object], trust: GithubTrust) -> bool:
    """The run is of one of the refs and environments that are asked for, as far as any are."""
    ref, environment = _text(claims, "ref"), _text(claims, "environment")
    by_ref = not trust.refs or any(ref and fnmatchcase(ref, pattern) for pattern in trust.refs)
    by_environment = not trust.environments or (bool(environment) and environment in trust.environments)
    return by_ref and by_environment


def of_strangers(claims: Mapping[str, object]) -> bool:
    """The run may be of code that nobody with write access accepted.

    No claim says from which repository a pull request's code came, so every run of one counts as a fork's,
    and so does every event that a stranger can cause (`issue_comment`, `workflow_run`, …).
    """
    event = _text(claims, "event_name")
    return event not in _OWN_EVENTS or bool(claims.get("head_ref")) or "refs/pull/" in _text(claims, "ref")


def _identity(claims: Mapping[str, object], trust: GithubTrust) -> Identity:
    repository = _text(claims, "repository_id")
    run = "/".join(part for name in ("run_id", "run_attempt") if (part := _word(claims, name)))
    return Identity(
        id=f"github:{repository}",
        kind="Workload",
        teams=trust.teams,
        proof=Proof.OIDC,
        place="github-actions",
        run=f"github:{repository}/{run}" if run else "",
        commit=_word(claims, "sha"),
        fork=of_strangers(claims),
    )


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _word(claims: Mapping[str, object], name: str) -> str:
    text = _text(claims, name)
    return text if _WORD.fullmatch(text) else ""
