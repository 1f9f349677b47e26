"""The seven basic expressions as movements of the brows, the lids, the nose and the mouth.

Numbers and order are RAF-DB's: 1 surprise, 2 fear, 3 disgust, 4 happiness, 5 sadness, 6 anger, 7 neutral.
"""

from dataclasses import dataclass, fields

import numpy as np

EXPRESSIONS = ('surprise', 'fear', 'disgust', 'happiness', 'sadness', 'anger', 'neutral')


@dataclass
class Movement:
    """How far the face is from rest, in head units (``lids``: factor on the opening of the eyes; ``squint``, ``wrinkle``
    and ``cheek`` in [0, 1]). ``inner`` and ``outer`` raise the ends of the brows, ``squeeze`` pulls them together;
    ``corner_up`` and ``corner_out`` move the corners of the mouth, ``jaw`` opens it, ``upper`` and ``lower`` bare the
    teeth, ``press`` thins the lips."""

    inner: float = 0.0
    outer: float = 0.0
    squeeze: float = 0.0
    lids: float = 1.0
    squint: float = 0.0
    wrinkle: float = 0.0
    cheek: float = 0.0
    corner_up: float = 0.0
    corner_out: float = 0.0
    jaw: float = 0.0
    upper: float = 0.0
    lower: float = 0.0
    press: float = 0.0


_FULL = dict(
    surprise=Movement(inner=0.17, outer=0.15, lids=1.55, jaw=0.42, corner_out=-0.09, corner_up=-0.02),
    fear=Movement(
        inner=0.16, outer=0.01, squeeze=0.06, lids=1.42, jaw=0.07, corner_out=0.08, corner_up=-0.08, lower=0.07
    ),
    disgust=Movement(
        inner=-0.10,
        outer=-0.03,
        squeeze=0.05,
        lids=0.72,
        squint=0.6,
        wrinkle=1.0,
        cheek=0.6,
        corner_up=-0.05,
        upper=0.10,
        jaw=0.02,
        lower=0.02,
    ),
    happiness=Movement(
        inner=0.02,
        outer=0.03,
        lids=0.88,
        squint=0.5,
        cheek=1.0,
        corner_up=0.15,
        corner_out=0.12,
        jaw=0.05,
        upper=0.04,
        lower=0.03,
    ),
    sadness=Movement(inner=0.15, outer=-0.07, squeeze=0.05, lids=0.70, corner_up=-0.14, corner_out=-0.02, press=0.1),
    anger=Movement(
        inner=-0.14,
        outer=0.05,
        squeeze=0.08,
        lids=0.95,
        squint=0.35,
        wrinkle=0.35,
        corner_up=-0.06,
        corner_out=-0.02,
        press=0.5,
    ),
    neutral=Movement(),
)


def sample_expression(seed: int, index: int) -> int:
    """Number of image ``index``'s expression, 1 to 7: every seven consecutive images show all of them."""
    order = np.random.default_rng([seed, 2, index // 7]).permutation(7)
    return int(order[index % 7]) + 1


def sample_movement(rng: np.random.Generator, expression: int) -> Movement:
    """A movement of class ``expression`` (1 to 7) with a random strength and small random deviations."""
    kind = EXPRESSIONS[expression - 1]
    full, rest = _FULL[kind], Movement()
    strength = rng.uniform(0.6, 1.1)
    parts = {item.name: (getattr(rest, item.name), getattr(full, item.name)) for item in fields(Movement)}
    move = Movement(**{name: low + strength * (high - low) for name, (low, high) in parts.items()})
    for part, sd in dict(inner=0.012, outer=0.012, lids=0.06, corner_up=0.012, corner_out=0.015).items():
        setattr(move, part, getattr(move, part) + float(np.clip(rng.normal(0, sd), -2 * sd, 2 * sd)))
    if kind == 'happiness':  # from a closed smile to a laugh
        laugh = rng.choice([0.0, rng.uniform(0.5, 2.0)], p=[0.3, 0.7])
        move.jaw, move.upper, move.lower = move.jaw * laugh, move.upper * min(laugh, 1), move.lower * min(laugh, 1)
    elif kind == 'anger' and rng.random() < 0.4:  # bared teeth instead of pressed lips
        move.press, move.jaw, move.upper, move.lower = 0.0, 0.04, 0.07, 0.07
    elif kind == 'neutral' and rng.random() < 0.2:  # parted lips
        move.jaw = rng.uniform(0.02, 0.05)
    elif kind == 'sadness' and rng.random() < 0.2:
        move.jaw = rng.uniform(0.02, 0.06)
    return move
