"""Each of two processes: what happens on both when something goes wrong on one of them."""

import json
import os
import warnings
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import torch
import torch.distributed as dist
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn

from fra_plugin.checkpoints.safe_loading import safe_load
from fra_plugin.engine import (
    BrokenImageHook,
    ChannelsLastHook,
    CollapseMonitorHook,
    NonFiniteHook,
    OnlineEvalHook,
    RegionHeatmapHook,
)
from fra_plugin.processes import on_all


class Odd(Exception):
    """Can't be copied to another process."""

    def __init__(self, one, two):
        super().__init__(one + two)


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.backbone = nn.Conv2d(4, 4, 3)

    def forward(self, inputs, mode='loss'):
        if mode == 'predict':
            return [BaseDataElement() for _ in inputs]
        return dict(loss=self.backbone(self.conv(torch.stack(inputs))).square().mean())

    def extract_feat(self, inputs):
        return inputs.flatten(1)

    def heatmaps(self, inputs):
        raise RuntimeError('no memory')


def runner(folder: Path, model=None) -> SimpleNamespace:
    return SimpleNamespace(
        model=model or Model(),
        work_dir=str(folder),
        iter=9,
        epoch=0,
        max_iters=10,
        visualizer=MagicMock(),
        logger=MagicMock(),
    )


def an_image_that_one_process_reads_is_broken(rank, folder):
    """The second of the faces, which the second process reads."""
    hook = OnlineEvalHook(
        labelled=dict(type='FaceCSV', data_root=str(folder), ann_file='faces.csv'), image_size=32, num_workers=0
    )
    hook.before_train(runner(folder))
    hook.evaluate(Model())


class Broken(list):
    def __getitem__(self, i):
        if super().__getitem__(i) is None:
            raise ValueError('1.jpg is broken')
        return super().__getitem__(i)


class Count(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [1] * len(data_samples)

    def compute_metrics(self, results):
        assert len(results) == 4
        return dict(images=len(results))


def validation(rank, folder, name, faces):
    os.environ.update(LOCAL_RANK=str(rank), RANK=str(rank), WORLD_SIZE='2')
    Runner(
        Model(),
        str(folder / 'validation'),
        val_dataloader=dict(dataset=faces, batch_size=1, sampler=dict(type='DefaultSampler', shuffle=False)),
        val_cfg=dict(type='ReliableValLoop'),
        val_evaluator=Evaluator([Count()]),
        launcher='pytorch',
        experiment_name=name,
        cfg=dict(model_wrapper_cfg=dict(type='mmengine.CPUDataParallel')),
        default_scope='mmengine',
    ).val()


def a_batch_of_a_validation_fails(rank, folder):
    """The second of four images, which the second process reads first."""
    faces = Broken([dict(inputs=torch.zeros(3, 12, 12))] * 4)
    validation(rank, folder, 'whole', faces)
    faces[1] = None
    validation(rank, folder, 'broken', faces)


def a_picture_fails(rank, folder):
    hook = RegionHeatmapHook(image_size=32)
    hook.faces = torch.zeros(2, 3, 32, 32)
    hook.draw(runner(folder), 0)


def a_picture_cannot_be_written(rank, folder):
    model = Model()
    model.heatmaps = lambda inputs: torch.full((len(inputs), 2, 4, 4), 0.5)
    hook = RegionHeatmapHook(image_size=32)
    hook.faces = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    where = runner(folder / 'file', model)
    where.visualizer.add_image.side_effect = OSError('the disk is full')
    hook.draw(where, 0)
    assert where.visualizer.add_image.called == (rank == 0)


def a_report_fails(rank, folder):
    hook = CollapseMonitorHook(interval=1)
    hook._start_clock()
    where = runner(folder)
    hook.before_train_iter(where, 0)
    hook._report = lambda *_: 1 / 0
    hook.after_train_iter(where, 0, dict(inputs=torch.zeros(2, 3, 8, 8)))


def the_list_of_broken_images_cannot_be_written(rank, folder):
    hook = BrokenImageHook()
    hook.broken = {f'{rank}.jpg': 'broken'}
    hook.tried = 100
    hook.skipped = 1
    hook.after_train_epoch(runner(folder / 'file'))
    assert sorted(hook.broken) == ['0.jpg', '1.jpg']


def the_evidence_cannot_be_written(rank, folder):
    where = runner(folder / 'file')
    where.train_loop = SimpleNamespace(steps=SimpleNamespace(_accumulative_counts=1))
    NonFiniteHook()._stop(where, {})


def an_error_cannot_be_copied(rank, folder):
    if rank == 1:
        on_all(lambda: (_ for _ in ()).throw(Odd('a', 'b')))
    on_all(lambda: 'fine')


def machines_with_caches_of_their_own(rank, folder):
    """Each process is the first one of its machine."""
    os.environ['LOCAL_RANK'] = '0'
    downloads = fake_download(folder)
    weights = safe_load.load_from_http('https://host/w.pth', model_dir=str(folder / f'cache{rank}'))
    assert weights == dict(a=1) and downloads == ['https://host/w.pth']


def one_machine_downloads_once(rank, folder):
    os.environ['LOCAL_RANK'] = str(rank)
    downloads = fake_download(folder)
    assert safe_load.load_from_http('https://host/w.pth', model_dir=str(folder / 'shared')) == dict(a=1)
    assert len(downloads) == 1 - rank


def a_download_fails(rank, folder):
    os.environ['LOCAL_RANK'] = str(rank)
    fake_download(folder, OSError('no route to host'))
    safe_load.load_from_http('https://host/w.pth', model_dir=str(folder / 'none'))


def fake_download(folder, error=None):
    downloads = []

    def download(url, path, *_, **__):
        if error is not None:
            raise error
        downloads.append(url)
        torch.save(dict(a=1), path)

    torch.hub.download_url_to_file = download
    return downloads


def channels_last_under_data_parallelism(rank, folder):
    """The gradients have the layout that DistributedDataParallel expects, or it would warn; and both processes agree."""
    os.environ.update(LOCAL_RANK=str(rank), RANK=str(rank), WORLD_SIZE='2')
    wrapper = dict(type='mmengine.CPUDataParallel', broadcast_buffers=False)
    training = Runner(
        Model(),
        str(folder / 'run'),
        train_dataloader=dict(
            dataset=[dict(inputs=torch.full((3, 12, 12), float(i))) for i in range(4)],
            batch_size=1,
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        train_cfg=dict(type='ReliableTrainLoop', max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        custom_hooks=[ChannelsLastHook()],
        randomness=dict(seed=0),
        launcher='pytorch',
        cfg=dict(model_wrapper_cfg=wrapper),
        default_scope='mmengine',
    )
    with warnings.catch_warnings():
        warnings.filterwarnings('error', 'Grad strides do not match')
        training.train()
    weight = training.model.module.conv.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    both = [torch.empty_like(weight) for _ in range(2)]
    dist.all_gather(both, weight.detach())
    assert torch.equal(*both)


CASES = {
    function.__name__: function
    for function in (
        an_image_that_one_process_reads_is_broken,
        a_batch_of_a_validation_fails,
        a_picture_fails,
        a_picture_cannot_be_written,
        a_report_fails,
        the_list_of_broken_images_cannot_be_written,
        the_evidence_cannot_be_written,
        an_error_cannot_be_copied,
        machines_with_caches_of_their_own,
        one_machine_downloads_once,
        a_download_fails,
        channels_last_under_data_parallelism,
    )
}


def worker(rank: int, folder: str) -> None:
    """Writes what came of each case."""
    torch.set_num_threads(1)
    init_default_scope('mmpretrain')
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=2, timeout=timedelta(seconds=60)
    )
    found = {}
    for name, case in CASES.items():
        try:
            case(rank, Path(folder))
            found[name] = 'nothing'
        except Exception as error:
            found[name] = f'{type(error).__name__}: {error}'
        dist.barrier()
    Path(folder, f'rank{rank}.json').write_text(json.dumps(found))
