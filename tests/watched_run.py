"""A tiny FRA run on random faces, for the hooks that watch a run."""

import json
from pathlib import Path

import cv2
import numpy as np
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import fra_plugin  # noqa: F401  registers
from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson

SIZE = 32


def write_faces(folder: Path, num_classes: int = 2, per_class: int = 5) -> Path:
    """Blobs of one colour a class, one folder a class, with the landmarks of each in landmarks.json."""
    rng = np.random.default_rng(0)
    landmarks = LandmarkJson()
    for label in range(num_classes):
        (folder / f'class_{label}').mkdir(parents=True)
        for index in range(per_class):
            image = rng.integers(0, 60, (48, 48, 3), np.uint8)
            cv2.circle(image, (24, 24), 14, [(0, 0, 255), (0, 255, 0)][label], -1)
            name = f'class_{label}/{index}.png'
            cv2.imwrite(str(folder / name), image)
            landmarks.add(name, (48, 48), rng.uniform(10, 38, (68, 2)))
    landmarks.write(str(folder / 'landmarks.json'))
    (folder / 'pairs.csv').write_text(
        'path_a,path_b,same\n'
        + ''.join(
            f'class_0/{a}.png,class_{other}/{b}.png,{int(not other)}\n' for other in (0, 1) for a, b in ((0, 1), (2, 3))
        )
    )
    return folder


def fra(**kwargs) -> dict:
    norm_cfg = dict(type='BN')
    return dict(
        type='FRA',
        data_preprocessor=dict(type='SelfSupDataPreprocessor', mean=[128.] * 3, std=[64.] * 3, to_rgb=True),
        backbone=dict(type='ResNet', depth=18, stem_channels=4, base_channels=4, norm_cfg=norm_cfg),
        neck=dict(
            type='FRANeck', in_channels=32, hid_channels=16, out_channels=16, norm_cfg=norm_cfg,
            heatmap_head=dict(type='RegionHeatmapHead', num_regions=4, num_heads=4)),
        head=dict(type='FRAHead', hid_channels=16, norm_cfg=norm_cfg),
        **kwargs)  # yapf: disable


def byol() -> dict:
    neck = dict(type='NonLinearNeck', in_channels=32, hid_channels=16, out_channels=16, with_last_bn=False)
    return dict(
        type='BYOL',
        data_preprocessor=fra()['data_preprocessor'],
        backbone=fra()['backbone'],
        neck=neck,
        head=dict(type='LatentPredictHead', predictor=dict(neck, in_channels=16, with_avg_pool=False),
                  loss=dict(type='CosineSimilarityLoss')))  # yapf: disable


class Losses(Hook):
    """Keeps the loss of every iteration in ``found``."""

    def before_train(self, runner):
        self.found = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.found.append(outputs['loss'].item())


def make_runner(work_dir: Path, faces: Path, hooks: list, model: dict = None, epochs: int = 2, **kwargs) -> Runner:
    """``epochs`` of two iterations with four faces each."""
    init_default_scope('mmpretrain')
    pipeline = [
        dict(type='LoadFace'),
        dict(type='MultiView', num_views=2, transforms=[[dict(type='FastRandomResizedCrop', scale=SIZE)]]),
        dict(type='PackInputs'),
    ]
    model = model or fra()
    hooks = ([dict(type='MomentumUpdateHook')] if model['type'] == 'FRA' else []) + hooks
    config = dict(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=4,
            num_workers=0,
            drop_last=True,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(type='FaceFolder', data_prefix=str(faces), cache_dir=str(work_dir), pipeline=pipeline),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05)),
        custom_hooks=hooks,
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        visualizer=dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')]),
        randomness=dict(seed=0),
        default_scope='mmpretrain',
        experiment_name=f'watched_{id(work_dir)}_{np.random.default_rng().integers(1 << 60)}',
    )
    config.update(kwargs)
    return Runner.from_cfg(config)


def scalars(runner: Runner) -> list:
    """What the local backend wrote."""
    (path,) = Path(runner.work_dir).glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]
