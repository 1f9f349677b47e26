"""Copies of a model's buffers, made and put back by a few operations on lists."""

from collections import defaultdict
from typing import Dict, List, Tuple

import torch
from torch import nn


class KeptBuffers:
    """What the buffers of a model (BatchNorm statistics, prototypes) were.

    The modules that have buffers are looked up once. Buffers of one device and dtype are copied together.

    Args:
        model: the model; modules that it gets later are not seen.
    """

    def __init__(self, model: nn.Module) -> None:
        self._of_modules = [module._buffers for module in model.modules() if module._buffers]
        self._found: List[Tuple[dict, str, torch.Tensor]] = []  # by module and name
        self._copies: Dict[tuple, List[torch.Tensor]] = {}

    @torch.no_grad()
    def keep(self) -> None:
        """Copy the buffers as they are now."""
        self._found = [
            (buffers, name, buffer)
            for buffers in self._of_modules
            for name, buffer in buffers.items()
            if buffer is not None
        ]
        for kind, buffers in self._alike().items():
            copies = self._copies.get(kind, [])
            if [copy.shape for copy in copies] == [buffer.shape for buffer in buffers]:
                torch._foreach_copy_(copies, buffers)
            else:
                self._copies[kind] = [buffer.clone() for buffer in buffers]

    @torch.no_grad()
    def restore(self) -> None:
        """Give the modules back the buffers of the latest :meth:`keep`, with their values."""
        for buffers, name, buffer in self._found:
            buffers[name] = buffer  # a module may have put another tensor in its place
        for kind, buffers in self._alike().items():
            torch._foreach_copy_(buffers, self._copies[kind])

    def _alike(self) -> Dict[tuple, List[torch.Tensor]]:
        alike = defaultdict(list)
        for _, _, buffer in self._found:
            alike[buffer.device, buffer.dtype].append(buffer)
        return alike
