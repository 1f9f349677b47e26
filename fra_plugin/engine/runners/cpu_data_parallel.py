"""Data-parallel training in several processes without a GPU, which mmengine's own wrapper has no way to ask for."""

from mmengine.logging import print_log
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from mmengine.registry import MODEL_WRAPPERS
from torch import nn


@MODEL_WRAPPERS.register_module()
class CPUDataParallel(MMDistributedDataParallel):
    """MMDistributedDataParallel on the CPU: SyncBN, which torch has for GPUs only, becomes BN first.

    Example:
        >>> dict(type='CPUDataParallel', broadcast_buffers=False)  # model_wrapper_cfg

    Args:
        module: the model.
        device_ids: ignored; the Runner names a GPU here. Defaults to None.
        **kwargs: as for :class:`torch.nn.parallel.DistributedDataParallel`.
    """

    def __init__(self, module: nn.Module, device_ids: object = None, **kwargs):
        layers = sum(isinstance(layer, nn.SyncBatchNorm) for layer in module.modules())
        if layers:
            print_log(
                f'No GPU here: {layers} SyncBN layers run as BN, each process with its own statistics.', 'current'
            )
        super().__init__(revert_sync_batchnorm(module), device_ids=None, **kwargs)
