"""Views on their way to the device, without a copy that the host waits for."""

from typing import List, Union

import torch
from mmpretrain.models import SelfSupDataPreprocessor
from mmpretrain.registry import MODELS

from .photometric import photometric


@MODELS.register_module()
class ViewPreprocessor(SelfSupDataPreprocessor):
    """Views (B, 3, H, W), BGR uint8 -> normalised float32, with the numbers of mmpretrain's SelfSupDataPreprocessor.

    mmpretrain's class copies an index to the device for each view, to reverse the channels, and the host waits for it.
    Views in pinned memory (the loader's ``pin_memory``) travel while the host goes on.

    A batch with ``photometric`` (B, V, 11), from ``LocatedMultiView(on_device=True)``, brings what is still to be done with
    its V views: colour jitter, grey, blur and solarize, see :mod:`fra_plugin.models.photometric`. It is done here, with all
    views at once.

    Example:
        >>> dict(type='ViewPreprocessor', mean=[133.39, 103.12, 88.97], std=[64.67, 55.95, 52.79], to_rgb=True)

    Args:
        non_blocking: the host does not wait for copies from pinned memory. Defaults to True.
        **kwargs: as for SelfSupDataPreprocessor: ``mean`` and ``std`` of the channels as the model sees them, ``to_rgb``.

    Raises:
        ValueError: if ``std`` is not positive and finite.
    """

    def __init__(self, *, non_blocking: bool = True, **kwargs) -> None:
        std = kwargs.get('std')
        if std is not None and not all(0 < value < float('inf') for value in std):
            raise ValueError(f'std must be positive and finite, got {list(std)}')
        super().__init__(non_blocking=non_blocking, **kwargs)

    def forward(self, data: dict, training: bool = False) -> dict:
        """``inputs``, a view or a list of views, on the model's device and normalised; ``data_samples`` as they are.

        Args:
            data: a batch as ``default_collate`` makes it.
            training: not used. Defaults to False.

        Raises:
            TypeError: if the batch is no dict with ``inputs``.
            ValueError: if views of several sizes are to be changed here.
        """
        if not isinstance(data, dict) or 'inputs' not in data:
            raise TypeError(
                "a batch must be a dict with 'inputs': set collate_fn=dict(type='default_collate') in the loader, "
                f'got {type(data).__name__}'
            )
        inputs: Union[torch.Tensor, List[torch.Tensor]] = self.cast_data(data['inputs'])
        if 'photometric' in data:
            inputs = _changed(inputs, data['photometric'])
        inputs = [self._normalised(view) for view in inputs] if isinstance(inputs, list) else self._normalised(inputs)
        return dict(inputs=inputs, data_samples=self.cast_data(data.get('data_samples')))

    def _normalised(self, view: torch.Tensor) -> torch.Tensor:
        view = (view.flip(1) if self._channel_conversion else view).float()
        return (view - self.mean).div_(self.std) if self._enable_normalize else view


def _changed(views: List[torch.Tensor], draws: torch.Tensor) -> List[torch.Tensor]:
    if len({view.shape for view in views}) > 1:
        sizes = ', '.join(f'{height} x {width}' for height, width in (view.shape[2:] for view in views))
        raise ValueError(f'LocatedMultiView(on_device=True) is for views of one size, got {sizes}')
    return list(photometric(torch.cat(views).float(), draws.transpose(0, 1).flatten(0, 1)).chunk(len(views)))
