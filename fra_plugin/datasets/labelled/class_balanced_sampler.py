"""Draws every class equally often, for sets like AffectNet's, where one class is 35 times as frequent as another."""

from typing import Iterator

import torch
from mmengine.dataset import DefaultSampler
from mmpretrain.registry import DATA_SAMPLERS

from ..wrapped import category_ids


@DATA_SAMPLERS.register_module()
class ClassBalancedSampler(DefaultSampler):
    """As many draws an epoch as faces, with replacement: first a class at random, then a face of it.

    mmengine's ``ClassBalancedDataset`` repeats rare faces but stops at the square root of the imbalance; this sampler
    evens the classes out, in expectation. Processes get disjoint parts of the same draw.

    Example:
        >>> dict(type='ClassBalancedSampler')  # train_dataloader.sampler

    Args:
        dataset: a data set with ``get_cat_ids`` that gives one class per face; it may be wrapped in mmengine's
            ``ConcatDataset`` and so on.
        seed: of the draw, the same in all processes. Defaults to None, one random seed for all.
        round_up: repeat some draws so that all processes get equally many. Defaults to True.

    Raises:
        ValueError: if a face has no class or more than one.
    """

    def __init__(self, dataset, seed: int = None, round_up: bool = True) -> None:
        super().__init__(dataset, shuffle=True, seed=seed, round_up=round_up)
        labels = [category_ids(dataset, index) for index in range(len(dataset))]
        if any(len(label) != 1 for label in labels):
            raise ValueError(
                'ClassBalancedSampler needs one class per face, '
                f'got {next(len(label) for label in labels if len(label) != 1)}'
            )
        labels = torch.tensor(labels).flatten()
        self.weights = 1.0 / torch.bincount(labels).double()[labels]

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        draws = torch.multinomial(self.weights, self.total_size, replacement=True, generator=generator)
        return iter(draws[self.rank :: self.world_size].tolist())
