"""NumPy's random generators out of a pickle, with states that they can have.

NumPy's own functions call whatever class or function they are given, and take positions outside of their tables.
"""

import pickle
from typing import Any

import numpy as np

BIT_GENERATORS = {name: getattr(np.random, name) for name in ('MT19937', 'PCG64', 'PCG64DXSM', 'Philox', 'SFC64')}
# The places in the tables of MT19937 and Philox at which the next number is.
LAST = dict(pos=624, buffer_pos=4)


def bit_generator(kind: Any = 'MT19937') -> np.random.BitGenerator:
    """A new bit generator, by name or class."""
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', None)
    if name not in BIT_GENERATORS or not isinstance(kind, str) and kind is not BIT_GENERATORS[name]:
        raise pickle.UnpicklingError(f'the random generator {kind!r}')
    return BIT_GENERATORS[name]()


def generator(kind: Any = 'MT19937', constructor: Any = None) -> np.random.Generator:
    """A Generator over a bit generator; the constructor that the file names is not called."""
    return np.random.Generator(kind if isinstance(kind, np.random.BitGenerator) else bit_generator(kind))


def random_state(kind: Any = 'MT19937', constructor: Any = None) -> np.random.RandomState:
    """A RandomState over a bit generator, as :func:`generator`."""
    return np.random.RandomState(kind if isinstance(kind, np.random.BitGenerator) else bit_generator(kind))


def seed_sequence(kind: Any, checksum: Any, state: Any = None) -> np.random.SeedSequence:
    """A new seed sequence, of the state that :func:`set_seed` then gives it."""
    made = np.random.SeedSequence(0)
    if state is not None:
        set_seed(made, state)
    return made


def set_seed(sequence: np.random.SeedSequence, state: Any) -> None:
    """Gives a seed sequence the state of a pickle: entropy, children, pool, size of the pool, spawn key."""
    entropy, children, _, pool_size, spawn_key = state[:5]
    sequence.__init__(entropy, spawn_key=spawn_key, pool_size=pool_size, n_children_spawned=children)


def check_state(state: Any) -> None:
    """Lets through the state of a generator whose position lies inside of its table; others would read foreign memory.

    Raises:
        UnpicklingError: for a state of another form, or a position outside.
    """
    if isinstance(state, tuple) and len(state) == 2:  # with its seed sequence
        state = state[0]
    if type(state) is not dict or type(state.get('state')) is not dict:
        raise pickle.UnpicklingError('the state of a random generator in an unknown form')
    for name, value in [*state.items(), *state['state'].items()]:
        if name in LAST and not (isinstance(value, (int, np.integer)) and 0 <= value <= LAST[name]):
            raise pickle.UnpicklingError(f'the position {value!r} in a random generator')
