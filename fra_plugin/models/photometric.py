"""Colour jitter, grey, blur and solarize for a batch on its device, each image by its own draws.

The draws of an image are 11 numbers, made in a data worker by :mod:`fra_plugin.datasets.transforms.photometric_draws`:

- 0 to 3: the order of brightness (0), contrast (1), saturation (2) and hue (3);
- 4 to 7: their amounts, three factors and a part of the colour circle; 1, 1, 1 and 0 change nothing;
- 8: share of its colour that the image keeps after that: 1, or 0 for a grey image;
- 9: sigma of the Gaussian blur in pixels, 0 for none;
- 10: level from which on solarize inverts, 256 for none.

The arithmetic is that of FastColorJitter, FastGaussianBlur and FastSolarize without their rounding. On GPUs with TF32, torch
lets the blur use it, which costs at most 0.2 of 255 levels. kornia has such steps,
but draws one order of the jitter for a whole batch; torchvision has one draw of everything for a batch.
"""

from typing import Iterable, Tuple

import torch
import torch.nn.functional as F

from .full_precision import full_precision

GREY_OF_BGR = (0.114, 0.587, 0.299)
CONTRAST, SATURATION, TURN = 1, 2, 3
NO_CHANGE = (1.0, 0.0, 0.0, 0.0)
CUT_OFF = -0.5  # what a level loses on average when Pillow cuts it off after the decimal point


@full_precision
@torch.no_grad()
def photometric(images: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Images (N, 3, H, W), BGR in [0, 255], float -> the same, changed as their draws say; never in half precision.

    Args:
        images: on any device.
        draws: (N, 11) float32 on the CPU, see above. What is computed from them alone, is computed there, so that the host
            reads nothing from the device.
    """
    order, amounts, colour, sigma, threshold = draws.split([4, 4, 1, 1, 1], dim=1)
    tables = (*_affine_steps(order.long(), amounts, colour), amounts[:, TURN:], _gaussian(sigma), threshold[..., None])
    matrix, of_mean, shift, turns, weights, threshold = (table.to(images, non_blocking=True) for table in tables)
    steps = list(zip(matrix, of_mean, shift))
    pixels = _affine(images.flatten(2), steps[:3])
    pixels = _turned(pixels, turns[..., None])
    pixels = _affine(pixels, steps[3:])
    pixels = _blurred(pixels.view_as(images), weights)
    return torch.where(pixels < threshold[..., None] - 0.5, pixels, 255 - pixels)  # as if they were rounded


def _affine_steps(kind: torch.Tensor, amounts: torch.Tensor, colour: torch.Tensor) -> Tuple[torch.Tensor, ...]:
    """What brightness, contrast, saturation and grey do: pixel -> matrix @ pixel + of_mean @ mean pixel + shift.

    Every order of the four steps is a part of these: three steps, the turn of the hue, three more steps; and grey.

    Args:
        kind: of the first to the fourth step, (N, 4).
        amounts: by kind, (N, 4).
        colour: share that is kept, (N, 1).

    Returns:
        matrix (7, N, 3, 3), of_mean (7, N, 3, 3) and shift (7, N, 1, 1).
    """
    factor = amounts.gather(1, kind)
    towards = 1 - factor  # the share of what the pixel moves to
    cut_off = CUT_OFF * ((kind < SATURATION) & (factor != 1))
    steps = torch.stack([factor, towards * (kind == SATURATION), towards * (kind == CONTRAST), cut_off], dim=2)
    no_change = torch.tensor(NO_CHANGE)
    turned = (kind == TURN).cumsum(1).bool()  # from the turn of the hue on
    before = torch.where(turned[..., None], no_change, steps)[:, :3]
    behind = torch.where((turned & (kind != TURN))[..., None], steps, no_change)[:, 1:]
    grey = torch.stack([colour, 1 - colour, 0 * colour, 0 * colour], dim=2)
    factor, of_pixel, of_mean, shift = (
        torch.cat([before, behind, grey], dim=1).transpose(0, 1)[..., None, None].unbind(2)
    )
    to_grey = torch.tensor(GREY_OF_BGR).expand(3, 3)
    return factor * torch.eye(3) + of_pixel * to_grey, of_mean * to_grey, shift


def _affine(pixels: torch.Tensor, steps: Iterable[Tuple[torch.Tensor, ...]]) -> torch.Tensor:
    """Pixels (N, 3, H W) after some of the steps, cut off at 0 and 255 after each."""
    for matrix, of_mean, shift in steps:
        offset = torch.baddbmm(shift, of_mean, pixels.mean(2, keepdim=True))
        pixels = torch.baddbmm(offset, matrix, pixels).clamp_(0, 255)
    return pixels


def _turned(pixels: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    """Pixels (N, 3, H W), their hue turned by a part of the colour circle (N, 1, 1), by way of HSV."""
    blue, green, red = pixels.split(1, dim=1)
    value = pixels.amax(1, keepdim=True)
    chroma = value - pixels.amin(1, keepdim=True)
    of_red, of_green, of_blue = green - blue, blue - red + 2 * chroma, red - green + 4 * chroma
    hue = torch.where(value == red, of_red, torch.where(value == green, of_green, of_blue))
    hue = hue / chroma.clamp(min=1e-6) + 6 * turns  # in sixths of the circle
    place = torch.arange(1, 6, 2, device=pixels.device)[:, None]  # of blue, green and red: 1, 3 and 5
    distance = (hue + place).remainder_(6)
    return value - chroma * torch.minimum(distance, 4 - distance).clamp_(0, 1)


def _gaussian(sigma: torch.Tensor) -> torch.Tensor:
    """Weights (N, 2 R + 1), each as far as FastGaussianBlur takes it: about 3 sigma."""
    reach = (6 * sigma + 1).round().long() // 2
    place = torch.arange(-int(reach.max()), int(reach.max()) + 1)
    weights = torch.exp(-(place**2) / (2 * sigma.clamp(min=1e-3) ** 2)) * (place.abs() <= reach)
    return weights / weights.sum(1, keepdim=True)


def _blurred(images: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Images (N, 3, H, W) by a filter each, (N, 2 R + 1), down and across; the border's pixels go on outside."""
    channels, reach = images.shape[0] * images.shape[1], weights.shape[1] // 2
    weights = weights.repeat_interleave(images.shape[1], 0)[:, None]
    padded = F.pad(images, [reach] * 4, mode='replicate').flatten(0, 1)[None]
    across = F.conv2d(padded, weights[:, :, None], groups=channels)
    return F.conv2d(across, weights[..., None], groups=channels).view_as(images)
