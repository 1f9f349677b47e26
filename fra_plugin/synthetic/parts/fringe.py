"""Hair that falls over the face: wisps at the hairline, sideburns, fringe and side locks."""

import numpy as np

from ..canvas import Canvas, tint
from ..face import hairline
from ..geometry import Head, horizon_steps, smooth
from .hair import balls, between, wave


def over_face(canvas: Canvas, head: Head, cover: np.ndarray, under_hat: bool, rng: np.random.Generator) -> None:
    """Draw it on the face (``cover``: its (H, W) uint8 mask)."""
    hair = head.identity.hair
    if hair.style == 'bald':
        return
    if head.identity.sideburns or hair.style in ('short', 'afro', 'buzz', 'receding'):
        _sideburns(canvas, head, cover, rng)
    if hair.style not in ('buzz', 'receding') and not under_hat:
        _wisps(canvas, head, rng)
    if hair.fringe != 'none' and not under_hat:
        _fringe(canvas, head, rng)
    if hair.style in ('long', 'bob'):
        _locks(canvas, head, rng)


def _wisps(canvas: Canvas, head: Head, rng: np.random.Generator) -> None:
    """A ragged edge of hair instead of a drawn line."""
    hair, line = head.identity.hair, hairline(head)
    count = 36 if hair.texture == 'curly' else 90
    azimuth = rng.uniform(-86, 86, count)
    y = np.interp(azimuth, line[:, 0], line[:, 1])
    seen = head.facing(head.skull(azimuth, y)) > 0.05
    low = head.project(head.skull(azimuth, y + rng.uniform(0, 0.07, count), 1.01))[seen]
    if hair.texture == 'curly':
        balls(canvas, low - head.upright[:, 1] * 0.03 * canvas.unit, hair.colour, rng)
    else:
        high = head.project(head.skull(azimuth * 0.9, y - 0.25, 1 + hair.volume))[seen]
        canvas.strands(between(high, low, 3), hair.colour, rng, contrast=0.3)


def _sideburns(canvas: Canvas, head: Head, cover: np.ndarray, rng: np.random.Generator) -> None:
    """Hair before the ears."""
    hair = head.identity.hair
    low = 0.50 if head.identity.sideburns else 0.22
    temple = [0.93, -0.50] if hair.style == 'receding' else [0.80, -0.72]
    outline = np.array([[1, -0.50], temple, [0.92, -0.30], [0.965, low], [1, low + 0.06], [1, 0]])
    x = outline[:, 0] * head.half_width(outline[:, 1])
    strips = []
    for side in (-1, 1):
        arcs = head.surface(side * x[:, None] * horizon_steps(15), outline[:, 1:])
        strips.append(head.contour(arcs, np.full(len(outline), side)))
    canvas.glaze(strips, hair.colour, 0.85 if hair.style != 'buzz' else 0.45, 0.035, inside=cover)
    root = np.concatenate([rng.dirichlet(np.ones(6), 40) @ strip for strip in strips])
    tip = root + head.upright[:, 1] * 0.1 * canvas.unit
    canvas.strands(np.stack([root, tip], axis=1), hair.colour, rng, contrast=0.15, inside=cover)


def _fringe(canvas: Canvas, head: Head, rng: np.random.Generator) -> None:
    hair, line = head.identity.hair, hairline(head)
    own = head.identity.own_rng(8)
    x = np.linspace(-0.86, 0.86, 15)
    side = np.sign(hair.part) or 1.0
    if hair.fringe == 'straight':
        y = -0.50 + 0.10 * np.abs(x) ** 2 + own.uniform(-0.12, 0.06) + own.normal(0, 0.02, 15)
    else:
        y = np.interp(side * x, [-0.9, -0.2, 0.45, 0.9], [-0.18, -0.45, -0.82, -0.98]) + own.normal(0, 0.015, 15)
    arcs = head.surface(x[:, None] * horizon_steps(15), y[:, None])
    arcs[..., 2] += 0.06
    sides = np.where(x < 0, -1, 1)
    low = head.contour(arcs, sides)
    grown, azimuth = 1 + hair.volume * 0.8, x * 82
    high_y = np.interp(azimuth, line[:, 0], line[:, 1]) - 0.22
    high = head.contour(head.skull(azimuth[:, None] * horizon_steps(15), high_y[:, None], grown), sides)
    mask = canvas.full_mask(np.concatenate([high, smooth(low, 2)[::-1]]))
    canvas.shadow(mask, (0, 0.07), 0.05, 0.5)
    canvas.cover(mask, tint(hair.colour, 0.82), 'hair')
    canvas.layer(mask, 0.16, 0.06)

    def along(points, where):
        return np.stack([np.interp(where, np.arange(15), points[:, k]) for k in (0, 1)], axis=1)

    place = rng.uniform(0, 14, 110)
    tip = along(low, place) + rng.normal(0, 0.035, (110, 2)) * canvas.unit
    sweep = 2 * side if hair.fringe == 'side' else 0
    root = along(high, np.clip(place * 0.85 + 1 + sweep, 0, 14))
    canvas.strands(wave(between(root, tip, 7), hair, rng, canvas.unit), hair.colour, rng, width=0.025, contrast=0.36)


def _locks(canvas: Canvas, head: Head, rng: np.random.Generator) -> None:
    """A strip of long hair on each side of the face, over the ear and the edge of the cheek."""
    hair = head.identity.hair
    own = head.identity.own_rng(9)
    y = np.linspace(-0.95, hair.length, 10)
    for side in (-1, 1):
        inset = own.uniform(0.78, 0.98)
        edge = np.interp(y, [-0.95, -0.4, 0.3, 1.0, 3.0], [0.62, 0.90, inset, inset + 0.02, 1.0])
        arcs = head.surface(side * edge[:, None] * horizon_steps(15), np.minimum(y, 0.55)[:, None])
        arcs[..., 1] = y[:, None]
        inner = head.contour(arcs, np.full(10, side))
        wide = np.interp(y, [-0.95, -0.3, 0.5, hair.length], [0.03, 0.22, 0.32, 0.20]) * own.uniform(0.8, 1.15)
        turned = min(max(1 + 1.2 * side * head.turn[2, 0], 0.35), 1.4)
        outer = inner + wide[:, None] * turned * side * head.upright[:, 0] * canvas.unit
        mask = canvas.full_mask(np.concatenate([smooth(inner), smooth(outer)[::-1]]))
        canvas.shadow(mask, (-side * 0.06, 0.03), 0.05, 0.45)
        canvas.cover(mask, tint(hair.colour, 0.85), 'hair')
        canvas.layer(mask, 0.2, 0.09)
        mix = rng.uniform(0, 1, (44, 1, 1))
        curves = smooth(inner, 2) * (1 - mix) + smooth(outer, 2) * mix
        canvas.strands(wave(curves, hair, rng, canvas.unit), hair.colour, rng, width=0.025, contrast=0.36)
        if hair.texture == 'curly':
            spots = (
                np.concatenate([inner, outer])[rng.integers(20, size=40)] + rng.normal(0, 0.05, (40, 2)) * canvas.unit
            )
            balls(canvas, spots, hair.colour, rng)
