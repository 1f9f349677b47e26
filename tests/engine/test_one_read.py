"""Many tensors, one read."""

import torch
from simulated_gpu import needs_simulation, simulated_gpu

from fra_plugin.engine.one_read import read_at_once


def test_values_stay_what_they_are_without_their_graph():
    weight = torch.ones(2, requires_grad=True)
    values = dict(loss=weight.sum(), matrix=torch.arange(6).view(2, 3), text='a', number=1.5)
    read = read_at_once(values)
    assert list(read) == list(values) and read['text'] == 'a' and read['number'] == 1.5
    assert read['loss'].item() == 2 and not read['loss'].requires_grad
    assert torch.equal(read['matrix'], values['matrix'])
    assert read_at_once({}) == {}


@needs_simulation
def test_one_read_for_each_kind_of_tensor_on_the_device():
    with simulated_gpu() as counts:
        values = {name: torch.ones((), device='cuda') for name in 'abc'}
        values.update(table=torch.ones(2, 3, device='cuda'), count=torch.ones(2, dtype=torch.int64, device='cuda'))
        counts.clear()
        read = read_at_once(values)
        assert len(counts.reads) == 2
    assert {name: (value.device.type, value.shape, value.dtype) for name, value in read.items()} == {
        name: ('cpu', value.shape, value.dtype) for name, value in values.items()
    }
