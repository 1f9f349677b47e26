"""FastPackInputs packs what PackInputs packs."""

import numpy as np
import pytest
import torch
from mmpretrain.datasets import PackInputs

from fra_plugin.datasets import FastPackInputs

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 7, 3), np.uint8)


@pytest.mark.parametrize(
    'image',
    [
        COLOUR,
        COLOUR[:, ::-1],
        COLOUR[1:4, 2:5],
        COLOUR[..., 0],
        COLOUR.astype(np.float32),
        RNG.integers(0, 256, (6, 7, 4), np.uint8),
        torch.from_numpy(COLOUR),
    ],
    ids=['colour', 'mirrored', 'part', 'grey', 'float', 'four channels', 'tensor'],
)
def test_the_sample_is_that_of_pack_inputs(image):
    results = dict(img=[image, image], img_path='a.jpg', view_boxes=[(0, 0, 6, 7)] * 2, gt_label=3)
    keys = ('img_path', 'view_boxes')
    ours, theirs = (kind(meta_keys=keys)(dict(results)) for kind in (FastPackInputs, PackInputs))
    for one, other in zip(ours['inputs'], theirs['inputs']):
        assert torch.equal(one, other) and one.dtype == other.dtype and one.is_contiguous()
    assert ours['data_samples'].metainfo == theirs['data_samples'].metainfo
    assert ours['data_samples'].gt_label == theirs['data_samples'].gt_label
