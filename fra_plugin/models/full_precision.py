"""float32 islands: cosine, softmax, log and Sinkhorn stay exact under autocast."""

import contextlib
import functools
from typing import Callable, ContextManager

import torch


def full_precision(function: Callable) -> Callable:
    """Run ``function`` without autocast and with half tensors raised to float32.

    float64 arguments stay float64. At least one positional argument must be a tensor; its device decides which
    autocast is switched off.
    """

    @functools.wraps(function)
    def island(*args, **kwargs):
        half = (torch.float16, torch.bfloat16)
        args = [arg.float() if isinstance(arg, torch.Tensor) and arg.dtype in half else arg for arg in args]
        device = next(arg.device.type for arg in args if isinstance(arg, torch.Tensor))
        with autocast_off(device):
            return function(*args, **kwargs)

    return island


def autocast_off(device: str) -> ContextManager:
    """Autocast switched off on a type of device; torch refuses that where there is no autocast, such as on mps in 2.1."""
    try:
        return torch.autocast(device, enabled=False)
    except RuntimeError:
        return contextlib.nullcontext()
