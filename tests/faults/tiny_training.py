"""A training of seconds, in processes that start quickly: helpers of the fault tests."""

import multiprocessing
import os
import runpy
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional

import cv2
import numpy as np
import torch
from mmengine.config import config as mmengine_config

from fra_plugin.checkpoints.safe_loading.safe_load import safe_load

REPO = Path(__file__).resolve().parents[2]
IMAGES, BATCH, EPOCHS = 16, 4, 3
STEPS = IMAGES // BATCH * EPOCHS

CONFIG = """
_base_ = [
    '{repo}/configs/_base_/models/fra_r50.py',
    '{repo}/configs/_base_/datasets/vggface2_two_views.py',
    '{repo}/configs/_base_/default_runtime.py']
model = dict(
    backbone=dict(depth=18, stem_channels=8, base_channels=8, strides=(1, 2, 2, 1), norm_cfg={norm}),
    neck=dict(in_channels=64, hid_channels=16, out_channels=16, norm_cfg={norm},
              heatmap_head=dict(num_regions=4, num_layers=1, num_heads=2, dropout={dropout})),
    head=dict(hid_channels=16, norm_cfg={norm}))
view = [
    dict(type='FastRandomResizedCrop', scale=48, crop_ratio_range=(0.2, 1.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomApply', transforms=[dict(type='FastColorJitter', brightness=0.4, hue=0.1)], prob=0.8)]
train_pipeline = [
    dict(type='LoadFace'), dict(type='MultiView', num_views=[2], transforms=[view]), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size={batch}, num_workers=2, pin_memory=False, persistent_workers=True, drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(data_root='{faces}', data_prefix='', cache_dir='{faces}/.cache', pipeline=train_pipeline))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='ForeachLARS', lr=0.5, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max={epochs}, by_epoch=True, convert_to_iter_based=True)]
train_cfg = dict(type='ReliableTrainLoop', max_epochs={epochs})
default_hooks = dict(
    logger=dict(interval=2),
    checkpoint=dict(type='ReliableCheckpointHook', interval=1, iter_interval=2, max_keep_ckpts=2))
custom_imports = dict(imports=['fra_plugin', 'faults.recorder'], allow_failed_imports=False)
custom_hooks = [
    dict(type='MomentumUpdateHook'),
    dict(type='BrokenImageHook', max_share=0.5),
    dict(type='StopSignalHook', interval=2),
    dict(type='NonFiniteHook', max_in_a_row=3),
    dict(type='CollapseMonitorHook', interval=3),
    dict(type='Recorder')]
env_cfg = dict(dist_cfg=dict(timeout=30))
randomness = dict(seed=3)
resume = False
"""


def draw_faces(folder: Path, number: int = IMAGES) -> Path:
    """Coloured blobs of 64 px."""
    random = np.random.RandomState(0)
    folder.mkdir(parents=True)
    for i in range(number):
        blob = cv2.resize(random.randint(0, 256, (5, 5, 3)).astype(np.uint8), (64, 64), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f'{i:02}.png'), blob)
    return folder


def write_config(path: Path, faces: Path, extra: str = '', norm: str = "dict(type='BN')", dropout: float = 0.1) -> Path:
    """The config above in `path`; `extra` are lines to put behind it."""
    path.write_text(
        CONFIG.format(repo=REPO, faces=faces, batch=BATCH, epochs=EPOCHS, norm=norm, dropout=dropout) + extra
    )
    return path


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def _tool(tool: str, arguments: List[str], log: str, environment: Dict[str, str], before: Optional[str]) -> None:
    """In the new process: a tool as the shell would start it."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    torch.set_num_threads(1)
    mmengine_config.FormatCode = lambda text, **_: (
        text,
        True,
    )  # the layout of the config's text, half of a tiny run's time
    if before is not None:
        exec(before, {})
    sys.argv = [tool, *arguments]
    runpy.run_path(str(REPO / 'tools' / tool), run_name='__main__')


def start_tool(tool: str, arguments: List[str], log: Path, before: Optional[str] = None, **environment: str):
    """A tool in a process of its own.

    It is forked from a server that has imported what they need: a real process with signals and an exit code of its own,
    without seconds of imports.
    """
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['fra_plugin', 'mmpretrain.models', 'mmpretrain.datasets', 'mmengine.runner'])
    environment['CUDA_VISIBLE_DEVICES'] = ''
    process = context.Process(target=_tool, args=(tool, arguments, str(log), environment, before))
    process.start()
    return process


class Training:
    """One run of tools/train.py, of one or several processes."""

    def __init__(
        self,
        config: Path,
        work_dir: Path,
        *arguments: str,
        world_size: int = 1,
        before: Optional[str] = None,
        **environment: str,
    ) -> None:
        self.work_dir = work_dir
        self.log = work_dir.with_suffix('.log')
        arguments = [str(config), '--work-dir', str(work_dir), *arguments]
        if world_size > 1:
            arguments += ['--launcher', 'pytorch']
            environment.update(WORLD_SIZE=str(world_size), MASTER_ADDR='127.0.0.1', MASTER_PORT=str(free_port()))
        ranks = [dict(RANK=str(i), LOCAL_RANK=str(i)) if world_size > 1 else {} for i in range(world_size)]
        self.processes = [start_tool('train.py', arguments, self.log, before, **environment, **rank) for rank in ranks]

    def wait(self, seconds: float = 120) -> List[Optional[int]]:
        """Exit codes, None for a process that still runs after so long."""
        end = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0, end - time.monotonic()))
        return [process.exitcode for process in self.processes]

    def finish(self, seconds: float = 120) -> List[int]:
        """Exit codes; a run that is not at its end after so long is an error."""
        codes = self.wait(seconds)
        if None in codes:
            self.kill()
            raise AssertionError(f'still running after {seconds} s:\n{self.output()}')
        return codes

    def signal(self, number: int, rank: int = 0) -> None:
        os.kill(self.processes[rank].pid, number)

    def workers(self, rank: int = 0) -> List[int]:
        """Process ids of its data workers."""
        pid = self.processes[rank].pid
        return [int(child) for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]

    def last_checkpoint(self) -> dict:
        return safe_load((self.work_dir / 'last_checkpoint').read_text())

    def kill(self) -> bool:
        """kill -9 of every process; whether any was still running."""
        running = [process for process in self.processes if process.exitcode is None]
        for process in running:
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        return bool(running)

    def output(self) -> str:
        return self.log.read_text() if self.log.exists() else ''

    def steps(self, rank: int = 0) -> Dict[int, str]:
        """As :func:`steps_of`."""
        return steps_of(self.work_dir, rank)

    def wait_for_step(self, step: int, seconds: float = 60, rank: int = 0) -> None:
        """Until an iteration (from 1) was taken."""
        end = time.monotonic() + seconds
        while max(self.steps(rank), default=0) < step:
            assert time.monotonic() < end and None in self.wait(0), self.output()
            time.sleep(0.01)


def steps_of(work_dir: Path, rank: int = 0) -> Dict[int, str]:
    """Loss by iteration, written as exact text; a step that ran twice must have given the same."""
    path = work_dir / f'losses_{rank}.txt'
    losses: Dict[int, str] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        step, _, loss = line.partition(' ')
        if len(loss.split()) == 2:  # a killed process may leave half a line
            assert losses.setdefault(int(step), loss) == loss, f'iteration {step} gave {losses[int(step)]} and {loss}'
    return losses


def same(one, other, where: str = '') -> None:
    """Equal in every bit, tensors and all."""
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            same(one[key], other[key], f'{where}.{key}')
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for i, (left, right) in enumerate(zip(one, other)):
            same(left, right, f'{where}[{i}]')
    else:
        assert one == other, f'{where}: {one} and {other}'


def same_checkpoint(one: Path, other: Path) -> None:
    """Weights, optimizer, schedulers, position and the history of the loss."""
    first, second = safe_load(one), safe_load(other)
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        same(first[part], second[part], part)
    for part in ('epoch', 'iter', 'seed'):
        assert first['meta'][part] == second['meta'][part]
    history, other_history = (state['message_hub']['log_scalars']['train/loss'].data[0] for state in (first, second))
    assert history.tolist() == other_history.tolist()
