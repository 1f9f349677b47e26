"""Pictures of what a model predicts in a test, one a sample, under names of their own."""

import os
from pathlib import Path
from typing import Any, Iterator, List, Sequence, Union

import numpy as np
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from ..files.file_name import fitting_name
from ..files.picture_file import write_picture
from ..files.printable import drawable


class PredictionPictures(Hook):
    """Each sample of a test -> drawn by mmpretrain's or mmpose's hook -> FOLDER/{path of the image}_{number}.png.

    The hooks themselves name a picture after the last part of the image's path, so that pictures of `anger/0.jpg` and
    `joy/0.jpg` replace each other; and mmpose's puts its folder into the work directory. Here the images' tree is kept.
    The number is that of the sample, for an image may hold several faces.

    Args:
        hook: a built VisualizationHook of mmpretrain or PoseVisualizationHook of mmpose, with ``enable=True``,
            ``interval=1`` and no ``out_dir``.
        folder: where to; it is made.
        interval: one sample in so many is drawn, at least 1. Defaults to 1.
    """

    def __init__(self, hook: Hook, folder: Union[str, os.PathLike], interval: int = 1) -> None:
        self.hook = hook
        self.folder = Path(folder).expanduser().absolute()
        self.interval = interval
        self.seen = 0
        self.root = None

    def after_test_iter(self, runner, batch_idx: int, data_batch: Any = None, outputs: Sequence = ()) -> None:
        if self.root is None:
            self.root = common_root(runner.test_dataloader.dataset)
            meta = runner.visualizer.dataset_meta or {}
            if meta.get('classes'):
                runner.visualizer.dataset_meta = dict(meta, classes=[drawable(str(name)) for name in meta['classes']])
        for place, sample in enumerate(outputs):
            if self.seen % self.interval == 0:
                batch = {key: value[place : place + 1] for key, value in (data_batch or {}).items()}
                for picture in self._drawn(runner, batch, sample):
                    write_picture(self._path(sample), np.ascontiguousarray(picture[..., ::-1]))
            self.seen += 1

    def _drawn(self, runner, batch: dict, sample: Any) -> List[np.ndarray]:
        """What the hook draws of one sample, RGB, in the place of what it would hand to the visualizer's backends."""
        drawn: List[np.ndarray] = []
        runner.visualizer.add_image = lambda name, image, step=0: drawn.append(image)
        try:
            self.hook.after_test_iter(runner, self.seen, batch, [sample])
        finally:
            del runner.visualizer.add_image
        return drawn[-1:]

    def _path(self, sample: Any) -> Path:
        number = next((sample.get(key) for key in ('id', 'sample_idx') if sample.get(key) is not None), None)
        number = f'{get_rank()}-{self.seen}' if number is None else number
        path = sample.get('img_path')
        if path is None:
            return self.folder / f'{number}.png'
        path = os.path.abspath(path)
        inside = os.path.commonpath([self.root, path]) == self.root
        path = Path(os.path.relpath(path, self.root) if inside else path.lstrip(os.sep))
        return self.folder / path.parent / fitting_name(f'{path.name}_{number}.png')


def common_root(dataset: Any) -> str:
    """The folder in which a data set, and every one that it wraps, has its images."""
    return os.path.commonpath([os.path.abspath(root) for root in _roots(dataset)] or [os.getcwd()])


def _roots(dataset: Any) -> Iterator[str]:
    parts = getattr(dataset, 'datasets', None) or [part for part in [getattr(dataset, 'dataset', None)] if part]
    for part in parts:
        yield from _roots(part)
    if not parts:
        prefixes = getattr(dataset, 'data_prefix', None)
        prefixes = [prefixes] if isinstance(prefixes, str) else (prefixes or {}).values()
        yield from filter(None, [*filter(None, prefixes)] or [getattr(dataset, 'data_root', None)])
