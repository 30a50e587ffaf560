"""Workers do what they are given, are as many as are needed, and are left behind at the end."""

import subprocess
import sys
import threading
import time

import pytest

from seawall.servers.firewall.workers import Workers


def test_results_and_faults_come_back() -> None:
    workers = Workers("test", 3)
    assert [workers.submit(pow, 2, n).result(5) for n in range(50)] == [2**n for n in range(50)]
    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 / 0).result(5)
    assert workers.submit(pow, 3, 3).result(5) == 27
    workers.shutdown()


def test_as_many_as_are_needed_and_no_more() -> None:
    workers, gate, inside = Workers("few", 4), threading.Event(), threading.Semaphore(0)

    def wait() -> str:
        inside.release()
        gate.wait(10)
        return threading.current_thread().name

    assert workers.submit(threading.get_ident).result(5) == workers.submit(threading.get_ident).result(5)
    waiting = [workers.submit(wait) for _ in range(9)]
    for _ in range(4):
        assert inside.acquire(timeout=5)
    assert not inside.acquire(timeout=0.05)
    gate.set()
    assert len({future.result(5) for future in waiting}) <= 4
    workers.shutdown()


def test_what_waits_is_called_off_and_nothing_new_is_begun() -> None:
    workers, gate, begun = Workers("ending", 1), threading.Event(), threading.Event()
    first = workers.submit(lambda: (begun.set(), gate.wait(10)))
    second = workers.submit(pow, 2, 2)
    assert begun.wait(5)
    workers.shutdown(cancel_futures=True)
    assert second.cancelled()
    with pytest.raises(RuntimeError):
        workers.submit(pow, 2, 2)
    gate.set()
    assert first.result(5)


def test_a_process_does_not_wait_for_them() -> None:
    code = (
        "import time, threading; from seawall.servers.firewall.workers import Workers\n"
        "begun = threading.Event(); Workers('x', 2).submit(lambda: (begun.set(), time.sleep(60))); begun.wait()"
    )
    begun = time.monotonic()
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=True).returncode == 0
    assert time.monotonic() - begun < 20
