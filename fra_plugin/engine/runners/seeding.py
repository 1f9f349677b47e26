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
def own_randomness() -> Iterator[None]:
    """Put the random states of the CPU back at the end of the block."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
