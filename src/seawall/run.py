"""A command is run with every client in it led to the firewall, and what came in is told afterwards."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from seawall.going_round import Round, fix, look
from seawall.kernel.errors import OutsideError, UsageError
from seawall.kernel.leading import COMMIT_HEADER, PLACE_HEADER, RUN_HEADER, led, npmrc_of
from seawall.kernel.run import Attempt, Summary, by_frequency, one_line

if TYPE_CHECKING:
    from seawall.adapters.http import Http
    from seawall.adapters.runners.relay import Relay
    from seawall.adapters.runners.sealed import Sealed

DEFAULT_FIREWALL = "http://127.0.0.1:8080"
REFUSED_PATH = "/-/seawall/refused"
RUN_PATH = "/-/seawall/run"
TOKEN_PATH = "/-/seawall/token"  # noqa: S105 - where one is had

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}")
_COMMIT_VARIABLES = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "BUILD_SOURCEVERSION",
    "BUILDKITE_COMMIT",
    "CIRCLE_SHA1",
    "GIT_COMMIT",
)
_ANSWER = 64 * 1024
_SHOWN = 8
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run, and how. `directory` is where we stand.

    `token_from` names the variable with the token; `audience` is what a CI's own token is asked for, to be
    exchanged. `around` allows what goes past the firewall, `fix_locks` rewrites lockfiles first.
    """

    command: tuple[str, ...]
    firewall: str = DEFAULT_FIREWALL
    token_from: str = ""
    audience: str = ""
    sealed: bool = False
    around: bool = False
    fix_locks: bool = False
    to_errors: bool = False


def run(
    order: Order,
    environment: Mapping[str, str],
    directory: Path,
    note: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Run the command to its end and tell what it took.

    Raises, before anything is started: OutsideError when the firewall does not answer, refuses us or is not
    ready, or when the seal cannot be had; UsageError when something would go past the firewall. Afterwards
    only what was done counts. `note` gets sentences on the way. Main thread only.
    """
    from seawall.adapters.http import Http, Patience
    from seawall.adapters.runners.locks import heal
    from seawall.adapters.runners.process import keep_to_ourselves, program_of
    from seawall.adapters.runners.relay import address_of

    firewall = address_of(order.firewall)
    program_of(order.command, environment)
    keep_to_ourselves()
    with ExitStack() as stack:
        http = Http(patience=Patience(connect=5, read=20, total=40, tries=2))
        stack.callback(http.close)
        secret, hidden = _secret(order, environment, http, firewall)
        headers = _headers(environment, directory)
        _ready(http, firewall, secret)
        for name in heal(directory, firewall):
            note(f"{name} named the relay of a run that was cut off; it names the firewall again")
        rounds = _nothing_goes_round(order, environment, directory, firewall, note)
        telling = _Telling(http, firewall, secret, headers)
        around = bool(rounds) and not order.sealed
        summary = _run(
            order, environment, directory, firewall, secret, hidden, headers,
            lambda: telling.began(sealed=order.sealed, around=around),
        )  # fmt: skip
        summary = replace(summary, around=tuple(item.what for item in rounds))
        telling.refused(summary.attempts)
        telling.ended(summary.code)
        return replace(summary, problems=(*summary.problems, *telling.problems))


def _secret(
    order: Order, environment: Mapping[str, str], http: Http, firewall: str
) -> tuple[str, tuple[str, ...]]:
    """The token, empty without one, and the names of variables that the child must not see."""
    if order.token_from and order.audience:
        raise UsageError("--token-from and --oidc do not go together", "give one of them")
    if order.token_from:
        secret = environment.get(order.token_from, "").strip()
        if not secret:
            raise UsageError(f"the variable {order.token_from} is empty", "put the token into it")
    elif order.audience:
        secret = _exchanged(order.audience, environment, http, firewall)
    else:
        return "", ()
    if any(c <= " " or c > "~" for c in secret):
        raise UsageError("the token holds characters that no token has", "correct the variable")
    parts = urlsplit(firewall)
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        raise UsageError(
            "a token is sent over https, or to this machine", "give the firewall's https address"
        )
    return secret, (order.token_from,) if order.token_from else ()


def _is_here(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _exchanged(audience: str, environment: Mapping[str, str], http: Http, firewall: str) -> str:
    """A short token for what this CI job can sign. Raises UsageError outside of one, OutsideError."""
    url = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    own = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not url or not own:
        raise UsageError(
            "this job cannot sign anything: ACTIONS_ID_TOKEN_REQUEST_URL is not set",
            "give the job `permissions: id-token: write`",
        )
    joined = f"{url}{'&' if '?' in url else '?'}audience={quote(audience, safe='')}"
    signed = _value(http, "GET", joined, "value", {"authorization": f"bearer {own}"}, None)
    body = json.dumps({"token": signed}).encode()
    return _value(http, "POST", firewall + TOKEN_PATH, "token", {"content-type": "application/json"}, body)


def _value(
    http: Http, method: str, url: str, key: str, headers: Mapping[str, str], body: bytes | None
) -> str:
    answer = http.request(method, url, headers=headers, body=body, limit=_ANSWER)
    said = _json(answer.body)
    value = said.get(key)
    if answer.status != 200 or not isinstance(value, str) or not value:
        host = urlsplit(url).netloc
        why = one_line(str(said.get("error", f"status {answer.status}")))
        raise OutsideError(f"{host} gave no token: {why}", "nothing was started")
    return value


def _json(data: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _headers(environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    """What is told of this run: its id, the commit, and the runner, as far as they are known."""
    commit = next((environment[name] for name in _COMMIT_VARIABLES if environment.get(name)), "")
    found = {
        RUN_HEADER: _run_id(environment),
        COMMIT_HEADER: commit or _head(directory),
        PLACE_HEADER: environment.get("RUNNER_NAME") or environment.get("CI_RUNNER_ID") or "",
    }
    return {name: value for name, value in found.items() if _WORD.fullmatch(value)}


def _head(directory: Path) -> str:
    from seawall.adapters.vcs.repository import Repository, open_repository

    found = open_repository(directory)
    return found.head if isinstance(found, Repository) else ""


def _run_id(environment: Mapping[str, str]) -> str:
    get = environment.get
    if get("GITHUB_RUN_ID"):
        return f"{get('GITHUB_REPOSITORY', '')}/{get('GITHUB_RUN_ID')}/{get('GITHUB_RUN_ATTEMPT', '1')}"
    if get("CI_JOB_ID"):
        return f"{get('CI_PROJECT_PATH', '')}/{get('CI_JOB_ID')}".lstrip("/")
    return f"local/{secrets.token_hex(8)}"


def _ready(http: Http, firewall: str, secret: str) -> Mapping[str, object]:
    """What the firewall tells of itself. Raises OutsideError when it will not serve us."""
    host = urlsplit(firewall).netloc
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    try:
        answer = http.request("GET", f"{firewall}/readyz", headers=headers, limit=_ANSWER)
    except OutsideError as error:
        tls = "; SSL_CERT_FILE names the CA of its certificate" if firewall.startswith("https:") else ""
        raise OutsideError(
            f"the firewall at {host} does not answer: {error}",
            f"start it (seawall firewall), or name another with --firewall{tls}; nothing was started",
        ) from None
    said = _json(answer.body)
    if answer.status == 200 and said:
        return said
    reasons = said.get("reasons")
    why = "; ".join(str(item) for item in reasons) if isinstance(reasons, list) else said.get("error")
    if answer.status == 503:
        raise OutsideError(
            f"the firewall at {host} is not ready: {one_line(str(why or 'it does not say why'))}",
            "nothing was started",
        )
    if answer.status in (401, 403):
        raise OutsideError(
            f"the firewall at {host} does not let us in: {one_line(str(why or answer.status))}",
            "give a token with --token-from; nothing was started",
        )
    raise OutsideError(f"what answers at {host} is no firewall of Seawall", "correct --firewall")


def asks(firewall: str) -> tuple[str, ...]:
    """Whom a firewall asks, as it tells. Raises OutsideError when it is not there, or asks nobody yet."""
    from seawall.adapters.http import Http, Patience

    http = Http(patience=Patience(connect=5, read=20, total=40, tries=2))
    try:
        said = _ready(http, firewall, "")
    finally:
        http.close()
    origins = said.get("origins")
    if not isinstance(origins, list) or not origins:
        raise OutsideError(
            f"the firewall at {urlsplit(firewall).netloc} has no upstreams yet",
            "its upstreams are written down at its first start: start it before the clients are led to it",
        )
    return tuple(one_line(str(item)) for item in origins[:50])


def _nothing_goes_round(
    order: Order, environment: Mapping[str, str], directory: Path, firewall: str, note: Callable[[str], None]
) -> tuple[Round, ...]:
    """What leads past the firewall and is allowed to. Raises UsageError for what is not."""
    from seawall.adapters.machine.clients import own_settings

    hosts = frozenset({urlsplit(firewall).netloc.lower()})
    own = own_settings(environment)
    rounds = look(directory, order.command, hosts, own)
    if order.fix_locks:
        _fix(directory, rounds, firewall, note)
        rounds = look(directory, order.command, hosts, own)
    if not rounds or order.sealed or order.around:
        return rounds
    shown = "; ".join(dict.fromkeys(item.what for item in rounds[:_SHOWN]))
    more = f" and {len(rounds) - _SHOWN} more" if len(rounds) > _SHOWN else ""
    advice = []
    if any(item.fixable for item in rounds):
        advice.append("--fix-locks leads these lockfiles to the firewall")
    if not all(item.fixable for item in rounds):
        advice.append("take these addresses out" if not advice else "take the other addresses out")
    advice.append("--sealed lets nothing past it; --allow-around records that it was allowed")
    raise UsageError(f"this would go past the firewall: {shown}{more}", "; ".join(advice))


def _fix(directory: Path, rounds: Sequence[Round], firewall: str, note: Callable[[str], None]) -> None:
    from seawall.adapters.runners.locks import rewrite

    for name, data in fix(directory, rounds, firewall).items():
        why = rewrite(directory / name, data)
        if why is not None:
            raise UsageError(f"{name} cannot be written: {why}", "nothing was started")
        note(f"{name} is led to {firewall} from now on; look at the difference and commit it")


def _run(
    order: Order,
    environment: Mapping[str, str],
    directory: Path,
    firewall: str,
    secret: str,
    hidden: tuple[str, ...],
    headers: Mapping[str, str],
    begin: Callable[[], None],
) -> Summary:
    from seawall.adapters.machine.clients import npmrc_text
    from seawall.adapters.runners.locks import Swap
    from seawall.adapters.runners.peer import is_told
    from seawall.adapters.runners.private_npmrc import private_npmrc

    with ExitStack() as stack:
        relay, seal = stack.enter_context(_relayed(order, environment, firewall, secret, headers))
        scopes, extra = _own_registries(environment)
        npmrc = stack.enter_context(private_npmrc(npmrc_of(npmrc_text(environment), relay.door, scopes)))
        told = led(environment, relay.door, hidden, scopes, extra_indexes=extra, npmrc=npmrc)
        # Where the relay cannot tell whose process asks, other users must not read how to.
        swap = Swap(directory, firewall, relay.door, private=seal is None and not is_told())
        try:
            swap.put_in()
            begin()
            code = _started(order, told, seal)
        finally:
            fixed, problems = swap.take_out()
        if seal is not None:
            seal.close()
        attempts = by_frequency(seal.watch.attempts) if seal is not None else ()
        if seal is not None and seal.watch.missed:
            missed = (
                f"{seal.watch.missed} packets of what the seal refused came too fast, or to too many places"
            )
            problems = (*problems, f"{missed}: where they wanted to go is not known")
        return Summary(
            order.command,
            code,
            relay.passages,
            relay.notices,
            attempts,
            fixed,
            problems,
            sealed=order.sealed,
            firewall=firewall,
            run=headers.get(RUN_HEADER, ""),
        )


def _started(order: Order, told: Mapping[str, str], seal: Sealed | None) -> int:
    from seawall.adapters.runners.process import run as run_child

    if seal is not None:
        return seal.run(order.command, told, to_errors=order.to_errors)
    return run_child(order.command, told, to_errors=order.to_errors)


@contextmanager
def _relayed(
    order: Order, environment: Mapping[str, str], firewall: str, secret: str, headers: Mapping[str, str]
) -> Iterator[tuple[Relay, Sealed | None]]:
    from seawall.adapters.disk.places import data_directory
    from seawall.adapters.runners.own_place import own_place
    from seawall.adapters.runners.relay import Relay
    from seawall.adapters.runners.sealed import Sealed

    port, path = own_place(data_directory(environment), firewall)
    with ExitStack() as stack:
        seal = Sealed(firewall, port) if order.sealed else None
        if seal is not None:
            stack.callback(seal.close)
        listener, also = (seal.listener, seal.also) if seal is not None else (None, None)
        relay = Relay(firewall, secret, headers, listener, also, port=port, path=path)
        stack.callback(relay.close)
        yield relay, seal


def _own_registries(environment: Mapping[str, str]) -> tuple[list[str], bool]:
    """npm scopes that the user's own files send elsewhere, and whether they give pip further indexes."""
    from seawall.adapters.machine.clients import own_settings
    from seawall.kernel.client import Role

    upstreams = [item for place in own_settings(environment) for item in place.upstreams]
    scopes = sorted({item.scope for item in upstreams if item.role is Role.SCOPE and item.client == "npm"})
    return scopes, any(item.client == "pip" and item.role is Role.EXTRA for item in upstreams)


class _Telling:
    """Has the firewall write down what is told of a run; `problems` are sentences about what it did not."""

    def __init__(self, http: Http, firewall: str, secret: str, headers: Mapping[str, str]) -> None:
        own = {"authorization": f"Bearer {secret}"} if secret else {}
        self._http, self._firewall = http, firewall
        self._headers = {**headers, **own, "content-type": "application/json"}
        self.problems: list[str] = []

    def began(self, *, sealed: bool, around: bool) -> None:
        """Nothing of the command is told: it may hold anything."""
        said = {"schema": "seawall/run/1", "did": "began", "sealed": sealed, "around": around}
        self._send(RUN_PATH, said, "that this run began")

    def ended(self, code: int) -> None:
        """`code` as the child's parent sees it."""
        said = {"schema": "seawall/run/1", "did": "ended", "exit_code": code & 255}
        self._send(RUN_PATH, said, "how this run ended")

    def refused(self, attempts: Sequence[tuple[Attempt, int]]) -> None:
        """What the seal refused, if it refused something."""
        found = [
            {"host": item.host, "port": item.port, "protocol": item.protocol, "times": times}
            for item, times in attempts
        ]
        for start in range(0, len(found), _AT_ONCE):
            said = {"schema": "seawall/refused/1", "refused": found[start : start + _AT_ONCE]}
            self._send(REFUSED_PATH, said, "what the seal refused")

    def _send(self, path: str, said: Mapping[str, object], what: str) -> None:
        body = json.dumps(said).encode()
        try:
            answer = self._http.request(
                "POST", self._firewall + path, headers=self._headers, body=body, limit=_ANSWER
            )
        except OutsideError as error:
            self.problems.append(f"{what} is not in the ledger: {error}")
            return
        if answer.status != 200:
            self.problems.append(f"{what} is not in the ledger: the firewall answered {answer.status}")


def default_firewall(environment: Mapping[str, str] = os.environ) -> str:
    """`SEAWALL_FIREWALL`, else the address at which one listens without being told."""
    return environment.get("SEAWALL_FIREWALL") or DEFAULT_FIREWALL
