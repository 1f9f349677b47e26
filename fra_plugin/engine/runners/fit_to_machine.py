"""Makes a config that was written for GPUs run on a machine without one, and says what it changed.

Processes then talk through gloo instead of nccl, SyncBN runs as NonBlockingSyncBN, and mixed precision becomes full
precision. With GPUs or without, a data loader without workers loses the options that are for workers.
"""

import datetime
import os
import subprocess
from typing import List

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import is_distributed

from .worker_options import drop_worker_options

# How launchers call a process's place among the others.
LAUNCHERS = dict(
    slurm=dict(RANK='SLURM_PROCID', WORLD_SIZE='SLURM_NTASKS', LOCAL_RANK='SLURM_LOCALID'),
    mpi=dict(RANK='OMPI_COMM_WORLD_RANK', WORLD_SIZE='OMPI_COMM_WORLD_SIZE', LOCAL_RANK='OMPI_COMM_WORLD_LOCAL_RANK'),
)


def fit_to_machine(cfg: Config) -> List[str]:
    """Changes `cfg` in place; without a GPU and with a launcher it also opens the process group.

    Args:
        cfg: a Runner's config, with the `launcher` ('none', 'pytorch', 'slurm', 'mpi') of several processes.

    Returns:
        One line for each change, for the log.

    Raises:
        ValueError: more processes than GPUs on this machine, or no address to meet at.
    """
    changes, launcher = [], cfg.get('launcher', 'none')
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dropped = drop_worker_options(cfg.get(name))
        if dropped:
            changes.append(f'{name} has num_workers=0: {", ".join(dropped)} dropped.')
    if torch.cuda.is_available():
        local_rank, gpus = int(os.environ.get('LOCAL_RANK', 0)), torch.cuda.device_count()
        if launcher == 'pytorch' and local_rank >= gpus:
            raise ValueError(
                f'process {local_rank + 1} on this machine finds {gpus} GPUs only: start {gpus} processes, or '
                'hide the GPUs (CUDA_VISIBLE_DEVICES=) to run on the CPU'
            )
        return changes
    if _drop_mixed_precision(cfg.get('optim_wrapper')):
        changes.append('No GPU here: mixed precision (AmpOptimWrapper) is off.')
    if launcher != 'none':
        _open_gloo(cfg)
        wrapper = cfg.setdefault('model_wrapper_cfg', ConfigDict())
        wrapper.setdefault('broadcast_buffers', False)
        wrapper.setdefault('find_unused_parameters', cfg.get('find_unused_parameters', False))
        wrapper['type'] = 'mmengine.CPUDataParallel'
        changes.append('No GPU here: processes talk through gloo.')
    return changes


def _drop_mixed_precision(optim_wrapper) -> bool:
    kind = optim_wrapper.get('type') if isinstance(optim_wrapper, dict) else None
    # A class in a pure Python config, which may also be written as the path of its import.
    if (kind if isinstance(kind, str) else getattr(kind, '__name__', '')).rpartition('.')[2] != 'AmpOptimWrapper':
        return False
    optim_wrapper['type'] = 'OptimWrapper'
    for name in ('loss_scale', 'dtype', 'use_fsdp'):
        optim_wrapper.pop(name, None)
    return True


def _open_gloo(cfg: Config) -> None:
    """Does what Runner would do at its start, which asks torch.cuda for a device whatever the backend is."""
    for ours, theirs in LAUNCHERS.get(cfg.launcher, {}).items():
        if theirs in os.environ:
            os.environ[ours] = os.environ[theirs]
    if cfg.launcher == 'slurm' and 'MASTER_ADDR' not in os.environ and 'SLURM_NODELIST' in os.environ:
        hosts = subprocess.check_output(['scontrol', 'show', 'hostnames', os.environ['SLURM_NODELIST']], text=True)
        os.environ['MASTER_ADDR'] = hosts.split()[0]
    missing = [name for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT') if name not in os.environ]
    if missing:
        raise ValueError(
            f'launcher {cfg.launcher!r} without {", ".join(missing)} in the environment: start it with '
            'tools/dist_train.sh or tools/slurm_train.sh'
        )
    dist_cfg = cfg.setdefault('env_cfg', ConfigDict()).setdefault('dist_cfg', ConfigDict())
    dist_cfg['backend'] = 'gloo'
    if not is_distributed():
        timeout = datetime.timedelta(seconds=dist_cfg.get('timeout', 1800))
        torch.distributed.init_process_group('gloo', timeout=timeout)
