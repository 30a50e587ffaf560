"""An issuer's public keys are fetched from the issuer alone, kept a while, and never taken from a token."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from seawall.adapters.http import Http
from seawall.kernel.errors import OutsideError

_FRESH = 600.0
_AGAIN = 30.0
_LARGEST = 256 * 1024
_KEYS = 64


class IssuerKeys:
    """The keys of issuers by `kid`, safe to share between threads. Times are Unix seconds of the caller.

    They hold for ten minutes. An unknown `kid` may be a new key: it is asked for at most every 30 s.
    """

    def __init__(self, http: Http | None = None) -> None:
        self._http = http or Http()
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, Mapping[str, Mapping[str, object]]]] = {}
        self._asked: dict[str, float] = {}

    def key(self, issuer: str, kid: str, now: float) -> Mapping[str, object] | None:
        """The JSON Web Key with that id, None when the issuer has none.

        Raises OutsideError when the issuer cannot be asked and nothing that is fresh is held.
        """
        with self._lock:
            until, keys = self._held.get(issuer, (0.0, {}))
            # A clock that was turned back makes nothing fresh for longer.
            fresh = now < until <= now + _FRESH
            found = keys.get(kid) if fresh else None
            if found is not None:
                return found
            if fresh and 0 <= now - self._asked.get(issuer, 0.0) < _AGAIN:
                return None
            self._asked[issuer] = now
            keys = self._fetch(issuer)
            self._held[issuer] = (now + _FRESH, keys)
            return keys.get(kid)

    def _fetch(self, issuer: str) -> Mapping[str, Mapping[str, object]]:
        said = self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        place = said.get("jwks_uri")
        if said.get("issuer") != issuer or not isinstance(place, str):
            raise OutsideError(f"{_host(issuer)} does not describe the issuer that is configured", _FIX)
        if urlsplit(place)[:2] != urlsplit(issuer)[:2]:
            raise OutsideError(f"{_host(issuer)} names another host for its keys", _FIX)
        keys = self._json(place).get("keys")
        if not isinstance(keys, list) or len(keys) > _KEYS:
            raise OutsideError(f"{_host(issuer)} sent no list of keys that can be used", _FIX)
        found: dict[str, Mapping[str, object]] = {}
        for key in keys:
            kid = key.get("kid") if isinstance(key, dict) else None
            if isinstance(kid, str) and kid:
                if kid in found:
                    raise OutsideError(f"{_host(issuer)} has two keys of one name", _FIX)
                found[kid] = key
        return found

    def _json(self, url: str) -> Mapping[str, object]:
        answer = self._http.request("GET", url, limit=_LARGEST)
        try:
            content = json.loads(answer.body) if answer.status == 200 else None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise OutsideError(f"{_host(url)} did not answer with its keys ({answer.status})", _FIX)
        return content

    def close(self) -> None:
        """Give all connections back."""
        self._http.close()


_FIX = "no token is exchanged until it does; correct identity.github.issuer in firewall.toml if it is wrong"


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
