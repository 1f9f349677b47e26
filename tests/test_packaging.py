"""Packaging: what `pip install` carries, where mim looks for it, and what doctor says."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import fra_plugin

REPO = Path(__file__).resolve().parent.parent


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of the sources, because a build writes into them."""
    place = tmp_path_factory.mktemp('source') / 'fra'
    place.mkdir()
    for name in ('setup.py', 'MANIFEST.in', 'LICENSE', 'NOTICE', 'model-index.yml', 'dataset-index.yml'):
        shutil.copy2(REPO / name, place)
    for name in ('fra_plugin', 'configs', 'tools', 'requirements'):
        shutil.copytree(REPO / name, place / name, ignore=shutil.ignore_patterns('.mim', '__pycache__'))
    return place


def setup(source, *command):
    subprocess.run(
        [sys.executable, 'setup.py', '-q', *command],
        cwd=source,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
    )


def files_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()}


def test_wheel_carries_what_mim_looks_for(source, tmp_path):
    setup(source, 'bdist_wheel', '--dist-dir', str(tmp_path))
    (wheel,) = tmp_path.glob('fra_plugin-*.whl')
    assert wheel.name.startswith(f'fra_plugin-{fra_plugin.__version__}-py3-none-any')
    names = set(zipfile.ZipFile(wheel).namelist())
    for part in ('configs', 'tools'):
        inside = {
            name[len(f'fra_plugin/.mim/{part}/') :] for name in names if name.startswith(f'fra_plugin/.mim/{part}/')
        }
        assert inside == {name for name in files_below(source / part) if not name.endswith('.pyc')}
    assert {'fra_plugin/.mim/model-index.yml', 'fra_plugin/.mim/dataset-index.yml', 'fra_plugin/models/fra.py'} <= names
    weights = {name[len('fra_plugin/weights/') :] for name in names if name.startswith('fra_plugin/weights/')}
    assert weights == files_below(source / 'fra_plugin/weights') and len(weights) >= 2
    assert not [name for name in names if name.startswith(('tests/', 'tools/', 'configs/'))]


def test_installed_configs_are_found_by_mmengine(source, tmp_path):
    setup(source, 'bdist_wheel', '--dist-dir', str(tmp_path))
    (wheel,) = tmp_path.glob('fra_plugin-*.whl')
    zipfile.ZipFile(wheel).extractall(tmp_path / 'installed')
    code = """
import fra_plugin
from mmengine.hub import get_config
for name in ('fra/fra_r50_8xb64.py', 'fra/fra_r18_1xb64_demo.py', 'transfer/classification/resnet50_8xb32-ft-fra_rafdb.py'):
    cfg = get_config('fra_plugin::' + name)
    assert cfg.filename.endswith('/installed/fra_plugin/.mim/configs/' + name)
    assert cfg.default_scope == 'mmpretrain' and 'backbone' in cfg.model
"""
    subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        cwd=tmp_path,
        check=True,
        timeout=120,
        env=dict(os.environ, PYTHONPATH=str(tmp_path / 'installed')),
    )


def test_source_archive_builds_the_same_wheel(source, tmp_path):
    setup(source, 'sdist', '--dist-dir', str(tmp_path))
    (archive,) = tmp_path.glob('*.tar.gz')
    shutil.unpack_archive(archive, tmp_path / 'unpacked')
    (unpacked,) = (tmp_path / 'unpacked').iterdir()
    setup(unpacked, 'bdist_wheel', '--dist-dir', str(tmp_path / 'again'))
    setup(source, 'bdist_wheel', '--dist-dir', str(tmp_path / 'direct'))
    again, direct = (zipfile.ZipFile(next((tmp_path / name).glob('*.whl'))) for name in ('again', 'direct'))
    assert set(again.namelist()) == set(direct.namelist())


@pytest.mark.parametrize(
    'command',
    [
        # what pip of today does for `pip install -e .`
        ['-c', "from setuptools import build_meta; build_meta.build_editable('WHEELS')"],
        # what pip before 21.3 does, and a later one without the wheel package
        ['setup.py', '-q', 'develop', '--no-deps', '--install-dir', 'WHEELS'],
    ],
    ids=['editable_wheel', 'develop'],
)
def test_editable_install_links_what_mim_looks_for(source, tmp_path, command):
    command = [part.replace('WHEELS', str(tmp_path)) for part in command]
    subprocess.run(
        [sys.executable, *command],
        cwd=source,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ, PYTHONPATH=str(tmp_path)),
        timeout=120,
    )
    mim = source / 'fra_plugin' / '.mim'
    assert sorted(os.listdir(mim)) == ['configs', 'dataset-index.yml', 'model-index.yml', 'tools']
    for part in os.listdir(mim):
        assert (mim / part).is_symlink() and (mim / part).resolve() == source / part
    shutil.rmtree(mim)


def test_indexes_name_configs_that_exist():
    for part in yaml.safe_load((REPO / 'model-index.yml').read_text())['Import']:
        index = yaml.safe_load((REPO / part).read_text())
        for model in index['Models']:
            assert (REPO / model['Config']).is_file()
            assert model['In Collection'] in {collection['Name'] for collection in index['Collections']}
    for entry in yaml.safe_load((REPO / 'dataset-index.yml').read_text()).values():
        assert set(entry) == {'dataset', 'download_root'}


def test_base_names_of_configs_are_unique_because_mim_searches_by_them():
    """Those to train and test with: not the shared parts in _base_ folders."""
    names = [path.name for path in (REPO / 'configs').rglob('*.py') if '_base_' not in path.parts]
    assert len(names) > 3 and len(set(names)) == len(names)


def test_importing_the_package_needs_neither_mmpose_nor_ops():
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('mmpose', 'mmdet', 'xtcocotools') or name in ('mmcv._ext', 'mmcv.ops'):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import fra_plugin
from mmpretrain.registry import MODELS
assert MODELS.get('FRA') is not None
"""
    subprocess.run([sys.executable, '-W', 'ignore', '-c', code], cwd=REPO, check=True, timeout=120)


@pytest.fixture
def doctor():
    return load(REPO / 'tools' / 'doctor.py')


def run_doctor(doctor, monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, 'argv', ['doctor.py', *args])
    code = doctor.main()
    return code, capsys.readouterr().out.splitlines()


def test_doctor_finds_nothing_to_do_in_this_environment(doctor, monkeypatch, capsys):
    code, lines = run_doctor(doctor, monkeypatch, capsys)
    assert code == 0, lines
    assert all(line[:3] in ('ok ', '-- ') for line in lines)
    assert any(line.startswith('ok torch 2.') for line in lines)


def test_doctor_says_in_one_line_each_what_is_missing(doctor, monkeypatch, capsys, tmp_path):
    (tmp_path / 'requirements').mkdir()
    (tmp_path / 'requirements' / 'base.txt').write_text('# bounds\ntorch>=90,<91\nno_such_package>=1,<2\n')
    monkeypatch.setattr(doctor, 'ROOT', tmp_path)
    monkeypatch.setattr(doctor.shutil, 'disk_usage', lambda folder: shutil._ntuple_diskusage(10, 10, 0))
    monkeypatch.setitem(sys.modules, 'mmpose', None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, 'fra_plugin.landmark', raising=False)
    code, lines = run_doctor(doctor, monkeypatch, capsys)
    torch, package, disk, memory = (line for line in lines if line.startswith('!!'))
    assert code == 1 and 'pip install "torch>=90,<91"' in torch and 'pip install "no_such_package>=1,<2"' in package
    assert 'disk' in disk and '--shm-size' in memory
    (mmpose,) = (line for line in lines if 'no landmarks' in line)
    assert mmpose.startswith('-- ') and 'pip install --no-deps mmpose' in mmpose
    code, lines = run_doctor(doctor, monkeypatch, capsys, '--all')
    assert mmpose.replace('--', '!!', 1) in lines


@pytest.mark.parametrize(
    'version, inside',
    [
        ('2.1', True),
        ('2.1.2+cu121', True),
        ('2.11.0', True),
        ('2.0.1', False),
        ('2.12.0', False),
        ('2.12.0a0', False),
        ('10.0', False),
    ],
)
def test_versions_are_compared_as_numbers(doctor, version, inside):
    assert doctor.fits(version, 'torch>=2.1,<2.12') is inside


def test_what_the_sets_pin_is_within_what_pip_is_told():
    """And the classic set's; its own lock is not what the first set's extras are for."""
    bounds = [Requirement(line) for line in requirement_lines('base.txt', 'lite.txt')]
    for folder in ('', 'classic/'):
        pinned = [Requirement(line) for line in requirement_lines(f'{folder}lock.txt')]
        for bound in bounds:
            versions = [next(iter(pin.specifier)).version for pin in pinned if pin.name == bound.name]
            assert versions or (folder and bound.name == 'mmcv-lite'), bound
            assert all(version in bound.specifier for version in versions), (folder, bound, versions)


def requirement_lines(*names):
    lines = [line for name in names for line in (REPO / 'requirements' / name).read_text().splitlines()]
    return [line for line in lines if line and line[0] not in '#-']
