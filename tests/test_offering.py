"""Who computes has a turn alone, and gives it up while it waits for others."""

import threading
from collections.abc import Callable

import pytest

from seawall.offering import Turn


def beside(do: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    return thread


def test_one_thread_has_the_turn_at_a_time() -> None:
    turn, inside, most = Turn(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with turn.taken():
                inside += 1
                most = max(most, inside)
                inside -= 1

    for thread in [beside(work) for _ in range(8)]:
        thread.join(20)
        assert not thread.is_alive()
    assert most == 1


def test_it_is_left_while_one_waits_and_had_again_afterwards() -> None:
    turn, went = Turn(), threading.Event()

    def other() -> None:
        with turn.taken():
            went.set()

    with turn.taken(), turn.taken():
        thread = beside(other)
        assert not went.wait(0.05)
        with turn.left():
            assert went.wait(5)
            with turn.taken():
                pass
        went.clear()
        thread.join(5)
        thread = beside(other)
        assert not went.wait(0.05)
    assert went.wait(5)
    thread.join(5)


def test_whoever_fails_keeps_nothing() -> None:
    turn = Turn()
    with pytest.raises(ValueError, match="x"), turn.taken(), turn.left():
        raise ValueError("x")
    with turn.left(), turn.left():  # nothing was had
        pass
    done = beside(lambda: turn.taken().__enter__())
    done.join(5)
    assert not done.is_alive()
