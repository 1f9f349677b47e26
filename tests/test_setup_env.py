"""The set-up behind make, on a tiny project of its own with packages that the test makes; no index is asked."""

import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
import zipfile  # noqa: F401
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
SETUP = runpy.run_path(str(REPO / 'tools/setup_env.py'))
# Builds the editable wheel of the tiny project without setuptools, which a new environment may lack.
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    write_wheel(folder, 'fra_plugin', '0.1.0', {'fra_plugin.pth': ''})
    return 'fra_plugin-0.1.0-py3-none-any.whl'
"""
WRITE_WHEEL = """
def write_wheel(folder, name, version, files):
    info = f'{name}-{version}.dist-info'
    files = dict(files, **{
        f'{info}/METADATA': f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n',
        f'{info}/WHEEL': 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',
        f'{info}/RECORD': ''})
    with zipfile.ZipFile(f'{folder}/{name}-{version}-py3-none-any.whl', 'w') as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
"""
exec(WRITE_WHEEL)


class Project:
    """A checkout in a folder with a blank, whose set is made of tiny packages."""

    def __init__(self, root: Path) -> None:
        self.root, self.wheels = root / 'a checkout', root / 'wheels'
        (self.root / 'tools').mkdir(parents=True)
        self.wheels.mkdir()
        shutil.copy(REPO / 'Makefile', self.root)
        shutil.copy(REPO / 'tools/setup_env.py', self.root / 'tools')
        (self.root / 'tools/doctor.py').write_text('import torch, mmpose\nprint("ok", torch.__name__)\n')
        (self.root / 'setup.py').write_text('')
        (self.root / 'backend.py').write_text(BACKEND + WRITE_WHEEL)
        (self.root / 'pyproject.toml').write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        )
        (self.root / 'requirements').mkdir()
        self.require('torch==1', 'opencv-python')
        self.write('lock.txt', 'torch==1\nopencv-python==4\nnvidia-made-up==7\n')
        self.write('no_deps.txt', 'mmpose==1\n')
        for name, version, module, text in [
            ('torch', '1', 'torch', ''),
            ('torch', '2', 'torch', ''),
            ('mmpose', '1', 'mmpose', ''),
            ('tqdm', '1', 'tqdm', ''),
            ('opencv_python', '4', 'cv2', 'raise ImportError("libGL.so.1: cannot open shared object file")'),
            ('opencv_python_headless', '4', 'cv2', ''),
        ]:
            write_wheel(self.wheels, name, version, {f'{module}.py': text})  # noqa: F821
        (root / 'bin').mkdir()
        (root / 'bin/python3').symlink_to(sys.executable)
        self.environment = dict(
            PATH=f'{self.root.parent}/bin:/usr/bin:/bin',
            HOME=str(root),
            PIP_NO_INDEX='1',
            PIP_FIND_LINKS=str(self.wheels),
            PIP_CONFIG_FILE=os.devnull,
            LANG='C.UTF-8',
        )

    def write(self, name: str, text: str) -> None:
        (self.root / 'requirements' / name).write_text(text)

    def require(self, *lines: str) -> None:
        self.write('environment.txt', '\n'.join(lines) + '\n')

    def start(self, python: str = '') -> subprocess.Popen:
        return subprocess.Popen(
            ['make', 'env', *([f'PYTHON={python}'] if python else [])],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(
                signal.SIGINT, signal.SIG_DFL
            ),  # ignored where tests run in the background
        )

    def make(self, python: str = '', fails: bool = False) -> str:
        process = self.start(python)
        output = process.communicate(timeout=250)[0]
        assert (process.returncode != 0) is fails, output
        return output

    def packages(self) -> dict:
        found = (path.name[: -len('.dist-info')].split('-') for path in self.root.glob('.venv/lib/*/*/*.dist-info'))
        return {name: version for name, version in found if name not in ('pip', 'setuptools')}


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    """With the environment that two calls at the same time have made."""
    project = Project(tmp_path_factory.mktemp('setup'))
    calls = [project.start(), project.start()]
    project.outputs = [call.communicate(timeout=250)[0] for call in calls]
    assert [call.returncode for call in calls] == [0, 0], project.outputs
    return project


def test_two_calls_at_once_make_one_environment(project):
    first, second = sorted(project.outputs, key=lambda output: 'waiting' in output)
    assert 'Making' in first and 'ok torch' in first
    assert 'Another call is setting up .venv; waiting for it' in second and 'Making' not in second
    assert set(project.packages()) == {'torch', 'mmpose', 'opencv_python', 'opencv_python_headless', 'fra_plugin'}
    assert project.make() == ''  # nothing to do, nothing to say


def test_headless_opencv_takes_the_place_of_one_that_does_not_load(project):
    assert project.packages()['opencv_python_headless'] == '4'


def test_changed_requirement_is_installed_at_the_next_call(project):
    project.require('torch==1', 'opencv-python', 'tqdm')
    project.make()
    assert project.packages()['tqdm'] == '1'


def test_failed_step_shows_its_last_lines_and_what_to_do_and_the_next_call_goes_on(project):
    project.require('torch==1', 'no-such-package')
    *lines, last = [line for line in project.make(fails=True).splitlines() if not line.startswith('make:')]
    assert any('no-such-package' in line for line in lines)
    assert last.startswith('error: packages') and 'What to do: the package index' in last and 'fra_setup.log' in last
    project.require('torch==1', 'opencv-python')
    assert 'ok torch' in project.make()


def another_python() -> str:
    """Of another version, or installed in another place."""
    names = ['/usr/bin/python3', *map(str, Path.home().glob('.pyenv/versions/3.*/bin/python3'))]
    names += [f'python3.{minor}' for minor in range(9, 14)]
    for name in names:
        found = SETUP['identity'](name)
        if (
            found not in ('', SETUP['identity'](sys.executable))
            and SETUP['version'](found) in SETUP['SETS']['wheels'][2]
        ):
            return shutil.which(name)
    return pytest.skip('only one Python from 3.9 to 3.13 here')


def test_another_python_that_is_asked_for_is_taken_also_after_an_interruption(project):
    python = another_python()
    os.mkfifo(project.root / 'requirements/endless')
    project.require('torch==1', 'opencv-python', '-r endless')  # pip waits here for somebody to write into it
    log = project.root / '.venv' / SETUP['LOG']
    log.unlink()
    call = project.start(python)
    while call.poll() is None and ' install -r ' not in (log.read_text() if log.is_file() else ''):
        time.sleep(0.02)
    os.killpg(call.pid, signal.SIGINT)  # as Ctrl-C does
    output = call.communicate(timeout=250)[0]
    project.require('torch==1', 'opencv-python')
    assert call.returncode != 0 and 'it is made anew with' in output and 'the next call goes on' in output
    output = project.make(python)
    assert 'made anew' not in output and 'ok torch' in output
    assert SETUP['identity'](project.root / '.venv/bin/python') == SETUP['identity'](python)
    assert project.make(python) == '' and project.make() == ''  # without PYTHON, what is there stays


def test_python_that_does_not_fit_is_refused_and_the_environment_stays(project, tmp_path):
    (tmp_path / 'python2').write_text(f'#!/bin/sh\n[ "$1" = -c ] && echo 2.7 /usr || exec {sys.executable} "$@"\n')
    (tmp_path / 'python2').chmod(0o755)
    output = project.make(str(tmp_path / 'python2'), fails=True)
    assert 'error: needs Python 3.9 to 3.13 with venv, found' in output and 'python2: 2.7' in output
    assert project.packages()['mmpose'] == '1'


def test_environment_of_the_users_own_is_left_alone(project):
    ours, own = project.root / '.venv', project.root / '.venv/own.txt'
    ours.rename(project.root / 'ours')
    ours.mkdir()
    own.write_text('mine')
    assert 'was not made by this set-up: move it away' in project.make(fails=True)
    assert own.read_text() == 'mine'
    shutil.rmtree(ours)
    (project.root / 'ours').rename(ours)
    assert project.make() == ''


def test_moved_checkout_makes_its_environment_anew(project):
    moved = project.root.parent / 'moved'
    project.root.rename(moved)
    project.root = moved
    assert 'Making' in project.make()
    assert str(moved) in (moved / '.venv/bin/activate').read_text()
