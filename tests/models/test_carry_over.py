"""carry_over tells of the same place of the image, whatever part of it the two views show."""

import torch

from fra_plugin.models.carry_over import carry_over


def places(boxes: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Where in the image the pixels of the views lie: x, y as maps (B, 2, H, W)."""
    steps_x, steps_y = (torch.arange(width) + 0.5) / width, (torch.arange(height) + 0.5) / height
    x = (boxes[:, 0, None] + steps_x * boxes[:, 2, None])[:, None].expand(-1, height, -1)
    y = (boxes[:, 1, None] + steps_y * boxes[:, 3, None])[:, :, None].expand(-1, -1, width)
    return torch.stack([x, y], dim=1)


def test_what_arrives_is_of_the_pixels_own_place_in_the_image():
    boxes = torch.tensor([[0.0, 0, 60, 60], [50, 10, -40, 50], [10, 5, 40, 50]])
    other = torch.tensor([[20.0, 15, 50, 30], [20, 0, 60, 60], [55, 50, -50, -40]])
    carried, shown = carry_over(places(boxes, 5, 6), boxes, other)
    wanted = places(other, 5, 6)
    # A view's outermost half pixel tells of its outermost pixels' centres.
    half = (boxes[:, 2:].abs() / torch.tensor([12, 10]))[:, :, None, None]
    assert (((carried - wanted).abs() <= half + 1e-4) | ~shown[:, None]).all()
    low, high = places(boxes, 5, 6).amin(dim=(2, 3), keepdim=True), places(boxes, 5, 6).amax(dim=(2, 3), keepdim=True)
    inner = ((wanted >= low) & (wanted <= high)).all(dim=1)
    assert inner.sum() > 30 and shown[inner].all()
    torch.testing.assert_close(carried.movedim(1, 3)[inner], wanted.movedim(1, 3)[inner])


def test_shown_are_the_pixels_inside_the_first_view():
    _, shown = carry_over(
        torch.zeros(2, 1, 4, 4),
        torch.tensor([[0.0, 0, 50, 100], [0, 0, 10, 10]]),
        torch.tensor([[100.0, 0, -100, 100], [20, 20, 10, 10]]),
    )
    assert shown[0].tolist() == [[False, False, True, True]] * 4
    assert not shown[1].any()
