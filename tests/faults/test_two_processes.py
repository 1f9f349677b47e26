"""Two processes with B images each are the run of one process with 2 B, from the image files to the final weights."""

import pytest
import torch
from faults.tiny_training import Training, write_config

from fra_plugin.checkpoints.safe_loading.safe_load import safe_load

IN_FLOAT64 = 'import torch; torch.set_default_dtype(torch.float64)'


@pytest.mark.parametrize(
    'norm', ["dict(type='GN', num_groups=4)", "dict(type='NonBlockingSyncBN')"], ids=['GN', 'SyncBN']
)
def test_ten_steps_of_two_processes_are_those_of_one(faces, tmp_path, norm):
    """LARS, EMA, prototypes, views and their order, statistics of batches; no dropout."""
    checkpoints, losses = [], []
    for world_size in (1, 2):
        config = write_config(
            tmp_path / f'config{world_size}.py',
            faces,
            norm=norm,
            dropout=0.0,
            extra=f'train_dataloader["batch_size"] = {8 // world_size}\ntrain_cfg["max_epochs"] = 5\n',
        )
        training = Training(config, tmp_path / f'run{world_size}', world_size=world_size, before=IN_FLOAT64)
        assert training.finish() == [0] * world_size, training.output()
        checkpoints.append(safe_load(tmp_path / f'run{world_size}' / 'epoch_5.pth'))
        ranks = [training.steps(rank) for rank in range(world_size)]
        losses.append(
            [sum(float.fromhex(steps[step].split()[0]) for steps in ranks) / world_size for step in range(1, 11)]
        )

    together, alone = (torch.tensor(values, dtype=torch.float64) for values in reversed(losses))
    torch.testing.assert_close(together, alone, rtol=1e-9, atol=0)
    one, two = checkpoints
    assert one['meta']['iter'] == two['meta']['iter'] == 10
    for name, tensor in one['state_dict'].items():
        torch.testing.assert_close(two['state_dict'][name], tensor, rtol=1e-9, atol=1e-9, msg=name)
    for number, state in one['optimizer']['state'].items():
        torch.testing.assert_close(
            two['optimizer']['state'][number]['momentum_buffer'], state['momentum_buffer'], rtol=1e-9, atol=1e-12
        )
    followed = {name: tensor for name, tensor in one['state_dict'].items() if name.startswith('target.')}
    assert any(not torch.equal(tensor, one['state_dict'][name[len('target.') :]]) for name, tensor in followed.items())
