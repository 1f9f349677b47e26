"""Photos of the landmark configs: whole ones as mmpose reads them, damaged ones named or left out."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

pytest.importorskip('mmpose')

from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, TRANSFORMS

import fra_plugin.landmark  # noqa: F401
from fra_plugin.datasets import BrokenImageError
from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson

CONFIG_FOLDER = Path(__file__).resolve().parents[2] / 'configs/transfer/landmark'
CONFIGS = sorted(CONFIG_FOLDER.glob('*.py'))


@pytest.fixture
def pipelines():
    cfg = Config.fromfile(CONFIG_FOLDER / 'td-hm_res50_udp-8xb64-60e_wflw-256x256.py')
    return {part: cfg[f'{part}_dataloader'].dataset.pipeline for part in ('train', 'val')}


@pytest.fixture
def faces(tmp_path):
    """WFLW's data set of three faces, of which the second file ends in the middle."""
    written = LandmarkJson()
    for number in range(3):
        path = tmp_path / f'{number}.jpg'
        cv2.imwrite(str(path), np.random.default_rng(number).integers(0, 255, (64, 64, 3), dtype=np.uint8))
        written.add(path.name, (64, 64), np.random.default_rng(number).uniform(10, 50, (98, 2)), box_size=40.0)
    written.write(str(tmp_path / 'faces.json'))
    (tmp_path / '1.jpg').write_bytes((tmp_path / '1.jpg').read_bytes()[:2000])

    def load(pipeline, **arguments):
        init_default_scope('mmpose')
        config = dict(type='mmpose.WFLWDataset', ann_file=str(tmp_path / 'faces.json'), pipeline=pipeline, **arguments)
        return DATASETS.build(dict(config, data_prefix=dict(img=str(tmp_path))))

    return load


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_config_leaves_out_broken_photos_in_training_only(path):
    cfg = Config.fromfile(path)
    for part in ('train', 'val', 'test'):
        dataset = cfg[f'{part}_dataloader'].dataset
        while 'dataset' in dataset:  # a wrapper
            dataset = dataset.dataset
        first = dataset.pipeline[0]
        assert (first.type, first.get('skip_broken', False)) == ('LoadLandmarkImage', part == 'train')


def test_training_takes_another_face_and_tells_it_once(faces, pipelines, log):
    data = faces(pipelines['train'])
    for _ in range(3):
        assert not data[1]['data_samples'].img_path.endswith('1.jpg')
    assert data[0]['data_samples'].img_path.endswith('0.jpg')
    assert [line for line in log if '1.jpg' in line and 'left out' in line] == [line for line in log if '1.jpg' in line]
    assert len([line for line in log if '1.jpg' in line]) == 1


def test_an_evaluation_names_the_file(faces, pipelines):
    data = faces(pipelines['val'], test_mode=True)
    assert data[0]['data_samples'].img_path.endswith('0.jpg')
    with pytest.raises(BrokenImageError, match='1.jpg'):
        data[1]


@pytest.mark.parametrize('orientation', [1, 6])
def test_whole_photos_are_read_as_mmpose_reads_them(tmp_path, orientation):
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).resize((60, 40)).save(tmp_path / 'face.jpg', exif=exif, quality=95)
    ours, theirs = (
        TRANSFORMS.build(dict(type=f'mmpose.{name}'))(dict(img_path=str(tmp_path / 'face.jpg')))
        for name in ('LoadLandmarkImage', 'LoadImage')
    )
    assert ours['img_shape'] == theirs['img_shape'] == ours['ori_shape'] == theirs['ori_shape']
    np.testing.assert_allclose(ours['img'], theirs['img'], atol=2)  # two decoders round differently


def test_pixels_are_taken_as_they_are():
    img = np.zeros((8, 6, 3), np.uint8)
    read = TRANSFORMS.build(dict(type='mmpose.LoadLandmarkImage', skip_broken=True))(dict(img=img))
    assert read['img'] is img and read['img_shape'] == (8, 6)
