"""Death of a data worker as an error at a place where it can be handled."""
import signal
import threading
from typing import Any, Callable, Iterator, Optional

WORKER_DIED = 'DataLoader worker (pid'  # how torch's messages about it begin


class WorkerWatch:
    """Tells of dead data workers while a batch is waited for, and at no other time.

    torch raises from a handler of SIGCHLD, wherever the main process is at that moment: in the middle of an optimizer's
    step, say, after which nothing can be saved or continued. In this context the handler waits for the next batch.
    """

    def __init__(self) -> None:
        self._tell: Optional[Callable] = None  # torch's handler
        self._waiting = False

    def __enter__(self) -> 'WorkerWatch':
        return self

    def __exit__(self, *_) -> None:
        if self._tell is not None:
            signal.signal(signal.SIGCHLD, self._tell)

    def take_over(self) -> None:
        """To be called once workers were started: torch installs its handler with the first of them."""
        handler = signal.getsignal(signal.SIGCHLD)
        if self._tell is None and callable(handler) and threading.current_thread() is threading.main_thread():
            self._tell = handler
            signal.signal(signal.SIGCHLD, self._on_child)

    def next(self, iterator: Iterator) -> Any:
        """The iterator's next item.

        Raises:
            RuntimeError: beginning with WORKER_DIED, if a worker died, be it since the last call.
        """
        self._waiting = True
        try:
            if self._tell is not None:
                self._tell(signal.SIGCHLD, None)
            return next(iterator)
        finally:
            self._waiting = False

    def _on_child(self, *args: Any) -> None:
        if self._waiting:
            self._tell(*args)
