"""Weights files: what training writes is read back, what could run code is refused before it runs."""

import argparse
import array
import datetime
import http.server
import io
import os
import pickle
import sys
import tarfile
import threading
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel, BaseModule
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint

from fra_plugin.checkpoints.safe_loading import safe_unpickler
from fra_plugin.checkpoints.safe_loading.harmless_names import time_zone
from fra_plugin.checkpoints.safe_loading.safe_load import safe_load


class Mark:
    """Pickles to a call of `function`, which an unsafe reader would make."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


class Line(BaseModel):
    """The smallest model that trains: y = w x."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x, mode='loss'):
        return dict(loss=self.layer(x).square().mean())


class Numbers(torch.utils.data.Dataset):
    METAINFO = metainfo = dict(classes=('a', 'b'), sigmas=np.array([0.1, 0.2]))

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return dict(x=torch.full((1,), float(index)))


def runner(folder, epochs, **kwargs):
    return Runner(
        model=Line(),
        work_dir=str(folder),
        train_dataloader=dict(
            dataset=Numbers(),
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            num_workers=0,
            collate_fn=dict(type='default_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1)),
        param_scheduler=[dict(type='CosineAnnealingLR', T_max=4)],
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=1), logger=dict(type='LoggerHook', interval=1)
        ),
        randomness=dict(seed=0),
        experiment_name=f'{folder.parent.name}-{folder.name}',
        **kwargs,
    )


@pytest.fixture
def trained(tmp_path):
    runner(tmp_path / 'run', 2).train()
    return tmp_path / 'run' / 'epoch_2.pth'


def test_training_checkpoint_comes_back_whole(trained):
    checkpoint = safe_load(trained)
    assert set(checkpoint) >= {'state_dict', 'optimizer', 'message_hub', 'param_schedulers', 'meta'}
    assert checkpoint['meta']['epoch'] == 2
    np.testing.assert_array_equal(checkpoint['meta']['dataset_meta']['sigmas'], [0.1, 0.2])
    losses = checkpoint['message_hub']['log_scalars']['train/loss']
    assert isinstance(losses, HistoryBuffer) and len(losses.data[0]) == 4 and np.isfinite(losses.mean())
    moments = checkpoint['optimizer']['state'][0]
    assert moments['exp_avg'].shape == (1, 1) and float(moments['step']) == 4


def test_resume_goes_on_where_an_uninterrupted_run_would_be(tmp_path):
    whole = runner(tmp_path / 'whole', 4)
    whole.train()
    resumed = runner(tmp_path / 'resumed', 4, load_from=str(tmp_path / 'whole' / 'epoch_2.pth'), resume=True)
    resumed.train()
    for one, other in zip(resumed.model.parameters(), whole.model.parameters()):
        assert torch.equal(one, other)


def test_what_mmpose_and_step_schedules_save_is_read(tmp_path):
    content = dict(skeleton_links=np.array([], dtype=np.int64), milestones=Counter([4, 8, 8]), empty=b'')
    torch.save(content, tmp_path / 'epoch_1.pth')
    read = safe_load(str(tmp_path / 'epoch_1.pth'))
    assert read['milestones'] == Counter({8: 2, 4: 1}) and read['empty'] == b'' and read['skeleton_links'].shape == (0,)


def test_what_projects_save_beside_their_weights_is_read(tmp_path):
    content = dict(
        args=argparse.Namespace(arch='resnet50'),
        ordered=OrderedDict(a=torch.ones(2, dtype=torch.float16)),
        parameter=torch.nn.Parameter(torch.zeros(3)),
        scalar=np.float64(0.25),
        array=np.arange(6).reshape(2, 3),
        state=np.random.RandomState(0).get_state(),
        raw=b'\x00\xff',
        dtype=torch.bfloat16,
        shape=torch.zeros(2, 3).shape,
        device=torch.device('cpu'),
        some={1, 2},
        parts=slice(0, 2),
        integer=torch.arange(3),
        flag=torch.tensor([True]),
    )
    for legacy in (False, True):
        torch.save(content, tmp_path / 'other.pth', _use_new_zipfile_serialization=not legacy)
        read = safe_load(tmp_path / 'other.pth')
        assert read['args'].arch == 'resnet50' and read['scalar'] == 0.25 and read['raw'] == b'\x00\xff'
        assert torch.equal(read['ordered']['a'], content['ordered']['a'])
        assert read['ordered']['a'].dtype == torch.float16 and read['dtype'] is torch.bfloat16
        assert isinstance(read['parameter'], torch.nn.Parameter)
        np.testing.assert_array_equal(read['state'][1], content['state'][1])
        np.testing.assert_array_equal(read['array'], content['array'])
        assert read['shape'] == (2, 3) and read['some'] == {1, 2} and read['device'] == torch.device('cpu')


def test_plain_values_are_read_by_the_names_of_python_2_too(tmp_path):
    values = [range(3), int, str, array.array('d', [0.5])]
    if sys.version_info >= (3, 9):
        from zoneinfo import ZoneInfo

        values.append(datetime.datetime(2026, 1, 2, tzinfo=ZoneInfo('UTC')))
    torch.save(dict(w=torch.ones(1), values=values), tmp_path / 'a.pth')
    assert safe_load(tmp_path / 'a.pth')['values'] == values


@pytest.mark.parametrize('name', ['../../etc/passwd', 'Europe.Berlin', 3])
def test_a_time_zone_has_a_name_of_one(name):
    with pytest.raises(pickle.UnpicklingError, match='the time zone'):
        time_zone(name)


@pytest.mark.parametrize('name', ['numpy.core.multiarray', 'numpy._core.multiarray'])
def test_arrays_of_either_numpy_are_read(name):
    ours = pickle.dumps(np.arange(3.0), protocol=2)
    theirs = ours.replace(np.empty(0).__reduce__()[0].__module__.encode(), name.encode())
    np.testing.assert_array_equal(safe_unpickler.load(io.BytesIO(theirs), encoding='utf-8'), [0.0, 1.0, 2.0])


ATTACKS = [
    (os.mkdir, ('PLACE',)),
    (eval, ("__import__('os').mkdir('PLACE')",)),
    (getattr, (os, 'mkdir')),
    (pickle.loads, (pickle.dumps(0),)),
    (torch.load, ('PLACE',)),
    (np.load, ('PLACE',)),
    (__import__, ('this',)),
]


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('attack', ATTACKS, ids=lambda attack: attack[0].__name__)
def test_file_that_would_run_code_is_refused_by_name(tmp_path, attack, legacy):
    function, args = attack
    place = tmp_path / 'ran'
    args = tuple(arg.replace('PLACE', str(place)) if isinstance(arg, str) else arg for arg in args)
    if function is getattr:
        args = ('', 'join')
    path = tmp_path / 'stranger.pth'
    torch.save(
        dict(state_dict=dict(w=torch.ones(1)), meta=Mark(function, *args)),
        path,
        _use_new_zipfile_serialization=not legacy,
    )
    with pytest.raises(ValueError, match=r'stranger\.pth is refused.*' + function.__name__):
        safe_load(path)
    for load in (CheckpointLoader.load_checkpoint, lambda name: load_checkpoint(Line(), name)):
        with pytest.raises(ValueError, match='is refused'):
            load(str(path))
    assert not place.exists()


def test_pretrained_init_and_resume_refuse_code(tmp_path):
    path = tmp_path / 'stranger.pth'
    torch.save(dict(state_dict={}, x=Mark(os.mkdir, str(tmp_path / 'ran'))), path)
    with pytest.raises(ValueError, match='is refused'):
        BaseModule(init_cfg=dict(type='Pretrained', checkpoint=str(path))).init_weights()
    with pytest.raises(ValueError, match='is refused'):
        runner(tmp_path / 'run', 1, load_from=str(path), resume=True).train()
    assert not (tmp_path / 'ran').exists()


def test_attributes_are_never_set_on_a_class():
    """BUILD with slot state on a class would change it for the whole process."""
    evil = b'\x80\x02cmmengine.logging.history_buffer\nHistoryBuffer\nN}X\x04\x00\x00\x00minsK\x01s\x86b.'
    with pytest.raises(pickle.UnpicklingError, match='HistoryBuffer'):
        safe_unpickler.load(io.BytesIO(evil))
    assert not hasattr(HistoryBuffer, 'mins')


def test_history_keeps_the_statistics_of_its_class():
    history = HistoryBuffer([1.0, 3.0], [1, 1])
    forged = pickle.dumps(history, protocol=2).replace(b'X\x03\x00\x00\x00max', b'X\x03\x00\x00\x00min', 1)
    assert safe_unpickler.load(io.BytesIO(forged)).statistics('min') == 1
    with pytest.raises(pickle.UnpicklingError, match='getattr'):
        safe_unpickler.load(io.BytesIO(pickle.dumps(Mark(getattr, HistoryBuffer, '__init__'), protocol=2)))


def test_bytes_are_read_in_their_one_encoding_only():
    with pytest.raises(pickle.UnpicklingError, match='zlib'):
        safe_unpickler.load(io.BytesIO(b'\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x04\x00\x00\x00zlib\x86R.'))


def test_config_in_a_checkpoint_is_not_run_on_resume(tmp_path, trained):
    checkpoint = safe_load(trained)
    checkpoint['meta']['config'] = f'import os\nos.mkdir({str(tmp_path / "ran")!r})'
    torch.save(checkpoint, tmp_path / 'stranger.pth')
    runner(tmp_path / 'resumed', 3, load_from=str(tmp_path / 'stranger.pth'), resume=True).train()
    assert not (tmp_path / 'ran').exists()


def test_files_of_another_kind_are_refused(tmp_path):
    torch.jit.script(torch.nn.ReLU()).save(str(tmp_path / 'script.pth'))
    with pytest.raises(ValueError, match='TorchScript'):
        safe_load(tmp_path / 'script.pth')
    with tarfile.open(tmp_path / 'archive.pth', 'w') as archive:
        archive.add(tmp_path / 'script.pth', 'storages')
    (tmp_path / 'text.pth').write_text('<html>not found</html>')
    (tmp_path / 'empty.pth').write_bytes(b'')
    with zipfile.ZipFile(tmp_path / 'zip.pth', 'w') as archive:
        archive.writestr('readme', 'hello')
    for name in ('archive', 'text', 'empty', 'zip'):
        with pytest.raises(ValueError, match=f'{name}.pth'):
            safe_load(tmp_path / f'{name}.pth')
    with pytest.raises(FileNotFoundError, match='absent.pth'):
        safe_load(tmp_path / 'absent.pth')


@pytest.mark.parametrize('legacy', [False, True])
def test_file_cut_short_is_an_error_at_any_length(tmp_path, legacy):
    torch.save(
        dict(state_dict=dict(w=torch.ones(300))), tmp_path / 'whole.pth', _use_new_zipfile_serialization=not legacy
    )
    whole = (tmp_path / 'whole.pth').read_bytes()
    for length in range(1, len(whole) - 1, max(1, len(whole) // 23)):
        (tmp_path / 'cut.pth').write_bytes(whole[:length])
        with pytest.raises(ValueError, match='cut.pth'):
            safe_load(tmp_path / 'cut.pth')


def test_safetensors_are_read_by_their_ending(tmp_path):
    save_file = pytest.importorskip('safetensors.torch').save_file
    save_file(dict(w=torch.arange(4.0)), tmp_path / 'weights.safetensors')
    assert torch.equal(CheckpointLoader.load_checkpoint(str(tmp_path / 'weights.safetensors'))['w'], torch.arange(4.0))
    (tmp_path / 'cut.safetensors').write_bytes((tmp_path / 'weights.safetensors').read_bytes()[:-3])
    with pytest.raises(ValueError, match='cut.safetensors'):
        safe_load(tmp_path / 'cut.safetensors')


def test_weights_from_an_address_go_through_the_same_check(tmp_path, monkeypatch):
    torch.save(dict(w=torch.ones(2)), tmp_path / 'good.pth')
    torch.save(dict(w=Mark(os.mkdir, str(tmp_path / 'ran'))), tmp_path / 'bad.pth')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f'http://127.0.0.1:{server.server_address[1]}'
        good = CheckpointLoader.load_checkpoint(f'{address}/good.pth')
        assert torch.equal(good['w'], torch.ones(2))
        with pytest.raises(ValueError, match='is refused'):
            CheckpointLoader.load_checkpoint(f'{address}/bad.pth')
        monkeypatch.setattr('mmengine.runner.checkpoint.get_external_models', lambda: dict(a=f'{address}/bad.pth'))
        with pytest.raises(ValueError, match='is refused'):
            CheckpointLoader.load_checkpoint('open-mmlab://a')
        server.shutdown()
    assert not (tmp_path / 'ran').exists()
