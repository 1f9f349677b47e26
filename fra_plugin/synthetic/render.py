"""A face from start to finish: person, expression, pose, layers, light, camera."""

from typing import Dict

import cv2
import numpy as np

from . import face, lighting, scene
from .canvas import Canvas
from .expression import EXPRESSIONS, sample_expression, sample_movement
from .geometry import Head, rotation
from .identity import IMAGES_PER_IDENTITY, Identity, sample_identity
from .parts import beard, body, eyes, features, fringe, glasses, hair, hat, mouth, occluder, skin


def _scale(size: int) -> float:
    """How many times larger than the picture the sheet is."""
    return 1.5 if size >= 112 else 2 if size >= 80 else 3 if size >= 48 else 4


def render_face(seed: int, index: int, size: int) -> Dict:
    """Draw image ``index`` of the set ``seed``.

    Args:
        seed: >= 0.
        index: >= 0; with the seed, it decides the person, the pose, and all else but the size.
        size: width and height S in pixels, >= 32.

    Returns:
        dict: ``image`` (S, S, 3) uint8 BGR; ``landmarks`` (68, 2) float32 in pixels, where a pixel's centre is at whole
        numbers; ``visible`` (68,) bool, False where something covers the point; ``regions`` (S, S) uint8 labels
        (:data:`~fra_plugin.synthetic.REGIONS`); ``expression`` 1 to 7 (RAF-DB's order); ``attributes``
        {CelebA's name: bool}; ``identity`` >= 0; ``pose`` (yaw, pitch, roll) in degrees.

    Raises:
        ValueError: an argument is out of its range.
    """
    for name, value, least in (('seed', seed, 0), ('index', index, 0), ('size', size, 32)):
        if value < least:
            raise ValueError(f'{name} must be at least {least}, got {value}')
    rng = np.random.default_rng([seed, 3, index])
    identity = sample_identity(seed, index // IMAGES_PER_IDENTITY)
    expression = sample_expression(seed, index)
    move = sample_movement(rng, expression)
    yaw = float(np.clip(rng.normal(0, 20), -45, 45))
    pitch, roll = float(np.clip(rng.normal(0, 8), -20, 20)), float(np.clip(rng.normal(0, 8), -25, 25))
    sheet = int(round(size * _scale(size)))
    scale = sheet / size
    head = Head(identity, move, rotation(yaw, pitch, roll), distance=float(rng.uniform(9, 20)))
    unit = sheet / rng.uniform(3.1, 4.3)
    _frame(head, sheet, unit, rng)
    worn = _outfit(identity, rng)
    light = lighting.sample_light(rng)
    gaze = np.array([0.06, 0.025]) * rng.normal(0, 0.6, 2)
    # a stream of its own: the number of books on a shelf depends on the size, the face must not
    canvas = Canvas(scene.background(np.random.default_rng([seed, 5, index]), sheet), head.unit)
    hidden = _draw(canvas, head, rotation(0.35 * yaw, 0, 0.25 * roll), worn=worn, light=light, gaze=gaze, rng=rng)
    image = cv2.resize(canvas.colour, (size, size), interpolation=cv2.INTER_AREA)
    image, blurred = scene.camera(image, rng)
    probes = head.landmarks.copy()
    probes[:17] += 0.03 * (probes[30] - probes[:17])  # the jaw's points lie on the very edge
    probes = np.clip(np.rint(probes).astype(int), 0, sheet - 1)
    regions = cv2.resize(canvas.label, (size, size), interpolation=cv2.INTER_NEAREST_EXACT)
    return dict(
        image=image,
        landmarks=((head.landmarks + 0.5) / scale - 0.5).astype(np.float32),
        visible=~hidden[probes[:, 1], probes[:, 0]],
        regions=regions,
        expression=expression,
        attributes=attributes(identity, head, EXPRESSIONS[expression - 1], worn, blurred),
        identity=identity.number,
        pose=(yaw, pitch, roll),
    )


def _frame(head: Head, sheet: int, unit: float, rng: np.random.Generator) -> None:
    """Place the face so that all landmarks are in the picture."""
    span = (head.landmarks.max(0) - head.landmarks.min(0)) / head.unit
    unit = min(unit, 0.88 * sheet / span.max())
    margin = span * unit / 2 + 0.03 * sheet
    centre = np.clip(np.array([0.5, 0.54]) * sheet + rng.normal(0, 0.035, 2) * sheet, margin, sheet - margin)
    head.frame(centre - 0.5, unit)  # a pixel's centre is at whole numbers, the sheet begins at -0.5


def _outfit(identity: Identity, rng: np.random.Generator) -> Dict:
    """What the person wears in this picture."""
    style = identity.glasses if rng.random() < 0.85 else ''
    dark = bool(rng.random() < 0.05)
    hat = str(rng.choice(['cap', 'beanie', 'brim', 'scarf'])) if rng.random() < 0.10 else ''
    if identity.hair.style in ('afro', 'bun'):
        hat = ''
    return dict(glasses='sun' if dark else style, dark=dark, hat=hat, occluder=bool(rng.random() < 0.07))


def _draw(
    canvas: Canvas, head: Head, body_turn: np.ndarray, *, worn: Dict, light, gaze: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Layer over layer, back to front; returns the (H, W) bool mask of what covers the face."""
    face.dome_relief(canvas, head)
    hair.behind(canvas, head, rng)
    body.torso(canvas, head, body_turn, rng)
    fall = light.shadow_offset
    canvas.shadow(canvas.full_mask(face.face_outline(head)), (0.10 * fall[0], 0.16 + 0.05 * fall[1]), 0.10, 0.6)
    if head.identity.hair.style in ('long', 'bob'):  # hair over the ears
        body.ears(canvas, head)
        hair.cap(canvas, head, rng)
    else:
        hair.cap(canvas, head, rng)
        body.ears(canvas, head)
    cover = face.bare_face(canvas, head)
    skin.complexion(canvas, head, cover)
    skin.wrinkles(canvas, head, cover)
    skin.eye_shadow(canvas, head, cover)
    features.nose(canvas, head, cover)
    beard.beard(canvas, head, cover, rng)
    mouth.mouth(canvas, head)
    eyes.eyes(canvas, head, gaze, rng)
    features.brows(canvas, head, cover, rng)
    bare = canvas.label.copy()
    fringe.over_face(canvas, head, cover, bool(worn['hat']), rng)
    if worn['hat']:
        hat.hat(canvas, head, worn['hat'], rng)
    if worn['glasses']:
        glasses.glasses(canvas, head, worn['glasses'], worn['dark'], rng)
    if worn['occluder']:
        occluder.occluder(canvas, head, rng)
    lighting.shade(canvas, light, head.identity.gloss)
    eyes.catch_lights(canvas, head, gaze, light.key)
    if worn['glasses']:
        glasses.lens_glare(canvas, head, worn['dark'], rng)
    return canvas.label != bare


def attributes(identity: Identity, head: Head, expression: str, worn: Dict, blurred: bool) -> Dict[str, bool]:
    """CelebA's attributes that the generator decides, by CelebA's names."""
    shape, style, move = identity.shape, identity.hair, head.move
    haired = style.style != 'bald' and not worn['hat']
    parted = np.linalg.norm(head.points[66] - head.points[62]) > 0.035
    return {
        '5_o_Clock_Shadow': identity.beard == 'stubble',
        'Arched_Eyebrows': shape['brow_arch'] > 0.03,
        'Bags_Under_Eyes': identity.age > 0.6,
        'Bald': style.style == 'bald',
        'Bangs': haired and style.fringe != 'none',
        'Big_Lips': shape['upper_lip'] + shape['lower_lip'] > 0.35,
        'Big_Nose': shape['nose_width'] > 0.15,
        'Black_Hair': haired and style.colour_name == 'black',
        'Blond_Hair': haired and style.colour_name == 'blond',
        'Blurry': blurred,
        'Brown_Hair': haired and style.colour_name == 'brown',
        'Bushy_Eyebrows': identity.bushy_brows,
        'Chubby': shape['jaw_width'] + shape['cheek'] > 0.09,
        'Eyeglasses': bool(worn['glasses']),
        'Goatee': identity.beard == 'goatee',
        'Gray_Hair': haired and style.colour_name == 'gray',
        'Heavy_Makeup': identity.makeup > 0.6,
        'Male': identity.male,
        'Mouth_Slightly_Open': bool(parted),
        'Mustache': identity.beard in ('moustache', 'goatee', 'full'),
        'Narrow_Eyes': (1 + shape['eye_open']) * move.lids * (1 - 0.4 * move.squint) < 0.72,
        'No_Beard': identity.beard in ('none', 'moustache'),
        'Pale_Skin': identity.pale,
        'Receding_Hairline': style.style == 'receding',
        'Rosy_Cheeks': identity.rosy > 0.2,
        'Sideburns': identity.sideburns,
        'Smiling': expression == 'happiness',
        'Straight_Hair': haired and style.texture == 'straight',
        'Wavy_Hair': haired and style.texture == 'wavy',
        'Wearing_Earrings': identity.earrings,
        'Wearing_Hat': bool(worn['hat']),
        'Wearing_Lipstick': identity.lipstick > 0,
        'Young': identity.age < 0.5,
    }
