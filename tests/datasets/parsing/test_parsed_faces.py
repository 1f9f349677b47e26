"""Face parsing data sets read their authors' layouts, and name the file that is wrong."""

import cv2
import face_layouts
import numpy as np
import pytest
from mmpretrain.registry import DATASETS

from fra_plugin.datasets import LoadLabelMap
from fra_plugin.datasets.parsing.label_map import read_label_map
from fra_plugin.synthetic.canvas import REGIONS


def build(kind, root, split='train', **options):
    return DATASETS.build(dict(dict(type=kind, data_root=str(root), split=split), **options))


def test_lapa_has_eleven_classes_in_images_and_labels(tmp_path, log):
    dataset = build(
        'LaPa', face_layouts.lapa(tmp_path), 'val', pipeline=[dict(type='LoadFace'), dict(type='LoadLabelMap')]
    )
    assert len(dataset) == 6 and len(dataset.metainfo['classes']) == 11
    assert any('the official one 2,000' in line for line in log)
    face = dataset[2]
    assert face['gt_seg_map'].shape == face['img'].shape[:2] == (24, 24)
    assert np.array_equal(face['gt_seg_map'][:, 0], np.arange(24) % 11)
    assert face['seg_map_path'].endswith('val/labels/2_0.png')


def test_masks_of_celebamask_hq_become_one_map_in_the_order_of_the_authors(tmp_path):
    root = face_layouts.celeba_mask_hq(tmp_path)
    dataset = build('CelebAMaskHQ', root, pipeline=[dict(type='LoadFace'), dict(type='LoadLabelMap')])
    names = dataset.metainfo['classes']
    assert len(names) == 19 and names[0] == 'background'
    face = dataset[0]
    assert face['gt_seg_map'].shape == (32, 32)  # the masks have half the side
    labels = read_label_map(face)
    assert labels.shape == (16, 16)
    assert names[labels[0, 0]] == 'hair' and names[labels[5, 8]] == 'hair'  # hair comes after skin
    assert names[labels[9, 8]] == 'nose' and names[labels[12, 3]] == 'skin' and names[labels[15, 0]] == 'background'


def test_splits_of_celebamask_hq_are_those_of_its_authors_script(tmp_path):
    root = face_layouts.celeba_mask_hq(tmp_path)
    for split, expected in dict(train='01', val='23', test='45').items():
        dataset = build('CelebAMaskHQ', root, split)
        assert [dataset.get_data_info(i)['img_path'][-5] for i in range(len(dataset))] == list(expected)


def test_drawn_faces_have_the_classes_that_are_drawn(tmp_path):
    dataset = build('SyntheticRegions', face_layouts.synthetic_regions(tmp_path), 'val')
    assert dataset.metainfo['classes'] == REGIONS and len(dataset) == 4
    assert dataset.get_cat_ids(0) == []


@pytest.mark.parametrize(
    'kind, layout, remove, error',
    [
        ('LaPa', 'lapa', 'train/labels/3_0.png', 'no image .*train/labels/3_0.png'),
        ('LaPa', 'lapa', 'train/labels', 'expected train/labels in'),
        (
            'CelebAMaskHQ',
            'celeba_mask_hq',
            'CelebA-HQ-to-CelebA-mapping.txt',
            'expected CelebA-HQ-to-CelebA-mapping.txt',
        ),
        ('CelebAMaskHQ', 'celeba_mask_hq', 'CelebAMask-HQ-mask-anno/0', 'mapping.txt:2: no mask .*00000_'),
        ('SyntheticRegions', 'synthetic_regions', 'regions/train/0001.png', 'no image .*regions/train/0001.png'),
    ],
)
def test_what_is_missing_is_named(tmp_path, kind, layout, remove, error):
    root = getattr(face_layouts, layout)(tmp_path / 'data')
    (root / remove).rename(tmp_path / 'elsewhere')
    with pytest.raises(FileNotFoundError, match=error):
        build(kind, root)


@pytest.mark.parametrize('line', ['7 12', 'x 3 000004.jpg', '9 202599 202600.jpg'])
def test_a_wrong_line_of_the_mapping_is_named(tmp_path, line):
    root = face_layouts.celeba_mask_hq(tmp_path)
    with open(root / 'CelebA-HQ-to-CelebA-mapping.txt', 'a') as file:
        file.write(line + '\n')
    with pytest.raises(ValueError, match=r'mapping.txt:8: (expected idx|orig_idx must be)'):
        build('CelebAMaskHQ', root)


def test_a_file_that_holds_no_labels_is_named(tmp_path):
    face = dict(img_path='face.jpg', num_classes=3, seg_map_path=str(tmp_path / 'map.png'), img_shape=(8, 8))
    cv2.imwrite(face['seg_map_path'], np.full((8, 8), 3, np.uint8))
    with pytest.raises(ValueError, match='map.png: expected labels from 0 to 2, got 3'):
        read_label_map(face)
    cv2.imwrite(face['seg_map_path'], np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match='map.png: expected an image of one channel .* got the mode RGB'):
        read_label_map(face)
    cv2.imwrite(face['seg_map_path'], np.zeros((8, 5), np.uint8))
    with pytest.raises(ValueError, match='face.jpg is 8 x 8 pixels, but its label map 5 x 8'):
        LoadLabelMap()(face)
    for content in (b'', b'no image', cv2.imencode('.png', np.zeros((64, 64), np.uint8))[1].tobytes()[:60]):
        (tmp_path / 'map.png').write_bytes(content)
        with pytest.raises(ValueError, match='map.png'):
            read_label_map(face)
    with pytest.raises(FileNotFoundError, match='absent.png'):
        read_label_map(dict(face, seg_map_path=str(tmp_path / 'absent.png')))


def test_masks_of_different_sizes_are_refused(tmp_path):
    for name, size in dict(a=8, b=9).items():
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.zeros((size, size), np.uint8))
    face = dict(num_classes=3, part_masks=[(str(tmp_path / 'a.png'), 1), (str(tmp_path / 'b.png'), 2)])
    with pytest.raises(ValueError, match='b.png: its mask is 9 x 9 pixels, those before it 8 x 8'):
        read_label_map(face)
