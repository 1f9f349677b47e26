"""FastSolarize is mmpretrain's Solarize."""

import numpy as np
import pytest
from mmpretrain.datasets.transforms import Solarize

from fra_plugin.datasets import FastSolarize

IMAGE = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)


@pytest.mark.parametrize(
    'settings', [dict(thr=thr) for thr in (0, 1, 127.5, 128, 255, 256)] + [dict(magnitude_range=(256, 0))]
)
def test_the_same_seed_gives_mmpretrains_image(settings):
    results = []
    for transform in (FastSolarize(prob=0.5, **settings), Solarize(prob=0.5, **settings)):
        np.random.seed(0)
        results.append([transform(dict(img=IMAGE))['img'] for _ in range(20)])
    np.testing.assert_array_equal(*results)
    assert results[0][0].dtype == np.uint8
