"""Reads the photo of a labelled face; one that is damaged is named, or left out in training."""

import logging
from typing import Optional

from mmengine.logging import print_log
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from ..datasets.transforms.load_face import BrokenImageError, LoadFace


@TRANSFORMS.register_module()
class LoadLandmarkImage(LoadImage):
    """mmpose's ``LoadImage``, which takes half an image for a truncated file, with the decoder of :class:`LoadFace`.

    Required keys: img_path, or img. Added keys: img (H, W, 3) BGR uint8, img_shape and ori_shape (H, W).

    Example:
        >>> dict(type='LoadLandmarkImage', skip_broken=True)  # train_pipeline

    Args:
        skip_broken: for training: a file that is no whole image is told, the first one of a process, and the data set
            takes another sample. Defaults to False, an error.
        **kwargs: as LoadImage.

    Raises:
        BrokenImageError: the file is no whole image, and ``skip_broken`` is off.
        OSError: the file can't be read.
    """

    def __init__(self, skip_broken: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.skip_broken = skip_broken
        self._read = LoadFace()
        self._told = False

    def transform(self, results: dict) -> Optional[dict]:
        if 'img' not in results:
            try:
                results['img'] = self._read(dict(img_path=results['img_path']))['img']
            except BrokenImageError as error:
                if not self.skip_broken:
                    raise
                if not self._told:
                    self._told = True
                    print_log(f'{error}: left out of training, like every broken image', 'current', logging.WARNING)
                return None
        return super().transform(results)
