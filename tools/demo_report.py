"""The demo's page: curves, overlays and the comparison of its transfers with plain baselines."""

import importlib.util
import platform
from pathlib import Path

import cv2
import matplotlib
import numpy as np

from fra_plugin import __version__
from fra_plugin.apis import FRAFeatures
from fra_plugin.datasets import RAFDB, BrokenImageError, FaceFolder, LabelBudget, LandmarkFaces, LoadFace
from fra_plugin.datasets.labelled.label_budget import budget
from fra_plugin.evaluation.frozen import probe
from fra_plugin.files.picture_file import write_picture
from fra_plugin.reports.report import Report
from fra_plugin.reports.run_log import RunLog
from fra_plugin.reports.visualization import region_sheet

matplotlib.use('Agg')
from matplotlib import pyplot as plt

FACES_SHOWN = 24
SHARE = 0.1  # of the labels, as in the two configs
PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmpretrain', 'mmpose', 'numpy', 'cv2')


def write_report(demo, path: Path) -> None:
    """Write the page of a finished :class:`Demo` to ``path``, and its overlays beside it as regions.jpg."""
    report = Report('FRA demo', f'{demo.num} drawn faces' if demo.drawn else f'faces of {demo.faces}')
    report.heading('Regions').figure(
        overlays(demo),
        caption='Faces that pre-training has not seen, and the same with one colour a region.'
        if demo.drawn
        else 'Faces of the folder, and the same with one colour a region.',
    )
    report.text(
        'Regions should follow the parts of the face. As long as loss_relation below stays at its first value they '
        'have not parted. After a training as short as this one they are coarse.'
    )
    report.heading('Pre-training').figure(curves(demo.out / 'pretrain'))
    if demo.drawn:
        header, rows = comparison(demo)
        report.heading('Transfer with a tenth of the labels').table(
            header,
            rows,
            caption='One seed, so small differences mean nothing. Landmarks: mean error of 68 points in '
            'percent of the distance between the outer eye corners. Expression: mean accuracy over the 7 classes.',
        )
    report.heading('How it was made').table(
        ['step', 'minutes'],
        [[k, f'{v / 60:.1f}'] for k, v in demo.seconds.items()],
        caption='Of this call; what an earlier one had finished takes no time.',
    )
    versions = [[name, importlib.import_module(name).__version__] for name in PACKAGES if installed(name)]
    report.table(
        ['package', 'version'],
        [['fra_plugin', __version__], ['Python', platform.python_version()], *versions, ['seed', demo.seed]],
    )
    report.text('\n'.join(demo.commands))
    report.save(path)


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def overlays(demo) -> np.ndarray:
    """Faces and their regions in rows of eight; also written to regions.jpg."""
    # RAF-DB's test split holds the identities that pre-training does not see.
    faces = RAFDB(str(demo.faces), split='test') if demo.drawn else FaceFolder(data_root=str(demo.faces))
    names = [faces.get_data_info(i)['img_path'] for i in range(len(faces))]
    chosen = []
    for i in np.random.default_rng(0).permutation(len(names)):
        try:
            chosen.append(LoadFace()(dict(img_path=names[i]))['img'])
        except BrokenImageError:
            continue  # named in the log of pre-training
        if len(chosen) == FACES_SHOWN:
            break
    heatmaps = FRAFeatures(demo.checkpoint())(chosen, what=['heatmaps'])['heatmaps']
    faces = [cv2.resize(face, (112, 112), interpolation=cv2.INTER_AREA) for face in chosen]
    sheet = region_sheet(faces, heatmaps, columns=8)
    write_picture(demo.out / 'regions.jpg', sheet, quality=88)
    return sheet


def curves(work_dir: Path) -> plt.Figure:
    """Losses, and what tells a collapse, over the iterations of all parts of a run."""
    series = RunLog(work_dir).series
    use = [name for name in series if name.startswith('regions/use_')]
    panels = [
        ('losses', ['loss_global', 'loss_region', 'loss_relation']),
        ('share of the pixels of each region', use),
        ('regions', ['regions/entropy', 'regions/sharpness']),
        ('embeddings', ['embedding/global_spread', 'embedding/region_spread']),
    ]
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 2.8), constrained_layout=True)
    for axis, (title, names) in zip(axes, panels):
        for name in names:
            axis.plot(*series[name], label=name.rpartition('/')[2])
        axis.set_ylim(bottom=0)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel('iteration', fontsize=9)
        if len(names) < 4:
            axis.legend(frameon=False, fontsize=8)
    return figure


def comparison(demo) -> tuple:
    """Header and rows: fine-tuned from FRA and from random weights, HOG, the mean shape; all with the same few labels."""
    tuned = [[f'fine-tuned from {start} weights', 100 * demo.scores('landmarks', start)['NME_interocular'],
              demo.scores('expression', start)['class_accuracy/mean']] for start in ('FRA', 'random')]  # yapf: disable
    faces, points = landmark_faces(demo, 'train')
    few = budget([None] * len(faces), SHARE, seed=0)
    test_faces, test_points = landmark_faces(demo, 'val')
    hog_error = probe.landmark_error(probe.hog(faces[few]), points[few], probe.hog(test_faces), test_points)
    mean_shape = probe.mean_shape_error(points[few], test_points)
    train, test = (expression_faces(demo, split, share) for split, share in (('train', SHARE), ('test', 1.0)))
    hog_expression = probe.linear_accuracy(probe.hog(train[0]), train[1], probe.hog(test[0]), test[1])
    rows = [*tuned, ['HOG and a linear model', hog_error, hog_expression], ['mean shape; chance', mean_shape, 100 / 7]]
    return ['', 'landmarks, NME %: lower is better', 'expression, %: higher is better'], rows


def landmark_faces(demo, split: str) -> tuple:
    """Faces (N, 96, 96, 3) BGR and their landmarks (N, 68, 2) in pixels."""
    faces = LandmarkFaces(f'{demo.faces}/annotations/landmarks_{split}.json', f'{demo.faces}/images', 96, demo.num)
    items = [faces[i] for i in range(len(faces))]
    return (
        np.stack([item['inputs'][0].permute(1, 2, 0).numpy() for item in items]),
        np.stack([item['landmarks'][0].numpy() for item in items]),
    )


def expression_faces(demo, split: str, share: float) -> tuple:
    """Faces (N, S, S, 3) BGR and their expressions (N,)."""
    faces = LabelBudget(RAFDB(str(demo.faces), split=split, pipeline=[LoadFace()]), share)
    items = [faces[i] for i in range(len(faces))]
    return np.stack([item['img'] for item in items]), np.array([item['gt_label'] for item in items])
