"""From an image file to the two views of pre-training, or to the one plain view of evaluation."""

from .face_crop import FaceCrop
from .fast_color_jitter import FastColorJitter
from .fast_gaussian_blur import FastGaussianBlur
from .fast_pack_inputs import FastPackInputs
from .fast_random_flip import FastRandomFlip
from .fast_random_resized_crop import FastRandomResizedCrop
from .fast_solarize import FastSolarize
from .load_face import BrokenImageError, LoadFace
from .located_multi_view import LocatedMultiView
from .random_flip_pose import RandomFlipPose

__all__ = [
    'BrokenImageError',
    'FaceCrop',
    'FastColorJitter',
    'FastGaussianBlur',
    'FastPackInputs',
    'FastRandomFlip',
    'FastRandomResizedCrop',
    'FastSolarize',
    'LoadFace',
    'LocatedMultiView',
    'RandomFlipPose',
]
