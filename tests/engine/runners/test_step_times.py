"""How long a training step takes beside BYOL's, the official code's, and mmpretrain's LARS and moving average.

`pytest -m slow -s tests/engine/runners/test_step_times.py` prints the ratios: processor time of one thread, full precision,
all in one process by turns. Times depend on the machine and are not checked. FRA_OFFICIAL_CODE names a folder with the
official code; without it, its row is left out.
"""

import contextlib
import io
import os
import statistics
import sys
import time
from types import ModuleType
from typing import Callable, Dict

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.registry import LOOPS
from mmpretrain.engine import LARS
from mmpretrain.registry import DATASETS
from mmpretrain.structures import DataSample
from torch import nn

from fra_plugin.command import build_runner
from fra_plugin.configs import load_config
from fra_plugin.engine import ReliableTrainLoop
from fra_plugin.engine.runners.finite_steps import FiniteSteps
from fra_plugin.engine.runners.short_history import ShortHistory

SIZE, BATCH, ROUNDS = 224, 16, 3  # after one round that is not counted; torch has slower convolutions below batch 16
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@DATASETS.register_module()
class AnyFaces(torch.utils.data.Dataset):
    def __init__(self, **_) -> None:
        super().__init__()

    def __len__(self) -> int:
        return 10**6


@LOOPS.register_module()
class SteppedLoop(ReliableTrainLoop):
    """Prepares a training and then waits to be asked for its iterations."""

    def run(self) -> nn.Module:
        self.steps = FiniteSteps(self.runner.optim_wrapper)
        self._place_in_epoch()
        self.shorten_history = ShortHistory(self.runner)
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        return self.runner.model.train()


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope='module')
def views():
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(0, 256, (BATCH, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator) for _ in range(2)]


def iteration(config: str, views: list, work_dir: str) -> Callable[[], float]:
    """A whole iteration of a shipped config's training, all of its hooks included that write no files; gives the loss."""
    cfg = load_config(config)
    cfg.update(work_dir=work_dir, resume=False, launcher='none', visualizer=dict(type='Visualizer'))
    loader = cfg.train_dataloader
    loader.update(dataset=dict(type='AnyFaces'), num_workers=0, persistent_workers=False, batch_size=BATCH)
    cfg.default_hooks = dict(checkpoint=None)
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook.type != 'RegionHeatmapHook']
    cfg.train_cfg.type = 'SteppedLoop'
    cfg.experiment_name = f'{config}_{os.getpid()}'
    runner = build_runner(cfg)
    runner.train()
    boxes = [(0, 0, 9, 9), (8, 0, -8, 9)]

    def step() -> float:
        samples = [DataSample(metainfo=dict(view_boxes=boxes)) for _ in range(BATCH)]
        runner.train_loop.run_iter(0, dict(inputs=views, data_samples=samples))
        return runner.message_hub.get_scalar('train/loss').current()

    return step


def official_iteration(code: str, views: list, monkeypatch) -> Callable[[], float]:
    """An iteration as the official main.py has it, on one CPU, with the recipe's model."""
    for package, has in {
        'classy_vision.generic.distributed_util': dict(is_distributed_training_run=lambda: False),
        'fvcore.nn.weight_init': dict(c2_xavier_fill=lambda layer: nn.init.kaiming_uniform_(layer.weight, a=1)),
    }.items():  # all that it uses of these packages, of which none is needed otherwise
        parts = package.split('.')
        modules = [ModuleType('.'.join(parts[: end + 1])) for end in range(3)]
        for parent, name, child in zip(modules, parts[1:], modules[1:]):
            setattr(parent, name, child)
        vars(modules[2]).update(has)
        for module in modules:
            monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(sys.modules['torch.optim.optimizer'], 'required', object(), raising=False)
    monkeypatch.syspath_prepend(code)
    monkeypatch.syspath_prepend(os.path.join(code, 'models'))
    import backbone
    from models import get_model
    from utils.LARS import LARS as OfficialLARS

    model = get_model('FRAB')(
        backbone.resnet50_encoder, dim=256, m=0.996, hid_dim=4096, num_neck_mlp=2, mask_type='attn', num_proto=8,
        loss_weight=0.5, teacher_temp=0.04, loss_w_cluster=0.1)  # yapf: disable
    named = [(any(part in name for part in ('bn', 'downsample.1', 'bias')), param)
             for name, param in model.named_parameters()]  # yapf: disable
    groups = [dict(params=[param for plain, param in named if plain], weight_decay=0.0, lars_exclude=True),
              dict(params=[param for plain, param in named if not plain])]  # yapf: disable
    optimizer = OfficialLARS(groups, lr=0.9e-4, momentum=0.9, weight_decay=1e-6)
    images = [view.float() / 128 - 1 for view in views]

    def step() -> float:
        with contextlib.redirect_stdout(io.StringIO()):
            loss, parts = model(im_v1=images[0], im_v2=images[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for part in parts.values():
            part.item()
        model.momentum_update(0.0, 1e5)
        return loss.item()

    return step


def seconds_by_turns(contenders: Dict[str, Callable], rounds: int) -> Dict[str, list]:
    """Processor time of each in each round but the first."""
    seconds = {name: [] for name in contenders}
    for index in range(rounds + 1):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            seconds[name] += [time.process_time() - start] * (index > 0)
    return seconds


def tell(seconds: Dict[str, list], ours: str) -> None:
    for name, theirs in seconds.items():
        ratios = [other / own for other, own in zip(theirs, seconds[ours])]
        print(f'\n{name}: {statistics.median(theirs):.3f} s, {statistics.median(ratios):.2f} of {ours}, '
              f'from {min(ratios):.2f} to {max(ratios):.2f}', end='')  # yapf: disable


def test_a_step_beside_those_of_others(views, tmp_path, monkeypatch):
    steps = {config: iteration(config, views, str(tmp_path)) for config in ('fra_r50_8xb64', 'byol_r50_8xb64')}
    code = os.environ.get('FRA_OFFICIAL_CODE')
    if code:
        steps['official code'] = official_iteration(code, views, monkeypatch)
    losses = {name: [] for name in steps}
    tell(seconds_by_turns({name: lambda name=name: losses[name].append(steps[name]()) for name in steps}, ROUNDS),
         'fra_r50_8xb64')  # yapf: disable
    for name, values in losses.items():
        assert len(set(values)) == ROUNDS + 1 and all(abs(value) < 10 for value in values), name


def test_optimizer_and_moving_average_beside_those_of_mmpretrain(views, tmp_path):
    cfg = load_config('fra_r50_8xb64')
    cfg.optim_wrapper = dict(type='OptimWrapper', **{k: v for k, v in cfg.optim_wrapper.items() if k in (
        'optimizer', 'constructor', 'paramwise_cfg')})  # yapf: disable
    cfg.update(work_dir=str(tmp_path), launcher='none', visualizer=dict(type='Visualizer'))
    runner = build_runner(cfg)
    model, optimizer = runner.model, runner.build_optim_wrapper(cfg.optim_wrapper).optimizer
    trained = [param for param in model.parameters() if param.requires_grad]
    for param in trained:
        param.grad = 1e-3 * torch.randn_like(param)
    groups = [dict(params=[param for param in trained if param.dim() > 1]),
              dict(params=[param for param in trained if param.dim() == 1], lars_exclude=True)]  # yapf: disable
    plain = LARS(groups, lr=0.9, momentum=0.9, weight_decay=1e-6)
    online = nn.ModuleDict(dict(backbone=model.backbone, neck=model.neck))
    average = ExponentialMovingAverage(online, momentum=0.004)
    before = [param.detach().clone() for param in trained]
    tell(seconds_by_turns({
        'ForeachLARS and update_target': lambda: (optimizer.step(), model.update_target(0, 100)),
        'LARS and ExponentialMovingAverage': lambda: (plain.step(), average.update_parameters(online)),
    }, 4 * ROUNDS), 'ForeachLARS and update_target')  # yapf: disable
    assert not any(torch.equal(one, other) for one, other in zip(before, trained))
