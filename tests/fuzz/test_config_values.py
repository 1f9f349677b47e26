"""Any value for any argument: what is accepted works, and what is not is a ValueError or a TypeError that says so."""

import math

import pytest
import torch
from fuzz.many_cases import ODD_VALUE, cases, fuzz
from hypothesis import strategies as st

from fra_plugin.datasets import FaceFolder, LoadFace
from fra_plugin.engine import BrokenImageHook, ForeachLARS, NonFiniteHook, ReliableCheckpointHook, StopSignalHook
from fra_plugin.models import FRAHead, RegionHeatmapHead, SemanticConsistencyLoss, SemanticRelationLoss

BAD = (ValueError, TypeError)
NORM = dict(type='BN')


def any_of(**arguments) -> st.SearchStrategy:
    """Up to three of the arguments, each with an odd value or one of its own."""
    pick = st.lists(st.sampled_from(sorted(arguments)), min_size=1, max_size=3, unique=True)
    value = {
        name: st.booleans().flatmap(lambda odd, own=own: ODD_VALUE if odd else own) for name, own in arguments.items()
    }
    return pick.flatmap(lambda names: st.fixed_dictionaries({name: value[name] for name in names}))


def relation(arguments):
    loss = SemanticRelationLoss(**arguments)
    logits = torch.linspace(-1, 1, 2 * 3 * 4).view(2, 3, 2, 2)
    return loss(logits, logits.flip(1))


def consistency(arguments):
    embed = torch.linspace(-1, 1, 24).view(2, 3, 4)
    return SemanticConsistencyLoss(**arguments)(embed, embed.flip(0))


def heatmaps(arguments):
    head = RegionHeatmapHead(
        **dict(dict(in_channels=4, embed_dims=8, num_heads=2, num_layers=1, num_regions=3), **arguments)
    )
    feature_map, pixel_embed = (
        torch.linspace(-1, 1, 2 * channels * 9).view(1, 2, channels, 3, 3) for channels in (4, 8)
    )
    return head.masks(head(feature_map, pixel_embed))


def lars(arguments):
    weight = torch.nn.Parameter(torch.ones(2, 2))
    weight.grad = torch.ones(2, 2)
    ForeachLARS([weight], **dict(dict(lr=0.1), **arguments)).step()
    return weight.detach()


def is_extreme(value) -> bool:
    if isinstance(value, int):
        return abs(value) > 50
    return isinstance(value, float) and math.isfinite(value) and value != 0 and not 1e-6 < abs(value) < 1e6


SHARE, COUNT = st.floats(0, 1), st.integers(1, 5)
PARTS = {
    'relation': (
        relation,
        any_of(
            student_temp=st.floats(0.01, 2),
            teacher_temp=st.floats(0.01, 2),
            sinkhorn_iters=COUNT,
            entropy_weight=SHARE,
            loss_weight=SHARE,
        ),
    ),
    'consistency': (consistency, any_of(decorrelation_weight=SHARE)),
    'heatmaps': (
        heatmaps,
        any_of(
            num_regions=COUNT,
            num_layers=COUNT,
            num_heads=st.sampled_from([1, 2, 4]),
            dropout=SHARE,
            temperature=st.floats(0.01, 2),
            prototype_momentum=SHARE,
        ),
    ),
    'head': (
        lambda arguments: FRAHead(in_channels=4, hid_channels=4, norm_cfg=NORM, **arguments),
        any_of(global_weight=SHARE),
    ),
    'LARS': (
        lars,
        any_of(
            lr=SHARE,
            momentum=SHARE,
            weight_decay=SHARE,
            eta=SHARE,
            eps=SHARE,
            exclude=st.sampled_from(['1d', 'all', 'none']),
        ),
    ),
    'LoadFace': (lambda arguments: LoadFace(**arguments), any_of(reduce_to=COUNT)),
    'FaceFolder': (lambda arguments: FaceFolder(lazy_init=True, **arguments), any_of(box_margin=SHARE)),
    'BrokenImageHook': (
        lambda arguments: BrokenImageHook(**arguments),
        any_of(max_share=SHARE, interval=COUNT, min_files=COUNT),
    ),
    'ReliableCheckpointHook': (
        lambda arguments: ReliableCheckpointHook(**arguments),
        any_of(iter_interval=COUNT, minute_interval=SHARE),
    ),
    'StopSignalHook': (lambda arguments: StopSignalHook(**arguments), any_of(interval=COUNT)),
    'NonFiniteHook': (lambda arguments: NonFiniteHook(**arguments), any_of(max_in_a_row=COUNT)),
}


@cases(10, 100)
@pytest.mark.parametrize('name', PARTS)
def test_an_accepted_value_works_and_any_other_is_told(name, cases):
    build, arguments = PARTS[name]
    outcomes = set()

    def check(chosen: dict) -> None:
        torch.manual_seed(0)
        # Sizes that only eat memory prove nothing, nor does what leaves float32.
        chosen = {name: value for name, value in chosen.items() if not is_extreme(value)}
        try:
            result = build(chosen)
        except BAD as error:
            assert str(error)
            outcomes.add('told')
            return
        outcomes.add('works')
        if isinstance(result, torch.Tensor):
            assert math.isfinite(result.sum().item()), chosen

    fuzz(cases, check, arguments)
    assert outcomes == {'told', 'works'}
