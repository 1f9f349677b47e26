"""Lists of pairs: LFW's layout, csv files, and what is wrong with a list."""

import face_layouts
import pytest
from face_layouts import face, table

from fra_plugin.datasets import FacePairs


def named_pairs(dataset):
    names = [dataset.get_data_info(i)['img_path'].rsplit('/', 1)[1] for i in range(len(dataset))]
    return [(names[a], names[b], same, fold) for a, b, same, fold in dataset.metainfo['pairs']]


def test_lfw_list_gives_every_image_once_and_the_pairs_with_their_folds(tmp_path):
    face_layouts.lfw(tmp_path, folds=2, size=1)
    dataset = FacePairs('pairs.txt', tmp_path, 'lfw')
    assert named_pairs(dataset) == [
        ('Person_0_0_0001.jpg', 'Person_0_0_0002.jpg', True, 0),
        ('Person_0_0_0001.jpg', 'Person_0_1_0002.jpg', False, 0),
        ('Person_1_0_0001.jpg', 'Person_1_0_0002.jpg', True, 1),
        ('Person_1_0_0001.jpg', 'Person_1_1_0002.jpg', False, 1),
    ]
    assert len(dataset) == 6 and dataset.test_mode


def test_development_list_has_no_folds_and_flat_folders_and_png_are_found(tmp_path):
    for name in ('A_B_0001.png', 'A_B_0012.png', 'C_0001.png'):
        face(tmp_path / name)
    (tmp_path / 'pairsDevTest.txt').write_text('1\nA_B 1 12\nA_B\t12\tC\t1\n')
    assert named_pairs(FacePairs('pairsDevTest.txt', tmp_path)) == [
        ('A_B_0001.png', 'A_B_0012.png', True, None),
        ('A_B_0012.png', 'C_0001.png', False, None),
    ]


def test_an_image_may_have_any_ending_that_images_have(tmp_path):
    for name in ('A_0001.jpeg', 'A_0002.webp', 'B_0001.bmp'):
        face(tmp_path / name)
    (tmp_path / 'pairs.txt').write_text('1\nA 1 2\nA 2 B 1\n')
    pairs = named_pairs(FacePairs('pairs.txt', tmp_path))
    assert pairs == [('A_0001.jpeg', 'A_0002.webp', True, None), ('A_0002.webp', 'B_0001.bmp', False, None)]


def test_csv_of_pairs_with_and_without_folds(tmp_path):
    for name in ('x/a.jpg', 'x/b.jpg', 'c.jpg'):
        face(tmp_path / name)
    rows = [['path_a', 'path_b', 'same', 'fold'], ['x/a.jpg', 'x/b.jpg', 1, 3], ['c.jpg', 'x/a.jpg', 0, 4]]
    table(tmp_path / 'p.csv', rows)
    assert named_pairs(FacePairs('p.csv', tmp_path)) == [('a.jpg', 'b.jpg', True, 3), ('c.jpg', 'a.jpg', False, 4)]
    table(tmp_path / 'p.csv', [row[:3] for row in rows])
    assert [pair[3] for pair in named_pairs(FacePairs('p.csv', tmp_path))] == [None, None]


@pytest.mark.parametrize(
    'text, message',
    [
        ('', 'pairs.txt:1: expected the number of folds'),
        ('ten\n', 'pairs.txt:1: expected the number of folds'),
        ('1\nA 1\n', 'pairs.txt:2: expected "NAME NUMBER NUMBER"'),
        ('1\nA 1 x\n', 'pairs.txt:2: the number of the image'),
        ('1\nA 1 2\nA 1 2\n', 'pairs.txt:3: expected "NAME NUMBER NAME NUMBER"'),
        ('2 1\nA 1 2\nA 1 B 1\n', 'ends after 3 lines, but announces 2 x 2 pairs'),
        ('1\n../A 1 2\n', 'pairs.txt:2: .*inside'),
        ('0\n', 'no pair of faces'),
        ('1\nA 1 2\nA 1 B 1\nA 1 B 1\n', 'pairs.txt:4: the list goes on after the 1 x 2 pairs'),
        ('\u00b2\n', 'pairs.txt:1: expected the number of folds'),
        ('999999999999999 999999999999999\nA 1 2\n', 'ends after 2 lines'),
        ('999999999999999 0\n', 'no pair of faces'),
    ],
)
def test_bad_list_is_named(tmp_path, text, message):
    for name in ('A_0001.jpg', 'A_0002.jpg', 'B_0001.jpg'):
        face(tmp_path / name)
    (tmp_path / 'pairs.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        FacePairs('pairs.txt', tmp_path)


@pytest.mark.parametrize(
    'row, message', [(['a.jpg', 'a.jpg', 2], 'p.csv:2: same'), (['../a.jpg', 'a.jpg', 1], 'p.csv:2: .*inside')]
)
def test_bad_row_is_named(tmp_path, row, message):
    face(tmp_path / 'a.jpg')
    table(tmp_path / 'p.csv', [['path_a', 'path_b', 'same'], row])
    with pytest.raises(ValueError, match=message):
        FacePairs('p.csv', tmp_path)


def test_no_image_lies_behind_a_symbolic_link(tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp('outside')
    for number in (1, 2):
        face(outside / f'A_000{number}.jpg')
    (tmp_path / 'A').symlink_to(outside)
    (tmp_path / 'pairs.txt').write_text('1\nA 1 2\nA 1 A 2\n')
    with pytest.raises(ValueError, match='pairs.txt:2: .*symbolic link'):
        FacePairs('pairs.txt', tmp_path)
    assert len(FacePairs('pairs.txt', tmp_path, follow_links=True)) == 2


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='no annotation file'):
        FacePairs('pairs.txt', tmp_path)
    (tmp_path / 'pairs.txt').write_text('1\nA 1 2\nA 1 B 1\n')
    with pytest.raises(FileNotFoundError, match=r'pairs.txt:2: no image .*A_0001.jpg \(4 of 4'):
        FacePairs('pairs.txt', tmp_path)
