"""Light on the drawing: the slope of its relief under a key light, a fill light and ambient light."""

from dataclasses import dataclass

import cv2
import numpy as np

from .canvas import REGIONS, Canvas

_GLOSS = dict(
    skin=1.0,
    nose=1.3,
    mouth=1.6,
    hair=1.1,
    left_ear=0.7,
    right_ear=0.7,
    neck=0.5,
    hat=0.25,
    beard=0.4,
    glasses=2.0,
    occluder=0.6,
    left_eye=0.6,
    right_eye=0.6,
    left_brow=0.4,
    right_brow=0.4,
)


@dataclass(frozen=True)
class Light:
    """``key`` and ``fill`` (3,): unit vectors to the lights; colours BGR around 1; ``ambient`` in (0, 1)."""

    key: np.ndarray
    key_colour: np.ndarray
    fill: np.ndarray
    fill_colour: np.ndarray
    ambient: float

    @property
    def shadow_offset(self) -> np.ndarray:
        """(2,) direction that shadows fall in, in the picture."""
        return -self.key[:2] / max(self.key[2], 0.5)


def sample_light(rng: np.random.Generator) -> Light:
    """From the front to far from the side, mostly from above, warm or cool."""
    side, height = np.deg2rad(np.clip(rng.normal(0, 38), -75, 75)), np.deg2rad(rng.uniform(-15, 60))
    key = np.array([np.sin(side) * np.cos(height), -np.sin(height), np.cos(side) * np.cos(height)])
    fill = np.array([-np.sign(side) * 0.8, rng.uniform(-0.5, 0.3), 0.5])
    warmth = rng.normal(0, 0.07)
    tone = np.array([1 - warmth, 1.0, 1 + warmth])
    return Light(
        key=key,
        key_colour=tone,
        fill=fill / np.linalg.norm(fill),
        fill_colour=2 - tone,
        ambient=float(rng.uniform(0.45, 0.68)),
    )


def shade(canvas: Canvas, light: Light, gloss: float) -> None:
    """Light everything that is labelled; the background keeps its colour. ``gloss``: strength of the highlights."""
    relief = cv2.GaussianBlur(canvas.relief, (0, 0), max(0.5, 0.018 * canvas.unit))
    # gentle slopes count fully, the steep edges of layers only as much as a rounded edge would
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=1 / 8)
    slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=1 / 8)
    steep = slope_x * slope_x + slope_y * slope_y
    length = 1 / np.sqrt(1 + steep)

    def facing(direction):
        along = (direction[2] - slope_x * np.float32(direction[0]) - slope_y * np.float32(direction[1])) * length
        return np.maximum(along, 0)

    key = facing(light.key)
    level = np.float32((1 - light.ambient) / max(light.key[2], 0.6))
    bright = key * level
    soft = facing(light.fill) * np.float32(0.22)
    person = cv2.GaussianBlur((canvas.label > 0).astype(np.float32), (3, 3), 0)
    half = light.key + [0, 0, 1]
    shine = facing(half / np.linalg.norm(half))
    for _ in range(4):  # the 16th power
        shine = shine * shine
    table = np.array([_GLOSS.get(name, 0.0) for name in REGIONS], np.float32)
    shine *= cv2.GaussianBlur(table[canvas.label], (0, 0), 1.5) * np.float32(gloss * 150 * (1 - light.ambient) * 2)
    channels = list(cv2.split(canvas.colour))
    for channel in range(3):
        lit = bright * np.float32(light.key_colour[channel]) + soft * np.float32(light.fill_colour[channel])
        lit += np.float32(light.ambient * (0.96, 0.985, 1.01)[channel])  # ambient light bounces off skin: a little warm
        lit = 1 + (lit - 1) * person
        value = channels[channel] * lit + shine
        over = np.maximum(value - 215, 0)  # roll highlights off instead of clipping them
        value -= over * over / (over + 60)
        channels[channel] = np.minimum(value, 255).astype(np.uint8)
    cv2.merge(channels, dst=canvas.colour)
