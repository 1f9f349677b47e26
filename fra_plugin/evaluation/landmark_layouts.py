"""Which landmark is what: regions and eye points of the usual face mark-ups, by number of landmarks.

68: iBUG (300W, 300W-LP, 300-VW, COCO-WholeBody-Face); 98: WFLW; 29: COFW; 19: AFLW without the ears; 106: LaPa.
Indices count from 0 in the order in which mmpose's data sets hand the landmarks out.
"""

from typing import Dict, NamedTuple, Tuple

Indices = Tuple[int, ...]


class LandmarkLayout(NamedTuple):
    """Regions and eye points of one mark-up.

    Attributes:
        groups: landmarks of each facial region. Every landmark is in exactly one region.
        eye_corners: outer corners of the two eyes (inter-ocular distance).
        pupils: landmarks whose mean is the pupil, for each of the two eyes (inter-pupil distance). Where a mark-up
            has no pupil, its eye contour takes its place, as is the custom on 300W.
    """

    groups: Dict[str, Indices]
    eye_corners: Tuple[int, int]
    pupils: Tuple[Indices, Indices]


def span(*bounds: int) -> Indices:
    """Indices from each even bound to the following one, both included: ``span(0, 2, 7, 7)`` is (0, 1, 2, 7)."""
    return tuple(i for first, last in zip(bounds[::2], bounds[1::2]) for i in range(first, last + 1))


LANDMARK_LAYOUTS = {
    68: LandmarkLayout(
        groups=dict(jaw=span(0, 16), brows=span(17, 26), eyes=span(36, 47), nose=span(27, 35), mouth=span(48, 67)),
        eye_corners=(36, 45),
        pupils=(span(36, 41), span(42, 47)),
    ),
    98: LandmarkLayout(
        groups=dict(
            jaw=span(0, 32), brows=span(33, 50), eyes=span(60, 75, 96, 97), nose=span(51, 59), mouth=span(76, 95)
        ),
        eye_corners=(60, 72),
        pupils=((96,), (97,)),
    ),
    29: LandmarkLayout(
        groups=dict(jaw=(28,), brows=span(0, 7), eyes=span(8, 17), nose=span(18, 21), mouth=span(22, 27)),
        eye_corners=(8, 9),
        pupils=((16,), (17,)),
    ),
    19: LandmarkLayout(
        groups=dict(jaw=(18,), brows=span(0, 5), eyes=span(6, 11), nose=span(12, 14), mouth=span(15, 17)),
        eye_corners=(6, 11),
        pupils=((7,), (10,)),
    ),
    106: LandmarkLayout(
        groups=dict(
            jaw=span(0, 32), brows=span(33, 50), eyes=span(66, 83, 104, 105), nose=span(51, 65), mouth=span(84, 103)
        ),
        eye_corners=(66, 79),
        pupils=((104,), (105,)),
    ),
}
