"""Makes the virtual environment that `make` uses, or completes or replaces it; does nothing where it is as it should be.

A set of packages is a folder of requirement files: requirements/ (wheels only), or requirements/classic/ with mmcv's
operators, which are compiled here once. Uses the standard library only, and uv instead of pip where uv is installed.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Folder of the environment, folder of its requirements, the Pythons that it was tested with, free space that it takes.
SETS = dict(
    wheels=('.venv', 'requirements', [(3, 11), (3, 12), (3, 13), (3, 10), (3, 9)], 8),
    classic=('.venv-classic', 'requirements/classic', [(3, 11), (3, 10), (3, 9), (3, 8)], 12),
)
# In the environment: what it was made with and where, the hash of all that a complete one rests on, and the log.
MADE, COMPLETE, LOG = 'fra_setup.made', 'fra_setup.complete', 'fra_setup.log'
# Where compiled wheels are kept: another environment need not compile them again.
WHEELS = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'fra_plugin' / 'wheels'
# What the log of a failed step says, and what to do. The first that fits is shown.
ADVICE = [
    (r'No space left on device|Disk quota exceeded', 'free some disk space'),
    (r'ensurepip is not available|No module named (venv|ensurepip)', 'sudo apt install python3-venv'),
    (
        r'No matching distribution found|Could not find a version|ResolutionImpossible|No solution found',
        'the package index that you use (`pip config list`) lacks a fitting file; the set is tested on 64-bit Linux',
    ),
    (
        r'Connection|name resolution|unreachable|timed out|ProxyError|SSLError|error sending request|dns error',
        'check the network (pip.conf, HTTPS_PROXY), then call again: it goes on from here',
    ),
    (r'Killed|bad_alloc|MemoryError', 'not enough memory: call again with MAX_JOBS=1 in front'),
    (
        r"Python\.h|No such file or directory: '(c\+\+|g\+\+|gcc|cc)'|(gcc|g\+\+|c\+\+|cc)['\"]?:? (not found|failed)",
        'this set compiles mmcv: sudo apt install build-essential python3-dev',
    ),
]


class SetupError(Exception):
    """Something that the person at the keyboard has to mend; the message says how."""


def ask(python, statement: str) -> str:
    """What an interpreter answers; an OSError or CalledProcessError if it doesn't."""
    return subprocess.run(
        [str(python), '-c', statement], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
    ).stdout.strip()


def identity(python) -> str:
    """'3.11 /usr' for an interpreter and for the environments made with it; '' for what is none, or has no venv."""
    try:
        return ask(python, 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2], sys.base_prefix)')
    except (OSError, subprocess.CalledProcessError):
        return ''


def read(path: Path) -> str:
    return path.read_text() if path.is_file() else ''


def version(found: str) -> tuple:
    return tuple(int(number) for number in re.findall(r'\d+', found)[:2])


def find_python(wanted: str, versions: list) -> str:
    """The interpreter that was asked for, or else this one or one on PATH, if it is of one of the versions."""
    names = [wanted] if wanted else [sys.executable] + [f'python3.{minor}' for _, minor in versions]
    for name in names:
        if version(identity(name)) in versions:
            return name
    found = identity(names[0]).split(' ')[0] or 'no Python with venv'
    raise SetupError(
        f'needs Python 3.{min(versions)[1]} to 3.{max(versions)[1]} with venv, found {names[0]}: {found}; install one '
        '(sudo apt install python3 python3-venv, or conda, pyenv, uv) and name it: make ... PYTHON=/path/to/python'
    )


class Environment:
    """One set of packages in its folder."""

    def __init__(self, name: str, lock):
        folder, requirements, self.versions, self.gigabytes = SETS[name]
        self.folder, self.requirements, self.lock = ROOT / folder, ROOT / requirements, lock
        self.python = self.folder / 'bin' / 'python'
        self.uv = shutil.which('uv')

    def made(self) -> str:
        """Also where: the scripts of an environment name the place."""
        found = identity(self.python)
        return f'{found} in {self.folder}' if found else ''

    def rests_on(self) -> str:
        digest = hashlib.sha256(Path(__file__).read_bytes())
        for folder in sorted({self.requirements, ROOT / 'requirements'}):
            for path in sorted(folder.glob('*.txt')) + [ROOT / 'setup.py']:
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def make(self, wanted: str) -> None:
        python = find_python(wanted, self.versions) if wanted else ''
        exists = self.made() and read(self.folder / MADE) == self.made()
        another = exists and wanted and identity(python) != identity(self.python)
        if exists and not another and read(self.folder / COMPLETE) == self.rests_on():
            return
        if another:
            print(
                f'{self.folder} was made with Python {identity(self.python)}; it is made anew with {python}', flush=True
            )
        if another or not exists:
            self.make_folder(python or find_python('', self.versions))
        print(f'Setting up {self.folder}; the log is {self.folder / LOG}', flush=True)
        (self.folder / COMPLETE).write_text('')  # until it is: a step that fails may leave anything
        self.step('packages (torch alone takes a minute or more)', self.install_packages)
        if (self.requirements / 'build.txt').is_file():
            self.step('mmcv with its operators', self.install_compiled)
        self.step('mmpose and fra_plugin', self.install_project)
        if subprocess.call([str(self.python), str(ROOT / 'tools' / 'doctor.py'), '--all']):
            raise SetupError('the environment is made, but does not work as it is: see the lines above')
        (self.folder / COMPLETE).write_text(self.rests_on())

    def step(self, label: str, work) -> None:
        self.label, start = label, time.monotonic()
        print(label, '...', flush=True)
        work()
        print(f'{label}: done in {time.monotonic() - start:.0f} s', flush=True)

    def make_folder(self, python: str) -> None:
        if self.folder.is_dir():
            names = os.listdir(str(self.folder))
            if names and not {MADE, 'fra_setup.json'} & set(names):  # the latter is what earlier versions left
                raise SetupError(f'{self.folder} was not made by this set-up: move it away, or work in it without make')
            shutil.rmtree(str(self.folder))
        free = shutil.disk_usage(str(ROOT)).free / 1e9
        if free < self.gigabytes:
            raise SetupError(f'{free:.1f} GB free under {ROOT}; the set needs {self.gigabytes}')
        print(f'Making {self.folder} with {python}', flush=True)
        self.folder.mkdir()
        (self.folder / MADE).write_text('')
        self.label = 'virtual environment'
        self.run([python, '-m', 'venv', self.folder])
        (self.folder / MADE).write_text(self.made())

    def install_packages(self) -> None:
        self.pip('-r', self.requirements / 'environment.txt', '-c', self.requirements / 'lock.txt')
        if subprocess.call([str(self.python), '-c', 'import cv2'], stderr=subprocess.DEVNULL):
            # A machine without a desktop may lack libGL; the headless wheel holds the same module without windows.
            same = ask(self.python, 'from importlib.metadata import version; print(version("opencv-python"))')
            self.pip('--no-deps', '--force-reinstall', 'opencv-python-headless==' + same)

    def install_compiled(self) -> None:
        """From a wheel made here before, or else from one that PIP_FIND_LINKS leads to or that is compiled now."""
        name = (self.requirements / 'build.txt').read_text().splitlines()[-1]
        tag = ask(self.python, 'import sys, torch; print("%d.%d-torch%s" % (*sys.version_info[:2], torch.__version__))')
        memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
        jobs = max(1, min(len(os.sched_getaffinity(0)), int(memory / 1.5)))
        os.environ.update(MMCV_WITH_OPS='1', FORCE_CUDA='0', MAX_JOBS=os.environ.get('MAX_JOBS', str(jobs)))
        if not list((WHEELS / tag).glob(name.replace('==', '-') + '-*.whl')):
            self.run([self.python, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '-w', WHEELS / tag, name])
        self.pip('--no-deps', '--no-index', '--find-links', WHEELS / tag, name)

    def install_project(self) -> None:
        self.pip('--no-deps', '-r', self.requirements / 'no_deps.txt')
        self.pip('--no-deps', '--no-build-isolation', '-e', ROOT)
        # mim looks for a package beside its metadata only, where an editable install has nothing.
        link = Path(ask(self.python, 'import sysconfig; print(sysconfig.get_path("purelib"))')) / 'fra_plugin'
        if not os.path.lexists(str(link)):
            link.symlink_to(ROOT / 'fra_plugin')

    def pip(self, *options) -> None:
        """Installs, by uv if it is installed and able (it reads other settings than pip), or else by pip."""
        if self.uv:
            if self.run([self.uv, 'pip', 'install', '--python', self.python, *options], may_fail=True):
                return
            print('uv could not do it (the log tells why); going on with pip', flush=True)
            self.uv = None
        self.run(
            [self.python, '-m', 'pip', '--disable-pip-version-check', 'install', *options, '--progress-bar', 'off']
        )

    def run(self, command: list, may_fail: bool = False) -> bool:
        """Runs into the log, shows every now and then how far it is, and returns whether it ended well."""
        command = [str(part) for part in command]
        with open(str(self.folder / LOG), 'a+') as log:
            log.write(f'\n$ {" ".join(command)}\n')
            log.flush()
            begin = log.tell()
            # It holds the lock too: where only this process is killed, the next call waits until the command ends.
            process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, pass_fds=[self.lock.fileno()]
            )
            start = time.monotonic()
            while True:
                try:
                    code = process.wait(timeout=20)
                    break
                except subprocess.TimeoutExpired:
                    log.seek(begin)
                    last = (log.read().strip().splitlines() or [''])[-1]
                    print(f'  {time.monotonic() - start:.0f} s: {last.strip()[:90]}', flush=True)
            log.seek(begin)
            said = log.read()
        if code and not may_fail:
            advice = next((advice for pattern, advice in ADVICE if re.search(pattern, said)), 'the log tells more')
            print('\n'.join(said.strip().splitlines()[-12:]), file=sys.stderr)
            raise SetupError(f'{self.label} failed. What to do: {advice} (log: {self.folder / LOG})')
        return code == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--stack', choices=sorted(SETS), default='wheels', help='which tested set of packages')
    parser.add_argument('--python', default='', help='interpreter to make the environment with')
    args = parser.parse_args()
    folder = SETS[args.stack][0]
    try:
        with open(str(ROOT / (folder + '.lock')), 'w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f'Another call is setting up {folder}; waiting for it', flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            Environment(args.stack, lock).make(args.python)
    except SetupError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nStopped; the next call goes on.', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
