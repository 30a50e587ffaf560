"""A client that asks one address over a few connections as fast as it is answered, and prints what it saw.

    python -m bench.load HOST PORT PATH CONNECTIONS SECONDS [NAME:VALUE …]

Each connection has one request under way at a time. Latencies are in milliseconds, from the first byte that
was sent to the last that came; `bytes` is the length of the last body.
"""

import asyncio
import json
import sys
import time


class _Asking(asyncio.Protocol):
    def __init__(
        self, place: tuple[str, int], request: bytes, until: float, ended: asyncio.Future[None]
    ) -> None:
        self.place, self.request, self.until, self.ended = place, request, until, ended
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.length = 0
        self._head = b""
        self._left = -1
        self._chunked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        self._head, self._left, self._chunked, self._closes, self._whole = b"", -1, False, False, False
        self.sent = time.perf_counter()
        self.transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self._left < 0 and not self._chunked:
            self._head += data
            head, gap, data = self._head.partition(b"\r\n\r\n")
            if not gap:
                return
            lines = head.lower().split(b"\r\n")
            status = int(lines[0].split()[1])
            self.statuses[status] = self.statuses.get(status, 0) + 1
            for line in lines:
                if line.startswith(b"content-length:"):
                    self._left = self.length = int(line[15:])
                elif line.startswith(b"transfer-encoding:") and b"chunked" in line:
                    self._chunked, self.length = True, 0
                elif line.startswith(b"connection:") and b"close" in line:
                    self._closes = True
        if self._chunked:
            self.length += len(data)
            self._tail = (self._tail if self.length > len(data) else b"")[-5:] + data[-5:]
            if self._tail.endswith(b"0\r\n\r\n"):
                self._done()
            return
        self._left -= len(data)
        if self._left <= 0:
            self._done()

    _tail = b""

    def _done(self) -> None:
        self.latencies.append(time.perf_counter() - self.sent)
        self._whole = True
        if time.perf_counter() < self.until:
            if not self._closes:
                self._ask()
            return
        self.transport.close()
        if not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if self.ended.done():
            return
        if self._whole and self._closes:  # a server that takes one request per connection
            again = asyncio.get_running_loop().create_connection(lambda: self, *self.place)
            self._opening = asyncio.ensure_future(again)
        else:
            self.ended.set_exception(error or ConnectionError("the server closed the connection"))


async def _ask(host: str, port: int, path: str, connections: int, seconds: float, headers: list[str]) -> None:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", *headers, "", ""]
    request = "\r\n".join(
        line.replace(":", ": ", 1) if i > 1 else line for i, line in enumerate(lines)
    ).encode()
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    asking: list[_Asking] = []
    for _ in range(connections):
        ended = loop.create_future()
        _, protocol = await loop.create_connection(
            lambda e=ended: _Asking((host, port), request, begun + seconds, e),
            host,
            port,  # type: ignore[misc]
        )
        asking.append(protocol)
    await asyncio.gather(*(one.ended for one in asking))
    took = time.perf_counter() - begun
    latencies = sorted(x for one in asking for x in one.latencies)
    statuses: dict[int, int] = {}
    for one in asking:
        for status, count in one.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    print(
        json.dumps(
            {
                "requests": len(latencies),
                "seconds": took,
                "p50": latencies[len(latencies) // 2] * 1e3,
                "p99": latencies[len(latencies) * 99 // 100] * 1e3,
                "statuses": statuses,
                "bytes": asking[0].length,
            }
        )
    )


if __name__ == "__main__":
    import uvloop

    uvloop.run(
        _ask(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6:])
    )
