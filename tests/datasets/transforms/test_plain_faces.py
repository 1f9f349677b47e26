"""Faces without augmentation."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS
from torch.utils.data import Subset, TensorDataset
from watched_run import write_faces

from fra_plugin.datasets import BrokenImageError
from fra_plugin.datasets.transforms.plain_faces import build_plain, spread_faces


def test_faces_are_spread_over_the_set_and_read_without_its_augmentation(tmp_path):
    folder = dict(type='FaceFolder', data_prefix=str(write_faces(tmp_path / 'faces')), cache_dir=str(tmp_path))
    augmented = DATASETS.build(dict(folder, pipeline=[dict(type='LoadFace'), dict(type='RandomFlip', prob=1.0)]))
    plain = build_plain(folder, size=24)
    faces = spread_faces(augmented, 3, size=24)
    assert faces.shape == (3, 3, 24, 24) and faces.dtype == torch.uint8
    assert torch.equal(faces, torch.stack([plain[place]['inputs'] for place in (0, 4, 9)]))
    assert len(spread_faces(plain, 100)) == 10  # no more than there are


def test_a_pipeline_of_its_own_is_kept(tmp_path):
    folder = dict(type='FaceFolder', data_prefix=str(write_faces(tmp_path / 'faces')), cache_dir=str(tmp_path))
    dataset = build_plain(dict(folder, pipeline=[dict(type='LoadFace'), dict(type='PackInputs')]), size=24)
    assert dataset[0]['inputs'].shape == (3, 48, 48)


def test_the_next_face_stands_in_for_a_broken_one(tmp_path):
    folder = write_faces(tmp_path / 'faces')
    dataset = build_plain(dict(type='FaceFolder', data_prefix=str(folder), cache_dir=str(tmp_path)), size=24)
    first, last = (dataset.get_data_info(place)['img_path'] for place in (0, 9))
    expected = torch.stack([dataset[place]['inputs'] for place in (1, 1)])
    for path in (first, last):
        open(path, 'w').close()
    assert torch.equal(spread_faces(dataset, 2), expected)
    for place in range(10):
        open(dataset.get_data_info(place)['img_path'], 'w').close()
    with pytest.raises(BrokenImageError):
        spread_faces(dataset, 2)


def test_faces_of_two_wrapped_folders_are_read(tmp_path):
    init_default_scope('mmpretrain')  # as a run does; mmengine's wrappers look for the inner types in it
    folders = [
        dict(type='FaceFolder', data_prefix=str(write_faces(tmp_path / name)), cache_dir=str(tmp_path))
        for name in ('a', 'b')
    ]
    wrapped = dict(type='ConcatDataset', datasets=[folders[0], dict(type='RepeatDataset', times=2, dataset=folders[1])])
    dataset = build_plain(wrapped, size=24)
    assert len(dataset) == 30
    assert torch.equal(spread_faces(dataset, 4), torch.stack([dataset[place]['inputs'] for place in (0, 10, 19, 29)]))
    assert spread_faces(Subset(dataset, range(5, 15)), 3, size=20).shape == (3, 3, 20, 20)


def test_the_next_face_stands_in_where_the_pipeline_gives_none(tmp_path):
    folder = dict(type='FaceFolder', data_prefix=str(write_faces(tmp_path / 'faces')), cache_dir=str(tmp_path))
    plain = build_plain(folder, size=24)
    plain.pipeline.transforms.insert(0, lambda results: results if results['sample_idx'] % 5 else None)
    assert torch.equal(spread_faces(plain, 2), torch.stack([plain[place]['inputs'] for place in (1, 9)]))
    plain.pipeline.transforms.insert(0, lambda results: None)
    with pytest.raises(ValueError, match='gives None for all faces'):
        spread_faces(plain, 2)


def test_a_data_set_that_does_not_tell_where_its_images_are_is_refused():
    with pytest.raises(TypeError, match='TensorDataset has no get_data_info'):
        spread_faces(TensorDataset(torch.zeros(3)), 2, size=24)
