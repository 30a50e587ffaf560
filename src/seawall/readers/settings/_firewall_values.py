"""What a key of `firewall.toml` takes. A refusal says what is expected and never what was found."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from seawall.kernel.asset import package_key
from seawall.kernel.client import KEYRING, CredentialPlace
from seawall.kernel.policy.facts import Mode

_LONGEST = 2_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_VARIABLE = re.compile(r"[A-Za-z_][^\s=]{0,199}")
_ID = re.compile(r"[0-9]{1,20}")
_SIZE = re.compile(r"(\d{1,9})(?:\.(\d{1,3}))? ?([KMGT]i)B")
_UNITS = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}
_ECOSYSTEMS = {"npm": "npm", "pypi": "PyPI", "huggingface": "Hugging Face"}
_KINDS = ("cooldown", "hotfix")
_KEEP_IT = (
    "must hold no user name or password: keep them where your client keeps them or in an environment"
    " variable, and name that place in `credentials`"
)


class Refused(Exception):
    """A value cannot be used; the message goes on where the key's name ended."""


def text(value: object) -> str:
    """A text that is not empty and stands on one line."""
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST or not value.isprintable():
        raise Refused("must be a text on one line that is not empty")
    return value.strip()


def texts(value: object) -> tuple[str, ...]:
    """A list of such texts."""
    if not isinstance(value, list):
        raise Refused("must be a list of texts")
    return tuple(dict.fromkeys(text(item) for item in value))


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Refused("must be true or false")
    return value


def _whole(value: object, least: int, most: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused(f"must be a whole number{what} from {least} to {most}")
    return value


def port(value: object) -> int:
    """A TCP port."""
    return _whole(value, 0, 65_535, "")


def count(value: object) -> int:
    """How many at once."""
    return _whole(value, 1, 1_000, "")


def days(value: object) -> int:
    """Days."""
    return _whole(value, 0, 3_650, " of days")


def minutes(value: object) -> int:
    """Minutes, up to a day."""
    return _whole(value, 1, 1_440, " of minutes")


def seconds(value: object) -> float:
    """Seconds, or anything else that is more than 0 and at most a year's worth of them."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 31_536_000:
        raise Refused("must be a number more than 0 and at most 31536000")
    return float(value)


def size(value: object) -> int:
    """Bytes, as a number or as a text such as `20 GiB`."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found:
        whole, part, unit = found.groups()
        value = int(float(f"{whole}.{part or 0}") * _UNITS[unit])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 1024**5:
        raise Refused('must be a size such as "256 MiB" or "20 GiB"')
    return value


def mode(value: object) -> Mode:
    """One of the modes."""
    if value not in ("enforce", "observe"):
        raise Refused("must be enforce or observe")
    return Mode(value)


def durability(value: object) -> str:
    """When an entry of the ledger has to be durable."""
    if value not in ("closed", "async"):
        raise Refused("must be closed or async")
    return str(value)


def exemption(value: object) -> str:
    """What an exemption is from."""
    if value not in _KINDS:
        raise Refused(f"must be {' or '.join(_KINDS)}")
    return str(value)


def ecosystem(value: object) -> str:
    """An ecosystem, however it is spelled."""
    folded = re.sub(r"[ _-]", "", value).lower() if isinstance(value, str) else ""
    if folded not in _ECOSYSTEMS:
        raise Refused(f"must be one of {', '.join(_ECOSYSTEMS.values())}")
    return _ECOSYSTEMS[folded]


def name(value: object) -> str:
    """A short word for metrics and the ledger."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value == "cache":
        raise Refused("must be a short word of small letters, digits, dots and hyphens, and not cache")
    return value


def day(value: object) -> date:
    """A date."""
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        raise Refused("must be a date such as 2027-01-31, without quotation marks")
    return value


def purl(value: object) -> str:
    """A package, by its purl."""
    found = text(value)
    try:
        package_key(found)
    except ValueError:
        raise Refused("must be a purl such as pkg:npm/axios@1.14.1 or pkg:pypi/requests") from None
    return found


def path(value: object) -> str:
    """A pattern of request paths."""
    found = text(value)
    if not found.startswith("/"):
        raise Refused("must begin with a slash")
    return found


def file(value: object) -> str:
    """A file's absolute path; `~` may stand for the home directory."""
    found = text(value)
    if not found.startswith(("/", "~/")):
        raise Refused("must be an absolute path, or begin with ~/")
    return found


def ids(value: object) -> tuple[str, ...]:
    """Numeric ids as texts or numbers."""
    items = (
        [str(item) if type(item) is int else item for item in value] if isinstance(value, list) else [None]
    )
    if not all(isinstance(item, str) and _ID.fullmatch(item) for item in items):
        raise Refused('must be a list of numeric ids such as ["1234567"]: names can be taken over')
    return tuple(dict.fromkeys(str(item) for item in items))


def url(value: object) -> str:
    """An address over TLS, or on this machine, without credential."""
    found = text(value)
    try:
        parts = urlsplit(found)
        usable = parts.hostname and parts.port != 0
    except ValueError:
        usable = None
    if "@" in found.partition("?")[0].partition("//")[2].partition("/")[0]:
        raise Refused(_KEEP_IT)
    if not usable or parts.query or parts.fragment or re.search(r'[\s\\"<>]', found):
        raise Refused("must be an address such as https://registry.example/npm/")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here(parts.hostname or "")):
        raise Refused("must be https; http is spoken on this machine only")
    return found


def own_urls(value: object) -> tuple[str, ...]:
    """Addresses of the firewall itself: scheme, host and port."""
    found = []
    for item in texts(value):
        try:
            parts = urlsplit(item)
            usable = parts.hostname and parts.port != 0
        except ValueError:
            usable = None
        if not usable or parts.scheme not in ("http", "https") or parts.path not in ("", "/") or "@" in item:
            raise Refused("must be addresses such as https://firewall.example:8443, without a path")
        if parts.scheme == "http" and not is_here(parts.hostname or ""):
            raise Refused("must be https; http is spoken on this machine only")
        found.append(item.rstrip("/"))
    return tuple(found)


def hosts(value: object) -> tuple[str, ...]:
    """Hosts, with a port where it is not the usual one."""
    found = tuple(item.lower() for item in texts(value))
    if not all(_HOST.fullmatch(item) for item in found):
        raise Refused("must be hosts such as files.example or files.example:8443")
    return found


def networks(value: object) -> tuple[str, ...]:
    """Addresses and networks."""
    found = texts(value)
    for item in found:
        try:
            ip_network(item)
        except ValueError:
            raise Refused("must be addresses or networks such as 10.0.0.0/8") from None
    return found


def credentials(value: object) -> tuple[CredentialPlace, ...]:
    """Where a credential is kept: a variable of the environment, a key of a file, a user of the keyring."""
    items = value if isinstance(value, list) else [None]
    return tuple(_place(item) for item in items)


def _place(value: object) -> CredentialPlace:
    given = value if isinstance(value, dict) else {}
    if given.keys() == {"variable"}:
        variable = text(given["variable"])
        if _VARIABLE.fullmatch(variable):
            return CredentialPlace("", variable)
    elif given.keys() <= {"file", "key"} and "file" in given:
        key = given.get("key", "")
        return CredentialPlace(file(given["file"]), text(key) if key else "")
    elif given.keys() <= {"keyring", "service"} and "keyring" in given:
        user, service = text(given["keyring"]), given.get("service", "")
        service = text(service) if service else ""
        # They are words of a command, and an option is none.
        if not user.startswith("-") and not service.startswith("-"):
            return CredentialPlace(KEYRING, user, service)
    raise Refused(
        "must be a list of { variable = NAME }, { file = PATH, key = KEY } or"
        " { keyring = USER, service = NAME }, never a credential"
    )


def is_here(host: str) -> bool:
    """The host is this machine's loopback."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def quoted(value: str) -> str:
    """`value` as a text in TOML."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
