"""What a sealed command tried to reach is read from its packets, and what could not be read is counted.

Each packet is looked at as it leaves, on the loopback of the sealed namespace, where every address is.
Sources: packet(7), RFC 791, RFC 8200, RFC 9293, RFC 1035.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
from collections import Counter
from ipaddress import ip_address

from seawall.kernel.run import Attempt

_MOST = 10_000
_DNS = 53
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_SYN, _RST, _ACK = 0x02, 0x04, 0x10


class Watch:
    """Reads the first packet of everything that wanted to go elsewhere. Close it to have all of it."""

    def __init__(self, packets: socket.socket, most: int = _MOST) -> None:
        self._packets = packets
        self._most = most
        self._found: Counter[Attempt] = Counter()
        self._beyond = 0
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._read, name="seawall-watch", daemon=True)
        self._thread.start()

    @property
    def attempts(self) -> dict[Attempt, int]:
        """What was seen until now and how often: at most 10,000 different ones."""
        return dict(self._found)

    @property
    def missed(self) -> int:
        """Packets that came too fast to be read, and attempts beyond those; all of them after `close`."""
        return self._beyond

    def _read(self) -> None:
        self._packets.setblocking(False)
        ending = False
        while True:
            watched = [self._packets.fileno(), self._stop_read]
            ready, _, _ = select.select(watched, [], [], 0.0 if ending else None)
            if watched[0] not in ready:
                if ending:
                    return
                ending = True
                continue
            try:
                data, address = self._packets.recvfrom(65_536)
            except BlockingIOError:
                continue
            except OSError:
                return
            if address[2] == socket.PACKET_OUTGOING:
                self._note(attempt(data))

    def _note(self, found: Attempt | None) -> None:
        if found is None:
            return
        if found in self._found or len(self._found) < self._most:
            self._found[found] += 1
        else:
            self._beyond += 1

    def close(self) -> None:
        """Read what is left, then give the socket back."""
        if self._stop_write >= 0:
            os.close(self._stop_write)
            self._stop_write = -1
            self._thread.join(5)
            os.close(self._stop_read)
            self._beyond += _dropped(self._packets)
            self._packets.close()


def _dropped(packets: socket.socket) -> int:
    """How many packets the kernel could not hand out since it was last asked (packet(7))."""
    try:
        return int(struct.unpack("II", packets.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1])
    except (OSError, struct.error):
        return 0


def attempt(packet: bytes) -> Attempt | None:
    """The connection that an IP packet begins elsewhere, or that it refuses here; None for anything else.

    A TCP packet to another address counts when it is a SYN without ACK. On the loopback connections are made
    for good reasons too, so there the answer counts, which tells that nothing listens: RST and ACK with
    number 0 (RFC 9293, 3.5.2). A question to a name server counts as the name in it, wherever that is.
    """
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        start, protocol, source, host = (packet[0] & 15) * 4, packet[9], packet[12:16], packet[16:20]
    elif version == 6 and len(packet) >= 40:
        start, protocol, source, host = 40, packet[6], packet[8:24], packet[24:40]
    else:
        return None
    if protocol == socket.IPPROTO_TCP:
        return _tcp(str(ip_address(source)), str(ip_address(host)), packet[start:])
    return _begun(protocol, str(ip_address(host)), packet[start:])


def _tcp(source: str, host: str, rest: bytes) -> Attempt | None:
    if len(rest) < 20:
        return None
    flags = rest[13] & (_SYN | _RST | _ACK)
    if flags == _SYN and not ip_address(host).is_loopback:
        return Attempt(host, _port(rest), "tcp")
    if flags == _RST | _ACK and rest[4:8] == bytes(4) and ip_address(source).is_loopback:
        return Attempt(source, int.from_bytes(rest[0:2], "big"), "tcp")
    return None


def _begun(protocol: int, host: str, rest: bytes) -> Attempt | None:
    here = ip_address(host).is_loopback
    if protocol == socket.IPPROTO_UDP and len(rest) >= 8:
        port, word = _port(rest), "udp"
        name = _asked(rest[8:]) if port == _DNS else ""
        if name:
            return Attempt(name, port, "dns")
    elif protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
        return None if here else _echo(host, protocol, rest)
    else:
        port, word = 0, f"ip {protocol}"
    return None if here and port != _DNS else Attempt(host, port, word)


def _port(rest: bytes) -> int:
    return int.from_bytes(rest[2:4], "big")


def _echo(host: str, protocol: int, rest: bytes) -> Attempt | None:
    request = 8 if protocol == socket.IPPROTO_ICMP else 128
    return Attempt(host, 0, "icmp") if rest[:1] == bytes([request]) else None


def _asked(message: bytes) -> str:
    """The name in a DNS question (RFC 1035, 4.1.2), empty when there is none that reads as one."""
    labels: list[str] = []
    at = 12
    while at < len(message) and message[at] and len(labels) < 64:
        size = message[at]
        label = message[at + 1 : at + 1 + size]
        if size > 63 or len(label) != size:
            return ""
        labels.append(label.decode("ascii", "replace"))
        at += 1 + size
    name = ".".join(labels).lower()
    return name if name and all(c.isalnum() or c in "-._*" for c in name) and len(name) < 254 else ""
