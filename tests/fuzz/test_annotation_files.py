"""Annotation files with anything in them: a data set whose images lie inside its folder, or an error that says why not."""

import os
from pathlib import Path

import face_layouts
import pytest
from archive_bytes import noise, write_pack
from fuzz.many_cases import cases, damaged_bytes, damaged_text, fuzz

from fra_plugin.datasets import (
    AFLW2000,
    BP4D,
    DISFA,
    FER2013,
    RAFDB,
    AffectNet,
    CelebAAttributes,
    FaceCSV,
    FaceFolder,
    FacePairs,
    FaceRecords,
    FERPlus,
)

DOCUMENTED = (ValueError, FileNotFoundError)


def faces(root: Path) -> Path:
    """Six images in two folders, a list of them and their boxes."""
    names = [f'{"ab"[i % 2]}/{i}.png' for i in range(6)]
    for seed, name in enumerate(names):
        face_layouts.face(root / 'images' / name, seed)
    (root / 'list.txt').write_text('\n'.join(names) + '\n')
    face_layouts.table(
        root / 'boxes.csv', [['NAME_ID', 'X', 'Y', 'W', 'H'], *([name[:-4], 2, 3, 15, 16] for name in names)]
    )
    return root


def pairs(root: Path) -> Path:
    """LFW's layout, and the first of its pairs as a csv file."""
    face_layouts.lfw(root, folds=2)
    image = 'Person_0_{0}/Person_0_{0}_000{1}.jpg'.format
    face_layouts.table(
        root / 'pairs.csv',
        [['path_a', 'path_b', 'same', 'fold'], [image(0, 1), image(0, 2), 1, 0], [image(0, 1), image(1, 2), 0, 0]],
    )
    return root


def records(root: Path) -> Path:
    """A pack of InsightFace."""
    write_pack(root / 'train.rec', [noise(i) for i in range(6)])
    return root


FORMATS = {
    'list file': (
        faces,
        'list.txt',
        lambda root: FaceFolder(str(root), 'images', ann_file='list.txt', cache_dir=str(root)),
    ),
    'face boxes': (
        faces,
        'boxes.csv',
        lambda root: FaceFolder(str(root), 'images', boxes='boxes.csv', cache_dir=str(root)),
    ),
    'index of records': (records, 'train.idx', lambda root: FaceRecords(str(root))),
    'RAF-DB': (face_layouts.rafdb, 'EmoLabel/list_patition_label.txt', lambda root: RAFDB(str(root))),
    'AffectNet': (face_layouts.affectnet, 'training.csv', lambda root: AffectNet(str(root))),
    'CelebA': (face_layouts.celeba, 'list_attr_celeba.txt', lambda root: CelebAAttributes(str(root))),
    'CelebA split': (face_layouts.celeba, 'list_eval_partition.txt', lambda root: CelebAAttributes(str(root))),
    'FER2013': (face_layouts.fer2013, 'fer2013.csv', lambda root: FER2013(str(root))),
    'FER+': (face_layouts.ferplus, 'fer2013new.csv', lambda root: FERPlus(str(root))),
    'csv of labels': (
        face_layouts.face_csv,
        'labels.csv',
        lambda root: FaceCSV('labels.csv', str(root), split='train'),
    ),
    'csv of attributes': (
        face_layouts.face_csv,
        'labels.csv',
        lambda root: FaceCSV('labels.csv', str(root), attribute_columns=['smile', 'glasses']),
    ),
    'BP4D': (face_layouts.bp4d, 'AUCoding/AU_OCC/F001_T1.csv', lambda root: BP4D(str(root))),
    'DISFA': (face_layouts.disfa, 'ActionUnit_Labels/SN001/SN001_au1.txt', lambda root: DISFA(str(root))),
    'pairs.txt': (pairs, 'pairs.txt', lambda root: FacePairs('pairs.txt', str(root), 'lfw')),
    'csv of pairs': (pairs, 'pairs.csv', lambda root: FacePairs('pairs.csv', str(root), 'lfw')),
}


@cases(10, 100)
@pytest.mark.parametrize('name', FORMATS)
def test_a_damaged_annotation_file_is_an_error_or_a_data_set_inside_its_folder(tmp_path, name, cases):
    layout, file_name, load = FORMATS[name]
    root = layout(tmp_path)
    path = root / file_name
    original = path.read_text()
    outcomes = set()

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            dataset = load(root)
            dataset.full_init()
        except DOCUMENTED as error:
            assert str(error)
            outcomes.add('error')
            return
        outcomes.add('data set')
        assert len(dataset) > 0
        for i in range(len(dataset)):
            data = dataset.get_data_info(i)
            assert os.path.realpath(data['img_path']).startswith(f'{os.path.realpath(tmp_path)}{os.sep}')

    check(original.encode())
    fuzz(cases, check, damaged_text(original))
    assert outcomes == {'error', 'data set'}  # the damage was neither always fatal nor always harmless


@cases(20, 200)
@pytest.mark.filterwarnings('ignore')
def test_a_damaged_pose_is_an_error_or_a_pose_of_finite_numbers(tmp_path, cases):
    pytest.importorskip('scipy')
    path = face_layouts.pose(tmp_path / 'image00002.jpg').with_suffix('.mat')
    original = path.read_bytes()
    outcomes = set()

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            face = AFLW2000(str(tmp_path)).get_data_info(0)
        except ValueError as error:
            assert str(error)
            outcomes.add('error')
            return
        outcomes.add('pose')
        assert max(map(abs, face['gt_score'])) <= 99 and len(face['gt_score']) == 3
        assert face['bbox'][0] < face['bbox'][2] and face['bbox'][1] < face['bbox'][3]

    check(original)
    fuzz(cases, check, damaged_bytes(original))
    assert outcomes == {'error', 'pose'}
