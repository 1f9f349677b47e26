"""Files from strangers: no command runs what a weights file says, and no list leads out of its folder."""

import os

import face_layouts
import pytest
import torch
from faults.tiny_training import start_tool


class Attack:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f'touch {self.trace}',)


@pytest.fixture
def stranger(tmp_path):
    """A checkpoint that has what every command looks for, and an order to make the file `ran`."""
    content = dict(
        meta=dict(epoch=1, iter=1, cfg='model = dict()'),
        state_dict={'backbone.conv1.weight': torch.zeros(2)},
        message_hub=Attack(tmp_path / 'ran'),
    )
    torch.save(content, tmp_path / 'stranger.pth')
    return tmp_path / 'stranger.pth'


COMMANDS = {
    'train.py --resume': 'train.py {config} --work-dir {out} --resume {stranger}',
    'train.py load_from': 'train.py {config} --work-dir {out} --cfg-options load_from={stranger}',
    'train.py Pretrained': 'train.py {config} --work-dir {out} --cfg-options model.backbone.init_cfg.type=Pretrained '
    'model.backbone.init_cfg.checkpoint={stranger}',
    'test.py': 'test.py resnet50_1xb64-verify-fra_lfw.py {stranger} --work-dir {out} --cfg-options '
    'test_dataloader.dataset.data_root={pairs} test_dataloader.dataset.ann_file=pairs.txt '
    'test_dataloader.dataset.data_prefix=lfw',
    'export_backbone.py': 'model_converters/export_backbone.py {stranger} {out}/out.pth',
    'official_to_plugin.py': 'model_converters/official_to_plugin.py {stranger} {out}/out.pth',
    'extract_features.py': 'extract_features.py {stranger} {faces} --out {out}/out.npz',
    'visualize_heatmaps.py': 'visualize_heatmaps.py {stranger} {faces} --out {out}/pictures',
    'benchmark.py': 'benchmark.py {stranger} --tasks lfw --data-root {pairs} --work-dir {out}',
    'benchmark_frozen.py': 'benchmark_frozen.py {tasks} a={stranger} --no-descriptors --out {out}',
    'verification.py': 'verification.py {stranger} {pairs}/pairs.txt --images {pairs}/lfw --work-dir {out}',
}


@pytest.mark.parametrize('name', COMMANDS)
def test_a_weights_file_that_would_run_code_is_refused_by_every_command(config, faces, stranger, tmp_path, name):
    places = dict(config=config, faces=faces, stranger=stranger, out=tmp_path / 'out')
    if '{pairs}' in COMMANDS[name]:
        places['pairs'] = face_layouts.lfw(tmp_path / 'pairs')
    if '{tasks}' in COMMANDS[name]:
        places['tasks'] = tmp_path / 'tasks.py'
        data = dict(type='FaceCSV', data_root=str(faces), ann_file=str(tmp_path / 'who.csv'), label_column='who')
        places['tasks'].write_text(f"tasks = dict(pair=dict(type='pairs', dataset={data}))\n")
        (tmp_path / 'who.csv').write_text('path,who\n00.png,a\n01.png,a\n02.png,b\n')
    tool, *arguments = COMMANDS[name].format(**places).split()
    process = start_tool(tool, arguments, tmp_path / 'log')
    process.join(120)
    log = (tmp_path / 'log').read_text()
    assert process.exitcode == 1 and 'stranger.pth is refused' in log.split('error: ')[-1], log
    assert not (tmp_path / 'ran').exists()
    assert not [path for path in (tmp_path / 'out').rglob('*') if path.suffix in ('.pth', '.npz', '.png', '.jpg')]


@pytest.mark.parametrize(
    'path', ['../outside.png', '/etc/hostname', 'a/../../outside.png', '..\\outside.png', 'link/outside.png']
)
def test_a_list_that_leads_out_of_the_folder_ends_training_before_it_begins(config, faces, tmp_path, path):
    folder = tmp_path / 'faces'
    folder.mkdir()
    face_layouts.face(folder / '1.png')
    face_layouts.face(tmp_path / 'outside.png')
    (folder / 'link').symlink_to(tmp_path)
    (tmp_path / 'list.txt').write_text(f'1.png\n{path}\n')
    process = start_tool(
        'train.py',
        [
            str(config),
            '--work-dir',
            str(tmp_path / 'run'),
            '--cfg-options',
            f'train_dataloader.dataset.data_root={tmp_path}',
            'train_dataloader.dataset.data_prefix=faces',
            'train_dataloader.dataset.ann_file=list.txt',
            f'train_dataloader.dataset.cache_dir={tmp_path}',
        ],
        tmp_path / 'log',
    )
    process.join(120)
    last = (tmp_path / 'log').read_text().split('error: ')[-1]
    assert process.exitcode == 1 and 'list.txt:2' in last and not (tmp_path / 'run' / 'losses_0.txt').exists(), last
