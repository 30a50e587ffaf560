"""A world of two registries that fail, stall and lie at random, and clients that ask for everything in it.

    with world(now) as made, firewall(place, npm=made.npm.npm_url, ..., advisories=made.advisories()) as gate:
        made.warm(gate.url)                 # what is there is seen honestly once
        seen = made.storm(gate.url, clients=100, seconds=8)
        assert not seen.wrong, seen.wrong

What the honest world allows and denies is known by construction, so that every answer can be judged: `wrong`
are answers that hand out or list what is denied, or bytes that nobody published.
"""

import asyncio
import base64
import gzip
import hashlib
import json
import os
import random
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .past import (
    Fault,
    Past,
    Reply,
    Request,
    Wire,
    cut,
    drip,
    honest,
    longer,
    redirect,
    reset,
    serving,
    stall,
)
from .past import status as answering
from .past import wrong as other_bytes
from .past_npm import PastNpm
from .past_pypi import PastPypi

JSON = "application/vnd.pypi.simple.v1+json"
SHORT = "application/vnd.npm.install-v1+json"
EVIL = "9.9.9"
_BOMB = gzip.compress(b"\0" * (256 * 1024 * 1024), 9)
_WAIT = 100.0


@dataclass
class Seen:
    """What the clients saw. `answers` by (kind, method, status); `left` are requests that a client gave up."""

    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    cut: int = 0
    left: int = 0
    late: int = 0
    held_back: int = 0
    unreadable: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def of(self, kind: str, *statuses: int, method: str = "") -> int:
        return sum(
            n for (k, m, s), n in self.answers.items() if k == kind and s in statuses and method in ("", m)
        )

    def late_at(self, part: float) -> float:
        found = sorted(self.latencies)
        return found[min(len(found) - 1, int(len(found) * part))] if found else 0.0


@dataclass
class World:
    npm: PastNpm
    pypi: PastPypi
    now: datetime
    allowed: dict[str, bytes] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    digests: dict[str, str] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)
    bad: list[tuple[str, str, str]] = field(default_factory=list)
    faults: float = 0.0
    stalls: float = 2.0
    told: Counter[str] = field(default_factory=Counter)

    def advisories(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"MAL-2026-{number}",
                "modified": "2026-01-01T00:00:00Z",
                "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "versions": [version]}],
            }
            for number, (ecosystem, name, version) in enumerate(self.bad, 7)
        ]

    def fill(self, names: int) -> None:
        dice = random.Random(7)
        ages = {"1.0.0": 400, "1.1.0": 30, "1.2.0": 0}
        for number in range(names):
            for version, days in ages.items():
                when = self.now - timedelta(days=days, hours=2)
                size = 900_000 if number % 4 == 0 else 3_000
                files = {"data/part.bin": dice.randbytes(size)} if days != 30 else {}
                self._put(f"shell-{number}", version, when, files, denied=days == 0)
            if number % 3 == 0:
                self._put(f"shell-{number}", "0.9.0", self.now - timedelta(days=500), {}, denied=True)
                self.bad += [(e, f"shell-{number}", "0.9.0") for e in ("npm", "PyPI")]

    def _put(self, name: str, version: str, when: datetime, files: dict[str, bytes], *, denied: bool) -> None:
        release = self.npm.publish(name, version, when, files=files)
        path = f"/npm/{name}/-/{release.filename}"
        self._known(path, release.data, release.integrity, denied=denied)
        for item in (
            self.pypi.wheel(name, version, when, files=files),
            self.pypi.sdist(name, version, when, files=files),
        ):
            path = f"/pypi/files/{name}/{item.filename}"
            self._known(path, item.data, item.digest, denied=denied)
            if item.described is not None:
                self._known(f"{path}.metadata", item.described, "", denied=denied)
        self.documents = sorted({*self.documents, f"/npm/{name}", f"/pypi/simple/{name}/"})

    def _known(self, path: str, data: bytes, digest: str, *, denied: bool) -> None:
        if denied:
            self.denied.add(path)
        else:
            self.allowed[path] = data
        if digest:
            self.digests[path] = digest

    # What the registries do.

    def choose(self, past: Past) -> Callable[[Request], Fault | None]:
        def chosen(request: Request) -> Fault | None:
            if random.random() >= self.faults:
                return None
            name, fault = random.choice(self._faults(past))
            self.told[name] += 1
            return fault

        return chosen

    def _faults(self, past: Past) -> list[tuple[str, Fault]]:
        bomb = Reply(body=_BOMB, headers={"Content-Encoding": "gzip"})
        return [
            ("500", answering(500)),
            ("503", answering(503, Retry_After="1")),
            ("429", answering(429, Retry_After="1")),
            ("404", answering(404)),
            ("stall", stall(self.stalls)),
            ("stall in the middle", stall(self.stalls, after=400)),
            ("drip", drip(2_000, 0.02)),
            ("reset", reset()),
            ("reset in the middle", reset(500)),
            ("truncated", cut(200)),
            ("longer", longer()),
            ("wrong bytes", other_bytes(b"these are other bytes")),
            ("empty", other_bytes(b"")),
            ("not JSON", other_bytes(b'{"versions": {"1.0.0": ')),
            (
                "other JSON",
                other_bytes(random.choice((b"{}", b"[]", b"null", b'{"files":[{}],"versions":7}'))),
            ),
            ("redirect elsewhere", redirect("http://elsewhere.invalid/x")),
            ("redirect to itself", redirect(f"{past.url}/simple/shell-0/")),
            ("bomb", lambda _, wire: honest(bomb, wire)),
            ("slow", _slow),
            ("moved times", _lie(_moved)),
            ("changed digests", _lie(_changed)),
            ("a release of long ago that nobody saw", _lie(_invented)),
        ]

    # What the clients do.

    def warm(self, url: str) -> None:
        """Every document is asked for once while nothing lies, and a few files; judged as in the storm."""
        seen = Seen()
        self.faults = 0.0

        async def all_once() -> None:
            client = _Client(self, url, seen, random.Random(1))
            for path in (*self.documents, *list(self.allowed)[:6], *sorted(self.denied)):
                await client.ask(path, {"accept": JSON} if "/simple/" in path else {})
            client.close()

        asyncio.run(all_once())
        assert not seen.wrong, seen.wrong
        assert not seen.held_back, "an honest world's files are let in"

    def storm(self, url: str, clients: int, seconds: float, faults: float = 0.45) -> Seen:
        seen = Seen()
        self.faults = faults
        until = time.monotonic() + seconds

        async def one(number: int) -> None:
            client = _Client(self, url, seen, random.Random(number))
            while time.monotonic() < until:
                await client.anything()
            client.close()

        async def all_of_them() -> None:
            await asyncio.gather(*(one(number) for number in range(clients)))

        try:
            asyncio.run(all_of_them())
        finally:
            self.faults = 0.0
        return seen


def _slow(reply: Reply, wire: Wire) -> None:
    if wire.wait(0.5):
        honest(reply, wire)
    else:
        wire.hang_up()


def _lie(change: Callable[[Any], None]) -> Fault:
    """A document that says something else; a file stays as it is."""

    def fault(reply: Reply, wire: Wire) -> None:
        try:
            said = json.loads(reply.body)
            change(said)
        except (ValueError, KeyError, TypeError, AttributeError):
            return honest(reply, wire)
        body = json.dumps(said).encode()
        return honest(replace(reply, body=body, headers={**reply.headers, "ETag": '"a lie"'}), wire)

    return fault


def _moved(said: Any) -> None:
    if "files" in said:
        for item in said["files"]:
            item["upload-time"] = "2019-01-01T00:00:00.000000Z"
    else:
        said["time"] = dict.fromkeys(said["time"], "2019-01-01T00:00:00.000Z")


def _changed(said: Any) -> None:
    if "files" in said:
        for item in said["files"]:
            item["hashes"] = {"sha256": hashlib.sha256(b"these are other bytes").hexdigest()}
            item["size"] = len(b"these are other bytes")
    else:
        digest = base64.b64encode(hashlib.sha512(b"these are other bytes").digest()).decode()
        for item in said["versions"].values():
            item["dist"].update(integrity=f"sha512-{digest}", shasum="0" * 40)


def _invented(said: Any) -> None:
    if "files" in said:
        item = {**said["files"][0]}
        item["filename"] = f"{said['name'].replace('-', '_')}-{EVIL}-py3-none-any.whl"
        item["upload-time"] = "2019-01-01T00:00:00.000000Z"
        said["files"].append(item)
        said.get("versions", []).append(EVIL)
    else:
        made = json.loads(json.dumps(said["versions"]["1.0.0"]))
        made["version"] = EVIL
        said["versions"][EVIL] = made
        said["time"][EVIL] = "2019-01-01T00:00:00.000Z"
        said["dist-tags"]["latest"] = EVIL


class _Client:
    """One client: keep-alive, whatever a package manager asks for, and sometimes rude."""

    def __init__(self, world: World, url: str, seen: Seen, dice: random.Random) -> None:
        self.world, self.seen, self.dice = world, seen, dice
        self.host, _, port = url.removeprefix("http://").partition(":")
        self.port = int(port)
        self.writer: asyncio.StreamWriter | None = None
        self.tags: dict[str, str] = {}
        self._files = list(world.allowed)
        self._denied = sorted(world.denied)

    async def anything(self) -> None:
        dice, headers, method = self.dice, {}, "GET"
        roll = dice.random()
        if roll < 0.45:
            path = dice.choice(self.world.documents)
            if "/simple/" in path:
                headers["accept"] = dice.choice((JSON, "text/html"))
            elif dice.random() < 0.5:
                headers["accept"] = SHORT
            if dice.random() < 0.5:
                headers["accept-encoding"] = "gzip"
        elif roll < 0.8:
            path = dice.choice(self._files)
            if dice.random() < 0.15:
                headers["range"] = dice.choice(("bytes=0-99", "bytes=-100", "bytes=50-", "bytes=0-1,5-6"))
        elif roll < 0.93:
            path = dice.choice(self._denied)
        else:
            path = dice.choice(("/npm/nobody-{}", "/pypi/simple/nobody-{}/", "/pypi/files/shell-0/no-{}.whl"))
            path = path.format(dice.randrange(9))
        if path in self.tags and dice.random() < 0.3 and "range" not in headers:
            headers["if-none-match"] = self.tags[path]
        if dice.random() < 0.05:
            method = "HEAD"
        await self.ask(path, headers, method, rude=dice.random() < 0.06)

    async def ask(
        self, path: str, headers: dict[str, str], method: str = "GET", *, rude: bool = False
    ) -> None:
        begun = time.monotonic()
        try:
            await asyncio.wait_for(self._asked(path, headers, method, rude), _WAIT)
        except TimeoutError:
            self.seen.late += 1
            self.close()
        except (OSError, asyncio.IncompleteReadError, EOFError):
            self.seen.cut += 1
            self.close()
        self.seen.latencies.append(time.monotonic() - begun)

    async def _asked(self, path: str, headers: dict[str, str], method: str, rude: bool) -> None:
        if self.writer is None or self.writer.is_closing():
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in headers.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        if rude and self.dice.random() < 0.5:
            await asyncio.sleep(self.dice.random() * 0.05)
            self._left()
            return
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        said = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
        }
        if rude:
            self._left()
            return
        body = b"" if method == "HEAD" or status in (204, 304) else await self._body(said)
        whole = status == 206 and body == self.world.allowed.get(path)
        self.seen.answers[self._kind(path), method, 200 if whole else status] += 1
        if said.get("connection") == "close":
            self.close()
        if said.get("etag"):
            self.tags[path] = said["etag"]
        try:
            self._judge(path, headers, method, status, said, body)
        except Exception as error:  # what cannot be judged is no clear answer
            self.seen.unreadable.append(f"{path} {headers} {status}: {error!r} {body[:80]!r}")

    def _left(self) -> None:
        self.seen.left += 1
        self.close()

    async def _body(self, said: dict[str, str]) -> bytes:
        if "content-length" in said:
            return await self.reader.readexactly(int(said["content-length"]))
        parts = []
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            parts.append((await self.reader.readexactly(size + 2))[:-2])
        await self.reader.readexactly(2)
        return b"".join(parts)

    @staticmethod
    def _kind(path: str) -> str:
        return "file" if "/files/" in path or "/-/" in path else "document"

    def _judge(
        self, path: str, asked: dict[str, str], method: str, status: int, said: dict[str, str], body: bytes
    ) -> None:
        if status >= 400 and method == "GET":
            assert json.loads(body)["error"]
        if self._kind(path) == "file":
            self._judge_file(path, asked.get("range", ""), status, body if method == "GET" else None)
        elif status == 200 and method == "GET":
            if said.get("content-encoding") == "gzip":
                body = zlib.decompress(body, 31)
            listed = _listed(path, asked.get("accept", ""), body)
            for file, digest in listed.items():
                if file not in self.world.allowed:
                    self.seen.wrong.append(f"{path} lists {file}")
                elif digest != self.world.digests[file]:
                    self.seen.wrong.append(f"{path} has another digest of {file}")

    def _judge_file(self, path: str, part: str, status: int, body: bytes | None) -> None:
        allowed, wrong = self.world.allowed.get(path), self.seen.wrong
        if status in (200, 206, 304) and allowed is None:
            wrong.append(f"{path} was handed out: {status}")
        elif status == 200 and body is not None and body != allowed:
            wrong.append(f"{path} was other bytes")
        elif status == 206 and body is not None and body != _part(part, allowed or b""):
            wrong.append(f"{path} {part} was other bytes")
        elif status == 403 and allowed is not None:
            self.seen.held_back += 1

    def close(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None


def _listed(path: str, accept: str, body: bytes) -> dict[str, str]:
    """The files that a document offers, by their path here, and the digest that it gives."""
    name = path.strip("/").rpartition("/")[2]
    if "/simple/" not in path:
        versions = json.loads(body)["versions"]
        return {f"/npm/{name}/-/{name}-{v}.tgz": item["dist"]["integrity"] for v, item in versions.items()}
    if accept != JSON:
        links = re.findall(r"<a ([^>]*)>([^<]+)</a>", body.decode())
        found = {file: said for said, file in links if "data-yanked" not in said}
        assert links
        return {
            f"/pypi/files/{name}/{file}": said.partition("#sha256=")[2].partition('"')[0]
            for file, said in found.items()
        }
    files = [item for item in json.loads(body)["files"] if not item.get("yanked")]
    return {f"/pypi/files/{name}/{item['filename']}": item["hashes"].get("sha256", "") for item in files}


def _part(asked: str, data: bytes) -> bytes:
    first, _, last = asked.removeprefix("bytes=").partition("-")
    if not first:
        return data[-int(last) :]
    return data[int(first) : int(last) + 1 if last else None]


def check_ledger(entries: list[dict[str, Any]], seen: Seen) -> list[str]:
    """Whether there is one entry for every answer, and none that says more than what happened."""
    count: Counter[tuple[str, str]] = Counter()
    for item in entries:
        kind = {"list": "document", "fetch": "file", "metadata": "file"}.get(str(item["action"]))
        if kind:
            count[kind, str(item.get("delivery", "none"))] += 1
    loose = seen.left + seen.cut + seen.late
    wanted = {
        ("document", "offered or refused"): seen.of("document", 200, 304, 403),
        ("document", "none"): seen.of("document", 404),
        ("file", "served"): seen.of("file", 200, method="GET"),
        ("file", "partial"): seen.of("file", 206, method="GET"),
        ("file", "refused"): seen.of("file", 403),
        ("file", "offered"): seen.of("file", 304) + seen.of("file", 200, 206, method="HEAD"),
        ("file", "none"): seen.of("file", 404),
    }
    found = {key: count[key] for key in wanted}
    found["document", "offered or refused"] = count["document", "offered"] + count["document", "refused"]
    faults = [
        f"{key}: {found[key]} entries, {number} answers, {loose} without an end"
        for key, number in wanted.items()
        if not number <= found[key] <= number + loose
    ]
    total, answered = sum(count.values()), sum(wanted.values())
    if not answered <= total <= answered + loose:
        faults.append(f"{total} entries for {answered} answers and {loose} without an end")
    return faults


@contextmanager
def world(now: datetime, names: int = 12) -> Iterator[World]:
    with serving(PastNpm(now)) as npm, serving(PastPypi(now)) as pypi:
        made = World(npm, pypi, now)
        made.fill(names)
        npm.choose, pypi.choose = made.choose(npm), made.choose(pypi)
        yield made


def resident(pid: int | str = "self") -> int:
    """Bytes of memory that a process has now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(pid: int | str = "self") -> int:
    return len([*Path(f"/proc/{pid}/fd").iterdir()])


def threads(pid: int | str = "self") -> int:
    return len([*Path(f"/proc/{pid}/task").iterdir()])
