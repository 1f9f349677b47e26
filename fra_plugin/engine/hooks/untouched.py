"""Look at a model in the middle of its training and leave no trace."""

from contextlib import contextmanager
from typing import Iterator

import torch
from torch import nn

from ...models.evaluation_mode import evaluation_mode
from ..runners.seeding import own_randomness


@contextmanager
def untouched(model: nn.Module) -> Iterator[nn.Module]:
    """``with untouched(model): ...``: evaluation mode, no gradient; afterwards all is as before.

    The mode of each module (some are in evaluation mode on purpose) and the random states, see :func:`own_randomness`,
    return to what they were. Parameters and buffers don't move in evaluation mode.
    """
    with evaluation_mode(model), torch.no_grad(), own_randomness():
        yield model
