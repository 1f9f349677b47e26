"""FastPackInputs: mmpretrain's PackInputs, with the channels separated by OpenCV."""

import cv2
import numpy as np
import torch
from mmpretrain.datasets.transforms import PackInputs
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FastPackInputs(PackInputs):
    """The same sample as PackInputs: ``inputs``, an image (3, H, W) or a list of V views, and ``data_samples``.

    With them, if there are any, goes ``photometric`` (V, 11): what is left to be done with the views on the device. torch
    needs four times as long as OpenCV to bring (H, W, 3) uint8 into the order (3, H, W).

    Example:
        >>> dict(type='FastPackInputs', meta_keys=('sample_idx', 'img_path', 'view_boxes'))

    Args:
        **kwargs: as for PackInputs: input_key, algorithm_keys, meta_keys.
    """

    @staticmethod
    def format_input(input_):
        if isinstance(input_, list):
            return [FastPackInputs.format_input(item) for item in input_]
        if not (isinstance(input_, np.ndarray) and input_.dtype == np.uint8 and input_.shape[2:] == (3,)):
            return PackInputs.format_input(input_)
        planes = np.empty((3, *input_.shape[:2]), np.uint8)
        cv2.split(input_, list(planes))
        return torch.from_numpy(planes)

    def transform(self, results: dict) -> dict:
        packed = super().transform(results)
        if 'photometric' in results:
            packed['photometric'] = torch.from_numpy(results['photometric'])
        return packed
