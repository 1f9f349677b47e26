"""Images that can't be read: in training another one takes their place, in evaluation they are an error.

A file that can't be decoded is replaced by another one and named in the sample that comes back (`skipped_files`), so
that BrokenImageHook can count them over all processes. A disk that goes away for a while is waited for. In evaluation
another image would change the number, so there the file is named in the error.
"""

import errno
import logging
import time
from typing import List, Sequence, Tuple, Union

import numpy as np
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from ..files.printable import printable
from .transforms.load_face import BrokenImageError, encoded_image

# Errors of this one file that no waiting mends.
LASTING = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
FILE_PATIENCE = 3.0  # seconds a single unreadable file is tried again while others can be read
LONGEST_PAUSE = 10.0  # seconds


class ReplacedImages(BaseDataset):
    """What all data sets of this package do with images that can't be read.

    Attributes:
        patience: seconds that a disk that can't be read is waited for.
    """

    patience: float = 300.0
    _told = False

    def __init__(self, *args, indices: Union[int, Sequence[int], None] = None, **kwargs) -> None:
        """As mmpretrain's BaseDataset.

        Raises:
            ValueError: for ``indices`` that leave no sample.
            TypeError: for ``indices`` that are neither a number of samples nor a list of their places.
        """
        is_number = isinstance(indices, int)
        if indices is not None and not is_number and (isinstance(indices, str) or not isinstance(indices, Sequence)):
            raise TypeError(f'indices must be a number of samples or a list of their places, got {indices!r}')
        if indices is not None and not (indices if is_number else len(indices)):
            raise ValueError(f'indices={indices!r} leave no sample: give a number of samples or a list of their places')
        super().__init__(*args, indices=indices, **kwargs)

    def __getitem__(self, idx: int) -> dict:
        """The idx-th sample; where its file is broken, another one, always the same, with `skipped_files`.

        As in mmengine, another one is also taken where the pipeline gives None.
        """
        if self.test_mode:
            data = self._prepare_patiently(idx)
            if data is None:
                raise ValueError(
                    f'{printable(self.get_data_info(idx)["img_path"])}: the pipeline of a test set gave None'
                )
            return data
        skipped: List[Tuple[str, str]] = []
        wanted = idx
        for attempt in range(1, self.max_refetch + 2):
            try:
                data = self._prepare_patiently(idx)
            except BrokenImageError as error:
                skipped.append((error.path, error.reason))
                self._tell_first(error)
                data = None
            if data is None:
                idx = self._stand_in(wanted, attempt)
                continue
            if skipped and 'data_samples' in data:
                data['data_samples'].set_metainfo(dict(skipped_files=skipped))
            elif skipped:
                data['skipped_files'] = skipped
            return data
        if not skipped:
            raise RuntimeError(f'the pipeline gave None for {attempt} images in a row')
        path, reason = skipped[-1]
        raise RuntimeError(f'{attempt} images in a row are broken, the last of them {printable(path)}: {reason}')

    def _tell_first(self, error: BrokenImageError) -> None:
        """One line for each process that reads images; BrokenImageHook counts and names all of them."""
        if not self._told:
            self._told = True
            print_log(
                f'{error}: another image takes its place, as that of every broken one (BrokenImageHook counts them)',
                'current',
                logging.WARNING,
            )

    def _stand_in(self, idx: int, attempt: int) -> int:
        """Index of the attempt-th replacement; the global random state is left alone."""
        return int(np.random.default_rng([idx % len(self), attempt]).integers(len(self)))

    def _prepare_patiently(self, idx: int) -> dict:
        """Run the pipeline; wait while the disk is away, up to `patience` seconds."""
        start, pause = None, 0.1
        while True:
            try:
                return self.prepare_data(idx)
            except OSError as error:
                path = self.get_data_info(idx)['img_path']
                reason = error.strerror or str(error)
                if error.errno is None or error.errno in LASTING:  # None: raised by a decoder, not by the system
                    raise BrokenImageError(path, reason) from error
                start = start or time.monotonic()
                waited = time.monotonic() - start
                if waited >= min(FILE_PATIENCE, self.patience) and self._others_are_readable(idx):
                    raise BrokenImageError(path, reason) from error
                if waited >= self.patience:
                    raise RuntimeError(
                        f'{printable(self.img_prefix)} could not be read for {waited:.0f} s ({reason}: {printable(path)}); '
                        f'is the disk there? Resume when it is.'
                    ) from error
            if pause < LONGEST_PAUSE <= 2 * pause:
                print_log(
                    f'{printable(self.img_prefix)} can not be read ({reason}: {printable(path)}); '
                    f'trying for {self.patience:.0f} s',
                    'current',
                    logging.WARNING,
                )
            time.sleep(min(pause, LONGEST_PAUSE, self.patience))
            pause *= 2

    def _others_are_readable(self, idx: int) -> bool:
        """Whether most of three other images can be read: then the disk is there, and only this one is bad."""
        readable = 0
        for attempt in range(3):
            try:
                encoded_image(self.get_data_info(self._stand_in(idx, attempt)))
            except BrokenImageError:  # it was read
                pass
            except OSError:
                continue
            readable += 1
        return readable >= 2
