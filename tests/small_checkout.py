"""A copy of the project whose recipes keep their names but are tiny, with a handful of made faces as its data."""

import re
import runpy
import shutil
from pathlib import Path
from typing import Callable

import face_layouts
from archive_bytes import member, noise, write_pack, write_tar

REPO = Path(__file__).resolve().parent.parent
RAW = runpy.run_path(str(REPO / 'tests/tools/test_landmark_converters.py'))

FEW = 'batch_size=2, num_workers=0, persistent_workers=False'
SMALL = {
    'configs/**/*.py': [
        (r"type='ResNet',\s+depth=50", "type='ResNet', depth=50, stem_channels=8, base_channels=8"),
        (r'in_channels=2048', 'in_channels=256'),
        (r'hid_channels=4096', 'hid_channels=16'),
        (r'\bbatch_size=\d+', 'batch_size=4'),
        (r'\bnum_workers=\d+', 'num_workers=0'),
        (r'persistent_workers=True', 'persistent_workers=False'),
        (r'\bmax_epochs=\d+', 'max_epochs=2'),
        (r'\bmin_length=\d+', 'min_length=8'),
        (r'val_interval=\d+', 'val_interval=2'),
    ],
    'configs/transfer/landmark/_base_/*.py': [
        (r'\nval_dataloader = dict\(dataset', rf'\nval_dataloader = dict({FEW}, dataset'),
        (r"type='HeatmapHead',(?=\s+in_channels=2\d)", r'\g<0> deconv_out_channels=(8, 8, 8),'),
        (
            r'\nnum_keypoints',
            r'\ntrain_cfg = dict(max_epochs=2)\n'
            rf'train_dataloader = val_dataloader = test_dataloader = dict({FEW})\g<0>',
        ),
    ],
    'fra_plugin/apis.py': [(r'DRAWN_FACES = \d+', 'DRAWN_FACES = 4')],
    'tools/benchmark.py': [(r'MIN_LENGTH = \d+', 'MIN_LENGTH = 8')],
}
# Without a GPU our own tools switch mixed precision off, mmpretrain's do not.
FULL_PRECISION = """
_base_ = 'fra_r50_8xb64.py'
optim_wrapper = dict(_delete_=True, type='OptimWrapper', optimizer=dict(type='ForeachLARS', lr=0.9))
"""


def small_checkout(root: Path) -> Path:
    """Tools, package and configs."""
    for name in ('tools', 'fra_plugin', 'configs'):
        shutil.copytree(REPO / name, root / name, ignore=shutil.ignore_patterns('__pycache__', '.mim'))
    shutil.copy(REPO / 'Makefile', root)
    (root / 'configs/fra/full_precision.py').write_text(FULL_PRECISION)
    for pattern, changes in SMALL.items():
        paths = list(root.glob(pattern))
        for old, new in changes:
            texts = {path: path.read_text() for path in paths}
            assert any(re.search(old, text) for text in texts.values()), f'nothing like {old} in {pattern}'
            for path, text in texts.items():
                path.write_text(re.sub(old, new, text))
    return root


def add_data(root: Path, run: Callable) -> None:
    """What the configs look for below data/, and what the authors of landmarks hand out below raw/."""
    data, raw = root / 'data', root / 'raw'
    for i in range(8):
        name = f'n{i % 4:06d}/{i:04d}_01'
        face_layouts.face(data / 'vggface2/train' / f'{name}.jpg', i, size=48)
        face_layouts.face(data / 'my_faces' / f'{i}.png', i, size=48)
        face_layouts.face(data / 'my_photos' / f'{i}.png', i, size=64)
    images = [noise(i) for i in range(8)]
    for name in ('ms1mv3', 'glint360k'):
        write_pack(data / name / 'train.rec', images)
    faces = [member(f'n{i % 4:06d}/{i:04d}_01.jpg', image) for i, image in enumerate(images)]
    for name in ('train', 'test'):
        write_tar(data / f'vggface2/{name}.tar', faces)
    for number in range(2):
        write_tar(data / f'shards/{number:05d}.tar', faces[number::2])
    names = sorted(str(path.relative_to(data / 'vggface2/train')) for path in data.rglob('*_01.jpg'))
    (data / 'vggface2/my_list.txt').write_text('\n'.join(names[:4]) + '\n')
    for faces in ('real_faces.txt', 'more_faces.txt'):
        (data / faces).write_text(''.join(f'vggface2/train/{name}\n' for name in names))
    face_layouts.table(
        data / 'vggface2/bb_landmark/loose_bb_train.csv',
        [['NAME_ID', 'X', 'Y', 'W', 'H'], *([name[:-4], 8, 8, 32, 32] for name in names)],
    )
    face_layouts.table(
        data / 'my_photos_faces/faces.csv',
        [['source', 'x', 'y', 'width', 'height'], *([f'{i}.png', 8.5, 8, 40, 48] for i in range(8))],
    )
    face_layouts.rafdb(data / 'rafdb', 7, 7)
    groups = [[f'test_{i:05d}_aligned.jpg', 'asian' if i % 2 else 'black', 10 * i] for i in range(1, 8)]
    face_layouts.table(data / 'rafdb/groups.csv', [['path', 'race', 'age'], *groups])
    face_layouts.utkface(data / 'utkface')
    face_layouts.bp4d(data / 'bp4d')
    face_layouts.lfw(data / 'lfw', folds=10, size=1)
    face_layouts.face_csv(data / 'my_labels', per_class=5)
    face_layouts.three_classes(data / 'faces')
    face_layouts.landmark_table(data / 'face_landmarks', ['left_eye', 'right_eye', 'nose', 'chin'])
    frozen_tasks(data)
    RAW['wflw'](
        raw / 'wflw',
        [RAW['wflw_line'](i) for i in range(4)],
        [RAW['wflw_line'](5, '1 1 1 1 1 1'), RAW['wflw_line'](6, name='0--Parade/b.jpg')],
    )
    RAW['w300'](raw / 'w300')
    RAW['aflw'](raw / 'aflw')
    run(
        'python tools/dataset_converters/wflw.py raw/wflw data/wflw && '
        'python tools/dataset_converters/w300.py raw/w300 data/300w && '
        'python tools/dataset_converters/make_synthetic_faces.py --num 40 --size 64 --out data/synthetic_faces && '
        'ln -s 300w data/lm68_helen_afw && cd data/lm68_helen_afw && '
        'ln -s annotations/face_landmarks_300w_train.json annotations_train.json && '
        'ln -s annotations/face_landmarks_300w_valid.json annotations_test.json',
        root,
    )


def frozen_tasks(data: Path) -> None:
    """Faces of every expression and attribute in each split; groups are people."""
    expressions = ['neutral', 'happiness', 'surprise', 'sadness', 'anger']
    muxspace = [['file_name', 'expression', 'group', 'split']]
    for split in ('train', 'val'):
        for i in range(6):
            name = face_layouts.face(data / f'muxspace_expr/images/{split}{i}.png', i, size=48).name
            muxspace.append([name, expressions[i % 5], f'person{i // 2}', split])
    face_layouts.table(data / 'muxspace_expr/labels.csv', muxspace)
    face_layouts.lfw_attributes(data / 'lfw_color5pt')
    utkface = [['file_name', 'age', 'gender', 'split']]
    for split in ('train', 'val'):
        for i in range(6):
            name = face_layouts.face(data / f'utkface112/images/{split}{i}.png', i, size=48).name
            utkface.append([name, 20 + i, i % 2, split])
    face_layouts.table(data / 'utkface112/labels.csv', utkface)
