"""Pictures, logs and tables that can't be written are worth a warning, but not the end of a training."""

import functools
import logging
from contextlib import contextmanager
from typing import Callable, Iterator

from mmengine.logging import print_log
from mmengine.visualization import Visualizer


@contextmanager
def side_product(what: str) -> Iterator[None]:
    """``with side_product('The picture'): ...``: an OSError in the block becomes a warning."""
    try:
        yield
    except OSError as error:
        print_log(f'{what} could not be written: {error}. Training goes on.', 'current', logging.WARNING)


def forgive(visualizer: Visualizer) -> None:
    """Let no backend of a visualizer (a file, TensorBoard, ...) end a training because its disk is full or gone."""
    for backend in visualizer._vis_backends.values():
        for name in ('add_graph', 'add_image', 'add_scalar', 'add_scalars'):
            method = getattr(backend, name, None)
            if method is not None and not hasattr(method, 'forgives'):
                setattr(backend, name, _forgiving(method, f'What goes to {type(backend).__name__}'))


def _forgiving(method: Callable, what: str) -> Callable:
    @functools.wraps(method)
    def forgiving(*args, **kwargs):
        with side_product(what):
            return method(*args, **kwargs)

    forgiving.forgives = True
    return forgiving
