"""What ``import fra_plugin`` changes outside of the package: what its docstring and the page on reliability list, no more."""

import json
import subprocess
import sys
from pathlib import Path

import fra_plugin

REPO = Path(__file__).resolve().parent.parent
PROBE = """
import json, sys, warnings
import torch, mmcv, mmengine.hub, mmengine.fileio, mmengine.runner, mmpretrain.apis, mmpretrain.models, mmpretrain.datasets
from mmengine.fileio.backends import backends
from mmengine.runner import CheckpointLoader

def attributes():
    found = {}
    for name, module in list(sys.modules.items()):
        if name.split('.')[0] in ('torch', 'mmcv', 'mmengine', 'mmpretrain', 'PIL', 'cv2', 'numpy', 'warnings'):
            for key, value in list(vars(module).items()):
                found[f'{name}.{key}'] = value
                if isinstance(value, type) and value.__module__ == name:
                    found.update((f'{name}.{key}.{part}', item) for part, item in list(vars(value).items()))
    return found

def kernels():
    names = ('stats', 'gather_stats_with_counts', 'elemt', 'backward_reduce', 'backward_elemt')
    return [n for n in names if torch._C._dispatch_has_kernel_for_dispatch_key(f'aten::batch_norm_{n}', 'Meta')]

def scene():
    return dict(CheckpointLoader._schemes), list(backends), list(sys.meta_path), list(warnings.filters), kernels()

before, (loaders, files, finders, filters, told) = attributes(), scene()
import fra_plugin
after, (loaders2, files2, finders2, filters2, told2) = attributes(), scene()
print('@' + json.dumps(dict(
    attributes=sorted(name for name, value in before.items() if name in after and after[name] is not value),
    loaders=sorted(name for name, loader in loaders2.items() if loaders.get(name) is not loader),
    files=sorted(set(files2) - set(files)),
    finders=[type(finder).__name__ for finder in finders2 if finder not in finders],
    filters=[entry[1].pattern for entry in filters2 if entry not in filters],
    kernels=told2 != told,
)))
"""


def test_an_import_changes_what_is_listed_and_nothing_else():
    done = subprocess.run(
        [sys.executable, '-W', 'ignore::UserWarning', '-c', PROBE],
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.rpartition('@')[2])
    checkpoint = 'mmengine.runner.checkpoint'
    assert found.pop('attributes') == [
        'mmengine.config.config.Config._get_cfg_path',
        f'{checkpoint}.CheckpointLoader._schemes',
        f'{checkpoint}.load_from_http',
        f'{checkpoint}.load_state_dict',
    ]
    assert {name.replace(r'(\S+\:)?', '') for name in found.pop('loaders')} == {
        '',
        's3://',
        'petrel://',
        'http://',
        'https://',
    }
    assert found.pop('files') == ['atomic'] and found.pop('finders') == ['LoadWithStandIn']
    assert found.pop('filters') == ['Fail to import ``MultiScaleDeformableAttention``']
    assert found == dict(kernels=False)


def test_the_docstring_and_the_page_list_the_changes():
    page = (REPO / 'docs/reliability.md').read_text()
    for text in (fra_plugin.__doc__, page):
        for name in ('s3', 'petrel', 'https', 'load_state_dict', 'mmengine.config.Config', 'atomic', 'sys.meta_path'):
            assert name in text
