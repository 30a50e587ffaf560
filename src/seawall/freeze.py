"""What the firewall asks is written down when it is set up, and never taken from the clients again.

After `seawall setup --fix` the clients' registry *is* the firewall: one that read their settings then would
ask itself. So they are looked at once, and what they said is kept in the data directory, without credentials.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from seawall.adapters.disk.places import config_directory, data_directory
from seawall.adapters.disk.writing import write_once
from seawall.kernel.client import KEYRING, CredentialPlace
from seawall.kernel.errors import OutsideError, PolicyError
from seawall.kernel.gate_settings import Exemption, GateSettings, Listen
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import Problem
from seawall.kernel.origin import Origin
from seawall.kernel.origins_of import Unusable, origins_of
from seawall.kernel.policy.facts import Mode
from seawall.readers.settings import firewall_toml

FROZEN = "firewall-upstreams.toml"
MACHINE = Path("/etc/seawall") / firewall_toml.FILE_NAME
_NAME_ONE = "name the upstreams as [[upstream]] in firewall.toml; docs/firewall-settings.md lists every key"
Notes = tuple[str, ...]


def settings(
    now: datetime,
    config: str = "",
    listen: str = "",
    mode: str = "",
    environment: Mapping[str, str] = os.environ,
) -> tuple[GateSettings, Notes]:
    """The firewall's settings, and sentences about where they come from.

    `config` names the file; else the user's counts, else the machine's, else there are only defaults.
    `listen` (`HOST:PORT`) and `mode` go before the file. Where it names no upstreams, those that were frozen
    count, and at the first start they are frozen now. Raises PolicyError for a file that cannot be used, and
    when the firewall would ask itself.
    """
    path = config_path(config, environment)
    file = _file(path) if path else firewall_toml.FirewallFile("")
    found = file.settings
    if listen:
        host, port = _address(listen)
        found = replace(found, listen=replace(found.listen, host=host, port=port))
    found = replace(found, listen=_expanded(found.listen))
    if mode:
        found = replace(found, mode=Mode(mode))
    notes = [f"settings: {path}" if path else "settings: none, so the defaults count"]
    if not file.names_upstreams:
        origins, at, more = frozen(now, environment)
        found = replace(found, origins=origins, frozen=at)
        notes += more
    notes += _about(found.origins)
    refuse_loops(found.listen, found.origins)
    return found, tuple(notes)


def config_path(config: str = "", environment: Mapping[str, str] = os.environ) -> Path | None:
    """The `firewall.toml` that counts; None when there is none. Raises PolicyError for a named one that is
    missing."""
    if config:
        path = Path(config).expanduser()
        if not path.is_file():
            raise PolicyError(f"{path} is no file", "name the firewall's settings with --config")
        return path.absolute()
    user = config_directory(environment) / firewall_toml.FILE_NAME
    return next((path for path in (user, MACHINE) if path.is_file()), None)


def exemptions(path: Path | None) -> tuple[Exemption, ...]:
    """The exemptions in the file as it is now. Raises PolicyError for one that cannot be used."""
    return _file(path).settings.exemptions if path else ()


def frozen(
    now: datetime, environment: Mapping[str, str] = os.environ
) -> tuple[tuple[Origin, ...], datetime, Notes]:
    """The upstreams that were frozen, or are now; when that was; and what a person should know of it.

    Raises PolicyError when what was frozen cannot be read, or what the clients are told cannot be asked.
    """
    path = data_directory(environment) / FROZEN
    data = _bytes(path)
    if data is not None:
        return *_read(path, data), (f"upstreams: {path}",)
    origins, notes = _looked_up(environment)
    text = firewall_toml.written(origins, now)
    kept = write_once(path, text.encode())
    origins, at = _read(path, kept)
    return origins, at, (f"upstreams: as the clients are set up now, written to {path}", *notes)


def known_origins(environment: Mapping[str, str] = os.environ) -> tuple[Origin, ...]:
    """The upstreams that are asked, for whoever only looks: none where nothing was frozen yet.

    Raises PolicyError as `settings` does.
    """
    path = config_path("", environment)
    file = _file(path) if path else firewall_toml.FirewallFile("")
    if file.names_upstreams:
        return file.settings.origins
    frozen_in = data_directory(environment) / FROZEN
    data = _bytes(frozen_in)
    return _read(frozen_in, data)[0] if data is not None else ()


def authorization(
    environment: Mapping[str, str] = os.environ,
    origins: Sequence[Origin] = (),
    note: Callable[[str], None] = lambda _: None,
) -> Callable[[Origin], str]:
    """A function that reads an origin's credential where it is kept, in the moment of a request.

    What a keyring has for `origins` is asked for now. Raises OutsideError when one of these is not to be had;
    `note` gets a sentence when later one cannot be asked for anew.
    """
    from seawall.adapters.machine.credentials import credential_at
    from seawall.adapters.machine.keyring import Keyring

    keyring = Keyring(environment, _project(environment), note)

    def of(origin: Origin) -> str:
        if not origin.credentials and origin.ecosystem != "PyPI":
            return ""  # only PyPI clients look into .netrc unasked
        found = credential_at(origin.credentials, origin.ecosystem, origin.url, environment, keyring=keyring)
        return found.authorization if found else ""

    for origin in origins:
        if any(place.where == KEYRING for place in origin.credentials):
            _tried(of, origin)
    return of


def _tried(of: Callable[[Origin], str], origin: Origin) -> None:
    try:
        of(origin)
    except OutsideError as error:
        raise OutsideError(
            f"the upstream {origin.name} of {origin.ecosystem} keeps its credential in a keyring: {error}",
            error.advice,
        ) from None


def _project(environment: Mapping[str, str]) -> Path | None:
    """The project that we stand in, from which no program is started; none where it holds one's own home."""
    from seawall.adapters.machine.clients import home_of
    from seawall.adapters.vcs.repository import work_tree

    try:
        here = Path.cwd()
    except FileNotFoundError:
        return None
    project = work_tree(here) or here
    home = Path(os.path.realpath(home_of(environment)))
    return None if home.is_relative_to(project) else project


def refuse_loops(listen: Listen, origins: Sequence[Origin]) -> None:
    """Raise PolicyError when one of the origins is the firewall itself."""
    own = {_key(url) for url in listen.urls}
    hosts = {listen.host}
    if listen.host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        hosts |= {"localhost", platform.node().lower()}
    own |= {(_here(host.strip("[]").lower()), listen.port) for host in hosts if host}
    for origin in origins:
        if _key(origin.url) in own:
            raise PolicyError(
                f"the upstream {origin.name} of {origin.ecosystem} is this firewall itself",
                "the clients were set up to use it before it was set up; " + _NAME_ONE,
            )


def came_through_us(header: str, instance: str) -> bool:
    """A request whose `seawall-via` header is `header` was sent by ourselves: upstreams lead back to us."""
    return bool(instance) and instance in (part.strip() for part in header.split(","))


def _key(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return _here((parts.hostname or "").lower()), parts.port or {"https": 443}.get(parts.scheme, 80)


def _here(host: str) -> str:
    """Every name of this machine's loopback is one."""
    try:
        return "localhost" if ip_address(host).is_loopback else host
    except ValueError:
        return host


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise PolicyError("--listen is no address", "write HOST:PORT, for example 127.0.0.1:8080")
    return host, int(port)


def _expanded(listen: Listen) -> Listen:
    """With the home directory in place of `~`."""

    def full(name: str) -> str:
        return str(Path(name).expanduser()) if name else ""

    return replace(
        listen,
        certificate=full(listen.certificate),
        key=full(listen.key),
        client_ca=full(listen.client_ca),
    )


def _file(path: Path) -> firewall_toml.FirewallFile:
    data = _bytes(path)
    found = firewall_toml.read(data or b"", str(path), DEFAULT_LIMITS)
    _refuse(path, found.problems, "correct the file; docs/firewall-settings.md lists every key")
    return found


def _read(path: Path, data: bytes) -> tuple[tuple[Origin, ...], datetime]:
    found = firewall_toml.read_frozen(data, str(path), DEFAULT_LIMITS)
    _refuse(
        path, found.problems, "correct it, or remove it while the clients still have their own registries"
    )
    assert found.settings.frozen is not None  # noqa: S101 - else there was a problem
    return found.settings.origins, found.settings.frozen


def _refuse(path: Path, problems: Sequence[Problem], advice: str) -> None:
    for problem in problems:
        where = f"{path}:{problem.line}" if problem.line else str(path)
        raise PolicyError(f"{where}: {problem.message}", advice)


def _bytes(path: Path) -> bytes | None:
    """None where there is no file. Raises PolicyError when it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PolicyError(
            f"{path} cannot be read: {error.strerror or error}", "make it readable for the firewall"
        ) from None


def _looked_up(environment: Mapping[str, str]) -> tuple[tuple[Origin, ...], Notes]:
    from seawall.adapters.machine.clients import look
    from seawall.adapters.machine.hugging_face import hugging_face

    hub, note = hugging_face(environment)
    try:
        origins, notes = origins_of(look(environment), hub)
    except Unusable as refusal:
        raise PolicyError(str(refusal), _NAME_ONE) from None
    return origins, (*notes, *([note] if note else []))


def _said(place: CredentialPlace) -> str:
    if place.where == KEYRING:
        return f"the keyring, of {place.key}"
    return place.where or f"the variable {place.key}"


def _about(origins: Sequence[Origin]) -> Iterator[str]:
    """What a person should know of the upstreams that are asked."""
    if not origins:
        yield f"no upstream is known, so nothing can be fetched: {_NAME_ONE}"
    for origin in origins:
        places = [_said(place) for place in origin.credentials]
        if places:
            listed = " or ".join(dict.fromkeys(places))
            yield f"{origin.ecosystem}: {origin.name} gets the credential in {listed}, whoever asks us"
        for where in dict.fromkeys(place.where for place in origin.credentials if place.with_address):
            yield (
                f"{origin.ecosystem}: the credential of {origin.name} is part of its address in {where}, and"
                " lost when that line names another registry: keep it elsewhere before it names the firewall"
            )
    for ecosystem in dict.fromkeys(origin.ecosystem for origin in origins):
        mine = [origin for origin in origins if origin.ecosystem == ecosystem]
        if len(mine) > 1 and not any(origin.owns for origin in mine[:-1]):
            yield (
                f"{ecosystem}: {', '.join(o.name for o in mine)} are asked in this order, and none owns a"
                " name; `owns` keeps internal names from all others"
            )
