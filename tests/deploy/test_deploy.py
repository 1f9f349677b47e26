"""Exported models: onnxruntime and torch.export give what FRAFeatures, mmpretrain and mmpose give, by the file's metadata."""

import json
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from made_checkpoints import MEAN, NARROW, STD, fra, save
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain import ImageClassificationInferencer
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.export import export_backbone
from fra_plugin.checkpoints.fingerprint import drawn_face
from fra_plugin.deploy import read_deployable, write_onnx, write_program
from fra_plugin.deploy.exported_program import FACTS

onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')

REPO = Path(__file__).resolve().parents[2]
LANDMARKS = REPO / 'configs/transfer/landmark/td-hm_r18_udp-1xb32-8e_synthetic-96x96.py'


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return save(fra(NARROW, 64), tmp_path_factory.mktemp('run') / 'epoch_3.pth', NARROW, 64)


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])


def facts(path):
    """The metadata, as a program without this package reads them."""
    known = {}
    for name, value in session(path).get_modelmeta().custom_metadata_map.items():
        try:
            known[name] = json.loads(value)
        except ValueError:
            known[name] = value
    return known


def prepared(images, known):
    """Images (H, W, 3) BGR as the metadata say: nothing of this package is used."""
    batch = []
    for image in images:
        image = cv2.resize(image, (known['width'], known['height']))
        image = image[..., ::-1] if known['channel_order'] == 'RGB' else image
        batch.append(((image - np.array(known['mean'])) / np.array(known['std'])).transpose(2, 0, 1))
    return np.stack(batch).astype(np.float32)


def run(path, images):
    return session(path).run(None, dict(images=prepared(images, facts(path))))


def faces(count, size=64):
    return [np.roll(drawn_face(size), 3 * i, axis=1) for i in range(count)]


def close(got, expected):
    np.testing.assert_allclose(got, expected, atol=1e-4 * max(1, np.abs(expected).max()), rtol=0)


@pytest.mark.parametrize('count', [1, 5])
def test_features_are_those_of_fra_features(checkpoint, tmp_path, count):
    differences = write_onnx(read_deployable(checkpoint), tmp_path / 'fra.onnx')
    assert list(differences) == ['embedding', 'feature_map', 'heatmaps'] and max(differences.values()) < 1e-4
    expected = FRAFeatures(checkpoint, device='cpu')(faces(count))
    for name, values in zip(differences, run(tmp_path / 'fra.onnx', faces(count))):
        close(values, expected[name])


def test_real_faces_give_the_same_numbers(real_data, tmp_path):
    write_onnx(read_deployable('fra_r18w32_96px'), tmp_path / 'fra.onnx')
    paths = sorted((real_data / 'lfw_color5pt/images').glob('*.jpg'))[:200:20]
    expected = FRAFeatures('fra_r18w32_96px', device='cpu')(paths)
    images = [cv2.imread(str(path)) for path in paths]
    for name, values in zip(('embedding', 'feature_map', 'heatmaps'), run(tmp_path / 'fra.onnx', images)):
        close(values, expected[name])


def test_the_metadata_tell_the_pre_processing(checkpoint, tmp_path):
    write_onnx(read_deployable(checkpoint), tmp_path / 'fra.onnx')
    known = facts(tmp_path / 'fra.onnx')
    assert known['task'] == 'features' and known['channel_order'] == 'RGB' and known['layout'] == 'NCHW'
    assert known['mean'] == pytest.approx(MEAN) and known['std'] == pytest.approx(STD)
    assert known['crop'] == dict(size=64, margin=0.3, align='none') and known['source'] == 'epoch_3.pth'
    shapes = {value.name: value.shape for value in session(tmp_path / 'fra.onnx').get_outputs()}
    assert shapes['embedding'] == ['batch', 64] and shapes['heatmaps'][:2] == ['batch', 3]


def test_some_outputs_and_a_backbone_alone(checkpoint, tmp_path):
    write_onnx(read_deployable(checkpoint, what=['heatmaps', 'embedding']), tmp_path / 'some.onnx')
    assert [value.name for value in session(tmp_path / 'some.onnx').get_outputs()] == ['heatmaps', 'embedding']
    expected = FRAFeatures(checkpoint, device='cpu')(faces(2))
    close(run(tmp_path / 'some.onnx', faces(2))[0], expected['heatmaps'])
    export_backbone(checkpoint, str(tmp_path / 'backbone.pth'))
    write_onnx(read_deployable(str(tmp_path / 'backbone.pth')), tmp_path / 'backbone.onnx')
    embedding, feature_map = run(tmp_path / 'backbone.onnx', faces(2))
    close(embedding, expected['embedding'])


def test_a_saved_folder_is_exported_too(checkpoint, tmp_path):
    FRAFeatures(checkpoint, device='cpu').save_pretrained(tmp_path / 'saved')
    write_onnx(read_deployable(str(tmp_path / 'saved')), tmp_path / 'fra.onnx')
    close(run(tmp_path / 'fra.onnx', faces(1))[0], FRAFeatures(checkpoint, device='cpu')(faces(1))['embedding'])
    assert facts(tmp_path / 'fra.onnx')['source'] == 'epoch_3.pth'


def fine_tuned(config, path, **meta):
    """A checkpoint of the shipped config with random weights, as mmengine saves it."""
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    meta.update(cfg=config.pretty_text)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)


def shipped(name):
    config = Config.fromfile(next((REPO / 'configs/transfer').rglob(f'{name}.py')))
    config.model.backbone.init_cfg = None
    return config


@pytest.mark.parametrize(
    'name, task',
    [
        ('resnet18_1xb32-ft-fra_muxspace', 'classes'),
        ('resnet18_1xb32-ft-fra_lfw-attributes', 'attributes'),
        ('resnet18_1xb32-ft-fra_utkface', 'numbers'),
    ],
)
def test_a_fine_tuned_model_gives_what_its_prediction_says(tmp_path, name, task):
    config = shipped(name)
    count = config.model.head.num_classes
    path = fine_tuned(config, tmp_path / 'epoch_1.pth', dataset_meta=dict(classes=[f'c{i}' for i in range(count)]))
    found = read_deployable(path)
    write_onnx(found, tmp_path / 'classes.onnx')
    known = facts(tmp_path / 'classes.onnx')
    assert known['classes'] == [f'c{i}' for i in range(count)] and known['height'] == 96 and known['task'] == task
    (scores,) = run(tmp_path / 'classes.onnx', faces(3, 96))
    assert scores.shape == (3, count) and found.outputs == ['numbers' if task == 'numbers' else 'scores']
    expected = np.stack([sample.pred_score.numpy() for sample in predictions(config, path, 96)])
    close(scores, expected)
    assert not np.array_equal(scores[0], scores[1])  # a constant would fit a constant
    if task == 'classes':
        inferencer = ImageClassificationInferencer(config, pretrained=path, device='cpu', classes=known['classes'])
        for face, row in zip(faces(3, 96), scores):
            np.testing.assert_allclose(inferencer(face)[0]['pred_scores'], row, atol=1e-4)


def test_a_parsing_model_gives_the_part_of_each_pixel(tmp_path):
    config = shipped('resnet18_1xb32-parse-fra_synthetic')
    path = fine_tuned(config, tmp_path / 'epoch_1.pth', dataset_meta=dict(classes=[f'c{i}' for i in range(17)]))
    write_onnx(read_deployable(path), tmp_path / 'parts.onnx')
    (scores,) = run(tmp_path / 'parts.onnx', faces(3, 96))
    assert facts(tmp_path / 'parts.onnx')['task'] == 'parts' and scores.shape == (3, 17, 96, 96)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    expected = np.stack([sample.pred_seg_map.numpy() for sample in predictions(config, path, 96)])
    assert len(np.unique(expected)) > 1 and np.mean(scores.argmax(axis=1) == expected) > 0.999  # ties of rounding


def predictions(config, path, size):
    """What ``model.predict`` says of the three faces: nothing of ``fra_plugin.deploy`` is used."""
    model = MODELS.build(config.model).eval()
    model.load_state_dict(torch.load(path, weights_only=True)['state_dict'])
    inputs = torch.from_numpy(np.stack(faces(3, size)).transpose(0, 3, 1, 2).copy())
    data = model.data_preprocessor(
        dict(inputs=inputs, data_samples=[DataSample(img_shape=(size, size)) for _ in inputs])
    )
    with torch.no_grad():
        return model(**data, mode='predict')


def test_a_head_of_which_nothing_is_known_is_refused(tmp_path):
    config = shipped('resnet18_1xb32-ft-fra_muxspace')
    config.model.head = dict(type='ArcFaceClsHead', num_classes=7, in_channels=128)
    path = fine_tuned(config, tmp_path / 'epoch_1.pth')
    with pytest.raises(
        ValueError, match='head ArcFaceClsHead cannot be exported, expected one of LinearRegressionHead, Pars'
    ):
        read_deployable(path)


def landmark_checkpoint(tmp_path, **changes):
    pytest.importorskip('mmpose.models', exc_type=ImportError)
    import mmpose.registry

    import fra_plugin.landmark  # noqa: F401

    config = Config.fromfile(LANDMARKS)
    config.model.backbone.init_cfg = None
    config.merge_from_dict(changes)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = mmpose.registry.MODELS.build(config.model)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(cfg=config.pretty_text)), tmp_path / 'landmarks.pth')
    return config, str(tmp_path / 'landmarks.pth')


def test_heatmaps_and_their_codec_give_the_landmarks_of_mmpose(tmp_path):
    config, path = landmark_checkpoint(tmp_path)
    from mmpose.apis import inference_topdown, init_model
    from mmpose.registry import KEYPOINT_CODECS
    from mmpose.structures.bbox import get_udp_warp_matrix

    write_onnx(read_deployable(path), tmp_path / 'landmarks.onnx')
    known = facts(tmp_path / 'landmarks.onnx')
    assert known['crop'] == dict(padding=1.25, use_udp=True) and known['landmarks'] == 68
    model = init_model(config, path, device='cpu')
    box = np.array([10, 5, 80, 90], np.float32)  # x1, y1, x2, y2
    (sample,) = inference_topdown(model, drawn_face(96), box[None])
    sides = np.full(2, (box[2:] - box[:2]).max()) * known['crop']['padding']
    corner = (box[:2] + box[2:]) / 2 - sides / 2
    warp = get_udp_warp_matrix((box[:2] + box[2:]) / 2, sides, 0, (96, 96))
    face = cv2.warpAffine(drawn_face(96), warp, (96, 96), flags=cv2.INTER_LINEAR)
    (heatmaps,) = run(tmp_path / 'landmarks.onnx', [face])
    with torch.no_grad():
        theirs = model.head.forward(model.extract_feat(torch.from_numpy(prepared([face], known))))
    close(heatmaps, theirs.numpy())
    keypoints, _ = KEYPOINT_CODECS.build(known['codec']).decode(heatmaps[0])
    found = keypoints[0] / 96 * sides + corner
    # The heatmaps of random weights are flat, so that the highest place of a few hangs on the last digit.
    apart = np.abs(found - sample.pred_instances.keypoints[0]).max(axis=1)
    assert np.mean(apart < 0.05) > 0.9


def test_regression_gives_keypoints_in_pixels_of_the_input(tmp_path):
    config, path = landmark_checkpoint(
        tmp_path,
        **{
            'model.neck': dict(type='GlobalAveragePooling'),
            'model.head': dict(
                _delete_=True,
                type='RLEHead',
                in_channels=128,
                num_joints=68,
                loss=dict(type='RLELoss', use_target_weight=True),
                decoder=dict(type='RegressionLabel', input_size=(96, 96)),
            ),
        },
    )
    found = read_deployable(path)
    write_onnx(found, tmp_path / 'landmarks.onnx')
    (keypoints,) = run(tmp_path / 'landmarks.onnx', [drawn_face(96)])
    inputs = torch.from_numpy(prepared([drawn_face(96)], facts(tmp_path / 'landmarks.onnx')))
    with torch.no_grad():
        raw = found.network.model.head.forward(found.network.model.extract_feat(inputs))
    assert found.outputs == ['keypoints'] and keypoints.shape == (1, 68, 2)
    close(keypoints, (raw[..., :2] * 96).numpy())


def test_torch_export_gives_the_same(checkpoint, tmp_path):
    found = read_deployable(checkpoint)
    if torch.__version__ < (2, 5):
        with pytest.raises(ValueError, match='needs torch 2.5'):
            write_program(found, tmp_path / 'fra.pt2')
        assert not (tmp_path / 'fra.pt2').exists()
        return
    write_program(found, tmp_path / 'fra.pt2')
    extra = {FACTS: ''}
    program = torch.export.load(tmp_path / 'fra.pt2', extra_files=extra)
    known = json.loads(extra[FACTS])
    outputs = program.module()(torch.from_numpy(prepared(faces(4), known)))
    expected = FRAFeatures(checkpoint, device='cpu')(faces(4))
    for name, values in zip(found.outputs, outputs):
        close(values.numpy(), expected[name])


@pytest.fixture
def command(run_tool):
    return partial(run_tool, 'model_converters/export_onnx.py')


def test_the_command_tells_what_it_wrote(checkpoint, tmp_path, command):
    code, out, _ = command(checkpoint, tmp_path / 'new/fra.onnx', '--what', 'embedding')
    assert code == 0 and 'features, images of 64 x 64 pixels, RGB' in out and 'embedding' in out
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['fra.onnx']


def test_mistakes_are_one_line_and_write_nothing(checkpoint, tmp_path, monkeypatch, command):
    def error(*args):
        code, _, lines = command(*args)
        assert code == 1 and len(lines) == 1, lines
        return lines[0]

    out = tmp_path / 'fra.onnx'
    assert 'no checkpoint none.pth' in error('none.pth', out)
    assert "gives embedding, feature_map, heatmaps, not 'logits'" in error(checkpoint, out, '--what', 'logits')
    assert 'opset must be 14 to 20, got 9' in error(checkpoint, out, '--opset', 9)
    assert command(checkpoint, 'fra.engine')[0] == 2
    (tmp_path / 'text.pth').write_text('no weights')
    assert 'text.pth is not a checkpoint' in error(tmp_path / 'text.pth', out)
    content = torch.load(checkpoint, weights_only=True)
    content['meta']['cfg'] = content['meta']['cfg'].replace('hid_channels=16', 'hid_channels=32')
    torch.save(content, tmp_path / 'other.pth')
    assert 'does not fit' in error(tmp_path / 'other.pth', out)
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    assert 'pip install' in error(checkpoint, out)
    assert not out.exists()


def test_a_strangers_landmark_config_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, path = landmark_checkpoint(tmp_path)
    content = torch.load(path, weights_only=True)
    content['meta']['cfg'] = content['meta']['cfg'].replace("type='HeatmapHead'", "type='os.mkdir'")
    torch.save(content, path)
    with pytest.raises(ValueError, match="the type 'os.mkdir', which is no registered model"):
        read_deployable(path)


@pytest.mark.parametrize('unit', [0.01, float('nan')])
def test_numbers_that_differ_are_not_written(checkpoint, tmp_path, unit):
    found = read_deployable(checkpoint)

    class Unsteady(torch.nn.Module):
        """Traced as one number, while torch gives another each time."""

        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, images):
            self.calls += 1
            return tuple(output + unit * self.calls for output in found.network(images))

    with pytest.raises(ValueError, match='onnxruntime and torch differ by .* nothing is written'):
        write_onnx(found._replace(network=Unsteady().eval()), tmp_path / 'fra.onnx')
    assert list(tmp_path.iterdir()) == []
