"""An issuer of OIDC tokens on loopback that can also be told to forge them, as strangers do."""

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from .loopback import Server, say

AUDIENCE = "https://firewall.example"
OWNER, REPOSITORY = "111", "222"


class Issuer(Server):
    """`keys` are published by their `kid`; `signed` makes a token with any of them."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, Any] = {
            "one": RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}, private=True),
            "curve": ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"}, private=True),
        }
        self.publish()

    def publish(self, **more: Any) -> None:
        place = f"{self.url}/.well-known/jwks"
        said = {"issuer": self.url, "jwks_uri": place, **more}
        self.answers["/.well-known/openid-configuration"] = say(200, json.dumps(said).encode())
        self.publish_keys([key.as_dict(private=False) for key in self.keys.values()])

    def publish_keys(self, keys: list[dict[str, Any]]) -> None:
        self.answers["/.well-known/jwks"] = say(200, json.dumps({"keys": keys}).encode())

    def claims(self, now: float, **other: Any) -> dict[str, Any]:
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "repo:acme/app:ref:refs/heads/main",
            "iat": int(now) - 5,
            "nbf": int(now) - 5,
            "exp": int(now) + 300,
            "jti": "0b1c",
            "repository": "acme/app",
            "repository_id": REPOSITORY,
            "repository_owner": "acme",
            "repository_owner_id": OWNER,
            "ref": "refs/heads/main",
            "sha": "a" * 40,
            "event_name": "push",
            "head_ref": "",
            "run_id": "4711",
            "run_attempt": "1",
            **other,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def signed(
        self, claims: dict[str, Any], kid: str = "one", alg: str = "RS256", key: Any = None, **header: Any
    ) -> str:
        return jwt.encode({"alg": alg, "kid": kid, **header}, claims, key or self.keys[kid], algorithms=[alg])


def signed_with_hmac(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """By hand: libraries refuse to take a public key for a secret."""
    parts = [json.dumps(part).encode() for part in (header, claims)]
    text = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return (text + b"." + urlsafe_b64encode(hmac.digest(secret, text, "sha256")).rstrip(b"=")).decode()
