"""Hats: a baseball cap, a knitted beanie, a hat with a brim, a head scarf."""

import cv2
import numpy as np

from ..canvas import Canvas, tint
from ..geometry import Head
from ..shape import SKULL_CENTRE
from .body import cloth_colour


def hat(canvas: Canvas, head: Head, style: str, rng: np.random.Generator) -> None:
    """``style``: cap, beanie, brim or scarf."""
    colour, level = cloth_colour(rng), rng.uniform(-0.72, -0.58)
    grow = 1.09 + head.identity.hair.volume * 0.35
    azimuth = np.linspace(-180, 180, 49)
    rim = head.skull(azimuth, level + 0.15 * (1 - np.cos(np.deg2rad(azimuth))), grow)  # lower at the nape
    top = SKULL_CENTRE[1] - head.skull_axes[1] * grow
    azimuth, height = np.meshgrid(np.linspace(-180, 165, 24), np.linspace(level, top, 8))
    crown = head.skull(azimuth, height, grow) - [0, 0.16 if style == 'brim' else 0.06, 0]
    dome = np.concatenate([head.project(rim), head.project(crown).reshape(-1, 2)])
    dome = canvas.full_mask(cv2.convexHull(dome.astype(np.float32))[:, 0])
    # the near half of the rim, from horizon to horizon, bounds the dome below
    front = rim[head.facing(rim) > 0]
    view = (front - SKULL_CENTRE) @ head.turn.T
    edge = head.project(front[np.argsort(np.arctan2(view[:, 0], view[:, 2]))])
    far = 6 * canvas.unit
    right, left = edge[-1:] + [[far, 0], [far, far]], edge[:1] + [[-far, far], [-far, 0]]
    below = canvas.full_mask(np.concatenate([edge, right, left]))
    dome[below > 127] = 0
    canvas.shadow(dome, (0, 0.14), 0.06, 0.45)
    flap = _flap(canvas, head, style, level, grow, rng)
    if flap is not None:
        canvas.shadow(flap, (0, 0.20), 0.08, 0.5)
    canvas.cover(dome, colour, 'hat')
    _cloth(canvas, head, dome, colour, style=style, edge=edge, rng=rng)
    canvas.layer(dome, 0.22, 0.12)
    if flap is not None:
        if style == 'brim':  # the dome stands on the brim
            flap[(dome > 127) & (below < 128)] = 0
        canvas.cover(flap, tint(colour, 0.8), 'hat')
        canvas.layer(flap, 0.08, 0.05)


def _flap(canvas: Canvas, head: Head, style: str, level: float, grow: float, rng: np.random.Generator):
    """(H, W) uint8 mask of the visor or the brim, None without."""
    if style == 'cap':
        x = np.linspace(-62, 62, 13)
        inner = head.skull(x, np.full(13, level + 0.02), grow)
        outer = inner + np.stack([np.zeros(13), np.full(13, 0.16), 0.62 * np.cos(np.deg2rad(x * 1.4))], axis=1)
        return canvas.full_mask(np.concatenate([head.project(inner), head.project(outer)[::-1]]))
    if style == 'brim':
        ring, wide = np.deg2rad(np.linspace(0, 360, 41)[:-1]), rng.uniform(1.45, 1.8)
        y, z = level + 0.12 + 0.05 * np.sin(2 * ring), SKULL_CENTRE[2] + wide * 1.05 * np.cos(ring)
        return canvas.full_mask(head.project(np.stack([wide * np.sin(ring), y, z], axis=1)))
    return None


def _cloth(
    canvas: Canvas, head: Head, mask: np.ndarray, colour, *, style: str, edge: np.ndarray, rng: np.random.Generator
) -> None:
    """Ribs, seams, bands and prints; ``edge`` (n, 2): the near half of the rim."""
    unit, pole = canvas.unit, head.project(np.array([0, -1.6, SKULL_CENTRE[2]]))
    if style == 'beanie':  # ribs and a turned-up edge
        canvas.glaze(
            [np.array([spot, pole]) for spot in edge[::2]], tint(colour, 0.7), 0.35, 0.008, width=0.035, inside=mask
        )
        canvas.glaze(edge - [0, 0.12 * unit], tint(colour, 0.8), 0.9, 0, width=0.26, inside=mask)
        canvas.glaze(edge - [0, 0.25 * unit], tint(colour, 0.5), 0.5, 0.01, width=0.03, inside=mask)
    elif style == 'cap':  # seams and a badge
        seams = [np.array([spot, pole]) for spot in edge[2 : -2 : max(1, len(edge) // 5)]]
        canvas.glaze(seams, tint(colour, 0.55), 0.5, 0.006, width=0.02, inside=mask)
        badge = head.project(head.skull(np.linspace(-14, 14, 6), np.full(6, -1.0), 1.12))
        print_ = tint(colour, 0.8, (255, 255, 255) if np.mean(colour) < 130 else (20, 20, 60))
        canvas.glaze(badge, print_, 0.9, 0.004, width=0.2, inside=mask)
    elif style == 'brim':
        canvas.glaze(edge - [0, 0.10 * unit], tint(colour, 0.35), 0.95, 0.004, width=0.2, inside=mask)
    else:
        spots = rng.uniform(edge.min(0) - [0, unit], edge.max(0), (24, 2))
        diamond = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
        canvas.glaze(
            [spot + rng.uniform(0.03, 0.08) * unit * diamond for spot in spots],
            tint(colour, 0.6, tuple(rng.uniform(0, 255, 3))),
            0.9,
            0.008,
            inside=mask,
        )
