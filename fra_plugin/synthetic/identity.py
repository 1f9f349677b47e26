"""The parametric person: everything that stays the same over the images of one identity.

Lengths are in head units: half the width of an average face is 1.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Dict

import numpy as np

from .canvas import Colour

IMAGES_PER_IDENTITY = 4
"""Images ``4 j .. 4 j + 3`` show identity ``j``."""

# RGB, light to dark; a skin is a point on this line, jittered.
_SKIN = (
    (255, 226, 204),
    (244, 205, 176),
    (229, 180, 143),
    (204, 146, 106),
    (164, 107, 72),
    (118, 74, 50),
    (82, 52, 37),
)
_HAIR = dict(
    black=(28, 25, 27),
    brown=(84, 54, 34),
    blond=(208, 168, 104),
    red=(142, 62, 28),
    gray=(168, 166, 164),
    dyed=(90, 70, 150),
)
_EYES = ((92, 58, 34), (60, 38, 26), (96, 118, 150), (84, 116, 84), (122, 96, 56), (112, 124, 132))

# name: (standard deviation, largest absolute value) of a shape factor around its mean of 0
_SHAPE = dict(
    face_length=(0.05, 0.11),
    jaw_width=(0.05, 0.10),
    chin_width=(0.10, 0.22),
    cheek=(0.03, 0.06),
    skull_width=(0.03, 0.06),
    eye_size=(0.08, 0.16),
    eye_spacing=(0.025, 0.05),
    eye_tilt=(0.025, 0.05),
    eye_open=(0.14, 0.28),
    brow_height=(0.03, 0.06),
    brow_tilt=(0.025, 0.05),
    brow_arch=(0.03, 0.06),
    brow_thickness=(0.25, 0.5),
    nose_length=(0.04, 0.08),
    nose_width=(0.15, 0.32),
    nose_depth=(0.08, 0.16),
    nose_hump=(0.02, 0.04),
    mouth_width=(0.07, 0.14),
    upper_lip=(0.25, 0.5),
    lower_lip=(0.25, 0.5),
    mouth_height=(0.03, 0.06),
    ear_size=(0.1, 0.2),
    asymmetry=(0.012, 0.025),
)


@dataclass(frozen=True)
class Hair:
    """``style``: bald, receding, buzz, short, bob, long, bun or afro; ``texture``: straight, wavy or curly;
    ``fringe``: none, straight or side; lengths in head units; ``colour`` BGR."""

    style: str
    texture: str
    fringe: str
    volume: float
    length: float
    part: float
    hairline: float
    colour: Colour
    colour_name: str


@dataclass(frozen=True)
class Identity:
    """One person. ``age`` in [0, 1]; colours are BGR; ``shape`` holds factors around 0; ``beard``: none, stubble,
    moustache, goatee or full; ``glasses``: '' or the frame's style, worn most of the time; ``marks``: (n, 3)
    freckles and moles as (x, y, radius) on the face."""

    seed: int
    number: int
    male: bool
    age: float
    skin: Colour
    pale: bool
    eyes: Colour
    hair: Hair
    beard: str
    sideburns: bool
    shape: Dict[str, float]
    freckles: bool
    marks: np.ndarray
    rosy: float
    lipstick: float
    makeup: float
    bushy_brows: bool
    glasses: str
    earrings: bool
    gloss: float

    def own_rng(self, purpose: int) -> np.random.Generator:
        """Random numbers that are the same in all pictures of the person; another stream for each purpose."""
        return np.random.default_rng([self.seed, 6, self.number, purpose])


@lru_cache(maxsize=16)
def sample_identity(seed: int, number: int) -> Identity:
    """Draw identity ``number`` (>= 0); depends on ``(seed, number)`` only. Don't change what it returns: it is kept."""
    rng = np.random.default_rng([seed, 1, number])
    male = bool(rng.random() < 0.5)
    age = float(np.clip(rng.beta(1.6, 2.2), 0, 1))
    shape = {name: float(np.clip(rng.normal(0, sd), -limit, limit)) for name, (sd, limit) in _SHAPE.items()}
    shape['jaw_width'] += 0.04 if male else -0.04
    shape['chin_width'] += 0.10 if male else -0.08
    shape['brow_thickness'] += 0.25 if male else -0.2
    shape['upper_lip'] += -0.15 if male else 0.15
    shape['eye_size'] += -0.02 if male else 0.05
    tone = float(rng.random())
    skin = _skin(rng, tone)
    groomed = not male and rng.random() < 0.55
    freckles = bool(tone < 0.45 and rng.random() < 0.3)
    return Identity(
        seed=seed,
        number=number,
        male=male,
        age=age,
        skin=skin,
        pale=tone < 0.15,
        eyes=_jitter(rng, _EYES[int(rng.integers(2 if tone > 0.6 else len(_EYES)))], 10),
        hair=_hair(rng, male, age, tone),
        beard=_beard(rng, male),
        sideburns=bool(male and rng.random() < 0.35),
        shape=shape,
        freckles=freckles,
        marks=_marks(rng, freckles, age),
        rosy=float(rng.uniform(0.2, 0.5) if rng.random() < 0.3 else rng.uniform(0, 0.12)),
        lipstick=float(rng.uniform(0.5, 0.95)) if groomed else 0.0,
        makeup=float(rng.uniform(0.4, 1)) if groomed else 0.0,
        bushy_brows=shape['brow_thickness'] > 0.3,
        glasses=str(rng.choice(['round', 'square', 'oval', 'thin'])) if rng.random() < 0.2 + 0.15 * age else '',
        earrings=bool(rng.random() < (0.05 if male else 0.4)),
        gloss=float(rng.uniform(0.05, 0.3)),
    )


def _bgr(rgb) -> Colour:
    return tuple(float(np.clip(value, 0, 255)) for value in rgb[::-1])


def _jitter(rng, rgb, amount) -> Colour:
    return _bgr(np.asarray(rgb, float) + rng.normal(0, amount, 3))


def _skin(rng, tone) -> Colour:
    place = tone * (len(_SKIN) - 1)
    rgb = [np.interp(place, np.arange(len(_SKIN)), channel) for channel in zip(*_SKIN)]
    return _jitter(rng, rgb, 4)


def _hair(rng, male, age, tone) -> Hair:
    styles = (
        dict(bald=0.09, receding=0.13 * age + 0.03, buzz=0.15, short=0.46, bob=0.03, long=0.08, bun=0.02, afro=0.06)
        if male
        else dict(bald=0.01, receding=0.01, buzz=0.04, short=0.16, bob=0.22, long=0.36, bun=0.12, afro=0.08)
    )
    style = str(rng.choice(list(styles), p=np.array(list(styles.values())) / sum(styles.values())))
    texture = 'curly' if style == 'afro' else str(rng.choice(['straight', 'wavy', 'curly'], p=[0.5, 0.3, 0.2]))
    if rng.random() < max(0, 1.6 * (age - 0.5)):
        name = 'gray'
    elif rng.random() < 0.04:
        name = 'dyed'
    else:
        dark = 1.0 if tone > 0.65 else 0.25 + tone
        name = str(
            rng.choice(
                ['black', 'brown', 'blond', 'red'], p=[dark * 0.6, dark * 0.4, (1 - dark) * 0.7, (1 - dark) * 0.3]
            )
        )
    rgb = np.asarray(_HAIR[name], float)
    if name == 'dyed':
        rgb = rng.permutation([60.0, 80.0, 190.0])
    fringe = (
        'none'
        if style in ('bald', 'receding', 'buzz', 'afro', 'bun') or texture == 'curly'
        else str(rng.choice(['none', 'straight', 'side'], p=[0.45, 0.25, 0.30]))
    )
    volume = dict(bald=0.0, receding=0.03, buzz=0.025, bob=0.12, long=0.11, bun=0.05, afro=0.34).get(style, 0.10)
    return Hair(
        style=style,
        texture=texture,
        fringe=fringe,
        volume=volume * float(rng.uniform(0.75, 1.3)),
        length=float(rng.uniform(1.0, 1.5) if style == 'bob' else rng.uniform(1.8, 3.0)),
        part=float(rng.choice([-1, 1]) * rng.uniform(0, 35)),
        hairline=float(rng.normal(0, 0.05)),
        colour=_bgr(rgb * rng.uniform(0.8, 1.2) + rng.normal(0, 6, 3)),
        colour_name=name,
    )


def _beard(rng, male) -> str:
    if not male:
        return 'none'
    return str(rng.choice(['none', 'stubble', 'moustache', 'goatee', 'full'], p=[0.48, 0.2, 0.08, 0.09, 0.15]))


def _marks(rng, freckles, age) -> np.ndarray:
    """(n, 3): x, y and radius of the spots on the face."""
    count = int(rng.integers(40, 90)) if freckles else 0
    spots = np.stack(
        [rng.normal(0, 0.42, count), rng.normal(0.38, 0.17, count), rng.uniform(0.008, 0.02, count)], axis=1
    )
    moles = int(rng.poisson(0.6 + 2 * age))
    rest = np.stack(
        [rng.uniform(-0.75, 0.75, moles), rng.uniform(-0.8, 1.35, moles), rng.uniform(0.014, 0.034, moles)], axis=1
    )
    return np.concatenate([spots, rest])
