"""STAR loss against a plain eigen-decomposition, and its gradient where eigenvectors are undefined."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS

from fra_plugin.models.transfer.star_loss import MIN_VARIANCE, STARLoss, star_loss


def softmax_map(logits):
    return logits.flatten(2).softmax(dim=2).reshape(logits.shape)


def by_eigh(heatmap, target, beta=0.01, value_weight=1.0):
    """The loss of one heatmap (H, W) as the paper writes it."""
    height, width = heatmap.shape
    pixels = 2 * torch.cartesian_prod(torch.arange(height) / height, torch.arange(width) / width).double().flip(1)
    weight = (heatmap / heatmap.sum()).flatten()
    mean = weight @ pixels
    covariance = (pixels - mean).T @ (weight[:, None] * (pixels - mean))
    spread, axes = torch.linalg.eigh(covariance)
    distance = F.smooth_l1_loss(axes.T @ (2 * target - mean), torch.zeros(2).double(), beta=beta, reduction='none')
    return (distance / spread.sqrt()).sum() + value_weight * spread.sum()


def gaussian(size, mean_x, mean_y, sigma_x, sigma_y):
    y, x = torch.meshgrid(torch.arange(size).double(), torch.arange(size).double(), indexing='ij')
    return torch.exp(-(((x - mean_x) / sigma_x) ** 2) / 2 - ((y - mean_y) / sigma_y) ** 2 / 2)[None, None]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize('beta, value_weight', [(0.01, 1.0), (0.5, 0.0)])
def test_equals_the_eigen_decomposition(beta, value_weight):
    heatmaps, target = softmax_map(2 * torch.randn(3, 4, 7, 9).double()), torch.rand(3, 4, 2).double()
    expected = [[by_eigh(heatmaps[b, k], target[b, k], beta, value_weight) for k in range(4)] for b in range(3)]
    # The difference is MIN_VARIANCE, which the loss adds to spreads of about 0.1.
    torch.testing.assert_close(
        star_loss(heatmaps, target, beta, value_weight),
        torch.tensor(expected).double(),
        rtol=100 * MIN_VARIANCE,
        atol=0,
    )


def test_two_pixels_by_hand():
    heatmap = torch.zeros(1, 1, 4, 4).double()
    heatmap[0, 0, 1, 0] = heatmap[0, 0, 1, 2] = 0.5  # mean (0.5, 0.5), spread 0.25 along x, none along y, in [0, 2]
    value = star_loss(heatmap, torch.tensor([[[0.75, 0.25]]]).double(), beta=0.01, value_weight=2.0)
    # The error is 1 along x, 0 along y.
    assert value.item() == pytest.approx((1 - 0.005) / 0.5 + 2 * 0.25, rel=1e-4)


def test_errors_along_the_long_axis_count_less():
    heatmap = gaussian(32, 16, 16, 5, 1.5)
    along, across = (star_loss(heatmap, torch.tensor([[point]]).double()) for point in ([0.6, 0.5], [0.5, 0.6]))
    assert along.item() < 0.5 * across.item()


def test_turning_the_face_a_quarter_changes_nothing():
    heatmap, target = softmax_map(torch.randn(1, 1, 6, 6).double()), torch.rand(1, 1, 2).double()
    turned = torch.stack([target[..., 1], target[..., 0]], dim=-1)
    torch.testing.assert_close(star_loss(heatmap.transpose(2, 3), turned), star_loss(heatmap, target))


def test_no_error_leaves_the_value_restriction():
    heatmap = gaussian(33, 16, 16, 2, 4)
    spread = (2 / 33) ** 2 * (2**2 + 4**2)
    value = star_loss(heatmap, torch.full((1, 1, 2), 16 / 33).double(), value_weight=3.0)
    assert value.item() == pytest.approx(3 * spread, rel=1e-3)


SQUARE = {  # logits with equal spreads in all directions, and the extremes of width
    'isotropic': -((torch.arange(7.0)[:, None] - 3) ** 2 + (torch.arange(7.0) - 3) ** 2) / 2,
    'flat': torch.zeros(7, 7),
    'two equal blobs on a diagonal': 3 * torch.eye(7),
    'nearly one pixel': F.one_hot(torch.tensor(24), 49).reshape(7, 7) * 9.0,
    'one pixel': F.one_hot(torch.tensor(24), 49).reshape(7, 7) * 1000.0,
    'one row': torch.zeros(7, 7) - 1000.0 * (torch.arange(7) != 2)[:, None],
}


@pytest.mark.parametrize('target', [[0.5, 0.6], [3 / 7, 3 / 7], [0.9, 0.05]])
@pytest.mark.parametrize('name', ['isotropic', 'flat', 'two equal blobs on a diagonal', 'nearly one pixel'])
def test_gradient_is_the_numerical_one_also_with_equal_eigenvalues(name, target):
    logits = SQUARE[name].double()[None, None].requires_grad_()
    target = torch.tensor([[target]]).double()
    assert torch.autograd.gradcheck(lambda x: star_loss(softmax_map(x), target), logits)


def test_gradient_is_the_numerical_one_for_heatmap_and_target():
    heatmaps, target = torch.rand(2, 2, 5, 6).double().requires_grad_(), torch.rand(2, 2, 2).double().requires_grad_()
    weight = torch.tensor([[1.0, 0.0], [0.5, 1.0]]).double()
    assert torch.autograd.gradcheck(lambda h, t: STARLoss()(h, t, weight), (heatmaps, target))


@pytest.mark.parametrize('name', SQUARE)
def test_gradient_is_finite_in_float32(name):
    logits = SQUARE[name][None, None].clone().requires_grad_()
    loss = STARLoss()(softmax_map(logits), torch.tensor([[[0.7, 0.2]]]))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_descent_moves_the_heatmap_to_the_target_and_sharpens_it():
    logits, target = torch.zeros(1, 1, 16, 16).double().requires_grad_(), torch.tensor([[[0.25, 0.625]]]).double()
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        star_loss(softmax_map(logits), target).sum().backward()
        optimizer.step()
    heatmap = softmax_map(logits.detach())[0, 0]
    mean = (
        torch.stack([heatmap.sum(0) @ torch.arange(16.0).double(), heatmap.sum(1) @ torch.arange(16.0).double()]) / 16
    )
    torch.testing.assert_close(mean, target[0, 0], atol=0.01, rtol=0)
    assert heatmap.max() > 10 / 256


def test_landmarks_of_weight_zero_do_not_count():
    heatmaps = softmax_map(torch.randn(1, 3, 6, 6)).requires_grad_()
    target = torch.rand(1, 3, 2)
    expected = STARLoss()(heatmaps[:, :2], target[:, :2])
    target[0, 2] = float('nan')
    loss = STARLoss()(heatmaps, target, torch.tensor([[1.0, 1.0, 0.0]]))
    loss.backward()
    torch.testing.assert_close(loss, expected)
    assert torch.isfinite(heatmaps.grad).all() and not heatmaps.grad[0, 2].any()


def test_no_labelled_landmark_gives_zero():
    assert STARLoss()(torch.rand(1, 2, 4, 4), torch.rand(1, 2, 2), torch.zeros(1, 2)) == 0


def test_autocast_does_not_change_it():
    heatmaps, target = softmax_map(torch.randn(2, 3, 8, 8)), torch.rand(2, 3, 2)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = STARLoss()(heatmaps, target)
        half = STARLoss()(heatmaps.bfloat16(), target)
    assert loss.dtype == half.dtype == torch.float32
    torch.testing.assert_close(loss, STARLoss()(heatmaps, target))
    torch.testing.assert_close(half, STARLoss()(heatmaps.bfloat16().float(), target))


def test_loss_weight_scales():
    heatmaps, target = torch.rand(1, 2, 4, 4), torch.rand(1, 2, 2)
    loss = MODELS.build(dict(type='STARLoss', loss_weight=0.5))
    torch.testing.assert_close(2 * loss(heatmaps, target), STARLoss()(heatmaps, target))


@pytest.mark.parametrize(
    'wrong, message',
    [
        (dict(beta=0), 'beta must be > 0, got 0'),
        (dict(value_weight=-1), 'value_weight=-1'),
        (dict(loss_weight=-1), 'loss_weight=-1'),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        STARLoss(**wrong)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r'\(1, 2, 4, 4\) and \(1, 3, 2\)'):
        STARLoss()(torch.rand(1, 2, 4, 4), torch.rand(1, 3, 2))
    with pytest.raises(ValueError, match=r'target_weight must be \(B, K\) = \(1, 2\), got \(1, 2, 1\)'):
        STARLoss()(torch.rand(1, 2, 4, 4), torch.rand(1, 2, 2), torch.rand(1, 2, 1))
