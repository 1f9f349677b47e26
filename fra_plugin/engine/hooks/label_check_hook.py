"""Whether the head and the data speak of the same classes or landmarks, before the first step."""

from typing import Dict, Iterator, Optional, Tuple

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.utils.data import Dataset

from ...checkpoints.checked_load import unwrapped
from ...datasets.labelled.label_agreement import class_names, largest_label, listed, require_same_classes
from ...datasets.wrapped import sources


# In mmengine's registry: configs of mmpose find it there, too.
@HOOKS.register_module()
class LabelCheckHook(Hook):
    """The head's number of classes (or landmarks) = that of every data set, and a label means the same class in all.

    Nothing is done where a head has no ``num_classes`` or a data set no labels. The project's commands add this hook to
    every config; with mmpretrain's or mmpose's own commands it works where the config names it.

    A checkpoint that is tested, or from which training goes on, must have been trained on the same classes.

    Example:
        >>> dict(type='LabelCheckHook')

    Raises:
        ValueError: before training, validation or testing, naming both numbers and the classes.
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        """Compare, before weights are read."""
        head = getattr(unwrapped(runner.model), 'head', None)
        datasets = dict(_datasets(runner))
        names = {part: class_names(dataset) for part, dataset in datasets.items()}
        require_same_classes(list(names.items()))
        for part, dataset in datasets.items():
            _check_classes(head, part, dataset, names[part])
            _check_landmarks(head, part, dataset)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the classes of the checkpoint with those of the data."""
        if isinstance(runner._train_loop, BaseLoop) and not runner._resume:
            return  # the weights may come from another task
        meta = checkpoint.get('meta') or {}
        trained_on = (meta.get('dataset_meta') or {}).get('classes')
        for part, dataset in _datasets(runner):
            require_same_classes([(f'{runner._load_from}', trained_on), (part, class_names(dataset))])


def _datasets(runner: Runner) -> Iterator[Tuple[str, Dataset]]:
    """The data sets of the loops that are about to run, and what to call them."""
    loops = {
        'the training data': runner._train_loop,
        'the validation data': runner._val_loop,
        'the test data': runner._test_loop,
    }
    for part, loop in loops.items():
        if isinstance(loop, BaseLoop) and hasattr(loop.dataloader, 'dataset'):
            yield part, loop.dataloader.dataset


def _check_classes(head: Optional[nn.Module], part: str, dataset: Dataset, names: Optional[Tuple[str, ...]]) -> None:
    num_classes = getattr(head, 'num_classes', None)
    if not isinstance(num_classes, int):
        return
    last = largest_label(dataset)
    if last is None:
        return
    if names and len(names) != num_classes:
        raise ValueError(f'model.head.num_classes={num_classes}, but {part} has {len(names)}: {listed(names)}')
    if last >= num_classes:
        raise ValueError(
            f'model.head.num_classes={num_classes}, but {part} has labels up to {last}'
            + (f'; its classes are {listed(names)}' if names else '')
        )


def _check_landmarks(head: Optional[nn.Module], part: str, dataset: Dataset) -> None:
    entries: Dict[str, int] = {
        name: value
        for name in ('num_keypoints', 'num_joints', 'out_channels')
        for value in [getattr(head, name, None)]
        if isinstance(value, int)
    }
    if not entries:
        return
    name, of_head = next(iter(entries.items()))
    for source in sources(dataset):
        of_data = (getattr(source, 'metainfo', None) or {}).get('num_keypoints')
        for transform in getattr(getattr(source, 'pipeline', None), 'transforms', []):
            if type(transform).__name__ == 'KeypointConverter':  # of mmpose: another mark-up from here on
                of_data = transform.num_keypoints
        if of_data not in (None, of_head):
            raise ValueError(
                f'model.head.{name}={of_head} landmarks, but {part} ({type(source).__name__}) has {of_data}'
            )
