"""Runs inside the seal: makes it, hands the only doors out, gives up the rest, becomes the command.

`sealed.py` starts it as a program of its own, and it imports the standard library alone. Nothing is reachable
from in here but a listener on 127.0.0.1 that another process, outside, accepts on. Every other address of
IPv4 and IPv6 is local ("AnyIP": a `local` route for everything on `lo`), so a connection to it is refused at
once, and its first packet passes a packet socket that is read outside.

Sources: unshare(2), user_namespaces(7), seccomp(2), rtnetlink(7), packet(7), prctl(2), capabilities(7).
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import platform
import signal
import socket
import struct
import sys

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x00020000, 0x08000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 22, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL, SECCOMP_MODE_FILTER = 4, 2
MS_RDONLY, MS_REMOUNT, MS_BIND = 0x1, 0x20, 0x1000
MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x4000, 0x40000, 0x2, 0x4, 0x8
ETH_P_ALL = 0x0003

# What root may still do to files of its own namespace, and nothing that reaches further.
KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 31})
# CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, SETFCAP

ARCHITECTURES = {
    # the audit architecture, and the numbers of the calls that are looked at
    "x86_64": (0xC000003E, {"socket": 41, "ioctl": 16, "setns": 308, "pidfd_getfd": 438}),
    "aarch64": (0xC00000B7, {"socket": 198, "ioctl": 29, "setns": 268, "pidfd_getfd": 438}),
}
IO_URING_SETUP = 425
X32 = 0x40000000
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000

SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33

libc = ctypes.CDLL(None, use_errno=True)
KEPT_ALIVE: "list[object]" = []  # what the kernel was given the address of, until it has read it


class SealError(Exception):
    """A step of the seal could not be made; the message says which and why."""


def checked(what: str, result: int) -> int:
    """The result, or SealError with the reason when it is -1."""
    if result == -1:
        number = ctypes.get_errno()
        raise SealError(f"{what}: {os.strerror(number)} ({errno.errorcode.get(number, number)})")
    return result


def unshare(what: str, flags: int) -> None:
    """Leave namespaces. Raises SealError."""
    checked(what, libc.unshare(flags))


def loopback_up() -> None:
    """Without it not even 127.0.0.1 is there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0))
        flags = struct.unpack("16sh22x", asked)[1] | IFF_UP
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags))


def every_address_is_here(family: int) -> None:
    """A route of type `local` for everything, in the table `local`, on `lo`. Raises SealError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.bind((0, 0))
        # family, dst_len, src_len, tos, table local, protocol boot, scope host, type local, flags
        route = struct.pack("BBBBBBBBI", family, 0, 0, 0, 255, 3, 254, 2, 0)
        out = struct.pack("HHI", 8, 4, socket.if_nametoindex("lo"))  # RTA_OIF
        flags = 0x1 | 0x4 | 0x200 | 0x400  # request, acknowledge, exclusive, create
        netlink.send(struct.pack("IHHII", 16 + len(route + out), 24, flags, 1, 0) + route + out)
        answer = netlink.recv(8192)
    number = -struct.unpack("i", answer[16:20])[0]
    if number:
        raise SealError(f"a route for family {family}: {os.strerror(number)}")


def proc_of_our_own() -> None:
    """A /proc that knows no process outside. Raises SealError where it cannot be mounted."""
    checked("mount --make-private", libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    checked("mount /proc", libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None))


def settings_of_the_machine_are_read_only() -> None:
    """What root may set in the kernel (a `core_pattern` runs a program outside) is not set from in here."""
    sealed = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    for place in (
        b"/proc/sys",
        b"/proc/sysrq-trigger",
        b"/proc/irq",
        b"/proc/bus",
        b"/sys",
        b"/sys/fs/cgroup",
    ):
        if os.path.exists(place):  # noqa: PTH110
            checked(f"bind {place.decode()}", libc.mount(place, place, None, MS_BIND, None))
            checked(f"seal {place.decode()}", libc.mount(None, place, None, sealed, None))


def give_up_capabilities() -> None:
    """Nobody in here gets back what could change the seal, not even root by starting a program."""
    last = int(open("/proc/sys/kernel/cap_last_cap").read())  # noqa: PTH123, SIM115
    for number in range(last + 1):
        if number not in KEPT_CAPABILITIES:
            checked(f"drop capability {number}", libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0))
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)


def statement(code: int, jump_true: int, jump_false: int, value: int) -> bytes:
    """One instruction of classic BPF."""
    return struct.pack("HBBI", code, jump_true, jump_false, value)


def filter_program() -> bytes:
    """What system calls are let through.

    Sockets of three families only: a socket in the file system (`AF_UNIX`) or to the hypervisor (`AF_VSOCK`)
    belongs to no network namespace and would lead out. `socketpair` stays. io_uring could make sockets past
    this filter.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise SealError(f"no system-call filter is known for {machine}")
    audit, calls = ARCHITECTURES[machine]
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06
    steps = [
        statement(load, 0, 0, 4),  # the architecture
        statement(equal, 1, 0, audit),
        statement(give, 0, 0, KILL),
        statement(load, 0, 0, 0),  # the number of the call
        statement(above, 0, 1, X32),
        statement(give, 0, 0, ERRNO | errno.ENOSYS),
    ]
    for number, refusal in (
        (IO_URING_SETUP, errno.ENOSYS),
        (calls["setns"], errno.EPERM),
        (calls["pidfd_getfd"], errno.EPERM),
    ):
        steps += [statement(equal, 0, 1, number), statement(give, 0, 0, ERRNO | refusal)]
    steps += [statement(equal, 0, 6, calls["ioctl"]), statement(load, 0, 0, 24)]  # low half of the second
    for request in (TIOCSTI, TIOCLINUX):
        steps += [statement(equal, 0, 1, request), statement(give, 0, 0, ERRNO | errno.EPERM)]
    steps += [
        statement(give, 0, 0, ALLOW),
        statement(equal, 1, 0, calls["socket"]),
        statement(give, 0, 0, ALLOW),
        statement(load, 0, 0, 16),  # the family: low half of the first argument
    ]
    for family in FAMILIES:
        steps += [statement(equal, 0, 1, int(family)), statement(give, 0, 0, ALLOW)]
    steps.append(statement(give, 0, 0, ERRNO | errno.EAFNOSUPPORT))
    return b"".join(steps)


def filter_calls() -> None:
    """From now on only what `filter_program` lets through. Raises SealError."""
    program = filter_program()
    buffer = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    held = ctypes.create_string_buffer(head, len(head))
    checked("no new privileges", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    address = ctypes.c_void_p(ctypes.addressof(held))
    checked("filter system calls", libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, 0, 0))


def only_leaving() -> bytes:
    """A filter for the packet socket: on a loopback each packet passes twice, and once is enough."""
    program = b"".join(
        (
            statement(0x28, 0, 0, 0xFFFFF000 + 4),  # the kind of packet (SKF_AD_PKTTYPE)
            statement(0x15, 0, 1, socket.PACKET_OUTGOING),
            statement(0x06, 0, 0, 0xFFFFFFFF),
            statement(0x06, 0, 0, 0),
        )
    )
    buffer = ctypes.create_string_buffer(program, len(program))
    KEPT_ALIVE.append(buffer)
    return struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))


def doors(port: int, own: "tuple[str, int] | None") -> "list[socket.socket]":
    """The listener, the packet socket, and where it can be had a listener at the firewall's own address."""
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    packets.bind(("lo", ETH_P_ALL))
    try:
        packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    except OSError:  # an old kernel gives no more than the machine's limit, whoever asks
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, only_leaving())
    taken = own is not None and own[1] == port
    found = [socket.create_server(("127.0.0.1", 0 if taken else port), backlog=128), packets]
    if own is not None:
        family = socket.AF_INET6 if ":" in own[0] else socket.AF_INET
        found.append(socket.create_server(own, family=family, backlog=128))
    return found


def say(control: socket.socket, answer: "dict[str, object]", sockets: "list[socket.socket]") -> None:
    """One message to the process outside, with descriptors."""
    socket.send_fds(control, [json.dumps(answer).encode() + b"\n"], [item.fileno() for item in sockets])


def seal(control: socket.socket) -> "dict[str, object]":
    """Make the seal step by step; the last word from outside (what to run)."""
    words = control.makefile("rb")
    ask = json.loads(words.readline())
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    unshare("a user namespace", CLONE_NEWUSER)
    say(control, {"step": "map"}, [])
    words.readline()
    unshare("a network namespace", CLONE_NEWNET)
    unshare("a mount namespace", CLONE_NEWNS | CLONE_NEWIPC)
    try:
        loopback_up()
        every_address_is_here(socket.AF_INET)
        # Where IPv6 is switched off nothing can be reached over it, and there is nothing to see.
        with contextlib.suppress(OSError, SealError):
            every_address_is_here(socket.AF_INET6)
        made = doors(int(ask["port"]), tuple(ask["own"]) if ask.get("own") else None)
    except OSError as error:
        raise SealError(f"the only door: {error.strerror or error}") from None
    say(control, {"step": "doors"}, made)
    for item in made:
        item.close()
    return dict(json.loads(words.readline()))


def become(order: "dict[str, object]", control: socket.socket) -> None:
    """Give up the rest and become the command, in a process namespace of its own where that can be had."""
    unshare("a process namespace", CLONE_NEWPID)
    child = os.fork()
    if child:
        outlive(child, control)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        try:
            proc_of_our_own()
            private = True
            if os.geteuid() == 0:
                settings_of_the_machine_are_read_only()
        except SealError:
            private = False  # a container that masks parts of /proc; the processes outside stay out of reach
        first = os.fork()
        if first:
            reap(first, control)
        give_up_capabilities()
        filter_calls()
        say(control, {"step": "sealed", "proc": private}, [])
        control.close()
        if order["to_errors"]:
            os.dup2(2, 1)
        command = [str(word) for word in order["command"]]  # type: ignore[attr-defined]
        os.execve(order["program"], command, order["environment"])  # type: ignore[arg-type]  # noqa: S606
    except SealError as error:
        say(control, {"error": str(error)}, [])
    except OSError as error:
        sys.stderr.write(f"seawall: the command cannot be started: {error.strerror}\n")
    os._exit(126)


def pass_signals_to(child: int) -> None:
    """What ends us ends the command first, by its own way."""

    def forward(number: int, _frame: object) -> None:
        if number in (signal.SIGINT, signal.SIGQUIT) and in_front():
            return  # the terminal told the command by itself
        try:
            os.kill(child, number)
        except ProcessLookupError:
            return

    for name in ("SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGQUIT"):
        signal.signal(getattr(signal, name), forward)


def in_front() -> bool:
    """This process is in the group that a terminal sends its signals to."""
    for descriptor in (0, 1, 2):
        try:
            if os.tcgetpgrp(descriptor) == os.getpgrp():
                return True
        except OSError:
            continue
    return False


def outlive(child: int, control: socket.socket) -> None:
    """Wait for the first process inside and end as it did."""
    control.close()
    pass_signals_to(child)
    _, status = os.waitpid(child, 0)
    os._exit(ended(status))


def reap(first: int, control: socket.socket) -> None:
    """Be the first process of the namespace: collect whatever ends, and end with the command."""
    control.close()
    pass_signals_to(first)
    while True:
        try:
            child, status = os.waitpid(-1, 0)
        except ChildProcessError:
            os._exit(125)
        if child == first:
            os._exit(ended(status))


def ended(status: int) -> int:
    """An exit code as a shell would tell it."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def main() -> None:
    """`python inside.py FD`: FD is the control socket."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    try:
        order = seal(control)
        become(order, control)
    except SealError as error:
        say(control, {"error": str(error)}, [])
        os._exit(125)


if __name__ == "__main__":
    main()
