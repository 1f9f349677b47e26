"""Mixed precision in bfloat16, on CPUs too, where mmengine's AmpOptimWrapper refuses to work."""

import contextlib
import re
from pathlib import Path
from typing import Iterator

import torch
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn

# What /proc/cpuinfo calls instructions that multiply bfloat16, of x86 and of ARM.
BFLOAT16_FLAGS = {'avx512_bf16', 'amx_bf16', 'bf16', 'svebf16'}


def cpu_multiplies_bfloat16(cpuinfo: str = '/proc/cpuinfo') -> bool:
    """Whether the processor has instructions for bfloat16; without them it is slower than float32."""
    try:
        text = Path(cpuinfo).read_text()
    except OSError:
        return False  # not Linux
    flags = re.search(r'^(?:flags|Features)\s*:(.*)$', text, re.MULTILINE)
    return flags is not None and not BFLOAT16_FLAGS.isdisjoint(flags.group(1).split())


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Forward passes under bfloat16 autocast where the machine multiplies bfloat16; elsewhere in full precision.

    bfloat16 reaches as far as float32, so the loss is not scaled and the checkpoints are those of an OptimWrapper.
    Weights, their updates and what is marked as ``full_precision`` stay float32.

    Example:
        >>> dict(type='BFloat16OptimWrapper', optimizer=dict(type='AdamW', lr=3e-4))  # optim_wrapper

    Args:
        **kwargs: as for :class:`mmengine.optim.OptimWrapper`.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.device_type = get_device().partition(':')[0]
        if self.device_type == 'cuda':
            self.enabled = torch.cuda.is_bf16_supported()
        else:
            self.enabled = self.device_type == 'cpu' and cpu_multiplies_bfloat16()
        precision = 'bfloat16 autocast' if self.enabled else f'full precision: this {self.device_type} has no bfloat16'
        print_log(f'Mixed precision: {precision}.', 'current')

    @contextlib.contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, and as in :class:`OptimWrapper` no gradients between processes while they accumulate."""
        with super().optim_context(model):
            if not self.enabled:
                yield
                return
            with torch.autocast(self.device_type, dtype=torch.bfloat16):
                yield
