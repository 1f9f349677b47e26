"""Data workers that die or send nothing, as errors at a place where they can be handled."""

import signal
import threading
from typing import Any, Callable, Iterator, Optional

# How the messages of the errors begin, torch's and ours.
WORKER_DIED = 'DataLoader worker (pid'
TIMED_OUT = 'no batch came from the data workers'


class WorkerWatch:
    """Tells of dead data workers while a batch is waited for, and at no other time; and limits the waiting.

    torch raises from a handler of SIGCHLD, wherever the main process is at that moment: in the middle of an optimizer's
    step, say, after which nothing can be saved or continued. In this context the handler waits for the next batch.
    torch's own timeout does not cover the moments in which a worker is asked for a tensor's memory; an alarm does.

    Args:
        timeout: seconds for a batch; 0, no limit.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._in_main_thread = threading.current_thread() is threading.main_thread()  # no other one gets signals
        self._tell: Optional[Callable] = None  # torch's handler
        self._waiting = False

    def __enter__(self) -> 'WorkerWatch':
        if self._in_main_thread:
            self._former_alarm = signal.signal(signal.SIGALRM, self._on_alarm)
        return self

    def __exit__(self, *_) -> None:
        if self._in_main_thread:
            signal.signal(signal.SIGALRM, self._former_alarm)
        if self._tell is not None:
            signal.signal(signal.SIGCHLD, self._tell)

    def take_over(self) -> None:
        """To be called once workers were started: torch installs its handler with the first of them."""
        handler = signal.getsignal(signal.SIGCHLD)
        if self._tell is None and callable(handler) and self._in_main_thread:
            self._tell = handler
            signal.signal(signal.SIGCHLD, self._on_child)

    def next(self, iterator: Iterator) -> Any:
        """The iterator's next item.

        Raises:
            RuntimeError: beginning with WORKER_DIED, if a worker died, be it since the last call, or with TIMED_OUT.
        """
        self._waiting = True
        if self._in_main_thread and self.timeout:
            former = signal.setitimer(signal.ITIMER_REAL, self.timeout)
        try:
            if self._tell is not None:
                self._tell(signal.SIGCHLD, None)
            return next(iterator)
        finally:
            if self._in_main_thread and self.timeout:
                signal.setitimer(signal.ITIMER_REAL, *former)
            self._waiting = False

    def _on_alarm(self, *_: Any) -> None:
        raise RuntimeError(
            f'{TIMED_OUT} for {self.timeout} s: is the disk there? Resume from the last checkpoint when it is.'
        )

    def _on_child(self, *args: Any) -> None:
        if self._waiting:
            self._tell(*args)
