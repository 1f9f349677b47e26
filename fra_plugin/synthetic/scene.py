"""What is around the face: the background behind it, and the camera in front."""

import cv2
import numpy as np

from .canvas import soften


def background(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size, 3) uint8: a gradient with clutter (noise, shapes, shelves, writing, lights), more or less out of focus."""
    half = max(16, size // 2)
    palette = _palette(rng)
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[:24, :24] / 23 - 0.5
    ramp = np.clip(0.5 + columns * np.cos(angle) + rows * np.sin(angle), 0, 1)[..., None]
    sheet = palette[0] * (1 - ramp) + palette[1] * ramp
    for cells in (3, 8, 24):
        noise = rng.standard_normal((cells, cells, 1)) * rng.uniform(0, 18) + rng.standard_normal((cells, cells, 3)) * 3
        sheet += cv2.resize(noise, (24, 24), interpolation=cv2.INTER_CUBIC)
    sheet = cv2.resize(np.clip(sheet, 0, 255).astype(np.uint8), (half, half), interpolation=cv2.INTER_CUBIC)
    for kind in rng.choice(list(_CLUTTER), size=rng.integers(0, 3), replace=False):
        _CLUTTER[str(kind)](sheet, palette, rng)
    sheet = soften(sheet, rng.choice([0.0, rng.uniform(0.5, 5)], p=[0.25, 0.75]) * half / 128)
    return cv2.resize(sheet, (size, size), interpolation=cv2.INTER_LINEAR)


def _palette(rng: np.random.Generator) -> np.ndarray:
    """(12, 3) BGR colours that go together: around two hues, most of them dull."""
    hues = (rng.integers(180, size=2)[rng.integers(2, size=12)] + rng.normal(0, 9, 12)) % 180
    saturation = 255 * rng.beta(1.2, 2.6, 12) * rng.uniform(0.4, 1)
    hsv = np.stack([hues, saturation, rng.uniform(25, 245, 12)], axis=1).astype(np.uint8)
    return cv2.cvtColor(hsv[None], cv2.COLOR_HSV2BGR)[0].astype(float)


def _shapes(sheet: np.ndarray, palette: np.ndarray, rng: np.random.Generator) -> None:
    size = sheet.shape[0]
    for _ in range(rng.integers(3, 9)):
        corners = rng.uniform(0, size, 2) + rng.normal(0, size * rng.uniform(0.05, 0.25), (rng.integers(3, 7), 2))
        cv2.fillConvexPoly(
            sheet, cv2.convexHull(corners.astype(np.int32)), palette[rng.integers(12)].tolist(), cv2.LINE_AA
        )


def _shelves(sheet: np.ndarray, palette: np.ndarray, rng: np.random.Generator) -> None:
    size = sheet.shape[0]
    step = int(size * rng.uniform(0.15, 0.3))
    for y in range(int(rng.integers(step)), size + step, step):
        x = 0
        while x < size:
            wide = int(rng.integers(max(2, size // 40), max(4, size // 12)))
            corner = (x, y - int(step * rng.uniform(0.55, 0.9)))
            cv2.rectangle(sheet, corner, (x + wide, y), palette[rng.integers(12)].tolist(), -1)
            x += wide
        cv2.line(sheet, (0, y), (size, y), palette[2].tolist(), max(1, size // 40))


def _writing(sheet: np.ndarray, palette: np.ndarray, rng: np.random.Generator) -> None:
    size = sheet.shape[0]
    for _ in range(rng.integers(2, 6)):
        height, letters = size * rng.uniform(0.03, 0.09), int(rng.integers(4, 14))
        start = rng.uniform([-0.1, 0], [0.7, 1]) * size
        strokes = rng.uniform(0, height, (letters, 4, 2)) * [0.6, 1] + start
        strokes[..., 0] += 0.8 * height * np.arange(letters)[:, None]
        strokes = list(strokes.astype(np.int32))
        cv2.polylines(sheet, strokes, False, palette[3].tolist(), max(1, int(height / 7)), cv2.LINE_AA)


def _lights(sheet: np.ndarray, palette: np.ndarray, rng: np.random.Generator) -> None:
    size = sheet.shape[0]
    for x, y in rng.integers(size, size=(rng.integers(4, 14), 2)).tolist():
        cv2.circle(
            sheet, (x, y), int(size * rng.uniform(0.01, 0.06)) + 1, rng.uniform(150, 255, 3).tolist(), -1, cv2.LINE_AA
        )


def _leaves(sheet: np.ndarray, palette: np.ndarray, rng: np.random.Generator) -> None:
    size = sheet.shape[0]
    tone = rng.uniform(20, 120, 3) * [0.6, 1.2, 0.7]
    for x, y in rng.integers(size, size=(rng.integers(25, 60), 2)).tolist():
        axes = (int(size * rng.uniform(0.02, 0.07)) + 1, int(size * rng.uniform(0.008, 0.03)) + 1)
        colour = np.clip(tone * rng.uniform(0.5, 1.6), 0, 255).tolist()
        cv2.ellipse(sheet, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)


_CLUTTER = dict(shapes=_shapes, shelves=_shelves, writing=_writing, lights=_lights, leaves=_leaves)


def camera(picture: np.ndarray, rng: np.random.Generator):
    """Blur, exposure, colour and noise on the (S, S, 3) uint8 picture; returns it and whether it is clearly blurred."""
    size = picture.shape[0]
    image = picture.astype(np.float32)
    sigma = size / 128 * (rng.uniform(0.9, 1.6) if rng.random() < 0.07 else rng.uniform(0, 0.4))
    image = soften(image, sigma)
    if rng.random() < 0.04:  # the camera moved
        length = max(2, int(size * rng.uniform(0.012, 0.03)))
        kernel = np.zeros((2 * length + 1,) * 2, np.float32)
        way = rng.uniform(0, np.pi)
        tip = (int(round(length * (1 + np.cos(way)))), int(round(length * (1 + np.sin(way)))))
        cv2.line(kernel, (2 * length - tip[0], 2 * length - tip[1]), tip, 1.0, 1)
        image = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
        sigma = max(sigma, length * 0.4)
    if rng.random() < 0.04:
        image[:] = image.mean(axis=2, keepdims=True)
    image = image * (1 + rng.normal(0, 0.05, 3)).astype(np.float32)
    image = (image - 128) * np.float32(rng.uniform(0.8, 1.15)) + np.float32(128 + rng.normal(0, 12))
    grain = rng.standard_normal(image.shape[:2] + (1,), dtype=np.float32) * 0.8
    grain = grain + rng.standard_normal(image.shape, dtype=np.float32) * 0.5
    image += grain * np.float32(min(rng.gamma(1.5, 1.5), 6))
    return np.clip(image + 0.5, 0, 255).astype(np.uint8), bool(sigma > 0.9 * size / 128)
