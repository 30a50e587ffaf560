import threading

import pytest

from seawall.adapters.registries.together import each
from seawall.kernel.errors import OutsideError


def test_results_stand_in_the_order_of_the_jobs() -> None:
    told: list[int] = []
    got = each(list(range(500)), lambda n: n * 2, told.append)
    assert got == [(n, n * 2) for n in range(500)]
    assert told == list(range(1, 501))
    assert each([], lambda n: n) == []


def test_what_the_outside_does_is_a_result_and_nothing_is_one_too() -> None:
    def work(n: int) -> None:
        if n % 2:
            raise OutsideError(str(n))

    got = each(list(range(4)), work)
    assert [str(result) for _, result in got] == ["None", "1", "None", "3"]


def test_a_fault_of_ours_ends_it_and_begins_nothing_more() -> None:
    begun: list[int] = []
    gate = threading.Event()

    def work(n: int) -> None:
        begun.append(n)
        if n == 0:
            raise ZeroDivisionError
        gate.wait(0.05)

    with pytest.raises(ZeroDivisionError):
        each(list(range(1000)), work)
    assert len(begun) < 100


def test_eight_at_most() -> None:
    names: set[str] = set()
    each(list(range(200)), lambda _n: names.add(threading.current_thread().name))
    assert len(names) <= 8
