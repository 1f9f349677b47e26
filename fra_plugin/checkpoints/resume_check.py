"""Refuses to go on from a file that is no training checkpoint, or from one of another optimizer."""

from typing import Any, Iterator

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from torch.optim import Optimizer


class ResumeCheck(Hook):
    """For a Runner that resumes: mmengine would end with the name of what it misses, or much later, in a step.

    A run that is finished, and one of another length, whose learning rate keeps the schedule of the checkpoint, are warned
    about.

    Raises:
        ValueError: before the first step, for a file without the state of a training, or whose optimizer keeps other
            numbers than that of the config.
    """

    priority = 'VERY_HIGH'
    source = None

    def after_load_checkpoint(self, runner, checkpoint: Any) -> None:
        self.source = str(runner._load_from or f'the latest checkpoint in {runner.work_dir}')
        content = checkpoint if isinstance(checkpoint, dict) else {}
        meta = content.get('meta') if isinstance(content.get('meta'), dict) else {}
        missing = [name for name in ('state_dict', 'meta', 'message_hub', 'optimizer') if name not in content]
        missing += [f'meta.{name}' for name in ('epoch', 'iter') if 'meta' in content and name not in meta]
        if missing:
            raise ValueError(
                f'{self.source} is no training checkpoint of mmengine: it lacks {", ".join(missing)}. '
                f'A run can go on from an epoch_N.pth or iter_N.pth only; to start a new run from these weights, leave '
                f'--resume out and set load_from={self.source}'
            )
        hub = content['message_hub']
        self.planned = hub.get('runtime_info', {}).get('max_iters') if isinstance(hub, dict) else None
        # Of a new optimizer: torch adds names to the defaults of one that has read a state.
        self.settings = [list(optimizer.defaults) for optimizer in _optimizers(runner.optim_wrapper)]

    def before_train(self, runner) -> None:
        if self.source is None:
            return
        if runner.iter >= runner.max_iters:
            runner.logger.warning(
                f'nothing is left to train: {self.source} is at iteration {runner.iter} of {runner.max_iters}. '
                'For a new run, take another work directory'
            )
        elif self.planned not in (None, runner.max_iters):
            runner.logger.warning(
                f'{self.source} is of a run of {self.planned} iterations, and this one has {runner.max_iters}: the learning '
                'rate goes on by the schedule of that run. For a schedule of this length, start a new run with '
                f'load_from={self.source}, in another work directory'
            )
        for optimizer, own in zip(_optimizers(runner.optim_wrapper), self.settings):
            for group in optimizer.param_groups:
                lacking = [name for name in own if name not in group]
                if lacking:
                    raise ValueError(
                        f'{self.source} was saved with another optimizer: the {type(optimizer).__name__} of this config '
                        f'needs {", ".join(lacking)}. Take the optimizer of the checkpoint, or leave --resume out and '
                        f'start a new run from its weights with load_from={self.source}'
                    )


def _optimizers(wrapper: Any) -> Iterator[Optimizer]:
    if isinstance(wrapper, OptimWrapper):
        yield wrapper.optimizer
    elif hasattr(wrapper, 'values'):  # OptimWrapperDict
        for part in wrapper.values():
            yield from _optimizers(part)
