"""Says in one line each what this machine has and lacks for training: `ok`, `--` (goes without) or `!!` and what to do.

Exit code 0 when nothing has to be done, 1 when a line starts with `!!`. With --all, mmpose (landmarks) is needed too.
"""

import argparse
import contextlib
import importlib
import io
import re
import shutil
import sys
import warnings
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = '>=3.8,<3.14'
# Where the name of the module is another one than that of the package.
MODULES = {'opencv-python': 'cv2', 'setuptools': 'pkg_resources'}


def fits(found: str, bounds: str) -> bool:
    """Whether a version is within '>=2.1,<2.15'; what follows its numbers ('+cu121', 'a0') doesn't count."""

    def numbers(text: str) -> list:
        return [int(number) for number in re.match(r'[\d.]*', text).group().strip('.').split('.')]

    low, high = re.search(r'>=([\d.]+)', bounds), re.search(r'<([\d.]+)', bounds)
    return (not low or numbers(low[1]) <= numbers(found)) and (not high or numbers(found) < numbers(high[1]))


def reason(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def check_python() -> tuple:
    found = sys.version.split()[0]
    if not fits(found, PYTHON):
        return '!!', f'Python {found} is outside the tested {PYTHON}: make the environment with another one'
    return 'ok', f'Python {found}'


def requirements() -> list:
    """Lines such as 'torch>=2.1,<2.15', of a checkout or of the installed package."""
    path = ROOT / 'requirements' / 'base.txt'
    lines = path.read_text().splitlines() if path.is_file() else requires('fra_plugin') or []
    return [line.replace(' ', '') for line in lines if line and line[0] != '#' and 'extra ==' not in line]


def check_package(requirement: str, missing: str = '!!') -> tuple:
    """Imports it: what is installed but does not load is no better than what is not there."""
    name = re.match(r'[\w-]+', requirement).group()
    try:
        module = importlib.import_module(MODULES.get(name, name))
        found = getattr(module, '__version__', None) or version(name)
    except Exception as error:  # a broken binary or a version check of the package can raise anything
        hint = 'opencv-python-headless' if 'libGL' in str(error) else requirement
        return missing, f'{name} does not load ({reason(error)}): pip install "{hint}"'
    if not fits(found, requirement):
        return '!!', f'{name} {found} is outside the tested bounds: pip install "{requirement}"'
    return 'ok', f'{name} {found}'


def check_mmcv() -> tuple:
    mark, text = check_package('mmcv>=2.1.0,<2.3')
    return mark, text.replace('pip install "mmcv>', 'pip install "mmcv-lite>')


def check_torchvision() -> tuple:
    try:
        import torch
        from torchvision.ops import nms

        nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5)
    except Exception as error:
        return '!!', f'torchvision was built for another torch ({reason(error)}): install the two together'
    return 'ok', 'torchvision fits torch'


def check_fra_plugin() -> tuple:
    try:
        from mmpretrain.registry import MODELS

        import fra_plugin

        found = MODELS.get('FRA') is not None
    except Exception as error:
        return '!!', f'fra_plugin does not load ({reason(error)}): pip install {ROOT}'
    if not found:
        return '!!', f'{fra_plugin.__file__} registers no FRA in mmpretrain: another package of this name is in the way'
    if not (Path(fra_plugin.__file__).parent / '.mim' / 'configs').is_dir():
        return '--', f'fra_plugin is not installed: mim does not find its configs (pip install {ROOT})'
    return 'ok', f'fra_plugin {fra_plugin.__version__} ({Path(fra_plugin.__file__).parent})'


def check_mmpose(missing: str) -> tuple:
    try:
        import mmpose.apis  # noqa: F401

        import fra_plugin.landmark  # noqa: F401
    except Exception as error:
        return missing, (
            f'no landmarks: mmpose does not load ({reason(error)}): pip install "fra_plugin[mmpose]", then '
            'pip install --no-deps mmpose==1.3.2'
        )
    return 'ok', f'mmpose {version("mmpose")}'


def check_gpus() -> tuple:
    try:
        import torch

        if not torch.cuda.is_available():
            return '--', 'no GPU for this torch: training runs on the CPU, which is enough for the demo'
        gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        torch.zeros(1, device='cuda').add_(1).item()
    except Exception as error:
        return '!!', f'the GPU does not work with this torch ({reason(error)}): check driver and torch build'
    return 'ok', 'GPU: ' + ', '.join(f'{gpu.name} ({gpu.total_memory / 1e9:.0f} GB)' for gpu in gpus)


def check_space(folder: str, what: str, least: float, advice: str) -> tuple:
    try:
        free = shutil.disk_usage(folder).free / 1e9
    except OSError:
        return '--', f'{what} ({folder}): none here'
    if free < least:
        return '!!', f'{what} ({folder}): {free:.1f} GB free, less than {least:g}: {advice}'
    return 'ok', f'{what} ({folder}): {free:.1f} GB free'


def checks(landmarks: bool):
    """All checks, in the order in which they rest on each other."""
    yield check_python()
    try:
        yield from map(check_package, requirements())
    except PackageNotFoundError:
        yield '!!', 'fra_plugin is not installed'
    yield check_mmcv()
    yield check_torchvision()
    yield check_fra_plugin()
    yield check_mmpose('!!' if landmarks else '--')
    yield check_gpus()
    yield check_space('.', 'disk', 2, 'checkpoints of a ResNet-50 take 0.6 GB each')
    yield check_space(
        '/dev/shm', 'shared memory', 0.25, 'data workers need it (docker: --shm-size=8g), or num_workers=0'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--all', action='store_true', help='mmpose (landmarks) is needed too')
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    marks, terminal = set(), sys.stdout
    with contextlib.redirect_stdout(io.StringIO()):  # some packages print when they are imported
        for mark, text in checks(args.all):
            print(mark, ' '.join(text.split()), file=terminal, flush=True)
            marks.add(mark)
    return 1 if '!!' in marks else 0


if __name__ == '__main__':
    sys.exit(main())
