"""Every command and every snippet of the pages does on small data what the page says."""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import cv2
import face_layouts
import pytest
from made_photos import photo
from small_checkout import RAW, REPO, add_data, small_checkout
from warm_python import warm_python

from fra_plugin.datasets.landmarks.landmark_check import check_landmarks, read_landmark_json


def found_by_mim(package: str) -> bool:
    """Whether it is where mim looks: an editable install by today's pip is not, unless `make` has linked it."""
    try:
        return (Path(distribution(package).locate_file(package)) / '.mim').is_dir()
    except PackageNotFoundError:
        return False


INSTALLED, MIM = found_by_mim('fra_plugin'), Path(sys.executable).with_name('mim')
ONNX = bool(find_spec('onnx') and find_spec('onnxruntime'))
PAGES = [REPO / 'README.md', *sorted((REPO / 'docs').glob('*.md'))]
ENTER = re.search(r'^source \S+$', PAGES[0].read_text(), re.MULTILINE).group()  # what README says, for all pages
BLOCK = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
CONFIG = re.compile(r"# (my_\w+)\.py\n_base_ = 'fra_plugin::")  # of the reader's own
FRA, CLASSES, LANDMARKS = 'fra_r50_8xb64', 'resnet50_8xb32-ft-fra_rafdb', 'td-hm_res50_udp-8xb64-60e_wflw-256x256'
SMALL_FRA = 'fra_r18_1xb64_demo'
TRAININGS = {
    FRA: f'tools/dist_train.sh configs/fra/{FRA}.py 2',
    CLASSES: f'tools/dist_train.sh configs/transfer/classification/{CLASSES}.py 1',
    LANDMARKS: f'tools/dist_train.sh configs/transfer/landmark/{LANDMARKS}.py 1',
    SMALL_FRA: f'python tools/train.py configs/fra/{SMALL_FRA}.py --cfg-options train_cfg.max_epochs=3 '
    'train_dataloader.batch_size=4',
}

# What a reader replaces, and what would take long.
REPLACED = [
    (r'^(.*NNODES=2 NODE_RANK=)0 (.*\.py) 8\b(.*)$', r'\g<1>1 \2 1\3 & \g<1>0 \2 1\3 && wait $!'),
    (r'(dist_train\.sh configs/fra/\S+) 8\b', r'\1 2'),
    (r'(dist_train\.sh \S+) 8\b', r'\1 1'),
    (r'(mim train \w+) \S+', r'\1 configs/fra/full_precision.py'),
    (r'\bhost0\b', '127.0.0.1'),
    (r'\bPARTITION JOB\b', 'gpu fra'),
    (r'--num 2000 (.*) data/synthetic_faces', r'--num 8 \1 drawn'),
    (r'--budget (1,)?10,100 --seeds 3\b', '--budget 10 --seeds 1'),
    (r'(benchmark_frozen\.py .*)', r'\1 --seeds 1'),
    (r'(benchmark_speed\.py .*)', r'\1 --iterations 1'),
    (r'\bFOLDER\b', 'folder/of/faces'),
    (r'(dataset_converters/(\w+)\.py) RAW OUT\b', r'\1 raw/\2 out'),
    (r'(crop_faces\.py) PHOTOS OUT\b', r'\1 photos cut --workers 1'),
    (r'(crop_faces\.py) data/lfw/lfw\b', r'\1 photos'),  # no detector finds the small faces of data/lfw
    (r'--images data/lfw_crops/images', '--images data/lfw/lfw'),
    (r'(aflw\.py .*)', r'\1 --num-train 2'),
    (r'CHECKPOINT (.* --format torchvision)', r'resnet18.pth \1'),
    (r'(test\.py) CONFIG CHECKPOINT\b', rf'\1 {CLASSES}.py work_dirs/{CLASSES}/epoch_2.pth'),
    (r"'CONFIG\.py', pretrained='CHECKPOINT\.pth'",
     f"'configs/transfer/classification/{CLASSES}.py', pretrained='work_dirs/{CLASSES}/epoch_2.pth'"),
    (r"pose2d='CONFIG\.py', pose2d_weights='CHECKPOINT\.pth'",
     f"pose2d='configs/transfer/landmark/{LANDMARKS}.py', pose2d_weights='work_dirs/{LANDMARKS}/epoch_2.pth'"),
    (r"init_model\('CONFIG\.py', 'CHECKPOINT\.pth'",
     f"init_model('configs/transfer/landmark/{LANDMARKS}.py', 'work_dirs/{LANDMARKS}/epoch_2.pth'"),
    (r'\bCHECKPOINT\b', f'work_dirs/{FRA}/epoch_50.pth'),
    (r'torchvision://resnet50\b', f'work_dirs/{FRA}/epoch_50.pth'),  # would be downloaded
    (r'\bmin_length=2560\b', 'min_length=8'),
    (r'\bin_channels=2048\b', 'in_channels=256'),
    (r'\breal_fra/epoch_3\.pth', f'{FRA}/epoch_50.pth'),
    (r'\bbatch_size=32\b', 'batch_size=4'),
    (r'\bmax_epochs=20 randomness', 'max_epochs=3 train_dataloader.batch_size=4 randomness'),
    (r'\bmax_epochs=32 randomness', 'max_epochs=3 randomness'),
    (r'\bmax_epochs=60 randomness', 'max_epochs=1 train_dataloader.batch_size=4 randomness'),
    (r'\bbatch_size=256 (\S+)=7\b', r'batch_size=4 \1=1'),
]  # yapf: disable

# What a command leaves behind, or (=) what it says; \1 is the group of the first pattern that fits.
TRACES = [
    (r'train\.py .*--work-dir (\S+)', r'\1/last_checkpoint'),
    (r'(?:train\.sh|train\.py)(?: gpu fra)? \S*?([\w.-]+)\.py\b', r'work_dirs/\1/epoch_2.pth'),
    (r'mim train \w+ \S*?([\w.-]+)\.py', r'work_dirs/\1/epoch_2.pth'),
    (r'tools/test\.py', r'=accuracy/top1: \d'),
    (r'verification\.py', r'=accuracy +\d+\.\d\d %'),
    (r'model_converters/\w+\.py \S+ (\S+)', r'\1'),
    (r'make_synthetic_faces\.py .*--out (\S+)', r'\1/contact_sheet.jpg'),
    (r'crop_faces\.py \S+ (\S+)', r'\1/faces.csv'),
    (r'dataset_converters/\w+\.py \S+ (\S+)', r'\1/annotations/*_t*.json'),
    (r'benchmark_detectors\.py .*--out (\S+)', r'\1/detectors.md'),
    (r'benchmark_crops\.py .*--out (\S+)', r'\1/crops_other.md'),
    (r'extract_features\.py .*--out (\S+)', r'\1'),
    (r'visualize_heatmaps\.py .*--out (\S+)', r'\1/contact_sheet.png'),
    (r'similar_faces\.py .*--out (\S+)', r'\1'),
    (r'example_regions\.py .*--out (\S+)', r'\1'),
    (r'demo_app\.py', r'=open http://127\.0\.0\.1:\d+/'),
    (r'name_regions\.py (\S+)\.pth', r'\1.regions.json'),
    (r'analyze_run\.py (\S+)', r'\1/analysis.html'),
    (r'benchmark_frozen\.py .*?--out (\S+)', r'\1/frozen_features.md'),
    (r'benchmark_speed\.py \S*?([\w.-]+)\.py', r'work_dirs/benchmark_speed/\1/benchmark_speed.md'),
    (r'benchmark\.py (random) ', r'work_dirs/benchmark/\1/benchmark.csv'),
    (r'benchmark\.py \S+?(\w+)\.pth', r'work_dirs/benchmark/\1/benchmark.csv'),
]

STAND_INS = dict(
    # Starts the first of the tasks that slurm would start.
    srun='while [ "${1#-}" != "$1" ]; do [ "$1" = -p ] && shift; shift; done\n'
         'SLURM_PROCID=0 SLURM_NTASKS=1 SLURM_LOCALID=0 SLURM_NODELIST=node exec "$@"',
    scontrol='echo 127.0.0.1')  # yapf: disable

WEIGHTS = f"""
import sys
sys.path[:0] = [{str(REPO / 'tests')!r}, {str(REPO / 'tests/checkpoints')!r}]
import torch
from made_checkpoints import fra, save
from test_official_release import SHAPES
save(fra(), 'resnet18.pth')
torch.save(dict(state_dict={{name: torch.ones(shape) for name, shape in SHAPES.items()}}), 'OFFICIAL.pth')
"""


def blocks(kind: str) -> list:
    return [
        (page.relative_to(REPO).as_posix(), text)
        for page in PAGES
        for found, text in BLOCK.findall(page.read_text())
        if found == kind
    ]


def commands() -> list:
    """Of the blocks, and those of make in the text."""
    found = []
    for page, text in blocks('shell'):
        lines = (re.sub(r'(^|\s)#.*', '', line) for line in text.replace('\\\n', ' ').splitlines())
        found += [(page, ' '.join(line.split())) for line in lines if line.strip()]
    for page in PAGES:
        inline = re.findall(r'`((?:\w+=\S+ )*make [^`]+)`', BLOCK.sub('', page.read_text()))
        found += [(page.relative_to(REPO).as_posix(), command) for command in inline]
    return list(dict.fromkeys(found))


def skip_what_is_missing(text: str) -> None:
    if re.search('onnx|yunet', text) and not ONNX:
        pytest.skip("onnx and onnxruntime are not installed: pip install '.[onnx]'")
    if 'gradio' in text or 'demo_app' in text:
        pytest.importorskip('gradio', reason="the page needs gradio: pip install '.[app]'")


def params(found: list) -> list:
    return [pytest.param(text, id=f'{page}: {text.splitlines()[0]}') for page, text in found]


def add_photos(folder: Path) -> None:
    """Drawn faces, and a white spot, which the made YuNet takes for another."""
    for name in ('photos/anna/1.png', 'holiday.jpg'):
        picture = photo((20, 30, 128), (180, 100, 100))
        picture[8:32, 280:304] = 255
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), picture)
    if ONNX:
        from made_yunet import made_yunet

        for name in ('face_detection_yunet_2023mar.onnx', 'yunet_n_640_640.onnx'):
            made_yunet(folder / name)
    shutil.copytree(folder / 'photos', folder / 'folder/without/faces')


class Done(NamedTuple):
    folder: Path
    output: str


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)


class Reader:
    """Enters the environment in a fresh shell, whose own `python` is another one, and types a command.

    Each in a folder of its own that looks like a checkout after a pre-training.
    """

    def __init__(self, root: Path, python: Path) -> None:
        self.checkout, self.done = small_checkout(root / 'checkout'), {}
        for name, text in STAND_INS.items():
            script(python.parent / name, text)
        script(python.parent / 'pip', f'exec {sys.executable} -m pip "$@"')
        if MIM.is_file():
            (python.parent / 'mim').symlink_to(MIM)
        for name in ('python', 'python3', 'pip', 'mim'):
            script(root / 'not_the_environment' / name, f'echo {name} of another environment; exit 1')
        self.environment = dict(
            HOME=str(root),
            PATH=f'{root}/not_the_environment:/usr/bin:/bin',
            LANG='C.UTF-8',
            OMP_NUM_THREADS='1',
            CUDA_VISIBLE_DEVICES='',
        )
        add_data(self.checkout, self.shell)

    def shell(self, command: str, folder: Path) -> str:
        """Its output, if it ends well."""
        command = f'{ENTER} && {command}'
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = str(probe.getsockname()[1])
        done = subprocess.run(
            ['bash', '-c', command],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=200,
            env=dict(self.environment, PORT=port),
        )
        assert done.returncode == 0, f'{command}\n{done.stdout[-6000:]}'
        return done.stdout

    def folder(self, text: str) -> Path:
        """A new one with what a command or snippet names."""
        if re.search(r'resnet18\.pth|OFFICIAL\.pth', text) and not (self.checkout / 'weights.py').exists():
            (self.checkout / 'weights.py').write_text(WEIGHTS)
            self.shell('python weights.py', self.checkout)
        folder = Path(tempfile.mkdtemp(dir=self.checkout.parent))
        for path in self.checkout.iterdir():
            (folder / path.name).symlink_to(path)
        for i, name in enumerate(('ann.jpg', 'ben.jpg', 'face.jpg', 'folder/of/faces/1.png', 'folder/of/faces/2.png')):
            face_layouts.face(folder / name, i, size=48)
        if 'InferenceSession' in text:
            command = f'python tools/model_converters/export_onnx.py work_dirs/{FRA}/epoch_50.pth fra.onnx'
            shutil.copy(self.type(command).folder / 'fra.onnx', folder)
        if 'facelandmarks' in text:  # with the files that a snippet before it writes
            points = next(other for _, other in blocks('python') if 'points.csv' in other)
            (self.checkout / 'points.py').write_text(points)
            self.shell('python points.py', self.checkout)
        if re.search(r'\bphotos\b|holiday|without/faces|yunet', text):
            add_photos(folder)
        trains_anew = '--resume' not in text and re.search(rf'train.* \S*{FRA}\.py', text)
        for name, training in TRAININGS.items():
            if not trains_anew if name == FRA else f'work_dirs/{name}/' in text:
                shutil.copytree(self.type(training).folder / 'work_dirs' / name, folder / 'work_dirs' / name)
        work_dir = folder / 'work_dirs' / FRA
        if '--resume' in text:  # as after an interruption of the second epoch
            (work_dir / 'epoch_2.pth').unlink()
            (work_dir / 'last_checkpoint').write_text(str(work_dir / 'epoch_1.pth'))
        elif not trains_anew:
            shutil.copy(work_dir / 'epoch_2.pth', work_dir / 'epoch_50.pth')
        return folder

    def type(self, command: str) -> Done:
        """What becomes of a command; the same one is not run twice."""
        if command not in self.done:
            folder = self.folder(command)
            self.done[command] = Done(folder, self.shell(command, folder))
        return self.done[command]


@pytest.fixture(scope='module')
def reader(tmp_path_factory):
    root = tmp_path_factory.mktemp('pages')
    venv.create(root / 'checkout/.venv')
    for link in (root / 'checkout/.venv/bin').glob('python*'):
        link.unlink()
    with warm_python(root / 'checkout/.venv/bin') as python:
        (python.parent / 'python3').symlink_to('python')
        yield Reader(root, python)


def replaced(text: str) -> str:
    for old, new in REPLACED:
        text = re.sub(old, new, text, flags=re.MULTILINE)
    return text


def trace(command: str) -> str:
    """What shows that a command did its work."""
    for pattern, made in TRACES:
        match = re.search(pattern, command)
        if match:
            return made if made.startswith('=') else match.expand(made)
    return pytest.fail(f'{command}: say in TRACES what shows that it has worked')


def commands_of(*kinds: str) -> list:
    """With 'make', 'pip' or 'source' as their first word, and others as ''."""
    found = [(page, command, re.match(r'(?:\w+=\S+ )*(\S+)', command)[1]) for page, command in commands()]
    return params(
        [
            (page, command)
            for page, command, word in found
            if word in kinds or ('' in kinds and word not in ('make', 'pip', 'source'))
        ]
    )


def test_blocks_are_of_kinds_that_are_tested():
    kinds = {kind for page in PAGES for kind, _ in BLOCK.findall(page.read_text())}
    assert kinds <= {'shell', 'python', 'bibtex', ''}
    assert not [text for _, text in blocks('') if re.search(r'^(python|make|mim|tools/|pip) ', text, re.MULTILINE)]


@pytest.mark.parametrize('command', commands_of(''))
def test_command_works(reader, command):
    command = replaced(command)
    assert re.match(r'(\w+=\S+ )*(python tools/|tools/\w+\.sh |mim )', command), 'not a command of this project'
    skip_what_is_missing(command)
    made = trace(command)
    if command.startswith('mim') and not (MIM.is_file() and INSTALLED):
        pytest.skip('mim does not find this package: it is not installed, or editable')
    if 'cofw' in command:
        RAW['cofw'](reader.checkout / 'raw/cofw')
    if 'demo_app' in command:  # until it serves the page; it ends with the Python of the reader
        command = f'sed /^open/q < <(TMPDIR=$PWD {command} --port $PORT 2>&1)'
    done = reader.type(command)
    if made.startswith('='):
        assert re.search(made[1:], done.output), done.output
    else:
        assert list(done.folder.glob(made)), (made, done.output)
    tasks = re.search(r'benchmark\.py .*--tasks\s+(\S+)', command)
    if tasks:
        assert 'skipped' not in done.output and done.output.count(' s\n') == tasks[1].count(',') + 1
    if '--resume' in command:
        assert 'epoch_1.pth' in done.output


def test_environment_is_entered_by_the_one_command_of_readme(reader):
    assert [command.values[0] for command in commands_of('source')] == [ENTER]
    assert reader.shell('command -v python', reader.checkout) == f'{reader.checkout}/.venv/bin/python\n'
    failed = subprocess.run(['bash', '-c', 'python --version'], env=reader.environment, stdout=subprocess.PIPE)
    assert failed.returncode == 1 and failed.stdout == b'python of another environment\n'


@pytest.mark.parametrize('command', commands_of('pip'))
def test_what_pip_is_told_fits_what_is_installed_here(reader, command):
    """So it finds nothing to install, without a look at an index."""
    if find_spec('mmcv') and find_spec('mmcv._ext'):
        command = command.replace('lite,', '')  # as README says where mmcv is installed
    for name in ('setup.py', 'requirements', 'model-index.yml', 'dataset-index.yml'):
        if not (reader.checkout / name).exists():
            (reader.checkout / name).symlink_to(REPO / name)
    output = reader.shell(f'export PIP_NO_INDEX=1 PIP_DRY_RUN=1 PIP_NO_BUILD_ISOLATION=0; {command}', reader.checkout)
    assert 'does not provide the extra' not in output
    assert set(re.findall(r'^Would install (.*)', output)) <= {'fra_plugin-0.1.0'}, output


@pytest.mark.parametrize('command', commands_of('make'))
def test_target_of_make_expands_to_commands_that_exist(reader, command):
    lines = reader.shell(command.replace('make ', 'make -n '), reader.checkout).splitlines()
    tools = re.findall(r'tools/\S+\.py', '\n'.join(lines))
    assert all((REPO / tool).is_file() for tool in tools)
    assert re.search(r'/python (tools/\w+\.py|-m pytest tests\b)', lines[-1]), lines


@pytest.mark.parametrize('text', params(blocks('python')))
def test_snippet_works(reader, text):
    skip_what_is_missing(text)
    folder, text = reader.folder(replaced(text)), replaced(text)
    if re.search(r'^(from|import) ', text, re.MULTILINE):
        if 'out = ' in text:
            assert ', 128)' in text and ', 8, 12, 12)' in text
            text += "assert out['embedding'].shape == (2, 128) and out['heatmaps'].shape == (2, 8, 12, 12)\n"
        (folder / 'snippet.py').write_text(text)
        reader.shell('python snippet.py', folder)
        return
    name = CONFIG.match(text)[1]
    for _, other in blocks('python'):  # modules of one's own begin with their name, too
        if not CONFIG.match(other) and other.startswith('# my_') and Path(other.split()[1]).stem in text:
            (folder / other.split()[1]).write_text(other)
    (folder / f'{name}.py').write_text(text)
    reader.shell(f'PYTHONPATH=. python tools/train.py {name}.py --cfg-options train_cfg.max_epochs=1', folder)
    assert (folder / f'work_dirs/{name}/epoch_1.pth').is_file()


def test_a_config_of_ones_own_has_a_name_and_works_in_any_folder():
    configs = [text for _, text in blocks('python') if not re.search(r'^(from|import) ', text, re.MULTILINE)]
    names = [CONFIG.match(text) and CONFIG.match(text)[1] for text in configs]
    assert all(names), [text for text, name in zip(configs, names) if not name]
    assert len(names) == len(set(names))


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_a_page_says_how_to_start_a_config_of_ones_own(page):
    text = page.read_text()
    names = [CONFIG.match(block)[1] for kind, block in BLOCK.findall(text) if CONFIG.match(block)]
    started = re.findall(
        r'`(?:PYTHONPATH=\. )?(?:python tools/train\.py|tools/dist_train\.sh) (my_\w+)\.py\b', ' '.join(text.split())
    )
    assert set(started) <= set(names) and bool(started) == bool(names)


def test_the_landmark_file_on_the_page_can_be_read(tmp_path):
    shown = next(text for _, text in blocks('') if '"annotations"' in text)
    (tmp_path / 'shown.json').write_text(shown)
    required = ('center', 'scale', 'num_keypoints', 'iscrowd', 'id')
    check_landmarks(read_landmark_json(str(tmp_path / 'shown.json')), 'shown.json', required=required, num_points=4)
