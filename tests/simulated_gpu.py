"""Training on a GPU that isn't there: whole iterations on tensors without contents, and what they ask of the device.

torch's FakeTensorMode carries shapes, dtypes and devices and computes nothing; tensors of two devices in one operation are
an error, as on a GPU. A dispatch mode above it counts what a GPU would run, and what the host would wait for.
"""

import contextlib
import traceback
from collections import Counter
from typing import Callable, Iterator, List
from unittest import mock

import pytest
import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode

from fra_plugin.configs import load_config
from fra_plugin.engine import ReliableTrainLoop
from fra_plugin.models import region_heatmap_head, semantic_consistency_loss, semantic_relation_loss
from fra_plugin.models.non_blocking_sync_bn import tell_shapes

if not hasattr(_pytree, 'tree_leaves'):
    pytest.skip('the simulated GPU needs torch 2.2 or newer', allow_module_level=True)

GPU = torch.device('cuda', 0)
FRAME = 'simulated_gpu'
# Their results have as many elements as the device finds, so the host waits for it.
ASK_THE_DEVICE = {
    'nonzero',
    'masked_select',
    '_unique2',
    'unique_consecutive',
    'equal',
    'is_nonzero',
    'repeat_interleave',
}
# These run nothing: they give a tensor another shape, or memory.
LAY_OUT = {'_unsafe_view', 'empty', 'empty_like', 'empty_strided', 'new_empty', 'new_empty_strided', 'device'}

needs_simulation = pytest.mark.skipif(
    not hasattr(torch._C, '_ensureCUDADeviceGuardSet'), reason='this torch cannot simulate a GPU'
)


class Counts(TorchDispatchMode):
    """What one iteration asks of the GPU.

    Attributes:
        operations: that the GPU runs, by name; views and empty memory don't count.
        collectives: between the processes, by name.
        reads: places at which the host reads from the GPU, or asks it for a shape.
        blocking_copies: places at which the host waits until a copy to the GPU has arrived.
        half: operations with a result of 16 bits, by name.
        half_where_exact: the same, inside of functions that promise full precision.
    """

    def __init__(self) -> None:
        super().__init__()
        self.exact = False
        self.clear()

    def clear(self) -> None:
        self.operations, self.collectives, self.half = Counter(), Counter(), Counter()
        self.reads: List[str] = []
        self.blocking_copies: List[str] = []
        self.half_where_exact: List[str] = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        namespace, name = operation._schema.name.split('::')
        given = [value for value in _pytree.tree_leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
        on_gpu = any(tensor.device.type == 'cuda' for tensor in given)
        if name == '_local_scalar_dense':
            if on_gpu:
                self.reads.append(_place())
            return 0.0 if given[0].is_floating_point() else 0  # the scaler found no infinity, say
        result = operation(*args, **kwargs)
        results = [value for value in _pytree.tree_leaves(result) if isinstance(value, torch.Tensor)]
        if namespace == 'c10d':
            self.collectives[name] += 1
        elif _runs(operation, name, given, results):
            self.operations[name] += 1
        if any(tensor.dtype in (torch.float16, torch.bfloat16) for tensor in results):
            self.half[name] += 1
            if self.exact:
                self.half_where_exact.append(f'{name} at {_place()}')
        by_mask = name in ('index', 'index_put_') and any(i is not None and i.dtype == torch.bool for i in args[1])
        if on_gpu and (name in ASK_THE_DEVICE or by_mask):
            self.reads.append(_place())
        if name in ('_to_copy', 'copy_'):
            source, target = (args[1], args[0]) if name == 'copy_' else (args[0], result)
            waits = not (kwargs.get('non_blocking') or (name == 'copy_' and args[2:3] == (True,)))
            if source.device.type == 'cuda' != target.device.type:
                self.reads.append(_place())
            elif source.device.type != 'cuda' == target.device.type and waits:
                self.blocking_copies.append(_place())
        return result


def _runs(operation, name: str, given: List[torch.Tensor], results: List[torch.Tensor]) -> bool:
    """Whether the GPU has something to do: no views, no empty memory, no tensors without elements."""
    aliases = [argument.alias_info for argument in operation._schema.arguments if argument.alias_info is not None]
    is_view = name in LAY_OUT or any(not alias.is_write for alias in aliases)
    on_gpu = any(tensor.device.type == 'cuda' for tensor in given + results)
    return on_gpu and not is_view and (not results or any(tensor.numel() for tensor in results))


def _place() -> str:
    """The latest lines of Python that are neither torch's dispatcher nor this file."""
    frames = [frame for frame in traceback.extract_stack() if FRAME not in frame.filename]
    frames = [frame for frame in frames if not frame.filename.endswith(('_compile.py', 'eval_frame.py', '_ops.py'))]
    return ' < '.join(f'{frame.filename.rpartition("site-packages/")[2]}:{frame.lineno}' for frame in frames[:-4:-1])


def backward(loss: torch.Tensor, gradient: torch.Tensor = None, **_) -> None:
    """``loss.backward()`` by the same nodes in the same order, but without torch's engine, which asks the driver for
    streams where torch was built for GPUs."""
    waits_for, todo = Counter(), [loss.grad_fn]
    seen = set(todo)
    while todo:
        for node, _ in todo.pop().next_functions:
            if node is not None:
                waits_for[node] += 1
                if node not in seen:
                    seen.add(node)
                    todo.append(node)
    arrived = {loss.grad_fn: {0: torch.ones_like(loss) if gradient is None else gradient}}
    ready = [loss.grad_fn]
    with torch.no_grad():
        while ready:
            node = max(ready, key=lambda node: node._sequence_nr())
            ready.remove(node)
            grads = arrived.pop(node, {})
            if hasattr(node, 'variable'):  # the end of the way: a parameter
                node.variable.grad = grads[0].detach() if node.variable.grad is None else node.variable.grad + grads[0]
                continue
            results = getattr(node, 'apply', node)(*(grads.get(i) for i in range(max(grads, default=0) + 1)))
            results = results if isinstance(results, tuple) else (results,)
            receivers = node.next_functions
            if hasattr(node, 'needs_input_grad'):  # a Function in Python also names what is no tensor
                results = [grad for grad, needed in zip(results, node.needs_input_grad) if needed]
                receivers = [receiver for receiver in receivers if receiver[0] is not None]
            for (receiver, slot), grad in zip(receivers, results):
                if receiver is None:
                    continue
                slots = arrived.setdefault(receiver, {})
                if grad is not None:
                    expected = receiver._input_metadata[slot]
                    grad = grad.sum_to_size(expected.shape).to(expected.dtype)
                    slots[slot] = grad if slot not in slots else slots[slot] + grad
                waits_for[receiver] -= 1
                if not waits_for[receiver]:
                    ready.append(receiver)


@DATASETS.register_module(force=True)
class NoFaces(torch.utils.data.Dataset):
    """A length."""

    def __init__(self, **_) -> None:
        super().__init__()

    def __len__(self) -> int:
        return 10**6


def onto_gpu(model: nn.Module) -> None:
    """Weights without contents in the place of the model's."""
    moved = {}
    for module in model.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is not None and id(tensor) not in moved:
                    empty = torch.empty_like(tensor, device=GPU)
                    is_parameter = isinstance(tensor, nn.Parameter)
                    moved[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty
                if tensor is not None:
                    tensors[name] = moved[id(tensor)]
    model.data_preprocessor._device = GPU


def _exactly(function: Callable, counts: Counts) -> Callable:
    def watched(*args, **kwargs):
        counts.exact = True
        try:
            return function(*args, **kwargs)
        finally:
            counts.exact = False

    return watched


@contextlib.contextmanager
def simulated_gpu(world_size: int = 1) -> Iterator[Counts]:
    """A GPU as far as torch and mmengine can tell, in one of ``world_size`` processes."""
    counts = Counts()
    with contextlib.ExitStack() as stack:
        tell_shapes()
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        stack.enter_context(counts)

        def patch(name, value):
            stack.enter_context(mock.patch(name, value))

        patch('torch._subclasses.fake_tensor.FakeTensorMode.avoid_device_init', True)
        patch('torch.Tensor.backward', backward)
        patch('torch.cuda.is_available', lambda: True)
        patch('torch.cuda.get_device_capability', lambda *_: (9, 0))
        patch('torch.cuda.max_memory_allocated', lambda *_, **__: 0)
        patch('torch.cuda.reset_peak_memory_stats', lambda *_, **__: None)
        patch('mmengine.device.utils.DEVICE', 'cuda')
        patch('mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available', lambda: True)
        patch('mmengine.logging.logger._get_device_id', lambda: 0)
        patch('mmengine.runner.runner.collect_env', dict)
        patch('mmengine.dist.dist.get_comm_device', lambda group=None: GPU)
        for module, name in (
            (region_heatmap_head, 'cosine_heatmaps'),
            (semantic_consistency_loss, 'semantic_consistency'),
            (semantic_relation_loss, 'semantic_relation'),
        ):
            stack.enter_context(mock.patch.object(module, name, _exactly(getattr(module, name), counts)))
        clear = region_heatmap_head.sine_position_encoding.cache_clear  # tensors without contents must not stay
        clear()
        stack.callback(clear)
        if world_size > 1:
            from torch.testing._internal.distributed.fake_pg import FakeStore

            torch.distributed.init_process_group('fake', rank=0, world_size=world_size, store=FakeStore())
            stack.callback(torch.distributed.destroy_process_group)
        yield counts


def iterations(config: str, work_dir: str, number: int = 2, world_size: int = 1, hooks=(), **model) -> List[Counts]:
    """The first iterations of a shipped config's training, all of its hooks included that write no files.

    Args:
        config: its base name.
        work_dir: of the run.
        number: of iterations; from the second on they are alike. Defaults to 2.
        world_size: processes; all but this one are simulated. Defaults to 1.
        hooks: configs of hooks that replace those of their type. Defaults to none.
        **model: what to change in the model's config.

    Returns:
        What each of the iterations asked of the GPU.
    """
    cfg = load_config(config)
    cfg.merge_from_dict(dict(model=model))
    cfg.update(work_dir=work_dir, resume=False, launcher='none', visualizer=dict(type='Visualizer'))
    loader = cfg.train_dataloader
    loader.update(dataset=dict(type='NoFaces'), num_workers=0, persistent_workers=False)
    cfg.default_hooks = dict(checkpoint=None)
    channels_last = any(hook.type == 'ChannelsLastHook' for hook in cfg.custom_hooks)
    replaced = {'ChannelsLastHook', 'RegionHeatmapHook', *(hook['type'] for hook in hooks)}
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook.type not in replaced] + list(hooks)
    size = cfg.train_pipeline[1].transforms[0][0].scale
    init_default_scope(cfg.default_scope)
    network = MODELS.build(dict(cfg.model, data_preprocessor=cfg.pop('data_preprocessor')))
    if channels_last:  # what is without contents can't be laid out anew
        network.to(memory_format=torch.channels_last)
    if world_size == 1:
        network = revert_sync_batchnorm(network)
    found, iteration = [], ReliableTrainLoop.run_iter

    def batches(loop, start):
        while True:
            views = [torch.empty(loader.batch_size, 3, size, size, dtype=torch.uint8) for _ in range(2)]
            boxes = [(0, 0, 9, 9), (8, 0, -8, 9)]
            yield (
                0,
                dict(
                    inputs=views,
                    data_samples=[DataSample(metainfo=dict(view_boxes=boxes)) for _ in range(loader.batch_size)],
                ),
            )

    def run_iter(loop, *args):
        counts.clear()
        iteration(loop, *args)
        found.append(mock.Mock(**{name: value for name, value in vars(counts).items() if name[0] != '_'}))
        loop.stop_training = len(found) == number

    with simulated_gpu(world_size) as counts, contextlib.ExitStack() as stack:
        onto_gpu(network)
        for name, value in dict(
            build_model=lambda runner, model: network,
            wrap_model=lambda runner, wrapper, model: model,
            _init_model_weights=lambda runner: None,
        ).items():
            stack.enter_context(mock.patch.object(Runner, name, value))
        for name, value in dict(_batches=batches, run_iter=run_iter).items():
            stack.enter_context(mock.patch.object(ReliableTrainLoop, name, value))
        Runner.from_cfg(cfg).train()
    return found
