"""STARHead: landmarks are the heatmaps' means, its loss reaches every parameter, and it fits a picture."""

import numpy as np
import pytest
import torch

pytest.importorskip('mmpose')

from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

import fra_plugin.landmark  # noqa: F401


def build_head(num_joints=4, **kwargs):
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type='mmpose.STARHead',
            in_channels=8,
            in_featuremap_size=(4, 4),
            num_joints=num_joints,
            deconv_out_channels=(8,),
            deconv_kernel_sizes=(4,),
            decoder=dict(type='mmpose.RegressionLabel', input_size=(64, 64)),
            **kwargs,
        )
    )
    head.init_weights()
    return head


def samples(target, weight=None):
    """Data samples of landmarks (B, K, 2) in [0, 1]."""
    result = []
    for index, points in enumerate(target):
        sample = PoseDataSample(metainfo=dict(flip_indices=[1, 0, 2, 3], input_size=(64, 64)))
        sample.gt_instance_labels = InstanceData(
            keypoint_labels=points[None],
            keypoint_weights=torch.ones(1, len(points)) if weight is None else weight[index],
        )
        result.append(sample)
    return result


def test_predicts_the_mean_of_its_heatmap():
    head, features = build_head(), (torch.randn(2, 8, 4, 4),)
    with torch.no_grad():
        coordinates, heatmaps = head(features)
        predictions = head.predict(features, samples(torch.rand(2, 4, 2)))
    assert heatmaps.shape == (2, 4, 8, 8)
    torch.testing.assert_close(heatmaps.sum(dim=(2, 3)), torch.ones(2, 4))
    grid = torch.arange(8.0)
    mean = torch.stack([heatmaps.sum(dim=2) @ grid, heatmaps.sum(dim=3) @ grid], dim=-1)
    torch.testing.assert_close(coordinates, mean / 8)
    for prediction, point in zip(predictions, mean):
        np.testing.assert_allclose(prediction.keypoints[0], 64 * point / 8, rtol=1e-5)


def test_loss_is_the_star_loss_of_the_heatmaps():
    head, features = build_head(), (torch.randn(2, 8, 4, 4),)
    target, weight = torch.rand(2, 4, 2), torch.tensor([[[1.0, 1.0, 0.0, 1.0]]] * 2)
    losses = head.loss(features, samples(target, weight))
    expected = MODELS.build(dict(type='STARLoss'))(head(features)[1], target, weight[:, 0])
    assert set(losses) == {'loss_kpt'}
    torch.testing.assert_close(losses['loss_kpt'], expected)


def test_every_parameter_learns():
    head = build_head()
    head.loss((torch.randn(2, 8, 4, 4),), samples(torch.rand(2, 4, 2)))['loss_kpt'].backward()
    for name, parameter in head.named_parameters():
        if parameter.requires_grad:
            assert torch.isfinite(parameter.grad).all() and parameter.grad.any(), name


def test_fits_a_batch():
    head, features = build_head(), (torch.randn(2, 8, 4, 4),)
    target = samples(0.25 + torch.rand(2, 4, 2) / 2)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        head.loss(features, target)['loss_kpt'].backward()
        optimizer.step()
    error = head(features)[0] - torch.cat([sample.gt_instance_labels.keypoint_labels for sample in target])
    assert error.abs().max() < 0.03
