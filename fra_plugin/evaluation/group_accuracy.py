"""Fairness of a classifier: its accuracy for each group of people, and the gap between the best and the worst.

Source: J. Buolamwini and T. Gebru, "Gender Shades: Intersectional Accuracy Disparities in Commercial Gender
Classification", FAT* 2018, which reports accuracies by group and the largest difference.
"""

import os.path as osp
from bisect import bisect_right
from collections import defaultdict
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpretrain.registry import METRICS

from ..datasets.annotation_file import csv_rows, inside

_Result = Tuple[float, Tuple[str, ...]]


@METRICS.register_module()
class GroupAccuracy(BaseMetric):
    """Predictions, and the groups of each face in a csv file -> accuracy by group and gap, in percent.

    With the prefix 'group': ``race/White`` and so on, the accuracy among the faces of this group; ``race/gap``, the
    largest accuracy minus the smallest. A face with several yes/no attributes counts by the share of them that is right.
    The log names the number of faces of each group and the standard error of its accuracy: the gap of small groups is
    mostly chance. Faces whose group is empty in the csv count for no group.

    Example:
        >>> dict(type='GroupAccuracy', ann_file='labels.csv', group_columns=['race', 'age'], bins=dict(age=[30, 60]))

    Args:
        ann_file: the csv file, relative to ``data_root``; its first line names the columns. It may name more images than
            are tested.
        group_columns: columns with the group of each face; 'race+gender' makes groups such as 'black+female' of two.
        data_root: folder of the data set. Defaults to '', the current folder.
        data_prefix: folder of the images, relative to ``data_root``. Defaults to '', ``data_root`` itself.
        image_column: column with the image's path inside that folder. Defaults to 'path'.
        bins: for columns of numbers, where a group begins: age=[30, 60] makes the groups '<30', '30-60' (without 60) and
            '>=60'. Defaults to None.
        min_faces: groups with fewer faces count for no gap. Defaults to 1.
        collect_device: 'cpu' or 'gpu', how processes exchange results. Defaults to 'cpu'.
        prefix: of the results' names. Defaults to None, 'group'.

    Raises:
        FileNotFoundError: if there is no such csv file.
        ValueError: for a bad row or a number that is none (file and line are named), bins that do not rise or are of
            another column, an image that the file does not name, or a prediction that is no class or attribute.
    """

    default_prefix = 'group'

    def __init__(
        self,
        ann_file: str,
        group_columns: Sequence[str],
        *,
        data_root: str = '',
        data_prefix: str = '',
        image_column: str = 'path',
        bins: Optional[Mapping[str, Sequence[float]]] = None,
        min_faces: int = 1,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        bins = dict(bins or {})
        if isinstance(group_columns, str) or not group_columns:
            raise ValueError(f'group_columns must be a list of names, got {group_columns!r}')
        if min_faces < 1:
            raise ValueError(f'min_faces must be at least 1, got {min_faces}')
        names = sorted({name for column in group_columns for name in column.split('+')})
        for column, edges in bins.items():
            if column not in names:
                raise ValueError(f'bins are of {column!r}, which is none of group_columns ({", ".join(group_columns)})')
            if not len(edges) or sorted(set(edges)) != list(edges):
                raise ValueError(f'bins of {column!r} must be rising numbers, got {list(edges)}')
        self.columns = list(group_columns)
        self.min_faces = min_faces
        self.ann_file = osp.join(osp.expanduser(data_root), ann_file)
        folder = osp.join(osp.expanduser(data_root), data_prefix)
        self.groups: Dict[str, Tuple[str, ...]] = {}
        for where, row in csv_rows(self.ann_file, [image_column, *names]):
            path = osp.abspath(inside(folder, row[image_column], where))
            for name, edges in bins.items():
                row[name] = group_name(row[name], edges, f'{where}: {name}')
            values = [[row[name] for name in column.split('+')] for column in self.columns]
            self.groups[path] = tuple('+'.join(value) if all(value) else '' for value in values)
            if 'gap' in self.groups[path]:
                raise ValueError(f'{where}: no group may be called gap, which is the name of a result')

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            path = osp.abspath(sample.get('img_path') or '')
            if path not in self.groups:
                raise ValueError(f'{self.ann_file} does not name the image {path}, so that its group is not known')
            self.results.append((share_right(sample), self.groups[path]))

    def compute_metrics(self, results: List[_Result]) -> Dict[str, float]:
        metrics: Dict[str, float] = {}
        for index, column in enumerate(self.columns):
            by_group = defaultdict(list)
            for right, groups in results:
                by_group[groups[index]].append(100 * right)
            unknown = len(by_group.pop('', []))
            means = {group: sum(values) / len(values) for group, values in sorted(by_group.items())}
            metrics.update({f'{column}/{group}': mean for group, mean in means.items()})
            large = [mean for group, mean in means.items() if len(by_group[group]) >= self.min_faces]
            if len(large) > 1:
                metrics[f'{column}/gap'] = max(large) - min(large)
            told = [
                f'{group} {mean:.1f} ± {standard_error(by_group[group]):.1f} % of {len(by_group[group]):,} faces'
                for group, mean in means.items()
            ]
            told += [f'no group: {unknown:,} faces'] * bool(unknown)
            MMLogger.get_current_instance().info(f'accuracy by {column}: {", ".join(told)}')
        return metrics


def share_right(sample: Mapping) -> float:
    """1 or 0 for a class; for yes/no attributes the share that is right.

    Raises:
        ValueError: if the sample has neither.
    """
    if 'pred_score' in sample and 'gt_label' in sample:
        return float(sample['pred_score'].argmax().item() in sample['gt_label'].tolist())
    if 'pred_score' in sample and 'gt_score' in sample and set(sample['gt_score'].tolist()) <= {0.0, 1.0}:
        return ((sample['pred_score'] >= 0.5) == (sample['gt_score'] > 0.5)).float().mean().item()
    raise ValueError(
        f'{sample.get("img_path", "a sample")}: GroupAccuracy needs predictions of classes or yes/no attributes, got '
        f'{", ".join(sorted(sample))}'
    )


def standard_error(values: Sequence[float]) -> float:
    """Standard error of a mean, 0 for a single value."""
    mean = sum(values) / len(values)
    return (sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1) / len(values)) ** 0.5


def group_name(text: str, edges: Sequence[float], where: str) -> str:
    """The group of a number by the edges of groups, such as '30-60'; '' for no text.

    Raises:
        ValueError: if the text is no finite number.
    """
    if not text:
        return ''
    try:
        place = bisect_right(list(edges), _finite(text))
    except ValueError:
        raise ValueError(f'{where} must be a number, as it has bins, got {text[:40]!r}') from None
    if place == 0:
        return f'<{edges[0]:g}'
    return f'>={edges[-1]:g}' if place == len(edges) else f'{edges[place - 1]:g}-{edges[place]:g}'


def _finite(text: str) -> float:
    number = float(text)
    if not abs(number) < float('inf'):
        raise ValueError(text)
    return number
