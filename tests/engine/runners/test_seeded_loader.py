"""Samples depend on the seed, the epoch and their place, and on nothing else."""

import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset

from fra_plugin.engine.runners import seeded_loader as module
from fra_plugin.engine.runners.seeded_loader import SeededDataset, seeded_loader


class Draws(Dataset):
    """Item i: i and a number from each of the three generators."""

    metainfo = dict(classes=('a',))

    def __len__(self):
        return 12

    def __getitem__(self, index):
        return torch.tensor([index, random.random(), np.random.rand(), torch.rand(()).item()], dtype=torch.float64)


def loader(num_workers=0, batch_size=2, epoch=0, start=0, seed=5):
    dataset = Draws()
    seeded = seeded_loader(
        DataLoader(dataset, batch_size, sampler=DefaultSampler(dataset, seed=1), num_workers=num_workers)
    )
    seeded.sampler.seed = seed
    seeded.sampler.set_epoch(epoch)
    seeded.sampler.start = start
    return seeded


def samples(**kwargs):
    return torch.cat(list(loader(**kwargs)))


def test_number_of_workers_and_batch_size_make_no_difference():
    alone = samples()
    torch.testing.assert_close(samples(num_workers=2), alone, rtol=0, atol=0)
    torch.testing.assert_close(samples(num_workers=1, batch_size=3), alone, rtol=0, atol=0)


def test_an_epoch_can_begin_anywhere_and_reads_nothing_before():
    class Counted(Draws):
        read = []

        def __getitem__(self, index):
            self.read.append(index)
            return super().__getitem__(index)

    seeded = loader(start=8)
    object.__setattr__(seeded, 'dataset', SeededDataset(Counted()))
    torch.testing.assert_close(torch.cat(list(seeded)), samples()[8:], rtol=0, atol=0)
    assert len(Counted.read) == 4
    assert len(seeded) == 6  # batches of a whole epoch


def test_another_seed_epoch_or_place_gives_other_draws():
    first = samples()
    assert not torch.equal(first[:, 1:], samples(seed=6)[:, 1:])
    assert first[:, 0].tolist() != samples(epoch=1)[:, 0].tolist()
    draws = torch.cat([first[:, 1:], samples(seed=6)[:, 1:], samples(epoch=1)[:, 1:]]).flatten()
    assert len(draws.unique()) == len(draws)


def test_two_processes_prepare_the_samples_of_one(monkeypatch):
    alone = samples()
    monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (rank, 2))
    monkeypatch.setattr(module, 'get_world_size', lambda: 2)
    monkeypatch.setattr(module, 'get_rank', lambda: rank)
    parts = []
    for rank in (0, 1):  # noqa: B007  read by the lambdas
        parts.append(samples())
    torch.testing.assert_close(torch.stack(parts, dim=1).flatten(0, 1), alone, rtol=0, atol=0)


def test_the_random_states_of_the_main_process_stay_as_they_are():
    def draw():
        return random.random(), np.random.rand(), torch.rand(()).item()

    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    expected = draw()
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    samples()
    samples(num_workers=1)
    assert draw() == expected


def test_the_data_set_shows_through():
    seeded = loader()
    assert seeded.dataset.metainfo == dict(classes=('a',)) and len(seeded.dataset) == 12
    assert seeded.dataset[3][0] == 3
    assert seeded.batch_size == 2
    with pytest.raises(AttributeError):
        _ = seeded.dataset.nothing


def test_what_is_set_on_it_is_set_on_the_data_set():
    seeded = loader()
    seeded.dataset.pipeline = 'another'
    assert seeded.dataset.dataset.pipeline == 'another' == seeded.dataset.pipeline
    assert pickle.loads(pickle.dumps(seeded.dataset)).pipeline == 'another'


def test_indices_of_the_data_set_itself_may_be_pairs():
    class Table(Draws):
        def __getitem__(self, place):
            row, column = place
            return 10 * row + column

    assert SeededDataset(Table())[(2, (3))] == 23


def test_a_subset_is_read_as_the_whole_is():
    part = Subset(Draws(), range(2, 12))
    drawn = torch.cat(list(seeded_loader(DataLoader(part, 2, sampler=DefaultSampler(part, shuffle=False)))))
    assert drawn[:, 0].tolist() == list(range(2, 12))


def test_data_without_places_is_refused():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(3))

    with pytest.raises(ValueError, match='got .* and Stream'):
        seeded_loader(DataLoader(Stream()))
    with pytest.raises(ValueError, match='batch_size'):
        seeded_loader(DataLoader(Draws(), batch_sampler=[[0, 1], [2, 3]]))
