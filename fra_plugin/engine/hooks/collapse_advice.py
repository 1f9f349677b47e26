"""What the numbers of CollapseMonitorHook mean, in words."""

import math
from typing import Dict, List

ADVICE = dict(
    one_region=(
        'one region takes {:.0%} of the pixels: the regions have collapsed. Raise entropy_weight or '
        'sinkhorn_iters of SemanticRelationLoss, lower the learning rate, or lengthen its warm-up'
    ),
    no_region=(
        'no region stands out (sharpness {:.3f}), though a fifth of the training is over. Raise loss_weight of '
        'SemanticRelationLoss, lower its teacher_temp, or lower its entropy_weight'
    ),
    rank=(
        'the effective rank of the {} embeddings is {:.2f}: faces are told apart along hardly any direction. Lower the '
        'learning rate or lengthen its warm-up, raise the batch size, lower base_momentum (a slower target), and '
        'check that the predictors and their BatchNorm are trained'
    ),
    spread=(
        'the {} embeddings of all faces are nearly the same (spread {:.4f}): the representation has collapsed. Lower '
        'the learning rate or lengthen its warm-up, lower base_momentum (a slower target), and check that the '
        'target has no gradient and the predictors are trained'
    ),
)


def summary(values: Dict[str, float]) -> str:
    """One line for the log: how many regions win at least 1 % of the pixels, and how far the embeddings are apart."""
    parts = []
    use = _region_use(values)
    if use:
        parts.append(
            f'{sum(share >= 0.01 for share in use)} of {len(use)} regions in use, '
            f'sharpness {values["regions/sharpness"]:.3f}'
        )
    for kind in ('global', 'region'):
        if f'embedding/{kind}_rank' in values:
            rank, spread = values[f'embedding/{kind}_rank'], values[f'embedding/{kind}_spread']
            parts.append(f'{kind} embeddings: effective rank {rank:.1f}, spread {spread:.3f}')
    parts.append(f'{values["speed/images_per_second"]:.1f} images per second')
    return '; '.join(parts)


def find_complaints(
    values: Dict[str, float], *, max_use: float, min_rank: float, min_spread: float, late: bool
) -> Dict[str, str]:
    """What is wrong with a run, by a short name, and what to do about it.

    Args:
        values: the numbers of :class:`CollapseMonitorHook`; those that a model doesn't have are missing.
        max_use, min_rank, min_spread: as in :class:`CollapseMonitorHook`.
        late: whether the regions should have parted by now.
    """
    complaints = {}
    use = _region_use(values)
    undecided = len(use) > 1 and values['regions/sharpness'] < 0.02
    if undecided and late:
        complaints['no_region'] = ADVICE['no_region'].format(values['regions/sharpness'])
    elif len(use) > 1 and not undecided and max(use) > max_use:  # undecided, any region may be ahead by a hair
        complaints['one_region'] = ADVICE['one_region'].format(max(use))
    for kind in ('global', 'region'):
        rank = values.get(f'embedding/{kind}_rank', math.inf)
        width = values.get(f'embedding/{kind}_spread', math.inf)
        if width < min_spread:
            complaints[f'{kind}_spread'] = ADVICE['spread'].format(kind, width)
        elif rank < min_rank:
            complaints[f'{kind}_rank'] = ADVICE['rank'].format(kind, rank)
    return complaints


def _region_use(values: Dict[str, float]) -> List[float]:
    return [value for name, value in values.items() if name.startswith('regions/use_')]
