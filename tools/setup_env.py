"""Makes, completes or reuses the virtual environment of one tested set of packages: what `make` calls first.

The sets lie in requirements/SET. Each step is stamped with a hash of what it depends on: a second call does nothing, a
call after an interruption goes on with the step that was cut short. Uses the standard library only.
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETS = dict(
    classic=dict(folder='.venv', pythons=[(3, 11), (3, 10), (3, 9), (3, 8)], gigabytes=12),
    modern=dict(folder='.venv-modern', pythons=[(3, 12), (3, 11), (3, 10)], gigabytes=14))
STAMPS = 'fra_setup.json'
LOG = 'fra_setup.log'
# Wheels built here, by Python and torch: another environment of the same set need not compile again.
WHEELS = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'fra_plugin' / 'wheels'
# What is imported to see that a package's compiled part loads.
COMPILED = {'mmcv': 'mmcv.ops', 'onedl-mmcv': 'mmcv.ops', 'xtcocotools': 'xtcocotools.mask'}
# What the log of a step that failed says, and what to do about it. The first that fits is shown.
ADVICE = [
    (r'No space left on device|Disk quota exceeded', 'free some disk space (`make doctor` shows how much there is)'),
    (r'Python\.h: No such file', 'install the headers of Python: sudo apt install python3-dev'),
    (r"(gcc|g\+\+|c\+\+|cc)['\"]?:? (not found|No such file|failed: No such file)|command '.*(gcc|g\+\+|cc).*' failed: No"
     r"|which: no g\+\+|Unable to find .*compiler|No such file or directory: '(c\+\+|g\+\+|gcc|cc)'",
     'install a C++ compiler: sudo apt install build-essential python3-dev'),
    (r'Killed signal|Killed\b.*cc1plus|std::bad_alloc|MemoryError', 'the compiler ran out of memory: try again with MAX_JOBS=1 in front'),
    (r'ensurepip is not available|No module named (venv|ensurepip)', 'install venv: sudo apt install python3-venv'),
    (r'NewConnectionError|name resolution|Network is unreachable|Read timed out|ConnectTimeout|ProxyError|SSLError',
     'the package index cannot be reached: check the network (pip.conf, HTTPS_PROXY) and call again, it goes on from here'),
    (r'No matching distribution found|Could not find a version', 'the package index has no fitting file: check the index '
     'that pip uses (`pip config list`), and that this is 64-bit Linux'),
]


class SetupError(Exception):
    """Something that the person at the keyboard has to mend; the message says how."""


def find_python(wanted: str, versions: list) -> str:
    """The interpreter that was asked for, else this one, else one on PATH, of one of the versions and with venv."""
    probe = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'
    names = [wanted] if wanted else [sys.executable] + ['python%d.%d' % version for version in versions]
    answers = []
    for name in names:
        path = shutil.which(name)
        if path is None:
            continue
        done = subprocess.run([path, '-c', probe], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        answer = done.stdout.strip() if done.returncode == 0 else (done.stderr.strip().splitlines() or ['no answer'])[-1]
        if done.returncode == 0 and tuple(map(int, answer.split('.'))) in versions:
            return path
        answers.append('%s: %s' % (name, answer))
    oldest, newest = min(versions), max(versions)
    raise SetupError('this set needs Python %d.%d to %d.%d with venv; found %s. Install one (sudo apt install python3 '
                     'python3-venv python3-dev, or pyenv, conda, uv) and name it: make ... PYTHON=/path/to/python%d.%d' %
                     (*oldest, *newest, '; '.join(answers) or 'none', *newest))


def build_environment() -> dict:
    """For compiling mmcv: with ops, for the CPU (no CUDA toolkit is asked for), on all cores that the memory allows."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    jobs = max(1, min(len(os.sched_getaffinity(0)), int(memory / 1.5)))
    environment = dict(os.environ, MMCV_WITH_OPS='1', FORCE_CUDA='0', CUDA_VISIBLE_DEVICES='')
    environment.setdefault('MAX_JOBS', str(jobs))
    return environment


class Setup:
    """The steps in their order. Each is a method that returns nothing and raises SetupError."""

    def __init__(self, name: str, python: str):
        self.name = name
        self.set = SETS[name]
        self.folder = ROOT / self.set['folder']
        self.files = ROOT / 'requirements' / name
        self.wanted = python
        self.python = self.folder / 'bin' / 'python'
        self.steps = [
            ('virtual environment', self.make_folder, []),
            ('installer', self.install_pip, ['pip.txt']),
            ('packages (torch is 2 GB)', self.install_packages, ['packages.txt', '../tools.txt', '../test.txt', 'lock-*.txt']),
            ('mmcv with its ops', self.install_built, ['build.txt']),
            ('mmdet and mmpose', self.install_without_dependencies, ['no_deps.txt']),
            ('fra_plugin', self.install_project, ['../../setup.py']),
            ('check', self.check, []),
        ]

    def stamps(self) -> list:
        """One hash a step; each also covers the steps before it, so that what rests on a changed step is done again."""
        digest, stamps = hashlib.sha256(str(ROOT).encode()), []
        for name, _, patterns in self.steps:
            digest.update(name.encode())
            for pattern in patterns:
                for path in sorted(self.files.glob(pattern)):
                    digest.update(path.read_bytes())
            stamps.append(digest.hexdigest())
        return stamps

    def run_all(self) -> None:
        stamps = self.stamps()
        path = self.folder / STAMPS
        done = json.loads(path.read_text()) if path.is_file() and self.python.exists() else []
        first = next((i for i, stamp in enumerate(stamps) if i >= len(done) or done[i] != stamp), len(stamps))
        if first == len(stamps):
            return
        print('Setting up %s (set %s); the log is %s' % (self.folder, self.name, self.folder / LOG), flush=True)
        for i in range(first, len(stamps)):
            self.label = '[%d/%d] %s' % (i + 1, len(stamps), self.steps[i][0])
            self.show(self.label + ' ...', end='' if sys.stdout.isatty() else '\n')
            start = time.monotonic()
            self.steps[i][1]()
            self.show('%s: done in %s' % (self.label, clock(time.monotonic() - start)), end='\n')
            part = path.with_suffix('.part')
            part.write_text(json.dumps(stamps[:i + 1]))
            os.replace(part, path)

    def make_folder(self) -> None:
        free = shutil.disk_usage(ROOT).free / 1e9
        if not self.python.exists() and free < self.set['gigabytes']:
            raise SetupError('%.1f GB free under %s, the set needs %d' % (free, ROOT, self.set['gigabytes']))
        if not self.python.exists():
            python = find_python(self.wanted, self.set['pythons'])
            shutil.rmtree(self.folder, ignore_errors=True)  # a half-made one
            self.folder.mkdir()
            self.run([python, '-m', 'venv', str(self.folder)])

    def install_pip(self) -> None:
        self.pip('-r', self.files / 'pip.txt')

    def install_packages(self) -> None:
        lock = self.files / ('lock-%s.txt' % self.ask('import sys; print("%d.%d" % sys.version_info[:2])'))
        self.pip('-r', self.files / 'packages.txt', *(['-c', lock] if lock.is_file() else []))
        if not self.imports('import cv2'):
            # A machine without a desktop lacks libGL; the headless wheel holds the same module without windows.
            version = self.ask('from importlib.metadata import version; print(version("opencv-python"))')
            self.pip('--no-deps', '--force-reinstall', 'opencv-python-headless==' + version)

    def install_built(self) -> None:
        """A wheel where pip finds one (PIP_FIND_LINKS names a page or folder of them), or the one built here before, else
        built from source, in a folder that stays until it is done: what was compiled before an interruption is kept."""
        version = self.ask('import sys, torch; print("%d.%d-torch%s" % (*sys.version_info[:2], torch.__version__))')
        wheels = WHEELS / version
        options = ['--no-deps', '--find-links', wheels]
        for requirement in requirement_lines(self.files / 'build.txt'):
            name = requirement.split('==')[0]
            if self.works(name, requirement):
                continue
            wheels.mkdir(parents=True, exist_ok=True)
            if self.pip('--only-binary', ':all:', '--force-reinstall', *options, requirement, may_fail=True) and self.works(
                    name, requirement):
                continue
            self.pip('wheel', '--no-deps', '--no-build-isolation', '--use-pep517', '-v', '-w', wheels, self.source(requirement),
                     environment=build_environment())
            self.pip('--no-index', '--force-reinstall', *options, requirement)
            shutil.rmtree(self.folder / 'src')

    def source(self, requirement: str) -> Path:
        """The unpacked source archive of a package, fetched if it is not there yet."""
        folder = self.folder / 'src' / requirement
        if not folder.is_dir():
            fetched = self.folder / 'src' / 'fetched'
            shutil.rmtree(fetched, ignore_errors=True)
            self.pip('download', '--no-deps', '--no-build-isolation', '--no-binary', ':all:', '-d', fetched, requirement)
            archive, = fetched.iterdir()
            shutil.unpack_archive(str(archive), str(fetched))
            archive.unlink()
            unpacked, = fetched.iterdir()
            unpacked.rename(folder)
        return folder

    def works(self, name: str, requirement: str) -> bool:
        """Whether this very version is installed and its compiled part loads: a wheel may be made for another torch."""
        return self.imports('from importlib.metadata import version; assert "%s==" + version("%s") == "%s"; import %s' %
                            (name, name, requirement, COMPILED[name]))

    def install_without_dependencies(self) -> None:
        self.pip('--no-deps', '-r', self.files / 'no_deps.txt')

    def install_project(self) -> None:
        self.pip('--no-deps', '--no-build-isolation', '-e', ROOT)

    def check(self) -> None:
        self.show('', end='')
        if subprocess.call([str(self.python), str(ROOT / 'tools' / 'doctor.py'), '--all']):
            raise SetupError('the environment is made, but does not work as it is: see the lines above')

    def imports(self, statement: str) -> bool:
        return subprocess.call([self.python, '-c', statement], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0

    def ask(self, statement: str) -> str:
        return subprocess.check_output([self.python, '-c', statement], text=True).strip()

    def pip(self, *options, environment=None, may_fail=False) -> bool:
        """`pip install` with these options, or another command of pip if the first one is its name."""
        command = [] if options[0] in ('wheel', 'download') else ['install']
        command = [self.python, '-m', 'pip', '--disable-pip-version-check', *command, *options, '--progress-bar', 'off']
        return self.run([str(part) for part in command], environment, may_fail)

    def run(self, command: list, environment=None, may_fail=False) -> bool:
        """Runs into the log file, and says every now and then that it is alive and how far it is."""
        log = self.folder / LOG
        with open(log, 'ab') as file:
            file.write(('\n$ %s\n' % ' '.join(command)).encode())
            file.flush()
            begin = file.tell()
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)
        start, shown = time.monotonic(), 0.
        pause = 1. if sys.stdout.isatty() else 30.
        while process.poll() is None:
            time.sleep(0.2)
            elapsed = time.monotonic() - start
            if elapsed - shown >= pause:
                shown = elapsed
                self.show('%s: %s %s' % (self.label, clock(elapsed), progress(log, begin)),
                          end='' if sys.stdout.isatty() else '\n')
        if process.returncode and not may_fail:
            text = read_from(log, begin)
            advice = next((advice for pattern, advice in ADVICE if re.search(pattern, text)), 'the log tells more')
            self.show('', end='\n')
            print('\n'.join('    ' + line[:200] for line in text.strip().splitlines()[-12:]), flush=True)
            raise SetupError('%s failed (log: %s). What to do: %s' % (self.label, log, advice))
        return not process.returncode

    @staticmethod
    def show(text: str, end: str) -> None:
        if sys.stdout.isatty():
            text = '\r\033[K' + text[:shutil.get_terminal_size().columns - 1]
        elif not text:
            return
        print(text, end=end, flush=True)


def requirement_lines(path: Path) -> list:
    return [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith('#')]


def clock(seconds: float) -> str:
    return '%d:%02d' % divmod(int(seconds), 60)


def read_from(path: Path, begin: int) -> str:
    with open(path, 'rb') as file:
        file.seek(begin)
        return file.read().decode(errors='replace')


def progress(path: Path, begin: int) -> str:
    """The compiler's count of files (ninja's) if there is one, else what pip is at."""
    lines = read_from(path, begin).splitlines()
    for line in reversed(lines):
        match = re.match(r'\s*\[(\d+)/(\d+)\]', line)
        if match:
            return 'compiled %s of %s files' % match.groups()
        match = re.match(r'\s*((Collecting|Downloading|Building wheel)\b.*|Installing collected packages)', line)
        if match:
            return match.group().strip()[:80]
    return ''


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--stack', choices=sorted(SETS), default='classic', help='which tested set of packages')
    parser.add_argument('--python', default='', help='interpreter to make the environment with')
    args = parser.parse_args()
    try:
        Setup(args.stack, args.python).run_all()
    except SetupError as error:
        print('error: %s' % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nStopped; the next call goes on from the step that was cut short.', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
