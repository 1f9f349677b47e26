"""What is known to go wrong before the first step, as one line instead of a training of nothing."""

from typing import List, Optional

from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.registry import LOOPS
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner

from ...checkpoints.checked_load import unwrapped


def refuse_no_step(loop: BaseLoop) -> None:
    """A training must take at least one step.

    Args:
        loop: a train loop, with its loader.

    Raises:
        ValueError: if there is no batch, or the loop ends at once.
    """
    length = _length(loop.dataloader)
    if length == 0:
        faces, share = _length(loop.dataloader.dataset), _length(loop.dataloader.sampler)
        processes = f' in each of {get_world_size()} processes' if get_world_size() > 1 else ''
        size = loop.dataloader.batch_size
        if not faces:
            raise ValueError(f'the training set is empty: {type(loop.dataloader.dataset).__name__} has no faces')
        raise ValueError(
            f'{share or faces} faces{processes} are fewer than batch_size {size}, and drop_last drops a batch that is not '
            'full: no step would be taken. Set a smaller train_dataloader.batch_size, or train_dataloader.drop_last=False'
        )
    name = 'max_epochs' if isinstance(loop, EpochBasedTrainLoop) else 'max_iters'
    if getattr(loop, 'max_iters', 1) < 1:
        raise ValueError(f'{name} must be at least 1, got {getattr(loop, name)}: no step would be taken')


def refuse_compiled_step(cfg: Config) -> None:
    """mmengine's ``compile`` option compiles ``train_step``, and with it what must happen around each step.

    Raises:
        ValueError: if the option is set.
    """
    if cfg.get('compile'):
        raise ValueError(
            f"compile={cfg['compile']!r} compiles the optimizer's step too, and what watches the step (the target "
            "network, steps that are left out) would not run: set compile=False. dict(type='CompileHook') among "
            'custom_hooks compiles the losses alone'
        )


def refuse_still_target(runner: Runner) -> None:
    """A config's own ``custom_hooks`` replace those of its base, and with them what moves FRA's target network.

    Raises:
        ValueError: if the model has a target network, and no hook moves it.
    """
    from ..hooks import MomentumUpdateHook  # here, as its module imports this one

    if hasattr(unwrapped(runner.model), 'update_target') and not any(
        isinstance(hook, MomentumUpdateHook) for hook in runner.hooks
    ):
        raise ValueError(
            'nothing would move the target network: a list custom_hooks replaces that of the base config, so begin it with '
            "_base_.custom_hooks +, or put dict(type='MomentumUpdateHook') into it"
        )


def settle_train_cfg(cfg: Config) -> None:
    """Let ``train_cfg`` name its loop twice, as a config does whose base has a ``type`` and which itself has ``by_epoch``.

    mmengine refuses both together. Where they agree, ``by_epoch`` is dropped.

    Raises:
        ValueError: if they don't agree.
    """
    train_cfg = cfg.get('train_cfg')
    if not isinstance(train_cfg, dict) or not {'type', 'by_epoch'} <= set(train_cfg):
        return
    kind = train_cfg['type']
    loop = LOOPS.get(kind) if isinstance(kind, str) else kind
    counts_epochs = isinstance(loop, type) and issubclass(loop, EpochBasedTrainLoop)
    if bool(train_cfg['by_epoch']) != counts_epochs:
        other = 'IterBasedTrainLoop' if counts_epochs else 'ReliableTrainLoop'
        length = 'max_iters' if counts_epochs else 'max_epochs'
        raise ValueError(
            f'train_cfg has type={getattr(kind, "__name__", kind)} and by_epoch={train_cfg["by_epoch"]}, which do not '
            f"agree: write train_cfg=dict(_delete_=True, type='{other}', {length}=...)"
        )
    train_cfg.pop('by_epoch')


def drop_late_schedulers(cfg: Config) -> List[str]:
    """Leave out schedulers that begin after the last epoch, such as the cosine in a trial of one epoch of a long config.

    A scheduler without ``end`` goes on to the last epoch; mmengine refuses it where it would begin after that.

    Returns:
        One line for each, for the log.
    """
    epochs, schedulers = (cfg.get('train_cfg') or {}).get('max_epochs'), cfg.get('param_scheduler')
    if not isinstance(epochs, int) or not isinstance(schedulers, list):
        return []
    late = [
        part
        for part in schedulers
        if 'end' not in part and part.get('by_epoch', True) and part.get('begin', 0) >= epochs > 0
    ]
    cfg.param_scheduler = [part for part in schedulers if part not in late]
    return [
        f'{getattr(part.type, "__name__", part.type)} left out: it begins after epoch {part.begin}, and there are {epochs}.'
        for part in late
    ]


def _length(part: object) -> Optional[int]:
    try:
        return len(part)
    except TypeError:  # data without an end
        return None
