"""Names of regions: the facial part of which a region covers most, and what that part makes up of the region."""

import numpy as np
import pytest
import torch

from fra_plugin.evaluation.landmark_layouts import LANDMARK_LAYOUTS
from fra_plugin.evaluation.regions.facial_parts import PartMap
from fra_plugin.evaluation.regions.region_consistency import landmark_parts
from fra_plugin.evaluation.regions.region_names import RegionParts, parts_by_landmarks, parts_by_pixels
from fra_plugin.synthetic import REGIONS, render_face

LABEL = {name: number for number, name in enumerate(REGIONS)}


def one_hot(regions, num_regions):
    return np.eye(num_regions, dtype=np.float32)[regions].transpose(2, 0, 1)


def test_a_region_is_called_after_the_part_of_which_it_covers_most():
    shares = np.array([[0.9, 0.1, 0.0], [0.1, 0.4, 1.0], [0.0, 0.5, 0.0]])
    parts = RegionParts(('nose', 'mouth', 'chin'), shares)
    assert parts.names() == ['nose 0.90', 'chin 0.67', 'mouth 1.00']
    assert [parts.region(part) for part in ('nose', 'mouth', 'chin')] == [0, 2, 1]


def test_a_region_of_one_eye_has_its_side_and_a_region_of_both_has_none():
    parts = RegionParts(
        ('left eye', 'right eye', 'nose'), np.array([[0.9, 0.1, 0.25], [0.05, 0.45, 0.5], [0.05, 0.45, 0.25]])
    )
    assert parts.names() == ['left eye 0.72', 'nose 0.50', 'right eye 0.60']
    both = RegionParts(('left eye', 'right eye', 'nose'), np.array([[0.9, 0.8, 0.3], [0.1, 0.2, 0.7]]))
    assert both.names() == ['eyes 0.85', 'nose 0.70']
    assert both.region('eyes') == both.region('eye') == both.region('left eye') == 0


def test_every_name_that_a_region_may_have_is_offered_to_whom_asks_for_another_and_is_taken():
    parts = RegionParts(
        ('left eye', 'right eye', 'left ear', 'right ear', 'nose'),
        np.array([[0.9, 0.8, 0, 0, 0.3], [0.1, 0.2, 0, 0, 0.7], [0, 0, 1.0, 0.9, 0]]),
    )
    assert [name[:-5] for name in parts.names()] == ['eyes', 'nose', 'ears']
    with pytest.raises(ValueError, match="covers 'mouht': expected one of (.*)") as error:
        parts.region('mouht')
    offered = str(error.value).partition('one of ')[2].split(', ')
    assert offered == ['eyes', 'left eye', 'right eye', 'ears', 'left ear', 'right ear', 'nose']
    assert [parts.region(name) for name in offered] == [0, 0, 0, 2, 2, 2, 1]


def test_a_region_without_any_part_has_no_name_and_a_part_that_nothing_covers_is_refused():
    parts = RegionParts(('nose', 'mouth'), np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert parts.names() == ['nose 1.00', '']
    with pytest.raises(ValueError, match="no region covers 'mouth': expected one of nose$"):
        parts.region('mouth')


def test_regions_that_are_the_parts_get_their_names_whatever_their_order():
    face = render_face(0, 0, 64)
    part_map = PartMap(REGIONS)
    seen = part_map(face['regions'])
    order = np.random.default_rng(0).permutation(len(part_map.parts))
    masks = one_hot(order[np.maximum(seen, 0)], len(order))
    parts = parts_by_pixels(
        lambda images: masks[None].repeat(len(images), 0), [(face['image'], face['regions'])] * 70, part_map
    )
    for number in np.unique(seen[seen >= 0]):
        assert parts.names()[order[number]] == f'{part_map.parts[number]} 1.00'


def test_every_part_counts_the_same_however_large_it_is():
    labels = np.full((10, 10), LABEL['background'], np.uint8)
    labels[0, 0] = LABEL['nose']
    regions = np.zeros((10, 10), int)
    regions[:5, :] = 1  # the nose, and half of the background
    parts = parts_by_pixels(lambda images: one_hot(regions, 2)[None], [(None, labels)], PartMap(REGIONS))
    assert parts.names() == ['background 1.00', 'nose 0.67']


def test_the_skin_is_forehead_cheeks_and_chin_as_the_face_lies():
    """Of a face on its side: up is to the left, and the person's left is above."""
    labels = np.full((40, 40), LABEL['skin'], np.uint8)
    labels[10, 12], labels[30, 12] = LABEL['left_brow'], LABEL['right_brow']
    labels[10, 15], labels[30, 15] = LABEL['left_eye'], LABEL['right_eye']
    labels[20, 28:30] = LABEL['mouth']
    labels[5, 5] = LABEL['glasses']
    part_map = PartMap(REGIONS)
    seen = np.array([*part_map.parts, 'nothing'])[part_map(labels)]
    assert (seen[:, :12] == 'forehead').sum() == 12 * 40 - 1 and seen[5, 5] == 'nothing'
    assert (seen[:19, 13:29] == 'left cheek').sum() == 19 * 16 - 1 and (
        seen[22:, 13:29] == 'right cheek'
    ).sum() == 18 * 16 - 1
    assert (seen[:, 30:] == 'chin').all()


def test_skin_of_a_face_without_eyes_is_no_part():
    labels = np.full((8, 8), LABEL['skin'], np.uint8)
    labels[:2] = LABEL['hat']
    part_map = PartMap(REGIONS)
    assert part_map.parts[part_map(labels)[0, 0]] == 'hair' and (part_map(labels)[2:] == -1).all()


@pytest.mark.parametrize('classes', [['background', 'skin', 'u_lip', 'mouth', 'l_lip', 'l_eye', 'eye_g', 'cloth']])
def test_parts_of_other_data_sets_have_the_same_names(classes):
    part_map = PartMap(classes)
    assert part_map.parts == (
        'background',
        'mouth',
        'left eye',
        'clothes',
        'forehead',
        'left cheek',
        'right cheek',
        'chin',
    )
    assert part_map(np.array([[2, 3, 4, 6]])).tolist() == [[1, 1, 1, -1]]


class Faces(torch.utils.data.Dataset):
    """Landmarks of each part at a place of its own; the second view is another crop."""

    def __init__(self, number=3):
        self.number = number

    def __len__(self):
        return self.number

    def __getitem__(self, index):
        if index >= self.number:
            raise IndexError(index)
        landmarks = torch.zeros(68, 2)
        for place, group in enumerate(landmark_parts(68).values()):
            landmarks[list(group)] = torch.tensor([place * 10.0 + 5, 5.0])
        return dict(
            inputs=torch.zeros(2, 3, 60, 60, dtype=torch.uint8), landmarks=torch.stack([landmarks, landmarks * 0])
        )


def test_landmarks_tell_the_parts_too():
    regions = np.tile(np.arange(6) // 2, (6, 1))  # region 0: jaw and brows, 1: nose and mouth, 2: the eyes
    groups = list(landmark_parts(68))
    masks = one_hot(regions, 4)
    parts = parts_by_landmarks(lambda images: masks[None].repeat(len(images), 0), Faces())
    assert groups == ['jaw', 'brows', 'nose', 'mouth', 'right eye', 'left eye']
    assert parts.names() == ['jaw 0.50', 'nose 0.50', 'eyes 1.00', '']


def test_the_eye_at_the_left_of_the_picture_is_the_persons_right():
    face = render_face(0, 0, 128)
    for side in ('left', 'right'):
        by_pixels = np.argwhere(face['regions'] == LABEL[f'{side}_eye']).mean(axis=0)[::-1]
        assert np.abs(face['landmarks'][list(landmark_parts(68)[f'{side} eye'])].mean(axis=0) - by_pixels).max() < 3
    assert LANDMARK_LAYOUTS[68].pupils[0] == landmark_parts(68)['right eye']


def test_names_are_read_as_they_were_written(tmp_path):
    parts = RegionParts(('nose', 'mouth'), np.array([[0.25, 1.0], [0.75, 0.0]]), '3 faces', 'abc')
    parts.save(tmp_path / 'names.json')
    found = RegionParts.load(tmp_path / 'names.json')
    assert found.names() == parts.names() and found.parts == parts.parts and found[2:] == ('3 faces', 'abc')
    np.testing.assert_array_equal(found.shares, parts.shares)


@pytest.mark.parametrize(
    'text', ['', '[]', '{"parts": ["nose"]}', '{"parts": ["nose"], "shares": [[1, 2]], "faces": "", "weights": ""}']
)
def test_another_file_is_refused_in_words(tmp_path, text):
    (tmp_path / 'names.json').write_text(text)
    with pytest.raises(ValueError, match='names.json'):
        RegionParts.load(tmp_path / 'names.json')


def test_without_faces_there_are_no_names():
    with pytest.raises(ValueError, match='there is none'):
        parts_by_pixels(lambda images: None, [], PartMap(REGIONS))
