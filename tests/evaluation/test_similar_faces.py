"""Nearest faces: by the whole face or by one region, without the face itself."""

import cv2
import numpy as np
import pytest
from made_checkpoints import NARROW, fra, save

from fra_plugin.apis import FRAFeatures, SimilarFaces
from fra_plugin.evaluation.regions.region_names import RegionParts


@pytest.fixture(scope='module')
def images():
    return np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3)).astype(np.uint8)


@pytest.fixture(scope='module')
def features(tmp_path_factory):
    features = FRAFeatures(
        save(fra(NARROW, 64), tmp_path_factory.mktemp('run') / 'epoch_3.pth', NARROW, 64), device='cpu'
    )
    features.region_parts = RegionParts(('left eye', 'mouth'), np.array([[0.9, 0.1], [0.0, 0.2], [0.1, 0.7]]))
    return features


@pytest.mark.parametrize(
    'region, what, place', [(None, 'embedding', ()), ('mouth', 'region_embedding', (2,)), (1, 'region_embedding', (1,))]
)
def test_the_nearest_are_those_of_a_naive_search(features, images, region, what, place):
    vectors = [features([image], what=[what])[what][(0, *place)].astype(float) for image in images]
    cosine = [a @ vectors[0] / np.sqrt(a @ a * (vectors[0] @ vectors[0])) for a in vectors]
    found = SimilarFaces(features, list(images[1:])).similar(images[0], region, count=3)
    expected = sorted(range(1, 6), key=lambda i: -cosine[i])[:3]
    assert (found['places'] + 1).tolist() == expected and found['names'].tolist() == [str(i - 1) for i in expected]
    np.testing.assert_allclose(found['similarity'], sorted(cosine[1:], reverse=True)[:3], atol=1e-5)


def test_another_region_finds_other_faces(features, images):
    """Faces whose lower half is that of one face, and whose upper half is that of another."""
    halves = [np.concatenate([images[a, :32], images[b, 32:]]) for a, b in ((0, 1), (2, 3))]
    faces = SimilarFaces(features, halves)
    similar = [[faces.similar(images[i], region, 1)['similarity'][0] for i in range(4)] for region in (None, 0, 1, 2)]
    assert len({tuple(np.round(row, 5)) for row in similar}) == 4


def test_a_file_does_not_find_itself_but_a_copy_of_it(features, images, tmp_path):
    for name in ('ann.png', 'copy.png', 'ben.png'):
        cv2.imwrite(str(tmp_path / name), images[int(name == 'ben.png')])
    faces = SimilarFaces(features, tmp_path)
    found = faces.similar(tmp_path / 'ann.png', 'left eye')
    assert found['names'].tolist() == ['copy.png', 'ben.png'] and found['similarity'][0] == pytest.approx(1, abs=1e-5)
    assert len(faces.similar(images[0])['names']) == 3


def test_files_that_cannot_be_read_are_left_out_where_it_is_asked_for(features, images, tmp_path):
    for name, image in zip(('ann.png', 'ben.png', 'eve.png'), images):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / 'ann.png').write_text('no image')
    with pytest.raises(ValueError, match='ann.png'):
        SimilarFaces(features, tmp_path)
    faces = SimilarFaces(features, tmp_path, skip_broken=True)
    found = faces.similar(images[2], 'mouth', 1)
    assert found['names'].tolist() == ['eve.png'] and faces.sources[found['places'][0]] == str(tmp_path / 'eve.png')
    assert faces.names == ['ben.png', 'eve.png'] and faces.left_out[0].startswith(f'{tmp_path}/ann.png: ')


def test_what_it_cannot_find_is_refused_in_words(features, images, tmp_path):
    faces = SimilarFaces(features, images)
    with pytest.raises(ValueError, match="no region covers 'ear': expected one of eyes, left eye, mouth"):
        faces.similar(images[0], 'ear')
    with pytest.raises(ValueError, match='number from 0 to 2, got 3'):
        faces.similar(images[0], 3)
    with pytest.raises(ValueError, match='count must be a whole number of at least 1, got 0'):
        faces.similar(images[0], count=0)
    with pytest.raises(ValueError, match='a whole number of at least 1, got 2.5'):
        faces.similar(images[0], count=2.5)
    for number in (1.5, True):
        with pytest.raises(ValueError, match=f'a number from 0 to 2, got {number}'):
            faces.similar(images[0], number)
    with pytest.raises(FileNotFoundError, match='none.png'):
        faces.similar(tmp_path / 'none.png')
    parts, features.region_parts = features.region_parts, None
    try:
        with pytest.raises(ValueError, match="so 'mouth' is not known: call name_regions"):
            faces.similar(images[0], 'mouth')
    finally:
        features.region_parts = parts
