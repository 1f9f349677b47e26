"""What the colour changes of a batch ask of a GPU, counted on a simulated one."""

import torch
from simulated_gpu import GPU, needs_simulation, simulated_gpu

from fra_plugin.datasets.transforms.photometric_draws import NOTHING
from fra_plugin.models import ViewPreprocessor

NORM = dict(mean=[133.0, 103.0, 88.0], std=[64.0, 55.0, 52.0], to_rgb=True)


def counted(**draws):
    views = [torch.empty(4, 3, 32, 32, dtype=torch.uint8) for _ in range(2)]
    with simulated_gpu() as counts, torch.autocast('cuda', dtype=torch.float16):
        preprocessor = ViewPreprocessor(**NORM)
        preprocessor._device = GPU
        preprocessor.mean, preprocessor.std = (torch.empty(3, 1, 1, device=GPU) for _ in range(2))
        counts.clear()
        result = preprocessor(dict(inputs=views, data_samples=None, **draws), training=True)['inputs']
    assert [(view.device, view.dtype, view.shape) for view in result] == [(GPU, torch.float32, (4, 3, 32, 32))] * 2
    return counts


@needs_simulation
def test_the_host_reads_nothing_waits_for_nothing_and_starts_few_operations():
    plain = counted()
    coloured = counted(photometric=torch.tensor([[NOTHING, (3, 1, 0, 2, 1.2, 0.8, 1.1, 0.05, 1, 2.0, 128)]] * 4))
    assert (coloured.reads, coloured.blocking_copies, coloured.half) == ([], [], {})
    assert 30 < sum(coloured.operations.values()) - sum(plain.operations.values()) <= 68, coloured.operations
