"""Signals and processes of others stay theirs."""

import contextlib
import multiprocessing
import os
import signal
import time

import pytest
from torch.utils.data import DataLoader
from torch.utils.data._utils import signal_handling

from fra_plugin.engine.runners.worker_watch import WorkerWatch


@pytest.fixture
def strangers_children():
    """Signals that a handler of somebody else got, installed before torch's."""
    received = []
    former, installed = signal.getsignal(signal.SIGCHLD), signal_handling._SIGCHLD_handler_set
    signal_handling._SIGCHLD_handler_set = False
    signal.signal(signal.SIGCHLD, lambda *args: received.append(args))
    yield received
    signal.signal(signal.SIGCHLD, former)
    signal_handling._SIGCHLD_handler_set = installed


def end_a_child():
    child = multiprocessing.get_context('fork').Process(target=int)
    child.start()
    child.join()


def test_a_strangers_handler_gets_each_signal_once_and_no_call_for_a_batch(strangers_children):
    with WorkerWatch(10) as watch:
        iterator = iter(DataLoader(range(8), num_workers=1))
        watch.take_over()
        for _ in range(8):
            watch.next(iterator)
        assert not strangers_children
        end_a_child()
        assert len(strangers_children) == 1 and strangers_children[0][0] == signal.SIGCHLD
    end_a_child()
    assert [args[0] for args in strangers_children].count(signal.SIGCHLD) >= 2


def test_a_worker_that_died_between_two_batches_is_told_of_at_the_next(strangers_children):
    with WorkerWatch(10) as watch:
        iterator = iter(DataLoader(range(100), num_workers=1))
        watch.take_over()
        watch.next(iterator)
        os.kill(iterator._workers[0].pid, signal.SIGKILL)
        iterator._workers[0].join()
        with pytest.raises(RuntimeError, match='DataLoader worker'):
            watch.next(iterator)


def test_a_handler_that_was_installed_meanwhile_stays():
    former = signal.getsignal(signal.SIGCHLD)
    try:
        with WorkerWatch(10) as watch:
            iterator = iter(DataLoader(range(2), num_workers=1))
            watch.take_over()
            watch.next(iterator)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGCHLD, former)


@contextlib.contextmanager
def alarm(seconds):
    rung = []
    handler, timer = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic())), None
    try:
        timer = signal.setitimer(signal.ITIMER_REAL, seconds)
        yield rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


@pytest.mark.parametrize('theirs, limit', [(0.2, 10), (0.4, 0.3)])
def test_the_alarm_of_somebody_else_rings_in_time_whether_or_not_a_batch_is_waited_for(theirs, limit):
    def slowly():
        for _ in range(6):
            time.sleep(0.1)
            yield

    with alarm(theirs) as rung, WorkerWatch(limit) as watch:
        start, batches = time.monotonic(), slowly()
        for _ in range(6):
            watch.next(batches)
        assert len(rung) == 1 and theirs <= rung[0] - start < theirs + 0.3


def test_a_limit_that_is_over_ends_the_waiting():
    with alarm(100), WorkerWatch(0.1) as watch:
        with pytest.raises(RuntimeError, match='no batch came from the data workers for 0.1 s'):
            watch.next(time.sleep(0.5) for _ in range(1))
        assert 99 < signal.getitimer(signal.ITIMER_REAL)[0] < 100
