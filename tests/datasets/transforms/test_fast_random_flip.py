"""FastRandomFlip mirrors as mmcv's RandomFlip does, with the same draws."""

import numpy as np
import pytest
from mmcv.transforms import RandomFlip

from fra_plugin.datasets import FastRandomFlip

DIRECTIONS = ['horizontal', 'vertical', 'diagonal']


@pytest.mark.parametrize(
    'settings', [dict(prob=0.5)] + [dict(prob=0.7, direction=direction) for direction in DIRECTIONS]
    + [dict(prob=0.9, direction=DIRECTIONS), dict(prob=[0.2, 0.3, 0.1], direction=DIRECTIONS)]
)  # yapf: disable
def test_the_same_seed_gives_mmcvs_image(settings):
    image = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    results = []
    for transform in (FastRandomFlip(**settings), RandomFlip(**settings)):
        np.random.seed(0)
        results.append([transform(dict(img=image)) for _ in range(30)])
    assert 0 < sum(result['flip'] for result in results[0]) < 30
    for ours, theirs in zip(*results):
        np.testing.assert_array_equal(ours['img'], theirs['img'])
        assert (ours['flip'], ours['flip_direction']) == (theirs['flip'], theirs['flip_direction'])
        assert ours['img'].flags.c_contiguous
