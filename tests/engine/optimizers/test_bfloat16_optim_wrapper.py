"""Mixed precision in bfloat16: where the machine has it, with float32 weights, losses and checkpoints."""

import pytest
import torch
from made_checkpoints import NARROW, fra_config
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmpretrain.registry import MODELS
from torch import nn

from fra_plugin.engine import BFloat16OptimWrapper
from fra_plugin.engine.optimizers import bfloat16_optim_wrapper
from fra_plugin.engine.optimizers.bfloat16_optim_wrapper import cpu_multiplies_bfloat16

CONFIG = dict(type='BFloat16OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3))


@pytest.fixture
def cpu(monkeypatch):
    """Chooses what the processor is said to have; the machine is said to have no GPU."""

    def cpu(has_bfloat16):
        monkeypatch.setattr(bfloat16_optim_wrapper, 'get_device', lambda: 'cpu')
        monkeypatch.setattr(bfloat16_optim_wrapper, 'cpu_multiplies_bfloat16', lambda: has_bfloat16)

    return cpu


@pytest.mark.parametrize(
    'line, expected',
    [
        ('flags\t\t: fpu avx512f avx512_bf16 clflushopt', True),
        ('flags\t\t: fpu amx_bf16 amx_tile', True),
        ('Features\t: fp asimd bf16 i8mm', True),
        ('flags\t\t: fpu avx512f avx2', False),
        ('bugs\t\t: bf16', False),
        ('', False),
    ],
)
def test_the_processor_is_asked(tmp_path, line, expected):
    (tmp_path / 'cpuinfo').write_text(f'processor\t: 0\nmodel name\t: bf16 maker\n{line}\nbogomips\t: 1\n')
    assert cpu_multiplies_bfloat16(str(tmp_path / 'cpuinfo')) is expected


def test_a_machine_without_cpuinfo_has_none(tmp_path):
    assert not cpu_multiplies_bfloat16(str(tmp_path / 'none'))


@pytest.mark.parametrize('has_bfloat16', [True, False])
def test_forward_passes_follow_the_processor_and_weights_stay_float32(cpu, has_bfloat16):
    cpu(has_bfloat16)
    model = nn.Linear(4, 3)
    wrapper = build_optim_wrapper(model, dict(CONFIG))
    with wrapper.optim_context(model):
        output = model(torch.randn(2, 4))
    assert output.dtype == (torch.bfloat16 if has_bfloat16 else torch.float32)
    before = model.weight.detach().clone()
    wrapper.update_params(output.float().square().sum())
    assert model.weight.dtype == torch.float32 and not torch.equal(model.weight, before)
    assert model(torch.randn(2, 4)).dtype == torch.float32  # outside of the context
    plain = OptimWrapper(torch.optim.AdamW(model.parameters()))
    assert isinstance(wrapper, BFloat16OptimWrapper) and wrapper.state_dict().keys() == plain.state_dict().keys()


def test_losses_stay_float32_and_close_to_those_of_full_precision(cpu):
    cpu(True)
    torch.manual_seed(0)
    model = MODELS.build(dict(fra_config(NARROW, 64), data_preprocessor=None))
    model.init_weights()
    model.eval()  # no dropout, the same statistics
    views = [torch.randn(8, 3, 64, 64) for _ in range(2)]
    expected = model.loss(views)
    with build_optim_wrapper(model, dict(CONFIG)).optim_context(model):
        losses = model.loss(views)
    for name in ('loss_global', 'loss_region', 'loss_relation'):
        assert losses[name].dtype == torch.float32
        assert losses[name].item() == pytest.approx(expected[name].item(), rel=0.02)
    sum(losses[name] for name in losses if 'loss' in name).backward()
    assert all(
        param.grad is None or param.grad.dtype == torch.float32 and param.grad.isfinite().all()
        for param in model.parameters()
    )
