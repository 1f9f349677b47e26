"""mmpose and mmpretrain load beside packages that are absent or too new, and none of these is taken for installed."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmpretrain.utils import dependency

from fra_plugin import stand_ins

REPO = Path(__file__).resolve().parent.parent
ABSENT = [name for name in ('mmcv.ops', 'xtcocotools', 'mmdet') if stand_ins.is_absent(name)]

pytest.importorskip('mmpose')


def run(code: str, *paths: Path) -> str:
    """Output and errors of a fresh Python."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, (*paths, REPO))))
    done = subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.skipif(not ABSENT, reason='all that mmpose asks for is installed here')
def test_mmpose_loads_and_what_is_absent_stays_absent():
    """Also where mmpose was tried before fra_plugin was imported, as in a notebook."""
    code = f"""
from importlib import import_module
from importlib.util import find_spec
try:
    import mmpose.apis
except ModuleNotFoundError:
    pass
import fra_plugin
from mmpose.apis import MMPoseInferencer, init_model
import mmpose.models, mmpose.datasets, mmpose.evaluation, fra_plugin.landmark
for name in {ABSENT}:
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        print('absent:', error)
assert not [name for name in ('xtcocotools', 'mmdet') if name in {ABSENT} and find_spec(name)]
from mmpose.apis.inferencers import base_mmpose_inferencer
from mmpose.models.heads.hybrid_heads import dekr_head
assert base_mmpose_inferencer.has_mmdet is ('mmdet' not in {ABSENT})
assert dekr_head.has_mmcv_full is ('mmcv.ops' not in {ABSENT})
"""
    lines = run(code).splitlines()
    assert [line for line in lines if line.startswith('absent:')] == [
        f"absent: No module named '{'mmcv._ext' if name == 'mmcv.ops' else name}'" for name in ABSENT
    ]


@pytest.mark.skipif('mmcv.ops' not in ABSENT, reason='mmcv has its operators here')
def test_first_import_says_nothing():
    assert run('import fra_plugin, fra_plugin.landmark, mmpose.apis, mmpretrain.apis') == ''


def test_real_packages_are_taken_where_they_are_installed(tmp_path):
    """Made ones, before all others on the path; xtcocotools' modules are pycocotools' in both."""
    for name, text in {
        'mmdet/__init__': '',
        'mmdet/utils': 'from typing import Any as ConfigType\n\ndef reduce_mean(tensor):\n    return "real"\n',
        'xtcocotools/__init__': '',
        'xtcocotools/coco': 'from pycocotools.coco import *\nfrom pycocotools.coco import COCO\nreal = True\n',
        'xtcocotools/cocoeval': 'class COCOeval:\n    real = True\n',
        'xtcocotools/mask': 'from pycocotools.mask import *\n',
    }.items():
        path = tmp_path / f'{name}.py'
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    code = """
import fra_plugin, mmpose.models, mmpose.evaluation
import xtcocotools.coco
assert mmpose.models.heads.hybrid_heads.rtmo_head.reduce_mean(0) == 'real'
assert mmpose.evaluation.metrics.coco_metric.COCOeval.real and xtcocotools.coco.real
"""
    run(code, tmp_path)


@pytest.mark.parametrize('release', ['4.56.0', '5.24.0'])
def test_mmpretrain_loads_beside_a_transformers_that_is_too_new_for_it(tmp_path, release):
    """A made one, before a real one on the path."""
    (tmp_path / 'transformers').mkdir()
    (tmp_path / 'transformers/__init__.py').write_text('')
    (tmp_path / f'transformers-{release}.dist-info').mkdir()
    (tmp_path / f'transformers-{release}.dist-info/METADATA').write_text(
        f'Metadata-Version: 2.1\nName: transformers\nVersion: {release}\n'
    )
    code = """
import fra_plugin, mmpretrain.models
from mmpretrain.utils import dependency
assert dependency.satisfy_requirement('transformers>=4.28.0') and not dependency.WITH_MULTIMODAL
"""
    run(code, tmp_path)


@pytest.mark.parametrize(
    'release, kept', [('4.28.0', True), ('4.55.4', True), ('4.56.0', False), ('5.0.0.dev0', False)]
)
def test_only_an_older_transformers_keeps_the_multi_modal_models(monkeypatch, release, kept):
    monkeypatch.setattr(dependency, 'WITH_MULTIMODAL', True)
    monkeypatch.setattr(dependency, 'distribution', lambda package: SimpleNamespace(version=release))
    stand_ins.leave_out_multimodal_models(dependency)
    assert dependency.WITH_MULTIMODAL is kept


def test_classes_that_are_absent_say_what_to_install():
    operators = stand_ins.operators_of_mmcv()['mmcv.ops']
    assert not isinstance(torch.nn.Identity(), operators.RoIAlign)
    with pytest.raises(ImportError, match=r'mmcv\.ops\.RoIAlign is not installed.*mmcv-lite.*pip install mmcv'):
        operators.RoIAlign((7, 7))
    with pytest.raises(ImportError, match='COCOeval is not installed: pip install xtcocotools'):
        stand_ins.coco_tools()['xtcocotools.cocoeval'].COCOeval(None, None, 'keypoints')


def test_modules_are_importable_only_inside():
    package = 'xtcocotools'
    before = find_spec(package) is not None
    with stand_ins.stand_in_for(package):
        import xtcocotools.mask as mask
        from xtcocotools.coco import COCO

        assert COCO.__name__ == 'COCO' and callable(mask.decode)
    assert (find_spec(package) is not None) is before


def test_mean_over_one_process_is_a_copy_of_the_value():
    value = torch.tensor(3.0)
    mean = stand_ins.detection_utils()['mmdet.utils'].reduce_mean(value)
    assert mean == 3 and mean is not value
