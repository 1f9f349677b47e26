"""Packaging: what `pip install` carries, where mim looks for it, and the set-up behind make."""
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

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
    subprocess.run([sys.executable, 'setup.py', '-q', *command], cwd=source, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=120)


def files_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()}


def test_wheel_carries_what_mim_looks_for(source, tmp_path):
    setup(source, 'bdist_wheel', '--dist-dir', str(tmp_path))
    wheel, = tmp_path.glob('fra_plugin-*.whl')
    assert wheel.name.startswith(f'fra_plugin-{fra_plugin.__version__}-py3-none-any')
    names = set(zipfile.ZipFile(wheel).namelist())
    for part in ('configs', 'tools'):
        inside = {name[len(f'fra_plugin/.mim/{part}/'):] for name in names if name.startswith(f'fra_plugin/.mim/{part}/')}
        assert inside == {name for name in files_below(source / part) if not name.endswith('.pyc')}
    assert {'fra_plugin/.mim/model-index.yml', 'fra_plugin/.mim/dataset-index.yml', 'fra_plugin/models/fra.py'} <= names
    assert not [name for name in names if name.startswith(('tests/', 'tools/', 'configs/'))]


def test_source_archive_builds_the_same_wheel(source, tmp_path):
    setup(source, 'sdist', '--dist-dir', str(tmp_path))
    archive, = tmp_path.glob('*.tar.gz')
    shutil.unpack_archive(archive, tmp_path / 'unpacked')
    unpacked, = (tmp_path / 'unpacked').iterdir()
    setup(unpacked, 'bdist_wheel', '--dist-dir', str(tmp_path / 'again'))
    setup(source, 'bdist_wheel', '--dist-dir', str(tmp_path / 'direct'))
    again, direct = (zipfile.ZipFile(next((tmp_path / name).glob('*.whl'))) for name in ('again', 'direct'))
    assert set(again.namelist()) == set(direct.namelist())


@pytest.mark.parametrize('command', [
    # what pip of today does for `pip install -e .`
    ['-c', "from setuptools import build_meta; build_meta.build_editable('WHEELS')"],
    # what pip before 21.3 does, and a later one without the wheel package
    ['setup.py', '-q', 'develop', '--no-deps', '--install-dir', 'WHEELS'],
], ids=['editable_wheel', 'develop'])
def test_editable_install_links_what_mim_looks_for(source, tmp_path, command):
    command = [part.replace('WHEELS', str(tmp_path)) for part in command]
    subprocess.run([sys.executable, *command], cwd=source, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, PYTHONPATH=str(tmp_path)), timeout=120)
    mim = source / 'fra_plugin' / '.mim'
    assert sorted(os.listdir(mim)) == ['configs', 'dataset-index.yml', 'model-index.yml', 'tools']
    for part in os.listdir(mim):
        assert (mim / part).is_symlink() and (mim / part).resolve() == source / part
    shutil.rmtree(mim)


def test_indexes_name_configs_that_exist():
    index = yaml.safe_load((REPO / 'model-index.yml').read_text())
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
    code = '''
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('mmpose', 'mmdet', 'xtcocotools') or name in ('mmcv._ext', 'mmcv.ops'):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import fra_plugin
from mmpretrain.registry import MODELS
assert MODELS.get('FRA') is not None
'''
    subprocess.run([sys.executable, '-W', 'ignore', '-c', code], cwd=REPO, check=True, timeout=120)


# ---------------------------------------------------------------- doctor

@pytest.fixture
def doctor():
    return load(REPO / 'tools' / 'doctor.py')


def run_doctor(doctor, monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, 'argv', ['doctor.py', *args])
    code = doctor.main()
    return code, capsys.readouterr().out.splitlines()


def test_doctor_finds_this_environment_in_order(doctor, monkeypatch, capsys):
    code, lines = run_doctor(doctor, monkeypatch, capsys)
    assert code == 0, lines
    assert all(line[:3] in ('ok ', '-- ') for line in lines)
    assert any('FRA is registered' in line for line in lines)


def test_doctor_fails_with_what_to_do(doctor, monkeypatch, capsys):
    monkeypatch.setitem(doctor.NEEDED, 'torch', ('90', '91'))
    monkeypatch.setitem(doctor.NEEDED, 'mmcv', ('1', '99'))
    monkeypatch.setattr(doctor.shutil, 'disk_usage', lambda folder: shutil._ntuple_diskusage(10, 10, 0))
    code, lines = run_doctor(doctor, monkeypatch, capsys)
    broken = [line for line in lines if line.startswith('!!')]
    assert code == 1 and len(broken) == 3
    assert 'pip install "torch>=90,<91"' in broken[0] and 'disk' in broken[1] and '--shm-size' in broken[2]


def test_doctor_needs_landmark_packages_only_when_asked(doctor, monkeypatch, capsys):
    monkeypatch.setitem(doctor.LANDMARKS, 'no_such_package', ('1', '2'))
    code, lines = run_doctor(doctor, monkeypatch, capsys)
    assert code == 0 and any(line.startswith('-- no_such_package does not load') for line in lines)
    code, lines = run_doctor(doctor, monkeypatch, capsys, '--all')
    assert code == 1 and any(line.startswith('!! no_such_package does not load') for line in lines)


@pytest.mark.parametrize('version, inside', [
    ('2.1', True), ('2.1.2+cu121', True), ('2.11.0', True), ('2.0.1', False), ('2.12.0', False), ('2.12.0a0', False),
    ('10.0', False)])
def test_versions_are_compared_as_numbers(doctor, version, inside):
    assert doctor.fits(version, ('2.1', '2.12')) is inside


def test_doctor_and_requirements_name_the_same_bounds(doctor):
    names = {'opencv-python': 'cv2'}
    lines = (REPO / 'requirements' / 'base.txt').read_text().splitlines()
    bounds = [re.match(r'([\w-]+)>=([\d.]+),<([\d.]+)$', line) for line in lines if not line.startswith('#')]
    bounds = {names.get(name, name): (low, high) for name, low, high in (match.groups() for match in bounds)}
    assert bounds == {name: doctor.NEEDED[name] for name in bounds} and set(doctor.NEEDED) - set(bounds) == {'mmcv'}


# ---------------------------------------------------------------- set-up

@pytest.fixture
def setup_env(tmp_path, monkeypatch):
    """The module, with a project of its own and steps that only note that they ran."""
    module = load(REPO / 'tools' / 'setup_env.py')
    monkeypatch.setattr(module, 'ROOT', tmp_path)
    files = tmp_path / 'requirements' / 'classic'
    files.mkdir(parents=True)
    for name in ('first', 'second', 'third'):
        (files / f'{name}.txt').write_text('1')
    python = tmp_path / '.venv' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return module


def steps(module, ran, failing=()):
    setup = module.Setup('classic', '')

    def step(name):
        def run():
            ran.append(name)
            if name in failing:
                raise module.SetupError(name)
        return run

    setup.steps = [(name, step(name), [f'{name}.txt']) for name in ('first', 'second', 'third')]
    return setup


def test_second_call_does_nothing(setup_env):
    ran = []
    steps(setup_env, ran).run_all()
    assert ran == ['first', 'second', 'third']
    steps(setup_env, ran).run_all()
    assert len(ran) == 3


def test_call_after_an_interruption_goes_on_with_the_step_cut_short(setup_env):
    ran = []
    with pytest.raises(setup_env.SetupError, match='second'):
        steps(setup_env, ran, failing=['second']).run_all()
    steps(setup_env, ran).run_all()
    assert ran == ['first', 'second', 'second', 'third']


def test_changed_requirement_repeats_its_step_and_what_rests_on_it(setup_env, tmp_path):
    steps(setup_env, []).run_all()
    (tmp_path / 'requirements' / 'classic' / 'second.txt').write_text('2')
    ran = []
    steps(setup_env, ran).run_all()
    assert ran == ['second', 'third']


@pytest.mark.parametrize('message, advice', [
    ("error: [Errno 2] No such file or directory: 'g++'", 'sudo apt install build-essential'),
    ('fatal error: Python.h: No such file or directory', 'sudo apt install python3-dev'),
    ('OSError: [Errno 28] No space left on device', 'disk space'),
    ('c++: fatal error: Killed signal terminated program cc1plus', 'MAX_JOBS=1'),
    ('Failed to establish a new connection: NewConnectionError: Temporary failure in name resolution', 'network'),
    ('something else', 'the log tells more'),
])
def test_failed_step_says_what_to_do(setup_env, capsys, message, advice):
    setup = setup_env.Setup('classic', '')
    setup.label = '[1/1] step'
    with pytest.raises(setup_env.SetupError, match=re.escape(advice)):
        setup.run([sys.executable, '-c', f'print({message!r}); raise SystemExit(1)'])
    assert message in capsys.readouterr().out
    assert message in (setup.folder / setup_env.LOG).read_text()


def test_wrong_python_is_named_with_what_to_do(setup_env):
    with pytest.raises(setup_env.SetupError, match=r'needs Python 2\.6 to 2\.7 with venv; found .*python.*PYTHON=/path'):
        setup_env.find_python('', [(2, 7), (2, 6)])
    assert setup_env.find_python('', [sys.version_info[:2]]) == sys.executable


def test_small_disk_is_said_before_anything_is_made(setup_env, monkeypatch, tmp_path):
    shutil.rmtree(tmp_path / '.venv')
    monkeypatch.setattr(setup_env.shutil, 'disk_usage', lambda folder: shutil._ntuple_diskusage(10**10, 10**10, 10**9))
    with pytest.raises(setup_env.SetupError, match='1.0 GB free'):
        setup_env.Setup('classic', '').make_folder()
    assert not (tmp_path / '.venv').exists()


class Builds:
    """Stands for pip: notes its commands, and decides whether a wheel is found and when the package works."""

    def __init__(self, setup, folder, wheel_fits):
        self.commands, self.setup, self.folder, self.wheel_fits = [], setup, folder, wheel_fits
        self.compiled = False
        setup.pip, setup.works, setup.ask = self.pip, self.works, lambda statement: '3.11-torch2.1.2'

    def pip(self, *options, environment=None, may_fail=False):
        self.commands.append(options[0])
        if options[0] == 'download':
            folder = self.folder / 'mmcv-2.1.0'
            folder.mkdir()
            (folder / 'setup.py').write_text('')
            destination = options[options.index('-d') + 1]
            destination.mkdir(parents=True)
            shutil.make_archive(str(destination / 'mmcv-2.1.0'), 'gztar', self.folder, 'mmcv-2.1.0')
        elif options[0] == 'wheel':
            self.source = options[-1]
            if not self.compiled:
                (self.source / 'half.o').write_text('')
                self.compiled = True
                raise KeyboardInterrupt
            assert (self.source / 'half.o').is_file() and environment['MMCV_WITH_OPS'] == '1'
        return True

    def works(self, name, requirement):
        return self.wheel_fits and '--only-binary' in self.commands


def built_setup(module, tmp_path, monkeypatch, wheel_fits):
    (tmp_path / 'requirements' / 'classic' / 'build.txt').write_text('# comment\nmmcv==2.1.0\n')
    monkeypatch.setattr(module, 'WHEELS', tmp_path / 'wheels')
    setup = module.Setup('classic', '')
    return setup, Builds(setup, tmp_path / 'requirements', wheel_fits)


def test_wheel_that_fits_spares_the_compiling(setup_env, tmp_path, monkeypatch):
    setup, builds = built_setup(setup_env, tmp_path, monkeypatch, wheel_fits=True)
    setup.install_built()
    assert builds.commands == ['--only-binary']


def test_compiling_goes_on_from_what_was_compiled_before_an_interruption(setup_env, tmp_path, monkeypatch):
    setup, builds = built_setup(setup_env, tmp_path, monkeypatch, wheel_fits=False)
    with pytest.raises(KeyboardInterrupt):
        setup.install_built()
    setup.install_built()
    assert builds.commands == ['--only-binary', 'download', 'wheel', '--only-binary', 'wheel', '--no-index']
    assert not builds.source.exists()  # hundreds of megabytes


def test_progress_counts_the_compiler_s_files(setup_env, tmp_path):
    log = tmp_path / 'log'
    log.write_text('Building wheel for mmcv\n  [1/80] c++ a.cpp\n  [17/80] c++ b.cpp\n  warning: unused\n')
    assert setup_env.progress(log, 0) == 'compiled 17 of 80 files'


def test_stamps_are_kept_as_json_and_the_step_list_names_files_that_exist():
    module = load(REPO / 'tools' / 'setup_env.py')
    for name in module.SETS:
        setup = module.Setup(name, '')
        assert len(json.loads(json.dumps(setup.stamps()))) == len(setup.steps)
        for _, _, patterns in setup.steps:
            for pattern in patterns:
                assert list(setup.files.glob(pattern)), (name, pattern)
