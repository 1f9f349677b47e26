"""configs/_base_/datasets/vggface2_two_views.py gives two views of a face as the recipe says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from PIL import Image
from scipy.ndimage import laplace

import fra_plugin  # noqa: F401

CONFIG = Path(__file__).parents[2] / 'configs/_base_/datasets/vggface2_two_views.py'


@pytest.fixture(scope='module')
def batch(tmp_path_factory):
    """64 pairs of views of four colourful, noisy pictures."""
    tmp_path = tmp_path_factory.mktemp('two_views')
    rng = np.random.default_rng(0)
    folder = tmp_path / 'vggface2/train/n000002'
    folder.mkdir(parents=True)
    for i in range(4):
        image = rng.integers(0, 256, (60, 50, 3)) // 2 + (120, 60, 0)
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).resize((250, 300), Image.NEAREST).save(folder / f'{i}.jpg')
    init_default_scope('mmpretrain')
    loader = Config.fromfile(CONFIG).train_dataloader
    loader.update(num_workers=0, persistent_workers=False, pin_memory=False)
    loader.dataset.data_root = str(tmp_path / 'vggface2')
    loader.dataset.indices = [0, 1, 2, 3] * 16
    np.random.seed(0)
    torch.manual_seed(0)
    return next(iter(Runner.build_dataloader(loader, seed=0)))


def test_a_batch_has_two_views_of_each_face(batch):
    assert [view.shape for view in batch['inputs']] == [(64, 3, 224, 224)] * 2
    assert {view.dtype for view in batch['inputs']} == {torch.uint8}
    assert len(batch['data_samples']) == 64 and isinstance(batch['data_samples'][0], DataSample)
    assert batch['data_samples'][0].img_path.endswith('.jpg')
    assert not torch.equal(*batch['inputs'])


def test_a_batch_tells_where_each_view_was_cut(batch):
    boxes = torch.tensor([sample.view_boxes for sample in batch['data_samples']])
    assert boxes.shape == (64, 2, 4)
    area = (boxes[..., 2] * boxes[..., 3]).abs() / (250 * 300)
    assert area.min() > 0.19 and area.max() <= 1
    assert 40 < (boxes[..., 2] < 0).sum() < 90 and (boxes[..., 3] > 0).all()


def test_the_first_view_is_blurred_and_the_second_rarely(batch):
    first, second = (
        [np.abs(laplace(image[1].numpy().astype(float))).mean() for image in view] for view in batch['inputs']
    )
    assert np.median(first) < 0.6 * np.median(second)


def test_one_view_in_five_is_grey_in_either(batch):
    for view in batch['inputs']:
        grey = [(image == image[:1]).all().item() for image in view]
        assert 5 <= sum(grey) <= 22  # binomial(64, 0.2) but for 1 in 1000


def test_only_the_second_view_is_solarized(batch):
    """Nothing stays above 128 in a solarized image; few of the others are that dark."""
    first, second = ([(image <= 128).all().item() for image in view] for view in batch['inputs'])
    assert sum(first) <= 2 and 4 <= sum(second) <= 24


def test_the_data_preprocessor_normalises_rgb(batch):
    preprocessor = MODELS.build(Config.fromfile(CONFIG).data_preprocessor)
    pixel = torch.tensor([88.97, 103.12 + 55.95, 133.39]).round().to(torch.uint8).view(1, 3, 1, 1)  # BGR
    views = preprocessor(dict(inputs=[pixel, pixel], data_samples=None))['inputs']
    for view in views:
        assert torch.allclose(view.flatten(), torch.tensor([0.0, 1.0, 0.0]), atol=0.01)
