"""Several tensors in one read from the device, as the host waits at each."""

from collections import defaultdict
from typing import Any, Dict

import torch


def read_at_once(values: Dict[str, Any]) -> Dict[str, Any]:
    """The same values with every tensor on the CPU and without its graph.

    Tensors of one device and dtype, such as all losses of a step, are copied together.
    """
    read = dict(values)
    alike = defaultdict(dict)
    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            read[name] = value.detach()
            if value.device.type != 'cpu':
                alike[value.device, value.dtype][name] = read[name]
    for tensors in alike.values():
        together = torch.cat([tensor.flatten() for tensor in tensors.values()]).cpu()
        parts = together.split([tensor.numel() for tensor in tensors.values()])
        read.update({name: part.view(tensors[name].shape) for name, part in zip(tensors, parts)})
    return read
