"""Where an origin's documents and files may come from is decided by its settings, not by what it says."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from seawall.kernel.origin import Origin

_PORTS = {"https": 443, "http": 80}


def host_of(url: str) -> str:
    """`host[:port]` in lower case, without the scheme's own port; empty for no address."""
    parts = _split(url)
    return _host(parts) if parts else ""


def same_place(one: str, other: str) -> bool:
    """Both addresses have the same scheme, host and port."""
    first, second = _split(one), _split(other)
    return bool(first and second and first.scheme == second.scheme and _host(first) == _host(second))


def may_fetch(origin: Origin, url: str) -> bool:
    """`url` is one that may be asked for `origin`.

    Over TLS; on this machine, also without, for an origin that is itself on this machine, and for that one
    only. Where the origin names hosts of files: on its own host or one of those.
    """
    target, own = _split(url), _split(origin.url)
    if target is None or own is None:
        return False
    here = is_here(own.hostname)
    if is_here(target.hostname):
        if not here:
            return False
    elif target.scheme != "https":
        return False
    return not origin.files or _host(target) in {_host(own), *(item.lower() for item in origin.files)}


def is_below(url: str, root: str) -> bool:
    """`url` lies in the directory of the registry at `root`: a credential for it may be sent on there.

    One host may belong to many. The directory of an index ends before its last `simple` (PEP 503): files
    lie beside that. A path that could mean another one lies nowhere.
    """
    target, own = _split(url), _split(root)
    if target is None or own is None or not same_place(url, root):
        return False
    parts = unquote(target.path).split("/")
    if any(part in (".", "..") or "\\" in part for part in parts):
        return False
    top = own.path.rstrip("/")
    for last in ("/simple", "/+simple"):
        top = top.removesuffix(last)
    return target.path.startswith(f"{top}/")


def is_here(host: str | None) -> bool:
    """The host is this machine's loopback."""
    try:
        return (host or "").lower() == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    return host if port is None or port == _PORTS[parts.scheme] else f"{host}:{port}"
