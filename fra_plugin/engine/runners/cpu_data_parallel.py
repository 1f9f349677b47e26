"""Data-parallel training in several processes without a GPU, which mmengine's own wrapper has no way to ask for."""

from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

from ...models.non_blocking_sync_bn import NonBlockingSyncBN


@MODEL_WRAPPERS.register_module()
class CPUDataParallel(MMDistributedDataParallel):
    """MMDistributedDataParallel on the CPU; SyncBN, which torch has for GPUs only, runs as :class:`NonBlockingSyncBN`.

    So two processes with B images each learn what one process with 2 B learns.

    Example:
        >>> dict(type='CPUDataParallel', broadcast_buffers=False)  # model_wrapper_cfg

    Args:
        module: the model.
        device_ids: ignored; the Runner names a GPU here. Defaults to None.
        **kwargs: as for :class:`torch.nn.parallel.DistributedDataParallel`.
    """

    def __init__(self, module: nn.Module, device_ids: object = None, **kwargs):
        for layer in module.modules():
            if type(layer) is nn.SyncBatchNorm:
                layer.__class__ = NonBlockingSyncBN  # which has the same parameters and buffers
        super().__init__(module, device_ids=None, **kwargs)

    def _passing_sync_batchnorm_handle(self, module: nn.Module) -> None:
        """torch refuses every subclass of its SyncBN on a CPU here, and does nothing else."""
