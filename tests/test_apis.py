"""FRAFeatures: what it gives is the model's, for files, folders and arrays alike; what it cannot read is named."""

import shutil
from pathlib import Path

import cv2
import face_layouts
import numpy as np
import pytest
import torch
from made_checkpoints import MEAN, NARROW, STD, fra, fra_config, save
from mmengine.config import Config
from mmpretrain import FeatureExtractor

from fra_plugin.apis import SHARPNESS, FRAFeatures, list_images, readable_images
from fra_plugin.checkpoints.export import export_backbone
from fra_plugin.checkpoints.stored_config import stored_crop
from fra_plugin.datasets import LoadFace, SyntheticRegions


@pytest.fixture(scope='module')
def model():
    return fra(NARROW, 64)


@pytest.fixture(scope='module')
def checkpoint(model, tmp_path_factory):
    return save(model, tmp_path_factory.mktemp('run') / 'epoch_3.pth', NARROW, 64)


@pytest.fixture(scope='module')
def features(checkpoint):
    return FRAFeatures(checkpoint, device='cpu')


@pytest.fixture(scope='module')
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3)).astype(np.uint8)


def test_outputs_are_the_models(features, model, images):
    inputs = torch.from_numpy((images[..., ::-1] - np.array(MEAN)) / np.array(STD)).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        feature_map = model.backbone(inputs)[-1]
    got = features(images)
    assert list(got) == ['names', 'embedding', 'feature_map', 'heatmaps']
    assert got['names'].tolist() == ['0', '1', '2', '3', '4']
    np.testing.assert_allclose(got['feature_map'], feature_map, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(got['embedding'], feature_map.mean(dim=(2, 3)), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(got['heatmaps'], model.heatmaps(inputs), rtol=1e-5, atol=1e-5)
    assert all(got[name].dtype == np.float32 for name in ('embedding', 'feature_map', 'heatmaps'))


def test_embedding_of_a_region_is_the_average_of_the_map_where_the_region_is(features, model, images):
    got = features(images, what=['feature_map', 'heatmaps', 'region_embedding'])
    assert got['region_embedding'].shape == (5, 3, 64)
    inputs = torch.from_numpy((images[..., ::-1] - np.array(MEAN)) / np.array(STD)).permute(0, 3, 1, 2).float()
    masks = (model.heatmaps(inputs, logits=True) / 0.1).softmax(dim=1).numpy()
    for face in range(5):
        for region in range(3):
            expected = np.average(got['feature_map'][face].reshape(64, -1), axis=1, weights=masks[face, region].ravel())
            np.testing.assert_allclose(got['region_embedding'][face, region], expected, rtol=1e-4, atol=1e-4)


def test_names_of_regions_come_with_what_is_of_regions(checkpoint, images, tmp_path, monkeypatch, log):
    monkeypatch.setattr('fra_plugin.apis.DRAWN_FACES', 3)
    path = shutil.copy(checkpoint, tmp_path / 'epoch_3.pth')
    features = FRAFeatures(path, device='cpu')
    assert features.region_parts is None and 'region_names' not in features(images[:1])
    parts = features.name_regions()
    assert parts.faces == '3 drawn faces' and len(parts.names()) == 3 and any(parts.names())
    assert parts.shares.sum(axis=0).max() == pytest.approx(1)
    parts.save(tmp_path / 'epoch_3.regions.json')
    features = FRAFeatures(path, device='cpu')
    for what in ('heatmaps', 'region_embedding'):
        assert features(images[:1], what=what)['region_names'].tolist() == parts.names()
    assert 'region_names' not in features(images[:1], what='embedding')
    assert not [line for line in log if line.startswith('WARNING')]
    parts._replace(weights='0' * 64).save(tmp_path / 'epoch_3.regions.json')
    assert FRAFeatures(path, device='cpu').region_parts is None
    assert 'names for the regions of other weights' in log[-1]


def test_faces_of_a_data_set_for_parsing_name_the_regions(checkpoint, tmp_path):
    """Only nose and background are in its label maps, so no region can have another name."""
    faces = SyntheticRegions(str(face_layouts.synthetic_regions(tmp_path)))
    features = FRAFeatures(checkpoint, device='cpu')
    parts = features.name_regions(faces)
    shares = dict(zip(parts.parts, parts.shares.sum(axis=0)))
    assert shares['nose'] == pytest.approx(1) and shares['background'] == pytest.approx(1) and shares['mouth'] == 0
    assert parts.faces == '8 faces of SyntheticRegions'
    assert {name.split()[0] for name in parts.names() if name} <= {'nose', 'background'}


def test_neither_the_batch_nor_the_order_matters(features, images):
    together = features(images, what='embedding')['embedding']
    for batch_size in (1, 2):
        np.testing.assert_allclose(
            features(images[::-1], batch_size, 'embedding')['embedding'][::-1], together, rtol=1e-5, atol=1e-6
        )


def test_a_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    cv2.imwrite(str(tmp_path / 'face.png'), np.zeros((8, 8, 3), np.uint8))
    assert list_images('~')[0] == ['face.png']
    assert list_images('~/face.png')[1] == list_images([Path('~/face.png')])[1] == [str(tmp_path / 'face.png')]


def test_files_folders_and_arrays_give_the_same(features, images, tmp_path):
    (tmp_path / 'b').mkdir()
    names = ['a.png', 'b/0.png', 'b/1.png']
    for name, image in zip(names, images):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / 'notes.txt').write_text('no image')
    paths = [str(tmp_path / name) for name in names]
    expected = features(images[:3], what=['embedding'])['embedding']
    folder = features(tmp_path, what=['embedding'])
    assert folder['names'].tolist() == names
    files = features(paths, what=['embedding'])
    assert files['names'].tolist() == paths
    for got in (folder, files, features([tmp_path / 'a.png', *images[1:3]], what=['embedding'])):
        np.testing.assert_array_equal(got['embedding'], expected)
    np.testing.assert_array_equal(features(paths[0])['embedding'], features(images[0])['embedding'])


def test_grey_and_larger_images_are_prepared(features, images):
    grey = images[0][..., 0]
    np.testing.assert_array_equal(features(grey)['embedding'], features(np.stack([grey] * 3, axis=2))['embedding'])
    large = images[0].repeat(2, axis=0).repeat(3, axis=1)
    assert features(large)['heatmaps'].shape == features(images[0])['heatmaps'].shape


def test_another_size_can_be_asked_for(checkpoint, images):
    got = FRAFeatures(checkpoint, device='cpu', size=96)(images[:1])
    assert got['feature_map'].shape == (1, 64, 6, 6)


def test_an_exported_backbone_gives_the_same_embedding(features, checkpoint, images, tmp_path):
    export_backbone(checkpoint, str(tmp_path / 'backbone.pth'))
    backbone = FRAFeatures(tmp_path / 'backbone.pth', device='cpu')
    got = backbone(images)
    assert list(got) == ['names', 'embedding', 'feature_map']
    np.testing.assert_array_equal(got['embedding'], features(images)['embedding'])
    for name in ('heatmaps', 'region_embedding'):
        with pytest.raises(ValueError, match=f"'{name}' needs a whole FRA checkpoint"):
            backbone(images, what=name)


def test_mmpretrains_feature_extractor_gives_the_same_embedding(features, checkpoint, images, tmp_path):
    export_backbone(checkpoint, str(tmp_path / 'backbone.pth'))
    config = Config.fromstring(torch.load(tmp_path / 'backbone.pth', weights_only=True)['meta']['cfg'], '.py')
    extractor = FeatureExtractor(config, str(tmp_path / 'backbone.pth'), device='cpu')
    theirs = [maps[-1].mean(dim=(1, 2)).numpy() for maps in extractor(list(images), batch_size=2)]
    np.testing.assert_allclose(features(images, what='embedding')['embedding'], theirs, rtol=1e-5, atol=1e-6)


def test_other_peoples_weights_need_a_config(features, model, images, tmp_path):
    torch.save(
        {f'module.encoder_q.{name}': tensor for name, tensor in model.backbone.state_dict().items()},
        tmp_path / 'moco.pth',
    )
    with pytest.raises(ValueError, match='carries no config'):
        FRAFeatures(tmp_path / 'moco.pth')
    (tmp_path / 'config.py').write_text(
        Config(
            dict(
                model=dict(
                    type='ImageClassifier', backbone=NARROW, data_preprocessor=dict(mean=MEAN, std=STD, to_rgb=True)
                ),
                test_dataloader=dict(dataset=dict(pipeline=[dict(type='Resize', scale=(64, 64))])),
            )
        ).pretty_text
    )
    moco = FRAFeatures(tmp_path / 'moco.pth', str(tmp_path / 'config.py'), 'cpu')
    np.testing.assert_array_equal(moco(images)['embedding'], features(images)['embedding'])


def landmark_config(path):
    """Of mmpose, which is not needed to read its backbone."""
    model = dict(
        type='TopdownPoseEstimator',
        backbone=NARROW,
        data_preprocessor=dict(type='PoseDataPreprocessor', mean=MEAN, std=STD, bgr_to_rgb=True),
    )
    pipeline = [dict(type='LoadImage'), dict(type='TopdownAffine', input_size=(64, 64), use_udp=True)]
    path.write_text(Config(dict(model=model, test_dataloader=dict(dataset=dict(pipeline=pipeline)))).pretty_text)
    return path


def test_the_backbone_of_a_landmark_model_of_mmpose_sees_its_channels(features, model, images, tmp_path):
    config = landmark_config(tmp_path / 'landmarks.py')
    tensors = {f'backbone.{name}': tensor for name, tensor in model.backbone.state_dict().items()}
    path = write(tmp_path / 'epoch_8.pth', config.read_text(), tensors)
    export_backbone(str(path), str(tmp_path / 'backbone.pth'))
    expected = features(images, what='embedding')['embedding']
    configured = FRAFeatures(path, str(config), 'cpu')
    np.testing.assert_array_equal(configured(images)['embedding'], expected)
    configured.save_pretrained(tmp_path / 'folder')
    for source in ('epoch_8.pth', 'backbone.pth', 'folder'):
        again = FRAFeatures(tmp_path / source, device='cpu')
        np.testing.assert_array_equal(again(images)['embedding'], expected)


def test_a_backbone_without_a_map_gives_what_it_has(images, tmp_path):
    arch = dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=16)
    backbone = dict(type='VisionTransformer', arch=arch, img_size=64, patch_size=32, out_type='cls_token')
    model = dict(type='ImageClassifier', backbone=backbone)
    pipeline = [dict(type='Resize', scale=64)]
    config = tmp_path / 'vit.py'
    config.write_text(Config(dict(model=model, test_dataloader=dict(dataset=dict(pipeline=pipeline)))).pretty_text)
    vit = FRAFeatures(None, str(config), 'cpu')
    got = vit(images, batch_size=2)
    assert list(got) == ['names', 'embedding'] and got['embedding'].shape == (5, 16)
    with pytest.raises(ValueError, match='the backbone VisionTransformer gives no feature map'):
        vit(images, what=['embedding', 'feature_map'])


def test_the_model_does_not_learn(features, images):
    before = {name: tensor.clone() for name, tensor in features.model.state_dict().items()}
    features(images)
    assert not features.model.training
    assert not any(parameter.requires_grad for parameter in features.model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in features.model.state_dict().items())


def write(path, cfg, state_dict):
    torch.save(dict(state_dict=state_dict, meta=dict(cfg=cfg)), path)
    return path


@pytest.mark.parametrize(
    'cfg, message',
    [
        ('import os\nmodel = os.system("touch ran")', 'more than values'),
        ('model = dict(type=print("ran"))', 'more than values'),
        ('model = dict(', 'more than values'),
        ("model = dict(type='os.mkdir', path='ran')", "the type 'os.mkdir', which is no registered model"),
        ("model = dict(type='FRA', backbone=dict(type='antigravity'))", "the type 'antigravity'"),
        ("model = dict(type='TopdownPoseEstimator', backbone=dict(type='antigravity'))", "the type 'antigravity'"),
        ('model = 3', 'the config has no model'),
        ('', 'carries no config'),
    ],
)
def test_a_config_in_a_checkpoint_runs_no_code(cfg, message, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / 'in.pth', cfg, dict(weight=torch.zeros(1)))
    with pytest.raises(ValueError, match=message):
        FRAFeatures(path)
    assert [path.name for path in tmp_path.iterdir()] == ['in.pth']
    assert 'ran' not in capfd.readouterr().out


def test_weights_that_do_not_fit_are_refused(model, tmp_path):
    text = Config(dict(model=fra_config(NARROW, 64))).pretty_text
    state_dict = model.state_dict()
    path = write(tmp_path / 'in.pth', text, state_dict)
    with pytest.raises(ValueError, match='does not tell the size of images'):
        FRAFeatures(path)
    del state_dict['neck.heatmap_head.prototype']
    path = write(tmp_path / 'in.pth', text, state_dict)
    with pytest.raises(ValueError, match='does not fit the FRA of its config: .*prototype'):
        FRAFeatures(path, size=64)
    with pytest.raises(FileNotFoundError, match='none.pth'):
        FRAFeatures(tmp_path / 'none.pth')


def test_images_that_cannot_be_read_are_named(features, images, tmp_path):
    (tmp_path / 'text.jpg').write_text('no image')
    with pytest.raises(ValueError, match='text.jpg'):
        features(tmp_path / 'text.jpg')
    with pytest.raises(FileNotFoundError, match='none.jpg'):
        features([images[0], tmp_path / 'none.jpg'])
    with pytest.raises(ValueError, match='image 1 must be .* float64'):
        features([images[0], images[0] / 255])
    with pytest.raises(ValueError, match=r'image 0 must be .* \(64, 64, 4\)'):
        features(np.zeros((64, 64, 4), np.uint8))
    with pytest.raises(TypeError, match='image 0 must be a file or an array, got int'):
        features([3])
    with pytest.raises(TypeError, match='got NoneType'):
        features(None)
    with pytest.raises(ValueError, match='no images'):
        features([])
    with pytest.raises(ValueError, match='no image found'):
        (tmp_path / 'empty').mkdir()
        features(tmp_path / 'empty')
    with pytest.raises(ValueError, match='batch_size must be a whole number of at least 1'):
        features(images, 0)
    with pytest.raises(ValueError, match='a whole number of at least 1, got 1.5'):
        features(images, 1.5)
    with pytest.raises(ValueError, match="got 'features'"):
        features(images, what='features')


def test_random_weights_come_from_a_config_and_the_seed(images, tmp_path, capfd):
    path = tmp_path / 'config.py'
    path.write_text(
        Config(
            dict(
                model=fra_config(NARROW, 64),
                data_preprocessor=dict(type='SelfSupDataPreprocessor', mean=MEAN, std=STD),
                train_dataloader=dict(dataset=dict(pipeline=[dict(type='FastRandomResizedCrop', scale=64)])),
            )
        ).pretty_text
    )

    def embedding(seed):
        torch.manual_seed(seed)
        return FRAFeatures(None, str(path), 'cpu')(images)['embedding']

    assert np.array_equal(embedding(0), embedding(0))
    assert not np.allclose(embedding(0), embedding(1))
    assert 'torch.Size' not in capfd.readouterr().out
    with pytest.raises(ValueError, match='random weights need a config'):
        FRAFeatures(None)


@pytest.mark.parametrize(
    'parts, expected',
    [
        (
            dict(test_dataloader=[dict(type='FaceCrop', size=48, margin=0.1, align='similarity')]),
            (48, 0.1, 'similarity'),
        ),
        (dict(test_dataloader=[dict(type='FaceCrop', size=48)]), (48, 0.3, 'none')),
        (dict(train_dataloader=[dict(type='FastRandomResizedCrop', scale=96)]), (96, 0.3, 'none')),
        (
            dict(train_dataloader=[dict(type='Resize', scale=(64, 64))], boxes='b.csv', box_margin=0.5),
            (64, 0.5, 'none'),
        ),
        (dict(train_dataloader=[dict(type='Resize', scale=(64, 64))], box_margin=0.5), (64, 0.3, 'none')),
        (dict(train_dataloader=[dict(type='LoadFace')]), None),
        (
            dict(test_dataloader=[dict(type='ResizeEdge', scale=256), dict(type='CenterCrop', crop_size=224)]),
            (224, 0.3, 'none'),
        ),
        (
            dict(test_dataloader=[dict(type='CenterCrop', crop_size=160), dict(type='Resize', scale=96)]),
            (96, 0.3, 'none'),
        ),
        (dict(val_dataloader=[dict(type='mmpose.TopdownAffine', input_size=(96, 96))]), (96, 0.3, 'none')),
        (
            dict(
                train_dataloader=[
                    dict(type='Resize', scale=256),
                    dict(
                        type='MultiView',
                        num_views=[2, 6],
                        transforms=[
                            [dict(type='RandomResizedCrop', scale=224), dict(type='RandomFlip')],
                            [dict(type='RandomResizedCrop', scale=96)],
                        ],
                    ),
                    dict(type='PackInputs'),
                ]
            ),
            (224, 0.3, 'none'),
        ),
    ],
)
def test_the_crop_of_a_model_comes_from_its_config(parts, expected):
    data = {name: part for name, part in parts.items() if not name.endswith('loader')}
    config = {name: dict(dataset=dict(data, pipeline=part)) for name, part in parts.items() if name.endswith('loader')}
    found = stored_crop(config)
    assert (found and tuple(found.settings().values())) == expected


def test_a_wrong_crop_in_a_config_is_refused():
    with pytest.raises(ValueError, match='above -1'):
        stored_crop(dict(test_dataloader=dict(dataset=dict(pipeline=[dict(type='FaceCrop', margin=-2)]))))


def test_images_that_cannot_be_read_are_told_apart(tmp_path):
    files = [str(tmp_path / name) for name in ('ann.png', 'text.png', 'ben.png')]
    for file in files[::2]:
        cv2.imwrite(file, np.zeros((8, 8, 3), np.uint8))
    (tmp_path / 'text.png').write_text('no image')
    found, (problem,) = readable_images(files)
    assert found == files[::2] and problem.startswith(files[1])


def test_what_cannot_be_read_is_left_out_where_it_is_asked_for(features, images, tmp_path, monkeypatch):
    """Each file is decoded once. The results are those of the files that are left, in batches of any size."""
    for place, name in enumerate(('a.png', 'b.png', 'c.png', 'd.png')):
        cv2.imwrite(str(tmp_path / name), images[place])
    (tmp_path / 'b.png').write_text('no image')
    (tmp_path / 'd.png').write_bytes(b'')
    read, decoded = LoadFace.transform, []

    def transform(self, results):
        decoded.append(Path(results['img_path']).name)
        return read(self, results)

    monkeypatch.setattr(LoadFace, 'transform', transform)
    expected = features(images[[0, 2]], what='embedding')['embedding']
    for batch_size in (1, 2, 32):
        found = features(tmp_path, batch_size, 'embedding', skip_broken=True)
        assert found['names'].tolist() == ['a.png', 'c.png'] and found['places'].tolist() == [0, 2]
        np.testing.assert_allclose(found['embedding'], expected, rtol=1e-5, atol=1e-6)
        assert found['left_out'][0].startswith(f'{tmp_path}/b.png: not an image')
        assert found['left_out'][1] == f'{tmp_path}/d.png: the file is empty'
    assert sorted(decoded) == sorted(3 * ['a.png', 'b.png', 'c.png', 'd.png'])
    with pytest.raises(ValueError, match='none of the 2 images can be read: .*b.png: not an image'):
        features([tmp_path / 'b.png', tmp_path / 'd.png'], skip_broken=True)
    with pytest.raises(IsADirectoryError, match='give one folder alone, or image files'):
        features([tmp_path, tmp_path / 'a.png'])


def test_a_file_that_may_not_be_read_is_one_that_cannot(features, images, tmp_path, monkeypatch):
    """The test may be run by root, who may read everything."""
    for name in ('a.png', 'b.png'):
        cv2.imwrite(str(tmp_path / name), images[0])
    read = LoadFace.transform

    def transform(self, results):
        if results['img_path'].endswith('a.png'):
            raise PermissionError(13, 'Permission denied')
        return read(self, results)

    monkeypatch.setattr(LoadFace, 'transform', transform)
    found = features(tmp_path, what='embedding', skip_broken=True)
    assert found['names'].tolist() == ['b.png'] and found['left_out'].tolist() == [
        f'{tmp_path}/a.png: Permission denied'
    ]
    assert readable_images([f'{tmp_path}/a.png'])[1] == [f'{tmp_path}/a.png: Permission denied']


def test_the_docstring_and_the_page_say_with_which_masks_regions_are_averaged():
    page = (Path(__file__).resolve().parents[1] / 'docs/using.md').read_text()
    for text in (page, FRAFeatures.__call__.__doc__):
        assert f'temperature {SHARPNESS:g}' in text
