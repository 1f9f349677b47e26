"""Weights of another model end a run before its first step: mmengine would only warn, and go on with random weights."""

import logging
import re
from collections import Counter, OrderedDict
from typing import List, Sequence

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop
from torch import nn

from .checked_load import refuse_deeper_backbone, unwrapped, unwrapped_name
from .finite_weights import refuse_spoiled_optimizer
from .pretrained_backbone import fill, named_tensors

HINT = (
    "To start from the initial values instead, set default_hooks.weights=dict(type='RefuseForeignWeights', "
    "leave_out=['{}']) with the beginnings of such names"
)


@HOOKS.register_module()
class RefuseForeignWeights(Hook):
    """Compares a checkpoint with the model, before the first step.

    - A test, a validation: every tensor of the model must be in the file.
    - ``resume``: the file must have the tensors of the model and no others, and its optimizer's state must be finite.
    - A training with ``load_from``: the file may have a part of the model, such as the backbone for a new head, and the
      log tells which parts keep their initial values. It may not have nothing, half a backbone, a deeper one, or another
      shape.

    Weights that are not finite are refused everywhere.

    To fine-tune a model of 98 landmarks on 68, whose last layer has another shape, leave that layer out.

    Example:
        >>> dict(type='RefuseForeignWeights', leave_out=['head.final_layer.'])

    Args:
        leave_out: beginnings of names; with ``load_from``, the file's tensors of these names are not loaded. Defaults
            to (), none.

    Raises:
        ValueError: when a checkpoint is loaded that does not fit.
    """

    priority = 'LOWEST'  # after the hooks that rename the tensors of a checkpoint

    def __init__(self, leave_out: Sequence[str] = ()) -> None:
        self.leave_out = (leave_out,) if isinstance(leave_out, str) else tuple(leave_out)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        model, source = unwrapped(runner.model), str(runner._load_from)
        tensors = named_tensors(checkpoint, source)
        trains = isinstance(runner._train_loop, BaseLoop)
        if trains and not runner._resume and self.leave_out:
            tensors = {
                name: value for name, value in tensors.items() if not unwrapped_name(name).startswith(self.leave_out)
            }
        given = {unwrapped_name(name): value for name, value in tensors.items()}
        try:
            missing, surplus = fill(model, given, source, whose=' of this config')
        except ValueError as error:
            if 'size mismatch' in str(error) and trains and not runner._resume:
                layer = re.search(r'size mismatch for (\S+)\.\w+', str(error)).group(1)
                raise ValueError(f'{error}. {HINT.format(f"{layer}.")}') from None
            raise
        refuse_deeper_backbone(model, surplus, source)
        missing = [name for name in missing if not name.endswith('num_batches_tracked')]
        if not trains or runner._resume:
            self._refuse_other_names(model, source, missing, surplus if runner._resume else [])
        elif missing or surplus:
            self._tell(runner, model, source, missing, surplus)
        if runner._resume:
            refuse_spoiled_optimizer(checkpoint.get('optimizer'), source)
        if checkpoint.get('state_dict') is None or self.leave_out:
            checkpoint['state_dict'] = OrderedDict(tensors)  # mmengine knows no other place than this one

    @staticmethod
    def _refuse_other_names(model: nn.Module, source: str, missing: List[str], surplus: List[str]) -> None:
        if missing:
            raise ValueError(
                f'{source} lacks {len(missing)} of the {len(model.state_dict())} tensors of this '
                f"config's model, {missing[0]} first: it was saved by another model"
            )
        if surplus:
            raise ValueError(
                f"{source} has {len(surplus)} tensors that this config's model does not have, {surplus[0]} first: it was "
                'saved by another model'
            )

    @staticmethod
    def _tell(runner: Runner, model: nn.Module, source: str, missing: List[str], surplus: List[str]) -> None:
        own = [name for name in model.state_dict() if not name.endswith('num_batches_tracked')]
        if len(missing) == len(own):
            raise ValueError(
                f"{source} has none of the {len(own)} tensors of this config's {type(model).__name__}: its own are called "
                f"{', '.join(surplus[:2])}, the model's {', '.join(own[:2])}"
            )
        parts, lacking = (Counter(name.split('.')[0] for name in names) for names in (own, missing))
        if 0 < lacking['backbone'] < parts['backbone']:
            first = next(name for name in missing if name.startswith('backbone.'))
            raise ValueError(
                f'{source} lacks {lacking["backbone"]} of the {parts["backbone"]} tensors of the backbone, {first} first: '
                f'it was saved by another model. {HINT.format("backbone.")}'
            )
        initial = ', '.join(f'{count} of {parts[part]} in {part}' for part, count in lacking.items())
        runner.logger.log(
            logging.WARNING if missing else logging.INFO,
            f'load_from: {len(own) - len(missing)} of the {len(own)} tensors of the {type(model).__name__} come from {source}'
            + (f'; the others keep their initial values ({initial})' if missing else '')
            + (f'; tensors of the file that have no place in it: {len(surplus)}' if surplus else ''),
        )
