"""Random states as a function of a key, so that nothing random depends on what was drawn before."""

import contextlib
import random
from typing import Iterator

import numpy as np
import torch


def seed_all(*key: int, devices: bool = True) -> None:
    """Set the random states of Python, NumPy and torch.

    Args:
        key: integers, at least 0, such as (seed, rank, iteration); another key gives an unrelated state.
        devices: seed the GPUs too. False where a data worker must not touch them. Defaults to True.
    """
    words = np.random.SeedSequence(key).generate_state(12)
    random.seed(words[:4].tobytes())
    np.random.seed(words[4:8])
    seed = int.from_bytes(words[8:10].tobytes(), 'little') >> 1  # torch takes 63 bits
    if devices:
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


@contextlib.contextmanager
def own_randomness(devices: bool = True) -> Iterator[None]:
    """Put the random states of Python, NumPy and torch back at the end of the block.

    Args:
        devices: those of the GPUs too, if this process uses any. Defaults to True.
    """
    gpus = range(torch.cuda.device_count()) if devices and torch.cuda.is_initialized() else ()
    states = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(gpus):  # torch's part; it knows nothing of the other two
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
