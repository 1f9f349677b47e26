"""Synthetic faces with exact truth: landmarks, regions, expression, attributes, identity.

A parametric person (identity) moves the face (expression), is shaped (shape) and posed (geometry), drawn layer by layer on
a sheet (canvas; body, face, skin, features, eyes, mouth, beard, hair, fringe, hat, glasses, occluder), lit (lighting), set
into a scene (scene) and photographed (render). The writer draws a whole set in parallel, and writes it in the layouts of
real data sets (layouts).
"""

from .canvas import REGIONS
from .expression import EXPRESSIONS
from .identity import IMAGES_PER_IDENTITY
from .render import render_face
from .writer import write_synthetic_faces

__all__ = ['EXPRESSIONS', 'IMAGES_PER_IDENTITY', 'REGIONS', 'render_face', 'write_synthetic_faces']
