"""What goes wrong in one process ends all of them: the others would wait for it until their collectives time out."""

import pickle
from typing import Any, Callable

from mmengine.dist import all_gather_object, get_world_size


def on_all(function: Callable, *args: Any) -> Any:
    """``function(*args)`` on each process; if it raises on any, all of them raise.

    A collective: every process must call it, also those for which there is nothing to do. The function may use collectives
    only where none of the processes can have raised before.

    Returns:
        What the function gives on this process.

    Raises:
        Exception: the function's own, or that of the first process that raised.
    """
    result = own = None
    try:
        result = function(*args)
    except Exception as error:
        if get_world_size() == 1:
            raise
        own = error
    if get_world_size() == 1:
        return result
    first = next((error for error in all_gather_object(_portable(own)) if error is not None), None)
    if first is not None:
        raise own or first
    return result


def _portable(error: Any) -> Any:
    """The error, or its text where it can't be sent to other processes."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever the class of an error does while it is copied
        return RuntimeError(f'{type(error).__name__}: {error}')
    return error
