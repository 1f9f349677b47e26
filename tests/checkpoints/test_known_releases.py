"""Files in the layouts of others' releases give the features that their authors' networks give."""

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn import functional as F

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.known_releases import known_release
from fra_plugin.checkpoints.pretrained_backbone import backbone_tensors, fill

timm = pytest.importorskip('timm')
CLIP = dict(type='TIMMFeatureMap', model_name='vit_base_patch16_clip_quickgelu_224')
DINOV3 = dict(type='TIMMFeatureMap', model_name='vit_small_patch16_dinov3')
TINY = dict(embed_dim=32, depth=2, num_heads=2)


def clip_layout(width=32, depth=2, tokens=197, number=torch.randn):
    """The image encoder's tensors as FaRL's files name them, with parts of its other networks."""
    shapes = {
        'class_embedding': (width,),
        'positional_embedding': (tokens, width),
        'proj': (width, 16),
        'conv1.weight': (width, 3, 16, 16),
        **{f'{norm}.{part}': (width,) for norm in ('ln_pre', 'ln_post') for part in ('weight', 'bias')},
        'mask_token': (1, 1, width),
        'lm_transformer.resblocks.0.ln_1.weight': (width,),
    }
    for block in range(depth):
        shapes.update(
            {
                f'transformer.resblocks.{block}.{name}': shape
                for name, shape in {
                    'attn.in_proj_weight': (3 * width, width),
                    'attn.in_proj_bias': (3 * width,),
                    'attn.out_proj.weight': (width, width),
                    'attn.out_proj.bias': (width,),
                    'ln_1.weight': (width,),
                    'ln_1.bias': (width,),
                    'mlp.c_fc.weight': (4 * width, width),
                    'mlp.c_fc.bias': (4 * width,),
                    'mlp.c_proj.weight': (width, 4 * width),
                    'mlp.c_proj.bias': (width,),
                    'ln_2.weight': (width,),
                    'ln_2.bias': (width,),
                }.items()
            }
        )
    tensors = {f'visual.{name}': number(*shape) for name, shape in shapes.items()}
    return dict(tensors, **{'token_embedding.weight': number(7, width), 'logit_scale': number(1)})


def clip_forward(tensors, images, width=32, heads=2, depth=2):
    """The image encoder of CLIP, by its paper: patches, a class token, pre-norm blocks with QuickGELU, a final norm."""

    def norm(x, name):
        return F.layer_norm(x, (width,), tensors[f'visual.{name}.weight'], tensors[f'visual.{name}.bias'])

    x = F.conv2d(images, tensors['visual.conv1.weight'], stride=16).flatten(2).transpose(1, 2)
    first = tensors['visual.class_embedding'].expand(len(x), 1, width)
    x = norm(torch.cat([first, x], dim=1) + tensors['visual.positional_embedding'], 'ln_pre')
    for block in range(depth):
        name = f'transformer.resblocks.{block}'
        part = {key[len(f'visual.{name}.') :]: value for key, value in tensors.items() if name in key}
        attention = nn.MultiheadAttention(width, heads, batch_first=True)
        attention.load_state_dict({key[5:]: value for key, value in part.items() if key.startswith('attn.')})
        y = norm(x, f'{name}.ln_1')
        x = x + attention(y, y, y, need_weights=False)[0]
        y = F.linear(norm(x, f'{name}.ln_2'), part['mlp.c_fc.weight'], part['mlp.c_fc.bias'])
        x = x + F.linear(y * torch.sigmoid(1.702 * y), part['mlp.c_proj.weight'], part['mlp.c_proj.bias'])
    return norm(x, 'ln_post')[:, 1:].transpose(1, 2).unflatten(2, (14, 14))


@torch.no_grad()
def test_the_encoder_of_farl_gives_what_its_formulas_give(tmp_path):
    torch.manual_seed(0)
    tensors = {name: 0.2 * value for name, value in clip_layout().items()}
    torch.save(dict(state_dict={f'module.{name}': value for name, value in tensors.items()}), tmp_path / 'farl.pth')
    init = dict(type='PretrainedBackbone', checkpoint=str(tmp_path / 'farl.pth'))
    model = MODELS.build(dict(CLIP, init_cfg=init, **TINY)).eval()
    model.init_weights()
    images = torch.randn(2, 3, 224, 224)
    assert torch.allclose(model(images)[0], clip_forward(tensors, images), atol=1e-4)


def meta_names(tensors):
    """timm's names of DINOv3 -> those in Meta's files."""
    renamed = {}
    for name, value in tensors.items():
        for own, meta in (('gamma_1', 'ls1.gamma'), ('gamma_2', 'ls2.gamma'), ('reg_token', 'storage_tokens')):
            name = name.replace(own, meta)
        renamed[name] = value
    blocks = [name for name in tensors if name.endswith('attn.qkv.weight')]
    for name in blocks:
        renamed[name.replace('weight', 'bias')] = torch.zeros(len(tensors[name]))
        renamed[name.replace('weight', 'bias_mask')] = torch.zeros(len(tensors[name]))
    return dict(renamed, mask_token=torch.zeros(1, 32), **{'rope_embed.periods': torch.zeros(8)})


@torch.no_grad()
def test_dinov3_is_read_in_the_names_of_meta_and_of_timm():
    torch.manual_seed(0)
    source = MODELS.build(dict(DINOV3, **TINY)).eval()
    timms = {name[6:]: torch.rand_like(value) for name, value in source.state_dict().items()}
    images, maps = torch.rand(1, 3, 64, 48), []
    for tensors in (timms, meta_names(timms), {f'model.{name}': value for name, value in timms.items()}):
        model = MODELS.build(dict(DINOV3, **TINY)).eval()
        fill(model, backbone_tensors(tensors, model), 'dinov3.pth', strict=True)
        maps += model(images)
    assert maps[0].shape == (1, 32, 4, 3) and maps[0].std() > 0
    assert torch.equal(maps[0], maps[1]) and torch.equal(maps[0], maps[2])


def test_another_depth_and_a_missing_tensor_are_refused():
    tensors = clip_layout(depth=3)
    model = MODELS.build(dict(CLIP, **TINY))
    with pytest.raises(ValueError, match='farl.pth holds another network than this TIMMFeatureMap'):
        backbone_tensors(tensors, model, source='farl.pth')
    tensors = clip_layout()
    del tensors['visual.ln_post.weight']
    with pytest.raises(ValueError, match='farl.pth has no known place .* without 1 of them, such as model.norm.weight'):
        backbone_tensors(tensors, model, source='farl.pth')


def empty(*shape):
    """A tensor of one stored number."""
    return torch.zeros(()).expand(shape)


def resnet50(prefix, **others):
    from torchvision.models import resnet50

    with torch.device('meta'):
        model = resnet50()
    names = {name: value for name, value in model.state_dict().items() if not name.startswith('fc.')}
    return dict({prefix + name: empty(*value.shape) for name, value in names.items()}, **others)


def dinov3(width, *names):
    return {'patch_embed.proj.weight': empty(width, 3, 16, 16), **{name: torch.ones(1) for name in names}}


def dinov3_of(size, end=''):
    return dict(DINOV3, model_name=f'vit_{size}_patch16_dinov3{end}')


@pytest.mark.parametrize(
    'tensors, backbone, mean, size',
    [
        (resnet50('module.base_net.'), dict(type='ResNet', depth=50), 123.675, 224),
        (resnet50('', **{'fc.weight': empty(1000, 2048)}), dict(type='ResNet', depth=50), 123.675, 224),
        (clip_layout(768, 12, number=empty), CLIP, 255 * 0.48145466, 224),
        (dinov3(384, 'reg_token'), DINOV3, 123.675, 256),
        (dinov3(384, 'storage_tokens', 'blocks.0.mlp.w1.weight'), dinov3_of('small_plus'), 123.675, 256),
        (dinov3(768, 'reg_token', 'blocks.0.attn.q_bias'), dinov3_of('base', '_qkvb'), 123.675, 256),
    ],
    ids=['Bulat', 'ImageNet', 'FaRL', 'DINOv3', 'DINOv3 plus', 'DINOv3 with bias'],
)  # yapf: disable
def test_releases_are_known_with_their_own_images(tensors, backbone, mean, size):
    release = known_release(tensors, 'file.pth')
    assert release.model['backbone'] == backbone and release.size == size
    assert (
        release.model['data_preprocessor']['mean'][0] == pytest.approx(mean)
        and release.model['data_preprocessor']['to_rgb']
    )


def test_what_is_not_known_is_none_and_other_sizes_are_named():
    assert known_release(resnet50(''), 'export.pth') is None  # no classifier: whose images it saw is not known
    assert known_release({'a.weight': torch.ones(1)}, 'a.pth') is None
    with pytest.raises(ValueError, match='clip.pth: its image encoder, of CLIP or FaRL, has 640 channels'):
        known_release(clip_layout(640, 1, number=empty), 'clip.pth')
    with pytest.raises(ValueError, match='dino.pth: its DINOv3 has 100 channels'):
        known_release(dinov3(100, 'reg_token'), 'dino.pth')
    with pytest.raises(ValueError, match='flr.pth: the backbone is none of ResNet-18 to -152'):
        known_release({'base_net.conv1.weight': torch.ones(1)}, 'flr.pth')


def test_features_come_from_a_release_as_it_is(tmp_path, log):
    """Of images of its own size, normalised as its authors did."""
    from torchvision.models import resnet18

    torch.manual_seed(0)
    model = resnet18().eval()
    torch.save(
        dict(state_dict={f'module.base_net.{name}': value for name, value in model.state_dict().items()}),
        tmp_path / 'flr.pth',
    )
    torch.save(model.state_dict(), tmp_path / 'imagenet.pth')
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3)).astype(np.uint8)
    inputs = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)[None] / 255
    model.fc = nn.Identity()
    for name, std in (('flr', (0.228, 0.224, 0.225)), ('imagenet', (0.229, 0.224, 0.225))):
        features = FRAFeatures(tmp_path / f'{name}.pth', device='cpu')
        assert features.size == 224 and features.model is None
        with torch.no_grad():
            mean, std = (torch.tensor(values).view(3, 1, 1) for values in ((0.485, 0.456, 0.406), std))
            expected = model((inputs - mean) / std).numpy()
        assert np.allclose(features([image])['embedding'], expected, atol=1e-4)
    assert any('weights of Bulat et al.' in line for line in log)


def test_a_model_that_timm_does_not_have_is_an_error():
    with pytest.raises(ValueError, match="has no model 'vit_nobody'"):
        MODELS.build(dict(type='TIMMFeatureMap', model_name='vit_nobody'))
    with pytest.raises(ValueError, match='resnet18 is no vision transformer'):
        MODELS.build(dict(type='TIMMFeatureMap', model_name='resnet18'))
