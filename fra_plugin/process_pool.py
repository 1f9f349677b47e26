"""Worker processes that share the work on many files, and a bar that shows how much is done."""

import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context
from typing import Any, Callable, Iterator, Optional

import cv2
from mmengine.utils import ProgressBar


@contextmanager
def process_pool(workers: int, start: Optional[Callable] = None, *args: Any) -> Iterator[ProcessPoolExecutor]:
    """A pool of forked processes, or spawned ones where there is no fork. An interrupt reaches only the parent.

    Args:
        workers: number of processes, at least 1.
        start: called with ``args`` once in each process. Defaults to None.

    Raises:
        ChildProcessError: if a process was killed.
    """
    # A forked process must find OpenCV without threads: the parent's do not exist in it. One each is fastest, too.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    method = 'fork' if 'fork' in get_all_start_methods() else 'spawn'
    pool = ProcessPoolExecutor(workers, mp_context=get_context(method), initializer=_start, initargs=(start, *args))
    try:
        yield pool
    except BrokenProcessPool as error:
        raise ChildProcessError('a worker process was killed, perhaps for want of memory; try fewer workers') from error
    finally:
        pool.shutdown(wait=True, **(dict(cancel_futures=True) if sys.version_info >= (3, 9) else {}))
        cv2.setNumThreads(threads)


def progress_bar(results: Iterator[Any], total: int) -> Iterator[Any]:
    """The results as they come, and on stderr a bar of how many came. It has no thread, which a fork could meet."""
    bar = ProgressBar(total, file=sys.stderr)
    try:
        for result in results:
            bar.update()
            yield result
    finally:
        sys.stderr.write('\n')


def _start(start: Optional[Callable], *args: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if start is not None:
        start(*args)
