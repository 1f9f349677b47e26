"""Hair that frames the face: what hangs behind the head, and the cap on the skull."""

import numpy as np

from ..canvas import CIRCLE, Canvas, tint
from ..face import hairline
from ..geometry import Head, smooth
from ..shape import SKULL_CENTRE
from .body import skull_outline


def wave(curves: np.ndarray, hair, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Bend straight strands (n, p, 2) to the hair's texture; their roots stay."""
    if hair.texture == 'straight':
        return curves
    size, turns, spread = (0.035, 2.2, 0.7) if hair.texture == 'wavy' else (0.055, 4.5, 3.0)
    place = np.linspace(0, 1, curves.shape[1])
    swing = np.sin(2 * np.pi * turns * place + rng.normal(0, spread, (len(curves), 1))) * np.minimum(1, 3 * place)
    along = curves[:, -1] - curves[:, 0]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-6)
    return curves + size * unit * swing[..., None] * across[:, None]


def between(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """(n, steps, 2) straight strands from ``start`` to ``end`` (n, 2)."""
    part = np.linspace(0, 1, steps)[:, None]
    return start[:, None] * (1 - part) + end[:, None] * part


def balls(canvas: Canvas, centres: np.ndarray, colour, rng: np.random.Generator) -> None:
    """Curls: balls in four shades, with a lit arc on each."""
    groups = np.array_split(rng.permutation(len(centres)), 8)
    for number, group in enumerate(groups):
        if not len(group):
            continue
        size, shade = 0.075 + 0.016 * (number % 4), (0.62, 0.95, 0.74, 1.08)[number // 2]
        spots = centres[group]
        canvas.lines(np.stack([spots, spots + 0.1], axis=1), tint(colour, shade), 2 * size, 'hair')
        start = int(rng.integers(16))
        arcs = spots[:, None] + np.roll(CIRCLE, start, 0)[:8] * size * 0.62 * canvas.unit
        canvas.lines(arcs, tint([value + 14 for value in colour], 1.3 * shade), 0.02)


def behind(canvas: Canvas, head: Head, rng: np.random.Generator) -> None:
    """Long hair and buns: drawn before the neck."""
    hair = head.identity.hair
    colour = tint(hair.colour, 0.72)
    if hair.style in ('long', 'bob'):
        low, wide = hair.length, 1.0 + hair.volume + (0.16 if hair.texture != 'straight' else 0.04)
        side = np.array(
            [
                [-0.6 * wide, -1.0, -0.8],
                [-0.96 * wide, -0.4, -0.8],
                [-wide * 1.02, 0.3, -0.8],
                [-wide * 1.05, 0.5 * (low + 0.4), -0.8],
                [-wide * 0.92, low, -0.8],
            ]
        )
        right, left = smooth(head.project(side)), smooth(head.project(side * [-1, 1, 1]))
        canvas.fill(np.concatenate([right, left[::-1]]), colour, 'hair')
        canvas.raise_(np.concatenate([right, left[::-1]]), 0.3, 0.15)
        mix = rng.uniform(0, 1, (70, 1, 1))
        curves = right * (1 - mix) + left * mix
        curves[:, -4:] += rng.normal(0, 0.04, (70, 1, 2)) * canvas.unit
        canvas.strands(wave(curves, hair, rng, canvas.unit), colour, rng, width=0.03, contrast=0.3)
        if hair.texture == 'curly':
            edge = np.concatenate([right[6:], left[6:]])
            spots = edge[rng.integers(len(edge), size=50)] + rng.normal(0, 0.05, (50, 2)) * canvas.unit
            balls(canvas, spots, colour, rng)
    elif hair.style == 'bun':
        centre = head.project(np.array([0, -1.5, -0.95]))
        canvas.fill(centre + CIRCLE * 0.36 * canvas.unit, colour, 'hair')
        canvas.raise_(centre + CIRCLE * 0.36 * canvas.unit, 0.25, 0.08)
        turn = rng.uniform(0, 6.28, 40)[:, None] + np.linspace(0, 1.6, 8)
        radius = rng.uniform(0.08, 0.34, (40, 1)) * canvas.unit
        canvas.strands(centre + radius[..., None] * np.stack([np.cos(turn), np.sin(turn)], axis=2), colour, rng)


def cap(canvas: Canvas, head: Head, rng: np.random.Generator) -> None:
    """The skull and the hair that covers it, drawn before the face, whose outline ends at the hairline."""
    hair, skin = head.identity.hair, head.identity.skin
    canvas.fill(skull_outline(head, 1.0, 0.75), skin, 'skin')
    if hair.style == 'bald':
        return
    shape = skull_outline(head, 1 + hair.volume, 0.6 if hair.style in ('afro', 'long', 'bob') else 0.45)
    buzz, curly = hair.style == 'buzz', hair.texture == 'curly' and hair.style != 'buzz'
    canvas.fill(shape, tint(hair.colour, 0.45, skin) if buzz else tint(hair.colour, 0.62 if curly else 0.8), 'hair')
    canvas.raise_(shape, 0.10, 0.08)
    if curly:
        inner = rng.uniform(shape.min(0), shape.max(0), (130, 2))
        reach = shape.mean(0) + (inner - shape.mean(0)) * 1.05
        cover = canvas.full_mask(shape)
        at = np.clip(reach.astype(int), 0, cover.shape[0] - 1)
        edge = shape[rng.integers(len(shape), size=60)] + rng.normal(0, 0.02, (60, 2)) * canvas.unit
        edge = edge[edge[:, 1] < head.project(np.array([0, 0.5, -0.7]))[1]]
        balls(canvas, np.concatenate([edge, inner[cover[at[:, 1], at[:, 0]] > 0]]), hair.colour, rng)
    elif buzz:
        dots = rng.uniform(shape.min(0), shape.max(0), (360, 2))
        canvas.strands(
            np.stack([dots, dots + rng.normal(0, 0.03, (360, 2)) * canvas.unit], axis=1),
            hair.colour,
            rng,
            inside=canvas.full_mask(shape),
        )
    else:
        curves = wave(_crown_strands(head, rng, 150, 1 + hair.volume), hair, rng, canvas.unit)
        canvas.strands(curves, hair.colour, rng, width=0.024, contrast=0.38)


def _crown_strands(head: Head, rng: np.random.Generator, count: int, scale: float) -> np.ndarray:
    """(n, 8, 2) strands over the skull from the parting to the hairline; those that are seen of ``count``."""
    hair, line = head.identity.hair, hairline(head)
    azimuth = rng.uniform(-180, 180, count)
    end_y = np.interp(azimuth, np.concatenate([[-180], line[:, 0], [180]]), np.concatenate([[0.5], line[:, 1], [0.5]]))
    end = head.skull(azimuth, end_y + rng.uniform(-0.02, 0.09, count))
    depth = np.abs(azimuth) / 180  # strands that end in front start in front
    front = np.interp(hair.part, line[:, 0], line[:, 1])
    start_y = front + 0.05 - 0.6 * depth * (1 + rng.uniform(0, 0.5, count))
    start = head.skull(np.full(count, hair.part), np.minimum(start_y, -0.5))
    part = np.linspace(0, 1, 8)[:, None]
    way = ((start[:, None] - SKULL_CENTRE) * (1 - part) + (end[:, None] - SKULL_CENTRE) * part) / head.skull_axes
    way /= np.maximum(np.linalg.norm(way, axis=2, keepdims=True), 1e-6)
    points = SKULL_CENTRE + way * head.skull_axes * (scale - (scale - 1) * part**3)
    return head.project(points[head.facing(points[:, 5]) > -0.15])
