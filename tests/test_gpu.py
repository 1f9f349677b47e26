"""A GPU computes what the CPU does, with the shipped configs and the training around them.

Skipped where there is none. Gradients need more room than losses: cuDNN and oneDNN add in another order.
"""

import copy

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from watched_run import Losses, fra, make_runner, write_faces

from fra_plugin.apis import FRAFeatures
from fra_plugin.configs import load_config
from fra_plugin.models.photometric import photometric

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
BATCH = 8


@pytest.fixture(autouse=True)
def plain_float32(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', False)
    monkeypatch.setattr(torch.backends.cuda.matmul, 'allow_tf32', False)


def shipped(config: str) -> torch.nn.Module:
    cfg = load_config(config)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    cfg.model.neck.heatmap_head.dropout = 0.0  # each device has its own random numbers
    if 'drop_path_rate' in cfg.model.backbone:
        cfg.model.backbone.drop_path_rate = 0.0
    model = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    model.init_weights()
    return model.train()


def batch(model: torch.nn.Module, size: int) -> dict:
    generator = torch.Generator().manual_seed(1)
    views = [torch.randint(0, 256, (BATCH, 3, size, size), dtype=torch.uint8, generator=generator) for _ in range(2)]
    samples = [DataSample(metainfo=dict(view_boxes=[(0, 0, 90, 100), (20, 10, -70, 80)])) for _ in range(BATCH)]
    data = model.data_preprocessor(dict(inputs=views, data_samples=samples), True)
    dtype = next(model.parameters()).dtype
    return dict(data, inputs=[view.to(dtype) for view in data['inputs']])


def losses_and_gradients(model: torch.nn.Module, size: int) -> tuple:
    losses = model(**batch(model, size), mode='loss')
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    gradients = {name: value.grad.cpu() for name, value in model.named_parameters() if value.grad is not None}
    return {name: value.item() for name, value in losses.items()}, gradients


@pytest.mark.parametrize('config, size', [('fra_r18_1xb64_demo', 96), ('fra_r50_8xb64', 224), ('fra_vit-s_8xb64', 224)])
def test_losses_and_gradients_of_a_shipped_config(config, size):
    model = shipped(config).double()
    on_gpu = copy.deepcopy(model).cuda()
    losses, gradients = losses_and_gradients(model, size)
    found, found_gradients = losses_and_gradients(on_gpu, size)
    assert found == pytest.approx(losses, rel=1e-6) and found_gradients.keys() == gradients.keys()
    for name, gradient in gradients.items():
        # Some are zero but for rounding.
        assert (found_gradients[name] - gradient).norm() <= 1e-5 * gradient.norm() + 1e-9, name


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_mixed_precision_gives_nearly_the_losses_of_full_precision(dtype):
    model = shipped('fra_r50_8xb64').cuda()
    with torch.no_grad():
        losses = copy.deepcopy(model)(**batch(model, 224), mode='loss')
        with torch.autocast('cuda', dtype):
            found = model(**batch(model, 224), mode='loss')
    for name, loss in losses.items():
        assert found[name].item() == pytest.approx(loss.item(), rel=0.05, abs=0.01), name


def test_the_colours_of_a_batch():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(6, 3, 40, 32, generator=generator) * 255
    draws = torch.tensor(
        [[0, 1, 2, 3, 1.2, 0.7, 1.1, 0.05, 1, 1.3, 128.0], [3, 2, 1, 0, 0.8, 1.3, 0.9, -0.1, 0, 0, 256.0]]
    )
    draws = draws.repeat(3, 1)
    torch.testing.assert_close(photometric(images.cuda(), draws).cpu(), photometric(images, draws), rtol=0, atol=0.02)


def train(tmp_path, name, hooks=()):
    model = fra()
    model['neck']['heatmap_head']['dropout'] = 0.0
    losses = Losses()
    hooks = [*hooks, dict(type='CollapseMonitorHook', interval=3)]
    faces = tmp_path / 'faces'
    faces = faces if faces.is_dir() else write_faces(faces)
    slow = dict(optimizer=dict(type='SGD', lr=1e-3))
    runner = make_runner(tmp_path / name, faces, hooks, model, epochs=4, optim_wrapper=slow)
    runner.register_hook(losses)
    assert next(runner.model.parameters()).device.type == 'cuda'
    runner.train()
    return losses.found


@pytest.mark.parametrize('mode', [None, 'reduce-overhead'])
def test_a_compiled_training_learns_what_the_plain_one_learns(tmp_path, mode):
    torch._dynamo.reset()
    plain = train(tmp_path, 'plain')
    compiled = train(tmp_path, 'compiled', [dict(type='CompileHook', mode=mode)])
    # Another rounding grows thirtyfold from step to step in so small a network, on the CPU too.
    assert len(plain) == len(compiled) == 8 and compiled[:3] == pytest.approx(plain[:3], rel=1e-3)
    assert np.isfinite(compiled).all()


def test_features_of_the_shipped_weights(tmp_path):
    write_faces(tmp_path / 'faces')
    on_gpu = FRAFeatures('fra_r18w32_96px', device='cuda')(tmp_path / 'faces')
    on_cpu = FRAFeatures('fra_r18w32_96px', device='cpu')(tmp_path / 'faces')
    for name in ('embedding', 'feature_map', 'heatmaps'):
        np.testing.assert_allclose(on_gpu[name], on_cpu[name], rtol=1e-3, atol=1e-3)
