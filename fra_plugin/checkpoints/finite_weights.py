"""Weights that are not finite end a load: whatever is trained or measured with them is nothing but NaN."""

from contextlib import contextmanager
from typing import Any, Iterator, Mapping, Set

import torch
from torch import nn


@contextmanager
def finite_only(module: nn.Module, source: str) -> Iterator[None]:
    """What the block loads into ``module`` must be finite.

    Values that were not finite before the block, such as the mask of an attention, are not looked at.

    Args:
        source: where the weights come from, for the message.

    Raises:
        ValueError: at the end of the block, if parameters or buffers became infinite or NaN.
    """
    before = _not_finite(module.state_dict())
    yield
    spoiled = [name for name in _not_finite(module.state_dict()) if name not in before]
    if spoiled:
        raise ValueError(
            f'{source} holds weights that are not finite (NaN or infinite): {len(spoiled)} tensors of the '
            f'{type(module).__name__}, {min(spoiled)} first. Its training had failed by then: take an earlier checkpoint'
        )


def refuse_not_finite(tensors: Mapping[str, torch.Tensor], source: str) -> None:
    """As :func:`finite_only`, for tensors that are not loaded into a module but written to a file or measured elsewhere.

    Args:
        tensors: by name.
        source: the file that they come from, for the message.

    Raises:
        ValueError: if a value is infinite or NaN.
    """
    spoiled = _not_finite(tensors)
    if spoiled:
        raise ValueError(
            f'{source} holds weights that are not finite (NaN or infinite): {len(spoiled)} tensors, {min(spoiled)} first. '
            'Its training had failed by then: take an earlier checkpoint'
        )


def refuse_spoiled_optimizer(state: Any, source: str) -> None:
    """Momenta that are not finite spoil the weights at the first step.

    Args:
        state: an optimizer's state dict, or one for each of several optimizers.
        source: the file's name, for the message.

    Raises:
        ValueError: if a tensor in it is infinite or NaN.
    """
    if isinstance(state, torch.Tensor):
        if _not_finite({'': state}):
            raise ValueError(
                f"{source}: the optimizer's state is not finite (NaN or infinite): take an earlier checkpoint"
            )
    elif isinstance(state, (dict, list, tuple)):
        for value in state.values() if isinstance(state, dict) else state:
            refuse_spoiled_optimizer(value, source)


@torch.no_grad()
def _not_finite(tensors: Mapping[str, Any]) -> Set[str]:
    floating = {
        name: value
        for name, value in tensors.items()
        if isinstance(value, torch.Tensor)
        and (value.is_floating_point() or value.is_complex())
        and value.layout == torch.strided
    }
    return {name for name, value in floating.items() if not bool(value.isfinite().all())}
