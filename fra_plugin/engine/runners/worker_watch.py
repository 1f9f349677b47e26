"""Data workers that die or send nothing, as errors at a place where they can be handled."""

import contextlib
import signal
import threading
import time
from typing import Any, Callable, Iterator, Optional

# How the messages of the errors begin, torch's and ours.
WORKER_DIED = 'DataLoader worker (pid'
TIMED_OUT = 'no batch came from the data workers'


class WorkerWatch:
    """Tells of dead data workers while a batch is waited for, and at no other time; and limits the waiting.

    torch raises from a handler of SIGCHLD, wherever the main process is at that moment: in the middle of an optimizer's
    step, say, after which nothing can be saved or continued. In this context the error waits for the next batch. Handlers
    that others installed for this signal are called as ever, once for each signal.
    torch's own timeout does not cover the moments in which a worker is asked for a tensor's memory; an alarm does. It is
    set only while a batch is waited for. An alarm of somebody else that rings sooner is left as it is.

    Args:
        timeout: seconds for a batch; 0, no limit.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._in_main_thread = threading.current_thread() is threading.main_thread()  # no other one gets signals
        self._tell: Optional[Callable] = None  # torch's handler, which calls the one before it
        self._holds_back = False
        self._held_back: Optional[RuntimeError] = None

    def __enter__(self) -> 'WorkerWatch':
        self._holds_back = True
        return self

    def __exit__(self, *_) -> None:
        self._holds_back = False  # a handler that was installed after ours may still call it
        if self._tell is not None and signal.getsignal(signal.SIGCHLD) == self._on_child:
            signal.signal(signal.SIGCHLD, self._tell)

    def take_over(self) -> None:
        """To be called once workers were started: torch installs its handler with the first of them."""
        self._held_back = None  # of the workers before them
        handler = signal.getsignal(signal.SIGCHLD)
        if self._tell is None and callable(handler) and self._in_main_thread:
            self._tell = handler
            signal.signal(signal.SIGCHLD, self._on_child)

    def next(self, iterator: Iterator) -> Any:
        """The iterator's next item.

        Raises:
            RuntimeError: beginning with WORKER_DIED, if a worker died, be it since the last call, or with TIMED_OUT.
        """
        with self._alarm():
            self._holds_back = False
            try:
                if self._held_back is not None:
                    error, self._held_back = self._held_back, None
                    raise error
                return next(iterator)
            finally:
                self._holds_back = True

    @contextlib.contextmanager
    def _alarm(self) -> Iterator[None]:
        others = signal.getitimer(signal.ITIMER_REAL)[0] if self._in_main_thread and self.timeout else 0
        if not self._in_main_thread or not self.timeout or 0 < others <= self.timeout:
            yield
            return
        handler, start = signal.signal(signal.SIGALRM, self._on_alarm), time.monotonic()
        _, interval = signal.setitimer(signal.ITIMER_REAL, self.timeout)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            if others:
                signal.setitimer(signal.ITIMER_REAL, max(others - (time.monotonic() - start), 1e-3), interval)

    def _on_alarm(self, *_: Any) -> None:
        raise RuntimeError(
            f'{TIMED_OUT} for {self.timeout} s: is the disk there? Resume from the last checkpoint when it is.'
        )

    def _on_child(self, *args: Any) -> None:
        try:
            self._tell(*args)
        except RuntimeError as error:  # of a dead worker torch tells once
            if not self._holds_back or not str(error).startswith(WORKER_DIED):
                raise
            self._held_back = error
