"""A data loader whose samples depend on the seed, the epoch and their place in it, and on nothing else.

mmengine seeds every worker once, so what a sample looks like depends on all samples which that worker prepared before,
and a run that is resumed sees other crops. Here every sample is seeded by its place, counted over all processes. So an
epoch can begin anywhere, nothing of the skipped part is loaded, and the numbers of workers and of processes don't matter.
"""

import functools
import os
import signal
import threading
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_rank, get_world_size
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler, get_worker_info

from .seeding import own_randomness, seed_all

WORKER_GRACE = 30  # seconds


class Seeded(NamedTuple):
    """What the sampler asks the data set for: an index, and what its sample's random states come from."""

    index: Any
    key: Tuple[int, ...]


class SeededSampler(Sampler):
    """Index -> Seeded(index, key) with key = (seed, epoch, place in the epoch over all processes).

    Args:
        sampler: any sampler whose order depends on its ``seed`` and ``set_epoch`` alone.
    """

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler
        self.seed = 0
        self.epoch = 0
        self.start = 0

    def __iter__(self) -> Iterator[Seeded]:
        rank, world_size = get_rank(), get_world_size()
        for place, index in enumerate(self.sampler):
            if place >= self.start:
                yield Seeded(index, (self.seed, self.epoch, place * world_size + rank))

    def __len__(self) -> int:
        """Samples of this process in a whole epoch."""
        return len(self.sampler)

    def set_epoch(self, epoch: int) -> None:
        """Also of the sampler within."""
        self.epoch = epoch
        if hasattr(self.sampler, 'set_epoch'):
            self.sampler.set_epoch(epoch)


class SeededDataset(Dataset):
    """Seeded(index, key) -> the sample, prepared with random states that come from the key; else the data set itself.

    What is read from it and what is set on it, such as another pipeline, is the data set's.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, Seeded):
            return self.dataset[index]
        index, key = index
        if get_worker_info() is not None:
            seed_all(*key, devices=False)
            return self.dataset[index]
        with own_randomness(devices=False):
            seed_all(*key, devices=False)
            return self.dataset[index]

    def __getitems__(self, indices: Sequence[Any]) -> List[Any]:
        """For torch's loader, which would take that of the data set, such as a Subset's."""
        return [self[index] for index in indices]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset':  # not there yet while this object is being unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == 'dataset':
            super().__setattr__(name, value)
        else:
            setattr(self.dataset, name, value)


def seeded_loader(loader: DataLoader) -> DataLoader:
    """The same loader with a :class:`SeededDataset` and a :class:`SeededSampler`; a loader that has them is handed back.

    Raises:
        ValueError: for a loader with a batch sampler of its own, with an iterable data set or with a sampler without an
            end, which have no places.
    """
    if isinstance(loader.sampler, SeededSampler):
        return loader
    if loader.batch_size is None or isinstance(loader.dataset, IterableDataset):
        raise ValueError(
            'ReliableTrainLoop needs a train_dataloader with batch_size, a sampler and a data set that can be '
            f'indexed, got {type(loader.batch_sampler).__name__} and {type(loader.dataset).__name__}'
        )
    if isinstance(loader.sampler, InfiniteSampler):
        raise ValueError(
            f'ReliableTrainLoop counts epochs, and {type(loader.sampler).__name__} is for loops that count iterations: set '
            "train_dataloader.sampler=dict(type='DefaultSampler', shuffle=True)"
        )
    return DataLoader(
        SeededDataset(loader.dataset),
        batch_size=loader.batch_size,
        sampler=SeededSampler(loader.sampler),
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        drop_last=loader.drop_last,
        timeout=loader.timeout,
        worker_init_fn=functools.partial(_start_worker, loader.worker_init_fn),
        multiprocessing_context=loader.multiprocessing_context,
        generator=torch.Generator(),  # for torch's seeds of the workers, else drawn from the state of this process
        prefetch_factor=loader.prefetch_factor,
        persistent_workers=loader.persistent_workers,
        pin_memory_device=loader.pin_memory_device,
    )


def _start_worker(init: Optional[Callable[[int], None]], worker: int) -> None:
    if init is not None:
        init(worker)
    if hasattr(signal, 'sigwaitinfo'):  # macOS has none
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_by_signal, daemon=True).start()


def _end_by_signal() -> None:
    """At once if the main process says so; a signal to the whole job leaves the main process time to finish its step."""
    if signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        signal.sigtimedwait({signal.SIGTERM}, WORKER_GRACE)
    os._exit(0)
