"""Says in one line each what this machine has and lacks for training: `ok`, `--` (goes without) or `!!` and what to do.

Exit code 0 when nothing has to be done, 1 when a line starts with `!!`. With --all, landmarks (mmcv's ops, mmdet, mmpose)
are needed too.
"""
import argparse
import contextlib
import importlib
import io
import os
import shutil
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ('3.8', '3.13')
# Tested bounds, lower inclusive and upper exclusive, by the name that is imported.
NEEDED = dict(
    numpy=('1.24', '2.4'), cv2=('4.6', '5'), torch=('2.1', '2.12'), torchvision=('0.16', '0.27'),
    mmengine=('0.10.4', '0.11'), mmcv=('2.1.0', '2.4'), mmpretrain=('1.2.0', '1.4'))
LANDMARKS = dict(mmdet=('3.2.0', '3.6'), xtcocotools=('1.14', '2'), mmpose=('1.3.0', '1.4'))
GIGABYTE = 1e9


def parts(version: str) -> tuple:
    """'2.1.2+cu121' as (2, 1, 2): numbers up to the first part that is none."""
    numbers = []
    for part in version.split('+')[0].split('.'):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def fits(version: str, bounds: tuple) -> bool:
    return parts(bounds[0]) <= parts(version) < parts(bounds[1])


def check_python() -> tuple:
    version = '.'.join(map(str, sys.version_info[:3]))
    if fits(version, PYTHON):
        return 'ok', f'Python {version}'
    return '!!', f'Python {version} is outside the tested {PYTHON[0]} to {PYTHON[1]}: make the environment with another one'


def check_package(name: str, bounds: tuple, missing: str = '!!') -> tuple:
    """Imports a package: what is installed but does not load is no better than what is not there."""
    try:
        module = importlib.import_module(name)
        if name == 'mmpose':
            importlib.import_module('mmpose.models')  # which needs mmdet and mmcv.ops
    except Exception as error:  # a broken binary or a version check of the package can raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = 'pip install opencv-python-headless' if 'libGL' in reason else 'run `make test`, which installs the tested set'
        return missing, f'{name} does not load ({reason}): {hint}'
    version = getattr(module, '__version__', None) or distribution_version(name)
    if not fits(version, bounds):
        return '!!', f'{name} {version} is outside the tested bounds: pip install "{name}>={bounds[0]},<{bounds[1]}"'
    return 'ok', f'{name} {version}'


def distribution_version(name: str) -> str:
    from importlib.metadata import version
    return version(name)


def check_torchvision_operators() -> tuple:
    try:
        import torch
        from torchvision.ops import nms
        nms(torch.tensor([[0., 0., 1., 1.]]), torch.tensor([1.]), 0.5)
    except Exception as error:
        return '!!', f'torchvision was built for another torch ({str(error).splitlines()[0]}): install the two together'
    return 'ok', 'torchvision fits torch'


def check_mmcv_ops(missing: str) -> tuple:
    try:
        import torch
        from mmcv.ops import nms
        nms(torch.tensor([[0., 0., 1., 1.]]), torch.tensor([1.]), 0.5)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return missing, (f'mmcv has no working ops ({reason}): pre-training and classification go without, landmarks need '
                         'mmcv instead of mmcv-lite, built for this torch')
    return 'ok', 'mmcv.ops'


def check_registries() -> tuple:
    sys.path.insert(0, str(ROOT))  # not installed: the source tree beside this file
    try:
        importlib.import_module('fra_plugin')
        from mmpretrain.registry import MODELS
    except Exception as error:
        return '!!', f'fra_plugin does not load: {type(error).__name__}: {error}'
    if MODELS.get('FRA') is None:
        return '!!', 'FRA is not in the registry of mmpretrain: another package named fra_plugin is in the way?'
    return 'ok', f'FRA is registered in mmpretrain ({Path(sys.modules["fra_plugin"].__file__).parent})'


def check_mim() -> tuple:
    module = sys.modules.get('fra_plugin')
    if module and (Path(module.__file__).parent / '.mim' / 'configs').is_dir():
        return 'ok', 'mim finds the configs'
    return '--', 'mim does not find the configs (pip install -e . makes them known); tools/train.py needs no mim'


def check_gpus() -> tuple:
    try:
        import torch
        if not torch.cuda.is_available():
            return '--', 'no GPU for this torch: training runs on the CPU, which is enough for the demo'
        names = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        torch.zeros(1, device='cuda').add_(1).item()
    except Exception as error:
        return '!!', f'the GPU does not work with this torch ({str(error).splitlines()[0]}): check driver and torch build'
    return 'ok', 'GPU: ' + ', '.join(f'{gpu.name} ({gpu.total_memory / GIGABYTE:.0f} GB)' for gpu in names)


def check_processes() -> tuple:
    try:
        import torch.distributed as dist
    except Exception:
        return '!!', 'torch.distributed does not load'
    if not dist.is_available():
        return '--', 'this torch has no distributed package: one process only'
    backends = [name for name in ('nccl', 'gloo') if getattr(dist, f'is_{name}_available', lambda: True)()]
    return 'ok', f'several processes: {", ".join(backends)}'


def check_space(folder: str, what: str, least: float, advice: str) -> tuple:
    try:
        free = shutil.disk_usage(folder).free / GIGABYTE
    except OSError:
        return '--', f'{what} ({folder}): none here'
    if free < least:
        return '!!', f'{what} ({folder}): {free:.1f} GB free, less than {least:g}: {advice}'
    return 'ok', f'{what} ({folder}): {free:.1f} GB free'


def checks(everything: bool):
    """All checks, in the order in which they rest on each other."""
    missing = '!!' if everything else '--'
    yield check_python()
    for name, bounds in NEEDED.items():
        yield check_package(name, bounds)
    yield check_torchvision_operators()
    yield check_registries()
    yield check_mim()
    yield check_mmcv_ops(missing)
    for name, bounds in LANDMARKS.items():
        yield check_package(name, bounds, missing)
    yield check_gpus()
    yield check_processes()
    yield check_space(os.getcwd(), 'disk', 2, 'checkpoints of a ResNet-50 take 0.6 GB each')
    yield check_space('/dev/shm', 'shared memory', 0.25, 'data workers need it (docker: --shm-size=8g), or num_workers=0')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--all', action='store_true', help='landmarks (mmcv.ops, mmdet, mmpose) are needed too')
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
